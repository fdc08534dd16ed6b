/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_CLI_WATCH_LINE_H
#define PARKA_CLI_WATCH_LINE_H
/*
 * What the terminal view shows, as text: one line per finding, the lines below it on demand, the status line.
 * Pure: no terminal is touched here. Everything that comes from an event is made safe (base/text.h).
 *
 *   14:02:11 ▲ warning   web-1        cat read /etc/shadow, which holds password hashes
 *   14:02:12 ▲ warning                cat read /etc/gshadow, which holds password hashes
 *   14:02:15 ■ critical  host         insmod loaded a kernel module          (12 more like this held back before)
 *
 * The place is written where it changes, so that runs of one container are seen as a group.
 */
#include "detect/detect.h"

struct watch_line_style {
	size_t columns;          /* of the terminal; 0: lines are not cut */
	bool color;
	bool details;            /* the lines below: ancestors, container, session */
};

/* The finding's line, ended by a newline; `same_place` leaves the place blank. */
void watch_line_finding(const struct detect_finding *finding, const struct watch_line_style *style, bool same_place,
			struct strbuf *out);
/* The lines below it, each ended by a newline: chain of ancestors, container and image, session. */
void watch_line_details(const struct detect_finding *finding, const struct watch_line_style *style, struct arena *scratch,
			struct strbuf *out);

struct watch_status {
	double events_per_s, cpu_share;      /* 0.01: one percent of one core */
	double dropped_share;                /* of what the kernel saw in the last second */
	uint64_t n_findings, n_held_back, n_lost, n_containers, rss_bytes;
	uint64_t lost[8];                    /* by enum sensor_lost */
	const char *const *lost_names;
	size_t n_lost_names;
	uint64_t n_sink_lost;                /* dropped or failed by sinks */
	const char *note;                    /* "rules reloaded 14:02"; NULL */
	bool interactive;                    /* keys work: say which */
	bool paused;
	uint64_t n_waiting;                  /* findings not shown while paused */
};
/* One line without newline, at most style->columns - 1 columns (the last column makes terminals wrap). */
void watch_line_status(const struct watch_status *status, const struct watch_line_style *style, struct strbuf *out);

#endif
