/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which of the rules of a class can be true at all is found before any of them is run:
 *
 *   gates    checks that many rules have: a false one takes all of them out at once, by a mask
 *   lookups  most rules have an operand that says "one of these texts (or numbers, networks)": its key. The keys of all
 *            rules over one value are one index: what it does not find is not true, and the rules go
 *
 * What is left is run as it is. So a gate or key need only be necessary for its rule, never sufficient.
 *
 * Invariants
 * 1. A rule that has a key is true only of records of which at least one of its key's atoms holds.
 * 2. Classes, masks and indexes do not change once made.
 */
#include "lang/program_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { GATES_MAX = 12, GATE_RULES_MIN = 2, CANDIDATES_MAX = 32, ROUNDS = 3 };

/* Guesses, in the units of node costs (nanoseconds, more or less). */
#define RUN_COST 30.0f           /* running the code of a rule that is not true */
#define KEY_COST_MAX 250.0f
#define HIT_CHANCE 0.03f         /* of a key */
#define GATE_COST 10.0f          /* fetching a field for a check */

/* A rule of a class is to be told when key `number` of an index holds: `index` is slot * LANG_INDEXES + which of it. */
struct choice {
	struct lang_class *class;
	uint32_t rule, index, number;
};

struct index_keys {
	struct lang_key *keys;
	uint32_t n, size, n_numbers;
};

struct lang_select {
	struct lang_program *program;
	struct choice *choices;
	uint32_t n_choices, choices_size;
	struct index_keys *indexes;
	struct map numbers;      /* predicate -> its number in its index + 1 */
	/* Of the class at hand: */
	uint32_t *users;         /* per index: how many rules could have a key of it */
	float *scores;           /* per node; 0: not known yet */
	bool failed;
};

struct lang_select *lang_select_new(struct lang_program *p)
{
	struct lang_select *s = mem_alloc(sizeof(*s));

	s->program = p;
	s->indexes = mem_array((size_t)p->n_slots * LANG_INDEXES, sizeof(*s->indexes));
	s->users = mem_array((size_t)p->n_slots * LANG_INDEXES, sizeof(*s->users));
	return s;
}

struct lang_select *lang_select_free(struct lang_select *s)
{
	for (uint32_t i = 0; s && i < s->program->n_slots * LANG_INDEXES; i++)
		free(s->indexes[i].keys);
	if (s) {
		free(s->indexes);
		free(s->users);
		free(s->choices);
		map_done(&s->numbers);
	}
	free(s);
	return NULL;
}

/* ---- keys ---- */

/* How much a key of that field costs to ask for, and how seldom it tells rules apart: a guess, the less the better.
 * INFINITY: not worth being one. */
static float field_weight(enum model_field_id id)
{
	switch (id) {
	case MODEL_F_FD_NAME: case MODEL_F_FD_FILENAME: case MODEL_F_FD_DIRECTORY:
	case MODEL_F_FS_PATH_NAME: case MODEL_F_FS_PATH_SOURCE: case MODEL_F_FS_PATH_TARGET:
		return 1;
	case MODEL_F_FD_NAMERAW: case MODEL_F_FS_PATH_NAMERAW:
		return 1.5f;
	case MODEL_F_PROC_NAME: case MODEL_F_PROC_EXEPATH:
		return 2;
	case MODEL_F_PROC_EXE: case MODEL_F_PROC_CMDLINE: case MODEL_F_PROC_ARGS:
		return 2.5f;
	case MODEL_F_PROC_PNAME: case MODEL_F_PROC_PEXE: case MODEL_F_PROC_PEXEPATH: case MODEL_F_CONTAINER_IMAGE_REPOSITORY:
		return 3;
	case MODEL_F_EVT_ARG: case MODEL_F_EVT_RAWARG: case MODEL_F_EVT_ARGS:
		return 12;
	/* The same few values over and over. */
	case MODEL_F_EVT_TYPE: case MODEL_F_SYSCALL_TYPE: case MODEL_F_EVT_CATEGORY: case MODEL_F_EVT_DIR: case MODEL_F_EVT_RES:
	case MODEL_F_EVT_RAWRES: case MODEL_F_EVT_NUM: case MODEL_F_FD_NUM: case MODEL_F_FD_TYPE: case MODEL_F_FD_TYPECHAR:
	case MODEL_F_FD_L4PROTO: case MODEL_F_CONTAINER_ID: case MODEL_F_CONTAINER_TYPE: case MODEL_F_PROC_TTY: case MODEL_F_PROC_VPID:
		return INFINITY;
	default:
		return 5;
	}
}

