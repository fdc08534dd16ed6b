/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filter_replay [-w KEPT] [-v] CAPTURE RULES...: asks of every event of a capture what the kernel's filter would say of it, and the
 * rules about it too. Fails (1) when an event that would be dropped makes a rule true. Prints what was seen, matched and
 * dropped by type; with -w writes a capture of what the kernel would have reported.
 *
 * The capture is replayed through the real state. Of control groups the filter is told once a second, by the rules of
 * agent/filter.c; of programs and names it knows at once what the records say, so that it drops what the kernel may not yet.
 */
#include "agent/agent.h"
#include "agent/filter.h"
#include "base/map.h"
#include "sensor/wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FAILURES_SHOWN = 20 };
#define SECOND_NS UINT64_C(1000000000)

struct group { enum filter_where where; uint64_t told_ns; };
/* The credentials of a thread's last event. A new thread has those of its maker, at an address that nobody knows yet. */
struct creds { uint64_t address; uint32_t ids[5]; uint64_t caps[2]; };
struct counts { uint64_t seen, matched, dropped; };

struct proof {
	struct agent_replay *replay;
	struct sensor_filter_build *build;
	uint64_t placed;                 /* the version of the state's mounts that it has */
	struct capture_reader *reader;       /* of the same capture, in step: for what is written */
	struct capture_writer *writer;       /* NULL: nothing is */
	struct map groups, threads;
	struct counts counts[MODEL_EVT_MAX];
	struct arena scratch;
	const struct sensor_wire *event;     /* the one that is judged */
	bool is_dropped, is_verbose;
	uint64_t next_tick_ns, n_failures;
};

/* ---- where: what the agent would have told the kernel ---- */

static void tell_group(const struct sensor_cgroup_view *cgroup, void *data)
{
	struct proof *p = data;
	struct group *g = map_get_u64(&p->groups, cgroup->id);

	if (cgroup->removed || !cgroup->id)
		return;
	if (!g) {
		g = mem_alloc(sizeof(*g));
		map_put_u64(&p->groups, cgroup->id, g);
	}
	*g = (struct group){ agent_filter_where_of(cgroup, p->event->ts_ns), p->event->ts_ns };
}

/* The kernel forgets a group that a process came into. */
static void forget_joined(const struct sensor_cgroup_view *cgroup, void *data)
{
	struct proof *p = data;
	struct group *g = map_get_u64(&p->groups, cgroup->id);

	if (g && cgroup->joined_ns > g->told_ns)
		g->where = FILTER_WHERE_UNKNOWN;
}

static void update_groups(struct proof *p)
{
	const struct sensor_state *state = agent_stream_state(agent_replay_stream(p->replay));

	if (p->event->type == MODEL_EVT_CGROUP_ATTACH || p->event->type == MODEL_EVT_SCHED_FORK)
		sensor_state_cgroups(state, forget_joined, p);
	if (p->event->ts_ns < p->next_tick_ns)
		return;
	p->next_tick_ns = p->event->ts_ns + SECOND_NS;
	sensor_state_cgroups(state, tell_group, p);
}

/* ---- credentials: whose thread has others is reported whatever the filter says (sensor/bpf/begin.bpf.h) ---- */

static struct creds creds_of(const struct sensor_wire *e)
{
	return (struct creds){ e->cred, { e->uid, e->euid, e->gid, e->egid, e->fsuid }, { e->cap_eff, e->cap_prm } };
}

static bool creds_are_known(const struct proof *p)
{
	const struct creds *seen = map_get_u64(&p->threads, p->event->tid);
	struct creds now = creds_of(p->event);

	return seen && (!seen->address || seen->address == now.address) && memcmp(seen->ids, now.ids, sizeof(now.ids)) == 0 &&
	       memcmp(seen->caps, now.caps, sizeof(now.caps)) == 0;
}

static void note_creds(struct proof *p, uint64_t tid, struct creds creds)
{
	struct creds *seen = map_get_u64(&p->threads, tid);

	if (!seen) {
		seen = mem_alloc(sizeof(*seen));
		map_put_u64(&p->threads, tid, seen);
	}
	*seen = creds;
}

