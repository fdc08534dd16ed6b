/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_DETECT_DETECT_H
#define PARKA_DETECT_DETECT_H
/*
 * Detect: records x rules = findings, and telling people of them.
 *
 *   record --detect_engine_feed--> program match --> throttle --> struct detect_finding --> sinks
 *
 * The hot path allocates nothing and does no I/O when nothing matches. Thread: the engine is one
 * thread's; sinks that may block (webhook, program, syslog) have a thread and a bounded queue each.
 */
#include "base/err.h"
#include "lang/rules.h"
#include "model/record.h"

struct runtime_container;

struct detect_finding {
	const struct lang_rule *rule;
	const struct model_record *record;   /* valid during the call */
	uint64_t time_ns;                    /* epoch */
	const char *output;                  /* formatted */
	uint64_t n_held_back;                /* equal findings throttled, or folded in the kernel, since the last one that was told */
	uint64_t number;                     /* 1, 2, 3 ... of this run */
	/* Where it happened: text of the record's fields. "host" and "host" outside containers, NULL when unset. */
	const char *container_id, *container_name, *image;
	const char *hostname;                /* NULL: not known */
	/* A summary tells what was held back when nothing came after it: record is NULL, n_held_back says how many,
	 * and output is that of the last one told. */
	bool is_summary;
};

/* ---- engine ---- */
struct detect_options {
	double throttle_per_s;               /* findings per second and (rule, container) after the burst; 0 = no throttling */
	uint32_t throttle_burst;
	enum model_priority min_priority;    /* MODEL_PRIORITY_DEBUG: all */
	bool first_match_only;               /* Falco's default rule_matching: first; parka's default is all */
	const char *hostname;                /* for findings whose record does not know; NULL: none. Kept by the caller */
};
struct detect_engine;
typedef void (*detect_finding_fn)(const struct detect_finding *finding, void *data);
struct detect_engine *detect_engine_new(const struct detect_options *options, detect_finding_fn tell, void *data);
struct detect_engine *detect_engine_free(struct detect_engine *engine);
/* Swap in a compiled rule set; the engine takes ownership of it and frees the old one. */
void detect_engine_rules(struct detect_engine *engine, struct lang_rules *rules);
/* `container_key`: what throttling counts by beside the rule (0 for the host). */
void detect_engine_feed(struct detect_engine *engine, const struct model_record *record, uint64_t time_ns, uint64_t container_key);
/* Tell what was held back, has been quiet long enough that the next would have been told, and is not yet
 * said (a timer; UINT64_MAX: the end of the run, all of it). */
void detect_engine_flush(struct detect_engine *engine, uint64_t time_ns);
/* A finding of parka's own (a telemetry gap): numbered and counted with the others, not throttled. `record`
 * may be NULL. Below the minimum priority nothing is told. */
void detect_engine_report(struct detect_engine *engine, const struct lang_rule *rule, const struct model_record *record,
			  uint64_t time_ns, const char *output);
struct detect_stats { uint64_t n_records, n_matches, n_told, n_held_back, n_by_priority[MODEL_PRIORITY_MAX]; };
void detect_engine_stats(const struct detect_engine *engine, struct detect_stats *ret);

/* ---- sinks ----
 *
 * A sink is told findings by the engine's thread and never blocks it: what may wait (webhook, program, syslog)
 * has a thread and a bounded queue. A full queue drops and counts. */
struct detect_sink;
struct detect_sink_ops {
	void (*tell)(struct detect_sink *sink, const struct detect_finding *finding);
	void (*flush)(struct detect_sink *sink);   /* now and then: write out, reopen a file that was moved away */
	void (*free)(struct detect_sink *sink);
	void (*finish)(struct detect_sink *sink);  /* delivers what waits, for a limited time; nothing is told after it */
};
/* The counters are written by the sink's thread: read them with detect_sink_counts(). */
struct detect_sink { const struct detect_sink_ops *ops; const char *name; uint64_t n_told, n_dropped, n_failed; };

/* What `spec` may be, [,format=text|json] for each but stdout, json and syslog having their usual one:
 *   stdout                     text lines on standard output
 *   json                       JSON lines on standard output
 *   file:PATH[,max=SIZE][,keep=N]   JSON lines; at SIZE (default 100M) PATH becomes PATH.1, of which N (5) are kept
 *   syslog[:SOCKET]            RFC 5424 to /dev/log
 *   http:URL, https:URL        POST of one JSON object per finding: "http://host/x" is a spec as it is
 *   program:COMMAND            one long-running child of /bin/sh -c, JSON lines on its standard input
 *   program-each:COMMAND       one child per finding
 * -EINVAL with what was expected, or the errno of opening it. */
int detect_sink_new(const char *spec, struct detect_sink **ret_sink, struct err *err);
/* Delivers what waits, for a few seconds; after it the counts are final and nothing may be told. */
void detect_sink_finish(struct detect_sink *sink);
struct detect_sink *detect_sink_free(struct detect_sink *sink);   /* finishes; NULL is fine; returns NULL */
void detect_sink_tell(struct detect_sink *sink, const struct detect_finding *finding);
void detect_sink_flush(struct detect_sink *sink);
struct detect_sink_counts { uint64_t n_told, n_dropped, n_failed; };
void detect_sink_counts(struct detect_sink *sink, struct detect_sink_counts *ret);

/* The text and JSON of a finding. One line, no newline, whatever the finding's text holds. JSON has Falco's keys
 * (time, rule, priority, source, hostname, output, tags, output_fields) and parka's own under "parka"; the text
 * is Falco's: "HH:MM:SS.nnnnnnnnn: Priority message", local time. */
void detect_finding_json(const struct detect_finding *finding, struct arena *scratch, struct strbuf *out);
void detect_finding_text(const struct detect_finding *finding, struct strbuf *out);

/* The process of a record and its ancestors, nearest first (the process itself is 0), as far as the record knows
 * them. Text lives in the record or in scratch; long command lines are cut. */
struct detect_ancestor { int64_t pid; const char *name, *exepath, *cmdline; };   /* pid 0, NULL: not known */
enum { DETECT_ANCESTORS_MAX = 32 };
size_t detect_record_ancestors(const struct model_record *record, struct arena *scratch,
			       struct detect_ancestor ret[DETECT_ANCESTORS_MAX]);
/* The text of a field without argument; NULL when it is unset or no text. */
const char *detect_record_text(const struct model_record *record, enum model_field_id field, struct arena *scratch);

#endif
