/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_RUNTIME_INTERNAL_H
#define PARKA_RUNTIME_INTERNAL_H
/*
 * Inside the room:
 *
 *   cgroup.c     cgroup paths: ids in them, and whether a container's own path fits one
 *   facts.c      facts: what is being learned about one container, and its packed, long-lived form
 *   image.c      names of images, times, small parsers of text
 *   health.c     commands of health checks and probes
 *   bolt.c       reading bbolt files (bolt.h)
 *   metadata.c   containerd's database: image, labels, snapshot, and what its CRI plug-in keeps of pods; podman's
 *   parse_*.c    one state file each: hostile text in, facts out
 *   store.c      where runtimes keep state, reading it safely
 *   collect.c    id -> facts, from all stores
 *   starting.c   a container that runc or crun is making at this moment
 *   discover.c   stores that only the runtimes' processes and settings tell of
 *   registry.c   rows, cgroups, the negative cache
 *   refine.c     what time brings: removal, changes, the API
 *   api.c        what docker.sock and podman.sock add
 *   dump.c       JSON out and in
 *   document.c   a container's configuration files, whole
 */
#include "base/map.h"
#include "base/mem.h"
#include "runtime/limits.h"
#include "runtime/runtime.h"

#include <sys/types.h>

/* ---- facts ---- */
struct runtime_facts {
	struct arena *arena;             /* owns every text */
	struct runtime_container c;
	struct runtime_mount *mounts;    /* c.mounts, while it grows */
	struct runtime_pair *labels, *pod_labels;   /* c.labels, c.pod_labels, while they grow */
	const char **security_opts;
	size_t labels_bytes, pod_labels_bytes;
	const char *cgroups_path;        /* as the OCI spec gives it: "/docker/ID", "system.slice:docker:ID" */
	const char *cgroup_paths[LIMIT_RUNTIME_CGROUP_PATHS];   /* as the kernel has them */
	size_t n_cgroup_paths;
	const char *joined[3];           /* namespaces joined by path: pid, network, ipc */
	uint64_t init_start_ticks;       /* start time of init_pid, 0: not known */
	uid_t owner;                     /* of a rootless container's state */
	const char *docker_driver;       /* of Docker's image store */
	bool is_known;                   /* some state knows it */
	bool has_kind;
	bool has_task;                   /* state of a running (or starting) container was there */
	bool is_docker_running;
	bool is_image_label_risk;        /* Kubernetes labels that an image may have brought along */
	unsigned n_problems;
};

void runtime_facts_init(struct runtime_facts *facts, struct arena *arena);
/* Copies, cut to LIMIT_RUNTIME_TEXT_BYTES; NULL stays NULL. */
const char *runtime_facts_text(struct runtime_facts *facts, const char *text);
void runtime_facts_set(struct runtime_facts *facts, const char **member, const char *text);   /* not when NULL or "" */
void runtime_facts_label(struct runtime_facts *facts, const char *name, const char *value);
void runtime_facts_pod_label(struct runtime_facts *facts, const char *name, const char *value);
void runtime_facts_mount(struct runtime_facts *facts, const struct runtime_mount *mount);
void runtime_facts_security_opt(struct runtime_facts *facts, const char *text);
void runtime_facts_cgroup_path(struct runtime_facts *facts, const char *path);
/* Names, namespaces and uids of pods from labels as the kubelet and its runtimes write them. */
void runtime_facts_kubernetes(struct runtime_facts *facts);
/* The facts' container as one block of memory; free() frees it all. */
struct runtime_container *runtime_container_pack(const struct runtime_container *container);

/* The members that are plain text and the three-valued ones, for pack, dump and adopt. */
struct runtime_member { const char *name; size_t offset; };
extern const struct runtime_member runtime_text_members[], runtime_tristate_members[];

/* ---- image.c ---- */
/* "registry:5000/a/b:tag@sha256:..." into repository, tag and digest; `default_tag` when it names none. */
void runtime_image_split(struct runtime_facts *facts, const char *image, const char *default_tag);
const char *runtime_hex_of_digest(const char *digest);           /* without "sha256:" */
uint64_t runtime_time_parse(const char *text);                   /* RFC 3339; 0 when it is not or is before 1970 */
uint64_t runtime_capability_bit(const char *name);               /* "CAP_CHOWN", "chown"; 0: unknown */
bool runtime_id_is_valid(const char *id);
bool runtime_id_is_hex64(const char *id);
bool runtime_json_is_deep(const json_t *json, unsigned depth);

/* ---- health.c ---- */
/* The words of `array` from `first` on, joined by blanks, into `member`; not when there is none. */
void runtime_facts_command(struct runtime_facts *facts, const char **member, const json_t *array, size_t first);
/* Docker's Config: Healthcheck.Test, and Shell, which runs it (NULL: the usual). */
void runtime_facts_healthcheck(struct runtime_facts *facts, const json_t *test, const json_t *shell);
/* A pod as kubectl apply wrote it: liveness and readiness probes of its container of that name (NULL: of the first). */
void runtime_facts_probes(struct runtime_facts *facts, const char *container, const char *pod, size_t len);
/* Names that annotations and labels give such a text. */
bool runtime_is_applied_pod(const char *name);

