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
#include "bare.h"

#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
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

static int attach_all(const struct setup *setup)
{
	for (size_t i = 0; i < HOOKS_MAX && setup->hooks[i].name; i++) {
		const struct hook *hook = &setup->hooks[i];
		int r = hook->type == BPF_PROG_TYPE_TRACING ? bare_attach_btf(hook->name) : bare_attach_call(hook->name);
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
