/* SPDX-License-Identifier: Apache-2.0 */
#include "base/toml.h"

#include "base/mem.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct parser {
	const char *text, *at, *end, *input;
	struct err *err;
	size_t n_values;
	unsigned depth;
};

/* ---- places and errors ---- */

static int fail(const struct parser *p, int code, const char *what)
{
	unsigned line = 1, column = 1;

	for (const char *c = p->text; c < p->at; c++) {
		column++;
		if (*c == '\n') {
			line++;
			column = 1;
		}
	}
	return err_set_at(p->err, code, p->input, line, column, "%s", what);
}

static bool is_at(const struct parser *p, const char *text)
{
	size_t n = strlen(text);

	return (size_t)(p->end - p->at) >= n && memcmp(p->at, text, n) == 0;
}

static char peek(const struct parser *p)
{
	return p->at < p->end ? *p->at : '\0';
}

static bool take(struct parser *p, const char *text)
{
	if (!is_at(p, text))
		return false;
	p->at += strlen(text);
	return true;
}

static void skip_blanks(struct parser *p)
{
	while (peek(p) == ' ' || peek(p) == '\t')
		p->at++;
}

static void skip_comment(struct parser *p)
{
	if (peek(p) == '#')
		while (p->at < p->end && *p->at != '\n')
			p->at++;
}

static void skip_lines(struct parser *p)
{
	for (;;) {
		const char *before = p->at;

		skip_blanks(p);
		skip_comment(p);
		if (peek(p) == '\n')
			p->at++;
		else
			take(p, "\r\n");
		if (p->at == before)
			return;
	}
}

static int end_of_line(struct parser *p)
{
	skip_blanks(p);
	skip_comment(p);
	if (p->at == p->end || take(p, "\n") || take(p, "\r\n"))
		return 0;
	return fail(p, -EBADMSG, "expected the end of the line");
}

/* ---- texts ---- */

static void add_rune(struct strbuf *out, uint32_t rune)
{
	char bytes[4];
	size_t n = rune < 0x80 ? 1 : rune < 0x800 ? 2 : rune < 0x10000 ? 3 : 4;

	for (size_t i = n; i-- > 1; rune >>= 6)
		bytes[i] = (char)(0x80 | (rune & 0x3f));
	bytes[0] = (char)(n == 1 ? rune : (0xff00u >> n & 0xff) | rune);
	strbuf_add(out, bytes, n);
}

static int escape(struct parser *p, struct strbuf *out)
{
	static const char names[] = "btnfr\"\\", values[] = "\b\t\n\f\r\"\\";
	const char *known = peek(p) ? strchr(names, peek(p)) : NULL;
	size_t digits = peek(p) == 'u' ? 4 : peek(p) == 'U' ? 8 : 0;
	uint32_t rune = 0;

	if (known) {
		strbuf_addc(out, values[known - names]);
		p->at++;
		return 0;
	}
	if (!digits || (size_t)(p->end - p->at) <= digits)
		return fail(p, -EBADMSG, "unknown escape in a text");
	for (size_t i = 1; i <= digits; i++) {
		char c = p->at[i];

		if (!isxdigit((unsigned char)c))
			return fail(p, -EBADMSG, "unknown escape in a text");
		rune = rune << 4 | (uint32_t)(isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10);
	}
	if (rune == 0 || rune > 0x10ffff || (rune >= 0xd800 && rune < 0xe000))
		return fail(p, -EBADMSG, "an escape that is no character");
	add_rune(out, rune);
	p->at += digits + 1;
	return 0;
}

/* After a backslash at the end of a line of a text in """: what follows begins at the next thing that is no blank. */
static bool line_ending_backslash(struct parser *p)
{
	const char *c = p->at + strspn(p->at, " \t\r");

	if (c >= p->end || *c != '\n')
		return false;
	while (p->at < p->end && strchr(" \t\r\n", *p->at))
		p->at++;
	return true;
}

static bool closes(struct parser *p, const char *quote, struct strbuf *out)
{
	if (!is_at(p, quote))
		return false;
	/* up to two more quotes before the closing three belong to the text */
	while (strlen(quote) == 3 && (size_t)(p->end - p->at) > 3 && p->at[3] == quote[0]) {
		strbuf_addc(out, quote[0]);
		p->at++;
	}
	p->at += strlen(quote);
	return true;
}

