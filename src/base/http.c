/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcurl is loaded by the first request, not by the program's start: with what it needs itself it is 30 libraries, 6 MiB
 * resident and a third of the loader's time, and most runs never send anything.
 */
#include "base/http.h"
#include "base/mem.h"

#define CURL_DISABLE_TYPECHECK   /* the checks are macros around functions that are pointers here */
#include <curl/curl.h>
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#undef curl_easy_getinfo
#undef curl_easy_setopt

struct transfer {
	struct strbuf *answer;           /* NULL: thrown away */
	size_t n_bytes, max_bytes;
	bool is_too_big;
};

#define CURL_CALLS(X) \
	X(global_init) X(easy_init) X(easy_cleanup) X(easy_setopt) X(easy_perform) X(easy_getinfo) X(easy_strerror) \
	X(slist_append) X(slist_free_all)

#define MEMBER(name) __typeof__(curl_##name) *name;
static struct { CURL_CALLS(MEMBER) } curl_lib;
#undef MEMBER
static char why_no_curl[ERR_TEXT_MAX / 2];   /* "": it is there */
static pthread_once_t init_once = PTHREAD_ONCE_INIT;

static void keep_why(const char *text)
{
	snprintf(why_no_curl, sizeof(why_no_curl), "%s", text ? text : "it does not start");
}

/* Never unloaded: its threads and at-exit functions may outlive any request. */
static void init(void)
{
	void *lib = dlopen("libcurl.so.4", RTLD_LAZY | RTLD_LOCAL);

	if (!lib) {
		keep_why(dlerror());
		return;
	}
#define LOAD(name) \
	*(void **)(void *)&curl_lib.name = dlsym(lib, "curl_" #name); \
	if (!curl_lib.name) { \
		keep_why(dlerror()); \
		return; \
	}
	CURL_CALLS(LOAD)
#undef LOAD
	if (curl_lib.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		keep_why(NULL);
}

static void easy_done(CURL **curl)
{
	if (*curl)
		curl_lib.easy_cleanup(*curl);
}

static void list_done(struct curl_slist **list)
{
	curl_lib.slist_free_all(*list);
}

static size_t on_bytes(char *bytes, size_t size, size_t n, void *data)
{
	struct transfer *t = data;
	size_t len = size * n;

	if (len > t->max_bytes - t->n_bytes) {
		t->is_too_big = true;
		return 0;                    /* curl stops with CURLE_WRITE_ERROR */
	}
	t->n_bytes += len;
	if (t->answer)
		strbuf_add(t->answer, bytes, len);
	return len;
}

static int code_of(CURLcode code, const struct transfer *t)
{
	if (t->is_too_big)
		return -E2BIG;
	switch (code) {
	case CURLE_OPERATION_TIMEDOUT:
		return -ETIMEDOUT;
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_URL_MALFORMAT:
		return -EINVAL;
	case CURLE_COULDNT_CONNECT:
		return -ECONNREFUSED;
	default:
		return -EIO;
	}
}

static struct curl_slist *header_list(const struct http_request *request)
{
	struct curl_slist *list = NULL;

	if (request->body) {
		_cleanup_strbuf_ struct strbuf line;

		strbuf_init(&line, 512);
		strbuf_addf(&line, "Content-Type: %s", request->content_type ? request->content_type : "application/json");
		list = curl_lib.slist_append(list, line.text);
	}
	list = curl_lib.slist_append(list, "Expect:");   /* no waiting for 100-continue */
	for (size_t i = 0; request->headers && request->headers[i]; i++)
		list = curl_lib.slist_append(list, request->headers[i]);
	return list;
}

static void set_options(CURL *curl, const struct http_request *request, struct transfer *t)
{
	unsigned timeout_ms = request->timeout_ms ? request->timeout_ms : HTTP_TIMEOUT_DEFAULT_MS;

	curl_lib.easy_setopt(curl, CURLOPT_URL, request->url);
	curl_lib.easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_lib.easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_lib.easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_lib.easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
	curl_lib.easy_setopt(curl, CURLOPT_USERAGENT, "parka/" PARKA_VERSION);
	curl_lib.easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes);
	curl_lib.easy_setopt(curl, CURLOPT_WRITEDATA, t);
	if (request->probes) {
		curl_lib.easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
		curl_lib.easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
		curl_lib.easy_setopt(curl, CURLOPT_PROXY, "");
	}
	if (request->unix_socket) {
		curl_lib.easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, request->unix_socket);
		curl_lib.easy_setopt(curl, CURLOPT_PROXY, "");
	}
	if (request->body) {
		curl_lib.easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_len);
		curl_lib.easy_setopt(curl, CURLOPT_POSTFIELDS, request->body);
	}
	if (request->method)
		curl_lib.easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
}

int http_load(struct err *err)
{
	pthread_once(&init_once, init);
	return why_no_curl[0] ? err_set(err, -ENOSYS, "no libcurl to speak HTTP with (Debian: libcurl4): %s", why_no_curl) : 0;
}

int http_send(const struct http_request *request, int *ret_status, struct strbuf *answer, struct err *err)
{
	struct transfer t = { answer, 0, request->max_answer_bytes ? request->max_answer_bytes : HTTP_ANSWER_DEFAULT_BYTES, false };
	__attribute__((cleanup(easy_done))) CURL *curl = NULL;
	__attribute__((cleanup(list_done))) struct curl_slist *headers = NULL;
	char words[CURL_ERROR_SIZE] = "";
	CURLcode code;
	long status = 0;
	int r;

	r = http_load(err);
	if (r < 0) {
		err_wrap(err, "%s", request->url);
		return r;
	}
	curl = curl_lib.easy_init();
	if (!curl)
		return err_set(err, -ENOMEM, "%s: no memory for a connection", request->url);
	headers = header_list(request);
	set_options(curl, request, &t);
	curl_lib.easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_lib.easy_setopt(curl, CURLOPT_ERRORBUFFER, words);
	code = curl_lib.easy_perform(curl);
	if (code != CURLE_OK)
		return err_set(err, code_of(code, &t), "%s %s: %s", request->method ? request->method : request->body ? "POST" : "GET",
			       request->url, t.is_too_big ? "the answer is larger than allowed" : words[0] ? words : curl_lib.easy_strerror(code));
	curl_lib.easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	*ret_status = (int)status;
	return 0;
}
