/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/top_text.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

enum {
	NAME_MIN = 14, NAME_MAX = 56, NARROW = 60, KEYS_IN_FULL = 72,
	SEGMENT_MAX = 160, CELL_MAX = 64, LINE_MAX_BYTES = 4096, ROWS_SHOWN_MAX = 4096,
};

/* ---- columns ---- */

enum kind {
	KIND_RATE,               /* per second, of the interval */
	KIND_SHARE,              /* of what was seen, of the interval */
	KIND_COUNT,              /* of the run */
	KIND_CPU,                /* per cent of one core, of the interval */
};

struct column {
	const char *title;
	int width;               /* with the blanks before it */
	enum kind kind;
	enum agent_cost cost;
	size_t from_columns;     /* shown on a terminal that is at least so wide */
};

enum { COLUMNS_MAX = 8 };

static const struct table {
	const char *title;
	enum agent_cost events;  /* what sorting by events looks at */
	struct column columns[COLUMNS_MAX];
} tables[AGENT_COSTS_TABLES] = {
	[AGENT_COSTS_TYPES] = { "EVENTS", AGENT_COST_SEEN, {
		{ "SEEN/s", 10, KIND_RATE, AGENT_COST_SEEN, 0 }, { "DROPPED", 9, KIND_SHARE, AGENT_COST_DROPPED, 0 },
		{ "FOLDED/s", 11, KIND_RATE, AGENT_COST_FOLDED, 90 }, { "DELIV/s", 10, KIND_RATE, AGENT_COST_DELIVERED, 0 },
		{ "LOST", 10, KIND_COUNT, AGENT_COST_LOST, 70 }, { "KERNEL", 9, KIND_CPU, AGENT_COST_KERNEL_NS, 78 },
		{ "CPU", 8, KIND_CPU, AGENT_COST_CPU_NS, 0 },
	} },
	[AGENT_COSTS_CONTAINERS] = { "CONTAINERS", AGENT_COST_SEEN, {
		{ "SEEN/s", 10, KIND_RATE, AGENT_COST_SEEN, 0 }, { "DROPPED", 9, KIND_SHARE, AGENT_COST_DROPPED, 0 },
		{ "FOLDED/s", 11, KIND_RATE, AGENT_COST_FOLDED, 90 }, { "DELIV/s", 10, KIND_RATE, AGENT_COST_DELIVERED, 0 },
		{ "FINDINGS", 10, KIND_COUNT, AGENT_COST_FINDINGS, 70 }, { "KERNEL", 9, KIND_CPU, AGENT_COST_KERNEL_NS, 78 },
		{ "CPU", 8, KIND_CPU, AGENT_COST_CPU_NS, 0 },
	} },
	[AGENT_COSTS_RULES] = { "RULES", AGENT_COST_PASSED, {
		{ "PASSED/s", 10, KIND_RATE, AGENT_COST_PASSED, 0 }, { "FINDINGS", 10, KIND_COUNT, AGENT_COST_FINDINGS, 0 },
		{ "HELD BACK", 11, KIND_COUNT, AGENT_COST_HELD_BACK, 90 }, { "CPU", 8, KIND_CPU, AGENT_COST_CPU_NS, 0 },
	} },
};

const char *top_sort_name(enum top_sort sort)
{
	static const char *const names[TOP_SORTS] = { "cost", "events", "name" };

	return names[sort];
}

enum top_sort top_sort_by_name(const char *name)
{
	unsigned sort = 0;

	while (sort < TOP_SORTS && strcmp(name, top_sort_name(sort)) != 0)
		sort++;
	return sort;
}

static void paint(struct strbuf *out, const struct top_style *style, const char *sgr)
{
	if (style->color)
		strbuf_addf(out, "\033[%sm", sgr);
}

/* ---- numbers: "-" is nothing, so that the eye finds what is something ---- */

static double seconds_of(const struct top_view *view)
{
	return (double)view->interval->total[AGENT_COST_WALL_NS] / 1e9;
}

