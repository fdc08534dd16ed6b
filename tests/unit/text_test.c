/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "base/mem.h"
#include "tap.h"

#include <unistd.h>

static const char *safe(const char *text)
{
	static struct strbuf out;

	if (!out.max_bytes)
		strbuf_init(&out, 4096);
	strbuf_reset(&out);
	text_add_safe(&out, text, strlen(text));
	return out.text;
}

TEST(no_control_sequence_reaches_the_terminal)
{
	CHECK_STR(safe("a\033[2Jb"), "a\\x1b[2Jb");
	CHECK_STR(safe("\302\233" "31m"), "\\x9b31m");      /* C1 CSI as UTF-8 */
	CHECK_STR(safe("\233" "31m"), "\\x9b31m");          /* and as a raw byte */
	CHECK_STR(safe("a\nb\tc\rd\177"), "a\\nb\\tc\\x0dd\\x7f");
	CHECK_STR(safe("gpj.\342\200\256exe"), "gpj.\\u{202e}exe");   /* right-to-left override */
	CHECK_STR(safe("a\342\200\213b"), "a\\u{200b}b");   /* zero-width space */
}

TEST(text_that_is_not_utf8_is_shown_as_bytes)
{
	CHECK_STR(safe("\300\257"), "\\xc0\\xaf");          /* overlong slash */
	CHECK_STR(safe("\355\240\200"), "\\xed\\xa0\\x80"); /* surrogate */
	CHECK_STR(safe("\342\202"), "\\xe2\\x82");          /* cut */
}

TEST(plain_text_of_any_script_is_left_alone)
{
	CHECK_STR(safe("naïve 日本 é ✓"), "naïve 日本 é ✓");
}

TEST(widths_count_columns_not_bytes)
{
	static const struct { const char *text; size_t columns; } cases[] = {
		{ "", 0 }, { "abc", 3 }, { "é", 1 }, { "e\314\201", 1 }, { "日本", 4 }, { "🔥", 2 }, { "…", 1 },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		CHECK_MSG(text_width(cases[i].text, strlen(cases[i].text)) == cases[i].columns, "%s", cases[i].text);
}

static const char *cut(const char *text, size_t columns)
{
	static struct strbuf out;

	if (!out.max_bytes)
		strbuf_init(&out, 4096);
	strbuf_reset(&out);
	text_add_padded(&out, text, strlen(text), columns);
	return out.text;
}

TEST(cutting_ends_in_an_ellipsis_and_never_splits_a_character)
{
	CHECK_STR(cut("hello", 5), "hello");
	CHECK_STR(cut("hello", 4), "hel…");
	CHECK_STR(cut("hello", 1), "…");
	CHECK_STR(cut("hello", 0), "");
	CHECK_STR(cut("日本語", 5), "日本…");
	CHECK_STR(cut("日本語", 4), "日… ");   /* half a wide character does not fit: padded */
	CHECK_STR(cut("ab", 5), "ab   ");
}

TEST(numbers_are_grouped_by_thousands)
{
	static const struct { uint64_t n; const char *text; } cases[] = {
		{ 0, "0" }, { 999, "999" }, { 1000, "1,000" }, { 1234567, "1,234,567" }, { UINT64_MAX, "18,446,744,073,709,551,615" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct strbuf out;

		strbuf_init(&out, 64);
		text_add_number(&out, cases[i].n);
		CHECK_STR(out.text, cases[i].text);
		strbuf_done(&out);
	}
}

TAP_MAIN()
