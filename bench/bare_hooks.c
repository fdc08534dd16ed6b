/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bare_hooks SETUP: empty programs on hooks, for as long as standard input is open. They bound from below what any
 * program there can cost: bench/agent.py --bounds runs its loads beside each setup.
 *
 *     bare_hooks unrelated     tracepoint syscalls/sys_exit_mount: a call that no load makes
 *     bare_hooks calls         tracepoints of the calls that are asked about (openat, socket, connect; close and the rest
 *                              untouched), BTF tracepoints of fork, exec and exit
 *     bare_hooks exit          BTF tracepoint sys_exit: a program on the exit of every call
 *     bare_hooks enter-exit    BTF tracepoints sys_enter and sys_exit
 *
 * Prints "ready" when all are attached. Needs root, BTF and tracefs. Exit status 2: wrong usage, 3: could not attach.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { HOOKS_MAX = 8 };

struct hook { enum bpf_prog_type type; const char *name; };
static const struct setup { const char *name; struct hook hooks[HOOKS_MAX]; } setups[] = {
	{ "unrelated", { { BPF_PROG_TYPE_TRACEPOINT, "sys_exit_mount" } } },
	{ "calls", { { BPF_PROG_TYPE_TRACEPOINT, "sys_exit_openat" }, { BPF_PROG_TYPE_TRACEPOINT, "sys_exit_socket" },
		     { BPF_PROG_TYPE_TRACEPOINT, "sys_exit_connect" }, { BPF_PROG_TYPE_TRACING, "sched_process_fork" },
		     { BPF_PROG_TYPE_TRACING, "sched_process_exec" }, { BPF_PROG_TYPE_TRACING, "sched_process_exit" } } },
	{ "exit", { { BPF_PROG_TYPE_TRACING, "sys_exit" } } },
	{ "enter-exit", { { BPF_PROG_TYPE_TRACING, "sys_enter" }, { BPF_PROG_TYPE_TRACING, "sys_exit" } } },
};

/* r0 = 0; exit */
static const struct bpf_insn nothing[] = {
	{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0 },
	{ .code = BPF_JMP | BPF_EXIT },
};

static int tracepoint_id(const char *name)
{
	static const char *const roots[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };
	char path[128];
	int id = -ENOENT;

	for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]) && id < 0; i++) {
		FILE *file;
		snprintf(path, sizeof(path), "%s/events/syscalls/%s/id", roots[i], name);
		file = fopen(path, "re");
		if (!file)
			continue;
		if (fscanf(file, "%d", &id) != 1)
			id = -EINVAL;
		fclose(file);
	}
	return id;
}

/* One event, on CPU 0, is enough: the program hangs on the tracepoint and runs wherever that fires. */
static int attach_tracepoint(const char *name)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_TRACEPOINT, .size = sizeof(attr) };
	int id = tracepoint_id(name), prog, event;

	if (id < 0)
		return id;
	attr.config = (unsigned)id;
	prog = bpf_prog_load(BPF_PROG_TYPE_TRACEPOINT, "bare", "GPL", nothing, sizeof(nothing) / sizeof(nothing[0]), NULL);
	if (prog < 0)
		return prog;
	event = (int)syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	if (event < 0 || ioctl(event, PERF_EVENT_IOC_SET_BPF, prog) < 0 || ioctl(event, PERF_EVENT_IOC_ENABLE, 0) < 0)
		return -errno;
	return 0;
}

static int attach_btf(const char *name)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_TRACE_RAW_TP);
	int prog, id = libbpf_find_vmlinux_btf_id(name, BPF_TRACE_RAW_TP);

	if (id < 0)
		return id;
	opts.attach_btf_id = (unsigned)id;
	prog = bpf_prog_load(BPF_PROG_TYPE_TRACING, "bare", "GPL", nothing, sizeof(nothing) / sizeof(nothing[0]), &opts);
	if (prog < 0)
		return prog;
	return bpf_raw_tracepoint_open(NULL, prog);
}

static int attach_all(const struct setup *setup)
{
	for (size_t i = 0; i < HOOKS_MAX && setup->hooks[i].name; i++) {
		const struct hook *hook = &setup->hooks[i];
		int r = hook->type == BPF_PROG_TYPE_TRACING ? attach_btf(hook->name) : attach_tracepoint(hook->name);
		if (r < 0) {
			fprintf(stderr, "bare_hooks: attaching to %s: %s\n", hook->name, strerror(-r));
			return r;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	char byte;

	for (size_t i = 0; argc == 2 && i < sizeof(setups) / sizeof(setups[0]); i++) {
		if (strcmp(setups[i].name, argv[1]) != 0)
			continue;
		if (attach_all(&setups[i]) < 0)
			return 3;
		printf("ready\n");
		fflush(stdout);
		while (read(STDIN_FILENO, &byte, 1) > 0)
			;
		return 0;
	}
	fprintf(stderr, "usage: bare_hooks unrelated|calls|exit|enter-exit\n");
	return 2;
}
