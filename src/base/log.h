/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_BASE_LOG_H
#define PARKA_BASE_LOG_H
/*
 * What the program itself has to say: logfmt lines on standard error (journald and people
 * read them). Only cli/ and the daemon's main may use it: rooms return errors and counts.
 *
 *     log_say(log, LOG_LEVEL_WARNING, "rules not reloaded", "file", path, "error", err.text, NULL);
 *     ts=2026-11-23T19:02:25.123Z level=warning msg="rules not reloaded" file=/etc/x error="..."
 *
 * Each call site's message (its text) is limited to a burst and then one a second, so that a
 * fault that repeats cannot fill the disk; the next line that passes says how many were held back.
 * Thread: one per struct log.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

enum { LOG_SITES_MAX = 64, LOG_BURST = 20, LOG_LINE_MAX = 4096 };

struct log_site { const char *message; uint64_t second; uint32_t n_in_second, n_held_back; };

struct log {
	int fd;
	enum log_level level;      /* what is less important is not written */
	bool with_time;            /* journald adds its own */
	struct log_site sites[LOG_SITES_MAX];
};

void log_init(struct log *log, int fd, enum log_level level);
/* `message` must be a string literal (it identifies the site); then pairs of key and value, ended by
 * NULL. A NULL value is skipped with its key. Control characters are escaped. */
void log_say(struct log *log, enum log_level level, const char *message, ...) __attribute__((sentinel));

#endif
