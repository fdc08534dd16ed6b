/* SPDX-License-Identifier: Apache-2.0 */
/* Processes: what they may do, and what they still run of files that are gone. */
#include "posture/host/host.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAPS_BYTES_MAX = 16 << 20, LINK_MAX_BYTES = 4096 };

static const char no_proc[] = "there is no /proc: the machine does not run, or it is not mounted";

void host_running_read(struct posture_set *set, struct host_running *running)
{
	struct host_names names = host_list(set, "/proc");

	*running = (struct host_running){ .names = MAP_INIT, .why = names.why };
	if (!host_exists(set, "/proc/1"))
		running->why = no_proc;
	for (size_t i = 0; i < names.n; i++) {
		const char *why, *comm;

		if (!isdigit((unsigned char)names.names[i][0]))
			continue;
		comm = host_read_line(set, posture_printf(set, "/proc/%s/comm", names.names[i]), &why);
		if (comm)
			map_put(&running->names, comm, strlen(comm), (void *)comm);
	}
}

void host_running_done(struct host_running *running)
{
	map_done(&running->names);
}

/* The kernel keeps 15 bytes of a name (TASK_COMM_LEN). */
bool host_runs(const struct host_running *running, const char *comm)
{
	size_t len = strlen(comm);

	return map_get(&running->names, comm, len > 15 ? 15 : len);
}

/* Where a link of /proc leads; NULL with errno. */
static const char *link_of(struct posture_set *set, const char *path)
{
	_cleanup_close_ int fd = posture_open(set, path, O_PATH | O_NOFOLLOW);
	char text[LINK_MAX_BYTES];
	ssize_t n;

	if (fd < 0) {
		errno = -fd;
		fd = -1;
		return NULL;
	}
	n = readlinkat(fd, "", text, sizeof(text) - 1);
	return n < 0 ? NULL : posture_printf(set, "%.*s", (int)n, text);
}

static const char *status_value(const char *status, const char *name)
{
	const char *at = strstr(status, name);

	return at ? at + strlen(name) + strspn(at + strlen(name), " \t") : NULL;
}

static uint64_t status_number(const char *status, const char *name, int base)
{
	const char *at = status_value(status, name);

	return at ? strtoull(at, NULL, base) : 0;
}

/* Files mapped as code that were replaced: what a restart would bring in. Not what programs delete on purpose. */
static bool is_replaced(const char *path, size_t len)
{
	static const char *const starts[] = { "/usr/", "/lib", "/bin/", "/sbin/", "/opt/" };
	static const char end[] = " (deleted)";

	if (len < sizeof(end) || memcmp(path + len - (sizeof(end) - 1), end, sizeof(end) - 1) != 0)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(starts); i++)
		if (strncmp(path, starts[i], strlen(starts[i])) == 0)
			return true;
	return false;
}

static void set_replaced(struct posture_record *r, const char *pid)
{
	struct posture_set *set = r->set;
	struct host_list_of_texts list = { 0 };
	const char *why;
	char *text = host_read(set, posture_printf(set, "/proc/%s/maps", pid), MAPS_BYTES_MAX, &why), *last = NULL;

	if (why) {
		posture_set_unknown(r, MODEL_F_PROCESS_REPLACED_FILES, why);
		return;
	}
	for (char *at = text; at && (at = strstr(at, " (deleted)\n")); at++) {
		char *path = at, *end = at + strlen(" (deleted)");

		while (path > text && path[-1] != '\n')
			path--;
		path = memchr(path, '/', (size_t)(at - path));
		if (path && is_replaced(path, (size_t)(end - path)) && !(last && strncmp(last, path, (size_t)(at - path)) == 0)) {
			host_add(set, &list, posture_printf(set, "%.*s", (int)(at - path), path));
			last = path;
		}
	}
	host_set_list(r, MODEL_F_PROCESS_REPLACED_FILES, &list);
}

