/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The filter never loses a finding: random conditions x random events. Whenever a condition is true of a record that the real
 * state makes of an event,
 *  - some term of the condition is satisfied by that record, by a slow evaluator of terms that reads the record's own fields;
 *  - sensor_filter_ask() of the event, with the tables of the condition's terms, is not 0.
 * And it must be worth something: a good share of the events is dropped. The seed is fixed: a failure is found again;
 * DEMAND_ROUNDS=N does more than CI.
 */
#include "detect/demand.h"
#include "sensor/mounts.h"
#include "sensor_help.h"

#include <fcntl.h>

enum { ROUNDS = 24, RULES = 60, EVENTS = 800 };

static uint64_t random_state = 88172645463325252u;

static unsigned pick(unsigned n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (unsigned)(random_state >> 33) % n;
}
#define PICK(array) ((array)[pick(ARRAY_LEN(array))])

/* ---- what there is in this small world ---- */

static const char *const paths[] = { "/etc/shadow", "/etc/passwd", "/etc/cron.d/x", "/etc/cron.d", "/etc/cron.d/sub/y", "/etc", "/",
	"/home/u/.ssh/id_rsa", "/home/u/.ssh/authorized_keys", "/home/u/.ssh", "/dev/sda", "/dev/sda1", "/dev/sd/a", "/dev/null", "/tmp/a.so",
	"/tmp/x/y/z.so", "/usr/bin/vi", "/proc/1/environ", "/root/.bashrc", "/bashrc", "/etc2/shadow", "/x" };
static const char *const host_paths[] = { "/var/lib/docker/overlay2/x/merged/etc/shadow", "/var/lib/docker", "/var/lib/docker/", "/var", "/v",
	"/etc", "/etc/shadow", "/home", "/home/u/box/etc", "/etc/cron.d/etc/passwd" };
static const char *const rootfs[] = { "/var/lib/docker/overlay2/x/merged", "/var/lib/docker/overlay2/x/merged", "/etc/cron.d", "/home/u/box", NULL };
static const char *const bits[] = { "/etc", "/etc/", "/etc/c", "/etc/cron.d", "/", "/home/", "/.ssh/", "/.ssh/id_rsa", "/x/", "/y/z.so", ".so", "so",
	"id_rsa", "rc", "..", "../", "ssh", "/dev/sd", "/dev/", "x", "\"\"", "/etc/../x", "etc", "//", "/tmp/x", "/home/u/.ssh", "/.ssh", "hado", "_rs", "nron", "ssh/auth", "ed_keys", "cron.d/x", "r/m", "a/", "box" };
static const char *const globs[] = { "\"/etc/*\"", "\"/home/*/.ssh/*\"", "\"*.so\"", "\"/dev/sd[ab]*\"", "\"*/.ssh/id_?sa\"", "\"/etc/shadow\"",
	"\"*/x/*\"", "\"*\"", "\"/e*\"", "\"/etc/cro?.d/*\"", "\"*..*\"", "\"/home/[t-v]/.ssh/*\"", "\"*_rs*\"", "\"/home/*thor*key*\"", "\"*ssh/auth*\"", "\"[/]etc/*\"", "\"/etc/\\\\*\"" };
static const char *const names[] = { "shadow", "x", "id_rsa", "a.so", "environ", ".ssh", "sda", "\"\"" };
static const char *const dirs[] = { "/etc", "/etc/cron.d", "/", "/dev", "/home/u/.ssh", "/tmp/x/y", "/etc/" };
static const char *const comms[] = { "vi", "sh", "sshd", "nginx", "\"\"", "a-name-too-long-for-it", "run me" };
static const char *const exes[] = { "/usr/bin/vi", "/bin/sh", "/opt/app/bin/x", "/usr/sbin/sshd", "/opt/app", "/opt" };
static const char *const ports[] = { "22", "53", "80", "443", "1024", "0", "8080" };
static const char *const ips[] = { "10.0.0.1", "10.1.2.3", "127.0.0.1", "0.0.0.0", "::1", "fe80::1", "192.168.1.7" };
static const char *const nets[] = { "10.0.0.0/8", "127.0.0.0/8", "10.0.0.0/24", "::/0", "fe80::/10", "0.0.0.0/0", "192.168.0.0/16", "10.0.0.1/32" };
static const char *const flags[] = { "O_CREAT", "O_TRUNC", "O_APPEND", "O_WRONLY", "O_RDWR", "O_RDONLY", "O_DIRECT", "O_DIRECTORY", "O_CLOEXEC",
	"O_TMPFILE", "O_F_CREATED", "O_EXCL", "\"O_TRUNC|O_CREAT\"" };
