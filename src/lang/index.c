/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/index.h"

#include <stdlib.h>
#include <string.h>

enum group { GROUP_TEXTS, GROUP_ENDS, GROUP_PARTS, GROUP_PATHS, GROUP_NUMBERS, GROUP_NETS, GROUPS };

struct number_key { uint64_t value; uint32_t number; };
struct net_key { struct lang_net net; uint32_t number; };

/* Keys of nets with one family and length. */
struct net_group { uint8_t family, prefix_len; uint32_t first, n; };

struct lang_index {
	struct lang_trie *texts, *ends, *paths;  /* NULL when there are no such keys */
	struct lang_parts *parts;
	struct number_key *numbers;
	struct net_key *nets;
	struct net_group *net_groups;
	size_t n_numbers, n_nets, n_net_groups;
};

static enum group group_of(enum lang_key_kind kind)
{
	switch (kind) {
	case LANG_KEY_END: return GROUP_ENDS;
	case LANG_KEY_PART:
	case LANG_KEY_IPART: return GROUP_PARTS;
	case LANG_KEY_PATH: return GROUP_PATHS;
	case LANG_KEY_NUMBER: return GROUP_NUMBERS;
	case LANG_KEY_NET: return GROUP_NETS;
	default: return GROUP_TEXTS;
	}
}

static int compare_groups(const void *va, const void *vb)
{
	const struct lang_key *a = va, *b = vb;

	return (int)group_of(a->kind) - (int)group_of(b->kind);
}

static int compare_numbers(const void *va, const void *vb)
{
	const struct number_key *a = va, *b = vb;

	return (a->value > b->value) - (a->value < b->value);
}

static int compare_nets(const void *va, const void *vb)
{
	const struct net_key *a = va, *b = vb;

	return memcmp(&a->net, &b->net, sizeof(a->net));
}

static bool build_numbers(struct lang_index *x, struct arena *arena, const struct lang_key *keys, size_t n)
{
	x->numbers = arena_alloc(arena, n * sizeof(*x->numbers));
	x->n_numbers = n;
	for (size_t i = 0; x->numbers && i < n; i++) {
		memcpy(&x->numbers[i].value, keys[i].text.text, sizeof(x->numbers[i].value));
		x->numbers[i].number = keys[i].number;
	}
	if (x->numbers)
		qsort(x->numbers, n, sizeof(*x->numbers), compare_numbers);
	return x->numbers != NULL;
}

static bool build_nets(struct lang_index *x, struct arena *arena, const struct lang_key *keys, size_t n)
{
	x->nets = arena_alloc(arena, n * sizeof(*x->nets));
	x->net_groups = arena_alloc(arena, n * sizeof(*x->net_groups));
	if (!x->nets || !x->net_groups)
		return false;
	x->n_nets = n;
	for (size_t i = 0; i < n; i++) {
		memcpy(&x->nets[i].net, keys[i].text.text, sizeof(x->nets[i].net));
		x->nets[i].number = keys[i].number;
	}
	qsort(x->nets, n, sizeof(*x->nets), compare_nets);
	for (size_t i = 0; i < n; i++) {
		const struct lang_net *net = &x->nets[i].net;
		struct net_group *g = x->n_net_groups ? &x->net_groups[x->n_net_groups - 1] : NULL;

		if (!g || g->family != net->family || g->prefix_len != net->prefix_len) {
			g = &x->net_groups[x->n_net_groups++];
			*g = (struct net_group){ net->family, net->prefix_len, (uint32_t)i, 0 };
		}
		g->n++;
	}
	return true;
}

static bool build_group(struct lang_index *x, struct arena *arena, struct lang_key *keys, size_t n)
{
	switch (group_of(keys[0].kind)) {
	case GROUP_TEXTS: return (x->texts = lang_trie_new(arena, LANG_TRIE_TEXTS, keys, n)) != NULL;
	case GROUP_ENDS: return (x->ends = lang_trie_new(arena, LANG_TRIE_ENDS, keys, n)) != NULL;
	case GROUP_PATHS: return (x->paths = lang_trie_new(arena, LANG_TRIE_PATHS, keys, n)) != NULL;
	case GROUP_PARTS: return (x->parts = lang_parts_new(arena, keys, n)) != NULL;
	case GROUP_NUMBERS: return build_numbers(x, arena, keys, n);
	default: return build_nets(x, arena, keys, n);
	}
}

struct lang_index *lang_index_new(struct arena *arena, struct lang_key *keys, size_t n)
{
	struct lang_index *x = arena_alloc(arena, sizeof(*x));

	if (!x)
		return NULL;
	if (n)
		qsort(keys, n, sizeof(*keys), compare_groups);
	for (size_t i = 0, end; i < n; i = end) {
		for (end = i + 1; end < n && group_of(keys[end].kind) == group_of(keys[i].kind); end++)
			;
		if (!build_group(x, arena, keys + i, end - i))
			return NULL;
	}
	return x;
}

/* ---- finding ---- */

static void tell_one(const struct lang_audience *a, const uint32_t *number)
{
	lang_tell(a, number, (struct lang_told){ 0, 1 });
}

static void find_number(const struct lang_index *x, uint64_t value, const struct lang_audience *a)
{
	size_t low = 0, high = x->n_numbers;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (x->numbers[middle].value < value)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < x->n_numbers && x->numbers[low].value == value; low++)
		tell_one(a, &x->numbers[low].number);
}

static void find_in_group(const struct lang_index *x, const struct net_group *g, const struct model_ip *ip, const struct lang_audience *a)
{
	struct lang_net key = { .family = g->family, .prefix_len = g->prefix_len };
	uint32_t low = g->first, high = g->first + g->n;
	unsigned whole = g->prefix_len / 8, bits = g->prefix_len % 8;

	memcpy(key.bytes, ip->bytes, whole);
	if (bits)
		key.bytes[whole] = ip->bytes[whole] & (uint8_t)(0xff00 >> bits);
	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (memcmp(&x->nets[middle].net, &key, sizeof(key)) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < g->first + g->n && memcmp(&x->nets[low].net, &key, sizeof(key)) == 0; low++)
		tell_one(a, &x->nets[low].number);
}

static void find_text(const struct lang_index *x, const char *text, size_t len, const struct lang_audience *a)
{
	if (x->texts)
		lang_trie_find(x->texts, text, len, a);
	if (x->ends)
		lang_trie_find(x->ends, text, len, a);
	if (x->paths)
		lang_trie_find(x->paths, text, len, a);
	if (x->parts)
		lang_parts_find(x->parts, text, len, a);
}

void lang_index_find(const struct lang_index *x, enum model_type type, const struct model_value *v, const struct lang_audience *a)
{
	if (type == MODEL_TYPE_STRING || type == MODEL_TYPE_PATH)
		find_text(x, v->text, v->len, a);
	else if (type == MODEL_TYPE_IP || type == MODEL_TYPE_NET)
		for (size_t i = 0; i < x->n_net_groups; i++) {
			if (x->net_groups[i].family == v->ip.family)
				find_in_group(x, &x->net_groups[i], &v->ip, a);
		}
	else
		find_number(x, type == MODEL_TYPE_BOOL ? v->boolean : v->u64, a);
}
