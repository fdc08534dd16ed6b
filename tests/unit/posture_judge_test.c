/* SPDX-License-Identifier: Apache-2.0 */
#include "posture/judge.h"
#include "tap.h"

#include <errno.h>

static struct err err;
static struct posture_checks *checks;
static struct posture_set *set;
static struct posture_results results;

#define CHECK_ITEM(id, fails) \
	"- check: " id "\n  title: t\n  of: dockerfile.stage\n  severity: high\n  fails: " fails "\n  output: stage %stage.name\n" \
	"  why: w\n  fix: f\n"

static int load(const char *text)
{
	checks = posture_checks_free(checks);
	checks = posture_checks_new();
	err = ERR_INIT;
	return posture_checks_load_text(checks, "c.yaml", text, strlen(text), &err);
}

static int load_one(const char *fails)
{
	static const char before[] = CHECK_ITEM("c", "\n");
	const char *rest = strchr(strstr(before, "fails: "), '\n') + 1;
	_cleanup_strbuf_ struct strbuf text;

	strbuf_init(&text, 4096);
	strbuf_add(&text, before, (size_t)(strstr(before, "fails: ") - before));
	strbuf_addf(&text, "fails: %s", fails);
	strbuf_adds(&text, rest);
	return load(text.text);
}

static struct posture_record *stage(const char *name, unsigned line)
{
	if (!set)
		set = posture_set_new(NULL);
	struct posture_record *r = posture_record_new(set, MODEL_KIND_DOCKERFILE_STAGE, NULL, name,
						      (struct posture_place){ .file = "Dockerfile", .line = line });
	posture_set_text(r, MODEL_F_STAGE_NAME, name);
	return r;
}

static bool judge(const struct posture_options *options)
{
	posture_results_done(&results);
	err = ERR_INIT;
	return CHECK_INT(posture_judge(set, checks, options, &results, &err), 0);
}

static void start(void)
{
	posture_results_done(&results);
	set = posture_set_free(set);
}

TEST(a_condition_that_holds_fails_the_check_with_its_place_and_evidence)
{
	struct posture_record *r;

	start();
	r = stage("final", 7);
	posture_at(posture_said(posture_set_text(r, MODEL_F_STAGE_USER, "root"), POSTURE_FROM_FILE, "USER root"),
		   (struct posture_place){ .file = "Dockerfile", .line = 9, .column = 6 });
	if (!CHECK_INT(load(CHECK_ITEM("user-root", "stage.user = root\n  at: stage.user")), 0) || !judge(NULL))
		return;
	if (!CHECK_INT(results.n, 1) || !CHECK_INT(results.findings[0].status, POSTURE_FAIL))
		return;
	CHECK_INT(results.findings[0].place.line, 9);
	CHECK_STR(results.findings[0].output, "stage final");
	if (!CHECK_INT(results.findings[0].n_evidence, 1))
		return;
	CHECK_STR(results.findings[0].evidence[0].field, "stage.user");
	CHECK_STR(results.findings[0].evidence[0].text, "root");
	CHECK_STR(results.findings[0].evidence[0].note, "USER root");
	CHECK_INT(results.all.n[POSTURE_FAIL], 1);
}

TEST(what_could_not_be_read_makes_the_check_unknown_and_never_passed)
{
	static const struct { const char *fails; enum posture_status status; } cases[] = {
		{ "stage.user = root", POSTURE_UNKNOWN },
		{ "not stage.user = root", POSTURE_UNKNOWN },
		{ "not stage.user exists", POSTURE_UNKNOWN },
		{ "stage.user = root and stage.is_final = true", POSTURE_UNKNOWN },
		{ "stage.user = root and stage.is_final = false", POSTURE_PASS },   /* whatever the user is */
		{ "stage.user = root or stage.is_final = true", POSTURE_FAIL },
	};

	start();
	posture_set_bool(stage("s", 1), MODEL_F_STAGE_IS_FINAL, true);
	posture_set_unknown(set->first[MODEL_KIND_DOCKERFILE_STAGE], MODEL_F_STAGE_USER, "the file ends in the middle");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		if (!CHECK_INT(load_one(cases[i].fails), 0) || !judge(NULL))
			continue;
		CHECK_MSG(results.all.n[cases[i].status] == 1, "%s is not %s", cases[i].fails, posture_status_name(cases[i].status));
		if (cases[i].status == POSTURE_UNKNOWN)
			CHECK_STR(results.findings[0].reason, "stage.user: the file ends in the middle");
	}
}

