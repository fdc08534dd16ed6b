/* SPDX-License-Identifier: Apache-2.0 */
/* Trees back to text: parse(print(tree)) equals tree, up to offsets. */
#include "lang/condition_internal.h"

#include <string.h>

void lang_text_print(const char *text, size_t len, bool quoted, struct strbuf *out)
{
	static const char escaped[] = "\b\f\n\r\t\\\"", letters[] = "bfnrt\\\"";

	if (!quoted) {
		strbuf_add(out, text, len);
		return;
	}
	strbuf_addc(out, '"');
	for (size_t i = 0; i < len; i++) {
		const char *e = text[i] ? strchr(escaped, text[i]) : NULL;
		if (e)
			strbuf_addc(out, '\\');
		strbuf_addc(out, e ? letters[e - escaped] : text[i]);
	}
	strbuf_addc(out, '"');
}

void lang_value_expr_print(const struct lang_value_expr *expr, struct strbuf *out)
{
	if (expr->kind == LANG_VALUE_FIELD) {
		strbuf_adds(out, expr->field.text);
		return;
	}
	if (expr->kind == LANG_VALUE_LITERAL) {
		lang_text_print(expr->literal, expr->literal_len, true, out);
		return;
	}
	if (expr->kind == LANG_VALUE_TRANSFORMER)
		strbuf_adds(out, lang_transformer_name(expr->transformer));
	strbuf_addc(out, '(');
	for (size_t i = 0; i < expr->n_args; i++) {
		if (i)
			strbuf_adds(out, ", ");
		lang_value_expr_print(expr->args[i], out);
	}
	strbuf_addc(out, ')');
}

static void print_values(const struct lang_node *n, struct strbuf *out)
{
	bool list = lang_op_takes_list(n->op) || n->quantifier != LANG_ONE_VALUE;

	if (n->quantifier != LANG_ONE_VALUE)
		strbuf_addf(out, "%s ", lang_quantifier_name(n->quantifier));
	if (list)
		strbuf_addc(out, '(');
	for (size_t i = 0; i < n->n_values; i++) {
		if (i)
			strbuf_adds(out, ", ");
		lang_text_print(n->values[i].text, n->values[i].len, n->values[i].quoted, out);
	}
	if (list)
		strbuf_addc(out, ')');
}

static void print_check(const struct lang_node *n, struct strbuf *out)
{
	lang_value_expr_print(n->left, out);
	strbuf_addf(out, " %s", lang_op_name(n->op));
	if (n->op == LANG_OP_EXISTS)
		return;
	strbuf_addc(out, ' ');
	if (n->right && n->right->kind == LANG_VALUE_FIELD)
		strbuf_adds(out, "val(");
	if (n->right)
		lang_value_expr_print(n->right, out);
	else if (n->right_name)
		strbuf_adds(out, n->right_name);
	else
		print_values(n, out);
	if (n->right && n->right->kind == LANG_VALUE_FIELD)
		strbuf_addc(out, ')');
}

static void print_node(const struct lang_node *n, struct strbuf *out, unsigned depth);

/* Parentheses where the child would otherwise join its parent or bind differently. */
static void print_child(const struct lang_node *child, enum lang_node_kind parent, struct strbuf *out, unsigned depth)
{
	bool parens = child->kind == LANG_NODE_OR || (child->kind == LANG_NODE_AND && parent != LANG_NODE_OR) ||
		      (child->kind == LANG_NODE_NOT && parent == LANG_NODE_NOT);

	if (parens)
		strbuf_addc(out, '(');
	print_node(child, out, depth + 1);
	if (parens)
		strbuf_addc(out, ')');
}

static void print_node(const struct lang_node *n, struct strbuf *out, unsigned depth)
{
	if (depth > LANG_TREE_DEPTH_MAX) {
		out->truncated = true;
		return;
	}
	switch (n->kind) {
	case LANG_NODE_CHECK:
		print_check(n, out);
		break;
	case LANG_NODE_MACRO:
		strbuf_adds(out, n->name);
		break;
	case LANG_NODE_NOT:
		strbuf_adds(out, "not ");
		print_child(n->children[0], n->kind, out, depth);
		break;
	case LANG_NODE_AND:
	case LANG_NODE_OR:
		for (size_t i = 0; i < n->n_children; i++) {
			if (i)
				strbuf_adds(out, n->kind == LANG_NODE_AND ? " and " : " or ");
			print_child(n->children[i], n->kind, out, depth);
		}
		break;
	}
}

void lang_node_print(const struct lang_node *node, struct strbuf *out)
{
	print_node(node, out, 0);
}
