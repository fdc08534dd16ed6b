/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef PARKA_SENSOR_BPF_URING_H
#define PARKA_SENSOR_BPF_URING_H
/*
 * What io_uring does without a system call of its own. A request is remembered when it is submitted (its path is a
 * copy in kernel memory then, freed before the end) and told when it completes, with its result. What completes
 * without a word (IOSQE_CQE_SKIP_SUCCESS), or on kernels whose completion does not name the request, is told at once,
 * without a result.
 *
 * The arguments of the tracepoints, from the kernel's history (user space reads them from BTF, see probe.c):
 *   submit    io_uring_submit_req(req) since 6.4; io_uring_submit_sqe(req, bool) since 5.18; (ctx, req, ...) since
 *             5.15; before, no request: operations are not seen there at all, only io_uring_setup(2) and its kin
 *   complete  (ctx, req, cqe) since 6.10; (ctx, req, user_data, res, ...) since 5.18; (ctx, user_data, res, ...) before
 */
#include "net.bpf.h"

/* include/uapi/linux/io_uring.h */
enum {
	OP_ACCEPT = 13, OP_CONNECT = 16, OP_OPENAT = 18, OP_OPENAT2 = 28, OP_RENAMEAT = 35, OP_UNLINKAT = 36, OP_MKDIRAT = 37,
	OP_SYMLINKAT = 38, OP_LINKAT = 39, OP_FSETXATTR = 41, OP_SETXATTR = 42, OP_URING_CMD = 46, OP_BIND = 56, OP_LISTEN = 57,
	REQ_CQE_SKIP = 1 << 6, URING_PATH = 256,
};

struct uring_pending {
	__u64 flags, mode;
	__s32 dirfd, dirfd2;
	__u32 opcode, fixed;
	char path[URING_PATH], path2[URING_PATH];
};
struct { __uint(type, BPF_MAP_TYPE_LRU_HASH); __uint(max_entries, 1024); __type(key, __u64); __type(value, struct uring_pending); } uring_requests SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, struct uring_pending); } uring_scratch SEC(".maps");

static __always_inline __u32 uring_type(__u32 opcode)
{
	switch (opcode) {
	case OP_ACCEPT: return MODEL_EVT_ACCEPT4;
	case OP_CONNECT: return MODEL_EVT_CONNECT;
	case OP_OPENAT: return MODEL_EVT_OPENAT;
	case OP_OPENAT2: return MODEL_EVT_OPENAT2;
	case OP_RENAMEAT: return MODEL_EVT_RENAMEAT2;
	case OP_UNLINKAT: return MODEL_EVT_UNLINKAT;
	case OP_MKDIRAT: return MODEL_EVT_MKDIRAT;
	case OP_SYMLINKAT: return MODEL_EVT_SYMLINKAT;
	case OP_LINKAT: return MODEL_EVT_LINKAT;
	case OP_BIND: return MODEL_EVT_BIND;
	case OP_LISTEN: return MODEL_EVT_LISTEN;
	case OP_FSETXATTR: case OP_SETXATTR: case OP_URING_CMD: return MODEL_EVT_IO_URING_OP;
	}
	return 0;
}

static __always_inline void read_name(char *to, struct filename *from)
{
	bpf_probe_read_kernel_str(to, URING_PATH, BPF_CORE_READ(from, name));
}

/* The request's own part: it lies at the start of struct io_kiocb on all kernels. */
static __always_inline void read_request(struct uring_pending *p, __u64 req)
{
	__u32 op = p->opcode;

	if (op == OP_OPENAT || op == OP_OPENAT2) {
		struct io_open *o = (struct io_open *)req;
		p->dirfd = BPF_CORE_READ(o, dfd);
		p->flags = BPF_CORE_READ(o, how.flags);
		p->mode = BPF_CORE_READ(o, how.mode);
		if (bpf_core_field_exists(o->file_slot))
			p->fixed = BPF_CORE_READ(o, file_slot);
		read_name(p->path, BPF_CORE_READ(o, filename));
	} else if (op == OP_UNLINKAT) {
		struct io_unlink *u = (struct io_unlink *)req;
		p->dirfd = BPF_CORE_READ(u, dfd);
		p->flags = (__u32)BPF_CORE_READ(u, flags);
		read_name(p->path, BPF_CORE_READ(u, filename));
	} else if (op == OP_MKDIRAT) {
		struct io_mkdir *m = (struct io_mkdir *)req;
		p->dirfd = BPF_CORE_READ(m, dfd);
		p->mode = BPF_CORE_READ(m, mode);
		read_name(p->path, BPF_CORE_READ(m, filename));
	} else if (op == OP_RENAMEAT) {
		struct io_rename *r = (struct io_rename *)req;
		p->dirfd = BPF_CORE_READ(r, old_dfd);
		p->dirfd2 = BPF_CORE_READ(r, new_dfd);
		p->flags = (__u32)BPF_CORE_READ(r, flags);
		read_name(p->path, BPF_CORE_READ(r, oldpath));
		read_name(p->path2, BPF_CORE_READ(r, newpath));
	} else if (op == OP_LINKAT || op == OP_SYMLINKAT) {
		struct io_link *l = (struct io_link *)req;
		p->dirfd = BPF_CORE_READ(l, old_dfd);
		p->dirfd2 = BPF_CORE_READ(l, new_dfd);
		p->flags = (__u32)BPF_CORE_READ(l, flags);
		read_name(p->path, BPF_CORE_READ(l, oldpath));
		read_name(p->path2, BPF_CORE_READ(l, newpath));
	}
}

