/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef PARKA_SENSOR_BPF_NET_H
#define PARKA_SENSOR_BPF_NET_H
/* Sockets: who is at both ends, from the kernel's socket and not from the program's memory. */
#include "call.bpf.h"
#include "names.bpf.h"

#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10

struct wire_in { __u16 family; __be16 port; __be32 address; __u8 zero[8]; };
struct wire_in6 { __u16 family; __be16 port; __u32 flow; __u8 address[16]; __u32 scope; };
enum { UNIX_BYTES = 128, SOCKADDR_BYTES = 128 };

static __always_inline struct sock *sock_of_file(struct file *file)
{
	struct socket *socket;

	if (!file || BPF_CORE_READ(file, f_inode, i_sb, s_magic) != MAGIC_SOCK)
		return NULL;
	socket = BPF_CORE_READ(file, private_data);
	return BPF_CORE_READ(socket, sk);
}

static __always_inline void put_unix_name(struct slot *s, __u32 id, struct sock *sk)
{
	struct unix_address *name = BPF_CORE_READ((struct unix_sock *)sk, addr);
	struct sensor_wire_param *p = param_at(s);
	__u32 len;

	if (!p)
		return;
	*(__u16 *)(p + 1) = AF_UNIX;
	len = name ? BPF_CORE_READ(name, len) : 2;
	if (len < 2 || len > UNIX_BYTES)
		len = len < 2 ? 2 : UNIX_BYTES;
	if (name && bpf_probe_read_kernel(p + 1, len, (void *)((unsigned long)name + bpf_core_field_offset(struct unix_address, name))))
		return;
	param_done(s, p, id, 0, len);
}

/* The address of one end; nothing when that end has none yet. */
static __always_inline void put_inet(struct slot *s, __u32 id, struct sock *sk, __u16 family, bool remote)
{
	__u16 port = remote ? BPF_CORE_READ(sk, __sk_common.skc_dport)
			    : __builtin_bswap16(BPF_CORE_READ(sk, __sk_common.skc_num));
	struct wire_in6 *six;
	struct wire_in *four;

	if (remote && !port)
		return;
	if (family == AF_INET && put_struct(s, id, four)) {
		four->family = AF_INET;
		four->port = port;
		four->address = remote ? BPF_CORE_READ(sk, __sk_common.skc_daddr) : BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr);
	} else if (family == AF_INET6 && put_struct(s, id, six)) {
		six->family = AF_INET6;
		six->port = port;
		if (remote)
			bpf_core_read(six->address, 16, &sk->__sk_common.skc_v6_daddr);
		else
			bpf_core_read(six->address, 16, &sk->__sk_common.skc_v6_rcv_saddr);
	}
}

/* SOCKET and both ends of the socket behind `file_address`. 0, or -1 when it is no socket. */
__noinline int put_socket(__u64 handle, __u64 file_address, __u32 flags)
{
	struct file *file = (struct file *)file_address;
	struct sock *sk = sock_of_file(file), *peer;
	struct slot *s = slot_of(handle);
	struct sensor_wire_socket *w;
	__u16 family;

	if (!s || !sk || !put_struct(s, SENSOR_P_SOCKET, w))
		return -1;
	family = BPF_CORE_READ(sk, __sk_common.skc_family);
	/* A socket gets its cookie when somebody first asks; until then its inode tells it apart. */
	w->cookie = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
	if (!w->cookie)
		w->cookie = 1ULL << 63 | BPF_CORE_READ(file, f_inode, i_ino);
	w->family = family;
	w->type = BPF_CORE_READ(sk, sk_type);
	w->protocol = BPF_CORE_READ(sk, sk_protocol);
	w->state = BPF_CORE_READ(sk, __sk_common.skc_state);
	w->netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	w->flags = flags;
	if (family == AF_UNIX) {
		put_unix_name(s, SENSOR_P_SOCKADDR_LOCAL, sk);
		peer = BPF_CORE_READ((struct unix_sock *)sk, peer);
		if (peer)
			put_unix_name(s, SENSOR_P_SOCKADDR_REMOTE, peer);
		return 0;
	}
	put_inet(s, SENSOR_P_SOCKADDR_LOCAL, sk, family, false);
	put_inet(s, SENSOR_P_SOCKADDR_REMOTE, sk, family, true);
	return 0;
}

/* An address as the program gave it: for calls that failed, and for families whose sockets are not read. */
static __always_inline void put_given_address(struct slot *s, __u32 id, __u64 from, __u64 size)
{
	put_user_bytes(s, id, (void *)from, (__u32)size, SOCKADDR_BYTES);
}

static __always_inline bool is_known_family(struct sock *sk)
{
	__u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);

	return family == AF_INET || family == AF_INET6 || family == AF_UNIX;
}

/* The one 32-bit call for all of sockets: its arguments are an array in user memory. Which variant of do_net it
 * is; -1 for others. */
