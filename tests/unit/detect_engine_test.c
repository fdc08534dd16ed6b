/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/detect.h"
#include "detect/throttle.h"
#include "lang_fake.h"
#include "tap.h"

enum { SECOND = 1000000000 };
static const uint64_t start_ns = UINT64_C(1700000000) * SECOND;

struct told { char rule[64], output[128], container[64]; uint64_t held_back, number, time_ns; bool summary; };
static struct told told[128];
static size_t n_told;

static void remember(const struct detect_finding *f, void *data)
{
	struct told *t = &told[n_told++ % 128];

	(void)data;
	snprintf(t->rule, sizeof(t->rule), "%s", f->rule->name);
	snprintf(t->output, sizeof(t->output), "%s", f->output);
	snprintf(t->container, sizeof(t->container), "%s", f->container_name ? f->container_name : "(none)");
	t->held_back = f->n_held_back;
	t->number = f->number;
	t->time_ns = f->time_ns;
	t->summary = f->is_summary;
	if (f->is_summary)
		CHECK(!f->record);
}

static struct lang_format format = { "it happened", { MODEL_F_PROC_NAME }, 1 };
static unsigned n_freed;
static struct lang_rules rules = {
	.rules = {
		{ .name = "open", .priority = MODEL_PRIORITY_WARNING, .format = &format },
		{ .name = "open too", .priority = MODEL_PRIORITY_NOTICE, .format = &format },
		{ .name = "exec", .priority = MODEL_PRIORITY_DEBUG, .format = &format },
	},
	.n = 3, .n_freed = &n_freed,
};
static struct fake_record open_record, exec_record;

static struct detect_engine *set_up(struct detect_options options)
{
	struct detect_engine *e;

	model_event_set_add(&rules.rules[0].events, MODEL_EVT_OPENAT);
	model_event_set_add(&rules.rules[1].events, MODEL_EVT_OPENAT);
	model_event_set_add(&rules.rules[2].events, MODEL_EVT_EXECVE);
	fake_record_init(&open_record, MODEL_EVT_OPENAT);
	fake_record_text(&open_record, MODEL_F_PROC_NAME, -1, "cat");
	fake_record_text(&open_record, MODEL_F_CONTAINER_NAME, -1, "web");
	fake_record_init(&exec_record, MODEL_EVT_EXECVE);
	n_told = 0;
	e = detect_engine_new(&options, remember, NULL);
	detect_engine_rules(e, &rules);
	return e;
}

static const struct detect_options all = { .min_priority = MODEL_PRIORITY_DEBUG };

TEST(every_matching_rule_is_told_in_order)
{
	struct detect_engine *e = set_up(all);
	struct detect_stats stats;

	detect_engine_feed(e, &open_record.record, start_ns, 0);
	CHECK_INT(n_told, 2);
	CHECK_STR(told[0].rule, "open");
	CHECK_STR(told[1].rule, "open too");
	CHECK_STR(told[0].output, "it happened proc.name=cat");
	CHECK_STR(told[0].container, "web");
	CHECK_INT(told[0].number, 1);
	CHECK_INT(told[1].number, 2);
	detect_engine_stats(e, &stats);
	CHECK_INT(stats.n_records, 1);
	CHECK_INT(stats.n_matches, 2);
	CHECK_INT(stats.n_by_priority[MODEL_PRIORITY_WARNING], 1);
	detect_engine_free(e);
}

TEST(first_match_only_stops_at_the_first)
{
	struct detect_options o = all;
	struct detect_engine *e;

	o.first_match_only = true;
	e = set_up(o);
	detect_engine_feed(e, &open_record.record, start_ns, 0);
	CHECK_INT(n_told, 1);
	CHECK_STR(told[0].rule, "open");
	detect_engine_free(e);
}

TEST(what_is_below_the_minimum_priority_is_neither_told_nor_counted)
{
	struct detect_options o = { .min_priority = MODEL_PRIORITY_WARNING };
	struct detect_engine *e = set_up(o);
	struct detect_stats stats;

	detect_engine_feed(e, &open_record.record, start_ns, 0);
	detect_engine_feed(e, &exec_record.record, start_ns, 0);
	CHECK_INT(n_told, 1);
	CHECK_STR(told[0].rule, "open");
	detect_engine_stats(e, &stats);
	CHECK_INT(stats.n_matches, 1);
	detect_engine_free(e);
}

static const struct detect_options throttled = {
	.throttle_per_s = 1, .throttle_burst = 3, .min_priority = MODEL_PRIORITY_DEBUG,
};

TEST(after_the_burst_findings_are_held_back_and_the_next_says_how_many)
{
	struct detect_engine *e = set_up(throttled);

	for (int i = 0; i < 10; i++)
		detect_engine_feed(e, &exec_record.record, start_ns + (uint64_t)i, 0);
	CHECK_INT(n_told, 3);
	detect_engine_feed(e, &exec_record.record, start_ns + SECOND, 0);
	CHECK_INT(n_told, 4);
	CHECK_INT(told[3].held_back, 7);
	CHECK_INT(told[2].held_back, 0);
	CHECK(!told[3].summary);
	detect_engine_free(e);
}

