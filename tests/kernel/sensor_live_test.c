/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel half of the sensor, on this kernel: real acts, and what the wire says of them, field by field. */
#include "../tap.h"
#include "live.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/io_uring.h>
#include <poll.h>
#include <linux/openat2.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define NEED_SENSOR() do { const char *why_ = live_unavailable(); if (why_) SKIP(why_); } while (0)

static char dir[64] = "/tmp/parka-live-XXXXXX";
static const char *work_dir(void)
{
	static int made;

	if (!made++ && (!mkdtemp(dir) || chmod(dir, 0755) < 0))
		abort();
	return dir;
}

static const char *in_dir(const char *name)
{
	static char paths[8][160];
	static int next;

	next = (next + 1) % 8;
	snprintf(paths[next], sizeof(paths[next]), "%s/%s", work_dir(), name);
	return paths[next];
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		abort();
	close(fd);
}

/* ---- programs ---- */

static int act_exec(void *data)
{
	char *argv[] = { "faked", "one", "two words", NULL }, *envp[] = { "A=1", "LD_PRELOAD=", NULL };

	(void)data;
	if (chdir("/usr") < 0)
		return 1;
	execve("/bin/true", argv, envp);
	return 1;
}

/* When the verifier refuses one program that does, all are loaded without: slower, and nobody would notice. */
TEST(programs_load_kernel_memory_directly_where_the_kernel_lets_them)
{
	char line[256];
	bool can = false;
	FILE *symbols;

	if (getenv("PARKA_SENSOR_READS"))
		SKIP("PARKA_SENSOR_READS says how");
	NEED_SENSOR();
	symbols = fopen("/proc/kallsyms", "r");
	while (symbols && fgets(line, sizeof(line), symbols))
		can = can || strstr(line, " bpf_rdonly_cast\n");
	if (symbols)
		fclose(symbols);
	CHECK_INT(sensor_reads_directly(live_sensor()), can);
}

TEST(exec_tells_program_arguments_environment_and_directory)
{
	struct live_events e;
	const struct sensor_wire *w;
	const struct sensor_wire_param *p;
	const struct sensor_wire_file *f;
	const struct sensor_wire_task *t;
	struct stat st;

	NEED_SENSOR();
	e = live_run(act_exec, NULL);
	w = live_nth(&e, MODEL_EVT_EXECVE, 0);
	if (!CHECK(w && stat("/bin/true", &st) == 0))
		return;
	CHECK_INT(w->pid, e.pid);
	CHECK_INT(w->lane, SENSOR_LANE_LIFECYCLE);
	CHECK_INT(w->ret, 0);
	CHECK_STR(live_text(w, SENSOR_P_FILENAME), "/bin/true");
	CHECK_STR(live_path(w, SENSOR_P_PATH), "/usr/bin/true");
	CHECK_STR(live_path(w, SENSOR_P_CWD), "/usr");
	p = wire_param(w, SENSOR_P_ARGV);
	CHECK(p && p->len == 20 && memcmp(p + 1, "faked\0one\0two words", 20) == 0);
	p = wire_param(w, SENSOR_P_ENVP);
	CHECK(p && p->len == 16 && memcmp(p + 1, "A=1\0LD_PRELOAD=", 16) == 0);
	f = live_struct(w, SENSOR_P_FILE, sizeof(*f));
	CHECK(f && f->ino == st.st_ino && f->mode == st.st_mode && f->size == (uint64_t)st.st_size && f->nlink == st.st_nlink);
	CHECK(f && f->mtime_ns == (uint64_t)st.st_mtim.tv_sec * 1000000000 + (uint64_t)st.st_mtim.tv_nsec);
	CHECK(f && f->ctime_ns == (uint64_t)st.st_ctim.tv_sec * 1000000000 + (uint64_t)st.st_ctim.tv_nsec);
	t = live_struct(w, SENSOR_P_TASK, sizeof(*t));
	CHECK(t && t->ppid == (uint32_t)getpid() && t->sid == (uint32_t)getsid(0) && t->vpid == (uint32_t)e.pid && t->start_ns == w->start_ns);
	CHECK_INT(live_number(w, SENSOR_P_SYSCALL), SYS_execve);
	CHECK(live_struct(w, SENSOR_P_CRED, sizeof(struct sensor_wire_cred)) != NULL);
	CHECK(live_struct(w, SENSOR_P_STDIO, 3 * sizeof(struct sensor_wire_stdio)) != NULL);
	CHECK_STR(w->comm, "true");
	w = live_nth(&e, MODEL_EVT_PROCEXIT, 0);
	CHECK_INT(live_number(w, SENSOR_P_EXIT_CODE), 0);
	live_free(&e);
}

static int act_fail_exec(void *data)
{
	(void)data;
	if (chdir("/usr") < 0)
		return 1;
	execl("no/such/program", "x", NULL);
	return 7;
}

TEST(failed_exec_tells_what_was_asked_for)
{
	struct live_events e;
	const struct sensor_wire *w;

	NEED_SENSOR();
	e = live_run(act_fail_exec, NULL);
	w = live_nth(&e, MODEL_EVT_EXECVE, 0);
	CHECK(w && w->ret == -ENOENT);
	CHECK_STR(live_text(w, SENSOR_P_RAW), "no/such/program");
	CHECK_STR(live_path(w, SENSOR_P_CWD), "/usr");
	CHECK_INT(live_number(live_nth(&e, MODEL_EVT_PROCEXIT, 0), SENSOR_P_EXIT_CODE), 7 << 8);
	live_free(&e);
}

static int act_script(void *data)
{
	execl(data, "x", NULL);
	return 1;
}

TEST(script_tells_file_given_and_interpreter)
{
	struct live_events e;
	const struct sensor_wire *w;
	const char *script;

	NEED_SENSOR();
	script = in_dir("script");
	write_file(script, "#!/bin/true\n");
	chmod(script, 0755);
	e = live_run(act_script, (void *)script);
	w = live_nth(&e, MODEL_EVT_EXECVE, 0);
	CHECK_STR(live_text(w, SENSOR_P_FILENAME), script);
	CHECK_STR(live_text(w, SENSOR_P_INTERP), "/bin/true");
	CHECK_STR(live_path(w, SENSOR_P_PATH), "/usr/bin/true");
	live_free(&e);
}

static int act_memfd_exec(void *data)
{
	char *argv[] = { "m", NULL }, *envp[] = { NULL }, buf[65536];
	int fd = memfd_create("payload", 0), from = open("/bin/true", O_RDONLY);
	ssize_t n;

	(void)data;
	while ((n = read(from, buf, sizeof(buf))) > 0)
		if (write(fd, buf, (size_t)n) != n)
			return 1;
	syscall(SYS_execveat, fd, "", argv, envp, AT_EMPTY_PATH);
	return 1;
}

