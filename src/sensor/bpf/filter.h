/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef PARKA_SENSOR_BPF_FILTER_H
#define PARKA_SENSOR_BPF_FILTER_H
/*
 * The filter in the kernel: tables, and how they are asked. Shared by the BPF programs, which ask them of kernel objects, and
 * by user space, which makes them (sensor/filter.h) and asks them of wire events to prove that both say the same.
 * No libc here, nothing that 5.8's verifier refuses.
 *
 * What rules demand of events is a list of terms: alternatives, each of which says "an event of these types, with these flags,
 * of a file below /etc, by somebody outside containers, ...". An event that satisfies no term can make no rule true and is
 * dropped. A term's demands are one per dimension (flags, result, path, comm, ...). Terms are numbered 0..63 within a class of
 * event types; so what a dimension says is 64 bits: which terms can still be satisfied given this value. They are ANDed,
 * cheapest first, until no bit is left: drop, or all were asked: report. What is not known has all bits.
 *
 *     types[openat] & kind[O_WRONLY|O_TRUNC] & result[0] & fd_type[file] & path(/etc/cron.d/x) & comm("vi") & where[host] ...
 *
 * A path, name and part are asked of each name that the file has by its place, as the state sees it (sensor/names.h): by the mounts, from the
 * root and on the host when mounts are not looked at. One of them must satisfy all three.
 *
 * `*_free` is the set of terms that demand nothing of a dimension: when no other is left, it need not be asked.
 *
 * Sound: every dimension over-approximates. A collision of two hashes adds bits, never takes one.
 */
#ifdef __bpf__
#include "kernel_types.h"
#else
#include <linux/types.h>
#include <stdbool.h>
#endif

enum sensor_filter_class {
	FILTER_OPEN,             /* open, openat, openat2, creat, open_by_handle_at */
	FILTER_NET,              /* connect, accept, bind, listen, send */
	FILTER_CALL,             /* every other system call */
	FILTER_CLASSES,
	FILTER_ALWAYS = 255,     /* the type is never dropped: the state needs it, or a rule wants all of them */
};

enum {
	FILTER_TYPES = 512,      /* enum model_event_type is smaller */
	FILTER_KINDS = 128,
	FILTER_RESULTS = 136,    /* 0: success; errno; the last one: any larger errno */
	FILTER_FD_TYPES = 8,     /* enum filter_fd_type */
	FILTER_ENTRIES = 1024,   /* of comm, uid, exe, port, name, part tables: powers of two */
	FILTER_NODES = 4096,
	FILTER_MOUNTS = 2048,
	FILTER_MOUNT_DEPTH = 8,  /* components of the path of a part of a file system that is mounted */
	FILTER_CIDRS = 32,
	FILTER_PROBES = 8,       /* a table is made so that no key is further from its place */
	FILTER_COMPONENTS = 40,  /* as many as a PATH has */
	FILTER_NEEDLES = 16, FILTER_NEEDLE_BYTES = 4,
};

/* FILE: regular, or a link; BLOCK and CHARACTER are devices; NEITHER is a socket. KERNEL is what the kernel made for itself: of
 * such files little is known, they are asked as UNKNOWN. */
enum filter_fd_type {
	FILTER_FD_FILE, FILTER_FD_DIRECTORY, FILTER_FD_NEITHER, FILTER_FD_BLOCK, FILTER_FD_CHARACTER, FILTER_FD_PIPE, FILTER_FD_KERNEL,
	FILTER_FD_UNKNOWN
};
/* Of a file with this mode that was opened by a path. */
static inline __attribute__((always_inline)) __u32 filter_fd_type_of(__u32 mode)
{
	switch (mode & 0170000) {        /* S_IFMT */
	case 0040000: return FILTER_FD_DIRECTORY;
	case 0060000: return FILTER_FD_BLOCK;
	case 0020000: return FILTER_FD_CHARACTER;
	case 0010000: return FILTER_FD_PIPE;
	case 0100000: case 0120000: return FILTER_FD_FILE;
	case 0140000: return FILTER_FD_NEITHER;
	}
	return FILTER_FD_UNKNOWN;
}
/* ELSEWHERE: in a container whose root file system is not known to be where runtimes keep them (sensor_filter_usual_roots[]). */
enum filter_where { FILTER_WHERE_UNKNOWN, FILTER_WHERE_HOST, FILTER_WHERE_CONTAINER, FILTER_WHERE_ELSEWHERE, FILTER_WHERES };
/* What terms can want of the path as the program gave it. */
enum filter_text { FILTER_TEXT_DOTS = 1, FILTER_TEXT_PROC = 2 };   /* holds ".."; begins with "/proc/" */
enum filter_end { FILTER_REMOTE, FILTER_LOCAL, FILTER_ENDS };

