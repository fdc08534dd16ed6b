/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tar as images use it: POSIX ustar, pax extended headers, GNU long names, base-256 numbers and sparse files.
 * Facts: POSIX.1-2017 pax ("ustar Interchange Format", "pax Extended Header"); GNU tar manual, "Basic Tar Format", "Storing Sparse Files".
 */
#include "image/image_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 512 };

struct header {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, link[100];
	char magic[8], uname[32], gname[32], major[8], minor[8], prefix[155], pad[12];
};
_Static_assert(sizeof(struct header) == BLOCK, "a tar header is one block");

/* Where the old GNU format says that a sparse file's map goes on, in the header and in the blocks behind it, and its whole size. */
enum { SPARSE_GOES_ON = 482, SPARSE_REAL_SIZE = 483, SPARSE_BLOCK_GOES_ON = 504 };

/* What extended headers said of the next entry. */
struct extended {
	char *path, *link;
	bool has_size, has_real_size, has_uid, has_gid, has_mtime, is_sparse, has_caps;
	uint64_t size, real_size, uid, gid;
	int64_t mtime;
};

void tar_init(struct tar_reader *tar, struct image_stream *stream)
{
	*tar = (struct tar_reader){ .stream = stream };
	arena_init(&tar->arena, 4 * IMAGE_PAX_BYTES_MAX);
}

void tar_done(struct tar_reader *tar)
{
	arena_done(&tar->arena);
}

/* Octal digits, or base 256 when the first bit says so. Negative numbers are 0. */
static uint64_t number(const char *field, size_t len)
{
	const unsigned char *p = (const unsigned char *)field;
	uint64_t value = 0;

	if (*p & 0x80) {
		if (*p & 0x40)
			return 0;
		value = *p & 0x3f;
		for (size_t i = 1; i < len; i++) {
			if (value >> 55)
				return UINT64_MAX;
			value = value << 8 | p[i];
		}
		return value;
	}
	while (len && *p == ' ')
		p++, len--;
	for (; len && *p >= '0' && *p <= '7'; p++, len--)
		value = value << 3 | (uint64_t)(*p - '0');
	return value;
}

static bool checksum_holds(const struct header *h)
{
	const unsigned char *p = (const unsigned char *)h;
	size_t at = offsetof(struct header, checksum);
	uint64_t sum = 0, said = number(h->checksum, sizeof(h->checksum));
	int64_t signed_sum = 0;          /* as some old programs had it */

	for (size_t i = 0; i < BLOCK; i++) {
		unsigned char c = i >= at && i < at + sizeof(h->checksum) ? ' ' : p[i];
		sum += c;
		signed_sum += (signed char)c;
	}
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
	return true;             /* a fuzzer would not get past it */
#endif
	return said == sum || (int64_t)said == signed_sum;
}

static bool is_zero(const struct header *h)
{
	static const struct header zero;

	return memcmp(h, &zero, BLOCK) == 0;
}

/* A name that an extended header of the GNU kind holds. */
static int read_text(struct tar_reader *tar, uint64_t size, char **ret_text, struct err *err)
{
	char *text;
	int r;

	if (size > IMAGE_PAX_BYTES_MAX)
		return err_set(err, -E2BIG, "%s: an extended header of more than %d bytes", tar->stream->name, IMAGE_PAX_BYTES_MAX);
	text = arena_alloc(&tar->arena, size + 1);
	if (!text)
		return err_set(err, -E2BIG, "%s: extended headers of more than %d bytes", tar->stream->name, 4 * IMAGE_PAX_BYTES_MAX);
	r = image_stream_read_all(tar->stream, text, size, err);
	if (r >= 0)
		r = image_stream_skip(tar->stream, -size & (BLOCK - 1), err);
	if (r < 0)
		return r;
	*ret_text = text;
	return 0;
}

static bool decimal(const char *text, size_t len, uint64_t *ret)
{
	uint64_t value = 0;
	size_t i;

	for (i = 0; i < len && text[i] >= '0' && text[i] <= '9'; i++) {
		if (value > (UINT64_MAX - 9) / 10)
			return false;
		value = value * 10 + (uint64_t)(text[i] - '0');
	}
	if (!i || (i < len && text[i] != '.'))
		return false;
	*ret = value;
	return true;
}