TEST(program_run_from_memory_is_marked)
{
	struct live_events e;
	const struct sensor_wire *w;
	const struct sensor_wire_file *f;

	NEED_SENSOR();
	e = live_run(act_memfd_exec, NULL);
	w = live_nth(&e, MODEL_EVT_MEMFD_CREATE, 0);
	CHECK_STR(live_text(w, SENSOR_P_NAME), "payload");
	w = live_nth(&e, MODEL_EVT_EXECVEAT, 0);
	f = live_struct(w, SENSOR_P_FILE, sizeof(*f));
	CHECK(f && f->flags & SENSOR_FILE_MEMFD);
	CHECK_STR(live_path(w, SENSOR_P_PATH), "memfd:payload");
	live_free(&e);
}

static int act_fork(void *data)
{
	pid_t pid = fork();

	(void)data;
	if (pid == 0)
		_exit(3);
	waitpid(pid, NULL, 0);
	return 0;
}

TEST(fork_tells_the_child)
{
	struct live_events e;
	const struct sensor_wire *w, *x;
	const struct sensor_wire_task *t;

	NEED_SENSOR();
	e = live_run(act_fork, NULL);
	w = live_nth(&e, MODEL_EVT_SCHED_FORK, 0);
	x = live_nth(&e, MODEL_EVT_PROCEXIT, 0);
	if (CHECK(w && x)) {
		CHECK_INT(live_number(w, SENSOR_P_CHILD_PID), x->pid);
		CHECK_INT(live_number(w, SENSOR_P_CHILD_TID), x->tid);
		CHECK_INT(live_number(w, SENSOR_P_CHILD_START), x->start_ns);
		CHECK_INT(live_number(x, SENSOR_P_EXIT_CODE), 3 << 8);
		t = live_struct(w, SENSOR_P_TASK, sizeof(*t));
		CHECK(t && t->ppid == (uint32_t)e.pid && t->start_ns == x->start_ns && t->parent_start_ns == w->start_ns);
	}
	live_free(&e);
}

static int act_rename_self(void *data)
{
	(void)data;
	return prctl(PR_SET_NAME, "dockerd");
}

TEST(a_process_that_renames_itself_says_so)
{
	struct live_events e;

	NEED_SENSOR();
	e = live_run(act_rename_self, NULL);
	CHECK(live_find(&e, MODEL_EVT_TASK_RENAME, SENSOR_P_NAME, "dockerd") != NULL);
	live_free(&e);
}

static void *rename_first_thread(void *data)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/task/%d/comm", (int)getpid());
	fd = open(path, O_WRONLY);
	return fd >= 0 && write(fd, "kubelet", 7) == 7 ? data : NULL;
}

static int act_thread_renames_first(void *data)
{
	pthread_t thread;
	void *worked = NULL;

	if (pthread_create(&thread, NULL, rename_first_thread, data) != 0 || pthread_join(thread, &worked) != 0)
		return 1;
	return worked ? 0 : 2;
}

TEST(a_first_thread_renamed_by_another_thread_is_told_as_its_own_rename)
{
	struct live_events e;
	const struct sensor_wire *w;

	NEED_SENSOR();
	e = live_run(act_thread_renames_first, &e);
	CHECK_INT(e.status, 0);
	w = live_find(&e, MODEL_EVT_TASK_RENAME, SENSOR_P_NAME, "kubelet");
	if (CHECK(w != NULL)) {
		CHECK_INT(w->pid, e.pid);
		CHECK_INT(w->tid, e.pid);
	}
	live_free(&e);
}

/* ---- opening ---- */

static int act_opens(void *data)
{
	struct open_how how = { .flags = O_RDONLY, .resolve = RESOLVE_NO_MAGICLINKS };
	int d = open(work_dir(), O_RDONLY | O_DIRECTORY);

	(void)data;
	syscall(SYS_open, in_dir("plain"), O_RDONLY);
	if (openat(d, "plain", O_RDONLY) < 0 || chdir(work_dir()) < 0 || open("sub/../plain", O_RDONLY) < 0)
		return 1;
	syscall(SYS_creat, "made", 0600);
	syscall(SYS_openat2, d, "plain", &how, sizeof(how));
	open("/proc/self/root/etc/hostname", O_RDONLY);
	open(in_dir("etclink/hostname"), O_RDONLY);
	open(in_dir("hard"), O_RDONLY);
	open("missing", O_RDONLY);
	openat(d, "missing-too", O_RDONLY);
	return 0;
}

static void check_open(const struct live_events *e, unsigned type, const char *raw, const char *path)
{
	const struct sensor_wire *w = live_find(e, type, SENSOR_P_RAW, raw);

	if (!CHECK_MSG(w != NULL, "no %s of %s", model_event(type)->name, raw))
		return;
	CHECK_STR(live_path(w, SENSOR_P_PATH), path);
	CHECK(w->ret >= 0);
	CHECK_INT(w->lane, SENSOR_LANE_FILE);
}

TEST(open_by_every_route_gives_the_resolved_file)
{
	struct live_events e;
	const struct sensor_wire *w;
	const struct sensor_wire_file *f;
	struct stat st;

	NEED_SENSOR();
	write_file(in_dir("plain"), "x");
	mkdir(in_dir("sub"), 0755);
	unlink(in_dir("etclink"));
	CHECK(symlink("/etc", in_dir("etclink")) == 0 && link(in_dir("plain"), in_dir("hard")) == 0);
	e = live_run(act_opens, NULL);
	CHECK_INT(e.status, 0);
	check_open(&e, MODEL_EVT_OPEN, in_dir("plain"), in_dir("plain"));
	check_open(&e, MODEL_EVT_OPENAT, "plain", in_dir("plain"));
	check_open(&e, MODEL_EVT_OPENAT, "sub/../plain", in_dir("plain"));
	check_open(&e, MODEL_EVT_CREAT, "made", in_dir("made"));
	check_open(&e, MODEL_EVT_OPENAT2, "plain", in_dir("plain"));
	check_open(&e, MODEL_EVT_OPENAT, "/proc/self/root/etc/hostname", "/etc/hostname");
	check_open(&e, MODEL_EVT_OPENAT, in_dir("etclink/hostname"), "/etc/hostname");
	check_open(&e, MODEL_EVT_OPENAT, in_dir("hard"), in_dir("hard"));
	w = live_find(&e, MODEL_EVT_OPENAT, SENSOR_P_RAW, "plain");
	CHECK_STR(live_path(w, SENSOR_P_DIR_PATH), work_dir());
	w = live_find(&e, MODEL_EVT_OPENAT, SENSOR_P_RAW, "sub/../plain");
	CHECK_STR(live_path(w, SENSOR_P_CWD), work_dir());
	w = live_find(&e, MODEL_EVT_CREAT, SENSOR_P_RAW, "made");
	f = live_struct(w, SENSOR_P_FILE, sizeof(*f));
	CHECK(f && f->flags & SENSOR_FILE_CREATED && (f->mode & 07777) == 0600);
	CHECK_INT(live_number(w, SENSOR_P_MODE), 0600);
	w = live_find(&e, MODEL_EVT_OPENAT, SENSOR_P_RAW, in_dir("hard"));
	f = live_struct(w, SENSOR_P_FILE, sizeof(*f));
	CHECK(f && stat(in_dir("plain"), &st) == 0 && f->ino == st.st_ino && f->nlink == 2);
	w = live_find(&e, MODEL_EVT_OPENAT, SENSOR_P_RAW, "missing");
	CHECK(w && w->ret == -ENOENT && !wire_param(w, SENSOR_P_PATH));
	CHECK_STR(live_path(w, SENSOR_P_CWD), work_dir());
	w = live_find(&e, MODEL_EVT_OPENAT, SENSOR_P_RAW, "missing-too");
	CHECK_STR(live_path(w, SENSOR_P_DIR_PATH), work_dir());
	live_free(&e);
}

