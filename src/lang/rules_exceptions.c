/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exceptions: read, checked, appended to, and written as text behind the rule's condition:
 *
 *     (condition) and not (exception) and not (exception) ...
 *
 * The text is what Falco builds (falco-language 3.3), with its naive quoting: what holds a blank is put
 * in double quotes, nothing is escaped.
 */
#include "lang/rules_internal.h"

#include <errno.h>
#include <string.h>

/* ---- reading ---- */

static int read_scalar(struct lang_rules *rules, const struct yaml_node *node, struct rules_entry *entry)
{
	if (yaml_is_null(node))
		return 0;   /* as Falco: a null is neither scalar nor list */
	if (node->len == 0)
		return rules_invalid(rules, node, "Value must be non-empty");
	if (memchr(node->text, '\0', node->len))
		return rules_invalid(rules, node, "Value holds a NUL character");
	entry->is_set = true;
	entry->piece = (struct rules_piece){ node->text, node->len, rules_origin_add(rules, rules->file, node, NULL), 0 };
	return 0;
}

static int read_entry(struct lang_rules *rules, const struct yaml_node *node, unsigned depth, struct rules_entry *entry)
{
	int result = 0;

	*entry = (struct rules_entry){ 0 };
	if (node->kind == YAML_SCALAR)
		return read_scalar(rules, node, entry);
	if (node->kind == YAML_MAPPING || depth > 2)
		return rules_invalid(rules, node, "An exception takes texts and lists of texts");
	entry->is_set = entry->is_list = true;
	entry->n = node->n;
	entry->items = rules_alloc(rules, node->n * sizeof(*entry->items));
	for (size_t i = 0; i < node->n; i++) {
		int r = read_entry(rules, node->items[i], depth + 1, &entry->items[i]);
		if (r < 0)
			result = r;
	}
	return result;
}

static int read_values(struct lang_rules *rules, const struct yaml_node *node, bool append, struct rules_exception *ex)
{
	const struct yaml_pair *pair = yaml_pair(node, "values");
	int result = 0;

	if (!pair) {
		if (append)
			rules_diag_node(rules, LANG_DIAG_WARNING, "LOAD_APPEND_NO_VALUES", node,
					"Overriding/appending exception with no values");
		return 0;
	}
	if (pair->value->kind != YAML_SEQUENCE)
		return rules_invalid(rules, pair->key, "Rule exception values must be a sequence");
	ex->n_values = pair->value->n;
	ex->values = rules_alloc(rules, ex->n_values * sizeof(*ex->values));
	for (size_t i = 0; i < ex->n_values; i++) {
		int r = read_entry(rules, pair->value->items[i], 0, &ex->values[i]);
		if (r < 0)
			result = r;
	}
	return result;
}

static int read_one(struct lang_rules *rules, const struct yaml_node *node, bool append, struct rules_exception *ex)
{
	static const char *const known[] = { "name", "fields", "comps", "values", NULL };
	const struct yaml_node *fields, *comps;
	struct rules_piece name;
	int r, result;

	if (node->kind != YAML_MAPPING)
		return rules_invalid(rules, node, "Rule exception must be a mapping");
	result = rules_read_text(rules, node, "name", RULES_REQUIRED, &name);
	if (result < 0)
		return result;
	rules_check_keys(rules, node, known, "an exception");
	ex->name = name.text;
	ex->origin = name.origin;
	fields = yaml_get(node, "fields");
	comps = yaml_get(node, "comps");
	if (!fields && !append)
		result = rules_diag_node(rules, LANG_DIAG_ERROR, "LOAD_ERR_YAML_VALIDATE", yaml_get(node, "name"),
					 "Item has no mapping for key 'fields'");
	r = fields ? read_entry(rules, fields, 1, &ex->fields) : 0;
	result = r < 0 ? r : result;
	r = comps ? read_entry(rules, comps, 1, &ex->comps) : 0;
	result = r < 0 ? r : result;
	r = read_values(rules, node, append, ex);
	return r < 0 ? r : result;
}

int rules_read_exceptions(struct lang_rules *rules, const struct yaml_node *item, bool append,
			  struct rules_exception **ret_first)
{
	const struct yaml_node *list = yaml_get(item, "exceptions");
	struct rules_exception *first = NULL, **last = &first;
	int result = 0;

