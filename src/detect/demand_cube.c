/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cubes and lists of them.
 *
 * Invariants
 * 1. No cube of a list holds another one of it.
 * 2. No two cubes of a list differ in one dimension only: they would be one.
 * 3. A list has at most DEMAND_CUBES_MAX cubes: demands are given up, least selective first, until it has.
 */
#include "detect/demand_internal.h"

#include <stdlib.h>
#include <string.h>

/* ---- bits ---- */

static enum demand_relation compare_bits(const uint64_t *a, const uint64_t *b, size_t n)
{
	bool inside = true, around = true;

	for (size_t i = 0; i < n; i++) {
		inside &= !(a[i] & ~b[i]);
		around &= !(b[i] & ~a[i]);
	}
	return inside ? around ? DEMAND_EQUAL : DEMAND_INSIDE : around ? DEMAND_AROUND : DEMAND_OTHER;
}

static bool and_bits(uint64_t *a, const uint64_t *b, size_t n)
{
	uint64_t any = 0;

	for (size_t i = 0; i < n; i++)
		any |= a[i] &= b[i];
	return any;
}

static void or_bits(uint64_t *a, const uint64_t *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		a[i] |= b[i];
}

static bool all_bits(const uint64_t *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (~words[i])
			return false;
	return true;
}

const uint64_t demand_possible_results[DEMAND_RESULT_WORDS] = { UINT64_MAX, UINT64_MAX, (UINT64_C(1) << (FILTER_RESULTS - 128)) - 1 };

void demand_fill_up(uint64_t *words, size_t n, const uint64_t *possible)
{
	for (size_t i = 0; i < n; i++)
		if (possible[i] & ~words[i])
			return;
	memset(words, 0xff, n * sizeof(*words));
}

/* ---- one dimension ---- */

static enum demand_relation compare_small(uint64_t a, uint64_t b)
{
	return compare_bits(&a, &b, 1);
}

static enum demand_relation compare_dim(const struct demand_cube *a, const struct demand_cube *b, enum demand_dim dim)
{
	switch (dim) {
	case DEMAND_TYPES: return compare_bits(a->types.words, b->types.words, ARRAY_LEN(a->types.words));
	case DEMAND_KINDS: return compare_bits(a->kinds, b->kinds, DEMAND_KIND_WORDS);
	case DEMAND_RESULTS: return compare_bits(a->results, b->results, DEMAND_RESULT_WORDS);
	case DEMAND_FD_TYPE: return compare_small(a->fd_types, b->fd_types);
	case DEMAND_WHERE: return compare_small(a->wheres, b->wheres);
	case DEMAND_COMM: return demand_set_compare(&a->comm, &b->comm);
	case DEMAND_UID: return demand_set_compare(&a->uid, &b->uid);
	case DEMAND_EXE: return demand_places_compare(&a->exe, &b->exe);
	case DEMAND_PATH: return demand_places_compare(&a->path, &b->path);
	case DEMAND_NAME: return demand_places_compare(&a->name, &b->name);
	case DEMAND_PART: return demand_places_compare(&a->part, &b->part);
	case DEMAND_NEEDLE: return demand_places_compare(&a->needle, &b->needle);
	case DEMAND_TEXT: return compare_small((uint8_t)~a->texts, (uint8_t)~b->texts);
	case DEMAND_REMOTE_PORT: case DEMAND_LOCAL_PORT:
		return demand_set_compare(&a->port[dim - DEMAND_REMOTE_PORT], &b->port[dim - DEMAND_REMOTE_PORT]);
	case DEMAND_REMOTE_NET: case DEMAND_LOCAL_NET:
		return demand_nets_compare(&a->net[dim - DEMAND_REMOTE_NET], &b->net[dim - DEMAND_REMOTE_NET]);
	default: return DEMAND_EQUAL;
	}
}

