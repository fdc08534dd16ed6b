/* SPDX-License-Identifier: Apache-2.0 */
/* From collected items to a program: every rule checked, also disabled ones; the enabled ones compiled. */
#include "lang/rules_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { EVENTS_TOO_MANY = 100 };   /* falco-language 3.6 */

static bool is_unknown(int code, const struct err *err)
{
	return code == -ENOENT || strstr(err->text, "unknown event type");
}

/* A rule that names what parka does not know: left out with a warning if it asked for that, or when
 * its file needs a plugin that is not there; else an error. */
static void unknown_in_rule(struct lang_rules *rules, struct rules_rule *rule, const char *code, uint32_t text,
			    size_t offset, const char *message)
{
	bool skip = rule->skip_if_unknown_filter || rule->needs_plugin;

	rules_diag_text(rules, skip ? LANG_DIAG_WARNING : LANG_DIAG_ERROR, skip ? "LOAD_UNKNOWN_FILTER" : code, text, offset, 0,
			rules->item, "%s", message);
	rule->pub.skipped = skip;
	rule->pub.skip_reason = skip ? message : NULL;
	rule->pub.broken = !skip;
}

static void broken(struct rules_rule *rule)
{
	rule->pub.broken = true;
}

/* ---- output ---- */

/* %container.info is nothing any more: Falco's container plugin took its place. */
static void drop_container_info(struct lang_rules *rules, struct rules_rule *rule, struct rules_text *text)
{
	static const char word[] = "%container.info";
	const size_t len = sizeof(word) - 1;
	bool any = false;
	char *hit;

	while (text->len && (hit = memmem(text->text, text->len, word, len)) != NULL) {
		size_t at = (size_t)(hit - text->text);
		struct rules_spot spot = rules_text_spot(text, at);
		if (!any)
			rules_diag_at(rules, LANG_DIAG_WARNING, "LOAD_DEPRECATED_ITEM", rules->item, spot.origin, spot.offset, len,
				      "%%container.info is deprecated and no more useful: it is left out");
		rules_text_cut(text, at, len);
		any = true;
	}
	if (any)
		rule->pub.output = rules_strndup(rules, text->text ? text->text : "", text->len);
}

static void warn_deprecated_output(struct lang_rules *rules, uint32_t text)
{
	const struct rules_text *t = &rules->texts[text];
	const char *hit = t->len ? memmem(t->text, t->len, "evt.dir", 7) : NULL;

	if (hit)
		rules_diag_text(rules, LANG_DIAG_WARNING, "LOAD_DEPRECATED_ITEM", text, (size_t)(hit - t->text), 7, NULL,
				"usage of deprecated field 'evt.dir' has been detected in the rule output");
}

static void compile_output(struct lang_rules *rules, struct rules_rule *rule)
{
	struct err err = ERR_INIT;
	struct rules_text text;
	uint32_t offset = 0, kept;
	int r;

	rules_text_init(&text);
	rules_text_pieces(&text, &rule->output);
	drop_container_info(rules, rule, &text);
	kept = rules_text_keep(rules, &text, rules->item, NULL);
	r = lang_format_parse_in(rules->formats, rules->texts[kept].text ? rules->texts[kept].text : "", &rule->format, &offset, &err);
	if (r >= 0) {
		rule->pub.format = rule->format;
		warn_deprecated_output(rules, kept);
	} else if (is_unknown(r, &err)) {
		unknown_in_rule(rules, rule, "LOAD_ERR_COMPILE_OUTPUT", kept, offset, rules_printf(rules, "%s", err.text));
	} else {
		rules_diag_text(rules, LANG_DIAG_ERROR, "LOAD_ERR_COMPILE_OUTPUT", kept, offset, 0, NULL, "%s", err.text);
		broken(rule);
	}
}

/* ---- condition ---- */

static bool uses_field(const struct lang_value_expr *expr, enum model_field_id id)
{
	bool found = expr && expr->kind == LANG_VALUE_FIELD && expr->field.id == id;

	for (size_t i = 0; expr && expr->kind == LANG_VALUE_TRANSFORMER && i < expr->n_args && !found; i++)
		found = uses_field(expr->args[i], id);
	return found;
}

static void warn_deprecated(struct lang_rules *rules, const struct lang_node *node)
{
	for (size_t i = 0; i < node->n_children; i++)
		warn_deprecated(rules, node->children[i]);
	if (node->kind == LANG_NODE_CHECK && uses_field(node->left, MODEL_F_EVT_DIR))
		rules_diag_text(rules, LANG_DIAG_WARNING, "LOAD_DEPRECATED_ITEM", node->source, node->offset, 0, rules->item,
				"usage of deprecated field 'evt.dir': 'evt.dir = <' is always true and 'evt.dir = >' always false, as events are reported when they end");
}

