/* SPDX-License-Identifier: Apache-2.0 */
#include "wire_text.h"

#include "model/event.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

enum shape { SHAPE_NUMBER, SHAPE_TEXT, SHAPE_LIST, SHAPE_PATH, SHAPE_FILE, SHAPE_STDIO, SHAPE_TASK, SHAPE_CRED, SHAPE_NS, SHAPE_SOCKET, SHAPE_ADDRESS };

static const struct { const char *name; enum shape shape; } shapes[SENSOR_P_MAX] = {
	[SENSOR_P_PATH] = { "path", SHAPE_PATH }, [SENSOR_P_RAW] = { "raw", SHAPE_TEXT },
	[SENSOR_P_PATH2] = { "path2", SHAPE_PATH }, [SENSOR_P_RAW2] = { "raw2", SHAPE_TEXT },
	[SENSOR_P_FILE] = { "file", SHAPE_FILE }, [SENSOR_P_DIRFD] = { "dirfd", SHAPE_NUMBER },
	[SENSOR_P_DIRFD2] = { "dirfd2", SHAPE_NUMBER }, [SENSOR_P_CWD] = { "cwd", SHAPE_PATH },
	[SENSOR_P_FLAGS] = { "flags", SHAPE_NUMBER }, [SENSOR_P_MODE] = { "mode", SHAPE_NUMBER },
	[SENSOR_P_FD] = { "fd", SHAPE_NUMBER }, [SENSOR_P_FD2] = { "fd2", SHAPE_NUMBER },
	[SENSOR_P_OLD_PROT] = { "old_prot", SHAPE_NUMBER }, [SENSOR_P_ARGV] = { "argv", SHAPE_LIST },
	[SENSOR_P_ENVP] = { "envp", SHAPE_LIST }, [SENSOR_P_INTERP] = { "interp", SHAPE_TEXT },
	[SENSOR_P_FILENAME] = { "filename", SHAPE_TEXT }, [SENSOR_P_STDIO] = { "stdio", SHAPE_STDIO },
	[SENSOR_P_TASK] = { "task", SHAPE_TASK }, [SENSOR_P_CRED] = { "cred", SHAPE_CRED },
	[SENSOR_P_CRED_OLD] = { "cred_old", SHAPE_CRED }, [SENSOR_P_CHILD_PID] = { "child_pid", SHAPE_NUMBER },
	[SENSOR_P_CHILD_TID] = { "child_tid", SHAPE_NUMBER }, [SENSOR_P_CHILD_START] = { "child_start", SHAPE_NUMBER },
	[SENSOR_P_EXIT_CODE] = { "exit_code", SHAPE_NUMBER }, [SENSOR_P_SIGNAL] = { "signal", SHAPE_NUMBER },
	[SENSOR_P_TARGET_PID] = { "target", SHAPE_NUMBER }, [SENSOR_P_TARGET_START] = { "target_start", SHAPE_NUMBER },
	[SENSOR_P_SOCKADDR_LOCAL] = { "local", SHAPE_ADDRESS }, [SENSOR_P_SOCKADDR_REMOTE] = { "remote", SHAPE_ADDRESS },
	[SENSOR_P_SOCKET] = { "socket", SHAPE_SOCKET }, [SENSOR_P_DATA] = { "data", SHAPE_LIST },
	[SENSOR_P_REQUEST] = { "request", SHAPE_NUMBER }, [SENSOR_P_ARG2] = { "arg2", SHAPE_NUMBER },
	[SENSOR_P_ARG3] = { "arg3", SHAPE_NUMBER }, [SENSOR_P_ARG4] = { "arg4", SHAPE_NUMBER },
	[SENSOR_P_NAME] = { "name", SHAPE_TEXT }, [SENSOR_P_TYPE] = { "type", SHAPE_TEXT },
	[SENSOR_P_NS] = { "ns", SHAPE_NS }, [SENSOR_P_OPCODE] = { "opcode", SHAPE_NUMBER },
	[SENSOR_P_CGROUP_ID] = { "cgroup_id", SHAPE_NUMBER }, [SENSOR_P_CGROUP_PATH] = { "cgroup_path", SHAPE_TEXT },
	[SENSOR_P_CGROUP_ROOT] = { "cgroup_root", SHAPE_NUMBER }, [SENSOR_P_SYSCALL] = { "syscall", SHAPE_NUMBER },
	[SENSOR_P_LINK_COUNT] = { "links", SHAPE_NUMBER }, [SENSOR_P_DIR_PATH] = { "dir", SHAPE_PATH },
	[SENSOR_P_DIR_PATH2] = { "dir2", SHAPE_PATH },
};

