/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The filter in the kernel, on this kernel: real acts under real tables. What is reported is what sensor_filter_ask() says of
 * the same act's event; where the kernel cannot know, it is reported.
 */
#include "../tap.h"
#include "live.h"

#include "sensor/filter.h"
#include "sensor/mounts.h"
#include "sensor/path.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define NEED_SENSOR() do { const char *why_ = live_unavailable(); if (why_) SKIP(why_); } while (0)
#define LIST(...) ((const char *const[]){ __VA_ARGS__ })
#define LEN(...) (sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))
#define SET(demands, list, ...) ((demands).list = LIST(__VA_ARGS__), (demands).n_##list = LEN(__VA_ARGS__))

static char dir[64] = "/tmp/parka-filter-XXXXXX";
static const char *in_dir(const char *name)
{
	static char paths[16][400];
	static int next, made;

	if (!made++ && (!mkdtemp(dir) || chmod(dir, 0755) < 0))
		abort();
	next = (next + 1) % 16;
	snprintf(paths[next], sizeof(paths[next]), "%s/%s", dir, name);
	return paths[next];
}

static const char *new_file(const char *name)
{
	const char *path = in_dir(name);
	int fd = open(path, O_WRONLY | O_CREAT, 0644);

	if (fd < 0)
		abort();
	close(fd);
	return path;
}

static struct sensor_filter_term term_of(enum model_event_type type)
{
	struct sensor_filter_term term = { .owner = 0 };

	model_event_set_add(&term.types, type);
	return term;
}

static struct sensor_filter_term open_term(void) { return term_of(MODEL_EVT_OPENAT); }

/* With the mounts of this machine. */
static struct sensor_filter_build *build_of(const struct sensor_filter_term *terms, size_t n)
{
	struct sensor_filter_build *build = sensor_filter_build(terms, n, NULL);
	struct sensor_mounts *mounts = sensor_mounts_of_host();

	sensor_mounts_fill(mounts, build);
	sensor_mounts_free(mounts);
	return build;
}

static void set_terms(const struct sensor_filter_term *terms, size_t n)
{
	struct sensor_filter_build *build = build_of(terms, n);
	struct err err = { 0 };

	CHECK_MSG(sensor_set_filter(live_sensor(), sensor_filter_tables(build), &err) == 0, "%s", err.text);
	sensor_filter_build_free(build);
}

/* ---- an act under a filter ---- */

struct act {
	const char *path;        /* what is opened */
	int flags;
	int (*before)(const struct act *act);   /* in the child */
	const char *text;        /* for it */
	uint32_t number;
	struct sockaddr_storage to;   /* or what is connected to */
	int socket_type;
};

static int do_act(void *data)
{
	const struct act *a = data;
	int fd;

	if (a->before && a->before(a) != 0)
		return 99;
	if (a->path) {
		fd = open(a->path, a->flags, 0600);
	} else {
		fd = socket(a->to.ss_family, a->socket_type, 0);
		if (fd >= 0 && connect(fd, (const struct sockaddr *)&a->to, a->to.ss_family == AF_UNIX ? sizeof(struct sockaddr_un) :
				       a->to.ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6)) < 0)
			return errno;
	}
	return fd < 0 ? errno : 0;
}

static const struct sensor_wire *event_of(const struct live_events *e, const struct act *a)
{
	return a->path ? live_find(e, MODEL_EVT_OPENAT, SENSOR_P_RAW, a->path) : live_nth(e, MODEL_EVT_CONNECT, 0);
}

static bool is_reported(const struct act *a)
{
	struct live_events e = live_run(do_act, (void *)(uintptr_t)a);
	bool found = event_of(&e, a) != NULL;

	CHECK_MSG(WIFEXITED(e.status) && WEXITSTATUS(e.status) != 99, "the act could not be prepared");
	live_free(&e);
	return found;
}

/* What user space says of the event that the act makes when nothing is filtered. */
static bool asked(const struct sensor_filter_term *terms, size_t n, const struct act *a)
{
	struct sensor_filter_build *build = build_of(terms, n);
	struct sensor_filter_context context = { .where = FILTER_WHERE_UNKNOWN };
	struct sensor_wire_view view;
	const struct sensor_wire *w;
	struct live_events e;
	bool passes = false;

	sensor_set_filter(live_sensor(), NULL, NULL);
	e = live_run(do_act, (void *)(uintptr_t)a);
	w = event_of(&e, a);
	if (CHECK_MSG(w && sensor_wire_decode(w, w->len, &view), "without a filter the act is not reported"))
		passes = sensor_filter_ask(sensor_filter_tables(build), &view, &context) != 0;
	live_free(&e);
	sensor_filter_build_free(build);
	return passes;
}

/* The act is reported exactly when `expected`, and user space agrees. */
static void check_line(int line, const struct sensor_filter_term *term, const struct act *a, bool expected)
{
	bool reported;

	set_terms(term, 1);
	reported = is_reported(a);
	CHECK_MSG(reported == expected, "line %d: %s is %sreported", line, a->path ? a->path : "connect", reported ? "" : "not ");
	CHECK_MSG(asked(term, 1, a) == expected, "line %d: user space says otherwise", line);
}
#define CHECK_ACT(term, expected, ...) check_line(__LINE__, &(term), &(struct act){ __VA_ARGS__ }, expected)

/* ---- opens ---- */

TEST(without_a_filter_everything_is_reported)
{
	NEED_SENSOR();
	sensor_set_filter(live_sensor(), NULL, NULL);
	CHECK(is_reported(&(struct act){ .path = new_file("anything") }));
}

TEST(an_exact_path_is_reported_and_no_other)
{
	struct sensor_filter_term term = open_term();
	const char *path = new_file("exact"), *other = new_file("exact2");

	NEED_SENSOR();
	SET(term.paths, exact, path);
	CHECK_ACT(term, true, path);
	CHECK_ACT(term, false, other);
	CHECK_ACT(term, false, "/tmp", .flags = O_DIRECTORY);
	CHECK_ACT(term, false, "/etc/hostname");
}

TEST(directories_prefixes_and_ends_of_names_are_told_apart)
{
	struct sensor_filter_term in = open_term(), below = open_term(), prefix = open_term(), name = open_term(), end = open_term();
	const char *file, *deep;

	NEED_SENSOR();
	CHECK(mkdir(in_dir("d"), 0755) == 0 && mkdir(in_dir("d/e"), 0755) == 0);
	file = new_file("d/secrets.conf");
	deep = new_file("d/e/sec");
	SET(in.paths, in, in_dir("d"));
	CHECK_ACT(in, true, file);
	CHECK_ACT(in, false, deep);
	CHECK_ACT(in, false, in_dir("d"), .flags = O_DIRECTORY);
	SET(below.paths, below, in_dir("d"));
	CHECK_ACT(below, true, file);
	CHECK_ACT(below, true, deep);
	CHECK_ACT(below, false, in_dir("d"), .flags = O_DIRECTORY);
	SET(prefix.paths, prefixes, in_dir("d/secr"));
	CHECK_ACT(prefix, true, file);
	CHECK_ACT(prefix, false, deep);
	SET(name, names, "sec", "other");
	CHECK_ACT(name, true, deep);
	CHECK_ACT(name, false, file);
	SET(end, suffixes, ".conf", "x");
	CHECK_ACT(end, true, file);
	CHECK_ACT(end, false, deep);
	SET(end, suffixes, "longer-than-eight.conf", "/");
	end.n_suffixes = 1;
	CHECK_ACT(end, false, deep);
}

