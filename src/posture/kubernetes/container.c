/* SPDX-License-Identifier: Apache-2.0 */
#include "base/map.h"
#include "posture/kubernetes/image.h"
#include "posture/kubernetes/manifest.h"
#include "posture/kubernetes/secrets.h"
#include "posture/node/node.h"

#include <string.h>

static const struct nodes_row container_rows[] = {
	{ MODEL_F_CONTAINER_NAME, NODES_TEXT, "name" },
	{ MODEL_F_CONTAINER_PULL_POLICY, NODES_TEXT, "imagePullPolicy" },
	{ MODEL_F_CONTAINER_RESTART_POLICY, NODES_TEXT, "restartPolicy" },
	{ MODEL_F_CONTAINER_HAS_SECURITY_CONTEXT, NODES_SAYS, "securityContext" },
	{ MODEL_F_CONTAINER_PRIVILEGED, NODES_BOOL, "securityContext.privileged" },
	{ MODEL_F_CONTAINER_READ_ONLY, NODES_BOOL, "securityContext.readOnlyRootFilesystem" },
	{ MODEL_F_CONTAINER_ALLOW_PRIVILEGE_ESCALATION, NODES_BOOL, "securityContext.allowPrivilegeEscalation" },
	{ MODEL_F_CONTAINER_RUN_AS_USER_OWN, NODES_INT, "securityContext.runAsUser" },
	{ MODEL_F_CONTAINER_RUN_AS_GROUP_OWN, NODES_INT, "securityContext.runAsGroup" },
	{ MODEL_F_CONTAINER_RUN_AS_NON_ROOT_OWN, NODES_BOOL, "securityContext.runAsNonRoot" },
	{ MODEL_F_CONTAINER_PROC_MOUNT, NODES_TEXT, "securityContext.procMount" },
	{ MODEL_F_CONTAINER_CAPS_ADD, NODES_TEXTS, "securityContext.capabilities.add" },
	{ MODEL_F_CONTAINER_CAPS_DROP, NODES_TEXTS, "securityContext.capabilities.drop" },
	{ MODEL_F_CONTAINER_SECCOMP_OWN, NODES_TEXT, "securityContext.seccompProfile.type" },
	{ MODEL_F_CONTAINER_APPARMOR_OWN, NODES_TEXT, "securityContext.appArmorProfile.type" },
	{ MODEL_F_CONTAINER_SELINUX_TYPE, NODES_TEXT, "securityContext.seLinuxOptions.type" },
	{ MODEL_F_CONTAINER_SELINUX_USER, NODES_TEXT, "securityContext.seLinuxOptions.user" },
	{ MODEL_F_CONTAINER_SELINUX_ROLE, NODES_TEXT, "securityContext.seLinuxOptions.role" },
	{ MODEL_F_CONTAINER_SELINUX_LEVEL, NODES_TEXT, "securityContext.seLinuxOptions.level" },
	{ MODEL_F_CONTAINER_WINDOWS_HOST_PROCESS_OWN, NODES_BOOL, "securityContext.windowsOptions.hostProcess" },
	{ MODEL_F_CONTAINER_CPU_LIMIT, NODES_TEXT, "resources.limits.cpu" },
	{ MODEL_F_CONTAINER_MEMORY_LIMIT, NODES_TEXT, "resources.limits.memory" },
	{ MODEL_F_CONTAINER_STORAGE_LIMIT, NODES_TEXT, "resources.limits.ephemeral-storage" },
	{ MODEL_F_CONTAINER_CPU_REQUEST, NODES_TEXT, "resources.requests.cpu" },
	{ MODEL_F_CONTAINER_MEMORY_REQUEST, NODES_TEXT, "resources.requests.memory" },
	{ MODEL_F_CONTAINER_STORAGE_REQUEST, NODES_TEXT, "resources.requests.ephemeral-storage" },
};

