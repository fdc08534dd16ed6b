/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/state.h"
#include "sensor/capture.h"
#include "sensor/record.h"
#include "sensor/state_internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

static void process_gone(void *data, struct sensor_process *process)
{
	struct sensor_state *state = data;

	sensor_ledger_process_gone(&state->ledger, process);
	sensor_entry_unref(state, process->entry);
	sensor_cgroup_unref(&state->cgroups, process->cgroup);
}

struct sensor_state *sensor_state_new(const struct sensor_state_options *options)
{
	struct sensor_state *state = mem_alloc(sizeof(*state));

	state->options = *options;
	if (options->hostname)
		memcpy(state->hostname, options->hostname, strnlen(options->hostname, sizeof(state->hostname) - 1));
	sensor_processes_init(&state->processes, options->max_processes, options->grace_ns);
	state->processes.on_free = process_gone;
	state->processes.data = state;
	sensor_cgroups_init(&state->cgroups, &state->processes.texts, &state->options);
	sensor_users_init(&state->users, &state->options);
	sensor_names_init(&state->names, &state->processes.texts, &state->options);
	sensor_ledger_init(&state->ledger);
	arena_init(&state->scratch, LIMIT_SENSOR_SCRATCH_BYTES);
	state->stranger.loginuid = state->stranger.session = SENSOR_NO_ID;
	return state;
}

struct sensor_state *sensor_state_free(struct sensor_state *state)
{
	if (!state)
		return NULL;
	sensor_process_set_parent(&state->stranger, NULL);
	sensor_process_clear(&state->processes, &state->stranger);
	sensor_names_done(&state->names);
	sensor_processes_release(&state->processes);
	sensor_cgroups_done(&state->cgroups);
	sensor_processes_done(&state->processes);
	sensor_users_done(&state->users);
	sensor_ledger_done(&state->ledger);
	map_done(&state->container_ns);
	arena_done(&state->scratch);
	free(state);
	return NULL;
}

void sensor_state_seed(struct sensor_state *state, const struct sensor_wire *event)
{
	struct sensor_wire_view view;

	arena_reset(&state->scratch);
	state->n_records = 0;
	if (sensor_wire_decode(event, event->len, &view))
		sensor_update_seed(state, &view);
	else
		state->n_damaged++;
}

/* What rules call the making of a task: the system call that did it. */
static enum model_event_type fork_type(const struct sensor_wire_view *view)
{
	uint64_t nr = sensor_wire_u64_or(view, SENSOR_P_SYSCALL, UINT64_MAX);

	if (view->event->flags & SENSOR_WIRE_COMPAT)
		return nr == 2 ? MODEL_EVT_FORK : nr == 190 ? MODEL_EVT_VFORK : nr == 435 ? MODEL_EVT_CLONE3 : MODEL_EVT_CLONE;
#ifdef SYS_fork
	if (nr == SYS_fork)
		return MODEL_EVT_FORK;
	if (nr == SYS_vfork)
		return MODEL_EVT_VFORK;
#endif
	return nr == SYS_clone3 ? MODEL_EVT_CLONE3 : MODEL_EVT_CLONE;
}

static enum model_event_type record_type(const struct sensor_wire_view *view)
{
	uint64_t nr;

	switch (view->event->type) {
	case MODEL_EVT_SCHED_FORK:
		return fork_type(view);
	case MODEL_EVT_SCHED_EXEC:
		nr = sensor_wire_u64_or(view, SENSOR_P_SYSCALL, 0);
		if (view->event->flags & SENSOR_WIRE_COMPAT)
			return nr == 358 ? MODEL_EVT_EXECVEAT : MODEL_EVT_EXECVE;
		return nr == SYS_execveat ? MODEL_EVT_EXECVEAT : MODEL_EVT_EXECVE;
	default:
		return view->event->type;
	}
}

static struct sensor_record *record_add(struct sensor_state *state, enum model_event_type type, struct sensor_process *process)
{
	struct sensor_record *r;

	if (state->n_records == SENSOR_RECORDS_MAX)
		return NULL;
	r = &state->records[state->n_records++];
	*r = (struct sensor_record){
		.record = { &sensor_record_ops, type, state->view.event->count }, .state = state, .view = &state->view, .process = process,
		.container = sensor_process_container(process), .memo = &state->memo,
	};
	return r;
}

static struct sensor_process *target_of(const struct sensor_state *state)
{
	uint64_t pid = sensor_wire_u64_or(&state->view, SENSOR_P_TARGET_PID, 0);

