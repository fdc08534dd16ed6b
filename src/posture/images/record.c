/* SPDX-License-Identifier: Apache-2.0 */
#include "posture/images/images.h"

#include "base/mem.h"

#include <ctype.h>
#include <string.h>
#include <time.h>

static const char *copy(struct posture_set *set, const char *text)
{
	return text ? posture_printf(set, "%s", text) : NULL;
}

static void set_texts(struct posture_record *r, enum model_field_id field, const struct image_texts *texts)
{
	const char **at = posture_alloc(r->set, (texts->n + 1) * sizeof(*at));

	for (size_t i = 0; at && i < texts->n; i++)
		at[i] = copy(r->set, texts->at[i]);
	if (at)
		posture_set_texts(r, field, at, texts->n);
}

static const char *name_of(struct posture_set *set, const struct image *image)
{
	const char *hex;

	if (image->tags.n)
		return copy(set, image->tags.at[0]);
	hex = image->id ? strchr(image->id, ':') : NULL;
	return posture_printf(set, "%.12s", hex ? hex + 1 : image->id ? image->id : "(without id)");
}

/* ---- from the configuration ---- */

static void set_env(struct posture_record *r, const struct image *image)
{
	const char **names = posture_alloc(r->set, (image->env.n + 1) * sizeof(*names));
	const char **secrets = posture_alloc(r->set, (image->env.n + 1) * sizeof(*secrets));
	size_t n_secrets = 0;

	if (!names || !secrets)
		return;
	for (size_t i = 0; i < image->env.n; i++) {
		const char *text = image->env.at[i];
		size_t len = strcspn(text, "=");

		names[i] = posture_printf(r->set, "%.*s", (int)len, text);
		if (text[len] && images_is_secret(text, len, text + len + 1, strlen(text + len + 1)))
			secrets[n_secrets++] = names[i];
	}
	posture_set_texts(r, MODEL_F_IMAGE_ENV, names, image->env.n);
	posture_set_texts(r, MODEL_F_IMAGE_SECRET_ENV, secrets, n_secrets);
}

/* Whether User is root. "" is root; USER or UID, then perhaps :GROUP. */
static void set_user(struct posture_record *r, const struct image *image)
{
	size_t len = strcspn(image->user, ":");
	int64_t uid;

	posture_set_text(r, MODEL_F_IMAGE_USER, copy(r->set, image->user));
	if (!len || strspn(image->user, "0") == len || (len == 4 && strncmp(image->user, "root", 4) == 0)) {
		posture_said(posture_set_bool(r, MODEL_F_IMAGE_USER_IS_ROOT, true), len ? POSTURE_FROM_FILE : POSTURE_FROM_DEFAULT, NULL);
		return;
	}
	if (strspn(image->user, "0123456789") == len) {
		posture_set_bool(r, MODEL_F_IMAGE_USER_IS_ROOT, false);
		return;
	}
	uid = images_uid_of(image, image->user, len);
	if (uid < 0)
		posture_set_unknown(r, MODEL_F_IMAGE_USER_IS_ROOT, posture_printf(r->set, "the image's /etc/passwd has no %.*s", (int)len, image->user));
	else
		posture_set_bool(r, MODEL_F_IMAGE_USER_IS_ROOT, uid == 0);
}

/* RFC 3339, "2024-01-02T03:04:05.678Z": the day is enough. */
static void set_age(struct posture_record *r, const struct image *image)
{
	struct tm tm = { 0 };
	time_t built, now = time(NULL);

	posture_set_text(r, MODEL_F_IMAGE_CREATED, copy(r->set, image->created));
	if (!image->created || !strptime(image->created, "%Y-%m-%dT%H:%M:%S", &tm) || tm.tm_year < 100)
		return;
	built = timegm(&tm);
	posture_set_uint(r, MODEL_F_IMAGE_AGE_DAYS, built < now ? (uint64_t)(now - built) / 86400 : 0);
}

