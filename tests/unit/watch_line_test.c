/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "cli/watch_line.h"
#include "cli/watch_view.h"
#include "lang_fake.h"
#include "tap.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

static const struct lang_rule rule = { .name = "Read\033]0;x\a", .priority = MODEL_PRIORITY_WARNING };
static struct fake_record record;

static struct detect_finding finding(const char *output)
{
	static const char *const names[] = { "cat", "bash", "shim" };

	setenv("TZ", "UTC", 1);
	tzset();
	fake_record_init(&record, MODEL_EVT_OPENAT);
	for (int i = 0; i < 3; i++) {
		fake_record_text(&record, MODEL_F_PROC_ANAME, i, names[i]);
		fake_record_int(&record, MODEL_F_PROC_APID, i, 100 - i);
	}
	fake_record_text(&record, MODEL_F_PROC_ACMDLINE, 1, "bash -c \033[31m");
	fake_record_text(&record, MODEL_F_CONTAINER_IMAGE, -1, "nginx:1");
	fake_record_text(&record, MODEL_F_SESSION_KIND, -1, "docker-exec");
	return (struct detect_finding){
		.rule = &rule, .record = &record.record, .time_ns = UINT64_C(1700000000123456789), .output = output, .number = 1,
		.container_id = "5be1f2", .container_name = "web-1",
	};
}

static struct strbuf out;
static const char *line(const struct detect_finding *f, struct watch_line_style style, bool same_place)
{
	if (!out.max_bytes)
		strbuf_init(&out, 1 << 20);
	strbuf_reset(&out);
	watch_line_finding(f, &style, same_place, &out);
	return out.text;
}

TEST(a_line_has_time_word_place_and_sentence)
{
	struct detect_finding f = finding("cat read /etc/shadow");

	CHECK_STR(line(&f, (struct watch_line_style){ .columns = 80 }, false),
		  "22:13:20 ▲ warning   web-1        cat read /etc/shadow\n");
	CHECK_STR(line(&f, (struct watch_line_style){ .columns = 80 }, true),
		  "22:13:20 ▲ warning                cat read /etc/shadow\n");
	f.container_id = f.container_name = NULL;
	CHECK_STR(line(&f, (struct watch_line_style){ .columns = 80 }, false),
		  "22:13:20 ▲ warning   host         cat read /etc/shadow\n");
}

TEST(lines_never_exceed_the_terminal_at_any_width)
{
	struct detect_finding f = finding("日本 read a very long path of many words and 🔥 signs so that it must be cut somewhere");

	f.container_name = "a-very-long-container-name-日本日本日本日本";
	f.n_held_back = 123456;
	for (size_t columns = 60; columns < 200; columns++) {
		const char *text = line(&f, (struct watch_line_style){ .columns = columns }, false);
		size_t width = text_width(text, strlen(text) - 1);
		CHECK_MSG(width <= columns, "%zu columns: %zu", columns, width);
		CHECK(strstr(text, "+123456 before"));
	}
	CHECK(strstr(line(&f, (struct watch_line_style){ .columns = 70 }, false), "…"));
	CHECK(strstr(line(&f, (struct watch_line_style){ .columns = 0 }, false), "cut somewhere"));
}

TEST(nothing_of_an_event_steers_the_terminal)
{
	struct detect_finding f = finding("a\033[2J\r\nb\302\233" "c");
	struct watch_line_style style = { .columns = 100, .details = true };
	struct arena scratch;

	f.container_name = "\033[31mred";
	line(&f, style, false);
	arena_init(&scratch, 0);
	watch_line_details(&f, &style, &scratch, &out);
	for (size_t i = 0; i < out.len; i++)
		CHECK_MSG((unsigned char)out.text[i] >= 0x20 || out.text[i] == '\n', "byte 0x%02x", out.text[i]);
	CHECK(strstr(out.text, "a\\x1b[2J\\x0d\\nb\\x9bc"));
	CHECK(strstr(out.text, "bash -c \\x1b[31m"));
	CHECK(strstr(out.text, "Read\\x1b]0;x\\x07"));
	arena_done(&scratch);
}

TEST(color_only_when_asked_and_always_reset)
{
	struct detect_finding f = finding("x");
	const char *text = line(&f, (struct watch_line_style){ .columns = 80, .color = true }, false);

	CHECK(strstr(text, "\033[33m▲ warning"));
	CHECK(strcmp(text + strlen(text) - 5, "\033[0m\n") == 0);
	CHECK(!strchr(line(&f, (struct watch_line_style){ .columns = 80 }, false), '\033'));
}