TEST(a_check_is_only_asked_where_its_when_holds)
{
	start();
	posture_set_bool(stage("a", 1), MODEL_F_STAGE_IS_FINAL, false);
	posture_set_bool(stage("b", 2), MODEL_F_STAGE_IS_FINAL, true);
	if (!CHECK_INT(load(CHECK_ITEM("c", "not stage.user exists\n  when: stage.is_final = true")), 0) || !judge(NULL))
		return;
	CHECK_INT(results.all.n[POSTURE_DOES_NOT_APPLY], 1);
	CHECK_INT(results.all.n[POSTURE_FAIL], 1);
	CHECK_STR(results.findings[0].record->name, "b");
}

TEST(a_record_sees_its_parents_fields_and_its_own_first)
{
	struct posture_record *parent, *child;

	start();
	parent = stage("s", 1);
	posture_set_text(parent, MODEL_F_STAGE_USER, "root");
	child = posture_record_new(set, MODEL_KIND_DOCKERFILE_INSTRUCTION, parent, "RUN", (struct posture_place){ 0 });
	CHECK_STR(posture_value_of(child, MODEL_F_STAGE_USER)->value.text, "root");
	CHECK_INT(posture_place_of(child).line, 1);
	posture_set_text(child, MODEL_F_STAGE_USER, "app");
	CHECK_STR(posture_value_of(child, MODEL_F_STAGE_USER)->value.text, "app");
}

TEST(a_waiver_at_a_record_or_its_parent_names_a_check_by_id_or_ref)
{
	struct posture_record *r;

	start();
	r = stage("s", 1);
	posture_set_text(r, MODEL_F_STAGE_USER, "root");
	posture_waive(r, "DL3002", "it is a builder", (struct posture_place){ .file = "Dockerfile", .line = 1 });
	if (!CHECK_INT(load(CHECK_ITEM("user-root", "stage.user = root\n  refs: [DL3002]")
			    CHECK_ITEM("named", "stage.name exists")), 0) || !judge(NULL))
		return;
	CHECK_INT(results.all.n[POSTURE_WAIVED], 1);
	CHECK_INT(results.all.n[POSTURE_FAIL], 1);
	CHECK_STR(results.findings[0].reason, "it is a builder");
}

TEST(lists_and_macros_stand_in_check_files_as_in_rule_files)
{
	start();
	posture_set_text(stage("s", 1), MODEL_F_STAGE_USER, "0");
	if (!CHECK_INT(load("- list: root_names\n  items: [root, \"0\"]\n- macro: is_root\n  condition: stage.user in (root_names)\n"
			    CHECK_ITEM("c", "is_root")), 0) || !judge(NULL))
		return;
	CHECK_INT(results.all.n[POSTURE_FAIL], 1);
}

TEST(options_choose_checks_by_id_ref_beginning_of_a_ref_and_profile)
{
	static const char *const dl[] = { "dl" }, *const strict[] = { "strict" };
	struct posture_options only = { .only = dl, .n_only = 1 }, except = { .except = dl, .n_except = 1 },
			       profile = { .profiles = strict, .n_profiles = 1 };

	start();
	stage("s", 1);
	if (!CHECK_INT(load(CHECK_ITEM("a", "stage.name = s\n  refs: [DL3002]") CHECK_ITEM("b", "stage.name = s")
			    CHECK_ITEM("c", "stage.name = s\n  profiles: [strict]")), 0))
		return;
	CHECK(judge(NULL) && results.n == 2);
	CHECK(judge(&only) && results.n == 1 && strcmp(results.findings[0].check->id, "a") == 0);
	CHECK(judge(&except) && results.n == 1 && strcmp(results.findings[0].check->id, "b") == 0);
	CHECK(judge(&profile) && results.n == 3);
}

