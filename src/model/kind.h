/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_MODEL_KIND_H
#define PARKA_MODEL_KIND_H
/*
 * Kinds of records: what a check is about (a Dockerfile instruction, a container, a sysctl). Events
 * are no kind: they have types (model/event.h). The table is kinds.def. Thread: any (constant data).
 */
#include "model/field.h"

/* The layers of a host, from inside to outside; every finding has one. */
enum model_layer {
	MODEL_LAYER_KERNEL,         /* kernel and host */
	MODEL_LAYER_RUNTIME,        /* container runtimes */
	MODEL_LAYER_IMAGES,
	MODEL_LAYER_CONTAINERS,
	MODEL_LAYER_ORCHESTRATOR,
	MODEL_LAYER_IDENTITY,
	MODEL_LAYER_MAX
};

enum model_kind_id {
	MODEL_KIND_NONE,
#define KIND(id, name, parent, layer, prefixes, meaning) MODEL_KIND_##id,
#include "model/kinds.def"
#undef KIND
	MODEL_KIND_MAX
};

struct model_kind {
	const char *name;
	enum model_kind_id parent;   /* MODEL_KIND_NONE at the top */
	enum model_layer layer;      /* of checks about it, unless they say otherwise */
	const char *prefixes;        /* of the fields that are its own: "stage. file." */
	const char *meaning;
};

const struct model_kind *model_kind(enum model_kind_id id);
/* MODEL_KIND_NONE when there is none of that name. */
enum model_kind_id model_kind_by_name(const char *name, size_t len);
/* Whether records of the kind, or their parents, can have the field. */
bool model_kind_has_field(enum model_kind_id id, const char *field_name);

/* "kernel", "runtime", "images", "containers", "orchestrator", "identity". */
const char *model_layer_name(enum model_layer layer);
enum model_layer model_layer_by_name(const char *name);   /* MODEL_LAYER_MAX when it is none */

#endif
