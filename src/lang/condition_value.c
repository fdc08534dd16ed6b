/* SPDX-License-Identifier: Apache-2.0 */
/* Value expressions: fields and transformers over them, on either side of an operator. */
#include "lang/condition_internal.h"

#include <errno.h>
#include <string.h>

static int read_arg(struct lang_reader *r, bool in_list, struct lang_value_expr **ret);

/* Append to an arena array that doubles; false when there is no memory or too much. */
static bool push_arg(struct lang_reader *r, struct lang_value_expr *list, struct lang_value_expr *arg, size_t *size)
{
	if (list->n_args == *size) {
		size_t more = *size ? *size * 2 : 4;
		struct lang_value_expr **grown;

		if (more > LANG_ARGS_MAX)
			return false;
		grown = arena_alloc(r->arena, more * sizeof(*grown));
		if (!grown)
			return false;
		if (list->n_args)
			memcpy(grown, list->args, list->n_args * sizeof(*grown));
		list->args = grown;
		*size = more;
	}
	list->args[list->n_args++] = arg;
	return true;
}

static struct lang_value_expr *new_expr(struct lang_reader *r, int kind, size_t offset)
{
	struct lang_value_expr *e = arena_alloc(r->arena, sizeof(*e));

	if (e) {
		e->kind = kind;
		e->offset = (uint32_t)offset;
	}
	return e;
}

/* What follows an opening parenthesis, up to and with the closing one. */
static int read_args(struct lang_reader *r, struct lang_value_expr *expr, bool is_list)
{
	size_t size = 0;
	char here[64];

	lang_lex_blank(r);
	if (is_list && lang_lex_take(r, ")"))
		return 0;
	do {
		struct lang_value_expr *arg;
		int k;

		lang_lex_blank(r);
		k = read_arg(r, is_list, &arg);
		if (k < 0)
			return k;
		if (!push_arg(r, expr, arg, &size))
			return lang_reader_fail(r, r->pos, -EBADMSG, "more than %d arguments", LANG_ARGS_MAX);
		lang_lex_blank(r);
	} while (lang_lex_take(r, ","));
	if (!lang_lex_take(r, ")"))
		return lang_reader_fail(r, r->pos, -EBADMSG, "expected ',' or ')' %s, found %s",
					is_list ? "in the list" : "closing the transformer", lang_lex_here(r, here));
	return 0;
}

static int read_nested(struct lang_reader *r, struct lang_value_expr *expr, bool is_list)
{
	int k;

	if (++r->depth > LANG_DEPTH_MAX)
		return lang_reader_fail(r, expr->offset, -EBADMSG, "nested deeper than %d levels", LANG_DEPTH_MAX);
	k = read_args(r, expr, is_list);
	r->depth--;
	return k;
}

static int read_literal(struct lang_reader *r, struct lang_value_expr **ret)
{
	size_t offset = r->pos, n = lang_lex_number(r);
	struct lang_text text = { 0 };
	struct lang_value_expr *e;
	int k;

	if (n) {
		text = (struct lang_text){ arena_strndup(r->arena, r->text + offset, n), n, (uint32_t)offset, false };
		r->pos += n;
	} else {
		k = lang_lex_quoted(r, &text);
		if (k <= 0)
			return k;
	}
	e = new_expr(r, LANG_VALUE_LITERAL, offset);
	if (!e || !text.text)
		return lang_reader_no_memory(r, offset);
	e->literal = text.text;
	e->literal_len = text.len;
	*ret = e;
	return 1;
}

/* An argument: number, quoted string, list in parentheses (not inside a list), transformer, field. */
static int read_arg(struct lang_reader *r, bool in_list, struct lang_value_expr **ret)
{
	size_t offset = r->pos;
	char here[64];
	int k = read_literal(r, ret);

	if (k != 0)
		return k < 0 ? k : 0;
	if (!in_list && lang_lex_take(r, "(")) {
		struct lang_value_expr *e = new_expr(r, LANG_VALUE_LIST, offset);

		if (!e)
			return lang_reader_no_memory(r, offset);
		*ret = e;
		return read_nested(r, e, true);
	}
	k = lang_read_value_expr(r, ret);
	if (k != 0)
		return k < 0 ? k : 0;
	return lang_reader_fail(r, offset, -EBADMSG, "expected a field, a transformer, a quoted string%s, found %s",
				in_list ? " or a number" : ", a number or a list in parentheses", lang_lex_here(r, here));
}

int lang_read_value_expr(struct lang_reader *r, struct lang_value_expr **ret)
{
	size_t offset = r->pos;
	enum lang_transformer transformer;
	struct lang_value_expr *e;
	int k;

	if (lang_lex_field_name(r)) {
		e = new_expr(r, LANG_VALUE_FIELD, offset);
		if (!e)
			return lang_reader_no_memory(r, offset);
		k = lang_read_field(r, &e->field);
	} else if (lang_lex_transformer(r, &transformer)) {
		e = new_expr(r, LANG_VALUE_TRANSFORMER, offset);
		if (!e)
			return lang_reader_no_memory(r, offset);
		e->transformer = transformer;
		k = read_nested(r, e, false);
	} else {
		return 0;
	}
	if (k < 0)
		return k;
	*ret = e;
	return 1;
}
