/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/run_options.h"
#include "cli/rules_load.h"
#include "cli/watch_view.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static const struct cli_option options[] = {
	CLI_OPTIONS_RULES,
	CLI_OPTIONS_FINDINGS,
	{ 'a', "ancestors", NULL, "Below each finding its chain of ancestors, container and session, as -v does.", CLI_COMPLETE_NONE, NULL },
	{ 0, "duration", "SECONDS", "End after this time.", CLI_COMPLETE_NONE, NULL },
	{ 0, "capture", "FILE", "Record what is seen, too: parka replay judges it again.", CLI_COMPLETE_FILE, NULL },
	{ 0, "all-events", NULL, "Hook every event, not only what the rules ask for.", CLI_COMPLETE_NONE, NULL },
	{ 0, "ring-size", "BYTES", "Size of each of the three rings to the kernel, a power of two (suffixes k M G).", CLI_COMPLETE_NONE, NULL },
	{ 0, "no-seed", NULL, "Do not take stock of the processes that live already.", CLI_COMPLETE_NONE, NULL },
	{ 0, "no-filter", NULL, "Let the kernel report also what no rule can match: to compare, and to measure.", CLI_COMPLETE_NONE, NULL },
	{ 0, "count-containers", NULL, "Have the kernel count by container, some 30 ns per event: the day's account then has it, too.", CLI_COMPLETE_NONE, NULL },
	{ 0, "no-api", NULL, "Do not ask container runtimes; their files say most.", CLI_COMPLETE_NONE, NULL },
	{ 0, "no-status", NULL, "No status line at the bottom of the terminal.", CLI_COMPLETE_NONE, NULL },
	{ .name = NULL },
};

static const struct cli_example examples[] = {
	{ "parka watch", "this host and its containers, by the rules that come with parka" },
	{ "parka watch -r /etc/falco/falco_rules.yaml --priority warning", "by rules you have" },
	{ "parka watch --json --sink https://hooks.example/parka", "JSON lines here, and a POST of each finding there" },
	{ "parka watch --disable '*' --enable tag=container", "only the rules about containers" },
	{ NULL, NULL },
};

#define SECOND_NS UINT64_C(1000000000)
enum { KEEP_EVERY_S = 60 };

struct watch {
	struct cli_args *args;
	struct cli_run run;
	struct loop *loop;
	struct agent_live *live;
	struct agent_rule_watch *rule_watch;
	struct watch_view *view;         /* NULL: findings go to sinks only */
	struct loop_source *keys;
	struct agent_day_keeper *account;    /* NULL: none is kept */
	bool is_asked;                       /* somebody looks at it: parka top */
	uint64_t n_rules;
	int64_t started_s;
	struct agent_live_stats stats;
	uint64_t events_before, cpu_before_ns, clock_before_ns, started_ns;
	uint64_t seen_before, dropped_before;
	double events_per_s, cpu_share, dropped_share;
	bool has_status;
	char note[64];
};

static void on_finding(const struct detect_finding *finding, void *data)
{
	struct watch *w = data;

	if (w->view)
		watch_view_finding(w->view, finding);
	cli_run_tell(&w->run, finding);
}

/* A word of parka's own: above the status line on a terminal, else on standard error. */
static void say(struct watch *w, const char *text)
{
	if (w->view && isatty(STDOUT_FILENO))
		watch_view_say(w->view, text);
	else
		fprintf(stderr, "%s\n", text);
}

/* ---- the status line ---- */

static void measure(struct watch *w)
{
	uint64_t clock_ns = cli_clock_ns(CLOCK_MONOTONIC), cpu_ns = cli_clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	double seconds = (double)(clock_ns - w->clock_before_ns) / 1e9;

	agent_live_stats(w->live, &w->stats);
	if (seconds > 0) {
		w->events_per_s = (double)(w->stats.stream.n_events - w->events_before) / seconds;
		w->cpu_share = (double)(cpu_ns - w->cpu_before_ns) / 1e9 / seconds;
	}
	w->events_before = w->stats.stream.n_events;
	w->clock_before_ns = clock_ns;
	w->cpu_before_ns = cpu_ns;
}

/* Only for the line that shows it: counters of the kernel side are asked for. */
static void measure_drops(struct watch *w)
{
	const uint64_t *total = agent_live_costs(w->live)->total;
	uint64_t seen = total[AGENT_COST_SEEN] - w->seen_before, dropped = total[AGENT_COST_DROPPED] - w->dropped_before;

	w->dropped_share = seen ? (double)dropped / (double)seen : 0;
	w->seen_before = total[AGENT_COST_SEEN];
	w->dropped_before = total[AGENT_COST_DROPPED];
}

