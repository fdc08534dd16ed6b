/* SPDX-License-Identifier: Apache-2.0 */
/* The filter's tables: what satisfies a term passes, what satisfies none does not, whatever had to be given up. */
#include "sensor_help.h"
#include "sensor/filter.h"
#include "sensor/path.h"

#include <fcntl.h>

#define LIST(...) ((const char *const[]){ __VA_ARGS__ })
#define LEN(...) ARRAY_LEN(((const char *const[]){ __VA_ARGS__ }))
/* SET(term.paths, exact, "/a", "/b") */
#define SET(demands, list, ...) ((demands).list = LIST(__VA_ARGS__), (demands).n_##list = LEN(__VA_ARGS__))

static struct model_event_set one_type(enum model_event_type type)
{
	struct model_event_set s = { { 0 } };

	model_event_set_add(&s, type);
	return s;
}

static struct sensor_filter_term open_term(void)
{
	return (struct sensor_filter_term){ .types = one_type(MODEL_EVT_OPENAT) };
}

struct opened {
	const char *path, *raw, *comm;
	uint64_t flags;
	int64_t ret;
	uint32_t mode, nlink, euid;
	unsigned path_flags;
	const char *bind_root;           /* of a file that is seen through a mount */
	unsigned n_first;
	uint32_t dev;
};

static void build_open(struct sensor_wire_builder *b, const struct opened *o)
{
	struct sensor_wire_file file = { .ino = 7, .mode = o->mode ? o->mode : S_IFREG | 0644, .nlink = o->nlink ? o->nlink : 1, .dev = o->dev };

	sensor_wire_builder_reset(b, MODEL_EVT_OPENAT);
	b->event->ret = o->ret;
	b->event->euid = o->euid;
	snprintf(b->event->comm, sizeof(b->event->comm), "%s", o->comm ? o->comm : "cat");
	if (o->ret >= 0) {
		sensor_wire_put_path(b, SENSOR_P_PATH, o->path, o->path_flags, o->bind_root, o->n_first);
		sensor_wire_put(b, SENSOR_P_FILE, &file, sizeof(file));
	}
	sensor_wire_put_u64(b, SENSOR_P_FLAGS, o->flags);
	sensor_wire_put_text(b, SENSOR_P_RAW, o->raw ? o->raw : o->path);
}

static bool passes_in(const struct sensor_filter_term *terms, size_t n, struct opened o, enum filter_where where)
{
	struct sensor_filter_build *build = sensor_filter_build(terms, n, NULL);
	struct sensor_filter_context context = { .where = where };
	struct sensor_wire_builder b;
	struct sensor_wire_view view;
	bool passes;

	sensor_wire_builder_init(&b, MODEL_EVT_OPENAT);
	build_open(&b, &o);
	CHECK(sensor_wire_decode(b.event, b.event->len, &view));
	passes = sensor_filter_ask(sensor_filter_tables(build), &view, &context) != 0;
	sensor_wire_builder_done(&b);
	sensor_filter_build_free(build);
	return passes;
}

static bool passes(const struct sensor_filter_term *term, struct opened o)
{
	return passes_in(term, 1, o, FILTER_WHERE_UNKNOWN);
}

static bool passes_at(const struct sensor_filter_term *term, const struct sensor_filter_place *places, size_t n, struct opened o)
{
	struct sensor_filter_build *build = sensor_filter_build(term, 1, NULL);
	struct sensor_filter_context context = { .where = FILTER_WHERE_UNKNOWN };
	struct sensor_wire_builder b;
	struct sensor_wire_view view;
	bool passes;

	sensor_filter_places(build, places, n);
	sensor_wire_builder_init(&b, MODEL_EVT_OPENAT);
	build_open(&b, &o);
	CHECK(sensor_wire_decode(b.event, b.event->len, &view));
	passes = sensor_filter_ask(sensor_filter_tables(build), &view, &context) != 0;
	sensor_wire_builder_done(&b);
	sensor_filter_build_free(build);
	return passes;
}

