/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process as a seed event from /proc alone: for kernels without the task iterator, and for processes that an
 * iterator leaves out. It knows less: start times in clock ticks only, unless a child says it exactly.
 */
#include "sensor/sensor_internal.h"

#include "base/file.h"
#include "base/mem.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PROC_TEXT_MAX = 1 << 16 };

static void *add_param(struct sensor_wire *out, unsigned id, size_t len)
{
	struct sensor_wire_param *p = (struct sensor_wire_param *)((uint8_t *)out + out->len);
	size_t padded = (len + 7) & ~(size_t)7;

	memset(p, 0, sizeof(*p) + padded);
	*p = (struct sensor_wire_param){ .id = (uint16_t)id, .len = (uint32_t)len };
	out->len += (uint32_t)(sizeof(*p) + padded);
	out->n_params++;
	return p + 1;
}

/* "/usr/bin/cat" as components from the leaf up. */
static void add_path(struct sensor_wire *out, unsigned id, char *text)
{
	size_t n = 0, len = strlen(text) + 1, at = sizeof(struct sensor_wire_path);
	struct sensor_wire_path *path;
	char *slash;

	if (text[0] != '/')
		return;
	path = add_param(out, id, sizeof(*path) + len);
	while ((slash = strrchr(text, '/')) != NULL) {
		if (slash[1]) {
			memcpy((char *)path + at, slash + 1, strlen(slash + 1));
			at += strlen(slash + 1) + 1;
			n++;
		}
		*slash = 0;
	}
	path->n = path->n_first_mount = (uint16_t)n;
}

static void add_link(struct sensor_wire *out, int dir, const char *name, unsigned id)
{
	char text[4096];
	ssize_t n = readlinkat(dir, name, text, sizeof(text) - 1);

	if (n <= 0)
		return;
	text[n] = 0;
	add_path(out, id, text);
}

static unsigned long long number_after(const char *status, const char *key, int base)
{
	const char *at = strstr(status, key);

	return at ? strtoull(at + strlen(key), NULL, base) : 0;
}

static void add_cred(struct sensor_wire *out, const char *status)
{
	struct sensor_wire_cred *c = add_param(out, SENSOR_P_CRED, sizeof(*c));
	const char *at = strstr(status, "\nUid:");
	uint32_t *uids[] = { &c->uid, &c->euid, &c->suid, &c->fsuid }, *gids[] = { &c->gid, &c->egid, &c->sgid, &c->fsgid };
	char *end = at ? (char *)at + 5 : NULL;

	for (size_t i = 0; end && i < 4; i++)
		*uids[i] = (uint32_t)strtoul(end, &end, 10);
	at = strstr(status, "\nGid:");
	end = at ? (char *)at + 5 : NULL;
	for (size_t i = 0; end && i < 4; i++)
		*gids[i] = (uint32_t)strtoul(end, &end, 10);
	c->cap_inheritable = number_after(status, "\nCapInh:", 16);
	c->cap_permitted = number_after(status, "\nCapPrm:", 16);
	c->cap_effective = number_after(status, "\nCapEff:", 16);
	c->cap_bounding = number_after(status, "\nCapBnd:", 16);
	c->cap_ambient = number_after(status, "\nCapAmb:", 16);
	out->uid = c->uid;
	out->euid = c->euid;
	out->gid = c->gid;
	out->egid = c->egid;
	out->fsuid = c->fsuid;
	out->cap_eff = c->cap_effective;
	out->cap_prm = c->cap_permitted;
}

/* 0 when it may not be asked. */
static uint32_t namespace_of(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, 0) < 0 ? 0 : (uint32_t)st.st_ino;
}

/* The fields after the name in /proc/PID/stat; the name may hold anything, also ")". */
static bool add_task(struct sensor_wire *out, int dir, const char *stat, const char *status, uint64_t start_ns)
{
	const char *after = strrchr(stat, ')');
	struct sensor_wire_task *t;
	unsigned long long field[20] = { 0 };
	char *end;

	if (!after || strlen(after) < 4)
		return false;
	end = (char *)after + 3;             /* behind ") S" */
	for (size_t i = 0; i < 19; i++)
		field[i] = strtoull(end, &end, 10);
	t = add_param(out, SENSOR_P_TASK, sizeof(*t));
	t->ppid = (uint32_t)field[0];
	t->pgid = (uint32_t)field[1];
	t->sid = (uint32_t)field[2];
	t->tty_major = (uint32_t)(field[3] >> 8 & 0xfff);
	t->tty_minor = (uint32_t)((field[3] & 0xff) | (field[3] >> 12 & 0xfff00));
	t->flags = (uint32_t)field[5];
	t->start_ns = start_ns ? start_ns : field[18] * (1000000000 / (unsigned long long)sysconf(_SC_CLK_TCK));
	t->vpid = t->vtid = out->pid;
	t->no_new_privs = (uint32_t)number_after(status, "\nNoNewPrivs:", 10);
	t->seccomp = (uint32_t)number_after(status, "\nSeccomp:", 10);
	t->ptracer_pid = (uint32_t)number_after(status, "\nTracerPid:", 10);
	out->start_ns = t->start_ns;
	out->mnt_ns = t->mnt_ns = namespace_of(dir, "ns/mnt");
	out->pid_ns = t->pid_ns = namespace_of(dir, "ns/pid");
	out->user_ns = t->user_ns = namespace_of(dir, "ns/user");
	t->net_ns = namespace_of(dir, "ns/net");
	t->uts_ns = namespace_of(dir, "ns/uts");
	t->ipc_ns = namespace_of(dir, "ns/ipc");
	t->cgroup_ns = namespace_of(dir, "ns/cgroup");
	return true;
}

static uint32_t read_number(int dir, const char *name, struct arena *arena)
{
	char *text;
	size_t len;

	return file_read_at(dir, name, 64, arena, &text, &len, NULL) < 0 ? (uint32_t)-1 : (uint32_t)strtoul(text, NULL, 10);
}

bool sensor_seed_from_proc(uint32_t pid, uint64_t start_ns, struct sensor_wire *out)
{
	_cleanup_(arena_done) struct arena arena;
	_cleanup_close_ int dir = -1;
	char path[32], *stat_text, *status, *comm;
	size_t len;

	arena_init(&arena, 1 << 20);
	snprintf(path, sizeof(path), "/proc/%u", pid);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || file_read_at(dir, "stat", PROC_TEXT_MAX, &arena, &stat_text, &len, NULL) < 0 ||
	    file_read_at(dir, "status", PROC_TEXT_MAX, &arena, &status, &len, NULL) < 0)
		return false;
	*out = (struct sensor_wire){ .len = sizeof(*out), .flags = SENSOR_WIRE_NO_RET, .pid = pid, .tid = pid, .count = 1 };
	if (file_read_at(dir, "comm", 64, &arena, &comm, &len, NULL) == 0)
		snprintf(out->comm, sizeof(out->comm), "%.*s", (int)strcspn(comm, "\n"), comm);
	out->loginuid = read_number(dir, "loginuid", &arena);
	out->session = read_number(dir, "sessionid", &arena);
	if (!add_task(out, dir, stat_text, status, start_ns))
		return false;
	add_cred(out, status);
	add_link(out, dir, "exe", SENSOR_P_PATH);
	add_link(out, dir, "cwd", SENSOR_P_CWD);
	return true;
}
