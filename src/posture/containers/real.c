/* SPDX-License-Identifier: Apache-2.0 */
#include "posture/containers/containers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOUNTS_MAX = 8192, CGROUP_PATH_MAX = 4096, NO_LIMIT_BITS = 60 };

void container_differs(struct container *x, const char *format, ...)
{
	char text[1024];
	va_list args;

	if (x->n_differences == CONTAINER_LIST_MAX)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	x->differences[x->n_differences++] = posture_printf(x->set, "%s", text);
}

static void kernel(struct posture_value *v, const char *note)
{
	posture_said(v, POSTURE_FROM_KERNEL, note);
}

static const char *process_name(struct container *x, const struct container_process *p)
{
	return posture_printf(x->set, "%s[%u]", p->comm, p->pid);
}

static void set_list(struct container *x, enum model_field_id field, const char *const *items, size_t n, const char *note)
{
	kernel(posture_set_texts(x->record, field, items, n), note);
}

/* ---- rights of its processes ---- */

static const char *caps_text(struct container *x, uint64_t caps)
{
	const char *words[CONTAINER_CAPS];
	size_t n = container_caps_words(caps, words);
	_cleanup_strbuf_ struct strbuf text;

	strbuf_init(&text, 4096);
	for (size_t i = 0; i < n; i++)
		strbuf_addf(&text, "%s%s", i ? "+" : "", words[i]);
	return posture_printf(x->set, "%s", text.text ? text.text : "");
}

/* In a user namespace that a program of the container made for itself, capabilities are no privilege. */
static bool has_own_users(const struct container *x, const struct container_process *p)
{
	return p->ns[NS_USER] && x->processes[0].ns[NS_USER] && p->ns[NS_USER] != x->processes[0].ns[NS_USER];
}

static void caps_read(struct container *x)
{
	uint64_t effective = 0, bounding = 0;
	const char *words[CONTAINER_CAPS], *beyond[CONTAINER_LIST_MAX];
	size_t n = 0;

	for (size_t i = 0; i < x->n_processes; i++) {
		const struct container_process *p = &x->processes[i];
		uint64_t more = p->status.caps_effective & ~x->caps;

		if (has_own_users(x, p))
			continue;
		effective |= p->status.caps_effective;
		bounding |= p->status.caps_bounding;
		if (x->has_caps && more && n < CONTAINER_LIST_MAX) {
			beyond[n++] = posture_printf(x->set, "%s:%s", process_name(x, p), caps_text(x, more));
			container_differs(x, "%s has capabilities that were not declared: %s", process_name(x, p), caps_text(x, more));
		}
	}
	set_list(x, MODEL_F_CONTAINER_REAL_CAPS, words, container_caps_words(effective, words), "CapEff");
	set_list(x, MODEL_F_CONTAINER_REAL_BOUNDING_CAPS, words, container_caps_words(bounding, words), "CapBnd");
	if (x->has_caps)
		set_list(x, MODEL_F_CONTAINER_UNDECLARED_CAPS, beyond, n, "CapEff");
	else
		posture_set_unknown(x->record, MODEL_F_CONTAINER_UNDECLARED_CAPS, "what was declared cannot be read");
}

static void users_read(struct container *x)
{
	const char *roots[CONTAINER_LIST_MAX], *names[CONTAINER_LIST_MAX];
	size_t n_roots = 0, n_names = 0;
	bool has_sshd = false;

	for (size_t i = 0; i < x->n_processes; i++) {
		const struct container_process *p = &x->processes[i];

		if (p->status.uid == 0 && n_roots < CONTAINER_LIST_MAX)
			roots[n_roots++] = process_name(x, p);
		if (n_names < CONTAINER_LIST_MAX)
			names[n_names++] = posture_printf(x->set, "%s", p->comm);
		has_sshd |= strcmp(p->comm, "sshd") == 0 || strcmp(p->comm, "dropbear") == 0;
	}
	set_list(x, MODEL_F_CONTAINER_PROCESSES, names, n_names, "/proc/PID/comm");
	set_list(x, MODEL_F_CONTAINER_ROOT_PROCESSES, roots, n_roots, "/proc/PID/status");
	set_list(x, MODEL_F_CONTAINER_UNEXPECTED_ROOT, roots, x->has_user && !x->is_root ? n_roots : 0, "/proc/PID/status");
	kernel(posture_set_uint(x->record, MODEL_F_CONTAINER_N_PROCESSES, x->n_processes), NULL);
	kernel(posture_set_bool(x->record, MODEL_F_CONTAINER_RUNS_SSHD, has_sshd), "/proc/PID/comm");
	for (size_t i = 0; i < n_roots && x->has_user && !x->is_root; i++)
		container_differs(x, "%s is root, though the container is declared to run as another user", roots[i]);
}

