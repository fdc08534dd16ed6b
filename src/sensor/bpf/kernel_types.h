/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef PARKA_SENSOR_BPF_KERNEL_TYPES_H
#define PARKA_SENSOR_BPF_KERNEL_TYPES_H
/*
 * The kernel types that the BPF programs read: only the members used, found on the running kernel by
 * CO-RE (name, not offset). Nothing here comes from the BTF of the build machine. Where a member was renamed
 * or changed its shape, a flavour `struct x___vN` holds the other one and cites the commit. Included by
 * BPF programs only.
 */
typedef unsigned char __u8;
typedef signed char __s8;
typedef unsigned short __u16;
typedef short __s16;
typedef unsigned int __u32;
typedef int __s32;
typedef unsigned long long __u64;
typedef long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u64 __be64;
typedef __u32 __wsum;
typedef _Bool bool;
enum { false, true };
#define NULL ((void *)0)

/* include/uapi/linux/bpf.h: numbers of the kernel's ABI */
enum bpf_map_type {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_LRU_HASH = 9,
	BPF_MAP_TYPE_LRU_PERCPU_HASH = 10,
	BPF_MAP_TYPE_RINGBUF = 27,
};
enum { BPF_F_MMAPABLE = 1 << 10 };
enum { BPF_ANY, BPF_NOEXIST, BPF_EXIST };
enum { BPF_RB_NO_WAKEUP = 1, BPF_RB_FORCE_WAKEUP = 2 };
enum { BPF_RB_AVAIL_DATA = 0 };

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct list_head { struct list_head *next, *prev; };
struct hlist_node { struct hlist_node *next, **pprev; };
struct hlist_head { struct hlist_node *first; };
struct hlist_bl_node { struct hlist_bl_node *next, **pprev; };
typedef struct { int counter; } atomic_t;
typedef struct { __s64 counter; } atomic64_t;
typedef struct { __u32 val; } kuid_t;
typedef struct { __u32 val; } kgid_t;

/* arch/x86/include/asm/ptrace.h, thread_info.h */
struct pt_regs {
	unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax, ip;
};
struct thread_info { unsigned long flags; __u32 status; };

/* ---- namespaces and pids ---- */
struct ns_common { unsigned int inum; };
struct user_namespace { struct ns_common ns; struct user_namespace *parent; };
struct uts_namespace { struct ns_common ns; };
struct ipc_namespace { struct ns_common ns; };
struct net { struct ns_common ns; };
struct time_namespace { struct ns_common ns; };
struct cgroup_namespace { struct ns_common ns; };
struct mount;
struct mnt_namespace { struct ns_common ns; struct mount *root; };
struct xarray { void *xa_head; };
struct idr { struct xarray idr_rt; };
struct xa_node { unsigned char shift; void *slots[64]; };
struct task_struct;
struct pid_namespace { struct idr idr; struct task_struct *child_reaper; unsigned int level; struct ns_common ns; };
struct upid { int nr; struct pid_namespace *ns; };
struct pid { unsigned int level; struct hlist_head tasks[4]; struct upid numbers[1]; };
enum { PIDTYPE_PID, PIDTYPE_TGID, PIDTYPE_PGID, PIDTYPE_SID };
struct nsproxy {
	struct uts_namespace *uts_ns;
	struct ipc_namespace *ipc_ns;
	struct mnt_namespace *mnt_ns;
	struct net *net_ns;
	struct time_namespace *time_ns;
	struct cgroup_namespace *cgroup_ns;
};

/* ---- credentials ---- */
/* A 64-bit set on every kernel: two 32-bit words until f122a08b197d ("capability: just use a 'u64' instead of
 * a 'u32[2]' array", 6.3), one word since. Only its address is taken. */
typedef struct { __u64 bits; } kernel_cap_t;
struct cred {
	kuid_t uid; kgid_t gid;
	kuid_t suid; kgid_t sgid;
	kuid_t euid; kgid_t egid;
	kuid_t fsuid; kgid_t fsgid;
	unsigned int securebits;
	kernel_cap_t cap_inheritable, cap_permitted, cap_effective, cap_bset, cap_ambient;
	struct user_namespace *user_ns;
};

/* ---- files ---- */
struct dentry;
struct super_block;
struct qstr { __u32 hash, len; const unsigned char *name; };
struct inode {
	unsigned short i_mode;
	kuid_t i_uid;
	kgid_t i_gid;
	struct super_block *i_sb;
	unsigned long i_ino;
	unsigned int i_nlink;
	__u32 i_rdev;
	__s64 i_size;
	void *i_private;
};
struct timespec64 { __s64 tv_sec; long tv_nsec; };
/* Until 13bc24457850 ("fs: rename i_ctime field to __i_ctime", 6.6) and 12cd44023651 ("fs: rename inode i_atime
 * and i_mtime fields", 6.7). */
