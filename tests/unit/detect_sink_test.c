/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"
#include "base/json.h"
#include "detect/detect.h"
#include "detect/limits.h"
#include "lang_fake.h"
#include "tap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static struct fake_record record;
static struct lang_format format = {
	"read", { MODEL_F_PROC_NAME, MODEL_F_FD_NAME, MODEL_F_EVT_TIME, MODEL_F_PROC_PID, MODEL_F_PROC_NAME,
		  MODEL_F_CONTAINER_CAPS, MODEL_F_CONTAINER_PRIVILEGED }, 7,
};
static const char *const tags[] = { "T1003", "container" };
static const struct lang_rule rule = {
	.name = "Read \"secret\"", .priority = MODEL_PRIORITY_WARNING, .source = "syscall", .tags = tags, .n_tags = 2, .format = &format,
};

static struct detect_finding finding(const char *output)
{
	static const struct model_value caps[2] = { { .text = "CAP_KILL", .len = 8 }, { .text = "CAP_CHOWN", .len = 9 } };
	static const char *const names[] = { "cat", "bash", "containerd-shim" };

	setenv("TZ", "UTC", 1);
	tzset();
	fake_record_init(&record, MODEL_EVT_OPENAT);
	fake_record_text(&record, MODEL_F_PROC_NAME, -1, "cat");
	fake_record_text(&record, MODEL_F_FD_NAME, -1, "/etc/\033[2J\377");
	fake_record_int(&record, MODEL_F_PROC_PID, -1, 4121);
	fake_record_list(&record, MODEL_F_CONTAINER_CAPS, caps, 2);
	fake_record_text(&record, MODEL_F_CONTAINER_FULL_ID, -1, "5be1f2aa");
	for (int i = 0; i < 3; i++) {
		fake_record_text(&record, MODEL_F_PROC_ANAME, i, names[i]);
		fake_record_int(&record, MODEL_F_PROC_APID, i, 100 - i);
	}
	fake_record_text(&record, MODEL_F_PROC_AEXEPATH, 1, "/bin/bash");
	fake_record_text(&record, MODEL_F_PROC_ACMDLINE, 1, "bash -i");
	fake_record_text(&record, MODEL_F_SESSION_KIND, -1, "docker-exec");
	fake_record_int(&record, MODEL_F_SESSION_UID, -1, 1000);
	return (struct detect_finding){
		.rule = &rule, .record = &record.record, .time_ns = UINT64_C(1700000000123456789), .output = output,
		.number = 7, .n_held_back = 2, .container_id = "5be1f2", .container_name = "web", .image = "nginx:1", .hostname = "node-1",
	};
}

static const char golden[] =
	"{\"hostname\":\"node-1\",\"output\":\"22:13:20.123456789: Warning cat read it\","
	"\"output_fields\":{\"container.caps\":[\"CAP_KILL\",\"CAP_CHOWN\"],\"container.privileged\":null,"
	"\"evt.time\":1700000000123456789,\"fd.name\":\"/etc/\\u001b[2J\\u00ff\",\"proc.name\":\"cat\",\"proc.pid\":4121},"
	"\"parka\":{\"ancestors\":[{\"name\":\"bash\",\"pid\":99,\"exepath\":\"/bin/bash\",\"cmdline\":\"bash -i\"},"
	"{\"name\":\"containerd-shim\",\"pid\":98,\"exepath\":null,\"cmdline\":null}],"
	"\"process\":{\"name\":\"cat\",\"pid\":100,\"exepath\":null,\"cmdline\":null},"
	"\"container\":{\"id\":\"5be1f2aa\",\"image\":\"nginx:1\",\"name\":\"web\"},\"held_back\":2,\"number\":7,"
	"\"session\":{\"kind\":\"docker-exec\",\"uid\":1000},\"telemetry\":{},\"summary\":false},"
	"\"priority\":\"Warning\",\"rule\":\"Read \\\"secret\\\"\",\"source\":\"syscall\",\"tags\":[\"T1003\",\"container\"],"
	"\"time\":\"2023-11-14T22:13:20.123456789Z\"}";

TEST(json_is_the_golden_line)
{
	struct detect_finding f = finding("cat read it");
	struct arena scratch;
	struct strbuf out;
	struct err err = ERR_INIT;
	json_t *json;

	arena_init(&scratch, 0);
	strbuf_init(&out, 1 << 20);
	detect_finding_json(&f, &scratch, &out);
	CHECK_STR(out.text, golden);
	if (CHECK_INT(json_parse(out.text, out.len, "line", &json, &err), 0))
		json_decref(json);
	arena_done(&scratch);
	strbuf_done(&out);
}

