/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "cli/explain_costs.h"
#include "cli/rules_load.h"
#include "base/suggest.h"
#include "detect/demand.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct cli_option options[] = {
	{ 'r', "rules", "FILE|DIR", "Rule file, or directory of them; may be given many times, read in order.", CLI_COMPLETE_FILE, NULL },
	{ .name = NULL },
};

static const struct cli_example examples[] = {
	{ "parka rules explain 'Read sensitive file untrusted' -r falco_rules.yaml", "all there is to know of one rule" },
	{ NULL, NULL },
};

enum { OUT_MAX = 16 * 1024 * 1024, FIELDS_MAX = 512, CONJUNCTS_MAX = 512, WIDTH = 100, VALUES_SHOWN = 6 };

struct facts {
	const char *fields[FIELDS_MAX];      /* as written */
	enum model_field_id ids[FIELDS_MAX];
	size_t n_fields;
	const struct lang_node *conjuncts[CONJUNCTS_MAX];
	size_t n_conjuncts;
};

/* ---- facts ---- */

static void add_field(struct facts *facts, const struct model_field_ref *field)
{
	for (size_t i = 0; i < facts->n_fields; i++)
		if (strcmp(facts->fields[i], field->text) == 0)
			return;
	if (facts->n_fields == FIELDS_MAX)
		return;
	facts->ids[facts->n_fields] = field->id;
	facts->fields[facts->n_fields++] = field->text;
}

static void add_expr(struct facts *facts, const struct lang_value_expr *expr)
{
	if (!expr)
		return;
	if (expr->kind == LANG_VALUE_FIELD)
		add_field(facts, &expr->field);
	for (size_t i = 0; expr->kind == LANG_VALUE_TRANSFORMER && i < expr->n_args; i++)
		add_expr(facts, expr->args[i]);
}

static void add_fields(struct facts *facts, const struct lang_node *node)
{
	if (node->kind == LANG_NODE_CHECK) {
		add_expr(facts, node->left);
		add_expr(facts, node->right);
	}
	for (size_t i = 0; i < node->n_children; i++)
		add_fields(facts, node->children[i]);
}

static void add_conjuncts(struct facts *facts, const struct lang_node *node)
{
	if (node->kind != LANG_NODE_AND) {
		if (facts->n_conjuncts < CONJUNCTS_MAX)
			facts->conjuncts[facts->n_conjuncts++] = node;
		return;
	}
	for (size_t i = 0; i < node->n_children; i++)
		add_conjuncts(facts, node->children[i]);
}

static bool is_of_type(const struct lang_node *check)
{
	return check->left->kind == LANG_VALUE_FIELD &&
	       (check->left->field.id == MODEL_F_EVT_TYPE || check->left->field.id == MODEL_F_SYSCALL_TYPE);
}

/* Whether nothing of it is left to user space. Of events that are never dropped only the type is decided. */
static bool kernel_decides(const struct lang_node *node, bool negated, bool is_filtered)
{
	struct lang_node *children[] = { (struct lang_node *)(uintptr_t)node };
	struct lang_node opposite = { .kind = LANG_NODE_NOT, .children = children, .n_children = 1 };

	if (node->kind == LANG_NODE_NOT)
		return kernel_decides(node->children[0], !negated, is_filtered);
	if (node->kind == LANG_NODE_CHECK)
		return (is_filtered || is_of_type(node)) && detect_demand_decides(negated ? &opposite : node) == DETECT_KERNEL_WHOLLY;
	for (size_t i = 0; i < node->n_children; i++)
		if (!kernel_decides(node->children[i], negated, is_filtered))
			return false;
	return true;
}

static void gather(struct facts *facts, const struct lang_node *tree)
{
	add_fields(facts, tree);
	add_conjuncts(facts, tree);
}

/* ---- text ---- */

static void add_indent(struct strbuf *out, int indent)
{
	strbuf_addf(out, "%*s", indent, "");
}

/* The operands of an and/or, those of operands of the same kind among them (macros make such nests). */
static void add_operands(const struct lang_node *node, enum lang_node_kind kind, struct strbuf *out, int indent, bool all,
			 bool *first);

/* A check; of a long list the first values only, and how many more there are (-v shows all). */
static void add_check(const struct lang_node *node, bool all, struct strbuf *out)
{
	struct lang_node few = *node;
	_cleanup_strbuf_ struct strbuf line;

	strbuf_init(&line, OUT_MAX);
	if (!all && node->n_values > VALUES_SHOWN)
		few.n_values = VALUES_SHOWN;
	lang_node_print(&few, &line);
	if (few.n_values < node->n_values)
		strbuf_addf(out, "%.*s, and %zu more)", (int)line.len - 1, line.text, node->n_values - few.n_values);
	else
		strbuf_add(out, line.text, line.len);
}