	*ret_first = NULL;
	if (!list || yaml_is_null(list))
		return 0;
	if (list->kind != YAML_SEQUENCE)
		return rules_invalid(rules, yaml_pair(item, "exceptions")->key, "Rule exceptions must be a sequence");
	if (list->n > RULES_EXCEPTIONS_MAX)
		return rules_diag_node(rules, LANG_DIAG_ERROR, "LOAD_ERR_VALIDATE", yaml_pair(item, "exceptions")->key,
				       "more than %d exceptions", RULES_EXCEPTIONS_MAX);
	for (size_t i = 0; i < list->n; i++) {
		struct rules_exception *ex = rules_alloc(rules, sizeof(*ex));
		int r = read_one(rules, list->items[i], append, ex);
		if (r < 0) {
			result = r;
			continue;
		}
		for (const struct rules_exception *e = first; e; e = e->next)
			if (strcmp(e->name, ex->name) == 0)
				rules_diag_node(rules, LANG_DIAG_WARNING, "LOAD_EXCEPTION_NAME_NOT_UNIQUE", yaml_get(list->items[i], "name"),
						"Multiple definitions of exception '%s' in the same rule", ex->name);
		*last = ex;
		last = &ex->next;
	}
	*ret_first = first;
	return result;
}

/* ---- checking ---- */

static int fault(struct lang_rules *rules, uint32_t origin, const char *message)
{
	return rules_diag_at(rules, LANG_DIAG_ERROR, "LOAD_ERR_VALIDATE", rules->item, origin, 0, 0, "%s", message);
}

static size_t word_len(const char *text)
{
	return strcspn(text, " \t\n\r");
}

/* "in" as well as "startswith oneof": does it take a list? *ret_known: is it an operator at all? */
static bool takes_list(const struct rules_piece *piece, bool *ret_known)
{
	static const char *const quantifiers[] = { "oneof", "anyof", "allof" };
	const char *text = piece->text;
	size_t len = word_len(text), op;
	const char *rest = text + len + strspn(text + len, " \t\n\r");
	bool known = len == 2 && memcmp(text, "==", 2) == 0, list = false;

	for (op = 0; op < LANG_OP_MAX && !known; op++)
		known = strlen(lang_op_name(op)) == len && memcmp(lang_op_name(op), text, len) == 0;
	if (known && op > 0 && len != 0)
		list = op - 1 == LANG_OP_IN || op - 1 == LANG_OP_INTERSECTS || op - 1 == LANG_OP_PMATCH;
	if (*rest) {
		bool quantifier = false;
		for (size_t i = 0; i < ARRAY_LEN(quantifiers); i++)
			quantifier |= strcmp(rest, quantifiers[i]) == 0;
		known = known && quantifier && !list;
		list = quantifier;
	}
	*ret_known = known;
	return list;
}

static int check_field(struct lang_rules *rules, const struct rules_piece *field)
{
	_cleanup_strbuf_ struct strbuf text;
	struct lang_node *node;
	struct arena scratch;
	struct err err = ERR_INIT;
	int r;

	strbuf_init(&text, 1 << 16);
	strbuf_add(&text, field->text, field->len);
	strbuf_adds(&text, " exists");
	arena_init(&scratch, 1 << 20);
	r = lang_parse(&scratch, text.text, text.len, 0, &node, &err);
	if (r >= 0 && (node->kind != LANG_NODE_CHECK || node->op != LANG_OP_EXISTS))
		r = -EBADMSG;
	arena_done(&scratch);
	if (r >= 0)
		return 0;
	return rules_diag_at(rules, LANG_DIAG_ERROR, "LOAD_ERR_VALIDATE", rules->item, field->origin, 0, field->len,
			     "'%s' is not a supported filter field: %s", field->text, err.text[0] ? err.text : "expected a field");
}

static int check_operator(struct lang_rules *rules, const struct rules_piece *comp)
{
	const char *names[LANG_OP_MAX + 1] = { NULL };
	bool known;

	takes_list(comp, &known);
	if (known)
		return 0;
	for (unsigned i = 0; i < LANG_OP_MAX; i++)
		names[i] = lang_op_name(i);
	return rules_diag_at(rules, LANG_DIAG_ERROR, "LOAD_ERR_VALIDATE", rules->item, comp->origin, 0, comp->len,
			     "'%s' is not a supported comparison operator%s", comp->text, rules_did_you_mean(rules, comp->text, names));
}

static void default_comps(struct lang_rules *rules, struct rules_exception *ex)
{
	if (ex->comps.is_set)
		return;
	ex->comps.is_set = true;
	ex->comps.is_list = ex->fields.is_list;
	if (!ex->fields.is_list) {
		ex->comps.piece = (struct rules_piece){ "in", 2, ex->fields.piece.origin, 0 };
		return;
	}
	ex->comps.n = ex->fields.n;
	ex->comps.items = rules_alloc(rules, ex->comps.n * sizeof(*ex->comps.items));
	for (size_t i = 0; i < ex->comps.n; i++)
		ex->comps.items[i] = (struct rules_entry){ .is_set = true, .piece = { "=", 1, ex->fields.items[i].piece.origin, 0 } };
}

