/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef PARKA_SENSOR_BPF_FOLD_BPF_H
#define PARKA_SENSOR_BPF_FOLD_BPF_H
/*
 * Repeats: an open that no rule can tell from one that was reported less than a second ago is counted and not reported. The next one
 * that is reported says how many it stands for (sensor_wire.count).
 *
 * Asked after the filter, when each term that is left is of rules that cannot tell repeats apart (filter_tables.fold). All that
 * such rules may ask goes into a key; what they could not ask of the key alone (files with several names, what is relative to a
 * directory, groups of which it is not known whether they are a container's) is not folded.
 *
 * The key is a keyed hash (SipHash-1-3, Aumasson and Bernstein), its secret made at start: else a program could choose the name of
 * a file so that opening something else seems to be a repeat of it.
 *
 * Calls may be eight frames deep: an exit's program, do_open(), filter_open(), fold_open(), fold_file(), walk_path() and
 * walk_component() are seven.
 *
 * Bounds: a control group has a row of FOLD_ENTRIES places, and what it opens only pushes out what is in that row.
 *
 * Programs on several CPUs may write a place at once, and there is no compare-and-swap before 5.12. So a place holds its state and
 * key ^ state: a mixture of two writers is no key at all, and costs one event too many. What has a key's thread in it is
 * read and counted by that thread only.
 */
#include "filter.bpf.h"

enum { FOLD_ROWS = 256, FOLD_ENTRIES = 64 };
/* The state: the time of the last one that was reported, in units of 2^20 ns, and how many came since. */
#define FOLD_COUNT_BITS 20
#define FOLD_COUNT_MAX ((1ULL << FOLD_COUNT_BITS) - 1)
#define FOLD_SPAN (1000000000ULL >> 20)

struct fold_entry { __u64 check, state; };
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, FOLD_ROWS * FOLD_ENTRIES); __type(key, __u32); __type(value, struct fold_entry); } folds SEC(".maps");

/* ---- the hash ---- */

struct fold_hash { __u64 a, b, c, d; };

static __always_inline __u64 fold_rotate(__u64 word, int bits)
{
	return word << bits | word >> (64 - bits);
}

static __always_inline void fold_round(struct fold_hash *h)
{
	h->a += h->b;
	h->c += h->d;
	h->b = fold_rotate(h->b, 13) ^ h->a;
	h->d = fold_rotate(h->d, 16) ^ h->c;
	h->a = fold_rotate(h->a, 32) + h->d;
	h->c += h->b;
	h->d = fold_rotate(h->d, 21) ^ h->a;
	h->b = fold_rotate(h->b, 17) ^ h->c;
	h->c = fold_rotate(h->c, 32);
}

static __always_inline void fold_begin(struct fold_hash *h)
{
	__u64 first = control.fold_key[0], second = control.fold_key[1];

	h->a = first ^ 0x736f6d6570736575ULL;
	h->b = second ^ 0x646f72616e646f6dULL;
	h->c = first ^ 0x6c7967656e657261ULL;
	h->d = second ^ 0x7465646279746573ULL;
}

static __always_inline void fold_add(struct fold_hash *h, __u64 word)
{
	h->d ^= word;
	fold_round(h);
	h->a ^= word;
}

static __always_inline __u64 fold_end(struct fold_hash *h)
{
	h->c ^= 0xff;
	fold_round(h);
	fold_round(h);
	fold_round(h);
	return h->a ^ h->b ^ h->c ^ h->d;
}

/* ---- what goes into the key: 0 when the event is not to be folded ---- */

/* The path as the program gave it, when that is absolute and short. */
__noinline __u64 fold_text(__u64 text)
{
	struct fold_hash h = {};
	int level = walk_take();
	struct walk *w = walk_of(level);
	__u64 key = 0;
	long len;

	if (level < 0 || !w)
		return 0;
	len = bpf_probe_read_user_str(w->word, DOTS_BYTES, (void *)text);
	if (len > 1 && len < DOTS_BYTES && (__u8)w->word[0] == '/') {
		fold_begin(&h);
		fold_add(&h, len);
		w->bytes = len;
		for (__u32 i = 0; i < DOTS_BYTES / 8; i++) {
			__u32 all = *(volatile __u32 *)&w->bytes;   /* see walk_len() */
			if (i * 8 >= all)
				break;
			fold_add(&h, filter_low_bytes(w->word[i & WALK_MASK], all - i * 8));
		}
		key = fold_end(&h) | 1;
	}
	walk_release(level);
	return key;
}