/* ---- metadata.c ---- */
/* containerd's meta.db: what it knows of facts->c.id in `space`. -ENOENT: no such container; -EAGAIN: the daemon wrote all the
 * while; -EBADMSG, -E2BIG as bolt.h. */
int runtime_metadata_read(int fd, const char *space, struct runtime_facts *facts, struct err *err);
/* podman's bolt_state.db: labels and health check of facts->c.id; errors as above. */
int runtime_podman_read(int fd, struct runtime_facts *facts, struct err *err);

/* ---- parsers: 0 or negative errno, facts then hold what was read before ---- */
int runtime_parse_oci(const char *text, size_t len, const char *input, struct runtime_facts *facts, struct err *err);
int runtime_parse_runc_state(const char *text, size_t len, const char *input, struct runtime_facts *facts, struct err *err);
int runtime_parse_crun_status(const char *text, size_t len, const char *input, struct runtime_facts *facts, struct err *err);
int runtime_parse_docker_config(const char *text, size_t len, const char *input, struct runtime_facts *facts, struct err *err);
int runtime_parse_docker_host(const char *text, size_t len, const char *input, struct runtime_facts *facts, struct err *err);
/* repositories.json: digest of the image, its name when the container was made from a bare id. */
int runtime_parse_docker_repositories(const char *text, size_t len, const char *input, struct runtime_facts *facts, struct err *err);
/* Labels baked into an image: those of the container that are the image's own claim no pod. */
int runtime_parse_docker_image(const char *text, size_t len, const char *input, struct runtime_facts *facts, struct err *err);
/* The answer of GET /containers/ID/json. */
int runtime_parse_docker_api(const char *text, size_t len, const char *input, struct runtime_facts *facts, struct err *err);
/* containers.json of containers/storage: the entry of facts->c.id. -ENOENT when there is none. */
int runtime_parse_storage_index(const char *text, size_t len, const char *input, struct runtime_facts *facts, struct err *err);
/* images.json beside it: the digest of facts->c.image_id. -ENOENT when there is none. */
int runtime_parse_storage_images(const char *text, size_t len, const char *input, struct runtime_facts *facts, struct err *err);
/* config.json of the pod that a container of CRI-O's is in: labels, address. */
int runtime_parse_crio_sandbox(const char *text, size_t len, const char *input, struct runtime_facts *facts, struct err *err);

/* ---- cgroup.c ---- */
/* The text in a path's component that may be an id: of "docker-ID.scope" it is ID. False: none (slices, conmon). */
bool runtime_component_id(const char *component, size_t len, char ret_id[LIMIT_RUNTIME_ID_BYTES + 1]);
/* Does `path` lie in the cgroup that these facts say is the container's? */
bool runtime_cgroup_fits(const char *const *cgroup_paths, size_t n, const char *cgroups_path, const char *id, bool rootless, const char *path);
/* "/sys/fs/cgroup/memory/a/b" of a runc state to "/a/b". */
const char *runtime_cgroup_strip_mount(const char *controller, const char *path);
/* "4e5f..." out of kubepods' pod directory, into ret (at most size bytes); false when there is none. */
bool runtime_cgroup_pod_uid(const char *path, char *ret, size_t size);

/* ---- store.c ---- */
enum runtime_layout {
	RUNTIME_LAYOUT_DOCKER,           /* PATH/containers/ID/config.v2.json */
	RUNTIME_LAYOUT_BUNDLES,          /* PATH/io.containerd.runtime.v2.task/NAMESPACE/ID/config.json */
	RUNTIME_LAYOUT_STORAGE,          /* PATH/DRIVER-containers/ID/userdata/config.json */
	RUNTIME_LAYOUT_RUNC,             /* PATH/ID/state.json */
	RUNTIME_LAYOUT_RUNC_NAMESPACES,  /* PATH/NAMESPACE/ID/state.json */
	RUNTIME_LAYOUT_CRUN,             /* PATH/ID/status */
};

struct runtime_store {
	enum runtime_layout layout;
	uid_t owner;                     /* 0, or the user whose rootless runtime it is */
	char *path;
	char *data;                      /* containerd's root directory, where its database is; NULL: not known */
};

struct runtime_stores {
	const char *root;                /* prefix of all host paths */
	struct runtime_store at[LIMIT_RUNTIME_STORES];
	size_t n;
};

