/* SPDX-License-Identifier: Apache-2.0 */
#include "posture/kubernetes/nodes.h"

#include <string.h>

/* ---- finding ---- */

static const struct yaml_node *child(const struct yaml_node *node, const char *key, size_t len)
{
	if (!node || node->kind != YAML_MAPPING)
		return NULL;
	for (size_t i = 0; i < node->n; i++) {
		const struct yaml_node *k = node->pairs[i].key;

		if (k->kind == YAML_SCALAR && k->len == len && memcmp(k->text, key, len) == 0)
			return node->pairs[i].value;
	}
	return NULL;
}

const struct yaml_node *nodes_get(const struct yaml_node *node, const char *path)
{
	while (node && *path) {
		size_t len = strcspn(path, ".");

		node = child(node, path, len);
		path += len;
		path += *path == '.';
	}
	return node && yaml_is_null(node) ? NULL : node;
}

const char *nodes_text(const struct yaml_node *node, const char *path)
{
	const struct yaml_node *found = nodes_get(node, path);

	return found ? yaml_text(found) : NULL;
}

/* YAML 1.1 (yaml.org/type/bool.html), as gopkg.in/yaml.v2 has it and so kubectl. */
bool nodes_bool(const struct yaml_node *scalar, bool *ret)
{
	static const char *const yes[] = { "y", "Y", "yes", "Yes", "YES", "on", "On", "ON" },
				 *const no[] = { "n", "N", "no", "No", "NO", "off", "Off", "OFF" };

	if (yaml_bool(scalar, ret))
		return true;
	if (!scalar || scalar->kind != YAML_SCALAR || scalar->style != YAML_PLAIN)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
		if (yaml_is(scalar, yes[i]) || yaml_is(scalar, no[i])) {
			*ret = yaml_is(scalar, yes[i]);
			return true;
		}
	}
	return false;
}

bool nodes_int(const struct yaml_node *scalar, int64_t *ret)
{
	return scalar && yaml_int(scalar, ret);
}

bool nodes_is_true(const struct yaml_node *node, const char *path)
{
	const struct yaml_node *found = nodes_get(node, path);
	bool value;

	return found && nodes_bool(found, &value) && value;
}

/* ---- places ---- */

const char *nodes_path(struct posture_set *set, const char *path, const char *key)
{
	size_t a = strlen(path), b = strlen(key);
	char *text = a + b < NODES_PATH_MAX ? posture_alloc(set, a + b + 2) : NULL;

	if (!text)
		return "";
	memcpy(text, path, a);
	if (a > 0)
		text[a++] = '.';
	memcpy(text + a, key, b + 1);
	return text;
}

const char *nodes_path_index(struct posture_set *set, const char *path, size_t i)
{
	return posture_printf(set, "%.*s[%zu]", NODES_PATH_MAX, path, i);
}

struct posture_place nodes_place(const struct nodes_base *base, const struct yaml_node *node, const char *path)
{
	return (struct posture_place){ .file = base->file, .line = node->line, .column = node->column, .path = path };
}

const char *nodes_clean_path(struct posture_set *set, const char *path)
{
	size_t len = strlen(path), n = 0;
	char *out = posture_alloc(set, len + 2);

	if (!out)
		return path;
	for (const char *p = path; *p;) {
		size_t k = strcspn(p, "/");

		if (k == 2 && memcmp(p, "..", 2) == 0) {
			while (n > 0 && out[--n] != '/')
				;
		} else if (k > 0 && !(k == 1 && *p == '.')) {
			out[n++] = '/';
			memcpy(out + n, p, k);
			n += k;
		}
		p += k;
		p += *p == '/';
	}
	if (n == 0)
		out[n++] = '/';
	out[n] = '\0';
	return out;
}

/* ---- lists ---- */

