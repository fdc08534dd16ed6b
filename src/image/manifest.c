/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an archive or a layout says it holds.
 *   docker save: manifest.json, [{"Config": NAME, "RepoTags": [...], "Layers": [NAME, ...]}] (moby image/spec/v1.2.md)
 *   OCI: index.json of descriptors, each an index or a manifest (image-layout.md, image-index.md, manifest.md)
 */
#include "image/image_internal.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

/* The "sha256:..." of a name that ends in 64 digits: blobs/sha256/HEX, HEX.json. */
static const char *digest_of_name(struct image_source *source, const char *name)
{
	const char *slash = strrchr(name, '/'), *hex = slash ? slash + 1 : name;
	size_t n = 0;

	while (n < 64 && isxdigit((unsigned char)hex[n]))
		n++;
	return n == 64 && (!hex[64] || hex[64] == '.') ? arena_printf(&source->arena, "sha256:%.64s", hex) : NULL;
}

/* "sha256:HEX" to blobs/sha256/HEX; NULL: no digest. */
static const char *blob_name(struct image_source *source, const char *digest)
{
	const char *colon = digest ? strchr(digest, ':') : NULL;

	if (!colon || colon == digest || !colon[1] || strpbrk(digest, "/\\") || strlen(digest) > 256)
		return NULL;
	return arena_printf(&source->arena, "blobs/%.*s/%s", (int)(colon - digest), digest, colon + 1);
}

static void problem(struct image_own *own, struct image_source *source, const char *text)
{
	if (!own->first_problem)
		own->first_problem = own->image.problem = arena_strdup(&source->arena, text);
}

/* Configuration and layers of one image; what is wrong with it is the image's problem. */
static void read_image(struct image_source *source, struct image_own *own, const char *config_name, const char *const *layers, size_t n_layers)
{
	_cleanup_json_ json_t *config = NULL;
	struct err err = ERR_INIT;
	struct image_layer **list;
	const json_t *diff_ids;

	own->image.user = "";
	if (image_blobs_json(&source->blobs, config_name, &source->arena, &config, &err) < 0 ||
	    image_config_read(source, &own->image, config, config_name, &err) < 0)
		problem(own, source, err.text);
	diff_ids = json_at(config, "rootfs", "diff_ids", NULL);
	if (n_layers > IMAGE_LAYERS_MAX) {
		problem(own, source, arena_printf(&source->arena, "more than %d layers", IMAGE_LAYERS_MAX));
		n_layers = IMAGE_LAYERS_MAX;
	}
	own->slots = arena_alloc(&source->arena, n_layers * sizeof(struct image_slot *) + 1);
	list = arena_alloc(&source->arena, n_layers * sizeof(struct image_layer *) + 1);
	if (!own->slots || !list)
		return;
	for (size_t i = 0; i < n_layers; i++) {
		struct image_slot *slot = image_source_slot(source, layers[i]);
		const char *diff_id = json_string_value(json_array_get(diff_ids, i));

		if (!slot)
			return;
		slot->layer.digest = slot->layer.digest ? slot->layer.digest : digest_of_name(source, layers[i]);
		if (diff_id && !slot->layer.diff_id)
			slot->layer.diff_id = arena_strdup(&source->arena, diff_id);
		own->slots[i] = slot;
		list[i] = &slot->layer;
		own->image.n_layers = i + 1;
	}
	own->image.layers = list;
	if (config && json_array_size(diff_ids) != n_layers)
		problem(own, source, arena_printf(&source->arena, "%s names %zu layers, its manifest %zu", config_name, json_array_size(diff_ids), n_layers));
}

static int read_docker_item(struct image_source *source, const json_t *item, struct err *err)
{
	const char *config = json_text(item, "Config", NULL);
	struct image_texts layers = image_texts_of(source, json_at(item, "Layers", NULL));
	struct image_own *own;

	if (!config)
		return err_set(err, -EBADMSG, "%s: manifest.json: expected Config", source->name);
	own = image_source_add(source, err);
	if (!own)
		return -E2BIG;
	own->image.id = digest_of_name(source, config);
	if (!own->image.id)
		own->image.id = arena_strdup(&source->arena, config);
	own->image.tags = image_texts_of(source, json_at(item, "RepoTags", NULL));
	read_image(source, own, config, layers.at, layers.n);
	return 0;
}

