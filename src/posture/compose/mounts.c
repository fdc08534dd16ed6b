/* SPDX-License-Identifier: Apache-2.0 */
/* What a service sees of the host: volumes, devices, ports (compose-spec 05-services.md, short and long forms). */
#include "posture/compose/compose.h"
#include "posture/kubernetes/nodes.h"

#include <stdlib.h>
#include <string.h>

struct mounts {
	struct nodes_list hosts, writable, paths, propagated, devices, published, unresolved;
	const struct yaml_node *first_host, *first_volume, *first_device, *first_published, *first_unresolved;
	const char *unknown_source;      /* why the host's side of a volume is unknown; NULL */
	uint64_t *ports;
	size_t n_ports, room;
};

/* What is left of a text up to a colon; colons of Windows drives (C:\) and of ${NAME:-x} are gone before. */
static const char *part(struct posture_set *set, const char **text)
{
	size_t len = strcspn(*text, ":");
	const char *p = posture_printf(set, "%.*s", (int)len, *text);

	*text += len;
	*text += **text == ':';
	return p;
}

static bool has_word(const char *mode, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = mode; *p;) {
		size_t n = strcspn(p, ",");
		if (n == len && memcmp(p, word, n) == 0)
			return true;
		p += n + (p[n] == ',');
	}
	return false;
}

/* The text with its variables; one that has none is kept as it is written, and told. */
static const char *resolve(const struct compose_service *s, struct mounts *m, const struct yaml_node *node, const char *text, const char **ret_unknown)
{
	const char *resolved = compose_interpolate(s->set, text, ret_unknown);

	if (!*ret_unknown)
		return resolved;
	nodes_list_add(s->set, &m->unresolved, text);
	m->first_unresolved = m->first_unresolved ? m->first_unresolved : node;
	return resolved;
}

static void add_mount(const struct compose_service *s, struct mounts *m, const struct yaml_node *node, const char *source, const char *target,
		      bool is_bind, bool is_read_only, const char *propagation)
{
	nodes_list_add(s->set, &m->paths, target);
	if (!is_bind || !source)
		return;
	/* Relative paths and ~ stay as they are written: below the project or a home. */
	source = *source == '/' ? nodes_clean_path(s->set, source) : source;
	m->first_host = m->first_host ? m->first_host : node;
	nodes_list_add(s->set, &m->hosts, source);
	if (!is_read_only)
		nodes_list_add(s->set, &m->writable, source);
	if (has_word(propagation, "shared") || has_word(propagation, "rshared"))
		nodes_list_add(s->set, &m->propagated, target);
}

static void read_volume(const struct compose_service *s, struct mounts *m, const struct yaml_node *node)
{
	const char *unknown, *text = yaml_text(node), *source, *target, *type, *propagation;

	m->first_volume = m->first_volume ? m->first_volume : node;
	if (text) {
		bool begins_unknown = *text == '$';

		text = resolve(s, m, node, text, &unknown);
		if (unknown && begins_unknown)
			m->unknown_source = unknown;
		source = part(s->set, &text);
		target = part(s->set, &text);
		if (!*target)
			nodes_list_add(s->set, &m->paths, source);
		else
			add_mount(s, m, node, source, target, *source == '/' || *source == '.' || *source == '~', has_word(text, "ro"), text);
		return;
	}
	type = nodes_text(node, "type");
	source = nodes_text(node, "source");
	target = nodes_text(node, "target");
	propagation = nodes_text(node, "bind.propagation");
	add_mount(s, m, node, source ? resolve(s, m, node, source, &unknown) : NULL, target ? target : "",
		  type && strcmp(type, "bind") == 0, nodes_is_true(node, "read_only"), propagation ? propagation : "");
}

static bool is_loopback(const char *ip) { return strncmp(ip, "127.", 4) == 0 || strcmp(ip, "::1") == 0 || strcmp(ip, "[::1]") == 0; }

static void add_port(const struct compose_service *s, struct mounts *m, const struct yaml_node *node, const char *ip, const char *published)
{
	char *end;
	unsigned long port = strtoul(published, &end, 10);

	if (m->n_ports < m->room && end != published && port > 0 && port < 65536)
		m->ports[m->n_ports++] = port;
	if (!is_loopback(ip)) {
		nodes_list_add(s->set, &m->published, *published ? published : "any");
		m->first_published = m->first_published ? m->first_published : node;
	}
}