TEST(a_line_too_long_is_shortened_to_json_that_still_parses)
{
	struct detect_finding f = finding("cat read it");
	struct arena scratch;
	struct strbuf out;
	struct err err = ERR_INIT;
	json_t *json;

	arena_init(&scratch, 0);
	strbuf_init(&out, 600);
	detect_finding_json(&f, &scratch, &out);
	CHECK(!out.truncated);
	if (CHECK_INT(json_parse(out.text, out.len, "line", &json, &err), 0)) {
		CHECK_STR(json_text(json, "rule", NULL), "Read \"secret\"");
		CHECK(json_is_true(json_at(json, "parka", "shortened", NULL)));
		json_decref(json);
	}
	arena_done(&scratch);
	strbuf_done(&out);
}

TEST(text_is_falcos_line_and_one_line)
{
	struct detect_finding f = finding("cat read a\nb\033[2J");
	struct strbuf out;

	strbuf_init(&out, 4096);
	f.n_held_back = 0;
	detect_finding_text(&f, &out);
	CHECK_STR(out.text, "22:13:20.123456789: Warning cat read a\\nb\\x1b[2J");
	f.n_held_back = 12;
	strbuf_reset(&out);
	detect_finding_text(&f, &out);
	CHECK(strstr(out.text, "(12 more like this held back before)"));
	strbuf_done(&out);
}

