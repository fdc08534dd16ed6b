/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one event costs in user space, from the ring to the verdict: synthetic wire events through
 * the state and the rules, as a busy host would give them.
 *
 *     pipeline_bench [-n EVENTS] [-w open|fail|exec|other|mix] [-s] RULES.yaml|DIR...
 *
 * open: successful opens of many files; fail: opens of what is not there; exec: processes that are born, run a
 * program and end; other: connects, renames, control groups; mix (default): 90 % opens, the rest of all the others. -s: state
 * only, no rules asked. Every path and command line is another one, and a new event comes each 10 microseconds of event time, so that
 * whatever grows with what was seen shows in the memory. Prints nanoseconds per event, events per second of one
 * core, what matched, and memory, resident and allocated, at 1, 25, 50, 75 and 100 %.
 */
#include "agent/agent.h"
#include "sensor/wire.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { N_LIVE = 256, N_FILES = 64, ROOT_DEV = 8 << 20 | 1, HOST_CGROUP = 1, GAP_NS = 10000 };
#define ALL_CAPS ((UINT64_C(1) << 41) - 1)
#define LAG_NS (UINT64_C(1000) * 1000000000)

struct template { struct sensor_wire_builder b; char *digits[4]; unsigned n_digits; };
struct process { uint32_t pid, ppid; uint64_t start_ns, parent_start_ns; };

struct bench {
	struct agent_stream *stream;
	struct template opens[N_FILES], fail, exec, fork, exit, connect, rename, mkdir, rmdir;
	struct process live[N_LIVE];
	uint64_t now_ns, serial, n_events, n_told;
	uint32_t next_pid;
	bool state_only;
};

/* ---- templates: an event with a number in its texts that changes from event to event ---- */

static const char mark[] = "00000000";

static void find_marks(struct template *t)
{
	char *at = (char *)t->b.event, *end = at + t->b.event->len;

	while (t->n_digits < 4 && (at = memmem(at, (size_t)(end - at), mark, sizeof(mark) - 1))) {
		t->digits[t->n_digits++] = at;
		at += sizeof(mark) - 1;
	}
}

static void set_marks(struct template *t, uint64_t number)
{
	static const char hex[] = "0123456789abcdef";

	for (unsigned i = 0; i < t->n_digits; i++)
		for (unsigned d = 0; d < 8; d++)
			t->digits[i][d] = hex[number >> (28 - 4 * d) & 15];
}

static void start(struct template *t, unsigned type, const char *comm)
{
	struct sensor_wire *e;

	sensor_wire_builder_init(&t->b, type);
	e = t->b.event;
	e->uid = e->euid = e->fsuid = e->gid = e->egid = 1000;
	e->mnt_ns = 4026531841;
	e->pid_ns = 0xEFFFFFFCu;
	e->user_ns = 0xEFFFFFFDu;
	e->cred = 0x1000;
	e->cgroup = HOST_CGROUP;
	memcpy(e->comm, comm, strlen(comm) + 1);
}

static void put_file(struct template *t)
{
	struct sensor_wire_file f = { .ino = 100, .dev = ROOT_DEV, .mode = S_IFREG | 0755, .nlink = 1,
				      .ctime_ns = UINT64_C(1600000000000000000), .mtime_ns = UINT64_C(1500000000000000000) };

	sensor_wire_put(&t->b, SENSOR_P_FILE, &f, sizeof(f));
}

static void put_who(struct template *t)
{
	struct sensor_wire_task task = { .nsproxy_pidns_start_ns = 1, .mnt_ns = 4026531841, .pid_ns = 0xEFFFFFFCu, .net_ns = 4026531840,
					 .user_ns = 0xEFFFFFFDu, .uts_ns = 4026531838, .ipc_ns = 4026531839, .cgroup_ns = 4026531835 };
	struct sensor_wire_cred cred = { .uid = 1000, .euid = 1000, .suid = 1000, .fsuid = 1000, .gid = 1000, .egid = 1000,
					 .sgid = 1000, .fsgid = 1000, .cap_bounding = ALL_CAPS, .user_ns = 0xEFFFFFFDu };

	sensor_wire_put(&t->b, SENSOR_P_TASK, &task, sizeof(task));
	sensor_wire_put(&t->b, SENSOR_P_CRED, &cred, sizeof(cred));
}

