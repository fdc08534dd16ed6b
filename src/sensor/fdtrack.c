/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/fdtrack.h"
#include "model/event.h"
#include "sensor/state_internal.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

static const struct { const char *name, *letter; } types[SENSOR_FD_MAX] = {
	[SENSOR_FD_FILE] = { "file", "f" }, [SENSOR_FD_DIRECTORY] = { "directory", "d" }, [SENSOR_FD_IPV4] = { "ipv4", "4" },
	[SENSOR_FD_IPV6] = { "ipv6", "6" }, [SENSOR_FD_UNIX] = { "unix", "u" }, [SENSOR_FD_PIPE] = { "pipe", "p" },
	[SENSOR_FD_EVENT] = { "event", "e" }, [SENSOR_FD_SIGNAL] = { "signalfd", "s" },
	[SENSOR_FD_EPOLL] = { "eventpoll", "l" }, [SENSOR_FD_INOTIFY] = { "inotify", "i" },
	[SENSOR_FD_TIMER] = { "timerfd", "t" }, [SENSOR_FD_NETLINK] = { "netlink", "o" }, [SENSOR_FD_BPF] = { "bpf", "b" },
	[SENSOR_FD_USERFAULT] = { "userfaultfd", "u" }, [SENSOR_FD_IO_URING] = { "io_uring", "r" },
	[SENSOR_FD_MEMFD] = { "memfd", "m" }, [SENSOR_FD_PIDFD] = { "pidfd", "P" }, [SENSOR_FD_PACKET] = { "packet", "o" },
	[SENSOR_FD_VSOCK] = { "vsock", "o" }, [SENSOR_FD_ALG] = { "alg", "o" }, [SENSOR_FD_SOCKET] = { "socket", "o" },
	[SENSOR_FD_OTHER] = { "other", "o" },
};

/* Names that the kernel gives files without a path. */
static const struct { const char *start; enum sensor_fd_type type; } kinds[] = {
	{ "memfd:", SENSOR_FD_MEMFD }, { "pipe:", SENSOR_FD_PIPE }, { "socket:", SENSOR_FD_SOCKET },
	{ "anon_inode:[eventfd]", SENSOR_FD_EVENT }, { "anon_inode:[signalfd]", SENSOR_FD_SIGNAL },
	{ "anon_inode:[eventpoll]", SENSOR_FD_EPOLL }, { "anon_inode:inotify", SENSOR_FD_INOTIFY },
	{ "anon_inode:[timerfd]", SENSOR_FD_TIMER }, { "anon_inode:bpf", SENSOR_FD_BPF },
	{ "anon_inode:[userfaultfd]", SENSOR_FD_USERFAULT }, { "anon_inode:[io_uring]", SENSOR_FD_IO_URING },
	{ "anon_inode:[pidfd]", SENSOR_FD_PIDFD }, { "pidfd:", SENSOR_FD_PIDFD },
	{ "[eventfd]", SENSOR_FD_EVENT }, { "[signalfd]", SENSOR_FD_SIGNAL }, { "[eventpoll]", SENSOR_FD_EPOLL },
	{ "inotify", SENSOR_FD_INOTIFY }, { "[timerfd]", SENSOR_FD_TIMER }, { "bpf-", SENSOR_FD_BPF },
	{ "[userfaultfd]", SENSOR_FD_USERFAULT }, { "[io_uring]", SENSOR_FD_IO_URING }, { "[pidfd]", SENSOR_FD_PIDFD },
};

const char *sensor_fd_type_name(enum sensor_fd_type type)
{
	return type < SENSOR_FD_MAX ? types[type].name : NULL;
}

const char *sensor_fd_type_char(enum sensor_fd_type type)
{
	return type < SENSOR_FD_MAX ? types[type].letter : NULL;
}

enum sensor_fd_type sensor_fd_type_of_family(unsigned family)
{
	switch (family) {
	case AF_INET: return SENSOR_FD_IPV4;
	case AF_INET6: return SENSOR_FD_IPV6;
	case AF_UNIX: return SENSOR_FD_UNIX;
	case AF_NETLINK: return SENSOR_FD_NETLINK;
	case AF_PACKET: return SENSOR_FD_PACKET;
	case AF_VSOCK: return SENSOR_FD_VSOCK;
	case AF_ALG: return SENSOR_FD_ALG;
	default: return SENSOR_FD_SOCKET;
	}
}

static enum sensor_fd_type type_of_mode(uint32_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR: return SENSOR_FD_DIRECTORY;
	case S_IFSOCK: return SENSOR_FD_SOCKET;
	case S_IFIFO: return SENSOR_FD_PIPE;
	case S_IFREG: case S_IFCHR: case S_IFBLK: case S_IFLNK: return SENSOR_FD_FILE;
	default: return mode ? SENSOR_FD_OTHER : SENSOR_FD_NONE;
	}
}

