/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor_help.h"
#include "base/file.h"
#include "sensor/capture_format.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

static char path[] = "/tmp/parka-capture-XXXXXX";

static void make_path(void)
{
	int fd;

	memcpy(path + sizeof(path) - 7, "XXXXXX", 6);
	fd = mkstemp(path);
	if (fd >= 0)
		close(fd);
}

/* `n` opens behind a seed, as a recorder writes them. */
static void make_capture(unsigned n)
{
	struct capture_info info = { .hostname = "web-07", .kernel = "6.1.0", .boot_to_epoch_ns = -5, .created_ns = 7 };
	struct sensor_wire_builder b;
	struct capture_writer *w;

	make_path();
	CHECK_INT(capture_create(path, &info, &w, NULL), 0);
	sensor_wire_builder_init(&b, MODEL_EVT_NONE);
	CHECK_INT(capture_write(w, CAPTURE_SEED, b.event, b.event->len, NULL), 0);
	CHECK_INT(capture_write(w, CAPTURE_USERS, "{}", 2, NULL), 0);
	for (unsigned i = 0; i < n; i++) {
		sensor_wire_builder_reset(&b, MODEL_EVT_OPENAT);
		b.event->ts_ns = i;
		sensor_wire_put_text(&b, SENSOR_P_RAW, "/etc/shadow");
		CHECK_INT(capture_write(w, CAPTURE_EVENT, b.event, b.event->len, NULL), 0);
	}
	capture_writer_close(w);
	sensor_wire_builder_done(&b);
}

static int count_records(unsigned *ret_n, struct err *err)
{
	struct capture_reader *r;
	enum capture_kind kind;
	const void *bytes;
	size_t len;
	int n = capture_open(path, &r, err);

	*ret_n = 0;
	if (n < 0)
		return n;
	while ((n = capture_next(r, &kind, &bytes, &len, err)) > 0)
		++*ret_n;
	capture_reader_close(r);
	return n;
}

TEST(what_was_written_is_read_in_order_with_its_header)
{
	struct capture_reader *r;
	enum capture_kind kind;
	const void *bytes;
	size_t len;
	uint64_t want = 0;

	make_capture(20000);
	CHECK_INT(capture_open(path, &r, NULL), 0);
	CHECK_STR(capture_reader_info(r)->hostname, "web-07");
	CHECK_STR(capture_reader_info(r)->kernel, "6.1.0");
	CHECK_INT(capture_reader_info(r)->boot_to_epoch_ns, -5);
	CHECK_INT(capture_reader_info(r)->created_ns, 7);
	CHECK_INT(capture_next(r, &kind, &bytes, &len, NULL), 1);
	CHECK_INT(kind, CAPTURE_SEED);
	CHECK_INT(capture_next(r, &kind, &bytes, &len, NULL), 1);
	CHECK_INT(kind, CAPTURE_USERS);
	CHECK(len == 2 && memcmp(bytes, "{}", 2) == 0);
	while (capture_next(r, &kind, &bytes, &len, NULL) == 1) {
		const struct sensor_wire *e = bytes;
		if (!CHECK(kind == CAPTURE_EVENT && e->type == MODEL_EVT_OPENAT && e->ts_ns == want && e->len == len))
			break;
		want++;
	}
	CHECK_INT(want, 20000);
	capture_reader_close(r);
	unlink(path);
}

TEST(a_cut_file_gives_what_is_whole_and_says_where_it_ends)
{
	struct err err = ERR_INIT;
	unsigned n;

	make_capture(20000);
	CHECK(truncate(path, lseek(open(path, O_RDONLY), 0, SEEK_END) - 60) == 0);
	CHECK_INT(count_records(&n, &err), -EBADMSG);
	CHECK_MSG(n > 5000 && n < 20002, "%u records", n);
	CHECK_MSG(strstr(err.text, "damaged capture at byte") != NULL, "%s", err.text);
	unlink(path);
}

TEST(a_file_that_was_not_closed_gives_all_and_says_so)
{
	struct err err = ERR_INIT;
	unsigned n;

	make_capture(10);
	CHECK(truncate(path, lseek(open(path, O_RDONLY), 0, SEEK_END) - 24) == 0);
	CHECK_INT(count_records(&n, &err), -EBADMSG);
	CHECK_INT(n, 12);
	CHECK_MSG(strstr(err.text, "not closed") != NULL, "%s", err.text);
	unlink(path);
}