static uint32_t index_of(const struct lang_spec *spec)
{
	switch ((enum lang_family)spec->family) {
	case LANG_FAMILY_PATHS: return spec->slot * LANG_INDEXES + LANG_INDEX_PATHS;
	case LANG_FAMILY_SUFFIX: return spec->slot * LANG_INDEXES + LANG_INDEX_ENDS;
	case LANG_FAMILY_CONTAINS:
	case LANG_FAMILY_ICONTAINS: return spec->slot * LANG_INDEXES + LANG_INDEX_PARTS;
	default: return spec->slot * LANG_INDEXES + LANG_INDEX_VALUES;
	}
}

/* What asking an index costs a record. */
static float lookup_cost(const struct lang_program *p, uint32_t index)
{
	const struct lang_slot *slot = &p->slots[index / LANG_INDEXES];
	float weight = slot->kind == LANG_VALUE_FIELD ? field_weight(slot->field.id) : 10;

	return 20 + 10 * weight + (index % LANG_INDEXES == LANG_INDEX_PARTS ? 30 : 0);
}

/* The text before the first character with a meaning. */
static size_t glob_literal(const struct lang_bytes *glob)
{
	size_t n = 0;

	while (n < glob->len && !strchr("*?[\\", glob->text[n]))
		n++;
	return n;
}

/* The components before the first glob among them. */
static size_t path_literal(const struct lang_bytes *path)
{
	size_t n = 0, end = 0;

	for (; n < path->len && !strchr("*?[", path->text[n]); n++)
		if (path->text[n] == '/')
			end = n;
	return n == path->len ? n : end;
}

/* What must hold of a value for which text i does. False when nothing of use must. */
static bool key_of(const struct lang_spec *s, size_t i, struct lang_key *ret)
{
	const struct lang_bytes *text = &s->texts[i];

	ret->text = *text;
	switch ((enum lang_family)s->family) {
	case LANG_FAMILY_TEXTS: ret->kind = LANG_KEY_WHOLE; return true;
	case LANG_FAMILY_NUMBERS: ret->kind = LANG_KEY_NUMBER; return true;
	case LANG_FAMILY_NETS: ret->kind = LANG_KEY_NET; return true;
	case LANG_FAMILY_PREFIX: ret->kind = LANG_KEY_BEGINNING; return text->len > 0;
	case LANG_FAMILY_SUFFIX: ret->kind = LANG_KEY_END; return text->len > 0;
	case LANG_FAMILY_CONTAINS: ret->kind = LANG_KEY_PART; return text->len > 1;
	case LANG_FAMILY_ICONTAINS: ret->kind = LANG_KEY_IPART; return text->len > 1;
	case LANG_FAMILY_PATHS:
		ret->kind = LANG_KEY_PATH;
		ret->text.len = path_literal(text);
		return ret->text.len > 0;
	case LANG_FAMILY_GLOB:
		ret->kind = LANG_KEY_BEGINNING;
		ret->text.len = glob_literal(text);
		return ret->text.len > 1;
	default:
		return false;
	}
}

static bool is_key_family(enum lang_family family)
{
	return family != LANG_FAMILY_EXISTS && family < LANG_FAMILY_IGLOB;
}

/* Of a literal: may it be an atom of a key? */
static bool is_atom(const struct lang_select *s, const struct lang_dag_node *n)
{
	const struct lang_spec *spec = &s->program->predicates[n->predicate].spec;
	const struct lang_slot *slot = &s->program->slots[spec->slot];
	enum model_type type = slot->type.type;
	struct lang_key key;

	if (n->negated || spec->negate || (spec->mode != LANG_MODE_ONE && spec->mode != LANG_MODE_ANY) || !is_key_family(spec->family) ||
	    type == MODEL_TYPE_BOOL || type == MODEL_TYPE_BYTES || (slot->kind == LANG_VALUE_FIELD && field_weight(slot->field.id) == INFINITY))
		return false;
	for (size_t i = 0; i < spec->n_texts; i++)
		if (!key_of(spec, i, &key))
			return false;
	return true;
}

