/* SPDX-License-Identifier: Apache-2.0 */
/* Judging records. Nothing here allocates but the scratch arena, which is reused. */
#include "lang/program_internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { GENERATION_MAX = UINT32_MAX >> 2 };

struct lang_scratch *lang_scratch_new(const struct lang_program *program)
{
	struct lang_scratch *s = mem_alloc(sizeof(*s));

	assert(program->sealed);
	s->program = program;
	arena_init(&s->own_arena, LANG_SCRATCH_BYTES_MAX);
	s->arena = &s->own_arena;
	s->memo = mem_array(program->n_predicates, sizeof(*s->memo));
	s->values = mem_array(program->n_slots, sizeof(*s->values));
	s->left = mem_array(program->class_words, sizeof(*s->left));
	s->told = mem_array(program->class_words, sizeof(*s->told));
	s->stack = mem_array(program->kleene_stack + 1, 1);
	return s;
}

struct lang_scratch *lang_scratch_free(struct lang_scratch *s)
{
	if (!s)
		return NULL;
	arena_done(&s->own_arena);
	free(s->memo);
	free(s->values);
	free(s->left);
	free(s->told);
	free(s->stack);
	free(s);
	return NULL;
}

struct arena *lang_scratch_arena(struct lang_scratch *s)
{
	return s->arena;
}

void lang_scratch_begin(struct lang_scratch *s, const struct model_record *record)
{
	if (s->generation == GENERATION_MAX) {
		memset(s->memo, 0, s->program->n_predicates * sizeof(*s->memo));
		memset(s->values, 0, s->program->n_slots * sizeof(*s->values));
		s->generation = 0;
	}
	s->generation++;
	s->record = record;
	if (s->arena->used_bytes)
		arena_reset(s->arena);
}

static inline int ask(struct lang_scratch *s, uint32_t predicate)
{
	uint32_t memo = s->memo[predicate];
	int result;

	if (memo >> 2 == s->generation)
		return (int)(memo & 3);
	result = lang_predicate_eval(s, predicate);
	s->memo[predicate] = s->generation << 2 | (uint32_t)result;
	return result;
}

struct matches {
	uint32_t *indexes;
	size_t n, max;
	size_t n_kept;           /* of them in indexes, ascending */
};

/* Matches are few and mostly come in order: insert from the end. */
static void keep(struct matches *m, uint32_t index)
{
	size_t at = m->n_kept;

	m->n++;
	if (at == m->max && (!at || m->indexes[at - 1] < index))
		return;
	if (at == m->max)
		at--;            /* the greatest makes room */
	else
		m->n_kept++;
	for (; at && m->indexes[at - 1] > index; at--)
		m->indexes[at] = m->indexes[at - 1];
	m->indexes[at] = index;
}

static void run(const struct lang_program *p, struct lang_scratch *s, uint32_t start, struct matches *m)
{
	const struct lang_instruction *code = p->code;

	for (uint32_t pc = start;;) {
		struct lang_instruction i = code[pc++];

		switch (i.opcode) {
		case LANG_CODE_JUMP_IF_FALSE:
			if (ask(s, i.arg) != LANG_TRUE)
				pc = i.target;
			break;
		case LANG_CODE_JUMP_IF_TRUE:
			if (ask(s, i.arg) == LANG_TRUE)
				pc = i.target;
			break;
		case LANG_CODE_MATCH:
			keep(m, i.arg);
			break;
		case LANG_CODE_END:
			return;
		}
	}
}

static inline bool intersect(const uint64_t *a, const uint64_t *b, uint32_t n_words)
{
	for (uint32_t i = 0; i < n_words; i++)
		if (a[i] & b[i])
			return true;
	return false;
}

/* Which rules have a key that holds of the slot's value. */
static void look_up(struct lang_scratch *s, const struct lang_lookup *l)
{
	const struct lang_audience audience = { l->first, l->told, s->told };
	const struct lang_slot *slot = &s->program->slots[l->slot];
	const struct lang_index *index = slot->indexes[l->index];
	const struct lang_slot_value *v = lang_slot_fetch(s, l->slot);

	if (v->state != MODEL_SET)
		return;
	if (slot->type.many == LANG_ONE) {
		lang_index_find(index, slot->type.type, &v->value, &audience);
		return;
	}
	for (size_t i = 0; i < v->value.n; i++) {
		struct model_value item = lang_item_value(&v->value.list[i], slot->type.type);
		lang_index_find(index, slot->type.type, &item, &audience);
	}
}