static void unite_dim(struct demand_maker *maker, struct demand_cube *a, const struct demand_cube *b, enum demand_dim dim)
{
	switch (dim) {
	case DEMAND_TYPES: or_bits(a->types.words, b->types.words, ARRAY_LEN(a->types.words)); break;
	case DEMAND_KINDS:
		or_bits(a->kinds, b->kinds, DEMAND_KIND_WORDS);
		demand_fill_up(a->kinds, DEMAND_KIND_WORDS, maker->group->possible_kinds);
		break;
	case DEMAND_RESULTS:
		or_bits(a->results, b->results, DEMAND_RESULT_WORDS);
		demand_fill_up(a->results, DEMAND_RESULT_WORDS, demand_possible_results);
		break;
	case DEMAND_FD_TYPE: a->fd_types |= b->fd_types; break;
	case DEMAND_WHERE: a->wheres |= b->wheres; break;
	case DEMAND_COMM: demand_set_unite(maker, &a->comm, &b->comm); break;
	case DEMAND_UID: demand_set_unite(maker, &a->uid, &b->uid); break;
	case DEMAND_EXE: demand_places_unite(maker, &a->exe, &b->exe); break;
	case DEMAND_PATH: demand_places_unite(maker, &a->path, &b->path); break;
	case DEMAND_NAME: demand_places_unite(maker, &a->name, &b->name); break;
	case DEMAND_PART: demand_places_unite(maker, &a->part, &b->part); break;
	case DEMAND_NEEDLE: demand_places_unite(maker, &a->needle, &b->needle); break;
	case DEMAND_TEXT: a->texts &= b->texts; break;
	case DEMAND_REMOTE_PORT: case DEMAND_LOCAL_PORT:
		demand_set_unite(maker, &a->port[dim - DEMAND_REMOTE_PORT], &b->port[dim - DEMAND_REMOTE_PORT]);
		break;
	case DEMAND_REMOTE_NET: case DEMAND_LOCAL_NET:
		demand_nets_unite(maker, &a->net[dim - DEMAND_REMOTE_NET], &b->net[dim - DEMAND_REMOTE_NET]);
		break;
	default: break;
	}
}

bool demand_cube_is_free(const struct demand_cube *c, enum demand_dim dim)
{
	switch (dim) {
	case DEMAND_KINDS: return all_bits(c->kinds, DEMAND_KIND_WORDS);
	case DEMAND_RESULTS: return all_bits(c->results, DEMAND_RESULT_WORDS);
	case DEMAND_FD_TYPE: return c->fd_types == DEMAND_ALL_FD_TYPES;
	case DEMAND_WHERE: return c->wheres == DEMAND_ALL_WHERES;
	case DEMAND_COMM: return !c->comm.is_set;
	case DEMAND_UID: return !c->uid.is_set;
	case DEMAND_EXE: return !c->exe.is_set;
	case DEMAND_PATH: return !c->path.is_set;
	case DEMAND_NAME: return !c->name.is_set;
	case DEMAND_PART: return !c->part.is_set;
	case DEMAND_NEEDLE: return !c->needle.is_set;
	case DEMAND_TEXT: return !c->texts;
	case DEMAND_REMOTE_PORT: case DEMAND_LOCAL_PORT: return !c->port[dim - DEMAND_REMOTE_PORT].is_set;
	case DEMAND_REMOTE_NET: case DEMAND_LOCAL_NET: return !c->net[dim - DEMAND_REMOTE_NET].is_set;
	default: return false;
	}
}

static void clear_dim(struct demand_cube *c, enum demand_dim dim)
{
	switch (dim) {
	case DEMAND_KINDS: memset(c->kinds, 0xff, sizeof(c->kinds)); break;
	case DEMAND_RESULTS: memset(c->results, 0xff, sizeof(c->results)); break;
	case DEMAND_FD_TYPE: c->fd_types = DEMAND_ALL_FD_TYPES; break;
	case DEMAND_WHERE: c->wheres = DEMAND_ALL_WHERES; break;
	case DEMAND_COMM: c->comm = (struct demand_set){ 0 }; break;
	case DEMAND_UID: c->uid = (struct demand_set){ 0 }; break;
	case DEMAND_EXE: c->exe = (struct demand_places){ 0 }; break;
	case DEMAND_PATH: c->path = (struct demand_places){ 0 }; break;
	case DEMAND_NAME: c->name = (struct demand_places){ 0 }; break;
	case DEMAND_PART: c->part = (struct demand_places){ 0 }; break;
	case DEMAND_NEEDLE: c->needle = (struct demand_places){ 0 }; break;
	case DEMAND_TEXT: c->texts = 0; break;
	case DEMAND_REMOTE_PORT: case DEMAND_LOCAL_PORT: c->port[dim - DEMAND_REMOTE_PORT] = (struct demand_set){ 0 }; break;
	case DEMAND_REMOTE_NET: case DEMAND_LOCAL_NET: c->net[dim - DEMAND_REMOTE_NET] = (struct demand_nets){ 0 }; break;
	default: break;
	}
	if (!c->path.is_set && !c->name.is_set && !c->part.is_set && !c->needle.is_set)
		c->text = DEMAND_NO_TEXT;
}

