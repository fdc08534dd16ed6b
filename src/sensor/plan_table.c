/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of the hook plan. A new system call is a line here; a new kind of event is a line here and a
 * BPF program.
 */
#include "sensor/plan.h"

#include <string.h>

#define L SENSOR_LANE_LIFECYCLE
#define F SENSOR_LANE_FILE
#define N SENSOR_LANE_NET

#define ROW(event_type, row_lane, row_family, ...) \
	{ .type = MODEL_EVT_##event_type, .lane = (row_lane), .family = SENSOR_FAMILY_##row_family, __VA_ARGS__ }
#define CALL(event_type, row_lane, ...) ROW(event_type, row_lane, CALL, .args = { __VA_ARGS__ })
/* The same with a filter and flags. */
#define CALLX(event_type, row_lane, row_filter, row_flags, ...) \
	ROW(event_type, row_lane, CALL, .filter = SENSOR_FILTER_##row_filter, .flags = (row_flags), .args = { __VA_ARGS__ })
#define KILL(event_type, signal_at, ...) \
	ROW(event_type, L, CALL, .filter = SENSOR_FILTER_KILL, .variant = (signal_at), .args = { __VA_ARGS__ })

/* An argument: number in the call, parameter it becomes. */
#define U64(n, p) { SENSOR_ARG_U64, n, SENSOR_P_##p, 0 }
#define U32(n, p) { SENSOR_ARG_U32, n, SENSOR_P_##p, 0 }
#define S32(n, p) { SENSOR_ARG_S32, n, SENSOR_P_##p, 0 }
#define PATH(n, p) { SENSOR_ARG_PATH, n, SENSOR_P_##p, 0 }
#define LONG(n, p) { SENSOR_ARG_LONG_TEXT, n, SENSOR_P_##p, 0 }
#define TEXT(n, p) { SENSOR_ARG_TEXT, n, SENSOR_P_##p, 0 }
#define DIRFD(n) { SENSOR_ARG_DIRFD, n, 0, 0 }
#define FD(n) { SENSOR_ARG_FD, n, SENSOR_P_FD, 0 }
#define PID(n) { SENSOR_ARG_PID, n, SENSOR_P_ARG2, 0 }
#define PIDFD(n) { SENSOR_ARG_PIDFD, n, 0, 0 }
#define AT_U32(n, p) { SENSOR_ARG_AT_U32, n, SENSOR_P_##p, 0 }
#define AT_U64(n, p) { SENSOR_ARG_AT_U64, n, SENSOR_P_##p, 0 }
#define RET_IS(p) { SENSOR_ARG_RET, 0, SENSOR_P_##p, 0 }

#define CRED SENSOR_ROW_CRED
#define NS SENSOR_ROW_NS

const struct plan_call plan_calls[] = {
	/* programs */
	{ "execve", 59, 11, ROW(EXECVE, L, EXEC, .variant = SENSOR_EXEC_VE) },
	{ "execveat", 322, 358, ROW(EXECVEAT, L, EXEC, .variant = SENSOR_EXEC_VEAT) },

	/* opening */
	{ "open", 2, 5, ROW(OPEN, F, OPEN, .variant = SENSOR_OPEN_OPEN) },
	{ "creat", 85, 8, ROW(CREAT, F, OPEN, .variant = SENSOR_OPEN_CREAT) },
	{ "openat", 257, 295, ROW(OPENAT, F, OPEN, .variant = SENSOR_OPEN_OPENAT) },
	{ "openat2", 437, 437, ROW(OPENAT2, F, OPEN, .variant = SENSOR_OPEN_OPENAT2) },
	{ "open_by_handle_at", 304, 342, ROW(OPEN_BY_HANDLE_AT, L, OPEN, .variant = SENSOR_OPEN_HANDLE) },

	/* names of files */
	{ "rename", 82, 38, CALL(RENAME, F, PATH(0, RAW), PATH(1, RAW2)) },
	{ "renameat", 264, 302, CALL(RENAMEAT, F, DIRFD(0), PATH(1, RAW), DIRFD(2), PATH(3, RAW2)) },
	{ "renameat2", 316, 353, CALL(RENAMEAT2, F, DIRFD(0), PATH(1, RAW), DIRFD(2), PATH(3, RAW2), U32(4, FLAGS)) },
	{ "link", 86, 9, CALL(LINK, F, PATH(0, RAW), PATH(1, RAW2)) },
	{ "linkat", 265, 303, CALL(LINKAT, F, DIRFD(0), PATH(1, RAW), DIRFD(2), PATH(3, RAW2), U32(4, FLAGS)) },
	{ "symlink", 88, 83, CALL(SYMLINK, F, LONG(0, RAW), PATH(1, RAW2)) },
	{ "symlinkat", 266, 304, CALL(SYMLINKAT, F, LONG(0, RAW), DIRFD(1), PATH(2, RAW2)) },
	{ "unlink", 87, 10, CALL(UNLINK, F, PATH(0, RAW)) },
	{ "unlinkat", 263, 301, CALL(UNLINKAT, F, DIRFD(0), PATH(1, RAW), U32(2, FLAGS)) },
	{ "rmdir", 84, 40, CALL(RMDIR, F, PATH(0, RAW)) },
	{ "mkdir", 83, 39, CALL(MKDIR, F, PATH(0, RAW), U32(1, MODE)) },
	{ "mkdirat", 258, 296, CALL(MKDIRAT, F, DIRFD(0), PATH(1, RAW), U32(2, MODE)) },
	{ "mknod", 133, 14, CALL(MKNOD, L, PATH(0, RAW), U32(1, MODE), U32(2, ARG2)) },
	{ "mknodat", 259, 297, CALL(MKNODAT, L, DIRFD(0), PATH(1, RAW), U32(2, MODE), U32(3, ARG2)) },

	/* what files are */
	{ "chmod", 90, 15, CALL(CHMOD, F, PATH(0, RAW), U32(1, MODE)) },
	{ "fchmod", 91, 94, CALL(FCHMOD, F, FD(0), U32(1, MODE)) },
	{ "fchmodat", 268, 306, CALL(FCHMODAT, F, DIRFD(0), PATH(1, RAW), U32(2, MODE)) },
	{ "fchmodat2", 452, 452, CALL(FCHMODAT2, F, DIRFD(0), PATH(1, RAW), U32(2, MODE), U32(3, FLAGS)) },
	{ "chown", 92, 212, CALL(CHOWN, F, PATH(0, RAW), U32(1, ARG2), U32(2, ARG3)) },
	{ "lchown", 94, 198, CALL(LCHOWN, F, PATH(0, RAW), U32(1, ARG2), U32(2, ARG3)) },
	{ "fchown", 93, 207, CALL(FCHOWN, F, FD(0), U32(1, ARG2), U32(2, ARG3)) },
	{ "fchownat", 260, 298, CALL(FCHOWNAT, F, DIRFD(0), PATH(1, RAW), U32(2, ARG2), U32(3, ARG3), U32(4, FLAGS)) },
	{ "truncate", 76, 92, CALL(TRUNCATE, F, PATH(0, RAW), U64(1, ARG2)) },
	{ "ftruncate", 77, 93, CALL(FTRUNCATE, F, FD(0), U64(1, ARG2)) },
	{ "setxattr", 188, 226, CALL(SETXATTR, F, PATH(0, RAW), TEXT(1, NAME), U32(4, FLAGS)) },
	{ "lsetxattr", 189, 227, CALL(LSETXATTR, F, PATH(0, RAW), TEXT(1, NAME), U32(4, FLAGS)) },
	{ "fsetxattr", 190, 228, CALL(FSETXATTR, F, FD(0), TEXT(1, NAME), U32(4, FLAGS)) },
	{ "setxattrat", 463, 463, CALL(SETXATTRAT, F, DIRFD(0), PATH(1, RAW), TEXT(3, NAME), U32(2, FLAGS)) },
	{ "removexattr", 197, 235, CALL(REMOVEXATTR, F, PATH(0, RAW), TEXT(1, NAME)) },
	{ "lremovexattr", 198, 236, CALL(LREMOVEXATTR, F, PATH(0, RAW), TEXT(1, NAME)) },
	{ "fremovexattr", 199, 237, CALL(FREMOVEXATTR, F, FD(0), TEXT(1, NAME)) },
	{ "removexattrat", 466, 466, CALL(REMOVEXATTRAT, F, DIRFD(0), PATH(1, RAW), TEXT(3, NAME), U32(2, FLAGS)) },

	{ "splice", 275, 313, CALL(SPLICE, L, FD(0), U64(4, ARG2), U32(5, FLAGS)) },

	/* sockets */
	{ "connect", 42, 362, ROW(CONNECT, N, NET, .variant = SENSOR_NET_CONNECT) },
	{ "accept", 43, -1, ROW(ACCEPT, N, NET, .variant = SENSOR_NET_ACCEPT) },
	{ "accept4", 288, 364, ROW(ACCEPT4, N, NET, .variant = SENSOR_NET_ACCEPT) },
	{ "bind", 49, 361, ROW(BIND, N, NET, .variant = SENSOR_NET_BIND) },
	{ "listen", 50, 363, ROW(LISTEN, N, NET, .variant = SENSOR_NET_LISTEN) },
	{ "socketcall", -1, 102, ROW(CONNECT, N, NET, .variant = SENSOR_NET_SOCKETCALL) },
	{ "socket", 41, 359, CALLX(SOCKET, N, SOCKET, 0, U32(0, REQUEST), U32(1, FLAGS), U32(2, ARG2)) },
	{ "sendto", 44, 369, ROW(SENDTO, N, SEND, .variant = SENSOR_SEND_TO) },
	{ "sendmsg", 46, 370, ROW(SENDMSG, N, SEND, .variant = SENSOR_SEND_MSG) },
	{ "sendmmsg", 307, 345, ROW(SENDMMSG, N, SEND, .variant = SENSOR_SEND_MMSG) },

	/* standard input, output and error */
	{ "dup", 32, 41, CALLX(DUP, N, DUP, 0, FD(0), RET_IS(FD2)) },
	{ "dup2", 33, 63, CALLX(DUP2, N, DUP, 0, FD(0), RET_IS(FD2)) },
	{ "dup3", 292, 330, CALLX(DUP3, N, DUP, 0, FD(0), RET_IS(FD2), U32(2, FLAGS)) },
	{ "fcntl", 72, 55, CALLX(FCNTL, N, FCNTL, 0, FD(0), RET_IS(FD2), U32(1, REQUEST)) },
	{ "fcntl64", -1, 221, CALLX(FCNTL, N, FCNTL, 0, FD(0), RET_IS(FD2), U32(1, REQUEST)) },

	/* mounts and roots */
	{ "mount", 165, 21, CALL(MOUNT, L, PATH(1, RAW), LONG(0, RAW2), TEXT(2, TYPE), U64(3, FLAGS)) },
	{ "umount", 166, 52, CALL(UMOUNT2, L, PATH(0, RAW), U32(1, FLAGS)) },
	{ "oldumount", -1, 22, CALL(UMOUNT, L, PATH(0, RAW)) },
	{ "fsopen", 430, 430, CALL(FSOPEN, L, TEXT(0, TYPE), U32(1, FLAGS)) },
	{ "fsconfig", 431, 431, CALL(FSCONFIG, L, S32(0, FD), U32(1, REQUEST), TEXT(2, NAME), TEXT(3, RAW2)) },
	{ "fsmount", 432, 432, CALL(FSMOUNT, L, S32(0, FD), U32(1, FLAGS), U32(2, ARG2)) },
	{ "fspick", 433, 433, CALL(FSPICK, L, DIRFD(0), PATH(1, RAW), U32(2, FLAGS)) },
	{ "move_mount", 429, 429, CALL(MOVE_MOUNT, L, DIRFD(2), PATH(3, RAW), DIRFD(0), PATH(1, RAW2), U32(4, FLAGS)) },
	{ "open_tree", 428, 428, CALL(OPEN_TREE, L, DIRFD(0), PATH(1, RAW), U32(2, FLAGS)) },
	{ "open_tree_attr", 467, 467, CALL(OPEN_TREE_ATTR, L, DIRFD(0), PATH(1, RAW), U32(2, FLAGS)) },
	{ "mount_setattr", 442, 442, CALL(MOUNT_SETATTR, L, DIRFD(0), PATH(1, RAW), U32(2, FLAGS), AT_U64(3, ARG2)) },
	{ "pivot_root", 155, 217, CALLX(PIVOT_ROOT, L, NONE, SENSOR_ROW_ROOT_PATH, PATH(0, RAW), PATH(1, RAW2)) },
	{ "chroot", 161, 61, CALLX(CHROOT, L, NONE, SENSOR_ROW_ROOT_PATH, PATH(0, RAW)) },
	{ "chdir", 80, 12, CALLX(CHDIR, F, SUCCESS, SENSOR_ROW_CWD_PATH, PATH(0, RAW)) },
	{ "fchdir", 81, 133, CALLX(FCHDIR, F, SUCCESS, SENSOR_ROW_CWD_PATH, S32(0, FD)) },

	/* namespaces and sessions */
	{ "setns", 308, 346, CALLX(SETNS, L, NONE, NS | CRED, S32(0, FD), U32(1, FLAGS)) },
	{ "unshare", 272, 310, CALLX(UNSHARE, L, NONE, NS | CRED, U64(0, FLAGS)) },
	{ "setsid", 112, 66, CALLX(SETSID, L, SUCCESS, SENSOR_ROW_TASK, { 0 }) },

	/* credentials */
	{ "capset", 126, 185, CALLX(CAPSET, L, NONE, CRED, AT_U32(0, ARG2)) },
	{ "setuid", 105, 213, CALLX(SETUID, L, NONE, CRED, U32(0, ARG2)) },
	{ "setgid", 106, 214, CALLX(SETGID, L, NONE, CRED, U32(0, ARG2)) },
	{ "setreuid", 113, 203, CALLX(SETREUID, L, NONE, CRED, U32(0, ARG2), U32(1, ARG3)) },
	{ "setregid", 114, 204, CALLX(SETREGID, L, NONE, CRED, U32(0, ARG2), U32(1, ARG3)) },
	{ "setresuid", 117, 208, CALLX(SETRESUID, L, NONE, CRED, U32(0, ARG2), U32(1, ARG3), U32(2, ARG4)) },
	{ "setresgid", 119, 210, CALLX(SETRESGID, L, NONE, CRED, U32(0, ARG2), U32(1, ARG3), U32(2, ARG4)) },
	{ "setfsuid", 122, 215, CALLX(SETFSUID, L, NONE, CRED, U32(0, ARG2)) },
	{ "setfsgid", 123, 216, CALLX(SETFSGID, L, NONE, CRED, U32(0, ARG2)) },
	{ "setgroups", 116, 206, CALLX(SETGROUPS, L, NONE, CRED, U32(0, ARG2)) },
	{ "setuid16", -1, 23, CALLX(SETUID, L, NONE, CRED, U32(0, ARG2)) },
	{ "setgid16", -1, 46, CALLX(SETGID, L, NONE, CRED, U32(0, ARG2)) },
	{ "setreuid16", -1, 70, CALLX(SETREUID, L, NONE, CRED, U32(0, ARG2), U32(1, ARG3)) },
	{ "setregid16", -1, 71, CALLX(SETREGID, L, NONE, CRED, U32(0, ARG2), U32(1, ARG3)) },
	{ "setresuid16", -1, 164, CALLX(SETRESUID, L, NONE, CRED, U32(0, ARG2), U32(1, ARG3), U32(2, ARG4)) },
	{ "setresgid16", -1, 170, CALLX(SETRESGID, L, NONE, CRED, U32(0, ARG2), U32(1, ARG3), U32(2, ARG4)) },
	{ "setfsuid16", -1, 138, CALLX(SETFSUID, L, NONE, CRED, U32(0, ARG2)) },
	{ "setfsgid16", -1, 139, CALLX(SETFSGID, L, NONE, CRED, U32(0, ARG2)) },
	{ "prctl", 157, 172, CALLX(PRCTL, L, PRCTL, CRED, U32(0, REQUEST), U64(1, ARG2), U64(2, ARG3)) },
	{ "seccomp", 317, 354, CALL(SECCOMP, L, U32(0, REQUEST), U32(1, FLAGS)) },
	{ "keyctl", 250, 288, CALLX(KEYCTL, L, NONE, CRED, U32(0, REQUEST), U64(1, ARG2), U64(2, ARG3)) },
	{ "add_key", 248, 286, CALL(ADD_KEY, L, TEXT(0, TYPE), TEXT(1, NAME), U64(4, ARG2)) },
	{ "request_key", 249, 287, CALL(REQUEST_KEY, L, TEXT(0, TYPE), TEXT(1, NAME), U64(3, ARG2)) },

	/* other processes */
	{ "ptrace", 101, 26, CALLX(PTRACE, L, PTRACE, 0, U32(0, REQUEST), PID(1), U64(2, ARG3)) },
	{ "process_vm_readv", 310, 347, CALL(PROCESS_VM_READV, L, PID(0)) },
	{ "process_vm_writev", 311, 348, CALL(PROCESS_VM_WRITEV, L, PID(0)) },
	{ "process_madvise", 440, 440, CALL(PROCESS_MADVISE, L, PIDFD(0), U32(3, REQUEST)) },
	{ "pidfd_getfd", 438, 438, CALL(PIDFD_GETFD, L, PIDFD(0), S32(1, ARG2)) },
	{ "kill", 62, 37, KILL(KILL, 1, PID(0), U32(1, SIGNAL)) },
	{ "tkill", 200, 238, KILL(TKILL, 1, PID(0), U32(1, SIGNAL)) },
	{ "tgkill", 234, 270, KILL(TGKILL, 2, PID(0), U32(2, SIGNAL)) },
	{ "rt_sigqueueinfo", 129, 178, KILL(RT_SIGQUEUEINFO, 1, PID(0), U32(1, SIGNAL)) },
	{ "rt_tgsigqueueinfo", 297, 335, KILL(RT_TGSIGQUEUEINFO, 2, PID(0), U32(2, SIGNAL)) },
	{ "pidfd_send_signal", 424, 424, CALL(PIDFD_SEND_SIGNAL, L, PIDFD(0), U32(1, SIGNAL)) },

	/* the kernel */
	{ "bpf", 321, 357, CALLX(BPF, L, BPF, 0, U32(0, REQUEST)) },
	{ "perf_event_open", 298, 336, CALL(PERF_EVENT_OPEN, L, AT_U32(0, ARG2), S32(1, ARG3), U64(4, FLAGS)) },
	{ "init_module", 175, 128, CALL(INIT_MODULE, L, U64(1, ARG2), LONG(2, RAW2)) },
	{ "finit_module", 313, 350, CALL(FINIT_MODULE, L, FD(0), LONG(1, RAW2), U32(2, FLAGS)) },
	{ "delete_module", 176, 129, CALL(DELETE_MODULE, L, TEXT(0, NAME), U32(1, FLAGS)) },
	{ "kexec_load", 246, 283, CALL(KEXEC_LOAD, L, U64(1, ARG2), U64(3, FLAGS)) },
	{ "kexec_file_load", 320, -1, CALL(KEXEC_FILE_LOAD, L, FD(0), S32(1, FD2), U64(4, FLAGS)) },
	{ "userfaultfd", 323, 374, CALL(USERFAULTFD, L, U32(0, FLAGS)) },
	{ "io_uring_setup", 425, 425, CALL(IO_URING_SETUP, L, U32(0, ARG2)) },
	{ "memfd_create", 319, 356, CALL(MEMFD_CREATE, L, TEXT(0, NAME), U32(1, FLAGS)) },
	{ "mprotect", 10, 125, CALLX(MPROTECT, L, MPROTECT, 0, U64(0, ARG3), U64(1, ARG4), U32(2, ARG2)) },
	{ "pkey_mprotect", 329, 380, CALLX(PKEY_MPROTECT, L, MPROTECT, 0, U64(0, ARG3), U64(1, ARG4), U32(2, ARG2)) },
	{ "mmap", 9, -1, CALLX(MMAP, L, MMAP, 0, RET_IS(ARG3), U64(1, ARG4), U32(2, ARG2), U32(3, FLAGS), FD(4)) },
	{ "mmap2", -1, 192, CALLX(MMAP, L, MMAP, 0, RET_IS(ARG3), U64(1, ARG4), U32(2, ARG2), U32(3, FLAGS), FD(4)) },
	{ NULL },
};

/* Calls whose functions have another name than the call. */
static const struct { const char *call, *function; } function_names[] = {
	{ "mmap2", "mmap_pgoff" },   /* arch/x86/entry/syscalls/syscall_32.tbl */
};

const char *plan_call_function(const struct plan_call *call)
{
	for (size_t i = 0; i < sizeof(function_names) / sizeof(function_names[0]); i++)
		if (strcmp(call->name, function_names[i].call) == 0)
			return function_names[i].function;
	return call->name;
}

/* What a security hook knows of names: as fentry program, else as LSM program. */
#define NAMES(event, type, hook, blinds, ...) \
	{ event, MODEL_EVT_##type, false, NULL, \
	  { { "fentry_" #hook, "fentry/security_" #hook, PLAN_BTF }, { "lsm_" #hook, "lsm/" #hook, PLAN_BTF } }, \
	  blinds, false, { __VA_ARGS__ } }
#define BTF(prog, target) { { prog, target, PLAN_BTF } }

const struct plan_row plan_events[] = {
	{ "sched_fork", MODEL_EVT_SCHED_FORK, true, NULL, BTF("on_fork", "tp_btf/sched_process_fork"),
	  "new processes: everything is without ancestry" },
	{ "execve", MODEL_EVT_EXECVE, true, NULL, BTF("on_exec", "tp_btf/sched_process_exec"),
	  "programs that are started" },
	{ "procexit", MODEL_EVT_PROCEXIT, true, NULL, BTF("on_exit", "tp_btf/sched_process_exit"),
	  "processes that end: the table must guess" },
	{ "task_rename", MODEL_EVT_TASK_RENAME, true, NULL, BTF("on_rename", "tp_btf/task_rename"),
	  "processes that change their name" },
	{ "cgroup_mkdir", MODEL_EVT_CGROUP_MKDIR, true, NULL, BTF("on_cgroup_mkdir", "tp_btf/cgroup_mkdir"),
	  "new containers are known only when their first process runs" },
	{ "cgroup_rmdir", MODEL_EVT_CGROUP_RMDIR, true, NULL, BTF("on_cgroup_rmdir", "tp_btf/cgroup_rmdir"),
	  "containers that are gone stay in the table for their grace time" },
	{ "cgroup_attach", MODEL_EVT_CGROUP_ATTACH, true, NULL, BTF("on_cgroup_attach", "tp_btf/cgroup_attach_task"),
	  "processes that are moved into a container keep their old one until their next event" },
	{ "oom_kill", MODEL_EVT_OOM_KILL, true, NULL, BTF("on_oom", "tp_btf/mark_victim"), "processes killed for memory" },
	{ "io_uring_op", MODEL_EVT_IO_URING_OP, true, NULL,
	  { { "on_uring_submit", "tp_btf/io_uring_submit_req", PLAN_BTF }, { "on_uring_submit_old", "tp_btf/io_uring_submit_sqe", PLAN_BTF } },
	  "what programs do through io_uring" },
	{ "io_uring_op", MODEL_EVT_IO_URING_OP, true, NULL, BTF("on_uring_complete", "tp_btf/io_uring_complete"),
	  "results of what programs do through io_uring" },
	{ "module_load", MODEL_EVT_MODULE_LOAD, false, NULL, BTF("on_module_load", "tp_btf/module_load"),
	  "names of kernel modules (the system call is seen)" },
	{ "cap_capable", MODEL_EVT_CAP_CAPABLE, false, NULL, BTF("on_cap_capable", "tp_btf/cap_capable"),
	  "which capabilities are used", true, { 0 } },
	{ "dns", MODEL_EVT_DNS, false, NULL,
	  { { "on_sock_send", "tp_btf/sock_send_length", PLAN_BTF }, { "fentry_socket_sendmsg", "fentry/security_socket_sendmsg", PLAN_BTF },
	    { "lsm_socket_sendmsg", "lsm/socket_sendmsg", PLAN_BTF } },
	  "DNS questions that are sent by write() (send, sendto, sendmsg and sendmmsg are seen)", false, { 0 } },
	NAMES("rename", RENAME, path_rename,
	      "the kernel's own paths of what is renamed, linked, removed, made or mounted: joined from what the program gave",
	      MODEL_EVT_RENAMEAT, MODEL_EVT_RENAMEAT2),
	NAMES("link", LINK, path_link, NULL, MODEL_EVT_LINKAT),
	NAMES("symlink", SYMLINK, path_symlink, NULL, MODEL_EVT_SYMLINKAT),
	NAMES("unlink", UNLINK, path_unlink, NULL, MODEL_EVT_UNLINKAT),
	NAMES("rmdir", RMDIR, path_rmdir, NULL, MODEL_EVT_UNLINKAT),
	NAMES("mkdir", MKDIR, path_mkdir, NULL, MODEL_EVT_MKDIRAT),
	NAMES("mknod", MKNOD, path_mknod, NULL, MODEL_EVT_MKNODAT),
	NAMES("chmod", CHMOD, path_chmod, NULL, MODEL_EVT_FCHMODAT, MODEL_EVT_FCHMODAT2),
	NAMES("chown", CHOWN, path_chown, NULL, MODEL_EVT_LCHOWN, MODEL_EVT_FCHOWNAT),
	NAMES("truncate", TRUNCATE, path_truncate, NULL, 0),
	NAMES("mount", MOUNT, sb_mount, NULL, 0),
	NAMES("move_mount", MOVE_MOUNT, move_mount, NULL, 0),
	NAMES("umount2", UMOUNT2, sb_umount, NULL, MODEL_EVT_UMOUNT),
	{ "mprotect", MODEL_EVT_MPROTECT, false, NULL,
	  { { "fentry_file_mprotect", "fentry/security_file_mprotect", PLAN_BTF }, { "lsm_file_mprotect", "lsm/file_mprotect", PLAN_BTF },
	    { "enter_mprotect", "tracepoint/syscalls/sys_enter_mprotect", PLAN_TRACEPOINT } },
	  "whether memory that is made executable was writable before", .also = { MODEL_EVT_PKEY_MPROTECT } },
	{ "pkey_mprotect", MODEL_EVT_PKEY_MPROTECT, false, NULL,
	  { { "enter_mprotect_key", "tracepoint/syscalls/sys_enter_pkey_mprotect", PLAN_TRACEPOINT } },
	  "whether memory that pkey_mprotect makes executable was writable before", .fallback = true },
	{ "32-bit calls", MODEL_EVT_NONE, true, NULL, BTF("on_return_ia32", "fexit/ia32_sys_call"), NULL },
	{ "denied calls", MODEL_EVT_NONE, true, NULL, BTF("on_denied", "fexit/__secure_computing"), NULL },
	{ NULL },
};

/* What the process table and the credential ledger need, whatever the rules want. */
bool plan_call_is_needed(const struct plan_call *call)
{
	return call->row.flags & (SENSOR_ROW_CRED | SENSOR_ROW_NS | SENSOR_ROW_TASK | SENSOR_ROW_CWD_PATH | SENSOR_ROW_ROOT_PATH);
}