static const char *const open_types[] = { "open", "openat", "openat2", "creat", "open_by_handle_at" };
static const char *const other_types[] = { "connect", "bind", "listen", "sendto", "sendmsg", "ptrace", "mount", "chmod", "bpf", "mkdir" };
static const char *const results[] = { "SUCCESS", "EPERM", "ENOENT", "EACCES", "EINPROGRESS", "UNKNOWN" };
static const char *const numbers[] = { "0", "-1", "-2", "-13", "3", "-200", "5", "-135" };
static const char *const fd_types[] = { "file", "directory", "pipe", "memfd", "ipv4", "ipv6", "unix", "netlink", "socket", "f", "d", "4", "6", "u", "o" };
static const char *const containers[] = { "host", "5be1f2a4c6d8", "docker", "web-1", "nginx", "x" };
static const char *const modes[] = { "24576", "28672", "25012", "8192", "12288", "33188", "33152", "16384", "0", "4096", "49572", "65536" };
static const char *const uids[] = { "0", "1000", "33", "4294967295", "99999999999" };

/* ---- random conditions ---- */

#define POOL(array) array, ARRAY_LEN(array)
static const struct { const char *field; const char *const *pool; size_t n; } texts[] = {
	{ "fd.name", POOL(paths) }, { "fd.name", POOL(paths) }, { "fd.name", POOL(bits) }, { "fd.path", POOL(paths) }, { "fd.hostpath", POOL(host_paths) }, { "fd.hostpath", POOL(paths) },
	{ "fs.path.name", POOL(paths) },
	{ "fd.directory", POOL(dirs) }, { "fd.filename", POOL(names) }, { "fd.nameraw", POOL(bits) }, { "fs.path.nameraw", POOL(bits) },
	{ "proc.name", POOL(comms) }, { "proc.name", POOL(comms) }, { "proc.exepath", POOL(exes) }, { "proc.pname", POOL(comms) },
	{ "proc.cmdline", POOL(comms) }, { "evt.arg.flags", POOL(flags) }, { "evt.arg.name", POOL(paths) }, { "evt.res", POOL(results) },
	{ "container.id", POOL(containers) }, { "container.name", POOL(containers) }, { "container.type", POOL(containers) },
	{ "container.image.repository", POOL(containers) }, { "k8s.ns.name", POOL(containers) }, { "user.name", POOL(names) },
	{ "fd.type", POOL(fd_types) }, { "fd.typechar", POOL(fd_types) }, { "fd.sockfamily", POOL(fd_types) }, { "fd.family", POOL(fd_types) },
	{ "fd.l4proto", POOL(fd_types) }, { "tolower(proc.name)", POOL(comms) }, { "toupper(fd.type)", POOL(fd_types) },
	{ "evt.dir", POOL(names) }, { "evt.category", POOL(names) }, { "evt.rawarg.flags", POOL(numbers) }, { "proc.aname", POOL(comms) },
};
static const char *const booleans[] = { "evt.failed", "evt.is_open_read", "evt.is_open_write", "evt.is_open_exec", "evt.is_open_create",
	"container.privileged", "fd.is_server", "fd.connected", "evt.is_io_write", "proc.is_container_healthcheck", "evt.is_io_uring" };
static const char *const port_fields[] = { "fd.port", "fd.sport", "fd.cport", "fd.lport", "fd.rport" };
static const char *const ip_fields[] = { "fd.ip", "fd.sip", "fd.cip", "fd.lip", "fd.rip" };
static const char *const net_fields[] = { "fd.net", "fd.snet", "fd.cnet", "fd.lnet", "fd.rnet" };
static const char *const quantifiers[] = { "oneof", "anyof", "allof" };
static const char *const comparisons[] = { "=", "!=", "<", "<=", ">", ">=" };

static void add_list(struct strbuf *sb, const char *const *pool, size_t n_pool)
{
	unsigned n = pick(8) ? 1 + pick(3) : 0;

	strbuf_addc(sb, '(');
	for (unsigned i = 0; i < n; i++) {
		const char *word = pool[pick((unsigned)n_pool)];
		strbuf_addf(sb, "%s%s%s%s", i ? ", " : "", word[0] == '"' ? "" : "'", word, word[0] == '"' ? "" : "'");
	}
	strbuf_addc(sb, ')');
}

static void add_word(struct strbuf *sb, const char *word)
{
	strbuf_addf(sb, word[0] == '"' ? "%s" : "'%s'", word);
}

static void add_text_check(struct strbuf *sb)
{
	static const char *const ops[] = { "=", "=", "=", "!=", "contains", "contains", "startswith", "endswith", "icontains" };
	size_t i = pick(ARRAY_LEN(texts));
	const char *field = texts[i].field, *const *pool = texts[i].pool;
	size_t n = texts[i].n;

	if (pick(5) == 0 && strncmp(field, "fd.", 3) == 0) {
		pool = bits;
		n = ARRAY_LEN(bits);
	}
	strbuf_addf(sb, "%s ", field);
	switch (pick(12)) {
	case 0: strbuf_adds(sb, "exists"); break;
	case 1: strbuf_addf(sb, "glob "); add_word(sb, PICK(globs)); break;
	case 2: strbuf_addf(sb, "%s %s ", PICK(ops), PICK(quantifiers)); add_list(sb, pool, n); break;
	case 3: case 4: case 5: strbuf_adds(sb, "in "); add_list(sb, pool, n); break;
	case 6: strbuf_adds(sb, "pmatch "); add_list(sb, pick(4) ? pool : globs, pick(4) ? n < ARRAY_LEN(globs) ? n : ARRAY_LEN(globs) : 4); break;
	case 7: strbuf_adds(sb, "= val(proc.name)"); break;
	default: strbuf_addf(sb, "%s ", PICK(ops)); add_word(sb, pool[pick((unsigned)n)]); break;
	}
}

