/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_LANG_SUGGEST_H
#define PARKA_LANG_SUGGEST_H
/*
 * "Did you mean": the known name nearest to an unknown one.
 *
 *     struct lang_suggestion s = LANG_SUGGESTION(word, len);
 *     for (...) lang_suggest(&s, candidate, strlen(candidate));
 *     if (s.best) ... "; did you mean '%s'?"
 *
 * Distance: insert, delete, replace, swap of neighbours, each 1. Thread: any.
 */
#include <stddef.h>

struct lang_suggestion {
	const char *word;
	size_t len;
	const char *best;        /* NULL when no candidate was near enough */
	unsigned distance;
};

#define LANG_SUGGESTION(word, len) ((struct lang_suggestion){ (word), (len), NULL, 0 })

/* Keeps `name` when it is nearer than what is there (and near at all: a third of the length). */
void lang_suggest(struct lang_suggestion *s, const char *name, size_t len);

#endif