static int check_list_form(struct lang_rules *rules, const struct rules_rule *rule, const struct rules_exception *ex)
{
	int result = 0;

	if (!ex->comps.is_list || ex->fields.n != ex->comps.n)
		return fault(rules, ex->origin, "Fields and comps lists must have equal length");
	for (size_t i = 0; i < ex->fields.n; i++) {
		int r;
		if (!ex->fields.items[i].is_set || ex->fields.items[i].is_list || !ex->comps.items[i].is_set || ex->comps.items[i].is_list)
			return fault(rules, ex->origin, "Fields and comps must be lists of texts");
		r = check_operator(rules, &ex->comps.items[i].piece);
		result = r < 0 ? r : result;
		r = rule->unknown_source ? 0 : check_field(rules, &ex->fields.items[i].piece);
		result = r < 0 ? r : result;
	}
	return result;
}

static int check_one(struct lang_rules *rules, const struct rules_rule *rule, struct rules_exception *ex)
{
	bool known;

	default_comps(rules, ex);
	if (ex->fields.is_list)
		return check_list_form(rules, rule, ex);
	if (ex->comps.is_list)
		return fault(rules, ex->origin, "Fields and comps must both be strings");
	if (!takes_list(&ex->comps.piece, &known) || !known)
		return rules_diag_at(rules, LANG_DIAG_ERROR, "LOAD_ERR_VALIDATE", rules->item, ex->comps.piece.origin, 0, 0,
				     "When fields is a single value, comps must be one of (in, pmatch, intersects), or an operator with oneof, anyof or allof");
	return rule->unknown_source ? 0 : check_field(rules, &ex->fields.piece);
}

int rules_exceptions_define(struct lang_rules *rules, const struct rules_rule *rule, struct rules_exception *first)
{
	int result = 0;

	for (struct rules_exception *ex = first; ex; ex = ex->next) {
		int r;
		if (!ex->fields.is_set)
			r = fault(rules, ex->origin, "Rule exception item must have fields property with a list of fields");
		else
			r = check_one(rules, rule, ex);
		result = r < 0 ? r : result;
	}
	return result;
}

static int append_values(struct lang_rules *rules, struct rules_exception *to, const struct rules_exception *more)
{
	struct rules_entry *values;

	if (more->fields.is_set)
		return fault(rules, more->origin, "Can not append exception fields to existing exception, only values");
	if (more->comps.is_set)
		return fault(rules, more->origin, "Can not append exception comps to existing exception, only values");
	values = rules_alloc(rules, (to->n_values + more->n_values) * sizeof(*values));
	if (to->n_values)
		memcpy(values, to->values, to->n_values * sizeof(*values));
	if (more->n_values)
		memcpy(values + to->n_values, more->values, more->n_values * sizeof(*values));
	to->values = values;
	to->n_values += more->n_values;
	return 0;
}

int rules_exceptions_append(struct lang_rules *rules, struct rules_rule *rule, struct rules_exception *more)
{
	struct rules_exception *next;
	int result = 0;

	for (struct rules_exception *ex = more; ex; ex = next) {
		struct rules_exception **at = &rule->exceptions;
		size_t n = 0;
		int r;

		next = ex->next;
		ex->next = NULL;
		for (; *at && strcmp((*at)->name, ex->name) != 0; n++)
			at = &(*at)->next;
		if (n >= RULES_EXCEPTIONS_MAX)
			return fault(rules, ex->origin, "the rule has too many exceptions");
		if (*at)
			r = append_values(rules, *at, ex);
		else if (!ex->fields.is_set)
			r = fault(rules, ex->origin, "Rule exception must have fields property with a list of fields");
		else if (!ex->n_values)
			r = fault(rules, ex->origin, "Rule exception must have values property with a list of values");
		else
			r = check_one(rules, rule, ex);
		if (r >= 0 && !*at)
			*at = ex;
		result = r < 0 ? r : result;
	}
	return result;
}

/* ---- as text ---- */

static struct rules_spot spot_of(const struct rules_piece *piece)
{
	return (struct rules_spot){ piece->origin, piece->offset };
}

