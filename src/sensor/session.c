/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/session.h"
#include "base/mem.h"
#include "sensor/state_internal.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *const kind_names[] = {
	"unknown", "kernel", "init", "systemd", "cron", "ssh", "console", "container", "docker-exec",
	"podman-exec", "kubectl-exec", "container-exec", "nsenter",
};
_Static_assert(ARRAY_LEN(kind_names) == SENSOR_ENTRY_MAX, "a name for every kind");

/* Programs that let something in, by file name. */
static const struct { const char *name; enum sensor_entry_kind kind; } doors[] = {
	{ "sshd", SENSOR_ENTRY_SSH }, { "sshd-session", SENSOR_ENTRY_SSH }, { "sshd-auth", SENSOR_ENTRY_SSH },
	{ "dropbear", SENSOR_ENTRY_SSH },
	{ "login", SENSOR_ENTRY_CONSOLE }, { "agetty", SENSOR_ENTRY_CONSOLE }, { "getty", SENSOR_ENTRY_CONSOLE },
	{ "mingetty", SENSOR_ENTRY_CONSOLE }, { "gdm-session-worker", SENSOR_ENTRY_CONSOLE },
	{ "lightdm", SENSOR_ENTRY_CONSOLE }, { "sddm-helper", SENSOR_ENTRY_CONSOLE },
	{ "cron", SENSOR_ENTRY_CRON }, { "crond", SENSOR_ENTRY_CRON }, { "anacron", SENSOR_ENTRY_CRON },
	{ "fcron", SENSOR_ENTRY_CRON }, { "atd", SENSOR_ENTRY_CRON },
	{ "systemd", SENSOR_ENTRY_SYSTEMD }, { "systemd-executor", SENSOR_ENTRY_SYSTEMD },
};

static const char *const runtimes[] = {
	"runc", "docker-runc", "crun", "youki", "runsc", "conmon", "conmonrs", "containerd-shim", "containerd-shim-runc-v1",
	"containerd-shim-runc-v2", "docker-containerd-shim", "dockerd", "containerd", "podman", "crio", "buildah",
};

static const char *const changers[] = { "sudo", "su", "doas", "pkexec", "runuser", "sg", "newgrp", "run0", "setpriv" };

const char *sensor_entry_kind_name(enum sensor_entry_kind kind)
{
	return kind < SENSOR_ENTRY_MAX ? kind_names[kind] : "unknown";
}

void sensor_entry_unref(struct sensor_state *state, struct sensor_entry *entry)
{
	struct sensor_texts *texts = &state->processes.texts;

	if (!entry || --entry->refs)
		return;
	sensor_text_unref(texts, entry->leader_exepath);
	sensor_text_unref(texts, entry->tty);
	sensor_text_unref(texts, entry->remote);
	free(entry);
}

static void set_entry(struct sensor_state *state, struct sensor_process *process, struct sensor_entry *entry)
{
	if (entry)
		entry->refs++;
	sensor_entry_unref(state, process->entry);
	process->entry = entry;
}

static const char *image_name(const struct sensor_image *image)
{
	return image && image->exepath ? sensor_path_basename(image->exepath->text, image->exepath->len) : "";
}

/* Only root's own program opens a door. A memfd is no door, whatever its name; runc's copy of itself is known by
 * runtime_image(). */
static bool image_is_roots(const struct sensor_image *image)
{
	return image && image->has_file && image->file.uid == 0 && !(image->file.mode & (S_IWGRP | S_IWOTH)) &&
	       !(image->path_flags & SENSOR_PATH_ANON);
}

static enum sensor_entry_kind door_of(const struct sensor_image *image)
{
	const char *name = image_name(image);

	if (image_is_roots(image))
		for (size_t i = 0; i < ARRAY_LEN(doors); i++)
			if (strcmp(doors[i].name, name) == 0)
				return doors[i].kind;
	return SENSOR_ENTRY_UNKNOWN;
}

