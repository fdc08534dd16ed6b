/* SPDX-License-Identifier: Apache-2.0 */
#include "base/regex.h"
#include "base/mem.h"
#include "tap.h"

#include <errno.h>

enum { MEMORY = 8 << 20 };

static bool matches(const char *pattern, const char *text)
{
	struct regex *regex = NULL;
	bool match;

	if (!CHECK(regex_compile(pattern, strlen(pattern), MEMORY, &regex, NULL) == 0))
		return false;
	match = regex_match_all(regex, text, strlen(text));
	regex_free(regex);
	return match;
}

TEST(the_whole_text_must_match)
{
	CHECK(matches("abc", "abc"));
	CHECK(!matches("b", "abc"));
	CHECK(!matches("ab", "abc"));
	CHECK(matches("a|ab|abc", "abc"));
	CHECK(matches("", ""));
	CHECK(!matches("", "a"));
	CHECK(matches("[[:alpha:]]+/.*", "usr/bin"));
	CHECK(!matches(".*", "a\nb"));
}

TEST(a_wrong_expression_is_refused_with_its_reason)
{
	struct regex *regex = NULL;
	struct err err = ERR_INIT;

	CHECK_INT(regex_compile("a(b", 3, MEMORY, &regex, &err), -EBADMSG);
	CHECK_STR(err.text, "invalid regular expression: missing ): a(b");
	CHECK_INT(regex_compile("\\d", 2, MEMORY, &regex, &err), -EBADMSG);   /* Perl's, not POSIX's */
	CHECK_INT(regex_compile("(x{1,500}){1,2}", 15, 1000, &regex, &err), -EBADMSG);
	CHECK(!regex && !regex_free(NULL));
}

static bool found(bool fold_case, const char *text)
{
	static const char *const texts[] = { "etc", "a.b", "\xc3\xa9", "(", "X" };
	const size_t lens[] = { 3, 3, 2, 1, 1 };
	struct regex_literals *l = NULL;
	bool is;

	if (!CHECK(regex_literals_compile(texts, lens, ARRAY_LEN(texts), fold_case, MEMORY, &l, NULL) == 0))
		return false;
	is = regex_literals_in(l, text, strlen(text));
	regex_literals_free(l);
	return is;
}

TEST(literals_are_found_anywhere_and_mean_themselves)
{
	CHECK(found(false, "/etc/x"));
	CHECK(found(false, "za.b"));
	CHECK(!found(false, "zaxb"));
	CHECK(found(false, "caf\xc3\xa9"));
	CHECK(found(false, "a\n("));
	CHECK(!found(false, "ETC"));
	CHECK(!found(false, ""));
}

TEST(case_is_folded_for_ascii_letters_only)
{
	CHECK(found(true, "ETC"));
	CHECK(found(true, "x"));
	CHECK(!found(true, "CAF\xc3\x89"));
	CHECK(!found(true, "\xe3\xa9"));
}

TEST(too_many_literals_are_refused)
{
	const char *texts[2] = { "aaaaaaaaaaaaaaaaaaaa", "b" };
	const size_t lens[2] = { 20, 1 };
	struct regex_literals *l = NULL;

	CHECK_INT(regex_literals_compile(texts, lens, 2, false, 10, &l, NULL), -E2BIG);
	CHECK(!l && !regex_literals_free(NULL));
}

TAP_MAIN()
