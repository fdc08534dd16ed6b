/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/limits.h"
#include "sensor_help.h"

#include <fcntl.h>

static struct actor shell(void) { return host_actor(500, 1, "bash", 1000); }

TEST(an_exec_becomes_a_record_with_the_fields_rules_use)
{
	struct world w;
	struct actor init = host_actor(1, 0, "systemd", 0), a = shell();

	world_init(&w);
	a.tty_index = 1;
	CHECK_INT(do_spawn(&w, &init, &a, (struct exec){ .path = "/usr/bin/bash", .argv = "-bash -c id", .cwd = "/home/deploy",
							 .env = "HOME=/home/deploy" }), 1);
	FIELD_IS(0, "evt.type", "execve");
	FIELD_IS(0, "evt.num", "2");
	FIELD_IS(0, "evt.res", "SUCCESS");
	FIELD_IS(0, "evt.hostname", "web-07");
	FIELD_IS(0, "proc.name", "bash");
	FIELD_IS(0, "proc.exe", "-bash");
	FIELD_IS(0, "proc.exepath", "/usr/bin/bash");
	FIELD_IS(0, "proc.args", "-c id");
	FIELD_IS(0, "proc.cmdline", "bash -c id");
	FIELD_IS(0, "proc.exeline", "-bash -c id");
	FIELD_IS(0, "proc.cmdnargs", "2");
	FIELD_IS(0, "proc.cmdlenargs", "4");
	FIELD_IS(0, "proc.cwd", "/home/deploy/");
	FIELD_IS(0, "proc.env[HOME]", "/home/deploy");
	FIELD_IS(0, "proc.env[NONE]", "<unset>");
	FIELD_IS(0, "proc.pid", "500");
	FIELD_IS(0, "proc.ppid", "1");
	FIELD_IS(0, "proc.pname", "systemd");
	FIELD_IS(0, "proc.pexepath", "/usr/lib/systemd/systemd");
	FIELD_IS(0, "proc.aname[1]", "systemd");
	FIELD_IS(0, "proc.aname[2]", "<unset>");
	FIELD_IS(0, "proc.aname", "(systemd)");
	FIELD_IS(0, "proc.tty", "34816");
	FIELD_IS(0, "proc.tty.name", "pts/0");
	FIELD_IS(0, "user.name", "deploy");
	FIELD_IS(0, "user.uid", "1000");
	FIELD_IS(0, "user.loginuid", "-1");
	FIELD_IS(0, "user.loginname", "<NA>");
	FIELD_IS(0, "container.id", "host");
	FIELD_IS(0, "container.image.repository", "<unset>");
	FIELD_IS(0, "proc.is_exe_from_memfd", "false");
	FIELD_IS(0, "thread.cap_effective", "");
	world_done(&w);
}

TEST(a_fork_is_told_as_the_system_call_that_made_it)
{
	struct world w;
	struct actor init = host_actor(1, 0, "systemd", 0), a = shell();

	world_init(&w);
	CHECK_INT(do_fork(&w, &init, &a), 1);
	FIELD_IS(0, "evt.type", "clone");
	FIELD_IS(0, "evt.arg.flags", "CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID");
	FIELD_IS(0, "proc.pid", "1");
	world_done(&w);
}

static void do_rename_task(struct world *w, const struct actor *a, const char *name)
{
	wire_begin(w, MODEL_EVT_TASK_RENAME, a);
	w->b.event->flags = SENSOR_WIRE_NO_RET;
	sensor_wire_put_text(&w->b, SENSOR_P_NAME, name);
	wire_end(w);
}

TEST(a_process_that_renames_itself_keeps_the_name_that_exec_gave_it)
{
	struct world w;
	struct actor init = host_actor(1, 0, "systemd", 0), a = shell();

	world_init(&w);
	do_spawn(&w, &init, &a, (struct exec){ .path = "/usr/bin/bash" });
	do_rename_task(&w, &a, "worker-manager-1");
	do_open(&w, &a, (struct open){ .path = "/etc/hosts", .ret = 3 });
	FIELD_IS(0, "proc.name", "bash");
	a.tid = 501;
	do_rename_task(&w, &a, "a-thread");
	do_open(&w, &a, (struct open){ .path = "/etc/hosts", .ret = 3 });
	FIELD_IS(0, "proc.name", "bash");
	world_done(&w);
}

