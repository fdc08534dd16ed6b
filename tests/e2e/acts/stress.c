/* SPDX-License-Identifier: Apache-2.0 */
/* So many acts a second, for so long; how many were done is printed. */
#include "act.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SECOND_NS INT64_C(1000000000)

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * SECOND_NS + t.tv_nsec;
}

/* In small bursts, each when it is due: who was late catches up. */
static int paced(long per_second, long seconds, int (*act)(char **args), char **args)
{
	int64_t start = now_ns();
	long done = 0, total = per_second * seconds;

	while (done < total) {
		int64_t spent = now_ns() - start;
		long due = spent >= seconds * SECOND_NS ? total : (long)(spent * per_second / SECOND_NS);
		for (; done < due; done++) {
			int r = act(args);
			if (r)
				return r;
			if (now_ns() - start > 3 * seconds * SECOND_NS)
				total = due = done + 1;   /* this machine cannot: what was done is said */
		}
		usleep(500);
	}
	printf("%ld %lld\n", done, (long long)((now_ns() - start) / 1000000));
	return 0;
}

static int open_once(char **args)
{
	int fd = open(args[0], O_RDONLY);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static int exec_once(char **args)
{
	char *argv[] = { args[0], NULL }, *envp[] = { NULL };
	int status, r;
	pid_t pid;

	r = posix_spawn(&pid, args[0], NULL, NULL, argv, envp);
	if (r)
		return r;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return 0;
}

static int act_paced_opens(int n, char **args)
{
	return paced(act_number(args[1]), act_number(args[2]), open_once, args);
}

static int act_paced_execs(int n, char **args)
{
	return paced(act_number(args[1]), act_number(args[2]), exec_once, args);
}

const struct act acts_stress[] = {
	{ "paced-opens", "PATH PER_SECOND SECONDS", 3, act_paced_opens },
	{ "paced-execs", "PROGRAM PER_SECOND SECONDS", 3, act_paced_execs },
	{ NULL, NULL, 0, NULL },
};