static enum sensor_fd_type type_of_name(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		size_t n = strlen(kinds[i].start);
		if (len >= n && memcmp(name, kinds[i].start, n) == 0)
			return kinds[i].type;
	}
	return SENSOR_FD_OTHER;
}

enum sensor_fd_type sensor_fd_type_of(const struct sensor_wire_view *view)
{
	const struct sensor_wire_socket *socket = sensor_wire_struct(view, SENSOR_P_SOCKET, sizeof(*socket));
	const struct sensor_wire_file *file;
	struct sensor_path path;
	size_t len;

	if (socket)
		return sensor_fd_type_of_family(socket->family);
	if (sensor_path_of(view, SENSOR_P_PATH, &path) && (path.head->flags & SENSOR_PATH_ANON)) {
		const char *name = path.components;
		len = strnlen(name, path.len);
		return len && name[0] == '/' ? type_of_name(name + 1, len - 1) : type_of_name(name, len);
	}
	file = sensor_wire_struct(view, SENSOR_P_FILE, sizeof(*file));
	if (!file)
		return SENSOR_FD_NONE;
	/* A named pipe opened by its path is a file, as in Falco. */
	return S_ISFIFO(file->mode) && sensor_wire_has(view, SENSOR_P_PATH) ? SENSOR_FD_FILE : type_of_mode(file->mode);
}

bool sensor_endpoint_of(const struct sensor_wire_view *view, enum sensor_param id, struct sensor_endpoint *ret)
{
	size_t len;
	const void *bytes = sensor_wire_bytes(view, id, &len);
	const struct sockaddr_in *in = bytes;
	const struct sockaddr_in6 *in6 = bytes;
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (!bytes || len < sizeof(sa_family_t))
		return false;
	memset(ret, 0, sizeof(*ret));
	if (in->sin_family == AF_INET && len >= offsetof(struct sockaddr_in, sin_zero)) {
		ret->family = 4;
		memcpy(ret->ip, &in->sin_addr, 4);
		ret->port = ntohs(in->sin_port);
		return true;
	}
	if (in6->sin6_family != AF_INET6 || len < offsetof(struct sockaddr_in6, sin6_scope_id))
		return false;
	ret->port = ntohs(in6->sin6_port);
	ret->family = 6;
	memcpy(ret->ip, &in6->sin6_addr, 16);
	/* IPv4 through an IPv6 socket is IPv4 to a person, and to Falco. */
	if (memcmp(ret->ip, mapped, sizeof(mapped)) == 0) {
		ret->family = 4;
		memmove(ret->ip, ret->ip + 12, 4);
		memset(ret->ip + 4, 0, 12);
	}
	return true;
}

size_t sensor_endpoint_print(const struct sensor_endpoint *endpoint, char *out, size_t size)
{
	char ip[INET6_ADDRSTRLEN];
	int n;

	if (!inet_ntop(endpoint->family == 6 ? AF_INET6 : AF_INET, endpoint->ip, ip, sizeof(ip)))
		return 0;
	n = snprintf(out, size, "%s:%u", ip, endpoint->port);
	return n > 0 && (size_t)n < size ? (size_t)n : 0;
}

const char *sensor_unix_path(const struct sensor_wire_view *view, enum sensor_param id, struct arena *scratch, size_t *ret_len)
{
	size_t len;
	const struct sockaddr_un *un = sensor_wire_bytes(view, id, &len);
	size_t start = offsetof(struct sockaddr_un, sun_path);
	char *text;

	if (!un || len <= start || un->sun_family != AF_UNIX)
		return NULL;
	len -= start;
	if (un->sun_path[0] == '\0') {
		size_t n = len > 1 ? strnlen(un->sun_path + 1, len - 1) : 0;
		text = n ? arena_strndup(scratch, un->sun_path, n + 1) : NULL;
		if (text)
			text[0] = '@';
		*ret_len = n + 1;
		return text;
	}
	*ret_len = strnlen(un->sun_path, len);
	return arena_strndup(scratch, un->sun_path, *ret_len);
}

bool sensor_is_dns(const struct sensor_wire_view *view)
{
	struct sensor_endpoint to;

	return sensor_wire_has(view, SENSOR_P_DATA) && sensor_endpoint_of(view, SENSOR_P_SOCKADDR_REMOTE, &to) && to.port == 53;
}

