/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libyaml's events to nodes. Invariants:
 * 1. A node's weight and height are set when its end event comes, never before: an alias to a node
 *    without weight is an alias inside itself.
 * 2. Open collections collect their children in `stack_nodes` from their `first` on; the arena gets
 *    one exact array at the end event.
 */
#include "base/yaml.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

struct anchor { const char *name; struct yaml_node *node; };

struct open_node { struct yaml_node *node; size_t first; };

struct loader {
	struct arena *arena;
	struct yaml_file *file;
	const char *input;
	struct open_node open[YAML_DEPTH_MAX];
	size_t n_open;
	struct yaml_node **children;       /* of all open collections, one behind the other */
	size_t n_children, children_size;
	struct anchor *anchors;
	size_t n_anchors, anchors_size;
	size_t n_nodes;
	size_t docs_size;
	struct err *err;
};

static unsigned mark_line(yaml_mark_t mark)
{
	return (unsigned)mark.line + 1;
}

static unsigned mark_column(yaml_mark_t mark)
{
	return (unsigned)mark.column + 1;
}

#define load_error(l, code, mark, ...) \
	err_set_at((l)->err, code, (l)->input, mark_line(mark), mark_column(mark), __VA_ARGS__)

static int no_room(struct loader *l, yaml_mark_t mark)
{
	return load_error(l, -E2BIG, mark, "the text needs more than %zu bytes of memory", l->arena->max_bytes);
}

static void push_child(struct loader *l, struct yaml_node *node)
{
	if (l->n_children == l->children_size) {
		l->children_size = l->children_size ? l->children_size * 2 : 64;
		l->children = mem_grow(l->children, l->children_size, sizeof(*l->children));
	}
	l->children[l->n_children++] = node;
}

static int set_anchor(struct loader *l, const yaml_char_t *name, struct yaml_node *node, yaml_mark_t mark)
{
	char *copy;

	if (!name)
		return 0;
	for (size_t i = 0; i < l->n_anchors; i++)
		if (strcmp(l->anchors[i].name, (const char *)name) == 0) {
			l->anchors[i].node = node;   /* YAML 1.2, 3.2.2.2: the later one counts from here on */
			return 0;
		}
	if (l->n_anchors == YAML_ANCHORS_MAX)
		return load_error(l, -E2BIG, mark, "more than %d anchors in one document", YAML_ANCHORS_MAX);
	if (l->n_anchors == l->anchors_size) {
		l->anchors_size = l->anchors_size ? l->anchors_size * 2 : 16;
		l->anchors = mem_grow(l->anchors, l->anchors_size, sizeof(*l->anchors));
	}
	copy = arena_strdup(l->arena, (const char *)name);
	if (!copy)
		return no_room(l, mark);
	l->anchors[l->n_anchors++] = (struct anchor){ copy, node };
	return 0;
}

static int new_node(struct loader *l, enum yaml_kind kind, const yaml_event_t *event, const yaml_char_t *tag,
		    struct yaml_node **ret_node)
{
	struct yaml_node *node;

	if (++l->n_nodes > YAML_NODES_MAX)
		return load_error(l, -E2BIG, event->start_mark, "more than %d nodes", YAML_NODES_MAX);
	node = arena_alloc(l->arena, sizeof(*node));
	if (!node)
		return no_room(l, event->start_mark);
	node->kind = kind;
	node->line = mark_line(event->start_mark);
	node->column = mark_column(event->start_mark);
	if (tag) {
		node->tag = arena_strdup(l->arena, (const char *)tag);
		if (!node->tag)
			return no_room(l, event->start_mark);
	}
	*ret_node = node;
	return 0;
}

static enum yaml_style scalar_style(yaml_scalar_style_t style)
{
	switch (style) {
	case YAML_SINGLE_QUOTED_SCALAR_STYLE: return YAML_SINGLE_QUOTED;
	case YAML_DOUBLE_QUOTED_SCALAR_STYLE: return YAML_DOUBLE_QUOTED;
	case YAML_LITERAL_SCALAR_STYLE: return YAML_LITERAL;
	case YAML_FOLDED_SCALAR_STYLE: return YAML_FOLDED;
	default: return YAML_PLAIN;
	}
}

