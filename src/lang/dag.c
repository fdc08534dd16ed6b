/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditions as shared nodes. Negation is pushed to the predicates, and/or of the same kind are
 * one node, operands that are sets over the same field are one set, equal nodes are one node.
 * All of it holds in three-valued logic too, so the same nodes serve both evaluators.
 */
#include "lang/program_internal.h"

#include <stdlib.h>
#include <string.h>

static uint32_t node_add(struct lang_program *p, const struct lang_dag_node *node)
{
	size_t len = 8 + node->n_children * sizeof(uint32_t);
	char *key = arena_alloc(&p->build, len);
	void *known;

	if (!key)
		return LANG_NONE;
	key[0] = (char)node->kind;
	key[1] = node->negated;
	memcpy(key + 4, &node->predicate, 4);
	if (node->n_children)
		memcpy(key + 8, node->children, node->n_children * sizeof(uint32_t));
	known = map_get(&p->node_ids, key, len);
	if (known)
		return (uint32_t)(uintptr_t)known - 1;
	LANG_RESERVE(p->nodes, p->n_nodes, p->nodes_size);
	p->nodes[p->n_nodes] = *node;
	map_put(&p->node_ids, key, len, (void *)(uintptr_t)(p->n_nodes + 1));
	return p->n_nodes++;
}

uint32_t lang_dag_constant(struct lang_program *p, bool value)
{
	struct lang_dag_node n = { .kind = value ? LANG_DAG_TRUE : LANG_DAG_FALSE, .chance = value };

	return node_add(p, &n);
}

uint32_t lang_dag_literal(struct lang_program *p, uint32_t predicate, bool negated)
{
	const struct lang_predicate *pred = &p->predicates[predicate];
	struct lang_dag_node n = { .kind = LANG_DAG_LITERAL, .negated = negated, .predicate = predicate,
				   .has_event = pred->is_event, .cost = pred->cost };

	n.chance = negated ? 1 - pred->chance : pred->chance;
	return node_add(p, &n);
}

/* ---- merging ---- */

/* Whether the literal may join others as one set below a node of this kind. */
static const struct lang_spec *mergeable(const struct lang_program *p, enum lang_dag_kind kind, uint32_t id)
{
	const struct lang_dag_node *n = &p->nodes[id];
	const struct lang_spec *s;

	if (n->kind != LANG_DAG_LITERAL)
		return NULL;
	s = &p->predicates[n->predicate].spec;
	/* or: a in X or a in Y; not a != X or not a != Y. and: not a in X and not a in Y; a != X and a != Y. */
	if ((kind == LANG_DAG_OR) != (n->negated == s->negate))
		return NULL;
	return lang_spec_can_merge(s, s) ? s : NULL;
}

struct merge_item {
	const struct lang_spec *spec;
	uint32_t id;
};

static int compare_items(const void *va, const void *vb)
{
	const struct merge_item *a = va, *b = vb;
	int c = (a->spec->slot > b->spec->slot) - (a->spec->slot < b->spec->slot);

	if (!c)
		c = a->spec->family - b->spec->family;
	if (!c)
		c = a->spec->mode - b->spec->mode;
	if (!c)
		c = a->spec->negate - b->spec->negate;
	return c ? c : (a->id > b->id) - (a->id < b->id);
}

/* A run of items that are one set: its literal. */
static uint32_t merge_run(struct lang_program *p, const struct merge_item *items, size_t n)
{
	bool negated = p->nodes[items[0].id].negated;
	const struct lang_spec **specs;
	struct lang_spec merged;
	uint32_t predicate;
	int k;

	if (n == 1)
		return items[0].id;
	specs = mem_array(n, sizeof(*specs));
	for (size_t i = 0; i < n; i++)
		specs[i] = items[i].spec;
	k = lang_spec_merge(p, specs, n, &merged);
	free(specs);
	if (k < 0)
		return LANG_NONE;
	predicate = lang_predicate_of(p, &merged);
	return predicate == LANG_NONE ? LANG_NONE : lang_dag_literal(p, predicate, negated);
}

