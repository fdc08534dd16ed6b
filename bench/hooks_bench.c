/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hooks_bench [ROUNDS]: what the sensor's hooks cost a program, in nanoseconds per operation.
 *
 * Each round measures, one after the other: nothing attached; a tracepoint per system call; the program on
 * every exit. The lowest of the rounds is printed: noise only adds. The rings are drained by a thread on another
 * core where there is one.
 */
#include "base/err.h"
#include "sensor/sensor.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SETUPS = 3, WORKS = 5 };
static const char *const setup_names[SETUPS] = { "nothing", "tracepoint per call", "every exit" };
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
	{ "failed open", work_failed_open, 60000 }, { "vfork + exec + wait", work_exec, 200 },
};

static void *drain(void *data)
{
	struct sensor *sensor = data;
	const struct sensor_wire *event;
	struct timespec pause = { 0, 2000000 };
	cpu_set_t cpu;

	CPU_ZERO(&cpu);
	CPU_SET(sysconf(_SC_NPROCESSORS_ONLN) > 1 ? 1 : 0, &cpu);
	sched_setaffinity(0, sizeof(cpu), &cpu);
	while (!atomic_load(&stop)) {
		while (sensor_next(sensor, true, &event, NULL) == 1)
			;
		nanosleep(&pause, NULL);
	}
	return NULL;
}

static void measure(double best[WORKS])
{
	for (int w = 0; w < WORKS; w++) {
		double start = now_ns(), each;
		for (int i = 0; i < works[w].n; i++)
			works[w].run();
		each = (now_ns() - start) / works[w].n;
		if (best[w] == 0 || each < best[w])
			best[w] = each;
	}
}

static int measure_with(bool raw, double best[WORKS])
{
	struct sensor_options options = { .all_events = true };
	struct sensor *sensor;
	struct err err = ERR_INIT;
	pthread_t thread;

	if (raw)
		setenv("PARKA_SENSOR_HOOKS", "exit", 1);
	else
		setenv("PARKA_SENSOR_HOOKS", "calls", 1);
	if (sensor_open(&options, &sensor, &err) < 0) {
		fprintf(stderr, "hooks_bench: %s\n", err.text);
		return -1;
	}
	atomic_store(&stop, false);
	pthread_create(&thread, NULL, drain, sensor);
	measure(best);
	atomic_store(&stop, true);
	pthread_join(thread, NULL);
	sensor_close(sensor);
	return 0;
}

int main(int argc, char **argv)
{
	static double best[SETUPS][WORKS];
	int rounds = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 3;
	cpu_set_t cpu;

	CPU_ZERO(&cpu);
	CPU_SET(0, &cpu);
	sched_setaffinity(0, sizeof(cpu), &cpu);
	for (int r = 0; r < rounds; r++) {
		measure(best[0]);
		if (measure_with(false, best[1]) < 0 || measure_with(true, best[2]) < 0)
			return 3;
	}
	printf("%-22s", "ns");
	for (int w = 0; w < WORKS; w++)
		printf("%22s", works[w].name);
	for (int s = 0; s < SETUPS; s++) {
		printf("\n%-22s", setup_names[s]);
		for (int w = 0; w < WORKS; w++)
			printf("%22.0f", best[s][w]);
	}
	printf("\n");
	return 0;
}
