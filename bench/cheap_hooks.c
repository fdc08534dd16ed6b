/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cheap_hooks [ROUNDS [N]]: what each way of seeing costs a program that does what nobody asked about, and what it costs one that does.
 *
 * Setups: nothing; an empty program on the tracepoint of one call; on the exit of all calls; on the tracepoints of processes; of socket
 * states; of capabilities; fanotify marks for opens on four files, on their directory, on the file system, with a thread that reads.
 * Loads: getppid; open and close of a marked file, and of a file in another directory of the same file system; a TCP connection over
 * loopback, accepted and closed.
 *
 * Each round runs each setup once, in a process of its own. Printed: processor time of the load in ns (of each round the lower quartile of
 * 20 groups, the lowest of the rounds: what others hook on the machine meanwhile only adds), and after '+' what the reader took of a processor for each. Needs root, BTF and tracefs.
 */
#include "bare.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { GROUPS = 20, ROUNDS_MAX = 99, FILES = 4, LOADS = 4 };
enum fan { FAN_NONE, FAN_FILES, FAN_DIRECTORY, FAN_ALL };

static const struct setup { const char *name; const char *call; const char *btf[4]; enum fan fan; } setups[] = {
	{ .name = "nothing" },
	{ .name = "tracepoint of one call", .call = "sys_exit_mount" },
	{ .name = "exit of all calls", .btf = { "sys_exit" } },
	{ .name = "sched_process_*, task_rename", .btf = { "sched_process_fork", "sched_process_exec", "sched_process_exit", "task_rename" } },
	{ .name = "inet_sock_set_state", .btf = { "inet_sock_set_state" } },
	{ .name = "cap_capable", .btf = { "cap_capable" } },
	{ .name = "fanotify, 4 files", .fan = FAN_FILES },
	{ .name = "fanotify, a directory", .fan = FAN_DIRECTORY },
	{ .name = "fanotify, the file system", .fan = FAN_ALL },
};
enum { SETUPS = sizeof(setups) / sizeof(setups[0]) };

struct cost { double load_ns, reader_ns; };
static char marked[64], other[64], root[] = "/tmp/parka-bench-XXXXXX";
static struct sockaddr_in here = { .sin_family = AF_INET };
static int listener;

static double cpu_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

/* ---- loads ---- */

static void do_getppid(void) { syscall(SYS_getppid); }

static void open_close(const char *directory)
{
	char path[80];
	int fd;

	snprintf(path, sizeof(path), "%s/0", directory);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		abort();
	close(fd);
}

static void do_marked(void) { open_close(marked); }
static void do_other(void) { open_close(other); }

static void do_connect(void)
{
	struct linger at_once = { 1, 0 };   /* no TIME_WAIT: ports would run out */
	int fd = socket(AF_INET, SOCK_STREAM, 0), peer;

	if (fd < 0 || connect(fd, (struct sockaddr *)&here, sizeof(here)) < 0 || (peer = accept(listener, NULL, NULL)) < 0)
		abort();
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(fd);
	close(peer);
}

static const struct { const char *name; void (*run)(void); unsigned share; } loads[LOADS] = {
	{ "getppid", do_getppid, 1 }, { "open marked", do_marked, 4 }, { "open other", do_other, 4 }, { "connect", do_connect, 20 },
};

/* ---- setups ---- */

static void *read_marks(void *data)
{
	static _Alignas(struct fanotify_event_metadata) char buffer[16384];
	int fd = *(int *)data;
	ssize_t len;

	while ((len = read(fd, buffer, sizeof(buffer))) > 0) {
		struct fanotify_event_metadata *event = (void *)buffer;
		for (; FAN_EVENT_OK(event, len); event = FAN_EVENT_NEXT(event, len))
			if (event->fd >= 0)
				close(event->fd);
	}
	return NULL;
}

static int mark(enum fan fan, int fd)
{
	char path[80];

	if (fan == FAN_DIRECTORY)
		return fanotify_mark(fd, FAN_MARK_ADD, FAN_OPEN | FAN_EVENT_ON_CHILD, AT_FDCWD, marked);
	if (fan == FAN_ALL)
		return fanotify_mark(fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_OPEN, AT_FDCWD, marked);
	for (int i = 0; i < FILES; i++) {
		snprintf(path, sizeof(path), "%s/%d", marked, i);
		if (fanotify_mark(fd, FAN_MARK_ADD, FAN_OPEN, AT_FDCWD, path) < 0)
			return -1;
	}
	return 0;
}

static int attach(const struct setup *setup, pthread_t *ret_reader, int *ret_fd)
{
	int r = setup->call ? bare_attach_call(setup->call) : 0;

	for (int i = 0; i < 4 && setup->btf[i] && r >= 0; i++)
		r = bare_attach_btf(setup->btf[i]);
	if (r < 0 || !setup->fan)
		return r;
	*ret_fd = fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_UNLIMITED_QUEUE, O_RDONLY | O_CLOEXEC);
	if (*ret_fd < 0 || mark(setup->fan, *ret_fd) < 0 || pthread_create(ret_reader, NULL, read_marks, ret_fd) != 0)
		return -errno;
	return 0;
}

