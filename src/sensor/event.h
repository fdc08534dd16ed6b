/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef PARKA_SENSOR_EVENT_H
#define PARKA_SENSOR_EVENT_H
/*
 * The event as the kernel side writes it on a ring, as user space reads it, and as a
 * capture file stores it. One header, then parameters:
 *
 *   +---------------------------+-------------------+-----+-------------------+
 *   | struct sensor_wire (136)  | sensor_wire_param | ... | sensor_wire_param |
 *   +---------------------------+-------------------+-----+-------------------+
 *
 * Little-endian host order, no padding, every parameter starts on a multiple of 8. `len` of
 * the header counts it all. Unknown parameters are skipped by their length: new ones may be
 * added without a new capture version. Included by BPF programs: no libc here.
 */
#ifdef __bpf__
#include "kernel_types.h"
#else
#include <linux/types.h>
#endif

enum sensor_lane {
	SENSOR_LANE_LIFECYCLE,   /* fork, exec, exit, cgroups, privilege, namespaces, mounts, modules, bpf, ptrace */
	SENSOR_LANE_FILE,        /* open and other file operations */
	SENSOR_LANE_NET,         /* sockets, DNS */
	SENSOR_LANE_MAX
};

enum sensor_wire_flags {
	SENSOR_WIRE_COMPAT = 1 << 0,        /* 32-bit call */
	SENSOR_WIRE_IO_URING = 1 << 1,
	SENSOR_WIRE_TRUNCATED = 1 << 2,     /* a parameter was cut */
	SENSOR_WIRE_UNRESOLVED = 1 << 3,    /* a path could not be resolved in the kernel */
	SENSOR_WIRE_USER_READ = 1 << 4,     /* holds text read from user memory at exit (may have changed) */
	SENSOR_WIRE_NO_RET = 1 << 5,        /* no return value (not a system call exit) */
};

struct sensor_wire {
	__u32 len;               /* bytes, header and parameters, multiple of 8 */
	__u16 type;              /* enum model_event_type */
	__u8 lane;
	__u8 flags;
	__u64 ts_ns;             /* CLOCK_BOOTTIME */
	__u64 start_ns;          /* start_boottime of the thread group leader: with pid, the process key */
	__s64 ret;
	__u32 pid, tid;          /* tgid and pid in the initial pid namespace */
	__u32 uid, euid, gid, egid, fsuid;   /* in the initial user namespace */
	__u32 loginuid;          /* (u32)-1: none */
	__u32 session;           /* audit session id; (u32)-1: none */
	__u32 mnt_ns, pid_ns, user_ns;       /* inode numbers */
	__u64 cap_eff, cap_prm;
	__u64 cred;              /* address of struct cred: compared, never shown */
	__u64 cgroup;            /* kernfs id of the cgroup in the chosen hierarchy */
	char comm[16];
	__u16 cpu;
	__u16 n_params;
	__u32 count;             /* how many equal events this stands for; 1 unless folded */
};

struct sensor_wire_param {
	__u16 id;                /* enum sensor_param */
	__u16 flags;             /* enum sensor_param_flags */
	__u32 len;               /* bytes that follow, without padding to 8 */
};

enum sensor_param_flags {
	SENSOR_PARAM_TRUNCATED = 1 << 0,
	SENSOR_PARAM_FROM_USER = 1 << 1,    /* copied from user memory */
};

/*
 * Parameters. Scalars are __u64 or __s64. Text has no NUL. "PATH" is a kernel-resolved path: struct
 * sensor_wire_path, then components from the leaf up to the root, each NUL-terminated:
 * /etc/shadow is "shadow\0etc\0". Raw paths are text as the program gave it.
 */
