/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/watch_line.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { WORD_COLUMNS = 9, PLACE_NARROW = 12, PLACE_WIDE = 20, WIDE_FROM = 110, INDENT = 21, LINE_MAX_BYTES = 16384 };

struct severity { const char *mark, *word, *color; };

/* Told apart by shape and word; colour only repeats it. */
static const struct severity severities[] = {
	{ "■", "emergency", "1;31" }, { "■", "alert", "1;31" }, { "■", "critical", "1;31" }, { "◆", "error", "31" },
	{ "▲", "warning", "33" }, { "●", "notice", "36" }, { "○", "info", "2" }, { "·", "debug", "2" },
};
_Static_assert(ARRAY_LEN(severities) == MODEL_PRIORITY_MAX, "a mark for every priority");

static void paint(struct strbuf *out, const struct watch_line_style *style, const char *sgr)
{
	if (style->color)
		strbuf_addf(out, "\033[%sm", sgr);
}

/* Safe text of `text`, cut or padded to `columns`. */
static void add_column(struct strbuf *out, const char *text, size_t columns)
{
	_cleanup_strbuf_ struct strbuf safe;

	strbuf_init(&safe, LINE_MAX_BYTES);
	text_add_safe(&safe, text, strlen(text));
	text_add_padded(out, safe.text, safe.len, columns);
}

static const char *place_of(const struct detect_finding *f)
{
	if (f->container_name && f->container_name[0])
		return f->container_name;
	return f->container_id && f->container_id[0] ? f->container_id : "host";
}

static size_t place_columns(const struct watch_line_style *style)
{
	return style->columns == 0 || style->columns >= WIDE_FROM ? PLACE_WIDE : PLACE_NARROW;
}

static void add_held_back(const struct detect_finding *f, struct strbuf *out)
{
	if (f->is_summary)
		strbuf_addf(out, "  +%llu more like this", (unsigned long long)f->n_held_back);
	else if (f->n_held_back)
		strbuf_addf(out, "  +%llu before", (unsigned long long)f->n_held_back);
}

/* Rules write a sentence, then " | " and fields. With details below, the fields are a line of their own. */
static size_t sentence_len(const struct detect_finding *f, const struct watch_line_style *style)
{
	const char *bar = style->details ? strstr(f->output, " | ") : NULL;

	return bar ? (size_t)(bar - f->output) : strlen(f->output);
}

void watch_line_finding(const struct detect_finding *f, const struct watch_line_style *style, bool same_place, struct strbuf *out)
{
	const struct severity *severity = &severities[f->rule->priority];
	time_t seconds = (time_t)(f->time_ns / 1000000000);
	_cleanup_strbuf_ struct strbuf sentence, held_back;
	size_t used = 8 + 1 + 1 + 1 + WORD_COLUMNS + 1 + place_columns(style) + 1;
	struct tm tm;

	strbuf_init(&sentence, LINE_MAX_BYTES);
	strbuf_init(&held_back, 128);
	localtime_r(&seconds, &tm);
	paint(out, style, "2");
	strbuf_addf(out, "%02d:%02d:%02d ", tm.tm_hour, tm.tm_min, tm.tm_sec);
	paint(out, style, "0");
	paint(out, style, severity->color);
	strbuf_addf(out, "%s %-*s ", severity->mark, WORD_COLUMNS, severity->word);
	paint(out, style, "0");
	paint(out, style, "1");
	add_column(out, same_place ? "" : place_of(f), place_columns(style));
	paint(out, style, "0");
	strbuf_addc(out, ' ');
	text_add_safe(&sentence, f->output, sentence_len(f, style));
	add_held_back(f, &held_back);
	used += held_back.len;
	if (style->columns)
		text_add_cut(out, sentence.text, sentence.len, style->columns > used ? style->columns - used : 0);
	else
		strbuf_add(out, sentence.text, sentence.len);
	paint(out, style, "2");
	strbuf_add(out, held_back.text, held_back.len);
	paint(out, style, "0");
	strbuf_addc(out, '\n');
}

/* A line below a finding: its word aligned, its text cut. */
static void add_detail(const char *word, const struct strbuf *text, const struct watch_line_style *style, struct strbuf *out)
{
	paint(out, style, "2");
	strbuf_addf(out, "%*s%-9s ", INDENT - 10, "", word);
	if (style->columns)
		text_add_cut(out, text->text, text->len, style->columns > INDENT ? style->columns - INDENT : 0);
	else
		strbuf_add(out, text->text, text->len);
	paint(out, style, "0");
	strbuf_addc(out, '\n');
}

static void add_safe(struct strbuf *out, const char *text)
{
	text_add_safe(out, text, strlen(text));
}

static void details_chain(const struct detect_finding *f, const struct watch_line_style *style, struct arena *scratch, struct strbuf *out)
{
	struct detect_ancestor a[DETECT_ANCESTORS_MAX];
	size_t n = detect_record_ancestors(f->record, scratch, a);

	for (size_t i = 0; i < n; i++) {
		_cleanup_strbuf_ struct strbuf text;
		const char *what = a[i].cmdline && a[i].cmdline[0] ? a[i].cmdline : a[i].name ? a[i].name : "?";

		strbuf_init(&text, LINE_MAX_BYTES);
		strbuf_addf(&text, "%*s%s%lld  ", (int)(i * 2), "", i ? "< " : "", (long long)a[i].pid);
		add_safe(&text, what);
		if (a[i].exepath && a[i].exepath[0]) {
			strbuf_adds(&text, "  (");
			add_safe(&text, a[i].exepath);
			strbuf_addc(&text, ')');
		}
		add_detail(i ? "" : "chain", &text, style, out);
	}
}

