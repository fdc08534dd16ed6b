/* SPDX-License-Identifier: Apache-2.0 */
/* Man pages (man(7) macros) from the command tables: `parka help --format man COMMAND`. */
#include "base/mem.h"
#include "cli/args.h"

#include <ctype.h>
#include <string.h>

/* Text as roff takes it: no line begins with a control character, backslashes and dashes are escaped. */
static void man_text(FILE *to, const char *text)
{
	bool at_start = true;

	for (; *text; text++) {
		if (at_start && (*text == '.' || *text == '\''))
			fputs("\\&", to);
		if (*text == '\\')
			fputs("\\e", to);
		else if (*text == '-')
			fputs("\\-", to);
		else
			fputc(*text, to);
		at_start = *text == '\n';
	}
}

static void man_paragraphs(FILE *to, const char *text)
{
	for (; *text; text += strspn(text, "\n")) {
		size_t len = strcspn(text, "\n");
		_cleanup_free_ char *paragraph = mem_strndup(text, len);

		man_text(to, paragraph);
		fputs("\n.PP\n", to);
		text += len;
	}
}

static void man_options(FILE *to, const struct cli_option *options)
{
	for (const struct cli_option *o = options; o && o->name; o++) {
		fputs(".TP\n", to);
		if (o->letter)
			fprintf(to, "\\fB\\-%c\\fR, ", o->letter);
		fputs("\\fB\\-\\-", to);
		man_text(to, o->name);
		fputs("\\fR", to);
		if (o->value)
			fprintf(to, " \\fI%s\\fR", o->value);
		fputc('\n', to);
		man_text(to, o->help);
		fputc('\n', to);
	}
}

static void man_page_name(FILE *to, const char *name)
{
	for (; *name; name++)
		fputc(*name == ' ' ? '-' : *name, to);
}

void cli_man_command(FILE *to, const struct cli_command *c)
{
	fputs(".TH \"PARKA\\-", to);
	for (const char *p = c->name; *p; p++)
		fputc(*p == ' ' ? '-' : toupper((unsigned char)*p), to);
	fputs("\" 1 \"\" \"parka " PARKA_VERSION "\" \"parka\"\n.SH NAME\nparka\\-", to);
	man_page_name(to, c->name);
	fprintf(to, " \\- %s\n.SH SYNOPSIS\n\\fBparka %s\\fR ", c->summary, c->name);
	man_text(to, c->usage ? c->usage : "");
	fputs("\n.SH DESCRIPTION\n", to);
	man_paragraphs(to, c->description);
	fputs(".SH OPTIONS\n", to);
	man_options(to, c->options);
	man_options(to, cli_common_options);
	if (c->examples && c->examples->command) {
		fputs(".SH EXAMPLES\n", to);
		for (const struct cli_example *e = c->examples; e->command; e++) {
			fputs(".TP\n\\fB", to);
			man_text(to, e->command);
			fputs("\\fR\n", to);
			man_text(to, e->means);
			fputc('\n', to);
		}
	}
	fputs(".SH EXIT STATUS\n.TP\n0\ndone; nothing found\n.TP\n1\ndone; something found\n"
	      ".TP\n2\nthe command line is wrong\n.TP\n3\ncould not be done\n"
	      ".SH SEE ALSO\n.BR parka (1)\n", to);
}

void cli_man_all(FILE *to)
{
	fputs(".TH PARKA 1 \"\" \"parka " PARKA_VERSION "\" \"parka\"\n.SH NAME\nparka \\- container security in layers\n"
	      ".SH SYNOPSIS\n\\fBparka\\fR \\fICOMMAND\\fR [\\fIOPTIONS\\fR]\n.SH COMMANDS\n", to);
	for (const struct cli_command *const *c = cli_commands; *c; c++) {
		fputs(".TP\n\\fBparka\\-", to);
		man_page_name(to, (*c)->name);
		fprintf(to, "\\fR(1)\n%s\n", (*c)->summary);
	}
	fputs(".SH ENVIRONMENT\n.TP\nPARKA_CONTENT\nwhere the shipped rules are\n.TP\nPARKA_STATE\nwhere parka keeps things\n"
	      ".TP\nNO_COLOR\nwhen set, no colours\n", to);
}
