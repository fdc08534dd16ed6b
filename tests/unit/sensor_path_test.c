/* SPDX-License-Identifier: Apache-2.0 */
/* Names of files: as text, by directory and name, and under all the names that lead to the same inode. */
#include "sensor_help.h"
#include "sensor/filter.h"
#include "sensor/mounts.h"
#include "sensor/path.h"

#include <fcntl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static const char facts[] = "{\"mounts\":[[8388609,\"/\"],[8388610,\"/data\"]],"
			    "\"watch\":[[8388609,4242,\"/etc/shadow\"],[8388609,4343,\"/etc/sudoers\"]]}";

static struct actor world_with_facts(struct world *w)
{
	struct actor a = host_actor(500, 1, "cat", 1000), init = host_actor(1, 0, "systemd", 0);

	world_init(w);
	CHECK_INT(sensor_state_adopt(w->state, CAPTURE_FACTS, facts, sizeof(facts) - 1, NULL), 0);
	do_spawn(w, &init, &a, (struct exec){ .path = "/usr/bin/cat" });
	return a;
}

TEST(directory_and_name_are_joined_without_asking_the_disk)
{
	static const struct { const char *dir, *raw, *expect; } cases[] = {
		{ "/root", "x", "/root/x" }, { "/root", "/x", "/x" }, { "/a/b", "../c", "/a/c" }, { "/", "..", "/" },
		{ "/a", "../../../etc//shadow", "/etc/shadow" }, { "/a", "./b/./c/", "/a/b/c" }, { "/", "etc/./x/..", "/etc" },
		{ NULL, "x", NULL }, { NULL, "/a//b", "/a/b" }, { "/a", "", NULL }, { "/a", ".", "/a" }, { "/a", "...", "/a/..." },
	};
	struct arena arena;

	arena_init(&arena, 0);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		size_t len;
		const char *dir = cases[i].dir;
		char *out = sensor_path_join(dir, dir ? strlen(dir) : 0, cases[i].raw, strlen(cases[i].raw), &arena, &len);
		CHECK_STR(out, cases[i].expect);
		CHECK(!out || strlen(out) == len);
	}
	arena_done(&arena);
}

TEST(components_become_a_path_and_what_has_none_its_name)
{
	static const struct { const char *path; unsigned flags; const char *expect; } cases[] = {
		{ "/etc/shadow", 0, "/etc/shadow" }, { "/", 0, "/" }, { "/a", 0, "/a" }, { "/tmp/x", SENSOR_PATH_DELETED, "/tmp/x" },
		{ "memfd:runc_cloned:/proc/self/exe", SENSOR_PATH_ANON, "memfd:runc_cloned:/proc/self/exe" },
		{ "/memfd:x", SENSOR_PATH_ANON, "memfd:x" }, { "pipe:[7]", SENSOR_PATH_ANON, "pipe:[7]" },
	};
	struct sensor_wire_builder b;
	struct arena arena;

	arena_init(&arena, 0);
	sensor_wire_builder_init(&b, MODEL_EVT_OPENAT);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct sensor_wire_view view;
		struct sensor_path path;
		size_t len = 0;
		char *out;
		sensor_wire_builder_reset(&b, MODEL_EVT_OPENAT);
		sensor_wire_put_path(&b, SENSOR_P_PATH, cases[i].path, cases[i].flags, NULL, 0);
		CHECK(sensor_wire_decode(b.event, b.event->len, &view));
		CHECK(sensor_path_of(&view, SENSOR_P_PATH, &path));
		out = sensor_path_text(&path, &arena, &len);
		CHECK_STR(out, cases[i].expect);
		CHECK(out && strlen(out) == len);
	}
	sensor_wire_builder_done(&b);
	arena_done(&arena);
}

