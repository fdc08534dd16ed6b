/* SPDX-License-Identifier: Apache-2.0 */
/* Checks asked of made-up records, and what fields are in the kernel's eyes. */
#include "detect/demand_internal.h"
#include "sensor/flags.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct demand_asker {
	struct demand_maker *maker;
	struct lang_program *program;
	struct lang_scratch *scratch;
	struct model_record record;
	const struct demand_point *point;
};

/* ---- which dimension ---- */

static bool is_open_flags(const struct model_field_ref *f)
{
	return (f->id == MODEL_F_EVT_ARG || f->id == MODEL_F_EVT_RAWARG) && f->index < 0 && f->key && strcmp(f->key, "flags") == 0;
}

static enum demand_dim dim_of_any(const struct model_field_ref *f)
{
	switch (f->id) {
	case MODEL_F_EVT_TYPE: case MODEL_F_SYSCALL_TYPE: case MODEL_F_EVT_TYPE_IS: case MODEL_F_EVT_IS_IO:
	case MODEL_F_EVT_IS_IO_READ: case MODEL_F_EVT_IS_IO_WRITE: case MODEL_F_EVT_IS_WAIT:
		return DEMAND_TYPES;
	case MODEL_F_EVT_FAILED: case MODEL_F_EVT_RES: case MODEL_F_EVT_RAWRES:
		return DEMAND_RESULTS;
	case MODEL_F_EVT_DIR: case MODEL_F_EVT_SOURCE: case MODEL_F_EVT_ASYNCTYPE: case MODEL_F_EVT_IS_IO_URING:
		return DEMAND_CONSTANT;
	case MODEL_F_PROC_IS_CONTAINER_HEALTHCHECK: case MODEL_F_PROC_IS_CONTAINER_LIVENESS_PROBE:
	case MODEL_F_PROC_IS_CONTAINER_READINESS_PROBE:
	case MODEL_F_CONTAINER_ID ... MODEL_F_CONTAINER_ROOTLESS: case MODEL_F_K8S_NS_NAME ... MODEL_F_K8S_CONTAINER_NAME:
		return DEMAND_WHERE;
	case MODEL_F_PROC_NAME: return DEMAND_COMM;
	case MODEL_F_USER_UID: return DEMAND_UID;
	case MODEL_F_PROC_EXEPATH: return DEMAND_EXE;
	default: return DEMAND_UNKNOWN;
	}
}

static enum demand_dim dim_of_open(const struct model_field_ref *f)
{
	switch (f->id) {
	case MODEL_F_EVT_IS_OPEN_READ: case MODEL_F_EVT_IS_OPEN_WRITE: case MODEL_F_EVT_IS_OPEN_CREATE:
	case MODEL_F_EVT_IS_OPEN_EXEC:
		return DEMAND_KINDS;
	case MODEL_F_FD_NUM: return DEMAND_RESULTS;
	case MODEL_F_FD_TYPE: case MODEL_F_FD_TYPECHAR: case MODEL_F_FD_MODE: return DEMAND_FD_TYPE;
	case MODEL_F_FD_NAME: case MODEL_F_FD_PATH: case MODEL_F_FD_DIRECTORY: case MODEL_F_FD_FILENAME: case MODEL_F_FS_PATH_NAME:
	case MODEL_F_FD_HOSTPATH:
		return DEMAND_PATH;
	case MODEL_F_FD_NAMERAW: case MODEL_F_FS_PATH_NAMERAW: return DEMAND_DOTDOT;
	case MODEL_F_FD_IP ... MODEL_F_FD_CONNECTED: case MODEL_F_FS_PATH_SOURCE ... MODEL_F_FS_PATH_TARGETRAW:
	case MODEL_F_EVT_IS_SYSLOG:
		return DEMAND_CONSTANT;
	default: return is_open_flags(f) ? DEMAND_KINDS : DEMAND_UNKNOWN;
	}
}

