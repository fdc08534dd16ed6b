/* SPDX-License-Identifier: Apache-2.0 */
/* The grammar, by recursive descent (docs: the comment of each function). Falco's, with one
 * difference: `a or(b) and c` is read as `a or (b) and c` and not refused. */
#include "lang/condition_internal.h"

#include <errno.h>
#include <string.h>

static int parse_or(struct lang_reader *r, struct lang_node **ret);

static struct lang_node *new_node(struct lang_reader *r, enum lang_node_kind kind, size_t offset)
{
	struct lang_node *n = arena_alloc(r->arena, sizeof(*n));

	if (n) {
		n->kind = kind;
		n->offset = (uint32_t)offset;
		n->source = r->source;
	}
	return n;
}

/* '(' has been taken: Or ')' */
static int parse_parenthesis(struct lang_reader *r, size_t offset, struct lang_node **ret)
{
	char here[64];
	int k;

	if (++r->depth > LANG_DEPTH_MAX)
		return lang_reader_fail(r, offset, -EBADMSG, "nested deeper than %d levels", LANG_DEPTH_MAX);
	k = parse_or(r, ret);
	if (k < 0)
		return k;
	if (!lang_lex_take(r, ")"))
		return lang_reader_fail(r, r->pos, -EBADMSG, "expected 'and', 'or' or ')', found %s", lang_lex_here(r, here));
	r->depth--;
	return 0;
}

static int read_text(struct lang_reader *r, struct lang_text *ret)
{
	size_t n;
	int k = lang_lex_quoted(r, ret);

	if (k != 0)
		return k;
	n = lang_lex_bare(r);
	if (!n)
		return 0;
	*ret = (struct lang_text){ arena_strndup(r->arena, r->text + r->pos, n), n, (uint32_t)r->pos, false };
	if (!ret->text)
		return lang_reader_no_memory(r, r->pos);
	r->pos += n;
	return 1;
}

static int push_value(struct lang_reader *r, struct lang_node *n, const struct lang_text *text, size_t *size)
{
	if (n->n_values == *size) {
		size_t more = *size ? *size * 2 : 1;
		struct lang_text *grown;

		if (more > LANG_VALUES_MAX)
			return lang_reader_fail(r, text->offset, -EBADMSG, "more than %d values in one list", LANG_VALUES_MAX);
		grown = arena_alloc(r->arena, more * sizeof(*grown));
		if (!grown)
			return lang_reader_no_memory(r, text->offset);
		if (n->n_values)
			memcpy(grown, n->values, n->n_values * sizeof(*grown));
		n->values = grown;
		*size = more;
	}
	n->values[n->n_values++] = *text;
	return 0;
}

/* '(' has been taken: ')' or Text (',' Text)* ')' */
static int parse_list(struct lang_reader *r, struct lang_node *n)
{
	struct lang_text text;
	size_t size = 0;
	char here[64];
	int k;

	lang_lex_blank(r);
	if (lang_lex_take(r, ")"))
		return 0;
	do {
		lang_lex_blank(r);
		k = read_text(r, &text);
		if (k == 0)
			k = lang_reader_fail(r, r->pos, -EBADMSG, "expected a value in the list, found %s", lang_lex_here(r, here));
		if (k > 0)
			k = push_value(r, n, &text, &size);
		if (k < 0)
			return k;
		lang_lex_blank(r);
	} while (lang_lex_take(r, ","));
	if (!lang_lex_take(r, ")"))
		return lang_reader_fail(r, r->pos, -EBADMSG, "expected ',' or ')' in the list, found %s", lang_lex_here(r, here));
	return 0;
}

/* 'val(' Field ')' or a transformer: 1 taken, 0 not there */
static int parse_right_field(struct lang_reader *r, struct lang_node *n)
{
	size_t offset = r->pos;
	enum lang_transformer ignored;
	char here[64];
	int k;

	if (lang_lex_take(r, "val(")) {
		lang_lex_blank(r);
		if (!lang_lex_field_name(r))
			return lang_reader_fail(r, r->pos, -EBADMSG, "expected a field inside val(), found %s", lang_lex_here(r, here));
		k = lang_read_value_expr(r, &n->right);
		if (k < 0)
			return k;
		lang_lex_blank(r);
		if (!lang_lex_take(r, ")"))
			return lang_reader_fail(r, r->pos, -EBADMSG, "expected ')' closing val(, found %s", lang_lex_here(r, here));
		return 1;
	}
	if (!lang_lex_transformer(r, &ignored))
		return 0;
	r->pos = offset;
	return lang_read_value_expr(r, &n->right);
}