enum sensor_param {
	SENSOR_P_NONE,
	/* files */
	SENSOR_P_PATH,           /* PATH of the file operated on; of exec: the executable */
	SENSOR_P_RAW,            /* path as given */
	SENSOR_P_PATH2,          /* second PATH: target of rename/link, mount point */
	SENSOR_P_RAW2,           /* second path as given; symlink target; mount source */
	SENSOR_P_FILE,           /* struct sensor_wire_file of PATH */
	SENSOR_P_DIRFD,          /* s64 */
	SENSOR_P_DIRFD2,
	SENSOR_P_CWD,            /* PATH of the current directory */
	SENSOR_P_FLAGS,          /* u64: open flags, mount flags, clone flags, unlink flags, ... */
	SENSOR_P_MODE,           /* u64 */
	SENSOR_P_FD,             /* s64: descriptor operated on */
	SENSOR_P_FD2,            /* s64: second (dup2 target) */
	SENSOR_P_OLD_PROT,       /* u64: PROT_* bits of memory before the call, of all its parts together */
	/* exec */
	SENSOR_P_ARGV,           /* NUL-separated */
	SENSOR_P_ENVP,           /* NUL-separated, at most 4 KiB */
	SENSOR_P_INTERP,         /* text */
	SENSOR_P_FILENAME,       /* text: bprm->filename, as given to exec */
	SENSOR_P_STDIO,          /* struct sensor_wire_stdio[3] */
	SENSOR_P_TASK,           /* struct sensor_wire_task */
	SENSOR_P_CRED,           /* struct sensor_wire_cred: the whole of it */
	SENSOR_P_CRED_OLD,       /* the same before the change */
	/* fork, exit, signals */
	SENSOR_P_CHILD_PID,      /* u64 tgid */
	SENSOR_P_CHILD_TID,
	SENSOR_P_CHILD_START,    /* u64 start_boottime of the child's leader */
	SENSOR_P_EXIT_CODE,      /* u64: wait status */
	SENSOR_P_SIGNAL,         /* u64 */
	SENSOR_P_TARGET_PID,     /* u64 tgid in the initial namespace */
	SENSOR_P_TARGET_START,
	/* sockets */
	SENSOR_P_SOCKADDR_LOCAL, /* struct sockaddr as the kernel holds it */
	SENSOR_P_SOCKADDR_REMOTE,
	SENSOR_P_SOCKET,         /* struct sensor_wire_socket */
	SENSOR_P_DATA,           /* bytes: start of what was sent */
	/* the rest */
	SENSOR_P_REQUEST,        /* u64: ptrace request, bpf/keyctl command, prctl option, fsconfig command */
	SENSOR_P_ARG2, SENSOR_P_ARG3, SENSOR_P_ARG4,   /* u64 */
	SENSOR_P_NAME,           /* text: module, memfd, key, program, device, file-system type */
	SENSOR_P_TYPE,           /* text: file-system type of mount */
	SENSOR_P_NS,             /* struct sensor_wire_ns: of the task after the call */
	SENSOR_P_OPCODE,         /* u64: io_uring opcode */
	SENSOR_P_CGROUP_ID,      /* u64 */
	SENSOR_P_CGROUP_PATH,    /* text, as the kernel gives it (within its hierarchy) */
	SENSOR_P_CGROUP_ROOT,    /* u64: hierarchy id; 0 is the default (v2) */
	SENSOR_P_LOST_TYPE,      /* u64 */
	SENSOR_P_LOST_CAUSE,     /* u64: enum sensor_lost */
	SENSOR_P_LOST_COUNT,     /* u64 */
	SENSOR_P_SYSCALL,        /* u64: system-call number in the table of the call (exec, fork: which one) */
	SENSOR_P_LINK_COUNT,     /* u64 */
	SENSOR_P_DIR_PATH,       /* PATH of the directory DIRFD stands for (AT_FDCWD: see CWD) */
	SENSOR_P_DIR_PATH2,      /* the same for DIRFD2 */
	SENSOR_P_LOST_SINCE,     /* u64 nanoseconds since boot: when the counters were looked at before; ts_ns is when it was seen */
	SENSOR_P_MAX
};