static __always_inline __u64 fold_components(struct walk *w)
{
	struct fold_hash h = {};

	fold_begin(&h);
	fold_add(&h, w->n);
	for (__u32 i = 0; i < FILTER_COMPONENTS; i++) {
		if (i >= w->n)
			break;
		fold_add(&h, w->hash[i & WALK_MASK]);
		fold_add(&h, w->word[i & WALK_MASK]);
	}
	return fold_end(&h) | 1;
}

/* The kernel's path: a file that was given another name meanwhile is another one. */
static __always_inline __u64 fold_path(__u64 vfsmount, __u64 dentry)
{
	__u64 key = 0;
	struct walk *w;
	int level;

	/* As in filter_path(): removed. */
	if (!WORD(dentry, dentry, d_hash.pprev) && WORD(dentry, dentry, d_parent) != dentry)
		return 0;
	level = walk_take();
	w = walk_of(level);
	if (level < 0 || !w)
		return 0;
	/* Other names that it has by its place are made of components of this one, but for those above a part of a file system. */
	if (walk_path(level, vfsmount, dentry) == 0 && w->rest == WORD(super_block, WORD(vfsmount, vfsmount, mnt_sb), s_root))
		key = fold_components(w);
	walk_release(level);
	return key;
}

/* The file: which, by which name. */
__noinline __u64 fold_file(__u64 file)
{
	__u64 inode = WORD(file, file, f_inode), sb = WORD(inode, inode, i_sb);
	__u64 vfsmount = WORD(file, file, f_path.mnt), dentry = WORD(file, file, f_path.dentry), path;
	__u32 mode = (__u16)WORD(inode, inode, i_mode);
	struct fold_hash h = {};

	if (WORD(super_block, sb, s_flags) >> SB_NOUSER_BIT & 1 || WORD(file, file, f_mode) & FMODE_CREATED_BIT ||
	    ((mode & S_IFMT) != S_IFDIR && (__u32)WORD(inode, inode, i_nlink) > 1))
		return 0;
	path = fold_path(vfsmount, dentry);
	if (!path)
		return 0;
	fold_begin(&h);
	fold_add(&h, path);
	fold_add(&h, vfsmount);
	fold_add(&h, dentry);
	fold_add(&h, inode);
	fold_add(&h, WORD(inode, inode, i_ino));
	fold_add(&h, (__u64)(__u32)WORD(super_block, sb, s_dev) << 32 | mode);
	return fold_end(&h) | 1;
}

/* On its own: where memory is not loaded directly this has the credentials on the stack, of which the frames of a call share 512 bytes. */
__noinline __u64 fold_creds(void)
{
	struct task_struct *task = AT(task_struct, bpf_get_current_task());

	return creds_hash(task, PEEK(task, pid));
}

/* The thread: which, what it executes, as whom, where. A group of which it is not known what it is may turn out to be a container's
 * before the next event. */
__noinline __u64 fold_who(__u64 creds)
{
	__u64 task = (__u64)bpf_get_current_task(), fs = WORD(task_struct, task, fs);
	__u64 cgroup = cgroup_id_of(AT(task_struct, bpf_get_current_task()));
	__u32 *where = bpf_map_lookup_elem(&wheres, &cgroup), tid = (__u32)WORD(task_struct, task, pid);
	struct fold_hash h = {};

	if (!where || *where == FILTER_WHERE_UNKNOWN)
		return 0;
	fold_begin(&h);
	fold_add(&h, (__u64)(__u32)WORD(task_struct, task, tgid) << 32 | tid);
	fold_add(&h, WORD(task_struct, task, start_boottime));
	fold_add(&h, WORD(task_struct, task, self_exec_id));
	fold_add(&h, creds);
	fold_add(&h, WORD(task_struct, task, comm));
	fold_add(&h, word_at(task + bpf_core_field_offset(struct task_struct, comm) + 8));
	fold_add(&h, WORD(fs_struct, fs, root.mnt));
	fold_add(&h, WORD(fs_struct, fs, root.dentry));
	fold_add(&h, walk_first_root());
	fold_add(&h, cgroup);
	fold_add(&h, *where);
	return fold_end(&h) | 1;
}

