/* SPDX-License-Identifier: Apache-2.0 */
/* evt.*, syscall.type */
#include "sensor/args.h"
#include "sensor/record.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

static uint64_t time_ns(const struct sensor_record *r)
{
	return sensor_state_epoch_ns(r->state, r->view->event->ts_ns);
}

static int time_text(const struct sensor_record *r, enum model_field_id id, struct arena *scratch, struct model_value *ret)
{
	uint64_t ns = time_ns(r);
	time_t s = (time_t)(ns / 1000000000);
	unsigned fraction = (unsigned)(ns % 1000000000);
	bool iso = id == MODEL_F_EVT_TIME_ISO8601, date = iso || id == MODEL_F_EVT_DATETIME || id == MODEL_F_EVT_DATETIME_S;
	bool whole = id == MODEL_F_EVT_TIME_S || id == MODEL_F_EVT_DATETIME_S;
	char text[64], *out;
	struct tm tm;

	if (!(iso ? gmtime_r(&s, &tm) : localtime_r(&s, &tm)))
		return MODEL_UNSET;
	strftime(text, sizeof(text), iso ? "%Y-%m-%dT%H:%M:%S" : date ? "%Y-%m-%d %H:%M:%S" : "%H:%M:%S", &tm);
	out = whole ? arena_strdup(scratch, text) : arena_printf(scratch, iso ? "%s.%09u+0000" : "%s.%09u", text, fraction);
	return value_str(ret, out);
}

static const struct sensor_arg *find_arg(const struct sensor_record *r, const struct model_field_ref *field)
{
	const struct sensor_arg *args;
	size_t n = sensor_args_of(r->record.event, &args);

	if (field->index >= 0)
		return (size_t)field->index < n ? &args[field->index] : NULL;
	for (size_t i = 0; field->key && i < n; i++)
		if (strcmp(args[i].name, field->key) == 0)
			return &args[i];
	return NULL;
}

static int arg_value(const struct sensor_record *r, const struct model_field_ref *field, bool raw, struct arena *scratch,
		     struct model_value *ret)
{
	const struct sensor_arg *arg = find_arg(r, field);
	struct sensor_arg_text text;

	if (!arg || !sensor_arg_get(r, arg, scratch, &text))
		return MODEL_UNSET;
	return value_str(ret, raw || !text.resolved[0] ? text.raw : text.resolved);
}

static int all_args(const struct sensor_record *r, struct arena *scratch, struct model_value *ret)
{
	const struct sensor_arg *args;
	size_t n = sensor_args_of(r->record.event, &args);
	struct strbuf sb;

	strbuf_init(&sb, LIMIT_SENSOR_WIRE_BYTES);
	for (size_t i = 0; i < n; i++) {
		struct sensor_arg_text text;
		if (!sensor_arg_get(r, &args[i], scratch, &text))
			continue;
		if (sb.len)
			strbuf_addc(&sb, ' ');
		strbuf_adds(&sb, args[i].name);
		strbuf_addc(&sb, '=');
		strbuf_adds(&sb, text.raw);
		if (text.resolved[0])
			strbuf_addc(&sb, '('), strbuf_adds(&sb, text.resolved), strbuf_addc(&sb, ')');
	}
	value_text(ret, arena_strndup(scratch, sb.text, sb.len), sb.len);
	strbuf_done(&sb);
	return ret->text ? MODEL_SET : MODEL_UNSET;
}

static const char *category_name(enum model_event_type type)
{
	static const char *const names[] = {
		[MODEL_CATEGORY_OTHER] = "other", [MODEL_CATEGORY_FILE] = "file", [MODEL_CATEGORY_IO_READ] = "file",
		[MODEL_CATEGORY_IO_WRITE] = "file", [MODEL_CATEGORY_NET] = "net", [MODEL_CATEGORY_PROCESS] = "process",
		[MODEL_CATEGORY_USER] = "user", [MODEL_CATEGORY_SIGNAL] = "signal", [MODEL_CATEGORY_MEMORY] = "memory",
		[MODEL_CATEGORY_KERNEL] = "kernel", [MODEL_CATEGORY_WAIT] = "other",
	};

	if (type == MODEL_EVT_SENDTO || type == MODEL_EVT_SENDMSG || type == MODEL_EVT_SENDMMSG || type == MODEL_EVT_RECVFROM ||
	    type == MODEL_EVT_RECVMSG || type == MODEL_EVT_RECVMMSG)
		return "net";
	return names[model_event(type)->category];
}