const struct sensor_wire_param *wire_param(const struct sensor_wire *event, unsigned id)
{
	const uint8_t *at = (const uint8_t *)(event + 1), *end = (const uint8_t *)event + event->len;

	while (at + sizeof(struct sensor_wire_param) <= end) {
		const struct sensor_wire_param *p = (const struct sensor_wire_param *)at;
		if (p->id == id)
			return p;
		at += sizeof(*p) + ((p->len + 7) & ~7U);
	}
	return NULL;
}

static void add_text(struct strbuf *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < 32 || (unsigned char)text[i] >= 127)
			strbuf_addf(out, "\\x%02x", (unsigned char)text[i]);
		else
			strbuf_addc(out, text[i]);
}

static void add_components(struct strbuf *out, const char *const *names, size_t n)
{
	for (size_t i = n; i > 0; i--) {
		strbuf_addc(out, '/');
		add_text(out, names[i - 1], strlen(names[i - 1]));
	}
}

void wire_path_text(const struct sensor_wire_param *param, struct strbuf *out)
{
	const struct sensor_wire_path *path = (const struct sensor_wire_path *)(param + 1);
	const char *names[64], *at = (const char *)(path + 1), *end = (const char *)(param + 1) + param->len;
	size_t n = 0;

	while (at < end && n < 64) {
		names[n++] = at;
		at += strnlen(at, (size_t)(end - at)) + 1;
	}
	if (path->n > n)
		return;
	if (path->flags & SENSOR_PATH_ANON)
		add_text(out, n ? names[0] : "", n ? strlen(names[0]) : 0);
	else if (path->n == 0)
		strbuf_addc(out, '/');
	else
		add_components(out, names, path->n);
	if (path->n_bind && path->n + path->n_bind <= n) {
		strbuf_addf(out, " bind(%u)=", path->n_first_mount);
		add_components(out, names + path->n, path->n_bind);
	}
	if (path->flags & UINT8_MAX & ~(SENSOR_PATH_ANON | SENSOR_PATH_BIND))
		strbuf_addf(out, " pathflags=%#x", path->flags & UINT8_MAX);
}

static void add_address(struct strbuf *out, const struct sensor_wire_param *p)
{
	const struct sockaddr *a = (const struct sockaddr *)(p + 1);
	char text[INET6_ADDRSTRLEN] = "";

	if (p->len >= sizeof(struct sockaddr_in) && a->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)a;
		strbuf_addf(out, "%s:%u", inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text)), ntohs(in->sin_port));
	} else if (p->len >= sizeof(struct sockaddr_in6) && a->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in = (const struct sockaddr_in6 *)a;
		strbuf_addf(out, "[%s]:%u", inet_ntop(AF_INET6, &in->sin6_addr, text, sizeof(text)), ntohs(in->sin6_port));
	} else if (p->len >= 2) {
		const char *path = (const char *)(p + 1) + 2;
		size_t len = p->len - 2;
		strbuf_addf(out, "family=%u ", a->sa_family);
		add_text(out, path, len && path[0] ? strnlen(path, len) : len);
	}
}

static void add_cred(struct strbuf *out, const struct sensor_wire_cred *c)
{
	strbuf_addf(out, "uid=%u/%u/%u/%u gid=%u/%u/%u/%u eff=%llx prm=%llx inh=%llx bnd=%llx amb=%llx userns=%u bits=%#x",
		    c->uid, c->euid, c->suid, c->fsuid, c->gid, c->egid, c->sgid, c->fsgid, c->cap_effective, c->cap_permitted,
		    c->cap_inheritable, c->cap_bounding, c->cap_ambient, c->user_ns, c->securebits);
}

