/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_AGENT_RECORDER_H
#define PARKA_AGENT_RECORDER_H
/* Everything a replay needs, into a capture. The first failure is kept; after it nothing is written. Private to the room. */
#include "runtime/runtime.h"
#include "sensor/capture.h"

struct agent_recorder {
	struct capture_writer *writer;   /* NULL: not recording */
	struct strbuf json;
	struct err err;
	uint64_t n_records, n_bytes;
};

void agent_recorder_init(struct agent_recorder *recorder);
int agent_recorder_open(struct agent_recorder *recorder, const char *path, const struct capture_info *info, struct err *err);
void agent_recorder_event(struct agent_recorder *recorder, enum capture_kind kind, const struct sensor_wire *event);
void agent_recorder_fact(struct agent_recorder *recorder, enum capture_kind kind, const char *json, size_t len);
void agent_recorder_container(struct agent_recorder *recorder, const struct runtime_container *container);
/* Flush and close; the first failure since opening. */
int agent_recorder_close(struct agent_recorder *recorder, struct err *err);

#endif
