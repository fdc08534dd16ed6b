/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_CLI_POSTURE_RUN_H
#define PARKA_CLI_POSTURE_RUN_H
/* What audit, lint and checks share: loading checks, judging a set, waivers, the report, the exit code. */
#include "cli/cli.h"
#include "posture/judge.h"
#include "posture/waivers.h"

/* The options that audit and lint both take, for their tables. */
#define CLI_POSTURE_OPTIONS \
	{ 'c', "checks", "FILE|DIR", "Own checks beside those that ship; may be given many times.", CLI_COMPLETE_FILE, NULL }, \
	{ 0, "refs", "REF", "Only checks that stand for this one or begin so: DL3002, hadolint, CIS-Docker-5; may be given many times.", \
	  CLI_COMPLETE_NONE, NULL }, \
	{ 0, "skip", "REF", "Not these checks: an id, a ref, or how it begins; may be given many times.", CLI_COMPLETE_NONE, NULL }, \
	{ 0, "profile", "NAME", "Also the checks of this profile: strict, ...; may be given many times.", CLI_COMPLETE_NONE, NULL }, \
	{ 0, "waivers", "FILE", "Waiver file: findings that somebody answers for, until a day.", CLI_COMPLETE_FILE, NULL }, \
	{ 0, "fail-on", "SEVERITY", "Exit with 1 for findings of this severity or worse (low), or none. What is unknown counts as failed.", \
	  CLI_COMPLETE_WORDS, "critical high medium low info none" }, \
	{ 0, "all", NULL, "Tell also what passes and what does not apply (json, sarif, junit).", CLI_COMPLETE_NONE, NULL }, \
	{ 'o', "output", "FILE", "Write the report there instead of standard output.", CLI_COMPLETE_FILE, NULL }

/* Shipped checks and those of -c; of shipped files only those with checks for the set's records, unless set is NULL. CLI_OK, or
 * CLI_FAILED with the reason printed. */
int cli_checks_load(struct cli_args *args, const struct posture_set *set, struct posture_checks **ret_checks);
void cli_checks_free_at(struct posture_checks **checks);
#define _cleanup_checks_ __attribute__((cleanup(cli_checks_free_at)))
void cli_set_free_at(struct posture_set **set);
#define _cleanup_set_ __attribute__((cleanup(cli_set_free_at)))

/* Results after waivers, which they point into. Done with cli_judged_done(), whatever was returned. */
struct cli_judged { struct posture_results results; struct posture_waivers *waivers; };
int cli_posture_judge(struct cli_args *args, struct posture_set *set, struct posture_checks *checks, struct cli_judged *ret_judged);
void cli_judged_done(struct cli_judged *judged);

/* Judge, waive, report. `title` is the command, `subject` what was looked at. Returns the command's exit code. */
int cli_posture_finish(struct cli_args *args, struct posture_set *set, struct posture_checks *checks, const char *title,
		       const char *subject);

#endif
