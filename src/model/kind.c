/* SPDX-License-Identifier: Apache-2.0 */
#include "model/kind.h"

#include "base/mem.h"

#include <assert.h>
#include <string.h>

static const struct model_kind kinds[] = {
	[MODEL_KIND_NONE] = { "none", MODEL_KIND_NONE, MODEL_LAYER_KERNEL, "", "" },
#define KIND(id, name, parent, layer, prefixes, meaning) \
	[MODEL_KIND_##id] = { name, MODEL_KIND_##parent, MODEL_LAYER_##layer, prefixes, meaning },
#include "model/kinds.def"
#undef KIND
};

static const char *const layers[] = { "kernel", "runtime", "images", "containers", "orchestrator", "identity" };
_Static_assert(ARRAY_LEN(layers) == MODEL_LAYER_MAX, "a name for every layer");

const struct model_kind *model_kind(enum model_kind_id id)
{
	assert(id < MODEL_KIND_MAX);
	return &kinds[id];
}

enum model_kind_id model_kind_by_name(const char *name, size_t len)
{
	for (unsigned i = 1; i < MODEL_KIND_MAX; i++)
		if (strlen(kinds[i].name) == len && memcmp(kinds[i].name, name, len) == 0)
			return i;
	return MODEL_KIND_NONE;
}

static bool begins_with_one_of(const char *name, const char *prefixes)
{
	while (*prefixes) {
		size_t len = strcspn(prefixes, " ");

		if (strncmp(name, prefixes, len) == 0)
			return true;
		prefixes += len;
		prefixes += strspn(prefixes, " ");
	}
	return false;
}

bool model_kind_has_field(enum model_kind_id id, const char *field_name)
{
	for (; id != MODEL_KIND_NONE; id = kinds[id].parent)
		if (begins_with_one_of(field_name, kinds[id].prefixes))
			return true;
	return false;
}

const char *model_layer_name(enum model_layer layer)
{
	assert(layer < MODEL_LAYER_MAX);
	return layers[layer];
}

enum model_layer model_layer_by_name(const char *name)
{
	for (unsigned i = 0; i < MODEL_LAYER_MAX; i++)
		if (strcmp(layers[i], name) == 0)
			return i;
	return MODEL_LAYER_MAX;
}
