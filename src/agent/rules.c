/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/agent.h"
#include "base/map.h"

#include <errno.h>
#include <string.h>

static int select_rules(struct lang_rules *rules, const struct agent_rule_source *source, struct err *err)
{
	for (size_t i = 0; i < source->n_selections; i++) {
		const struct agent_selection *s = &source->selections[i];
		bool by_tag = strncmp(s->what, "tag=", 4) == 0;

		if (!lang_rules_enable(rules, by_tag ? NULL : s->what, by_tag ? s->what + 4 : NULL, s->enable) &&
		    !lang_rules_by_name(rules, s->what) && strcmp(s->what, "*") != 0)
			return err_set(err, -ENOENT, "%s '%s': no rule %s", s->enable ? "enable" : "disable", s->what,
				       by_tag ? "changes by that tag" : "changes by that name");
	}
	return 0;
}

int agent_rules_load(const struct agent_rule_source *source, struct lang_rules **ret_rules, bool *ret_faulty, struct err *err)
{
	struct lang_rules *rules = lang_rules_new();
	int r = 0, bad = 0;

	for (size_t i = 0; i < source->n_paths && r == 0; i++) {
		r = lang_rules_load_path(rules, source->paths[i], err);
		if (r == -EBADMSG)   /* in the diags; the next files may have more */
			bad = 1, r = 0;
		else if (r > 0)
			r = 0;
	}
	if (r == 0 && !bad)
		r = select_rules(rules, source, err);
	if (r == 0) {
		r = lang_rules_compile(rules, err);
		if (r == -EBADMSG)
			bad = 1, r = 0;
	}
	if (r < 0) {
		lang_rules_free(rules);
		return r;
	}
	*ret_rules = rules;
	*ret_faulty = bad;
	return 0;
}

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

size_t agent_rules_paths(const struct lang_rules *rules, struct arena *arena, const char **ret_paths, size_t max)
{
	struct path_walk w = { arena, ret_paths, 0, max, MAP_INIT };

	for (size_t i = 0; i < lang_rules_count(rules); i++) {
		const struct lang_rule *rule = lang_rules_at(rules, i);
		const struct lang_node *tree = lang_rules_tree(rules, rule);

		if (rule->enabled && !rule->skipped && tree)
			walk(&w, tree);
	}
	map_done(&w.seen);
	return w.n;
}
