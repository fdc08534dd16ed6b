/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Invariants:
 * L1  Every live source is in `sources`; every removed one is in `dead` until the round of
 *     callbacks is over, so that an event of the same round never meets freed memory.
 * L2  `own_fd` is -1 for sources of loop_fd_add(): their descriptor is the caller's.
 */
#include "base/loop.h"
#include "base/mem.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { LOOP_BATCH = 16 };

enum loop_kind { LOOP_FD, LOOP_TIMER, LOOP_SIGNAL };

struct loop_source {
	struct loop *loop;
	struct loop_source *next;
	enum loop_kind kind;
	bool removed;
	int fd, own_fd;
	union { loop_fd_fn fd_fn; loop_timer_fn timer_fn; loop_signal_fn signal_fn; };
	void *data;
};

struct loop {
	int epoll_fd;
	struct loop_source *sources, *dead;
	bool stopped;
	unsigned depth;          /* rounds of callbacks under way */
	int value;
};

int loop_new(struct loop **ret_loop, struct err *err)
{
	_cleanup_close_ int fd = epoll_create1(EPOLL_CLOEXEC);
	struct loop *loop;

	if (fd < 0)
		return err_set_os(err, -errno, "epoll_create1");
	loop = mem_alloc(sizeof(*loop));
	loop->epoll_fd = take_fd(fd);
	*ret_loop = loop;
	return 0;
}

static void free_list(struct loop_source **list)
{
	while (*list) {
		struct loop_source *s = *list;
		*list = s->next;
		fd_close_at(&s->own_fd);
		free(s);
	}
}

struct loop *loop_free(struct loop *loop)
{
	if (!loop)
		return NULL;
	free_list(&loop->sources);
	free_list(&loop->dead);
	fd_close_at(&loop->epoll_fd);
	free(loop);
	return NULL;
}

/* Take over `source` and own_fd, also on failure. */
static int add(struct loop *loop, struct loop_source source, uint32_t events,
	       struct loop_source **ret_source, struct err *err)
{
	struct loop_source *s = mem_alloc(sizeof(*s));
	struct epoll_event e = { .events = events, .data.ptr = s };

	*s = source;
	s->loop = loop;
	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, s->fd, &e) < 0) {
		int r = -errno;
		fd_close_at(&s->own_fd);
		free(s);
		return err_set_os(err, r, "epoll_ctl on descriptor %d", source.fd);
	}
	s->next = loop->sources;
	loop->sources = s;
	if (ret_source)
		*ret_source = s;
	return 0;
}

int loop_fd_add(struct loop *loop, int fd, uint32_t events, loop_fd_fn fn, void *data,
		struct loop_source **ret_source, struct err *err)
{
	struct loop_source s = { .kind = LOOP_FD, .fd = fd, .own_fd = -1, .fd_fn = fn, .data = data };

	return add(loop, s, events, ret_source, err);
}

static struct timespec timespec_of(uint64_t ns)
{
	return (struct timespec){ .tv_sec = (time_t)(ns / 1000000000), .tv_nsec = (long)(ns % 1000000000) };
}

int loop_timer_set(struct loop_source *s, uint64_t first_ns, uint64_t interval_ns, struct err *err)
{
	struct itimerspec t = {
		.it_value = timespec_of(first_ns ? first_ns : interval_ns),
		.it_interval = timespec_of(interval_ns),
	};

	if (timerfd_settime(s->fd, 0, &t, NULL) < 0)
		return err_set_os(err, -errno, "timerfd_settime");
	return 0;
}

int loop_timer_add(struct loop *loop, uint64_t first_ns, uint64_t interval_ns, loop_timer_fn fn, void *data,
		   struct loop_source **ret_source, struct err *err)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	struct loop_source s = { .kind = LOOP_TIMER, .fd = fd, .own_fd = fd, .timer_fn = fn, .data = data };
	struct loop_source *added;
	int r;

	if (fd < 0)
		return err_set_os(err, -errno, "timerfd_create");
	r = add(loop, s, EPOLLIN, &added, err);
	if (r < 0)
		return r;
	r = loop_timer_set(added, first_ns, interval_ns, err);
	if (r < 0) {
		loop_source_remove(added);
		return r;
	}
	if (ret_source)
		*ret_source = added;
	return 0;
}

int loop_signal_add(struct loop *loop, int signo, loop_signal_fn fn, void *data,
		    struct loop_source **ret_source, struct err *err)
{
	struct loop_source s = { .kind = LOOP_SIGNAL, .signal_fn = fn, .data = data };
	sigset_t set;
	int r;

	sigemptyset(&set);
	sigaddset(&set, signo);
	r = pthread_sigmask(SIG_BLOCK, &set, NULL);
	if (r)
		return err_set_os(err, -r, "pthread_sigmask");
	s.fd = s.own_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s.fd < 0)
		return err_set_os(err, -errno, "signalfd");
	return add(loop, s, EPOLLIN, ret_source, err);
}

struct loop_source *loop_source_remove(struct loop_source *s)
{
	struct loop *loop;
	struct loop_source **at;

	if (!s || s->removed)
		return NULL;
	loop = s->loop;
	for (at = &loop->sources; *at != s; at = &(*at)->next)
		;
	*at = s->next;
	epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, s->fd, NULL);
	fd_close_at(&s->own_fd);
	s->own_fd = -1;
	s->removed = true;
	s->next = loop->dead;
	loop->dead = s;
	if (loop->depth == 0)
		free_list(&loop->dead);
	return NULL;
}

static void serve(struct loop_source *s, uint32_t events)
{
	struct signalfd_siginfo info;
	uint64_t n;

	switch (s->kind) {
	case LOOP_FD:
		s->fd_fn(s->fd, events, s->data);
		break;
	case LOOP_TIMER:
		if (read(s->fd, &n, sizeof(n)) == sizeof(n))
			s->timer_fn(n, s->data);
		break;
	case LOOP_SIGNAL:
		while (!s->removed && read(s->fd, &info, sizeof(info)) == sizeof(info))
			s->signal_fn((int)info.ssi_signo, s->data);
		break;
	}
}

int loop_once(struct loop *loop, int wait_ms, struct err *err)
{
	struct epoll_event events[LOOP_BATCH];
	int n = epoll_wait(loop->epoll_fd, events, LOOP_BATCH, wait_ms), n_served = 0;

	if (n < 0)
		return errno == EINTR ? 0 : err_set_os(err, -errno, "epoll_wait");
	loop->depth++;
	for (int i = 0; i < n; i++) {
		struct loop_source *s = events[i].data.ptr;
		if (s->removed)
			continue;
		serve(s, events[i].events);
		n_served++;
	}
	if (--loop->depth == 0)
		free_list(&loop->dead);
	return n_served;
}

int loop_run(struct loop *loop, struct err *err)
{
	loop->stopped = false;
	while (!loop->stopped) {
		int r = loop_once(loop, -1, err);
		if (r < 0)
			return r;
	}
	return loop->value;
}

void loop_stop(struct loop *loop, int value)
{
	loop->stopped = true;
	loop->value = value;
}