static void add_rate(struct strbuf *out, uint64_t n, double seconds)
{
	double rate = seconds > 0 ? (double)n / seconds : 0;

	if (n == 0 || seconds <= 0)
		strbuf_adds(out, "-");
	else if (rate < 0.05)
		strbuf_adds(out, "<0.1");
	else if (rate < 9.95)
		strbuf_addf(out, "%.1f", rate);
	else
		text_add_number(out, (uint64_t)(rate + 0.5));
}

/* Never 100.0 % when something was let through. */
static void add_share(struct strbuf *out, uint64_t part, uint64_t whole)
{
	double percent = whole ? 100.0 * (double)part / (double)whole : 0;

	if (part == 0 || whole == 0)
		strbuf_adds(out, "-");
	else if (part < whole && percent > 99.94)
		strbuf_addf(out, "%.3f%%", percent < 99.999 ? percent : 99.999);
	else
		strbuf_addf(out, "%.1f%%", percent);
}

static void add_cpu(struct strbuf *out, uint64_t ns, double seconds)
{
	double percent = seconds > 0 ? (double)ns / 1e7 / seconds : 0;

	if (ns == 0 || seconds <= 0)
		strbuf_adds(out, "-");
	else if (percent < 0.005)
		strbuf_adds(out, "<0.01%");
	else
		strbuf_addf(out, "%.2f%%", percent);
}

/* ---- lines about the whole ---- */

struct segments { const struct top_style *style; struct strbuf *out; size_t used, n_lines; };

/* Three blanks between segments; one that does not fit begins the next line. */
static void add_segment(struct segments *s, const char *sgr, const char *text)
{
	size_t width = text_width(text, strlen(text)), columns = s->style->columns;

	if (columns && s->used && s->used + 3 + width > columns) {
		strbuf_addc(s->out, '\n');
		s->n_lines++;
		s->used = 0;
	}
	if (s->used)
		strbuf_adds(s->out, "   ");
	s->used += (s->used ? 3 : 0) + width;
	if (sgr)
		paint(s->out, s->style, sgr);
	if (columns && width > columns)
		text_add_cut(s->out, text, strlen(text), columns);
	else
		strbuf_adds(s->out, text);
	if (sgr)
		paint(s->out, s->style, "0");
}

static void end_line(struct segments *s)
{
	strbuf_addc(s->out, '\n');
	s->n_lines++;
	s->used = 0;
}

static void add_duration(struct strbuf *out, uint64_t s)
{
	if (s >= 86400)
		strbuf_addf(out, "%llu d %llu h", (unsigned long long)(s / 86400), (unsigned long long)(s / 3600 % 24));
	else if (s >= 3600)
		strbuf_addf(out, "%llu h %llu m", (unsigned long long)(s / 3600), (unsigned long long)(s / 60 % 60));
	else if (s >= 60)
		strbuf_addf(out, "%llu m %llu s", (unsigned long long)(s / 60), (unsigned long long)(s % 60));
	else
		strbuf_addf(out, "%llu s", (unsigned long long)s);
}

#define SEGMENT(s, sgr, text, ...) do { strbuf_reset(text); __VA_ARGS__; add_segment(s, sgr, (text)->text); } while (0)

static void add_counted(struct strbuf *out, uint64_t n, const char *one, const char *many)
{
	text_add_number(out, n);
	strbuf_addf(out, " %s", n == 1 ? one : many);
}

static void add_about(const struct top_view *v, struct segments *s, struct strbuf *text)
{
	SEGMENT(s, "1", text, strbuf_adds(text, v->paused ? "paused" : "parka on ");
		text_add_safe(text, v->paused ? "" : v->hostname, v->paused ? 0 : strlen(v->hostname)));
	SEGMENT(s, NULL, text, strbuf_adds(text, "up "); add_duration(text, v->up_s));
	SEGMENT(s, NULL, text, add_counted(text, v->n_rules, "rule", "rules"));
	SEGMENT(s, NULL, text, add_counted(text, v->n_containers, "container", "containers"));
	SEGMENT(s, NULL, text, strbuf_addf(text, "%llu MB", (unsigned long long)((v->rss_bytes + (1 << 19)) >> 20)));
	end_line(s);
}

