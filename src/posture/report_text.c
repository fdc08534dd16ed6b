/* SPDX-License-Identifier: Apache-2.0 */
/* For the terminal: layers from inside to outside, in each the worst first. Severity by word first, colour second. */
#include "base/text.h"
#include "posture/report.h"

#include <string.h>

enum { PLACES_SHOWN = 3, REASONS_SHOWN = 5 };

static const char *const severity_colors[] = { "1;31", "31", "33", "36", "2" };

struct text {
	const struct posture_report *report;
	struct strbuf *out;
};

static void paint(const struct text *t, const char *sgr)
{
	if (t->report->color)
		strbuf_addf(t->out, "\033[%sm", sgr);
}

static void safe(const struct text *t, const char *text)
{
	text_add_safe(t->out, text, strlen(text));
}

static void add_severity(const struct text *t, enum posture_severity severity)
{
	paint(t, severity_colors[severity]);
	strbuf_addf(t->out, "%-8s", posture_severity_name(severity));
	paint(t, "0");
}

static void add_line(const struct text *t, const char *label, const char *text)
{
	if (!text || !*text)
		return;
	paint(t, "2");
	strbuf_addf(t->out, "            %-5s ", label);
	paint(t, "0");
	/* A text of several lines stays in its column. */
	for (const char *end; *text; text = *end ? end + 1 : end) {
		end = strchrnul(text, '\n');
		text_add_safe(t->out, text, (size_t)(end - text));
		strbuf_adds(t->out, *end && end[1] ? "\n                  " : "\n");
	}
	if (t->out->len && t->out->text[t->out->len - 1] != '\n')
		strbuf_addc(t->out, '\n');
}

static void add_evidence(const struct text *t, const struct posture_finding *f)
{
	for (size_t i = 0; i < f->n_evidence; i++) {
		const struct posture_evidence *e = &f->evidence[i];

		paint(t, "2");
		strbuf_adds(t->out, "              ");
		safe(t, e->field);
		strbuf_adds(t->out, e->state == MODEL_SET ? " = " : e->state == MODEL_UNSET ? " is not set" : " is unknown: ");
		if (e->text)
			safe(t, e->text);
		if (e->origin != POSTURE_FROM_UNSAID || e->note) {
			strbuf_addf(t->out, "  (%s%s", posture_origin_name(e->origin), e->origin != POSTURE_FROM_UNSAID && e->note ? ": " : "");
			if (e->note)
				safe(t, e->note);
			strbuf_addc(t->out, ')');
		}
		paint(t, "0");
		strbuf_addc(t->out, '\n');
	}
}

static void add_refs(const struct text *t, const struct posture_check *c)
{
	if (!c->n_refs)
		return;
	paint(t, "2");
	strbuf_adds(t->out, "            refs  ");
	for (size_t i = 0; i < c->n_refs; i++)
		strbuf_addf(t->out, "%s%s", i ? " " : "", c->refs[i]);
	paint(t, "0");
	strbuf_addc(t->out, '\n');
}

static void add_finding(const struct text *t, const struct posture_finding *f)
{
	_cleanup_strbuf_ struct strbuf place;

	strbuf_init(&place, 8192);
	posture_place_print(f, &place);
	strbuf_adds(t->out, "            ");
	paint(t, "1");
	safe(t, place.text);
	paint(t, "0");
	strbuf_adds(t->out, "  ");
	safe(t, f->output);
	strbuf_addc(t->out, '\n');
	add_line(t, "note", f->waiver_void);
	if (t->report->verbose) {
		add_evidence(t, f);
		add_line(t, "run", f->command);
	}
}

static void add_group(const struct text *t, const struct posture_group *g)
{
	size_t n = t->report->verbose || g->n <= PLACES_SHOWN + 1 ? g->n : PLACES_SHOWN;

	strbuf_adds(t->out, "  ");
	add_severity(t, g->check->severity);
	strbuf_adds(t->out, "  ");
	safe(t, g->check->title);
	paint(t, "2");
	strbuf_addf(t->out, "  %s", g->check->id);
	paint(t, "0");
	strbuf_addc(t->out, '\n');
	for (size_t i = 0; i < n; i++)
		add_finding(t, g->findings[i]);
	if (n < g->n)
		strbuf_addf(t->out, "            and %zu more\n", g->n - n);
	if (t->report->verbose) {
		add_line(t, "why", g->check->why);
		add_refs(t, g->check);
	}
	add_line(t, "fix", g->findings[0]->fix);
}

static void add_layer_head(const struct text *t, enum model_layer layer)
{
	strbuf_addc(t->out, '\n');
	paint(t, "1");
	strbuf_adds(t->out, model_layer_name(layer));
	paint(t, "0");
	strbuf_addc(t->out, '\n');
}

/* What is minor would bury what is not: it is counted, unless there is nothing else or everything is asked for. */
static bool is_shown(const struct text *t, const struct posture_groups *failed, const struct posture_group *g)
{
	if (t->report->verbose || g->check->severity <= POSTURE_MEDIUM)
		return true;
	for (size_t i = 0; i < failed->n; i++)
		if (failed->at[i].check->severity <= POSTURE_MEDIUM)
			return false;
	return true;
}

static void add_groups(const struct text *t, const struct posture_groups *failed)
{
	enum model_layer layer = MODEL_LAYER_MAX;
	size_t n_minor = 0;

	for (size_t i = 0; i < failed->n; i++) {
		const struct posture_group *g = &failed->at[i];

		if (!is_shown(t, failed, g)) {
			n_minor += g->n;
			continue;
		}
		if (g->check->layer != layer)
			add_layer_head(t, g->check->layer);
		layer = g->check->layer;
		add_group(t, g);
	}
	if (n_minor)
		strbuf_addf(t->out, "\nand %zu of low severity or for information (-v shows them)\n", n_minor);
}

