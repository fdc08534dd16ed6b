/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/git_changed.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* git's standard output. No shell: the range is one argument, and none that begins with a dash is an option to it. */
static int start(const char *range, int *ret_fd, pid_t *ret_pid, struct err *err)
{
	char *argv[] = { "git", "diff", "--name-only", "--relative", "-z", "--diff-filter=d", "--end-of-options", (char *)range, "--", NULL };
	posix_spawn_file_actions_t actions;
	int ends[2], r;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set_os(err, -errno, "make a pipe");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	r = posix_spawnp(ret_pid, "git", &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	if (r != 0) {
		close(ends[0]);
		return err_set_os(err, -r, "start git");
	}
	*ret_fd = ends[0];
	return 0;
}

int git_changed(const char *range, struct arena *arena, const char *const **ret_paths, size_t *ret_n, struct err *err)
{
	_cleanup_close_ int fd = -1;
	int r, status = 0;
	const char **paths;
	size_t len, n = 0;
	char *text;
	pid_t pid;

	r = start(range, &fd, &pid, err);
	if (r < 0)
		return r;
	r = file_read_fd(fd, "what git says", GIT_CHANGED_BYTES_MAX, arena, &text, &len, err);
	close(take_fd(fd));
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (r < 0)
		return r;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return err_set(err, -EINVAL, "git knows no changes for '%s'", range);
	for (size_t i = 0; i < len; i++)
		n += text[i] == '\0';
	paths = arena_alloc(arena, (n + 1) * sizeof(*paths));
	*ret_n = n;
	for (size_t i = 0; i < n; i++, text += strlen(text) + 1)
		paths[i] = text;
	*ret_paths = paths;
	return 0;
}
