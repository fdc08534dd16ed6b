/* SPDX-License-Identifier: Apache-2.0 */
#include "base/suggest.h"

#include <string.h>

enum { WORD_MAX = 96 };

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;

	return m < c ? m : c;
}

/* Optimal string alignment distance: three rows are enough. */
static unsigned edit_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	unsigned rows[3][WORD_MAX + 1];

	for (size_t j = 0; j <= b_len; j++)
		rows[0][j] = (unsigned)j;
	for (size_t i = 1; i <= a_len; i++) {
		unsigned *row = rows[i % 3], *before = rows[(i + 2) % 3], *before2 = rows[(i + 1) % 3];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= b_len; j++) {
			row[j] = min3(row[j - 1] + 1, before[j] + 1, before[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before2[j - 2] + 1 < row[j])
				row[j] = before2[j - 2] + 1;
		}
	}
	return rows[a_len % 3][b_len];
}

void suggestion_offer(struct suggestion *s, const char *name, size_t len)
{
	unsigned limit = (unsigned)(s->len / 3 > 1 ? s->len / 3 : 1), distance;

	if (limit > 4)
		limit = 4;
	if (s->len == 0 || s->len > WORD_MAX || len > WORD_MAX)
		return;
	if (len > s->len + limit || s->len > len + limit)
		return;
	distance = edit_distance(s->word, s->len, name, len);
	if (distance > limit || distance >= s->len || (s->best && distance >= s->distance))
		return;
	s->best = name;
	s->distance = distance;
}