static int by_size(const void *a, const void *b)
{
	return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}

static struct cost measure(void (*run)(void), unsigned n, clockid_t reader)
{
	double groups[GROUPS], before = reader ? cpu_ns(reader) : 0;

	for (int i = 0; i < GROUPS; i++) {
		double start = cpu_ns(CLOCK_THREAD_CPUTIME_ID);
		for (unsigned k = 0; k < n / GROUPS; k++)
			run();
		groups[i] = (cpu_ns(CLOCK_THREAD_CPUTIME_ID) - start) / (n / GROUPS);
	}
	if (reader)
		usleep(200000);   /* it reads on */
	qsort(groups, GROUPS, sizeof(*groups), by_size);
	return (struct cost){ groups[GROUPS / 4], reader ? (cpu_ns(reader) - before) / n : 0 };
}

/* In a process of its own, so that its end takes everything off. */
static int one_setup(const struct setup *setup, unsigned n, struct cost ret[LOADS])
{
	size_t len = LOADS * sizeof(*ret);
	int ends[2], status;
	pid_t pid;

	if (pipe(ends) < 0 || (pid = fork()) < 0)
		return -errno;
	if (pid == 0) {
		pthread_t reader;
		clockid_t clock = 0;
		int fd, r = attach(setup, &reader, &fd);
		if (r < 0) {
			fprintf(stderr, "cheap_hooks: %s: %s\n", setup->name, strerror(-r));
			_exit(1);
		}
		if (setup->fan)
			pthread_getcpuclockid(reader, &clock);
		for (int i = 0; i < LOADS; i++)
			ret[i] = measure(loads[i].run, n / loads[i].share, clock);
		_exit(write(ends[1], ret, len) != (ssize_t)len);
	}
	close(ends[1]);
	if (read(ends[0], ret, len) != (ssize_t)len)
		memset(ret, 0, len);
	close(ends[0]);
	return waitpid(pid, &status, 0) == pid && status == 0 ? 0 : -EIO;
}

static void make_files(void)
{
	char path[80];
	int fd;

	if (!mkdtemp(root))
		abort();
	snprintf(marked, sizeof(marked), "%s/marked", root);
	snprintf(other, sizeof(other), "%s/other", root);
	if (mkdir(marked, 0700) < 0 || mkdir(other, 0700) < 0)
		abort();
	for (int i = 0; i < 2 * FILES; i++) {
		snprintf(path, sizeof(path), "%s/%d", i < FILES ? marked : other, i % FILES);
		fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
		if (fd < 0)
			abort();
		close(fd);
	}
}

static void remove_files(void)
{
	char path[80];

	for (int i = 0; i < 2 * FILES; i++) {
		snprintf(path, sizeof(path), "%s/%d", i < FILES ? marked : other, i % FILES);
		unlink(path);
	}
	rmdir(marked);
	rmdir(other);
	rmdir(root);
}

static void listen_here(void)
{
	socklen_t len = sizeof(here);

	here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(listener, (struct sockaddr *)&here, len) < 0 || listen(listener, 16) < 0 || getsockname(listener, (struct sockaddr *)&here, &len) < 0)
		abort();
}

static double lowest(struct cost costs[ROUNDS_MAX][SETUPS][LOADS], int rounds, int setup, int load, bool reader)
{
	double low = 1e18, ns;

	for (int i = 0; i < rounds; i++) {
		ns = reader ? costs[i][setup][load].reader_ns : costs[i][setup][load].load_ns;
		low = ns < low ? ns : low;
	}
	return low;
}

int main(int argc, char **argv)
{
	static struct cost costs[ROUNDS_MAX][SETUPS][LOADS];
	int rounds = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 5;
	unsigned n = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 200000;
	int r = 0;

	if (rounds < 1 || rounds > ROUNDS_MAX || n < 20 * GROUPS * GROUPS) {
		fprintf(stderr, "usage: cheap_hooks [ROUNDS [N]]: 1 to %d rounds, N at least %d\n", ROUNDS_MAX, 20 * GROUPS * GROUPS);
		return 2;
	}
	make_files();
	listen_here();
	for (int i = 0; i < rounds && r == 0; i++)
		for (int s = 0; s < SETUPS && r == 0; s++)
			r = one_setup(&setups[s], n, costs[i][s]);
	remove_files();
	if (r < 0)
		return 3;
	printf("%-30s", "ns of CPU");
	for (int l = 0; l < LOADS; l++)
		printf("%22s", loads[l].name);
	for (int s = 0; s < SETUPS; s++) {
		printf("\n%-30s", setups[s].name);
		for (int l = 0; l < LOADS; l++) {
			double ns = lowest(costs, rounds, s, l, false);
			printf("%8.0f x%.2f +%-6.0f", ns, ns / lowest(costs, rounds, 0, l, false), lowest(costs, rounds, s, l, true));
		}
	}
	printf("\n");
	return 0;
}
