/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Items of rule files: lists and macros, and what all items share. A fault in one item skips that item
 * and goes on with the next. The words of the errors begin as Falco's do.
 */
#include "lang/rules_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NO_APPEND_WITH_OVERRIDE "Keys 'override' and 'append: true' cannot be used together. " \
	"Add an 'append' entry (e.g. 'condition: append') under 'override' instead."

int rules_invalid(struct lang_rules *rules, const struct yaml_node *at, const char *message)
{
	return rules_diag_node(rules, LANG_DIAG_ERROR, "LOAD_ERR_YAML_VALIDATE", at, "%s", message);
}

/* Where to point when something is missing from a mapping: its first key. */
static const struct yaml_node *first_key(const struct yaml_node *item)
{
	return item->kind == YAML_MAPPING && item->n ? item->pairs[0].key : item;
}

const char *rules_item_name(struct lang_rules *rules, const char *kind, const char *name)
{
	return rules_printf(rules, "%s '%s'", kind, name);
}

int rules_read_text(struct lang_rules *rules, const struct yaml_node *item, const char *key,
		    enum rules_presence presence, struct rules_piece *ret_piece)
{
	const struct yaml_pair *pair = yaml_pair(item, key);
	const struct yaml_node *v;

	if (!pair && presence == RULES_OPTIONAL)
		return 0;
	if (!pair)
		return rules_diag_node(rules, LANG_DIAG_ERROR, "LOAD_ERR_YAML_VALIDATE", first_key(item),
				       "Item has no mapping for key '%s'", key);
	v = pair->value;
	if (yaml_is_null(v))
		return rules_diag_node(rules, LANG_DIAG_ERROR, "LOAD_ERR_YAML_VALIDATE", pair->key,
				       "Mapping for key '%s' is empty", key);
	if (v->kind != YAML_SCALAR)
		return rules_diag_node(rules, LANG_DIAG_ERROR, "LOAD_ERR_YAML_VALIDATE", v,
				       "Value is not a scalar value: '%s' takes a text", key);
	if (v->len == 0)
		return rules_diag_node(rules, LANG_DIAG_ERROR, "LOAD_ERR_YAML_VALIDATE", v, "Value must be non-empty: '%s' takes a text", key);
	if (memchr(v->text, '\0', v->len))
		return rules_diag_node(rules, LANG_DIAG_ERROR, "LOAD_ERR_YAML_VALIDATE", v, "Value of '%s' holds a NUL character", key);
	*ret_piece = (struct rules_piece){ v->text, v->len, rules_origin_add(rules, rules->file, v, NULL), 0 };
	return 1;
}

/* What yaml-cpp, and so Falco, reads as a boolean: more than YAML's core schema. */
static bool bool_of(const char *text, bool *ret)
{
	static const char *const yes[] = { "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON" };
	static const char *const no[] = { "n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF" };

	for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
		if (strcmp(text, yes[i]) != 0 && strcmp(text, no[i]) != 0)
			continue;
		*ret = strcmp(text, yes[i]) == 0;
		return true;
	}
	return false;
}

int rules_read_bool(struct lang_rules *rules, const struct yaml_node *item, const char *key,
		    enum rules_presence presence, bool *ret)
{
	struct rules_piece piece;
	int r = rules_read_text(rules, item, key, presence, &piece);

	if (r <= 0)
		return r;
	if (!bool_of(piece.text, ret))
		return rules_diag_node(rules, LANG_DIAG_ERROR, "LOAD_ERR_YAML_VALIDATE", yaml_get(item, key),
				       "Can't decode YAML scalar value '%s': expected true or false", piece.text);
	return 1;
}

void rules_check_keys(struct lang_rules *rules, const struct yaml_node *item, const char *const *known, const char *what)
{
	uint32_t seen = 0;

	for (size_t i = 0; i < item->n; i++) {
		const struct yaml_node *key = item->pairs[i].key;
		unsigned k = 0;

		if (item->pairs[i].merged)
			continue;
		while (known[k] && !yaml_is(key, known[k]))
			k++;
		if (known[k] && seen & UINT32_C(1) << k)
			rules_diag_node(rules, LANG_DIAG_WARNING, "LINT_KEY_TWICE", key,
					"Key '%s' is given twice: the first one counts", known[k]);
		seen |= known[k] ? UINT32_C(1) << k : 0;
		if (known[k])
			continue;
		rules_diag_node(rules, LANG_DIAG_WARNING, "LOAD_UNKNOWN_KEY", key, "Unknown key '%s' in %s%s",
				key->kind == YAML_SCALAR ? key->text : "(not a text)", what,
				key->kind == YAML_SCALAR ? rules_did_you_mean(rules, key->text, known) : "");
	}
}

