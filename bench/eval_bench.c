/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What asking all rules about the events of a recorded workload costs: the capture is loaded into memory and run
 * through the state, time after time, with and without the rules being asked.
 *
 *     bench/mixed_load.sh CAPTURE                                  (once, as root)
 *     build/bench/eval_bench [-p PASSES] [-n EVENTS] [-t] CAPTURE RULES.yaml|DIR...
 *
 * Prints medians over the passes (default 7), in nanoseconds of CPU time per event: the state alone (decoding,
 * process table, records); with the rules asked, fields fetched; the whole pipeline, findings told to nobody; the same with the kernel's question asked first, as parka replay does. What
 * evaluation costs is the difference of the first two, each pass against its neighbour. -n: only the first events. -t: for
 * each event type how many there are and what asking about it costs, by the time stamp counter, the lowest of five passes. Where the
 * clock is noisy, instructions are not: valgrind --tool=callgrind --toggle-collect=lang_program_match.
 */
#include "agent/agent.h"
#include "lang/condition.h"
#include "sensor/wire.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PASSES_MAX = 99 };

struct item { enum capture_kind kind; size_t at, len; };

/* A capture in memory. */
struct tape {
	struct capture_info info;
	char *bytes;
	struct item *items;
	size_t n_bytes, bytes_size, n_items, items_size, n_events;
};

enum what { STATE_ONLY, STATE_AND_MATCH, PIPELINE, FILTERED, N_WHATS };

/* One pass: a host that starts at the capture's beginning. */
struct pass {
	const struct tape *tape;
	struct runtime *runtime;
	struct agent_stream *stream;
	uint64_t epoch_ns;
};

struct bench {
	struct tape tape;
	char **paths;
	int n_paths;
	struct lang_rules *rules;
	struct lang_scratch *scratch;
	uint64_t n_records, n_matches, n_told;
	uint64_t ticks[MODEL_EVT_MAX], lowest[MODEL_EVT_MAX], counts[MODEL_EVT_MAX];
	bool by_type;
};

/* ---- the capture ---- */

static void tape_add(struct tape *t, enum capture_kind kind, const void *bytes, size_t len)
{
	if (t->n_items == t->items_size) {
		t->items_size = t->items_size ? t->items_size * 2 : 1024;
		t->items = mem_grow(t->items, t->items_size, sizeof(*t->items));
	}
	while (t->n_bytes + len + 8 > t->bytes_size) {
		t->bytes_size = t->bytes_size ? t->bytes_size * 2 : 1 << 20;
		t->bytes = mem_grow(t->bytes, t->bytes_size, 1);
	}
	t->items[t->n_items++] = (struct item){ kind, t->n_bytes, len };
	memcpy(t->bytes + t->n_bytes, bytes, len);
	t->n_bytes = (t->n_bytes + len + 7) & ~(size_t)7;
	t->n_events += kind == CAPTURE_EVENT;
}

static int tape_load(struct tape *t, const char *path, size_t max_events, struct err *err)
{
	struct capture_reader *reader;
	enum capture_kind kind;
	const void *bytes;
	size_t len;
	int r = capture_open(path, &reader, err);

	if (r < 0)
		return r;
	t->info = *capture_reader_info(reader);
	while (t->n_events < max_events && (r = capture_next(reader, &kind, &bytes, &len, err)) == 1)
		tape_add(t, kind, bytes, len);
	capture_reader_close(reader);
	return r;
}

/* ---- a pass ---- */

static const struct runtime_container *by_cgroup(void *data, uint64_t cgroup_id, const char *path)
{
	struct pass *p = data;

	return runtime_by_cgroup(p->runtime, cgroup_id, path, p->epoch_ns);
}

static void tell(const struct detect_finding *finding, void *data)
{
	struct bench *b = data;

	(void)finding;
	b->n_told++;
}

