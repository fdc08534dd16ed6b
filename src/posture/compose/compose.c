/* SPDX-License-Identifier: Apache-2.0 */
#include "posture/compose/compose.h"

#include "posture/kubernetes/nodes.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* ---- values ---- */

const struct yaml_node *compose_get(const struct compose_service *service, const char *path)
{
	const struct yaml_node *found = NULL;

	for (size_t i = 0; i < service->n_nodes && !found; i++)
		found = nodes_get(service->nodes[i], path);
	return found;
}

struct posture_place compose_place(const struct compose_service *service, const struct yaml_node *node, const char *path)
{
	return (struct posture_place){ .file = service->file, .line = node->line, .column = node->column,
				       .path = nodes_path(service->set, service->path, path) };
}

static size_t name_len(const char *p)
{
	size_t n = 0;

	if (!isalpha((unsigned char)*p) && *p != '_')
		return 0;
	while (isalnum((unsigned char)p[n]) || p[n] == '_')
		n++;
	return n;
}

/* One variable at p, behind its '$'; returns how long it is. */
static size_t add_variable(struct posture_set *set, struct strbuf *out, const char *p, const char **ret_unknown)
{
	const char *start = p, *name, *end;
	size_t len;

	if (*p == '$') {
		strbuf_addc(out, '$');
		return 1;
	}
	if (*p != '{') {
		len = name_len(p);
		if (len == 0)
			strbuf_addc(out, '$');
		else
			*ret_unknown = posture_printf(set, "the environment variable %.*s", (int)len, p);
		return len;
	}
	name = p + 1;
	len = name_len(name);
	p = name + len;
	end = strchr(p, '}');
	if (len == 0 || !end) {
		strbuf_addc(out, '$');
		return 0;
	}
	if (p[0] == '-' || (p[0] == ':' && p[1] == '-'))
		strbuf_add(out, p + (p[0] == ':') + 1, (size_t)(end - p) - (p[0] == ':') - 1);
	else
		*ret_unknown = posture_printf(set, "the environment variable %.*s", (int)len, name);
	return (size_t)(end + 1 - start);
}

const char *compose_interpolate(struct posture_set *set, const char *text, const char **ret_unknown)
{
	_cleanup_strbuf_ struct strbuf out;

	*ret_unknown = NULL;
	if (!strchr(text, '$'))
		return text;
	strbuf_init(&out, 64 * 1024);
	while (*text) {
		if (*text++ == '$')
			text += add_variable(set, &out, text, ret_unknown);
		else
			strbuf_addc(&out, text[-1]);
	}
	return posture_printf(set, "%s", out.text);
}

/* ---- services ---- */

static const struct posture_value *ask_env(const struct compose_service *s, const char *name, struct arena *scratch)
{
	const struct posture_value *v = NULL;
	size_t len = strlen(name);

	for (size_t k = 0; k < s->n_nodes && !v; k++) {
		const struct yaml_node *env = nodes_get(s->nodes[k], "environment");

		v = env ? nodes_ask_key(s->file, env, name, scratch) : NULL;
		for (size_t i = 0; env && !v && env->kind == YAML_SEQUENCE && i < env->n; i++) {
			const char *text = yaml_text(env->items[i]);

			if (text && strncmp(text, name, len) == 0 && text[len] == '=')
				v = nodes_said(s->file, env->items[i], text + len + 1, scratch);
		}
	}
	return v;
}

static const struct posture_value *service_keyed(const struct posture_record *record, const struct model_field_ref *field, struct arena *scratch)
{
	const struct compose_service *s = record->own;
	const struct posture_value *v = NULL;
	bool is_list = field->id == MODEL_F_COMPOSE_VALUES || field->id == MODEL_F_CONTAINER_VALUES;

	if (field->id == MODEL_F_CONTAINER_ENV)
		return ask_env(s, field->key, scratch);
	if (is_list || field->id == MODEL_F_COMPOSE_VALUE || field->id == MODEL_F_CONTAINER_VALUE)
		for (size_t i = 0; i < s->n_nodes && !v; i++)
			v = nodes_ask(s->file, s->nodes[i], field->key, is_list, scratch);
	return v;
}

