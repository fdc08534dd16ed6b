/* SPDX-License-Identifier: Apache-2.0 */
/* What a service runs, as whom and with which rights. */
#include "posture/compose/compose.h"
#include "posture/kubernetes/image.h"
#include "posture/kubernetes/nodes.h"
#include "posture/kubernetes/secrets.h"

#include <stdlib.h>
#include <string.h>

enum type { TEXT, BOOL, NUMBER };
static const struct { enum model_field_id field; enum type type; const char *path; } rows[] = {
	{ MODEL_F_CONTAINER_NAME, TEXT, "container_name" },
	{ MODEL_F_CONTAINER_PRIVILEGED, BOOL, "privileged" },
	{ MODEL_F_CONTAINER_READ_ONLY, BOOL, "read_only" },
	{ MODEL_F_CONTAINER_USER, TEXT, "user" },
	{ MODEL_F_CONTAINER_CPU_LIMIT, TEXT, "cpus" },
	{ MODEL_F_CONTAINER_CPU_LIMIT, TEXT, "cpu_quota" },
	{ MODEL_F_CONTAINER_CPU_LIMIT, TEXT, "deploy.resources.limits.cpus" },
	{ MODEL_F_CONTAINER_CPU_REQUEST, TEXT, "deploy.resources.reservations.cpus" },
	{ MODEL_F_CONTAINER_MEMORY_LIMIT, TEXT, "mem_limit" },
	{ MODEL_F_CONTAINER_MEMORY_LIMIT, TEXT, "deploy.resources.limits.memory" },
	{ MODEL_F_CONTAINER_MEMORY_REQUEST, TEXT, "mem_reservation" },
	{ MODEL_F_CONTAINER_MEMORY_REQUEST, TEXT, "deploy.resources.reservations.memory" },
	{ MODEL_F_CONTAINER_PIDS_LIMIT, NUMBER, "pids_limit" },
	{ MODEL_F_CONTAINER_PIDS_LIMIT, NUMBER, "deploy.resources.limits.pids" },
	{ MODEL_F_CONTAINER_PULL_POLICY, TEXT, "pull_policy" },
	{ MODEL_F_COMPOSE_NETWORK_MODE, TEXT, "network_mode" },
	{ MODEL_F_COMPOSE_PID, TEXT, "pid" },
	{ MODEL_F_COMPOSE_IPC, TEXT, "ipc" },
	{ MODEL_F_COMPOSE_UTS, TEXT, "uts" },
	{ MODEL_F_COMPOSE_USERNS, TEXT, "userns_mode" },
	{ MODEL_F_COMPOSE_CGROUP, TEXT, "cgroup" },
	{ MODEL_F_COMPOSE_RESTART, TEXT, "restart" },
	{ MODEL_F_COMPOSE_RESTART, TEXT, "deploy.restart_policy.condition" },
};

/* Namespaces of the host, in the words of running containers. */
static const struct { const char *path; enum model_field_id field; } host_namespaces[] = {
	{ "network_mode", MODEL_F_CONTAINER_HOST_NETWORK }, { "pid", MODEL_F_CONTAINER_HOST_PID }, { "ipc", MODEL_F_CONTAINER_HOST_IPC },
	{ "uts", MODEL_F_CONTAINER_HOST_UTS }, { "cgroup", MODEL_F_CONTAINER_HOST_CGROUP },
};

static void set_value(const struct compose_service *s, enum model_field_id field, enum type type, const struct yaml_node *node, const char *path)
{
	struct posture_place place = compose_place(s, node, path);
	const char *unknown, *text = yaml_text(node);
	struct yaml_node plain = *node;
	struct posture_value *v;
	int64_t number;
	bool truth;

	if (!text) {
		posture_at(posture_set_unknown(s->record, field, "expected a text, a number or a truth value"), place);
		return;
	}
	plain.text = compose_interpolate(s->set, text, &unknown);
	plain.len = strlen(plain.text);
	plain.style = YAML_PLAIN;        /* "true" from a variable is true */
	if (unknown)
		v = posture_set_unknown(s->record, field, posture_printf(s->set, "it is %s", unknown));
	else if (type == TEXT)
		v = posture_set_text(s->record, field, plain.text);
	else if (type == BOOL && nodes_bool(&plain, &truth))
		v = posture_set_bool(s->record, field, truth);
	else if (type == NUMBER && nodes_int(&plain, &number))
		v = posture_set_int(s->record, field, number);
	else
		v = posture_set_unknown(s->record, field, type == BOOL ? "expected true or false" : "expected a number");
	posture_at(v, place);
}

