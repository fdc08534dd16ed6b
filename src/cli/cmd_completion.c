/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "cli/args.h"

#include <string.h>

static const struct cli_example examples[] = {
	{ "parka completion bash > /etc/bash_completion.d/parka", "completion for bash" },
	{ "parka completion zsh > /usr/local/share/zsh/site-functions/_parka", "completion for zsh" },
	{ "parka completion fish > ~/.config/fish/completions/parka.fish", "completion for fish" },
	{ NULL, NULL },
};

/* First words that are no command by themselves. */
static const struct { const char *name, *summary; } groups[] = {
	{ "rules", "check, list, explain and test rules" }, { "checks", "list, explain and test checks" },
};

/* "rules check"|"audit diff"|...: what a shell's case asks two words for. */
static void print_two_word_commands(void)
{
	const char *bar = "";

	for (const struct cli_command *const *c = cli_commands; *c; c++) {
		if (!strchr((*c)->name, ' '))
			continue;
		printf("%s\"%s\"", bar, (*c)->name);
		bar = "|";
	}
}

/* The words that can follow `prefix` ("" or "rules") in command names, each once. */
static void print_next_words(const char *prefix)
{
	size_t len = strlen(prefix);
	char last[64] = "";

	for (const struct cli_command *const *c = cli_commands; *c; c++) {
		const char *name = (*c)->name;
		size_t word_len;

		if (len && (strncmp(name, prefix, len) != 0 || name[len] != ' '))
			continue;
		name += len ? len + 1 : 0;
		word_len = strcspn(name, " ");
		if (strlen(last) == word_len && strncmp(last, name, word_len) == 0)
			continue;
		snprintf(last, sizeof(last), "%.*s", (int)word_len, name);
		printf("%s ", last);
	}
}

static bool is_two_words(const struct cli_command *c)
{
	return strchr(c->name, ' ') != NULL;
}

static void print_option_words(const struct cli_option *options)
{
	for (const struct cli_option *o = options; o && o->name; o++) {
		if (o->letter)
			printf("-%c ", o->letter);
		printf("--%s ", o->name);
	}
}

static const char *bash_action(enum cli_completion completion)
{
	switch (completion) {
	case CLI_COMPLETE_FILE: return "COMPREPLY=($(compgen -f -- \"$cur\"))";
	case CLI_COMPLETE_DIR: return "COMPREPLY=($(compgen -d -- \"$cur\"))";
	case CLI_COMPLETE_RULE: return "local IFS=$'\\n'; COMPREPLY=($(compgen -W \"$(parka rules list --format names 2>/dev/null)\" -- \"$cur\"))";
	case CLI_COMPLETE_FIELD: return "COMPREPLY=($(compgen -W \"$(parka fields --format names 2>/dev/null)\" -- \"$cur\"))";
	default: return NULL;
	}
}

static void bash_option_values(const struct cli_option *options)
{
	for (const struct cli_option *o = options; o && o->name; o++) {
		const char *action = bash_action(o->completion);

		if (!o->value || (!action && o->completion != CLI_COMPLETE_WORDS))
			continue;
		printf("\t\t\t--%s", o->name);
		if (o->letter)
			printf("|-%c", o->letter);
		if (action)
			printf(") %s; return ;;\n", action);
		else
			printf(") COMPREPLY=($(compgen -W \"%s\" -- \"$cur\")); return ;;\n", o->words);
	}
}

static void print_bash(void)
{
	puts("# bash completion of parka: made by `parka completion bash`\n_parka() {\n"
	     "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} cmd=${COMP_WORDS[1]}\n\tCOMPREPLY=()");
	printf("\tif [ \"$COMP_CWORD\" = 1 ]; then COMPREPLY=($(compgen -W \"");
	print_next_words("");
	puts("\" -- \"$cur\")); return; fi");
	for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
		printf("\tif [ \"$COMP_CWORD\" = 2 ] && [ $cmd = %s ]; then COMPREPLY=($(compgen -W \"", groups[i].name);
		print_next_words(groups[i].name);
		puts("\" -- \"$cur\")); return; fi");
	}
	printf("\tcase \"$cmd ${COMP_WORDS[2]}\" in ");
	print_two_word_commands();
	puts(") cmd=\"$cmd ${COMP_WORDS[2]}\" ;; esac\n\tcase $cmd in");
	for (const struct cli_command *const *c = cli_commands; *c; c++) {
		const char *action = bash_action((*c)->operands);

		printf("\t\"%s\")\n\t\tcase $prev in\n", (*c)->name);
		bash_option_values((*c)->options);
		bash_option_values(cli_common_options);
		printf("\t\tesac\n\t\tcase $cur in\n\t\t\t-*) COMPREPLY=($(compgen -W \"");
		print_option_words((*c)->options);
		print_option_words(cli_common_options);
		printf("\" -- \"$cur\")) ;;\n\t\t\t*) %s ;;\n\t\tesac ;;\n", action ? action : ":");
	}
	puts("\tesac\n}\ncomplete -F _parka parka");
}

