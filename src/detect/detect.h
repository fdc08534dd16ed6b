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
	uint64_t n_held_back;                /* equal findings throttled since the last one that was told */
	uint64_t number;                     /* 1, 2, 3 ... of this run */
};

/* ---- engine ---- */
struct detect_options {
	double throttle_per_s;               /* findings per second and (rule, container) after the burst; 0 = no throttling */
	uint32_t throttle_burst;
	enum model_priority min_priority;    /* MODEL_PRIORITY_DEBUG: all */
	bool first_match_only;               /* Falco's default rule_matching: first; parka's default is all */
};
struct detect_engine;
typedef void (*detect_finding_fn)(const struct detect_finding *finding, void *data);
struct detect_engine *detect_engine_new(const struct detect_options *options, detect_finding_fn tell, void *data);
struct detect_engine *detect_engine_free(struct detect_engine *engine);
/* Swap in a compiled rule set; the engine takes ownership of it and frees the old one. */
void detect_engine_rules(struct detect_engine *engine, struct lang_rules *rules);
/* `container_key`: what throttling counts by beside the rule (0 for the host). */
void detect_engine_feed(struct detect_engine *engine, const struct model_record *record, uint64_t time_ns, uint64_t container_key);
/* Tell what was held back and not yet said (end of run, or a timer). */
void detect_engine_flush(struct detect_engine *engine, uint64_t time_ns);
struct detect_stats { uint64_t n_records, n_matches, n_told, n_held_back, n_by_priority[MODEL_PRIORITY_MAX]; };
void detect_engine_stats(const struct detect_engine *engine, struct detect_stats *ret);

/* ---- sinks ---- */
struct detect_sink;
struct detect_sink_ops {
	void (*tell)(struct detect_sink *sink, const struct detect_finding *finding);
	void (*flush)(struct detect_sink *sink);
	void (*free)(struct detect_sink *sink);
};
struct detect_sink { const struct detect_sink_ops *ops; const char *name; uint64_t n_told, n_dropped, n_failed; };

/* "stdout", "json" (JSON lines to stdout), "file:PATH[,max=SIZE][,keep=N]", "syslog", "http:URL" / "https:URL",
 * "program:COMMAND". -EINVAL with what was expected. */
int detect_sink_new(const char *spec, struct detect_sink **ret_sink, struct err *err);
/* The text and JSON of a finding: JSON has Falco's keys (time, rule, priority, source, hostname, output, tags,
 * output_fields) and parka's own under "parka.*". One line, no newline. */
void detect_finding_json(const struct detect_finding *finding, struct arena *scratch, struct strbuf *out);
void detect_finding_text(const struct detect_finding *finding, struct strbuf *out);

#endif