static void add_number_check(struct strbuf *sb, const char *field, const char *const *pool, size_t n)
{
	strbuf_addf(sb, "%s ", field);
	if (pick(3) == 0) {
		strbuf_adds(sb, "in ");
		add_list(sb, pool, n);
	} else if (pick(8) == 0) {
		strbuf_addf(sb, "%s %s ", pick(2) ? "=" : "!=", PICK(quantifiers));
		add_list(sb, pool, n);
	} else {
		strbuf_addf(sb, "%s ", comparisons[pick(3) ? pick(2) : pick(ARRAY_LEN(comparisons))]);
		add_word(sb, pool[pick((unsigned)n)]);
	}
}

static void add_type_check(struct strbuf *sb)
{
	const char *field = pick(4) ? "evt.type" : "syscall.type";

	switch (pick(4)) {
	case 0: strbuf_addf(sb, "%s = %s", field, pick(2) ? PICK(open_types) : PICK(other_types)); break;
	case 1: strbuf_addf(sb, "%s != %s", field, pick(2) ? PICK(open_types) : PICK(other_types)); break;
	case 2: strbuf_addf(sb, "%s in (open, openat, openat2)", field); break;
	default: strbuf_addf(sb, "%s in (%s, %s, %s)", field, PICK(open_types), PICK(other_types), PICK(other_types)); break;
	}
}

/* Of what begins the names that containers' files have on the host. */
static void add_hostpath_check(struct strbuf *sb)
{
	switch (pick(3)) {
	case 0: strbuf_adds(sb, "fd.hostpath startswith "); add_word(sb, PICK(host_paths)); break;
	case 1: strbuf_adds(sb, "fd.hostpath pmatch "); add_list(sb, POOL(host_paths)); break;
	default: strbuf_adds(sb, "fd.hostpath glob "); add_word(sb, pick(2) ? "/var/*" : PICK(globs)); break;
	}
}

static void add_check(struct strbuf *sb)
{
	if (pick(20) == 0) {
		add_hostpath_check(sb);
		return;
	}
	switch (pick(13)) {
	case 0: add_type_check(sb); break;
	case 1: strbuf_addf(sb, "%s %s %s", PICK(booleans), pick(4) ? "=" : "!=", pick(3) ? "true" : "false"); break;
	case 2: add_number_check(sb, pick(2) ? "evt.rawres" : "fd.num", POOL(numbers)); break;
	case 3: add_number_check(sb, "user.uid", POOL(uids)); break;
	case 4: add_number_check(sb, PICK(port_fields), POOL(ports)); break;
	case 5: add_number_check(sb, PICK(ip_fields), POOL(ips)); break;
	case 6: add_number_check(sb, PICK(net_fields), POOL(nets)); break;
	case 7: add_number_check(sb, "fd.mode", POOL(modes)); break;
	default: add_text_check(sb); break;
	}
}

static void add_condition(struct strbuf *sb, unsigned depth)
{
	unsigned n = depth ? pick(4) : 0;

	if (n < 2) {
		strbuf_adds(sb, pick(4) ? "" : "not ");
		add_check(sb);
		return;
	}
	strbuf_adds(sb, pick(4) ? "(" : "not (");
	for (unsigned i = 0, is_or = pick(2); i < n; i++) {
		strbuf_adds(sb, !i ? "" : is_or ? " or " : " and ");
		add_condition(sb, depth - 1);
	}
	strbuf_addc(sb, ')');
}

struct rule {
	char text[8192];
	struct detect_demand *demand;
	const struct sensor_filter_term *terms;
	size_t n_terms;
	struct model_event_set always;
	struct sensor_filter_build *build;
};

static struct arena trees;
static struct lang_program *program;
static struct rule rules[RULES];

/* Half of them name event types first, as rules do. */
static void make_rule(struct rule *r)
{
	struct lang_node *tree;
	struct strbuf sb;
	uint32_t index;

	for (bool done = false; !done; ) {
		strbuf_init(&sb, sizeof(r->text) - 1);
		if (pick(2))
			strbuf_adds(&sb, pick(2) ? "evt.type in (open, openat, openat2, creat) and " : "evt.type in (connect, bind, listen, sendto) and ");
		add_condition(&sb, 3);
		snprintf(r->text, sizeof(r->text), "%s", sb.text);
		done = !sb.truncated && lang_parse(&trees, sb.text, sb.len, 0, &tree, NULL) == 0 &&
		       lang_program_add(program, tree, &index, NULL, NULL, NULL) == 0;
		strbuf_done(&sb);
	}
	r->demand = detect_demand_of_condition(tree);
	r->n_terms = detect_demand_terms(r->demand, &r->terms);
	r->always = detect_demand_always(r->demand);
	r->build = sensor_filter_build(r->terms, r->n_terms, &r->always);
}

