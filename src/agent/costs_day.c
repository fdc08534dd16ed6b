/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DIR/costs.json:
 *   {"version":1,"date":"2026-11-25","since":1764028800,"until":1764065000,
 *    "agent":{"pid":412,"started":1764028790,"rules":140,"containers":3,"rss":23068672},
 *    "total":{"seen":...},"types":[{"id":"openat","seen":...}],"containers":[...],"rules":[...]}
 */
#include "agent/costs.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { VERSION = 1 };

static const char current[] = "costs.json", before[] = "costs-1.json", damaged[] = "costs.json.damaged",
	written[] = "costs.json.new", locked[] = "costs.lock", asked[] = "costs.asked";

void agent_day_init(struct agent_day *day)
{
	*day = (struct agent_day){ 0 };
}

void agent_day_done(struct agent_day *day)
{
	agent_sums_done(&day->sums);
}

void agent_day_date(int64_t epoch_s, char ret_date[11])
{
	time_t t = (time_t)epoch_s;
	struct tm tm;

	if (!localtime_r(&t, &tm) || strftime(ret_date, 11, "%Y-%m-%d", &tm) == 0)
		memcpy(ret_date, "0000-00-00", 11);
}

static void write_agent(const struct agent_day_agent *agent, struct json_writer *w)
{
	if (!agent->pid)
		return;
	json_object_begin(w, "agent");
	json_put_uint(w, "pid", agent->pid);
	json_put_int(w, "started", agent->started_s);
	json_put_uint(w, "rules", agent->n_rules);
	json_put_uint(w, "containers", agent->n_containers);
	json_put_uint(w, "rss", agent->rss_bytes);
	json_object_end(w);
}

static uint64_t number_of(const json_t *json, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(json, key));

	return n > 0 ? (uint64_t)n : 0;
}

/* Text that others may write: what is no number is 0. */
static struct agent_day_agent read_agent(const json_t *json)
{
	return (struct agent_day_agent){
		.pid = number_of(json, "pid"), .started_s = (int64_t)number_of(json, "started"), .n_rules = number_of(json, "rules"),
		.n_containers = number_of(json, "containers"), .rss_bytes = number_of(json, "rss"),
	};
}

void agent_day_write(const struct agent_day *day, struct strbuf *out)
{
	struct json_writer w = json_writer(out);

	json_object_begin(&w, NULL);
	json_put_int(&w, "version", VERSION);
	json_put_str(&w, "date", day->date);
	json_put_int(&w, "since", day->since_s);
	json_put_int(&w, "until", day->until_s);
	write_agent(&day->agent, &w);
	agent_sums_write(&day->sums, &w);
	json_object_end(&w);
}

