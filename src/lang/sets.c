/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/sets.h"
#include "base/map.h"

#include <stdlib.h>
#include <string.h>

int lang_bytes_compare(const struct lang_bytes *a, const struct lang_bytes *b)
{
	size_t n = a->len < b->len ? a->len : b->len;
	int c = n ? memcmp(a->text, b->text, n) : 0;

	return c ? c : (a->len > b->len) - (a->len < b->len);
}

static int compare_bytes(const void *a, const void *b)
{
	return lang_bytes_compare(a, b);
}

static struct lang_bytes *copy_texts(struct arena *arena, const struct lang_bytes *texts, size_t n)
{
	struct lang_bytes *copy = arena_alloc(arena, (n ? n : 1) * sizeof(*copy));

	if (copy && n)
		memcpy(copy, texts, n * sizeof(*copy));
	return copy;
}

/* ---- whole texts ---- */

enum { LINEAR_MAX = 2, LENGTH_BITS = 64 };

struct text_slot {
	uint32_t tag;            /* upper half of the hash, never 0 */
	uint32_t len;
	const char *text;
};

struct lang_text_set {
	uint64_t lengths;        /* bit min(len, 63) */
	size_t n, mask;
	struct text_slot *slots;   /* n of them when n <= LINEAR_MAX, else mask + 1 */
};

static uint64_t length_bit(size_t len)
{
	return UINT64_C(1) << (len < LENGTH_BITS ? len : LENGTH_BITS - 1);
}

static uint32_t tag_of(uint64_t hash)
{
	uint32_t tag = (uint32_t)(hash >> 32);

	return tag ? tag : 1;
}

struct lang_text_set *lang_text_set_new(struct arena *arena, const struct lang_bytes *texts, size_t n)
{
	struct lang_text_set *s = arena_alloc(arena, sizeof(*s));
	size_t size = n <= LINEAR_MAX ? LINEAR_MAX : 4;

	while (n > LINEAR_MAX && size < n * 2)
		size *= 2;
	if (!s || !(s->slots = arena_alloc(arena, size * sizeof(*s->slots))))
		return NULL;
	s->n = n;
	s->mask = size - 1;
	for (size_t i = 0; i < n; i++) {
		uint64_t hash = hash_bytes(texts[i].text, texts[i].len);
		size_t at = n <= LINEAR_MAX ? i : hash & s->mask;

		while (s->slots[at].tag)
			at = (at + 1) & s->mask;
		s->slots[at] = (struct text_slot){ tag_of(hash), (uint32_t)texts[i].len, texts[i].text };
		s->lengths |= length_bit(texts[i].len);
	}
	return s;
}

bool lang_text_set_has_length(const struct lang_text_set *s, size_t len)
{
	return s->lengths & length_bit(len);
}

bool lang_text_set_has(const struct lang_text_set *s, const char *text, size_t len, uint64_t hash)
{
	uint32_t tag = tag_of(hash);

	for (size_t at = s->n <= LINEAR_MAX ? 0 : hash & s->mask;; at = (at + 1) & s->mask) {
		const struct text_slot *slot = &s->slots[at];

		if (!slot->tag)
			return false;
		if (slot->tag == tag && slot->len == len && memcmp(slot->text, text, len) == 0)
			return true;
		if (s->n <= LINEAR_MAX && at + 1 >= s->n)
			return false;
	}
}

/* ---- beginnings and ends ---- */

/*
 * Sorted, and no text of it begins with another. Then at most one can be a beginning of a
 * given text: the greatest that is not greater than it. Ends: the same, read backwards.
 */
struct lang_affix_set {
	bool ends;
	size_t n;
	struct lang_bytes *texts;
};

static int compare_backwards(const void *va, const void *vb)
{
	const struct lang_bytes *a = va, *b = vb;
	size_t n = a->len < b->len ? a->len : b->len;

	for (size_t i = 1; i <= n; i++) {
		uint8_t x = (uint8_t)a->text[a->len - i], y = (uint8_t)b->text[b->len - i];
		if (x != y)
			return x < y ? -1 : 1;
	}
	return (a->len > b->len) - (a->len < b->len);
}

static bool is_affix(const struct lang_bytes *affix, const char *text, size_t len, bool end)
{
	return affix->len <= len && memcmp(affix->text, end ? text + (len - affix->len) : text, affix->len) == 0;
}

