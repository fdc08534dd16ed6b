/* SPDX-License-Identifier: Apache-2.0 */
/* The files that say how a container was asked for, whole: for those who judge it, not for the look-up path. */
#include "runtime/runtime_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

struct place { int dir_fd; const char *relative, *path; uid_t owner; };

static int place_of_bundle(struct runtime *runtime, const struct runtime_container *c, struct arena *arena, struct place *ret)
{
	const char *bundle = c->bundle;

	if (!bundle)
		return -ENOENT;
	ret->dir_fd = runtime_open_dir(&runtime->stores, bundle);
	ret->relative = "config.json";
	ret->path = arena_printf(arena, "%s/config.json", bundle);
	return ret->dir_fd < 0 ? ret->dir_fd : 0;
}

static int place_of_docker(struct runtime *runtime, const struct runtime_container *c, const char *name, struct arena *arena,
			   struct place *ret)
{
	for (size_t i = 0; i < runtime->stores.n; i++) {
		const struct runtime_store *store = &runtime->stores.at[i];
		const char *relative = arena_printf(arena, "containers/%s/%s", c->id, name);
		_cleanup_close_ int dir = -1, file = -1;

		if (store->layout != RUNTIME_LAYOUT_DOCKER)
			continue;
		dir = runtime_open_dir(&runtime->stores, store->path);
		file = dir < 0 ? -1 : runtime_open_below(dir, relative, O_PATH);
		if (file < 0)
			continue;
		*ret = (struct place){ take_fd(dir), relative, arena_printf(arena, "%s/%s", store->path, relative), store->owner };
		return 0;
	}
	return -ENOENT;
}

int runtime_document(struct runtime *runtime, const struct runtime_container *c, enum runtime_document which,
		     struct arena *arena, json_t **ret_json, const char **ret_path, struct err *err)
{
	_cleanup_json_ json_t *json = NULL;
	struct place place = { .dir_fd = -1 };
	_cleanup_close_ int dir = -1;
	char *text;
	size_t len;
	int r;

	if (!runtime_id_is_valid(c->id))
		return err_set(err, -ENOENT, "no file of the container");
	r = which == RUNTIME_DOCUMENT_OCI
		    ? place_of_bundle(runtime, c, arena, &place)
		    : place_of_docker(runtime, c, which == RUNTIME_DOCUMENT_DOCKER_HOST ? "hostconfig.json" : "config.v2.json",
				      arena, &place);
	dir = place.dir_fd;
	if (r < 0)
		return err_set_os(err, r, "open %s", place.path ? place.path : "the container's configuration");
	r = runtime_read_below(dir, place.relative, LIMIT_RUNTIME_FILE_BYTES, place.owner, arena, &text, &len, err);
	if (r < 0)
		return r;
	r = json_parse(text, len, place.path, &json, err);
	if (r < 0)
		return r;
	if (!json_is_object(json) || runtime_json_is_deep(json, LIMIT_RUNTIME_DEPTH))
		return err_set(err, -EBADMSG, "%s is no JSON object of reasonable depth", place.path);
	*ret_path = place.path;
	*ret_json = take_ptr(json);
	return 0;
}