static int on_scalar(struct loader *l, const yaml_event_t *event)
{
	struct yaml_node *node;
	int r = new_node(l, YAML_SCALAR, event, event->data.scalar.tag, &node);

	if (r < 0)
		return r;
	node->style = scalar_style(event->data.scalar.style);
	node->len = event->data.scalar.length;
	node->text = arena_strndup(l->arena, (const char *)event->data.scalar.value, node->len);
	if (!node->text)
		return no_room(l, event->start_mark);
	node->weight = node->height = 1;
	r = set_anchor(l, event->data.scalar.anchor, node, event->start_mark);
	if (r < 0)
		return r;
	push_child(l, node);
	return 0;
}

static int on_alias(struct loader *l, const yaml_event_t *event)
{
	const char *name = (const char *)event->data.alias.anchor;

	for (size_t i = 0; i < l->n_anchors; i++) {
		if (strcmp(l->anchors[i].name, name) != 0)
			continue;
		if (!l->anchors[i].node->weight)
			return load_error(l, -EBADMSG, event->start_mark, "alias *%s is inside of what it names", name);
		push_child(l, l->anchors[i].node);
		return 0;
	}
	return load_error(l, -EBADMSG, event->start_mark, "alias *%s names nothing: expected an anchor &%s before it", name, name);
}

static int on_open(struct loader *l, const yaml_event_t *event, enum yaml_kind kind)
{
	bool map = kind == YAML_MAPPING;
	const yaml_char_t *tag = map ? event->data.mapping_start.tag : event->data.sequence_start.tag;
	const yaml_char_t *anchor = map ? event->data.mapping_start.anchor : event->data.sequence_start.anchor;
	bool flow = map ? event->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE
			: event->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE;
	struct yaml_node *node;
	int r;

	if (l->n_open == YAML_DEPTH_MAX)
		return load_error(l, -E2BIG, event->start_mark, "nested deeper than %d levels", YAML_DEPTH_MAX);
	r = new_node(l, kind, event, tag, &node);
	if (r < 0)
		return r;
	node->style = flow ? YAML_FLOW : YAML_BLOCK;
	r = set_anchor(l, anchor, node, event->start_mark);
	if (r < 0)
		return r;
	push_child(l, node);
	l->open[l->n_open++] = (struct open_node){ node, l->n_children };
	return 0;
}

static bool is_merge_key(const struct yaml_node *key)
{
	return key->kind == YAML_SCALAR && key->style == YAML_PLAIN && strcmp(key->text, "<<") == 0;
}

static int bad_merge(struct loader *l, const struct yaml_node *at)
{
	return err_set_at(l->err, -EBADMSG, l->input, at->line, at->column,
			  "a merge key takes a mapping or a list of mappings");
}

/* How many pairs `value` of a merge key brings; -EBADMSG when it is not what a merge key takes. */
static ssize_t merge_count(struct loader *l, const struct yaml_node *key, const struct yaml_node *value)
{
	size_t n = 0;

	if (value->kind == YAML_MAPPING)
		return (ssize_t)value->n;
	if (value->kind != YAML_SEQUENCE)
		return bad_merge(l, key);
	for (size_t i = 0; i < value->n; i++) {
		if (value->items[i]->kind != YAML_MAPPING)
			return bad_merge(l, value->items[i]);
		n += value->items[i]->n;
	}
	return (ssize_t)n;
}

static size_t merge_from(const struct yaml_node *from, struct yaml_pair *to)
{
	if (from->n)
		memcpy(to, from->pairs, from->n * sizeof(*to));
	for (size_t i = 0; i < from->n; i++)
		to[i].merged = true;
	return from->n;
}

/* The collected children of a mapping become pairs: its own first, then those of its merge keys. */
static int fill_pairs(struct loader *l, struct yaml_node *node, struct yaml_node **children, size_t n, yaml_mark_t mark)
{
	size_t total = 0, at = 0;

	for (size_t i = 0; i < n; i += 2) {
		ssize_t more = is_merge_key(children[i]) ? merge_count(l, children[i], children[i + 1]) : 1;
		if (more < 0)
			return (int)more;
		total += (size_t)more;
		if (is_merge_key(children[i]))
			l->n_nodes += (size_t)more;
	}
	if (l->n_nodes > YAML_NODES_MAX)
		return load_error(l, -E2BIG, mark, "more than %d nodes", YAML_NODES_MAX);
	node->pairs = arena_alloc(l->arena, (total ? total : 1) * sizeof(*node->pairs));
	if (!node->pairs)
		return no_room(l, mark);
	for (size_t i = 0; i < n; i += 2)
		if (!is_merge_key(children[i]))
			node->pairs[at++] = (struct yaml_pair){ children[i], children[i + 1], false };
	for (size_t i = 0; i < n; i += 2) {
		const struct yaml_node *v = children[i + 1];
		if (!is_merge_key(children[i]))
			continue;
		if (v->kind == YAML_MAPPING)
			at += merge_from(v, node->pairs + at);
		for (size_t k = 0; v->kind == YAML_SEQUENCE && k < v->n; k++)
			at += merge_from(v->items[k], node->pairs + at);
	}
	assert(at == total);
	node->n = total;
	return 0;
}

