/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef PARKA_SENSOR_BPF_KERNEL_H
#define PARKA_SENSOR_BPF_KERNEL_H
/* Control groups, memory kills, modules, capability checks: BTF tracepoints. */
#include "task.bpf.h"

/* Only of the hierarchy that containers are known by: a v1 host has ten, and each container is in all. */
static __always_inline __u64 begin_cgroup(__u32 type, const unsigned long long *ctx)
{
	struct cgroup *cgroup = (struct cgroup *)raw_arg(ctx, 0);
	struct slot *s;
	__u64 h;

	if (BPF_CORE_READ(cgroup, root, hierarchy_id) != config.cgroup_hierarchy)
		return 0;
	h = begin(type, SENSOR_LANE_LIFECYCLE);
	s = slot_of(h);
	if (!h || !s)
		return 0;
	s->flags = SENSOR_WIRE_NO_RET;
	put_u64(s, SENSOR_P_CGROUP_ID, BPF_CORE_READ(cgroup, kn, id));
	put_text(s, SENSOR_P_CGROUP_PATH, (const void *)raw_arg(ctx, 1), 4096, false);
	put_u64(s, SENSOR_P_CGROUP_ROOT, (__s64)BPF_CORE_READ(cgroup, root, hierarchy_id));
	return h;
}

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(on_cgroup_mkdir, struct cgroup *cgroup, const char *path)
{
	__u64 h = begin_cgroup(MODEL_EVT_CGROUP_MKDIR, ctx);

	return h ? end(h, 0) : 0;
}

SEC("tp_btf/cgroup_rmdir")
int BPF_PROG(on_cgroup_rmdir, struct cgroup *cgroup, const char *path)
{
	__u64 h = begin_cgroup(MODEL_EVT_CGROUP_RMDIR, ctx);

	filter_forget_where(raw_arg(ctx, 0));
	return h ? end(h, 0) : 0;
}

SEC("tp_btf/cgroup_attach_task")
int BPF_PROG(on_cgroup_attach, struct cgroup *cgroup, const char *path, struct task_struct *task)
{
	__u64 h = begin_cgroup(MODEL_EVT_CGROUP_ATTACH, ctx);

	filter_forget_where(raw_arg(ctx, 0));
	if (!h)
		return 0;
	put_target(h, (struct task_struct *)raw_arg(ctx, 2));
	return end(h, 0);
}

/* The argument is a task since 72ba14deb40a ("mm: add more information to the oom mark_victim tracepoint", 6.9)
 * and a pid before; user space tells which. */
SEC("tp_btf/mark_victim")
int BPF_PROG(on_oom)
{
	__u64 h = begin(MODEL_EVT_OOM_KILL, SENSOR_LANE_LIFECYCLE);
	struct slot *s = slot_of(h);

	if (!h || !s)
		return 0;
	s->flags = SENSOR_WIRE_NO_RET;
	if (config.oom_gives_task)
		put_target(h, (struct task_struct *)raw_arg(ctx, 0));
	else
		put_u64(s, SENSOR_P_TARGET_PID, (__u32)raw_arg(ctx, 0));
	return end(h, 0);
}

SEC("tp_btf/module_load")
int BPF_PROG(on_module_load)
{
	struct module *module = (struct module *)raw_arg(ctx, 0);
	__u64 h = begin(MODEL_EVT_MODULE_LOAD, SENSOR_LANE_LIFECYCLE);
	struct slot *s = slot_of(h);

	if (!h || !s)
		return 0;
	s->flags = SENSOR_WIRE_NO_RET;
	put_text(s, SENSOR_P_NAME, &module->name, 56, false);
	return end(h, 0);
}

/* Arguments: credentials, wanted namespace, namespace found, capability, result. */
SEC("tp_btf/cap_capable")
int BPF_PROG(on_cap_capable)
{
	__u64 h = begin(MODEL_EVT_CAP_CAPABLE, SENSOR_LANE_LIFECYCLE);
	struct slot *s = slot_of(h);

	if (!h || !s)
		return 0;
	put_u64(s, SENSOR_P_REQUEST, (__u32)raw_arg(ctx, 3));
	return end(h, (__s32)raw_arg(ctx, 4));
}

#endif
