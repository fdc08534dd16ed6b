/* SPDX-License-Identifier: Apache-2.0 */
/* What rules explain says of a day's account. */
#include "cli/explain_costs.h"
#include "tap.h"

#include <time.h>

static struct agent_day day;
static struct strbuf out;

static void count(enum agent_cost_table table, const char *id, enum agent_cost what, uint64_t n)
{
	agent_sums_row(&day.sums, table, id, NULL)->n[what] = n;
}

/* 2026-11-25, 09:12 to 14:00 UTC. */
static void new_day(void)
{
	setenv("TZ", "UTC", 1);
	tzset();
	agent_day_done(&day);
	agent_day_init(&day);
	memcpy(day.date, "2026-11-25", 11);
	day.since_s = 1795597920;
	day.until_s = 1795615200;
}

static struct lang_rule rule_of(enum model_event_type a, enum model_event_type b)
{
	struct lang_rule rule = { .name = "Shadow" };

	model_event_set_add(&rule.events, a);
	model_event_set_add(&rule.events, b);
	return rule;
}

static const char *said(const struct lang_rule *rule, const char *today)
{
	if (!out.max_bytes)
		strbuf_init(&out, 1 << 16);
	strbuf_reset(&out);
	explain_costs_text(&day, today, rule, &out);
	return out.text;
}

TEST(the_share_that_the_kernel_removed_is_of_the_rules_events_only)
{
	struct lang_rule rule = rule_of(MODEL_EVT_OPEN, MODEL_EVT_OPENAT);

	new_day();
	count(AGENT_COSTS_TYPES, "openat", AGENT_COST_SEEN, 1204000);
	count(AGENT_COSTS_TYPES, "openat", AGENT_COST_DROPPED, 1193161);
	count(AGENT_COSTS_TYPES, "open", AGENT_COST_SEEN, 311);
	count(AGENT_COSTS_TYPES, "open", AGENT_COST_DROPPED, 311);
	count(AGENT_COSTS_TYPES, "execve", AGENT_COST_SEEN, 5000);
	count(AGENT_COSTS_RULES, "Shadow", AGENT_COST_PASSED, 312);
	count(AGENT_COSTS_RULES, "Shadow", AGENT_COST_FINDINGS, 4);
	count(AGENT_COSTS_RULES, "Shadow", AGENT_COST_HELD_BACK, 1290);
	count(AGENT_COSTS_RULES, "Shadow", AGENT_COST_CPU_NS, 80000000);
	day.sums.total[AGENT_COST_CPU_NS] = UINT64_C(8000000000);
	CHECK_STR(said(&rule, "2026-11-25"),
		  "Today, 09:12 to 14:00\n"
		  "  of 1,204,311 open events the kernel removed 99.1 %; about 312 passed because of this rule\n"
		  "  4 findings, 1,290 held back; 80 ms of processor time, 1.0 % of parka's own\n");
	CHECK(strncmp(said(&rule, "2026-11-26"), "2026-11-25, 09:12", 17) == 0);
}

TEST(events_have_the_name_that_people_call_them_by)
{
	struct lang_rule open = rule_of(MODEL_EVT_OPENAT, MODEL_EVT_CREAT), net = rule_of(MODEL_EVT_CONNECT, MODEL_EVT_BIND),
			 two = rule_of(MODEL_EVT_EXECVE, MODEL_EVT_EXECVEAT), one = rule_of(MODEL_EVT_MOUNT, MODEL_EVT_MOUNT),
			 all = { .name = "Shadow", .all_events = true };

	new_day();
	CHECK(strstr(said(&open, "2026-11-25"), "no open event was seen"));
	CHECK(strstr(said(&net, "2026-11-25"), "no network event was seen"));
	CHECK(strstr(said(&two, "2026-11-25"), "no execve or execveat event was seen"));
	CHECK(strstr(said(&one, "2026-11-25"), "no mount event was seen"));
	CHECK(strstr(said(&all, "2026-11-25"), "no event was seen"));
	count(AGENT_COSTS_TYPES, "mount", AGENT_COST_SEEN, 1);
	CHECK(strstr(said(&one, "2026-11-25"), "the kernel removed none of 1 mount event\n  0 findings\n"));
	CHECK(strstr(said(&all, "2026-11-25"), "the kernel removed none of 1 event\n"));
}

TEST(all_but_one_is_not_all)
{
	struct lang_rule rule = rule_of(MODEL_EVT_OPEN, MODEL_EVT_OPENAT);

	new_day();
	count(AGENT_COSTS_TYPES, "openat", AGENT_COST_SEEN, 10000000);
	count(AGENT_COSTS_TYPES, "openat", AGENT_COST_DROPPED, 9999999);
	CHECK(strstr(said(&rule, "2026-11-25"), "removed 99.999 %; none passed because of this rule\n"));
	count(AGENT_COSTS_TYPES, "openat", AGENT_COST_DROPPED, 10000000);
	CHECK(strstr(said(&rule, "2026-11-25"), "removed 100.0 %;"));
}

TAP_MAIN()
