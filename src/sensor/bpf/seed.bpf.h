/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef PARKA_SENSOR_BPF_SEED_H
#define PARKA_SENSOR_BPF_SEED_H
/* The processes that live now, one event each, through the task iterator. ARGV is added by user space: another
 * task's memory cannot be read from here before 5.18. */
#include "task.bpf.h"

SEC("iter/task")
int seed_tasks(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	__u64 address = raw_arg((const unsigned long long *)ctx, 1), h;
	struct task_struct *task = AT(task_struct, address);
	struct file *file;
	struct slot *s;
	__u32 len;

	if (!address || PEEK(task, pid) != PEEK(task, tgid))
		return 0;
	h = begin_task(address, MODEL_EVT_NONE, SENSOR_LANE_LIFECYCLE);
	s = slot_of(h);
	if (!h || !s)
		return 0;
	s->flags = SENSOR_WIRE_NO_RET;
	put_task(h, address);
	put_cred(h, number_of(s, PEEK(task, cred)), SENSOR_P_CRED);
	put_stdio(h, address);
	file = PEEK(task, mm, exe_file);
	if (file)
		put_open_file(h, s, file, SENSOR_P_PATH, 0);
	put_path(h, number_of(s, PEEK(task, fs, pwd.mnt)), number_of(s, PEEK(task, fs, pwd.dentry)), SENSOR_P_CWD);
	len = seal(s, 0);
	/* Two comparisons, kept apart: folded into one subtraction, kernels before 6.13 lose the upper bound. */
	barrier_var(len);
	if (len <= sizeof(s->buf)) {
		barrier_var(len);
		if (len >= sizeof(struct sensor_wire))
			bpf_seq_write(seq, s->buf, len);
	}
	cancel(h);
	return 0;
}

#endif
