/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_CLI_RUN_OPTIONS_H
#define PARKA_CLI_RUN_OPTIONS_H
/* The options that watch, record and replay share: which rules, which findings, told to whom. */
#include "agent/agent.h"
#include "cli/cli.h"

#include <time.h>

enum { CLI_SINKS_MAX = 16 };

struct cli_run {
	struct agent_rule_source source;
	const char *paths[AGENT_RULE_PATHS_MAX];
	struct agent_selection selections[AGENT_SELECTIONS_MAX];
	struct detect_sink *sinks[CLI_SINKS_MAX];
	size_t n_sinks;
};

/* Rows for a command's option table. */
#define CLI_OPTIONS_RULES \
	{ 'r', "rules", "FILE|DIR", "Rule file, or directory of them; may be given many times, read in order. " \
	  "Without it the rules that come with parka.", CLI_COMPLETE_FILE, NULL }, \
	{ 0, "enable", "RULE", "Enable rules by name (with * and ?) or by tag=TAG.", CLI_COMPLETE_RULE, NULL }, \
	{ 0, "disable", "RULE", "Disable rules the same way; --enable and --disable apply in the order given.", CLI_COMPLETE_RULE, NULL }
#define CLI_OPTIONS_FINDINGS \
	{ 0, "priority", "PRIORITY", "Tell only findings of this priority and worse.", CLI_COMPLETE_WORDS, \
	  "emergency alert critical error warning notice informational debug" }, \
	{ 0, "throttle", "RATE[,BURST]", "Findings per second and rule and container, after a burst (0: tell all).", \
	  CLI_COMPLETE_NONE, NULL }, \
	{ 0, "first-match", NULL, "Only the first rule that matches an event, as Falco does by default.", CLI_COMPLETE_NONE, NULL }, \
	{ 's', "sink", "SPEC", "Tell findings here too: file:PATH[,max=SIZE][,keep=N], syslog, http://URL, https://URL, " \
	  "program:COMMAND, program-each:COMMAND; may be given many times.", CLI_COMPLETE_NONE, NULL }

/* Each: CLI_OK, or an exit code with the reason printed. */
int cli_run_rules(struct cli_args *args, struct cli_run *run);
int cli_run_load(struct cli_args *args, const struct cli_run *run, struct lang_rules **ret_rules);
/* `throttle`: RATE[,BURST] when the option is not given. */
int cli_run_detect(struct cli_args *args, const char *throttle, struct detect_options *ret_options);
int cli_run_sinks(struct cli_args *args, struct cli_run *run);
/* Seconds of --duration; 0: until it is stopped. */
int cli_run_duration(struct cli_args *args, unsigned long long *ret_seconds);

void cli_run_tell(struct cli_run *run, const struct detect_finding *finding);
void cli_run_flush(struct cli_run *run);
/* Delivers what waits; the count below is then final. */
void cli_run_finish(struct cli_run *run);
/* What sinks could not deliver. */
uint64_t cli_run_undelivered(struct cli_run *run);
void cli_run_done(struct cli_run *run);

/* What parka uses now. */
uint64_t cli_rss_bytes(void);
uint64_t cli_clock_ns(clockid_t clock);

#endif
