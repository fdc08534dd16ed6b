/* SPDX-License-Identifier: Apache-2.0 */
#include "posture/kubernetes/manifest.h"

#include <string.h>

/* Where a kind keeps its pod. Kinds of others that hold a pod template like these are taken as workloads, too. */
static const struct pod_place { const char *kind, *holder; } pod_places[] = {
	{ "Pod", "" }, { "PodTemplate", "template" },
	{ "Deployment", "spec.template" }, { "DaemonSet", "spec.template" }, { "StatefulSet", "spec.template" }, { "ReplicaSet", "spec.template" },
	{ "ReplicationController", "spec.template" }, { "Job", "spec.template" }, { "DeploymentConfig", "spec.template" },
	{ "CronJob", "spec.jobTemplate.spec.template" },
};
static const char *const other_places[] = { "spec.template", "spec.podTemplate", "spec.jobTemplate.spec.template" };

static const struct nodes_row pod_rows[] = {
	{ MODEL_F_POD_HOST_NETWORK, NODES_BOOL, "hostNetwork" },
	{ MODEL_F_POD_HOST_PID, NODES_BOOL, "hostPID" },
	{ MODEL_F_POD_HOST_IPC, NODES_BOOL, "hostIPC" },
	{ MODEL_F_POD_HOST_USERS, NODES_BOOL, "hostUsers" },
	{ MODEL_F_POD_SHARE_PROCESS_NAMESPACE, NODES_BOOL, "shareProcessNamespace" },
	{ MODEL_F_POD_RESTART_POLICY, NODES_TEXT, "restartPolicy" },
	{ MODEL_F_POD_RUNTIME_CLASS, NODES_TEXT, "runtimeClassName" },
	{ MODEL_F_POD_PRIORITY_CLASS, NODES_TEXT, "priorityClassName" },
	{ MODEL_F_POD_SERVICE_ACCOUNT_DEPRECATED, NODES_TEXT, "serviceAccount" },
	{ MODEL_F_POD_AUTOMOUNT_TOKEN, NODES_BOOL, "automountServiceAccountToken" },
	{ MODEL_F_POD_HAS_SECURITY_CONTEXT, NODES_SAYS, "securityContext" },
	{ MODEL_F_POD_OS, NODES_TEXT, "os.name" },
	{ MODEL_F_POD_RUN_AS_USER, NODES_INT, "securityContext.runAsUser" },
	{ MODEL_F_POD_RUN_AS_GROUP, NODES_INT, "securityContext.runAsGroup" },
	{ MODEL_F_POD_RUN_AS_NON_ROOT, NODES_BOOL, "securityContext.runAsNonRoot" },
	{ MODEL_F_POD_FS_GROUP, NODES_INT, "securityContext.fsGroup" },
	{ MODEL_F_POD_FS_GROUP_CHANGE_POLICY, NODES_TEXT, "securityContext.fsGroupChangePolicy" },
	{ MODEL_F_POD_SYSCTLS, NODES_NAMES, "securityContext.sysctls" },
	{ MODEL_F_POD_SECCOMP, NODES_TEXT, "securityContext.seccompProfile.type" },
	{ MODEL_F_POD_APPARMOR, NODES_TEXT, "securityContext.appArmorProfile.type" },
	{ MODEL_F_POD_SELINUX_TYPE, NODES_TEXT, "securityContext.seLinuxOptions.type" },
	{ MODEL_F_POD_SELINUX_USER, NODES_TEXT, "securityContext.seLinuxOptions.user" },
	{ MODEL_F_POD_SELINUX_ROLE, NODES_TEXT, "securityContext.seLinuxOptions.role" },
	{ MODEL_F_POD_SELINUX_LEVEL, NODES_TEXT, "securityContext.seLinuxOptions.level" },
	{ MODEL_F_POD_WINDOWS_HOST_PROCESS, NODES_BOOL, "securityContext.windowsOptions.hostProcess" },
};

static const struct posture_value *pod_keyed(const struct posture_record *record, const struct model_field_ref *field, struct arena *scratch)
{
	const struct k8s_pod *p = k8s_pod_of(record);
	const char *file = p->object->file;

	switch (field->id) {
	case MODEL_F_POD_LABEL:
		return nodes_ask_key(file, nodes_get(p->metadata, "labels"), field->key, scratch);
	case MODEL_F_POD_ANNOTATION:
		return nodes_ask_key(file, nodes_get(p->metadata, "annotations"), field->key, scratch);
	case MODEL_F_POD_VALUE:
	case MODEL_F_POD_VALUES:
		return nodes_ask(file, p->node, field->key, field->id == MODEL_F_POD_VALUES, scratch);
	default:
		return NULL;
	}
}