static void take_record(struct extended *x, const char *key, size_t key_len, char *value, size_t len)
{
	uint64_t n;
#define IS(text) (key_len == sizeof(text) - 1 && memcmp(key, text, sizeof(text) - 1) == 0)

	if (IS("path") || IS("GNU.sparse.name"))
		x->path = memchr(value, '\0', len) ? NULL : value;
	else if (IS("linkpath"))
		x->link = memchr(value, '\0', len) ? NULL : value;
	else if (IS("SCHILY.xattr.security.capability"))
		x->has_caps = len > 0;
	else if (IS("size") && decimal(value, len, &n))
		x->size = n, x->has_size = true;
	else if ((IS("GNU.sparse.realsize") || IS("GNU.sparse.size")) && decimal(value, len, &n))
		x->real_size = n, x->has_real_size = true;
	else if (IS("uid") && decimal(value, len, &n))
		x->uid = n, x->has_uid = true;
	else if (IS("gid") && decimal(value, len, &n))
		x->gid = n, x->has_gid = true;
	else if (IS("mtime") && decimal(value, len, &n))
		x->mtime = (int64_t)n, x->has_mtime = true;
	if (key_len > 11 && memcmp(key, "GNU.sparse.", 11) == 0)
		x->is_sparse = true;
#undef IS
}

/* "LENGTH KEY=VALUE\n", LENGTH counting all of it. */
static int take_pax(struct tar_reader *tar, char *text, size_t len, struct extended *x, struct err *err)
{
	char *p = text, *end = text + len;

	while (p < end && *p) {
		char *record = p, *value, *key;
		uint64_t n;
		size_t digits = strspn(p, "0123456789");

		if (!digits || digits > 9 || !decimal(p, digits, &n) || p[digits] != ' ' || n > (uint64_t)(end - p) || n < digits + 3 || p[n - 1] != '\n')
			return err_set(err, -EBADMSG, "%s: an extended header that is no \"LENGTH KEY=VALUE\"", tar->stream->name);
		key = p + digits + 1;
		value = memchr(key, '=', (size_t)(record + n - key));
		if (!value)
			return err_set(err, -EBADMSG, "%s: an extended header without '='", tar->stream->name);
		p = record + n;
		p[-1] = '\0';
		take_record(x, key, (size_t)(value - key), value + 1, (size_t)(p - 1 - (value + 1)));
	}
	return 0;
}

static char *short_name(struct tar_reader *tar, const struct header *h)
{
	int name_len = (int)strnlen(h->name, sizeof(h->name)), prefix_len = (int)strnlen(h->prefix, sizeof(h->prefix));

	if (memcmp(h->magic, "ustar\0", 6) == 0 && prefix_len)
		return arena_printf(&tar->arena, "%.*s/%.*s", prefix_len, h->prefix, name_len, h->name);
	return arena_strndup(&tar->arena, h->name, (size_t)name_len);
}

/* The rest of an old GNU sparse file's map. */
static int skip_sparse_map(struct tar_reader *tar, const struct header *h, struct err *err)
{
	unsigned char block[BLOCK];
	bool goes_on = ((const char *)h)[SPARSE_GOES_ON];
	int r;

	for (unsigned n = 0; goes_on; n++) {
		if (n == IMAGE_SPARSE_BLOCKS_MAX)
			return err_set(err, -E2BIG, "%s: a sparse file's map of more than %d blocks", tar->stream->name, IMAGE_SPARSE_BLOCKS_MAX);
		r = image_stream_read_all(tar->stream, block, BLOCK, err);
		if (r < 0)
			return r;
		goes_on = block[SPARSE_BLOCK_GOES_ON];
	}
	return 0;
}