TEST(a_directory_anywhere_on_the_way_is_found)
{
	struct sensor_filter_term part = open_term();
	const char *file;

	NEED_SENSOR();
	CHECK(mkdir(in_dir(".ssh"), 0755) == 0 && mkdir(in_dir(".ssh/x"), 0755) == 0);
	file = new_file(".ssh/x/y");
	SET(part, parts, ".ssh");
	CHECK_ACT(part, true, file);
	CHECK_ACT(part, false, new_file("no-ssh"));
	CHECK_ACT(part, false, in_dir(".ssh"), .flags = O_DIRECTORY);
}

TEST(the_length_of_a_name_does_not_matter)
{
	struct sensor_filter_term term = open_term();
	char name[256] = "";

	NEED_SENSOR();
	for (size_t len = 1; len <= 255; len += len < 18 ? 1 : 79) {
		memset(name, 'n', len);
		name[len] = '\0';
		SET(term.paths, exact, new_file(name));
		CHECK_ACT(term, true, term.paths.exact[0]);
		name[len - 1] = 'm';
		CHECK_ACT(term, false, new_file(name));
	}
}

/* A text at every place of names of many lengths, across the words that the kernel looks at. */
TEST(a_text_within_a_name_is_found_wherever_it_is)
{
	static const size_t lengths[] = { 6, 7, 8, 9, 15, 16, 17, 24, 33, 255 };
	struct sensor_filter_term term = open_term(), one = open_term();
	char name[256];

	NEED_SENSOR();
	SET(term, needles, "id_rsa", "nothing");
	SET(one, needles, "@");
	for (size_t l = 0; l < sizeof(lengths) / sizeof(lengths[0]); l++)
		for (size_t at = 0; at + 6 <= lengths[l]; at += at < 18 ? 1 : 37) {
			memset(name, 'n', lengths[l]);
			name[lengths[l]] = '\0';
			memcpy(name + at, "id_rsa", 6);
			CHECK_ACT(term, true, new_file(name));
			CHECK_ACT(one, false, new_file(name));
			name[at + 3] = '@';
			CHECK_ACT(term, false, new_file(name));
			CHECK_ACT(one, true, new_file(name));
		}
	CHECK(mkdir(in_dir("my-id_rsa-keys"), 0755) == 0);
	CHECK_ACT(term, true, new_file("my-id_rsa-keys/x"));
	CHECK_ACT(term, true, in_dir("my-id_rsa-keys"), .flags = O_DIRECTORY);
	CHECK_ACT(term, false, "/etc/hostname");
}

TEST(flags_and_results_are_judged)
{
	struct sensor_filter_term writing = open_term(), failed = open_term(), created = open_term(), directory = open_term();
	const char *path = new_file("flags");

	NEED_SENSOR();
	for (unsigned kind = 0; kind < FILTER_KINDS; kind++) {
		if ((kind & 3) == O_WRONLY || (kind & 3) == O_RDWR)
			writing.kinds[kind / 64] |= 1ULL << kind % 64;
		if (kind & FILTER_KIND_CREATED)
			created.kinds[kind / 64] |= 1ULL << kind % 64;
	}
	CHECK_ACT(writing, true, path, .flags = O_WRONLY);
	CHECK_ACT(writing, false, path);
	CHECK_ACT(created, false, path, .flags = O_CREAT | O_WRONLY);
	unlink(path);
	set_terms(&created, 1);
	CHECK(is_reported(&(struct act){ .path = path, .flags = O_CREAT | O_WRONLY }));
	failed.results[0] = 1ULL << ENOENT;
	CHECK_ACT(failed, true, "/tmp/parka-is-not-there");
	CHECK_ACT(failed, false, path);
	CHECK_ACT(failed, false, "/etc/hostname/x");
	directory.fd_types = 1 << FILTER_FD_DIRECTORY;
	CHECK_ACT(directory, true, "/etc", .flags = O_DIRECTORY);
	CHECK_ACT(directory, true, "/etc");
	CHECK_ACT(directory, false, path);
}

TEST(devices_and_pipes_are_told_from_files)
{
	struct sensor_filter_term character = open_term(), block = open_term(), pipe = open_term();
	const char *path = new_file("type");

	NEED_SENSOR();
	character.fd_types = 1 << FILTER_FD_CHARACTER;
	block.fd_types = 1 << FILTER_FD_BLOCK;
	pipe.fd_types = 1 << FILTER_FD_PIPE;
	CHECK_ACT(character, true, "/dev/null");
	CHECK_ACT(character, false, path);
	CHECK_ACT(block, false, "/dev/null");
	CHECK_ACT(block, false, path);
	unlink("/tmp/parka-filter-block");
	if (mknod("/tmp/parka-filter-block", S_IFBLK | 0600, makedev(7, 250)) == 0)   /* a loop device: O_PATH opens none */
		CHECK_ACT(block, true, "/tmp/parka-filter-block", .flags = O_PATH);
	unlink("/tmp/parka-filter-block");
	CHECK(mknod("/tmp/parka-filter-pipe", S_IFIFO | 0600, 0) == 0);
	CHECK_ACT(pipe, true, "/tmp/parka-filter-pipe", .flags = O_RDWR);
	CHECK_ACT(character, false, "/tmp/parka-filter-pipe", .flags = O_RDWR);
	unlink("/tmp/parka-filter-pipe");
}

TEST(a_text_that_begins_with_proc_is_told_from_others)
{
	struct sensor_filter_term term = open_term();

	NEED_SENSOR();
	term.texts = FILTER_TEXT_PROC;
	CHECK_ACT(term, true, "/proc/self/root/etc/hostname");
	CHECK_ACT(term, true, "/proc/not-there");
	CHECK_ACT(term, false, "/etc/hostname");
	CHECK_ACT(term, false, "/pro");
	CHECK_ACT(term, false, "x");
}

TEST(two_dots_are_found_in_the_text_as_given)
{
	struct sensor_filter_term term = open_term();
	char path[300];

	NEED_SENSOR();
	term.texts = FILTER_TEXT_DOTS;
	CHECK_ACT(term, true, "/etc/../etc/hostname");
	CHECK_ACT(term, true, "/etc/../not-there");
	CHECK_ACT(term, true, "..");
	CHECK_ACT(term, false, "/etc/hostname");
	CHECK_ACT(term, false, "/etc/./host.name.");
	for (size_t at = 1; at < 20; at++) {      /* wherever it lies in a word */
		memset(path, 'x', sizeof(path));
		memcpy(path, "/", 1);
		memcpy(path + at, "..", 2);
		path[24] = '\0';
		set_terms(&term, 1);
		CHECK_MSG(is_reported(&(struct act){ .path = path }), "%s is not reported", path);
		path[at] = 'x';
		CHECK_MSG(!is_reported(&(struct act){ .path = path }), "%s is reported", path);
	}
	memset(path, 'x', 299);
	path[0] = '/';
	path[299] = '\0';
	set_terms(&term, 1);
	CHECK(is_reported(&(struct act){ .path = path }));   /* longer than what is looked at */
}

