/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as dockerd's command line (lines), its daemon.json (behind a line "--"), and audit rules: no crash, nothing undefined. */
#include "posture/docker/docker.h"

#include <string.h>

enum { WORDS_MAX = 64, PATHS_MAX = 64 };
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct posture_set *set = posture_set_new(NULL);
	char *text = arena_strndup(&set->arena, (const char *)data, size), *at = text;
	const char *argv[WORDS_MAX + 1] = { "dockerd" }, *paths[PATHS_MAX];
	struct docker_daemon d = { .set = set, .argv = argv, .argc = 1, .below = "", .config_file = "/daemon.json" };
	size_t n;

	docker_audit_paths(set, text, paths, 0, PATHS_MAX);
	while (d.argc < WORDS_MAX && *at && strncmp(at, "--\n", 3) != 0) {
		size_t len = strcspn(at, "\n");

		argv[d.argc++] = at;
		if (!at[len])
			break;
		at[len] = '\0';
		at += len + 1;
	}
	if (strncmp(at, "--\n", 3) == 0 && json_parse(at + 3, strlen(at + 3), "daemon.json", &d.config, NULL) == 0 && !json_is_object(d.config)) {
		json_decref(d.config);
		d.config = NULL;
	}
	d.record = posture_record_new(set, MODEL_KIND_DOCKER_DAEMON, NULL, "dockerd", (struct posture_place){ .file = "/daemon.json" });
	docker_settings_read(&d);
	docker_setting_list(&d, MODEL_F_DOCKER_HOSTS, &n);
	json_decref(d.config);
	posture_set_free(set);
	return 0;
}
