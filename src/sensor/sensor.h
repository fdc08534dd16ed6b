/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_SENSOR_SENSOR_H
#define PARKA_SENSOR_SENSOR_H
/*
 * The sensor: kernel to a stream of wire events (sensor/event.h), in time order.
 *
 *     kernel --3 rings, by lane--> sensor_source_next() --struct sensor_wire--> sensor/state.h
 *     capture file ---------------------^
 *
 * A source is the live kernel or a capture; whoever reads cannot tell. The hook plan is made by
 * loading real programs, best hook first. Needs CAP_BPF, CAP_PERFMON, CAP_SYS_RESOURCE,
 * CAP_SYS_PTRACE (root). Linux 5.8 with BTF and up. Knows nothing of rules: it is told which
 * event types are wanted.
 *
 * Thread: one.
 */
#include "base/err.h"
#include "model/event.h"
#include "sensor/bpf/filter.h"
#include "sensor/event.h"

#include <stdbool.h>
#include <stdint.h>

struct sensor;

struct sensor_options {
	uint64_t ring_bytes[SENSOR_LANE_MAX];   /* power of two; 0 = default */
	struct model_event_set wanted;          /* types that rules ask for; what the state needs is added */
	bool all_events;                        /* wanted is ignored: hook everything (record) */
	bool load_all;                          /* load also what nothing wants: the plan then says of everything what the kernel refuses */
	uint32_t compat_linger_ms;              /* how long after the last 32-bit program their calls are looked at; 0 = default */
	uint32_t self_pid;                      /* whose own file and net events are not reported; 0 = nobody */
};

/* Load, probe, attach. -EPERM, -ENOSYS (kernel too old, no BTF) with a sentence that says what to do. */
int sensor_open(const struct sensor_options *options, struct sensor **ret_sensor, struct err *err);
struct sensor *sensor_close(struct sensor *sensor);   /* detaches; NULL is fine; returns NULL */
/* Ask for another set of event types (rules were reloaded): hooks are added first, then removed. */
int sensor_want(struct sensor *sensor, const struct model_event_set *wanted, struct err *err);

/* An epoll descriptor that becomes readable when a lane wants attention. */
int sensor_fd(const struct sensor *sensor);
/* The next event in time order, valid until the next call; 1 with *ret_event, 0 when there is none
 * now, -errno. Events younger than a few hundred microseconds are held back so that lanes merge in order;
 * flush = true gives them too. */
int sensor_next(struct sensor *sensor, bool flush, const struct sensor_wire **ret_event, struct err *err);
/* Whether whoever reads looks for events only when sensor_fd() becomes readable. While it does not doze, it is to look every 50 ms
 * or so, and only events of processes, rare ones and rings that fill wake it. An event that is being sent while the word is
 * given may still not wake: look once more after the next 50 ms. */
void sensor_doze(struct sensor *sensor, bool dozes);
/* How many milliseconds a reader that was given everything may sleep before it reads again; -1: until the descriptor is
 * readable. While lifecycle events come it is a few: the kernel side then wakes nobody, because a wake-up for each event would
 * cost the process that made it more than the event does. To be called before each sleep, or never. */
int sensor_sleep_ms(struct sensor *sensor);

/* One wire event (type SCHED_FORK/SCHED_EXEC-like "seed" records, flagged below) for every task that
 * lives now, from the BPF task iterator (or /proc). Call after open, before next; calls emit per process,
 * parents first. The event type is MODEL_EVT_NONE; parameters are those of exec. */
int sensor_seed(struct sensor *sensor, void (*emit)(const struct sensor_wire *event, void *data), void *data, struct err *err);

struct sensor_stats {
	uint64_t n_events[SENSOR_LANE_MAX];
	uint64_t n_bytes[SENSOR_LANE_MAX];
	uint64_t lost[MODEL_EVT_MAX][SENSOR_LOST_MAX];
	uint64_t n_lost;
};
void sensor_stats(struct sensor *sensor, struct sensor_stats *ret);

/* ---- the filter in the kernel (sensor/filter.h) ---- */
struct filter_tables;

