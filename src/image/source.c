/* SPDX-License-Identifier: Apache-2.0 */
#include "image/image_internal.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Documents, names and contents of one source apart from files of layers. */
enum { SOURCE_BYTES_MAX = 512 << 20 };

const char *image_kind_name(enum image_kind kind)
{
	static const char *const names[] = { "archive", "layout", "docker" };

	return names[kind];
}

enum image_kind image_source_kind(const struct image_source *source) { return source->kind; }
size_t image_count(const struct image_source *source) { return source->n_images; }
const char *image_source_problem(const struct image_source *source) { return source->problem; }

const struct image *image_at(const struct image_source *source, size_t i)
{
	assert(i < source->n_images);
	return &source->images[i]->image;
}

struct image_own *image_source_add(struct image_source *source, struct err *err)
{
	struct image_own *own;

	if (source->n_images == IMAGE_IMAGES_MAX) {
		err_set(err, -E2BIG, "%s holds more than %d images", source->name, IMAGE_IMAGES_MAX);
		return NULL;
	}
	own = arena_alloc(&source->arena, sizeof(*own));
	if (!own) {
		err_set(err, -E2BIG, "%s: documents of more than %d bytes", source->name, SOURCE_BYTES_MAX);
		return NULL;
	}
	if (source->n_images == source->images_size) {
		source->images_size = source->images_size ? source->images_size * 2 : 16;
		source->images = mem_grow(source->images, source->images_size, sizeof(struct image_own *));
	}
	source->images[source->n_images++] = own;
	return own;
}

struct image_slot *image_source_slot(struct image_source *source, const char *name)
{
	struct image_slot *slot = name ? map_get(&source->slots, name, strlen(name)) : NULL;

	if (slot || !name)
		return slot;
	slot = arena_alloc(&source->arena, sizeof(*slot));
	if (!slot)
		return NULL;
	slot->layer.name = arena_strdup(&source->arena, name);
	if (!slot->layer.name)
		return NULL;
	map_put(&source->slots, slot->layer.name, strlen(name), slot);
	return slot;
}

/* ---- opening ---- */

static struct image_source *source_new(enum image_kind kind, const char *name, const struct image_options *options)
{
	struct image_source *source = mem_alloc(sizeof(*source));

	source->kind = kind;
	source->root = source->blobs.fd = -1;
	if (options)
		source->options = *options;
	arena_init(&source->arena, SOURCE_BYTES_MAX);
	source->name = arena_strdup(&source->arena, name);
	return source;
}

/* What is read up to something broken is kept when there is an image in it: the source's problem says what is missing. */
static int opened(struct image_source *source, int r, struct err *here, struct image_source **ret_source, struct err *err)
{
	if (r < 0 && !source->n_images) {
		image_source_free(source);
		if (err)
			*err = *here;
		return r;
	}
	if (r < 0)
		source->problem = arena_strdup(&source->arena, here->text);
	*ret_source = source;
	return 0;
}

int image_source_open_fd(int fd, const char *name, const struct image_options *options, struct image_source **ret_source, struct err *err)
{
	struct image_source *source = source_new(IMAGE_FROM_ARCHIVE, name, options);
	struct err here = ERR_INIT, contents = ERR_INIT;
	int r = image_blobs_open(&source->blobs, fd, source->name, &source->arena, &contents);

	if (source->blobs.is_dir)
		source->kind = IMAGE_FROM_LAYOUT;
	/* A broken archive may hold whole images before the place. */
	if (r >= 0 || source->blobs.n) {
		int r_manifests = image_manifests_read(source, &here);

		if (r >= 0 || source->n_images == 0) {
			r = r >= 0 ? r_manifests : r;
			contents = contents.code ? contents : here;
		}
	}
	return opened(source, r, &contents, ret_source, err);
}

int image_source_open(const char *path, const struct image_options *options, struct image_source **ret_source, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return err_set_os(err, -errno, "open %s", path);
	return image_source_open_fd(fd, path, options, ret_source, err);
}

int image_source_open_docker(int fd, const char *name, const struct image_options *options, struct image_source **ret_source,
			     struct err *err)
{
	struct image_source *source = source_new(IMAGE_FROM_DOCKER, name, options);
	struct err here = ERR_INIT;

	source->root = fd;
	return opened(source, image_store_read(source, &here), &here, ret_source, err);
}

static void slot_drop(struct image_slot *slot)
{
	arena_done(&slot->arena);
	free(slot->files);
	slot->files = NULL;
	slot->layer.files = NULL;
	slot->layer.n_files = 0;
	slot->layer.problem = NULL;
	slot->is_read = false;
}

struct image_source *image_source_free(struct image_source *source)
{
	struct image_slot *slot;