/* Its share of what asking its index costs a record, and what it costs when it tells too often. */
static float atom_score(const struct lang_select *s, const struct lang_dag_node *n)
{
	const struct lang_spec *spec = &s->program->predicates[n->predicate].spec;
	uint32_t index = index_of(spec);
	float score;

	if (!is_atom(s, n))
		return INFINITY;
	score = lookup_cost(s->program, index) * (spec->mode == LANG_MODE_ANY ? 3 : 1);
	score *= 0.02f + 1 / (float)(s->users[index] ? s->users[index] : 1);
	/* Hardly a text does not begin with "/". */
	for (size_t i = 0; i < spec->n_texts; i++)
		if (spec->family != LANG_FAMILY_TEXTS && spec->texts[i].len < 3)
			return score + 10;
	return score;
}

/* How good the key is that the node gives, the less the better; INFINITY: it gives none. Of an `and` one operand is
 * enough, of an `or` there must be all of them. */
static float node_score(struct lang_select *s, uint32_t id)
{
	const struct lang_dag_node *n = &s->program->nodes[id];
	float score = n->kind == LANG_DAG_OR ? 0 : INFINITY;

	if (s->scores[id] != 0)
		return s->scores[id];
	if (n->kind == LANG_DAG_LITERAL)
		score = atom_score(s, n);
	for (uint32_t i = 0; i < n->n_children; i++) {
		float child = node_score(s, n->children[i]);

		score = n->kind == LANG_DAG_OR ? score + child : fminf(score, child);
	}
	s->scores[id] = score;
	return score;
}

/* The operand of an `and` that makes the best key. */
static uint32_t best_child(struct lang_select *s, const struct lang_dag_node *n)
{
	uint32_t best = 0;

	for (uint32_t i = 1; i < n->n_children; i++)
		if (node_score(s, n->children[i]) < node_score(s, n->children[best]))
			best = i;
	return n->children[best];
}

/* Count the rule as a user of each index that it could have a key of: of all its atoms, or (`chosen`) of those of its
 * best key. `seen`: per index, the last rule counted. */
static void count_users(struct lang_select *s, uint32_t id, bool chosen, uint32_t rule, uint32_t *users, uint32_t *seen)
{
	const struct lang_dag_node *n = &s->program->nodes[id];

	if (n->kind == LANG_DAG_LITERAL && is_atom(s, n)) {
		uint32_t index = index_of(&s->program->predicates[n->predicate].spec);

		users[index] += seen[index] != rule;
		seen[index] = rule;
	} else if (n->kind == LANG_DAG_AND && chosen) {
		count_users(s, best_child(s, n), chosen, rule, users, seen);
	} else {
		for (uint32_t i = 0; i < n->n_children; i++)
			count_users(s, n->children[i], chosen, rule, users, seen);
	}
}

/* The number of a predicate in its index, where its texts become keys with the first use. */
static uint32_t number_of(struct lang_select *s, uint32_t predicate)
{
	const struct lang_spec *spec = &s->program->predicates[predicate].spec;
	struct index_keys *k = &s->indexes[index_of(spec)];
	void *known = map_get_u64(&s->numbers, predicate);

	if (known)
		return (uint32_t)(uintptr_t)known - 1;
	for (size_t i = 0; i < spec->n_texts; i++) {
		LANG_RESERVE(k->keys, k->n, k->size);
		k->keys[k->n].number = k->n_numbers;
		key_of(spec, i, &k->keys[k->n++]);
	}
	map_put_u64(&s->numbers, predicate, (void *)(uintptr_t)(k->n_numbers + 1));
	return k->n_numbers++;
}

static void choose(struct lang_select *s, struct lang_class *class, uint32_t rule, uint32_t id)
{
	const struct lang_dag_node *n = &s->program->nodes[id];

	if (n->kind == LANG_DAG_LITERAL) {
		LANG_RESERVE(s->choices, s->n_choices, s->choices_size);
		s->choices[s->n_choices++] = (struct choice){ class, rule, index_of(&s->program->predicates[n->predicate].spec),
							      number_of(s, n->predicate) };
	} else if (n->kind == LANG_DAG_AND) {
		choose(s, class, rule, best_child(s, n));
	} else {
		for (uint32_t i = 0; i < n->n_children; i++)
			choose(s, class, rule, n->children[i]);
	}
}

