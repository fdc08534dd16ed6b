/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef PARKA_SENSOR_BPF_TASK_H
#define PARKA_SENSOR_BPF_TASK_H
/* What a task is: TASK, CRED, NS, STDIO; and finding a task by the pid that the caller knows it by. */
#include "path.bpf.h"

static __always_inline __u32 pid_number(struct pid *pid, __u32 level)
{
	return pid && level <= BPF_CORE_READ(pid, level) ? upid_number(pid, level) : 0;
}

static __always_inline void fill_ns(struct sensor_wire_ns *n, struct task_struct *task)
{
	struct nsproxy *nsproxy = BPF_CORE_READ(task, nsproxy);

	n->mnt = BPF_CORE_READ(nsproxy, mnt_ns, ns.inum);
	n->pid = BPF_CORE_READ(pid_ns_of(task), ns.inum);
	n->net = BPF_CORE_READ(nsproxy, net_ns, ns.inum);
	n->user = BPF_CORE_READ(task, cred, user_ns, ns.inum);
	n->uts = BPF_CORE_READ(nsproxy, uts_ns, ns.inum);
	n->ipc = BPF_CORE_READ(nsproxy, ipc_ns, ns.inum);
	n->cgroup = BPF_CORE_READ(nsproxy, cgroup_ns, ns.inum);
	if (bpf_core_field_exists(nsproxy->time_ns))
		n->time = BPF_CORE_READ(nsproxy, time_ns, ns.inum);
}

static __always_inline void fill_task_pids(struct sensor_wire_task *t, struct task_struct *task)
{
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	struct task_struct *parent = BPF_CORE_READ(task, real_parent, group_leader);
	struct pid *parent_pid = BPF_CORE_READ(parent, thread_pid);
	__u32 level = BPF_CORE_READ(pid, level);
	struct signal_struct *signal = BPF_CORE_READ(task, signal);
	struct pid *session, *group;

	bpf_core_read(&group, sizeof(group), &signal->pids[PIDTYPE_PGID]);
	bpf_core_read(&session, sizeof(session), &signal->pids[PIDTYPE_SID]);
	t->start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	t->parent_start_ns = BPF_CORE_READ(parent, start_boottime);
	t->nsproxy_pidns_start_ns = BPF_CORE_READ(pid_ns_of(task), child_reaper, start_boottime);
	t->ppid = BPF_CORE_READ(parent, tgid);
	t->sid = pid_number(session, 0);
	t->pgid = pid_number(group, 0);
	t->vtid = pid_number(pid, level);
	t->vpid = pid_number(BPF_CORE_READ(task, group_leader, thread_pid), level);
	t->vsid = pid_number(session, level);
	t->vpgid = pid_number(group, level);
	/* The parent may live in an outer namespace: then it has no number in this one. */
	if (level <= BPF_CORE_READ(parent_pid, level) && upid_ns(parent_pid, level) == upid_ns(pid, level))
		t->vppid = pid_number(parent_pid, level);
}

static __always_inline void fill_tty(struct sensor_wire_task *t, struct tty_struct *tty)
{
	struct tty_driver *driver = BPF_CORE_READ(tty, driver);
	struct tty_driver___v616 *v616 = (void *)driver;

	t->tty_index = BPF_CORE_READ(tty, index);
	t->tty_major = BPF_CORE_READ(driver, major);
	t->tty_minor = BPF_CORE_READ(driver, minor_start) + t->tty_index;
	if (bpf_core_field_exists(driver->type))
		t->tty_driver_type = BPF_CORE_READ(driver, type);
	else if (bpf_core_field_exists(v616->type))
		t->tty_driver_type = BPF_CORE_READ(v616, type);
}

/* TASK of the task at `address`. */
__noinline int put_task(__u64 handle, __u64 address)
{
	struct task_struct *task = (struct task_struct *)address;
	struct slot *s = slot_of(handle);
	struct sensor_wire_task *t;
	struct sensor_wire_ns ns = {};
	struct tty_struct *tty;

	if (!s || !put_struct(s, SENSOR_P_TASK, t))
		return -1;
	fill_task_pids(t, task);
	tty = BPF_CORE_READ(task, signal, tty);
	if (tty)
		fill_tty(t, tty);
	t->no_new_privs = BPF_CORE_READ(task, atomic_flags) & 1;
	if (bpf_core_field_exists(task->seccomp.mode))
		t->seccomp = BPF_CORE_READ(task, seccomp.mode);
	fill_ns(&ns, task);
	t->mnt_ns = ns.mnt;
	t->pid_ns = ns.pid;
	t->net_ns = ns.net;
	t->user_ns = ns.user;
	t->uts_ns = ns.uts;
	t->ipc_ns = ns.ipc;
	t->cgroup_ns = ns.cgroup;
	t->time_ns = ns.time;
	if (BPF_CORE_READ(task, ptrace))
		t->ptracer_pid = BPF_CORE_READ(task, parent, tgid);
	t->flags = BPF_CORE_READ(task, flags);
	return 0;
}

