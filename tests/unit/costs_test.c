/* SPDX-License-Identifier: Apache-2.0 */
/* Cost accounts: what is counted, what is measured on a sample, what is kept of a day. Counters and clocks are made up. */
#include "agent/agent.h"
#include "base/file.h"
#include "sensor_help.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

/* ---- an account with a made-up clock ---- */

static uint64_t clock_now;
static uint64_t clock_ns(void) { return clock_now += 10; }   /* reading it takes 10 ns */

struct desk {
	struct world w;
	struct agent_costs *costs;
	struct agent_costs_counts counts;
	uint64_t used_ns;        /* processor time until the next settling; 0: plenty */
};

static const struct runtime_container *container_of_cgroup(void *data, uint64_t cgroup)
{
	struct desk *d = data;

	return cgroup == BOX_CGROUP ? &d->w.box : NULL;
}

static void desk_init(struct desk *d)
{
	struct agent_costs_options o = { .clock_ns = clock_ns, .container = container_of_cgroup, .data = d };

	memset(d, 0, sizeof(*d));
	world_init(&d->w);
	d->costs = agent_costs_new(&o);
}

static void desk_done(struct desk *d)
{
	agent_costs_free(d->costs);
	world_done(&d->w);
}

/* An open that took `ns`, half of it judging. */
static void open_by(struct desk *d, const struct actor *a, const char *path, uint64_t ns)
{
	agent_costs_begin(d->costs);
	clock_now += ns / 2;
	do_open(&d->w, a, (struct open){ .path = path, .ret = 3 });
	agent_costs_judge(d->costs);
	clock_now += ns / 2;
	agent_costs_event(d->costs, d->w.b.event, d->w.records, d->w.n);
}

static const struct agent_sums *settled(struct desk *d)
{
	if (!d->used_ns)
		d->counts.cpu_ns += UINT64_C(1000000000000);   /* more than was measured */
	d->counts.cpu_ns += d->used_ns;
	agent_costs_settle(d->costs, &d->counts);
	return agent_costs_sums(d->costs);
}

static uint64_t cost(const struct agent_sums *sums, enum agent_cost_table table, const char *id, enum agent_cost what)
{
	const struct agent_cost_row *row = agent_sums_find(sums, table, id);

	return row ? row->n[what] : 0;
}

#define TYPE(what) cost(sums, AGENT_COSTS_TYPES, "openat", AGENT_COST_##what)
#define HOST(what) cost(sums, AGENT_COSTS_CONTAINERS, "host", AGENT_COST_##what)
#define BOX(what) cost(sums, AGENT_COSTS_CONTAINERS, "5be1f2a4c6d8", AGENT_COST_##what)
#define RULE(id, what) cost(sums, AGENT_COSTS_RULES, id, AGENT_COST_##what)

TEST(delivered_events_are_counted_by_type_and_container)
{
	struct desk d;
	struct actor on_host = host_actor(1, 0, "systemd", 0), in_box;
	const struct agent_sums *sums;
	const struct agent_cost_row *row;

	desk_init(&d);
	world_box(&d.w, &in_box);
	for (int i = 0; i < 3; i++)
		open_by(&d, &on_host, "/etc/a", 100);
	for (int i = 0; i < 2; i++)
		open_by(&d, &in_box, "/etc/b", 100);
	sums = settled(&d);
	CHECK_INT(TYPE(DELIVERED), 5);
	CHECK_INT(HOST(DELIVERED), 3);
	CHECK_INT(BOX(DELIVERED), 2);
	row = agent_sums_find(sums, AGENT_COSTS_CONTAINERS, "5be1f2a4c6d8");
	CHECK_STR(row ? row->name : NULL, "web-1");
	CHECK_INT(sums->total[AGENT_COST_DELIVERED], 5);
	desk_done(&d);
}

