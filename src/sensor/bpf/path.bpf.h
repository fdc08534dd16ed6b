/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef PARKA_SENSOR_BPF_PATH_H
#define PARKA_SENSOR_BPF_PATH_H
/*
 * Paths as the kernel resolved them: from a dentry up to the task's root, over mounts. And what
 * a file is: struct sensor_wire_file.
 */
#include "begin.bpf.h"

enum {
	PATH_STEPS = 56,         /* components and mounts crossed */
	PATH_COMPONENTS = 40,
	PATH_BIND_STEPS = 16,
	NAME_BYTES = 256,
	PATH_BYTES = 4096,
	SB_NOUSER_BIT = 31,      /* include/linux/fs.h: a file system of the kernel's own, never mounted by people */
	FMODE_CREATED_BIT = 1 << 20,
};
/* A mark in the nanoseconds since "fs: add infrastructure for multigrain timestamps" (6.13): somebody asked. */
#define CTIME_QUERIED (1U << 31)
#define MAGIC_PIPE 0x50495045
#define MAGIC_SOCK 0x534F434B
#define MAGIC_ANON 0x09041934
#define MAGIC_NSFS 0x6e736673
#define MAGIC_PIDFS 0x50494446
#define MAGIC_OVERLAY 0x794c7630

static __always_inline struct mount *mount_of(__u64 vfsmount)
{
	return AT(mount, vfsmount - bpf_core_field_offset(struct mount, mnt));
}

static __always_inline struct file *file_of_fd(struct task_struct *task, __s64 fd)
{
	struct fdtable *table = PEEK(AT(task_struct, task), files, fdt);
	struct file **fds = PEEK(table, fd);
	struct file *file = NULL;

	if (fd < 0 || fd >= PEEK(table, max_fds))
		return NULL;
	bpf_probe_read_kernel(&file, sizeof(file), fds + fd);
	return file;
}

/* Append one NUL-terminated component at the end of the walk; false when there is no room. */
static __always_inline bool walk_name(struct slot *s, const unsigned char *name)
{
	__u32 off = s->off;
	long len;

	if (off > sizeof(s->buf) - NAME_BYTES)
		return false;
	len = bpf_probe_read_kernel_str(&s->buf[off], NAME_BYTES, name);
	if (len <= 0) {
		s->flags |= SENSOR_WIRE_UNRESOLVED;
		return false;
	}
	s->off = off + len;
	return true;
}

/* pipe:, socket:, anon_inode:[eventpoll], memfd:name */
static __always_inline void walk_anon(struct slot *s, struct dentry *dentry, unsigned long magic)
{
	__u32 off = s->off;

	if (off > sizeof(s->buf) - NAME_BYTES)
		return;
	if (magic == MAGIC_PIPE) {
		__builtin_memcpy(&s->buf[off], "pipe:", 6);
		s->off = off + 6;
	} else if (magic == MAGIC_SOCK) {
		__builtin_memcpy(&s->buf[off], "socket:", 8);
		s->off = off + 8;
	} else if (magic == MAGIC_NSFS) {
		__builtin_memcpy(&s->buf[off], "nsfs:", 6);
		s->off = off + 6;
	} else if (magic == MAGIC_PIDFS) {
		__builtin_memcpy(&s->buf[off], "pidfd:", 7);
		s->off = off + 7;
	} else {
		if (magic == MAGIC_ANON) {
			__builtin_memcpy(&s->buf[off], "anon_inode:", 11);
			s->off = off + 11;
		}
		walk_name(s, PEEK(dentry, d_name.name));
	}
	s->walk_n = s->walk_first = 1;
	s->walk_flags |= SENSOR_PATH_ANON;
}

static __always_inline void walk_up(struct slot *s, struct mount *mount, struct dentry *dentry, __u32 start)
{
	struct dentry *root_dentry = (struct dentry *)s->root_dentry, *parent;
	struct mount *root_mount = (struct mount *)(s->root_mnt - bpf_core_field_offset(struct mount, mnt)), *above;
	struct dentry *top = PEEK(mount, mnt.mnt_root);

	for (int i = 0; i < PATH_STEPS; i++) {
		if (dentry == root_dentry && mount == root_mount)
			return;
		if (dentry == top) {
			above = PEEK(mount, mnt_parent);
			if (s->walk_first == ~0U)
				s->walk_first = s->walk_n;
			if (above == mount) {
				s->walk_flags |= (__u64)PEEK(mount, mnt_ns) == s->mnt_ns
							 ? SENSOR_PATH_OUTSIDE_ROOT : SENSOR_PATH_DETACHED;
				return;
			}
			dentry = PEEK(mount, mnt_mountpoint);
			mount = above;
			top = PEEK(mount, mnt.mnt_root);
			continue;
		}
		block_read(s, dentry, DENTRY_BYTES);
		parent = MEMBER(s, dentry, struct dentry *, d_parent);
		if (parent == dentry || !parent) {
			s->walk_flags |= SENSOR_PATH_DETACHED;
			if (s->walk_first == ~0U)
				s->walk_flags |= SENSOR_PATH_LOOSE;
			return;
		}
		if (s->walk_n >= PATH_COMPONENTS || s->off - start > PATH_BYTES - NAME_BYTES ||
		    !walk_name(s, MEMBER(s, dentry, const unsigned char *, d_name.name)))
			break;
		s->walk_n++;
		dentry = parent;
	}
	s->walk_flags |= s->walk_first == ~0U ? SENSOR_PATH_CUT | SENSOR_PATH_LOOSE : SENSOR_PATH_CUT;
}

