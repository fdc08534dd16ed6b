/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_RUNTIME_RUNTIME_H
#define PARKA_RUNTIME_RUNTIME_H
/*
 * Which container is this? From a cgroup to a container, by local state: OCI bundles, runc
 * and crun state, Docker's, containerd's, CRI-O's and podman's directories. The runtimes' APIs only refine
 * (runtime_refine), never gate: a container's first event already carries it.
 *
 * A cgroup whose name merely looks like a container id is none, unless some runtime's state knows it.
 *
 * containerd keeps image, labels and what the kubelet said of a pod in a database, and podman 4 labels and health checks; both are
 * read beside their daemons, without their locks (bolt.h). What local state does not tell, and so is NULL until an API is asked:
 * labels and health checks of podman with its newer SQLite database, and addresses; podman.sock and docker.sock are asked.
 *
 * Everything read is limited and may be hostile (a container's labels are an attacker's text).
 * Knows nothing of rules or events. Thread: one.
 */
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum runtime_kind { RUNTIME_DOCKER, RUNTIME_CONTAINERD, RUNTIME_CRIO, RUNTIME_PODMAN, RUNTIME_OCI };
const char *runtime_kind_name(enum runtime_kind kind);   /* Falco's: docker, containerd, cri-o, podman, oci */

struct runtime_mount { const char *source, *dest, *mode, *propagation; bool rw; };
struct runtime_pair { const char *name, *value; };

/* All text may be NULL: not known. Owned by the registry; lives for the grace time past removal. */
struct runtime_container {
	const char *id;                  /* whole id */
	enum runtime_kind kind;
	const char *name;
	const char *image;               /* as named: repository:tag */
	/* image_id: all hex digits, without "sha256:"; image_digest: with it. */
	const char *image_id, *image_repository, *image_tag, *image_digest;
	const char *user;
	const char *cgroup_path;
	const char *bundle;              /* OCI bundle directory */
	const char *rootfs;
	const char *ip;
	/* Commands, their words joined by blanks. Docker's "NONE" for a check that was switched off. */
	const char *healthcheck, *liveness_probe, *readiness_probe;
	const char *runtime_namespace;   /* containerd's: "default", "k8s.io", "moby" */
	const char *snapshotter, *snapshot_key;
	int privileged;                  /* 1, 0, -1 not known: the same for the next four */
	int host_pid, host_network, host_ipc, read_only;
	bool rootless;
	bool is_sandbox;                 /* a pod's pause container */
	uint32_t init_pid;               /* 0: not known yet */
	uint64_t caps_bounding;
	uint64_t created_ns, started_ns; /* epoch; 0: not known */
	const struct runtime_mount *mounts;
	size_t n_mounts;
	const struct runtime_pair *labels, *pod_labels;
	size_t n_labels, n_pod_labels;
	const char *const *security_opts;
	size_t n_security_opts;
	const char *pod_name, *pod_namespace, *pod_uid, *pod_sandbox_id, *pod_container_name;
	uint64_t generation;             /* changes when any of it changes (refined) */
};

struct runtime_options {
	const char *root;                /* prefix of all host paths ("" = the host; tests give a tree) */
	uint64_t grace_ns;               /* 0 = default 60 s */
	bool use_api;                    /* ask docker.sock etc. for what local state lacks */
};

struct runtime;
struct runtime *runtime_new(const struct runtime_options *options);
struct runtime *runtime_free(struct runtime *runtime);

/* All containers that exist now. Problems with single containers are counted, not failed. */
int runtime_scan(struct runtime *runtime, struct err *err);

/* The container of a cgroup, read from state on first sight. `path` within its hierarchy. NULL when it is none.
 * `now_ns` epoch (for the negative cache: a cgroup that is none now may become one; it is asked again after 50 ms,
 * then at doubling intervals up to a minute). */
const struct runtime_container *runtime_by_cgroup(struct runtime *runtime, uint64_t cgroup_id, const char *path, uint64_t now_ns);
const struct runtime_container *runtime_by_id(struct runtime *runtime, const char *id_or_prefix);
void runtime_cgroup_removed(struct runtime *runtime, uint64_t cgroup_id, const char *path, uint64_t now_ns);
/* Call now and then (a timer): asks runtimes for what is missing, drops what is past its grace. */
int runtime_refine(struct runtime *runtime, uint64_t now_ns, struct err *err);

size_t runtime_containers(struct runtime *runtime, const struct runtime_container **ret, size_t max);

/* The container id in a cgroup path, or NULL: the pure part, for tests and fuzzing. Writes at most 64 hex digits
 * and NUL. Knows cgroupfs and systemd drivers of all runtimes, nested ones, v1 and v2. */
bool runtime_id_of_cgroup(const char *path, char ret_id[65], enum runtime_kind *ret_kind);

/* To and from JSON (captures, API). */
void runtime_container_write(const struct runtime_container *container, struct json_writer *w, const char *key);
int runtime_container_adopt(struct runtime *runtime, const json_t *json, struct err *err);

/* ---- for whoever judges how a container was made ---- */
enum runtime_document {
	RUNTIME_DOCUMENT_OCI,            /* config.json of the bundle: what the OCI runtime was told */
	RUNTIME_DOCUMENT_DOCKER_CONFIG,  /* Docker's config.v2.json */
	RUNTIME_DOCUMENT_DOCKER_HOST,    /* Docker's hostconfig.json */
};
/* One of the files that say how the container was asked for, parsed; json_decref() it. *ret_path (in `arena`) is where it
 * was found. -ENOENT: there is none; -EBADMSG: it is no JSON object, or too deep; else as file_read(). */
int runtime_document(struct runtime *runtime, const struct runtime_container *container, enum runtime_document which,
		     struct arena *arena, json_t **ret_json, const char **ret_path, struct err *err);

/* GET `path` of a runtime's API on a Unix socket: the answer, parsed; json_decref() it. *ret_status may be other than 200, the answer is then the
 * API's own error (or NULL when that is no JSON). Blocks for a second at most. */
int runtime_api_get(const char *socket, const char *path, int *ret_status, json_t **ret_json, struct err *err);

/* "sys_admin" of 21; NULL past the last that is known. */
const char *runtime_capability_name(unsigned number);

struct runtime_stats { uint64_t n_containers, n_lookups, n_state_reads, n_not_containers, n_errors; };
void runtime_stats(const struct runtime *runtime, struct runtime_stats *ret);

#endif
