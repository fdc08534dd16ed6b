/* SPDX-License-Identifier: Apache-2.0 */
/*
 * While a 32-bit program lives, its calls are looked at by the program on every exit, which costs each call of the machine some
 * 30 ns: it is attached when the first one starts and detached when none has lived for a while.
 */
#include "sensor/sensor_internal.h"

#include "sensor.skel.h"
#include "sensor/wire.h"

enum { LINGER_MS = 10000, PIDS_MAX = 4096 };

static const enum model_event_type births[] = {
	MODEL_EVT_SCHED_FORK, MODEL_EVT_EXECVE, MODEL_EVT_EXECVEAT,
};

/* Events that could have told of a 32-bit program and were lost. */
static uint64_t count_lost(const struct sensor *sensor)
{
	uint64_t n = 0;

	for (size_t i = 0; i < sizeof(births) / sizeof(births[0]); i++)
		for (size_t cause = 0; cause < SENSOR_LOST_MAX; cause++)
			n += ((const volatile __u64 *)sensor->bpf->bss->lost)[births[i] * 8 + cause];
	return n;
}

static void add(struct sensor_compat_set *set, uint64_t pid)
{
	if (set->pids.n >= PIDS_MAX)
		set->unsure = true;
	else
		map_put_u64(&set->pids, pid, set);
}

static bool is_exec(const struct sensor_wire *event)
{
	return event->type == MODEL_EVT_EXECVE || event->type == MODEL_EVT_EXECVEAT;
}

static void keep_set(struct sensor_compat_set *set, const struct sensor_wire *event)
{
	struct sensor_wire_view view;
	uint64_t child;

	if (!sensor_wire_decode(event, event->len, &view))
		return;
	if (is_exec(event) && event->flags & SENSOR_WIRE_COMPAT)
		add(set, event->pid);
	else if (is_exec(event) && event->ret >= 0)
		map_remove_u64(&set->pids, event->pid);
	else if (event->type == MODEL_EVT_PROCEXIT && sensor_wire_has(&view, SENSOR_P_EXIT_CODE))
		map_remove_u64(&set->pids, event->pid);   /* the last of its threads */
	else if (event->type == MODEL_EVT_SCHED_FORK && map_get_u64(&set->pids, event->pid) &&
		 sensor_wire_u64(&view, SENSOR_P_CHILD_PID, &child))
		add(set, child);
}

int sensor_compat_see(struct sensor *sensor, const struct sensor_wire *event, struct err *err)
{
	struct sensor_compat_set *set = &sensor->compat_set;
	bool starts = event->flags & SENSOR_WIRE_COMPAT && is_exec(event);

	if (sensor->compat != SENSOR_COMPAT_AUTO || (!starts && !set->pids.n))
		return 0;
	if (!set->pids.n && !sensor->raw_link)
		set->n_lost = count_lost(sensor);
	keep_set(set, event);
	set->idle_since_ns = 0;
	if (!starts || !sensor->compat_wants_raw || sensor->raw_link)
		return 0;
	return sensor_attach_raw(sensor, err);
}

void sensor_compat_rest(struct sensor *sensor, uint64_t now_ns)
{
	struct sensor_compat_set *set = &sensor->compat_set;
	uint64_t linger_ms = sensor->options.compat_linger_ms ? sensor->options.compat_linger_ms : LINGER_MS;

	if (!sensor->raw_link || sensor->needs_raw || sensor->compat != SENSOR_COMPAT_AUTO || set->pids.n || set->unsure)
		return;
	if (!set->idle_since_ns)
		set->idle_since_ns = now_ns;
	if (now_ns < set->idle_since_ns + linger_ms * 1000000)
		return;
	set->unsure = count_lost(sensor) != set->n_lost;
	if (!set->unsure)
		sensor_detach_raw(sensor);
}
