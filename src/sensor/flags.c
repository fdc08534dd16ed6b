/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/flags.h"
#include "base/mem.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define END { NULL, 0 }
#define SAME(name) { #name, name }

const struct sensor_flag sensor_open_flags[] = {
	{ "O_LARGEFILE", 1 << 11 }, { "O_DIRECTORY", 1 << 10 }, { "O_DIRECT", 1 << 9 }, { "O_TRUNC", 1 << 8 }, { "O_SYNC", 1 << 7 },
	{ "O_NONBLOCK", 1 << 6 }, { "O_EXCL", 1 << 5 }, { "O_DSYNC", 1 << 4 }, { "O_APPEND", 1 << 3 }, { "O_CREAT", 1 << 2 },
	{ "O_RDWR", 3 }, { "O_WRONLY", 2 }, { "O_RDONLY", 1 }, { "O_CLOEXEC", 1 << 12 }, { "O_TMPFILE", 1 << 13 },
	{ "O_F_CREATED", 1 << 14 }, END
};
const struct sensor_flag sensor_exec_flags[] = {
	{ "EXE_WRITABLE", 1 << 0 }, { "EXE_UPPER_LAYER", 1 << 1 }, { "EXE_FROM_MEMFD", 1 << 2 }, { "EXE_LOWER_LAYER", 1 << 3 }, END
};
const struct sensor_flag sensor_clone_flags[] = {
	SAME(CLONE_FILES), SAME(CLONE_FS), SAME(CLONE_IO), SAME(CLONE_NEWIPC), SAME(CLONE_NEWNET), SAME(CLONE_NEWNS),
	SAME(CLONE_NEWPID), SAME(CLONE_NEWUTS), SAME(CLONE_PARENT), SAME(CLONE_PARENT_SETTID), SAME(CLONE_PTRACE),
	SAME(CLONE_SIGHAND), SAME(CLONE_SYSVSEM), SAME(CLONE_THREAD), SAME(CLONE_UNTRACED), SAME(CLONE_VM),
	SAME(CLONE_NEWUSER), SAME(CLONE_CHILD_CLEARTID), SAME(CLONE_CHILD_SETTID), SAME(CLONE_SETTLS), SAME(CLONE_VFORK),
	SAME(CLONE_NEWCGROUP), { "CLONE_NEWTIME", 0x80 }, END
};
/* Types first, those with more bits before those that they hold. */
const struct sensor_flag sensor_mode_flags[] = {
	SAME(S_IFSOCK), SAME(S_IFLNK), SAME(S_IFBLK), SAME(S_IFREG), SAME(S_IFDIR), SAME(S_IFCHR), SAME(S_IFIFO),
	SAME(S_IXOTH), SAME(S_IWOTH), SAME(S_IROTH), SAME(S_IXGRP), SAME(S_IWGRP), SAME(S_IRGRP), SAME(S_IXUSR), SAME(S_IWUSR),
	SAME(S_IRUSR), SAME(S_ISVTX), SAME(S_ISGID), SAME(S_ISUID), END
};
const struct sensor_flag sensor_mount_flags[] = {
	{ "RDONLY", MS_RDONLY }, { "NOSUID", MS_NOSUID }, { "NODEV", MS_NODEV }, { "NOEXEC", MS_NOEXEC },
	{ "SYNCHRONOUS", MS_SYNCHRONOUS }, { "REMOUNT", MS_REMOUNT }, { "MANDLOCK", MS_MANDLOCK }, { "DIRSYNC", MS_DIRSYNC },
	{ "NOATIME", MS_NOATIME }, { "NODIRATIME", MS_NODIRATIME }, { "BIND", MS_BIND }, { "MOVE", MS_MOVE }, { "REC", MS_REC },
	{ "SILENT", MS_SILENT }, { "POSIXACL", MS_POSIXACL }, { "UNBINDABLE", MS_UNBINDABLE }, { "PRIVATE", MS_PRIVATE },
	{ "SLAVE", MS_SLAVE }, { "SHARED", MS_SHARED }, { "RELATIME", MS_RELATIME }, { "KERNMOUNT", MS_KERNMOUNT },
	{ "I_VERSION", MS_I_VERSION }, { "STRICTATIME", MS_STRICTATIME }, { "LAZYTIME", MS_LAZYTIME }, END
};
const struct sensor_flag sensor_umount_flags[] = {
	{ "FORCE", MNT_FORCE }, { "DETACH", MNT_DETACH }, { "EXPIRE", MNT_EXPIRE }, { "NOFOLLOW", UMOUNT_NOFOLLOW }, END
};
const struct sensor_flag sensor_unlink_flags[] = { SAME(AT_REMOVEDIR), END };
const struct sensor_flag sensor_link_flags[] = { SAME(AT_SYMLINK_FOLLOW), SAME(AT_EMPTY_PATH), END };
const struct sensor_flag sensor_rename_flags[] = { SAME(RENAME_NOREPLACE), SAME(RENAME_EXCHANGE), SAME(RENAME_WHITEOUT), END };
const struct sensor_flag sensor_families[] = {
	SAME(AF_NFC), SAME(AF_ALG), SAME(AF_CAIF), SAME(AF_IEEE802154), SAME(AF_PHONET), SAME(AF_ISDN), SAME(AF_RXRPC),
	SAME(AF_IUCV), SAME(AF_BLUETOOTH), SAME(AF_TIPC), SAME(AF_CAN), SAME(AF_LLC), SAME(AF_WANPIPE), SAME(AF_PPPOX),
	SAME(AF_IRDA), SAME(AF_SNA), SAME(AF_RDS), SAME(AF_ATMSVC), SAME(AF_ECONET), SAME(AF_ASH), SAME(AF_PACKET),
	SAME(AF_NETLINK), SAME(AF_KEY), SAME(AF_SECURITY), SAME(AF_NETBEUI), SAME(AF_DECnet), SAME(AF_ROSE), SAME(AF_INET6),
	SAME(AF_X25), SAME(AF_ATMPVC), SAME(AF_BRIDGE), SAME(AF_NETROM), SAME(AF_APPLETALK), SAME(AF_IPX), SAME(AF_AX25),
	SAME(AF_INET), SAME(AF_UNIX), SAME(AF_VSOCK), SAME(AF_KCM), SAME(AF_QIPCRTR), SAME(AF_SMC), SAME(AF_XDP),
	SAME(AF_UNSPEC), END
};
/* Numbers of <linux/ptrace.h> and of x86 (asm/ptrace-abi.h); sys/ptrace.h cannot be had beside the former. */
const struct sensor_flag sensor_ptrace_requests[] = {
	{ "PTRACE_TRACEME", 0 }, { "PTRACE_PEEKTEXT", 1 }, { "PTRACE_PEEKDATA", 2 }, { "PTRACE_PEEKUSR", 3 },
	{ "PTRACE_POKETEXT", 4 }, { "PTRACE_POKEDATA", 5 }, { "PTRACE_POKEUSR", 6 }, { "PTRACE_CONT", 7 }, { "PTRACE_KILL", 8 },
	{ "PTRACE_SINGLESTEP", 9 }, { "PTRACE_GETREGS", 12 }, { "PTRACE_SETREGS", 13 }, { "PTRACE_GETFPREGS", 14 },
	{ "PTRACE_SETFPREGS", 15 }, { "PTRACE_ATTACH", 16 }, { "PTRACE_DETACH", 17 }, { "PTRACE_GETFPXREGS", 18 },
	{ "PTRACE_SETFPXREGS", 19 }, { "PTRACE_OLDSETOPTIONS", 21 }, { "PTRACE_SYSCALL", 24 },
	{ "PTRACE_GET_THREAD_AREA", 25 }, { "PTRACE_SET_THREAD_AREA", 26 }, { "PTRACE_ARCH_PRCTL", 30 },
	{ "PTRACE_SYSEMU", 31 }, { "PTRACE_SYSEMU_SINGLESTEP", 32 }, { "PTRACE_SINGLEBLOCK", 33 },
	{ "PTRACE_SETOPTIONS", 0x4200 }, { "PTRACE_GETEVENTMSG", 0x4201 }, { "PTRACE_GETSIGINFO", 0x4202 },
	{ "PTRACE_SETSIGINFO", 0x4203 }, { "PTRACE_GETREGSET", 0x4204 }, { "PTRACE_SETREGSET", 0x4205 },
	{ "PTRACE_SEIZE", 0x4206 }, { "PTRACE_INTERRUPT", 0x4207 }, { "PTRACE_LISTEN", 0x4208 },
	{ "PTRACE_PEEKSIGINFO", 0x4209 }, { "PTRACE_GETSIGMASK", 0x420a }, { "PTRACE_SETSIGMASK", 0x420b }, END
};
const struct sensor_flag sensor_bpf_commands[] = {
	SAME(BPF_MAP_CREATE), SAME(BPF_MAP_LOOKUP_ELEM), SAME(BPF_MAP_UPDATE_ELEM), SAME(BPF_MAP_DELETE_ELEM),
	SAME(BPF_MAP_GET_NEXT_KEY), SAME(BPF_PROG_LOAD), SAME(BPF_OBJ_PIN), SAME(BPF_OBJ_GET), SAME(BPF_PROG_ATTACH),
	SAME(BPF_PROG_DETACH), SAME(BPF_PROG_TEST_RUN), SAME(BPF_PROG_GET_NEXT_ID), SAME(BPF_MAP_GET_NEXT_ID),
	SAME(BPF_PROG_GET_FD_BY_ID), SAME(BPF_MAP_GET_FD_BY_ID), SAME(BPF_OBJ_GET_INFO_BY_FD), SAME(BPF_PROG_QUERY),
	SAME(BPF_RAW_TRACEPOINT_OPEN), SAME(BPF_BTF_LOAD), SAME(BPF_BTF_GET_FD_BY_ID), SAME(BPF_TASK_FD_QUERY),
	SAME(BPF_MAP_LOOKUP_AND_DELETE_ELEM), SAME(BPF_MAP_FREEZE), SAME(BPF_BTF_GET_NEXT_ID), SAME(BPF_MAP_LOOKUP_BATCH),
	SAME(BPF_MAP_LOOKUP_AND_DELETE_BATCH), SAME(BPF_MAP_UPDATE_BATCH), SAME(BPF_MAP_DELETE_BATCH), SAME(BPF_LINK_CREATE),
	SAME(BPF_LINK_UPDATE), SAME(BPF_LINK_GET_FD_BY_ID), SAME(BPF_LINK_GET_NEXT_ID), SAME(BPF_ENABLE_STATS),
	SAME(BPF_ITER_CREATE), SAME(BPF_LINK_DETACH), SAME(BPF_PROG_BIND_MAP), END
};
const struct sensor_flag sensor_prot_flags[] = {
	SAME(PROT_READ), SAME(PROT_WRITE), SAME(PROT_EXEC), { "PROT_SEM", 8 }, SAME(PROT_GROWSDOWN), SAME(PROT_GROWSUP), END
};
const struct sensor_flag sensor_signals[] = {
	SAME(SIGHUP), SAME(SIGINT), SAME(SIGQUIT), SAME(SIGILL), SAME(SIGTRAP), SAME(SIGABRT), SAME(SIGBUS), SAME(SIGFPE),
	SAME(SIGKILL), SAME(SIGUSR1), SAME(SIGSEGV), SAME(SIGUSR2), SAME(SIGPIPE), SAME(SIGALRM), SAME(SIGTERM),
	{ "SIGSTKFLT", 16 }, SAME(SIGCHLD), SAME(SIGCONT), SAME(SIGSTOP), SAME(SIGTSTP), SAME(SIGTTIN), SAME(SIGTTOU),
	SAME(SIGURG), SAME(SIGXCPU), SAME(SIGXFSZ), SAME(SIGVTALRM), SAME(SIGPROF), SAME(SIGWINCH), SAME(SIGIO), SAME(SIGPWR),
	SAME(SIGSYS), END
};
const struct sensor_flag sensor_prctl_options[] = {
	SAME(PR_SET_PDEATHSIG), SAME(PR_SET_DUMPABLE), SAME(PR_SET_KEEPCAPS), SAME(PR_SET_NAME), SAME(PR_SET_SECCOMP),
	SAME(PR_CAPBSET_DROP), SAME(PR_SET_SECUREBITS), SAME(PR_SET_MM), SAME(PR_SET_PTRACER), SAME(PR_SET_CHILD_SUBREAPER),
	SAME(PR_SET_NO_NEW_PRIVS), SAME(PR_CAP_AMBIENT), SAME(PR_SET_SPECULATION_CTRL), END
};
const struct sensor_flag sensor_socket_types[] = {
	SAME(SOCK_STREAM), SAME(SOCK_DGRAM), SAME(SOCK_RAW), SAME(SOCK_RDM), SAME(SOCK_SEQPACKET), SAME(SOCK_DCCP), SAME(SOCK_PACKET), END
};
const struct sensor_flag sensor_memfd_flags[] = {
	SAME(MFD_CLOEXEC), SAME(MFD_ALLOW_SEALING), SAME(MFD_HUGETLB), { "MFD_NOEXEC_SEAL", 8 }, { "MFD_EXEC", 16 }, END
};
const struct sensor_flag sensor_resolve_flags[] = {
	{ "RESOLVE_BENEATH", 8 }, { "RESOLVE_IN_ROOT", 16 }, { "RESOLVE_NO_MAGICLINKS", 2 }, { "RESOLVE_NO_SYMLINKS", 4 },
	{ "RESOLVE_NO_XDEV", 1 }, { "RESOLVE_CACHED", 32 }, END
};
const struct sensor_flag sensor_module_flags[] = {
	{ "MODULE_INIT_IGNORE_MODVERSIONS", 1 }, { "MODULE_INIT_IGNORE_VERMAGIC", 2 }, { "MODULE_INIT_COMPRESSED_FILE", 4 }, END
};
const struct sensor_flag sensor_userfault_flags[] = {
	{ "O_CLOEXEC", O_CLOEXEC }, { "O_NONBLOCK", O_NONBLOCK }, { "UFFD_USER_MODE_ONLY", 1 }, END
};
const struct sensor_flag sensor_xattr_flags[] = { { "XATTR_CREATE", 1 }, { "XATTR_REPLACE", 2 }, END };
const struct sensor_flag sensor_fsconfig_commands[] = {
	{ "FSCONFIG_SET_FLAG", 0 }, { "FSCONFIG_SET_STRING", 1 }, { "FSCONFIG_SET_BINARY", 2 }, { "FSCONFIG_SET_PATH", 3 },
	{ "FSCONFIG_SET_PATH_EMPTY", 4 }, { "FSCONFIG_SET_FD", 5 }, { "FSCONFIG_CMD_CREATE", 6 },
	{ "FSCONFIG_CMD_RECONFIGURE", 7 }, END
};
const struct sensor_flag sensor_seccomp_operations[] = {
	{ "SECCOMP_SET_MODE_STRICT", 0 }, { "SECCOMP_SET_MODE_FILTER", 1 }, { "SECCOMP_GET_ACTION_AVAIL", 2 },
	{ "SECCOMP_GET_NOTIF_SIZES", 3 }, END
};

