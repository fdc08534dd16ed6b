/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_POSTURE_DOCKERFILE_PACKAGES_WORDS_H
#define PARKA_POSTURE_DOCKERFILE_PACKAGES_WORDS_H
/* Words and options of commands, for packages.c. Lists of texts end with NULL. */
#include "posture/dockerfile/packages.h"

#define WORDS(...) (const char *const[]){ __VA_ARGS__, NULL }

bool words_is_among(const char *word, const char *const *list);
bool words_begins_with(const char *text, const char *start);
bool words_begins_with_any(const char *text, const char *const *starts);
bool words_ends_with(const char *text, const char *end);
bool words_is_cluster(const char *word);   /* -abc */
/* Whether the command has one of the words as an argument. */
bool words_has_any(const struct shell_command *c, const char *const *words);

struct words { const char **at; size_t n; };
/* What is no option and no option's value. Options whose value is the next word: letters, and long names with blanks around. */
struct words words_operands(struct arena *arena, const struct shell_command *c, const char *letters, const char *names);
void words_drop(struct words *l, const char *const *words);
/* Up to and with the first ones of `words` they are gone. */
void words_drop_through(struct words *l, const char *const *words);

#endif