static int mount_bind(const struct act *a)
{
	mkdir("/mnt", 0755);                    /* a small guest has none */
	return unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || mount(a->text, "/mnt", NULL, MS_BIND, NULL) < 0;
}

TEST(a_file_with_hard_links_is_reported_whatever_its_path)
{
	struct sensor_filter_term term = open_term();
	const char *first = new_file("first"), *second = in_dir("second");

	NEED_SENSOR();
	SET(term.paths, exact, "/somewhere/else");
	CHECK(link(first, second) == 0);
	CHECK_ACT(term, true, second);
	CHECK(unlink(second) == 0);
	CHECK_ACT(term, false, first);
}

static int change_root(const struct act *a) { return chroot(a->text) < 0 || chdir("/") < 0; }

TEST(a_file_behind_a_mount_is_asked_by_its_place_too)
{
	const struct { const char *what, *path, *place, *text; int (*before)(const struct act *a); } cases[] = {
		{ "a directory", "/mnt/bound", in_dir("bound"), dir, mount_bind },
		{ "all of a file system", "/mnt/etc/hostname", "/etc/hostname", "/", mount_bind },
		{ "all of one that the host has elsewhere", "/mnt/null", "/dev/null", "/dev", mount_bind },
		{ "one whose files are made when they are asked for", "/mnt/1/comm", "/proc/1/comm", "/proc", mount_bind },
		{ "a jail", "/hostname", "/etc/hostname", "/etc", change_root },
	};

	NEED_SENSOR();
	new_file("bound");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct act act = { .path = cases[i].path, .before = cases[i].before, .text = cases[i].text };
		const char *place = cases[i].place, *slash = strrchr(place, '/');
		_cleanup_free_ char *parent = mem_strndup(place, (size_t)(slash - place));
		_cleanup_free_ char *start = mem_strndup(place, (size_t)(slash - place) + 3);
		struct sensor_filter_term term = open_term();

		SET(term.paths, exact, "/somewhere/else");
		check_line(__LINE__, &term, &act, false);
		SET(term.paths, exact, act.path);
		check_line(__LINE__, &term, &act, true);
		SET(term.paths, exact, place);
		check_line(__LINE__, &term, &act, true);
		term = open_term();
		SET(term.paths, in, parent);
		check_line(__LINE__, &term, &act, true);
		term = open_term();
		SET(term.paths, below, parent);
		check_line(__LINE__, &term, &act, true);
		term = open_term();
		SET(term.paths, prefixes, start);
		check_line(__LINE__, &term, &act, true);
		term = open_term();
		SET(term, parts, sensor_path_basename(parent, strlen(parent)));
		check_line(__LINE__, &term, &act, true);
		SET(term, parts, "elsewhere");
		check_line(__LINE__, &term, &act, false);
		SET(term, names, "elsewhere");
		check_line(__LINE__, &term, &act, false);
	}
}

static int mount_tmpfs(const struct act *a)
{
	int fd;

	mkdir("/mnt", 0755);
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || mount("x", "/mnt", "tmpfs", 0, NULL) < 0)
		return 1;
	fd = open(a->path, O_CREAT | O_WRONLY, 0600);
	close(fd);
	return fd < 0;
}

TEST(paths_cross_mounts)
{
	struct sensor_filter_term term = open_term();

	NEED_SENSOR();
	SET(term.paths, exact, "/mnt/inside");
	set_terms(&term, 1);
	CHECK(is_reported(&(struct act){ .path = "/mnt/inside", .before = mount_tmpfs }));
	CHECK(!is_reported(&(struct act){ .path = "/mnt/inside2", .before = mount_tmpfs }));
}

TEST(paths_end_at_the_tasks_root)
{
	struct sensor_filter_term term = open_term();

	NEED_SENSOR();
	CHECK(mkdir(in_dir("root"), 0755) == 0);
	new_file("root/shadow");
	SET(term.paths, exact, "/shadow");
	CHECK_ACT(term, true, "/shadow", .before = change_root, .text = in_dir("root"));
	SET(term.paths, exact, in_dir("shadow"));
	CHECK_ACT(term, false, "/shadow", .before = change_root, .text = in_dir("root"));
}

TEST(a_renamed_directory_counts_by_its_new_name)
{
	struct sensor_filter_term term = open_term();

	NEED_SENSOR();
	CHECK(mkdir(in_dir("old"), 0755) == 0);
	new_file("old/f");
	SET(term.paths, exact, in_dir("new/f"));
	CHECK_ACT(term, false, in_dir("old/f"));
	CHECK(rename(in_dir("old"), in_dir("new")) == 0);
	CHECK_ACT(term, true, in_dir("new/f"));
}

static int move_mount_there(const struct act *a)
{
	char inside[300];
	int fd;

	snprintf(inside, sizeof(inside), "%s/f", in_dir("before"));
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || mount("x", in_dir("before"), "tmpfs", 0, NULL) < 0)
		return 1;
	fd = open(inside, O_CREAT | O_WRONLY, 0600);
	close(fd);
	for (int i = 0; i < 100; i++)
		do_act((void *)(uintptr_t)&(struct act){ .path = inside });
	return fd < 0 || mount(in_dir("before"), a->text, NULL, MS_MOVE, NULL) < 0;
}

static int unmount_below(const struct act *a)
{
	char inside[300];
	int fd;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || mount("x", a->text, "tmpfs", 0, NULL) < 0)
		return 1;
	snprintf(inside, sizeof(inside), "%s/%s", a->text, a->path);
	fd = open(inside, O_CREAT | O_WRONLY, 0600);
	close(fd);
	for (int i = 0; i < 100; i++)
		do_act((void *)(uintptr_t)&(struct act){ .path = inside });
	return fd < 0 || chdir(a->text) < 0 || umount2(a->text, MNT_DETACH) < 0;
}

static int open_and_change_root(const struct act *a)
{
	const char *outside = in_dir("jail/shadow");

	for (int i = 0; i < 100; i++)
		do_act((void *)(uintptr_t)&(struct act){ .path = outside });
	return chroot(a->text) < 0 || chdir("/") < 0;
}

static int open_often(const struct act *a)
{
	for (int i = 0; i < 100; i++)
		do_act((void *)(uintptr_t)&(struct act){ .path = a->text });
	return 0;
}

