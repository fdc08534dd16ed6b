/* SPDX-License-Identifier: Apache-2.0 */
#include "act.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static int copy_to(const char *path, int to)
{
	int from = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t r;

	if (from < 0)
		return errno;
	do {
		r = sendfile(to, from, NULL, 1 << 20);
	} while (r > 0);
	close(from);
	return r < 0 ? errno : 0;
}

static int act_memfd_exec(int n, char **args)
{
	int fd = memfd_create("act", MFD_CLOEXEC), r;

	if (fd < 0)
		return errno;
	r = copy_to(args[0], fd);
	if (r != 0)
		return r;
	fexecve(fd, args, environ);
	return errno;
}

static int act_deleted_exec(int n, char **args)
{
	int fd = open(args[1], O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700), r, run;

	if (fd < 0)
		return errno;
	r = copy_to(args[0], fd);
	close(fd);
	run = open(args[1], O_RDONLY | O_CLOEXEC);
	unlink(args[1]);
	if (r != 0 || run < 0)
		return r ? r : errno;
	fexecve(run, args + 1, environ);
	return errno;
}

/* Starts a program by a path through one of its own descriptors. */
static int act_fd_exec(int n, char **args)
{
	char path[64];
	int fd = open(args[0], O_RDONLY);

	if (fd < 0)
		return errno;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	args[0] = path;
	execv(path, args);
	return errno;
}

/* Starts PROGRAM with another argv[0]. */
static int act_argv0(int n, char **args)
{
	execv(args[1], (char *[]){ args[0], args[2], args[3], args[3] ? args[4] : NULL, NULL });
	return errno;
}

/* Starts PROGRAM as its child: what a server that was broken into does. */
static int act_run(int n, char **args)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		execvp(args[0], args);
		_exit(errno);
	}
	return pid < 0 || waitpid(pid, &status, 0) < 0 ? errno : WEXITSTATUS(status);
}

static int act_ptrace(int n, char **args)
{
	pid_t pid = (pid_t)act_number(args[0]);

	if (ptrace(PTRACE_ATTACH, pid, NULL, NULL) < 0)
		return errno;
	waitpid(pid, NULL, 0);
	ptrace(PTRACE_DETACH, pid, NULL, NULL);
	return 0;
}

/* One byte is read, or read and written back as it was. */
static int process_memory(const char *pid, const char *address, int write)
{
	char byte;
	struct iovec local = { &byte, 1 }, remote = { (void *)(uintptr_t)strtoull(address, NULL, 0), 1 };

	if (process_vm_readv((pid_t)act_number(pid), &local, 1, &remote, 1, 0) < 0)
		return errno;
	if (write && process_vm_writev((pid_t)act_number(pid), &local, 1, &remote, 1, 0) < 0)
		return errno;
	return 0;
}

static int act_memory_read(int n, char **args)
{
	return process_memory(args[0], args[1], 0);
}

static int act_memory_write(int n, char **args)
{
	return process_memory(args[0], args[1], 1);
}

static int act_setns(int n, char **args)
{
	int fd = open(args[0], O_RDONLY);

	if (fd < 0)
		return errno;
	return setns(fd, 0) < 0 ? errno : 0;
}

static int act_unshare(int n, char **args)
{
	return unshare((int)act_number(args[0])) < 0 ? errno : 0;
}

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd >= 0) {
		ssize_t r = write(fd, text, strlen(text));

		(void)r;
		close(fd);
	}
}

/* Becomes root of a user namespace of its own (with mount and network namespaces), then does another act. */
static int act_as_userns_root(int n, char **args)
{
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET) < 0)
		return errno;
	write_text("/proc/self/setgroups", "deny");
	write_text("/proc/self/uid_map", "0 0 1");
	execv("/proc/self/exe", (char *[]){ "act", args[0], args[1], n > 2 ? args[2] : NULL, n > 3 ? args[3] : NULL, NULL });
	return errno;
}

static int act_kill(int n, char **args)
{
	return kill((pid_t)act_number(args[0]), (int)act_number(args[1])) < 0 ? errno : 0;
}

static int act_sleep(int n, char **args)
{
	sleep((unsigned)act_number(args[0]));
	return 0;
}

/* Takes memory until the kernel says no. */
static int act_eat_memory(int n, char **args)
{
	size_t mib = (size_t)act_number(args[0]);

	for (size_t i = 0; i < mib; i++) {
		char *p = malloc(1 << 20);

		if (!p)
			return ENOMEM;
		memset(p, 1, 1 << 20);
	}
	return 0;
}

static int act_chroot(int n, char **args)
{
	return chroot(args[0]) < 0 ? errno : 0;
}

const struct act acts_process[] = {
	{ "memfd-exec", "PROGRAM [ARG...]", 1, act_memfd_exec },
	{ "deleted-exec", "PROGRAM COPY [ARG...]", 2, act_deleted_exec },
	{ "fd-exec", "PROGRAM [ARG...]", 1, act_fd_exec },
	{ "argv0", "NAME PROGRAM ARG ARG ARG", 2, act_argv0 },
	{ "run", "PROGRAM [ARG...]", 1, act_run },
	{ "ptrace", "PID", 1, act_ptrace },
	{ "memory-read", "PID ADDRESS", 2, act_memory_read },
	{ "memory-write", "PID ADDRESS", 2, act_memory_write },
	{ "setns", "PATH", 1, act_setns },
	{ "unshare", "FLAGS", 1, act_unshare },
	{ "as-userns-root", "ACT ARG...", 2, act_as_userns_root },
	{ "kill", "PID SIGNAL", 2, act_kill },
	{ "sleep", "SECONDS", 1, act_sleep },
	{ "eat-memory", "MIB", 1, act_eat_memory },
	{ "chroot", "PATH", 1, act_chroot },
	{ NULL, NULL, 0, NULL },
};