static int parse_one_value(struct lang_reader *r, struct lang_node *n)
{
	bool number = n->op >= LANG_OP_LT && n->op <= LANG_OP_GE;
	struct lang_text text;
	size_t size = 0, len;
	char here[64];
	int k;

	if (!number) {
		k = read_text(r, &text);
		if (k == 0)
			return lang_reader_fail(r, r->pos, -EBADMSG, "expected a value, val(field) or a transformer after '%s', found %s",
						lang_op_name(n->op), lang_lex_here(r, here));
		return k < 0 ? k : push_value(r, n, &text, &size);
	}
	len = lang_lex_number(r);
	if (!len)
		return lang_reader_fail(r, r->pos, -EBADMSG, "expected a number, val(field) or a transformer after '%s', found %s",
					lang_op_name(n->op), lang_lex_here(r, here));
	text = (struct lang_text){ arena_strndup(r->arena, r->text + r->pos, len), len, (uint32_t)r->pos, false };
	if (!text.text)
		return lang_reader_no_memory(r, r->pos);
	r->pos += len;
	return push_value(r, n, &text, &size);
}

/* Exists | Op Value | Op Quantifier List | ListOp (List | RightField | Identifier) */
static int parse_operator(struct lang_reader *r, struct lang_node *n)
{
	size_t len;
	char here[64];
	int k;

	lang_lex_blank(r);
	n->op_offset = (uint32_t)r->pos;
	k = lang_lex_operator(r, n->offset, &n->op);
	if (k < 0 || n->op == LANG_OP_EXISTS)
		return k;
	lang_lex_blank(r);
	if (!lang_op_takes_list(n->op) && !(n->op >= LANG_OP_LT && n->op <= LANG_OP_GE))
		n->quantifier = lang_lex_quantifier(r);
	if ((lang_op_takes_list(n->op) || n->quantifier != LANG_ONE_VALUE) && lang_lex_take(r, "("))
		return parse_list(r, n);
	k = parse_right_field(r, n);
	if (k != 0)
		return k < 0 ? k : 0;
	if (!lang_op_takes_list(n->op))
		return parse_one_value(r, n);
	len = lang_lex_identifier(r);
	if (!len)
		return lang_reader_fail(r, r->pos, -EBADMSG, "expected a list in parentheses after '%s', found %s",
					lang_op_name(n->op), lang_lex_here(r, here));
	n->right_name = arena_strndup(r->arena, r->text + r->pos, len);
	if (!n->right_name)
		return lang_reader_no_memory(r, r->pos);
	r->pos += len;
	return 0;
}

static int fail_no_check(struct lang_reader *r)
{
	char here[64];

	return lang_reader_fail(r, r->pos, -EBADMSG, "expected a condition (a field, a macro, 'not' or '('), found %s",
				lang_lex_here(r, here));
}

static bool is_reserved(const char *name, size_t len)
{
	return (len == 3 && (memcmp(name, "and", 3) == 0 || memcmp(name, "not", 3) == 0)) ||
	       (len == 2 && memcmp(name, "or", 2) == 0);
}

/* '(' Or ')' | ValueExpr Operator | Identifier */
static int parse_check(struct lang_reader *r, struct lang_node **ret)
{
	size_t offset, len;
	struct lang_node *n;
	int k;

	lang_lex_blank(r);
	offset = r->pos;
	if (lang_lex_take(r, "("))
		return parse_parenthesis(r, offset, ret);
	n = new_node(r, LANG_NODE_CHECK, offset);
	if (!n)
		return lang_reader_no_memory(r, offset);
	k = lang_read_value_expr(r, &n->left);
	if (k < 0)
		return k;
	if (k > 0) {
		k = parse_operator(r, n);
		if (k < 0)
			return k;
	} else {
		len = lang_lex_identifier(r);
		if (!len || is_reserved(r->text + offset, len))
			return fail_no_check(r);
		n->kind = LANG_NODE_MACRO;
		n->name = arena_strndup(r->arena, r->text + offset, len);
		if (!n->name)
			return lang_reader_no_memory(r, offset);
		r->pos += len;
	}
	n->end = (uint32_t)r->pos;
	*ret = n;
	return 0;
}

