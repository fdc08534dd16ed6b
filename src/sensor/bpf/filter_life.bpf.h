/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef PARKA_SENSOR_BPF_FILTER_LIFE_H
#define PARKA_SENSOR_BPF_FILTER_LIFE_H
/*
 * What the filter knows of processes and cgroups, kept right while they come and go.
 *
 * A process's program is known from its exec on, inherited by what it forks, forgotten when it ends. Where a cgroup is,
 * user space tells; it is forgotten here as soon as a process is put into the cgroup from outside, because that is how a container
 * begins: until user space has looked again, nothing is known.
 */
#include "filter.bpf.h"

static __always_inline bool exe_is_asked(struct filter_tables *t)
{
	return t->is_active && (t->of[FILTER_OPEN].exe_free & t->of[FILTER_NET].exe_free & t->of[FILTER_CALL].exe_free) != ~0ULL;
}

/* Adds to the walk what an executable with this path, or below this directory, satisfies. On its own, so that the
 * verifier looks at it once and not once per component. */
__noinline int exe_add(__u32 level, __u32 version, __u64 key, __u32 below)
{
	struct filter_tables *t = tables_of(version);
	struct walk *w = walk_of(level);
	struct filter_entry *at;

	if (!t || !w)
		return 0;
	at = filter_find_entry(below ? t->exe_below : t->exe, key);
	if (!at)
		return 0;
	w->exe[FILTER_OPEN] |= at->mask[FILTER_OPEN];
	w->exe[FILTER_NET] |= at->mask[FILTER_NET];
	w->exe[FILTER_CALL] |= at->mask[FILTER_CALL];
	return 0;
}

/* From the path in the walk. */
static __always_inline void exe_from_walk(struct filter_process *p, struct filter_tables *t, struct walk *w, __u32 level)
{
	__u64 h = FILTER_ROOT;
	__u32 left = w->n;

	w->exe[FILTER_OPEN] = t->of[FILTER_OPEN].exe_free;
	w->exe[FILTER_NET] = t->of[FILTER_NET].exe_free;
	w->exe[FILTER_CALL] = t->of[FILTER_CALL].exe_free;
	for (int i = 0; i <= FILTER_COMPONENTS; i++) {
		if (!left)
			break;
		exe_add(level, p->version, h, 1);
		left--;
		h = filter_mix(h, w->hash[left & WALK_MASK]);
	}
	exe_add(level, p->version, h, 0);
	p->exe[FILTER_OPEN] = w->exe[FILTER_OPEN];
	p->exe[FILTER_NET] = w->exe[FILTER_NET];
	p->exe[FILTER_CALL] = w->exe[FILTER_CALL];
}

/* By the path of the mounts, whatever other names the program has: that is the one which records have. */
static __always_inline void exe_of_task(struct filter_process *p, struct filter_tables *t, __u64 task)
{
	__u64 file = WORD(mm_struct, WORD(task_struct, task, mm), exe_file), inode = WORD(file, file, f_inode);
	struct walk *w;
	int level;

	p->exe[FILTER_OPEN] = p->exe[FILTER_NET] = p->exe[FILTER_CALL] = ~0ULL;
	if (!file || WORD(super_block, WORD(inode, inode, i_sb), s_flags) >> SB_NOUSER_BIT & 1)
		return;
	level = walk_take();
	if (level < 0)
		return;
	w = walk_of(level);
	if (w && walk_path(level, WORD(file, file, f_path.mnt), WORD(file, file, f_path.dentry)) == 0)
		exe_from_walk(p, t, w, level);
	walk_release(level);
}

/* What finds no place is unknown, and so is what user space might put in from older knowledge: it looks at processes_full. */
static __always_inline void process_write(__u32 tgid, struct filter_process *p)
{
	if (!bpf_map_update_elem(&processes, &tgid, p, BPF_ANY))
		return;
	control.processes_full = p->version;
	bpf_map_delete_elem(&processes, &tgid);
}

/* A task got another name, not by exec. Of the first threads of processes only: a process is called what its first thread is. */
__noinline int filter_rename(__u64 task)
{
	__u32 tgid = (__u32)WORD(task_struct, task, tgid);
	__u8 one = 1;

	if (tgid != (__u32)WORD(task_struct, task, pid) || !WORD(task_struct, task, mm))   /* the kernel's own threads have no mm */
		return 0;
	renamed_maybe[tgid & RENAMED_MASK] = 1;
	if (bpf_map_update_elem(&renamed, &tgid, &one, BPF_ANY))
		control.renamed_full = 1;
	return 0;
}

static __always_inline void forget_rename(__u32 tgid)
{
	if (renamed_maybe[tgid & RENAMED_MASK])
		bpf_map_delete_elem(&renamed, &tgid);
}

/* The current task became another program. */
__noinline int filter_exec(void)
{
	__u64 task = (__u64)bpf_get_current_task();
	struct filter_process p = { .version = version_now() };
	struct filter_tables *t = tables_of(p.version);

	forget_rename((__u32)WORD(task_struct, task, tgid));
	if (!t || !exe_is_asked(t))
		return 0;
	p.start_ns = WORD(task_struct, WORD(task_struct, task, group_leader), start_boottime);
	exe_of_task(&p, t, task);
	process_write((__u32)WORD(task_struct, task, tgid), &p);
	return 0;
}

__noinline int filter_forget_cgroup(__u64 cgroup)
{
	bpf_map_delete_elem(&wheres, &cgroup);
	return 0;
}

static __always_inline void filter_forget_where(__u64 cgroup)
{
	filter_forget_cgroup(WORD(kernfs_node, WORD(cgroup, cgroup, kn), id));
}

/* The current task made a process. clone3(CLONE_INTO_CGROUP) puts it somewhere else. */
__noinline int filter_fork(__u64 child)
{
	__u64 task = (__u64)bpf_get_current_task(), cgroup;
	__u32 tgid = (__u32)WORD(task_struct, task, tgid), child_tgid = (__u32)WORD(task_struct, child, tgid);
	__u32 version = version_now();
	struct filter_tables *t = tables_of(version);
	struct filter_process *p, copy;

	if (tgid == child_tgid)
		return 0;
	cgroup = cgroup_id_of(AT(task_struct, child));
	if (cgroup != cgroup_id_of(AT(task_struct, task)))
		filter_forget_cgroup(cgroup);
	if (!t || !exe_is_asked(t))
		return 0;
	p = bpf_map_lookup_elem(&processes, &tgid);
	if (!p || p->version != version || p->start_ns != WORD(task_struct, WORD(task_struct, task, group_leader), start_boottime))
		return 0;
	copy = *p;
	copy.start_ns = WORD(task_struct, child, start_boottime);
	process_write(child_tgid, &copy);
	return 0;
}

/* The current task ends; the last of its process takes what is known of it along. */
__noinline int filter_exit(void)
{
	__u64 task = (__u64)bpf_get_current_task();
	__u32 tgid = (__u32)WORD(task_struct, task, tgid);

	if (!(__u32)WORD(signal_struct, WORD(task_struct, task, signal), live)) {
		bpf_map_delete_elem(&processes, &tgid);
		forget_rename(tgid);
	}
	return 0;
}

#endif