static bool open_flags(const struct sensor_record *r, uint64_t *ret_flags)
{
	if (!sensor_type_is_open(r->record.event))
		return false;
	if (!sensor_wire_u64(r->view, SENSOR_P_FLAGS, ret_flags))
		*ret_flags = r->record.event == MODEL_EVT_CREAT ? O_CREAT | O_WRONLY | O_TRUNC : 0;
	return true;
}

static int open_is(const struct sensor_record *r, enum model_field_id id, struct model_value *ret)
{
	const struct sensor_wire_file *file = sensor_wire_struct(r->view, SENSOR_P_FILE, sizeof(*file));
	uint64_t flags, mode = sensor_wire_u64_or(r->view, SENSOR_P_MODE, 0);

	if (!open_flags(r, &flags))
		return value_bool(ret, false);
	switch (id) {
	case MODEL_F_EVT_IS_OPEN_READ:
		return value_bool(ret, (flags & O_ACCMODE) == O_RDONLY || (flags & O_ACCMODE) == O_RDWR);
	case MODEL_F_EVT_IS_OPEN_WRITE:
		return value_bool(ret, (flags & O_ACCMODE) == O_WRONLY || (flags & O_ACCMODE) == O_RDWR);
	case MODEL_F_EVT_IS_OPEN_EXEC:
		return value_bool(ret, (flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))) && (mode & (S_IXUSR | S_IXGRP | S_IXOTH)));
	default:
		return value_bool(ret, file && (file->flags & SENSOR_FILE_CREATED));
	}
}

static int is_syslog(const struct sensor_record *r, struct model_value *ret)
{
	size_t len;
	const char *name = sensor_wire_has(r->view, SENSOR_P_SOCKET)
		? sensor_unix_path(r->view, SENSOR_P_SOCKADDR_REMOTE, &r->state->scratch, &len) : NULL;

	return value_bool(ret, name && (strcmp(name, "/dev/log") == 0 || strcmp(name, "/run/systemd/journal/dev-log") == 0));
}

static int evt_text(const struct sensor_record *r, const struct model_field_ref *f, struct arena *scratch, struct model_value *ret)
{
	enum model_event_type type = r->record.event;
	size_t len = 0;
	const char *text;

	switch (f->id) {
	case MODEL_F_SYSCALL_TYPE:
		return model_event(type)->flags & MODEL_EVENT_SYSCALL ? value_str(ret, model_event(type)->name) : MODEL_UNSET;
	case MODEL_F_EVT_CATEGORY: return value_str(ret, category_name(type));
	case MODEL_F_EVT_DIR: return value_str(ret, "<");
	case MODEL_F_EVT_ARGS: case MODEL_F_EVT_INFO: return all_args(r, scratch, ret);
	case MODEL_F_EVT_ARG: return arg_value(r, f, false, scratch, ret);
	case MODEL_F_EVT_RAWARG: return arg_value(r, f, true, scratch, ret);
	case MODEL_F_EVT_BUFFER:
		text = sensor_wire_bytes(r->view, SENSOR_P_DATA, &len);
		return text ? value_text(ret, arena_strndup(scratch, text, len), len) : MODEL_UNSET;
	case MODEL_F_EVT_BUFLEN:
		text = sensor_wire_bytes(r->view, SENSOR_P_DATA, &len);
		return text ? value_u64(ret, len) : MODEL_UNSET;
	case MODEL_F_EVT_HOSTNAME: return r->state->hostname[0] ? value_str(ret, r->state->hostname) : MODEL_UNSET;
	case MODEL_F_EVT_SOURCE: return value_str(ret, "syscall");
	case MODEL_F_EVT_ASYNCTYPE: return type == MODEL_EVT_CONTAINER ? value_str(ret, "container") : MODEL_UNSET;
	case MODEL_F_EVT_ABSPATH:
		/* Of calls with two paths, the new one: that is what Falco calls the path of a rename or link. */
		text = sensor_wire_has(r->view, SENSOR_P_RAW2)
			? sensor_record_joined(r, SENSOR_P_RAW2, SENSOR_P_DIR_PATH2, scratch, &len)
			: sensor_record_joined(r, SENSOR_P_RAW, SENSOR_P_DIR_PATH, scratch, &len);
		return value_text(ret, text, len);
	default: return MODEL_UNSET;
	}
}