	if (!source)
		return NULL;
	for (size_t i = 0; i < source->n_images; i++)
		free(source->images[i]->nodes);
	for (size_t i = 0; (slot = map_next(&source->slots, &i)) != NULL; )
		slot_drop(slot);
	map_done(&source->slots);
	free(source->images);
	image_blobs_close(&source->blobs);
	fd_close_at(&source->root);
	arena_done(&source->arena);
	free(source);
	return NULL;
}

bool image_may_be_archive(const void *head, size_t len)
{
	return decompress_format_of(head, len) != DECOMPRESS_NONE || (len >= 512 && memcmp((const char *)head + 257, "ustar", 5) == 0);
}

/* ---- layers ---- */

static size_t slot_bytes(const struct image_slot *slot)
{
	return slot->arena.used_bytes + slot->layer.n_files * sizeof(struct image_file);
}

static void read_from_store(struct image_source *source, struct image_slot *slot, struct err *err)
{
	int fd = openat(source->root, slot->layer.name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		err_set_os(err, -errno, "open %s/%s", source->name, slot->layer.name);
	else
		image_layer_from_dir(source, slot, fd, err);
}

static void read_from_blob(struct image_source *source, struct image_slot *slot, struct err *err)
{
	uint64_t max = source->options.layer_bytes_max ? source->options.layer_bytes_max : IMAGE_LAYER_BYTES_MAX;
	struct image_stream stream;
	int fd;

	if (image_blobs_stream(&source->blobs, slot->layer.name, max, &stream, &fd, err) < 0)
		return;
	image_layer_from_tar(source, slot, &stream, err);
	image_stream_close(&stream);
	fd_close_at(&fd);
}

static void slot_read(struct image_source *source, struct image_slot *slot)
{
	struct err err = ERR_INIT;

	if (source->kind == IMAGE_FROM_DOCKER)
		read_from_store(source, slot, &err);
	else
		read_from_blob(source, slot, &err);
	slot->is_read = true;
	/* Only when reading did not even begin: begun, it has told its problem itself. */
	if (err.code && !slot->layer.problem) {
		char *text = arena_strdup(&slot->arena, err.text);
		slot->layer.problem = text ? text : "could not be read whole";
	}
}

struct place { uint64_t offset; struct image_slot *slot; };

static int compare_offsets(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return (x->offset > y->offset) - (x->offset < y->offset);
}

/* In the order in which they lie in the archive. */
static void read_layers(struct image_source *source, struct image_own *own)
{
	struct place order[IMAGE_LAYERS_MAX];
	size_t n = own->image.n_layers, n_files = 0;

	for (size_t i = 0; i < n; i++) {
		order[i].slot = own->slots[i];
		order[i].offset = source->kind == IMAGE_FROM_DOCKER ? i : image_blobs_offset(&source->blobs, own->slots[i]->layer.name);
	}
	qsort(order, n, sizeof(order[0]), compare_offsets);
	for (size_t i = 0; i < n; i++) {
		if (!order[i].slot->is_read) {
			if (n_files > IMAGE_FILES_MAX)
				order[i].slot->layer.problem = "not read: the layers before it have too many files";
			else
				slot_read(source, order[i].slot);
		}
		n_files += order[i].slot->layer.n_files;
	}
}

static void drop_unused(struct image_source *source)
{
	struct image_slot *slot;

	for (size_t i = 0; source->cached_bytes > IMAGE_CACHE_BYTES_MAX && (slot = map_next(&source->slots, &i)) != NULL; )
		if (slot->is_read && !slot->n_users) {
			source->cached_bytes -= slot_bytes(slot);
			slot_drop(slot);
		}
}

void image_load(struct image_source *source, const struct image *image)
{
	struct image_own *own = container_of((struct image *)(uintptr_t)image, struct image_own, image);

	if (own->is_loaded)
		return;
	for (size_t i = 0; i < image->n_layers; i++)
		if (own->slots[i]->n_users++ == 0 && own->slots[i]->is_read)
			source->cached_bytes -= slot_bytes(own->slots[i]);
	read_layers(source, own);
	image_merge(own);
	for (size_t i = 0; i < image->n_layers && !own->image.problem; i++)
		if (own->slots[i]->layer.problem)
			own->image.problem = arena_printf(&source->arena, "layer %zu: %s", i + 1, own->slots[i]->layer.problem);
	own->is_loaded = true;
}

void image_unload(struct image_source *source, const struct image *image)
{
	struct image_own *own = container_of((struct image *)(uintptr_t)image, struct image_own, image);

	if (!own->is_loaded)
		return;
	for (size_t i = 0; i < image->n_layers; i++)
		if (--own->slots[i]->n_users == 0)
			source->cached_bytes += slot_bytes(own->slots[i]);
	free(own->nodes);
	own->nodes = NULL;
	own->image.nodes = NULL;
	own->image.n_nodes = 0;
	own->image.problem = own->first_problem;
	own->is_loaded = false;
	drop_unused(source);
}