/* [IP:][HOST:]CONTAINER[/PROTOCOL]; an address of IPv6 stands in brackets. */
static void read_short_port(const struct compose_service *s, struct mounts *m, const struct yaml_node *node, const char *text)
{
	const char *last = strrchr(text, ':'), *start = text;
	const char *ip = "";

	if (!last) {
		add_port(s, m, node, "", "");        /* a port of the host that Docker chooses */
		return;
	}
	for (const char *p = last; p > text; p--) {
		if (p[-1] == ':' && (*text != '[' || p > strchr(text, ']'))) {
			ip = posture_printf(s->set, "%.*s", (int)(p - 1 - text), text);
			start = p;
			break;
		}
	}
	add_port(s, m, node, ip, posture_printf(s->set, "%.*s", (int)(last - start), start));
}

static void read_port(const struct compose_service *s, struct mounts *m, const struct yaml_node *node)
{
	const char *text = yaml_text(node), *unknown;

	if (text) {
		read_short_port(s, m, node, resolve(s, m, node, text, &unknown));
	} else {
		const char *ip = nodes_text(node, "host_ip"), *published = nodes_text(node, "published");
		add_port(s, m, node, ip ? ip : "", published ? published : "");
	}
}

static void for_items(const struct compose_service *s, const char *key, struct mounts *m,
		      void (*f)(const struct compose_service *s, struct mounts *m, const struct yaml_node *node))
{
	for (size_t k = 0; k < s->n_nodes; k++) {
		const struct yaml_node *list = nodes_get(s->nodes[k], key);

		for (size_t i = 0; list && list->kind == YAML_SEQUENCE && i < list->n; i++)
			f(s, m, list->items[i]);
	}
}

static void read_device(const struct compose_service *s, struct mounts *m, const struct yaml_node *node)
{
	const char *text = yaml_text(node) ? yaml_text(node) : nodes_text(node, "source");

	if (!text)
		return;
	m->first_device = m->first_device ? m->first_device : node;
	nodes_list_add(s->set, &m->devices, part(s->set, &text));
}

void compose_read_mounts(const struct compose_service *s)
{
	struct mounts m = { .room = NODES_LIST_MAX };
	const struct yaml_node *ports = compose_get(s, "ports");

	m.ports = ports ? posture_alloc(s->set, ((size_t)ports->weight * s->n_nodes + 1) * sizeof(*m.ports)) : NULL;
	m.room = m.ports ? (size_t)ports->weight * s->n_nodes : 0;
	for_items(s, "volumes", &m, read_volume);
	for_items(s, "ports", &m, read_port);
	for_items(s, "devices", &m, read_device);
	const struct { enum model_field_id field; const struct nodes_list *list; const struct yaml_node *at; const char *key; } out[] = {
		{ MODEL_F_CONTAINER_HOST_MOUNTS, &m.hosts, m.first_host, "volumes" },
		{ MODEL_F_CONTAINER_HOST_MOUNTS_WRITABLE, &m.writable, m.first_host, "volumes" },
		{ MODEL_F_CONTAINER_MOUNT_PATHS, &m.paths, m.first_volume, "volumes" },
		{ MODEL_F_CONTAINER_MOUNTS_PROPAGATED, &m.propagated, m.first_host, "volumes" },
		{ MODEL_F_CONTAINER_DEVICES, &m.devices, m.first_device, "devices" },
		{ MODEL_F_COMPOSE_PUBLISHED, &m.published, m.first_published, "ports" },
		{ MODEL_F_COMPOSE_UNRESOLVED, &m.unresolved, m.first_unresolved, "volumes" },
	};
	for (size_t i = 0; i < ARRAY_LEN(out); i++) {
		struct posture_value *v = nodes_list_set(s->record, out[i].field, out[i].list);
		if (v && out[i].at)
			posture_at(v, compose_place(s, out[i].at, out[i].key));
	}
	/* What is known to be mounted counts; without any, what is not known is all there is. */
	if (m.unknown_source && m.hosts.n == 0) {
		const char *why = posture_printf(s->set, "the source of a volume is %s", m.unknown_source);

		posture_at(posture_set_unknown(s->record, MODEL_F_CONTAINER_HOST_MOUNTS, why), compose_place(s, m.first_unresolved, "volumes"));
		posture_at(posture_set_unknown(s->record, MODEL_F_CONTAINER_HOST_MOUNTS_WRITABLE, why), compose_place(s, m.first_unresolved, "volumes"));
	}
	if (m.n_ports > 0)
		posture_at(posture_set_uints(s->record, MODEL_F_CONTAINER_HOST_PORTS, m.ports, m.n_ports), compose_place(s, ports, "ports"));
}