TEST(counters_of_the_kernel_add_up_between_settlings)
{
	struct desk d;
	const struct agent_sums *sums;

	desk_init(&d);
	d.counts.types[MODEL_EVT_OPENAT] = (struct sensor_type_counts){ .seen = 1000, .dropped = 900, .folded = 20 };
	d.counts.lost[MODEL_EVT_OPENAT] = 5;
	settled(&d);
	d.counts.types[MODEL_EVT_OPENAT] = (struct sensor_type_counts){ .seen = 3000, .dropped = 2800, .folded = 60 };
	d.counts.lost[MODEL_EVT_OPENAT] = 7;
	d.counts.wall_ns = 17;
	sums = settled(&d);
	CHECK_INT(TYPE(SEEN), 3000);
	CHECK_INT(TYPE(DROPPED), 2800);
	CHECK_INT(TYPE(FOLDED), 60);
	CHECK_INT(TYPE(LOST), 7);
	CHECK_INT(sums->total[AGENT_COST_SEEN], 3000);
	CHECK_INT(sums->total[AGENT_COST_LOST], 7);
	CHECK_INT(sums->total[AGENT_COST_WALL_NS], 17);
	desk_done(&d);
}

TEST(control_groups_become_containers_and_may_start_anew)
{
	struct desk d;
	const struct agent_sums *sums;
	struct sensor_cgroup_counts groups[] = { { BOX_CGROUP, 100, 90, 1 }, { UNIT_CGROUP, 50, 40, 0 }, { HOST_CGROUP, 7, 0, 0 } };

	desk_init(&d);
	d.counts.cgroups = groups;
	d.counts.n_cgroups = 3;
	settled(&d);
	groups[0] = (struct sensor_cgroup_counts){ BOX_CGROUP, 30, 20, 0 };   /* the table forgot it: 30 more */
	groups[1].seen = 60;
	sums = settled(&d);
	CHECK_INT(BOX(SEEN), 130);
	CHECK_INT(BOX(DROPPED), 110);
	CHECK_INT(BOX(FOLDED), 1);
	CHECK_INT(HOST(SEEN), 67);
	CHECK_INT(HOST(DROPPED), 40);
	desk_done(&d);
}

TEST(few_events_are_all_measured)
{
	struct desk d;
	struct actor a = host_actor(1, 0, "systemd", 0);
	const struct agent_sums *sums;

	desk_init(&d);
	for (int i = 0; i < 100; i++)
		open_by(&d, &a, "/etc/a", 1000);
	sums = settled(&d);
	/* The reading between the two halves is part of what was measured. */
	CHECK_MSG(TYPE(CPU_NS) >= 100 * 1000 && TYPE(CPU_NS) <= 100 * 1010, "%llu", (unsigned long long)TYPE(CPU_NS));
	CHECK_INT(HOST(CPU_NS), TYPE(CPU_NS));
	desk_done(&d);
}

TEST(a_flood_is_measured_on_a_sample_that_stands_for_all)
{
	enum { EVENTS = 200000 };
	struct desk d;
	struct actor a = host_actor(1, 0, "systemd", 0);
	const struct agent_sums *sums;
	uint64_t before, expected = (uint64_t)EVENTS * 1500, read;

	desk_init(&d);
	before = clock_now;
	for (int i = 0; i < EVENTS; i++) {
		open_by(&d, &a, "/etc/a", i % 2 ? 1000 : 2000);   /* regular, as loads are */
		if (i % 20000 == 0)
			agent_costs_tick(d.costs);
	}
	read = (clock_now - before - expected) / 10;
	sums = settled(&d);
	CHECK_MSG(TYPE(CPU_NS) > expected * 90 / 100 && TYPE(CPU_NS) < expected * 110 / 100, "%llu, expected %llu",
		  (unsigned long long)TYPE(CPU_NS), (unsigned long long)expected);
	CHECK_MSG(read < 10 * 3 * 10 * AGENT_COSTS_SAMPLES, "the clock was read %llu times", (unsigned long long)read);
	desk_done(&d);
}