/* ---- random events ---- */

struct who {
	struct actor actor;
	const char *exe;
	char comm[16];                   /* at exec: what records say */
	enum filter_where where;
};
enum { WHO = 8 };
static struct who people[WHO];
static struct world w;

static const char *plain(const char *word)
{
	return word[0] == '"' ? "" : word;
}

static void make_people(void)
{
	for (unsigned i = 0; i < WHO; i++) {
		struct who *p = &people[i];
		bool box = i % 2;

		p->exe = PICK(exes);
		snprintf(p->comm, sizeof(p->comm), "%s", plain(PICK(comms)));
		p->actor = box ? box_actor(100 + i, 1, p->comm, i + 1) : host_actor(100 + i, 1, p->comm, 0);
		p->actor.uid = p->actor.euid = pick(2) ? 0 : 1000;
		p->where = box ? sensor_filter_where_of_root(w.box.rootfs) : FILTER_WHERE_HOST;
		do_exec(&w, &p->actor, (struct exec){ .path = p->exe, .argv = "x y" });
	}
}

static uint64_t open_flags(int64_t ret)
{
	static const uint64_t some[] = { O_CREAT, O_TRUNC, O_APPEND, O_DIRECTORY, O_CLOEXEC, O_EXCL, O_DIRECT, O_NONBLOCK, O_SYNC, O_TMPFILE };
	uint64_t f = pick(4);

	for (unsigned n = pick(4); n; n--)
		f |= PICK(some);
	/* Without O_DIRECTORY the kernel takes it for a mistake. */
	if (ret < 0 && pick(8) == 0)
		f |= O_TMPFILE & ~O_DIRECTORY;
	return f;
}

/* Where this host has file systems: known in part, whole, twice, not at all. */
static const char mounts[] = "{\"mounts\":[[8388609,\"/\"],[50,\"/\",\"/@\"],[50,\"/home/u\",\"/@home\"],[51,\"/etc/cron.d\"],[51,\"/tmp\"],"
	"[52,\"/var/lib/docker/overlay2/x/merged\"],[53,\"/dev\",\"/dev/sub\"]]}";

/* A file that is seen through a mount, or in a jail. */
static void put_mounted(const char *path, unsigned path_flags, uint32_t *ret_dev)
{
	static const char *const roots[] = { "/", "/", "/etc", "/data", "/@", "/@/etc", "/@home", "/@home/.ssh", "/home/u", "/dev/sub/sd", "/dev" };
	static const uint32_t devs[] = { ROOT_DEV, ROOT_DEV, 50, 50, 51, 52, 53, BOX_DEV, 99 };
	const char *root = PICK(roots);
	unsigned n = filter_depth(path), n_first = pick(n + 1), n_fs = n_first + filter_depth(root);

	if (pick(8) == 0)
		path_flags |= SENSOR_PATH_LOOSE;
	/* The root may be anywhere on the way. */
	if (pick(2))
		path_flags |= IN_ROOT(pick(2) ? n_fs : pick(n_fs + 1));
	sensor_wire_put_path(&w.b, SENSOR_P_PATH, path, path_flags, root, n_first);
	*ret_dev = PICK(devs);
}

static void put_opened(const char *path)
{
	static const uint32_t types[] = { S_IFREG, S_IFREG, S_IFREG, S_IFDIR, S_IFCHR, S_IFIFO, S_IFBLK, S_IFSOCK };
	static const unsigned odd[] = { SENSOR_PATH_DELETED, SENSOR_PATH_DETACHED, SENSOR_PATH_OUTSIDE_ROOT, SENSOR_PATH_ANON };
	struct file f = { .mode = PICK(types) | 0644, .nlink = pick(6) ? 1 : 2, .ino = 200 + pick(4), .flags = pick(4) ? 0 : SENSOR_FILE_CREATED };
	unsigned path_flags = pick(16) ? 0 : PICK(odd);

	if (path_flags == SENSOR_PATH_ANON) {
		static const char *const anonymous[] = { "memfd:x", "/memfd:/etc/x", "pipe:[7]", "anon_inode:[eventfd]" };
		struct sensor_wire_path head = { .n = 1, .flags = SENSOR_PATH_ANON };
		const char *name = PICK(anonymous);
		char bytes[64];
		memcpy(bytes, &head, sizeof(head));
		memcpy(bytes + sizeof(head), name, strlen(name) + 1);
		sensor_wire_put(&w.b, SENSOR_P_PATH, bytes, sizeof(head) + strlen(name) + 1);
		f.mode = strncmp(name, "pipe", 4) == 0 ? S_IFIFO | 0600 : 0600;
	} else if (pick(4) == 0) {
		put_mounted(path, path_flags, &f.dev);
	} else {
		sensor_wire_put_path(&w.b, SENSOR_P_PATH, path, path_flags, NULL, 0);
	}
	put_file(&w.b, f);
}

