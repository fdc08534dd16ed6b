/* SPDX-License-Identifier: Apache-2.0 */
/* proc.* of the process itself, thread.* */
#include "sensor/flags.h"
#include "sensor/record.h"

#include <string.h>

/* Arguments behind argv[0]; NULL when there are none. */
static const char *args_of(const struct sensor_process *p, size_t *ret_len)
{
	size_t first;
	const char *argv0 = sensor_process_arg(p, 0, &first);

	if (!argv0 || p->image->n_args < 2)
		return NULL;
	*ret_len = p->image->argv_len - first - 1;
	return argv0 + first + 1;
}

static int after_word(const char *word, const struct sensor_process *p, struct arena *scratch, struct model_value *ret)
{
	size_t len = 0, word_len = strlen(word);
	const char *args = args_of(p, &len);
	char *text = arena_take(scratch, word_len + len + 2);

	if (!text)
		return MODEL_UNSET;
	memcpy(text, word, word_len);
	if (args) {
		text[word_len++] = ' ';
		sensor_copy_joined(text + word_len, args, len);
		word_len += len;
	}
	text[word_len] = '\0';
	return value_text(ret, text, word_len);
}

int sensor_proc_cmdline(const struct sensor_process *p, struct arena *scratch, struct model_value *ret)
{
	return after_word(p->comm, p, scratch, ret);
}

int sensor_proc_env(const struct sensor_process *p, const char *name, struct arena *scratch, struct model_value *ret)
{
	size_t len;
	const char *value;

	if (!p->image || !p->image->env_len)
		return MODEL_UNSET;
	if (!name)
		return value_joined(sensor_image_env(p->image), p->image->env_len, scratch, ret);
	value = sensor_process_env(p, name, &len);
	return value_text(ret, value, value ? len : 0);
}

static int caps_text(uint64_t caps, struct arena *scratch, struct model_value *ret)
{
	char *text = arena_alloc(scratch, SENSOR_CAPABILITIES * 24 + 1);
	size_t len = 0;

	if (!text)
		return MODEL_UNSET;
	for (unsigned i = 0; i < SENSOR_CAPABILITIES; i++) {
		const char *name = sensor_capability_name(i);
		if (!(caps >> i & 1))
			continue;
		if (len)
			text[len++] = ' ';
		memcpy(text + len, name, strlen(name) + 1);
		len += strlen(name);
	}
	return value_text(ret, text, len);
}

static int cwd_text(const struct sensor_process *p, struct arena *scratch, struct model_value *ret)
{
	char *text;

	if (!p->cwd)
		return MODEL_UNSET;
	if (p->cwd->len && p->cwd->text[p->cwd->len - 1] == '/')
		return value_interned(ret, p->cwd);
	text = arena_alloc(scratch, p->cwd->len + 2);
	if (!text)
		return MODEL_UNSET;
	memcpy(text, p->cwd->text, p->cwd->len);
	text[p->cwd->len] = '/';
	return value_text(ret, text, p->cwd->len + 1);
}

static int ancestry(const struct sensor_process *p, struct arena *scratch, struct model_value *ret)
{
	char *text = arena_alloc(scratch, LIMIT_SENSOR_ANCESTRY_BYTES);
	size_t len = 0;

	p = p->parent;
	if (!p || !text)
		return MODEL_UNSET;
	for (unsigned i = 0; p && i < LIMIT_SENSOR_ANCESTORS; i++, p = p->parent) {
		size_t n = strlen(p->comm);
		if (len + n + 4 > LIMIT_SENSOR_ANCESTRY_BYTES)
			break;
		if (len) {
			memcpy(text + len, " < ", 3);
			len += 3;
		}
		memcpy(text + len, p->comm, n);
		len += n;
	}
	return value_text(ret, text, len);
}

static int stdio_value(const struct sensor_stdio *s, bool name, struct model_value *ret)
{
	return name ? value_interned(ret, s->name) : value_str(ret, sensor_fd_type_name(s->type));
}