static struct lang_rules *load(char **paths, int n)
{
	struct agent_rule_source source = { .paths = (const char *const *)paths, .n_paths = (size_t)n };
	struct lang_rules *rules = NULL;
	struct err err = { 0 };
	bool faulty = false;
	int r = agent_rules_load(&source, &rules, &faulty, &err);

	if (r < 0 || faulty) {
		fprintf(stderr, "eval_bench: %s\n", r < 0 ? err.text : "the rule files have errors");
		exit(1);
	}
	return rules;
}

static void pass_begin(struct pass *p, struct bench *b, enum what what)
{
	static const struct runtime_options nowhere = { .root = "/dev/null", .grace_ns = UINT64_MAX / 4 };
	struct agent_stream_options o = {
		.tell = tell, .data = b, .filter = what == FILTERED,
		.detect = { .throttle_per_s = 1, .throttle_burst = 10, .min_priority = MODEL_PRIORITY_DEBUG, .hostname = b->tape.info.hostname },
		.state = { .containers = { by_cgroup, p }, .hostname = b->tape.info.hostname, .boot_to_epoch_ns = b->tape.info.boot_to_epoch_ns },
	};

	p->tape = &b->tape;
	p->runtime = runtime_new(&nowhere);
	p->stream = agent_stream_new(&o, load(b->paths, b->n_paths));
}

static void pass_end(struct pass *p)
{
	agent_stream_free(p->stream);
	runtime_free(p->runtime);
}

static void adopt(struct pass *p, const struct item *item, const char *text)
{
	_cleanup_json_ json_t *json = NULL;
	int r;

	if (item->kind != CAPTURE_CONTAINER)
		r = sensor_state_adopt(agent_stream_state(p->stream), (int)item->kind, text, item->len, NULL);
	else if ((r = json_parse(text, item->len, "a container of the capture", &json, NULL)) == 0)
		r = runtime_container_adopt(p->runtime, json, NULL);
	if (r < 0)
		fprintf(stderr, "eval_bench: a record of the capture is damaged\n");
}

static uint64_t ticks(void)
{
#ifdef __x86_64__
	return __builtin_ia32_rdtsc();
#else
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
#endif
}

static void match(struct bench *b, struct model_record *const *records, size_t n)
{
	const struct lang_program *program = lang_rules_program(b->rules);
	uint32_t indexes[64];

	for (size_t i = 0; i < n; i++) {
		uint64_t start = b->by_type ? ticks() : 0;

		b->n_matches += lang_program_match(program, b->scratch, records[i], indexes, ARRAY_LEN(indexes));
		if (b->by_type) {
			b->ticks[records[i]->event] += ticks() - start;
			b->counts[records[i]->event]++;
		}
	}
	b->n_records += n;
}

static void pass_run(struct pass *p, struct bench *b, enum what what)
{
	struct model_record *records[SENSOR_RECORDS_MAX];

	for (size_t i = 0; i < p->tape->n_items; i++) {
		const struct item *item = &p->tape->items[i];
		const struct sensor_wire *event = (const void *)(p->tape->bytes + item->at);
		size_t n;

		if (item->kind == CAPTURE_SEED) {
			sensor_state_seed(agent_stream_state(p->stream), event);
		} else if (item->kind == CAPTURE_EVENT) {
			p->epoch_ns = event->ts_ns + (uint64_t)p->tape->info.boot_to_epoch_ns;
			n = agent_stream_apply(p->stream, event, records);
			if (what == STATE_AND_MATCH)
				match(b, records, n);
			else if (what != STATE_ONLY)
				agent_stream_judge(p->stream, event, records, n);
		} else {
			adopt(p, item, (const char *)event);
		}
	}
}

/* ---- measuring ---- */

