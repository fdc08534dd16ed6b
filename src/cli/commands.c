/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

/* Every command, in the order help shows them. */
const struct cli_command *const cli_commands[] = {
	&cmd_doctor,
	&cmd_fields,
	&cmd_help,
	&cmd_version,
	NULL,
};
