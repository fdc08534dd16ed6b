/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/costs.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PROGRAMS_MAX = 512 };

struct agent_costs_counter {
	struct agent_costs_counts counts;
	struct sensor_stats stats;
	struct sensor_cgroup_counts cgroups[AGENT_COSTS_CGROUPS_MAX];
	struct sensor_program_cost costs[PROGRAMS_MAX];
	const char *names[PROGRAMS_MAX];             /* of the programs below: each keeps its place when others are loaded later */
	struct agent_costs_program programs[PROGRAMS_MAX];
};

struct agent_costs_counter *agent_costs_counter_new(void)
{
	return mem_alloc(sizeof(struct agent_costs_counter));
}

struct agent_costs_counter *agent_costs_counter_free(struct agent_costs_counter *counter)
{
	free(counter);
	return NULL;
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static struct model_event_set served_by(const char *program, const struct sensor_hook *hooks, size_t n)
{
	struct model_event_set types = { 0 };

	for (size_t i = 0; i < n; i++) {
		enum model_event_type type;
		if (hooks[i].state != SENSOR_HOOK_ATTACHED || strcmp(hooks[i].program, program) != 0)
			continue;
		type = model_event_by_name(hooks[i].event, strlen(hooks[i].event));
		if (type < MODEL_EVT_MAX)
			model_event_set_add(&types, type);
	}
	return types;
}

static struct agent_costs_program *place_of(struct agent_costs_counter *c, const char *name, size_t likely)
{
	size_t n = c->counts.n_programs;

	if (likely < n && strcmp(c->names[likely], name) == 0)
		return &c->programs[likely];
	for (size_t i = 0; i < n; i++)
		if (strcmp(c->names[i], name) == 0)
			return &c->programs[i];
	if (n == PROGRAMS_MAX)
		return NULL;
	c->names[n] = name;
	return &c->programs[c->counts.n_programs++];
}

static void count_programs(struct agent_costs_counter *c, struct sensor *sensor)
{
	size_t n = sensor_program_costs(sensor, c->costs, PROGRAMS_MAX), n_hooks = 0;
	const struct sensor_hook *hooks = NULL;

	for (size_t i = 0; i < n; i++) {
		struct agent_costs_program *p = place_of(c, c->costs[i].program, i);
		if (!p || c->costs[i].ns <= p->ns)
			continue;
		if (!hooks)
			n_hooks = sensor_hooks(sensor, &hooks);
		p->ns = c->costs[i].ns;
		p->types = served_by(c->costs[i].program, hooks, n_hooks);
	}
	c->counts.programs = c->programs;
}

const struct agent_costs_counts *agent_costs_count(struct agent_costs_counter *c, struct sensor *sensor)
{
	sensor_type_counts(sensor, c->counts.types);
	sensor_stats(sensor, &c->stats);
	for (unsigned type = 0; type < MODEL_EVT_MAX; type++) {
		c->counts.lost[type] = 0;
		for (unsigned cause = 0; cause < SENSOR_LOST_MAX; cause++)
			c->counts.lost[type] += c->stats.lost[type][cause];
	}
	c->counts.cgroups = c->cgroups;
	c->counts.n_cgroups = sensor_cgroup_counts(sensor, c->cgroups, AGENT_COSTS_CGROUPS_MAX);
	count_programs(c, sensor);
	c->counts.wall_ns = clock_ns(CLOCK_MONOTONIC);
	c->counts.cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	return &c->counts;
}
