/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef PARKA_SENSOR_BPF_BEGIN_H
#define PARKA_SENSOR_BPF_BEGIN_H
/*
 * Maps, and the making of one event: begin(), put_*(), end().
 *
 * An event is built in one of SENSOR_SLOTS buffers of this CPU and copied to its ring. A program can be
 * interrupted by another one on the same CPU (softirq, or preemption where the kernel allows it): each takes a
 * free slot and marks it with its own token. Taking is not atomic (5.8 has no compare-and-swap for BPF), so end()
 * looks whether the token is still its own; if not, the event is dropped and counted, never sent damaged.
 *
 * Functions that are not static are verified once, with unknown arguments, by kernels since 5.6; they take
 * numbers only, because 5.8 allows nothing else.
 */
#include "kernel_types.h"
#include "row.h"
#include "../event.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

enum model_event_type {
#define EVENT(id, name, category, flags, meaning) MODEL_EVT_##id,
#include "../../model/events.def"
#undef EVENT
	MODEL_EVT_MAX
};

#define EFAULT 14
#define EPERM 1
#define EINPROGRESS 115

char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile struct sensor_config config = { .cgroup_subsys = -1 };
struct sensor_control control = {};
__u8 calls[SENSOR_ROW_CALLS] = {};   /* enum sensor_call_bits, for the program on every exit */
__u64 last_wake_ns[SENSOR_LANE_MAX] = {};
__u64 lost[SENSOR_LOST_SLOTS] = {};   /* one for all CPUs: losses are few, and user space reads it as memory */

struct slot {
	__u64 token;             /* handle of the event that owns it; 0: free */
	__u32 off;               /* where the next parameter starts */
	__u32 flags;             /* enum sensor_wire_flags so far */
	__u16 n_params;
	__u16 type;
	__u8 lane, rare, has_cwd, text_first;   /* text_first: first byte of the last text put */
	/* State of the path walk. In the map and not in registers, so that the verifier sees one state per step. */
	__u32 walk_n, walk_first, walk_bind, walk_flags;   /* walk_first: ~0 while it has not left the file's mount */
	__u64 root_mnt, root_dentry, mnt_ns;   /* where the walk ends */
	__u64 first_root;        /* the root of the first process in its pid namespace: of a container, whatever jail the task is in */
	/* The system call that the event is about. */
	__u64 args[6];
	__s64 dirfd;             /* what the next PATH argument is relative to */
	__u16 dir_id, variant;
	__u32 spare;
	__u64 number;            /* of number_of() */
	__u8 block[256];         /* a kernel structure, copied whole: one read in place of one per member */
	__u8 buf[SENSOR_EVENT_MASK + 1 + SENSOR_EVENT_SLACK];
};

struct { __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __uint(max_entries, SENSOR_SLOTS); __type(key, __u32); __type(value, struct slot); } slots SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 2 * SENSOR_ROW_CALLS); __type(key, __u32); __type(value, struct sensor_row); } rows SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } ring_lifecycle SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } ring_file SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } ring_net SEC(".maps");

/*
 * Reading kernel memory. Where the kernel has bpf_rdonly_cast() (since 6.2), a program may load through any address that
 * is given a type: a nanosecond where the helper takes ten. AT() gives the address its type, PEEK(p, a, b) is p->a->b. A
 * pointer got by PEEK is no number for the verifier: number_of() makes it one, for the functions that are verified on
 * their own.
 *
 * Where the kernel has not, structures of which much is read are copied whole by block_read(), and MEMBER() takes
 * from the copy.
 *
 * The programs are compiled twice, for each way (PARKA_CASTS, see meson.build): with both in one object half of it would be
 * dead code, which costs the verifier as much time as the other half.
 */
enum { CAN_CAST = PARKA_CASTS };
extern void *bpf_rdonly_cast(const void *object, __u32 btf_id) __ksym __weak;

static __always_inline void *cast(const void *address, __u32 btf_id)
{
	return CAN_CAST ? bpf_rdonly_cast(address, btf_id) : (void *)address;
}