static void add_task(struct strbuf *out, const struct sensor_wire_task *t)
{
	strbuf_addf(out, "ppid=%u sid=%u pgid=%u vpid=%u vtid=%u vppid=%u vsid=%u vpgid=%u tty=%u:%u nnp=%u seccomp=%u ns=%u/%u/%u/%u/%u/%u/%u/%u tracer=%u flags=%#x start=%llu pstart=%llu pidns_start=%llu",
		    t->ppid, t->sid, t->pgid, t->vpid, t->vtid, t->vppid, t->vsid, t->vpgid, t->tty_major, t->tty_minor, t->no_new_privs,
		    t->seccomp, t->mnt_ns, t->pid_ns, t->net_ns, t->user_ns, t->uts_ns, t->ipc_ns, t->cgroup_ns, t->time_ns,
		    t->ptracer_pid, t->flags, t->start_ns, t->parent_start_ns, t->nsproxy_pidns_start_ns);
}

static void add_param(struct strbuf *out, const struct sensor_wire_param *p, enum shape shape)
{
	const void *v = p + 1;

	switch (shape) {
	case SHAPE_NUMBER: strbuf_addf(out, "%lld", (long long)*(const int64_t *)v); break;
	case SHAPE_TEXT: strbuf_addc(out, '"'); add_text(out, v, p->len); strbuf_addc(out, '"'); break;
	case SHAPE_LIST: strbuf_addc(out, '"'); add_text(out, v, p->len > 300 ? 300 : p->len); strbuf_addc(out, '"'); break;
	case SHAPE_PATH: wire_path_text(p, out); break;
	case SHAPE_ADDRESS: add_address(out, p); break;
	case SHAPE_CRED: add_cred(out, v); break;
	case SHAPE_TASK: add_task(out, v); break;
	case SHAPE_FILE: {
		const struct sensor_wire_file *f = v;
		strbuf_addf(out, "ino=%llu dev=%u:%u mode=%o uid=%u gid=%u nlink=%u size=%llu magic=%#x flags=%#x rdev=%u ctime=%llu mtime=%llu", f->ino,
			    f->dev >> 20, f->dev & 0xfffff, f->mode, f->uid, f->gid, f->nlink, f->size, f->sb_magic, f->flags, f->rdev, f->ctime_ns, f->mtime_ns);
		break;
	}
	case SHAPE_STDIO:
		for (int i = 0; i < 3; i++) {
			const struct sensor_wire_stdio *s = (const struct sensor_wire_stdio *)v + i;
			strbuf_addf(out, "%s%o:%llu", i ? "," : "", s->kind, s->ino);
		}
		break;
	case SHAPE_NS: {
		const struct sensor_wire_ns *n = v;
		strbuf_addf(out, "%u/%u/%u/%u/%u/%u/%u/%u", n->mnt, n->pid, n->net, n->user, n->uts, n->ipc, n->cgroup, n->time);
		break;
	}
	case SHAPE_SOCKET: {
		const struct sensor_wire_socket *s = v;
		strbuf_addf(out, "cookie=%llx family=%u type=%u protocol=%u state=%u netns=%u flags=%u", s->cookie, s->family, s->type,
			    s->protocol, s->state, s->netns, s->flags);
		break;
	}
	}
}

void wire_event_text(const struct sensor_wire *event, struct strbuf *out)
{
	const uint8_t *at = (const uint8_t *)(event + 1), *end = (const uint8_t *)event + event->len;

	strbuf_addf(out, "%llu.%09llu %s pid=%u tid=%u comm=", event->ts_ns / 1000000000, event->ts_ns % 1000000000,
		    model_event(event->type)->name, event->pid, event->tid);
	add_text(out, event->comm, strnlen(event->comm, sizeof(event->comm)));
	strbuf_addf(out, " ret=%lld wireflags=%#x uid=%u euid=%u loginuid=%d session=%d cgroup=%llu mntns=%u pidns=%u userns=%u", event->ret, event->flags,
		    event->uid, event->euid, (int)event->loginuid, (int)event->session, event->cgroup, event->mnt_ns, event->pid_ns, event->user_ns);
	while (at + sizeof(struct sensor_wire_param) <= end) {
		const struct sensor_wire_param *p = (const struct sensor_wire_param *)at;
		bool known = p->id < SENSOR_P_MAX && shapes[p->id].name;
		strbuf_addf(out, "\n    %s%s=", known ? shapes[p->id].name : "?", p->flags & SENSOR_PARAM_TRUNCATED ? "(cut)" : "");
		if (known)
			add_param(out, p, shapes[p->id].shape);
		at += sizeof(*p) + ((p->len + 7) & ~7U);
	}
	strbuf_addc(out, '\n');
}
