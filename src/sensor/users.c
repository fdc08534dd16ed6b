/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/users.h"
#include "base/file.h"
#include "base/json.h"
#include "sensor/capture.h"
#include "sensor/limits.h"
#include "sensor/state.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct sensor_user_table *table_get(struct sensor_users *users, const char *key)
{
	struct sensor_user_table *t = map_get(&users->tables, key, strlen(key));

	if (t || users->tables.n >= LIMIT_SENSOR_USER_TABLES)
		return t;
	t = mem_alloc(sizeof(*t));
	t->key = mem_strdup(key);
	arena_init(&t->texts, 2 * LIMIT_SENSOR_USERS_BYTES);
	map_put(&users->tables, t->key, strlen(key), t);
	return t;
}

void sensor_users_init(struct sensor_users *users, const struct sensor_state_options *options)
{
	*users = (struct sensor_users){ .options = options, .etc = "/etc" };
	users->host = table_get(users, "");
}

void sensor_users_done(struct sensor_users *users)
{
	struct sensor_user_table *t;

	for (size_t i = 0; (t = map_next(&users->tables, &i)); ) {
		arena_done(&t->texts);
		map_done(&t->users);
		map_done(&t->groups);
		free(t->key);
		free(t);
	}
	map_done(&users->tables);
}

static void add_user(struct sensor_user_table *t, uint32_t uid, const char *name, const char *home, const char *shell)
{
	struct sensor_user *u;

	if (t->users.n >= LIMIT_SENSOR_USERS || map_get_u64(&t->users, (uint64_t)uid + 1))
		return;                                         /* as getpwuid(): the first line wins */
	u = arena_alloc(&t->texts, sizeof(*u));
	if (!u)
		return;
	u->name = arena_strdup(&t->texts, name);
	u->home = home ? arena_strdup(&t->texts, home) : NULL;
	u->shell = shell ? arena_strdup(&t->texts, shell) : NULL;
	if (u->name)
		map_put_u64(&t->users, (uint64_t)uid + 1, u);
}

static void add_group(struct sensor_user_table *t, uint32_t gid, const char *name)
{
	char *copy;

	if (t->groups.n >= LIMIT_SENSOR_USERS || map_get_u64(&t->groups, (uint64_t)gid + 1))
		return;
	copy = arena_strdup(&t->texts, name);
	if (copy)
		map_put_u64(&t->groups, (uint64_t)gid + 1, copy);
}

/* "name:x:1000:1000:text:/home:/bin/sh" or "name:x:1000:members". */
static void parse_line(struct sensor_user_table *t, char *line, bool is_group)
{
	char *field[7] = { 0 };
	unsigned n = 0;
	char *end;
	unsigned long id;

	while (n < ARRAY_LEN(field) && line)
		field[n++] = strsep(&line, ":");
	if (n < 3 || !field[0][0] || !field[2][0])
		return;
	errno = 0;
	id = strtoul(field[2], &end, 10);
	if (errno || *end || id > UINT32_MAX - 1 || field[2][0] == '-')
		return;
	if (is_group)
		add_group(t, (uint32_t)id, field[0]);
	else
		add_user(t, (uint32_t)id, field[0], n > 5 ? field[5] : NULL, n > 6 ? field[6] : NULL);
}

static void parse_text(struct sensor_user_table *t, char *text, bool is_group)
{
	while (text && *text) {
		char *line = strsep(&text, "\n");
		if (line[0] != '#' && line[0] != '+' && line[0] != '-')
			parse_line(t, line, is_group);
	}
}

