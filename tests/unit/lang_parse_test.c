/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/condition.h"
#include "lang/limits.h"
#include "base/suggest.h"
#include "tap.h"

#include <errno.h>

/* The text as it prints after parsing; "line:column message" on error. */
static const char *parsed(const char *text)
{
	static char buffer[4096];
	struct arena arena;
	struct lang_node *node;
	struct strbuf sb;
	struct err err = ERR_INIT;

	arena_init(&arena, 0);
	strbuf_init(&sb, sizeof(buffer) - 1);
	if (lang_parse(&arena, text, strlen(text), 0, &node, &err) < 0)
		strbuf_addf(&sb, "%u:%u %s", err.line, err.column, err.text);
	else
		lang_node_print(node, &sb);
	snprintf(buffer, sizeof(buffer), "%s", sb.text);
	strbuf_done(&sb);
	arena_done(&arena);
	return buffer;
}

static int parse_code(const char *text, size_t len)
{
	struct arena arena;
	struct lang_node *node;
	int k;

	arena_init(&arena, 0);
	k = lang_parse(&arena, text, len, 0, &node, NULL);
	arena_done(&arena);
	return k;
}

static bool has(const char *text, const char *part)
{
	return strstr(text, part) != NULL;
}

TEST(and_binds_tighter_than_or_and_not_tighter_than_and)
{
	CHECK_STR(parsed("a or b and c"), "a or b and c");
	CHECK_STR(parsed("(a or b) and c"), "(a or b) and c");
	CHECK_STR(parsed("not a and b"), "not a and b");
	CHECK_STR(parsed("not (a and b)"), "not (a and b)");
	CHECK_STR(parsed("(a and b) and c"), "(a and b) and c");
	CHECK_STR(parsed("a and(b or c)"), "a and (b or c)");
	CHECK_STR(parsed("a or(b and c)"), "a or b and c");
}

TEST(two_negations_fold)
{
	CHECK_STR(parsed("not not a"), "a");
	CHECK_STR(parsed("not not not a"), "not a");
	CHECK_STR(parsed("not not(a)"), "a");
	CHECK_STR(parsed("not(a)"), "not a");
	CHECK_STR(parsed("not (not a)"), "not (not a)");
}

