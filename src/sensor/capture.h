/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_SENSOR_CAPTURE_H
#define PARKA_SENSOR_CAPTURE_H
/*
 * Captures: wire events at rest, zstd-compressed blocks, versioned (docs/capture-format.md).
 * A capture holds what replay needs and nothing is read from the machine it is replayed on: the
 * boot-to-epoch offset, host name, seeds of the process table, containers (as runtime records) when
 * they become known, names of users, event-type names (so that numbers may change between versions).
 *
 * Thread: one per object; a writer may have one more of its own that compresses and writes (capture_write_behind()).
 */
#include "base/err.h"
#include "sensor/event.h"

#include <stdint.h>

enum capture_kind { CAPTURE_EVENT = 1, CAPTURE_SEED, CAPTURE_CONTAINER, CAPTURE_USERS, CAPTURE_CGROUP,
		    CAPTURE_FACTS /* mounts, watched files */ };

struct capture_writer;
struct capture_info { char hostname[65]; char kernel[65]; int64_t boot_to_epoch_ns; uint64_t created_ns; };
int capture_create(const char *path, const struct capture_info *info, struct capture_writer **ret_writer, struct err *err);
/* From now on a thread of the writer's own compresses and writes, and capture_write() never waits for the file. What waits for that
 * thread is bounded: past LIMIT_CAPTURE_WAITING_BYTES events of files and sockets are dropped, past LIMIT_CAPTURE_QUEUE_BYTES
 * everything is. Once, right after capture_create(). */
void capture_write_behind(struct capture_writer *writer);
/* Any record: an event or seed (struct sensor_wire), or a JSON text for CONTAINER, USERS, CGROUP. 0, or 1 when it was dropped
 * because the thread is too far behind; -errno, also of what the thread could not write before. */
int capture_write(struct capture_writer *writer, enum capture_kind kind, const void *bytes, size_t len, struct err *err);
/* What was written so far is in the file; waits for the thread. */
int capture_flush(struct capture_writer *writer, struct err *err);
struct capture_writer *capture_writer_close(struct capture_writer *writer);

struct capture_reader;
int capture_open(const char *path, struct capture_reader **ret_reader, struct err *err);
const struct capture_info *capture_reader_info(const struct capture_reader *reader);
/* 1 with a record (valid until the next call), 0 at the end, -EBADMSG with the byte offset when damaged
 * (what came before stays good), -EPROTONOSUPPORT for a newer version. */
int capture_next(struct capture_reader *reader, enum capture_kind *ret_kind, const void **ret_bytes, size_t *ret_len, struct err *err);
struct capture_reader *capture_reader_close(struct capture_reader *reader);

#endif
