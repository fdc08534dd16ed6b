/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/top_account.h"
#include "base/mem.h"

#include <errno.h>
#include <time.h>

enum { FRESH_TRIES = 25, FRESH_WAIT_MS = 100 };

static int read_day(struct top_account *a, struct err *err)
{
	struct agent_day day;
	int r;

	agent_day_init(&day);
	r = agent_day_read(&day, a->dir, err);
	if (r < 0) {
		agent_day_done(&day);
		return r;
	}
	agent_day_done(&a->day);
	a->day = day;
	return 0;
}

/* The agent looks once a second whether it is asked: what it wrote before may be a minute old. */
static int read_fresh(struct top_account *a, struct err *err)
{
	const struct timespec wait = { .tv_nsec = FRESH_WAIT_MS * 1000000 };
	int64_t asked_s = (int64_t)time(NULL);
	int r = -ENOENT;

	for (int i = 0; i < FRESH_TRIES; i++) {
		r = read_day(a, err);
		if (r == 0 && a->day.until_s >= asked_s)
			return 0;
		if (r < 0 && r != -ENOENT)
			return r;
		nanosleep(&wait, NULL);
	}
	return r;
}

int top_account_open(struct top_account *a, const char *dir, bool kernel_time, struct err *err)
{
	int r = agent_day_ask(dir, err);

	if (r <= 0)
		return r;
	*a = (struct top_account){ .dir = dir, .timing_fd = -1 };
	agent_day_init(&a->day);
	r = read_fresh(a, err);
	if (r < 0) {
		agent_day_done(&a->day);
		return r;
	}
	if (kernel_time)
		a->timing_fd = sensor_time_programs(NULL);
	return 1;
}

void top_account_done(struct top_account *a)
{
	agent_day_done(&a->day);
	fd_close_at(&a->timing_fd);
}

int top_account_read(struct top_account *a, struct err *err)
{
	int r = agent_day_ask(a->dir, err);

	if (r == 0)
		return err_set(err, -ESRCH, "the agent that keeps the account in %s has ended", a->dir);
	return r < 0 ? r : read_day(a, err);
}
