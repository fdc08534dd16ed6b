/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_MODEL_FIELD_H
#define PARKA_MODEL_FIELD_H
/*
 * Fields: what a record can be asked for. The table is fields.def.
 *
 * Who calls it: the condition compiler (types and flags), records (ids), the cli and
 * the docs (names and meanings). Thread: any (constant data).
 */
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a value is. Decides the operators a condition may use (falco-language 3.5). */
enum model_type {
	MODEL_TYPE_BOOL,
	MODEL_TYPE_INT64,      /* signed */
	MODEL_TYPE_UINT64,
	MODEL_TYPE_PORT,       /* unsigned; may be written as a service name */
	MODEL_TYPE_RELTIME,    /* unsigned, nanoseconds */
	MODEL_TYPE_ABSTIME,    /* unsigned, nanoseconds since the epoch */
	MODEL_TYPE_STRING,
	MODEL_TYPE_PATH,       /* a string that is a file path */
	MODEL_TYPE_BYTES,
	MODEL_TYPE_IP,         /* IPv4 or IPv6 address */
	MODEL_TYPE_NET,        /* compared with networks; its value is an address */
	MODEL_TYPE_MAX
};

enum model_field_flags {
	MODEL_FIELD_LIST = 1 << 0,          /* many values at once */
	MODEL_FIELD_ARG_INDEX = 1 << 1,     /* takes [N] */
	MODEL_FIELD_ARG_KEY = 1 << 2,       /* takes [name]; evt.arg also evt.arg.name */
	MODEL_FIELD_ARG_OPTIONAL = 1 << 3,  /* the argument may be left out */
	MODEL_FIELD_ANCESTOR = 1 << 4,      /* without argument: true if any ancestor matches */
	MODEL_FIELD_BOTH_ENDS = 1 << 5,     /* fd.ip, fd.port, fd.net, fd.proto: either end; != both */
	MODEL_FIELD_NO_RHS = 1 << 6,        /* not allowed on the right side, val(f) */
	MODEL_FIELD_NO_TRANSFORM = 1 << 7,  /* no transformer may take it */
	MODEL_FIELD_FILTER_ONLY = 1 << 8,   /* not in output */
};

enum model_field_id {
#define FIELD(id, name, type, flags, meaning, source) MODEL_F_##id,
#include "model/fields.def"
#undef FIELD
	MODEL_F_MAX
};

struct model_field {
	const char *name;
	enum model_type type;
	unsigned flags;
	const char *meaning;
	const char *source;
};

/* A field together with its argument, as written in a condition or output. */
struct model_field_ref {
	enum model_field_id id;
	bool has_arg;
	int64_t index;           /* when the argument is a number; else -1 */
	const char *key;         /* the argument's text; NULL without argument. Owner: who parsed it */
	const char *text;        /* canonical text: "proc.aname[2]", "evt.arg.flags". Same owner */
	uint32_t slot;           /* for the compiler's use: where its value is cached */
};

const struct model_field *model_field(enum model_field_id id);
/* MODEL_F_MAX when there is none of that name (without argument). */
enum model_field_id model_field_by_name(const char *name, size_t len);
const char *model_type_name(enum model_type type);
bool model_type_is_number(enum model_type type);   /* INT64 .. ABSTIME, not BOOL */
bool model_type_is_text(enum model_type type);     /* STRING, PATH */

/* Falco fields that parka does not have, with the reason: for messages and docs. NULL when
 * the name is none of them. */
const char *model_field_missing(const char *name, size_t len);
struct model_missing_field { const char *name, *reason; };
const struct model_missing_field *model_missing_fields(size_t *ret_n);

#endif
