/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens of conditions. The sets of characters and the order in which operators are tried are
 * Falco's (libsinsp/filter/parser.cpp): a text means here what it means there. */
#include "lang/condition_internal.h"
#include "base/suggest.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char *const op_names[] = {
	[LANG_OP_EXISTS] = "exists",
	[LANG_OP_EQ] = "=", [LANG_OP_NE] = "!=", [LANG_OP_LT] = "<", [LANG_OP_LE] = "<=",
	[LANG_OP_GT] = ">", [LANG_OP_GE] = ">=",
	[LANG_OP_CONTAINS] = "contains", [LANG_OP_ICONTAINS] = "icontains", [LANG_OP_BCONTAINS] = "bcontains",
	[LANG_OP_STARTSWITH] = "startswith", [LANG_OP_BSTARTSWITH] = "bstartswith", [LANG_OP_ENDSWITH] = "endswith",
	[LANG_OP_GLOB] = "glob", [LANG_OP_IGLOB] = "iglob", [LANG_OP_REGEX] = "regex",
	[LANG_OP_IN] = "in", [LANG_OP_INTERSECTS] = "intersects", [LANG_OP_PMATCH] = "pmatch",
};
_Static_assert(ARRAY_LEN(op_names) == LANG_OP_MAX, "a name for every operator");

/* In the order in which they are tried; `blank`: a blank must follow. */
static const struct { const char *text; enum lang_op op; bool blank; } operators[] = {
	{ "exists", LANG_OP_EXISTS, false },
	{ "<=", LANG_OP_LE, false }, { "<", LANG_OP_LT, false }, { ">=", LANG_OP_GE, false }, { ">", LANG_OP_GT, false },
	{ "==", LANG_OP_EQ, false }, { "=", LANG_OP_EQ, false }, { "!=", LANG_OP_NE, false },
	{ "glob", LANG_OP_GLOB, true }, { "iglob", LANG_OP_IGLOB, true },
	{ "contains", LANG_OP_CONTAINS, true }, { "icontains", LANG_OP_ICONTAINS, true },
	{ "bcontains", LANG_OP_BCONTAINS, true }, { "startswith", LANG_OP_STARTSWITH, true },
	{ "bstartswith", LANG_OP_BSTARTSWITH, true }, { "endswith", LANG_OP_ENDSWITH, true },
	{ "regex", LANG_OP_REGEX, true },
	{ "intersects", LANG_OP_INTERSECTS, false }, { "in", LANG_OP_IN, false }, { "pmatch", LANG_OP_PMATCH, false },
};

static const char *const transformer_names[] = {
	[LANG_TOLOWER] = "tolower", [LANG_TOUPPER] = "toupper", [LANG_B64] = "b64", [LANG_BASENAME] = "basename",
	[LANG_LEN] = "len", [LANG_JOIN] = "join", [LANG_CONCAT] = "concat", [LANG_GETOPT] = "getopt",
};

static const char *const quantifier_names[] = {
	[LANG_ONE_VALUE] = "", [LANG_ONEOF] = "oneof", [LANG_ANYOF] = "anyof", [LANG_ALLOF] = "allof",
};

const char *lang_op_name(enum lang_op op)
{
	return op < LANG_OP_MAX ? op_names[op] : "?";
}

const char *lang_transformer_name(enum lang_transformer transformer)
{
	return transformer_names[transformer];
}

const char *lang_quantifier_name(enum lang_quantifier quantifier)
{
	return quantifier_names[quantifier];
}

bool lang_op_takes_list(enum lang_op op)
{
	return op == LANG_OP_IN || op == LANG_OP_INTERSECTS || op == LANG_OP_PMATCH;
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
	return is_letter(c) || is_digit(c) || c == '_';
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\b' || c == '\r' || c == '\n';
}

/* POSIX [[:space:]]: two more than the blanks between tokens. */
static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static char at(const struct lang_reader *r, size_t pos)
{
	return pos < r->len ? r->text[pos] : '\0';
}

int lang_reader_fail(struct lang_reader *r, size_t offset, int code, const char *format, ...)
{
	char text[ERR_TEXT_MAX];
	unsigned line = 1, column = 1;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	for (size_t i = 0; i < offset && i < r->len; i++) {
		column++;
		if (r->text[i] == '\n') {
			line++;
			column = 1;
		}
	}
	return err_set_at(r->err, code, NULL, line, column, "%s", text);
}