TEST(a_file_is_asked_by_its_place_on_the_host_too)
{
	static const struct sensor_filter_place places[] = { { 1, "/", "/" }, { 2, "/", "/data" }, { 3, "/@", "/" }, { 3, "/@home", "/home" },
							     { 4, "/a/b/c/d/e/f/g/h/i", "/deep" } };
	static const struct { const char *path, *bind_root; unsigned n_first; uint32_t dev; const char *place, *not_place; } cases[] = {
		{ "/mnt/etc/shadow", "/", 2, 1, "/etc/shadow", "/mnt/shadow" }, { "/mnt/shadow", "/etc", 1, 1, "/etc/shadow", "/shadow" },
		{ "/mnt/x", "/", 1, 2, "/data/x", "/x" }, { "/data/x", "/", 1, 2, "/data/x", "/x" },
		{ "/one", "/sub/x", 0, 2, "/data/sub/x", "/data/one" }, { "/mnt/x", "/@/etc", 1, 3, "/etc/x", "/@/etc/x" },
		{ "/mnt/x", "/@home/u", 1, 3, "/home/u/x", "/@home/u/x" },
	};
	size_t known = ARRAY_LEN(places) - 1;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct opened o = { .path = cases[i].path, .bind_root = cases[i].bind_root, .n_first = cases[i].n_first, .dev = cases[i].dev };
		struct sensor_filter_term term = open_term();

		SET(term.paths, exact, cases[i].place);
		CHECK_MSG(passes_at(&term, places, known, o), "%s is not told", cases[i].place);
		SET(term.paths, exact, cases[i].path);
		CHECK_MSG(passes_at(&term, places, known, o), "%s is not told", cases[i].path);
		SET(term.paths, exact, cases[i].not_place);
		CHECK_MSG(!passes_at(&term, places, known, o), "%s is told", cases[i].not_place);
		/* When places are not known, or one was deeper than is looked at, it may be anything that is not in the table. */
		CHECK(passes_at(&term, NULL, 0, o));
		CHECK(!passes_at(&term, places, ARRAY_LEN(places), o));
		o.dev = 5;
		CHECK(!passes_at(&term, places, known, o));
		CHECK(passes_at(&term, places, ARRAY_LEN(places), o));
	}
}

TEST(more_mounts_than_there_is_room_for_let_more_pass_and_no_less)
{
	enum { N = 3 * FILTER_MOUNTS };
	struct sensor_filter_place *places = mem_array(N, sizeof(*places));
	struct sensor_filter_term term = open_term();

	SET(term.paths, exact, "/data/x");
	for (unsigned i = 0; i < N; i++)
		places[i] = (struct sensor_filter_place){ i + 1, "/", "/data" };
	for (unsigned i = 0; i < N; i += 7)
		CHECK(passes_at(&term, places, N, (struct opened){ .path = "/mnt/x", .bind_root = "/", .n_first = 1, .dev = i + 1 }));
	free(places);
}

TEST(a_type_without_term_is_dropped_and_one_the_state_needs_never_is)
{
	struct sensor_filter_term term = { .types = one_type(MODEL_EVT_OPEN) };
	struct sensor_filter_build *build = sensor_filter_build(&term, 1, NULL);
	const struct filter_tables *t = sensor_filter_tables(build);

	CHECK_INT(t->types[MODEL_EVT_OPENAT], 0);
	CHECK_INT(t->types[MODEL_EVT_OPEN], 1);
	CHECK_INT(t->class_of[MODEL_EVT_OPENAT], FILTER_OPEN);
	CHECK_INT(t->class_of[MODEL_EVT_CONNECT], FILTER_NET);
	CHECK_INT(t->class_of[MODEL_EVT_CHMOD], FILTER_CALL);
	CHECK_INT(t->class_of[MODEL_EVT_EXECVE], FILTER_ALWAYS);
	CHECK_INT(t->class_of[MODEL_EVT_SETUID], FILTER_ALWAYS);
	CHECK_INT(t->class_of[MODEL_EVT_LINKAT], FILTER_ALWAYS);
	CHECK_INT(t->class_of[MODEL_EVT_SCHED_FORK], FILTER_ALWAYS);
	CHECK_INT(sensor_filter_class_of(MODEL_EVT_OPENAT2), FILTER_OPEN);
	CHECK_INT(sensor_filter_class_of(MODEL_EVT_PROCEXIT), FILTER_ALWAYS);
	sensor_filter_build_free(build);
}