static int act_bind_mount(void *data)
{
	(void)data;
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return 1;
	if (mount("/etc", in_dir("sub"), NULL, MS_BIND, NULL) < 0)
		return 2;
	open(in_dir("sub/hostname"), O_RDONLY);
	mount("none", in_dir("sub"), "tmpfs", MS_NOSUID, "size=4k");
	open(in_dir("sub/new"), O_CREAT | O_WRONLY, 0644);
	return umount2(in_dir("sub"), MNT_DETACH) < 0 ? 3 : 0;
}

TEST(a_bind_mount_shows_where_the_file_really_is)
{
	struct live_events e;
	const struct sensor_wire *w;
	const struct sensor_wire_ns *ns;
	char expected[200];

	NEED_SENSOR();
	mkdir(in_dir("sub"), 0755);
	e = live_run(act_bind_mount, NULL);
	CHECK_INT(e.status, 0);
	w = live_nth(&e, MODEL_EVT_UNSHARE, 0);
	CHECK_INT(live_number(w, SENSOR_P_FLAGS), CLONE_NEWNS);
	ns = live_struct(w, SENSOR_P_NS, sizeof(*ns));
	CHECK(ns && ns->mnt == w->mnt_ns && ns->mnt != live_nth(&e, MODEL_EVT_PROCEXIT, 0)->user_ns);
	w = live_find(&e, MODEL_EVT_OPENAT, SENSOR_P_RAW, in_dir("sub/hostname"));
	snprintf(expected, sizeof(expected), "%s bind(1)=/etc", in_dir("sub/hostname"));
	CHECK_STR(live_path(w, SENSOR_P_PATH), expected);
	w = live_find(&e, MODEL_EVT_MOUNT, SENSOR_P_RAW2, "none");
	CHECK_STR(live_text(w, SENSOR_P_RAW), in_dir("sub"));
	CHECK_STR(live_text(w, SENSOR_P_TYPE), "tmpfs");
	CHECK_INT(live_number(w, SENSOR_P_FLAGS), MS_NOSUID);
	check_open(&e, MODEL_EVT_OPENAT, in_dir("sub/new"), in_dir("sub/new"));
	CHECK_INT(live_number(live_nth(&e, MODEL_EVT_UMOUNT2, 0), SENSOR_P_FLAGS), MNT_DETACH);
	live_free(&e);
}

static int act_compat(void *data)
{
	execl(data, data, in_dir("plain"), NULL);
	return 1;
}

TEST(calls_of_32_bit_programs_are_seen)
{
	struct live_events e;
	const struct sensor_wire *w = NULL;
	const char *helper = getenv("PARKA_HELPER32");

	NEED_SENSOR();
	if (!helper || access(helper, X_OK) != 0)
		SKIP("no 32-bit helper was built (gcc -m32)");
	write_file(in_dir("plain"), "x");
	CHECK(live_start_compat(live_sensor(), helper));   /* the hook is loaded when the first one starts */
	e = live_run(act_compat, (void *)helper);
	w = live_nth(&e, MODEL_EVT_EXECVE, 0);
	CHECK(w && w->flags & SENSOR_WIRE_COMPAT);
	w = live_find(&e, MODEL_EVT_OPENAT, SENSOR_P_RAW, in_dir("plain"));
	if (!w)
		w = live_find(&e, MODEL_EVT_OPEN, SENSOR_P_RAW, in_dir("plain"));
	CHECK(w && w->flags & SENSOR_WIRE_COMPAT);
	CHECK_STR(live_path(w, SENSOR_P_PATH), in_dir("plain"));
	live_free(&e);
}

/* One request through io_uring, by hand. Returns its result. */
static int uring_once(const struct io_uring_sqe *request)
{
	struct io_uring_params params = { 0 };
	int ring = (int)syscall(SYS_io_uring_setup, 2, &params);
	size_t sq_bytes = params.sq_off.array + params.sq_entries * 4, cq_bytes = params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe);
	uint8_t *sq, *cq;
	struct io_uring_sqe *sqes;
	uint32_t *tail;

	if (ring < 0)
		return -1000;
	sq = mmap(NULL, sq_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQ_RING);
	cq = mmap(NULL, cq_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_CQ_RING);
	sqes = mmap(NULL, params.sq_entries * sizeof(*sqes), PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQES);
	if (sq == MAP_FAILED || cq == MAP_FAILED || sqes == MAP_FAILED)
		return -1001;
	sqes[0] = *request;
	((uint32_t *)(sq + params.sq_off.array))[0] = 0;
	tail = (uint32_t *)(sq + params.sq_off.tail);
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring, 1, request->flags & IOSQE_CQE_SKIP_SUCCESS ? 0 : 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0)
		return -1002;
	if (request->flags & IOSQE_CQE_SKIP_SUCCESS)
		return 0;
	return ((struct io_uring_cqe *)(cq + params.cq_off.cqes))[0].res;
}

static int act_uring(void *data)
{
	struct io_uring_sqe open_it = { .opcode = IORING_OP_OPENAT, .fd = AT_FDCWD, .addr = (uintptr_t)"etclink/hostname", .open_flags = O_RDONLY };
	struct io_uring_sqe silent = open_it, missing = open_it, remove_it = { .opcode = IORING_OP_UNLINKAT, .fd = AT_FDCWD };
	int r;

	(void)data;
	if (chdir(work_dir()) < 0)
		return 1;
	r = uring_once(&open_it);
	if (r < 0)
		return r == -1000 ? 2 : 4;
	silent.flags = IOSQE_CQE_SKIP_SUCCESS;
	silent.addr = (uintptr_t)"/etc/passwd";
	if (uring_once(&silent) < 0)
		return 3;
	missing.addr = (uintptr_t)"/no/such";
	remove_it.addr = (uintptr_t)"gone";
	return uring_once(&missing) != -ENOENT || uring_once(&remove_it) != 0;
}