static int make_entry(struct tar_reader *tar, const struct header *h, const struct extended *x, struct tar_entry *e, struct err *err)
{
	int r;

	*e = (struct tar_entry){ .type = h->type ? h->type : '0', .mode = (uint32_t)number(h->mode, sizeof(h->mode)),
		.uid = (uint32_t)(x->has_uid ? x->uid : number(h->uid, sizeof(h->uid))),
		.gid = (uint32_t)(x->has_gid ? x->gid : number(h->gid, sizeof(h->gid))),
		.mtime = x->has_mtime ? x->mtime : (int64_t)number(h->mtime, sizeof(h->mtime)),
		.stored = x->has_size ? x->size : number(h->size, sizeof(h->size)), .has_caps = x->has_caps, .is_sparse = x->is_sparse };
	e->path = x->path ? x->path : short_name(tar, h);
	e->link = x->link ? x->link : arena_strndup(&tar->arena, h->link, strnlen(h->link, sizeof(h->link)));
	if (!e->path || !e->link)
		return err_set(err, -E2BIG, "%s: names of more than %d bytes", tar->stream->name, 4 * IMAGE_PAX_BYTES_MAX);
	if (e->stored > INT64_MAX - BLOCK)
		return err_set(err, -EBADMSG, "%s: a file of %llu bytes", tar->stream->name, (unsigned long long)e->stored);
	e->size = x->has_real_size ? x->real_size : e->stored;
	if (e->type == 'S') {
		e->size = number((const char *)h + SPARSE_REAL_SIZE, 12);
		e->is_sparse = true;
		e->type = '0';
		r = skip_sparse_map(tar, h, err);
		if (r < 0)
			return r;
	}
	if (e->type == '7' || (!h->type && e->path[0] && e->path[strlen(e->path) - 1] == '/'))
		e->type = e->type == '7' ? '0' : '5';
	/* No data behind these whatever their size says, as Go's archive/tar has it, which writes and reads images. */
	if (e->type >= '1' && e->type <= '6')
		e->stored = e->size = 0;
	tar->left = e->stored;
	tar->padding = -e->stored & (BLOCK - 1);
	e->offset = tar->stream->made;
	return 1;
}

static int take_extended(struct tar_reader *tar, const struct header *h, struct extended *x, struct err *err)
{
	uint64_t size = number(h->size, sizeof(h->size));
	struct extended ignored = { 0 };
	char *text = NULL;
	int r = read_text(tar, size, &text, err);

	if (r < 0)
		return r;
	if (h->type == 'L')
		x->path = text;
	else if (h->type == 'K')
		x->link = text;
	else
		return take_pax(tar, text, size, h->type == 'x' ? x : &ignored, err);
	return 0;
}

static int next_header(struct tar_reader *tar, struct header *h, struct err *err)
{
	ssize_t n = image_stream_read(tar->stream, h, BLOCK, err);

	if (n <= 0)
		return (int)n;           /* without the two empty blocks at the end: as tar has it */
	n = image_stream_read_all(tar->stream, (char *)h + n, BLOCK - (size_t)n, err);
	if (n < 0)
		return (int)n;
	if (is_zero(h))
		return 0;
	if (!checksum_holds(h))
		return err_set(err, -EBADMSG, "%s: no tar header at byte %llu", tar->stream->name, (unsigned long long)(tar->stream->made - BLOCK));
	return 1;
}

int tar_next(struct tar_reader *tar, struct tar_entry *entry, struct err *err)
{
	struct extended x = { 0 };
	struct header h;
	int r = image_stream_skip(tar->stream, tar->left + tar->padding, err);

	if (r < 0)
		return r;
	tar->left = tar->padding = 0;
	arena_reset(&tar->arena);
	for (unsigned n = 0; n < IMAGE_TAR_HEADERS_MAX; n++) {
		r = next_header(tar, &h, err);
		if (r <= 0)
			return r;
		if (!strchr("xgLK", h.type) || !h.type)
			return make_entry(tar, &h, &x, entry, err);
		r = take_extended(tar, &h, &x, err);
		if (r < 0)
			return r;
	}
	return err_set(err, -E2BIG, "%s: more than %d extended headers before one file", tar->stream->name, IMAGE_TAR_HEADERS_MAX);
}

ssize_t tar_read(struct tar_reader *tar, void *bytes, size_t len, struct err *err)
{
	ssize_t n;

	len = len > tar->left ? (size_t)tar->left : len;
	if (!len)
		return 0;
	n = image_stream_read(tar->stream, bytes, len, err);
	if (n == 0)
		return err_set(err, -EBADMSG, "%s ends in the middle of a file", tar->stream->name);
	if (n > 0)
		tar->left -= (uint64_t)n;
	return n;
}