TEST(after_a_flood_single_events_are_measured_again)
{
	struct desk d;
	struct actor a = host_actor(1, 0, "systemd", 0);
	const struct agent_sums *sums;
	uint64_t before;

	desk_init(&d);
	for (int i = 0; i < 50000; i++)
		open_by(&d, &a, "/etc/a", 0);
	for (int i = 0; i < 3; i++)
		agent_costs_tick(d.costs);
	before = cost(settled(&d), AGENT_COSTS_TYPES, "openat", AGENT_COST_CPU_NS);
	for (int i = 0; i < 10; i++)
		open_by(&d, &a, "/etc/a", 1000);
	sums = settled(&d);
	CHECK_MSG(TYPE(CPU_NS) - before >= 9 * 1000, "%llu", (unsigned long long)(TYPE(CPU_NS) - before));
	desk_done(&d);
}

TEST(what_was_measured_never_exceeds_the_processor_time_that_was_used)
{
	struct desk d;
	struct actor a = host_actor(1, 0, "systemd", 0);
	const struct agent_sums *sums;

	desk_init(&d);
	for (int i = 0; i < 100; i++)
		open_by(&d, &a, "/etc/a", 100000);   /* somebody else ran meanwhile */
	d.used_ns = 50000;
	sums = settled(&d);
	CHECK_MSG(TYPE(CPU_NS) <= 50000 && TYPE(CPU_NS) > 49000, "%llu", (unsigned long long)TYPE(CPU_NS));
	CHECK_INT(sums->total[AGENT_COST_CPU_NS], 50000);
	desk_done(&d);
}

TEST(run_time_of_programs_goes_to_what_they_serve)
{
	struct desk d;
	const struct agent_sums *sums;
	struct sensor_cgroup_counts groups[] = { { BOX_CGROUP, 75, 0, 0 }, { HOST_CGROUP, 25, 0, 0 } };
	struct agent_costs_program programs[2] = { { .ns = 4000 }, { .ns = 600 } };

	desk_init(&d);
	model_event_set_add(&programs[0].types, MODEL_EVT_OPENAT);
	model_event_set_add(&programs[0].types, MODEL_EVT_OPEN);
	d.counts.types[MODEL_EVT_OPENAT].seen = 75;
	d.counts.types[MODEL_EVT_OPEN].seen = 25;
	d.counts.programs = programs;
	d.counts.n_programs = 2;
	d.counts.cgroups = groups;
	d.counts.n_cgroups = 2;
	sums = settled(&d);
	CHECK_INT(TYPE(KERNEL_NS), 3000);
	CHECK_INT(cost(sums, AGENT_COSTS_TYPES, "open", AGENT_COST_KERNEL_NS), 1000);
	CHECK_INT(sums->total[AGENT_COST_KERNEL_NS], 4600);
	CHECK_INT(BOX(KERNEL_NS), 3450);
	CHECK_INT(HOST(KERNEL_NS), 1150);
	desk_done(&d);
}

/* ---- rules ---- */

static const char rules_text[] =
	"- rule: Shadow\n  desc: d\n  condition: evt.type = openat and fd.name = /etc/shadow\n  output: o\n  priority: WARNING\n"
	"- rule: Cron\n  desc: d\n  condition: evt.type = openat and fd.name startswith /etc/cron.d/\n  output: o\n  priority: NOTICE\n"
	"- rule: Program\n  desc: d\n  condition: evt.type = execve and proc.name = x\n  output: o\n  priority: NOTICE\n";

static struct lang_rules *load(void)
{
	struct lang_rules *rules = lang_rules_new();
	struct err err = ERR_INIT;

	CHECK_MSG(lang_rules_load_text(rules, "rules.yaml", rules_text, strlen(rules_text), &err) >= 0, "%s", err.text);
	CHECK_MSG(lang_rules_compile(rules, &err) >= 0, "%s", err.text);
	return rules;
}

