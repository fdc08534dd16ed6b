/* SPDX-License-Identifier: Apache-2.0 */
/* Named blobs: the files of an archive, by a table of contents that is made at the start, or of a directory. */
#include "base/file.h"
#include "image/image_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Archives name their files with a slash before them, or a dot, or neither; the same one twice: the last counts. */
static const char *clean(struct arena *arena, const char *name, struct err *err)
{
	char *path;

	return image_path_clean(arena, name, &path, err) == 0 ? path + 1 : NULL;
}

/* A link's target is relative to where the link is (Docker's of repeated layers: "../ID/layer.tar"), a hard link's is not. */
static const char *link_target(struct arena *arena, const char *name, const struct tar_entry *e)
{
	const char *slash = strrchr(name, '/'), *target = e->link;
	int dir = slash ? (int)(slash - name) : 0;

	if (e->type == '1')
		return clean(arena, target, NULL);
	while (strncmp(target, "../", 3) == 0) {
		const char *up;
		if (!dir)
			return NULL;
		up = memrchr(name, '/', (size_t)dir);
		dir = up ? (int)(up - name) : 0;
		target += 3;
	}
	return clean(arena, arena_printf(arena, "%.*s/%s", dir, name, target), NULL);
}

/* Small documents are kept at once: reading them again in a compressed archive would mean decompressing all before them. */
static int keep_json(struct image_blobs *b, struct tar_reader *tar, struct image_blob *blob, struct arena *arena, struct err *err)
{
	char first;
	ssize_t n;
	int r;

	if (!blob->size || blob->size > IMAGE_JSON_BYTES_MAX)
		return 0;
	n = tar_read(tar, &first, 1, err);
	if (n <= 0)
		return (int)n;
	if (first != '{' && first != '[')
		return 0;
	b->json_bytes += blob->size;
	if (b->json_bytes > IMAGE_JSON_BYTES_ALL_MAX)
		return err_set(err, -E2BIG, "%s: documents of more than %d bytes", b->name, IMAGE_JSON_BYTES_ALL_MAX);
	blob->json = arena_alloc(arena, blob->size + 1);
	if (!blob->json)
		return err_set(err, -E2BIG, "%s: no room left", b->name);
	blob->json[0] = first;
	r = image_stream_read_all(tar->stream, blob->json + 1, blob->size - 1, err);
	tar->left = 0;
	return r;
}

static int add_entry(struct image_blobs *b, struct tar_reader *tar, const struct tar_entry *e, struct arena *arena, struct err *err)
{
	const char *name;
	struct image_blob *blob;

	if (e->type != '0' && e->type != '1' && e->type != '2')
		return 0;
	name = clean(arena, e->path, NULL);
	if (!name)
		return 0;                /* nothing that a manifest could name */
	if (b->n == IMAGE_ARCHIVE_FILES_MAX)
		return err_set(err, -E2BIG, "%s holds more than %d files", b->name, IMAGE_ARCHIVE_FILES_MAX);
	if (b->n == b->n_size) {
		b->n_size = b->n_size ? b->n_size * 2 : 64;
		b->at = mem_grow(b->at, b->n_size, sizeof(struct image_blob *));
	}
	blob = arena_alloc(arena, sizeof(*blob));
	if (!blob)
		return err_set(err, -E2BIG, "%s: no room left", b->name);
	*blob = (struct image_blob){ .name = name, .offset = e->offset, .size = e->stored };
	if (e->type != '0') {
		const char *target = link_target(arena, name, e);
		blob->link = target ? target : "";       /* leads nowhere */
	}
	b->at[b->n++] = blob;
	map_put(&b->by_name, name, strlen(name), blob);
	return e->type == '0' && !e->is_sparse ? keep_json(b, tar, blob, arena, err) : 0;
}

static int read_contents(struct image_blobs *b, struct arena *arena, struct err *err)
{
	struct image_stream stream;
	struct tar_reader tar;
	struct tar_entry e;
	int r = image_stream_open(&stream, b->fd, b->name, 0, b->size, UINT64_MAX, err);

	if (r < 0)
		return r;
	b->is_compressed = stream.decompress;
	tar_init(&tar, &stream);
	do {
		r = tar_next(&tar, &e, err);
		if (r > 0)
			r = add_entry(b, &tar, &e, arena, err) < 0 ? -E2BIG : 1;
	} while (r > 0);
	tar_done(&tar);
	image_stream_close(&stream);
	return r < 0 && err ? err->code : r;
}

