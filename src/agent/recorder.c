/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/recorder.h"
#include "sensor/limits.h"

void agent_recorder_init(struct agent_recorder *r)
{
	*r = (struct agent_recorder){ .writer = NULL };
	strbuf_init(&r->json, LIMIT_CAPTURE_RECORD_BYTES);
	sensor_wire_builder_init(&r->lost, MODEL_EVT_LOST);
}

int agent_recorder_open(struct agent_recorder *r, const char *path, const struct capture_info *info, struct err *err)
{
	int code = capture_create(path, info, &r->writer, err);

	if (code == 0)
		capture_write_behind(r->writer);
	return code;
}

static unsigned event_type(enum capture_kind kind, const void *bytes)
{
	const struct sensor_wire *event = bytes;

	return kind == CAPTURE_EVENT && event->type < MODEL_EVT_MAX ? event->type : MODEL_EVT_NONE;
}

static void put(struct agent_recorder *r, enum capture_kind kind, const void *bytes, size_t len)
{
	int code;

	if (!r->writer || r->err.code < 0)
		return;
	code = capture_write(r->writer, kind, bytes, len, &r->err);
	if (code == 0) {
		r->n_records++;
		r->n_bytes += len;
	} else if (code > 0) {
		r->n_unwritten++;
		r->unwritten[event_type(kind, bytes)]++;
	}
}

void agent_recorder_event(struct agent_recorder *r, enum capture_kind kind, const struct sensor_wire *event)
{
	put(r, kind, event, event->len);
}

void agent_recorder_fact(struct agent_recorder *r, enum capture_kind kind, const char *json, size_t len)
{
	put(r, kind, json, len);
}

void agent_recorder_container(struct agent_recorder *r, const struct runtime_container *container)
{
	struct json_writer w;

	if (!r->writer)
		return;
	strbuf_reset(&r->json);
	w = json_writer(&r->json);
	runtime_container_write(container, &w, NULL);
	if (!r->json.truncated)
		put(r, CAPTURE_CONTAINER, r->json.text, r->json.len);
}

/* What cannot be told now is told with the next. */
static void tell_unwritten(struct agent_recorder *r, unsigned type, uint64_t boot_ns)
{
	sensor_wire_builder_reset(&r->lost, MODEL_EVT_LOST);
	r->lost.event->ts_ns = boot_ns;
	r->lost.event->count = 1;
	r->lost.event->flags = SENSOR_WIRE_NO_RET;
	sensor_wire_put_u64(&r->lost, SENSOR_P_LOST_TYPE, type);
	sensor_wire_put_u64(&r->lost, SENSOR_P_LOST_CAUSE, SENSOR_LOST_UNWRITTEN);
	sensor_wire_put_u64(&r->lost, SENSOR_P_LOST_COUNT, r->unwritten[type]);
	sensor_wire_put_u64(&r->lost, SENSOR_P_LOST_SINCE, r->told_ns);
	if (capture_write(r->writer, CAPTURE_EVENT, r->lost.event, r->lost.event->len, &r->err) == 0)
		r->unwritten[type] = 0;
}

void agent_recorder_tick(struct agent_recorder *r, uint64_t boot_ns)
{
	for (unsigned type = 0; type < MODEL_EVT_MAX; type++)
		if (r->unwritten[type] && r->writer && r->err.code == 0)
			tell_unwritten(r, type, boot_ns);
	r->told_ns = boot_ns;
}

int agent_recorder_close(struct agent_recorder *r, struct err *err)
{
	int code;

	if (r->writer && r->err.code == 0)
		(void)capture_flush(r->writer, &r->err);
	r->writer = r->writer ? capture_writer_close(r->writer) : NULL;
	strbuf_done(&r->json);
	sensor_wire_builder_done(&r->lost);
	code = r->err.code;
	if (code < 0 && err)
		*err = r->err;
	return code;
}