TEST(a_path_satisfies_what_it_is_in_below_starts_with_or_is)
{
	static const struct { const char *path; bool exact, in, below, prefix; } cases[] = {
		{ "/etc/shadow", true, true, true, true }, { "/etc/shadow-", false, true, true, true },
		{ "/etc/sub/shadow", false, false, true, false }, { "/etc", false, false, false, false },
		{ "/etcx/shadow", false, false, false, false }, { "/shadow", false, false, false, false },
		{ "/x/etc/shadow", false, false, false, false }, { "/etc/sh", false, true, true, true },
		{ "/etc/s", false, true, true, false }, { "/etc/shells/a/b", false, false, true, true },
		{ "/", false, false, false, false },
	};
	struct sensor_filter_term exact = open_term(), in = open_term(), below = open_term(), prefix = open_term();

	SET(exact.paths, exact, "/etc/shadow", "/etc/other");
	SET(in.paths, in, "/etc");
	SET(below.paths, below, "/etc");
	SET(prefix.paths, prefixes, "/etc/sh");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct opened o = { .path = cases[i].path, .ret = 3 };
		CHECK_MSG(passes(&exact, o) == cases[i].exact, "exact %s", o.path);
		CHECK_MSG(passes(&in, o) == cases[i].in, "in %s", o.path);
		CHECK_MSG(passes(&below, o) == cases[i].below, "below %s", o.path);
		CHECK_MSG(passes(&prefix, o) == cases[i].prefix, "prefix %s", o.path);
	}
}

TEST(the_root_is_a_directory_like_others)
{
	struct sensor_filter_term in = open_term(), exact = open_term(), prefix = open_term();

	SET(in.paths, in, "/");
	SET(exact.paths, exact, "/");
	SET(prefix.paths, prefixes, "/");
	CHECK(passes(&in, (struct opened){ .path = "/x" }));
	CHECK(!passes(&in, (struct opened){ .path = "/x/y" }));
	CHECK(passes(&exact, (struct opened){ .path = "/" }));
	CHECK(!passes(&exact, (struct opened){ .path = "/x" }));
	CHECK(passes(&prefix, (struct opened){ .path = "/x/y" }));
}

TEST(names_their_ends_and_components_before_them_are_demands_of_their_own)
{
	struct sensor_filter_term name = open_term(), suffix = open_term(), part = open_term(), both = open_term();

	SET(name, names, "authorized_keys", ".bashrc");
	SET(suffix, suffixes, "_history", "release_agent_and_more");
	SET(part, parts, ".ssh");
	both = part;
	both.names = name.names, both.n_names = 2;
	CHECK(passes(&name, (struct opened){ .path = "/home/a/.bashrc" }));
	CHECK(!passes(&name, (struct opened){ .path = "/home/a/.bashrc2" }));
	CHECK(!passes(&name, (struct opened){ .path = "/home/.bashrc/a" }));
	CHECK(passes(&suffix, (struct opened){ .path = "/root/.bash_history" }));
	CHECK(passes(&suffix, (struct opened){ .path = "/root/_history" }));
	CHECK(!passes(&suffix, (struct opened){ .path = "/root/history" }));
	CHECK(passes(&suffix, (struct opened){ .path = "/x/release_agent_and_more" }));
	CHECK(passes(&part, (struct opened){ .path = "/home/a/.ssh/id" }));
	CHECK(!passes(&part, (struct opened){ .path = "/home/a/.ssh" }));
	CHECK(passes(&both, (struct opened){ .path = "/home/a/.ssh/authorized_keys" }));
	CHECK(!passes(&both, (struct opened){ .path = "/home/a/.ssh/id" }));
	CHECK(!passes(&both, (struct opened){ .path = "/home/a/authorized_keys" }));
}

