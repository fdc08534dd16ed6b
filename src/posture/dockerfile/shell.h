/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_POSTURE_DOCKERFILE_SHELL_H
#define PARKA_POSTURE_DOCKERFILE_SHELL_H
/*
 * Shell text to simple commands: what a RUN instruction runs.
 *
 *     "apt-get update && (sudo apt-get install -y a | tee log)"
 *         --> apt-get(update)  sudo(apt-get install -y a) -> apt-get(install -y a, inner)  tee(log, after apt-get)
 *
 * Understood: lists, pipelines, subshells, groups, if/while/until/for/case, functions, assignments before a command, redirections,
 * heredocs, quotes, $(...), `...`, <(...); and commands that run commands: sudo, env, exec, command, nice, nohup, timeout, time,
 * xargs, busybox, sh -c. Nothing is executed or expanded: a word keeps its $VARIABLES. What does not parse is read as
 * well as it can be; the reader of Dockerfiles does not tell of syntax errors in shell text.
 *
 * Limits: SHELL_* in limits.h; past them the rest is not read (is_truncated). Memory: the arena's. Thread: one.
 */
#include "posture/dockerfile/parse.h"

struct shell_assignment { const char *name, *value; };

struct shell_command {
	struct shell_command *next;
	const char *name;                    /* without its directory: "apt-get"; "" for assignments alone */
	const char *text;                    /* as written, cut */
	unsigned line, column;
	const struct dockerfile_token *words;   /* its arguments, without the name */
	size_t n_words;
	const struct shell_assignment *assignments;
	size_t n_assignments;
	const struct shell_command *piped_from; /* what writes into it */
	const struct shell_command *inside;  /* whose words hold it: $(...), `...`, <(...); or who runs it (is_inner) */
	bool is_inner;                       /* run by another command here: sudo, sh -c */
	bool has_sudo, has_inside;
	unsigned index;                      /* in the order they run, as far as that is known */
};

struct shell_script {
	struct shell_command *first, *last;
	unsigned n, n_counted;               /* all; those that are not inner */
	bool has_pipe;                       /* a pipeline of which a failure in front goes unseen: no pipefail set in the text before it */
	bool sets_pipefail;
	bool is_truncated;
};

void shell_parse(struct arena *arena, const struct dockerfile_source *source, struct shell_script *ret);
/* What is run without a shell: words are the command's. */
void shell_parse_exec(struct arena *arena, const struct dockerfile_token *words, size_t n, struct shell_script *ret);

/* Whether any word is `word`. */
bool shell_has_word(const struct shell_command *command, const char *word);
/* The last part of a path. */
const char *shell_basename(const char *path);

#endif
