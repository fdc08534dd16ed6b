/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The trie of pmatch. A node is one component of the listed paths; a node where a listed path
 * ends has no children: what is below is covered (Falco: prefix_search.h). Each node has one
 * parent, so that a match looks at each node at most once, globs or not.
 */
#include "lang/glob.h"
#include "lang/limits.h"
#include "lang/sets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct path_node {
	struct lang_bytes name;
	struct lang_glob *glob;          /* NULL when the name is plain */
	struct path_node *children;      /* while building: list; see below */
	struct path_node *next;
	struct path_node **plain;        /* built: sorted by name */
	size_t n_plain;
	struct path_node *globs;         /* built: list */
	bool end;
};

struct lang_path_set {
	bool empty;
	struct path_node root;
};

/* The next component behind *p; false when there is none. */
static bool next_component(const char **p, const char *end, struct lang_bytes *ret)
{
	const char *start = *p, *stop;

	while (start < end && *start == '/')
		start++;
	if (start == end)
		return false;
	stop = memchr(start, '/', (size_t)(end - start));
	*p = stop ? stop : end;
	*ret = (struct lang_bytes){ start, (size_t)(*p - start) };
	return true;
}

int lang_path_canonical(struct arena *arena, const char *text, size_t len, struct lang_bytes *ret)
{
	char *path = arena_alloc(arena, len + 2);
	struct lang_bytes name;
	const char *p = text;
	unsigned n_names = 0;
	size_t n = 0;

	if (!path)
		return -ENOMEM;
	while (next_component(&p, text + len, &name)) {
		if (++n_names > LANG_PATH_COMPONENTS_MAX)
			return -E2BIG;
		path[n++] = '/';
		memcpy(path + n, name.text, name.len);
		n += name.len;
	}
	*ret = (struct lang_bytes){ path, n };
	return 0;
}

static bool is_glob(const struct lang_bytes *name)
{
	for (size_t i = 0; i < name->len; i++)
		if (name->text[i] == '?' || name->text[i] == '*' || name->text[i] == '[')
			return true;
	return false;
}

static struct path_node *child_new(struct arena *arena, struct path_node *parent, const struct lang_bytes *name)
{
	struct path_node *n = arena_alloc(arena, sizeof(*n));

	if (!n)
		return NULL;
	n->name = *name;
	if (is_glob(name) && !(n->glob = lang_glob_new(arena, name->text, name->len, false)))
		return NULL;
	n->next = parent->children;
	parent->children = n;
	return n;
}

/* With '/' below every other byte, what is under one directory stands together, behind it. */
static int compare_paths(const void *va, const void *vb)
{
	const struct lang_bytes *a = va, *b = vb;
	size_t n = a->len < b->len ? a->len : b->len;

	for (size_t i = 0; i < n; i++) {
		uint8_t x = (uint8_t)a->text[i], y = (uint8_t)b->text[i];
		if (x != y)
			return (x == '/' ? 0 : x) < (y == '/' ? 0 : y) ? -1 : 1;
	}
	return (a->len > b->len) - (a->len < b->len);
}

/* Paths come sorted, so that a node seen before is the one made last: the list's head. */
static int path_add(struct arena *arena, struct path_node *root, const struct lang_bytes *path)
{
	const char *p = path->text, *end = path->text + path->len;
	struct path_node *n = root;
	struct lang_bytes name;

	while (!n->end && next_component(&p, end, &name)) {
		struct path_node *c = n->children;

		if (c && lang_bytes_compare(&c->name, &name) != 0)
			c = NULL;
		if (!c && !(c = child_new(arena, n, &name)))
			return -1;
		n = c;
	}
	n->end = true;
	n->children = NULL;
	return 0;
}

static int compare_nodes(const void *a, const void *b)
{
	return lang_bytes_compare(&(*(struct path_node *const *)a)->name, &(*(struct path_node *const *)b)->name);
}

/* Split the children of every node into a sorted array and a list of globs. Depth: that of the
 * longest path, at most LANG_PATH_COMPONENTS_MAX. */
static int node_freeze(struct arena *arena, struct path_node *n)
{
	struct path_node *next;
	size_t count = 0;

	for (struct path_node *c = n->children; c; c = c->next)
		count += !c->glob;
	n->plain = arena_alloc(arena, (count ? count : 1) * sizeof(struct path_node *));
	if (!n->plain)
		return -1;
	for (struct path_node *c = n->children; c; c = next) {
		next = c->next;
		if (c->glob) {
			c->next = n->globs;
			n->globs = c;
		} else {
			n->plain[n->n_plain++] = c;
		}
		if (node_freeze(arena, c) < 0)
			return -1;
	}
	qsort(n->plain, n->n_plain, sizeof(struct path_node *), compare_nodes);
	return 0;
}

struct lang_path_set *lang_path_set_new(struct arena *arena, const struct lang_bytes *paths, size_t n)
{
	struct lang_path_set *s = arena_alloc(arena, sizeof(*s));
	struct lang_bytes *sorted = arena_alloc(arena, (n ? n : 1) * sizeof(*sorted));

	if (!s || !sorted)
		return NULL;
	s->empty = n == 0;
	if (n)
		memcpy(sorted, paths, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), compare_paths);
	for (size_t i = 0; i < n; i++)
		if (path_add(arena, &s->root, &sorted[i]) < 0)
			return NULL;
	return node_freeze(arena, &s->root) < 0 ? NULL : s;
}

static struct path_node *find_plain(const struct path_node *n, const struct lang_bytes *name)
{
	size_t low = 0, high = n->n_plain;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int c = lang_bytes_compare(&n->plain[middle]->name, name);

		if (c == 0)
			return n->plain[middle];
		if (c < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static bool node_match(const struct path_node *n, const char *p, const char *end)
{
	struct lang_bytes name;
	const struct path_node *c;

	if (n->end)
		return true;
	if (!next_component(&p, end, &name))
		return false;
	c = find_plain(n, &name);
	if (c && node_match(c, p, end))
		return true;
	for (c = n->globs; c; c = c->next)
		if (lang_glob_match(c->glob, name.text, name.len) && node_match(c, p, end))
			return true;
	return false;
}

bool lang_path_set_match(const struct lang_path_set *s, const char *text, size_t len)
{
	return !s->empty && node_match(&s->root, text, text + len);
}