/* A node on one line if it fits, else its operands one below the other. */
static void pretty(const struct lang_node *node, int indent, bool all, struct strbuf *out)
{
	_cleanup_strbuf_ struct strbuf line;
	bool list = node->kind == LANG_NODE_AND || node->kind == LANG_NODE_OR;
	bool first = true;

	if (node->kind == LANG_NODE_NOT && node->children[0]->kind == LANG_NODE_CHECK) {
		strbuf_adds(out, "not ");
		node = node->children[0];
	}
	if (node->kind == LANG_NODE_CHECK) {
		add_check(node, all, out);
		return;
	}
	strbuf_init(&line, OUT_MAX);
	lang_node_print(node, &line);
	if ((int)line.len + indent <= WIDTH) {
		strbuf_add(out, line.text, line.len);
		return;
	}
	if (node->kind == LANG_NODE_NOT) {
		strbuf_adds(out, "not (\n");
		add_indent(out, indent + 4);
		pretty(node->children[0], indent + 4, all, out);
		strbuf_addc(out, ')');
		return;
	}
	if (list)
		add_operands(node, node->kind, out, indent, all, &first);
}

static void add_operands(const struct lang_node *node, enum lang_node_kind kind, struct strbuf *out, int indent, bool all,
			 bool *first)
{
	for (size_t i = 0; i < node->n_children; i++) {
		const struct lang_node *c = node->children[i];
		bool parens = c->kind == LANG_NODE_AND || c->kind == LANG_NODE_OR;

		if (c->kind == kind) {
			add_operands(c, kind, out, indent, all, first);
			continue;
		}
		if (!*first) {
			strbuf_addc(out, '\n');
			add_indent(out, indent);
			strbuf_adds(out, kind == LANG_NODE_AND ? "and " : "or ");
		}
		*first = false;
		strbuf_adds(out, parens ? "(" : "");
		pretty(c, indent + 4 + parens, all, out);
		strbuf_adds(out, parens ? ")" : "");
	}
}

/* Without the newline that a block of YAML ends with. */
static int trimmed_len(const char *text)
{
	size_t len = strlen(text);

	while (len > 0 && strchr(" \t\n", text[len - 1]))
		len--;
	return (int)len;
}

static void print_words(const char *title, const char *const *words, size_t n)
{
	printf("%s", title);
	for (size_t i = 0; i < n; i++)
		printf("%s%s", i ? ", " : "", words[i]);
	puts(n ? "" : "-");
}

static size_t event_names(const struct lang_rule *rule, const char **names)
{
	size_t n = 0;

	for (unsigned i = 1; i < MODEL_EVT_MAX; i++)
		if (model_event_set_has(&rule->events, i))
			names[n++] = model_event(i)->name;
	return n;
}

static void print_user_space(const struct facts *facts, bool is_filtered, bool all)
{
	bool any = false;

	puts("\nLeft to user space");
	for (size_t i = 0; i < facts->n_conjuncts; i++) {
		_cleanup_strbuf_ struct strbuf out;
		if (kernel_decides(facts->conjuncts[i], false, is_filtered))
			continue;
		strbuf_init(&out, OUT_MAX);
		pretty(facts->conjuncts[i], 4, all, &out);
		printf("  - %s\n", out.text);
		any = true;
	}
	if (!any)
		puts("  nothing");
}

/* Event types of the rule of which the kernel drops none. */
static size_t never_dropped(const struct lang_rule *rule, const struct detect_demand *demand, const char **names)
{
	struct model_event_set wanted = detect_demand_always(demand);
	size_t n = 0;

	for (unsigned i = 1; i < MODEL_EVT_MAX; i++)
		if (model_event_set_has(&rule->events, i) && (model_event_set_has(&wanted, i) || sensor_filter_class_of(i) == FILTER_ALWAYS))
			names[n++] = model_event(i)->name;
	return n;
}

/* Whether the kernel drops events of all types of the rule. */
static bool print_kernel(const struct lang_rule *rule, const struct lang_node *tree)
{
	struct detect_demand *demand = detect_demand_of_condition(tree);
	const struct sensor_filter_term *terms;
	const char *names[MODEL_EVT_MAX];
	size_t n = detect_demand_terms(demand, &terms), n_names = rule->all_events ? 0 : never_dropped(rule, demand, names);

	puts("\nThe kernel reports for it");
	for (size_t i = 0; i < n; i++) {
		_cleanup_strbuf_ struct strbuf out;
		strbuf_init(&out, OUT_MAX);
		detect_demand_print(&terms[i], &out);
		printf("  - %s\n", out.text);
	}
	if (n_names)
		print_words("  - all events of: ", names, n_names);
	if (!n && !n_names)
		puts(rule->all_events ? "  all events" : "  nothing");
	detect_demand_free(demand);
	return !n_names && !rule->all_events;
}