static void add_unknown(const struct text *t, const struct posture_groups *unknown)
{
	size_t n_shown = 0;

	if (!unknown->n && !t->report->set->n_problems)
		return;
	strbuf_addc(t->out, '\n');
	paint(t, "1");
	strbuf_adds(t->out, "not decided");
	paint(t, "0");
	strbuf_addc(t->out, '\n');
	for (const struct posture_problem *p = t->report->set->problems; p; p = p->next) {
		strbuf_adds(t->out, "  ");
		if (p->place.file) {
			safe(t, p->place.file);
			if (p->place.line)
				strbuf_addf(t->out, ":%u:%u", p->place.line, p->place.column);
			strbuf_adds(t->out, "  ");
		}
		safe(t, p->what);
		strbuf_addc(t->out, '\n');
	}
	for (size_t i = 0; i < unknown->n && (t->report->verbose || n_shown < REASONS_SHOWN); i++, n_shown++) {
		const struct posture_group *g = &unknown->at[i];

		strbuf_addf(t->out, "  %s  ", g->check->id);
		safe(t, g->findings[0]->record->name);
		strbuf_adds(t->out, ": ");
		safe(t, g->findings[0]->reason ? g->findings[0]->reason : "");
		if (g->n > 1)
			strbuf_addf(t->out, " (and %zu more)", g->n - 1);
		strbuf_addc(t->out, '\n');
	}
	if (n_shown < unknown->n)
		strbuf_addf(t->out, "  and %zu more checks (-v shows all)\n", unknown->n - n_shown);
}

static void add_worst(const struct text *t, const struct posture_groups *failed)
{
	const struct posture_group *worst[3];
	size_t n = posture_groups_worst(failed, worst);

	if (failed->n <= 3)
		return;   /* all of them are in sight */
	strbuf_addc(t->out, '\n');
	paint(t, "1");
	strbuf_adds(t->out, "first");
	paint(t, "0");
	strbuf_addc(t->out, '\n');
	for (size_t i = 0; i < n; i++) {
		strbuf_addf(t->out, "  %zu  ", i + 1);
		add_severity(t, worst[i]->check->severity);
		strbuf_adds(t->out, "  ");
		safe(t, worst[i]->findings[0]->output);
		if (worst[i]->n > 1)
			strbuf_addf(t->out, "  (and %zu more)", worst[i]->n - 1);
		strbuf_addc(t->out, '\n');
		add_line(t, "fix", worst[i]->findings[0]->fix);
	}
}

static void add_layers(const struct text *t, const struct posture_groups *failed)
{
	uint64_t n_asked[MODEL_LAYER_MAX] = { 0 }, n_passed[MODEL_LAYER_MAX] = { 0 };

	for (size_t i = 0; i < posture_checks_count(t->report->checks); i++) {
		const struct posture_count *c = &t->report->results->per_check[i];
		enum model_layer layer = posture_checks_at(t->report->checks, i)->layer;
		bool asked = c->n[POSTURE_PASS] || c->n[POSTURE_FAIL] || c->n[POSTURE_UNKNOWN] || c->n[POSTURE_WAIVED];

		n_asked[layer] += asked;
		n_passed[layer] += asked && !c->n[POSTURE_FAIL] && !c->n[POSTURE_UNKNOWN];
	}
	for (unsigned l = 0; l < MODEL_LAYER_MAX; l++) {
		const struct posture_group *worst = NULL;

		for (size_t i = 0; i < failed->n; i++)
			if (failed->at[i].check->layer == l && (!worst || failed->at[i].check->severity < worst->check->severity))
				worst = &failed->at[i];
		if (!n_asked[l])
			continue;
		strbuf_addf(t->out, "  %-13s %3llu of %3llu checks hold", model_layer_name(l), (unsigned long long)n_passed[l],
			    (unsigned long long)n_asked[l]);
		if (worst) {
			strbuf_adds(t->out, "   worst  ");
			safe(t, worst->findings[0]->output);
		}
		strbuf_addc(t->out, '\n');
	}
}

static void add_summary(const struct text *t, const struct posture_groups *failed)
{
	const struct posture_count *all = &t->report->results->all;

	strbuf_addc(t->out, '\n');
	add_layers(t, failed);
	strbuf_addf(t->out, "%s%u failed, %u unknown, %u passed, %u waived", t->report->results->n_asked ? "\n" : "",
		    all->n[POSTURE_FAIL], all->n[POSTURE_UNKNOWN], all->n[POSTURE_PASS], all->n[POSTURE_WAIVED]);
	if (t->report->set->n_problems)
		strbuf_addf(t->out, ", %zu not read", t->report->set->n_problems);
	strbuf_addf(t->out, "; %zu checks asked of %zu records\n", t->report->results->n_asked, t->report->set->n_records);
}

void posture_report_text(const struct posture_report *report, struct strbuf *out)
{
	struct text t = { report, out };
	struct posture_groups failed, unknown;

	posture_groups_make(report->results, POSTURE_FAIL, &failed);
	posture_groups_make(report->results, POSTURE_UNKNOWN, &unknown);
	add_groups(&t, &failed);
	add_unknown(&t, &unknown);
	add_worst(&t, &failed);
	add_summary(&t, &failed);
	posture_groups_done(&failed);
	posture_groups_done(&unknown);
}