static void show_status(struct watch *w)
{
	const struct agent_stream_stats *s = &w->stats.stream;
	const char *names[SENSOR_LOST_MAX];
	struct watch_status status = {
		.events_per_s = w->events_per_s, .cpu_share = w->cpu_share, .dropped_share = w->dropped_share,
		.n_findings = s->detect.n_told, .n_held_back = s->detect.n_held_back, .n_lost = s->n_lost, .n_containers = w->stats.n_containers,
		.rss_bytes = cli_rss_bytes(), .lost_names = names, .n_lost_names = SENSOR_LOST_MAX,
		.n_sink_lost = cli_run_undelivered(&w->run), .note = w->note[0] ? w->note : NULL,
	};

	for (unsigned i = 0; i < SENSOR_LOST_MAX; i++) {
		names[i] = agent_lost_name(i);
		status.lost[i] = s->lost[i];
	}
	watch_view_status(w->view, &status);
}

static void on_second(uint64_t n, void *data)
{
	struct watch *w = data;

	(void)n;
	cli_run_flush(&w->run);
	measure(w);
	if (w->has_status)
		measure_drops(w);
	if (w->view)
		show_status(w);
}

/* ---- the account of the day ---- */

static void open_account(struct watch *w)
{
	struct err err = ERR_INIT;
	char text[ERR_TEXT_MAX + 128];
	int r = agent_day_open(cli_state_dir(w->args), (int64_t)time(NULL), &w->account, &err);

	if (r == 0 || (r == -EBUSY && !cli_verbose(w->args)))
		return;
	if (r == 1)
		snprintf(text, sizeof(text), "parka: the account of costs is damaged (%s): kept as costs.json.damaged, the day's begins anew",
			 err.text);
	else
		snprintf(text, sizeof(text), "parka: no account of costs is kept: %s", err.text);
	say(w, text);
}

static void say_about(struct watch *w)
{
	struct agent_live_stats stats;

	agent_live_stats(w->live, &stats);
	agent_day_about(w->account, &(struct agent_day_agent){
		.pid = (uint64_t)getpid(), .started_s = w->started_s, .n_rules = w->n_rules, .n_containers = stats.n_containers,
		.rss_bytes = cli_rss_bytes(),
	});
}

static void keep_account(struct watch *w)
{
	struct err err = ERR_INIT;
	char text[ERR_TEXT_MAX + 128];

	if (w->account)
		say_about(w);
	if (!w->account || agent_day_keep(w->account, agent_live_costs(w->live), (int64_t)time(NULL), &err) == 0)
		return;
	snprintf(text, sizeof(text), "parka: the account of costs is no longer kept: %s", err.text);
	say(w, text);
	w->account = agent_day_close(w->account);
}

/* Each second: whether parka top looks. Then it is given what it shows, as it would count it itself. */
static void look_whether_asked(struct watch *w)
{
	bool asked = w->account && agent_day_asked(w->account, (int64_t)time(NULL));

	if (asked != w->is_asked && !cli_has(w->args, "count-containers"))
		agent_live_count_containers(w->live, asked);
	w->is_asked = asked;
	if (asked)
		keep_account(w);
}

static void on_look(uint64_t n, void *data)
{
	(void)n;
	look_whether_asked(data);
}

static void on_keep(uint64_t n, void *data)
{
	(void)n;
	keep_account(data);
}

/* ---- rules that change ---- */

static void say_diags(struct watch *w, const struct lang_rules *rules)
{
	_cleanup_strbuf_ struct strbuf text;
	const struct lang_diag *diags;
	size_t n = lang_rules_diags(rules, &diags);

	strbuf_init(&text, 1 << 16);
	for (size_t i = 0; i < n; i++)
		if (diags[i].level == LANG_DIAG_ERROR)
			lang_diag_print(&diags[i], cli_color(w->args, stderr), &text);
	strbuf_adds(&text, "parka: rules not reloaded: the files have errors; the last good set stays");
	say(w, text.text);
	snprintf(w->note, sizeof(w->note), "RULES NOT RELOADED");
}

static void reload(void *data)
{
	struct watch *w = data;
	struct lang_rules *rules;
	struct lang_rules_counts counts;
	struct err err = ERR_INIT;
	char text[ERR_TEXT_MAX + 128];
	bool faulty;
	int r = agent_rules_load(&w->run.source, &rules, &faulty, &err);

	if (r == 0 && faulty) {
		say_diags(w, rules);
		lang_rules_free(rules);
		return;
	}
	if (r == 0) {
		lang_rules_counts(rules, &counts);
		w->n_rules = counts.n_enabled;
		r = agent_live_rules(w->live, rules, &err);
	}
	if (r < 0) {
		snprintf(text, sizeof(text), "parka: rules not reloaded: %s; the last good set stays", err.text);
		snprintf(w->note, sizeof(w->note), "RULES NOT RELOADED");
	} else {
		snprintf(text, sizeof(text), "parka: rules reloaded: %zu enabled", counts.n_enabled);
		w->note[0] = '\0';
	}
	say(w, text);
}

