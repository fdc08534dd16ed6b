/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as an IAM file: no crash; what comes out can be judged. */
#include "posture/judge.h"
#include "posture/lint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct posture_set *set = posture_set_new(NULL);
	char *text = arena_strndup(&set->arena, (const char *)data, size);

	posture_lint_text(set, "fuzz.json", text, size, "iam");
	posture_set_free(set);
	return 0;
}