static int task_number(const struct sensor_process *p, enum model_field_id id, struct model_value *ret)
{
	const struct sensor_wire_task *t = &p->task;

	if (!p->has_task)
		return MODEL_UNSET;
	switch (id) {
	case MODEL_F_PROC_VPID: return value_i64(ret, t->vpid);
	case MODEL_F_PROC_SID: return value_i64(ret, t->sid);
	case MODEL_F_PROC_VPGID: return value_i64(ret, t->vpgid);
	case MODEL_F_PROC_PGID: return value_i64(ret, t->pgid);
	case MODEL_F_PROC_IS_SID_LEADER: return value_bool(ret, t->sid == p->pid);
	case MODEL_F_PROC_IS_VPGID_LEADER: return value_bool(ret, t->vpgid == t->vpid);
	case MODEL_F_PROC_IS_PGID_LEADER: return value_bool(ret, t->pgid == p->pid);
	case MODEL_F_PROC_TTY: return value_u64(ret, sensor_tty_number(t));
	case MODEL_F_PROC_NO_NEW_PRIVS: return value_bool(ret, t->no_new_privs);
	case MODEL_F_PROC_SECCOMP: return value_u64(ret, t->seccomp);
	case MODEL_F_PROC_NETNS: return value_u64(ret, t->net_ns);
	default: return MODEL_UNSET;
	}
}

static int thread_value(const struct sensor_record *r, const struct model_field_ref *f, struct arena *scratch, struct model_value *ret)
{
	const struct sensor_process *p = r->process;
	const struct sensor_wire *e = r->view->event;
	bool main = e->tid == e->pid;

	switch (f->id) {
	case MODEL_F_THREAD_TID: return value_i64(ret, e->tid);
	case MODEL_F_THREAD_VTID: return main && p->has_task ? value_i64(ret, p->task.vpid) : MODEL_UNSET;
	case MODEL_F_THREAD_ISMAIN: return value_bool(ret, main);
	case MODEL_F_THREAD_CAP_PERMITTED: return caps_text(e->cap_prm, scratch, ret);
	case MODEL_F_THREAD_CAP_EFFECTIVE: return caps_text(e->cap_eff, scratch, ret);
	case MODEL_F_THREAD_CAP_INHERITABLE: return p->has_cred ? caps_text(p->cred.cap_inheritable, scratch, ret) : MODEL_UNSET;
	/* One hierarchy is followed: its path answers for every name. */
	default: return value_interned(ret, p->cgroup ? p->cgroup->path : NULL);
	}
}

static int proc_text(const struct sensor_record *r, const struct model_field_ref *f, struct arena *scratch, struct model_value *ret)
{
	const struct sensor_process *p = r->process;
	size_t len = 0;
	const char *text;
	char tty[64];

	switch (f->id) {
	case MODEL_F_PROC_NAME: return p->comm[0] ? value_str(ret, p->comm) : MODEL_UNSET;
	case MODEL_F_PROC_EXE: text = sensor_process_arg(p, 0, &len); return value_text(ret, text, len);
	case MODEL_F_PROC_EXEPATH: return value_interned(ret, p->image ? p->image->exepath : NULL);
	case MODEL_F_PROC_ARGS: case MODEL_F_PROC_CMDARGS:
		if (!p->image || !p->image->n_args)
			return MODEL_UNSET;
		text = args_of(p, &len);
		return text ? value_joined(text, len, scratch, ret) : value_str(ret, "");
	case MODEL_F_PROC_CMDLINE: return sensor_proc_cmdline(p, scratch, ret);
	case MODEL_F_PROC_EXELINE: text = sensor_process_arg(p, 0, &len); return text ? after_word(text, p, scratch, ret) : MODEL_UNSET;
	case MODEL_F_PROC_ENV: return sensor_proc_env(p, f->has_arg ? f->key : NULL, scratch, ret);
	case MODEL_F_PROC_CWD: return cwd_text(p, scratch, ret);
	case MODEL_F_PROC_TTY_NAME:
		len = p->has_task ? sensor_tty_name(&p->task, tty, sizeof(tty)) : 0;
		return len ? value_text(ret, arena_strndup(scratch, tty, len), len) : MODEL_UNSET;
	case MODEL_F_PROC_CGROUP: return value_interned(ret, p->cgroup ? p->cgroup->path : NULL);
	case MODEL_F_PROC_ANCESTRY: return ancestry(p, scratch, ret);
	case MODEL_F_PROC_STDIN_TYPE ... MODEL_F_PROC_STDERR_TYPE: return stdio_value(&p->stdio[f->id - MODEL_F_PROC_STDIN_TYPE], false, ret);
	case MODEL_F_PROC_STDIN_NAME ... MODEL_F_PROC_STDERR_NAME: return stdio_value(&p->stdio[f->id - MODEL_F_PROC_STDIN_NAME], true, ret);
	default: return MODEL_UNSET;
	}
}

