/* SPDX-License-Identifier: Apache-2.0 */
/* Programs: conditions are added, then sealed. */
#include "lang/program_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct lang_program *lang_program_new(void)
{
	struct lang_program *p = mem_alloc(sizeof(*p));

	arena_init(&p->arena, LANG_PROGRAM_BYTES_MAX);
	arena_init(&p->build, LANG_PROGRAM_BYTES_MAX);
	return p;
}

struct lang_program *lang_program_free(struct lang_program *p)
{
	if (!p)
		return NULL;
	for (uint32_t i = 0; i < p->n_regexes; i++)
		regex_free(p->regexes[i]);
	for (uint32_t i = 0; i < p->n_literals; i++)
		regex_literals_free(p->literals[i]);
	map_done(&p->slot_ids);
	map_done(&p->predicate_ids);
	map_done(&p->node_ids);
	map_done(&p->code_ids);
	free(p->regexes);
	free(p->literals);
	free(p->slots);
	free(p->predicates);
	free(p->nodes);
	free(p->conditions);
	free(p->code);
	free(p->kleene);
	free(p->kleene_start);
	map_done(&p->kept_texts);
	arena_done(&p->build);
	arena_done(&p->arena);
	free(p);
	return NULL;
}

int lang_program_add(struct lang_program *p, const struct lang_node *node, uint32_t *ret_index,
		     uint32_t *ret_offset, uint32_t *ret_source, struct err *err)
{
	uint32_t root;
	int k;

	if (p->sealed)
		return err_set(err, -EINVAL, "the program is sealed");
	k = lang_check_types(node, ret_offset, ret_source, err);
	if (k < 0)
		return k;
	root = p->n_conditions < LANG_CONDITIONS_MAX ? lang_dag_of(p, node) : LANG_NONE;
	if (root == LANG_NONE) {
		if (ret_offset)
			*ret_offset = node->offset;
		if (ret_source)
			*ret_source = node->source;
		return err_set(err, -E2BIG, "the program is full: more than %d conditions, %d checks or %d bytes",
			       LANG_CONDITIONS_MAX, LANG_PREDICATES_MAX, LANG_PROGRAM_BYTES_MAX);
	}
	LANG_RESERVE(p->conditions, p->n_conditions, p->conditions_size);
	p->conditions[p->n_conditions] = root;
	if (ret_index)
		*ret_index = p->n_conditions;
	p->n_conditions++;
	return 0;
}

/* ---- sealing ---- */

static int too_big(struct err *err)
{
	return err_set(err, -E2BIG, "the program is too big: more than %d instructions or %d bytes", LANG_CODE_MAX,
		       LANG_PROGRAM_BYTES_MAX);
}

static void mark_used(struct lang_program *p, uint32_t id)
{
	const struct lang_dag_node *n = &p->nodes[id];

	if (n->kind == LANG_DAG_LITERAL) {
		p->predicates[n->predicate].used = true;
		p->predicates[n->predicate].n_uses++;
	}
	for (uint32_t i = 0; i < n->n_children; i++)
		mark_used(p, n->children[i]);
}

static int build_matcher(struct lang_program *p, uint32_t id, struct err *err)
{
	struct lang_predicate *pred = &p->predicates[id];

	if (lang_spec_keep(p, &pred->spec) < 0)
		return too_big(err);
	return lang_predicate_build(p, id, err);
}

static int build_matchers(struct lang_program *p, struct err *err)
{
	for (uint32_t i = 0; i < p->n_conditions; i++)
		mark_used(p, p->conditions[i]);
	for (uint32_t i = 0; i < p->n_predicates; i++) {
		int k = p->predicates[i].used ? build_matcher(p, i, err) : 0;
		if (k < 0)
			return k;
	}
	return 0;
}