static void note_thread(struct proof *p, const struct sensor_wire_view *view)
{
	struct creds creds = creds_of(p->event);
	uint64_t child;

	note_creds(p, p->event->tid, creds);
	if (p->event->type != MODEL_EVT_SCHED_FORK || !sensor_wire_u64(view, SENSOR_P_CHILD_TID, &child))
		return;
	creds.address = 0;
	note_creds(p, child, creds);
}

/* ---- one event ---- */

/* With what the kernel knows beside the event. Without a record nothing can match, and nothing is known of the process. */
static bool is_dropped(struct proof *p, const struct sensor_wire_view *view, const struct model_record *record)
{
	const struct sensor_mounts *mounts = sensor_state_mounts(agent_stream_state(agent_replay_stream(p->replay)));
	const struct filter_tables *tables = sensor_filter_tables(p->build);
	const struct group *g = map_get_u64(&p->groups, p->event->cgroup);
	struct sensor_filter_context context = { .where = g ? g->where : FILTER_WHERE_UNKNOWN };
	struct filter_process process = { 0 };
	uint64_t exe[FILTER_CLASSES];

	if (p->placed != mounts->version)
		sensor_mounts_fill(mounts, p->build);
	p->placed = mounts->version;
	arena_reset(&p->scratch);
	if (record) {
		const char *path = detect_record_text(record, MODEL_F_PROC_EXEPATH, &p->scratch);

		context.leader_comm = detect_record_text(record, MODEL_F_PROC_NAME, &p->scratch);
		sensor_filter_exe(tables, path, exe);
		for (unsigned class = 0; class < FILTER_CLASSES; class++)
			process.exe[class] = exe[class];
		context.process = path ? &process : NULL;
	}
	return !sensor_filter_ask(tables, view, &context) && creds_are_known(p);
}

static void on_finding(const struct detect_finding *finding, void *data)
{
	struct proof *p = data;

	if (!finding->record || !p->event)
		return;
	p->counts[p->event->type].matched++;
	if (p->is_verbose)
		printf("finding %llu %s | %s\n", (unsigned long long)finding->time_ns, finding->rule->name, finding->output);
	if (!p->is_dropped || p->n_failures++ >= FAILURES_SHOWN)
		return;
	printf("DROPPED %s of %s (pid %u, thread %u, ret %lld): %s | %s\n", model_event(p->event->type)->name, p->event->comm,
	       p->event->pid, p->event->tid, (long long)p->event->ret, finding->rule->name, finding->output);
}

/* What stands before the event in the capture, and the event if it is kept. */
static int write_kept(struct proof *p, struct err *err)
{
	enum capture_kind kind;
	const void *bytes;
	size_t len;
	int r;

	while (p->writer && (r = capture_next(p->reader, &kind, &bytes, &len, err)) == 1) {
		if ((kind != CAPTURE_EVENT || !p->is_dropped) && (r = capture_write(p->writer, kind, bytes, len, err)) < 0)
			return r;
		if (kind == CAPTURE_EVENT)
			return 0;
	}
	return p->writer ? r : 0;
}

static int take(struct proof *p, struct model_record *const *records, size_t n, struct err *err)
{
	struct counts *c = &p->counts[p->event->type];
	struct sensor_wire_view view;

	if (!sensor_wire_decode(p->event, p->event->len, &view))
		return err_set(err, -EBADMSG, "an event of the capture cannot be decoded");
	update_groups(p);
	p->is_dropped = is_dropped(p, &view, n ? records[n - 1] : NULL);
	c->seen++;
	c->dropped += p->is_dropped;
	if (!p->is_dropped)
		note_thread(p, &view);
	agent_stream_judge(agent_replay_stream(p->replay), p->event, records, n);
	return write_kept(p, err);
}