static __always_inline int unpack_socketcall(struct slot *s)
{
	__u32 call = s->args[0], args[3] = {};

	bpf_probe_read_user(args, sizeof(args), (void *)s->args[1]);
	s->args[0] = args[0];
	s->args[1] = args[1];
	s->args[2] = args[2];
	switch (call) {
	case 2: s->type = MODEL_EVT_BIND; return SENSOR_NET_BIND;
	case 3: s->type = MODEL_EVT_CONNECT; return SENSOR_NET_CONNECT;
	case 4: s->type = MODEL_EVT_LISTEN; return SENSOR_NET_LISTEN;
	case 5: s->type = MODEL_EVT_ACCEPT; return SENSOR_NET_ACCEPT;
	case 18: s->type = MODEL_EVT_ACCEPT4; return SENSOR_NET_ACCEPT;
	}
	return -1;
}

static __always_inline void put_net(__u64 h, struct slot *s, int variant, __s64 ret)
{
	bool good = ret >= 0 || ret == -EINPROGRESS;
	struct file *file = file_of_fd(current_task(), variant == SENSOR_NET_ACCEPT ? ret : (__s32)s->args[0]);

	put_u64(s, SENSOR_P_FD, (__s32)s->args[0]);
	put_socket(h, (__u64)file, 0);
	if (variant == SENSOR_NET_LISTEN)
		put_u64(s, SENSOR_P_ARG2, (__u32)s->args[1]);
	if (variant == SENSOR_NET_CONNECT || variant == SENSOR_NET_BIND)
		if (!good || !is_known_family(sock_of_file(file)))
			put_given_address(s, variant == SENSOR_NET_CONNECT ? SENSOR_P_SOCKADDR_REMOTE : SENSOR_P_SOCKADDR_LOCAL,
					  s->args[1], s->args[2]);
}

__noinline int do_net(__u32 index, __s64 ret)
{
	struct slot *s;
	int variant;
	__u64 h;

	if (!filter_net(index, ret, 0))
		return 0;
	h = begin_call(index);
	s = slot_of(h);
	if (!h || !s)
		return 0;
	variant = s->variant;
	if (variant == SENSOR_NET_SOCKETCALL)
		variant = unpack_socketcall(s);
	if (variant < 0 || (variant == SENSOR_NET_ACCEPT && ret < 0)) {
		cancel(h);
		return 0;
	}
	put_net(h, s, variant, ret);
	end(h, ret);
	return 0;
}

/* ---- sending ---- */

/* To whom sockets sent already: socket and address. Only the first send to each peer is an event. */
struct peer_key { __u64 sock; __u8 address[28]; __u32 zero; };
struct { __uint(type, BPF_MAP_TYPE_LRU_HASH); __uint(max_entries, 8192); __type(key, struct peer_key); __type(value, __u8); } peers SEC(".maps");

struct sent { __u64 name, name_bytes, data, data_bytes; };
enum { DATA_BYTES = 512, DNS_PORT = 53 };

/* What a send call was given: struct user_msghdr and struct iovec, of 64 or 32 bits. */
static __always_inline void read_message(struct sent *sent, __u64 address, bool compat)
{
	__u64 wide[4] = {};
	__u32 narrow[4] = {};

	if (compat) {
		bpf_probe_read_user(narrow, sizeof(narrow), (void *)address);
		sent->name = narrow[0];
		sent->name_bytes = narrow[1];
		bpf_probe_read_user(narrow, 8, (void *)(__u64)narrow[2]);
		sent->data = narrow[0];
		sent->data_bytes = narrow[1];
		return;
	}
	bpf_probe_read_user(wide, sizeof(wide), (void *)address);
	sent->name = wide[0];
	sent->name_bytes = (__u32)wide[1];
	bpf_probe_read_user(wide, 16, (void *)wide[2]);
	sent->data = wide[0];
	sent->data_bytes = wide[1];
}

/* Whether the socket sent to this address before; remembers it. */
static __always_inline bool is_new_peer(struct sock *sk, const struct sent *sent)
{
	struct peer_key key = { .sock = (__u64)sk };
	__u8 one = 1;

	if (!sent->name || sent->name_bytes < 8)
		return false;
	bpf_probe_read_user(key.address, sent->name_bytes >= 28 ? 28 : 8, (void *)sent->name);
	if (bpf_map_lookup_elem(&peers, &key))
		return false;
	bpf_map_update_elem(&peers, &key, &one, BPF_ANY);
	return true;
}

static __always_inline __u16 port_sent_to(struct sock *sk, const struct sent *sent)
{
	__be16 port[2] = {};
	__u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);

	if (family != AF_INET && family != AF_INET6)
		return 0;
	if (sent->name && sent->name_bytes >= 8)
		bpf_probe_read_user(port, sizeof(port), (void *)sent->name);
	else
		port[1] = BPF_CORE_READ(sk, __sk_common.skc_dport);
	return __builtin_bswap16(port[1]);
}

enum { MESSAGES = 16, MMSGHDR_BYTES = 64, MMSGHDR_BYTES_32 = 32 };