/* What holds for a container that says nothing itself: the pod's. */
static const struct { enum model_field_id effective, own, pod; } inherited[] = {
	{ MODEL_F_CONTAINER_RUN_AS_USER, MODEL_F_CONTAINER_RUN_AS_USER_OWN, MODEL_F_POD_RUN_AS_USER },
	{ MODEL_F_CONTAINER_RUN_AS_GROUP, MODEL_F_CONTAINER_RUN_AS_GROUP_OWN, MODEL_F_POD_RUN_AS_GROUP },
	{ MODEL_F_CONTAINER_RUN_AS_NON_ROOT, MODEL_F_CONTAINER_RUN_AS_NON_ROOT_OWN, MODEL_F_POD_RUN_AS_NON_ROOT },
	{ MODEL_F_CONTAINER_SECCOMP, MODEL_F_CONTAINER_SECCOMP_OWN, MODEL_F_POD_SECCOMP },
	{ MODEL_F_CONTAINER_APPARMOR, MODEL_F_CONTAINER_APPARMOR_OWN, MODEL_F_POD_APPARMOR },
	{ MODEL_F_CONTAINER_WINDOWS_HOST_PROCESS, MODEL_F_CONTAINER_WINDOWS_HOST_PROCESS_OWN, MODEL_F_POD_WINDOWS_HOST_PROCESS },
	{ MODEL_F_CONTAINER_HOST_NETWORK, MODEL_F_MAX, MODEL_F_POD_HOST_NETWORK },
	{ MODEL_F_CONTAINER_HOST_PID, MODEL_F_MAX, MODEL_F_POD_HOST_PID },
	{ MODEL_F_CONTAINER_HOST_IPC, MODEL_F_MAX, MODEL_F_POD_HOST_IPC },
};

static const struct posture_value *own_value(const struct posture_record *record, enum model_field_id field)
{
	for (const struct posture_value *v = record->values; v; v = v->next)
		if (v->field == field)
			return v;
	return NULL;
}

static void inherit(struct posture_record *record)
{
	for (size_t i = 0; i < ARRAY_LEN(inherited); i++) {
		const struct posture_value *from = inherited[i].own == MODEL_F_MAX ? NULL : own_value(record, inherited[i].own);
		struct posture_value *v;

		from = from ? from : own_value(record->parent, inherited[i].pod);
		if (!from)
			continue;
		v = from->state == MODEL_UNKNOWN ? posture_set_unknown(record, inherited[i].effective, from->note) :
			posture_set_unset(record, inherited[i].effective);
		v->state = from->state;
		v->value = from->value;
		v->place = from->place;
	}
}

/* ---- what it runs ---- */

static void read_command(const struct nodes_base *base, struct k8s_container *c)
{
	const struct yaml_node *command = nodes_get(base->node, "command"), *args = nodes_get(base->node, "args");
	struct nodes_list words = { 0 };

	for (size_t i = 0; command && command->kind == YAML_SEQUENCE && i < command->n; i++)
		nodes_list_add(base->set, &words, yaml_text(command->items[i]));
	if (words.n > 0) {
		const char *slash = strrchr(words.texts[0], '/');
		posture_at(posture_set_text(base->record, MODEL_F_CONTAINER_PROGRAM, slash ? slash + 1 : words.texts[0]),
			   nodes_place(base, command, nodes_path(base->set, base->path, "command")));
	}
	for (size_t i = 0; args && args->kind == YAML_SEQUENCE && i < args->n; i++)
		nodes_list_add(base->set, &words, yaml_text(args->items[i]));
	c->command = words.texts;
	c->n_command = words.n;
	if (words.n > 0)
		posture_at(nodes_list_set(base->record, MODEL_F_CONTAINER_COMMAND, &words),
			   nodes_place(base, command ? command : args, nodes_path(base->set, base->path, command ? "command" : "args")));
}

/* The last one counts, as with the flag packages of Go. */
static const char *find_flag(const struct k8s_container *c, const char *flag)
{
	size_t len = strlen(flag);
	const char *value = NULL;

	for (size_t i = 0; i < c->n_command; i++) {
		const char *word = c->command[i];

		if (strncmp(word, flag, len) != 0 || (word[len] != '\0' && word[len] != '='))
			continue;
		value = "";
		if (word[len] == '=')
			value = word + len + 1;
		else if (i + 1 < c->n_command && c->command[i + 1][0] != '-')
			value = c->command[i + 1];
	}
	return value;
}

static const struct yaml_node *find_env(const struct yaml_node *container, const char *name)
{
	const struct yaml_node *env = nodes_get(container, "env");

	for (size_t i = 0; env && env->kind == YAML_SEQUENCE && i < env->n; i++)
		if (nodes_text(env->items[i], "name") && strcmp(nodes_text(env->items[i], "name"), name) == 0)
			return env->items[i];
	return NULL;
}