static void make_open(struct template *t, unsigned i)
{
	static const char *const dirs[] = { "/usr/include/x86_64-linux-gnu/bits", "/usr/lib/x86_64-linux-gnu", "/home/deploy/src/build",
					    "/tmp", "/proc/4711/task", "/var/lib/postgresql/15/main/base", "/usr/share/zoneinfo/Europe", "/srv/www/html" };
	char path[256];

	start(t, MODEL_EVT_OPENAT, "cc1");
	snprintf(path, sizeof(path), "%s/file-%u-%s.h", dirs[i % ARRAY_LEN(dirs)], i, mark);
	t->b.event->ret = 3;
	t->b.event->lane = SENSOR_LANE_FILE;
	sensor_wire_put_path(&t->b, SENSOR_P_PATH, path, 0, NULL, 0);
	put_file(t);
	sensor_wire_put_u64(&t->b, SENSOR_P_FLAGS, i % 8 == 2 ? 01101 : 02000000);
	sensor_wire_put_text(&t->b, SENSOR_P_RAW, path);
	find_marks(t);
}

static void make_exec(struct template *t)
{
	static const char argv[] = "/usr/bin/cc1\0-quiet\0-I\0include\0-imultiarch\0x86_64-linux-gnu\0file-00000000.c";
	static const char env[] = "PATH=/usr/local/bin:/usr/bin:/bin\0HOME=/home/deploy\0LANG=C.UTF-8";

	start(t, MODEL_EVT_EXECVE, "cc1");
	sensor_wire_put_path(&t->b, SENSOR_P_PATH, "/usr/bin/cc1", 0, NULL, 0);
	put_file(t);
	sensor_wire_put_text(&t->b, SENSOR_P_FILENAME, "/usr/bin/cc1");
	sensor_wire_put(&t->b, SENSOR_P_ARGV, argv, sizeof(argv));
	sensor_wire_put(&t->b, SENSOR_P_ENVP, env, sizeof(env));
	sensor_wire_put_path(&t->b, SENSOR_P_CWD, "/home/deploy/src/build-00000000", 0, NULL, 0);
	put_who(t);
	sensor_wire_put_u64(&t->b, SENSOR_P_SYSCALL, 59);
	find_marks(t);
}

static void make_fork_exit(struct bench *b)
{
	start(&b->fork, MODEL_EVT_SCHED_FORK, "make");
	sensor_wire_put_u64(&b->fork.b, SENSOR_P_CHILD_PID, 0);
	sensor_wire_put_u64(&b->fork.b, SENSOR_P_CHILD_TID, 0);
	sensor_wire_put_u64(&b->fork.b, SENSOR_P_CHILD_START, 0);
	sensor_wire_put_u64(&b->fork.b, SENSOR_P_FLAGS, 0x1200011);
	put_who(&b->fork);
	sensor_wire_put_u64(&b->fork.b, SENSOR_P_SYSCALL, 56);
	start(&b->exit, MODEL_EVT_PROCEXIT, "cc1");
	b->exit.b.event->flags = SENSOR_WIRE_NO_RET;
	sensor_wire_put_u64(&b->exit.b, SENSOR_P_EXIT_CODE, 0);
}

static void make_connect(struct template *t)
{
	struct sockaddr_in local = { .sin_family = AF_INET, .sin_port = htons(40000), .sin_addr.s_addr = htonl(0x0a000002) };
	struct sockaddr_in remote = { .sin_family = AF_INET, .sin_port = htons(443), .sin_addr.s_addr = htonl(0x0a000003) };
	struct sensor_wire_socket s = { .cookie = 9, .family = AF_INET, .type = 1, .protocol = 6, .netns = 4026531840 };

	start(t, MODEL_EVT_CONNECT, "cc1");
	sensor_wire_put_u64(&t->b, SENSOR_P_FD, 3);
	sensor_wire_put(&t->b, SENSOR_P_SOCKET, &s, sizeof(s));
	sensor_wire_put(&t->b, SENSOR_P_SOCKADDR_LOCAL, &local, sizeof(local));
	sensor_wire_put(&t->b, SENSOR_P_SOCKADDR_REMOTE, &remote, sizeof(remote));
}