TEST(an_open_carries_path_raw_name_flags_and_descriptor)
{
	struct world w;
	struct actor init = host_actor(1, 0, "systemd", 0), a = shell();

	world_init(&w);
	do_spawn(&w, &init, &a, (struct exec){ .path = "/usr/bin/bash" });
	CHECK_INT(do_open(&w, &a, (struct open){ .path = "/etc/shadow", .raw = "../etc/./shadow", .flags = O_RDONLY | O_CLOEXEC, .ret = 3 }), 1);
	FIELD_IS(0, "fd.name", "/etc/shadow");
	FIELD_IS(0, "fd.nameraw", "../etc/./shadow");
	FIELD_IS(0, "fd.directory", "/etc");
	FIELD_IS(0, "fd.filename", "shadow");
	FIELD_IS(0, "fd.typechar", "f");
	FIELD_IS(0, "fd.type", "file");
	FIELD_IS(0, "fd.num", "3");
	FIELD_IS(0, "evt.arg.flags", "O_RDONLY|O_CLOEXEC");
	FIELD_IS(0, "evt.arg.name", "/etc/shadow");
	FIELD_IS(0, "evt.arg.mode", "0644");
	FIELD_IS(0, "evt.is_open_read", "true");
	FIELD_IS(0, "evt.is_open_write", "false");
	FIELD_IS(0, "fs.path.name", "/etc/shadow");
	FIELD_IS(0, "fd.containername", "host:/etc/shadow");
	FIELD_IS(0, "evt.args", "fd=3(<f>/etc/shadow) dirfd=-100(AT_FDCWD) name=../etc/./shadow(/etc/shadow) "
				"flags=1001(O_RDONLY|O_CLOEXEC) mode=0644 dev=801 ino=100");
	do_open(&w, &a, (struct open){ .raw = "nothing", .flags = O_WRONLY | O_CREAT | O_TRUNC, .ret = -2 });
	FIELD_IS(0, "fd.name", "/root/nothing");
	FIELD_IS(0, "fd.num", "-2");
	FIELD_IS(0, "evt.res", "ENOENT");
	FIELD_IS(0, "evt.failed", "true");
	FIELD_IS(0, "evt.arg.flags", "O_TRUNC|O_CREAT|O_WRONLY");
	FIELD_IS(0, "evt.arg.fd", "ENOENT");
	world_done(&w);
}

TEST(a_connect_has_client_and_server)
{
	struct world w;
	struct actor init = host_actor(1, 0, "systemd", 0), a = shell();

	world_init(&w);
	do_spawn(&w, &init, &a, (struct exec){ .path = "/usr/bin/curl", .argv = "curl" });
	wire_begin(&w, MODEL_EVT_CONNECT, &a);
	w.b.event->ret = -115;
	sensor_wire_put_u64(&w.b, SENSOR_P_FD, 5);
	put_socket(&w.b, 1, 6, 2);
	put_address(&w.b, SENSOR_P_SOCKADDR_LOCAL, "10.0.0.5", 40000);
	put_address(&w.b, SENSOR_P_SOCKADDR_REMOTE, "1.2.3.4", 443);
	CHECK_INT(wire_end(&w), 1);
	FIELD_IS(0, "fd.name", "10.0.0.5:40000->1.2.3.4:443");
	FIELD_IS(0, "fd.typechar", "4");
	FIELD_IS(0, "fd.type", "ipv4");
	FIELD_IS(0, "fd.l4proto", "tcp");
	FIELD_IS(0, "fd.sip", "1.2.3.4");
	FIELD_IS(0, "fd.rip", "1.2.3.4");
	FIELD_IS(0, "fd.cip", "10.0.0.5");
	FIELD_IS(0, "fd.sport", "443");
	FIELD_IS(0, "fd.lport", "40000");
	FIELD_IS(0, "fd.sproto", "https");
	FIELD_IS(0, "fd.ip", "(10.0.0.5,1.2.3.4)");
	FIELD_IS(0, "fd.is_server", "false");
	FIELD_IS(0, "fd.connected", "true");
	FIELD_IS(0, "evt.res", "EINPROGRESS");
	FIELD_IS(0, "fd.num", "5");
	world_done(&w);
}

