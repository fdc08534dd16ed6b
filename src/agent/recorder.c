/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/recorder.h"
#include "sensor/limits.h"

void agent_recorder_init(struct agent_recorder *r)
{
	*r = (struct agent_recorder){ .writer = NULL };
	strbuf_init(&r->json, LIMIT_CAPTURE_RECORD_BYTES);
}

int agent_recorder_open(struct agent_recorder *r, const char *path, const struct capture_info *info, struct err *err)
{
	return capture_create(path, info, &r->writer, err);
}

static void put(struct agent_recorder *r, enum capture_kind kind, const void *bytes, size_t len)
{
	if (!r->writer || r->err.code < 0)
		return;
	r->n_records++;
	r->n_bytes += len;
	(void)capture_write(r->writer, kind, bytes, len, &r->err);
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

int agent_recorder_close(struct agent_recorder *r, struct err *err)
{
	int code;

	if (r->writer && r->err.code == 0)
		(void)capture_flush(r->writer, &r->err);
	r->writer = r->writer ? capture_writer_close(r->writer) : NULL;
	strbuf_done(&r->json);
	code = r->err.code;
	if (code < 0 && err)
		*err = r->err;
	return code;
}
