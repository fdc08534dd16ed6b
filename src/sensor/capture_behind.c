/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Invariants:
 * B1  `err` is the thread's until `failed` is set; then nobody writes it.
 * B2  n_given is the writer's alone; n_written, `failed` and the queues are shared.
 */
#include "sensor/capture_behind.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/queue.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <xxhash.h>
#include <zstd.h>

enum { BLOCKS_MAX = LIMIT_CAPTURE_QUEUE_BYTES / LIMIT_CAPTURE_RECORD_BYTES, EMPTY_MAX = 4, LOOK_MS = 2 };

struct capture_behind {
	struct capture_file *file;
	struct queue *full, *empty;
	pthread_t thread;
	uint64_t n_given, n_written;
	struct err err;
	bool failed;
};

int capture_file_write(struct capture_file *file, const void *bytes, size_t len, struct err *err)
{
	int r = fd_write_all(file->fd, bytes, len);

	if (r < 0)
		return err_set_os(err, r, "write %s", file->path);
	file->offset += len;
	return 0;
}

int capture_file_block(struct capture_file *file, struct capture_block_header *block, struct err *err)
{
	size_t n = ZSTD_compress(file->packed, file->packed_size, block + 1, block->len, CAPTURE_LEVEL);
	int r;

	if (ZSTD_isError(n))
		return err_set(err, -EIO, "compress %s: %s", file->path, ZSTD_getErrorName(n));
	block->magic = CAPTURE_BLOCK_MAGIC;
	block->packed_len = (uint32_t)n;
	block->hash = XXH3_64bits_withSeed(file->packed, n, file->offset);
	r = capture_file_write(file, block, sizeof(*block), err);
	return r < 0 ? r : capture_file_write(file, file->packed, n, err);
}

/* After a failure what waits is dropped, and nothing more is taken. */
static void *run(void *data)
{
	struct capture_behind *b = data;
	char *block;
	size_t len;

	while (queue_pop(b->full, -1, &block, &len) != -EPIPE) {
		if (capture_file_block(b->file, (struct capture_block_header *)block, &b->err) < 0) {
			free(block);
			__atomic_store_n(&b->failed, true, __ATOMIC_RELEASE);
			queue_abort(b->full);
			break;
		}
		if (!queue_give(b->empty, block, CAPTURE_BLOCK_BYTES - 1))
			free(block);
		__atomic_fetch_add(&b->n_written, 1, __ATOMIC_RELEASE);
	}
	return NULL;
}

struct capture_behind *capture_behind_new(struct capture_file *file)
{
	struct capture_behind *b = mem_alloc(sizeof(*b));
	sigset_t all, before;

	b->file = file;
	b->full = queue_new(BLOCKS_MAX, LIMIT_CAPTURE_QUEUE_BYTES);
	b->empty = queue_new(EMPTY_MAX, SIZE_MAX);
	/* Signals are the main thread's business. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (pthread_create(&b->thread, NULL, run, b) != 0)
		abort();
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return b;
}

struct capture_behind *capture_behind_free(struct capture_behind *b)
{
	if (!b)
		return NULL;
	queue_close(b->full);
	pthread_join(b->thread, NULL);
	queue_free(b->full);
	queue_free(b->empty);
	free(b);
	return NULL;
}

struct capture_block_header *capture_behind_block(struct capture_behind *b)
{
	char *block;
	size_t len;

	return (void *)(queue_pop(b->empty, 0, &block, &len) == 1 ? block : mem_alloc(CAPTURE_BLOCK_BYTES));
}

bool capture_behind_give(struct capture_behind *b, struct capture_block_header *block)
{
	if (!queue_give(b->full, (char *)block, sizeof(*block) + block->len))
		return false;
	b->n_given++;
	return true;
}

size_t capture_behind_bytes(struct capture_behind *b)
{
	struct queue_stats stats;

	queue_stats(b->full, &stats);
	return stats.bytes_waiting;
}

int capture_behind_error(const struct capture_behind *b, struct err *err)
{
	if (!__atomic_load_n(&b->failed, __ATOMIC_ACQUIRE))
		return 0;
	if (err)
		*err = b->err;
	return b->err.code;
}

int capture_behind_wait(struct capture_behind *b, struct err *err)
{
	while (__atomic_load_n(&b->n_written, __ATOMIC_ACQUIRE) < b->n_given && capture_behind_error(b, NULL) == 0)
		(void)queue_sleep(b->full, LOOK_MS);
	return capture_behind_error(b, err);
}
