/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/args.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

enum { FLAG_TEXT_MAX = 512 };

/* "<f>/etc/passwd": the type and name of the event's descriptor. */
static const char *fd_text(const struct sensor_record *record, struct arena *scratch)
{
	struct model_field_ref name = { .id = MODEL_F_FD_NAME, .index = -1 }, type = { .id = MODEL_F_FD_TYPECHAR, .index = -1 };
	struct model_value n, t;

	if (sensor_fields_fd(record, &type, scratch, &t) != MODEL_SET || sensor_fields_fd(record, &name, scratch, &n) != MODEL_SET)
		return "";
	return arena_printf(scratch, "<%s>%s", t.text, n.text);
}

static void set_number(struct sensor_arg_text *ret, struct arena *scratch, const char *format, uint64_t value)
{
	char text[32];

	snprintf(text, sizeof(text), format[0] == 'o' ? "0%" PRIo64 : format[0] == 'x' ? "%" PRIX64 : "%" PRIu64, value);
	ret->raw = arena_strdup(scratch, text);
}

static void set_signed(struct sensor_arg_text *ret, struct arena *scratch, int64_t value)
{
	ret->raw = arena_printf(scratch, "%" PRId64, value);
}

static void set_flags(struct sensor_arg_text *ret, struct arena *scratch, const struct sensor_arg *arg, uint64_t value)
{
	char text[FLAG_TEXT_MAX];
	bool is_enum = arg->kind == SENSOR_ARG_ENUM;

	set_number(ret, scratch, is_enum ? "u" : arg->kind == SENSOR_ARG_MODE ? "o" : "x", value);
	sensor_flags_print(arg->flags, is_enum, value, text, sizeof(text));
	ret->resolved = arena_strdup(scratch, text);
}

static const char *owner_name(const struct sensor_record *record, bool is_group, uint64_t id)
{
	const char *container = record->container ? record->container->id : NULL;
	uint64_t now = record->view->event->ts_ns;
	const struct sensor_user *user;
	const char *name;

	if (id >= UINT32_MAX || !record->process)
		return "";
	if (is_group) {
		name = sensor_group_by_gid(&record->state->users, container, record->process->pid, (uint32_t)id, now);
		return name ? name : "<NA>";
	}
	user = sensor_user_by_uid(&record->state->users, container, record->process->pid, (uint32_t)id, now);
	return user ? user->name : "<NA>";
}

static bool get_number(const struct sensor_record *record, const struct sensor_arg *arg, struct arena *scratch,
		       struct sensor_arg_text *ret)
{
	uint64_t value;

	if (!sensor_wire_u64(record->view, arg->param, &value))
		return false;
	switch (arg->kind) {
	case SENSOR_ARG_FLAGS: case SENSOR_ARG_ENUM: case SENSOR_ARG_MODE:
		set_flags(ret, scratch, arg, value);
		break;
	case SENSOR_ARG_OCT:
		set_number(ret, scratch, "o", value);
		break;
	case SENSOR_ARG_HEX:
		set_number(ret, scratch, "x", value);
		break;
	case SENSOR_ARG_UID: case SENSOR_ARG_GID:
		set_signed(ret, scratch, (int32_t)value);
		ret->resolved = owner_name(record, arg->kind == SENSOR_ARG_GID, (uint32_t)value);
		break;
	case SENSOR_ARG_FD:
		set_signed(ret, scratch, (int64_t)value);
		if (arg->param == SENSOR_P_FD)
			ret->resolved = fd_text(record, scratch);
		break;
	case SENSOR_ARG_DIRFD:
		set_signed(ret, scratch, (int32_t)value);
		ret->resolved = (int32_t)value == AT_FDCWD ? "AT_FDCWD" : "";
		break;
	default:
		set_number(ret, scratch, "u", value);
		break;
	}
	return true;
}

static bool get_file(const struct sensor_record *record, const struct sensor_arg *arg, struct arena *scratch,
		     struct sensor_arg_text *ret)
{
	const struct sensor_wire_file *file = sensor_wire_struct(record->view, SENSOR_P_FILE, sizeof(*file));
	uint32_t flags = 0;

	if (!file)
		return false;
	if (arg->kind == SENSOR_ARG_DEV) {
		set_number(ret, scratch, "x", makedev(file->dev >> 20, file->dev & 0xfffff));
	} else if (arg->kind == SENSOR_ARG_INO) {
		set_number(ret, scratch, "u", file->ino);
	} else {
		flags |= file->flags & SENSOR_FILE_WRITABLE ? 1 : 0;
		flags |= file->flags & SENSOR_FILE_UPPER ? 2 : 0;
		flags |= file->flags & SENSOR_FILE_MEMFD ? 4 : 0;
		flags |= file->flags & SENSOR_FILE_LOWER ? 8 : 0;
		set_flags(ret, scratch, arg, flags);
	}
	return true;
}

static bool get_open_flags(const struct sensor_record *record, const struct sensor_arg *arg, struct arena *scratch,
			   struct sensor_arg_text *ret)
{
	const struct sensor_wire_file *file = sensor_wire_struct(record->view, SENSOR_P_FILE, sizeof(*file));
	uint64_t flags;

