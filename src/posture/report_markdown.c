/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "posture/report.h"

#include <string.h>

/* Nothing in a value becomes markup: punctuation that CommonMark reads (6.1) is escaped, and a line break is a blank. */
static void add(struct strbuf *out, const char *text)
{
	_cleanup_strbuf_ struct strbuf safe;

	strbuf_init(&safe, out->max_bytes);
	text_add_safe(&safe, text, strlen(text));
	for (const char *p = safe.text; *p; p++) {
		if (strchr("\\`*_{}[]<>()#|~&!@", *p))
			strbuf_addc(out, '\\');
		strbuf_addc(out, *p);
	}
}

static void add_rows(const struct posture_groups *groups, enum model_layer layer, struct strbuf *out)
{
	_cleanup_strbuf_ struct strbuf place;

	strbuf_init(&place, 8192);
	for (size_t i = 0; i < groups->n; i++) {
		const struct posture_group *g = &groups->at[i];

		for (size_t k = 0; g->check->layer == layer && k < g->n; k++) {
			const struct posture_finding *f = g->findings[k];

			strbuf_reset(&place);
			posture_place_print(f, &place);
			strbuf_addf(out, "| %s | ", posture_severity_name(g->check->severity));
			add(out, place.text);
			strbuf_adds(out, " | ");
			add(out, f->output);
			if (f->status == POSTURE_UNKNOWN) {
				strbuf_adds(out, " (not decided: ");
				add(out, f->reason ? f->reason : "");
				strbuf_addc(out, ')');
			}
			strbuf_adds(out, " | ");
			add(out, f->fix);
			strbuf_adds(out, " | ");
			add(out, g->check->id);
			strbuf_adds(out, " |\n");
		}
	}
}

static bool has_layer(const struct posture_groups *groups, enum model_layer layer)
{
	for (size_t i = 0; i < groups->n; i++)
		if (groups->at[i].check->layer == layer)
			return true;
	return false;
}

static void add_section(const struct posture_groups *groups, const char *suffix, struct strbuf *out)
{
	for (unsigned layer = 0; layer < MODEL_LAYER_MAX; layer++) {
		if (!has_layer(groups, layer))
			continue;
		strbuf_addf(out, "\n## %s%s\n\n| severity | where | what | fix | check |\n| --- | --- | --- | --- | --- |\n",
			    model_layer_name(layer), suffix);
		add_rows(groups, layer, out);
	}
}

void posture_report_markdown(const struct posture_report *r, struct strbuf *out)
{
	const struct posture_count *all = &r->results->all;
	struct posture_groups failed, unknown;

	posture_groups_make(r->results, POSTURE_FAIL, &failed);
	posture_groups_make(r->results, POSTURE_UNKNOWN, &unknown);
	strbuf_addf(out, "# %s", r->title);
	if (r->subject) {
		strbuf_adds(out, ": ");
		add(out, r->subject);
	}
	strbuf_addf(out, "\n\n%u failed, %u unknown, %u passed, %u waived.\n", all->n[POSTURE_FAIL], all->n[POSTURE_UNKNOWN],
		    all->n[POSTURE_PASS], all->n[POSTURE_WAIVED]);
	add_section(&failed, "", out);
	add_section(&unknown, ", not decided", out);
	if (r->set->n_problems)
		strbuf_adds(out, "\n## not read\n\n");
	for (const struct posture_problem *p = r->set->problems; p; p = p->next) {
		strbuf_adds(out, "- ");
		if (p->place.file)
			add(out, p->place.file);
		if (p->place.line)
			strbuf_addf(out, ":%u:%u", p->place.line, p->place.column);
		strbuf_adds(out, p->place.file ? " " : "");
		add(out, p->what);
		strbuf_addc(out, '\n');
	}
	posture_groups_done(&failed);
	posture_groups_done(&unknown);
}