static void confinement_read(struct container *x)
{
	static const char *const modes[] = { "disabled", "strict", "filter" };
	const char *open[CONTAINER_LIST_MAX];
	bool all_nnp = true;
	unsigned weakest = 2;
	size_t n = 0;

	for (size_t i = 0; i < x->n_processes; i++) {
		const struct container_process *p = &x->processes[i];

		if (x->no_new_privs && !p->status.no_new_privs && p->status.has_no_new_privs)
			container_differs(x, "%s can gain privileges, though no_new_privs is declared", process_name(x, p));
		all_nnp &= p->status.no_new_privs != 0;
		if (p->status.seccomp == 0 && n < CONTAINER_LIST_MAX) {
			open[n++] = process_name(x, p);
			if (x->has_filter)
				container_differs(x, "%s has no filter of system calls, though one is declared", process_name(x, p));
		}
		weakest = p->status.seccomp < weakest && p->status.seccomp != 1 ? p->status.seccomp : weakest;
	}
	kernel(posture_set_bool(x->record, MODEL_F_CONTAINER_REAL_NO_NEW_PRIVS, all_nnp), "NoNewPrivs");
	kernel(posture_set_text(x->record, MODEL_F_CONTAINER_REAL_SECCOMP, modes[weakest]), "Seccomp");
	set_list(x, MODEL_F_CONTAINER_UNFILTERED_PROCESSES, open, n, "Seccomp");
}

static void label_read(struct container *x)
{
	char *text;
	size_t len;

	if (!x->host->has_apparmor && !x->host->has_selinux)
		return;
	if (posture_process_read(x->set, x->processes[0].pid, "attr/current", &text, &len, NULL) < 0)
		return;
	text[strcspn(text, "\n")] = '\0';
	kernel(posture_set_text(x->record, MODEL_F_CONTAINER_REAL_LSM_LABEL, *text ? text : NULL), "/proc/PID/attr/current");
	if (x->host->has_apparmor && strcmp(text, "unconfined") == 0 && x->oci) {
		const char *declared = json_text(x->oci, "process", "apparmorProfile", NULL);
		if (declared && *declared && strcmp(declared, "unconfined") != 0)
			container_differs(x, "AppArmor does not confine %s, though profile %s is declared",
					  process_name(x, &x->processes[0]), declared);
	}
}

/* ---- namespaces ---- */

/* A rootless daemon's bundles name no user namespace: they are in the daemon's, which is not the host's. */
static void users_settle(struct container *x)
{
	uint64_t ours = x->processes[0].ns[NS_USER];

	if (ours && x->host->ns[NS_USER] && ours != x->host->ns[NS_USER] && x->host_ns[NS_USER])
		kernel(posture_set_bool(x->record, MODEL_F_CONTAINER_HOST_USERNS, false), "/proc/PID/ns");
}

static void namespaces_read(struct container *x)
{
	const char *shared[NS_MAX], *undeclared[NS_MAX];
	size_t n = 0, n_undeclared = 0;

	for (unsigned ns = 0; ns < NS_MAX; ns++) {
		const struct container_process *at = NULL;
		bool is_undeclared;

		for (size_t i = 0; i < x->n_processes && !at; i++)
			if (x->host->ns[ns] && x->processes[i].ns[ns] == x->host->ns[ns])
				at = &x->processes[i];
		if (!at)
			continue;
		shared[n++] = container_ns_names[ns];
		/* a bundle in a user namespace that the daemon itself is in declares none of its own */
		is_undeclared = x->oci && (ns == NS_MNT || !x->host_ns[ns]);
		if (!is_undeclared)
			continue;
		undeclared[n_undeclared++] = container_ns_names[ns];
		container_differs(x, "%s is in the host's %s namespace, which is not declared", process_name(x, at),
				  container_ns_names[ns]);
	}
	users_settle(x);
	if (!x->host->ns[NS_MNT]) {
		posture_set_unknown(x->record, MODEL_F_CONTAINER_REAL_HOST_NAMESPACES, "the host's own namespaces cannot be read");
		posture_set_unknown(x->record, MODEL_F_CONTAINER_UNDECLARED_HOST_NAMESPACES,
				    "the host's own namespaces cannot be read");
		return;
	}
	set_list(x, MODEL_F_CONTAINER_REAL_HOST_NAMESPACES, shared, n, "/proc/PID/ns");
	set_list(x, MODEL_F_CONTAINER_UNDECLARED_HOST_NAMESPACES, undeclared, n_undeclared, "/proc/PID/ns");
}

