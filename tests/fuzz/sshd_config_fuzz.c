/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as sshd_config: no crash, and every block and keyword can be asked for. */
#include "posture/host/sshd_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct posture_set *set = posture_set_new("/nonexistent");
	struct sshd_config config = { .set = set };
	struct host_list_of_texts words = { 0 };

	sshd_config_parse(&config, "fuzz", arena_strndup(&set->arena, (const char *)data, size));
	for (const struct sshd_setting *s = config.settings; s; s = s->next) {
		sshd_config_time(s->words[0]);
		sshd_config_effective(&config, s->match, s->keyword);
	}
	for (unsigned i = 0; i < config.n_matches && i < 4; i++)
		sshd_config_effective_all(&config, config.matches[i], "allowusers", &words);
	posture_set_free(set);
	return 0;
}
