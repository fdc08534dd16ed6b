/* SPDX-License-Identifier: Apache-2.0 */
#include "posture/kubernetes/manifest.h"

#include <string.h>

/* Groups and versions that were taken away, with the minor version that did not serve them any more (Kubernetes, "Deprecated API
 * Migration Guide"). kind NULL: all of that version. */
static const struct removed_api { const char *api_version, *kind; unsigned minor; } removed_apis[] = {
	{ "extensions/v1beta1", "Ingress", 22 }, { "extensions/v1beta1", NULL, 16 },
	{ "apps/v1beta1", NULL, 16 }, { "apps/v1beta2", NULL, 16 },
	{ "batch/v2alpha1", NULL, 21 }, { "batch/v1beta1", NULL, 25 },
	{ "networking.k8s.io/v1beta1", NULL, 22 }, { "policy/v1beta1", NULL, 25 },
	{ "rbac.authorization.k8s.io/v1alpha1", NULL, 22 }, { "rbac.authorization.k8s.io/v1beta1", NULL, 22 },
	{ "admissionregistration.k8s.io/v1beta1", "MutatingWebhookConfiguration", 22 },
	{ "admissionregistration.k8s.io/v1beta1", "ValidatingWebhookConfiguration", 22 },
	{ "apiextensions.k8s.io/v1beta1", NULL, 22 }, { "apiregistration.k8s.io/v1beta1", NULL, 22 },
	{ "authentication.k8s.io/v1beta1", NULL, 22 }, { "authorization.k8s.io/v1beta1", NULL, 22 },
	{ "certificates.k8s.io/v1beta1", "CertificateSigningRequest", 22 }, { "coordination.k8s.io/v1beta1", "Lease", 22 },
	{ "scheduling.k8s.io/v1alpha1", "PriorityClass", 22 }, { "scheduling.k8s.io/v1beta1", NULL, 22 },
	{ "storage.k8s.io/v1beta1", "CSIDriver", 22 }, { "storage.k8s.io/v1beta1", "CSINode", 22 },
	{ "storage.k8s.io/v1beta1", "StorageClass", 22 }, { "storage.k8s.io/v1beta1", "VolumeAttachment", 22 },
	{ "storage.k8s.io/v1beta1", "CSIStorageCapacity", 27 },
	{ "autoscaling/v2beta1", NULL, 25 }, { "autoscaling/v2beta2", NULL, 26 },
	{ "discovery.k8s.io/v1beta1", NULL, 25 }, { "events.k8s.io/v1beta1", NULL, 25 }, { "node.k8s.io/v1beta1", NULL, 25 },
	{ "flowcontrol.apiserver.k8s.io/v1beta1", NULL, 26 }, { "flowcontrol.apiserver.k8s.io/v1beta2", NULL, 29 },
	{ "flowcontrol.apiserver.k8s.io/v1beta3", NULL, 32 },
};

/* Kinds that live in no namespace; of all others that have a group of Kubernetes' own (no dot, or ending in k8s.io) it is taken that they do. */
static const char *const cluster_kinds[] = {
	"Namespace", "Node", "PersistentVolume", "ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition", "APIService", "StorageClass",
	"CSIDriver", "CSINode", "VolumeAttachment", "PriorityClass", "RuntimeClass", "IngressClass", "MutatingWebhookConfiguration",
	"ValidatingWebhookConfiguration", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "MutatingAdmissionPolicy",
	"MutatingAdmissionPolicyBinding", "CertificateSigningRequest", "PodSecurityPolicy", "FlowSchema", "PriorityLevelConfiguration",
	"ComponentStatus", "TokenReview", "SubjectAccessReview", "ClusterTrustBundle", "IPAddress", "ServiceCIDR",
};

static const struct nodes_row object_rows[] = {
	{ MODEL_F_OBJECT_NAMESPACE, NODES_TEXT, "metadata.namespace" },
	{ MODEL_F_OBJECT_LABELS, NODES_KEYS, "metadata.labels" },
	{ MODEL_F_OBJECT_ANNOTATIONS, NODES_KEYS, "metadata.annotations" },
};

const char *k8s_namespace(const struct k8s_object *object)
{
	return object->ns && *object->ns ? object->ns : "default";
}