static void add_whole(const struct top_view *v, struct segments *s, struct strbuf *text)
{
	const uint64_t *now = v->interval->total, *run = v->run->total;
	double seconds = seconds_of(v);

	SEGMENT(s, "1", text, strbuf_adds(text, "cpu "); add_cpu(text, now[AGENT_COST_CPU_NS], seconds));
	if (run[AGENT_COST_KERNEL_NS])
		SEGMENT(s, "1", text, strbuf_adds(text, "kernel "); add_cpu(text, now[AGENT_COST_KERNEL_NS], seconds));
	SEGMENT(s, NULL, text, strbuf_adds(text, "seen "); add_rate(text, now[AGENT_COST_SEEN], seconds); strbuf_adds(text, "/s"));
	SEGMENT(s, NULL, text, strbuf_adds(text, "dropped in the kernel ");
		add_share(text, now[AGENT_COST_DROPPED], now[AGENT_COST_SEEN]));
	if (run[AGENT_COST_FOLDED])
		SEGMENT(s, NULL, text, strbuf_adds(text, "folded "); add_rate(text, now[AGENT_COST_FOLDED], seconds); strbuf_adds(text, "/s"));
	SEGMENT(s, NULL, text, strbuf_adds(text, "delivered "); add_rate(text, now[AGENT_COST_DELIVERED], seconds);
		strbuf_adds(text, "/s"));
	SEGMENT(s, run[AGENT_COST_LOST] ? "1;31" : NULL, text, strbuf_adds(text, "lost "); text_add_number(text, run[AGENT_COST_LOST]));
	SEGMENT(s, NULL, text, add_counted(text, run[AGENT_COST_FINDINGS], "finding", "findings"));
	end_line(s);
}

/* ---- tables ---- */

struct line { const struct agent_cost_row *now, *run; };   /* now: NULL when nothing was in the interval */

/* One comparison at a time: qsort() has no argument for what to sort by. */
static enum agent_cost events_of_table;

static uint64_t of(const struct agent_cost_row *row, enum agent_cost cost)
{
	return row ? row->n[cost] : 0;
}

static uint64_t cost_of(const struct agent_cost_row *row)
{
	return of(row, AGENT_COST_CPU_NS) + of(row, AGENT_COST_KERNEL_NS);
}

static int more_first(uint64_t a, uint64_t b)
{
	return a > b ? -1 : a < b;
}

static const char *name_of(const struct agent_cost_row *row)
{
	return row->name && row->name[0] ? row->name : row->id;
}

static int by_name(const void *a, const void *b)
{
	const struct line *x = a, *y = b;
	int c = strcmp(name_of(x->run), name_of(y->run));

	return c ? c : strcmp(x->run->id, y->run->id);
}

static int by_events(const void *a, const void *b)
{
	const struct line *x = a, *y = b;
	int c = more_first(of(x->now, events_of_table), of(y->now, events_of_table));

	if (!c)
		c = more_first(of(x->now, AGENT_COST_DELIVERED), of(y->now, AGENT_COST_DELIVERED));
	if (!c)
		c = more_first(of(x->run, events_of_table), of(y->run, events_of_table));
	return c ? c : by_name(a, b);
}

static int by_cost(const void *a, const void *b)
{
	const struct line *x = a, *y = b;
	int c = more_first(cost_of(x->now), cost_of(y->now));

	if (!c)
		c = more_first(cost_of(x->run), cost_of(y->run));
	return c ? c : by_events(a, b);
}