/* ---- mounts ---- */

static bool is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return n == 1 || (strncmp(path, dir, n) == 0 && (path[n] == '/' || !path[n]));
}

/* The mount that a path is on. */
static const struct container_mount *mount_of(const struct container_mount *mounts, size_t n, const char *path)
{
	const struct container_mount *best = NULL;

	for (size_t i = 0; i < n; i++)
		if (is_below(path, mounts[i].point) && (!best || strlen(mounts[i].point) >= strlen(best->point)))
			best = &mounts[i];
	return best;
}

/* /proc and /sys are the same kernel's everywhere: what is not there here is not there to be hidden or written to. */
static bool exists(struct container *x, const char *path)
{
	_cleanup_close_ int fd = posture_open(x->set, path, O_PATH);

	return fd >= 0;
}

static void writable_read(struct container *x, const struct container_mount *mounts, size_t n)
{
	static const struct {
		const char *path, *type;
	} paths[] = { { "/proc/sys", "proc" }, { "/proc/sysrq-trigger", "proc" }, { "/sys", "sysfs" } };
	const char *items[CONTAINER_LIST_MAX];
	size_t n_items = 0;

	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		const struct container_mount *m = mount_of(mounts, n, paths[i].path);
		if (m && m->writable && strcmp(m->type, paths[i].type) == 0 && exists(x, paths[i].path))
			items[n_items++] = paths[i].path;
	}
	for (size_t i = 0; i < n && n_items < CONTAINER_LIST_MAX; i++) {
		bool is_cgroup = strncmp(mounts[i].type, "cgroup", 6) == 0;

		if (!mounts[i].writable)
			continue;
		if (is_cgroup ||
		    (strcmp(mounts[i].type, "proc") == 0 && strcmp(mounts[i].point, "/proc") != 0 &&
		     strcmp(mounts[i].root, "/") == 0) ||
		    (strcmp(mounts[i].type, "sysfs") == 0 && strcmp(mounts[i].point, "/sys") != 0) ||
		    strcmp(mounts[i].type, "debugfs") == 0 || strcmp(mounts[i].type, "tracefs") == 0 ||
		    strcmp(mounts[i].type, "bpf") == 0 || strcmp(mounts[i].type, "binfmt_misc") == 0)
			items[n_items++] = mounts[i].point;
	}
	set_list(x, MODEL_F_CONTAINER_WRITABLE_KERNEL_PATHS, items, n_items, "/proc/PID/mountinfo");
}

static void masks_read(struct container *x, const struct container_mount *mounts, size_t n)
{
	static const char *const keys[] = { "maskedPaths", "readonlyPaths" };
	const char *open[CONTAINER_LIST_MAX];
	size_t n_open = 0;

	for (size_t k = 0; k < ARRAY_LEN(keys); k++) {
		const json_t *list = json_at(x->oci, "linux", keys[k], NULL);

		for (size_t i = 0; i < json_array_size(list) && n_open < CONTAINER_LIST_MAX; i++) {
			const char *path = json_string_value(json_array_get(list, i));
			const struct container_mount *m = path ? mount_of(mounts, n, path) : NULL;
			bool is_hidden = m && strcmp(m->point, path) == 0;

			if (!path || is_hidden || (k == 1 && m && !m->writable) || !exists(x, path))
				continue;
			open[n_open++] = posture_printf(x->set, "%s", path);
			container_differs(x, "%s is declared to be %s, and is not", path, k ? "read-only" : "hidden");
		}
	}
	if (x->oci)
		set_list(x, MODEL_F_CONTAINER_REAL_UNMASKED_PATHS, open, n_open, "/proc/PID/mountinfo");
}

