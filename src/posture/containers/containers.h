/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_POSTURE_CONTAINERS_H
#define PARKA_POSTURE_CONTAINERS_H
/*
 * Running containers, whatever started them: what was declared (the OCI bundle, Docker's own files) beside what the kernel
 * enforces now
 * (/proc/PID of each of its processes, its mounts, its control group).
 *
 *   container.c   which containers and which processes; the record; what two containers share
 *   declared.c    config.json, config.v2.json, hostconfig.json
 *   mounts.c      what of the host is mounted, and what could be done with it
 *   real.c        rights, namespaces, mounts and limits as the kernel has them, and where they differ from what was declared
 *
 * A process belongs to a container when its control group says so: an exec, a process that entered with nsenter by way of the
 * runtime, and one that has left the container's namespaces since are seen alike. What is only in a runtime's database
 * (podman's ports and restart policy) makes no value. Thread: one.
 */
#include "base/json.h"
#include "posture/audit.h"
#include "posture/process.h"
#include "runtime/runtime.h"

enum {
	CONTAINERS_MAX = 8192,
	CONTAINER_PROCESSES_MAX = 1 << 16,       /* of all containers together */
	CONTAINER_LIST_MAX = 256,                /* of one list field */
	CONTAINER_PORTS_MAX = 1024,
	CONTAINER_CAPS = 64,
};

extern const struct posture_collector posture_containers;

enum container_ns { NS_MNT, NS_PID, NS_NET, NS_IPC, NS_UTS, NS_CGROUP, NS_USER, NS_MAX };
extern const char *const container_ns_names[NS_MAX];

struct container_process {
	unsigned pid;
	char comm[16];
	struct posture_process_status status;
	uint64_t ns[NS_MAX];                     /* 0: not known */
};

struct container_host {                          /* what is the same for all */
	uint64_t ns[NS_MAX];                     /* of the host's first process; 0: not known */
	bool has_apparmor, has_selinux;
	unsigned cgroup_version;
};

struct container {
	struct posture_set *set;
	struct posture_record *record;
	const struct runtime_container *c;
	const struct container_host *host;
	json_t *oci, *docker_config, *docker_host;       /* NULL: there is none */
	struct posture_place oci_place, docker_place, host_place;
	struct container_process *processes;     /* the first is the container's own first process, when it is known */
	size_t n_processes;
	/* declared, for comparison */
	uint64_t caps;
	bool has_caps, no_new_privs, has_filter, host_ns[NS_MAX], is_root, has_user;
	const char *differences[CONTAINER_LIST_MAX];
	size_t n_differences;
};

/* ---- declared.c ---- */
void container_declared_read(struct container *x);
/* The words of a set of capabilities, in the set's arena; at most CONTAINER_CAPS. */
size_t container_caps_words(uint64_t caps, const char *ret[CONTAINER_CAPS]);
uint64_t container_caps_default(void);

/* ---- mounts.c ---- */
struct container_mount { unsigned major; bool writable; const char *root, *point, *type, *source; };
/* Parse /proc/PID/mountinfo (proc(5)), octal escapes undone. At most `max`; -E2BIG past it, with those in *ret_n. */
int container_mountinfo(struct posture_set *set, const char *text, struct container_mount *ret, size_t max, size_t *ret_n);
void container_mounts_read(struct container *x, const struct container_mount *mounts, size_t n);
/* What can be done with a path of the host: names of dangers, at most 16. */
size_t container_path_dangers(const char *path, const char *ret[16]);

/* ---- real.c ---- */
void container_real_read(struct container *x);
void container_differs(struct container *x, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
