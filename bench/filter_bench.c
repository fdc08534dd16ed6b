/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filter_bench [ROUNDS [RULES...]]: what an event costs its program when the filter in the kernel drops it, by what drops it; and
 * with the filter that files of rules make.
 *
 * Each round measures, one after the other: nothing attached; each filter; no filter, everything reported. Printed are
 * the medians of the ratios of a round, and the nanoseconds that a BPF program ran per call (in rounds of their own: counting
 * costs too). 0 rounds: only those, of few runs, for a guest whose clock counts instructions (scripts/guest.sh). Of many short runs the cheapest is taken, in CPU time of the thread: noise only adds. Needs root; pinned to the
 * first CPU, the rings are read on the last.
 */
#include "agent/filter.h"
#include "base/err.h"
#include "sensor/filter.h"
#include "sensor/mounts.h"
#include "sensor/sensor.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CHUNKS = 40, FILTERS = 8, FILTER_NONE = 6, RULES = 7, WORKS = 3, ROUNDS_MAX = 50, TERMS = 60 };
static const char *const filter_names[FILTERS] = { "no term", "flags, result", "60 paths", "60 paths, comm", "60 paths, where", "two dots", "none: reported", "rules" };
static const char *harmless = "/tmp/parka-filter-bench";
static atomic_bool stop;
static int chunks = CHUNKS;
static struct lang_rules *rules;         /* NULL: none were named */

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void work_open(void) { close(open(harmless, O_RDONLY)); }

static void work_failed_open(void)
{
	if (open("/tmp/parka-is-not-there", O_RDONLY) >= 0)
		abort();
}

static void work_udp(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		abort();
	close(fd);
}

static const struct { const char *name; void (*run)(void); int n; } works[WORKS] = {
	{ "open + close", work_open, 2000 }, { "failed open", work_failed_open, 3000 }, { "udp socket", work_udp, 1000 },
};

/* Terms like those of rules: files that matter, some by their directory, for some by whom or where. */
static struct sensor_filter_build *make_filter(int filter)
{
	static struct sensor_filter_term terms[TERMS];
	static char paths[TERMS][64];
	static const char *path_of[TERMS], *comms[] = { "sshd", "sudo", "systemd" };
	static const char *const suffixes[] = { ".pem", "id_rsa" }, *const parts[] = { ".ssh", ".aws" };
	static uint32_t ports[] = { 4444 };

	for (int i = 0; i < TERMS; i++) {
		struct sensor_filter_term *t = &terms[i];
		*t = (struct sensor_filter_term){ .owner = (uint32_t)i };
		model_event_set_add(&t->types, i % 8 == 7 ? MODEL_EVT_CONNECT : MODEL_EVT_OPENAT);
		t->results[0] = 1;
		if (i % 8 == 7) {
			t->ports[FILTER_REMOTE] = (struct sensor_filter_numbers){ ports, 1, false };
			continue;
		}
		if (filter == 1)
			t->kinds[0] = 2;         /* for writing */
		snprintf(paths[i], sizeof(paths[i]), "/etc/directory-%d/file", i);
		path_of[i] = paths[i];
		if (i % 4 == 0)
			t->paths = (struct sensor_filter_paths){ .below = &path_of[i], .n_below = 1 };
		else if (i % 16 == 1)
			t->suffixes = suffixes, t->n_suffixes = 2;
		else if (i % 16 == 2)
			t->parts = parts, t->n_parts = 2;
		else
			t->paths = (struct sensor_filter_paths){ .exact = &path_of[i], .n_exact = 1 };
	}
	if (filter == 3)
		terms[8] = (struct sensor_filter_term){ .types = terms[8].types, .comms = { comms, 3, false } };
	if (filter == 4)
		terms[8] = (struct sensor_filter_term){ .types = terms[8].types, .wheres = 1 << FILTER_WHERE_CONTAINER };
	if (filter == 5)
		terms[8] = (struct sensor_filter_term){ .types = terms[8].types, .texts = FILTER_TEXT_DOTS };
	return sensor_filter_build(terms, filter == 0 ? 0 : TERMS, NULL);
}

static void *drain(void *data)
{
	struct sensor *sensor = data;
	const struct sensor_wire *event;
	struct timespec pause = { 0, 2000000 };
	cpu_set_t cpu;

	CPU_ZERO(&cpu);
	CPU_SET(sysconf(_SC_NPROCESSORS_ONLN) - 1, &cpu);
	sched_setaffinity(0, sizeof(cpu), &cpu);
	while (!atomic_load(&stop)) {
		while (sensor_next(sensor, true, &event, NULL) == 1)
			;
		nanosleep(&pause, NULL);
	}
	return NULL;
}

static uint64_t own_cgroup(struct sensor *sensor)
{
	struct sensor_cgroup_counts counts[64];
	size_t n;

	sensor_count_cgroups(sensor, true);
	for (int i = 0; i < 1000; i++)
		work_open();
	sensor_count_cgroups(sensor, false);
	n = sensor_cgroup_counts(sensor, counts, 64);
	for (size_t i = 0; i < n; i++)
		if (counts[i].seen >= 1000)
			return counts[i].cgroup;
	return 0;
}

struct spent { double ns, runs; };

static struct spent spent_by_programs(struct sensor *sensor)
{
	struct sensor_program_cost costs[256];
	size_t n = sensor_program_costs(sensor, costs, 256);
	struct spent sum = { 0, 0 };

