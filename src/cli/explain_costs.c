/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/explain_costs.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { TYPES_NAMED = 3, TEXT_MAX = 256 };

struct figures { uint64_t seen, dropped, all_cpu_ns; const struct agent_cost_row *rule; };

static struct figures figures_of(const struct agent_day *day, const struct lang_rule *rule)
{
	struct figures f = { .rule = agent_sums_find(&day->sums, AGENT_COSTS_RULES, rule->name),
			     .all_cpu_ns = day->sums.total[AGENT_COST_CPU_NS] };

	for (unsigned type = 1; type < MODEL_EVT_MAX; type++) {
		const struct agent_cost_row *row = agent_sums_find(&day->sums, AGENT_COSTS_TYPES, model_event(type)->name);
		if (!row || !(rule->all_events || model_event_set_has(&rule->events, type)))
			continue;
		f.seen += row->n[AGENT_COST_SEEN];
		f.dropped += row->n[AGENT_COST_DROPPED];
	}
	return f;
}

static uint64_t of(const struct agent_cost_row *row, enum agent_cost cost)
{
	return row ? row->n[cost] : 0;
}

/* What a person calls the rule's events: "open ", "execve or execveat ", "", with the blank behind. */
static void add_kind(const struct lang_rule *rule, struct strbuf *out)
{
	const char *names[TYPES_NAMED];
	bool all_open = true, all_net = true;
	size_t n = 0;

	for (unsigned type = 1; type < MODEL_EVT_MAX; type++) {
		if (!model_event_set_has(&rule->events, type))
			continue;
		all_open = all_open && sensor_filter_class_of(type) == FILTER_OPEN;
		all_net = all_net && sensor_filter_class_of(type) == FILTER_NET;
		if (n < TYPES_NAMED)
			names[n] = model_event(type)->name;
		n++;
	}
	if (rule->all_events || !n)
		return;
	if (n > 1 && (all_open || all_net)) {
		strbuf_adds(out, all_open ? "open " : "network ");
		return;
	}
	for (size_t i = 0; i < n && n <= TYPES_NAMED; i++)
		strbuf_addf(out, "%s%s ", names[i], i + 2 < n ? "," : i + 2 == n ? " or" : "");
}

static void add_events(uint64_t n, const struct lang_rule *rule, struct strbuf *out)
{
	text_add_number(out, n);
	strbuf_addc(out, ' ');
	add_kind(rule, out);
	strbuf_adds(out, n == 1 ? "event" : "events");
}

/* Never 100 % when one was let through. */
static void add_percent(uint64_t part, uint64_t whole, struct strbuf *out)
{
	double percent = 100.0 * (double)part / (double)whole;

	if (part == whole || percent < 99.95)
		strbuf_addf(out, "%.1f %%", percent);
	else
		strbuf_addf(out, "%.3f %%", percent < 99.999 ? percent : 99.999);
}

static void add_removed(const struct figures *f, const struct lang_rule *rule, struct strbuf *out)
{
	_cleanup_strbuf_ struct strbuf kind;

	strbuf_init(&kind, TEXT_MAX);
	if (!f->seen) {
		add_kind(rule, &kind);
		strbuf_addf(out, "no %sevent was seen\n", kind.text);
		return;
	}
	if (f->dropped) {
		strbuf_adds(out, "of ");
		add_events(f->seen, rule, out);
		strbuf_adds(out, " the kernel removed ");
		add_percent(f->dropped, f->seen, out);
	} else {
		strbuf_adds(out, "the kernel removed none of ");
		add_events(f->seen, rule, out);
	}
	if (of(f->rule, AGENT_COST_PASSED)) {
		strbuf_adds(out, "; about ");
		text_add_number(out, of(f->rule, AGENT_COST_PASSED));
		strbuf_adds(out, " passed because of this rule");
	} else if (f->dropped)
		strbuf_adds(out, "; none passed because of this rule");
	strbuf_addc(out, '\n');
}

static void add_time(uint64_t ns, struct strbuf *out)
{
	if (ns < 1000000)
		strbuf_addf(out, "%.0f us", (double)ns / 1e3);
	else if (ns < 1000000000)
		strbuf_addf(out, "%.0f ms", (double)ns / 1e6);
	else
		strbuf_addf(out, "%.1f s", (double)ns / 1e9);
}

static void add_found(const struct figures *f, struct strbuf *out)
{
	uint64_t findings = of(f->rule, AGENT_COST_FINDINGS), held_back = of(f->rule, AGENT_COST_HELD_BACK);
	uint64_t cpu_ns = of(f->rule, AGENT_COST_CPU_NS);

	strbuf_adds(out, "  ");
	text_add_number(out, findings);
	strbuf_adds(out, findings == 1 ? " finding" : " findings");
	if (held_back) {
		strbuf_adds(out, ", ");
		text_add_number(out, held_back);
		strbuf_adds(out, " held back");
	}
	if (cpu_ns) {
		strbuf_adds(out, "; ");
		add_time(cpu_ns, out);
		strbuf_adds(out, " of processor time");
		if (f->all_cpu_ns >= cpu_ns) {
			strbuf_adds(out, ", ");
			add_percent(cpu_ns, f->all_cpu_ns, out);
			strbuf_adds(out, " of parka's own");
		}
	}
	strbuf_addc(out, '\n');
}

void explain_costs_text(const struct agent_day *day, const char *today, const struct lang_rule *rule, struct strbuf *out)
{
	struct figures f = figures_of(day, rule);
	time_t since = (time_t)day->since_s, until = (time_t)day->until_s;
	struct tm from = { 0 }, to = { 0 };

	localtime_r(&since, &from);
	localtime_r(&until, &to);
	strbuf_addf(out, "%s, %02d:%02d to %02d:%02d\n  ", strcmp(day->date, today) == 0 ? "Today" : day->date, from.tm_hour, from.tm_min,
		    to.tm_hour, to.tm_min);
	add_removed(&f, rule, out);
	add_found(&f, out);
}

void explain_costs_json(const struct agent_day *day, const struct lang_rule *rule, struct json_writer *w, const char *key)
{
	struct figures f = figures_of(day, rule);
	static const enum agent_cost shown[] = { AGENT_COST_PASSED, AGENT_COST_FINDINGS, AGENT_COST_HELD_BACK, AGENT_COST_CPU_NS };

	json_object_begin(w, key);
	json_put_str(w, "date", day->date);
	json_put_int(w, "since", day->since_s);
	json_put_int(w, "until", day->until_s);
	json_put_uint(w, "events_seen", f.seen);
	json_put_uint(w, "events_dropped", f.dropped);
	for (size_t i = 0; i < ARRAY_LEN(shown); i++)
		json_put_uint(w, agent_cost_name(shown[i]), of(f.rule, shown[i]));
	json_object_end(w);
}
