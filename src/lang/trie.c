/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tries whose edges are whole runs of bytes: where all keys go on alike there is one node.
 *
 * Invariants
 * 1. The children of a node stand side by side, sorted by the first byte of their labels, which differ.
 * 2. What a node tells is told of every text that gets to its end (keys that are beginnings), and more of those that
 *    end there (whole texts).
 */
#include "lang/index.h"

#include <stdlib.h>
#include <string.h>

struct trie_node {
	const char *label;
	uint32_t label_len;
	uint32_t child, n_children;
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

struct lang_trie *lang_trie_new(struct arena *arena, enum lang_trie_kind kind, struct lang_key *keys, size_t n)
{
	struct lang_trie *t = arena_alloc(arena, sizeof(*t));

	/* A key adds a node for itself and one for where it leaves another. */
	if (!t || !(t->nodes = arena_alloc(arena, (2 * n + 1) * sizeof(*t->nodes))) || !(t->firsts = arena_alloc(arena, 2 * n + 1)) ||
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
	return t;
}

/* ---- finding ---- */

/* The child of that byte; 0 (which is nobody's child) when there is none. */
static uint32_t child_of(const struct lang_trie *t, const struct trie_node *n, uint8_t byte)
{
	const uint8_t *firsts = t->firsts + n->child;
	uint32_t low = 0, high = n->n_children;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (firsts[middle] < byte)
			low = middle + 1;
		else
			high = middle;
	}
	return low < n->n_children && firsts[low] == byte ? n->child + low : 0;
}

static bool forwards(const char *label, size_t n, const char *text)
{
	for (size_t i = 0; i < n; i++)
		if (label[i] != text[i])
			return false;
	return true;
}

static bool backwards(const char *label, size_t n, const char *end)
{
	for (size_t i = 0; i < n; i++)
		if (label[i] != end[-1 - (ptrdiff_t)i])
			return false;
	return true;
}

static void find_text(const struct lang_trie *t, const char *text, size_t len, const struct lang_audience *a)
{
	bool ends = t->kind == LANG_TRIE_ENDS;
	const struct trie_node *n = t->nodes;
	size_t at = 0;

	for (;;) {
		uint32_t child;

		if (n->label_len > len - at || !(ends ? backwards(n->label, n->label_len, text + (len - at)) : forwards(n->label, n->label_len, text + at)))
			return;
		at += n->label_len;
		lang_tell(a, t->numbers, n->begun);
		if (at == len) {
			lang_tell(a, t->numbers, n->whole);
			return;
		}
		child = child_of(t, n, (uint8_t)(ends ? text[len - 1 - at] : text[at]));
		if (!child)
			return;
		n = &t->nodes[child];
	}
}

static const char *skip_slashes(const char *at, const char *end)
{
	while (at < end && *at == '/')
		at++;
	return at;
}

/* Keys begin with a slash, texts as if they did; empty components of the text do not count. A slash of a
 * label stands for all that are there. */
static const char *path_label(const struct trie_node *n, const char *at, const char *text, const char *end)
{
	for (uint32_t i = 0; i < n->label_len; i++) {
		if (n->label[i] == '/') {
			if (at != text && (at == end || *at != '/'))
				return NULL;
			at = skip_slashes(at, end);
		} else if (at == end || *at++ != n->label[i]) {
			return NULL;
		}
	}
	return at;
}

static void find_path(const struct lang_trie *t, const char *text, size_t len, const struct lang_audience *a)
{
	const char *at = text, *end = text + len;
	const struct trie_node *n = t->nodes;

	for (;;) {
		uint32_t child;

		at = path_label(n, at, text, end);
		if (!at)
			return;
		if (at == end || *at == '/')
			lang_tell(a, t->numbers, n->begun);
		if (at == end || !(child = child_of(t, n, (uint8_t)*at)))
			return;
		n = &t->nodes[child];
	}
}

void lang_trie_find(const struct lang_trie *t, const char *text, size_t len, const struct lang_audience *a)
{
	if (t->kind == LANG_TRIE_PATHS)
		find_path(t, text, len, a);
	else
		find_text(t, text, len, a);
}