static enum demand_dim dim_of_net(const struct model_field_ref *f)
{
	switch (f->id) {
	case MODEL_F_FD_TYPE: case MODEL_F_FD_TYPECHAR: case MODEL_F_FD_SOCKFAMILY: case MODEL_F_FD_FAMILY: case MODEL_F_FD_L4PROTO:
		return DEMAND_KINDS;
	case MODEL_F_FD_NAME: return DEMAND_PATH;
	case MODEL_F_FD_IP ... MODEL_F_FD_RIP: case MODEL_F_FD_NET ... MODEL_F_FD_RNET: return DEMAND_REMOTE_NET;
	case MODEL_F_FD_PORT ... MODEL_F_FD_RPORT: return DEMAND_REMOTE_PORT;
	case MODEL_F_FD_PATH: case MODEL_F_FD_DIRECTORY: case MODEL_F_FD_FILENAME: case MODEL_F_FD_NAMERAW:
	case MODEL_F_FS_PATH_NAME ... MODEL_F_FS_PATH_TARGETRAW:
	case MODEL_F_EVT_IS_OPEN_READ ... MODEL_F_EVT_IS_OPEN_CREATE:
		return DEMAND_CONSTANT;
	default: return DEMAND_UNKNOWN;
	}
}

enum demand_dim demand_field_dim(const struct demand_maker *maker, const struct model_field_ref *field)
{
	enum demand_dim dim = dim_of_any(field);

	if (dim != DEMAND_UNKNOWN)
		return dim;
	if (maker->group->class == FILTER_OPEN)
		return dim_of_open(field);
	if (maker->group->class == FILTER_NET)
		return dim_of_net(field);
	return field->id >= MODEL_F_EVT_IS_OPEN_READ && field->id <= MODEL_F_EVT_IS_OPEN_CREATE ? DEMAND_CONSTANT : DEMAND_UNKNOWN;
}

/* ---- values ---- */

static int text_value(struct model_value *ret, const char *text)
{
	ret->text = text;
	ret->len = text ? strlen(text) : 0;
	return text ? MODEL_SET : MODEL_UNSET;
}

static int bool_value(struct model_value *ret, bool value)
{
	ret->boolean = value;
	return MODEL_SET;
}

static int type_value(const struct demand_point *p, const struct model_field_ref *f, struct model_value *ret)
{
	const struct model_event *event = model_event(p->type);
	enum model_event_category c = event->category;

	switch (f->id) {
	case MODEL_F_SYSCALL_TYPE: return text_value(ret, event->flags & MODEL_EVENT_SYSCALL ? event->name : NULL);
	case MODEL_F_EVT_TYPE_IS: ret->u64 = f->key && strcmp(f->key, event->name) == 0; return MODEL_SET;
	case MODEL_F_EVT_IS_IO: return bool_value(ret, c == MODEL_CATEGORY_IO_READ || c == MODEL_CATEGORY_IO_WRITE);
	case MODEL_F_EVT_IS_IO_READ: return bool_value(ret, c == MODEL_CATEGORY_IO_READ);
	case MODEL_F_EVT_IS_IO_WRITE: return bool_value(ret, c == MODEL_CATEGORY_IO_WRITE);
	case MODEL_F_EVT_IS_WAIT: return bool_value(ret, c == MODEL_CATEGORY_WAIT);
	default: return text_value(ret, event->name);
	}
}

static const char *result_name(int64_t result)
{
	const char *name = result >= 0 ? "SUCCESS" : result >= -4095 ? strerrorname_np((int)-result) : NULL;

	return name ? name : "UNKNOWN";
}

static int kind_value(const struct demand_point *p, enum model_field_id id, struct model_value *ret)
{
	unsigned mode = p->flags & 3;   /* O_ACCMODE */

	switch (id) {
	case MODEL_F_EVT_IS_OPEN_READ: return bool_value(ret, mode == 0 || mode == 2);
	case MODEL_F_EVT_IS_OPEN_WRITE: return bool_value(ret, mode == 1 || mode == 2);
	case MODEL_F_EVT_IS_OPEN_CREATE: return bool_value(ret, p->created);
	case MODEL_F_EVT_IS_OPEN_EXEC: return bool_value(ret, p->is_bool);
	case MODEL_F_EVT_ARG: return text_value(ret, p->flags_text);
	case MODEL_F_EVT_RAWARG: return text_value(ret, p->flags_raw);
	case MODEL_F_FD_TYPE: return text_value(ret, p->fd_type);
	case MODEL_F_FD_TYPECHAR: return text_value(ret, p->fd_char);
	case MODEL_F_FD_MODE: ret->u64 = p->number; return p->has_mode ? MODEL_SET : MODEL_UNSET;
	case MODEL_F_FD_SOCKFAMILY: return text_value(ret, p->sockfamily);
	case MODEL_F_FD_FAMILY: return text_value(ret, p->family);
	default: return text_value(ret, p->l4proto);
	}
}

/* On the host these have a value, in a container another one: no container is called "host" there. */
static bool is_host_word(enum model_field_id id)
{
	return id == MODEL_F_CONTAINER_ID || id == MODEL_F_CONTAINER_TYPE || id == MODEL_F_CONTAINER_RUNTIME;
}

