/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For which event types can a condition be true? Each node gives two sets: the types for which
 * it may be true and those for which it may be false. A check that is not about the event type
 * says nothing: both are all types. `not` swaps them; so negation reaches the leaves as
 * De Morgan has it (Falco: ppm_codes.cpp).
 */
#include "lang/condition.h"
#include "lang/limits.h"

#include <string.h>

enum { N_WORDS = sizeof(struct model_event_set) / sizeof(uint64_t) };

struct both {
	struct model_event_set yes, no;
};

static struct model_event_set all_types(void)
{
	struct model_event_set s;

	memset(&s, 0xff, sizeof(s));
	s.words[0] &= ~(UINT64_C(1) << MODEL_EVT_NONE);
	s.words[N_WORDS - 1] &= UINT64_MAX >> (N_WORDS * 64 - MODEL_EVT_MAX);
	return s;
}

static void set_and(struct model_event_set *a, const struct model_event_set *b)
{
	for (unsigned i = 0; i < N_WORDS; i++)
		a->words[i] &= b->words[i];
}

static void set_or(struct model_event_set *a, const struct model_event_set *b)
{
	for (unsigned i = 0; i < N_WORDS; i++)
		a->words[i] |= b->words[i];
}

static struct model_event_set set_not(const struct model_event_set *a)
{
	struct model_event_set s = all_types();

	for (unsigned i = 0; i < N_WORDS; i++)
		s.words[i] &= ~a->words[i];
	return s;
}

/* Whether the check decides by the event's name alone, and how it must be read. */
static bool is_event_check(const struct lang_node *n, bool *ret_negative)
{
	if (n->left->kind != LANG_VALUE_FIELD || n->right ||
	    (n->left->field.id != MODEL_F_EVT_TYPE && n->left->field.id != MODEL_F_SYSCALL_TYPE))
		return false;
	*ret_negative = n->op == LANG_OP_NE;
	switch (n->op) {
	case LANG_OP_IN:
		return true;
	case LANG_OP_EQ:
		return n->quantifier == LANG_ONE_VALUE || n->quantifier == LANG_ANYOF;
	case LANG_OP_NE:
		return n->quantifier == LANG_ONE_VALUE || n->quantifier == LANG_ALLOF;
	default:
		return false;
	}
}

static struct both check_types(const struct lang_node *n)
{
	struct both b = { all_types(), all_types() };
	struct model_event_set named = { { 0 } };
	bool negative;

	if (n->kind != LANG_NODE_CHECK || !is_event_check(n, &negative))
		return b;
	for (size_t i = 0; i < n->n_values; i++) {
		enum model_event_type t = model_event_by_name(n->values[i].text, n->values[i].len);
		if (t < MODEL_EVT_MAX)
			model_event_set_add(&named, t);
	}
	if (n->right_name) {
		enum model_event_type t = model_event_by_name(n->right_name, strlen(n->right_name));
		if (t < MODEL_EVT_MAX)
			model_event_set_add(&named, t);
	}
	b.yes = negative ? set_not(&named) : named;
	b.no = negative ? named : set_not(&named);
	if (n->quantifier != LANG_ONE_VALUE && n->n_values == 0)   /* an empty list is never true */
		b = (struct both){ .no = all_types() };
	if (n->left->field.id == MODEL_F_SYSCALL_TYPE) {
		/* Unset for what is no system call: then the check is false, whatever it says. */
		for (unsigned t = 1; t < MODEL_EVT_MAX; t++) {
			if (model_event(t)->flags & MODEL_EVENT_SYSCALL)
				continue;
			b.yes.words[t / 64] &= ~(UINT64_C(1) << (t % 64));
			model_event_set_add(&b.no, t);
		}
	}
	return b;
}

static struct both node_types(const struct lang_node *n, unsigned depth)
{
	struct both b = { all_types(), all_types() }, c;

	if (depth > LANG_TREE_DEPTH_MAX)
		return b;
	switch (n->kind) {
	case LANG_NODE_CHECK:
	case LANG_NODE_MACRO:
		return check_types(n);
	case LANG_NODE_NOT:
		c = node_types(n->children[0], depth + 1);
		return (struct both){ c.no, c.yes };
	case LANG_NODE_AND:
	case LANG_NODE_OR:
		b = node_types(n->children[0], depth + 1);
		for (size_t i = 1; i < n->n_children; i++) {
			c = node_types(n->children[i], depth + 1);
			if (n->kind == LANG_NODE_AND) {
				set_and(&b.yes, &c.yes);
				set_or(&b.no, &c.no);
			} else {
				set_or(&b.yes, &c.yes);
				set_and(&b.no, &c.no);
			}
		}
		break;
	}
	return b;
}

struct model_event_set lang_event_types(const struct lang_node *node, bool *ret_all)
{
	struct both b = node_types(node, 0);
	struct model_event_set all = all_types();

	if (ret_all)
		*ret_all = memcmp(&b.yes, &all, sizeof(all)) == 0;
	return b.yes;
}