static bool hook_is_attached(const char *program)
{
	const struct sensor_hook *hooks;
	size_t n = sensor_hooks(live_sensor(), &hooks);

	for (size_t i = 0; i < n; i++)
		if (strcmp(hooks[i].program, program) == 0 && hooks[i].state == SENSOR_HOOK_ATTACHED)
			return true;
	return false;
}

TEST(io_uring_operations_come_as_their_system_calls)
{
	struct live_events e;
	const struct sensor_wire *w;

	NEED_SENSOR();
	if (!hook_is_attached("on_uring_submit") && !hook_is_attached("on_uring_submit_old"))
		SKIP("this kernel's io_uring tracepoint does not tell the request");
	write_file(in_dir("gone"), "x");
	unlink(in_dir("etclink"));
	CHECK(symlink("/etc", in_dir("etclink")) == 0);
	e = live_run(act_uring, NULL);
	if (WIFEXITED(e.status) && WEXITSTATUS(e.status) == 2)
		SKIP("this kernel refuses io_uring");
	CHECK_INT(e.status, 0);
	check_open(&e, MODEL_EVT_OPENAT, "etclink/hostname", "/etc/hostname");
	w = live_find(&e, MODEL_EVT_OPENAT, SENSOR_P_RAW, "etclink/hostname");
	CHECK(w && w->flags & SENSOR_WIRE_IO_URING);
	CHECK_STR(live_path(w, SENSOR_P_CWD), work_dir());
	w = live_find(&e, MODEL_EVT_OPENAT, SENSOR_P_RAW, "/etc/passwd");
	CHECK(w && w->flags & SENSOR_WIRE_IO_URING && w->flags & SENSOR_WIRE_NO_RET);
	w = live_find(&e, MODEL_EVT_OPENAT, SENSOR_P_RAW, "/no/such");
	CHECK(w && w->ret == -ENOENT);
	w = live_find(&e, MODEL_EVT_UNLINKAT, SENSOR_P_RAW, "gone");
	CHECK(w && w->ret == 0 && w->flags & SENSOR_WIRE_IO_URING);
	CHECK_INT(live_number(live_nth(&e, MODEL_EVT_IO_URING_SETUP, 0), SENSOR_P_ARG2), 2);
	live_free(&e);
}

/* ---- names and attributes ---- */

static int act_names(void *data)
{
	int d = open(work_dir(), O_RDONLY | O_DIRECTORY);

	(void)data;
	if (chdir(work_dir()) < 0)
		return 1;
	rename("n1", "n2");
	renameat(d, "n2", AT_FDCWD, "n3");
	if (link("n3", in_dir("n4")) < 0 || symlink("/etc/shadow", "n5") < 0)
		return 2;
	mkdirat(d, "n6", 0700);
	rmdir("n6");
	unlink("n4");
	unlinkat(d, "n5", 0);
	chmod("n3", 04755);
	if (chown("n3", 1, 2) < 0 || truncate("n3", 0) < 0)
		return 3;
	mknod("n7", S_IFIFO | 0600, 0);
	unlink("n7");
	return 0;
}

TEST(operations_on_names_tell_both_and_where_they_start)
{
	struct live_events e;
	const struct sensor_wire *w;

	NEED_SENSOR();
	write_file(in_dir("n1"), "x");
	e = live_run(act_names, NULL);
	w = live_nth(&e, MODEL_EVT_RENAME, 0);
	CHECK_STR(live_text(w, SENSOR_P_RAW), "n1");
	CHECK_STR(live_text(w, SENSOR_P_RAW2), "n2");
	CHECK_STR(live_path(w, SENSOR_P_CWD), work_dir());
	w = live_nth(&e, MODEL_EVT_RENAMEAT, 0);
	CHECK_STR(live_path(w, SENSOR_P_DIR_PATH), work_dir());
	CHECK_STR(live_text(w, SENSOR_P_RAW2), "n3");
	w = live_nth(&e, MODEL_EVT_LINK, 0);
	CHECK_STR(live_text(w, SENSOR_P_RAW2), in_dir("n4"));
	w = live_nth(&e, MODEL_EVT_SYMLINK, 0);
	CHECK_STR(live_text(w, SENSOR_P_RAW), "/etc/shadow");
	CHECK_STR(live_text(w, SENSOR_P_RAW2), "n5");
	w = live_nth(&e, MODEL_EVT_MKDIRAT, 0);
	CHECK_INT(live_number(w, SENSOR_P_MODE), 0700);
	CHECK_STR(live_text(live_nth(&e, MODEL_EVT_RMDIR, 0), SENSOR_P_RAW), "n6");
	CHECK_STR(live_text(live_nth(&e, MODEL_EVT_UNLINK, 0), SENSOR_P_RAW), "n4");
	CHECK_STR(live_text(live_nth(&e, MODEL_EVT_UNLINKAT, 0), SENSOR_P_RAW), "n5");
	w = live_nth(&e, MODEL_EVT_CHMOD, 0);
	CHECK_INT(live_number(w, SENSOR_P_MODE), 04755);
	w = live_nth(&e, MODEL_EVT_CHOWN, 0);
	CHECK_INT(live_number(w, SENSOR_P_ARG2), 1);
	CHECK_INT(live_number(w, SENSOR_P_ARG3), 2);
	CHECK_STR(live_text(live_nth(&e, MODEL_EVT_TRUNCATE, 0), SENSOR_P_RAW), "n3");
	CHECK(live_nth(&e, MODEL_EVT_MKNOD, 0) || live_nth(&e, MODEL_EVT_MKNODAT, 0));
	CHECK_STR(live_path(live_nth(&e, MODEL_EVT_CHDIR, 0), SENSOR_P_PATH), work_dir());
	live_free(&e);
}

/* Does the plan say that security hooks tell what the kernel resolved? */
static bool names_resolved(void)
{
	const struct sensor_hook *hooks;
	size_t n = sensor_hooks(live_sensor(), &hooks);

	for (size_t i = 0; i < n; i++)
		if (strstr(hooks[i].program, "_path_rename") && hooks[i].state == SENSOR_HOOK_ATTACHED)
			return true;
	return false;
}

