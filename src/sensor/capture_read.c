/* SPDX-License-Identifier: Apache-2.0 */
/* Reading captures. A capture may be hostile: every length is checked before it is used, blocks before they are unpacked. */
#include "base/json.h"
#include "base/mem.h"
#include "model/event.h"
#include "sensor/capture_format.h"
#include "sensor/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>
#include <zstd.h>

enum { TYPES_MAX = 4096 };

struct capture_reader {
	int fd;
	uint64_t offset;                     /* of what is read next */
	uint64_t block_offset;
	char *path;
	struct capture_info info;
	uint16_t types[TYPES_MAX];           /* number in the file -> number here; MODEL_EVT_MAX: not known here */
	size_t n_types;
	char *packed, *block;
	size_t packed_size, len, at;
	uint32_t left;                       /* records of the block not yet given */
	int damaged;                         /* the error that ended it */
	bool ended;
};

static int damaged(struct capture_reader *r, struct err *err, uint64_t offset, const char *what)
{
	r->damaged = -EBADMSG;
	return err_set_at(err, -EBADMSG, r->path, 0, 0, "damaged capture at byte %" PRIu64 ": %s", offset, what);
}

/* All `len` bytes: 1; nothing at all: 0; a part: -EBADMSG. */
static int read_exactly(struct capture_reader *r, void *bytes, size_t len, const char *what, struct err *err)
{
	size_t got = 0;

	while (got < len) {
		ssize_t n = read(r->fd, (char *)bytes + got, len - got);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return r->damaged = err_set_os(err, -errno, "read %s", r->path);
		if (n == 0)
			break;
		got += (size_t)n;
	}
	if (got == 0 && len)
		return 0;
	if (got < len)
		return damaged(r, err, r->offset + got, what);
	r->offset += len;
	return 1;
}

static void copy_text(char *out, size_t size, const char *text)
{
	size_t len = text ? strnlen(text, size - 1) : 0;

	if (len)
		memcpy(out, text, len);
	out[len] = '\0';
}

static int read_info(struct capture_reader *r, const char *text, size_t len, struct err *err)
{
	_cleanup_json_ json_t *doc = NULL;
	const json_t *types;
	int ret = json_parse(text, len, r->path, &doc, err);

	if (ret < 0)
		return damaged(r, err, sizeof(struct capture_file_header), "the header is no JSON");
	copy_text(r->info.hostname, sizeof(r->info.hostname), json_text(doc, "hostname", NULL));
	copy_text(r->info.kernel, sizeof(r->info.kernel), json_text(doc, "kernel", NULL));
	r->info.boot_to_epoch_ns = json_integer_value(json_at(doc, "boot_to_epoch_ns", NULL));
	r->info.created_ns = (uint64_t)json_integer_value(json_at(doc, "created_ns", NULL));
	types = json_at(doc, "event_types", NULL);
	r->n_types = json_array_size(types);
	if (r->n_types > TYPES_MAX)
		return damaged(r, err, sizeof(struct capture_file_header), "too many event types");
	for (size_t i = 0; i < r->n_types; i++) {
		const char *name = json_string_value(json_array_get(types, i));
		/* "none", the type of seeds, is found by no name. */
		r->types[i] = !name ? MODEL_EVT_MAX : strcmp(name, "none") == 0 ? MODEL_EVT_NONE
			      : (uint16_t)model_event_by_name(name, strlen(name));
	}
	return 0;
}

static int read_header(struct capture_reader *r, struct err *err)
{
	struct capture_file_header head;
	_cleanup_free_ char *text = NULL;
	int n = read_exactly(r, &head, sizeof(head), "the header is cut", err);

	if (n < 0)
		return n;
	if (n == 0 || memcmp(head.magic, CAPTURE_MAGIC, sizeof(head.magic)) != 0)
		return err_set_at(err, -EBADMSG, r->path, 0, 0, "damaged capture at byte 0: this is no parka capture");
	if (head.version > CAPTURE_VERSION)
		return err_set_at(err, -EPROTONOSUPPORT, r->path, 0, 0, "capture of version %u; this parka reads up to %d",
				  head.version, CAPTURE_VERSION);
	if (head.header_len > LIMIT_CAPTURE_HEADER_BYTES)
		return damaged(r, err, 12, "the header is too long");
	text = mem_alloc((size_t)head.header_len + 1);
	n = read_exactly(r, text, head.header_len, "the header is cut", err);
	if (n < 0)
		return n;
	if (n == 0 || XXH3_64bits(text, head.header_len) != head.header_hash)
		return damaged(r, err, sizeof(head), "the header's checksum is wrong");
	return read_info(r, text, head.header_len, err);
}