static int bad_operation(struct lang_rules *rules, const struct yaml_pair *pair, const struct rules_override_key *key)
{
	const char *allowed = !key ? "none for this key" : key->can_append && key->can_replace ? "append, replace" :
			      key->can_append ? "append" : "replace";
	static const char *const words[] = { "append", "replace", NULL };
	const char *text = yaml_text(pair->value);

	return rules_diag_node(rules, LANG_DIAG_ERROR, "LOAD_ERR_YAML_VALIDATE", pair->value,
			       "Invalid override operation for key '%s': '%s'. Allowed values are: %s%s", pair->key->text,
			       text ? text : "(not a text)", allowed, text ? rules_did_you_mean(rules, text, words) : "");
}

static int read_override(struct lang_rules *rules, const struct yaml_pair *pair, const struct rules_override_key *keys,
			 size_t n_keys, uint32_t *append, uint32_t *replace)
{
	size_t i = 0;
	bool known;

	if (pair->key->kind != YAML_SCALAR)
		return rules_invalid(rules, pair->key, "A key under 'override' must be a text");
	while (i < n_keys && !yaml_is(pair->key, keys[i].key))
		i++;
	known = i < n_keys;
	if (yaml_is(pair->value, "append")) {
		if (!known || !keys[i].can_append)
			return rules_diag_node(rules, LANG_DIAG_ERROR, "LOAD_ERR_YAML_VALIDATE", pair->key,
					       "Key '%s' cannot be appended to%s", pair->key->text,
					       known ? ", use 'replace' instead" : "");
		*append |= UINT32_C(1) << i;
		return 0;
	}
	if (yaml_is(pair->value, "replace")) {
		if (!known || !keys[i].can_replace)
			return rules_diag_node(rules, LANG_DIAG_ERROR, "LOAD_ERR_YAML_VALIDATE", pair->key,
					       "Key '%s' cannot be replaced", pair->key->text);
		*replace |= UINT32_C(1) << i;
		return 0;
	}
	return bad_operation(rules, pair, known ? &keys[i] : NULL);
}

int rules_read_overrides(struct lang_rules *rules, const struct yaml_node *item, const struct rules_override_key *keys,
			 size_t n_keys, uint32_t *ret_append, uint32_t *ret_replace)
{
	const struct yaml_node *override = yaml_get(item, "override");
	bool append_flag = false;
	int result = rules_read_bool(rules, item, "append", RULES_OPTIONAL, &append_flag);

	*ret_append = *ret_replace = 0;
	if (append_flag)
		rules_diag_node(rules, LANG_DIAG_WARNING, "LOAD_DEPRECATED_ITEM", yaml_pair(item, "append")->key,
				"'append' key is deprecated. Add an 'append' entry (e.g. 'condition: append') under 'override' instead.");
	if (override && override->kind != YAML_MAPPING && !yaml_is_null(override))
		return rules_invalid(rules, override, "Value of 'override' must be a mapping of keys to 'append' or 'replace'");
	for (size_t i = 0; override && i < override->n; i++) {
		int r = read_override(rules, &override->pairs[i], keys, n_keys, ret_append, ret_replace);
		result = result < 0 ? result : r;
	}
	if (result >= 0 && append_flag && (*ret_append || *ret_replace))
		return rules_invalid(rules, yaml_pair(item, "override")->key, NO_APPEND_WITH_OVERRIDE);
	return result < 0 ? result : append_flag;
}

/* A name, and the item it names for later messages. */
static int read_name(struct lang_rules *rules, const struct yaml_node *item, const char *kind, struct rules_piece *ret)
{
	int r;

	rules->item = kind;
	r = rules_read_text(rules, item, kind, RULES_REQUIRED, ret);
	if (r < 0)
		return r;
	if (ret->len > RULES_NAME_MAX)
		return rules_diag_node(rules, LANG_DIAG_ERROR, "LOAD_ERR_YAML_VALIDATE", yaml_get(item, kind),
				       "The name is longer than %d bytes", RULES_NAME_MAX);
	rules->item = rules_item_name(rules, kind, ret->text);
	return 0;
}

static int too_many(struct lang_rules *rules, const struct yaml_node *item)
{
	if (rules->next_index < RULES_ITEMS_MAX)
		return 0;
	return rules_diag_node(rules, LANG_DIAG_ERROR, "LOAD_ERR_VALIDATE", item, "more than %d rules, macros and lists", RULES_ITEMS_MAX);
}

