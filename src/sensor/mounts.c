/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/mounts.h"
#include "base/file.h"
#include "sensor/filter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sensor_mounts *sensor_mounts_new(void)
{
	return mem_alloc(sizeof(struct sensor_mounts));
}

static void mounts_clear(struct sensor_mounts_of *of)
{
	for (size_t i = 0; i < of->n; i++) {
		free(of->list[i].root);
		free(of->list[i].point);
	}
	of->n = 0;
}

struct sensor_mounts *sensor_mounts_free(struct sensor_mounts *mounts)
{
	struct sensor_mounts_of *of;

	if (!mounts)
		return NULL;
	for (size_t i = 0; (of = map_next(&mounts->by_dev, &i)); ) {
		mounts_clear(of);
		free(of);
	}
	map_done(&mounts->by_dev);
	free(mounts);
	return NULL;
}

static bool is_root(const char *path)
{
	return path[0] == '/' && !path[1];
}

/* Whether the new one says nothing that is not said already; what it says better is taken out. */
static bool is_known(struct sensor_mounts_of *of, const char *root, const char *point)
{
	bool is_whole = is_root(root);

	if (of->n && is_root(of->list[0].root) && (!is_whole || is_root(of->list[0].point) || !is_root(point)))
		return true;
	if (is_whole)
		mounts_clear(of);
	for (size_t i = 0; i < of->n; i++)
		if (strcmp(of->list[i].root, root) == 0)
			return true;
	return of->n == ARRAY_LEN(of->list);
}

void sensor_mounts_add(struct sensor_mounts *mounts, uint64_t dev, const char *root, const char *point)
{
	struct sensor_mounts_of *of = map_get_u64(&mounts->by_dev, dev + 1);

	if (root[0] != '/' || filter_depth(root) > FILTER_MOUNT_DEPTH || point[0] != '/' ||
	    (!of && mounts->by_dev.n >= LIMIT_SENSOR_MOUNTS) || (of && is_known(of, root, point)))
		return;
	if (!of) {
		of = mem_alloc(sizeof(*of));
		of->dev = dev;
		map_put_u64(&mounts->by_dev, dev + 1, of);
	}
	of->list[of->n++] = (struct sensor_mount){ mem_strdup(root), mem_strdup(point) };
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
static bool is_at_or_below(const char *path, size_t len, const char *dir)
{
	size_t n = strlen(dir);

	return is_root(dir) || (len >= n && memcmp(path, dir, n) == 0 && (len == n || path[n] == '/'));
}

static const struct sensor_mount *nearest(const struct sensor_mounts_of *of, const char *in_fs, size_t len)
{
	const struct sensor_mount *best = NULL;

	for (size_t i = 0; i < of->n; i++)
		if (is_at_or_below(in_fs, len, of->list[i].root) && (!best || strlen(of->list[i].root) > strlen(best->root)))
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
	point_len = is_root(m->point) ? 0 : strlen(m->point);
	skip = is_root(m->root) ? 0 : strlen(m->root);
	n = len - skip;
	if (n == 1 && in_fs[skip] == '/' && point_len)
		n = 0;                           /* the mount's own root */
	if (!n && !point_len)
		return arena_strndup(arena, "/", *ret_len = 1);
	text = arena_take(arena, point_len + n + 1);
	if (!text)
		return NULL;
	memcpy(text, m->point, point_len);
	memcpy(text + point_len, in_fs + skip, n);
	text[point_len + n] = '\0';
	*ret_len = point_len + n;
	return text;
}

struct sensor_mounts *sensor_mounts_of_host(void)
{
	struct sensor_mounts *mounts = sensor_mounts_new();
	const char *root, *point;
	struct arena arena;
	char *text = NULL;
	uint64_t dev;
	size_t len;

	arena_init(&arena, 4 * LIMIT_SENSOR_MOUNTINFO_BYTES);
	if (file_read("/proc/1/mountinfo", LIMIT_SENSOR_MOUNTINFO_BYTES, &arena, &text, &len, NULL) < 0 &&
	    file_read("/proc/self/mountinfo", LIMIT_SENSOR_MOUNTINFO_BYTES, &arena, &text, &len, NULL) < 0)
		text = NULL;
	while (text && *text)
		if (sensor_mounts_parse(strsep(&text, "\n"), &dev, &root, &point))
			sensor_mounts_add(mounts, dev, root, point);
	arena_done(&arena);
	return mounts;
}

void sensor_mounts_fill(const struct sensor_mounts *mounts, struct sensor_filter_build *build)
{
	size_t max = mounts->by_dev.n * LIMIT_SENSOR_MOUNTS_PER_DEVICE + 1, n = 0;
	_cleanup_free_ struct sensor_filter_place *places = mem_array(max, sizeof(*places));
	const struct sensor_mounts_of *of;

	for (size_t i = 0; (of = map_next(&mounts->by_dev, &i)); )
		for (size_t k = 0; k < of->n; k++)
			places[n++] = (struct sensor_filter_place){ (uint32_t)of->dev, of->list[k].root, of->list[k].point };
	sensor_filter_places(build, places, n);
}
