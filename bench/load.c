/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loads for bench/agent.py: each does one thing N times and prints nanoseconds per round.
 *
 *     load getppid|read|open|open-fail|udp|exec|fork N [PER_SECOND [CHUNK]]
 *
 * With PER_SECOND (0: no limit) it is done no faster than that, without the tenth before. With CHUNK the rounds are measured in
 * groups of that many, and the lower quartile of the groups is printed: nanoseconds of the wall clock and, after a blank, of CPU,
 * children included. On a machine shared with other work, that is what holds still.
 *
 * A tenth of N comes before, unmeasured. With PER_SECOND it is done no faster than that, without the tenth before.
 * The same loads as the figures of other agents were taken with: a system call that no rule
 * concerns, a read of one byte of /dev/zero, open and close, a failing open, a UDP socket that
 * is connected and closed, vfork and exec of /bin/true, fork and exit and wait.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int zero_fd = -1;
static char harmless[] = "/tmp/parka-bench-XXXXXX";

static void do_getppid(void)
{
	syscall(SYS_getppid);
}

static void do_read(void)
{
	char c;

	if (read(zero_fd, &c, 1) != 1)
		abort();
}

static void do_open(void)
{
	int fd = open(harmless, O_RDONLY);

	if (fd < 0)
		abort();
	close(fd);
}

static void do_open_fail(void)
{
	if (open("/tmp/parka-bench-is-not-there", O_RDONLY) >= 0)
		abort();
}

static void do_udp(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		abort();
	close(fd);
}

static void do_exec(void)
{
	static char *const argv[] = { "true", NULL }, *const envp[] = { NULL };
	pid_t pid = vfork();

	if (pid == 0) {
		execve("/bin/true", argv, envp);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, NULL, 0) != pid)
		abort();
}

static void do_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	if (pid < 0 || waitpid(pid, NULL, 0) != pid)
		abort();
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t cpu_ns(void)
{
	uint64_t us = 0;

	for (int i = 0; i < 2; i++) {
		struct rusage u;
		getrusage(i ? RUSAGE_CHILDREN : RUSAGE_SELF, &u);
		us += (uint64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000u + (uint64_t)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
	}
	return us * 1000;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void run_chunks(void (*run)(void), size_t n, size_t chunk)
{
	size_t groups = n / chunk ? n / chunk : 1;
	double *wall = calloc(groups, sizeof(*wall)), *cpu = calloc(groups, sizeof(*cpu));

	if (!wall || !cpu)
		abort();
	for (size_t i = 0; i < groups; i++) {
		uint64_t wall_before = now_ns(), cpu_before = cpu_ns();
		for (size_t k = 0; k < chunk; k++)
			run();
		wall[i] = (double)(now_ns() - wall_before) / (double)chunk;
		cpu[i] = (double)(cpu_ns() - cpu_before) / (double)chunk;
	}
	qsort(wall, groups, sizeof(*wall), compare);
	qsort(cpu, groups, sizeof(*cpu), compare);
	printf("%.1f %.1f\n", wall[groups / 4], cpu[groups / 4]);
	free(wall);
	free(cpu);
}

static void wait_until(uint64_t ns)
{
	struct timespec t = { (time_t)(ns / 1000000000u), (long)(ns % 1000000000u) };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		;
}

/* Nanoseconds per round. */
static double measure(void (*run)(void), long n, long per_second)
{
	uint64_t start;

	for (long k = 0; !per_second && k < n / 10 + 1; k++)
		run();
	start = now_ns();
	for (long k = 0; k < n; k++) {
		if (per_second)
			wait_until(start + (uint64_t)k * 1000000000u / (uint64_t)per_second);
		run();
	}
	return (double)(now_ns() - start) / (double)n;
}

int main(int argc, char **argv)
{
	static const struct { const char *name; void (*run)(void); } loads[] = {
		{ "getppid", do_getppid }, { "read", do_read }, { "open", do_open }, { "open-fail", do_open_fail },
		{ "udp", do_udp }, { "exec", do_exec }, { "fork", do_fork },
	};
	long n = argc >= 3 ? strtol(argv[2], NULL, 10) : 0, per_second = argc >= 4 ? strtol(argv[3], NULL, 10) : 0;
	long chunk = argc == 5 ? strtol(argv[4], NULL, 10) : 0;
	int fd = mkstemp(harmless);

	zero_fd = open("/dev/zero", O_RDONLY);
	for (size_t i = 0; n > 0 && i < sizeof(loads) / sizeof(loads[0]); i++) {
		if (strcmp(loads[i].name, argv[1]) != 0)
			continue;
		if (chunk > 0) {
			for (long k = 0; k < n / 10 + 1; k++)
				loads[i].run();
			run_chunks(loads[i].run, (size_t)n, (size_t)chunk);
		} else {
			printf("%.1f\n", measure(loads[i].run, n, per_second < 0 ? 0 : per_second));
		}
		unlink(harmless);
		return 0;
	}
	unlink(harmless);
	close(fd);
	fprintf(stderr, "usage: load getppid|read|open|open-fail|udp|exec|fork N [PER_SECOND [CHUNK]]\n");
	return 2;
}