static int run(struct proof *p, struct err *err)
{
	struct model_record *records[SENSOR_RECORDS_MAX];
	size_t n;
	int r;

	while ((r = agent_replay_next(p->replay, &p->event, records, &n, err)) == 1)
		if ((r = take(p, records, n, err)) < 0)
			return r;
	p->event = NULL;
	agent_stream_end(agent_replay_stream(p->replay));
	return r;
}

/* ---- opening, telling ---- */

static int open_proof(struct proof *p, const char *path, const char *kept, const char *const *rule_paths, size_t n_paths, struct err *err)
{
	struct agent_rule_source source = { .paths = rule_paths, .n_paths = n_paths };
	struct agent_stream_options options = { .detect = { .min_priority = MODEL_PRIORITY_DEBUG }, .tell = on_finding, .data = p };
	const struct sensor_filter_term *terms;
	struct detect_demand *demand;
	struct model_event_set always;
	struct lang_rules *rules;
	bool faulty;
	size_t n;
	int r = agent_rules_load(&source, &rules, &faulty, err);

	if (r < 0)
		return r;
	if (faulty) {
		lang_rules_free(rules);
		return err_set(err, -EBADMSG, "the rules have errors: see parka rules check");
	}
	demand = detect_demand_new(rules);
	n = detect_demand_terms(demand, &terms);
	always = detect_demand_always(demand);
	p->build = sensor_filter_build(terms, n, &always);
	p->placed = UINT64_MAX;
	detect_demand_free(demand);
	r = agent_replay_open(path, &options, rules, &p->replay, err);
	if (r == 0 && kept)
		r = capture_open(path, &p->reader, err);
	if (r == 0 && kept)
		r = capture_create(kept, agent_replay_info(p->replay), &p->writer, err);
	return r;
}

static void close_proof(struct proof *p)
{
	void *value;

	for (size_t i = 0; (value = map_next(&p->groups, &i)); )
		free(value);
	for (size_t i = 0; (value = map_next(&p->threads, &i)); )
		free(value);
	map_done(&p->groups);
	map_done(&p->threads);
	agent_replay_close(p->replay);
	capture_reader_close(p->reader);
	capture_writer_close(p->writer);
	sensor_filter_build_free(p->build);
	arena_done(&p->scratch);
}

static void print_counts(const struct proof *p)
{
	struct counts sum = { 0 };

	for (unsigned type = 0; type < MODEL_EVT_MAX; type++) {
		const struct counts *c = &p->counts[type];

		sum = (struct counts){ sum.seen + c->seen, sum.matched + c->matched, sum.dropped + c->dropped };
		if (c->seen)
			printf("type %s %llu %llu %llu\n", model_event((enum model_event_type)type)->name, (unsigned long long)c->seen,
			       (unsigned long long)c->matched, (unsigned long long)c->dropped);
	}
	printf("all events %llu matches %llu dropped %llu failures %llu\n", (unsigned long long)sum.seen,
	       (unsigned long long)sum.matched, (unsigned long long)sum.dropped, (unsigned long long)p->n_failures);
}

int main(int argc, char **argv)
{
	static struct proof proof;
	struct err err = ERR_INIT;
	const char *kept = NULL;
	int option, r;

	while ((option = getopt(argc, argv, "w:v")) != -1) {
		if (option == 'w')
			kept = optarg;
		else if (option == 'v')
			proof.is_verbose = true;
		else
			return 2;
	}
	if (argc - optind < 2) {
		fprintf(stderr, "usage: filter_replay [-w KEPT] [-v] CAPTURE RULES...\n");
		return 2;
	}
	arena_init(&proof.scratch, 1 << 20);
	r = open_proof(&proof, argv[optind], kept, (const char *const *)argv + optind + 1, (size_t)(argc - optind - 1), &err);
	if (r == 0)
		r = run(&proof, &err);
	if (r < 0)
		fprintf(stderr, "filter_replay: %s\n", err.text);
	else
		print_counts(&proof);
	close_proof(&proof);
	return r < 0 ? 3 : proof.n_failures ? 1 : 0;
}