TEST(details_show_the_chain_the_container_and_the_session)
{
	struct detect_finding f = finding("x");
	struct watch_line_style style = { .columns = 80, .details = true };
	struct arena scratch;

	line(&f, style, false);
	strbuf_reset(&out);
	arena_init(&scratch, 0);
	watch_line_details(&f, &style, &scratch, &out);
	CHECK(strstr(out.text, "chain     100  cat\n"));
	CHECK(strstr(out.text, "  < 99  bash"));
	CHECK(strstr(out.text, "    < 98  shim\n"));
	CHECK(strstr(out.text, "image nginx:1"));
	CHECK(strstr(out.text, "session   docker-exec"));
	f.output = "x did y | user=root";
	CHECK(strstr(line(&f, style, false), "x did y\n"));
	strbuf_reset(&out);
	watch_line_details(&f, &style, &scratch, &out);
	CHECK(strstr(out.text, "about     user=root\n"));
	f.record = NULL;
	watch_line_details(&f, &style, &scratch, &out);   /* a summary has none */
	arena_done(&scratch);
}

TEST(a_throttled_line_says_how_many_it_stands_for)
{
	struct detect_finding f = finding("x");

	f.n_held_back = 12;
	CHECK(strstr(line(&f, (struct watch_line_style){ .columns = 80 }, false), "x  +12 before"));
	f.is_summary = true;
	CHECK(strstr(line(&f, (struct watch_line_style){ .columns = 80 }, false), "x  +12 more like this"));
}

TEST(the_status_line_leaves_the_last_column_free)
{
	static const char *const names[] = { "ring-full", "path-unresolved" };
	struct watch_status s = {
		.events_per_s = 4213, .cpu_share = 0.008, .n_findings = 1, .n_held_back = 7, .n_lost = 1234567, .n_containers = 23,
		.rss_bytes = 31 << 20, .lost = { 1234560, 7 }, .lost_names = names, .n_lost_names = 2, .interactive = true,
	};
	struct strbuf text;

	strbuf_init(&text, 4096);
	watch_line_status(&s, &(struct watch_line_style){ .columns = 0 }, &text);
	CHECK_STR(text.text, "parka   4,213 events/s   1 finding +7 held back   1,234,567 lost (ring-full 1,234,560, path-unresolved 7)"
		  "   23 containers   cpu 0.8%   31 MB   a chain  p pause  q quit");
	s.dropped_share = 0.9914;
	strbuf_reset(&text);
	watch_line_status(&s, &(struct watch_line_style){ .columns = 0 }, &text);
	CHECK(strstr(text.text, "4,213 events/s   99.1% dropped in the kernel   1 finding"));
	for (size_t columns = 10; columns < 160; columns++) {
		strbuf_reset(&text);
		watch_line_status(&s, &(struct watch_line_style){ .columns = columns }, &text);
		CHECK_INT(text_width(text.text, text.len), columns - 1);
	}
	strbuf_done(&text);
}

static const char *read_all(int fd)
{
	static char text[1 << 16];
	ssize_t n = read(fd, text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

TEST(paused_findings_wait_and_come_when_it_goes_on)
{
	struct detect_finding f = finding("x");
	struct watch_view *view;
	int fds[2];

	CHECK_INT(pipe2(fds, O_NONBLOCK), 0);
	view = watch_view_new(&(struct watch_view_options){ .out_fd = fds[1], .key_fd = -1 });
	watch_view_finding(view, &f);
	CHECK(strstr(read_all(fds[0]), "warning"));
	watch_view_key(view, 'p');
	watch_view_finding(view, &f);
	watch_view_finding(view, &f);
	CHECK_STR(read_all(fds[0]), "");
	watch_view_key(view, 'p');
	CHECK(strstr(read_all(fds[0]), "warning"));
	watch_view_key(view, 'a');
	CHECK(strstr(read_all(fds[0]), "chain"));
	CHECK_INT(watch_view_key(view, 'q'), WATCH_KEY_QUIT);
	CHECK_INT(watch_view_key(view, 'z'), WATCH_KEY_NONE);
	watch_view_free(view);
	close(fds[0]);
	close(fds[1]);
}

TEST(without_a_terminal_there_is_no_status_and_no_escape)
{
	struct detect_finding f = finding("x");
	struct watch_view *view;
	const char *text;
	int fds[2];

	CHECK_INT(pipe2(fds, O_NONBLOCK), 0);
	view = watch_view_new(&(struct watch_view_options){ .out_fd = fds[1], .key_fd = -1 });
	watch_view_status(view, &(struct watch_status){ .n_findings = 1 });
	watch_view_finding(view, &f);
	watch_view_free(view);
	text = read_all(fds[0]);
	CHECK(!strchr(text, '\033') && !strchr(text, '\r'));
	CHECK(!strstr(text, "events/s"));
	close(fds[0]);
	close(fds[1]);
}

TAP_MAIN()
