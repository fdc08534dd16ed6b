/* SPDX-License-Identifier: Apache-2.0 */
/* Fields: their values and looks, as Falco's rules compare with them; none is forgotten. */
#include "sensor_help.h"
#include "base/map.h"
#include "sensor/capture.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <time.h>

/* Fields that no event sets, and why. */
static const char *const never[] = {
	"proc.fdopencount",          /* would have to be read from /proc */
	"container.cni.json", "k8s.pod.cni.json",   /* kept by the CRI runtimes only */
	"fd.lip.name",               /* nobody asks for the name of his own end */
};

static struct actor start(struct world *w)
{
	struct actor a = host_actor(500, 1, "bash", 0), init = host_actor(1, 0, "systemd", 0);

	world_init(w);
	do_spawn(w, &init, &a, (struct exec){ .path = "/bin/bash" });
	return a;
}

static struct sensor_wire_builder *begin(struct world *w, unsigned type, const struct actor *a, int64_t ret)
{
	wire_begin(w, type, a);
	w->b.event->ret = ret;
	return &w->b;
}

static bool seen[MODEL_F_MAX];

static void note_fields(struct world *w)
{
	for (size_t i = 0; i < w->n; i++) {
		for (unsigned f = 0; f < MODEL_F_MAX; f++) {
			unsigned flags = model_field(f)->flags;
			struct model_field_ref ref = { .id = f, .index = -1 };
			struct model_value v;
			static const char *const keys[] = { "flags", "openat", "a", "/var/run/docker.sock", "/docker.sock", "HOME" };

			if (!(flags & (MODEL_FIELD_ARG_KEY | MODEL_FIELD_ARG_INDEX)) || (flags & MODEL_FIELD_ARG_OPTIONAL))
				seen[f] |= model_record_get(w->records[i], &ref, &w->arena, &v) == MODEL_SET;
			ref.has_arg = true;
			for (size_t k = 0; k < ARRAY_LEN(keys) && (flags & MODEL_FIELD_ARG_KEY); k++) {
				ref.key = keys[k];
				seen[f] |= model_record_get(w->records[i], &ref, &w->arena, &v) == MODEL_SET;
			}
		}
	}
	arena_reset(&w->arena);
}

/* A container of a pod with everything a runtime can know. */
static void fill_box(struct world *w)
{
	static const struct runtime_mount mounts[] = { { "/var/run/docker.sock", "/docker.sock", "rw", "rprivate", true } };
	static const struct runtime_pair labels[] = { { "a", "b" }, { "c", "d" } };
	static const char *const opts[] = { "no-new-privileges" };

	w->box.mounts = mounts;
	w->box.n_mounts = 1;
	w->box.labels = labels;
	w->box.n_labels = 2;
	w->box.security_opts = opts;
	w->box.n_security_opts = 1;
	w->box.image_digest = "sha256:abc";
	w->box.user = "1000";
	w->box.ip = "172.17.0.2";
	w->box.healthcheck = w->box.liveness_probe = w->box.readiness_probe = "curl x";
	w->box.host_ipc = 1;
	w->box.caps_bounding = 1;
	w->box.pod_name = "p";
	w->box.pod_namespace = "n";
	w->box.pod_uid = "u";
	w->box.pod_sandbox_id = "0123456789abcdef";
	w->box.pod_container_name = "c";
}

static const unsigned char dns_question[] = { 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 3, 'W', 'w', 'w', 4, 'e', 'v', 'i', 'l', 0, 0, 28, 0, 1 };

static void put_question(struct world *w, const struct actor *a)
{
	begin(w, MODEL_EVT_SENDTO, a, sizeof(dns_question));
	sensor_wire_put_u64(&w->b, SENSOR_P_FD, 7);
	put_socket(&w->b, 2, 17, 7);
	put_address(&w->b, SENSOR_P_SOCKADDR_LOCAL, "10.0.0.5", 40001);
	put_address(&w->b, SENSOR_P_SOCKADDR_REMOTE, "10.0.0.2", 53);
	sensor_wire_put(&w->b, SENSOR_P_DATA, dns_question, sizeof(dns_question));
	wire_end(w);
}

static void put_connect(struct world *w, const struct actor *a, const char *ip, uint16_t port)
{
	begin(w, MODEL_EVT_CONNECT, a, 0);
	sensor_wire_put_u64(&w->b, SENSOR_P_FD, 8);
	put_socket(&w->b, 1, 6, 1);
	put_address(&w->b, SENSOR_P_SOCKADDR_LOCAL, "10.0.0.5", 40002);
	put_address(&w->b, SENSOR_P_SOCKADDR_REMOTE, ip, port);
	wire_end(w);
}

