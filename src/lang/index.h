/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_LANG_INDEX_H
#define PARKA_LANG_INDEX_H
/*
 * An index: many keys (whole texts, beginnings, ends, parts, paths, numbers, networks), one value, and which of
 * the keys hold of it, found in one go whose cost hardly depends on how many keys there are. Inside lang/ only.
 *
 *   keys --lang_index_new--> index          value --lang_index_find--> the bits of every rule of every key that holds
 *
 *   whole texts, beginnings   one trie       (trie.c)
 *   paths of pmatch           one trie, empty components skipped
 *   ends                      one trie, backwards
 *   parts                     windows of a few bytes of each, looked for in one pass   (parts.c)
 *   numbers, networks         sorted         (index.c)
 *
 * Frozen once made; all memory is the arena's, texts are not copied but those of ends. Thread: may be used by many threads.
 */
#include "lang/sets.h"

enum lang_key_kind {
	LANG_KEY_WHOLE, LANG_KEY_BEGINNING, LANG_KEY_END,
	LANG_KEY_PART, LANG_KEY_IPART,       /* 2 bytes at least; IPART: ASCII letters in either case */
	LANG_KEY_PATH,                       /* canonical (lang_path_canonical), not "", no globs */
	LANG_KEY_NUMBER,                     /* text: 8 bytes */
	LANG_KEY_NET,                        /* text: struct lang_net */
};

/* Several keys may have one number: any of them that holds tells it. */
struct lang_key {
	enum lang_key_kind kind;
	uint32_t number;
	struct lang_bytes text;
};

/* Whom a key's number is told to: the bits rules[first[number]..first[number + 1]). */
struct lang_audience {
	const uint32_t *first;
	const uint32_t *rules;
	uint64_t *bits;
};

struct lang_index;
/* `keys` is sorted by it, and not needed afterwards. NULL when the arena is full. */
struct lang_index *lang_index_new(struct arena *arena, struct lang_key *keys, size_t n);
/* `type` is that of the values that it is asked of: a text, a number, an address. */
void lang_index_find(const struct lang_index *index, enum model_type type, const struct model_value *value,
		     const struct lang_audience *audience);

/* ---- what it is made of ---- */

/* Numbers of keys, all in one array. */
struct lang_told { uint32_t first, n; };

static inline void lang_tell(const struct lang_audience *a, const uint32_t *numbers, struct lang_told told)
{
	for (uint32_t i = told.first; i < told.first + told.n; i++)
		for (uint32_t r = a->first[numbers[i]]; r < a->first[numbers[i] + 1]; r++)
			a->bits[a->rules[r] / 64] |= UINT64_C(1) << (a->rules[r] % 64);
}

/* How a text is held against a trie. */
enum lang_trie_kind { LANG_TRIE_TEXTS, LANG_TRIE_ENDS, LANG_TRIE_PATHS };

struct lang_trie;
struct lang_trie *lang_trie_new(struct arena *arena, enum lang_trie_kind kind, struct lang_key *keys, size_t n);
void lang_trie_find(const struct lang_trie *trie, const char *text, size_t len, const struct lang_audience *audience);

struct lang_parts;
struct lang_parts *lang_parts_new(struct arena *arena, const struct lang_key *keys, size_t n);
void lang_parts_find(const struct lang_parts *parts, const char *text, size_t len, const struct lang_audience *audience);

#endif
