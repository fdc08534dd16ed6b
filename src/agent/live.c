/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Live: what is in the rings is served in batches. A ring wakes the loop when it wants attention; while processes start and
 * end, the loop comes back by itself every two milliseconds; a timer of 50 ms bounds how late the rest is seen. The
 * descriptor is edge-triggered: events younger than the merge holds back would keep a level-triggered one readable and the
 * loop spinning. When nothing comes for a while the timer stops, and the first event of any kind wakes the loop.
 */
#include "agent/agent.h"
#include "agent/filter.h"
#include "agent/recorder.h"
#include "sensor/wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 8192, NICE = -10, CONTAINERS_MAX = 8192 };
#define POLL_NS (UINT64_C(50) * 1000000)
enum { DOZE_POLLS = 4 };   /* so many in a row that found nothing */
#define SECOND_NS UINT64_C(1000000000)

struct agent_live {
	struct loop *loop;
	struct sensor *sensor;
	struct runtime *runtime;
	struct agent_stream *stream;
	struct agent_recorder recorder;
	struct agent_filter filter;
	struct sensor_mounts *mounts;        /* of the host; until the state has taken them */
	struct sensor_stats stats, before;   /* large: kept here, not on the stack */
	struct sensor_wire_builder lost;
	struct arena scratch;
	struct agent_costs *costs;           /* NULL: no account */
	struct agent_costs_counter *counter;
	detect_finding_fn tell;
	void *data;
	int timing_fd;                       /* while it is open the kernel times programs; -1 */
	struct loop_source *wake, *poll, *second;
	unsigned n_quiet;                    /* polls since the last event */
	bool dozes;
	struct utsname uts;
	int64_t boot_to_epoch_ns;
	uint64_t looked_ns;                  /* boot time of the last look at the losses */
	bool all_events, no_filter, stopping;
	bool drained;                        /* the rings were read to their end */
};

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * SECOND_NS + (uint64_t)t.tv_nsec;
}

/* ---- what the state asks of us ---- */

static const struct runtime_container *by_cgroup(void *data, uint64_t cgroup_id, const char *path)
{
	struct agent_live *live = data;

	return runtime_by_cgroup(live->runtime, cgroup_id, path, clock_ns(CLOCK_REALTIME));
}

static void on_fact(void *data, int kind, const char *json, size_t len)
{
	struct agent_live *live = data;

	agent_recorder_fact(&live->recorder, kind, json, len);
}

static void on_container(void *data, const struct runtime_container *container)
{
	struct agent_live *live = data;

	agent_recorder_container(&live->recorder, container);
}

/* ---- events ---- */

static void cgroup_removed(struct agent_live *live, const struct sensor_wire *event)
{
	struct sensor_wire_view view;
	_cleanup_free_ char *path = NULL;
	const char *text;
	size_t len;

	if (!sensor_wire_decode(event, event->len, &view))
		return;
	text = sensor_wire_text(&view, SENSOR_P_CGROUP_PATH, &len);
	path = text ? mem_strndup(text, len) : NULL;
	runtime_cgroup_removed(live->runtime, sensor_wire_u64_or(&view, SENSOR_P_CGROUP_ID, 0), path, clock_ns(CLOCK_REALTIME));
}

/* Names that the state looks up when somebody asks: a capture must hold them for rules that are not here yet. */
static void ask_for_names(struct agent_live *live, struct model_record *const *records, size_t n)
{
	static const enum model_field_id names[] = {
		MODEL_F_USER_NAME, MODEL_F_GROUP_NAME, MODEL_F_USER_LOGINNAME, MODEL_F_SESSION_USER,
	};

	if (!live->recorder.writer)
		return;
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < ARRAY_LEN(names); j++) {
			arena_reset(&live->scratch);
			(void)detect_record_text(records[i], names[j], &live->scratch);
		}
}

/* The event is written after its facts, those that judging it brought up too: a replay knows them when it comes to the
 * event, as this run did. */
static void feed(struct agent_live *live, const struct sensor_wire *event)
{
	struct model_record *records[SENSOR_RECORDS_MAX];
	size_t n = agent_stream_apply(live->stream, event, records);

	ask_for_names(live, records, n);
	if (live->costs)
		agent_costs_judge(live->costs);
	agent_stream_judge(live->stream, event, records, n);
	if (live->costs)
		agent_costs_event(live->costs, event, records, n);
	agent_recorder_event(&live->recorder, CAPTURE_EVENT, event);
	if (event->type == MODEL_EVT_CGROUP_RMDIR)
		cgroup_removed(live, event);
}

static void on_finding(const struct detect_finding *finding, void *data)
{
	struct agent_live *live = data;

	agent_costs_finding(live->costs, finding);
	live->tell(finding, live->data);
}

