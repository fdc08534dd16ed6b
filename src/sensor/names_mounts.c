/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/names_mounts.h"
#include "sensor/filter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void mounts_clear(struct sensor_mounts *mounts, struct sensor_mounts_of *of)
{
	for (size_t i = 0; i < of->n; i++) {
		sensor_text_unref(mounts->texts, of->list[i].root);
		sensor_text_unref(mounts->texts, of->list[i].point);
	}
	of->n = 0;
}

void sensor_mounts_done(struct sensor_mounts *mounts)
{
	struct sensor_mounts_of *of;

	for (size_t i = 0; (of = map_next(&mounts->by_dev, &i)); ) {
		mounts_clear(mounts, of);
		free(of);
	}
	map_done(&mounts->by_dev);
}

static bool is_root(const struct sensor_text *text)
{
	return text->len == 1;
}

/* Whether the new one says nothing that is not said already; what it says better is taken out. */
static bool is_known(struct sensor_mounts *mounts, struct sensor_mounts_of *of, const char *root, const char *point)
{
	bool is_whole = strcmp(root, "/") == 0;

	if (of->n && is_root(of->list[0].root)) {
		if (!is_whole || is_root(of->list[0].point) || strcmp(point, "/") != 0)
			return true;
	}
	if (is_whole)
		mounts_clear(mounts, of);
	for (size_t i = 0; i < of->n; i++)
		if (strcmp(of->list[i].root->text, root) == 0)
			return true;
	return of->n == ARRAY_LEN(of->list);
}

void sensor_mounts_add(struct sensor_mounts *mounts, uint64_t dev, const char *root, const char *point)
{
	struct sensor_mounts_of *of = map_get_u64(&mounts->by_dev, dev + 1);
	struct sensor_mount mount;

	if (root[0] != '/' || filter_depth(root) > FILTER_MOUNT_DEPTH || point[0] != '/' || (!of && mounts->by_dev.n >= LIMIT_SENSOR_MOUNTS) || (of && is_known(mounts, of, root, point)))
		return;
	mount.root = sensor_text_get(mounts->texts, root, strlen(root));
	mount.point = sensor_text_get(mounts->texts, point, strlen(point));
	if (!mount.root || !mount.point) {
		sensor_text_unref(mounts->texts, mount.root);
		sensor_text_unref(mounts->texts, mount.point);
		return;
	}
	if (!of) {
		of = mem_alloc(sizeof(*of));
		of->dev = dev;
		map_put_u64(&mounts->by_dev, dev + 1, of);
	}
	of->list[of->n++] = mount;
	mounts->version++;
}

/* In place: "\040" is a blank (Documentation/filesystems/proc.rst, mountinfo). */
static void unescape(char *text)
{
	char *out = text;

	for (char *in = text; *in; ) {
		if (in[0] == '\\' && in[1] >= '0' && in[1] <= '3' && in[2] >= '0' && in[2] <= '7' && in[3] >= '0' && in[3] <= '7') {
			*out++ = (char)((in[1] - '0') * 64 + (in[2] - '0') * 8 + (in[3] - '0'));
			in += 4;
		} else {
			*out++ = *in++;
		}
	}
	*out = '\0';
}

/* "36 35 98:0 /root /point options shared:1 - type source ..." */
bool sensor_mounts_parse(char *line, uint64_t *ret_dev, const char **ret_root, const char **ret_point)
{
	char *field[5], *type = strstr(line, " - ");
	unsigned major, minor;

	for (unsigned i = 0; i < ARRAY_LEN(field); i++)
		if (!(field[i] = strsep(&line, " ")))
			return false;
	if (sscanf(field[2], "%u:%u", &major, &minor) != 2)
		return false;
	unescape(field[3]);
	unescape(field[4]);
	if (type && strncmp(type, " - overlay ", 11) == 0 && sensor_filter_where_of_root(field[4]) == FILTER_WHERE_CONTAINER)
		return false;
	*ret_dev = (uint64_t)major << 20 | minor;
	*ret_root = field[3];
	*ret_point = field[4];
	return true;
}

/* Whether the path is the directory, or below it. */
static bool is_at_or_below(const char *path, size_t len, const struct sensor_text *dir)
{
	return is_root(dir) || (len >= dir->len && memcmp(path, dir->text, dir->len) == 0 && (len == dir->len || path[dir->len] == '/'));
}

static const struct sensor_mount *nearest(const struct sensor_mounts_of *of, const char *in_fs, size_t len)
{
	const struct sensor_mount *best = NULL;

	for (size_t i = 0; i < of->n; i++)
		if (is_at_or_below(in_fs, len, of->list[i].root) && (!best || of->list[i].root->len > best->root->len))
			best = &of->list[i];
	return best;
}

char *sensor_mounts_name(const struct sensor_mounts *mounts, uint32_t dev, const char *in_fs, size_t len, struct arena *arena, size_t *ret_len)
{
	const struct sensor_mounts_of *of = map_get_u64(&mounts->by_dev, (uint64_t)dev + 1);
	const struct sensor_mount *m = of ? nearest(of, in_fs, len) : NULL;
	size_t point_len, skip, n;
	char *text;

	if (!m)
		return NULL;
	point_len = is_root(m->point) ? 0 : m->point->len;
	skip = is_root(m->root) ? 0 : m->root->len;
	n = len - skip;
	if (n == 1 && in_fs[skip] == '/' && point_len)
		n = 0;                           /* the mount's own root */
	if (!n && !point_len)
		return arena_strndup(arena, "/", *ret_len = 1);
	text = arena_take(arena, point_len + n + 1);
	if (!text)
		return NULL;
	memcpy(text, m->point->text, point_len);
	memcpy(text + point_len, in_fs + skip, n);
	text[point_len + n] = '\0';
	*ret_len = point_len + n;
	return text;
}
