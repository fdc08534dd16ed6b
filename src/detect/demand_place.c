/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sets of paths, and of names. Of two places one holds the other, or nothing is in both; but for a directory's own entries
 * and a beginning of names in it ("/dev" and "/dev/sd"): what is in both is then taken to be the latter.
 */
#include "detect/demand_internal.h"

#include <string.h>

static bool starts_with(const struct demand_place *text, const struct demand_place *start)
{
	return text->len >= start->len && memcmp(text->text, start->text, start->len) == 0;
}

static bool equal(const struct demand_place *a, const struct demand_place *b)
{
	return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

/* Whether the text goes on behind the directory and a slash. */
static bool is_under(const struct demand_place *text, const struct demand_place *dir)
{
	if (dir->len == 1)
		return text->len > 1;
	return text->len > dir->len + 1 && starts_with(text, dir) && text->text[dir->len] == '/';
}

/* Whether the text is the directory, a slash, and no slash after that. */
static bool is_directly_under(const struct demand_place *text, const struct demand_place *dir)
{
	size_t at = dir->len == 1 ? 1 : dir->len + 1;

	return is_under(text, dir) && !memchr(text->text + at, '/', text->len - at);
}

static bool ends_with(const struct demand_place *text, const struct demand_place *end)
{
	return text->len >= end->len && memcmp(text->text + text->len - end->len, end->text, end->len) == 0;
}

/* Is all of a in b? */
static bool inside(const struct demand_place *a, const struct demand_place *b)
{
	switch (b->kind) {
	case DEMAND_EXACT: return a->kind == DEMAND_EXACT && equal(a, b);
	case DEMAND_IN: return a->kind == DEMAND_EXACT ? is_directly_under(a, b) : a->kind == DEMAND_IN && equal(a, b);
	case DEMAND_BELOW:
		if (a->kind == DEMAND_IN || a->kind == DEMAND_BELOW)
			return equal(a, b) || is_under(a, b);
		return is_under(a, b);
	case DEMAND_PREFIX: return starts_with(a, b);
	case DEMAND_SUFFIX: return ends_with(a, b);
	}
	return false;
}

static bool inside_any(const struct demand_place *place, const struct demand_places *set)
{
	for (size_t i = 0; i < set->n; i++)
		if (inside(place, &set->places[i]))
			return true;
	return false;
}

static size_t add_place(struct demand_place *out, size_t n, const struct demand_place *place)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (inside(place, &out[i]))
			return n;
	for (size_t i = 0; i < n; i++)
		if (!inside(&out[i], place))
			out[kept++] = out[i];
	out[kept] = *place;
	return kept + 1;
}

static bool overlap(const struct demand_place *dir, const struct demand_place *prefix)
{
	return dir->kind == DEMAND_IN && prefix->kind == DEMAND_PREFIX && is_directly_under(prefix, dir);
}

bool demand_places_intersect(struct demand_maker *maker, struct demand_places *a, const struct demand_places *b)
{
	struct demand_place *places;
	size_t n = 0;

	if (!b->is_set)
		return true;
	if (!a->is_set) {
		*a = *b;
		return true;
	}
	places = arena_alloc(&maker->arena, (a->n + b->n + 1) * sizeof(*places));
	for (size_t i = 0; i < a->n; i++)
		if (inside_any(&a->places[i], b))
			n = add_place(places, n, &a->places[i]);
	for (size_t i = 0; i < b->n; i++)
		if (inside_any(&b->places[i], a))
			n = add_place(places, n, &b->places[i]);
	for (size_t i = 0; i < a->n; i++)
		for (size_t j = 0; j < b->n; j++) {
			if (overlap(&a->places[i], &b->places[j]))
				n = add_place(places, n, &b->places[j]);
			else if (overlap(&b->places[j], &a->places[i]))
				n = add_place(places, n, &a->places[i]);
		}
	*a = (struct demand_places){ places, n, true };
	return n > 0;
}

static bool places_inside(const struct demand_places *a, const struct demand_places *b)
{
	if (!b->is_set || !a->is_set)
		return !b->is_set;
	for (size_t i = 0; i < a->n && (a->places != b->places || a->n != b->n); i++)
		if (!inside_any(&a->places[i], b))
			return false;
	return true;
}

enum demand_relation demand_places_compare(const struct demand_places *a, const struct demand_places *b)
{
	bool in = places_inside(a, b), around = places_inside(b, a);

	return in ? around ? DEMAND_EQUAL : DEMAND_INSIDE : around ? DEMAND_AROUND : DEMAND_OTHER;
}

void demand_places_unite(struct demand_maker *maker, struct demand_places *a, const struct demand_places *b)
{
	struct demand_place *places;
	size_t n;

	if (!a->is_set || !b->is_set) {
		*a = (struct demand_places){ 0 };
		return;
	}
	places = arena_alloc(&maker->arena, (a->n + b->n + 1) * sizeof(*places));
	n = a->n;
	memcpy(places, a->places, n * sizeof(*places));
	for (size_t i = 0; i < b->n; i++)
		n = add_place(places, n, &b->places[i]);
	*a = (struct demand_places){ places, n, true };
}

void demand_parts_intersect(struct demand_places *a, const struct demand_places *b)
{
	if (b->is_set && (!a->is_set || b->n < a->n || places_inside(b, a)))
		*a = *b;
}

struct demand_places demand_places_reserve(struct demand_maker *maker, size_t n)
{
	return (struct demand_places){ arena_alloc(&maker->arena, (n + 1) * sizeof(struct demand_place)), 0, true };
}

void demand_places_add(struct demand_maker *maker, struct demand_places *set, enum demand_place_kind kind, const char *text, size_t len)
{
	struct demand_place place = { kind, arena_strndup(&maker->arena, text, len), len };

	set->n = add_place((struct demand_place *)(uintptr_t)set->places, set->n, &place);
}
