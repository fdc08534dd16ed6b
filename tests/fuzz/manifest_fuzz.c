/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a manifest and as a compose file: no crash, and every value can be asked for. */
#include "posture/judge.h"
#include "posture/lint.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char own_checks[] =
	"- check: object\n  title: t\n  of: k8s.object\n  severity: low\n  fails: object.value[spec.a] = x or object.values[spec.*.*] intersects (x) or "
	"object.label[a] = x\n  output: '%object.values[*]'\n  why: w\n  fix: f\n"
	"- check: container\n  title: t\n  of: k8s.container\n  severity: low\n  fails: container.flag[--a] = x or container.env[A] = x or "
	"container.values[*] intersects (x) or pod.annotation[a] exists or len(container.env.names) > 3\n  output: '%container.command'\n  why: w\n  fix: f\n"
	"- check: grant\n  title: t\n  of: k8s.grant\n  severity: low\n  fails: rule.verbs intersects (get)\n  output: '%rule.resources'\n  why: w\n  fix: f\n"
	"- check: service\n  title: t\n  of: compose.service\n  severity: low\n  fails: container.host_mounts intersects (/) or compose.values[*] intersects (x)\n"
	"  output: '%container.image %compose.published'\n  why: w\n  fix: f\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct posture_checks *checks;
	static const char *const readers[] = { "kubernetes", "compose", NULL };
	struct err err = ERR_INIT;
	char *text = malloc(size + 1);

	if (!checks) {
		checks = posture_checks_new();
		if (posture_checks_load_text(checks, "own", own_checks, sizeof(own_checks) - 1, &err) < 0)
			abort();
	}
	memcpy(text, data, size);
	text[size] = '\0';
	for (size_t i = 0; i < 3; i++) {
		struct posture_set *set = posture_set_new(NULL);
		struct posture_results results;

		posture_lint_text(set, "fuzz.yaml", text, size, readers[i]);
		posture_lint_finish(set);
		if (posture_judge(set, checks, NULL, &results, &err) < 0)
			abort();
		posture_results_done(&results);
		posture_set_free(set);
	}
	free(text);
	return 0;
}
