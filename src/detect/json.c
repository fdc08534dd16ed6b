/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A finding as JSON. The keys of the top level and of output_fields are sorted, as Falco's are: tools that
 * compare lines find the same order, and the same finding gives the same bytes.
 */
#include "base/json.h"
#include "detect/detect_internal.h"

#include <stdlib.h>
#include <string.h>

static int by_text(const void *a, const void *b)
{
	return strcmp(((const struct lang_format_field *)a)->text, ((const struct lang_format_field *)b)->text);
}

static void put_value(struct json_writer *w, const char *key, enum model_type type, const struct model_value *v)
{
	_cleanup_strbuf_ struct strbuf text;

	switch (type) {
	case MODEL_TYPE_BOOL:
		json_put_bool(w, key, v->boolean);
		return;
	case MODEL_TYPE_INT64:
		json_put_int(w, key, v->i64);
		return;
	case MODEL_TYPE_UINT64:
	case MODEL_TYPE_PORT:
	case MODEL_TYPE_RELTIME:
	case MODEL_TYPE_ABSTIME:
		json_put_uint(w, key, v->u64);
		return;
	case MODEL_TYPE_STRING:
	case MODEL_TYPE_PATH:
	case MODEL_TYPE_BYTES:
		json_put_text(w, key, v->text, v->len);
		return;
	default:
		strbuf_init(&text, 128);
		model_value_print(v, type, false, &text);
		json_put_text(w, key, text.text, text.len);
	}
}

/* Falco gives the fields that are the event's time as nanoseconds since the epoch, whatever form they have in text. */
static bool is_time(const char *field)
{
	return strncmp(field, "evt.time", 8) == 0 || strncmp(field, "evt.datetime", 12) == 0;
}

static void put_field(struct json_writer *w, const struct lang_format_field *field, uint64_t time_ns)
{
	if (is_time(field->text)) {
		json_put_uint(w, field->text, time_ns);
	} else if (field->state != MODEL_SET) {
		json_put_null(w, field->text);
	} else if (field->is_list) {
		json_array_begin(w, field->text);
		for (size_t i = 0; i < field->value.n; i++)
			put_value(w, NULL, field->type, &field->value.list[i]);
		json_array_end(w);
	} else {
		put_value(w, field->text, field->type, &field->value);
	}
}

static void put_output_fields(struct json_writer *w, const struct detect_finding *f, struct arena *scratch)
{
	size_t n = f->record && f->rule->format ? lang_format_fields(f->rule->format) : 0;
	struct lang_format_field *fields = arena_alloc(scratch, (n + 1) * sizeof(*fields));

	json_object_begin(w, "output_fields");
	if (!fields)
		n = 0;
	else if (f->record)
		fields[n] = (struct lang_format_field){ .text = "evt.time" };
	for (size_t i = 0; i < n; i++)
		lang_format_field_get(f->rule->format, i, f->record, scratch, &fields[i]);
	if (fields && f->record) {
		qsort(fields, n + 1, sizeof(*fields), by_text);
		for (size_t i = 0; i <= n; i++)
			if (i == 0 || strcmp(fields[i].text, fields[i - 1].text) != 0)
				put_field(w, &fields[i], f->time_ns);
	}
	json_object_end(w);
}

static void put_container(struct json_writer *w, const struct detect_finding *f, struct arena *scratch)
{
	const char *full = f->record ? detect_record_text(f->record, MODEL_F_CONTAINER_FULL_ID, scratch) : NULL;

	json_object_begin(w, "container");
	json_put_str(w, "id", full ? full : f->container_id);
	json_put_str(w, "image", f->image);
	json_put_str(w, "name", f->container_name);
	json_object_end(w);
}

static void put_process(struct json_writer *w, const char *key, const struct detect_ancestor *a)
{
	json_object_begin(w, key);
	json_put_str(w, "name", a->name);
	json_put_int(w, "pid", a->pid);
	json_put_str(w, "exepath", a->exepath);
	json_put_str(w, "cmdline", a->cmdline);
	json_object_end(w);
}

static void put_ancestors(struct json_writer *w, const struct detect_finding *f, struct arena *scratch)
{
	struct detect_ancestor a[DETECT_ANCESTORS_MAX];
	size_t n = f->record ? detect_record_ancestors(f->record, scratch, a) : 0;

	json_array_begin(w, "ancestors");
	for (size_t i = 1; i < n; i++)
		put_process(w, NULL, &a[i]);
	json_array_end(w);
	if (n)
		put_process(w, "process", &a[0]);
}

