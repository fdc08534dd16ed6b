/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Invariants:
 * T1  A bucket is in the map and in the list oldest .. newest, or in neither.
 * T2  credit_ns <= max_credit_ns.
 * T3  The list is ordered by last use: eviction and summaries come in the same order each time,
 *     whatever the map's seed.
 */
#include "detect/throttle.h"

#include <assert.h>
#include <stdlib.h>

void throttle_init(struct throttle *t, double per_s, uint32_t burst, size_t max_buckets)
{
	*t = (struct throttle){ .max_buckets = max_buckets, .buckets = MAP_INIT };
	if (per_s <= 0)
		return;
	t->cost_ns = per_s > 1e9 ? 1 : per_s < 1e-6 ? UINT64_C(1000000000000000) : (uint64_t)(1e9 / per_s);
	if (__builtin_mul_overflow(t->cost_ns, (uint64_t)(burst ? burst : 1), &t->max_credit_ns))
		t->max_credit_ns = UINT64_MAX / 2;
}

static void unlink_bucket(struct throttle *t, struct throttle_bucket *b)
{
	*(b->older ? &b->older->newer : &t->oldest) = b->newer;
	*(b->newer ? &b->newer->older : &t->newest) = b->older;
	b->older = b->newer = NULL;
}

static void link_newest(struct throttle *t, struct throttle_bucket *b)
{
	b->older = t->newest;
	*(t->newest ? &t->newest->newer : &t->oldest) = b;
	t->newest = b;
}

void throttle_drop(struct throttle *t, struct throttle_bucket *b)
{
	map_remove(&t->buckets, &b->key, sizeof(b->key));
	unlink_bucket(t, b);
	free(b->output);
	free(b->container_id);
	free(b->container_name);
	free(b->image);
	free(b);
}

void throttle_done(struct throttle *t)
{
	while (t->oldest)
		throttle_drop(t, t->oldest);
	map_done(&t->buckets);
}

struct throttle_bucket *throttle_victim(const struct throttle *t, struct throttle_key key)
{
	if (t->buckets.n < t->max_buckets || map_get(&t->buckets, &key, sizeof(key)))
		return NULL;
	return t->oldest;
}

struct throttle_bucket *throttle_bucket(struct throttle *t, struct throttle_key key, uint64_t now_ns)
{
	struct throttle_bucket *b = map_get(&t->buckets, &key, sizeof(key));

	if (b) {
		unlink_bucket(t, b);
	} else {
		b = mem_alloc(sizeof(*b));
		b->key = key;
		b->credit_ns = t->max_credit_ns;
		b->last_ns = now_ns;
		map_put(&t->buckets, &b->key, sizeof(b->key), b);
	}
	link_newest(t, b);
	return b;
}

static uint64_t credit_at(const struct throttle *t, const struct throttle_bucket *b, uint64_t now_ns)
{
	/* Time may step back between lanes by a few microseconds: that gives nothing. */
	uint64_t elapsed = now_ns > b->last_ns ? now_ns - b->last_ns : 0;

	return elapsed > t->max_credit_ns - b->credit_ns ? t->max_credit_ns : b->credit_ns + elapsed;
}

bool throttle_would_pass(const struct throttle *t, const struct throttle_bucket *b, uint64_t now_ns)
{
	return credit_at(t, b, now_ns) >= t->cost_ns;
}

bool throttle_take(struct throttle *t, struct throttle_bucket *b, uint64_t now_ns)
{
	uint64_t credit = credit_at(t, b, now_ns);

	assert(b->credit_ns <= t->max_credit_ns);   /* T2 */
	if (now_ns > b->last_ns)
		b->last_ns = now_ns;
	b->credit_ns = credit;
	if (credit < t->cost_ns) {
		b->n_held_back++;
		return false;
	}
	b->credit_ns -= t->cost_ns;
	return true;
}
