/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The webhook: each finding is one POST of a JSON object. 2xx is delivered; 408, 429, 5xx, a time-out and a
 * connection that fails are tried again with back-off; every other answer gives the finding up. Redirects are
 * not followed: an endpoint that moved is for a person to decide.
 */
#include "detect/worker.h"
#include "detect/detect_internal.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct http_sink {
	struct detect_sink sink;
	struct worker *worker;
	struct detect_line line;
	char *url;
	CURL *curl;              /* the worker's, once it runs */
	struct curl_slist *headers;
};

static void http_tell(struct detect_sink *sink, const struct detect_finding *f)
{
	struct http_sink *s = container_of(sink, struct http_sink, sink);

	detect_line_make(&s->line, f, DETECT_FORMAT_JSON);
	worker_push(s->worker, s->line.text.text, s->line.text.len);
}

static size_t ignore_answer(char *bytes, size_t size, size_t n, void *data)
{
	(void)bytes;
	(void)data;
	return size * n;
}

static int stop_when_closing(void *data, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	struct http_sink *s = data;

	(void)a; (void)b; (void)c; (void)d;
	return worker_hurry(s->worker);
}

static int http_deliver(void *data, const char *bytes, size_t len)
{
	struct http_sink *s = data;
	long status = 0;

	curl_easy_setopt(s->curl, CURLOPT_POSTFIELDS, bytes);
	curl_easy_setopt(s->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len);
	if (curl_easy_perform(s->curl) != CURLE_OK)
		return -EAGAIN;
	curl_easy_getinfo(s->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status >= 200 && status < 300)
		return 0;
	return status == 408 || status == 429 || status >= 500 ? -EAGAIN : -EREMOTEIO;
}

static void http_free(struct detect_sink *sink)
{
	struct http_sink *s = container_of(sink, struct http_sink, sink);

	worker_free(s->worker);
	curl_slist_free_all(s->headers);
	if (s->curl)
		curl_easy_cleanup(s->curl);
	detect_line_done(&s->line);
	free(s->url);
	free(s);
}

static const struct detect_sink_ops http_ops = { .tell = http_tell, .free = http_free };
static const struct worker_ops http_worker = { .deliver = http_deliver };

static int set_up(struct http_sink *s, const struct detect_sink_spec *spec, struct err *err)
{
	s->curl = curl_easy_init();
	if (!s->curl)
		return err_set(err, -ENOMEM, "sink %s: libcurl does not start", spec->spec);
	if (curl_easy_setopt(s->curl, CURLOPT_URL, s->url) != CURLE_OK)
		return err_set(err, -EINVAL, "sink %s: not a URL", spec->spec);
	s->headers = curl_slist_append(NULL, "Content-Type: application/json");
	s->headers = curl_slist_append(s->headers, "Expect:");
	curl_easy_setopt(s->curl, CURLOPT_HTTPHEADER, s->headers);
	curl_easy_setopt(s->curl, CURLOPT_USERAGENT, "parka/" PARKA_VERSION);
	curl_easy_setopt(s->curl, CURLOPT_POST, 1L);
	curl_easy_setopt(s->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(s->curl, CURLOPT_TIMEOUT_MS, (long)DETECT_TIMEOUT_MS);
	curl_easy_setopt(s->curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(s->curl, CURLOPT_WRITEFUNCTION, ignore_answer);
	curl_easy_setopt(s->curl, CURLOPT_XFERINFOFUNCTION, stop_when_closing);
	curl_easy_setopt(s->curl, CURLOPT_XFERINFODATA, s);
	curl_easy_setopt(s->curl, CURLOPT_NOPROGRESS, 0L);
	return 0;
}

static bool is_url(const char *url)
{
	CURLU *parts = curl_url();
	bool good = parts && curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK;

	curl_url_cleanup(parts);
	return good && (strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0);
}

int detect_sink_http(const struct detect_sink_spec *spec, struct detect_sink **ret_sink, struct err *err)
{
	struct http_sink *s;
	int r;

	if (!is_url(spec->target))
		return err_set(err, -EINVAL, "sink %s: expected a URL such as https://host/path", spec->spec);
	s = mem_alloc(sizeof(*s));
	s->sink = (struct detect_sink){ .ops = &http_ops, .name = "http" };
	s->url = mem_strdup(spec->target);
	detect_line_init(&s->line);
	r = set_up(s, spec, err);
	if (r < 0) {
		http_free(&s->sink);
		return r;
	}
	s->worker = worker_new(&s->sink, &http_worker, s);
	*ret_sink = &s->sink;
	return 0;
}
