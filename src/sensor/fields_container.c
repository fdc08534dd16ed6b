/* SPDX-License-Identifier: Apache-2.0 */
/* container.*, k8s.* */
#include "sensor/flags.h"
#include "sensor/record.h"

#include <fnmatch.h>
#include <string.h>

static int short_id(const char *id, struct arena *scratch, struct model_value *ret)
{
	size_t len = id ? strnlen(id, 12) : 0;

	return len ? value_text(ret, arena_strndup(scratch, id, len), len) : MODEL_UNSET;
}

static int tri(int value, struct model_value *ret)
{
	return value < 0 ? MODEL_UNSET : value_bool(ret, value);
}

static const char *text_or_empty(const char *text)
{
	return text ? text : "";
}

static char *mount_text(const struct runtime_mount *m, struct arena *scratch)
{
	return arena_printf(scratch, "%s:%s:%s:%s:%s", text_or_empty(m->source), text_or_empty(m->dest), text_or_empty(m->mode),
			    m->rw ? "true" : "false", text_or_empty(m->propagation));
}

/* By index, or by glob: of the source for container.mount and mount.dest, of the destination for the others (Falco). */
static const struct runtime_mount *find_mount(const struct runtime_container *c, const struct model_field_ref *f)
{
	bool by_source = f->id == MODEL_F_CONTAINER_MOUNT || f->id == MODEL_F_CONTAINER_MOUNT_DEST;

	if (f->index >= 0)
		return (uint64_t)f->index < c->n_mounts ? &c->mounts[f->index] : NULL;
	for (size_t i = 0; f->key && i < c->n_mounts; i++) {
		const char *text = by_source ? c->mounts[i].source : c->mounts[i].dest;
		if (text && fnmatch(f->key, text, 0) == 0)
			return &c->mounts[i];
	}
	return NULL;
}

static int mount_value(const struct runtime_container *c, const struct model_field_ref *f, struct arena *scratch, struct model_value *ret)
{
	const struct runtime_mount *m = find_mount(c, f);

	if (!m)
		return MODEL_UNSET;
	switch (f->id) {
	case MODEL_F_CONTAINER_MOUNT: return value_str(ret, mount_text(m, scratch));
	case MODEL_F_CONTAINER_MOUNT_SOURCE: return value_str(ret, m->source);
	case MODEL_F_CONTAINER_MOUNT_DEST: return value_str(ret, m->dest);
	case MODEL_F_CONTAINER_MOUNT_MODE: return value_str(ret, m->mode);
	case MODEL_F_CONTAINER_MOUNT_RDWR: return value_str(ret, m->rw ? "true" : "false");
	default: return value_str(ret, m->propagation);
	}
}

static int all_mounts(const struct runtime_container *c, struct arena *scratch, struct model_value *ret)
{
	struct strbuf sb;

	strbuf_init(&sb, LIMIT_SENSOR_WIRE_BYTES);
	for (size_t i = 0; i < c->n_mounts; i++) {
		const char *text = mount_text(&c->mounts[i], scratch);
		if (i)
			strbuf_addc(&sb, ',');
		strbuf_adds(&sb, text_or_empty(text));
	}
	value_text(ret, arena_strndup(scratch, sb.text, sb.len), sb.len);
	strbuf_done(&sb);
	return ret->text ? MODEL_SET : MODEL_UNSET;
}

struct labels { const struct runtime_pair *pairs; size_t n; };

static struct labels labels_of(const struct runtime_container *c)
{
	return (struct labels){ c->labels, c->n_labels };
}

/* Where a runtime does not tell them from the container's own (Docker), those. */
static struct labels labels_of_pod(const struct runtime_container *c)
{
	return c->n_pod_labels ? (struct labels){ c->pod_labels, c->n_pod_labels } : labels_of(c);
}

static int label(struct labels labels, const char *key, struct model_value *ret)
{
	for (size_t i = 0; key && i < labels.n; i++)
		if (strcmp(labels.pairs[i].name, key) == 0)
			return value_str(ret, labels.pairs[i].value);
	return MODEL_UNSET;
}

static int all_labels(struct labels labels, struct arena *scratch, struct model_value *ret)
{
	struct strbuf sb;

	if (!labels.n)
		return MODEL_UNSET;
	strbuf_init(&sb, LIMIT_SENSOR_WIRE_BYTES);
	for (size_t i = 0; i < labels.n; i++) {
		if (i)
			strbuf_adds(&sb, ", ");
		strbuf_adds(&sb, labels.pairs[i].name);
		strbuf_addc(&sb, ':');
		strbuf_adds(&sb, text_or_empty(labels.pairs[i].value));
	}
	value_text(ret, arena_strndup(scratch, sb.text, sb.len), sb.len);
	strbuf_done(&sb);
	return ret->text ? MODEL_SET : MODEL_UNSET;
}

static int caps_list(uint64_t caps, struct arena *scratch, struct model_value *ret)
{
	struct model_value *list = arena_alloc(scratch, SENSOR_CAPABILITIES * sizeof(*list));
	size_t n = 0;

	for (unsigned i = 0; list && i < SENSOR_CAPABILITIES; i++)
		if (caps >> i & 1)
			value_str(&list[n++], sensor_capability_name(i));
	ret->list = list;
	ret->n = n;
	return list ? MODEL_SET : MODEL_UNSET;
}

static int text_list(const char *const *texts, size_t n, struct arena *scratch, struct model_value *ret)
{
	struct model_value *list = arena_alloc(scratch, (n + 1) * sizeof(*list));

	for (size_t i = 0; list && i < n; i++)
		value_str(&list[i], texts[i]);
	ret->list = list;
	ret->n = n;
	return list ? MODEL_SET : MODEL_UNSET;
}

