/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_LANG_SETS_H
#define PARKA_LANG_SETS_H
/*
 * Frozen sets: built once when a program is sealed, then only asked. All memory is the
 * arena's; NULL from a _new means that it is full. Texts are not copied.
 * Thread: a built set may be used by many threads.
 */
#include "base/mem.h"
#include "model/record.h"

#include <stdbool.h>

struct lang_bytes {
	const char *text;
	size_t len;
};

/* Order by bytes, a shorter text before what it is a prefix of. */
int lang_bytes_compare(const struct lang_bytes *a, const struct lang_bytes *b);

/* ---- whole texts: hash table behind a filter of lengths ---- */
struct lang_text_set;
struct lang_text_set *lang_text_set_new(struct arena *arena, const struct lang_bytes *texts, size_t n);
/* Whether a text of this length can be in it: ask before hashing. */
bool lang_text_set_has_length(const struct lang_text_set *set, size_t len);
/* `hash` = hash_bytes(text, len). */
bool lang_text_set_has(const struct lang_text_set *set, const char *text, size_t len, uint64_t hash);

/* ---- beginnings or ends of texts: sorted, free of redundant ones; O(log n) compares ---- */
struct lang_affix_set;
struct lang_affix_set *lang_affix_set_new(struct arena *arena, const struct lang_bytes *texts, size_t n, bool ends);
bool lang_affix_set_match(const struct lang_affix_set *set, const char *text, size_t len);

/* ---- numbers: sorted ---- */
struct lang_number_set;
struct lang_number_set *lang_number_set_new(struct arena *arena, const uint64_t *numbers, size_t n);
bool lang_number_set_has(const struct lang_number_set *set, uint64_t number);

/* ---- networks (addresses are networks of full length): one sorted run per family and length ---- */
struct lang_net {
	uint8_t family, prefix_len;
	uint8_t bytes[16];       /* masked */
};
struct lang_net_set;
struct lang_net_set *lang_net_set_new(struct arena *arena, const struct lang_net *nets, size_t n);
bool lang_net_set_has(const struct lang_net_set *set, const struct model_ip *ip);

/* ---- pmatch: a trie of path components; a component with ?*[ is a glob ---- */
struct lang_path_set;
/* The paths must be canonical (lang_path_canonical). */
struct lang_path_set *lang_path_set_new(struct arena *arena, const struct lang_bytes *paths, size_t n);
/* "/a/b" of "a//b/": in the arena. -E2BIG with too many components, -ENOMEM when the arena is full. */
int lang_path_canonical(struct arena *arena, const char *text, size_t len, struct lang_bytes *ret);
/* Whether some path of the set is the text or above it. Empty components do not count. */
bool lang_path_set_match(const struct lang_path_set *set, const char *text, size_t len);

#endif
