/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"
#include "base/json.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "tap.h"

#include <errno.h>

TEST(err_wrap_puts_context_before_the_text)
{
	struct err err = ERR_INIT;

	CHECK_INT(err_set(&err, -ENOENT, "no such %s", "thing"), -ENOENT);
	CHECK_INT(err_wrap(&err, "loading %s", "x"), -ENOENT);
	CHECK_STR(err.text, "loading x: no such thing");
}

TEST(err_may_be_null_and_the_code_still_comes_back)
{
	CHECK_INT(err_set(NULL, -EINVAL, "x"), -EINVAL);
}

TEST(arena_past_its_limit_gives_null_and_is_reusable_after_reset)
{
	struct arena arena;

	arena_init(&arena, 1000);
	CHECK(arena_alloc(&arena, 900) != NULL);
	CHECK(arena_alloc(&arena, 200) == NULL);
	arena_reset(&arena);
	CHECK(arena_alloc(&arena, 900) != NULL);
	arena_done(&arena);
}

TEST(arena_reset_hands_the_same_memory_out_again_zeroed)
{
	struct arena arena;
	char *a, *b;

	arena_init(&arena, 0);
	a = arena_strdup(&arena, "hello");
	for (int i = 0; i < 100; i++)
		arena_alloc(&arena, 4096);
	arena_reset(&arena);
	b = arena_alloc(&arena, 6);
	CHECK(a == b);
	CHECK_STR(b, "");
	arena_done(&arena);
}

TEST(arena_rewind_gives_back_what_came_after_the_mark_and_keeps_what_was_before)
{
	struct arena arena;
	struct arena_mark mark;
	char *before, *after;

	arena_init(&arena, 100000);
	mark = arena_mark(&arena);               /* of an arena without a block */
	arena_strdup(&arena, "gone");
	arena_rewind(&arena, mark);
	CHECK_INT(arena.used_bytes, 0);
	before = arena_strdup(&arena, "before");
	mark = arena_mark(&arena);
	after = arena_strdup(&arena, "after");
	for (int i = 0; i < 20; i++)
		CHECK(arena_alloc(&arena, 4000) != NULL);
	CHECK(arena_alloc(&arena, 40000) == NULL);
	arena_rewind(&arena, mark);
	CHECK_STR(before, "before");
	CHECK(arena_strdup(&arena, "again") == after);
	for (int i = 0; i < 20; i++)
		CHECK(arena_alloc(&arena, 4000) != NULL);
	CHECK_STR(before, "before");
	arena_done(&arena);
}

TEST(arena_memory_is_aligned_whatever_text_came_before)
{
	struct arena arena;

	arena_init(&arena, 0);
	for (size_t len = 0; len < 5000; len++) {
		CHECK_INT(strlen(arena_strndup(&arena, "0123456789abcdef", len % 17)), len % 17);
		CHECK_INT((uintptr_t)arena_alloc(&arena, 1 + len % 40) % 16, 0);
	}
	arena_done(&arena);
}

TEST(strbuf_cuts_at_its_maximum_and_says_so)
{
	struct strbuf sb;

	strbuf_init(&sb, 5);
	strbuf_adds(&sb, "abc");
	CHECK(!sb.truncated);
	strbuf_adds(&sb, "defg");
	CHECK(sb.truncated);
	CHECK_STR(sb.text, "abcde");
	strbuf_reset(&sb);
	CHECK_STR(sb.text, "");
	strbuf_addf(&sb, "%d", 42);
	CHECK_STR(sb.text, "42");
	strbuf_done(&sb);
}

TEST(map_keeps_every_entry_through_growth_and_removal)
{
	struct map map = MAP_INIT;
	static int values[5000];
	size_t left = 0, i = 0;

	for (uint64_t k = 0; k < 5000; k++)
		CHECK(map_put_u64(&map, k, &values[k]) == NULL);
	for (uint64_t k = 0; k < 5000; k += 2)
		CHECK(map_remove_u64(&map, k) == &values[k]);
	for (uint64_t k = 0; k < 5000; k++)
		CHECK(map_get_u64(&map, k) == (k % 2 ? &values[k] : NULL));
	while (map_next(&map, &i))
		left++;
	CHECK_INT(left, 2500);
	map_done(&map);
}

TEST(map_of_bytes_replaces_the_value_of_an_equal_key)
{
	struct map map = MAP_INIT;
	int a, b;

	CHECK(map_put(&map, "key", 3, &a) == NULL);
	CHECK(map_put(&map, "key", 3, &b) == &a);
	CHECK(map_get(&map, "key", 3) == &b);
	CHECK(map_get(&map, "ke", 2) == NULL);
	map_done(&map);
}

TEST(json_writer_escapes_what_is_not_utf8)
{
	struct strbuf sb;
	struct json_writer w;

	strbuf_init(&sb, 1000);
	w = json_writer(&sb);
	json_object_begin(&w, NULL);
	json_put_text(&w, "a\"", "x\n\xff\xc3\xa9\x01", 6);
	json_array_begin(&w, "b");
	json_put_int(&w, NULL, -1);
	json_put_null(&w, NULL);
	json_array_end(&w);
	json_object_end(&w);
	CHECK_STR(sb.text, "{\"a\\\"\":\"x\\n\\u00ff\xc3\xa9\\u0001\",\"b\":[-1,null]}");
	strbuf_done(&sb);
}

TEST(json_errors_name_line_and_column)
{
	struct err err = ERR_INIT;
	json_t *json;

	CHECK_INT(json_parse("{\n \"a\": }", 9, "x.json", &json, &err), -EBADMSG);
	CHECK_INT(err.line, 2);
	CHECK_STR(err.input, "x.json");
}

TAP_MAIN()