struct lang_affix_set *lang_affix_set_new(struct arena *arena, const struct lang_bytes *texts, size_t n, bool ends)
{
	struct lang_affix_set *s = arena_alloc(arena, sizeof(*s));

	if (!s || !(s->texts = copy_texts(arena, texts, n)))
		return NULL;
	s->ends = ends;
	qsort(s->texts, n, sizeof(*s->texts), ends ? compare_backwards : compare_bytes);
	for (size_t i = 0; i < n; i++)
		if (!s->n || !is_affix(&s->texts[s->n - 1], s->texts[i].text, s->texts[i].len, ends))
			s->texts[s->n++] = s->texts[i];
	return s;
}

bool lang_affix_set_match(const struct lang_affix_set *s, const char *text, size_t len)
{
	const struct lang_bytes value = { text, len };
	size_t low = 0, high = s->n;

	if (s->n == 1)
		return is_affix(&s->texts[0], text, len, s->ends);
	while (low < high) {   /* how many are not greater than the value */
		size_t middle = low + (high - low) / 2;
		int c = s->ends ? compare_backwards(&s->texts[middle], &value) : lang_bytes_compare(&s->texts[middle], &value);

		if (c <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low && is_affix(&s->texts[low - 1], text, len, s->ends);
}

/* ---- numbers ---- */

struct lang_number_set {
	size_t n;
	uint64_t *numbers;
};

static int compare_numbers(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

struct lang_number_set *lang_number_set_new(struct arena *arena, const uint64_t *numbers, size_t n)
{
	struct lang_number_set *s = arena_alloc(arena, sizeof(*s));

	if (!s || !(s->numbers = arena_alloc(arena, (n ? n : 1) * sizeof(*numbers))))
		return NULL;
	s->n = n;
	if (n)
		memcpy(s->numbers, numbers, n * sizeof(*numbers));
	qsort(s->numbers, n, sizeof(*numbers), compare_numbers);
	return s;
}

bool lang_number_set_has(const struct lang_number_set *s, uint64_t number)
{
	if (s->n <= 4) {
		for (size_t i = 0; i < s->n; i++)
			if (s->numbers[i] == number)
				return true;
		return false;
	}
	return bsearch(&number, s->numbers, s->n, sizeof(number), compare_numbers) != NULL;
}

/* ---- networks ---- */

struct net_run {
	uint8_t family, prefix_len;
	size_t first, n;
};

struct lang_net_set {
	size_t n, n_runs;
	struct lang_net *nets;
	struct net_run *runs;
};

static int compare_nets(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct lang_net));
}

struct lang_net_set *lang_net_set_new(struct arena *arena, const struct lang_net *nets, size_t n)
{
	struct lang_net_set *s = arena_alloc(arena, sizeof(*s));

	_Static_assert(sizeof(struct lang_net) == 18, "compared as bytes");
	if (!s || !(s->nets = arena_alloc(arena, (n ? n : 1) * sizeof(*nets))) ||
	    !(s->runs = arena_alloc(arena, (33 + 129) * sizeof(*s->runs))))
		return NULL;
	if (n)
		memcpy(s->nets, nets, n * sizeof(*nets));
	s->n = n;
	qsort(s->nets, n, sizeof(*nets), compare_nets);
	for (size_t i = 0; i < n; i++) {
		struct net_run *run = s->n_runs ? &s->runs[s->n_runs - 1] : NULL;

		if (!run || run->family != s->nets[i].family || run->prefix_len != s->nets[i].prefix_len) {
			run = &s->runs[s->n_runs++];
			*run = (struct net_run){ s->nets[i].family, s->nets[i].prefix_len, i, 0 };
		}
		run->n++;
	}
	return s;
}

bool lang_net_set_has(const struct lang_net_set *s, const struct model_ip *ip)
{
	for (size_t r = 0; r < s->n_runs; r++) {
		const struct net_run *run = &s->runs[r];
		struct lang_net key = { .family = ip->family, .prefix_len = run->prefix_len };
		unsigned whole = run->prefix_len / 8, bits = run->prefix_len % 8;

		if (run->family != ip->family)
			continue;
		memcpy(key.bytes, ip->bytes, whole);
		if (bits)
			key.bytes[whole] = ip->bytes[whole] & (uint8_t)(0xff00 >> bits);
		if (bsearch(&key, s->nets + run->first, run->n, sizeof(key), compare_nets))
			return true;
	}
	return false;
}
