/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef PARKA_SENSOR_BPF_TASK_H
#define PARKA_SENSOR_BPF_TASK_H
/* What a task is: TASK, CRED, NS, STDIO; and finding a task by the pid that the caller knows it by. */
#include "path.bpf.h"

static __always_inline __u32 pid_number(struct pid *pid, __u32 level)
{
	return pid && level <= PEEK(pid, level) ? upid_number(pid, level) : 0;
}

static __always_inline void fill_ns(struct sensor_wire_ns *n, struct task_struct *task)
{
	struct nsproxy *nsproxy = PEEK(task, nsproxy);

	n->mnt = PEEK(nsproxy, mnt_ns, ns.inum);
	n->pid = PEEK(pid_ns_of(task), ns.inum);
	n->net = PEEK(nsproxy, net_ns, ns.inum);
	n->user = PEEK(task, cred, user_ns, ns.inum);
	n->uts = PEEK(nsproxy, uts_ns, ns.inum);
	n->ipc = PEEK(nsproxy, ipc_ns, ns.inum);
	n->cgroup = PEEK(nsproxy, cgroup_ns, ns.inum);
	if (bpf_core_field_exists(nsproxy->time_ns))
		n->time = PEEK(nsproxy, time_ns, ns.inum);
}

static __always_inline void fill_task_pids(struct sensor_wire_task *t, struct task_struct *task)
{
	struct task_struct *leader = PEEK(task, group_leader), *parent = PEEK(task, real_parent, group_leader);
	struct pid *pid = PEEK(task, thread_pid), *parent_pid = PEEK(parent, thread_pid);
	struct signal_struct *signal = PEEK(task, signal);
	struct pid *session = PEEK(signal, pids[PIDTYPE_SID]), *group = PEEK(signal, pids[PIDTYPE_PGID]);
	struct pid_namespace *ns = pid_ns_of(task);
	__u32 level = PEEK(pid, level);

	t->start_ns = PEEK(leader, start_boottime);
	t->parent_start_ns = PEEK(parent, start_boottime);
	t->nsproxy_pidns_start_ns = PEEK(ns, child_reaper, start_boottime);
	t->ppid = PEEK(parent, tgid);
	t->sid = pid_number(session, 0);
	t->pgid = pid_number(group, 0);
	t->vtid = pid_number(pid, level);
	t->vpid = pid_number(PEEK(leader, thread_pid), level);
	t->vsid = pid_number(session, level);
	t->vpgid = pid_number(group, level);
	/* The parent may live in an outer namespace: then it has no number in this one. */
	if (level <= PEEK(parent_pid, level) && upid_ns(parent_pid, level) == ns)
		t->vppid = pid_number(parent_pid, level);
}

static __always_inline void fill_tty(struct sensor_wire_task *t, struct tty_struct *tty)
{
	struct tty_driver *driver = PEEK(tty, driver);
	struct tty_driver___v616 *v616 = (void *)driver;

	t->tty_index = PEEK(tty, index);
	t->tty_major = PEEK(driver, major);
	t->tty_minor = PEEK(driver, minor_start) + t->tty_index;
	if (bpf_core_field_exists(driver->type))
		t->tty_driver_type = PEEK(driver, type);
	else if (bpf_core_field_exists(v616->type))
		t->tty_driver_type = PEEK(v616, type);
}

/* TASK of the task at `address`. */
__noinline int put_task(__u64 handle, __u64 address)
{
	struct task_struct *task = AT(task_struct, address);
	struct slot *s = slot_of(handle);
	struct sensor_wire_task *t;
	struct sensor_wire_ns ns = {};
	struct tty_struct *tty;

	if (!s || !put_struct(s, SENSOR_P_TASK, t))
		return -1;
	fill_task_pids(t, task);
	tty = PEEK(task, signal, tty);
	if (tty)
		fill_tty(t, tty);
	t->no_new_privs = PEEK(task, atomic_flags) & 1;
	if (bpf_core_field_exists(task->seccomp.mode))
		t->seccomp = PEEK(task, seccomp.mode);
	fill_ns(&ns, task);
	t->mnt_ns = ns.mnt;
	t->pid_ns = ns.pid;
	t->net_ns = ns.net;
	t->user_ns = ns.user;
	t->uts_ns = ns.uts;
	t->ipc_ns = ns.ipc;
	t->cgroup_ns = ns.cgroup;
	t->time_ns = ns.time;
	if (PEEK(task, ptrace))
		t->ptracer_pid = PEEK(task, parent, tgid);
	t->flags = PEEK(task, flags);
	return 0;
}