static int fill_items(struct loader *l, struct yaml_node *node, struct yaml_node **children, size_t n, yaml_mark_t mark)
{
	node->items = arena_alloc(l->arena, (n ? n : 1) * sizeof(*node->items));
	if (!node->items)
		return no_room(l, mark);
	if (n)
		memcpy(node->items, children, n * sizeof(*children));
	node->n = n;
	return 0;
}

static void weigh(const struct yaml_node *child, uint64_t *weight, uint32_t *height)
{
	*weight += child->weight;
	if (child->height > *height)
		*height = child->height;
}

static int on_close(struct loader *l, const yaml_event_t *event)
{
	struct open_node top = l->open[--l->n_open];
	struct yaml_node *node = top.node, **children = l->children + top.first;
	size_t n = l->n_children - top.first;
	uint64_t weight = 1;
	uint32_t height = 0;
	int r;

	if (node->kind == YAML_MAPPING)
		r = fill_pairs(l, node, children, n, event->end_mark);
	else
		r = fill_items(l, node, children, n, event->end_mark);
	if (r < 0)
		return r;
	for (size_t i = 0; i < node->n; i++) {
		if (node->kind == YAML_MAPPING)
			weigh(node->pairs[i].key, &weight, &height);
		weigh(node->kind == YAML_MAPPING ? node->pairs[i].value : node->items[i], &weight, &height);
	}
	if (weight > YAML_WEIGHT_MAX)
		return load_error(l, -E2BIG, event->end_mark, "aliases written out give more than %d nodes", YAML_WEIGHT_MAX);
	if (height + 1 > YAML_DEPTH_MAX)
		return load_error(l, -E2BIG, event->end_mark, "nested deeper than %d levels", YAML_DEPTH_MAX);
	node->weight = (uint32_t)weight;
	node->height = height + 1;
	l->n_children = top.first;
	return 0;
}

static int on_document_end(struct loader *l, const yaml_event_t *event)
{
	if (l->file->n_docs == l->docs_size) {
		size_t size = l->docs_size ? l->docs_size * 2 : 4;
		struct yaml_node **docs = arena_alloc(l->arena, size * sizeof(*docs));
		if (!docs)
			return no_room(l, event->end_mark);
		if (l->file->n_docs)
			memcpy(docs, l->file->docs, l->file->n_docs * sizeof(*docs));
		l->file->docs = docs;
		l->docs_size = size;
	}
	assert(l->n_children == 1 && l->n_open == 0);
	l->file->docs[l->file->n_docs++] = l->children[0];
	l->n_children = 0;
	l->n_anchors = 0;
	return 0;
}

static int on_event(struct loader *l, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return on_scalar(l, event);
	case YAML_ALIAS_EVENT:
		return on_alias(l, event);
	case YAML_SEQUENCE_START_EVENT:
		return on_open(l, event, YAML_SEQUENCE);
	case YAML_MAPPING_START_EVENT:
		return on_open(l, event, YAML_MAPPING);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return on_close(l, event);
	case YAML_DOCUMENT_END_EVENT:
		return on_document_end(l, event);
	default:
		return 0;
	}
}

