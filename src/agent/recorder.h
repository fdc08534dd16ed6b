/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_AGENT_RECORDER_H
#define PARKA_AGENT_RECORDER_H
/*
 * Everything a replay needs, into a capture that a thread behind compresses and writes (sensor/capture.h). What had to be left out
 * because the file is too slow is counted, and the capture says so. The first failure is kept; after it nothing is written. Private to
 * the room.
 */
#include "model/event.h"
#include "runtime/runtime.h"
#include "sensor/capture.h"
#include "sensor/wire.h"

struct agent_recorder {
	struct capture_writer *writer;   /* NULL: not recording */
	struct strbuf json;
	struct err err;
	uint64_t n_records, n_bytes;
	uint64_t n_unwritten;                          /* of the run */
	uint64_t unwritten[MODEL_EVT_MAX];             /* since the capture was told; type 0: what is no event */
	uint64_t told_ns;                              /* boot time of then */
	struct sensor_wire_builder lost;
};

void agent_recorder_init(struct agent_recorder *recorder);
int agent_recorder_open(struct agent_recorder *recorder, const char *path, const struct capture_info *info, struct err *err);
void agent_recorder_event(struct agent_recorder *recorder, enum capture_kind kind, const struct sensor_wire *event);
void agent_recorder_fact(struct agent_recorder *recorder, enum capture_kind kind, const char *json, size_t len);
void agent_recorder_container(struct agent_recorder *recorder, const struct runtime_container *container);
/* About once a second: what was left out becomes "lost" events of the capture. */
void agent_recorder_tick(struct agent_recorder *recorder, uint64_t boot_ns);
/* Flush and close; the first failure since opening. */
int agent_recorder_close(struct agent_recorder *recorder, struct err *err);

#endif