int lang_reader_no_memory(struct lang_reader *r, size_t offset)
{
	return lang_reader_fail(r, offset, -EBADMSG, "the condition needs more memory than the limit of %zu bytes",
				r->arena->max_bytes);
}

size_t lang_lex_identifier(const struct lang_reader *r)
{
	size_t p = r->pos;

	if (!is_letter(at(r, p)))
		return 0;
	while (is_word(at(r, p)))
		p++;
	return p - r->pos;
}

size_t lang_lex_field_name(const struct lang_reader *r)
{
	size_t p = r->pos, end = 0;
	unsigned n_names = 0;

	while (is_letter(at(r, p))) {
		while (is_word(at(r, p)))
			p++;
		n_names++;
		end = p;
		if (at(r, p) != '.')
			break;
		p++;
	}
	return n_names >= 2 ? end - r->pos : 0;
}

size_t lang_lex_bare(const struct lang_reader *r)
{
	size_t p = r->pos;

	while (p < r->len && r->text[p] != '\0' && !is_space(r->text[p]) && !strchr("()\"'=,", r->text[p]))
		p++;
	return p - r->pos;
}

size_t lang_lex_number(const struct lang_reader *r)
{
	size_t p = r->pos;

	if (at(r, p) == '0' && (at(r, p + 1) == 'x' || at(r, p + 1) == 'X') &&
	    (is_letter(at(r, p + 2)) || is_digit(at(r, p + 2)))) {
		p += 2;
		while (is_letter(at(r, p)) || is_digit(at(r, p)))
			p++;
		return p - r->pos;
	}
	if (at(r, p) == '+' || at(r, p) == '-')
		p++;
	if (!is_digit(at(r, p)))
		return 0;
	while (is_digit(at(r, p)))
		p++;
	if (at(r, p) == '.')
		p++;
	while (is_digit(at(r, p)))
		p++;
	if ((at(r, p) == 'e' || at(r, p) == 'E') && (at(r, p + 1) == '+' || at(r, p + 1) == '-') &&
	    is_digit(at(r, p + 2))) {
		p += 2;
		while (is_digit(at(r, p)))
			p++;
	}
	return p - r->pos;
}

bool lang_lex_blank(struct lang_reader *r)
{
	size_t start = r->pos;

	while (r->pos < r->len && is_blank(r->text[r->pos]))
		r->pos++;
	return r->pos > start;
}

static bool next_is(const struct lang_reader *r, const char *word)
{
	size_t len = strlen(word);

	return r->len - r->pos >= len && memcmp(r->text + r->pos, word, len) == 0;
}

bool lang_lex_take(struct lang_reader *r, const char *word)
{
	if (!next_is(r, word))
		return false;
	r->pos += strlen(word);
	return true;
}

/* One escape, the cursor on what follows the backslash. Returns the byte, negative on error. */
static int lex_escape(struct lang_reader *r, size_t pos, char quote)
{
	char c = at(r, pos);

	switch (c) {
	case 'b': return '\b';
	case 'f': return '\f';
	case 'n': return '\n';
	case 'r': return '\r';
	case 't': return '\t';
	case '/': return '/';
	case '\\':
	case ' ':                /* old Falco rules have it; it is a backslash there */
		return '\\';
	case '"':
	case '\'':
		if (c == quote)
			return c;
		return lang_reader_fail(r, pos - 1, -EBADMSG, "\\%c is no escape inside %c...%c: write the quote as it is",
					c, quote, quote);
	default:
		return lang_reader_fail(r, pos - 1, -EBADMSG, "unknown escape \\%c in a quoted string: "
					"expected one of \\b \\f \\n \\r \\t \\/ \\\\ \\%c", c >= ' ' && c < 127 ? c : '?', quote);
	}
}

