/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "cli/rules_load.h"

static const struct cli_option options[] = {
	{ 'r', "rules", "FILE|DIR", "Rule file, or directory of them; may be given many times, read in order.", CLI_COMPLETE_FILE, NULL },
	{ 0, "lint", NULL, "Also look for traps of the language: rules that are right but do not do what they seem to.", CLI_COMPLETE_NONE, NULL },
	{ 0, "strict", NULL, "Warnings count as found.", CLI_COMPLETE_NONE, NULL },
	{ .name = NULL },
};

static const struct cli_example examples[] = {
	{ "parka rules check my_rules.yaml", "what is wrong in one file, with line and column" },
	{ "parka rules check -r falco_rules.yaml -r local.yaml --lint", "both files as one set, with lints" },
	{ "parka rules check --json rules.d/", "for programs" },
	{ NULL, NULL },
};

enum { OUT_MAX = 64 * 1024 * 1024, PLUGINS_SHOWN = 32 };

static void put_diag(struct json_writer *w, const struct lang_diag *d)
{
	json_object_begin(w, NULL);
	json_put_str(w, "level", d->level == LANG_DIAG_ERROR ? "error" : "warning");
	json_put_str(w, "code", d->code);
	json_put_str(w, "file", d->file);
	json_put_uint(w, "line", d->line);
	json_put_uint(w, "column", d->column);
	json_put_uint(w, "length", d->caret_len);
	json_put_str(w, "item", d->item);
	json_put_str(w, "message", d->message);
	json_put_str(w, "snippet", d->snippet);
	json_object_end(w);
}

static void put_skipped(struct json_writer *w, const struct lang_rules *rules)
{
	json_array_begin(w, "skipped");
	for (size_t i = 0; i < lang_rules_count(rules); i++) {
		const struct lang_rule *rule = lang_rules_at(rules, i);
		if (!rule->skipped)
			continue;
		json_object_begin(w, NULL);
		json_put_str(w, "rule", rule->name);
		json_put_str(w, "reason", rule->skip_reason);
		json_object_end(w);
	}
	json_array_end(w);
}

static void print_json(const struct lang_rules *rules, const struct lang_rules_counts *c)
{
	_cleanup_strbuf_ struct strbuf out;
	const char *plugins[PLUGINS_SHOWN];
	const struct lang_diag *diags;
	size_t n = lang_rules_diags(rules, &diags);
	struct json_writer w;

	strbuf_init(&out, OUT_MAX);
	w = json_writer(&out);
	json_object_begin(&w, NULL);
	json_put_bool(&w, "ok", c->n_errors == 0);
	json_array_begin(&w, "diagnostics");
	for (size_t i = 0; i < n; i++)
		put_diag(&w, &diags[i]);
	json_array_end(&w);
	json_object_begin(&w, "counts");
	json_put_uint(&w, "rules", c->n_rules);
	json_put_uint(&w, "enabled", c->n_enabled);
	json_put_uint(&w, "disabled", c->n_disabled);
	json_put_uint(&w, "skipped", c->n_skipped);
	json_put_uint(&w, "broken", c->n_broken);
	json_put_uint(&w, "macros", c->n_macros);
	json_put_uint(&w, "macros_skipped", c->n_macros_skipped);
	json_put_uint(&w, "lists", c->n_lists);
	json_put_uint(&w, "errors", c->n_errors);
	json_put_uint(&w, "warnings", c->n_warnings);
	json_object_end(&w);
	put_skipped(&w, rules);
	cli_rules_put_texts(&w, "plugins_missing", plugins, lang_rules_plugins_missing(rules, plugins, PLUGINS_SHOWN), NULL);
	json_object_end(&w);
	puts(out.text);
}

static void print_summary(const struct lang_rules *rules, const struct lang_rules_counts *c)
{
	const char *plugins[PLUGINS_SHOWN];
	size_t n = lang_rules_plugins_missing(rules, plugins, PLUGINS_SHOWN);

	printf("%zu rules: %zu enabled, %zu disabled, %zu skipped", c->n_rules, c->n_enabled, c->n_disabled, c->n_skipped);
	if (c->n_broken)
		printf(", %zu left out for errors", c->n_broken);
	printf("; %zu macros", c->n_macros);
	if (c->n_macros_skipped)
		printf(" (%zu skipped)", c->n_macros_skipped);
	printf(", %zu lists; %zu error%s, %zu warning%s\n", c->n_lists, c->n_errors, c->n_errors == 1 ? "" : "s",
	       c->n_warnings, c->n_warnings == 1 ? "" : "s");
	if (n) {
		printf("Skipped because parka has no source for the plugin");
		for (size_t i = 0; i < n; i++)
			printf("%s %s", i ? "," : n > 1 ? "s" : "", plugins[i]);
		printf(".\n");
	}
}

static int run(struct cli_args *args)
{
	_cleanup_rules_ struct lang_rules *rules = NULL;
	struct lang_rules_counts counts;
	const char *const *paths;
	size_t n = cli_operands(args, &paths), n_given;
	const char *const *given;
	bool faulty;
	int r;

	n_given = cli_values(args, "rules", &given);
	if (n && n_given)
		return cli_usage_error(args, "name the files either with -r or without, not both");
	if (!n)
		n = cli_rule_paths(args, &paths);
	r = cli_rules_load(args, paths, n, &rules, &faulty);
	if (r != CLI_OK)
		return r;
	if (cli_has(args, "lint"))
		lang_rules_lint(rules);
	lang_rules_counts(rules, &counts);
	if (cli_json(args)) {
		print_json(rules, &counts);
	} else {
		cli_rules_print_diags(args, rules, cli_quiet(args) ? CLI_DIAGS_ERRORS : CLI_DIAGS_ALL, stdout);
		if (!cli_quiet(args))
			print_summary(rules, &counts);
	}
	return faulty || (cli_has(args, "strict") && counts.n_warnings) ? CLI_FOUND : CLI_OK;
}

const struct cli_command cmd_rules_check = {
	.name = "rules check",
	.summary = "say what is wrong in rule files, and where",
	.usage = "[OPTIONS] [FILE|DIR...]",
	.description = "Reads rule files in order as one set, as a running parka would, and tells every error and warning with its "
		"line, its column and a caret under it. Without files it checks the rules that ship with parka.\n\n"
		"What needs a plugin that parka has no source for is skipped and counted; that is no error. --lint adds warnings "
		"on rules that are right but have a trap of the language in them. Formats: text, json (one document).",
	.options = options,
	.examples = examples,
	.operands = CLI_COMPLETE_FILE,
	.run = run,
};
