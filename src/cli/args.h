/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_CLI_ARGS_H
#define PARKA_CLI_ARGS_H
/* The parsed command line, as cli/args.c keeps it. Private to the room. */
#include "cli/cli.h"

enum { CLI_GIVEN_MAX = 256 };

struct cli_given { const struct cli_option *option; const char *value; };

struct cli_args {
	const struct cli_command *command;
	struct cli_given given[CLI_GIVEN_MAX];
	size_t n_given;
	const char **operands;               /* those among argv, moved to its front */
	size_t n_operands;
	const char *values[CLI_GIVEN_MAX];   /* scratch of cli_values() */
};

/* The command that argv begins with, and how many words its name takes; NULL when there is none. */
const struct cli_command *cli_find_command(int argc, char **argv, int *ret_words);
/* CLI_OK, or CLI_USAGE with the error printed. */
int cli_parse(struct cli_args *args, const struct cli_command *command, int argc, char **argv);

void cli_help_all(FILE *to);
void cli_help_group(FILE *to, const char *group);
void cli_help_command(FILE *to, const struct cli_command *command);
/* Man pages: one command, the overview. */
void cli_man_command(FILE *to, const struct cli_command *command);
void cli_man_all(FILE *to);

#endif
