/* SPDX-License-Identifier: Apache-2.0 */
/* A layer's files, from a tar or from a directory of overlayfs. */
#include "image/image_internal.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

static void set_problem(struct image_slot *slot, const char *text)
{
	if (slot->layer.problem)
		return;
	snprintf(slot->reason, ERR_TEXT_MAX, "%s", text);
	slot->layer.problem = slot->reason;
}

static uint64_t limit(uint64_t asked, uint64_t usual)
{
	return asked ? asked : usual;
}

static void begin(struct image_source *source, struct image_slot *slot, struct image_files *files)
{
	arena_init(&slot->arena, limit(source->options.names_bytes_max, IMAGE_NAMES_BYTES_MAX));
	slot->reason = arena_alloc(&slot->arena, ERR_TEXT_MAX);
	assert(slot->reason);
	slot->layer.size = 0;
	slot->layer.problem = NULL;
	*files = (struct image_files){ .arena = &slot->arena, .max = limit(source->options.layer_files_max, IMAGE_LAYER_FILES_MAX) };
}

static int no_room(const struct image_slot *slot, struct err *err)
{
	return err_set(err, -E2BIG, "names and contents of more than %zu bytes", slot->arena.max_bytes);
}

/* How much of a file to keep, and room for it; NULL: nothing of it. */
static int content_room(struct image_source *source, struct image_slot *slot, const struct image_file *f, char **ret, size_t *ret_len,
			struct err *err)
{
	size_t len = source->options.wants ? source->options.wants(source->options.data, f) : 0;

	*ret = NULL;
	if (!len)
		return 0;
	*ret_len = len > f->size ? (size_t)f->size : len;
	*ret = arena_alloc(&slot->arena, *ret_len + 1);
	return *ret ? 0 : no_room(slot, err);
}

/* ---- tar ---- */

static const uint8_t kind_of_type[128] = {
	['1'] = IMAGE_HARDLINK, ['2'] = IMAGE_SYMLINK, ['3'] = IMAGE_SPECIAL, ['4'] = IMAGE_SPECIAL, ['5'] = IMAGE_DIR, ['6'] = IMAGE_SPECIAL,
};

static int keep_tar_content(struct image_source *source, struct image_slot *slot, struct tar_reader *tar, struct image_file *f,
			    struct err *err)
{
	size_t want, got = 0;
	char *text;
	int r = content_room(source, slot, f, &text, &want, err);

	while (r >= 0 && text && got < want) {
		ssize_t n = tar_read(tar, text + got, want - got, err);

		if (n <= 0) {
			r = (int)n;
			break;
		}
		got += (size_t)n;
	}
	if (text) {
		f->content = text;
		f->content_len = got;
	}
	return r;
}

static int add_tar_entry(struct image_source *source, struct image_slot *slot, struct image_files *files, struct tar_reader *tar,
			 const struct tar_entry *e, struct err *err)
{
	struct image_file *f;
	char *path, *link = NULL;
	int r = image_path_clean(&slot->arena, e->path, &path, err);

	if (r == 0 && e->type == '1')
		r = image_path_clean(&slot->arena, e->link, &link, err);
	if (r == -EINVAL) {
		set_problem(slot, err->text);
		return 0;
	}
	if (r != 0)
		return r < 0 ? r : 0;
	if (strlen(e->link) > IMAGE_PATH_BYTES_MAX)
		return err_set(err, -E2BIG, "a link's target of more than %d bytes", IMAGE_PATH_BYTES_MAX);
	r = image_files_add(files, path, &f, err);
	if (r <= 0 || f->kind != IMAGE_FILE)
		return r;
	f->kind = kind_of_type[e->type & 127];
	f->mode = e->mode & 07777;
	f->uid = e->uid;
	f->gid = e->gid;
	f->mtime = e->mtime;
	f->size = e->size;
	f->has_caps = e->has_caps;
	if (e->type == '2')
		link = arena_strdup(&slot->arena, e->link);
	f->link = link;
	if ((e->type == '1' || e->type == '2') && !link)
		return no_room(slot, err);
	return f->kind == IMAGE_FILE && !e->is_sparse ? keep_tar_content(source, slot, tar, f, err) : 0;
}

void image_layer_from_tar(struct image_source *source, struct image_slot *slot, struct image_stream *stream, struct err *err)
{
	struct image_files files;
	struct tar_reader tar;
	struct tar_entry e;
	int r;

	begin(source, slot, &files);
	tar_init(&tar, stream);
	do {
		r = tar_next(&tar, &e, err);
		if (r > 0)
			r = add_tar_entry(source, slot, &files, &tar, &e, err) < 0 ? -1 : 1;
	} while (r > 0);
	if (r < 0)
		set_problem(slot, err->text);
	tar_done(&tar);
	image_files_settle(&files, slot);
}

/* ---- a directory of overlayfs ---- */

struct walk {
	struct image_source *source;
	struct image_slot *slot;
	struct image_files files;
	struct err *err;
	unsigned depth;
};

static int walk_dir(struct walk *w, int fd, const char *path);