TEST(a_text_within_any_component_is_found)
{
	struct sensor_filter_term term = open_term();

	SET(term, needles, "_history", "x", "d/e");
	term.n_needles = 2;
	CHECK(passes(&term, (struct opened){ .path = "/root/.bash_history" }));
	CHECK(passes(&term, (struct opened){ .path = "/root/_history/a" }));
	CHECK(passes(&term, (struct opened){ .path = "/root/prefix/a" }));
	CHECK(!passes(&term, (struct opened){ .path = "/root/.bash_/history" }));
	CHECK(!passes(&term, (struct opened){ .path = "/" }));
	term.n_needles = 3;                      /* with a slash it is none: the demand is given up */
	CHECK(passes(&term, (struct opened){ .path = "/root/harmless" }));
}

TEST(more_texts_than_the_table_holds_let_more_pass)
{
	static char texts[FILTER_NEEDLES + 1][8];
	static const char *list[FILTER_NEEDLES + 1];
	struct sensor_filter_term term = open_term();

	for (unsigned i = 0; i <= FILTER_NEEDLES; i++) {
		snprintf(texts[i], sizeof(texts[i]), "t%02u", i);
		list[i] = texts[i];
	}
	term.needles = list;
	term.n_needles = FILTER_NEEDLES;
	CHECK(passes(&term, (struct opened){ .path = "/a/xt15x" }));
	CHECK(!passes(&term, (struct opened){ .path = "/a/xt16x" }));
	term.n_needles++;
	CHECK(passes(&term, (struct opened){ .path = "/a/harmless" }));
}

TEST(flags_results_and_types_of_files_are_asked)
{
	struct sensor_filter_term write = open_term(), failed = open_term(), directory = open_term();

	for (unsigned k = 0; k < FILTER_KINDS; k++)
		if (k & 3)
			write.kinds[k / 64] |= UINT64_C(1) << k % 64;
	failed.results[0] = UINT64_C(1) << 13;   /* EACCES */
	directory.fd_types = 1 << FILTER_FD_DIRECTORY;
	CHECK(passes(&write, (struct opened){ .path = "/x", .flags = O_WRONLY | O_TRUNC }));
	CHECK(!passes(&write, (struct opened){ .path = "/x", .flags = O_CREAT }));
	CHECK(passes(&failed, (struct opened){ .path = "/x", .ret = -13 }));
	CHECK(!passes(&failed, (struct opened){ .path = "/x", .ret = -2 }));
	CHECK(!passes(&failed, (struct opened){ .path = "/x", .ret = 3 }));
	CHECK(passes(&directory, (struct opened){ .path = "/x", .mode = S_IFDIR | 0755 }));
	CHECK(!passes(&directory, (struct opened){ .path = "/x" }));
	CHECK(passes(&directory, (struct opened){ .path = "/x", .ret = -2, .flags = O_DIRECTORY }));
}

TEST(a_path_that_the_kernel_cannot_be_sure_of_passes)
{
	static const unsigned unsure[] = { SENSOR_PATH_CUT, SENSOR_PATH_DETACHED, SENSOR_PATH_DELETED, SENSOR_PATH_OUTSIDE_ROOT, SENSOR_PATH_ANON };
	struct sensor_filter_term term = open_term();

	SET(term.paths, exact, "/etc/shadow");
	CHECK(!passes(&term, (struct opened){ .path = "/x" }));
	for (size_t i = 0; i < ARRAY_LEN(unsure); i++)
		CHECK(passes(&term, (struct opened){ .path = "/x", .path_flags = unsure[i] }));
	CHECK(passes(&term, (struct opened){ .path = "/x", .nlink = 2 }));
	CHECK(!passes(&term, (struct opened){ .path = "/x", .nlink = 2, .mode = S_IFDIR | 0755 }));
	CHECK(passes(&term, (struct opened){ .path = "/x", .ret = -2 }));
}