static double cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double measure(struct bench *b, enum what what)
{
	struct pass p = { 0 };
	double start, spent;

	pass_begin(&p, b, what);
	b->n_records = b->n_matches = b->n_told = 0;
	start = cpu_ns();
	pass_run(&p, b, what);
	spent = cpu_ns() - start;
	pass_end(&p);
	return spent / (double)b->tape.n_events;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values, size_t n)
{
	qsort(values, n, sizeof(*values), compare);
	return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

static void print_types(struct bench *b)
{
	uint64_t all = 0;

	b->by_type = true;
	for (unsigned i = 0; i < 5; i++) {
		memset(b->ticks, 0, sizeof(b->ticks));
		memset(b->counts, 0, sizeof(b->counts));
		measure(b, STATE_AND_MATCH);
		for (unsigned t = 0; t < MODEL_EVT_MAX; t++)
			if (i == 0 || b->ticks[t] < b->lowest[t])
				b->lowest[t] = b->ticks[t];
	}
	for (unsigned t = 0; t < MODEL_EVT_MAX; t++)
		all += b->lowest[t];
	for (unsigned t = 0; t < MODEL_EVT_MAX; t++)
		if (b->counts[t])
			printf("  %-20s %8" PRIu64 " records %6.0f ticks each %5.1f %% of all\n", model_event(t) ? model_event(t)->name : "?", b->counts[t],
			       (double)b->lowest[t] / (double)b->counts[t], 100.0 * (double)b->lowest[t] / (double)all);
}

static void run(struct bench *b, unsigned n_passes)
{
	static double values[N_WHATS + 1][PASSES_MAX];
	static const char *const names[] = { "state alone", "state and rules", "whole pipeline", "the same, filter first", "evaluation of the rules" };

	measure(b, STATE_AND_MATCH);            /* warm up */
	for (unsigned i = 0; i < n_passes; i++) {
		for (int w = 0; w < N_WHATS; w++)
			values[w][i] = measure(b, (enum what)w);
		values[N_WHATS][i] = values[STATE_AND_MATCH][i] - values[STATE_ONLY][i];
	}
	measure(b, STATE_AND_MATCH);
	printf("%" PRIu64 " records, %" PRIu64 " matches\n", b->n_records, b->n_matches);
	for (int w = 0; w <= N_WHATS; w++) {
		double m = median(values[w], n_passes);
		printf("%-24s %6.0f ns per event, %5.2f million events per second of one core (lowest %.0f)\n", names[w], m, 1e3 / m, values[w][0]);
	}
}

int main(int argc, char **argv)
{
	struct bench *b = mem_alloc(sizeof(*b));
	struct lang_program_stats stats;
	struct err err = { 0 };
	unsigned n_passes = 7;
	size_t max_events = SIZE_MAX;
	bool by_type = false;
	int c;

	while ((c = getopt(argc, argv, "p:n:t")) != -1) {
		if (c == 'p')
			n_passes = (unsigned)strtoul(optarg, NULL, 10);
		else if (c == 'n')
			max_events = strtoul(optarg, NULL, 10);
		else if (c == 't')
			by_type = true;
		else
			return 2;
	}
	if (argc - optind < 2 || n_passes < 1 || n_passes > PASSES_MAX) {
		fprintf(stderr, "usage: eval_bench [-p PASSES] [-n EVENTS] [-t] CAPTURE RULES.yaml|DIR...\n");
		return 2;
	}
	if (tape_load(&b->tape, argv[optind], max_events, &err) < 0 || !b->tape.n_events) {
		fprintf(stderr, "eval_bench: %s\n", err.text[0] ? err.text : "the capture has no events");
		return 1;
	}
	b->paths = argv + optind + 1;
	b->n_paths = argc - optind - 1;
	b->rules = load(b->paths, b->n_paths);
	b->scratch = lang_scratch_new(lang_rules_program(b->rules));
	lang_program_stats(lang_rules_program(b->rules), &stats);
	printf("%zu events, %u conditions, %u predicates\n", b->tape.n_events, stats.n_conditions, stats.n_predicates);
	run(b, n_passes);
	if (by_type)
		print_types(b);
	lang_scratch_free(b->scratch);
	lang_rules_free(b->rules);
	free(b->tape.bytes);
	free(b->tape.items);
	free(b);
	return 0;
}