void nodes_list_add(struct posture_set *set, struct nodes_list *list, const char *text)
{
	if (!text || list->n == NODES_LIST_MAX)
		return;
	if (list->n == list->room) {
		size_t room = list->room ? 2 * list->room : 4;
		const char **texts = posture_alloc(set, room * sizeof(*texts));

		if (!texts)
			return;
		if (list->n > 0)
			memcpy(texts, list->texts, list->n * sizeof(*texts));
		list->texts = texts;
		list->room = room;
	}
	list->texts[list->n++] = text;
}

bool nodes_list_has(const struct nodes_list *list, const char *text)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->texts[i], text) == 0)
			return true;
	return false;
}

struct posture_value *nodes_list_set(struct posture_record *record, enum model_field_id field, const struct nodes_list *list)
{
	return list->n > 0 ? posture_set_texts(record, field, list->texts, list->n) : NULL;
}

/* ---- tables ---- */

static struct posture_value *take_list(const struct nodes_base *base, const struct nodes_row *row, const struct yaml_node *node)
{
	struct nodes_list list = { 0 };

	if (row->type == NODES_KEYS) {
		for (size_t i = 0; node->kind == YAML_MAPPING && i < node->n; i++)
			nodes_list_add(base->set, &list, yaml_text(node->pairs[i].key));
	} else {
		for (size_t i = 0; node->kind == YAML_SEQUENCE && i < node->n; i++)
			nodes_list_add(base->set, &list, row->type == NODES_NAMES ? nodes_text(node->items[i], "name") : yaml_text(node->items[i]));
	}
	return posture_set_texts(base->record, row->field, list.texts, list.n);
}

static struct posture_value *take_value(const struct nodes_base *base, const struct nodes_row *row, const struct yaml_node *node)
{
	int64_t number;
	bool truth;

	switch (row->type) {
	case NODES_TEXT:
		if (yaml_text(node))
			return posture_set_text_len(base->record, row->field, node->text, strlen(node->text));
		return posture_set_unknown(base->record, row->field, "expected a text");
	case NODES_BOOL:
		if (nodes_bool(node, &truth))
			return posture_set_bool(base->record, row->field, truth);
		return posture_set_unknown(base->record, row->field, "expected true or false");
	case NODES_INT:
		if (nodes_int(node, &number))
			return posture_set_int(base->record, row->field, number);
		return posture_set_unknown(base->record, row->field, "expected a number");
	case NODES_SAYS:
		return posture_set_bool(base->record, row->field, node->kind == YAML_MAPPING && node->n > 0);
	default:
		return take_list(base, row, node);
	}
}

/* The mapping that a row's value is in; *ret_wrong: something on the way is neither a mapping nor null, so nobody knows. */
static const struct yaml_node *find_parent(const struct yaml_node *node, const char *path, size_t len, bool *ret_wrong)
{
	const char *end = path + len;

	*ret_wrong = false;
	while (node && path < end) {
		size_t n = strcspn(path, ".");

		node = child(node, path, n);
		path += n + 1;
		*ret_wrong |= node && node->kind != YAML_MAPPING && !yaml_is_null(node);
	}
	return node;
}

void nodes_take(const struct nodes_base *base, const struct nodes_row *rows, size_t n)
{
	bool is_wrong = false;

	const struct yaml_node *parent = base->node;
	const char *parent_path = NULL;
	size_t parent_len = 0;

	/* Rows of one parent stand together: it is looked for once. */
	for (size_t i = 0; i < n && base->node; i++) {
		const char *path = rows[i].path, *dot = strrchr(path, '.');
		size_t len = dot ? (size_t)(dot - path) : 0;
		const struct yaml_node *node;

		if (!parent_path || len != parent_len || memcmp(path, parent_path, len) != 0) {
			parent_path = path;
			parent_len = len;
			parent = find_parent(base->node, path, len, &is_wrong);
		}
		if (is_wrong) {
			posture_set_unknown(base->record, rows[i].field, "what it is part of is no mapping");
			continue;
		}
		node = parent ? child(parent, dot ? dot + 1 : path, strlen(dot ? dot + 1 : path)) : NULL;
		if (node && !yaml_is_null(node))
			posture_at(take_value(base, &rows[i], node), nodes_place(base, node, nodes_path(base->set, base->path, path)));
	}
}