/* What was dropped a hundred times by its path, on whatever CPU, is judged anew when that path is another one. */
TEST(a_path_that_was_dropped_before_is_judged_anew_when_it_changed)
{
	struct sensor_filter_term term = open_term(), two[2] = { open_term(), open_term() };

	NEED_SENSOR();
	CHECK(mkdir(in_dir("a"), 0755) == 0 && mkdir(in_dir("a/b"), 0755) == 0 && mkdir(in_dir("c"), 0755) == 0);
	new_file("a/b/f");
	SET(term.paths, exact, in_dir("a/g"), in_dir("c/b/f"), in_dir("c/b/h"), in_dir("c/b/i"));
	set_terms(&term, 1);
	CHECK(!is_reported(&(struct act){ .path = in_dir("a/b/f"), .before = open_often, .text = in_dir("a/b/f") }));
	CHECK(rename(in_dir("a/b"), in_dir("c/b")) == 0);
	CHECK(is_reported(&(struct act){ .path = in_dir("c/b/f") }));
	CHECK(rename(in_dir("c/b/f"), in_dir("c/b/g")) == 0);
	CHECK(!is_reported(&(struct act){ .path = in_dir("c/b/g"), .before = open_often, .text = in_dir("c/b/g") }));
	CHECK(link(in_dir("c/b/g"), in_dir("c/b/h")) == 0 && unlink(in_dir("c/b/g")) == 0);
	CHECK(is_reported(&(struct act){ .path = in_dir("c/b/h") }));
	for (int i = 0; i < 50; i++) {           /* the same inode, the same memory, or not */
		CHECK(!is_reported(&(struct act){ .path = new_file("c/b/k"), .before = open_often, .text = in_dir("c/b/k") }));
		CHECK(unlink(in_dir("c/b/k")) == 0);
		CHECK(is_reported(&(struct act){ .path = new_file("c/b/i") }));
		CHECK(unlink(in_dir("c/b/i")) == 0);
	}
	/* Other terms of the same filter; another filter. */
	SET(two[0].paths, exact, "/somewhere/else");
	SET(two[1].paths, exact, in_dir("c/b/l"));
	two[0].kinds[0] = 1 << O_RDONLY;
	two[1].kinds[0] = 1 << O_WRONLY;
	set_terms(two, 2);
	CHECK(!is_reported(&(struct act){ .path = new_file("c/b/l"), .before = open_often, .text = in_dir("c/b/l") }));
	CHECK(is_reported(&(struct act){ .path = in_dir("c/b/l"), .flags = O_WRONLY }));
	SET(term.paths, exact, in_dir("c/b/l"));
	set_terms(&term, 1);
	CHECK(is_reported(&(struct act){ .path = in_dir("c/b/l") }));
}

TEST(a_path_that_was_dropped_before_is_judged_anew_when_mounts_or_the_root_changed)
{
	struct sensor_filter_term term = open_term();

	NEED_SENSOR();
	CHECK(mkdir(in_dir("before"), 0755) == 0 && mkdir(in_dir("after"), 0755) == 0 && mkdir(in_dir("jail"), 0755) == 0);
	SET(term.paths, exact, in_dir("after/f"), "/shadow");
	set_terms(&term, 1);
	CHECK(is_reported(&(struct act){ .path = in_dir("after/f"), .before = move_mount_there, .text = in_dir("after") }));
	CHECK(is_reported(&(struct act){ .path = "nowhere", .before = unmount_below, .text = in_dir("before") }));
	new_file("jail/shadow");
	CHECK(is_reported(&(struct act){ .path = "/shadow", .before = open_and_change_root, .text = in_dir("jail") }));
}

TEST(what_is_too_deep_to_be_known_is_reported)
{
	struct sensor_filter_term term = open_term();
	char path[400];
	size_t len = (size_t)snprintf(path, sizeof(path), "%s", in_dir("deep"));

	NEED_SENSOR();
	SET(term.paths, exact, "/somewhere/else");
	for (int depth = 0; depth < 45; depth++) {
		CHECK(mkdir(path, 0755) == 0);
		len += (size_t)snprintf(path + len, sizeof(path) - len, "/d");
		if (depth == 30)
			CHECK_ACT(term, false, in_dir("deep"), .flags = O_DIRECTORY);
	}
	path[len - 2] = '\0';
	CHECK_ACT(term, true, path, .flags = O_DIRECTORY);
}

/* ---- who ---- */

static int rename_self(const struct act *a) { return prctl(PR_SET_NAME, a->text); }

/* Who is forked has the name of who forks. */
static void check_named(int line, const struct sensor_filter_term *term, bool expected, const char *path, const char *name)
{
	char before[16] = "";

	prctl(PR_GET_NAME, before);
	prctl(PR_SET_NAME, name);
	check_line(line, term, &(struct act){ .path = path }, expected);
	prctl(PR_SET_NAME, before);
}
#define CHECK_NAMED(term, expected, path, name) check_named(__LINE__, &(term), expected, path, name)

static void *open_in_thread(void *data)
{
	const struct act *a = data;
	int fd;

	prctl(PR_SET_NAME, "worker");
	fd = open(a->path, O_RDONLY);
	close(fd);
	return NULL;
}

static int open_from_thread(void *data)
{
	pthread_t thread;

	return pthread_create(&thread, NULL, open_in_thread, data) || pthread_join(thread, NULL);
}

TEST(the_name_of_thread_or_process_is_judged)
{
	struct sensor_filter_term term = open_term(), other = open_term();
	struct act a = { .path = new_file("comm") };
	char before[16] = "";
	struct live_events e;

	NEED_SENSOR();
	term.comms = (struct sensor_filter_texts){ LIST("vi", "fifteen-letters"), 2, false };
	CHECK_NAMED(term, true, a.path, "vi");
	CHECK_NAMED(term, true, a.path, "fifteen-letters");
	CHECK_NAMED(term, false, a.path, "vim");
	term.comms.none_of = true;
	CHECK_NAMED(term, false, a.path, "vi");
	CHECK_NAMED(term, true, a.path, "a-longer-name");
	prctl(PR_GET_NAME, before);
	prctl(PR_SET_NAME, "leader");
	for (int i = 0; i < 3; i++) {
		static const char *const names[] = { "leader", "worker", "nobody" };
		other.comms = (struct sensor_filter_texts){ &names[i], 1, false };
		set_terms(&other, 1);
		e = live_run(open_from_thread, &a);
		CHECK_MSG((live_find(&e, MODEL_EVT_OPENAT, SENSOR_P_RAW, a.path) != NULL) == (i < 2), "%s", names[i]);
		live_free(&e);
	}
	prctl(PR_SET_NAME, before);
}

TEST(a_process_that_renamed_itself_hides_behind_no_name)
{
	struct sensor_filter_term term = open_term();
	struct act a = { .path = new_file("renamed"), .before = rename_self, .text = "trusted" };

	NEED_SENSOR();
	term.comms = (struct sensor_filter_texts){ LIST("trusted"), 1, true };
	set_terms(&term, 1);
	CHECK(is_reported(&a));
	CHECK_NAMED(term, false, a.path, "trusted");
	/* Also when the filter is another one since. */
	set_terms(&term, 1);
	CHECK(is_reported(&a));
}