static void make_others(struct bench *b)
{
	start(&b->fail, MODEL_EVT_OPENAT, "cc1");
	b->fail.b.event->ret = -2;
	sensor_wire_put_u64(&b->fail.b, SENSOR_P_FLAGS, 02000000);
	sensor_wire_put_text(&b->fail.b, SENSOR_P_RAW, "/usr/local/include/file-00000000.h");
	find_marks(&b->fail);
	start(&b->rename, MODEL_EVT_RENAME, "cc1");
	sensor_wire_put_text(&b->rename.b, SENSOR_P_RAW, "/tmp/a-00000000.o");
	sensor_wire_put_text(&b->rename.b, SENSOR_P_RAW2, "/tmp/b-00000000.o");
	put_file(&b->rename);
	find_marks(&b->rename);
	start(&b->mkdir, MODEL_EVT_CGROUP_MKDIR, "systemd");
	sensor_wire_put_u64(&b->mkdir.b, SENSOR_P_CGROUP_ID, 0);
	sensor_wire_put_text(&b->mkdir.b, SENSOR_P_CGROUP_PATH, "/system.slice/run-00000000.scope");
	find_marks(&b->mkdir);
	start(&b->rmdir, MODEL_EVT_CGROUP_RMDIR, "systemd");
	sensor_wire_put_u64(&b->rmdir.b, SENSOR_P_CGROUP_ID, 0);
	sensor_wire_put_text(&b->rmdir.b, SENSOR_P_CGROUP_PATH, "/system.slice/run-00000000.scope");
	find_marks(&b->rmdir);
	b->mkdir.b.event->flags = b->rmdir.b.event->flags = SENSOR_WIRE_NO_RET;
}

/* ---- acts ---- */

static void set_number(struct template *t, enum sensor_param id, uint64_t value)
{
	struct sensor_wire_view view;
	void *at;

	if (!sensor_wire_decode(t->b.event, t->b.event->len, &view) || !(at = (void *)sensor_wire_struct(&view, id, 8)))
		abort();
	memcpy(at, &value, sizeof(value));
}

static void feed(struct bench *b, struct template *t, const struct process *p)
{
	struct model_record *records[SENSOR_RECORDS_MAX];
	struct sensor_wire *e = t->b.event;

	e->ts_ns = b->now_ns += GAP_NS;
	e->pid = e->tid = p->pid;
	e->start_ns = p->start_ns;
	b->n_events++;
	if (b->state_only)
		agent_stream_apply(b->stream, e, records);
	else
		agent_stream_event(b->stream, e);
}

static struct process *someone(struct bench *b)
{
	return &b->live[1 + b->serial * 2654435761u % (N_LIVE - 1)];
}

static void do_open(struct bench *b)
{
	struct template *t = &b->opens[b->serial++ % N_FILES];

	set_marks(t, b->serial);
	feed(b, t, someone(b));
}

static void do_fail(struct bench *b)
{
	set_marks(&b->fail, b->serial++);
	feed(b, &b->fail, someone(b));
}

static void put_child(struct template *t, const struct process *p)
{
	struct sensor_wire_view view;
	struct sensor_wire_task *task;

	if (!sensor_wire_decode(t->b.event, t->b.event->len, &view))
		abort();
	task = (void *)sensor_wire_struct(&view, SENSOR_P_TASK, sizeof(*task));
	task->start_ns = p->start_ns;
	task->parent_start_ns = p->parent_start_ns;
	task->ppid = p->ppid;
	task->sid = task->pgid = task->vpid = task->vtid = task->vpgid = task->vsid = p->pid;
	task->vppid = p->ppid;
}

/* One of the living ends; another is born and runs a program. Three events. */
static void do_exec(struct bench *b)
{
	struct process *p = someone(b), *parent = &b->live[0];

	b->serial++;
	if (p->pid)
		feed(b, &b->exit, p);
	*p = (struct process){ b->next_pid++, parent->pid, b->now_ns, parent->start_ns };
	if (b->next_pid > 4000000)
		b->next_pid = 1000;
	set_number(&b->fork, SENSOR_P_CHILD_PID, p->pid);
	set_number(&b->fork, SENSOR_P_CHILD_TID, p->pid);
	set_number(&b->fork, SENSOR_P_CHILD_START, p->start_ns);
	put_child(&b->fork, p);
	b->fork.b.event->ret = p->pid;
	feed(b, &b->fork, parent);
	put_child(&b->exec, p);
	set_marks(&b->exec, b->serial);
	feed(b, &b->exec, p);
}

static void do_other(struct bench *b)
{
	uint64_t turn = b->serial++ % 8;

	if (turn == 0) {
		set_number(&b->mkdir, SENSOR_P_CGROUP_ID, 1000 + b->serial);
		set_marks(&b->mkdir, b->serial);
		feed(b, &b->mkdir, &b->live[0]);
		set_number(&b->rmdir, SENSOR_P_CGROUP_ID, 1000 + b->serial);
		set_marks(&b->rmdir, b->serial);
		feed(b, &b->rmdir, &b->live[0]);
	} else if (turn < 4) {
		set_marks(&b->rename, b->serial);
		feed(b, &b->rename, someone(b));
	} else {
		feed(b, &b->connect, someone(b));
	}
}

