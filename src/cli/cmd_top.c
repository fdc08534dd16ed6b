/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"
#include "cli/run_options.h"
#include "cli/rules_load.h"
#include "cli/top_account.h"
#include "cli/top_screen.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/utsname.h>
#include <unistd.h>

static const struct cli_option options[] = {
	CLI_OPTIONS_RULES,
	{ 'i', "interval", "SECONDS", "Seconds between two pictures; 1 unless given.", CLI_COMPLETE_NONE, NULL },
	{ 'n', "count", "N", "End after N pictures.", CLI_COMPLETE_NONE, NULL },
	{ 'b', "batch", NULL, "Print plain text, one picture after the other; so without a terminal.", CLI_COMPLETE_NONE, NULL },
	{ 0, "sort", "WORD", "Rows by cost (unless given), events or name.", CLI_COMPLETE_WORDS, "cost events name" },
	{ 0, "lines", "N", "With --batch: at most N rows of each table; 20 unless given, 0 for all.", CLI_COMPLETE_NONE, NULL },
	{ 0, "no-kernel-time", NULL, "Do not have the kernel time BPF programs.", CLI_COMPLETE_NONE, NULL },
	{ 0, "own", NULL, "Watch, too, where a parka watch that keeps its account in the state directory could be asked.", CLI_COMPLETE_NONE, NULL },
	{ 0, "no-seed", NULL, "Do not take stock of the processes that live already.", CLI_COMPLETE_NONE, NULL },
	{ 0, "no-api", NULL, "Do not ask container runtimes; their files say most.", CLI_COMPLETE_NONE, NULL },
	{ .name = NULL },
};

static const struct cli_example examples[] = {
	{ "parka top", "what the rules that come with parka cost on this host, live" },
	{ "parka top -r /etc/falco/falco_rules.yaml --sort events", "what other rules would cost" },
	{ "parka top --batch -n 3 --interval 10", "three times ten seconds as text" },
	{ "parka top --json -n 1 --interval 60", "one minute as JSON" },
	{ NULL, NULL },
};

enum { OUT_MAX = 16 << 20, LINES_DEFAULT = 20, NO_AGENT = -1 };
#define SECOND_NS UINT64_C(1000000000)

struct top {
	struct cli_args *args;
	struct cli_run run;
	struct loop *loop;
	struct agent_live *live;         /* NULL: the account is another process's */
	struct top_account account;
	struct top_screen *screen;       /* NULL: text or JSON, one after the other */
	struct loop_source *keys;
	struct top_style style;
	struct agent_sums before, interval;
	struct strbuf out;
	struct utsname uts;
	unsigned long long interval_s, count, n_shown;
	uint64_t started_ns, n_rules;
	bool json, stopping;
	struct err err;                  /* why it stops */
};

static void count_only(const struct detect_finding *finding, void *data)
{
	(void)finding;
	(void)data;
}

/* ---- pictures ---- */

static struct top_view view_of_account(const struct top *t)
{
	const struct agent_day_agent *agent = &t->account.day.agent;
	uint64_t now_s = cli_clock_ns(CLOCK_REALTIME) / SECOND_NS, started_s = (uint64_t)agent->started_s;

	return (struct top_view){
		.hostname = t->uts.nodename, .up_s = now_s > started_s ? now_s - started_s : 0, .n_rules = agent->n_rules,
		.n_containers = agent->n_containers, .rss_bytes = agent->rss_bytes, .interval = &t->interval, .run = &t->account.day.sums,
	};
}

static struct top_view view_of(struct top *t, const struct agent_sums *run)
{
	struct agent_live_stats stats;

	if (!t->live)
		return view_of_account(t);
	agent_live_stats(t->live, &stats);
	return (struct top_view){
		.hostname = t->uts.nodename, .up_s = (cli_clock_ns(CLOCK_MONOTONIC) - t->started_ns) / SECOND_NS, .n_rules = t->n_rules,
		.n_containers = stats.n_containers, .rss_bytes = cli_rss_bytes(), .interval = &t->interval, .run = run,
	};
}

static void put_json(struct top *t, const struct top_view *v)
{
	struct json_writer w = json_writer(&t->out);

	json_object_begin(&w, NULL);
	json_put_double(&w, "time", (double)cli_clock_ns(CLOCK_REALTIME) / 1e9);
	json_put_double(&w, "seconds", (double)v->interval->total[AGENT_COST_WALL_NS] / 1e9);
	json_put_uint(&w, "rules_enabled", v->n_rules);
	json_put_uint(&w, "containers_known", v->n_containers);
	json_put_uint(&w, "rss_bytes", v->rss_bytes);
	if (!t->live)
		json_put_uint(&w, "agent_pid", t->account.day.agent.pid);
	agent_sums_write(v->interval, &w);
	json_object_end(&w);
	strbuf_addc(&t->out, '\n');
}

