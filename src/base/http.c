/* SPDX-License-Identifier: Apache-2.0 */
#include "base/http.h"
#include "base/mem.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

struct transfer {
	struct strbuf *answer;           /* NULL: thrown away */
	size_t n_bytes, max_bytes;
	bool is_too_big;
};

static pthread_once_t init_once = PTHREAD_ONCE_INIT;

static void init(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

static void easy_done(CURL **curl)
{
	if (*curl)
		curl_easy_cleanup(*curl);
}

static void list_done(struct curl_slist **list)
{
	curl_slist_free_all(*list);
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
		list = curl_slist_append(list, line.text);
	}
	list = curl_slist_append(list, "Expect:");   /* no waiting for 100-continue */
	for (size_t i = 0; request->headers && request->headers[i]; i++)
		list = curl_slist_append(list, request->headers[i]);
	return list;
}

static void set_options(CURL *curl, const struct http_request *request, struct transfer *t)
{
	unsigned timeout_ms = request->timeout_ms ? request->timeout_ms : HTTP_TIMEOUT_DEFAULT_MS;

	curl_easy_setopt(curl, CURLOPT_URL, request->url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "parka/" PARKA_VERSION);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, t);
	if (request->unix_socket) {
		curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, request->unix_socket);
		curl_easy_setopt(curl, CURLOPT_PROXY, "");
	}
	if (request->body) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_len);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body);
	}
	if (request->method)
		curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
}

int http_send(const struct http_request *request, int *ret_status, struct strbuf *answer, struct err *err)
{
	struct transfer t = { answer, 0, request->max_answer_bytes ? request->max_answer_bytes : HTTP_ANSWER_DEFAULT_BYTES, false };
	__attribute__((cleanup(easy_done))) CURL *curl = NULL;
	__attribute__((cleanup(list_done))) struct curl_slist *headers = NULL;
	char words[CURL_ERROR_SIZE] = "";
	CURLcode code;
	long status = 0;

	pthread_once(&init_once, init);
	curl = curl_easy_init();
	if (!curl)
		return err_set(err, -ENOMEM, "%s: no memory for a connection", request->url);
	headers = header_list(request);
	set_options(curl, request, &t);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, words);
	code = curl_easy_perform(curl);
	if (code != CURLE_OK)
		return err_set(err, code_of(code, &t), "%s %s: %s", request->method ? request->method : request->body ? "POST" : "GET",
			       request->url, t.is_too_big ? "the answer is larger than allowed" : words[0] ? words : curl_easy_strerror(code));
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	*ret_status = (int)status;
	return 0;
}
