/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "base/mem.h"
#include "model/event.h"
#include "sensor/capture_behind.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>
#include <zstd.h>

struct capture_writer {
	struct capture_file file;
	struct capture_block_header *block;   /* being filled */
	struct capture_behind *behind;        /* NULL: blocks are written here */
	bool crowded;                         /* too much waited when it was looked at last */
};

static int write_header(struct capture_writer *w, const struct capture_info *info, struct err *err)
{
	struct capture_file_header head = { .magic = CAPTURE_MAGIC, .version = CAPTURE_VERSION };
	_cleanup_strbuf_ struct strbuf sb;
	struct json_writer json;
	int r;

	strbuf_init(&sb, LIMIT_CAPTURE_HEADER_BYTES);
	json = json_writer(&sb);
	json_object_begin(&json, NULL);
	json_put_str(&json, "hostname", info->hostname);
	json_put_str(&json, "kernel", info->kernel);
	json_put_int(&json, "boot_to_epoch_ns", info->boot_to_epoch_ns);
	json_put_uint(&json, "created_ns", info->created_ns);
	json_array_begin(&json, "event_types");
	for (unsigned i = 0; i < MODEL_EVT_MAX; i++)
		json_put_str(&json, NULL, model_event(i)->name);
	json_array_end(&json);
	json_object_end(&json);
	if (sb.truncated)
		return err_set(err, -E2BIG, "capture header is longer than %d bytes", LIMIT_CAPTURE_HEADER_BYTES);
	head.header_len = (uint32_t)sb.len;
	head.header_hash = XXH3_64bits(sb.text, sb.len);
	r = capture_file_write(&w->file, &head, sizeof(head), err);
	return r < 0 ? r : capture_file_write(&w->file, sb.text, sb.len, err);
}

int capture_create(const char *path, const struct capture_info *info, struct capture_writer **ret_writer, struct err *err)
{
	struct capture_writer *w = mem_alloc(sizeof(*w));
	int r;

	w->file.path = mem_strdup(path);
	w->file.fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	r = w->file.fd < 0 ? err_set_os(err, -errno, "create capture %s", path) : write_header(w, info, err);
	if (r < 0) {
		capture_writer_close(w);
		return r;
	}
	w->file.packed_size = ZSTD_compressBound(LIMIT_CAPTURE_BLOCK_BYTES);
	w->file.packed = mem_alloc(w->file.packed_size);
	w->block = mem_alloc(CAPTURE_BLOCK_BYTES);
	*ret_writer = w;
	return 0;
}

void capture_write_behind(struct capture_writer *w)
{
	w->behind = capture_behind_new(&w->file);
}

/* The block that was filled goes on; 1 when it cannot, because too much waits. */
static int pass_on(struct capture_writer *w, struct err *err)
{
	int r = 0;

	if (!w->block->n_records)
		return 0;
	if (!w->behind)
		r = capture_file_block(&w->file, w->block, err);
	else if (capture_behind_give(w->behind, w->block))
		w->block = capture_behind_block(w->behind);
	else
		return capture_behind_error(w->behind, err) < 0 ? capture_behind_error(w->behind, err) : 1;
	w->block->n_records = w->block->len = 0;
	return r;
}

int capture_flush(struct capture_writer *w, struct err *err)
{
	int r;

	while ((r = pass_on(w, err)) > 0)
		(void)capture_behind_wait(w->behind, NULL);
	return r < 0 || !w->behind ? r : capture_behind_wait(w->behind, err);
}

/* What a replay can do without when not all can be kept: it tells of files and connections only. */
static bool is_spare(enum capture_kind kind, const void *bytes, size_t len)
{
	const struct sensor_wire *event = bytes;

	return kind == CAPTURE_EVENT && len >= sizeof(*event) && event->lane != SENSOR_LANE_LIFECYCLE;
}

int capture_write(struct capture_writer *w, enum capture_kind kind, const void *bytes, size_t len, struct err *err)
{
	struct capture_record_header head = { .kind = kind, .len = (uint32_t)len };
	size_t padded = (len + 7) & ~(size_t)7;
	char *at;
	int r;

	if (len > LIMIT_CAPTURE_RECORD_BYTES)
		return err_set(err, -E2BIG, "capture record of %zu bytes; at most %d", len, LIMIT_CAPTURE_RECORD_BYTES);
	if (w->block->len + sizeof(head) + padded > LIMIT_CAPTURE_BLOCK_BYTES) {
		r = pass_on(w, err);
		if (r != 0)
			return r;
		w->crowded = w->behind && capture_behind_bytes(w->behind) > LIMIT_CAPTURE_WAITING_BYTES;
	}
	if (w->crowded && is_spare(kind, bytes, len)) {
		w->crowded = capture_behind_bytes(w->behind) > LIMIT_CAPTURE_WAITING_BYTES;
		if (w->crowded)
			return 1;
	}
	at = (char *)(w->block + 1) + w->block->len;
	memcpy(at, &head, sizeof(head));
	memcpy(at + sizeof(head), bytes, len);
	memset(at + sizeof(head) + len, 0, padded - len);
	w->block->len += (uint32_t)(sizeof(head) + padded);
	w->block->n_records++;
	return 0;
}

/* So that a reader can tell a whole capture from one cut between two blocks. */
static void write_end(struct capture_writer *w)
{
	struct capture_block_header end = { .magic = CAPTURE_END_MAGIC, .hash = XXH3_64bits_withSeed("", 0, w->file.offset) };

	(void)capture_file_write(&w->file, &end, sizeof(end), NULL);
}

struct capture_writer *capture_writer_close(struct capture_writer *w)
{
	bool whole;

	if (!w)
		return NULL;
	whole = w->block && capture_flush(w, NULL) == 0;
	w->behind = capture_behind_free(w->behind);
	if (whole)
		write_end(w);
	if (w->file.fd >= 0)
		close(w->file.fd);
	free(w->block);
	free(w->file.packed);
	free(w->file.path);
	free(w);
	return NULL;
}