/* Lists of a service and what it extends are joined. */
static void read_list(const struct compose_service *s, const char *key, enum model_field_id field)
{
	const struct yaml_node *first = NULL;
	struct nodes_list list = { 0 };
	const char *unknown = NULL;

	for (size_t k = 0; k < s->n_nodes; k++) {
		const struct yaml_node *node = nodes_get(s->nodes[k], key);

		for (size_t i = 0; node && node->kind == YAML_SEQUENCE && i < node->n; i++) {
			const char *text = yaml_text(node->items[i]), *missing = NULL;

			if (text)
				nodes_list_add(s->set, &list, compose_interpolate(s->set, text, &missing));
			unknown = missing ? missing : unknown;
		}
		first = first ? first : node;
	}
	if (!first)
		return;
	if (unknown)
		posture_at(posture_set_unknown(s->record, field, posture_printf(s->set, "it has %s", unknown)), compose_place(s, first, key));
	else
		posture_at(posture_set_texts(s->record, field, list.texts, list.n), compose_place(s, first, key));
}

/* ---- security_opt ---- */

static bool is_option(const char *text, const char *name, const char **ret_value)
{
	size_t len = strlen(name);

	if (strncmp(text, name, len) != 0 || (text[len] && text[len] != ':' && text[len] != '='))
		return false;
	*ret_value = text[len] ? text + len + 1 : "";
	return true;
}

static void set_profile(const struct compose_service *s, enum model_field_id field, const char *value, struct posture_place place)
{
	const char *kind = strcmp(value, "unconfined") == 0 ? "Unconfined" : strcmp(value, "docker-default") == 0 ? "RuntimeDefault" : "Localhost";

	posture_at(posture_set_text(s->record, field, kind), place);
}

static void read_security_options(const struct compose_service *s)
{
	const struct posture_value *options = posture_value_of(s->record, MODEL_F_CONTAINER_SECURITY_OPT);
	const char *value;

	posture_said(posture_set_bool(s->record, MODEL_F_CONTAINER_ALLOW_PRIVILEGE_ESCALATION, true), POSTURE_FROM_DEFAULT, NULL);
	posture_said(posture_set_text(s->record, MODEL_F_CONTAINER_SECCOMP, "RuntimeDefault"), POSTURE_FROM_DEFAULT, NULL);
	posture_said(posture_set_text(s->record, MODEL_F_CONTAINER_APPARMOR, "RuntimeDefault"), POSTURE_FROM_DEFAULT, NULL);
	for (size_t i = 0; options && options->state == MODEL_SET && i < options->value.n; i++) {
		const char *text = options->value.list[i].text;

		if (is_option(text, "no-new-privileges", &value))
			posture_at(posture_set_bool(s->record, MODEL_F_CONTAINER_ALLOW_PRIVILEGE_ESCALATION, strcmp(value, "false") == 0),
				   options->place);
		else if (is_option(text, "seccomp", &value))
			set_profile(s, MODEL_F_CONTAINER_SECCOMP, value, options->place);
		else if (is_option(text, "apparmor", &value))
			set_profile(s, MODEL_F_CONTAINER_APPARMOR, value, options->place);
	}
}

/* ---- environment ---- */

struct env { struct nodes_list names, plain, sensitive; };

static void add_variable(const struct compose_service *s, struct env *e, const char *name, const char *value)
{
	nodes_list_add(s->set, &e->names, name);
	if (!value || nodes_list_has(&e->plain, name))
		return;
	if (secrets_is_plain(name, value, strlen(value)))
		nodes_list_add(s->set, &e->plain, name);
	if (*value && secrets_name_is_sensitive(name))
		nodes_list_add(s->set, &e->sensitive, name);
}

static void read_env_of(const struct compose_service *s, const struct yaml_node *env, struct env *e)
{
	for (size_t i = 0; env->kind == YAML_MAPPING && i < env->n; i++)
		if (yaml_text(env->pairs[i].key))
			add_variable(s, e, yaml_text(env->pairs[i].key), yaml_text(env->pairs[i].value));
	for (size_t i = 0; env->kind == YAML_SEQUENCE && i < env->n; i++) {
		const char *text = yaml_text(env->items[i]), *equal = text ? strchr(text, '=') : NULL;

		if (text)
			add_variable(s, e, equal ? posture_printf(s->set, "%.*s", (int)(equal - text), text) : text, equal ? equal + 1 : NULL);
	}
}

static void read_env(const struct compose_service *s)
{
	const struct yaml_node *first = compose_get(s, "environment");
	struct env e = { 0 };

	if (!first)
		return;
	for (size_t k = 0; k < s->n_nodes; k++)
		if (nodes_get(s->nodes[k], "environment"))
			read_env_of(s, nodes_get(s->nodes[k], "environment"), &e);
	const struct { enum model_field_id field; const struct nodes_list *list; } out[] = {
		{ MODEL_F_CONTAINER_ENV_NAMES, &e.names }, { MODEL_F_CONTAINER_ENV_PLAIN_SECRETS, &e.plain },
		{ MODEL_F_CONTAINER_ENV_SENSITIVE_NAMES, &e.sensitive },
	};
	for (size_t i = 0; i < ARRAY_LEN(out); i++) {
		struct posture_value *v = nodes_list_set(s->record, out[i].field, out[i].list);
		if (v)
			posture_at(v, compose_place(s, first, "environment"));
	}
}

