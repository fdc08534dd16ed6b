/* SPDX-License-Identifier: Apache-2.0 */
/* Who did it: how processes came into the system. */
#include "sensor_help.h"

static const struct file suid_root = { .mode = S_IFREG | 04755, .flags = SENSOR_FILE_CAPS };

/* systemd starts sshd, which lets deploy in from 10.2.0.7. */
static struct actor ssh_login(struct world *w, bool with_env)
{
	struct actor init = host_actor(1, 0, "systemd", 0), sshd = host_actor(400, 1, "sshd", 0), conn = host_actor(410, 400, "sshd", 0);
	struct actor sh = host_actor(420, 410, "bash", 1000);

	sshd.cgroup = conn.cgroup = UNIT_CGROUP;
	sh.loginuid = 1000;
	sh.session = 3;
	sh.tty_index = 1;
	do_mkdir_cgroup(w, UNIT_CGROUP, "/system.slice/ssh.service");
	do_spawn(w, &init, &sshd, (struct exec){ .path = "/usr/sbin/sshd" });
	wire_begin(w, MODEL_EVT_ACCEPT4, &sshd);
	w->b.event->ret = 5;
	put_socket(&w->b, 1, 6, 1);
	put_address(&w->b, SENSOR_P_SOCKADDR_LOCAL, "10.0.0.5", 22);
	put_address(&w->b, SENSOR_P_SOCKADDR_REMOTE, "10.2.0.7", 50022);
	wire_end(w);
	do_fork(w, &sshd, &conn);
	do_spawn(w, &conn, &sh, (struct exec){ .path = "/usr/bin/bash", .argv = "-bash",
					       .env = with_env ? "SSH_CONNECTION=fe80::7 50022 10.0.0.5 22" : "HOME=/home/deploy" });
	return sh;
}

TEST(an_ssh_login_is_known_with_its_user_address_and_terminal)
{
	struct world w;
	struct actor sh, cat = host_actor(430, 420, "cat", 1000);

	world_init(&w);
	sh = ssh_login(&w, false);
	cat.loginuid = 1000;
	cat.session = 3;
	do_spawn(&w, &sh, &cat, (struct exec){ .path = "/usr/bin/cat" });
	FIELD_IS(0, "session.kind", "ssh");
	FIELD_IS(0, "session.user", "deploy");
	FIELD_IS(0, "session.uid", "1000");
	FIELD_IS(0, "session.id", "3");
	FIELD_IS(0, "session.remote", "10.2.0.7");
	FIELD_IS(0, "session.tty", "pts/0");
	FIELD_IS(0, "session.leader.pid", "420");
	FIELD_IS(0, "session.leader.name", "bash");
	FIELD_IS(0, "session.leader.exepath", "/usr/bin/bash");
	FIELD_IS(0, "session.via", "<unset>");
	FIELD_IS(0, "session.known", "true");
	world_done(&w);
}

TEST(sshds_own_word_on_the_address_comes_first)
{
	struct world w;

	world_init(&w);
	ssh_login(&w, true);
	FIELD_IS(0, "session.remote", "fe80::7");
	world_done(&w);
}

TEST(without_audit_the_user_whom_sshd_let_in_is_the_login_user)
{
	struct world w;
	struct actor init = host_actor(1, 0, "systemd", 0), sshd = host_actor(400, 1, "sshd", 0), sh = host_actor(420, 400, "bash", 1000);

	world_init(&w);
	do_spawn(&w, &init, &sshd, (struct exec){ .path = "/usr/sbin/sshd" });
	do_spawn(&w, &sshd, &sh, (struct exec){ .path = "/usr/bin/bash", .env = "SSH_CONNECTION=10.2.0.7 50022 10.0.0.5 22" });
	FIELD_IS(0, "session.user", "deploy");
	FIELD_IS(0, "session.id", "<unset>");
	world_done(&w);
}

