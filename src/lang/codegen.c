/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nodes to instructions. A group of conditions is a list of conjunctions; the operand that
 * promises to spare most work is tested first, for all conditions that have it at once: when it
 * is false the code goes on behind them.
 *
 * Invariants
 * 1. Every condition of the group has exactly one MATCH.
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

struct conjunct {
	uint32_t node;
	uint32_t rule;           /* index in the group */
};

struct work {
	struct lang_program *program;
	const struct lang_rule_code *rules;
	uint32_t *counts;        /* per node: how many conditions left have it */
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

/* ---- groups ---- */

/* Conditions of a group and the operands each has left, rule by rule. */
struct group {
	struct conjunct *items;
	uint32_t n;
};

static float benefit(const struct work *w, uint32_t node)
{
	const struct lang_dag_node *n = &w->program->nodes[node];

	return (float)w->counts[node] * (1 - n->chance) / (n->cost + 1);
}

static uint32_t best_node(struct work *w, const struct group *g, uint32_t *ret_count)
{
	uint32_t best = LANG_NONE;

	for (uint32_t i = 0; i < g->n; i++)
		w->counts[g->items[i].node]++;
	for (uint32_t i = 0; i < g->n; i++) {
		uint32_t node = g->items[i].node;
		if (best == LANG_NONE || benefit(w, node) > benefit(w, best) ||
		    (benefit(w, node) == benefit(w, best) && node < best))
			best = node;
	}
	*ret_count = 1;
	for (uint32_t i = 0; i < g->n; i++)
		if (w->counts[g->items[i].node] > *ret_count)
			*ret_count = w->counts[g->items[i].node];
	for (uint32_t i = 0; i < g->n; i++)
		w->counts[g->items[i].node] = 0;
	return best;
}

/* No operand is shared: each condition on its own, its operands in their order. */
static void emit_single(struct work *w, const struct group *g)
{
	for (uint32_t i = 0, end; i < g->n; i = end) {
		struct label behind = LABEL_INIT;

		for (end = i; end < g->n && g->items[end].rule == g->items[i].rule; end++)
			emit_node(w, g->items[end].node, false, &behind);
		emit(w, LANG_CODE_MATCH, w->rules[g->items[i].rule].condition, 0);
		place(w, &behind);
	}
}

/* Split g into the conditions that have `node` (without it; a condition that has nothing left
 * keeps one item with LANG_NONE) and the others. */
static void split(const struct group *g, uint32_t node, struct group *with, struct group *without)
{
	with->items = mem_array(g->n, sizeof(*g->items));
	without->items = mem_array(g->n, sizeof(*g->items));
	for (uint32_t i = 0, end; i < g->n; i = end) {
		bool has = false;

		for (end = i; end < g->n && g->items[end].rule == g->items[i].rule; end++)
			has |= g->items[end].node == node;
		if (!has) {
			memcpy(without->items + without->n, g->items + i, (end - i) * sizeof(*g->items));
			without->n += end - i;
		} else if (end - i == 1) {
			with->items[with->n++] = (struct conjunct){ LANG_NONE, g->items[i].rule };
		} else {
			for (uint32_t j = i; j < end; j++)
				if (g->items[j].node != node)
					with->items[with->n++] = g->items[j];
		}
	}
}

/* Conditions with nothing left to test are true: say so and drop them. */
static void emit_true(struct work *w, struct group *g)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < g->n; i++) {
		if (g->items[i].node == LANG_NONE)
			emit(w, LANG_CODE_MATCH, w->rules[g->items[i].rule].condition, 0);
		else
			g->items[n++] = g->items[i];
	}
	g->n = n;
}

static void emit_group(struct work *w, struct group *g, unsigned depth)
{
	emit_true(w, g);
	while (g->n && !w->failed) {
		struct group with = { 0 }, without = { 0 };
		struct label behind = LABEL_INIT;
		uint32_t count, node = best_node(w, g, &count);

		if (count == 1 || depth > 64) {
			emit_single(w, g);
			return;
		}
		split(g, node, &with, &without);
		emit_node(w, node, false, &behind);
		emit_group(w, &with, depth + 1);
		place(w, &behind);
		memcpy(g->items, without.items, without.n * sizeof(*g->items));
		g->n = without.n;
		free(with.items);
		free(without.items);
	}
}

uint32_t lang_codegen(struct lang_program *p, const struct lang_rule_code *rules, uint32_t n)
{
	struct work w = { .program = p, .rules = rules };
	struct group g = { 0 };
	uint32_t start = p->n_code, count = 0;

	for (uint32_t i = 0; i < n; i++)
		count += p->nodes[rules[i].node].kind == LANG_DAG_AND ? p->nodes[rules[i].node].n_children : 1;
	g.items = mem_array(count, sizeof(*g.items));
	for (uint32_t i = 0; i < n; i++) {
		const struct lang_dag_node *node = &p->nodes[rules[i].node];

		if (node->kind == LANG_DAG_AND)
			for (uint32_t j = 0; j < node->n_children; j++)
				g.items[g.n++] = (struct conjunct){ node->children[j], i };
		else if (node->kind != LANG_DAG_FALSE)
			g.items[g.n++] = (struct conjunct){ node->kind == LANG_DAG_TRUE ? LANG_NONE : rules[i].node, i };
	}
	w.counts = mem_array(p->n_nodes, sizeof(*w.counts));
	emit_group(&w, &g, 0);
	emit(&w, LANG_CODE_END, 0, 0);
	free(w.counts);
	free(g.items);
	return w.failed ? LANG_NONE : start;
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