TEST(the_time_of_judging_is_divided_among_the_rules_that_were_asked)
{
	struct desk d;
	struct actor a = host_actor(1, 0, "systemd", 0);
	struct lang_rules *rules = load();
	const struct agent_sums *sums;

	desk_init(&d);
	agent_costs_rules(d.costs, rules);
	for (int i = 0; i < 100; i++)
		open_by(&d, &a, "/etc/hosts", 1000);
	sums = settled(&d);
	CHECK(RULE("Shadow", CPU_NS) > 0 && RULE("Cron", CPU_NS) > 0);
	CHECK_INT(RULE("Program", CPU_NS), 0);
	CHECK_MSG(RULE("Shadow", CPU_NS) + RULE("Cron", CPU_NS) >= 100 * 499 &&
		  RULE("Shadow", CPU_NS) + RULE("Cron", CPU_NS) <= 100 * 501, "%llu",
		  (unsigned long long)(RULE("Shadow", CPU_NS) + RULE("Cron", CPU_NS)));
	desk_done(&d);
	lang_rules_free(rules);
}

TEST(events_that_passed_count_for_the_rules_whose_terms_they_satisfy)
{
	static const char *const shadow[] = { "/etc/shadow" }, *const cron[] = { "/etc/cron.d" };
	struct sensor_filter_term terms[2] = { 0 };
	struct sensor_filter_build *filter;
	struct desk d;
	struct actor a = host_actor(1, 0, "systemd", 0);
	struct lang_rules *rules = load();
	const struct agent_sums *sums;

	model_event_set_add(&terms[0].types, MODEL_EVT_OPENAT);
	terms[1].types = terms[0].types;
	terms[0].paths.exact = shadow;
	terms[1].paths.below = cron;
	terms[0].paths.n_exact = terms[1].paths.n_below = 1;
	terms[0].owner = lang_rules_by_name(rules, "Shadow")->program_index;
	terms[1].owner = lang_rules_by_name(rules, "Cron")->program_index;
	filter = sensor_filter_build(terms, 2, NULL);
	desk_init(&d);
	agent_costs_rules(d.costs, rules);
	agent_costs_filter(d.costs, filter, terms, 2);
	for (int i = 0; i < 3; i++)
		open_by(&d, &a, "/etc/shadow", 100);
	open_by(&d, &a, "/etc/cron.d/job", 100);
	sums = settled(&d);
	CHECK_INT(RULE("Shadow", PASSED), 3);
	CHECK_INT(RULE("Cron", PASSED), 1);
	agent_costs_filter(d.costs, NULL, NULL, 0);
	open_by(&d, &a, "/etc/shadow", 100);
	sums = settled(&d);
	CHECK_INT(RULE("Shadow", PASSED), 3);
	desk_done(&d);
	sensor_filter_build_free(filter);
	lang_rules_free(rules);
}

TEST(findings_count_for_rule_and_container_and_summaries_only_for_what_was_held_back)
{
	struct lang_rule rule = { .name = "Shadow" };
	struct detect_finding f = { .rule = &rule, .n_held_back = 2, .container_id = "5be1f2a4c6d8", .container_name = "web-1" };
	struct desk d;
	const struct agent_sums *sums;

	desk_init(&d);
	agent_costs_finding(d.costs, &f);
	f.container_id = f.container_name = "host";
	agent_costs_finding(d.costs, &f);
	f.is_summary = true;
	f.n_held_back = 40;
	agent_costs_finding(d.costs, &f);
	sums = settled(&d);
	CHECK_INT(RULE("Shadow", FINDINGS), 2);
	CHECK_INT(RULE("Shadow", HELD_BACK), 44);
	CHECK_INT(BOX(FINDINGS), 1);
	CHECK_INT(HOST(FINDINGS), 1);
	CHECK_INT(sums->total[AGENT_COST_FINDINGS], 2);
	desk_done(&d);
}

