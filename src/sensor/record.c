/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/record.h"
#include "model/event.h"
#include "sensor/filter.h"

#include <errno.h>
#include <string.h>

static sensor_fields_fn *getter_of(enum model_field_id id)
{
	switch (id) {
	case MODEL_F_EVT_NUM ... MODEL_F_EVT_PATH_INCOMPLETE: return sensor_fields_evt;
	case MODEL_F_PROC_SNAME ... MODEL_F_PROC_PPID_DURATION: return sensor_fields_kin;
	case MODEL_F_PROC_PPID_TS: return sensor_fields_kin;
	case MODEL_F_PROC_IS_EXE_WRITABLE ... MODEL_F_PROC_SCRIPT: return sensor_fields_exe;
	case MODEL_F_PROC_TRUSTED_NAME: return sensor_fields_exe;
	case MODEL_F_PROC_NAME ... MODEL_F_PROC_EXEPATH:
	case MODEL_F_PROC_ARGS ... MODEL_F_PROC_IS_PGID_LEADER:
	case MODEL_F_PROC_PID_TS:
	case MODEL_F_PROC_PIDNS_INIT_START_TS ... MODEL_F_THREAD_CGROUP: return sensor_fields_proc;
	case MODEL_F_USER_UID ... MODEL_F_GROUP_NAME: return sensor_fields_user;
	case MODEL_F_SESSION_ID ... MODEL_F_SESSION_KNOWN: return sensor_fields_session;
	case MODEL_F_CONTAINER_ID ... MODEL_F_CONTAINER_ROOTLESS: return sensor_fields_container;
	case MODEL_F_K8S_NS_NAME ... MODEL_F_K8S_CONTAINER_NAME: return sensor_fields_k8s;
	case MODEL_F_FD_IP ... MODEL_F_FD_CONNECTED: return sensor_fields_net;
	case MODEL_F_FD_NUM ... MODEL_F_FD_VIA_MAGIC_LINK:
	case MODEL_F_FD_NAME_CHANGED ... MODEL_F_FD_TYPES: return sensor_fields_fd;
	case MODEL_F_FS_PATH_NAME ... MODEL_F_FS_PATH_TARGETRAW: return sensor_fields_path;
	default: return sensor_fields_other;
	}
}

static int record_get(const struct model_record *record, const struct model_field_ref *field, struct arena *scratch,
		      struct model_value *ret)
{
	return getter_of(field->id)(container_of(record, struct sensor_record, record), field, scratch, ret);
}

const struct model_record_ops sensor_record_ops = { .get = record_get, .texts_are_clean = true };

const struct runtime_container *sensor_record_container(const struct model_record *record)
{
	return container_of(record, struct sensor_record, record)->container;
}

uint64_t sensor_record_time_ns(const struct model_record *record)
{
	const struct sensor_record *r = container_of(record, struct sensor_record, record);

	return sensor_state_epoch_ns(r->state, r->view->event->ts_ns);
}

const struct sensor_wire *sensor_record_wire(const struct model_record *record)
{
	return container_of(record, struct sensor_record, record)->view->event;
}

void sensor_record_filter_context(const struct model_record *record, struct sensor_filter_context *ret)
{
	const struct sensor_record *r = container_of(record, struct sensor_record, record);

	*ret = (struct sensor_filter_context){
		.where = r->container ? sensor_filter_where_of_root(r->container->rootfs) : FILTER_WHERE_HOST,
		.leader_comm = r->process ? r->process->comm : NULL,
	};
}

int value_param(const struct sensor_record *record, enum sensor_param id, struct arena *scratch, struct model_value *ret)
{
	size_t len = 0;
	const char *text = sensor_wire_text(record->view, id, &len);

	return value_text(ret, text ? arena_strndup(scratch, text, len) : NULL, len);
}

void sensor_copy_joined(char *to, const char *texts, size_t len)
{
	typedef uint8_t lanes __attribute__((vector_size(16)));
	size_t i = 0;

	/* Environments are kilobytes. A lane that is 0 compares as all ones. */
	for (; i + sizeof(lanes) <= len; i += sizeof(lanes)) {
		lanes v;

		memcpy(&v, texts + i, sizeof(v));
		v |= (lanes)(v == 0) & ' ';
		memcpy(to + i, &v, sizeof(v));
	}
	for (; i < len; i++)
		to[i] = texts[i] ? texts[i] : ' ';
}

int value_joined(const char *texts, size_t len, struct arena *scratch, struct model_value *ret)
{
	char *copy = arena_take(scratch, len + 1);

	if (copy) {
		sensor_copy_joined(copy, texts, len);
		copy[len] = '\0';
	}
	return value_text(ret, copy, len);
}

const char *sensor_record_path(const struct sensor_record *record, enum sensor_param id, struct arena *scratch, size_t *ret_len)
{
	struct sensor_path path;

	return sensor_path_of(record->view, id, &path) ? sensor_path_text(&path, scratch, ret_len) : NULL;
}

const char *sensor_record_joined(const struct sensor_record *record, enum sensor_param raw, enum sensor_param dir,
				 struct arena *scratch, size_t *ret_len)
{
	const struct sensor_process *p = record->process;
	const char *text, *dir_text;
	size_t len, dir_len = 0;

	text = sensor_wire_text(record->view, raw, &len);
	if (!text)
		return NULL;
	if (len && text[0] == '/')
		return sensor_path_join(NULL, 0, text, len, scratch, ret_len);
	dir_text = sensor_record_path(record, dir, scratch, &dir_len);
	if (!dir_text)
		dir_text = sensor_record_path(record, SENSOR_P_CWD, scratch, &dir_len);
	if (!dir_text && p && p->cwd) {
		dir_text = p->cwd->text;
		dir_len = p->cwd->len;
	}
	return sensor_path_join(dir_text, dir_len, text, len, scratch, ret_len);
}

const char *sensor_record_name(const struct sensor_record *record, size_t *ret_len)
{
	struct sensor_memo *memo = record->memo;
	struct arena *arena = &record->state->scratch;

	if (record->name) {
		*ret_len = record->name_len;
		return record->name;
	}
	if (!memo->path_done) {
		memo->path_done = true;
		memo->path = sensor_record_path(record, SENSOR_P_PATH, arena, &memo->path_len);
		if (!memo->path)
			memo->path = sensor_record_joined(record, SENSOR_P_RAW, SENSOR_P_DIR_PATH, arena, &memo->path_len);
	}
	*ret_len = memo->path_len;
	return memo->path;
}

const char *sensor_result_name(int64_t ret)
{
	const char *name;

	if (ret >= 0)
		return "SUCCESS";
	name = ret >= -4095 ? strerrorname_np((int)-ret) : NULL;
	return name ? name : "UNKNOWN";
}

bool sensor_type_is_exec(unsigned type)
{
	return type == MODEL_EVT_EXECVE || type == MODEL_EVT_EXECVEAT || type == MODEL_EVT_SCHED_EXEC;
}