static const char *const capabilities[SENSOR_CAPABILITIES] = {
	"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID", "CAP_SETUID",
	"CAP_SETPCAP", "CAP_LINUX_IMMUTABLE", "CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST", "CAP_NET_ADMIN", "CAP_NET_RAW",
	"CAP_IPC_LOCK", "CAP_IPC_OWNER", "CAP_SYS_MODULE", "CAP_SYS_RAWIO", "CAP_SYS_CHROOT", "CAP_SYS_PTRACE", "CAP_SYS_PACCT",
	"CAP_SYS_ADMIN", "CAP_SYS_BOOT", "CAP_SYS_NICE", "CAP_SYS_RESOURCE", "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_MKNOD",
	"CAP_LEASE", "CAP_AUDIT_WRITE", "CAP_AUDIT_CONTROL", "CAP_SETFCAP", "CAP_MAC_OVERRIDE", "CAP_MAC_ADMIN", "CAP_SYSLOG",
	"CAP_WAKE_ALARM", "CAP_BLOCK_SUSPEND", "CAP_AUDIT_READ", "CAP_PERFMON", "CAP_BPF", "CAP_CHECKPOINT_RESTORE",
};

const char *sensor_capability_name(unsigned capability)
{
	return capability < SENSOR_CAPABILITIES ? capabilities[capability] : NULL;
}