TEST(control_groups_past_the_bound_count_elsewhere)
{
	struct desk d;
	struct actor a = host_actor(1, 0, "systemd", 0);
	const struct agent_sums *sums;

	desk_init(&d);
	for (uint64_t i = 0; i < AGENT_COSTS_CGROUPS_MAX + 10; i++) {
		a.cgroup = 1000 + i;
		open_by(&d, &a, "/etc/a", 10);
	}
	sums = settled(&d);
	CHECK_INT(HOST(DELIVERED), AGENT_COSTS_CGROUPS_MAX);
	CHECK_INT(cost(sums, AGENT_COSTS_CONTAINERS, "other", AGENT_COST_DELIVERED), 10);
	for (int i = 0; i < 70; i++)   /* nobody is seen again: their places are free */
		settled(&d);
	a.cgroup = 5;
	open_by(&d, &a, "/etc/a", 10);
	CHECK_INT(HOST(DELIVERED), AGENT_COSTS_CGROUPS_MAX + 1);
	desk_done(&d);
}

/* ---- sums ---- */

TEST(sums_past_the_bound_are_other)
{
	struct agent_sums sums;
	char id[32];

	agent_sums_init(&sums);
	for (int i = 0; i < AGENT_SUMS_ROWS_MAX + 5; i++) {
		snprintf(id, sizeof(id), "rule %d", i);
		agent_sums_row(&sums, AGENT_COSTS_RULES, id, NULL)->n[AGENT_COST_FINDINGS]++;
	}
	CHECK_INT(sums.tables[AGENT_COSTS_RULES].n, AGENT_SUMS_ROWS_MAX);
	CHECK_INT(cost(&sums, AGENT_COSTS_RULES, "other", AGENT_COST_FINDINGS), 6);
	agent_sums_done(&sums);
}

TEST(long_ids_are_cut_between_characters)
{
	char id[AGENT_SUMS_TEXT_MAX * 2];
	struct agent_sums sums;
	const struct agent_cost_row *row;

	agent_sums_init(&sums);
	memset(id, 'a', sizeof(id));
	id[sizeof(id) - 1] = '\0';
	memcpy(id + AGENT_SUMS_TEXT_MAX - 1, "\xc3\xa4", 2);
	row = agent_sums_row(&sums, AGENT_COSTS_RULES, id, NULL);
	CHECK_INT(strlen(row->id), AGENT_SUMS_TEXT_MAX - 1);
	CHECK(row == agent_sums_find(&sums, AGENT_COSTS_RULES, id));
	agent_sums_done(&sums);
}

static void fill(struct agent_sums *sums)
{
	agent_sums_init(sums);
	sums->total[AGENT_COST_SEEN] = 1204311;
	agent_sums_row(sums, AGENT_COSTS_TYPES, "openat", NULL)->n[AGENT_COST_SEEN] = 1204311;
	agent_sums_row(sums, AGENT_COSTS_TYPES, "openat", NULL)->n[AGENT_COST_DROPPED] = 1193472;
	agent_sums_row(sums, AGENT_COSTS_CONTAINERS, "5be1f2a4c6d8", "web-1")->n[AGENT_COST_CPU_NS] = 77;
	agent_sums_row(sums, AGENT_COSTS_RULES, "Read \"it\"\n", NULL)->n[AGENT_COST_PASSED] = 312;
}

TEST(an_interval_is_what_was_added_and_nothing_else)
{
	struct agent_sums now, before, sums;

	fill(&now);
	fill(&before);
	agent_sums_init(&sums);
	agent_sums_row(&now, AGENT_COSTS_TYPES, "openat", NULL)->n[AGENT_COST_SEEN] += 5;
	agent_sums_row(&now, AGENT_COSTS_TYPES, "connect", NULL)->n[AGENT_COST_SEEN] += 2;
	agent_sums_since(&sums, &now, &before);
	CHECK_INT(cost(&sums, AGENT_COSTS_TYPES, "openat", AGENT_COST_SEEN), 5);
	CHECK_INT(cost(&sums, AGENT_COSTS_TYPES, "connect", AGENT_COST_SEEN), 2);
	CHECK_INT(sums.tables[AGENT_COSTS_TYPES].n, 2);
	CHECK_INT(sums.tables[AGENT_COSTS_CONTAINERS].n, 0);
	agent_sums_add(&before, &sums);
	agent_sums_since(&sums, &now, &before);
	CHECK_INT(sums.tables[AGENT_COSTS_TYPES].n, 0);
	agent_sums_done(&now);
	agent_sums_done(&before);
	agent_sums_done(&sums);
}

