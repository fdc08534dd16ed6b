/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as TOML: no crash; what is read can be written as JSON, and is no deeper than it may be. */
#include "base/toml.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), *dump;
	json_t *json = NULL;

	memcpy(text, data, size);
	text[size] = '\0';
	if (toml_parse(text, size, "fuzz", &json, NULL) == 0) {
		dump = json_dumps(json, JSON_COMPACT);
		if (!dump)
			__builtin_trap();
		free(dump);
		json_decref(json);
	}
	free(text);
	return 0;
}
