/* SPDX-License-Identifier: Apache-2.0 */
#include "image/image_internal.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* More bytes from below, behind those that are there: how many. */
static ssize_t fill(struct image_stream *s, struct err *err)
{
	size_t want = STREAM_BUFFER_BYTES - s->in_left;
	ssize_t n;

	if (s->in_left && s->in_at != s->in)
		memmove(s->in, s->in_at, s->in_left);
	s->in_at = s->in;
	want = want > s->left ? (size_t)s->left : want;
	if (!want)
		return 0;
	if (s->parent) {
		n = image_stream_read(s->parent, s->in + s->in_left, want, err);
	} else {
		do
			n = pread(s->fd, s->in + s->in_left, want, (off_t)s->offset);
		while (n < 0 && errno == EINTR);
		if (n < 0)
			return err_set_os(err, -errno, "read %s", s->name);
	}
	if (n < 0)
		return n;
	if (n == 0)
		return err_set(err, -EBADMSG, "%s ends before its last %llu bytes", s->name, (unsigned long long)s->left);
	s->offset += (uint64_t)n;
	s->left -= (uint64_t)n;
	s->taken += (uint64_t)n;
	s->in_left += (size_t)n;
	return n;
}

static int begin(struct image_stream *s, struct err *err)
{
	enum decompress_format format;

	s->in = mem_alloc(STREAM_BUFFER_BYTES);
	s->in_at = s->in;
	while (s->in_left < DECOMPRESS_HEAD_BYTES && s->left) {
		ssize_t n = fill(s, err);

		if (n < 0) {
			image_stream_close(s);
			return (int)n;
		}
	}
	format = decompress_format_of(s->in_at, s->in_left);
	if (format == DECOMPRESS_NONE)
		return 0;
	s->decompress = decompress_new(format);
	if (s->decompress)
		return 0;
	image_stream_close(s);
	return err_set(err, -EINVAL, "%s is compressed with %s, which is not undone here", s->name, decompress_format_name(format));
}

int image_stream_open(struct image_stream *s, int fd, const char *name, uint64_t offset, uint64_t size, uint64_t made_max, struct err *err)
{
	*s = (struct image_stream){ .fd = fd, .name = name, .offset = offset, .left = size, .made_max = made_max };
	return begin(s, err);
}

int image_stream_open_in(struct image_stream *s, struct image_stream *parent, const char *name, uint64_t size, uint64_t made_max,
			 struct err *err)
{
	*s = (struct image_stream){ .fd = -1, .parent = parent, .name = name, .left = size, .made_max = made_max };
	return begin(s, err);
}

void image_stream_close(struct image_stream *s)
{
	s->decompress = decompress_free(s->decompress);
	free(s->in);
	s->in = NULL;
}

static ssize_t read_plain(struct image_stream *s, void *bytes, size_t len, struct err *err)
{
	if (!s->in_left) {
		ssize_t n = fill(s, err);
		if (n <= 0)
			return n;
	}
	len = len > s->in_left ? s->in_left : len;
	memcpy(bytes, s->in_at, len);
	s->in_at += len;
	s->in_left -= len;
	return (ssize_t)len;
}

static ssize_t read_compressed(struct image_stream *s, void *bytes, size_t len, struct err *err)
{
	for (;;) {
		size_t before = s->in_left;
		ssize_t n = decompress_run(s->decompress, &s->in_at, &s->in_left, bytes, len, err);

		if (n < 0)
			return err_wrap(err, "%s", s->name);
		if (n > 0)
			return n;
		if (s->in_left && s->in_left != before)
			continue;
		if (!s->left && !s->in_left)
			return decompress_is_at_end(s->decompress) ? 0 : err_set(err, -EBADMSG, "%s: its compressed data is cut off", s->name);
		if (!s->left)
			return err_set(err, -EBADMSG, "%s: its compressed data is cut off", s->name);
		n = fill(s, err);
		if (n <= 0)
			return n < 0 ? n : err_set(err, -EBADMSG, "%s: its compressed data leads nowhere", s->name);
	}
}

/* Invariant: made counts what came out, so that the limits hold whatever is done with it. */
static int check_limits(const struct image_stream *s, struct err *err)
{
	if (s->made > s->made_max)
		return err_set(err, -E2BIG, "%s: more than %llu bytes come out of it", s->name, (unsigned long long)s->made_max);
	if (s->decompress && s->made > IMAGE_INFLATE_FREE_BYTES && s->made / IMAGE_INFLATE_RATIO_MAX > s->taken)
		return err_set(err, -E2BIG, "%s: more than %d bytes come out of each byte of it", s->name, IMAGE_INFLATE_RATIO_MAX);
	return 0;
}

ssize_t image_stream_read(struct image_stream *s, void *bytes, size_t len, struct err *err)
{
	ssize_t n;
	int r;

	if (!len)
		return 0;
	n = s->decompress ? read_compressed(s, bytes, len, err) : read_plain(s, bytes, len, err);
	if (n <= 0)
		return n;
	s->made += (uint64_t)n;
	r = check_limits(s, err);
	return r < 0 ? r : n;
}

int image_stream_read_all(struct image_stream *s, void *bytes, size_t len, struct err *err)
{
	size_t got = 0;

	while (got < len) {
		ssize_t n = image_stream_read(s, (char *)bytes + got, len - got, err);

		if (n < 0)
			return (int)n;
		if (n == 0)
			return err_set(err, -EBADMSG, "%s ends where %zu more bytes were to come", s->name, len - got);
		got += (size_t)n;
	}
	return 0;
}

/* Of a plain file: what is not in the buffer is not read at all. */
static int skip_plain(struct image_stream *s, uint64_t len, struct err *err)
{
	size_t here = len > s->in_left ? s->in_left : (size_t)len;

	s->in_at += here;
	s->in_left -= here;
	s->made += len;
	len -= here;
	if (len > s->left)
		return err_set(err, -EBADMSG, "%s ends where %llu more bytes were to come", s->name, (unsigned long long)(len - s->left));
	s->offset += len;
	s->left -= len;
	return check_limits(s, err);
}

int image_stream_skip(struct image_stream *s, uint64_t len, struct err *err)
{
	char room[16384];

	if (!s->decompress && !s->parent)
		return skip_plain(s, len, err);
	while (len) {
		size_t n = len > sizeof(room) ? sizeof(room) : (size_t)len;
		int r = image_stream_read_all(s, room, n, err);

		if (r < 0)
			return r;
		len -= n;
	}
	return 0;
}
