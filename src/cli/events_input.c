/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/events_input.h"
#include "agent/agent.h"
#include "model/json_record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FIRST_BUFFER = 256 * 1024 };

struct cli_events {
	struct cli_args *args;
	const char *name;
	struct model_json_reader *reader;
	int fd;
	char *buffer;
	size_t start, end, size;     /* unread bytes are start to end */
	size_t scanned;              /* from start on: no newline up to here */
	unsigned line;
	bool eof;
	struct agent_replay *replay; /* a capture; the rest is then not used */
	struct model_record *records[SENSOR_RECORDS_MAX];
	size_t next_record, n_records;
};

static void no_finding(const struct detect_finding *finding, void *data)
{
	(void)finding;
	(void)data;
}

/* A capture's records come from the state alone: nothing is judged here, so the rule set is empty. */
static int open_capture(struct cli_events *events, const char *path, struct err *err)
{
	struct agent_stream_options options = { .tell = no_finding };
	struct lang_rules *rules = lang_rules_new();
	int r = lang_rules_compile(rules, err);

	if (r < 0) {
		lang_rules_free(rules);
		return r;
	}
	return agent_replay_open(path, &options, rules, &events->replay, err);
}

static bool is_capture(int fd)
{
	char magic[8];

	return pread(fd, magic, sizeof(magic), 0) == (ssize_t)sizeof(magic) && memcmp(magic, "parkacap", 8) == 0;
}

static int next_of_capture(struct cli_events *e, const struct model_record **ret_record, struct err *err)
{
	const struct sensor_wire *event;

	while (e->next_record == e->n_records) {
		int r = agent_replay_next(e->replay, &event, e->records, &e->n_records, err);
		if (r <= 0)
			return r == -EBADMSG ? -EIO : r;   /* a damaged line can be passed over, a damaged capture not */
		e->next_record = 0;
	}
	*ret_record = e->records[e->next_record++];
	return 1;
}

int cli_events_open(struct cli_args *args, const char *path, struct cli_events **ret_events)
{
	bool is_stdin = strcmp(path, "-") == 0;
	struct cli_events *events;
	int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		struct err err = ERR_INIT;
		err_set_os(&err, -errno, "open %s", path);
		return cli_fail(args, &err);
	}
	events = mem_alloc(sizeof(*events));
	events->args = args;
	events->name = is_stdin ? "standard input" : path;
	events->fd = fd;
	if (is_capture(fd)) {
		struct err err = ERR_INIT;
		if (open_capture(events, path, &err) < 0) {
			cli_events_free(events);
			return cli_fail(args, &err);
		}
	}
	events->reader = model_json_reader_new();
	events->size = FIRST_BUFFER;
	events->buffer = mem_grow(NULL, events->size, 1);
	*ret_events = events;
	return CLI_OK;
}

struct cli_events *cli_events_free(struct cli_events *events)
{
	if (!events)
		return NULL;
	if (events->fd != STDIN_FILENO)
		close(events->fd);
	agent_replay_close(events->replay);
	model_json_reader_free(events->reader);
	free(events->buffer);
	free(events);
	return NULL;
}

/* More bytes behind `end`; they may move. Past the limit of a line the buffer grows no more. */
static int fill(struct cli_events *e, struct err *err)
{
	ssize_t n;

	if (e->start > 0) {
		memmove(e->buffer, e->buffer + e->start, e->end - e->start);
		e->end -= e->start;
		e->start = 0;
	}
	if (e->end == e->size) {
		e->size *= 2;
		e->buffer = mem_grow(e->buffer, e->size, 1);
	}
	fflush(stdout);
	do {
		n = read(e->fd, e->buffer + e->end, e->size - e->end);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_set_os(err, -EIO, "read %s", e->name);
	e->eof = n == 0;
	e->end += (size_t)n;
	return 0;
}

/* The rest of a line that is too long, thrown away as it comes. */
static int skip_line(struct cli_events *e, struct err *err)
{
	char *newline;

	for (;;) {
		newline = memchr(e->buffer + e->start, '\n', e->end - e->start);
		if (newline || e->eof)
			break;
		e->start = e->end;
		int r = fill(e, err);
		if (r < 0)
			return r;
	}
	e->start = newline ? (size_t)(newline + 1 - e->buffer) : e->end;
	e->scanned = 0;
	return err_set_at(err, -E2BIG, e->name, e->line, 1, "the line is longer than %d bytes", MODEL_JSON_LINE_MAX);
}

/* 1 with the next line, without its newline; 0 at the end. */
static int next_line(struct cli_events *e, char **ret_line, size_t *ret_len, struct err *err)
{
	for (;;) {
		char *from = e->buffer + e->start, *newline;
		size_t left = e->end - e->start;

		newline = memchr(from + e->scanned, '\n', left - e->scanned);
		if (newline || (e->eof && left)) {
			*ret_line = from;
			*ret_len = newline ? (size_t)(newline - from) : left;
			e->start += *ret_len + (newline != NULL);
			e->scanned = 0;
			e->line++;
			return 1;
		}
		if (e->eof)
			return 0;
		e->scanned = left;
		if (left > MODEL_JSON_LINE_MAX) {
			e->line++;
			return skip_line(e, err);
		}
		int r = fill(e, err);
		if (r < 0)
			return r;
	}
}

static bool is_blank(const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!strchr(" \t\r", line[i]) || !line[i])
			return false;
	return true;
}

static void tell_notices(struct cli_events *e)
{
	const char *notice;

	while ((notice = model_json_reader_notice(e->reader)) != NULL)
		if (!cli_quiet(e->args))
			fprintf(stderr, "parka: %s:%u: warning: %s\n", e->name, e->line, notice);
}

/* Some editors put a byte order mark before the first line. */
static void skip_byte_order_mark(const struct cli_events *e, char **line, size_t *len)
{
	if (e->line != 1 || *len < 3 || memcmp(*line, "\xef\xbb\xbf", 3) != 0)
		return;
	*line += 3;
	*len -= 3;
}

int cli_events_next(struct cli_events *e, const struct model_record **ret_record, struct err *err)
{
	char *line = NULL;
	size_t len = 0;
	int r;

	if (e->replay)
		return next_of_capture(e, ret_record, err);
	tell_notices(e);
	do {
		r = next_line(e, &line, &len, err);
		if (r > 0)
			skip_byte_order_mark(e, &line, &len);
	} while (r > 0 && is_blank(line, len));
	if (r <= 0)
		return r;
	r = model_json_reader_read(e->reader, line, len, e->name, e->line, ret_record, err);
	return r < 0 ? r : 1;
}