TEST(two_dots_are_looked_for_in_the_text_given)
{
	struct sensor_filter_term term = open_term();

	term.texts = FILTER_TEXT_DOTS;
	CHECK(passes(&term, (struct opened){ .path = "/etc/x", .raw = "../etc/x", .ret = -2 }));
	CHECK(!passes(&term, (struct opened){ .path = "/etc/x", .raw = "/etc/x.y.z", .ret = -2 }));
	CHECK(passes(&term, (struct opened){ .path = "/etc/x", .raw = "/long/enough/for/words/../x" }));
}

TEST(what_the_path_as_given_begins_with_is_asked)
{
	struct sensor_filter_term term = open_term();

	term.texts = FILTER_TEXT_PROC;
	CHECK(passes(&term, (struct opened){ .path = "/etc/x", .raw = "/proc/1/root/etc/x" }));
	CHECK(!passes(&term, (struct opened){ .path = "/proc/1/environ", .raw = "environ" }));
	CHECK(!passes(&term, (struct opened){ .path = "/etc/x", .raw = "/process/x" }));
	term.texts |= FILTER_TEXT_DOTS;
	CHECK(!passes(&term, (struct opened){ .path = "/etc/x", .raw = "/proc/1/root/etc/x" }));
	CHECK(passes(&term, (struct opened){ .path = "/etc/x", .raw = "/proc/1/root/../x" }));
}

TEST(who_acts_is_asked_by_comm_uid_and_place)
{
	struct sensor_filter_term in = open_term(), out = open_term(), uid = open_term(), box = open_term();
	uint32_t root = 0;

	in.comms = (struct sensor_filter_texts){ LIST("tar", "a_name_that_is_too_long"), 2, false };
	out.comms = (struct sensor_filter_texts){ LIST("dpkg", "apt"), 2, true };
	uid.euids = (struct sensor_filter_numbers){ &root, 1, false };
	box.wheres = 1 << FILTER_WHERE_CONTAINER;
	CHECK(passes(&in, (struct opened){ .path = "/x", .comm = "tar" }));
	CHECK(!passes(&in, (struct opened){ .path = "/x", .comm = "cat" }));
	CHECK(!passes(&in, (struct opened){ .path = "/x", .comm = "a_name_that_is_" }));
	CHECK(!passes(&out, (struct opened){ .path = "/x", .comm = "apt" }));
	CHECK(passes(&out, (struct opened){ .path = "/x", .comm = "tar" }));
	CHECK(passes(&uid, (struct opened){ .path = "/x" }));
	CHECK(!passes(&uid, (struct opened){ .path = "/x", .euid = 33 }));
	CHECK(passes_in(&box, 1, (struct opened){ .path = "/x" }, FILTER_WHERE_CONTAINER));
	CHECK(passes_in(&box, 1, (struct opened){ .path = "/x" }, FILTER_WHERE_UNKNOWN));
	CHECK(!passes_in(&box, 1, (struct opened){ .path = "/x" }, FILTER_WHERE_HOST));
}

TEST(an_executable_is_known_exactly_or_by_its_directory)
{
	struct sensor_filter_term terms[3] = { open_term(), open_term(), open_term() };
	struct sensor_filter_build *build;
	uint64_t exe[FILTER_CLASSES];

	SET(terms[0].exe, exact, "/bin/sh", "/usr/bin/sh");
	SET(terms[1].exe, below, "/tmp");
	build = sensor_filter_build(terms, 3, NULL);
	sensor_filter_exe(sensor_filter_tables(build), "/usr/bin/sh", exe);
	CHECK_INT(exe[FILTER_OPEN], sensor_filter_bit(build, 0) | sensor_filter_bit(build, 2));
	sensor_filter_exe(sensor_filter_tables(build), "/tmp/a/b", exe);
	CHECK_INT(exe[FILTER_OPEN], sensor_filter_bit(build, 1) | sensor_filter_bit(build, 2));
	sensor_filter_exe(sensor_filter_tables(build), "/usr/bin/cat", exe);
	CHECK_INT(exe[FILTER_OPEN], sensor_filter_bit(build, 2));
	sensor_filter_exe(sensor_filter_tables(build), NULL, exe);
	CHECK(exe[FILTER_OPEN] == UINT64_MAX);
	sensor_filter_build_free(build);
}

