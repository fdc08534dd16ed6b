/* SPDX-License-Identifier: Apache-2.0 */
/* What listens, whose it is, and what the firewall does with what nobody allowed. */
#include "posture/host/firewall.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TCP_LISTEN_STATE = 0x0a, UDP_UNCONNECTED = 0x07 };   /* include/net/tcp_states.h */

struct listener { struct listener *next; const char *protocol; struct model_ip ip; uint16_t port; uint64_t inode; uint32_t uid; const char *pid; };

static const char *read_net(struct posture_set *set, const char *name, const char **ret_why)
{
	/* The first process's network is the host's; ours may be another. */
	char *text = host_read(set, posture_printf(set, "/proc/1/net/%s", name), HOST_DPKG_BYTES_MAX, ret_why);

	return text ? text : host_read(set, posture_printf(set, "/proc/net/%s", name), HOST_DPKG_BYTES_MAX, ret_why);
}

/* Addresses are words of the machine's order, in hexadecimal: "0100007F:0016" (proc(5), /proc/net/tcp). */
static bool parse_address(const char *text, struct model_ip *ret_ip, uint16_t *ret_port)
{
	const char *colon = strchr(text, ':');
	size_t n_words = colon ? (size_t)(colon - text) / 8 : 0;

	if (n_words != 1 && n_words != 4)
		return false;
	*ret_ip = (struct model_ip){ .family = n_words == 1 ? 4 : 6 };
	for (size_t i = 0; i < n_words; i++) {
		char word[9] = "";
		uint32_t value;

		memcpy(word, text + i * 8, 8);
		value = (uint32_t)strtoul(word, NULL, 16);
		memcpy(ret_ip->bytes + i * 4, &value, 4);
	}
	*ret_port = (uint16_t)strtoul(colon + 1, NULL, 16);
	return true;
}

static struct listener *read_table(struct posture_set *set, struct listener *list, const char *file, const char *protocol, unsigned long state)
{
	const char *why;
	char *text = (char *)read_net(set, file, &why), *line;

	if (why)
		posture_problem(set, MODEL_LAYER_KERNEL, (struct posture_place){ .file = file }, "%s", why);
	if (text)
		host_next_line(&text);       /* names of columns */
	while ((line = host_next_line(&text))) {
		struct listener *l;
		size_t n;
		const char **w = host_words(set, line, &n);

		if (n < 10 || strtoul(w[3], NULL, 16) != state)
			continue;
		l = posture_alloc(set, sizeof(*l));
		if (!l || !parse_address(w[1], &l->ip, &l->port))
			continue;
		l->protocol = protocol;
		l->uid = (uint32_t)strtoul(w[7], NULL, 10);
		l->inode = strtoull(w[9], NULL, 10);
		l->next = list;
		list = l;
	}
	return list;
}

/* Sockets of a process among those that listen. */
static void match_process(struct posture_set *set, struct map *by_inode, const char *pid)
{
	int fd = posture_open(set, posture_printf(set, "/proc/%s/fd", pid), O_RDONLY | O_DIRECTORY);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;
	char text[64];

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((entry = readdir(dir))) {
		ssize_t n = readlinkat(dirfd(dir), entry->d_name, text, sizeof(text) - 1);
		struct listener *l;

		if (n <= 8 || memcmp(text, "socket:[", 8) != 0)
			continue;
		text[n] = '\0';
		l = map_get_u64(by_inode, strtoull(text + 8, NULL, 10));
		if (l && !l->pid)
			l->pid = pid;
	}
	closedir(dir);
}

static void match_processes(struct posture_set *set, struct listener *list)
{
	struct host_names names = host_list(set, "/proc");
	struct map by_inode = MAP_INIT;

	for (struct listener *l = list; l; l = l->next)
		map_put_u64(&by_inode, l->inode, l);
	for (size_t i = 0; i < names.n && list; i++)
		if (isdigit((unsigned char)names.names[i][0]))
			match_process(set, &by_inode, names.names[i]);
	map_done(&by_inode);
}

static bool is_loopback(const struct model_ip *ip)
{
	static const uint8_t one[16] = { [15] = 1 }, mapped[13] = { [10] = 0xff, [11] = 0xff, [12] = 127 };

	return ip->family == 4 ? ip->bytes[0] == 127 : memcmp(ip->bytes, one, 16) == 0 || memcmp(ip->bytes, mapped, 13) == 0;
}

