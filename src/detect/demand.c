/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From rules to terms: of each rule and each group of event types, NOT is pushed to the checks, checks become cubes, AND and OR
 * of lists of cubes a list again.
 */
#include "detect/demand_internal.h"

#include <stdlib.h>
#include <string.h>

enum { GROUPS_MAX = 5 };

struct detect_demand {
	struct demand_maker maker;
	struct demand_group groups[GROUPS_MAX];
	size_t n_groups;
	struct demand_cube *cubes;       /* of the terms, while they are gathered */
	uint32_t *owners;
	struct sensor_filter_term *terms;
	size_t n, size;
	struct model_event_set always;
};

/* ---- groups ---- */

static enum demand_role role_of(enum sensor_filter_class class, enum model_event_type type)
{
	if (class != FILTER_NET)
		return DEMAND_ROLE_NONE;
	switch (type) {
	case MODEL_EVT_BIND: case MODEL_EVT_LISTEN: return DEMAND_ROLE_LISTENER;
	case MODEL_EVT_ACCEPT: case MODEL_EVT_ACCEPT4: return DEMAND_ROLE_SERVER;
	default: return DEMAND_ROLE_CLIENT;
	}
}

static void set_possible_kinds(struct demand_group *group)
{
	memset(group->possible_kinds, group->class == FILTER_NET ? 0 : 0xff, sizeof(group->possible_kinds));
	if (group->class != FILTER_NET)
		return;
	for (unsigned family = FILTER_IPV4; family <= FILTER_OTHER_FAMILY; family++)
		for (unsigned l4 = FILTER_TCP; l4 <= FILTER_OTHER_L4; l4++)
			if (family <= FILTER_IPV6 || l4 == FILTER_OTHER_L4)
				group->possible_kinds[0] |= UINT64_C(1) << (family | l4 << 2);
	group->possible_kinds[0] |= UINT64_C(1) << DEMAND_NO_SOCKET;
}

static void make_groups(struct detect_demand *d)
{
	for (unsigned type = 1; type < MODEL_EVT_MAX; type++) {
		enum sensor_filter_class class = sensor_filter_class_of(type);
		enum demand_role role = role_of(class, type);
		size_t i = 0;

		if (class >= FILTER_CLASSES)
			continue;
		while (i < d->n_groups && (d->groups[i].class != class || d->groups[i].role != role))
			i++;
		if (i == d->n_groups) {
			d->groups[d->n_groups++] = (struct demand_group){ .class = class, .role = role };
			set_possible_kinds(&d->groups[i]);
		}
		model_event_set_add(&d->groups[i].types, type);
	}
}

static bool overlap(const struct model_event_set *a, const struct model_event_set *b)
{
	for (size_t i = 0; i < ARRAY_LEN(a->words); i++)
		if (a->words[i] & b->words[i])
			return true;
	return false;
}

/* ---- trees ---- */

static void expand(struct demand_maker *maker, const struct lang_node *node, bool negated, struct demand_list *out);

static bool has_all(const struct demand_maker *maker, const struct demand_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		if (demand_cube_is_all(&list->cubes[i], maker->group))
			return true;
	return false;
}

static void expand_and(struct demand_maker *maker, const struct lang_node *node, bool negated, struct demand_list *out)
{
	struct demand_cube all = demand_cube_all(maker->group);
	struct demand_list product = { 0 };

	demand_list_add(maker, &product, &all);
	for (size_t i = 0; i < node->n_children && product.n; i++) {
		struct demand_list child = { 0 };

		expand(maker, node->children[i], negated, &child);
		if (!has_all(maker, &child))
			demand_list_product(maker, &product, &child);
		demand_list_done(&child);
	}
	for (size_t i = 0; i < product.n; i++)
		demand_list_add(maker, out, &product.cubes[i]);
	demand_list_done(&product);
}

/* Recursion: as deep as the tree, which has a limit (lang/limits.h). */
static void expand(struct demand_maker *maker, const struct lang_node *node, bool negated, struct demand_list *out)
{
	switch (node->kind) {
	case LANG_NODE_CHECK:
		demand_check(maker, node, negated, out);
		return;
	case LANG_NODE_NOT:
		expand(maker, node->children[0], !negated, out);
		return;
	case LANG_NODE_MACRO:
		demand_undecided(maker, out);
		return;
	case LANG_NODE_AND: case LANG_NODE_OR:
		break;
	}
	if ((node->kind == LANG_NODE_AND) != negated) {
		expand_and(maker, node, negated, out);
		return;
	}
	for (size_t i = 0; i < node->n_children && !has_all(maker, out); i++)
		expand(maker, node->children[i], negated, out);
}

/* ---- rules ---- */

