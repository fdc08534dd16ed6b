/* SPDX-License-Identifier: Apache-2.0 */
/* Where the host has file systems mounted, in the filter's tables: what the terms want of names that begin with each place is worked
 * out here, so that the kernel goes on from there. */
#include "sensor/filter_internal.h"

#include <stdlib.h>
#include <string.h>

FILTER_PLACE(struct filter_mount, place_mount, FILTER_MOUNTS)

uint64_t filter_below(const struct filter_tables *t, uint64_t parent, const char *name, size_t len, uint64_t *path, uint64_t *part)
{
	const struct filter_node *at = FILTER_LOOK(filter_find_node, t->nodes, parent);
	uint64_t hash = filter_name_hash(name, len);
	const struct filter_name *p = FILTER_LOOK(filter_find_name, t->parts, hash);

	*path |= at ? at->below : 0;
	for (unsigned n = 1; at && n <= 8 && n <= len; n++) {
		const struct filter_node *start = at->partial >> (n - 1) & 1 ?
			FILTER_LOOK(filter_find_node, t->nodes, filter_partial_key(parent, filter_word(name, n), n)) : NULL;
		*path |= start ? start->below : 0;
	}
	*part |= p ? p->mask : 0;
	return filter_mix(parent, hash);
}

static void fill_place(const struct filter_tables *t, struct filter_mount *m, const char *point)
{
	uint64_t hash = FILTER_ROOT, path = 0, part = 0;

	for (const char *at = point + 1; *at; ) {
		size_t n = strcspn(at, "/");
		if (n)
			hash = filter_below(t, hash, at, n, &path, &part);
		at += n + (at[n] == '/');
	}
	m->point = hash;
	m->path = path;
	m->part = part;
}

/* False: no room, or deeper than the kernel looks. */
static bool put_place(struct filter_tables *t, const struct sensor_filter_place *place)
{
	struct filter_mount *dev = place_mount(t->mounts, filter_mount_key(place->dev, FILTER_ROOT)), *m;
	unsigned depth = filter_depth(place->root);
	uint64_t root;

	if (!dev || !filter_path_hash(place->root, strlen(place->root), &root))
		return false;
	m = depth ? place_mount(t->mounts, filter_mount_key(place->dev, root)) : dev;
	if (!m || depth > FILTER_MOUNT_DEPTH)
		return false;
	if (depth)
		dev->depths |= UINT64_C(1) << depth;
	fill_place(t, m, place->point);
	return true;
}

void sensor_filter_places(struct sensor_filter_build *build, const struct sensor_filter_place *places, size_t n)
{
	struct filter_tables *t = build->tables;

	memset(t->mounts, 0, sizeof(t->mounts));
	t->mounts_lost = !places;
	for (size_t i = 0; places && i < n; i++)
		t->mounts_lost |= !put_place(t, &places[i]);
}

bool filter_place_of(const struct filter_tables *t, uint32_t dev, const char *const *names, size_t n, struct filter_place *ret)
{
	const struct filter_mount *whole = FILTER_LOOK(filter_find_mount, t->mounts, filter_mount_key(dev, FILTER_ROOT)), *found, *part;
	uint64_t h = FILTER_ROOT;

	*ret = (struct filter_place){ .n = n };
	found = whole && whole->point ? whole : NULL;
	for (size_t i = 0; whole && i < n && i < FILTER_MOUNT_DEPTH; i++) {
		h = filter_mix(h, filter_name_hash(names[i], strlen(names[i])));
		part = whole->depths >> (i + 1) & 1 ? FILTER_LOOK(filter_find_mount, t->mounts, filter_mount_key(dev, h)) : NULL;
		if (!part)
			continue;
		found = part;
		ret->n = n - i - 1;
	}
	ret->mount = found;
	return found || !t->mounts_lost;
}