static bool is_probe(const struct sensor_record *r, enum sensor_probe probe)
{
	return r->container && r->process->entry && (r->process->entry->probes & probe);
}

static int proc_number(const struct sensor_record *r, const struct model_field_ref *f, struct arena *scratch, struct model_value *ret)
{
	const struct sensor_process *p = r->process;
	const struct sensor_wire *e = r->view->event;
	size_t len = 0, n;

	switch (f->id) {
	case MODEL_F_PROC_CMDNARGS: return p->image && p->image->n_args ? value_u64(ret, p->image->n_args - 1) : MODEL_UNSET;
	case MODEL_F_PROC_CMDLENARGS:
		if (!p->image || !p->image->n_args)
			return MODEL_UNSET;
		n = p->image->n_args - 1;
		return value_u64(ret, args_of(p, &len) ? len - (n - 1) : 0);
	case MODEL_F_PROC_PID: return value_i64(ret, p->pid);
	case MODEL_F_PROC_PPID: return p->parent ? value_i64(ret, p->parent->pid) : p->has_task ? value_i64(ret, p->task.ppid) : MODEL_UNSET;
	case MODEL_F_PROC_PVPID:
		return p->parent && p->parent->has_task ? value_i64(ret, p->parent->task.vpid)
		     : p->has_task ? value_i64(ret, p->task.vppid) : MODEL_UNSET;
	case MODEL_F_PROC_PID_TS: return value_u64(ret, sensor_state_epoch_ns(r->state, p->start_ns));
	case MODEL_F_PROC_PIDNS_INIT_START_TS:
		return p->has_task && p->task.nsproxy_pidns_start_ns
			? value_u64(ret, sensor_state_epoch_ns(r->state, p->task.nsproxy_pidns_start_ns)) : MODEL_UNSET;
	case MODEL_F_PROC_IS_CONTAINER_HEALTHCHECK: return value_bool(ret, is_probe(r, SENSOR_PROBE_HEALTH));
	case MODEL_F_PROC_IS_CONTAINER_LIVENESS_PROBE: return value_bool(ret, is_probe(r, SENSOR_PROBE_LIVENESS));
	case MODEL_F_PROC_IS_CONTAINER_READINESS_PROBE: return value_bool(ret, is_probe(r, SENSOR_PROBE_READINESS));
	case MODEL_F_PROC_PIDNS: return value_u64(ret, e->pid_ns);
	case MODEL_F_PROC_MNTNS: return value_u64(ret, e->mnt_ns);
	case MODEL_F_PROC_USERNS: return value_u64(ret, e->user_ns);
	case MODEL_F_PROC_FDOPENCOUNT: return MODEL_UNSET;
	default: return task_number(p, f->id, ret);
	}
}

int sensor_fields_proc(const struct sensor_record *r, const struct model_field_ref *f, struct arena *scratch, struct model_value *ret)
{
	if (!r->process)
		return MODEL_UNSET;
	switch (f->id) {
	case MODEL_F_THREAD_TID ... MODEL_F_THREAD_CGROUP:
		return thread_value(r, f, scratch, ret);
	case MODEL_F_PROC_NAME ... MODEL_F_PROC_CMDARGS:
	case MODEL_F_PROC_EXELINE: case MODEL_F_PROC_ENV: case MODEL_F_PROC_CWD:
	case MODEL_F_PROC_TTY_NAME ... MODEL_F_PROC_STDERR_NAME:
	case MODEL_F_PROC_CGROUP: case MODEL_F_PROC_ANCESTRY:
		return proc_text(r, f, scratch, ret);
	default:
		return proc_number(r, f, scratch, ret);
	}
}
