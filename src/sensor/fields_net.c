/* SPDX-License-Identifier: Apache-2.0 */
/* fd.* of sockets. */
#include "sensor/record.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

enum { STATE_ESTABLISHED = 1, STATE_LISTEN = 10, EPHEMERAL_FIRST = 32768 };

struct ends {
	struct sensor_endpoint local, remote;
	bool has_local, has_remote;
	bool is_server;
};

/* Who is the server? Calls tell; of a duplicated descriptor its state, or else the port that is no ephemeral one. */
static bool process_is_server(const struct sensor_record *r, const struct ends *e)
{
	const struct sensor_wire_socket *socket = sensor_wire_struct(r->view, SENSOR_P_SOCKET, sizeof(*socket));

	switch (r->record.event) {
	case MODEL_EVT_ACCEPT: case MODEL_EVT_ACCEPT4: case MODEL_EVT_BIND: case MODEL_EVT_LISTEN:
	case MODEL_EVT_RECVFROM: case MODEL_EVT_RECVMSG: case MODEL_EVT_RECVMMSG:
		return true;
	case MODEL_EVT_CONNECT: case MODEL_EVT_SENDTO: case MODEL_EVT_SENDMSG: case MODEL_EVT_SENDMMSG: case MODEL_EVT_DNS:
		return false;
	default:
		if (socket && socket->state == STATE_LISTEN)
			return true;
		return e->has_local && e->has_remote && e->local.port < EPHEMERAL_FIRST && e->remote.port >= EPHEMERAL_FIRST;
	}
}

static bool ends_of(const struct sensor_record *r, struct ends *ret)
{
	*ret = (struct ends){ 0 };
	ret->has_local = sensor_endpoint_of(r->view, SENSOR_P_SOCKADDR_LOCAL, &ret->local);
	ret->has_remote = sensor_endpoint_of(r->view, SENSOR_P_SOCKADDR_REMOTE, &ret->remote);
	if (r->record.event == MODEL_EVT_LISTEN || r->record.event == MODEL_EVT_BIND)
		ret->has_remote = false;
	ret->is_server = process_is_server(r, ret);
	return ret->has_local || ret->has_remote;
}

const char *sensor_socket_name(const struct sensor_record *r, struct arena *scratch, size_t *ret_len)
{
	struct ends e;
	char text[128];
	size_t len = 0;
	const struct sensor_endpoint *first, *second;

	if (!ends_of(r, &e)) {
		const char *path = sensor_unix_path(r->view, SENSOR_P_SOCKADDR_REMOTE, scratch, ret_len);
		return path ? path : sensor_unix_path(r->view, SENSOR_P_SOCKADDR_LOCAL, scratch, ret_len);
	}
	first = e.is_server && e.has_remote ? &e.remote : &e.local;
	second = e.is_server ? &e.local : &e.remote;
	if (e.has_local || first == &e.remote)
		len = sensor_endpoint_print(first, text, sizeof(text));
	if (e.has_remote) {
		memcpy(text + len, "->", 2);
		len += 2;
		len += sensor_endpoint_print(second, text + len, sizeof(text) - len);
	}
	*ret_len = len;
	return arena_strndup(scratch, text, len);
}

/* Which end a field names; NULL when it is not known. */
static const struct sensor_endpoint *end_of(const struct ends *e, enum model_field_id id)
{
	bool local;

	switch (id) {
	case MODEL_F_FD_LIP: case MODEL_F_FD_LPORT: case MODEL_F_FD_LNET: case MODEL_F_FD_LPROTO: case MODEL_F_FD_LIP_NAME:
		local = true;
		break;
	case MODEL_F_FD_RIP: case MODEL_F_FD_RPORT: case MODEL_F_FD_RNET: case MODEL_F_FD_RPROTO: case MODEL_F_FD_RIP_NAME:
		local = false;
		break;
	case MODEL_F_FD_CIP: case MODEL_F_FD_CPORT: case MODEL_F_FD_CNET: case MODEL_F_FD_CPROTO: case MODEL_F_FD_CIP_NAME:
		local = !e->is_server;
		break;
	default:
		local = e->is_server;
		break;
	}
	if (local)
		return e->has_local ? &e->local : NULL;
	return e->has_remote ? &e->remote : NULL;
}

