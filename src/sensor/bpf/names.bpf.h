/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef PARKA_SENSOR_BPF_NAMES_H
#define PARKA_SENSOR_BPF_NAMES_H
/*
 * Names as the kernel resolved them. Calls that rename, remove, make or mount take text, and at their exit the dentries
 * are gone or have another name. The security hooks on the way are given them: their paths are walked there, kept per
 * thread as ready parameters, and put into the event at the exit of the call. The same bodies as fentry and as LSM programs.
 *
 * What is kept is used only by a call of the same kind that succeeded: such a call came through the hook, so that what
 * lies there is its own. The map forgets the oldest: threads that end leave nothing that must be removed.
 */
#include "path.bpf.h"

enum names_kind {
	NAMES_NONE, NAMES_RENAME, NAMES_LINK, NAMES_SYMLINK, NAMES_UNLINK, NAMES_RMDIR, NAMES_MKDIR, NAMES_MKNOD,
	NAMES_CHMOD, NAMES_CHOWN, NAMES_TRUNCATE, NAMES_MOUNT, NAMES_MOVE_MOUNT, NAMES_UMOUNT,
};
enum { NAMES_BYTES = 4096 };

struct names { __u32 kind, len, n_params, flags; __u8 params[NAMES_BYTES]; };
struct { __uint(type, BPF_MAP_TYPE_LRU_HASH); __uint(max_entries, 512); __type(key, __u64); __type(value, struct names); } names_kept SEC(".maps");

static __always_inline __u32 names_kind_of(__u32 type)
{
	switch (type) {
	case MODEL_EVT_RENAME: case MODEL_EVT_RENAMEAT: case MODEL_EVT_RENAMEAT2: return NAMES_RENAME;
	case MODEL_EVT_LINK: case MODEL_EVT_LINKAT: return NAMES_LINK;
	case MODEL_EVT_SYMLINK: case MODEL_EVT_SYMLINKAT: return NAMES_SYMLINK;
	case MODEL_EVT_UNLINK: case MODEL_EVT_UNLINKAT: return NAMES_UNLINK;
	case MODEL_EVT_RMDIR: return NAMES_RMDIR;
	case MODEL_EVT_MKDIR: case MODEL_EVT_MKDIRAT: return NAMES_MKDIR;
	case MODEL_EVT_MKNOD: case MODEL_EVT_MKNODAT: return NAMES_MKNOD;
	case MODEL_EVT_CHMOD: case MODEL_EVT_FCHMODAT: case MODEL_EVT_FCHMODAT2: return NAMES_CHMOD;
	case MODEL_EVT_CHOWN: case MODEL_EVT_LCHOWN: case MODEL_EVT_FCHOWNAT: return NAMES_CHOWN;
	case MODEL_EVT_TRUNCATE: return NAMES_TRUNCATE;
	case MODEL_EVT_MOUNT: return NAMES_MOUNT;
	case MODEL_EVT_MOVE_MOUNT: return NAMES_MOVE_MOUNT;
	case MODEL_EVT_UMOUNT: case MODEL_EVT_UMOUNT2: return NAMES_UMOUNT;
	}
	return NAMES_NONE;
}

/* A slot to walk in: no event, so only what put_path() and put_file() look at is filled in. */
static __always_inline __u64 names_begin(void)
{
	struct task_struct *task = AT(task_struct, current_task());
	struct sensor_wire *w;
	struct cred *cred;
	struct slot *s;
	__u32 level = 0;
	__u64 h;

	s = free_slot(&level);
	if (!s)
		return 0;
	h = (bpf_ktime_get_boot_ns() & ~3ULL) | (level + 1);
	s->token = h;
	s->off = sizeof(struct sensor_wire);
	s->flags = s->n_params = 0;
	s->root_mnt = (__u64)PEEK(task, fs, root.mnt);
	s->root_dentry = (__u64)PEEK(task, fs, root.dentry);
	s->mnt_ns = (__u64)PEEK(task, nsproxy, mnt_ns);
	w = (struct sensor_wire *)s->buf;
	cred = (struct cred *)PEEK(task, cred);
	w->fsuid = PEEK(cred, fsuid.val);
	w->egid = PEEK(cred, egid.val);
	return h;
}

/* Keep PATH and FILE of the first, PATH2 of the second; an address of 0 is left out. */
__noinline int keep_names(__u64 mnt, __u64 dentry, __u64 mnt2, __u64 dentry2, __u32 kind)
{
	__u64 thread = bpf_get_current_pid_tgid(), h;
	struct names *names;
	struct slot *s;

	if (thread >> 32 == control.self_pid)
		return 0;
	h = names_begin();
	s = slot_of(h);
	if (!h || !s) {
		bpf_map_delete_elem(&names_kept, &thread);
		return 0;
	}
	put_path(h, mnt, dentry, SENSOR_P_PATH);
	put_file(h, dentry, 0);
	put_path(h, mnt2, dentry2, SENSOR_P_PATH2);
	names = (struct names *)&s->buf[sizeof(struct sensor_wire) - __builtin_offsetof(struct names, params)];
	names->kind = kind;
	names->len = s->off - sizeof(struct sensor_wire);
	names->n_params = s->n_params;
	names->flags = s->flags;
	if (s->token != h || names->len > NAMES_BYTES || bpf_map_update_elem(&names_kept, &thread, names, BPF_ANY))
		bpf_map_delete_elem(&names_kept, &thread);
	cancel(h);
	return 0;
}