static int become(const struct act *a) { return seteuid(a->number); }

TEST(the_effective_user_is_judged)
{
	struct sensor_filter_term term = open_term();
	uint32_t users[] = { 0, 4711 };

	NEED_SENSOR();
	term.euids = (struct sensor_filter_numbers){ users, 2, true };
	CHECK_ACT(term, false, "/etc/hostname");
	CHECK_ACT(term, false, "/etc/hostname", .before = become, .number = 4711);
	CHECK_ACT(term, true, "/etc/hostname", .before = become, .number = 4712);
}

static int exec_cat(void *data) { return execl("/bin/cat", "cat", (const char *)data, NULL); }
static int exec_shell(void *data)
{
	char text[500];

	snprintf(text, sizeof(text), "( : < %s ); :", (const char *)data);
	return execl("/bin/sh", "sh", "-c", text, NULL);
}

static bool exec_reports(int (*act)(void *data), const char *path)
{
	struct live_events e = live_run(act, (void *)(uintptr_t)path);
	bool found = live_find(&e, MODEL_EVT_OPENAT, SENSOR_P_RAW, path) || live_find(&e, MODEL_EVT_OPEN, SENSOR_P_RAW, path);

	CHECK_INT(e.status, 0);
	live_free(&e);
	return found;
}

TEST(a_program_is_known_from_its_exec_and_by_its_children)
{
	struct sensor_filter_term term = open_term();
	char cat[4096], sh[4096];
	const char *path = new_file("exe");

	NEED_SENSOR();
	if (!realpath("/bin/cat", cat) || !realpath("/bin/sh", sh) || strcmp(cat, sh) == 0)
		SKIP("cat and sh are one program here");
	model_event_set_add(&term.types, MODEL_EVT_OPEN);
	SET(term.exe, exact, cat);
	set_terms(&term, 1);
	CHECK(exec_reports(exec_cat, path));
	CHECK(!exec_reports(exec_shell, path));
	SET(term.exe, exact, sh);
	set_terms(&term, 1);
	CHECK(!exec_reports(exec_cat, path));
	CHECK(exec_reports(exec_shell, path));
	term.exe.n_exact = 0;
	SET(term.exe, below, "/opt/nothing");
	set_terms(&term, 1);
	CHECK(!exec_reports(exec_shell, path));
	CHECK(is_reported(&(struct act){ .path = path }));   /* nobody told of this process */
	SET(term.exe, below, "/");
	set_terms(&term, 1);
	CHECK(exec_reports(exec_cat, path));
}

/* When this process began: it is in the header of what it does. */
static uint64_t own_start(void)
{
	const struct sensor_wire *event;
	uint64_t start = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	waitpid(pid, NULL, 0);
	while (sensor_next(live_sensor(), true, &event, NULL) == 1)
		if (event->type == MODEL_EVT_SCHED_FORK && event->pid == (uint32_t)getpid())
			start = event->start_ns;
	return start;
}

TEST(what_user_space_says_of_a_process_counts_until_it_becomes_another_program)
{
	struct sensor_filter_term term = open_term();
	uint64_t exe[FILTER_CLASSES] = { 0 };
	struct act a = { .path = new_file("told") };
	char cat[4096];
	uint64_t start;

	NEED_SENSOR();
	start = own_start();
	if (!realpath("/bin/cat", cat) || !CHECK(start != 0))
		SKIP("no cat");
	SET(term.exe, exact, cat);
	set_terms(&term, 1);
	CHECK(sensor_filter_since(live_sensor()) > start);
	CHECK(is_reported(&a));
	CHECK(sensor_filter_process(live_sensor(), (uint32_t)getpid(), start - 1, exe, NULL) == 0);
	CHECK(is_reported(&a));                  /* that was another process of this number */
	set_terms(&term, 1);
	CHECK(sensor_filter_process(live_sensor(), (uint32_t)getpid(), start, exe, NULL) == 0);
	CHECK(!is_reported(&a));                 /* a child inherits it */
	CHECK(exec_reports(exec_cat, a.path));
	set_terms(&term, 1);
	CHECK(is_reported(&a));                  /* forgotten with the old filter */
}

/* The cgroup that events of this process's children name. */
static uint64_t own_cgroup(void)
{
	struct act a = { .path = "/etc/hostname" };
	struct live_events e = live_run(do_act, &a);
	uint64_t cgroup = e.n ? e.events[0]->cgroup : 0;

	live_free(&e);
	return cgroup;
}

TEST(where_a_cgroup_is_counts_until_somebody_comes_into_it)
{
	struct sensor_filter_term term = open_term();
	struct act a = { .path = new_file("where") };
	uint64_t cgroup;

	NEED_SENSOR();
	sensor_set_filter(live_sensor(), NULL, NULL);
	cgroup = own_cgroup();
	term.wheres = 1 << FILTER_WHERE_CONTAINER;
	set_terms(&term, 1);
	CHECK(is_reported(&a));
	CHECK(sensor_filter_where(live_sensor(), cgroup, FILTER_WHERE_HOST, NULL) == 0);
	CHECK(!is_reported(&a));
	CHECK(sensor_filter_where(live_sensor(), cgroup, FILTER_WHERE_CONTAINER, NULL) == 0);
	CHECK(is_reported(&a));
	CHECK(sensor_filter_where(live_sensor(), cgroup, FILTER_WHERE_ELSEWHERE, NULL) == 0);
	CHECK(!is_reported(&a));
	CHECK(sensor_filter_where(live_sensor(), cgroup, FILTER_WHERE_HOST, NULL) == 0);
	CHECK(!is_reported(&a));
	CHECK(sensor_filter_where(live_sensor(), cgroup, FILTER_WHERE_UNKNOWN, NULL) == 0);
	CHECK(is_reported(&a));
}

static const char *group_dir(void)
{
	return access("/sys/fs/cgroup/memory/cgroup.procs", F_OK) == 0 ? "/sys/fs/cgroup/memory/parka-filter-test" : "/sys/fs/cgroup/parka-filter-test";
}

static int enter_group(const struct act *a)
{
	char path[100];
	int fd, r;

	snprintf(path, sizeof(path), "%s/cgroup.procs", group_dir());
	fd = open(path, O_WRONLY);
	r = fd < 0 || write(fd, "0", 1) != 1;
	close(fd);
	return r;
}

TEST(a_cgroup_that_a_process_is_moved_into_is_no_longer_known)
{
	struct sensor_filter_term term = open_term();
	struct act a = { .path = new_file("moved"), .before = enter_group };
	struct live_events e;
	struct stat st;

	NEED_SENSOR();
	rmdir(group_dir());
	if (mkdir(group_dir(), 0755) < 0 || stat(group_dir(), &st) < 0)
		SKIP("no control group can be made here");
	term.wheres = 1 << FILTER_WHERE_CONTAINER;
	set_terms(&term, 1);
	CHECK(sensor_filter_where(live_sensor(), st.st_ino, FILTER_WHERE_HOST, NULL) == 0);
	e = live_run(do_act, &a);
	CHECK_INT(e.status, 0);
	if (CHECK(event_of(&e, &a) != NULL))
		CHECK_INT(event_of(&e, &a)->cgroup, st.st_ino);
	live_free(&e);
	CHECK(rmdir(group_dir()) == 0);
}

