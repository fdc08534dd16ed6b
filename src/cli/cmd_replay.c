/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/run_options.h"
#include "cli/watch_view.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const struct cli_option options[] = {
	CLI_OPTIONS_RULES,
	CLI_OPTIONS_FINDINGS,
	{ 'a', "ancestors", NULL, "Below each finding its chain of ancestors, container and session, as -v does.", CLI_COMPLETE_NONE, NULL },
	{ 0, "no-filter", NULL, "Ask the rules about every event, also where the kernel's filter says that none can match.", CLI_COMPLETE_NONE, NULL },
	{ .name = NULL },
};

static const struct cli_example examples[] = {
	{ "parka replay incident.parka", "what the rules that come with parka find in it" },
	{ "parka replay test.parka -r my_rules.yaml --json", "by other rules, as JSON lines" },
	{ NULL, NULL },
};

struct replay { struct cli_run run; struct watch_view *view; };

static void on_finding(const struct detect_finding *finding, void *data)
{
	struct replay *p = data;

	if (p->view)
		watch_view_finding(p->view, finding);
	cli_run_tell(&p->run, finding);
}

static int open_output(struct cli_args *args, struct replay *p)
{
	const char *format = cli_format(args);
	struct watch_view_options o = {
		.out_fd = STDOUT_FILENO, .key_fd = -1, .color = cli_color(args, stdout),
		.details = cli_has(args, "ancestors") || cli_verbose(args),
	};

	if (strcmp(format, "text") == 0)
		p->view = watch_view_new(&o);
	else if (strcmp(format, "json") == 0 || strcmp(format, "falco") == 0)
		(void)detect_sink_new(format[0] == 'j' ? "json" : "stdout", &p->run.sinks[p->run.n_sinks++], NULL);
	else
		return cli_usage_error(args, "--format: '%s' is none of text, json, falco", format);
	return CLI_OK;
}

static int replay(struct cli_args *args, struct replay *p, const char *path, struct agent_stream_options *o)
{
	struct agent_stream_stats stats;
	struct agent_replay *replay;
	struct lang_rules *rules;
	struct err err = ERR_INIT;
	int r, code = cli_run_load(args, &p->run, &rules);

	if (code != CLI_OK)
		return code;
	r = agent_replay_open(path, o, rules, &replay, &err);
	if (r < 0)
		return cli_fail(args, &err);
	r = agent_replay_run(replay, &err);
	agent_stream_stats(agent_replay_stream(replay), &stats);
	p->view = watch_view_free(p->view);
	if (!cli_quiet(args))
		fprintf(stderr, "parka: events %llu, findings %llu, held back %llu, lost %llu\n", (unsigned long long)stats.n_events,
			(unsigned long long)stats.detect.n_told, (unsigned long long)stats.detect.n_held_back,
			(unsigned long long)stats.n_lost);
	agent_replay_close(replay);
	if (r < 0)
		return cli_fail(args, &err);
	return stats.detect.n_told ? CLI_FOUND : CLI_OK;
}

static int run(struct cli_args *args)
{
	struct replay p = { 0 };
	struct agent_stream_options o = { .tell = on_finding, .data = &p };
	const char *const *files;
	int code;

	if (cli_operands(args, &files) != 1)
		return cli_usage_error(args, "expected one FILE to replay");
	/* The same lines on every machine; whoever wants local time says so. */
	setenv("TZ", "UTC", 0);
	tzset();
	o.filter = !cli_has(args, "no-filter");
	code = cli_run_rules(args, &p.run);
	if (code == CLI_OK)
		code = cli_run_detect(args, "0", &o.detect);
	if (code == CLI_OK)
		code = cli_run_sinks(args, &p.run);
	if (code == CLI_OK)
		code = open_output(args, &p);
	if (code == CLI_OK)
		code = replay(args, &p, files[0], &o);
	watch_view_free(p.view);
	cli_run_done(&p.run);
	return code;
}

const struct cli_command cmd_replay = {
	.name = "replay",
	.summary = "judge a recording",
	.usage = "[OPTIONS] [-r FILE|DIR]... FILE",
	.description = "Judges what parka record (or watch --capture) wrote, as if it happened now, and prints the findings as watch does. "
		"Nothing is read from this machine: the same capture and rules give the same findings everywhere, byte for byte. Times are "
		"UTC unless TZ says otherwise. Findings are not throttled unless --throttle is given.\n\nExit status 1 when there are findings, "
		"3 when the capture is damaged; what came before the damage was judged.",
	.options = options,
	.examples = examples,
	.operands = CLI_COMPLETE_FILE,
	.run = run,
};
