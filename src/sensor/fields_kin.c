/* SPDX-License-Identifier: Apache-2.0 */
/* proc.* of relatives: parent, ancestors, session and group leaders. */
#include "sensor/record.h"

#include <string.h>

/* The leader of a session or process group: the process of that pid, if it leads it. */
static const struct sensor_process *leader(const struct sensor_record *r, bool session)
{
	const struct sensor_process *p = r->process, *l;
	uint32_t id;

	if (!p->has_task)
		return NULL;
	id = session ? p->task.sid : p->task.pgid;
	if (id == p->pid)
		return p;
	l = id ? sensor_process_find(&r->state->processes, id, 0) : NULL;
	/* A pid used again is somebody else's: the leader must have been there before its follower. */
	return l && l->has_task && (session ? l->task.sid : l->task.pgid) == id && l->start_ns <= p->start_ns ? l : NULL;
}

enum part { PART_NAME, PART_EXE, PART_EXEPATH, PART_CMDLINE, PART_PID, PART_ENV };

static int part_of(const struct sensor_process *p, enum part part, const char *key, struct arena *scratch, struct model_value *ret)
{
	size_t len = 0;
	const char *text;

	if (!p)
		return MODEL_UNSET;
	switch (part) {
	case PART_NAME: return p->comm[0] ? value_str(ret, p->comm) : MODEL_UNSET;
	case PART_EXE: text = sensor_process_arg(p, 0, &len); return value_text(ret, text, len);
	case PART_EXEPATH: return value_interned(ret, p->image ? p->image->exepath : NULL);
	case PART_CMDLINE: return sensor_proc_cmdline(p, scratch, ret);
	case PART_PID: return value_i64(ret, p->pid);
	case PART_ENV: return sensor_proc_env(p, key, scratch, ret);
	}
	return MODEL_UNSET;
}

/* [N]: one ancestor; without: all of them, from the parent up. proc.aenv[NAME] asks every ancestor for a variable. */
static int ancestors(const struct sensor_record *r, const struct model_field_ref *f, enum part part, struct arena *scratch,
		     struct model_value *ret)
{
	const struct sensor_process *p = r->process->parent;
	const char *key = part == PART_ENV && f->has_arg && f->index < 0 ? f->key : NULL;
	struct model_value *list;
	size_t n = 0;

	if (f->has_arg && f->index >= 0)
		return part_of(sensor_process_ancestor(r->process, f->index > LIMIT_SENSOR_ANCESTORS ? LIMIT_SENSOR_ANCESTORS + 1 : (unsigned)f->index),
			       part, NULL, scratch, ret);
	if (key) {
		for (unsigned i = 0; p && i < LIMIT_SENSOR_ANCESTORS; i++, p = p->parent)
			if (part_of(p, part, key, scratch, ret) == MODEL_SET)
				return MODEL_SET;
		return MODEL_UNSET;
	}
	for (const struct sensor_process *a = p; a && n < LIMIT_SENSOR_ANCESTORS; a = a->parent)
		n++;
	list = n ? arena_alloc(scratch, n * sizeof(*list)) : NULL;
	if (!list)
		return MODEL_UNSET;
	n = 0;
	for (unsigned i = 0; p && i < LIMIT_SENSOR_ANCESTORS; i++, p = p->parent)
		if (part_of(p, part, NULL, scratch, &list[n]) == MODEL_SET)
			n++;
	ret->list = list;
	ret->n = n;
	return n ? MODEL_SET : MODEL_UNSET;
}

static int login_shell(const struct sensor_record *r, struct model_value *ret)
{
	static const char *const shells[] = { "ash", "bash", "csh", "ksh", "sh", "tcsh", "zsh", "dash", "fish" };
	const struct sensor_process *p = r->process, *found = NULL;

	for (unsigned i = 0; p && i < LIMIT_SENSOR_ANCESTORS; i++, p = p->parent)
		for (size_t s = 0; s < ARRAY_LEN(shells); s++)
			if (strcmp(p->comm, shells[s]) == 0)
				found = p;
	return found ? value_i64(ret, found->pid) : MODEL_UNSET;
}

static int kin_time(const struct sensor_record *r, enum model_field_id id, struct model_value *ret)
{
	const struct sensor_process *p = id == MODEL_F_PROC_DURATION ? r->process : r->process->parent;
	uint64_t now = r->view->event->ts_ns;

	if (!p)
		return MODEL_UNSET;
	if (id == MODEL_F_PROC_PPID_TS)
		return value_u64(ret, sensor_state_epoch_ns(r->state, p->start_ns));
	return now >= p->start_ns ? value_u64(ret, now - p->start_ns) : MODEL_UNSET;
}

int sensor_fields_kin(const struct sensor_record *r, const struct model_field_ref *f, struct arena *scratch, struct model_value *ret)
{
	if (!r->process)
		return MODEL_UNSET;
	switch (f->id) {
	case MODEL_F_PROC_SNAME: return part_of(leader(r, true), PART_NAME, NULL, scratch, ret);
	case MODEL_F_PROC_SID_EXE: return part_of(leader(r, true), PART_EXE, NULL, scratch, ret);
	case MODEL_F_PROC_SID_EXEPATH: return part_of(leader(r, true), PART_EXEPATH, NULL, scratch, ret);
	case MODEL_F_PROC_VPGID_NAME: case MODEL_F_PROC_PGID_NAME: return part_of(leader(r, false), PART_NAME, NULL, scratch, ret);
	case MODEL_F_PROC_VPGID_EXE: case MODEL_F_PROC_PGID_EXE: return part_of(leader(r, false), PART_EXE, NULL, scratch, ret);
	case MODEL_F_PROC_VPGID_EXEPATH: case MODEL_F_PROC_PGID_EXEPATH: return part_of(leader(r, false), PART_EXEPATH, NULL, scratch, ret);
	case MODEL_F_PROC_PNAME: return part_of(r->process->parent, PART_NAME, NULL, scratch, ret);
	case MODEL_F_PROC_PEXE: return part_of(r->process->parent, PART_EXE, NULL, scratch, ret);
	case MODEL_F_PROC_PEXEPATH: return part_of(r->process->parent, PART_EXEPATH, NULL, scratch, ret);
	case MODEL_F_PROC_PCMDLINE: return part_of(r->process->parent, PART_CMDLINE, NULL, scratch, ret);
	case MODEL_F_PROC_ANAME: return ancestors(r, f, PART_NAME, scratch, ret);
	case MODEL_F_PROC_AEXE: return ancestors(r, f, PART_EXE, scratch, ret);
	case MODEL_F_PROC_AEXEPATH: return ancestors(r, f, PART_EXEPATH, scratch, ret);
	case MODEL_F_PROC_ACMDLINE: return ancestors(r, f, PART_CMDLINE, scratch, ret);
	case MODEL_F_PROC_APID: return ancestors(r, f, PART_PID, scratch, ret);
	case MODEL_F_PROC_AENV: return ancestors(r, f, PART_ENV, scratch, ret);
	case MODEL_F_PROC_LOGINSHELLID: return login_shell(r, ret);
	default: return kin_time(r, f->id, ret);
	}
}
