/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_POSTURE_DOCKERFILE_SHELL_PARSER_H
#define PARKA_POSTURE_DOCKERFILE_SHELL_PARSER_H
/* Between shell.c (lists, commands), shell_words.c (words, redirections) and shell_unwrap.c (sudo and the like); nobody else's. */
#include "posture/dockerfile/shell.h"

struct shell_parser {
	struct arena *arena;
	const struct dockerfile_source *source;
	const char *text;
	size_t at, len;
	unsigned depth, wrappers;
	struct shell_script *script;
	/* Of heredocs inside the text: their bodies begin at the next line. */
	const char *delimiters[8];
	size_t n_delimiters;
};
/* Commands that `command` runs by its nature are added to the script. */
void shell_unwrap(struct shell_parser *p, struct shell_command *command);
void shell_parse_inner(struct shell_parser *p, const struct dockerfile_token *text, struct shell_command *by);
struct shell_command *shell_add(struct shell_parser *p);

/* Commands up to `close` are added; they are inside nobody yet: the command around them is made later. */
void shell_parse_nested(struct shell_parser *p, char close);

/* ---- shell_words.c ---- */
bool shell_is_blank(char c);
bool shell_ends_word(char c);
bool shell_is_plain(char c);         /* means itself in a word */
void shell_skip_blanks(struct shell_parser *p);
void shell_skip_line(struct shell_parser *p);
/* The word at p->at, quotes and escapes gone, expansions as written. */
struct dockerfile_token shell_read_word(struct shell_parser *p);
/* True when there was one at p->at. */
bool shell_take_redirection(struct shell_parser *p);
/* Over the bodies of heredocs, at the beginning of a line. */
void shell_skip_bodies(struct shell_parser *p);

#endif
