/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_POSTURE_INTERNAL_H
#define PARKA_POSTURE_INTERNAL_H
/* How a set of checks is kept. Private to the room. */
#include "base/map.h"
#include "base/yaml.h"
#include "lang/rules.h"
#include "posture/check.h"

/* A check with what errors about it point into. */
struct posture_source {
	struct posture_check check;
	const struct yaml_file *file;
	const struct yaml_node *item;
	struct posture_source *next_of_kind;
};

struct posture_checks {
	struct arena arena;
	struct posture_source **at;
	size_t n;
	struct map by_id;
	struct posture_source *first_of[MODEL_KIND_MAX], *last_of[MODEL_KIND_MAX];
	const bool *wanted;                /* by kind; NULL: all */
	struct lang_rules *words;          /* lists and macros */
	struct lang_formats *formats;
	struct posture_program *programs[MODEL_KIND_MAX];
	bool is_compiled;                  /* words are; nothing can be loaded any more */
};

/* An error about a node of a check file, `offset` bytes into its text. */
int posture_err_at(struct err *err, const struct yaml_file *file, const struct yaml_node *node, size_t offset,
		   const char *format, ...) __attribute__((format(printf, 5, 6)));
/* The first error among lists and macros. */
int posture_words_error(const struct lang_rules *words, struct err *err);

#endif
