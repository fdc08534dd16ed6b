/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_POSTURE_DOCKERFILE_PARSE_H
#define PARKA_POSTURE_DOCKERFILE_PARSE_H
/*
 * Dockerfiles to instructions, as BuildKit reads them (docs.docker.com/reference/dockerfile, moby/buildkit
 * frontend/dockerfile/parser): parser directives, continuation lines with comments and blank lines between, heredocs, flags, JSON
 * and shell form, pairs. Every token knows the line and column where it was written.
 *
 *     text --> lines joined --> keyword, flags, words | pairs | JSON strings, heredocs
 *
 * Nothing fails as a whole: what does not parse becomes a problem with its place, and reading goes on at the next line.
 * Limits: DOCKERFILE_* in limits.h. Memory: the arena's. Thread: one.
 */
#include "base/mem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum dockerfile_keyword {
	DOCKERFILE_UNKNOWN,
	DOCKERFILE_ADD, DOCKERFILE_ARG, DOCKERFILE_CMD, DOCKERFILE_COPY, DOCKERFILE_ENTRYPOINT, DOCKERFILE_ENV, DOCKERFILE_EXPOSE,
	DOCKERFILE_FROM, DOCKERFILE_HEALTHCHECK, DOCKERFILE_LABEL, DOCKERFILE_MAINTAINER, DOCKERFILE_ONBUILD, DOCKERFILE_RUN,
	DOCKERFILE_SHELL, DOCKERFILE_STOPSIGNAL, DOCKERFILE_USER, DOCKERFILE_VOLUME, DOCKERFILE_WORKDIR,
	DOCKERFILE_KEYWORD_MAX
};
const char *dockerfile_keyword_name(enum dockerfile_keyword keyword);   /* "RUN" */

struct dockerfile_token {
	const char *text;            /* NUL-terminated */
	size_t len;
	unsigned line, column;
};

/* Where joined text was written: from `offset` on at line:column, up to the next piece. */
struct dockerfile_piece { size_t offset; unsigned line, column; };
struct dockerfile_source {
	const char *text;            /* NUL-terminated */
	size_t len;
	const struct dockerfile_piece *pieces;
	size_t n_pieces;
};
void dockerfile_place(const struct dockerfile_source *source, size_t offset, unsigned *ret_line, unsigned *ret_column);

struct dockerfile_pair { struct dockerfile_token key, value; bool has_value; };

struct dockerfile_heredoc {
	const char *name;
	bool expands;                /* its name was not quoted */
	struct dockerfile_source body;
};

struct dockerfile_instruction {
	struct dockerfile_instruction *next;
	enum dockerfile_keyword keyword;     /* of ONBUILD: what it triggers */
	bool is_onbuild;
	struct dockerfile_token name;        /* the keyword as written */
	unsigned line, column, end_line;     /* of the whole, heredocs included */
	struct dockerfile_source source;     /* its lines joined */
	struct dockerfile_token rest;        /* what follows keyword and flags; of HEALTHCHECK CMD: the command */
	size_t rest_offset;                  /* in source.text */
	const struct dockerfile_token *flags;   /* "--from=build", quotes gone */
	size_t n_flags;
	bool is_exec;                        /* JSON form; words are its strings */
	const struct dockerfile_token *words;   /* outer quotes gone */
	size_t n_words;
	const struct dockerfile_pair *pairs; /* ARG, ENV, LABEL */
	size_t n_pairs;
	const struct dockerfile_heredoc *heredocs;
	size_t n_heredocs;
};
/* The value of the flag --NAME, NULL without; "" for a flag without one. */
const char *dockerfile_flag(const struct dockerfile_instruction *instruction, const char *name);

/* A comment that stands between instructions. */
struct dockerfile_comment {
	struct dockerfile_comment *next;
	struct dockerfile_token text;        /* after the '#' */
};

struct dockerfile_problem {
	struct dockerfile_problem *next;
	unsigned line, column;
	const char *what;
};

struct dockerfile {
	struct dockerfile_instruction *instructions;
	size_t n_instructions;
	struct dockerfile_comment *comments;
	struct dockerfile_problem *problems;
	size_t n_problems;
	const char *syntax, *check;          /* of the parser directives; NULL without */
	char escape;
};

void dockerfile_parse(struct arena *arena, const char *text, size_t len, struct dockerfile *ret);

/* Whether the text begins like a Dockerfile: directives and comments, then FROM, or ARGs and FROM. */
bool dockerfile_looks_like_one(const char *text, size_t len);

/* ---- private to parse*.c ---- */
struct dockerfile_parser {
	struct arena *arena;
	const char *text;
	size_t len, at;
	unsigned line;
	struct dockerfile *file;
	struct dockerfile_instruction **last_instruction;
	struct dockerfile_comment **last_comment;
	struct dockerfile_problem **last_problem;
};
void dockerfile_complain(struct dockerfile_parser *p, unsigned line, unsigned column, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* Keyword, flags and arguments of an instruction whose source is there, from `offset` on. */
void dockerfile_parse_arguments(struct dockerfile_parser *p, struct dockerfile_instruction *in, size_t offset);
enum dockerfile_keyword dockerfile_keyword_by_name(const char *name, size_t len);

#endif
