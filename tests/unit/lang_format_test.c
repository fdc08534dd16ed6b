/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/condition.h"
#include "lang/limits.h"
#include "lang_record.h"
#include "tap.h"

#include <errno.h>

static const char base[] = "proc.name=cat;fd.num=3;proc.aname[2]=sh;evt.arg.flags=O_RDONLY;container.caps=A,B;user.name=root;"
	"fd.sip=10.0.0.1;evt.is_open_read=true;fd.name=/etc/passwd;proc.aname=sh,init;user.loginname=?;evt.arg[0]=x";

/* The text printed, or "offset code message". */
static const char *printed(const char *format)
{
	static char buffer[8192];
	struct lang_format *f = NULL;
	struct err err = ERR_INIT;
	struct test_record r;
	struct arena arena;
	struct strbuf sb;
	uint32_t offset = 0;

	arena_init(&arena, 0);
	strbuf_init(&sb, sizeof(buffer) - 1);
	test_record_set(&r, base);
	if (lang_format_parse(format, &f, &offset, &err) < 0)
		strbuf_addf(&sb, "%u %s %s", offset, err.code == -ENOENT ? "ENOENT" : "EBADMSG", err.text);
	else
		lang_format_print(f, &r.record, &arena, &sb);
	snprintf(buffer, sizeof(buffer), "%s", sb.text);
	lang_format_free(f);
	strbuf_done(&sb);
	arena_done(&arena);
	return buffer;
}

static bool fails(const char *format, const char *start)
{
	return strncmp(printed(format), start, strlen(start)) == 0;
}

TEST(fields_are_replaced_by_their_values)
{
	CHECK_STR(printed("plain"), "plain");
	CHECK_STR(printed(""), "");
	CHECK_STR(printed("%proc.name"), "cat");
	CHECK_STR(printed("a=%proc.name b=%fd.num."), "a=cat b=3.");
	CHECK_STR(printed("%proc.name%fd.num"), "cat3");
	CHECK_STR(printed("%fd.sip %evt.is_open_read"), "10.0.0.1 true");
	CHECK_STR(printed("%container.caps"), "(A,B)");
	CHECK_STR(printed("%proc.aname"), "(sh,init)");
}

TEST(arguments_are_part_of_the_field)
{
	CHECK_STR(printed("%proc.aname[2]"), "sh");
	CHECK_STR(printed("%evt.arg.flags"), "O_RDONLY");
	CHECK_STR(printed("%evt.arg[flags]"), "O_RDONLY");
	CHECK_STR(printed("%evt.arg[0]|"), "x|");
	CHECK_STR(printed("%user.name[%fd.num]"), "root[3]");
}

TEST(an_unset_or_unknown_field_prints_na)
{
	CHECK_STR(printed("%proc.pname"), "<NA>");
	CHECK_STR(printed("%user.loginname"), "<NA>");
	CHECK_STR(printed("%proc.aname[7]x"), "<NA>x");
}

TEST(a_width_pads_and_cuts)
{
	CHECK_STR(printed("%5proc.name|"), "cat  |");
	CHECK_STR(printed("%2proc.name|"), "ca|");
	CHECK_STR(printed("%6proc.pname|"), "<NA>  |");
	CHECK_STR(printed("%2proc.pname|"), "<N|");
	CHECK_STR(printed("%6fd.num|"), "3     |");
	CHECK_STR(printed("%0proc.name|"), "cat|");
}

TEST(transformers_may_be_printed)
{
	CHECK_STR(printed("%toupper(proc.name)"), "CAT");
	CHECK_STR(printed("%basename(fd.name) %len(fd.name)"), "passwd 11");
	CHECK_STR(printed("%5toupper(tolower(proc.name))|"), "CAT  |");
	CHECK_STR(printed("%join(\"->\", (proc.name, user.name))"), "cat->root");
	CHECK_STR(printed("%toupper(proc.pname)"), "<NA>");
}

TEST(the_longest_name_that_is_a_field_is_taken)
{
	CHECK_STR(printed("%proc.name.x"), "cat.x");
	CHECK_STR(printed("%proc.names"), "cats");
	CHECK_STR(printed("%proc.name_x"), "cat_x");
	CHECK_STR(printed("%fd.num,%fd.num"), "3,3");
}

TEST(container_info_is_removed_and_two_percents_are_one)
{
	CHECK_STR(printed("a %container.info b"), "a  b");
	CHECK_STR(printed("100%% of %proc.name"), "100% of cat");
	CHECK_STR(printed("%%proc.name"), "%proc.name");
}

