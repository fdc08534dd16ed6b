/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a file of pam.d, and as an answer of nf_tables: no crash. */
#include "posture/host/firewall.h"
#include "posture/host/pam.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct posture_set *set = posture_set_new("/nonexistent");
	struct pam_stack stack = { .set = set };
	struct host_chains chains = { 0 };
	int error;

	/* In memory of its own, aligned and of its own length, so that a byte too far is seen. */
	_cleanup_free_ char *answer = mem_alloc(size ? size : 1);
	memcpy(answer, data, size);
	host_chains_parse(&chains, answer, size, &error);
	pam_stack_parse(&stack, "/etc/pam.d/fuzz", arena_strndup(&set->arena, (const char *)data, size));
	pam_argument(pam_find(&stack, PAM_AUTH, "pam_unix"), "nullok");
	posture_set_free(set);
	return 0;
}
