/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_DETECT_WORKER_H
#define PARKA_DETECT_WORKER_H
/*
 * The thread and queue of a sink that may wait: messages are delivered in order, one at a time; one that
 * fails for now is tried again with back-off, then counted as failed. Private to the room.
 *
 * Thread: worker_push from the engine's thread; `deliver` and `idle` run on the worker's own.
 */
#include "base/queue.h"
#include "detect/detect.h"

struct worker;

struct worker_ops {
	/* 0 when it is delivered, -EAGAIN to try again later, another -errno to give this message up. */
	int (*deliver)(void *data, const char *bytes, size_t len);
	/* About once a second when there is nothing to do; may be NULL. */
	void (*idle)(void *data);
};

/* Counts into sink's n_told, n_dropped, n_failed. */
struct worker *worker_new(struct detect_sink *sink, const struct worker_ops *ops, void *data);
void worker_push(struct worker *worker, const char *bytes, size_t len);
/* Delivers what waits for at most DETECT_DRAIN_MS more; what is left counts as failed. Returns NULL. */
struct worker *worker_free(struct worker *worker);
/* For `deliver`: true when the sink is closing and its time is up. */
bool worker_hurry(struct worker *worker);

#endif
