/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a check file and as a waiver file: no crash; what loads can be asked about a record. */
#include "posture/judge.h"
#include "posture/report.h"
#include "posture/waivers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void judge(struct posture_checks *checks, struct posture_waivers *waivers)
{
	struct posture_set *set = posture_set_new(NULL);
	struct posture_record *record = posture_record_new(set, MODEL_KIND_DOCKERFILE_STAGE, NULL, "s", (struct posture_place){ 0 });
	struct posture_results results = { 0 };

	posture_set_text(record, MODEL_F_STAGE_NAME, "s");
	posture_set_unknown(record, MODEL_F_STAGE_USER, "not read");
	if (posture_judge(set, checks, NULL, &results, NULL) >= 0) {
		struct posture_report report = { .set = set, .checks = checks, .results = &results, .title = "fuzz" };
		struct strbuf out;

		if (waivers)
			posture_waivers_apply(waivers, "2026-01-01", &results);
		strbuf_init(&out, 1 << 20);
		posture_report_text(&report, &out);
		posture_report_sarif(&report, &out);
		strbuf_done(&out);
		posture_results_done(&results);
	}
	posture_set_free(set);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct posture_checks *checks = posture_checks_new();
	struct posture_waivers *waivers = NULL;

	posture_waivers_parse("fuzz", (const char *)data, size, &waivers, NULL);
	if (posture_checks_load_text(checks, "fuzz", (const char *)data, size, NULL) >= 0)
		judge(checks, waivers);
	posture_waivers_free(waivers);
	posture_checks_free(checks);
	return 0;
}
