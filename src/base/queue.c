/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Invariants, all under `lock`:
 * Q1  n <= max_messages, bytes <= max_bytes.
 * Q2  slots[first .. first + n) modulo max_messages hold messages owned by the queue.
 * Q3  n_pushed = n_popped + n + what an abort dropped.
 */
#include "base/queue.h"
#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct queue_message { char *bytes; size_t len; };

struct queue {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct queue_message *slots;
	size_t first, n, max_messages;
	size_t bytes, max_bytes;
	uint64_t n_pushed, n_dropped, n_popped;
	bool closed;
};

struct queue *queue_new(size_t max_messages, size_t max_bytes)
{
	struct queue *q = mem_alloc(sizeof(*q));
	pthread_condattr_t attr;

	assert(max_messages > 0);
	q->slots = mem_array(max_messages, sizeof(*q->slots));
	q->max_messages = max_messages;
	q->max_bytes = max_bytes;
	pthread_mutex_init(&q->lock, NULL);
	pthread_condattr_init(&attr);
	/* A step of the wall clock must not stretch a wait. */
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&q->changed, &attr);
	pthread_condattr_destroy(&attr);
	return q;
}

static struct queue_message take_first(struct queue *q)
{
	struct queue_message m = q->slots[q->first];

	q->slots[q->first] = (struct queue_message){ 0 };
	q->first = (q->first + 1) % q->max_messages;
	q->n--;
	q->bytes -= m.len;
	return m;
}

struct queue *queue_free(struct queue *q)
{
	if (!q)
		return NULL;
	while (q->n)
		free(take_first(q).bytes);
	pthread_cond_destroy(&q->changed);
	pthread_mutex_destroy(&q->lock);
	free(q->slots);
	free(q);
	return NULL;
}

bool queue_give(struct queue *q, char *bytes, size_t len)
{
	bool taken;

	bytes[len] = '\0';
	pthread_mutex_lock(&q->lock);
	taken = !q->closed && q->n < q->max_messages && len <= q->max_bytes - q->bytes;
	if (taken) {
		q->slots[(q->first + q->n) % q->max_messages] = (struct queue_message){ bytes, len };
		q->n++;
		q->bytes += len;
		q->n_pushed++;
		pthread_cond_broadcast(&q->changed);
	} else {
		q->n_dropped++;
	}
	pthread_mutex_unlock(&q->lock);
	return taken;
}

bool queue_push(struct queue *q, const void *bytes, size_t len)
{
	char *copy = mem_alloc(len + 1);
	bool taken;

	memcpy(copy, bytes, len);
	taken = queue_give(q, copy, len);
	if (!taken)
		free(copy);
	return taken;
}

static struct timespec deadline(int wait_ms)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += wait_ms / 1000;
	t.tv_nsec += (long)(wait_ms % 1000) * 1000000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000;
	}
	return t;
}

int queue_pop(struct queue *q, int wait_ms, char **ret_bytes, size_t *ret_len)
{
	struct timespec until = deadline(wait_ms > 0 ? wait_ms : 0);
	struct queue_message m = { 0 };
	bool got, closed;
	int r = 0;

	pthread_mutex_lock(&q->lock);
	while (q->n == 0 && !q->closed && wait_ms != 0 && r != ETIMEDOUT)
		r = wait_ms < 0 ? pthread_cond_wait(&q->changed, &q->lock) :
				  pthread_cond_timedwait(&q->changed, &q->lock, &until);
	got = q->n > 0;
	closed = q->closed;
	if (got) {
		m = take_first(q);
		q->n_popped++;
	}
	pthread_mutex_unlock(&q->lock);
	if (!got)
		return closed ? -EPIPE : 0;
	*ret_bytes = m.bytes;
	*ret_len = m.len;
	return 1;
}

void queue_close(struct queue *q)
{
	pthread_mutex_lock(&q->lock);
	q->closed = true;
	pthread_cond_broadcast(&q->changed);
	pthread_mutex_unlock(&q->lock);
}

void queue_abort(struct queue *q)
{
	pthread_mutex_lock(&q->lock);
	q->closed = true;
	q->n_dropped += q->n;
	while (q->n)
		free(take_first(q).bytes);
	pthread_cond_broadcast(&q->changed);
	pthread_mutex_unlock(&q->lock);
}

bool queue_sleep(struct queue *q, int wait_ms)
{
	struct timespec until = deadline(wait_ms);
	bool closed;
	int r = 0;

	pthread_mutex_lock(&q->lock);
	while (!q->closed && r != ETIMEDOUT)
		r = pthread_cond_timedwait(&q->changed, &q->lock, &until);
	closed = q->closed;
	pthread_mutex_unlock(&q->lock);
	return closed;
}

void queue_stats(struct queue *q, struct queue_stats *ret)
{
	pthread_mutex_lock(&q->lock);
	*ret = (struct queue_stats){ q->n_pushed, q->n_dropped, q->n_popped, q->n, q->bytes };
	pthread_mutex_unlock(&q->lock);
}
