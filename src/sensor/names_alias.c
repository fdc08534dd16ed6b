/* SPDX-License-Identifier: Apache-2.0 */
/* Invariant: an alias in the map is in the list, and the other way round. */
#include "sensor/names_alias.h"
#include "base/mem.h"
#include "sensor/limits.h"

#include <stdlib.h>
#include <string.h>

struct sensor_alias {
	struct sensor_alias *older, *newer;
	char *target;
	size_t key_len;
	char key[];                          /* mount namespace (4 bytes), path */
};

static struct sensor_alias *alias_new(uint32_t mnt_ns, const char *path)
{
	size_t len = strlen(path);
	struct sensor_alias *a = mem_alloc(sizeof(*a) + sizeof(mnt_ns) + len);

	a->key_len = sizeof(mnt_ns) + len;
	memcpy(a->key, &mnt_ns, sizeof(mnt_ns));
	memcpy(a->key + sizeof(mnt_ns), path, len);
	return a;
}

static struct sensor_alias *alias_free(struct sensor_alias *a)
{
	if (a)
		free(a->target);
	free(a);
	return NULL;
}

/* On the way of events: nothing is allocated. */
static struct sensor_alias *alias_find(const struct sensor_aliases *aliases, uint32_t mnt_ns, const char *path)
{
	char key[sizeof(mnt_ns) + LIMIT_SENSOR_ALIAS_PATH];
	size_t len = strlen(path);

	if (!aliases->by_path.n || len > LIMIT_SENSOR_ALIAS_PATH)
		return NULL;
	memcpy(key, &mnt_ns, sizeof(mnt_ns));
	memcpy(key + sizeof(mnt_ns), path, len);
	return map_get(&aliases->by_path, key, sizeof(mnt_ns) + len);
}

static void alias_remove(struct sensor_aliases *aliases, struct sensor_alias *a)
{
	map_remove(&aliases->by_path, a->key, a->key_len);
	if (a->older)
		a->older->newer = a->newer;
	else
		aliases->oldest = a->newer;
	if (a->newer)
		a->newer->older = a->older;
	else
		aliases->newest = a->older;
	alias_free(a);
}

static void alias_insert(struct sensor_aliases *aliases, uint32_t mnt_ns, const char *path, const char *target)
{
	struct sensor_alias *a;

	if (strlen(path) > LIMIT_SENSOR_ALIAS_PATH)
		return;
	a = alias_new(mnt_ns, path);
	a->target = mem_strdup(target);
	if (aliases->by_path.n >= LIMIT_SENSOR_ALIASES)
		alias_remove(aliases, aliases->oldest);
	map_put(&aliases->by_path, a->key, a->key_len, a);
	a->older = aliases->newest;
	if (aliases->newest)
		aliases->newest->newer = a;
	else
		aliases->oldest = a;
	aliases->newest = a;
}

void sensor_aliases_done(struct sensor_aliases *aliases)
{
	while (aliases->oldest)
		alias_remove(aliases, aliases->oldest);
	map_done(&aliases->by_path);
}

void sensor_aliases_drop(struct sensor_aliases *aliases, uint32_t mnt_ns, const char *path)
{
	struct sensor_alias *a = alias_find(aliases, mnt_ns, path);

	if (a)
		alias_remove(aliases, a);
}

void sensor_aliases_add(struct sensor_aliases *aliases, uint32_t mnt_ns, const char *from, const char *to)
{
	const char *first = sensor_aliases_of(aliases, mnt_ns, from);
	_cleanup_free_ char *target = mem_strdup(first ? first : from);

	sensor_aliases_drop(aliases, mnt_ns, to);
	if (strcmp(target, to) != 0)
		alias_insert(aliases, mnt_ns, to, target);
}

void sensor_aliases_rename(struct sensor_aliases *aliases, uint32_t mnt_ns, const char *from, const char *to)
{
	const char *first = sensor_aliases_of(aliases, mnt_ns, from);
	_cleanup_free_ char *target = first ? mem_strdup(first) : NULL;

	sensor_aliases_drop(aliases, mnt_ns, to);
	if (!target)
		return;
	sensor_aliases_drop(aliases, mnt_ns, from);
	if (strcmp(target, to) != 0)
		alias_insert(aliases, mnt_ns, to, target);
}

const char *sensor_aliases_of(const struct sensor_aliases *aliases, uint32_t mnt_ns, const char *path)
{
	const struct sensor_alias *a = alias_find(aliases, mnt_ns, path);

	return a ? a->target : NULL;
}