/* Leave in s->left the rules of the class that can be true (select.c). False when there are none. */
static inline __attribute__((always_inline)) bool select_rules(struct lang_scratch *s, const struct lang_class *c, uint32_t n)
{
	uint64_t *left = s->left, any = 0;

	for (uint32_t i = 0; i < n; i++) {
		left[i] = UINT64_MAX;
		s->told[i] = 0;
	}
	if (c->n_rules % 64)
		left[n - 1] = (UINT64_C(1) << (c->n_rules % 64)) - 1;
	for (uint32_t g = 0; g < c->n_gates; g++) {
		const struct lang_gate *gate = &c->gates[g];

		if (!intersect(left, gate->rules, n) || (ask(s, gate->predicate) == LANG_TRUE) != gate->negated)
			continue;
		for (uint32_t i = 0; i < n; i++)
			left[i] &= ~gate->rules[i];
	}
	for (uint32_t l = 0; l < c->n_lookups; l++)
		if (intersect(left, c->lookups[l].rules, n))
			look_up(s, &c->lookups[l]);
	for (uint32_t i = 0; i < n; i++)
		any |= left[i] &= ~c->keyed[i] | s->told[i];
	return any;
}

static void match_class(const struct lang_program *p, struct lang_scratch *s, const struct lang_class *c, struct matches *m)
{
	/* Most classes are small: with a constant the loops over words are gone. */
	bool any = c->n_words == 1 ? select_rules(s, c, 1) : c->n_words == 2 ? select_rules(s, c, 2) :
		   c->n_words && select_rules(s, c, c->n_words);

	for (uint32_t i = 0; any && i < c->n_words; i++)
		for (uint64_t left = s->left[i]; left; left &= left - 1)
			run(p, s, c->starts[i * 64 + (uint32_t)__builtin_ctzll(left)], m);
}

size_t lang_program_match(const struct lang_program *p, struct lang_scratch *s, const struct model_record *record,
			  uint32_t *ret_indexes, size_t max)
{
	struct matches m = { .indexes = ret_indexes, .max = max };

	assert(s->program == p && record->event < MODEL_EVT_MAX);
	lang_scratch_begin(s, record);
	match_class(p, s, p->classes[record->event], &m);
	if (p->common)
		match_class(p, s, p->common, &m);
	return m.n;
}

static int8_t state_of(int result)
{
	return result == LANG_UNKNOWN ? MODEL_UNKNOWN : result == LANG_TRUE ? MODEL_SET : MODEL_UNSET;
}

static int8_t negate(int8_t state)
{
	return state == MODEL_UNKNOWN ? MODEL_UNKNOWN : state == MODEL_SET ? MODEL_UNSET : MODEL_SET;
}

static int8_t both(int8_t a, int8_t b)
{
	if (a == MODEL_UNSET || b == MODEL_UNSET)
		return MODEL_UNSET;
	return a == MODEL_SET && b == MODEL_SET ? MODEL_SET : MODEL_UNKNOWN;
}

int lang_program_eval(const struct lang_program *p, struct lang_scratch *s, uint32_t index)
{
	int8_t *top = s->stack - 1;

	assert(s->program == p && index < p->n_conditions);
	for (uint32_t pc = p->kleene_start[index];;) {
		struct lang_kleene_instruction i = p->kleene[pc++];

		switch ((enum lang_kleene_opcode)i.opcode) {
		case LANG_KLEENE_PUSH:
			*++top = state_of(ask(s, i.arg));
			break;
		case LANG_KLEENE_PUSH_NOT:
			*++top = negate(state_of(ask(s, i.arg)));
			break;
		case LANG_KLEENE_CONSTANT:
			*++top = i.arg ? MODEL_SET : MODEL_UNSET;
			break;
		case LANG_KLEENE_AND:
			top--;
			*top = both(top[0], top[1]);
			break;
		case LANG_KLEENE_OR:
			top--;
			*top = negate(both(negate(top[0]), negate(top[1])));
			break;
		case LANG_KLEENE_SKIP_IF_FALSE:
			if (*top == MODEL_UNSET)
				pc = i.arg;
			break;
		case LANG_KLEENE_SKIP_IF_TRUE:
			if (*top == MODEL_SET)
				pc = i.arg;
			break;
		case LANG_KLEENE_END:
			return *top;
		}
	}
}