/* The rest of the way to the file system's root: there is one where the mount, or the task's root in it, shows a subtree. */
static __always_inline void walk_bind(struct slot *s, struct mount *mount)
{
	struct dentry *root_dentry = (struct dentry *)s->root_dentry, *parent;
	struct dentry *dentry = s->walk_first == ~0U ? AT(dentry, s->root_dentry) : PEEK(mount, mnt.mnt_root);
	struct dentry *top = PEEK(mount, mnt.mnt_sb, s_root), *first_root = (struct dentry *)s->first_root;
	__u32 n = s->walk_first == ~0U ? s->walk_n : s->walk_first;

	if (s->walk_flags & SENSOR_PATH_LOOSE)
		return;
	if (dentry != top)
		s->walk_flags |= SENSOR_PATH_BIND;
	for (int i = 0; i < PATH_BIND_STEPS; i++) {
		if (dentry == root_dentry || dentry == first_root)
			s->walk_flags = (s->walk_flags & 255) | (n + s->walk_bind + 1) << SENSOR_PATH_ROOT_SHIFT;
		if (dentry == top)
			return;
		parent = PEEK(dentry, d_parent);
		if (parent == dentry) {
			s->walk_flags |= SENSOR_PATH_LOOSE;   /* a subvolume may have a root of its own */
			return;
		}
		if (!walk_name(s, PEEK(dentry, d_name.name)))
			break;
		s->walk_bind++;
		dentry = parent;
	}
	s->walk_flags |= SENSOR_PATH_CUT | SENSOR_PATH_LOOSE;
}

static __always_inline bool is_deleted(struct dentry *dentry)
{
	return !PEEK(dentry, d_hash.pprev) && PEEK(dentry, d_parent) != dentry;
}

/* PATH of (vfsmount, dentry) as parameter `id`. */
__noinline int put_path(__u64 handle, __u64 vfsmount, __u64 dentry_address, __u32 id)
{
	struct dentry *dentry = AT(dentry, dentry_address);
	struct slot *s = slot_of(handle);
	struct sensor_wire_path *path;
	struct sensor_wire_param *p;
	struct super_block *sb;
	__u32 start, end_off;

	if (!s || !dentry_address || !vfsmount)
		return -1;
	p = param_at(s);
	if (!p)
		return -1;
	start = s->off;
	path = (struct sensor_wire_path *)(p + 1);
	s->off = start + sizeof(*p) + sizeof(*path);
	s->walk_n = s->walk_bind = s->walk_flags = 0;
	s->walk_first = ~0U;
	sb = PEEK(dentry, d_sb);
	if (PEEK(sb, s_flags) >> SB_NOUSER_BIT & 1) {
		walk_anon(s, dentry, PEEK(sb, s_magic));
	} else {
		walk_up(s, mount_of(vfsmount), dentry, start);
		walk_bind(s, mount_of(vfsmount));
		if (is_deleted(dentry))
			s->walk_flags |= SENSOR_PATH_DELETED;
	}
	path->n = s->walk_n;
	path->n_first_mount = s->walk_first == ~0U ? s->walk_n : s->walk_first;
	path->n_bind = s->walk_bind;
	path->flags = s->walk_flags;
	end_off = s->off;
	s->off = start;
	param_done(s, p, id, s->walk_flags & SENSOR_PATH_CUT ? SENSOR_PARAM_TRUNCATED : 0, end_off - start - sizeof(*p));
	return 0;
}

#define NS_PER_S 1000000000ULL

static __always_inline void file_times(struct slot *s, struct sensor_wire_file *f, struct inode *inode)
{
	struct inode___v58 *v58 = (void *)inode;
	struct inode___v66 *v66 = (void *)inode;
	struct inode___v611 *v611 = (void *)inode;

	if (bpf_core_field_exists(v611->i_ctime_sec))
		f->ctime_ns = MEMBER(s, v611, __u64, i_ctime_sec) * NS_PER_S +
			      (MEMBER(s, v611, __u32, i_ctime_nsec) & ~CTIME_QUERIED);
	else if (bpf_core_field_exists(v66->__i_ctime))
		f->ctime_ns = MEMBER(s, v66, __u64, __i_ctime.tv_sec) * NS_PER_S + MEMBER(s, v66, __u64, __i_ctime.tv_nsec);
	else
		f->ctime_ns = MEMBER(s, v58, __u64, i_ctime.tv_sec) * NS_PER_S + MEMBER(s, v58, __u64, i_ctime.tv_nsec);
	if (bpf_core_field_exists(v611->i_mtime_sec))
		f->mtime_ns = MEMBER(s, v611, __u64, i_mtime_sec) * NS_PER_S + MEMBER(s, v611, __u32, i_mtime_nsec);
	else if (bpf_core_field_exists(v66->__i_mtime))
		f->mtime_ns = MEMBER(s, v66, __u64, __i_mtime.tv_sec) * NS_PER_S + MEMBER(s, v66, __u64, __i_mtime.tv_nsec);
	else
		f->mtime_ns = MEMBER(s, v58, __u64, i_mtime.tv_sec) * NS_PER_S + MEMBER(s, v58, __u64, i_mtime.tv_nsec);
}

