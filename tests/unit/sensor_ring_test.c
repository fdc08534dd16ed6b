/* SPDX-License-Identifier: Apache-2.0 */
/* The ring reader and the merge of lanes, over a file that the test lays out and writes as the kernel would. */
#include "../tap.h"

#include "sensor/bpf/row.h"
#include "sensor/ring.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { BYTES = 4096, LARGE = 1 << 20, BUSY = 1U << 31, DISCARD = 1U << 30 };

struct fake {
	int fd;
	size_t size;
	uint8_t *pages;                      /* consumer, producer, data, data again */
	uint64_t *consumer, *producer;
	uint8_t *data;
	struct sensor_ring ring;
};

static void fake_done(struct fake *f)
{
	if (!f->pages)
		return;
	sensor_ring_close(&f->ring);
	munmap(f->pages, 2 * (size_t)sysconf(_SC_PAGESIZE) + 2 * f->size);
	close(f->fd);
}

static void fake_init_size(struct fake *f, size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), all = 2 * page + 2 * size;

	fake_done(f);
	*f = (struct fake){ .fd = memfd_create("ring", MFD_CLOEXEC), .size = size };
	if (f->fd < 0 || ftruncate(f->fd, (off_t)all) < 0)
		abort();
	f->pages = mmap(NULL, all, PROT_READ | PROT_WRITE, MAP_SHARED, f->fd, 0);
	if (f->pages == MAP_FAILED)
		abort();
	f->consumer = (uint64_t *)(void *)f->pages;
	f->producer = (uint64_t *)(void *)(f->pages + page);
	f->data = f->pages + 2 * page;
	if (sensor_ring_open(&f->ring, f->fd, size, NULL) < 0)
		abort();
}

static void fake_init(struct fake *f)
{
	fake_init_size(f, BYTES);
}

static void put_bytes(struct fake *f, uint64_t at, const void *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		f->data[(at + i) % f->size] = f->data[f->size + (at + i) % f->size] = ((const uint8_t *)bytes)[i];
}

static void put_record(struct fake *f, uint32_t len, uint32_t flags, const void *bytes)
{
	uint32_t header[2] = { len | flags, 0 };

	put_bytes(f, *f->producer, header, 8);
	put_bytes(f, *f->producer + 8, bytes, len);
	*f->producer += (len + 8 + 7) / 8 * 8;
}

static void put_event(struct fake *f, uint64_t ts, uint32_t pid, uint32_t extra, uint32_t flags)
{
	uint8_t bytes[1024] = { 0 };
	struct sensor_wire *w = (struct sensor_wire *)bytes;

	w->len = (uint32_t)sizeof(*w) + extra;
	w->ts_ns = ts;
	w->pid = pid;
	memset(bytes + sizeof(*w), 0xab, extra);
	put_record(f, w->len, flags, bytes);
}

TEST(empty_ring_gives_nothing)
{
	static struct fake f;

	fake_init(&f);
	CHECK(sensor_ring_peek(&f.ring) == NULL);
}

TEST(space_is_given_back_only_when_the_next_is_asked_for)
{
	static struct fake f;
	const struct sensor_wire *w;

	fake_init(&f);
	put_event(&f, 1, 7, 16, 0);
	w = sensor_ring_peek(&f.ring);
	CHECK(w && w->pid == 7);
	CHECK(w && memcmp(w, f.data + 8, w->len) == 0);
	sensor_ring_take(&f.ring);
	CHECK_INT(*f.consumer, 0);
	CHECK(sensor_ring_peek(&f.ring) == NULL);
	sensor_ring_release(&f.ring);
	CHECK_INT(*f.consumer, *f.producer);
	CHECK_INT(f.ring.n_events, 1);
}

TEST(record_under_construction_stops_the_reader_until_done)
{
	static struct fake f;
	uint32_t header;

	fake_init(&f);
	put_event(&f, 1, 1, 0, BUSY);
	put_event(&f, 2, 2, 0, 0);
	CHECK(sensor_ring_peek(&f.ring) == NULL);
	header = sizeof(struct sensor_wire);
	put_bytes(&f, 0, &header, 4);
	CHECK(sensor_ring_peek(&f.ring) && sensor_ring_peek(&f.ring)->pid == 1);
}

TEST(discarded_records_are_skipped)
{
	static struct fake f;

	fake_init(&f);
	put_event(&f, 1, 1, 0, DISCARD);
	put_event(&f, 2, 2, 0, 0);
	CHECK(sensor_ring_peek(&f.ring) && sensor_ring_peek(&f.ring)->pid == 2);
	CHECK_INT(f.ring.n_bad, 0);
}

TEST(records_that_wrap_are_whole)
{
	static struct fake f;
	const struct sensor_wire *w;
	size_t n = 0;

	fake_init(&f);
	for (uint32_t i = 0; i < 200; i++) {
		put_event(&f, i, i, 8 * (i % 30), 0);
		w = sensor_ring_peek(&f.ring);
		if (!CHECK(w && w->pid == i && w->len == sizeof(*w) + 8 * (i % 30)))
			break;
		for (size_t k = sizeof(*w); k < w->len; k++)
			n += ((const uint8_t *)w)[k] != 0xab;
		sensor_ring_take(&f.ring);
		sensor_ring_release(&f.ring);
	}
	CHECK_INT(n, 0);
	CHECK_INT(*f.consumer, *f.producer);
}