static int read_docker(struct image_source *source, struct err *err)
{
	_cleanup_json_ json_t *list = NULL;
	int r = image_blobs_json(&source->blobs, "manifest.json", &source->arena, &list, err);

	if (r >= 0 && !json_is_array(list))
		return err_set(err, -EBADMSG, "%s: manifest.json: expected an array", source->name);
	for (size_t i = 0; r >= 0 && i < json_array_size(list); i++)
		r = read_docker_item(source, json_array_get(list, i), err);
	return r;
}

/* ---- OCI ---- */

static void set_names(struct image_source *source, struct image *image, const json_t *descriptor)
{
	const char *name = json_text(descriptor, "annotations", "io.containerd.image.name", NULL);
	const char **tags = arena_alloc(&source->arena, sizeof(*tags));

	if (!name)
		name = json_text(descriptor, "annotations", "org.opencontainers.image.ref.name", NULL);
	if (!name || !tags)
		return;
	tags[0] = arena_strdup(&source->arena, name);
	image->tags = (struct image_texts){ tags, 1 };
}

static int read_manifest(struct image_source *source, const json_t *descriptor, const json_t *names, const json_t *manifest, struct err *err)
{
	const char *config = blob_name(source, json_text(manifest, "config", "digest", NULL));
	const json_t *list = json_at(manifest, "layers", NULL);
	size_t n = json_array_size(list);
	struct image_own *own;
	const char **layers;

	n = n > IMAGE_LAYERS_MAX + 1 ? IMAGE_LAYERS_MAX + 1 : n;
	layers = arena_alloc(&source->arena, n * sizeof(*layers) + 1);
	own = layers ? image_source_add(source, err) : NULL;
	if (!own)
		return -E2BIG;
	own->image.digest = arena_strdup(&source->arena, json_text(descriptor, "digest", NULL));
	own->image.id = arena_strdup(&source->arena, json_text(manifest, "config", "digest", NULL) ? json_text(manifest, "config", "digest", NULL) : "");
	set_names(source, &own->image, names);
	for (size_t i = 0; i < n; i++) {
		layers[i] = blob_name(source, json_text(json_array_get(list, i), "digest", NULL));
		if (!layers[i])
			layers[i] = "(no digest)";
	}
	read_image(source, own, config ? config : "(no digest)", layers, n);
	return 0;
}

static void note_signed(char *digest, struct map *signed_digests)
{
	if (digest)
		map_put(signed_digests, digest, strlen(digest), digest);
}

/* cosign: a tag "sha256-HEX.sig" beside the image. */
static void note_signature_tag(struct image_source *source, const json_t *descriptor, struct map *signed_digests)
{
	const char *ref = json_text(descriptor, "annotations", "org.opencontainers.image.ref.name", NULL);
	size_t len = ref ? strlen(ref) : 0;

	if (len == 7 + 64 + 4 && strncmp(ref, "sha256-", 7) == 0 && strcmp(ref + len - 4, ".sig") == 0)
		note_signed(arena_printf(&source->arena, "sha256:%.64s", ref + 7), signed_digests);
}

/* notation and newer cosign: a manifest with a subject. */
static void note_signature(struct image_source *source, const json_t *manifest, struct map *signed_digests)
{
	const char *subject = json_text(manifest, "subject", "digest", NULL), *type = json_text(manifest, "artifactType", NULL);

	if (subject && type && (strstr(type, "signature") || strstr(type, "sigstore")))
		note_signed(arena_strdup(&source->arena, subject), signed_digests);
}

