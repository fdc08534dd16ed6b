/* SPDX-License-Identifier: Apache-2.0 */
#include "posture/engines/engines.h"

#include "base/toml.h"
#include "posture/docker/docker.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

void engine_layers_done(struct engine_layers *l)
{
	for (size_t i = 0; i < l->n; i++)
		json_decref(l->docs[i]);
	l->n = 0;
}

void engine_layers_add(struct engine_layers *l, const char *path)
{
	struct err err = ERR_INIT;
	json_t *doc = NULL;
	char *text;
	size_t len;
	int r = posture_read(l->set, path, ENGINE_FILE_BYTES_MAX, &text, &len, &err);

	if (r == -ENOENT || r == -ENOTDIR || l->n == ENGINE_FILES_MAX)
		return;
	if (r == 0)
		r = toml_parse(text, len, path, &doc, &err);
	if (r < 0) {
		posture_problem(l->set, MODEL_LAYER_RUNTIME,
				(struct posture_place){
					.file = posture_printf(l->set, "%s", path), .line = err.line, .column = err.column },
				"%s", err.text);
		l->problem = posture_printf(l->set, "%s: %s", path, err.text);
		return;
	}
	l->docs[l->n] = doc;
	l->paths[l->n++] = posture_printf(l->set, "%s", path);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void engine_layers_add_dir(struct engine_layers *l, const char *dir, const char *end)
{
	int fd = posture_open(l->set, dir, O_RDONLY | O_DIRECTORY);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	const char *names[ENGINE_FILES_MAX];
	struct dirent *entry;
	size_t n = 0;

	if (!d)
		fd_close_at(&fd);
	while (d && n < ENGINE_FILES_MAX && (entry = readdir(d))) {
		size_t len = strlen(entry->d_name), m = strlen(end);
		if (entry->d_name[0] != '.' && len > m && strcmp(entry->d_name + len - m, end) == 0)
			names[n++] = posture_printf(l->set, "%s", entry->d_name);
	}
	if (d)
		closedir(d);
	qsort(names, n, sizeof(*names), by_name);
	for (size_t i = 0; i < n; i++)
		engine_layers_add(l, posture_printf(l->set, "%s/%s", dir, names[i]));
}

const json_t *engine_at(const struct engine_layers *l, const char *table, const char *key, size_t *ret_layer)
{
	for (size_t i = l->n; i-- > 0; ) {
		const json_t *at = l->docs[i];

		for (const char *name = table; *name && at; ) {
			size_t len = strcspn(name, "|");

			at = json_object_getn(at, name, len);
			name += len + (name[len] == '|');
		}
		at = json_object_get(at, key);
		if (!at)
			continue;
		*ret_layer = i;
		return at;
	}
	*ret_layer = l->n;
	return NULL;
}

void engine_said(struct engine_layers *l, struct posture_value *value, size_t layer, const char *key)
{
	if (layer < l->n)
		posture_at(posture_said(value, POSTURE_FROM_FILE, key), (struct posture_place){ .file = l->paths[layer], .path = key });
	else
		posture_said(value, POSTURE_FROM_DEFAULT, NULL);
}

static bool unknown(struct engine_layers *l, enum model_field_id field, const json_t *value)
{
	if (!value && l->problem)
		posture_set_unknown(l->record, field, l->problem);
	return !value && l->problem;
}

void engine_bool(struct engine_layers *l, enum model_field_id field, const char *table, const char *key, bool fallback)
{
	size_t layer;
	const json_t *v = engine_at(l, table, key, &layer);

	if (!unknown(l, field, v))
		engine_said(l, posture_set_bool(l->record, field, v ? json_is_true(v) : fallback), layer, key);
}

void engine_text(struct engine_layers *l, enum model_field_id field, const char *table, const char *key, const char *fallback)
{
	size_t layer;
	const json_t *v = engine_at(l, table, key, &layer);
	const char *text = json_is_string(v) ? json_string_value(v) : NULL;

	if (!unknown(l, field, v))
		engine_said(l,
			    posture_set_text(l->record, field,
					     text && *text ? posture_printf(l->set, "%s", text)
					     : v	   ? NULL
							   : fallback),
			    layer, key);
}

void engine_texts(struct engine_layers *l, enum model_field_id field, const char *table, const char *key)
{
	size_t layer, n = 0;
	const json_t *v = engine_at(l, table, key, &layer);
	const char *items[ENGINE_LIST_MAX];

	for (size_t i = 0; i < json_array_size(v) && n < ENGINE_LIST_MAX; i++)
		if (json_is_string(json_array_get(v, i)))
			items[n++] = posture_printf(l->set, "%s", json_string_value(json_array_get(v, i)));
	if (!unknown(l, field, v))
		engine_said(l, posture_set_texts(l->record, field, items, n), layer, key);
}

struct posture_record *engine_record(struct engine_layers *l, struct posture_set *set, const char *type, const char *name)
{
	l->set = set;
	l->record = posture_record_new(set, MODEL_KIND_ENGINE, NULL, name, (struct posture_place){ 0 });
	posture_set_text(l->record, MODEL_F_ENGINE_TYPE, type);
	return l->record;
}

void engine_files_told(struct engine_layers *l, const char *role)
{
	posture_set_texts(l->record, MODEL_F_ENGINE_CONFIG_FILES, l->paths, l->n);
	if (l->n)
		l->record->place.file = l->paths[l->n - 1];
	for (size_t i = 0; i < l->n; i++)
		runtime_file_record(l->set, l->paths[i], role);
}
