/* SPDX-License-Identifier: Apache-2.0 */
/* Words of shell text: quotes, escapes, expansions; and redirections. */
#include "posture/dockerfile/shell_parser.h"

#include "posture/dockerfile/limits.h"

#include "base/strbuf.h"

#include <string.h>

/* ---- characters ---- */

bool shell_is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

bool shell_ends_word(char c)
{
	return c == '\0' || shell_is_blank(c) || strchr("\n;&|()<>", c);
}

void shell_skip_blanks(struct shell_parser *p)
{
	while (p->at < p->len) {
		if (shell_is_blank(p->text[p->at]))
			p->at++;
		else if (p->text[p->at] == '\\' && p->text[p->at + 1] == '\n')
			p->at += 2;
		else
			break;
	}
}

void shell_skip_line(struct shell_parser *p)
{
	while (p->at < p->len && p->text[p->at] != '\n')
		p->at++;
}

/* ---- words ---- */

static void skip_braces(struct shell_parser *p)
{
	unsigned depth = 0;

	for (; p->at < p->len; p->at++) {
		char c = p->text[p->at];
		if (c == '\\' && p->at + 1 < p->len)
			p->at++;
		else if (c == '{')
			depth++;
		else if (c == '}' && --depth == 0) {
			p->at++;
			return;
		}
	}
}

static void skip_arithmetic(struct shell_parser *p)
{
	unsigned depth = 0;

	for (; p->at < p->len; p->at++) {
		if (p->text[p->at] == '(')
			depth++;
		else if (p->text[p->at] == ')' && --depth == 0) {
			p->at++;
			return;
		}
	}
}

/* `...`: its text without the backslashes that the quotes need, as a script of its own. */
static void take_backticks(struct shell_parser *p)
{
	size_t start = ++p->at;
	struct dockerfile_token inner = { .text = "" };
	char *text;
	size_t n = 0;

	while (p->at < p->len && p->text[p->at] != '`')
		p->at += p->text[p->at] == '\\' && p->at + 1 < p->len ? 2 : 1;
	if (p->at > p->len)
		p->at = p->len;
	text = arena_take(p->arena, p->at - start + 1);
	for (size_t i = start; text && i < p->at; i++)
		if (p->text[i] != '\\' || i + 1 >= p->at || !strchr("`\\$", p->text[i + 1]))
			text[n++] = p->text[i];
	if (text) {
		text[n] = '\0';
		inner.text = text;
		inner.len = n;
		dockerfile_place(p->source, start, &inner.line, &inner.column);
		shell_parse_inner(p, &inner, NULL);
	}
	if (p->at < p->len)
		p->at++;
}

/* $...: moves over it; commands in it are added. */
static void take_dollar(struct shell_parser *p)
{
	char next = p->at + 1 < p->len ? p->text[p->at + 1] : '\0';

	p->at++;
	if (next == '{') {
		skip_braces(p);
	} else if (next == '(' && p->at + 1 < p->len && p->text[p->at + 1] == '(') {
		skip_arithmetic(p);
	} else if (next == '(') {
		p->at++;
		shell_parse_nested(p, ')');
	}
}

static void add_source(struct shell_parser *p, struct strbuf *out, size_t start)
{
	strbuf_add(out, p->text + start, p->at - start);
}

static void take_double_quotes(struct shell_parser *p, struct strbuf *out)
{
	p->at++;
	while (p->at < p->len && p->text[p->at] != '"') {
		size_t start = p->at;
		char c = p->text[p->at];

		if (c == '\\' && p->at + 1 < p->len && strchr("\"\\$`\n", p->text[p->at + 1])) {
			if (p->text[p->at + 1] != '\n')
				strbuf_addc(out, p->text[p->at + 1]);
			p->at += 2;
		} else if (c == '$') {
			take_dollar(p);
			add_source(p, out, start);
		} else if (c == '`') {
			take_backticks(p);
			add_source(p, out, start);
		} else {
			strbuf_addc(out, c);
			p->at++;
		}
	}
	if (p->at < p->len)
		p->at++;
}

static void take_single_quotes(struct shell_parser *p, struct strbuf *out)
{
	size_t start = ++p->at;

	while (p->at < p->len && p->text[p->at] != '\'')
		p->at++;
	add_source(p, out, start);
	if (p->at < p->len)
		p->at++;
}