/* Into the event of a call that succeeded. */
__noinline int put_names(__u64 handle, __u32 type, __s64 ret)
{
	__u64 thread = bpf_get_current_pid_tgid();
	__u32 kind = names_kind_of(type), len;
	struct slot *s = slot_of(handle);
	struct sensor_wire_param *p;
	struct names *names;

	if (!s || !kind)
		return 0;
	names = bpf_map_lookup_elem(&names_kept, &thread);
	if (!names)
		return 0;
	/* unlinkat(AT_REMOVEDIR) is rmdir. */
	if (ret >= 0 && (names->kind == kind || (names->kind == NAMES_RMDIR && kind == NAMES_UNLINK))) {
		p = param_at(s);
		len = names->len;
		asm volatile("" : "+r"(len));   /* or the compiler forgets for the verifier what it checked */
		len &= 2 * NAMES_BYTES - 1;
		if (p && len <= NAMES_BYTES && !bpf_probe_read_kernel(p, len, names->params)) {
			s->off += len;
			s->n_params += names->n_params;
			s->flags |= names->flags;
		}
	}
	bpf_map_delete_elem(&names_kept, &thread);
	return 0;
}

/* Members of a struct path, by its address. */
#define PATH_MNT(address) ((__u64)BPF_CORE_READ((struct path *)(address), mnt))
#define PATH_DENTRY(address) ((__u64)BPF_CORE_READ((struct path *)(address), dentry))

#define NAMES_HOOK(hook, ...) \
	SEC("fentry/security_" #hook) int fentry_##hook(unsigned long long *ctx) { __VA_ARGS__; return 0; } \
	SEC("lsm/" #hook) int lsm_##hook(unsigned long long *ctx) { __VA_ARGS__; return 0; }
/* Those that are given the directory's path and the dentry in it. */
#define DIR_HOOK(hook, kind) NAMES_HOOK(hook, keep_names(PATH_MNT(raw_arg(ctx, 0)), raw_arg(ctx, 1), 0, 0, kind))
#define PATH_HOOK(hook, kind) \
	NAMES_HOOK(hook, keep_names(PATH_MNT(raw_arg(ctx, 0)), PATH_DENTRY(raw_arg(ctx, 0)), 0, 0, kind))

DIR_HOOK(path_unlink, NAMES_UNLINK)
DIR_HOOK(path_rmdir, NAMES_RMDIR)
DIR_HOOK(path_mkdir, NAMES_MKDIR)
DIR_HOOK(path_mknod, NAMES_MKNOD)
PATH_HOOK(path_chmod, NAMES_CHMOD)
PATH_HOOK(path_chown, NAMES_CHOWN)
PATH_HOOK(path_truncate, NAMES_TRUNCATE)
NAMES_HOOK(path_rename, keep_names(PATH_MNT(raw_arg(ctx, 0)), raw_arg(ctx, 1), PATH_MNT(raw_arg(ctx, 2)), raw_arg(ctx, 3), NAMES_RENAME))
/* Both names of a link are in one mount: the kernel refuses others before. */
NAMES_HOOK(path_link, keep_names(PATH_MNT(raw_arg(ctx, 1)), raw_arg(ctx, 0), PATH_MNT(raw_arg(ctx, 1)), raw_arg(ctx, 2), NAMES_LINK))
NAMES_HOOK(path_symlink, keep_names(0, 0, PATH_MNT(raw_arg(ctx, 0)), raw_arg(ctx, 1), NAMES_SYMLINK))
NAMES_HOOK(sb_mount, keep_names(PATH_MNT(raw_arg(ctx, 1)), PATH_DENTRY(raw_arg(ctx, 1)), 0, 0, NAMES_MOUNT))
NAMES_HOOK(move_mount, keep_names(PATH_MNT(raw_arg(ctx, 1)), PATH_DENTRY(raw_arg(ctx, 1)),
				  PATH_MNT(raw_arg(ctx, 0)), PATH_DENTRY(raw_arg(ctx, 0)), NAMES_MOVE_MOUNT))
NAMES_HOOK(sb_umount, keep_names(raw_arg(ctx, 0), (__u64)BPF_CORE_READ((struct vfsmount *)raw_arg(ctx, 0), mnt_root), 0, 0, NAMES_UMOUNT))

#endif
