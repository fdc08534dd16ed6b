/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "base/mem.h"

#include <stdbool.h>
#include <stdio.h>

struct text_range { uint32_t first, last; };

/* Shown as two columns: Unicode 15 EastAsianWidth W and F, and emoji with emoji presentation. */
static const struct text_range wide[] = {
	{ 0x1100, 0x115f }, { 0x231a, 0x231b }, { 0x2329, 0x232a }, { 0x23e9, 0x23ec }, { 0x23f0, 0x23f0 },
	{ 0x23f3, 0x23f3 }, { 0x25fd, 0x25fe }, { 0x2614, 0x2615 }, { 0x2648, 0x2653 }, { 0x267f, 0x267f },
	{ 0x2693, 0x2693 }, { 0x26a1, 0x26a1 }, { 0x26aa, 0x26ab }, { 0x26bd, 0x26be }, { 0x26c4, 0x26c5 },
	{ 0x26ce, 0x26ce }, { 0x26d4, 0x26d4 }, { 0x26ea, 0x26ea }, { 0x26f2, 0x26f3 }, { 0x26f5, 0x26f5 },
	{ 0x26fa, 0x26fa }, { 0x26fd, 0x26fd }, { 0x2705, 0x2705 }, { 0x270a, 0x270b }, { 0x2728, 0x2728 },
	{ 0x274c, 0x274c }, { 0x274e, 0x274e }, { 0x2753, 0x2755 }, { 0x2757, 0x2757 }, { 0x2795, 0x2797 },
	{ 0x27b0, 0x27b0 }, { 0x27bf, 0x27bf }, { 0x2b1b, 0x2b1c }, { 0x2b50, 0x2b50 }, { 0x2b55, 0x2b55 },
	{ 0x2e80, 0x303e }, { 0x3041, 0x33ff }, { 0x3400, 0x4dbf }, { 0x4e00, 0x9fff }, { 0xa000, 0xa4cf },
	{ 0xa960, 0xa97f }, { 0xac00, 0xd7a3 }, { 0xf900, 0xfaff }, { 0xfe10, 0xfe19 }, { 0xfe30, 0xfe6f },
	{ 0xff00, 0xff60 }, { 0xffe0, 0xffe6 }, { 0x16fe0, 0x18aff }, { 0x1aff0, 0x1b2ff }, { 0x1f004, 0x1f004 },
	{ 0x1f0cf, 0x1f0cf }, { 0x1f18e, 0x1f18e }, { 0x1f191, 0x1f19a }, { 0x1f200, 0x1f320 }, { 0x1f32d, 0x1f335 },
	{ 0x1f337, 0x1f37c }, { 0x1f37e, 0x1f393 }, { 0x1f3a0, 0x1f3ca }, { 0x1f3cf, 0x1f3d3 }, { 0x1f3e0, 0x1f3f0 },
	{ 0x1f3f4, 0x1f3f4 }, { 0x1f3f8, 0x1f43e }, { 0x1f440, 0x1f440 }, { 0x1f442, 0x1f4fc }, { 0x1f4ff, 0x1f53d },
	{ 0x1f54b, 0x1f567 }, { 0x1f57a, 0x1f57a }, { 0x1f595, 0x1f596 }, { 0x1f5a4, 0x1f5a4 }, { 0x1f5fb, 0x1f64f },
	{ 0x1f680, 0x1f6c5 }, { 0x1f6cc, 0x1f6cc }, { 0x1f6d0, 0x1f6d2 }, { 0x1f6d5, 0x1f6df }, { 0x1f6eb, 0x1f6ec },
	{ 0x1f6f4, 0x1f6fc }, { 0x1f7e0, 0x1f7f0 }, { 0x1f90c, 0x1f93a }, { 0x1f93c, 0x1f945 }, { 0x1f947, 0x1f9ff },
	{ 0x1fa70, 0x1faff }, { 0x20000, 0x2fffd }, { 0x30000, 0x3fffd },
};

/* Combining marks of the scripts in common use: drawn over the character before. */
static const struct text_range zero[] = {
	{ 0x0300, 0x036f }, { 0x0483, 0x0489 }, { 0x0591, 0x05bd }, { 0x05bf, 0x05bf }, { 0x05c1, 0x05c2 },
	{ 0x05c4, 0x05c5 }, { 0x0610, 0x061a }, { 0x064b, 0x065f }, { 0x0670, 0x0670 }, { 0x06d6, 0x06dc },
	{ 0x06df, 0x06e4 }, { 0x06e7, 0x06e8 }, { 0x06ea, 0x06ed }, { 0x093c, 0x093c }, { 0x0941, 0x0948 },
	{ 0x094d, 0x094d }, { 0x0e31, 0x0e31 }, { 0x0e34, 0x0e3a }, { 0x0e47, 0x0e4e }, { 0x1ab0, 0x1aff },
	{ 0x1dc0, 0x1dff }, { 0x20d0, 0x20ff }, { 0x302a, 0x302d }, { 0x3099, 0x309a }, { 0xfe00, 0xfe0f },
	{ 0xfe20, 0xfe2f }, { 0xe0100, 0xe01ef },
};

