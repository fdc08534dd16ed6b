/* SPDX-License-Identifier: Apache-2.0 */
#include "bolt_file.h"
#include "runtime/limits.h"
#include "tap.h"

#include <errno.h>
#include <stdio.h>
#include <fcntl.h>
#include <sys/file.h>

/*
 *  page 3   root: v1 -> page 4, lone (inline: a, b), note = hello
 *  page 4   branch: "k000" -> 5, "k100" -> 6, "k200" -> 7
 *  5 6 7    leaves: k000..k099, k100..k199 (values of 40 bytes), k200 = 9000 bytes with two overflow pages
 */
static struct bolt_file *file_new(void)
{
	static char keys[200][8], big[9000], values[200][41];
	struct bolt_file *f = mem_alloc(sizeof(*f));
	struct bolt_item items[200], inner[2] = { bolt_text("a", "1"), bolt_text("b", "") };
	uint8_t v1[16], lone[256];

	bolt_meta(f, 0, 6, 2);
	bolt_meta(f, 1, 7, 3);
	bolt_page(f, 2, 2, 0, (struct bolt_item[]){ bolt_text("note", "old") }, 1);
	bolt_page(f, 3, 2, 0, (struct bolt_item[]){ bolt_bucket_inline("lone", lone, inner, 2), bolt_text("note", "hello"),
		bolt_bucket_at("v1", v1, 4) }, 3);
	bolt_page(f, 4, 1, 0, (struct bolt_item[]){ { .key = "k000", .child = 5 }, { .key = "k100", .child = 6 }, { .key = "k200", .child = 7 } }, 3);
	for (unsigned i = 0; i < 200; i++) {
		snprintf(keys[i], sizeof(keys[i]), "k%03u", i);
		snprintf(values[i], sizeof(values[i]), "k%03u-%030u", i, i);
		items[i] = bolt_text(keys[i], values[i]);
	}
	bolt_page(f, 5, 2, 1, items, 100);
	bolt_page(f, 8, 2, 1, items + 100, 100);
	bolt_put(f->bytes + 4 * BOLT_FILE_PAGE + 16 + 16 + 8, 8, 8);   /* k100 -> 8 */
	memset(big, 'x', sizeof(big));
	bolt_page(f, 10, 2, 2, (struct bolt_item[]){ { "k200", big, sizeof(big), false, 0 } }, 1);
	bolt_put(f->bytes + 4 * BOLT_FILE_PAGE + 16 + 32 + 8, 10, 8);
	return f;
}

struct opened { struct bolt_file *file; int fd; struct arena arena; struct runtime_bolt bolt; int r; };

static void open_it(struct opened *o, struct bolt_file *file)
{
	o->file = file;
	o->fd = bolt_open(file);
	arena_init(&o->arena, LIMIT_RUNTIME_SCRATCH_BYTES);
	o->r = runtime_bolt_begin(o->fd, &o->arena, &o->bolt, NULL);
}

static void close_it(struct opened *o)
{
	arena_done(&o->arena);
	close(o->fd);
	free(o->file);
}

static const char *get(struct opened *o, const struct runtime_bolt_bucket *bucket, const char *key)
{
	struct runtime_bolt_text text;
	int r = runtime_bolt_get(&o->bolt, bucket, key, &text, NULL);

	return r == 0 ? arena_strndup(&o->arena, text.text, text.len) : r == -ENOENT ? NULL : "?";
}

TEST(keys_are_found_in_inline_buckets_in_leaves_and_through_branches)
{
	static const char *const there[] = { "k000", "k001", "k099", "k100", "k150", "k199" };
	static const char *const missing[] = { "", "a", "k", "k0000", "k0991", "k1995", "k2", "k201", "z", "k099k" };
	struct runtime_bolt_bucket v1, lone, none;
	struct runtime_bolt_text big;
	struct opened o;

	open_it(&o, file_new());
	CHECK_INT(o.r, 0);
	CHECK_STR(get(&o, NULL, "note"), "hello");
	CHECK_INT(runtime_bolt_bucket(&o.bolt, NULL, "lone", &lone, NULL), 0);
	CHECK_STR(get(&o, &lone, "a"), "1");
	CHECK_STR(get(&o, &lone, "b"), "");
	CHECK_STR(get(&o, &lone, "c"), NULL);
	CHECK_INT(runtime_bolt_bucket(&o.bolt, NULL, "v1", &v1, NULL), 0);
	for (size_t i = 0; i < ARRAY_LEN(there); i++)
		CHECK_MSG(get(&o, &v1, there[i]) && strncmp(get(&o, &v1, there[i]), there[i], 4) == 0, "%s", there[i]);
	for (size_t i = 0; i < ARRAY_LEN(missing); i++)
		CHECK_MSG(get(&o, &v1, missing[i]) == NULL, "'%s'", missing[i]);
	CHECK_INT(runtime_bolt_get(&o.bolt, &v1, "k200", &big, NULL), 0);
	CHECK_INT(big.len, 9000);
	CHECK(big.text[0] == 'x' && big.text[8999] == 'x');
	CHECK_INT(runtime_bolt_bucket(&o.bolt, NULL, "note", &none, NULL), -ENOENT);
	CHECK_INT(runtime_bolt_get(&o.bolt, NULL, "v1", &big, NULL), -ENOENT);
	close_it(&o);
}

