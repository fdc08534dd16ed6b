/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which of many parts are in a text, in one pass.
 *
 * Of each part some windows (runs of a few bytes) are kept in a table, and windows of the text are looked up there; where
 * one is known the parts that have it are compared. A filter of bits, small enough to stay in the first cache, answers for
 * almost all. A part that is `width + stride - 1` bytes or longer has a window at every place modulo the stride, so that only
 * each stride-th window of the text is looked at. Where there are few parts, each is searched for by two of its bytes, 16
 * places at a time.
 *
 * Letters are folded by setting bit 5 of every byte: what that makes equal beside letters is told apart by the comparison.
 */
#include "lang/index.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { FILTER_BITS = 12, FEW = 6, LANES = 16 };

/* Parts by their length. */
enum { LONG, MIDDLE, SHORT, SIZES };
static const struct { unsigned least, width, stride; } sizes[SIZES] = { [LONG] = { 7, 4, 4 }, [MIDDLE] = { 4, 3, 2 }, [SHORT] = { 2, 2, 1 } };

typedef uint8_t lanes __attribute__((vector_size(LANES)));

struct window { uint32_t bytes, part, at; };   /* at: where in the part it is */

struct windows {
	uint64_t filter[(1 << FILTER_BITS) / 64];
	struct window *list;     /* by bytes */
	size_t n;
};

struct part {
	uint32_t number;
	bool fold_case;
	uint8_t a, b;            /* places of two of its bytes, the rarest; a <= b */
	struct lang_bytes text;
};

struct lang_parts {
	struct part *parts;
	size_t n;
	struct windows *windows[SIZES];   /* NULL when there are none; all NULL when there are few parts */
};

static inline uint32_t window_of(const char *text, unsigned width)
{
	uint32_t w = 0;

	memcpy(&w, text, width);
	return w | (width == 2 ? 0x2020 : width == 3 ? 0x202020 : 0x20202020);
}

static inline uint32_t filter_bit(uint32_t window)
{
	return (window * UINT32_C(2654435761)) >> (32 - FILTER_BITS);
}

/* How little a byte is to be expected in paths and command lines: a guess. */
static int rarity(char c)
{
	if (strchr("etaoinsr/lc-. u", c))
		return 0;
	return (c >= 'a' && c <= 'z') ? 1 : 2;
}

static void choose_places(struct part *p)
{
	size_t n = p->text.len < UINT8_MAX ? p->text.len : UINT8_MAX;
	size_t a = 0, b = n - 1;

	for (size_t i = 0; i < n; i++)
		if (rarity(p->text.text[i]) > rarity(p->text.text[a]))
			a = i;
	if (a == b)
		b = 0;
	for (size_t i = 0; i < n; i++)
		if (i != a && rarity(p->text.text[i]) > rarity(p->text.text[b]))
			b = i;
	p->a = (uint8_t)(a < b ? a : b);
	p->b = (uint8_t)(a < b ? b : a);
}

static int compare_windows(const void *va, const void *vb)
{
	const struct window *a = va, *b = vb;

	return (a->bytes > b->bytes) - (a->bytes < b->bytes);
}

static int size_of(size_t len)
{
	return len >= sizes[LONG].least ? LONG : len >= sizes[MIDDLE].least ? MIDDLE : SHORT;
}

/* False when the arena is full. */
static bool add_windows(struct lang_parts *p, struct arena *arena, int size)
{
	unsigned width = sizes[size].width, stride = sizes[size].stride;
	struct windows *w;
	size_t count = 0;

	for (size_t i = 0; i < p->n; i++)
		count += size_of(p->parts[i].text.len) == size;
	if (!count)
		return true;
	w = arena_alloc(arena, sizeof(*w));
	if (!w || !(w->list = arena_alloc(arena, count * stride * sizeof(*w->list))))
		return false;
	for (size_t i = 0; i < p->n; i++) {
		for (unsigned at = 0; at < stride && size_of(p->parts[i].text.len) == size; at++) {
			uint32_t bytes = window_of(p->parts[i].text.text + at, width);

			w->filter[filter_bit(bytes) / 64] |= UINT64_C(1) << (filter_bit(bytes) % 64);
			w->list[w->n++] = (struct window){ bytes, (uint32_t)i, at };
		}
	}
	qsort(w->list, w->n, sizeof(*w->list), compare_windows);
	p->windows[size] = w;
	return true;
}

struct lang_parts *lang_parts_new(struct arena *arena, const struct lang_key *keys, size_t n)
{
	struct lang_parts *p = arena_alloc(arena, sizeof(*p));