static const struct runtime_container *of_cgroup(void *data, uint64_t cgroup_id)
{
	struct agent_live *live = data;

	return sensor_state_container(agent_stream_state(live->stream), cgroup_id);
}

static void on_seed(const struct sensor_wire *event, void *data)
{
	struct agent_live *live = data;

	sensor_state_seed(agent_stream_state(live->stream), event);
	agent_recorder_event(&live->recorder, CAPTURE_SEED, event);
}

static void feed_lost(struct agent_live *live, unsigned type, unsigned cause, uint64_t n, uint64_t now_ns)
{
	sensor_wire_builder_reset(&live->lost, MODEL_EVT_LOST);
	live->lost.event->ts_ns = now_ns;
	live->lost.event->count = 1;
	live->lost.event->flags = SENSOR_WIRE_NO_RET;
	sensor_wire_put_u64(&live->lost, SENSOR_P_LOST_TYPE, type);
	sensor_wire_put_u64(&live->lost, SENSOR_P_LOST_CAUSE, cause);
	sensor_wire_put_u64(&live->lost, SENSOR_P_LOST_COUNT, n);
	sensor_wire_put_u64(&live->lost, SENSOR_P_LOST_SINCE, live->looked_ns);
	feed(live, live->lost.event);
}

/* Losses are counters of the kernel side: what was added becomes events, so that captures hold them too. */
static void take_losses(struct agent_live *live)
{
	uint64_t now_ns = clock_ns(CLOCK_BOOTTIME);

	sensor_stats(live->sensor, &live->stats);
	if (live->stats.n_lost == live->before.n_lost) {
		live->looked_ns = now_ns;
		return;
	}
	for (unsigned type = 0; type < MODEL_EVT_MAX; type++)
		for (unsigned cause = 0; cause < SENSOR_LOST_MAX; cause++) {
			uint64_t n = live->stats.lost[type][cause] - live->before.lost[type][cause];
			if (n)
				feed_lost(live, type, cause, n, now_ns);
		}
	live->before = live->stats;
	live->looked_ns = now_ns;
}

/* Events come: look for them every POLL_NS. */
static void stay_up(struct agent_live *live)
{
	live->n_quiet = 0;
	if (!live->dozes)
		return;
	live->dozes = false;
	sensor_doze(live->sensor, false);
	(void)loop_timer_set(live->poll, POLL_NS, POLL_NS, NULL);
}

/* At most `max` events; how many there were. */
static int drain(struct agent_live *live, int max, bool flush, struct err *err)
{
	const struct sensor_wire *event;
	int n = 0, r = 1;

	for (; n < max; n++) {
		if (live->costs)
			agent_costs_begin(live->costs);
		r = sensor_next(live->sensor, flush, &event, err);
		if (r != 1)
			break;
		feed(live, event);
	}
	if (n)
		stay_up(live);
	return r < 0 ? r : n;
}

/* ---- the loop ---- */

static void on_wake(int fd, uint32_t events, void *data)
{
	(void)fd;
	(void)events;
	stay_up(data);   /* agent_live_run() drains after every round */
}

/* Between the word to the kernel and the last look lies a poll: see sensor_doze(). */
static void on_poll(uint64_t n, void *data)
{
	struct agent_live *live = data;

	(void)n;
	live->n_quiet++;
	if (live->n_quiet == DOZE_POLLS) {
		live->dozes = true;
		sensor_doze(live->sensor, true);
	} else if (live->n_quiet > DOZE_POLLS + 1) {
		(void)loop_timer_set(live->poll, 0, 0, NULL);
	}
}

static void on_second(uint64_t n, void *data)
{
	struct agent_live *live = data;

	(void)n;
	take_losses(live);
	agent_recorder_tick(&live->recorder, clock_ns(CLOCK_BOOTTIME));
	if (live->costs)
		agent_costs_tick(live->costs);
	agent_stream_tick(live->stream, clock_ns(CLOCK_REALTIME));
	agent_filter_tick(&live->filter, live->sensor, agent_stream_state(live->stream), clock_ns(CLOCK_BOOTTIME), live->drained);
	(void)runtime_refine(live->runtime, clock_ns(CLOCK_REALTIME), NULL);
	if (live->recorder.err.code < 0)
		live->stopping = true;
}

/* What is in the rings now, not what comes while we read: a busy host must not keep us. */
static int drain_all(struct agent_live *live, struct err *err)
{
	int r = 0;

	for (int i = 0; i < 64; i++) {
		r = drain(live, BATCH, true, err);
		if (r < BATCH)
			break;
	}
	return r < 0 ? r : 0;
}

