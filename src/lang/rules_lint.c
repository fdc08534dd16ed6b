/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lints: rules that are right but have a trap of the language in them. Only what is certain is told.
 *
 *   LINT_UNSET_UNDER_NOT    `not field[..] in (..)`: true also when the field is not there at all
 *   LINT_UNSET_NOT_EQUAL    `field[..] != x`: false also when the field is not there at all
 *   LINT_ANY_ANCESTOR       `proc.aname != x`: true when some ancestor is not x, so nearly always
 *   LINT_LIST_IN_LIST       an item names a list that is not put in place there
 *   LINT_REGEX_NEVER        the regular expression can match nothing
 *   LINT_NEVER              no event can satisfy the rule
 *   LINT_ALWAYS             every event does
 */
#include "lang/rules_internal.h"

#include <stdlib.h>
#include <string.h>

/* ---- an unset field under `not` ---- */

/* Fields that many events of a container or the host do not have, so that `not` of a check on them is
 * true where nothing is there. Fields that every process has are not among them: no noise. */
static bool is_often_unset(const struct lang_value_expr *expr)
{
	static const enum model_field_id ids[] = {
		MODEL_F_CONTAINER_MOUNT, MODEL_F_CONTAINER_MOUNT_SOURCE, MODEL_F_CONTAINER_MOUNT_DEST, MODEL_F_CONTAINER_MOUNT_MODE,
		MODEL_F_CONTAINER_MOUNT_RDWR, MODEL_F_CONTAINER_MOUNT_PROPAGATION, MODEL_F_CONTAINER_LABEL, MODEL_F_K8S_POD_LABEL,
	};

	if (!expr || expr->kind != LANG_VALUE_FIELD || !expr->field.has_arg)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(ids); i++)
		if (expr->field.id == ids[i])
			return true;
	return false;
}

/* Some other check in the same conjunction asks whether the field is there. */
static bool is_guarded(const struct lang_node *conjunction, const struct lang_node *check)
{
	const struct lang_value_expr *field = check->left;


	for (size_t i = 0; conjunction && conjunction->kind == LANG_NODE_AND && i < conjunction->n_children; i++) {
		const struct lang_node *c = conjunction->children[i];
		if (c != check && c->kind == LANG_NODE_CHECK && c->left->kind == LANG_VALUE_FIELD &&
		    strcmp(c->left->field.text, field->field.text) == 0)
			return true;
	}
	return false;
}

struct walk { struct lang_rules *rules; const char *item; };

/* `!=` without `not` before it. */
static void lint_not_equal(const struct walk *w, const struct lang_node *node, const struct lang_node *conjunction)
{
	const struct model_field_ref *field = &node->left->field;

	if (node->op != LANG_OP_NE || node->left->kind != LANG_VALUE_FIELD)
		return;
	if (!field->has_arg && model_field(field->id)->flags & MODEL_FIELD_ANCESTOR)
		rules_diag_text(w->rules, LANG_DIAG_WARNING, "LINT_ANY_ANCESTOR", node->source, node->left->offset, 0, w->item,
				"%s != is true when any ancestor is different, so nearly always: 'not %s = ...' says that none is equal",
				field->text, field->text);
	else if (is_often_unset(node->left) && !is_guarded(conjunction, node))
		rules_diag_text(w->rules, LANG_DIAG_WARNING, "LINT_UNSET_NOT_EQUAL", node->source, node->left->offset, 0, w->item,
				"!= is false when %s is not there at all: 'not %s = ...' is true then", field->text, field->text);
}

static void lint_unset(const struct walk *w, const struct lang_node *node, const struct lang_node *conjunction, bool negated)
{
	if (node->kind == LANG_NODE_AND)
		conjunction = node;
	if (node->kind == LANG_NODE_NOT)
		negated = !negated;
	for (size_t i = 0; i < node->n_children; i++)
		lint_unset(w, node->children[i], conjunction, negated);
	if (node->kind == LANG_NODE_CHECK && !negated)
		lint_not_equal(w, node, conjunction);
	if (node->kind != LANG_NODE_CHECK || !negated || node->op == LANG_OP_EXISTS || !is_often_unset(node->left))
		return;
	if (is_guarded(conjunction, node))
		return;
	rules_diag_text(w->rules, LANG_DIAG_WARNING, "LINT_UNSET_UNDER_NOT", node->source, node->left->offset, 0, w->item,
			"'not' of this check is true also when %s is not there at all: add 'and %s exists' if that is not meant",
			node->left->field.text, node->left->field.text);
}