/* ---- kinds: what of the flags terms can ask ---- */

enum filter_open_kind {          /* bits of the index; the two lowest are O_ACCMODE */
	FILTER_KIND_CREAT = 1 << 2, FILTER_KIND_TRUNC = 1 << 3, FILTER_KIND_DIRECTORY = 1 << 4, FILTER_KIND_APPEND = 1 << 5,
	FILTER_KIND_CREATED = 1 << 6,   /* this open made the file */
};
static inline __attribute__((always_inline)) __u32 filter_open_kind(__u64 flags, bool created)
{
	return (flags & 3) | (flags & 0100 ? FILTER_KIND_CREAT : 0) | (flags & 01000 ? FILTER_KIND_TRUNC : 0) |
	       (flags & 0200000 ? FILTER_KIND_DIRECTORY : 0) | (flags & 02000 ? FILTER_KIND_APPEND : 0) |
	       (created ? FILTER_KIND_CREATED : 0);
}

enum filter_family { FILTER_IPV4, FILTER_IPV6, FILTER_UNIX, FILTER_OTHER_FAMILY };
enum filter_l4 { FILTER_TCP, FILTER_UDP, FILTER_ICMP, FILTER_OTHER_L4 };   /* what fd.l4proto says; OTHER: raw, or unset */
static inline __attribute__((always_inline)) __u32 filter_net_kind(__u32 family, __u32 type, __u32 protocol)
{
	__u32 f = family == 2 ? FILTER_IPV4 : family == 10 ? FILTER_IPV6 : family == 1 ? FILTER_UNIX : FILTER_OTHER_FAMILY;
	__u32 l4 = FILTER_OTHER_L4;

	if (f > FILTER_IPV6 || type == 3)        /* SOCK_RAW */
		l4 = FILTER_OTHER_L4;
	else if (protocol == 6)
		l4 = FILTER_TCP;
	else if (protocol == 17 || protocol == 136)
		l4 = FILTER_UDP;
	else if (protocol == 1 || protocol == 58)
		l4 = FILTER_ICMP;
	else
		l4 = type == 1 ? FILTER_TCP : type == 2 ? FILTER_UDP : FILTER_OTHER_L4;
	return f | l4 << 2;
}

static inline __attribute__((always_inline)) __u32 filter_result(__s64 ret)
{
	return ret >= 0 ? 0 : ret > -(__s64)(FILTER_RESULTS - 1) ? (__u32)-ret : FILTER_RESULTS - 1;
}

/* ---- tables ---- */

struct filter_entry { __u64 key; __u64 mask[FILTER_CLASSES]; };   /* key 0: free */
struct filter_name { __u64 key, mask; };                          /* of the class OPEN */
/* A text that is looked for in components, by its first bytes: each of them eight times in a word, and whether there is one. */
struct filter_needle { __u64 bytes[FILTER_NEEDLE_BYTES], counts[FILTER_NEEDLE_BYTES]; __u64 mask; };
/* A directory or file of which terms speak, by the hash of its path from the root. */
struct filter_node {
	__u64 key;
	__u64 exact;             /* terms that want this very path */
	__u64 child;             /* whatever is directly in it */
	__u64 below;             /* whatever is in it, however deep */
	__u64 partial;           /* bit n-1: some term wants what is in it and starts with certain n bytes, 1 to 8 */
};
/*
 * Where the host has a file system, or a part of it: a file there has a name that begins with that place. By device and the hash
 * of the part's path in the file system; that of a device's root is there for each device, with `point` 0 when only parts are mounted.
 */