struct part { enum model_field_id field; const char *before; };

/* What is known of the parts, one after the other. */
static void details_parts(const char *word, const struct part *parts, size_t n, const struct detect_finding *f,
			  const struct watch_line_style *style, struct arena *scratch, struct strbuf *out)
{
	_cleanup_strbuf_ struct strbuf text;

	strbuf_init(&text, LINE_MAX_BYTES);
	for (size_t i = 0; i < n; i++) {
		const char *value = detect_record_text(f->record, parts[i].field, scratch);
		if (!value || !value[0])
			continue;
		strbuf_adds(&text, text.len ? "  " : "");
		strbuf_adds(&text, parts[i].before);
		add_safe(&text, value);
	}
	if (text.len)
		add_detail(word, &text, style, out);
}

void watch_line_details(const struct detect_finding *f, const struct watch_line_style *style, struct arena *scratch, struct strbuf *out)
{
	static const struct part container[] = {
		{ MODEL_F_CONTAINER_FULL_ID, "" }, { MODEL_F_CONTAINER_IMAGE, "image " }, { MODEL_F_CONTAINER_RUNTIME, "by " },
	};
	static const struct part session[] = {
		{ MODEL_F_SESSION_KIND, "" }, { MODEL_F_SESSION_USER, "user " }, { MODEL_F_SESSION_REMOTE, "from " },
		{ MODEL_F_SESSION_VIA, "via " }, { MODEL_F_SESSION_UNIT, "unit " }, { MODEL_F_SESSION_TTY, "tty " },
	};
	struct watch_line_style with_details = { .details = true };
	_cleanup_strbuf_ struct strbuf rule, about;
	size_t sentence = sentence_len(f, &with_details);

	strbuf_init(&rule, 1024);
	strbuf_init(&about, LINE_MAX_BYTES);
	add_safe(&rule, f->rule->name);
	add_detail("rule", &rule, style, out);
	if (f->output[sentence]) {
		add_safe(&about, f->output + sentence + 3);
		add_detail("about", &about, style, out);
	}
	if (!f->record)
		return;
	details_chain(f, style, scratch, out);
	if (f->container_id && strcmp(f->container_id, "host") != 0)
		details_parts("container", container, ARRAY_LEN(container), f, style, scratch, out);
	details_parts("session", session, ARRAY_LEN(session), f, style, scratch, out);
}

static void add_count(struct strbuf *out, uint64_t n, const char *one, const char *many)
{
	strbuf_adds(out, "   ");
	text_add_number(out, n);
	strbuf_addf(out, " %s", n == 1 ? one : many);
}

static void add_lost(const struct watch_status *s, struct strbuf *out)
{
	const char *separator = " (";

	add_count(out, s->n_lost, "lost", "lost");
	for (size_t i = 0; i < s->n_lost_names && i < ARRAY_LEN(s->lost); i++) {
		if (!s->lost[i])
			continue;
		strbuf_addf(out, "%s%s ", separator, s->lost_names[i]);
		text_add_number(out, s->lost[i]);
		separator = ", ";
	}
	if (separator[0] == ',')
		strbuf_addc(out, ')');
}

void watch_line_status(const struct watch_status *s, const struct watch_line_style *style, struct strbuf *out)
{
	_cleanup_strbuf_ struct strbuf text;

	strbuf_init(&text, 2048);
	strbuf_adds(&text, s->paused ? "paused" : "parka");
	if (s->paused)
		add_count(&text, s->n_waiting, "finding waits", "findings wait");
	add_count(&text, (uint64_t)(s->events_per_s + 0.5), "event/s", "events/s");
	if (s->dropped_share > 0)
		strbuf_addf(&text, "   %.1f%% dropped in the kernel", s->dropped_share * 100);
	add_count(&text, s->n_findings, "finding", "findings");
	if (s->n_held_back) {
		strbuf_adds(&text, " +");
		text_add_number(&text, s->n_held_back);
		strbuf_adds(&text, " held back");
	}
	add_lost(s, &text);
	if (s->n_sink_lost)
		add_count(&text, s->n_sink_lost, "not delivered", "not delivered");
	add_count(&text, s->n_containers, "container", "containers");
	strbuf_addf(&text, "   cpu %.1f%%   %llu MB", s->cpu_share * 100, (unsigned long long)((s->rss_bytes + (1 << 19)) >> 20));
	if (s->note) {
		strbuf_adds(&text, "   ");
		add_safe(&text, s->note);
	}
	if (s->interactive)
		strbuf_adds(&text, s->paused ? "   p go on  q quit" : "   a chain  p pause  q quit");
	paint(out, style, "7");
	if (style->columns > 1)
		text_add_padded(out, text.text, text.len, style->columns - 1);
	else
		strbuf_add(out, text.text, text.len);
	paint(out, style, "0");
}
