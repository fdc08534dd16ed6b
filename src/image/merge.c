/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layers to one tree. Both the tree so far and a layer are in path order, in which what is below a path follows it at once:
 * one pass of both, with the subtree that is being taken away in hand.
 *
 * Invariants: (1) nodes stay in path order, each path once; (2) `gone` is the shortest path that covers what is taken away, and a
 * later one can only begin after it ends.
 */
#include "image/image_internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static bool is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	if (n == 1)                      /* the root */
		return path[1];
	return strncmp(path, dir, n) == 0 && path[n] == '/';
}

struct merge {
	const struct image_node *low;
	size_t n_low, i_low;
	const struct image_file *up;
	size_t n_up, i_up;
	struct image_node *out;
	size_t n_out;
	uint32_t layer;
	const char *gone;                /* what lower layers have below it is taken away */
};

static void put_up(struct merge *m)
{
	const struct image_file *f = &m->up[m->i_up++];

	if (f->kind == IMAGE_OPAQUE) {
		if (!m->gone || !is_below(f->path, m->gone))
			m->gone = f->path;
	} else if (f->kind == IMAGE_WHITEOUT) {
		m->gone = !m->gone || !is_below(f->path, m->gone) ? f->path : m->gone;
	} else {
		if (f->kind != IMAGE_DIR && (!m->gone || !is_below(f->path, m->gone)))
			m->gone = f->path;
		m->out[m->n_out++] = (struct image_node){ f, m->layer };
	}
}

static void put_low(struct merge *m)
{
	const struct image_node *node = &m->low[m->i_low++];
	const char *path = node->file->path;

	if (m->gone && is_below(path, m->gone))
		return;
	/* A layer that has something below it has made it a directory. */
	if (node->file->kind != IMAGE_DIR && m->i_up < m->n_up && is_below(m->up[m->i_up].path, path))
		return;
	m->out[m->n_out++] = *node;
}

/* The same path on both sides: an upper whiteout or file replaces it; an opaque marker alone leaves the directory. */
static void put_both(struct merge *m)
{
	const char *path = m->up[m->i_up].path;
	bool is_replaced = false;

	while (m->i_up < m->n_up && strcmp(m->up[m->i_up].path, path) == 0) {
		is_replaced |= m->up[m->i_up].kind != IMAGE_OPAQUE;
		put_up(m);
	}
	if (is_replaced)
		m->i_low++;
	else
		put_low(m);
}

static size_t merge_layer(const struct image_node *low, size_t n_low, const struct image_layer *layer, uint32_t number, struct image_node *out)
{
	struct merge m = { .low = low, .n_low = n_low, .up = layer->files, .n_up = layer->n_files, .out = out, .layer = number };

	while (m.i_low < m.n_low || m.i_up < m.n_up) {
		int r = m.i_low == m.n_low ? 1 : m.i_up == m.n_up ? -1 : image_path_compare(m.low[m.i_low].file->path, m.up[m.i_up].path);

		if (r < 0)
			put_low(&m);
		else if (r > 0)
			put_up(&m);
		else
			put_both(&m);
	}
	return m.n_out;
}

void image_merge(struct image_own *own)
{
	size_t n = 0, max = 0;
	struct image_node *now, *next;

	for (size_t i = 0; i < own->image.n_layers; i++)
		max += own->slots[i]->layer.n_files;
	now = mem_array(max + 1, sizeof(*now));
	next = mem_array(max + 1, sizeof(*next));
	for (size_t i = 0; i < own->image.n_layers; i++) {
		struct image_node *old = now;

		n = merge_layer(now, n, &own->slots[i]->layer, (uint32_t)i, next);
		assert(n <= max);
		now = next;
		next = old;
	}
	free(next);
	own->nodes = now;
	own->image.nodes = now;
	own->image.n_nodes = n;
}

const struct image_node *image_find(const struct image *image, const char *path)
{
	size_t low = 0, high = image->n_nodes;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int r = image_path_compare(image->nodes[middle].file->path, path);

		if (r == 0)
			return &image->nodes[middle];
		if (r < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}
