/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_POSTURE_REPORT_H
#define PARKA_POSTURE_REPORT_H
/*
 * Results as people and programs read them. Each format appends to a buffer; nothing is printed here.
 *
 *     text      the terminal: by layer, worst first, the three that matter most before everything
 *     json      one document: {"version", "summary", "problems": [], "findings": []}   (docs/checks.md)
 *     sarif     SARIF 2.1.0 (OASIS Standard, 27 March 2020), as code hosting shows it
 *     junit     JUnit XML, a test suite per layer, a test case per check and record
 *     markdown  for a comment or a wiki
 *     html      one file, nothing loaded from elsewhere
 *
 * The same results give the same bytes: no time, no host name unless the caller gives them. Thread: any.
 */
#include "base/strbuf.h"
#include "posture/judge.h"

enum { POSTURE_REPORT_BYTES_MAX = 256 << 20 };

struct posture_report {
	const struct posture_set *set;
	const struct posture_checks *checks;
	const struct posture_results *results;
	const char *title;           /* "parka lint" */
	const char *subject;         /* host or paths, for headings; NULL */
	const char *time;            /* ISO 8601, for headings; NULL */
	bool color;                  /* text */
	unsigned verbose;            /* text: 0 some places of each check; 1 all, with why and evidence */
};

void posture_report_text(const struct posture_report *report, struct strbuf *out);
void posture_report_json(const struct posture_report *report, struct strbuf *out);
void posture_report_sarif(const struct posture_report *report, struct strbuf *out);
void posture_report_junit(const struct posture_report *report, struct strbuf *out);
void posture_report_markdown(const struct posture_report *report, struct strbuf *out);
void posture_report_html(const struct posture_report *report, struct strbuf *out);

struct posture_report_format {
	const char *name;
	void (*write)(const struct posture_report *report, struct strbuf *out);
};
extern const struct posture_report_format posture_report_formats[];   /* ended by { NULL } */
/* NULL when there is none of that name. */
const struct posture_report_format *posture_report_format(const char *name);

/* ---- shared by the formats ---- */

/* Failed and unknown findings of one check, in the order of the report: layer, severity, id. */
struct posture_group {
	const struct posture_check *check;
	const struct posture_finding **findings;
	size_t n;
};
struct posture_groups {
	struct posture_group *at;
	size_t n;
	const struct posture_finding **all;
};
/* Of one status. Free with posture_groups_done(). */
void posture_groups_make(const struct posture_results *results, enum posture_status status, struct posture_groups *ret_groups);
void posture_groups_done(struct posture_groups *groups);
/* The at most three groups that matter most: severity, then how many records fail. Returns how many. */
size_t posture_groups_worst(const struct posture_groups *groups, const struct posture_group *ret_worst[3]);

/* "Dockerfile:3:5", "/etc/ssh/sshd_config:12"; without a file the record's name. */
void posture_place_print(const struct posture_finding *finding, struct strbuf *out);

#endif
