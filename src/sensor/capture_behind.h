/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_SENSOR_CAPTURE_BEHIND_H
#define PARKA_SENSOR_CAPTURE_BEHIND_H
/*
 * A capture's file, and the thread that may fill it: blocks go to the thread full and come back empty.
 *
 *     writer --give--> [ full | full | full ] --> thread: compress, write
 *        ^---block---- [ empty ] <-------------------'
 *
 * Thread: the file belongs to the thread while there is one; all other functions from the writer's. Private to the room.
 */
#include "sensor/capture_format.h"

#include <stdbool.h>
#include <stddef.h>

struct capture_file {
	int fd;
	uint64_t offset;
	size_t packed_size;
	char *packed;
	char *path;
};

/* A block as it is filled: its header (n_records and len are the filler's), then the records, then room for a NUL. */
enum { CAPTURE_BLOCK_BYTES = sizeof(struct capture_block_header) + LIMIT_CAPTURE_BLOCK_BYTES + 1 };

int capture_file_write(struct capture_file *file, const void *bytes, size_t len, struct err *err);
int capture_file_block(struct capture_file *file, struct capture_block_header *block, struct err *err);

struct capture_behind;
struct capture_behind *capture_behind_new(struct capture_file *file);
/* What waits is written first, whatever it takes; NULL is fine; returns NULL. */
struct capture_behind *capture_behind_free(struct capture_behind *behind);
/* An empty block, the caller's. */
struct capture_block_header *capture_behind_block(struct capture_behind *behind);
/* The thread's when true; false when too much waits, or writing has failed. */
bool capture_behind_give(struct capture_behind *behind, struct capture_block_header *block);
size_t capture_behind_bytes(struct capture_behind *behind);   /* that wait */
int capture_behind_error(const struct capture_behind *behind, struct err *err);   /* 0, or why writing has failed */
/* Until nothing waits any more. */
int capture_behind_wait(struct capture_behind *behind, struct err *err);

#endif
