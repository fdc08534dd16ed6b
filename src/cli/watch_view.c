/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Invariant:
 * V1  When status_drawn, the cursor stands at the end of the status line, which is the last line written.
 */
#include "cli/watch_view.h"
#include "base/file.h"
#include "cli/terminal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OUT_MAX = 512 * 1024, WAITING_MAX = 256 * 1024, DETAILS_MAX = 64 * 1024, SCRATCH_MAX = 1 << 20 };

struct watch_view {
	struct watch_view_options options;
	struct watch_line_style style;
	struct watch_status status;
	char *note;
	struct arena scratch;
	struct strbuf out;
	struct strbuf waiting;       /* lines while paused */
	struct strbuf last_details;  /* of the last finding: what the key shows */
	char place[256];             /* of the last line */
	uint64_t n_waiting, n_not_kept;
	bool status_drawn, has_status, paused;
	struct cli_terminal terminal;
};

static void measure(struct watch_view *v)
{
	size_t rows;

	if (!cli_terminal_size(v->options.out_fd, &v->style.columns, &rows))
		v->style.columns = 0;
}

struct watch_view *watch_view_new(const struct watch_view_options *options)
{
	struct watch_view *v = mem_alloc(sizeof(*v));

	v->options = *options;
	v->terminal.key_fd = options->key_fd;
	v->style = (struct watch_line_style){ .color = options->color, .details = options->details };
	arena_init(&v->scratch, SCRATCH_MAX);
	strbuf_init(&v->out, OUT_MAX);
	strbuf_init(&v->waiting, WAITING_MAX);
	strbuf_init(&v->last_details, DETAILS_MAX);
	measure(v);
	cli_terminal_take(&v->terminal);
	return v;
}

static void erase_status(struct watch_view *v)
{
	if (v->status_drawn)
		strbuf_adds(&v->out, "\r\033[K");   /* V1 */
	v->status_drawn = false;
}

static void draw_status(struct watch_view *v)
{
	if (!v->options.status || !v->has_status)
		return;
	v->status.paused = v->paused;
	v->status.n_waiting = v->n_waiting;
	v->status.interactive = v->terminal.is_raw;
	watch_line_status(&v->status, &v->style, &v->out);
	v->status_drawn = true;
}

static void flush(struct watch_view *v)
{
	(void)fd_write_all(v->options.out_fd, v->out.text, v->out.len);
	strbuf_reset(&v->out);
}

struct watch_view *watch_view_free(struct watch_view *v)
{
	if (!v)
		return NULL;
	erase_status(v);
	if (v->n_waiting)
		strbuf_add(&v->out, v->waiting.text, v->waiting.len);
	flush(v);
	cli_terminal_give_back(&v->terminal);
	arena_done(&v->scratch);
	strbuf_done(&v->out);
	strbuf_done(&v->waiting);
	strbuf_done(&v->last_details);
	free(v->note);
	free(v);
	return NULL;
}

static bool is_same_place(struct watch_view *v, const struct detect_finding *f)
{
	char place[sizeof(v->place)];
	bool same;

	snprintf(place, sizeof(place), "%s\t%s", f->container_id ? f->container_id : "host", f->container_name ? f->container_name : "");
	same = strcmp(place, v->place) == 0;
	memcpy(v->place, place, sizeof(place));
	return same;
}

static void keep_waiting(struct watch_view *v)
{
	if (v->waiting.len + v->out.len > WAITING_MAX)
		v->n_not_kept++;
	else
		strbuf_add(&v->waiting, v->out.text, v->out.len);
	v->n_waiting++;
	strbuf_reset(&v->out);
}

void watch_view_finding(struct watch_view *v, const struct detect_finding *f)
{
	arena_reset(&v->scratch);
	strbuf_reset(&v->last_details);
	watch_line_details(f, &v->style, &v->scratch, &v->last_details);
	if (!v->paused)
		erase_status(v);
	/* With details between them lines are no column any more: each says where. */
	watch_line_finding(f, &v->style, is_same_place(v, f) && !v->style.details && v->style.columns, &v->out);
	if (v->style.details)
		strbuf_add(&v->out, v->last_details.text, v->last_details.len);
	if (v->paused) {
		keep_waiting(v);
		return;
	}
	draw_status(v);
	flush(v);
}

void watch_view_say(struct watch_view *v, const char *text)
{
	erase_status(v);
	strbuf_adds(&v->out, text);
	strbuf_addc(&v->out, '\n');
	v->place[0] = '\0';
	draw_status(v);
	flush(v);
}

void watch_view_status(struct watch_view *v, const struct watch_status *status)
{
	char *note = status->note ? mem_strdup(status->note) : NULL;

	free(v->note);
	v->note = note;
	v->status = *status;
	v->status.note = note;
	v->has_status = true;
	erase_status(v);
	draw_status(v);
	flush(v);
}

static void go_on(struct watch_view *v)
{
	erase_status(v);
	strbuf_add(&v->out, v->waiting.text, v->waiting.len);
	if (v->n_not_kept)
		strbuf_addf(&v->out, "%llu findings came while paused and are not shown\n", (unsigned long long)v->n_not_kept);
	strbuf_reset(&v->waiting);
	v->n_waiting = v->n_not_kept = 0;
}

static void toggle_details(struct watch_view *v)
{
	v->style.details = !v->style.details;
	erase_status(v);
	if (v->style.details && !v->paused)
		strbuf_add(&v->out, v->last_details.text, v->last_details.len);
	v->place[0] = '\0';
}

enum watch_key watch_view_key(struct watch_view *v, char key)
{
	switch (key) {
	case 'q':
		return WATCH_KEY_QUIT;
	case 'a':
		toggle_details(v);
		break;
	case 'p':
	case ' ':
		v->paused = !v->paused;
		erase_status(v);
		if (!v->paused)
			go_on(v);
		break;
	default:
		return WATCH_KEY_NONE;
	}
	draw_status(v);
	flush(v);
	return WATCH_KEY_NONE;
}

bool watch_view_interactive(const struct watch_view *v)
{
	return v->terminal.is_raw;
}

void watch_view_resized(struct watch_view *v)
{
	size_t before = v->style.columns, rows;

	measure(v);
	/* A narrower terminal has wrapped the old status line over several rows (those that wrap anew, as nearly all do): erase them. */
	rows = v->style.columns && before > v->style.columns ? (before - 2) / v->style.columns : 0;
	if (v->status_drawn && rows)
		strbuf_addf(&v->out, "\033[%zuA", rows);
	if (v->status_drawn)
		strbuf_adds(&v->out, "\r\033[J");
	v->status_drawn = false;
	draw_status(v);
	flush(v);
}

void watch_view_suspend(struct watch_view *v)
{
	erase_status(v);
	flush(v);
	cli_terminal_give_back(&v->terminal);
}

void watch_view_resume(struct watch_view *v)
{
	cli_terminal_take(&v->terminal);
	watch_view_resized(v);
}
