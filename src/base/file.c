/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int file_read_fd(int fd, const char *name, size_t max_bytes, struct arena *arena,
		 char **ret_text, size_t *ret_len, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	size_t len = 0, size = 0;
	char *copy;

	for (;;) {
		ssize_t n;

		if (len == size) {
			size = size ? size * 2 : 4096;
			text = mem_grow(text, size, 1);
		}
		n = read(fd, text + len, size - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set_os(err, -errno, "read %s", name);
		if (n == 0)
			break;
		len += (size_t)n;
		if (len > max_bytes)
			return err_set(err, -E2BIG, "%s is larger than %zu bytes", name, max_bytes);
	}
	copy = arena_strndup(arena, text, len);
	if (!copy)
		return err_set(err, -E2BIG, "%s: no room left for %zu bytes", name, len);
	*ret_text = copy;
	*ret_len = len;
	return 0;
}

int file_read_regular(int fd, const char *path, size_t max_bytes, struct arena *arena,
		      char **ret_text, size_t *ret_len, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_set_os(err, -errno, "stat %s", path);
	if (S_ISDIR(st.st_mode))
		return err_set_os(err, -EISDIR, "open %s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, -EINVAL, "%s is not a regular file", path);
	return file_read_fd(fd, path, max_bytes, arena, ret_text, ret_len, err);
}

int file_read_at(int dirfd, const char *path, size_t max_bytes, struct arena *arena,
		 char **ret_text, size_t *ret_len, struct err *err)
{
	_cleanup_close_ int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return err_set_os(err, -errno, "open %s", path);
	return file_read_regular(fd, path, max_bytes, arena, ret_text, ret_len, err);
}

int file_read(const char *path, size_t max_bytes, struct arena *arena,
	      char **ret_text, size_t *ret_len, struct err *err)
{
	return file_read_at(AT_FDCWD, path, max_bytes, arena, ret_text, ret_len, err);
}

int file_make_dirs(const char *path, mode_t mode, struct err *err)
{
	_cleanup_free_ char *copy = mem_strdup(path);

	for (char *p = copy + 1; copy[0]; p++) {
		char c = *p;
		if (c != '/' && c != '\0')
			continue;
		*p = '\0';
		if (mkdir(copy, mode) < 0 && errno != EEXIST)
			return err_set_os(err, -errno, "mkdir %s", copy);
		*p = c;
		if (c == '\0')
			break;
	}
	return 0;
}

int fd_write_all(int fd, const void *bytes, size_t len)
{
	const char *p = bytes;

	while (len > 0) {
		ssize_t n = write(fd, p, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}
