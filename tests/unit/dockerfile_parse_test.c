/* SPDX-License-Identifier: Apache-2.0 */
/* Dockerfiles and shell text: what is read, and where it stands. */
#include "posture/dockerfile/limits.h"
#include "posture/dockerfile/packages.h"
#include "posture/dockerfile/parse.h"
#include "posture/dockerfile/shell.h"
#include "posture/judge.h"
#include "posture/lint.h"
#include "data_dir.h"
#include "tap.h"

#include <stdlib.h>

static struct arena arena;
static struct dockerfile file;

static const struct dockerfile_instruction *parse(const char *text)
{
	arena_done(&arena);
	arena_init(&arena, 0);
	dockerfile_parse(&arena, text, strlen(text), &file);
	return file.instructions;
}

static const struct dockerfile_instruction *nth(unsigned n)
{
	const struct dockerfile_instruction *in = file.instructions;

	while (in && n--)
		in = in->next;
	return in;
}

static void check_words(const struct dockerfile_instruction *in, const char *expected)
{
	struct strbuf out;

	strbuf_init(&out, 4096);
	for (size_t i = 0; in && i < in->n_words; i++)
		strbuf_addf(&out, "%s%s", i ? "|" : "", in->words[i].text);
	CHECK_STR(out.text, expected);
	strbuf_done(&out);
}

static void check_pairs(const struct dockerfile_instruction *in, const char *expected)
{
	struct strbuf out;

	strbuf_init(&out, 4096);
	for (size_t i = 0; in && i < in->n_pairs; i++)
		strbuf_addf(&out, "%s%s%s%s", i ? "|" : "", in->pairs[i].key.text, in->pairs[i].has_value ? "=" : "", in->pairs[i].value.text);
	CHECK_STR(out.text, expected);
	strbuf_done(&out);
}

TEST(directives_stand_first_and_change_the_escape_character)
{
	parse("\xef\xbb\xbf# Syntax = docker/dockerfile:1\r\n#escape=`\r\nFROM a`\r\n  :1\r\nRUN b\\\r\n");
	CHECK_STR(file.syntax, "docker/dockerfile:1");
	CHECK_INT(file.escape, '`');
	check_words(nth(0), "a|:1");
	CHECK_STR(nth(1)->rest.text, "b\\");
	parse("# a comment\n# escape=`\nFROM a\n");
	CHECK_INT(file.escape, '\\');
	parse("\n# escape=`\nFROM a\n");
	CHECK_INT(file.escape, '\\');
	parse("# escape=x\nFROM a\n");
	CHECK_INT(file.n_problems, 1);
}

TEST(lines_are_joined_over_comments_and_blank_lines)
{
	const struct dockerfile_instruction *in = parse("RUN a \\\n  # why\n\n   b \\  \n\tc\nRUN d\n");

	CHECK_STR(in->rest.text, "a    b \tc");
	CHECK_INT(in->line, 1);
	CHECK_INT(in->end_line, 5);
	CHECK_INT(nth(1)->line, 6);
	CHECK_INT(file.n_instructions, 2);
	/* The last line may end in the escape character. */
	CHECK_STR(parse("RUN a \\")->rest.text, "a");
}

TEST(every_token_knows_its_line_and_column)
{
	const struct dockerfile_instruction *in = parse("FROM a\n  COPY --from=x \\\n   one \"two three\" \\\n # no\n\t/four/\n");

	in = in->next;
	CHECK_INT(in->line, 2);
	CHECK_INT(in->column, 3);
	CHECK_INT(in->flags[0].column, 8);
	CHECK_INT(in->words[0].line, 3);
	CHECK_INT(in->words[0].column, 4);
	CHECK_INT(in->words[1].column, 8);
	CHECK_INT(in->words[2].line, 5);
	CHECK_INT(in->words[2].column, 2);
	check_words(in, "one|two three|/four/");
	CHECK_STR(dockerfile_flag(in, "from"), "x");
	CHECK(!dockerfile_flag(in, "fro"));
}

