/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/args.h"

static int run(struct cli_args *args)
{
	const struct cli_command *command;
	int words;

	if (args->n_operands == 0) {
		cli_help_all(stdout);
		return CLI_OK;
	}
	command = cli_find_command((int)args->n_operands, (char **)args->operands, &words);
	if (!command)
		return cli_usage_error(args, "there is no command '%s'", args->operands[0]);
	cli_help_command(stdout, command);
	return CLI_OK;
}

const struct cli_command cmd_help = {
	.name = "help",
	.summary = "explain a command",
	.usage = "[COMMAND]",
	.description = "Shows all commands, or one with its options and examples.",
	.run = run,
};