static const struct posture_value *container_keyed(const struct posture_record *record, const struct model_field_ref *field,
						   struct arena *scratch)
{
	const struct k8s_container *c = k8s_container_of(record);
	const char *file = c->pod->object->file;
	const struct yaml_node *env;

	switch (field->id) {
	case MODEL_F_CONTAINER_FLAG:
		return nodes_said(file, c->node, find_flag(c, field->key), scratch);
	case MODEL_F_CONTAINER_ENV:
		env = find_env(c->node, field->key);
		return env ? nodes_said(file, env, nodes_text(env, "value"), scratch) : NULL;
	case MODEL_F_CONTAINER_VALUE:
	case MODEL_F_CONTAINER_VALUES:
		return nodes_ask(file, c->node, field->key, field->id == MODEL_F_CONTAINER_VALUES, scratch);
	default:
		return NULL;
	}
}

/* ---- environment ---- */

enum { DUPLICATES_MAX = 100 };

struct env { struct nodes_list names, duplicates, secrets, configs, plain, sensitive; struct map seen; };

static void read_variable(const struct nodes_base *base, const struct yaml_node *item, struct env *e)
{
	const char *name = nodes_text(item, "name");
	const struct yaml_node *value = nodes_get(item, "value");
	const char *text = value ? yaml_text(value) : NULL;

	if (!name)
		return;
	if (map_put(&e->seen, name, strlen(name), e) && e->duplicates.n < DUPLICATES_MAX && !nodes_list_has(&e->duplicates, name))
		nodes_list_add(base->set, &e->duplicates, name);
	nodes_list_add(base->set, &e->names, name);
	if (nodes_get(item, "valueFrom.secretKeyRef"))
		nodes_list_add(base->set, &e->secrets, name);
	if (nodes_get(item, "valueFrom.configMapKeyRef"))
		nodes_list_add(base->set, &e->configs, name);
	if (text && secrets_is_plain(name, text, strlen(text)))
		nodes_list_add(base->set, &e->plain, name);
	if (text && *text && secrets_name_is_sensitive(name))
		nodes_list_add(base->set, &e->sensitive, name);
}

static void read_env(const struct nodes_base *base)
{
	const struct yaml_node *env = nodes_get(base->node, "env"), *from = nodes_get(base->node, "envFrom");
	const char *path = nodes_path(base->set, base->path, env ? "env" : "envFrom");
	struct posture_place place;
	struct env e = { 0 };

	if (!env && !from)
		return;
	place = nodes_place(base, env ? env : from, path);
	for (size_t i = 0; env && env->kind == YAML_SEQUENCE && i < env->n; i++)
		read_variable(base, env->items[i], &e);
	for (size_t i = 0; from && from->kind == YAML_SEQUENCE && i < from->n; i++) {
		nodes_list_add(base->set, &e.secrets, nodes_text(from->items[i], "secretRef.name"));
		nodes_list_add(base->set, &e.configs, nodes_text(from->items[i], "configMapRef.name"));
	}
	const struct { enum model_field_id field; const struct nodes_list *list; } out[] = {
		{ MODEL_F_CONTAINER_ENV_NAMES, &e.names }, { MODEL_F_CONTAINER_ENV_DUPLICATES, &e.duplicates },
		{ MODEL_F_CONTAINER_ENV_SECRET_REFS, &e.secrets }, { MODEL_F_CONTAINER_ENV_CONFIG_REFS, &e.configs },
		{ MODEL_F_CONTAINER_ENV_PLAIN_SECRETS, &e.plain }, { MODEL_F_CONTAINER_ENV_SENSITIVE_NAMES, &e.sensitive },
	};
	for (size_t i = 0; i < ARRAY_LEN(out); i++) {
		struct posture_value *v = nodes_list_set(base->record, out[i].field, out[i].list);
		const struct yaml_node *item = v && env ? find_env(base->node, out[i].list->texts[0]) : NULL;
		if (v)
			posture_at(v, item ? nodes_place(base, item, path) : place);
	}
	map_done(&e.seen);
}

/* ---- mounts ---- */

static const struct yaml_node *find_volume(const struct yaml_node *pod, const char *name)
{
	const struct yaml_node *volumes = nodes_get(pod, "volumes");

	for (size_t i = 0; name && volumes && volumes->kind == YAML_SEQUENCE && i < volumes->n && i < MANIFEST_PARTS_MAX; i++)
		if (nodes_text(volumes->items[i], "name") && strcmp(nodes_text(volumes->items[i], "name"), name) == 0)
			return volumes->items[i];
	return NULL;
}

