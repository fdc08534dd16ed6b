/* SPDX-License-Identifier: Apache-2.0 */
#include "base/http.h"
#include "base/mem.h"
#include "tap.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A server for one request over a unix socket: says `says`, keeps what it was told. */
struct server {
	char dir[64], path[96];
	int fd;
	const char *says;
	char told[4096];
	pthread_t thread;
};

static void *serve(void *data)
{
	struct server *s = data;
	_cleanup_close_ int fd = accept(s->fd, NULL, NULL);
	size_t len = 0;

	while (len < sizeof(s->told) - 1) {
		ssize_t n = read(fd, s->told + len, sizeof(s->told) - 1 - len);
		if (n <= 0)
			break;
		len += (size_t)n;
		if (strstr(s->told, "\r\n\r\n") && (strncmp(s->told, "POST", 4) != 0 || strstr(s->told, "{\"a\":1}")))
			break;
	}
	if (s->says)
		CHECK(write(fd, s->says, strlen(s->says)) >= 0);
	else
		CHECK(read(fd, s->told, 1) >= -1);      /* says nothing until the client goes */
	return NULL;
}

static void server_start(struct server *s, const char *says)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	*s = (struct server){ .says = says };
	snprintf(s->dir, sizeof(s->dir), "/tmp/parka-http-XXXXXX");
	CHECK(mkdtemp(s->dir) != NULL);
	snprintf(s->path, sizeof(s->path), "%s/socket", s->dir);
	memcpy(address.sun_path, s->path, strlen(s->path) + 1);
	s->fd = socket(AF_UNIX, SOCK_STREAM, 0);
	CHECK_INT(bind(s->fd, (struct sockaddr *)&address, sizeof(address)), 0);
	CHECK_INT(listen(s->fd, 1), 0);
	CHECK_INT(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void server_stop(struct server *s)
{
	pthread_join(s->thread, NULL);
	close(s->fd);
	unlink(s->path);
	rmdir(s->dir);
}

static bool curl_is_mapped(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[512];
	bool found = false;

	while (maps && fgets(line, sizeof(line), maps))
		found = found || strstr(line, "libcurl");
	if (maps)
		fclose(maps);
	return found;
}

/* First of all: the others send something. */
TEST(libcurl_is_not_in_memory_before_the_first_request)
{
	CHECK(!curl_is_mapped());
	CHECK_INT(http_load(NULL), 0);
	CHECK(curl_is_mapped());
}

TEST(get_over_a_unix_socket_gives_status_and_body)
{
	struct server s;
	_cleanup_strbuf_ struct strbuf answer;
	int status = 0;

	server_start(&s, "HTTP/1.1 404 No\r\nContent-Length: 5\r\n\r\nhello");
	strbuf_init(&answer, 1000);
	CHECK_INT(http_send(&(struct http_request){ .url = "http://localhost/x", .unix_socket = s.path }, &status, &answer, NULL), 0);
	CHECK_INT(status, 404);
	CHECK_STR(answer.text, "hello");
	server_stop(&s);
	CHECK(strncmp(s.told, "GET /x HTTP/1.1\r\n", 17) == 0);
}

TEST(post_sends_the_body_its_type_and_the_headers)
{
	static const char *const headers[] = { "X-Token: t", NULL };
	struct server s;
	int status = 0;

	server_start(&s, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	CHECK_INT(http_send(&(struct http_request){ .url = "http://localhost/in", .unix_socket = s.path, .body = "{\"a\":1}", .body_len = 7,
			    .headers = headers }, &status, NULL, NULL), 0);
	server_stop(&s);
	CHECK_INT(status, 200);
	CHECK(strstr(s.told, "POST /in") && strstr(s.told, "Content-Type: application/json\r\n") && strstr(s.told, "X-Token: t\r\n"));
	CHECK(strstr(s.told, "\r\n\r\n{\"a\":1}") != NULL);
}

TEST(a_redirect_is_handed_back_not_followed)
{
	struct server s;
	int status = 0;

	server_start(&s, "HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n");
	CHECK_INT(http_send(&(struct http_request){ .url = "http://localhost/", .unix_socket = s.path }, &status, NULL, NULL), 0);
	server_stop(&s);
	CHECK_INT(status, 302);
}

TEST(an_answer_past_the_limit_is_refused)
{
	struct server s;
	struct err err = ERR_INIT;
	int status = -1;

	server_start(&s, "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world");
	CHECK_INT(http_send(&(struct http_request){ .url = "http://localhost/", .unix_socket = s.path, .max_answer_bytes = 10 }, &status, NULL, &err), -E2BIG);
	server_stop(&s);
	CHECK_INT(status, -1);
	CHECK(strstr(err.text, "larger than allowed") != NULL);
}

TEST(a_silent_server_times_out)
{
	struct server s;
	int status;

	server_start(&s, NULL);
	CHECK_INT(http_send(&(struct http_request){ .url = "http://localhost/", .unix_socket = s.path, .timeout_ms = 100 }, &status, NULL, NULL), -ETIMEDOUT);
	server_stop(&s);
}

TEST(other_schemes_and_dead_sockets_are_errors)
{
	int status;

	CHECK_INT(http_send(&(struct http_request){ .url = "file:///etc/passwd" }, &status, NULL, NULL), -EINVAL);
	CHECK_INT(http_send(&(struct http_request){ .url = "http://localhost/", .unix_socket = "/nonexistent/socket" }, &status, NULL, NULL), -ECONNREFUSED);
}

TAP_MAIN()