static bool runtime_image(const struct sensor_image *image)
{
	const char *name = image_name(image);

	if (!image || !image->has_file || image->file.uid != 0)
		return false;
	if (image->path_flags & SENSOR_PATH_ANON)              /* "memfd:runc_cloned:/proc/self/exe" */
		return strncmp(image->exepath ? image->exepath->text : "", "memfd:runc_cloned", 17) == 0;
	for (size_t i = 0; i < ARRAY_LEN(runtimes); i++)
		if (strcmp(runtimes[i], name) == 0)
			return true;
	return false;
}

static bool is_detached(const struct sensor_image *image)
{
	return image && image->has_file && image->file.uid == 0 &&
	       ((image->path_flags & SENSOR_PATH_DETACHED) || (image->exepath && strcmp(image->exepath->text, "/") == 0));
}

static bool runtime_among_ancestors(const struct sensor_process *process)
{
	const struct sensor_process *p = process->parent;

	for (unsigned i = 0; p && i < 6; i++, p = p->parent)
		if (runtime_image(p->image))
			return true;
	return false;
}

size_t sensor_tty_name(const struct sensor_wire_task *task, char *out, size_t size)
{
	int n = 0;

	if (task->tty_major >= 136 && task->tty_major <= 143)
		n = snprintf(out, size, "pts/%u", task->tty_index);
	else if (task->tty_major == 4 && task->tty_minor >= 64)
		n = snprintf(out, size, "ttyS%u", task->tty_minor - 64);
	else if (task->tty_major == 4)
		n = snprintf(out, size, "tty%u", task->tty_minor);
	else if (task->tty_major == 5 && task->tty_minor == 1)
		n = snprintf(out, size, "console");
	else if (task->tty_major)
		n = snprintf(out, size, "tty%u:%u", task->tty_major, task->tty_minor);
	return n > 0 && (size_t)n < size ? (size_t)n : 0;
}

/* As /proc/PID/stat shows it: the kernel's new_encode_dev(). */
uint32_t sensor_tty_number(const struct sensor_wire_task *task)
{
	uint32_t minor = task->tty_minor;

	return task->tty_major ? (minor & 0xff) | (task->tty_major << 8) | ((minor & ~0xffu) << 12) : 0;
}

static struct sensor_text *tty_text(struct sensor_state *state, const struct sensor_process *process)
{
	char name[64];
	size_t len = process->has_task ? sensor_tty_name(&process->task, name, sizeof(name)) : 0;

	return len ? sensor_text_get(&state->processes.texts, name, len) : NULL;
}

/* Where an ssh login came from: what sshd told its child, or else the connection it accepted. */
static struct sensor_text *remote_text(struct sensor_state *state, const struct sensor_process *process)
{
	char ip[INET6_ADDRSTRLEN];
	size_t len;
	const char *env = sensor_process_env(process, "SSH_CONNECTION", &len);

	if (env) {
		const char *blank = memchr(env, ' ', len);
		struct model_ip parsed;
		len = blank ? (size_t)(blank - env) : len;
		if (model_ip_parse(env, len, &parsed))
			return sensor_text_get(&state->processes.texts, env, len);
	}
	if (!process->accept_family ||
	    !inet_ntop(process->accept_family == 6 ? AF_INET6 : AF_INET, process->accept_ip, ip, sizeof(ip)))
		return NULL;
	return sensor_text_get(&state->processes.texts, ip, strlen(ip));
}

/* Docker, containerd and CRI-O start it for somebody; podman and runc are children of who typed the command. */
static bool started_by_daemon(const struct runtime_container *container)
{
	return container && container->kind != RUNTIME_PODMAN && container->kind != RUNTIME_OCI;
}

/* Where the kernel keeps no login uid, or an older one, the user that a login server starts the program as is the one it
 * let in. sshd also starts helpers before anybody is in; SSH_CONNECTION is what it gives to a session only. */