static int act_resolved(void *data)
{
	int fd;

	(void)data;
	if (chdir(work_dir()) < 0 || unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return 1;
	mkdir("real", 0755);
	mkdir("shown", 0755);
	unlink("way");
	if (symlink("real", "way") < 0 || mount("real", "shown", NULL, MS_BIND, NULL) < 0)
		return 2;
	fd = open("way/a", O_CREAT | O_WRONLY, 0644);
	if (fd < 0 || close(fd) < 0 || rename("way/a", "shown/../way/b") < 0 || link("way/b", "way/c") < 0)
		return 3;
	if (chmod("way/b", 0600) < 0 || chown("way/b", 3, 4) < 0 || truncate("way/b", 5) < 0 || unlink("shown/b") < 0)
		return 4;
	if (mkdir("way/d", 0700) < 0 || symlink("/etc", "way/e") < 0 || mknod("way/f", S_IFIFO | 0600, 0) < 0)
		return 5;
	if (unlink("way/nothing") == 0 || rmdir("way/d") < 0 || unlink("way/e") < 0 || unlink("way/f") < 0 || unlink("way/c") < 0)
		return 6;
	return umount2("shown", 0) < 0 ? 7 : 0;
}

static void check_resolved(const struct live_events *e, unsigned type, unsigned raw_id, const char *raw, unsigned path_id, const char *path)
{
	const struct sensor_wire *w = live_find(e, type, raw_id, raw);

	if (CHECK_MSG(w != NULL, "no %s of %s", model_event(type)->name, raw))
		CHECK_MSG(strcmp(live_path(w, path_id), path) == 0, "%s of %s: %s", model_event(type)->name, raw, live_path(w, path_id));
}

TEST(what_the_kernel_resolved_comes_with_operations_on_names)
{
	struct live_events e;
	const struct sensor_wire *w;
	const struct sensor_wire_file *f;
	char bound[200];

	NEED_SENSOR();
	if (!names_resolved())
		SKIP("this kernel attaches neither fentry nor LSM programs");
	e = live_run(act_resolved, NULL);
	CHECK_INT(e.status, 0);
	w = live_nth(&e, MODEL_EVT_RENAME, 0);
	CHECK_STR(live_path(w, SENSOR_P_PATH), in_dir("real/a"));
	CHECK_STR(live_path(w, SENSOR_P_PATH2), in_dir("real/b"));
	f = live_struct(w, SENSOR_P_FILE, sizeof(*f));
	CHECK(f && S_ISREG(f->mode) && f->ino && f->nlink == 1);
	check_resolved(&e, MODEL_EVT_LINK, SENSOR_P_RAW, "way/b", SENSOR_P_PATH, in_dir("real/b"));
	check_resolved(&e, MODEL_EVT_LINK, SENSOR_P_RAW, "way/b", SENSOR_P_PATH2, in_dir("real/c"));
	check_resolved(&e, MODEL_EVT_CHMOD, SENSOR_P_RAW, "way/b", SENSOR_P_PATH, in_dir("real/b"));
	/* 5.10 takes no program on a function with a structure as argument. */
	if (hook_is_attached("fentry_path_chown") || hook_is_attached("lsm_path_chown"))
		check_resolved(&e, MODEL_EVT_CHOWN, SENSOR_P_RAW, "way/b", SENSOR_P_PATH, in_dir("real/b"));
	check_resolved(&e, MODEL_EVT_TRUNCATE, SENSOR_P_RAW, "way/b", SENSOR_P_PATH, in_dir("real/b"));
	snprintf(bound, sizeof(bound), "%s bind(", in_dir("shown/b"));
	w = live_find(&e, MODEL_EVT_UNLINK, SENSOR_P_RAW, "shown/b");
	CHECK_MSG(strncmp(live_path(w, SENSOR_P_PATH), bound, strlen(bound)) == 0, "%s", live_path(w, SENSOR_P_PATH));
	CHECK(live_struct(w, SENSOR_P_FILE, sizeof(*f)) != NULL);
	check_resolved(&e, MODEL_EVT_MKDIR, SENSOR_P_RAW, "way/d", SENSOR_P_PATH, in_dir("real/d"));
	check_resolved(&e, MODEL_EVT_SYMLINK, SENSOR_P_RAW2, "way/e", SENSOR_P_PATH2, in_dir("real/e"));
	check_resolved(&e, live_nth(&e, MODEL_EVT_MKNODAT, 0) ? MODEL_EVT_MKNODAT : MODEL_EVT_MKNOD, SENSOR_P_RAW, "way/f",
		       SENSOR_P_PATH, in_dir("real/f"));
	check_resolved(&e, MODEL_EVT_RMDIR, SENSOR_P_RAW, "way/d", SENSOR_P_PATH, in_dir("real/d"));
	check_resolved(&e, MODEL_EVT_MOUNT, SENSOR_P_RAW, "shown", SENSOR_P_PATH, in_dir("shown"));
	w = live_find(&e, MODEL_EVT_UNLINK, SENSOR_P_RAW, "way/nothing");
	CHECK(w && w->ret == -ENOENT && !wire_param(w, SENSOR_P_PATH));
	w = live_nth(&e, MODEL_EVT_UMOUNT2, 0);
	CHECK_MSG(strncmp(live_path(w, SENSOR_P_PATH), in_dir("shown"), strlen(in_dir("shown"))) == 0, "%s", live_path(w, SENSOR_P_PATH));
	live_free(&e);
}

/* ---- sockets ---- */

static struct sockaddr_in any_v4;

static int act_tcp(void *data)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	int s = socket(AF_INET, SOCK_STREAM, 0), c = socket(AF_INET, SOCK_STREAM, 0);

	(void)data;
	if (bind(s, (struct sockaddr *)&a, len) < 0 || listen(s, 5) < 0 || getsockname(s, (struct sockaddr *)&a, &len) < 0)
		return 1;
	if (connect(c, (struct sockaddr *)&a, len) < 0 || accept(s, NULL, NULL) < 0)
		return 2;
	a.sin_port = htons(1);
	close(c);
	c = socket(AF_INET, SOCK_STREAM, 0);
	connect(c, (struct sockaddr *)&a, len);
	return 0;
}

TEST(tcp_tells_both_ends_from_the_kernels_socket)
{
	struct live_events e;
	const struct sensor_wire *b, *c, *a, *failed;
	const struct sockaddr_in *local, *remote, *client;
	const struct sensor_wire_socket *s;

	NEED_SENSOR();
	e = live_run(act_tcp, &any_v4);
	b = live_nth(&e, MODEL_EVT_BIND, 0);
	c = live_nth(&e, MODEL_EVT_CONNECT, 0);
	a = live_nth(&e, MODEL_EVT_ACCEPT, 0);
	failed = live_nth(&e, MODEL_EVT_CONNECT, 1);
	local = live_struct(b, SENSOR_P_SOCKADDR_LOCAL, sizeof(*local));
	remote = live_struct(c, SENSOR_P_SOCKADDR_REMOTE, sizeof(*remote));
	client = live_struct(c, SENSOR_P_SOCKADDR_LOCAL, sizeof(*client));
	CHECK(local && remote && local->sin_port == remote->sin_port && remote->sin_addr.s_addr == htonl(INADDR_LOOPBACK));
	s = live_struct(c, SENSOR_P_SOCKET, sizeof(*s));
	CHECK(s && s->family == AF_INET && s->type == SOCK_STREAM && s->protocol == IPPROTO_TCP && s->netns && s->cookie);
	CHECK_INT(live_number(live_nth(&e, MODEL_EVT_LISTEN, 0), SENSOR_P_ARG2), 5);
	remote = live_struct(a, SENSOR_P_SOCKADDR_REMOTE, sizeof(*remote));
	CHECK(remote && client && remote->sin_port == client->sin_port);
	CHECK(failed && failed->ret == -ECONNREFUSED);
	remote = live_struct(failed, SENSOR_P_SOCKADDR_REMOTE, sizeof(*remote));
	CHECK(remote && remote->sin_port == htons(1));
	live_free(&e);
}