/* Merge what can be in children[0..*n); false when memory is over. */
static bool merge_children(struct lang_program *p, enum lang_dag_kind kind, uint32_t *children, uint32_t *n)
{
	struct merge_item *items = mem_array(*n, sizeof(*items));
	uint32_t n_items = 0, n_kept = 0;
	bool ok = true;

	for (uint32_t i = 0; i < *n; i++) {
		const struct lang_spec *s = mergeable(p, kind, children[i]);
		if (s)
			items[n_items++] = (struct merge_item){ s, children[i] };
		else
			children[n_kept++] = children[i];
	}
	/* The specs are the predicates' own: copy them, the array may move while merging. */
	for (uint32_t i = 0; i < n_items && ok; i++) {
		struct lang_spec *copy = arena_alloc(&p->build, sizeof(*copy));

		ok = copy != NULL;
		if (ok)
			*copy = *items[i].spec;
		items[i].spec = copy;
	}
	if (ok)
		qsort(items, n_items, sizeof(*items), compare_items);
	for (uint32_t i = 0, end; i < n_items && ok; i = end) {
		for (end = i + 1; end < n_items && lang_spec_can_merge(items[i].spec, items[end].spec); end++)
			;
		children[n_kept] = merge_run(p, items + i, end - i);
		ok = children[n_kept++] != LANG_NONE;
	}
	free(items);
	*n = n_kept;
	return ok;
}

/* ---- and, or ---- */

struct ranked {
	float rank;
	uint32_t id;
};

static int compare_ranked(const void *va, const void *vb)
{
	const struct ranked *a = va, *b = vb;

	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	return (a->id > b->id) - (a->id < b->id);
}

/* Cheapest decision first: cost over the chance that it decides. */
static void order_children(struct lang_program *p, enum lang_dag_kind kind, uint32_t *children, uint32_t *n)
{
	struct ranked *ranked = mem_array(*n, sizeof(*ranked));
	uint32_t n_kept = 0;

	for (uint32_t i = 0; i < *n; i++) {
		const struct lang_dag_node *c = &p->nodes[children[i]];
		float decides = kind == LANG_DAG_AND ? 1 - c->chance : c->chance;

		ranked[i] = (struct ranked){ c->cost / (decides > 0.01f ? decides : 0.01f), children[i] };
		if (c->has_event)
			ranked[i].rank = 0;
	}
	qsort(ranked, *n, sizeof(*ranked), compare_ranked);
	for (uint32_t i = 0; i < *n; i++)
		if (!i || ranked[i].id != ranked[i - 1].id)
			children[n_kept++] = ranked[i].id;
	*n = n_kept;
	free(ranked);
}

static void node_guess(const struct lang_program *p, struct lang_dag_node *n)
{
	float reach = 1;

	for (uint32_t i = 0; i < n->n_children; i++) {
		const struct lang_dag_node *c = &p->nodes[n->children[i]];

		n->has_event |= c->has_event;
		n->cost += reach * c->cost;
		reach *= n->kind == LANG_DAG_AND ? c->chance : 1 - c->chance;
	}
	n->chance = n->kind == LANG_DAG_AND ? reach : 1 - reach;
}

/* Children of children of the same kind become children; constants go. *ret is on the heap.
 * Returns how many there are, UINT32_MAX when a constant decides the node. */
static uint32_t flatten(const struct lang_program *p, enum lang_dag_kind kind, const uint32_t *children, uint32_t n,
			uint32_t **ret)
{
	uint32_t count = 0, at = 0, *flat;

	for (uint32_t i = 0; i < n; i++)
		count += p->nodes[children[i]].kind == kind ? p->nodes[children[i]].n_children : 1;
	flat = mem_array(count, sizeof(*flat));
	*ret = flat;
	for (uint32_t i = 0; i < n; i++) {
		const struct lang_dag_node *c = &p->nodes[children[i]];

		if (c->kind == kind) {
			memcpy(flat + at, c->children, c->n_children * sizeof(*flat));
			at += c->n_children;
		} else if (c->kind == LANG_DAG_TRUE || c->kind == LANG_DAG_FALSE) {
			if ((c->kind == LANG_DAG_TRUE) == (kind == LANG_DAG_OR))
				return UINT32_MAX;
		} else {
			flat[at++] = children[i];
		}
	}
	return at;
}

/* ---- factoring ---- */

static bool has_child(const struct lang_dag_node *n, uint32_t id)
{
	for (uint32_t i = 0; i < n->n_children; i++)
		if (n->children[i] == id)
			return true;
	return false;
}

/* What all of the nodes, which are `and`s, have in common; on the heap. Returns how many. */
static uint32_t common_children(const struct lang_program *p, const uint32_t *ids, uint32_t n, uint32_t **ret)
{
	const struct lang_dag_node *first = &p->nodes[ids[0]];
	uint32_t count = 0;

	*ret = NULL;
	for (uint32_t i = 0; i < n; i++)
		if (p->nodes[ids[i]].kind != LANG_DAG_AND)
			return 0;
	*ret = mem_array(first->n_children, sizeof(**ret));
	for (uint32_t i = 0; i < first->n_children; i++) {
		bool everywhere = true;

		for (uint32_t j = 1; j < n && everywhere; j++)
			everywhere = has_child(&p->nodes[ids[j]], first->children[i]);
		if (everywhere)
			(*ret)[count++] = first->children[i];
	}
	return count;
}

