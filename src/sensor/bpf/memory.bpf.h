/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef PARKA_SENSOR_BPF_MEMORY_H
#define PARKA_SENSOR_BPF_MEMORY_H
/*
 * What memory was before mprotect() makes it executable. At the exit of the call it is as it was made: what it was is seen on the way,
 * by the security hook for each area that the call concerns (where fentry or LSM programs attach), else at the call's entry for the
 * area of its first byte (bpf_find_vma(), 7c7e3d31e785, 5.17). Kept per thread until the exit.
 */
#include "call.bpf.h"
#include "names.bpf.h"

enum { MEMORY_EXEC = 4, MEMORY_BITS = 7 };   /* PROT_READ, PROT_WRITE, PROT_EXEC are VM_READ, VM_WRITE, VM_EXEC (include/linux/mm.h) */

struct memory { __u64 start; __u64 bits; };
struct { __uint(type, BPF_MAP_TYPE_LRU_HASH); __uint(max_entries, 512); __type(key, __u64); __type(value, struct memory); } memory_kept SEC(".maps");

/* The area that holds the call's first byte begins a new call; the others add to it. */
static __always_inline int keep_area(__u64 area, __u64 asked)
{
	struct vm_area_struct *vma = (struct vm_area_struct *)area;
	__u64 thread = bpf_get_current_pid_tgid(), bits = BPF_CORE_READ(vma, vm_flags) & MEMORY_BITS;
	struct memory now = { .start = call_arg(current_task(), 0), .bits = bits }, *kept;

	if (!(asked & MEMORY_EXEC))
		return 0;
	kept = now.start >= BPF_CORE_READ(vma, vm_start) ? NULL : bpf_map_lookup_elem(&memory_kept, &thread);
	if (kept)
		kept->bits |= bits;
	else
		bpf_map_update_elem(&memory_kept, &thread, &now, BPF_ANY);
	return 0;
}

NAMES_HOOK(file_mprotect, keep_area(raw_arg(ctx, 0), raw_arg(ctx, 1)))

struct enter_context { __u64 common; __s32 nr; __u32 pad; __u64 args[6]; };   /* events/syscalls/sys_enter_*\/format */

static long keep_found(struct task_struct *task, struct vm_area_struct *vma, void *data)
{
	((struct memory *)data)->bits = vma->vm_flags & MEMORY_BITS;
	return 0;
}

static __always_inline int keep_first_area(struct enter_context *ctx)
{
	__u64 thread = bpf_get_current_pid_tgid();
	struct memory now = { .start = ctx->args[0] };

	if (!(ctx->args[2] & MEMORY_EXEC))
		return 0;
	if (bpf_find_vma(bpf_get_current_task_btf(), now.start, keep_found, &now, 0))
		bpf_map_delete_elem(&memory_kept, &thread);   /* another thread changes the memory: not known */
	else
		bpf_map_update_elem(&memory_kept, &thread, &now, BPF_ANY);
	return 0;
}

SEC("tracepoint/enter_mprotect")
int enter_mprotect(struct enter_context *ctx)
{
	return keep_first_area(ctx);
}

SEC("tracepoint/enter_mprotect_key")
int enter_mprotect_key(struct enter_context *ctx)
{
	return keep_first_area(ctx);
}

static __always_inline void put_old_protection(struct slot *s, __s64 ret)
{
	__u64 thread = bpf_get_current_pid_tgid();
	struct memory *kept = bpf_map_lookup_elem(&memory_kept, &thread);

	if (!kept)
		return;
	if (ret >= 0 && kept->start == s->args[0])
		put_u64(s, SENSOR_P_OLD_PROT, kept->bits);
	bpf_map_delete_elem(&memory_kept, &thread);
}

#endif