static int where_value(const struct demand_point *p, enum model_field_id id, struct model_value *ret)
{
	if (!p->is_host)
		return is_host_word(id) && p->text ? text_value(ret, p->text) : MODEL_UNKNOWN;
	if (is_host_word(id) || id == MODEL_F_CONTAINER_NAME)
		return text_value(ret, "host");
	if (id >= MODEL_F_PROC_IS_CONTAINER_HEALTHCHECK && id <= MODEL_F_PROC_IS_CONTAINER_READINESS_PROBE)
		return bool_value(ret, false);
	return MODEL_UNSET;
}

static int constant_value(enum model_field_id id, struct model_value *ret)
{
	switch (id) {
	case MODEL_F_EVT_DIR: return text_value(ret, "<");
	case MODEL_F_EVT_SOURCE: return text_value(ret, "syscall");
	case MODEL_F_EVT_IS_IO_URING: case MODEL_F_EVT_IS_SYSLOG: case MODEL_F_EVT_IS_OPEN_READ ... MODEL_F_EVT_IS_OPEN_CREATE:
		return bool_value(ret, false);
	default: return MODEL_UNSET;
	}
}

/* Of a field of both ends: one end that has it. */
static int number_value(const struct demand_point *p, const struct model_field_ref *f, struct arena *scratch, struct model_value *ret)
{
	struct model_value *list;

	if (!(model_field(f->id)->flags & MODEL_FIELD_BOTH_ENDS)) {
		ret->u64 = p->number;
		return MODEL_SET;
	}
	list = arena_alloc(scratch, sizeof(*list));
	if (!list)
		return MODEL_UNKNOWN;
	list->u64 = p->number;
	ret->list = list;
	ret->n = 1;
	return MODEL_SET;
}

static int point_get(const struct model_record *record, const struct model_field_ref *f, struct arena *scratch, struct model_value *ret)
{
	const struct demand_asker *asker = container_of(record, struct demand_asker, record);
	const struct demand_point *p = asker->point;
	enum demand_dim dim = demand_field_dim(asker->maker, f);

	if (dim == DEMAND_CONSTANT)
		return constant_value(f->id, ret);
	if (dim != p->dim)
		return MODEL_UNKNOWN;
	switch (dim) {
	case DEMAND_TYPES: return type_value(p, f, ret);
	case DEMAND_RESULTS:
		if (f->id == MODEL_F_EVT_FAILED)
			return bool_value(ret, p->ret < 0);
		if (f->id == MODEL_F_EVT_RES)
			return text_value(ret, result_name(p->ret));
		ret->i64 = p->ret;
		return MODEL_SET;
	case DEMAND_KINDS: case DEMAND_FD_TYPE: return kind_value(p, f->id, ret);
	case DEMAND_WHERE: return where_value(p, f->id, ret);
	case DEMAND_COMM: return text_value(ret, p->text);
	case DEMAND_UID: case DEMAND_REMOTE_PORT: return number_value(p, f, scratch, ret);
	default: return MODEL_UNKNOWN;
	}
}

static const struct model_record_ops point_ops = { .get = point_get };

/* ---- asking ---- */

struct demand_asker *demand_asker_new(struct demand_maker *maker, const struct lang_node *check)
{
	struct demand_asker *asker = mem_alloc(sizeof(*asker));
	uint32_t index;

	asker->maker = maker;
	asker->program = lang_program_new();
	asker->record.ops = &point_ops;
	if (lang_program_add(asker->program, check, &index, NULL, NULL, NULL) < 0 || lang_program_seal(asker->program, NULL) < 0)
		return demand_asker_free(asker);
	asker->scratch = lang_scratch_new(asker->program);
	return asker;
}

struct demand_asker *demand_asker_free(struct demand_asker *asker)
{
	if (!asker)
		return NULL;
	lang_scratch_free(asker->scratch);
	lang_program_free(asker->program);
	free(asker);
	return NULL;
}

enum demand_answer demand_ask(struct demand_asker *asker, struct demand_point *point)
{
	asker->point = point;
	asker->record.event = point->type;
	lang_scratch_begin(asker->scratch, &asker->record);
	switch (lang_program_eval(asker->program, asker->scratch, 0)) {
	case MODEL_SET: return DEMAND_TRUE;
	case MODEL_UNSET: return DEMAND_FALSE;
	default: return DEMAND_MAYBE;
	}
}
