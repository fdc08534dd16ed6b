/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef PARKA_SENSOR_BPF_CALL_H
#define PARKA_SENSOR_BPF_CALL_H
/*
 * System calls at their exit. The arguments are in the registers that the kernel saved at the entry, at the top
 * of the task's kernel stack; where exactly is measured by user space at start (calibrate), because it depends
 * on the configuration (stack size, FRED).
 */
#include "task.bpf.h"

#define TS_COMPAT 0x0002         /* arch/x86/include/asm/thread_info.h: 32-bit system call active */
#define X32_BIT 0x40000000

/* Whether the event may satisfy what rules demand (filter.bpf.h, filter_net.bpf.h); 0: it was dropped and counted. Of opens: how many
 * equal ones it stands for (fold.bpf.h). */
int filter_open(__u32 index, __s64 ret);
int filter_call(__u32 index, __s64 ret);
int filter_net(__u32 index, __s64 ret, __u32 given);

struct exit_context { __u64 common; __s32 nr; __u32 pad; __s64 ret; };   /* events/syscalls/sys_exit_*\/format */

static __always_inline bool is_compat(struct task_struct *task)
{
	return PEEK(AT(task_struct, task), thread_info.status) & TS_COMPAT;
}

static __always_inline struct pt_regs *saved_regs(struct task_struct *task)
{
	return AT(pt_regs, (unsigned long)PEEK(AT(task_struct, task), stack) + control.regs_offset);
}

static __always_inline __u64 call_number(struct task_struct *task)
{
	return PEEK(saved_regs(task), orig_ax) & ~(__u64)X32_BIT;
}

static __always_inline __u64 call_arg(struct task_struct *task, __u32 n)
{
	struct pt_regs *regs = saved_regs(task);

	if (is_compat(task))
		return (__u32)(n == 0 ? PEEK(regs, bx) : n == 1 ? PEEK(regs, cx) :
			       n == 2 ? PEEK(regs, dx) : n == 3 ? PEEK(regs, si) :
			       n == 4 ? PEEK(regs, di) : PEEK(regs, bp));
	return n == 0 ? PEEK(regs, di) : n == 1 ? PEEK(regs, si) :
	       n == 2 ? PEEK(regs, dx) : n == 3 ? PEEK(regs, r10) :
	       n == 4 ? PEEK(regs, r8) : PEEK(regs, r9);
}

static __always_inline bool is_exec_call(__u64 nr, struct task_struct *task)
{
	return is_compat(task) ? nr == 11 || nr == 358 : nr == 59 || nr == 322;
}

/* Whether call `nr` is to be told by what `bit` stands for (enum sensor_call_bits). */
static __always_inline bool is_asked(__u64 nr, __u8 bit)
{
	nr &= ~(__u64)X32_BIT;
	if (nr >= SENSOR_ROW_CALLS)
		return false;
	asm volatile("" : "+r"(nr));   /* or the compiler forgets for the verifier what it checked */
	return calls[nr & (SENSOR_ROW_CALLS - 1)] & bit;
}

static __always_inline struct sensor_row *row_of(__u32 index)
{
	return bpf_map_lookup_elem(&rows, &index);
}

static __always_inline void fill_args(struct slot *s, struct task_struct *task)
{
	struct pt_regs *regs = saved_regs(task);

	block_read(s, regs, REGS_BYTES);
	if (is_compat(task)) {
		s->flags |= SENSOR_WIRE_COMPAT;
		s->args[0] = MEMBER(s, regs, __u32, bx);
		s->args[1] = MEMBER(s, regs, __u32, cx);
		s->args[2] = MEMBER(s, regs, __u32, dx);
		s->args[3] = MEMBER(s, regs, __u32, si);
		s->args[4] = MEMBER(s, regs, __u32, di);
		s->args[5] = MEMBER(s, regs, __u32, bp);
		return;
	}
	s->args[0] = MEMBER(s, regs, __u64, di);
	s->args[1] = MEMBER(s, regs, __u64, si);
	s->args[2] = MEMBER(s, regs, __u64, dx);
	s->args[3] = MEMBER(s, regs, __u64, r10);
	s->args[4] = MEMBER(s, regs, __u64, r8);
	s->args[5] = MEMBER(s, regs, __u64, r9);
}