/* Inside single quotes of a shell. */
static void put_quoted(const char *text)
{
	for (; *text; text++)
		fputs(*text == '\'' ? "'\\''" : (char[]){ *text, '\0' }, stdout);
}

static void zsh_options(const struct cli_option *options)
{
	for (const struct cli_option *o = options; o && o->name; o++) {
		printf("\t\t\t'--%s[", o->name);
		put_quoted(o->help);
		printf("]%s%s", o->value ? ":" : "", o->value ? o->value : "");
		if (o->value && o->completion == CLI_COMPLETE_WORDS)
			printf(":(%s)", o->words);
		else if (o->value)
			printf("%s", o->completion == CLI_COMPLETE_FILE ? ":_files" : o->completion == CLI_COMPLETE_DIR ? ":_files -/" : ":");
		puts("' \\");
	}
}

static void print_zsh(void)
{
	puts("#compdef parka\n# zsh completion of parka: made by `parka completion zsh`\n_parka() {\n\tlocal -a cmds\n\tcmds=(");
	for (const struct cli_command *const *c = cli_commands; *c; c++)
		if (!is_two_words(*c)) {
			printf("\t\t'%s:", (*c)->name);
			put_quoted((*c)->summary);
			puts("'");
		}
	for (size_t i = 0; i < ARRAY_LEN(groups); i++)
		printf("\t\t'%s:%s'\n", groups[i].name, groups[i].summary);
	puts("\t)\n\tif (( CURRENT == 2 )); then _describe command cmds; return; fi\n\tlocal cmd=$words[2]");
	for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
		printf("\tif [[ $cmd == %s ]] && (( CURRENT == 3 )); then compadd ", groups[i].name);
		print_next_words(groups[i].name);
		puts("; return; fi");
	}
	printf("\tcase \"$cmd $words[3]\" in ");
	print_two_word_commands();
	puts(") cmd=\"$cmd $words[3]\" ;; esac\n\tcase $cmd in");
	for (const struct cli_command *const *c = cli_commands; *c; c++) {
		printf("\t\t\"%s\") _arguments \\\n", (*c)->name);
		zsh_options((*c)->options);
		zsh_options(cli_common_options);
		puts("\t\t\t'*:operand:_files' ;;");
	}
	puts("\tesac\n}\n_parka \"$@\"");
}

static void fish_options(const char *condition, const struct cli_option *options)
{
	for (const struct cli_option *o = options; o && o->name; o++) {
		printf("complete -c parka -n \"%s\" -l %s", condition, o->name);
		if (o->letter)
			printf(" -s %c", o->letter);
		if (o->value)
			printf(o->completion == CLI_COMPLETE_FILE || o->completion == CLI_COMPLETE_DIR ? " -r -F" : " -x");
		if (o->completion == CLI_COMPLETE_WORDS)
			printf(" -a \"%s\"", o->words);
		printf(" -d \"%s\"\n", o->help);
	}
}

static void print_fish(void)
{
	puts("# fish completion of parka: made by `parka completion fish`\ncomplete -c parka -f");
	for (const struct cli_command *const *c = cli_commands; *c; c++) {
		char condition[200];
		const char *space = strchr((*c)->name, ' ');

		if (space) {
			snprintf(condition, sizeof(condition), "__fish_seen_subcommand_from %.*s; and __fish_seen_subcommand_from %s",
				 (int)(space - (*c)->name), (*c)->name, space + 1);
			printf("complete -c parka -n \"__fish_seen_subcommand_from %.*s\" -a %s -d \"%s\"\n",
			       (int)(space - (*c)->name), (*c)->name, space + 1, (*c)->summary);
		} else {
			snprintf(condition, sizeof(condition), "__fish_seen_subcommand_from %s", (*c)->name);
			printf("complete -c parka -n __fish_use_subcommand -a %s -d \"%s\"\n", (*c)->name, (*c)->summary);
		}
		fish_options(condition, (*c)->options);
		fish_options(condition, cli_common_options);
	}
	for (size_t i = 0; i < ARRAY_LEN(groups); i++)
		printf("complete -c parka -n __fish_use_subcommand -a %s -d \"%s\"\n", groups[i].name, groups[i].summary);
}

static int run(struct cli_args *args)
{
	static const struct { const char *shell; void (*print)(void); } shells[] = {
		{ "bash", print_bash }, { "zsh", print_zsh }, { "fish", print_fish },
	};

	if (args->n_operands != 1)
		return cli_usage_error(args, "expected one of bash, zsh, fish");
	for (size_t i = 0; i < ARRAY_LEN(shells); i++)
		if (strcmp(shells[i].shell, args->operands[0]) == 0) {
			shells[i].print();
			return CLI_OK;
		}
	return cli_usage_error(args, "'%s' is not one of bash, zsh, fish", args->operands[0]);
}

const struct cli_command cmd_completion = {
	.name = "completion",
	.summary = "print the completion of a shell",
	.usage = "bash|zsh|fish",
	.description = "Prints a completion script, made from the same tables as this help.",
	.examples = examples,
	.run = run,
};