/* ---- volumes ---- */

/* The key beside `name` says what kind of volume it is; without one it is an emptyDir (defaults of core/v1). */
static const char *volume_kind(const struct yaml_node *volume)
{
	for (size_t i = 0; volume->kind == YAML_MAPPING && i < volume->n; i++) {
		const char *key = yaml_text(volume->pairs[i].key);
		if (key && strcmp(key, "name") != 0 && !yaml_is_null(volume->pairs[i].value))
			return key;
	}
	return "emptyDir";
}

static void read_volumes(const struct nodes_base *base)
{
	const struct yaml_node *volumes = nodes_get(base->node, "volumes");
	struct nodes_list kinds = { 0 }, paths = { 0 };
	const struct yaml_node *first = NULL;
	size_t first_at = 0;

	if (!volumes || volumes->kind != YAML_SEQUENCE)
		return;
	for (size_t i = 0; i < volumes->n; i++) {
		const char *path = nodes_text(volumes->items[i], "hostPath.path");

		nodes_list_add(base->set, &kinds, volume_kind(volumes->items[i]));
		if (path && !first) {
			first = volumes->items[i];
			first_at = i;
		}
		if (path)
			nodes_list_add(base->set, &paths, nodes_clean_path(base->set, path));
	}
	posture_at(posture_set_texts(base->record, MODEL_F_POD_VOLUME_KINDS, kinds.texts, kinds.n),
		   nodes_place(base, volumes, nodes_path(base->set, base->path, "volumes")));
	if (first)
		posture_at(nodes_list_set(base->record, MODEL_F_POD_HOST_PATHS, &paths),
			   nodes_place(base, first, nodes_path_index(base->set, nodes_path(base->set, base->path, "volumes"), first_at)));
}

/* ---- annotations, secrets, and the rest that is several values ---- */

/* Values of the annotations whose names begin with the prefix; of a profile of the node (localhost/NAME) only that it is one. */
static void read_annotations(const struct nodes_base *base, const struct yaml_node *metadata, enum model_field_id field,
			     const char *prefix, const char *whole)
{
	const struct yaml_node *annotations = nodes_get(metadata, "annotations");
	const struct yaml_node *first = NULL;
	struct nodes_list values = { 0 };

	for (size_t i = 0; annotations && annotations->kind == YAML_MAPPING && i < annotations->n; i++) {
		const char *key = yaml_text(annotations->pairs[i].key), *value = yaml_text(annotations->pairs[i].value);

		if (!key || !value || (strncmp(key, prefix, strlen(prefix)) != 0 && !(whole && strcmp(key, whole) == 0)))
			continue;
		nodes_list_add(base->set, &values, strncmp(value, "localhost/", 10) == 0 ? "localhost" : value);
		first = first ? first : annotations->pairs[i].value;
	}
	if (first)
		posture_at(nodes_list_set(base->record, field, &values), nodes_place(base, first, "metadata.annotations"));
}

static void read_groups(const struct nodes_base *base)
{
	const struct yaml_node *groups = nodes_get(base->node, "securityContext.supplementalGroups");
	uint64_t *numbers = groups && groups->kind == YAML_SEQUENCE ? posture_alloc(base->set, (groups->n + 1) * sizeof(*numbers)) : NULL;
	size_t n = 0;
	int64_t number;

	for (size_t i = 0; numbers && i < groups->n; i++)
		if (nodes_int(groups->items[i], &number) && number >= 0)
			numbers[n++] = (uint64_t)number;
	if (numbers)
		posture_at(posture_set_uints(base->record, MODEL_F_POD_SUPPLEMENTAL_GROUPS, numbers, n),
			   nodes_place(base, groups, nodes_path(base->set, base->path, "securityContext.supplementalGroups")));
}

