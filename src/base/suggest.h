/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_BASE_SUGGEST_H
#define PARKA_BASE_SUGGEST_H
/*
 * "Did you mean": the known name nearest to an unknown one.
 *
 *     struct suggestion s = SUGGESTION(word, len);
 *     for (...) suggestion_offer(&s, candidate, strlen(candidate));
 *     if (s.best) ... "; did you mean '%s'?"
 *
 * Distance: insert, delete, replace, swap of neighbours, each 1. Thread: any.
 */
#include <stddef.h>

struct suggestion {
	const char *word;
	size_t len;
	const char *best;        /* NULL when no candidate was near enough */
	unsigned distance;
};

#define SUGGESTION(word, len) ((struct suggestion){ (word), (len), NULL, 0 })

/* Keeps `name` when it is nearer than what is there (and near at all: a third of the length). */
void suggestion_offer(struct suggestion *s, const char *name, size_t len);

#endif
