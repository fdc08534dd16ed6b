/* SPDX-License-Identifier: Apache-2.0 */
/* What events change in the tables. */
#include "model/event.h"
#include "sensor/fdtrack.h"
#include "sensor/state_internal.h"

#include <linux/prctl.h>
#include <sched.h>
#include <string.h>

static void set_comm(struct sensor_process *process, const char comm[16])
{
	memcpy(process->comm, comm, sizeof(process->comm));
	process->comm[sizeof(process->comm) - 1] = '\0';
}

static void set_cgroup(struct sensor_state *state, struct sensor_process *process, uint64_t id, uint64_t now_ns)
{
	struct sensor_cgroup *cgroup;

	if (process->cgroup && process->cgroup->id == id)
		return;
	cgroup = sensor_cgroup_get(&state->cgroups, id, process->pid);
	if (cgroup)
		cgroup->n_processes++;
	if (cgroup && process->cgroup)
		cgroup->joined_ns = now_ns;
	sensor_cgroup_unref(&state->cgroups, process->cgroup);
	process->cgroup = cgroup;
}

static void note_container_ns(struct sensor_state *state, const struct sensor_process *process, const struct sensor_wire *event)
{
	if (!sensor_process_container(process) || state->container_ns.n + 2 > LIMIT_SENSOR_NAMESPACES)
		return;
	if (event->mnt_ns && event->mnt_ns != state->host_task.mnt_ns)
		map_put_u64(&state->container_ns, event->mnt_ns, state);
	if (event->pid_ns && event->pid_ns != SENSOR_FIRST_PID_NS && event->pid_ns != state->host_task.pid_ns)
		map_put_u64(&state->container_ns, event->pid_ns, state);
}

/* What every event says of its process. */
static void set_header(struct sensor_state *state, struct sensor_process *process, const struct sensor_wire *event)
{
	bool login = process->session_seen && process->session != event->session && event->session != SENSOR_NO_ID;

	set_cgroup(state, process, event->cgroup, event->ts_ns);
	process->uid = event->uid;
	process->euid = event->euid;
	process->gid = event->gid;
	process->loginuid = event->loginuid;
	process->session = event->session;
	process->session_seen = true;
	if (login)
		sensor_session_login(state, process);
}

static void set_task(struct sensor_state *state, struct sensor_process *process, const struct sensor_wire_view *view, bool is_fork)
{
	const struct sensor_wire_task *task = sensor_wire_struct(view, SENSOR_P_TASK, sizeof(*task));
	struct sensor_process *parent;

	if (!task)
		return;
	process->task = *task;
	process->has_task = true;
	/* Kernel threads are in the first namespaces: kthreadd stands in where init cannot be read. */
	if ((process->pid == 1 || (process->pid == 2 && !state->has_host_task)) && task->mnt_ns &&
	    !sensor_process_container(process)) {
		state->host_task = *task;
		state->has_host_task = true;
	}
	if (task->ppid == 0) {
		sensor_process_set_parent(process, NULL);
		return;
	}
	parent = sensor_process_find(&state->processes, task->ppid, task->parent_start_ns);
	if (parent && parent != process)
		sensor_process_set_parent(process, parent);
	else if (!is_fork && !process->parent)
		state->processes.n_unknown_parent++;
}

static void set_cred(struct sensor_process *process, const struct sensor_wire_view *view)
{
	const struct sensor_wire_cred *cred = sensor_wire_struct(view, SENSOR_P_CRED, sizeof(*cred));

	if (!cred)
		return;
	process->cred = *cred;
	process->has_cred = true;
}

static void set_cwd(struct sensor_state *state, struct sensor_process *process, const struct sensor_wire_view *view, enum sensor_param id)
{
	struct sensor_path path;
	size_t len;
	const char *text;

	if (!sensor_path_of(view, id, &path) || !(text = sensor_path_text(&path, &state->scratch, &len)))
		return;
	sensor_text_set(&state->processes.texts, &process->cwd, sensor_text_get(&state->processes.texts, text, len));
}

static void update_exec(struct sensor_state *state, struct sensor_process *process, const struct sensor_wire_view *view, bool is_seed)
{
	struct sensor_image *before = process->image;

	process->image = sensor_image_new(&state->processes, view, &state->scratch);
	process->image->is_seed = is_seed;
	set_comm(process, view->event->comm);
	set_task(state, process, view, false);
	set_cred(process, view);
	set_cwd(state, process, view, SENSOR_P_CWD);
	sensor_fdtrack_exec(state, process, view);
	if (process->cgroup)
		sensor_cgroup_refresh(&state->cgroups, process->cgroup);
	note_container_ns(state, process, view->event);
	sensor_session_exec(state, process, is_seed ? NULL : before);
	process->is_partial = false;
	sensor_image_unref(&state->processes, before);
}

