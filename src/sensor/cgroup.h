/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_SENSOR_CGROUP_H
#define PARKA_SENSOR_CGROUP_H
/*
 * Control groups: id to path to container. A path is known from the event that made the group, from a scan
 * of the mounted hierarchies (live only), or from a capture. The container of a path is asked for once, and
 * again at fork and exec events while the answer is "none": the source limits itself.
 *
 * A removed group keeps its row, and its container, for the grace time. Thread: one.
 */
#include "base/map.h"
#include "sensor/intern.h"
#include "sensor/state.h"

struct sensor_cgroup {
	uint64_t id;
	struct sensor_text *path;                        /* NULL: not known */
	const struct runtime_container *container;       /* NULL: none, or not known yet */
	uint64_t container_generation;
	uint64_t removed_ns, joined_ns;                  /* joined: a process last came in from another group */
	struct sensor_cgroup *next_removed;
	uint32_t n_processes;                            /* rows that point here */
	uint32_t entry_pid;                              /* first process seen to come into the container; 0 = none yet */
	bool looked_up;                                  /* the file system was asked for its path */
	bool expired;                                    /* removed and past its grace; goes with the last row that points here */
	bool told;                                       /* the container event went out */
	struct sensor_text *dns_name;                    /* last name asked for by any of the container's processes */
	uint64_t dns_ns;
};

struct sensor_cgroups {
	struct map by_id;
	struct sensor_cgroup *first_removed, *last_removed;
	struct sensor_texts *texts;
	const struct sensor_state_options *options;
	char mount[128];                                 /* of the hierarchy that ids are of; "" = not found yet */
	unsigned n_searches;
	uint64_t n_refused;
};

void sensor_cgroups_init(struct sensor_cgroups *table, struct sensor_texts *texts, const struct sensor_state_options *options);
void sensor_cgroups_done(struct sensor_cgroups *table);
/* The row of an id, made if need be; NULL only when the table is full or id is 0. `pid`: a process in it, to find its path by
 * when that is allowed; 0 for none. */
struct sensor_cgroup *sensor_cgroup_get(struct sensor_cgroups *table, uint64_t id, uint32_t pid);
struct sensor_cgroup *sensor_cgroup_made(struct sensor_cgroups *table, uint64_t id, const char *path, size_t len);
void sensor_cgroup_removed(struct sensor_cgroups *table, uint64_t id, uint64_t now_ns);
/* Ask for the container again if there is none. */
void sensor_cgroup_refresh(struct sensor_cgroups *table, struct sensor_cgroup *cgroup);
/* A row points here no more. NULL is fine. */
void sensor_cgroup_unref(struct sensor_cgroups *table, struct sensor_cgroup *cgroup);
void sensor_cgroups_expire(struct sensor_cgroups *table, uint64_t now_ns, uint64_t grace_ns);
/* {"cgroups":[{"id":N,"path":"/x"}]} */
int sensor_cgroups_adopt(struct sensor_cgroups *table, const char *json, size_t len, struct err *err);

#endif
