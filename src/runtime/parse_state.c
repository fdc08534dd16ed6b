/* SPDX-License-Identifier: Apache-2.0 */
/*
 * runc's state.json (libcontainer State: id, init_process_pid, cgroup_paths, config.labels "bundle=..."), crun's
 * status, and the containers.json of containers/storage, which podman and CRI-O share.
 */
#include "runtime/runtime_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void set_pid(const json_t *value, struct runtime_facts *facts)
{
	json_int_t pid = json_integer_value(value);

	if (pid > 0 && pid <= INT32_MAX)
		facts->c.init_pid = (uint32_t)pid;
}

static void set_start_ticks(const json_t *value, struct runtime_facts *facts)
{
	json_int_t ticks = json_integer_value(value);

	facts->init_start_ticks = ticks > 0 ? (uint64_t)ticks : 0;
}

int runtime_parse_runc_state(const char *text, size_t len, const char *input, struct runtime_facts *facts, struct err *err)
{
	_cleanup_json_ json_t *doc = NULL;
	const json_t *labels;
	const char *controller, *v2;
	json_t *path;
	int r = json_parse(text, len, input, &doc, err);

	if (r < 0)
		return r;
	if (!json_text(doc, "id", NULL) || runtime_json_is_deep(doc, LIMIT_RUNTIME_DEPTH))
		return err_set(err, -EBADMSG, "%s is not a runc state", input);
	set_pid(json_at(doc, "init_process_pid", NULL), facts);
	set_start_ticks(json_at(doc, "init_process_start", NULL), facts);
	facts->c.started_ns = runtime_time_parse(json_text(doc, "created", NULL));
	runtime_facts_set(facts, &facts->c.rootfs, json_text(doc, "config", "rootfs", NULL));
	labels = json_at(doc, "config", "labels", NULL);
	for (size_t i = 0; i < json_array_size(labels); i++) {
		const char *label = json_string_value(json_array_get(labels, i));
		if (label && strncmp(label, "bundle=/", 8) == 0)
			runtime_facts_set(facts, &facts->c.bundle, label + 7);
	}
	v2 = json_text(doc, "cgroup_paths", "", NULL);
	if (v2)
		runtime_facts_cgroup_path(facts, runtime_cgroup_strip_mount("", v2));
	json_object_foreach(json_at(doc, "cgroup_paths", NULL), controller, path)
		if (json_is_string(path))
			runtime_facts_cgroup_path(facts, runtime_cgroup_strip_mount(controller, json_string_value(path)));
	return 0;
}

int runtime_parse_crun_status(const char *text, size_t len, const char *input, struct runtime_facts *facts, struct err *err)
{
	_cleanup_json_ json_t *doc = NULL;
	const char *path, *scope;
	int r = json_parse(text, len, input, &doc, err);

	if (r < 0)
		return r;
	if (!json_is_integer(json_at(doc, "pid", NULL)) || runtime_json_is_deep(doc, LIMIT_RUNTIME_DEPTH))
		return err_set(err, -EBADMSG, "%s is not a crun status", input);
	set_pid(json_at(doc, "pid", NULL), facts);
	set_start_ticks(json_at(doc, "process-start-time", NULL), facts);
	facts->c.started_ns = runtime_time_parse(json_text(doc, "created", NULL));
	path = json_text(doc, "bundle", NULL);
	if (path && path[0] == '/')
		runtime_facts_set(facts, &facts->c.bundle, path);
	path = json_text(doc, "rootfs", NULL);
	if (path && path[0] == '/')
		runtime_facts_set(facts, &facts->c.rootfs, path);
	path = json_text(doc, "cgroup-path", NULL);
	scope = json_text(doc, "scope", NULL);
	if (path && path[0] == '/')
		runtime_facts_cgroup_path(facts, path);
	else if (path && path[0])
		runtime_facts_cgroup_path(facts, arena_printf(facts->arena, "/%.*s", LIMIT_RUNTIME_TEXT_BYTES, path));
	else if (scope && scope[0])
		runtime_facts_set(facts, &facts->cgroups_path, scope);
	return 0;
}

static void parse_storage_entry(const json_t *entry, struct runtime_facts *facts)
{
	_cleanup_json_ json_t *metadata = NULL;
	const char *text = json_text(entry, "metadata", NULL);
	const char *name = json_string_value(json_array_get(json_at(entry, "names", NULL), 0));

	runtime_facts_set(facts, &facts->c.image_id, json_text(entry, "image", NULL));
	if (text && json_parse(text, strlen(text), "metadata", &metadata, NULL) == 0 && !facts->c.image)
		runtime_image_split(facts, json_text(metadata, "image-name", NULL), NULL);
	if (!facts->c.name)   /* CRI-O's annotations gave a better one: the pod's container */
		runtime_facts_set(facts, &facts->c.name, name);
	if (!facts->c.created_ns)
		facts->c.created_ns = runtime_time_parse(json_text(entry, "created", NULL));
}

/* The entry of a list of containers/storage with that id; NULL. */
static const json_t *entry_of(const json_t *list, const char *id)
{
	for (size_t i = 0; id && i < json_array_size(list); i++) {
		const char *has = json_text(json_array_get(list, i), "id", NULL);

		if (has && strcmp(has, id) == 0)
			return json_array_get(list, i);
	}
	return NULL;
}

static int parse_list(const char *text, size_t len, const char *input, json_t **ret, struct err *err)
{
	int r = json_parse(text, len, input, ret, err);

	if (r < 0)
		return r;
	if (!json_is_array(*ret) || runtime_json_is_deep(*ret, LIMIT_RUNTIME_DEPTH))
		return err_set(err, -EBADMSG, "%s is not a list of containers/storage", input);
	return 0;
}

int runtime_parse_storage_index(const char *text, size_t len, const char *input, struct runtime_facts *facts, struct err *err)
{
	_cleanup_json_ json_t *doc = NULL;
	const json_t *entry;
	int r = parse_list(text, len, input, &doc, err);

	if (r < 0)
		return r;
	entry = entry_of(doc, facts->c.id);
	if (!entry)
		return err_set(err, -ENOENT, "%s does not list the container", input);
	parse_storage_entry(entry, facts);
	return 0;
}

int runtime_parse_storage_images(const char *text, size_t len, const char *input, struct runtime_facts *facts, struct err *err)
{
	_cleanup_json_ json_t *doc = NULL;
	const json_t *entry;
	int r = parse_list(text, len, input, &doc, err);

	if (r < 0)
		return r;
	entry = entry_of(doc, facts->c.image_id);
	if (!entry)
		return err_set(err, -ENOENT, "%s does not list the image", input);
	runtime_facts_set(facts, &facts->c.image_digest, json_text(entry, "digest", NULL));
	return 0;
}
