/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/worker.h"
#include "detect/detect_internal.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

enum { IDLE_MS = 1000 };

struct worker {
	struct detect_sink *sink;
	struct worker_ops ops;
	void *data;
	struct queue *queue;
	pthread_t thread;
	uint64_t give_up_ms;     /* CLOCK_MONOTONIC; 0 while the sink is open. Atomic */
};

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

bool worker_hurry(struct worker *w)
{
	uint64_t until = __atomic_load_n(&w->give_up_ms, __ATOMIC_ACQUIRE);

	return until && now_ms() >= until;
}

/* Back off; an open queue cuts no nap short, a closing one only lets short ones be. */
static void nap(struct worker *w, int ms)
{
	if (queue_sleep(w->queue, ms)) {
		struct timespec t = { .tv_nsec = 50 * 1000000 };
		nanosleep(&t, NULL);
	}
}

static void deliver(struct worker *w, const char *bytes, size_t len)
{
	int backoff_ms = DETECT_BACKOFF_FIRST_MS;
	int r = -EAGAIN;

	for (int i = 0; i < DETECT_TRIES_MAX && r == -EAGAIN && !worker_hurry(w); i++) {
		if (i > 0) {
			nap(w, backoff_ms);
			backoff_ms = backoff_ms * 2 < DETECT_BACKOFF_LAST_MS ? backoff_ms * 2 : DETECT_BACKOFF_LAST_MS;
		}
		r = w->ops.deliver(w->data, bytes, len);
	}
	detect_count(r == 0 ? &w->sink->n_told : &w->sink->n_failed);
}

static void *run(void *data)
{
	struct worker *w = data;
	size_t len;
	char *bytes;
	int r;

	while ((r = queue_pop(w->queue, IDLE_MS, &bytes, &len)) != -EPIPE) {
		if (r == 1) {
			deliver(w, bytes, len);
			free(bytes);
		} else if (w->ops.idle) {
			w->ops.idle(w->data);
		}
	}
	return NULL;
}

struct worker *worker_new(struct detect_sink *sink, const struct worker_ops *ops, void *data)
{
	struct worker *w = mem_alloc(sizeof(*w));
	sigset_t all, before;

	w->sink = sink;
	w->ops = *ops;
	w->data = data;
	w->queue = queue_new(DETECT_QUEUE_MESSAGES, DETECT_QUEUE_BYTES);
	/* Signals are the main thread's business, and a broken pipe must be an error, not an end. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (pthread_create(&w->thread, NULL, run, w) != 0)
		abort();
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return w;
}

void worker_push(struct worker *w, const char *bytes, size_t len)
{
	if (!queue_push(w->queue, bytes, len))
		detect_count(&w->sink->n_dropped);
}

struct worker *worker_free(struct worker *w)
{
	if (!w)
		return NULL;
	__atomic_store_n(&w->give_up_ms, now_ms() + DETECT_DRAIN_MS, __ATOMIC_RELEASE);
	queue_close(w->queue);
	pthread_join(w->thread, NULL);
	queue_free(w->queue);
	free(w);
	return NULL;
}