static void play_network(struct world *w, const struct actor *a)
{
	put_question(w, a);
	note_fields(w);
	put_connect(w, a, "1.2.3.4", 443);
	note_fields(w);
	begin(w, MODEL_EVT_ACCEPT, a, 9);
	put_socket(&w->b, 1, 6, 1);
	put_address(&w->b, SENSOR_P_SOCKADDR_LOCAL, "10.0.0.5", 80);
	put_address(&w->b, SENSOR_P_SOCKADDR_REMOTE, "1.2.3.4", 50000);
	wire_end(w);
	note_fields(w);
	begin(w, MODEL_EVT_DUP2, a, 0);
	sensor_wire_put_u64(&w->b, SENSOR_P_FD, 8);
	sensor_wire_put_u64(&w->b, SENSOR_P_FD2, 0);
	put_socket(&w->b, 1, 6, 1);
	put_address(&w->b, SENSOR_P_SOCKADDR_LOCAL, "10.0.0.5", 40002);
	put_address(&w->b, SENSOR_P_SOCKADDR_REMOTE, "1.2.3.4", 443);
	wire_end(w);
	note_fields(w);
}

static void play_processes(struct world *w, const struct actor *a)
{
	struct sensor_wire_ns ns = { .mnt = HOST_MNT };
	struct actor root = *a;

	begin(w, MODEL_EVT_PTRACE, a, 0);
	sensor_wire_put_u64(&w->b, SENSOR_P_REQUEST, 16);
	sensor_wire_put_u64(&w->b, SENSOR_P_TARGET_PID, 320);
	wire_end(w);
	note_fields(w);
	begin(w, MODEL_EVT_SETNS, a, 0);
	sensor_wire_put(&w->b, SENSOR_P_NS, &ns, sizeof(ns));
	sensor_wire_put_u64(&w->b, SENSOR_P_FLAGS, 0x20000);
	wire_end(w);
	note_fields(w);
	begin(w, MODEL_EVT_MPROTECT, a, 0);
	sensor_wire_put_u64(&w->b, SENSOR_P_OLD_PROT, PROT_READ | PROT_WRITE);
	sensor_wire_put_u64(&w->b, SENSOR_P_ARG2, PROT_READ | PROT_EXEC);
	wire_end(w);
	note_fields(w);
	begin(w, MODEL_EVT_LOST, a, 0);
	sensor_wire_put_u64(&w->b, SENSOR_P_LOST_TYPE, MODEL_EVT_OPENAT);
	sensor_wire_put_u64(&w->b, SENSOR_P_LOST_COUNT, 1);
	sensor_wire_put_u64(&w->b, SENSOR_P_LOST_CAUSE, 0);
	wire_end(w);
	note_fields(w);
	root.caps = ALL_CAPS;
	do_open(w, &root, (struct open){ .path = "/x", .ret = 3 });
	note_fields(w);
}

TEST(every_field_has_a_value_on_some_event_or_a_reason_to_have_none)
{
	struct world w;
	struct actor box, sudo = box_actor(330, 320, "sudo", 8), sh = box_actor(340, 330, "sh", 9);
	struct sensor_wire_stdio stdio[3] = { { S_IFIFO, 1, 2 }, { S_IFIFO, 1, 3 }, { S_IFIFO, 1, 4 } };
	struct exec x = { .path = "/bin/sh", .argv = "sh -c x", .env = "HOME=/root", .cwd = "/root", .file = { .dev = BOX_DEV, .flags = SENSOR_FILE_LOWER } };
	struct actor init = host_actor(1, 0, "systemd", 0), sshd = host_actor(400, 1, "sshd", 0), login = host_actor(420, 400, "bash", 1000);

	world_init(&w);
	fill_box(&w);
	world_box(&w, &box);
	note_fields(&w);
	box.comm = "bash";
	do_exec(&w, &box, (struct exec){ .path = "/bin/bash", .env = "HOME=/" });
	sudo.caps = sh.caps = 1;
	do_spawn(&w, &box, &sudo, (struct exec){ .path = "/usr/bin/sudo", .file = { .mode = S_IFREG | 04755 } });
	do_fork(&w, &sudo, &sh);
	sh.tty_index = 1;
	sh.sid = 340;
	wire_begin(&w, MODEL_EVT_EXECVE, &sh);
	put_exec(&w, &sh, &x);
	sensor_wire_put_text(&w.b, SENSOR_P_INTERP, "/bin/dash");
	sensor_wire_put(&w.b, SENSOR_P_STDIO, stdio, sizeof(stdio));
	wire_end(&w);
	note_fields(&w);
	do_open(&w, &sh, (struct open){ .path = "/host/etc/x", .flags = O_CREAT, .ret = 3, .file = { .dev = BOX_DEV } });
	note_fields(&w);
	begin(&w, MODEL_EVT_RENAMEAT2, &sh, 0);
	sensor_wire_put_text(&w.b, SENSOR_P_RAW, "/a");
	sensor_wire_put_text(&w.b, SENSOR_P_RAW2, "/b");
	wire_end(&w);
	note_fields(&w);
	play_network(&w, &sh);
	play_processes(&w, &sh);
	do_spawn(&w, &init, &sshd, (struct exec){ .path = "/usr/sbin/sshd" });
	login.session = 3;
	login.loginuid = 1000;
	do_spawn(&w, &sshd, &login, (struct exec){ .path = "/bin/bash", .env = "SSH_CONNECTION=10.2.0.7 1 10.0.0.1 22" });
	note_fields(&w);
	do_mkdir_cgroup(&w, UNIT_CGROUP, "/system.slice/x.service");
	login.cgroup = UNIT_CGROUP;
	do_open(&w, &login, (struct open){ .path = "/x", .ret = 3 });
	note_fields(&w);
	/* Those behind it are of records of configuration (fields.def). */
	for (unsigned f = 0; f <= MODEL_F_LOST_END; f++) {
		bool excused = false;
		for (size_t i = 0; i < ARRAY_LEN(never); i++)
			excused |= strcmp(never[i], model_field(f)->name) == 0;
		CHECK_MSG(seen[f] != excused, "%s is %s", model_field(f)->name, seen[f] ? "set although it is said to be never" : "never set");
	}
	world_done(&w);
}

