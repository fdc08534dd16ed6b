/* SPDX-License-Identifier: Apache-2.0 */
/* Containers as JSON: the order of keys is fixed, what is not known is left out. */
#include "runtime/runtime_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *text_of(const struct runtime_container *c, const struct runtime_member *m)
{
	return *(const char *const *)(const void *)((const char *)c + m->offset);
}

static int *tristate_of(struct runtime_container *c, const struct runtime_member *m)
{
	return (int *)(void *)((char *)c + m->offset);
}

static void put_lists(const struct runtime_container *c, struct json_writer *w)
{
	json_array_begin(w, "mounts");
	for (size_t i = 0; i < c->n_mounts; i++) {
		json_object_begin(w, NULL);
		json_put_str(w, "source", c->mounts[i].source);
		json_put_str(w, "dest", c->mounts[i].dest);
		json_put_str(w, "mode", c->mounts[i].mode);
		json_put_bool(w, "rw", c->mounts[i].rw);
		json_put_str(w, "propagation", c->mounts[i].propagation);
		json_object_end(w);
	}
	json_array_end(w);
	json_object_begin(w, "labels");
	for (size_t i = 0; i < c->n_labels; i++)
		json_put_str(w, c->labels[i].name, c->labels[i].value);
	json_object_end(w);
	if (c->n_pod_labels) {
		json_object_begin(w, "pod_labels");
		for (size_t i = 0; i < c->n_pod_labels; i++)
			json_put_str(w, c->pod_labels[i].name, c->pod_labels[i].value);
		json_object_end(w);
	}
	json_array_begin(w, "security_opts");
	for (size_t i = 0; i < c->n_security_opts; i++)
		json_put_str(w, NULL, c->security_opts[i]);
	json_array_end(w);
}

void runtime_container_write(const struct runtime_container *c, struct json_writer *w, const char *key)
{
	json_object_begin(w, key);
	json_put_str(w, "type", runtime_kind_name(c->kind));
	for (const struct runtime_member *m = runtime_text_members; m->name; m++)
		if (text_of(c, m))
			json_put_str(w, m->name, text_of(c, m));
	for (const struct runtime_member *m = runtime_tristate_members; m->name; m++) {
		int value = *tristate_of((struct runtime_container *)c, m);
		if (value >= 0)
			json_put_bool(w, m->name, value);
	}
	json_put_bool(w, "rootless", c->rootless);
	json_put_bool(w, "is_sandbox", c->is_sandbox);
	if (c->init_pid)
		json_put_uint(w, "init_pid", c->init_pid);
	json_put_uint(w, "caps_bounding", c->caps_bounding);
	if (c->created_ns)
		json_put_uint(w, "created_ns", c->created_ns);
	if (c->started_ns)
		json_put_uint(w, "started_ns", c->started_ns);
	put_lists(c, w);
	json_object_end(w);
}

bool runtime_container_same(const struct runtime_container *a, const struct runtime_container *b)
{
	_cleanup_strbuf_ struct strbuf x, y;
	struct json_writer wx, wy;

	strbuf_init(&x, 1 << 20);
	strbuf_init(&y, 1 << 20);
	wx = json_writer(&x);
	wy = json_writer(&y);
	runtime_container_write(a, &wx, NULL);
	runtime_container_write(b, &wy, NULL);
	return x.len == y.len && memcmp(x.text, y.text, x.len) == 0;
}

static bool kind_of_name(const char *name, enum runtime_kind *ret)
{
	for (enum runtime_kind k = RUNTIME_DOCKER; k <= RUNTIME_OCI; k++)
		if (name && strcmp(name, runtime_kind_name(k)) == 0) {
			*ret = k;
			return true;
		}
	return false;
}

static void adopt_lists(const json_t *json, struct runtime_facts *facts)
{
	const json_t *mounts = json_at(json, "mounts", NULL), *opts = json_at(json, "security_opts", NULL);
	const char *key;
	json_t *value;

	for (size_t i = 0; i < json_array_size(mounts); i++) {
		const json_t *m = json_array_get(mounts, i);
		struct runtime_mount mount = { json_text(m, "source", NULL), json_text(m, "dest", NULL), json_text(m, "mode", NULL),
			json_text(m, "propagation", NULL), json_is_true(json_at(m, "rw", NULL)) };
		if (mount.dest)
			runtime_facts_mount(facts, &mount);
	}
	json_object_foreach(json_at(json, "labels", NULL), key, value)
		if (json_is_string(value))
			runtime_facts_label(facts, key, json_string_value(value));
	json_object_foreach(json_at(json, "pod_labels", NULL), key, value)
		if (json_is_string(value))
			runtime_facts_pod_label(facts, key, json_string_value(value));
	for (size_t i = 0; i < json_array_size(opts); i++)
		if (json_is_string(json_array_get(opts, i)))
			runtime_facts_security_opt(facts, json_string_value(json_array_get(opts, i)));
}

static uint64_t number_of(const json_t *json, const char *key)
{
	json_int_t value = json_integer_value(json_at(json, key, NULL));

	return value > 0 ? (uint64_t)value : 0;
}

int runtime_container_adopt(struct runtime *runtime, const json_t *json, struct err *err)
{
	struct runtime_facts facts;
	struct runtime_row *row;
	const char *id = json_text(json, "id", NULL);

	if (!id || !runtime_id_is_valid(id))
		return err_set(err, -EBADMSG, "a container without a valid id");
	arena_reset(&runtime->scratch);
	runtime_facts_init(&facts, &runtime->scratch);
	if (!kind_of_name(json_text(json, "type", NULL), &facts.c.kind))
		return err_set(err, -EBADMSG, "container %s has no known type", id);
	for (const struct runtime_member *m = runtime_text_members; m->name; m++)
		*(const char **)(void *)((char *)&facts.c + m->offset) = runtime_facts_text(&facts, json_text(json, m->name, NULL));
	for (const struct runtime_member *m = runtime_tristate_members; m->name; m++)
		if (json_is_boolean(json_at(json, m->name, NULL)))
			*tristate_of(&facts.c, m) = json_is_true(json_at(json, m->name, NULL));
	facts.c.rootless = json_is_true(json_at(json, "rootless", NULL));
	facts.c.is_sandbox = json_is_true(json_at(json, "is_sandbox", NULL));
	facts.c.init_pid = (uint32_t)number_of(json, "init_pid");
	facts.c.caps_bounding = number_of(json, "caps_bounding");
	facts.c.created_ns = number_of(json, "created_ns");
	facts.c.started_ns = number_of(json, "started_ns");
	adopt_lists(json, &facts);
	runtime_facts_cgroup_path(&facts, facts.c.cgroup_path);
	row = runtime_row_put(runtime, runtime_row_find(runtime, id, facts.c.cgroup_path), &facts, 0);
	if (!row)
		return err_set(err, -E2BIG, "more than %d containers", LIMIT_RUNTIME_CONTAINERS);
	row->is_adopted = true;
	return 0;
}
