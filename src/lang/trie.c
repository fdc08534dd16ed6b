/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tries whose edges are whole runs of bytes: where all keys go on alike there is one node.
 *
 * Invariants
 * 1. The children of a node stand side by side, sorted by the first byte of their labels, which differ.
 * 2. What a node tells is told of every text that gets to its end (keys that are beginnings), and more of those that
 *    end there (whole texts).
 * 3. A node of many children has a fan: of each byte which child, counted from 1, 0 for none.
 */
#include "lang/index.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the first byte is the lowest");

enum { MANY = sizeof(uint64_t), FAN = UINT8_MAX + 1 };

struct trie_node {
	const char *label;
	uint32_t label_len;
	uint32_t child, n_children;
	const uint16_t *fan;     /* NULL: few children */
	struct lang_told begun, whole;
};

struct lang_trie {
	enum lang_trie_kind kind;
	struct trie_node *nodes;
	uint8_t *firsts;         /* of each node: the first byte of its label */
	uint32_t *numbers;
	uint32_t n_nodes, n_numbers;
};

static int compare_keys(const void *va, const void *vb)
{
	const struct lang_key *a = va, *b = vb;
	int c = lang_bytes_compare(&a->text, &b->text);

	return c ? c : (a->kind > b->kind) - (a->kind < b->kind);
}

static bool reverse(struct arena *arena, struct lang_bytes *text)
{
	char *copy = arena_alloc(arena, text->len + 1);

	for (size_t i = 0; copy && i < text->len; i++)
		copy[i] = text->text[text->len - 1 - i];
	text->text = copy;
	return copy != NULL;
}

/* How far all of the sorted keys go on alike. */
static uint32_t common_len(const struct lang_key *keys, size_t n)
{
	const struct lang_bytes *a = &keys[0].text, *b = &keys[n - 1].text;
	size_t len = 0;

	while (len < a->len && len < b->len && a->text[len] == b->text[len])
		len++;
	return (uint32_t)len;
}

static void put_numbers(struct lang_trie *t, const struct lang_key *keys, size_t n, bool whole, struct lang_told *ret)
{
	*ret = (struct lang_told){ t->n_numbers, 0 };
	for (size_t i = 0; i < n; i++)
		if ((keys[i].kind == LANG_KEY_WHOLE) == whole)
			t->numbers[t->n_numbers + ret->n++] = keys[i].number;
	t->n_numbers += ret->n;
}

/* The node of keys that are alike up to `from`. Depth: at most as many as the longest key has others that it begins
 * with. */
static void build(struct lang_trie *t, uint32_t id, const struct lang_key *keys, size_t n, uint32_t from)
{
	uint32_t to = common_len(keys, n), n_children = 0, child;
	struct trie_node node = { .label = keys[0].text.text + from, .label_len = to - from };
	size_t ended = 0;

	while (ended < n && keys[ended].text.len == to)
		ended++;
	put_numbers(t, keys, ended, false, &node.begun);
	put_numbers(t, keys, ended, true, &node.whole);
	for (size_t i = ended; i < n; i++)
		n_children += i == ended || keys[i].text.text[to] != keys[i - 1].text.text[to];
	child = node.child = t->n_nodes;
	node.n_children = n_children;
	t->n_nodes += n_children;
	t->nodes[id] = node;
	for (size_t i = ended, end; i < n; i = end, child++) {
		for (end = i + 1; end < n && keys[end].text.text[to] == keys[i].text.text[to]; end++)
			;
		t->firsts[child] = (uint8_t)keys[i].text.text[to];
		build(t, child, keys + i, end - i, to);
	}
}

static bool build_fans(struct lang_trie *t, struct arena *arena)
{
	for (uint32_t i = 0; i < t->n_nodes; i++) {
		struct trie_node *n = &t->nodes[i];
		uint16_t *fan;

		if (n->n_children <= MANY)
			continue;
		n->fan = fan = arena_alloc(arena, FAN * sizeof(*fan));
		if (!fan)
			return false;
		for (uint32_t c = 0; c < n->n_children; c++)
			fan[t->firsts[n->child + c]] = (uint16_t)(c + 1);
	}
	return true;
}

