/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_SENSOR_ARGS_H
#define PARKA_SENSOR_ARGS_H
/*
 * Arguments of events: evt.arg, evt.rawarg, evt.args. Names, order and looks are Falco's where Falco knows the event, since rules
 * compare with them: "fd=3(<f>/etc/passwd) name=/etc/passwd flags=1(O_RDONLY)". A table per event (args_table.c). Thread: any.
 */
#include "sensor/flags.h"
#include "sensor/record.h"

enum sensor_arg_kind {
	SENSOR_ARG_RES,          /* return value: "0", "-2(ENOENT)" */
	SENSOR_ARG_FD_RET,       /* the return value is a descriptor */
	SENSOR_ARG_FD,           /* parameter is a descriptor */
	SENSOR_ARG_DIRFD,        /* "-100(AT_FDCWD)" */
	SENSOR_ARG_PATH,         /* RAW with its directory */
	SENSOR_ARG_PATH2,
	SENSOR_ARG_TEXT,
	SENSOR_ARG_FLAGS, SENSOR_ARG_ENUM, SENSOR_ARG_OPEN_FLAGS, SENSOR_ARG_EXEC_FLAGS,
	SENSOR_ARG_MODE,         /* octal, with S_I names */
	SENSOR_ARG_OCT, SENSOR_ARG_DEC, SENSOR_ARG_HEX, SENSOR_ARG_SIGNED,
	SENSOR_ARG_UID, SENSOR_ARG_GID,
	SENSOR_ARG_DEV, SENSOR_ARG_INO,
	SENSOR_ARG_TUPLE, SENSOR_ARG_ADDR,
	SENSOR_ARG_SIZE,         /* length of a parameter */
	SENSOR_ARG_FIELD,        /* the value of a field of the record */
};

struct sensor_arg {
	const char *name;
	uint8_t kind;
	uint8_t param;           /* enum sensor_param */
	uint16_t field;          /* enum model_field_id, of SENSOR_ARG_FIELD */
	const struct sensor_flag *flags;
};

/* The arguments of an event type; 0 when it has none. */
size_t sensor_args_of(enum model_event_type type, const struct sensor_arg **ret);

/* One argument: the number or text itself, and what it stands for ("" when nothing). False when the event does not carry it. */
struct sensor_arg_text { const char *raw, *resolved; };
bool sensor_arg_get(const struct sensor_record *record, const struct sensor_arg *arg, struct arena *scratch,
		    struct sensor_arg_text *ret);

#endif
