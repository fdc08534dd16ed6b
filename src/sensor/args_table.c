/* SPDX-License-Identifier: Apache-2.0 */
/* Which arguments an event has, in Falco's order and by Falco's names (falcosecurity/libs, the event table of 0.25). */
#include "model/event.h"
#include "sensor/args.h"

#define RES { "res", SENSOR_ARG_RES }
#define FD_RET { "fd", SENSOR_ARG_FD_RET }
#define FD(name) { name, SENSOR_ARG_FD, SENSOR_P_FD }
#define FD2(name) { name, SENSOR_ARG_FD, SENSOR_P_FD2 }
#define DIRFD(name) { name, SENSOR_ARG_DIRFD, SENSOR_P_DIRFD }
#define DIRFD2(name) { name, SENSOR_ARG_DIRFD, SENSOR_P_DIRFD2 }
#define PATH(name) { name, SENSOR_ARG_PATH, SENSOR_P_RAW }
#define PATH2(name) { name, SENSOR_ARG_PATH2, SENSOR_P_RAW2 }
#define TEXT(name, p) { name, SENSOR_ARG_TEXT, SENSOR_P_##p }
#define FLAGS(name, table) { name, SENSOR_ARG_FLAGS, SENSOR_P_FLAGS, 0, table }
#define MODE { "mode", SENSOR_ARG_MODE, SENSOR_P_MODE, 0, sensor_mode_flags }
#define OCT { "mode", SENSOR_ARG_OCT, SENSOR_P_MODE }
#define DEC(name, p) { name, SENSOR_ARG_DEC, SENSOR_P_##p }
#define HEX(name, p) { name, SENSOR_ARG_HEX, SENSOR_P_##p }
#define ENUM(name, p, table) { name, SENSOR_ARG_ENUM, SENSOR_P_##p, 0, table }
#define NUMFLAGS(name, p, table) { name, SENSOR_ARG_FLAGS, SENSOR_P_##p, 0, table }
#define UID(name, p) { name, SENSOR_ARG_UID, SENSOR_P_##p }
#define GID(name, p) { name, SENSOR_ARG_GID, SENSOR_P_##p }
#define DEV { "dev", SENSOR_ARG_DEV, SENSOR_P_FILE }
#define INO { "ino", SENSOR_ARG_INO, SENSOR_P_FILE }
#define OPEN { "flags", SENSOR_ARG_OPEN_FLAGS, SENSOR_P_FLAGS, 0, sensor_open_flags }
#define EXECF { "flags", SENSOR_ARG_EXEC_FLAGS, SENSOR_P_FILE, 0, sensor_exec_flags }
#define TUPLE { "tuple", SENSOR_ARG_TUPLE, SENSOR_P_SOCKET }
#define ADDR(p) { "addr", SENSOR_ARG_ADDR, SENSOR_P_##p }
#define FIELD(name, f) { name, SENSOR_ARG_FIELD, 0, MODEL_F_##f }
#define ARGS(name, ...) static const struct sensor_arg name[] = { __VA_ARGS__ }

ARGS(args_open, FD_RET, PATH("name"), OPEN, OCT, DEV, INO);
ARGS(args_openat, FD_RET, DIRFD("dirfd"), PATH("name"), OPEN, OCT, DEV, INO);
ARGS(args_openat2, FD_RET, DIRFD("dirfd"), PATH("name"), OPEN, OCT, NUMFLAGS("resolve", ARG2, sensor_resolve_flags), DEV, INO);
ARGS(args_creat, FD_RET, PATH("name"), OCT, DEV, INO, OPEN);
ARGS(args_handle, FD_RET, FD("mountfd"), OPEN, FIELD("path", FD_NAME), DEV, INO);
ARGS(args_exec, RES, FIELD("exe", PROC_EXE), FIELD("args", PROC_ARGS), FIELD("tid", THREAD_TID), FIELD("pid", PROC_PID),
     FIELD("ptid", PROC_PPID), FIELD("cwd", PROC_CWD), FIELD("comm", PROC_NAME), FIELD("cgroups", PROC_CGROUP),
     FIELD("env", PROC_ENV), FIELD("tty", PROC_TTY), FIELD("pgid", PROC_PGID), FIELD("loginuid", USER_LOGINUID), EXECF,
     FIELD("cap_inheritable", THREAD_CAP_INHERITABLE), FIELD("cap_permitted", THREAD_CAP_PERMITTED),
     FIELD("cap_effective", THREAD_CAP_EFFECTIVE), FIELD("exe_ino", PROC_EXE_INO), FIELD("exe_ino_ctime", PROC_EXE_INO_CTIME),
     FIELD("exe_ino_mtime", PROC_EXE_INO_MTIME), FIELD("uid", USER_UID), FIELD("trusted_exepath", PROC_EXEPATH),
     FIELD("gid", GROUP_GID), TEXT("filename", FILENAME));
