/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_POSTURE_DOCKERFILE_LIMITS_H
#define PARKA_POSTURE_DOCKERFILE_LIMITS_H
/* What the reader of Dockerfiles refuses to swallow. Past one of them the file gets a problem, and what was read is kept. */

enum {
	DOCKERFILE_BYTES_MAX = 4 << 20,             /* of one file */
	DOCKERFILE_INSTRUCTIONS_MAX = 20 * 1000,    /* of one file */
	DOCKERFILE_INSTRUCTION_BYTES_MAX = 1 << 20, /* of one instruction, its lines joined */
	DOCKERFILE_WORDS_MAX = 16 * 1024,           /* arguments of one instruction */
	DOCKERFILE_HEREDOCS_MAX = 64,               /* of one instruction */
	DOCKERFILE_PROBLEMS_MAX = 100,              /* told of one file */
	SHELL_COMMANDS_MAX = 4096,                  /* simple commands of one instruction */
	SHELL_WORDS_MAX = 16 * 1024,                /* words of one command */
	SHELL_DEPTH_MAX = 40,                       /* subshells, substitutions, sh -c within each other */
};

#endif