TEST(a_file_behind_a_bind_mount_is_judged_under_its_own_path_too)
{
	struct world w;
	struct actor a = world_with_facts(&w);

	CHECK_INT(do_open(&w, &a, (struct open){ .path = "/mnt/x/shadow", .ret = 3, .bind_root = "/etc", .n_first = 1,
						 .file = { .ino = 9 } }), 2);
	FIELD_IS(0, "fd.name", "/mnt/x/shadow");
	FIELD_IS(1, "fd.name", "/etc/shadow");
	FIELD_IS(1, "fd.directory", "/etc");
	FIELD_IS(1, "fs.path.name", "/etc/shadow");
	FIELD_IS(1, "fd.path", "/mnt/x/shadow");
	FIELD_IS(1, "evt.num", field_of(&w, 0, "evt.num"));
	/* a file system mounted elsewhere on the host; one that is not known */
	CHECK_INT(do_open(&w, &a, (struct open){ .path = "/mnt/y/f", .ret = 3, .bind_root = "/sub", .n_first = 1,
						 .file = { .dev = 8 << 20 | 2 } }), 2);
	FIELD_IS(1, "fd.name", "/data/sub/f");
	CHECK_INT(do_open(&w, &a, (struct open){ .path = "/mnt/y/f", .ret = 3, .bind_root = "/sub", .n_first = 1, .file = { .dev = 99 } }), 1);
	/* a mount of a single file */
	CHECK_INT(do_open(&w, &a, (struct open){ .path = "/tmp/f", .ret = 3, .bind_root = "/etc/shadow", .n_first = 0 }), 2);
	FIELD_IS(1, "fd.name", "/etc/shadow");
	world_done(&w);
}

TEST(a_host_directory_in_a_container_has_its_host_path)
{
	struct world w;
	struct actor box;

	world_with_facts(&w);
	world_box(&w, &box);
	CHECK_INT(do_open(&w, &box, (struct open){ .path = "/host/shadow", .ret = 3, .bind_root = "/etc", .n_first = 1 }), 2);
	FIELD_IS(0, "fd.hostpath", "/etc/shadow");
	FIELD_IS(1, "fd.name", "/etc/shadow");
	CHECK_INT(do_open(&w, &box, (struct open){ .path = "/etc/passwd", .ret = 3, .file = { .dev = BOX_DEV } }), 1);
	FIELD_IS(0, "fd.hostpath", "/var/lib/docker/overlay2/x/merged/etc/passwd");
	FIELD_IS(0, "fd.containername", "5be1f2a4c6d8:/etc/passwd");
	/* a bind mount of the container's own root */
	CHECK_INT(do_open(&w, &box, (struct open){ .path = "/mnt/x/shadow", .ret = 3, .bind_root = "/etc", .n_first = 1,
						   .path_flags = IN_ROOT(2), .file = { .dev = BOX_DEV } }), 2);
	FIELD_IS(1, "fd.name", "/etc/shadow");
	FIELD_IS(1, "fd.hostpath", "/var/lib/docker/overlay2/x/merged/etc/shadow");
	/* all of the host's root file system, and a jail in it */
	CHECK_INT(do_open(&w, &box, (struct open){ .path = "/host/etc/shadow", .ret = 3, .bind_root = "/", .n_first = 2 }), 2);
	FIELD_IS(0, "fd.hostpath", "/etc/shadow");
	FIELD_IS(1, "fd.name", "/etc/shadow");
	CHECK_INT(do_open(&w, &box, (struct open){ .path = "/etc/shadow", .ret = 3, .path_flags = IN_ROOT(2) }), 1);
	FIELD_IS(0, "fd.hostpath", "/etc/shadow");
	world_done(&w);
}

TEST(a_file_system_that_is_mounted_twice_has_one_place)
{
	struct world w;
	struct actor a = world_with_facts(&w);

	/* mount --bind / /mnt */
	CHECK_INT(do_open(&w, &a, (struct open){ .path = "/mnt/etc/shadow", .ret = 3, .bind_root = "/", .n_first = 2, .path_flags = IN_ROOT(2) }), 2);
	FIELD_IS(0, "fd.name", "/mnt/etc/shadow");
	FIELD_IS(1, "fd.name", "/etc/shadow");
	/* another disk: where the host has it, and elsewhere */
	CHECK_INT(do_open(&w, &a, (struct open){ .path = "/data/f", .ret = 3, .bind_root = "/", .n_first = 1, .file = { .dev = 8 << 20 | 2 } }), 1);
	CHECK_INT(do_open(&w, &a, (struct open){ .path = "/mnt/f", .ret = 3, .bind_root = "/", .n_first = 1, .file = { .dev = 8 << 20 | 2 } }), 2);
	FIELD_IS(1, "fd.name", "/data/f");
	CHECK_INT(do_open(&w, &a, (struct open){ .path = "/mnt", .ret = 3, .bind_root = "/", .n_first = 0, .file = { .dev = 8 << 20 | 2 } }), 2);
	FIELD_IS(1, "fd.name", "/data");
	/* one that is mounted nowhere on the host; one whose place is not known */
	CHECK_INT(do_open(&w, &a, (struct open){ .path = "/mnt/f", .ret = 3, .bind_root = "/", .n_first = 1, .file = { .dev = 99 } }), 1);
	CHECK_INT(do_open(&w, &a, (struct open){ .path = "/mnt/f", .ret = 3, .bind_root = "/", .n_first = 1, .path_flags = SENSOR_PATH_LOOSE,
						 .file = { .dev = 8 << 20 | 2 } }), 1);
	world_done(&w);
}