/* What an event predicate says of each type, once and for all. */
static void decide_events(struct lang_program *p, struct lang_predicate *pred, struct arena *scratch)
{
	for (unsigned t = 1; t < MODEL_EVT_MAX; t++) {
		const struct model_event *e = model_event(t);
		struct model_value v = { .text = e->name, .len = strlen(e->name) };

		if (lang_matcher_match(&pred->matcher, &v, NULL, scratch))
			model_event_set_add(&pred->events, t);
	}
}

/* The node with event predicates replaced by what they are for type t. */
static uint32_t fold(struct lang_program *p, uint32_t id, enum model_event_type t, uint32_t *folded)
{
	const struct lang_dag_node n = p->nodes[id];
	uint32_t *children, result = id;
	uint32_t i;

	if (!n.has_event)
		return id;
	if (folded[id] != LANG_NONE)
		return folded[id];
	if (n.kind == LANG_DAG_LITERAL) {
		result = lang_dag_constant(p, model_event_set_has(&p->predicates[n.predicate].events, t) != n.negated);
	} else {
		children = mem_array(n.n_children, sizeof(*children));
		for (i = 0; i < n.n_children; i++) {
			children[i] = fold(p, n.children[i], t, folded);
			if (children[i] == LANG_NONE)
				break;
		}
		result = i < n.n_children ? LANG_NONE : lang_dag_make(p, n.kind, children, n.n_children);
		free(children);
	}
	folded[id] = result;
	return result;
}

/* The conditions that t can make true, folded. Returns how many, -1 when memory is over. */
static int64_t fold_class(struct lang_program *p, enum model_event_type t, const uint32_t *roots, uint32_t n_roots,
			  struct lang_rule_code *rules)
{
	uint32_t n_nodes = p->n_nodes, *folded = mem_array(n_nodes, sizeof(*folded)), n = 0;
	int64_t result = 0;

	memset(folded, 0xff, n_nodes * sizeof(*folded));
	for (uint32_t i = 0; i < n_roots; i++) {
		uint32_t root = p->conditions[roots[i]];
		uint32_t node = t ? fold(p, root, t, folded) : root;   /* 0: the type is not known */

		if (node == LANG_NONE) {
			result = -1;
			break;
		}
		if (p->nodes[node].kind != LANG_DAG_FALSE)
			rules[n++] = (struct lang_rule_code){ roots[i], node };
	}
	free(folded);
	return result < 0 ? -1 : (int64_t)n;
}

/* Types are in one class when every event predicate says the same of them. */
static void class_key(const struct lang_program *p, enum model_event_type t, const uint32_t *predicates, uint32_t n, uint8_t *key)
{
	memset(key, 0, n / 8 + 2);
	key[0] = t == MODEL_EVT_NONE;
	for (uint32_t i = 0; i < n; i++)
		if (model_event_set_has(&p->predicates[predicates[i]].events, t))
			key[1 + i / 8] |= (uint8_t)(1 << (i % 8));
}

static int build_class(struct lang_program *p, struct lang_select *select, enum model_event_type t, const uint32_t *roots,
		       uint32_t n_roots, struct lang_rule_code *rules)
{
	int64_t n = fold_class(p, t, roots, n_roots, rules);

	p->classes[t] = n < 0 ? NULL : lang_select_class(select, rules, (uint32_t)n);
	return p->classes[t] ? 0 : -E2BIG;
}

static int build_classes(struct lang_program *p, struct lang_select *select, const uint32_t *events, uint32_t n_events,
			 const uint32_t *roots, uint32_t n_roots)
{
	struct lang_rule_code *rules = mem_array(n_roots, sizeof(*rules));
	size_t key_len = n_events / 8 + 2;
	struct map classes = MAP_INIT;
	int k = 0;

	for (unsigned t = 0; t < MODEL_EVT_MAX && k == 0; t++) {
		uint8_t *key = arena_alloc(&p->arena, key_len);
		void *known;

		if (!key) {
			k = -E2BIG;
			break;
		}
		class_key(p, t, events, n_events, key);
		known = map_get(&classes, key, key_len);
		if (known) {
			p->classes[t] = known;
			continue;
		}
		k = build_class(p, select, t, roots, n_roots, rules);
		if (k == 0)
			map_put(&classes, key, key_len, p->classes[t]);
	}
	map_done(&classes);
	free(rules);
	return k;
}

