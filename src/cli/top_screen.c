/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/top_screen.h"
#include "base/file.h"
#include "cli/terminal.h"

#include <stdlib.h>
#include <string.h>

enum { OUT_MAX = 1 << 20 };

struct top_screen {
	struct cli_terminal terminal;
	struct top_style style;
	struct top_view view;
	struct strbuf text, out;
	int out_fd;
	bool entered, has_view, paused;
};

/* DEC private modes as every terminal since xterm has them: 1049 other screen, 25 cursor, 7 lines wrap. */
static void enter(struct top_screen *s)
{
	static const char sequence[] = "\033[?1049h\033[?25l\033[?7l\033[2J";

	if (!s->entered)
		(void)fd_write_all(s->out_fd, sequence, sizeof(sequence) - 1);
	s->entered = true;
	cli_terminal_take(&s->terminal);
}

static void leave(struct top_screen *s)
{
	static const char sequence[] = "\033[?7h\033[?25h\033[?1049l";

	cli_terminal_give_back(&s->terminal);
	if (s->entered)
		(void)fd_write_all(s->out_fd, sequence, sizeof(sequence) - 1);
	s->entered = false;
}

static void measure(struct top_screen *s)
{
	if (!cli_terminal_size(s->out_fd, &s->style.columns, &s->style.rows)) {
		s->style.columns = 80;
		s->style.rows = 24;
	}
}

/* Line by line over what was there: no flicker. The screen's last line has no newline, which would scroll. */
static void draw(struct top_screen *s)
{
	const char *line;
	size_t row = 0;

	if (!s->has_view || !s->entered)
		return;
	s->view.interactive = s->terminal.is_raw;
	s->view.paused = s->paused;
	strbuf_reset(&s->text);
	strbuf_reset(&s->out);
	top_text(&s->view, &s->style, &s->text);
	strbuf_adds(&s->out, "\033[H");
	line = s->text.text;
	for (const char *end; row < s->style.rows && (end = strchr(line, '\n')) != NULL; line = end + 1, row++) {
		/* Erased first: behind a line as wide as the screen the cursor stands on its last character. */
		strbuf_adds(&s->out, row ? "\r\n\033[K" : "\033[K");
		strbuf_add(&s->out, line, (size_t)(end - line));
	}
	strbuf_adds(&s->out, row < s->style.rows ? "\r\n\033[J" : "");
	(void)fd_write_all(s->out_fd, s->out.text, s->out.len);
}

struct top_screen *top_screen_new(int out_fd, int key_fd, const struct top_style *style)
{
	struct top_screen *s = mem_alloc(sizeof(*s));

	s->out_fd = out_fd;
	s->terminal.key_fd = key_fd;
	s->style = *style;
	strbuf_init(&s->text, OUT_MAX);
	strbuf_init(&s->out, OUT_MAX);
	measure(s);
	enter(s);
	return s;
}

struct top_screen *top_screen_free(struct top_screen *s)
{
	if (!s)
		return NULL;
	leave(s);
	strbuf_done(&s->text);
	strbuf_done(&s->out);
	free(s);
	return NULL;
}

void top_screen_show(struct top_screen *s, const struct top_view *view)
{
	s->view = *view;
	s->has_view = true;
	draw(s);
}

bool top_screen_is_paused(const struct top_screen *s)
{
	return s->paused;
}

static bool change(struct top_screen *s, char key)
{
	switch (key) {
	case 't': s->style.tables = 1 << AGENT_COSTS_TYPES; break;
	case 'c': s->style.tables = 1 << AGENT_COSTS_CONTAINERS; break;
	case 'r': s->style.tables = 1 << AGENT_COSTS_RULES; break;
	case 'a': s->style.tables = TOP_ALL_TABLES; break;
	case 's': s->style.sort = (s->style.sort + 1) % TOP_SORTS; break;
	case 'p':
	case ' ': s->paused = !s->paused; break;
	default: return false;
	}
	return true;
}

enum top_key top_screen_key(struct top_screen *s, char key)
{
	if (key == 'q')
		return TOP_KEY_QUIT;
	if (change(s, key))
		draw(s);
	return TOP_KEY_NONE;
}

bool top_screen_has_keys(const struct top_screen *s)
{
	return s->terminal.is_raw;
}

void top_screen_resized(struct top_screen *s)
{
	measure(s);
	draw(s);
}

void top_screen_suspend(struct top_screen *s)
{
	leave(s);
}

void top_screen_resume(struct top_screen *s)
{
	enter(s);
	top_screen_resized(s);
}