TEST(memory_is_written_to_exec_when_it_could_be_written_before_and_can_be_executed_since)
{
	static const struct { int64_t old, now, ret; const char *is; } cases[] = {
		{ PROT_READ | PROT_WRITE, PROT_READ | PROT_EXEC, 0, "true" },
		{ PROT_READ | PROT_WRITE | PROT_EXEC, PROT_READ | PROT_EXEC, 0, "true" },
		{ PROT_READ, PROT_READ | PROT_EXEC, 0, "false" },
		{ PROT_READ | PROT_WRITE, PROT_READ, 0, "false" },
		{ PROT_READ | PROT_WRITE, PROT_READ | PROT_EXEC, -13, "false" },
		{ -1, PROT_READ | PROT_EXEC, 0, "<unset>" },   /* nothing tells what it was */
	};
	struct world w;
	struct actor a = start(&w);

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		begin(&w, i % 2 ? MODEL_EVT_PKEY_MPROTECT : MODEL_EVT_MPROTECT, &a, cases[i].ret);
		if (cases[i].old >= 0)
			sensor_wire_put_u64(&w.b, SENSOR_P_OLD_PROT, (uint64_t)cases[i].old);
		sensor_wire_put_u64(&w.b, SENSOR_P_ARG2, (uint64_t)cases[i].now);
		wire_end(&w);
		FIELD_IS(0, "mem.write_to_exec", cases[i].is);
	}
	world_done(&w);
}

TEST(what_is_written_to_port_53_is_a_question_only_when_it_can_be_read_as_one)
{
	struct world w;
	struct actor a = start(&w);

	for (int i = 0; i < 2; i++) {
		begin(&w, MODEL_EVT_DNS, &a, 4);
		sensor_wire_put_u64(&w.b, SENSOR_P_FD, 7);
		put_socket(&w.b, 2, 17, 7);
		put_address(&w.b, SENSOR_P_SOCKADDR_REMOTE, "10.0.0.2", 53);
		sensor_wire_put(&w.b, SENSOR_P_DATA, i ? (const void *)dns_question : "noise", i ? sizeof(dns_question) : 5);
		wire_end(&w);
		CHECK_INT(w.n, (size_t)i);
	}
	FIELD_IS(0, "evt.type", "dns");
	FIELD_IS(0, "dns.question", "www.evil");
	world_done(&w);
}

