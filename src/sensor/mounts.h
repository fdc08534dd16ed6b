/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_SENSOR_MOUNTS_H
#define PARKA_SENSOR_MOUNTS_H
/*
 * Where the host has its file systems mounted: from a path within a file system to the host's name of it.
 *
 *   device  root        point
 *   8:1     /           /            one that is mounted whole: that mount alone, "/" before others
 *   0:31    /@          /            one of which only parts are (subvolumes): each of them once
 *   0:31    /@home      /home
 *
 * Left out are the root file systems of containers where runtimes keep them (sensor_filter_usual_roots): they come and go, and
 * what is in them is named by their own root. Read once: whoever lives by it (the state, the kernel's filter) must have it from one
 * reading, or the filter would drop what has another name for the state. Thread: one.
 */
#include "base/map.h"
#include "base/mem.h"
#include "sensor/limits.h"

struct sensor_filter_build;

struct sensor_mount { char *root, *point; };
struct sensor_mounts_of { uint64_t dev; size_t n; struct sensor_mount list[LIMIT_SENSOR_MOUNTS_PER_DEVICE]; };
struct sensor_mounts {
	struct map by_dev;                   /* device + 1 -> struct sensor_mounts_of */
	uint64_t version;                    /* grows with each change */
};

struct sensor_mounts *sensor_mounts_new(void);
/* Those of the host: of its first process, which may not be us. */
struct sensor_mounts *sensor_mounts_of_host(void);
struct sensor_mounts *sensor_mounts_free(struct sensor_mounts *mounts);   /* NULL is fine; returns NULL */
/* One mount; what is not to be kept is left out. `root`: the directory of the file system that is shown. */
void sensor_mounts_add(struct sensor_mounts *mounts, uint64_t dev, const char *root, const char *point);
/* A line of /proc/PID/mountinfo, which is taken to pieces. False: nothing that is to be added. */
bool sensor_mounts_parse(char *line, uint64_t *ret_dev, const char **ret_root, const char **ret_point);
/* The host's name of what is at `in_fs` in the file system; NULL when the host has that nowhere. */
char *sensor_mounts_name(const struct sensor_mounts *mounts, uint32_t dev, const char *in_fs, size_t len, struct arena *arena, size_t *ret_len);
/* Into the tables of a filter (sensor_filter_places()). */
void sensor_mounts_fill(const struct sensor_mounts *mounts, struct sensor_filter_build *build);

#endif