TEST(an_error_has_offset_and_code)
{
	CHECK(fails("a %proc.nmae b", "3 ENOENT nonexistent field 'proc.nmae'; did you mean 'proc.name'?"));
	CHECK(fails("%evt.latency", "1 ENOENT nonexistent field 'evt.latency': parka does not have"));
	CHECK(fails("abc%", "3 EBADMSG a format cannot end with '%'"));
	CHECK(fails("50% off", "3 EBADMSG expected a field or a transformer after '%', found ' '"));
	CHECK(fails("%5", "2 EBADMSG expected a field"));
	CHECK(fails("%fd.net", "1 EBADMSG field 'fd.net' is for conditions only"));
	CHECK(fails("%evt.arg", "1 EBADMSG field 'evt.arg' needs an argument"));
	CHECK(fails("%toupper(fd.num)", "9 EBADMSG toupper() takes text"));
	CHECK(fails("%toupper(proc.name", "1 EBADMSG expected ',' or ')'"));
	CHECK(fails("%5000proc.name", "1 EBADMSG a width of more than"));
}

TEST(a_format_longer_than_the_limit_is_refused)
{
	char *text = malloc(LANG_FORMAT_BYTES_MAX + 2);

	memset(text, 'a', LANG_FORMAT_BYTES_MAX + 1);
	text[LANG_FORMAT_BYTES_MAX + 1] = '\0';
	CHECK(fails(text, "0 EBADMSG the format is longer than"));
	free(text);
}

TEST(fields_are_listed_in_order_with_their_values)
{
	struct lang_format *f = NULL;
	struct lang_format_field field;
	struct test_record r;
	struct arena arena;

	arena_init(&arena, 0);
	test_record_set(&r, base);
	CHECK(lang_format_parse("a %5proc.name %evt.arg[flags] %len(fd.name) %container.caps %proc.pname %user.loginname", &f,
				NULL, NULL) == 0);
	CHECK_INT(lang_format_fields(f), 6);
	lang_format_field_get(f, 0, &r.record, &arena, &field);
	CHECK_STR(field.text, "proc.name");
	CHECK_STR(field.value.text, "cat");
	CHECK_INT(field.state, MODEL_SET);
	lang_format_field_get(f, 1, &r.record, &arena, &field);
	CHECK_STR(field.text, "evt.arg[flags]");
	lang_format_field_get(f, 2, &r.record, &arena, &field);
	CHECK_STR(field.text, "len(fd.name)");
	CHECK_INT(field.type, MODEL_TYPE_UINT64);
	CHECK_INT(field.value.u64, 11);
	lang_format_field_get(f, 3, &r.record, &arena, &field);
	CHECK(field.is_list && field.value.n == 2);
	lang_format_field_get(f, 4, &r.record, &arena, &field);
	CHECK_INT(field.state, MODEL_UNSET);
	lang_format_field_get(f, 5, &r.record, &arena, &field);
	CHECK_INT(field.state, MODEL_UNKNOWN);
	lang_format_free(f);
	arena_done(&arena);
}

/* One set's formats on alternating records: a value of one record is never printed for the next. */
TEST(formats_of_one_set_print_what_they_would_alone)
{
	static const char *const texts[] = { "%proc.name in %fd.name", "%fd.name %len(fd.name) %proc.pname", "%proc.name", "%% %fd.num" };
	struct lang_formats *set = lang_formats_new();
	struct lang_format *shared[ARRAY_LEN(texts)];
	struct test_record records[2];
	struct arena arena;

	test_record_set(&records[0], base);
	test_record_set(&records[1], "proc.name=vi;fd.name=/tmp/x;fd.num=7;proc.pname=sh");
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (!CHECK_INT(lang_format_parse_in(set, texts[i], &shared[i], NULL, NULL), 0))
			return;
	arena_init(&arena, 0);
	for (size_t i = 0; i < 4 * ARRAY_LEN(texts); i++) {
		struct model_record *record = &records[i % 2 ^ i / 4 % 2].record;
		struct lang_format *alone = NULL;
		struct strbuf sb, expected;

		arena_reset(&arena);
		strbuf_init(&sb, 1000);
		strbuf_init(&expected, 1000);
		CHECK_INT(lang_format_parse(texts[i % 4], &alone, NULL, NULL), 0);
		lang_format_print(shared[i % 4], record, &arena, &sb);
		lang_format_print(alone, record, &arena, &expected);
		CHECK_STR(sb.text, expected.text);
		lang_format_free(alone);
		strbuf_done(&sb);
		strbuf_done(&expected);
	}
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		lang_format_free(shared[i]);
	lang_formats_free(set);
	arena_done(&arena);
}

TAP_MAIN()