static const struct posture_value *object_keyed(const struct posture_record *record, const struct model_field_ref *field, struct arena *scratch)
{
	const struct k8s_object *o = k8s_object_of(record);

	switch (field->id) {
	case MODEL_F_OBJECT_LABEL:
		return nodes_ask_key(o->file, nodes_get(o->node, "metadata.labels"), field->key, scratch);
	case MODEL_F_OBJECT_ANNOTATION:
		return nodes_ask_key(o->file, nodes_get(o->node, "metadata.annotations"), field->key, scratch);
	case MODEL_F_OBJECT_VALUE:
	case MODEL_F_OBJECT_VALUES:
		return nodes_ask(o->file, o->node, field->key, field->id == MODEL_F_OBJECT_VALUES, scratch);
	default:
		return NULL;
	}
}

/* Whether `minor` (0: the latest) does not serve the object any more. */
static bool is_removed(const struct k8s_object *o, unsigned minor)
{
	for (size_t i = 0; i < ARRAY_LEN(removed_apis); i++) {
		const struct removed_api *r = &removed_apis[i];

		if (strcmp(r->api_version, o->api_version) == 0 && (!r->kind || strcmp(r->kind, o->kind) == 0))
			return minor == 0 || minor >= r->minor;
	}
	return false;
}

static bool is_cluster_wide(const char *kind)
{
	for (size_t i = 0; i < ARRAY_LEN(cluster_kinds); i++)
		if (strcmp(cluster_kinds[i], kind) == 0)
			return true;
	return false;
}

/* Files of configuration look like objects, too: kustomize.config.k8s.io, kubelet.config.k8s.io, audit.k8s.io. */
static bool is_known_group(const char *group)
{
	size_t len = strlen(group);

	if (strstr(group, ".config.k8s.io") || strcmp(group, "audit.k8s.io") == 0 || strcmp(group, "kubeadm.k8s.io") == 0)
		return false;
	return !strchr(group, '.') || (len >= 7 && strcmp(group + len - 7, ".k8s.io") == 0);
}

static void describe(struct posture_set *set, struct k8s_object *o)
{
	struct nodes_base base = { .set = set, .record = o->record, .file = o->file, .node = o->node, .path = "" };

	posture_set_text(o->record, MODEL_F_OBJECT_KIND, o->kind);
	posture_set_text(o->record, MODEL_F_OBJECT_API_VERSION, o->api_version);
	posture_set_text(o->record, MODEL_F_OBJECT_API_GROUP, o->group);
	if (*o->name)
		posture_set_text(o->record, MODEL_F_OBJECT_NAME, o->name);
	nodes_take(&base, object_rows, ARRAY_LEN(object_rows));
	if (is_known_group(o->group) || is_cluster_wide(o->kind))
		posture_set_bool(o->record, MODEL_F_OBJECT_IS_NAMESPACED, !is_cluster_wide(o->kind));
	posture_set_bool(o->record, MODEL_F_OBJECT_IS_DEPRECATED, is_removed(o, set->kubernetes_minor));
	posture_set_uint(o->record, MODEL_F_OBJECT_KUBERNETES, set->kubernetes_minor ? set->kubernetes_minor : 9999);
}

static void read_object(struct posture_set *set, const char *file, const struct yaml_node *node, const char *inherited_kind)
{
	struct k8s_object *o = posture_alloc(set, sizeof(*o));
	const char *kind = nodes_text(node, "kind"), *api = nodes_text(node, "apiVersion"), *name = nodes_text(node, "metadata.name");
	const char *slash = api ? strchr(api, '/') : NULL;

	if (!o)
		return;
	name = name ? name : nodes_text(node, "metadata.generateName");
	o->node = node;
	o->file = file;
	o->kind = kind ? kind : inherited_kind;
	o->api_version = api ? api : "";
	o->group = slash ? posture_printf(set, "%.*s", (int)(slash - api), api) : "";
	o->name = name ? name : "";
	o->ns = nodes_text(node, "metadata.namespace");
	o->record = posture_record_new(set, MODEL_KIND_K8S_OBJECT, NULL,
				       posture_printf(set, "%s %s%s%s", o->kind, o->ns ? o->ns : "", o->ns ? "/" : "", o->name),
				       (struct posture_place){ .file = file, .line = node->line, .column = node->column });
	o->record->own = o;
	o->record->keyed = object_keyed;
	describe(set, o);
	k8s_read_pod(set, o);
	posture_set_bool(o->record, MODEL_F_OBJECT_IS_WORKLOAD, o->pod);
	k8s_read_rights(set, o);
	k8s_read_config(set, o);
}

