/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/run_options.h"

#include <signal.h>

static const struct cli_option options[] = {
	{ 'r', "rules", "FILE|DIR", "Record only what these rules need; may be given many times.", CLI_COMPLETE_FILE, NULL },
	{ 0, "duration", "SECONDS", "End after this time.", CLI_COMPLETE_NONE, NULL },
	{ 0, "ring-size", "BYTES", "Size of each of the three rings to the kernel, a power of two (suffixes k M G).", CLI_COMPLETE_NONE, NULL },
	{ .name = NULL },
};

static const struct cli_example examples[] = {
	{ "parka record incident.parka", "everything, until Ctrl-C" },
	{ "parka record -r my_rules.yaml --duration 60 test.parka", "a minute of what these rules look at" },
	{ "parka replay test.parka -r my_rules.yaml", "judge it" },
	{ NULL, NULL },
};

#define SECOND_NS UINT64_C(1000000000)

static void on_signal(int signo, void *data)
{
	(void)signo;
	agent_live_stop(data);
}

static void on_duration(uint64_t n, void *data)
{
	(void)n;
	agent_live_stop(data);
}

static void no_finding(const struct detect_finding *finding, void *data)
{
	(void)finding;
	(void)data;
}

static int record(struct loop *loop, struct agent_live *live, unsigned long long seconds, struct err *err)
{
	int r = loop_signal_add(loop, SIGINT, on_signal, live, NULL, err);

	if (r == 0)
		r = loop_signal_add(loop, SIGTERM, on_signal, live, NULL, err);
	if (r == 0 && seconds)
		r = loop_timer_add(loop, seconds * SECOND_NS, 0, on_duration, live, NULL, err);
	return r < 0 ? r : agent_live_run(live, err);
}

static void say_summary(struct cli_args *args, struct agent_live *live, const char *path)
{
	struct agent_live_stats s;

	agent_live_stats(live, &s);
	if (cli_quiet(args))
		return;
	if (cli_json(args))
		printf("{\"events\":%llu,\"records\":%llu,\"lost\":%llu,\"unwritten\":%llu}\n", (unsigned long long)s.stream.n_events,
		       (unsigned long long)s.n_recorded, (unsigned long long)s.stream.n_lost, (unsigned long long)s.n_unwritten);
	else
		fprintf(stderr, "parka: events %llu, lost %llu, recorded in %s\n", (unsigned long long)s.stream.n_events,
			(unsigned long long)s.stream.n_lost, path);
	if (s.n_unwritten)
		fprintf(stderr, "parka: %llu of them are not in %s: it could not be written as fast\n", (unsigned long long)s.n_unwritten, path);
}

/* The rules to record for. Without any every event is recorded, and the rules that come with parka only tell which
 * files' other names (hard links) are worth knowing. */
static int load(struct cli_args *args, struct cli_run *run, struct lang_rules **ret_rules)
{
	int code = cli_run_rules(args, run);

	return code == CLI_OK ? cli_run_load(args, run, ret_rules) : code;
}

static int run(struct cli_args *args)
{
	struct agent_live_options o = { .stream.tell = no_finding, .use_api = true };
	struct cli_run options_run = { 0 };
	unsigned long long seconds = 0, ring = 0;
	struct agent_live *live = NULL;
	struct loop *loop = NULL;
	struct lang_rules *rules;
	struct err err = ERR_INIT;
	const char *const *files;
	int r, code;

	if (cli_operands(args, &files) != 1)
		return cli_usage_error(args, "expected one FILE to record to");
	if (cli_run_duration(args, &seconds) != CLI_OK || cli_number(args, "ring-size", 0, 65536, 1 << 30, &ring) < 0)
		return CLI_USAGE;
	if (ring & (ring - 1))
		return cli_usage_error(args, "--ring-size: %llu is not a power of two", ring);
	code = load(args, &options_run, &rules);
	if (code != CLI_OK)
		return code;
	for (int i = 0; i < SENSOR_LANE_MAX; i++)
		o.sensor.ring_bytes[i] = ring;
	o.sensor.all_events = !cli_has(args, "rules");
	o.capture = files[0];
	r = loop_new(&loop, &err);
	if (r == 0)
		r = agent_live_open(&o, rules, loop, &live, &err);
	else
		lang_rules_free(rules);
	if (r == 0 && !cli_quiet(args))
		fprintf(stderr, "parka: recording to %s\n", files[0]);
	if (r == 0)
		r = record(loop, live, seconds, &err);
	if (r == 0)
		say_summary(args, live, files[0]);
	agent_live_close(live);
	loop_free(loop);
	return r < 0 ? cli_fail(args, &err) : CLI_OK;
}

const struct cli_command cmd_record = {
	.name = "record",
	.summary = "record what this host and its containers do into a file",
	.usage = "[OPTIONS] FILE",
	.description = "Writes events, the processes that live at the start, and what becomes known of containers and users into FILE, "
		"compressed. parka replay and parka rules test --events judge it later, on any machine, with any rules; what was not "
		"recorded (with -r: what those rules do not ask for) cannot be judged. Needs root. Ends on SIGINT, SIGTERM or after "
		"--duration.",
	.options = options,
	.examples = examples,
	.operands = CLI_COMPLETE_FILE,
	.run = run,
};
