/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file sink: appends lines; past the maximum PATH becomes PATH.1, PATH.1 becomes PATH.2, and so on.
 * Written by the engine's thread: an append to the page cache. A file that somebody else moved away
 * (logrotate) is made anew at the next flush.
 */
#include "base/file.h"
#include "detect/detect_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX_DEFAULT = 100 << 20, FILE_KEEP_DEFAULT = 5 };

struct file_sink {
	struct detect_sink sink;
	struct detect_line line;
	char *path;
	int fd;                  /* -1 after a failure: opened again at the next line */
	uint64_t size, max_bytes;
	unsigned keep;
	enum detect_sink_format format;
};

static int open_file(struct file_sink *s, struct err *err)
{
	_cleanup_close_ int fd = open(s->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0640);
	struct stat st;

	if (fd < 0)
		return err_set_os(err, -errno, "open %s", s->path);
	if (fstat(fd, &st) < 0)
		return err_set_os(err, -errno, "stat %s", s->path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, -EINVAL, "%s is not a regular file", s->path);
	s->size = (uint64_t)st.st_size;
	s->fd = take_fd(fd);
	return 0;
}

static void close_file(struct file_sink *s)
{
	fd_close_at(&s->fd);
	s->fd = -1;
}

static char *numbered(const struct file_sink *s, unsigned n)
{
	size_t size = strlen(s->path) + 16;
	char *name = mem_alloc(size);

	if (n)
		snprintf(name, size, "%s.%u", s->path, n);
	else
		snprintf(name, size, "%s", s->path);
	return name;
}

static void rotate(struct file_sink *s)
{
	close_file(s);
	if (s->keep == 0)
		(void)unlink(s->path);
	for (unsigned n = s->keep; n > 0; n--) {
		_cleanup_free_ char *from = numbered(s, n - 1), *to = numbered(s, n);
		(void)rename(from, to);   /* the ones that are not there yet fail, and that is well */
	}
	(void)open_file(s, NULL);
}

static void file_tell(struct detect_sink *sink, const struct detect_finding *f)
{
	struct file_sink *s = container_of(sink, struct file_sink, sink);

	detect_line_make(&s->line, f, s->format);
	strbuf_addc(&s->line.text, '\n');
	if (s->fd >= 0 && s->size > 0 && s->size + s->line.text.len > s->max_bytes)
		rotate(s);
	if (s->fd < 0)
		(void)open_file(s, NULL);
	if (s->fd < 0 || fd_write_all(s->fd, s->line.text.text, s->line.text.len) < 0) {
		detect_count(&sink->n_failed);
		close_file(s);
		return;
	}
	s->size += s->line.text.len;
	detect_count(&sink->n_told);
}

static void file_flush(struct detect_sink *sink)
{
	struct file_sink *s = container_of(sink, struct file_sink, sink);
	struct stat here, there;

	if (s->fd < 0)
		return;
	if (fstat(s->fd, &here) < 0 || stat(s->path, &there) < 0 || here.st_ino != there.st_ino || here.st_dev != there.st_dev) {
		close_file(s);
		(void)open_file(s, NULL);
	}
}

static void file_free(struct detect_sink *sink)
{
	struct file_sink *s = container_of(sink, struct file_sink, sink);

	close_file(s);
	detect_line_done(&s->line);
	free(s->path);
	free(s);
}

static const struct detect_sink_ops file_ops = { .tell = file_tell, .flush = file_flush, .free = file_free };

int detect_sink_file(const struct detect_sink_spec *spec, struct detect_sink **ret_sink, struct err *err)
{
	struct file_sink *s = mem_alloc(sizeof(*s));
	int r;

	s->sink = (struct detect_sink){ .ops = &file_ops, .name = "file" };
	s->path = mem_strdup(spec->target);
	s->fd = -1;
	s->max_bytes = spec->max_bytes ? spec->max_bytes : FILE_MAX_DEFAULT;
	s->keep = spec->has_keep ? spec->keep : FILE_KEEP_DEFAULT;
	s->format = spec->format;
	detect_line_init(&s->line);
	r = open_file(s, err);
	if (r < 0) {
		file_free(&s->sink);
		return r;
	}
	*ret_sink = &s->sink;
	return 0;
}