static void count_key(void *data, struct runtime_bolt_text key, struct runtime_bolt_text value)
{
	unsigned *n = data;
	char want[8];

	snprintf(want, sizeof(want), "k%03u", (*n)++);
	CHECK_MSG(key.len == 4 && memcmp(key.text, want, 4) == 0, "%.*s is not %s", (int)key.len, key.text, want);
	CHECK(value.len > 0);
}

TEST(all_keys_of_a_bucket_come_in_order)
{
	struct runtime_bolt_bucket v1;
	struct opened o;
	unsigned n = 0;

	open_it(&o, file_new());
	CHECK_INT(runtime_bolt_bucket(&o.bolt, NULL, "v1", &v1, NULL), 0);
	CHECK_INT(runtime_bolt_each(&o.bolt, &v1, count_key, &n, NULL), 0);
	CHECK_INT(n, 201);
	close_it(&o);
}

TEST(the_newer_meta_page_counts_and_a_torn_one_does_not)
{
	struct bolt_file *f = file_new();
	struct opened o;

	f->bytes[BOLT_FILE_PAGE + 16 + 50] ^= 1;         /* in the newer one, not in its checksum */
	open_it(&o, f);
	CHECK_INT(o.r, 0);
	CHECK_STR(get(&o, NULL, "note"), "old");
	close_it(&o);
	f = file_new();
	f->bytes[16 + 50] ^= 1;                          /* the first: the second is found at its page size */
	open_it(&o, f);
	CHECK_INT(o.r, 0);
	CHECK_STR(get(&o, NULL, "note"), "hello");
	close_it(&o);
	f = file_new();
	f->bytes[16 + 50] ^= 1;
	f->bytes[BOLT_FILE_PAGE + 16 + 50] ^= 1;
	open_it(&o, f);
	CHECK_INT(o.r, -EBADMSG);
	close_it(&o);
}

TEST(what_was_read_while_the_daemon_committed_is_known_to_be_doubtful)
{
	struct opened o;

	open_it(&o, file_new());
	CHECK(runtime_bolt_is_same(&o.bolt));
	bolt_page(o.file, 12, 2, 0, NULL, 0);             /* pages of the next transaction go to free places */
	bolt_write(o.fd, o.file);
	CHECK(runtime_bolt_is_same(&o.bolt));
	bolt_meta(o.file, 0, 8, 12);
	o.file->bytes[16 + 40] ^= 1;                      /* its meta page is half written */
	bolt_write(o.fd, o.file);
	CHECK(runtime_bolt_is_same(&o.bolt));
	bolt_meta(o.file, 0, 8, 12);
	bolt_write(o.fd, o.file);
	CHECK(!runtime_bolt_is_same(&o.bolt));
	close_it(&o);
}

TEST(the_daemons_lock_is_not_waited_for)
{
	struct opened o;
	int other;
	char path[64];

	open_it(&o, file_new());
	snprintf(path, sizeof(path), "/proc/self/fd/%d", o.fd);
	other = open(path, O_RDWR | O_CLOEXEC);           /* bbolt: flock(LOCK_EX) as long as it has the file open */
	CHECK_INT(flock(other, LOCK_EX | LOCK_NB), 0);
	CHECK_INT(runtime_bolt_begin(o.fd, &o.arena, &o.bolt, NULL), 0);
	CHECK_STR(get(&o, NULL, "note"), "hello");
	CHECK(runtime_bolt_is_same(&o.bolt));
	close(other);
	close_it(&o);
}

/* What is written where; what reading key k150 of v1 then gives. */
static const struct { const char *what; uint64_t page; unsigned offset, bytes; uint64_t value; int error; } damage[] = {
	{ "the page says it is another", 8, 0, 8, 9, -EBADMSG },
	{ "neither leaf nor branch", 8, 8, 2, 16, -EBADMSG },
	{ "more elements than fit", 8, 10, 2, 65535, -EBADMSG },
	{ "an overflow past the end of the file", 8, 12, 4, 60, -EBADMSG },
	{ "an overflow past any file", 8, 12, 4, UINT32_MAX, -EBADMSG },
	{ "a key past the end of its page", 8, 16 + 50 * 16 + 4, 4, 100000, -EBADMSG },
	{ "a key that is longer than its page", 8, 16 + 50 * 16 + 8, 4, UINT32_MAX, -EBADMSG },
	{ "a value that is longer than its page", 8, 16 + 50 * 16 + 12, 4, UINT32_MAX, -EBADMSG },
	{ "a child past the end of the file", 4, 16 + 16 + 8, 8, 5000, -EBADMSG },
	{ "a child that is a meta page", 4, 16 + 16 + 8, 8, 1, -EBADMSG },
	{ "a child far past the end of any file", 4, 16 + 16 + 8, 8, UINT64_MAX / 2, -EBADMSG },
	{ "a branch without children", 4, 10, 2, 0, -EBADMSG },
	{ "a branch that leads to itself", 4, 16 + 16 + 8, 8, 4, -E2BIG },
};