#define AT(kind, address) ((struct kind *)cast((const void *)(address), bpf_core_type_id_kernel(struct kind)))
#define PEEK(p, ...) ({ \
	typeof(p) at_ = (p); \
	___type((at_), __VA_ARGS__) peeked_; \
	if (CAN_CAST) \
		peeked_ = ___arrow((at_), __VA_ARGS__); \
	else \
		BPF_CORE_READ_INTO(&peeked_, at_, __VA_ARGS__); \
	peeked_; \
})

/* 8 bytes of kernel memory as a number, 0 where there are none. Any kernel structure that starts with a number of that size
 * would do: it is read through the type timespec64. */
static __always_inline __u64 word_at(__u64 address)
{
	__u64 word = 0;

	if (CAN_CAST) {
		word = (__u64)AT(timespec64, address)->tv_sec;
		asm volatile("" : "+r"(word));   /* or it is made one load with that of another kind of pointer */
		return word;
	}
	bpf_probe_read_kernel(&word, sizeof(word), (void *)address);
	return word;
}
#define WORD(kind, address, member) word_at((address) + bpf_core_field_offset(struct kind, member))

/* How much of a structure is copied: all of what is read of it lies within (the verifier checks that nothing outside the
 * block is touched, the tests that it is right). The registers are the last thing on their page. */
enum { CRED_BYTES = 192, INODE_BYTES = 256, DENTRY_BYTES = 128, REGS_BYTES = 128 };

static __always_inline void block_read(struct slot *s, const void *from, __u32 size)
{
	if (!CAN_CAST && bpf_probe_read_kernel(s->block, size, from))
		__builtin_memset(s->block, 0, sizeof(s->block));
}

/* A member of the structure at `p`, which block_read() was given last. The barrier keeps the compiler from making one
 * load of the two, which no verifier would take. */
#define MEMBER(s, p, type, member) ({ \
	type member_; \
	if (CAN_CAST) { \
		member_ = *(type *)&(p)->member; \
		asm volatile("" : "+r"(member_)); \
	} else { \
		member_ = *(type *)&(s)->block[OFFSET_IN(p, member)]; \
	} \
	member_; \
})
#define OFFSET_IN(p, member) (__builtin_preserve_field_info((p)->member, BPF_FIELD_BYTE_OFFSET) & 255)

static __always_inline __u64 number_of(struct slot *s, const void *pointer)
{
	*(volatile __u64 *)&s->number = (__u64)pointer;
	return *(volatile __u64 *)&s->number;
}

static __always_inline struct task_struct *current_task(void)
{
	return (struct task_struct *)bpf_get_current_task();
}

/* An argument of a BTF tracepoint as a number: functions that are verified on their own take no typed pointers. */
static __always_inline __u64 raw_arg(const unsigned long long *ctx, int n)
{
	__u64 value = 0;

	bpf_probe_read_kernel(&value, sizeof(value), ctx + n);
	return value;
}

static __always_inline void count_lost(__u32 type, __u32 cause)
{
	__sync_fetch_and_add(&lost[(type & 1023) * 8 + (cause & 7)], 1);
}

/* An event under construction is known by a handle: its time with the slot's number plus 1 in the low two bits. */
static __always_inline struct slot *slot_of(__u64 handle)
{
	__u32 level = (handle & 3) - 1;

	return bpf_map_lookup_elem(&slots, &level);
}

static __always_inline __u64 cap_bits(const kernel_cap_t *set)
{
	__u64 bits = 0;

	bpf_core_read(&bits, sizeof(bits), set);
	return bits;
}

static __always_inline __u64 cgroup_id_of(struct task_struct *task)
{
	struct css_set *set = PEEK(task, cgroups);
	struct cgroup_subsys_state *css = NULL;
	__s32 subsys = config.cgroup_subsys;

	if (subsys < 0)
		return PEEK(set, dfl_cgrp, kn, id);
	bpf_core_read(&css, sizeof(css), &set->subsys[subsys & 15]);
	return PEEK(AT(cgroup_subsys_state, css), cgroup, kn, id);
}