/* passwd or group below `root`, whose symbolic links are followed within it only. */
static int open_in_root(const char *root, const char *path)
{
	struct open_how how = { .flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
	_cleanup_close_ int dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return dir < 0 ? -1 : (int)syscall(SYS_openat2, dir, path, &how, sizeof(how));
}

static uint64_t stamp_of(const struct stat *st)
{
	uint64_t stamp[] = { st->st_dev, st->st_ino, (uint64_t)st->st_size, (uint64_t)st->st_mtim.tv_sec,
			     (uint64_t)st->st_mtim.tv_nsec };
	uint64_t sum = 1469598103934665603u;

	for (size_t i = 0; i < ARRAY_LEN(stamp); i++)
		sum = (sum ^ stamp[i]) * 1099511628211u;
	return sum;
}

struct source { int fd[2]; uint64_t stamp[2]; bool has_root; };

static void source_open(struct source *s, const char *root, const char *etc)
{
	static const char *const names[] = { "passwd", "group" };

	s->has_root = access(root, F_OK) == 0;
	for (unsigned i = 0; i < 2; i++) {
		char path[4096];
		struct stat st;

		s->stamp[i] = 0;
		snprintf(path, sizeof(path), "%s/%s", etc, names[i]);
		s->fd[i] = open_in_root(root, path);
		if (s->fd[i] >= 0 && fstat(s->fd[i], &st) == 0 && S_ISREG(st.st_mode))
			s->stamp[i] = stamp_of(&st);
	}
}

static void source_close(struct source *s)
{
	for (unsigned i = 0; i < 2; i++)
		if (s->fd[i] >= 0)
			close(s->fd[i]);
}

static int by_number(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* The ids of a map in order: what is written must not depend on the order of a hash table. */
static uint64_t *sorted_ids(const struct map *map, size_t *ret_n)
{
	uint64_t *ids = mem_array(map->n + 1, sizeof(*ids));
	size_t n = 0;

	for (size_t i = 0; i < map->size; i++)
		if (map->slots[i].hash > 1)
			ids[n++] = map->slots[i].number_or_len;
	qsort(ids, n, sizeof(*ids), by_number);
	*ret_n = n;
	return ids;
}

static void put_groups(const struct sensor_user_table *t, struct json_writer *w)
{
	size_t n;
	_cleanup_free_ uint64_t *ids = sorted_ids(&t->groups, &n);

	json_array_begin(w, "groups");
	for (size_t i = 0; i < n; i++) {
		json_array_begin(w, NULL);
		json_put_uint(w, NULL, ids[i] - 1);
		json_put_str(w, NULL, map_get_u64(&t->groups, ids[i]));
		json_array_end(w);
	}
	json_array_end(w);
}

static void tell_recorder(const struct sensor_users *users, const struct sensor_user_table *t)
{
	_cleanup_strbuf_ struct strbuf sb;
	struct json_writer w;
	size_t n;
	_cleanup_free_ uint64_t *ids = sorted_ids(&t->users, &n);

	strbuf_init(&sb, LIMIT_CAPTURE_RECORD_BYTES);
	if (!users->options->on_fact)
		return;
	w = json_writer(&sb);
	json_object_begin(&w, NULL);
	json_put_str(&w, "container", t->key);
	json_array_begin(&w, "users");
	for (size_t i = 0; i < n; i++) {
		const struct sensor_user *u = map_get_u64(&t->users, ids[i]);
		json_array_begin(&w, NULL);
		json_put_uint(&w, NULL, ids[i] - 1);
		json_put_str(&w, NULL, u->name);
		json_put_str(&w, NULL, u->home);
		json_put_str(&w, NULL, u->shell);
		json_array_end(&w);
	}
	json_array_end(&w);
	put_groups(t, &w);
	json_object_end(&w);
	/* A file with too many users for one record is not half told: the replay shows numbers instead. */
	if (!sb.truncated)
		users->options->on_fact(users->options->on_data, CAPTURE_USERS, sb.text, sb.len);
}

static void table_clear(struct sensor_user_table *t)
{
	map_clear(&t->users);
	map_clear(&t->groups);
	arena_reset(&t->texts);
}

static void table_read(struct sensor_users *users, struct sensor_user_table *t, struct source *s)
{
	struct arena file;

	table_clear(t);
	arena_init(&file, 2 * LIMIT_SENSOR_USERS_BYTES + 4096);
	for (unsigned i = 0; i < 2; i++) {
		char *text;
		size_t len;
		if (s->stamp[i] && file_read_fd(s->fd[i], "passwd", LIMIT_SENSOR_USERS_BYTES, &file, &text, &len, NULL) == 0)
			parse_text(t, text, i == 1);
		t->stamp[i] = s->stamp[i];
	}
	arena_done(&file);
	tell_recorder(users, t);
}

static struct sensor_user_table *table_for(struct sensor_users *users, const char *container_id, uint32_t pid, uint64_t now_ns,
					   uint64_t wait_ns)
{
	struct sensor_user_table *t = container_id ? table_get(users, container_id) : users->host;
	char root[64] = "/";
	struct source s;

	if (!t || t->adopted || !users->options->may_read_proc)
		return t;
	if (t->checked_ns && now_ns < t->checked_ns + wait_ns)
		return t;
	if (container_id)
		snprintf(root, sizeof(root), "/proc/%u/root", pid);
	/* Its process is gone before it was asked: the next one may tell. */
	if (access(root, F_OK) < 0)
		return t;
	t->checked_ns = now_ns ? now_ns : 1;
	source_open(&s, root, users->etc);
	if (s.has_root)
		t->checked_ns = now_ns ? now_ns : 1;
	/* A process that is gone says nothing about its container: what was known stays. */
	if ((s.stamp[0] || s.stamp[1]) && (s.stamp[0] != t->stamp[0] || s.stamp[1] != t->stamp[1]))
		table_read(users, t, &s);
	source_close(&s);
	return t;
}

const struct sensor_user *sensor_user_by_uid(struct sensor_users *users, const char *container_id, uint32_t pid,
					     uint32_t uid, uint64_t now_ns)
{
	const struct sensor_user_table *t = table_for(users, container_id, pid, now_ns, LIMIT_SENSOR_USERS_RECHECK_NS);
	const struct sensor_user *user = t ? map_get_u64(&t->users, (uint64_t)uid + 1) : NULL;

	if (user || !t)
		return user;
	t = table_for(users, container_id, pid, now_ns, LIMIT_SENSOR_USERS_MISS_NS);
	return map_get_u64(&t->users, (uint64_t)uid + 1);
}

const char *sensor_group_by_gid(struct sensor_users *users, const char *container_id, uint32_t pid,
				uint32_t gid, uint64_t now_ns)
{
	const struct sensor_user_table *t = table_for(users, container_id, pid, now_ns, LIMIT_SENSOR_USERS_RECHECK_NS);
	const char *name = t ? map_get_u64(&t->groups, (uint64_t)gid + 1) : NULL;

	if (name || !t)
		return name;
	t = table_for(users, container_id, pid, now_ns, LIMIT_SENSOR_USERS_MISS_NS);
	return map_get_u64(&t->groups, (uint64_t)gid + 1);
}

static uint32_t id_at(const json_t *row)
{
	json_int_t id = json_integer_value(json_array_get(row, 0));

	return id >= 0 && id < UINT32_MAX ? (uint32_t)id : UINT32_MAX;
}

int sensor_users_adopt(struct sensor_users *users, const char *json, size_t len, struct err *err)
{
	_cleanup_json_ json_t *doc = NULL;
	const char *key;
	struct sensor_user_table *t;
	json_t *row;
	size_t i;
	int r = json_parse(json, len, "users of the capture", &doc, err);

	if (r < 0)
		return r;
	key = json_text(doc, "container", NULL);
	if (!key)
		return err_set(err, -EBADMSG, "users of the capture: no \"container\"");
	t = table_get(users, key);
	if (!t)
		return 0;
	table_clear(t);
	t->adopted = true;
	json_array_foreach(json_at(doc, "users", NULL), i, row)
		if (json_string_value(json_array_get(row, 1)) && id_at(row) != UINT32_MAX)
			add_user(t, id_at(row), json_string_value(json_array_get(row, 1)),
				 json_string_value(json_array_get(row, 2)), json_string_value(json_array_get(row, 3)));
	json_array_foreach(json_at(doc, "groups", NULL), i, row)
		if (json_string_value(json_array_get(row, 1)) && id_at(row) != UINT32_MAX)
			add_group(t, id_at(row), json_string_value(json_array_get(row, 1)));
	return 0;
}