static int put_value(struct lang_rules *rules, struct rules_text *out, const struct rules_exception *ex,
		     const struct rules_entry *value, const struct rules_piece *comp)
{
	struct rules_spot name = { ex->origin, 0 };
	bool known, parens;

	if (!value->is_set)
		return fault(rules, ex->origin, "An exception's value is empty");
	if (value->is_list) {
		rules_text_put(out, "(", name);
		for (size_t i = 0; i < value->n; i++) {
			if (!value->items[i].is_set || value->items[i].is_list)
				return fault(rules, ex->origin, "An exception's value must be a text or a list of texts");
			if (i)
				rules_text_put(out, ", ", name);
			rules_text_quoted(out, &value->items[i].piece);
		}
		rules_text_put(out, ")", name);
		return 0;
	}
	if (!takes_list(comp, &known)) {
		rules_text_quoted(out, &value->piece);
		return 0;
	}
	parens = value->piece.text[0] != '(';
	if (parens)
		rules_text_put(out, "(", spot_of(&value->piece));
	rules_text_add(out, value->piece.text, value->piece.len, spot_of(&value->piece));
	if (parens)
		rules_text_put(out, ")", spot_of(&value->piece));
	return 0;
}

static int put_tuple(struct lang_rules *rules, struct rules_text *out, const struct rules_exception *ex, const struct rules_entry *tuple)
{
	struct rules_spot name = { ex->origin, 0 };

	if (!tuple->is_list || tuple->n != ex->fields.n)
		return rules_diag_at(rules, LANG_DIAG_ERROR, "LOAD_ERR_VALIDATE", rules->item,
				     tuple->is_set && !tuple->is_list ? tuple->piece.origin : ex->origin, 0, 0,
				     "Fields and values lists must have equal length: exception '%s' has %zu fields", ex->name, ex->fields.n);
	rules_text_put(out, "(", name);
	for (size_t i = 0; i < tuple->n; i++) {
		const struct rules_piece *field = &ex->fields.items[i].piece, *comp = &ex->comps.items[i].piece;
		int r;
		if (i)
			rules_text_put(out, " and ", name);
		rules_text_add(out, field->text, field->len, spot_of(field));
		rules_text_put(out, " ", spot_of(comp));
		rules_text_add(out, comp->text, comp->len, spot_of(comp));
		rules_text_put(out, " ", spot_of(comp));
		r = put_value(rules, out, ex, &tuple->items[i], comp);
		if (r < 0)
			return r;
	}
	rules_text_put(out, ")", name);
	return 0;
}

static int put_single(struct lang_rules *rules, struct rules_text *out, const struct rules_exception *ex)
{
	const struct rules_piece *field = &ex->fields.piece, *comp = &ex->comps.piece;
	struct rules_spot name = { ex->origin, 0 };

	rules_text_add(out, field->text, field->len, spot_of(field));
	rules_text_put(out, " ", spot_of(comp));
	rules_text_add(out, comp->text, comp->len, spot_of(comp));
	rules_text_put(out, " (", spot_of(comp));
	for (size_t i = 0; i < ex->n_values; i++) {
		if (!ex->values[i].is_set || ex->values[i].is_list)
			return fault(rules, ex->origin, "Expected values array to contain a list of strings");
		if (i)
			rules_text_put(out, ", ", name);
		rules_text_quoted(out, &ex->values[i].piece);
	}
	rules_text_put(out, ")", name);
	return 0;
}

static int put_exception(struct lang_rules *rules, struct rules_text *out, const struct rules_exception *ex)
{
	struct rules_spot name = { ex->origin, 0 };
	int r = 0;

	rules_text_put(out, " and not (", name);
	if (!ex->fields.is_list)
		r = put_single(rules, out, ex);
	for (size_t i = 0; ex->fields.is_list && i < ex->n_values && r >= 0; i++) {
		if (i)
			rules_text_put(out, " or ", name);
		r = put_tuple(rules, out, ex, &ex->values[i]);
	}
	rules_text_put(out, ")", name);
	return r;
}

int rules_exceptions_text(struct lang_rules *rules, const struct rules_rule *rule, struct rules_text *text)
{
	struct rules_spot start = { rule->origin, 0 };
	int result = 0;

	if (!rule->exceptions) {
		rules_text_pieces(text, &rule->condition);
		return 0;
	}
	rules_text_put(text, "(", start);
	rules_text_pieces(text, &rule->condition);
	rules_text_put(text, ")", start);
	for (const struct rules_exception *ex = rule->exceptions; ex; ex = ex->next) {
		int r = ex->n_values ? put_exception(rules, text, ex) : 0;
		result = r < 0 ? r : result;
	}
	return result;
}
