/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "model/event.h"
#include "sensor/capture_format.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>
#include <zstd.h>

struct capture_writer {
	int fd;
	uint64_t offset;
	uint32_t n_records;
	size_t len, packed_size;
	char *block, *packed;
	char *path;
};

static int write_all(struct capture_writer *w, const void *bytes, size_t len, struct err *err)
{
	int r = fd_write_all(w->fd, bytes, len);

	if (r < 0)
		return err_set_os(err, r, "write %s", w->path);
	w->offset += len;
	return 0;
}

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
	r = write_all(w, &head, sizeof(head), err);
	return r < 0 ? r : write_all(w, sb.text, sb.len, err);
}

int capture_create(const char *path, const struct capture_info *info, struct capture_writer **ret_writer, struct err *err)
{
	struct capture_writer *w = mem_alloc(sizeof(*w));
	int r;

	w->path = mem_strdup(path);
	w->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	r = w->fd < 0 ? err_set_os(err, -errno, "create capture %s", path) : write_header(w, info, err);
	if (r < 0) {
		capture_writer_close(w);
		return r;
	}
	w->packed_size = ZSTD_compressBound(LIMIT_CAPTURE_BLOCK_BYTES);
	w->block = mem_alloc(LIMIT_CAPTURE_BLOCK_BYTES);
	w->packed = mem_alloc(w->packed_size);
	*ret_writer = w;
	return 0;
}

int capture_flush(struct capture_writer *w, struct err *err)
{
	struct capture_block_header head = { .magic = CAPTURE_BLOCK_MAGIC, .n_records = w->n_records, .len = (uint32_t)w->len };
	size_t n;
	int r;

	if (!w->n_records)
		return 0;
	n = ZSTD_compress(w->packed, w->packed_size, w->block, w->len, CAPTURE_LEVEL);
	if (ZSTD_isError(n))
		return err_set(err, -EIO, "compress %s: %s", w->path, ZSTD_getErrorName(n));
	head.packed_len = (uint32_t)n;
	head.hash = XXH3_64bits_withSeed(w->packed, n, w->offset);
	w->n_records = 0;
	w->len = 0;
	r = write_all(w, &head, sizeof(head), err);
	return r < 0 ? r : write_all(w, w->packed, n, err);
}

int capture_write(struct capture_writer *w, enum capture_kind kind, const void *bytes, size_t len, struct err *err)
{
	struct capture_record_header head = { .kind = kind, .len = (uint32_t)len };
	size_t padded = (len + 7) & ~(size_t)7;
	int r;

	if (len > LIMIT_CAPTURE_RECORD_BYTES)
		return err_set(err, -E2BIG, "capture record of %zu bytes; at most %d", len, LIMIT_CAPTURE_RECORD_BYTES);
	if (w->len + sizeof(head) + padded > LIMIT_CAPTURE_BLOCK_BYTES) {
		r = capture_flush(w, err);
		if (r < 0)
			return r;
	}
	memcpy(w->block + w->len, &head, sizeof(head));
	memcpy(w->block + w->len + sizeof(head), bytes, len);
	memset(w->block + w->len + sizeof(head) + len, 0, padded - len);
	w->len += sizeof(head) + padded;
	w->n_records++;
	return 0;
}

/* So that a reader can tell a whole capture from one cut between two blocks. */
static void write_end(struct capture_writer *w)
{
	struct capture_block_header end = { .magic = CAPTURE_END_MAGIC, .hash = XXH3_64bits_withSeed("", 0, w->offset) };

	write_all(w, &end, sizeof(end), NULL);
}

struct capture_writer *capture_writer_close(struct capture_writer *w)
{
	if (!w)
		return NULL;
	if (w->block && capture_flush(w, NULL) == 0)
		write_end(w);
	if (w->fd >= 0)
		close(w->fd);
	free(w->block);
	free(w->packed);
	free(w->path);
	free(w);
	return NULL;
}