/* The services that it extends, nearest first. Those of other files are not read: the problem says so. */
static void find_extended(struct compose_service *s, const struct yaml_node *services)
{
	while (s->n_nodes < COMPOSE_EXTENDS_MAX) {
		const struct yaml_node *extends = nodes_get(s->nodes[s->n_nodes - 1], "extends");
		const char *name = extends && extends->kind == YAML_SCALAR ? yaml_text(extends) : nodes_text(extends, "service");
		const struct yaml_node *base = name ? yaml_get(services, name) : NULL;

		if (!extends)
			return;
		if (nodes_get(extends, "file") || !base) {
			posture_problem(s->set, MODEL_LAYER_CONTAINERS, compose_place(s, extends, "extends"),
					"service %s extends one that is not in this file: that part is not judged", s->name);
			return;
		}
		for (size_t i = 0; i < s->n_nodes; i++)
			if (s->nodes[i] == base)
				return;
		s->nodes[s->n_nodes++] = base;
	}
}

static void read_service(struct posture_set *set, const struct posture_record *project, const char *file, const struct yaml_node *services,
			 const struct yaml_pair *pair)
{
	struct compose_service *s = posture_alloc(set, sizeof(*s));
	const char *name = yaml_text(pair->key);
	struct posture_place place = { .file = file, .line = pair->key->line, .column = pair->key->column };

	if (!s || !name)
		return;
	if (pair->value->kind != YAML_MAPPING) {
		posture_problem(set, MODEL_LAYER_CONTAINERS, place, "not judged: expected a mapping for service %s", name);
		return;
	}
	*s = (struct compose_service){ .set = set, .file = file, .name = name, .path = nodes_path(set, "services", name), .nodes = { pair->value },
				       .n_nodes = 1 };
	place.path = s->path;
	s->record = posture_record_new(set, MODEL_KIND_COMPOSE_SERVICE, project, posture_printf(set, "service %s", name), place);
	s->record->own = s;
	s->record->keyed = service_keyed;
	find_extended(s, services);
	compose_read_container(s);
	compose_read_mounts(s);
}

/* ---- files ---- */

static const struct posture_value *project_keyed(const struct posture_record *record, const struct model_field_ref *field, struct arena *scratch)
{
	if (field->id != MODEL_F_COMPOSE_VALUE && field->id != MODEL_F_COMPOSE_VALUES)
		return NULL;
	return nodes_ask(record->place.file, record->own, field->key, field->id == MODEL_F_COMPOSE_VALUES, scratch);
}

/* `parka: ignore=ID reason` in or above a service: of the last one that begins before the line, or the next when it stands above. */
static void read_comments(struct posture_set *set, const struct posture_file *file, struct posture_record *first)
{
	static const char word[] = "parka: ignore=";
	const char *p = file->text, *end = file->text + file->len;

	for (unsigned line = 1, n = 0; p < end && n < COMPOSE_COMMENTS_MAX; line++) {
		const char *stop = memchr(p, '\n', (size_t)(end - p)), *found;
		size_t len = stop ? (size_t)(stop - p) : (size_t)(end - p), id;
		struct posture_record *best = NULL;

		found = memchr(p, '#', len) ? memmem(p, len, word, sizeof(word) - 1) : NULL;
		for (struct posture_record *r = first; found && r; r = r->next)
			if (r->place.line <= line + 1)
				best = r;
		n += found != NULL;
		if (best) {
			found += sizeof(word) - 1;
			id = strcspn(found, " \t\n");
			found[id] == '\n' || found[id] == '\0' ?
				posture_waive(best, posture_printf(set, "%.*s", (int)id, found), NULL, (struct posture_place){ .file = file->path, .line = line }) :
				posture_waive(best, posture_printf(set, "%.*s", (int)id, found),
					      posture_printf(set, "%.*s", (int)((size_t)(p + len - found) - id - 1), found + id + 1),
					      (struct posture_place){ .file = file->path, .line = line });
		}
		p += len + 1;
	}
}

