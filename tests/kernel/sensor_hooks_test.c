/* SPDX-License-Identifier: Apache-2.0 */
/* By which hooks system calls are seen, and that each is seen once whichever way it comes: on this kernel. */
#include "../tap.h"
#include "live.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NEED_SENSOR() do { const char *why_ = live_unavailable(); if (why_) SKIP(why_); } while (0)

static bool has_fexit(void)
{
	const struct sensor_hook *hooks;
	size_t n = sensor_hooks(live_sensor(), &hooks);

	for (size_t i = 0; i < n; i++)
		if (strcmp(hooks[i].program, "on_return") == 0 && hooks[i].state == SENSOR_HOOK_ATTACHED)
			return true;
	return false;
}

/* Whether the event's call has no function that a program could be attached to. */
static bool has_no_function(const struct sensor_hook *hooks, size_t n, const char *event)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(hooks[i].program, "on_return") == 0 && hooks[i].state == SENSOR_HOOK_REFUSED && strcmp(hooks[i].event, event) == 0)
			return true;
	return false;
}

TEST(no_tracepoint_of_system_calls_is_attached_where_their_functions_can_be_hooked)
{
	const struct sensor_hook *hooks;
	size_t n, n_functions = 0;

	NEED_SENSOR();
	if (!has_fexit())
		SKIP("no fexit programs here, or not asked for");
	n = sensor_hooks(live_sensor(), &hooks);
	for (size_t i = 0; i < n; i++) {
		bool is_slow = strncmp(hooks[i].attach, "tracepoint/syscalls/", 20) == 0 || strcmp(hooks[i].attach, "tp_btf/sys_exit") == 0;
		if (hooks[i].state != SENSOR_HOOK_ATTACHED)
			continue;
		CHECK_MSG(!is_slow || has_no_function(hooks, n, hooks[i].event), "%s is attached", hooks[i].attach);
		n_functions += strncmp(hooks[i].attach, "fexit/__x64_sys_", 16) == 0;
	}
	CHECK_MSG(n_functions >= 90, "%zu functions", n_functions);
}

static size_t count(const struct live_events *e, unsigned type)
{
	size_t n = 0;

	while (live_nth(e, type, n))
		n++;
	return n;
}

static int act_session(void *data)
{
	(void)data;
	return setsid() < 0 || chdir("/tmp") < 0 ? 1 : 0;
}

TEST(a_call_is_told_once)
{
	struct live_events e;

	NEED_SENSOR();
	e = live_run(act_session, NULL);
	CHECK_INT(e.status, 0);
	CHECK_INT(count(&e, MODEL_EVT_SETSID), 1);
	CHECK_INT(count(&e, MODEL_EVT_CHDIR), 1);
	CHECK_STR(live_path(live_nth(&e, MODEL_EVT_CHDIR, 0), SENSOR_P_PATH), "/tmp");
	live_free(&e);
}

static long int80(long nr, long a, long b)
{
	long ret;

	__asm__ volatile("int $0x80" : "=a"(ret) : "a"(nr), "b"(a), "c"(b) : "r8", "r9", "r10", "r11", "memory");
	return ret;
}

/* 32-bit calls of a 64-bit program: no 32-bit program ever starts. */
static int act_int80(void *data)
{
	char *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	(void)data;
	if (low == MAP_FAILED)
		return 1;
	strcpy(low, "/tmp");
	int80(66, 0, 0);   /* setsid */
	return int80(12, (long)low, 0) < 0 ? 2 : 0;   /* chdir */
}

TEST(int_0x80_of_a_64_bit_program_is_seen_from_the_start_and_once)
{
	const struct sensor_wire *w;
	struct live_events e;

	NEED_SENSOR();
	if (!has_fexit())
		SKIP("no fexit programs here, or not asked for");
	e = live_run(act_int80, NULL);
	if (WIFSIGNALED(e.status)) {
		live_free(&e);
		SKIP("this kernel has no 32-bit calls");
	}
	w = live_nth(&e, MODEL_EVT_CHDIR, 0);
	CHECK_INT(e.status, 0);
	CHECK(w && w->flags & SENSOR_WIRE_COMPAT);
	CHECK_STR(live_path(w, SENSOR_P_PATH), "/tmp");
	CHECK_INT(count(&e, MODEL_EVT_CHDIR), 1);
	CHECK_INT(count(&e, MODEL_EVT_SETSID), 1);
	live_free(&e);
}