/* ---- the file ---- */

static char dir[] = "/tmp/parka-costs-XXXXXX";
static const char *temp(const char *name)
{
	static char path[128];

	if (strstr(dir, "XXXXXX") && !mkdtemp(dir))
		abort();
	snprintf(path, sizeof(path), "%s%s%s", dir, name[0] ? "/" : "", name);
	return path;
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	CHECK(fd >= 0 && fd_write_all(fd, text, strlen(text)) == 0);
	close(fd);
}

enum { DAY_S = 86400 };
static const int64_t noon_s = INT64_C(1764072000);   /* 2025-11-25 12:00 UTC */

static int64_t noon(void)
{
	setenv("TZ", "UTC", 1);
	tzset();
	return noon_s;
}

TEST(a_day_is_read_as_it_was_written)
{
	struct agent_day day = { .date = "2025-11-25", .since_s = 100, .until_s = 200,
				 .agent = { .pid = 412, .n_rules = 140, .n_containers = 3, .rss_bytes = 1 << 24, .started_s = 90 } }, back;
	struct strbuf text, again;
	struct err err = ERR_INIT;

	fill(&day.sums);
	strbuf_init(&text, 1 << 20);
	strbuf_init(&again, 1 << 20);
	agent_day_write(&day, &text);
	agent_day_init(&back);
	CHECK_MSG(agent_day_parse(&back, text.text, text.len, "costs.json", &err) == 0, "%s", err.text);
	agent_day_write(&back, &again);
	CHECK_STR(again.text, text.text);
	CHECK_INT(cost(&back.sums, AGENT_COSTS_RULES, "Read \"it\"\n", AGENT_COST_PASSED), 312);
	CHECK_INT(back.since_s, 100);
	CHECK(memcmp(&back.agent, &day.agent, sizeof(day.agent)) == 0);
	agent_day_done(&day);
	agent_day_done(&back);
	strbuf_done(&text);
	strbuf_done(&again);
}

#define DAY(rest) "{\"version\":1,\"date\":\"2025-11-25\",\"since\":1,\"until\":2," rest "}"
#define EMPTY "\"total\":{},\"types\":[],\"containers\":[],\"rules\":[]"

