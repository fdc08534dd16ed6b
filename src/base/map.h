/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_BASE_MAP_H
#define PARKA_BASE_MAP_H
/*
 * Hash map from byte strings or 64-bit numbers to pointers. Open addressing with
 * linear probing, XXH3 with a per-process random seed (hostile keys cannot aim).
 *
 * Byte-string keys are not copied: they must live as long as their entry (they
 * usually are part of the value). The map never frees keys or values.
 * Iteration order is not stable: sort before showing anything to a person.
 * Thread: one.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

uint64_t hash_bytes(const void *bytes, size_t len);
/* A different seed each process, unless fixed (tests, replay): call before first use. */
void hash_seed_fix(uint64_t seed);

struct map_slot {
	uint64_t hash;           /* 0 = empty, 1 = deleted */
	const void *key;
	uint64_t number_or_len;  /* the key itself for number maps, its length for byte maps */
	void *value;
};

struct map {
	struct map_slot *slots;
	size_t n, n_used, size;  /* entries; entries and tombstones; slots (power of two) */
};

#define MAP_INIT ((struct map){ 0 })
void map_done(struct map *map);
void map_clear(struct map *map);

void *map_get(const struct map *map, const void *key, size_t len);
/* Returns the value that was there before (replaced, key too), or NULL. */
void *map_put(struct map *map, const void *key, size_t len, void *value);
void *map_remove(struct map *map, const void *key, size_t len);

void *map_get_u64(const struct map *map, uint64_t key);
void *map_put_u64(struct map *map, uint64_t key, void *value);
void *map_remove_u64(struct map *map, uint64_t key);

/* for (size_t i = 0; (v = map_next(map, &i)) != NULL; ) ... ; removal of the entry just
 * returned is allowed meanwhile, puts are not. */
void *map_next(const struct map *map, size_t *position);

#endif