/* From now on the kernel drops what satisfies no term; NULL: nothing is dropped. The tables are written beside those in use and
 * then swapped at once: an event is judged by the old ones or by the new ones, never by a mixture. Waits for the programs that
 * still read the old tables (a grace period of the kernel, some milliseconds). The filter is copied. What was known of
 * processes is forgotten with the old tables: see sensor_filter_process(). */
int sensor_set_filter(struct sensor *sensor, const struct filter_tables *filter, struct err *err);
/* Where a cgroup is. The kernel forgets it when a process is moved or started into the cgroup, so that a container that
 * begins in an old cgroup is not taken for the host: tell HOST only of cgroups that have been none for a while. */
int sensor_filter_where(struct sensor *sensor, uint64_t cgroup_id, enum filter_where where, struct err *err);
/* What a process that lives since before the filter was set may satisfy (sensor_filter_exe()). Does nothing when the kernel
 * knows already. Only to be called once all events up to sensor_filter_since() have been read: else a program that
 * was started in between would be taken for the one before it. */
int sensor_filter_process(struct sensor *sensor, uint32_t pid, uint64_t start_ns, const uint64_t *exe, struct err *err);
uint64_t sensor_filter_since(const struct sensor *sensor);   /* CLOCK_BOOTTIME of the last swap, in ns */

/* Events of a type as the programs saw them: seen = dropped + folded + delivered + lost. What never was an event (a signal to
 * oneself, a type without hook) is not counted. */
struct sensor_type_counts { uint64_t seen, dropped, folded; };
void sensor_type_counts(struct sensor *sensor, struct sensor_type_counts ret[MODEL_EVT_MAX]);
/* The same by cgroup, while it is asked for (it costs some 30 ns per event). At most `max`; returns how many. */
struct sensor_cgroup_counts { uint64_t cgroup, seen, dropped, folded; };
void sensor_count_cgroups(struct sensor *sensor, bool on);
size_t sensor_cgroup_counts(struct sensor *sensor, struct sensor_cgroup_counts *ret, size_t max);
/* Run time of each BPF program; all 0 unless kernel.bpf_stats_enabled. */
struct sensor_program_cost { const char *program; uint64_t runs, ns; };
size_t sensor_program_costs(struct sensor *sensor, struct sensor_program_cost *ret, size_t max);
/* The kernel times all BPF programs of the machine, whatever kernel.bpf_stats_enabled says, until the descriptor that is returned is
 * closed (also when the process ends). */
int sensor_time_programs(struct err *err);

/* ---- the hook plan ---- */
struct sensor_hook {
	const char *event;        /* what it reports: "openat", "exec" */
	const char *program;      /* BPF program */
	const char *attach;       /* "lsm/file_open", "tp_btf/sched_process_exec", "tracepoint/syscalls/sys_exit_openat" */
	enum { SENSOR_HOOK_ATTACHED, SENSOR_HOOK_SPARE, SENSOR_HOOK_UNWANTED, SENSOR_HOOK_REFUSED, SENSOR_HOOK_ABSENT } state;
	const char *why;          /* refused: what the kernel said; spare: which hook is used instead */
	const char *blinds;       /* what is not seen, or seen worse, without it; NULL */
	bool compat;              /* of the 32-bit form of a system call */
	bool minor;               /* not used, and another one of the list says how the event is seen */
};
/* Whether 32-bit calls are seen from the start on. */
bool sensor_sees_compat(const struct sensor *sensor);
/* Whether the programs load kernel memory directly (bpf_rdonly_cast(), since Linux 6.2), or ask the helper for each piece at several
 * times the cost. */
bool sensor_reads_directly(const struct sensor *sensor);
size_t sensor_hooks(const struct sensor *sensor, const struct sensor_hook **ret_hooks);

struct sensor_kernel {
	char release[65];
	bool btf, ringbuf, fentry, lsm, task_iter, ia32, io_uring_tracepoint, cap_tracepoint;
	enum { SENSOR_CGROUP_V1, SENSOR_CGROUP_V2, SENSOR_CGROUP_HYBRID } cgroup;
};
void sensor_kernel(struct sensor_kernel *ret);   /* probes by loading; about 20 ms; needs root */

#endif