static __always_inline void fill_inode(struct slot *s, struct sensor_wire_file *f, struct inode *inode)
{
	block_read(s, inode, INODE_BYTES);
	f->ino = MEMBER(s, inode, __u64, i_ino);
	f->size = MEMBER(s, inode, __u64, i_size);
	f->mode = MEMBER(s, inode, __u16, i_mode);
	f->uid = MEMBER(s, inode, __u32, i_uid);
	f->gid = MEMBER(s, inode, __u32, i_gid);
	f->nlink = MEMBER(s, inode, __u32, i_nlink);
	f->rdev = MEMBER(s, inode, __u32, i_rdev);
	file_times(s, f, inode);
}

/* Overlay inodes are embedded in struct ovl_inode, which has the dentry of the upper layer right behind (since
 * 09d8b586731b, "ovl: move __upperdentry to ovl_inode", 4.13). Its type may be in a module: no CO-RE. */
static __always_inline __u32 overlay_flags(struct inode *inode)
{
	void *upper = NULL;

	bpf_probe_read_kernel(&upper, sizeof(upper), (void *)((unsigned long)inode + bpf_core_type_size(struct inode)));
	return upper ? SENSOR_FILE_UPPER : SENSOR_FILE_LOWER;
}

static __always_inline __u32 memfd_flag(struct dentry *dentry)
{
	char start[8] = {};

	bpf_probe_read_kernel_str(start, 7, PEEK(dentry, d_name.name));
	return *(__u64 *)start == 0x3a64666d656dULL ? SENSOR_FILE_MEMFD : 0;   /* "memfd:" */
}

/* FILE of a dentry's inode; `flags` are added to the file's. */
__noinline int put_file(__u64 handle, __u64 dentry_address, __u32 flags)
{
	struct dentry *dentry = AT(dentry, dentry_address);
	struct slot *s = slot_of(handle);
	struct sensor_wire_file *f;
	struct super_block *sb;
	struct sensor_wire *w;
	struct inode *inode;

	if (!s || !dentry_address)
		return -1;
	inode = PEEK(dentry, d_inode);
	if (!inode || !put_struct(s, SENSOR_P_FILE, f))
		return -1;
	w = (struct sensor_wire *)s->buf;
	fill_inode(s, f, inode);
	sb = MEMBER(s, inode, struct super_block *, i_sb);
	f->dev = PEEK(sb, s_dev);
	f->sb_magic = PEEK(sb, s_magic);
	if (f->sb_magic == MAGIC_OVERLAY)
		flags |= overlay_flags(inode);
	if (PEEK(sb, s_flags) >> SB_NOUSER_BIT & 1)
		flags |= memfd_flag(dentry);
	else if (is_deleted(dentry))
		flags |= SENSOR_FILE_DELETED;
	if ((f->mode & 0002) || ((f->mode & 0200) && f->uid == w->fsuid) || ((f->mode & 0020) && f->gid == w->egid))
		flags |= SENSOR_FILE_WRITABLE;
	f->flags = flags;
	return 0;
}

/* PATH and FILE of an open file. */
static __always_inline void put_open_file(__u64 h, struct slot *s, struct file *open, __u32 id, __u32 flags)
{
	struct file *file = AT(file, open);
	__u64 dentry;

	if (!open)
		return;
	dentry = number_of(s, PEEK(file, f_path.dentry));
	put_path(h, number_of(s, PEEK(file, f_path.mnt)), dentry, id);
	if (id == SENSOR_P_PATH)
		put_file(h, dentry, flags);
}

/* The directory that a relative path starts from: DIRFD with its PATH, or CWD. */
__noinline int put_dir(__u64 handle, __s64 dirfd, __u32 id)
{
	struct task_struct *task = AT(task_struct, current_task());
	struct slot *s = slot_of(handle);
	struct file *file;

	if (!s)
		return -1;
	if (dirfd == -100) {   /* AT_FDCWD */
		if (s->has_cwd)
			return 0;
		s->has_cwd = 1;
		return put_path(handle, number_of(s, PEEK(task, fs, pwd.mnt)), number_of(s, PEEK(task, fs, pwd.dentry)), SENSOR_P_CWD);
	}
	put_u64(s, id, dirfd);
	file = file_of_fd(current_task(), dirfd);
	if (!file)
		return -1;
	put_open_file(handle, s, file, id == SENSOR_P_DIRFD ? SENSOR_P_DIR_PATH : SENSOR_P_DIR_PATH2, 0);
	return 0;
}

#endif
