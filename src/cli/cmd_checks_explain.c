/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/posture_run.h"

#include "base/suggest.h"

#include <string.h>

static const struct cli_option options[] = {
	{ 'c', "checks", "FILE|DIR", "Own checks beside those that ship; may be given many times.", CLI_COMPLETE_FILE, NULL },
	{ .name = NULL },
};

static const struct cli_example examples[] = {
	{ "parka checks explain container-privileged", "one check" },
	{ "parka checks explain DL3008", "those that stand for hadolint's DL3008" },
	{ NULL, NULL },
};

static void print_line(const char *label, const char *text)
{
	if (text)
		printf("  %-10s %s\n", label, text);
}

static void print_list(const char *label, const char *const *texts, size_t n)
{
	if (!n)
		return;
	printf("  %-10s", label);
	for (size_t i = 0; i < n; i++)
		printf(" %s", texts[i]);
	putchar('\n');
}

static void explain(const struct posture_check *c)
{
	printf("%s\n", c->id);
	print_line("title", c->title);
	print_line("severity", posture_severity_name(c->severity));
	print_line("layer", model_layer_name(c->layer));
	printf("  %-10s %s: %s\n", "of", model_kind(c->of)->name, model_kind(c->of)->meaning);
	print_line("when", c->when);
	print_line("fails", c->fails);
	print_line("tells", c->output);
	print_line("why", c->why);
	print_line("fix", c->fix);
	print_line("command", c->command);
	print_list("refs", c->refs, c->n_refs);
	print_list("profiles", c->profiles, c->n_profiles);
	printf("  %-10s %s:%u\n", "from", c->file, c->line);
}

static int unknown(const struct cli_args *args, const struct posture_checks *checks, const char *name)
{
	struct suggestion near = SUGGESTION(name, strlen(name));

	for (size_t i = 0; i < posture_checks_count(checks); i++) {
		const char *id = posture_checks_at(checks, i)->id;
		suggestion_offer(&near, id, strlen(id));
	}
	return cli_usage_error(args, near.best ? "there is no check '%s'; did you mean '%s'?" : "there is no check '%s'", name, near.best);
}

static int run(struct cli_args *args)
{
	_cleanup_checks_ struct posture_checks *checks = NULL;
	const char *const *names;
	size_t n = cli_operands(args, &names);
	int r;

	if (!n)
		return cli_usage_error(args, "name a check, or the peer's check it stands for");
	r = cli_checks_load(args, NULL, &checks);
	for (size_t i = 0; i < n && r == CLI_OK; i++) {
		size_t n_found = 0;

		for (size_t k = 0; k < posture_checks_count(checks); k++) {
			if (!posture_check_is(posture_checks_at(checks, k), names[i]))
				continue;
			explain(posture_checks_at(checks, k));
			n_found++;
		}
		if (!n_found)
			r = unknown(args, checks, names[i]);
	}
	return r;
}

const struct cli_command cmd_checks_explain = {
	.name = "checks explain",
	.summary = "say what a check asks, why it matters and how to fix what it finds",
	.usage = "[OPTIONS] ID|REF...",
	.description = "Prints a check with its conditions, reasons and fix. Named by its id or by any check of a peer or a benchmark that it "
		"stands for.",
	.options = options,
	.examples = examples,
	.run = run,
};
