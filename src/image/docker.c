/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Docker daemon's store, as its overlay2 driver keeps it (moby image/fs.go, layer/filestore.go, daemon/graphdriver/overlay2):
 *   image/overlay2/repositories.json                 names to image ids
 *   image/overlay2/imagedb/content/sha256/ID         configurations
 *   image/overlay2/layerdb/sha256/CHAIN/             diff, parent (none: lowest), cache-id
 *   overlay2/CACHE-ID/diff                           what the layer put in
 */
#include "base/file.h"
#include "image/image_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STORE "image/overlay2"
enum { LINE_MAX_BYTES = 512 };

struct chain { const char *id, *cache_id; };

struct store {
	struct image_source *source;
	struct map chains;               /* "PARENT DIFF" to struct chain */
	struct map names;                /* image id to struct name */
};
struct name { struct name *next; const char *text; };

static int open_dir(struct image_source *source, const char *path, DIR **ret, struct err *err)
{
	int fd = openat(source->root, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return err_set_os(err, -errno, "open %s/%s", source->name, path);
	*ret = fdopendir(fd);
	if (*ret)
		return 0;
	close(fd);
	return err_set_os(err, -errno, "open %s/%s", source->name, path);
}

static const char *read_line(struct image_source *source, const char *id, const char *name)
{
	char *text, *path = arena_printf(&source->arena, STORE "/layerdb/sha256/%s/%s", id, name);
	size_t len;

	if (!path || file_read_at(source->root, path, LINE_MAX_BYTES, &source->arena, &text, &len, NULL) < 0)
		return NULL;
	text[strcspn(text, "\n")] = '\0';
	return text;
}

static bool is_id(const char *text)
{
	return strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

static void add_chain(struct store *s, const char *id)
{
	struct arena *arena = &s->source->arena;
	const char *diff = read_line(s->source, id, "diff");
	const char *parent = read_line(s->source, id, "parent");
	const char *cache = read_line(s->source, id, "cache-id");
	struct chain *chain = arena_alloc(arena, sizeof(*chain));
	char *key = diff ? arena_printf(arena, "%s %s", parent ? parent : "", diff) : NULL;

	if (!chain || !key || !cache || strchr(cache, '/') || cache[0] == '.')
		return;
	*chain = (struct chain){ arena_printf(arena, "sha256:%s", id), cache };
	map_put(&s->chains, key, strlen(key), chain);
}

static int read_chains(struct store *s, struct err *err)
{
	const struct dirent *e;
	DIR *dir;
	size_t n = 0;
	int r = open_dir(s->source, STORE "/layerdb/sha256", &dir, err);

	if (r == -ENOENT)
		return 0;                /* no layer yet */
	if (r < 0)
		return r;
	while ((e = readdir(dir)) && n < IMAGE_STORE_LAYERS_MAX)
		if (is_id(e->d_name)) {
			add_chain(s, e->d_name);
			n++;
		}
	closedir(dir);
	return n < IMAGE_STORE_LAYERS_MAX ? 0 : err_set(err, -E2BIG, "%s: more than %d layers", s->source->name, IMAGE_STORE_LAYERS_MAX);
}

static void add_name(struct store *s, const char *text, const char *id)
{
	struct arena *arena = &s->source->arena;
	struct name *name = arena_alloc(arena, sizeof(*name));
	char *key = arena_strdup(arena, id);

	if (!name || !key)
		return;
	*name = (struct name){ map_get(&s->names, id, strlen(id)), arena_strdup(arena, text) };
	map_put(&s->names, key, strlen(key), name);
}

static int read_names(struct store *s, struct err *err)
{
	_cleanup_json_ json_t *doc = NULL;
	const char *repository, *name;
	json_t *names, *id;
	char *text;
	size_t len;
	int r = file_read_at(s->source->root, STORE "/repositories.json", IMAGE_JSON_BYTES_MAX, &s->source->arena, &text, &len, err);

	if (r == -ENOENT) {
		*err = ERR_INIT;
		return 0;
	}
	if (r >= 0)
		r = json_parse(text, len, "repositories.json", &doc, err);
	if (r < 0)
		return r;
	json_object_foreach((json_t *)(uintptr_t)json_at(doc, "Repositories", NULL), repository, names)
		json_object_foreach(names, name, id)
			if (json_string_value(id))
				add_name(s, name, json_string_value(id));
	return 0;
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static struct image_texts names_of(struct store *s, const char *id, bool digests)
{
	struct name *first = map_get(&s->names, id, strlen(id));
	const char **at;
	size_t n = 0, used = 0;

	for (const struct name *name = first; name; name = name->next)
		n++;
	at = arena_alloc(&s->source->arena, n * sizeof(*at) + 1);
	for (const struct name *name = first; name && at && used < IMAGE_TEXTS_MAX; name = name->next)
		if (name->text && !strchr(name->text, '@') == !digests)
			at[used++] = name->text;
	if (used)
		qsort(at, used, sizeof(*at), compare_texts);
	return (struct image_texts){ at, used };
}

static void problem(struct image_own *own, const char *text)
{
	if (!own->first_problem)
		own->first_problem = own->image.problem = text;
}

static void find_layers(struct store *s, struct image_own *own, const json_t *diff_ids)
{
	struct arena *arena = &s->source->arena;
	size_t n = json_array_size(diff_ids);
	struct image_layer **list;
	const char *parent = "";

	if (n > IMAGE_LAYERS_MAX) {
		problem(own, arena_printf(arena, "more than %d layers", IMAGE_LAYERS_MAX));
		n = IMAGE_LAYERS_MAX;
	}
	own->slots = arena_alloc(arena, n * sizeof(struct image_slot *) + 1);
	list = arena_alloc(arena, n * sizeof(struct image_layer *) + 1);
	for (size_t i = 0; own->slots && list && i < n; i++) {
		const char *diff = json_string_value(json_array_get(diff_ids, i));
		const char *key = arena_printf(arena, "%s %s", parent, diff ? diff : "");
		const struct chain *chain = key ? map_get(&s->chains, key, strlen(key)) : NULL;

		if (!chain) {
			problem(own, arena_printf(arena, "its layer %zu, %s, is not in the store", i + 1, diff ? diff : "(none)"));
			break;
		}
		own->slots[i] = image_source_slot(s->source, arena_printf(arena, "overlay2/%s/diff", chain->cache_id));
		if (!own->slots[i])
			break;
		own->slots[i]->layer.diff_id = arena_strdup(arena, diff);
		list[i] = &own->slots[i]->layer;
		own->image.n_layers = i + 1;
		parent = chain->id;
	}
	own->image.layers = list;
}

static int add_image(struct store *s, const char *hex, struct err *err)
{
	struct image_own *own = image_source_add(s->source, err);
	struct arena *arena = &s->source->arena;
	_cleanup_json_ json_t *config = NULL;
	struct err here = ERR_INIT;
	const char *path;
	char *text;
	size_t len;

	if (!own)
		return -E2BIG;
	own->image.user = "";
	own->image.id = arena_printf(arena, "sha256:%s", hex);
	if (!own->image.id)
		return err_set(err, -E2BIG, "%s: no room left", s->source->name);
	own->image.tags = names_of(s, own->image.id, false);
	own->image.digests = names_of(s, own->image.id, true);
	path = arena_printf(arena, STORE "/imagedb/content/sha256/%s", hex);
	if (file_read_at(s->source->root, path, IMAGE_JSON_BYTES_MAX, arena, &text, &len, &here) < 0 ||
	    json_parse(text, len, path, &config, &here) < 0 || image_config_read(s->source, &own->image, config, path, &here) < 0)
		problem(own, arena_strdup(arena, here.text));
	find_layers(s, own, json_at(config, "rootfs", "diff_ids", NULL));
	return 0;
}

/* What `docker images` leaves out without --all: no name, and the parent of another image (imagedb/metadata/sha256/ID/parent). */
static void mark_intermediates(struct image_source *source)
{
	struct map by_id = MAP_INIT;

	for (size_t i = 0; i < source->n_images; i++) {
		struct image_own *own = source->images[i];
		if (!own->image.tags.n && !own->image.digests.n && own->image.id)
			map_put(&by_id, own->image.id, strlen(own->image.id), own);
	}
	for (size_t i = 0; by_id.n && i < source->n_images; i++) {
		const char *hex = source->images[i]->image.id + 7;       /* behind "sha256:" */
		char *parent, *path = arena_printf(&source->arena, STORE "/imagedb/metadata/sha256/%s/parent", hex);
		struct image_own *own;
		size_t len;

		if (!path || file_read_at(source->root, path, LINE_MAX_BYTES, &source->arena, &parent, &len, NULL) < 0)
			continue;
		own = map_get(&by_id, parent, strcspn(parent, "\n"));
		if (own)
			own->image.is_intermediate = true;
	}
	map_done(&by_id);
}

static int read_images(struct store *s, struct err *err)
{
	const struct dirent *e;
	_cleanup_free_ const char **ids = NULL;
	size_t n = 0, size = 0;
	DIR *dir;
	int r = open_dir(s->source, STORE "/imagedb/content/sha256", &dir, err);

	if (r < 0)
		return r;
	while ((e = readdir(dir)) && n <= IMAGE_IMAGES_MAX)
		if (is_id(e->d_name)) {
			if (n == size) {
				size = size ? size * 2 : 64;
				ids = mem_grow(ids, size, sizeof(*ids));
			}
			ids[n++] = arena_strdup(&s->source->arena, e->d_name);
		}
	closedir(dir);
	if (n)
		qsort(ids, n, sizeof(*ids), compare_texts);
	for (size_t i = 0; r >= 0 && i < n; i++)
		r = add_image(s, ids[i], err);
	mark_intermediates(s->source);
	return r;
}

/* Which driver's images are there, when they are not overlay2's. */
static int other_driver(struct image_source *source, struct err *err)
{
	const struct dirent *e;
	const char *driver = NULL;
	DIR *dir;
	int r = open_dir(source, "image", &dir, err);

	if (r == -ENOENT)
		return err_set(err, -ENOENT, "%s has no images", source->name);
	if (r < 0)
		return r;
	while ((e = readdir(dir)) && !driver)
		if (e->d_name[0] != '.')
			driver = arena_strdup(&source->arena, e->d_name);
	closedir(dir);
	if (!driver)
		return err_set(err, -ENOENT, "%s has no images", source->name);
	return err_set(err, -EOPNOTSUPP, "%s: images of the storage driver %s are not read, only those of overlay2", source->name, driver);
}

int image_store_read(struct image_source *source, struct err *err)
{
	struct store s = { .source = source };
	int r;

	if (faccessat(source->root, STORE, F_OK, 0) < 0)
		return errno == ENOENT ? other_driver(source, err) : err_set_os(err, -errno, "open %s/" STORE, source->name);
	r = read_chains(&s, err);
	if (r >= 0)
		r = read_names(&s, err);
	if (r >= 0)
		r = read_images(&s, err);
	map_done(&s.chains);
	map_done(&s.names);
	return r;
}