/* Running a rule asks for much the same values as its key does, if not for so many rules at once: only a key of very many
 * values costs more. */
static bool is_worth_a_key(struct lang_select *s, uint32_t node)
{
	return node_score(s, node) < KEY_COST_MAX;
}

/* An index is the cheaper the more rules share it, and which do depends on what the others choose: first all that could,
 * then those that did. */
static void choose_keys(struct lang_select *s, struct lang_class *class, const struct lang_rule_code *rules)
{
	struct lang_program *p = s->program;
	uint32_t n_indexes = p->n_slots * LANG_INDEXES;
	uint32_t *seen = mem_array(n_indexes, sizeof(*seen)), *users = mem_array(n_indexes, sizeof(*users));

	s->scores = mem_array(p->n_nodes, sizeof(*s->scores));
	for (unsigned round = 0; round < ROUNDS; round++) {
		memset(seen, 0xff, n_indexes * sizeof(*seen));
		memset(users, 0, n_indexes * sizeof(*users));
		for (uint32_t i = 0; i < class->n_rules; i++)
			if (round == 0 || is_worth_a_key(s, rules[i].node))
				count_users(s, rules[i].node, round > 0, i, users, seen);
		memcpy(s->users, users, n_indexes * sizeof(*users));
		memset(s->scores, 0, p->n_nodes * sizeof(*s->scores));
	}
	for (uint32_t i = 0; i < class->n_rules; i++) {
		if (!is_worth_a_key(s, rules[i].node))
			continue;
		class->keyed[i / 64] |= UINT64_C(1) << (i % 64);
		choose(s, class, i, rules[i].node);
	}
	free(seen);
	free(users);
	free(s->scores);
}

/* ---- gates ---- */

static bool may_be_gate(const struct lang_program *p, const struct lang_dag_node *n)
{
	const struct lang_spec *s = n->kind == LANG_DAG_LITERAL ? &p->predicates[n->predicate].spec : NULL;

	return s && s->mode == LANG_MODE_ONE && p->slots[s->slot].kind == LANG_VALUE_FIELD &&
	       (s->family == LANG_FAMILY_EXISTS || s->family == LANG_FAMILY_TEXTS || s->family == LANG_FAMILY_NUMBERS ||
		s->family == LANG_FAMILY_ORDER || s->family == LANG_FAMILY_PREFIX);
}

/* The operands of a rule: all must be true. */
static const uint32_t *operands(const struct lang_program *p, const uint32_t *node, uint32_t *ret_n)
{
	bool is_and = p->nodes[*node].kind == LANG_DAG_AND;

	*ret_n = is_and ? p->nodes[*node].n_children : 1;
	return is_and ? p->nodes[*node].children : node;
}

struct candidate {
	uint32_t node, count;
	uint64_t *rules;
	bool chosen;
};

struct gates {
	struct candidate *candidates;
	uint32_t n;
	float *alive;            /* per rule: how likely the gates chosen so far leave it */
	float *needed;           /* per index, scratch: how likely the most likely of its rules is left */
};

static bool has_rule(const uint64_t *rules, uint32_t i)
{
	return rules[i / 64] >> (i % 64) & 1;
}

static int compare_candidates(const void *va, const void *vb)
{
	const struct candidate *a = va, *b = vb;

	return a->count != b->count ? (a->count < b->count ? 1 : -1) : (a->node > b->node) - (a->node < b->node);
}

/* Checks that several rules have, those of most rules first. */
static void find_candidates(const struct lang_program *p, const struct lang_class *class, const struct lang_rule_code *rules,
			    struct gates *g)
{
	uint32_t *counts = mem_array(p->n_nodes, sizeof(*counts)), n, size = 0;