TEST(arguments_look_as_rules_expect)
{
	struct world w;
	struct actor a = start(&w);

	begin(&w, MODEL_EVT_PTRACE, &a, 0);
	sensor_wire_put_u64(&w.b, SENSOR_P_REQUEST, 16);
	wire_end(&w);
	FIELD_IS(0, "evt.arg.request", "PTRACE_ATTACH");
	begin(&w, MODEL_EVT_BPF, &a, 4);
	sensor_wire_put_u64(&w.b, SENSOR_P_REQUEST, 5);
	wire_end(&w);
	FIELD_IS(0, "evt.arg.cmd", "BPF_PROG_LOAD");
	FIELD_IS(0, "evt.rawarg.cmd", "5");
	begin(&w, MODEL_EVT_SOCKET, &a, 3);
	sensor_wire_put_u64(&w.b, SENSOR_P_REQUEST, 17);
	sensor_wire_put_u64(&w.b, SENSOR_P_FLAGS, 3);
	sensor_wire_put_u64(&w.b, SENSOR_P_ARG2, 768);
	wire_end(&w);
	FIELD_IS(0, "evt.arg.domain", "AF_PACKET");
	FIELD_IS(0, "fd.type", "packet");
	FIELD_IS(0, "fd.family", "packet");
	FIELD_IS(0, "evt.args", "fd=3 domain=17(AF_PACKET) type=3 proto=768");
	begin(&w, MODEL_EVT_SETUID, &a, 0);
	sensor_wire_put_u64(&w.b, SENSOR_P_ARG2, 33);
	wire_end(&w);
	FIELD_IS(0, "evt.arg.uid", "www-data");
	FIELD_IS(0, "evt.args", "res=0 uid=33(www-data)");
	begin(&w, MODEL_EVT_FCHMODAT, &a, 0);
	sensor_wire_put_text(&w.b, SENSOR_P_RAW, "/tmp/x");
	sensor_wire_put_u64(&w.b, SENSOR_P_MODE, 04755);
	wire_end(&w);
	FIELD_IS(0, "evt.arg.mode", "S_IXOTH|S_IROTH|S_IXGRP|S_IRGRP|S_IXUSR|S_IWUSR|S_IRUSR|S_ISUID");
	FIELD_IS(0, "evt.arg.filename", "/tmp/x");
	FIELD_IS(0, "fd.name", "<unset>");
	begin(&w, MODEL_EVT_UNSHARE, &a, -1);
	sensor_wire_put_u64(&w.b, SENSOR_P_FLAGS, 0x10020000);
	wire_end(&w);
	FIELD_IS(0, "evt.arg.flags", "CLONE_NEWNS|CLONE_NEWUSER");
	FIELD_IS(0, "evt.arg.res", "EPERM");
	FIELD_IS(0, "evt.arg[0]", "EPERM");
	FIELD_IS(0, "evt.arg[9]", "<unset>");
	begin(&w, MODEL_EVT_SYMLINKAT, &a, 0);
	sensor_wire_put_text(&w.b, SENSOR_P_RAW, "/etc/shadow");
	sensor_wire_put_text(&w.b, SENSOR_P_RAW2, "/tmp/l");
	wire_end(&w);
	FIELD_IS(0, "evt.arg.target", "/etc/shadow");
	FIELD_IS(0, "evt.arg.linkpath", "/tmp/l");
	begin(&w, MODEL_EVT_MKDIR, &a, 0);
	sensor_wire_put_text(&w.b, SENSOR_P_RAW, "/bin/x");
	wire_end(&w);
	FIELD_IS(0, "evt.arg.path", "/bin/x");
	begin(&w, MODEL_EVT_UNLINKAT, &a, 0);
	sensor_wire_put_text(&w.b, SENSOR_P_RAW, "/root/.bash_history");
	sensor_wire_put_u64(&w.b, SENSOR_P_FLAGS, 0x200);
	wire_end(&w);
	FIELD_IS(0, "evt.arg.name", "/root/.bash_history");
	FIELD_IS(0, "evt.arg.flags", "AT_REMOVEDIR");
	world_done(&w);
}

/* The security hooks' paths (PATH, PATH2) against the program's text (RAW, RAW2), which went through a link. */
TEST(a_path_that_the_kernel_resolved_goes_before_what_the_program_wrote)
{
	struct world w;
	struct actor a = start(&w);

	begin(&w, MODEL_EVT_RENAME, &a, 0);
	sensor_wire_put_text(&w.b, SENSOR_P_RAW, "/tmp/link/shadow");
	sensor_wire_put_text(&w.b, SENSOR_P_RAW2, "/tmp/link/shadow.old");
	sensor_wire_put_path(&w.b, SENSOR_P_PATH, "/etc/shadow", 0, NULL, 0);
	sensor_wire_put_path(&w.b, SENSOR_P_PATH2, "/etc/shadow.old", 0, NULL, 0);
	wire_end(&w);
	FIELD_IS(0, "fs.path.name", "/etc/shadow");
	FIELD_IS(0, "fs.path.nameraw", "/tmp/link/shadow");
	FIELD_IS(0, "fs.path.source", "/etc/shadow");
	FIELD_IS(0, "fs.path.sourceraw", "/tmp/link/shadow");
	FIELD_IS(0, "fs.path.target", "/etc/shadow.old");
	FIELD_IS(0, "fs.path.targetraw", "/tmp/link/shadow.old");
	FIELD_IS(0, "evt.arg.oldpath", "/etc/shadow");
	FIELD_IS(0, "evt.arg.newpath", "/etc/shadow.old");
	FIELD_IS(0, "evt.rawarg.oldpath", "/tmp/link/shadow");
	world_done(&w);
}

TEST(without_the_kernels_path_the_text_is_joined_to_where_it_starts)
{
	struct world w;
	struct actor a = start(&w);

	begin(&w, MODEL_EVT_UNLINKAT, &a, 0);
	sensor_wire_put_text(&w.b, SENSOR_P_RAW, "link/shadow");
	sensor_wire_put_path(&w.b, SENSOR_P_DIR_PATH, "/tmp", 0, NULL, 0);
	wire_end(&w);
	FIELD_IS(0, "fs.path.name", "/tmp/link/shadow");
	FIELD_IS(0, "evt.arg.name", "/tmp/link/shadow");
	begin(&w, MODEL_EVT_UNLINKAT, &a, 0);
	sensor_wire_put_text(&w.b, SENSOR_P_RAW, "link/shadow");
	sensor_wire_put_path(&w.b, SENSOR_P_DIR_PATH, "/tmp", 0, NULL, 0);
	sensor_wire_put_path(&w.b, SENSOR_P_PATH, "/etc/shadow", 0, NULL, 0);
	wire_end(&w);
	FIELD_IS(0, "fs.path.name", "/etc/shadow");
	FIELD_IS(0, "evt.arg.name", "/etc/shadow");
	world_done(&w);
}