/* A pid has one number per namespace level; kernels allow 32 levels. */
static __always_inline unsigned long upid_address(struct pid *pid, __u32 level)
{
	return (unsigned long)pid + bpf_core_field_offset(struct pid, numbers) + (level & 31) * bpf_core_type_size(struct upid);
}

static __always_inline struct pid_namespace *upid_ns(struct pid *pid, __u32 level)
{
	return PEEK(AT(upid, upid_address(pid, level)), ns);
}

static __always_inline __u32 upid_number(struct pid *pid, __u32 level)
{
	return PEEK(AT(upid, upid_address(pid, level)), nr);
}

static __always_inline struct pid_namespace *pid_ns_of(struct task_struct *task)
{
	struct pid *pid = PEEK(task, thread_pid);

	return upid_ns(pid, PEEK(pid, level));   /* reading at or near NULL gives NULL */
}

/* The directory that is the root of the first process in the task's pid namespace. */
static __always_inline __u64 first_root_of(struct task_struct *task)
{
	struct pid_namespace *ns = pid_ns_of(task);
	struct task_struct *first = PEEK(ns, child_reaper);

	return (__u64)PEEK(first, fs, root.dentry);
}

static __always_inline void fill_cred(struct slot *s, struct sensor_wire *w, struct cred *cred)
{
	struct user_namespace *user_ns;

	block_read(s, cred, CRED_BYTES);
	user_ns = MEMBER(s, cred, struct user_namespace *, user_ns);
	w->uid = MEMBER(s, cred, __u32, uid);
	w->euid = MEMBER(s, cred, __u32, euid);
	w->gid = MEMBER(s, cred, __u32, gid);
	w->egid = MEMBER(s, cred, __u32, egid);
	w->fsuid = MEMBER(s, cred, __u32, fsuid);
	w->cap_eff = MEMBER(s, cred, __u64, cap_effective);
	w->cap_prm = MEMBER(s, cred, __u64, cap_permitted);
	w->user_ns = PEEK(user_ns, ns.inum);
	w->cred = (__u64)cred;
}

/* The header, from a task (which need not be the current one: the iterator), and where its paths end. */
static __always_inline void fill_header(struct slot *s, struct task_struct *task, __u64 now)
{
	struct sensor_wire *w = (struct sensor_wire *)s->buf;
	struct mnt_namespace *mnt_ns = PEEK(task, nsproxy, mnt_ns);
	struct fs_struct *fs = PEEK(task, fs);

	w->ts_ns = now;
	w->start_ns = PEEK(task, group_leader, start_boottime);
	w->pid = PEEK(task, tgid);
	w->tid = PEEK(task, pid);
	w->loginuid = w->session = (__u32)-1;
	if (bpf_core_field_exists(task->loginuid)) {
		w->loginuid = PEEK(task, loginuid.val);
		w->session = PEEK(task, sessionid);
	}
	w->mnt_ns = PEEK(mnt_ns, ns.inum);
	w->pid_ns = PEEK(pid_ns_of(task), ns.inum);
	fill_cred(s, w, (struct cred *)PEEK(task, cred));
	w->cgroup = cgroup_id_of(task);
	bpf_core_read(w->comm, sizeof(w->comm), &task->comm);
	w->cpu = bpf_get_smp_processor_id();
	w->count = 1;
	s->root_mnt = (__u64)PEEK(fs, root.mnt);
	s->root_dentry = (__u64)PEEK(fs, root.dentry);
	s->mnt_ns = (__u64)mnt_ns;
	s->first_root = first_root_of(task);
}

/*
 * Which credentials the ledger in user space has seen of a thread: hashes of (thread, credentials), place by thread. An event
 * that no rule wants is reported all the same when its thread has others than in its last event; so a change without a
 * lawful cause (sensor/ledger.c) is told at the thread's next call, not when a rule happens to want one. A collision
 * forgets: then an event too many is reported. Losses are counted, and the ledger knows them.
 */
