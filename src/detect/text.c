/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "detect/detect_internal.h"

#include <string.h>
#include <time.h>

enum { NS = 1000000000 };

void detect_add_clock(struct strbuf *out, uint64_t time_ns)
{
	time_t s = (time_t)(time_ns / NS);
	struct tm tm;

	localtime_r(&s, &tm);
	strbuf_addf(out, "%02d:%02d:%02d.%09u", tm.tm_hour, tm.tm_min, tm.tm_sec, (unsigned)(time_ns % NS));
}

void detect_add_iso8601(struct strbuf *out, uint64_t time_ns)
{
	time_t s = (time_t)(time_ns / NS);
	struct tm tm;

	gmtime_r(&s, &tm);
	strbuf_addf(out, "%04d-%02d-%02dT%02d:%02d:%02d.%09uZ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
		    tm.tm_hour, tm.tm_min, tm.tm_sec, (unsigned)(time_ns % NS));
}

void detect_finding_text(const struct detect_finding *f, struct strbuf *out)
{
	detect_add_clock(out, f->time_ns);
	strbuf_addf(out, ": %s ", model_priority_name(f->rule->priority));
	text_add_safe(out, f->output, strlen(f->output));
	if (f->is_summary)
		strbuf_addf(out, " (%llu more like this held back)", (unsigned long long)f->n_held_back);
	else if (f->n_held_back)
		strbuf_addf(out, " (%llu more like this held back before)", (unsigned long long)f->n_held_back);
}