/* mkdir is refused with EPERM. */
static int act_confined(void *data)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mkdir, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = sizeof(filter) / sizeof(filter[0]), .filter = filter };
	char path[] = "/tmp/never-made";   /* in memory: the refused call does not fetch it */

	(void)data;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		return 1;
	return syscall(SYS_mkdir, path, 0700) == -1 && errno == EPERM && chdir("/tmp") == 0 ? 0 : 2;
}

TEST(a_call_that_seccomp_refuses_is_seen_with_what_was_asked)
{
	const struct sensor_wire *w;
	struct live_events e;

	NEED_SENSOR();
	e = live_run(act_confined, NULL);
	CHECK_INT(e.status, 0);
	w = live_nth(&e, MODEL_EVT_MKDIR, 0);
	CHECK(w && w->ret == -EPERM);
	CHECK_STR(live_text(w, SENSOR_P_RAW), "/tmp/never-made");
	CHECK_INT(count(&e, MODEL_EVT_MKDIR), 1);
	CHECK_INT(count(&e, MODEL_EVT_CHDIR), 1);
	live_free(&e);
}

static bool is_loaded(struct sensor *sensor, const char *program)
{
	struct sensor_program_cost costs[128];
	size_t n = sensor_program_costs(sensor, costs, 128);

	for (size_t i = 0; i < n; i++)
		if (strcmp(costs[i].program, program) == 0)
			return true;
	return false;
}

static const struct sensor_hook *hook_of(struct sensor *sensor, const char *event, const char *program)
{
	const struct sensor_hook *hooks;
	size_t n = sensor_hooks(sensor, &hooks);

	for (size_t i = 0; i < n; i++)
		if (strcmp(hooks[i].event, event) == 0 && strcmp(hooks[i].program, program) == 0)
			return &hooks[i];
	return NULL;
}

/* Why the program on every exit does not come and go here; NULL when it does. */
static const char *compat_does_not_rest(void)
{
	struct sensor_options options = { .all_events = true, .load_all = true };
	const char *compat = getenv("PARKA_SENSOR_COMPAT"), *why = NULL;
	struct sensor *sensor = NULL;

	if (!getenv("PARKA_HELPER32") || access(getenv("PARKA_HELPER32"), X_OK) != 0)
		return "no 32-bit helper was built (gcc -m32)";
	if (compat && strcmp(compat, "auto") != 0)
		return "the environment asks for another way";
	if (sensor_open(&options, &sensor, NULL) < 0)
		return "the sensor cannot be opened";
	if (sensor_sees_compat(sensor))
		why = "32-bit calls have hooks of their own here, or all calls are seen at every exit";
	else if (!is_loaded(sensor, "exit_raw"))
		why = "this kernel refuses the program on every exit";
	sensor_close(sensor);
	return why;
}

TEST(a_program_is_loaded_when_rules_come_to_want_it_and_sees_what_happens_then)
{
	struct sensor_options options = { 0 };
	struct model_event_set wanted = { 0 };
	const struct sensor_wire *event;
	const struct sensor_hook *hook;
	struct sensor *sensor = NULL;
	size_t n_seen = 0;

	NEED_SENSOR();
	hook = hook_of(live_sensor(), "cap_capable", "on_cap_capable");
	if (!hook || hook->state == SENSOR_HOOK_REFUSED)
		SKIP("this kernel has no tracepoint of capabilities");
	if (!CHECK_INT(sensor_open(&options, &sensor, NULL), 0))
		return;
	CHECK(!is_loaded(sensor, "on_cap_capable"));
	CHECK(is_loaded(sensor, "on_exec"));
	model_event_set_add(&wanted, MODEL_EVT_CAP_CAPABLE);
	CHECK_INT(sensor_want(sensor, &wanted, NULL), 0);
	CHECK(is_loaded(sensor, "on_cap_capable"));
	hook = hook_of(sensor, "cap_capable", "on_cap_capable");
	CHECK(hook && hook->state == SENSOR_HOOK_ATTACHED);
	CHECK_INT(setgid(getgid()), 0);   /* asks for CAP_SETGID */
	while (sensor_next(sensor, true, &event, NULL) == 1)
		n_seen += event->type == MODEL_EVT_CAP_CAPABLE && event->pid == (uint32_t)getpid();
	CHECK(n_seen >= 1);
	sensor_close(sensor);
}

