/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_AGENT_COSTS_H
#define PARKA_AGENT_COSTS_H
/*
 * Cost accounts: what parka has seen, dropped, delivered and lost, and the processor time it took, by event type, container
 * and rule. What `parka top` shows and what `parka watch` keeps for `parka rules explain`.
 *
 *   kernel counters --agent_costs_settle--+
 *   events, judged  --agent_costs_event---+--> struct agent_costs --> struct agent_sums (since the start)
 *   findings        --agent_costs_finding-+                              |  - sums of a moment ago = an interval
 *                                                                        +--> struct agent_day: DIR/costs.json
 *
 * Sums are three tables of rows, and a row is an array of counters (enum agent_cost): adding, subtracting, writing, reading and
 * sorting know no table by name. Everything that was counted on its way (events, findings) is exact. What had to be
 * measured (times, what passed because of a rule) is taken of a sample of events: all of them while there are few, some hundred a
 * second at most, each of which then stands for those since the one before.
 *
 * Times are of the processor. In user space they are read from the monotonic clock (CLOCK_THREAD_CPUTIME_ID is a system
 * call and costs many times that) and scaled down to the time that the process really used when somebody else ran in
 * between. Of BPF programs they are known while kernel.bpf_stats_enabled is on; a program that serves several event types is
 * divided among them by what they saw, containers share by what they did. A rule's time is its share of the
 * time that judging took, by what evaluating it alone takes.
 *
 * Bounded: AGENT_SUMS_* and AGENT_COSTS_*; what goes past a bound is counted under "other". Thread: one.
 */
#include "base/json.h"
#include "base/map.h"
#include "detect/detect.h"
#include "sensor/filter.h"
#include "sensor/sensor.h"

/* ---- sums ---- */

enum agent_cost {
	AGENT_COST_SEEN,         /* events as the kernel's programs saw them = dropped + folded + delivered + lost */
	AGENT_COST_DROPPED,      /* of them: by the filter in the kernel */
	AGENT_COST_FOLDED,       /* of them: into an equal one before */
	AGENT_COST_DELIVERED,    /* of them: read from the rings */
	AGENT_COST_LOST,
	AGENT_COST_FINDINGS,     /* told */
	AGENT_COST_HELD_BACK,    /* throttled */
	AGENT_COST_PASSED,       /* rules: events that the kernel delivered, also, because of it (sampled) */
	AGENT_COST_CPU_NS,       /* in user space */
	AGENT_COST_KERNEL_NS,    /* in BPF programs; 0 when it is not measured */
	AGENT_COST_WALL_NS,      /* the total only: how long it was counted */
	AGENT_COST_MAX
};
const char *agent_cost_name(enum agent_cost cost);   /* "seen": keys of the JSON */

enum agent_cost_table { AGENT_COSTS_TYPES, AGENT_COSTS_CONTAINERS, AGENT_COSTS_RULES, AGENT_COSTS_TABLES };
const char *agent_cost_table_name(enum agent_cost_table table);   /* "types" */

enum {
	AGENT_SUMS_ROWS_MAX = 2048,      /* of each table, the one for "other" among them */
	AGENT_SUMS_TEXT_MAX = 256,       /* bytes of an id or a name */
};

/* id: name of the event type; id of the container, "host"; name of the rule. "other": what found no room. */
struct agent_cost_row {
	char *id;
	char *name;              /* containers: their name; else NULL */
	uint64_t n[AGENT_COST_MAX];
};

struct agent_sums {
	uint64_t total[AGENT_COST_MAX];
	struct map tables[AGENT_COSTS_TABLES];   /* id -> struct agent_cost_row */
};

void agent_sums_init(struct agent_sums *sums);
void agent_sums_done(struct agent_sums *sums);
void agent_sums_clear(struct agent_sums *sums);
/* The row of an id, made when it is new; "other" when there is no room. A name replaces the one before. */
struct agent_cost_row *agent_sums_row(struct agent_sums *sums, enum agent_cost_table table, const char *id, const char *name);
const struct agent_cost_row *agent_sums_find(const struct agent_sums *sums, enum agent_cost_table table, const char *id);
void agent_sums_add(struct agent_sums *to, const struct agent_sums *what);
/* What was added to `now` since it was `before`: rows in which nothing was are left out. */
void agent_sums_since(struct agent_sums *ret, const struct agent_sums *now, const struct agent_sums *before);
/* Members of the object that `w` is in: "total" and one array per table, rows by id. Counters that are 0 are left out. */
void agent_sums_write(const struct agent_sums *sums, struct json_writer *w);
/* Adds what agent_sums_write() wrote. -EBADMSG with the place when it is anything else. */
int agent_sums_read(struct agent_sums *sums, const json_t *json, struct err *err);

/* ---- the account of a run ---- */

enum {
	AGENT_COSTS_SAMPLES = 128,       /* measured per second, about */
	AGENT_COSTS_RULES_TIMED = 4,     /* rules timed per measured event */
	AGENT_COSTS_CGROUPS_MAX = 8192,
};

struct agent_costs_options {
	uint64_t (*clock_ns)(void);      /* cheap and monotonic; NULL: CLOCK_MONOTONIC */
	/* The container of a control group of which no event was delivered; NULL: none known. */
	const struct runtime_container *(*container)(void *data, uint64_t cgroup_id);
	void *data;
	uint64_t wall_ns, cpu_ns;        /* where the clocks stand that agent_costs_settle() is told of */
};