	for (uint32_t i = 0; i < class->n_rules; i++) {
		const uint32_t *nodes = operands(p, &rules[i].node, &n);

		for (uint32_t j = 0; j < n; j++) {
			if (++counts[nodes[j]] != GATE_RULES_MIN || !may_be_gate(p, &p->nodes[nodes[j]]))
				continue;
			LANG_RESERVE(g->candidates, g->n, size);
			g->candidates[g->n++] = (struct candidate){ .node = nodes[j] };
		}
	}
	for (uint32_t k = 0; k < g->n; k++)
		g->candidates[k].count = counts[g->candidates[k].node];
	if (g->n)
		qsort(g->candidates, g->n, sizeof(*g->candidates), compare_candidates);
	g->n = g->n < CANDIDATES_MAX ? g->n : CANDIDATES_MAX;
	free(counts);
	for (uint32_t k = 0; k < g->n; k++) {
		struct candidate *c = &g->candidates[k];

		c->rules = mem_array(class->n_words, sizeof(*c->rules));
		for (uint32_t i = 0; i < class->n_rules; i++) {
			const uint32_t *nodes = operands(p, &rules[i].node, &n);
			for (uint32_t j = 0; j < n; j++)
				if (nodes[j] == c->node)
					c->rules[i / 64] |= UINT64_C(1) << (i % 64);
		}
	}
}

/* What the class costs a record, in the units of node costs, when the candidate is a gate too (NULL: without): lookups,
 * each needed while one of its rules is left, and running rules. */
static float cost_with(const struct lang_select *s, const struct lang_class *class, const struct choice *choices, uint32_t n_choices,
		       const struct gates *g, const struct candidate *c)
{
	float chance = c ? s->program->nodes[c->node].chance : 1, asked = 0, cost = 0;

	for (uint32_t i = 0; i < class->n_rules; i++) {
		float alive = g->alive[i] * (c && has_rule(c->rules, i) ? chance : 1);

		if (c && has_rule(c->rules, i))
			asked = fmaxf(asked, g->alive[i]);
		cost += alive * (has_rule(class->keyed, i) ? RUN_COST * HIT_CHANCE : RUN_COST);
	}
	for (uint32_t i = 0; i < n_choices; i++)
		g->needed[choices[i].index] = 0;
	for (uint32_t i = 0; i < n_choices; i++) {
		float alive = g->alive[choices[i].rule] * (c && has_rule(c->rules, choices[i].rule) ? chance : 1);
		float *needed = &g->needed[choices[i].index];

		if (alive > *needed) {
			cost += (alive - *needed) * lookup_cost(s->program, choices[i].index);
			*needed = alive;
		}
	}
	return c ? cost + asked * (s->program->nodes[c->node].cost + GATE_COST) : cost;
}

static bool add_best(struct lang_select *s, struct lang_class *class, const struct choice *choices, uint32_t n_choices, struct gates *g)
{
	const struct lang_program *p = s->program;
	struct candidate *best = NULL;
	float least = cost_with(s, class, choices, n_choices, g, NULL);
	struct lang_gate *gate = &class->gates[class->n_gates];

	for (uint32_t k = 0; k < g->n; k++) {
		float cost = g->candidates[k].chosen ? INFINITY : cost_with(s, class, choices, n_choices, g, &g->candidates[k]);

		if (cost < least) {
			least = cost;
			best = &g->candidates[k];
		}
	}
	if (!best)
		return false;
	*gate = (struct lang_gate){ .predicate = p->nodes[best->node].predicate, .negated = p->nodes[best->node].negated,
				    .rules = arena_alloc(&s->program->arena, class->n_words * sizeof(*gate->rules)) };
	if (!gate->rules) {
		s->failed = true;
		return false;
	}
	memcpy(gate->rules, best->rules, class->n_words * sizeof(*gate->rules));
	class->n_gates++;
	best->chosen = true;
	for (uint32_t i = 0; i < class->n_rules; i++)
		if (has_rule(best->rules, i))
			g->alive[i] *= p->nodes[best->node].chance;
	return true;
}

/* `first`: of the class's choices. */
static void choose_gates(struct lang_select *s, struct lang_class *class, const struct lang_rule_code *rules, uint32_t first)
{
	struct gates g = { 0 };

	find_candidates(s->program, class, rules, &g);
	if (!g.n)
		return;
	g.alive = mem_array(class->n_rules, sizeof(*g.alive));
	g.needed = mem_array((size_t)s->program->n_slots * LANG_INDEXES, sizeof(*g.needed));
	for (uint32_t i = 0; i < class->n_rules; i++)
		g.alive[i] = 1;
	class->gates = arena_alloc(&s->program->arena, GATES_MAX * sizeof(*class->gates));
	s->failed |= !class->gates;
	while (!s->failed && s->n_choices > first && class->n_gates < GATES_MAX &&
	       add_best(s, class, s->choices + first, s->n_choices - first, &g))
		;
	for (uint32_t k = 0; k < g.n; k++)
		free(g.candidates[k].rules);
	free(g.candidates);
	free(g.alive);
	free(g.needed);
}

