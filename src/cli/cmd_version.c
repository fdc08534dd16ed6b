/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

static int run(struct cli_args *args)
{
	printf(cli_json(args) ? "{\"version\":\"%s\"}\n" : "parka %s\n", PARKA_VERSION);
	return CLI_OK;
}

const struct cli_command cmd_version = {
	.name = "version",
	.summary = "print the version",
	.usage = "[--json]",
	.description = "Prints the version of this program.",
	.run = run,
};
