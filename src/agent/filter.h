/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_AGENT_FILTER_H
#define PARKA_AGENT_FILTER_H
/*
 * The kernel's filter, kept: made from the rules, and told what the state learns of control groups and processes.
 *
 * Sound at all times: what the kernel is not told counts as "may be anything". A group is called the host's only when no
 * container is known there, its name is none that runtimes give, and nobody has come into it for two seconds; the kernel
 * forgets it again, by itself, when somebody does. Inside the room only. Thread: the agent's.
 */
#include "base/map.h"
#include "detect/demand.h"
#include "sensor/filter.h"
#include "sensor/mounts.h"
#include "sensor/sensor.h"
#include "sensor/state.h"

/* What the rules demand, and the tables of it. */
struct agent_filter_made {
	struct detect_demand *demand;
	struct sensor_filter_build *build;   /* NULL: nothing is to be filtered */
};

struct agent_filter {
	struct agent_filter_made made;
	struct map told;                     /* control group -> struct agent_told */
	bool seeded;                         /* the kernel knows the processes that lived when the filter was set */
	uint64_t n_failed;                   /* what the kernel did not take: its table was full */
	uint32_t round;
};

/* What the kernel may be told of a control group now. Pure. */
enum filter_where agent_filter_where_of(const struct sensor_cgroup_view *cgroup, uint64_t now_ns);

/* Before the rules are settled: it needs their trees. `mounts`: those that the state has. */
struct agent_filter_made agent_filter_make(const struct lang_rules *rules, const struct sensor_mounts *mounts);
void agent_filter_made_done(struct agent_filter_made *made);
/* Into the kernel. Takes `made`, also on failure: then what was before stays. */
int agent_filter_set(struct agent_filter *filter, struct sensor *sensor, struct agent_filter_made made, struct err *err);
void agent_filter_done(struct agent_filter *filter);
/* Now and then (a second). `now_ns`: CLOCK_BOOTTIME. `is_drained`: all events up to about now have been applied. */
void agent_filter_tick(struct agent_filter *filter, struct sensor *sensor, const struct sensor_state *state, uint64_t now_ns,
		       bool is_drained);

#endif