TEST(a_changed_byte_is_found_wherever_it_is)
{
	off_t size;
	int fd;

	make_capture(200);
	fd = open(path, O_RDWR);
	size = lseek(fd, 0, SEEK_END);
	for (off_t at = 0; at < size; at += at < 24 ? 1 : 61) {
		unsigned char c, x;
		unsigned n;
		int r;
		CHECK(pread(fd, &c, 1, at) == 1);
		x = c ^ 0x40;
		CHECK(pwrite(fd, &x, 1, at) == 1);
		r = count_records(&n, NULL);
		CHECK_MSG(r == -EBADMSG || r == -EPROTONOSUPPORT, "byte %ld: %d", (long)at, r);
		CHECK(pwrite(fd, &c, 1, at) == 1);
	}
	close(fd);
	unlink(path);
}

TEST(a_newer_version_is_refused_by_name)
{
	struct err err = ERR_INIT;
	uint32_t version = CAPTURE_VERSION + 1;
	unsigned n;
	int fd;

	make_capture(1);
	fd = open(path, O_RDWR);
	CHECK(pwrite(fd, &version, 4, 8) == 4);
	close(fd);
	CHECK_INT(count_records(&n, &err), -EPROTONOSUPPORT);
	CHECK_MSG(strstr(err.text, "version 2") != NULL, "%s", err.text);
	unlink(path);
}

TEST(a_record_past_the_limit_is_refused_and_the_rest_is_kept)
{
	struct capture_info info = { 0 };
	struct capture_writer *w;
	char *big = mem_alloc(LIMIT_CAPTURE_RECORD_BYTES + 1);
	unsigned n;

	make_path();
	CHECK_INT(capture_create(path, &info, &w, NULL), 0);
	CHECK_INT(capture_write(w, CAPTURE_USERS, big, LIMIT_CAPTURE_RECORD_BYTES + 1, NULL), -E2BIG);
	for (int i = 0; i < 5; i++)
		CHECK_INT(capture_write(w, CAPTURE_USERS, big, LIMIT_CAPTURE_RECORD_BYTES, NULL), 0);
	capture_writer_close(w);
	CHECK_INT(count_records(&n, NULL), 0);
	CHECK_INT(n, 5);
	free(big);
	unlink(path);
}

TEST(what_is_no_capture_is_said_to_be_none)
{
	struct err err = ERR_INIT;
	unsigned n;
	int fd;

	make_path();
	CHECK_INT(count_records(&n, &err), -EBADMSG);
	fd = open(path, O_WRONLY);
	CHECK(write(fd, "#!/bin/sh\necho this is a long enough text\n", 41) == 41);
	close(fd);
	CHECK_INT(count_records(&n, &err), -EBADMSG);
	CHECK_MSG(strstr(err.text, "no parka capture") != NULL, "%s", err.text);
	unlink(path);
	CHECK_INT(count_records(&n, &err), -ENOENT);
}

/* ---- the thread behind a writer ---- */

enum { EVENT_BYTES = 60000 };

/* Texts that do not compress, so that what goes in comes out as large. */
static void make_noise(struct sensor_wire_builder *b, unsigned lane)
{
	static uint64_t state = 88172645463325252u;
	static uint64_t noise[EVENT_BYTES / 8];

	for (size_t i = 0; i < ARRAY_LEN(noise); i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		noise[i] = state;
	}
	sensor_wire_builder_reset(b, MODEL_EVT_OPENAT);
	b->event->lane = (uint8_t)lane;
	sensor_wire_put(b, SENSOR_P_DATA, noise, sizeof(noise));
}

/* The same records through a thread or without one: one file after the other. */
static void write_some(const char *to, bool behind)
{
	struct capture_info info = { .hostname = "h", .created_ns = 1 };
	struct sensor_wire_builder b;
	struct capture_writer *w;

	CHECK_INT(capture_create(to, &info, &w, NULL), 0);
	if (behind)
		capture_write_behind(w);
	sensor_wire_builder_init(&b, MODEL_EVT_OPENAT);
	for (unsigned i = 0; i < 20000; i++) {
		sensor_wire_builder_reset(&b, MODEL_EVT_OPENAT);
		b.event->ts_ns = i;
		b.event->lane = SENSOR_LANE_FILE;
		sensor_wire_put_text(&b, SENSOR_P_RAW, "/etc/shadow");
		CHECK_INT(capture_write(w, CAPTURE_EVENT, b.event, b.event->len, NULL), 0);
	}
	sensor_wire_builder_done(&b);
	capture_writer_close(w);
}

