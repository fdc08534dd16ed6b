/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"
#include "base/strbuf.h"
#include "base/suggest.h"
#include "cli/args.h"

#include <string.h>

static size_t words_matched(const char *name, int argc, char **argv)
{
	size_t words = 0;

	while (*name) {
		size_t len = strcspn(name, " ");
		if ((int)words >= argc || strlen(argv[words]) != len || memcmp(argv[words], name, len) != 0)
			return 0;
		words++;
		name += len;
		while (*name == ' ')
			name++;
	}
	return words;
}

const struct cli_command *cli_find_command(int argc, char **argv, int *ret_words)
{
	const struct cli_command *best = NULL;
	size_t best_words = 0;

	for (const struct cli_command *const *c = cli_commands; *c; c++) {
		size_t words = words_matched((*c)->name, argc, argv);
		if (words > best_words) {
			best_words = words;
			best = *c;
		}
	}
	*ret_words = (int)best_words;
	return best;
}

static bool is_group(const char *word)
{
	size_t len = strlen(word);

	for (const struct cli_command *const *c = cli_commands; *c; c++)
		if (strncmp((*c)->name, word, len) == 0 && (*c)->name[len] == ' ')
			return true;
	return false;
}

static int no_such_command(int argc, char **argv)
{
	_cleanup_strbuf_ struct strbuf words;
	struct suggestion s;
	bool group = is_group(argv[0]);

	if (group && (argc == 1 || argv[1][0] == '-')) {
		cli_help_group(stdout, argv[0]);
		return CLI_OK;
	}
	strbuf_init(&words, ERR_TEXT_MAX);
	strbuf_adds(&words, argv[0]);
	if (group)
		strbuf_addf(&words, " %s", argv[1]);
	s = SUGGESTION(words.text, words.len);
	for (const struct cli_command *const *c = cli_commands; *c; c++)
		suggestion_offer(&s, (*c)->name, strlen((*c)->name));
	fprintf(stderr, "parka: there is no command '%s'%s%s%s\n", words.text, s.best ? ": did you mean '" : "",
		s.best ? s.best : "", s.best ? "'?" : "");
	if (group)
		cli_help_group(stderr, argv[0]);
	else
		fputs("parka --help lists the commands.\n", stderr);
	return CLI_USAGE;
}

int cli_main(int argc, char **argv)
{
	struct cli_args args = { 0 };
	const struct cli_command *command;
	int words, r;

	if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		cli_help_all(argc < 2 ? stderr : stdout);
		return argc < 2 ? CLI_USAGE : CLI_OK;
	}
	if (strcmp(argv[1], "--version") == 0)
		argv[1] = "version";
	command = cli_find_command(argc - 1, argv + 1, &words);
	if (!command)
		return no_such_command(argc - 1, argv + 1);
	r = cli_parse(&args, command, argc - 1 - words, argv + 1 + words);
	if (r)
		return r;
	if (cli_has(&args, "help")) {
		cli_help_command(stdout, command);
		return CLI_OK;
	}
	return command->run(&args);
}