static int64_t result(void)
{
	static const int64_t errors[] = { -1, -2, -13, -115, -200, -4000 };

	return pick(4) ? (int64_t)pick(6) : PICK(errors);
}

static void build_open(const struct who *p)
{
	static const enum model_event_type types[] = { MODEL_EVT_OPEN, MODEL_EVT_OPENAT, MODEL_EVT_OPENAT, MODEL_EVT_OPENAT2, MODEL_EVT_CREAT,
						       MODEL_EVT_OPEN_BY_HANDLE_AT };
	static const char *const raws[] = { "/etc/../x", "x", "../etc/shadow", "/etc/shadow", "./a..b", "" };
	enum model_event_type type = PICK(types);
	const char *path = PICK(paths);
	uint64_t f;

	wire_begin(&w, type, &p->actor);
	w.b.event->ret = result();
	f = open_flags(w.b.event->ret);
	if (w.b.event->ret >= 0)
		put_opened(path);
	if (type != MODEL_EVT_OPEN_BY_HANDLE_AT)
		sensor_wire_put_text(&w.b, SENSOR_P_RAW, pick(3) ? path : PICK(raws));
	sensor_wire_put_u64(&w.b, SENSOR_P_DIRFD, (uint64_t)(int64_t)-100);
	sensor_wire_put_path(&w.b, SENSOR_P_CWD, "/etc", 0, NULL, 0);
	if (type == MODEL_EVT_CREAT)
		f = O_CREAT | O_WRONLY | O_TRUNC;
	sensor_wire_put_u64(&w.b, SENSOR_P_FLAGS, f);
	if (f & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY)))
		sensor_wire_put_u64(&w.b, SENSOR_P_MODE, pick(2) ? 0644 : 0755);
}

static void put_unix(enum sensor_param id, const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
	sensor_wire_put(&w.b, id, &un, sizeof(un));
}

static const char *address_of(bool six)
{
	const char *ip;

	do
		ip = PICK(ips);
	while ((strchr(ip, ':') != NULL) != six);
	return ip;
}

static uint16_t port_number(void)
{
	return (uint16_t)strtoul(PICK(ports), NULL, 10);
}

/* As the kernel tells it: an IP socket has a local end, a remote one when there is one; IPv4 may come mapped into IPv6. */
static void put_ip_ends(enum model_event_type type, bool six)
{
	bool mapped = six && pick(4) == 0;
	char text[64];

	if (mapped)
		snprintf(text, sizeof(text), "::ffff:%s", address_of(false));
	put_address(&w.b, SENSOR_P_SOCKADDR_LOCAL, six && mapped ? text : address_of(six), port_number());
	if (type == MODEL_EVT_CONNECT || type == MODEL_EVT_SENDTO || type == MODEL_EVT_SENDMSG || pick(2))
		if (pick(8))
			put_address(&w.b, SENSOR_P_SOCKADDR_REMOTE, mapped ? text : address_of(six), port_number());
}

static void build_net(const struct who *p)
{
	static const enum model_event_type types[] = { MODEL_EVT_CONNECT, MODEL_EVT_CONNECT, MODEL_EVT_BIND, MODEL_EVT_LISTEN, MODEL_EVT_SENDTO,
						       MODEL_EVT_SENDMSG };
	static const uint16_t families[] = { AF_INET, AF_INET, AF_INET6, AF_UNIX, 16, 40, 29 }, kinds[] = { 1, 2, 3, 5 }, protocols[] = { 0, 6, 17, 1, 58, 132 };
	struct sensor_wire_socket s = { .cookie = 9, .family = PICK(families), .type = PICK(kinds), .protocol = PICK(protocols), .netns = HOST_NET };
	enum model_event_type type = PICK(types);

	wire_begin(&w, type, &p->actor);
	w.b.event->ret = result();
	sensor_wire_put_u64(&w.b, SENSOR_P_FD, pick(6));
	if (s.family == AF_UNIX)
		s.protocol = 0;
	if (pick(16))
		sensor_wire_put(&w.b, SENSOR_P_SOCKET, &s, sizeof(s));
	if (s.family == AF_INET || s.family == AF_INET6)
		put_ip_ends(type, s.family == AF_INET6);
	else if (s.family == AF_UNIX || pick(4) == 0)
		put_unix(SENSOR_P_SOCKADDR_REMOTE, PICK(paths));
}

static void build_call(const struct who *p)
{
	static const enum model_event_type types[] = { MODEL_EVT_PTRACE, MODEL_EVT_MOUNT, MODEL_EVT_CHMOD, MODEL_EVT_BPF, MODEL_EVT_MKDIR };

	wire_begin(&w, PICK(types), &p->actor);
	w.b.event->ret = result();
	sensor_wire_put_text(&w.b, SENSOR_P_RAW, PICK(paths));
}