void runtime_stores_init(struct runtime_stores *stores, const char *root);
void runtime_stores_done(struct runtime_stores *stores);
void runtime_stores_add(struct runtime_stores *stores, enum runtime_layout layout, uid_t owner, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* The directory of containerd's data that belongs to its state at `path`. */
void runtime_stores_set_data(struct runtime_stores *stores, const char *path, const char *data);
/* Rootless users, settings files, runtimes' command lines. Reads /proc: not for the look-up path. */
void runtime_stores_discover(struct runtime_stores *stores);

/* Open a host path (the runtime's own directories: symbolic links are followed). */
int runtime_open_dir(const struct runtime_stores *stores, const char *path);
/* A formatted host path with the prefix, in `arena`. */
const char *runtime_host_path(const struct runtime_stores *stores, struct arena *arena, const char *path);
/* Read a regular file below a directory; no component may be a symbolic link. With an owner other than root
 * the file must be that user's. */
int runtime_read_below(int dir_fd, const char *path, size_t max_bytes, uid_t owner, struct arena *arena,
		       char **ret_text, size_t *ret_len, struct err *err);
int runtime_open_below(int dir_fd, const char *path, int flags);
/* Calls `each` for every entry with a valid id as its name. */
void runtime_each_entry(int dir_fd, void (*each)(void *data, const char *name), void *data);

/* ---- collect.c ---- */
/* What the stores know about `id`. `path`: the cgroup it must fit, NULL: any. False: no state knows it. */
bool runtime_collect(const struct runtime_stores *stores, const char *id, const char *path, struct runtime_facts *facts);
/* What follows from the facts together. */
void runtime_facts_finish(const struct runtime_stores *stores, struct runtime_facts *facts, const char *path);
/* Of a runtime's process that is making this container right now, before its state is written. *ret_any: some runtime is at work.
 * Goes through all processes. */
bool runtime_collect_starting(struct runtime_stores *stores, const char *path, struct runtime_facts *facts, bool *ret_any);
/* Words of a /proc/PID/cmdline, which ends in NUL; split in place. */
size_t runtime_split_command(char *text, size_t len, char **ret_argv, size_t max);
bool runtime_is_oci_runtime(const char *comm);
/* Is the container's first process there? True when it cannot be told. */
bool runtime_is_alive(const struct runtime_stores *stores, uint32_t pid, uint64_t start_ticks);
/* Ids that some store has, for a scan. */
void runtime_each_known_id(const struct runtime_stores *stores, void (*each)(void *data, const char *id), void *data);

/* ---- the registry ---- */
struct runtime_row {
	struct runtime_container c;      /* what callers hold: stays where it is */
	struct runtime_container *block; /* owns the texts of c */
	char *key;                       /* in `rows`: the id, or id and cgroup for ids that are no hash */
	const char *cgroups_path;        /* in `block_extra` */
	const char *cgroup_paths[LIMIT_RUNTIME_CGROUP_PATHS];
	size_t n_cgroup_paths;
	char *block_extra;
	uint64_t init_start_ticks;
	uint64_t removed_ns;             /* 0: it is there */
	uint64_t check_at_ns, check_wait_ns;
	bool is_adopted;                 /* from a capture: no state here */
	bool is_api_asked;
	struct runtime_container *told; /* what only the API knew; laid under each reading of the state */
};

struct runtime_cgroup {
	uint64_t key;
	struct runtime_row *row;         /* NULL: no container */
	uint64_t ask_at_ns, wait_ns;
	uint64_t removed_ns;
	char path[];
};

struct runtime_retired { void *block; uint64_t free_at_ns; struct runtime_retired *next; };

struct runtime {
	struct runtime_stores stores;
	char *root;
	uint64_t grace_ns;
	bool use_api;
	struct map rows;                 /* key -> row */
	struct map cgroups;              /* cgroup id or hash of the path -> cgroup */
	struct runtime_retired *retired;
	struct arena scratch;
	uint64_t discover_at_ns, api_at_ns, generation;
	uint64_t none_starting_ns;       /* CLOCK_MONOTONIC: no runtime is at work until then */
	struct runtime_stats stats;
};

enum { RUNTIME_GRACE_DEFAULT_S = 60 };
#define RUNTIME_S 1000000000ull
#define RUNTIME_MS 1000000ull

struct runtime_row *runtime_row_find(struct runtime *runtime, const char *id, const char *path);
struct runtime_row *runtime_row_put(struct runtime *runtime, struct runtime_row *row, const struct runtime_facts *facts, uint64_t now_ns);
void runtime_row_drop(struct runtime *runtime, struct runtime_row *row);
void runtime_row_free(struct runtime_row *row);
void runtime_retire(struct runtime *runtime, void *block, uint64_t free_at_ns);
bool runtime_row_fits(const struct runtime_row *row, const char *path);
bool runtime_container_same(const struct runtime_container *a, const struct runtime_container *b);

/* ---- api.c ---- */
/* Ask docker.sock or podman.sock what the state lacks of this row (address, labels, health check); the row remembers
 * it. -ENOENT: there is no such socket; other failures as http_send's. Blocks, for a second at most. */
int runtime_api_ask(struct runtime *runtime, struct runtime_row *row, struct err *err);
/* Members of `from` that `facts` do not have. */
void runtime_facts_fill(struct runtime_facts *facts, const struct runtime_container *from);

#endif
