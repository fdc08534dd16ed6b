/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_TESTS_SENSOR_HELP_H
#define PARKA_TESTS_SENSOR_HELP_H
/*
 * A small world to test the sensor's state in: a host whose pid 1 is systemd, a clock that moves a millisecond with
 * each event, and events built as the kernel side would write them.
 */
#include "model/event.h"
#include "runtime/runtime.h"
#include "sensor/capture.h"
#include "sensor/state.h"
#include "sensor/wire.h"
#include "tap.h"

#include <arpa/inet.h>
#include <sys/stat.h>
#include <sys/un.h>

enum { HOST_MNT = 4026531841, HOST_NET = 4026531840, HOST_PID_NS = 0xEFFFFFFCu, HOST_USER_NS = 0xEFFFFFFDu, BOX_MNT = 4026532500,
       BOX_PID_NS = 4026532501, HOST_CGROUP = 1, UNIT_CGROUP = 20, BOX_CGROUP = 77, ROOT_DEV = 8 << 20 | 1, BOX_DEV = 60 };
static const int64_t BOOT_EPOCH_NS = 1700000000000000000;
static const uint64_t ALL_CAPS = (UINT64_C(1) << 41) - 1;

struct world {
	struct sensor_state *state;
	struct sensor_wire_builder b;
	struct arena arena;
	uint64_t now_ns;
	struct model_record *records[SENSOR_RECORDS_MAX];
	size_t n;
	struct runtime_container box;
	bool box_known;
};

/* Who acts. Copied into the header of each event. */
struct actor {
	uint32_t pid, ppid;
	uint64_t start_ns, parent_start_ns;
	const char *comm;
	uint32_t uid, euid, suid, gid;
	uint64_t caps;
	uint32_t mnt_ns, pid_ns, user_ns, vpid;
	uint64_t cgroup, cred;
	uint32_t loginuid, session;
	uint32_t tid;
	uint32_t tty_index;         /* 1 + index of the pts; 0 = none */
	uint32_t sid;
};

static const struct runtime_container *world_by_cgroup(void *data, uint64_t id, const char *path)
{
	struct world *w = data;

	(void)id;
	return w->box_known && strncmp(path, "/docker/5be1f2", 14) == 0 ? &w->box : NULL;
}

static struct actor host_actor(uint32_t pid, uint32_t ppid, const char *comm, uint32_t uid)
{
	return (struct actor){
		.pid = pid, .tid = pid, .ppid = ppid, .start_ns = pid * UINT64_C(1000000), .parent_start_ns = ppid * UINT64_C(1000000),
		.comm = comm, .uid = uid, .euid = uid, .suid = uid, .gid = uid, .caps = uid ? 0 : ALL_CAPS, .mnt_ns = HOST_MNT,
		.pid_ns = HOST_PID_NS, .user_ns = HOST_USER_NS, .vpid = pid, .cgroup = HOST_CGROUP, .cred = 0x1000 + pid,
		.loginuid = UINT32_MAX, .session = UINT32_MAX, .sid = pid,
	};
}

__attribute__((unused)) static struct actor box_actor(uint32_t pid, uint32_t ppid, const char *comm, uint32_t vpid)
{
	struct actor a = host_actor(pid, ppid, comm, 0);

	a.mnt_ns = BOX_MNT;
	a.pid_ns = BOX_PID_NS;
	a.cgroup = BOX_CGROUP;
	a.vpid = vpid;
	return a;
}

static struct sensor_wire_builder *wire_begin(struct world *w, unsigned type, const struct actor *a)
{
	struct sensor_wire *e;

	sensor_wire_builder_reset(&w->b, type);
	e = w->b.event;
	e->ts_ns = w->now_ns += 1000000;
	e->pid = a->pid;
	e->tid = a->tid;
	e->start_ns = a->start_ns;
	e->uid = a->uid;
	e->euid = e->fsuid = a->euid;
	e->gid = e->egid = a->gid;
	e->loginuid = a->loginuid;
	e->session = a->session;
	e->mnt_ns = a->mnt_ns;
	e->pid_ns = a->pid_ns;
	e->user_ns = a->user_ns;
	e->cap_eff = e->cap_prm = a->caps;
	e->cred = a->cred;
	e->cgroup = a->cgroup;
	snprintf(e->comm, sizeof(e->comm), "%s", a->comm);
	return &w->b;
}

static size_t wire_end(struct world *w)
{
	w->n = sensor_state_apply(w->state, w->b.event, w->records);
	return w->n;
}