static bool is_date(const char *text)
{
	static const char shape[] = "dddd-dd-dd";

	if (!text || strlen(text) != sizeof(shape) - 1)
		return false;
	for (size_t i = 0; shape[i]; i++)
		if (shape[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != shape[i])
			return false;
	return true;
}

static bool read_time(const json_t *json, const char *key, int64_t *ret)
{
	const json_t *value = json_object_get(json, key);

	*ret = json_integer_value(value);
	return json_is_integer(value) && *ret >= 0 && *ret < INT64_C(1) << 40;
}

static int parse(struct agent_day *day, const json_t *json, struct err *err)
{
	const char *date = json_text(json, "date", NULL);

	if (!json_is_integer(json_object_get(json, "version")))
		return err_set(err, -EBADMSG, "no cost account of parka");
	if (json_integer_value(json_object_get(json, "version")) != VERSION)
		return err_set(err, -EBADMSG, "a cost account of version %lld; this parka knows %d",
			       (long long)json_integer_value(json_object_get(json, "version")), VERSION);
	if (!is_date(date) || !read_time(json, "since", &day->since_s) || !read_time(json, "until", &day->until_s))
		return err_set(err, -EBADMSG, "'date', 'since' or 'until' is no date or time");
	memcpy(day->date, date, sizeof(day->date));
	day->agent = read_agent(json_object_get(json, "agent"));
	return agent_sums_read(&day->sums, json, err);
}

int agent_day_parse(struct agent_day *day, const char *text, size_t len, const char *input, struct err *err)
{
	_cleanup_json_ json_t *json = NULL;
	int r;

	if (len > AGENT_DAY_BYTES_MAX)
		return err_set(err, -EBADMSG, "%s: more than %d bytes", input, AGENT_DAY_BYTES_MAX);
	r = json_parse(text, len, input, &json, err);
	if (r == 0)
		r = parse(day, json, err);
	if (r < 0) {
		agent_day_done(day);
		agent_day_init(day);
		return err_wrap(err, "%s", input);
	}
	return 0;
}

static int read_at(struct agent_day *day, int dirfd, const char *dir, struct err *err)
{
	struct arena arena;
	char *text = NULL;
	size_t len = 0;
	int r;

	arena_init(&arena, AGENT_DAY_BYTES_MAX + (1 << 16));
	r = file_read_at(dirfd, current, AGENT_DAY_BYTES_MAX, &arena, &text, &len, err);
	if (r == -E2BIG)
		r = err_set(err, -EBADMSG, "%s: more than %d bytes", current, AGENT_DAY_BYTES_MAX);
	if (r == 0)
		r = agent_day_parse(day, text, len, current, err);
	arena_done(&arena);
	return r < 0 ? err_wrap(err, "%s", dir) : 0;
}

int agent_day_read(struct agent_day *day, const char *dir, struct err *err)
{
	_cleanup_close_ int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_set_os(err, -errno, "open %s", dir);
	return read_at(day, fd, dir, err);
}

/* ---- keeping ---- */

struct agent_day_keeper {
	struct agent_day day;
	struct agent_sums before;        /* of the run, when it was last added */
	struct agent_sums added;         /* scratch */
	struct strbuf text;
	int dirfd, lock_fd;
};

static int open_dir(struct agent_day_keeper *k, const char *dir, struct err *err)
{
	int r = file_make_dirs(dir, 0755, err);

	if (r < 0)
		return r;
	k->dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (k->dirfd < 0)
		return err_set_os(err, -errno, "open %s", dir);
	k->lock_fd = openat(k->dirfd, locked, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (k->lock_fd < 0)
		return err_set_os(err, -errno, "make %s/%s", dir, locked);
	if (flock(k->lock_fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? err_set(err, -EBUSY, "another parka keeps the account in %s", dir)
					    : err_set_os(err, -errno, "lock %s/%s", dir, locked);
	return 0;
}

static void begin_day(struct agent_day *day, int64_t now_s)
{
	agent_sums_clear(&day->sums);
	agent_day_date(now_s, day->date);
	day->since_s = day->until_s = now_s;
}

/* Another date than the file's. A clock that was set back is another day, too. */
static bool has_ended(const struct agent_day *day, int64_t now_s)
{
	char date[11];

	agent_day_date(now_s, date);
	return strcmp(day->date, date) != 0;
}

int agent_day_open(const char *dir, int64_t now_s, struct agent_day_keeper **ret_keeper, struct err *err)
{
	struct agent_day_keeper *k = mem_alloc(sizeof(*k));
	int r;

	k->dirfd = k->lock_fd = -1;
	agent_day_init(&k->day);
	strbuf_init(&k->text, AGENT_DAY_BYTES_MAX);
	r = open_dir(k, dir, err);
	if (r == 0)
		r = read_at(&k->day, k->dirfd, dir, err);
	if (r == -EBADMSG) {
		(void)renameat(k->dirfd, current, k->dirfd, damaged);
		r = 1;
	} else if (r < 0 && r != -ENOENT) {
		agent_day_close(k);
		return r;
	} else if (r == -ENOENT) {
		if (err)
			*err = ERR_INIT;
		r = 0;
	}
	if (!k->day.date[0])
		begin_day(&k->day, now_s);
	*ret_keeper = k;
	return r;
}

static int replace_file(struct agent_day_keeper *k, struct err *err)
{
	_cleanup_close_ int fd = openat(k->dirfd, written, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	int r;

	if (fd < 0)
		return err_set_os(err, -errno, "make %s", written);
	r = fd_write_all(fd, k->text.text, k->text.len);
	if (r < 0)
		return err_set_os(err, r, "write %s", written);
	if (renameat(k->dirfd, written, k->dirfd, current) < 0)
		return err_set_os(err, -errno, "rename %s to %s", written, current);
	return 0;
}

int agent_day_keep(struct agent_day_keeper *k, const struct agent_sums *sums, int64_t now_s, struct err *err)
{
	if (has_ended(&k->day, now_s)) {
		if (renameat(k->dirfd, current, k->dirfd, before) < 0 && errno != ENOENT)
			return err_set_os(err, -errno, "rename %s to %s", current, before);
		begin_day(&k->day, now_s);
	}
	agent_sums_since(&k->added, sums, &k->before);
	agent_sums_add(&k->day.sums, &k->added);
	agent_sums_add(&k->before, &k->added);
	k->day.until_s = now_s;
	strbuf_reset(&k->text);
	agent_day_write(&k->day, &k->text);
	if (k->text.truncated)
		return err_set(err, -E2BIG, "the account has more than %d bytes", AGENT_DAY_BYTES_MAX);
	return replace_file(k, err);
}

void agent_day_about(struct agent_day_keeper *k, const struct agent_day_agent *agent)
{
	k->day.agent = *agent;
}

/* Whether somebody holds the lock. */
static int is_kept(int dirfd, const char *dir, struct err *err)
{
	_cleanup_close_ int fd = openat(dirfd, locked, O_RDWR | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? 0 : err_set_os(err, -errno, "open %s/%s", dir, locked);
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	return errno == EWOULDBLOCK ? 1 : err_set_os(err, -errno, "lock %s/%s", dir, locked);
}

int agent_day_ask(const char *dir, struct err *err)
{
	_cleanup_close_ int dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd = -1;
	int r;

	if (dirfd < 0)
		return errno == ENOENT ? 0 : err_set_os(err, -errno, "open %s", dir);
	r = is_kept(dirfd, dir, err);
	if (r <= 0)
		return r;
	fd = openat(dirfd, asked, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || futimens(fd, NULL) < 0)
		return err_set_os(err, -errno, "ask for the account by %s/%s", dir, asked);
	return 1;
}

bool agent_day_asked(const struct agent_day_keeper *k, int64_t now_s)
{
	struct stat st;

	return fstatat(k->dirfd, asked, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_mtime <= now_s && now_s - st.st_mtime <= AGENT_DAY_ASKED_S;
}

struct agent_day_keeper *agent_day_close(struct agent_day_keeper *k)
{
	if (!k)
		return NULL;
	agent_day_done(&k->day);
	agent_sums_done(&k->before);
	agent_sums_done(&k->added);
	strbuf_done(&k->text);
	fd_close_at(&k->dirfd);
	fd_close_at(&k->lock_fd);
	free(k);
	return NULL;
}
