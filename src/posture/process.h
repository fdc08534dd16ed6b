/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_POSTURE_PROCESS_H
#define PARKA_POSTURE_PROCESS_H
/*
 * Processes of the machine that is looked at, from its /proc: for collectors that need to know who runs, with what command
 * line and what rights. Processes come and go meanwhile: what is gone is passed over by posture_processes() and -ENOENT or
 * -ESRCH from the others. Everything read is another program's text, and limited.
 * Memory: the set's arena. Thread: one.
 */
#include "posture/record.h"

enum {
	POSTURE_PROCESSES_MAX = 1 << 16,         /* looked at */
	POSTURE_COMMAND_BYTES_MAX = 64 << 10,    /* of one command line; the rest is cut */
	POSTURE_ARGUMENTS_MAX = 1024,
	POSTURE_PROC_FILE_BYTES_MAX = 4 << 20,   /* of one file of /proc */
	POSTURE_COMM_BYTES = 64,
};

/* Calls `each` for every process, in the order of /proc. `comm` only lives during the call. */
void posture_processes(struct posture_set *set, void (*each)(void *data, unsigned pid, const char *comm), void *data);

/* Its command line: words, NULL-ended. */
int posture_process_command(struct posture_set *set, unsigned pid, const char *const **ret_argv, size_t *ret_argc,
			    struct err *err);
/* A variable of the environment that it was started with; NULL when there is none or it cannot be read. */
const char *posture_process_env(struct posture_set *set, unsigned pid, const char *name);

/* /proc/PID/status (proc(5)). */
struct posture_process_status {
	uint64_t uid, gid;               /* effective, as the reader's user namespace has them */
	uint64_t parent, ns_pid;         /* ns_pid: in its own pid namespace */
	uint64_t caps_effective, caps_permitted, caps_bounding;
	unsigned no_new_privs;           /* 0, 1 */
	unsigned seccomp;                /* 0 disabled, 1 strict, 2 filter */
	bool has_no_new_privs, has_seccomp, has_caps;
};
int posture_process_status(struct posture_set *set, unsigned pid, struct posture_process_status *ret, struct err *err);

/* Inode of a namespace of it ("net", "pid", ...). */
int posture_process_namespace(struct posture_set *set, unsigned pid, const char *name, uint64_t *ret_inode);
/* A small text file below /proc/PID. */
int posture_process_read(struct posture_set *set, unsigned pid, const char *name, char **ret_text, size_t *ret_len,
			 struct err *err);

/* Sockets that listen on TCP in the process's network namespace and belong to it: "0.0.0.0:2375", "[::]:2377". */
size_t posture_process_listens(struct posture_set *set, unsigned pid, const char **ret, size_t max);

#endif
