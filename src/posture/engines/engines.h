/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_POSTURE_ENGINES_H
#define PARKA_POSTURE_ENGINES_H
/*
 * containerd, CRI-O and podman, by their settings. Each is a stack of TOML files, of which a later one wins key by key:
 *
 *   containerd.c   config.toml of versions 1, 2 and 3 with its imports, hosts.toml of registries
 *   conf.c         crio.conf, containers.conf and registries.conf with their .d directories, policy.json
 *   layers.c       the stack: reading, looking up, where a value was said
 *
 * Thread: one.
 */
#include "base/json.h"
#include "posture/audit.h"

enum {
	ENGINE_FILES_MAX = 64,
	ENGINE_FILE_BYTES_MAX = 1 << 20,
	ENGINE_LIST_MAX = 256,
	ENGINE_DIRECTORIES_MAX = 256,
};

extern const struct posture_collector posture_containerd, posture_crio, posture_podman;

struct engine_layers {
	struct posture_set *set;
	struct posture_record *record;
	json_t *docs[ENGINE_FILES_MAX];
	const char *paths[ENGINE_FILES_MAX];
	size_t n;
	const char *problem;             /* a file that is there could not be read: what no other says is unknown */
};

void engine_layers_done(struct engine_layers *layers);
/* Add a file when it is there. */
void engine_layers_add(struct engine_layers *layers, const char *path);
/* Add the files of a directory that end so, in name order. */
void engine_layers_add_dir(struct engine_layers *layers, const char *dir, const char *end);

/* The value that counts below a table ("crio.runtime"; names in it are separated by '|'), NULL. *ret_layer: who said it. */
const json_t *engine_at(const struct engine_layers *layers, const char *table, const char *key, size_t *ret_layer);
/* Set a field from it, or else its default (NULL: unset). */
void engine_bool(struct engine_layers *layers, enum model_field_id field, const char *table, const char *key, bool fallback);
void engine_text(struct engine_layers *layers, enum model_field_id field, const char *table, const char *key,
		 const char *fallback);
void engine_texts(struct engine_layers *layers, enum model_field_id field, const char *table, const char *key);
/* The field with what was computed from a value that `layer` said (layers->n: nobody, the default). */
void engine_said(struct engine_layers *layers, struct posture_value *value, size_t layer, const char *key);
struct posture_record *engine_record(struct engine_layers *layers, struct posture_set *set, const char *type, const char *name);
/* Files read, and problems: after the last engine_layers_add(). */
void engine_files_told(struct engine_layers *layers, const char *role);

/* registries.conf and its .d into insecure and search registries. */
void engine_registries_read(struct engine_layers *engine);

#endif