static int act_tcp6_and_unix(void *data)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr_un u = { .sun_family = AF_UNIX };
	socklen_t len = sizeof(a);
	int s = socket(AF_INET6, SOCK_STREAM, 0), c = socket(AF_INET6, SOCK_STREAM, 0);

	(void)data;
	if (bind(s, (struct sockaddr *)&a, len) < 0 || listen(s, 5) < 0 || getsockname(s, (struct sockaddr *)&a, &len) < 0 ||
	    connect(c, (struct sockaddr *)&a, len) < 0)
		return 1;
	snprintf(u.sun_path, sizeof(u.sun_path), "%s", in_dir("socket"));
	s = socket(AF_UNIX, SOCK_STREAM, 0);
	c = socket(AF_UNIX, SOCK_STREAM, 0);
	if (bind(s, (struct sockaddr *)&u, sizeof(u)) < 0 || listen(s, 5) < 0 || connect(c, (struct sockaddr *)&u, sizeof(u)) < 0)
		return 2;
	return 0;
}

TEST(ipv6_and_unix_sockets_are_told_apart)
{
	struct live_events e;
	const struct sockaddr_in6 *six;
	const struct sockaddr_un *un;

	NEED_SENSOR();
	unlink(in_dir("socket"));
	e = live_run(act_tcp6_and_unix, NULL);
	CHECK_INT(e.status, 0);
	six = live_struct(live_nth(&e, MODEL_EVT_CONNECT, 0), SENSOR_P_SOCKADDR_REMOTE, sizeof(*six));
	CHECK(six && six->sin6_family == AF_INET6 && six->sin6_addr.s6_addr[15] == 1 && six->sin6_port);
	un = live_struct(live_nth(&e, MODEL_EVT_CONNECT, 1), SENSOR_P_SOCKADDR_REMOTE, 4);
	CHECK(un && un->sun_family == AF_UNIX);
	CHECK_STR(un ? un->sun_path : "", in_dir("socket"));
	live_free(&e);
}

static int act_dns(void *data)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(53) };
	struct iovec iov = { "second", 6 };
	struct msghdr message = { .msg_name = &a, .msg_namelen = sizeof(a), .msg_iov = &iov, .msg_iovlen = 1 };
	int s = socket(AF_INET, SOCK_DGRAM, 0);

	(void)data;
	sendto(s, "question", 8, 0, (struct sockaddr *)&a, sizeof(a));
	sendmsg(s, &message, 0);
	a.sin_port = htons(9);
	for (int i = 0; i < 3; i++)
		sendto(s, "x", 1, 0, (struct sockaddr *)&a, sizeof(a));
	return 0;
}

TEST(dns_questions_carry_data_and_other_sends_only_new_peers)
{
	struct live_events e;
	const struct sensor_wire *w;

	NEED_SENSOR();
	e = live_run(act_dns, NULL);
	w = live_nth(&e, MODEL_EVT_SENDTO, 0);
	CHECK_STR(live_text(w, SENSOR_P_DATA), "question");
	CHECK_STR(live_text(live_nth(&e, MODEL_EVT_SENDMSG, 0), SENSOR_P_DATA), "second");
	w = live_nth(&e, MODEL_EVT_SENDTO, 1);
	CHECK(w && !wire_param(w, SENSOR_P_DATA));
	CHECK(!live_nth(&e, MODEL_EVT_SENDTO, 2));
	live_free(&e);
}

/* As glibc's resolver asks for both kinds of address, and as Go's and Java's ask. */
static int act_dns_connected(void *data)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(53) };
	struct iovec iov[2] = { { "first!", 6 }, { "second", 6 } };
	struct mmsghdr messages[2] = { { .msg_hdr = { .msg_iov = &iov[0], .msg_iovlen = 1 } }, { .msg_hdr = { .msg_iov = &iov[1], .msg_iovlen = 1 } } };
	int in = socket(AF_INET, SOCK_DGRAM, 0), s = socket(AF_INET, SOCK_DGRAM, 0), other = socket(AF_INET, SOCK_DGRAM, 0);

	(void)data;
	/* Somebody listens: a refusal would be told by the next call. */
	if (bind(in, (struct sockaddr *)&a, sizeof(a)) < 0 && errno != EADDRINUSE)
		return 1;
	if (connect(s, (struct sockaddr *)&a, sizeof(a)) < 0)
		return 2;
	a.sin_port = htons(54);
	if (connect(other, (struct sockaddr *)&a, sizeof(a)) < 0)
		return 3;
	if (sendmmsg(s, messages, 2, 0) != 2 || send(s, "by send", 7, 0) != 7)
		return 4;
	if (write(s, "by write", 8) != 8 || writev(s, iov, 1) != 6)
		return 5;
	(void)!write(other, "not dns", 7);
	return 0;
}

TEST(every_message_of_sendmmsg_and_a_send_without_address_are_told)
{
	struct live_events e;

	NEED_SENSOR();
	e = live_run(act_dns_connected, NULL);
	CHECK_INT(e.status, 0);
	CHECK_STR(live_text(live_nth(&e, MODEL_EVT_SENDMMSG, 0), SENSOR_P_DATA), "first!");
	CHECK_STR(live_text(live_nth(&e, MODEL_EVT_SENDMMSG, 1), SENSOR_P_DATA), "second");
	CHECK(!live_nth(&e, MODEL_EVT_SENDMMSG, 2));
	CHECK_STR(live_text(live_nth(&e, MODEL_EVT_SENDTO, 0), SENSOR_P_DATA), "by send");
	live_free(&e);
}

TEST(what_is_written_to_a_dns_server_is_told_and_to_others_not)
{
	const struct sensor_hook *hooks;
	struct live_events e;
	bool is_hooked = false;
	const struct sockaddr_in *to;

	NEED_SENSOR();
	for (size_t i = 0, n = sensor_hooks(live_sensor(), &hooks); i < n; i++)
		is_hooked |= strcmp(hooks[i].event, "dns") == 0 && hooks[i].state == SENSOR_HOOK_ATTACHED;
	if (!is_hooked)
		SKIP("this kernel has no hook that tells what sockets send");
	e = live_run(act_dns_connected, NULL);
	CHECK_INT(e.status, 0);
	CHECK_STR(live_text(live_nth(&e, MODEL_EVT_DNS, 0), SENSOR_P_DATA), "by write");
	CHECK_STR(live_text(live_nth(&e, MODEL_EVT_DNS, 1), SENSOR_P_DATA), "first!");
	CHECK(!live_nth(&e, MODEL_EVT_DNS, 2));
	to = live_struct(live_nth(&e, MODEL_EVT_DNS, 0), SENSOR_P_SOCKADDR_REMOTE, sizeof(*to));
	CHECK(to && ntohs(to->sin_port) == 53 && ntohl(to->sin_addr.s_addr) == INADDR_LOOPBACK);
	live_free(&e);
}