struct agent_costs;
struct agent_costs *agent_costs_new(const struct agent_costs_options *options);
struct agent_costs *agent_costs_free(struct agent_costs *costs);   /* NULL is fine; returns NULL */

/* What events are judged by from now on. Kept by the caller until the next call. */
void agent_costs_rules(struct agent_costs *costs, const struct lang_rules *rules);
/* The filter that was made of these rules' terms, in the order they were given to sensor_filter_build(); owners are indexes of the
 * program. NULL: none. Kept by the caller until the next call; to be called again after agent_costs_rules(). */
void agent_costs_filter(struct agent_costs *costs, const struct sensor_filter_build *filter,
			const struct sensor_filter_term *terms, size_t n_terms);

/* One event: before it is read (may be called again when there was none), before its records are judged, and after. Costs some
 * nanoseconds when the event is not one of the sample. */
void agent_costs_begin(struct agent_costs *costs);
void agent_costs_judge(struct agent_costs *costs);
void agent_costs_event(struct agent_costs *costs, const struct sensor_wire *event, struct model_record *const *records, size_t n_records);
void agent_costs_finding(struct agent_costs *costs, const struct detect_finding *finding);
/* Once a second: how dense the sample is follows what came. */
void agent_costs_tick(struct agent_costs *costs);

/* What others count, since the sensor was opened (all of it only grows). */
struct agent_costs_program { uint64_t ns; struct model_event_set types; };   /* types it serves; none: of the total only */
struct agent_costs_counts {
	struct sensor_type_counts types[MODEL_EVT_MAX];
	uint64_t lost[MODEL_EVT_MAX];
	const struct sensor_cgroup_counts *cgroups;      /* NULL: not counted */
	size_t n_cgroups;
	const struct agent_costs_program *programs;      /* the same ones in the same order each time */
	size_t n_programs;
	uint64_t wall_ns, cpu_ns;                        /* clock; processor time of this process */
};
/* Bring the sums up to date. */
void agent_costs_settle(struct agent_costs *costs, const struct agent_costs_counts *counts);
const struct agent_sums *agent_costs_sums(const struct agent_costs *costs);   /* as of the last settling; grows until the end */

/* Fill in what the sensor counts (types, lost, programs and control groups in arrays kept from call to call) and the clocks. */
struct agent_costs_counter;
struct agent_costs_counter *agent_costs_counter_new(void);
struct agent_costs_counter *agent_costs_counter_free(struct agent_costs_counter *counter);
const struct agent_costs_counts *agent_costs_count(struct agent_costs_counter *counter, struct sensor *sensor);

/* ---- the sums of a day, in a file ---- */

enum { AGENT_DAY_BYTES_MAX = 8 << 20, AGENT_DAY_ASKED_S = 5 };

/* Who keeps the account; all 0 when the file does not say. */
struct agent_day_agent { uint64_t pid, n_rules, n_containers, rss_bytes; int64_t started_s; };

struct agent_day {
	char date[11];           /* local: "2026-11-25" */
	int64_t since_s, until_s;   /* epoch: the first counting, the last */
	struct agent_day_agent agent;
	struct agent_sums sums;
};
void agent_day_init(struct agent_day *day);
void agent_day_done(struct agent_day *day);
void agent_day_write(const struct agent_day *day, struct strbuf *out);
/* -EBADMSG when it is no such file: `day` is then as after init. */
int agent_day_parse(struct agent_day *day, const char *text, size_t len, const char *input, struct err *err);
/* DIR/costs.json. -ENOENT, -EBADMSG, or why it could not be read. */
int agent_day_read(struct agent_day *day, const char *dir, struct err *err);
void agent_day_date(int64_t epoch_s, char ret_date[11]);

/* Keeps the file: one process per directory. */
struct agent_day_keeper;
/* 0; 1 when the file was damaged, was moved to costs.json.damaged, and the day begins anew (err says what was wrong with it); -EBUSY
 * when another process keeps it; why the directory cannot be made or written. */
int agent_day_open(const char *dir, int64_t now_s, struct agent_day_keeper **ret_keeper, struct err *err);
/* Add what came since the last call and write. When another day has begun the file becomes costs-1.json first; what came in
 * between counts for the new one. The file is replaced at once (rename), not synced: a crash may lose a minute. */
int agent_day_keep(struct agent_day_keeper *keeper, const struct agent_sums *sums, int64_t now_s, struct err *err);
/* What the file says of its keeper from the next writing on. */
void agent_day_about(struct agent_day_keeper *keeper, const struct agent_day_agent *agent);
/* Somebody looks at the account in `dir`: whoever keeps it is to write it every second, as long as this is called every
 * AGENT_DAY_ASKED_S seconds or oftener. 1; 0 when nobody keeps it; -errno. */
int agent_day_ask(const char *dir, struct err *err);
bool agent_day_asked(const struct agent_day_keeper *keeper, int64_t now_s);
struct agent_day_keeper *agent_day_close(struct agent_day_keeper *keeper);   /* does not write; NULL is fine; returns NULL */

#endif