/* Message `i` of the call. */
__noinline int send_message(__u32 index, __s64 ret, __u32 i)
{
	struct task_struct *task = current_task();
	struct sensor_row *row = row_of(index);
	bool compat = is_compat(task);
	struct sent sent = {};
	struct file *file;
	struct sock *sk;
	struct slot *s;
	bool is_new, is_dns;
	__u64 h;

	file = file_of_fd(task, (__s32)call_arg(task, 0));
	sk = sock_of_file(file);
	if (!row || !sk)
		return 0;
	if (row->variant == SENSOR_SEND_TO) {
		sent.data = call_arg(task, 1);
		sent.data_bytes = call_arg(task, 2);
		sent.name = call_arg(task, 4);
		sent.name_bytes = (__u32)call_arg(task, 5);
	} else {
		read_message(&sent, call_arg(task, 1) + i * (compat ? MMSGHDR_BYTES_32 : MMSGHDR_BYTES), compat);
	}
	is_dns = port_sent_to(sk, &sent) == DNS_PORT;
	if (!is_dns && !filter_net(index, ret, !!sent.name))
		return 0;
	is_new = is_new_peer(sk, &sent);
	if (!is_dns && !is_new)
		return 0;
	h = begin_call(index);
	s = slot_of(h);
	if (!h || !s)
		return 0;
	put_u64(s, SENSOR_P_FD, (__s32)s->args[0]);
	put_socket(h, (__u64)file, is_new);
	if (sent.name)
		put_given_address(s, SENSOR_P_SOCKADDR_REMOTE, sent.name, sent.name_bytes);
	if (is_dns)
		put_user_bytes(s, SENSOR_P_DATA, (void *)sent.data, sent.data_bytes, DATA_BYTES);
	end(h, ret);
	return 0;
}

/* sendmmsg: each message that was sent is an event, up to MESSAGES; if none was, the first. */
__noinline int do_send(__u32 index, __s64 ret)
{
	struct sensor_row *row = row_of(index);
	__u32 n = row && row->variant == SENSOR_SEND_MMSG && ret > 1 ? ret : 1;

	for (__u32 i = 0; i < MESSAGES; i++) {
		if (i >= n)
			break;
		send_message(index, ret, i);
	}
	return 0;
}

/* ---- questions to DNS by write() ---- */

enum { WRITE_OTHER, WRITE_PLAIN, WRITE_VECTOR };

static __always_inline int write_kind(__u64 nr, bool compat)
{
	if (nr == (compat ? 4 : 1))
		return WRITE_PLAIN;
	if (compat ? nr == 146 || nr == 379 : nr == 20 || nr == 328)   /* writev, pwritev2 */
		return WRITE_VECTOR;
	return WRITE_OTHER;
}

static __always_inline void read_write(struct sent *sent, struct task_struct *task, int kind, bool compat)
{
	__u64 from = call_arg(task, 1), wide[2] = {};
	__u32 narrow[2] = {};

	if (kind == WRITE_PLAIN) {
		sent->data = from;
		sent->data_bytes = call_arg(task, 2);
	} else if (compat) {
		bpf_probe_read_user(narrow, sizeof(narrow), (void *)from);
		sent->data = narrow[0];
		sent->data_bytes = narrow[1];
	} else {
		bpf_probe_read_user(wide, sizeof(wide), (void *)from);
		sent->data = wide[0];
		sent->data_bytes = wide[1];
	}
}

/* A socket sends, whatever the call: that of a connection to port 53 by write() is an event, the send calls tell theirs. */
__noinline int do_sock_send(__u64 sk, __s64 ret)
{
	struct task_struct *task = current_task();
	__u32 family = PEEK(AT(sock, sk), __sk_common.skc_family);
	struct sent sent = {};
	struct file *file;
	struct slot *s;
	bool compat;
	__u64 h;
	int kind;

	if ((family != AF_INET && family != AF_INET6) || __builtin_bswap16(PEEK(AT(sock, sk), __sk_common.skc_dport)) != DNS_PORT)
		return 0;
	compat = is_compat(task);
	kind = write_kind(call_number(task), compat);
	if (kind == WRITE_OTHER)
		return 0;
	file = file_of_fd(task, (__s32)call_arg(task, 0));
	if ((__u64)sock_of_file(file) != sk)
		return 0;
	read_write(&sent, task, kind, compat);
	h = begin(MODEL_EVT_DNS, SENSOR_LANE_NET);
	s = slot_of(h);
	if (!h || !s)
		return 0;
	if (compat)
		s->flags |= SENSOR_WIRE_COMPAT;
	put_u64(s, SENSOR_P_FD, (__s32)call_arg(task, 0));
	put_socket(h, (__u64)file, 0);
	put_user_bytes(s, SENSOR_P_DATA, (void *)sent.data, sent.data_bytes, DATA_BYTES);
	end(h, ret);
	return 0;
}

/* Since 6e6eda44b939 ("sock: Add support for trace_sock_send_length", 6.5): what was sent is known. */
SEC("tp_btf/sock_send_length")
int on_sock_send(unsigned long long *ctx)
{
	return do_sock_send(raw_arg(ctx, 0), (__s32)ctx[1]);
}

/* Before it is sent; what is asked for is told as if it were. */
NAMES_HOOK(socket_sendmsg, do_sock_send((__u64)BPF_CORE_READ((struct socket *)raw_arg(ctx, 0), sk), (__s32)ctx[2]))

#endif