enum sensor_path_flags {
	SENSOR_PATH_CUT = 1 << 0,        /* more components than the walk's limit */
	SENSOR_PATH_DETACHED = 1 << 1,   /* ended at a root that is neither the task's nor the namespace's */
	SENSOR_PATH_DELETED = 1 << 2,
	SENSOR_PATH_BIND = 1 << 3,       /* the walk left the file's mount below the root of the file system: bind components follow */
	SENSOR_PATH_ANON = 1 << 4,       /* pipe:, socket:, anon_inode:, memfd */
	SENSOR_PATH_MAGIC = 1 << 5,
	SENSOR_PATH_OUTSIDE_ROOT = 1 << 6, /* the namespace's root was reached without meeting the task's root */
	SENSOR_PATH_LOOSE = 1 << 7,      /* the way to the file system's root is not known: cut, or opened by handle */
};
/* The upper byte of the flags: 1 + how many components lead to the file, when mounts are not looked at, from the task's root or that of
 * the first process in its pid namespace, whichever is further up; 0: neither is the root of the file's mount, or above it. */
enum { SENSOR_PATH_ROOT_SHIFT = 8 };

struct sensor_wire_path {
	__u16 n;                 /* components up to the task's root */
	__u16 n_first_mount;     /* how many of them lie within the file's own mount */
	__u16 n_bind;            /* further ones up to the file system's root, from the mount's root (or the task's, if that is in it) */
	__u16 flags;             /* enum sensor_path_flags; SENSOR_PATH_ROOT_SHIFT */
};

struct sensor_wire_file {
	__u64 ino, ctime_ns, mtime_ns, size;
	__u32 dev;               /* kernel encoding: major << 20 | minor */
	__u32 mode, uid, gid, nlink;
	__u32 sb_magic;
	__u32 flags;             /* enum sensor_file_flags */
	__u32 rdev;
};
enum sensor_file_flags {
	SENSOR_FILE_UPPER = 1 << 0,   /* overlay: has an upper inode */
	SENSOR_FILE_LOWER = 1 << 1,
	SENSOR_FILE_MEMFD = 1 << 2,
	SENSOR_FILE_DELETED = 1 << 3,
	SENSOR_FILE_CREATED = 1 << 4, /* this open made it */
	SENSOR_FILE_WRITABLE = 1 << 5,/* the task's fsuid may write it by its mode bits */
	SENSOR_FILE_CAPS = 1 << 6,    /* privileges were raised by file capabilities or set-id */
};

struct sensor_wire_stdio { __u32 kind; __u32 dev; __u64 ino; };   /* kind: S_IFMT bits; 0 = closed */

struct sensor_wire_task {
	__u64 start_ns, parent_start_ns, nsproxy_pidns_start_ns;
	__u32 ppid, sid, pgid, vpid, vtid, vppid, vsid, vpgid;
	__u32 tty_major, tty_minor, tty_index, tty_driver_type;   /* minor: the terminal's own, index included */
	__u32 no_new_privs, seccomp;
	__u32 mnt_ns, pid_ns, net_ns, user_ns, uts_ns, ipc_ns, cgroup_ns, time_ns;
	__u32 ptracer_pid, flags;      /* task->flags: PF_KTHREAD ... */
};

struct sensor_wire_cred {
	__u32 uid, euid, suid, fsuid, gid, egid, sgid, fsgid;
	__u64 cap_inheritable, cap_permitted, cap_effective, cap_bounding, cap_ambient;
	__u32 user_ns, securebits;
};

struct sensor_wire_ns { __u32 mnt, pid, net, user, uts, ipc, cgroup, time; };

struct sensor_wire_socket {
	__u64 cookie;
	__u16 family, type, protocol, state;
	__u32 netns;
	__u32 flags;             /* 1: this socket had no peer of this name before */
};

enum sensor_lost {
	SENSOR_LOST_RING_FULL, SENSOR_LOST_UNRESOLVED, SENSOR_LOST_TOO_LONG, SENSOR_LOST_TABLE_FULL, SENSOR_LOST_NESTED,
	SENSOR_LOST_UNWRITTEN,   /* seen by whoever recorded, but not in the capture: its file is too slow */
	SENSOR_LOST_MAX
};

