/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/cgroup.h"
#include "base/json.h"
#include "base/mem.h"
#include "runtime/runtime.h"
#include "sensor/capture.h"
#include "sensor/cgroup_fs.h"
#include "sensor/limits.h"

#include <stdlib.h>
#include <string.h>

void sensor_cgroups_init(struct sensor_cgroups *table, struct sensor_texts *texts, const struct sensor_state_options *options)
{
	*table = (struct sensor_cgroups){ .texts = texts, .options = options };
}

static void cgroup_free(struct sensor_cgroups *table, struct sensor_cgroup *cgroup)
{
	sensor_text_unref(table->texts, cgroup->path);
	sensor_text_unref(table->texts, cgroup->dns_name);
	free(cgroup);
}

void sensor_cgroups_done(struct sensor_cgroups *table)
{
	struct sensor_cgroup *c;

	for (size_t i = 0; (c = map_next(&table->by_id, &i)); )
		cgroup_free(table, c);
	map_done(&table->by_id);
}

void sensor_cgroup_refresh(struct sensor_cgroups *table, struct sensor_cgroup *cgroup)
{
	const struct sensor_container_source *source = &table->options->containers;

	if (!cgroup->path || !source->by_cgroup || cgroup->expired)
		return;
	if (!cgroup->container)
		cgroup->container = source->by_cgroup(source->data, cgroup->id, cgroup->path->text);
	if (cgroup->container && cgroup->container_generation != cgroup->container->generation + 1) {
		cgroup->container_generation = cgroup->container->generation + 1;
		if (table->options->on_container)
			table->options->on_container(table->options->on_data, cgroup->container);
	}
}

/* What a recorder must know so that replay finds the path without this machine. */
static void tell_recorder(struct sensor_cgroups *table, const struct sensor_cgroup *cgroup)
{
	const struct sensor_state_options *o = table->options;
	_cleanup_strbuf_ struct strbuf sb;
	struct json_writer w;

	strbuf_init(&sb, 2 * LIMIT_SENSOR_PATH_BYTES);
	if (!o->on_fact)
		return;
	w = json_writer(&sb);
	json_object_begin(&w, NULL);
	json_array_begin(&w, "cgroups");
	json_object_begin(&w, NULL);
	json_put_uint(&w, "id", cgroup->id);
	json_put_text(&w, "path", cgroup->path->text, cgroup->path->len);
	json_object_end(&w);
	json_array_end(&w);
	json_object_end(&w);
	o->on_fact(o->on_data, CAPTURE_CGROUP, sb.text, sb.len);
}

static void set_path(struct sensor_cgroups *table, struct sensor_cgroup *cgroup, const char *path, size_t len, bool tell)
{
	struct sensor_text *text = sensor_text_get(table->texts, path, len);

	if (text && text == cgroup->path) {
		sensor_text_unref(table->texts, text);
		return;
	}
	if (!text)
		return;
	sensor_text_set(table->texts, &cgroup->path, text);
	cgroup->container = NULL;
	if (tell)
		tell_recorder(table, cgroup);
	sensor_cgroup_refresh(table, cgroup);
}

static struct sensor_cgroup *cgroup_add(struct sensor_cgroups *table, uint64_t id)
{
	struct sensor_cgroup *c = map_get_u64(&table->by_id, id);

	if (c || id == 0)
		return c;
	if (table->by_id.n >= LIMIT_SENSOR_CGROUPS) {
		table->n_refused++;
		return NULL;
	}
	c = mem_alloc(sizeof(*c));
	c->id = id;
	map_put_u64(&table->by_id, id, c);
	return c;
}

static void found_in_fs(void *data, uint64_t id, const char *path, size_t len)
{
	struct sensor_cgroups *table = data;
	struct sensor_cgroup *c = cgroup_add(table, id);

	if (c) {
		c->looked_up = true;
		set_path(table, c, path, len, true);
	}
}

static void look_up(struct sensor_cgroups *table, struct sensor_cgroup *cgroup, uint32_t pid)
{
	cgroup->looked_up = true;
	if (table->mount[0])
		sensor_cgroup_fs_of_pid(table->mount, pid, cgroup->id, found_in_fs, table);
	else if (table->n_searches++ < 64 &&
		 sensor_cgroup_fs_find(pid, cgroup->id, table->mount, sizeof(table->mount)))
		sensor_cgroup_fs_scan(table->mount, found_in_fs, table);
}

struct sensor_cgroup *sensor_cgroup_get(struct sensor_cgroups *table, uint64_t id, uint32_t pid)
{
	struct sensor_cgroup *c = cgroup_add(table, id);

	if (c && !c->path && !c->looked_up && pid && table->options->may_read_proc)
		look_up(table, c, pid);
	return c;
}

struct sensor_cgroup *sensor_cgroup_made(struct sensor_cgroups *table, uint64_t id, const char *path, size_t len)
{
	struct sensor_cgroup *c = cgroup_add(table, id);

	if (c)
		set_path(table, c, path, len, false);
	return c;
}

void sensor_cgroup_removed(struct sensor_cgroups *table, uint64_t id, uint64_t now_ns)
{
	struct sensor_cgroup *c = map_get_u64(&table->by_id, id);

	if (!c || c->removed_ns)
		return;
	c->removed_ns = now_ns ? now_ns : 1;
	if (table->last_removed)
		table->last_removed->next_removed = c;
	else
		table->first_removed = c;
	table->last_removed = c;
}

static void cgroup_drop(struct sensor_cgroups *table, struct sensor_cgroup *cgroup)
{
	map_remove_u64(&table->by_id, cgroup->id);
	cgroup_free(table, cgroup);
}

/* The source may forget a container some time after its group went: from here on nobody may ask for it. Rows of processes whose
 * exit was lost may still hold the group itself. */
void sensor_cgroups_expire(struct sensor_cgroups *table, uint64_t now_ns, uint64_t grace_ns)
{
	struct sensor_cgroup *c;

	while ((c = table->first_removed) && now_ns > c->removed_ns && now_ns - c->removed_ns > grace_ns) {
		table->first_removed = c->next_removed;
		if (!table->first_removed)
			table->last_removed = NULL;
		c->container = NULL;
		c->expired = true;
		if (!c->n_processes)
			cgroup_drop(table, c);
	}
}

void sensor_cgroup_unref(struct sensor_cgroups *table, struct sensor_cgroup *cgroup)
{
	if (cgroup && --cgroup->n_processes == 0 && cgroup->expired)
		cgroup_drop(table, cgroup);
}

int sensor_cgroups_adopt(struct sensor_cgroups *table, const char *json, size_t len, struct err *err)
{
	_cleanup_json_ json_t *doc = NULL;
	json_t *item;
	size_t i;
	int r = json_parse(json, len, "cgroups of the capture", &doc, err);

	if (r < 0)
		return r;
	json_array_foreach(json_at(doc, "cgroups", NULL), i, item) {
		const char *path = json_text(item, "path", NULL);
		json_t *id = json_at(item, "id", NULL);
		if (path && json_is_integer(id))
			sensor_cgroup_made(table, (uint64_t)json_integer_value(id), path, strlen(path));
	}
	return 0;
}