enum { CREDS_SEEN = 8192, CREDS_WORDS = 9 };
__u64 creds_seen[CREDS_SEEN] = {};

static __always_inline __u64 creds_mix(__u64 h, __u64 word)
{
	h = (h ^ word) * 0x9fb21c651e98df25ULL;
	return h ^ h >> 29;
}

#define LOADED(p, type, member) ({ type loaded_ = *(type *)&(p)->member; asm volatile("" : "+r"(loaded_)); loaded_; })

/* Without casts what lies from uid on is copied in one go: ids and capabilities, and whatever a kernel has between them. */
static __always_inline __u64 creds_hash(struct task_struct *task, __u32 tid)
{
	struct cred *cred = (struct cred *)PEEK(task, cred);
	__u64 words[CREDS_WORDS] = {}, h = (__u64)cred;

	/* The difference of two pointers is a number, which one of them is not for the verifier. */
	asm volatile("%0 -= %1" : "+r"(h) : "r"(task));
	h = creds_mix(tid, h);
	if (CAN_CAST) {
		h = creds_mix(h, LOADED(cred, __u32, uid) | (__u64)LOADED(cred, __u32, euid) << 32);
		h = creds_mix(h, LOADED(cred, __u32, suid) | (__u64)LOADED(cred, __u32, fsuid) << 32);
		h = creds_mix(h, LOADED(cred, __u64, cap_effective));
		h = creds_mix(h, LOADED(cred, __u64, cap_permitted));
		return h | 1;
	}
	bpf_probe_read_kernel(words, sizeof(words), (void *)((unsigned long)cred + bpf_core_field_offset(struct cred, uid)));
#pragma unroll
	for (int i = 0; i < CREDS_WORDS; i++)
		h = creds_mix(h, words[i]);
	return h | 1;
}

static __always_inline __u32 creds_place(__u32 tid)
{
	return (tid * 0x9e3779b1u >> 19) & (CREDS_SEEN - 1);
}

static __always_inline void creds_note(struct task_struct *task)
{
	__u32 tid = PEEK(task, pid);

	creds_seen[creds_place(tid)] = creds_hash(task, tid);
}

/* Whether the thread's last event had the credentials that it has now. */
static __always_inline bool creds_are_known(struct task_struct *task)
{
	__u32 tid = PEEK(task, pid);

	return creds_seen[creds_place(tid)] == creds_hash(task, tid);
}

static __always_inline struct slot *free_slot(__u32 *ret_level)
{
	struct slot *s;

#pragma unroll
	for (__u32 level = 0; level < SENSOR_SLOTS; level++) {
		__u32 key = level;
		s = bpf_map_lookup_elem(&slots, &key);
		if (s && !s->token) {
			*ret_level = level;
			return s;
		}
	}
	return NULL;
}

/* Take a free slot and fill the header in from a task. The handle; 0 when no slot is free. */
__noinline __u64 begin_task(__u64 task_address, __u32 type, __u32 lane)
{
	struct task_struct *task = AT(task_struct, task_address);
	__u32 level = 0;
	__u64 now = bpf_ktime_get_boot_ns();
	struct slot *s;

	s = free_slot(&level);
	if (!s) {
		count_lost(type, SENSOR_LOST_NESTED);
		return 0;
	}
	s->token = (now & ~3ULL) | (level + 1);
	s->off = sizeof(struct sensor_wire);
	s->flags = 0;
	s->n_params = 0;
	s->type = type;
	s->lane = lane;
	s->rare = 0;
	s->has_cwd = 0;
	s->text_first = 0;
	fill_header(s, task, now);
	creds_note(task);
	return (now & ~3ULL) | (level + 1);
}

/* 0 also when the event is not to be reported: parka's own files and sockets. */
static __always_inline __u64 begin(__u32 type, __u32 lane)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;

	if (lane != SENSOR_LANE_LIFECYCLE && tgid == control.self_pid)
		return 0;
	return begin_task((__u64)current_task(), type, lane);
}

