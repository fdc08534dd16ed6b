/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

/* Every command, in the order help shows them. */
const struct cli_command *const cli_commands[] = {
	&cmd_watch,
	&cmd_top,
	&cmd_record,
	&cmd_replay,
	&cmd_audit,
	&cmd_audit_diff,
	&cmd_lint,
	&cmd_checks_list,
	&cmd_checks_explain,
	&cmd_checks_test,
	&cmd_rules_check,
	&cmd_rules_list,
	&cmd_rules_explain,
	&cmd_rules_test,
	&cmd_rules_eval,
	&cmd_containers,
	&cmd_doctor,
	&cmd_fields,
	&cmd_completion,
	&cmd_help,
	&cmd_version,
	NULL,
};