	if (pid == 0 || pid > UINT32_MAX)
		return NULL;
	return sensor_process_find(&state->processes, (uint32_t)pid, sensor_wire_u64_or(&state->view, SENSOR_P_TARGET_START, 0));
}

static void add_named(struct sensor_state *state, enum model_event_type type, struct sensor_process *process,
		      const struct sensor_wire_ns *ns_before)
{
	struct sensor_name names[LIMIT_SENSOR_NAMES_PER_FILE];
	struct sensor_process *target = target_of(state);
	size_t n = 0;

	if (!sensor_type_is_exec(type) && sensor_names_may_differ(&state->names, &state->view))
		n = sensor_names_of(&state->names, &state->view, &state->scratch, names);
	for (size_t i = 0; i < (n ? n : 1); i++) {
		struct sensor_record *r = record_add(state, type, process);
		if (!r)
			return;
		r->target = target;
		r->ns_before = *ns_before;
		if (n) {
			r->name = names[i].text;
			r->name_len = names[i].len;
		}
	}
}

static void add_container(struct sensor_state *state, struct sensor_process *process)
{
	struct sensor_cgroup *cgroup = process->cgroup;

	if (!cgroup || !cgroup->container || cgroup->told)
		return;
	cgroup->told = true;
	record_add(state, MODEL_EVT_CONTAINER, process);
}

static void check_ledger(struct sensor_state *state, struct sensor_process *process)
{
	struct sensor_creds before, after;
	const char *reason = sensor_ledger_check(&state->ledger, process, &state->view, &before, &after);
	struct sensor_record *r;

	if (!reason)
		return;
	state->n_cred_unexplained++;
	r = record_add(state, MODEL_EVT_CRED_UNEXPLAINED, process);
	if (r) {
		r->cred_before = before;
		r->cred_after = after;
		r->cred_reason = reason;
	}
}

/* Events of no process: control groups, losses. True when that is all there is to do. */
static bool apply_global(struct sensor_state *state)
{
	const struct sensor_wire *event = state->view.event;
	uint64_t id = sensor_wire_u64_or(&state->view, SENSOR_P_CGROUP_ID, 0);
	struct sensor_cgroup *cgroup;
	size_t len;
	const char *path = sensor_wire_text(&state->view, SENSOR_P_CGROUP_PATH, &len);

	switch (event->type) {
	case MODEL_EVT_CGROUP_MKDIR:
		if (path && len)
			sensor_cgroup_made(&state->cgroups, id, path, len);
		return false;
	case MODEL_EVT_CGROUP_RMDIR:
		sensor_cgroup_removed(&state->cgroups, id, event->ts_ns);
		return false;
	case MODEL_EVT_CGROUP_ATTACH:
		cgroup = path && len ? sensor_cgroup_made(&state->cgroups, id, path, len) : NULL;
		if (cgroup)
			cgroup->joined_ns = event->ts_ns;
		return false;
	case MODEL_EVT_LOST:
		sensor_ledger_lost(&state->ledger, (unsigned)sensor_wire_u64_or(&state->view, SENSOR_P_LOST_TYPE, 0));
		record_add(state, MODEL_EVT_LOST, NULL);
		return true;
	default:
		return false;
	}
}

static struct sensor_wire_ns namespaces_of(const struct sensor_process *process)
{
	const struct sensor_wire_task *t = &process->task;

	return (struct sensor_wire_ns){ t->mnt_ns, t->pid_ns, t->net_ns, t->user_ns, t->uts_ns, t->ipc_ns, t->cgroup_ns, t->time_ns };
}

/* Whether it is a message to a DNS server that can be read as a question. */
static bool is_question(const struct sensor_wire_view *view)
{
	char name[256];
	size_t len, data_len;
	uint16_t type;
	const void *data = sensor_wire_bytes(view, SENSOR_P_DATA, &data_len);

	return sensor_is_dns(view) && sensor_dns_question(data, data_len, name, sizeof(name), &len, &type);
}

static void apply_event(struct sensor_state *state)
{
	struct sensor_process *process;
	struct sensor_wire_ns ns_before;
	enum model_event_type type;

	if (apply_global(state))
		return;
	process = sensor_update_process(state, state->view.event);
	check_ledger(state, process);
	ns_before = namespaces_of(process);
	sensor_update(state, &state->view, process);
	add_container(state, process);
	type = record_type(&state->view);
	if (type != MODEL_EVT_DNS)
		add_named(state, type, process, &ns_before);
	if (is_question(&state->view))
		record_add(state, MODEL_EVT_DNS, process);
}