TEST(what_was_folded_in_the_kernel_is_held_back_and_told_with_the_next)
{
	struct detect_options one = { .throttle_per_s = 1, .throttle_burst = 1, .min_priority = MODEL_PRIORITY_DEBUG };
	struct detect_engine *e = set_up(all);
	struct detect_stats stats;

	exec_record.record.count = 10;
	detect_engine_feed(e, &exec_record.record, start_ns, 0);
	CHECK_INT(told[0].held_back, 9);
	detect_engine_stats(e, &stats);
	CHECK_INT(stats.n_matches, 10);
	CHECK_INT(stats.n_held_back, 9);
	detect_engine_free(e);
	e = set_up(one);
	detect_engine_feed(e, &exec_record.record, start_ns, 0);
	exec_record.record.count = 5;
	detect_engine_feed(e, &exec_record.record, start_ns + 1, 0);
	exec_record.record.count = 3;
	detect_engine_feed(e, &exec_record.record, start_ns + SECOND + 1, 0);
	CHECK_INT(n_told, 2);
	CHECK_INT(told[1].held_back, 5 + 2);
	detect_engine_free(e);
}

TEST(containers_and_rules_are_throttled_apart)
{
	struct detect_engine *e = set_up(throttled);

	for (int i = 0; i < 5; i++) {
		detect_engine_feed(e, &exec_record.record, start_ns, 1);
		detect_engine_feed(e, &exec_record.record, start_ns, 2);
		detect_engine_feed(e, &open_record.record, start_ns, 1);
	}
	CHECK_INT(n_told, 12);   /* 3 of exec in each container, 3 of each of the two open rules */
	detect_engine_free(e);
}

TEST(flush_sums_up_what_nothing_came_after)
{
	struct detect_engine *e = set_up(throttled);

	for (int i = 0; i < 10; i++)
		detect_engine_feed(e, &exec_record.record, start_ns, 0);
	detect_engine_flush(e, start_ns + SECOND / 2);
	CHECK_INT(n_told, 3);   /* the next one could still come and say it */
	detect_engine_flush(e, start_ns + SECOND);
	CHECK_INT(n_told, 4);
	CHECK(told[3].summary);
	CHECK_INT(told[3].held_back, 7);
	CHECK_STR(told[3].output, "it happened proc.name=<NA>");
	CHECK_INT(told[3].time_ns, start_ns);
	detect_engine_flush(e, UINT64_MAX);
	CHECK_INT(n_told, 4);   /* once is enough */
	detect_engine_free(e);
}

TEST(new_rules_flush_the_old_ones_and_free_them)
{
	struct detect_engine *e = set_up(throttled);
	struct lang_rules other = rules;

	n_freed = 0;
	for (int i = 0; i < 5; i++)
		detect_engine_feed(e, &exec_record.record, start_ns, 0);
	detect_engine_rules(e, &other);
	CHECK_INT(n_freed, 1);
	CHECK_INT(n_told, 4);
	CHECK(told[3].summary);
	detect_engine_feed(e, &exec_record.record, start_ns, 0);   /* a full bucket again */
	CHECK_INT(n_told, 5);
	detect_engine_free(e);
	CHECK_INT(n_freed, 2);
}

TEST(time_that_steps_back_gives_no_credit_and_does_not_wrap)
{
	struct detect_engine *e = set_up(throttled);

	for (int i = 0; i < 3; i++)
		detect_engine_feed(e, &exec_record.record, start_ns, 0);
	detect_engine_feed(e, &exec_record.record, start_ns - 10 * (uint64_t)SECOND, 0);
	CHECK_INT(n_told, 3);
	detect_engine_feed(e, &exec_record.record, start_ns + SECOND, 0);
	CHECK_INT(n_told, 4);
	detect_engine_free(e);
}

TEST(a_report_of_our_own_is_numbered_and_never_throttled)
{
	struct detect_engine *e = set_up(throttled);
	const struct lang_rule gap = { .name = "gap", .priority = MODEL_PRIORITY_NOTICE };

	for (int i = 0; i < 10; i++)
		detect_engine_report(e, &gap, NULL, start_ns, "lost");
	CHECK_INT(n_told, 10);
	CHECK_INT(told[9].number, 10);
	CHECK_STR(told[9].output, "lost");
	detect_engine_free(e);
}

TEST(buckets_have_a_limit_and_the_oldest_goes_first)
{
	struct throttle t;

	throttle_init(&t, 1, 1, 3);
	for (uint64_t i = 0; i < 10; i++) {
		struct throttle_key key = { i, 0 };
		struct throttle_bucket *victim = throttle_victim(&t, key);
		if (i < 3)
			CHECK(!victim);
		else if (CHECK(victim)) {
			CHECK_INT(victim->key.container, i - 3);
			throttle_drop(&t, victim);
		}
		throttle_bucket(&t, key, 0);
	}
	CHECK_INT(t.buckets.n, 3);
	throttle_done(&t);
}

TAP_MAIN()
