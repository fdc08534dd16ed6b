/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rule files are watched through their directories: editors and packagers put a new file in the place of the
 * old one, and a watch on the file would go with the old. A burst of changes is one call.
 */
#include "agent/agent.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

enum { QUIET_NS = 200 * 1000000 };

struct watched { int wd; char *name; };   /* name NULL: every rule file of the directory */

struct agent_rule_watch {
	int fd;
	struct watched *watched;
	size_t n;
	struct loop_source *source, *timer;
	void (*fn)(void *data);
	void *data;
};

static bool is_rule_file(const char *name)
{
	size_t len = strlen(name);

	return name[0] != '.' && ((len > 5 && strcmp(name + len - 5, ".yaml") == 0) || (len > 4 && strcmp(name + len - 4, ".yml") == 0));
}

static bool matters(const struct agent_rule_watch *w, const struct inotify_event *event)
{
	if (event->mask & IN_Q_OVERFLOW)
		return true;
	for (size_t i = 0; i < w->n; i++) {
		if (w->watched[i].wd != event->wd || !event->len)
			continue;
		if (w->watched[i].name ? strcmp(w->watched[i].name, event->name) == 0 : is_rule_file(event->name))
			return true;
	}
	return false;
}

static void on_inotify(int fd, uint32_t events, void *data)
{
	struct agent_rule_watch *w = data;
	char buffer[16 * (sizeof(struct inotify_event) + NAME_MAX + 1)] __attribute__((aligned(8)));
	bool changed = false;
	ssize_t n;

	(void)events;
	while ((n = read(fd, buffer, sizeof(buffer))) > 0)
		for (char *p = buffer; p < buffer + n;) {
			const struct inotify_event *event = (const void *)p;
			changed |= matters(w, event);
			p += sizeof(*event) + event->len;
		}
	if (changed)
		(void)loop_timer_set(w->timer, QUIET_NS, 0, NULL);
}

static void on_quiet(uint64_t n, void *data)
{
	struct agent_rule_watch *w = data;

	(void)n;
	w->fn(w->data);
}

static int watch_path(struct agent_rule_watch *w, const char *path, struct err *err)
{
	_cleanup_free_ char *dir = mem_strdup(path);
	char *slash = strrchr(dir, '/'), *name = NULL;
	struct stat st;
	int wd;

	if (stat(path, &st) < 0)
		return err_set_os(err, -errno, "stat %s", path);
	if (!S_ISDIR(st.st_mode)) {
		name = mem_strdup(slash ? slash + 1 : path);
		if (slash)
			slash[slash == dir] = '\0';
	}
	wd = inotify_add_watch(w->fd, S_ISDIR(st.st_mode) || slash ? dir : ".",
			       IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_MASK_ADD | IN_ONLYDIR);
	if (wd < 0) {
		int r = -errno;
		free(name);
		return err_set_os(err, r, "watch %s", path);
	}
	w->watched[w->n++] = (struct watched){ wd, name };
	return 0;
}

struct agent_rule_watch *agent_rule_watch_free(struct agent_rule_watch *w)
{
	if (!w)
		return NULL;
	loop_source_remove(w->source);
	loop_source_remove(w->timer);
	for (size_t i = 0; i < w->n; i++)
		free(w->watched[i].name);
	free(w->watched);
	fd_close_at(&w->fd);
	free(w);
	return NULL;
}

int agent_rule_watch_new(struct loop *loop, const struct agent_rule_source *source, void (*fn)(void *data), void *data,
			 struct agent_rule_watch **ret_watch, struct err *err)
{
	struct agent_rule_watch *w = mem_alloc(sizeof(*w));
	int r = 0;

	w->fn = fn;
	w->data = data;
	w->watched = mem_array(source->n_paths + 1, sizeof(*w->watched));
	w->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (w->fd < 0)
		r = err_set_os(err, -errno, "inotify_init1");
	for (size_t i = 0; i < source->n_paths && r == 0; i++)
		r = watch_path(w, source->paths[i], err);
	if (r == 0)
		r = loop_fd_add(loop, w->fd, EPOLLIN, on_inotify, w, &w->source, err);
	/* Set going by the first change. */
	if (r == 0)
		r = loop_timer_add(loop, 0, 0, on_quiet, w, &w->timer, err);
	if (r < 0) {
		agent_rule_watch_free(w);
		return r;
	}
	*ret_watch = w;
	return 0;
}