static void read_host_aliases(const struct nodes_base *base)
{
	const struct yaml_node *aliases = nodes_get(base->node, "hostAliases");
	struct nodes_list names = { 0 };

	for (size_t i = 0; aliases && aliases->kind == YAML_SEQUENCE && i < aliases->n; i++) {
		const struct yaml_node *hosts = nodes_get(aliases->items[i], "hostnames");

		for (size_t k = 0; hosts && hosts->kind == YAML_SEQUENCE && k < hosts->n; k++)
			nodes_list_add(base->set, &names, yaml_text(hosts->items[k]));
		if (!hosts || hosts->n == 0)
			nodes_list_add(base->set, &names, nodes_text(aliases->items[i], "ip"));
	}
	if (names.n > 0)
		posture_at(nodes_list_set(base->record, MODEL_F_POD_HOST_ALIASES, &names),
			   nodes_place(base, aliases, nodes_path(base->set, base->path, "hostAliases")));
}

static void add_container_secrets(const struct nodes_base *base, const struct yaml_node *container, struct nodes_list *secrets)
{
	const struct yaml_node *env = nodes_get(container, "env"), *from = nodes_get(container, "envFrom");

	for (size_t i = 0; env && env->kind == YAML_SEQUENCE && i < env->n; i++)
		nodes_list_add(base->set, secrets, nodes_text(env->items[i], "valueFrom.secretKeyRef.name"));
	for (size_t i = 0; from && from->kind == YAML_SEQUENCE && i < from->n; i++)
		nodes_list_add(base->set, secrets, nodes_text(from->items[i], "secretRef.name"));
}

static void read_secrets(const struct nodes_base *base)
{
	const struct yaml_node *volumes = nodes_get(base->node, "volumes"), *containers = nodes_get(base->node, "containers");
	struct nodes_list secrets = { 0 }, images = { 0 };

	for (size_t i = 0; volumes && volumes->kind == YAML_SEQUENCE && i < volumes->n; i++)
		nodes_list_add(base->set, &secrets, nodes_text(volumes->items[i], "secret.secretName"));
	for (size_t i = 0; containers && containers->kind == YAML_SEQUENCE && i < containers->n; i++) {
		add_container_secrets(base, containers->items[i], &secrets);
		nodes_list_add(base->set, &images, nodes_text(containers->items[i], "image"));
	}
	nodes_list_set(base->record, MODEL_F_POD_SECRETS, &secrets);
	nodes_list_set(base->record, MODEL_F_POD_IMAGES, &images);
}

static void read_account(const struct nodes_base *base)
{
	const struct yaml_node *name = nodes_get(base->node, "serviceAccountName");
	const char *key = "serviceAccountName";

	if (!name || !yaml_text(name)) {
		name = nodes_get(base->node, "serviceAccount");
		key = "serviceAccount";
	}
	if (name && yaml_text(name) && *yaml_text(name))
		posture_at(posture_set_text(base->record, MODEL_F_POD_SERVICE_ACCOUNT, yaml_text(name)),
			   nodes_place(base, name, nodes_path(base->set, base->path, key)));
	else
		posture_said(posture_set_text(base->record, MODEL_F_POD_SERVICE_ACCOUNT, "default"), POSTURE_FROM_DEFAULT, NULL);
}

static void complain(struct posture_set *set, const struct k8s_pod *pod, const struct yaml_node *node, const char *expected, const char *key)
{
	posture_problem(set, MODEL_LAYER_ORCHESTRATOR,
			(struct posture_place){ .file = pod->object->file, .line = node->line, .column = node->column,
						.path = nodes_path(set, pod->path, key) },
			"not judged: expected a %s for %s of %s", expected, key, pod->object->record->name);
}

/* More than anybody writes: what goes beyond is not compared, and that is told. */
static void check_sizes(struct posture_set *set, const struct k8s_pod *pod)
{
	static const char *const keys[] = { "initContainers", "containers", "ephemeralContainers", "volumes" };
	const struct yaml_node *annotations = nodes_get(pod->metadata, "annotations");

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		const struct yaml_node *list = nodes_get(pod->node, keys[i]);
		if (list && list->n > MANIFEST_PARTS_MAX)
			complain(set, pod, list, "list of at most 1,000", keys[i]);
	}
	if (annotations && annotations->n > MANIFEST_PARTS_MAX)
		complain(set, pod, annotations, "mapping of at most 1,000", "annotations");
}