/* ('not' blank)* ('not(' Or ')' | Check); two negations fold */
static int parse_not(struct lang_reader *r, struct lang_node **ret)
{
	struct lang_node *child, *n;
	size_t offset, here;
	bool negated = false;
	int k;

	lang_lex_blank(r);
	offset = r->pos;
	for (;;) {
		here = r->pos;
		if (!lang_lex_take(r, "not"))
			break;
		if (!lang_lex_blank(r) && (r->pos >= r->len || r->text[r->pos] != '(')) {
			r->pos = here;
			break;
		}
		negated = !negated;
	}
	k = parse_check(r, &child);
	if (k < 0 || !negated) {
		if (k == 0)
			*ret = child;
		return k;
	}
	n = new_node(r, LANG_NODE_NOT, offset);
	if (n)
		n->children = arena_alloc(r->arena, sizeof(*n->children));
	if (!n || !n->children)
		return lang_reader_no_memory(r, offset);
	n->children[0] = child;
	n->n_children = 1;
	n->end = (uint32_t)r->pos;
	*ret = n;
	return 0;
}

static int push_child(struct lang_reader *r, struct lang_node *n, struct lang_node *child, size_t *size)
{
	if (n->n_children == *size) {
		size_t more = *size * 2;
		struct lang_node **grown;

		if (more > LANG_CHILDREN_MAX)
			return lang_reader_fail(r, child->offset, -EBADMSG, "more than %d operands", LANG_CHILDREN_MAX);
		grown = arena_alloc(r->arena, more * sizeof(*grown));
		if (!grown)
			return lang_reader_no_memory(r, child->offset);
		memcpy(grown, n->children, n->n_children * sizeof(*grown));
		n->children = grown;
		*size = more;
	}
	n->children[n->n_children++] = child;
	return 0;
}

/* Operand (word Operand)*, `word` followed by a blank or '(' */
static int parse_chain(struct lang_reader *r, enum lang_node_kind kind, const char *word,
		       int (*parse_operand)(struct lang_reader *, struct lang_node **), struct lang_node **ret)
{
	struct lang_node *first, *child, *n = NULL;
	size_t size = 2;
	int k;

	k = parse_operand(r, &first);
	if (k < 0)
		return k;
	for (lang_lex_blank(r); lang_lex_take(r, word); lang_lex_blank(r)) {
		if (!lang_lex_blank(r) && (r->pos >= r->len || r->text[r->pos] != '('))
			return lang_reader_fail(r, r->pos, -EBADMSG, "expected a blank or '(' after '%s'", word);
		k = parse_operand(r, &child);
		if (k < 0)
			return k;
		if (!n) {
			n = new_node(r, kind, first->offset);
			if (n)
				n->children = arena_alloc(r->arena, size * sizeof(*n->children));
			if (!n || !n->children)
				return lang_reader_no_memory(r, first->offset);
			n->children[n->n_children++] = first;
		}
		k = push_child(r, n, child, &size);
		if (k < 0)
			return k;
		n->end = (uint32_t)r->pos;
	}
	*ret = n ? n : first;
	return 0;
}

static int parse_and(struct lang_reader *r, struct lang_node **ret)
{
	return parse_chain(r, LANG_NODE_AND, "and", parse_not, ret);
}

static int parse_or(struct lang_reader *r, struct lang_node **ret)
{
	return parse_chain(r, LANG_NODE_OR, "or", parse_and, ret);
}

static int fail_rest(struct lang_reader *r, const struct lang_node *node)
{
	char here[64];

	if (node->kind == LANG_NODE_MACRO)
		return lang_reader_fail(r, r->pos, -EBADMSG, "expected 'and', 'or' or the end after '%s', found %s "
					"(a name without a dot is a macro, not a field)", node->name, lang_lex_here(r, here));
	return lang_reader_fail(r, r->pos, -EBADMSG, "expected 'and', 'or' or the end, found %s", lang_lex_here(r, here));
}

int lang_parse(struct arena *arena, const char *text, size_t len, uint32_t source,
	       struct lang_node **ret_node, struct err *err)
{
	struct lang_reader r = { .arena = arena, .text = text, .len = len, .source = source, .err = err };
	struct lang_node *node;
	int k;

	if (len > LANG_CONDITION_BYTES_MAX)
		return lang_reader_fail(&r, 0, -EBADMSG, "the condition is longer than %d bytes", LANG_CONDITION_BYTES_MAX);
	lang_lex_blank(&r);
	if (r.pos == len)
		return lang_reader_fail(&r, r.pos, -EBADMSG, "the condition is empty");
	k = parse_or(&r, &node);
	if (k < 0)
		return k;
	if (r.pos != len)
		return fail_rest(&r, node);
	*ret_node = node;
	return 0;
}