static bool is_declared_mount(struct container *x, const char *point)
{
	const json_t *list = json_at(x->oci, "mounts", NULL);

	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *dest = json_text(json_array_get(list, i), "destination", NULL);
		if (dest && strcmp(dest, "/") != 0 && is_below(point, dest))
			return true;
	}
	return false;
}

/* File systems on disks: their device has a major number. */
static void undeclared_mounts_read(struct container *x, const struct container_mount *mounts, size_t n)
{
	const char *items[CONTAINER_LIST_MAX];
	size_t n_items = 0;

	for (size_t i = 0; i < n && x->oci && n_items < CONTAINER_LIST_MAX; i++) {
		if (!mounts[i].major || strcmp(mounts[i].point, "/") == 0 || is_declared_mount(x, mounts[i].point))
			continue;
		items[n_items++] = mounts[i].point;
		container_differs(x, "%s is mounted at %s, which nobody declared", mounts[i].source, mounts[i].point);
	}
	set_list(x, MODEL_F_CONTAINER_UNDECLARED_MOUNTS, items, n_items, "/proc/PID/mountinfo");
}

static void mounts_unknown(struct container *x, const char *why)
{
	static const enum model_field_id fields[] = { MODEL_F_CONTAINER_REAL_READ_ONLY, MODEL_F_CONTAINER_WRITABLE_KERNEL_PATHS,
						      MODEL_F_CONTAINER_REAL_UNMASKED_PATHS, MODEL_F_CONTAINER_UNDECLARED_MOUNTS };

	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		posture_set_unknown(x->record, fields[i], why);
	container_mounts_read(x, NULL, 0);
}

/* A process that shares the host's mounts shows those: the container's own are its first process's. */
static void mounts_read(struct container *x)
{
	_cleanup_free_ struct container_mount *mounts = mem_array(MOUNTS_MAX, sizeof(*mounts));
	const struct container_mount *root;
	struct err err = ERR_INIT;
	char *text;
	size_t len, n = 0;

	if (posture_process_read(x->set, x->processes[0].pid, "mountinfo", &text, &len, &err) < 0) {
		mounts_unknown(x, posture_printf(x->set, "%s", err.text));
		return;
	}
	if (container_mountinfo(x->set, text, mounts, MOUNTS_MAX, &n) < 0)
		posture_problem(x->set, MODEL_LAYER_CONTAINERS, x->oci_place,
				"%s: more than %d mounts; the rest is not looked at", x->record->name, MOUNTS_MAX);
	root = mount_of(mounts, n, "/");
	if (root) {
		kernel(posture_set_bool(x->record, MODEL_F_CONTAINER_REAL_READ_ONLY, !root->writable), "/proc/PID/mountinfo");
		if (root->writable && json_is_true(json_at(x->oci, "root", "readonly", NULL)))
			container_differs(x, "the root file system is declared read-only and mounted writable");
	}
	writable_read(x, mounts, n);
	masks_read(x, mounts, n);
	undeclared_mounts_read(x, mounts, n);
	container_mounts_read(x, mounts, n);
}

/* ---- limits of its control group ---- */

/* The path of the first process in a hierarchy: of version 1 that of the controller, else version 2's. False: there is none. */
static bool cgroup_of(const char *cgroups, const char *controller, char *ret, size_t size, bool *ret_is_v1)
{
	bool found = false;

	for (const char *line = cgroups; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		const char *names = strchr(line, ':'), *path = names ? strchr(names + 1, ':') : NULL;
		char list[256];

		if (!path || (size_t)(path - names) > sizeof(list))
			continue;
		snprintf(list, sizeof(list), "%.*s", (int)(path - names - 1), names + 1);
		if (*list ? strcmp(list, controller) != 0 && !strstr(list, controller) : found)
			continue;
		*ret_is_v1 = *list != '\0';
		snprintf(ret, size, "%.*s", (int)strcspn(path + 1, "\n"), path + 1);
		if (*list)
			return true;
		found = true;
	}
	return found;
}

