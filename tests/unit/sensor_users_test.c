/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor_help.h"
#include "sensor/cgroup_fs.h"
#include "sensor/users.h"

#include <fcntl.h>
#include <unistd.h>

static char dir[] = "/tmp/parka-users-XXXXXX";
static struct strbuf told;

static void on_fact(void *data, int kind, const char *json, size_t len)
{
	(void)data;
	CHECK_INT(kind, CAPTURE_USERS);
	strbuf_reset(&told);
	strbuf_add(&told, json, len);
}

static void put(const char *name, const char *text)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

static void users_begin(struct sensor_users *users, struct sensor_state_options *options)
{
	memcpy(dir + sizeof(dir) - 7, "XXXXXX", 6);
	CHECK(mkdtemp(dir) != NULL);
	strbuf_init(&told, 1 << 20);
	*options = (struct sensor_state_options){ .may_read_proc = true, .on_fact = on_fact };
	sensor_users_init(users, options);
	users->etc = dir;
}

static void users_end(struct sensor_users *users)
{
	char path[256];

	sensor_users_done(users);
	strbuf_done(&told);
	snprintf(path, sizeof(path), "%s/passwd", dir);
	unlink(path);
	snprintf(path, sizeof(path), "%s/group", dir);
	unlink(path);
	rmdir(dir);
}

static const char *name_of(struct sensor_users *users, uint32_t uid, uint64_t now_s)
{
	const struct sensor_user *u = sensor_user_by_uid(users, NULL, 0, uid, now_s * 1000000000);

	return u ? u->name : NULL;
}

TEST(names_are_read_and_read_again_when_the_file_changed_but_not_at_once)
{
	struct sensor_state_options options;
	struct sensor_users users;

	users_begin(&users, &options);
	put("passwd", "root:x:0:0:root:/root:/bin/bash\nann:x:1000:1000::/home/ann:/bin/sh\nbob:x:1000:1000::/b:/s\n");
	put("group", "root:x:0:\nstaff:x:50:ann,bob\n");
	CHECK_STR(name_of(&users, 0, 10), "root");
	CHECK_STR(name_of(&users, 1000, 10), "ann");
	CHECK_STR(sensor_user_by_uid(&users, NULL, 0, 1000, 10)->home, "/home/ann");
	CHECK_STR(sensor_group_by_gid(&users, NULL, 0, 50, 10), "staff");
	CHECK_STR(name_of(&users, 7, 10), NULL);
	put("passwd", "root:x:0:0:root:/root:/bin/bash\neve:x:1000:1000::/home/eve:/bin/sh\n");
	CHECK_STR(name_of(&users, 1000, 12), "ann");
	CHECK_STR(name_of(&users, 1000, 16), "eve");
	users_end(&users);
}

TEST(a_user_made_just_now_is_known_without_the_wait)
{
	struct sensor_state_options options;
	struct sensor_users users;

	users_begin(&users, &options);
	put("passwd", "root:x:0:0:root:/root:/bin/bash\n");
	put("group", "root:x:0:\n");
	CHECK_STR(name_of(&users, 1000, 10), NULL);
	put("passwd", "root:x:0:0:root:/root:/bin/bash\nann:x:1000:1000::/home/ann:/bin/sh\n");
	put("group", "root:x:0:\nann:x:1000:\n");
	CHECK_STR(name_of(&users, 0, 11), "root");
	CHECK_STR(name_of(&users, 1000, 11), "ann");
	CHECK_STR(sensor_group_by_gid(&users, NULL, 0, 1000, UINT64_C(11) * 1000000000), "ann");
	/* a number that has no name is not looked for at every event */
	CHECK_STR(name_of(&users, 7, 12), NULL);
	put("passwd", "eve:x:7:7::/:/bin/sh\n");
	CHECK(!sensor_user_by_uid(&users, NULL, 0, 7, UINT64_C(12) * 1000000000 + 1000));
	users_end(&users);
}