__noinline int put_ns(__u64 handle)
{
	struct slot *s = slot_of(handle);
	struct sensor_wire_ns *n;

	if (!s || !put_struct(s, SENSOR_P_NS, n))
		return -1;
	fill_ns(n, current_task());
	return 0;
}

/* The credentials at `address` as parameter `id`. */
__noinline int put_cred(__u64 handle, __u64 address, __u32 id)
{
	const struct cred *cred = (const struct cred *)address;
	struct slot *s = slot_of(handle);
	struct sensor_wire_cred *c;

	if (!s || !put_struct(s, id, c))
		return -1;
	c->uid = BPF_CORE_READ(cred, uid.val);
	c->euid = BPF_CORE_READ(cred, euid.val);
	c->suid = BPF_CORE_READ(cred, suid.val);
	c->fsuid = BPF_CORE_READ(cred, fsuid.val);
	c->gid = BPF_CORE_READ(cred, gid.val);
	c->egid = BPF_CORE_READ(cred, egid.val);
	c->sgid = BPF_CORE_READ(cred, sgid.val);
	c->fsgid = BPF_CORE_READ(cred, fsgid.val);
	c->cap_inheritable = cap_bits(&cred->cap_inheritable);
	c->cap_permitted = cap_bits(&cred->cap_permitted);
	c->cap_effective = cap_bits(&cred->cap_effective);
	c->cap_bounding = cap_bits(&cred->cap_bset);
	c->cap_ambient = cap_bits(&cred->cap_ambient);
	c->user_ns = BPF_CORE_READ(cred, user_ns, ns.inum);
	c->securebits = BPF_CORE_READ(cred, securebits);
	return 0;
}

/* STDIO of the task at `address`. */
__noinline int put_stdio(__u64 handle, __u64 address)
{
	struct task_struct *task = (struct task_struct *)address;
	struct slot *s = slot_of(handle);
	struct sensor_wire_stdio (*io)[3];
	struct inode *inode;
	struct file *file;

	if (!s || !put_struct(s, SENSOR_P_STDIO, io))
		return -1;
#pragma unroll
	for (int i = 0; i < 3; i++) {
		file = file_of_fd(task, i);
		if (!file)
			continue;
		inode = BPF_CORE_READ(file, f_inode);
		(*io)[i].kind = BPF_CORE_READ(inode, i_mode) & 0170000;
		if (!(*io)[i].kind)
			(*io)[i].kind = 0170000;   /* open, of no type: an anonymous inode */
		(*io)[i].dev = BPF_CORE_READ(inode, i_sb, s_dev);
		(*io)[i].ino = BPF_CORE_READ(inode, i_ino);
	}
	return 0;
}

static __always_inline struct task_struct *task_of_pid(struct pid *pid)
{
	struct hlist_node *first = NULL;

	if (!pid)
		return NULL;
	bpf_core_read(&first, sizeof(first), &pid->tasks[PIDTYPE_PID].first);
	if (!first)
		return NULL;
	return (void *)((unsigned long)first - bpf_core_field_offset(struct task_struct, pid_links));
}

/* The task that the current one knows as number `nr`: a look-up in the radix tree of its pid namespace
 * (lib/xarray.c: an entry whose low bits are 2 is a node, each level has 6 bits). 0 when there is none. */
__noinline __u64 task_by_number(__u32 nr)
{
	void *entry = BPF_CORE_READ(pid_ns_of(current_task()), idr.idr_rt.xa_head);
	struct xa_node *node;
	__u8 shift;

	for (int i = 0; i < 6; i++) {
		if (((unsigned long)entry & 3) != 2)
			break;
		node = (struct xa_node *)((unsigned long)entry - 2);
		shift = BPF_CORE_READ(node, shift);
		bpf_core_read(&entry, sizeof(entry), &node->slots[(nr >> (shift & 31)) & 63]);
		if (!shift)
			break;
	}
	if (!entry || (unsigned long)entry & 3)
		return 0;
	return (__u64)task_of_pid(entry);
}

static __always_inline void put_target(__u64 handle, struct task_struct *target)
{
	struct slot *s = slot_of(handle);

	if (!s || !target)
		return;
	put_u64(s, SENSOR_P_TARGET_PID, (__u32)BPF_CORE_READ(target, tgid));
	put_u64(s, SENSOR_P_TARGET_START, BPF_CORE_READ(target, group_leader, start_boottime));
}

#endif
