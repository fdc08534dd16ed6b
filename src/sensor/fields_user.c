/* SPDX-License-Identifier: Apache-2.0 */
/* user.*, group.*, session.* */
#include "sensor/record.h"

#include <string.h>

/* Ids are those of the host's user namespace: a container's own names apply only where it has no other. */
static const char *names_of(const struct sensor_record *r)
{
	return r->container && r->view->event->user_ns == SENSOR_FIRST_USER_NS ? r->container->id : NULL;
}

/* Whose root directory has the names: the container's first process outlives the others. Its number may have been used
 * again, so it must live and be of the same control group. */
static uint32_t root_pid(const struct sensor_record *r)
{
	const struct sensor_process *first = NULL;
	uint32_t pid = r->container ? r->container->init_pid : 0;

	if (!pid && r->container && r->process->cgroup)
		pid = r->process->cgroup->entry_pid;
	if (pid)
		first = sensor_process_find(&r->state->processes, pid, 0);
	return first && !first->exit_ns && first->cgroup == r->process->cgroup ? pid : r->process->pid;
}

static const struct sensor_user *user_of(const struct sensor_record *r, const char *container, uint32_t uid)
{
	if (uid == SENSOR_NO_ID || (r->container && !container && r->view->event->user_ns != SENSOR_FIRST_USER_NS))
		return NULL;
	return sensor_user_by_uid(&r->state->users, container, root_pid(r), uid, r->view->event->ts_ns);
}

static const struct sensor_user *login_of(const struct sensor_record *r, uint32_t uid)
{
	return uid == SENSOR_NO_ID ? NULL : sensor_user_by_uid(&r->state->users, NULL, 0, uid, r->view->event->ts_ns);
}

int sensor_fields_user(const struct sensor_record *r, const struct model_field_ref *f, struct arena *scratch, struct model_value *ret)
{
	const struct sensor_wire *e = r->view->event;
	const struct sensor_user *user;
	const char *group;
	(void)scratch;

	if (!r->process)
		return MODEL_UNSET;
	switch (f->id) {
	case MODEL_F_USER_UID: return value_u64(ret, e->euid);
	case MODEL_F_USER_RUID: return value_u64(ret, e->uid);
	case MODEL_F_USER_LOGINUID: return value_i64(ret, e->loginuid == SENSOR_NO_ID ? -1 : (int64_t)e->loginuid);
	case MODEL_F_USER_LOGINNAME:
		user = login_of(r, e->loginuid);
		return value_str(ret, user ? user->name : "<NA>");
	case MODEL_F_GROUP_GID: return value_u64(ret, e->egid);
	case MODEL_F_GROUP_NAME:
		group = r->container && !names_of(r) ? NULL
			: sensor_group_by_gid(&r->state->users, names_of(r), root_pid(r), e->egid, e->ts_ns);
		return value_str(ret, group ? group : "<NA>");
	default: break;
	}
	user = user_of(r, names_of(r), e->euid);
	switch (f->id) {
	case MODEL_F_USER_NAME:
		return value_str(ret, user ? user->name : "<NA>");
	case MODEL_F_USER_HOMEDIR: return value_str(ret, user ? user->home : NULL);
	case MODEL_F_USER_SHELL: return value_str(ret, user ? user->shell : NULL);
	default: return MODEL_UNSET;
	}
}

static int session_unit(const struct sensor_process *p, struct arena *scratch, struct model_value *ret)
{
	size_t len;
	const char *unit = p->cgroup && p->cgroup->path ? sensor_session_unit(p->cgroup->path->text, &len) : NULL;

	return unit ? value_text(ret, arena_strndup(scratch, unit, len), len) : MODEL_UNSET;
}

static int session_tty(const struct sensor_process *p, struct arena *scratch, struct model_value *ret)
{
	char text[64];
	size_t len;

	if (p->entry && p->entry->tty)
		return value_interned(ret, p->entry->tty);
	len = p->has_task ? sensor_tty_name(&p->task, text, sizeof(text)) : 0;
	return len ? value_text(ret, arena_strndup(scratch, text, len), len) : MODEL_UNSET;
}

int sensor_fields_session(const struct sensor_record *r, const struct model_field_ref *f, struct arena *scratch, struct model_value *ret)
{
	const struct sensor_process *p = r->process;
	const struct sensor_entry *entry = p ? p->entry : NULL;
	const struct sensor_user *user;
	uint32_t uid;

	if (!p)
		return MODEL_UNSET;
	uid = sensor_session_uid(p);
	switch (f->id) {
	case MODEL_F_SESSION_ID:
		uid = sensor_session_id(p);
		return uid == SENSOR_NO_ID ? MODEL_UNSET : value_u64(ret, uid);
	case MODEL_F_SESSION_KIND: return value_str(ret, sensor_entry_kind_name(entry ? entry->kind : SENSOR_ENTRY_UNKNOWN));
	case MODEL_F_SESSION_LEADER_PID: return entry ? value_i64(ret, entry->leader_pid) : MODEL_UNSET;
	case MODEL_F_SESSION_LEADER_NAME: return entry ? value_str(ret, entry->leader_name) : MODEL_UNSET;
	case MODEL_F_SESSION_LEADER_EXEPATH: return value_interned(ret, entry ? entry->leader_exepath : NULL);
	case MODEL_F_SESSION_USER:
		user = login_of(r, uid);
		return value_str(ret, user ? user->name : "<unknown>");
	case MODEL_F_SESSION_UID: return uid == SENSOR_NO_ID ? MODEL_UNSET : value_i64(ret, uid);
	case MODEL_F_SESSION_TTY: return session_tty(p, scratch, ret);
	case MODEL_F_SESSION_REMOTE: return value_interned(ret, entry ? entry->remote : NULL);
	case MODEL_F_SESSION_UNIT: return session_unit(p, scratch, ret);
	case MODEL_F_SESSION_VIA: return value_interned(ret, p->via);
	case MODEL_F_SESSION_KNOWN: return value_bool(ret, entry && entry->kind != SENSOR_ENTRY_UNKNOWN);
	default: return MODEL_UNSET;
	}
}