/* Another name for a file, so that opens of it have several. */
static void link_names(const struct who *p)
{
	wire_begin(&w, pick(2) ? MODEL_EVT_LINKAT : MODEL_EVT_RENAMEAT, &p->actor);
	sensor_wire_put_text(&w.b, SENSOR_P_RAW, PICK(paths));
	sensor_wire_put_text(&w.b, SENSOR_P_RAW2, PICK(paths));
	if (pick(2))
		put_file(&w.b, (struct file){ .ino = 200 + pick(4), .nlink = 2 });
	wire_end(&w);
}

/* ---- terms against records, slowly ---- */

static struct arena scratch;

static const char *text_field(const struct model_record *r, enum model_field_id id)
{
	struct model_field_ref ref = { .id = id, .index = -1 };
	struct model_value v;

	return model_record_get(r, &ref, &scratch, &v) == MODEL_SET ? arena_strndup(&scratch, v.text, v.len) : NULL;
}

static bool in_texts(const char *const *list, size_t n, const char *text)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i], text) == 0)
			return true;
	return false;
}

static bool is_below(const char *dir, const char *path)
{
	size_t len = strlen(dir);

	if (len == 1)
		return path[0] == '/' && path[1];
	return strncmp(path, dir, len) == 0 && path[len] == '/';
}

static bool places_hold(const struct sensor_filter_paths *p, const char *path)
{
	const char *slash;
	size_t dir;

	if (!p->n_exact && !p->n_in && !p->n_below && !p->n_prefixes)
		return true;
	if (!path)
		return false;
	slash = strrchr(path, '/');
	dir = slash == path ? 1 : slash ? (size_t)(slash - path) : 0;
	if (in_texts(p->exact, p->n_exact, path))
		return true;
	for (size_t i = 0; i < p->n_in; i++)
		if (path[1] && strlen(p->in[i]) == dir && strncmp(p->in[i], path, dir) == 0)
			return true;
	for (size_t i = 0; i < p->n_below; i++)
		if (is_below(p->below[i], path))
			return true;
	for (size_t i = 0; i < p->n_prefixes; i++)
		if (strncmp(path, p->prefixes[i], strlen(p->prefixes[i])) == 0)
			return true;
	return false;
}

static bool parts_hold(const struct sensor_filter_term *t, const char *path)
{
	for (size_t i = 0; i < t->n_parts; i++) {
		char part[256];
		snprintf(part, sizeof(part), "/%s/", t->parts[i]);
		if (strstr(path, part))
			return true;
	}
	return !t->n_parts;
}

static bool needles_hold(const struct sensor_filter_term *t, const char *path)
{
	for (size_t i = 0; i < t->n_needles; i++)
		if (strstr(path, t->needles[i]))
			return true;
	return !t->n_needles;
}

static bool names_hold(const struct sensor_filter_term *t, const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	size_t len = strlen(name);

	if (in_texts(t->names, t->n_names, name))
		return true;
	for (size_t i = 0; i < t->n_suffixes; i++) {
		size_t n = strlen(t->suffixes[i]);
		if (len >= n && strcmp(name + len - n, t->suffixes[i]) == 0)
			return true;
	}
	return !t->n_names && !t->n_suffixes;
}

static bool name_holds(const struct sensor_filter_term *t, const char *path)
{
	if (!path)
		return places_hold(&t->paths, NULL) && !t->n_names && !t->n_suffixes && !t->n_parts && !t->n_needles;
	return places_hold(&t->paths, path) && parts_hold(t, path) && names_hold(t, path) && needles_hold(t, path);
}

static bool bit(const uint64_t *words, size_t n, unsigned i)
{
	uint64_t any = 0;

	for (size_t k = 0; k < n; k++)
		any |= words[k];
	return !any || words[i / 64] >> (i % 64) & 1;
}

static bool open_holds(const struct sensor_filter_term *t, const struct model_record *r, const struct sensor_wire_view *view)
{
	const struct sensor_wire_file *file = sensor_wire_struct(view, SENSOR_P_FILE, sizeof(*file));
	const char *type = text_field(r, MODEL_F_FD_TYPE), *raw = text_field(r, MODEL_F_FD_NAMERAW);
	uint64_t f;
	unsigned type_bit = strcmp(type, "directory") == 0 ? FILTER_FD_DIRECTORY : strcmp(type, "file") != 0 ? FILTER_FD_NEITHER :
			    file && S_ISBLK(file->mode) ? FILTER_FD_BLOCK : file && S_ISCHR(file->mode) ? FILTER_FD_CHARACTER :
			    file && S_ISFIFO(file->mode) ? FILTER_FD_PIPE : FILTER_FD_FILE;

	if (sensor_wire_u64(view, SENSOR_P_FLAGS, &f) &&
	    !bit(t->kinds, ARRAY_LEN(t->kinds), filter_open_kind(f, file && file->flags & SENSOR_FILE_CREATED)))
		return false;
	if (t->fd_types && !(t->fd_types >> type_bit & 1))
		return false;
	if (t->texts & FILTER_TEXT_PROC && (!raw || strncmp(raw, "/proc/", 6) != 0))
		return false;
	if (t->texts & FILTER_TEXT_DOTS && (!raw || !strstr(raw, "..")))
		return false;
	return name_holds(t, text_field(r, MODEL_F_FD_NAME)) || name_holds(t, text_field(r, MODEL_F_FD_PATH)) ||
	       name_holds(t, text_field(r, MODEL_F_FD_HOSTPATH));
}

