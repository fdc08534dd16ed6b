/* SPDX-License-Identifier: Apache-2.0 */
/* What the credential ledger reports, and that ordinary life is none of it. */
#include "sensor_help.h"

#include <linux/capability.h>
#include <sched.h>
#include <sys/prctl.h>

#define CAP(x) (UINT64_C(1) << (x))

static uint64_t n_unexplained(struct world *w)
{
	struct sensor_state_stats stats;

	sensor_state_stats(w->state, &stats);
	return stats.n_cred_unexplained;
}

static struct actor user_shell(struct world *w)
{
	struct actor init = host_actor(1, 0, "systemd", 0), a = host_actor(500, 1, "bash", 1000);

	do_spawn(w, &init, &a, (struct exec){ .path = "/usr/bin/bash" });
	return a;
}

/* A system call that gives the credentials after it. */
static void do_call(struct world *w, unsigned type, const struct actor *after, int64_t ret)
{
	wire_begin(w, type, after);
	w->b.event->ret = ret;
	put_cred(&w->b, after);
	wire_end(w);
}

static void become(struct actor *a, uint32_t uid, uint32_t euid, uint32_t suid, uint64_t caps)
{
	a->uid = uid;
	a->euid = euid;
	a->suid = suid;
	a->caps = caps;
	a->cred += 0x100000;
}

static void open_any(struct world *w, const struct actor *a)
{
	do_open(w, a, (struct open){ .path = "/etc/passwd", .ret = 3 });
}

TEST(a_uid_that_becomes_0_between_two_events_is_told_before_the_event_that_shows_it)
{
	struct world w;
	struct actor a;

	world_init(&w);
	a = user_shell(&w);
	open_any(&w, &a);
	become(&a, 0, 0, 0, ALL_CAPS);
	open_any(&w, &a);
	CHECK_INT(w.n, 2);
	FIELD_IS(0, "evt.type", "cred.unexplained");
	FIELD_IS(0, "cred.reason", "uid");
	FIELD_IS(0, "cred.before", "uid=1000 euid=1000 fsuid=1000 cap_permitted=0 cap_effective=0 user_ns=4026531837");
	FIELD_IS(0, "cred.after", "uid=0 euid=0 fsuid=0 cap_permitted=1ffffffffff cap_effective=1ffffffffff user_ns=4026531837");
	FIELD_IS(0, "proc.name", "bash");
	FIELD_IS(1, "evt.type", "openat");
	FIELD_IS(1, "cred.reason", "<unset>");
	open_any(&w, &a);
	CHECK_INT(n_unexplained(&w), 1);
	world_done(&w);
}

TEST(capabilities_that_were_not_permitted_before_are_told)
{
	struct world w;
	struct actor a;

	world_init(&w);
	a = user_shell(&w);
	become(&a, 1000, 1000, 1000, CAP(CAP_SYS_ADMIN));
	open_any(&w, &a);
	FIELD_IS(0, "cred.reason", "capabilities");
	CHECK_INT(n_unexplained(&w), 1);
	world_done(&w);
}

TEST(the_hosts_user_namespace_cannot_be_come_back_to)
{
	struct world w;
	struct actor a;

	world_init(&w);
	a = user_shell(&w);
	a.user_ns = 4026532600;
	wire_begin(&w, MODEL_EVT_UNSHARE, &a);
	sensor_wire_put_u64(&w.b, SENSOR_P_FLAGS, CLONE_NEWUSER);
	wire_end(&w);
	a.user_ns = HOST_USER_NS;
	open_any(&w, &a);
	FIELD_IS(0, "cred.reason", "user namespace");
	world_done(&w);
}

TEST(an_exec_of_an_ordinary_program_makes_nobody_root)
{
	struct world w;
	struct actor a;

	world_init(&w);
	a = user_shell(&w);
	become(&a, 0, 0, 0, ALL_CAPS);
	do_exec(&w, &a, (struct exec){ .path = "/bin/sh" });
	FIELD_IS(0, "evt.type", "cred.unexplained");
	FIELD_IS(0, "cred.reason", "uid");
	FIELD_IS(1, "evt.type", "execve");
	world_done(&w);
}

TEST(setuid_of_0_without_the_right_to_it_is_told)
{
	struct world w;
	struct actor a;

	world_init(&w);
	a = user_shell(&w);
	open_any(&w, &a);
	become(&a, 0, 0, 0, ALL_CAPS);
	do_call(&w, MODEL_EVT_SETUID, &a, 0);
	FIELD_IS(0, "cred.reason", "uid");
	world_done(&w);
}

TEST(a_failed_call_explains_nothing)
{
	struct world w;
	struct actor a;

	world_init(&w);
	a = user_shell(&w);
	become(&a, 0, 0, 0, ALL_CAPS);
	do_call(&w, MODEL_EVT_SETUID, &a, -1);
	CHECK_INT(n_unexplained(&w), 1);
	world_done(&w);
}

