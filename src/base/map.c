/* SPDX-License-Identifier: Apache-2.0 */
#include "base/map.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <xxhash.h>

enum { SLOT_EMPTY = 0, SLOT_DELETED = 1, MAP_SIZE_MIN = 16 };

static uint64_t seed;
static bool seed_is_set;

static uint64_t hash_seed(void)
{
	if (!seed_is_set) {
		if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != sizeof(seed))
			seed = (uint64_t)(uintptr_t)&seed;
		seed_is_set = true;
	}
	return seed;
}

void hash_seed_fix(uint64_t fixed)
{
	seed = fixed;
	seed_is_set = true;
}

uint64_t hash_bytes(const void *bytes, size_t len)
{
	return XXH3_64bits_withSeed(bytes, len, hash_seed());
}

static uint64_t hash_number(uint64_t key)
{
	uint64_t x = key ^ hash_seed();

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

static uint64_t slot_hash(uint64_t h)
{
	return h > SLOT_DELETED ? h : h + 2;
}

void map_done(struct map *map)
{
	free(map->slots);
	*map = MAP_INIT;
}

void map_clear(struct map *map)
{
	if (map->size)
		memset(map->slots, 0, map->size * sizeof(*map->slots));
	map->n = map->n_used = 0;
}

static bool slot_is(const struct map_slot *s, uint64_t hash, const void *key, uint64_t n)
{
	if (s->hash != hash || s->number_or_len != n)
		return false;
	return !key || n == 0 || (s->key && memcmp(s->key, key, n) == 0);
}

static struct map_slot *map_find(const struct map *map, uint64_t hash, const void *key, uint64_t n)
{
	size_t mask = map->size - 1;

	if (!map->size)
		return NULL;
	for (size_t i = hash & mask;; i = (i + 1) & mask) {
		struct map_slot *s = &map->slots[i];
		if (s->hash == SLOT_EMPTY)
			return NULL;
		if (slot_is(s, hash, key, n))
			return s;
	}
}

static void map_place(struct map *map, struct map_slot entry)
{
	size_t mask = map->size - 1;
	size_t i = entry.hash & mask;

	while (map->slots[i].hash > SLOT_DELETED)
		i = (i + 1) & mask;
	if (map->slots[i].hash == SLOT_EMPTY)
		map->n_used++;
	map->slots[i] = entry;
	map->n++;
}

static void map_resize(struct map *map)
{
	struct map old = *map;
	size_t size = MAP_SIZE_MIN;

	while (size < old.n * 2 + 2)
		size *= 2;
	*map = (struct map){ .slots = mem_array(size, sizeof(*map->slots)), .size = size };
	for (size_t i = 0; i < old.size; i++)
		if (old.slots[i].hash > SLOT_DELETED)
			map_place(map, old.slots[i]);
	free(old.slots);
}

static void *map_put_entry(struct map *map, struct map_slot entry)
{
	struct map_slot *s = map_find(map, entry.hash, entry.key, entry.number_or_len);

	if (s) {
		void *old = s->value;
		*s = entry;
		return old;
	}
	if ((map->n_used + 1) * 4 > map->size * 3)
		map_resize(map);
	map_place(map, entry);
	return NULL;
}

static void *map_remove_slot(struct map *map, struct map_slot *s)
{
	void *old;

	if (!s)
		return NULL;
	old = s->value;
	*s = (struct map_slot){ .hash = SLOT_DELETED };
	map->n--;
	return old;
}

void *map_get(const struct map *map, const void *key, size_t len)
{
	struct map_slot *s = map_find(map, slot_hash(hash_bytes(key, len)), key, len);

	return s ? s->value : NULL;
}

void *map_put(struct map *map, const void *key, size_t len, void *value)
{
	return map_put_entry(map, (struct map_slot){ slot_hash(hash_bytes(key, len)), key, len, value });
}

void *map_remove(struct map *map, const void *key, size_t len)
{
	return map_remove_slot(map, map_find(map, slot_hash(hash_bytes(key, len)), key, len));
}

void *map_get_u64(const struct map *map, uint64_t key)
{
	struct map_slot *s = map_find(map, slot_hash(hash_number(key)), NULL, key);

	return s ? s->value : NULL;
}

void *map_put_u64(struct map *map, uint64_t key, void *value)
{
	return map_put_entry(map, (struct map_slot){ slot_hash(hash_number(key)), NULL, key, value });
}

void *map_remove_u64(struct map *map, uint64_t key)
{
	return map_remove_slot(map, map_find(map, slot_hash(hash_number(key)), NULL, key));
}

void *map_next(const struct map *map, size_t *position)
{
	while (*position < map->size) {
		struct map_slot *s = &map->slots[(*position)++];
		if (s->hash > SLOT_DELETED)
			return s->value;
	}
	return NULL;
}
