/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_SENSOR_RING_H
#define PARKA_SENSOR_RING_H
/*
 * Reading BPF ring buffers in place, several of them in time order.
 *
 * A BPF ring buffer (kernel/bpf/ringbuf.c) is a page with the consumer's position, which we write; a page
 * with the producer's position; and the data:
 *
 *     data: +-- u32 len | flags --+-- u32 page --+-- bytes, padded to 8 --+-- next record ...
 *
 * flags: bit 31 the producer is still writing, bit 30 to be skipped. The kernel shows the data twice in a row, so
 * that a record never wraps.
 *
 * Every page that is mapped counts as our memory, touched or not (remap_vmalloc_range() puts them all in at once), and
 * a ring that bears a flood is megabytes. So only a window of 128 KiB moves over the data: one mmap() per 128 KiB
 * that are read. libbpf's own reader maps all of it twice, calls back for one ring at a time and cannot merge.
 *
 * The positions and everything in the data come from the kernel and are trusted no further than to be
 * within the ring. Thread: one. Private to the room.
 */
#include "base/err.h"
#include "sensor/event.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sensor_ring {
	uint64_t *consumer;          /* bytes read so far, ever */
	const uint64_t *producer;    /* bytes written so far, ever */
	uint64_t mask;
	int fd;
	uint8_t *window;             /* the data from window_start on */
	size_t window_start, window_bytes;
	uint32_t next_bytes;         /* of the record that peek gave */
	uint64_t held;               /* bytes of the record given out last */
	uint64_t n_events, n_bytes, n_bad;
};

/* Over the map `fd` of `bytes` bytes (a power of two, a page at least). The caller keeps the descriptor open. On failure,
 * too, _close is due. */
int sensor_ring_open(struct sensor_ring *ring, int fd, size_t bytes, struct err *err);
void sensor_ring_close(struct sensor_ring *ring);

/* The next event, without taking it; NULL when there is none, or its writer has not finished. What peek gave before is
 * no longer there. */
const struct sensor_wire *sensor_ring_peek(struct sensor_ring *ring);
/* Take what peek gave: it stays valid until the next call of peek, take or release. */
void sensor_ring_take(struct sensor_ring *ring);
void sensor_ring_release(struct sensor_ring *ring);

/* Several rings as one stream. An event is given when it is older than hold_ns, or with flush: younger ones wait
 * for events of other rings whose programs began earlier and send later. */
struct sensor_merge {
	struct sensor_ring *rings;
	size_t n;
	uint64_t hold_ns;
	struct sensor_ring *current;     /* the ring whose record the caller holds */
	/* Read before all others, out of order, while it is more than half full: a reader that is behind would leave its events
	 * waiting for the older ones of a ring that a flood keeps full, until it is full itself. NULL: none. */
	struct sensor_ring *urgent;
};
const struct sensor_wire *sensor_merge_next(struct sensor_merge *merge, uint64_t now_ns, bool flush);

#endif
