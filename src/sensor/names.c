/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Invariants:
 * 1. An entry of `watched` is an entry of `linked` too when its inode is known.
 * 2. An entry without any name is freed.
 */
#include "sensor/names.h"
#include "model/event.h"
#include "sensor/path.h"
#include "sensor/process.h"
#include "sensor/state.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

static bool linked_watched(const struct sensor_linked *l)
{
	for (size_t i = 0; i < ARRAY_LEN(l->names); i++)
		if (l->names[i] && l->watched[i])
			return true;
	return false;
}

static void list_remove(struct sensor_names *names, struct sensor_linked *l)
{
	if (names->oldest != l && !l->prev)
		return;                                         /* not in the list */
	if (l->prev)
		l->prev->next = l->next;
	else
		names->oldest = l->next;
	if (l->next)
		l->next->prev = l->prev;
	else
		names->newest = l->prev;
	l->next = l->prev = NULL;
	names->n_linked--;
}

static void list_add(struct sensor_names *names, struct sensor_linked *l)
{
	l->prev = names->newest;
	if (names->newest)
		names->newest->next = l;
	else
		names->oldest = l;
	names->newest = l;
	names->n_linked++;
}

static void linked_free(struct sensor_names *names, struct sensor_linked *l)
{
	list_remove(names, l);
	if (l->inode.ino)
		map_remove(&names->linked, &l->inode, sizeof(l->inode));
	for (size_t i = 0; i < ARRAY_LEN(l->names); i++) {
		if (l->names[i] && l->watched[i])
			map_remove(&names->watched, l->names[i]->text, l->names[i]->len);
		sensor_text_unref(names->texts, l->names[i]);
	}
	free(l);
}

void sensor_names_done(struct sensor_names *names)
{
	struct sensor_linked *l;

	for (size_t i = 0; (l = map_next(&names->linked, &i)); )
		linked_free(names, l);
	for (size_t i = 0; (l = map_next(&names->watched, &i)); )
		linked_free(names, l);
	names->mounts = sensor_mounts_free(names->mounts);
	sensor_aliases_done(&names->aliases);
	map_done(&names->linked);
	map_done(&names->watched);
}

static struct sensor_linked *linked_get(struct sensor_names *names, struct sensor_inode inode, bool watched)
{
	struct sensor_linked *l = map_get(&names->linked, &inode, sizeof(inode));

	if (l)
		return l;
	if (!watched && names->n_linked >= LIMIT_SENSOR_LINKED_FILES)
		linked_free(names, names->oldest);
	l = mem_alloc(sizeof(*l));
	l->inode = inode;
	map_put(&names->linked, &l->inode, sizeof(l->inode), l);
	if (!watched)
		list_add(names, l);
	return l;
}

static void linked_add_name(struct sensor_names *names, struct sensor_linked *l, const char *text, size_t len, bool watched)
{
	size_t free_slot = ARRAY_LEN(l->names);

	for (size_t i = 0; i < ARRAY_LEN(l->names); i++) {
		if (!l->names[i]) {
			free_slot = free_slot == ARRAY_LEN(l->names) ? i : free_slot;
		} else if (l->names[i]->len == len && memcmp(l->names[i]->text, text, len) == 0) {
			free_slot = i;
			watched |= l->watched[i];
			break;
		}
	}
	/* No room: what rules care about goes before what was merely seen. */
	for (size_t i = 0; watched && free_slot == ARRAY_LEN(l->names) && i < ARRAY_LEN(l->names); i++)
		if (!l->watched[i])
			free_slot = i;
	if (free_slot == ARRAY_LEN(l->names))
		return;
	if (!l->names[free_slot] || l->names[free_slot]->len != len || memcmp(l->names[free_slot]->text, text, len) != 0)
		sensor_text_set(names->texts, &l->names[free_slot], sensor_text_get(names->texts, text, len));
	if (!l->names[free_slot])
		return;
	l->watched[free_slot] = watched;
	if (watched) {
		map_put(&names->watched, l->names[free_slot]->text, len, l);
		list_remove(names, l);
	}
}