static uint32_t let_in_uid(const struct sensor_process *leader, enum sensor_entry_kind kind)
{
	size_t len;

	if (kind == SENSOR_ENTRY_SSH)
		return sensor_process_env(leader, "SSH_CONNECTION", &len) ? leader->uid : SENSOR_NO_ID;
	return kind == SENSOR_ENTRY_CONSOLE || kind == SENSOR_ENTRY_CRON ? leader->uid : SENSOR_NO_ID;
}

/* From one place into another, still by the hand of the same person. */
static void entry_carry(struct sensor_entry *e, const struct sensor_entry *from)
{
	if (e->uid == SENSOR_NO_ID || from->lent_session != SENSOR_NO_ID)
		e->uid = from->uid;
	e->lent_session = from->lent_session;
	e->by_daemon = from->by_daemon;
	e->remote = from->remote ? sensor_text_ref(from->remote) : NULL;
}

static bool runs_command(const struct sensor_image *image, const char *command)
{
	const char *argv = sensor_image_argv(image);
	size_t len = strlen(command);

	if (!image->n_args || image->argv_len != len)
		return false;
	for (size_t i = 0; i < len; i++)
		if ((argv[i] ? argv[i] : ' ') != command[i])
			return false;
	return true;
}

/* Only of what a runtime let in: the container's own programs may run the same command (Falco: write_thread_category() of its container
 * plug-in). What it starts, and what it becomes by exec, shares the entry. */
static uint8_t probes_of(const struct sensor_process *leader, const struct runtime_container *c, enum sensor_entry_kind kind)
{
	const char *commands[] = { c ? c->healthcheck : NULL, c ? c->liveness_probe : NULL, c ? c->readiness_probe : NULL };
	uint8_t probes = 0;

	for (size_t i = 0; leader->image && kind != SENSOR_ENTRY_CONTAINER && i < ARRAY_LEN(commands); i++)
		if (commands[i] && runs_command(leader->image, commands[i]))
			probes |= (uint8_t)(1u << i);
	return probes;
}

/* `door`: the image that opened it; NULL when none did. */
static void entry_new(struct sensor_state *state, struct sensor_process *leader, enum sensor_entry_kind kind,
		      const struct sensor_image *door)
{
	const struct runtime_container *container = sensor_process_container(leader);
	struct sensor_entry *e = mem_alloc(sizeof(*e));
	bool lent = (kind == SENSOR_ENTRY_SSH || kind == SENSOR_ENTRY_CRON) && door && door->session != SENSOR_NO_ID &&
		    door->session == leader->session;

	e->kind = kind;
	e->leader_pid = leader->pid;
	e->leader_start_ns = leader->start_ns;
	e->lent_session = lent ? leader->session : SENSOR_NO_ID;
	e->uid = !lent && leader->loginuid != SENSOR_NO_ID ? leader->loginuid : let_in_uid(leader, kind);
	memcpy(e->leader_name, leader->comm, sizeof(e->leader_name));
	e->leader_exepath = leader->image ? sensor_text_ref(leader->image->exepath) : NULL;
	e->tty = tty_text(state, leader);
	e->container = container;
	e->probes = probes_of(leader, container, kind);
	if (kind == SENSOR_ENTRY_SSH)
		e->remote = remote_text(state, leader);
	if (started_by_daemon(container)) {
		e->by_daemon = true;
		e->uid = SENSOR_NO_ID;
	} else if ((container || kind == SENSOR_ENTRY_NSENTER) && leader->entry) {
		entry_carry(e, leader->entry);
	}
	if (e->by_daemon || (!container && kind != SENSOR_ENTRY_NSENTER))
		sensor_text_set(&state->processes.texts, &leader->via, NULL);
	set_entry(state, leader, e);
}