ARGS(args_clone, RES, FIELD("exe", PROC_EXE), FIELD("args", PROC_ARGS), FIELD("tid", THREAD_TID), FIELD("pid", PROC_PID),
     FIELD("ptid", PROC_PPID), FIELD("cwd", PROC_CWD), FIELD("comm", PROC_NAME), FIELD("cgroups", PROC_CGROUP),
     FLAGS("flags", sensor_clone_flags), FIELD("uid", USER_UID), FIELD("gid", GROUP_GID), FIELD("vtid", THREAD_VTID),
     FIELD("vpid", PROC_VPID), DEC("child_pid", CHILD_PID), DEC("child_tid", CHILD_TID));
ARGS(args_exit, DEC("status", EXIT_CODE));
ARGS(args_rename_task, TEXT("comm", NAME));
ARGS(args_rename, RES, PATH("oldpath"), PATH2("newpath"));
ARGS(args_renameat, RES, DIRFD("olddirfd"), PATH("oldpath"), DIRFD2("newdirfd"), PATH2("newpath"));
ARGS(args_renameat2, RES, DIRFD("olddirfd"), PATH("oldpath"), DIRFD2("newdirfd"), PATH2("newpath"), FLAGS("flags", sensor_rename_flags));
ARGS(args_linkat, RES, DIRFD("olddir"), PATH("oldpath"), DIRFD2("newdir"), PATH2("newpath"), FLAGS("flags", sensor_link_flags));
ARGS(args_symlink, RES, TEXT("target", RAW), PATH2("linkpath"));
ARGS(args_symlinkat, RES, TEXT("target", RAW), DIRFD2("linkdirfd"), PATH2("linkpath"));
ARGS(args_unlink, RES, PATH("path"));
ARGS(args_unlinkat, RES, DIRFD("dirfd"), PATH("name"), FLAGS("flags", sensor_unlink_flags));
ARGS(args_mkdir, RES, PATH("path"), OCT);
ARGS(args_mkdirat, RES, DIRFD("dirfd"), PATH("path"), OCT);
ARGS(args_mknod, RES, PATH("path"), MODE, HEX("dev", ARG2));
ARGS(args_mknodat, RES, DIRFD("dirfd"), PATH("path"), MODE, HEX("dev", ARG2));
ARGS(args_chmod, RES, PATH("filename"), MODE);
ARGS(args_fchmod, RES, FD("fd"), MODE);
ARGS(args_fchmodat, RES, DIRFD("dirfd"), PATH("filename"), MODE);
ARGS(args_chown, RES, PATH("path"), UID("uid", ARG2), GID("gid", ARG3));
ARGS(args_fchown, RES, FD("fd"), UID("uid", ARG2), GID("gid", ARG3));
ARGS(args_fchownat, RES, DIRFD("dirfd"), PATH("pathname"), UID("uid", ARG2), GID("gid", ARG3), FLAGS("flags", sensor_link_flags));
ARGS(args_truncate, RES, PATH("path"), DEC("length", ARG2));
ARGS(args_ftruncate, RES, FD("fd"), DEC("length", ARG2));
ARGS(args_splice, RES, FD("fd_in"), DEC("len", ARG2));
ARGS(args_xattr, RES, PATH("path"), TEXT("name", NAME), FLAGS("flags", sensor_xattr_flags));
ARGS(args_fxattr, RES, FD("fd"), TEXT("name", NAME), FLAGS("flags", sensor_xattr_flags));
ARGS(args_socket, FD_RET, ENUM("domain", REQUEST, sensor_families), { "type", SENSOR_ARG_DEC, SENSOR_P_FLAGS }, DEC("proto", ARG2));
ARGS(args_connect, RES, TUPLE, FD("fd"), ADDR(SOCKADDR_REMOTE));
ARGS(args_accept, FD_RET, TUPLE, DEC("queuemax", ARG2));
ARGS(args_bind, RES, ADDR(SOCKADDR_LOCAL), FD("fd"));
ARGS(args_listen, RES, FD("fd"), DEC("backlog", ARG2));
ARGS(args_send, RES, FIELD("data", EVT_BUFFER), FD("fd"), { "size", SENSOR_ARG_SIZE, SENSOR_P_DATA }, TUPLE);
ARGS(args_dup, RES, FD("oldfd"));
ARGS(args_dup2, RES, FD("oldfd"), FD2("newfd"));
ARGS(args_fcntl, RES, FD("fd"), DEC("cmd", REQUEST));
ARGS(args_mount, RES, TEXT("dev", RAW2), PATH("dir"), TEXT("type", TYPE), FLAGS("flags", sensor_mount_flags));
ARGS(args_umount, RES, PATH("name"), FLAGS("flags", sensor_umount_flags));
ARGS(args_move_mount, RES, PATH("dir"), PATH2("source"), HEX("flags", FLAGS));
ARGS(args_open_tree, FD_RET, DIRFD("dirfd"), PATH("path"), HEX("flags", FLAGS));
ARGS(args_fsopen, FD_RET, TEXT("type", TYPE), HEX("flags", FLAGS));
ARGS(args_fsconfig, RES, FD("fd"), ENUM("cmd", REQUEST, sensor_fsconfig_commands), TEXT("key", NAME), TEXT("value", RAW2));
ARGS(args_fsmount, FD_RET, FD("fs_fd"), HEX("flags", FLAGS));
ARGS(args_pivot_root, RES, PATH("new_root"), PATH2("put_old"));
ARGS(args_chroot, RES, PATH("path"));
ARGS(args_setns, RES, FD("fd"), FLAGS("nstype", sensor_clone_flags));
ARGS(args_unshare, RES, FLAGS("flags", sensor_clone_flags));
ARGS(args_setuid, RES, UID("uid", ARG2));
ARGS(args_setgid, RES, GID("gid", ARG2));
ARGS(args_setreuid, RES, UID("ruid", ARG2), UID("euid", ARG3));
ARGS(args_setregid, RES, GID("rgid", ARG2), GID("egid", ARG3));
ARGS(args_setresuid, RES, UID("ruid", ARG2), UID("euid", ARG3), UID("suid", ARG4));
ARGS(args_setresgid, RES, GID("rgid", ARG2), GID("egid", ARG3), GID("sgid", ARG4));
ARGS(args_capset, RES, FIELD("cap_inheritable", THREAD_CAP_INHERITABLE), FIELD("cap_permitted", THREAD_CAP_PERMITTED),
     FIELD("cap_effective", THREAD_CAP_EFFECTIVE));
