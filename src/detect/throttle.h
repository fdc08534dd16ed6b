/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_DETECT_THROTTLE_H
#define PARKA_DETECT_THROTTLE_H
/*
 * Throttling: a token bucket per rule and container. Counts in whole nanoseconds of event time, so
 * that a replay decides as the run did. Private to the room. Thread: one.
 */
#include "base/map.h"
#include "base/mem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct throttle_key { uint64_t container; uint64_t rule; };

struct throttle_bucket {
	struct throttle_key key;
	uint64_t credit_ns, last_ns;       /* a finding costs `cost_ns` of credit */
	uint64_t n_held_back;
	/* What a summary says, of the last finding told; NULL before the first. Owned. */
	char *output, *container_id, *container_name, *image;
	struct throttle_bucket *older, *newer;
};

struct throttle {
	uint64_t cost_ns, max_credit_ns;   /* cost_ns 0: no throttling */
	size_t max_buckets;
	struct map buckets;
	struct throttle_bucket *oldest, *newest;
};

void throttle_init(struct throttle *throttle, double per_s, uint32_t burst, size_t max_buckets);
void throttle_done(struct throttle *throttle);
/* The bucket of the key, made when it is new and full then; it becomes the newest. */
struct throttle_bucket *throttle_bucket(struct throttle *throttle, struct throttle_key key, uint64_t now_ns);
/* The bucket to drop before another can be made; NULL while there is room. */
struct throttle_bucket *throttle_victim(const struct throttle *throttle, struct throttle_key key);
void throttle_drop(struct throttle *throttle, struct throttle_bucket *bucket);
/* Take one finding's worth; false (and counted) when the bucket is empty. */
bool throttle_take(struct throttle *throttle, struct throttle_bucket *bucket, uint64_t now_ns);
/* Whether a finding at now_ns would pass. */
bool throttle_would_pass(const struct throttle *throttle, const struct throttle_bucket *bucket, uint64_t now_ns);

#endif
