/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/condition.h"
#include "lang/limits.h"
#include "lang_record.h"
#include "tap.h"

#include <errno.h>
#include <time.h>

struct fixture {
	struct arena arena;
	struct lang_program *program;
	struct lang_scratch *scratch;
	struct test_record record;
	struct err err;
};

static void add(struct fixture *f, const char *text)
{
	struct lang_node *node;

	if (!f->program) {
		f->program = lang_program_new();
		arena_init(&f->arena, 0);
		f->err = ERR_INIT;
	}
	CHECK_MSG(lang_parse(&f->arena, text, strlen(text), 0, &node, &f->err) == 0 &&
		  lang_program_add(f->program, node, NULL, NULL, NULL, &f->err) == 0, "%.100s: %s", text, f->err.text);
}

static void seal(struct fixture *f)
{
	CHECK_MSG(lang_program_seal(f->program, &f->err) == 0, "%s", f->err.text);
	f->scratch = lang_scratch_new(f->program);
}

static void done(struct fixture *f)
{
	lang_scratch_free(f->scratch);
	lang_program_free(f->program);
	arena_done(&f->arena);
}

/* The indexes that match, as text: "0 2". */
static const char *matches(struct fixture *f, const char *record)
{
	static char text[256];
	uint32_t indexes[16];
	size_t n, at = 0;

	test_record_set(&f->record, record);
	n = lang_program_match(f->program, f->scratch, &f->record.record, indexes, 16);
	text[0] = '\0';
	for (size_t i = 0; i < n && i < 16; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%u", i ? " " : "", indexes[i]);
	return text;
}

/* ---- event types ---- */

/* How many types, and the names of the first few. */
static const char *types(const char *condition)
{
	static char text[256];
	struct arena arena;
	struct lang_node *node = NULL;
	struct model_event_set set;
	bool all;
	size_t at = 0, n = 0;

	arena_init(&arena, 0);
	CHECK(lang_parse(&arena, condition, strlen(condition), 0, &node, NULL) == 0);
	set = lang_event_types(node, &all);
	arena_done(&arena);
	if (all)
		return "all";
	text[0] = '\0';
	for (unsigned t = 1; t < MODEL_EVT_MAX; t++)
		if (model_event_set_has(&set, t) && n++ < 4)
			at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s", at ? " " : "", model_event(t)->name);
	if (n > 4)
		return n == MODEL_EVT_MAX - 2 ? "all but one" : n == MODEL_EVT_MAX - 3 ? "all but two" : "many";
	return text;
}

TEST(event_types_follow_and_or_and_not)
{
	static const struct { const char *condition, *expected; } cases[] = {
		{ "evt.type = open", "open" }, { "evt.type == open", "open" }, { "evt.type in (open, openat)", "open openat" },
		{ "evt.type != open", "all but one" }, { "not evt.type = open", "all but one" },
		{ "not evt.type in (open, close)", "all but two" }, { "not evt.type != open", "open" },
		{ "proc.name = a", "all" }, { "not proc.name = a", "all" },
		{ "evt.type = open and proc.name = a", "open" }, { "evt.type = open or proc.name = a", "all" },
		{ "evt.type = open or evt.type = close", "open close" }, { "evt.type = open and evt.type = close", "" },
		{ "not (evt.type = open and evt.type = close)", "all" },
		{ "not (evt.type != open or evt.type = close)", "open" },
		{ "evt.type in (open, close) and not evt.type = open", "close" },
		{ "not (evt.type = open or proc.name = a)", "all but one" }, { "not (evt.type = open and proc.name = a)", "all" },
		{ "evt.type in ()", "" }, { "not evt.type in ()", "all" }, { "evt.type = anyof (open)", "open" },
		{ "evt.type != allof (open)", "all but one" }, { "evt.type = anyof ()", "" },
		{ "evt.type startswith open", "all" }, { "evt.type exists", "all" }, { "evt.type intersects (open)", "all" },
		{ "syscall.type = open", "open" }, { "syscall.type != open", "many" }, { "evt.type = procexit", "procexit" },
		{ "syscall.type = procexit", "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		CHECK_MSG(strcmp(types(cases[i].condition), cases[i].expected) == 0, "%s: %s", cases[i].condition,
			  types(cases[i].condition));
}

TEST(only_conditions_of_the_event_type_are_asked)
{
	struct fixture f = { 0 };

	add(&f, "evt.type = open and proc.name = a");
	add(&f, "evt.type in (execve, open) and proc.name = a");
	add(&f, "proc.name = a");
	add(&f, "evt.type != open and proc.name = a");
	add(&f, "evt.type startswith ope and proc.name = a");
	add(&f, "syscall.type != close and proc.name = a");
	seal(&f);
	CHECK_STR(matches(&f, "evt.type=open;syscall.type=open;proc.name=a"), "0 1 2 4 5");
	CHECK_STR(matches(&f, "evt.type=execve;syscall.type=execve;proc.name=a"), "1 2 3 5");
	CHECK_STR(matches(&f, "evt.type=procexit;proc.name=a"), "2 3");
	CHECK_STR(matches(&f, "evt.type=close;syscall.type=close;proc.name=a"), "2 3");
	done(&f);
}

TEST(a_system_call_s_name_is_a_field_like_others_and_unset_when_not_given)
{
	struct fixture f = { 0 };

	add(&f, "syscall.type = open");
	add(&f, "not syscall.type = open");
	add(&f, "syscall.type exists");
	add(&f, "evt.type = open");
	seal(&f);
	CHECK_STR(matches(&f, "evt.type=open"), "1 3");
	CHECK_STR(matches(&f, "syscall.type=open"), "0 2");
	CHECK_STR(matches(&f, "evt.type=open;syscall.type=open"), "0 2 3");
	CHECK_STR(matches(&f, "evt.type=close;syscall.type=close"), "1 2");
	done(&f);
}

TEST(an_event_of_no_known_type_is_asked_everything_by_its_fields)
{
	struct fixture f = { 0 };

	add(&f, "evt.type = open and proc.name = a");
	add(&f, "not evt.type = open");
	add(&f, "proc.name = a");
	seal(&f);
	CHECK_STR(matches(&f, "proc.name=a"), "1 2");
	CHECK_STR(matches(&f, "evt.type=nosuchevent;proc.name=a"), "1 2");
	done(&f);
}

TEST(an_event_type_that_no_condition_needs_fetches_nothing)
{
	struct fixture f = { 0 };

	add(&f, "evt.type = open and proc.name = a");
	add(&f, "evt.type in (execve, open) and not fd.name = /x");
	seal(&f);
	CHECK_STR(matches(&f, "evt.type=close;proc.name=a"), "");
	CHECK_INT(f.record.n_gets, 0);
	done(&f);
}

/* ---- sharing ---- */

TEST(equal_checks_are_one_predicate_and_a_field_is_fetched_once)
{
	struct lang_program_stats stats;
	struct fixture f = { 0 };

	add(&f, "proc.name = a and fd.num = 1");
	add(&f, "proc.name in (a) and fd.num = 2");
	add(&f, "fd.num = 3 and proc.name == anyof (a, a)");
	add(&f, "proc.name = \"a\" and tolower(proc.name) = a");
	add(&f, "evt.arg.flags = x or evt.arg[flags] = x");
	seal(&f);
	lang_program_stats(f.program, &stats);
	CHECK_INT(stats.n_conditions, 5);
	CHECK_INT(stats.n_predicates, 6);
	CHECK_INT(stats.n_predicates_shared, 1);
	CHECK_INT(stats.n_fields, 3);
	CHECK_STR(matches(&f, "proc.name=a;fd.num=3;evt.arg.flags=x"), "2 3 4");
	CHECK_INT(f.record.n_gets, 3);
	done(&f);
}

TEST(alternatives_over_one_field_become_one_set)
{
	struct lang_program_stats stats;
	struct fixture f = { 0 };

	add(&f, "proc.name = a or proc.name in (b, c) or proc.name = d");
	add(&f, "not fd.name startswith /a and not fd.name startswith /b");
	add(&f, "fd.num != 1 and fd.num != 2 and fd.num != 3");
	seal(&f);
	lang_program_stats(f.program, &stats);
	CHECK_INT(stats.n_predicates, 3);
	CHECK_STR(matches(&f, "proc.name=d;fd.name=/c;fd.num=4"), "0 1 2");
	CHECK_STR(matches(&f, "proc.name=e;fd.name=/bb;fd.num=3"), "");
	done(&f);
}

TEST(a_conjunct_that_seldom_holds_and_many_conditions_share_is_asked_first_and_once)
{
	struct fixture f = { 0 };
	char text[128];

	for (unsigned i = 0; i < 50; i++) {
		snprintf(text, sizeof(text), "evt.is_open_write = true and proc.name = a%u and fd.name contains b%u", i, i);
		add(&f, text);
	}
	seal(&f);
	CHECK_STR(matches(&f, "evt.is_open_write=false;proc.name=a1;fd.name=b1"), "");
	CHECK_INT(f.record.n_gets, 1);
	CHECK_STR(matches(&f, "evt.is_open_write=true;proc.name=a1;fd.name=b1"), "1");
	CHECK_INT(f.record.n_gets, 3);
	done(&f);
}

TEST(matches_ascend_and_stop_at_the_callers_maximum)
{
	struct fixture f = { 0 };
	uint32_t indexes[4] = { 9, 9, 9, 9 };

	for (unsigned i = 0; i < 4; i++) {
		add(&f, "fd.num = 1 or proc.name = a");
		add(&f, "proc.name = a");
	}
	seal(&f);
	test_record_set(&f.record, "proc.name=a");
	CHECK_INT(lang_program_match(f.program, f.scratch, &f.record.record, indexes, 3), 8);
	CHECK(indexes[0] == 0 && indexes[1] == 1 && indexes[2] == 2 && indexes[3] == 9);
	CHECK_INT(lang_program_match(f.program, f.scratch, &f.record.record, NULL, 0), 8);
	done(&f);
}

TEST(a_sealed_program_takes_no_more)
{
	struct fixture f = { 0 };
	struct lang_node *node;
	struct err err = ERR_INIT;

	add(&f, "proc.name = a");
	seal(&f);
	CHECK_INT(lang_parse(&f.arena, "fd.num = 1", 10, 0, &node, NULL), 0);
	CHECK(lang_program_add(f.program, node, NULL, NULL, NULL, &err) < 0);
	CHECK(lang_program_seal(f.program, &err) < 0);
	done(&f);
}

TEST(an_empty_program_matches_nothing)
{
	struct fixture f = { 0 };

	f.program = lang_program_new();
	seal(&f);
	CHECK_STR(matches(&f, "proc.name=a"), "");
	done(&f);
	CHECK(!lang_program_free(NULL) && !lang_scratch_free(NULL) && !lang_format_free(NULL));
}

/* ---- limits ---- */

static int add_code(const char *text, size_t len, struct err *err)
{
	struct lang_program *program = lang_program_new();
	struct lang_node *node;
	struct arena arena;
	int k;

	arena_init(&arena, 0);
	k = lang_parse(&arena, text, len, 0, &node, err);
	if (k == 0)
		k = lang_program_add(program, node, NULL, NULL, NULL, err);
	if (k == 0)
		k = lang_program_seal(program, err);
	arena_done(&arena);
	lang_program_free(program);
	return k;
}

TEST(a_tree_deeper_than_the_limit_is_an_error)
{
	struct lang_node *node, *leaf;
	struct err err = ERR_INIT;
	struct strbuf sb;
	struct arena arena;

	arena_init(&arena, 0);
	strbuf_init(&sb, 1 << 20);
	CHECK_INT(lang_parse(&arena, "fd.num = 1", 10, 0, &leaf, NULL), 0);
	node = leaf;
	for (unsigned i = 0; i < 100000; i++) {   /* as macros of macros make it */
		struct lang_node *parent = arena_alloc(&arena, sizeof(*parent));

		parent->kind = LANG_NODE_AND;
		parent->children = arena_alloc(&arena, 2 * sizeof(node));
		parent->children[0] = node;
		parent->children[1] = leaf;
		parent->n_children = 2;
		node = parent;
	}
	CHECK_INT(lang_check_types(node, NULL, NULL, &err), -EBADMSG);
	CHECK(strstr(err.text, "nested deeper than"));
	lang_event_types(node, NULL);
	lang_node_print(node, &sb);
	CHECK(sb.truncated);
	strbuf_done(&sb);
	arena_done(&arena);
}

TEST(a_tree_as_deep_as_the_limit_compiles_and_runs)
{
	struct fixture f = { 0 };
	struct lang_node *node = NULL, *leaf;
	char text[64];

	f.program = lang_program_new();
	arena_init(&f.arena, 0);
	for (unsigned i = 0; i < LANG_TREE_DEPTH_MAX; i++) {
		struct lang_node *parent = arena_alloc(&f.arena, sizeof(*parent));

		snprintf(text, sizeof(text), "fd.num > %u", i);
		CHECK_INT(lang_parse(&f.arena, text, strlen(text), 0, &leaf, NULL), 0);
		parent->kind = i % 2 ? LANG_NODE_AND : LANG_NODE_OR;
		parent->children = arena_alloc(&f.arena, 2 * sizeof(node));
		parent->children[0] = leaf;
		parent->children[1] = node ? node : leaf;
		parent->n_children = 2;
		node = parent;
	}
	CHECK_INT(lang_program_add(f.program, node, NULL, NULL, NULL, &f.err), 0);
	lang_event_types(node, NULL);
	seal(&f);
	CHECK_STR(matches(&f, "fd.num=5000"), "0");
	CHECK_STR(matches(&f, "fd.num=0"), "");
	lang_scratch_begin(f.scratch, &f.record.record);
	CHECK_INT(lang_program_eval(f.program, f.scratch, 0), MODEL_UNSET);
	done(&f);
}

TEST(a_path_of_too_many_components_is_an_error)
{
	struct err err = ERR_INIT;
	struct strbuf sb;

	strbuf_init(&sb, 1 << 20);
	strbuf_adds(&sb, "fd.name pmatch (");
	for (unsigned i = 0; i < LANG_PATH_COMPONENTS_MAX; i++)
		strbuf_adds(&sb, "/a");
	strbuf_adds(&sb, ")");
	CHECK_INT(add_code(sb.text, sb.len, &err), -EBADMSG);
	CHECK(strstr(err.text, "a path with more than"));
	strbuf_done(&sb);
}

TEST(a_regular_expression_too_long_or_too_big_is_an_error)
{
	struct err err = ERR_INIT;
	struct strbuf sb;

	strbuf_init(&sb, 1 << 20);
	strbuf_adds(&sb, "fd.name regex \"");
	for (unsigned i = 0; i <= LANG_REGEX_BYTES_MAX; i++)
		strbuf_addc(&sb, 'a');
	strbuf_adds(&sb, "\"");
	CHECK_INT(add_code(sb.text, sb.len, &err), -EBADMSG);
	CHECK(strstr(err.text, "a regular expression longer than"));
	strbuf_reset(&sb);
	strbuf_adds(&sb, "fd.name regex \"((((x{1,99}){1,99}){1,99}){1,99})\"");
	CHECK_INT(add_code(sb.text, sb.len, &err), -EBADMSG);
	CHECK(strstr(err.text, "invalid regular expression"));
	strbuf_done(&sb);
}

TEST(a_hostile_expression_on_a_hostile_text_ends_soon)
{
	struct fixture f = { 0 };
	struct test_record *r = &f.record;
	clock_t start = clock();

	add(&f, "fd.name regex \"(a*)*(a|aa)*(a*a*)*b\"");
	add(&f, "fd.name glob *a*a*a*a*a*a*a*a*a*a*a*a*b");
	add(&f, "fd.name pmatch (/*/*/*/*/*/b, /a*/a*/a*/c, /?/[a-z]/x)");
	seal(&f);
	for (unsigned i = 0; i < 1000; i++) {
		test_record_set(r, "fd.name=");
		memset(r->fields[0].text, 'a', sizeof(r->fields[0].text) - 1);
		CHECK_INT(lang_program_match(f.program, f.scratch, &r->record, NULL, 0), 0);
	}
	CHECK(clock() - start < 10 * CLOCKS_PER_SEC);
	done(&f);
}

TEST(a_large_set_is_found_in)
{
	struct fixture f = { 0 };
	struct strbuf in, contains;

	strbuf_init(&in, 1 << 22);
	strbuf_init(&contains, 1 << 22);
	strbuf_adds(&in, "proc.name in (x");
	strbuf_adds(&contains, "fd.name contains anyof (x0");
	for (unsigned i = 0; i < 20000; i++) {
		strbuf_addf(&in, ", n%u", i * 7);
		strbuf_addf(&contains, ", %u/y", 100000 + i * 7);
	}
	strbuf_addc(&in, ')');
	strbuf_addc(&contains, ')');
	add(&f, in.text);
	add(&f, contains.text);
	seal(&f);
	CHECK_STR(matches(&f, "proc.name=n70007;fd.name=/z/100007/y"), "0 1");
	CHECK_STR(matches(&f, "proc.name=n70008;fd.name=/z/100008/y"), "");
	CHECK_STR(matches(&f, "proc.name=x;fd.name=x0"), "0 1");
	strbuf_done(&in);
	strbuf_done(&contains);
	done(&f);
}

/* concat( "concat(fd.name x 1000)" x n ): a thousand times n times the field. */
static void add_concat(struct strbuf *sb, unsigned n)
{
	strbuf_adds(sb, "concat(");
	for (unsigned i = 0; i < n; i++) {
		strbuf_adds(sb, i ? ", concat(" : "concat(");
		for (unsigned k = 0; k < 1000; k++)
			strbuf_adds(sb, k ? ", fd.name" : "fd.name");
		strbuf_addc(sb, ')');
	}
	strbuf_adds(sb, ") exists");
}

TEST(a_transformed_text_past_the_limit_is_unset)
{
	struct fixture f = { 0 };
	struct strbuf sb;

	strbuf_init(&sb, 1 << 20);
	add_concat(&sb, 4);
	add(&f, sb.text);
	strbuf_reset(&sb);
	add_concat(&sb, 6);
	add(&f, sb.text);
	seal(&f);
	test_record_set(&f.record, "fd.name=");
	memset(f.record.fields[0].text, 'a', 200);   /* 800 kB and 1.2 MB */
	f.record.fields[0].text[200] = '\0';
	CHECK_INT(lang_program_match(f.program, f.scratch, &f.record.record, NULL, 0), 1);
	lang_scratch_begin(f.scratch, &f.record.record);
	CHECK_INT(lang_program_eval(f.program, f.scratch, 0), MODEL_SET);
	CHECK_INT(lang_program_eval(f.program, f.scratch, 1), MODEL_UNSET);
	strbuf_done(&sb);
	done(&f);
}

TEST(literals_past_the_automatons_memory_are_still_found)
{
	struct fixture f = { 0 };
	struct strbuf sb;

	strbuf_init(&sb, 12 << 20);
	strbuf_adds(&sb, "fd.name contains anyof (needle");
	for (unsigned i = 0; i < 9; i++) {
		strbuf_addf(&sb, ", %u", i);
		for (unsigned k = 0; k < 1 << 20; k++)
			strbuf_addc(&sb, '/');
	}
	strbuf_addc(&sb, ')');
	add(&f, sb.text);
	seal(&f);
	CHECK_STR(matches(&f, "fd.name=a needle"), "0");
	CHECK_STR(matches(&f, "fd.name=a noodle"), "");
	strbuf_done(&sb);
	done(&f);
}

TEST(many_generations_do_not_mix_records)
{
	struct fixture f = { 0 };

	add(&f, "proc.name = a");
	add(&f, "not proc.name = a and fd.num exists");
	seal(&f);
	for (unsigned i = 0; i < 1000; i++) {
		CHECK_STR(matches(&f, "proc.name=a"), "0");
		CHECK_STR(matches(&f, "proc.name=b;fd.num=1"), "1");
		CHECK_STR(matches(&f, ""), "");
	}
	done(&f);
}

TAP_MAIN()