struct lang_trie *lang_trie_new(struct arena *arena, enum lang_trie_kind kind, struct lang_key *keys, size_t n)
{
	struct lang_trie *t = arena_alloc(arena, sizeof(*t));

	/* A key adds a node for itself and one for where it leaves another. */
	if (!t || !(t->nodes = arena_alloc(arena, (2 * n + 1) * sizeof(*t->nodes))) || !(t->firsts = arena_alloc(arena, 2 * n + 1 + MANY)) ||
	    !(t->numbers = arena_alloc(arena, (n + 1) * sizeof(*t->numbers))))
		return NULL;
	t->kind = kind;
	for (size_t i = 0; kind == LANG_TRIE_ENDS && i < n; i++)
		if (!reverse(arena, &keys[i].text))
			return NULL;
	qsort(keys, n, sizeof(*keys), compare_keys);
	t->n_nodes = 1;
	if (n)
		build(t, 0, keys, n, 0);
	return build_fans(t, arena) ? t : NULL;
}

/* ---- finding ---- */

/* The child of that byte; NULL. */
static inline const struct trie_node *child_of(const struct lang_trie *t, const struct trie_node *n, uint8_t byte)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t word, zeros;
	uint32_t i;

	if (n->fan)
		return n->fan[byte] ? &t->nodes[n->child + n->fan[byte] - 1] : NULL;
	memcpy(&word, t->firsts + n->child, sizeof(word));
	word ^= byte * ones;
	zeros = (word - ones) & ~word & (ones << 7);        /* the lowest set bit is that of the first byte that is equal */
	i = zeros ? (uint32_t)__builtin_ctzll(zeros) / 8 : MANY;
	return i < n->n_children ? &t->nodes[n->child + i] : NULL;
}

static inline bool same(const struct trie_node *n, const char *text, size_t len, size_t at, bool ends)
{
	if (n->label_len > len - at)
		return false;
	for (size_t i = 0; i < n->label_len; i++)
		if (n->label[i] != (ends ? text[len - at - i - 1] : text[at + i]))
			return false;
	return true;
}

static inline __attribute__((always_inline)) void find_text(const struct lang_trie *t, const char *text, size_t len,
							    const struct lang_audience *a, bool ends)
{
	const struct trie_node *n = t->nodes;
	size_t at = 0;

	while (n && same(n, text, len, at, ends)) {
		at += n->label_len;
		if (n->begun.n)
			lang_tell(a, t->numbers, n->begun);
		if (at == len) {
			lang_tell(a, t->numbers, n->whole);
			return;
		}
		n = child_of(t, n, (uint8_t)(ends ? text[len - 1 - at] : text[at]));
	}
}

static inline const char *skip_slashes(const char *at, const char *end)
{
	while (at < end && *at == '/')
		at++;
	return at;
}

/* Keys begin with a slash, texts as if they did; empty components of the text do not count: a slash of a label stands
 * for all that are there. From byte `i` of the label; what is behind it, or NULL. */
static inline const char *path_label(const struct trie_node *n, uint32_t i, const char *at, const char *end)
{
	for (; i < n->label_len; i++) {
		if (at == end || *at != n->label[i])
			return NULL;
		at++;
		if (n->label[i] == '/')
			at = skip_slashes(at, end);
	}
	return at;
}

static void find_path(const struct lang_trie *t, const char *text, size_t len, const struct lang_audience *a)
{
	const char *at = text, *end = text + len;
	const struct trie_node *n = t->nodes;
	uint32_t from = len == 0 || text[0] != '/';

	/* All keys begin with one slash: so does the first label, if there is any key. */
	if (n->label_len < from)
		return;
	while (n && (at = path_label(n, from, at, end))) {
		if (n->begun.n && (at == end || *at == '/'))
			lang_tell(a, t->numbers, n->begun);
		n = at < end ? child_of(t, n, (uint8_t)*at) : NULL;
		from = 0;
	}
}

void lang_trie_find(const struct lang_trie *t, const char *text, size_t len, const struct lang_audience *a)
{
	if (t->kind == LANG_TRIE_PATHS)
		find_path(t, text, len, a);
	else if (t->kind == LANG_TRIE_ENDS)
		find_text(t, text, len, a, true);
	else
		find_text(t, text, len, a, false);
}
