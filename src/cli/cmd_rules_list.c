/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "cli/rules_load.h"

#include <string.h>

static const struct cli_option options[] = {
	{ 'r', "rules", "FILE|DIR", "Rule file, or directory of them; may be given many times, read in order.", CLI_COMPLETE_FILE, NULL },
	{ 't', "tag", "TAG", "Only rules with this tag; may be given many times, any of them will do.", CLI_COMPLETE_NONE, NULL },
	{ .name = NULL },
};

static const struct cli_example examples[] = {
	{ "parka rules list", "the rules that ship with parka" },
	{ "parka rules list -r falco_rules.yaml -t container", "those of a file that have a tag" },
	{ "parka rules list --json", "one JSON object per line" },
	{ NULL, NULL },
};

enum { NAME_WIDTH_MAX = 64, TAGS_WIDTH_MAX = 80, TAGS_MAX = 1 << 16 };

static const char *status_of(const struct lang_rule *rule)
{
	return rule->broken ? "broken" : rule->skipped ? "skipped" : rule->enabled ? "enabled" : "disabled";
}

static bool has_tag(const struct lang_rule *rule, const char *tag)
{
	for (size_t i = 0; i < rule->n_tags; i++)
		if (strcmp(rule->tags[i], tag) == 0)
			return true;
	return false;
}

static bool is_wanted(struct cli_args *args, const struct lang_rule *rule)
{
	const char *const *tags;
	size_t n = cli_values(args, "tag", &tags);

	for (size_t i = 0; i < n; i++)
		if (has_tag(rule, tags[i]))
			return true;
	return n == 0;
}

static void print_json(const struct lang_rule *rule)
{
	_cleanup_strbuf_ struct strbuf out;
	struct json_writer w;

	strbuf_init(&out, 1 << 20);
	w = json_writer(&out);
	json_object_begin(&w, NULL);
	json_put_str(&w, "name", rule->name);
	json_put_str(&w, "priority", model_priority_name(rule->priority));
	json_put_str(&w, "source", rule->source);
	json_put_str(&w, "status", status_of(rule));
	json_put_bool(&w, "enabled", rule->enabled);
	json_put_str(&w, "skip_reason", rule->skip_reason);
	cli_rules_put_texts(&w, "tags", rule->tags, rule->n_tags, NULL);
	cli_rules_put_texts(&w, "mitre", rule->tags, rule->n_tags, cli_rules_is_mitre);
	json_put_str(&w, "file", rule->file);
	json_put_uint(&w, "line", rule->line);
	json_put_str(&w, "desc", rule->desc);
	json_object_end(&w);
	puts(out.text);
}

/* Characters on the screen, for aligned columns (names may hold UTF-8). */
static int width_of(const char *text)
{
	int n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

static void add_tags(const struct lang_rule *rule, struct strbuf *out)
{
	strbuf_reset(out);
	for (size_t i = 0; i < rule->n_tags; i++)
		strbuf_addf(out, "%s%s", i ? "," : "", rule->tags[i]);
	if (!rule->n_tags)
		strbuf_addc(out, '-');
}

struct widths { int name, tags; };

/* As wide as the widest that is listed; what is wider than its bound stands out rather than pushing all others away. */
static struct widths measure(struct cli_args *args, const struct lang_rules *rules)
{
	struct widths w = { 4, 4 };
	_cleanup_strbuf_ struct strbuf tags;

	strbuf_init(&tags, TAGS_MAX);
	for (size_t i = 0; i < lang_rules_count(rules); i++) {
		const struct lang_rule *rule = lang_rules_at(rules, i);
		int name = width_of(rule->name), all;

		if (!is_wanted(args, rule))
			continue;
		add_tags(rule, &tags);
		all = width_of(tags.text);
		w.name = name > w.name && name <= NAME_WIDTH_MAX ? name : w.name;
		w.tags = all > w.tags && all <= TAGS_WIDTH_MAX ? all : w.tags;
	}
	return w;
}

static void print_text(const struct lang_rule *rule, struct widths w)
{
	_cleanup_strbuf_ struct strbuf tags;
	int name = w.name - width_of(rule->name), rest;

	strbuf_init(&tags, TAGS_MAX);
	add_tags(rule, &tags);
	rest = w.tags - width_of(tags.text);
	printf("%s%*s  %-13s %-8s  %s%*s  %s:%u\n", rule->name, name > 0 ? name : 0, "", model_priority_name(rule->priority),
	       status_of(rule), tags.text, rest > 0 ? rest : 0, "", rule->file, rule->line);
}

static int run(struct cli_args *args)
{
	_cleanup_rules_ struct lang_rules *rules = NULL;
	const char *const *paths;
	size_t n = cli_rule_paths(args, &paths);
	bool faulty;
	int r = cli_rules_load(args, paths, n, &rules, &faulty);
	struct widths w;

	if (r != CLI_OK)
		return r;
	if (faulty)
		cli_rules_print_diags(args, rules, CLI_DIAGS_ERRORS, stderr);
	w = measure(args, rules);
	if (!cli_json(args) && !cli_quiet(args) && lang_rules_count(rules))
		printf("%-*s  %-13s %-8s  %-*s  PLACE\n", w.name, "NAME", "PRIORITY", "STATUS", w.tags, "TAGS");
	for (size_t i = 0; i < lang_rules_count(rules); i++) {
		const struct lang_rule *rule = lang_rules_at(rules, i);
		if (!is_wanted(args, rule))
			continue;
		if (cli_json(args))
			print_json(rule);
		else
			print_text(rule, w);
	}
	return faulty ? CLI_FOUND : CLI_OK;
}

const struct cli_command cmd_rules_list = {
	.name = "rules list",
	.summary = "list rules with priority, tags and place",
	.usage = "[OPTIONS]",
	.description = "Prints every rule of the set in file order: its name, priority, whether it is enabled, its tags (MITRE "
		"ATT&CK ids among them) and where it is written. Skipped rules need a source that parka does not have. Formats: "
		"text, json (one object per line).",
	.options = options,
	.examples = examples,
	.run = run,
};
