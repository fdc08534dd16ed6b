/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "posture/report.h"
#include "tap.h"

static const char check_text[] =
	"- check: b-low\n  title: low one\n  of: dockerfile.stage\n  severity: low\n  fails: stage.name exists\n  output: \"%stage.name is <b>\"\n"
	"  why: w\n  fix: f\n"
	"- check: a-high\n  title: high one\n  of: dockerfile.stage\n  severity: high\n  fails: stage.user = root\n  output: user %stage.user\n"
	"  why: w & w\n  fix: f\n  refs: [DL3002]\n"
	"- check: c-critical\n  title: critical one\n  of: dockerfile.stage\n  severity: critical\n  layer: kernel\n  fails: stage.is_final = true\n"
	"  output: final\n  why: w\n  fix: f\n";

static struct posture_set *set;
static struct posture_checks *checks;
static struct posture_results results;

static bool judged(void)
{
	struct err err = ERR_INIT;
	struct posture_record *r;

	if (set)
		return true;
	set = posture_set_new(NULL);
	checks = posture_checks_new();
	r = posture_record_new(set, MODEL_KIND_DOCKERFILE_STAGE, NULL, "s1", (struct posture_place){ .file = "a b/Dockerfile", .line = 3, .column = 2 });
	posture_set_text(r, MODEL_F_STAGE_NAME, "\033[2Jevil`<script>");
	posture_set_text(r, MODEL_F_STAGE_USER, "root");
	posture_set_bool(r, MODEL_F_STAGE_IS_FINAL, true);
	r = posture_record_new(set, MODEL_KIND_DOCKERFILE_STAGE, NULL, "s2", (struct posture_place){ 0 });
	posture_set_text(r, MODEL_F_STAGE_NAME, "two");
	posture_set_unknown(r, MODEL_F_STAGE_USER, "cut off");
	posture_waive(r, "b-low", "accepted", (struct posture_place){ 0 });
	posture_problem(set, MODEL_LAYER_IMAGES, (struct posture_place){ .file = "x.yaml", .line = 4, .column = 1 }, "expected ':'");
	return CHECK_INT(posture_checks_load_text(checks, "c.yaml", check_text, strlen(check_text), &err), 0) &&
	       CHECK_INT(posture_judge(set, checks, NULL, &results, &err), 0);
}

static unsigned verbose;
static char *report(const char *format)
{
	static struct strbuf out;
	struct posture_report r = { .set = set, .checks = checks, .results = &results, .title = "parka lint", .subject = "here",
				    .verbose = verbose };

	strbuf_done(&out);
	strbuf_init(&out, 1 << 20);
	if (!judged())
		return out.text;
	r.set = set;
	r.checks = checks;
	posture_report_format(format)->write(&r, &out);
	return out.text;
}

TEST(text_tells_layers_from_inside_to_outside_and_the_worst_first)
{
	const char *text, *critical, *high, *low;

	verbose = 1;
	text = report("text");
	critical = strstr(text, "critical one");
	high = strstr(text, "high one");
	low = strstr(text, "low one");
	CHECK(critical && high && low && critical < high && high < low);
	verbose = 0;
	text = report("text");
	CHECK(!strstr(text, "low one") && strstr(text, "and 1 of low severity or for information (-v shows them)"));
	CHECK(strstr(text, "a b/Dockerfile:3:2  user root"));
	CHECK(strstr(text, "x.yaml:4:1  expected ':'"));
	CHECK(strstr(text, "a-high  s2: stage.user: cut off"));
	CHECK(strstr(text, "3 failed, 1 unknown, 1 passed, 1 waived, 1 not read"));
}

TEST(no_format_lets_a_value_be_markup_or_a_control_sequence)
{
	static const struct { const char *format, *never; } cases[] = {
		{ "text", "\033" }, { "markdown", "\033" }, { "markdown", "`<" }, { "html", "<script>" }, { "html", "\033" },
		{ "html", "is <b>" }, { "junit", "<script>" }, { "junit", "\033" }, { "json", "\033" }, { "sarif", "\033" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		CHECK_MSG(!strstr(report(cases[i].format), cases[i].never), "%s has %s", cases[i].format, cases[i].never);
}

TEST(json_and_sarif_are_json_with_the_finding_in_its_place)
{
	_cleanup_json_ json_t *json = NULL, *sarif = NULL;
	struct err err = ERR_INIT;
	const char *text = report("json");
	json_t *result;

	if (!CHECK_INT(json_parse(text, strlen(text), "json", &json, &err), 0))
		return;
	CHECK_INT(json_array_size(json_object_get(json, "findings")), results.n);
	CHECK_INT(json_integer_value(json_object_get(json_object_get(json, "summary"), "fail")), 3);
	text = report("sarif");
	if (!CHECK_INT(json_parse(text, strlen(text), "sarif", &sarif, &err), 0))
		return;
	CHECK_STR(json_text(sarif, "version", NULL), "2.1.0");
	result = json_array_get(json_object_get(json_array_get(json_object_get(sarif, "runs"), 0), "results"), 0);
	CHECK_STR(json_text(json_array_get(json_object_get(result, "locations"), 0), "physicalLocation", "artifactLocation", "uri", NULL),
		  "a%20b/Dockerfile");
}

TEST(the_same_results_give_the_same_bytes)
{
	for (const struct posture_report_format *f = posture_report_formats; f->name; f++) {
		_cleanup_free_ char *first = mem_strdup(report(f->name));
		CHECK_STR(report(f->name), first);
	}
}

TAP_MAIN()