__noinline int put_ns(__u64 handle)
{
	struct slot *s = slot_of(handle);
	struct sensor_wire_ns *n;

	if (!s || !put_struct(s, SENSOR_P_NS, n))
		return -1;
	fill_ns(n, AT(task_struct, current_task()));
	return 0;
}

/* The credentials at `address` as parameter `id`. */
__noinline int put_cred(__u64 handle, __u64 address, __u32 id)
{
	struct cred *cred = AT(cred, address);
	struct slot *s = slot_of(handle);
	struct user_namespace *user_ns;
	struct sensor_wire_cred *c;

	if (!s || !put_struct(s, id, c))
		return -1;
	block_read(s, cred, CRED_BYTES);
	c->uid = MEMBER(s, cred, __u32, uid);
	c->euid = MEMBER(s, cred, __u32, euid);
	c->suid = MEMBER(s, cred, __u32, suid);
	c->fsuid = MEMBER(s, cred, __u32, fsuid);
	c->gid = MEMBER(s, cred, __u32, gid);
	c->egid = MEMBER(s, cred, __u32, egid);
	c->sgid = MEMBER(s, cred, __u32, sgid);
	c->fsgid = MEMBER(s, cred, __u32, fsgid);
	c->cap_inheritable = MEMBER(s, cred, __u64, cap_inheritable);
	c->cap_permitted = MEMBER(s, cred, __u64, cap_permitted);
	c->cap_effective = MEMBER(s, cred, __u64, cap_effective);
	c->cap_bounding = MEMBER(s, cred, __u64, cap_bset);
	c->cap_ambient = MEMBER(s, cred, __u64, cap_ambient);
	c->securebits = MEMBER(s, cred, __u32, securebits);
	user_ns = MEMBER(s, cred, struct user_namespace *, user_ns);
	c->user_ns = PEEK(user_ns, ns.inum);
	return 0;
}

/* STDIO of the task at `address`. */
__noinline int put_stdio(__u64 handle, __u64 address)
{
	struct task_struct *task = AT(task_struct, address);
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
		inode = PEEK(AT(file, file), f_inode);
		(*io)[i].kind = PEEK(inode, i_mode) & 0170000;
		if (!(*io)[i].kind)
			(*io)[i].kind = 0170000;   /* open, of no type: an anonymous inode */
		(*io)[i].dev = PEEK(inode, i_sb, s_dev);
		(*io)[i].ino = PEEK(inode, i_ino);
	}
	return 0;
}

static __always_inline struct task_struct *task_of_pid(struct pid *pid)
{
	struct hlist_node *first = NULL;

	if (!pid)
		return NULL;
	bpf_core_read(&first, sizeof(first), &pid->tasks[PIDTYPE_PID].first);   /* a number, which functions may return */
	if (!first)
		return NULL;
	return (void *)((unsigned long)first - bpf_core_field_offset(struct task_struct, pid_links));
}

/* The task that the current one knows as number `nr`: a look-up in the radix tree of its pid namespace
 * (lib/xarray.c: an entry whose low bits are 2 is a node, each level has 6 bits). 0 when there is none. */
__noinline __u64 task_by_number(__u32 nr)
{
	void *entry = PEEK(pid_ns_of(AT(task_struct, current_task())), idr.idr_rt.xa_head);
	struct xa_node *node;
	__u8 shift;

	for (int i = 0; i < 6; i++) {
		if (((unsigned long)entry & 3) != 2)
			break;
		node = AT(xa_node, (unsigned long)entry - 2);
		shift = PEEK(node, shift);
		bpf_core_read(&entry, sizeof(entry), &node->slots[(nr >> (shift & 31)) & 63]);
		if (!shift)
			break;
	}
	if (!entry || (unsigned long)entry & 3)
		return 0;
	return (__u64)task_of_pid(entry);
}

static __always_inline void put_target(__u64 handle, struct task_struct *task)
{
	struct task_struct *target = AT(task_struct, task);
	struct slot *s = slot_of(handle);

	if (!s || !task)
		return;
	put_u64(s, SENSOR_P_TARGET_PID, (__u32)PEEK(target, tgid));
	put_u64(s, SENSOR_P_TARGET_START, PEEK(target, group_leader, start_boottime));
}

#endif