int agent_live_run(struct agent_live *live, struct err *err)
{
	int r = 0;

	while (!live->stopping) {
		r = drain(live, BATCH, false, err);
		live->drained = r >= 0 && r < BATCH;
		if (r >= 0)
			r = loop_once(live->loop, r == BATCH ? 0 : sensor_sleep_ms(live->sensor), err);
		if (r < 0)
			return r;
	}
	r = drain_all(live, err);
	if (r < 0)
		return r;
	take_losses(live);
	agent_stream_end(live->stream);
	agent_recorder_tick(&live->recorder, clock_ns(CLOCK_BOOTTIME));
	return agent_recorder_close(&live->recorder, err);
}

void agent_live_stop(struct agent_live *live)
{
	live->stopping = true;
}

/* ---- opening ---- */

/* A capture is for rules that are not here yet: it gets everything. */
static struct agent_filter_made make_filter(const struct agent_live *live, const struct lang_rules *rules)
{
	const struct sensor_mounts *mounts = live->stream ? sensor_state_mounts(agent_stream_state(live->stream)) : live->mounts;

	return live->no_filter ? (struct agent_filter_made){ 0 } : agent_filter_make(rules, mounts);
}

static int open_sensor(struct agent_live *live, const struct agent_live_options *options, const struct lang_rules *rules, struct err *err)
{
	struct sensor_options o = options->sensor;

	live->all_events = o.all_events;
	live->looked_ns = clock_ns(CLOCK_BOOTTIME);   /* before anything can be lost */
	o.wanted = lang_rules_events(rules);
	if (!o.self_pid)
		o.self_pid = (uint32_t)getpid();
	return sensor_open(&o, &live->sensor, err);
}

static int open_capture(struct agent_live *live, const char *path, struct err *err)
{
	struct capture_info info = { .boot_to_epoch_ns = live->boot_to_epoch_ns, .created_ns = clock_ns(CLOCK_REALTIME) };

	if (!path)
		return 0;
	memcpy(info.hostname, live->uts.nodename, strnlen(live->uts.nodename, sizeof(info.hostname) - 1));
	memcpy(info.kernel, live->uts.release, strnlen(live->uts.release, sizeof(info.kernel) - 1));
	return agent_recorder_open(&live->recorder, path, &info, err);
}

/* Which rules the terms of the filter are of. */
static void tell_costs_filter(struct agent_live *live)
{
	const struct agent_filter_made *made = &live->filter.made;
	const struct sensor_filter_term *terms = NULL;
	size_t n = made->build ? detect_demand_terms(made->demand, &terms) : 0;

	agent_costs_filter(live->costs, made->build, terms, n);
}

/* Between the stream and whoever is told. */
static void open_costs(struct agent_live *live, const struct agent_live_options *options, struct lang_rules *rules,
		       struct agent_stream_options *stream)
{
	struct agent_costs_options o = { .container = of_cgroup, .data = live, .wall_ns = clock_ns(CLOCK_MONOTONIC),
					 .cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID) };

	if (!options->costs)
		return;
	live->costs = agent_costs_new(&o);
	live->counter = agent_costs_counter_new();
	live->tell = stream->tell;
	live->data = stream->data;
	stream->tell = on_finding;
	stream->data = live;
	agent_costs_rules(live->costs, rules);
	tell_costs_filter(live);
	if (options->count_containers)
		sensor_count_cgroups(live->sensor, true);
}

static int open_stream(struct agent_live *live, const struct agent_live_options *options, struct lang_rules *rules, struct err *err)
{
	struct runtime_options runtime = { .use_api = options->use_api };
	struct agent_stream_options o = options->stream;

	live->runtime = runtime_new(&runtime);
	(void)runtime_scan(live->runtime, NULL);   /* no runtime here is no failure: containers may come later */
	o.detect.hostname = live->uts.nodename;
	o.state = (struct sensor_state_options){
		.containers = { by_cgroup, live },
		.may_read_proc = true,
		.mounts = take_ptr(live->mounts),
		.hostname = live->uts.nodename,
		.boot_to_epoch_ns = live->boot_to_epoch_ns,
		.on_fact = options->capture ? on_fact : NULL,
		.on_container = options->capture ? on_container : NULL,
		.on_data = live,
	};
	open_costs(live, options, rules, &o);
	live->stream = agent_stream_new(&o, rules);
	return options->no_seed ? 0 : sensor_seed(live->sensor, on_seed, live, err);
}

static int add_sources(struct agent_live *live, struct err *err)
{
	int r = loop_fd_add(live->loop, sensor_fd(live->sensor), EPOLLIN | EPOLLET, on_wake, live, &live->wake, err);

	if (r == 0)
		r = loop_timer_add(live->loop, 0, POLL_NS, on_poll, live, &live->poll, err);
	if (r == 0)
		r = loop_timer_add(live->loop, 0, SECOND_NS, on_second, live, &live->second, err);
	return r;
}

