/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/condition.h"
#include "lang/limits.h"
#include "lang_record.h"
#include "tap.h"

#include <errno.h>

static struct err last_err;
static uint32_t last_offset;

static struct lang_program *program_of(const char *const *texts, size_t n)
{
	struct lang_program *program = lang_program_new();
	struct arena arena;
	struct lang_node *node;
	bool ok = true;

	arena_init(&arena, 0);
	last_err = ERR_INIT;
	for (size_t i = 0; i < n && ok; i++)
		ok = lang_parse(&arena, texts[i], strlen(texts[i]), 0, &node, &last_err) == 0 &&
		     lang_program_add(program, node, NULL, &last_offset, NULL, &last_err) == 0;
	arena_done(&arena);   /* the tree is not needed afterwards */
	if (ok)
		ok = lang_program_seal(program, &last_err) == 0;
	return ok ? program : lang_program_free(program);
}

/* 1 true, 0 false, -1 unknown, -2 error. Match and eval must agree on what is known. */
static int judge(const char *condition, const char *record)
{
	struct lang_program *program = program_of(&condition, 1);
	struct lang_scratch *scratch;
	struct test_record r;
	uint32_t index;
	size_t n;
	int state;

	if (!program)
		return -2;
	scratch = lang_scratch_new(program);
	test_record_set(&r, record);
	n = lang_program_match(program, scratch, &r.record, &index, 1);
	lang_scratch_begin(scratch, &r.record);
	state = lang_program_eval(program, scratch, 0);
	if (state != MODEL_UNKNOWN)
		CHECK_MSG((state == MODEL_SET) == (n == 1), "match and eval differ: %s", condition);
	lang_scratch_free(scratch);
	lang_program_free(program);
	return state;
}

static void expect(const char *condition, const char *record, int expected)
{
	int got = judge(condition, record);

	CHECK_MSG(got == expected, "'%s' on '%s' is %d, expected %d %s", condition, record, got, expected,
		  got == -2 ? last_err.text : "");
}

static void expect_error(const char *condition, const char *part, uint32_t offset)
{
	int got = judge(condition, "");

	CHECK_MSG(got == -2 && strstr(last_err.text, part), "'%s': %d \"%s\"", condition, got, last_err.text);
	CHECK_MSG(last_offset == offset, "'%s': offset %u, expected %u", condition, last_offset, offset);
}

static const char base[] = "proc.name=cat;proc.pname=bash;fd.name=/etc/passwd;fd.num=3;proc.pid=-7;user.uid=1000;"
	"evt.is_open_read=true;fd.sport=443;fd.ip=10.1.2.3,192.168.0.1;fd.net=10.1.2.3,192.168.0.1;fd.sip=10.1.2.3;"
	"fd.snet=10.1.2.3;fd.cip=fe80::1;fd.cnet=fe80::1;fd.port=443,50000;evt.buffer=abcdef;container.caps=CAP_A,CAP_B;"
	"proc.aname=sh,systemd;proc.aname[2]=systemd;proc.duration=5000000000;evt.rawtime=1700000000000000000;"
	"fd.types=file,ipv4;proc.apid=10,1";