static __always_inline void cancel(__u64 handle)
{
	struct slot *s = slot_of(handle);

	if (s && s->token == handle)
		s->token = 0;
}

/* Lifecycle and rare events wake the reader, at most once a millisecond, unless it is up: a wake-up is an interrupt to this CPU and
 * one to the reader's, some 8 us. File and net events are read by the reader's timer, unless it has stopped that because nothing
 * came for a while. A ring that fills wakes it in any case. */
static __always_inline __u64 wake_flags(struct slot *s, void *ring, __u64 now)
{
	__u32 lane = s->lane;
	bool reads_by_itself;
	__u64 *last;

	if (lane >= SENSOR_LANE_MAX)
		return BPF_RB_NO_WAKEUP;
	last = &last_wake_ns[lane];
	if (now - *last < 1000000)
		return BPF_RB_NO_WAKEUP;
	reads_by_itself = lane == SENSOR_LANE_LIFECYCLE || s->rare ? control.reader_is_up : !control.reader_dozes;
	if (reads_by_itself &&
	    bpf_ringbuf_query(ring, BPF_RB_AVAIL_DATA) < config.ring_bytes[lane] / 4)
		return BPF_RB_NO_WAKEUP;
	*last = now;
	return BPF_RB_FORCE_WAKEUP;
}

/* ---- counting ---- */

struct { __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __uint(max_entries, SENSOR_COUNT_TYPES); __type(key, __u32); __type(value, struct sensor_counts); } counts SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_LRU_PERCPU_HASH); __uint(max_entries, SENSOR_COUNT_CGROUPS); __type(key, __u64); __type(value, struct sensor_counts); } cgroup_counts SEC(".maps");

enum count { COUNT_DROPPED, COUNT_FOLDED, COUNT_ENDED };

static __always_inline void count_in(struct sensor_counts *c, enum count what)
{
	if (what == COUNT_DROPPED)
		c->dropped++;
	else if (what == COUNT_FOLDED)
		c->folded++;
	else
		c->ended++;
}

/* Only while somebody looks at cgroups. */
__noinline int count_cgroup(__u64 cgroup, __u32 what)
{
	struct sensor_counts none = {}, *c = bpf_map_lookup_elem(&cgroup_counts, &cgroup);

	if (!c) {
		bpf_map_update_elem(&cgroup_counts, &cgroup, &none, BPF_NOEXIST);
		c = bpf_map_lookup_elem(&cgroup_counts, &cgroup);
	}
	if (c)
		count_in(c, what);
	return 0;
}

static __always_inline void count_type(__u32 type, enum count what)
{
	struct sensor_counts *c = bpf_map_lookup_elem(&counts, &type);

	if (c)
		count_in(c, what);
}

/* Finish the header; the length to send. */
static __always_inline __u32 seal(struct slot *s, __s64 ret)
{
	struct sensor_wire *w = (struct sensor_wire *)s->buf;

	w->len = s->off;
	w->type = s->type;
	w->lane = s->lane;
	w->flags = s->flags;
	w->ret = ret;
	w->n_params = s->n_params;
	return s->off;
}

static __always_inline long send(struct slot *s, void *ring, __u32 len)
{
	return bpf_ringbuf_output(ring, s->buf, len, wake_flags(s, ring, s->token));
}

/* Send the event and free its slot. */
__noinline int end(__u64 handle, __s64 ret)
{
	struct slot *s = slot_of(handle);
	__u32 len;
	long r;

	if (!s)
		return 0;
	if (s->token != handle) {
		/* Somebody else took the slot while this event was in it: the slot is theirs now. */
		count_lost(s->type, SENSOR_LOST_NESTED);
		return 0;
	}
	len = seal(s, ret);
	count_type(s->type, COUNT_ENDED);
	if (control.count_cgroups)
		count_cgroup(((struct sensor_wire *)s->buf)->cgroup, COUNT_ENDED);
	if (len < sizeof(struct sensor_wire) || len > sizeof(s->buf))
		r = -1;
	else if (s->lane == SENSOR_LANE_LIFECYCLE)
		r = send(s, &ring_lifecycle, len);
	else if (s->lane == SENSOR_LANE_FILE)
		r = send(s, &ring_file, len);
	else
		r = send(s, &ring_net, len);
	if (r)
		count_lost(s->type, SENSOR_LOST_RING_FULL);
	s->token = 0;
	return 0;
}