int lang_lex_quoted(struct lang_reader *r, struct lang_text *ret)
{
	char quote = at(r, r->pos), *out;
	size_t end = r->pos + 1, n = 0;

	if (quote != '"' && quote != '\'')
		return 0;
	while (end < r->len && r->text[end] != quote && r->text[end] != '\0')
		end += r->text[end] == '\\' && end + 1 < r->len ? 2 : 1;
	if (end >= r->len || r->text[end] != quote)
		return lang_reader_fail(r, r->pos, -EBADMSG, "the string that starts here has no closing %c", quote);
	out = arena_alloc(r->arena, end - r->pos);
	if (!out)
		return lang_reader_no_memory(r, r->pos);
	for (size_t p = r->pos + 1; p < end; p++) {
		int c = (unsigned char)r->text[p];
		if (c == '\\') {
			c = lex_escape(r, ++p, quote);
			if (c < 0)
				return c;
		}
		out[n++] = (char)c;
	}
	*ret = (struct lang_text){ .text = out, .len = n, .offset = (uint32_t)r->pos, .quoted = true };
	r->pos = end + 1;
	return 1;
}

bool lang_lex_transformer(struct lang_reader *r, enum lang_transformer *ret)
{
	for (unsigned i = 0; i < ARRAY_LEN(transformer_names); i++) {
		size_t len = strlen(transformer_names[i]);
		if (next_is(r, transformer_names[i]) && at(r, r->pos + len) == '(') {
			r->pos += len + 1;
			*ret = i;
			return true;
		}
	}
	return false;
}

enum lang_quantifier lang_lex_quantifier(struct lang_reader *r)
{
	for (unsigned i = LANG_ONEOF; i <= LANG_ALLOF; i++) {
		size_t p = r->pos + strlen(quantifier_names[i]);
		if (!next_is(r, quantifier_names[i]))
			continue;
		while (p < r->len && is_blank(r->text[p]))
			p++;
		if (at(r, p) != '(')
			continue;
		r->pos = p;
		return i;
	}
	return LANG_ONE_VALUE;
}

static int fail_no_operator(struct lang_reader *r, size_t left_offset)
{
	size_t left_end = r->pos, n = lang_lex_identifier(r);
	struct suggestion s = SUGGESTION(r->text + r->pos, n);
	char here[64];
	int left_len;

	for (unsigned i = 0; i < ARRAY_LEN(operators); i++)
		suggestion_offer(&s, operators[i].text, strlen(operators[i].text));
	while (left_end > left_offset && is_blank(r->text[left_end - 1]))
		left_end--;
	left_len = left_end - left_offset > 80 ? 80 : (int)(left_end - left_offset);
	return lang_reader_fail(r, r->pos, -EBADMSG, "expected an operator (=, !=, in, contains, startswith, exists, ...) "
				"after %.*s, found %s%s%s%s", left_len, r->text + left_offset, lang_lex_here(r, here),
				s.best ? "; did you mean '" : "", s.best ? s.best : "", s.best ? "'?" : "");
}

int lang_lex_operator(struct lang_reader *r, size_t left_offset, enum lang_op *ret)
{
	for (unsigned i = 0; i < ARRAY_LEN(operators); i++) {
		size_t start = r->pos;
		if (!lang_lex_take(r, operators[i].text))
			continue;
		if (operators[i].blank && !lang_lex_blank(r)) {
			bool word_goes_on = is_word(at(r, r->pos));
			size_t end = r->pos;

			r->pos = start;
			if (word_goes_on)
				return fail_no_operator(r, left_offset);
			return lang_reader_fail(r, end, -EBADMSG, "expected a blank after '%s'", operators[i].text);
		}
		*ret = operators[i].op;
		return 0;
	}
	return fail_no_operator(r, left_offset);
}

const char *lang_lex_here(const struct lang_reader *r, char buffer[64])
{
	size_t n = 0;
	char c = at(r, r->pos);

	if (r->pos >= r->len)
		return "the end";
	if (is_word(c) || c == '.' || c == '/') {
		while (n < 40 && r->pos + n < r->len && (is_word(r->text[r->pos + n]) || strchr("./-", r->text[r->pos + n])))
			n++;
	} else {
		n = 1;
	}
	if (c < ' ' || c == 127)
		snprintf(buffer, 64, "byte 0x%02x", (unsigned char)c);
	else
		snprintf(buffer, 64, "'%.*s'", (int)n, r->text + r->pos);
	return buffer;
}
