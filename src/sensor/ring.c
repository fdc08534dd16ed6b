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
enum { BOUNCE_MAX = 1 << 20 };

void sensor_ring_init(struct sensor_ring *ring, uint64_t *consumer, const uint64_t *producer, const uint8_t *data, size_t bytes)
{
	assert(bytes && (bytes & (bytes - 1)) == 0);
	*ring = (struct sensor_ring){ .consumer = consumer, .producer = producer, .data = data, .mask = bytes - 1 };
}

int sensor_ring_open(struct sensor_ring *ring, int fd, size_t bytes, struct err *err)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *consumer, *producer;

	consumer = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (consumer == MAP_FAILED)
		return err_set_os(err, -errno, "map the ring's consumer page");
	producer = mmap(NULL, page + bytes, PROT_READ, MAP_SHARED, fd, (off_t)page);
	if (producer == MAP_FAILED) {
		int r = -errno;
		munmap(consumer, page);
		return err_set_os(err, r, "map the ring's data");
	}
	sensor_ring_init(ring, consumer, producer, (const uint8_t *)producer + page, bytes);
	ring->consumer_map = consumer;
	ring->producer_map = producer;
	ring->producer_map_bytes = page + bytes;
	return 0;
}

void sensor_ring_close(struct sensor_ring *ring)
{
	if (ring->consumer_map)
		munmap(ring->consumer_map, (size_t)sysconf(_SC_PAGESIZE));
	if (ring->producer_map)
		munmap(ring->producer_map, ring->producer_map_bytes);
	free(ring->bounce);
	*ring = (struct sensor_ring){ 0 };
}

static void advance(struct sensor_ring *ring, uint64_t bytes)
{
	__atomic_store_n(ring->consumer, *ring->consumer + bytes, __ATOMIC_RELEASE);
}

static const uint8_t *unwrapped(struct sensor_ring *ring, uint64_t at, uint32_t len)
{
	size_t until_end = ring->mask + 1 - at;

	if (len <= until_end)
		return ring->data + at;
	if (len > ring->bounce_bytes) {
		ring->bounce = mem_grow(ring->bounce, len, 1);
		ring->bounce_bytes = len;
	}
	memcpy(ring->bounce, ring->data + at, until_end);
	memcpy(ring->bounce + until_end, ring->data, len - until_end);
	return ring->bounce;
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
		const struct sensor_wire *event;
		uint32_t word, len;

		if (position >= end)
			return NULL;
		word = __atomic_load_n((const uint32_t *)(ring->data + (position & ring->mask)), __ATOMIC_ACQUIRE);
		if (word & RECORD_BUSY)
			return NULL;
		len = word & ~(uint32_t)RECORD_DISCARD;
		if (len > ring->mask || len > BOUNCE_MAX) {
			/* Not a length: give up on all that was written so far. */
			ring->n_bad++;
			sensor_ring_release(ring);
			advance(ring, end - *ring->consumer);
			continue;
		}
		if (!(word & RECORD_DISCARD)) {
			event = (const struct sensor_wire *)unwrapped(ring, (position + RECORD_HEADER) & ring->mask, len);
			if (is_event(event, len))
				return event;
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
	uint64_t position;
	uint32_t len;

	sensor_ring_release(ring);
	position = *ring->consumer;
	len = *(const uint32_t *)(ring->data + (position & ring->mask));
	ring->held = ((uint64_t)len + RECORD_HEADER + 7) & ~UINT64_C(7);
	ring->n_events++;
	ring->n_bytes += len;
}

const struct sensor_wire *sensor_merge_next(struct sensor_merge *merge, uint64_t now_ns, bool flush)
{
	const struct sensor_wire *first = NULL;
	struct sensor_ring *from = NULL;

	if (merge->current)
		sensor_ring_release(merge->current);
	merge->current = NULL;
	for (size_t i = 0; i < merge->n; i++) {
		const struct sensor_wire *event = sensor_ring_peek(&merge->rings[i]);
		if (event && (!first || event->ts_ns < first->ts_ns)) {
			first = event;
			from = &merge->rings[i];
		}
	}
	if (!first || (!flush && first->ts_ns + merge->hold_ns > now_ns))
		return NULL;
	sensor_ring_take(from);
	merge->current = from;
	return first;
}
