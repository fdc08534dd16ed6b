/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_SENSOR_NAMES_ALIAS_H
#define PARKA_SENSOR_NAMES_ALIAS_H
/*
 * Hard links by path: where a hook tells no inode for link(2), or the inode is that of an overlay, which changes when the
 * link copies the file up. Within one mount namespace, "the file at /etc/linked is the one at /etc/shadow".
 * Bounded by LIMIT_SENSOR_ALIASES, the oldest go first. Thread: one.
 */
#include "base/map.h"

#include <stddef.h>
#include <stdint.h>

struct sensor_alias;
struct sensor_aliases {
	struct map by_path;                  /* mount namespace and path: struct sensor_alias */
	struct sensor_alias *oldest, *newest;
};

void sensor_aliases_done(struct sensor_aliases *aliases);
/* `to` is a new name of `from`; when that is an alias itself, of what it stands for. */
void sensor_aliases_add(struct sensor_aliases *aliases, uint32_t mnt_ns, const char *from, const char *to);
/* The path is gone, or another file has it now. */
void sensor_aliases_drop(struct sensor_aliases *aliases, uint32_t mnt_ns, const char *path);
/* The file has moved: an alias goes with it. */
void sensor_aliases_rename(struct sensor_aliases *aliases, uint32_t mnt_ns, const char *from, const char *to);
/* The first known name of the file at `path`; NULL when it is no alias. Lives until the next change. */
const char *sensor_aliases_of(const struct sensor_aliases *aliases, uint32_t mnt_ns, const char *path);

#endif