struct mounts { struct nodes_list hosts, writable, paths, subs, propagated, kinds, writable_kinds; const struct yaml_node *first_host; };

static void read_mount(const struct nodes_base *base, const struct yaml_node *pod, const struct yaml_node *item, struct mounts *m)
{
	const struct yaml_node *volume = find_volume(pod, nodes_text(item, "name"));
	const char *host = nodes_text(volume, "hostPath.path"), *propagation = nodes_text(item, "mountPropagation");
	bool is_read_only = nodes_is_true(item, "readOnly");

	host = host ? nodes_clean_path(base->set, host) : NULL;
	nodes_list_add(base->set, &m->paths, nodes_text(item, "mountPath"));
	nodes_list_add(base->set, &m->subs, nodes_text(item, "subPath"));
	nodes_list_add(base->set, &m->subs, nodes_text(item, "subPathExpr"));
	if (propagation && strcmp(propagation, "Bidirectional") == 0)
		nodes_list_add(base->set, &m->propagated, nodes_text(item, "mountPath"));
	for (size_t i = 0; volume && i < volume->n; i++) {
		const char *key = yaml_text(volume->pairs[i].key);

		if (!key || strcmp(key, "name") == 0)
			continue;
		nodes_list_add(base->set, &m->kinds, key);
		if (!is_read_only)
			nodes_list_add(base->set, &m->writable_kinds, key);
	}
	if (host) {
		m->first_host = m->first_host ? m->first_host : item;
		nodes_list_add(base->set, &m->hosts, host);
		if (!is_read_only)
			nodes_list_add(base->set, &m->writable, host);
	}
}

static void read_mounts(const struct nodes_base *base, const struct yaml_node *pod)
{
	const struct yaml_node *mounts = nodes_get(base->node, "volumeMounts");
	const char *path = nodes_path(base->set, base->path, "volumeMounts");
	struct mounts m = { 0 };

	if (!mounts || mounts->kind != YAML_SEQUENCE)
		return;
	for (size_t i = 0; i < mounts->n; i++)
		read_mount(base, pod, mounts->items[i], &m);
	const struct { enum model_field_id field; const struct nodes_list *list; } out[] = {
		{ MODEL_F_CONTAINER_HOST_MOUNTS, &m.hosts }, { MODEL_F_CONTAINER_HOST_MOUNTS_WRITABLE, &m.writable },
		{ MODEL_F_CONTAINER_MOUNT_PATHS, &m.paths }, { MODEL_F_CONTAINER_MOUNTS_SUB_PATHS, &m.subs },
		{ MODEL_F_CONTAINER_MOUNTS_PROPAGATED, &m.propagated }, { MODEL_F_CONTAINER_MOUNTS_VOLUME_KINDS, &m.kinds },
		{ MODEL_F_CONTAINER_MOUNTS_WRITABLE_VOLUMES, &m.writable_kinds },
	};
	for (size_t i = 0; i < ARRAY_LEN(out); i++) {
		struct posture_value *v = nodes_list_set(base->record, out[i].field, out[i].list);
		if (v)
			posture_at(v, nodes_place(base, i < 2 ? m.first_host : mounts, path));
	}
}

/* ---- ports and probes ---- */

static void set_numbers(const struct nodes_base *base, enum model_field_id field, const struct yaml_node *ports, const char *key, int64_t below)
{
	uint64_t *numbers = posture_alloc(base->set, (ports->n + 1) * sizeof(*numbers));
	const struct yaml_node *first = NULL;
	size_t n = 0;
	int64_t port;

	for (size_t i = 0; numbers && i < ports->n; i++) {
		const struct yaml_node *node = nodes_get(ports->items[i], key);
		/* 0 is none, as where it is not said (core/v1 ContainerPort). */
		if (node && nodes_int(node, &port) && port > 0 && port < below) {
			numbers[n++] = (uint64_t)port;
			first = first ? first : node;
		}
	}
	if (first)
		posture_at(posture_set_uints(base->record, field, numbers, n),
			   nodes_place(base, first, nodes_path(base->set, base->path, "ports")));
}

