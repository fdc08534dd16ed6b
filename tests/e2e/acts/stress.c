/* SPDX-License-Identifier: Apache-2.0 */
/* So many acts a second, for so long; how many were done is printed. */
#include "act.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/syscall.h>
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

/* Other files each time, so that no two in a row are the same event: DIR/0 to DIR/4095. */
static int open_next(char **args)
{
	static char names[4096][8];
	static unsigned next;
	static int dir = -1;
	int fd;

	if (dir < 0) {
		dir = open(args[0], O_RDONLY | O_DIRECTORY);
		for (unsigned i = 0; i < 4096; i++)
			snprintf(names[i], sizeof(names[i]), "%u", i);
	}
	fd = openat(dir, names[next++ % 4096], O_RDONLY);
	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static int setuid_once(char **args)
{
	return setuid(getuid()) < 0 ? errno : 0;
}

static int unshare_once(char **args)
{
	return unshare(CLONE_NEWUTS) < 0 ? errno : 0;
}

/* One mount and one umount2. */
static int mount_once(char **args)
{
	if (mount("none", args[0], "tmpfs", 0, NULL) < 0 || umount2(args[0], MNT_DETACH) < 0)
		return errno;
	return 0;
}

/* A module that nobody has: the attempt is the event. */
static int module_once(char **args)
{
	if (syscall(SYS_delete_module, "parka_no_such_module", O_NONBLOCK) == 0 || errno == EPERM)
		return EPERM;
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

static int act_paced_opens_of(int n, char **args)
{
	return paced(act_number(args[1]), act_number(args[2]), open_next, args);
}

/* As fast as it goes; how many and in how many milliseconds, as the paced ones say it. */
static int act_flood_opens_of(int n, char **args)
{
	int64_t start = now_ns(), end = start + act_number(args[1]) * SECOND_NS;
	long done = 0;

	while (now_ns() < end) {
		for (int i = 0; i < 64; i++, done++) {
			int r = open_next(args);
			if (r)
				return r;
		}
	}
	printf("%ld %lld\n", done, (long long)((now_ns() - start) / 1000000));
	return 0;
}

static int act_paced_setuids(int n, char **args)
{
	return paced(act_number(args[0]), act_number(args[1]), setuid_once, args);
}

static int act_paced_unshares(int n, char **args)
{
	return paced(act_number(args[0]), act_number(args[1]), unshare_once, args);
}

/* In a mount namespace of its own: the machine's mounts stay as they are. */
static int act_paced_mounts(int n, char **args)
{
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return errno;
	return paced(act_number(args[1]), act_number(args[2]), mount_once, args);
}

static int act_paced_modules(int n, char **args)
{
	return paced(act_number(args[0]), act_number(args[1]), module_once, args);
}

const struct act acts_stress[] = {
	{ "paced-opens", "PATH PER_SECOND SECONDS", 3, act_paced_opens },
	{ "paced-execs", "PROGRAM PER_SECOND SECONDS", 3, act_paced_execs },
	{ "paced-opens-of", "DIR PER_SECOND SECONDS", 3, act_paced_opens_of },
	{ "flood-opens-of", "DIR SECONDS", 2, act_flood_opens_of },
	{ "paced-setuids", "PER_SECOND SECONDS", 2, act_paced_setuids },
	{ "paced-unshares", "PER_SECOND SECONDS", 2, act_paced_unshares },
	{ "paced-mounts", "DIR PER_SECOND SECONDS", 3, act_paced_mounts },
	{ "paced-modules", "PER_SECOND SECONDS", 2, act_paced_modules },
	{ NULL, NULL, 0, NULL },
};