static bool number_holds(const struct sensor_filter_numbers *set, uint64_t value)
{
	for (size_t i = 0; i < set->n; i++)
		if (set->numbers[i] == value)
			return !set->none_of;
	return !set->n || set->none_of;
}

static bool net_holds(const struct sensor_filter_nets *set, const struct model_ip *ip)
{
	for (size_t i = 0; i < set->n; i++) {
		const struct sensor_filter_net *net = &set->nets[i];
		bool inside = net->family == ip->family;

		for (unsigned b = 0; inside && b < net->bits; b++)
			inside = !((net->bytes[b / 8] ^ ip->bytes[b / 8]) >> (7 - b % 8) & 1);
		if (inside)
			return !set->none_of;
	}
	return !set->n || set->none_of;
}

static bool end_holds(const struct sensor_filter_term *t, const struct model_record *r, enum filter_end end)
{
	struct model_field_ref port = { .id = end == FILTER_LOCAL ? MODEL_F_FD_LPORT : MODEL_F_FD_RPORT, .index = -1 };
	struct model_field_ref address = { .id = end == FILTER_LOCAL ? MODEL_F_FD_LIP : MODEL_F_FD_RIP, .index = -1 };
	struct model_value p, a;

	if (model_record_get(r, &port, &scratch, &p) != MODEL_SET || model_record_get(r, &address, &scratch, &a) != MODEL_SET)
		return (!t->ports[end].n || t->port_or_none[end]) && (!t->nets[end].n || t->nets[end].or_none);
	return number_holds(&t->ports[end], p.u64) && net_holds(&t->nets[end], &a.ip);
}

static bool net_event_holds(const struct sensor_filter_term *t, const struct model_record *r, const struct sensor_wire_view *view)
{
	const struct sensor_wire_socket *s = sensor_wire_struct(view, SENSOR_P_SOCKET, sizeof(*s));

	if (!s)
		return true;                     /* the kernel has no socket to ask */
	return bit(t->kinds, ARRAY_LEN(t->kinds), filter_net_kind(s->family, s->type, s->protocol)) && end_holds(t, r, FILTER_LOCAL) &&
	       end_holds(t, r, FILTER_REMOTE);
}

static bool term_holds(const struct sensor_filter_term *t, const struct model_record *r, const struct sensor_wire_view *view)
{
	const char *comm = text_field(r, MODEL_F_PROC_NAME), *container = text_field(r, MODEL_F_CONTAINER_ID);
	enum filter_where where = strcmp(container, "host") == 0 ? FILTER_WHERE_HOST : sensor_filter_where_of_root(w.box.rootfs);

	if (!model_event_set_has(&t->types, r->event) || !bit(t->results, ARRAY_LEN(t->results), filter_result(view->event->ret)))
		return false;
	if ((t->wheres && !(t->wheres >> where & 1)) || !number_holds(&t->euids, view->event->euid))
		return false;
	if (t->comms.n && in_texts(t->comms.texts, t->comms.n, comm ? comm : "") == t->comms.none_of)
		return false;
	if (!places_hold(&t->exe, text_field(r, MODEL_F_PROC_EXEPATH)))
		return false;
	switch (sensor_filter_class_of(r->event)) {
	case FILTER_OPEN: return open_holds(t, r, view);
	case FILTER_NET: return net_event_holds(t, r, view);
	default: return true;
	}
}

/* ---- the property ---- */

static struct { uint64_t pairs, matched, dropped, failures; } sums;

static bool holds_for(const struct rule *rule, const struct model_record *r, const struct sensor_wire_view *view)
{
	if (model_event_set_has(&rule->always, r->event))
		return true;
	for (size_t i = 0; i < rule->n_terms; i++)
		if (term_holds(&rule->terms[i], r, view))
			return true;
	return false;
}

static void fail(const struct rule *rule, const struct model_record *r, const char *what)
{
	struct strbuf sb;

	if (sums.failures++ > 20)
		return;
	strbuf_init(&sb, 1 << 16);
	for (size_t i = 0; i < rule->n_terms; i++) {
		strbuf_adds(&sb, "\n#   ");
		detect_demand_print(&rule->terms[i], &sb);
	}
	CHECK_MSG(rule->text[0] == '\0', "%s: %s\n#   %s ret %lld fd.name %s comm %s%s", what, rule->text, model_event(r->event)->name,
		  (long long)sensor_record_wire(r)->ret, text_field(r, MODEL_F_FD_NAME), text_field(r, MODEL_F_PROC_NAME), sb.text);
	strbuf_done(&sb);
}