void sensor_fdtrack_exec(struct sensor_state *state, struct sensor_process *process, const struct sensor_wire_view *view)
{
	const struct sensor_wire_stdio *stdio = sensor_wire_struct(view, SENSOR_P_STDIO, 3 * sizeof(*stdio));

	for (unsigned i = 0; stdio && i < 3; i++) {
		struct sensor_stdio *to = &process->stdio[i];
		char name[32];
		int n;

		/* The very object that a dup put there: what is known of it still holds. */
		if (to->type != SENSOR_FD_NONE && to->wire.ino == stdio[i].ino && to->wire.dev == stdio[i].dev)
			continue;
		if (to->type >= SENSOR_FD_IPV4 && to->wire.ino == 0 && S_ISSOCK(stdio[i].kind)) {
			to->wire = stdio[i];
			continue;
		}
		to->wire = stdio[i];
		to->type = type_of_mode(stdio[i].kind);
		sensor_text_set(&state->processes.texts, &to->name, NULL);
		if (to->type != SENSOR_FD_PIPE)
			continue;
		n = snprintf(name, sizeof(name), "pipe:[%llu]", (unsigned long long)stdio[i].ino);
		to->name = sensor_text_get(&state->processes.texts, name, (size_t)n);
	}
}

static void on_dup(struct sensor_state *state, struct sensor_process *process, const struct sensor_wire_view *view)
{
	const struct sensor_wire_file *file = sensor_wire_struct(view, SENSOR_P_FILE, sizeof(*file));
	struct sensor_endpoint local, remote;
	struct sensor_path path;
	struct sensor_stdio *to;
	const char *name = NULL;
	char text[128];
	size_t len = 0;

	if (view->event->ret < 0 || view->event->ret > 2)
		return;
	to = &process->stdio[view->event->ret];
	to->type = sensor_fd_type_of(view);
	to->wire = (struct sensor_wire_stdio){ .kind = file ? file->mode & S_IFMT : 0, .dev = file ? file->dev : 0,
					       .ino = file ? file->ino : 0 };
	if (sensor_path_of(view, SENSOR_P_PATH, &path)) {
		name = sensor_path_text(&path, &state->scratch, &len);
	} else if (sensor_endpoint_of(view, SENSOR_P_SOCKADDR_LOCAL, &local) &&
		   sensor_endpoint_of(view, SENSOR_P_SOCKADDR_REMOTE, &remote)) {
		len = sensor_endpoint_print(&local, text, sizeof(text));
		memcpy(text + len, "->", 3);
		len += 2;
		len += sensor_endpoint_print(&remote, text + len, sizeof(text) - len);
		name = text;
	}
	sensor_text_set(&state->processes.texts, &to->name, name ? sensor_text_get(&state->processes.texts, name, len) : NULL);
}

static void on_question(struct sensor_state *state, struct sensor_process *process, const struct sensor_wire_view *view)
{
	struct sensor_texts *texts = &state->processes.texts;
	char name[256];
	size_t len, data_len;
	uint16_t type;
	const void *data = sensor_wire_bytes(view, SENSOR_P_DATA, &data_len);

	if (!sensor_is_dns(view) || !sensor_dns_question(data, data_len, name, sizeof(name), &len, &type))
		return;
	sensor_text_set(texts, &process->dns_name, sensor_text_get(texts, name, len));
	process->dns_ns = view->event->ts_ns;
	if (!sensor_process_container(process))
		return;
	sensor_text_set(texts, &process->cgroup->dns_name, sensor_text_ref(process->dns_name));
	process->cgroup->dns_ns = view->event->ts_ns;
}

void sensor_fdtrack_update(struct sensor_state *state, struct sensor_process *process, const struct sensor_wire_view *view)
{
	struct sensor_endpoint peer;

	switch (view->event->type) {
	case MODEL_EVT_DUP: case MODEL_EVT_DUP2: case MODEL_EVT_DUP3: case MODEL_EVT_FCNTL:
		on_dup(state, process, view);
		break;
	case MODEL_EVT_ACCEPT: case MODEL_EVT_ACCEPT4:
		if (view->event->ret >= 0 && sensor_endpoint_of(view, SENSOR_P_SOCKADDR_REMOTE, &peer)) {
			process->accept_family = peer.family;
			memcpy(process->accept_ip, peer.ip, sizeof(peer.ip));
		}
		break;
	case MODEL_EVT_SENDTO: case MODEL_EVT_SENDMSG: case MODEL_EVT_SENDMMSG: case MODEL_EVT_DNS:
	case MODEL_EVT_WRITE: case MODEL_EVT_WRITEV: case MODEL_EVT_CONNECT:
		on_question(state, process, view);
		break;
	default:
		break;
	}
}
