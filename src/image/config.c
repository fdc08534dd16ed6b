/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An image's configuration: OCI image specification config.md; Docker's of image/spec/v1.2.md has the same names and more.
 * Texts are the document's: it lives as long as the source.
 */
#include "image/image_internal.h"

#include <errno.h>
#include <string.h>

static const char *text_of(struct image_source *source, const json_t *json, const char *key)
{
	const char *text = json_text(json, key, NULL);

	return text ? arena_strdup(&source->arena, text) : NULL;
}

struct image_texts image_texts_of(struct image_source *source, const json_t *list)
{
	size_t n = json_array_size(list), used = 0;
	const char **at;

	n = n > IMAGE_TEXTS_MAX ? IMAGE_TEXTS_MAX : n;
	at = arena_alloc(&source->arena, n * sizeof(*at) + 1);
	for (size_t i = 0; at && i < n; i++) {
		const char *text = json_string_value(json_array_get(list, i));
		const char *copy = text ? arena_strdup(&source->arena, text) : NULL;

		if (copy)
			at[used++] = copy;
	}
	return (struct image_texts){ at, used };
}

/* {"22/tcp": {}} */
static struct image_texts keys_of(struct image_source *source, json_t *object)
{
	const char **at = arena_alloc(&source->arena, json_object_size(object) * sizeof(*at) + 1);
	const char *key;
	json_t *value;
	size_t n = 0;

	json_object_foreach(object, key, value)
		if (at && n < IMAGE_TEXTS_MAX) {
			at[n] = arena_strdup(&source->arena, key);
			n += at[n] != NULL;
		}
	return (struct image_texts){ at, n };
}

static void read_labels(struct image_source *source, struct image *image, json_t *object)
{
	struct image_pair *pairs = arena_alloc(&source->arena, json_object_size(object) * sizeof(*pairs) + 1);
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value)
		if (pairs && json_string_value(value) && image->n_labels < IMAGE_TEXTS_MAX)
			pairs[image->n_labels++] = (struct image_pair){ arena_strdup(&source->arena, key),
				arena_strdup(&source->arena, json_string_value(value)) };
	image->labels = pairs;
}

static int read_history(struct image_source *source, struct image *image, const json_t *list, struct err *err)
{
	size_t n = json_array_size(list);
	struct image_step *steps;
	int layer = 0;

	if (n > IMAGE_STEPS_MAX)
		return err_set(err, -E2BIG, "a history of more than %d lines", IMAGE_STEPS_MAX);
	steps = arena_alloc(&source->arena, n * sizeof(*steps) + 1);
	for (size_t i = 0; steps && i < n; i++) {
		const json_t *step = json_array_get(list, i);
		bool is_empty = json_is_true(json_object_get(step, "empty_layer"));

		steps[i] = (struct image_step){ text_of(source, step, "created_by"), text_of(source, step, "comment"),
			text_of(source, step, "created"), is_empty ? -1 : layer++ };
	}
	image->steps = steps;
	image->n_steps = steps ? n : 0;
	return 0;
}

int image_config_read(struct image_source *source, struct image *image, const json_t *config, const char *name, struct err *err)
{
	const json_t *in = json_at(config, "config", NULL);
	const char *user;

	if (!json_is_object(config) || !json_at(config, "rootfs", NULL))
		return err_set(err, -EBADMSG, "%s: expected an image's configuration with rootfs", name);
	image->created = text_of(source, config, "created");
	image->author = text_of(source, config, "author");
	image->os = text_of(source, config, "os");
	image->architecture = text_of(source, config, "architecture");
	user = text_of(source, in, "User");
	image->user = user ? user : "";
	image->workdir = text_of(source, in, "WorkingDir");
	image->stop_signal = text_of(source, in, "StopSignal");
	image->env = image_texts_of(source, json_at(in, "Env", NULL));
	image->cmd = image_texts_of(source, json_at(in, "Cmd", NULL));
	image->entrypoint = image_texts_of(source, json_at(in, "Entrypoint", NULL));
	image->onbuild = image_texts_of(source, json_at(in, "OnBuild", NULL));
	image->healthcheck = image_texts_of(source, json_at(in, "Healthcheck", "Test", NULL));
	image->ports = keys_of(source, json_at(in, "ExposedPorts", NULL));
	image->volumes = keys_of(source, json_at(in, "Volumes", NULL));
	read_labels(source, image, json_at(in, "Labels", NULL));
	return read_history(source, image, json_at(config, "history", NULL), err);
}

const struct image_step *image_step_of(const struct image *image, uint32_t layer)
{
	for (size_t i = 0; i < image->n_steps; i++)
		if (image->steps[i].layer == (int)layer)
			return &image->steps[i];
	return NULL;
}