/* ---- signals and keys ---- */

static void on_signal(int signo, void *data)
{
	struct watch *w = data;

	if (signo == SIGHUP)
		reload(w);
	else if (signo == SIGWINCH && w->view)
		watch_view_resized(w->view);
	else if (signo == SIGCONT && w->view)
		watch_view_resume(w->view);
	else if (signo == SIGTSTP) {
		if (w->view)
			watch_view_suspend(w->view);
		raise(SIGSTOP);
	} else if (signo == SIGINT || signo == SIGTERM)
		agent_live_stop(w->live);
}

static void on_duration(uint64_t n, void *data)
{
	struct watch *w = data;

	(void)n;
	agent_live_stop(w->live);
}

static void on_key(int fd, uint32_t events, void *data)
{
	struct watch *w = data;
	char keys[64];
	ssize_t n = read(fd, keys, sizeof(keys));

	(void)events;
	if (n <= 0 && errno != EINTR)
		w->keys = loop_source_remove(w->keys);
	for (ssize_t i = 0; i < n; i++)
		if (watch_view_key(w->view, keys[i]) == WATCH_KEY_QUIT)
			agent_live_stop(w->live);
}

/* ---- starting ---- */

/* Before any thread: they inherit the mask. */
static int add_signals(struct watch *w, struct err *err)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGCONT, SIGTSTP };
	int r = 0;

	for (size_t i = 0; i < ARRAY_LEN(signals) && r == 0; i++)
		r = loop_signal_add(w->loop, signals[i], on_signal, w, NULL, err);
	return r;
}

/* What standard output gets: the view, or a sink for lines that programs read. */
static int open_output(struct watch *w)
{
	const char *format = cli_format(w->args);
	bool terminal = isatty(STDOUT_FILENO);
	struct watch_view_options o = {
		.out_fd = STDOUT_FILENO,
		.key_fd = terminal && isatty(STDIN_FILENO) ? STDIN_FILENO : -1,
		.color = cli_color(w->args, stdout),
		.details = cli_has(w->args, "ancestors") || cli_verbose(w->args),
		.status = terminal && !cli_has(w->args, "no-status") && !cli_quiet(w->args),
	};

	w->has_status = o.status && strcmp(format, "text") == 0;
	if (strcmp(format, "text") == 0)
		w->view = watch_view_new(&o);
	else if (strcmp(format, "json") == 0 || strcmp(format, "falco") == 0)
		return detect_sink_new(format[0] == 'j' ? "json" : "stdout", &w->run.sinks[w->run.n_sinks++], NULL);
	else
		return -EINVAL;
	return 0;
}

static int open_live(struct watch *w, struct lang_rules *rules, struct agent_live_options *o, struct err *err)
{
	unsigned long long duration = 0;
	int r = agent_live_open(o, rules, w->loop, &w->live, err);

	(void)cli_run_duration(w->args, &duration);   /* checked before */
	if (r == 0)
		r = agent_rule_watch_new(w->loop, &w->run.source, reload, w, &w->rule_watch, err);
	if (r == 0)
		r = loop_timer_add(w->loop, 0, SECOND_NS, on_second, w, NULL, err);
	if (r == 0)
		r = loop_timer_add(w->loop, 0, KEEP_EVERY_S * SECOND_NS, on_keep, w, NULL, err);
	if (r == 0)
		r = loop_timer_add(w->loop, 0, SECOND_NS, on_look, w, NULL, err);
	if (r == 0 && duration)
		r = loop_timer_add(w->loop, duration * SECOND_NS, 0, on_duration, w, NULL, err);
	if (r == 0 && w->view && watch_view_interactive(w->view))
		r = loop_fd_add(w->loop, STDIN_FILENO, EPOLLIN, on_key, w, &w->keys, err);
	return r;
}

static void greet(struct watch *w, size_t n_rules)
{
	char text[128];

	if (cli_quiet(w->args))
		return;
	snprintf(text, sizeof(text), "parka: watching with %zu rule%s", n_rules, n_rules == 1 ? "" : "s");
	say(w, text);
}

static void say_summary(struct watch *w)
{
	const struct agent_stream_stats *s = &w->stats.stream;

	agent_live_stats(w->live, &w->stats);
	cli_run_finish(&w->run);
	if (cli_quiet(w->args))
		return;
	fprintf(stderr, "parka: events %llu, findings %llu, held back %llu, lost %llu, not delivered %llu, seconds %.0f\n",
		(unsigned long long)s->n_events, (unsigned long long)s->detect.n_told, (unsigned long long)s->detect.n_held_back,
		(unsigned long long)s->n_lost, (unsigned long long)cli_run_undelivered(&w->run),
		(double)(cli_clock_ns(CLOCK_MONOTONIC) - w->started_ns) / 1e9);
}