TEST(a_process_that_is_gone_does_not_delay_the_names_of_its_container)
{
	struct sensor_state_options options;
	struct sensor_users users;
	const struct sensor_user *u;

	users_begin(&users, &options);
	put("passwd", "www:x:33:33:www:/:/bin/sh\n");
	CHECK(!sensor_user_by_uid(&users, "c1", UINT32_MAX, 33, UINT64_C(10) * 1000000000));
	u = sensor_user_by_uid(&users, "c1", (uint32_t)getpid(), 33, UINT64_C(10) * 1000000000 + 1);
	CHECK_STR(u ? u->name : NULL, "www");
	users_end(&users);
}

TEST(lines_that_are_none_are_left_out)
{
	struct sensor_state_options options;
	struct sensor_users users;

	users_begin(&users, &options);
	put("passwd", "# comment\n+nis::::::\n:x:5:5:::\nx\nneg:x:-1:0:::\nbig:x:99999999999:0:::\nbad:x:7up:0:::\nlast:x:9:9:::/bin/sh");
	put("group", "");
	for (uint32_t uid = 0; uid < 9; uid++)
		CHECK_STR(name_of(&users, uid, 1), NULL);
	CHECK_STR(name_of(&users, 9, 1), "last");
	CHECK_STR(name_of(&users, UINT32_MAX, 1), NULL);
	users_end(&users);
}

TEST(what_a_recorder_was_told_gives_the_same_names_without_files)
{
	struct sensor_state_options options, replay = { 0 };
	struct sensor_users users, again;

	users_begin(&users, &options);
	put("passwd", "root:x:0:0:root:/root:/bin/bash\nann:x:1000:1000::/home/ann:/bin/sh\n");
	put("group", "staff:x:50:\n");
	CHECK_STR(name_of(&users, 1000, 1), "ann");
	CHECK_STR(told.text, "{\"container\":\"\",\"users\":[[0,\"root\",\"/root\",\"/bin/bash\"],[1000,\"ann\",\"/home/ann\",\"/bin/sh\"]],"
			     "\"groups\":[[50,\"staff\"]]}");
	sensor_users_init(&again, &replay);
	CHECK_STR(name_of(&again, 1000, 1), NULL);
	CHECK_INT(sensor_users_adopt(&again, told.text, told.len, NULL), 0);
	CHECK_STR(name_of(&again, 1000, 1), "ann");
	CHECK_STR(sensor_group_by_gid(&again, NULL, 0, 50, 1), "staff");
	sensor_users_done(&again);
	users_end(&users);
}

TEST(a_container_has_its_own_names_and_keeps_them_past_its_last_process)
{
	struct sensor_state_options options;
	struct sensor_users users;
	const struct sensor_user *u;

	users_begin(&users, &options);
	put("passwd", "boxed:x:0:0::/:/bin/sh\n");
	put("group", "boxed:x:0:\n");
	/* /proc/PID/root of this very process is the host's root: what is read is the same file by another way. */
	u = sensor_user_by_uid(&users, "5be1f2", (uint32_t)getpid(), 0, 1000000000);
	CHECK(u && strcmp(u->name, "boxed") == 0);
	u = sensor_user_by_uid(&users, "5be1f2", 0x7ffffff0, 0, 20000000000);
	CHECK(u && strcmp(u->name, "boxed") == 0);
	users_end(&users);
}

TEST(a_fifo_in_the_place_of_passwd_does_not_hang)
{
	struct sensor_state_options options;
	struct sensor_users users;
	char path[256];

	users_begin(&users, &options);
	snprintf(path, sizeof(path), "%s/passwd", dir);
	CHECK(mkfifo(path, 0644) == 0);
	CHECK_STR(name_of(&users, 0, 1), NULL);
	users_end(&users);
}

static void found(void *data, uint64_t id, const char *path, size_t len)
{
	(void)path;
	(void)len;
	if (id == ((uint64_t *)data)[0])
		((uint64_t *)data)[1]++;
}

TEST(the_group_of_a_process_is_found_by_its_inode)
{
	char mount[128];
	struct stat st;
	uint64_t want[2] = { 0 };

	if (stat("/sys/fs/cgroup", &st) != 0)
		SKIP("no control groups here");
	CHECK(!sensor_cgroup_fs_find((uint32_t)getpid(), UINT64_MAX, mount, sizeof(mount)));
	want[0] = st.st_ino;
	sensor_cgroup_fs_scan("/sys/fs/cgroup", found, want);
	CHECK_INT(want[1] >= 1, 1);
}

TAP_MAIN()
