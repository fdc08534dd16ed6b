/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "cli/args.h"

#include <errno.h>
#include <string.h>

static const struct cli_option options[] = {
	{ 0, "man-pages", "DIR", "Write the man page of every command into DIR.", CLI_COMPLETE_DIR, NULL },
	{ .name = NULL },
};

static const struct cli_example examples[] = {
	{ "parka help rules explain", "the help of one command" },
	{ "parka help --format man watch | man -l -", "the same as a man page" },
	{ NULL, NULL },
};

static int write_page(const struct cli_args *args, const char *dir, const struct cli_command *command)
{
	_cleanup_free_ char *path = mem_alloc(strlen(dir) + 128);
	struct err err = ERR_INIT;
	FILE *to;
	char *p;

	snprintf(path, strlen(dir) + 128, "%s/parka%s%.100s.1", dir, command ? "-" : "", command ? command->name : "");
	for (p = path + strlen(dir); *p; p++)
		if (*p == ' ')
			*p = '-';
	to = fopen(path, "we");
	if (!to) {
		err_set_os(&err, -errno, "write %s", path);
		return cli_fail(args, &err);
	}
	if (command)
		cli_man_command(to, command);
	else
		cli_man_all(to);
	if (fclose(to) != 0) {
		err_set_os(&err, -errno, "write %s", path);
		return cli_fail(args, &err);
	}
	return CLI_OK;
}

static int write_pages(const struct cli_args *args, const char *dir)
{
	int r = write_page(args, dir, NULL);

	for (const struct cli_command *const *c = cli_commands; *c && r == CLI_OK; c++)
		r = write_page(args, dir, *c);
	return r;
}

static int run(struct cli_args *args)
{
	bool man = strcmp(cli_format(args), "man") == 0;
	const struct cli_command *command;
	int words;

	if (cli_value(args, "man-pages"))
		return write_pages(args, cli_value(args, "man-pages"));
	if (strcmp(cli_format(args), "names") == 0) {
		for (const struct cli_command *const *c = cli_commands; *c; c++)
			puts((*c)->name);
		return CLI_OK;
	}
	if (args->n_operands == 0) {
		if (man)
			cli_man_all(stdout);
		else
			cli_help_all(stdout);
		return CLI_OK;
	}
	command = cli_find_command((int)args->n_operands, (char **)args->operands, &words);
	if (!command)
		return cli_usage_error(args, "there is no command '%s'", args->operands[0]);
	if (man)
		cli_man_command(stdout, command);
	else
		cli_help_command(stdout, command);
	return CLI_OK;
}

const struct cli_command cmd_help = {
	.name = "help",
	.summary = "explain a command",
	.usage = "[COMMAND]",
	.description = "Shows all commands, or one with its options and examples. Formats: text, man, names (of all commands).",
	.options = options,
	.examples = examples,
	.run = run,
};
