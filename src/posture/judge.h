/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_POSTURE_JUDGE_H
#define PARKA_POSTURE_JUDGE_H
/*
 * Records x checks = results. Every check is asked of every record of its kind.
 *
 *     posture_set --\
 *     posture_checks -> posture_judge() -> posture_results { findings, counts }
 *     posture_options -/
 *
 * The order of findings is: records in the order they were made (kinds in table order), checks in file order; the same input gives
 * the same results, byte for byte. Thread: one.
 */
#include "posture/check.h"
#include "posture/record.h"

enum posture_status { POSTURE_PASS, POSTURE_FAIL, POSTURE_UNKNOWN, POSTURE_WAIVED, POSTURE_DOES_NOT_APPLY, POSTURE_STATUS_MAX };
const char *posture_status_name(enum posture_status status);   /* "pass", "fail", "unknown", "waived", "does not apply" */

/* A field that the result rests on, as it was. */
struct posture_evidence {
	const char *field;           /* "container.privileged" */
	int state;                   /* MODEL_SET, MODEL_UNSET, MODEL_UNKNOWN */
	const char *text;            /* SET: the value as text; UNKNOWN: why; UNSET: NULL */
	enum posture_origin origin;
	const char *note;            /* what said it; NULL */
	struct posture_place place;  /* file NULL: the record's */
};

struct posture_finding {
	const struct posture_check *check;
	const struct posture_record *record;
	enum posture_status status;
	struct posture_place place;
	const char *output;          /* the sentence */
	const char *fix, *command;   /* with fields filled in; command NULL without */
	const char *reason;          /* UNKNOWN: what could not be read, and why. WAIVED: the waiver's reason (NULL: none given) */
	const struct posture_waiver *waiver;   /* WAIVED, when it was written at the record */
	const char *waiver_void;     /* why a waiver that was given for it does not hold any more; NULL */
	const struct posture_evidence *evidence;
	size_t n_evidence;
	/* The same from run to run: of the check and the record's key; and of the evidence that a waiver was given for. */
	uint64_t fingerprint, evidence_hash;
};

struct posture_count { uint32_t n[POSTURE_STATUS_MAX]; };      /* records per status */

struct posture_options {
	const char *const *profiles; /* chosen ones besides "always" */
	size_t n_profiles;
	const char *const *only;     /* ids, refs, or beginnings of refs ("DL", "CIS-Docker"): other checks are not asked; n 0: all */
	size_t n_only;
	const char *const *except;   /* these are not asked */
	size_t n_except;
	bool keep_passes;            /* findings of status PASS and DOES_NOT_APPLY too */
};

struct posture_results {
	struct arena arena;
	struct posture_finding *findings;
	size_t n;
	struct posture_count *per_check;       /* by posture_check.index */
	struct posture_count all;
	size_t n_asked;                        /* checks that were asked of at least one record */
};

/* options may be NULL. Results point into set and checks. -EBADMSG: a check does not compile. */
int posture_judge(struct posture_set *set, struct posture_checks *checks, const struct posture_options *options,
		  struct posture_results *ret_results, struct err *err);
void posture_results_done(struct posture_results *results);

#endif
