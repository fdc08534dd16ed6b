/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_CLI_TOP_TEXT_H
#define PARKA_CLI_TOP_TEXT_H
/*
 * What `parka top` shows, as text: lines about the whole, then tables of event types, containers and rules, dearest first. Pure: no
 * terminal is touched here. Names are made safe (base/text.h).
 *
 * Rates, shares and processor time are of the interval; lost events, findings and what was held back are of the whole run: they
 * are few, and a second is too short to read them.
 */
#include "agent/costs.h"

enum top_sort { TOP_SORT_COST, TOP_SORT_EVENTS, TOP_SORT_NAME, TOP_SORTS };
const char *top_sort_name(enum top_sort sort);   /* "cost" */
enum top_sort top_sort_by_name(const char *name);   /* TOP_SORTS when there is none */

enum { TOP_ALL_TABLES = (1 << AGENT_COSTS_TABLES) - 1, TOP_ROWS_FOR_ALL = 24 };

struct top_view {
	const char *hostname;
	uint64_t up_s, n_rules, n_containers, rss_bytes;
	const struct agent_sums *interval, *run;
	bool interactive;        /* keys work: say which */
	bool paused;
};

struct top_style {
	size_t columns;          /* 0: as wide as it needs */
	size_t rows;             /* of the terminal; 0: no bound */
	size_t max_lines;        /* of each table; 0: no bound */
	unsigned tables;         /* bits 1 << enum agent_cost_table; all of them need TOP_ROWS_FOR_ALL rows, else it is the first */
	enum top_sort sort;
	bool color;
};

/* Lines, each ended by a newline: none wider than style->columns (60 at least), as many as style->rows if that is enough for a line
 * of each table. */
void top_text(const struct top_view *view, const struct top_style *style, struct strbuf *out);

#endif