static void put_task(struct sensor_wire_builder *b, const struct actor *a)
{
	struct sensor_wire_task t = {
		.start_ns = a->start_ns, .parent_start_ns = a->parent_start_ns, .ppid = a->ppid, .sid = a->sid, .pgid = a->pid,
		.vpid = a->vpid, .vtid = a->vpid, .vsid = a->vpid, .vpgid = a->vpid, .mnt_ns = a->mnt_ns, .pid_ns = a->pid_ns,
		.net_ns = HOST_NET, .user_ns = a->user_ns, .uts_ns = 4026531838, .ipc_ns = 4026531839, .cgroup_ns = 4026531835,
		.nsproxy_pidns_start_ns = 1,
	};

	if (a->tty_index) {
		t.tty_major = 136;
		t.tty_minor = t.tty_index = a->tty_index - 1;
	}
	sensor_wire_put(b, SENSOR_P_TASK, &t, sizeof(t));
}

static void put_cred(struct sensor_wire_builder *b, const struct actor *a)
{
	struct sensor_wire_cred c = {
		.uid = a->uid, .euid = a->euid, .suid = a->suid, .fsuid = a->euid, .gid = a->gid, .egid = a->gid,
		.cap_permitted = a->caps, .cap_effective = a->caps, .cap_bounding = ALL_CAPS, .user_ns = a->user_ns,
	};

	sensor_wire_put(b, SENSOR_P_CRED, &c, sizeof(c));
}

struct file { uint64_t ino; uint32_t dev, mode, uid, flags, nlink; uint64_t ctime_ns; };

static void put_file(struct sensor_wire_builder *b, struct file f)
{
	struct sensor_wire_file wire = {
		.ino = f.ino ? f.ino : 100, .dev = f.dev ? f.dev : ROOT_DEV, .mode = f.mode ? f.mode : S_IFREG | 0755, .uid = f.uid,
		.nlink = f.nlink ? f.nlink : 1, .flags = f.flags, .ctime_ns = f.ctime_ns ? f.ctime_ns : 1600000000000000000u,
		.mtime_ns = 1500000000000000000u,
	};

	sensor_wire_put(b, SENSOR_P_FILE, &wire, sizeof(wire));
}

/* argv as one text, words parted by blanks. */
static void put_argv(struct sensor_wire_builder *b, const char *line)
{
	char copy[4096];
	size_t len = strlen(line);

	memcpy(copy, line, len + 1);
	for (size_t i = 0; i < len; i++)
		if (copy[i] == ' ')
			copy[i] = '\0';
	sensor_wire_put(b, SENSOR_P_ARGV, copy, len + 1);
}

struct exec { const char *path, *argv, *cwd, *env; struct file file; unsigned path_flags; };

static void put_exec(struct world *w, const struct actor *a, const struct exec *x)
{
	sensor_wire_put_path(&w->b, SENSOR_P_PATH, x->path, x->path_flags, NULL, 0);
	put_file(&w->b, x->file);
	put_argv(&w->b, x->argv ? x->argv : x->path);
	sensor_wire_put_text(&w->b, SENSOR_P_FILENAME, x->path);
	sensor_wire_put_path(&w->b, SENSOR_P_CWD, x->cwd ? x->cwd : "/", 0, NULL, 0);
	if (x->env)
		sensor_wire_put(&w->b, SENSOR_P_ENVP, x->env, strlen(x->env) + 1);
	put_task(&w->b, a);
	put_cred(&w->b, a);
}

static size_t do_exec(struct world *w, const struct actor *a, struct exec x)
{
	wire_begin(w, MODEL_EVT_EXECVE, a);
	put_exec(w, a, &x);
	sensor_wire_put_u64(&w->b, SENSOR_P_SYSCALL, 59);
	return wire_end(w);
}

static void do_seed(struct world *w, const struct actor *a, struct exec x)
{
	wire_begin(w, MODEL_EVT_NONE, a);
	put_exec(w, a, &x);
	sensor_state_seed(w->state, w->b.event);
}

__attribute__((unused)) static size_t do_fork(struct world *w, const struct actor *parent, const struct actor *child)
{
	wire_begin(w, MODEL_EVT_SCHED_FORK, parent);
	w->b.event->ret = child->pid;
	sensor_wire_put_u64(&w->b, SENSOR_P_CHILD_PID, child->pid);
	sensor_wire_put_u64(&w->b, SENSOR_P_CHILD_TID, child->tid);
	sensor_wire_put_u64(&w->b, SENSOR_P_CHILD_START, child->start_ns);
	sensor_wire_put_u64(&w->b, SENSOR_P_FLAGS, 0x1200011);
	put_task(&w->b, child);
	put_cred(&w->b, child);
	sensor_wire_put_u64(&w->b, SENSOR_P_SYSCALL, 56);
	return wire_end(w);
}

