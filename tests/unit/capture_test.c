/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor_help.h"
#include "sensor/capture_format.h"

#include <errno.h>
#include <fcntl.h>
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

TAP_MAIN()