TEST(a_helper_that_sshd_starts_before_anybody_is_let_in_is_nobodys)
{
	struct world w;
	struct actor init = host_actor(1, 0, "systemd", 0), sshd = host_actor(400, 1, "sshd", 0), keys = host_actor(420, 400, "keys", 33);

	world_init(&w);
	do_spawn(&w, &init, &sshd, (struct exec){ .path = "/usr/sbin/sshd" });
	do_spawn(&w, &sshd, &keys, (struct exec){ .path = "/usr/bin/keys", .env = "USER=www-data" });
	FIELD_IS(0, "session.kind", "ssh");
	FIELD_IS(0, "session.user", "<unknown>");
	FIELD_IS(0, "session.uid", "<unset>");
	world_done(&w);
}

/* root, whose login is 7, started sshd and cron by hand: their children carry that login until PAM writes another. */
TEST(a_login_server_started_by_hand_does_not_lend_its_login)
{
	struct world w;
	struct actor init = host_actor(1, 0, "systemd", 0), sshd = host_actor(400, 1, "sshd", 0), conn = host_actor(410, 400, "sshd", 0);
	struct actor sh = host_actor(420, 410, "bash", 1000), helper = host_actor(430, 410, "keys", 33), ls = host_actor(440, 420, "ls", 1000);

	world_init(&w);
	sshd.loginuid = conn.loginuid = sh.loginuid = helper.loginuid = ls.loginuid = 33;
	sshd.session = conn.session = sh.session = helper.session = ls.session = 7;
	do_spawn(&w, &init, &sshd, (struct exec){ .path = "/usr/sbin/sshd" });
	do_fork(&w, &sshd, &conn);
	do_spawn(&w, &conn, &helper, (struct exec){ .path = "/usr/bin/keys" });
	FIELD_IS(0, "session.user", "<unknown>");
	FIELD_IS(0, "session.id", "<unset>");
	do_spawn(&w, &conn, &sh, (struct exec){ .path = "/usr/bin/bash", .env = "SSH_CONNECTION=10.2.0.7 50022 10.0.0.5 22" });
	FIELD_IS(0, "session.user", "deploy");
	FIELD_IS(0, "session.id", "<unset>");
	do_spawn(&w, &sh, &ls, (struct exec){ .path = "/usr/bin/ls" });
	FIELD_IS(0, "session.user", "deploy");
	FIELD_IS(0, "session.uid", "1000");
	FIELD_IS(0, "user.loginuid", "33");
	sh.loginuid = 1000;
	sh.session = 8;
	sh.pid = sh.tid = 450;
	sh.start_ns = 450000000;
	do_spawn(&w, &conn, &sh, (struct exec){ .path = "/usr/bin/bash" });
	FIELD_IS(0, "session.user", "deploy");
	FIELD_IS(0, "session.id", "8");
	world_done(&w);
}

TEST(a_login_survives_sudo_and_su_and_they_are_named)
{
	struct world w;
	struct actor sh, sudo = host_actor(430, 420, "sudo", 0), su = host_actor(440, 430, "su", 0), root = host_actor(450, 440, "bash", 0);

	world_init(&w);
	sh = ssh_login(&w, false);
	sudo.loginuid = su.loginuid = root.loginuid = 1000;
	sudo.session = su.session = root.session = 3;
	do_spawn(&w, &sh, &sudo, (struct exec){ .path = "/usr/bin/sudo", .file = suid_root });
	do_spawn(&w, &sudo, &su, (struct exec){ .path = "/usr/bin/su", .file = suid_root });
	do_spawn(&w, &su, &root, (struct exec){ .path = "/bin/bash" });
	FIELD_IS(0, "session.kind", "ssh");
	FIELD_IS(0, "session.user", "deploy");
	FIELD_IS(0, "user.name", "root");
	FIELD_IS(0, "session.via", "su < sudo");
	world_done(&w);
}

TEST(a_program_called_sshd_opens_no_door)
{
	struct world w;
	struct actor sh, fake = host_actor(430, 420, "sshd", 1000), after = host_actor(440, 430, "bash", 1000);

	world_init(&w);
	sh = ssh_login(&w, false);
	do_spawn(&w, &sh, &fake, (struct exec){ .path = "/home/deploy/sshd", .file = { .uid = 1000 } });
	do_spawn(&w, &fake, &after, (struct exec){ .path = "/bin/bash" });
	FIELD_IS(0, "session.leader.pid", "420");
	world_done(&w);
}