TEST(json_form_is_a_list_of_strings_and_nothing_else)
{
	static const struct { const char *text; bool is_exec; const char *words; } cases[] = {
		{ "CMD [\"a\", \"b c\"]", true, "a|b c" },
		{ "CMD [ \"a\\\"\\u00e9\\n\" ] ", true, "a\"\xc3\xa9\n" },
		{ "CMD []", true, "" },
		{ "CMD [\"a\",]", false, "" },
		{ "CMD ['a']", false, "" },
		{ "CMD [\"a\"] b", false, "" },
		{ "CMD [1]", false, "" },
		{ "CMD [\"\\q\"]", false, "" },
		{ "CMD [\"a", false, "" },
		{ "COPY [\"a b\", \"c\"]", true, "a b|c" },
		{ "HEALTHCHECK --retries=3 CMD [\"a\"]", true, "a" },
		{ "ONBUILD CMD [\"a\"]", true, "a" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct dockerfile_instruction *in = parse(cases[i].text);
		CHECK_MSG(in->is_exec == cases[i].is_exec, "%s", cases[i].text);
		check_words(in, cases[i].words);
	}
}

TEST(pairs_keep_blanks_in_quotes_and_know_the_old_form)
{
	check_pairs(parse("ENV A=b C='d e' F=\"g \\\" $h\" I=j\\ k"), "A=b|C=d e|F=g \" $h|I=j k");
	check_pairs(parse("ENV A b c  d"), "A=b c  d");
	check_pairs(parse("ARG A B=\"c\""), "A|B=c");
	check_pairs(parse("LABEL \"a.b\"=c d='e'"), "a.b=c|d=e");
	check_pairs(parse("LABEL a=\"b c\nUSER d"), "a=b c");
	CHECK_INT(file.n_problems, 1);
	CHECK_INT(file.problems->line, 1);
	CHECK_INT(file.problems->column, 7);
	CHECK_INT(nth(1)->keyword, DOCKERFILE_USER);
}

TEST(heredocs_end_at_their_names_and_can_be_several)
{
	const struct dockerfile_instruction *in = parse("RUN <<EOF\na\n  EOF\nb\nEOF\nCOPY <<-\"ONE\" <<TWO /x/\n\tfirst\n\tONE\nsecond\nTWO\nUSER u\n");

	CHECK_INT(in->n_heredocs, 1);
	CHECK_STR(in->heredocs[0].body.text, "a\n  EOF\nb\n");
	CHECK_INT(in->end_line, 5);
	in = in->next;
	if (!CHECK_INT(in->n_heredocs, 2))
		return;
	CHECK_STR(in->heredocs[0].body.text, "first\n");
	CHECK(!in->heredocs[0].expands && in->heredocs[1].expands);
	CHECK_STR(in->heredocs[1].body.text, "second\n");
	CHECK_INT(nth(2)->line, 11);
	CHECK_INT(file.n_problems, 0);
	parse("RUN <<EOF\na\n");
	CHECK_INT(file.n_problems, 1);
	CHECK_INT(parse("RUN echo \"<<EOF\" $((1<<2)) <<<word\nUSER a\n")->n_heredocs, 0);
	CHECK_INT(file.n_instructions, 2);
}

TEST(what_does_not_parse_is_a_problem_with_its_place_and_the_rest_is_read)
{
	static const struct { const char *text; unsigned line, column; const char *what; } cases[] = {
		{ "FROM a\nRUNN b\nUSER c", 2, 1, "did you mean RUN?" },
		{ "FROM a\n  ONBUILD foo\nUSER c", 2, 11, "expected an instruction" },
		{ "FROM a\nUSER\nUSER c", 2, 1, "expected an argument of USER" },
		{ "FROM a\nSHELL sh -c\nUSER c", 2, 7, "expected a list in JSON" },
		{ "FROM a\nCOPY b\nUSER c", 2, 6, "expected a source and a destination" },
		{ "FROM a b\nFROM c\nUSER d", 1, 6, "expected FROM image" },
		{ "FROM a\nENV B\nUSER c", 2, 5, "expected NAME=VALUE" },
		{ "FROM a\nHEALTHCHECK a\nUSER c", 2, 13, "expected CMD or NONE" },
		{ "FROM a\nEXPOSE \"80\nUSER c", 2, 8, "expected a closing quote" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct dockerfile_problem *p;
		bool has_user = false;

		parse(cases[i].text);
		p = file.problems;
		if (!CHECK_MSG(p, "%s parses", cases[i].text))
			continue;
		CHECK_MSG(p->line == cases[i].line && p->column == cases[i].column, "%s: %u:%u", cases[i].text, p->line, p->column);
		CHECK_MSG(strstr(p->what, cases[i].what), "%s: %s", cases[i].text, p->what);
		for (const struct dockerfile_instruction *in = file.instructions; in; in = in->next)
			has_user |= in->keyword == DOCKERFILE_USER;
		CHECK_MSG(has_user, "%s: the rest is lost", cases[i].text);
	}
}

TEST(limits_are_told_and_end_nothing_but_what_is_too_much)
{
	struct strbuf text;

	strbuf_init(&text, 16 << 20);
	for (unsigned i = 0; i <= DOCKERFILE_INSTRUCTIONS_MAX; i++)
		strbuf_adds(&text, "USER a\n");
	parse(text.text);
	CHECK_INT(file.n_instructions, DOCKERFILE_INSTRUCTIONS_MAX);
	CHECK_INT(file.n_problems, 1);
	strbuf_reset(&text);
	strbuf_adds(&text, "EXPOSE");
	for (unsigned i = 0; i <= DOCKERFILE_WORDS_MAX; i++)
		strbuf_adds(&text, " 1");
	CHECK_INT(parse(text.text)->n_words, DOCKERFILE_WORDS_MAX);
	CHECK_INT(file.n_problems, 1);
	strbuf_reset(&text);
	strbuf_adds(&text, "RUN ");
	while (text.len <= DOCKERFILE_INSTRUCTION_BYTES_MAX)
		strbuf_adds(&text, "aaaaaaaaaaaaaaaaaaaaaaaa ");
	strbuf_adds(&text, "\nUSER b\n");
	parse(text.text);
	CHECK_INT(file.n_problems, 1);
	CHECK_INT(file.n_instructions, 2);
	strbuf_reset(&text);
	for (unsigned i = 0; i < DOCKERFILE_PROBLEMS_MAX + 9; i++)
		strbuf_adds(&text, "WHAT\n");
	parse(text.text);
	CHECK_INT(file.n_problems, DOCKERFILE_PROBLEMS_MAX);
	strbuf_reset(&text);
	while (text.len <= DOCKERFILE_BYTES_MAX)
		strbuf_adds(&text, "# a comment that is long\n");
	parse(text.text);
	CHECK_INT(file.n_problems, 1);
	strbuf_done(&text);
}

/* ---- shell ---- */

static struct shell_script script;

/* "name(arg arg)<from name(...)": commands in order; inner ones in braces. */
static const char *shell(const char *text)
{
	struct dockerfile_piece piece = { .line = 1, .column = 1 };
	struct dockerfile_source source = { .text = text, .len = strlen(text), .pieces = &piece, .n_pieces = 1 };
	struct strbuf out;
	const char *kept;

	arena_done(&arena);
	arena_init(&arena, 0);
	shell_parse(&arena, &source, &script);
	strbuf_init(&out, 64 * 1024);
	for (const struct shell_command *c = script.first; c; c = c->next) {
		strbuf_addf(&out, "%s%s%s(", out.len ? " " : "", c->is_inner ? "+" : "", c->name);
		for (size_t i = 0; i < c->n_words; i++)
			strbuf_addf(&out, "%s%s", i ? "," : "", c->words[i].text);
		strbuf_addf(&out, ")%s%s", c->piped_from ? "<" : "", c->piped_from ? c->piped_from->name : "");
	}
	kept = arena_strdup(&arena, out.text);
	strbuf_done(&out);
	return kept;
}

TEST(shell_text_becomes_simple_commands)
{
	static const struct { const char *text, *commands; } cases[] = {
		{ "a b  c", "a(b,c)" },
		{ "a && b || c; d & e", "a() b() c() d() e()" },
		{ "a | b |& c", "a() b()<a c()<b" },
		{ "a 'b c' \"d $e\" f\\ g $'h'", "a(b c,d $e,f g,h)" },
		{ "A=1 B='2 3' /usr/bin/c d=4", "c(d=4)" },
		{ "a > b 2>&1 < c >> d &> e 2>/dev/null f", "a(f)" },
		{ "(a; (b))", "a() b()" },
		{ "if a b; then c; elif d; else e; fi; f", "a(b) c() d() e() f()" },
		{ "for x in a b; do c $x; done && d", "c($x) d()" },
		{ "while ! a; do b; done", "a() b()" },
		{ "case $x in a|b) c;; (d) e; f;; *) g ;; esac; h", "c() e() f() g() h()" },
		{ "f() { a b; }; f", "f() a(b) f()" },
		{ "{ a; b; }", "a() b()" },
		{ "a $(b c | d) `e f`", "b(c) d()<b e(f) a($(b c | d),`e f`)" },
		{ "a \"$(b \"c d\")\"", "b(c d) a($(b \"c d\"))" },
		{ "a $((1 + (2 << 3))) ${b:-c d}", "a($((1 + (2 << 3))),${b:-c d})" },
		{ "a <(b) c", "b() a(c)" },
		{ "a # b\nc", "a() c()" },
		{ "a \\\n b", "a(b)" },
		{ "cat <<X\na b\nX\nc", "cat() c()" },
		{ "sudo -u a -E B=c d e", "sudo(-u,a,-E,B=c,d,e) +d(e)" },
		{ "env -i A=b timeout -s 9 10 nice -n 5 c d", "env(-i,A=b,timeout,-s,9,10,nice,-n,5,c,d) +timeout(-s,9,10,nice,-n,5,c,d) "
		  "+nice(-n,5,c,d) +c(d)" },
		{ "bash -euxo pipefail -c 'a | b' c", "bash(-euxo,pipefail,-c,a | b,c) +a() +b()<a" },
		{ "sh a -c b", "sh(a,-c,b)" },
		{ "a 'unclosed", "a(unclosed)" },
		{ "a )) b", "a() b()" },
		{ "", "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *got = shell(cases[i].text);
		CHECK_MSG(strcmp(got, cases[i].commands) == 0, "%s\n# is       %s\n# expected %s", cases[i].text, got, cases[i].commands);
	}
}

TEST(pipes_count_unless_pipefail_is_set_before_them)
{
	static const struct { const char *text; bool has_pipe; } cases[] = {
		{ "a | b", true }, { "a || b", false }, { "echo 'a | b'", false }, { "$(a | b)", true }, { "set -euo pipefail; a | b", false },
		{ "a | b; set -o pipefail", true }, { "sh -c 'a | b'", true }, { "bash -o pipefail -c 'a | b'", false },
		{ "bash -o pipefail -c 'a | b'; c | d", true },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		shell(cases[i].text);
		CHECK_MSG(script.has_pipe == cases[i].has_pipe, "%s", cases[i].text);
	}
}

TEST(shell_limits_cut_and_say_so)
{
	struct strbuf text;

	strbuf_init(&text, 4 << 20);
	for (unsigned i = 0; i <= SHELL_COMMANDS_MAX; i++)
		strbuf_adds(&text, "a;");
	shell(text.text);
	CHECK(script.is_truncated);
	CHECK_INT(script.n, SHELL_COMMANDS_MAX);
	strbuf_reset(&text);
	for (unsigned i = 0; i <= SHELL_DEPTH_MAX; i++)
		strbuf_adds(&text, "(");
	shell(text.text);
	CHECK(script.is_truncated);
	strbuf_reset(&text);
	for (unsigned i = 0; i <= SHELL_WORDS_MAX + 1; i++)
		strbuf_adds(&text, "a ");
	shell(text.text);
	CHECK(script.is_truncated);
	CHECK_INT(script.first->n_words, SHELL_WORDS_MAX - 1);
	strbuf_reset(&text);
	for (unsigned i = 0; i < 3 * SHELL_DEPTH_MAX; i++)
		strbuf_adds(&text, "sudo ");
	shell(text.text);
	CHECK_INT(script.n, SHELL_WRAPPERS_MAX + 1);
	strbuf_done(&text);
}

/* ---- the reader ---- */

static struct posture_set *set;

static void lint_as(const char *path, const char *text)
{
	set = posture_set_free(set);
	set = posture_set_new(NULL);
	posture_lint_text(set, path, text, strlen(text), NULL);
}

static const struct posture_record *command(const char *name)
{
	for (const struct posture_record *r = set->first[MODEL_KIND_DOCKERFILE_COMMAND]; r; r = r->next)
		if (strcmp(posture_value_of(r, MODEL_F_COMMAND_NAME)->value.text, name) == 0)
			return r;
	return NULL;
}

TEST(limits_of_the_outline_are_told_and_end_nothing_else)
{
	struct strbuf text;

	strbuf_init(&text, 4 << 20);
	for (unsigned i = 0; i <= OUTLINE_STAGES_MAX; i++)
		strbuf_addf(&text, "FROM a:1 AS s%u\n", i);
	lint_as("Dockerfile", text.text);
	CHECK_INT(set->n_problems, 1);
	CHECK(set->last[MODEL_KIND_DOCKERFILE_STAGE]->place.line == OUTLINE_STAGES_MAX);
	strbuf_reset(&text);
	strbuf_adds(&text, "FROM a:1\n");
	for (unsigned i = 0; i <= OUTLINE_COMMANDS_MAX / 100; i++) {
		strbuf_adds(&text, "RUN ");
		for (unsigned k = 0; k < 100; k++)
			strbuf_adds(&text, "a;");
		strbuf_adds(&text, "\n");
	}
	lint_as("Dockerfile", text.text);
	CHECK_INT(set->n_problems, 1);
	CHECK_INT(set->n_records, OUTLINE_COMMANDS_MAX + OUTLINE_COMMANDS_MAX / 100 + 1 + 3);
	strbuf_reset(&text);
	for (unsigned i = 0; i <= OUTLINE_PRAGMAS_MAX; i++)
		strbuf_adds(&text, "# parka: ignore=x\n");
	strbuf_adds(&text, "FROM a:1\n");
	lint_as("Dockerfile", text.text);
	CHECK_INT(set->n_problems, 1);
	strbuf_reset(&text);
	strbuf_adds(&text, "FROM a:1\nENV");
	for (unsigned i = 0; i < OUTLINE_PAIRS_MAX; i++)
		strbuf_addf(&text, " A%u=b", i);
	strbuf_adds(&text, " C=d E=$C\n");   /* past what is compared */
	lint_as("Dockerfile", text.text);
	CHECK(!posture_value_of(set->last[MODEL_KIND_DOCKERFILE_INSTRUCTION], MODEL_F_INSTRUCTION_SELF_REFERENCES));
	strbuf_reset(&text);
	strbuf_adds(&text, "FROM a:1\nCOPY");
	for (unsigned i = 0; i <= OUTLINE_ARCHIVES_MAX; i++)
		strbuf_addf(&text, " %u.zip.gz", i);
	strbuf_addf(&text, " /x/\nRUN gunzip 0.zip.gz %u.zip.gz\n", OUTLINE_ARCHIVES_MAX);
	lint_as("Dockerfile", text.text);
	CHECK_INT(posture_value_of(set->first[MODEL_KIND_DOCKERFILE_INSTRUCTION]->next, MODEL_F_INSTRUCTION_EXTRACTED)->value.n, 1);
	strbuf_done(&text);
}

TEST(commands_know_their_lines_also_in_heredocs_and_json)
{
	static const struct { const char *text, *name; unsigned line, column; } cases[] = {
		{ "FROM a\nRUN one && \\\n    two\n", "two", 3, 5 },
		{ "FROM a\nRUN --mount=type=ssh \\\n  --network=none \\\n  one | two\n", "two", 4, 9 },
		{ "FROM a\nRUN <<EOF\none\n  two\nEOF\n", "two", 4, 3 },
		{ "FROM a\nRUN [\"sh\", \"-c\", \"two\"]\n", "sh", 2, 6 },
		{ "FROM a\nRUN sudo \\\n two\n", "two", 3, 2 },
		{ "FROM a\nRUN bash <<EOF\ntwo\nEOF\n", "two", 3, 1 },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct posture_record *r;

		lint_as("Dockerfile", cases[i].text);
		r = command(cases[i].name);
		if (CHECK_MSG(r, "%s: no %s", cases[i].text, cases[i].name))
			CHECK_MSG(r->place.line == cases[i].line && r->place.column == cases[i].column, "%s: %u:%u", cases[i].text,
				  r->place.line, r->place.column);
	}
	lint_as("Dockerfile", "FROM a\nRUN python3 <<EOF\ntwo\nEOF\nRUN cat <<EOF > /x\nthree\nEOF\n");
	CHECK(!command("two") && !command("three"));
	lint_as("Dockerfile", "FROM a\nSHELL [\"powershell\", \"-command\"]\nRUN Get-Thing | Out-Null\n");
	CHECK(!set->first[MODEL_KIND_DOCKERFILE_COMMAND]);
}

TEST(dockerfiles_are_recognised_by_name_and_by_content)
{
	static const struct { const char *path, *text; bool is_one; } cases[] = {
		{ "Dockerfile", "FROM a\n", true }, { "x/dockerfile.dev", "FROM a\n", true }, { "web.Dockerfile", "FROM a\n", true },
		{ "Containerfile", "FROM a\n", true }, { "build", "# a comment\nARG B\nFROM a\n", true }, { "a.py", "FROM a\n", false },
		{ "build", "from a import b\n", false }, { "Dockerfile.dockerignore", "*.md\n", false }, { "build", "RUN a\nFROM b\n", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		lint_as(cases[i].path, cases[i].text);
		CHECK_MSG(!!set->first[MODEL_KIND_DOCKERFILE] == cases[i].is_one, "%s", cases[i].path);
	}
	lint_as("Dockerfile", "");
	CHECK_INT(set->n_problems, 1);
	lint_as("Dockerfile", "FROM a\nWHAT b\n");
	CHECK_INT(set->n_problems, 1);
	CHECK_INT(set->problems->place.line, 2);
}

/* ---- waivers ---- */

static void judge_refs(const char *text, const char *ref, unsigned *ret_failed, unsigned *ret_waived, const char **ret_reason)
{
	static struct posture_results results;
	struct posture_options judging = { .only = &ref, .n_only = 1 };
	struct posture_checks *checks = posture_checks_new();
	struct err err = ERR_INIT;

	lint_as("Dockerfile", text);
	if (posture_checks_load(checks, checks_dir(), &err) < 0 || posture_judge(set, checks, &judging, &results, &err) < 0)
		CHECK_STR(err.text, "");
	*ret_failed = results.all.n[POSTURE_FAIL];
	*ret_waived = results.all.n[POSTURE_WAIVED];
	*ret_reason = NULL;
	for (size_t i = 0; i < results.n; i++)
		if (results.findings[i].status == POSTURE_WAIVED)
			*ret_reason = results.findings[i].reason;
	if (*ret_reason)
		*ret_reason = posture_printf(set, "%s", *ret_reason);
	posture_results_done(&results);
	posture_checks_free(checks);
}

TEST(comments_waive_what_they_name_where_they_stand)
{
	static const struct { const char *text, *ref; unsigned failed, waived; const char *reason; } cases[] = {
		{ "FROM a:1\n# hadolint ignore=DL3004\nRUN sudo b\nRUN c; sudo d\n", "DL3004", 1, 1, NULL },
		{ "FROM a:1\n# hadolint ignore = DL3001 , DL3004 # why not\nRUN sudo b\n", "DL3004", 0, 1, "why not" },
		{ "FROM a:1\n# hadolint ignore=DL3004\n\nRUN sudo b\n", "DL3004", 1, 0, NULL },
		{ "FROM a:1\n# hadolint ignore=DL3004\n# more\nRUN sudo b\n", "DL3004", 0, 1, NULL },
		{ "FROM a:1\nRUN c && \\\n# hadolint ignore=DL3004\n sudo b\n", "DL3004", 1, 0, NULL },
		{ "# hadolint ignore=DL3006\nFROM a\nFROM b\n", "DL3006", 1, 1, NULL },
		{ "# hadolint global ignore=DL3006\nFROM a\nFROM b\n", "DL3006", 0, 2, NULL },
		{ "FROM a\n# hadolint stage ignore=DL3004\nFROM b\nRUN sudo c\nFROM d\nRUN sudo e\n", "DL3004", 1, 1, NULL },
		{ "FROM a:1\n# parka: ignore=dockerfile-sudo the vendor's script wants it\n\n# other\nRUN sudo b\n", "DL3004", 0, 1,
		  "the vendor's script wants it" },
		{ "FROM a:1\nRUN sudo b\n# parka: ignore-file=DS-0002, dockerfile-sudo a job, not a service\n", "DS-0002", 0, 1, "a job, not a service" },
		{ "FROM a:1\n# parka: ignore-stage=DL3004\nRUN sudo b\n", "DL3004", 0, 1, NULL },
		{ "FROM a:1\n#trivy:ignore:DS-0010\nRUN sudo b\n", "DS-0010", 0, 1, NULL },
		{ "#checkov:skip=CKV_DOCKER_3:runs once\nFROM a:1\n", "CKV_DOCKER_3", 0, 1, "runs once" },
		{ "FROM a:1\n# hadolint ignore=\nRUN sudo b\n", "DL3004", 1, 0, NULL },
		{ "FROM a:1\n# hadolint ignore=crazy,DL3004\nRUN sudo b\n", "DL3004", 1, 0, NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		unsigned failed, waived;
		const char *reason;

		judge_refs(cases[i].text, cases[i].ref, &failed, &waived, &reason);
		CHECK_MSG(failed == cases[i].failed && waived == cases[i].waived, "%s# %u failed, %u waived", cases[i].text, failed, waived);
		if (cases[i].waived)
			CHECK_STR(reason, cases[i].reason);
	}
}

TEST(a_projects_hadolint_configuration_holds_for_its_directory)
{
	static const char config[] = "trustedRegistries: [a.com]\nlabel-schema: {x: semver}\nstrict-labels: true\nignored: [DL3006]\n";
	static const char text[] = "FROM b.com/c\nLABEL x=1 y=2\n";
	struct posture_set *s = posture_set_new(NULL);
	const struct posture_record *r;

	posture_lint_text(s, "p/.hadolint.yaml", config, strlen(config), NULL);
	posture_lint_text(s, "p/q/Dockerfile", text, strlen(text), NULL);
	posture_lint_text(s, "other/Dockerfile", text, strlen(text), NULL);
	CHECK_INT(s->n_problems, 0);
	r = s->first[MODEL_KIND_DOCKERFILE_INSTRUCTION];
	CHECK(posture_value_of(r, MODEL_F_INSTRUCTION_UNTRUSTED_IMAGES));
	CHECK(posture_value_of(r->next, MODEL_F_INSTRUCTION_LABELS_NO_VERSION));
	CHECK(posture_value_of(r->next, MODEL_F_INSTRUCTION_SUPERFLUOUS_LABELS));
	CHECK(s->first[MODEL_KIND_DOCKERFILE]->waivers);
	CHECK(!posture_value_of(r->next->next, MODEL_F_INSTRUCTION_UNTRUSTED_IMAGES));
	CHECK(!s->first[MODEL_KIND_DOCKERFILE]->next->waivers);
	posture_lint_text(s, ".hadolint.yaml", "label-schema: {x: what}\n", 24, NULL);
	CHECK_INT(s->n_problems, 1);
	posture_set_free(s);
}

TAP_MAIN()
