/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"
#include "base/file.h"
#include "base/strbuf.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *const level_names[] = { "error", "warning", "info", "debug" };

void log_init(struct log *log, int fd, enum log_level level)
{
	/* systemd sets JOURNAL_STREAM when standard error goes to the journal. */
	*log = (struct log){ .fd = fd, .level = level, .with_time = !getenv("JOURNAL_STREAM") };
}

static bool needs_quotes(const char *text)
{
	if (!text[0])
		return true;
	for (const unsigned char *p = (const unsigned char *)text; *p; p++)
		if (*p <= ' ' || *p == '"' || *p == '=' || *p == '\\' || *p >= 0x7f)
			return true;
	return false;
}

static void add_value(struct strbuf *line, const char *text)
{
	if (!needs_quotes(text)) {
		strbuf_adds(line, text);
		return;
	}
	strbuf_addc(line, '"');
	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		if (*p == '"' || *p == '\\')
			strbuf_addf(line, "\\%c", *p);
		else if (*p == '\n')
			strbuf_adds(line, "\\n");
		else if (*p < ' ' || *p == 0x7f)
			strbuf_addf(line, "\\x%02x", *p);
		else
			strbuf_addc(line, (char)*p);
	}
	strbuf_addc(line, '"');
}

static void add_time(struct strbuf *line)
{
	struct timespec now;
	struct tm tm;
	char text[32];

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	strbuf_addf(line, "ts=%s.%03ldZ ", text, now.tv_nsec / 1000000);
}

/* Whether a line of this site may go out now; *ret_held_back lines stand behind it. */
static bool pass(struct log *log, const char *message, uint32_t *ret_held_back)
{
	struct timespec now;
	struct log_site *site = NULL;
	uint64_t second;

	*ret_held_back = 0;
	clock_gettime(CLOCK_MONOTONIC, &now);
	second = (uint64_t)now.tv_sec;
	for (size_t i = 0; i < LOG_SITES_MAX && !site; i++) {
		if (!log->sites[i].message)
			log->sites[i] = (struct log_site){ .message = message, .second = second };
		if (log->sites[i].message == message)
			site = &log->sites[i];
	}
	if (!site)
		return true;
	if (site->second != second) {
		/* Once over its burst a site gets one line a second until it was quiet for one. */
		site->n_in_second = site->n_in_second > LOG_BURST && second == site->second + 1 ? LOG_BURST : 0;
		site->second = second;
	}
	if (++site->n_in_second > LOG_BURST + 1) {
		site->n_held_back++;
		return false;
	}
	*ret_held_back = site->n_held_back;
	site->n_held_back = 0;
	return true;
}

void log_say(struct log *log, enum log_level level, const char *message, ...)
{
	_cleanup_strbuf_ struct strbuf line;
	uint32_t held_back;
	const char *key;
	va_list pairs;

	strbuf_init(&line, LOG_LINE_MAX - 1);
	if (level > log->level || !pass(log, message, &held_back))
		return;
	if (log->with_time)
		add_time(&line);
	strbuf_addf(&line, "level=%s msg=", level_names[level]);
	add_value(&line, message);
	va_start(pairs, message);
	while ((key = va_arg(pairs, const char *))) {
		const char *value = va_arg(pairs, const char *);
		if (!value)
			continue;
		strbuf_addf(&line, " %s=", key);
		add_value(&line, value);
	}
	va_end(pairs);
	if (held_back)
		strbuf_addf(&line, " held_back=%u", held_back);
	if (line.truncated)
		line.len = LOG_LINE_MAX - 2;
	line.text[line.len] = '\n';
	(void)fd_write_all(log->fd, line.text, line.len + 1);
}
