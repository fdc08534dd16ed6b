/* SPDX-License-Identifier: Apache-2.0 */
#include "posture/waivers.h"
#include "tap.h"

#include <errno.h>

static struct err err;
static struct posture_waivers *waivers;

static int parse(const char *text)
{
	waivers = posture_waivers_free(waivers);
	err = ERR_INIT;
	return posture_waivers_parse("w.yaml", text, strlen(text), &waivers, &err);
}

static const char *const refs[] = { "DL3002" };
static const struct posture_check check = { .id = "user-root", .severity = POSTURE_HIGH, .refs = refs, .n_refs = 1 };
static const struct posture_record record = { .name = "container web-1" };

/* One finding, apply the waiver file to it. */
static struct posture_finding apply(const char *text, const char *today, struct posture_count *ret_count)
{
	struct posture_finding f = { .check = &check, .record = &record, .status = POSTURE_FAIL, .evidence_hash = 0x1234,
				     .place = { .file = "deploy/Dockerfile" } };
	struct posture_count per_check = { .n = { [POSTURE_FAIL] = 1 } };
	static struct posture_results results;

	arena_done(&results.arena);
	results = (struct posture_results){ .findings = &f, .n = 1, .per_check = &per_check, .all = per_check };
	arena_init(&results.arena, 0);
	if (CHECK_INT(parse(text), 0))
		posture_waivers_apply(waivers, today, &results);
	if (ret_count)
		*ret_count = results.all;
	return f;
}

#define WAIVER(on, evidence) \
	"- waive: dl3002\n  on: \"" on "\"\n  reason: legacy\n  owner: ana\n  expires: 2026-12-31\n  evidence: " evidence "\n"

TEST(a_waiver_holds_until_its_day_is_over)
{
	struct posture_count count;
	struct posture_finding f = apply(WAIVER("*", "any"), "2026-12-31", &count);

	CHECK_INT(f.status, POSTURE_WAIVED);
	CHECK_STR(f.reason, "legacy (ana, until 2026-12-31)");
	CHECK_INT(count.n[POSTURE_WAIVED], 1);
	CHECK_INT(count.n[POSTURE_FAIL], 0);
	f = apply(WAIVER("*", "any"), "2027-01-01", &count);
	CHECK_INT(f.status, POSTURE_FAIL);
	CHECK_STR(f.waiver_void, "waiver of ana at w.yaml:1 expired on 2026-12-31");
	CHECK_INT(count.n[POSTURE_FAIL], 1);
}

TEST(a_waiver_is_void_when_the_evidence_is_another_one)
{
	struct posture_finding f = apply(WAIVER("*", "0000000000001234"), "2026-01-01", NULL);

	CHECK_INT(f.status, POSTURE_WAIVED);
	f = apply(WAIVER("*", "[ffff000000000000, 0000000000001234]"), "2026-01-01", NULL);
	CHECK_INT(f.status, POSTURE_WAIVED);
	f = apply(WAIVER("*", "0000000000004321"), "2026-01-01", NULL);
	CHECK_INT(f.status, POSTURE_FAIL);
	CHECK_STR(f.waiver_void, "waiver of ana at w.yaml:1 is void: the evidence is not the one it was given for");
}

TEST(a_waiver_is_about_names_and_files_that_its_glob_matches)
{
	static const struct { const char *text; enum posture_status status; } cases[] = {
		{ WAIVER("container web-*", "any"), POSTURE_WAIVED },
		{ WAIVER("deploy/*", "any"), POSTURE_WAIVED },
		{ WAIVER("container db-*", "any"), POSTURE_FAIL },
		{ "- waive: [other, user-root]\n  reason: r\n  owner: o\n  expires: 2030-01-01\n  evidence: any\n", POSTURE_WAIVED },
		{ "- waive: other\n  reason: r\n  owner: o\n  expires: 2030-01-01\n  evidence: any\n", POSTURE_FAIL },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		CHECK_INT(apply(cases[i].text, "2026-01-01", NULL).status, cases[i].status);
}

TEST(a_waiver_without_reason_owner_day_or_evidence_is_an_error_with_its_place)
{
	static const struct { const char *text; unsigned line, column; const char *says; } cases[] = {
		{ "waive: x\n", 1, 1, "expected a list of waivers" },
		{ "- waive: x\n  reason: r\n  owner: o\n  evidence: any\n", 1, 3, "the waiver has no 'expires'" },
		{ "- waive: x\n  expires: tomorrow\n", 2, 12, "expected a day as YYYY-MM-DD, not 'tomorrow'" },
		{ "- waive: x\n  expires: 2026-13-01\n", 2, 12, "expected a day as YYYY-MM-DD, not '2026-13-01'" },
		{ "- waive: x\n  evidence: abc\n", 2, 13, "expected 'any' or the finding's evidence_hash (16 hex digits), not 'abc'" },
		{ "- waive: []\n", 1, 10, "the list is empty" },
		{ "- wave: x\n", 1, 3, "expected waive, on, reason, owner, expires or evidence" },
		{ "- x\n", 1, 3, "expected a waiver: waive, reason, owner, expires, evidence" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CHECK_INT(parse(cases[i].text), -EBADMSG);
		CHECK_STR(err.text, cases[i].says);
		CHECK_INT(err.line, cases[i].line);
		CHECK_INT(err.column, cases[i].column);
	}
}

TAP_MAIN()