TEST(what_a_jail_hides_of_the_path_is_seen)
{
	struct world w;
	struct actor a = world_with_facts(&w);

	/* chroot /etc; the walk goes on from there */
	CHECK_INT(do_open(&w, &a, (struct open){ .path = "/shadow", .ret = 3, .bind_root = "/etc", .n_first = 1, .path_flags = IN_ROOT(1) }), 2);
	FIELD_IS(0, "fd.name", "/shadow");
	FIELD_IS(1, "fd.name", "/etc/shadow");
	FIELD_IS(0, "fd.hostpath", "/etc/shadow");
	/* a container whose root is a directory of the host's */
	CHECK_INT(do_open(&w, &a, (struct open){ .path = "/mnt/shadow", .ret = 3, .bind_root = "/jail/etc", .n_first = 1, .path_flags = IN_ROOT(2) }), 3);
	FIELD_IS(1, "fd.name", "/etc/shadow");
	FIELD_IS(2, "fd.name", "/jail/etc/shadow");
	world_done(&w);
}

TEST(parts_of_a_file_system_have_the_place_of_the_part)
{
	static const char parts[] = "{\"mounts\":[[50,\"/\",\"/@\"],[50,\"/home\",\"/@home\"],[50,\"/srv\",\"/@\"],[51,\"/a\",\"/x\"],[51,\"/b\"]]}";
	static const struct { const char *bind_root; uint32_t dev; const char *expect; } cases[] = {
		{ "/@/etc", 50, "/etc/f" }, { "/@home/u", 50, "/home/u/f" }, { "/@home", 50, "/home/f" }, { "/@homer", 50, NULL },
		{ "/other", 50, NULL }, { "/x", 51, "/b/x/f" },
	};
	struct world w;
	struct actor a;

	world_init(&w);
	a = host_actor(500, 1, "cat", 0);
	CHECK_INT(sensor_state_adopt(w.state, CAPTURE_FACTS, parts, sizeof(parts) - 1, NULL), 0);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CHECK_INT(do_open(&w, &a, (struct open){ .path = "/mnt/f", .ret = 3, .bind_root = cases[i].bind_root, .n_first = 1,
							 .file = { .dev = cases[i].dev } }), cases[i].expect ? 2 : 1);
		if (cases[i].expect)
			FIELD_IS(1, "fd.name", cases[i].expect);
	}
	world_done(&w);
}