size_t sensor_state_apply(struct sensor_state *state, const struct sensor_wire *event,
			  struct model_record *ret_records[SENSOR_RECORDS_MAX])
{
	arena_reset(&state->scratch);
	state->n_records = 0;
	state->memo = (struct sensor_memo){ 0 };
	if (!sensor_wire_decode(event, event->len, &state->view) || event->type >= MODEL_EVT_MAX) {
		state->n_damaged++;
		return 0;
	}
	sensor_processes_expire(&state->processes, event->ts_ns);
	/* Never longer than the default: a container's text is the source's, which keeps it for a while only. */
	sensor_cgroups_expire(&state->cgroups, event->ts_ns, state->processes.grace_ns < LIMIT_SENSOR_GRACE_NS
			      ? state->processes.grace_ns : LIMIT_SENSOR_GRACE_NS);
	if (event->type == MODEL_EVT_NONE) {
		sensor_update_seed(state, &state->view);
		return 0;
	}
	if (!state->n_events++)
		state->first_ts_ns = event->ts_ns;
	apply_event(state);
	for (size_t i = 0; i < state->n_records; i++)
		ret_records[i] = &state->records[i].record;
	return state->n_records;
}

void sensor_state_watch_paths(struct sensor_state *state, const char *const *paths, size_t n)
{
	sensor_names_watch(&state->names, paths, n);
}

void sensor_state_cgroups(const struct sensor_state *state, void (*fn)(const struct sensor_cgroup_view *cgroup, void *data), void *data)
{
	struct sensor_cgroup *c;

	for (size_t i = 0; (c = map_next(&state->cgroups.by_id, &i)); ) {
		struct sensor_cgroup_view view = {
			.id = c->id, .path = c->path ? c->path->text : NULL, .container = c->expired ? NULL : c->container,
			.removed = c->removed_ns != 0, .joined_ns = c->joined_ns,
		};
		fn(&view, data);
	}
}

const struct sensor_mounts *sensor_state_mounts(const struct sensor_state *state)
{
	return state->names.mounts;
}

void sensor_state_processes(const struct sensor_state *state, void (*fn)(const struct sensor_process_view *process, void *data), void *data)
{
	struct sensor_process *p;

	for (size_t i = 0; (p = map_next(&state->processes.by_pid, &i)); )
		if (!p->exit_ns)
			fn(&(struct sensor_process_view){ p->pid, p->start_ns,
				p->image && p->image->exepath ? p->image->exepath->text : NULL }, data);
}

int sensor_state_adopt(struct sensor_state *state, int kind, const char *json, size_t len, struct err *err)
{
	switch (kind) {
	case CAPTURE_USERS: return sensor_users_adopt(&state->users, json, len, err);
	case CAPTURE_CGROUP: return sensor_cgroups_adopt(&state->cgroups, json, len, err);
	case CAPTURE_FACTS: return sensor_names_adopt(&state->names, json, len, err);
	default: return 0;
	}
}

const struct runtime_container *sensor_state_container(const struct sensor_state *state, uint64_t cgroup_id)
{
	const struct sensor_cgroup *cgroup = map_get_u64(&state->cgroups.by_id, cgroup_id);

	return cgroup ? cgroup->container : NULL;
}

void sensor_state_stats(const struct sensor_state *state, struct sensor_state_stats *ret)
{
	const struct sensor_processes *p = &state->processes;

	*ret = (struct sensor_state_stats){
		.n_processes = p->n, .n_threads = state->ledger.threads.n, .n_exited = p->n_exited, .n_evicted = p->n_evicted,
		.n_unknown_parent = p->n_unknown_parent, .n_cgroups = state->cgroups.by_id.n, .n_events = state->n_events,
		.n_no_row = state->n_no_row, .n_damaged = state->n_damaged,
		.n_refused = p->n_refused + state->ledger.n_refused + state->cgroups.n_refused + p->texts.n_refused,
		.n_cred_unexplained = state->n_cred_unexplained,
	};
	ret->memory_bytes = sizeof(*state) + p->n * sizeof(struct sensor_process) + p->image_bytes + p->texts.n_bytes +
			    (p->texts.map.size + p->by_pid.size + state->ledger.threads.size) * sizeof(struct map_slot) +
			    state->ledger.threads.n * sizeof(struct sensor_thread) +
			    state->cgroups.by_id.n * sizeof(struct sensor_cgroup);
}
