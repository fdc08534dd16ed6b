/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program sink: findings as JSON lines on the standard input of a child of /bin/sh -c, either one
 * that stays (started again with back-off when it ends) or one per finding.
 */
#include "detect/worker.h"
#include "detect/detect_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

struct program_sink {
	struct detect_sink sink;
	struct worker *worker;
	struct detect_line line;
	enum detect_sink_format format;
	char *command;
	/* the worker's */
	pid_t pid;               /* 0: none runs */
	int fd;                  /* its standard input; -1 */
};

/* A child with default signals and its own process group: a Ctrl-C at parka's terminal lets it finish. */
static int spawn(const char *command, int stdin_fd, pid_t *ret_pid)
{
	char *argv[] = { "/bin/sh", "-c", (char *)command, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none, all;
	int r;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, stdin_fd, STDIN_FILENO);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawnattr_setpgroup(&attr, 0);
	r = posix_spawn(ret_pid, argv[0], &actions, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	return -r;
}

static int start(struct program_sink *s)
{
	int pipe_fds[2], r;
	pid_t pid;

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return -errno;
	r = spawn(s->command, pipe_fds[0], &pid);
	close(pipe_fds[0]);
	if (r < 0) {
		close(pipe_fds[1]);
		return r;
	}
	(void)fcntl(pipe_fds[1], F_SETFL, O_NONBLOCK);
	s->fd = pipe_fds[1];
	s->pid = pid;
	return 0;
}

/* Wait at most ms for the child; then it is asked, then made to end. Returns its wait status. */
static int reap(pid_t pid, int ms)
{
	static const int signals[] = { 0, SIGTERM, SIGKILL };
	int status = 0;

	for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
		if (signals[i])
			(void)kill(-pid, signals[i]);
		for (int waited = 0; waited <= ms || signals[i] == SIGKILL; waited += 10) {
			struct timespec nap = { .tv_nsec = 10 * 1000000 };
			pid_t r = waitpid(pid, &status, WNOHANG);
			if (r == pid || (r < 0 && errno != EINTR))
				return status;
			nanosleep(&nap, NULL);
		}
		ms = 500;
	}
	return status;
}

static int end(struct program_sink *s, int ms)
{
	int status = 0;

	fd_close_at(&s->fd);
	s->fd = -1;
	if (s->pid)
		status = reap(s->pid, ms);
	s->pid = 0;
	return status;
}

static int write_line(struct program_sink *s, const char *bytes, size_t len)
{
	int left_ms = DETECT_TIMEOUT_MS;

	while (len > 0) {
		struct pollfd p = { .fd = s->fd, .events = POLLOUT };
		ssize_t n = write(s->fd, bytes, len);

		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
			continue;
		}
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (left_ms <= 0 || worker_hurry(s->worker))
			return -ETIMEDOUT;
		(void)poll(&p, 1, 100);
		left_ms -= 100;
	}
	return 0;
}

static int deliver_long(void *data, const char *bytes, size_t len)
{
	struct program_sink *s = data;

	/* A reader that went away is known before the line is given to nobody. */
	if (s->pid && waitpid(s->pid, NULL, WNOHANG) == s->pid) {
		s->pid = 0;
		end(s, 0);
	}
	if (!s->pid && start(s) < 0)
		return -EAGAIN;
	if (write_line(s, bytes, len) == 0)
		return 0;
	/* Half a line may be written: this child cannot be told anything any more. */
	end(s, 0);
	return -EAGAIN;
}

static int deliver_each(void *data, const char *bytes, size_t len)
{
	struct program_sink *s = data;
	int r, status;

	if (start(s) < 0)
		return -EAGAIN;
	r = write_line(s, bytes, len);
	status = end(s, DETECT_TIMEOUT_MS);
	/* A program that does not read its input may still have done its work. */
	if (r < 0 && r != -EPIPE)
		return r;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EIO;
}

static void program_tell(struct detect_sink *sink, const struct detect_finding *f)
{
	struct program_sink *s = container_of(sink, struct program_sink, sink);

	detect_line_make(&s->line, f, s->format);
	strbuf_addc(&s->line.text, '\n');
	worker_push(s->worker, s->line.text.text, s->line.text.len);
}

static void program_finish(struct detect_sink *sink)
{
	struct program_sink *s = container_of(sink, struct program_sink, sink);

	s->worker = worker_free(s->worker);
	end(s, 2000);
}

static void program_free(struct detect_sink *sink)
{
	struct program_sink *s = container_of(sink, struct program_sink, sink);

	detect_line_done(&s->line);
	free(s->command);
	free(s);
}

static const struct detect_sink_ops program_ops = { .tell = program_tell, .free = program_free, .finish = program_finish };

int detect_sink_program(const struct detect_sink_spec *spec, bool each, struct detect_sink **ret_sink, struct err *err)
{
	struct program_sink *s = mem_alloc(sizeof(*s));
	struct worker_ops ops = { .deliver = each ? deliver_each : deliver_long };

	(void)err;   /* what is wrong with the command shows when it runs: counted as failed */
	s->sink = (struct detect_sink){ .ops = &program_ops, .name = each ? "program-each" : "program" };
	s->command = mem_strdup(spec->target);
	s->fd = -1;
	s->format = DETECT_FORMAT_JSON;
	detect_line_init(&s->line);
	s->worker = worker_new(&s->sink, &ops, s);
	*ret_sink = &s->sink;
	return 0;
}
