/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Macros: parsed once each, put in place as trees (falco-language 3.2). A macro sees the macros that
 * were defined before it was last changed; rules see all. Trees are shared, not copied: only the nodes on
 * the way to a macro are made anew. So that sharing cannot hide a bomb, weight and height are counted as
 * if there were no sharing.
 *
 * An unknown field is no fault of a macro by itself (Falco looks at fields only in rules): the macro is
 * set aside, and the rule that uses it gets the error.
 */
#include "lang/limits.h"
#include "lang/rules_internal.h"

#include <errno.h>
#include <string.h>

enum { PATH_MAX_MACROS = 256 };

struct resolver {
	struct lang_rules *rules;
	const char *who;
	uint32_t visibility;
	const struct rules_macro *path[PATH_MAX_MACROS];   /* being put in place, the innermost last */
	size_t n_path;
	bool failed;
	const struct rules_macro *unknown;
};

struct measure { uint64_t weight; uint32_t height; };

size_t rules_error_offset(const struct rules_text *text, const struct err *err)
{
	size_t at = 0;

	for (unsigned line = 1; line < err->line && at < text->len; at++)
		line += text->text[at] == '\n';
	at += err->column ? err->column - 1 : 0;
	return at < text->len ? at : text->len;
}

int rules_parse(struct lang_rules *rules, uint32_t text, struct lang_node **ret_node, const char **ret_unknown,
		uint32_t *ret_offset)
{
	const struct rules_text *t = &rules->texts[text];
	struct err err = ERR_INIT;
	size_t offset;
	int r;

	if (t->too_long)
		return rules_diag_text(rules, LANG_DIAG_ERROR, "LOAD_ERR_COMPILE_CONDITION", text, 0, 1, NULL,
				       "the condition is longer than %d bytes with its lists put in place, or takes too long to put together", RULES_TEXT_MAX);
	r = lang_parse(&rules->arena, t->text ? t->text : "", t->len, text, ret_node, &err);
	if (r >= 0)
		return 0;
	offset = rules_error_offset(t, &err);
	if (r == -ENOENT) {
		*ret_unknown = rules_strndup(rules, err.text, strlen(err.text));
		*ret_offset = (uint32_t)offset;
		return -ENOENT;
	}
	return rules_diag_text(rules, LANG_DIAG_ERROR, "LOAD_ERR_COMPILE_CONDITION", text, offset, 0, t->item, "%s", err.text);
}

/* ---- putting macros in place ---- */

static int fault(struct resolver *v, const struct lang_node *at, const char *code, const char *message, const char *hint)
{
	v->failed = true;
	return rules_diag_text(v->rules, LANG_DIAG_ERROR, code, at->source, at->offset, at->end - at->offset,
			       v->who, "%s%s", message, hint);
}

static struct lang_node *resolve(struct resolver *v, struct lang_node *node, unsigned depth, struct measure *m);

static bool on_path(const struct resolver *v, const struct rules_macro *macro)
{
	for (size_t i = 0; i < v->n_path; i++)
		if (v->path[i] == macro)
			return true;
	return false;
}

static struct lang_node *resolve_name(struct resolver *v, struct lang_node *node, unsigned depth, struct measure *m)
{
	struct rules_macro *macro = map_get(&v->rules->macros.by_name, node->name, strlen(node->name));
	struct lang_node *tree;

	if (!macro || macro->index >= v->visibility) {
		fault(v, node, "LOAD_ERR_VALIDATE", rules_printf(v->rules, "Undefined macro '%s' used in filter", node->name),
		      macro ? ": it is defined only later, and a macro sees the macros before it" :
		      rules_did_you_mean_in(v->rules, node->name, "macro"));
		return node;
	}
	macro->used = true;
	if (on_path(v, macro)) {
		fault(v, node, "LOAD_ERR_VALIDATE", rules_printf(v->rules, "reference loop in macro '%s'", macro->name), "");
		return node;
	}
	if (macro->state != RULES_PARSED) {
		v->failed = true;
		if (macro->state == RULES_UNKNOWN_FIELD)
			v->unknown = macro->unknown_in;
		return node;
	}
	if (macro->resolved) {
		*m = (struct measure){ macro->weight, macro->height };
		return macro->tree;
	}
	if (v->n_path == PATH_MAX_MACROS) {
		fault(v, node, "LOAD_ERR_VALIDATE", "macros in macros are nested too deep", "");
		return node;
	}
	v->path[v->n_path++] = macro;
	tree = resolve(v, macro->tree, depth, m);
	v->n_path--;
	return tree;
}

static struct lang_node *with_children(struct resolver *v, const struct lang_node *node, struct lang_node **children)
{
	struct lang_node *copy = rules_alloc(v->rules, sizeof(*copy));

	*copy = *node;
	copy->children = children;
	return copy;
}