static void do_mix(struct bench *b)
{
	unsigned turn = b->serial * 40503u % 100;

	if (turn < 90)
		do_open(b);
	else if (turn < 94)
		do_fail(b);
	else if (turn < 96)
		do_exec(b);
	else
		do_other(b);
}

/* ---- running ---- */

static double rss_mib(void)
{
	unsigned long size = 0, resident = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	if (f && fscanf(f, "%lu %lu", &size, &resident) != 2)
		resident = 0;
	if (f)
		fclose(f);
	return (double)resident * (double)sysconf(_SC_PAGESIZE) / (1 << 20);
}

/* What is asked for and not given back: beside what is resident it tells what grows from what lies about in pieces. */
static double allocated_mib(void)
{
	struct mallinfo2 m = mallinfo2();

	return (double)(m.uordblks + m.hblkhd) / (1 << 20);
}

static double cpu_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void tell(const struct detect_finding *finding, void *data)
{
	struct bench *b = data;

	if (getenv("PIPELINE_BENCH_TELL"))
		printf("%s\n", finding->output);
	b->n_told++;
}

static void setup(struct bench *b)
{
	for (unsigned i = 0; i < N_FILES; i++)
		make_open(&b->opens[i], i);
	make_exec(&b->exec);
	make_fork_exit(b);
	make_connect(&b->connect);
	make_others(b);
	b->now_ns = LAG_NS;
	b->next_pid = 1000;
	b->live[0] = (struct process){ 1, 0, 1, 0 };
	while (!b->live[N_LIVE - 1].pid || b->serial < 4 * N_LIVE)
		do_exec(b);
	b->n_events = b->n_told = 0;
}

static void run(struct bench *b, void (*act)(struct bench *b), uint64_t n)
{
	static const unsigned stops[] = { 1, 25, 50, 75, 100 };
	double before = cpu_s(), spent;

	for (size_t i = 0; i < ARRAY_LEN(stops); i++) {
		while (b->n_events < n / 100 * stops[i])
			act(b);
		printf("%3u %%: %" PRIu64 " events, resident %.1f MiB, allocated %.1f MiB\n", stops[i], b->n_events, rss_mib(), allocated_mib());
	}
	spent = cpu_s() - before;
	printf("%.0f ns per event, %.2f million events per second of one core, %" PRIu64 " findings\n", spent / (double)b->n_events * 1e9,
	       (double)b->n_events / spent / 1e6, b->n_told);
}

static int load(char **paths, int n, struct lang_rules **ret_rules)
{
	struct agent_rule_source source = { .paths = (const char *const *)paths, .n_paths = (size_t)n };
	struct err err = { 0 };
	bool faulty = false;
	int r = agent_rules_load(&source, ret_rules, &faulty, &err);

	if (r < 0 || faulty)
		fprintf(stderr, "pipeline_bench: %s\n", r < 0 ? err.input : "the rule files have errors");
	return r < 0 || faulty ? -1 : 0;
}

int main(int argc, char **argv)
{
	static const struct { const char *name; void (*act)(struct bench *b); } loads[] = {
		{ "mix", do_mix }, { "open", do_open }, { "fail", do_fail }, { "exec", do_exec }, { "other", do_other } };
	struct bench *b = mem_alloc(sizeof(*b));
	struct agent_stream_options options = { .tell = tell, .data = b, .detect = { .throttle_per_s = 1, .throttle_burst = 10,
						.min_priority = MODEL_PRIORITY_DEBUG }, .state = { .hostname = "bench" } };
	void (*act)(struct bench *b) = do_mix;
	uint64_t n = 2000000;
	struct lang_rules *rules;
	double before = cpu_s();
	int c;

	mem_large_apart();   /* as parka does */
	while ((c = getopt(argc, argv, "n:w:s")) != -1) {
		if (c == 'n')
			n = strtoull(optarg, NULL, 10);
		else if (c == 's')
			b->state_only = true;
		else if (c == 'w')
			for (size_t i = 0; i < ARRAY_LEN(loads); i++)
				act = strcmp(loads[i].name, optarg) == 0 ? loads[i].act : act;
		else
			return 2;
	}
	if (load(argv + optind, argc - optind, &rules) < 0)
		return 1;
	printf("rules loaded in %.3f CPU s, resident %.1f MiB\n", cpu_s() - before, rss_mib());
	b->stream = agent_stream_new(&options, rules);
	setup(b);
	run(b, act, n);
	agent_stream_free(b->stream);
	free(b);
	return 0;
}
