/* SPDX-License-Identifier: Apache-2.0 */
/* The screen of parka top: its text at several widths, its keys, and that the terminal is given back. */
#include "base/text.h"
#include "cli/top_screen.h"
#include "data_dir.h"
#include "tap.h"

#include <fcntl.h>
#include <unistd.h>

#define SECOND UINT64_C(1000000000)

struct figures { const char *id, *name; uint64_t n[AGENT_COST_MAX]; };

static void put(struct agent_sums *sums, enum agent_cost_table table, const struct figures *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		memcpy(agent_sums_row(sums, table, rows[i].id, rows[i].name)->n, rows[i].n, sizeof(rows[i].n));
}

#define N(seen_, dropped_, folded_, delivered_, lost_, cpu_, kernel_) \
	{ [AGENT_COST_SEEN] = seen_, [AGENT_COST_DROPPED] = dropped_, [AGENT_COST_FOLDED] = folded_, \
	  [AGENT_COST_DELIVERED] = delivered_, [AGENT_COST_LOST] = lost_, [AGENT_COST_CPU_NS] = cpu_, [AGENT_COST_KERNEL_NS] = kernel_ }

/* One second of a host with two containers. */
static void fill(struct agent_sums *s)
{
	static const struct figures types[] = {
		{ "openat", NULL, N(40120, 39804, 6, 310, 0, 3100000, 3500000) },
		{ "connect", NULL, N(1093, 1091, 0, 2, 0, 40000, 210000) },
		{ "execve", NULL, N(12, 0, 0, 12, 0, 900000, 30000) },
		{ "unlinkat", NULL, N(7, 7, 0, 0, 3, 0, 900) },
	};
	static const struct figures places[] = {
		{ "host", NULL, N(1200, 1100, 0, 100, 0, 1000000, 900000) },
		{ "5be1f2a4c6d8", "web-1", N(40000, 39794, 6, 200, 0, 2900000, 2700000) },
		{ "0123456789ab", "red\033[31m\xe6\x97\xa5", N(32, 8, 0, 24, 0, 140000, 140900) },
	};
	static const struct figures rules[] = {
		{ "Read sensitive file untrusted", NULL,
		  { [AGENT_COST_PASSED] = 300, [AGENT_COST_FINDINGS] = 12, [AGENT_COST_HELD_BACK] = 1290, [AGENT_COST_CPU_NS] = 800000 } },
		{ "A rule whose name is so long that it must be cut somewhere on all but the widest of terminals", NULL,
		  { [AGENT_COST_PASSED] = 3, [AGENT_COST_CPU_NS] = 20000 } },
	};
	static const struct figures total =
		{ NULL, NULL, N(41232, 40902, 6, 324, 3, 8100000, 3740900) };

	agent_sums_init(s);
	put(s, AGENT_COSTS_TYPES, types, ARRAY_LEN(types));
	put(s, AGENT_COSTS_CONTAINERS, places, ARRAY_LEN(places));
	put(s, AGENT_COSTS_RULES, rules, ARRAY_LEN(rules));
	memcpy(s->total, total.n, sizeof(s->total));
	s->total[AGENT_COST_FINDINGS] = 12;
	s->total[AGENT_COST_WALL_NS] = SECOND;
}

static struct agent_sums sums;
static struct top_view view(void)
{
	if (!sums.total[AGENT_COST_WALL_NS])
		fill(&sums);
	return (struct top_view){
		.hostname = "web-07", .up_s = 192, .n_rules = 87, .n_containers = 2, .rss_bytes = 21 << 20, .interval = &sums, .run = &sums,
		.interactive = true,
	};
}

static struct strbuf out;
static const char *text_of(const struct top_view *v, struct top_style style)
{
	if (!out.max_bytes)
		strbuf_init(&out, 1 << 20);
	strbuf_reset(&out);
	if (!style.tables)
		style.tables = TOP_ALL_TABLES;
	top_text(v, &style, &out);
	return out.text;
}

/* tests/unit/data/top-COLUMNS.txt; with TOP_TEST_WRITE=1 they are written, to be looked at and committed. */
static void check_golden(const char *text, unsigned columns)
{
	char path[4096], expected[1 << 14] = "";
	int fd;

	snprintf(path, sizeof(path), "%s/top-%u.txt", data_dir(), columns);
	if (getenv("TOP_TEST_WRITE")) {
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
		CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	} else {
		fd = open(path, O_RDONLY | O_CLOEXEC);
		CHECK(fd >= 0 && read(fd, expected, sizeof(expected) - 1) > 0);
		CHECK_STR(text, expected);
	}
	close(fd);
}

TEST(a_screen_of_60_columns) { struct top_view v = view(); check_golden(text_of(&v, (struct top_style){ .columns = 60, .rows = 30 }), 60); }
TEST(a_screen_of_80_columns) { struct top_view v = view(); check_golden(text_of(&v, (struct top_style){ .columns = 80, .rows = 30 }), 80); }
TEST(a_screen_of_140_columns) { struct top_view v = view(); check_golden(text_of(&v, (struct top_style){ .columns = 140, .rows = 40 }), 140); }

TEST(no_line_is_wider_and_no_screen_higher_than_the_terminal)
{
	struct top_view v = view();

	for (size_t columns = 60; columns < 200; columns++)
		for (size_t rows = 12; rows < 40; rows++) {
			const char *line = text_of(&v, (struct top_style){ .columns = columns, .rows = rows }), *end;
			size_t n = 0;

			for (; (end = strchr(line, '\n')) != NULL; line = end + 1, n++) {
				size_t width = text_width(line, (size_t)(end - line));
				CHECK_MSG(width <= columns, "%zu x %zu: line %zu has %zu columns", columns, rows, n, width);
			}
			CHECK_MSG(n <= rows, "%zu x %zu: %zu lines", columns, rows, n);
			CHECK_INT(*line, '\0');
		}
}

