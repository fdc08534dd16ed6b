/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/agent.h"
#include "base/file.h"
#include "sensor/wire.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/parka-agent-XXXXXX";
static const char *temp(const char *name)
{
	static char paths[4][128];
	static unsigned n;
	char *path = paths[n++ % 4];

	if (strstr(dir, "XXXXXX") && !mkdtemp(dir))
		abort();
	snprintf(path, 128, "%s/%s", dir, name);
	return path;
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	CHECK(fd >= 0 && fd_write_all(fd, text, strlen(text)) == 0);
	close(fd);
}

static const char rules_text[] =
	"- list: secrets\n  items: [/etc/shadow, /etc/gshadow]\n"
	"- rule: Secret read\n  desc: d\n  condition: evt.type = openat and fd.name in (secrets) and fd.name != /etc\n"
	"  output: \"%proc.name read %fd.name\"\n  priority: WARNING\n  tags: [files]\n"
	"- rule: Loss\n  desc: d\n  condition: evt.type = lost\n  output: \"lost %lost.count\"\n  priority: NOTICE\n  tags: [meta]\n";

static struct lang_rules *load(const struct agent_selection *selections, size_t n)
{
	const char *paths[1] = { temp("rules.yaml") };
	struct agent_rule_source source = { paths, 1, selections, n };
	struct lang_rules *rules = NULL;
	struct err err = ERR_INIT;
	bool faulty = true;

	write_file(paths[0], rules_text);
	CHECK_MSG(agent_rules_load(&source, &rules, &faulty, &err) == 0, "%s", err.text);
	CHECK(!faulty);
	return rules;
}

TEST(selections_apply_in_order)
{
	const struct agent_selection s[] = { { false, "*" }, { true, "tag=files" } };
	struct lang_rules *rules = load(s, 2);
	struct lang_rules_counts counts;

	lang_rules_counts(rules, &counts);
	CHECK_INT(counts.n_enabled, 1);
	CHECK(lang_rules_by_name(rules, "Secret read")->enabled);
	lang_rules_free(rules);
}

TEST(a_selection_that_means_nothing_is_an_error)
{
	const struct agent_selection s[] = { { false, "No such rule" } };
	const char *paths[1] = { temp("rules.yaml") };
	struct agent_rule_source source = { paths, 1, s, 1 };
	struct lang_rules *rules = NULL;
	struct err err = ERR_INIT;
	bool faulty;

	write_file(paths[0], rules_text);
	CHECK_INT(agent_rules_load(&source, &rules, &faulty, &err), -ENOENT);
	CHECK(strstr(err.text, "No such rule"));
	CHECK(!rules);
}

TEST(files_with_errors_and_missing_files_are_faulty)
{
	const char *paths[1] = { temp("broken.yaml") };
	struct agent_rule_source source = { paths, 1, NULL, 0 };
	struct lang_rules *rules = NULL;
	struct err err = ERR_INIT;
	const struct lang_diag *diags;
	bool faulty = false;

	write_file(paths[0], "- rule: x\n  desc: d\n  condition: no.such.field = 1\n  output: o\n  priority: WARNING\n");
	CHECK_INT(agent_rules_load(&source, &rules, &faulty, &err), 0);
	CHECK(faulty);
	CHECK(lang_rules_diags(rules, &diags) > 0);
	lang_rules_free(rules);
	paths[0] = temp("not-there.yaml");
	faulty = false;
	CHECK_INT(agent_rules_load(&source, &rules, &faulty, &err), 0);
	CHECK(faulty && lang_rules_diags(rules, &diags) > 0);
	lang_rules_free(rules);
}

TEST(the_paths_that_rules_name_are_found_once)
{
	struct lang_rules *rules = load(NULL, 0);
	const char *paths[8];
	struct arena arena;
	size_t n;

	arena_init(&arena, 0);
	n = lang_rules_paths(rules, &arena, paths, 8);
	if (CHECK_INT(n, 2)) {
		CHECK_STR(paths[0], "/etc/shadow");
		CHECK_STR(paths[1], "/etc/gshadow");
	}
	CHECK_INT(lang_rules_paths(rules, &arena, paths, 1), 1);
	lang_rules_settle(rules);
	CHECK_INT(lang_rules_paths(rules, &arena, paths, 1), 1);
	n = lang_rules_paths(rules, &arena, paths, 8);
	if (CHECK_INT(n, 2)) {
		CHECK_STR(paths[0], "/etc/shadow");
		CHECK_STR(paths[1], "/etc/gshadow");
	}
	arena_done(&arena);
	lang_rules_free(rules);
}

