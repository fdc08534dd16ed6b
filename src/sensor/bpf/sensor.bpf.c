/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * The kernel half of the sensor: one object, made of one header per family of events.
 *
 *   begin.bpf.h      maps; an event is begun, filled with parameters, sent
 *   path.bpf.h       paths and files          task.bpf.h   tasks, credentials, namespaces
 *   call.bpf.h       system calls: arguments, open, exec
 *   net.bpf.h        sockets                  lifecycle.bpf.h   fork, exec, exit, rename
 *   seed.bpf.h       the tasks that live now
 */
#include "begin.bpf.h"
#include "path.bpf.h"
#include "task.bpf.h"
#include "call.bpf.h"
#include "net.bpf.h"
#include "lifecycle.bpf.h"
#include "seed.bpf.h"

SEC("tracepoint/exit_open")
int exit_open(struct exit_context *ctx)
{
	return do_open(ctx->nr, ctx->ret);
}

SEC("tracepoint/exit_exec")
int exit_exec(struct exit_context *ctx)
{
	return do_exec(ctx->nr, ctx->ret);
}

SEC("tracepoint/exit_net")
int exit_net(struct exit_context *ctx)
{
	return do_net(ctx->nr, ctx->ret);
}

/* Where the saved registers lie above task->stack: told by the one hook that is given their address. */
SEC("tp_btf/sys_exit")
int BPF_PROG(calibrate, struct pt_regs *regs, long ret)
{
	if (bpf_get_current_pid_tgid() >> 32 == control.calibrate_pid)
		control.regs_offset = raw_arg(ctx, 0) - (__u64)BPF_CORE_READ(current_task(), stack);
	return 0;
}

/* Every system call's exit: 32-bit and x32 calls, which tracepoints per call do not show, and all calls where
 * those tracepoints do not exist. */
SEC("tp_btf/sys_exit")
int BPF_PROG(exit_raw, struct pt_regs *regs, long ret)
{
	struct task_struct *task = current_task();
	__u64 nr = BPF_CORE_READ(saved_regs(task), orig_ax);
	bool compat = is_compat(task);
	struct sensor_row *row;
	__u32 index;

	if (!compat && !(nr & X32_BIT) && !config.raw_only)
		return 0;
	index = nr & ~(__u64)X32_BIT;
	if (index >= SENSOR_ROW_CALLS)
		return 0;
	index += compat ? SENSOR_ROW_CALLS : 0;
	row = row_of(index);
	if (!row || !row->type || !is_wanted(row->type))
		return 0;
	switch (row->family) {
	case SENSOR_FAMILY_OPEN: return do_open(index, ret);
	case SENSOR_FAMILY_EXEC: return do_exec(index, ret);
	case SENSOR_FAMILY_NET: return do_net(index, ret);
	}
	return 0;
}
