/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of values, positive ("one of") and negative ("none of"). */
#include "detect/demand_internal.h"

#include <stdlib.h>
#include <string.h>

uint32_t demand_text_id(struct demand_maker *maker, const char *text, size_t len)
{
	void *known = map_get(&maker->text_ids, text, len);
	char *copy;

	if (known)
		return (uint32_t)(uintptr_t)known - 1;
	if (maker->n_texts == maker->texts_size) {
		maker->texts_size = maker->texts_size ? 2 * maker->texts_size : 64;
		maker->texts = mem_grow(maker->texts, maker->texts_size, sizeof(*maker->texts));
	}
	copy = arena_strndup(&maker->arena, text, len);
	maker->texts[maker->n_texts] = copy;
	map_put(&maker->text_ids, copy, len, (void *)(uintptr_t)(maker->n_texts + 1));
	return maker->n_texts++;
}

static int compare_items(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

struct demand_set demand_set_new(struct demand_maker *maker, uint32_t *items, size_t n, bool none_of, bool or_none)
{
	uint32_t *copy = arena_alloc(&maker->arena, (n + 1) * sizeof(*copy));
	size_t unique = 0;

	qsort(items, n, sizeof(*items), compare_items);
	for (size_t i = 0; i < n; i++)
		if (!unique || copy[unique - 1] != items[i])
			copy[unique++] = items[i];
	return (struct demand_set){ copy, unique, true, none_of, or_none };
}

/* Items of a that are (or are not) in b. */
static size_t select_items(uint32_t *out, const struct demand_set *a, const struct demand_set *b, bool in_b)
{
	size_t n = 0;

	for (size_t i = 0, j = 0; i < a->n; i++) {
		while (j < b->n && b->items[j] < a->items[i])
			j++;
		if ((j < b->n && b->items[j] == a->items[i]) == in_b)
			out[n++] = a->items[i];
	}
	return n;
}

static size_t all_items(uint32_t *out, const struct demand_set *a, const struct demand_set *b)
{
	memcpy(out, a->items, a->n * sizeof(*out));
	memcpy(out + a->n, b->items, b->n * sizeof(*out));
	return a->n + b->n;
}

bool demand_set_intersect(struct demand_maker *maker, struct demand_set *a, const struct demand_set *b)
{
	bool or_none = a->or_none && b->or_none, none_of = a->none_of && b->none_of;
	_cleanup_free_ uint32_t *items = NULL;
	size_t n;

	if (!b->is_set)
		return true;
	if (!a->is_set) {
		*a = *b;
		return true;
	}
	items = mem_array(a->n + b->n + 1, sizeof(*items));
	if (none_of)
		n = all_items(items, a, b);
	else if (a->none_of)
		n = select_items(items, b, a, false);
	else
		n = select_items(items, a, b, !b->none_of);
	if (!n && !none_of) {
		*a = (struct demand_set){ 0 };   /* only "no value at all" is left, which terms cannot say */
		return or_none;
	}
	*a = demand_set_new(maker, items, n, none_of, or_none);
	return true;
}

static bool set_inside(const struct demand_set *a, const struct demand_set *b)
{
	_cleanup_free_ uint32_t *items = NULL;

	if (!b->is_set)
		return true;
	if (!a->is_set || (a->or_none && !b->or_none) || (a->none_of && !b->none_of))
		return false;
	items = mem_array(a->n + b->n + 1, sizeof(*items));
	if (a->none_of)
		return select_items(items, b, a, false) == 0;
	return select_items(items, a, b, b->none_of) == 0;
}

enum demand_relation demand_set_compare(const struct demand_set *a, const struct demand_set *b)
{
	bool inside, around;

	if (memcmp(a, b, sizeof(*a)) == 0)
		return DEMAND_EQUAL;
	inside = set_inside(a, b);
	around = set_inside(b, a);
	return inside ? around ? DEMAND_EQUAL : DEMAND_INSIDE : around ? DEMAND_AROUND : DEMAND_OTHER;
}

void demand_set_unite(struct demand_maker *maker, struct demand_set *a, const struct demand_set *b)
{
	const struct demand_set *in = a->none_of ? b : a, *out = a->none_of ? a : b;
	bool or_none = a->or_none || b->or_none;
	_cleanup_free_ uint32_t *items = NULL;
	size_t n;

	if (!a->is_set || !b->is_set) {
		*a = (struct demand_set){ 0 };
		return;
	}
	items = mem_array(a->n + b->n + 1, sizeof(*items));
	if (!a->none_of && !b->none_of)
		n = all_items(items, a, b);
	else if (a->none_of && b->none_of)
		n = select_items(items, a, b, true);
	else
		n = select_items(items, out, in, false);
	if (!n)
		*a = (struct demand_set){ 0 };   /* any value */
	else
		*a = demand_set_new(maker, items, n, a->none_of || b->none_of, or_none);
}

/* ---- networks ---- */

static bool net_inside(const struct sensor_filter_net *a, const struct sensor_filter_net *b)
{
	unsigned whole = b->bits / 8, rest = b->bits % 8;

	if (a->family != b->family || a->bits < b->bits || memcmp(a->bytes, b->bytes, whole) != 0)
		return false;
	return !rest || (a->bytes[whole] ^ b->bytes[whole]) >> (8 - rest) == 0;
}

static bool inside_any(const struct sensor_filter_net *net, const struct demand_nets *set)
{
	for (size_t i = 0; i < set->n; i++)
		if (net_inside(net, &set->nets[i]))
			return true;
	return false;
}

static bool touches_any(const struct sensor_filter_net *net, const struct demand_nets *set)
{
	for (size_t i = 0; i < set->n; i++)
		if (net_inside(net, &set->nets[i]) || net_inside(&set->nets[i], net))
			return true;
	return false;
}

static size_t add_net(struct sensor_filter_net *out, size_t n, const struct sensor_filter_net *net)
{
	for (size_t i = 0; i < n; i++)
		if (net_inside(net, &out[i]))
			return n;
	out[n] = *net;
	return n + 1;
}

/* What is inside of both: of two networks one holds the other, or they are apart. */
static size_t common_nets(struct sensor_filter_net *out, const struct demand_nets *a, const struct demand_nets *b)
{
	size_t n = 0;

	for (size_t i = 0; i < a->n; i++)
		if (inside_any(&a->nets[i], b))
			n = add_net(out, n, &a->nets[i]);
	for (size_t i = 0; i < b->n; i++)
		if (inside_any(&b->nets[i], a))
			n = add_net(out, n, &b->nets[i]);
	return n;
}

static size_t all_nets(struct sensor_filter_net *out, const struct demand_nets *a, const struct demand_nets *b)
{
	size_t n = 0;

	for (size_t i = 0; i < a->n; i++)
		n = add_net(out, n, &a->nets[i]);
	for (size_t i = 0; i < b->n; i++)
		n = add_net(out, n, &b->nets[i]);
	return n;
}

static struct sensor_filter_net *net_array(struct demand_maker *maker, const struct demand_nets *a, const struct demand_nets *b)
{
	return arena_alloc(&maker->arena, (a->n + b->n + 1) * sizeof(struct sensor_filter_net));
}

bool demand_nets_intersect(struct demand_maker *maker, struct demand_nets *a, const struct demand_nets *b)
{
	const struct demand_nets *in = a->none_of ? b : a, *out = a->none_of ? a : b;
	bool or_none = a->or_none && b->or_none, none_of = a->none_of && b->none_of;
	struct sensor_filter_net *nets;
	size_t n = 0;

	if (!b->is_set)
		return true;
	if (!a->is_set) {
		*a = *b;
		return true;
	}
	nets = net_array(maker, a, b);
	if (none_of) {
		n = all_nets(nets, a, b);
	} else if (!a->none_of && !b->none_of) {
		n = common_nets(nets, a, b);
	} else {
		for (size_t i = 0; i < in->n; i++)
			if (!inside_any(&in->nets[i], out))
				nets[n++] = in->nets[i];
	}
	if (!n && !none_of) {
		*a = (struct demand_nets){ 0 };
		return or_none;
	}
	*a = (struct demand_nets){ nets, n, true, none_of, or_none };
	return true;
}

static bool nets_inside(const struct demand_nets *a, const struct demand_nets *b)
{
	if (!b->is_set)
		return true;
	if (!a->is_set || (a->or_none && !b->or_none) || (a->none_of && !b->none_of))
		return false;
	if (a->none_of) {
		for (size_t i = 0; i < b->n; i++)
			if (!inside_any(&b->nets[i], a))
				return false;
		return true;
	}
	for (size_t i = 0; i < a->n; i++)
		if (b->none_of ? touches_any(&a->nets[i], b) : !inside_any(&a->nets[i], b))
			return false;
	return true;
}

enum demand_relation demand_nets_compare(const struct demand_nets *a, const struct demand_nets *b)
{
	bool inside = nets_inside(a, b), around = nets_inside(b, a);

	return inside ? around ? DEMAND_EQUAL : DEMAND_INSIDE : around ? DEMAND_AROUND : DEMAND_OTHER;
}

void demand_nets_unite(struct demand_maker *maker, struct demand_nets *a, const struct demand_nets *b)
{
	const struct demand_nets *in = a->none_of ? b : a, *out = a->none_of ? a : b;
	bool or_none = a->or_none || b->or_none;
	struct sensor_filter_net *nets = net_array(maker, a, b);
	size_t n = 0;

	if (a->is_set && b->is_set) {
		if (!a->none_of && !b->none_of)
			n = all_nets(nets, a, b);
		else if (a->none_of && b->none_of)
			n = common_nets(nets, a, b);
		else
			for (size_t i = 0; i < out->n; i++)
				if (!touches_any(&out->nets[i], in))
					nets[n++] = out->nets[i];
	}
	if (!n)
		*a = (struct demand_nets){ 0 };
	else
		*a = (struct demand_nets){ nets, n, true, a->none_of || b->none_of, or_none };
}
