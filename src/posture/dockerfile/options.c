/* SPDX-License-Identifier: Apache-2.0 */
#include "posture/dockerfile/options.h"

#include "base/yaml.h"

#include <string.h>

static const struct dockerfile_options none = { .directory = "" };

/* "*" at one end stands for any text (hadolint/hadolint README, trustedRegistries). */
static bool matches(const char *pattern, const char *registry)
{
	size_t len = strlen(pattern), have = strlen(registry);

	if (strcmp(pattern, "*") == 0)
		return true;
	if (*pattern == '*')
		return have >= len - 1 && strcmp(registry + have - (len - 1), pattern + 1) == 0;
	if (len && pattern[len - 1] == '*')
		return strncmp(registry, pattern, len - 1) == 0;
	return strcmp(pattern, registry) == 0;
}

bool dockerfile_registry_is_trusted(const struct dockerfile_options *options, const char *registry)
{
	for (size_t i = 0; i < options->n_registries; i++)
		if (matches(options->registries[i], registry))
			return true;
	return options->n_registries == 0;
}

const struct dockerfile_options *dockerfile_options_of(const struct posture_set *set, const char *path)
{
	const struct dockerfile_options *o = set->dockerfile_options;
	size_t len = o ? strlen(o->directory) : 0;

	return o && strncmp(path, o->directory, len) == 0 ? o : &none;
}

bool dockerfile_options_is_mine(const struct posture_file *file)
{
	return strcmp(file->name, ".hadolint.yaml") == 0 || strcmp(file->name, ".hadolint.yml") == 0;
}

static void complain(struct posture_set *set, const struct posture_file *file, const struct yaml_node *node, const char *what)
{
	posture_problem(set, MODEL_LAYER_IMAGES,
			(struct posture_place){ .file = file->path, .line = node->line, .column = node->column }, "%s", what);
}

static const char *const *read_list(struct posture_set *set, const struct posture_file *file, const struct yaml_node *node, size_t *ret_n)
{
	const char **list;
	size_t n = 0;

	if (!node || yaml_is_null(node))
		return NULL;
	if (node->kind != YAML_SEQUENCE || node->n > DOCKERFILE_OPTIONS_MAX) {
		complain(set, file, node, "expected a list of texts, not too long");
		return NULL;
	}
	list = posture_alloc(set, (node->n + 1) * sizeof(*list));
	for (size_t i = 0; list && i < node->n; i++) {
		const char *text = yaml_text(node->items[i]);
		if (text)
			list[n++] = text;
		else
			complain(set, file, node->items[i], "expected a text");
	}
	*ret_n = list ? n : 0;
	return list;
}

static void read_labels(struct posture_set *set, const struct posture_file *file, const struct yaml_node *node,
			struct dockerfile_options *options)
{
	struct dockerfile_label *labels;

	if (!node || yaml_is_null(node))
		return;
	if (node->kind != YAML_MAPPING || node->n > DOCKERFILE_OPTIONS_MAX) {
		complain(set, file, node, "expected label: type pairs, not too many");
		return;
	}
	labels = posture_alloc(set, (node->n + 1) * sizeof(*labels));
	options->labels = labels;
	for (size_t i = 0; labels && i < node->n; i++) {
		const char *name = yaml_text(node->pairs[i].key), *type = yaml_text(node->pairs[i].value);
		enum dockerfile_label_type t = type ? dockerfile_label_type_by_name(type) : DOCKERFILE_LABEL_TYPE_MAX;
		if (!name || t == DOCKERFILE_LABEL_TYPE_MAX)
			complain(set, file, node->pairs[i].value, "expected text, url, rfc3339, spdx, hash, semver or email");
		else
			labels[options->n_labels++] = (struct dockerfile_label){ name, t };
	}
}

void dockerfile_options_read(struct posture_set *set, struct posture_file *file)
{
	struct yaml_file *yaml = posture_file_yaml(set, file);
	struct dockerfile_options *options = posture_alloc(set, sizeof(*options));
	const struct yaml_node *root;

	if (!yaml) {
		posture_problem(set, MODEL_LAYER_IMAGES, (struct posture_place){ .file = file->path,
				.line = file->yaml_err ? file->yaml_err->line : 0 }, "%s", file->yaml_err ? file->yaml_err->text : "not read");
		return;
	}
	if (!options || yaml->n_docs == 0 || yaml_is_null(yaml->docs[0]))
		return;
	root = yaml->docs[0];
	options->registries = read_list(set, file, yaml_get(root, "trustedRegistries"), &options->n_registries);
	options->ignored = read_list(set, file, yaml_get(root, "ignored"), &options->n_ignored);
	read_labels(set, file, yaml_get(root, "label-schema"), options);
	if (yaml_get(root, "strict-labels"))
		options->strict_labels = yaml_is(yaml_get(root, "strict-labels"), "true");
	options->directory = posture_printf(set, "%.*s", (int)(strlen(file->path) - strlen(file->name)), file->path);
	set->dockerfile_options = options;
}
