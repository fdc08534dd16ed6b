/* SPDX-License-Identifier: Apache-2.0 */
/* sensor_dump [--seed] [--pid PID] [SECONDS]: prints every wire event of the live kernel as text. */
#include "wire_text.h"

#include "base/err.h"
#include "sensor/sensor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

static void print_event(const struct sensor_wire *event, void *data)
{
	struct strbuf *text = data;

	strbuf_reset(text);
	wire_event_text(event, text);
	fputs(text->text, stdout);
}

static void print_stats(struct sensor *sensor)
{
	static struct sensor_stats stats;
	const struct sensor_hook *hooks;
	size_t n = sensor_hooks(sensor, &hooks);

	sensor_stats(sensor, &stats);
	fprintf(stderr, "events %llu/%llu/%llu lost %llu\n", (unsigned long long)stats.n_events[0],
		(unsigned long long)stats.n_events[1], (unsigned long long)stats.n_events[2], (unsigned long long)stats.n_lost);
	for (size_t i = 0; i < n; i++)
		if (hooks[i].state != SENSOR_HOOK_ATTACHED)
			fprintf(stderr, "%s %s state %d: %s\n", hooks[i].event, hooks[i].attach, hooks[i].state, hooks[i].why ? hooks[i].why : "");
}

int main(int argc, char **argv)
{
	struct sensor_options options = { .all_events = true, .self_pid = (uint32_t)getpid() };
	double seconds = argc > 1 && argv[argc - 1][0] != '-' ? strtod(argv[argc - 1], NULL) : 5;
	bool seed = argc > 1 && strcmp(argv[1], "--seed") == 0;
	time_t until = time(NULL) + (time_t)seconds;
	struct sensor *sensor = NULL;
	struct err err = ERR_INIT;
	struct strbuf text;

	strbuf_init(&text, 1 << 20);
	if (sensor_open(&options, &sensor, &err) < 0 || (seed && sensor_seed(sensor, print_event, &text, &err) < 0)) {
		fprintf(stderr, "sensor_dump: %s\n", err.text);
		return 3;
	}
	fprintf(stderr, "ready\n");
	while (time(NULL) < until) {
		const struct sensor_wire *event;
		struct epoll_event ready;

		epoll_wait(sensor_fd(sensor), &ready, 1, 50);
		while (sensor_next(sensor, false, &event, &err) == 1)
			print_event(event, &text);
	}
	print_stats(sensor);
	sensor_close(sensor);
	strbuf_done(&text);
	return 0;
}
