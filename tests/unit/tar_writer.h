/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_TESTS_TAR_WRITER_H
#define PARKA_TESTS_TAR_WRITER_H
/* Tar archives for tests, in memory: as much of the format as images use, and whatever hostile ones would. */
#include "base/mem.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

struct tar { unsigned char *bytes; size_t len, size; };

__attribute__((unused)) static void tar_raw(struct tar *t, const void *bytes, size_t len)
{
	if (t->len + len + 512 > t->size) {
		t->size = (t->len + len + 512) * 2;
		t->bytes = realloc(t->bytes, t->size);
	}
	if (len)
		memcpy(t->bytes + t->len, bytes, len);
	t->len += len;
}

__attribute__((unused)) static void tar_data(struct tar *t, const void *bytes, size_t len)
{
	static const char zero[512];

	tar_raw(t, bytes, len);
	tar_raw(t, zero, -len & 511);
}

/* The header alone; `size` may lie. */
__attribute__((unused)) static void tar_header(struct tar *t, char type, const char *path, const char *link, unsigned mode, uint64_t size)
{
	char h[512] = { 0 };
	unsigned sum = 0;

	memcpy(h, path, strnlen(path, 100));
	snprintf(h + 100, 8, "%07o", mode);
	snprintf(h + 108, 8, "%07o", 0);
	snprintf(h + 116, 8, "%07o", 0);
	snprintf(h + 124, 12, "%011llo", (unsigned long long)size);
	snprintf(h + 136, 12, "%011o", 1700000000);
	memset(h + 148, ' ', 8);
	h[156] = type;
	if (link)
		memcpy(h + 157, link, strnlen(link, 100));
	memcpy(h + 257, "ustar\00000", 8);
	for (int i = 0; i < 512; i++)
		sum += (unsigned char)h[i];
	snprintf(h + 148, 8, "%06o", sum);
	tar_raw(t, h, 512);
}

__attribute__((unused)) static void tar_file(struct tar *t, const char *path, unsigned mode, const char *text)
{
	tar_header(t, '0', path, NULL, mode, strlen(text));
	tar_data(t, text, strlen(text));
}

__attribute__((unused)) static void tar_bytes(struct tar *t, const char *path, const struct tar *inner)
{
	tar_header(t, '0', path, NULL, 0644, inner->len);
	tar_data(t, inner->bytes, inner->len);
}

__attribute__((unused)) static void tar_pax(struct tar *t, const char *key, const char *value)
{
	char record[8192];
	size_t len = strlen(key) + strlen(value) + 3, digits = 1;

	for (size_t n = len + digits; n >= 10; n /= 10)
		digits++;
	if (snprintf(NULL, 0, "%zu", len + digits) != (int)digits)
		digits++;
	snprintf(record, sizeof(record), "%zu %s=%s\n", len + digits, key, value);
	tar_header(t, 'x', "PaxHeaders/x", NULL, 0644, len + digits);
	tar_data(t, record, len + digits);
}

__attribute__((unused)) static void tar_end(struct tar *t)
{
	static const char zero[1024];

	tar_raw(t, zero, sizeof(zero));
}

__attribute__((unused)) static struct tar tar_gzip(const struct tar *t)
{
	struct tar out = { .size = t->len + 4096 };
	z_stream z = { 0 };

	out.bytes = malloc(out.size);
	deflateInit2(&z, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
	z.next_in = t->bytes;
	z.avail_in = (uInt)t->len;
	z.next_out = out.bytes;
	z.avail_out = (uInt)out.size;
	deflate(&z, Z_FINISH);
	out.len = z.total_out;
	deflateEnd(&z);
	return out;
}

/* What is there, and `zeros` zero bytes after it, compressed: a bomb that needs no room here. */
__attribute__((unused)) static struct tar tar_gzip_zeros(const struct tar *t, size_t zeros)
{
	static unsigned char zero[1 << 16], room[1 << 16];
	struct tar out = { 0 };
	z_stream z = { .next_in = t->bytes, .avail_in = (uInt)t->len };
	int r;

	deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
	do {
		z.next_out = room;
		z.avail_out = sizeof(room);
		if (!z.avail_in && zeros) {
			z.next_in = zero;
			z.avail_in = (uInt)(zeros < sizeof(zero) ? zeros : sizeof(zero));
			zeros -= z.avail_in;
		}
		r = deflate(&z, zeros || z.avail_in ? Z_NO_FLUSH : Z_FINISH);
		tar_raw(&out, room, sizeof(room) - z.avail_out);
	} while (r != Z_STREAM_END);
	deflateEnd(&z);
	return out;
}

__attribute__((unused)) static struct tar tar_zstd(const struct tar *t)
{
	struct tar out = { .size = ZSTD_compressBound(t->len) };

	out.bytes = malloc(out.size);
	out.len = ZSTD_compress(out.bytes, out.size, t->bytes, t->len, 1);
	return out;
}

/* A file in memory that holds it; the archive is gone then. */
__attribute__((unused)) static int tar_fd(struct tar *t)
{
	int fd = memfd_create("archive", MFD_CLOEXEC);

	if (write(fd, t->bytes, t->len) != (ssize_t)t->len)
		abort();
	free(t->bytes);
	*t = (struct tar){ 0 };
	return fd;
}

#endif
