/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/posture_run.h"
#include "posture/audit.h"

#include <unistd.h>

static const struct cli_option options[] = {
	CLI_POSTURE_OPTIONS,
	{ 0, "root", "DIR", "Look at the machine whose / this directory is (a mounted disk) instead of this one.", CLI_COMPLETE_DIR, NULL },
	{ 0, "probe-etcd", NULL, "Try what an etcd here lets a stranger do: list keys, read secrets.", CLI_COMPLETE_NONE, NULL },
	{ .name = NULL },
};

static const struct cli_example examples[] = {
	{ "parka audit", "this machine, all layers" },
	{ "parka audit runtime containers", "two layers of it" },
	{ "parka audit docker -v", "the Docker daemon, with evidence and reasons" },
	{ "parka audit --refs CIS-Docker", "only what the CIS Docker benchmark asks" },
	{ "parka audit --format html -o audit.html", "one page to send on" },
	{ NULL, NULL },
};

static int run(struct cli_args *args)
{
	_cleanup_checks_ struct posture_checks *checks = NULL;
	_cleanup_set_ struct posture_set *set = posture_set_new(cli_value(args, "root"));
	struct posture_audit_options audit = { .probe_etcd = cli_has(args, "probe-etcd") };
	const char *const *wanted;
	size_t n = cli_operands(args, &wanted);
	struct err err = ERR_INIT;
	char host[256] = "";
	int r;

	if (posture_audit(set, wanted, n, &audit, &err) < 0)
		return cli_usage_error(args, "%s", err.text);
	r = cli_checks_load(args, set, &checks);
	if (r != CLI_OK)
		return r;
	gethostname(host, sizeof(host) - 1);
	return cli_posture_finish(args, set, checks, "parka audit", cli_value(args, "root") ? cli_value(args, "root") : host);
}

const struct cli_command cmd_audit = {
	.name = "audit",
	.summary = "judge this machine's configuration: host, runtimes, containers, cluster, identities",
	.usage = "[OPTIONS] [LAYER|PART...]",
	.description = "Looks at this machine as it is now and asks every check about it: layers are kernel, runtime, images, containers, "
		"orchestrator and identity; a part is one thing in a layer, docker say. Nothing is changed and no program is started.\n\n"
		"What cannot be read (without root, say) is told as unknown, and counts as failed. Exit code 1 when something failed at or "
		"above --fail-on.\n\nFormats: text, json, sarif, junit, markdown, html.",
	.options = options,
	.examples = examples,
	.run = run,
};
