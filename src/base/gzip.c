/* SPDX-License-Identifier: Apache-2.0 */
#include "base/gzip.h"

#include "base/strbuf.h"

#include <errno.h>
#include <zlib.h>

enum { CHUNK_BYTES = 64 * 1024, GZIP_ONLY = 16 + MAX_WBITS };

static int unpack(z_stream *stream, struct strbuf *out)
{
	_cleanup_free_ char *chunk = mem_alloc(CHUNK_BYTES);
	int r;

	do {
		stream->next_out = (Bytef *)chunk;
		stream->avail_out = CHUNK_BYTES;
		r = inflate(stream, Z_NO_FLUSH);
		if (r != Z_OK && r != Z_STREAM_END)
			return -EBADMSG;
		strbuf_add(out, chunk, CHUNK_BYTES - stream->avail_out);
		if (out->truncated)
			return -E2BIG;
	} while (r != Z_STREAM_END);
	return 0;
}

int gzip_unpack(const void *bytes, size_t len, size_t max_bytes, struct arena *arena, char **ret_text, size_t *ret_len,
		struct err *err)
{
	z_stream stream = { .next_in = (Bytef *)bytes, .avail_in = (uInt)len };
	_cleanup_strbuf_ struct strbuf out;
	char *text;
	int r;

	strbuf_init(&out, max_bytes + 1);
	if (len > UINT32_MAX || inflateInit2(&stream, GZIP_ONLY) != Z_OK)
		return err_set(err, -E2BIG, "gzip: %zu bytes are too many", len);
	r = unpack(&stream, &out);
	inflateEnd(&stream);
	if (r == -E2BIG || out.len > max_bytes)
		return err_set(err, -E2BIG, "gzip: more than %zu bytes unpacked", max_bytes);
	if (r < 0)
		return err_set(err, r, "gzip: damaged or cut off");
	text = arena_strndup(arena, out.text, out.len);
	if (!text)
		return err_set(err, -E2BIG, "gzip: no room left for %zu bytes", out.len);
	*ret_text = text;
	*ret_len = out.len;
	return 0;
}