void sensor_flags_print(const struct sensor_flag *table, int is_enum, uint64_t value, char *out, size_t size)
{
	size_t len = 0;

	out[0] = '\0';
	for (; table->name; table++) {
		size_t n = strlen(table->name);

		if (is_enum ? table->value != value : !table->value || (value & table->value) != table->value)
			continue;
		if (len + n + 2 > size)
			return;
		if (len)
			out[len++] = '|';
		memcpy(out + len, table->name, n + 1);
		len += n;
		if (is_enum)
			return;
		value &= ~table->value;
	}
}

uint32_t sensor_open_flags_of(uint64_t flags, int created)
{
	static const struct { uint64_t kernel; uint32_t falco; } pairs[] = {
		{ O_CREAT, 1 << 2 }, { O_APPEND, 1 << 3 }, { O_DSYNC, 1 << 4 }, { O_EXCL, 1 << 5 }, { O_NONBLOCK, 1 << 6 },
		{ O_SYNC, 1 << 7 }, { O_TRUNC, 1 << 8 }, { O_DIRECT, 1 << 9 }, { O_DIRECTORY, 1 << 10 }, { O_CLOEXEC, 1 << 12 },
		{ O_TMPFILE, 1 << 13 },
	};
	uint32_t out = (flags & O_ACCMODE) == O_RDWR ? 3 : (flags & O_ACCMODE) == O_WRONLY ? 2 : 1;

	for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
		if ((flags & pairs[i].kernel) == pairs[i].kernel)
			out |= pairs[i].falco;
	return out | (created ? 1u << 14 : 0);
}