/* ---- sockets ---- */

static bool connect_passes(const struct sensor_filter_term *term, const char *remote, uint16_t port, unsigned protocol)
{
	struct sensor_filter_build *build = sensor_filter_build(term, 1, NULL);
	struct sensor_filter_context context = { .where = FILTER_WHERE_HOST };
	bool six = remote && strchr(remote, ':');
	struct sensor_wire_socket socket = { .family = six ? AF_INET6 : AF_INET, .type = protocol == IPPROTO_TCP ? SOCK_STREAM : SOCK_DGRAM,
					     .protocol = (uint16_t)protocol };
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	struct sensor_wire_builder b;
	struct sensor_wire_view view;
	bool r;

	sensor_wire_builder_init(&b, MODEL_EVT_CONNECT);
	sensor_wire_put(&b, SENSOR_P_SOCKET, &socket, sizeof(socket));
	if (remote)
		CHECK_INT(inet_pton(six ? AF_INET6 : AF_INET, remote, six ? (void *)&in6.sin6_addr : &in.sin_addr), 1);
	if (remote && six)
		sensor_wire_put(&b, SENSOR_P_SOCKADDR_REMOTE, &in6, sizeof(in6));
	else if (remote)
		sensor_wire_put(&b, SENSOR_P_SOCKADDR_REMOTE, &in, sizeof(in));
	CHECK(sensor_wire_decode(b.event, b.event->len, &view));
	r = sensor_filter_ask(sensor_filter_tables(build), &view, &context) != 0;
	sensor_wire_builder_done(&b);
	sensor_filter_build_free(build);
	return r;
}

TEST(ports_and_networks_of_an_end_are_asked)
{
	static const struct sensor_filter_net loopback = { 4, 8, { 127 } }, all6 = { 6, 0, { 0 } }, ten = { 4, 8, { 10 } };
	struct sensor_filter_term port = { .types = one_type(MODEL_EVT_CONNECT) }, out = port, in = port, six = port;
	uint32_t ports[] = { 2379, 2380 };

	port.ports[FILTER_REMOTE] = (struct sensor_filter_numbers){ ports, 2, false };
	out.nets[FILTER_REMOTE] = (struct sensor_filter_nets){ (struct sensor_filter_net[]){ loopback, ten }, 2, true, false };
	in.nets[FILTER_REMOTE] = (struct sensor_filter_nets){ &ten, 1, false, true };
	six.nets[FILTER_REMOTE] = (struct sensor_filter_nets){ &all6, 1, true, false };
	CHECK(connect_passes(&port, "10.0.0.1", 2379, IPPROTO_TCP));
	CHECK(!connect_passes(&port, "10.0.0.1", 80, IPPROTO_TCP));
	CHECK(!connect_passes(&port, NULL, 0, IPPROTO_TCP));
	CHECK(!connect_passes(&out, "127.0.0.53", 80, IPPROTO_TCP));
	CHECK(!connect_passes(&out, "10.9.8.7", 80, IPPROTO_TCP));
	CHECK(!connect_passes(&out, "::ffff:10.9.8.7", 80, IPPROTO_TCP));
	CHECK(connect_passes(&out, "192.0.2.1", 80, IPPROTO_TCP));
	CHECK(connect_passes(&out, "::1", 80, IPPROTO_TCP));
	CHECK(!connect_passes(&out, NULL, 0, IPPROTO_TCP));
	CHECK(connect_passes(&in, "10.1.1.1", 80, IPPROTO_UDP));
	CHECK(!connect_passes(&in, "11.1.1.1", 80, IPPROTO_UDP));
	CHECK(connect_passes(&in, NULL, 0, IPPROTO_UDP));
	CHECK(connect_passes(&six, "192.0.2.1", 80, IPPROTO_TCP));
	CHECK(!connect_passes(&six, "2001:db8::1", 80, IPPROTO_TCP));
}