static void print(struct top *t, const struct top_view *v)
{
	strbuf_reset(&t->out);
	if (t->json)
		put_json(t, v);
	else
		top_text(v, &t->style, &t->out);
	if (!t->json && t->n_shown)
		fputs("\n", stdout);
	fwrite(t->out.text, 1, t->out.len, stdout);
	fflush(stdout);
}

static void stop(struct top *t)
{
	t->stopping = true;
	if (t->live)
		agent_live_stop(t->live);
}

/* What was counted so far; NULL when there is nothing to show any more. */
static const struct agent_sums *sums_now(struct top *t)
{
	if (t->live)
		return agent_live_costs(t->live);
	if (top_account_read(&t->account, &t->err) < 0) {
		stop(t);
		return NULL;
	}
	/* Another day has begun, and its account anew. */
	if (t->account.day.sums.total[AGENT_COST_WALL_NS] < t->before.total[AGENT_COST_WALL_NS])
		agent_sums_clear(&t->before);
	return &t->account.day.sums;
}

static void show(struct top *t)
{
	const struct agent_sums *run = sums_now(t);
	struct top_view view;

	if (!run || (t->screen && top_screen_is_paused(t->screen)))
		return;
	agent_sums_since(&t->interval, run, &t->before);
	agent_sums_add(&t->before, &t->interval);
	view = view_of(t, run);
	if (t->screen)
		top_screen_show(t->screen, &view);
	else
		print(t, &view);
}

static void on_interval(uint64_t n, void *data)
{
	struct top *t = data;

	(void)n;
	show(t);
	if (++t->n_shown == t->count)
		stop(t);
}

/* ---- signals and keys ---- */

static void on_signal(int signo, void *data)
{
	struct top *t = data;

	if (signo == SIGINT || signo == SIGTERM || signo == SIGHUP)
		stop(t);
	else if (signo == SIGTSTP) {
		if (t->screen)
			top_screen_suspend(t->screen);
		raise(SIGSTOP);
	} else if (t->screen && signo == SIGWINCH)
		top_screen_resized(t->screen);
	else if (t->screen && signo == SIGCONT)
		top_screen_resume(t->screen);
}

static void on_key(int fd, uint32_t events, void *data)
{
	struct top *t = data;
	char keys[64];
	ssize_t n = read(fd, keys, sizeof(keys));

	(void)events;
	if (n <= 0 && errno != EINTR)
		t->keys = loop_source_remove(t->keys);
	for (ssize_t i = 0; i < n; i++)
		if (top_screen_key(t->screen, keys[i]) == TOP_KEY_QUIT)
			stop(t);
}

/* ---- starting ---- */

static int check(struct cli_args *args, struct top *t)
{
	const char *const *operands, *format = cli_format(args), *sort = cli_value(args, "sort");
	unsigned long long lines;

	if (cli_operands(args, &operands))
		return cli_usage_error(args, "'%s' is not expected here: name rules with -r", operands[0]);
	if (cli_run_rules(args, &t->run) != CLI_OK || cli_number(args, "interval", 1, 1, 86400, &t->interval_s) < 0 ||
	    cli_number(args, "count", 0, 1, 1000000000, &t->count) < 0 || cli_number(args, "lines", LINES_DEFAULT, 0, 100000, &lines) < 0)
		return CLI_USAGE;
	t->json = strcmp(format, "json") == 0;
	if (!t->json && strcmp(format, "text") != 0)
		return cli_usage_error(args, "--format: '%s' is none of text, json", format);
	t->style = (struct top_style){ .max_lines = lines, .tables = TOP_ALL_TABLES, .sort = sort ? top_sort_by_name(sort) : TOP_SORT_COST };
	if (t->style.sort == TOP_SORTS)
		return cli_usage_error(args, "--sort: '%s' is none of cost, events, name", sort);
	return CLI_OK;
}

/* Signals before any thread: they inherit the mask. */
static int open_loop(struct top *t, struct err *err)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGCONT, SIGTSTP };
	int r = loop_new(&t->loop, err);

	for (size_t i = 0; i < ARRAY_LEN(signals) && r == 0; i++)
		r = loop_signal_add(t->loop, signals[i], on_signal, t, NULL, err);
	return r;
}

static int open_live(struct top *t, struct lang_rules *rules, struct err *err)
{
	struct agent_live_options o = {
		.stream.tell = count_only, .no_seed = cli_has(t->args, "no-seed"), .use_api = !cli_has(t->args, "no-api"),
		.costs = true, .count_containers = true, .time_programs = !cli_has(t->args, "no-kernel-time"),
	};

	o.stream.detect.min_priority = MODEL_PRIORITY_DEBUG;
	return agent_live_open(&o, rules, t->loop, &t->live, err);
}