/* Fork `child` off `parent` and let it exec. */
__attribute__((unused)) static size_t do_spawn(struct world *w, const struct actor *parent, const struct actor *child, struct exec x)
{
	struct actor before = *parent;

	before.pid = before.tid = child->pid;
	before.start_ns = child->start_ns;
	before.ppid = parent->pid;
	before.parent_start_ns = parent->start_ns;
	do_fork(w, parent, &before);
	return do_exec(w, child, x);
}

__attribute__((unused)) static size_t do_exit(struct world *w, const struct actor *a)
{
	wire_begin(w, MODEL_EVT_PROCEXIT, a);
	w->b.event->flags = SENSOR_WIRE_NO_RET;
	sensor_wire_put_u64(&w->b, SENSOR_P_EXIT_CODE, 0);
	return wire_end(w);
}

struct open { const char *path, *raw; uint64_t flags; int64_t ret; struct file file; const char *bind_root; unsigned n_first, path_flags; };
/* Path flags: so many components lead from the task's root to the file. */
#define IN_ROOT(n) (((n) + 1u) << SENSOR_PATH_ROOT_SHIFT)

__attribute__((unused)) static size_t do_open(struct world *w, const struct actor *a, struct open o)
{
	wire_begin(w, MODEL_EVT_OPENAT, a);
	w->b.event->ret = o.ret;
	if (o.path) {
		sensor_wire_put_path(&w->b, SENSOR_P_PATH, o.path, o.path_flags, o.bind_root, o.n_first);
		if (!o.file.mode)
			o.file.mode = S_IFREG | 0644;
		put_file(&w->b, o.file);
	}
	sensor_wire_put_text(&w->b, SENSOR_P_RAW, o.raw ? o.raw : o.path);
	sensor_wire_put_u64(&w->b, SENSOR_P_DIRFD, (uint64_t)(int64_t)-100);
	sensor_wire_put_path(&w->b, SENSOR_P_CWD, "/root", 0, NULL, 0);
	sensor_wire_put_u64(&w->b, SENSOR_P_FLAGS, o.flags);
	sensor_wire_put_u64(&w->b, SENSOR_P_MODE, 0644);
	return wire_end(w);
}

__attribute__((unused)) static void put_address(struct sensor_wire_builder *b, enum sensor_param id, const char *ip, uint16_t port)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(port) };

	if (strchr(ip, ':')) {
		inet_pton(AF_INET6, ip, &six.sin6_addr);
		sensor_wire_put(b, id, &six, sizeof(six));
	} else {
		inet_pton(AF_INET, ip, &four.sin_addr);
		sensor_wire_put(b, id, &four, sizeof(four));
	}
}

__attribute__((unused)) static void put_socket(struct sensor_wire_builder *b, unsigned type, unsigned protocol, unsigned state)
{
	struct sensor_wire_socket s = { .cookie = 9, .family = AF_INET, .type = (uint16_t)type, .protocol = (uint16_t)protocol, .state = (uint16_t)state, .netns = HOST_NET };

	sensor_wire_put(b, SENSOR_P_SOCKET, &s, sizeof(s));
}

/* A field of record i as output shows it; "<unset>" when it is not set. "proc.aname[2]" and "evt.arg.flags" are understood. */
__attribute__((unused)) static const char *field_of(struct world *w, size_t i, const char *text)
{
	struct model_field_ref ref = { .index = -1, .text = text };
	char name[128], key[256];
	const char *bracket = strchr(text, '[');
	const struct model_field *field;
	struct model_value value;
	struct strbuf sb;
	const char *out;
	bool list;

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(text, "["), text);
	if (bracket) {
		snprintf(key, sizeof(key), "%s", bracket + 1);
		key[strlen(key) - 1] = '\0';
		ref.has_arg = true;
	} else if (strncmp(text, "evt.arg.", 8) == 0 || strncmp(text, "evt.rawarg.", 11) == 0) {
		snprintf(key, sizeof(key), "%s", strrchr(text, '.') + 1);
		*strrchr(name, '.') = '\0';
		ref.has_arg = true;
	}
	if (ref.has_arg) {
		ref.key = key;
		if (key[0] >= '0' && key[0] <= '9')
			ref.index = strtol(key, NULL, 10);
	}
	ref.id = model_field_by_name(name, strlen(name));
	if (ref.id == MODEL_F_MAX)
		return "<no such field>";
	if (i >= w->n || model_record_get(w->records[i], &ref, &w->arena, &value) != MODEL_SET)
		return "<unset>";
	field = model_field(ref.id);
	list = (field->flags & (MODEL_FIELD_LIST | MODEL_FIELD_BOTH_ENDS)) || ((field->flags & MODEL_FIELD_ANCESTOR) && !ref.has_arg);
	strbuf_init(&sb, 1 << 20);
	model_value_print(&value, field->type, list, &sb);
	out = arena_strndup(&w->arena, sb.text, sb.len);
	strbuf_done(&sb);
	return out;
}

