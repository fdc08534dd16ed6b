/* SPDX-License-Identifier: Apache-2.0 */
#include "posture/kubernetes/manifest.h"
#include "posture/kubernetes/secrets.h"

#include <string.h>

/* Lines of a value that set something that sounds like a secret: `password=hunter2`, `"token": "x"`. */
static bool has_secret_line(const char *text, size_t len)
{
	for (const char *end = text + len; text < end;) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));
		size_t n = stop ? (size_t)(stop - text) : (size_t)(end - text);
		size_t blank = strspn(text, " \t-\"'"), key = strcspn(text + blank, "=:\n\"' ");
		const char *p = text + blank + key;
		char name[128];

		if (blank + key < n && key > 0 && key < sizeof(name)) {
			size_t left = n - blank - key, gap = strspn(p, "\"' =:"), value;

			memcpy(name, text + blank, key);
			name[key] = '\0';
			gap = gap < left ? gap : left;
			value = left - gap;
			while (value > 0 && strchr("\"', \r\t;", p[gap + value - 1]))
				value--;
			if (memchr(p, '=', gap) || memchr(p, ':', gap))
				if (value > 0 && secrets_is_plain(name, p + gap, value))
					return true;
		}
		text += n + 1;
	}
	return false;
}

/* ---- rules of network policies ---- */

static bool is_every_address(const char *cidr)
{
	return !cidr || strcmp(cidr, "0.0.0.0/0") == 0 || strcmp(cidr, "::/0") == 0;
}

static bool selects_all(const struct yaml_node *selector) { return !selector || yaml_is_null(selector) || selector->n == 0; }

/* A peer that is everybody: all addresses, or all pods of all namespaces. podSelector alone is about its own namespace. */
static bool is_everybody(const struct yaml_node *peer)
{
	const struct yaml_node *block = nodes_get(peer, "ipBlock"), *namespaces = nodes_get(peer, "namespaceSelector");
	const struct yaml_node *pods = nodes_get(peer, "podSelector");

	if (block)
		return is_every_address(nodes_text(block, "cidr"));
	if (pods && !namespaces)
		return false;
	return selects_all(namespaces) && selects_all(pods);
}

/* Without peers a rule is about everybody (networking/v1 NetworkPolicyEgressRule). */
static bool is_open(const struct yaml_node *rule, const char *key)
{
	const struct yaml_node *peers = nodes_get(rule, key);

	for (size_t i = 0; peers && peers->kind == YAML_SEQUENCE && i < peers->n; i++)
		if (is_everybody(peers->items[i]))
			return true;
	return !peers || peers->kind != YAML_SEQUENCE || peers->n == 0;
}

static void read_policy(struct posture_set *set, struct k8s_object *o)
{
	static const struct { const char *rules, *peers; } directions[] = { { "ingress", "from" }, { "egress", "to" } };
	const struct yaml_node *policy = strcmp(o->kind, "NetworkPolicy") == 0 ? nodes_get(o->node, "spec") : nodes_get(o->node, "spec.networkPolicy");
	const struct yaml_node *first = NULL;
	struct nodes_list open = { 0 };

	for (size_t d = 0; d < ARRAY_LEN(directions); d++) {
		const struct yaml_node *rules = nodes_get(policy, directions[d].rules);

		for (size_t i = 0; rules && rules->kind == YAML_SEQUENCE && i < rules->n; i++) {
			if (!is_open(rules->items[i], directions[d].peers))
				continue;
			nodes_list_add(set, &open, nodes_path_index(set, directions[d].rules, i));
			first = first ? first : rules->items[i];
		}
	}
	if (first)
		posture_at(nodes_list_set(o->record, MODEL_F_OBJECT_OPEN_RULES, &open),
			   (struct posture_place){ .file = o->file, .line = first->line, .column = first->column });
}

void k8s_read_config(struct posture_set *set, struct k8s_object *o)
{
	const struct yaml_node *data = strcmp(o->kind, "ConfigMap") == 0 ? nodes_get(o->node, "data") : NULL;
	const struct yaml_node *first = NULL;
	struct nodes_list keys = { 0 };

	read_policy(set, o);
	for (size_t i = 0; data && data->kind == YAML_MAPPING && i < data->n; i++) {
		const struct yaml_node *value = data->pairs[i].value;
		const char *key = yaml_text(data->pairs[i].key);

		if (!key || !yaml_text(value))
			continue;
		if (secrets_is_plain(key, value->text, value->len) || has_secret_line(value->text, value->len)) {
			nodes_list_add(set, &keys, key);
			first = first ? first : value;
		}
	}
	if (first)
		posture_at(nodes_list_set(o->record, MODEL_F_OBJECT_SENSITIVE_KEYS, &keys),
			   (struct posture_place){ .file = o->file, .line = first->line, .column = first->column, .path = "data" });
}