/* An `and` without the children that are in `without`. */
static uint32_t rest_of(struct lang_program *p, uint32_t id, const uint32_t *without, uint32_t n_without)
{
	uint32_t n = p->nodes[id].n_children, *rest = mem_array(n, sizeof(*rest)), count = 0, result;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t child = p->nodes[id].children[i];
		bool out = false;

		for (uint32_t j = 0; j < n_without; j++)
			out |= without[j] == child;
		if (!out)
			rest[count++] = child;
	}
	result = lang_dag_make(p, LANG_DAG_AND, rest, count);
	free(rest);
	return result;
}

/* (a and b) or (a and c) is a and (b or c), in three-valued logic too: then `a` is an operand of the whole
 * rule, by which it can be left out early. LANG_NONE in *ret: it is not of that form. False when memory is over. */
static bool factor(struct lang_program *p, const uint32_t *ids, uint32_t n, uint32_t *ret)
{
	uint32_t *common, n_common = common_children(p, ids, n, &common), *rests, either;
	bool ok = true;

	*ret = LANG_NONE;
	if (n_common) {
		rests = mem_array(n, sizeof(*rests));
		for (uint32_t i = 0; i < n && ok; i++) {
			rests[i] = rest_of(p, ids[i], common, n_common);
			ok = rests[i] != LANG_NONE;
		}
		either = ok ? lang_dag_make(p, LANG_DAG_OR, rests, n) : LANG_NONE;
		free(rests);
		if (either != LANG_NONE) {
			common = mem_grow(common, n_common + 1, sizeof(*common));
			common[n_common++] = either;
			*ret = lang_dag_make(p, LANG_DAG_AND, common, n_common);
		}
		ok = *ret != LANG_NONE;
	}
	free(common);
	return ok;
}

uint32_t lang_dag_make(struct lang_program *p, enum lang_dag_kind kind, uint32_t *children, uint32_t n_given)
{
	struct lang_dag_node node = { .kind = (uint8_t)kind };
	uint32_t *flat, n = flatten(p, kind, children, n_given, &flat), id = LANG_NONE;

	if (n == UINT32_MAX) {
		id = lang_dag_constant(p, kind == LANG_DAG_OR);
	} else if (n == 0) {
		id = lang_dag_constant(p, kind == LANG_DAG_AND);
	} else if (merge_children(p, kind, flat, &n)) {
		order_children(p, kind, flat, &n);
		if (n == 1) {
			id = flat[0];
		} else if (kind == LANG_DAG_OR && (!factor(p, flat, n, &id) || id != LANG_NONE)) {
			/* made, or memory is over */
		} else {
			node.children = arena_alloc(&p->build, n * sizeof(*flat));
			node.n_children = n;
			if (node.children) {
				memcpy(node.children, flat, n * sizeof(*flat));
				node_guess(p, &node);
				id = node_add(p, &node);
			}
		}
	}
	free(flat);
	return id;
}

/* ---- from trees ---- */

static uint32_t dag_check(struct lang_program *p, const struct lang_node *n, bool negated)
{
	struct arena_mark mark = arena_mark(&p->build);
	uint32_t n_known = p->n_predicates, predicate;
	struct lang_spec spec;

	if (lang_spec_of(p, n, &spec) < 0)
		return LANG_NONE;
	predicate = lang_predicate_of(p, &spec);
	if (p->n_predicates == n_known)
		arena_rewind(&p->build, mark);   /* an old one: its spec is there */
	return predicate == LANG_NONE ? LANG_NONE : lang_dag_literal(p, predicate, negated);
}

static uint32_t dag_node(struct lang_program *p, const struct lang_node *n, bool negated)
{
	bool is_and = (n->kind == LANG_NODE_AND) != negated;
	uint32_t *children, id;
	size_t i;

	if (n->kind == LANG_NODE_CHECK)
		return dag_check(p, n, negated);
	if (n->kind == LANG_NODE_NOT)
		return dag_node(p, n->children[0], !negated);
	children = mem_array(n->n_children, sizeof(*children));
	for (i = 0; i < n->n_children; i++) {
		children[i] = dag_node(p, n->children[i], negated);
		if (children[i] == LANG_NONE)
			break;
	}
	id = i < n->n_children ? LANG_NONE :
	     lang_dag_make(p, is_and ? LANG_DAG_AND : LANG_DAG_OR, children, (uint32_t)n->n_children);
	free(children);
	return id;
}

uint32_t lang_dag_of(struct lang_program *p, const struct lang_node *node)
{
	return dag_node(p, node, false);
}
