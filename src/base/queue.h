/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_BASE_QUEUE_H
#define PARKA_BASE_QUEUE_H
/*
 * A bounded queue of messages between threads.
 *
 *   any thread --queue_push--> [ copy | copy | copy ] --queue_pop--> one consumer thread
 *
 * The queue owns its messages: push copies, pop hands the copy over. A full queue (by
 * messages or by bytes) drops the new message and counts it; push never waits for the
 * consumer, so it may be called from the thread that reads the sensor.
 *
 * Thread: all functions but queue_new and queue_free may be called from any thread.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct queue;

struct queue_stats {
	uint64_t n_pushed, n_dropped, n_popped;
	size_t n_waiting, bytes_waiting;
};

/* Holds at most max_messages of together max_bytes. */
struct queue *queue_new(size_t max_messages, size_t max_bytes);
/* Drops what is left. Nobody may be in a call. NULL is fine; returns NULL. */
struct queue *queue_free(struct queue *queue);

/* True when the message was taken; false when it was dropped: full, closed, or larger than the queue. */
bool queue_push(struct queue *queue, const void *bytes, size_t len);
/* The same without a copy: `bytes` (from malloc, one more than `len`) is the queue's when true, else still the caller's. */
bool queue_give(struct queue *queue, char *bytes, size_t len);

/* The oldest message, NUL-terminated past its length; the caller frees it with free(). Waits at most
 * wait_ms (-1: for ever, 0: not at all). 1 with a message, 0 when the time is over, -EPIPE when the
 * queue is closed and empty. */
int queue_pop(struct queue *queue, int wait_ms, char **ret_bytes, size_t *ret_len);

/* No more pushes; pop hands out what is left, then -EPIPE. Wakes all who wait. */
void queue_close(struct queue *queue);
/* As queue_close, and what is left is dropped and counted. */
void queue_abort(struct queue *queue);
/* Sleep wait_ms, or less when the queue is closed meanwhile: for a consumer that backs off.
 * True when it was closed. */
bool queue_sleep(struct queue *queue, int wait_ms);

void queue_stats(struct queue *queue, struct queue_stats *ret);

#endif