/* How many directories of ours it was told of, made and removed again since the last look. */
static size_t make_directories(struct sensor *sensor)
{
	char dir[] = "/tmp/parka-hooks-XXXXXX";
	const struct sensor_wire *event;
	size_t n = 0;

	if (!mkdtemp(dir))
		return SIZE_MAX;
	rmdir(dir);
	usleep(20000);
	while (sensor_next(sensor, true, &event, NULL) == 1)
		n += (event->type == MODEL_EVT_MKDIR || event->type == MODEL_EVT_RMDIR) && event->pid == (uint32_t)getpid();
	return n;
}

/* The kernel takes seconds to let go of a function: nothing is told meanwhile. */
TEST(a_call_that_nobody_wants_any_more_is_not_told_from_then_on_and_again_when_it_is_wanted)
{
	struct sensor_options options = { 0 };
	struct model_event_set none = { 0 };
	struct sensor *sensor = NULL;

	NEED_SENSOR();
	model_event_set_add(&options.wanted, MODEL_EVT_MKDIR);
	model_event_set_add(&options.wanted, MODEL_EVT_RMDIR);
	if (!CHECK_INT(sensor_open(&options, &sensor, NULL), 0))
		return;
	CHECK_INT(make_directories(sensor), 2);
	for (int i = 0; i < 2; i++) {
		CHECK_INT(sensor_want(sensor, &none, NULL), 0);
		for (int k = 0; k < 3; k++)
			CHECK_INT(make_directories(sensor), 0);
		CHECK_INT(sensor_want(sensor, &options.wanted, NULL), 0);
		CHECK_INT(make_directories(sensor), 2);
	}
	sensor_close(sensor);
}

TEST(a_rule_about_dns_alone_has_the_calls_that_send)
{
	struct sensor_options options = { 0 };
	const struct sensor_hook *hooks;
	struct sensor *sensor = NULL;
	size_t n, n_sends = 0;

	NEED_SENSOR();
	model_event_set_add(&options.wanted, MODEL_EVT_DNS);
	if (!CHECK_INT(sensor_open(&options, &sensor, NULL), 0))
		return;
	n = sensor_hooks(sensor, &hooks);
	for (size_t i = 0; i < n; i++)
		n_sends += strncmp(hooks[i].event, "send", 4) == 0 && hooks[i].state == SENSOR_HOOK_ATTACHED && !hooks[i].compat;
	CHECK_INT(n_sends, 3);
	sensor_close(sensor);
}

TEST(a_sensor_that_loads_all_knows_of_each_program_whether_the_kernel_takes_it)
{
	struct sensor_options options = { .load_all = true };
	const struct sensor_hook *hooks;
	struct sensor *sensor = NULL;
	size_t n;

	NEED_SENSOR();
	if (!CHECK_INT(sensor_open(&options, &sensor, NULL), 0))
		return;
	n = sensor_hooks(sensor, &hooks);
	CHECK(n > 0);
	for (size_t i = 0; i < n; i++) {
		bool stub = strcmp(hooks[i].program, "on_return") == 0;
		bool usable = hooks[i].state == SENSOR_HOOK_ATTACHED || hooks[i].state == SENSOR_HOOK_UNWANTED;
		CHECK_MSG(stub || !usable || is_loaded(sensor, hooks[i].program), "%s for %s", hooks[i].program, hooks[i].event);
	}
	sensor_close(sensor);
}