static void take_character(struct shell_parser *p, struct strbuf *out)
{
	size_t start = p->at;
	char c = p->text[p->at];

	if (c == '\\') {
		if (p->at + 1 < p->len && p->text[p->at + 1] != '\n')
			strbuf_addc(out, p->text[p->at + 1]);
		p->at += p->at + 1 < p->len ? 2 : 1;
	} else if (c == '"') {
		take_double_quotes(p, out);
	} else if (c == '\'') {
		take_single_quotes(p, out);
	} else if (c == '$' && p->at + 1 < p->len && (p->text[p->at + 1] == '"' || p->text[p->at + 1] == '\'')) {
		p->at++;   /* $'...' and $"...": the quotes alone matter here */
	} else if (c == '$') {
		take_dollar(p);
		add_source(p, out, start);
	} else if (c == '`') {
		take_backticks(p);
		add_source(p, out, start);
	} else {
		strbuf_addc(out, c);
		p->at++;
	}
}

bool shell_is_plain(char c)
{
	return !shell_ends_word(c) && c != '\\' && c != '"' && c != '\'' && c != '$' && c != '`';
}

/* The word at p->at, quotes and escapes gone, expansions as written. */
struct dockerfile_token shell_read_word(struct shell_parser *p)
{
	struct dockerfile_token t = { .text = "" };
	size_t start = p->at;
	struct strbuf out;

	dockerfile_place(p->source, start, &t.line, &t.column);
	while (p->at < p->len && shell_is_plain(p->text[p->at]))
		p->at++;
	if (p->at == p->len || shell_ends_word(p->text[p->at])) {
		t.len = p->at - start;
		t.text = arena_strndup(p->arena, p->text + start, t.len);
	} else {
		strbuf_init(&out, DOCKERFILE_INSTRUCTION_BYTES_MAX);
		add_source(p, &out, start);
		while (p->at < p->len && !shell_ends_word(p->text[p->at]))
			take_character(p, &out);
		t.len = out.len;
		t.text = arena_strndup(p->arena, out.text, out.len);
		strbuf_done(&out);
	}
	if (!t.text)
		t = (struct dockerfile_token){ .text = "" };
	return t;
}

/* ---- redirections ---- */

void shell_skip_bodies(struct shell_parser *p)
{
	for (size_t i = 0; i < p->n_delimiters; i++) {
		bool is_closed = false;
		while (p->at < p->len && !is_closed) {
			const char *line = p->text + p->at;
			size_t len;
			shell_skip_line(p);
			while (*line == '\t')
				line++;
			len = (size_t)(p->text + p->at - line);
			is_closed = len == strlen(p->delimiters[i]) && memcmp(line, p->delimiters[i], len) == 0;
			if (p->at < p->len)
				p->at++;
		}
	}
	p->n_delimiters = 0;
}

/* True when there was one at p->at. */
bool shell_take_redirection(struct shell_parser *p)
{
	size_t at = p->at;
	bool is_heredoc;

	while (at < p->len && p->text[at] >= '0' && p->text[at] <= '9')
		at++;
	if (at < p->len && p->text[at] == '&' && at == p->at && at + 1 < p->len && p->text[at + 1] == '>')
		at++;
	if (at >= p->len || (p->text[at] != '<' && p->text[at] != '>'))
		return false;
	if (p->text[at + 1] == '(' && at == p->at)   /* <(...) is a word */
		return false;
	is_heredoc = p->text[at] == '<' && p->text[at + 1] == '<' && p->text[at + 2] != '<';
	at++;
	while (at < p->len && strchr("<>&|-", p->text[at]) && p->text[at])
		at++;
	p->at = at;
	shell_skip_blanks(p);
	if (p->at < p->len && !shell_ends_word(p->text[p->at])) {
		struct dockerfile_token target = shell_read_word(p);
		/* The text of a RUN has no lines: its heredocs are the Dockerfile's. */
		if (is_heredoc && memchr(p->text, '\n', p->len) && p->n_delimiters < ARRAY_LEN(p->delimiters))
			p->delimiters[p->n_delimiters++] = target.text;
	}
	return true;
}
