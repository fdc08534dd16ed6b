/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a Dockerfile: no crash, every token within the text, records that can be judged. */
#include "posture/dockerfile/dockerfile.h"
#include "posture/dockerfile/parse.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_tokens(const struct dockerfile_token *tokens, size_t n, unsigned lines)
{
	for (size_t i = 0; i < n; i++) {
		assert(tokens[i].line <= lines);
		assert(strlen(tokens[i].text) == tokens[i].len);
	}
}

static void check(const char *text, size_t len)
{
	struct dockerfile file;
	struct arena arena;
	unsigned lines = 1;

	for (size_t i = 0; i < len; i++)
		lines += text[i] == '\n';
	arena_init(&arena, 0);
	dockerfile_parse(&arena, text, len, &file);
	for (const struct dockerfile_instruction *in = file.instructions; in; in = in->next) {
		assert(in->line >= 1 && in->line <= in->end_line && in->end_line <= lines);
		check_tokens(in->flags, in->n_flags, lines);
		check_tokens(in->words, in->n_words, lines);
	}
	arena_done(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct posture_set *set = posture_set_new(NULL);
	char *text = memchr(data, '\0', size) ? NULL : arena_strndup(&set->arena, (const char *)data, size);
	struct posture_file file = { .path = "Dockerfile", .name = "Dockerfile", .text = text, .len = size, .was_named = true };

	if (text) {
		check(text, size);
		dockerfile_reader.is_mine(set, &file);
		dockerfile_reader.read(set, &file);
	}
	posture_set_free(set);
	return 0;
}