/* The text with exceptions and lists, kept; 0 or -EBADMSG. */
static int build_text(struct lang_rules *rules, struct rules_rule *rule, uint32_t *ret_text)
{
	struct rules_text text;
	int r;

	rules_text_init(&text);
	/* Exceptions of a broken rule may be anything: only what it names is of interest then. */
	if (rule->pub.broken)
		rules_text_pieces(&text, &rule->condition);
	r = rule->pub.broken ? -EBADMSG : rules_exceptions_text(rules, rule, &text);
	rules_expand_lists(rules, &text);
	*ret_text = rules_text_keep(rules, &text, rules->item, NULL);
	return r;
}

static void mark_used(struct lang_rules *rules, const struct rules_rule *rule)
{
	rules_mark_used(rules, rules->texts[rule->text].text, rules->texts[rule->text].len);
}

/* Parsed, macros in place. 0, or noted. */
static int build_tree(struct lang_rules *rules, struct rules_rule *rule, struct lang_node **ret_tree)
{
	const struct rules_macro *macro;
	struct lang_node *node;
	const char *unknown;
	uint32_t offset;
	int r = rules_parse(rules, rule->text, &node, &unknown, &offset);

	if (r == -ENOENT) {
		unknown_in_rule(rules, rule, "LOAD_ERR_COMPILE_CONDITION", rule->text, offset, unknown);
		mark_used(rules, rule);
		return r;
	}
	if (r < 0) {
		mark_used(rules, rule);
		broken(rule);
		return r;
	}
	r = rules_resolve(rules, node, RULES_SEE_ALL, rules->item, ret_tree, &macro);
	if (r == -ENOENT)
		unknown_in_rule(rules, rule, "LOAD_ERR_COMPILE_CONDITION", macro->text, macro->unknown_offset, macro->unknown);
	else if (r < 0)
		broken(rule);
	return r;
}

static int check_or_add(struct lang_rules *rules, struct rules_rule *rule, const struct lang_node *tree)
{
	struct err err = ERR_INIT;
	uint32_t offset = tree->offset, source = tree->source, index;
	int r;

	if (!rule->pub.enabled || rule->pub.broken || rule->pub.skipped)
		r = lang_check_types(tree, &offset, &source, &err);
	else
		r = lang_program_add(rules->program, tree, &index, &offset, &source, &err);
	if (r < 0 && is_unknown(r, &err)) {
		unknown_in_rule(rules, rule, "LOAD_ERR_COMPILE_CONDITION", source, offset, rules_printf(rules, "%s", err.text));
	} else if (r < 0) {
		rules_diag_text(rules, LANG_DIAG_ERROR, "LOAD_ERR_COMPILE_CONDITION", source, offset, 0, rules->item, "%s", err.text);
		broken(rule);
	} else if (rule->pub.enabled && !rule->pub.broken && !rule->pub.skipped) {
		rules->by_program = mem_grow(rules->by_program, index + 1, sizeof(*rules->by_program));
		rules->by_program[index] = rule;
		rules->n_program = index + 1;
		rule->pub.program_index = index;
	}
	return r;
}

static size_t count_events(const struct model_event_set *set)
{
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(set->words); i++)
		n += (size_t)__builtin_popcountll(set->words[i]);
	return n;
}

static void derive_events(struct lang_rules *rules, struct rules_rule *rule, const struct lang_node *tree)
{
	bool all = false;
	size_t n;

	rule->pub.events = lang_event_types(tree, &all);
	rule->pub.all_events = all;
	n = count_events(&rule->pub.events);
	if (rule->warn_evttypes && (all || n == 0 || n > EVENTS_TOO_MANY))
		rules_diag_at(rules, LANG_DIAG_WARNING, "LOAD_NO_EVTTYPE", rules->item, rule->origin, 0, strlen(rule->pub.name),
			      "Rule matches too many evt.type values. This has a significant performance penalty.");
}

static void compile_condition(struct lang_rules *rules, struct rules_rule *rule)
{
	struct lang_node *tree;

	if (build_tree(rules, rule, &tree) < 0)
		return;
	warn_deprecated(rules, tree);
	if (check_or_add(rules, rule, tree) < 0)
		return;
	rule->tree = tree;
	derive_events(rules, rule, tree);
}

