/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nodes to instructions. The operands of a condition are tested in their order, which dag.c makes: the one that
 * decides at least cost first. Classes in which a condition comes down to the same node share its code.
 *
 * Invariants
 * 1. The code of a condition has exactly one MATCH.
 * 2. A jump only goes forward, so that the code ends.
 */
#include "lang/program_internal.h"

#include <stdlib.h>
#include <string.h>

/* Jumps to a label that is not placed yet are chained through their targets. */
struct label {
	uint32_t chain;
};

#define LABEL_INIT ((struct label){ LANG_NONE })

struct work {
	struct lang_program *program;
	bool failed;
};

static void emit(struct work *w, unsigned opcode, uint32_t arg, uint32_t target)
{
	struct lang_program *p = w->program;

	if (p->n_code == LANG_CODE_MAX || arg >= 1u << 30) {
		w->failed = true;
		return;
	}
	LANG_RESERVE(p->code, p->n_code, p->code_size);
	p->code[p->n_code++] = (struct lang_instruction){ .opcode = opcode & 3, .arg = arg & 0x3fffffff, .target = target };
}

static void emit_jump(struct work *w, uint32_t predicate, bool when, struct label *to)
{
	uint32_t at = w->program->n_code;

	emit(w, when ? LANG_CODE_JUMP_IF_TRUE : LANG_CODE_JUMP_IF_FALSE, predicate, to->chain);
	if (!w->failed)
		to->chain = at;
}

static void place(struct work *w, struct label *label)
{
	struct lang_program *p = w->program;

	for (uint32_t at = label->chain, next; at != LANG_NONE && !w->failed; at = next) {
		next = p->code[at].target;
		p->code[at].target = p->n_code;
	}
}

/* Go to the label when the node is `when`, else on. */
static void emit_node(struct work *w, uint32_t id, bool when, struct label *to)
{
	const struct lang_dag_node n = w->program->nodes[id];
	struct label behind = LABEL_INIT;

	if (n.kind == LANG_DAG_LITERAL) {
		emit_jump(w, n.predicate, when != n.negated, to);
		return;
	}
	/* An and is false, an or true, as soon as one operand is. */
	if (when == (n.kind == LANG_DAG_OR)) {
		for (uint32_t i = 0; i < n.n_children; i++)
			emit_node(w, n.children[i], when, to);
		return;
	}
	for (uint32_t i = 0; i + 1 < n.n_children; i++)
		emit_node(w, n.children[i], !when, &behind);
	emit_node(w, n.children[n.n_children - 1], when, to);
	place(w, &behind);
}

/* ---- rules ---- */

uint32_t lang_codegen(struct lang_program *p, const struct lang_rule_code *rule)
{
	uint64_t id = (uint64_t)rule->condition << 32 | rule->node;
	uint32_t start = p->n_code;
	struct work w = { .program = p };
	struct label behind = LABEL_INIT;
	void *known = map_get_u64(&p->code_ids, id);

	if (known)
		return (uint32_t)(uintptr_t)known - 1;
	if (p->nodes[rule->node].kind != LANG_DAG_TRUE)
		emit_node(&w, rule->node, false, &behind);
	emit(&w, LANG_CODE_MATCH, rule->condition, 0);
	place(&w, &behind);
	emit(&w, LANG_CODE_END, 0, 0);
	if (w.failed)
		return LANG_NONE;
	map_put_u64(&p->code_ids, id, (void *)(uintptr_t)(start + 1));
	return start;
}

/* ---- three-valued ---- */

static bool kleene_emit(struct lang_program *p, uint32_t opcode, uint32_t arg)
{
	if (p->n_kleene == LANG_CODE_MAX)
		return false;
	LANG_RESERVE(p->kleene, p->n_kleene, p->kleene_size);
	p->kleene[p->n_kleene++] = (struct lang_kleene_instruction){ opcode, arg };
	return true;
}

/* `depth`: how many values the stack holds before. */
static bool kleene_node(struct lang_program *p, uint32_t id, uint32_t depth)
{
	const struct lang_dag_node n = p->nodes[id];
	bool is_and = n.kind == LANG_DAG_AND, ok;
	uint32_t skips = LANG_NONE;

	if (depth + 2 > p->kleene_stack)
		p->kleene_stack = depth + 2;
	if (n.kind == LANG_DAG_TRUE || n.kind == LANG_DAG_FALSE)
		return kleene_emit(p, LANG_KLEENE_CONSTANT, n.kind == LANG_DAG_TRUE);
	if (n.kind == LANG_DAG_LITERAL)
		return kleene_emit(p, n.negated ? LANG_KLEENE_PUSH_NOT : LANG_KLEENE_PUSH, n.predicate);
	ok = kleene_node(p, n.children[0], depth);
	for (uint32_t i = 1; i < n.n_children && ok; i++) {
		uint32_t at = p->n_kleene;

		ok = kleene_emit(p, is_and ? LANG_KLEENE_SKIP_IF_FALSE : LANG_KLEENE_SKIP_IF_TRUE, skips) &&
		     kleene_node(p, n.children[i], depth + 1) && kleene_emit(p, is_and ? LANG_KLEENE_AND : LANG_KLEENE_OR, 0);
		skips = at;
	}
	for (uint32_t at = skips, next; at != LANG_NONE && ok; at = next) {
		next = p->kleene[at].arg;
		p->kleene[at].arg = p->n_kleene;
	}
	return ok;
}

int lang_codegen_kleene(struct lang_program *p, uint32_t condition)
{
	p->kleene_start[condition] = p->n_kleene;
	return kleene_node(p, p->conditions[condition], 0) && kleene_emit(p, LANG_KLEENE_END, 0) ? 0 : -1;
}
