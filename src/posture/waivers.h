/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_POSTURE_WAIVERS_H
#define PARKA_POSTURE_WAIVERS_H
/*
 * Waiver files: findings that somebody answers for.
 *
 *     - waive: container-privileged          # id of a check, or any ref of it; or a list of them
 *       on: "container ci-*"                 # glob over the record's name or the finding's file; default: all
 *       reason: builds images until the rootless builder is there
 *       owner: ana@example.com
 *       expires: 2027-01-31                  # the last day on which it holds
 *       evidence: 1f2e3d4c5b6a7988           # evidence_hash of the finding, or a list; "any" where it may change
 *
 * All keys but `on` are required. A waiver holds until its day is over and as long as the evidence is that for which it was
 * given; after that the finding is back and says why. Thread: one.
 */
#include "posture/judge.h"

enum { POSTURE_WAIVERS_MAX = 10000, POSTURE_WAIVER_FILE_BYTES_MAX = 4 << 20 };

struct posture_waivers;
/* Errors: file, line, column and what was expected (-EBADMSG). */
int posture_waivers_read(const char *path, struct posture_waivers **ret_waivers, struct err *err);
int posture_waivers_parse(const char *name, const char *text, size_t len, struct posture_waivers **ret_waivers, struct err *err);
struct posture_waivers *posture_waivers_free(struct posture_waivers *waivers);   /* NULL is fine; returns NULL */

/* Findings that fail or are unknown become waived, counts with them; those whose waiver is void say so (waiver_void). `today` is
 * YYYY-MM-DD. Results point into the waivers. Returns how many were waived. */
size_t posture_waivers_apply(const struct posture_waivers *waivers, const char *today, struct posture_results *results);

#endif
