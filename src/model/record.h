/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_MODEL_RECORD_H
#define PARKA_MODEL_RECORD_H
/*
 * A record: anything a condition can be asked about. A kernel event, a line of JSON,
 * later a container, a sysctl, an RBAC grant. Records know fields; they know nothing
 * of conditions.
 *
 *     struct my_event { struct model_record record; ... };
 *     static int my_get(const struct model_record *r, const struct model_field_ref *f,
 *                       struct arena *scratch, struct model_value *ret);
 *
 * Embed a struct model_record, point `ops` to your getter, and container_of() back.
 * Thread: one at a time.
 */
#include "base/mem.h"
#include "base/strbuf.h"
#include "model/event.h"
#include "model/field.h"

struct model_ip {
	uint8_t family;          /* 4 or 6 */
	uint8_t bytes[16];       /* network order; IPv4 in the first 4 */
};

/* A value. Which member holds follows from the field's type; of a list field (and of an
 * ANCESTOR or BOTH_ENDS field without argument) `list` holds, its items being of the type. */
struct model_value {
	union {
		bool boolean;
		int64_t i64;
		uint64_t u64;        /* UINT64, PORT, RELTIME, ABSTIME */
		struct { const char *text; size_t len; };   /* STRING, PATH, BYTES; NUL-terminated at len */
		struct model_ip ip;  /* IP, NET */
		struct { const struct model_value *list; size_t n; };
	};
};

struct model_record;
enum { MODEL_UNSET = 0, MODEL_SET = 1, MODEL_UNKNOWN = -1 };

struct model_record_ops {
	/* MODEL_SET with *ret filled, MODEL_UNSET when the record has no such value by its nature,
	 * MODEL_UNKNOWN when it could not be read (events: treated as unset). Text and lists live in the
	 * record or in `scratch`, which the caller resets after the record is done with. */
	int (*get)(const struct model_record *record, const struct model_field_ref *field,
		   struct arena *scratch, struct model_value *ret);
	/* STRING and PATH values are never NULL and hold no NUL before their end. Otherwise a condition reads them up to the
	 * first. */
	bool texts_are_clean;
};

struct model_record {
	const struct model_record_ops *ops;
	enum model_event_type event;   /* MODEL_EVT_NONE when not known: every rule is then asked */
	uint32_t count;                /* how many equal ones the record stands for: itself and those before it that were not made; 0: 1 */
};

static inline int model_record_get(const struct model_record *record, const struct model_field_ref *field,
				   struct arena *scratch, struct model_value *ret)
{
	return record->ops->get(record, field, scratch, ret);
}

/* A value as output shows it ("<NA>" is the caller's business). Lists: items joined by
 * commas in parentheses, as Falco prints them. */
void model_value_print(const struct model_value *value, enum model_type type, bool is_list, struct strbuf *out);

/* "1.2.3.4", "::1"; false when it is neither. */
bool model_ip_parse(const char *text, size_t len, struct model_ip *ret);

#endif
