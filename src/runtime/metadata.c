/* SPDX-License-Identifier: Apache-2.0 */
/*
 * containerd's meta.db (containerd: metadata/buckets.go has the schema):
 *
 *   v1 / NAMESPACE / containers / ID / image, snapshotter, snapshotKey; labels /; extensions / NAME
 *                    images / NAME / target / digest
 *
 * An extension is a protobuf Any. The CRI plug-in keeps JSON in two of them (containerd: pkg/cri/store/container/metadata.go and
 * sandbox/metadata.go): what the kubelet said of the container, and, with the pause container, of the pod. In both cases the whole message.
 *
 * podman's libpod/bolt_state.db, which podman 4 has and 5 still reads (podman: libpod/boltdb_state.go):
 *
 *   ctr / ID / config: JSON (libpod/container_config.go)
 *
 * First everything is read, then it is asked whether it was of one piece (bolt.h), then it is understood.
 */
#include "runtime/bolt.h"
#include "runtime/runtime_internal.h"

#include <errno.h>
#include <string.h>

struct reading {
	struct runtime_bolt_text image, digest, snapshotter, snapshot_key, container, sandbox;
	struct runtime_bolt_text names[LIMIT_RUNTIME_LABELS], values[LIMIT_RUNTIME_LABELS];
	size_t n_labels;
};

/* ---- reading ---- */

struct place { struct runtime_bolt *bolt; struct runtime_bolt_bucket at; };

/* What is not there is not an error: -ENOENT leaves the text empty. */
static int read_text(const struct place *place, const char *key, struct runtime_bolt_text *ret, struct err *err)
{
	int r = runtime_bolt_get(place->bolt, &place->at, key, ret, err);

	return r == -ENOENT ? 0 : r;
}

static int enter(struct place *place, const char *const *keys, struct err *err)
{
	int r = 0;

	for (; *keys && r == 0; keys++)
		r = runtime_bolt_bucket(place->bolt, &place->at, *keys, &place->at, err);
	return r;
}

static void each_label(void *data, struct runtime_bolt_text name, struct runtime_bolt_text value)
{
	struct reading *reading = data;

	if (reading->n_labels == LIMIT_RUNTIME_LABELS)
		return;
	reading->names[reading->n_labels] = name;
	reading->values[reading->n_labels++] = value;
}

static int read_extension(const struct place *container, const char *name, struct runtime_bolt_text *ret, struct err *err)
{
	struct place extensions = *container;
	int r = enter(&extensions, (const char *const[]){ "extensions", NULL }, err);

	if (r == 0)
		r = read_text(&extensions, name, ret, err);
	return r == -ENOENT ? 0 : r;
}

static int read_image(const struct place *space, const char *image, struct reading *reading, struct err *err)
{
	struct place target = *space;
	int r = enter(&target, (const char *const[]){ "images", image, "target", NULL }, err);

	if (r == 0)
		r = read_text(&target, "digest", &reading->digest, err);
	return r == -ENOENT ? 0 : r;
}

/* The pod's own container: told by the bundle, so a container that merely claims a pod is not believed. */
static int read_pod(const struct place *space, const char *sandbox_id, struct reading *reading, struct err *err)
{
	struct place sandbox = *space;
	int r = enter(&sandbox, (const char *const[]){ "containers", sandbox_id, NULL }, err);

	if (r == 0)
		r = read_extension(&sandbox, "io.cri-containerd.sandbox.metadata", &reading->sandbox, err);
	return r == -ENOENT ? 0 : r;
}

static int read_container(const struct place *container, struct reading *reading, struct err *err)
{
	struct place labels = *container;
	int r = read_text(container, "image", &reading->image, err);

	if (r == 0)
		r = read_text(container, "snapshotter", &reading->snapshotter, err);
	if (r == 0)
		r = read_text(container, "snapshotKey", &reading->snapshot_key, err);
	if (r == 0)
		r = read_extension(container, "io.cri-containerd.container.metadata", &reading->container, err);
	if (r == 0)
		r = read_extension(container, "io.cri-containerd.sandbox.metadata", &reading->sandbox, err);
	if (r == 0) {
		r = enter(&labels, (const char *const[]){ "labels", NULL }, err);
		if (r == 0)
			r = runtime_bolt_each(labels.bolt, &labels.at, each_label, reading, err);
		r = r == -ENOENT ? 0 : r;
	}
	return r;
}