/* The permissions that a file would be made with; only where put_open_args() reports them. */
static __always_inline __u64 fold_mode(__u32 variant, __u64 flags)
{
	__u32 n = variant == SENSOR_OPEN_OPENAT ? 3 : variant == SENSOR_OPEN_OPEN ? 2 : 1;

	return flags & (0100 | 020000000) ? (__u16)call_arg(current_task(), n) : 0;
}

static __always_inline __u64 fold_key(__u32 version, __u32 index, __s64 ret, __u64 creds)
{
	struct sensor_row *row = row_of(index);
	__u64 file, of_file, text, who, flags = 0;
	struct fold_hash h = {};

	/* What openat2() is asked lies in the program's memory, and a handle is no path. */
	if (!row || row->variant > SENSOR_OPEN_CREAT || !open_flags(row->variant, &flags))
		return 0;
	file = file_number((__u64)bpf_get_current_task(), ret);
	who = file ? fold_who(creds) : 0;
	of_file = who ? fold_file(file) : 0;
	text = of_file ? fold_text(open_text(row->variant)) : 0;
	if (!text)
		return 0;
	fold_begin(&h);
	fold_add(&h, (__u64)version << 32 | row->type);
	fold_add(&h, who);
	fold_add(&h, of_file);
	fold_add(&h, text);
	fold_add(&h, flags);
	fold_add(&h, fold_mode(row->variant, flags));
	return fold_end(&h) | 1;
}

/* ---- places ---- */

static __always_inline struct fold_entry *fold_place(__u64 key)
{
	__u64 cgroup = cgroup_id_of(AT(task_struct, bpf_get_current_task()));
	__u32 at = (filter_mix(FILTER_ROOT, cgroup) & (FOLD_ROWS - 1)) * FOLD_ENTRIES + (key >> 8 & (FOLD_ENTRIES - 1));

	return bpf_map_lookup_elem(&folds, &at);
}

static __always_inline void fold_write(struct fold_entry *e, __u64 key, __u64 state)
{
	*(volatile __u64 *)&e->state = state;
	*(volatile __u64 *)&e->check = key ^ state;
}

/* How many events the open that ends with `ret`, which the filter wants reported, stands for; 0: it was folded and counted. */
__noinline int fold_open(__u32 version, __u32 index, __s64 ret)
{
	__u64 now = bpf_ktime_get_boot_ns() >> 20, creds = fold_creds(), key = fold_key(version, index, ret, creds), state, folded = 0;
	struct fold_entry *e = fold_place(key);
	struct sensor_row *row = row_of(index);

	if (!key || !e || !row)
		return 1;
	state = *(volatile __u64 *)&e->state;
	if ((*(volatile __u64 *)&e->check ^ state) == key)
		folded = state & FOLD_COUNT_MAX;
	else
		state = 0;
	/* The ledger has to see credentials that it has not seen: drop(). */
	if (state && now - (state >> FOLD_COUNT_BITS) < FOLD_SPAN && folded < FOLD_COUNT_MAX &&
	    creds_seen[creds_place((__u32)bpf_get_current_pid_tgid())] == creds) {
		fold_write(e, key, state + 1);
		count_type(row->type, COUNT_FOLDED);
		if (control.count_cgroups)
			count_cgroup(cgroup_id_of(AT(task_struct, bpf_get_current_task())), COUNT_FOLDED);
		return 0;
	}
	fold_write(e, key, now << FOLD_COUNT_BITS);
	return folded + 1;
}

#endif
