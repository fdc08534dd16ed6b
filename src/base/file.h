/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_BASE_FILE_H
#define PARKA_BASE_FILE_H
/* Reading whole small files, with a limit; writing them atomically. Thread: any. */
#include "base/err.h"
#include "base/mem.h"

#include <stddef.h>
#include <sys/types.h>

/* Read all of `path` (relative to `dirfd`, AT_FDCWD allowed) into the arena; the text is
 * NUL-terminated. Regular files, procfs, sysfs; not FIFOs or devices (-EINVAL).
 * -E2BIG past max_bytes; -errno from the system with the path in the message. */
int file_read_at(int dirfd, const char *path, size_t max_bytes, struct arena *arena,
		 char **ret_text, size_t *ret_len, struct err *err);
int file_read(const char *path, size_t max_bytes, struct arena *arena,
	      char **ret_text, size_t *ret_len, struct err *err);
/* The same for an open descriptor (standard input, a pipe). */
int file_read_fd(int fd, const char *name, size_t max_bytes, struct arena *arena,
		 char **ret_text, size_t *ret_len, struct err *err);
/* An open descriptor that must be a regular file (-EINVAL, -EISDIR otherwise). */
int file_read_regular(int fd, const char *path, size_t max_bytes, struct arena *arena,
		      char **ret_text, size_t *ret_len, struct err *err);

/* mkdir -p. Existing directories are fine. */
int file_make_dirs(const char *path, mode_t mode, struct err *err);

/* Write all of it, through short writes and EINTR. 0 or -errno. */
int fd_write_all(int fd, const void *bytes, size_t len);

#endif