/* ---- regular expressions that match nothing ---- */

/*
 * Anchored at both ends and without alternatives: a `^` behind, or a `$` before, something that takes at least
 * one character can never hold (values have no line mode). Only patterns plain enough to be sure about are
 * judged: no `|`, no groups, no braces.
 */
static bool regex_never_matches(const char *p)
{
	bool consumed = false, dollar = false;

	for (; *p; p++) {
		if (strchr("|(){}", *p))
			return false;
		if (*p == '^') {
			if (consumed)
				return true;
			continue;
		}
		if (*p == '$') {
			dollar = true;
			continue;
		}
		if (*p == '\\' && p[1])
			p++;
		else if (*p == '[') {
			p += p[1] == '^';
			p += p[1] == ']';
			while (p[1] && p[1] != ']') {
				if (p[1] == '[' || p[1] == '\\')
					return false;   /* classes and escapes in brackets: not judged */
				p++;
			}
			p += p[1] != '\0';
		}
		if (p[1] == '*' || p[1] == '?') {
			p++;
			continue;
		}
		if (dollar)
			return true;
		consumed = true;
	}
	return false;
}

static void lint_regex(const struct walk *w, const struct lang_node *node)
{
	for (size_t i = 0; i < node->n_children; i++)
		lint_regex(w, node->children[i]);
	if (node->kind != LANG_NODE_CHECK || node->op != LANG_OP_REGEX)
		return;
	for (size_t i = 0; i < node->n_values; i++)
		if (regex_never_matches(node->values[i].text))
			rules_diag_text(w->rules, LANG_DIAG_WARNING, "LINT_REGEX_NEVER", node->source, node->values[i].offset, 0, w->item,
					"this regular expression matches nothing: it has '^' behind or '$' before a character");
}

/* ---- never and always ---- */

enum truth { MAYBE, NEVER, ALWAYS };

/* One value of a text or number field that a conjunction asks for: two different ones cannot both hold. */
static bool is_equality(const struct lang_node *n)
{
	const struct model_field *f;

	if (n->kind != LANG_NODE_CHECK || n->right || n->right_name || n->left->kind != LANG_VALUE_FIELD || n->quantifier != LANG_ONE_VALUE)
		return false;
	if (n->op != LANG_OP_EQ && n->op != LANG_OP_IN)
		return false;
	f = model_field(n->left->field.id);
	if (!model_type_is_text(f->type) && f->type != MODEL_TYPE_BOOL)
		return false;   /* numbers have many spellings */
	return !(f->flags & MODEL_FIELD_LIST) &&
	       (n->left->field.has_arg || !(f->flags & (MODEL_FIELD_ANCESTOR | MODEL_FIELD_BOTH_ENDS)));
}

static bool values_meet(const struct lang_node *a, const struct lang_node *b)
{
	for (size_t i = 0; i < a->n_values; i++)
		for (size_t k = 0; k < b->n_values; k++)
			if (a->values[i].len == b->values[k].len && memcmp(a->values[i].text, b->values[k].text, a->values[i].len) == 0)
				return true;
	return false;
}

enum { EQUALITIES_MAX = 256, VALUES_COMPARED_MAX = 1 << 16 };

struct equalities { const struct lang_node *at[EQUALITIES_MAX]; size_t n; };

static void collect_equalities(const struct lang_node *node, struct equalities *e)
{
	for (size_t i = 0; node->kind == LANG_NODE_AND && i < node->n_children; i++)
		collect_equalities(node->children[i], e);
	if (is_equality(node) && e->n < EQUALITIES_MAX)
		e->at[e->n++] = node;
}

/* Two checks of the conjunction that exclude each other. */
static const struct lang_node *find_contradiction(const struct lang_node *conjunction)
{
	struct equalities e = { .n = 0 };

	collect_equalities(conjunction, &e);
	for (size_t i = 0; i < e.n; i++)
		for (size_t k = i + 1; k < e.n; k++) {
			if (strcmp(e.at[i]->left->field.text, e.at[k]->left->field.text) != 0 ||
			    e.at[i]->n_values * e.at[k]->n_values > VALUES_COMPARED_MAX)
				continue;
			if (!values_meet(e.at[i], e.at[k]))
				return e.at[k];
		}
	return NULL;
}