static struct lang_node *resolve(struct resolver *v, struct lang_node *node, unsigned depth, struct measure *m)
{
	struct lang_node **children = NULL;

	*m = (struct measure){ 1, 1 };
	if (node->kind == LANG_NODE_CHECK)
		return node;
	if (depth > LANG_TREE_DEPTH_MAX) {
		fault(v, node, "LOAD_ERR_COMPILE_CONDITION", "the condition with its macros is nested too deep", "");
		return node;
	}
	if (node->kind == LANG_NODE_MACRO)
		return resolve_name(v, node, depth + 1, m);
	for (size_t i = 0; i < node->n_children; i++) {
		struct measure child;
		struct lang_node *c = resolve(v, node->children[i], depth + 1, &child);
		m->weight += child.weight;
		if (child.height >= m->height)
			m->height = child.height + 1;
		if (c == node->children[i])
			continue;
		if (!children) {
			children = rules_alloc(v->rules, node->n_children * sizeof(*children));
			memcpy(children, node->children, node->n_children * sizeof(*children));
		}
		children[i] = c;
	}
	if (!v->failed && (m->weight > RULES_NODES_MAX || m->height > LANG_TREE_DEPTH_MAX))
		fault(v, node, "LOAD_ERR_COMPILE_CONDITION", m->weight > RULES_NODES_MAX ?
		      "the condition with its macros has too many checks" : "the condition with its macros is nested too deep", "");
	return children ? with_children(v, node, children) : node;
}

static int finish(struct resolver *v, const struct rules_macro **ret_macro)
{
	if (!v->failed)
		return 0;
	if (v->unknown && ret_macro) {
		*ret_macro = v->unknown;
		return -ENOENT;
	}
	return -EBADMSG;
}

int rules_resolve(struct lang_rules *rules, struct lang_node *node, uint32_t visibility, const char *who,
		  struct lang_node **ret_node, const struct rules_macro **ret_macro)
{
	struct resolver v = { .rules = rules, .who = who, .visibility = visibility };
	struct measure m;
	struct lang_node *tree = resolve(&v, node, 0, &m);
	int r = finish(&v, ret_macro);

	if (r >= 0)
		*ret_node = tree;
	return r;
}

static void resolve_macro(struct lang_rules *rules, struct rules_macro *macro)
{
	struct resolver v = { .rules = rules, .who = rules->texts[macro->text].item, .visibility = macro->visibility };
	struct measure m;
	struct lang_node *tree;

	v.path[v.n_path++] = macro;
	tree = resolve(&v, macro->tree, 0, &m);
	if (v.failed) {
		macro->state = v.unknown ? RULES_UNKNOWN_FIELD : RULES_BROKEN;
		macro->unknown_in = v.unknown;
		return;
	}
	macro->tree = tree;
	macro->weight = m.weight;
	macro->height = m.height;
	macro->resolved = true;
}

static void parse_macro(struct lang_rules *rules, struct rules_macro *macro)
{
	struct rules_text text;
	int r;

	if (macro->broken) {
		macro->state = RULES_BROKEN;
		return;
	}
	rules_text_init(&text);
	rules_text_pieces(&text, &macro->condition);
	rules_expand_lists(rules, &text);
	macro->text = rules_text_keep(rules, &text, rules_item_name(rules, "macro", macro->name), macro->name);
	r = rules_parse(rules, macro->text, &macro->tree, &macro->unknown, &macro->unknown_offset);
	macro->state = r >= 0 ? RULES_PARSED : r == -ENOENT ? RULES_UNKNOWN_FIELD : RULES_BROKEN;
	if (r == -ENOENT)
		macro->unknown_in = macro;
}

void rules_resolve_macros(struct lang_rules *rules)
{
	for (size_t i = 0; i < rules->macros.n; i++)
		parse_macro(rules, rules->macros.at[i]);
	for (size_t i = 0; i < rules->macros.n && !rules->out_of_memory; i++)
		if (rules->macros.at[i]->state == RULES_PARSED)
			resolve_macro(rules, rules->macros.at[i]);
	/* What is set aside still uses what it names. */
	for (size_t i = 0; i < rules->macros.n; i++) {
		const struct rules_macro *macro = rules->macros.at[i];
		if (macro->state != RULES_PARSED && !macro->broken)
			rules_mark_used(rules, rules->texts[macro->text].text, rules->texts[macro->text].len);
	}
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

void rules_mark_used(struct lang_rules *rules, const char *text, size_t len)
{
	for (size_t i = 0; i < len;) {
		size_t start = i;
		struct rules_macro *macro;

		while (i < len && is_word(text[i]))
			i++;
		macro = i > start ? map_get(&rules->macros.by_name, text + start, i - start) : NULL;
		if (macro && (i == len || (text[i] != '.' && text[i] != '[')))
			macro->used = true;
		i += i == start;
	}
}