/*
 * Which parameters an event carries. [x] when it has one. Failed calls (ret < 0) carry what the program
 * gave (RAW, flags) and no kernel objects. DIR = DIRFD with DIR_PATH, or CWD when relative to it.
 *
 *   seed (type NONE)     PATH FILE ARGV [ENVP] CWD TASK CRED [STDIO]
 *   execve execveat      PATH FILE FILENAME INTERP ARGV ENVP CWD STDIO TASK CRED SYSCALL; failed: RAW DIR
 *   sched_fork           CHILD_PID CHILD_TID CHILD_START FLAGS TASK CRED SYSCALL (TASK, CRED of the child)
 *   procexit             [EXIT_CODE] when it was the last thread; each thread has one
 *   task_rename          NAME (the new comm)
 *   open openat openat2 creat open_by_handle_at
 *                        PATH FILE RAW DIR FLAGS MODE; the descriptor is `ret`
 *   rename* link*        RAW RAW2 DIR DIR2 FLAGS, [PATH PATH2 FILE where a hook gives the dentries]
 *   symlink*             RAW (target text) RAW2 (link) DIR2
 *   unlink* rmdir mkdir* mknod*   RAW DIR FLAGS MODE ARG2 (device), [PATH FILE]
 *   chmod* chown* truncate xattr  RAW DIR or FD, PATH FILE, MODE or ARG2 ARG3 (uid gid), NAME (attribute)
 *   splice               FD PATH FILE of what is read, ARG2 (length) FLAGS
 *   connect bind accept* listen   FD SOCKET SOCKADDR_LOCAL SOCKADDR_REMOTE ARG2 (backlog)
 *   sendto sendmsg sendmmsg       the same, DATA (512 bytes) for port 53; only to a peer new for the socket
 *   socket               REQUEST (domain) FLAGS (type) ARG2 (protocol)
 *   dup* fcntl           FD FD2 PATH FILE or SOCKET SOCKADDR_*; only where FD2 is 0, 1, 2
 *   mount umount2 fsopen fsconfig fsmount move_mount open_tree mount_setattr pivot_root
 *                        RAW (target) RAW2 (source) TYPE FLAGS DIR REQUEST NAME [PATH of the mount point]
 *   chroot chdir         RAW PATH
 *   setns unshare        FD FLAGS NS TASK
 *   capset set*id        CRED ARG2 ARG3 ARG4
 *   prctl seccomp        REQUEST ARG2 ARG3 FLAGS; security options only
 *   ptrace process_vm_* kill tkill tgkill pidfd_send_signal rt_*sigqueueinfo process_madvise
 *                        REQUEST or SIGNAL, TARGET_PID TARGET_START ARG2; kill only to another process
 *   bpf perf_event_open  REQUEST (command) ARG2 (type) NAME (program or map)
 *   init_module finit_module delete_module   NAME FD PATH FILE FLAGS; module_load NAME
 *   kexec_load kexec_file_load keyctl add_key request_key userfaultfd io_uring_setup memfd_create
 *                        REQUEST FLAGS NAME PATH ARG2
 *   mprotect             [OLD_PROT where a hook tells] ARG2 (new) ARG3 (address) ARG4 (length); only when PROT_EXEC is asked for
 *   mmap                 ARG2 (protection) ARG3 (address) ARG4 (length) FLAGS FD; only W and X at once
 *   io_uring_op          OPCODE PATH FILE FLAGS; opens and connects come as openat and connect with IO_URING
 *   cgroup_mkdir cgroup_rmdir cgroup_attach   CGROUP_ID CGROUP_PATH CGROUP_ROOT, attach: TARGET_PID
 *   oom_kill             TARGET_PID
 *   cap_capable          REQUEST (capability)
 *   lost                 LOST_TYPE LOST_CAUSE LOST_COUNT LOST_SINCE
 */

#ifndef __bpf__
_Static_assert(sizeof(struct sensor_wire) == 136, "wire header has no padding");
_Static_assert(sizeof(struct sensor_wire_param) == 8, "");
_Static_assert(sizeof(struct sensor_wire_file) == 64, "");
_Static_assert(sizeof(struct sensor_wire_cred) == 80, "");
#endif

#endif
