/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/agent.h"
#include "agent/filter.h"
#include "agent/gaps.h"
#include "base/map.h"
#include "sensor/wire.h"

#include <stdlib.h>
#include <string.h>

enum { WATCH_PATHS_MAX = 4096 };
#define TICK_NS UINT64_C(1000000000)

struct agent_stream {
	struct sensor_state *state;
	struct detect_engine *engine;
	struct agent_gaps gaps;
	bool filters;
	struct agent_filter_made filter;     /* of the rules, when it filters */
	uint64_t placed;                     /* the version of the state's mounts that it has */
	int64_t boot_to_epoch_ns;
	uint64_t n_events, next_tick_ns;
};

struct agent_stream *agent_stream_new(const struct agent_stream_options *options, struct lang_rules *rules)
{
	struct agent_stream *s = mem_alloc(sizeof(*s));

	s->boot_to_epoch_ns = options->state.boot_to_epoch_ns;
	s->state = sensor_state_new(&options->state);
	s->engine = detect_engine_new(&options->detect, options->tell, options->data);
	s->filters = options->filter;
	agent_gaps_init(&s->gaps, options->detect.hostname);
	agent_stream_rules(s, rules);
	return s;
}

struct agent_stream *agent_stream_free(struct agent_stream *s)
{
	if (!s)
		return NULL;
	detect_engine_free(s->engine);
	sensor_state_free(s->state);
	agent_gaps_done(&s->gaps);
	agent_filter_made_done(&s->filter);
	free(s);
	return NULL;
}

void agent_stream_rules(struct agent_stream *s, struct lang_rules *rules)
{
	const char **paths = mem_array(WATCH_PATHS_MAX, sizeof(*paths));
	struct arena arena;
	size_t n;

	arena_init(&arena, 16 << 20);
	n = lang_rules_paths(rules, &arena, paths, WATCH_PATHS_MAX);
	sensor_state_watch_paths(s->state, paths, n);
	arena_done(&arena);
	free(paths);
	agent_filter_made_done(&s->filter);
	if (s->filters)
		s->filter = agent_filter_make(rules, sensor_state_mounts(s->state));
	s->placed = sensor_state_mounts(s->state)->version;
	lang_rules_settle(rules);
	detect_engine_rules(s->engine, rules);
}

struct sensor_state *agent_stream_state(struct agent_stream *s)
{
	return s->state;
}

size_t agent_stream_apply(struct agent_stream *s, const struct sensor_wire *event,
			  struct model_record *ret_records[SENSOR_RECORDS_MAX])
{
	s->n_events += event->type != MODEL_EVT_LOST;
	return sensor_state_apply(s->state, event, ret_records);
}

static void count_lost(struct agent_stream *s, const struct sensor_wire *event, uint64_t epoch_ns)
{
	struct sensor_wire_view view;
	uint64_t since_ns;

	if (!sensor_wire_decode(event, event->len, &view))
		return;
	since_ns = sensor_wire_u64_or(&view, SENSOR_P_LOST_SINCE, event->ts_ns);
	agent_gaps_add(&s->gaps, &(struct agent_gap_loss){
		.type = sensor_wire_u64_or(&view, SENSOR_P_LOST_TYPE, 0), .cause = sensor_wire_u64_or(&view, SENSOR_P_LOST_CAUSE, 0),
		.n = sensor_wire_u64_or(&view, SENSOR_P_LOST_COUNT, 0), .begin_ns = since_ns + (uint64_t)s->boot_to_epoch_ns,
		.end_ns = epoch_ns,
	});
}

void agent_stream_tick(struct agent_stream *s, uint64_t epoch_ns)
{
	if (epoch_ns < s->next_tick_ns)
		return;
	s->next_tick_ns = epoch_ns + TICK_NS;
	detect_engine_flush(s->engine, epoch_ns);
	agent_gaps_tell(&s->gaps, s->engine, epoch_ns);
}

/* What findings are throttled by beside the rule. */
static uint64_t key_of(const struct model_record *record)
{
	const struct runtime_container *c = sensor_record_container(record);

	return c && c->id ? hash_bytes(c->id, strlen(c->id)) : 0;
}

/* What the state made of the event beside its own record is judged in any case. */
static bool nobody_wants(struct agent_stream *s, const struct sensor_wire *event, struct model_record *const *records, size_t n_records)
{
	const struct sensor_mounts *mounts = sensor_state_mounts(s->state);
	struct sensor_filter_context context;
	struct sensor_wire_view view;

	if (!s->filter.build || n_records != 1 || records[0]->event != event->type || !sensor_wire_decode(event, event->len, &view))
		return false;
	if (s->placed != mounts->version) {
		s->placed = mounts->version;
		sensor_mounts_fill(mounts, s->filter.build);
	}
	sensor_record_filter_context(records[0], &context);
	return !sensor_filter_ask(sensor_filter_tables(s->filter.build), &view, &context);
}

void agent_stream_judge(struct agent_stream *s, const struct sensor_wire *event, struct model_record *const *records, size_t n_records)
{
	uint64_t epoch_ns = event->ts_ns + (uint64_t)s->boot_to_epoch_ns;

	agent_stream_tick(s, epoch_ns);
	if (event->type == MODEL_EVT_LOST)
		count_lost(s, event, epoch_ns);
	if (nobody_wants(s, event, records, n_records))
		return;
	for (size_t i = 0; i < n_records; i++)
		detect_engine_feed(s->engine, records[i], sensor_record_time_ns(records[i]), key_of(records[i]));
}

void agent_stream_event(struct agent_stream *s, const struct sensor_wire *event)
{
	struct model_record *records[SENSOR_RECORDS_MAX];
	size_t n = agent_stream_apply(s, event, records);

	agent_stream_judge(s, event, records, n);
}

void agent_stream_end(struct agent_stream *s)
{
	detect_engine_flush(s->engine, UINT64_MAX);
	agent_gaps_tell(&s->gaps, s->engine, UINT64_MAX);
}

void agent_stream_stats(const struct agent_stream *s, struct agent_stream_stats *ret)
{
	*ret = (struct agent_stream_stats){ .n_events = s->n_events, .n_lost = s->gaps.total };
	memcpy(ret->lost, s->gaps.by_cause, sizeof(ret->lost));
	detect_engine_stats(s->engine, &ret->detect);
}