static int missing_to_append(struct lang_rules *rules, const struct yaml_node *at, const char *kind, const char *key, const char *name)
{
	return rules_diag_node(rules, LANG_DIAG_ERROR, "LOAD_ERR_VALIDATE", at,
			       "%s uses 'append' or 'override.%s: append' but no %s by that name already exists%s",
			       kind[0] == 'l' ? "List" : "Macro", key, kind, rules_did_you_mean_in(rules, name, kind));
}

/* ---- lists ---- */

static struct rules_list *list_new(struct lang_rules *rules, const struct rules_piece *name)
{
	struct rules_lists *lists = &rules->lists;
	struct rules_list *list = rules_alloc(rules, sizeof(*list));

	if (lists->n == lists->size) {
		lists->size = lists->size ? lists->size * 2 : 32;
		lists->at = mem_grow(lists->at, lists->size, sizeof(*lists->at));
	}
	list->order = lists->n;
	lists->at[lists->n++] = list;
	list->name = name->text;
	list->odd = name->text[strcspn(name->text, " \t\n\r(),=")] != '\0';
	rules->n_odd_lists += list->odd;
	list->index = rules->next_index;
	map_put(&lists->by_name, list->name, strlen(list->name), list);
	return list;
}

static bool is_bare_string(const char *name)
{
	return !name[strcspn(name, "()\"' \t\n\v\f\r=,")];
}

static int read_items(struct lang_rules *rules, const struct yaml_node *item, const char *name, struct rules_pieces *items)
{
	const struct yaml_node *v = yaml_get(item, "items");
	int result = 0;

	if (!v)
		return rules_diag_node(rules, LANG_DIAG_ERROR, "LOAD_ERR_YAML_VALIDATE", first_key(item), "Item has no mapping for key 'items'");
	if (v->kind != YAML_SEQUENCE)
		return rules_invalid(rules, v, "Value is not a sequence: 'items' takes a list of texts");
	for (size_t i = 0; i < v->n; i++) {
		const struct yaml_node *one = v->items[i];
		if (one->kind != YAML_SCALAR)
			result = rules_invalid(rules, one, "sequence value is not scalar: an item of a list is a text");
		else if (memchr(one->text, '\0', one->len))
			result = rules_invalid(rules, one, "An item holds a NUL character");
		else
			rules_pieces_add(rules, items, (struct rules_piece){ one->text, one->len,
					 rules_origin_add(rules, rules->file, one, name), 0 });
	}
	return result;
}

static int store_list(struct lang_rules *rules, const struct yaml_node *item, const struct rules_piece *name,
		      struct rules_pieces *items, bool append, bool broken)
{
	struct rules_list *list = map_get(&rules->lists.by_name, name->text, name->len);

	if (append && !list && !broken)
		return missing_to_append(rules, yaml_get(item, "list"), "list", "items", name->text);
	if (!list)
		list = list_new(rules, name);
	if (!append)
		list->items.n = 0;
	for (size_t i = 0; i < items->n; i++)
		rules_pieces_add(rules, &list->items, items->at[i]);
	list->broken = broken || (append && list->broken);
	list->origin = name->origin;
	list->visibility = rules->next_index++;
	return 0;
}

static int collect_list(struct lang_rules *rules, const struct yaml_node *item)
{
	static const char *const known[] = { "list", "items", "append", "override", NULL };
	static const struct rules_override_key overridable[] = { { "items", true, true } };
	struct rules_pieces items = { 0 };
	struct rules_piece name;
	uint32_t append, replace;
	int r = read_name(rules, item, "list", &name), items_r;

	if (r < 0 || (r = too_many(rules, item)) < 0)
		return r;
	if (!is_bare_string(name.text))
		rules_diag_node(rules, LANG_DIAG_WARNING, "LOAD_INVALID_LIST_NAME", yaml_get(item, "list"),
				"List has an invalid name. List names should match a regular expression: [^()\"'[:space:]=,]+");
	rules_check_keys(rules, item, known, "a list");
	items_r = read_items(rules, item, name.text, &items);
	r = rules_read_overrides(rules, item, overridable, ARRAY_LEN(overridable), &append, &replace);
	r = store_list(rules, item, &name, &items, r > 0 || append, r < 0 || items_r < 0);
	free(items.at);
	return r;
}

/* ---- macros ---- */

static struct rules_macro *macro_new(struct lang_rules *rules, const struct rules_piece *name)
{
	struct rules_macros *macros = &rules->macros;
	struct rules_macro *macro = rules_alloc(rules, sizeof(*macro));