	if (!sensor_wire_u64(record->view, SENSOR_P_FLAGS, &flags)) {
		if (record->record.event != MODEL_EVT_CREAT)
			return false;
		flags = O_CREAT | O_WRONLY | O_TRUNC;
	}
	set_flags(ret, scratch, arg, sensor_open_flags_of(flags, file && (file->flags & SENSOR_FILE_CREATED)));
	return true;
}

static bool get_field(const struct sensor_record *record, const struct sensor_arg *arg, struct arena *scratch,
		      struct sensor_arg_text *ret)
{
	struct model_field_ref ref = { .id = arg->field, .index = -1 };
	struct model_value value;
	struct strbuf sb;

	if (model_record_get(&record->record, &ref, scratch, &value) != MODEL_SET)
		return false;
	strbuf_init(&sb, LIMIT_SENSOR_ARGV_BYTES);
	model_value_print(&value, model_field(arg->field)->type, false, &sb);
	ret->raw = arena_strndup(scratch, sb.text, sb.len);
	strbuf_done(&sb);
	return ret->raw != NULL;
}

static bool get_path(const struct sensor_record *record, const struct sensor_arg *arg, struct arena *scratch,
		     struct sensor_arg_text *ret)
{
	enum sensor_param path = arg->kind == SENSOR_ARG_PATH ? SENSOR_P_PATH : SENSOR_P_PATH2;
	enum sensor_param dir = arg->kind == SENSOR_ARG_PATH ? SENSOR_P_DIR_PATH : SENSOR_P_DIR_PATH2;
	size_t len = 0;
	const char *raw = sensor_wire_text(record->view, arg->param, &len), *joined;

	if (!raw)
		return false;
	ret->raw = arena_strndup(scratch, raw, len);
	/* What the kernel resolved goes before what the text would be joined to. */
	joined = sensor_record_path(record, path, scratch, &len);
	if (!joined)
		joined = sensor_record_joined(record, arg->param, dir, scratch, &len);
	if (joined && ret->raw && strcmp(joined, ret->raw) != 0)
		ret->resolved = joined;
	return ret->raw != NULL;
}

static bool get_address(const struct sensor_record *record, const struct sensor_arg *arg, struct arena *scratch,
			struct sensor_arg_text *ret)
{
	struct model_field_ref ref = { .id = MODEL_F_FD_NAME, .index = -1 };
	struct sensor_endpoint endpoint;
	struct model_value value;
	char text[128];
	size_t len;

	if (arg->kind == SENSOR_ARG_TUPLE) {
		if (sensor_fields_fd(record, &ref, scratch, &value) != MODEL_SET)
			return false;
		ret->raw = value.text;
		return true;
	}
	if (sensor_endpoint_of(record->view, arg->param, &endpoint)) {
		sensor_endpoint_print(&endpoint, text, sizeof(text));
		ret->raw = arena_strdup(scratch, text);
	} else {
		ret->raw = sensor_unix_path(record->view, arg->param, scratch, &len);
	}
	return ret->raw != NULL;
}

bool sensor_arg_get(const struct sensor_record *record, const struct sensor_arg *arg, struct arena *scratch,
		    struct sensor_arg_text *ret)
{
	int64_t result = record->view->event->ret;
	struct model_value value;

	*ret = (struct sensor_arg_text){ NULL, "" };
	switch (arg->kind) {
	case SENSOR_ARG_RES:
	case SENSOR_ARG_FD_RET:
		if (record->view->event->flags & SENSOR_WIRE_NO_RET && arg->kind == SENSOR_ARG_FD_RET)
			return false;
		set_signed(ret, scratch, result);
		ret->resolved = result < 0 ? sensor_result_name(result) : arg->kind == SENSOR_ARG_FD_RET ? fd_text(record, scratch) : "";
		break;
	case SENSOR_ARG_PATH: case SENSOR_ARG_PATH2:
		return get_path(record, arg, scratch, ret);
	case SENSOR_ARG_TEXT:
		/* An exec that failed has only what the program gave. */
		if (value_param(record, arg->param, scratch, &value) != MODEL_SET &&
		    (arg->param != SENSOR_P_FILENAME || value_param(record, SENSOR_P_RAW, scratch, &value) != MODEL_SET))
			return false;
		ret->raw = value.text;
		break;
	case SENSOR_ARG_OPEN_FLAGS:
		return get_open_flags(record, arg, scratch, ret);
	case SENSOR_ARG_DEV: case SENSOR_ARG_INO: case SENSOR_ARG_EXEC_FLAGS:
		return get_file(record, arg, scratch, ret);
	case SENSOR_ARG_TUPLE: case SENSOR_ARG_ADDR:
		return get_address(record, arg, scratch, ret);
	case SENSOR_ARG_FIELD:
		return get_field(record, arg, scratch, ret);
	case SENSOR_ARG_SIZE:
		if (!sensor_wire_param(record->view, arg->param))
			return false;
		set_number(ret, scratch, "u", sensor_wire_param(record->view, arg->param)->len);
		break;
	default:
		return get_number(record, arg, scratch, ret);
	}
	return ret->raw != NULL && ret->resolved != NULL;
}