static void keep(struct detect_demand *d, const struct demand_cube *cube, uint32_t owner)
{
	if (d->n == d->size) {
		d->size = d->size ? 2 * d->size : 64;
		d->cubes = mem_grow(d->cubes, d->size, sizeof(*d->cubes));
		d->owners = mem_grow(d->owners, d->size, sizeof(*d->owners));
	}
	d->cubes[d->n] = *cube;
	d->owners[d->n++] = owner;
}

/* What a rule demands of events of one class, groups together: equal demands on connect and bind are one term. */
static void add_class(struct detect_demand *d, const struct lang_node *tree, enum sensor_filter_class class, uint32_t owner)
{
	struct model_event_set wanted = lang_event_types(tree, NULL);
	struct demand_list terms = { 0 };

	for (size_t g = 0; g < d->n_groups; g++) {
		struct demand_list of_group = { 0 };

		if (d->groups[g].class != class || !overlap(&wanted, &d->groups[g].types))
			continue;
		d->maker.group = &d->groups[g];
		expand(&d->maker, tree, false, &of_group);
		for (size_t i = 0; i < of_group.n; i++)
			demand_list_add(&d->maker, &terms, &of_group.cubes[i]);
		demand_list_done(&of_group);
	}
	for (size_t i = 0; i < terms.n; i++)
		keep(d, &terms.cubes[i], owner);
	demand_list_done(&terms);
}

static void add_tree(struct detect_demand *d, const struct lang_node *tree, uint32_t owner)
{
	for (unsigned class = 0; class < FILTER_CLASSES; class++)
		add_class(d, tree, class, owner);
}

/* ---- terms ---- */

static struct sensor_filter_texts texts_of(struct demand_maker *maker, const struct demand_set *set)
{
	const char **texts = arena_alloc(&maker->arena, (set->n + 1) * sizeof(*texts));

	for (size_t i = 0; i < set->n; i++)
		texts[i] = maker->texts[set->items[i]];
	return (struct sensor_filter_texts){ texts, set->n, set->none_of };
}

static const char *const *places_of(struct demand_maker *maker, const struct demand_places *set, enum demand_place_kind kind, size_t *ret_n)
{
	const char **texts = arena_alloc(&maker->arena, (set->n + 1) * sizeof(*texts));
	size_t n = 0;

	for (size_t i = 0; i < set->n; i++)
		if (set->places[i].kind == kind)
			texts[n++] = set->places[i].text;
	*ret_n = n;
	return texts;
}

static struct sensor_filter_paths paths_of(struct demand_maker *maker, const struct demand_places *set)
{
	struct sensor_filter_paths p;

	p.exact = places_of(maker, set, DEMAND_EXACT, &p.n_exact);
	p.in = places_of(maker, set, DEMAND_IN, &p.n_in);
	p.below = places_of(maker, set, DEMAND_BELOW, &p.n_below);
	p.prefixes = places_of(maker, set, DEMAND_PREFIX, &p.n_prefixes);
	return p;
}

static struct sensor_filter_numbers numbers_of(const struct demand_set *set)
{
	return (struct sensor_filter_numbers){ set->items, set->n, set->none_of };
}

static struct sensor_filter_term term_of(struct demand_maker *maker, const struct demand_cube *c, uint32_t owner)
{
	struct sensor_filter_term t = { .types = c->types, .texts = c->texts, .owner = owner };

	if (!demand_cube_is_free(c, DEMAND_KINDS))
		memcpy(t.kinds, c->kinds, sizeof(t.kinds));
	if (!demand_cube_is_free(c, DEMAND_RESULTS))
		memcpy(t.results, c->results, sizeof(t.results));
	if (!demand_cube_is_free(c, DEMAND_FD_TYPE))
		t.fd_types = c->fd_types | 1 << FILTER_FD_UNKNOWN;
	if (!demand_cube_is_free(c, DEMAND_WHERE))
		t.wheres = c->wheres | 1 << FILTER_WHERE_UNKNOWN;
	t.comms = texts_of(maker, &c->comm);
	t.euids = numbers_of(&c->uid);
	t.exe = paths_of(maker, &c->exe);
	t.paths = paths_of(maker, &c->path);
	t.names = places_of(maker, &c->name, DEMAND_EXACT, &t.n_names);
	t.suffixes = places_of(maker, &c->name, DEMAND_SUFFIX, &t.n_suffixes);
	t.parts = places_of(maker, &c->part, DEMAND_EXACT, &t.n_parts);
	t.needles = places_of(maker, &c->needle, DEMAND_EXACT, &t.n_needles);
	for (unsigned end = 0; end < FILTER_ENDS; end++) {
		t.ports[end] = numbers_of(&c->port[end]);
		t.port_or_none[end] = c->port[end].or_none;
		t.nets[end] = (struct sensor_filter_nets){ c->net[end].nets, c->net[end].n, c->net[end].none_of, c->net[end].or_none };
	}
	return t;
}

