/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_BASE_LOOP_H
#define PARKA_BASE_LOOP_H
/*
 * The event loop: descriptors, timers and signals, by epoll, timerfd and signalfd.
 *
 *     r = loop_new(&loop, err);
 *     r = loop_signal_add(loop, SIGINT, on_signal, me, NULL, err);
 *     r = loop_timer_add(loop, 0, 1000000000, on_second, me, &timer, err);
 *     r = loop_run(loop, err);            // until loop_stop(); returns what loop_stop() was given
 *
 * Callbacks may add and remove sources, also their own. loop_source_remove() and loop_free()
 * free sources; descriptors given to loop_fd_add() stay the caller's.
 * Signals are blocked in the calling thread and stay so: add them before starting threads, so
 * that those inherit the mask.
 * Thread: one.
 */
#include "base/err.h"

#include <stdint.h>

struct loop;
struct loop_source;

/* `events`: EPOLLIN, EPOLLOUT, EPOLLERR, EPOLLHUP as they came. */
typedef void (*loop_fd_fn)(int fd, uint32_t events, void *data);
/* How often it ran out since the last call (more than 1 when the loop was busy). */
typedef void (*loop_timer_fn)(uint64_t n_expired, void *data);
typedef void (*loop_signal_fn)(int signo, void *data);

int loop_new(struct loop **ret_loop, struct err *err);
struct loop *loop_free(struct loop *loop);   /* NULL is fine; returns NULL */

/* ret_source may be NULL: the source then lives as long as the loop. */
int loop_fd_add(struct loop *loop, int fd, uint32_t events, loop_fd_fn fn, void *data,
		struct loop_source **ret_source, struct err *err);
/* First after first_ns (0: after interval_ns), then every interval_ns (0: once). CLOCK_MONOTONIC. */
int loop_timer_add(struct loop *loop, uint64_t first_ns, uint64_t interval_ns, loop_timer_fn fn, void *data,
		   struct loop_source **ret_source, struct err *err);
/* Set a timer anew; both 0 stops it. */
int loop_timer_set(struct loop_source *source, uint64_t first_ns, uint64_t interval_ns, struct err *err);
int loop_signal_add(struct loop *loop, int signo, loop_signal_fn fn, void *data,
		    struct loop_source **ret_source, struct err *err);
/* NULL is fine; returns NULL. */
struct loop_source *loop_source_remove(struct loop_source *source);

/* Serve until loop_stop(); returns its value, or -errno. */
int loop_run(struct loop *loop, struct err *err);
/* Serve what is ready, waiting at most wait_ms (-1: until something is). How many callbacks ran. */
int loop_once(struct loop *loop, int wait_ms, struct err *err);
void loop_stop(struct loop *loop, int value);

#endif