static void print_condition(const struct lang_rule *rule, const struct lang_node *tree, bool all)
{
	_cleanup_strbuf_ struct strbuf out;
	const char *events[MODEL_EVT_MAX];
	struct facts *facts = mem_alloc(sizeof(*facts));

	strbuf_init(&out, OUT_MAX);
	pretty(tree, 2, all, &out);
	printf("\nCondition, macros, lists and exceptions put in place\n  %s\n\n", out.text);
	if (rule->all_events)
		puts("Events: all; nothing in the condition narrows them");
	else
		print_words("Events: ", events, event_names(rule, events));
	gather(facts, tree);
	puts("\nFields");
	for (size_t i = 0; i < facts->n_fields; i++)
		printf("  %-34s %-8s from: %s\n", facts->fields[i], model_type_name(model_field(facts->ids[i])->type),
		       model_field(facts->ids[i])->source);
	print_user_space(facts, print_kernel(rule, tree), all);
	free(facts);
}

/* What parka watch counted of it. */
static void print_costs(const struct cli_args *args, const struct lang_rule *rule)
{
	_cleanup_strbuf_ struct strbuf out;
	struct agent_day day;
	struct err err = ERR_INIT;
	char today[11];
	int r;

	agent_day_init(&day);
	agent_day_date((int64_t)time(NULL), today);
	strbuf_init(&out, OUT_MAX);
	r = agent_day_read(&day, cli_state_dir(args), &err);
	if (r == 0)
		explain_costs_text(&day, today, rule, &out);
	else if (r == -ENOENT)
		strbuf_addf(&out, "Today\n  no account yet: parka watch keeps one in %s (--state DIR names another)\n", cli_state_dir(args));
	else
		strbuf_addf(&out, "Today\n  no account can be read: %s\n", err.text);
	printf("\n%s", out.text);
	agent_day_done(&day);
}

static void print_text(const struct cli_args *args, const struct lang_rules *rules, const struct lang_rule *rule, bool all)
{
	const struct lang_node *tree = lang_rules_tree(rules, rule);
	const char *state = rule->broken ? "broken: parka rules check says why" : rule->skipped ? "skipped" : rule->enabled ? "enabled" : "disabled";

	printf("%s\n  %.*s\n\n", rule->name, trimmed_len(rule->desc), rule->desc);
	printf("Priority: %s\nSource:   %s\nState:    %s%s%s\n", model_priority_name(rule->priority), rule->source, state,
	       rule->skip_reason ? ": " : "", rule->skip_reason ? rule->skip_reason : "");
	print_words("Tags:     ", rule->tags, rule->n_tags);
	printf("Written:  %s:%u\n\nOutput\n  %s\n", rule->file, rule->line, rule->output);
	if (tree)
		print_condition(rule, tree, all);
	else
		printf("\nCondition as written\n  %.*s\n", trimmed_len(rule->condition), rule->condition);
	if (tree && rule->enabled)
		print_costs(args, rule);
}

/* ---- JSON ---- */

static void put_user_space(struct json_writer *w, const struct facts *facts, bool is_filtered)
{
	json_array_begin(w, "user_space");
	for (size_t i = 0; i < facts->n_conjuncts; i++) {
		_cleanup_strbuf_ struct strbuf text;
		if (kernel_decides(facts->conjuncts[i], false, is_filtered))
			continue;
		strbuf_init(&text, OUT_MAX);
		lang_node_print(facts->conjuncts[i], &text);
		json_put_str(w, NULL, text.text);
	}
	json_array_end(w);
}

static bool put_kernel(struct json_writer *w, const struct lang_rule *rule, const struct lang_node *tree)
{
	struct detect_demand *demand = detect_demand_of_condition(tree);
	const struct sensor_filter_term *terms;
	const char *names[MODEL_EVT_MAX];
	size_t n = detect_demand_terms(demand, &terms);

	json_array_begin(w, "kernel");
	for (size_t i = 0; i < n; i++) {
		_cleanup_strbuf_ struct strbuf text;
		strbuf_init(&text, OUT_MAX);
		detect_demand_print(&terms[i], &text);
		json_put_str(w, NULL, text.text);
	}
	json_array_end(w);
	n = rule->all_events ? 0 : never_dropped(rule, demand, names);
	cli_rules_put_texts(w, "never_dropped", names, n, NULL);
	detect_demand_free(demand);
	return !n && !rule->all_events;
}

