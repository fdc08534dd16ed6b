/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_CLI_RULES_LOAD_H
#define PARKA_CLI_RULES_LOAD_H
/* What the rules commands share: loading rule files, and printing what is wrong with them. */
#include "cli/cli.h"
#include "lang/rules.h"

struct json_writer;

/* Load and compile. Never fails on faults in the files: those are diags of *ret_rules; *ret_faulty tells
 * whether any is an error. CLI_OK, or CLI_FAILED with the reason printed. */
int cli_rules_load(struct cli_args *args, const char *const *paths, size_t n_paths, struct lang_rules **ret_rules, bool *ret_faulty);

/* The same for commands that need rules without errors: prints the errors (with -v the warnings too) to
 * standard error; CLI_FOUND when there are any. */
int cli_rules_load_clean(struct cli_args *args, const char *const *paths, size_t n_paths, struct lang_rules **ret_rules);

enum cli_diags { CLI_DIAGS_ERRORS, CLI_DIAGS_ALL };
void cli_rules_print_diags(struct cli_args *args, const struct lang_rules *rules, enum cli_diags which, FILE *to);
void cli_rules_free_at(struct lang_rules **rules);
#define _cleanup_rules_ __attribute__((cleanup(cli_rules_free_at)))

/* MITRE ATT&CK ids and tactics among a rule's tags: T1611, mitre_execution. */
bool cli_rules_is_mitre(const char *tag);
void cli_rules_put_texts(struct json_writer *w, const char *key, const char *const *texts, size_t n, bool (*wanted)(const char *));

#endif
