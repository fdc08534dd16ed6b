/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_LANG_GLOB_H
#define PARKA_LANG_GLOB_H
/*
 * Shell patterns with the meaning of fnmatch(pattern, text, 0) in the C locale ('*' crosses
 * '/'), compiled, in time O(pattern x text) at worst: fnmatch() itself is exponential in the
 * number of stars. Thread: a compiled glob may be used by many threads.
 */
#include "base/mem.h"

#include <stdbool.h>
#include <stddef.h>

struct lang_glob;

/* In the arena; NULL only when the arena is full. Every text is a pattern (one that nothing
 * matches, such as "a\", included). */
struct lang_glob *lang_glob_new(struct arena *arena, const char *pattern, size_t len, bool fold_case);
bool lang_glob_match(const struct lang_glob *glob, const char *text, size_t len);

#endif