static enum sensor_entry_kind exec_kind(const struct runtime_container *container)
{
	if (container->pod_name || container->pod_uid)
		return SENSOR_ENTRY_KUBECTL_EXEC;
	if (container->kind == RUNTIME_DOCKER)
		return SENSOR_ENTRY_DOCKER_EXEC;
	return container->kind == RUNTIME_PODMAN ? SENSOR_ENTRY_PODMAN_EXEC : SENSOR_ENTRY_CONTAINER_EXEC;
}

static bool container_first(const struct sensor_process *process, const struct runtime_container *container)
{
	if (container->init_pid)
		return container->init_pid == process->pid;
	if (process->has_task && process->task.vpid == 1)
		return true;
	return process->cgroup->entry_pid == 0 || process->cgroup->entry_pid == process->pid;
}

/* A process that runs in a container and whose entry is not of that container. */
static void enter_container(struct sensor_state *state, struct sensor_process *process, const struct sensor_image *before)
{
	const struct runtime_container *container = sensor_process_container(process);
	enum sensor_entry_kind kind = SENSOR_ENTRY_UNKNOWN;

	/* The runtime itself, on its way in: by its name, or, as runc runs itself since 1.2, from a detached mount without a path. */
	if (runtime_image(process->image) || (is_detached(process->image) && runtime_among_ancestors(process)))
		return;
	if (process->has_task && process->task.vpid == 1)
		kind = SENSOR_ENTRY_CONTAINER;
	else if (runtime_image(before) || runtime_among_ancestors(process))
		kind = container_first(process, container) ? SENSOR_ENTRY_CONTAINER : exec_kind(container);
	if (kind == SENSOR_ENTRY_CONTAINER && !process->cgroup->entry_pid)
		process->cgroup->entry_pid = process->pid;
	entry_new(state, process, kind, NULL);
}

/* Its fork was not seen: what a child has of its parent's entry. */
static void seeded_below(struct sensor_state *state, struct sensor_process *process, const struct sensor_process *parent)
{
	set_entry(state, process, parent->entry);
	if (!process->via && parent->via)
		sensor_text_set(&state->processes.texts, &process->via, sensor_text_ref(parent->via));
}

static void enter_host(struct sensor_state *state, struct sensor_process *process, const struct sensor_image *before)
{
	struct sensor_process *parent = process->parent;
	const struct sensor_image *door_image = before ? before : parent ? parent->image : NULL;
	enum sensor_entry_kind door = door_of(door_image), self = door_of(process->image);

	if (process->pid == 1)
		entry_new(state, process, SENSOR_ENTRY_INIT, NULL);
	else if (door != SENSOR_ENTRY_UNKNOWN && self != door)
		entry_new(state, process, door, door_image);
	else if (!process->entry && parent && parent->entry)
		seeded_below(state, process, parent);
	else if (parent && parent->pid == 1 && (!process->entry || process->entry->kind == SENSOR_ENTRY_INIT))
		entry_new(state, process, door_of(parent->image) == SENSOR_ENTRY_SYSTEMD ? SENSOR_ENTRY_SYSTEMD : SENSOR_ENTRY_INIT, NULL);
	else if (!process->entry && process->cgroup && process->cgroup->path) {
		size_t len;
		const char *unit = sensor_session_unit(process->cgroup->path->text, &len);
		if (unit && len > 8 && memcmp(unit + len - 8, ".service", 8) == 0)
			entry_new(state, process, SENSOR_ENTRY_SYSTEMD, NULL);
	}
}

/* su and sudo may start the shell in place of themselves: what led here is kept as text. */
static void note_change(struct sensor_state *state, struct sensor_process *process)
{
	struct sensor_texts *texts = &state->processes.texts;
	const char *name = image_name(process->image);
	char text[256];
	int n;

	if (!image_is_roots(process->image))
		return;
	for (size_t i = 0; i < ARRAY_LEN(changers); i++) {
		if (strcmp(changers[i], name) != 0)
			continue;
		n = snprintf(text, sizeof(text), process->via ? "%s < %s" : "%s", name, process->via ? process->via->text : "");
		if (n > 0 && (size_t)n < sizeof(text))
			sensor_text_set(texts, &process->via, sensor_text_get(texts, text, (size_t)n));
		return;
	}
}