/* ---- cubes ---- */

struct demand_cube demand_cube_all(const struct demand_group *group)
{
	struct demand_cube c = { .types = group->types };

	for (enum demand_dim dim = DEMAND_KINDS; dim < DEMAND_DIMS; dim++)
		clear_dim(&c, dim);
	return c;
}

bool demand_cube_is_all(const struct demand_cube *cube, const struct demand_group *group)
{
	for (enum demand_dim dim = DEMAND_KINDS; dim < DEMAND_DIMS; dim++)
		if (!demand_cube_is_free(cube, dim))
			return false;
	return memcmp(&cube->types, &group->types, sizeof(cube->types)) == 0;
}

/* Path, name, part and needle of b, if they speak of the same text: else a's alone are kept. */
static bool intersect_text(struct demand_maker *maker, struct demand_cube *a, const struct demand_cube *b)
{
	if (a->text && b->text && a->text != b->text)
		return true;
	a->text = a->text ? a->text : b->text;
	demand_parts_intersect(&a->part, &b->part);
	demand_parts_intersect(&a->needle, &b->needle);
	return demand_places_intersect(maker, &a->path, &b->path) && demand_places_intersect(maker, &a->name, &b->name);
}

bool demand_cube_intersect(struct demand_maker *maker, struct demand_cube *a, const struct demand_cube *b)
{
	a->fd_types &= b->fd_types;
	a->wheres &= b->wheres;
	a->texts |= b->texts;
	if (!and_bits(a->types.words, b->types.words, ARRAY_LEN(a->types.words)) || !and_bits(a->kinds, b->kinds, DEMAND_KIND_WORDS) ||
	    !and_bits(a->results, b->results, DEMAND_RESULT_WORDS) || !a->fd_types || !a->wheres)
		return false;
	for (unsigned end = 0; end < FILTER_ENDS; end++)
		if (!demand_set_intersect(maker, &a->port[end], &b->port[end]) || !demand_nets_intersect(maker, &a->net[end], &b->net[end]))
			return false;
	return demand_set_intersect(maker, &a->comm, &b->comm) && demand_set_intersect(maker, &a->uid, &b->uid) &&
	       demand_places_intersect(maker, &a->exe, &b->exe) && intersect_text(maker, a, b);
}

/* How a is to b; *ret_dim: the only dimension in which they differ, DEMAND_DIMS when there are more. */
static enum demand_relation compare_cubes(const struct demand_cube *a, const struct demand_cube *b, enum demand_dim *ret_dim)
{
	enum demand_relation all = DEMAND_EQUAL;
	unsigned n = 0;

	*ret_dim = DEMAND_DIMS;
	for (enum demand_dim dim = DEMAND_TYPES; dim < DEMAND_DIMS; dim++) {
		enum demand_relation r = compare_dim(a, b, dim);

		if (r == DEMAND_EQUAL)
			continue;
		*ret_dim = n++ ? DEMAND_DIMS : dim;
		all = all == DEMAND_EQUAL || all == r ? r : DEMAND_OTHER;
		if (all == DEMAND_OTHER && n > 1)
			break;
	}
	return all;
}

/* ---- lists ---- */

void demand_list_done(struct demand_list *list)
{
	free(list->cubes);
	*list = (struct demand_list){ 0 };
}