/* ---- many terms: what each demands, asked one by one, must not be lost in the tables ---- */

static uint64_t random_state = 88172645463325252u;
static unsigned dice(unsigned sides)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (unsigned)(random_state >> 33) % sides;
}

static const char *const dirs[] = { "/etc", "/usr/bin", "/root/.ssh", "/var/log", "/dev", "/", "/home/a/.ssh", "/proc/1" };
static const char *const leaves[] = { "shadow", "x", "authorized_keys", "sda", "sdb1", ".bashrc", ".bash_history", "environ" };
static const char *const commands[] = { "cat", "tar", "dpkg", "sh", "vi" };

struct random_term {
	struct sensor_filter_term term;
	char text[4][64];
	const char *list[4];
	const char *comm;
};

static void random_path(char *out, size_t size)
{
	const char *dir = dirs[dice(ARRAY_LEN(dirs))];

	snprintf(out, size, "%s/%s", dir[1] ? dir : "", leaves[dice(ARRAY_LEN(leaves))]);
}

static void make_random_term(struct random_term *r)
{
	struct sensor_filter_term *t = &r->term;

	*t = open_term();
	random_path(r->text[0], sizeof(r->text[0]));
	r->list[0] = r->text[0];
	r->list[1] = dirs[dice(ARRAY_LEN(dirs))];
	r->list[2] = leaves[dice(ARRAY_LEN(leaves))];
	r->comm = commands[dice(ARRAY_LEN(commands))];
	switch (dice(6)) {
	case 0: t->paths.exact = &r->list[0], t->paths.n_exact = 1; break;
	case 1: t->paths.in = &r->list[1], t->paths.n_in = 1; break;
	case 2: t->paths.below = &r->list[1], t->paths.n_below = 1; break;
	case 3: t->paths.prefixes = &r->list[0], t->paths.n_prefixes = 1; break;
	default: break;
	}
	if (!dice(4))
		t->names = &r->list[2], t->n_names = 1;
	if (!dice(4))
		t->comms = (struct sensor_filter_texts){ &r->comm, 1, dice(2) };
	if (!dice(4))
		t->wheres = 1u << (1 + dice(2));
	if (!dice(3))
		t->kinds[0] = UINT64_C(1) << dice(4) | UINT64_C(1) << dice(4), t->kinds[1] = 0;
	if (!dice(4))
		t->texts = FILTER_TEXT_DOTS;
}

/* The slow way: each demand of one term, straight from its words. */
static bool satisfies(const struct sensor_filter_term *t, const struct opened *o, enum filter_where where)
{
	const char *slash = strrchr(o->path, '/');
	size_t dir_len = slash == o->path ? 1 : (size_t)(slash - o->path);
	const struct sensor_filter_paths *p = &t->paths;

	if (t->kinds[0] && !(t->kinds[0] >> (o->flags & 3) & 1))
		return false;
	if (t->comms.n && (strcmp(t->comms.texts[0], o->comm) == 0) == t->comms.none_of)
		return false;
	if (t->wheres && !(t->wheres >> where & 1))
		return false;
	if (t->texts & FILTER_TEXT_DOTS && !strstr(o->raw, ".."))
		return false;
	if (t->n_names && strcmp(t->names[0], slash + 1) != 0)
		return false;
	if (p->n_exact && strcmp(p->exact[0], o->path) != 0)
		return false;
	if (p->n_in && (strlen(p->in[0]) != dir_len || strncmp(p->in[0], o->path, dir_len) != 0))
		return false;
	if (p->n_below && strcmp(p->below[0], "/") != 0 &&
	    (strncmp(p->below[0], o->path, strlen(p->below[0])) != 0 || o->path[strlen(p->below[0])] != '/'))
		return false;
	return !p->n_prefixes || strncmp(p->prefixes[0], o->path, strlen(p->prefixes[0])) == 0;
}