static int n_changes;
static void on_change(void *data)
{
	n_changes++;
	loop_stop(data, 0);
}

static void on_late(uint64_t n, void *data)
{
	(void)n;
	loop_stop(data, 1);
}

static int changed_within(struct loop *loop, uint64_t ms)
{
	struct loop_source *timer;
	int r;

	CHECK_INT(loop_timer_add(loop, ms * 1000000, 0, on_late, loop, &timer, NULL), 0);
	r = loop_run(loop, NULL);
	loop_source_remove(timer);
	return r;
}

TEST(rule_files_that_change_or_are_replaced_are_noticed_once)
{
	const char *paths[1] = { temp("watched.yaml") };
	struct agent_rule_source source = { paths, 1, NULL, 0 };
	struct agent_rule_watch *watch = NULL;
	struct err err = ERR_INIT;
	struct loop *loop;

	write_file(paths[0], rules_text);
	CHECK_INT(loop_new(&loop, &err), 0);
	CHECK_INT(agent_rule_watch_new(loop, &source, on_change, loop, &watch, &err), 0);
	write_file(paths[0], rules_text);
	write_file(paths[0], rules_text);
	CHECK_INT(changed_within(loop, 3000), 0);
	CHECK_INT(n_changes, 1);
	write_file(temp("new"), rules_text);   /* another file of the directory: not ours */
	CHECK_INT(changed_within(loop, 400), 1);
	CHECK_INT(rename(temp("new"), paths[0]), 0);
	CHECK_INT(changed_within(loop, 3000), 0);
	CHECK_INT(n_changes, 2);
	agent_rule_watch_free(watch);
	loop_free(loop);
	unlink(paths[0]);
}

/* ---- replay ---- */

enum { SECOND = 1000000000 };

static void put(struct capture_writer *writer, struct sensor_wire_builder *b, uint64_t ts_ns, const char *path)
{
	struct err err = ERR_INIT;

	sensor_wire_builder_reset(b, path ? MODEL_EVT_OPENAT : MODEL_EVT_LOST);
	b->event->ts_ns = ts_ns;
	b->event->start_ns = 5;
	b->event->pid = b->event->tid = 77;
	b->event->count = 1;
	b->event->ret = 3;
	memcpy(b->event->comm, "cat", 4);
	if (path) {
		sensor_wire_put_path(b, SENSOR_P_PATH, path, 0, NULL, 0);
		sensor_wire_put_text(b, SENSOR_P_RAW, path);
		sensor_wire_put_u64(b, SENSOR_P_FLAGS, 0);
	} else {
		b->event->flags = SENSOR_WIRE_NO_RET;
		sensor_wire_put_u64(b, SENSOR_P_LOST_TYPE, MODEL_EVT_OPENAT);
		sensor_wire_put_u64(b, SENSOR_P_LOST_CAUSE, SENSOR_LOST_RING_FULL);
		sensor_wire_put_u64(b, SENSOR_P_LOST_COUNT, 100);
		sensor_wire_put_u64(b, SENSOR_P_LOST_SINCE, ts_ns - SECOND / 2);
	}
	CHECK_MSG(capture_write(writer, CAPTURE_EVENT, b->event, b->event->len, &err) == 0, "%s", err.text);
}

static void make_capture(const char *path)
{
	struct capture_info info = { .hostname = "node-9", .kernel = "6.1", .boot_to_epoch_ns = INT64_C(1700000000) * SECOND };
	struct sensor_wire_builder b;
	struct capture_writer *writer;
	struct err err = ERR_INIT;

	CHECK_MSG(capture_create(path, &info, &writer, &err) == 0, "%s", err.text);
	sensor_wire_builder_init(&b, MODEL_EVT_OPENAT);
	for (unsigned i = 0; i < 30; i++)
		put(writer, &b, (uint64_t)SECOND + i * 1000, "/etc/shadow");
	put(writer, &b, 2 * (uint64_t)SECOND, NULL);
	put(writer, &b, 3 * (uint64_t)SECOND, NULL);
	put(writer, &b, 20 * (uint64_t)SECOND, "/etc/hosts");
	capture_writer_close(writer);
	sensor_wire_builder_done(&b);
}