struct query { const char *space; struct runtime_facts *facts; struct reading reading; };

static int read_all(struct runtime_bolt *bolt, void *data, struct err *err)
{
	struct query *query = data;
	struct runtime_facts *facts = query->facts;
	struct reading *reading = &query->reading;
	struct place space = { bolt, bolt->root }, container;
	int r = enter(&space, (const char *const[]){ "v1", query->space, NULL }, err);

	*reading = (struct reading){ 0 };
	container = space;
	if (r == 0)
		r = enter(&container, (const char *const[]){ "containers", facts->c.id, NULL }, err);
	if (r == 0)
		r = read_container(&container, reading, err);
	if (r == 0 && reading->image.len)
		r = read_image(&space, arena_strndup(facts->arena, reading->image.text, reading->image.len), reading, err);
	if (r == 0 && !reading->sandbox.len && facts->c.pod_sandbox_id)
		r = read_pod(&space, facts->c.pod_sandbox_id, reading, err);
	return r;
}

/* ---- understanding ---- */

static const char *text_of(struct runtime_facts *facts, struct runtime_bolt_text t)
{
	return t.len ? arena_strndup(facts->arena, t.text, t.len < LIMIT_RUNTIME_TEXT_BYTES ? t.len : LIMIT_RUNTIME_TEXT_BYTES) : NULL;
}

static bool varint(struct runtime_bolt_text *t, uint64_t *ret)
{
	uint64_t value = 0;

	for (unsigned shift = 0; t->len && shift < 64; shift += 7) {
		uint8_t byte = (uint8_t)*t->text;

		t->text++;
		t->len--;
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80)) {
			*ret = value;
			return true;
		}
	}
	return false;
}

/* The value of a google.protobuf.Any: field 2, as field 1, of bytes. */
static bool any_value(struct runtime_bolt_text any, struct runtime_bolt_text *ret)
{
	uint64_t key, len;

	while (any.len && varint(&any, &key) && (key & 7) == 2 && varint(&any, &len) && len <= any.len) {
		if (key >> 3 == 2) {
			*ret = (struct runtime_bolt_text){ any.text, (size_t)len };
			return true;
		}
		any.text += len;
		any.len -= (size_t)len;
	}
	return false;
}

/* {"Version": "v1", "Metadata": {...}} of an extension; NULL when it is none. */
static json_t *extension_parse(struct runtime_bolt_text any, struct runtime_facts *facts)
{
	struct runtime_bolt_text value;
	json_t *doc = NULL;

	if (!any.len)
		return NULL;
	if (any_value(any, &value) && json_parse(value.text, value.len, "extension", &doc, NULL) == 0 && !runtime_json_is_deep(doc, LIMIT_RUNTIME_DEPTH))
		return doc;
	json_decref(doc);
	facts->n_problems++;
	return NULL;
}

static void take_labels(struct runtime_facts *facts, json_t *labels, void (*put)(struct runtime_facts *, const char *, const char *))
{
	const char *name;
	json_t *value;

	json_object_foreach(labels, name, value)
		if (json_is_string(value))
			put(facts, name, json_string_value(value));
}

/* What the kubelet said of this container. Its labels are not those of the image, other than the ones in the database. */
static void take_container(struct runtime_facts *facts, const json_t *doc)
{
	const json_t *metadata = json_at(doc, "Metadata", NULL);
	const char *image_id = json_text(metadata, "ImageRef", NULL);

	take_labels(facts, json_at(metadata, "Config", "labels", NULL), runtime_facts_label);
	if (image_id && strncmp(image_id, "sha256:", 7) == 0)
		runtime_facts_set(facts, &facts->c.image_id, image_id + 7);
	runtime_facts_set(facts, &facts->c.pod_container_name, json_text(metadata, "Config", "metadata", "name", NULL));
	runtime_facts_set(facts, &facts->c.pod_sandbox_id, json_text(metadata, "SandboxID", NULL));
}

