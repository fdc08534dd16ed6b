/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "base/map.h"
#include "base/text.h"
#include "cli/posture_run.h"
#include "posture/audit.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LINE_BYTES_MAX = 1 << 20 };

static const struct cli_option options[] = {
	CLI_POSTURE_OPTIONS,
	{ 0, "root", "DIR", "Look at the machine whose / this directory is (a mounted disk) instead of this one.", CLI_COMPLETE_DIR, NULL },
	{ 'w', "watch", NULL, "Look again and again, and tell only what has changed: new, changed and gone findings, a line each.",
	  CLI_COMPLETE_NONE, NULL },
	{ 0, "interval", "SECONDS", "How long --watch waits between two looks (10).", CLI_COMPLETE_NONE, NULL },
	{ 0, "probe-etcd", NULL, "Try what an etcd here lets a stranger do: list keys, read secrets.", CLI_COMPLETE_NONE, NULL },
	{ .name = NULL },
};

static const struct cli_example examples[] = {
	{ "parka audit", "this machine, all layers" },
	{ "parka audit runtime containers", "two layers of it" },
	{ "parka audit docker -v", "the Docker daemon, with evidence and reasons" },
	{ "parka audit --refs CIS-Docker", "only what the CIS Docker benchmark asks" },
	{ "parka audit containers --watch", "every change for better or worse, as it happens" },
	{ "parka audit --format html -o audit.html", "one page to send on" },
	{ NULL, NULL },
};

static int look(struct cli_args *args, struct posture_set *set)
{
	struct posture_audit_options audit = { .probe_etcd = cli_has(args, "probe-etcd") };
	const char *const *wanted;
	size_t n = cli_operands(args, &wanted);
	struct err err = ERR_INIT;

	return posture_audit(set, wanted, n, &audit, &err) < 0 ? cli_usage_error(args, "%s", err.text) : CLI_OK;
}

/* ---- --watch ---- */

struct round { struct posture_set *set; struct cli_judged judged; struct map open; };

static bool is_open(const struct posture_finding *f)
{
	return f->status == POSTURE_FAIL || f->status == POSTURE_UNKNOWN;
}

static int round_make(struct cli_args *args, struct posture_checks *checks, struct round *round)
{
	int r;

	*round = (struct round){ .set = posture_set_new(cli_value(args, "root")) };
	r = look(args, round->set);
	if (r == CLI_OK)
		r = cli_posture_judge(args, round->set, checks, &round->judged);
	for (size_t i = 0; r == CLI_OK && i < round->judged.results.n; i++)
		if (is_open(&round->judged.results.findings[i]))
			map_put_u64(&round->open, round->judged.results.findings[i].fingerprint, &round->judged.results.findings[i]);
	return r;
}

static void round_done(struct round *round)
{
	map_done(&round->open);
	cli_judged_done(&round->judged);
	round->set = posture_set_free(round->set);
}

static void tell(struct cli_args *args, const char *change, const struct posture_finding *f)
{
	_cleanup_strbuf_ struct strbuf out;
	time_t now = time(NULL);
	struct json_writer w;
	char clock[32];
	struct tm tm;

	strbuf_init(&out, LINE_BYTES_MAX);
	gmtime_r(&now, &tm);
	strftime(clock, sizeof(clock), "%Y-%m-%dT%H:%M:%SZ", &tm);
	if (cli_json(args)) {
		w = json_writer(&out);
		json_object_begin(&w, NULL);
		json_put_str(&w, "time", clock);
		json_put_str(&w, "change", change);
		json_put_str(&w, "check", f->check->id);
		json_put_str(&w, "status", posture_status_name(f->status));
		json_put_str(&w, "severity", posture_severity_name(f->check->severity));
		json_put_str(&w, "entity", f->record->name);
		json_put_str(&w, "output", f->output);
		json_object_end(&w);
	} else {
		strbuf_addf(&out, "%s  %-7s  %-8s  ", clock, change, posture_severity_name(f->check->severity));
		text_add_safe(&out, f->output, strlen(f->output));
		strbuf_addf(&out, "  %s", f->check->id);
	}
	puts(out.text);
	fflush(stdout);
}

static void compare(struct cli_args *args, const struct round *before, const struct round *now)
{
	for (size_t i = 0; i < now->judged.results.n; i++) {
		const struct posture_finding *f = &now->judged.results.findings[i], *old;

		if (!is_open(f))
			continue;
		old = map_get_u64(&before->open, f->fingerprint);
		if (!old)
			tell(args, "new", f);
		else if (old->status != f->status || old->evidence_hash != f->evidence_hash)
			tell(args, "changed", f);
	}
	for (size_t i = 0; i < before->judged.results.n; i++) {
		const struct posture_finding *f = &before->judged.results.findings[i];

		if (is_open(f) && !map_get_u64(&now->open, f->fingerprint))
			tell(args, "gone", f);
	}
}

/* Until a signal ends it. */
static int watch(struct cli_args *args)
{
	_cleanup_checks_ struct posture_checks *checks = NULL;
	unsigned long long seconds;
	struct round before, now;
	int r;

	if (cli_number(args, "interval", 10, 1, 86400, &seconds) < 0)
		return CLI_USAGE;
	/* All of them: what is not here now may come. */
	r = cli_checks_load(args, NULL, &checks);
	if (r != CLI_OK)
		return r;
	r = round_make(args, checks, &before);
	if (r == CLI_OK && !cli_quiet(args) && !cli_json(args)) {
		printf("%zu findings stand; from now on, what changes\n", before.open.n);
		fflush(stdout);
	}
	while (r == CLI_OK) {
		sleep((unsigned)seconds);
		r = round_make(args, checks, &now);
		if (r == CLI_OK)
			compare(args, &before, &now);
		round_done(&before);
		before = now;
	}
	round_done(&before);
	return r;
}

static int run(struct cli_args *args)
{
	_cleanup_checks_ struct posture_checks *checks = NULL;
	_cleanup_set_ struct posture_set *set = NULL;
	char host[256] = "";
	int r;

	if (cli_has(args, "watch"))
		return watch(args);
	set = posture_set_new(cli_value(args, "root"));
	r = look(args, set);
	if (r == CLI_OK)
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
