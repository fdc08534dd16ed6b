/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/ring.h"

#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { RECORD_BUSY = 1U << 31, RECORD_DISCARD = 1U << 30, RECORD_HEADER = 8 };
enum { WINDOW_BYTES = 128 * 1024 };

static size_t page_bytes(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

/* Show the `window_bytes` from the page of `offset` on. One call: whatever was shown before is replaced. */
static int show(struct sensor_ring *ring, size_t offset, struct err *err)
{
	size_t page = page_bytes(), start = offset & ~(page - 1);
	void *at;

	if (ring->window_bytes > ring->mask)
		start = 0;   /* all of it, twice */
	at = mmap(ring->window, ring->window_bytes, PROT_READ, MAP_SHARED | (ring->window ? MAP_FIXED : 0), ring->fd,
		  (off_t)(2 * page + start));
	if (at == MAP_FAILED)
		return err_set_os(err, -errno, "map the ring's data");
	ring->window = at;
	ring->window_start = start;
	return 0;
}

int sensor_ring_open(struct sensor_ring *ring, int fd, size_t bytes, struct err *err)
{
	size_t page = page_bytes();
	void *consumer, *producer;

	assert(bytes >= page && (bytes & (bytes - 1)) == 0);
	*ring = (struct sensor_ring){ .fd = fd, .mask = bytes - 1 };
	ring->window_bytes = bytes < WINDOW_BYTES ? 2 * bytes : WINDOW_BYTES;
	consumer = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (consumer == MAP_FAILED)
		return err_set_os(err, -errno, "map the ring's consumer page");
	ring->consumer = consumer;
	producer = mmap(NULL, page, PROT_READ, MAP_SHARED, fd, (off_t)page);
	if (producer == MAP_FAILED)
		return err_set_os(err, -errno, "map the ring's producer page");
	ring->producer = producer;
	return show(ring, 0, err);
}

void sensor_ring_close(struct sensor_ring *ring)
{
	if (ring->consumer)
		munmap(ring->consumer, page_bytes());
	if (ring->producer)
		munmap((void *)ring->producer, page_bytes());
	if (ring->window)
		munmap(ring->window, ring->window_bytes);
	*ring = (struct sensor_ring){ 0 };
}

static void advance(struct sensor_ring *ring, uint64_t bytes)
{
	__atomic_store_n(ring->consumer, *ring->consumer + bytes, __ATOMIC_RELEASE);
}

/* The `len` bytes at `position`; NULL when the kernel maps no more pages: then they are tried again next time. */
static const uint8_t *bytes_at(struct sensor_ring *ring, uint64_t position, uint32_t len)
{
	size_t offset = position & ring->mask;

	if (offset < ring->window_start || offset + len > ring->window_start + ring->window_bytes) {
		if (show(ring, offset, NULL) < 0)
			return NULL;
	}
	return ring->window + (offset - ring->window_start);
}

static bool is_event(const struct sensor_wire *event, uint32_t len)
{
	return len >= sizeof(*event) && event->len == len && len % 8 == 0;
}

const struct sensor_wire *sensor_ring_peek(struct sensor_ring *ring)
{
	for (;;) {
		/* What the caller still holds has not been given back to the kernel yet. */
		uint64_t position = *ring->consumer + ring->held;
		uint64_t end = __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE);
		const uint8_t *record;
		uint32_t word, len;

		if (position >= end)
			return NULL;
		record = bytes_at(ring, position, RECORD_HEADER);
		if (!record)
			return NULL;
		word = __atomic_load_n((const uint32_t *)record, __ATOMIC_ACQUIRE);
		if (word & RECORD_BUSY)
			return NULL;
		len = word & ~(uint32_t)RECORD_DISCARD;
		if (len > ring->mask - RECORD_HEADER || len > ring->window_bytes - page_bytes() - RECORD_HEADER) {
			/* Not a length: give up on all that was written so far. */
			ring->n_bad++;
			sensor_ring_release(ring);
			advance(ring, end - *ring->consumer);
			continue;
		}
		if (!(word & RECORD_DISCARD)) {
			record = bytes_at(ring, position, RECORD_HEADER + len);
			if (!record)
				return NULL;
			ring->next_bytes = (RECORD_HEADER + len + 7) & ~7U;
			if (is_event((const struct sensor_wire *)(record + RECORD_HEADER), len))
				return (const struct sensor_wire *)(record + RECORD_HEADER);
			ring->n_bad++;
		}
		sensor_ring_release(ring);
		advance(ring, ((uint64_t)len + RECORD_HEADER + 7) & ~UINT64_C(7));
	}
}

void sensor_ring_release(struct sensor_ring *ring)
{
	uint64_t held = ring->held;

	ring->held = 0;
	if (held)
		advance(ring, held);
}

void sensor_ring_take(struct sensor_ring *ring)
{
	sensor_ring_release(ring);
	ring->held = ring->next_bytes;
	ring->n_events++;
	ring->n_bytes += ring->held - RECORD_HEADER;
}

static bool is_half_full(const struct sensor_ring *ring)
{
	return __atomic_load_n(ring->producer, __ATOMIC_RELAXED) - *ring->consumer > (ring->mask + 1) / 2;
}

/* Whose event is next; NULL when none has one. */
static struct sensor_ring *next_ring(struct sensor_merge *merge, const struct sensor_wire **ret_event)
{
	struct sensor_ring *from = NULL;

	*ret_event = NULL;
	if (merge->urgent && is_half_full(merge->urgent) && (*ret_event = sensor_ring_peek(merge->urgent)))
		return merge->urgent;
	for (size_t i = 0; i < merge->n; i++) {
		const struct sensor_wire *event = sensor_ring_peek(&merge->rings[i]);
		if (event && (!*ret_event || event->ts_ns < (*ret_event)->ts_ns)) {
			*ret_event = event;
			from = &merge->rings[i];
		}
	}
	return from;
}

const struct sensor_wire *sensor_merge_next(struct sensor_merge *merge, uint64_t now_ns, bool flush)
{
	const struct sensor_wire *first;
	struct sensor_ring *from;

	if (merge->current)
		sensor_ring_release(merge->current);
	merge->current = NULL;
	from = next_ring(merge, &first);
	if (!from || (!flush && first->ts_ns + merge->hold_ns > now_ns))
		return NULL;
	sensor_ring_take(from);
	merge->current = from;
	return first;
}
