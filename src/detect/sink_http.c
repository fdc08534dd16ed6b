/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The webhook: each finding is one POST of a JSON object. 2xx is delivered; 408, 429, 5xx, a time-out and a
 * connection that fails are tried again with back-off; every other answer gives the finding up. Redirects are
 * not followed: an endpoint that moved is for a person to decide.
 */
#include "base/http.h"
#include "detect/worker.h"
#include "detect/detect_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct http_sink {
	struct detect_sink sink;
	struct worker *worker;
	struct detect_line line;
	char *url;
};

static void http_tell(struct detect_sink *sink, const struct detect_finding *f)
{
	struct http_sink *s = container_of(sink, struct http_sink, sink);

	detect_line_make(&s->line, f, DETECT_FORMAT_JSON);
	worker_push(s->worker, s->line.text.text, s->line.text.len);
}

static int http_deliver(void *data, const char *bytes, size_t len)
{
	struct http_sink *s = data;
	struct http_request request = {
		.url = s->url, .body = bytes, .body_len = len, .timeout_ms = DETECT_TIMEOUT_MS,
	};
	int status, r = http_send(&request, &status, NULL, NULL);

	if (r < 0)
		return r == -EINVAL ? r : -EAGAIN;
	if (status >= 200 && status < 300)
		return 0;
	return status == 408 || status == 429 || status >= 500 ? -EAGAIN : -EREMOTEIO;
}

static void http_finish(struct detect_sink *sink)
{
	struct http_sink *s = container_of(sink, struct http_sink, sink);

	s->worker = worker_free(s->worker);
}

static void http_free(struct detect_sink *sink)
{
	struct http_sink *s = container_of(sink, struct http_sink, sink);

	detect_line_done(&s->line);
	free(s->url);
	free(s);
}

static const struct detect_sink_ops http_ops = { .tell = http_tell, .free = http_free, .finish = http_finish };
static const struct worker_ops http_worker = { .deliver = http_deliver };

/* A scheme we speak, a host, nothing that could end a line of the request. */
static bool is_url(const char *url)
{
	size_t scheme = strncmp(url, "http://", 7) == 0 ? 7 : strncmp(url, "https://", 8) == 0 ? 8 : 0;

	for (const char *p = url; *p; p++)
		if (*p <= ' ' || *p == 0x7f)
			return false;
	return scheme && strcspn(url + scheme, "/?#") > 0;
}

int detect_sink_http(const struct detect_sink_spec *spec, struct detect_sink **ret_sink, struct err *err)
{
	struct http_sink *s;
	int r;

	if (!is_url(spec->target))
		return err_set(err, -EINVAL, "sink %s: expected a URL such as https://host/path", spec->spec);
	r = http_load(err);
	if (r < 0) {
		err_wrap(err, "sink %s", spec->spec);
		return r;
	}
	s = mem_alloc(sizeof(*s));
	s->sink = (struct detect_sink){ .ops = &http_ops, .name = "http" };
	s->url = mem_strdup(spec->target);
	detect_line_init(&s->line);
	s->worker = worker_new(&s->sink, &http_worker, s);
	*ret_sink = &s->sink;
	return 0;
}