/* The parser's own words, and its context ("while parsing a block mapping, begun in line 3"). */
static int parser_error(struct loader *l, const yaml_parser_t *parser)
{
	const char *what = parser->problem ? parser->problem : "not YAML";

	if (parser->error == YAML_READER_ERROR) {
		unsigned line = 1, column = 1;
		for (size_t i = 0; i < parser->problem_offset && i < l->file->len; i++) {
			column = l->file->text[i] == '\n' ? 1 : column + 1;
			line += l->file->text[i] == '\n';
		}
		return err_set_at(l->err, -EBADMSG, l->input, line, column, "%s: expected UTF-8 text", what);
	}
	if (parser->error == YAML_MEMORY_ERROR)
		return err_set_at(l->err, -E2BIG, l->input, 0, 0, "not enough memory to read the YAML");
	if (parser->context)
		return load_error(l, -EBADMSG, parser->problem_mark, "%s (%s that began in line %u)", what,
				  parser->context, mark_line(parser->context_mark));
	return load_error(l, -EBADMSG, parser->problem_mark, "%s", what);
}

static int load_events(struct loader *l)
{
	yaml_parser_t parser;
	bool end = false;
	int r = 0;

	if (!yaml_parser_initialize(&parser))
		return err_set(l->err, -E2BIG, "not enough memory to read the YAML");
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)l->file->text, l->file->len);
	while (r >= 0 && !end) {
		yaml_event_t event;
		if (!yaml_parser_parse(&parser, &event)) {
			r = parser_error(l, &parser);
			break;
		}
		end = event.type == YAML_STREAM_END_EVENT;
		r = on_event(l, &event);
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	return r;
}

/* Line starts as libyaml counts them: LF, CR, CR LF, NEL, LS, PS. */
static size_t break_len(const char *p, size_t left)
{
	if (p[0] == '\r')
		return left > 1 && p[1] == '\n' ? 2 : 1;
	if (p[0] == '\n')
		return 1;
	if (left > 1 && memcmp(p, "\xc2\x85", 2) == 0)
		return 2;
	return left > 2 && (memcmp(p, "\xe2\x80\xa8", 3) == 0 || memcmp(p, "\xe2\x80\xa9", 3) == 0) ? 3 : 0;
}

static inline bool may_break(char c)
{
	return c == '\n' || c == '\r' || (unsigned char)c >= 0xc2;
}

static int find_lines(struct arena *arena, struct yaml_file *file, struct err *err)
{
	size_t n = 1;
	uint32_t *lines = NULL;

	for (int pass = 0; pass < 2; pass++) {
		if (pass == 1) {
			lines = arena_alloc(arena, n * sizeof(*lines));
			if (!lines)
				return err_set(err, -E2BIG, "%s: no room left to read it", file->name);
			file->lines = lines;
			file->n_lines = n;
			n = 1;
		}
		for (size_t i = 0; i < file->len;) {
			/* Most characters break no line, whatever follows them. */
			size_t len = may_break(file->text[i]) ? break_len(file->text + i, file->len - i) : 0;
			i += len ? len : 1;
			if (len && pass == 1)
				lines[n] = (uint32_t)i;
			n += len != 0;
		}
	}
	return 0;
}

int yaml_plain_file(struct arena *arena, const char *text, size_t len, const char *input,
		    struct yaml_file **ret_file, struct err *err)
{
	struct yaml_file *file;
	int r;

	if (len > YAML_BYTES_MAX)
		return err_set_at(err, -E2BIG, input, 0, 0, "larger than %d bytes", YAML_BYTES_MAX);
	file = arena_alloc(arena, sizeof(*file));
	if (file) {
		file->name = arena_strdup(arena, input ? input : "");
		file->text = arena_strndup(arena, text, len);
		file->len = len;
	}
	if (!file || !file->name || !file->text)
		return err_set_at(err, -E2BIG, input, 0, 0, "no room left to read it");
	r = find_lines(arena, file, err);
	if (r < 0)
		return r;
	*ret_file = file;
	return 0;
}

int yaml_parse(struct arena *arena, const char *text, size_t len, const char *input,
	       struct yaml_file **ret_file, struct err *err)
{
	static const char mark[] = "\xef\xbb\xbf";   /* libyaml would count it as a column */
	struct loader *l = mem_alloc(sizeof(*l));
	int r;

	if (len >= strlen(mark) && memcmp(text, mark, strlen(mark)) == 0) {
		text += strlen(mark);
		len -= strlen(mark);
	}
	l->arena = arena;
	l->err = err;
	l->input = input;
	r = yaml_plain_file(arena, text, len, input, &l->file, err);
	if (r >= 0)
		r = load_events(l);
	if (r >= 0)
		*ret_file = l->file;
	free(l->children);
	free(l->anchors);
	free(l);
	return r;
}