	for (size_t i = 0; i < n; i++) {
		sum.ns += (double)costs[i].ns;
		sum.runs += (double)costs[i].runs;
	}
	return sum;
}

/* Nanoseconds per operation; with a sensor those of its programs per run. */
static double run(int w, struct sensor *sensor)
{
	double best = 0;

	for (int c = 0; c < chunks; c++) {
		struct spent before = sensor ? spent_by_programs(sensor) : (struct spent){ 0, 0 }, after = before;
		double start = now_ns(), each;
		for (int i = 0; i < works[w].n; i++)
			works[w].run();
		each = (now_ns() - start) / works[w].n;
		if (sensor) {
			after = spent_by_programs(sensor);
			each = (after.ns - before.ns) / (after.runs - before.runs);
		}
		if (best == 0 || each < best)
			best = each;
	}
	return best;
}

static int set_filter(struct sensor *sensor, int filter, struct err *err)
{
	struct agent_filter_made made;
	struct sensor_filter_build *build;
	struct sensor_mounts *mounts;
	int r;

	if (filter == FILTER_NONE)
		return 0;
	if (filter == RULES) {
		mounts = sensor_mounts_of_host();
		made = agent_filter_make(rules, mounts);
		sensor_mounts_free(mounts);
		r = sensor_set_filter(sensor, sensor_filter_tables(made.build), err);
		agent_filter_made_done(&made);
		return r;
	}
	build = make_filter(filter);
	r = sensor_set_filter(sensor, sensor_filter_tables(build), err);
	sensor_filter_build_free(build);
	return r;
}

static int measure_with(int filter, bool programs, double ret[WORKS])
{
	struct sensor_options options = { 0 };
	struct sensor *sensor;
	struct err err = ERR_INIT;
	pthread_t thread;
	int stats = -1;

	model_event_set_add(&options.wanted, MODEL_EVT_OPENAT);
	model_event_set_add(&options.wanted, MODEL_EVT_CONNECT);
	if (sensor_open(&options, &sensor, &err) < 0 || set_filter(sensor, filter, &err) < 0)
		return fprintf(stderr, "filter_bench: %s\n", err.text), -1;
	sensor_filter_where(sensor, own_cgroup(sensor), FILTER_WHERE_HOST, NULL);
	atomic_store(&stop, false);
	pthread_create(&thread, NULL, drain, sensor);
	if (programs)
		stats = bpf_enable_stats(BPF_STATS_RUN_TIME);
	for (int w = 0; w < WORKS; w++)
		ret[w] = run(w, programs ? sensor : NULL);
	if (stats >= 0)
		close(stats);
	atomic_store(&stop, true);
	pthread_join(thread, NULL);
	sensor_close(sensor);
	sleep(1);                                /* hooks are taken off by a process of their own */
	return 0;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static int load_rules(char **paths)
{
	struct err err = ERR_INIT;
	int r = 0;

	rules = lang_rules_new();
	for (; *paths && r >= 0; paths++)
		r = lang_rules_load_path(rules, *paths, &err);
	if (r >= 0)
		r = lang_rules_compile(rules, &err);
	return r < 0 ? (fprintf(stderr, "filter_bench: %s\n", err.text), r) : 0;
}

int main(int argc, char **argv)
{
	int n_filters = argc > 2 ? FILTERS : RULES;
	static double ratios[FILTERS][WORKS][ROUNDS_MAX], bpf[FILTERS][WORKS], bare[WORKS];
	int rounds = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 5;
	double ns[WORKS];
	cpu_set_t cpu;

	if (rounds < 0 || rounds > ROUNDS_MAX)
		return fprintf(stderr, "filter_bench: at most %d rounds\n", ROUNDS_MAX), 2;
	if (argc > 2 && load_rules(argv + 2) < 0)
		return 2;
	if (!rounds)
		chunks = 4;
	CPU_ZERO(&cpu);
	CPU_SET(0, &cpu);
	sched_setaffinity(0, sizeof(cpu), &cpu);
	close(open(harmless, O_WRONLY | O_CREAT, 0644));
	for (int f = 0; f < n_filters; f++)
		if (measure_with(f, true, bpf[f]) < 0)
			return 3;
	for (int r = 0; r < rounds; r++)
		for (int f = 0; f < n_filters; f++) {
			for (int w = 0; w < WORKS; w++)
				bare[w] = run(w, NULL);
			if (measure_with(f, false, ns) < 0)
				return 3;
			for (int w = 0; w < WORKS; w++)
				ratios[f][w][r] = ns[w] / bare[w];
		}
	unlink(harmless);
	printf("%-18s", "dropped by");
	for (int w = 0; w < WORKS; w++)
		printf("%26s", works[w].name);
	for (int f = 0; f < n_filters; f++) {
		printf("\n%-18s", filter_names[f]);
		for (int w = 0; w < WORKS; w++) {
			qsort(ratios[f][w], (size_t)rounds, sizeof(double), compare);
			printf("      x%.2f, BPF %5.0f ns", ratios[f][w][rounds / 2], bpf[f][w]);
		}
	}
	lang_rules_free(rules);
	printf("\nnothing attached  ");
	for (int w = 0; w < WORKS; w++)
		printf("%23.0f ns", bare[w]);
	printf("\n");
	return 0;
}
