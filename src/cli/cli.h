/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_CLI_CLI_H
#define PARKA_CLI_CLI_H
/*
 * The command line. Every command is a struct cli_command in its own file (cli/cmd_*.c) and one
 * line in cli/commands.c; help, man pages and completions are made from these tables.
 *
 * Conventions for all commands: --format text|json|... with --json as its short form; -r FILE|DIR for
 * rules, repeatable; --state DIR; -q, -v; -h, --help. Exit codes: enum cli_exit. Colours only on a
 * terminal and never with NO_COLOR.
 */
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum cli_exit {
	CLI_OK = 0,          /* done; for checks: nothing found */
	CLI_FOUND = 1,       /* done, and something was found (a rule file has errors, a check failed) */
	CLI_USAGE = 2,       /* the command line is wrong */
	CLI_FAILED = 3,      /* could not do it: no permission, no such file, kernel too old */
};

enum cli_completion { CLI_COMPLETE_NONE, CLI_COMPLETE_FILE, CLI_COMPLETE_DIR, CLI_COMPLETE_RULE, CLI_COMPLETE_FIELD, CLI_COMPLETE_WORDS };

struct cli_option {
	char letter;                 /* 0: none */
	const char *name;            /* without dashes */
	const char *value;           /* name of its value in help ("FILE"); NULL: a switch */
	const char *help;            /* one sentence */
	enum cli_completion completion;
	const char *words;           /* CLI_COMPLETE_WORDS: "text json" */
};

struct cli_example { const char *command, *means; };

struct cli_args;
struct cli_command {
	const char *name;            /* "rules check": the words after parka */
	const char *summary;         /* one line, lower case, no full stop */
	const char *usage;           /* "[OPTIONS] [FILE...]" */
	const char *description;     /* paragraphs separated by \n\n; plain text */
	const struct cli_option *options;      /* ended by { .name = NULL } */
	const struct cli_example *examples;    /* ended by { NULL } */
	enum cli_completion operands;
	int (*run)(struct cli_args *args);     /* returns enum cli_exit */
};

/* Options that every command takes (help, quiet, verbose, format/json, state). */
extern const struct cli_option cli_common_options[];
extern const struct cli_command *const cli_commands[];   /* NULL-ended */

/* ---- for commands ---- */
bool cli_has(const struct cli_args *args, const char *option);
const char *cli_value(const struct cli_args *args, const char *option);        /* the last one given; NULL */
size_t cli_values(const struct cli_args *args, const char *option, const char *const **ret);   /* all, in order */
/* 0 with the number; prints a usage error and returns -EINVAL otherwise. Suffixes k M G for sizes. */
int cli_number(const struct cli_args *args, const char *option, unsigned long long fallback,
	       unsigned long long min, unsigned long long max, unsigned long long *ret);
size_t cli_operands(const struct cli_args *args, const char *const **ret);
bool cli_json(const struct cli_args *args);             /* --json or --format json */
const char *cli_format(const struct cli_args *args);    /* "text" unless given */
bool cli_quiet(const struct cli_args *args);
int cli_verbose(const struct cli_args *args);           /* how many -v */
bool cli_color(const struct cli_args *args, FILE *to);
const char *cli_state_dir(const struct cli_args *args); /* --state, else $PARKA_STATE, else /var/lib/parka */
/* Rule files: -r values; without any, the shipped content/rules directory. */
size_t cli_rule_paths(const struct cli_args *args, const char *const **ret);
const char *cli_content_dir(void);                      /* $PARKA_CONTENT, else beside the binary (build tree), else installed */

int cli_fail(const struct cli_args *args, const struct err *err);                 /* prints; CLI_FAILED */
int cli_usage_error(const struct cli_args *args, const char *format, ...) __attribute__((format(printf, 2, 3)));   /* prints; CLI_USAGE */

int cli_main(int argc, char **argv);

/* commands */
extern const struct cli_command cmd_audit, cmd_audit_diff, cmd_lint, cmd_checks_list, cmd_checks_explain, cmd_checks_test, cmd_fields, cmd_rules_check, cmd_rules_list, cmd_rules_explain, cmd_rules_test,
	cmd_rules_eval, cmd_top, cmd_watch, cmd_record, cmd_replay, cmd_doctor, cmd_containers, cmd_completion, cmd_help, cmd_version;

#endif