static void list_remove(struct demand_list *list, size_t i)
{
	list->cubes[i] = list->cubes[--list->n];
}

static void list_append(struct demand_list *list, const struct demand_cube *cube)
{
	if (list->n == list->size) {
		list->size = list->size ? 2 * list->size : 4;
		list->cubes = mem_grow(list->cubes, list->size, sizeof(*list->cubes));
	}
	list->cubes[list->n++] = *cube;
}

/* Keeps invariants 1 and 2. */
static void list_insert(struct demand_maker *maker, struct demand_list *list, struct demand_cube cube)
{
	for (size_t i = 0; i < list->n; ) {
		enum demand_dim dim;
		enum demand_relation r = compare_cubes(&cube, &list->cubes[i], &dim);

		if (r == DEMAND_EQUAL || r == DEMAND_INSIDE)
			return;
		if (r == DEMAND_OTHER && dim == DEMAND_DIMS) {
			i++;
			continue;
		}
		if (r == DEMAND_OTHER)
			unite_dim(maker, &cube, &list->cubes[i], dim);
		list_remove(list, i);
		i = 0;
	}
	list_append(list, &cube);
}

static bool is_negative(const struct demand_cube *c, enum demand_dim dim)
{
	switch (dim) {
	case DEMAND_COMM: return c->comm.none_of;
	case DEMAND_UID: return c->uid.none_of;
	case DEMAND_REMOTE_PORT: case DEMAND_LOCAL_PORT: return c->port[dim - DEMAND_REMOTE_PORT].none_of;
	case DEMAND_REMOTE_NET: case DEMAND_LOCAL_NET: return c->net[dim - DEMAND_REMOTE_NET].none_of;
	default: return false;
	}
}

/* Demands in the order in which they are given up. */
static void weaken(struct demand_maker *maker, struct demand_list *list)
{
	static const struct { enum demand_dim dim; bool only_negative; } steps[] = {
		{ DEMAND_COMM, true }, { DEMAND_UID, true }, { DEMAND_LOCAL_PORT, true }, { DEMAND_REMOTE_PORT, true },
		{ DEMAND_LOCAL_NET, true }, { DEMAND_REMOTE_NET, true }, { DEMAND_FD_TYPE, false }, { DEMAND_UID, false },
		{ DEMAND_LOCAL_NET, false }, { DEMAND_LOCAL_PORT, false }, { DEMAND_WHERE, false }, { DEMAND_PART, false },
		{ DEMAND_NEEDLE, false },
		{ DEMAND_COMM, false }, { DEMAND_EXE, false }, { DEMAND_REMOTE_NET, false }, { DEMAND_REMOTE_PORT, false },
		{ DEMAND_RESULTS, false }, { DEMAND_NAME, false }, { DEMAND_TEXT, false }, { DEMAND_PATH, false }, { DEMAND_KINDS, false },
	};

	maker->is_exact = false;
	for (size_t s = 0; s < ARRAY_LEN(steps) && list->n > DEMAND_CUBES_MAX; s++) {
		struct demand_list before = *list;

		*list = (struct demand_list){ 0 };
		for (size_t i = 0; i < before.n; i++) {
			struct demand_cube cube = before.cubes[i];
			if (!steps[s].only_negative || is_negative(&cube, steps[s].dim))
				clear_dim(&cube, steps[s].dim);
			list_insert(maker, list, cube);
		}
		demand_list_done(&before);
	}
}

void demand_list_add(struct demand_maker *maker, struct demand_list *list, const struct demand_cube *cube)
{
	list_insert(maker, list, *cube);
	if (list->n > DEMAND_CUBES_MAX)
		weaken(maker, list);
}

void demand_list_product(struct demand_maker *maker, struct demand_list *a, const struct demand_list *b)
{
	struct demand_list before = *a;

	*a = (struct demand_list){ 0 };
	for (size_t i = 0; i < before.n; i++)
		for (size_t j = 0; j < b->n; j++) {
			struct demand_cube cube = before.cubes[i];
			if (demand_cube_intersect(maker, &cube, &b->cubes[j]))
				demand_list_add(maker, a, &cube);
		}
	demand_list_done(&before);
}
