/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which of many parts are in a text, in one pass. Of each part a window of 4 bytes (2 of the short ones) is kept in a
 * table; the windows of the text are looked up, and where one is there the parts that have it are compared. A filter of
 * bits, small enough to stay in the first cache, answers for almost all of them.
 *
 * Letters are folded in windows by setting bit 5 of every byte: what that makes equal beside letters is told apart by
 * the comparison.
 */
#include "lang/index.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { WIDE = 4, NARROW = 2, FILTER_BITS = 13 };

struct part {
	uint32_t window, at;     /* at: where in the part it is */
	uint32_t number;
	bool fold_case;
	struct lang_bytes text;
};

struct windows {
	uint64_t filter[(1 << FILTER_BITS) / 64];
	struct part *parts;      /* by window */
	size_t n;
};

struct lang_parts {
	struct windows *wide, *narrow;           /* NULL when there are none */
};

static uint32_t window_of(const char *text, unsigned width)
{
	uint32_t w = 0;
	uint16_t two;

	if (width == WIDE) {
		memcpy(&w, text, sizeof(w));
		return w | 0x20202020;
	}
	memcpy(&two, text, sizeof(two));
	return two | 0x2020;
}

static uint32_t filter_bit(uint32_t window)
{
	return (window * UINT32_C(2654435761)) >> (32 - FILTER_BITS);
}

/* How little a byte is to be expected in paths and command lines: a guess. */
static unsigned rarity(char c)
{
	if (strchr("etaoinsr/lc-. u", c))
		return 0;
	return (c >= 'a' && c <= 'z') ? 2 : 3;
}

static uint32_t rarest_window(const struct lang_bytes *text, unsigned width)
{
	unsigned best = 0, most = 0;

	for (size_t at = 0; at + width <= text->len; at++) {
		unsigned sum = 0;

		for (unsigned i = 0; i < width; i++)
			sum += rarity(text->text[at + i]);
		if (sum > most) {
			most = sum;
			best = (unsigned)at;
		}
	}
	return best;
}

static int compare_parts(const void *va, const void *vb)
{
	const struct part *a = va, *b = vb;

	return (a->window > b->window) - (a->window < b->window);
}

static bool is_wide(const struct lang_key *key)
{
	return key->text.len >= WIDE;
}

/* False when the arena is full. */
static bool windows_new(struct arena *arena, const struct lang_key *keys, size_t n, bool wide, struct windows **ret)
{
	unsigned width = wide ? WIDE : NARROW;
	struct windows *w;
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += is_wide(&keys[i]) == wide;
	if (!count)
		return true;
	w = arena_alloc(arena, sizeof(*w));
	if (!w || !(w->parts = arena_alloc(arena, count * sizeof(*w->parts))))
		return false;
	for (size_t i = 0; i < n; i++) {
		struct part *p = &w->parts[w->n];

		if (is_wide(&keys[i]) != wide)
			continue;
		p->text = keys[i].text;
		p->number = keys[i].number;
		p->fold_case = keys[i].kind == LANG_KEY_IPART;
		p->at = rarest_window(&p->text, width);
		p->window = window_of(p->text.text + p->at, width);
		w->filter[filter_bit(p->window) / 64] |= UINT64_C(1) << (filter_bit(p->window) % 64);
		w->n++;
	}
	qsort(w->parts, w->n, sizeof(*w->parts), compare_parts);
	*ret = w;
	return true;
}

struct lang_parts *lang_parts_new(struct arena *arena, const struct lang_key *keys, size_t n)
{
	struct lang_parts *p = arena_alloc(arena, sizeof(*p));

	return p && windows_new(arena, keys, n, true, &p->wide) && windows_new(arena, keys, n, false, &p->narrow) ? p : NULL;
}

/* ---- finding ---- */

static bool part_is_at(const struct part *p, const char *text, size_t len, size_t window_at)
{
	const char *from;

	if (window_at < p->at || p->text.len > len - (window_at - p->at))
		return false;
	from = text + (window_at - p->at);
	return p->fold_case ? strncasecmp(from, p->text.text, p->text.len) == 0 : memcmp(from, p->text.text, p->text.len) == 0;
}

/* All parts that have the window which the text has at `at`. */
static void tell_window(const struct windows *w, uint32_t window, const char *text, size_t len, size_t at,
			const struct lang_audience *a)
{
	size_t low = 0, high = w->n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (w->parts[middle].window < window)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < w->n && w->parts[low].window == window; low++)
		if (part_is_at(&w->parts[low], text, len, at))
			lang_tell(a, &w->parts[low].number, (struct lang_told){ 0, 1 });
}

static inline void find_windows(const struct windows *w, unsigned width, const char *text, size_t len, const struct lang_audience *a)
{
	for (size_t at = 0; at + width <= len; at++) {
		uint32_t window = window_of(text + at, width), bit = filter_bit(window);

		if (w->filter[bit / 64] >> (bit % 64) & 1)
			tell_window(w, window, text, len, at, a);
	}
}

void lang_parts_find(const struct lang_parts *p, const char *text, size_t len, const struct lang_audience *a)
{
	if (p->wide)
		find_windows(p->wide, WIDE, text, len, a);
	if (p->narrow)
		find_windows(p->narrow, NARROW, text, len, a);
}
