/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_SENSOR_RECORD_H
#define PARKA_SENSOR_RECORD_H
/* Fields of an event: one getter per field class, and what they share. For the files of this room. Thread: one. */
#include "sensor/fdtrack.h"
#include "sensor/state_internal.h"

#include <string.h>

/* Each answers for the fields of its class: MODEL_SET, MODEL_UNSET. */
typedef int sensor_fields_fn(const struct sensor_record *record, const struct model_field_ref *field,
			     struct arena *scratch, struct model_value *ret);
sensor_fields_fn sensor_fields_evt, sensor_fields_proc, sensor_fields_exe, sensor_fields_kin, sensor_fields_user, sensor_fields_session,
	sensor_fields_container, sensor_fields_k8s, sensor_fields_fd, sensor_fields_net, sensor_fields_path, sensor_fields_other;

static inline int value_text(struct model_value *ret, const char *text, size_t len)
{
	ret->text = text;
	ret->len = len;
	return text ? MODEL_SET : MODEL_UNSET;
}

static inline int value_str(struct model_value *ret, const char *text)
{
	return value_text(ret, text, text ? strlen(text) : 0);
}

static inline int value_interned(struct model_value *ret, const struct sensor_text *text)
{
	return value_text(ret, text ? text->text : NULL, text ? text->len : 0);
}

static inline int value_bool(struct model_value *ret, bool value)
{
	ret->boolean = value;
	return MODEL_SET;
}

static inline int value_u64(struct model_value *ret, uint64_t value)
{
	ret->u64 = value;
	return MODEL_SET;
}

static inline int value_i64(struct model_value *ret, int64_t value)
{
	ret->i64 = value;
	return MODEL_SET;
}

/* "comm args", as proc.cmdline of any process; its environment, whole or one variable. */
int sensor_proc_cmdline(const struct sensor_process *process, struct arena *scratch, struct model_value *ret);
int sensor_proc_env(const struct sensor_process *process, const char *name, struct arena *scratch, struct model_value *ret);

/* A wire text, copied so that it ends in NUL. */
int value_param(const struct sensor_record *record, enum sensor_param id, struct arena *scratch, struct model_value *ret);
/* "a b c" of texts with a NUL between each two. */
int value_joined(const char *texts, size_t len, struct arena *scratch, struct model_value *ret);
void sensor_copy_joined(char *to, const char *texts, size_t len);

/* The name of the record's file: of an alias that, else the kernel's path, else directory + raw. */
const char *sensor_record_name(const struct sensor_record *record, size_t *ret_len);
/* The same for a PATH parameter alone, or joined from RAW and its directory. NULL. */
const char *sensor_record_path(const struct sensor_record *record, enum sensor_param path, struct arena *scratch, size_t *ret_len);
const char *sensor_record_joined(const struct sensor_record *record, enum sensor_param raw, enum sensor_param dir,
				 struct arena *scratch, size_t *ret_len);
/* "client:port->server:port", or the path of a unix socket; NULL. */
const char *sensor_socket_name(const struct sensor_record *record, struct arena *scratch, size_t *ret_len);
/* "SUCCESS" or "ENOENT". */
const char *sensor_result_name(int64_t ret);
static inline bool sensor_type_is_open(unsigned type)
{
	return type == MODEL_EVT_OPENAT || type == MODEL_EVT_OPEN || type == MODEL_EVT_OPENAT2 || type == MODEL_EVT_CREAT ||
	       type == MODEL_EVT_OPEN_BY_HANDLE_AT;
}
bool sensor_type_is_exec(unsigned type);

#endif