/* ---- sockets ---- */

static struct sockaddr_storage four(const char *address, uint16_t port)
{
	struct sockaddr_storage s = { 0 };
	struct sockaddr_in *in = (struct sockaddr_in *)&s;

	in->sin_family = AF_INET;
	in->sin_port = htons(port);
	inet_pton(AF_INET, address, &in->sin_addr);
	return s;
}

static struct sockaddr_storage six(const char *address, uint16_t port)
{
	struct sockaddr_storage s = { 0 };
	struct sockaddr_in6 *in = (struct sockaddr_in6 *)&s;

	in->sin6_family = AF_INET6;
	in->sin6_port = htons(port);
	inet_pton(AF_INET6, address, &in->sin6_addr);
	return s;
}

TEST(connections_are_judged_by_kind_port_and_address)
{
	struct sensor_filter_term port = term_of(MODEL_EVT_CONNECT), outside = port, inside = port, kind = port;
	struct sensor_filter_net loop = { 4, 8, { 127 } }, loop6 = { 6, 128, { [15] = 1 } }, nets[] = { loop, loop6 };
	uint32_t ports[] = { 4444, 9 };
	unsigned udp4 = FILTER_IPV4 | FILTER_UDP << 2;

	NEED_SENSOR();
	port.ports[FILTER_REMOTE] = (struct sensor_filter_numbers){ ports, 2, false };
	CHECK_ACT(port, true, .to = four("127.0.0.1", 9), .socket_type = SOCK_DGRAM);
	CHECK_ACT(port, false, .to = four("127.0.0.1", 10), .socket_type = SOCK_DGRAM);
	outside.nets[FILTER_REMOTE] = (struct sensor_filter_nets){ nets, 2, true, false };
	CHECK_ACT(outside, false, .to = four("127.0.0.1", 9), .socket_type = SOCK_DGRAM);
	inside.nets[FILTER_REMOTE] = (struct sensor_filter_nets){ nets, 1, false, false };
	CHECK_ACT(inside, true, .to = four("127.1.2.3", 9), .socket_type = SOCK_DGRAM);
	kind.kinds[0] = 1ULL << udp4;
	CHECK_ACT(kind, true, .to = four("127.0.0.1", 9), .socket_type = SOCK_DGRAM);
	if (access("/proc/net/if_inet6", F_OK) != 0)
		SKIP("this kernel has no IPv6");
	CHECK_ACT(kind, false, .to = six("::1", 9), .socket_type = SOCK_DGRAM);
	CHECK_ACT(outside, false, .to = six("::1", 9), .socket_type = SOCK_DGRAM);
	CHECK_ACT(inside, true, .to = six("::ffff:127.0.0.1", 9), .socket_type = SOCK_DGRAM);
	CHECK_ACT(inside, false, .to = six("::1", 9), .socket_type = SOCK_DGRAM);
}

TEST(a_failed_connection_has_the_address_that_the_program_gave)
{
	struct sensor_filter_term term = term_of(MODEL_EVT_CONNECT);
	uint32_t ports[] = { 1 };

	NEED_SENSOR();
	term.ports[FILTER_REMOTE] = (struct sensor_filter_numbers){ ports, 1, false };
	CHECK_ACT(term, true, .to = four("127.0.0.1", 1), .socket_type = SOCK_STREAM);
}

/* ---- other calls, counters ---- */

static int act_calls(void *data)
{
	(void)data;
	for (int i = 0; i < 10; i++) {
		close((int)syscall(SYS_creat, in_dir("created"), 0600));
		unlink(in_dir("created"));
		ioctl(-1, 0);
		chmod(in_dir("not-there"), 0600);
	}
	return 0;
}

static size_t count_of(const struct live_events *e, enum model_event_type type)
{
	size_t n = 0;

	while (live_nth(e, type, n))
		n++;
	return n;
}

TEST(every_event_is_counted_as_dropped_or_delivered)
{
	struct sensor_filter_term terms[2] = { term_of(MODEL_EVT_CHMOD), term_of(MODEL_EVT_OPENAT2) };
	static struct sensor_type_counts before[MODEL_EVT_MAX], after[MODEL_EVT_MAX];
	struct live_events e;

	NEED_SENSOR();
	terms[0].results[0] = 1ULL << ENOENT;
	set_terms(terms, 2);
	sensor_type_counts(live_sensor(), before);
	e = live_run(act_calls, NULL);
	sensor_type_counts(live_sensor(), after);
	CHECK_INT(count_of(&e, MODEL_EVT_CREAT), 0);
	CHECK_INT(after[MODEL_EVT_CREAT].dropped - before[MODEL_EVT_CREAT].dropped, 10);
	CHECK_INT(after[MODEL_EVT_CREAT].seen - before[MODEL_EVT_CREAT].seen, 10);
	CHECK_INT(count_of(&e, MODEL_EVT_CHMOD), 10);
	CHECK_INT(after[MODEL_EVT_CHMOD].dropped - before[MODEL_EVT_CHMOD].dropped, 0);
	CHECK(after[MODEL_EVT_CHMOD].seen - before[MODEL_EVT_CHMOD].seen >= 10);
	live_free(&e);
	terms[0].results[0] = 1ULL << EACCES;
	set_terms(terms, 2);
	e = live_run(act_calls, NULL);
	CHECK_INT(count_of(&e, MODEL_EVT_CHMOD), 0);
	live_free(&e);
}

TEST(cgroups_are_counted_while_somebody_looks)
{
	struct sensor_cgroup_counts counts[256];
	struct sensor_filter_term term = term_of(MODEL_EVT_OPENAT2);
	uint64_t cgroup = 0, dropped = 0;
	struct live_events e;
	size_t n;

	NEED_SENSOR();
	set_terms(&term, 1);
	sensor_count_cgroups(live_sensor(), true);
	e = live_run(act_calls, NULL);
	sensor_count_cgroups(live_sensor(), false);
	if (CHECK(e.n > 0))
		cgroup = e.events[0]->cgroup;
	n = sensor_cgroup_counts(live_sensor(), counts, 256);
	for (size_t i = 0; i < n; i++)
		if (counts[i].cgroup == cgroup) {
			dropped = counts[i].dropped;
			CHECK(counts[i].seen > counts[i].dropped);   /* its end was delivered */
		}
	CHECK_MSG(dropped >= 20, "%llu dropped", (unsigned long long)dropped);
	live_free(&e);
}