static void read_containers(struct posture_set *set, struct k8s_pod *pod)
{
	static const struct { const char *key, *role; } lists[] = {
		{ "initContainers", "init" }, { "containers", "container" }, { "ephemeralContainers", "ephemeral" },
	};

	for (size_t k = 0; k < ARRAY_LEN(lists); k++) {
		const struct yaml_node *list = nodes_get(pod->node, lists[k].key);

		if (list && list->kind != YAML_SEQUENCE)
			complain(set, pod, list, "list", lists[k].key);
		for (size_t i = 0; list && list->kind == YAML_SEQUENCE && i < list->n && i < MANIFEST_PARTS_MAX; i++) {
			if (list->items[i]->kind == YAML_MAPPING)
				k8s_read_container(set, pod, list->items[i],
						   nodes_path_index(set, nodes_path(set, pod->path, lists[k].key), i), lists[k].role);
			else
				complain(set, pod, list->items[i], "mapping", lists[k].key);
		}
	}
}

/* ---- where it is ---- */

static const struct yaml_node *find_holder(const struct k8s_object *o, const char **ret_path)
{
	for (size_t i = 0; i < ARRAY_LEN(pod_places); i++) {
		if (strcmp(pod_places[i].kind, o->kind) == 0) {
			const struct yaml_node *holder = nodes_get(o->node, pod_places[i].holder);
			*ret_path = pod_places[i].holder;
			return nodes_get(holder, "spec") ? holder : NULL;
		}
	}
	for (size_t i = 0; i < ARRAY_LEN(other_places); i++) {
		const struct yaml_node *holder = nodes_get(o->node, other_places[i]);
		if (nodes_get(holder, "spec.containers")) {
			*ret_path = other_places[i];
			return holder;
		}
	}
	return NULL;
}

void k8s_read_pod(struct posture_set *set, struct k8s_object *o)
{
	const char *holder_path = "";
	const struct yaml_node *holder = find_holder(o, &holder_path), *spec = nodes_get(holder, "spec");
	struct k8s_pod *p = spec && spec->kind == YAML_MAPPING ? posture_alloc(set, sizeof(*p)) : NULL;
	static const struct nodes_row label_rows[] = { { MODEL_F_POD_LABELS, NODES_KEYS, "labels" } };
	struct nodes_base base;
	const char *seccomp;

	if (spec && spec->kind != YAML_MAPPING)
		posture_problem(set, MODEL_LAYER_ORCHESTRATOR, (struct posture_place){ .file = o->file, .line = spec->line, .column = spec->column },
				"not judged: expected a mapping as spec of %s", o->record->name);
	if (!p)
		return;
	*p = (struct k8s_pod){ .object = o, .node = spec, .metadata = nodes_get(holder, "metadata"), .path = nodes_path(set, holder_path, "spec") };
	p->record = posture_record_new(set, MODEL_KIND_K8S_POD, o->record, o->record->name,
				       (struct posture_place){ .file = o->file, .line = spec->line, .column = spec->column, .path = p->path });
	p->record->own = p;
	p->record->keyed = pod_keyed;
	o->pod = p;
	base = (struct nodes_base){ .set = set, .record = p->record, .file = o->file, .node = spec, .path = p->path };
	posture_set_text(p->record, MODEL_F_POD_PATH, p->path);
	nodes_take(&base, pod_rows, ARRAY_LEN(pod_rows));
	posture_set_bool(p->record, MODEL_F_POD_HAS_ANTI_AFFINITY, nodes_get(spec, "affinity.podAntiAffinity"));
	read_account(&base);
	read_groups(&base);
	read_volumes(&base);
	read_host_aliases(&base);
	read_secrets(&base);
	read_annotations(&base, p->metadata, MODEL_F_POD_APPARMOR_ANNOTATIONS, "container.apparmor.security.beta.kubernetes.io/", NULL);
	read_annotations(&base, p->metadata, MODEL_F_POD_SECCOMP_ANNOTATIONS, "container.seccomp.security.alpha.kubernetes.io/",
			 "seccomp.security.alpha.kubernetes.io/pod");
	seccomp = nodes_text_of_key(nodes_get(p->metadata, "annotations"), "seccomp.security.alpha.kubernetes.io/pod");
	if (seccomp)
		posture_set_text(p->record, MODEL_F_POD_SECCOMP_ANNOTATION, seccomp);
	check_sizes(set, p);
	base.node = p->metadata;
	base.path = nodes_path(set, holder_path, "metadata");
	nodes_take(&base, label_rows, ARRAY_LEN(label_rows));
	read_containers(set, p);
}