static bool file_numbers(struct container *x, const char *path, uint64_t *ret_first, uint64_t *ret_second)
{
	_cleanup_close_ int fd = posture_open(x->set, path, O_RDONLY | O_NONBLOCK);
	char text[128], *end;
	ssize_t n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;

	if (n <= 0)
		return false;
	text[n] = '\0';
	*ret_first = strncmp(text, "max", 3) == 0 || text[0] == '-' ? UINT64_MAX : strtoull(text, &end, 10);
	end = text + strcspn(text, " ");
	*ret_second = strtoull(end, NULL, 10);
	return true;
}

/* The smallest of the group and those above it. *ret_seen: some file was there. */
static uint64_t limit_of(struct container *x, const char *cgroups, const char *controller, const char *v1_file,
			 const char *v2_file, bool *ret_seen)
{
	char path[CGROUP_PATH_MAX];
	uint64_t least = UINT64_MAX;
	bool is_v1 = false;

	if (!cgroup_of(cgroups, controller, path, sizeof(path), &is_v1))
		return least;
	for (;;) {
		const char *dir = is_v1 ? posture_printf(x->set, "/sys/fs/cgroup/%s%s", controller, path)
					: posture_printf(x->set, "/sys/fs/cgroup%s", path);
		uint64_t value, period = 0, v1_period;

		if (file_numbers(x, posture_printf(x->set, "%s/%s", dir, is_v1 ? v1_file : v2_file), &value, &period)) {
			*ret_seen = true;
			if (is_v1 && strcmp(controller, "cpu") == 0 && value != UINT64_MAX &&
			    file_numbers(x, posture_printf(x->set, "%s/cpu.cfs_period_us", dir), &v1_period, &period))
				period = v1_period;
			if (strcmp(controller, "cpu") == 0 && value != UINT64_MAX)
				value = value * 1000 / (period ? period : 100000);
			if (value >> NO_LIMIT_BITS == 0 && value < least)
				least = value;
		}
		if (!strrchr(path, '/') || strcmp(path, "/") == 0)
			return least;
		*strrchr(path, '/') = '\0';
	}
}

static void limits_read(struct container *x)
{
	static const struct { enum model_field_id real, declared; const char *controller, *v1, *v2, *what;
	} limits[] = {
		{ MODEL_F_CONTAINER_REAL_MEMORY_LIMIT, MODEL_F_CONTAINER_MEMORY_BYTES, "memory", "memory.limit_in_bytes",
		  "memory.max", "memory" },
		{ MODEL_F_CONTAINER_REAL_PIDS_LIMIT, MODEL_F_CONTAINER_PIDS_LIMIT, "pids", "pids.max", "pids.max",
		  "processes" },
		{ MODEL_F_CONTAINER_REAL_CPU_LIMIT, MODEL_F_CONTAINER_CPU_MILLIS, "cpu", "cpu.cfs_quota_us", "cpu.max",
		  "processor time" },
	};
	struct err err = ERR_INIT;
	char *cgroups;
	size_t len;

	if (posture_process_read(x->set, x->processes[0].pid, "cgroup", &cgroups, &len, &err) < 0) {
		for (size_t i = 0; i < ARRAY_LEN(limits); i++)
			posture_set_unknown(x->record, limits[i].real, posture_printf(x->set, "%s", err.text));
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
		bool seen = false;
		uint64_t limit = limit_of(x, cgroups, limits[i].controller, limits[i].v1, limits[i].v2, &seen);
		const struct posture_value *declared = posture_value_of(x->record, limits[i].declared);

		if (!seen)
			posture_set_unknown(x->record, limits[i].real,
					    posture_printf(x->set, "no file of the control group's %s controller can be read",
							   limits[i].controller));
		else if (limit != UINT64_MAX)
			kernel(posture_set_uint(x->record, limits[i].real, limit), "control group");
		if (seen && limit == UINT64_MAX && declared && declared->state == MODEL_SET)
			container_differs(x, "a limit of %s is declared, and its control group has none", limits[i].what);
	}
}

void container_real_read(struct container *x)
{
	if (x->n_processes == 0)
		return;
	caps_read(x);
	users_read(x);
	confinement_read(x);
	label_read(x);
	namespaces_read(x);
	mounts_read(x);
	limits_read(x);
	set_list(x, MODEL_F_CONTAINER_DIFFERENCES, x->differences, x->n_differences, NULL);
}