static __always_inline void put_request_paths(__u64 h, struct slot *s, struct uring_pending *p)
{
	if (p->path[0]) {
		put_text(s, SENSOR_P_RAW, p->path, URING_PATH, false);
		if (p->path[0] != '/' && p->opcode != OP_SYMLINKAT)
			put_dir(h, p->dirfd, SENSOR_P_DIRFD);
	}
	if (p->path2[0]) {
		put_text(s, SENSOR_P_RAW2, p->path2, URING_PATH, false);
		if (p->path2[0] != '/')
			put_dir(h, p->dirfd2, SENSOR_P_DIRFD2);
	}
}

/* The event of request `req`, remembered in `p`. */
static __always_inline void tell_request(__u64 req, struct uring_pending *p, __s64 ret, __u32 flags)
{
	__u32 type = uring_type(p->opcode);
	bool is_net = type == MODEL_EVT_CONNECT || type == MODEL_EVT_ACCEPT4 || type == MODEL_EVT_BIND || type == MODEL_EVT_LISTEN;
	bool is_open = type == MODEL_EVT_OPENAT || type == MODEL_EVT_OPENAT2;
	__u64 h = begin(type, is_net ? SENSOR_LANE_NET : type == MODEL_EVT_IO_URING_OP ? SENSOR_LANE_LIFECYCLE : SENSOR_LANE_FILE);
	struct slot *s = slot_of(h);
	struct file *file = NULL;

	if (!h || !s)
		return;
	s->flags |= SENSOR_WIRE_IO_URING | flags;
	put_u64(s, SENSOR_P_OPCODE, p->opcode);
	put_u64(s, SENSOR_P_FLAGS, p->flags);
	put_u64(s, SENSOR_P_MODE, p->mode);
	if (is_open && ret >= 0 && !p->fixed && !(flags & SENSOR_WIRE_NO_RET))
		file = file_of_fd(current_task(), ret);
	if (file)
		put_open_file(h, s, file, SENSOR_P_PATH, BPF_CORE_READ(file, f_mode) & FMODE_CREATED_BIT ? SENSOR_FILE_CREATED : 0);
	else if (is_open && ret >= 0)
		s->flags |= SENSOR_WIRE_UNRESOLVED;
	if (is_net)
		put_socket(h, type == MODEL_EVT_ACCEPT4 ? (__u64)file_of_fd(current_task(), ret)
							: (__u64)BPF_CORE_READ((struct io_kiocb *)req, file), 0);
	put_request_paths(h, s, p);
	end(h, ret);
}

static __always_inline int on_submit(__u64 req)
{
	struct uring_pending *p;
	__u32 zero = 0, opcode = BPF_CORE_READ((struct io_kiocb *)req, opcode), flags = 0;

	if (!uring_type(opcode))
		return 0;
	p = bpf_map_lookup_elem(&uring_scratch, &zero);
	if (!p)
		return 0;
	__builtin_memset(p, 0, sizeof(*p));
	p->opcode = opcode;
	read_request(p, req);
	bpf_core_read(&flags, sizeof(flags), &((struct io_kiocb *)req)->flags);
	if (flags & REQ_CQE_SKIP || config.uring_result == SENSOR_URING_NO_REQUEST)
		tell_request(req, p, 0, SENSOR_WIRE_NO_RET);
	else
		bpf_map_update_elem(&uring_requests, &req, p, BPF_ANY);
	return 0;
}

SEC("tp_btf/io_uring_submit_req")
int BPF_PROG(on_uring_submit)
{
	return on_submit(raw_arg(ctx, 0));
}

SEC("tp_btf/io_uring_submit_sqe")
int BPF_PROG(on_uring_submit_old)
{
	if (config.uring_request < 0)
		return 0;
	return on_submit(raw_arg(ctx, config.uring_request ? 1 : 0));
}

SEC("tp_btf/io_uring_complete")
int BPF_PROG(on_uring_complete)
{
	__u64 req = raw_arg(ctx, 1);
	struct uring_pending *p = bpf_map_lookup_elem(&uring_requests, &req);
	__s32 result;

	if (!p)
		return 0;
	if (config.uring_result == SENSOR_URING_CQE)
		result = BPF_CORE_READ((struct io_uring_cqe *)raw_arg(ctx, 2), res);
	else
		result = (__s32)raw_arg(ctx, 3);
	tell_request(req, p, result, 0);
	bpf_map_delete_elem(&uring_requests, &req);
	return 0;
}

#endif
