/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef PARKA_SENSOR_BPF_GENERIC_H
#define PARKA_SENSOR_BPF_GENERIC_H
/* System calls whose event is their arguments, as their row in the table says. */
#include "names.bpf.h"
#include "net.bpf.h"
#include "memory.bpf.h"

static __always_inline bool prctl_is_worth(__u32 option)
{
	return option == 4 ||    /* PR_SET_DUMPABLE */
	       option == 8 ||    /* PR_SET_KEEPCAPS */
	       option == 15 ||   /* PR_SET_NAME */
	       option == 22 ||   /* PR_SET_SECCOMP */
	       option == 24 ||   /* PR_CAPBSET_DROP */
	       option == 28 ||   /* PR_SET_SECUREBITS */
	       option == 35 ||   /* PR_SET_MM */
	       option == 38 ||   /* PR_SET_NO_NEW_PRIVS */
	       option == 47 ||   /* PR_CAP_AMBIENT */
	       option == 0x59616d61;   /* PR_SET_PTRACER */
}

/* What brings code or data into the kernel or takes it out; not the map traffic of every BPF program. */
static __always_inline bool bpf_is_worth(__u32 command)
{
	return command == 0 ||   /* MAP_CREATE */
	       (command >= 5 && command <= 9) ||   /* PROG_LOAD, OBJ_PIN, OBJ_GET, PROG_ATTACH, PROG_DETACH */
	       command == 13 || command == 14 ||   /* PROG_GET_FD_BY_ID, MAP_GET_FD_BY_ID */
	       command == 17 ||  /* RAW_TRACEPOINT_OPEN */
	       (command >= 28 && command <= 30) || /* LINK_CREATE, LINK_UPDATE, LINK_GET_FD_BY_ID */
	       command == 34 || command == 36;     /* LINK_DETACH, TOKEN_CREATE */
}

static __always_inline bool ptrace_is_worth(__u32 request)
{
	return request == 0 ||   /* TRACEME */
	       (request >= 4 && request <= 6) ||   /* POKETEXT, POKEDATA, POKEUSR */
	       request == 13 || request == 15 || request == 16 ||   /* SETREGS, SETFPREGS, ATTACH */
	       request == 0x4200 || request == 0x4205 || request == 0x4206;   /* SETOPTIONS, SETREGSET, SEIZE */
}

/* Signals to another process; 0 only asks whether it is there. */
static __always_inline bool kill_is_worth(struct task_struct *task, __u32 signal_at)
{
	__s32 pid = (__s32)call_arg(task, 0);
	struct task_struct *target;

	if (!(__u32)call_arg(task, signal_at) || !pid)
		return false;
	if (pid < 0)
		return true;
	target = (struct task_struct *)task_by_number(pid);
	return !target || BPF_CORE_READ(target, tgid) != BPF_CORE_READ(task, tgid);
}

static __always_inline bool socket_is_worth(__u32 domain, __u32 type)
{
	if (domain == AF_UNIX)
		return false;
	return (domain != AF_INET && domain != AF_INET6) || (type & 0xf) == 3;   /* SOCK_RAW */
}

static __always_inline bool call_is_worth(struct sensor_row *row, struct task_struct *task, __s64 ret)
{
	__u32 a0 = call_arg(task, 0), a1 = call_arg(task, 1), a2 = call_arg(task, 2);

	switch (row->filter) {
	case SENSOR_FILTER_SUCCESS: return ret >= 0;
	case SENSOR_FILTER_PRCTL: return prctl_is_worth(a0);
	case SENSOR_FILTER_KILL: return kill_is_worth(task, row->variant);
	case SENSOR_FILTER_BPF: return bpf_is_worth(a0);
	case SENSOR_FILTER_SOCKET: return socket_is_worth(a0, a1);
	case SENSOR_FILTER_MPROTECT: return a2 & 4;               /* PROT_EXEC */
	case SENSOR_FILTER_MMAP: return (a2 & 6) == 6;            /* PROT_WRITE | PROT_EXEC */
	case SENSOR_FILTER_DUP: return ret >= 0 && ret <= 2;
	case SENSOR_FILTER_FCNTL: return ret >= 0 && ret <= 2 && (a1 == 0 || a1 == 1030);   /* F_DUPFD, F_DUPFD_CLOEXEC */
	case SENSOR_FILTER_PTRACE: return ptrace_is_worth(a0);
	}
	return true;
}

static __always_inline struct task_struct *task_of_pidfd(__s32 fd)
{
	struct file *file = file_of_fd(current_task(), fd);
	void *pid = BPF_CORE_READ(file, private_data);

	/* The inode's since cb12fd8e0dab ("pidfd: add pidfs", 6.9), the file's before. */
	if (BPF_CORE_READ(file, f_inode, i_sb, s_magic) == MAGIC_PIDFS)
		pid = BPF_CORE_READ(file, f_inode, i_private);
	return task_of_pid(pid);
}

static __always_inline void put_fd(__u64 h, struct slot *s, __u32 id, __s32 fd)
{
	struct file *file = file_of_fd(current_task(), fd);

	put_u64(s, id, (__s64)fd);
	if (!file)
		return;
	if (sock_of_file(file))
		put_socket(h, (__u64)file, 0);
	else
		put_open_file(h, s, file, SENSOR_P_PATH, 0);
}