/* Attestations and signatures are manifests without being images. */
static bool is_image(const json_t *descriptor, const json_t *manifest)
{
	const char *type = json_text(manifest, "config", "mediaType", NULL), *os = json_text(descriptor, "platform", "os", NULL);
	const char *what = json_text(descriptor, "annotations", "vnd.docker.reference.type", NULL);
	const char *ref = json_text(descriptor, "annotations", "org.opencontainers.image.ref.name", NULL);

	if (json_at(manifest, "subject", NULL) || what || (ref && strncmp(ref, "sha256-", 7) == 0 && strstr(ref, ".sig")))
		return false;
	return (!os || strcmp(os, "unknown") != 0) && (!type || strstr(type, "image.config") || strstr(type, "container.image.v1"));
}

struct index_walk { struct map signed_digests, seen; unsigned depth; };

static int read_descriptor(struct image_source *source, const json_t *descriptor, const json_t *names, struct index_walk *w, struct err *err);

static int read_list(struct image_source *source, const json_t *index, const json_t *names, struct index_walk *w, struct err *err)
{
	const json_t *list = json_at(index, "manifests", NULL);
	int r = 0;

	if (w->depth == IMAGE_INDEX_DEPTH_MAX)
		return err_set(err, -E2BIG, "%s: indexes nested deeper than %d", source->name, IMAGE_INDEX_DEPTH_MAX);
	w->depth++;
	for (size_t i = 0; r >= 0 && i < json_array_size(list); i++) {
		const json_t *d = json_array_get(list, i);
		r = read_descriptor(source, d, names ? names : d, w, err);
	}
	w->depth--;
	return r;
}

static int read_descriptor(struct image_source *source, const json_t *descriptor, const json_t *names, struct index_walk *w, struct err *err)
{
	_cleanup_json_ json_t *doc = NULL;
	const char *digest = json_text(descriptor, "digest", NULL), *blob = blob_name(source, digest);
	struct image_own *own;
	int r;

	if (!blob)
		return err_set(err, -EBADMSG, "%s: expected a descriptor with a digest", source->name);
	note_signature_tag(source, descriptor, &w->signed_digests);
	if (map_put(&w->seen, blob, strlen(blob), w))
		return 0;
	r = image_blobs_json(&source->blobs, blob, &source->arena, &doc, err);
	if (r == -ENOENT && json_at(descriptor, "platform", NULL))
		return 0;                /* an index of many platforms whose others were not fetched */
	if (r < 0) {
		own = image_source_add(source, err);
		if (!own)
			return -E2BIG;
		own->image.id = own->image.digest = arena_strdup(&source->arena, digest);
		own->image.user = "";
		set_names(source, &own->image, names);
		problem(own, source, err->text);
		*err = ERR_INIT;
		return 0;
	}
	if (json_at(doc, "manifests", NULL))
		return read_list(source, doc, names, w, err);
	note_signature(source, doc, &w->signed_digests);
	return is_image(descriptor, doc) ? read_manifest(source, descriptor, names, doc, err) : 0;
}

static int read_oci(struct image_source *source, struct err *err)
{
	struct index_walk w = { 0 };
	_cleanup_json_ json_t *index = NULL;
	int r = image_blobs_json(&source->blobs, "index.json", &source->arena, &index, err);

	if (r >= 0)
		r = read_list(source, index, NULL, &w, err);
	for (size_t i = 0; i < source->n_images; i++) {
		struct image *image = &source->images[i]->image;
		image->has_signature = image->digest && map_get(&w.signed_digests, image->digest, strlen(image->digest));
	}
	map_done(&w.signed_digests);
	map_done(&w.seen);
	return r;
}

int image_manifests_read(struct image_source *source, struct err *err)
{
	/* An archive of docker save has both since Docker 25: manifest.json has the names as people know them. */
	if (image_blobs_has(&source->blobs, "manifest.json"))
		return read_docker(source, err);
	if (image_blobs_has(&source->blobs, "index.json"))
		return read_oci(source, err);
	return err_set(err, -EINVAL, "%s holds no images: neither manifest.json nor index.json", source->name);
}