struct told { struct arena scratch; struct strbuf text; size_t n; };

static void on_finding(const struct detect_finding *f, void *data)
{
	struct told *t = data;

	arena_reset(&t->scratch);
	detect_finding_json(f, &t->scratch, &t->text);
	strbuf_addc(&t->text, '\n');
	t->n++;
}

static void replay(const char *path, struct told *t, struct agent_stream_stats *ret_stats)
{
	struct agent_stream_options o = {
		.detect = { .throttle_per_s = 1, .throttle_burst = 5, .min_priority = MODEL_PRIORITY_DEBUG }, .tell = on_finding, .data = t,
	};
	struct agent_replay *r;
	struct err err = ERR_INIT;

	arena_init(&t->scratch, 0);
	strbuf_init(&t->text, 1 << 20);
	t->n = 0;
	if (!CHECK_MSG(agent_replay_open(path, &o, load(NULL, 0), &r, &err) == 0, "%s", err.text))
		return;
	CHECK_MSG(agent_replay_run(r, &err) == 0, "%s", err.text);
	agent_stream_stats(agent_replay_stream(r), ret_stats);
	agent_replay_close(r);
}

static void done(struct told *t)
{
	arena_done(&t->scratch);
	strbuf_done(&t->text);
}

static size_t times(const char *text, const char *part)
{
	size_t n = 0;

	for (; (text = strstr(text, part)); text++)
		n++;
	return n;
}

TEST(replay_judges_throttles_and_tells_gaps_the_same_each_time)
{
	struct agent_stream_stats stats;
	struct told a, b;
	const char *path = temp("c.parka");

	make_capture(path);
	replay(path, &a, &stats);
	replay(path, &b, &stats);
	CHECK_STR(a.text.text, b.text.text);
	CHECK_INT(times(a.text.text, "\"rule\":\"Secret read\""), 6);   /* the burst of 5, and what was held back */
	CHECK_INT(times(a.text.text, "\"held_back\":25"), 1);
	CHECK_INT(times(a.text.text, "\"rule\":\"parka telemetry gap\""), 1);
	CHECK_INT(times(a.text.text, "parka lost 200 events from 22:13:21.500 to 22:13:23.000 UTC: openat 200 (ring-full 200)"), 1);
	CHECK_INT(times(a.text.text, "\"lost.begin\":1700000001500000000"), 1);
	CHECK_INT(times(a.text.text, "\"lost.end\":1700000003000000000"), 1);
	CHECK_INT(times(a.text.text, "\"lost.count\":200"), 1);
	CHECK_INT(times(a.text.text, "\"source\":\"internal\""), 1);
	CHECK_INT(times(a.text.text, "\"rule\":\"Loss\""), 2);
	CHECK_INT(times(a.text.text, "\"hostname\":\"node-9\""), a.n);
	CHECK_INT(stats.n_events, 31);
	CHECK_INT(stats.n_lost, 200);
	CHECK_INT(stats.detect.n_held_back, 25);
	done(&a);
	done(&b);
	unlink(path);
}

TEST(a_cut_capture_is_an_error_after_what_came_before_it_was_judged)
{
	struct agent_stream_options o = { .detect = { .min_priority = MODEL_PRIORITY_DEBUG }, .tell = on_finding };
	const char *path = temp("cut.parka");
	struct agent_replay *r;
	struct err err = ERR_INIT;
	struct told t = { .n = 0 };
	struct stat st;

	arena_init(&t.scratch, 0);
	strbuf_init(&t.text, 1 << 20);
	make_capture(path);
	CHECK_INT(stat(path, &st), 0);
	CHECK_INT(truncate(path, st.st_size - 24), 0);   /* the end mark */
	o.data = &t;
	CHECK_INT(agent_replay_open(path, &o, load(NULL, 0), &r, &err), 0);
	CHECK_INT(agent_replay_run(r, &err), -EBADMSG);
	CHECK(times(t.text.text, "\"rule\":\"Secret read\"") == 30);
	agent_replay_close(r);
	done(&t);
	unlink(path);
	unlink(temp("rules.yaml"));
	unlink(temp("broken.yaml"));
	rmdir(dir);
}

TAP_MAIN()
