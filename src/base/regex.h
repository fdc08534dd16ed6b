/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_BASE_REGEX_H
#define PARKA_BASE_REGEX_H
/*
 * Regular expressions and sets of literals in time linear in the text: the seam to RE2.
 *
 * The dialect is the one Falco has: POSIX syntax, UTF-8, leftmost-longest, the whole text
 * must match. Neither a hostile expression nor a hostile text can make a match slow; what
 * an expression may cost in memory is the caller's to say.
 * Thread: a compiled object may be used by many threads at once.
 */
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct regex;

/* -EBADMSG with RE2's reason when the expression is wrong or needs more than max_memory bytes. */
int regex_compile(const char *pattern, size_t len, size_t max_memory, struct regex **ret_regex, struct err *err);
struct regex *regex_free(struct regex *regex);   /* NULL is fine; returns NULL */
/* Whether all of the text matches. The text should be UTF-8: a byte that is not matches nothing. */
bool regex_match_all(const struct regex *regex, const char *text, size_t len);
/* What it was compiled for: the memory it may come to use. */
size_t regex_memory(const struct regex *regex);

struct regex_literals;

/* Find any of n literals in a text, in one pass. `fold_case`: ASCII letters in either case.
 * -E2BIG when they need more than max_memory bytes. */
int regex_literals_compile(const char *const *texts, const size_t *lens, size_t n, bool fold_case,
			   size_t max_memory, struct regex_literals **ret_literals, struct err *err);
struct regex_literals *regex_literals_free(struct regex_literals *literals);
bool regex_literals_in(const struct regex_literals *literals, const char *text, size_t len);
size_t regex_literals_memory(const struct regex_literals *literals);

#ifdef __cplusplus
}
#endif

#endif