static __always_inline void put_path_arg(__u64 h, struct slot *s, __u16 id, __u64 value)
{
	s->dir_id = id == SENSOR_P_RAW ? SENSOR_P_DIRFD : SENSOR_P_DIRFD2;
	put_raw(h, s, id, value, s->dirfd, s->dir_id);
	s->dirfd = -100;
}

/* One argument of the call: the `i`th of its row. */
__noinline int put_arg(__u64 h, __u32 index, __u32 i, __s64 ret)
{
	struct sensor_row *row = row_of(index);
	struct slot *s = slot_of(h);
	__u64 value, number = 0;
	__u16 id;

	if (!row || !s || i >= SENSOR_ROW_ARGS || row->args[i].number >= 6)
		return 0;
	value = s->args[row->args[i].number];
	id = row->args[i].param;
	switch (row->args[i].kind) {
	case SENSOR_ARG_U64: put_u64(s, id, value); break;
	case SENSOR_ARG_U32: put_u64(s, id, (__u32)value); break;
	case SENSOR_ARG_S32: put_u64(s, id, (__s64)(__s32)value); break;
	case SENSOR_ARG_RET: put_u64(s, id, ret); break;
	case SENSOR_ARG_PATH: put_path_arg(h, s, id, value); break;
	case SENSOR_ARG_LONG_TEXT: put_text(s, id, (const void *)value, 4096, true); break;
	case SENSOR_ARG_TEXT: put_text(s, id, (const void *)value, 256, true); break;
	case SENSOR_ARG_DIRFD: s->dirfd = (__s32)value; break;
	case SENSOR_ARG_FD: put_fd(h, s, id, (__s32)value); break;
	case SENSOR_ARG_PID:
		put_u64(s, id, (__s64)(__s32)value);
		if ((__s32)value > 0)
			put_target(h, (struct task_struct *)task_by_number(value));
		break;
	case SENSOR_ARG_PIDFD: put_target(h, task_of_pidfd(value)); break;
	case SENSOR_ARG_AT_U32:
		if (!bpf_probe_read_user(&number, 4, (void *)value))
			put_u64(s, id, number);
		break;
	case SENSOR_ARG_AT_U64:
		if (!bpf_probe_read_user(&number, 8, (void *)value))
			put_u64(s, id, number);
		break;
	}
	return 0;
}

/* bpf(2): the type of what is made, and its name. */
static __always_inline void put_bpf(struct slot *s)
{
	__u64 attr = s->args[1];
	__u32 type = 0;

	if ((__u32)s->args[0] != 0 && (__u32)s->args[0] != 5)
		return;
	bpf_probe_read_user(&type, sizeof(type), (void *)attr);
	put_u64(s, SENSOR_P_ARG2, type);
	/* union bpf_attr: map_name at 28, prog_name at 48 */
	put_text(s, SENSOR_P_NAME, (void *)(attr + ((__u32)s->args[0] ? 48 : 28)), 16, true);
}

/* What the call did, as the kernel holds it now. */
__noinline int put_outcome(__u64 h, __u32 index, __s64 ret)
{
	struct task_struct *task = current_task();
	struct sensor_row *row = row_of(index);
	struct slot *s = slot_of(h);

	if (!row || !s)
		return 0;
	if (row->flags & SENSOR_ROW_CRED)
		put_cred(h, (__u64)BPF_CORE_READ(task, cred), SENSOR_P_CRED);
	if (row->flags & SENSOR_ROW_NS)
		put_ns(h);
	if (row->flags & (SENSOR_ROW_NS | SENSOR_ROW_TASK))
		put_task(h, (__u64)task);
	if (row->flags & SENSOR_ROW_CWD_PATH && ret >= 0)
		put_path(h, (__u64)BPF_CORE_READ(task, fs, pwd.mnt), (__u64)BPF_CORE_READ(task, fs, pwd.dentry), SENSOR_P_PATH);
	if (row->flags & SENSOR_ROW_ROOT_PATH && ret >= 0) {
		s->root_dentry = 0;   /* seen from the namespace: from its own root it is always "/" */
		put_path(h, (__u64)BPF_CORE_READ(task, fs, root.mnt), (__u64)BPF_CORE_READ(task, fs, root.dentry), SENSOR_P_PATH);
	}
	if (row->filter == SENSOR_FILTER_BPF)
		put_bpf(s);
	if (row->filter == SENSOR_FILTER_MPROTECT)
		put_old_protection(s, ret);
	return 0;
}

__noinline int do_call(__u32 index, __s64 ret)
{
	struct sensor_row *row = row_of(index);
	__u64 h;

	if (!row || !call_is_worth(row, current_task(), ret) || !filter_call(index, ret))
		return 0;
	h = begin_call(index);
	if (!h)
		return 0;
	for (__u32 i = 0; i < SENSOR_ROW_ARGS; i++) {
		if (!row->args[i].kind)
			break;
		put_arg(h, index, i, ret);
	}
	put_outcome(h, index, ret);
	put_names(h, row->type, ret);
	end(h, ret);
	return 0;
}

#endif