static void take_pod(struct runtime_facts *facts, const json_t *doc)
{
	const json_t *metadata = json_at(doc, "Metadata", NULL), *config = json_at(metadata, "Config", NULL);
	const char *ip = json_text(metadata, "IP", NULL), *name;
	json_t *value;

	runtime_facts_set(facts, &facts->c.pod_name, json_text(config, "metadata", "name", NULL));
	runtime_facts_set(facts, &facts->c.pod_namespace, json_text(config, "metadata", "namespace", NULL));
	runtime_facts_set(facts, &facts->c.pod_uid, json_text(config, "metadata", "uid", NULL));
	runtime_facts_set(facts, &facts->c.ip, ip);
	take_labels(facts, json_at(config, "labels", NULL), runtime_facts_pod_label);
	if (facts->c.is_sandbox)
		take_labels(facts, json_at(config, "labels", NULL), runtime_facts_label);
	json_object_foreach(json_at(config, "annotations", NULL), name, value)
		if (!facts->c.is_sandbox && json_is_string(value) && runtime_is_applied_pod(name))
			runtime_facts_probes(facts, facts->c.pod_container_name, json_string_value(value), json_string_length(value));
}

/* Of a container that no kubelet made: the image's labels are among them (containerd: WithImageConfigLabels), so none may claim a pod,
 * and a name only where nerdctl made the container, which writes its namespace too and gives ids that are hashes. */
static void take_plain_labels(struct runtime_facts *facts, const struct reading *reading, const char *space)
{
	const char *called = NULL;
	bool by_nerdctl = false;

	for (size_t i = 0; i < reading->n_labels; i++) {
		const char *name = text_of(facts, reading->names[i]), *value = text_of(facts, reading->values[i]);

		if (!name || strncmp(name, "io.kubernetes.", 14) == 0)
			continue;
		value = value ? value : "";
		runtime_facts_label(facts, name, value);
		called = strcmp(name, "nerdctl/name") == 0 ? value : called;
		by_nerdctl = by_nerdctl || (strcmp(name, "nerdctl/namespace") == 0 && strcmp(value, space) == 0);
	}
	if (by_nerdctl && runtime_id_is_hex64(facts->c.id))
		runtime_facts_set(facts, &facts->c.name, called);
}

static void take(struct runtime_facts *facts, const struct reading *reading, const char *space)
{
	_cleanup_json_ json_t *container = extension_parse(reading->container, facts);
	_cleanup_json_ json_t *sandbox = extension_parse(reading->sandbox, facts);

	if (reading->image.len)
		runtime_image_split(facts, text_of(facts, reading->image), NULL);
	runtime_facts_set(facts, &facts->c.image_digest, text_of(facts, reading->digest));
	runtime_facts_set(facts, &facts->c.snapshotter, text_of(facts, reading->snapshotter));
	runtime_facts_set(facts, &facts->c.snapshot_key, text_of(facts, reading->snapshot_key));
	if (container)
		take_container(facts, container);
	if (sandbox)
		take_pod(facts, sandbox);
	if (!reading->container.len && !reading->sandbox.len)
		take_plain_labels(facts, reading, space);
}

int runtime_metadata_read(int fd, const char *space, struct runtime_facts *facts, struct err *err)
{
	struct query query = { .space = space, .facts = facts };
	int r = runtime_bolt_read(fd, facts->arena, read_all, &query, err);

	if (r < 0)
		return err_wrap(err, "containerd's database");
	take(facts, &query.reading, space);
	return 0;
}

/* ---- podman ---- */

static int read_podman(struct runtime_bolt *bolt, void *data, struct err *err)
{
	struct query *query = data;
	struct place container = { bolt, bolt->root };
	int r = enter(&container, (const char *const[]){ "ctr", query->facts->c.id, NULL }, err);

	return r < 0 ? r : runtime_bolt_get(bolt, &container.at, "config", &query->reading.container, err);
}

int runtime_podman_read(int fd, struct runtime_facts *facts, struct err *err)
{
	_cleanup_json_ json_t *doc = NULL;
	struct query query = { .facts = facts };
	const char *name;
	json_t *value;
	int r = runtime_bolt_read(fd, facts->arena, read_podman, &query, err);

	if (r == 0)
		r = json_parse(query.reading.container.text, query.reading.container.len, "container", &doc, err);
	if (r < 0)
		return err_wrap(err, "podman's database");
	if (runtime_json_is_deep(doc, LIMIT_RUNTIME_DEPTH))
		return err_set(err, -EBADMSG, "podman's database: a container that is nested too deeply");
	json_object_foreach(json_at(doc, "labels", NULL), name, value)
		if (json_is_string(value) && strncmp(name, "io.kubernetes.", 14) != 0)
			runtime_facts_label(facts, name, json_string_value(value));
	runtime_facts_healthcheck(facts, json_at(doc, "healthcheck", "Test", NULL), NULL);
	return 0;
}
