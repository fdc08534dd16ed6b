/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as sudoers: no crash, and aliases resolve, also those that name themselves. */
#include "posture/host/sudoers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct posture_set *set = posture_set_new("/nonexistent");
	struct sudoers sudoers = { .set = set };
	unsigned n = 0;

	sudoers_parse(&sudoers, "/etc/sudoers", arena_strndup(&set->arena, (const char *)data, size));
	for (const struct sudoers_grant *g = sudoers.grants; g && n < 16; g = g->next, n++) {
		struct host_list_of_texts users = { 0 }, commands = { 0 };

		sudoers_resolve(&sudoers, SUDOERS_USERS, &g->users, &users);
		sudoers_resolve(&sudoers, SUDOERS_COMMANDS, &g->commands, &commands);
	}
	posture_set_free(set);
	return 0;
}
