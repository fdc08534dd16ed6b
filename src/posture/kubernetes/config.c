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

void k8s_read_config(struct posture_set *set, struct k8s_object *o)
{
	const struct yaml_node *data = strcmp(o->kind, "ConfigMap") == 0 ? nodes_get(o->node, "data") : NULL;
	const struct yaml_node *first = NULL;
	struct nodes_list keys = { 0 };

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