ARGS(args_prctl, RES, ENUM("option", REQUEST, sensor_prctl_options), DEC("arg2", ARG2), DEC("arg3", ARG3));
ARGS(args_seccomp, RES, ENUM("op", REQUEST, sensor_seccomp_operations), HEX("flags", FLAGS));
ARGS(args_ptrace, RES, ENUM("request", REQUEST, sensor_ptrace_requests), DEC("pid", TARGET_PID), HEX("addr", ARG2));
ARGS(args_vm, RES, DEC("pid", TARGET_PID), DEC("size", ARG2));
ARGS(args_kill, RES, DEC("pid", TARGET_PID), ENUM("sig", SIGNAL, sensor_signals));
ARGS(args_tgkill, RES, DEC("pid", TARGET_PID), DEC("tid", ARG2), ENUM("sig", SIGNAL, sensor_signals));
ARGS(args_bpf, { "fd", SENSOR_ARG_FD_RET }, ENUM("cmd", REQUEST, sensor_bpf_commands), DEC("type", ARG2), TEXT("name", NAME));
ARGS(args_perf, FD_RET, DEC("type", ARG2), DEC("pid", TARGET_PID));
ARGS(args_init_module, RES, TEXT("name", NAME));
ARGS(args_finit_module, RES, FD("fd"), TEXT("name", NAME), FLAGS("flags", sensor_module_flags));
ARGS(args_delete_module, RES, TEXT("name", NAME), HEX("flags", FLAGS));
ARGS(args_named, RES, TEXT("name", NAME), HEX("flags", FLAGS));
ARGS(args_keyctl, RES, DEC("cmd", REQUEST), TEXT("name", NAME));
ARGS(args_userfault, RES, FLAGS("flags", sensor_userfault_flags));
ARGS(args_memfd, FD_RET, TEXT("name", NAME), FLAGS("flags", sensor_memfd_flags));
ARGS(args_uring, RES, DEC("entries", ARG2), HEX("flags", FLAGS));
ARGS(args_uring_op, RES, DEC("opcode", OPCODE), HEX("flags", FLAGS));
ARGS(args_mprotect, RES, HEX("addr", ARG3), NUMFLAGS("prot", ARG2, sensor_prot_flags), NUMFLAGS("old_prot", OLD_PROT, sensor_prot_flags));
ARGS(args_cgroup, DEC("id", CGROUP_ID), TEXT("path", CGROUP_PATH), DEC("pid", TARGET_PID));
ARGS(args_oom, DEC("pid", TARGET_PID));
ARGS(args_chdir, RES, PATH("path"));
ARGS(args_capable, RES, DEC("cap", REQUEST));