/* Written memory, memory that only could be read, and both at once; then the other call. */
static int act_protect(void *data)
{
	char *m = mmap(NULL, 5 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)data;
	if (m == MAP_FAILED || mprotect(m + 4096, 2 * 4096, PROT_READ) < 0)
		return 1;
	if (mprotect(m, 4096, PROT_READ | PROT_EXEC) < 0 || mprotect(m + 4096, 4096, PROT_READ | PROT_EXEC) < 0 ||
	    mprotect(m + 2 * 4096, 2 * 4096, PROT_READ | PROT_EXEC) < 0)
		return 2;
	return syscall(SYS_pkey_mprotect, m + 4 * 4096, 4096, PROT_READ | PROT_EXEC, -1) < 0 ? 3 : 0;
}

TEST(memory_that_is_made_executable_comes_with_what_it_was_before)
{
	const struct sensor_hook *hooks, *hook = NULL;
	struct live_events e;

	NEED_SENSOR();
	for (size_t i = 0, n = sensor_hooks(live_sensor(), &hooks); i < n; i++)
		if (strstr(hooks[i].program, "mprotect") && hooks[i].state == SENSOR_HOOK_ATTACHED && !hook)
			hook = &hooks[i];
	if (!hook)
		SKIP("this kernel has no hook that tells what memory was");
	e = live_run(act_protect, NULL);
	CHECK_INT(e.status, 0);
	CHECK_INT(live_number(live_nth(&e, MODEL_EVT_MPROTECT, 0), SENSOR_P_OLD_PROT), PROT_READ | PROT_WRITE);
	CHECK_INT(live_number(live_nth(&e, MODEL_EVT_MPROTECT, 1), SENSOR_P_OLD_PROT), PROT_READ);
	/* The area of the first byte, or all of them. */
	CHECK_INT(live_number(live_nth(&e, MODEL_EVT_MPROTECT, 2), SENSOR_P_OLD_PROT),
		  strncmp(hook->program, "enter_", 6) == 0 ? PROT_READ : PROT_READ | PROT_WRITE);
	CHECK_INT(live_number(live_nth(&e, MODEL_EVT_PKEY_MPROTECT, 0), SENSOR_P_OLD_PROT), PROT_READ | PROT_WRITE);
	live_free(&e);
}

static int act_stdio(void *data)
{
	int s = socket(AF_INET, SOCK_STREAM, 0), f = open("/dev/null", O_RDWR);

	(void)data;
	dup2(f, 0);
	dup2(s, 1);
	dup2(s, 40);
	socket(AF_PACKET, SOCK_RAW, 0);
	return 0;
}

TEST(dup_onto_standard_streams_is_seen_and_others_not)
{
	struct live_events e;
	const struct sensor_wire *w;

	NEED_SENSOR();
	e = live_run(act_stdio, NULL);
	w = live_nth(&e, MODEL_EVT_DUP2, 0);
	CHECK_INT(live_number(w, SENSOR_P_FD2), 0);
	CHECK_STR(live_path(w, SENSOR_P_PATH), "/dev/null");
	w = live_nth(&e, MODEL_EVT_DUP2, 1);
	CHECK_INT(live_number(w, SENSOR_P_FD2), 1);
	CHECK(live_struct(w, SENSOR_P_SOCKET, sizeof(struct sensor_wire_socket)) != NULL);
	CHECK(!live_nth(&e, MODEL_EVT_DUP2, 2));
	w = live_nth(&e, MODEL_EVT_SOCKET, 0);
	CHECK_INT(live_number(w, SENSOR_P_REQUEST), AF_PACKET);
	live_free(&e);
}

/* ---- privilege and the kernel ---- */

static int act_privilege(void *data)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct caps[2] = { { 0 } };
	int fd;

	(void)data;
	fd = open("/proc/self/ns/uts", O_RDONLY);
	setns(fd, CLONE_NEWUTS);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_GET_NAME, (char[16]){ 0 });
	syscall(SYS_setresgid, 5, 5, 5);
	syscall(SYS_setresuid, 1, 2, 3);
	syscall(SYS_capset, &header, caps);
	return 0;
}

TEST(changes_of_credentials_carry_them_whole)
{
	struct live_events e;
	const struct sensor_wire_cred *c;

	NEED_SENSOR();
	e = live_run(act_privilege, NULL);
	CHECK_INT(live_number(live_nth(&e, MODEL_EVT_SETNS, 0), SENSOR_P_FLAGS), CLONE_NEWUTS);
	CHECK_INT(live_number(live_nth(&e, MODEL_EVT_PRCTL, 0), SENSOR_P_REQUEST), PR_SET_NO_NEW_PRIVS);
	CHECK(!live_nth(&e, MODEL_EVT_PRCTL, 1));
	c = live_struct(live_nth(&e, MODEL_EVT_SETRESGID, 0), SENSOR_P_CRED, sizeof(*c));
	CHECK(c && c->gid == 5 && c->egid == 5 && c->sgid == 5 && c->uid == 0);
	c = live_struct(live_nth(&e, MODEL_EVT_SETRESUID, 0), SENSOR_P_CRED, sizeof(*c));
	CHECK(c && c->uid == 1 && c->euid == 2 && c->suid == 3 && c->fsuid == 2 && c->cap_effective == 0);
	c = live_struct(live_nth(&e, MODEL_EVT_CAPSET, 0), SENSOR_P_CRED, sizeof(*c));
	CHECK(c && c->cap_permitted == 0);
	live_free(&e);
}

static int act_other_process(void *data)
{
	pid_t pid = fork();

	(void)data;
	if (pid == 0) {
		pause();
		_exit(0);
	}
	ptrace(PTRACE_SEIZE, pid, 0, 0);
	kill(getpid(), 0);
	kill(pid, 0);
	kill(getpid(), SIGCONT);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, __WALL);
	return 0;
}

TEST(acts_on_another_process_name_their_target)
{
	struct live_events e;
	const struct sensor_wire *w, *fork_event;

	NEED_SENSOR();
	e = live_run(act_other_process, NULL);
	fork_event = live_nth(&e, MODEL_EVT_SCHED_FORK, 0);
	w = live_nth(&e, MODEL_EVT_PTRACE, 0);
	CHECK_INT(live_number(w, SENSOR_P_REQUEST), PTRACE_SEIZE);
	CHECK_INT(live_number(w, SENSOR_P_TARGET_PID), live_number(fork_event, SENSOR_P_CHILD_PID));
	CHECK_INT(live_number(w, SENSOR_P_TARGET_START), live_number(fork_event, SENSOR_P_CHILD_START));
	w = live_nth(&e, MODEL_EVT_KILL, 0);
	CHECK_INT(live_number(w, SENSOR_P_SIGNAL), SIGKILL);
	CHECK_INT(live_number(w, SENSOR_P_TARGET_PID), live_number(fork_event, SENSOR_P_CHILD_PID));
	CHECK(!live_nth(&e, MODEL_EVT_KILL, 1));
	live_free(&e);
}