TEST(text_operators_compare_as_falco_does)
{
	static const struct { const char *condition; int expected; } cases[] = {
		{ "proc.name = cat", 1 }, { "proc.name = ca", 0 }, { "proc.name = cats", 0 }, { "proc.name == \"cat\"", 1 },
		{ "proc.name != dog", 1 }, { "proc.name != cat", 0 },
		{ "proc.name > 1", 1 }, { "proc.name < 1", 0 }, { "proc.name >= 0x1", 1 }, { "proc.name <= 9", 0 },
		{ "proc.name < val(proc.pname)", 0 }, { "proc.name > val(proc.pname)", 1 },
		{ "proc.name contains a", 1 }, { "proc.name contains \"\"", 1 }, { "proc.name contains x", 0 },
		{ "proc.name contains A", 0 }, { "proc.name icontains A", 1 }, { "proc.name icontains CAT", 1 },
		{ "proc.name startswith ca", 1 }, { "proc.name startswith cat", 1 }, { "proc.name startswith cats", 0 },
		{ "proc.name endswith at", 1 }, { "proc.name endswith cat", 1 }, { "proc.name endswith acat", 0 },
		{ "proc.name in (dog, cat)", 1 }, { "proc.name in (dog)", 0 }, { "proc.name in ()", 0 },
		{ "proc.name intersects (dog, cat)", 1 }, { "proc.name in cat", 1 }, { "proc.name in dog", 0 },
		{ "fd.name glob /etc/*", 1 }, { "fd.name glob /*wd", 1 }, { "fd.name glob /e?c/[a-p]*", 1 },
		{ "fd.name glob /ETC/*", 0 }, { "fd.name iglob /ETC/*", 1 }, { "fd.name glob /etc", 0 },
		{ "fd.name regex \"/etc/.*\"", 1 }, { "fd.name regex etc", 0 }, { "fd.name regex \"/etc\"", 0 },
		{ "fd.name regex \"/(etc|usr)/[a-z]+\"", 1 }, { "fd.name pmatch (/etc)", 1 },
		{ "fd.name pmatch (/et, /etc/passwd/x)", 0 }, { "fd.name pmatch (/etc/passwd)", 1 },
		{ "fd.name pmatch (/*/passwd)", 1 }, { "fd.name pmatch (/usr, /e?c)", 1 }, { "fd.name pmatch ()", 0 },
		{ "fd.name pmatch (/)", 1 }, { "proc.name exists", 1 }, { "fd.directory exists", 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		expect(cases[i].condition, base, cases[i].expected);
}

TEST(pmatch_compares_whole_components)
{
	expect("fd.name pmatch (/etc)", "fd.name=/etcetera", 0);
	expect("fd.name pmatch (/etc)", "fd.name=/etc", 1);
	expect("fd.name pmatch (/etc/)", "fd.name=//etc///x", 1);
	expect("fd.name pmatch (/var/run, /etc, /lib, /usr/lib)", "fd.name=/var/run/docker", 1);
	expect("fd.name pmatch (/var/run, /etc, /lib, /usr/lib)", "fd.name=/boot", 0);
	expect("fd.name pmatch (/var/run, /etc, /lib, /usr/lib)", "fd.name=/var/lib/messages", 0);
	expect("fd.name pmatch (/var/run, /etc, /lib, /usr/lib)", "fd.name=/var", 0);
	expect("fd.name pmatch (/a-b, /a/b, /a)", "fd.name=/a/x", 1);
	expect("fd.name pmatch (/a-b, /a/b)", "fd.name=/a/x", 0);
	expect("fd.name pmatch (/*/a, /x*/b, /xy/c)", "fd.name=/xy/b", 1);
	expect("fd.name pmatch (/*/a, /x*/b, /xy/c)", "fd.name=/xy/a/q", 1);
	expect("fd.name pmatch (/*/a, /x*/b, /xy/c)", "fd.name=/xy/d", 0);
}

TEST(numbers_compare_by_their_sign)
{
	static const struct { const char *condition; int expected; } cases[] = {
		{ "fd.num = 3", 1 }, { "fd.num = 0x3", 1 }, { "fd.num = +3", 1 }, { "fd.num != 3", 0 }, { "fd.num < 4", 1 },
		{ "fd.num > -1", 1 }, { "proc.pid < 0", 1 }, { "proc.pid = -7", 1 }, { "proc.pid >= -7", 1 },
		{ "proc.pid in (1, -7)", 1 }, { "proc.pid in (1, 2, 3, 4, 5, 6)", 0 }, { "proc.pid in (1, 2, 3, 4, 5, -7)", 1 },
		{ "user.uid >= 1000", 1 }, { "user.uid > 18446744073709551614", 0 }, { "user.uid intersects (1, 1000)", 1 },
		{ "fd.sport = https", 1 }, { "fd.sport in (http, https)", 1 }, { "fd.sport = 443", 1 }, { "fd.sport < 1024", 1 },
		{ "proc.duration > 4999999999", 1 }, { "evt.rawtime >= 1700000000000000000", 1 },
		{ "evt.is_open_read = true", 1 }, { "evt.is_open_read = false", 0 }, { "evt.is_open_read != false", 1 },
		{ "evt.is_open_read in (true)", 1 }, { "evt.is_open_read exists", 1 },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		expect(cases[i].condition, base, cases[i].expected);
}

TEST(addresses_of_another_family_are_never_equal)
{
	static const struct { const char *condition; int expected; } cases[] = {
		{ "fd.sip = 10.1.2.3", 1 }, { "fd.sip = 10.1.2.4", 0 }, { "fd.sip != 10.1.2.4", 1 }, { "fd.sip = fe80::1", 0 },
		{ "fd.sip != fe80::1", 1 }, { "fd.sip in (1.1.1.1, 10.1.2.3)", 1 }, { "fd.cip = fe80::1", 1 },
		{ "fd.cip = fe80::2", 0 }, { "fd.snet = 10.0.0.0/8", 1 }, { "fd.snet = 10.1.2.99/24", 1 },
		{ "fd.snet != 10.0.0.0/8", 0 }, { "fd.snet = 11.0.0.0/8", 0 }, { "fd.snet = fe80::/10", 0 },
		{ "fd.snet != fe80::/10", 1 }, { "fd.cnet = fe80::/10", 1 }, { "fd.snet = 0.0.0.0/0", 1 },
		{ "fd.cnet = 0.0.0.0/0", 0 }, { "fd.snet in (192.168.0.0/16, 10.0.0.0/8)", 1 }, { "fd.sip exists", 1 },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		expect(cases[i].condition, base, cases[i].expected);
}

TEST(both_ends_match_if_either_does_and_differ_only_if_neither_does)
{
	static const struct { const char *condition; int expected; } cases[] = {
		{ "fd.ip = 10.1.2.3", 1 }, { "fd.ip = 192.168.0.1", 1 }, { "fd.ip = 1.1.1.1", 0 }, { "fd.ip != 1.1.1.1", 1 },
		{ "fd.ip != 10.1.2.3", 0 }, { "fd.ip in (1.1.1.1, 192.168.0.1)", 1 }, { "fd.port = 443", 1 },
		{ "fd.port != 443", 0 }, { "fd.port != 80", 1 }, { "fd.port > 1024", 1 }, { "fd.port in (80, 50000)", 1 },
		{ "fd.net = 192.168.0.0/16", 1 }, { "fd.net != 192.168.0.0/16", 0 }, { "fd.net != 172.16.0.0/12", 1 },
		{ "fd.net in (172.16.0.0/12)", 0 }, { "fd.ip exists", 1 },
		{ "fd.port != allof (80, 443)", 0 }, { "fd.port != allof (80, 81)", 1 }, { "fd.port = anyof (80, 443)", 1 },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		expect(cases[i].condition, base, cases[i].expected);
	expect("fd.ip != 1.1.1.1", "fd.ip=-", 0);
	expect("fd.ip exists", "fd.ip=-", 0);
	expect("fd.port = 22", "fd.port=22", 1);
}

TEST(ancestors_match_if_any_does_also_for_not_equal)
{
	expect("proc.aname = systemd", base, 1);
	expect("proc.aname = init", base, 0);
	expect("proc.aname != systemd", base, 1);
	expect("proc.aname != systemd", "proc.aname=systemd", 0);
	expect("not proc.aname = systemd", base, 0);
	expect("proc.aname in (init, sh)", base, 1);
	expect("proc.aname startswith sys", base, 1);
	expect("proc.aname exists", base, 1);
	expect("proc.aname exists", "proc.aname=-", 0);
	expect("proc.aname != x", "proc.aname=-", 0);
	expect("proc.aname[2] = systemd", base, 1);
	expect("proc.aname[2] != systemd", base, 0);
	expect("proc.apid = 1", base, 1);
	expect("proc.apid < 5", base, 1);
}

TEST(lists_are_in_if_all_are_and_intersect_if_one_does)
{
	expect("container.caps in (CAP_A, CAP_B, CAP_C)", base, 1);
	expect("container.caps in (CAP_A)", base, 0);
	expect("container.caps intersects (CAP_A)", base, 1);
	expect("container.caps intersects (CAP_C)", base, 0);
	expect("container.caps exists", base, 1);
	expect("container.caps in (CAP_A)", "container.caps=-", 1);   /* nothing in it is outside */
	expect("container.caps intersects (CAP_A)", "container.caps=-", 0);
	expect("container.caps exists", "container.caps=-", 1);
	expect("container.caps in ()", base, 0);
	expect("container.caps in (CAP_A)", "", 0);
	expect("len(container.caps) = 2", base, 1);
	expect("container.caps in val(fd.types)", base, 0);
	expect("fd.types[0] in (file)", "fd.types[0]=file", 1);   /* one, but still a list */
	expect("fd.types[0] intersects (ipv4)", "fd.types[0]=file", 0);
	expect("fd.types intersects val(fd.types)", base, 1);
	expect("fd.types in val(fd.types)", base, 1);
}

TEST(bytes_are_compared_with_all_their_length)
{
	expect("evt.buffer = abcdef", base, 1);
	expect("evt.buffer != abc", base, 1);
	expect("evt.buffer contains cd", base, 1);
	expect("evt.buffer startswith abc", base, 1);
	expect("evt.buffer endswith ef", base, 1);
	expect("evt.buffer bcontains 6364", base, 1);
	expect("evt.buffer bcontains 6365", base, 0);
	expect("evt.buffer bstartswith 6162", base, 1);
	expect("evt.buffer bstartswith 62", base, 0);
	expect("evt.buffer in (abcdef)", base, 1);
	expect("len(evt.buffer) = 6", base, 1);
	expect("evt.buffer contains anyof (xx, cd)", base, 1);
	expect("evt.buffer bcontains allof (61, 6566)", base, 1);
}

TEST(raw_arguments_are_ordered_as_numbers_when_they_are_numbers)
{
	expect("evt.rawarg.res < 0", "evt.rawarg.res=-2", 1);
	expect("evt.rawarg.res > 9", "evt.rawarg.res=10", 1);
	expect("evt.rawarg.flags >= 0x10", "evt.rawarg.flags=17", 1);
	expect("evt.rawarg.res = -2", "evt.rawarg.res=-2", 1);
	expect("evt.rawarg.name < 9", "evt.rawarg.name=abc", 0);
	expect("evt.rawarg.name contains b", "evt.rawarg.name=abc", 1);
}

TEST(an_unset_field_makes_every_check_false)
{
	static const char *const conditions[] = {
		"proc.name = a", "proc.name != a", "proc.name < 1", "proc.name <= 1", "proc.name > 1", "proc.name >= 1",
		"proc.name contains a", "proc.name icontains a", "proc.name startswith a", "proc.name endswith a",
		"proc.name glob *", "proc.name iglob *", "proc.name regex \".*\"", "proc.name in (a)", "proc.name intersects (a)",
		"proc.name pmatch (/)", "proc.name exists", "fd.num != 1", "fd.num < 1", "fd.sip != 1.1.1.1", "fd.ip != 1.1.1.1",
		"fd.snet != 1.0.0.0/8", "evt.buffer bcontains 61", "evt.buffer != a", "proc.aname != a", "container.caps in ()",
		"container.caps intersects (a)", "evt.is_open_read != true", "tolower(proc.name) != a", "len(proc.name) >= 0",
		"proc.name = val(proc.pname)", "proc.name != val(proc.pname)", "proc.name != allof (a)", "proc.name = oneof (a)",
	};

	for (size_t i = 0; i < ARRAY_LEN(conditions); i++) {
		char negated[128];

		snprintf(negated, sizeof(negated), "not %s", conditions[i]);
		expect(conditions[i], "", 0);
		expect(negated, "", 1);
	}
	expect("proc.name != val(proc.pname)", "proc.name=a", 0);
	expect("proc.name != val(proc.pname)", "proc.pname=a", 0);
	expect("proc.name != val(proc.pname)", "proc.name=a;proc.pname=b", 1);
}

TEST(unknown_is_neither_true_nor_false_but_for_events_as_unset)
{
	expect("proc.name = a", "proc.name=?", -1);
	expect("not proc.name = a", "proc.name=?", -1);
	expect("proc.name = a and fd.num = 3", "proc.name=?;fd.num=3", -1);
	expect("proc.name = a and fd.num = 3", "proc.name=?;fd.num=4", 0);
	expect("proc.name = a or fd.num = 3", "proc.name=?;fd.num=3", 1);
	expect("proc.name = a or fd.num = 3", "proc.name=?;fd.num=4", -1);
	expect("not (proc.name = a or fd.num = 3)", "proc.name=?;fd.num=4", -1);
	expect("proc.name = val(proc.pname)", "proc.name=?;proc.pname=a", -1);
	expect("proc.name = val(proc.pname)", "proc.name=?", 0);
	expect("tolower(proc.name) = a", "proc.name=?", -1);
	expect("concat(proc.name, proc.pname) = a", "proc.name=?", 0);
	expect("proc.name exists", "proc.name=?", -1);
}

TEST(transformers_change_the_value_on_both_sides)
{
	static const struct { const char *condition, *record; int expected; } cases[] = {
		{ "tolower(proc.name) = cat", "proc.name=CaT", 1 }, { "toupper(proc.name) = CAT", "proc.name=cAt", 1 },
		{ "toupper(tolower(proc.name)) = CAT", "proc.name=cAt", 1 }, { "b64(proc.name) = hello", "proc.name=aGVsbG8=", 1 },
		{ "b64(proc.name) = hello", "proc.name=aGVsbG8", 1 }, { "b64(proc.name) exists", "proc.name=a%b", 0 },
		{ "b64(proc.name) = \"world !\"", "proc.name=d29ybGQgIQ==", 1 }, { "b64(proc.name) = \"\"", "proc.name=", 1 },
		{ "basename(fd.name) = passwd", "fd.name=/etc/passwd", 1 }, { "basename(fd.name) = \"\"", "fd.name=/etc/", 1 },
		{ "basename(fd.name) = x", "fd.name=x", 1 }, { "len(fd.name) = 11", "fd.name=/etc/passwd", 1 },
		{ "len(fd.name) in (1, 11)", "fd.name=/etc/passwd", 1 },
		{ "proc.name = tolower(proc.pname)", "proc.name=a;proc.pname=A", 1 },
		{ "fd.name = toupper(proc.exepath)", "fd.name=/A;proc.exepath=/a", 1 },
		{ "tolower(proc.name) = tolower(proc.pname)", "proc.name=aB;proc.pname=Ab", 1 },
		{ "len(proc.name) = len(proc.pname)", "proc.name=ab;proc.pname=cd", 1 },
		{ "len(proc.name) < len(proc.pname)", "proc.name=ab;proc.pname=cde", 1 },
		{ "proc.name startswith basename(fd.name)", "proc.name=catty;fd.name=/bin/cat", 1 },
		{ "basename(proc.exepath) = val(proc.name)", "proc.name=cat;proc.exepath=/bin/cat", 1 },
		{ "proc.name startswith val(proc.pname)", "proc.name=catty;proc.pname=cat", 1 },
		{ "proc.name endswith val(proc.pname)", "proc.name=catty;proc.pname=tty", 1 },
		{ "proc.name contains val(proc.pname)", "proc.name=catty;proc.pname=tt", 1 },
		{ "proc.name icontains val(proc.pname)", "proc.name=catty;proc.pname=TT", 1 },
		{ "proc.name glob val(proc.pname)", "proc.name=catty;proc.pname=c*y", 1 },
		{ "proc.name iglob val(proc.pname)", "proc.name=catty;proc.pname=C*Y", 1 },
		{ "proc.name in val(proc.pname)", "proc.name=a;proc.pname=a", 1 },
		{ "fd.sip = val(fd.cip)", "fd.sip=1.1.1.1;fd.cip=1.1.1.1", 1 },
		{ "fd.sip != val(fd.cip)", "fd.sip=1.1.1.1;fd.cip=::1", 1 },
		{ "proc.pid > val(proc.ppid)", "proc.pid=2;proc.ppid=-1", 1 },
		{ "join(\"-\", (proc.name, \"x\", fd.num)) = a-x-3", "proc.name=a;fd.num=3", 1 },
		{ "join(\"->\", (\"aaa\")) = aaa", "", 1 }, { "join(\",\", ()) = \"\"", "", 1 },
		{ "join(\",\", container.caps) = \"A,B\"", "container.caps=A,B", 1 },
		{ "join(fd.name, (fd.name, fd.directory)) = /a/a/b", "fd.name=/a;fd.directory=/b", 1 },
		{ "join(\"-\", (fd.directory, join(\"->\", (\"aaa\", toupper(fd.name))))) = /tmp-aaa->/X",
		  "fd.name=/x;fd.directory=/tmp", 1 },
		{ "concat(proc.name, \"1\", proc.pname) = a1b", "proc.name=a;proc.pname=b", 1 },
		{ "concat(proc.name, \"1\") exists", "", 0 }, { "b64(concat(\"YWFh\", \"YmJi\")) = aaabbb", "", 1 },
		{ "len(concat(fd.name, fd.directory)) = 6", "fd.name=/aa;fd.directory=/bb", 1 },
		{ "tolower(container.caps) in (a, b)", "container.caps=A,B", 1 },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		expect(cases[i].condition, cases[i].record, cases[i].expected);
}

TEST(getopt_lists_options_and_their_values)
{
	static const struct { const char *condition; int expected; } cases[] = {
		{ "getopt((\"-n\", \"\"), \"n\") intersects (n)", 1 }, { "getopt((\"-t\", \"hello\"), \"t:\") intersects (hello)", 1 },
		{ "getopt((\"-nt\", \"hello\"), \"nt:\") in (n, t, hello)", 1 }, { "getopt((\"-thello\"), \"t:\") in (t, hello)", 1 },
		{ "getopt((\"-n\"), \"n\") intersects (t)", 0 }, { "getopt((\"-n\", \"--\", \"-t\"), \"nt:\") intersects (t)", 0 },
		{ "getopt((\"-x\", \"-n\"), \"n\") in (n)", 1 }, { "getopt((\"arg1\", \"-n\", \"arg2\"), \"n\") intersects (n)", 1 },
		{ "getopt((\"-lpe\", \"/bin/sh\"), \"lpe:\") intersects (/bin/sh)", 1 },
		{ "getopt((\"-t\"), \"t:\") intersects (\"\")", 1 }, { "getopt((\"-n-t\"), \"nt\") intersects (t)", 1 },
		{ "getopt((\"-n\", \"-t\"), \"\") intersects (n)", 0 }, { "getopt((\"-nat\", \"hello\"), \"na:t\") in (n, a, t)", 1 },
		{ "len(getopt((\"-a\", \"-b\"), \"ab\")) = 2", 1 },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		expect(cases[i].condition, "", cases[i].expected);
}

TEST(quantifiers_count_matching_elements)
{
	static const struct { const char *condition; int expected; } cases[] = {
		{ "fd.name contains oneof (etc, usr)", 1 }, { "fd.name contains oneof (etc, pass)", 0 },
		{ "fd.name contains oneof (x, y)", 0 }, { "fd.name contains anyof (x, etc)", 1 }, { "fd.name contains anyof (x, y)", 0 },
		{ "fd.name contains allof (etc, pass)", 1 }, { "fd.name contains allof (etc, x)", 0 },
		{ "fd.name contains anyof ()", 0 }, { "fd.name contains allof ()", 0 }, { "fd.name contains oneof ()", 0 },
		{ "fd.name != allof ()", 0 }, { "fd.name = anyof ()", 0 },
		{ "proc.name = oneof (cat, dog)", 1 }, { "proc.name = oneof (cat, cat)", 0 }, { "proc.name = allof (cat, cat)", 1 },
		{ "proc.name = anyof (cat, dog)", 1 }, { "proc.name != allof (a, b)", 1 }, { "proc.name != allof (a, cat)", 0 },
		{ "proc.name != anyof (cat)", 0 }, { "proc.name != anyof (cat, dog)", 1 }, { "proc.name != oneof (cat, dog)", 1 },
		{ "proc.name startswith anyof (x, c)", 1 }, { "proc.name endswith oneof (at, t)", 0 },
		{ "fd.name glob allof (/e*, *d)", 1 }, { "fd.name regex anyof (\"x\", \"/etc.*\")", 1 },
		{ "fd.name regex oneof (\"/.*\", \"/etc.*\")", 0 }, { "fd.name icontains allof (ETC, PASS)", 1 },
		{ "fd.num = anyof (3, 4)", 1 }, { "fd.num != allof (3, 4)", 0 }, { "fd.num = oneof (3, 4)", 1 },
		{ "fd.sip = anyof (10.1.2.3)", 1 }, { "fd.snet = oneof (10.0.0.0/8, 10.1.0.0/16)", 0 },
		{ "proc.aname startswith anyof (sys)", 1 },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		expect(cases[i].condition, base, cases[i].expected);
}

TEST(many_alternatives_are_found_as_one)
{
	expect("fd.name contains anyof (a1, a2, a3, a4, a5, a6, a7, a8, passw, a9)", base, 1);
	expect("fd.name contains anyof (a1, a2, a3, a4, a5, a6, a7, a8, PASSW, a9)", base, 0);
	expect("fd.name icontains anyof (a1, a2, a3, a4, a5, a6, a7, a8, PASSW, a9)", base, 1);
	expect("fd.name contains anyof (\".*\", \"[a]\", \"(\", \"a|b\", \"x{2}\", \"\\\\\", \"^\", \"$\", \"+\")", base, 0);
	expect("fd.name contains a1 or fd.name contains a2 or fd.name contains a3 or fd.name contains etc", base, 1);
	expect("not fd.name startswith /a and not fd.name startswith /b and not fd.name startswith /e", base, 0);
	expect("proc.name != a and proc.name != b and proc.name != cat", base, 0);
	expect("proc.name != a and proc.name != b and proc.name != dog", base, 1);
	expect("proc.name != a and proc.name != b", "", 0);
	expect("not proc.name = a and not proc.name = b", "", 1);
	expect("proc.name = a or proc.name in (b, c) or proc.name = cat", base, 1);
	expect("fd.name endswith x or fd.name endswith wd or fd.name endswith y", base, 1);
}

TEST(regex_reads_bytes_that_are_no_utf8_as_a_character)
{
	expect("fd.name regex \"/tmp/.*\"", "fd.name=/tmp/\xff\xfe", 1);
	expect("fd.name regex \"/tmp/..\"", "fd.name=/tmp/\xc3\xa9\xff", 1);
	expect("fd.name regex \"/tmp/\xc3\xa9\"", "fd.name=/tmp/\xc3\xa9", 1);
}

TEST(wrong_operators_and_values_are_errors_with_their_place)
{
	expect_error("fd.num contains 3", "operator 'contains' is not for fd.num, which is of type int: expected one of exists, =", 7);
	expect_error("evt.is_open_read > 1", "operator '>'", 17);
	expect_error("fd.sip startswith 1", "operator 'startswith'", 7);
	expect_error("fd.sip < 1", "operator '<'", 7);
	expect_error("proc.name bcontains 61", "operator 'bcontains'", 10);
	expect_error("evt.buffer icontains a", "operator 'icontains'", 11);
	expect_error("evt.buffer glob a", "operator 'glob'", 11);
	expect_error("evt.buffer < 3", "operator '<'", 11);
	expect_error("container.caps = a", "which is of type list of string: expected one of exists, in, intersects", 15);
	expect_error("container.caps = anyof (a)", "operator '='", 15);
	expect_error("fd.num = abc", "fd.num: 'abc' is not a whole number", 9);
	expect_error("fd.num in (1, 2.5)", "'2.5' is not a whole number", 14);
	expect_error("fd.num > 1e+3", "'1e+3' is not a whole number", 9);
	expect_error("user.uid = -1", "-1 is out of range for an unsigned number", 11);
	expect_error("fd.num = 9223372036854775808", "out of range for a signed number", 9);
	expect_error("user.uid = 18446744073709551616", "out of range for an unsigned number", 11);
	expect_error("fd.sport = 65536", "65536 is out of range for a port", 11);
	expect_error("fd.sport = nosuchservice", "'nosuchservice' is neither a port number nor the name of a service", 11);
	expect_error("evt.is_open_read = yes", "'yes' is neither true nor false", 19);
	expect_error("fd.sip = 1.2.3", "'1.2.3' is no IP address", 9);
	expect_error("fd.snet = 1.2.3.4", "'1.2.3.4' is no network", 10);
	expect_error("fd.snet = 1.2.3.4/33", "wrong prefix length: expected /0 to /32", 10);
	expect_error("evt.buffer bcontains 6", "'6' is no hexadecimal text", 21);
	expect_error("evt.buffer bcontains xy", "'xy' is no hexadecimal text", 21);
	expect_error("fd.name regex \"a(\"", "invalid regular expression", 14);
	expect_error("evt.type = opennat", "unknown event type 'opennat'; did you mean 'openat'?", 11);
	expect_error("evt.type in (open, nosuch)", "unknown event type 'nosuch'", 19);
	expect_error("tolower(evt.type) = open", "field 'evt.type' cannot be used inside a transformer", 8);
	expect_error("evt.type = val(proc.name)", "'evt.type' is compared with event names", 15);
	expect_error("tolower(fd.num) = a", "tolower() takes text, not fd.num, which is of type int", 8);
	expect_error("len(fd.num) = 1", "len() takes text, bytes or a list", 4);
	expect_error("tolower(fd.ip) = a", "field 'fd.ip' cannot be used inside a transformer", 8);
	expect_error("tolower(proc.aname) = a", "field 'proc.aname' cannot be used inside", 8);
	expect_error("len(proc.name) = abc", "'abc' is not a whole number", 17);
	expect_error("len(\"a\") = 1", "len() takes one field or transformer", 0);
	expect_error("tolower(proc.name, proc.pname) = a", "tolower() takes one field or transformer", 0);
	expect_error("proc.name = val(fd.num)", "proc.name is of type string but fd.num is of type int", 16);
	expect_error("proc.name in val(container.caps)", "but container.caps is of type list of string", 17);
	expect_error("fd.ip = val(fd.sip)", "field 'fd.ip' cannot be on the left side", 0);
	expect_error("fd.sip = val(fd.ip)", "field 'fd.ip' cannot be on the right side", 13);
	expect_error("proc.name = val(proc.aname)", "field 'proc.aname' cannot be on the right side", 16);
	expect_error("fd.name regex val(fd.name)", "operator 'regex' takes values, not fields", 18);
	expect_error("fd.name pmatch val(fd.name)", "operator 'pmatch' takes values, not fields", 19);
	expect_error("join(\"-\", \"a\") = x", "join() takes a list as its second argument", 10);
	expect_error("join(\"-\") = x", "join() takes a separator and a list", 0);
	expect_error("join(fd.types, (\"a\")) = x", "join() takes text as its separator", 5);
	expect_error("concat(\"a\") = x", "concat() takes two texts or more", 0);
	expect_error("concat(\"a\", (\"b\")) = x", "concat() takes texts", 12);
	expect_error("getopt(\"a\", \"n\") in (n)", "getopt() takes a list of texts", 7);
	expect_error("getopt((\"-n\"), (\"n\")) in (n)", "getopt() takes text as its options", 15);
	expect_error("getopt((\"-n\"), \"n\") = n", "operator '='", 20);
	expect_error("nosuchmacro", "undefined macro 'nosuchmacro'", 0);
	expect_error("proc.name = a and not (fd.num = x)", "'x' is not a whole number", 32);
}

TAP_MAIN()