TEST(fingerprints_stay_and_the_evidence_hash_follows_the_evidence)
{
	uint64_t fingerprint, evidence;

	for (int i = 0; i < 3; i++) {
		start();
		posture_set_text(stage("s", 1 + (unsigned)i), MODEL_F_STAGE_USER, i < 2 ? "root" : "0");
		if (!CHECK_INT(load(CHECK_ITEM("c", "stage.user exists")), 0) || !judge(NULL))
			return;
		if (i == 0) {
			fingerprint = results.findings[0].fingerprint;
			evidence = results.findings[0].evidence_hash;
		}
		CHECK(results.findings[0].fingerprint == fingerprint);
		CHECK((results.findings[0].evidence_hash == evidence) == (i < 2));
	}
}

TEST(files_without_a_wanted_kind_are_not_parsed_and_odd_ones_are)
{
	static const struct { const char *text; size_t n; } cases[] = {
		{ CHECK_ITEM("a", "stage.name = x"), 0 },
		{ "# words\n- list: l\n  items: [a]\n" CHECK_ITEM("a", "stage.name = x"), 0 },
		{ "- {check: a, title: t, of: dockerfile.stage, severity: low, fails: stage.name = x, output: o, why: w, fix: f}\n", 1 },
		{ "- check: a\n  title: t\n  of:   dockerfile\n  severity: low\n  fails: stage.name = x\n  output: o\n  why: w\n  fix: f\n", 1 },
	};
	static const bool kinds[MODEL_KIND_MAX] = { [MODEL_KIND_DOCKERFILE_COMMAND] = true };

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct posture_checks *some = posture_checks_new();

		posture_checks_want(some, kinds);
		CHECK_INT(posture_checks_load_text(some, "c.yaml", cases[i].text, strlen(cases[i].text), &err), 0);
		CHECK_INT(posture_checks_count(some), cases[i].n);
		posture_checks_free(some);
	}
}

TEST(errors_in_check_files_name_the_line_the_column_and_what_was_expected)
{
	static const struct { const char *text; unsigned line, column; const char *says; } cases[] = {
		{ "- chek: a\n", 1, 3, "expected an item with 'check', 'list' or 'macro'" },
		{ "- check: a\n  titel: t\n", 2, 3, "unknown key of a check 'titel'; did you mean 'title'?" },
		{ "- check: A B\n", 1, 10, "an id is of lower-case letters, digits, '-' and '.', not 'A B'" },
		{ "- check: a\n  of: dockerfile.stag\n", 2, 7, "unknown kind of record 'dockerfile.stag'; did you mean 'dockerfile.stage'?" },
		{ "- check: a\n  severity: bad\n", 2, 13, "expected critical, high, medium, low or info, not 'bad'" },
		{ "- check: a\n  title: t\n", 1, 3, "the check has no 'of'" },
		{ "check: a\n", 1, 1, "expected a list of checks" },
		{ CHECK_ITEM("a", "stage.name = x") CHECK_ITEM("a", "stage.name = x"), 9, 3, "check 'a' is there already: c.yaml:1" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CHECK_INT(load(cases[i].text), -EBADMSG);
		CHECK_STR(err.text, cases[i].says);
		CHECK_INT(err.line, cases[i].line);
		CHECK_INT(err.column, cases[i].column);
	}
}

TEST(errors_in_conditions_point_into_the_condition)
{
	static const struct { const char *fails; unsigned column; const char *says; } cases[] = {
		{ "stage.user = root and stage.usr = x", 32, "stage.usr" },
		{ "proc.name = x", 10, "records of kind 'dockerfile.stage' have no field 'proc.name'" },
		{ "stage.user == root and", 0, "" },
		{ "stage.is_final startswith x", 0, "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CHECK_INT(load_one(cases[i].fails), 0);
		CHECK_INT(posture_checks_compile_all(checks, &err), -EBADMSG);
		CHECK_STR(err.input, "c.yaml");
		CHECK_INT(err.line, 5);
		CHECK_MSG(strstr(err.text, cases[i].says), "%s: %s", cases[i].fails, err.text);
		if (cases[i].column)
			CHECK_INT(err.column, cases[i].column);
	}
}

TAP_MAIN()
