/* SPDX-License-Identifier: Apache-2.0 */
/* One file that loads nothing: style within, no script, details unfold by <details>. Quiet: near-black on near-white and its
 * dark twin, severity by word first. */
#include "posture/report.h"
#include "posture/report_markup.h"

static const char head[] =
	"<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
	"<style>\n"
	":root{color-scheme:light dark;--ink:#1b1d1f;--paper:#fcfcfa;--soft:#6a6f75;--line:#dcdcd6;--accent:#1f5f8b;--bad:#a3221c}\n"
	"@media (prefers-color-scheme:dark){:root{--ink:#e6e4de;--paper:#17191b;--soft:#9aa0a6;--line:#33373b;--accent:#7db7dd;--bad:#ef8a80}}\n"
	"body{margin:2.5rem auto;max-width:72rem;padding:0 1.5rem;background:var(--paper);color:var(--ink);"
	"font:15px/1.5 system-ui,sans-serif;font-variant-numeric:tabular-nums}\n"
	"h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:2.5rem 0 .5rem;border-bottom:1px solid var(--line);padding-bottom:.3rem}\n"
	"p{margin:.3rem 0}.soft{color:var(--soft)}code{font:13px/1.5 ui-monospace,monospace;overflow-wrap:anywhere}\n"
	"details{border-bottom:1px solid var(--line);padding:.55rem 0}summary{cursor:pointer;display:grid;"
	"grid-template-columns:5.5rem 1fr auto;gap:.8rem;align-items:baseline;list-style:none}\n"
	"summary::-webkit-details-marker{display:none}summary:focus-visible{outline:2px solid var(--accent);outline-offset:3px}\n"
	".critical,.high{color:var(--bad);font-weight:600}.medium{font-weight:600}.low,.info{color:var(--soft)}\n"
	"details>div{margin:.6rem 0 .4rem 6.3rem}ul{margin:.4rem 0;padding:0;list-style:none}li{margin:.35rem 0}\n"
	"table{border-collapse:collapse;margin:.8rem 0}td{padding:.15rem 1.5rem .15rem 0;vertical-align:top}\n"
	"@media (max-width:40rem){summary{grid-template-columns:1fr}details>div{margin-left:0}}\n"
	"@media print{details>div{display:block}}\n"
	"</style>\n";

static void add_tagged(struct strbuf *out, const char *open, const char *text, const char *close)
{
	strbuf_adds(out, open);
	posture_markup_add(out, text);
	strbuf_adds(out, close);
}

static void add_item(const struct posture_finding *f, struct strbuf *out)
{
	_cleanup_strbuf_ struct strbuf place;

	strbuf_init(&place, 8192);
	posture_place_print(f, &place);
	add_tagged(out, "<li><code>", place.text, "</code> ");
	posture_markup_add(out, f->output);
	for (size_t i = 0; i < f->n_evidence; i++) {
		const struct posture_evidence *e = &f->evidence[i];

		add_tagged(out, "<br><code class=\"soft\">", e->field, "");
		add_tagged(out, e->state == MODEL_SET ? " = " : e->state == MODEL_UNSET ? " is not set" : " is unknown: ",
			   e->text ? e->text : "", "");
		if (e->note)
			add_tagged(out, " (", e->note, ")");
		strbuf_adds(out, "</code>");
	}
	if (f->command)
		add_tagged(out, "<br><code>", f->command, "</code>");
	strbuf_adds(out, "</li>\n");
}

