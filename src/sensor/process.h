/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_SENSOR_PROCESS_H
#define PARKA_SENSOR_PROCESS_H
/*
 * The process table: one row per process, keyed by pid and start time, so that a reused pid is another row.
 *
 *   pid --map--> newest row --older--> rows of the same pid that ended within the grace time
 *                 | parent, children         | image: what the last exec gave, shared with forked children
 *                 | cgroup --> container     | entry: how it came into the system (session.h)
 *
 * Rows outlive their process by the grace time, at most LIMIT_SENSOR_EXITED of them. A row that goes hands its children to its own parent: the ancestry
 * stays that of birth, until an exec reports what the kernel calls the parent. Bounded by max_processes: the
 * oldest ended row makes room; when all live, the new process gets no row and is counted.
 *
 * Thread: one.
 */
#include "base/mem.h"
#include "sensor/intern.h"
#include "sensor/limits.h"
#include "sensor/wire.h"

struct sensor_entry;
struct sensor_cgroup;
struct sensor_thread;

/* What exec loaded. Never changes once made. */
struct sensor_image {
	uint32_t refs;
	uint32_t argv_len, env_len, n_args;     /* n_args counts argv[0] */
	uint32_t path_flags;
	bool has_file, is_seed;
	struct sensor_text *exepath, *interp, *filename;
	struct sensor_wire_file file;
	uint64_t exec_ns;
	size_t size;
	uint32_t session;                       /* audit session that it was executed in */
	char bytes[];                           /* argv, NUL, env, NUL: each text with its NUL */
};
static inline const char *sensor_image_argv(const struct sensor_image *image) { return image->bytes; }
static inline const char *sensor_image_env(const struct sensor_image *image) { return image->bytes + image->argv_len + 1; }

/* Last known credentials of a task (ledger.c). */
struct sensor_creds {
	uint64_t cap_eff, cap_prm, cred, ts_ns;
	uint32_t uid, euid, suid, fsuid, user_ns;
	uint32_t generation;                    /* of the ledger when it was learnt; 0 = nothing known */
	bool suid_known;
};

enum sensor_fd_type {
	SENSOR_FD_NONE, SENSOR_FD_FILE, SENSOR_FD_DIRECTORY, SENSOR_FD_IPV4, SENSOR_FD_IPV6, SENSOR_FD_UNIX, SENSOR_FD_PIPE,
	SENSOR_FD_EVENT, SENSOR_FD_SIGNAL, SENSOR_FD_EPOLL, SENSOR_FD_INOTIFY, SENSOR_FD_TIMER, SENSOR_FD_NETLINK,
	SENSOR_FD_BPF, SENSOR_FD_USERFAULT, SENSOR_FD_IO_URING, SENSOR_FD_MEMFD, SENSOR_FD_PIDFD, SENSOR_FD_PACKET,
	SENSOR_FD_VSOCK, SENSOR_FD_ALG, SENSOR_FD_SOCKET, SENSOR_FD_OTHER, SENSOR_FD_MAX
};

struct sensor_stdio {
	struct sensor_wire_stdio wire;
	enum sensor_fd_type type;
	struct sensor_text *name;
};


struct sensor_process {
	uint64_t start_ns;
	uint32_t pid;
	char comm[16];
	struct sensor_process *older;                                /* same pid */
	struct sensor_process *parent, *first_child, *next_sibling, *prev_sibling;
	struct sensor_process *next_exited, *prev_exited;
	uint64_t exit_ns;                                            /* 0 while it lives */
	bool is_partial;                                             /* made from a header: birth and exec not seen */
	bool entered_foreign_ns;                                     /* setns into a container, or born of one that did */
	bool session_seen;
	struct sensor_image *image;
	struct sensor_text *cwd, *via;
	struct sensor_entry *entry;
	struct sensor_cgroup *cgroup;
	struct sensor_thread *threads;
	struct sensor_wire_task task;
	struct sensor_wire_cred cred;
	bool has_task, has_cred;
	uint32_t uid, euid, gid, loginuid, session;                  /* at the last event */
	struct sensor_creds creds;                                   /* of the main thread */
	struct sensor_stdio stdio[3];
	uint8_t accept_ip[16];                                       /* peer of the last accepted connection, also of the parent's */
	uint8_t accept_family;                                       /* 4, 6, 0 */
	struct sensor_text *dns_name;
	uint64_t dns_ns;
};

struct sensor_processes {
	struct map by_pid;
	struct sensor_process *first_exited, *last_exited;           /* in order of exit */
	struct sensor_texts texts;
	uint64_t max, grace_ns;
	uint64_t n, n_exited, n_evicted, n_refused, n_unknown_parent, image_bytes;
	/* What other tables hold of a row that goes. */
	void (*on_free)(void *data, struct sensor_process *process);
	void *data;
};

void sensor_processes_init(struct sensor_processes *table, uint64_t max, uint64_t grace_ns);
/* All rows go; the texts, which other tables may hold too, stay until _done. */
void sensor_processes_release(struct sensor_processes *table);
void sensor_processes_done(struct sensor_processes *table);

/* start_ns 0: the newest of that pid. NULL when there is none. */
struct sensor_process *sensor_process_find(const struct sensor_processes *table, uint32_t pid, uint64_t start_ns);
/* A new row, without parent. A living row of the same pid is marked as ended: its exit was lost.
 * NULL when the table is full of living processes. */
struct sensor_process *sensor_process_add(struct sensor_processes *table, uint32_t pid, uint64_t start_ns, uint64_t now_ns);
void sensor_process_set_parent(struct sensor_process *process, struct sensor_process *parent);
/* What a child has of its parent at fork. */
void sensor_process_inherit(struct sensor_processes *table, struct sensor_process *child, const struct sensor_process *parent);
void sensor_process_exit(struct sensor_processes *table, struct sensor_process *process, uint64_t now_ns);
/* Everything the row holds is given up and the row is as new; it stays where it is in the table, if it is in it. For the row that
 * stands in for processes without one. */
void sensor_process_clear(struct sensor_processes *table, struct sensor_process *process);
/* Free what ended before now - grace, and of the rest the oldest beyond LIMIT_SENSOR_EXITED. */
void sensor_processes_expire(struct sensor_processes *table, uint64_t now_ns);

/* The image of an exec or seed event, from its parameters. */
struct sensor_image *sensor_image_new(struct sensor_processes *table, const struct sensor_wire_view *view, struct arena *scratch);
struct sensor_image *sensor_image_unref(struct sensor_processes *table, struct sensor_image *image);
void sensor_process_set_image(struct sensor_processes *table, struct sensor_process *process, struct sensor_image *image);

/* ---- reading rows ---- */
/* The n-th ancestor: 0 is the process. NULL past the oldest known. */
const struct sensor_process *sensor_process_ancestor(const struct sensor_process *process, unsigned n);
/* argv[i]; NULL past the end. */
const char *sensor_process_arg(const struct sensor_process *process, unsigned i, size_t *ret_len);
/* The value of one variable of the environment at exec; NULL. */
const char *sensor_process_env(const struct sensor_process *process, const char *name, size_t *ret_len);
/* The file name of the executable: last component of exepath; "" when unknown. */
const char *sensor_process_exe_name(const struct sensor_process *process);

#endif
