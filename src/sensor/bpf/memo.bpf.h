/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef PARKA_SENSOR_BPF_MEMO_BPF_H
#define PARKA_SENSOR_BPF_MEMO_BPF_H
/*
 * What the filter said of a file's path, for the next open of the file: walking and hashing a path costs most of what an open that
 * nobody wants costs. An answer is only used while all the facts that it depends on are what they were.
 *
 * Why that is right. A path is the names of directory entries from the file up to the task's root, over mounts.
 *  1. An entry that is there gets another name or another parent by __d_move() only, within a write section of rename_lock
 *     (fs/dcache.c); a mount comes, goes and moves within one of mount_lock (fs/namespace.c, lock_mount_hash()). Both are
 *     counters that grow with each section and are odd within: facts.
 *  2. The entry and its parent (addresses, hash of the name, which is made with the parent's address), the mount and the task's root
 *     are facts. An entry's memory may be used again when it was forgotten: then it is the same file by the inode's number,
 *     address and time of last change, another name of which (only files that have one are asked about) is made and
 *     removed by link(2) and unlink(2), which change that time, or by rename(2), see 1.
 *  3. The root must be that of its mount, and of the first process in the pid namespace (files have names from there, too): what stands for
 *     a directory could be another one after 2.
 *  4. The tables that were asked are known by their version.
 *
 * An answer is kept per CPU, and written by who has the first of its scratch places only (filter.bpf.h): others that come between
 * see an odd `turn`. Without direct loads (before 6.2), or where the kernel does not tell where its locks are, nothing is kept.
 */
#include "begin.bpf.h"

enum { MEMO_ENTRIES = 256, MEMO_FACTS = 11 };

struct memo {
	__u64 turn;              /* odd: being written */
	__u64 asked, left;       /* terms, and which of them the path satisfies */
	__u64 facts[MEMO_FACTS];
};
struct { __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __uint(max_entries, MEMO_ENTRIES); __type(key, __u32); __type(value, struct memo); } memos SEC(".maps");

/* first_root_of() the current task. */
static __always_inline __u64 walk_first_root(void)
{
	__u64 pid = WORD(task_struct, (__u64)bpf_get_current_task(), thread_pid);
	__u64 upid = upid_address((struct pid *)pid, (__u32)WORD(pid, pid, level));
	__u64 first = WORD(pid_namespace, WORD(upid, upid, ns), child_reaper);

	return WORD(fs_struct, WORD(task_struct, first, fs), root.dentry);
}

/* What is looked at once; `root_*`: of the current task. */
struct memo_about { __u64 version, vfsmount, dentry, inode, root_mnt, root_dentry, first_root; };

static __always_inline void memo_look(struct memo_about *a, __u32 version, __u64 vfsmount, __u64 dentry)
{
	__u64 fs = WORD(task_struct, (__u64)bpf_get_current_task(), fs);

	a->version = version;
	a->vfsmount = vfsmount;
	a->dentry = dentry;
	a->inode = WORD(dentry, dentry, d_inode);
	a->root_mnt = WORD(fs_struct, fs, root.mnt);
	a->root_dentry = WORD(fs_struct, fs, root.dentry);
	a->first_root = walk_first_root();
}

/* The place of the answer; NULL when none may be kept. */
static __always_inline struct memo *memo_of(const struct memo_about *a)
{
	__u32 at = (a->dentry * 0x9fb21c651e98df25ULL >> 56) & (MEMO_ENTRIES - 1);

	return WORD(vfsmount, a->root_mnt, mnt_root) == a->root_dentry && a->first_root == a->root_dentry ? bpf_map_lookup_elem(&memos, &at) : NULL;
}

/* Both counters. */
static __always_inline __u64 memo_moves(void)
{
	return (__u32)word_at(control.rename_lock) | word_at(control.mount_lock) << 32;
}

static __always_inline __u64 memo_changed(__u64 inode)
{
	struct inode___v611 *v611 = NULL;
	struct inode___v66 *v66 = NULL;

	/* Seconds and nanoseconds in different bits, whatever is in the rest of the latter's word. */
	if (bpf_core_field_exists(v611->i_ctime_sec))
		return WORD(inode___v611, inode, i_ctime_sec) ^ WORD(inode___v611, inode, i_ctime_nsec) << 32;
	if (bpf_core_field_exists(v66->__i_ctime))
		return WORD(inode___v66, inode, __i_ctime.tv_sec) ^ WORD(inode___v66, inode, __i_ctime.tv_nsec) << 32;
	return WORD(inode___v58, inode, i_ctime.tv_sec) ^ WORD(inode___v58, inode, i_ctime.tv_nsec) << 32;
}

/* `i` is constant where it is called. The counters come first, and are read first. */
static __always_inline __u64 memo_fact(int i, const struct memo_about *a)
{
	switch (i) {
	case 0: return memo_moves();
	case 1: return a->dentry;
	case 2: return WORD(dentry, a->dentry, d_parent);
	case 3: return WORD(dentry, a->dentry, d_name.hash);   /* and the length */
	case 4: return a->inode;
	case 5: return WORD(inode, a->inode, i_ino);
	case 6: return memo_changed(a->inode);
	case 7: return a->vfsmount;
	case 8: return a->version;
	case 9: return a->root_mnt;
	}
	return a->root_dentry;
}

/* Whether it is known which of `terms` the path satisfies. */
static __always_inline bool memo_ask(struct memo *m, const struct memo_about *a, __u64 terms, __u64 *ret_terms)
{
	__u64 turn = *(volatile __u64 *)&m->turn, differ = turn & 1, left;

#pragma unroll
	for (int i = 0; i < MEMO_FACTS; i++)
		differ |= *(volatile __u64 *)&m->facts[i] ^ memo_fact(i, a);
	if (differ | (terms & ~*(volatile __u64 *)&m->asked))
		return false;
	left = *(volatile __u64 *)&m->left;
	if (*(volatile __u64 *)&m->turn != turn)
		return false;
	*ret_terms = terms & left;
	return true;
}

/* Before the path is walked. */
static __always_inline void memo_begin(struct memo *m, const struct memo_about *a)
{
	*(volatile __u64 *)&m->turn |= 1;
#pragma unroll
	for (int i = 0; i < MEMO_FACTS; i++)
		*(volatile __u64 *)&m->facts[i] = memo_fact(i, a);
}

/* After it. What moved meanwhile makes an answer that is never given, because the counters do not go back. Another thread may have
 * changed the root: the one that was walked to is what counts. */
static __always_inline void memo_end(struct memo *m, __u64 asked, __u64 left, __u64 root_mnt, __u64 root_dentry)
{
	bool moving = *(volatile __u64 *)&m->facts[0] & 0x100000001ULL;
	bool other = *(volatile __u64 *)&m->facts[9] != root_mnt || *(volatile __u64 *)&m->facts[10] != root_dentry;

	*(volatile __u64 *)&m->asked = moving || other ? 0 : asked;
	*(volatile __u64 *)&m->left = left;
	*(volatile __u64 *)&m->turn += 1;
}

#endif