/* The text of a symbolic link is no path that the kernel looked up, and the device of a mount is none at all. */
TEST(a_links_text_and_what_is_mounted_stay_as_they_were_written)
{
	struct world w;
	struct actor a = start(&w);

	begin(&w, MODEL_EVT_SYMLINK, &a, 0);
	sensor_wire_put_text(&w.b, SENSOR_P_RAW, "../etc/shadow");
	sensor_wire_put_text(&w.b, SENSOR_P_RAW2, "/tmp/link/l");
	sensor_wire_put_path(&w.b, SENSOR_P_PATH2, "/var/l", 0, NULL, 0);
	wire_end(&w);
	FIELD_IS(0, "fs.path.source", "../etc/shadow");
	FIELD_IS(0, "fs.path.target", "/var/l");
	begin(&w, MODEL_EVT_MOUNT, &a, 0);
	sensor_wire_put_text(&w.b, SENSOR_P_RAW, "/tmp/link/m");
	sensor_wire_put_text(&w.b, SENSOR_P_RAW2, "/dev/sda1");
	sensor_wire_put_path(&w.b, SENSOR_P_PATH, "/var/m", 0, NULL, 0);
	wire_end(&w);
	FIELD_IS(0, "fs.path.source", "/dev/sda1");
	FIELD_IS(0, "fs.path.target", "/var/m");
	world_done(&w);
}

TEST(exec_flags_say_what_is_wrong_with_the_file)
{
	struct world w;
	struct actor a = start(&w);

	do_exec(&w, &a, (struct exec){ .path = "memfd:x", .path_flags = SENSOR_PATH_ANON,
				       .file = { .flags = SENSOR_FILE_MEMFD | SENSOR_FILE_WRITABLE } });
	FIELD_IS(0, "evt.arg.flags", "EXE_WRITABLE|EXE_FROM_MEMFD");
	FIELD_IS(0, "proc.exepath", "memfd:x");
	FIELD_IS(0, "proc.is_exe_from_memfd", "true");
	FIELD_IS(0, "proc.is_exe_deleted", "false");
	do_exec(&w, &a, (struct exec){ .path = "/x", .file = { .flags = SENSOR_FILE_UPPER } });
	FIELD_IS(0, "evt.arg.flags", "EXE_UPPER_LAYER");
	FIELD_IS(0, "proc.is_exe_upper_layer", "true");
	FIELD_IS(0, "evt.arg.filename", "/x");
	world_done(&w);
}

TEST(an_exec_that_failed_tells_what_was_tried_and_changes_nothing)
{
	struct world w;
	struct actor a = start(&w);

	begin(&w, MODEL_EVT_EXECVE, &a, -13);
	sensor_wire_put_text(&w.b, SENSOR_P_RAW, "/tmp/x");
	wire_end(&w);
	FIELD_IS(0, "evt.res", "EACCES");
	FIELD_IS(0, "evt.arg.filename", "/tmp/x");
	FIELD_IS(0, "proc.exepath", "/bin/bash");
	world_done(&w);
}

TEST(a_copied_program_has_no_trusted_name)
{
	const uint64_t now = (uint64_t)BOOT_EPOCH_NS + 1000000000000;
	const struct { const char *path; struct file file; unsigned path_flags; const char *expect; } cases[] = {
		{ "/usr/sbin/sshd", { 0 }, 0, "sshd" },
		{ "/usr/sbin/sshd", { .ctime_ns = now - 700000000000 }, 0, "sshd" },         /* upgraded a while ago */
		{ "/usr/sbin/sshd", { .ctime_ns = now - 5000000000 }, 0, "<unset>" },        /* copied just now */
		{ "/tmp/sshd", { 0 }, 0, "<unset>" },
		{ "/dev/shm/sshd", { 0 }, 0, "<unset>" },
		{ "/usr/sbin/sshd", { .uid = 1000 }, 0, "<unset>" },
		{ "/usr/sbin/sshd", { .mode = S_IFREG | 0777 }, 0, "<unset>" },
		{ "/usr/sbin/sshd", { .flags = SENSOR_FILE_DELETED }, 0, "<unset>" },
		{ "memfd:sshd", { .flags = SENSOR_FILE_MEMFD }, SENSOR_PATH_ANON, "<unset>" },
	};
	struct world w;
	struct actor a = start(&w), box;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		do_exec(&w, &a, (struct exec){ .path = cases[i].path, .file = cases[i].file, .path_flags = cases[i].path_flags });
		CHECK_MSG(strcmp(field_of(&w, 0, "proc.trusted_name"), cases[i].expect) == 0, "%zu: %s", i, field_of(&w, 0, "proc.trusted_name"));
	}
	world_box(&w, &box);
	FIELD_IS(1, "proc.trusted_name", "nginx");
	do_exec(&w, &box, (struct exec){ .path = "/usr/sbin/nginx", .file = { .flags = SENSOR_FILE_UPPER } });
	FIELD_IS(0, "proc.trusted_name", "<unset>");
	do_exec(&w, &box, (struct exec){ .path = "/usr/sbin/nginx", .file = { .ctime_ns = now } });
	FIELD_IS(0, "proc.trusted_name", "<unset>");
	do_exec(&w, &box, (struct exec){ .path = "/usr/sbin/nginx" });
	FIELD_IS(0, "proc.trusted_name", "nginx");
	world_done(&w);
}