static const struct posture_value *keyed(const struct posture_record *r, const struct model_field_ref *field, struct arena *scratch)
{
	const struct image_texts *labels = r->own;   /* name, value, name, value */
	struct posture_value *v;

	for (size_t i = 0; field->id == MODEL_F_IMAGE_LABEL && field->key && i + 1 < labels->n; i += 2)
		if (strcmp(labels->at[i], field->key) == 0) {
			v = arena_alloc(scratch, sizeof(*v));
			v->field = MODEL_F_IMAGE_LABEL;
			v->state = MODEL_SET;
			v->value.text = labels->at[i + 1];
			v->value.len = strlen(v->value.text);
			return v;
		}
	return NULL;
}

static void set_labels(struct posture_record *r, const struct image *image)
{
	struct image_texts *labels = posture_alloc(r->set, sizeof(*labels));
	const char **at = posture_alloc(r->set, (2 * image->n_labels + 1) * sizeof(*at));

	if (!labels || !at)
		return;
	for (size_t i = 0; i < image->n_labels; i++) {
		at[2 * i] = copy(r->set, image->labels[i].name);
		at[2 * i + 1] = copy(r->set, image->labels[i].value);
	}
	*labels = (struct image_texts){ at, 2 * image->n_labels };
	r->own = labels;
	r->keyed = keyed;
}

static bool has_latest_tag(const struct image_texts *tags)
{
	for (size_t i = 0; i < tags->n; i++) {
		size_t len = strlen(tags->at[i]);
		if (strcmp(tags->at[i], "latest") == 0 || (len > 7 && strcmp(tags->at[i] + len - 7, ":latest") == 0))
			return true;
	}
	return false;
}

static void set_config(struct posture_record *r, const struct image *image)
{
	set_texts(r, MODEL_F_IMAGE_TAGS, &image->tags);
	posture_set_bool(r, MODEL_F_IMAGE_HAS_LATEST_TAG, has_latest_tag(&image->tags));
	set_texts(r, MODEL_F_IMAGE_DIGESTS, &image->digests);
	set_texts(r, MODEL_F_IMAGE_ENTRYPOINT, &image->entrypoint);
	set_texts(r, MODEL_F_IMAGE_CMD, &image->cmd);
	set_texts(r, MODEL_F_IMAGE_PORTS, &image->ports);
	set_texts(r, MODEL_F_IMAGE_VOLUMES, &image->volumes);
	posture_set_text(r, MODEL_F_IMAGE_OS, copy(r->set, image->os));
	posture_set_text(r, MODEL_F_IMAGE_ARCH, copy(r->set, image->architecture));
	posture_set_bool(r, MODEL_F_IMAGE_HAS_HEALTHCHECK, image->healthcheck.n && strcmp(image->healthcheck.at[0], "NONE") != 0);
	posture_set_uint(r, MODEL_F_IMAGE_LAYERS, image->n_layers);
	set_env(r, image);
	set_user(r, image);
	set_age(r, image);
	set_labels(r, image);
}

/* ---- from the layers ---- */

static void set_sizes(struct posture_record *r, const struct image *image)
{
	uint64_t all = 0, seen = 0;

	for (size_t i = 0; i < image->n_layers; i++)
		all += image->layers[i]->size;
	for (size_t i = 0; i < image->n_nodes; i++)
		if (image->nodes[i].file->kind == IMAGE_FILE)
			seen += image->nodes[i].file->size;
	posture_set_uint(r, MODEL_F_IMAGE_FILES, image->n_nodes);
	posture_set_uint(r, MODEL_F_IMAGE_SIZE, all);
	posture_set_uint(r, MODEL_F_IMAGE_REMOVED_SIZE, all - seen);
}

static void file_record(struct posture_record *parent, const struct image *image, const struct image_file *f, uint32_t layer, const char *what)
{
	struct posture_set *set = parent->set;
	const struct image_node *node = image_find(image, f->path);
	const struct image_step *step = image_step_of(image, layer);
	const char *path = copy(set, f->path);
	struct posture_record *r = posture_record_new(set, MODEL_KIND_IMAGE_FILE, parent, posture_printf(set, "%s in %s", path, parent->name), parent->place);

	if (!r)
		return;
	r->key = posture_printf(set, "%s %s %u", parent->key, path, layer);
	posture_set_text(r, MODEL_F_IMAGEFILE_PATH, path);
	posture_set_text(r, MODEL_F_IMAGEFILE_SECRET, what);
	posture_set_uint(r, MODEL_F_IMAGEFILE_LAYER, layer + 1);
	if (step)
		posture_set_text(r, MODEL_F_IMAGEFILE_STEP, images_step(set, step).text);
	posture_set_bool(r, MODEL_F_IMAGEFILE_IS_REMOVED, !node || node->layer != layer);
}

