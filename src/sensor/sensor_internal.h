/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_SENSOR_INTERNAL_H
#define PARKA_SENSOR_INTERNAL_H
/* What the files of the live source share: sensor.c (life, reading), loader.c (BPF object), probe.c (what the
 * kernel can do), seed.c (what lives now). Nobody else includes this. */
#include "base/map.h"
#include "sensor/fexit.h"
#include "sensor/plan.h"
#include "sensor/ring.h"
#include "sensor/sensor.h"

struct sensor_bpf;
struct bpf_link;
struct bpf_program;
struct btf;

/* compat.c: the 32-bit programs that live, while somebody looks at their calls. */
struct sensor_compat_set {
	struct map pids;
	uint64_t idle_since_ns;          /* CLOCK_BOOTTIME; 0: some live */
	uint64_t n_lost;                 /* births and programs that were lost when the set was begun */
	bool unsure;                     /* too many to be known, or some were lost: nobody can say that none lives */
};

enum sensor_compat { SENSOR_COMPAT_AUTO, SENSOR_COMPAT_ALWAYS, SENSOR_COMPAT_NEVER };
/* PARKA_SENSOR_HOOKS: the best way for each call, or this one only. */
enum sensor_way { SENSOR_WAY_BEST, SENSOR_WAY_FEXIT, SENSOR_WAY_CALLS, SENSOR_WAY_EXIT };
enum { SENSOR_REFUSED_MAX = 64, SENSOR_WHY_MAX = 200, SENSOR_LEFT_MAX = 64 };

/* Programs that the kernel would not load, and what it said. */
struct sensor_refused { char program[32]; char why[SENSOR_WHY_MAX]; };

struct sensor_cgroup_choice { int subsys, hierarchy, mode; };   /* mode: enum of sensor_kernel.cgroup */

/* What the BPF programs must be told of this kernel, from its BTF. */
struct sensor_facts {
	struct btf *btf;
	struct sensor_cgroup_choice cgroup;
	bool oom_gives_task, can_cast;
	bool trampolines;                /* fentry and fexit programs attach */
	bool fentry, lsm;                /* what is used for names: programs of these kinds load and attach */
	int uring_request;
	enum sensor_uring_result uring_result;
};

struct sensor {
	struct sensor_bpf *bpf;
	struct sensor_bpf **late;        /* the same object with the programs that were loaded later, and the maps of the first */
	size_t n_late;
	const char *left[SENSOR_LEFT_MAX];   /* programs that were not loaded at the start, because nothing wanted them */
	size_t n_left;
	struct plan plan;
	struct sensor_fexit fexit;
	struct sensor_link { struct bpf_link *link; int fd, program_fd; struct sensor_fexit_place place; } *links;   /* one per hook of the plan; a link, or a stub */
	uint64_t missed[MODEL_EVT_MAX];  /* by stubs that are gone */
	struct bpf_link *raw_link;
	bool wants_raw, needs_raw;       /* it is to be loaded; it is needed for more than 32-bit programs */
	struct sensor_compat_set compat_set;
	struct sensor_hook *shown;       /* for sensor_hooks() */
	struct sensor_ring rings[SENSOR_LANE_MAX];
	struct sensor_merge merge;
	uint64_t n_slept_at;             /* lifecycle events read before the last sleep */
	struct sensor_refused refused[SENSOR_REFUSED_MAX];
	size_t n_refused;
	struct sensor_options options;
	enum sensor_compat compat;
	enum sensor_way way;
	bool reads_directly;             /* the programs in use load kernel memory by bpf_rdonly_cast() */
	bool no_cast;                    /* the kernel refused programs that read through bpf_rdonly_cast() */
	int tracefs_fd;                  /* -1: there is none */
	bool has_calls;                  /* tracepoints per call exist and tracefs is there */
	bool compat_wants_raw;           /* some 32-bit call is only to be seen by the program on every exit */
	bool needs_calls;                /* some call has no better hook than its tracepoint */
	int epoll_fd;
	uint64_t filter_since;           /* CLOCK_BOOTTIME of the last swap of filters */
};

/* sensor.c: how often the kernel did not run a stub because it was under way on that CPU. */
uint64_t sensor_stub_missed(int program_fd);

/* tracefs.c: a descriptor of its root, mounted or not; -1 when the kernel has none. */
int sensor_tracefs_open(void);
bool sensor_tracefs_has(int tracefs_fd, const char *event);      /* "syscalls/sys_exit_openat" */
/* NULL with errno. */
struct bpf_link *sensor_tracepoint_attach(int tracefs_fd, const char *event, const struct bpf_program *program);

/* probe.c */
int sensor_facts_load(struct sensor_facts *facts, struct err *err);
void sensor_facts_done(struct sensor_facts *facts);
bool sensor_facts_has_tracepoint(const struct sensor_facts *facts, const char *name);
bool sensor_facts_has_function(const struct sensor_facts *facts, const char *name);
void sensor_facts_find_programs(struct sensor_facts *facts);   /* sets trampolines, fentry, lsm by trying */

/* seed_proc.c: the process as a seed in `out` (64 KiB), or false when it is gone. start_ns: 0 if not known better
 * than in clock ticks. */
bool sensor_seed_from_proc(uint32_t pid, uint64_t start_ns, struct sensor_wire *out);

/* filter_load.c */
uint64_t sensor_boot_ns(void);                   /* sensor.c */

/* loader.c */
int sensor_load(struct sensor *sensor, struct err *err);
void sensor_unload(struct sensor *sensor);
int sensor_attach(struct sensor *sensor, struct err *err);   /* what is wanted now; detaches the rest */
int sensor_attach_raw(struct sensor *sensor, struct err *err);
void sensor_detach_raw(struct sensor *sensor);
bool sensor_wants_call(const struct sensor *sensor, const struct plan_call *call);
struct sensor_bpf *sensor_open_object(bool directly);        /* NULL with errno */
/* 0 or -errno, then with the program that was refused, if it was one. */
int sensor_load_object(struct sensor_bpf *bpf, struct sensor_refused *ret_failure);
const struct sensor_refused *sensor_refused(const struct sensor *sensor, const char *program);   /* NULL: was not */
bool sensor_refuse(struct sensor *sensor, const char *program, const char *why);   /* false: too many */

/* locks.c: tells the programs where rename_lock and mount_lock are, if the kernel says so. */
void sensor_find_locks(struct sensor *sensor);

/* late.c: programs that nothing wants are not loaded before something does; the verifier's work is most of a start. */
void sensor_late_leave(struct sensor *sensor, struct sensor_bpf *bpf);   /* takes them out of an object that is to be loaded */
bool sensor_late_is_left(const struct sensor *sensor, const char *program);
int sensor_late_load(struct sensor *sensor, struct err *err);            /* those that are wanted by now */
void sensor_late_done(struct sensor *sensor);
const struct bpf_program *sensor_program(const struct sensor *sensor, const char *name);   /* NULL: is not loaded */

/* compat.c */
int sensor_compat_see(struct sensor *sensor, const struct sensor_wire *event, struct err *err);   /* each event; attaches */
void sensor_compat_rest(struct sensor *sensor, uint64_t now_ns);   /* detaches when no 32-bit program has lived for a while */

#endif
