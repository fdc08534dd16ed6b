/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_SENSOR_PATH_H
#define PARKA_SENSOR_PATH_H
/* Paths of wire events as text. All results live in the arena given; NULL when there is none. Thread: any. */
#include "base/mem.h"
#include "sensor/wire.h"

/* A PATH parameter, its struct checked against its components. */
struct sensor_path {
	const struct sensor_wire_path *head;
	const char *components;  /* leaf first, each NUL-terminated */
	size_t len;
};
bool sensor_path_of(const struct sensor_wire_view *view, enum sensor_param id, struct sensor_path *ret);

/* The path in the task's root: "/etc/shadow"; of what has no path its name: "memfd:x", "pipe:[7]". */
char *sensor_path_text(const struct sensor_path *path, struct arena *arena, size_t *ret_len);
/* Whether the file may have other names than the path for its place: it is seen through a mount or a root of the task's own.
 * False: the task's root is the file system's, and the file is in that mount. */
bool sensor_path_has_places(const struct sensor_wire_path *path);
/* The path within the file system: "/etc/shadow" of /mnt/x/shadow where /mnt/x shows /etc. NULL when it is not known. */
char *sensor_path_in_fs(const struct sensor_path *path, struct arena *arena, size_t *ret_len);
/* The path from the task's root, or from the container's where the task is in a jail, when mounts are not looked at; NULL when
 * neither is the root of the file's mount, or above it. *ret_is_whole: that root is the root of the file system. */
char *sensor_path_in_root(const struct sensor_path *path, struct arena *arena, size_t *ret_len, bool *ret_is_whole);

/* dir + raw without touching any file: "." and ".." and doubled slashes are folded, as Falco does. `raw` absolute: `dir`
 * is not looked at. NULL when raw is relative and dir is NULL or raw is empty. */
char *sensor_path_join(const char *dir, size_t dir_len, const char *raw, size_t raw_len, struct arena *arena, size_t *ret_len);

/* Where the last component starts. */
const char *sensor_path_basename(const char *path, size_t len);

#endif