int image_blobs_open(struct image_blobs *b, int fd, const char *name, struct arena *arena, struct err *err)
{
	struct stat st;

	*b = (struct image_blobs){ .fd = fd, .name = name };
	if (fstat(fd, &st) < 0)
		return err_set_os(err, -errno, "stat %s", name);
	b->is_dir = S_ISDIR(st.st_mode);
	if (!b->is_dir && !S_ISREG(st.st_mode))
		return err_set(err, -EINVAL, "%s is neither a file nor a directory", name);
	b->size = (uint64_t)st.st_size;
	return b->is_dir ? 0 : read_contents(b, arena, err);
}

void image_blobs_close(struct image_blobs *b)
{
	if (b->has_whole)
		image_stream_close(&b->whole);
	map_done(&b->by_name);
	free(b->at);
	fd_close_at(&b->fd);
}

static int open_below(struct image_blobs *b, const char *name)
{
	struct open_how how = { .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS };
	int fd = (int)syscall(SYS_openat2, b->fd, name, &how, sizeof(how));

	return fd < 0 ? -errno : fd;
}

static struct image_blob *find(struct image_blobs *b, const char *name)
{
	struct image_blob *blob = NULL;

	while (name[0] == '.' && name[1] == '/')
		name += 2;
	for (int hops = 0; name && hops <= IMAGE_ARCHIVE_LINKS_MAX; hops++) {
		blob = map_get(&b->by_name, name, strlen(name));
		if (!blob || !blob->link)
			return blob;
		name = blob->link;
	}
	return NULL;
}

bool image_blobs_has(struct image_blobs *b, const char *name)
{
	_cleanup_close_ int fd = -1;

	if (!b->is_dir)
		return find(b, name);
	fd = open_below(b, name);
	return fd >= 0;
}

uint64_t image_blobs_offset(struct image_blobs *b, const char *name)
{
	const struct image_blob *blob = b->is_dir ? NULL : find(b, name);

	return blob ? blob->offset : 0;
}

int image_blobs_json(struct image_blobs *b, const char *name, struct arena *arena, json_t **ret, struct err *err)
{
	_cleanup_close_ int fd = -1;
	const struct image_blob *blob;
	char *text;
	size_t len;
	int r;

	if (!b->is_dir) {
		blob = find(b, name);
		if (!blob)
			return err_set(err, -ENOENT, "%s: there is no %s in it", b->name, name);
		if (!blob->json)
			return err_set(err, -EBADMSG, "%s: %s is no JSON document of at most %d bytes", b->name, name, IMAGE_JSON_BYTES_MAX);
		return json_parse(blob->json, blob->size, name, ret, err);
	}
	fd = open_below(b, name);
	if (fd < 0)
		return err_set_os(err, fd, "open %s/%s", b->name, name);
	r = file_read_regular(fd, name, IMAGE_JSON_BYTES_MAX, arena, &text, &len, err);
	return r < 0 ? r : json_parse(text, len, name, ret, err);
}

/* A compressed archive is read on from where it is, or again from its start. */
static int stream_in_whole(struct image_blobs *b, const struct image_blob *blob, uint64_t made_max, struct image_stream *ret, struct err *err)
{
	int r = 0;

	if (b->has_whole && b->whole.made > blob->offset) {
		image_stream_close(&b->whole);
		b->has_whole = false;
	}
	if (!b->has_whole) {
		r = image_stream_open(&b->whole, b->fd, b->name, 0, b->size, UINT64_MAX, err);
		if (r < 0)
			return r;
		b->has_whole = true;
	}
	r = image_stream_skip(&b->whole, blob->offset - b->whole.made, err);
	return r < 0 ? r : image_stream_open_in(ret, &b->whole, blob->name, blob->size, made_max, err);
}

int image_blobs_stream(struct image_blobs *b, const char *name, uint64_t made_max, struct image_stream *ret_stream, int *ret_fd,
		       struct err *err)
{
	const struct image_blob *blob;
	struct stat st;
	int fd, r;

	*ret_fd = -1;
	if (!b->is_dir) {
		blob = find(b, name);
		if (!blob)
			return err_set(err, -ENOENT, "there is no %s in it", name);
		if (b->is_compressed)
			return stream_in_whole(b, blob, made_max, ret_stream, err);
		return image_stream_open(ret_stream, b->fd, blob->name, blob->offset, blob->size, made_max, err);
	}
	fd = open_below(b, name);
	if (fd < 0)
		return err_set_os(err, fd, "open %s", name);
	r = fstat(fd, &st) < 0 ? err_set_os(err, -errno, "stat %s", name) :
	    !S_ISREG(st.st_mode) ? err_set(err, -EINVAL, "%s is not a regular file", name) :
	    image_stream_open(ret_stream, fd, name, 0, (uint64_t)st.st_size, made_max, err);
	if (r < 0)
		close(fd);
	else
		*ret_fd = fd;
	return r;
}
