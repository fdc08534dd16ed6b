/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as /proc/PID/mountinfo, and each mount's root as a path of the host: no crash; texts end where they must. */
#include "posture/containers/containers.h"

#include <string.h>

enum { MOUNTS_MAX = 256 };
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct posture_set *set = posture_set_new(NULL);
	char *text = arena_strndup(&set->arena, (const char *)data, size);
	struct container_mount mounts[MOUNTS_MAX];
	const char *dangers[16];
	size_t n = 0;

	container_mountinfo(set, text, mounts, MOUNTS_MAX, &n);
	for (size_t i = 0; i < n; i++)
		if (container_path_dangers(mounts[i].root, dangers) > 16 || strlen(mounts[i].point) > size)
			__builtin_trap();
	posture_set_free(set);
	return 0;
}