TEST(a_name_changed_by_prctl_does_not_change_proc_name)
{
	struct world w;
	struct actor a = start(&w);

	a.comm = "sshd";
	do_open(&w, &a, (struct open){ .path = "/etc/shadow", .ret = 3 });
	FIELD_IS(0, "proc.name", "bash");
	world_done(&w);
}

TEST(scripts_and_links_are_told)
{
	struct world w;
	struct actor a = start(&w);

	begin(&w, MODEL_EVT_EXECVE, &a, 0);
	sensor_wire_put_path(&w.b, SENSOR_P_PATH, "/usr/bin/dash", 0, NULL, 0);
	sensor_wire_put_text(&w.b, SENSOR_P_FILENAME, "/opt/run.sh");
	sensor_wire_put_text(&w.b, SENSOR_P_INTERP, "/bin/sh");
	put_argv(&w.b, "/bin/sh /opt/run.sh");
	wire_end(&w);
	FIELD_IS(0, "proc.interp", "/bin/sh");
	FIELD_IS(0, "proc.script", "/opt/run.sh");
	FIELD_IS(0, "proc.is_exe_symlink", "true");
	do_exec(&w, &a, (struct exec){ .path = "/usr/bin/dash" });
	FIELD_IS(0, "proc.interp", "<unset>");
	FIELD_IS(0, "proc.is_exe_symlink", "false");
	world_done(&w);
}

TEST(an_empty_argument_list_and_empty_arguments_are_what_they_are)
{
	struct world w;
	struct actor a = start(&w);

	begin(&w, MODEL_EVT_EXECVE, &a, 0);
	sensor_wire_put(&w.b, SENSOR_P_ARGV, "x\0\0y\0", 5);
	wire_end(&w);
	FIELD_IS(0, "proc.args", " y");
	FIELD_IS(0, "proc.cmdnargs", "2");
	FIELD_IS(0, "proc.cmdlenargs", "1");
	begin(&w, MODEL_EVT_EXECVE, &a, 0);
	wire_end(&w);
	FIELD_IS(0, "proc.exe", "<unset>");
	FIELD_IS(0, "proc.args", "<unset>");
	FIELD_IS(0, "proc.cmdline", "bash");
	world_done(&w);
}

TEST(a_listening_socket_has_one_end_and_an_accepted_one_is_the_servers)
{
	struct world w;
	struct actor a = start(&w);

	begin(&w, MODEL_EVT_LISTEN, &a, 0);
	sensor_wire_put_u64(&w.b, SENSOR_P_FD, 3);
	put_socket(&w.b, 1, 6, 10);
	put_address(&w.b, SENSOR_P_SOCKADDR_LOCAL, "0.0.0.0", 80);
	put_address(&w.b, SENSOR_P_SOCKADDR_REMOTE, "0.0.0.0", 0);
	wire_end(&w);
	FIELD_IS(0, "fd.name", "0.0.0.0:80");
	FIELD_IS(0, "fd.ip", "(0.0.0.0)");
	FIELD_IS(0, "fd.sport", "80");
	FIELD_IS(0, "fd.rip", "<unset>");
	FIELD_IS(0, "fd.connected", "false");
	begin(&w, MODEL_EVT_ACCEPT4, &a, 4);
	put_socket(&w.b, 1, 6, 1);
	put_address(&w.b, SENSOR_P_SOCKADDR_LOCAL, "::ffff:10.0.0.5", 80);
	put_address(&w.b, SENSOR_P_SOCKADDR_REMOTE, "::ffff:10.0.0.9", 50000);
	wire_end(&w);
	FIELD_IS(0, "fd.name", "10.0.0.9:50000->10.0.0.5:80");
	FIELD_IS(0, "fd.cip", "10.0.0.9");
	FIELD_IS(0, "fd.is_server", "true");
	FIELD_IS(0, "fd.num", "4");
	world_done(&w);
}