/* ---- the rest ---- */

static void read_image(const struct compose_service *s)
{
	const struct yaml_node *image = compose_get(s, "image");
	const char *unknown, *text;

	posture_set_bool(s->record, MODEL_F_COMPOSE_BUILT, compose_get(s, "build"));
	if (!image || !yaml_text(image))
		return;
	text = compose_interpolate(s->set, yaml_text(image), &unknown);
	if (!unknown) {
		image_set(s->record, text, compose_place(s, image, "image"));
		return;
	}
	static const enum model_field_id fields[] = { MODEL_F_CONTAINER_IMAGE, MODEL_F_CONTAINER_IMAGE_REPOSITORY, MODEL_F_CONTAINER_IMAGE_REGISTRY,
						      MODEL_F_CONTAINER_IMAGE_TAG, MODEL_F_CONTAINER_IMAGE_DIGEST };
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		posture_at(posture_set_unknown(s->record, fields[i], posture_printf(s->set, "it has %s", unknown)), compose_place(s, image, "image"));
}

static void read_healthcheck(const struct compose_service *s)
{
	const struct yaml_node *check = compose_get(s, "healthcheck"), *test = nodes_get(check, "test");
	const char *text = test && test->kind == YAML_SEQUENCE && test->n > 0 ? yaml_text(test->items[test->n - 1]) : test ? yaml_text(test) : NULL;

	if (!check)
		return;
	posture_at(posture_set_text(s->record, MODEL_F_CONTAINER_HEALTHCHECK, nodes_is_true(check, "disable") ? "NONE" : text ? text : ""),
		   compose_place(s, check, "healthcheck"));
}

/* "1000", "1000:1000", "0", "root". */
static void read_user(const struct compose_service *s)
{
	const struct posture_value *user = posture_value_of(s->record, MODEL_F_CONTAINER_USER);
	char *end;
	long id;

	if (!user || user->state != MODEL_SET)
		return;
	id = strtol(user->value.text, &end, 10);
	if (strcmp(user->value.text, "root") == 0 || strncmp(user->value.text, "root:", 5) == 0)
		posture_at(posture_set_int(s->record, MODEL_F_CONTAINER_RUN_AS_USER, 0), user->place);
	else if (end != user->value.text && (*end == '\0' || *end == ':') && id >= 0)
		posture_at(posture_set_int(s->record, MODEL_F_CONTAINER_RUN_AS_USER, id), user->place);
}

/* Names, as a list or as the keys of a mapping. */
static void read_names(const struct compose_service *s, const char *key, enum model_field_id field)
{
	const struct yaml_node *node = compose_get(s, key);
	struct nodes_list names = { 0 };
	struct posture_value *v;

	for (size_t i = 0; node && node->kind != YAML_SCALAR && i < node->n; i++)
		nodes_list_add(s->set, &names, yaml_text(node->kind == YAML_MAPPING ? node->pairs[i].key : node->items[i]));
	v = nodes_list_set(s->record, field, &names);
	if (v)
		posture_at(v, compose_place(s, node, key));
}

void compose_read_container(const struct compose_service *s)
{
	posture_set_text(s->record, MODEL_F_CONTAINER_NAME, s->name);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct yaml_node *node = compose_get(s, rows[i].path);

		if (node)
			set_value(s, rows[i].field, rows[i].type, node, rows[i].path);
	}
	for (size_t i = 0; i < ARRAY_LEN(host_namespaces); i++) {
		const struct yaml_node *node = compose_get(s, host_namespaces[i].path);

		if (node && yaml_is(node, "host"))
			posture_at(posture_set_bool(s->record, host_namespaces[i].field, true), compose_place(s, node, host_namespaces[i].path));
	}
	read_list(s, "cap_add", MODEL_F_CONTAINER_CAPS_ADD);
	read_list(s, "cap_drop", MODEL_F_CONTAINER_CAPS_DROP);
	read_list(s, "security_opt", MODEL_F_CONTAINER_SECURITY_OPT);
	read_security_options(s);
	read_image(s);
	read_user(s);
	read_healthcheck(s);
	read_env(s);
	read_names(s, "networks", MODEL_F_COMPOSE_NETWORKS);
	read_names(s, "depends_on", MODEL_F_COMPOSE_DEPENDS_ON);
}
