/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef PARKA_SENSOR_BPF_LIFECYCLE_H
#define PARKA_SENSOR_BPF_LIFECYCLE_H
/* Tasks begin, become programs, are renamed, end. */
#include "call.bpf.h"

enum { ARGV_BYTES = 8192, ENVP_BYTES = 4096, SIGNAL_GROUP_EXIT_BIT = 4 };

static __always_inline __u64 clone_flags(struct task_struct *task, __u64 nr)
{
	__u64 first = call_arg(task, 0), flags = 0;

	if (is_compat(task))
		return nr == 120 ? (__u32)first : 0;   /* clone in the 32-bit table */
	if (nr == 56)
		return first;
	if (nr == 58)
		return 0x4100;   /* vfork: CLONE_VFORK | CLONE_VM */
	if (nr == 435)
		bpf_probe_read_user(&flags, sizeof(flags), (void *)first);
	return flags;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *new_task)
{
	__u64 child_address = raw_arg(ctx, 1);
	struct task_struct *task = current_task(), *child = AT(task_struct, child_address);
	bool is_thread = PEEK(child, tgid) == (int)(bpf_get_current_pid_tgid() >> 32);
	__u64 h = begin(MODEL_EVT_SCHED_FORK, SENSOR_LANE_LIFECYCLE);
	struct slot *s = slot_of(h);
	__u64 nr;

	filter_fork(child_address);
	if (!h || !s)
		return 0;
	s->flags = SENSOR_WIRE_NO_RET | (is_compat(task) ? SENSOR_WIRE_COMPAT : 0);
	creds_note(AT(task_struct, child));   /* the ledger knows them from this event */
	nr = call_number(task);
	put_u64(s, SENSOR_P_CHILD_PID, (__u32)PEEK(child, tgid));
	put_u64(s, SENSOR_P_CHILD_TID, (__u32)PEEK(child, pid));
	put_u64(s, SENSOR_P_CHILD_START, PEEK(child, group_leader, start_boottime));
	put_u64(s, SENSOR_P_FLAGS, clone_flags(task, nr));
	put_u64(s, SENSOR_P_SYSCALL, nr);
	if (!is_thread) {
		put_task(h, child_address);
		put_cred(h, number_of(s, PEEK(child, cred)), SENSOR_P_CRED);
	}
	end(h, 0);
	return 0;
}

static __always_inline void put_program_text(struct slot *s, struct task_struct *task)
{
	struct mm_struct *mm = PEEK(task, mm);
	unsigned long start = PEEK(mm, arg_start), stop = PEEK(mm, arg_end);

	if (stop > start)
		put_user_bytes(s, SENSOR_P_ARGV, (void *)start, stop - start, ARGV_BYTES);
	start = PEEK(mm, env_start);
	stop = PEEK(mm, env_end);
	if (stop > start)
		put_user_bytes(s, SENSOR_P_ENVP, (void *)start, stop - start, ENVP_BYTES);
}

/* Which call it was: the saved number says execve in any case (set_personality_64bit() writes it). A path relative
 * to a descriptor has a text of its own, made by the kernel: only execveat can give one. */
static __always_inline bool is_execveat(struct linux_binprm *bprm)
{
	if (bpf_core_field_exists(bprm->fdpath))
		return PEEK(bprm, fdpath) != NULL;
	return false;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *self, int old_pid, struct linux_binprm *program)
{
	struct linux_binprm *bprm = AT(linux_binprm, raw_arg(ctx, 2));
	__u64 address = (__u64)current_task();
	struct task_struct *task = AT(task_struct, address);
	bool compat = is_compat(task), execveat = is_execveat(bprm);
	__u64 nr = compat ? (execveat ? 358 : 11) : execveat ? 322 : 59, h;
	struct slot *s;

	filter_exec();
	h = begin(execveat ? MODEL_EVT_EXECVEAT : MODEL_EVT_EXECVE, SENSOR_LANE_LIFECYCLE);
	s = slot_of(h);
	if (!h || !s)
		return 0;
	/* EI_CLASS of the ELF header: a 32-bit program will make 32-bit calls. */
	s->flags = compat || PEEK(bprm, buf[4]) == 1 ? SENSOR_WIRE_COMPAT : 0;
	put_open_file(h, s, PEEK(task, mm, exe_file), SENSOR_P_PATH,
		      BPF_CORE_READ_BITFIELD_PROBED(bprm, secureexec) ? SENSOR_FILE_CAPS : 0);
	put_text(s, SENSOR_P_FILENAME, PEEK(bprm, filename), 4096, false);
	put_text(s, SENSOR_P_INTERP, PEEK(bprm, interp), 4096, false);
	put_dir(h, -100, SENSOR_P_DIRFD);
	put_u64(s, SENSOR_P_SYSCALL, nr);
	put_stdio(h, address);
	put_task(h, address);
	put_cred(h, number_of(s, PEEK(task, cred)), SENSOR_P_CRED);
	put_program_text(s, task);
	end(h, 0);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *self)
{
	struct task_struct *task = AT(task_struct, current_task());
	__u64 h = begin(MODEL_EVT_PROCEXIT, SENSOR_LANE_LIFECYCLE);
	struct signal_struct *signal = PEEK(task, signal);
	struct slot *s = slot_of(h);

	filter_exit();
	if (!h || !s)
		return 0;
	s->flags = SENSOR_WIRE_NO_RET;
	if (!PEEK(signal, live.counter))
		put_u64(s, SENSOR_P_EXIT_CODE, PEEK(signal, flags) & SIGNAL_GROUP_EXIT_BIT
				? (__u32)PEEK(signal, group_exit_code) : (__u32)PEEK(task, exit_code));
	end(h, 0);
	return 0;
}

SEC("tp_btf/task_rename")
int BPF_PROG(on_rename, struct task_struct *task, const char *name)
{
	__u64 address = raw_arg(ctx, 0), h;
	struct slot *s;

	/* Exec renames its own task, and says so itself. The others: prctl, and a write to /proc/PID/task/TID/comm of the same process,
	 * which another thread may do; the kernel names its threads. The event is the renamed task's. */
	if (address == (__u64)current_task() && is_exec_call(call_number(current_task()), current_task()))
		return 0;
	filter_rename(address);
	h = begin_task(address, MODEL_EVT_TASK_RENAME, SENSOR_LANE_LIFECYCLE);
	s = slot_of(h);
	if (!h || !s)
		return 0;
	s->flags = SENSOR_WIRE_NO_RET;
	put_text(s, SENSOR_P_NAME, name, 16, false);
	end(h, 0);
	return 0;
}

#endif