TEST(a_changed_pointer_and_lost_privilege_are_nothing)
{
	struct world w;
	struct actor a, root = host_actor(600, 1, "nginx", 0), init = host_actor(1, 0, "systemd", 0);

	world_init(&w);
	a = user_shell(&w);
	a.cred++;
	open_any(&w, &a);
	do_spawn(&w, &init, &root, (struct exec){ .path = "/usr/sbin/nginx" });
	become(&root, 33, 33, 33, 0);
	open_any(&w, &root);
	CHECK_INT(n_unexplained(&w), 0);
	world_done(&w);
}

TEST(sudo_and_su_are_lawful)
{
	struct world w;
	struct actor a, sudo, su, sh;

	world_init(&w);
	a = user_shell(&w);
	sudo = host_actor(510, 500, "sudo", 1000);
	become(&sudo, 1000, 0, 0, ALL_CAPS);
	do_spawn(&w, &a, &sudo, (struct exec){ .path = "/usr/bin/sudo", .file = { .mode = S_IFREG | 04755, .flags = SENSOR_FILE_CAPS } });
	become(&sudo, 0, 0, 0, ALL_CAPS);
	do_call(&w, MODEL_EVT_SETRESUID, &sudo, 0);
	become(&sudo, 1000, 1000, 0, ALL_CAPS & ~ALL_CAPS);
	do_call(&w, MODEL_EVT_SETRESUID, &sudo, 0);
	become(&sudo, 0, 0, 0, 0);
	do_call(&w, MODEL_EVT_SETRESUID, &sudo, 0);              /* back, by the saved id */
	su = host_actor(520, 510, "su", 0);
	do_spawn(&w, &sudo, &su, (struct exec){ .path = "/usr/bin/su", .file = { .mode = S_IFREG | 04755 } });
	become(&su, 33, 33, 33, 0);
	do_call(&w, MODEL_EVT_SETUID, &su, 0);
	sh = su;
	do_exec(&w, &sh, (struct exec){ .path = "/bin/sh" });
	open_any(&w, &sh);
	CHECK_INT(n_unexplained(&w), 0);
	world_done(&w);
}

TEST(file_capabilities_of_ping_and_newuidmap_are_lawful)
{
	struct world w;
	struct actor a, ping = host_actor(510, 500, "ping", 1000), map = host_actor(511, 500, "newuidmap", 1000);

	world_init(&w);
	a = user_shell(&w);
	ping.caps = CAP(CAP_NET_RAW);
	do_spawn(&w, &a, &ping, (struct exec){ .path = "/usr/bin/ping", .file = { .flags = SENSOR_FILE_CAPS } });
	open_any(&w, &ping);
	map.caps = CAP(CAP_SETUID);
	do_spawn(&w, &a, &map, (struct exec){ .path = "/usr/bin/newuidmap", .file = { .flags = SENSOR_FILE_CAPS } });
	become(&map, 0, 0, 0, CAP(CAP_SETUID));
	do_call(&w, MODEL_EVT_SETRESUID, &map, 0);
	open_any(&w, &map);
	CHECK_INT(n_unexplained(&w), 0);
	world_done(&w);
}

TEST(a_user_namespace_gives_all_capabilities_within_it_lawfully)
{
	struct world w;
	struct actor a, child;

	world_init(&w);
	a = user_shell(&w);
	a.user_ns = 4026532600;
	become(&a, 1000, 1000, 1000, ALL_CAPS);
	wire_begin(&w, MODEL_EVT_UNSHARE, &a);
	sensor_wire_put_u64(&w.b, SENSOR_P_FLAGS, CLONE_NEWUSER | CLONE_NEWNS);
	wire_end(&w);
	open_any(&w, &a);
	do_exec(&w, &a, (struct exec){ .path = "/usr/bin/unshare" });
	/* clone(CLONE_NEWUSER): the child begins in it */
	child = host_actor(510, 500, "bwrap", 1000);
	child.user_ns = 4026532700;
	child.caps = ALL_CAPS;
	do_fork(&w, &a, &child);
	open_any(&w, &child);
	CHECK_INT(n_unexplained(&w), 0);
	world_done(&w);
}