/* Whether nobody looks at 32-bit calls within a minute. */
static bool rests(struct sensor *sensor)
{
	const struct sensor_wire *event;

	for (int i = 0; i < 6000 && sensor_sees_compat(sensor); i++) {
		while (sensor_next(sensor, true, &event, NULL) == 1)
			;
		usleep(10000);
	}
	return !sensor_sees_compat(sensor);
}

TEST(all_exits_are_looked_at_only_while_32_bit_programs_live_and_again_when_another_starts)
{
	struct sensor_options options = { .all_events = true, .compat_linger_ms = 100 };
	const char *helper = getenv("PARKA_HELPER32");
	struct sensor *sensor = NULL;

	NEED_SENSOR();
	if (compat_does_not_rest())
		SKIP(compat_does_not_rest());
	if (!CHECK_INT(sensor_open(&options, &sensor, NULL), 0))
		return;
	CHECK(!is_loaded(sensor, "exit_raw"));
	for (int i = 0; i < 2; i++) {
		CHECK(live_start_compat(sensor, helper));
		CHECK(is_loaded(sensor, "exit_raw"));
		CHECK_INT(hook_of(sensor, "32-bit calls", "exit_raw")->state, SENSOR_HOOK_ATTACHED);
		CHECK(rests(sensor));
		CHECK_INT(hook_of(sensor, "32-bit calls", "exit_raw")->state, SENSOR_HOOK_UNWANTED);
	}
	sensor_close(sensor);
}

static pid_t start_compat(const char *helper, const char *seconds)
{
	pid_t pid = fork();

	if (pid == 0) {
		execl(helper, helper, "/nowhere", seconds, NULL);
		_exit(127);
	}
	return pid;
}

TEST(all_exits_stay_looked_at_while_one_of_several_32_bit_programs_lives)
{
	struct sensor_options options = { .all_events = true, .compat_linger_ms = 1 };
	const char *helper = getenv("PARKA_HELPER32");
	const struct sensor_wire *event;
	struct sensor *sensor = NULL;
	size_t n_ended = 0;
	pid_t lives, ends;

	NEED_SENSOR();
	if (compat_does_not_rest())
		SKIP(compat_does_not_rest());
	if (!CHECK_INT(sensor_open(&options, &sensor, NULL), 0))
		return;
	lives = start_compat(helper, "120");
	CHECK(live_start_compat(sensor, helper));
	ends = start_compat(helper, "0");
	CHECK_INT(waitpid(ends, NULL, 0), ends);
	for (int i = 0; i < 300 && sensor_sees_compat(sensor); i++) {
		while (sensor_next(sensor, true, &event, NULL) == 1)
			n_ended += event->type == MODEL_EVT_PROCEXIT && event->pid == (uint32_t)ends;
		usleep(1000);
	}
	CHECK(n_ended >= 1);
	CHECK(sensor_sees_compat(sensor));
	kill(lives, SIGKILL);
	waitpid(lives, NULL, 0);
	CHECK(rests(sensor));
	sensor_close(sensor);
}

/* Before e21aa341785c the kernel freed the way back of a task that slept in a hooked call. */
TEST(a_call_that_sleeps_while_its_hook_goes_returns)
{
	struct sockaddr_in here = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(here);
	int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0), status = -1;
	pid_t pid;

	NEED_SENSOR();
	if (!CHECK(bind(listener, (struct sockaddr *)&here, len) == 0 && listen(listener, 1) == 0 &&
		   getsockname(listener, (struct sockaddr *)&here, &len) == 0))
		return;
	pid = fork();
	if (pid == 0)
		_exit(accept(listener, NULL, NULL) < 0);
	usleep(300000);
	live_stop();
	usleep(300000);
	CHECK_INT(connect(client, (struct sockaddr *)&here, len), 0);
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK_INT(status, 0);
	close(client);
	close(listener);
}

TAP_MAIN()