static void check_door(const char *door, const char *name, const char *kind)
{
	struct world w;
	struct actor init = host_actor(1, 0, "systemd", 0), d = host_actor(400, 1, name, 0), sh = host_actor(420, 400, "sh", 1000);
	struct actor deeper = host_actor(430, 420, "tar", 1000);

	world_init(&w);
	do_spawn(&w, &init, &d, (struct exec){ .path = door });
	do_spawn(&w, &d, &sh, (struct exec){ .path = "/bin/sh" });
	do_spawn(&w, &sh, &deeper, (struct exec){ .path = "/bin/tar" });
	FIELD_IS(0, "session.kind", kind);
	FIELD_IS(0, "session.leader.pid", "420");
	world_done(&w);
}

TEST(console_and_cron_are_told_by_who_started_them)
{
	check_door("/usr/bin/login", "login", "console");
	check_door("/usr/sbin/cron", "cron", "cron");
	check_door("/usr/sbin/crond", "crond", "cron");
	check_door("/usr/sbin/atd", "atd", "cron");
}

TEST(a_unit_of_systemd_is_named)
{
	struct world w;
	struct actor init = host_actor(1, 0, "systemd", 0), a = host_actor(400, 1, "nginx", 0);

	world_init(&w);
	do_mkdir_cgroup(&w, UNIT_CGROUP, "/system.slice/nginx.service");
	a.cgroup = UNIT_CGROUP;
	do_spawn(&w, &init, &a, (struct exec){ .path = "/usr/sbin/nginx" });
	FIELD_IS(0, "session.kind", "systemd");
	FIELD_IS(0, "session.unit", "nginx.service");
	FIELD_IS(0, "session.user", "<unknown>");
	FIELD_IS(0, "session.uid", "<unset>");
	world_done(&w);
}

TEST(docker_exec_is_told_from_the_first_program_and_its_user_is_not_guessed)
{
	struct world w;
	struct actor shim = host_actor(300, 1, "containerd-shim", 0), runc = host_actor(330, 300, "runc", 0), box, sh = box_actor(340, 330, "sh", 12);
	struct actor cat = box_actor(350, 340, "cat", 13);

	world_init(&w);
	world_box(&w, &box);
	/* dockerd was once started by hand from a login: its login uid says nothing about who typed docker exec */
	runc.loginuid = sh.loginuid = cat.loginuid = 1000;
	do_spawn(&w, &shim, &runc, (struct exec){ .path = "/usr/bin/runc", .argv = "runc exec" });
	do_spawn(&w, &runc, &sh, (struct exec){ .path = "/bin/sh" });
	FIELD_IS(0, "session.kind", "docker-exec");
	FIELD_IS(0, "session.user", "<unknown>");
	FIELD_IS(0, "session.uid", "<unset>");
	FIELD_IS(0, "session.leader.pid", "340");
	FIELD_IS(0, "container.name", "web-1");
	do_spawn(&w, &sh, &cat, (struct exec){ .path = "/bin/cat" });
	FIELD_IS(0, "session.kind", "docker-exec");
	world_done(&w);
}

TEST(a_runtime_that_runs_itself_from_a_detached_mount_is_no_entry)
{
	struct world w;
	struct actor shim = host_actor(300, 1, "containerd-shim", 0), runc = host_actor(330, 300, "runc", 0), box, stage = box_actor(340, 330, "runc", 12);
	struct actor sh = box_actor(340, 330, "sh", 12);

	world_init(&w);
	world_box(&w, &box);
	do_spawn(&w, &shim, &runc, (struct exec){ .path = "/usr/bin/runc", .argv = "runc exec" });
	do_spawn(&w, &runc, &stage, (struct exec){ .path = "/", .argv = "runc init", .path_flags = SENSOR_PATH_DETACHED });
	do_exec(&w, &sh, (struct exec){ .path = "/bin/sh" });
	FIELD_IS(0, "session.kind", "docker-exec");
	FIELD_IS(0, "session.leader.name", "sh");
	world_done(&w);
}