static void update_fork(struct sensor_state *state, struct sensor_process *parent, const struct sensor_wire_view *view)
{
	uint64_t pid = 0, start = 0;
	struct sensor_process *child;

	if (!sensor_wire_u64(view, SENSOR_P_CHILD_PID, &pid) || !pid || pid > UINT32_MAX)
		return;
	sensor_wire_u64(view, SENSOR_P_CHILD_START, &start);
	if (pid == parent->pid) {                               /* a thread */
		sensor_ledger_fork(&state->ledger, parent, parent, view);
		return;
	}
	child = sensor_process_find(&state->processes, (uint32_t)pid, start);
	if (child && start && !child->is_partial) {             /* its exec came before its fork: another processor's lane */
		if (!child->parent && parent != &state->stranger)
			sensor_process_set_parent(child, parent);
		return;
	}
	if (!child || !start) {
		child = sensor_process_add(&state->processes, (uint32_t)pid, start, view->event->ts_ns);
		if (!child)
			return;
	}
	sensor_process_inherit(&state->processes, child, parent);
	sensor_process_set_parent(child, parent != &state->stranger ? parent : NULL);
	set_comm(child, view->event->comm);
	set_task(state, child, view, true);
	set_cred(child, view);
	if (child->has_cred) {
		child->uid = child->cred.uid;
		child->euid = child->cred.euid;
		child->gid = child->cred.gid;
	}
	child->session_seen = true;
	set_cgroup(state, child, view->event->cgroup, view->event->ts_ns);
	if (child->cgroup)
		sensor_cgroup_refresh(&state->cgroups, child->cgroup);
	sensor_session_fork(state, child, parent);
	if (child->has_task && (child->task.flags & SENSOR_PF_KTHREAD))
		sensor_session_exec(state, child, NULL);
	sensor_ledger_fork(&state->ledger, parent, child, view);
}

static void update_ns(struct sensor_state *state, struct sensor_process *process, const struct sensor_wire_view *view)
{
	const struct sensor_wire_ns *ns = sensor_wire_struct(view, SENSOR_P_NS, sizeof(*ns));

	set_task(state, process, view, false);
	if (ns) {
		process->task.mnt_ns = ns->mnt;
		process->task.pid_ns = ns->pid;
		process->task.net_ns = ns->net;
		process->task.user_ns = ns->user;
		process->task.uts_ns = ns->uts;
		process->task.ipc_ns = ns->ipc;
		process->task.cgroup_ns = ns->cgroup;
		process->task.time_ns = ns->time;
		process->has_task = true;
	}
	if (view->event->type == MODEL_EVT_SETNS)
		sensor_session_setns(state, process);
}

static void update_exit(struct sensor_state *state, struct sensor_process *process, const struct sensor_wire_view *view)
{
	if (sensor_wire_has(view, SENSOR_P_EXIT_CODE) && process != &state->stranger)
		sensor_process_exit(&state->processes, process, view->event->ts_ns);
	else
		sensor_ledger_exit(&state->ledger, process, view->event->tid);
}

void sensor_update(struct sensor_state *state, const struct sensor_wire_view *view, struct sensor_process *process)
{
	const struct sensor_wire *event = view->event;
	bool worked = event->ret >= 0 || (event->flags & SENSOR_WIRE_NO_RET);

	if (event->type == MODEL_EVT_PROCEXIT)
		update_exit(state, process, view);
	if (!worked)
		return;
	switch (event->type) {
	case MODEL_EVT_SCHED_FORK:
		update_fork(state, process, view);
		break;
	case MODEL_EVT_EXECVE: case MODEL_EVT_EXECVEAT: case MODEL_EVT_SCHED_EXEC:
		update_exec(state, process, view, false);
		break;
	case MODEL_EVT_CHDIR: case MODEL_EVT_FCHDIR:
		set_cwd(state, process, view, SENSOR_P_PATH);
		break;
	case MODEL_EVT_SETNS: case MODEL_EVT_UNSHARE:
		update_ns(state, process, view);
		break;
	case MODEL_EVT_PRCTL:
		if (sensor_wire_u64_or(view, SENSOR_P_REQUEST, 0) == PR_SET_NO_NEW_PRIVS)
			process->task.no_new_privs = 1;
		break;
	case MODEL_EVT_SECCOMP:
		process->task.seccomp = sensor_wire_u64_or(view, SENSOR_P_REQUEST, 2) == 0 ? 1 : 2;
		break;
	default:
		set_cred(process, view);
		break;
	}
	sensor_fdtrack_update(state, process, view);
	sensor_names_update(&state->names, view, &state->scratch);
}

struct sensor_process *sensor_update_process(struct sensor_state *state, const struct sensor_wire *event)
{
	struct sensor_process *p = sensor_process_find(&state->processes, event->pid, event->start_ns);

	if (!p && event->pid) {
		state->n_no_row++;
		p = sensor_process_add(&state->processes, event->pid, event->start_ns, event->ts_ns);
		if (p) {
			p->is_partial = true;
			set_comm(p, event->comm);
			set_header(state, p, event);
			if (p->cgroup)
				sensor_cgroup_refresh(&state->cgroups, p->cgroup);
		}
	}
	if (!p) {
		p = &state->stranger;
		sensor_process_set_parent(p, NULL);
		sensor_process_clear(&state->processes, p);
		p->pid = event->pid;
		p->start_ns = event->start_ns;
		p->is_partial = true;
		set_comm(p, event->comm);
	}
	set_header(state, p, event);
	return p;
}

void sensor_update_seed(struct sensor_state *state, const struct sensor_wire_view *view)
{
	const struct sensor_wire *event = view->event;
	struct sensor_process *p;
	struct sensor_creds before, after;

	if (!event->pid)
		return;
	p = sensor_process_find(&state->processes, event->pid, event->start_ns);
	if (!p)
		p = sensor_process_add(&state->processes, event->pid, event->start_ns, event->ts_ns);
	if (!p)
		return;
	set_header(state, p, event);
	update_exec(state, p, view, true);
	sensor_ledger_check(&state->ledger, p, view, &before, &after);
}