TEST(names_do_not_steer_the_terminal_and_color_is_only_when_asked)
{
	struct top_view v = view();
	const char *text = text_of(&v, (struct top_style){ .columns = 120, .rows = 40 });

	CHECK(!strchr(text, '\033'));
	CHECK(strstr(text, "red\\x1b[31m\xe6\x97\xa5"));
	text = text_of(&v, (struct top_style){ .columns = 120, .rows = 40, .color = true });
	CHECK(strstr(text, "\033[1;31mlost 3\033[0m"));
}

static size_t place(const char *text, const char *what)
{
	const char *at = strstr(text, what);

	CHECK_MSG(at, "no %s", what);
	return at ? (size_t)(at - text) : 0;
}

TEST(rows_are_sorted_by_cost_events_or_name)
{
	struct top_view v = view();
	struct top_style style = { .columns = 100, .rows = 40, .tables = 1 << AGENT_COSTS_TYPES };
	const char *text = text_of(&v, style);

	CHECK(place(text, "openat") < place(text, "execve") && place(text, "execve") < place(text, "connect"));
	style.sort = TOP_SORT_EVENTS;
	text = text_of(&v, style);
	CHECK(place(text, "openat") < place(text, "connect") && place(text, "connect") < place(text, "execve"));
	style.sort = TOP_SORT_NAME;
	text = text_of(&v, style);
	CHECK(place(text, "connect") < place(text, "execve") && place(text, "execve") < place(text, "openat"));
	CHECK(!strstr(text, "CONTAINERS") && !strstr(text, "RULES"));
}

TEST(a_low_screen_has_one_table_and_says_how_much_is_left_out)
{
	struct top_view v = view();
	const char *text = text_of(&v, (struct top_style){ .columns = 80, .rows = 9 });

	CHECK(strstr(text, "EVENTS") && !strstr(text, "RULES"));
	CHECK(strstr(text, "  and 2 more\n"));
	text = text_of(&v, (struct top_style){ .columns = 80, .max_lines = 1 });
	CHECK(strstr(text, "EVENTS") && strstr(text, "RULES"));
	CHECK(strstr(text, "  and 3 more\n") && strstr(text, "  and 1 more\n"));
}

TEST(before_anything_was_seen_there_is_nothing_and_no_division_by_it)
{
	struct agent_sums nothing;
	struct top_view v = view();
	const char *text;

	agent_sums_init(&nothing);
	v.interval = v.run = &nothing;
	text = text_of(&v, (struct top_style){ .columns = 80, .rows = 30 });
	CHECK(strstr(text, "nothing yet") && !strstr(text, "nan") && !strstr(text, "inf"));
	CHECK(!strstr(text, "KERNEL"));
}

TEST(all_but_a_few_is_not_all)
{
	struct agent_sums s;
	struct top_view v = view();

	fill(&s);
	s.total[AGENT_COST_SEEN] = 1000000;
	s.total[AGENT_COST_DROPPED] = 999999;
	v.interval = v.run = &s;
	CHECK(strstr(text_of(&v, (struct top_style){ .columns = 140 }), "dropped in the kernel 99.999%"));
	agent_sums_done(&s);
}

/* ---- the screen ---- */

static const char *read_all(int fd)
{
	static char text[1 << 16];
	ssize_t n = read(fd, text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

TEST(the_screen_is_left_as_it_was_found)
{
	struct top_style style = { .tables = TOP_ALL_TABLES };
	struct top_view v = view();
	struct top_screen *screen;
	const char *text;
	int fds[2];

	CHECK_INT(pipe2(fds, O_NONBLOCK), 0);
	screen = top_screen_new(fds[1], -1, &style);
	CHECK(strstr(read_all(fds[0]), "\033[?1049h\033[?25l\033[?7l"));
	top_screen_show(screen, &v);
	text = read_all(fds[0]);
	CHECK(strncmp(text, "\033[H\033[Kparka on web-07", 21) == 0);
	CHECK_MSG(!strstr(text, "CPU\033[K"), "erasing behind a full line takes its last character");
	top_screen_suspend(screen);
	CHECK_STR(read_all(fds[0]), "\033[?7h\033[?25h\033[?1049l");
	top_screen_resume(screen);
	CHECK(strstr(read_all(fds[0]), "openat"));
	top_screen_free(screen);
	CHECK_STR(read_all(fds[0]), "\033[?7h\033[?25h\033[?1049l");
	close(fds[0]);
	close(fds[1]);
}

TEST(keys_choose_tables_sort_pause_and_quit)
{
	struct top_style style = { .tables = TOP_ALL_TABLES };
	struct top_view v = view();
	struct top_screen *screen;
	const char *text;
	int fds[2];

	CHECK_INT(pipe2(fds, O_NONBLOCK), 0);
	screen = top_screen_new(fds[1], -1, &style);
	top_screen_show(screen, &v);
	read_all(fds[0]);
	CHECK_INT(top_screen_key(screen, 'r'), TOP_KEY_NONE);
	text = read_all(fds[0]);
	CHECK(strstr(text, "RULES") && !strstr(text, "EVENTS"));
	top_screen_key(screen, 'a');
	CHECK(strstr(read_all(fds[0]), "CONTAINERS"));
	top_screen_key(screen, 'x');
	CHECK_STR(read_all(fds[0]), "");
	top_screen_key(screen, 'p');
	CHECK(top_screen_is_paused(screen) && strstr(read_all(fds[0]), "paused"));
	CHECK_INT(top_screen_key(screen, 'q'), TOP_KEY_QUIT);
	top_screen_free(screen);
	close(fds[0]);
	close(fds[1]);
}

TAP_MAIN()
