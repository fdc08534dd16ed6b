/* SPDX-License-Identifier: Apache-2.0 */
/* Names: the host's mounts, what a recorder is told, and putting the names of one event together. */
#include "base/json.h"
#include "sensor/capture.h"
#include "sensor/names.h"
#include "sensor/path.h"
#include "sensor/state.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static void fact_begin(struct strbuf *sb, struct json_writer *w, const char *key)
{
	strbuf_init(sb, LIMIT_CAPTURE_RECORD_BYTES);
	*w = json_writer(sb);
	json_object_begin(w, NULL);
	json_array_begin(w, key);
}

static void fact_end(const struct sensor_names *names, struct strbuf *sb, struct json_writer *w)
{
	json_array_end(w);
	json_object_end(w);
	if (!sb->truncated)
		names->options->on_fact(names->options->on_data, CAPTURE_FACTS, sb->text, sb->len);
}

void sensor_names_tell_watch(struct sensor_names *names, const char *path, size_t len, struct sensor_inode inode)
{
	_cleanup_strbuf_ struct strbuf sb;
	struct json_writer w;

	fact_begin(&sb, &w, "watch");
	json_array_begin(&w, NULL);
	json_put_uint(&w, NULL, inode.dev);
	json_put_uint(&w, NULL, inode.ino);
	json_put_text(&w, NULL, path, len);
	json_array_end(&w);
	if (names->options->on_fact)
		fact_end(names, &sb, &w);
}

static void tell_mounts(const struct sensor_names *names)
{
	_cleanup_strbuf_ struct strbuf sb;
	const struct sensor_mounts_of *of;
	struct json_writer w;

	fact_begin(&sb, &w, "mounts");
	for (size_t i = 0; (of = map_next(&names->mounts->by_dev, &i)); )
		for (size_t k = 0; k < of->n; k++) {
			json_array_begin(&w, NULL);
			json_put_uint(&w, NULL, of->dev);
			json_put_text(&w, NULL, of->list[k].point, strlen(of->list[k].point));
			if (of->list[k].root[1])
				json_put_text(&w, NULL, of->list[k].root, strlen(of->list[k].root));
			json_array_end(&w);
		}
	fact_end(names, &sb, &w);
}

void sensor_names_init(struct sensor_names *names, struct sensor_texts *texts, const struct sensor_state_options *options)
{
	*names = (struct sensor_names){ .texts = texts, .options = options, .mounts = options->mounts };
	if (!names->mounts)
		names->mounts = options->may_read_proc ? sensor_mounts_of_host() : sensor_mounts_new();
	if (options->on_fact && options->may_read_proc)
		tell_mounts(names);
}

/* Directories have one name, however many links are counted. */
static bool has_links(const struct sensor_wire_file *file)
{
	return file->nlink > 1 && !S_ISDIR(file->mode);
}

bool sensor_names_may_differ(const struct sensor_names *names, const struct sensor_wire_view *view)
{
	const struct sensor_wire_path *path = sensor_wire_struct(view, SENSOR_P_PATH, sizeof(*path));
	const struct sensor_wire_file *file = sensor_wire_struct(view, SENSOR_P_FILE, sizeof(*file));

	if (!path || (path->flags & SENSOR_PATH_ANON))
		return false;
	return sensor_path_has_places(path) || (file && has_links(file) && (names->linked.n || names->aliases.by_path.n));
}

static void add_name(struct sensor_name *list, size_t *n, const char *text, size_t len)
{
	for (size_t i = 0; i < *n; i++)
		if (list[i].len == len && memcmp(list[i].text, text, len) == 0)
			return;
	if (text && *n < LIMIT_SENSOR_NAMES_PER_FILE)
		list[(*n)++] = (struct sensor_name){ text, len };
}

/* By its place: below the task's root, or on the host. */
static void add_places(const struct sensor_names *names, struct sensor_name *list, size_t *n, const struct sensor_path *path, uint32_t dev,
		       struct arena *scratch)
{
	bool is_whole = false;
	const char *text;
	size_t len;

	text = sensor_path_in_root(path, scratch, &len, &is_whole);
	if (text)
		add_name(list, n, text, len);
	text = is_whole ? NULL : sensor_path_in_fs(path, scratch, &len);
	text = text ? sensor_mounts_name(names->mounts, dev, text, len, scratch, &len) : NULL;
	if (text)
		add_name(list, n, text, len);
}

size_t sensor_names_of(const struct sensor_names *names, const struct sensor_wire_view *view, struct arena *scratch,
		       struct sensor_name ret[LIMIT_SENSOR_NAMES_PER_FILE])
{
	const struct sensor_wire_file *file = sensor_wire_struct(view, SENSOR_P_FILE, sizeof(*file));
	const struct sensor_linked *linked;
	struct sensor_path path;
	const char *text;
	size_t n = 0, len;

	if (!sensor_path_of(view, SENSOR_P_PATH, &path) || !(text = sensor_path_text(&path, scratch, &len)))
		return 0;
	add_name(ret, &n, text, len);
	if (!file)
		return n;
	text = has_links(file) ? sensor_aliases_of(&names->aliases, view->event->mnt_ns, text) : NULL;
	if (text)
		add_name(ret, &n, text, strlen(text));
	if (sensor_path_has_places(path.head))
		add_places(names, ret, &n, &path, file->dev, scratch);
	linked = has_links(file) ? map_get(&names->linked, &(struct sensor_inode){ file->ino, file->dev }, sizeof(struct sensor_inode)) : NULL;
	for (size_t i = 0; linked && i < ARRAY_LEN(linked->names); i++)
		if (linked->names[i])
			add_name(ret, &n, linked->names[i]->text, linked->names[i]->len);
	return n;
}

int sensor_names_adopt(struct sensor_names *names, const char *json, size_t len, struct err *err)
{
	_cleanup_json_ json_t *doc = NULL;
	json_t *row;
	size_t i;
	int r = json_parse(json, len, "facts of the capture", &doc, err);

	if (r < 0)
		return r;
	json_array_foreach(json_at(doc, "mounts", NULL), i, row) {
		const char *point = json_string_value(json_array_get(row, 1)), *root = json_string_value(json_array_get(row, 2));
		json_int_t dev = json_integer_value(json_array_get(row, 0));
		if (point && dev >= 0 && dev <= UINT32_MAX)
			sensor_mounts_add(names->mounts, (uint64_t)dev, root ? root : "/", point);
	}
	json_array_foreach(json_at(doc, "watch", NULL), i, row) {
		const char *path = json_string_value(json_array_get(row, 2));
		struct sensor_inode inode = { (uint64_t)json_integer_value(json_array_get(row, 1)),
					      (uint64_t)json_integer_value(json_array_get(row, 0)) };
		if (path && (names->watched.n < LIMIT_SENSOR_WATCH_PATHS || map_get(&names->watched, path, strlen(path))))
			sensor_names_watch_set(names, path, strlen(path), inode);
	}
	return 0;
}
