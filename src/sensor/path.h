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
/* The path within the file system: "/etc/shadow" of /mnt/x/shadow where /mnt/x shows /etc. NULL without SENSOR_PATH_BIND
 * or when the path was cut. */
char *sensor_path_in_fs(const struct sensor_path *path, struct arena *arena, size_t *ret_len);

/* dir + raw without touching any file: "." and ".." and doubled slashes are folded, as Falco does. `raw` absolute: `dir`
 * is not looked at. NULL when raw is relative and dir is NULL or raw is empty. */
char *sensor_path_join(const char *dir, size_t dir_len, const char *raw, size_t raw_len, struct arena *arena, size_t *ret_len);

/* Where the last component starts. */
const char *sensor_path_basename(const char *path, size_t len);

#endif
