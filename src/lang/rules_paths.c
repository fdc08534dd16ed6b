/* SPDX-License-Identifier: Apache-2.0 */
/* The files that rules name: those whose other names (hard links, bind mounts) are worth knowing. */
#include "lang/rules_internal.h"

#include <string.h>

struct path_walk { struct arena *arena; const char **paths; size_t n, max; struct map seen; };

static bool is_file_name(const struct lang_value_expr *left)
{
	const char *name;

	if (!left || left->kind != LANG_VALUE_FIELD)
		return false;
	name = model_field(left->field.id)->name;
	return model_field(left->field.id)->type == MODEL_TYPE_PATH &&
	       (strncmp(name, "fd.", 3) == 0 || strncmp(name, "fs.path.", 8) == 0);
}

static void add_path(struct path_walk *w, const struct lang_text *value)
{
	char *copy;

	if (w->n >= w->max || value->len < 2 || value->text[0] != '/' || value->text[value->len - 1] == '/' ||
	    map_get(&w->seen, value->text, value->len))
		return;
	copy = arena_strndup(w->arena, value->text, value->len);
	if (!copy)
		return;
	map_put(&w->seen, copy, value->len, copy);
	w->paths[w->n++] = copy;
}

static void walk(struct path_walk *w, const struct lang_node *node)
{
	for (size_t i = 0; i < node->n_children; i++)
		walk(w, node->children[i]);
	if (node->kind != LANG_NODE_CHECK || (node->op != LANG_OP_EQ && node->op != LANG_OP_IN) || !is_file_name(node->left))
		return;
	for (size_t i = 0; i < node->n_values; i++)
		add_path(w, &node->values[i]);
}

static size_t copy_kept(const struct lang_rules *rules, struct arena *arena, const char **ret_paths, size_t max)
{
	size_t n = 0;

	while (n < rules->n_paths && n < max && (ret_paths[n] = arena_strdup(arena, rules->paths[n])))
		n++;
	return n;
}

size_t lang_rules_paths(const struct lang_rules *rules, struct arena *arena, const char **ret_paths, size_t max)
{
	struct path_walk w = { arena, ret_paths, 0, max, MAP_INIT };

	if (rules->settled)
		return copy_kept(rules, arena, ret_paths, max);
	for (size_t i = 0; i < rules->n_rules; i++) {
		const struct rules_rule *rule = rules->rules[i];

		if (rule->pub.enabled && !rule->pub.skipped && rule->tree)
			walk(&w, rule->tree);
	}
	map_done(&w.seen);
	return w.n;
}
