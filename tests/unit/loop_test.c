/* SPDX-License-Identifier: Apache-2.0 */
#include "base/loop.h"
#include "base/mem.h"
#include "tap.h"

#include <signal.h>
#include <sys/epoll.h>
#include <unistd.h>

struct me { struct loop *loop; struct loop_source *source, *other; int n, signo; char got[16]; };

static void on_read(int fd, uint32_t events, void *data)
{
	struct me *me = data;

	CHECK(events & EPOLLIN);
	CHECK_INT(read(fd, me->got, sizeof(me->got)), 2);
	loop_stop(me->loop, 42);
}

TEST(a_readable_descriptor_is_served_and_stop_gives_its_value)
{
	struct err err = ERR_INIT;
	struct me me = { 0 };
	int fds[2];

	CHECK_INT(loop_new(&me.loop, &err), 0);
	CHECK_INT(pipe(fds), 0);
	CHECK_INT(loop_fd_add(me.loop, fds[0], EPOLLIN, on_read, &me, NULL, &err), 0);
	CHECK_INT(loop_once(me.loop, 0, &err), 0);
	CHECK_INT(write(fds[1], "hi", 2), 2);
	CHECK_INT(loop_run(me.loop, &err), 42);
	CHECK_STR(me.got, "hi");
	loop_free(me.loop);
	CHECK_INT(write(fds[1], "x", 1), 1);   /* the caller's descriptor is still open */
	close(fds[0]);
	close(fds[1]);
}

static void on_timer(uint64_t n_expired, void *data)
{
	struct me *me = data;

	CHECK(n_expired >= 1);
	if (++me->n == 3)
		loop_stop(me->loop, 0);
}

TEST(a_timer_comes_again_until_it_is_stopped)
{
	struct err err = ERR_INIT;
	struct me me = { 0 };

	CHECK_INT(loop_new(&me.loop, &err), 0);
	CHECK_INT(loop_timer_add(me.loop, 1000000, 2000000, on_timer, &me, &me.source, &err), 0);
	CHECK_INT(loop_run(me.loop, &err), 0);
	CHECK_INT(me.n, 3);
	CHECK_INT(loop_timer_set(me.source, 0, 0, &err), 0);
	loop_once(me.loop, 10, &err);
	CHECK_INT(me.n, 3);
	loop_free(me.loop);
}

static void on_signal(int signo, void *data)
{
	struct me *me = data;

	me->signo = signo;
	loop_stop(me->loop, 0);
}

TEST(signals_arrive_as_callbacks)
{
	struct err err = ERR_INIT;
	struct me me = { 0 };

	CHECK_INT(loop_new(&me.loop, &err), 0);
	CHECK_INT(loop_signal_add(me.loop, SIGUSR1, on_signal, &me, NULL, &err), 0);
	raise(SIGUSR1);
	CHECK_INT(loop_run(me.loop, &err), 0);
	CHECK_INT(me.signo, SIGUSR1);
	loop_free(me.loop);
}

static void on_read_remove_both(int fd, uint32_t events, void *data)
{
	struct me *me = data;

	(void)fd;
	(void)events;
	me->n++;
	loop_source_remove(me->source);
	loop_source_remove(me->other);
}

TEST(sources_removed_by_a_callback_of_the_same_round_are_not_served)
{
	struct err err = ERR_INIT;
	struct me me = { 0 };
	int a[2], b[2];

	CHECK_INT(loop_new(&me.loop, &err), 0);
	CHECK(pipe(a) == 0 && pipe(b) == 0);
	CHECK_INT(loop_fd_add(me.loop, a[0], EPOLLIN, on_read_remove_both, &me, &me.source, &err), 0);
	CHECK_INT(loop_fd_add(me.loop, b[0], EPOLLIN, on_read_remove_both, &me, &me.other, &err), 0);
	CHECK(write(a[1], "x", 1) == 1 && write(b[1], "x", 1) == 1);
	CHECK_INT(loop_once(me.loop, 0, &err), 1);
	CHECK_INT(loop_once(me.loop, 0, &err), 0);
	CHECK_INT(me.n, 1);
	loop_free(me.loop);
	for (int i = 0; i < 2; i++) {
		close(a[i]);
		close(b[i]);
	}
}

TEST(a_bad_descriptor_is_an_error_with_its_number)
{
	struct err err = ERR_INIT;
	struct me me = { 0 };

	CHECK_INT(loop_new(&me.loop, &err), 0);
	CHECK(loop_fd_add(me.loop, 4000, EPOLLIN, on_read, &me, NULL, &err) < 0);
	CHECK(strstr(err.text, "4000"));
	loop_free(me.loop);
}

TAP_MAIN()
