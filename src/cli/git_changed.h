/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_CLI_GIT_CHANGED_H
#define PARKA_CLI_GIT_CHANGED_H
/* Which files a range of commits changes: asks git, which must be installed, for the repository of this directory. Thread: one. */
#include "base/err.h"
#include "base/mem.h"

enum { GIT_CHANGED_BYTES_MAX = 16 << 20 };

/* Paths below this directory that are there after the range ("origin/main...", "HEAD~3..HEAD"), in the arena. -EINVAL when git refuses, with
 * git's own words on standard error; -ENOENT without git; -E2BIG past GIT_CHANGED_BYTES_MAX. */
int git_changed(const char *range, struct arena *arena, const char *const **ret_paths, size_t *ret_n, struct err *err);

#endif