	if (macros->n == macros->size) {
		macros->size = macros->size ? macros->size * 2 : 32;
		macros->at = mem_grow(macros->at, macros->size, sizeof(*macros->at));
	}
	macros->at[macros->n++] = macro;
	macro->name = name->text;
	macro->index = rules->next_index;
	map_put(&macros->by_name, macro->name, strlen(macro->name), macro);
	return macro;
}

static bool is_identifier(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

	return strchr(letters, name[0]) && !name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")];
}

static int store_macro(struct lang_rules *rules, const struct yaml_node *item, const struct rules_piece *name,
		       const struct rules_piece *condition, bool append)
{
	struct rules_macro *macro = map_get(&rules->macros.by_name, name->text, name->len);

	if (append && !macro && condition)
		return missing_to_append(rules, yaml_get(item, "macro"), "macro", "condition", name->text);
	if (!macro)
		macro = macro_new(rules, name);
	if (!append)
		macro->condition.n = 0;
	if (condition)
		rules_pieces_add(rules, &macro->condition, *condition);
	macro->broken = !condition || (append && macro->broken);
	macro->origin = name->origin;
	macro->visibility = rules->next_index++;
	return 0;
}

static int collect_macro(struct lang_rules *rules, const struct yaml_node *item)
{
	static const char *const known[] = { "macro", "condition", "append", "override", NULL };
	static const struct rules_override_key overridable[] = { { "condition", true, true } };
	struct rules_piece name, condition;
	uint32_t append, replace;
	int r = read_name(rules, item, "macro", &name), condition_r;

	if (r < 0 || (r = too_many(rules, item)) < 0)
		return r;
	if (!is_identifier(name.text))
		rules_diag_node(rules, LANG_DIAG_WARNING, "LOAD_INVALID_MACRO_NAME", yaml_get(item, "macro"),
				"Macro has an invalid name. Macro names should match a regular expression: [a-zA-Z]+[a-zA-Z0-9_]*");
	rules_check_keys(rules, item, known, "a macro");
	condition_r = rules_read_text(rules, item, "condition", RULES_REQUIRED, &condition);
	r = rules_read_overrides(rules, item, overridable, ARRAY_LEN(overridable), &append, &replace);
	return store_macro(rules, item, &name, r < 0 || condition_r < 0 ? NULL : &condition, r > 0 || append);
}

/* ---- documents ---- */

static int collect_rule(struct lang_rules *rules, const struct yaml_node *item)
{
	struct rules_piece name;
	int r = read_name(rules, item, "rule", &name);

	if (r < 0 || (r = too_many(rules, item)) < 0)
		return r;
	return rules_collect_rule(rules, item, &name);
}

static void collect_item(struct lang_rules *rules, const struct yaml_node *item)
{
	static const struct {
		const char *key;
		int (*collect)(struct lang_rules *rules, const struct yaml_node *item);
	} kinds[] = {   /* in the order in which Falco looks for them */
		{ "required_engine_version", rules_collect_engine_version },
		{ "required_plugin_versions", rules_collect_plugin_versions },
		{ "list", collect_list },
		{ "macro", collect_macro },
		{ "rule", collect_rule },
	};
	static const char *const words[] = { "required_engine_version", "required_plugin_versions", "list", "macro", "rule", NULL };
	const char *first;

	rules->item = NULL;
	if (yaml_is_null(item))
		return;
	if (item->kind != YAML_MAPPING) {
		rules_invalid(rules, item, "Unexpected element type. Each element should be a yaml associative array.");
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (!yaml_pair(item, kinds[i].key))
			continue;
		kinds[i].collect(rules, item);
		return;
	}
	first = item->n ? yaml_text(item->pairs[0].key) : NULL;
	rules_diag_node(rules, LANG_DIAG_WARNING, "LOAD_UNKNOWN_ITEM", first_key(item),
			"Unknown top level item: expected rule, macro, list, required_engine_version or required_plugin_versions%s",
			first ? rules_did_you_mean(rules, first, words) : "");
}

int rules_collect_file(struct lang_rules *rules, const struct yaml_file *file)
{
	for (size_t d = 0; d < file->n_docs; d++) {
		const struct yaml_node *doc = file->docs[d];

		rules->item = NULL;
		if (yaml_is_null(doc))
			continue;
		if (doc->kind == YAML_SCALAR)
			rules_invalid(rules, doc, "Rules content is not yaml");
		else if (doc->kind == YAML_MAPPING)
			rules_invalid(rules, first_key(doc), "Rules content is not yaml array of objects: each item begins with '- '");
		else
			for (size_t i = 0; i < doc->n && !rules->out_of_memory; i++)
				collect_item(rules, doc->items[i]);
	}
	return 0;
}
