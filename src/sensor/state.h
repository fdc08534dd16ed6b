/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_SENSOR_STATE_H
#define PARKA_SENSOR_STATE_H
/*
 * The state: wire events to records. Keeps the process table, credentials, sessions, names
 * of users, cgroups and their containers, descriptors that matter, and makes of each wire event a
 * struct sensor_record that conditions can be asked about.
 *
 *   sensor_wire --sensor_state_apply--> 0..n struct sensor_record (struct model_record inside)
 *
 * One wire event may give several records: the same file under its other names (mounts, jails, hard
 * link), a cred.unexplained before the event that showed it. Never reads /proc on the way, except
 * through `lookup` calls that the caller may leave out (replay does): so replay of a capture gives the
 * same records, byte for byte.
 *
 * Bounded: LIMIT_SENSOR_* in sensor/limits.h; what is evicted is counted. Thread: one.
 */
#include "base/err.h"
#include "model/record.h"
#include "sensor/event.h"

struct runtime_container;

/* Where container identity comes from (room runtime/, or a capture). */
struct sensor_container_source {
	/* The container of a cgroup, by the cgroup's path ("/docker/5be1f2..."); NULL when it is none. The
	 * result lives until the source is told the container is gone, plus its grace time. */
	const struct runtime_container *(*by_cgroup)(void *data, uint64_t cgroup_id, const char *path);
	void *data;
};

struct sensor_state_options {
	struct sensor_container_source containers;
	bool may_read_proc;          /* live: cgroup paths, passwd files; false on replay */
	const char *hostname;
	int64_t boot_to_epoch_ns;    /* CLOCK_REALTIME - CLOCK_BOOTTIME */
	struct sensor_mounts *mounts;   /* of the host (sensor/mounts.h), taken; NULL: reads them itself, if it may */
	uint64_t max_processes;      /* 0 = default */
	uint64_t grace_ns;           /* how long exited processes are kept; 0 = default (30 s) */
	/* For whoever records: what the state learnt from this machine and a replay cannot (JSON, `kind` of enum capture_kind:
	 * users, cgroups, mounts and watched files), and containers as they become known or change. May be NULL. */
	void (*on_fact)(void *data, int kind, const char *json, size_t len);
	void (*on_container)(void *data, const struct runtime_container *container);
	void *on_data;
};

struct sensor_state;
struct sensor_state *sensor_state_new(const struct sensor_state_options *options);
struct sensor_state *sensor_state_free(struct sensor_state *state);

/* What on_fact gave when the capture was made (CAPTURE_USERS, CAPTURE_CGROUP, CAPTURE_FACTS); other kinds are ignored. */
int sensor_state_adopt(struct sensor_state *state, int kind, const char *json, size_t len, struct err *err);

/* A process that lived before the sensor started (sensor_seed). */
void sensor_state_seed(struct sensor_state *state, const struct sensor_wire *event);

enum { SENSOR_RECORDS_MAX = 8 };
/* Feed one event, in time order. Returns how many records it gives (0..SENSOR_RECORDS_MAX); they live until
 * the next call. */
size_t sensor_state_apply(struct sensor_state *state, const struct sensor_wire *event,
			  struct model_record *ret_records[SENSOR_RECORDS_MAX]);

/* What a record says beyond fields, for output and grouping. */
const struct runtime_container *sensor_record_container(const struct model_record *record);   /* NULL: host */
uint64_t sensor_record_time_ns(const struct model_record *record);         /* epoch */
const struct sensor_wire *sensor_record_wire(const struct model_record *record);

/* What sensor_filter_ask() is to be told of a record's event: where it was and who did it, as the record itself says. */
struct sensor_filter_context;
void sensor_record_filter_context(const struct model_record *record, struct sensor_filter_context *ret);

/* Hard-link names: tell the state which literal paths rules care about, so that another name of the same
 * inode is judged as that path too. Stats them now (live only). */
void sensor_state_watch_paths(struct sensor_state *state, const char *const *paths, size_t n);

/* For whoever tells the kernel's filter what the state knows: all control groups, all living processes. */
struct sensor_cgroup_view {
	uint64_t id;
	const char *path;                    /* NULL: not known */
	const struct runtime_container *container;   /* NULL: none is known */
	bool removed;
	uint64_t joined_ns;                  /* when a process last came into it from another one (event time); 0: never seen to */
};
void sensor_state_cgroups(const struct sensor_state *state, void (*fn)(const struct sensor_cgroup_view *cgroup, void *data), void *data);
/* Where the host has file systems mounted, for the tables of a filter: to be filled again when the version has grown. */
const struct sensor_mounts *sensor_state_mounts(const struct sensor_state *state);
struct sensor_process_view { uint32_t pid; uint64_t start_ns; const char *exepath; };   /* exepath NULL: not known */
void sensor_state_processes(const struct sensor_state *state, void (*fn)(const struct sensor_process_view *process, void *data), void *data);
/* The container of a control group, as far as events have told; NULL: none, or not known. */
const struct runtime_container *sensor_state_container(const struct sensor_state *state, uint64_t cgroup_id);

struct sensor_state_stats {
	uint64_t n_processes, n_threads, n_exited, n_evicted, n_unknown_parent, n_cgroups, n_events, memory_bytes;
	uint64_t n_no_row;           /* events whose process was not in the table */
	uint64_t n_damaged;          /* events that could not be decoded */
	uint64_t n_refused;          /* rows that found no room: processes, threads, cgroups, texts */
	uint64_t n_cred_unexplained;
};
void sensor_state_stats(const struct sensor_state *state, struct sensor_state_stats *ret);

#endif