/* As /etc/services has them; a table, so that every machine says the same. */
static const char *service(uint16_t port)
{
	static const struct { uint16_t port; const char *name; } known[] = {
		{ 7, "echo" }, { 20, "ftp-data" }, { 21, "ftp" }, { 22, "ssh" }, { 23, "telnet" }, { 25, "smtp" }, { 53, "domain" },
		{ 67, "bootps" }, { 68, "bootpc" }, { 69, "tftp" }, { 80, "http" }, { 88, "kerberos" }, { 110, "pop3" },
		{ 111, "sunrpc" }, { 123, "ntp" }, { 137, "netbios-ns" }, { 139, "netbios-ssn" }, { 143, "imap2" }, { 161, "snmp" },
		{ 389, "ldap" }, { 443, "https" }, { 445, "microsoft-ds" }, { 465, "submissions" }, { 514, "shell" },
		{ 587, "submission" }, { 631, "ipp" }, { 636, "ldaps" }, { 853, "domain-s" }, { 873, "rsync" }, { 993, "imaps" },
		{ 995, "pop3s" }, { 1194, "openvpn" }, { 1433, "ms-sql-s" }, { 2049, "nfs" }, { 2375, "docker" },
		{ 2376, "docker-s" }, { 2379, "etcd-client" }, { 2380, "etcd-server" }, { 3128, "squid" }, { 3306, "mysql" },
		{ 3389, "ms-wbt-server" }, { 5432, "postgresql" }, { 5672, "amqp" }, { 5900, "vnc" }, { 6379, "redis" },
		{ 6443, "kubernetes" }, { 8080, "http-alt" }, { 9200, "elasticsearch" }, { 11211, "memcache" }, { 27017, "mongodb" },
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (known[i].port == port)
			return known[i].name;
	return NULL;
}

static int ip_value(const struct sensor_endpoint *end, struct model_value *ret)
{
	ret->ip.family = end->family;
	memcpy(ret->ip.bytes, end->ip, sizeof(ret->ip.bytes));
	return MODEL_SET;
}

static int proto_value(const struct sensor_endpoint *end, struct arena *scratch, struct model_value *ret)
{
	const char *name = service(end->port);

	return value_str(ret, name ? name : arena_printf(scratch, "%u", end->port));
}

static int both_ends(const struct ends *e, enum model_field_id id, struct arena *scratch, struct model_value *ret)
{
	struct model_value *list = arena_alloc(scratch, 2 * sizeof(*list));
	const struct sensor_endpoint *end[] = { e->has_local ? &e->local : NULL, e->has_remote ? &e->remote : NULL };
	size_t n = 0;

	for (unsigned i = 0; list && i < 2; i++) {
		if (!end[i])
			continue;
		if (id == MODEL_F_FD_PORT)
			n += value_u64(&list[n], end[i]->port) == MODEL_SET;
		else if (id == MODEL_F_FD_PROTO)
			n += proto_value(end[i], scratch, &list[n]) == MODEL_SET;
		else
			n += ip_value(end[i], &list[n]) == MODEL_SET;
	}
	ret->list = list;
	ret->n = n;
	return n ? MODEL_SET : MODEL_UNSET;
}

/* What was asked for within the last minute by the process, else by another one of its container. The resolver's own
 * address has no name. */
static int asked_name(const struct sensor_record *r, const struct sensor_endpoint *end, bool is_remote, struct model_value *ret)
{
	const struct sensor_process *p = r->process;
	uint64_t now = r->view->event->ts_ns;

	if (!is_remote || end->port == 53)
		return MODEL_UNSET;
	if (p->dns_name && now - p->dns_ns <= LIMIT_SENSOR_DNS_NS)
		return value_str(ret, p->dns_name->text);
	if (r->container && p->cgroup && p->cgroup->dns_name && now - p->cgroup->dns_ns <= LIMIT_SENSOR_DNS_NS)
		return value_str(ret, p->cgroup->dns_name->text);
	return MODEL_UNSET;
}

static int l4proto(const struct sensor_wire_socket *s, struct model_value *ret)
{
	if (!s || (s->family != AF_INET && s->family != AF_INET6))
		return MODEL_UNSET;
	if (s->type == SOCK_RAW)
		return value_str(ret, "raw");
	switch (s->protocol) {
	case IPPROTO_TCP: return value_str(ret, "tcp");
	case IPPROTO_UDP: case IPPROTO_UDPLITE: return value_str(ret, "udp");
	case IPPROTO_ICMP: case IPPROTO_ICMPV6: return value_str(ret, "icmp");
	default: break;
	}
	return s->type == SOCK_STREAM ? value_str(ret, "tcp") : s->type == SOCK_DGRAM ? value_str(ret, "udp") : MODEL_UNSET;
}

static bool is_connected(const struct sensor_record *r, const struct sensor_wire_socket *s)
{
	int64_t ret = r->view->event->ret;

	switch (r->record.event) {
	case MODEL_EVT_CONNECT: return ret >= 0 || ret == -EINPROGRESS;
	case MODEL_EVT_ACCEPT: case MODEL_EVT_ACCEPT4: return ret >= 0;
	case MODEL_EVT_LISTEN: case MODEL_EVT_BIND: return false;
	default: return s->state == STATE_ESTABLISHED;
	}
}

static int socket_value(const struct sensor_record *r, enum model_field_id id, const struct sensor_wire_socket *s, struct model_value *ret)
{
	static const char *const families[] = {
		[AF_UNIX] = "unix", [AF_INET] = "inet", [AF_INET6] = "inet6", [AF_NETLINK] = "netlink", [AF_PACKET] = "packet",
		[AF_ALG] = "alg", [AF_VSOCK] = "vsock",
	};
	unsigned family = s ? s->family : (unsigned)sensor_wire_u64_or(r->view, SENSOR_P_REQUEST, 0);

	if (!s && r->record.event != MODEL_EVT_SOCKET)
		return MODEL_UNSET;
	switch (id) {
	case MODEL_F_FD_L4PROTO: return l4proto(s, ret);
	case MODEL_F_FD_SOCKFAMILY:
		return family == AF_INET || family == AF_INET6 ? value_str(ret, "ip") : family == AF_UNIX ? value_str(ret, "unix") : MODEL_UNSET;
	case MODEL_F_FD_FAMILY: return family < ARRAY_LEN(families) ? value_str(ret, families[family]) : MODEL_UNSET;
	default: return s ? value_bool(ret, is_connected(r, s)) : MODEL_UNSET;
	}
}

int sensor_fields_net(const struct sensor_record *r, const struct model_field_ref *f, struct arena *scratch, struct model_value *ret)
{
	const struct sensor_wire_socket *s = sensor_wire_struct(r->view, SENSOR_P_SOCKET, sizeof(*s));
	const struct sensor_endpoint *end;
	struct ends e;

	if (!r->process)
		return MODEL_UNSET;
	if (f->id == MODEL_F_FD_L4PROTO || f->id == MODEL_F_FD_SOCKFAMILY || f->id == MODEL_F_FD_FAMILY || f->id == MODEL_F_FD_CONNECTED)
		return socket_value(r, f->id, s, ret);
	if (!ends_of(r, &e))
		return MODEL_UNSET;
	if (f->id == MODEL_F_FD_IP || f->id == MODEL_F_FD_PORT || f->id == MODEL_F_FD_NET || f->id == MODEL_F_FD_PROTO)
		return both_ends(&e, f->id, scratch, ret);
	if (f->id == MODEL_F_FD_IS_SERVER)
		return value_bool(ret, e.is_server);
	end = end_of(&e, f->id);
	if (!end)
		return MODEL_UNSET;
	switch (f->id) {
	case MODEL_F_FD_CIP ... MODEL_F_FD_RIP: case MODEL_F_FD_CNET ... MODEL_F_FD_RNET: return ip_value(end, ret);
	case MODEL_F_FD_CPORT ... MODEL_F_FD_RPORT: return value_u64(ret, end->port);
	case MODEL_F_FD_CPROTO ... MODEL_F_FD_RPROTO: return proto_value(end, scratch, ret);
	case MODEL_F_FD_CIP_NAME ... MODEL_F_FD_RIP_NAME: return asked_name(r, end, end == &e.remote, ret);
	default: return MODEL_UNSET;
	}
}
