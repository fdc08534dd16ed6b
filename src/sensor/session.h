/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_SENSOR_SESSION_H
#define PARKA_SENSOR_SESSION_H
/*
 * How a process came into the system. An entry is made where a door is passed: a login server starts a shell, cron a job,
 * systemd a unit, a container runtime the first program of a container or one more (exec), a process of the host
 * steps into a container's namespaces. Everything forked from there shares the entry.
 *
 * A door is known by the program that the process was before its exec (sshd forks, the child execs the shell), and only
 * when that program's file belongs to root and nobody else may write it: a program called sshd does not make a login.
 * What cannot be told is SENSOR_ENTRY_UNKNOWN, never guessed.
 *
 * Thread: one.
 */
#include "sensor/process.h"

enum sensor_entry_kind {
	SENSOR_ENTRY_UNKNOWN, SENSOR_ENTRY_KERNEL, SENSOR_ENTRY_INIT, SENSOR_ENTRY_SYSTEMD, SENSOR_ENTRY_CRON,
	SENSOR_ENTRY_SSH, SENSOR_ENTRY_CONSOLE, SENSOR_ENTRY_CONTAINER, SENSOR_ENTRY_DOCKER_EXEC,
	SENSOR_ENTRY_PODMAN_EXEC, SENSOR_ENTRY_KUBECTL_EXEC, SENSOR_ENTRY_CONTAINER_EXEC, SENSOR_ENTRY_NSENTER,
	SENSOR_ENTRY_MAX
};

/* What a runtime runs in a container to ask whether it is well; one command may be for more than one of them. */
enum sensor_probe { SENSOR_PROBE_HEALTH = 1, SENSOR_PROBE_LIVENESS = 2, SENSOR_PROBE_READINESS = 4 };

struct sensor_entry {
	uint32_t refs;
	enum sensor_entry_kind kind;
	uint32_t leader_pid;
	uint32_t uid;                        /* who logged in; (u32)-1: not known */
	bool by_daemon;                      /* started by a daemon for somebody: the kernel's login uid is the daemon's */
	/* A login server that a person started by hand carries that person's login, and so does what it starts until PAM writes
	 * another: of processes in this audit session the kernel's login uid tells nothing. (u32)-1: none. */
	uint32_t lent_session;
	uint64_t leader_start_ns;
	char leader_name[16];
	struct sensor_text *leader_exepath, *tty, *remote;
	const void *container;               /* compared only */
	uint8_t probes;                      /* enum sensor_probe: it was let in to run these commands of the container */
};

struct sensor_state;
const char *sensor_entry_kind_name(enum sensor_entry_kind kind);
void sensor_entry_unref(struct sensor_state *state, struct sensor_entry *entry);

/* After `process` got its new image. `before`: the one it had, NULL at seeding. */
void sensor_session_exec(struct sensor_state *state, struct sensor_process *process, const struct sensor_image *before);
void sensor_session_fork(struct sensor_state *state, struct sensor_process *child, struct sensor_process *parent);
/* A setns that succeeded; the process's task holds the namespaces after it. */
void sensor_session_setns(struct sensor_state *state, struct sensor_process *process);
/* The audit session changed without an exec (a login server's own child). */
void sensor_session_login(struct sensor_state *state, struct sensor_process *process);

/* The login uid and audit session that can be relied on; (u32)-1 when there is none. */
uint32_t sensor_session_uid(const struct sensor_process *process);
uint32_t sensor_session_id(const struct sensor_process *process);
/* "ssh.service" of a cgroup path: the innermost unit; NULL. */
const char *sensor_session_unit(const char *cgroup_path, size_t *ret_len);
/* "pts/0" of a controlling terminal; 0 = none. */
size_t sensor_tty_name(const struct sensor_wire_task *task, char *out, size_t size);
uint32_t sensor_tty_number(const struct sensor_wire_task *task);

#endif
