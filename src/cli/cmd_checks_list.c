/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "cli/posture_run.h"

#include <string.h>

static const struct cli_option options[] = {
	{ 'c', "checks", "FILE|DIR", "Own checks beside those that ship; may be given many times.", CLI_COMPLETE_FILE, NULL },
	{ 0, "of", "KIND", "Only checks of this kind of record.", CLI_COMPLETE_NONE, NULL },
	{ .name = NULL },
};

static const struct cli_example examples[] = {
	{ "parka checks list", "every check" },
	{ "parka checks list DL CIS-Docker", "those that stand for hadolint's or CIS Docker's" },
	{ "parka checks list --format markdown", "as a page" },
	{ NULL, NULL },
};

static bool begins(const char *text, const char *start)
{
	return strncasecmp(text, start, strlen(start)) == 0;
}

static bool is_wanted(struct cli_args *args, const struct posture_check *c)
{
	const char *of = cli_value(args, "of");
	const char *const *names;
	size_t n = cli_operands(args, &names);

	if (of && strcmp(model_kind(c->of)->name, of) != 0)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (begins(c->id, names[i]))
			return true;
		for (size_t k = 0; k < c->n_refs; k++)
			if (begins(c->refs[k], names[i]))
				return true;
	}
	return n == 0;
}

static void print_json(const struct posture_check *c)
{
	_cleanup_strbuf_ struct strbuf out;
	struct json_writer w;

	strbuf_init(&out, 1 << 20);
	w = json_writer(&out);
	json_object_begin(&w, NULL);
	json_put_str(&w, "check", c->id);
	json_put_str(&w, "title", c->title);
	json_put_str(&w, "of", model_kind(c->of)->name);
	json_put_str(&w, "layer", model_layer_name(c->layer));
	json_put_str(&w, "severity", posture_severity_name(c->severity));
	json_put_str(&w, "why", c->why);
	json_put_str(&w, "fix", c->fix);
	json_array_begin(&w, "refs");
	for (size_t i = 0; i < c->n_refs; i++)
		json_put_str(&w, NULL, c->refs[i]);
	json_array_end(&w);
	json_array_begin(&w, "profiles");
	for (size_t i = 0; i < c->n_profiles; i++)
		json_put_str(&w, NULL, c->profiles[i]);
	json_array_end(&w);
	json_put_str(&w, "file", c->file);
	json_put_uint(&w, "line", c->line);
	json_object_end(&w);
	puts(out.text);
}

static void print_refs(const struct posture_check *c)
{
	for (size_t i = 0; i < c->n_refs; i++)
		printf("%s%s", i ? " " : "", c->refs[i]);
}

static int run(struct cli_args *args)
{
	_cleanup_checks_ struct posture_checks *checks = NULL;
	bool markdown = strcmp(cli_format(args), "markdown") == 0;
	int r = cli_checks_load(args, NULL, &checks);

	if (r != CLI_OK)
		return r;
	if (markdown)
		puts("| check | severity | of | what | stands for |\n| --- | --- | --- | --- | --- |");
	for (size_t i = 0; i < posture_checks_count(checks); i++) {
		const struct posture_check *c = posture_checks_at(checks, i);

		if (!is_wanted(args, c))
			continue;
		if (cli_json(args)) {
			print_json(c);
			continue;
		}
		printf(markdown ? "| `%s` | %s | %s | %s | " : "%-44s %-8s %-22s %s  ", c->id, posture_severity_name(c->severity),
		       model_kind(c->of)->name, c->title);
		print_refs(c);
		puts(markdown ? " |" : "");
	}
	return CLI_OK;
}

const struct cli_command cmd_checks_list = {
	.name = "checks list",
	.summary = "list the checks of audit and lint, with what they stand for",
	.usage = "[OPTIONS] [ID|REF...]",
	.description = "Prints every check, or those whose id or one of whose refs begins with what is named: the peers' checks and the "
		"benchmarks that it stands for. Formats: text, json (one object per line), markdown.",
	.options = options,
	.examples = examples,
	.run = run,
};
