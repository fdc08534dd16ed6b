/* SPDX-License-Identifier: Apache-2.0 */
/* Which operators and values each type takes (Falco: filter_compare.cpp, sinsp_filtercheck.cpp). */
#include "lang/condition_internal.h"
#include "base/suggest.h"
#include "lang/types.h"

#include "base/regex.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define OP(name) (1u << LANG_OP_##name)
static const unsigned eq_ops = OP(EXISTS) | OP(EQ) | OP(NE) | OP(IN) | OP(INTERSECTS);
static const unsigned order_ops = OP(LT) | OP(LE) | OP(GT) | OP(GE);
static const unsigned text_ops = OP(CONTAINS) | OP(ICONTAINS) | OP(STARTSWITH) | OP(ENDSWITH) | OP(PMATCH) | OP(GLOB) |
				 OP(IGLOB) | OP(REGEX);
static const unsigned bytes_ops = OP(CONTAINS) | OP(STARTSWITH) | OP(ENDSWITH) | OP(BCONTAINS) | OP(BSTARTSWITH);
static const unsigned list_ops = OP(EXISTS) | OP(IN) | OP(INTERSECTS);
#undef OP

int lang_fault_set(struct lang_fault *fault, uint32_t offset, int code, const char *format, ...)
{
	char text[ERR_TEXT_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fault->offset = offset;
	return err_set(fault->err, code, "%s", text);
}

static unsigned allowed_ops(struct lang_type type)
{
	if (type.many == LANG_LIST)
		return list_ops;
	if (type.type == MODEL_TYPE_BYTES)
		return eq_ops | bytes_ops;
	if (model_type_is_text(type.type))
		return eq_ops | order_ops | text_ops;
	return model_type_is_number(type.type) ? eq_ops | order_ops : eq_ops;
}

bool lang_op_allowed(enum lang_op op, struct lang_type type)
{
	return allowed_ops(type) >> op & 1;
}

/* An expression's text for messages, cut. Valid until the next call of the same buffer. */
static const char *expr_text(const struct lang_value_expr *e, char buffer[128])
{
	struct strbuf sb;

	strbuf_init(&sb, 127);
	lang_value_expr_print(e, &sb);
	snprintf(buffer, 128, "%s", sb.text);
	strbuf_done(&sb);
	return buffer;
}

static const char *type_text(struct lang_type t, char buffer[64])
{
	snprintf(buffer, 64, "%s%s", t.many == LANG_LIST ? "list of " : "", model_type_name(t.type));
	return buffer;
}

static int fail_op(const struct lang_node *n, struct lang_type type, struct lang_fault *fault)
{
	char text[128], name[64];
	struct strbuf sb;
	int k;

	strbuf_init(&sb, 512);
	for (unsigned op = 0; op < LANG_OP_MAX; op++)
		if (lang_op_allowed(op, type))
			strbuf_addf(&sb, "%s%s", sb.len ? ", " : "", lang_op_name(op));
	k = lang_fault_set(fault, n->op_offset, -EBADMSG, "operator '%s' is not for %s, which is of type %s: expected one of %s",
			   lang_op_name(n->op), expr_text(n->left, text), type_text(type, name), sb.text);
	strbuf_done(&sb);
	return k;
}

/* ---- types of expressions ---- */

static struct lang_type field_type(const struct model_field_ref *ref)
{
	const struct model_field *f = model_field(ref->id);
	struct lang_type t = { f->type, LANG_ONE };

	if (f->flags & MODEL_FIELD_LIST)   /* with an argument too: a list of one */
		t.many = LANG_LIST;
	else if (f->flags & MODEL_FIELD_ANCESTOR && !ref->has_arg)
		t.many = LANG_ANCESTORS;
	else if (f->flags & MODEL_FIELD_BOTH_ENDS && !ref->has_arg)
		t.many = LANG_BOTH_ENDS;
	return t;
}

static int check_transformable(const struct lang_value_expr *arg, const char *name, struct lang_fault *fault)
{
	struct lang_type t;

	if (arg->kind != LANG_VALUE_FIELD)
		return 0;
	t = field_type(&arg->field);
	if (!(model_field(arg->field.id)->flags & MODEL_FIELD_NO_TRANSFORM) && (t.many == LANG_ONE || t.many == LANG_LIST))
		return 0;
	return lang_fault_set(fault, arg->offset, -EBADMSG, "field '%s' cannot be used inside a transformer (%s)",
			      arg->field.text, name);
}

static int fail_arg(const struct lang_value_expr *arg, struct lang_type t, const char *name, const char *wants,
		    struct lang_fault *fault)
{
	char text[128], type[64];

	return lang_fault_set(fault, arg->offset, -EBADMSG, "%s() takes %s, not %s, which is of type %s", name, wants,
			      expr_text(arg, text), type_text(t, type));
}

/* tolower toupper basename b64 len */
static int single_type(const struct lang_value_expr *e, struct lang_type t, struct lang_type *ret, struct lang_fault *fault)
{
	const char *name = lang_transformer_name(e->transformer);
	bool bytes_too = e->transformer == LANG_B64 || e->transformer == LANG_LEN;

	if (e->transformer == LANG_LEN && t.many == LANG_LIST) {
		*ret = (struct lang_type){ MODEL_TYPE_UINT64, LANG_ONE };
		return 0;
	}
	if (!model_type_is_text(t.type) && !(bytes_too && t.type == MODEL_TYPE_BYTES))
		return fail_arg(e->args[0], t, name, bytes_too ? e->transformer == LANG_LEN ? "text, bytes or a list" :
				"text or bytes" : "text", fault);
	*ret = e->transformer == LANG_LEN ? (struct lang_type){ MODEL_TYPE_UINT64, LANG_ONE } : t;
	return 0;
}

static bool is_text(struct lang_type t, enum lang_many many)
{
	return t.many == many && model_type_is_text(t.type);
}

static int join_type(const struct lang_value_expr *e, const struct lang_type *types, struct lang_fault *fault)
{
	if (e->n_args != 2)
		return lang_fault_set(fault, e->offset, -EBADMSG, "join() takes a separator and a list: join(\",\", (a.b, c.d))");
	if (!is_text(types[0], LANG_ONE))
		return fail_arg(e->args[0], types[0], "join", "text as its separator", fault);
	if (types[1].many != LANG_LIST)
		return fail_arg(e->args[1], types[1], "join", "a list as its second argument", fault);
	return 0;
}

static int getopt_type(const struct lang_value_expr *e, const struct lang_type *types, struct lang_fault *fault)
{
	if (e->n_args != 2)
		return lang_fault_set(fault, e->offset, -EBADMSG, "getopt() takes a list of arguments and the options: "
				      "getopt((\"-n\"), \"nt:\")");
	if (!is_text(types[0], LANG_LIST))
		return fail_arg(e->args[0], types[0], "getopt", "a list of texts", fault);
	if (!is_text(types[1], LANG_ONE))
		return fail_arg(e->args[1], types[1], "getopt", "text as its options", fault);
	return 0;
}

static int concat_type(const struct lang_value_expr *e, struct lang_type first, struct lang_fault *fault)
{
	struct lang_type t = first;

	if (e->n_args < 2)
		return lang_fault_set(fault, e->offset, -EBADMSG, "concat() takes two texts or more");
	for (size_t i = 0; i < e->n_args; i++) {
		int k = i ? lang_expr_type(e->args[i], &t, fault) : 0;
		if (k < 0)
			return k;
		if (!is_text(t, LANG_ONE))
			return fail_arg(e->args[i], t, "concat", "texts", fault);
	}
	return 0;
}

static int transformer_type(const struct lang_value_expr *e, struct lang_type *ret, struct lang_fault *fault)
{
	const char *name = lang_transformer_name(e->transformer);
	struct lang_type types[2] = { { 0 } };
	int k = 0;

	for (size_t i = 0; i < e->n_args && k == 0; i++)
		k = check_transformable(e->args[i], name, fault);
	for (size_t i = 0; i < e->n_args && i < 2 && k == 0; i++)
		k = lang_expr_type(e->args[i], &types[i], fault);
	if (k < 0)
		return k;
	switch (e->transformer) {
	case LANG_JOIN:
		k = join_type(e, types, fault);
		break;
	case LANG_CONCAT:
		k = concat_type(e, types[0], fault);
		break;
	case LANG_GETOPT:
		k = getopt_type(e, types, fault);
		break;
	default:
		if (e->n_args != 1 || e->args[0]->kind == LANG_VALUE_LITERAL || e->args[0]->kind == LANG_VALUE_LIST)
			return lang_fault_set(fault, e->offset, -EBADMSG, "%s() takes one field or transformer", name);
		return single_type(e, types[0], ret, fault);
	}
	*ret = (struct lang_type){ MODEL_TYPE_STRING, e->transformer == LANG_GETOPT ? LANG_LIST : LANG_ONE };
	return k;
}

/* A list in parentheses: whatever its elements are, they are printed as texts. */
static int literal_list_type(const struct lang_value_expr *e, struct lang_type *ret, struct lang_fault *fault)
{
	for (size_t i = 0; i < e->n_args; i++) {
		struct lang_type t;
		char text[64];
		int k = check_transformable(e->args[i], "list", fault);

		if (k == 0)
			k = lang_expr_type(e->args[i], &t, fault);
		if (k < 0)
			return k;
		if (t.many != LANG_ONE)
			return lang_fault_set(fault, e->args[i]->offset, -EBADMSG, "an element of a list is of type %s",
					      type_text(t, text));
	}
	*ret = (struct lang_type){ MODEL_TYPE_STRING, LANG_LIST };
	return 0;
}

int lang_expr_type(const struct lang_value_expr *e, struct lang_type *ret, struct lang_fault *fault)
{
	switch (e->kind) {
	case LANG_VALUE_FIELD:
		*ret = field_type(&e->field);
		return 0;
	case LANG_VALUE_LITERAL:
		*ret = (struct lang_type){ MODEL_TYPE_STRING, LANG_ONE };
		return 0;
	case LANG_VALUE_LIST:
		return literal_list_type(e, ret, fault);
	case LANG_VALUE_TRANSFORMER:
		return transformer_type(e, ret, fault);
	}
	return -EBADMSG;
}

/* ---- checks ---- */

static bool is_event_name_field(const struct lang_value_expr *e)
{
	return e->kind == LANG_VALUE_FIELD && (e->field.id == MODEL_F_EVT_TYPE || e->field.id == MODEL_F_SYSCALL_TYPE);
}

static int check_rhs_field(const struct lang_value_expr *e, const char *side, struct lang_fault *fault)
{
	struct lang_type t;

	if (e->kind != LANG_VALUE_FIELD)
		return 0;
	t = field_type(&e->field);
	if (!(model_field(e->field.id)->flags & MODEL_FIELD_NO_RHS) && t.many != LANG_ANCESTORS && t.many != LANG_BOTH_ENDS)
		return 0;
	return lang_fault_set(fault, e->offset, -EBADMSG, "field '%s' cannot be on the %s side of a comparison with a field",
			      e->field.text, side);
}

/* Equal, but a path is a text: Falco has one type for what parka keeps as two. */
static bool comparable(enum model_type a, enum model_type b)
{
	return a == b || (model_type_is_text(a) && model_type_is_text(b));
}

static int check_right(const struct lang_node *n, struct lang_type left, struct lang_fault *fault)
{
	struct lang_type right;
	char a[128], b[128], ta[64], tb[64];
	int k;

	if (n->op == LANG_OP_PMATCH || n->op == LANG_OP_REGEX)
		return lang_fault_set(fault, n->right->offset, -EBADMSG, "operator '%s' takes values, not fields", lang_op_name(n->op));
	if (is_event_name_field(n->left))
		return lang_fault_set(fault, n->right->offset, -EBADMSG, "'%s' is compared with event names, not with fields",
				      n->left->field.text);
	k = check_rhs_field(n->left, "left", fault);
	if (k == 0)
		k = check_rhs_field(n->right, "right", fault);
	if (k == 0)
		k = lang_expr_type(n->right, &right, fault);
	if (k < 0)
		return k;
	if (left.type == MODEL_TYPE_NET)
		return lang_fault_set(fault, n->right->offset, -EBADMSG, "networks are compared with values, not with fields");
	if (!comparable(left.type, right.type) || left.many != right.many)
		return lang_fault_set(fault, n->right->offset, -EBADMSG, "%s is of type %s but %s is of type %s",
				      expr_text(n->left, a), type_text(left, ta), expr_text(n->right, b), type_text(right, tb));
	return 0;
}

static int shown(const struct lang_text *v)
{
	return v->len > 80 ? 80 : (int)v->len;
}

static int fail_event_name(const struct lang_text *v, struct lang_fault *fault)
{
	struct suggestion s = SUGGESTION(v->text, v->len);

	for (unsigned i = 1; i < MODEL_EVT_MAX; i++)
		suggestion_offer(&s, model_event(i)->name, strlen(model_event(i)->name));
	return lang_fault_set(fault, v->offset, -ENOENT, "unknown event type '%.*s'%s%s%s", shown(v), v->text,
			      s.best ? "; did you mean '" : "", s.best ? s.best : "", s.best ? "'?" : "");
}

static int check_regex(const struct lang_text *v, struct lang_fault *fault)
{
	struct err err = ERR_INIT;
	struct regex *regex = NULL;

	if (v->len > LANG_REGEX_BYTES_MAX)
		return lang_fault_set(fault, v->offset, -EBADMSG, "a regular expression longer than %d bytes", LANG_REGEX_BYTES_MAX);
	if (regex_compile(v->text, v->len, LANG_REGEX_MEMORY_MAX, &regex, &err) < 0)
		return lang_fault_set(fault, v->offset, -EBADMSG, "%s", err.text);
	regex_free(regex);
	return 0;
}

static int check_path(const struct lang_text *v, struct lang_fault *fault)
{
	size_t n_slashes = 0;

	for (size_t i = 0; i < v->len; i++)
		n_slashes += v->text[i] == '/';
	if (n_slashes >= LANG_PATH_COMPONENTS_MAX)
		return lang_fault_set(fault, v->offset, -EBADMSG, "a path with more than %d components", LANG_PATH_COMPONENTS_MAX);
	return 0;
}

static int check_value(const struct lang_node *n, const struct lang_text *v, struct lang_type type, struct lang_fault *fault)
{
	bool equality = n->op == LANG_OP_EQ || n->op == LANG_OP_NE || n->op == LANG_OP_IN || n->op == LANG_OP_INTERSECTS;
	struct lang_literal ignored;
	struct err err = ERR_INIT;
	char text[128];

	if (n->op == LANG_OP_REGEX)
		return check_regex(v, fault);
	if (n->op == LANG_OP_PMATCH)
		return check_path(v, fault);
	if (n->op == LANG_OP_BCONTAINS || n->op == LANG_OP_BSTARTSWITH) {
		if (!lang_hex_is(v->text, v->len))
			return lang_fault_set(fault, v->offset, -EBADMSG, "'%.*s' is no hexadecimal text: %s compares bytes, "
					      "two digits each", shown(v), v->text, lang_op_name(n->op));
		return 0;
	}
	if (equality && is_event_name_field(n->left) && model_event_by_name(v->text, v->len) == MODEL_EVT_MAX)
		return fail_event_name(v, fault);
	if (lang_literal_parse(type.type, v->text, v->len, &ignored, &err) < 0)
		return lang_fault_set(fault, v->offset, -EBADMSG, "%s: %s", expr_text(n->left, text), err.text);
	return 0;
}

int lang_check_node(const struct lang_node *n, struct lang_fault *fault)
{
	struct lang_type type;
	int k;

	fault->source = n->source;
	k = lang_expr_type(n->left, &type, fault);
	if (k < 0)
		return k;
	if (!lang_op_allowed(n->op, type))
		return fail_op(n, type, fault);
	if (n->right)
		return check_right(n, type, fault);
	if (n->right_name) {
		struct lang_text name = { n->right_name, strlen(n->right_name), n->op_offset, false };
		return check_value(n, &name, type, fault);
	}
	for (size_t i = 0; i < n->n_values; i++) {
		k = check_value(n, &n->values[i], type, fault);
		if (k < 0)
			return k;
	}
	return 0;
}

static int check_tree(const struct lang_node *n, struct lang_fault *fault, unsigned depth)
{
	int k = 0;

	fault->source = n->source;
	if (depth > LANG_TREE_DEPTH_MAX)
		return lang_fault_set(fault, n->offset, -EBADMSG, "nested deeper than %d levels", LANG_TREE_DEPTH_MAX);
	if (n->kind == LANG_NODE_CHECK)
		return lang_check_node(n, fault);
	if (n->kind == LANG_NODE_MACRO)
		return lang_fault_set(fault, n->offset, -EBADMSG, "undefined macro '%.80s'", n->name);
	for (size_t i = 0; i < n->n_children && k == 0; i++)
		k = check_tree(n->children[i], fault, depth + 1);
	return k;
}

int lang_check_types(const struct lang_node *node, uint32_t *ret_offset, uint32_t *ret_source, struct err *err)
{
	struct lang_fault fault = { .err = err };
	int k = check_tree(node, &fault, 0);

	if (k < 0 && ret_offset)
		*ret_offset = fault.offset;
	if (k < 0 && ret_source)
		*ret_source = fault.source;
	return k;
}