	if (!p || !(p->parts = arena_alloc(arena, (n ? n : 1) * sizeof(*p->parts))))
		return NULL;
	p->n = n;
	for (size_t i = 0; i < n; i++) {
		p->parts[i] = (struct part){ .number = keys[i].number, .fold_case = keys[i].kind == LANG_KEY_IPART, .text = keys[i].text };
		choose_places(&p->parts[i]);
	}
	for (int size = 0; size < SIZES && n > FEW; size++)
		if (!add_windows(p, arena, size))
			return NULL;
	return p;
}

/* ---- finding ---- */

/* Whether the text has the part there; `at` may lie before its beginning. */
static bool part_is_at(const struct part *p, const char *text, size_t len, ptrdiff_t at)
{
	if (at < 0 || p->text.len > len - (size_t)at)
		return false;
	return p->fold_case ? strncasecmp(text + at, p->text.text, p->text.len) == 0 : memcmp(text + at, p->text.text, p->text.len) == 0;
}

static void tell_part(const struct part *p, const struct lang_audience *a)
{
	lang_tell(a, &p->number, (struct lang_told){ 0, 1 });
}

/* All parts that have the window which the text has at `at`. */
static void tell_window(const struct lang_parts *p, const struct windows *w, uint32_t bytes, const char *text, size_t len, size_t at,
			const struct lang_audience *a)
{
	size_t low = 0, high = w->n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (w->list[middle].bytes < bytes)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < w->n && w->list[low].bytes == bytes; low++)
		if (part_is_at(&p->parts[w->list[low].part], text, len, (ptrdiff_t)at - (ptrdiff_t)w->list[low].at))
			tell_part(&p->parts[w->list[low].part], a);
}

static inline __attribute__((always_inline)) void find_windows(const struct lang_parts *p, int size, const char *text, size_t len,
							       const struct lang_audience *a)
{
	const struct windows *w = p->windows[size];

	if (!w)
		return;
	for (size_t at = 0; at + sizes[size].width <= len; at += sizes[size].stride) {
		uint32_t bytes = window_of(text + at, sizes[size].width), bit = filter_bit(bytes);

		if (__builtin_expect(w->filter[bit / 64] >> (bit % 64) & 1, 0))
			tell_window(p, w, bytes, text, len, at, a);
	}
}

/* Of texts too short for lanes. */
static bool has_part_slowly(const struct part *p, const char *text, size_t len)
{
	uint8_t a = (uint8_t)(p->text.text[p->a] | 0x20);

	for (size_t at = 0; at + p->text.len <= len; at++)
		if ((text[at + p->a] | 0x20) == a && part_is_at(p, text, len, (ptrdiff_t)at))
			return true;
	return false;
}

static inline lanes lanes_at(const char *text)
{
	lanes v;

	memcpy(&v, text, sizeof(v));
	return v | 0x20;
}

static bool any(lanes v)
{
	uint64_t words[LANES / sizeof(uint64_t)];

	memcpy(words, &v, sizeof(words));
	return words[0] | words[1];
}

/* Whether the part begins at one of the LANES places from `at` on. */
static inline bool has_part_from(const struct part *p, const char *text, size_t len, size_t at, lanes a, lanes b)
{
	lanes both = (lanes)(lanes_at(text + at + p->a) == a) & (lanes)(lanes_at(text + at + p->b) == b);

	if (__builtin_expect(!any(both), 1))
		return false;
	for (unsigned i = 0; i < LANES; i++)
		if (both[i] && part_is_at(p, text, len, (ptrdiff_t)(at + i)))
			return true;
	return false;
}

static bool has_part(const struct part *p, const char *text, size_t len)
{
	lanes a = (lanes){ 0 } + (uint8_t)(p->text.text[p->a] | 0x20), b = (lanes){ 0 } + (uint8_t)(p->text.text[p->b] | 0x20);
	size_t end, at = 0;

	if (len < (size_t)p->b + LANES)
		return has_part_slowly(p, text, len);
	for (end = len - p->b - LANES; at < end; at += LANES)
		if (has_part_from(p, text, len, at, a, b))
			return true;
	return has_part_from(p, text, len, end, a, b);
}

void lang_parts_find(const struct lang_parts *p, const char *text, size_t len, const struct lang_audience *a)
{
	if (p->n <= FEW) {
		for (size_t i = 0; i < p->n; i++)
			if (has_part(&p->parts[i], text, len))
				tell_part(&p->parts[i], a);
		return;
	}
	find_windows(p, LONG, text, len, a);
	find_windows(p, MIDDLE, text, len, a);
	find_windows(p, SHORT, text, len, a);
}
