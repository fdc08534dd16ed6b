/* SPDX-License-Identifier: Apache-2.0 */
/* JUnit XML as CI systems read it: a suite per layer, a case per finding. Passes are cases too when the results keep them. */
#include "posture/report.h"
#include "posture/report_markup.h"

static void add_attribute(struct strbuf *out, const char *name, const char *value)
{
	strbuf_addf(out, " %s=\"", name);
	posture_markup_add(out, value);
	strbuf_addc(out, '"');
}

static void add_case(const struct posture_finding *f, struct strbuf *out)
{
	_cleanup_strbuf_ struct strbuf place;

	strbuf_init(&place, 8192);
	posture_place_print(f, &place);
	strbuf_adds(out, "    <testcase");
	add_attribute(out, "name", f->record->name);
	add_attribute(out, "classname", f->check->id);
	if (f->place.file)
		add_attribute(out, "file", f->place.file);
	if (f->place.line)
		strbuf_addf(out, " line=\"%u\"", f->place.line);
	strbuf_adds(out, ">");
	if (f->status == POSTURE_FAIL || f->status == POSTURE_UNKNOWN) {
		const char *tag = f->status == POSTURE_FAIL ? "failure" : "error";

		strbuf_addf(out, "<%s", tag);
		add_attribute(out, "type", posture_severity_name(f->check->severity));
		add_attribute(out, "message", f->output);
		strbuf_adds(out, ">");
		posture_markup_add(out, place.text);
		strbuf_adds(out, f->status == POSTURE_FAIL ? "\nfix: " : "\nnot decided: ");
		posture_markup_add(out, f->status == POSTURE_FAIL ? f->fix : f->reason ? f->reason : "");
		strbuf_addf(out, "</%s>", tag);
	} else if (f->status != POSTURE_PASS) {
		strbuf_adds(out, "<skipped");
		add_attribute(out, "message", f->status == POSTURE_WAIVED && f->reason ? f->reason : posture_status_name(f->status));
		strbuf_adds(out, "/>");
	}
	strbuf_adds(out, "</testcase>\n");
}

struct tally { size_t tests, failures, errors, skipped; };

static struct tally count(const struct posture_report *r, enum model_layer layer, bool all)
{
	struct tally t = { 0 };

	for (size_t i = 0; i < r->results->n; i++) {
		const struct posture_finding *f = &r->results->findings[i];
		if (!all && f->check->layer != layer)
			continue;
		t.tests++;
		t.failures += f->status == POSTURE_FAIL;
		t.errors += f->status == POSTURE_UNKNOWN;
		t.skipped += f->status == POSTURE_WAIVED || f->status == POSTURE_DOES_NOT_APPLY;
	}
	return t;
}

static void add_counts(struct tally t, struct strbuf *out)
{
	strbuf_addf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\">\n", t.tests, t.failures, t.errors, t.skipped);
}

static void add_problems(const struct posture_report *r, struct strbuf *out)
{
	if (!r->set->n_problems)
		return;
	strbuf_addf(out, "  <testsuite name=\"not read\" tests=\"%zu\" failures=\"0\" errors=\"%zu\" skipped=\"0\">\n", r->set->n_problems,
		    r->set->n_problems);
	for (const struct posture_problem *p = r->set->problems; p; p = p->next) {
		strbuf_adds(out, "    <testcase classname=\"not read\"");
		add_attribute(out, "name", p->place.file ? p->place.file : model_layer_name(p->layer));
		strbuf_adds(out, "><error");
		add_attribute(out, "message", p->what);
		strbuf_adds(out, "/></testcase>\n");
	}
	strbuf_adds(out, "  </testsuite>\n");
}

void posture_report_junit(const struct posture_report *r, struct strbuf *out)
{
	struct tally all = count(r, 0, true);

	all.tests += r->set->n_problems;
	all.errors += r->set->n_problems;
	strbuf_adds(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites");
	add_attribute(out, "name", r->title);
	add_counts(all, out);
	for (unsigned layer = 0; layer < MODEL_LAYER_MAX; layer++) {
		struct tally t = count(r, layer, false);

		if (!t.tests)
			continue;
		strbuf_addf(out, "  <testsuite name=\"%s\"", model_layer_name(layer));
		add_counts(t, out);
		for (size_t i = 0; i < r->results->n; i++)
			if (r->results->findings[i].check->layer == layer)
				add_case(&r->results->findings[i], out);
		strbuf_adds(out, "  </testsuite>\n");
	}
	add_problems(r, out);
	strbuf_adds(out, "</testsuites>\n");
}
