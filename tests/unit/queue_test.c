/* SPDX-License-Identifier: Apache-2.0 */
#include "base/queue.h"
#include "tap.h"

#include <errno.h>
#include <pthread.h>

static int pop_int(struct queue *q, int wait_ms, int *ret)
{
	char *bytes;
	size_t len;
	int r = queue_pop(q, wait_ms, &bytes, &len);

	if (r != 1)
		return r;
	CHECK_INT(len, sizeof(*ret));
	memcpy(ret, bytes, sizeof(*ret));
	free(bytes);
	return 1;
}

TEST(messages_come_out_in_order)
{
	struct queue *q = queue_new(4, 1000);
	int got;

	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 3; i++)
			CHECK(queue_push(q, &i, sizeof(i)));
		for (int i = 0; i < 3; i++)
			CHECK(pop_int(q, 0, &got) == 1 && got == i);
	}
	CHECK_INT(pop_int(q, 0, &got), 0);
	CHECK_INT(pop_int(q, 5, &got), 0);
	queue_free(q);
}

TEST(a_full_queue_drops_the_new_message_and_counts)
{
	struct queue *q = queue_new(2, 1000);
	struct queue_stats stats;
	int got = -1;

	for (int i = 0; i < 5; i++)
		CHECK(queue_push(q, &i, sizeof(i)) == (i < 2));
	queue_stats(q, &stats);
	CHECK_INT(stats.n_dropped, 3);
	CHECK_INT(stats.n_waiting, 2);
	CHECK(pop_int(q, 0, &got) == 1 && got == 0);
	queue_free(q);
}

TEST(bytes_are_limited_too)
{
	struct queue *q = queue_new(100, 10);
	char *bytes;
	size_t len;

	CHECK(!queue_push(q, "12345678901", 11));
	CHECK(queue_push(q, "1234567", 7));
	CHECK(!queue_push(q, "1234", 4));
	CHECK(queue_push(q, "123", 3));
	CHECK_INT(queue_pop(q, 0, &bytes, &len), 1);
	CHECK_STR(bytes, "1234567");
	free(bytes);
	CHECK(queue_push(q, "1234567", 7));
	queue_free(q);
}

TEST(a_closed_queue_hands_out_the_rest_and_takes_nothing)
{
	struct queue *q = queue_new(4, 1000);
	int got, one = 1;

	CHECK(queue_push(q, &one, sizeof(one)));
	queue_close(q);
	CHECK(!queue_push(q, &one, sizeof(one)));
	CHECK_INT(pop_int(q, -1, &got), 1);
	CHECK_INT(pop_int(q, -1, &got), -EPIPE);
	CHECK(queue_sleep(q, 10000));
	queue_free(q);
}

TEST(an_aborted_queue_drops_the_rest)
{
	struct queue *q = queue_new(4, 1000);
	struct queue_stats stats;
	int got, one = 1;

	queue_push(q, &one, sizeof(one));
	queue_abort(q);
	CHECK_INT(pop_int(q, -1, &got), -EPIPE);
	queue_stats(q, &stats);
	CHECK_INT(stats.n_dropped, 1);
	queue_free(q);
}

enum { PER_THREAD = 5000, THREADS = 3 };

static void *produce(void *data)
{
	for (int i = 0; i < PER_THREAD; i++)
		queue_push(data, &i, sizeof(i));
	return NULL;
}

TEST(threads_lose_nothing_uncounted)
{
	struct queue *q = queue_new(64, 1 << 20);
	pthread_t threads[THREADS];
	struct queue_stats stats;
	int got, n = 0;

	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, produce, q);
	while (pop_int(q, 100, &got) == 1)
		n++;
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	while (pop_int(q, 0, &got) == 1)
		n++;
	queue_stats(q, &stats);
	CHECK_INT(stats.n_popped, n);
	CHECK_INT(stats.n_pushed + stats.n_dropped, PER_THREAD * THREADS);
	CHECK_INT(stats.n_pushed, stats.n_popped);
	queue_free(q);
}

static void *close_soon(void *data)
{
	queue_sleep(data, 20);
	queue_close(data);
	return NULL;
}

TEST(close_wakes_a_waiting_consumer)
{
	struct queue *q = queue_new(4, 1000);
	pthread_t thread;
	int got;

	pthread_create(&thread, NULL, close_soon, q);
	CHECK_INT(pop_int(q, -1, &got), -EPIPE);
	pthread_join(thread, NULL);
	queue_free(q);
}

TAP_MAIN()