TEST(programs_tell_what_they_cost)
{
	struct sensor_program_cost costs[128];
	size_t n;

	NEED_SENSOR();
	n = sensor_program_costs(live_sensor(), costs, 128);
	CHECK(n > 5 && costs[0].program[0]);
	CHECK_INT(sensor_program_costs(live_sensor(), costs, 2), 2);
}

/* ---- swaps ---- */

struct shared { volatile int stop; volatile uint64_t opens; };

static void open_until_told(struct shared *shared, const char *path)
{
	while (!shared->stop) {
		int fd = open(path, O_RDONLY);
		close(fd);
		shared->opens++;
		if (shared->opens % 8 == 0)
			usleep(100);
	}
}

static uint64_t count_opens(const char *path, pid_t pid)
{
	const struct sensor_wire *event;
	uint64_t n = 0;

	while (sensor_next(live_sensor(), true, &event, NULL) == 1)
		n += event->type == MODEL_EVT_OPENAT && event->pid == (uint32_t)pid && strcmp(live_text(event, SENSOR_P_RAW), path) == 0;
	return n;
}

TEST(no_event_that_both_filters_want_is_lost_while_they_are_swapped)
{
	struct sensor_filter_term terms[2] = { open_term(), open_term() };
	struct shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const char *path = new_file("swapped");
	uint64_t seen = 0;
	pid_t pid;

	NEED_SENSOR();
	SET(terms[0].paths, exact, path);
	SET(terms[1].paths, below, dir);
	set_terms(&terms[0], 1);
	pid = fork();
	if (pid == 0) {
		open_until_told(shared, path);
		_exit(0);
	}
	for (int i = 0; i < 100; i++) {
		set_terms(&terms[i % 2], 1);
		seen += count_opens(path, pid);
	}
	shared->stop = 1;
	waitpid(pid, NULL, 0);
	seen += count_opens(path, pid);
	CHECK(shared->opens > 100);
	CHECK_INT(seen, shared->opens);
	munmap(shared, sizeof(*shared));
}

/* ---- repeats ---- */

#define NEED_FOLDS() do { NEED_SENSOR(); if (!sensor_reads_directly(live_sensor())) SKIP("opens are folded since Linux 6.2 only"); } while (0)

/* What the child does after its opens, before one more. */
struct repeats { const char *path; unsigned n; int (*then)(const struct repeats *r); int flags; };

static int do_repeats(void *data)
{
	const struct repeats *r = data;

	for (unsigned i = 0; i < r->n; i++)
		close(open(r->path, O_RDONLY));
	if (!r->then)
		return 0;
	if (r->then(r) != 0)
		return 99;
	close(open(r->path, O_RDONLY | r->flags));
	return 0;
}

struct repeats_seen { uint64_t n_events, n_folded, last_count; };

static uint64_t folded_so_far(void)
{
	struct sensor_type_counts counts[MODEL_EVT_MAX];

	sensor_type_counts(live_sensor(), counts);
	return counts[MODEL_EVT_OPENAT].folded;
}

static struct repeats_seen run_repeats(const struct sensor_filter_term *term, const struct repeats *r)
{
	struct repeats_seen seen = { 0 };
	struct live_events e;
	uint64_t before, cgroup;

	sensor_set_filter(live_sensor(), NULL, NULL);
	cgroup = own_cgroup();
	CHECK(sensor_filter_where(live_sensor(), cgroup, FILTER_WHERE_HOST, NULL) == 0);
	set_terms(term, 1);
	before = folded_so_far();
	e = live_run(do_repeats, (void *)(uintptr_t)r);
	CHECK_MSG(WIFEXITED(e.status) && WEXITSTATUS(e.status) == 0, "the act could not be done");
	for (size_t i = 0; i < e.n; i++) {
		if (e.events[i]->type != MODEL_EVT_OPENAT || strcmp(live_text(e.events[i], SENSOR_P_RAW), r->path) != 0)
			continue;
		seen.n_events++;
		seen.last_count = e.events[i]->count;
	}
	seen.n_folded = folded_so_far() - before;
	live_free(&e);
	CHECK(sensor_filter_where(live_sensor(), cgroup, FILTER_WHERE_UNKNOWN, NULL) == 0);
	return seen;
}

static struct sensor_filter_term foldable_term(void)
{
	static const char *below[1];
	struct sensor_filter_term term = open_term();

	below[0] = dir;
	term.paths.below = below;
	term.paths.n_below = 1;
	term.foldable = true;
	return term;
}

TEST(a_hundred_opens_of_one_file_are_one_event_and_the_others_are_counted)
{
	const char *path = new_file("repeated");
	struct sensor_filter_term term = foldable_term();
	struct repeats_seen seen;

	NEED_FOLDS();
	seen = run_repeats(&term, &(struct repeats){ path, 100 });
	CHECK_INT(seen.n_events + seen.n_folded, 100);
	CHECK(seen.n_folded >= 90);      /* one a second is told, however slow the machine is */
}

TEST(nothing_is_folded_when_a_rule_could_tell)
{
	const char *path = new_file("unfoldable");
	struct sensor_filter_term term = foldable_term();
	struct repeats_seen seen;

	NEED_SENSOR();
	term.foldable = false;
	seen = run_repeats(&term, &(struct repeats){ path, 100 });
	CHECK_INT(seen.n_events, 100);
	CHECK_INT(seen.n_folded, 0);
}

TEST(nothing_is_folded_where_it_is_not_known_whether_it_is_a_container)
{
	const char *path = new_file("nowhere");
	struct sensor_filter_term term = foldable_term();
	struct live_events e;
	uint64_t before;

	NEED_SENSOR();
	set_terms(&term, 1);
	before = folded_so_far();
	e = live_run(do_repeats, &(struct repeats){ path, 20 });
	CHECK_INT(folded_so_far() - before, 0);
	live_free(&e);
}

static int then_wait(const struct repeats *r) { (void)r; return usleep(1100000); }
static int then_nothing(const struct repeats *r) { (void)r; return 0; }
static int then_other_group(const struct repeats *r) { (void)r; return setresgid((gid_t)-1, 65534, (gid_t)-1); }
static int then_rename(const struct repeats *r) { (void)r; return prctl(PR_SET_NAME, "other-name"); }

static int then_other_file(const struct repeats *r)
{
	return unlink(r->path) || symlink(in_dir("second"), r->path);
}

static int then_child(const struct repeats *r)
{
	pid_t pid = fork();
	int status;

	(void)r;
	if (pid == 0)
		return 0;        /* goes on to the last open */
	waitpid(pid, &status, 0);
	_exit(status != 0);
}

static void *open_last(void *data)
{
	const struct repeats *r = data;

	close(open(r->path, O_RDONLY));
	return NULL;
}

static int then_thread(const struct repeats *r)
{
	pthread_t thread;

	return pthread_create(&thread, NULL, open_last, (void *)(uintptr_t)r) || pthread_join(thread, NULL);
}