/* Names of ports (RFC 6335, 5.1, as core/v1 ContainerPort wants them). */
static bool is_port_name(const char *name)
{
	size_t len = strlen(name);
	bool has_letter = false;

	for (size_t i = 0; i < len; i++) {
		bool is_letter = name[i] >= 'a' && name[i] <= 'z';

		has_letter |= is_letter;
		if (!is_letter && !(name[i] >= '0' && name[i] <= '9') && !(name[i] == '-' && i > 0 && i + 1 < len && name[i + 1] != '-'))
			return false;
	}
	return has_letter && len <= 15;
}

static void read_ports(const struct nodes_base *base, const struct yaml_node *ports)
{
	enum { PRIVILEGED_BELOW = 1024, NO_LIMIT = 1 << 20 };
	struct nodes_list bad = { 0 };
	struct posture_value *v;

	if (!ports || ports->kind != YAML_SEQUENCE)
		return;
	set_numbers(base, MODEL_F_CONTAINER_PORTS, ports, "containerPort", NO_LIMIT);
	set_numbers(base, MODEL_F_CONTAINER_PORTS_PRIVILEGED, ports, "containerPort", PRIVILEGED_BELOW);
	set_numbers(base, MODEL_F_CONTAINER_HOST_PORTS, ports, "hostPort", NO_LIMIT);
	for (size_t i = 0; i < ports->n; i++) {
		const char *name = nodes_text(ports->items[i], "name");

		if (name && !is_port_name(name))
			nodes_list_add(base->set, &bad, name);
	}
	v = nodes_list_set(base->record, MODEL_F_CONTAINER_PORTS_BAD_NAMES, &bad);
	if (v)
		posture_at(v, nodes_place(base, ports, nodes_path(base->set, base->path, "ports")));
}

/* Whether the container says that it serves the port, by number or name. */
static bool is_served(const struct yaml_node *container, const char *port)
{
	const struct yaml_node *ports = nodes_get(container, "ports");

	for (size_t i = 0; ports && ports->kind == YAML_SEQUENCE && i < ports->n; i++) {
		const char *number = nodes_text(ports->items[i], "containerPort"), *name = nodes_text(ports->items[i], "name");
		const char *protocol = nodes_text(ports->items[i], "protocol");

		if (protocol && strcmp(protocol, "TCP") != 0)
			continue;
		if ((number && strcmp(number, port) == 0) || (name && strcmp(name, port) == 0))
			return true;
	}
	return false;
}

static void read_probes(const struct nodes_base *base)
{
	static const struct { const char *key, *name; bool is_probe; } places[] = {
		{ "livenessProbe", "liveness", true }, { "readinessProbe", "readiness", true }, { "startupProbe", "startup", true },
		{ "lifecycle.postStart", "postStart", false }, { "lifecycle.preStop", "preStop", false },
	};
	static const char *const handlers[] = { "httpGet", "tcpSocket", "grpc" };
	struct nodes_list probes = { 0 }, hosts = { 0 }, unserved = { 0 };
	const struct yaml_node *first = NULL;

	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		const struct yaml_node *probe = nodes_get(base->node, places[i].key);

		if (!probe)
			continue;
		first = first ? first : probe;
		if (places[i].is_probe)
			nodes_list_add(base->set, &probes, places[i].name);
		for (size_t k = 0; k < ARRAY_LEN(handlers); k++) {
			const struct yaml_node *handler = nodes_get(probe, handlers[k]);
			const char *host = nodes_text(handler, "host"), *port = nodes_text(handler, "port");

			if (host && *host)
				nodes_list_add(base->set, &hosts, host);
			if (places[i].is_probe && port && !is_served(base->node, port))
				nodes_list_add(base->set, &unserved, places[i].name);
		}
	}
	const struct { enum model_field_id field; const struct nodes_list *list; } out[] = {
		{ MODEL_F_CONTAINER_PROBES, &probes }, { MODEL_F_CONTAINER_PROBES_HOSTS, &hosts }, { MODEL_F_CONTAINER_PROBES_UNSERVED, &unserved },
	};
	for (size_t i = 0; i < ARRAY_LEN(out); i++) {
		struct posture_value *v = nodes_list_set(base->record, out[i].field, out[i].list);
		if (v)
			posture_at(v, nodes_place(base, first, base->path));
	}
}