TEST(lines_of_mountinfo_are_read)
{
	static const struct { const char *line; uint64_t dev; const char *root, *point; } cases[] = {
		{ "36 35 98:1 / /mnt\\040x rw,noatime master:1 - ext4 /dev/root rw", 98 << 20 | 1, "/", "/mnt x" },
		{ "36 35 0:31 /@home /home rw - btrfs /dev/sda rw", 31, "/@home", "/home" },
		{ "36 35 0:50 / /var/lib/docker/overlay2/x/merged rw - overlay overlay rw", 0, NULL, NULL },
		{ "36 35 0:50 / /var/lib/docker/overlay2/x/merged rw - tmpfs overlay rw", 50, "/", "/var/lib/docker/overlay2/x/merged" },
		{ "36 35 x:1 / /mnt rw - ext4 /dev/root rw", 0, NULL, NULL }, { "36 35 98:1 /", 0, NULL, NULL }, { "", 0, NULL, NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_cleanup_free_ char *line = mem_strdup(cases[i].line);
		const char *root = NULL, *point = NULL;
		uint64_t dev = 0;

		CHECK_INT(sensor_mounts_parse(line, &dev, &root, &point), cases[i].root != NULL);
		CHECK_INT(dev, cases[i].dev);
		CHECK_STR(root, cases[i].root);
		CHECK_STR(point, cases[i].point);
	}
}

TEST(a_hard_link_to_a_watched_file_is_judged_as_that_file)
{
	struct world w;
	struct actor a = world_with_facts(&w);

	CHECK_INT(do_open(&w, &a, (struct open){ .path = "/tmp/x", .ret = 3, .file = { .ino = 4242, .nlink = 2 } }), 2);
	FIELD_IS(0, "fd.name", "/tmp/x");
	FIELD_IS(1, "fd.name", "/etc/shadow");
	CHECK_INT(do_open(&w, &a, (struct open){ .path = "/etc/shadow", .ret = 3, .file = { .ino = 4242, .nlink = 2 } }), 1);
	/* another device, another file */
	CHECK_INT(do_open(&w, &a, (struct open){ .path = "/tmp/x", .ret = 3, .file = { .ino = 4242, .nlink = 2, .dev = 99 } }), 1);
	world_done(&w);
}

static void do_two_paths(struct world *w, unsigned type, const struct actor *a, const char *from, const char *to, const struct file *file)
{
	wire_begin(w, type, a);
	sensor_wire_put_text(&w->b, SENSOR_P_RAW, from);
	sensor_wire_put_text(&w->b, SENSOR_P_RAW2, to);
	sensor_wire_put_path(&w->b, SENSOR_P_CWD, "/root", 0, NULL, 0);
	if (file)
		put_file(&w->b, *file);
	wire_end(w);
}

TEST(links_that_are_made_are_remembered_until_they_are_removed)
{
	struct world w;
	struct actor a = world_with_facts(&w);
	struct file f = { .ino = 700, .nlink = 2 };

	do_two_paths(&w, MODEL_EVT_LINKAT, &a, "/srv/secret", "link", &f);
	FIELD_IS(0, "evt.arg.oldpath", "/srv/secret");
	FIELD_IS(0, "evt.arg.newpath", "/root/link");
	FIELD_IS(0, "fs.path.source", "/srv/secret");
	FIELD_IS(0, "fs.path.target", "/root/link");
	FIELD_IS(0, "fs.path.targetraw", "link");
	CHECK_INT(do_open(&w, &a, (struct open){ .path = "/root/link", .ret = 3, .file = f }), 2);
	FIELD_IS(1, "fd.name", "/srv/secret");
	wire_begin(&w, MODEL_EVT_UNLINK, &a);
	sensor_wire_put_path(&w.b, SENSOR_P_PATH, "/srv/secret", 0, NULL, 0);
	put_file(&w.b, f);
	wire_end(&w);
	CHECK_INT(do_open(&w, &a, (struct open){ .path = "/root/link", .ret = 3, .file = f }), 1);
	world_done(&w);
}

TEST(links_without_an_inode_are_known_by_path_in_their_namespace)
{
	struct world w;
	struct actor a = world_with_facts(&w), box;
	struct file before = { .ino = 31, .nlink = 1, .dev = BOX_DEV }, after = { .ino = 77, .nlink = 2, .dev = BOX_DEV };

	world_box(&w, &box);
	do_two_paths(&w, MODEL_EVT_LINK, &box, "/etc/secret", "/etc/linked", NULL);
	do_two_paths(&w, MODEL_EVT_LINK, &box, "/etc/linked", "/etc/again", NULL);
	CHECK_INT(do_open(&w, &box, (struct open){ .path = "/etc/linked", .ret = 3, .file = after }), 2);
	FIELD_IS(0, "fd.name", "/etc/linked");
	FIELD_IS(1, "fd.name", "/etc/secret");
	CHECK_INT(do_open(&w, &box, (struct open){ .path = "/etc/again", .ret = 3, .file = after }), 2);
	FIELD_IS(1, "fd.name", "/etc/secret");
	/* another namespace, another file; a file that has one name only is no link */
	CHECK_INT(do_open(&w, &a, (struct open){ .path = "/etc/linked", .ret = 3, .file = after }), 1);
	CHECK_INT(do_open(&w, &box, (struct open){ .path = "/etc/linked", .ret = 3, .file = before }), 1);
	/* it goes where it is moved, and is gone when it is removed or written over */
	do_two_paths(&w, MODEL_EVT_RENAME, &box, "/etc/linked", "/etc/moved", NULL);
	CHECK_INT(do_open(&w, &box, (struct open){ .path = "/etc/linked", .ret = 3, .file = after }), 1);
	CHECK_INT(do_open(&w, &box, (struct open){ .path = "/etc/moved", .ret = 3, .file = after }), 2);
	do_two_paths(&w, MODEL_EVT_RENAME, &box, "/tmp/other", "/etc/moved", NULL);
	CHECK_INT(do_open(&w, &box, (struct open){ .path = "/etc/moved", .ret = 3, .file = after }), 1);
	world_done(&w);
}

TEST(links_known_by_path_are_bounded)
{
	struct world w;
	struct actor a = world_with_facts(&w);
	char from[64], to[64];

	for (int i = 0; i < 1500; i++) {
		snprintf(from, sizeof(from), "/srv/%d", i);
		snprintf(to, sizeof(to), "/srv/l%d", i);
		do_two_paths(&w, MODEL_EVT_LINK, &a, from, to, NULL);
	}
	CHECK_INT(do_open(&w, &a, (struct open){ .path = "/srv/l1499", .ret = 3, .file = { .ino = 9, .nlink = 2 } }), 2);
	CHECK_INT(do_open(&w, &a, (struct open){ .path = "/srv/l3", .ret = 3, .file = { .ino = 9, .nlink = 2 } }), 1);
	world_done(&w);
}

TEST(a_watched_name_follows_the_file_that_is_moved_onto_it)
{
	struct world w;
	struct actor a = world_with_facts(&w);
	struct file fresh = { .ino = 5555, .nlink = 1 };

	do_two_paths(&w, MODEL_EVT_RENAME, &a, "/etc/shadow+", "/etc/shadow", &fresh);
	fresh.nlink = 2;
	CHECK_INT(do_open(&w, &a, (struct open){ .path = "/tmp/x", .ret = 3, .file = fresh }), 2);
	FIELD_IS(1, "fd.name", "/etc/shadow");
	CHECK_INT(do_open(&w, &a, (struct open){ .path = "/tmp/y", .ret = 3, .file = { .ino = 4242, .nlink = 2 } }), 1);
	world_done(&w);
}

TEST(one_file_has_at_most_four_names)
{
	struct world w;
	struct actor a = world_with_facts(&w);
	struct file f = { .ino = 4242, .nlink = 9 };
	char to[32];

	for (int i = 0; i < 6; i++) {
		snprintf(to, sizeof(to), "/tmp/l%d", i);
		do_two_paths(&w, MODEL_EVT_LINK, &a, "/etc/shadow", to, &f);
	}
	CHECK_INT(do_open(&w, &a, (struct open){ .path = "/mnt/x/shadow", .ret = 3, .bind_root = "/etc", .n_first = 1, .file = f }), 4);
	FIELD_IS(1, "fd.name", "/etc/shadow");
	world_done(&w);
}

TEST(linked_files_are_bounded)
{
	struct world w;
	struct actor a = world_with_facts(&w);
	struct sensor_state_stats stats;
	uint64_t before = 0;
	char from[64], to[64];

	for (uint64_t i = 1; i <= 20000; i++) {
		snprintf(from, sizeof(from), "/srv/%llu", (unsigned long long)i);
		snprintf(to, sizeof(to), "/srv/l%llu", (unsigned long long)i);
		do_two_paths(&w, MODEL_EVT_LINK, &a, from, to, &(struct file){ .ino = 100000 + i, .nlink = 2 });
		sensor_state_stats(w.state, &stats);
		if (i == 8000)
			before = stats.memory_bytes;
	}
	CHECK_MSG(stats.memory_bytes < before + 100000, "%llu then %llu bytes", (unsigned long long)before, (unsigned long long)stats.memory_bytes);
	CHECK_INT(do_open(&w, &a, (struct open){ .path = "/tmp/x", .ret = 3, .file = { .ino = 4242, .nlink = 2 } }), 2);
	world_done(&w);
}

TEST(a_jump_through_proc_is_told)
{
	static const struct { const char *raw, *expect; } cases[] = {
		{ "/proc/self/root/etc/shadow", "true" }, { "/proc/1/cwd/x", "true" }, { "/proc/self/fd/3", "true" },
		{ "/proc/1/task/1/root/etc/shadow", "true" }, { "/proc/self/../1/root/x", "true" }, { "/proc/1/fd", "false" },
		{ "/proc/1/status", "false" }, { "/etc/shadow", "false" }, { "/proc/1/rootless", "false" },
	};
	struct world w;
	struct actor a = world_with_facts(&w);

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		do_open(&w, &a, (struct open){ .path = "/etc/shadow", .raw = cases[i].raw, .ret = 3 });
		CHECK_MSG(strcmp(field_of(&w, 0, "fd.via_magic_link"), cases[i].expect) == 0, "%s", cases[i].raw);
	}
	world_done(&w);
}