/* Rows that had something in this run, in order. */
static size_t gather(const struct top_view *v, enum agent_cost_table which, enum top_sort sort, struct line *ret)
{
	int (*const orders[TOP_SORTS])(const void *, const void *) = { by_cost, by_events, by_name };
	const struct agent_cost_row *row;
	size_t n = 0;

	for (size_t i = 0; (row = map_next(&v->run->tables[which], &i)) != NULL && n < ROWS_SHOWN_MAX; ) {
		uint64_t any = 0;
		for (int c = 0; c < AGENT_COST_MAX; c++)
			any |= row->n[c];
		if (any)
			ret[n++] = (struct line){ agent_sums_find(v->interval, which, row->id), row };
	}
	events_of_table = tables[which].events;
	qsort(ret, n, sizeof(*ret), orders[sort]);
	return n;
}

static bool is_shown(const struct column *c, const struct top_view *v, const struct top_style *style)
{
	if (c->cost == AGENT_COST_KERNEL_NS && !v->run->total[AGENT_COST_KERNEL_NS])
		return false;
	return !style->columns || style->columns >= c->from_columns;
}

/* What the columns leave; the names of all tables end at the same place or before it, so that CPU is one column. */
static size_t name_columns(const struct table *t, const struct top_view *v, const struct top_style *style)
{
	size_t columns = style->columns ? style->columns : 110, used = 0, widest = 0;

	for (int k = 0; k < AGENT_COSTS_TABLES; k++) {
		size_t sum = 0;
		for (const struct column *c = tables[k].columns; c->title; c++)
			sum += is_shown(c, v, style) ? (size_t)c->width : 0;
		widest = sum > widest ? sum : widest;
		if (&tables[k] == t)
			used = sum;
	}
	if (columns > widest + NAME_MAX)
		columns = widest + NAME_MAX;
	return columns > used + NAME_MIN ? columns - used : NAME_MIN;
}

static void add_cell(const struct column *c, const struct line *line, const struct top_view *v, struct strbuf *out)
{
	_cleanup_strbuf_ struct strbuf cell;
	uint64_t n = of(line->now, c->cost);

	strbuf_init(&cell, CELL_MAX);
	switch (c->kind) {
	case KIND_RATE:
		add_rate(&cell, n, seconds_of(v));
		break;
	case KIND_SHARE:
		add_share(&cell, n, of(line->now, AGENT_COST_SEEN));
		break;
	case KIND_CPU:
		add_cpu(&cell, n, seconds_of(v));
		break;
	case KIND_COUNT:
		if (line->run->n[c->cost])
			text_add_number(&cell, line->run->n[c->cost]);
		else
			strbuf_addc(&cell, '-');
	}
	strbuf_addf(out, "%*s", c->width, cell.text);
}

static void add_title(const struct table *t, const struct top_view *v, const struct top_style *style, struct strbuf *out)
{
	paint(out, style, "2");
	strbuf_addf(out, "%-*s", (int)name_columns(t, v, style), t->title);
	for (const struct column *c = t->columns; c->title; c++)
		if (is_shown(c, v, style))
			strbuf_addf(out, "%*s", c->width, c->title);
	paint(out, style, "0");
	strbuf_addc(out, '\n');
}

static void add_line(const struct table *t, const struct line *line, const struct top_view *v, const struct top_style *style,
		     struct strbuf *out)
{
	_cleanup_strbuf_ struct strbuf name;

	strbuf_init(&name, LINE_MAX_BYTES);
	text_add_safe(&name, name_of(line->run), strlen(name_of(line->run)));
	text_add_padded(out, name.text, name.len, name_columns(t, v, style));
	for (const struct column *c = t->columns; c->title; c++) {
		bool alarm = c->cost == AGENT_COST_LOST && line->run->n[AGENT_COST_LOST];

		if (!is_shown(c, v, style))
			continue;
		if (alarm)
			paint(out, style, "1;31");
		add_cell(c, line, v, out);
		if (alarm)
			paint(out, style, "0");
	}
	strbuf_addc(out, '\n');
}

struct part { struct line *lines; size_t n, n_shown; };