/* Numbers of which every event has one from 0 or 1 on: the idioms of always_true and never_true macros. */
static enum truth truth_of_check(const struct lang_node *n)
{
	if (n->op == LANG_OP_IN && !n->right && !n->right_name && n->n_values == 0)
		return NEVER;
	if (n->left->kind != LANG_VALUE_FIELD || n->left->field.id != MODEL_F_EVT_NUM || n->right || n->n_values != 1 ||
	    strcmp(n->values[0].text, "0") != 0)
		return MAYBE;
	if (n->op == LANG_OP_EQ || n->op == LANG_OP_LT)
		return NEVER;
	return n->op == LANG_OP_GE || n->op == LANG_OP_GT || n->op == LANG_OP_NE ? ALWAYS : MAYBE;
}

static enum truth truth_of(const struct lang_node *node)
{
	bool all_never = true, all_always = true;
	enum truth t;

	if (node->kind == LANG_NODE_CHECK)
		return truth_of_check(node);
	if (node->kind == LANG_NODE_NOT) {
		t = truth_of(node->children[0]);
		return t == NEVER ? ALWAYS : t == ALWAYS ? NEVER : MAYBE;
	}
	for (size_t i = 0; i < node->n_children; i++) {
		t = truth_of(node->children[i]);
		if (t == NEVER && node->kind == LANG_NODE_AND)
			return NEVER;
		if (t == ALWAYS && node->kind == LANG_NODE_OR)
			return ALWAYS;
		all_never &= t == NEVER;
		all_always &= t == ALWAYS;
	}
	if (node->kind == LANG_NODE_AND && find_contradiction(node))
		return NEVER;
	return all_always ? ALWAYS : all_never ? NEVER : MAYBE;
}

static bool no_events(const struct rules_rule *rule)
{
	for (size_t i = 0; i < ARRAY_LEN(rule->pub.events.words); i++)
		if (rule->pub.events.words[i])
			return false;
	return !rule->pub.all_events;
}

static void lint_reach(const struct walk *w, const struct rules_rule *rule)
{
	const struct lang_node *clash = rule->tree->kind == LANG_NODE_AND ? find_contradiction(rule->tree) : NULL;
	enum truth t = truth_of(rule->tree);

	if (clash)
		rules_diag_text(w->rules, LANG_DIAG_WARNING, "LINT_NEVER", clash->source, clash->left->offset, 0, w->item,
				"no event can satisfy this rule: another check of the same conjunction wants a different %s", clash->left->field.text);
	else if (no_events(rule))
		rules_diag_at(w->rules, LANG_DIAG_WARNING, "LINT_NEVER", w->item, rule->origin, 0, strlen(rule->pub.name),
			      "no event can satisfy this rule: its checks on evt.type leave no event type");
	else if (t != MAYBE)
		rules_diag_at(w->rules, LANG_DIAG_WARNING, t == NEVER ? "LINT_NEVER" : "LINT_ALWAYS", w->item, rule->origin, 0,
			      strlen(rule->pub.name), t == NEVER ? "no event can satisfy this rule: its condition is always false" :
			      "every event satisfies this rule: its condition is always true");
}

/* ---- lists in lists ---- */

/* An item names a list that itself names lists: those inner names stay plain texts, unless they come later in the
 * order, where the expansion of the text still reaches them (which is also why a list may name a later one). */
static void lint_list(struct lang_rules *rules, const struct rules_list *list)
{
	for (size_t i = 0; i < list->items.n; i++) {
		const struct rules_piece *item = &list->items.at[i];
		const struct rules_list *ref = map_get(&rules->lists.by_name, item->text, item->len);
		const char *name = rules_item_name(rules, "list", list->name);
		if (!ref || ref == list)
			continue;
		for (size_t k = 0; ref->index < list->visibility && k < ref->items.n; k++) {
			const struct rules_list *inner = map_get(&rules->lists.by_name, ref->items.at[k].text, ref->items.at[k].len);
			if (inner && inner->index < list->index && inner != list)
				rules_diag_at(rules, LANG_DIAG_WARNING, "LINT_LIST_IN_LIST", name, item->origin, 0, item->len,
					      "list '%s' holds list '%s', which is not put in place here: only one level is", ref->name, inner->name);
		}
	}
}

void lang_rules_lint(struct lang_rules *rules)
{
	for (size_t i = 0; i < rules->lists.n; i++)
		lint_list(rules, rules->lists.at[i]);
	for (size_t i = 0; i < rules->n_rules; i++) {
		struct rules_rule *rule = rules->rules[i];
		struct walk w = { rules, rules_item_name(rules, "rule", rule->pub.name) };
		if (!rule->tree)
			continue;
		lint_unset(&w, rule->tree, NULL, false);
		lint_regex(&w, rule->tree);
		lint_reach(&w, rule);
	}
	rules_diags_sort(rules);
}