static int open_screen(struct top *t, struct err *err)
{
	bool keys = isatty(STDIN_FILENO);
	int r = 0;

	if (t->json || cli_has(t->args, "batch") || !isatty(STDOUT_FILENO))
		return 0;
	t->style.color = cli_color(t->args, stdout);
	t->style.max_lines = 0;
	t->screen = top_screen_new(STDOUT_FILENO, keys ? STDIN_FILENO : -1, &t->style);
	if (top_screen_has_keys(t->screen))
		r = loop_fd_add(t->loop, STDIN_FILENO, EPOLLIN, on_key, t, &t->keys, err);
	show(t);
	return r;
}

/* A picture each interval from now on. */
static int show_all(struct top *t, struct err *err)
{
	int r = loop_timer_add(t->loop, 0, t->interval_s * SECOND_NS, on_interval, t, NULL, err);

	return r == 0 ? open_screen(t, err) : r;
}

static int top(struct top *t, struct lang_rules *rules)
{
	struct lang_rules_counts counts;
	struct err err = ERR_INIT;
	int r = open_loop(t, &err);

	if (r < 0) {
		lang_rules_free(rules);
		return cli_fail(t->args, &err);
	}
	lang_rules_counts(rules, &counts);
	t->n_rules = counts.n_enabled;
	r = open_live(t, rules, &err);
	if (r == 0)
		r = show_all(t, &err);
	if (r == 0)
		r = agent_live_run(t->live, &err);
	t->screen = top_screen_free(t->screen);
	return r < 0 ? cli_fail(t->args, &err) : CLI_OK;
}

/* From the account of an agent that runs; NO_AGENT when there is none. */
static int top_of_agent(struct top *t)
{
	struct err err = ERR_INIT;
	int r;

	if (cli_has(t->args, "own") || cli_has(t->args, "rules") || cli_has(t->args, "enable") || cli_has(t->args, "disable"))
		return NO_AGENT;
	r = top_account_open(&t->account, cli_state_dir(t->args), !cli_has(t->args, "no-kernel-time"), &err);
	if (r == 0)
		return NO_AGENT;
	if (r < 0)
		return cli_fail(t->args, &err);
	agent_sums_add(&t->before, &t->account.day.sums);
	r = open_loop(t, &err);
	if (r == 0)
		r = show_all(t, &err);
	while (r >= 0 && !t->stopping)
		r = loop_once(t->loop, -1, &err);
	t->screen = top_screen_free(t->screen);
	top_account_done(&t->account);
	return r < 0 ? cli_fail(t->args, &err) : t->err.code < 0 ? cli_fail(t->args, &t->err) : CLI_OK;
}

static int run(struct cli_args *args)
{
	struct top t = { .args = args };
	struct lang_rules *rules;
	int code = check(args, &t), asked;

	strbuf_init(&t.out, OUT_MAX);
	uname(&t.uts);
	t.started_ns = cli_clock_ns(CLOCK_MONOTONIC);
	asked = code == CLI_OK ? top_of_agent(&t) : code;
	if (code == CLI_OK && asked != NO_AGENT)
		code = asked;
	else if (code == CLI_OK)
		code = cli_run_load(args, &t.run, &rules);
	if (code == CLI_OK && asked == NO_AGENT)
		code = top(&t, rules);
	agent_live_close(t.live);
	agent_sums_done(&t.before);
	agent_sums_done(&t.interval);
	strbuf_done(&t.out);
	loop_free(t.loop);
	return code;
}

const struct cli_command cmd_top = {
	.name = "top",
	.summary = "see live what watching costs: by event type, container and rule",
	.usage = "[OPTIONS] [-r FILE|DIR]...",
	.description = "Shows what watching costs. Where a parka watch runs that keeps its account in the state directory (--state), it is that "
		"one's account, which it then writes every second and counts by container, too. Else, and with --own or rules of its own, "
		"parka top watches the kernel as parka watch does and tells no findings. Shown are events that the kernel's "
		"programs saw, dropped because no rule can match them, folded into an equal one, delivered to user space and lost; the "
		"processor time of it in user space (CPU) and in the kernel's programs (KERNEL), per cent of one core. Needs root.\n\n"
		"On a terminal it is a table that changes every second; the keys are t, c, r (event types, containers, rules alone), a (all "
		"three, on 24 rows or more), s (sort by cost, events, name), p (pause), q (quit). Elsewhere, and with --batch, pictures follow "
		"each other as text. --json prints one object per interval: what was counted in it, in \"total\" and by \"types\", "
		"\"containers\" and \"rules\"; counters that are 0 are left out, times are nanoseconds.\n\n"
		"Lost events and findings are of the whole run, everything else is of the last interval. Events are counted; processor "
		"time, and for how many delivered events a rule is a reason (PASSED), are measured on a sample and scaled. CPU of a "
		"rule is its share of the time that judging took. While it runs, the kernel times all BPF "
		"programs of the machine (as kernel.bpf_stats_enabled does, which stays as it is; it ends with parka top): that adds to each run of a program; --no-kernel-time leaves it off.",
	.options = options,
	.examples = examples,
	.run = run,
};