TEST(a_reverse_shell_shows_the_socket_on_standard_input)
{
	struct sensor_wire_stdio stdio[3] = { { S_IFSOCK, 8, 77 }, { S_IFSOCK, 8, 77 }, { S_IFCHR, 5, 3 } };
	struct exec x = { .path = "/bin/sh" };
	struct world w;
	struct actor a = start(&w);

	begin(&w, MODEL_EVT_DUP2, &a, 0);
	sensor_wire_put_u64(&w.b, SENSOR_P_FD, 3);
	sensor_wire_put_u64(&w.b, SENSOR_P_FD2, 0);
	put_socket(&w.b, 1, 6, 1);
	put_address(&w.b, SENSOR_P_SOCKADDR_LOCAL, "10.0.0.5", 40000);
	put_address(&w.b, SENSOR_P_SOCKADDR_REMOTE, "6.6.6.6", 4444);
	wire_end(&w);
	FIELD_IS(0, "evt.rawres", "0");
	FIELD_IS(0, "fd.type", "ipv4");
	FIELD_IS(0, "fd.types", "(ipv4)");
	FIELD_IS(0, "fd.sip", "6.6.6.6");
	wire_begin(&w, MODEL_EVT_EXECVE, &a);
	put_exec(&w, &a, &x);
	sensor_wire_put(&w.b, SENSOR_P_STDIO, stdio, sizeof(stdio));
	wire_end(&w);
	FIELD_IS(0, "proc.stdin.type", "ipv4");
	FIELD_IS(0, "proc.stdin.name", "10.0.0.5:40000->6.6.6.6:4444");
	FIELD_IS(0, "proc.stdout.type", "socket");
	FIELD_IS(0, "proc.stderr.type", "file");
	world_done(&w);
}

TEST(a_connect_has_the_name_that_was_asked_for_and_only_for_a_minute)
{
	struct world w;
	struct actor a = start(&w);

	put_question(&w, &a);
	CHECK_INT(w.n, 2);
	FIELD_IS(0, "evt.type", "sendto");
	FIELD_IS(1, "evt.type", "dns");
	FIELD_IS(1, "dns.question", "www.evil");
	FIELD_IS(1, "dns.type", "AAAA");
	FIELD_IS(0, "fd.sip.name", "<unset>");
	FIELD_IS(0, "fd.connected", "false");
	put_connect(&w, &a, "1.2.3.4", 443);
	FIELD_IS(0, "fd.sip.name", "www.evil");
	FIELD_IS(0, "fd.rip.name", "www.evil");
	FIELD_IS(0, "fd.lip.name", "<unset>");
	w.now_ns += 61000000000;
	put_connect(&w, &a, "1.2.3.4", 443);
	FIELD_IS(0, "fd.sip.name", "<unset>");
	world_done(&w);
}

TEST(mounts_of_a_container_are_found_by_source)
{
	struct world w;
	struct actor box;

	world_init(&w);
	fill_box(&w);
	world_box(&w, &box);
	FIELD_IS(1, "container.mount.dest[/var/run/docker.sock]", "/docker.sock");
	FIELD_IS(1, "container.mount.dest[/var/run/*]", "/docker.sock");
	FIELD_IS(1, "container.mount.dest[/proc*]", "<unset>");
	FIELD_IS(1, "container.mount.source[/docker.sock]", "/var/run/docker.sock");
	FIELD_IS(1, "container.mounts", "/var/run/docker.sock:/docker.sock:rw:true:rprivate");
	FIELD_IS(1, "container.label[c]", "d");
	FIELD_IS(1, "k8s.pod.name", "p");
	FIELD_IS(1, "k8s.pod.id", "0123456789ab");
	world_done(&w);
}

TEST(a_device_node_is_told_by_its_type)
{
	struct world w;
	struct actor box;

	world_init(&w);
	world_box(&w, &box);
	begin(&w, MODEL_EVT_MKNOD, &box, 0);
	sensor_wire_put_text(&w.b, SENSOR_P_RAW, "/tmp/disk");
	sensor_wire_put_u64(&w.b, SENSOR_P_MODE, S_IFBLK | 0600);
	wire_end(&w);
	FIELD_IS(0, "evt.arg.mode", "S_IFBLK|S_IWUSR|S_IRUSR");
	begin(&w, MODEL_EVT_MKNOD, &box, 0);
	sensor_wire_put_u64(&w.b, SENSOR_P_MODE, S_IFCHR | 0600);
	wire_end(&w);
	FIELD_IS(0, "evt.arg.mode", "S_IFCHR|S_IWUSR|S_IRUSR");
	world_done(&w);
}

TEST(entering_the_hosts_namespaces_from_a_container_is_told)
{
	struct sensor_wire_ns ns = { .mnt = HOST_MNT, .pid = BOX_PID_NS, .net = HOST_NET, .user = HOST_USER_NS };
	struct world w;
	struct actor box;

	world_init(&w);
	world_box(&w, &box);
	begin(&w, MODEL_EVT_SETNS, &box, 0);
	sensor_wire_put(&w.b, SENSOR_P_NS, &ns, sizeof(ns));
	wire_end(&w);
	FIELD_IS(0, "ns.to_host", "true");
	/* the same again changes nothing more */
	begin(&w, MODEL_EVT_SETNS, &box, 0);
	sensor_wire_put(&w.b, SENSOR_P_NS, &ns, sizeof(ns));
	wire_end(&w);
	FIELD_IS(0, "ns.to_host", "false");
	world_done(&w);
}

