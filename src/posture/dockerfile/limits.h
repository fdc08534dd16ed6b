/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_POSTURE_DOCKERFILE_LIMITS_H
#define PARKA_POSTURE_DOCKERFILE_LIMITS_H
/* What the reader of Dockerfiles refuses to swallow. Past one of them the file gets a problem, and what was read is kept. */

enum {
	DOCKERFILE_BYTES_MAX = 1 << 20,             /* of one file */
	DOCKERFILE_INSTRUCTIONS_MAX = 5000,         /* of one file */
	DOCKERFILE_INSTRUCTION_BYTES_MAX = 512 << 10,   /* of one instruction, its lines joined; of one heredoc */
	DOCKERFILE_WORDS_MAX = 16 * 1024,           /* arguments of one instruction */
	DOCKERFILE_HEREDOCS_MAX = 64,               /* of one instruction */
	DOCKERFILE_PROBLEMS_MAX = 100,              /* told of one file */
	OUTLINE_STAGES_MAX = 200,                   /* of one file; what follows belongs to the last */
	OUTLINE_COMMANDS_MAX = 50 * 1000,           /* of one file: those after it are not judged */
	OUTLINE_ARCHIVES_MAX = 256,                 /* copied in one stage, and looked for in commands that unpack */
	OUTLINE_PAIRS_MAX = 64,                     /* of one ENV that are looked at for using each other */
	OUTLINE_PRAGMAS_MAX = 1000,                 /* comments of one file that waive something */
	SHELL_COMMANDS_MAX = 1000,                  /* simple commands of one instruction */
	SHELL_WORDS_MAX = 16 * 1024,                /* words of one command */
	SHELL_WRAPPERS_MAX = 10,                    /* sudo env nice ... around one command */
	SHELL_DEPTH_MAX = 40,                       /* subshells, substitutions, sh -c within each other */
};

#endif