TEST(damaged_events_are_counted_and_give_nothing)
{
	struct world w;
	struct actor a = world_with_facts(&w);
	struct sensor_state_stats stats;

	wire_begin(&w, MODEL_EVT_OPENAT, &a);
	sensor_wire_put_text(&w.b, SENSOR_P_RAW, "x");
	((struct sensor_wire_param *)(w.b.event + 1))->len = 4000;
	CHECK_INT(wire_end(&w), 0);
	wire_begin(&w, MODEL_EVT_OPENAT, &a);
	w.b.event->n_params = 1;
	CHECK_INT(wire_end(&w), 0);
	wire_begin(&w, MODEL_EVT_MAX, &a);
	CHECK_INT(wire_end(&w), 0);
	sensor_state_stats(w.state, &stats);
	CHECK_INT(stats.n_damaged, 3);
	world_done(&w);
}

static struct strbuf told;

static void on_fact(void *data, int kind, const char *json, size_t len)
{
	(void)data;
	if (kind == CAPTURE_FACTS && len > 8 && memcmp(json, "{\"watch\"", 8) == 0) {
		strbuf_reset(&told);
		strbuf_add(&told, json, len);
	}
}

TEST(watched_files_are_found_on_disk_and_a_replay_knows_them_from_the_capture)
{
	char path[] = "/tmp/parka-watch-XXXXXX", expect[128];
	const char *const paths[] = { path, "/nowhere/at/all", "relative" };
	struct actor a = host_actor(500, 1, "cat", 1000);
	struct sensor_state_options options = { .may_read_proc = true, .on_fact = on_fact };
	struct world w;
	struct stat st;
	struct file f = { .nlink = 2 };

	strbuf_init(&told, 4096);
	CHECK(close(mkstemp(path)) == 0 && stat(path, &st) == 0);
	f.ino = st.st_ino;
	f.dev = (uint32_t)(major(st.st_dev) << 20 | minor(st.st_dev));
	world_init_with(&w, &options);
	sensor_state_watch_paths(w.state, paths, 1);
	snprintf(expect, sizeof(expect), "{\"watch\":[[%u,%llu,\"%s\"]]}", f.dev, (unsigned long long)f.ino, path);
	CHECK_STR(told.text, expect);
	sensor_state_watch_paths(w.state, paths, 3);
	CHECK_INT(do_open(&w, &a, (struct open){ .path = "/tmp/other", .ret = 3, .file = f }), 2);
	FIELD_IS(1, "fd.name", path);
	world_done(&w);
	world_init(&w);
	CHECK_INT(sensor_state_adopt(w.state, CAPTURE_FACTS, expect, strlen(expect), NULL), 0);
	CHECK_INT(do_open(&w, &a, (struct open){ .path = "/tmp/other", .ret = 3, .file = f }), 2);
	world_done(&w);
	strbuf_done(&told);
	unlink(path);
}

TEST(a_replayed_event_is_where_its_containers_root_is)
{
	struct sensor_filter_context context;
	struct world w;
	struct actor box;

	world_with_facts(&w);
	world_box(&w, &box);
	CHECK_INT(do_open(&w, &box, (struct open){ .path = "/etc/passwd", .ret = 3, .file = { .dev = BOX_DEV } }), 1);
	sensor_record_filter_context(w.records[0], &context);
	CHECK_INT(context.where, FILTER_WHERE_CONTAINER);
	w.box.rootfs = "/srv/box";
	sensor_record_filter_context(w.records[0], &context);
	CHECK_INT(context.where, FILTER_WHERE_ELSEWHERE);
	world_done(&w);
}

TAP_MAIN()