struct filter_mount {
	__u64 key;               /* filter_mount_key() */
	__u64 point;             /* hash of the place's path */
	__u64 path, part;        /* terms that want whatever is below the place, by directories above it; by its own components */
	__u64 depths;            /* of a device: bit n: some part has a path of n components */
};
/* An address is (hi, lo) in host byte order; of IPv4, also mapped into IPv6 (::ffff:a.b.c.d), hi is 0, lo the address and the
 * family 4. Being inside satisfies the terms of `inside` and refutes those of `refutes`. */
struct filter_cidr { __u64 hi, lo, mask_hi, mask_lo; __u64 inside, refutes; __u32 end, family; };

struct filter_dimensions {
	__u64 kind[FILTER_KINDS];
	__u64 result[FILTER_RESULTS];
	__u64 fd_type[FILTER_FD_TYPES];
	__u64 where[FILTER_WHERES];
	__u64 comm_free, comm_other;     /* other: a comm that is not in the table */
	__u64 uid_free, uid_other;
	__u64 exe_free;                  /* what a process may: struct filter_process */
};

struct filter_tables {
	__u32 is_active;                 /* 0: everything passes */
	__u32 spare;
	__u8 class_of[FILTER_TYPES];     /* enum sensor_filter_class */
	__u64 types[FILTER_TYPES];       /* terms of its class that an event of the type can satisfy; 0: drop all */
	struct filter_dimensions of[FILTER_CLASSES];
	struct filter_entry comm[FILTER_ENTRIES], uid[FILTER_ENTRIES];
	/* Executables, by the hash of their path: `exe` is exact, `exe_below` anything below a directory. */
	struct filter_entry exe[FILTER_ENTRIES], exe_below[FILTER_ENTRIES];
	/* OPEN: a path satisfies (nodes or path_free) and (names or name_free) and (parts or part_free) and (needles or needle_free). */
	__u64 path_free, name_free, part_free, needle_free;
	__u64 no_dots, no_proc;          /* terms that do not want FILTER_TEXT_DOTS, FILTER_TEXT_PROC */
	__u64 fold;                      /* terms of rules that cannot tell repeats of an open apart: fold.bpf.h */
	__u64 suffixes;                  /* bit n-1: some name is wanted by its last n bytes, 1 to 8 */
	struct filter_node nodes[FILTER_NODES];
	struct filter_name names[FILTER_ENTRIES];   /* last components, and ends of them */
	struct filter_name parts[FILTER_ENTRIES];   /* components before the last */
	struct filter_needle needles[FILTER_NEEDLES];
	__u64 n_needles;
	struct filter_mount mounts[FILTER_MOUNTS];
	__u32 mounts_lost, spare3;                  /* some have found no place: what is not in the table is not known */
	/* NET, per end. `*_none`: satisfied when that end has no address. cidr_other: satisfied unless the address refutes it. */
	__u64 port_free[FILTER_ENDS], port_other[FILTER_ENDS], port_none[FILTER_ENDS];
	__u64 cidr_free[FILTER_ENDS], cidr_other[FILTER_ENDS], cidr_none[FILTER_ENDS];
	struct filter_name ports[FILTER_ENTRIES];   /* key: filter_port_key() */
	struct filter_cidr cidrs[FILTER_CIDRS];
	__u32 n_cidrs, spare2;
};

/* What is known of a process: written at exec by the BPF program (and by user space for those that live when a filter is
 * loaded), inherited at fork. Without an entry, or with one of another filter's time, nothing is known: all bits. */
struct filter_process { __u64 start_ns; __u64 exe[FILTER_CLASSES]; __u32 version, spare; };

/* ---- hashes ---- */

#define FILTER_ROOT 0x5bd1e9955bd1e995ULL
#define FILTER_SALT_PARTIAL 0x2545f4914f6cdd1dULL
#define FILTER_SALT_SUFFIX 0x9e3779b97f4a7c15ULL
#define FILTER_SALT_MOUNT 0xd6e8feb86659fd93ULL

static inline __attribute__((always_inline)) __u64 filter_mix(__u64 h, __u64 word)
{
	h = (h << 23 | h >> 41) ^ word;
	h *= 0x9fb21c651e98df25ULL;
	h ^= h >> 32;
	return h | 1ULL << 63;           /* never 0, which marks a free place; no branch: the verifier would follow both */
}