/* ---- documents ---- */

static bool is_list_kind(const struct yaml_node *node, const char *kind)
{
	const struct yaml_node *items = yaml_get(node, "items");
	size_t len = strlen(kind);

	return items && items->kind == YAML_SEQUENCE && len >= 4 && strcmp(kind + len - 4, "List") == 0;
}

static void read_node(struct posture_set *set, const char *file, const struct yaml_node *node, const char *inherited_kind, unsigned depth,
		      size_t *n)
{
	const char *kind = node->kind == YAML_MAPPING ? nodes_text(node, "kind") : NULL;
	struct posture_place place = { .file = file, .line = node->line, .column = node->column };

	if (!kind)
		kind = node->kind == YAML_MAPPING ? inherited_kind : NULL;
	if (yaml_is_null(node)) {
		return;
	} else if (!kind || !*kind) {
		posture_problem(set, MODEL_LAYER_ORCHESTRATOR, place, "not judged: expected an object with apiVersion and kind");
	} else if (++*n > MANIFEST_OBJECTS_MAX || depth > MANIFEST_LIST_DEPTH_MAX) {
		if (*n == MANIFEST_OBJECTS_MAX + 1 || depth > MANIFEST_LIST_DEPTH_MAX)
			posture_problem(set, MODEL_LAYER_ORCHESTRATOR, place, "not judged: too many objects, or lists in lists");
	} else if (is_list_kind(node, kind)) {
		const struct yaml_node *items = yaml_get(node, "items");
		/* The items of a PodList are pods, whether they say so or not. */
		const char *of_items = strcmp(kind, "List") == 0 ? NULL : posture_printf(set, "%.*s", (int)strlen(kind) - 4, kind);

		for (size_t i = 0; i < items->n; i++)
			read_node(set, file, items->items[i], of_items, depth + 1, n);
	} else {
		read_object(set, file, node, kind);
	}
}

static void read_file(struct posture_set *set, struct posture_file *file)
{
	const struct posture_record *last = set->last[MODEL_KIND_K8S_OBJECT];
	struct yaml_file *yaml = posture_file_yaml(set, file);
	size_t n = 0;

	if (!yaml) {
		const struct err *e = file->yaml_err;
		posture_problem(set, MODEL_LAYER_ORCHESTRATOR,
				(struct posture_place){ .file = file->path, .line = e ? e->line : 0, .column = e ? e->column : 0 },
				"not judged: %s", e ? e->text : "out of room");
		return;
	}
	for (size_t i = 0; i < yaml->n_docs; i++) {
		const struct yaml_node *doc = yaml->docs[i];

		if (doc->kind == YAML_SEQUENCE) {       /* kubectl get -o json | jq .items, and the like */
			for (size_t k = 0; k < doc->n; k++)
				read_node(set, file->path, doc->items[k], NULL, 1, &n);
		} else {
			read_node(set, file->path, doc, NULL, 0, &n);
		}
	}
	k8s_read_waivers(set, file, last ? last->next : set->first[MODEL_KIND_K8S_OBJECT]);
}

/* A document that begins like an object of Kubernetes. Helm's templates look so, too, and are told as what cannot be read. */
static bool is_mine(struct posture_set *set, struct posture_file *file)
{
	struct yaml_file *yaml;

	if (!memmem(file->text, file->len, "apiVersion", 10) || !memmem(file->text, file->len, "kind", 4))
		return false;
	yaml = posture_file_yaml(set, file);
	if (!yaml) {
		const char *text = strstr(file->text, "apiVersion:");
		return text && (text == file->text || text[-1] == '\n');
	}
	for (size_t i = 0; i < yaml->n_docs; i++) {
		const struct yaml_node *doc = yaml->docs[i];

		if (doc->kind == YAML_SEQUENCE && doc->n > 0)
			doc = doc->items[0];
		if (yaml_get(doc, "apiVersion") && yaml_get(doc, "kind"))
			return true;
	}
	return false;
}

static void finish(struct posture_set *set)
{
	k8s_link(set);
	k8s_link_rights(set);
}

const struct posture_reader kubernetes_reader = { "kubernetes", "Kubernetes manifests", is_mine, read_file, finish };