struct named_field { const char *key; enum model_field_id field; };

static void put_named(struct json_writer *w, const char *key, const struct named_field *fields, size_t n,
		      const struct detect_finding *f, struct arena *scratch)
{
	json_object_begin(w, key);
	for (size_t i = 0; f->record && i < n; i++) {
		struct model_value v = { 0 };
		if (detect_record_value(f->record, fields[i].field, -1, scratch, &v))
			put_value(w, fields[i].key, model_field(fields[i].field)->type, &v);
	}
	json_object_end(w);
}

static const struct named_field session_fields[] = {
	{ "id", MODEL_F_SESSION_ID }, { "kind", MODEL_F_SESSION_KIND }, { "known", MODEL_F_SESSION_KNOWN },
	{ "leader", MODEL_F_SESSION_LEADER_NAME }, { "leader_pid", MODEL_F_SESSION_LEADER_PID },
	{ "remote", MODEL_F_SESSION_REMOTE }, { "tty", MODEL_F_SESSION_TTY }, { "uid", MODEL_F_SESSION_UID },
	{ "unit", MODEL_F_SESSION_UNIT }, { "user", MODEL_F_SESSION_USER }, { "via", MODEL_F_SESSION_VIA },
};

/* How the event came to be known, and what of it is not. */
static const struct named_field telemetry_fields[] = {
	{ "compat", MODEL_F_EVT_IS_COMPAT }, { "count", MODEL_F_EVT_COUNT }, { "io_uring", MODEL_F_EVT_IS_IO_URING },
	{ "path_incomplete", MODEL_F_EVT_PATH_INCOMPLETE },
};

static void put_parka(struct json_writer *w, const struct detect_finding *f, struct arena *scratch, bool whole)
{
	json_object_begin(w, "parka");
	if (whole)
		put_ancestors(w, f, scratch);
	put_container(w, f, scratch);
	json_put_uint(w, "held_back", f->n_held_back);
	json_put_uint(w, "number", f->number);
	if (whole) {
		put_named(w, "session", session_fields, ARRAY_LEN(session_fields), f, scratch);
		put_named(w, "telemetry", telemetry_fields, ARRAY_LEN(telemetry_fields), f, scratch);
	}
	json_put_bool(w, "summary", f->is_summary);
	if (!whole)
		json_put_bool(w, "shortened", true);
	json_object_end(w);
}

static void put_output(struct json_writer *w, const struct detect_finding *f, bool whole)
{
	_cleanup_strbuf_ struct strbuf text;

	strbuf_init(&text, whole ? DETECT_LINE_MAX : 4096);
	detect_add_clock(&text, f->time_ns);
	strbuf_addf(&text, ": %s %s", model_priority_name(f->rule->priority), f->output);
	json_put_text(w, "output", text.text, text.len);
}

static void write_finding(const struct detect_finding *f, struct arena *scratch, struct strbuf *out, bool whole)
{
	_cleanup_strbuf_ struct strbuf time;
	struct json_writer w = json_writer(out);

	strbuf_init(&time, 64);
	detect_add_iso8601(&time, f->time_ns);
	json_object_begin(&w, NULL);
	json_put_str(&w, "hostname", f->hostname);
	put_output(&w, f, whole);
	if (whole)
		put_output_fields(&w, f, scratch);
	put_parka(&w, f, scratch, whole);
	json_put_str(&w, "priority", model_priority_name(f->rule->priority));
	json_put_str(&w, "rule", f->rule->name);
	json_put_str(&w, "source", f->rule->source ? f->rule->source : "syscall");
	json_array_begin(&w, "tags");
	for (size_t i = 0; i < f->rule->n_tags; i++)
		json_put_str(&w, NULL, f->rule->tags[i]);
	json_array_end(&w);
	json_put_str(&w, "time", time.text);
	json_object_end(&w);
}

void detect_finding_json(const struct detect_finding *f, struct arena *scratch, struct strbuf *out)
{
	size_t start = out->len;

	write_finding(f, scratch, out, true);
	if (!out->truncated)
		return;
	/* A line that does not fit is no JSON: say what matters instead. */
	out->len = start;
	out->text[start] = '\0';
	out->truncated = false;
	write_finding(f, scratch, out, false);
}
