/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef PARKA_SENSOR_BPF_FEXIT_H
#define PARKA_SENSOR_BPF_FEXIT_H
/*
 * The return of the functions that implement system calls (fexit): nothing is hooked but the calls that are asked for,
 * and all other calls keep the kernel's fast path.
 *
 *   __x64_sys_NAME, __ia32_sys_NAME ... --a stub of five instructions each, made by sensor/fexit.c--tail call--> on_return_N
 *   ia32_sys_call (where there is one)  --all 32-bit calls at once--> on_return_ia32
 *   __secure_computing                  --calls that seccomp refused: the others are not reached--> on_denied
 *
 * on_return_N are the same program: a kernel since 6.12 (28ead3eaabc1, "bpf: Prevent tail call between progs attached to
 * different hooks", also in older stable kernels) lets programs of one prototype only call each other, names of parameters
 * included.
 */
#include "call.bpf.h"

static __always_inline __u32 index_of(struct task_struct *task, __u64 nr)
{
	nr &= ~(__u64)X32_BIT;
	if (nr >= SENSOR_ROW_CALLS)
		return ~0U;   /* has no row */
	return nr + (is_compat(task) ? SENSOR_ROW_CALLS : 0);
}

#define ON_RETURN(n) \
	SEC("fexit") int on_return_##n(unsigned long long *ctx) \
	{ \
		struct task_struct *task = current_task(); \
		/* Not from the argument: a weak definition's may be a pointer to a type that is only declared. */ \
		return dispatch(index_of(task, PEEK(saved_regs(task), orig_ax)), ctx[1]); \
	}

ON_RETURN(0)
ON_RETURN(1)
ON_RETURN(2)

/* long ia32_sys_call(const struct pt_regs *regs, unsigned int nr) */
SEC("fexit/ia32_sys_call")
int on_return_ia32(unsigned long long *ctx)
{
	__u32 nr = ctx[1];

	if (!is_asked(nr, SENSOR_CALL_IA32))
		return 0;
	return dispatch((nr & (SENSOR_ROW_CALLS - 1)) + SENSOR_ROW_CALLS, ctx[2]);
}

/*
 * int __secure_computing(const struct seccomp_data *sd); since 6.16 without the argument (config.seccomp_result). Not 0: the
 * call is not made, and what it returns stands in the saved registers already. A trap (SECCOMP_RET_TRAP) puts the number of
 * the call there: no result.
 */
SEC("fexit/__secure_computing")
int on_denied(unsigned long long *ctx)
{
	struct task_struct *task;
	__s32 denied;
	__u64 nr;
	__s64 ret;

	if (config.seccomp_result) {
		denied = ctx[1];
		asm volatile("" : "+r"(denied));   /* or the compiler makes one load at a variable offset */
	} else {
		denied = ctx[0];
	}
	if (!denied)
		return 0;
	task = current_task();
	nr = PEEK(saved_regs(task), orig_ax);
	ret = PEEK(saved_regs(task), ax);
	if (ret == (__s64)nr || !is_asked(nr, is_compat(task) ? SENSOR_CALL_DENIED_32 : SENSOR_CALL_DENIED_64))
		return 0;
	return dispatch(index_of(task, nr), ret);
}

#endif
