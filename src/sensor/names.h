/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_SENSOR_NAMES_H
#define PARKA_SENSOR_NAMES_H
/*
 * The other names of a file. A rule that names /etc/shadow must see it also where the program opened it by another name:
 *
 *   mount        /mnt/x/shadow, where /mnt/x shows /etc, or /mnt/etc/shadow, where /mnt shows all of a file system that is mounted
 *                elsewhere too: its place below the task's root (or the container's, for who is in a jail there) when mounts are not looked at;
 *                else, or when that root shows a part of a file system only, the place where the host has it mounted
 *   hard link    any name of the same inode: names seen in link and rename events, and the literal paths that rules
 *                care about (their inodes are read at start and followed through renames)
 *
 * The mounts of the host are read once. Thread: one.
 */
#include "base/err.h"
#include "base/mem.h"
#include "sensor/intern.h"
#include "sensor/limits.h"
#include "sensor/mounts.h"
#include "sensor/names_alias.h"
#include "sensor/wire.h"

struct sensor_state_options;

struct sensor_inode { uint64_t ino, dev; };
struct sensor_linked {
	struct sensor_inode inode;           /* {0, 0}: not known, only watched */
	struct sensor_text *names[LIMIT_SENSOR_NAMES_PER_FILE - 1];
	bool watched[LIMIT_SENSOR_NAMES_PER_FILE - 1];
	struct sensor_linked *next, *prev;   /* oldest first; those with a watched name are not in the list */
};

struct sensor_names {
	struct map linked;                   /* by struct sensor_inode */
	struct map watched;                  /* by path: struct sensor_linked */
	struct sensor_linked *oldest, *newest;
	size_t n_linked;
	struct sensor_aliases aliases;       /* hard links whose inode no hook told */
	struct sensor_mounts *mounts;
	struct sensor_texts *texts;
	const struct sensor_state_options *options;
};

struct sensor_name { const char *text; size_t len; };

void sensor_names_init(struct sensor_names *names, struct sensor_texts *texts, const struct sensor_state_options *options);
void sensor_names_done(struct sensor_names *names);
void sensor_names_watch(struct sensor_names *names, const char *const *paths, size_t n);
/* Learn from an event: links, renames, unlinks. */
void sensor_names_update(struct sensor_names *names, const struct sensor_wire_view *view,
			 struct arena *scratch);
/* From now on `path`, which rules care about, is this inode; {0, 0}: nothing is there. Tell a recorder that. */
void sensor_names_watch_set(struct sensor_names *names, const char *path, size_t len, struct sensor_inode inode);
void sensor_names_tell_watch(struct sensor_names *names, const char *path, size_t len, struct sensor_inode inode);
/* Could the file of this event have other names? Cheap: most have not. */
bool sensor_names_may_differ(const struct sensor_names *names, const struct sensor_wire_view *view);
/* All distinct names, that of PATH first; texts live in scratch or as long as the event. */
size_t sensor_names_of(const struct sensor_names *names, const struct sensor_wire_view *view, struct arena *scratch,
		       struct sensor_name ret[LIMIT_SENSOR_NAMES_PER_FILE]);
/* {"mounts":[[dev,"/"],[dev,"/home","/@home"]],"watch":[[dev,ino,"/etc/shadow"]]} */
int sensor_names_adopt(struct sensor_names *names, const char *json, size_t len, struct err *err);

#endif