static void add_table(enum agent_cost_table which, const struct part *part, const struct top_view *v, const struct top_style *style,
		      struct strbuf *out)
{
	size_t n = part->n_shown < part->n ? part->n_shown : part->n, left = part->n - n;   /* an empty one takes a line, too */

	/* Saying how many are left out takes a line, too. */
	if (left && n > 1 && style->rows)
		n--, left++;
	add_title(&tables[which], v, style, out);
	for (size_t i = 0; i < n; i++)
		add_line(&tables[which], &part->lines[i], v, style, out);
	if (!part->n)
		strbuf_adds(out, "  nothing yet\n");
	if (left && (part->n_shown > 1 || !style->rows)) {
		paint(out, style, "2");
		strbuf_addf(out, "  and %zu more\n", left);
		paint(out, style, "0");
	}
}

/* Lines for tables: each gets as many as the others, and what one does not need goes to them. */
static void share_lines(struct part *parts, unsigned shown, size_t n_lines)
{
	bool gave = true;

	while (n_lines && gave) {
		gave = false;
		for (int t = 0; t < AGENT_COSTS_TABLES && n_lines; t++)
			if (shown >> t & 1 && parts[t].n_shown < (parts[t].n ? parts[t].n : 1)) {
				parts[t].n_shown++;
				n_lines--;
				gave = true;
			}
	}
}

static void add_tables(const struct top_view *v, const struct top_style *style, size_t n_used, struct strbuf *out)
{
	struct part parts[AGENT_COSTS_TABLES] = { 0 };
	unsigned shown = style->rows && style->rows < TOP_ROWS_FOR_ALL ? style->tables & -style->tables : style->tables;
	size_t n_titles = 2 * (size_t)__builtin_popcount(shown), n_lines = style->rows ? style->rows : SIZE_MAX;

	for (int t = 0; t < AGENT_COSTS_TABLES; t++) {
		if (!(shown >> t & 1))
			continue;
		parts[t].lines = mem_array(ROWS_SHOWN_MAX, sizeof(*parts[t].lines));
		parts[t].n = gather(v, t, style->sort, parts[t].lines);
	}
	n_used += n_titles + v->interactive;
	share_lines(parts, shown, n_lines > n_used ? n_lines - n_used : 0);
	for (int t = 0; t < AGENT_COSTS_TABLES; t++) {
		if (!(shown >> t & 1))
			continue;
		if (style->max_lines && parts[t].n_shown > style->max_lines)
			parts[t].n_shown = style->max_lines;
		strbuf_addc(out, '\n');
		add_table(t, &parts[t], v, style, out);
		free(parts[t].lines);
	}
}

static void add_keys(const struct top_view *v, const struct top_style *style, struct strbuf *out)
{
	_cleanup_strbuf_ struct strbuf text;

	strbuf_init(&text, SEGMENT_MAX);
	strbuf_adds(&text, style->columns >= KEYS_IN_FULL ? "t events  c containers  r rules  a all" : "t c r a tables");
	strbuf_addf(&text, "   s by %s   %s   q quit", top_sort_name(style->sort), v->paused ? "p go on" : "p pause");
	paint(out, style, "2");
	text_add_cut(out, text.text, text.len, style->columns ? style->columns : text.len);
	paint(out, style, "0");
	strbuf_addc(out, '\n');
}

void top_text(const struct top_view *view, const struct top_style *style, struct strbuf *out)
{
	struct segments segments = { .style = style, .out = out };
	struct top_style s = *style;
	_cleanup_strbuf_ struct strbuf text;

	strbuf_init(&text, SEGMENT_MAX);
	if (s.columns && s.columns < NARROW)
		s.columns = NARROW;      /* narrower ones wrap or cut */
	segments.style = &s;
	add_about(view, &segments, &text);
	add_whole(view, &segments, &text);
	add_tables(view, &s, segments.n_lines, out);
	if (view->interactive)
		add_keys(view, &s, out);
}