struct inode___v58 { struct timespec64 i_ctime, i_mtime; };
struct inode___v66 { struct timespec64 __i_ctime, __i_mtime; };
/* Since 3aa63a569c64 ("fs: switch timespec64 fields in inode to discrete integers", 6.11). */
struct inode___v611 { __s64 i_ctime_sec, i_mtime_sec; __u32 i_ctime_nsec, i_mtime_nsec; };
struct dentry {
	struct hlist_bl_node d_hash;
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
	struct super_block *d_sb;
};
struct file_system_type { const char *name; };
struct super_block {
	__u32 s_dev;
	unsigned long s_flags;
	unsigned long s_magic;
	struct dentry *s_root;
	struct file_system_type *s_type;
};
struct vfsmount { struct dentry *mnt_root; struct super_block *mnt_sb; int mnt_flags; };
struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
	struct mnt_namespace *mnt_ns;
};
struct path { struct vfsmount *mnt; struct dentry *dentry; };
struct file {
	struct path f_path;
	struct inode *f_inode;
	void *private_data;
	unsigned int f_mode;
	unsigned int f_flags;
};
struct fdtable { unsigned int max_fds; struct file **fd; };
struct files_struct { struct fdtable *fdt; };
struct fs_struct { struct path root, pwd; };
struct filename { const char *name; };

/* ---- programs ---- */
struct vm_area_struct { unsigned long vm_start, vm_end, vm_flags; };
struct mm_struct {
	unsigned long arg_start, arg_end, env_start, env_end;
	struct file *exe_file;
};
struct linux_binprm {
	unsigned int secureexec : 1;
	const char *filename, *interp, *fdpath;   /* fdpath: since "exec: Factor out alloc_bprm" (5.9) */
	char buf[256];
};

/* ---- tasks ---- */
struct tty_driver { int major, minor_start; short type; };
/* An enum since "tty: tty_driver: introduce TTY driver sub/types enums" (6.16); a short before. */
enum tty_driver_type { TTY_DRIVER_TYPE_SYSTEM };
struct tty_driver___v616 { enum tty_driver_type type; };
struct tty_struct { int index; struct tty_driver *driver; };
struct signal_struct {
	atomic_t live;
	int group_exit_code;
	unsigned int flags;
	struct pid *pids[4];
	struct tty_struct *tty;
};
struct seccomp { int mode; };
struct cgroup_root { int hierarchy_id; };
struct kernfs_node { __u64 id; };
struct cgroup { int level; struct kernfs_node *kn; struct cgroup_root *root; };
struct cgroup_subsys_state { struct cgroup *cgroup; };
struct css_set { struct cgroup_subsys_state *subsys[16]; struct cgroup *dfl_cgrp; };
struct task_struct {
	struct thread_info thread_info;
	void *stack;
	unsigned int flags;
	unsigned int ptrace;
	int exit_code;
	unsigned long atomic_flags;
	int pid, tgid;
	struct task_struct *real_parent, *parent, *group_leader;
	struct list_head ptraced;
	struct pid *thread_pid;
	struct hlist_node pid_links[4];
	__u64 start_boottime;
	__u64 self_exec_id;      /* grows with each exec; 64 bits since d1e7fd6462ca (5.7) */
	const struct cred *real_cred, *cred;
	char comm[16];
	struct fs_struct *fs;
	struct files_struct *files;
	struct nsproxy *nsproxy;
	struct signal_struct *signal;
	kuid_t loginuid;
	unsigned int sessionid;
	struct seccomp seccomp;
	struct css_set *cgroups;
	struct mm_struct *mm;
};
struct module { char name[56]; };

/* ---- sockets ---- */
struct in6_addr { __u8 s6_addr[16]; };
typedef struct { struct net *net; } possible_net_t;
struct sock_common {
	__be32 skc_daddr, skc_rcv_saddr;
	__be16 skc_dport;
	__u16 skc_num;
	unsigned short skc_family;
	volatile unsigned char skc_state;
	possible_net_t skc_net;
	struct in6_addr skc_v6_daddr, skc_v6_rcv_saddr;
	atomic64_t skc_cookie;
};
struct sock { struct sock_common __sk_common; __u16 sk_type; __u16 sk_protocol; };
/* Bit fields until bf9765145b85 ("sock: Make sk_protocol a 16-bit value", 5.6) only: below the floor of 5.8. */
struct socket { short type; struct sock *sk; };
struct sockaddr_un { unsigned short sun_family; };
struct unix_address { int len; struct sockaddr_un name[1]; };
struct unix_sock { struct unix_address *addr; struct sock *peer; };

/* ---- io_uring ---- */
struct io_kiocb { struct file *file; __u8 opcode; unsigned int flags; };
struct open_how { __u64 flags, mode, resolve; };
struct io_open { int dfd; __u32 file_slot; struct filename *filename; struct open_how how; };
struct io_unlink { int dfd, flags; struct filename *filename; };
struct io_mkdir { int dfd; unsigned short mode; struct filename *filename; };
struct io_rename { int old_dfd, new_dfd; struct filename *oldpath, *newpath; int flags; };
struct io_link { int old_dfd, new_dfd; struct filename *oldpath, *newpath; int flags; };
struct io_uring_cqe { __u64 user_data; __s32 res; __u32 flags; };

/* ---- iterators ---- */
struct seq_file;
struct bpf_iter_meta { struct seq_file *seq; __u64 session_id, seq_num; };
struct bpf_iter__task { struct bpf_iter_meta *meta; struct task_struct *task; };

#pragma clang attribute pop

#endif