void sensor_session_exec(struct sensor_state *state, struct sensor_process *process, const struct sensor_image *before)
{
	const struct runtime_container *container = sensor_process_container(process);
	struct sensor_process *parent = process->parent;
	const struct sensor_entry *entry = process->entry;

	/* A seeded child of a login server was forked off it, and may have been given its own login since. */
	if (!before && parent && parent->image && process->image && door_of(process->image) != SENSOR_ENTRY_UNKNOWN &&
	    door_of(parent->image) == door_of(process->image))
		process->image->session = parent->image->session;
	if (process->has_task && (process->task.flags & SENSOR_PF_KTHREAD)) {
		if (!entry || entry->kind != SENSOR_ENTRY_KERNEL)
			entry_new(state, process, SENSOR_ENTRY_KERNEL, NULL);
	} else if (!container) {
		enter_host(state, process, before);
	} else if (!entry || entry->container != container) {
		if (!before && parent && parent->entry && parent->entry->container == container)
			seeded_below(state, process, parent);
		else
			enter_container(state, process, before);
	}
	note_change(state, process);
}

void sensor_session_fork(struct sensor_state *state, struct sensor_process *child, struct sensor_process *parent)
{
	set_entry(state, child, parent->entry);
}

void sensor_session_setns(struct sensor_state *state, struct sensor_process *process)
{
	if (sensor_process_container(process) || runtime_image(process->image) || process->entered_foreign_ns ||
	    door_of(process->image) == SENSOR_ENTRY_SYSTEMD || !process->has_task)
		return;
	if (!map_get_u64(&state->container_ns, process->task.mnt_ns) &&
	    !(process->task.pid_ns && map_get_u64(&state->container_ns, process->task.pid_ns)))
		return;
	process->entered_foreign_ns = true;
	entry_new(state, process, SENSOR_ENTRY_NSENTER, NULL);
}

void sensor_session_login(struct sensor_state *state, struct sensor_process *process)
{
	enum sensor_entry_kind door = door_of(process->image);

	if (!sensor_process_container(process) && (door == SENSOR_ENTRY_SSH || door == SENSOR_ENTRY_CRON))
		entry_new(state, process, door, process->image);
}

static bool login_is_lent(const struct sensor_process *process)
{
	const struct sensor_entry *e = process->entry;

	return e && e->lent_session != SENSOR_NO_ID && e->lent_session == process->session;
}

uint32_t sensor_session_uid(const struct sensor_process *process)
{
	if (process->entry && process->entry->by_daemon)
		return SENSOR_NO_ID;
	if (process->loginuid != SENSOR_NO_ID && !login_is_lent(process))
		return process->loginuid;
	return process->entry ? process->entry->uid : SENSOR_NO_ID;
}

uint32_t sensor_session_id(const struct sensor_process *process)
{
	return (process->entry && process->entry->by_daemon) || login_is_lent(process) ? SENSOR_NO_ID : process->session;
}

const char *sensor_session_unit(const char *cgroup_path, size_t *ret_len)
{
	static const char *const ends[] = { ".service", ".scope", ".mount", ".socket", ".swap" };
	const char *end = cgroup_path + strlen(cgroup_path);

	while (end > cgroup_path) {
		const char *start = memrchr(cgroup_path, '/', (size_t)(end - cgroup_path));
		size_t len;

		start = start ? start + 1 : cgroup_path;
		len = (size_t)(end - start);
		for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
			size_t n = strlen(ends[i]);
			if (len > n && memcmp(end - n, ends[i], n) == 0) {
				*ret_len = len;
				return start;
			}
		}
		end = start > cgroup_path ? start - 1 : cgroup_path;
	}
	return NULL;
}
