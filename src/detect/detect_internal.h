/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_DETECT_INTERNAL_H
#define PARKA_DETECT_INTERNAL_H
/* What the files of the room share. Included by nobody outside it, but its tests. */
#include "detect/detect.h"
#include "detect/limits.h"

/* A field's value; `index` -1 without argument. False when it is not set. */
bool detect_record_value(const struct model_record *record, enum model_field_id field, int64_t index,
			 struct arena *scratch, struct model_value *ret);

/* "HH:MM:SS.nnnnnnnnn", local time; "2026-11-23T19:02:25.123456789Z". */
void detect_add_clock(struct strbuf *out, uint64_t time_ns);
void detect_add_iso8601(struct strbuf *out, uint64_t time_ns);

/* ---- sinks ---- */
enum detect_sink_format { DETECT_FORMAT_DEFAULT, DETECT_FORMAT_TEXT, DETECT_FORMAT_JSON };

/* A spec taken apart: "kind:target,key=value,..." */
struct detect_sink_spec {
	const char *spec;        /* as given */
	char *target;            /* owned; "" when there is none */
	enum detect_sink_format format;
	uint64_t max_bytes;      /* file: max=; 0: not given */
	unsigned keep;           /* file: keep= */
	bool has_keep;
};

/* A finding as one line without newline, in the sink's buffers. */
struct detect_line { struct arena arena; struct strbuf text; };
void detect_line_init(struct detect_line *line);
void detect_line_done(struct detect_line *line);
void detect_line_make(struct detect_line *line, const struct detect_finding *finding, enum detect_sink_format format);

struct detect_sink *detect_sink_stdout(enum detect_sink_format format);
int detect_sink_file(const struct detect_sink_spec *spec, struct detect_sink **ret_sink, struct err *err);
int detect_sink_syslog(const struct detect_sink_spec *spec, struct detect_sink **ret_sink, struct err *err);
int detect_sink_http(const struct detect_sink_spec *spec, struct detect_sink **ret_sink, struct err *err);
int detect_sink_program(const struct detect_sink_spec *spec, bool each, struct detect_sink **ret_sink, struct err *err);

static inline void detect_count(uint64_t *counter)
{
	__atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

#endif