TEST(an_exit_is_told_and_late_events_still_find_their_process)
{
	struct world w;
	struct actor init = host_actor(1, 0, "systemd", 0), a = shell();

	world_init(&w);
	do_spawn(&w, &init, &a, (struct exec){ .path = "/usr/bin/bash", .argv = "bash -x" });
	CHECK_INT(do_exit(&w, &a), 1);
	FIELD_IS(0, "evt.type", "procexit");
	FIELD_IS(0, "evt.res", "<unset>");
	FIELD_IS(0, "proc.cmdline", "bash -x");
	do_open(&w, &a, (struct open){ .path = "/etc/hosts", .ret = 3 });
	FIELD_IS(0, "proc.cmdline", "bash -x");
	world_done(&w);
}

TEST(a_reused_pid_is_another_process)
{
	struct world w;
	struct actor init = host_actor(1, 0, "systemd", 0), a = shell(), b = shell(), child = host_actor(600, 500, "cat", 1000);
	struct actor other = host_actor(700, 500, "ls", 1000);
	struct sensor_state_stats stats;

	world_init(&w);
	do_spawn(&w, &init, &a, (struct exec){ .path = "/usr/bin/bash", .argv = "first" });
	do_fork(&w, &a, &child);
	do_exit(&w, &a);
	b.start_ns = other.parent_start_ns = 900000000000;
	b.comm = "zsh";
	do_spawn(&w, &init, &b, (struct exec){ .path = "/usr/bin/zsh", .argv = "second" });
	do_open(&w, &child, (struct open){ .path = "/etc/hosts", .ret = 3 });
	FIELD_IS(0, "proc.pname", "bash");
	do_fork(&w, &b, &other);
	do_open(&w, &other, (struct open){ .path = "/etc/hosts", .ret = 3 });
	FIELD_IS(0, "proc.pname", "zsh");
	do_open(&w, &a, (struct open){ .path = "/etc/hosts", .ret = 3 });
	FIELD_IS(0, "proc.exe", "first");
	sensor_state_stats(w.state, &stats);
	CHECK_INT(stats.n_no_row, 0);
	CHECK_INT(stats.n_processes, 5);
	world_done(&w);
}

TEST(ended_processes_go_after_the_grace_time_and_ancestry_goes_on_above_them)
{
	struct world w;
	struct actor init = host_actor(1, 0, "systemd", 0), a = shell(), mid = host_actor(510, 500, "mid", 1000), leaf = host_actor(520, 510, "leaf", 1000);
	struct sensor_state_stats stats;

	world_init(&w);
	do_spawn(&w, &init, &a, (struct exec){ .path = "/usr/bin/bash" });
	do_spawn(&w, &a, &mid, (struct exec){ .path = "/bin/mid" });
	do_spawn(&w, &mid, &leaf, (struct exec){ .path = "/bin/leaf" });
	do_exit(&w, &mid);
	do_open(&w, &leaf, (struct open){ .path = "/x", .ret = 3 });
	FIELD_IS(0, "proc.ancestry", "mid < bash < systemd");
	w.now_ns += 31000000000;
	do_open(&w, &leaf, (struct open){ .path = "/x", .ret = 3 });
	FIELD_IS(0, "proc.ancestry", "bash < systemd");
	sensor_state_stats(w.state, &stats);
	CHECK_INT(stats.n_processes, 3);
	CHECK_INT(stats.n_exited, 0);
	world_done(&w);
}

TEST(a_storm_of_short_processes_keeps_only_so_many_ended_ones)
{
	struct world w;
	struct actor init = host_actor(1, 0, "systemd", 0);
	struct sensor_state_stats stats;

	world_init(&w);
	for (uint32_t pid = 1000; pid < 1000 + LIMIT_SENSOR_EXITED + 20; pid++) {
		struct actor a = host_actor(pid, 1, "x", 0);
		do_fork(&w, &init, &a);
		do_exit(&w, &a);
		w.now_ns -= 1999000;   /* all within the grace time */
	}
	do_open(&w, &init, (struct open){ .path = "/x", .ret = 3 });
	sensor_state_stats(w.state, &stats);
	CHECK_INT(stats.n_exited, LIMIT_SENSOR_EXITED);
	CHECK_INT(stats.n_evicted, 20);
	world_done(&w);
}