static void put_condition(struct json_writer *w, const struct lang_rule *rule, const struct lang_node *tree)
{
	const char *events[MODEL_EVT_MAX];
	struct facts *facts = mem_alloc(sizeof(*facts));
	_cleanup_strbuf_ struct strbuf expanded;

	strbuf_init(&expanded, OUT_MAX);
	lang_node_print(tree, &expanded);
	gather(facts, tree);
	json_put_str(w, "expanded", expanded.text);
	json_put_bool(w, "all_events", rule->all_events);
	cli_rules_put_texts(w, "events", events, rule->all_events ? 0 : event_names(rule, events), NULL);
	json_array_begin(w, "fields");
	for (size_t i = 0; i < facts->n_fields; i++) {
		json_object_begin(w, NULL);
		json_put_str(w, "field", facts->fields[i]);
		json_put_str(w, "type", model_type_name(model_field(facts->ids[i])->type));
		json_put_str(w, "source", model_field(facts->ids[i])->source);
		json_object_end(w);
	}
	json_array_end(w);
	put_user_space(w, facts, put_kernel(w, rule, tree));
	free(facts);
}

/* null: there is none, or none that can be read. */
static void put_costs(struct json_writer *w, const struct cli_args *args, const struct lang_rule *rule)
{
	struct agent_day day;

	agent_day_init(&day);
	if (agent_day_read(&day, cli_state_dir(args), NULL) == 0)
		explain_costs_json(&day, rule, w, "costs");
	else
		json_put_null(w, "costs");
	agent_day_done(&day);
}

static void print_json(const struct cli_args *args, const struct lang_rules *rules, const struct lang_rule *rule)
{
	const struct lang_node *tree = lang_rules_tree(rules, rule);
	_cleanup_strbuf_ struct strbuf out;
	struct json_writer w;

	strbuf_init(&out, OUT_MAX);
	w = json_writer(&out);
	json_object_begin(&w, NULL);
	json_put_str(&w, "name", rule->name);
	json_put_str(&w, "desc", rule->desc);
	json_put_str(&w, "priority", model_priority_name(rule->priority));
	json_put_str(&w, "source", rule->source);
	json_put_bool(&w, "enabled", rule->enabled);
	json_put_str(&w, "skip_reason", rule->skip_reason);
	cli_rules_put_texts(&w, "tags", rule->tags, rule->n_tags, NULL);
	cli_rules_put_texts(&w, "mitre", rule->tags, rule->n_tags, cli_rules_is_mitre);
	json_put_str(&w, "file", rule->file);
	json_put_uint(&w, "line", rule->line);
	json_put_str(&w, "output", rule->output);
	json_put_str(&w, "condition", rule->condition);
	if (tree)
		put_condition(&w, rule, tree);
	put_costs(&w, args, rule);
	json_object_end(&w);
	puts(out.text);
}

/* ---- command ---- */

static int no_such_rule(struct cli_args *args, const struct lang_rules *rules, const char *name)
{
	struct suggestion s = SUGGESTION(name, strlen(name));

	for (size_t i = 0; i < lang_rules_count(rules); i++)
		suggestion_offer(&s, lang_rules_at(rules, i)->name, strlen(lang_rules_at(rules, i)->name));
	return cli_usage_error(args, "there is no rule '%s'%s%s%s", name, s.best ? "; did you mean '" : "", s.best ? s.best : "",
			       s.best ? "'?" : "");
}

static int run(struct cli_args *args)
{
	_cleanup_rules_ struct lang_rules *rules = NULL;
	const struct lang_rule *rule;
	const char *const *paths, *const *operands;
	size_t n = cli_rule_paths(args, &paths);
	bool faulty;
	int r;

	if (cli_operands(args, &operands) != 1)
		return cli_usage_error(args, "name one rule, in quotes");
	r = cli_rules_load(args, paths, n, &rules, &faulty);
	if (r != CLI_OK)
		return r;
	if (faulty)
		cli_rules_print_diags(args, rules, CLI_DIAGS_ERRORS, stderr);
	rule = lang_rules_by_name(rules, operands[0]);
	if (!rule)
		return no_such_rule(args, rules, operands[0]);
	if (cli_json(args))
		print_json(args, rules, rule);
	else
		print_text(args, rules, rule, cli_verbose(args) > 0);
	return faulty ? CLI_FOUND : CLI_OK;
}

const struct cli_command cmd_rules_explain = {
	.name = "rules explain",
	.summary = "say what a rule asks, of which events, and where that is decided",
	.usage = "[OPTIONS] RULE",
	.description = "Prints one rule with its macros, lists and exceptions put in place, the events it needs, the fields it reads "
		"and where they come from, of which events the kernel reports to judge it, which parts of its condition are left to user "
		"space, and its output. Then what parka watch counted today (costs.json of the state directory, --state): what share of its events "
		"the kernel removed, how many passed because of this rule, findings, processor time. Formats: text, json (one object).",
	.options = options,
	.examples = examples,
	.operands = CLI_COMPLETE_RULE,
	.run = run,
};