static void add_group(const struct posture_group *g, struct strbuf *out)
{
	const char *severity = posture_severity_name(g->check->severity);

	strbuf_addf(out, "<details><summary><span class=\"%s\">%s</span><span>", severity, severity);
	posture_markup_add(out, g->check->title);
	strbuf_addf(out, "</span><span class=\"soft\">%zu</span></summary>\n<div>", g->n);
	add_tagged(out, "<p>", g->check->why, "</p>\n");
	add_tagged(out, "<p><b>Fix.</b> ", g->findings[0]->fix, "</p>\n<ul>\n");
	for (size_t i = 0; i < g->n; i++)
		add_item(g->findings[i], out);
	strbuf_adds(out, "</ul>\n<p class=\"soft\"><code>");
	posture_markup_add(out, g->check->id);
	for (size_t i = 0; i < g->check->n_refs; i++)
		add_tagged(out, " ", g->check->refs[i], "");
	strbuf_adds(out, "</code></p></div></details>\n");
}

static void add_groups(const struct posture_groups *groups, struct strbuf *out)
{
	for (size_t i = 0; i < groups->n; i++) {
		if (!i || groups->at[i].check->layer != groups->at[i - 1].check->layer)
			strbuf_addf(out, "<h2>%s</h2>\n", model_layer_name(groups->at[i].check->layer));
		add_group(&groups->at[i], out);
	}
}

static void add_worst(const struct posture_groups *failed, struct strbuf *out)
{
	const struct posture_group *worst[3];
	size_t n = posture_groups_worst(failed, worst);

	if (!n)
		return;
	strbuf_adds(out, "<h2>first</h2>\n<ul>\n");
	for (size_t i = 0; i < n; i++) {
		const char *severity = posture_severity_name(worst[i]->check->severity);

		strbuf_addf(out, "<li><span class=\"%s\">%s</span> ", severity, severity);
		posture_markup_add(out, worst[i]->findings[0]->output);
		add_tagged(out, "<br><span class=\"soft\">", worst[i]->findings[0]->fix, "</span></li>\n");
	}
	strbuf_adds(out, "</ul>\n");
}

static void add_not_decided(const struct posture_report *r, const struct posture_groups *unknown, struct strbuf *out)
{
	if (!unknown->n && !r->set->n_problems)
		return;
	strbuf_adds(out, "<h2>not decided</h2>\n<ul>\n");
	for (const struct posture_problem *p = r->set->problems; p; p = p->next) {
		add_tagged(out, "<li><code>", p->place.file ? p->place.file : model_layer_name(p->layer), "</code> ");
		add_tagged(out, "", p->what, "</li>\n");
	}
	for (size_t i = 0; i < unknown->n; i++)
		for (size_t k = 0; k < unknown->at[i].n; k++) {
			const struct posture_finding *f = unknown->at[i].findings[k];

			add_tagged(out, "<li><code>", f->check->id, "</code> ");
			add_tagged(out, "", f->record->name, ": ");
			add_tagged(out, "", f->reason ? f->reason : "", "</li>\n");
		}
	strbuf_adds(out, "</ul>\n");
}

void posture_report_html(const struct posture_report *r, struct strbuf *out)
{
	const struct posture_count *all = &r->results->all;
	struct posture_groups failed, unknown;

	posture_groups_make(r->results, POSTURE_FAIL, &failed);
	posture_groups_make(r->results, POSTURE_UNKNOWN, &unknown);
	strbuf_adds(out, head);
	add_tagged(out, "<title>", r->title, "</title>\n</head>\n<body>\n");
	add_tagged(out, "<h1>", r->title, "</h1>\n<p class=\"soft\">");
	posture_markup_add(out, r->subject ? r->subject : "");
	if (r->time)
		add_tagged(out, r->subject ? ", " : "", r->time, "");
	strbuf_addf(out, "</p>\n<p>%u failed, %u unknown, %u passed, %u waived; %zu checks asked of %zu records.</p>\n",
		    all->n[POSTURE_FAIL], all->n[POSTURE_UNKNOWN], all->n[POSTURE_PASS], all->n[POSTURE_WAIVED], r->results->n_asked,
		    r->set->n_records);
	add_worst(&failed, out);
	add_groups(&failed, out);
	add_not_decided(r, &unknown, out);
	strbuf_adds(out, "</body>\n</html>\n");
	posture_groups_done(&failed);
	posture_groups_done(&unknown);
}
