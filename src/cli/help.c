/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/args.h"

#include <ctype.h>
#include <string.h>

enum { HELP_WIDTH = 78, OPTION_COLUMN = 26 };

/* Print text wrapped, each line starting at `indent`; the cursor is at column `at`. */
static void print_wrapped(FILE *to, const char *text, int indent, int at)
{
	while (*text) {
		size_t len = strcspn(text, " \n");

		if (text[0] == '\n') {
			fputc('\n', to);
			at = 0;
			text++;
			continue;
		}
		if (at > indent && at + 1 + (int)len > HELP_WIDTH) {
			fputc('\n', to);
			at = 0;
		}
		if (at < indent) {
			fprintf(to, "%*s", indent - at, "");
			at = indent;
		} else if (at > indent) {
			fputc(' ', to);
			at++;
		}
		fwrite(text, 1, len, to);
		at += (int)len;
		text += len;
		while (*text == ' ')
			text++;
	}
	if (at)
		fputc('\n', to);
}

static void print_options(FILE *to, const struct cli_option *options)
{
	for (const struct cli_option *o = options; o && o->name; o++) {
		int at = 0;

		at += o->letter ? fprintf(to, "  -%c, ", o->letter) : fprintf(to, "      ");
		at += fprintf(to, "--%s%s%s", o->name, o->value ? " " : "", o->value ? o->value : "");
		if (at >= OPTION_COLUMN) {
			fputc('\n', to);
			at = 0;
		}
		print_wrapped(to, o->help, OPTION_COLUMN, at);
	}
}

void cli_help_command(FILE *to, const struct cli_command *c)
{
	fprintf(to, "parka %s: %s\n\nUsage: parka %s %s\n\n", c->name, c->summary, c->name, c->usage ? c->usage : "");
	print_wrapped(to, c->description, 0, 0);
	if (c->options && c->options->name) {
		fputs("\nOptions\n", to);
		print_options(to, c->options);
	}
	fputs("\nOptions of every command\n", to);
	print_options(to, cli_common_options);
	if (c->examples && c->examples->command) {
		fputs("\nExamples\n", to);
		for (const struct cli_example *e = c->examples; e->command; e++)
			fprintf(to, "  %s\n      %s\n", e->command, e->means);
	}
	fputs("\nExit status: 0 done, nothing found; 1 done, something found; 2 wrong usage; 3 failed.\n", to);
}

void cli_help_group(FILE *to, const char *group)
{
	size_t len = strlen(group);

	fprintf(to, "parka %s has these commands:\n\n", group);
	for (const struct cli_command *const *c = cli_commands; *c; c++)
		if (strncmp((*c)->name, group, len) == 0 && (*c)->name[len] == ' ')
			fprintf(to, "  %-18s %s\n", (*c)->name, (*c)->summary);
	fprintf(to, "\nparka %s COMMAND --help says more.\n", group);
}

void cli_help_all(FILE *to)
{
	fputs("parka: container security in layers\n\nUsage: parka COMMAND [OPTIONS]\n\n", to);
	for (const struct cli_command *const *c = cli_commands; *c; c++)
		fprintf(to, "  %-18s %s\n", (*c)->name, (*c)->summary);
	fputs("\nparka COMMAND --help says what a command does, with examples.\n", to);
}