/* What runs in the container, how it came there, and what the three fields then say. */
static const struct { const char *what, *argv; bool is_own; const char *health, *liveness, *readiness; } probed[] = {
	{ "the health check", "/bin/sh -c curl -f http://localhost/", false, "true", "false", "false" },
	{ "the liveness probe", "cat /tmp/alive", false, "false", "true", "false" },
	{ "the readiness probe", "test -e /tmp/ready", false, "false", "false", "true" },
	{ "one more word", "cat /tmp/alive x", false, "false", "false", "false" },
	{ "one word less", "cat", false, "false", "false", "false" },
	{ "another program of that name", "/tmp/cat /tmp/alive", false, "false", "false", "false" },
	{ "the same command as the container's own", "cat /tmp/alive", true, "false", "false", "false" },
};

TEST(probes_are_told_by_their_command_and_by_who_let_them_in)
{
	for (size_t i = 0; i < ARRAY_LEN(probed); i++) {
		struct world w;
		struct actor shim = host_actor(300, 1, "containerd-shim", 0), runc = host_actor(330, 300, "runc", 0), box, sh = box_actor(340, 330, "sh", 12);

		world_init(&w);
		w.box.healthcheck = "/bin/sh -c curl -f http://localhost/";
		w.box.liveness_probe = "cat /tmp/alive";
		w.box.readiness_probe = "test -e /tmp/ready";
		world_box(&w, &box);
		do_spawn(&w, &shim, &runc, (struct exec){ .path = "/usr/bin/runc", .argv = "runc exec" });
		if (probed[i].is_own)
			sh = box_actor(340, box.pid, "sh", 12);
		do_spawn(&w, probed[i].is_own ? &box : &runc, &sh, (struct exec){ .path = "/bin/sh", .argv = probed[i].argv });
		printf("# %s\n", probed[i].what);
		FIELD_IS(0, "proc.is_container_healthcheck", probed[i].health);
		FIELD_IS(0, "proc.is_container_liveness_probe", probed[i].liveness);
		FIELD_IS(0, "proc.is_container_readiness_probe", probed[i].readiness);
		world_done(&w);
	}
}

TEST(what_a_probe_starts_and_becomes_is_part_of_it)
{
	struct world w;
	struct actor shim = host_actor(300, 1, "containerd-shim", 0), runc = host_actor(330, 300, "runc", 0), box, sh = box_actor(340, 330, "sh", 12);
	struct actor curl = box_actor(350, 340, "curl", 13);

	world_init(&w);
	w.box.healthcheck = "/bin/sh -c curl -f http://localhost/";
	world_box(&w, &box);
	do_spawn(&w, &shim, &runc, (struct exec){ .path = "/usr/bin/runc", .argv = "runc exec" });
	do_spawn(&w, &runc, &sh, (struct exec){ .path = "/bin/sh", .argv = "/bin/sh -c curl -f http://localhost/" });
	do_spawn(&w, &sh, &curl, (struct exec){ .path = "/usr/bin/curl", .argv = "curl -f http://localhost/" });
	FIELD_IS(0, "proc.is_container_healthcheck", "true");
	do_exec(&w, &sh, (struct exec){ .path = "/usr/bin/wget", .argv = "wget http://localhost/" });
	FIELD_IS(0, "proc.is_container_healthcheck", "true");
	world_done(&w);
}