TEST(the_window_follows_the_reader_several_times_around_the_ring)
{
	static struct fake f;
	const struct sensor_wire *w;
	size_t n_wrong = 0;

	fake_init_size(&f, LARGE);
	CHECK(f.ring.window_bytes < LARGE / 4);
	for (uint32_t i = 0; *f.producer < 5 * LARGE; i++) {
		put_event(&f, i, i, 8 * (i % 90), 0);
		w = sensor_ring_peek(&f.ring);
		if (!CHECK(w && w->pid == i && w->len == sizeof(*w) + 8 * (i % 90)))
			return;
		for (size_t k = sizeof(*w); k < w->len; k++)
			n_wrong += ((const uint8_t *)w)[k] != 0xab;
		sensor_ring_take(&f.ring);
		sensor_ring_release(&f.ring);
	}
	CHECK_INT(n_wrong, 0);
	CHECK_INT(f.ring.n_bad, 0);
	CHECK_INT(*f.consumer, *f.producer);
}

TEST(the_largest_event_the_programs_send_fits_the_window)
{
	static struct fake f;
	static uint8_t bytes[SENSOR_EVENT_MASK + 1 + SENSOR_EVENT_SLACK];
	struct sensor_wire *w = (struct sensor_wire *)bytes;
	const struct sensor_wire *got;

	fake_init_size(&f, LARGE);
	w->len = sizeof(bytes);
	w->pid = 9;
	memset(bytes + sizeof(*w), 0xab, sizeof(bytes) - sizeof(*w));
	for (int i = 0; i < 60; i++) {   /* once around, and across the end */
		put_record(&f, w->len, 0, bytes);
		got = sensor_ring_peek(&f.ring);
		if (!CHECK(got && memcmp(got, bytes, sizeof(bytes)) == 0))
			return;
		sensor_ring_take(&f.ring);
		sensor_ring_release(&f.ring);
	}
}

TEST(records_that_are_no_events_are_counted_and_skipped)
{
	static struct fake f;
	uint8_t junk[200] = { 0 };

	fake_init(&f);
	put_record(&f, 200, 0, junk);        /* its own length says 0 */
	put_record(&f, 16, 0, junk);         /* shorter than a header */
	put_event(&f, 3, 3, 0, 0);
	CHECK(sensor_ring_peek(&f.ring) && sensor_ring_peek(&f.ring)->pid == 3);
	CHECK_INT(f.ring.n_bad, 2);
}

TEST(impossible_length_empties_the_ring_instead_of_reading_outside)
{
	static struct fake f;
	uint32_t header[2] = { 0x0fffffff, 0 };

	fake_init(&f);
	put_bytes(&f, 0, header, 8);
	*f.producer = 512;
	CHECK(sensor_ring_peek(&f.ring) == NULL);
	CHECK_INT(f.ring.n_bad, 1);
	CHECK_INT(*f.consumer, 512);
}

static void merge_init(struct sensor_merge *m, struct fake *f, struct sensor_ring *rings, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		fake_init(&f[i]);
		rings[i] = f[i].ring;
	}
	*m = (struct sensor_merge){ .rings = rings, .n = n, .hold_ns = 100 };
}

TEST(lanes_merge_in_time_order)
{
	static struct fake f[3];
	static const uint64_t times[] = { 10, 11, 12, 20, 21, 30, 40, 41 };
	struct sensor_ring rings[3];
	struct sensor_merge m;

	merge_init(&m, f, rings, 3);
	put_event(&f[0], 10, 0, 0, 0);
	put_event(&f[0], 20, 0, 0, 0);
	put_event(&f[0], 41, 0, 0, 0);
	put_event(&f[1], 11, 1, 24, 0);
	put_event(&f[1], 12, 1, 0, 0);
	put_event(&f[1], 40, 1, 0, 0);
	put_event(&f[2], 21, 2, 0, 0);
	put_event(&f[2], 30, 2, 0, 0);
	for (size_t i = 0; i < 8; i++) {
		const struct sensor_wire *w = sensor_merge_next(&m, 1000, false);
		if (!CHECK(w != NULL))
			return;
		CHECK_INT(w->ts_ns, times[i]);
	}
	CHECK(sensor_merge_next(&m, 1000, false) == NULL);
	CHECK(*f[0].consumer == *f[0].producer && *f[1].consumer == *f[1].producer && *f[2].consumer == *f[2].producer);
}

TEST(young_events_wait_unless_flushed)
{
	static struct fake f[2];
	struct sensor_ring rings[2];
	struct sensor_merge m;
	const struct sensor_wire *w;

	merge_init(&m, f, rings, 2);
	put_event(&f[0], 950, 5, 0, 0);
	CHECK(sensor_merge_next(&m, 1000, false) == NULL);
	put_event(&f[1], 940, 6, 0, 0);      /* began earlier, was sent later */
	w = sensor_merge_next(&m, 1000, true);
	CHECK(w && w->pid == 6);
	w = sensor_merge_next(&m, 1100, false);
	CHECK(w && w->pid == 5);
}

/* A reader that is behind leaves old events in a full ring of files: those of the lifecycle must not wait for them until
 * their own ring is full, too. */
TEST(a_lane_that_must_lose_nothing_goes_first_while_its_ring_is_more_than_half_full)
{
	static struct fake f[2];
	struct sensor_ring rings[2];
	struct sensor_merge m;
	const struct sensor_wire *w;
	unsigned n = 0;

	merge_init(&m, f, rings, 2);
	m.urgent = &rings[0];
	put_event(&f[1], 10, 6, 0, 0);
	while (*f[0].producer < BYTES - 256)
		put_event(&f[0], 500, 5, 0, 0);
	for (; (w = sensor_merge_next(&m, 1000, false)) && w->pid == 5; n++)
		CHECK(*f[0].producer - *f[0].consumer > BYTES / 2);
	CHECK(w && w->pid == 6);
	CHECK(n > 0 && *f[0].producer - *f[0].consumer <= BYTES / 2);
	w = sensor_merge_next(&m, 1000, false);
	CHECK(w && w->pid == 5);
}

TAP_MAIN()
