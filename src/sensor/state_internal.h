/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_SENSOR_STATE_INTERNAL_H
#define PARKA_SENSOR_STATE_INTERNAL_H
/* The state's inside: for the files of this room that make it up. */
#include "runtime/runtime.h"
#include "sensor/cgroup.h"
#include "sensor/ledger.h"
#include "sensor/names.h"
#include "sensor/path.h"
#include "sensor/process.h"
#include "sensor/session.h"
#include "sensor/state.h"
#include "sensor/users.h"

enum { SENSOR_PF_KTHREAD = 0x00200000, SENSOR_NO_ID = UINT32_MAX };
/* Inode numbers that the kernel gives the first namespaces (include/linux/proc_ns.h). */
enum sensor_first_ns { SENSOR_FIRST_USER_NS = 0xEFFFFFFDu, SENSOR_FIRST_PID_NS = 0xEFFFFFFCu };

/* What several getters of one record need; computed at most once. */
struct sensor_memo {
	bool path_done, raw_done;
	const char *path;                    /* resolved, or joined when the kernel gave none */
	size_t path_len;
};

struct sensor_record {
	struct model_record record;
	struct sensor_state *state;
	const struct sensor_wire_view *view;
	struct sensor_process *process;      /* NULL: none (lost events) */
	struct sensor_process *target;
	const struct runtime_container *container;
	const char *name;                    /* this record's name of the file; NULL: PATH as it is */
	size_t name_len;
	struct sensor_creds cred_before, cred_after;
	const char *cred_reason;
	struct sensor_wire_ns ns_before;
	struct sensor_memo *memo;
};

struct sensor_state {
	struct sensor_state_options options;
	char hostname[256];
	struct sensor_processes processes;
	struct sensor_cgroups cgroups;
	struct sensor_users users;
	struct sensor_names names;
	struct sensor_ledger ledger;
	struct map container_ns;             /* mount namespaces seen in containers */
	struct sensor_wire_task host_task;   /* of pid 1: the host's namespaces */
	bool has_host_task;
	struct sensor_process stranger;      /* stands in for a process that found no row */
	struct arena scratch;                /* texts of the current event */
	struct sensor_wire_view view;
	struct sensor_memo memo;
	struct sensor_record records[SENSOR_RECORDS_MAX];
	size_t n_records;
	uint64_t first_ts_ns, n_events, n_no_row, n_damaged, n_cred_unexplained;
};

static inline const struct runtime_container *sensor_process_container(const struct sensor_process *process)
{
	return process && process->cgroup ? process->cgroup->container : NULL;
}

static inline uint64_t sensor_state_epoch_ns(const struct sensor_state *state, uint64_t boot_ns)
{
	return boot_ns + (uint64_t)state->options.boot_to_epoch_ns;
}

/* update.c: what an event changes. `process` is its row. */
void sensor_update_seed(struct sensor_state *state, const struct sensor_wire_view *view);
struct sensor_process *sensor_update_process(struct sensor_state *state, const struct sensor_wire *event);
void sensor_update(struct sensor_state *state, const struct sensor_wire_view *view, struct sensor_process *process);

/* record.c */
extern const struct model_record_ops sensor_record_ops;

#endif
