/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/path.h"
#include "sensor/limits.h"

#include <string.h>

bool sensor_path_of(const struct sensor_wire_view *view, enum sensor_param id, struct sensor_path *ret)
{
	size_t len;
	const struct sensor_wire_path *head = sensor_wire_bytes(view, id, &len);

	if (!head || len < sizeof(*head))
		return false;
	*ret = (struct sensor_path){ head, (const char *)(head + 1), len - sizeof(*head) };
	return true;
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the first byte is the lowest");

/* strnlen and memcpy for what is mostly a few bytes long. */
static inline size_t short_len(const char *text, size_t left)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), highs = UINT64_C(0x8080808080808080);
	size_t at = 0;

	for (; left - at >= sizeof(uint64_t); at += sizeof(uint64_t)) {
		uint64_t word, zeros;

		memcpy(&word, text + at, sizeof(word));
		zeros = (word - ones) & ~word & highs;      /* the lowest set bit is that of the first zero byte */
		if (zeros)
			return at + (size_t)(__builtin_ctzll(zeros) / 8);
	}
	while (at < left && text[at])
		at++;
	return at;
}

static inline void short_copy(char *to, const char *from, size_t len)
{
	if (len > 16) {
		memcpy(to, from, len);
	} else if (len >= 8) {
		memcpy(to, from, 8);
		memcpy(to + len - 8, from + len - 8, 8);
	} else if (len >= 4) {
		memcpy(to, from, 4);
		memcpy(to + len - 4, from + len - 4, 4);
	} else {
		for (size_t i = 0; i < len; i++)
			to[i] = from[i];
	}
}

/* Walks `n` components from *at, writing each, with a slash before it, leftwards from *end. False when they
 * run out: the parameter was cut. */
static bool put_leftwards(const struct sensor_path *path, size_t *at, unsigned n, char **end, const char *first)
{
	for (unsigned i = 0; i < n; i++) {
		const char *c = path->components + *at;
		size_t left = path->len - *at, len;

		if (left == 0)
			return false;
		len = short_len(c, left);
		if ((size_t)(*end - first) < len + 1)
			return false;
		*end -= len;
		short_copy(*end, c, len);
		*--*end = '/';
		*at += len < left ? len + 1 : len;
	}
	return true;
}

static bool skip_components(const struct sensor_path *path, size_t *at, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		size_t left = path->len - *at, len;

		if (left == 0)
			return false;
		len = strnlen(path->components + *at, left);
		*at += len < left ? len + 1 : len;
	}
	return true;
}

char *sensor_path_text(const struct sensor_path *path, struct arena *arena, size_t *ret_len)
{
	size_t size = path->len + path->head->n + 2, at = 0;
	char *first, *end;

	if (path->head->flags & SENSOR_PATH_ANON) {
		size_t len = strnlen(path->components, path->len);
		const char *name = path->components;
		/* memfds are "memfd:x" in Falco, whatever slash the kernel puts before. */
		if (len > 1 && name[0] == '/')
			name++, len--;
		*ret_len = len;
		return len ? arena_strndup(arena, name, len) : NULL;
	}
	if (size > LIMIT_SENSOR_PATH_BYTES + 2 * LIMIT_SENSOR_PATH_DEPTH || !(first = arena_take(arena, size)))
		return NULL;
	end = first + size - 1;
	*end = '\0';
	put_leftwards(path, &at, path->head->n, &end, first);
	if (*end == '\0')
		*--end = '/';
	*ret_len = (size_t)(first + size - 1 - end);
	return end;
}

bool sensor_path_has_places(const struct sensor_wire_path *path)
{
	return !(path->flags & SENSOR_PATH_ANON) && (path->n_first_mount < path->n ||
	       path->flags & (SENSOR_PATH_BIND | SENSOR_PATH_DETACHED | SENSOR_PATH_OUTSIDE_ROOT));
}

/* The `n` components of the file system's path that are nearest to the file. */
static char *path_in_fs(const struct sensor_path *path, unsigned n, struct arena *arena, size_t *ret_len)
{
	const struct sensor_wire_path *head = path->head;
	unsigned n_first = n < head->n_first_mount ? n : head->n_first_mount;
	size_t size = path->len + n + 2, at = 0;
	char *first, *end;

	if (head->flags & SENSOR_PATH_ANON || head->n_first_mount > head->n ||
	    size > LIMIT_SENSOR_PATH_BYTES + 2 * LIMIT_SENSOR_PATH_DEPTH || !(first = arena_alloc(arena, size)))
		return NULL;
	end = first + size - 1;
	if (!put_leftwards(path, &at, n_first, &end, first) ||
	    (n > n_first && !skip_components(path, &at, (unsigned)(head->n - n_first))) ||
	    !put_leftwards(path, &at, n - n_first, &end, first))
		return NULL;
	if (*end == '\0')
		*--end = '/';
	*ret_len = (size_t)(first + size - 1 - end);
	return end;
}

char *sensor_path_in_fs(const struct sensor_path *path, struct arena *arena, size_t *ret_len)
{
	if (path->head->flags & SENSOR_PATH_LOOSE)
		return NULL;
	return path_in_fs(path, (unsigned)path->head->n_first_mount + path->head->n_bind, arena, ret_len);
}

char *sensor_path_in_root(const struct sensor_path *path, struct arena *arena, size_t *ret_len, bool *ret_is_whole)
{
	unsigned all = (unsigned)path->head->n_first_mount + path->head->n_bind, n = path->head->flags >> SENSOR_PATH_ROOT_SHIFT;

	if (!n || n - 1 > all)
		return NULL;
	*ret_is_whole = n - 1 == all && !(path->head->flags & SENSOR_PATH_LOOSE);
	return path_in_fs(path, n - 1, arena, ret_len);
}

/* Appends the components of `text` to out[0..len), folding. */
static size_t fold_onto(char *out, size_t len, const char *text, size_t text_len)
{
	for (size_t i = 0; i < text_len; ) {
		size_t start, n;

		while (i < text_len && text[i] == '/')
			i++;
		start = i;
		while (i < text_len && text[i] != '/')
			i++;
		n = i - start;
		if (n == 0 || (n == 1 && text[start] == '.'))
			continue;
		if (n == 2 && text[start] == '.' && text[start + 1] == '.') {
			while (len && out[--len] != '/')
				;
			continue;
		}
		out[len++] = '/';
		short_copy(out + len, text + start, n);
		len += n;
	}
	return len;
}

char *sensor_path_join(const char *dir, size_t dir_len, const char *raw, size_t raw_len, struct arena *arena, size_t *ret_len)
{
	char *out;
	size_t len = 0;

	if (!raw || raw_len == 0 || (raw[0] != '/' && !dir))
		return NULL;
	if (raw_len > LIMIT_SENSOR_PATH_BYTES || (dir && dir_len > LIMIT_SENSOR_PATH_BYTES))
		return NULL;
	out = arena_take(arena, raw_len + (dir ? dir_len : 0) + 3);
	if (!out)
		return NULL;
	if (raw[0] != '/')
		len = fold_onto(out, 0, dir, dir_len);
	len = fold_onto(out, len, raw, raw_len);
	if (len == 0)
		out[len++] = '/';
	out[len] = '\0';
	*ret_len = len;
	return out;
}

const char *sensor_path_basename(const char *path, size_t len)
{
	const char *slash = len ? memrchr(path, '/', len) : NULL;

	return slash ? slash + 1 : path;
}