TEST(every_operator_is_read)
{
	static const char *const texts[] = {
		"proc.name exists", "proc.name = a", "proc.name != a", "fd.num < 3", "fd.num <= -3", "fd.num > 0x1F",
		"fd.num >= +3", "proc.name contains a", "proc.name icontains a", "evt.buffer bcontains 6162",
		"proc.name startswith a", "evt.buffer bstartswith 61", "proc.name endswith a", "proc.name glob a*",
		"proc.name iglob a*", "proc.name regex \"a(b|c)\"", "proc.name in (a, b)", "proc.name intersects (a)",
		"fd.name pmatch (/etc, /usr/lib)", "proc.name in ()", "proc.name contains anyof (a, b)",
		"proc.name = oneof (a)", "proc.name regex allof (\"a.*\")", "proc.name in val(proc.pname)",
		"proc.name = val(proc.pname)", "tolower(proc.name) = a", "proc.name = tolower(proc.pname)",
		"len(fd.name) > 3", "toupper(tolower(proc.name)) startswith A", "proc.name in biglist",
		"join(\"-\", (proc.name, \"a\", tolower(proc.pname))) = x", "concat(proc.name, \"1\") = x",
		"getopt((\"-n\"), \"n:\") intersects (n)",
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		CHECK_STR(parsed(texts[i]), texts[i]);
}

TEST(spelling_variants_are_one)
{
	CHECK_STR(parsed("proc.name == a"), "proc.name = a");
	CHECK_STR(parsed("proc.name=a"), "proc.name = a");
	CHECK_STR(parsed("proc.name in(a,b)"), "proc.name in (a, b)");
	CHECK_STR(parsed("proc.name contains\n\ta"), "proc.name contains a");
	CHECK_STR(parsed(" \t\r\n a\n"), "a");
	CHECK_STR(parsed("evt.arg[flags] = a"), "evt.arg.flags = a");
	CHECK_STR(parsed("evt.arg['flags'] = a"), "evt.arg.flags = a");
	CHECK_STR(parsed("concat(1, 0x2f) = a"), "concat(\"1\", \"0x2f\") = a");
	CHECK_STR(parsed("proc.name = oneof"), "proc.name = oneof");
	CHECK_STR(parsed("proc.name = anyof(a)"), "proc.name = anyof (a)");
	CHECK_STR(parsed("fd.num<3"), "fd.num < 3");
}

TEST(field_arguments_are_kept)
{
	CHECK_STR(parsed("proc.aname[2] = a"), "proc.aname[2] = a");
	CHECK_STR(parsed("proc.env[PATH] = a"), "proc.env[PATH] = a");
	CHECK_STR(parsed("proc.env[\"A B\"] = a"), "proc.env[\"A B\"] = a");
	CHECK_STR(parsed("container.mount.dest[/etc*] exists"), "container.mount.dest[/etc*] exists");
	CHECK_STR(parsed("evt.arg[0] = a"), "evt.arg[0] = a");
	CHECK_STR(parsed("evt.rawarg.res < 0"), "evt.rawarg.res < 0");
	CHECK_STR(parsed("evt.type.is.open = 1"), "evt.type.is.open = 1");
}

TEST(quoted_strings_take_falcos_escapes)
{
	CHECK_STR(parsed("proc.name = \"a\\\"b\""), "proc.name = \"a\\\"b\"");
	CHECK_STR(parsed("proc.name = 'a\\'b'"), "proc.name = \"a'b\"");
	CHECK_STR(parsed("proc.name = 'a\"b'"), "proc.name = \"a\\\"b\"");
	CHECK_STR(parsed("proc.name = \"\\b\\f\\n\\r\\t\\\\\\/\""), "proc.name = \"\\b\\f\\n\\r\\t\\\\/\"");
	CHECK_STR(parsed("proc.name = \"a\\ b\""), "proc.name = \"a\\\\b\"");
	CHECK_STR(parsed("proc.name = \"\""), "proc.name = \"\"");
	CHECK(has(parsed("proc.name = \"\\x41\""), "1:14 unknown escape \\x"));
	CHECK(has(parsed("proc.name = \"\\'\""), "1:14 \\' is no escape"));
	CHECK(has(parsed("proc.name = \"abc"), "1:13 the string that starts here has no closing \""));
}

TEST(an_error_names_line_column_and_what_was_expected)
{
	CHECK(has(parsed("proc.name"), "1:10 expected an operator (=, !=, in,"));
	CHECK(has(parsed("proc.name"), "after proc.name, found the end"));
	CHECK(has(parsed("a and\n  proc.name startwith b"), "2:13 expected an operator"));
	CHECK(has(parsed("proc.name startwith b"), "did you mean 'startswith'?"));
	CHECK(has(parsed("proc.name contains\"a\""), "1:19 expected a blank after 'contains'"));
	CHECK(has(parsed("proc.name ="), "1:12 expected a value, val(field) or a transformer after '='"));
	CHECK(has(parsed("fd.num < abc"), "1:10 expected a number"));
	CHECK(has(parsed("a or"), "1:5 expected a blank or '(' after 'or'"));
	CHECK(has(parsed("a or "), "1:6 expected a condition"));
	CHECK(has(parsed("(a"), "1:3 expected 'and', 'or' or ')', found the end"));
	CHECK(has(parsed("a)"), "1:2 expected 'and', 'or' or the end"));
	CHECK(has(parsed("a b"), "1:3 expected 'and', 'or' or the end after 'a', found 'b'"));
	CHECK(has(parsed(""), "1:1 the condition is empty"));
	CHECK(has(parsed("  \n "), "the condition is empty"));
	CHECK(has(parsed("proc.name in (a b)"), "1:17 expected ',' or ')' in the list, found 'b'"));
	CHECK(has(parsed("proc.name in (a,)"), "1:17 expected a value in the list"));
	CHECK(has(parsed("proc.name in 5"), "1:14 expected a list in parentheses after 'in'"));
	CHECK(has(parsed("proc.name = val(x)"), "1:17 expected a field inside val()"));
	CHECK(has(parsed("proc.name = val(proc.pname"), "1:27 expected ')' closing val("));
	CHECK(has(parsed("tolower() = a"), "1:9 expected a field, a transformer"));
	CHECK(has(parsed("tolower(proc.name = a"), "1:19 expected ',' or ')' closing the transformer"));
	CHECK(has(parsed("proc.name = a and and"), "1:19 expected a condition"));
	CHECK(has(parsed("proc.aname[ = a"), "1:12 expected the argument of the field"));
	CHECK(has(parsed("proc.aname[2 = a"), "1:13 expected ']'"));
}

TEST(an_unknown_field_is_enoent_with_a_suggestion_or_the_reason)
{
	CHECK_INT(parse_code("proc.nmae = a", 13), -ENOENT);
	CHECK(has(parsed("a and proc.nmae = a"), "1:7 nonexistent field 'proc.nmae'; did you mean 'proc.name'?"));
	CHECK(has(parsed("evt.latency > 3"), "events have no enter half"));
	CHECK(has(parsed("nothing.like.this = 1"), "nonexistent field 'nothing.like.this' (`parka fields` lists them)"));
	CHECK_INT(parse_code("container.mount.dset = a", 24), -ENOENT);
	CHECK_INT(parse_code("proc.name == ", 13), -EBADMSG);
}

TEST(arguments_are_checked_against_the_field)
{
	CHECK(has(parsed("proc.name[1] = a"), "1:1 field 'proc.name' takes no argument"));
	CHECK(has(parsed("evt.arg = a"), "field 'evt.arg' needs an argument: evt.arg[name]"));
	CHECK(has(parsed("proc.aname[x] = a"), "the argument of field 'proc.aname' must be a number"));
	CHECK_STR(parsed("proc.aname = a"), "proc.aname = a");
	CHECK_STR(parsed("proc.env contains a"), "proc.env contains a");
}

TEST(nesting_stops_at_the_limit_without_overflowing_the_stack)
{
	size_t n = 100000;
	char *deep = malloc(2 * n + 2);

	memset(deep, '(', n);
	CHECK_INT(parse_code(deep, n), -EBADMSG);
	for (size_t i = 0; i < n / 4; i++)
		memcpy(deep + 4 * i, "not(", 4);
	CHECK_INT(parse_code(deep, n), -EBADMSG);
	for (size_t i = 0; i < n / 4; i++)
		memcpy(deep + 4 * i, "len(", 4);
	CHECK_INT(parse_code(deep, n), -EBADMSG);
	memset(deep, '(', LANG_DEPTH_MAX);
	deep[LANG_DEPTH_MAX] = 'a';
	memset(deep + LANG_DEPTH_MAX + 1, ')', LANG_DEPTH_MAX);
	CHECK_INT(parse_code(deep, 2 * LANG_DEPTH_MAX + 1), 0);
	free(deep);
}

/* head, then unit n times, then tail. */
static int parse_repeated(const char *head, const char *unit, size_t n, const char *tail)
{
	struct strbuf sb;
	int k;

	strbuf_init(&sb, 64 << 20);
	strbuf_adds(&sb, head);
	for (size_t i = 0; i < n; i++)
		strbuf_adds(&sb, unit);
	strbuf_adds(&sb, tail);
	k = parse_code(sb.text, sb.len);
	strbuf_done(&sb);
	return k;
}

TEST(every_limit_is_an_error_one_past_it)
{
	CHECK_INT(parse_repeated("proc.name in (a", ",a", LANG_VALUES_MAX - 1, ")"), 0);
	CHECK_INT(parse_repeated("proc.name in (a", ",a", LANG_VALUES_MAX, ")"), -EBADMSG);
	CHECK_INT(parse_repeated("a", " or a", LANG_CHILDREN_MAX - 1, ""), 0);
	CHECK_INT(parse_repeated("a", " or a", LANG_CHILDREN_MAX, ""), -EBADMSG);
	CHECK_INT(parse_repeated("concat(1", ",1", LANG_ARGS_MAX - 1, ") = a"), 0);
	CHECK_INT(parse_repeated("concat(1", ",1", LANG_ARGS_MAX, ") = a"), -EBADMSG);
	CHECK_INT(parse_repeated("proc.env[", "a", LANG_FIELD_ARG_MAX, "] = a"), 0);
	CHECK_INT(parse_repeated("proc.env[", "a", LANG_FIELD_ARG_MAX + 1, "] = a"), -EBADMSG);
	CHECK_INT(parse_repeated("a", " ", LANG_CONDITION_BYTES_MAX - 1, ""), 0);
	CHECK_INT(parse_repeated("a", " ", LANG_CONDITION_BYTES_MAX, ""), -EBADMSG);
}

TEST(an_arena_limit_is_an_error_not_a_crash)
{
	const char *text = "proc.name in (a, b, c, d, e, f, g) and proc.aname[3] contains \"abc\" or not x";
	struct lang_node *node;
	struct err err;
	struct arena arena;

	for (size_t max = 16; max < 4000; max += 16) {
		arena_init(&arena, max);
		if (lang_parse(&arena, text, strlen(text), 0, &node, &err) < 0)
			CHECK(has(err.text, "more memory than the limit"));
		arena_done(&arena);
	}
}

TEST(a_nul_byte_is_no_text)
{
	CHECK_INT(parse_code("a\0b", 3), -EBADMSG);
	CHECK_INT(parse_code("proc.name = \"a\0b\"", 17), -EBADMSG);
}

TEST(nodes_know_their_place)
{
	const char *text = "proc.name = a and not (fd.num > 3)";
	struct arena arena;
	struct lang_node *n;

	arena_init(&arena, 0);
	CHECK_INT(lang_parse(&arena, text, strlen(text), 7, &n, NULL), 0);
	CHECK_INT(n->offset, 0);
	CHECK_INT(n->end, strlen(text));
	CHECK_INT(n->children[0]->end, 13);
	CHECK_INT(n->children[0]->op_offset, 10);
	CHECK_INT(n->children[1]->offset, 18);
	CHECK_INT(n->children[1]->children[0]->offset, 23);
	CHECK_INT(n->children[1]->source, 7);
	arena_done(&arena);
}

TEST(suggestions_are_near_or_none)
{
	struct suggestion s = SUGGESTION("spawned_proces", 14);

	suggestion_offer(&s, "open_read", 9);
	CHECK(!s.best);
	suggestion_offer(&s, "spawned_process", 15);
	CHECK_STR(s.best, "spawned_process");
	s = SUGGESTION("x", 1);
	suggestion_offer(&s, "y", 1);
	CHECK(!s.best);
}

TAP_MAIN()