static int evt_bool(const struct sensor_record *r, enum model_field_id id, struct model_value *ret)
{
	const struct sensor_wire *e = r->view->event;
	enum model_event_category category = model_event(r->record.event)->category;
	const struct sensor_wire_path *path;

	switch (id) {
	case MODEL_F_EVT_FAILED: return value_bool(ret, e->ret < 0 && !(e->flags & SENSOR_WIRE_NO_RET));
	case MODEL_F_EVT_IS_IO: return value_bool(ret, category == MODEL_CATEGORY_IO_READ || category == MODEL_CATEGORY_IO_WRITE);
	case MODEL_F_EVT_IS_IO_READ: return value_bool(ret, category == MODEL_CATEGORY_IO_READ);
	case MODEL_F_EVT_IS_IO_WRITE: return value_bool(ret, category == MODEL_CATEGORY_IO_WRITE);
	case MODEL_F_EVT_IS_WAIT: return value_bool(ret, category == MODEL_CATEGORY_WAIT);
	case MODEL_F_EVT_IS_SYSLOG: return is_syslog(r, ret);
	case MODEL_F_EVT_IS_COMPAT: return value_bool(ret, e->flags & SENSOR_WIRE_COMPAT);
	case MODEL_F_EVT_IS_IO_URING: return value_bool(ret, e->flags & SENSOR_WIRE_IO_URING);
	case MODEL_F_EVT_PATH_INCOMPLETE:
		path = sensor_wire_struct(r->view, SENSOR_P_PATH, sizeof(*path));
		return value_bool(ret, (e->flags & SENSOR_WIRE_UNRESOLVED) || (path && (path->flags & SENSOR_PATH_CUT)));
	default: return open_is(r, id, ret);
	}
}

int sensor_fields_evt(const struct sensor_record *r, const struct model_field_ref *f, struct arena *scratch, struct model_value *ret)
{
	const struct sensor_wire *e = r->view->event;

	switch (f->id) {
	case MODEL_F_EVT_NUM: return value_u64(ret, r->state->n_events);
	case MODEL_F_EVT_TIME: case MODEL_F_EVT_TIME_S: case MODEL_F_EVT_TIME_ISO8601:
	case MODEL_F_EVT_DATETIME: case MODEL_F_EVT_DATETIME_S: return time_text(r, f->id, scratch, ret);
	case MODEL_F_EVT_RAWTIME: return value_u64(ret, time_ns(r));
	case MODEL_F_EVT_RAWTIME_S: return value_u64(ret, time_ns(r) / 1000000000);
	case MODEL_F_EVT_RAWTIME_NS: return value_u64(ret, time_ns(r) % 1000000000);
	case MODEL_F_EVT_RELTIME: return value_u64(ret, e->ts_ns > r->state->first_ts_ns ? e->ts_ns - r->state->first_ts_ns : 0);
	case MODEL_F_EVT_TYPE: return value_str(ret, model_event(r->record.event)->name);
	case MODEL_F_EVT_TYPE_IS: return value_u64(ret, f->key && strcmp(f->key, model_event(r->record.event)->name) == 0);
	case MODEL_F_EVT_CPU: return value_i64(ret, e->cpu);
	case MODEL_F_EVT_RES: return e->flags & SENSOR_WIRE_NO_RET ? MODEL_UNSET : value_str(ret, sensor_result_name(e->ret));
	case MODEL_F_EVT_RAWRES: return e->flags & SENSOR_WIRE_NO_RET ? MODEL_UNSET : value_i64(ret, e->ret);
	case MODEL_F_EVT_COUNT: return value_u64(ret, e->count ? e->count : 1);
	case MODEL_F_EVT_FAILED: case MODEL_F_EVT_IS_IO ... MODEL_F_EVT_IS_OPEN_CREATE:
	case MODEL_F_EVT_IS_COMPAT: case MODEL_F_EVT_IS_IO_URING: case MODEL_F_EVT_PATH_INCOMPLETE:
		return evt_bool(r, f->id, ret);
	default: return evt_text(r, f, scratch, ret);
	}
}