/* Begin the event of the call that row `index` describes, its arguments in the slot. The handle, or 0. */
__noinline __u64 begin_call(__u32 index)
{
	struct task_struct *task = current_task();
	struct sensor_row *row = row_of(index);
	struct slot *s;
	__u64 h;

	if (!row)
		return 0;
	h = begin(row->type, row->lane);
	s = slot_of(h);
	if (!h || !s)
		return 0;
	s->rare = !!(row->flags & SENSOR_ROW_RARE);
	s->variant = row->variant;
	s->dirfd = -100;
	s->dir_id = SENSOR_P_DIRFD;
	fill_args(s, task);
	return h;
}

/* RAW, and where it is relative to when it is not absolute. */
static __always_inline void put_raw(__u64 h, struct slot *s, __u16 id, __u64 user_text, __s64 dirfd, __u16 dir_id)
{
	s->text_first = 0;
	if (put_text(s, id, (const void *)user_text, 4096, true) < 0 || s->text_first != '/')
		put_dir(h, (__s32)dirfd, dir_id);
}

/* ---- open ---- */

/* RAW, FLAGS, MODE of the open family. */
static __always_inline void put_open_args(__u64 h, struct slot *s, __u8 variant)
{
	__u64 a0 = s->args[0], a1 = s->args[1], a2 = s->args[2];
	struct open_how how = {};
	__s64 dirfd = -100;
	__u64 raw = a0;

	if (variant == SENSOR_OPEN_OPENAT) {
		dirfd = a0;
		raw = a1;
		how.flags = (__u32)a2;
		how.mode = (__u16)s->args[3];
	} else if (variant == SENSOR_OPEN_OPEN) {
		how.flags = (__u32)a1;
		how.mode = (__u16)a2;
	} else if (variant == SENSOR_OPEN_CREAT) {
		how.flags = 01 | 0100 | 01000;   /* O_WRONLY | O_CREAT | O_TRUNC */
		how.mode = (__u16)a1;
	} else if (variant == SENSOR_OPEN_OPENAT2) {
		dirfd = a0;
		raw = a1;
		bpf_probe_read_user(&how, 24, (void *)a2);
	} else {   /* open_by_handle_at: no path, a mount descriptor */
		dirfd = a0;
		raw = 0;
		how.flags = (__u32)a2;
	}
	put_u64(s, SENSOR_P_FLAGS, how.flags);
	if (how.flags & (0100 | 020000000))   /* O_CREAT, __O_TMPFILE */
		put_u64(s, SENSOR_P_MODE, how.mode);
	if (how.resolve)
		put_u64(s, SENSOR_P_ARG2, how.resolve);
	if (raw)
		put_raw(h, s, SENSOR_P_RAW, raw, dirfd, SENSOR_P_DIRFD);
	else if (variant == SENSOR_OPEN_HANDLE)
		put_dir(h, (__s32)dirfd, SENSOR_P_DIRFD);
}

__noinline int do_open(__u32 index, __s64 ret)
{
	struct slot *s;
	struct file *file;
	__u64 h;
	int n;

	n = filter_open(index, ret);
	if (!n)
		return 0;
	h = begin_call(index);
	s = slot_of(h);
	if (!h || !s)
		return 0;
	((struct sensor_wire *)s->buf)->count = n;
	if (ret >= 0) {
		file = file_of_fd(current_task(), ret);
		if (file)
			put_open_file(h, s, file, SENSOR_P_PATH, PEEK(AT(file, file), f_mode) & FMODE_CREATED_BIT ? SENSOR_FILE_CREATED : 0);
		else
			s->flags |= SENSOR_WIRE_UNRESOLVED;
	}
	put_open_args(h, s, s->variant);
	end(h, ret);
	return 0;
}

/* ---- failed exec ---- */

__noinline int do_exec(__u32 index, __s64 ret)
{
	struct slot *s;
	__u64 h;

	if (ret >= 0 || !filter_call(index, ret))   /* the exec program reported it */
		return 0;
	h = begin_call(index);
	s = slot_of(h);
	if (!h || !s)
		return 0;
	if (s->variant == SENSOR_EXEC_VEAT) {
		put_raw(h, s, SENSOR_P_RAW, s->args[1], s->args[0], SENSOR_P_DIRFD);
		put_u64(s, SENSOR_P_FLAGS, (__u32)s->args[4]);
	} else {
		put_raw(h, s, SENSOR_P_RAW, s->args[0], -100, SENSOR_P_DIRFD);
	}
	put_u64(s, SENSOR_P_SYSCALL, call_number(current_task()));
	end(h, ret);
	return 0;
}

#endif
