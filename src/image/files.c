/* SPDX-License-Identifier: Apache-2.0 */
#include "image/image_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int image_path_compare(const char *a, const char *b)
{
	const unsigned char *x = (const unsigned char *)a, *y = (const unsigned char *)b;

	while (*x && *x == *y)
		x++, y++;
	if (*x == *y)
		return 0;
	if (!*x || !*y)
		return *x ? 1 : -1;
	if (*x == '/' || *y == '/')
		return *x == '/' ? -1 : 1;
	return *x < *y ? -1 : 1;
}

int image_path_clean(struct arena *arena, const char *path, char **ret_path, struct err *err)
{
	size_t len = strlen(path), n = 0;
	char *clean;

	if (len > IMAGE_PATH_BYTES_MAX)
		return err_set(err, -E2BIG, "a path of more than %d bytes", IMAGE_PATH_BYTES_MAX);
	clean = arena_strndup(arena, path, len + 1);   /* a slash more than it may have */
	if (!clean)
		return err_set(err, -E2BIG, "names and contents of more than %zu bytes", arena->max_bytes);
	for (const char *p = path; *p; ) {
		size_t part = strcspn(p, "/");

		if (part == 2 && p[0] == '.' && p[1] == '.')
			return err_set(err, -EINVAL, "the path '%.100s' leads outside", path);
		if (part && !(part == 1 && p[0] == '.')) {
			clean[n++] = '/';
			memcpy(clean + n, p, part);
			n += part;
		}
		p += part;
		p += *p == '/';
	}
	clean[n] = '\0';
	*ret_path = clean;
	return n == 0;
}

/* OCI layer.md, "Whiteouts": the kind of what a name stands for, and in place the path it is about. */
static int take_whiteout(char *path, enum image_file_kind *ret_kind)
{
	char *name = strrchr(path, '/') + 1;

	*ret_kind = IMAGE_FILE;
	if (strncmp(name, ".wh.", 4) != 0)
		return 1;
	if (strcmp(name, ".wh..wh..opq") == 0) {
		name[-1] = '\0';
		*ret_kind = IMAGE_OPAQUE;
		return 1;
	}
	if (strncmp(name, ".wh..wh.", 8) == 0 || !name[4])
		return 0;                /* what aufs keeps for itself */
	memmove(name, name + 4, strlen(name + 4) + 1);
	*ret_kind = IMAGE_WHITEOUT;
	return 1;
}

int image_files_add(struct image_files *files, char *path, struct image_file **ret_file, struct err *err)
{
	enum image_file_kind kind;

	if (!take_whiteout(path, &kind))
		return 0;
	if (files->n == files->max)
		return err_set(err, -E2BIG, "more than %llu files", (unsigned long long)files->max);
	if (files->n == files->size) {
		files->size = files->size ? files->size * 2 : 256;
		files->at = mem_grow(files->at, files->size, sizeof(*files->at));
	}
	*ret_file = &files->at[files->n++];
	**ret_file = (struct image_file){ .path = *path ? path : "/", .kind = kind };
	return 1;
}

/* A whiteout and a file of the same path may both be there: the whiteout is about lower layers and comes first. */
static int rank(const struct image_file *f)
{
	return f->kind == IMAGE_OPAQUE ? 0 : f->kind == IMAGE_WHITEOUT ? 1 : 2;
}

static const struct image_file *find(const struct image_file *files, size_t n, const char *path)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int r = image_path_compare(files[middle].path, path);

		if (r == 0) {
			while (middle + 1 < n && strcmp(files[middle + 1].path, path) == 0)
				middle++;
			return &files[middle];
		}
		if (r < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

const struct image_file *image_layer_find(const struct image_layer *layer, const char *path)
{
	return find(layer->files, layer->n_files, path);
}

static void resolve_link(struct image_file *f, const struct image_file *files, size_t n)
{
	const struct image_file *target = f;

	for (int hops = 0; target && target->kind == IMAGE_HARDLINK && hops < IMAGE_ARCHIVE_LINKS_MAX; hops++)
		target = find(files, n, target->link);
	if (!target || target->kind != IMAGE_FILE)
		return;
	f->size = target->size;
	f->mode = target->mode;
	f->uid = target->uid;
	f->gid = target->gid;
	f->has_caps = target->has_caps;
	f->content = target->content;
	f->content_len = target->content_len;
}

/* Order in which they came is kept in `order`, since the last one of a path counts. */
struct ordered { struct image_file file; size_t order; };

static int compare_ordered(const void *a, const void *b)
{
	const struct ordered *x = a, *y = b;
	int r = image_path_compare(x->file.path, y->file.path);

	if (!r)
		r = rank(&x->file) - rank(&y->file);
	return r ? r : (x->order > y->order) - (x->order < y->order);
}

static bool is_sorted(const struct image_files *files)
{
	for (size_t i = 1; i < files->n; i++)
		if (image_path_compare(files->at[i - 1].path, files->at[i].path) >= 0)
			return false;
	return true;
}

static void sort(struct image_files *files)
{
	struct ordered *all;

	if (is_sorted(files))
		return;
	all = mem_array(files->n, sizeof(*all));
	for (size_t i = 0; i < files->n; i++)
		all[i] = (struct ordered){ files->at[i], i };
	qsort(all, files->n, sizeof(*all), compare_ordered);
	for (size_t i = 0; i < files->n; i++)
		files->at[i] = all[i].file;
	free(all);
}

void image_files_settle(struct image_files *files, struct image_slot *slot)
{
	size_t n = 0;

	sort(files);
	for (size_t i = 0; i < files->n; i++) {
		const struct image_file *f = &files->at[i], *next = i + 1 < files->n ? f + 1 : NULL;

		if (next && rank(f) == rank(next) && strcmp(f->path, next->path) == 0)
			continue;
		files->at[n++] = *f;
	}
	for (size_t i = 0; i < n; i++) {
		if (files->at[i].kind == IMAGE_HARDLINK)
			resolve_link(&files->at[i], files->at, n);
		else if (files->at[i].kind == IMAGE_FILE)
			slot->layer.size += files->at[i].size;
	}
	slot->files = files->at;
	slot->layer.files = files->at;
	slot->layer.n_files = n;
}