#define LIST(id, args) [MODEL_EVT_##id] = { args, ARRAY_LEN(args) }
static const struct { const struct sensor_arg *args; size_t n; } lists[MODEL_EVT_MAX] = {
	LIST(OPEN, args_open), LIST(OPENAT, args_openat), LIST(OPENAT2, args_openat2), LIST(CREAT, args_creat),
	LIST(OPEN_BY_HANDLE_AT, args_handle), LIST(EXECVE, args_exec), LIST(EXECVEAT, args_exec), LIST(CLONE, args_clone),
	LIST(CLONE3, args_clone), LIST(FORK, args_clone), LIST(VFORK, args_clone), LIST(PROCEXIT, args_exit),
	LIST(TASK_RENAME, args_rename_task), LIST(RENAME, args_rename), LIST(RENAMEAT, args_renameat),
	LIST(RENAMEAT2, args_renameat2), LIST(LINK, args_rename), LIST(LINKAT, args_linkat), LIST(SYMLINK, args_symlink),
	LIST(SYMLINKAT, args_symlinkat), LIST(UNLINK, args_unlink), LIST(UNLINKAT, args_unlinkat), LIST(RMDIR, args_unlink),
	LIST(MKDIR, args_mkdir), LIST(MKDIRAT, args_mkdirat), LIST(MKNOD, args_mknod), LIST(MKNODAT, args_mknodat),
	LIST(CHMOD, args_chmod), LIST(FCHMOD, args_fchmod), LIST(FCHMODAT, args_fchmodat), LIST(FCHMODAT2, args_fchmodat),
	LIST(CHOWN, args_chown), LIST(LCHOWN, args_chown), LIST(FCHOWN, args_fchown), LIST(FCHOWNAT, args_fchownat),
	LIST(CHOWN32, args_chown), LIST(LCHOWN32, args_chown), LIST(FCHOWN32, args_fchown),
	LIST(SPLICE, args_splice), LIST(TRUNCATE, args_truncate), LIST(FTRUNCATE, args_ftruncate), LIST(SETXATTR, args_xattr), LIST(LSETXATTR, args_xattr),
	LIST(FSETXATTR, args_fxattr), LIST(REMOVEXATTR, args_xattr), LIST(LREMOVEXATTR, args_xattr),
	LIST(FREMOVEXATTR, args_fxattr), LIST(SOCKET, args_socket), LIST(CONNECT, args_connect), LIST(ACCEPT, args_accept),
	LIST(ACCEPT4, args_accept), LIST(BIND, args_bind), LIST(LISTEN, args_listen), LIST(SENDTO, args_send),
	LIST(SENDMSG, args_send), LIST(SENDMMSG, args_send), LIST(DNS, args_send), LIST(DUP, args_dup), LIST(DUP2, args_dup2),
	LIST(DUP3, args_dup2), LIST(FCNTL, args_fcntl), LIST(MOUNT, args_mount), LIST(UMOUNT2, args_umount),
	LIST(UMOUNT, args_umount), LIST(MOVE_MOUNT, args_move_mount), LIST(OPEN_TREE, args_open_tree), LIST(FSOPEN, args_fsopen),
	LIST(FSCONFIG, args_fsconfig), LIST(FSMOUNT, args_fsmount), LIST(MOUNT_SETATTR, args_open_tree),
	LIST(PIVOT_ROOT, args_pivot_root), LIST(CHROOT, args_chroot), LIST(CHDIR, args_chdir), LIST(SETNS, args_setns),
	LIST(UNSHARE, args_unshare), LIST(SETUID, args_setuid), LIST(SETGID, args_setgid), LIST(SETUID32, args_setuid),
	LIST(SETGID32, args_setgid), LIST(SETFSUID, args_setuid), LIST(SETFSGID, args_setgid), LIST(SETREUID, args_setreuid),
	LIST(SETREGID, args_setregid), LIST(SETREUID32, args_setreuid), LIST(SETREGID32, args_setregid),
	LIST(SETRESUID, args_setresuid), LIST(SETRESGID, args_setresgid), LIST(SETRESUID32, args_setresuid),
	LIST(SETRESGID32, args_setresgid), LIST(CAPSET, args_capset), LIST(PRCTL, args_prctl), LIST(SECCOMP, args_seccomp),
	LIST(PTRACE, args_ptrace), LIST(PROCESS_VM_READV, args_vm), LIST(PROCESS_VM_WRITEV, args_vm),
	LIST(PROCESS_MADVISE, args_vm), LIST(KILL, args_kill), LIST(TKILL, args_kill), LIST(TGKILL, args_tgkill),
	LIST(PIDFD_SEND_SIGNAL, args_kill), LIST(RT_SIGQUEUEINFO, args_kill), LIST(RT_TGSIGQUEUEINFO, args_tgkill),
	LIST(BPF, args_bpf), LIST(PERF_EVENT_OPEN, args_perf), LIST(INIT_MODULE, args_init_module),
	LIST(FINIT_MODULE, args_finit_module), LIST(DELETE_MODULE, args_delete_module), LIST(MODULE_LOAD, args_init_module),
	LIST(KEXEC_LOAD, args_named), LIST(KEXEC_FILE_LOAD, args_named), LIST(ADD_KEY, args_named), LIST(REQUEST_KEY, args_named),
	LIST(KEYCTL, args_keyctl), LIST(USERFAULTFD, args_userfault), LIST(MEMFD_CREATE, args_memfd),
	LIST(IO_URING_SETUP, args_uring), LIST(IO_URING_OP, args_uring_op), LIST(MPROTECT, args_mprotect),
	LIST(PKEY_MPROTECT, args_mprotect), LIST(MMAP, args_mprotect),
	LIST(CGROUP_MKDIR, args_cgroup), LIST(CGROUP_RMDIR, args_cgroup), LIST(CGROUP_ATTACH, args_cgroup), LIST(OOM_KILL, args_oom),
	LIST(CAP_CAPABLE, args_capable),
};

size_t sensor_args_of(enum model_event_type type, const struct sensor_arg **ret)
{
	if (type >= MODEL_EVT_MAX)
		return 0;
	*ret = lists[type].args;
	return lists[type].n;
}