/* ---- asking by path ---- */

struct found {
	const struct yaml_node *first;
	struct model_value *values;
	size_t n, max;
};

static void add_found(struct found *f, const struct yaml_node *node)
{
	const char *text = yaml_text(node);

	f->first = f->first ? f->first : node;
	f->values[f->n++] = (struct model_value){ .text = text ? text : "", .len = text ? strlen(text) : 0 };
}

static size_t item_index(const char *digits, size_t len)
{
	size_t index = 0;

	for (size_t i = 0; i < len; i++) {
		if (digits[i] < '0' || digits[i] > '9' || index > NODES_LIST_MAX)
			return SIZE_MAX;
		index = index * 10 + (size_t)(digits[i] - '0');
	}
	return index;
}

static void collect(struct found *f, const struct yaml_node *node, const char *path)
{
	size_t len = strcspn(path, ".");
	const char *rest = path + len + (path[len] == '.');

	if (!node || f->n == f->max || yaml_is_null(node))
		return;
	if (!*path) {
		add_found(f, node);
	} else if (len == 1 && *path == '*') {
		for (size_t i = 0; node->kind != YAML_SCALAR && i < node->n; i++)
			collect(f, node->kind == YAML_MAPPING ? node->pairs[i].value : node->items[i], rest);
	} else if (node->kind == YAML_SEQUENCE) {
		size_t i = item_index(path, len);
		collect(f, i < node->n ? node->items[i] : NULL, rest);
	} else {
		/* A key may hold dots itself (requests.cpu): what is found by fewer words first. */
		for (; len > 0; len = path[len] ? len + 1 + strcspn(path + len + 1, ".") : 0)
			collect(f, child(node, path, len), path + len + (path[len] == '.'));
	}
}

static struct posture_value *said(const char *file, const struct yaml_node *node, struct arena *scratch)
{
	struct posture_value *v = arena_alloc(scratch, sizeof(*v));

	if (v) {
		v->state = MODEL_SET;
		v->place = (struct posture_place){ .file = file, .line = node->line, .column = node->column };
	}
	return v;
}

const struct posture_value *nodes_said(const char *file, const struct yaml_node *node, const char *text, struct arena *scratch)
{
	struct posture_value *v = text ? said(file, node, scratch) : NULL;

	if (v)
		v->value = (struct model_value){ .text = text, .len = strlen(text) };
	return v;
}

const struct posture_value *nodes_ask(const char *file, const struct yaml_node *node, const char *path, bool is_list, struct arena *scratch)
{
	enum { ASKED_MAX = 1000 };
	struct model_value one;
	struct found f = { .values = &one, .max = 1 };
	struct posture_value *v;

	if (is_list) {
		f.max = node && node->weight < ASKED_MAX ? node->weight + 1 : ASKED_MAX;
		f.values = arena_alloc(scratch, f.max * sizeof(*f.values));
	}
	if (f.values)
		collect(&f, node, path);
	v = f.n > 0 ? said(file, f.first, scratch) : NULL;
	if (v && is_list)
		v->value = (struct model_value){ .list = f.values, .n = f.n };
	else if (v)
		v->value = one;
	return v;
}

const char *nodes_text_of_key(const struct yaml_node *mapping, const char *key)
{
	const struct yaml_node *node = child(mapping, key, strlen(key));

	return node ? yaml_text(node) : NULL;
}

const struct posture_value *nodes_ask_key(const char *file, const struct yaml_node *mapping, const char *key, struct arena *scratch)
{
	const struct yaml_node *node = child(mapping, key, strlen(key));

	return node ? nodes_said(file, node, yaml_text(node), scratch) : NULL;
}