static void process_record(struct posture_set *set, const char *pid, const char *status, const char *host_pid_ns)
{
	struct host_list_of_texts capabilities = { 0 };
	const char *name = status_value(status, "Name:"), *exe, *ns;
	uint64_t effective = status_number(status, "\nCapEff:", 16);
	struct posture_record *r;

	name = posture_printf(set, "%.*s", (int)strcspn(name ? name : "?", "\n"), name ? name : "?");
	r = posture_record_new(set, MODEL_KIND_HOST_PROCESS, NULL, posture_printf(set, "process %s (%s)", name, pid), (struct posture_place){ 0 });
	r->key = posture_printf(set, "process %s", name);
	posture_set_uint(r, MODEL_F_PROCESS_PID, strtoull(pid, NULL, 10));
	posture_set_text(r, MODEL_F_PROCESS_NAME, name);
	/* Uid: real, effective, saved, file system. */
	posture_set_uint(r, MODEL_F_PROCESS_UID, status_number(status, "\nUid:", 10));
	exe = link_of(set, posture_printf(set, "/proc/%s/exe", pid));
	host_set_text_or(r, MODEL_F_PROCESS_EXE, exe, exe ? NULL : posture_printf(set, "read /proc/%s/exe: %s", pid, strerror(errno)));
	host_add_capabilities(set, &capabilities, effective);
	host_set_list(r, MODEL_F_PROCESS_CAPABILITIES, &capabilities);
	posture_set_bool(r, MODEL_F_PROCESS_NO_NEW_PRIVS, status_number(status, "\nNoNewPrivs:", 10));
	posture_set_bool(r, MODEL_F_PROCESS_HAS_SECCOMP, status_number(status, "\nSeccomp:", 10) == 2);
	ns = link_of(set, posture_printf(set, "/proc/%s/ns/pid", pid));
	if (ns && host_pid_ns)
		posture_set_bool(r, MODEL_F_PROCESS_IS_CONTAINED, strcmp(ns, host_pid_ns) != 0);
	else
		posture_set_unknown(r, MODEL_F_PROCESS_IS_CONTAINED, "its namespaces cannot be read");
	if (exe && is_replaced(exe, strlen(exe)))
		posture_set_bool(r, MODEL_F_PROCESS_IS_REPLACED, true);
	else
		posture_set_bool(r, MODEL_F_PROCESS_IS_REPLACED, false);
	set_replaced(r, pid);
	posture_set_text(r, MODEL_F_PROCESS_WRITABLE_BY, exe && *exe == '/' && status_number(status, "\nUid:", 10) == 0 && ns && host_pid_ns &&
			 strcmp(ns, host_pid_ns) == 0 ? host_writable_by_others(set, exe) : NULL);
}

static void collect(struct posture_set *set, const struct posture_audit_options *options)
{
	struct host_names names = host_list(set, "/proc");
	const char *host_pid_ns = link_of(set, "/proc/1/ns/pid"), *kthreadd, *why_not;

	(void)options;
	/* The first process may forbid to be looked into; the kernel's own threads are only in its own namespace. */
	kthreadd = host_pid_ns ? NULL : host_read_line(set, "/proc/2/comm", &why_not);
	if (kthreadd && strcmp(kthreadd, "kthreadd") == 0)
		host_pid_ns = link_of(set, "/proc/2/ns/pid");
	if (!host_exists(set, "/proc/1"))
		posture_problem(set, MODEL_LAYER_KERNEL, (struct posture_place){ .file = "/proc" }, "%s", no_proc);
	for (size_t i = 0; i < names.n; i++) {
		const char *pid = names.names[i], *why;
		char *status = isdigit((unsigned char)*pid) ? host_read(set, posture_printf(set, "/proc/%s/status", pid), HOST_FILE_BYTES_MAX, &why) : NULL;

		/* Threads of the kernel have no memory of their own. */
		if (status && strstr(status, "\nVmSize:"))
			process_record(set, pid, status, host_pid_ns);
	}
}

const struct posture_collector host_processes_collector = {
	.name = "processes",
	.layer = MODEL_LAYER_KERNEL,
	.meaning = "processes: capabilities, seccomp, files that were replaced under them",
	.collect = collect,
};
