/* SPDX-License-Identifier: Apache-2.0 */
#include "base/gzip.h"

#include "base/decompress.h"
#include "base/strbuf.h"

#include <errno.h>

enum { CHUNK_BYTES = 64 * 1024 };

static int unpack(struct decompress *d, const void *bytes, size_t len, size_t max_bytes, struct strbuf *out, struct err *err)
{
	_cleanup_free_ char *chunk = mem_alloc(CHUNK_BYTES);
	const unsigned char *in = bytes;

	for (;;) {
		ssize_t n = decompress_run(d, &in, &len, chunk, CHUNK_BYTES, err);

		if (n < 0)
			return (int)n;
		if (n == 0)
			break;
		strbuf_add(out, chunk, (size_t)n);
		if (out->len > max_bytes)
			return err_set(err, -E2BIG, "gzip: more than %zu bytes unpacked", max_bytes);
	}
	return decompress_is_at_end(d) ? 0 : err_set(err, -EBADMSG, "gzip: cut off");
}

int gzip_unpack(const void *bytes, size_t len, size_t max_bytes, struct arena *arena, char **ret_text, size_t *ret_len,
		struct err *err)
{
	_cleanup_strbuf_ struct strbuf out;
	struct decompress *d;
	char *text;
	int r;

	strbuf_init(&out, max_bytes + CHUNK_BYTES);
	if (decompress_format_of(bytes, len) != DECOMPRESS_GZIP)
		return err_set(err, -EBADMSG, "gzip: it is none");
	d = decompress_new(DECOMPRESS_GZIP);
	r = d ? unpack(d, bytes, len, max_bytes, &out, err) : err_set(err, -ENOMEM, "gzip: no memory");
	decompress_free(d);
	if (r < 0)
		return r;
	text = arena_strndup(arena, out.text, out.len);
	if (!text)
		return err_set(err, -E2BIG, "gzip: no room left for %zu bytes", out.len);
	*ret_text = text;
	*ret_len = out.len;
	return 0;
}