static int act_kernel(void *data)
{
	union bpf_attr attr = { 0 };
	void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)data;
	attr.map_type = BPF_MAP_TYPE_ARRAY;
	attr.key_size = attr.value_size = 4;
	attr.max_entries = 1;
	memcpy(attr.map_name, "parka_map", 10);
	syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));
	syscall(SYS_userfaultfd, O_CLOEXEC);
	syscall(SYS_keyctl, 0, -3, 0, 0, 0);
	syscall(SYS_perf_event_open, "\1\0\0\0\0\0\0\0", -1, 0, -1, 0);
	mprotect(memory, 4096, PROT_READ);
	mprotect(memory, 4096, PROT_READ | PROT_EXEC);
	mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return 0;
}

TEST(doors_into_the_kernel_are_watched)
{
	struct live_events e;
	const struct sensor_wire *w;

	NEED_SENSOR();
	e = live_run(act_kernel, NULL);
	w = live_nth(&e, MODEL_EVT_BPF, 0);
	CHECK_INT(live_number(w, SENSOR_P_REQUEST), BPF_MAP_CREATE);
	CHECK_INT(live_number(w, SENSOR_P_ARG2), BPF_MAP_TYPE_ARRAY);
	CHECK_STR(live_text(w, SENSOR_P_NAME), "parka_map");
	CHECK_INT(live_number(live_nth(&e, MODEL_EVT_USERFAULTFD, 0), SENSOR_P_FLAGS), O_CLOEXEC);
	CHECK(live_nth(&e, MODEL_EVT_KEYCTL, 0) != NULL);
	CHECK(live_nth(&e, MODEL_EVT_PERF_EVENT_OPEN, 0) != NULL);
	w = live_nth(&e, MODEL_EVT_MPROTECT, 0);
	CHECK_INT(live_number(w, SENSOR_P_ARG2), PROT_READ | PROT_EXEC);
	CHECK(!live_nth(&e, MODEL_EVT_MPROTECT, 1));
	w = live_nth(&e, MODEL_EVT_MMAP, 0);
	CHECK_INT(live_number(w, SENSOR_P_ARG2), PROT_READ | PROT_WRITE | PROT_EXEC);
	live_free(&e);
}

/* ---- the sensor itself ---- */

static uint32_t seeded_self, seeded_init, seeded_order_breaks;
static uint64_t last_start;
static void on_seed(const struct sensor_wire *event, void *data)
{
	const struct sensor_wire_task *t = live_struct(event, SENSOR_P_TASK, sizeof(*t));

	(void)data;
	if (event->start_ns < last_start)
		seeded_order_breaks++;
	last_start = event->start_ns;
	if (event->pid == 1)
		seeded_init++;
	if (event->pid == (uint32_t)getpid() && t && t->ppid == (uint32_t)getppid() && wire_param(event, SENSOR_P_PATH) &&
	    strstr(live_text(event, SENSOR_P_ARGV), "sensor_live_test"))
		seeded_self++;
}

TEST(seed_gives_every_living_process_once_and_parents_first)
{
	NEED_SENSOR();
	CHECK_INT(sensor_seed(live_sensor(), on_seed, NULL, NULL), 0);
	CHECK_INT(seeded_self, 1);
	CHECK_INT(seeded_init, 1);
	CHECK_INT(seeded_order_breaks, 0);
}

static int act_flood(void *data)
{
	(void)data;
	for (int i = 0; i < 3000; i++)
		close(open("/etc/hostname", O_RDONLY));
	return 0;
}

/* In a child, which has nothing to do with the sensor: a file event that is not rare. */
static pid_t open_later(int ms)
{
	pid_t pid = fork();

	if (pid == 0) {
		usleep((useconds_t)ms * 1000);
		close(open("/etc/hostname", O_RDONLY));
		pause();
	}
	return pid;
}

TEST(a_dozing_reader_is_woken_by_a_file_event)
{
	const struct sensor_wire *event;
	struct pollfd p = { .events = POLLIN };
	bool found = false;
	pid_t pid;

	NEED_SENSOR();
	p.fd = sensor_fd(live_sensor());
	pid = open_later(500);
	sensor_doze(live_sensor(), true);
	for (int i = 0; i < 500 && !found; i++) {
		/* Of other processes, too; never longer asleep than it takes the child. */
		if (!CHECK(poll(&p, 1, 20000) == 1))
			break;
		usleep(1000);                    /* younger ones are held back */
		while (sensor_next(live_sensor(), false, &event, NULL) == 1)
			found = found || (event->pid == (uint32_t)pid && (event->type == MODEL_EVT_OPENAT || event->type == MODEL_EVT_OPEN));
	}
	CHECK(found);
	sensor_doze(live_sensor(), false);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

TEST(a_full_ring_is_counted_and_lifecycle_is_not_lost)
{
	struct sensor_options options = { .all_events = true, .self_pid = (uint32_t)getpid(), .ring_bytes = { 1 << 20, 16384, 16384 } };
	static struct sensor_stats stats;
	const struct sensor_wire *event;
	struct sensor *tiny = NULL;
	size_t n_seen = 0, n_exits = 0;
	pid_t pid;

	NEED_SENSOR();
	if (!CHECK_INT(sensor_open(&options, &tiny, NULL), 0))
		return;
	pid = fork();
	if (pid == 0)
		_exit(act_flood(NULL));
	waitpid(pid, NULL, 0);
	while (sensor_next(tiny, true, &event, NULL) == 1) {
		n_seen += event->pid == (uint32_t)pid && event->type == MODEL_EVT_OPENAT;
		n_exits += event->pid == (uint32_t)pid && event->type == MODEL_EVT_PROCEXIT;
	}
	sensor_stats(tiny, &stats);
	CHECK(n_seen < 3000);
	CHECK_MSG(n_seen + stats.lost[MODEL_EVT_OPENAT][SENSOR_LOST_RING_FULL] >= 3000, "seen %zu, lost %llu", n_seen,
		  (unsigned long long)stats.lost[MODEL_EVT_OPENAT][SENSOR_LOST_RING_FULL]);
	CHECK_INT(n_exits, 1);
	CHECK_INT(stats.lost[MODEL_EVT_PROCEXIT][SENSOR_LOST_RING_FULL], 0);
	sensor_close(tiny);
}

TEST(cleanup)
{
	char *argv[] = { "rm", "-rf", dir, NULL };
	pid_t pid;

	NEED_SENSOR();
	live_stop();
	pid = fork();
	if (pid == 0)
		_exit(execv("/bin/rm", argv));
	waitpid(pid, NULL, 0);
	CHECK(access(dir, F_OK) < 0);
}

TAP_MAIN()
