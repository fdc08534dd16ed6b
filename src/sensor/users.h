/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_SENSOR_USERS_H
#define PARKA_SENSOR_USERS_H
/*
 * Names of user and group ids: from /etc/passwd and /etc/group of the host, and of each container through the root of one of
 * its processes. Read when first asked for, looked at again at most every few seconds and read again when changed; never
 * per event. A container's files are an attacker's text: regular files only, never through a symbolic link out of
 * its root, limited in size and count. In a replay the names are those of the capture.
 *
 * Thread: one.
 */
#include "base/err.h"
#include "base/map.h"
#include "base/mem.h"

#include <stdbool.h>
#include <stdint.h>

struct sensor_state_options;

struct sensor_user { const char *name, *home, *shell; };

struct sensor_user_table {
	char *key;                           /* container id; "" is the host */
	struct arena texts;
	struct map users, groups;            /* id + 1 -> struct sensor_user, name */
	uint64_t checked_ns;                 /* boot time; 0 = never */
	uint64_t stamp[2];                   /* of passwd and group: changes when they do */
	bool adopted;                        /* from a capture: never read */
};

struct sensor_users {
	struct map tables;                   /* by key */
	const struct sensor_state_options *options;
	struct sensor_user_table *host;
	const char *etc;                     /* "/etc"; tests give another directory */
};

void sensor_users_init(struct sensor_users *users, const struct sensor_state_options *options);
void sensor_users_done(struct sensor_users *users);

/* `container_id` NULL: the host. `pid`: a process in that container, through whose root its files are read. NULL when
 * the id has no name. */
const struct sensor_user *sensor_user_by_uid(struct sensor_users *users, const char *container_id, uint32_t pid,
					     uint32_t uid, uint64_t now_ns);
const char *sensor_group_by_gid(struct sensor_users *users, const char *container_id, uint32_t pid,
				uint32_t gid, uint64_t now_ns);
/* {"container":"" or id,"users":[[uid,"name","home","shell"]],"groups":[[gid,"name"]]} */
int sensor_users_adopt(struct sensor_users *users, const char *json, size_t len, struct err *err);

#endif
