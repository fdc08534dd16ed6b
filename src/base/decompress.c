/* SPDX-License-Identifier: Apache-2.0 */
#include "base/decompress.h"

#include "base/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

enum { WINDOW_LOG_MAX = 27 };

struct decompress {
	enum decompress_format format;
	z_stream gzip;
	ZSTD_DStream *zstd;
	bool is_at_end;
};

static const struct { enum decompress_format format; size_t len; const char *magic; } magics[] = {
	{ DECOMPRESS_GZIP, 3, "\x1f\x8b\x08" },
	{ DECOMPRESS_ZSTD, 4, "\x28\xb5\x2f\xfd" },
	{ DECOMPRESS_XZ, 6, "\xfd" "7zXZ\0" },
	{ DECOMPRESS_BZIP2, 3, "BZh" },
};

enum decompress_format decompress_format_of(const void *head, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(magics); i++)
		if (len >= magics[i].len && memcmp(head, magics[i].magic, magics[i].len) == 0)
			return magics[i].format;
	return DECOMPRESS_NONE;
}

const char *decompress_format_name(enum decompress_format format)
{
	static const char *const names[] = { "nothing", "gzip", "zstd", "xz", "bzip2" };

	return names[format];
}

struct decompress *decompress_new(enum decompress_format format)
{
	struct decompress *d;

	if (format != DECOMPRESS_GZIP && format != DECOMPRESS_ZSTD)
		return NULL;
	d = mem_alloc(sizeof(*d));
	d->format = format;
	if (format == DECOMPRESS_GZIP && inflateInit2(&d->gzip, 15 + 16) != Z_OK)
		abort();
	if (format == DECOMPRESS_ZSTD) {
		d->zstd = ZSTD_createDStream();
		if (!d->zstd)
			abort();
		ZSTD_DCtx_setParameter(d->zstd, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
	}
	return d;
}

struct decompress *decompress_free(struct decompress *d)
{
	if (!d)
		return NULL;
	if (d->format == DECOMPRESS_GZIP)
		inflateEnd(&d->gzip);
	ZSTD_freeDStream(d->zstd);
	free(d);
	return NULL;
}

static ssize_t run_gzip(struct decompress *d, const unsigned char **in, size_t *in_len, void *out, size_t out_len, struct err *err)
{
	z_stream *z = &d->gzip;
	uInt given = *in_len > 1 << 30 ? 1 << 30 : (uInt)*in_len, room = out_len > 1 << 30 ? 1 << 30 : (uInt)out_len;
	int r;

	if (d->is_at_end) {
		if (!*in_len)
			return 0;
		if (**in == 0) {         /* padding after the last member: what gzip ignores, too */
			*in += *in_len;
			*in_len = 0;
			return 0;
		}
		inflateReset(z);
		d->is_at_end = false;
	}
	z->next_in = (unsigned char *)(uintptr_t)*in;
	z->avail_in = given;
	z->next_out = out;
	z->avail_out = room;
	r = inflate(z, Z_NO_FLUSH);
	if (r != Z_OK && r != Z_STREAM_END && r != Z_BUF_ERROR)
		return err_set(err, -EBADMSG, "gzip: %s", z->msg ? z->msg : "broken data");
	*in += given - z->avail_in;
	*in_len -= given - z->avail_in;
	d->is_at_end = r == Z_STREAM_END;
	return room - z->avail_out;
}

static ssize_t run_zstd(struct decompress *d, const unsigned char **in, size_t *in_len, void *out, size_t out_len, struct err *err)
{
	ZSTD_inBuffer from = { *in, *in_len, 0 };
	ZSTD_outBuffer to = { out, out_len, 0 };
	size_t r;

	if (d->is_at_end && !*in_len)
		return 0;
	r = ZSTD_decompressStream(d->zstd, &to, &from);
	if (ZSTD_isError(r))
		return err_set(err, -EBADMSG, "zstd: %s", ZSTD_getErrorName(r));
	*in += from.pos;
	*in_len -= from.pos;
	d->is_at_end = r == 0;
	return (ssize_t)to.pos;
}

ssize_t decompress_run(struct decompress *d, const unsigned char **in, size_t *in_len, void *out, size_t out_len, struct err *err)
{
	return d->format == DECOMPRESS_GZIP ? run_gzip(d, in, in_len, out, out_len, err) : run_zstd(d, in, in_len, out, out_len, err);
}

bool decompress_is_at_end(const struct decompress *d)
{
	return d->is_at_end;
}
