/* SPDX-License-Identifier: Apache-2.0 */
/* Paths of cgroups; a NUL splits the input into the path and what a state says the path is. */
#include "runtime/runtime_internal.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char id[65], uid[64], part[LIMIT_RUNTIME_ID_BYTES + 1], *path, *state;
	enum runtime_kind kind;
	const char *all[1];

	if (size > 8192)
		return 0;
	path = mem_strndup((const char *)data, size);
	state = path + strnlen(path, size) + (strnlen(path, size) < size);
	if (runtime_id_of_cgroup(path, id, &kind) && !runtime_id_is_hex64(id))
		abort();
	runtime_cgroup_pod_uid(path, uid, sizeof(uid));
	if (runtime_component_id(path, strlen(path), part) && !runtime_id_is_valid(part))
		abort();
	all[0] = state;
	runtime_cgroup_fits(all, 1, NULL, "web", false, path);
	runtime_cgroup_fits(NULL, 0, state, "web", true, path);
	runtime_cgroup_strip_mount(state, path);
	free(path);
	return 0;
}