TEST(damaged_pages_are_errors_and_never_read_past)
{
	for (size_t i = 0; i < ARRAY_LEN(damage); i++) {
		struct runtime_bolt_bucket v1;
		struct runtime_bolt_text text;
		struct bolt_file *f = file_new();
		struct opened o;
		int r;

		bolt_put(f->bytes + damage[i].page * BOLT_FILE_PAGE + damage[i].offset, damage[i].value, damage[i].bytes);
		open_it(&o, f);
		CHECK_INT(runtime_bolt_bucket(&o.bolt, NULL, "v1", &v1, NULL), 0);
		r = runtime_bolt_get(&o.bolt, &v1, "k150", &text, NULL);
		CHECK_MSG(r == damage[i].error, "%s: %d", damage[i].what, r);
		close_it(&o);
	}
}

TEST(an_inline_bucket_is_bound_by_its_value)
{
	static const struct { size_t len; unsigned flags, count; int error; } all[] = {
		{ 15, 2, 0, -EBADMSG }, { 16, 2, 0, -EBADMSG }, { 31, 2, 0, -EBADMSG }, { 32, 2, 0, -ENOENT }, { 32, 2, 1, -EBADMSG },
		{ 32, 1, 0, -EBADMSG }, { 47, 2, 1, -EBADMSG },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct bolt_file *f = mem_alloc(sizeof(*f));
		struct runtime_bolt_bucket bucket;
		struct runtime_bolt_text text;
		uint8_t value[64] = { 0 };
		struct opened o;
		int r;

		bolt_put(value + 24, all[i].flags, 2);
		bolt_put(value + 26, all[i].count, 2);
		bolt_meta(f, 0, 2, 3);
		bolt_page(f, 3, 2, 0, (struct bolt_item[]){ { "b", value, all[i].len, true, 0 } }, 1);
		open_it(&o, f);
		r = runtime_bolt_bucket(&o.bolt, NULL, "b", &bucket, NULL);
		if (r == 0)
			r = runtime_bolt_get(&o.bolt, &bucket, "a", &text, NULL);
		CHECK_MSG(r == all[i].error, "case %zu: %d", i, r);
		close_it(&o);
	}
}

TEST(pages_that_are_too_big_too_many_or_cut_off_are_refused)
{
	struct runtime_bolt_bucket v1;
	struct runtime_bolt_text text;
	struct bolt_file *f = file_new();
	struct opened o;
	int r = 0;

	open_it(&o, f);
	for (unsigned i = 0; i <= LIMIT_RUNTIME_BOLT_NODES && r == 0; i++)
		r = runtime_bolt_get(&o.bolt, NULL, "note", &text, NULL);
	CHECK_INT(r, -E2BIG);
	CHECK_INT(runtime_bolt_begin(o.fd, &o.arena, &o.bolt, NULL), 0);
	CHECK_STR(get(&o, NULL, "note"), "hello");
	bolt_put(f->bytes + BOLT_FILE_PAGE + 56, LIMIT_RUNTIME_BOLT_NODE_BYTES, 8);      /* the file says it has more pages */
	bolt_put(f->bytes + BOLT_FILE_PAGE + 72, runtime_bolt_checksum(f->bytes + BOLT_FILE_PAGE + 16), 8);
	bolt_put(f->bytes + 8 * BOLT_FILE_PAGE + 12, LIMIT_RUNTIME_BOLT_NODE_BYTES / BOLT_FILE_PAGE, 4);
	bolt_write(o.fd, f);
	CHECK_INT(runtime_bolt_begin(o.fd, &o.arena, &o.bolt, NULL), 0);
	CHECK_INT(runtime_bolt_bucket(&o.bolt, NULL, "v1", &v1, NULL), 0);
	CHECK_INT(runtime_bolt_get(&o.bolt, &v1, "k150", &text, NULL), -E2BIG);
	CHECK_INT(ftruncate(o.fd, 8 * BOLT_FILE_PAGE + 100), 0);
	bolt_put(f->bytes + 8 * BOLT_FILE_PAGE + 12, 1, 4);
	bolt_meta(f, 1, 7, 3);
	CHECK_INT(pwrite(o.fd, f->bytes, 8 * BOLT_FILE_PAGE + 100, 0), 8 * BOLT_FILE_PAGE + 100);
	CHECK_INT(runtime_bolt_begin(o.fd, &o.arena, &o.bolt, NULL), 0);
	CHECK_INT(runtime_bolt_bucket(&o.bolt, NULL, "v1", &v1, NULL), 0);
	CHECK_INT(runtime_bolt_get(&o.bolt, &v1, "k150", &text, NULL), -EBADMSG);
	CHECK_INT(ftruncate(o.fd, 50), 0);
	CHECK_INT(runtime_bolt_begin(o.fd, &o.arena, &o.bolt, NULL), -EBADMSG);
	close_it(&o);
}

TAP_MAIN()