static int quoted(struct parser *p, struct strbuf *out, bool may_be_long)
{
	char q = peek(p);
	const char long_quote[4] = { q, q, q, '\0' }, short_quote[2] = { q, '\0' };
	bool is_long = may_be_long && is_at(p, long_quote);
	const char *quote = is_long ? long_quote : short_quote;

	p->at += strlen(quote);
	if (is_long && !take(p, "\n"))
		take(p, "\r\n");
	while (!closes(p, quote, out)) {
		unsigned char c = (unsigned char)peek(p);
		int r;

		if (p->at == p->end || (!is_long && c == '\n'))
			return fail(p, -EBADMSG, "a text does not end");
		if ((c < 0x20 && c != '\t' && !(is_long && (c == '\n' || c == '\r'))) || c == 0x7f)
			return fail(p, -EBADMSG, "a control character in a text");
		p->at++;
		if (c != '\\' || q == '\'') {
			strbuf_addc(out, (char)c);
		} else if (!(is_long && line_ending_backslash(p))) {
			r = escape(p, out);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

/* A text that jansson takes: UTF-8. */
static json_t *text_json(const char *text, size_t len)
{
	return json_stringn(text ? text : "", len);
}

/* ---- keys ---- */

static bool is_bare(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-';
}

static int key(struct parser *p, struct strbuf *out)
{
	strbuf_reset(out);
	if (peek(p) == '"' || peek(p) == '\'')
		return quoted(p, out, false);
	while (p->at < p->end && is_bare(*p->at))
		strbuf_addc(out, *p->at++);
	return out->len ? 0 : fail(p, -EBADMSG, "expected a key");
}

/* The table of that name in `table`, made when it is not there; of an array of tables the last. */
static int descend(struct parser *p, json_t **table, const char *name, size_t len)
{
	json_t *next = json_object_getn(*table, name, len);

	if (!next) {
		next = json_object();
		if (++p->n_values > TOML_VALUES_MAX) {
			json_decref(next);
			return fail(p, -E2BIG, "too many values");
		}
		if (json_object_setn_new(*table, name, len, next) < 0)
			return fail(p, -EBADMSG, "a key is no UTF-8");
	}
	if (json_is_array(next) && json_array_size(next))
		next = json_array_get(next, json_array_size(next) - 1);
	if (!json_is_object(next))
		return fail(p, -EBADMSG, "a key names a table and something else");
	*table = next;
	return 0;
}

/* "a.b.c" up to what follows: all but the last are tables. The last is left in `out`. *ret_depth: how many. */
static int dotted(struct parser *p, json_t **table, struct strbuf *out, unsigned *ret_depth)
{
	for (*ret_depth = 1;; ++*ret_depth) {
		int r = key(p, out);

		skip_blanks(p);
		if (r < 0 || peek(p) != '.')
			return r;
		if (*ret_depth + p->depth >= TOML_DEPTH_MAX)
			return fail(p, -E2BIG, "nested too deeply");
		p->at++;
		skip_blanks(p);
		r = descend(p, table, out->text ? out->text : "", out->len);
		if (r < 0)
			return r;
	}
}

/* ---- values ---- */

static int value(struct parser *p, json_t **ret);

static int array(struct parser *p, json_t **ret)
{
	_cleanup_json_ json_t *list = json_array();

	p->at++;
	for (;;) {
		json_t *item = NULL;
		int r;

		skip_lines(p);
		if (take(p, "]"))
			break;
		r = value(p, &item);
		if (r < 0)
			return r;
		json_array_append_new(list, item);
		skip_lines(p);
		if (!take(p, ",") && peek(p) != ']')
			return fail(p, -EBADMSG, "expected ',' or ']' in an array");
	}
	*ret = take_ptr(list);
	return 0;
}

static int assignment(struct parser *p, json_t *table)
{
	_cleanup_strbuf_ struct strbuf name;
	json_t *item = NULL;
	unsigned depth;
	int r;

	strbuf_init(&name, TOML_BYTES_MAX);
	r = dotted(p, &table, &name, &depth);
	if (r < 0)
		return r;
	if (!take(p, "="))
		return fail(p, -EBADMSG, "expected '=' after a key");
	skip_blanks(p);
	if (json_object_getn(table, name.text ? name.text : "", name.len))
		return fail(p, -EBADMSG, "a key is there already");
	p->depth += depth;
	r = value(p, &item);
	p->depth -= depth;
	if (r < 0)
		return r;
	return json_object_setn_new(table, name.text ? name.text : "", name.len, item) < 0
		       ? fail(p, -EBADMSG, "a key is no UTF-8")
		       : 0;
}

static int inline_table(struct parser *p, json_t **ret)
{
	_cleanup_json_ json_t *table = json_object();

	p->at++;
	skip_blanks(p);
	while (!take(p, "}")) {
		int r = assignment(p, table);

		if (r < 0)
			return r;
		skip_blanks(p);
		if (!take(p, ",") && peek(p) != '}')
			return fail(p, -EBADMSG, "expected ',' or '}' in an inline table");
		skip_blanks(p);
	}
	*ret = take_ptr(table);
	return 0;
}

static int integer(struct parser *p, const char *word, json_t **ret)
{
	int base = strncmp(word, "0x", 2) == 0 ? 16 : strncmp(word, "0o", 2) == 0 ? 8 : strncmp(word, "0b", 2) == 0 ? 2 : 10;
	char *end;
	long long n;

	errno = 0;
	n = strtoll(base == 10 ? word : word + 2, &end, base);
	if (*end || end == word || errno == ERANGE)
		return fail(p, -EBADMSG, "expected a value");
	*ret = json_integer(n);
	return 0;
}

/* Numbers, truths, dates: a word. */
static int bare_value(struct parser *p, json_t **ret)
{
	char word[128];
	const char *start = p->at;
	size_t n = 0;
	bool is_date = false;
	char *end;
	double number;

	while (p->at < p->end && (isalnum((unsigned char)*p->at) || strchr("+-._:", *p->at)) && n < sizeof(word) - 1) {
		is_date |= *p->at == ':' || (*p->at == '-' && p->at - start == 4 && isdigit((unsigned char)start[0]) &&
					     isdigit((unsigned char)start[3]));
		if (*p->at != '_')
			word[n++] = *p->at;
		p->at++;
		/* 1979-05-27 07:32:00 */
		if (is_date && n == 10 && p->end - p->at > 1 && *p->at == ' ' && isdigit((unsigned char)p->at[1]))
			word[n++] = *p->at++;
	}
	word[n] = '\0';
	if (n == 0)
		return fail(p, -EBADMSG, "expected a value");
	if (strcmp(word, "true") == 0 || strcmp(word, "false") == 0) {
		*ret = json_boolean(word[0] == 't');
		return 0;
	}
	if (is_date) {
		*ret = text_json(word, n);
		return 0;
	}
	if (strncmp(word, "0x", 2) != 0 && (strpbrk(word, ".eE") || strstr(word, "inf") || strstr(word, "nan"))) {
		number = strtod(word, &end);
		if (*end)
			return fail(p, -EBADMSG, "expected a value");
		*ret = isfinite(number) ? json_real(number) : text_json(word, n);
		return 0;
	}
	return integer(p, word, ret);
}

static int text_value(struct parser *p, json_t **ret)
{
	_cleanup_strbuf_ struct strbuf out;
	int r;

	strbuf_init(&out, TOML_BYTES_MAX);
	r = quoted(p, &out, true);
	if (r < 0)
		return r;
	*ret = text_json(out.text, out.len);
	return *ret ? 0 : fail(p, -EBADMSG, "a text is no UTF-8");
}

static int value(struct parser *p, json_t **ret)
{
	char c = peek(p);
	int r;

	if (++p->n_values > TOML_VALUES_MAX)
		return fail(p, -E2BIG, "too many values");
	if (c == '"' || c == '\'')
		return text_value(p, ret);
	if (c != '[' && c != '{')
		return bare_value(p, ret);
	if (p->depth >= TOML_DEPTH_MAX)
		return fail(p, -E2BIG, "nested too deeply");
	p->depth++;
	r = c == '[' ? array(p, ret) : inline_table(p, ret);
	p->depth--;
	return r;
}

/* ---- tables ---- */

/* [a.b] or [[a.b]]: the table that the lines below go to. */
static int header(struct parser *p, json_t *root, json_t **ret)
{
	_cleanup_strbuf_ struct strbuf name;
	bool is_list = take(p, "[[");
	json_t *table = root, *list;
	unsigned depth;
	int r;

	strbuf_init(&name, TOML_BYTES_MAX);
	if (!is_list)
		p->at++;
	skip_blanks(p);
	p->depth = 0;
	r = dotted(p, &table, &name, &depth);
	if (r < 0)
		return r;
	if (!take(p, is_list ? "]]" : "]"))
		return fail(p, -EBADMSG, is_list ? "expected ']]'" : "expected ']'");
	if (!is_list) {
		r = descend(p, &table, name.text ? name.text : "", name.len);
		p->depth = depth;
		*ret = table;
		return r;
	}
	list = json_object_getn(table, name.text ? name.text : "", name.len);
	if (!list) {
		list = json_array();
		if (json_object_setn_new(table, name.text ? name.text : "", name.len, list) < 0)
			return fail(p, -EBADMSG, "a key is no UTF-8");
	}
	if (!json_is_array(list))
		return fail(p, -EBADMSG, "a key names an array of tables and something else");
	if (++p->n_values > TOML_VALUES_MAX)
		return fail(p, -E2BIG, "too many values");
	json_array_append_new(list, json_object());
	p->depth = depth + 1;
	*ret = json_array_get(list, json_array_size(list) - 1);
	return json_is_object(*ret) ? 0 : fail(p, -EBADMSG, "a key names an array of tables and something else");
}

int toml_parse(const char *text, size_t len, const char *input, json_t **ret_json, struct err *err)
{
	struct parser p = { .text = text, .at = text, .end = text + len, .input = input, .err = err };
	_cleanup_json_ json_t *root = json_object();
	json_t *table = root;
	int r = 0;

	if (len > TOML_BYTES_MAX)
		return err_set(err, -E2BIG, "%s is larger than %d bytes", input, TOML_BYTES_MAX);
	take(&p, "\xef\xbb\xbf");
	for (;;) {
		skip_lines(&p);
		if (p.at == p.end)
			break;
		r = peek(&p) == '[' ? header(&p, root, &table) : assignment(&p, table);
		r = r < 0 ? r : end_of_line(&p);
		if (r < 0)
			return r;
	}
	*ret_json = take_ptr(root);
	return 0;
}