static char dir[] = "/tmp/parka-sink-XXXXXX";
static char *temp(const char *name)
{
	static char path[128];

	if (strstr(dir, "XXXXXX") && !mkdtemp(dir))
		abort();
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static long file_size(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? (long)st.st_size : -1;
}

static struct detect_sink *sink_of(const char *format_text, const char *a)
{
	char spec[512];
	struct detect_sink *sink = NULL;
	struct err err = ERR_INIT;

	snprintf(spec, sizeof(spec), "%s%s", format_text, a);
	CHECK_MSG(detect_sink_new(spec, &sink, &err) == 0, "%s", err.text);
	return sink;
}

TEST(specs_that_are_wrong_say_what_was_expected)
{
	static const struct { const char *spec, *expected; } cases[] = {
		{ "", "expected stdout" }, { "stdin", "expected stdout" }, { "file", "expected stdout" }, { "file:", "expected stdout" },
		{ "stdout:x", "expected stdout" }, { "file:/x,max=1x", "max is a size" }, { "file:/x,max=1", "max is a size" },
		{ "file:/x,keep=1000", "keep is a number" }, { "file:/x,color=1", "no option 'color'" },
		{ "file:/x,format=xml", "format is text or json" }, { "http:", "expected" }, { "http:ftp://x", "expected a URL" },
		{ "syslog:/dev/log,keep=3", "no option 'keep'" },
		{ "file:/nowhere/at/all", "No such file" }, { "file:/dev/null", "not a regular file" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct detect_sink *sink = NULL;
		struct err err = ERR_INIT;
		CHECK_MSG(detect_sink_new(cases[i].spec, &sink, &err) < 0, "%s was taken", cases[i].spec);
		CHECK_MSG(strstr(err.text, cases[i].expected), "%s: %s", cases[i].spec, err.text);
		detect_sink_free(sink);
	}
}

TEST(a_file_rotates_at_its_maximum_and_keeps_n)
{
	char *base = temp("rotating.json"), spec[256], path[256];
	struct detect_finding f = finding("x");
	struct detect_sink_counts counts;
	struct detect_sink *sink;

	snprintf(spec, sizeof(spec), "%s,max=4k,keep=2", base);
	sink = sink_of("file:", spec);
	for (int i = 0; i < 30; i++)
		detect_sink_tell(sink, &f);
	detect_sink_counts(sink, &counts);
	CHECK_INT(counts.n_told, 30);
	detect_sink_free(sink);
	for (int i = 0; i <= 3; i++) {
		snprintf(path, sizeof(path), i ? "%s.%d" : "%s", base, i);
		CHECK_MSG(i <= 2 ? file_size(path) > 0 && file_size(path) <= 4096 : file_size(path) == -1,
			  "%s has %ld bytes", path, file_size(path));
		if (file_size(path) > 0) {   /* whole lines only */
			struct arena arena;
			char *text;
			size_t len;
			arena_init(&arena, 0);
			CHECK_INT(file_read(path, 1 << 20, &arena, &text, &len, NULL), 0);
			CHECK(text[0] == '{' && text[len - 1] == '\n');
			arena_done(&arena);
		}
		unlink(path);
	}
}

TEST(a_file_that_was_moved_away_is_made_anew)
{
	struct detect_sink *sink;
	struct detect_finding f = finding("x");
	char path[256], moved[300];

	snprintf(path, sizeof(path), "%s", temp("moved.log"));
	snprintf(moved, sizeof(moved), "%s.old", path);
	sink = sink_of("file:", path);
	detect_sink_tell(sink, &f);
	CHECK_INT(rename(path, moved), 0);
	detect_sink_flush(sink);
	detect_sink_tell(sink, &f);
	CHECK(file_size(path) > 0);
	CHECK_INT(file_size(path), file_size(moved));
	detect_sink_free(sink);
	unlink(path);
	unlink(moved);
}

TEST(a_link_planted_at_the_file_is_refused)
{
	char spec[300];
	struct detect_sink *sink = NULL;
	struct err err = ERR_INIT;

	snprintf(spec, sizeof(spec), "file:%s", temp("link"));
	CHECK_INT(symlink("/etc/passwd-never", spec + 5), 0);
	CHECK(detect_sink_new(spec, &sink, &err) < 0);
	unlink(spec + 5);
}

/* ---- syslog ---- */

static int unix_datagram(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct timeval timeout = { .tv_sec = 5 };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	memcpy(a.sun_path, path, strlen(path));
	unlink(path);
	CHECK_INT(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	return fd;
}

TEST(syslog_gets_rfc5424_and_survives_a_restart)
{
	char path[128], text[9000], expected[256];
	struct detect_finding f = finding("cat read it");
	struct detect_sink *sink;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s", temp("log"));
	fd = unix_datagram(path);
	sink = sink_of("syslog:", path);
	detect_sink_tell(sink, &f);
	n = recv(fd, text, sizeof(text) - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	snprintf(expected, sizeof(expected), "<84>1 2023-11-14T22:13:20.123456Z node-1 parka %ld finding - "
		 "22:13:20.123456789: Warning cat read it (2 more like this held back before)", (long)getpid());
	CHECK_STR(text, expected);
	close(fd);
	fd = unix_datagram(path);
	detect_sink_tell(sink, &f);
	CHECK(recv(fd, text, sizeof(text) - 1, 0) > 0);
	detect_sink_free(sink);
	close(fd);
	unlink(path);
}

/* ---- webhook ---- */

struct server { int fd; unsigned short port; pthread_t thread; int answers[8]; int n_answers, n_requests; char body[4096]; };

/* Answers one request per connection; 0 in `answers`: keeps silent until the client goes away. */
static void *serve(void *data)
{
	struct server *s = data;

	for (int i = 0; i < s->n_answers; i++) {
		char request[8192], answer[128];
		size_t len = 0;
		ssize_t n;
		char *body = NULL;
		int fd = accept(s->fd, NULL, NULL), answer_len;

		if (fd < 0)
			break;
		while ((n = recv(fd, request + len, sizeof(request) - 1 - len, 0)) > 0) {
			char *length;
			len += (size_t)n;
			request[len] = '\0';
			body = strstr(request, "\r\n\r\n");
			length = strcasestr(request, "content-length: ");
			if (body && length && strlen(body + 4) >= strtoul(length + 16, NULL, 10))
				break;
		}
		if (body)
			snprintf(s->body, sizeof(s->body), "%s", body + 4);
		s->n_requests++;
		if (s->answers[i]) {
			answer_len = snprintf(answer, sizeof(answer), "HTTP/1.1 %d X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", s->answers[i]);
			(void)!write(fd, answer, (size_t)answer_len);
		} else {
			(void)!recv(fd, request, 1, 0);
		}
		close(fd);
	}
	return NULL;
}

static void server_start(struct server *s)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);

	s->fd = socket(AF_INET, SOCK_STREAM, 0);
	CHECK_INT(bind(s->fd, (struct sockaddr *)&a, sizeof(a)), 0);
	CHECK_INT(listen(s->fd, 8), 0);
	getsockname(s->fd, (struct sockaddr *)&a, &len);
	s->port = ntohs(a.sin_port);
	pthread_create(&s->thread, NULL, serve, s);
}

static void server_stop(struct server *s)
{
	shutdown(s->fd, SHUT_RDWR);
	pthread_join(s->thread, NULL);
	close(s->fd);
}

static struct detect_sink_counts counts_after(struct detect_sink *sink, uint64_t n)
{
	struct detect_sink_counts c = { 0 };
	struct timespec nap = { .tv_nsec = 10000000 };

	for (int i = 0; i < 1000; i++) {
		detect_sink_counts(sink, &c);
		if (c.n_told + c.n_failed + c.n_dropped >= n)
			break;
		nanosleep(&nap, NULL);
	}
	return c;
}

static struct detect_sink *webhook(const struct server *s)
{
	char url[64];

	snprintf(url, sizeof(url), "http://127.0.0.1:%u/hook", s->port);
	return sink_of("", url);
}

TEST(the_webhook_posts_json)
{
	struct server s = { .answers = { 204 }, .n_answers = 1 };
	struct detect_finding f = finding("cat read it");
	struct detect_sink *sink;

	server_start(&s);
	sink = webhook(&s);
	detect_sink_tell(sink, &f);
	CHECK_INT(counts_after(sink, 1).n_told, 1);
	detect_sink_free(sink);
	server_stop(&s);
	CHECK_STR(s.body, golden);
}

TEST(the_webhook_tries_again_after_500_and_gives_up_after_400)
{
	struct server s = { .answers = { 500, 503, 200, 400 }, .n_answers = 4 };
	struct detect_finding f = finding("x");
	struct detect_sink_counts c;
	struct detect_sink *sink;

	server_start(&s);
	sink = webhook(&s);
	detect_sink_tell(sink, &f);
	CHECK_INT(counts_after(sink, 1).n_told, 1);
	detect_sink_tell(sink, &f);
	c = counts_after(sink, 2);
	CHECK_INT(c.n_failed, 1);
	detect_sink_free(sink);
	server_stop(&s);
	CHECK_INT(s.n_requests, 4);
}

TEST(a_webhook_that_never_answers_does_not_hold_up_the_end)
{
	struct server s = { .answers = { 0, 0, 0, 0 }, .n_answers = 4 };
	struct detect_finding f = finding("x");
	struct detect_sink *sink;
	struct timespec before, after;
	double took;

	server_start(&s);
	sink = webhook(&s);
	clock_gettime(CLOCK_MONOTONIC, &before);
	for (int i = 0; i < 100; i++)
		detect_sink_tell(sink, &f);
	clock_gettime(CLOCK_MONOTONIC, &after);
	took = (double)(after.tv_sec - before.tv_sec) + (double)(after.tv_nsec - before.tv_nsec) / 1e9;
	CHECK_MSG(took < 1, "telling took %.2f s", took);
	detect_sink_free(sink);
	clock_gettime(CLOCK_MONOTONIC, &after);
	took = (double)(after.tv_sec - before.tv_sec);
	CHECK_MSG(took <= DETECT_DRAIN_MS / 1000.0 + 3, "closing took %.0f s", took);
	server_stop(&s);
}

/* ---- program ---- */

static const char *text_of(const char *path)
{
	static char text[16384];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = '\0';
	if (fd >= 0)
		close(fd);
	return text;
}

TEST(a_program_reads_every_line)
{
	char spec[300], expected[4096];
	struct detect_finding f = finding("cat read it");
	struct detect_sink *sink;

	snprintf(spec, sizeof(spec), "cat > %s", temp("program"));
	sink = sink_of("program:", spec);
	detect_sink_tell(sink, &f);
	detect_sink_tell(sink, &f);
	detect_sink_free(sink);   /* waits for it to finish */
	snprintf(expected, sizeof(expected), "%s\n%s\n", golden, golden);
	CHECK_STR(text_of(temp("program")), expected);
	unlink(temp("program"));
}

TEST(a_program_that_ends_is_started_again)
{
	char spec[300];
	struct detect_finding f = finding("x");
	struct detect_sink *sink;
	struct timespec nap = { .tv_nsec = 200000000 };
	size_t lines = 0;

	snprintf(spec, sizeof(spec), "head -n 1 >> %s", temp("restarted"));
	sink = sink_of("program:", spec);
	for (int i = 0; i < 3; i++) {
		detect_sink_tell(sink, &f);
		counts_after(sink, (uint64_t)i + 1);
		nanosleep(&nap, NULL);
	}
	detect_sink_free(sink);
	for (const char *p = text_of(temp("restarted")); *p; p++)
		lines += *p == '\n';
	CHECK_INT(lines, 3);
	unlink(temp("restarted"));
}

TEST(a_program_per_finding_counts_its_exit_status)
{
	char spec[300];
	struct detect_finding f = finding("x");
	struct detect_sink *good, *bad;

	snprintf(spec, sizeof(spec), "cat >> %s", temp("each"));
	good = sink_of("program-each:", spec);
	bad = sink_of("program-each:", "exit 3");
	detect_sink_tell(good, &f);
	detect_sink_tell(good, &f);
	detect_sink_tell(bad, &f);
	CHECK_INT(counts_after(good, 2).n_told, 2);
	detect_sink_finish(bad);
	CHECK_INT(counts_after(bad, 1).n_failed, 1);
	detect_sink_free(good);
	detect_sink_free(bad);
	CHECK(strlen(text_of(temp("each"))) > 100);
	unlink(temp("each"));
	rmdir(dir);
}

TAP_MAIN()
