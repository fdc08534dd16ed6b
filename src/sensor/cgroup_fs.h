/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_SENSOR_CGROUP_FS_H
#define PARKA_SENSOR_CGROUP_FS_H
/*
 * Paths of control groups from the mounted hierarchies. The id of a group is the inode number of its directory (kernfs),
 * so a path found here is right or not found at all. Live only. Thread: any.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef void (*sensor_cgroup_found_fn)(void *data, uint64_t id, const char *path, size_t len);

/* In which hierarchy does the group of process `pid` have this id? Its mount point. */
bool sensor_cgroup_fs_find(uint32_t pid, uint64_t id, char *ret_mount, size_t size);
/* The path of process `pid`'s group in the hierarchy at `mount`, if its id is the one asked for. */
void sensor_cgroup_fs_of_pid(const char *mount, uint32_t pid, uint64_t id, sensor_cgroup_found_fn found, void *data);
/* Every group of the hierarchy at `mount`. */
void sensor_cgroup_fs_scan(const char *mount, sensor_cgroup_found_fn found, void *data);

#endif
