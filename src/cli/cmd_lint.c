/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/git_changed.h"
#include "cli/posture_run.h"
#include "posture/lint.h"

#include <stdlib.h>
#include <string.h>

static const struct cli_option options[] = {
	CLI_POSTURE_OPTIONS,
	{ 0, "as", "KIND", "What the named files are, whatever their names: dockerfile, kubernetes, compose, ...", CLI_COMPLETE_NONE, NULL },
	{ 0, "kubernetes", "VERSION", "Version of Kubernetes that manifests are for (1.30); else the newest that is known.", CLI_COMPLETE_NONE, NULL },
	{ 0, "changed", "RANGE", "The files below this directory that a range of git commits changes, as they are now.", CLI_COMPLETE_NONE, NULL },
	{ .name = NULL },
};

static const struct cli_example examples[] = {
	{ "parka lint", "every file below this directory that parka knows" },
	{ "parka lint Dockerfile deploy/", "a file and a directory" },
	{ "parka lint shop.tar", "an image, as docker save wrote it; or an OCI layout" },
	{ "parka lint --as dockerfile -", "standard input" },
	{ "parka lint --refs hadolint Dockerfile", "only what hadolint would look for" },
	{ "parka lint --kubernetes 1.28 deploy/", "by the Pod Security Standards of that version" },
	{ "parka lint --changed origin/main...", "what a branch changes" },
	{ "parka lint --format sarif -o parka.sarif .", "for the code hosting's security tab" },
	{ NULL, NULL },
};

/* "1.30", "v1.30", "1.30.2"; false when it is no version. */
static bool read_version(const char *text, unsigned *ret_minor)
{
	unsigned long minor;
	char *end;

	text += *text == 'v';
	if (strncmp(text, "1.", 2) != 0 || text[2] < '0' || text[2] > '9')
		return false;
	minor = strtoul(text + 2, &end, 10);
	if ((*end && *end != '.') || minor > 999)
		return false;
	*ret_minor = minor ? (unsigned)minor : 1;     /* 0 stands for the newest; what holds for 1.0 holds for 1.1 */
	return true;
}

static int run(struct cli_args *args)
{
	static const char *const here[] = { "." };
	_cleanup_checks_ struct posture_checks *checks = NULL;
	_cleanup_set_ struct posture_set *set = posture_set_new(NULL);
	struct posture_lint_options lint = { .as = cli_value(args, "as") };
	const char *const *paths;
	size_t n = cli_operands(args, &paths);
	const char *range = cli_value(args, "changed");
	struct err err = ERR_INIT;
	int r;

	if (range && n)
		return cli_usage_error(args, "--changed finds the files; none can be named beside it");
	if (cli_value(args, "kubernetes") && !read_version(cli_value(args, "kubernetes"), &set->kubernetes_minor))
		return cli_usage_error(args, "--kubernetes wants a version as 1.30, not '%s'", cli_value(args, "kubernetes"));
	if (range && git_changed(range, &set->arena, &paths, &n, &err) < 0)
		return cli_fail(args, &err);
	lint.are_found = range;
	if (!n && !range) {
		paths = here;
		n = 1;
	}
	if (posture_lint(set, paths, n, &lint, &err) < 0)
		return cli_usage_error(args, "%s", err.text);
	r = cli_checks_load(args, set, &checks);
	if (r != CLI_OK)
		return r;
	return cli_posture_finish(args, set, checks, "parka lint", range ? range : n == 1 ? paths[0] : NULL);
}

const struct cli_command cmd_lint = {
	.name = "lint",
	.summary = "judge files before they run: Dockerfiles, manifests, compose files, policies",
	.usage = "[OPTIONS] [PATH...]",
	.description = "Reads files and directories (this one when none is named; - is standard input), recognises what each is by name "
		"and content, and asks every check about it. Findings come with file, line and column, what was seen, why it matters and "
		"how to fix it; the worst first.\n\n"
		"What cannot be read or decided is told as unknown, and counts as failed. Exit code 1 when something failed at or above "
		"--fail-on.\n\nFormats: text, json, sarif, junit, markdown, html.",
	.options = options,
	.examples = examples,
	.operands = CLI_COMPLETE_FILE,
	.run = run,
};