static void linked_drop_name(struct sensor_names *names, struct sensor_linked *l, const char *text, size_t len)
{
	bool any = false;

	for (size_t i = 0; i < ARRAY_LEN(l->names); i++) {
		if (!l->names[i])
			continue;
		if (l->names[i]->len == len && memcmp(l->names[i]->text, text, len) == 0) {
			if (l->watched[i])
				map_remove(&names->watched, text, len);
			sensor_text_set(names->texts, &l->names[i], NULL);
			l->watched[i] = false;
		} else {
			any = true;
		}
	}
	if (!any)
		linked_free(names, l);
	else if (!linked_watched(l) && names->oldest != l && !l->prev)
		list_add(names, l);
}

/* From now on `path`, which rules care about, is this inode; {0, 0}: nothing is there now. */
void sensor_names_watch_set(struct sensor_names *names, const char *path, size_t len, struct sensor_inode inode)
{
	struct sensor_linked *old = map_get(&names->watched, path, len), *l;
	_cleanup_free_ char *copy = mem_strndup(path, len);

	if (old && old->inode.ino == inode.ino && old->inode.dev == inode.dev)
		return;
	if (old)
		linked_drop_name(names, old, copy, len);
	l = inode.ino ? linked_get(names, inode, true) : mem_alloc(sizeof(*l));
	linked_add_name(names, l, copy, len, true);
	if (!linked_watched(l))
		linked_free(names, l);
}

static struct sensor_inode inode_on_disk(const char *path)
{
	struct sensor_inode inode = { 0 };
	struct stat st;

	if (stat(path, &st) == 0) {
		inode.ino = st.st_ino;
		inode.dev = (uint64_t)major(st.st_dev) << 20 | minor(st.st_dev);
	}
	return inode;
}

void sensor_names_watch(struct sensor_names *names, const char *const *paths, size_t n)
{
	for (size_t i = 0; i < n && names->watched.n < LIMIT_SENSOR_WATCH_PATHS; i++) {
		size_t len = strlen(paths[i]);
		struct sensor_inode inode;

		if (paths[i][0] != '/' || !names->options->may_read_proc)
			continue;
		inode = inode_on_disk(paths[i]);
		sensor_names_watch_set(names, paths[i], len, inode);
		sensor_names_tell_watch(names, paths[i], len, inode);
	}
}

static char *name_of(const struct sensor_wire_view *view, enum sensor_param path_id, enum sensor_param raw_id,
		     enum sensor_param dir_id, struct arena *scratch, size_t *ret_len)
{
	struct sensor_path path, dir;
	const char *raw, *dir_text = NULL;
	size_t raw_len, dir_len = 0;

	if (sensor_path_of(view, path_id, &path))
		return sensor_path_text(&path, scratch, ret_len);
	raw = sensor_wire_text(view, raw_id, &raw_len);
	if (sensor_path_of(view, dir_id, &dir) || sensor_path_of(view, SENSOR_P_CWD, &dir))
		dir_text = sensor_path_text(&dir, scratch, &dir_len);
	return raw ? sensor_path_join(dir_text, dir_len, raw, raw_len, scratch, ret_len) : NULL;
}

static void on_link(struct sensor_names *names, const struct sensor_wire_file *file, const struct sensor_name *from,
		    const struct sensor_name *to)
{
	struct sensor_linked *l;

	if (file)
		l = linked_get(names, (struct sensor_inode){ file->ino, file->dev }, false);
	else
		l = from->text ? map_get(&names->watched, from->text, from->len) : NULL;
	if (!l)
		return;
	if (from->text)
		linked_add_name(names, l, from->text, from->len, false);
	if (to->text)
		linked_add_name(names, l, to->text, to->len, false);
}

