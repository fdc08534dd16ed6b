/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hooks_bench [ROUNDS [DIVISOR [WAY...]]]: what the sensor's hooks cost a program, in nanoseconds per operation.
 *
 * Each round measures, one after the other: nothing attached; returns of functions (fexit); a tracepoint per system
 * call; the program on every exit. What the kernel refuses is left out. Medians of the rounds and their ratios to nothing are
 * printed. The rings are drained by a thread on another core where there is one. DIVISOR: that much less of each
 * work. WAY: fexit, calls, exit; without, all.
 *
 * In a guest, where time counts instructions (scripts/guest.sh, PARKA_GUEST_QEMU):
 *
 *     PARKA_GUEST_QEMU="-smp 1 -icount shift=0" scripts/guest.sh run 6.12 -t 900 -f build/tests/kernel/hooks_bench:/hooks_bench -- \
 *         /hooks_bench 3 20 fexit calls
 */
#include "base/err.h"
#include "sensor/sensor.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SETUPS = 4, WORKS = 6, ROUNDS_MAX = 15 };
static const struct { const char *name, *way; } setups[SETUPS] = {
	{ "nothing", NULL }, { "returns of functions", "fexit" }, { "tracepoint per call", "calls" }, { "every exit", "exit" },
};
static atomic_bool stop;

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void work_getppid(void) { syscall(SYS_getppid); }

static void work_read(void)
{
	static int fd = -1;
	char byte;

	if (fd < 0)
		fd = open("/dev/zero", O_RDONLY);
	if (read(fd, &byte, 1) < 0)
		abort();
}

static void work_open(void)
{
	int fd = open("/etc/hostname", O_RDONLY);

	close(fd);
}

static void work_failed_open(void)
{
	if (open("/nowhere/at/all", O_RDONLY) >= 0)
		abort();
}

static void work_connect(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		abort();
	close(fd);
}

static void work_exec(void)
{
	pid_t pid = vfork();

	if (pid == 0) {
		execl("/bin/true", "true", NULL);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
}

static const struct { const char *name; void (*run)(void); int n; } works[WORKS] = {
	{ "getppid", work_getppid, 400000 }, { "read 1 byte", work_read, 300000 }, { "open + close", work_open, 40000 },
	{ "failed open", work_failed_open, 60000 },
	{ "socket + connect + close", work_connect, 20000 }, { "vfork + exec + wait", work_exec, 200 },
};

static void *drain(void *data)
{
	struct sensor *sensor = data;
	const struct sensor_wire *event;
	struct timespec pause = { 0, 20000000 };
	cpu_set_t cpu;

	CPU_ZERO(&cpu);
	CPU_SET(sysconf(_SC_NPROCESSORS_ONLN) > 1 ? 1 : 0, &cpu);
	sched_setaffinity(0, sizeof(cpu), &cpu);
	while (!atomic_load(&stop)) {
		while (sensor && sensor_next(sensor, true, &event, NULL) == 1)
			;
		nanosleep(&pause, NULL);
	}
	return NULL;
}

/* The thread's own time: what parka does meanwhile on the same CPU is not the program's. */
static double own_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void measure(double each[WORKS], int divisor)
{
	for (int w = 0; w < WORKS; w++) {
		int n = works[w].n / divisor + 1;
		double (*clock)(void) = works[w].run == work_exec ? now_ns : own_ns, start = clock();
		for (int i = 0; i < n; i++)
			works[w].run();
		each[w] = (clock() - start) / n;
	}
}

/* The hooks are gone when the process that closes them is: it is ours, see main(). */
static void wait_for_closing(void)
{
	while (waitpid(-1, NULL, 0) > 0)
		;
}

static int measure_with(const char *way, double each[WORKS], int divisor)
{
	struct sensor_options options = { .all_events = true };
	struct sensor *sensor = NULL;
	struct err err = ERR_INIT;
	pthread_t thread;

	/* With nothing attached there is a thread too: descriptors of a process of several threads cost more. */
	if (way)
		setenv("PARKA_SENSOR_HOOKS", way, 1);
	if (way && sensor_open(&options, &sensor, &err) < 0) {
		fprintf(stderr, "hooks_bench: %s\n", err.text);
		return -1;
	}
	atomic_store(&stop, false);
	pthread_create(&thread, NULL, drain, sensor);
	measure(each, divisor);
	atomic_store(&stop, true);
	pthread_join(thread, NULL);
	sensor_close(sensor);
	wait_for_closing();
	return 0;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double (*rounds)[WORKS], int n, int work)
{
	double sorted[ROUNDS_MAX];

	for (int r = 0; r < n; r++)
		sorted[r] = rounds[r][work];
	qsort(sorted, (size_t)n, sizeof(sorted[0]), by_size);
	return sorted[n / 2];
}

int main(int argc, char **argv)
{
	static double each[SETUPS][ROUNDS_MAX][WORKS];
	int rounds = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 3, divisor = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 1;
	bool works_here[SETUPS] = { true, true, true, true };
	cpu_set_t cpu;

	if (rounds < 1 || rounds > ROUNDS_MAX || divisor < 1)
		return 2;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	CPU_ZERO(&cpu);
	CPU_SET(0, &cpu);
	sched_setaffinity(0, sizeof(cpu), &cpu);
	for (int s = 1; s < SETUPS && argc > 3; s++) {
		works_here[s] = false;
		for (int i = 3; i < argc; i++)
			works_here[s] |= strcmp(argv[i], setups[s].way) == 0;
	}
	measure_with(NULL, each[0][0], divisor);   /* warm */
	for (int r = 0; r < rounds; r++) {
		measure_with(NULL, each[0][r], divisor);
		for (int s = 1; s < SETUPS; s++)
			works_here[s] = works_here[s] && measure_with(setups[s].way, each[s][r], divisor) == 0;
	}
	printf("%-22s", "ns (ratio)");
	for (int w = 0; w < WORKS; w++)
		printf("%26s", works[w].name);
	for (int s = 0; s < SETUPS; s++) {
		if (!works_here[s])
			continue;
		printf("\n%-22s", setups[s].name);
		for (int w = 0; w < WORKS; w++)
			printf("%18.0f (%.3f)", median(each[s], rounds, w), median(each[s], rounds, w) / median(each[0], rounds, w));
	}
	printf("\n");
	return 0;
}