TEST(kubectl_and_podman_exec_are_named_and_podman_keeps_the_login)
{
	static const struct { enum runtime_kind kind; const char *pod, *expect, *user; } cases[] = {
		{ RUNTIME_CONTAINERD, "web-7d", "kubectl-exec", "<unknown>" },
		{ RUNTIME_CONTAINERD, NULL, "container-exec", "<unknown>" },
		{ RUNTIME_PODMAN, NULL, "podman-exec", "deploy" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct world w;
		struct actor shim = host_actor(300, 1, "conmon", 0), runc = host_actor(330, 300, "runc", 0), box, sh = box_actor(340, 330, "sh", 12);

		world_init(&w);
		w.box.kind = cases[i].kind;
		w.box.pod_name = cases[i].pod;
		world_box(&w, &box);
		sh.loginuid = runc.loginuid = 1000;
		do_spawn(&w, &shim, &runc, (struct exec){ .path = "/usr/bin/runc" });
		do_spawn(&w, &runc, &sh, (struct exec){ .path = "/bin/sh" });
		FIELD_IS(0, "session.kind", cases[i].expect);
		FIELD_IS(0, "session.user", cases[i].user);
		world_done(&w);
	}
}

TEST(nsenter_from_the_host_is_told_and_keeps_its_login)
{
	struct world w;
	struct actor sh, box, sudo = host_actor(425, 420, "sudo", 0), a = host_actor(430, 425, "nsenter", 0), inner;
	struct sensor_wire_ns ns = { .mnt = BOX_MNT, .pid = HOST_PID_NS, .net = HOST_NET, .user = HOST_USER_NS };

	world_init(&w);
	world_box(&w, &box);
	sh = ssh_login(&w, false);
	sudo.loginuid = a.loginuid = 1000;
	sudo.session = a.session = 3;
	do_spawn(&w, &sh, &sudo, (struct exec){ .path = "/usr/bin/sudo", .file = suid_root });
	do_spawn(&w, &sudo, &a, (struct exec){ .path = "/usr/bin/nsenter" });
	FIELD_IS(0, "session.kind", "ssh");
	a.mnt_ns = BOX_MNT;
	wire_begin(&w, MODEL_EVT_SETNS, &a);
	sensor_wire_put(&w.b, SENSOR_P_NS, &ns, sizeof(ns));
	put_task(&w.b, &a);
	sensor_wire_put_u64(&w.b, SENSOR_P_FLAGS, 0x20000);
	wire_end(&w);
	FIELD_IS(0, "evt.arg.nstype", "CLONE_NEWNS");
	FIELD_IS(0, "ns.types", "(mnt)");
	inner = a;
	inner.comm = "sh";
	do_exec(&w, &inner, (struct exec){ .path = "/bin/sh" });
	FIELD_IS(0, "session.kind", "nsenter");
	FIELD_IS(0, "session.user", "deploy");
	FIELD_IS(0, "session.remote", "10.2.0.7");
	FIELD_IS(0, "session.via", "sudo");
	world_done(&w);
}

TEST(podman_exec_keeps_the_address_of_the_login_and_the_way_to_root)
{
	struct world w;
	struct actor sh, box, sudo = host_actor(430, 420, "sudo", 0), podman = host_actor(440, 430, "podman", 0);
	struct actor runc = host_actor(450, 440, "runc", 0), in = box_actor(460, 450, "sh", 12);

	world_init(&w);
	w.box.kind = RUNTIME_PODMAN;
	world_box(&w, &box);
	sh = ssh_login(&w, false);
	sudo.loginuid = podman.loginuid = runc.loginuid = in.loginuid = 1000;
	sudo.session = podman.session = runc.session = in.session = 3;
	do_spawn(&w, &sh, &sudo, (struct exec){ .path = "/usr/bin/sudo", .file = suid_root });
	do_spawn(&w, &sudo, &podman, (struct exec){ .path = "/usr/bin/podman" });
	do_spawn(&w, &podman, &runc, (struct exec){ .path = "/usr/bin/runc" });
	do_spawn(&w, &runc, &in, (struct exec){ .path = "/bin/sh" });
	FIELD_IS(0, "session.kind", "podman-exec");
	FIELD_IS(0, "session.user", "deploy");
	FIELD_IS(0, "session.remote", "10.2.0.7");
	FIELD_IS(0, "session.via", "sudo");
	world_done(&w);
}

TEST(docker_exec_takes_neither_address_nor_way_from_who_started_the_daemon)
{
	struct world w;
	struct actor sh, box, sudo = host_actor(430, 420, "sudo", 0), dockerd = host_actor(440, 430, "dockerd", 0);
	struct actor runc = host_actor(450, 440, "runc", 0), in = box_actor(460, 450, "sh", 12);

	world_init(&w);
	world_box(&w, &box);
	sh = ssh_login(&w, false);
	do_spawn(&w, &sh, &sudo, (struct exec){ .path = "/usr/bin/sudo", .file = suid_root });
	do_spawn(&w, &sudo, &dockerd, (struct exec){ .path = "/usr/sbin/dockerd" });
	do_spawn(&w, &dockerd, &runc, (struct exec){ .path = "/usr/bin/runc" });
	do_spawn(&w, &runc, &in, (struct exec){ .path = "/bin/sh" });
	FIELD_IS(0, "session.kind", "docker-exec");
	FIELD_IS(0, "session.user", "<unknown>");
	FIELD_IS(0, "session.remote", "<unset>");
	FIELD_IS(0, "session.via", "<unset>");
	world_done(&w);
}

TEST(kernel_threads_and_init_are_told)
{
	struct world w;
	struct actor k = host_actor(2, 0, "kthreadd", 0), init = host_actor(1, 0, "systemd", 0);
	struct sensor_wire_task task = { .ppid = 0, .flags = 0x00200000 };

	world_init(&w);
	wire_begin(&w, MODEL_EVT_NONE, &k);
	sensor_wire_put(&w.b, SENSOR_P_TASK, &task, sizeof(task));
	sensor_state_seed(w.state, w.b.event);
	do_open(&w, &k, (struct open){ .path = "/x", .ret = 3 });
	FIELD_IS(0, "session.kind", "kernel");
	do_open(&w, &init, (struct open){ .path = "/x", .ret = 3 });
	FIELD_IS(0, "session.kind", "init");
	world_done(&w);
}

TEST(what_was_not_seen_coming_in_is_unknown)
{
	struct world w;
	struct actor a = host_actor(900, 899, "lost", 1000);

	world_init(&w);
	do_open(&w, &a, (struct open){ .path = "/x", .ret = 3 });
	FIELD_IS(0, "session.kind", "unknown");
	FIELD_IS(0, "session.known", "false");
	FIELD_IS(0, "session.leader.pid", "<unset>");
	world_done(&w);
}

TEST(seeded_processes_know_their_entry_by_their_parents)
{
	struct world w;
	struct actor sshd = host_actor(400, 1, "sshd", 0), sh = host_actor(420, 400, "bash", 1000), vi = host_actor(430, 420, "vi", 1000);

	world_init(&w);
	do_seed(&w, &sshd, (struct exec){ .path = "/usr/sbin/sshd" });
	do_seed(&w, &sh, (struct exec){ .path = "/usr/bin/bash" });
	do_seed(&w, &vi, (struct exec){ .path = "/usr/bin/vi" });
	do_open(&w, &vi, (struct open){ .path = "/x", .ret = 3 });
	FIELD_IS(0, "session.kind", "ssh");
	FIELD_IS(0, "session.leader.pid", "420");
	world_done(&w);
}

TEST(seeded_processes_know_the_way_to_root_by_their_parents)
{
	struct world w;
	struct actor sshd = host_actor(400, 1, "sshd", 0), conn = host_actor(410, 400, "sshd", 0), sh = host_actor(420, 410, "bash", 1000);
	struct actor sudo = host_actor(430, 420, "sudo", 0), root = host_actor(440, 430, "bash", 0), cat = host_actor(450, 440, "cat", 0);

	world_init(&w);
	conn.loginuid = sh.loginuid = sudo.loginuid = root.loginuid = cat.loginuid = 1000;
	conn.session = sh.session = sudo.session = root.session = cat.session = 3;
	do_seed(&w, &sshd, (struct exec){ .path = "/usr/sbin/sshd" });
	do_seed(&w, &conn, (struct exec){ .path = "/usr/sbin/sshd" });
	do_seed(&w, &sh, (struct exec){ .path = "/usr/bin/bash" });
	do_seed(&w, &sudo, (struct exec){ .path = "/usr/bin/sudo" });
	do_seed(&w, &root, (struct exec){ .path = "/usr/bin/bash" });
	do_spawn(&w, &root, &cat, (struct exec){ .path = "/usr/bin/cat" });
	FIELD_IS(0, "session.kind", "ssh");
	FIELD_IS(0, "session.user", "deploy");
	FIELD_IS(0, "session.id", "3");
	FIELD_IS(0, "session.via", "sudo");
	world_done(&w);
}

TAP_MAIN()