int agent_live_open(const struct agent_live_options *options, struct lang_rules *rules, struct loop *loop,
		    struct agent_live **ret_live, struct err *err)
{
	struct agent_live *live = mem_alloc(sizeof(*live));
	struct agent_filter_made filter;
	int r;

	live->loop = loop;
	live->no_filter = options->no_filter || options->sensor.all_events || options->capture;
	live->timing_fd = options->time_programs ? sensor_time_programs(NULL) : -1;
	uname(&live->uts);
	live->boot_to_epoch_ns = (int64_t)(clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_BOOTTIME));
	agent_recorder_init(&live->recorder);
	arena_init(&live->scratch, 1 << 20);
	sensor_wire_builder_init(&live->lost, MODEL_EVT_LOST);
	/* Making rules and reading the kernel's types take most memory: not both at a time. */
	live->mounts = sensor_mounts_of_host();
	filter = make_filter(live, rules);
	lang_rules_settle(rules);
	mem_trim();
	r = open_sensor(live, options, rules, err);
	mem_trim();
	/* Whoever floods the host must not starve who watches it, nor the thread behind a capture, which inherits it. Refused without
	 * privilege: then it is as it is. */
	if (r == 0 && !options->keep_priority)
		(void)setpriority(PRIO_PROCESS, 0, NICE);
	if (r == 0)
		r = open_capture(live, options->capture, err);
	if (r == 0)
		r = agent_filter_set(&live->filter, live->sensor, filter, err);
	else
		agent_filter_made_done(&filter);
	if (r < 0) {
		lang_rules_free(rules);
		agent_live_close(live);
		return r;
	}
	r = open_stream(live, options, rules, err);
	if (r >= 0)
		r = add_sources(live, err);
	/* What is the host's and what a container's is known from the start, not from the first second on. */
	if (r >= 0)
		agent_filter_tick(&live->filter, live->sensor, agent_stream_state(live->stream), clock_ns(CLOCK_BOOTTIME), false);
	if (r < 0) {
		agent_live_close(live);
		return r;
	}
	*ret_live = live;
	return 0;
}

struct agent_live *agent_live_close(struct agent_live *live)
{
	if (!live)
		return NULL;
	loop_source_remove(live->wake);
	loop_source_remove(live->poll);
	loop_source_remove(live->second);
	(void)agent_recorder_close(&live->recorder, NULL);
	agent_filter_done(&live->filter);
	agent_costs_free(live->costs);
	agent_costs_counter_free(live->counter);
	agent_stream_free(live->stream);
	sensor_mounts_free(live->mounts);
	runtime_free(live->runtime);
	sensor_close(live->sensor);
	sensor_wire_builder_done(&live->lost);
	arena_done(&live->scratch);
	fd_close_at(&live->timing_fd);
	free(live);
	return NULL;
}

/* From the swap on the kernel drops by the new rules; what it has reported until then is judged by the old ones. */
int agent_live_rules(struct agent_live *live, struct lang_rules *rules, struct err *err)
{
	struct model_event_set wanted = lang_rules_events(rules);
	int r = live->all_events ? 0 : sensor_want(live->sensor, &wanted, err);

	if (live->costs)
		agent_costs_filter(live->costs, NULL, NULL, 0);   /* its tables go */
	if (r >= 0)
		r = agent_filter_set(&live->filter, live->sensor, make_filter(live, rules), err);
	if (r >= 0)
		r = drain_all(live, err);
	if (r < 0) {
		lang_rules_free(rules);
		return r;
	}
	if (live->costs) {
		(void)agent_live_costs(live);
		agent_costs_rules(live->costs, rules);
		tell_costs_filter(live);
	}
	agent_stream_rules(live->stream, rules);
	mem_trim();
	return 0;
}

const struct agent_sums *agent_live_costs(struct agent_live *live)
{
	if (!live->costs)
		return NULL;
	agent_costs_settle(live->costs, agent_costs_count(live->counter, live->sensor));
	return agent_costs_sums(live->costs);
}

void agent_live_count_containers(struct agent_live *live, bool on)
{
	sensor_count_cgroups(live->sensor, on);
}

void agent_live_stats(struct agent_live *live, struct agent_live_stats *ret)
{
	struct runtime_stats runtime;

	agent_stream_stats(live->stream, &ret->stream);
	runtime_stats(live->runtime, &runtime);
	ret->n_containers = runtime.n_containers;
	ret->n_recorded = live->recorder.n_records;
	ret->n_recorded_bytes = live->recorder.n_bytes;
	ret->n_unwritten = live->recorder.n_unwritten;
}