static void file_records(struct posture_record *parent, const struct image *image)
{
	size_t n = 0;

	for (uint32_t i = 0; i < image->n_layers; i++) {
		const struct image_layer *layer = image->layers[i];

		for (size_t k = 0; k < layer->n_files; k++) {
			const char *what = layer->files[k].content ? images_secret_in(&layer->files[k]) : NULL;

			if (what && ++n <= IMAGES_SECRETS_MAX)
				file_record(parent, image, &layer->files[k], i, what);
		}
	}
	if (n > IMAGES_SECRETS_MAX)
		posture_problem(parent->set, MODEL_LAYER_IMAGES, parent->place, "%s: more than %d files that hold secrets: %zu; the rest is not told",
				parent->name, IMAGES_SECRETS_MAX, n);
}

static void step_records(struct posture_record *parent, const struct image *image)
{
	struct posture_set *set = parent->set;

	for (size_t i = 0; i < image->n_steps; i++) {
		struct posture_record *r = posture_record_new(set, MODEL_KIND_IMAGE_STEP, parent,
							      posture_printf(set, "history line %zu of %s", i + 1, parent->name), parent->place);
		struct images_step step = images_step(set, &image->steps[i]);

		if (!r)
			return;
		r->key = posture_printf(set, "%s #%zu", parent->key, i + 1);
		posture_set_uint(r, MODEL_F_IMAGESTEP_NUMBER, i + 1);
		posture_set_text(r, MODEL_F_IMAGESTEP_INSTRUCTION, step.instruction);
		posture_set_text(r, MODEL_F_IMAGESTEP_TEXT, step.text);
		if (image->steps[i].layer >= 0)
			posture_set_uint(r, MODEL_F_IMAGESTEP_LAYER, (uint64_t)image->steps[i].layer + 1);
		posture_set_texts(r, MODEL_F_IMAGESTEP_SECRETS, step.secrets, step.n_secrets);
	}
}

static void image_record(struct posture_set *set, struct image_source *source, const struct image *image, struct posture_place place)
{
	const char *name = name_of(set, image);
	struct posture_record *r = posture_record_new(set, MODEL_KIND_IMAGE, NULL, posture_printf(set, "image %s", name), place);

	if (!r)
		return;
	image_load(source, image);
	r->key = posture_printf(set, "image %s", name);
	posture_set_text(r, MODEL_F_IMAGE_NAME, name);
	posture_set_text(r, MODEL_F_IMAGE_ID, copy(set, image->id));
	posture_set_text(r, MODEL_F_IMAGE_SOURCE, image_kind_name(image_source_kind(source)));
	posture_set_bool(r, MODEL_F_IMAGE_IS_WHOLE, !image->problem);
	if (image_source_kind(source) == IMAGE_FROM_LAYOUT)
		posture_set_bool(r, MODEL_F_IMAGE_HAS_SIGNATURE, image->has_signature);
	if (image->problem)
		posture_problem(set, MODEL_LAYER_IMAGES, place, "image %s is not read whole: %s", name, image->problem);
	set_config(r, image);
	set_sizes(r, image);
	images_tree_fields(r, image);
	step_records(r, image);
	file_records(r, image);
	image_unload(source, image);
}

size_t images_wants(void *data, const struct image_file *f)
{
	static const char *const accounts[] = { "/etc/passwd", "/etc/shadow", "/etc/group" };

	for (size_t i = 0; i < ARRAY_LEN(accounts); i++)
		if (strcmp(f->path, accounts[i]) == 0)
			return IMAGES_ACCOUNTS_BYTES_MAX;
	return images_secret_wants(f);
}

void images_records(struct posture_set *set, struct image_source *source, struct posture_place place)
{
	if (image_source_problem(source))
		posture_problem(set, MODEL_LAYER_IMAGES, place, "not read whole: %s", image_source_problem(source));
	for (size_t i = 0; i < image_count(source); i++)
		if (!image_at(source, i)->is_intermediate)
			image_record(set, source, image_at(source, i), place);
}