static int on_host(enum model_field_id id, struct model_value *ret)
{
	switch (id) {
	case MODEL_F_CONTAINER_ID: case MODEL_F_CONTAINER_NAME: case MODEL_F_CONTAINER_TYPE: case MODEL_F_CONTAINER_RUNTIME:
		return value_str(ret, "host");
	default:
		return MODEL_UNSET;
	}
}

static int plain_text(const struct runtime_container *c, enum model_field_id id, struct model_value *ret)
{
	switch (id) {
	case MODEL_F_CONTAINER_FULL_ID: return value_str(ret, c->id);
	case MODEL_F_CONTAINER_NAME: return value_str(ret, c->name);
	case MODEL_F_CONTAINER_TYPE: case MODEL_F_CONTAINER_RUNTIME: return value_str(ret, runtime_kind_name(c->kind));
	case MODEL_F_CONTAINER_IMAGE: return value_str(ret, c->image);
	case MODEL_F_CONTAINER_IMAGE_REPOSITORY: return value_str(ret, c->image_repository);
	case MODEL_F_CONTAINER_IMAGE_TAG: return value_str(ret, c->image_tag);
	case MODEL_F_CONTAINER_IMAGE_DIGEST: return value_str(ret, c->image_digest);
	case MODEL_F_CONTAINER_USER: return value_str(ret, c->user);
	case MODEL_F_CONTAINER_HEALTHCHECK: return value_str(ret, c->healthcheck);
	case MODEL_F_CONTAINER_LIVENESS_PROBE: return value_str(ret, c->liveness_probe);
	case MODEL_F_CONTAINER_READINESS_PROBE: return value_str(ret, c->readiness_probe);
	case MODEL_F_CONTAINER_IP: return value_str(ret, c->ip);
	/* CNI results are kept by the CRI runtimes only and are not read. */
	default: return MODEL_UNSET;
	}
}

int sensor_fields_container(const struct sensor_record *r, const struct model_field_ref *f, struct arena *scratch, struct model_value *ret)
{
	const struct runtime_container *c = r->container;
	uint64_t now = sensor_state_epoch_ns(r->state, r->view->event->ts_ns);

	if (!c)
		return r->process ? on_host(f->id, ret) : MODEL_UNSET;
	switch (f->id) {
	case MODEL_F_CONTAINER_ID:
		/* Whoever names a container may call it "host": it is none for that (checks of the kernel rely on it, detect/demand.h). */
		return c->id && strcmp(c->id, "host") == 0 ? value_str(ret, "host (container)") : short_id(c->id, scratch, ret);
	case MODEL_F_CONTAINER_IMAGE_ID:
		return short_id(c->image_id && strncmp(c->image_id, "sha256:", 7) == 0 ? c->image_id + 7 : c->image_id, scratch, ret);
	case MODEL_F_CONTAINER_PRIVILEGED: return tri(c->privileged, ret);
	case MODEL_F_CONTAINER_CAPS: return caps_list(c->caps_bounding, scratch, ret);
	case MODEL_F_CONTAINER_MOUNTS: return all_mounts(c, scratch, ret);
	case MODEL_F_CONTAINER_MOUNT ... MODEL_F_CONTAINER_MOUNT_PROPAGATION: return mount_value(c, f, scratch, ret);
	case MODEL_F_CONTAINER_START_TS: return c->started_ns ? value_u64(ret, c->started_ns) : MODEL_UNSET;
	case MODEL_F_CONTAINER_DURATION: return c->started_ns && now >= c->started_ns ? value_u64(ret, now - c->started_ns) : MODEL_UNSET;
	case MODEL_F_CONTAINER_HOST_PID: return tri(c->host_pid, ret);
	case MODEL_F_CONTAINER_HOST_NETWORK: return tri(c->host_network, ret);
	case MODEL_F_CONTAINER_HOST_IPC: return tri(c->host_ipc, ret);
	case MODEL_F_CONTAINER_READ_ONLY: return tri(c->read_only, ret);
	case MODEL_F_CONTAINER_ROOTLESS: return value_bool(ret, c->rootless);
	case MODEL_F_CONTAINER_LABEL: return label(labels_of(c), f->key, ret);
	case MODEL_F_CONTAINER_LABELS: return all_labels(labels_of(c), scratch, ret);
	case MODEL_F_CONTAINER_SECURITY_OPT: return text_list(c->security_opts, c->n_security_opts, scratch, ret);
	default: return plain_text(c, f->id, ret);
	}
}

int sensor_fields_k8s(const struct sensor_record *r, const struct model_field_ref *f, struct arena *scratch, struct model_value *ret)
{
	const struct runtime_container *c = r->container;

	if (!c || !(c->pod_name || c->pod_uid))
		return MODEL_UNSET;
	switch (f->id) {
	case MODEL_F_K8S_NS_NAME: return value_str(ret, c->pod_namespace);
	case MODEL_F_K8S_POD_NAME: return value_str(ret, c->pod_name);
	case MODEL_F_K8S_POD_ID: case MODEL_F_K8S_POD_SANDBOX_ID: return short_id(c->pod_sandbox_id, scratch, ret);
	case MODEL_F_K8S_POD_FULL_SANDBOX_ID: return value_str(ret, c->pod_sandbox_id);
	case MODEL_F_K8S_POD_UID: return value_str(ret, c->pod_uid);
	case MODEL_F_K8S_POD_LABEL: return label(labels_of_pod(c), f->key, ret);
	case MODEL_F_K8S_POD_LABELS: return all_labels(labels_of_pod(c), scratch, ret);
	case MODEL_F_K8S_POD_IP: return value_str(ret, c->ip);
	case MODEL_F_K8S_CONTAINER_NAME: return value_str(ret, c->pod_container_name);
	default: return MODEL_UNSET;
	}
}