TEST(a_thread_behind_the_writer_writes_the_same_file)
{
	char other[sizeof(path) + 2];
	_cleanup_(arena_done) struct arena arena;
	char *one, *two;
	size_t len, len2;

	make_path();
	snprintf(other, sizeof(other), "%s.2", path);
	write_some(path, false);
	write_some(other, true);
	arena_init(&arena, 0);
	CHECK_INT(file_read(path, 64 << 20, &arena, &one, &len, NULL), 0);
	CHECK_INT(file_read(other, 64 << 20, &arena, &two, &len2, NULL), 0);
	CHECK(len > 10000 && len == len2 && memcmp(one, two, len) == 0);
	unlink(path);
	unlink(other);
}

static void *drain_slowly(void *data)
{
	static char bytes[1 << 16];
	int from = *(int *)data, to = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ssize_t n;

	while ((n = read(from, bytes, sizeof(bytes))) > 0 || (n < 0 && errno == EAGAIN)) {
		if (n < 0)
			usleep(1000);
		else if (write(to, bytes, (size_t)n) != n)
			break;
	}
	close(to);
	return NULL;
}

/* A pipe that nobody reads is a file that takes no more: a disk that hangs. */
TEST(a_file_that_hangs_holds_up_nobody_and_what_is_left_out_is_counted)
{
	enum { N = (LIMIT_CAPTURE_QUEUE_BYTES + (16 << 20)) / EVENT_BYTES };
	struct capture_info info = { .hostname = "h" };
	unsigned n_kept = 0, n_dropped = 0, n_life = 0, n_read = 0;
	struct sensor_wire_builder b;
	struct capture_writer *w;
	struct err err = ERR_INIT;
	pthread_t reader;
	char fifo[sizeof(path) + 5];
	int fd, r;

	make_path();
	snprintf(fifo, sizeof(fifo), "%s.fifo", path);
	CHECK_INT(mkfifo(fifo, 0600), 0);
	fd = open(fifo, O_RDONLY | O_NONBLOCK);
	CHECK_INT(capture_create(fifo, &info, &w, NULL), 0);
	capture_write_behind(w);
	sensor_wire_builder_init(&b, MODEL_EVT_OPENAT);
	for (unsigned i = 0; i < N; i++) {
		make_noise(&b, SENSOR_LANE_FILE);
		r = capture_write(w, CAPTURE_EVENT, b.event, b.event->len, &err);
		CHECK(r == 0 || r == 1);
		n_kept += r == 0;
		n_dropped += r == 1;
	}
	CHECK_MSG(n_dropped > 0 && n_kept >= LIMIT_CAPTURE_WAITING_BYTES / (EVENT_BYTES + 4096), "%u kept, %u dropped", n_kept, n_dropped);
	/* What a replay cannot do without still has room, and then an end too. */
	for (r = 0; n_life < N && r == 0; n_life += r == 0) {
		make_noise(&b, SENSOR_LANE_LIFECYCLE);
		r = capture_write(w, CAPTURE_EVENT, b.event, b.event->len, &err);
	}
	CHECK_INT(r, 1);
	CHECK_MSG(n_life > 100, "%u of the lane of processes", n_life);
	pthread_create(&reader, NULL, drain_slowly, &fd);
	CHECK_MSG(capture_flush(w, &err) == 0, "%s", err.text);
	capture_writer_close(w);
	pthread_join(reader, NULL);
	CHECK_MSG(count_records(&n_read, &err) == 0, "%s", err.text);
	CHECK_INT(n_read, n_kept + n_life);
	sensor_wire_builder_done(&b);
	close(fd);
	unlink(fifo);
	unlink(path);
}

TEST(a_full_disk_ends_a_capture_with_its_error)
{
	struct capture_info info = { .hostname = "h" };
	struct sensor_wire_builder b;
	struct capture_writer *w;
	struct err err = ERR_INIT;
	struct rlimit old, small;

	make_path();
	CHECK_INT(capture_create(path, &info, &w, NULL), 0);
	capture_write_behind(w);
	sensor_wire_builder_init(&b, MODEL_EVT_OPENAT);
	getrlimit(RLIMIT_FSIZE, &old);
	signal(SIGXFSZ, SIG_IGN);
	small = (struct rlimit){ 100000, old.rlim_max };
	setrlimit(RLIMIT_FSIZE, &small);
	for (int i = 0; i < 100 && capture_write(w, CAPTURE_EVENT, b.event, b.event->len, &err) >= 0; i++) {
		make_noise(&b, SENSOR_LANE_FILE);
		usleep(1000);
	}
	CHECK_INT(capture_flush(w, &err), -EFBIG);
	CHECK_MSG(strstr(err.text, path) != NULL, "%s", err.text);
	setrlimit(RLIMIT_FSIZE, &old);
	capture_writer_close(w);
	sensor_wire_builder_done(&b);
	unlink(path);
}

TAP_MAIN()