static uint64_t asked(const struct rule *rule, const struct who *p, const struct sensor_wire_view *view)
{
	const struct filter_tables *tables = sensor_filter_tables(rule->build);
	struct sensor_filter_context context = { .where = p->where, .leader_comm = p->comm };
	struct filter_process process = { 0 };
	uint64_t exe[FILTER_CLASSES];

	sensor_filter_exe(tables, p->exe, exe);
	for (unsigned class = 0; class < FILTER_CLASSES; class++)
		process.exe[class] = exe[class];
	context.process = &process;
	return sensor_filter_ask(tables, view, &context);
}

/* Of the event just built and applied. */
static void check_event(const struct who *p, struct lang_scratch *s)
{
	struct sensor_wire_view view;
	uint32_t matched[RULES];
	bool must_pass[RULES] = { false }, passed[RULES], is_filtered;

	CHECK(sensor_wire_decode(w.b.event, w.b.event->len, &view));
	for (size_t i = 0; i < RULES; i++) {
		passed[i] = asked(&rules[i], p, &view) != 0;
		sums.dropped += !passed[i];
	}
	sums.pairs += RULES;
	is_filtered = !(w.b.event->flags & SENSOR_WIRE_IO_URING);
	for (size_t k = 0; k < w.n; k++) {
		size_t n;

		if (w.records[k]->event != w.b.event->type)   /* made of it: the kernel's business is the event */
			continue;
		arena_reset(&scratch);
		n = lang_program_match(program, s, w.records[k], matched, RULES);
		for (size_t m = 0; m < n; m++) {
			sums.matched++;
			must_pass[matched[m]] = true;
			if (is_filtered && !holds_for(&rules[matched[m]], w.records[k], &view))
				fail(&rules[matched[m]], w.records[k], "true of a record that satisfies no term");
		}
		for (size_t i = 0; i < RULES; i++)
			if (must_pass[i] && !passed[i])
				fail(&rules[i], w.records[k], "true of a record of an event that is dropped");
	}
}

static void do_event(struct lang_scratch *s)
{
	const struct who *p = &people[pick(WHO)];
	struct who other = *p;

	if (pick(20) == 0)
		link_names(p);
	/* A thread of another name, or the process renamed: records go on saying the name it had at exec. */
	if (pick(6) == 0)
		other.actor.comm = plain(PICK(comms));
	if (pick(6) == 0)
		other.actor.tid = p->actor.pid + 1000;
	if (pick(8) == 0)
		other.where = FILTER_WHERE_UNKNOWN;
	switch (pick(8)) {
	case 0: build_call(&other); break;
	case 1: case 2: case 3: build_net(&other); break;
	default: build_open(&other); break;
	}
	if (pick(30) == 0)
		w.b.event->flags |= SENSOR_WIRE_IO_URING;
	wire_end(&w);
	check_event(&other, s);
}

static void do_round(void)
{
	struct lang_scratch *s;

	arena_init(&trees, 0);
	program = lang_program_new();
	for (size_t i = 0; i < RULES; i++)
		make_rule(&rules[i]);
	CHECK(lang_program_seal(program, NULL) == 0);
	s = lang_scratch_new(program);
	world_init(&w);
	w.box_known = true;
	w.box.rootfs = PICK(rootfs);
	CHECK(sensor_state_adopt(w.state, CAPTURE_FACTS, mounts, sizeof(mounts) - 1, NULL) == 0);
	for (size_t i = 0; i < RULES; i++)
		sensor_mounts_fill(sensor_state_mounts(w.state), rules[i].build);
	do_mkdir_cgroup(&w, BOX_CGROUP, "/docker/5be1f2a4c6d8");
	make_people();
	for (unsigned i = 0; i < EVENTS; i++)
		do_event(s);
	world_done(&w);
	lang_scratch_free(s);
	for (size_t i = 0; i < RULES; i++) {
		sensor_filter_build_free(rules[i].build);
		detect_demand_free(rules[i].demand);
	}
	lang_program_free(program);
	arena_done(&trees);
}

TEST(no_event_that_a_condition_is_true_of_is_dropped)
{
	const char *more = getenv("DEMAND_ROUNDS");
	long rounds = more ? strtol(more, NULL, 10) : ROUNDS;

	arena_init(&scratch, 0);
	for (long i = 0; i < rounds; i++)
		do_round();
	arena_done(&scratch);
	printf("# %llu pairs, %llu matched, %llu dropped\n", (unsigned long long)sums.pairs, (unsigned long long)sums.matched,
	       (unsigned long long)sums.dropped);
	CHECK(sums.pairs >= 1000000);
	CHECK(sums.failures == 0);
	/* A filter that drops nothing, or rules that never match, would prove nothing. */
	CHECK(sums.dropped * 100 >= sums.pairs * 25);
	CHECK(sums.matched * 100 >= sums.pairs * 5);
}

TAP_MAIN()
