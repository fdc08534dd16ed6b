/* SPDX-License-Identifier: Apache-2.0 */
#include "bare.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

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
int bare_attach_call(const char *name)
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
	return event;
}

int bare_attach_btf(const char *name)
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
