/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a file of sysctl.d: no crash, and what is found has a key. */
#include "posture/host/kernel_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct posture_set *set = posture_set_new("/nonexistent");
	struct host_sysctl_setting *list = host_sysctl_parse(set, NULL, "fuzz", arena_strndup(&set->arena, (const char *)data, size));

	host_sysctl_find(list, "net.ipv4.conf.all.rp_filter");
	posture_set_free(set);
	return 0;
}