static void on_rename(struct sensor_names *names, const struct sensor_wire_file *file, const struct sensor_name *from,
		      const struct sensor_name *to)
{
	struct sensor_inode inode = { 0 };
	struct sensor_linked *l = NULL;

	if (file) {
		inode = (struct sensor_inode){ file->ino, file->dev };
		l = map_get(&names->linked, &inode, sizeof(inode));
	}
	if (to->text && map_get(&names->watched, to->text, to->len)) {
		/* passwd, useradd and editors write a new file and move it onto the name. */
		if (!file && names->options->may_read_proc) {
			inode = inode_on_disk(to->text);
			sensor_names_tell_watch(names, to->text, to->len, inode);
		}
		sensor_names_watch_set(names, to->text, to->len, inode);
	} else if (l && to->text) {
		linked_add_name(names, l, to->text, to->len, false);
	}
	l = file ? map_get(&names->linked, &inode, sizeof(inode)) : NULL;
	if (l && from->text && map_get(&names->watched, from->text, from->len) != l)
		linked_drop_name(names, l, from->text, from->len);
}

static void on_unlink(struct sensor_names *names, const struct sensor_wire_file *file, const struct sensor_name *name)
{
	struct sensor_inode inode;
	struct sensor_linked *l;

	if (!file || !name->text)
		return;
	inode = (struct sensor_inode){ file->ino, file->dev };
	l = map_get(&names->linked, &inode, sizeof(inode));
	if (l && map_get(&names->watched, name->text, name->len) == l)
		sensor_names_watch_set(names, name->text, name->len, (struct sensor_inode){ 0 });
	else if (l)
		linked_drop_name(names, l, name->text, name->len);
}

static void update_aliases(struct sensor_names *names, const struct sensor_wire_view *view, const struct sensor_wire_file *file,
			   const struct sensor_name *from, const struct sensor_name *to)
{
	uint32_t ns = view->event->mnt_ns;

	switch (view->event->type) {
	case MODEL_EVT_LINK: case MODEL_EVT_LINKAT:
		if (!file && from->text && to->text)
			sensor_aliases_add(&names->aliases, ns, from->text, to->text);
		return;
	case MODEL_EVT_UNLINK: case MODEL_EVT_UNLINKAT:
		if (from->text)
			sensor_aliases_drop(&names->aliases, ns, from->text);
		return;
	default:
		if (from->text && to->text)
			sensor_aliases_rename(&names->aliases, ns, from->text, to->text);
	}
}

void sensor_names_update(struct sensor_names *names, const struct sensor_wire_view *view,
			 struct arena *scratch)
{
	const struct sensor_wire_file *file = sensor_wire_struct(view, SENSOR_P_FILE, sizeof(*file));
	struct sensor_name from = { 0 }, to = { 0 };

	if (view->event->ret < 0)
		return;
	switch (view->event->type) {
	case MODEL_EVT_LINK: case MODEL_EVT_LINKAT:
	case MODEL_EVT_RENAME: case MODEL_EVT_RENAMEAT: case MODEL_EVT_RENAMEAT2:
	case MODEL_EVT_UNLINK: case MODEL_EVT_UNLINKAT:
		break;
	default:
		return;
	}
	from.text = name_of(view, SENSOR_P_PATH, SENSOR_P_RAW, SENSOR_P_DIR_PATH, scratch, &from.len);
	to.text = name_of(view, SENSOR_P_PATH2, SENSOR_P_RAW2, SENSOR_P_DIR_PATH2, scratch, &to.len);
	update_aliases(names, view, file, &from, &to);
	if (view->event->type == MODEL_EVT_LINK || view->event->type == MODEL_EVT_LINKAT)
		on_link(names, file, &from, &to);
	else if (view->event->type == MODEL_EVT_UNLINK || view->event->type == MODEL_EVT_UNLINKAT)
		on_unlink(names, file, &from);
	else
		on_rename(names, file, &from, &to);
}