TEST(what_is_no_account_is_refused_with_its_place)
{
	static const struct { const char *text, *why; } cases[] = {
		{ "", "not valid JSON" }, { "[]", "no cost account" }, { "{\"version\":2}", "version 2" },
		{ "{\"version\":1,\"date\":\"yesterday\",\"since\":1,\"until\":2}", "'date'" },
		{ "{\"version\":1,\"date\":\"2025-11-25\",\"since\":-1,\"until\":2}", "'since'" },
		{ DAY("\"total\":{}"), "'types' is no list" },
		{ DAY("\"total\":{\"seen\":-1}"), "total: 'seen' is no count" },
		{ DAY("\"total\":{\"seen\":1.5}"), "total: 'seen' is no count" },
		{ DAY("\"total\":{},\"types\":[7]"), "types: a row without id" },
		{ DAY("\"total\":{},\"types\":[{\"id\":\"\"}]"), "types: a row without id" },
		{ DAY("\"total\":{},\"types\":[{\"id\":\"a\",\"seen\":9223372036854775807},{\"id\":\"a\",\"seen\":1}]"), "too large" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct agent_day day;
		struct err err = ERR_INIT;

		agent_day_init(&day);
		CHECK_INT(agent_day_parse(&day, cases[i].text, strlen(cases[i].text), "costs.json", &err), -EBADMSG);
		CHECK_MSG(strstr(err.text, cases[i].why), "%s: %s", cases[i].text, err.text);
		CHECK(!day.date[0] && day.sums.tables[AGENT_COSTS_TYPES].n == 0);
		agent_day_done(&day);
	}
}

TEST(an_account_has_a_bound_of_rows_and_bytes)
{
	struct agent_day day;
	struct strbuf text;
	struct err err = ERR_INIT;

	agent_day_init(&day);
	strbuf_init(&text, AGENT_DAY_BYTES_MAX * 2);
	strbuf_adds(&text, "{\"version\":1,\"date\":\"2025-11-25\",\"since\":1,\"until\":2,\"total\":{},\"types\":[");
	for (int i = 0; i <= AGENT_SUMS_ROWS_MAX; i++)
		strbuf_addf(&text, "%s{\"id\":\"%d\"}", i ? "," : "", i);
	strbuf_adds(&text, "]}");
	CHECK_INT(agent_day_parse(&day, text.text, text.len, "costs.json", &err), -EBADMSG);
	CHECK_MSG(strstr(err.text, "more than 2048 rows"), "%s", err.text);
	strbuf_reset(&text);
	while (text.len <= AGENT_DAY_BYTES_MAX)
		strbuf_adds(&text, "                                ");
	CHECK_INT(agent_day_parse(&day, text.text, text.len, "costs.json", &err), -EBADMSG);
	CHECK_MSG(strstr(err.text, "bytes"), "%s", err.text);
	agent_day_done(&day);
	strbuf_done(&text);
}

static uint64_t kept(const char *name, enum agent_cost what)
{
	struct agent_day day;
	struct arena arena;
	struct err err = ERR_INIT;
	char *text;
	size_t len;
	uint64_t n = UINT64_MAX;

	arena_init(&arena, 0);
	agent_day_init(&day);
	if (file_read(temp(name), AGENT_DAY_BYTES_MAX, &arena, &text, &len, NULL) == 0 &&
	    CHECK_MSG(agent_day_parse(&day, text, len, name, &err) == 0, "%s", err.text))
		n = day.sums.total[what];
	agent_day_done(&day);
	arena_done(&arena);
	return n;
}

TEST(runs_of_one_day_add_up_and_another_day_begins_anew)
{
	struct agent_day_keeper *keeper = NULL;
	struct err err = ERR_INIT;
	struct agent_sums run;

	agent_sums_init(&run);
	run.total[AGENT_COST_SEEN] = 10;
	CHECK_MSG(agent_day_open(temp("state/parka"), noon(), &keeper, &err) == 0, "%s", err.text);
	CHECK_INT(agent_day_keep(keeper, &run, noon() + 60, &err), 0);
	run.total[AGENT_COST_SEEN] = 25;
	CHECK_INT(agent_day_keep(keeper, &run, noon() + 120, &err), 0);
	CHECK_INT(kept("state/parka/costs.json", AGENT_COST_SEEN), 25);
	agent_day_close(keeper);
	CHECK_INT(agent_day_open(temp("state/parka"), noon() + 200, &keeper, &err), 0);   /* another run */
	run.total[AGENT_COST_SEEN] = 5;
	CHECK_INT(agent_day_keep(keeper, &run, noon() + 240, &err), 0);
	CHECK_INT(kept("state/parka/costs.json", AGENT_COST_SEEN), 30);
	run.total[AGENT_COST_SEEN] = 7;
	CHECK_INT(agent_day_keep(keeper, &run, noon() + DAY_S, &err), 0);
	CHECK_INT(kept("state/parka/costs.json", AGENT_COST_SEEN), 2);
	CHECK_INT(kept("state/parka/costs-1.json", AGENT_COST_SEEN), 30);
	agent_day_close(keeper);
	agent_sums_done(&run);
}

TEST(one_process_keeps_the_account_of_a_directory)
{
	struct agent_day_keeper *keeper = NULL, *other = NULL;
	struct err err = ERR_INIT;

	CHECK_INT(agent_day_open(temp("two"), noon(), &keeper, &err), 0);
	CHECK_INT(agent_day_open(temp("two"), noon(), &other, &err), -EBUSY);
	CHECK_MSG(strstr(err.text, "another parka"), "%s", err.text);
	agent_day_close(keeper);
	CHECK_INT(agent_day_open(temp("two"), noon(), &other, &err), 0);
	agent_day_close(other);
}

TEST(who_keeps_an_account_learns_that_somebody_looks_at_it)
{
	struct agent_day_keeper *keeper;
	struct err err = ERR_INIT;
	int64_t now_s = (int64_t)time(NULL);
	struct timespec past[2] = { { .tv_sec = now_s - AGENT_DAY_ASKED_S - 5 }, { .tv_sec = now_s - AGENT_DAY_ASKED_S - 5 } };
	char asked[256];

	CHECK_INT(agent_day_ask(temp("asked"), &err), 0);   /* no such directory: nobody keeps it */
	CHECK_INT(agent_day_open(temp("asked"), now_s, &keeper, &err), 0);
	CHECK(!agent_day_asked(keeper, now_s));
	CHECK_INT(agent_day_ask(temp("asked"), &err), 1);
	now_s = (int64_t)time(NULL);
	CHECK(agent_day_asked(keeper, now_s));
	CHECK(!agent_day_asked(keeper, now_s + AGENT_DAY_ASKED_S + 1));
	snprintf(asked, sizeof(asked), "%s", temp("asked/costs.asked"));
	CHECK_INT(utimensat(AT_FDCWD, asked, past, 0), 0);
	CHECK(!agent_day_asked(keeper, now_s));
	/* A link that somebody laid there is not followed. */
	unlink(asked);
	CHECK_INT(symlink("/etc/hostname", asked), 0);
	CHECK(agent_day_ask(temp("asked"), &err) < 0);
	unlink(asked);
	agent_day_close(keeper);
	CHECK_INT(agent_day_ask(temp("asked"), &err), 0);
	unlink(temp("asked/costs.lock"));
	rmdir(temp("asked"));
}

TEST(a_damaged_account_is_set_aside_said_and_begun_anew)
{
	struct agent_day_keeper *keeper = NULL;
	struct err err = ERR_INIT;
	struct agent_sums run;

	agent_sums_init(&run);
	run.total[AGENT_COST_SEEN] = 3;
	CHECK_INT(agent_day_open(temp("damaged"), noon(), &keeper, &err), 0);
	agent_day_close(keeper);
	write_file(temp("damaged/costs.json"), "{\"version\":1,");
	CHECK_INT(agent_day_open(temp("damaged"), noon(), &keeper, &err), 1);
	CHECK_MSG(strstr(err.text, "costs.json"), "%s", err.text);
	CHECK_INT(access(temp("damaged/costs.json.damaged"), R_OK), 0);
	CHECK_INT(agent_day_keep(keeper, &run, noon(), &err), 0);
	CHECK_INT(kept("damaged/costs.json", AGENT_COST_SEEN), 3);
	agent_day_close(keeper);
	agent_sums_done(&run);
}

TEST(without_an_account_or_a_directory_reading_says_so)
{
	struct agent_day day;
	struct err err = ERR_INIT;

	agent_day_init(&day);
	CHECK_INT(agent_day_read(&day, "/nowhere/at/all", &err), -ENOENT);
	CHECK_INT(agent_day_read(&day, temp(""), &err), -ENOENT);
	write_file(temp("file"), "x");
	CHECK(agent_day_open(temp("file/state"), noon(), &(struct agent_day_keeper *){ NULL }, &err) < 0);
	agent_day_done(&day);
}

TAP_MAIN()
