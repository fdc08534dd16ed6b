/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_LANG_RULES_H
#define PARKA_LANG_RULES_H
/*
 * Rule files: Falco's YAML of lists, macros, rules, exceptions, overrides.
 *
 * Feed files in order with lang_rules_load_*(); then lang_rules_compile() resolves lists,
 * macros and exceptions, checks everything and builds one program of all enabled rules.
 * All problems are collected, not only the first: struct lang_diag, each with file, line,
 * column, a snippet with a caret, and what was expected. Errors make load or compile return
 * -EBADMSG; warnings never do. What needs a source that parka does not have (k8s_audit,
 * aws_cloudtrail) is skipped and counted.
 *
 * Who calls it: detect (watch, replay), cli (rules check|list|explain|test). Thread: one.
 */
#include "base/err.h"
#include "lang/condition.h"
#include "model/priority.h"

struct lang_rules;

struct lang_rule {
	const char *name, *desc, *output, *source;
	enum model_priority priority;
	const char *const *tags;
	size_t n_tags;
	bool enabled;
	bool skipped;                 /* not loaded: unknown source, or skip-if-unknown-filter */
	const char *file;
	unsigned line;
	const char *condition;        /* as written (after appends) */
	uint32_t program_index;       /* index in the program; UINT32_MAX when not enabled */
	struct model_event_set events;
	bool all_events;              /* no event type narrows it */
	const struct lang_format *format;   /* compiled output */
	const char *skip_reason;      /* why it is skipped; NULL when it is not */
	bool broken;                  /* has an error, is not in the program */
	bool capture;                 /* start a recording when it matches, */
	int64_t capture_duration_ms;  /* this long; 0 = default */
};

enum lang_diag_level { LANG_DIAG_ERROR, LANG_DIAG_WARNING };
struct lang_diag {
	enum lang_diag_level level;
	const char *code;             /* Falco's names: LOAD_ERR_YAML_VALIDATE, LOAD_UNUSED_MACRO, ...; parka's own: LINT_* */
	const char *file;
	unsigned line, column;        /* 1-based; 0 = whole file */
	const char *message;          /* one line */
	const char *snippet;          /* the source line; NULL when there is none */
	unsigned caret_len;           /* how many columns to underline, at least 1 */
	const char *item;             /* "rule 'x'", "macro 'y'"; NULL */
};

struct lang_rules *lang_rules_new(void);
struct lang_rules *lang_rules_free(struct lang_rules *rules);
int lang_rules_load_text(struct lang_rules *rules, const char *name, const char *text, size_t len, struct err *err);
/* A file, or a directory: its *.yaml and *.yml in name order (not below). */
int lang_rules_load_path(struct lang_rules *rules, const char *path, struct err *err);

/* Enable or disable rules by wildcard name or by tag, before compile; returns how many changed. */
size_t lang_rules_enable(struct lang_rules *rules, const char *name_glob, const char *tag, bool enable);

int lang_rules_compile(struct lang_rules *rules, struct err *err);

/* For a set that from now on only judges: three quarters of its memory go. What stays: the program, the enabled rules with
 * name, source, priority, tags, file and line, events and output format, and the counts. What goes: trees, problems, the other
 * rules, and of these desc, output and condition (NULL then). Pointers into it are no longer valid. After a compile without
 * errors; nothing happens before one or the second time. */
void lang_rules_settle(struct lang_rules *rules);

/* The absolute paths that enabled rules compare file names with, at most `max`; text lives in the arena. After a compile;
 * also of a settled set (of which at most RULES_PATHS_MAX are known). */
size_t lang_rules_paths(const struct lang_rules *rules, struct arena *arena, const char **ret_paths, size_t max);

size_t lang_rules_diags(const struct lang_rules *rules, const struct lang_diag **ret_diags);
void lang_diag_print(const struct lang_diag *diag, bool color, struct strbuf *out);
/* Optional lints (unset field under `not`, list in a list, impossible regex, unreachable rule):
 * adds LINT_* warnings. After compile. */
void lang_rules_lint(struct lang_rules *rules);

size_t lang_rules_count(const struct lang_rules *rules);          /* all rules, also disabled and skipped */
const struct lang_rule *lang_rules_at(const struct lang_rules *rules, size_t i);   /* in file order */
const struct lang_rule *lang_rules_by_name(const struct lang_rules *rules, const char *name);
const struct lang_program *lang_rules_program(const struct lang_rules *rules);     /* after compile */
const struct lang_rule *lang_rules_of_program(const struct lang_rules *rules, uint32_t program_index);
/* Union of the event types that enabled rules need. */
struct model_event_set lang_rules_events(const struct lang_rules *rules);

struct lang_rules_counts {
	size_t n_rules, n_enabled, n_disabled, n_skipped, n_macros, n_lists, n_errors, n_warnings;
	size_t n_macros_skipped;      /* use fields of a source that parka does not have */
	size_t n_broken;              /* rules with an error: neither enabled, disabled nor skipped */
	size_t n_plugins_missing;     /* required_plugin_versions entries that parka does not have */
};
void lang_rules_counts(const struct lang_rules *rules, struct lang_rules_counts *ret);
/* The names of required plugins that parka does not have, sorted. Returns how many were written. */
size_t lang_rules_plugins_missing(const struct lang_rules *rules, const char **ret_names, size_t max);

/* One condition with the macros and lists of the set. After compile. The tree lives as long as the
 * set; problems are added to the diags, with `name` as the file. -EBADMSG then. */
int lang_rules_condition(struct lang_rules *rules, const char *name, const char *text, size_t len,
			 const struct lang_node **ret_node, struct err *err);
/* The resolved tree of a rule (lists, macros and exceptions in place): NULL before compile, for skipped rules and for those
 * with errors. */
const struct lang_node *lang_rules_tree(const struct lang_rules *rules, const struct lang_rule *rule);

#endif