struct lang_class *lang_select_class(struct lang_select *s, const struct lang_rule_code *rules, uint32_t n)
{
	struct lang_program *p = s->program;
	struct lang_class *class = arena_alloc(&p->arena, sizeof(*class));
	uint32_t first;

	if (!class)
		return NULL;
	*class = (struct lang_class){ .n_rules = n, .n_words = (n + 63) / 64 };
	class->starts = arena_alloc(&p->arena, (n + 1) * sizeof(*class->starts));
	class->keyed = arena_alloc(&p->arena, (class->n_words + 1) * sizeof(*class->keyed));
	if (!class->starts || !class->keyed)
		return NULL;
	for (uint32_t i = 0; i < n; i++) {
		class->starts[i] = lang_codegen(p, &rules[i]);
		if (class->starts[i] == LANG_NONE)
			return NULL;
	}
	if (class->n_words > p->class_words)
		p->class_words = class->n_words;
	first = s->n_choices;
	choose_keys(s, class, rules);
	choose_gates(s, class, rules, first);
	return s->failed ? NULL : class;
}

/* ---- indexes ---- */

/* The rules of a class that keys of one index are told to. */
static bool add_lookup(struct lang_select *s, const struct choice *choices, uint32_t n)
{
	struct arena *arena = &s->program->arena;
	struct lang_class *class = choices->class;
	uint32_t n_numbers = s->indexes[choices->index].n_numbers;
	struct lang_lookup *l = &class->lookups[class->n_lookups++];

	l->slot = choices->index / LANG_INDEXES;
	l->index = choices->index % LANG_INDEXES;
	l->rules = arena_alloc(arena, class->n_words * sizeof(*l->rules));
	l->first = arena_alloc(arena, (n_numbers + 1) * sizeof(*l->first));
	l->told = arena_alloc(arena, n * sizeof(*l->told));
	if (!l->rules || !l->first || !l->told)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		l->first[choices[i].number + 1]++;
		l->told[i] = choices[i].rule;
		l->rules[choices[i].rule / 64] |= UINT64_C(1) << (choices[i].rule % 64);
	}
	for (uint32_t k = 0; k < n_numbers; k++)
		l->first[k + 1] += l->first[k];
	return true;
}

static int compare_choices(const void *va, const void *vb)
{
	const struct choice *a = va, *b = vb;

	if (a->class != b->class)
		return (uintptr_t)a->class < (uintptr_t)b->class ? -1 : 1;
	if (a->index != b->index)
		return a->index < b->index ? -1 : 1;
	if (a->number != b->number)
		return a->number < b->number ? -1 : 1;
	return (a->rule > b->rule) - (a->rule < b->rule);
}

static bool make_lookups(struct lang_select *s)
{
	if (!s->n_choices)
		return true;
	qsort(s->choices, s->n_choices, sizeof(*s->choices), compare_choices);
	for (uint32_t i = 0, end; i < s->n_choices; i = end) {
		struct lang_class *class = s->choices[i].class;

		if (!class->lookups) {
			uint32_t n = 1;

			for (end = i + 1; end < s->n_choices && s->choices[end].class == class; end++)
				n += s->choices[end].index != s->choices[end - 1].index;
			class->lookups = arena_alloc(&s->program->arena, n * sizeof(*class->lookups));
			if (!class->lookups)
				return false;
		}
		for (end = i + 1; end < s->n_choices && s->choices[end].class == class && s->choices[end].index == s->choices[i].index; end++)
			;
		if (!add_lookup(s, s->choices + i, end - i))
			return false;
	}
	return true;
}

int lang_select_finish(struct lang_select *s)
{
	struct lang_program *p = s->program;

	for (uint32_t i = 0; i < p->n_slots * LANG_INDEXES; i++) {
		struct lang_index **index = &p->slots[i / LANG_INDEXES].indexes[i % LANG_INDEXES];

		if (!s->indexes[i].n_numbers)
			continue;
		*index = lang_index_new(&p->arena, s->indexes[i].keys, s->indexes[i].n);
		if (!*index)
			return -1;
	}
	return make_lookups(s) ? 0 : -1;
}
