/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/filter.h"
#include "runtime/runtime.h"

#include <stdlib.h>

#define SETTLED_NS UINT64_C(2000000000)
#define LATE_NS UINT64_C(500000000)   /* longer than any event waits in its ring once that has been read to its end */

/* What the kernel was told of a group, and when. */
struct agent_told {
	uint64_t cgroup, told_ns;
	enum filter_where where;
	uint32_t round;                  /* the last in which the group was there */
};

static void forget_groups(struct agent_filter *filter, bool all)
{
	struct agent_told *t;

	for (size_t i = 0; (t = map_next(&filter->told, &i)); )
		if (all || t->round != filter->round) {
			map_remove_u64(&filter->told, t->cgroup);
			free(t);
		}
}

struct agent_filter_made agent_filter_make(const struct lang_rules *rules, const struct sensor_mounts *mounts)
{
	struct agent_filter_made made = { .demand = detect_demand_new(rules) };
	struct model_event_set always = detect_demand_always(made.demand);
	const struct sensor_filter_term *terms;
	size_t n = detect_demand_terms(made.demand, &terms);

	made.build = sensor_filter_build(terms, n, &always);
	sensor_mounts_fill(mounts, made.build);
	return made;
}

void agent_filter_made_done(struct agent_filter_made *made)
{
	sensor_filter_build_free(made->build);
	detect_demand_free(made->demand);
	*made = (struct agent_filter_made){ 0 };
}

void agent_filter_done(struct agent_filter *filter)
{
	forget_groups(filter, true);
	map_done(&filter->told);
	agent_filter_made_done(&filter->made);
	*filter = (struct agent_filter){ 0 };
}

int agent_filter_set(struct agent_filter *filter, struct sensor *sensor, struct agent_filter_made made, struct err *err)
{
	int r = sensor_set_filter(sensor, made.build ? sensor_filter_tables(made.build) : NULL, err);

	if (r < 0) {
		agent_filter_made_done(&made);
		return r;
	}
	agent_filter_made_done(&filter->made);
	filter->made = made;
	filter->seeded = false;
	return 0;
}

/* ---- control groups ---- */

struct tick {
	struct agent_filter *filter;
	struct sensor *sensor;
	uint64_t now_ns;
};

enum filter_where agent_filter_where_of(const struct sensor_cgroup_view *cgroup, uint64_t now_ns)
{
	enum runtime_kind kind;
	char id[65];

	if (cgroup->container)
		return sensor_filter_where_of_root(cgroup->container->rootfs);
	if (!cgroup->path || runtime_id_of_cgroup(cgroup->path, id, &kind))
		return FILTER_WHERE_UNKNOWN;
	return !cgroup->joined_ns || now_ns > cgroup->joined_ns + SETTLED_NS ? FILTER_WHERE_HOST : FILTER_WHERE_UNKNOWN;
}

static void tell_group(const struct sensor_cgroup_view *cgroup, void *data)
{
	struct tick *tick = data;
	struct agent_filter *filter = tick->filter;
	struct agent_told *t = map_get_u64(&filter->told, cgroup->id);
	enum filter_where where = agent_filter_where_of(cgroup, tick->now_ns);

	if (cgroup->removed || !cgroup->id)
		return;
	if (!t) {
		t = mem_alloc(sizeof(*t));
		t->cgroup = cgroup->id;
		map_put_u64(&filter->told, t->cgroup, t);
	}
	t->round = filter->round;
	/* The kernel forgot when somebody came in. */
	if (t->where == where && (t->where == FILTER_WHERE_UNKNOWN || t->told_ns > cgroup->joined_ns + SETTLED_NS))
		return;
	if (sensor_filter_where(tick->sensor, cgroup->id, where, NULL) < 0)
		filter->n_failed++;
	t->where = where;
	t->told_ns = tick->now_ns;
}

/* ---- processes ---- */

static void tell_process(const struct sensor_process_view *process, void *data)
{
	struct tick *tick = data;
	uint64_t exe[FILTER_CLASSES];

	if (!process->exepath)
		return;
	sensor_filter_exe(sensor_filter_tables(tick->filter->made.build), process->exepath, exe);
	if (sensor_filter_process(tick->sensor, process->pid, process->start_ns, exe, NULL) < 0)
		tick->filter->n_failed++;
}

void agent_filter_tick(struct agent_filter *filter, struct sensor *sensor, const struct sensor_state *state, uint64_t now_ns,
		       bool is_drained)
{
	struct tick tick = { filter, sensor, now_ns };

	if (!filter->made.build)
		return;
	filter->round++;
	sensor_state_cgroups(state, tell_group, &tick);
	forget_groups(filter, false);
	if (!filter->seeded && is_drained && now_ns > sensor_filter_since(sensor) + LATE_NS) {
		sensor_state_processes(state, tell_process, &tick);
		filter->seeded = true;
	}
}
