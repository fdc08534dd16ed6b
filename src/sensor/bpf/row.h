/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef PARKA_SENSOR_BPF_ROW_H
#define PARKA_SENSOR_BPF_ROW_H
/*
 * What user space tells the BPF programs: one row per system call (a table in sensor/plan_table.c), and
 * the settings that are known at load time. No libc here.
 */
#ifdef __bpf__
#include "kernel_types.h"
#else
#include <linux/types.h>
#endif

/* Which BPF code makes the event. */
enum sensor_family {
	SENSOR_FAMILY_NONE,
	SENSOR_FAMILY_CALL,      /* arguments as the row says */
	SENSOR_FAMILY_OPEN,      /* ret is a descriptor of a file */
	SENSOR_FAMILY_EXEC,      /* failed exec */
	SENSOR_FAMILY_NET,       /* connect, bind, listen, accept */
	SENSOR_FAMILY_SEND,      /* sendto, sendmsg, sendmmsg */
	SENSOR_FAMILY_MAX
};

/* What an argument of a system call is. */
enum sensor_arg_kind {
	SENSOR_ARG_NONE,
	SENSOR_ARG_U64,
	SENSOR_ARG_U32,          /* upper half is not defined by the ABI */
	SENSOR_ARG_S32,
	SENSOR_ARG_PATH,         /* user text, up to 4095 bytes; when relative, what it is relative to is added */
	SENSOR_ARG_LONG_TEXT,    /* user text, up to 4095 bytes, not a path that is looked up */
	SENSOR_ARG_TEXT,         /* user text, up to 255 bytes */
	SENSOR_ARG_DIRFD,        /* descriptor of the directory that the next PATH is relative to */
	SENSOR_ARG_FD,           /* descriptor: its PATH and FILE, or SOCKET, too */
	SENSOR_ARG_PID,          /* pid in the caller's namespace: TARGET_PID, TARGET_START */
	SENSOR_ARG_PIDFD,
	SENSOR_ARG_AT_U32, SENSOR_ARG_AT_U64,   /* number in user memory */
	SENSOR_ARG_RET,          /* not an argument: the return value */
};

/* Whether the call is worth an event; those without a comment look at the arguments (call_is_worth). */
enum sensor_filter {
	SENSOR_FILTER_NONE,
	SENSOR_FILTER_SUCCESS,   /* failed calls are not reported */
	SENSOR_FILTER_PRCTL, SENSOR_FILTER_KILL, SENSOR_FILTER_BPF, SENSOR_FILTER_SOCKET, SENSOR_FILTER_MPROTECT,
	SENSOR_FILTER_MMAP, SENSOR_FILTER_DUP, SENSOR_FILTER_FCNTL, SENSOR_FILTER_PTRACE,
};

enum sensor_row_flags {
	SENSOR_ROW_CRED = 1 << 0,      /* add CRED as it is after the call */
	SENSOR_ROW_NS = 1 << 1,        /* add NS and TASK */
	SENSOR_ROW_CWD_PATH = 1 << 2,  /* on success PATH is the current directory (chdir) */
	SENSOR_ROW_ROOT_PATH = 1 << 3, /* on success PATH is the task's root, seen from the namespace (chroot) */
	SENSOR_ROW_TASK = 1 << 4,      /* add TASK */
	SENSOR_ROW_RARE = 1 << 5,      /* wake the reader at once */
};

enum { SENSOR_ROW_ARGS = 6, SENSOR_ROW_CALLS = 512 };

/* Index in the table: number of the call, plus SENSOR_ROW_CALLS for the 32-bit table. */
struct sensor_row {
	__u16 type;              /* enum model_event_type; 0: not reported */
	__u8 lane;
	__u8 family;
	__u8 filter;
	__u8 variant;            /* what the family needs to know: see sensor_variant */
	__u16 flags;
	struct { __u8 kind, number, param, pad; } args[SENSOR_ROW_ARGS];   /* number: which argument of the call */
};

enum sensor_variant {
	SENSOR_OPEN_OPENAT, SENSOR_OPEN_OPEN, SENSOR_OPEN_CREAT, SENSOR_OPEN_OPENAT2, SENSOR_OPEN_HANDLE,
	SENSOR_NET_CONNECT = 0, SENSOR_NET_BIND, SENSOR_NET_LISTEN, SENSOR_NET_ACCEPT, SENSOR_NET_SOCKETCALL,
	SENSOR_SEND_TO = 0, SENSOR_SEND_MSG, SENSOR_SEND_MMSG,
	SENSOR_EXEC_VE = 0, SENSOR_EXEC_VEAT,
};

/* Set by user space before load (read-only for the programs). */
struct sensor_config {
	__s32 cgroup_subsys;     /* index into css_set.subsys; -1: the default hierarchy */
	__s32 cgroup_hierarchy;  /* whose directories are reported */
	__u32 oom_gives_task;    /* mark_victim has a task, not a pid */
	__s32 uring_request;     /* which argument of the io_uring submit tracepoint is the request; -1: none */
	__u32 uring_result;      /* enum sensor_uring_result */
	__u32 ring_bytes[3];
	__u32 seccomp_result;    /* which word of __secure_computing()'s arguments and result is the result */
};

/* How the io_uring completion tracepoint tells the result. */
enum sensor_uring_result { SENSOR_URING_NO_REQUEST, SENSOR_URING_NUMBER, SENSOR_URING_CQE };

/* Changed by user space while programs run. */
struct sensor_control {
	__u64 regs_offset;       /* of the saved pt_regs from task->stack, measured at start */
	__u32 self_pid;
	__u32 calibrate_pid;     /* whose next system call gives regs_offset */
	__u32 filter_version;    /* its lowest bit: which of the two filters is in use */
	__u32 processes_full;    /* the version during which a process found no place in the filter's map */
	__u32 renamed_full;      /* a process that gave itself another name found no place: names say nothing from then on */
	__u32 count_cgroups;     /* events are counted by cgroup, too */
	__u32 reader_dozes;      /* the first event of any kind is to wake it */
	__u64 fold_key[2];       /* secret of this run */
	__u64 rename_lock, mount_lock;   /* where the kernel has them; 0: not known (memo.bpf.h) */
	__u32 reader_is_up;      /* reads by itself within milliseconds: nobody needs to wake it */
};

/* What became of the events of a type or a cgroup. Of one CPU. */
struct sensor_counts { __u64 dropped, folded, ended; };   /* ended: delivered or lost */

/* By which programs that see all calls a call is told: at every exit, in each of the three tables; at the return of
 * ia32_sys_call; when seccomp refuses it; and by the programs of tracepoints. */
enum sensor_call_bits {
	SENSOR_CALL_64 = 1, SENSOR_CALL_32 = 2, SENSOR_CALL_X32 = 4,
	SENSOR_CALL_IA32 = 8,
	SENSOR_CALL_DENIED_64 = 16, SENSOR_CALL_DENIED_32 = 32,
	SENSOR_CALL_OWN = 64,    /* by its own tracepoint, of which the kernel takes time to let go */
};

enum { SENSOR_COUNT_TYPES = 512, SENSOR_COUNT_CGROUPS = 1024 };
enum { SENSOR_LOST_SLOTS = 1024 * 8 };   /* index: type * 8 + cause */
enum { SENSOR_SLOTS = 3, SENSOR_EVENT_MASK = 16383, SENSOR_EVENT_SLACK = 8448 };

#ifndef __bpf__
_Static_assert(sizeof(struct sensor_row) == 32, "rows are written to a BPF map");
#endif

#endif