static void read_project(struct posture_set *set, struct posture_file *file, const struct yaml_node *doc)
{
	const struct yaml_node *services = nodes_get(doc, "services"), *version = nodes_get(doc, "version");
	const struct posture_record *last = set->last[MODEL_KIND_COMPOSE_SERVICE];
	struct posture_record *project;
	struct nodes_list names = { 0 };

	if (!services || services->kind != YAML_MAPPING) {
		posture_problem(set, MODEL_LAYER_CONTAINERS, (struct posture_place){ .file = file->path, .line = doc->line, .column = doc->column },
				"not judged: expected services");
		return;
	}
	project = posture_record_new(set, MODEL_KIND_COMPOSE, NULL, posture_printf(set, "compose file %s", file->path),
				     (struct posture_place){ .file = file->path, .line = doc->line, .column = doc->column });
	project->own = doc;
	project->keyed = project_keyed;
	if (nodes_get(doc, "include"))
		posture_problem(set, MODEL_LAYER_CONTAINERS, (struct posture_place){ .file = file->path, .line = nodes_get(doc, "include")->line },
				"includes other files: they are judged only when they are named, too");
	if (version && yaml_text(version))
		posture_set_text(project, MODEL_F_COMPOSE_VERSION, yaml_text(version));
	for (size_t i = 0; i < services->n && i < COMPOSE_SERVICES_MAX; i++) {
		nodes_list_add(set, &names, yaml_text(services->pairs[i].key));
		read_service(set, project, file->path, services, &services->pairs[i]);
	}
	nodes_list_set(project, MODEL_F_COMPOSE_SERVICES, &names);
	read_comments(set, file, last ? last->next : set->first[MODEL_KIND_COMPOSE_SERVICE]);
}

static void read_file(struct posture_set *set, struct posture_file *file)
{
	struct yaml_file *yaml = posture_file_yaml(set, file);

	if (!yaml) {
		const struct err *e = file->yaml_err;
		posture_problem(set, MODEL_LAYER_CONTAINERS,
				(struct posture_place){ .file = file->path, .line = e ? e->line : 0, .column = e ? e->column : 0 },
				"not judged: %s", e ? e->text : "out of room");
		return;
	}
	for (size_t i = 0; i < yaml->n_docs; i++)
		if (!yaml_is_null(yaml->docs[i]))
			read_project(set, file, yaml->docs[i]);
}

static bool has_name(const char *name)
{
	size_t len = strlen(name);
	bool is_yaml = (len > 4 && strcasecmp(name + len - 4, ".yml") == 0) || (len > 5 && strcasecmp(name + len - 5, ".yaml") == 0);

	return is_yaml && (strncmp(name, "compose.", 8) == 0 || strncmp(name, "compose-", 8) == 0 || strncmp(name, "docker-compose", 14) == 0);
}

/* By name, or a mapping with services that have an image or are built. */
static bool is_mine(struct posture_set *set, struct posture_file *file)
{
	const struct yaml_node *services;
	struct yaml_file *yaml;

	if (has_name(file->name))
		return true;
	if (!memmem(file->text, file->len, "services", 8))
		return false;
	yaml = posture_file_yaml(set, file);
	services = yaml && yaml->n_docs == 1 && !yaml_get(yaml->docs[0], "apiVersion") ? nodes_get(yaml->docs[0], "services") : NULL;
	for (size_t i = 0; services && services->kind == YAML_MAPPING && i < services->n; i++)
		if (nodes_get(services->pairs[i].value, "image") || nodes_get(services->pairs[i].value, "build"))
			return true;
	return false;
}

const struct posture_reader compose_reader = { "compose", "compose files", is_mine, read_file, NULL };
