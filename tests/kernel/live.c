/* SPDX-License-Identifier: Apache-2.0 */
#include "live.h"

#include "base/mem.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct sensor *the_sensor;
static struct err open_err;
static int opened;

const char *live_unavailable(void)
{
	struct sensor_options options = { .all_events = true, .self_pid = (uint32_t)getpid() };

	if (!opened && geteuid() != 0) {
		err_set(&open_err, -EPERM, "needs root");
		opened = -1;
	}
	if (!opened)
		opened = sensor_open(&options, &the_sensor, &open_err) < 0 ? -1 : 1;
	return opened == 1 ? NULL : open_err.text;
}

struct sensor *live_sensor(void) { return the_sensor; }

void live_stop(void)
{
	the_sensor = sensor_close(the_sensor);
	opened = 0;
}

static bool is_ours(const struct live_events *e, const struct sensor_wire *event, pid_t *family, size_t n_family)
{
	if (event->type == MODEL_EVT_CGROUP_MKDIR || event->type == MODEL_EVT_CGROUP_ATTACH || event->type == MODEL_EVT_CGROUP_RMDIR)
		return event->pid == (uint32_t)e->pid;
	for (size_t i = 0; i < n_family; i++)
		if (event->pid == (uint32_t)family[i])
			return true;
	return false;
}

static bool collect(struct live_events *e, pid_t *family, size_t *n_family, size_t max_family)
{
	const struct sensor_wire *event;
	bool ended = false;

	while (sensor_next(the_sensor, true, &event, NULL) == 1) {
		const struct sensor_wire_param *child = event->type == MODEL_EVT_SCHED_FORK ? wire_param(event, SENSOR_P_CHILD_PID) : NULL;
		if (!is_ours(e, event, family, *n_family))
			continue;
		if (child && *n_family < max_family)
			family[(*n_family)++] = (pid_t)*(const uint64_t *)(child + 1);
		if (event->type == MODEL_EVT_PROCEXIT && event->pid == (uint32_t)e->pid && wire_param(event, SENSOR_P_EXIT_CODE))
			ended = true;
		e->events = mem_grow(e->events, e->n + 1, sizeof(*e->events));
		e->events[e->n] = mem_alloc(event->len);
		memcpy(e->events[e->n++], event, event->len);
	}
	return ended;
}

struct live_events live_run(int (*act)(void *data), void *data)
{
	struct live_events e = { 0 };
	const struct sensor_wire *event;
	struct timespec wait = { 0, 2000000 };
	pid_t family[256];
	size_t n_family = 1;
	int go[2];
	char c = 0;

	while (sensor_next(the_sensor, true, &event, NULL) == 1)
		;
	if (pipe(go) < 0)
		return e;
	e.pid = fork();
	if (e.pid == 0) {
		if (read(go[0], &c, 1) != 1)
			_exit(100);
		_exit(act(data));
	}
	family[0] = e.pid;
	if (write(go[1], &c, 1) != 1)
		e.status = -1;
	for (int i = 0; i < 2500 && !collect(&e, family, &n_family, 256); i++)
		nanosleep(&wait, NULL);
	waitpid(e.pid, &e.status, 0);
	close(go[0]);
	close(go[1]);
	return e;
}

bool live_start_compat(struct sensor *sensor, const char *program)
{
	const struct sensor_wire *event;
	pid_t pid = fork();
	bool sees;

	if (pid == 0) {
		execl(program, program, "/nowhere", "600", NULL);
		_exit(127);
	}
	for (int i = 0; i < 6000 && (i == 0 || !sensor_sees_compat(sensor)); i++) {
		while (sensor_next(sensor, true, &event, NULL) == 1)
			;
		usleep(10000);
	}
	sees = sensor_sees_compat(sensor);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return sees;
}

void live_free(struct live_events *e)
{
	for (size_t i = 0; i < e->n; i++)
		free(e->events[i]);
	free(e->events);
	*e = (struct live_events){ 0 };
}

const struct sensor_wire *live_nth(const struct live_events *e, unsigned type, size_t n)
{
	for (size_t i = 0; i < e->n; i++)
		if (e->events[i]->type == type && n-- == 0)
			return e->events[i];
	return NULL;
}

const char *live_text(const struct sensor_wire *event, unsigned param)
{
	static char texts[4][5000];
	static int next;
	const struct sensor_wire_param *p = event ? wire_param(event, param) : NULL;

	if (!p)
		return "";
	next = (next + 1) % 4;
	snprintf(texts[next], sizeof(texts[next]), "%.*s", (int)p->len, (const char *)(p + 1));
	return texts[next];
}

const struct sensor_wire *live_find(const struct live_events *e, unsigned type, unsigned param, const char *text)
{
	for (size_t i = 0; i < e->n; i++)
		if (e->events[i]->type == type && wire_param(e->events[i], param) && strcmp(live_text(e->events[i], param), text) == 0)
			return e->events[i];
	return NULL;
}

long long live_number(const struct sensor_wire *event, unsigned param)
{
	const struct sensor_wire_param *p = event ? wire_param(event, param) : NULL;

	return p && p->len == 8 ? (long long)*(const int64_t *)(p + 1) : -12345678;
}

const char *live_path(const struct sensor_wire *event, unsigned param)
{
	static struct strbuf texts[4];
	static int next;
	const struct sensor_wire_param *p = event ? wire_param(event, param) : NULL;

	if (!p)
		return "";
	next = (next + 1) % 4;
	if (!texts[next].max_bytes)
		strbuf_init(&texts[next], 1 << 16);
	strbuf_reset(&texts[next]);
	wire_path_text(p, &texts[next]);
	return texts[next].text;
}

const void *live_struct(const struct sensor_wire *event, unsigned param, size_t size)
{
	const struct sensor_wire_param *p = event ? wire_param(event, param) : NULL;

	return p && p->len >= size ? p + 1 : NULL;
}

void live_show(const struct live_events *e)
{
	struct strbuf text;

	strbuf_init(&text, 1 << 20);
	for (size_t i = 0; i < e->n; i++)
		wire_event_text(e->events[i], &text);
	for (char *line = text.text; line && *line; ) {
		size_t len = strcspn(line, "\n");
		printf("# %.*s\n", (int)len, line);
		line += len + (line[len] == '\n');
	}
	strbuf_done(&text);
}