static bool has_attribute(int dir_fd, const char *name, const char *attribute)
{
	char path[64 + 256], value[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", dir_fd, name);
	return lgetxattr(path, attribute, value, sizeof(value)) >= 0 || errno == ERANGE;
}

/* Linux Documentation/filesystems/overlayfs.rst, "whiteouts and opaque directories". Rootless daemons have user.overlay. */
static bool is_opaque(int fd)
{
	char value[2];

	return (fgetxattr(fd, "trusted.overlay.opaque", value, 1) == 1 && value[0] == 'y') ||
	       (fgetxattr(fd, "user.overlay.opaque", value, 1) == 1 && value[0] == 'y');
}

static uint8_t kind_of_mode(const struct stat *st)
{
	switch (st->st_mode & S_IFMT) {
	case S_IFREG: return IMAGE_FILE;
	case S_IFDIR: return IMAGE_DIR;
	case S_IFLNK: return IMAGE_SYMLINK;
	case S_IFCHR: return st->st_rdev == makedev(0, 0) ? IMAGE_WHITEOUT : IMAGE_SPECIAL;
	default: return IMAGE_SPECIAL;
	}
}

static int keep_link(struct walk *w, int dir_fd, const char *name, struct image_file *f)
{
	char target[IMAGE_PATH_BYTES_MAX];
	ssize_t n = readlinkat(dir_fd, name, target, sizeof(target));

	f->link = arena_strndup(&w->slot->arena, target, n > 0 ? (size_t)n : 0);
	return f->link ? 0 : no_room(w->slot, w->err);
}

static int keep_content(struct walk *w, int dir_fd, const char *name, struct image_file *f)
{
	_cleanup_close_ int fd = -1;
	size_t want, got = 0;
	ssize_t n = 1;
	char *text;
	int r = content_room(w->source, w->slot, f, &text, &want, w->err);

	if (r < 0 || !text)
		return r;
	fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOATIME);
	if (fd < 0 && errno == EPERM)
		fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	while (fd >= 0 && got < want && n > 0) {
		n = read(fd, text + got, want - got);
		got += n > 0 ? (size_t)n : 0;
	}
	if (fd < 0 || n < 0) {
		err_set_os(w->err, -errno, "read %s", f->path);
		set_problem(w->slot, w->err->text);
		return 0;
	}
	f->content = text;
	f->content_len = got;
	return 0;
}

static int walk_below(struct walk *w, int dir_fd, const char *name, const char *path)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	struct image_file *marker;
	int r = 0;

	if (fd < 0) {
		err_set_os(w->err, -errno, "open %s", path);
		set_problem(w->slot, w->err->text);
		return 0;
	}
	if (is_opaque(fd)) {
		char *copy = arena_strdup(&w->slot->arena, path);
		r = copy ? image_files_add(&w->files, copy, &marker, w->err) : no_room(w->slot, w->err);
		if (r > 0)
			marker->kind = IMAGE_OPAQUE;
	}
	return r < 0 ? (close(fd), r) : walk_dir(w, fd, path);
}

static int walk_entry(struct walk *w, int dir_fd, const char *dir, const char *name)
{
	char *path = arena_printf(&w->slot->arena, "%s/%s", dir, name);
	struct image_file *f;
	struct stat st;
	int r;

	if (!path)
		return no_room(w->slot, w->err);
	if (strlen(path) > IMAGE_PATH_BYTES_MAX)
		return err_set(w->err, -E2BIG, "a path of more than %d bytes", IMAGE_PATH_BYTES_MAX);
	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_set_os(w->err, -errno, "stat %s", path);
	r = image_files_add(&w->files, path, &f, w->err);
	if (r <= 0 || f->kind != IMAGE_FILE)
		return r;
	f->kind = kind_of_mode(&st);
	f->mode = st.st_mode & 07777;
	f->uid = st.st_uid;
	f->gid = st.st_gid;
	f->mtime = st.st_mtime;
	if (f->kind == IMAGE_FILE) {
		f->size = (uint64_t)st.st_size;
		f->has_caps = st.st_mode & 0111 && has_attribute(dir_fd, name, "security.capability");
		return keep_content(w, dir_fd, name, f);
	}
	if (f->kind == IMAGE_SYMLINK)
		return keep_link(w, dir_fd, name, f);
	return f->kind == IMAGE_DIR ? walk_below(w, dir_fd, name, path) : 0;
}

/* Takes the descriptor. */
static int walk_dir(struct walk *w, int fd, const char *path)
{
	DIR *dir = fdopendir(fd);
	const struct dirent *e;
	int r = 0;

	if (!dir) {
		close(fd);
		return err_set_os(w->err, -errno, "open %s", path);
	}
	if (w->depth == IMAGE_DEPTH_MAX)
		r = err_set(w->err, -E2BIG, "directories nested deeper than %d", IMAGE_DEPTH_MAX);
	w->depth++;
	while (r >= 0 && (e = readdir(dir)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			r = walk_entry(w, fd, path, e->d_name);
	w->depth--;
	closedir(dir);
	return r;
}

void image_layer_from_dir(struct image_source *source, struct image_slot *slot, int fd, struct err *err)
{
	struct walk w = { .source = source, .slot = slot, .err = err };

	begin(source, slot, &w.files);
	if (walk_dir(&w, fd, "") < 0)
		set_problem(slot, err->text);
	image_files_settle(&w.files, slot);
}