static bool is_any(const struct model_ip *ip)
{
	static const uint8_t zero[16];

	return memcmp(ip->bytes, zero, ip->family == 4 ? 4 : 16) == 0;
}

static void listener_record(struct posture_set *set, const struct listener *l)
{
	char address[INET6_ADDRSTRLEN] = "";
	const char *why = NULL, *comm = l->pid ? host_read_line(set, posture_printf(set, "/proc/%s/comm", l->pid), &why) : NULL;
	struct posture_record *r;

	inet_ntop(l->ip.family == 4 ? AF_INET : AF_INET6, l->ip.bytes, address, sizeof(address));
	r = posture_record_new(set, MODEL_KIND_HOST_LISTENER, NULL, posture_printf(set, "listener %s %s port %u", l->protocol, address, l->port),
			       (struct posture_place){ 0 });
	posture_set_text(r, MODEL_F_LISTENER_PROTOCOL, l->protocol);
	posture_set_ip(r, MODEL_F_LISTENER_IP, l->ip);
	posture_set_uint(r, MODEL_F_LISTENER_PORT, l->port);
	posture_set_uint(r, MODEL_F_LISTENER_UID, l->uid);
	posture_set_bool(r, MODEL_F_LISTENER_IS_LOCAL, is_loopback(&l->ip));
	posture_set_bool(r, MODEL_F_LISTENER_IS_ANY, is_any(&l->ip));
	if (comm)
		posture_set_text(r, MODEL_F_LISTENER_PROCESS, comm);
	else
		posture_set_unknown(r, MODEL_F_LISTENER_PROCESS, why ? why : "no process that can be read has the socket");
	if (l->pid)
		posture_set_uint(r, MODEL_F_LISTENER_PID, strtoull(l->pid, NULL, 10));
}

/* Flags of /sys/class/net: IFF_PROMISC is 0x100 (include/uapi/linux/if.h). */
static void interfaces(struct posture_record *r)
{
	struct posture_set *set = r->set;
	struct host_names names = host_list(set, "/sys/class/net");
	struct host_list_of_texts promiscuous = { 0 }, wireless = { 0 };

	for (size_t i = 0; i < names.n; i++) {
		const char *why, *flags = host_read_line(set, posture_printf(set, "/sys/class/net/%s/flags", names.names[i]), &why);
		/* What a bridge has taken in is promiscuous by its nature. */
		bool is_port = host_exists(set, posture_printf(set, "/sys/class/net/%s/brport", names.names[i]));

		if (flags && (strtoul(flags, NULL, 16) & 0x100) && !is_port)
			host_add(set, &promiscuous, names.names[i]);
		if (host_exists(set, posture_printf(set, "/sys/class/net/%s/wireless", names.names[i])) ||
		    host_exists(set, posture_printf(set, "/sys/class/net/%s/phy80211", names.names[i])))
			host_add(set, &wireless, names.names[i]);
	}
	host_set_list(r, MODEL_F_INTERFACES_PROMISCUOUS, &promiscuous);
	host_set_list(r, MODEL_F_INTERFACES_WIRELESS, &wireless);
}

static void collect(struct posture_set *set, const struct posture_audit_options *options)
{
	static const struct { const char *file, *protocol; unsigned long state; } tables[] = {
		{ "tcp", "tcp", TCP_LISTEN_STATE }, { "tcp6", "tcp", TCP_LISTEN_STATE }, { "udp", "udp", UDP_UNCONNECTED }, { "udp6", "udp", UDP_UNCONNECTED },
	};
	struct listener *list = NULL;
	struct posture_record *r;

	(void)options;
	for (size_t i = 0; i < ARRAY_LEN(tables); i++)
		list = read_table(set, list, tables[i].file, tables[i].protocol, tables[i].state);
	match_processes(set, list);
	for (const struct listener *l = list; l; l = l->next)
		listener_record(set, l);
	r = posture_record_new(set, MODEL_KIND_HOST_NETWORK, NULL, "network", (struct posture_place){ 0 });
	interfaces(r);
	host_firewall(r);
}

const struct posture_collector host_network_collector = {
	.name = "network",
	.layer = MODEL_LAYER_KERNEL,
	.meaning = "listening sockets and their processes, the firewall, interfaces",
	.collect = collect,
};
