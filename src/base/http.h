/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_BASE_HTTP_H
#define PARKA_BASE_HTTP_H
/*
 * A small HTTP client: one request, one whole answer, with a limit and a time-out. The seam to libcurl.
 *
 * http and https only, certificates checked (unless a request only probes what is there), redirects never followed (the answer with its 3xx is handed back): who
 * answers cannot send parka elsewhere. Blocks for up to the time-out: never call it on the event path.
 * Thread: any; each call has its own connection.
 *
 * libcurl is loaded by the first call (Debian: libcurl4), not when the program starts.
 */
#include "base/err.h"
#include "base/strbuf.h"

#include <stdbool.h>
#include <stddef.h>

enum { HTTP_TIMEOUT_DEFAULT_MS = 10000, HTTP_ANSWER_DEFAULT_BYTES = 1 << 20 };

struct http_request {
	const char *url;                 /* http://... or https://... */
	const char *unix_socket;         /* connect there instead (the URL's host is then only a name); NULL: TCP */
	const char *method;              /* NULL: GET, or POST when there is a body */
	const void *body;                /* sent as it is; NULL: none */
	size_t body_len;
	const char *content_type;        /* of the body; NULL: application/json */
	const char *const *headers;      /* more headers, "Name: value", NULL-ended; NULL: none */
	unsigned timeout_ms;             /* for everything together; 0: HTTP_TIMEOUT_DEFAULT_MS */
	size_t max_answer_bytes;         /* 0: HTTP_ANSWER_DEFAULT_BYTES */
	bool probes;                     /* whoever answers will do: certificates are not checked, no proxy is asked */
};

/* Load libcurl now. -ENOSYS when it is not there: for those who want to know before the first request. */
int http_load(struct err *err);

/* Send it. *ret_status is the answer's status (also 404, 500: that is no failure here); the answer's body is put into
 * `answer`, an initialised strbuf (NULL: thrown away). -ETIMEDOUT; -E2BIG when the answer is larger than allowed;
 * -EINVAL for a URL of another scheme; -ECONNREFUSED when nobody listens; -ENOSYS without libcurl; -EIO for the rest, with curl's words. */
int http_send(const struct http_request *request, int *ret_status, struct strbuf *answer, struct err *err);

#endif