/* The hash of a name: filter_mix() over its words of 8 bytes (little endian, the last one filled up with 0), starting with its
 * length. The hash of a path: filter_mix() over the hashes of its components from the top, starting with FILTER_ROOT. */
static inline __attribute__((always_inline)) __u64 filter_name_start(__u32 len) { return filter_mix(FILTER_ROOT, len); }
static inline __attribute__((always_inline)) __u64 filter_low_bytes(__u64 word, __u32 n)
{
	return n >= 8 ? word : word & ((1ULL << (n & 7) * 8) - 1);
}
/* `word`: the first 8 bytes of a component in the directory `parent`, as far as it has them. */
static inline __attribute__((always_inline)) __u64 filter_partial_key(__u64 parent, __u64 word, __u32 n)
{
	return filter_mix(filter_mix(parent, FILTER_SALT_PARTIAL + n), filter_low_bytes(word, n));
}
/* `word`: the last n bytes, the first of them lowest. */
static inline __attribute__((always_inline)) __u64 filter_suffix_key(__u64 word, __u32 n)
{
	return filter_mix(FILTER_SALT_SUFFIX + n, filter_low_bytes(word, n));
}
/* Not 0 when the text begins at one of the 8 bytes of `word`; `next` is what follows, 0 behind the end. Four shifted copies are
 * compared with a byte each: where all are equal a byte of `differ` is 0. */
static inline __attribute__((always_inline)) __u64 filter_needle_in(const struct filter_needle *n, __u64 word, __u64 next)
{
	__u64 differ = (word ^ n->bytes[0]) | (((word >> 8 | next << 56) ^ n->bytes[1]) & n->counts[1]) |
		       (((word >> 16 | next << 48) ^ n->bytes[2]) & n->counts[2]) | (((word >> 24 | next << 40) ^ n->bytes[3]) & n->counts[3]);

	return (differ - 0x0101010101010101ULL) & ~differ & 0x8080808080808080ULL;
}
/* Texts that are compared whole: comm (16 bytes, zero-filled, as two words). */
static inline __attribute__((always_inline)) __u64 filter_comm_key(__u64 first, __u64 second)
{
	return filter_mix(filter_mix(FILTER_ROOT, first), second);
}
/* `root`: hash of the path in the file system, FILTER_ROOT for "/". */
static inline __attribute__((always_inline)) __u64 filter_mount_key(__u32 dev, __u64 root)
{
	return filter_mix(filter_mix(FILTER_SALT_MOUNT, dev), root);
}
static inline __attribute__((always_inline)) __u64 filter_uid_key(__u32 uid) { return filter_mix(FILTER_ROOT, uid); }
static inline __attribute__((always_inline)) __u64 filter_port_key(__u32 end, __u32 port) { return filter_mix(FILTER_ROOT + end, port); }

static inline __attribute__((always_inline)) bool filter_inside(const struct filter_cidr *c, __u32 end, __u32 family, __u64 hi, __u64 lo)
{
	return c->end == end && c->family == family && (hi & c->mask_hi) == c->hi && (lo & c->mask_lo) == c->lo;
}

/* ---- look-ups: NULL, or the place of the key. Open addressing, the place is the hash's low bits. ---- */

#define FILTER_FIND(type, function, size) \
	static inline __attribute__((always_inline)) type *function(type *table, __u64 key) \
	{ \
		for (__u32 i = 0; i < FILTER_PROBES; i++) { \
			type *at = &table[(key + i) & ((size) - 1)]; \
			if (at->key == key) \
				return at; \
			if (!at->key) \
				return 0; \
		} \
		return 0; \
	}
FILTER_FIND(struct filter_entry, filter_find_entry, FILTER_ENTRIES)
FILTER_FIND(struct filter_name, filter_find_name, FILTER_ENTRIES)
FILTER_FIND(struct filter_node, filter_find_node, FILTER_NODES)
FILTER_FIND(struct filter_mount, filter_find_mount, FILTER_MOUNTS)
#undef FILTER_FIND

#endif