static int check(struct cli_args *args, struct cli_run *run, struct agent_live_options *o)
{
	unsigned long long ring, seconds;
	const char *const *operands;
	int r;

	if (cli_operands(args, &operands))
		return cli_usage_error(args, "'%s' is not expected here: name rules with -r", operands[0]);
	r = cli_run_rules(args, run);
	if (r == CLI_OK)
		r = cli_run_detect(args, "1,10", &o->stream.detect);
	if (r == CLI_OK)
		r = cli_run_duration(args, &seconds);
	if (r != CLI_OK)
		return r;
	if (cli_number(args, "ring-size", 0, 65536, 1 << 30, &ring) < 0)
		return CLI_USAGE;
	if (ring & (ring - 1))
		return cli_usage_error(args, "--ring-size: %llu is not a power of two", ring);
	for (int i = 0; i < SENSOR_LANE_MAX; i++)
		o->sensor.ring_bytes[i] = ring;
	o->sensor.all_events = cli_has(args, "all-events");
	o->no_seed = cli_has(args, "no-seed");
	o->use_api = !cli_has(args, "no-api");
	o->count_containers = cli_has(args, "count-containers");
	o->no_filter = cli_has(args, "no-filter");
	o->capture = cli_value(args, "capture");
	o->costs = true;
	return CLI_OK;
}

static int watch(struct watch *w, struct agent_live_options *o, struct lang_rules *rules)
{
	struct lang_rules_counts counts;
	struct err err = ERR_INIT;
	int r = loop_new(&w->loop, &err), code;

	if (r == 0)
		r = add_signals(w, &err);
	code = r < 0 ? cli_fail(w->args, &err) : cli_run_sinks(w->args, &w->run);
	if (code == CLI_OK && open_output(w) < 0)
		code = cli_usage_error(w->args, "--format: '%s' is none of text, json, falco", cli_format(w->args));
	if (code != CLI_OK) {
		lang_rules_free(rules);
		return code;
	}
	lang_rules_counts(rules, &counts);
	w->n_rules = counts.n_enabled;
	w->started_s = (int64_t)time(NULL);
	o->stream.tell = on_finding;
	o->stream.data = w;
	w->started_ns = w->clock_before_ns = cli_clock_ns(CLOCK_MONOTONIC);
	r = open_live(w, rules, o, &err);
	if (r == 0) {
		open_account(w);
		greet(w, counts.n_enabled);
		r = agent_live_run(w->live, &err);
		keep_account(w);
		w->view = watch_view_free(w->view);
		say_summary(w);
	}
	w->view = watch_view_free(w->view);
	return r < 0 ? cli_fail(w->args, &err) : CLI_OK;
}

static int run(struct cli_args *args)
{
	struct watch w = { .args = args };
	struct agent_live_options o = { 0 };
	struct lang_rules *rules;
	int code = check(args, &w.run, &o);

	if (code == CLI_OK)
		code = cli_run_load(args, &w.run, &rules);
	if (code == CLI_OK)
		code = watch(&w, &o, rules);
	agent_rule_watch_free(w.rule_watch);
	agent_day_close(w.account);
	agent_live_close(w.live);
	cli_run_done(&w.run);
	loop_free(w.loop);
	return code;
}

const struct cli_command cmd_watch = {
	.name = "watch",
	.summary = "see and judge what this host and its containers do",
	.usage = "[OPTIONS] [-r FILE|DIR]...",
	.description = "Watches the kernel, judges every event by the rules, and prints one line per finding: time, severity, container "
		"or host, what happened. Needs root.\n\nOn a terminal a status line at the bottom says how many events, findings, losses "
		"and containers there are, what share of events the kernel dropped, and what parka itself uses; the keys are a (chain of ancestors of each finding), p (pause), "
		"q (quit). Elsewhere lines are plain. --format falco prints Falco's lines, --format json (or --json) JSON lines with Falco's "
		"keys and more under \"parka\".\n\nEqual findings of one rule and container are throttled; the next one says how many were "
		"held back. Events that were lost become findings named \"parka telemetry gap\".\n\nWhat it saw, dropped and judged, and what that "
		"cost, is kept by the day in costs.json of the state directory (--state): parka rules explain reads it, parka top shows "
		"it live.\n\nRules are read again when their files "
		"change, and on SIGHUP; files with errors leave the last good set in place. Ends on SIGINT, SIGTERM or after --duration "
		"with a line of totals on standard error, and exit status 0.",
	.options = options,
	.examples = examples,
	.run = run,
};
