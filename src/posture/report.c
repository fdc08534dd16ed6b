/* SPDX-License-Identifier: Apache-2.0 */
/* What the formats share: grouping, ranking, places. */
#include "posture/report.h"

#include <stdlib.h>
#include <string.h>

const struct posture_report_format posture_report_formats[] = {
	{ "text", posture_report_text }, { "json", posture_report_json }, { "sarif", posture_report_sarif },
	{ "junit", posture_report_junit }, { "markdown", posture_report_markdown }, { "html", posture_report_html },
	{ NULL, NULL },
};

const struct posture_report_format *posture_report_format(const char *name)
{
	for (const struct posture_report_format *f = posture_report_formats; f->name; f++)
		if (strcmp(f->name, name) == 0)
			return f;
	return NULL;
}

static int by_group(const void *a, const void *b)
{
	const struct posture_finding *x = *(const struct posture_finding *const *)a, *y = *(const struct posture_finding *const *)b;

	if (x->check->layer != y->check->layer)
		return x->check->layer < y->check->layer ? -1 : 1;
	if (x->check->severity != y->check->severity)
		return x->check->severity < y->check->severity ? -1 : 1;
	if (x->check != y->check)
		return strcmp(x->check->id, y->check->id);
	return x < y ? -1 : x > y;   /* as found */
}

void posture_groups_make(const struct posture_results *results, enum posture_status status, struct posture_groups *ret)
{
	size_t n = 0;

	*ret = (struct posture_groups){ .all = mem_array(results->n + 1, sizeof(*ret->all)),
					.at = mem_array(results->n + 1, sizeof(*ret->at)) };
	for (size_t i = 0; i < results->n; i++)
		if (results->findings[i].status == status)
			ret->all[n++] = &results->findings[i];
	qsort(ret->all, n, sizeof(*ret->all), by_group);
	for (size_t i = 0; i < n; i++) {
		if (!ret->n || ret->at[ret->n - 1].check != ret->all[i]->check)
			ret->at[ret->n++] = (struct posture_group){ .check = ret->all[i]->check, .findings = &ret->all[i] };
		ret->at[ret->n - 1].n++;
	}
}

void posture_groups_done(struct posture_groups *groups)
{
	free(groups->all);
	free(groups->at);
	*groups = (struct posture_groups){ 0 };
}

static bool is_worse(const struct posture_group *a, const struct posture_group *b)
{
	if (a->check->severity != b->check->severity)
		return a->check->severity < b->check->severity;
	return a->n > b->n;
}

size_t posture_groups_worst(const struct posture_groups *groups, const struct posture_group *ret[3])
{
	size_t n = 0;

	for (size_t i = 0; i < groups->n; i++) {
		size_t at = n;

		while (at && is_worse(&groups->at[i], ret[at - 1]))
			at--;
		if (at == 3)
			continue;
		for (size_t k = n < 3 ? n : 2; k > at; k--)
			ret[k] = ret[k - 1];
		ret[at] = &groups->at[i];
		n += n < 3;
	}
	return n;
}

void posture_place_print(const struct posture_finding *f, struct strbuf *out)
{
	if (!f->place.file) {
		strbuf_adds(out, f->record->name);
		return;
	}
	strbuf_adds(out, f->place.file);
	if (f->place.line)
		strbuf_addf(out, ":%u", f->place.line);
	if (f->place.line && f->place.column)
		strbuf_addf(out, ":%u", f->place.column);
}
