/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_POSTURE_DOCKERFILE_PACKAGES_H
#define PARKA_POSTURE_DOCKERFILE_PACKAGES_H
/*
 * What a command does with a package manager: which packages it installs without a version, whether it would wait for an
 * answer, whether it leaves its cache in the layer. Semantics follow hadolint's rules (hadolint/hadolint README, DL3008 to
 * DL3062) where they say what the package manager means, and the manager's manual where they do not. Thread: any.
 */
#include "posture/dockerfile/shell.h"

struct packages_context {
	struct arena *arena;
	const struct shell_script *script;          /* all commands of the instruction */
	const struct dockerfile_instruction *run;   /* its mounts */
	/* Whether ENV or ARG gives the variable a value that holds here. */
	bool (*is_defined)(const void *of, const char *name, size_t len);
	const char *(*value_of)(const void *of, const char *name);   /* of ENV; NULL without */
	const void *of;
};

struct packages_use {
	const char **unpinned;       /* packages without a version */
	size_t n_unpinned;
	bool installs;               /* it installs something */
	bool asks;                   /* it installs or removes, and waits for a yes */
	bool leaves_cache;
	bool is_lone_update;         /* refreshes the index, and nothing is installed afterwards */
};
void packages_use(const struct packages_context *context, const struct shell_command *command, struct packages_use *ret);

/* ---- options of commands ---- */

/* -a, -b of "-ab"; "--long" of "--long=value": appended to `flags`, at most max. */
size_t packages_flags(struct arena *arena, const struct shell_command *command, const char **flags, size_t max);
/* Whether it has the option: a letter in any cluster, or the long one. NULL, 0: not asked for. */
bool packages_has_flag(const struct shell_command *command, char letter, const char *name);
/* The value of an option: the rest of its word, or the next word; NULL without. */
const char *packages_flag_value(const struct shell_command *command, char letter, const char *name);

/* RUN --mount=type=cache|tmpfs whose target has the directory in it. */
bool packages_has_mount(const struct dockerfile_instruction *run, const char *directory);

#endif