TEST(after_a_second_the_next_one_is_told_and_says_how_many_it_stands_for)
{
	const char *path = new_file("later");
	struct sensor_filter_term term = foldable_term();
	struct repeats_seen seen;

	NEED_FOLDS();
	seen = run_repeats(&term, &(struct repeats){ path, 10, then_wait });
	CHECK_INT(seen.n_events, 2);
	CHECK_INT(seen.last_count, 10);
	CHECK_INT(seen.n_folded, 9);
}

TEST(what_a_rule_could_tell_apart_is_not_folded)
{
	static const struct { const char *what; int (*then)(const struct repeats *r); int flags; unsigned opens; bool folds; } cases[] = {
		{ "nothing differs", then_nothing, 0, 2, true },
		{ "flags", then_nothing, O_CLOEXEC, 2 },
		{ "effective group", then_other_group, 0, 2 },
		{ "name of the thread", then_rename, 0, 2 },
		{ "file behind a link", then_other_file, 0, 2 },
		{ "process", then_child, 0, 2 },
		{ "thread", then_thread, 0, 3 },   /* the last open, of the first thread again, may be folded */
	};
	struct sensor_filter_term term = foldable_term();

	NEED_FOLDS();
	new_file("first");
	new_file("second");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *path = in_dir("link");
		struct repeats_seen seen;

		unlink(path);
		CHECK(symlink(in_dir("first"), path) == 0);
		seen = run_repeats(&term, &(struct repeats){ path, 1, cases[i].then, cases[i].flags });
		CHECK_MSG(seen.n_events + seen.n_folded == cases[i].opens, "%s: %llu events", cases[i].what, (unsigned long long)seen.n_events);
		CHECK_MSG(cases[i].folds ? seen.n_events == 1 : seen.n_events >= 2, "%s: %llu events", cases[i].what,
			  (unsigned long long)seen.n_events);
	}
}

enum { NOISE = 300 };
/* Of another control group: many times what a row holds. */
static int then_noise(const struct repeats *r)
{
	struct stat st;
	char name[32];
	int status;
	pid_t pid = fork();

	(void)r;
	if (pid == 0) {
		if (enter_group(NULL) || stat(group_dir(), &st) < 0 || sensor_filter_where(live_sensor(), st.st_ino, FILTER_WHERE_HOST, NULL) < 0)
			_exit(1);
		for (int i = 0; i < NOISE; i++) {
			snprintf(name, sizeof(name), "noise%d", i);
			close(open(in_dir(name), O_RDONLY));
		}
		_exit(0);
	}
	return waitpid(pid, &status, 0) != pid || status != 0;
}

/* Tried several times: two groups may share a row, and on a slow machine the noise may take longer than a second. */
TEST(a_noisy_control_group_does_not_push_out_what_another_one_opened)
{
	struct sensor_filter_term term = foldable_term();
	struct repeats_seen seen = { .n_events = 2 };
	char name[32], path[100];

	NEED_FOLDS();
	snprintf(path, sizeof(path), "%s", new_file("quiet"));
	for (int i = 0; i < NOISE; i++) {
		snprintf(name, sizeof(name), "noise%d", i);
		new_file(name);
	}
	for (int i = 0; i < 5 && seen.n_events != 1; i++) {
		rmdir(group_dir());
		if (mkdir(group_dir(), 0755) < 0)
			SKIP("no control group can be made here");
		seen = run_repeats(&term, &(struct repeats){ path, 1, then_noise });
		CHECK(rmdir(group_dir()) == 0);
	}
	CHECK_INT(seen.n_events, 1);
}

/* ---- credentials ---- */

/* Nothing but opens is hooked from here on, so that no event tells of the change itself; and no open is wanted. */
static void drop_every_open(void)
{
	struct sensor_filter_term nothing = term_of(MODEL_EVT_CREAT);
	struct model_event_set wanted = { 0 };
	struct err err = { 0 };

	model_event_set_add(&wanted, MODEL_EVT_OPENAT);
	CHECK_MSG(sensor_want(live_sensor(), &wanted, &err) == 0, "%s", err.text);
	set_terms(&nothing, 1);
}

static int open_once(const char *path)
{
	int fd = open(path, O_RDONLY);

	close(fd);
	return fd < 0;
}

/* A process without keyring gets one at its first use: new credentials, by add_key(2), which nobody looks at. */
static int act_new_credentials(void *data)
{
	const char *const *paths = data;

	if (open_once(paths[0]))
		return 1;
	if (syscall(SYS_add_key, "user", "parka-filter-test", "x", 1, -2 /* KEY_SPEC_PROCESS_KEYRING */) < 0)
		return 2;
	return open_once(paths[1]) || open_once(paths[2]);
}

static bool opened(const struct live_events *e, const char *path)
{
	return live_find(e, MODEL_EVT_OPENAT, SENSOR_P_RAW, path) != NULL;
}

/* Hooks are taken away in the background: until that of add_key(2) is gone, it is the event that tells. */
static struct live_events run_unseen(const char *const *paths)
{
	struct live_events e = { 0 };

	for (int i = 0; i < 100; i++) {
		live_free(&e);
		e = live_run(act_new_credentials, (void *)(uintptr_t)paths);
		if (e.status != 0 || !live_nth(&e, MODEL_EVT_ADD_KEY, 0))
			break;
		usleep(20000);
	}
	return e;
}

TEST(an_event_that_nobody_wants_is_reported_once_when_credentials_changed_unseen)
{
	const char *paths[] = { new_file("creds-before"), new_file("creds-first"), new_file("creds-second") };
	struct live_events e;
	bool told;
	int status;

	NEED_SENSOR();
	drop_every_open();
	e = run_unseen(paths);
	status = e.status;
	CHECK(!opened(&e, paths[0]));            /* its fork told of its credentials */
	/* Where the call's own hook is still there, its event tells, because its thread's credentials are new by then. */
	told = opened(&e, paths[1]) || live_nth(&e, MODEL_EVT_ADD_KEY, 0);
	CHECK(told == (status == 0));
	CHECK(!opened(&e, paths[2]));
	live_free(&e);
	if (status != 0)
		SKIP("this kernel keeps no keys");
}

static void *open_as_thread(void *data)
{
	return (void *)(intptr_t)open_once(data);
}

static int act_in_new_thread(void *data)
{
	pthread_t thread;
	void *failed = NULL;

	return pthread_create(&thread, NULL, open_as_thread, data) || pthread_join(thread, &failed) || failed;
}

TEST(the_first_event_of_a_new_thread_is_dropped_when_nobody_wants_it)
{
	const char *path = new_file("creds-thread");
	struct live_events e;

	NEED_SENSOR();
	drop_every_open();
	e = live_run(act_in_new_thread, (void *)(uintptr_t)path);
	CHECK_INT(e.status, 0);
	CHECK(count_of(&e, MODEL_EVT_SCHED_FORK) >= 1);
	CHECK(!opened(&e, path));
	live_free(&e);
}

TEST(cleanup)
{
	char command[100];

	live_stop();
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	CHECK(strncmp(dir, "/tmp/parka-filter-", 18) == 0 && system(command) == 0);
}

TAP_MAIN()