TEST(a_full_table_lets_the_oldest_ended_process_go_and_counts)
{
	struct world w;
	struct actor init = host_actor(1, 0, "systemd", 0);
	struct sensor_state_stats stats;

	world_init_with(&w, &(struct sensor_state_options){ .max_processes = 10 });
	for (uint32_t pid = 100; pid < 120; pid++) {
		struct actor a = host_actor(pid, 1, "x", 0);
		do_fork(&w, &init, &a);
		do_exit(&w, &a);
	}
	sensor_state_stats(w.state, &stats);
	CHECK_INT(stats.n_processes, 10);
	CHECK_INT(stats.n_evicted, 11);
	for (uint32_t pid = 200; pid < 220; pid++) {
		struct actor a = host_actor(pid, 1, "y", 0);
		do_fork(&w, &init, &a);
	}
	sensor_state_stats(w.state, &stats);
	CHECK_INT(stats.n_processes, 10);
	CHECK_INT(stats.n_refused, 11);
	/* One without a row is still judged by its header. */
	struct actor late = host_actor(219, 1, "late", 1000);
	do_open(&w, &late, (struct open){ .path = "/etc/shadow", .ret = 3 });
	FIELD_IS(0, "proc.name", "late");
	FIELD_IS(0, "user.name", "deploy");
	FIELD_IS(0, "proc.exepath", "<unset>");
	world_done(&w);
}

TEST(a_container_is_known_at_its_first_exec)
{
	struct world w;
	struct actor a;

	world_init(&w);
	world_box(&w, &a);
	CHECK_INT(w.n, 2);
	FIELD_IS(0, "evt.type", "container");
	FIELD_IS(0, "container.name", "web-1");
	FIELD_IS(1, "evt.type", "execve");
	FIELD_IS(1, "container.id", "5be1f2a4c6d8");
	FIELD_IS(0, "container.name", "web-1");
	FIELD_IS(0, "container.image.repository", "registry/web");
	FIELD_IS(0, "container.image.id", "0123456789ab");
	FIELD_IS(0, "container.privileged", "false");
	FIELD_IS(0, "container.host_ipc", "<unset>");
	FIELD_IS(0, "proc.vpid", "1");
	FIELD_IS(0, "proc.pname", "containerd-shim");
	FIELD_IS(0, "session.kind", "container");
	world_done(&w);
}

static void remove_box(struct world *w, uint64_t id)
{
	struct actor init = host_actor(1, 0, "systemd", 0);

	wire_begin(w, MODEL_EVT_CGROUP_RMDIR, &init);
	w->b.event->flags = SENSOR_WIRE_NO_RET;
	sensor_wire_put_u64(&w->b, SENSOR_P_CGROUP_ID, id);
	wire_end(w);
}

TEST(a_removed_container_is_known_for_the_grace_time_and_never_after)
{
	struct world w;
	struct actor box;
	struct sensor_state_stats stats;

	world_init(&w);
	world_box(&w, &box);
	do_mkdir_cgroup(&w, 90, "/system.slice/x.service");
	remove_box(&w, BOX_CGROUP);
	remove_box(&w, 90);
	w.box_known = false;
	do_open(&w, &box, (struct open){ .path = "/x", .ret = 3 });
	FIELD_IS(0, "container.name", "web-1");
	/* The exit of its process was lost: the row stays, the container goes. */
	w.now_ns += 31000000000;
	do_open(&w, &box, (struct open){ .path = "/x", .ret = 3 });
	FIELD_IS(0, "container.name", "host");
	sensor_state_stats(w.state, &stats);
	CHECK_INT(stats.n_cgroups, 2);
	do_exit(&w, &box);
	w.now_ns += 31000000000;
	do_open(&w, &(struct actor){ .pid = 1, .tid = 1, .start_ns = 1000000, .comm = "systemd", .cgroup = HOST_CGROUP }, (struct open){ .path = "/x", .ret = 3 });
	sensor_state_stats(w.state, &stats);
	CHECK_INT(stats.n_cgroups, 1);
	world_done(&w);
}

TAP_MAIN()