TEST(targets_in_other_containers_are_foreign)
{
	struct world w;
	struct actor box;

	world_init(&w);
	world_box(&w, &box);
	begin(&w, MODEL_EVT_KILL, &box, 0);
	sensor_wire_put_u64(&w.b, SENSOR_P_TARGET_PID, 1);
	sensor_wire_put_u64(&w.b, SENSOR_P_SIGNAL, 9);
	wire_end(&w);
	FIELD_IS(0, "evt.arg.sig", "SIGKILL");
	FIELD_IS(0, "target.name", "systemd");
	FIELD_IS(0, "target.is_foreign", "true");
	FIELD_IS(0, "target.is_host", "true");
	FIELD_IS(0, "target.container.id", "host");
	world_done(&w);
}

/* All fields of all records of a small history, as one text. */
static void tell(struct world *w, struct strbuf *out)
{
	for (size_t i = 0; i < w->n; i++)
		for (unsigned f = 0; f < MODEL_F_MAX; f++)
			strbuf_addf(out, "%s=%s\n", model_field(f)->name, field_of(w, i, model_field(f)->name));
	arena_reset(&w->arena);
}

static void history(struct strbuf *out)
{
	struct world w;
	struct actor box, sh = box_actor(340, 320, "sh", 9);

	world_init(&w);
	fill_box(&w);
	world_box(&w, &box);
	tell(&w, out);
	do_spawn(&w, &box, &sh, (struct exec){ .path = "/bin/sh", .env = "HOME=/x" });
	tell(&w, out);
	do_open(&w, &sh, (struct open){ .path = "/etc/shadow", .ret = 3 });
	tell(&w, out);
	put_question(&w, &sh);
	tell(&w, out);
	world_done(&w);
}

TEST(the_same_events_give_the_same_bytes)
{
	struct strbuf first, second;

	strbuf_init(&first, 1 << 24);
	strbuf_init(&second, 1 << 24);
	hash_seed_fix(1);
	history(&first);
	hash_seed_fix(0x123456789);
	history(&second);
	CHECK(first.len > 10000);
	CHECK(first.len == second.len && memcmp(first.text, second.text, first.len) == 0);
	strbuf_done(&first);
	strbuf_done(&second);
}

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

TEST(a_million_events_take_no_more_memory_than_ten_thousand)
{
	static const enum model_field_id asked[] = { MODEL_F_EVT_TYPE, MODEL_F_FD_NAME, MODEL_F_PROC_NAME, MODEL_F_CONTAINER_ID, MODEL_F_FD_NUM };
	struct world w;
	struct actor a = start(&w);
	struct sensor_state_stats stats;
	uint64_t early = 0;
	double begun = seconds();

	for (uint32_t i = 0; i < 1000000; i++) {
		if (i % 100 == 0) {
			struct actor child = host_actor(10000 + i / 100 % 20000, 500, "x", 0);
			child.start_ns += i;
			do_spawn(&w, &a, &child, (struct exec){ .path = "/bin/x", .env = "A=B" });
			do_exit(&w, &child);
			do_open(&w, &a, (struct open){ .path = "/usr/lib/x86_64-linux-gnu/libc.so.6", .ret = 3 });
		} else {
			w.b.event->ts_ns = w.now_ns += 1000000;
			w.n = sensor_state_apply(w.state, w.b.event, w.records);
		}
		for (size_t f = 0; f < ARRAY_LEN(asked); f++) {
			struct model_field_ref ref = { .id = asked[f], .index = -1 };
			struct model_value v;
			model_record_get(w.records[0], &ref, &w.arena, &v);
		}
		arena_reset(&w.arena);
		if (i == 100000) {
			sensor_state_stats(w.state, &stats);
			early = stats.memory_bytes;
		}
	}
	sensor_state_stats(w.state, &stats);
	printf("# %.0f ns per event with five fields, %llu bytes\n", (seconds() - begun) * 1e9 / 1e6, (unsigned long long)stats.memory_bytes);
	CHECK_MSG(stats.memory_bytes < early * 2, "%llu then %llu", (unsigned long long)early, (unsigned long long)stats.memory_bytes);
	world_done(&w);
}

TEST(a_container_called_host_is_not_the_host)
{
	struct actor a;
	struct world w;

	world_init(&w);
	w.box.id = "host";
	world_box(&w, &a);
	do_open(&w, &a, (struct open){ .path = "/etc/shadow", .ret = 3 });
	FIELD_IS(0, "container.id", "host (container)");
	world_done(&w);
}

TAP_MAIN()
