/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as YAML: no crash, and every place found lies in the text. */
#include "base/yaml.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk(const struct yaml_file *file, const struct yaml_node *node, unsigned *budget)
{
	unsigned line, column;

	if (*budget == 0)
		return;
	--*budget;
	if (node->kind == YAML_SCALAR) {
		for (size_t i = 0; i <= node->len && i < 64; i++) {
			yaml_place(file, node, i, &line, &column);
			if (line == 0 || column == 0 || line > file->n_lines)
				abort();
		}
		return;
	}
	for (size_t i = 0; i < node->n; i++) {
		if (node->kind == YAML_MAPPING)
			walk(file, node->pairs[i].key, budget);
		walk(file, node->kind == YAML_MAPPING ? node->pairs[i].value : node->items[i], budget);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct yaml_file *file;
	struct arena arena;
	unsigned budget = 2000;

	arena_init(&arena, 32 << 20);
	if (yaml_parse(&arena, (const char *)data, size, "fuzz", &file, NULL) == 0)
		for (size_t i = 0; i < file->n_docs; i++)
			walk(file, file->docs[i], &budget);
	arena_done(&arena);
	return 0;
}
