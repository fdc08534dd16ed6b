/* SPDX-License-Identifier: Apache-2.0 */
/* Names: the host's mounts, what a recorder is told, and putting the names of one event together. */
#include "base/file.h"
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

static void add_mount(struct sensor_names *names, uint64_t dev, const char *point, size_t len)
{
	if (names->mounts.n >= LIMIT_SENSOR_MOUNTS || map_get_u64(&names->mounts, dev + 1))
		return;
	map_put_u64(&names->mounts, dev + 1, sensor_text_get(names->texts, point, len));
}

/* In place: "\040" is a blank (Documentation/filesystems/proc.rst, mountinfo). */
static size_t unescape(char *text)
{
	char *out = text;

	for (char *in = text; *in; ) {
		if (in[0] == '\\' && in[1] >= '0' && in[1] <= '3' && in[2] >= '0' && in[2] <= '7' && in[3] >= '0' && in[3] <= '7') {
			*out++ = (char)((in[1] - '0') * 64 + (in[2] - '0') * 8 + (in[3] - '0'));
			in += 4;
		} else {
			*out++ = *in++;
		}
	}
	*out = '\0';
	return (size_t)(out - text);
}

/* "36 35 98:0 /root /point options ..." */
static void parse_mount(struct sensor_names *names, char *line, struct json_writer *w)
{
	char *field[5];
	unsigned major, minor;
	size_t len;

	for (unsigned i = 0; i < ARRAY_LEN(field); i++)
		if (!(field[i] = strsep(&line, " ")))
			return;
	if (strcmp(field[3], "/") != 0 || sscanf(field[2], "%u:%u", &major, &minor) != 2)
		return;
	len = unescape(field[4]);
	add_mount(names, (uint64_t)major << 20 | minor, field[4], len);
	json_array_begin(w, NULL);
	json_put_uint(w, NULL, (uint64_t)major << 20 | minor);
	json_put_text(w, NULL, field[4], len);
	json_array_end(w);
}

static void read_mounts(struct sensor_names *names)
{
	_cleanup_strbuf_ struct strbuf sb;
	struct json_writer w;
	struct arena arena;
	char *text = NULL;
	size_t len;

	arena_init(&arena, 4 * LIMIT_SENSOR_MOUNTINFO_BYTES);
	fact_begin(&sb, &w, "mounts");
	/* The host's view: that of its first process, which may not be ours. */
	if (file_read("/proc/1/mountinfo", LIMIT_SENSOR_MOUNTINFO_BYTES, &arena, &text, &len, NULL) < 0 &&
	    file_read("/proc/self/mountinfo", LIMIT_SENSOR_MOUNTINFO_BYTES, &arena, &text, &len, NULL) < 0)
		text = NULL;
	while (text && *text) {
		char *line = strsep(&text, "\n");
		parse_mount(names, line, &w);
	}
	if (names->options->on_fact)
		fact_end(names, &sb, &w);
	arena_done(&arena);
}

void sensor_names_init(struct sensor_names *names, struct sensor_texts *texts, const struct sensor_state_options *options)
{
	*names = (struct sensor_names){ .texts = texts, .options = options };
	if (options->may_read_proc)
		read_mounts(names);
}

const struct sensor_text *sensor_names_mount(const struct sensor_names *names, uint32_t dev)
{
	return map_get_u64(&names->mounts, (uint64_t)dev + 1);
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
	return (path->flags & SENSOR_PATH_BIND) || (file && has_links(file) && (names->linked.n || names->aliases.by_path.n));
}

static void add_name(struct sensor_name *list, size_t *n, const char *text, size_t len)
{
	for (size_t i = 0; i < *n; i++)
		if (list[i].len == len && memcmp(list[i].text, text, len) == 0)
			return;
	if (text && *n < LIMIT_SENSOR_NAMES_PER_FILE)
		list[(*n)++] = (struct sensor_name){ text, len };
}

/* The path behind the mount point of its file system: "/" + "/etc/shadow", "/data" + "/x". */
static void add_mounted(struct sensor_name *list, size_t *n, const char *point, size_t point_len,
			const char *in_fs, size_t len, struct arena *scratch)
{
	char *text;

	if (point_len == 1) {
		add_name(list, n, in_fs, len);
		return;
	}
	text = arena_alloc(scratch, point_len + len + 1);
	if (!text)
		return;
	memcpy(text, point, point_len);
	memcpy(text + point_len, in_fs, len + 1);
	add_name(list, n, text, point_len + (len == 1 ? 0 : len));
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
	text = sensor_path_in_fs(&path, scratch, &len);
	if (text) {
		const struct sensor_text *point = sensor_names_mount(names, file->dev);
		uintptr_t root = (uintptr_t)map_get_u64(&names->root_dev, view->event->mnt_ns);
		if (root == (uint64_t)file->dev + 1)
			add_name(ret, &n, text, len);
		else if (point)
			add_mounted(ret, &n, point->text, point->len, text, len, scratch);
	}
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
		const char *point = json_string_value(json_array_get(row, 1));
		json_int_t dev = json_integer_value(json_array_get(row, 0));
		if (point && dev >= 0 && dev <= UINT32_MAX)
			add_mount(names, (uint64_t)dev, point, strlen(point));
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