#define FIELD_IS(i, name, expected) CHECK_STR(field_of(&w, i, name), expected)

static const char world_users[] =
	"{\"container\":\"\",\"users\":[[0,\"root\",\"/root\",\"/bin/bash\"],[1000,\"deploy\",\"/home/deploy\",\"/bin/bash\"],"
	"[33,\"www-data\",\"/var/www\",\"/usr/sbin/nologin\"]],\"groups\":[[0,\"root\"],[1000,\"deploy\"]]}";

static void world_init_with(struct world *w, const struct sensor_state_options *extra)
{
	struct sensor_state_options o = extra ? *extra : (struct sensor_state_options){ 0 };
	struct actor init = host_actor(1, 0, "systemd", 0);

	memset(w, 0, sizeof(*w));
	o.containers.by_cgroup = world_by_cgroup;
	o.containers.data = w;
	o.hostname = "web-07";
	o.boot_to_epoch_ns = BOOT_EPOCH_NS;
	w->now_ns = 1000000000000;
	w->state = sensor_state_new(&o);
	arena_init(&w->arena, 0);
	sensor_wire_builder_init(&w->b, 0);
	w->box = (struct runtime_container){
		.id = "5be1f2a4c6d8e0f2a4c6d8e0f2a4c6d8e0f2a4c6d8e0f2a4c6d8e0f2a4c6d8e0", .kind = RUNTIME_DOCKER, .name = "web-1",
		.image = "registry/web:1.4", .image_id = "sha256:0123456789abcdef0123", .image_repository = "registry/web",
		.image_tag = "1.4", .rootfs = "/var/lib/docker/overlay2/x/merged", .privileged = 0, .host_pid = 0, .host_network = 0,
		.host_ipc = -1, .read_only = 0, .started_ns = (uint64_t)BOOT_EPOCH_NS + 900000000000u,
	};
	sensor_state_adopt(w->state, CAPTURE_USERS, world_users, sizeof(world_users) - 1, NULL);
	do_seed(w, &init, (struct exec){ .path = "/usr/lib/systemd/systemd", .argv = "/sbin/init" });
}

__attribute__((unused)) static void world_init(struct world *w)
{
	world_init_with(w, NULL);
}

__attribute__((unused)) static void do_mkdir_cgroup(struct world *w, uint64_t id, const char *path)
{
	struct actor init = host_actor(1, 0, "systemd", 0);

	wire_begin(w, MODEL_EVT_CGROUP_MKDIR, &init);
	w->b.event->flags = SENSOR_WIRE_NO_RET;
	sensor_wire_put_u64(&w->b, SENSOR_P_CGROUP_ID, id);
	sensor_wire_put_text(&w->b, SENSOR_P_CGROUP_PATH, path);
	wire_end(w);
}

/* A Docker container whose first program runs: shim (pid 300) starts runc (310), whose child (320) becomes it. */
__attribute__((unused)) static void world_box(struct world *w, struct actor *ret_init)
{
	struct actor init = host_actor(1, 0, "systemd", 0), shim = host_actor(300, 1, "containerd-shim", 0);
	struct actor runc = host_actor(310, 300, "runc", 0), stage = box_actor(320, 310, "runc:[2:INIT]", 1);

	do_spawn(w, &init, &shim, (struct exec){ .path = "/usr/bin/containerd-shim-runc-v2" });
	do_spawn(w, &shim, &runc, (struct exec){ .path = "/usr/bin/runc", .argv = "runc create" });
	do_mkdir_cgroup(w, BOX_CGROUP, "/docker/5be1f2a4c6d8");
	w->box_known = true;
	do_fork(w, &runc, &stage);
	do_exit(w, &runc);
	*ret_init = box_actor(320, 300, "nginx", 1);
	do_exec(w, ret_init, (struct exec){ .path = "/usr/sbin/nginx", .argv = "nginx -g daemon",
					    .file = { .dev = BOX_DEV, .flags = SENSOR_FILE_LOWER } });
}

__attribute__((unused)) static void world_done(struct world *w)
{
	sensor_state_free(w->state);
	sensor_wire_builder_done(&w->b);
	arena_done(&w->arena);
}

#endif