/* Returns how many of the events were dropped. */
static unsigned ask_random_events(const struct sensor_filter_build *build, const struct random_term *terms, size_t n, unsigned n_events)
{
	struct sensor_wire_builder b;
	unsigned dropped = 0;

	sensor_wire_builder_init(&b, MODEL_EVT_OPENAT);
	for (unsigned e = 0; e < n_events; e++) {
		char path[64];
		struct opened o = { .path = path, .raw = dice(2) ? "../x" : "/x", .comm = commands[dice(ARRAY_LEN(commands))], .flags = dice(3) };
		struct sensor_filter_context context = { .where = FILTER_WHERE_HOST + dice(2) };
		struct sensor_wire_view view;
		uint64_t mask;

		random_path(path, sizeof(path));
		build_open(&b, &o);
		CHECK(sensor_wire_decode(b.event, b.event->len, &view));
		mask = sensor_filter_ask(sensor_filter_tables(build), &view, &context);
		dropped += !mask;
		for (size_t i = 0; i < n; i++)
			CHECK_MSG(!satisfies(&terms[i].term, &o, context.where) || mask & sensor_filter_bit(build, i), "%s by %s satisfies term %zu and is not told", o.path, o.comm, i);
	}
	sensor_wire_builder_done(&b);
	return dropped;
}

TEST(no_number_of_terms_makes_the_filter_drop_what_one_of_them_wants)
{
	static const size_t sizes[] = { 1, 3, 10, 60, 200, 600 };
	unsigned dropped_by_few = 0, dropped_by_many = 0;

	for (unsigned round = 0; round < 30; round++) {
		size_t n = sizes[round % ARRAY_LEN(sizes)];
		struct random_term *terms = mem_array(n, sizeof(*terms));
		struct sensor_filter_term *list = mem_array(n, sizeof(*list));
		struct sensor_filter_build *build;

		for (size_t i = 0; i < n; i++) {
			make_random_term(&terms[i]);
			list[i] = terms[i].term;
		}
		build = sensor_filter_build(list, n, NULL);
		*(n <= 3 ? &dropped_by_few : &dropped_by_many) += ask_random_events(build, terms, n, 500);
		sensor_filter_build_free(build);
		free(list);
		free(terms);
	}
	CHECK_MSG(dropped_by_few > 1000, "only %u of 5000 dropped", dropped_by_few);
}

TEST(a_full_table_gives_demands_up_and_never_events)
{
	enum { N = 3000 };
	static char texts[N][32];
	static const char *list[N];
	struct sensor_filter_term terms[2] = { open_term(), open_term() };
	struct sensor_filter_build *build;
	struct sensor_filter_stats stats;

	for (unsigned i = 0; i < N; i++) {
		snprintf(texts[i], sizeof(texts[i]), "name%u", i);
		list[i] = texts[i];
	}
	terms[0].names = list, terms[0].n_names = N;
	SET(terms[1], names, "other");
	build = sensor_filter_build(terms, 2, NULL);
	sensor_filter_stats(build, &stats);
	CHECK(stats.n_given_up >= 1);
	sensor_filter_build_free(build);
	CHECK(passes_in(terms, 2, (struct opened){ .path = "/x/name2999" }, FILTER_WHERE_HOST));
	CHECK(passes_in(terms, 2, (struct opened){ .path = "/x/other" }, FILTER_WHERE_HOST));
}

TEST(a_demand_that_no_table_can_hold_is_given_up_alone)
{
	struct sensor_filter_term terms[2] = { open_term(), open_term() };

	SET(terms[0].paths, exact, "relative");
	SET(terms[0], names, "wanted");
	SET(terms[1].paths, exact, "/etc/shadow");
	CHECK(passes_in(terms, 2, (struct opened){ .path = "/x/wanted" }, FILTER_WHERE_HOST));
	CHECK(!passes_in(terms, 2, (struct opened){ .path = "/x/y" }, FILTER_WHERE_HOST));
}

TAP_MAIN()
