/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef PARKA_SENSOR_BPF_FILTER_NET_H
#define PARKA_SENSOR_BPF_FILTER_NET_H
/* The filter of connect, bind, listen, accept and send: ports and addresses as put_socket() would put them. */
#include "filter.bpf.h"
#include "net.bpf.h"

/* Terms that the address of one end satisfies. `family` is 4 or 6, (hi, lo) as in filter.h. */
__noinline __u64 filter_address(__u32 version, __u32 end, __u32 family, __u64 hi, __u64 lo)
{
	struct filter_tables *t = tables_of(version);
	__u64 inside = 0, refuted = 0;

	if (!t || end >= FILTER_ENDS)
		return ~0ULL;
	for (__u32 i = 0; i < FILTER_CIDRS; i++) {
		struct filter_cidr *c = &t->cidrs[i];
		if (i >= t->n_cidrs)
			break;
		if (!filter_inside(c, end, family, hi, lo))
			continue;
		inside |= c->inside;
		refuted |= c->refutes;
	}
	return t->cidr_free[end] | inside | (t->cidr_other[end] & ~refuted);
}

static __always_inline __u64 filter_port(struct filter_tables *t, __u32 end, __u32 port)
{
	struct filter_name *at = filter_find_name(t->ports, filter_port_key(end, port));

	return t->port_free[end] | (at ? at->mask : t->port_other[end]);
}

static __always_inline __u64 filter_no_end(struct filter_tables *t, __u32 end)
{
	return (t->port_free[end] | t->port_none[end]) & (t->cidr_free[end] | t->cidr_none[end]);
}

/* Which of `terms` one end of the internet socket `sk` satisfies. */
static __always_inline __u64 filter_end(__u32 version, struct filter_tables *t, __u64 terms, __u64 sk, bool is_six, __u32 end)
{
	bool remote = end == FILTER_REMOTE;
	__u32 port = remote ? __builtin_bswap16((__u16)WORD(sock, sk, __sk_common.skc_dport)) : (__u16)WORD(sock, sk, __sk_common.skc_num);
	__u32 family = 4;
	__u64 at, hi = 0, lo;

	if (remote && !port)
		return terms & filter_no_end(t, end);
	terms &= filter_port(t, end, port);
	if (!(terms & ~t->cidr_free[end]))
		return terms;
	if (is_six) {
		at = sk + (remote ? bpf_core_field_offset(struct sock, __sk_common.skc_v6_daddr)
				  : bpf_core_field_offset(struct sock, __sk_common.skc_v6_rcv_saddr));
		hi = __builtin_bswap64(word_at(at));
		lo = __builtin_bswap64(word_at(at + 8));
		if (!hi && lo >> 32 == 0xffff)
			lo = (__u32)lo;
		else
			family = 6;
	} else {
		lo = __builtin_bswap32(remote ? (__u32)WORD(sock, sk, __sk_common.skc_daddr) : (__u32)WORD(sock, sk, __sk_common.skc_rcv_saddr));
	}
	return terms & filter_address(version, end, family, hi, lo);
}

/* Ends whose address the event has from the program: not looked at. NO_REMOTE: bind and listen speak of this end only. */
enum { GIVEN_REMOTE = 1, GIVEN_LOCAL = 2, NO_REMOTE = 4 };

/* Terms that want a socket of its kind. */
static __always_inline __u64 filter_sock_kind(struct filter_tables *t, __u64 sk)
{
	return filter_kinds(t, FILTER_NET, filter_net_kind((__u16)WORD(sock, sk, __sk_common.skc_family), (__u16)WORD(sock, sk, sk_type),
							   (__u16)WORD(sock, sk, sk_protocol)));
}

/* Which of `terms` the ends of the socket satisfy. */
__noinline __u64 filter_socket(__u32 version, __u64 terms, __u64 sk, __u32 given)
{
	__u32 family = (__u16)WORD(sock, sk, __sk_common.skc_family);
	struct filter_tables *t = tables_of(version);

	if (!t)
		return terms;
	if (!(terms & ~(t->port_free[0] & t->port_free[1] & t->cidr_free[0] & t->cidr_free[1])))
		return terms;
	if (family == AF_UNIX && !(given & (GIVEN_REMOTE | GIVEN_LOCAL)))
		return terms & filter_no_end(t, FILTER_REMOTE) & filter_no_end(t, FILTER_LOCAL);
	if (family != AF_INET && family != AF_INET6)
		return terms;            /* the program's address is told, whatever it is */
	if (given & NO_REMOTE)
		terms &= filter_no_end(t, FILTER_REMOTE);
	else if (!(given & GIVEN_REMOTE))
		terms = filter_end(version, t, terms, sk, family == AF_INET6, FILTER_REMOTE);
	if (terms && !(given & GIVEN_LOCAL))
		terms = filter_end(version, t, terms, sk, family == AF_INET6, FILTER_LOCAL);
	return terms;
}

/* The socket behind a descriptor, 0 when it is none. */
static __always_inline __u64 sock_number(__s64 fd)
{
	__u64 file = file_number((__u64)bpf_get_current_task(), fd), inode;

	if (!file)
		return 0;
	inode = WORD(file, file, f_inode);
	if (WORD(super_block, WORD(inode, inode, i_sb), s_magic) != MAGIC_SOCK)
		return 0;
	return WORD(socket, WORD(file, file, private_data), sk);
}

/* Whether the event is to be reported. `sent_to`: a message with an address. The 32-bit call for all of sockets hides its
 * arguments in the program's memory: not judged. */
__noinline int filter_net(__u32 index, __s64 ret, __u32 sent_to)
{
	struct sensor_row *row = row_of(index);
	__u32 version = version_now(), type, given = sent_to ? GIVEN_REMOTE : 0;
	struct filter_tables *t = tables_of(version);
	__u64 terms, sk = 0;

	if (!t || !row || !t->is_active || (row->family == SENSOR_FAMILY_NET && row->variant == SENSOR_NET_SOCKETCALL))
		return 1;
	type = row->type & (FILTER_TYPES - 1);
	if (t->class_of[type] != FILTER_NET)
		return 1;
	terms = t->types[type] & filter_results(t, FILTER_NET, ret);
	if (row->family == SENSOR_FAMILY_NET && ret < 0 && ret != -EINPROGRESS)
		given |= GIVEN_REMOTE | GIVEN_LOCAL;
	if (row->family == SENSOR_FAMILY_NET && (row->variant == SENSOR_NET_BIND || row->variant == SENSOR_NET_LISTEN))
		given |= NO_REMOTE;
	if (terms) {
		sk = sock_number(row->family == SENSOR_FAMILY_NET && row->variant == SENSOR_NET_ACCEPT ? ret : (__s32)call_arg(current_task(), 0));
		if (sk)
			terms &= filter_sock_kind(t, sk);
	}
	if (terms)
		terms = filter_who(version, FILTER_NET, terms);
	if (terms && sk)
		terms = filter_socket(version, terms, sk, given);
	if (terms)
		terms = filter_program(version, FILTER_NET, terms);
	return terms ? 1 : drop(type);
}

#endif