int capture_open(const char *path, struct capture_reader **ret_reader, struct err *err)
{
	struct capture_reader *r = mem_alloc(sizeof(*r));
	int n;

	r->path = mem_strdup(path);
	r->fd = open(path, O_RDONLY | O_CLOEXEC);
	n = r->fd < 0 ? err_set_os(err, -errno, "open capture %s", path) : read_header(r, err);
	if (n < 0) {
		capture_reader_close(r);
		return n;
	}
	r->packed_size = ZSTD_compressBound(LIMIT_CAPTURE_BLOCK_BYTES);
	r->packed = mem_alloc(r->packed_size);
	r->block = mem_alloc(LIMIT_CAPTURE_BLOCK_BYTES);
	*ret_reader = r;
	return 0;
}

const struct capture_info *capture_reader_info(const struct capture_reader *reader)
{
	return &reader->info;
}

static int check_end(struct capture_reader *r, const struct capture_block_header *head, struct err *err)
{
	char more;

	if (head->len || head->packed_len || head->n_records || head->hash != XXH3_64bits_withSeed("", 0, r->block_offset))
		return damaged(r, err, r->block_offset, "no block begins here");
	r->ended = true;
	if (read_exactly(r, &more, 1, "", err) != 0)
		return damaged(r, err, r->block_offset + sizeof(*head), "there is more behind the end");
	return 0;
}

static int next_block(struct capture_reader *r, struct err *err)
{
	struct capture_block_header head;
	size_t n;
	int got;

	if (r->ended)
		return 0;
	r->block_offset = r->offset;
	got = read_exactly(r, &head, sizeof(head), "a block's header is cut", err);
	if (got < 0)
		return got;
	if (got == 0)
		return damaged(r, err, r->offset, "the capture was not closed");
	if (head.magic == CAPTURE_END_MAGIC)
		return check_end(r, &head, err);
	if (head.magic != CAPTURE_BLOCK_MAGIC || head.len > LIMIT_CAPTURE_BLOCK_BYTES || head.packed_len > r->packed_size ||
	    head.packed_len == 0)
		return damaged(r, err, r->block_offset, "no block begins here");
	got = read_exactly(r, r->packed, head.packed_len, "a block is cut", err);
	if (got < 0)
		return got;
	if (got == 0)
		return damaged(r, err, r->offset, "a block is cut");
	if (XXH3_64bits_withSeed(r->packed, head.packed_len, r->block_offset) != head.hash)
		return damaged(r, err, r->block_offset, "a block's checksum is wrong");
	n = ZSTD_decompress(r->block, LIMIT_CAPTURE_BLOCK_BYTES, r->packed, head.packed_len);
	if (ZSTD_isError(n) || n != head.len)
		return damaged(r, err, r->block_offset, "a block cannot be unpacked");
	r->len = n;
	r->at = 0;
	r->left = head.n_records;
	return 1;
}

/* Event numbers are the writer's: put ours. False when the event is damaged or of a type that is not known here. */
static bool adopt_event(const struct capture_reader *r, struct sensor_wire *event, size_t len)
{
	struct sensor_wire_view view;

	if (!sensor_wire_decode(event, len, &view) || event->len != len || event->type >= r->n_types ||
	    r->types[event->type] >= MODEL_EVT_MAX)
		return false;
	event->type = r->types[event->type];
	return true;
}

int capture_next(struct capture_reader *r, enum capture_kind *ret_kind, const void **ret_bytes, size_t *ret_len, struct err *err)
{
	struct capture_record_header head;
	size_t padded;
	char *bytes;
	int n;

	if (r->damaged)
		return err_set(err, r->damaged, "%s: nothing can be read behind the damage", r->path);
	for (;;) {
		while (r->left == 0) {
			n = next_block(r, err);
			if (n <= 0)
				return n;
		}
		if (r->len - r->at < sizeof(head))
			return damaged(r, err, r->block_offset, "a record is cut");
		memcpy(&head, r->block + r->at, sizeof(head));
		padded = ((size_t)head.len + 7) & ~(size_t)7;
		if (padded > r->len - r->at - sizeof(head))
			return damaged(r, err, r->block_offset, "a record is longer than its block");
		bytes = r->block + r->at + sizeof(head);
		r->at += sizeof(head) + padded;
		r->left--;
		if ((head.kind == CAPTURE_EVENT || head.kind == CAPTURE_SEED) && !adopt_event(r, (void *)bytes, head.len)) {
			struct sensor_wire_view view;
			if (!sensor_wire_decode(bytes, head.len, &view))
				return damaged(r, err, r->block_offset, "an event's lengths do not fit");
			continue;                       /* a newer parka's event */
		}
		*ret_kind = head.kind;
		*ret_bytes = bytes;
		*ret_len = head.len;
		return 1;
	}
}

struct capture_reader *capture_reader_close(struct capture_reader *r)
{
	if (!r)
		return NULL;
	if (r->fd >= 0)
		close(r->fd);
	free(r->packed);
	free(r->block);
	free(r->path);
	free(r);
	return NULL;
}