static bool equal_nodes(const struct yaml_node *a, const struct yaml_node *b)
{
	if (a->kind != b->kind || a->n != b->n)
		return false;
	if (a->kind == YAML_SCALAR)
		return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
	for (size_t i = 0; i < a->n; i++) {
		if (a->kind == YAML_SEQUENCE ? !equal_nodes(a->items[i], b->items[i]) :
		    !equal_nodes(a->pairs[i].key, b->pairs[i].key) || !equal_nodes(a->pairs[i].value, b->pairs[i].value))
			return false;
	}
	return true;
}

/* ---- annotations that name the container ---- */

static void read_annotations(const struct nodes_base *base, const struct k8s_container *c)
{
	static const struct { const char *prefix; enum model_field_id field; } kinds[] = {
		{ "container.apparmor.security.beta.kubernetes.io/", MODEL_F_CONTAINER_APPARMOR_ANNOTATION },
		{ "container.seccomp.security.alpha.kubernetes.io/", MODEL_F_CONTAINER_SECCOMP_ANNOTATION },
	};
	const struct yaml_node *annotations = nodes_get(c->pod->metadata, "annotations");

	for (size_t i = 0; annotations && annotations->kind == YAML_MAPPING && i < annotations->n && i < MANIFEST_PARTS_MAX; i++) {
		const char *key = yaml_text(annotations->pairs[i].key), *value = yaml_text(annotations->pairs[i].value);

		for (size_t k = 0; key && value && k < ARRAY_LEN(kinds); k++) {
			size_t len = strlen(kinds[k].prefix);
			if (strncmp(key, kinds[k].prefix, len) == 0 && strcmp(key + len, c->name) == 0)
				posture_at(posture_set_text(base->record, kinds[k].field, value),
					   nodes_place(base, annotations->pairs[i].value, "metadata.annotations"));
		}
	}
}

/* A control plane in a manifest is judged by the checks of nodes, too. */
static void read_component(struct posture_set *set, const struct k8s_container *c)
{
	struct node_component found, *kept;
	struct posture_record *record;
	const char *config;

	if (!node_component_of_container(set, c->node, c->pod->object->file, &found))
		return;
	kept = posture_alloc(set, sizeof(*kept));
	if (!kept)
		return;
	if (node_flag(&found, "config", &config) || node_flag(&found, "config-file", &config)) {
		found.config_path = config;
		found.config_error = posture_printf(set, "%s is not part of the manifest", config);
	}
	*kept = found;
	record = node_component_record(set, kept);
	record->name = posture_printf(set, "%s %s", c->record->name, found.name);
	record->key = NULL;
	record->place = c->record->place;
}

void k8s_read_container(struct posture_set *set, struct k8s_pod *pod, const struct yaml_node *node, const char *path, const char *role)
{
	struct k8s_container *c = posture_alloc(set, sizeof(*c));
	const struct yaml_node *image = nodes_get(node, "image");
	const struct yaml_node *live = nodes_get(node, "livenessProbe"), *ready = nodes_get(node, "readinessProbe");
	const char *name = nodes_text(node, "name");
	struct nodes_base base;

	if (!c)
		return;
	*c = (struct k8s_container){ .pod = pod, .node = node, .name = name ? name : "", .path = path };
	c->record = posture_record_new(set, MODEL_KIND_K8S_CONTAINER, pod->record,
				       posture_printf(set, "%s container %s", pod->record->name, c->name),
				       (struct posture_place){ .file = pod->object->file, .line = node->line, .column = node->column, .path = path });
	c->record->own = c;
	c->record->keyed = container_keyed;
	base = (struct nodes_base){ .set = set, .record = c->record, .file = pod->object->file, .node = node, .path = path };
	posture_set_text(c->record, MODEL_F_CONTAINER_ROLE, role);
	nodes_take(&base, container_rows, ARRAY_LEN(container_rows));
	inherit(c->record);
	if (image && yaml_text(image))
		image_set(c->record, yaml_text(image), nodes_place(&base, image, nodes_path(set, path, "image")));
	read_command(&base, c);
	read_env(&base);
	read_mounts(&base, pod->node);
	read_ports(&base, nodes_get(node, "ports"));
	read_probes(&base);
	if (live && ready)
		posture_at(posture_set_bool(c->record, MODEL_F_CONTAINER_PROBES_IDENTICAL, equal_nodes(live, ready)),
			   nodes_place(&base, ready, nodes_path(set, path, "readinessProbe")));
	read_annotations(&base, c);
	read_component(set, c);
}
