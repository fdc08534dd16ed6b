/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_POSTURE_CHECK_H
#define PARKA_POSTURE_CHECK_H
/*
 * Checks: conditions over records of configuration, kept as data (content/checks, docs/checks.md).
 *
 *     - check: dockerfile-sudo                      # id: kebab-case, never reused
 *       title: sudo in a RUN instruction
 *       of: dockerfile.command                      # kind of record (model/kinds.def)
 *       severity: medium                            # critical, high, medium, low, info
 *       when: command.shell != powershell           # only asked where this holds; optional
 *       fails: command.name = sudo                  # the check fails where this holds
 *       output: "RUN uses sudo: %command.text"      # what is told, with fields as in rules
 *       evidence: [command.text]                    # fields to quote; default: those of `fails`
 *       at: command.name                            # the field whose place is told; default: the record's
 *       why: One sentence or more on why it matters.
 *       fix: Be root by USER, and drop it again.    # with %fields
 *       command: "docker update --pids-limit 200 %container.id"   # an exact command that fixes it; optional
 *       patch: { set: spec.hostPID, to: false }     # what --fix does; optional: posture/fix.h
 *       refs: [DL3004]                              # the peers' checks it stands for, benchmark ids
 *       layer: images                               # default: the kind's
 *       profiles: [strict]                          # only asked when one of these is chosen; default: always
 *
 * In the same files, `list:` and `macro:` items as in rule files. Three-valued: fails true = the check fails, false = it
 * passes, unknown = it is unknown; `when` unknown = unknown; `when` false = does not apply.
 *
 * Conditions are compiled per kind, when the first record of a kind is judged: a Dockerfile costs nothing of
 * Kubernetes. Thread: one.
 */
#include "lang/condition.h"
#include "model/kind.h"

enum posture_severity { POSTURE_CRITICAL, POSTURE_HIGH, POSTURE_MEDIUM, POSTURE_LOW, POSTURE_INFO, POSTURE_SEVERITY_MAX };
const char *posture_severity_name(enum posture_severity severity);             /* "critical" .. "info" */
enum posture_severity posture_severity_by_name(const char *name);              /* POSTURE_SEVERITY_MAX when it is none */

enum {
	POSTURE_CHECKS_MAX = 20000,              /* of one set */
	POSTURE_CHECK_FILE_BYTES_MAX = 4 << 20,
	POSTURE_CHECK_TEXT_MAX = 16 * 1024,      /* of one text in a check */
	POSTURE_CHECK_LIST_MAX = 1000,           /* refs, evidence, profiles of one check */
};

struct yaml_node;
struct posture_check {
	const char *id, *title, *why, *fix, *command;     /* command: NULL without */
	enum model_kind_id of;
	enum model_layer layer;
	enum posture_severity severity;
	const char *when, *fails, *output;                /* as written; when: NULL without */
	const char *at;                                   /* NULL: the record's place */
	const char *const *refs, *const *evidence, *const *profiles;
	size_t n_refs, n_evidence, n_profiles;
	const struct yaml_node *patch;                    /* NULL without */
	const char *file;
	unsigned line;
	uint32_t index;                                   /* in the set */
};

struct posture_checks;
struct posture_checks *posture_checks_new(void);
struct posture_checks *posture_checks_free(struct posture_checks *checks);     /* NULL is fine; returns NULL */

/* From now on, files that hold no check of these kinds (by model_kind_id; kept by the caller) are not even parsed. Lists and macros in a
 * file that is passed over are not known then: they belong beside the checks that use them. NULL: load everything. */
void posture_checks_want(struct posture_checks *checks, const bool *kinds);

/* A file, or a directory: its *.yaml and *.yml in name order. Errors: file, line, column and what was expected (-EBADMSG), an id
 * that is there already included. Later files may not change earlier checks. */
int posture_checks_load(struct posture_checks *checks, const char *path, struct err *err);
int posture_checks_load_text(struct posture_checks *checks, const char *name, const char *text, size_t len, struct err *err);

/* Compile all kinds now: for `parka checks test` and tests, which want every error. */
int posture_checks_compile_all(struct posture_checks *checks, struct err *err);

size_t posture_checks_count(const struct posture_checks *checks);
const struct posture_check *posture_checks_at(const struct posture_checks *checks, size_t i);     /* in file order */
const struct posture_check *posture_checks_by_id(const struct posture_checks *checks, const char *id);
/* Whether `ref` is the check's id or one of its refs; letters of any case. */
bool posture_check_is(const struct posture_check *check, const char *ref);

/* ---- for judge.c ---- */
struct posture_compiled {                /* a check, ready to be asked */
	const struct posture_check *check;
	uint32_t when, fails;            /* indexes in the kind's program; when UINT32_MAX: always */
	struct lang_format *output, *fix, *command;
	/* Fields of both conditions, then those of evidence only. */
	const struct model_field_ref *fields;
	size_t n_fields;
	const uint32_t *evidence;        /* indexes in fields: what is quoted */
	size_t n_evidence;
	uint32_t at;                     /* index in fields of the field whose place is told; UINT32_MAX: the record's */
};
struct posture_program {
	struct lang_program *program;
	struct lang_scratch *scratch;
	struct posture_compiled *checks;
	size_t n;
};
/* The checks of a kind; NULL when there are none. Compiled at the first call. */
int posture_checks_program(struct posture_checks *checks, enum model_kind_id kind, const struct posture_program **ret_program,
			   struct err *err);

#endif
