/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_AGENT_AGENT_H
#define PARKA_AGENT_AGENT_H
/*
 * The agent: the rooms put together into something that runs. `parka watch`, `record` and `replay` are
 * three ways to drive it; a daemon is a fourth. It prints nothing and parses no arguments.
 *
 *   live:    sensor --wire event--+--> stream: state --records--> engine --finding--> tell()
 *            runtime --container--/        |
 *                                          +--> recorder --> capture
 *   replay:  capture --wire event, container, facts--> the same stream
 *
 * Everything that decides a finding is in the stream and counts in event time: a replay decides as the
 * run did, byte for byte.
 *
 * Thread: one; sinks have their own.
 */
#include "agent/costs.h"
#include "base/err.h"
#include "base/loop.h"
#include "detect/detect.h"
#include "runtime/runtime.h"
#include "sensor/capture.h"
#include "sensor/sensor.h"
#include "sensor/state.h"

/* ---- rules: where they come from, and the set made of them ---- */

enum { AGENT_SELECTIONS_MAX = 128, AGENT_RULE_PATHS_MAX = 128 };

/* Enable or disable what a wildcard name, or "tag=TAG", means. Applied in order. */
struct agent_selection { bool enable; const char *what; };
struct agent_rule_source {
	const char *const *paths;
	size_t n_paths;
	const struct agent_selection *selections;
	size_t n_selections;
};

/* Load and compile. 0 also when the files have errors: they are in the diags of *ret_rules, which is not to be used
 * otherwise, and *ret_faulty is true. -errno: could not read; -ENOENT with a selection that means no rule. */
int agent_rules_load(const struct agent_rule_source *source, struct lang_rules **ret_rules, bool *ret_faulty, struct err *err);

/* Watch rule files and directories; fn is called once changes have been quiet for 200 ms. */
struct agent_rule_watch;
int agent_rule_watch_new(struct loop *loop, const struct agent_rule_source *source, void (*fn)(void *data), void *data,
			 struct agent_rule_watch **ret_watch, struct err *err);
struct agent_rule_watch *agent_rule_watch_free(struct agent_rule_watch *watch);   /* NULL is fine; returns NULL */

/* ---- stream ---- */

struct agent_stream_options {
	struct sensor_state_options state;
	struct detect_options detect;
	detect_finding_fn tell;
	void *data;
	/* Ask the kernel's question first, of events that no kernel was asked about (a capture): most need not be judged then. */
	bool filter;
};

struct agent_stream;
/* Owns the rules from here on (also those given later). */
struct agent_stream *agent_stream_new(const struct agent_stream_options *options, struct lang_rules *rules);
struct agent_stream *agent_stream_free(struct agent_stream *stream);
void agent_stream_rules(struct agent_stream *stream, struct lang_rules *rules);
struct sensor_state *agent_stream_state(struct agent_stream *stream);

/* One event: to the state, and its records to the engine. The two halves apart: apply gives the records, judge
 * asks the rules about them (also of an event without records: time goes on, losses are counted). */
void agent_stream_event(struct agent_stream *stream, const struct sensor_wire *event);
size_t agent_stream_apply(struct agent_stream *stream, const struct sensor_wire *event,
			  struct model_record *ret_records[SENSOR_RECORDS_MAX]);
void agent_stream_judge(struct agent_stream *stream, const struct sensor_wire *event,
			struct model_record *const *records, size_t n_records);
/* Time went on without events: what was held back and what was lost is told when it is due. */
void agent_stream_tick(struct agent_stream *stream, uint64_t epoch_ns);
/* The end of the run: everything not yet told is. */
void agent_stream_end(struct agent_stream *stream);

struct agent_stream_stats {
	uint64_t n_events, n_lost;
	uint64_t lost[SENSOR_LOST_MAX];
	struct detect_stats detect;
};
void agent_stream_stats(const struct agent_stream *stream, struct agent_stream_stats *ret);
const char *agent_lost_name(enum sensor_lost cause);   /* "ring-full" */

/* ---- live ---- */

struct agent_live_options {
	struct sensor_options sensor;        /* wanted is filled in from the rules unless all_events */
	struct agent_stream_options stream;  /* state is filled in */
	bool no_seed;                        /* leave processes that live already unknown */
	bool use_api;                        /* ask container runtimes for what their files lack */
	bool keep_priority;                  /* do not raise this thread's priority */
	bool no_filter;                      /* the kernel reports every event of the types that rules want */
	const char *capture;                 /* record to this file; NULL: do not */
	bool costs;                          /* keep an account (agent/costs.h) */
	bool count_containers;               /* in it, also what the kernel saw and dropped of each container */
	bool time_programs;                  /* in it, also the run time of the BPF programs, as far as the kernel tells */
};

struct agent_live;
/* Load the sensor, take stock of processes and containers. Takes the rules, also on failure. */
int agent_live_open(const struct agent_live_options *options, struct lang_rules *rules, struct loop *loop,
		    struct agent_live **ret_live, struct err *err);
struct agent_live *agent_live_close(struct agent_live *live);   /* NULL is fine; returns NULL */
/* Serve the sensor and the loop until agent_live_stop(); then what is still in the rings is judged and what is held back
 * told. 0 or -errno (a capture that cannot be written). */
int agent_live_run(struct agent_live *live, struct err *err);
void agent_live_stop(struct agent_live *live);
/* Other rules, taken at once between two events. On failure (the kernel refuses a hook) the old ones stay, and
 * `rules` is freed. */
int agent_live_rules(struct agent_live *live, struct lang_rules *rules, struct err *err);

struct agent_live_stats {
	struct agent_stream_stats stream;
	uint64_t n_containers;
	uint64_t n_recorded, n_recorded_bytes;   /* capture: records and bytes before compression */
	uint64_t n_unwritten;                    /* records that the capture lacks because its file is too slow */
};
void agent_live_stats(struct agent_live *live, struct agent_live_stats *ret);
/* The account since the start, brought up to date now; NULL without one. */
const struct agent_sums *agent_live_costs(struct agent_live *live);
/* From now on, or no more: in the account, also what the kernel saw and dropped of each container. */
void agent_live_count_containers(struct agent_live *live, bool on);

/* ---- replay ---- */

struct agent_replay;
/* Takes the rules, also on failure. Nothing is read of this machine but the capture. `options->state` is filled in. */
int agent_replay_open(const char *path, const struct agent_stream_options *options, struct lang_rules *rules,
		      struct agent_replay **ret_replay, struct err *err);
struct agent_replay *agent_replay_close(struct agent_replay *replay);
struct agent_stream *agent_replay_stream(struct agent_replay *replay);
const struct capture_info *agent_replay_info(const struct agent_replay *replay);
/* The next event and its records, not judged yet: 1, or 0 at the end, or -errno of the capture. */
int agent_replay_next(struct agent_replay *replay, const struct sensor_wire **ret_event,
		      struct model_record *ret_records[SENSOR_RECORDS_MAX], size_t *ret_n, struct err *err);
/* All that is left, judged. A damaged capture is an error, after what came before it was judged. */
int agent_replay_run(struct agent_replay *replay, struct err *err);

#endif