static bool is_unconditional(const struct demand_cube *cube)
{
	for (enum demand_dim dim = DEMAND_KINDS; dim < DEMAND_DIMS; dim++)
		if (!demand_cube_is_free(cube, dim))
			return false;
	return true;
}

/* Types of which all events are wanted need no terms. */
static void find_always(struct detect_demand *d)
{
	for (size_t i = 0; i < d->n; i++)
		for (size_t w = 0; is_unconditional(&d->cubes[i]) && w < ARRAY_LEN(d->always.words); w++)
			d->always.words[w] |= d->cubes[i].types.words[w];
}

static bool strip_always(const struct detect_demand *d, struct demand_cube *cube)
{
	uint64_t left = 0;

	for (size_t w = 0; w < ARRAY_LEN(d->always.words); w++)
		left |= cube->types.words[w] &= ~d->always.words[w];
	return left;
}

static void finish(struct detect_demand *d)
{
	size_t n = 0;

	find_always(d);
	d->terms = mem_array(d->n + 1, sizeof(*d->terms));
	for (size_t i = 0; i < d->n; i++)
		if (strip_always(d, &d->cubes[i]))
			d->terms[n++] = term_of(&d->maker, &d->cubes[i], d->owners[i]);
	d->n = n;
	free(take_ptr(d->cubes));
	free(take_ptr(d->owners));
}

static void mark_foldable(struct detect_demand *d, const struct lang_node *tree, uint32_t owner)
{
	bool foldable = demand_is_foldable(tree);

	for (size_t i = 0; i < d->n; i++)
		if (d->terms[i].owner == owner)
			d->terms[i].foldable = foldable;
}

static struct detect_demand *demand_new(void)
{
	struct detect_demand *d = mem_alloc(sizeof(*d));

	arena_init(&d->maker.arena, 0);
	make_groups(d);
	return d;
}

struct detect_demand *detect_demand_new(const struct lang_rules *rules)
{
	struct detect_demand *d = demand_new();

	for (size_t i = 0; i < lang_rules_count(rules); i++) {
		const struct lang_rule *rule = lang_rules_at(rules, i);
		const struct lang_node *tree = lang_rules_tree(rules, rule);

		if (tree && rule->program_index != UINT32_MAX)
			add_tree(d, tree, rule->program_index);
	}
	finish(d);
	for (size_t i = 0; i < lang_rules_count(rules); i++) {
		const struct lang_rule *rule = lang_rules_at(rules, i);
		const struct lang_node *tree = lang_rules_tree(rules, rule);

		if (tree && rule->program_index != UINT32_MAX)
			mark_foldable(d, tree, rule->program_index);
	}
	return d;
}

struct detect_demand *detect_demand_of_condition(const struct lang_node *tree)
{
	struct detect_demand *d = demand_new();

	add_tree(d, tree, 0);
	finish(d);
	mark_foldable(d, tree, 0);
	return d;
}

struct detect_demand *detect_demand_free(struct detect_demand *d)
{
	if (!d)
		return NULL;
	map_done(&d->maker.text_ids);
	map_done(&d->maker.answers);
	free(d->maker.texts);
	arena_done(&d->maker.arena);
	free(d->cubes);
	free(d->owners);
	free(d->terms);
	free(d);
	return NULL;
}

size_t detect_demand_terms(const struct detect_demand *demand, const struct sensor_filter_term **ret_terms)
{
	*ret_terms = demand->terms;
	return demand->n;
}

struct model_event_set detect_demand_always(const struct detect_demand *demand)
{
	return demand->always;
}

/* The best that is done with it in any group; where it is the same for all events nothing is decided. */
enum detect_decides detect_demand_decides(const struct lang_node *node)
{
	bool negated = node->kind == LANG_NODE_NOT;
	const struct lang_node *check = negated ? node->children[0] : node;
	enum detect_decides best = DETECT_KERNEL_NO;
	struct detect_demand *d = demand_new();

	for (size_t g = 0; g < d->n_groups; g++) {
		struct demand_list list = { 0 };

		d->maker.group = &d->groups[g];
		demand_check(&d->maker, check, negated, &list);
		if (!d->maker.is_constant && d->maker.is_exact)
			best = DETECT_KERNEL_WHOLLY;
		else if (!d->maker.is_constant && !has_all(&d->maker, &list) && best == DETECT_KERNEL_NO)
			best = DETECT_KERNEL_PARTLY;
		demand_list_done(&list);
	}
	detect_demand_free(d);
	return best;
}