/* ---- parameters ---- */

/* Room for a parameter; NULL (and the event marked as cut) when the buffer is full. */
static __always_inline struct sensor_wire_param *param_at(struct slot *s)
{
	if (s->off > SENSOR_EVENT_MASK) {
		s->flags |= SENSOR_WIRE_TRUNCATED;
		return NULL;
	}
	return (struct sensor_wire_param *)&s->buf[s->off & SENSOR_EVENT_MASK];
}

static __always_inline void param_done(struct slot *s, struct sensor_wire_param *p, __u16 id, __u16 flags, __u32 len)
{
	__u32 tail;

	p->id = id;
	p->flags = flags;
	p->len = len;
	tail = s->off + sizeof(*p) + len;
	if (tail <= sizeof(s->buf) - 8)
		*(__u64 *)&s->buf[tail] = 0;   /* padding: nothing of an older event */
	s->off += sizeof(*p) + ((len + 7) & ~7U);
	s->n_params++;
	if (flags & SENSOR_PARAM_TRUNCATED)
		s->flags |= SENSOR_WIRE_TRUNCATED;
	if (flags & SENSOR_PARAM_FROM_USER)
		s->flags |= SENSOR_WIRE_USER_READ;
}

static __always_inline void put_u64(struct slot *s, __u16 id, __u64 value)
{
	struct sensor_wire_param *p = param_at(s);

	if (!p)
		return;
	*(__u64 *)(p + 1) = value;
	param_done(s, p, id, 0, 8);
}

/* The place of a structure of `size` bytes, all zero. */
#define put_struct(s, param_id, pointer) ({ \
	struct sensor_wire_param *p_ = param_at(s); \
	if (p_) { \
		pointer = (void *)(p_ + 1); \
		__builtin_memset(pointer, 0, sizeof(*pointer)); \
		param_done(s, p_, param_id, 0, sizeof(*pointer)); \
	} else { \
		pointer = NULL; \
	} \
	pointer; \
})

/* Text without its NUL. `max` is at most SENSOR_EVENT_SLACK - 16. */
static __always_inline long put_text(struct slot *s, __u16 id, const void *text, __u32 max, bool from_user)
{
	struct sensor_wire_param *p = param_at(s);
	__u16 flags = from_user ? SENSOR_PARAM_FROM_USER : 0;
	long len;

	if (!p || !text)
		return -1;
	len = from_user ? bpf_probe_read_user_str(p + 1, max, text) : bpf_probe_read_kernel_str(p + 1, max, text);
	if (len < 0) {
		s->flags |= SENSOR_WIRE_UNRESOLVED;
		return len;
	}
	s->text_first = len ? *(__u8 *)(p + 1) : 0;
	if (len >= max)
		flags |= SENSOR_PARAM_TRUNCATED;
	len = len > 0 ? len - 1 : 0;
	param_done(s, p, id, flags, len & 0x1fff);
	return len;
}

/* `size` bytes of user memory; size is cut to max (a power of two). */
static __always_inline void put_user_bytes(struct slot *s, __u16 id, const void *from, __u64 size, __u32 max)
{
	struct sensor_wire_param *p = param_at(s);
	__u16 flags = SENSOR_PARAM_FROM_USER;

	if (!p || !from)
		return;
	if (size > max) {
		size = max;
		flags |= SENSOR_PARAM_TRUNCATED;
	}
	if (bpf_probe_read_user(p + 1, size, from))
		return;
	param_done(s, p, id, flags, size);
}

#endif
