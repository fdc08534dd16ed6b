/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * The kernel half of the sensor: one object, made of one header per family of events.
 *
 *   begin.bpf.h      maps; an event is begun, filled with parameters, sent
 *   path.bpf.h       paths and files          task.bpf.h   tasks, credentials, namespaces
 *   names.bpf.h      what the security hooks know of names
 *   call.bpf.h       system calls: arguments, open, exec
 *   filter.bpf.h     whether an event may concern any rule   filter_net.bpf.h  of sockets   filter_life.bpf.h  what it knows
 *   memo.bpf.h       what the filter said of a path
 *   fold.bpf.h       repeats of opens that no rule can tell apart
 *   net.bpf.h        sockets                  generic.bpf.h  calls that are told by their arguments
 *   memory.bpf.h     what memory was before its protection changes
 *   lifecycle.bpf.h  fork, exec, exit, rename
 *   kernel.bpf.h     control groups, memory kills, modules   uring.bpf.h   io_uring
 *   seed.bpf.h       the tasks that live now                fexit.bpf.h   returns of the functions of calls
 */
#include "begin.bpf.h"
#include "path.bpf.h"
#include "task.bpf.h"
#include "call.bpf.h"
#include "names.bpf.h"
#include "net.bpf.h"
#include "filter.bpf.h"
#include "fold.bpf.h"
#include "filter_net.bpf.h"
#include "generic.bpf.h"
#include "filter_life.bpf.h"
#include "lifecycle.bpf.h"
#include "kernel.bpf.h"
#include "uring.bpf.h"
#include "seed.bpf.h"

SEC("tracepoint/exit_open")
int exit_open(struct exit_context *ctx)
{
	return is_asked(ctx->nr, SENSOR_CALL_OWN) ? do_open(ctx->nr, ctx->ret) : 0;
}

SEC("tracepoint/exit_exec")
int exit_exec(struct exit_context *ctx)
{
	return is_asked(ctx->nr, SENSOR_CALL_OWN) ? do_exec(ctx->nr, ctx->ret) : 0;
}

SEC("tracepoint/exit_net")
int exit_net(struct exit_context *ctx)
{
	return is_asked(ctx->nr, SENSOR_CALL_OWN) ? do_net(ctx->nr, ctx->ret) : 0;
}

SEC("tracepoint/exit_send")
int exit_send(struct exit_context *ctx)
{
	return is_asked(ctx->nr, SENSOR_CALL_OWN) ? do_send(ctx->nr, ctx->ret) : 0;
}

SEC("tracepoint/exit_call")
int exit_call(struct exit_context *ctx)
{
	return is_asked(ctx->nr, SENSOR_CALL_OWN) ? do_call(ctx->nr, ctx->ret) : 0;
}

/* Where the saved registers lie above task->stack: told by the one hook that is given their address. */
SEC("tp_btf/sys_exit")
int BPF_PROG(calibrate, struct pt_regs *regs, long ret)
{
	if (bpf_get_current_pid_tgid() >> 32 == control.calibrate_pid)
		control.regs_offset = raw_arg(ctx, 0) - (__u64)BPF_CORE_READ(current_task(), stack);
	return 0;
}

/* What is done at the exit of the call that row `index` describes. */
static __always_inline int dispatch(__u32 index, __s64 ret)
{
	struct sensor_row *row = row_of(index);

	if (!row)
		return 0;
	switch (row->family) {
	case SENSOR_FAMILY_OPEN: return do_open(index, ret);
	case SENSOR_FAMILY_EXEC: return do_exec(index, ret);
	case SENSOR_FAMILY_NET: return do_net(index, ret);
	case SENSOR_FAMILY_SEND: return do_send(index, ret);
	case SENSOR_FAMILY_CALL: return do_call(index, ret);
	}
	return 0;
}

/* Every system call's exit. The way of a call that nobody wants is kept as short as can be: two loads and a
 * branch, no helper. */
SEC("tp_btf/sys_exit")
int BPF_PROG(exit_raw, struct pt_regs *regs, long ret)
{
	__u64 nr = regs->orig_ax;
	__u32 index = (__u32)nr & ~X32_BIT;
	bool compat;
	__u8 who;

	if (index >= SENSOR_ROW_CALLS)
		return 0;
	asm volatile("" : "+r"(index));   /* or the compiler forgets for the verifier what it checked */
	who = calls[index & (SENSOR_ROW_CALLS - 1)];
	if (!who)
		return 0;
	compat = is_compat(current_task());
	if (!(who & (compat ? SENSOR_CALL_32 : nr & X32_BIT ? SENSOR_CALL_X32 : SENSOR_CALL_64)))
		return 0;
	return dispatch(index + (compat ? SENSOR_ROW_CALLS : 0), ret);
}

#include "fexit.bpf.h"