/* Conditions that no event type decides are a class of their own, asked about every record. */
static int build_common(struct lang_program *p, struct lang_select *select, uint32_t *roots, uint32_t *ret_n_roots)
{
	struct lang_rule_code *rules = mem_array(p->n_conditions, sizeof(*rules));
	uint32_t n = 0, n_roots = 0;

	for (uint32_t i = 0; i < p->n_conditions; i++) {
		if (p->nodes[p->conditions[i]].has_event)
			roots[n_roots++] = i;
		else
			rules[n++] = (struct lang_rule_code){ i, p->conditions[i] };
	}
	p->common = n ? lang_select_class(select, rules, n) : NULL;
	free(rules);
	*ret_n_roots = n_roots;
	return n && !p->common ? -E2BIG : 0;
}

static int build_code(struct lang_program *p)
{
	uint32_t *events = mem_array(p->n_predicates, sizeof(*events)), n_events = 0, n_roots;
	uint32_t *roots = mem_array(p->n_conditions, sizeof(*roots));
	struct lang_select *select = lang_select_new(p);
	struct arena scratch;
	int k;

	arena_init(&scratch, 0);
	for (uint32_t i = 0; i < p->n_predicates; i++) {
		if (!p->predicates[i].used || !p->predicates[i].is_event)
			continue;
		decide_events(p, &p->predicates[i], &scratch);
		events[n_events++] = i;
	}
	arena_done(&scratch);
	k = build_common(p, select, roots, &n_roots);
	if (k == 0)
		k = build_classes(p, select, events, n_events, roots, n_roots);
	if (k == 0 && lang_select_finish(select) < 0)
		k = -E2BIG;
	lang_select_free(select);
	map_done(&p->code_ids);
	free(events);
	free(roots);
	return k;
}

int lang_program_seal(struct lang_program *p, struct err *err)
{
	uint32_t n_before = p->n_predicates;
	int k;

	if (p->sealed)
		return err_set(err, -EINVAL, "the program is sealed already");
	k = build_matchers(p, err);
	if (k < 0)
		return k;
	if (build_code(p) < 0)
		return too_big(err);
	/* Folding can merge sets anew. */
	for (uint32_t i = n_before; i < p->n_predicates; i++) {
		k = build_matcher(p, i, err);
		if (k < 0)
			return k;
		p->predicates[i].used = true;
	}
	p->kleene_start = mem_array(p->n_conditions, sizeof(*p->kleene_start));
	for (uint32_t i = 0; i < p->n_conditions; i++)
		if (lang_codegen_kleene(p, i) < 0)
			return too_big(err);
	lang_program_build_done(p);
	p->sealed = true;
	return 0;
}

void lang_program_stats(const struct lang_program *p, struct lang_program_stats *ret)
{
	struct lang_program_stats s = { .n_conditions = p->n_conditions, .n_regexes = p->n_regexes, .n_sets = p->n_sets,
					.n_tries = p->n_tries };

	for (uint32_t i = 0; i < p->n_predicates; i++) {
		s.n_predicates += p->predicates[i].used;
		s.n_predicates_shared += p->predicates[i].n_uses > 1;
	}
	for (uint32_t i = 0; i < p->n_slots; i++)
		s.n_fields += p->slots[i].kind == LANG_VALUE_FIELD;
	s.memory_bytes = sizeof(*p) + p->arena.used_bytes + p->build.used_bytes + p->slots_size * sizeof(*p->slots) +
			 p->predicates_size * sizeof(*p->predicates) + p->nodes_size * sizeof(*p->nodes) +
			 p->code_size * sizeof(*p->code) + p->kleene_size * sizeof(*p->kleene) +
			 (p->slot_ids.size + p->predicate_ids.size + p->node_ids.size) * sizeof(struct map_slot);
	*ret = s;
}