TEST(sshd_docker_and_systemd_services_are_lawful)
{
	struct world w;
	struct actor init = host_actor(1, 0, "systemd", 0), sshd = host_actor(400, 1, "sshd", 0), child = host_actor(410, 400, "sshd", 0);
	struct actor unit = host_actor(420, 1, "systemd", 0), box, inner;

	world_init(&w);
	do_spawn(&w, &init, &sshd, (struct exec){ .path = "/usr/sbin/sshd" });
	do_fork(&w, &sshd, &child);
	become(&child, 1000, 1000, 1000, 0);                     /* privilege separation */
	do_call(&w, MODEL_EVT_SETRESUID, &child, 0);
	do_exec(&w, &child, (struct exec){ .path = "/usr/bin/bash" });
	open_any(&w, &child);
	/* DynamicUser with an ambient capability: bounding set dropped, setresuid with KEEPCAPS, capset, exec */
	do_fork(&w, &init, &unit);
	do_call(&w, MODEL_EVT_PRCTL, &unit, 0);
	become(&unit, 61184, 61184, 61184, CAP(CAP_NET_BIND_SERVICE));
	do_call(&w, MODEL_EVT_SETRESUID, &unit, 0);
	do_call(&w, MODEL_EVT_CAPSET, &unit, 0);
	do_exec(&w, &unit, (struct exec){ .path = "/usr/bin/service" });
	open_any(&w, &unit);
	/* docker run: runc's child loses capabilities, then the program runs as root of the container */
	world_box(&w, &box);
	inner = box;
	inner.caps = 0xa80425fb;
	inner.cred++;
	do_call(&w, MODEL_EVT_CAPSET, &inner, 0);
	do_exec(&w, &inner, (struct exec){ .path = "/bin/sh" });
	open_any(&w, &inner);
	CHECK_INT(n_unexplained(&w), 0);
	world_done(&w);
}

TEST(a_service_that_drops_and_regains_its_effective_set_is_lawful)
{
	struct world w;
	struct actor init = host_actor(1, 0, "systemd", 0), a = host_actor(700, 1, "samba", 0);

	world_init(&w);
	do_spawn(&w, &init, &a, (struct exec){ .path = "/usr/sbin/smbd" });
	/* setresuid(-1, user, -1) for the work of a user, and back: the permitted set stays */
	a.euid = 1000;
	a.cred++;
	do_call(&w, MODEL_EVT_SETRESUID, &a, 0);
	open_any(&w, &a);
	a.euid = 0;
	a.cred++;
	do_call(&w, MODEL_EVT_SETRESUID, &a, 0);
	open_any(&w, &a);
	CHECK_INT(n_unexplained(&w), 0);
	world_done(&w);
}

TEST(each_thread_has_its_own_credentials)
{
	struct world w;
	struct actor a, thread;

	world_init(&w);
	a = user_shell(&w);
	thread = a;
	thread.tid = 501;
	do_fork(&w, &a, &thread);
	open_any(&w, &thread);
	CHECK_INT(n_unexplained(&w), 0);
	become(&thread, 0, 0, 0, ALL_CAPS);
	open_any(&w, &thread);
	CHECK_INT(n_unexplained(&w), 1);
	open_any(&w, &a);
	CHECK_INT(n_unexplained(&w), 1);
	world_done(&w);
}

TEST(lost_lifecycle_events_make_the_ledger_silent_until_it_sees_the_task_again)
{
	struct world w;
	struct actor a;
	char begin[32], end[32];

	world_init(&w);
	a = user_shell(&w);
	open_any(&w, &a);
	wire_begin(&w, MODEL_EVT_LOST, &a);
	sensor_wire_put_u64(&w.b, SENSOR_P_LOST_TYPE, MODEL_EVT_EXECVE);
	sensor_wire_put_u64(&w.b, SENSOR_P_LOST_COUNT, 3);
	sensor_wire_put_u64(&w.b, SENSOR_P_LOST_CAUSE, SENSOR_LOST_RING_FULL);
	sensor_wire_put_u64(&w.b, SENSOR_P_LOST_SINCE, w.b.event->ts_ns - 1000);
	CHECK_INT(wire_end(&w), 1);
	FIELD_IS(0, "lost.type", "execve");
	FIELD_IS(0, "lost.count", "3");
	FIELD_IS(0, "lost.cause", "ring-full");
	snprintf(end, sizeof(end), "%llu", (unsigned long long)(BOOT_EPOCH_NS + w.now_ns));
	snprintf(begin, sizeof(begin), "%llu", (unsigned long long)(BOOT_EPOCH_NS + w.now_ns - 1000));
	FIELD_IS(0, "lost.begin", begin);
	FIELD_IS(0, "lost.end", end);
	become(&a, 0, 0, 0, ALL_CAPS);
	open_any(&w, &a);
	CHECK_INT(n_unexplained(&w), 0);
	world_done(&w);
}

TEST(lost_opens_do_not_silence_it_and_late_events_do_not_wake_it)
{
	struct world w;
	struct actor a, late;

	world_init(&w);
	a = user_shell(&w);
	late = a;
	wire_begin(&w, MODEL_EVT_LOST, &a);
	sensor_wire_put_u64(&w.b, SENSOR_P_LOST_TYPE, MODEL_EVT_OPENAT);
	wire_end(&w);
	become(&a, 0, 0, 0, ALL_CAPS);
	open_any(&w, &a);
	CHECK_INT(n_unexplained(&w), 1);
	w.now_ns -= 50000000;
	open_any(&w, &late);
	w.now_ns += 50000000;
	open_any(&w, &a);
	CHECK_INT(n_unexplained(&w), 1);
	world_done(&w);
}

TAP_MAIN()