static void compile_rule(struct lang_rules *rules, struct rules_rule *rule)
{
	rules->item = rules_item_name(rules, "rule", rule->pub.name);
	if (build_text(rules, rule, &rule->text) < 0)
		broken(rule);
	if (rule->unknown_source || rule->pub.broken) {
		mark_used(rules, rule);
		return;
	}
	compile_output(rules, rule);
	compile_condition(rules, rule);
}

static void warn_unused(struct lang_rules *rules)
{
	for (size_t i = 0; i < rules->macros.n; i++) {
		const struct rules_macro *m = rules->macros.at[i];
		if (!m->used && !m->broken)
			rules_diag_at(rules, LANG_DIAG_WARNING, "LOAD_UNUSED_MACRO", rules_item_name(rules, "macro", m->name), m->origin, 0,
				      strlen(m->name), "Macro not referred to by any other rule/macro");
	}
	for (size_t i = 0; i < rules->lists.n; i++) {
		const struct rules_list *l = rules->lists.at[i];
		if (!l->used && !l->broken)
			rules_diag_at(rules, LANG_DIAG_WARNING, "LOAD_UNUSED_LIST", rules_item_name(rules, "list", l->name), l->origin, 0,
				      strlen(l->name), "List not referred to by any other rule/macro");
	}
}

int lang_rules_compile(struct lang_rules *rules, struct err *err)
{
	int r;

	if (rules->compiled)
		return err_set(err, -EINVAL, "the rule set is compiled already");
	rules->compiled = true;
	rules->program = lang_program_new();
	rules_flatten_lists(rules);
	rules_resolve_macros(rules);
	for (size_t i = 0; i < rules->n_rules && !rules->out_of_memory; i++)
		compile_rule(rules, rules->rules[i]);
	rules->item = NULL;
	warn_unused(rules);
	rules_diags_sort(rules);
	if (rules->out_of_memory)
		return err_set(err, -E2BIG, "the rules need more than %d MiB of memory", RULES_MEMORY_MAX >> 20);
	r = lang_program_seal(rules->program, err);
	if (r < 0)
		return r;
	if (rules->n_errors)
		return err_set(err, -EBADMSG, "%zu error%s in the rules", rules->n_errors, rules->n_errors == 1 ? "" : "s");
	return 0;
}

/* ---- one condition with the set's macros and lists ---- */

int lang_rules_condition(struct lang_rules *rules, const char *name, const char *condition, size_t len,
			 const struct lang_node **ret_node, struct err *err)
{
	const struct rules_macro *macro;
	struct yaml_file *file;
	struct lang_node *node;
	struct rules_text text;
	const char *unknown;
	uint32_t kept, offset;
	int r;

	if (rules->settled)
		return err_set(err, -EINVAL, "the rule set has no more macros and lists");
	r = yaml_plain_file(&rules->arena, condition, len, name, &file, err);
	if (r < 0)
		return r;
	rules_text_init(&text);
	rules_text_add(&text, condition, len, (struct rules_spot){ rules_origin_add(rules, file, NULL, NULL), 0 });
	rules_expand_lists(rules, &text);
	kept = rules_text_keep(rules, &text, NULL, NULL);
	r = rules_parse(rules, kept, &node, &unknown, &offset);
	if (r == -ENOENT)
		rules_diag_text(rules, LANG_DIAG_ERROR, "LOAD_ERR_COMPILE_CONDITION", kept, offset, 0, NULL, "%s", unknown);
	if (r >= 0) {
		r = rules_resolve(rules, node, RULES_SEE_ALL, NULL, &node, &macro);
		if (r == -ENOENT)
			rules_diag_text(rules, LANG_DIAG_ERROR, "LOAD_ERR_COMPILE_CONDITION", macro->text, macro->unknown_offset, 0, NULL,
					"%s", macro->unknown);
	}
	if (r >= 0) {
		struct err type_err = ERR_INIT;
		uint32_t source = kept;
		r = lang_check_types(node, &offset, &source, &type_err);
		if (r < 0)
			rules_diag_text(rules, LANG_DIAG_ERROR, "LOAD_ERR_COMPILE_CONDITION", source, offset, 0, NULL, "%s", type_err.text);
	}
	if (r < 0)
		return err_set(err, -EBADMSG, "the condition has an error");
	*ret_node = node;
	return 0;
}

const struct lang_node *lang_rules_tree(const struct lang_rules *rules, const struct lang_rule *rule)
{
	(void)rules;
	return container_of(rule, const struct rules_rule, pub)->tree;
}