/* Change the direction or hide: never shown as they are. */
static const struct text_range tricks[] = {
	{ 0x0000, 0x001f }, { 0x007f, 0x009f }, { 0x00ad, 0x00ad }, { 0x034f, 0x034f }, { 0x061c, 0x061c },
	{ 0x115f, 0x1160 }, { 0x17b4, 0x17b5 }, { 0x180b, 0x180f }, { 0x200b, 0x200f }, { 0x2028, 0x202e },
	{ 0x2060, 0x206f }, { 0x3164, 0x3164 }, { 0xd800, 0xdfff }, { 0xe000, 0xf8ff }, { 0xfeff, 0xfeff },
	{ 0xffa0, 0xffa0 }, { 0xfff0, 0xfffb }, { 0xfffe, 0xffff }, { 0xe0000, 0xe00ff }, { 0xf0000, 0x10ffff },
};

static bool in_ranges(uint32_t rune, const struct text_range *ranges, size_t n)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t mid = (low + high) / 2;
		if (rune > ranges[mid].last)
			low = mid + 1;
		else
			high = mid;
	}
	return low < n && rune >= ranges[low].first;
}

uint32_t text_decode(const char *text, size_t len, size_t *ret_len)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *p = (const unsigned char *)text;
	size_t n = p[0] < 0x80 ? 1 : (p[0] & 0xe0) == 0xc0 ? 2 : (p[0] & 0xf0) == 0xe0 ? 3 : (p[0] & 0xf8) == 0xf0 ? 4 : 0;
	uint32_t rune;

	*ret_len = 1;
	if (n == 1)
		return p[0];
	if (n == 0 || n > len)
		return UINT32_MAX;
	rune = p[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return UINT32_MAX;
		rune = rune << 6 | (p[i] & 0x3f);
	}
	if (rune < smallest[n] || rune > 0x10ffff || (rune >= 0xd800 && rune <= 0xdfff))
		return UINT32_MAX;
	*ret_len = n;
	return rune;
}

unsigned text_rune_width(uint32_t rune)
{
	if (rune < 0x300)
		return 1;
	if (in_ranges(rune, zero, ARRAY_LEN(zero)))
		return 0;
	return in_ranges(rune, wide, ARRAY_LEN(wide)) ? 2 : 1;
}

void text_add_safe(struct strbuf *out, const char *text, size_t len)
{
	for (size_t i = 0, n; i < len; i += n) {
		uint32_t rune = text_decode(text + i, len - i, &n);

		if (rune == UINT32_MAX)
			strbuf_addf(out, "\\x%02x", (unsigned char)text[i]);
		else if (rune == '\n')
			strbuf_adds(out, "\\n");
		else if (rune == '\t')
			strbuf_adds(out, "\\t");
		else if (!in_ranges(rune, tricks, ARRAY_LEN(tricks)))
			strbuf_add(out, text + i, n);
		else if (rune < 0x100)
			strbuf_addf(out, "\\x%02x", (unsigned)rune);
		else
			strbuf_addf(out, "\\u{%x}", (unsigned)rune);
	}
}

size_t text_width(const char *text, size_t len)
{
	size_t columns = 0;

	for (size_t i = 0, n; i < len; i += n) {
		uint32_t rune = text_decode(text + i, len - i, &n);
		columns += rune == UINT32_MAX ? 1 : text_rune_width(rune);
	}
	return columns;
}

/* Bytes of the longest start of text that takes at most `columns`. */
static size_t fitting(const char *text, size_t len, size_t columns, size_t *ret_columns)
{
	size_t used = 0, i = 0;

	while (i < len) {
		size_t n;
		uint32_t rune = text_decode(text + i, len - i, &n);
		unsigned width = rune == UINT32_MAX ? 1 : text_rune_width(rune);
		if (used + width > columns)
			break;
		used += width;
		i += n;
	}
	*ret_columns = used;
	return i;
}

size_t text_add_cut(struct strbuf *out, const char *text, size_t len, size_t columns)
{
	size_t used, fits = fitting(text, len, columns, &used);

	if (fits == len) {
		strbuf_add(out, text, len);
		return used;
	}
	if (columns == 0)
		return 0;
	fits = fitting(text, len, columns - 1, &used);
	strbuf_add(out, text, fits);
	strbuf_adds(out, "…");
	return used + 1;
}

void text_add_padded(struct strbuf *out, const char *text, size_t len, size_t columns)
{
	for (size_t used = text_add_cut(out, text, len, columns); used < columns; used++)
		strbuf_addc(out, ' ');
}

void text_add_number(struct strbuf *out, uint64_t number)
{
	char digits[32];
	int len = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)number);

	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			strbuf_addc(out, ',');
		strbuf_addc(out, digits[i]);
	}
}
