/* SPDX-License-Identifier: Apache-2.0 */
/* What stands in an instruction: keyword, flags, words, JSON strings, pairs. */
#include "posture/dockerfile/parse.h"

#include "posture/dockerfile/limits.h"

#include "base/suggest.h"

#include <string.h>
#include <strings.h>

static const char *const names[DOCKERFILE_KEYWORD_MAX] = {
	[DOCKERFILE_UNKNOWN] = "", [DOCKERFILE_ADD] = "ADD", [DOCKERFILE_ARG] = "ARG", [DOCKERFILE_CMD] = "CMD",
	[DOCKERFILE_COPY] = "COPY", [DOCKERFILE_ENTRYPOINT] = "ENTRYPOINT", [DOCKERFILE_ENV] = "ENV", [DOCKERFILE_EXPOSE] = "EXPOSE",
	[DOCKERFILE_FROM] = "FROM", [DOCKERFILE_HEALTHCHECK] = "HEALTHCHECK", [DOCKERFILE_LABEL] = "LABEL",
	[DOCKERFILE_MAINTAINER] = "MAINTAINER", [DOCKERFILE_ONBUILD] = "ONBUILD", [DOCKERFILE_RUN] = "RUN",
	[DOCKERFILE_SHELL] = "SHELL", [DOCKERFILE_STOPSIGNAL] = "STOPSIGNAL", [DOCKERFILE_USER] = "USER",
	[DOCKERFILE_VOLUME] = "VOLUME", [DOCKERFILE_WORKDIR] = "WORKDIR",
};

const char *dockerfile_keyword_name(enum dockerfile_keyword keyword)
{
	return names[keyword];
}

enum dockerfile_keyword dockerfile_keyword_by_name(const char *name, size_t len)
{
	for (unsigned i = 1; i < DOCKERFILE_KEYWORD_MAX; i++)
		if (strlen(names[i]) == len && strncasecmp(names[i], name, len) == 0)
			return i;
	return DOCKERFILE_UNKNOWN;
}

struct reader {
	struct dockerfile_parser *p;
	struct dockerfile_instruction *in;
	const char *text;
	size_t at, len;
	char escape;
	/* Words so far, in room that doubles. */
	struct dockerfile_token *tokens;
	size_t n, room;
};

static void complain_at(struct reader *r, size_t offset, const char *what)
{
	unsigned line, column;

	dockerfile_place(&r->in->source, offset, &line, &column);
	dockerfile_complain(r->p, line, column, "%s", what);
}

static void skip_blanks(struct reader *r)
{
	while (r->at < r->len && (r->text[r->at] == ' ' || r->text[r->at] == '\t'))
		r->at++;
}

static struct dockerfile_token token(struct reader *r, size_t offset, const char *text, size_t len)
{
	struct dockerfile_token t = { .text = arena_strndup(r->p->arena, text, len), .len = len };

	if (!t.text)
		t = (struct dockerfile_token){ .text = "" };
	dockerfile_place(&r->in->source, offset, &t.line, &t.column);
	return t;
}

/* Moves over a word; quotes hold it together, and what is escaped belongs to it. False: a quote stays open. */
static bool skip_word(struct reader *r)
{
	char quote = 0;

	for (; r->at < r->len; r->at++) {
		char c = r->text[r->at];
		if (!quote && (c == ' ' || c == '\t'))
			return true;
		if (c == r->escape && quote != '\'' && r->at + 1 < r->len &&
		    (r->text[r->at + 1] == '"' || (!quote && strchr("' \t", r->text[r->at + 1])) || r->text[r->at + 1] == r->escape)) {
			/* "C:\" ends at its quote: nothing else of the line would close it. */
			if (quote && r->text[r->at + 1] == quote && !memchr(r->text + r->at + 2, quote, r->len - r->at - 2))
				continue;
			r->at++;
		} else if (quote) {
			quote = c == quote ? 0 : quote;
		} else if (c == '"' || c == '\'') {
			quote = c;
		}
	}
	return !quote;
}

static void drop_quotes(const char **text, size_t *len)
{
	if (*len >= 2 && ((*text)[0] == '"' || (*text)[0] == '\'') && (*text)[*len - 1] == (*text)[0]) {
		(*text)++;
		*len -= 2;
	}
}

static bool add_token(struct reader *r, struct dockerfile_token t)
{
	if (r->n >= DOCKERFILE_WORDS_MAX) {
		if (r->n++ == DOCKERFILE_WORDS_MAX)
			dockerfile_complain(r->p, t.line, t.column, "more than %d arguments", DOCKERFILE_WORDS_MAX);
		return false;
	}
	if (r->n == r->room) {
		size_t room = r->room ? r->room * 2 : 8;
		struct dockerfile_token *more = arena_take(r->p->arena, room * sizeof(*more));
		if (!more)
			return false;
		if (r->n)
			memcpy(more, r->tokens, r->n * sizeof(*more));
		r->tokens = more;
		r->room = room;
	}
	r->tokens[r->n++] = t;
	return true;
}

static const struct dockerfile_token *take_tokens(struct reader *r, size_t *ret_n)
{
	const struct dockerfile_token *tokens = r->tokens;

	*ret_n = r->n > DOCKERFILE_WORDS_MAX ? DOCKERFILE_WORDS_MAX : r->n;
	r->tokens = NULL;
	r->n = r->room = 0;
	return tokens;
}

static bool read_word(struct reader *r)
{
	size_t start, len;
	const char *text;

	skip_blanks(r);
	if (r->at >= r->len)
		return false;
	start = r->at;
	if (!skip_word(r))
		complain_at(r, start, "expected a closing quote");
	text = r->text + start;
	len = r->at - start;
	drop_quotes(&text, &len);
	return add_token(r, token(r, start, text, len));
}

/* --NAME[=VALUE] before anything else. */
static void read_flags(struct reader *r)
{
	for (skip_blanks(r); r->len - r->at > 2 && r->text[r->at] == '-' && r->text[r->at + 1] == '-' && r->text[r->at + 2] != ' ' &&
	     r->text[r->at + 2] != '\t'; skip_blanks(r)) {
		size_t start = r->at;
		char *flag, *to;

		if (!skip_word(r))
			complain_at(r, start, "expected a closing quote");
		flag = to = arena_strndup(r->p->arena, r->text + start, r->at - start);
		if (!flag)
			break;
		for (const char *from = flag; *from; from++)
			if (*from != '"' && *from != '\'')
				*to++ = *from;
		*to = '\0';
		if (!add_token(r, token(r, start, flag, (size_t)(to - flag))))
			break;
	}
	r->in->flags = take_tokens(r, &r->in->n_flags);
}

/* ---- JSON form ---- */

static size_t put_utf8(char *out, unsigned rune)
{
	if (rune < 0x80) {
		out[0] = (char)rune;
		return 1;
	}
	if (rune < 0x800) {
		out[0] = (char)(0xc0 | rune >> 6);
		out[1] = (char)(0x80 | (rune & 0x3f));
		return 2;
	}
	out[0] = (char)(0xe0 | rune >> 12);
	out[1] = (char)(0x80 | (rune >> 6 & 0x3f));
	out[2] = (char)(0x80 | (rune & 0x3f));
	return 3;
}

static int hex4(const char *s)
{
	int value = 0;

	for (unsigned i = 0; i < 4; i++) {
		char c = s[i];
		int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
		if (digit < 0)
			return -1;
		value = value * 16 + digit;
	}
	return value;
}

/* A string of JSON at r->at, unescaped. */
static bool read_json_string(struct reader *r)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	size_t start = r->at++, end = start + 1, n = 0;
	char *out;

	while (end < r->len && r->text[end] != '"')
		end += r->text[end] == '\\' ? 2 : 1;
	if (end >= r->len)
		return false;
	out = arena_take(r->p->arena, end - start);   /* escapes only get shorter */

	for (; out && r->at < r->len && r->text[r->at] != '"'; r->at++) {
		const char *known;
		int rune;

		if (r->text[r->at] != '\\') {
			out[n++] = r->text[r->at];
			continue;
		}
		if (++r->at >= r->len)
			return false;
		known = r->text[r->at] ? strchr(from, r->text[r->at]) : NULL;
		if (known) {
			out[n++] = to[known - from];
		} else {
			if (r->text[r->at] != 'u' || r->len - r->at < 5 || (rune = hex4(r->text + r->at + 1)) <= 0)
				return false;
			n += put_utf8(out + n, (unsigned)rune);
			r->at += 4;
		}
	}
	if (!out || r->at >= r->len)
		return false;
	r->at++;
	return add_token(r, token(r, start, out, n));
}

/* ["a", "b"] up to the end of the line; anything else is shell form (BuildKit: parseJSON). */
static bool read_json(struct reader *r)
{
	size_t start = r->at;
	bool is_array = false;

	r->at++;
	skip_blanks(r);
	if (r->at < r->len && r->text[r->at] == ']') {
		is_array = true;
		r->at++;
	}
	while (!is_array && r->at < r->len && r->text[r->at] == '"' && read_json_string(r)) {
		skip_blanks(r);
		if (r->at < r->len && r->text[r->at] == ']') {
			is_array = true;
			r->at++;
		} else if (r->at < r->len && r->text[r->at] == ',') {
			r->at++;
			skip_blanks(r);
		} else {
			break;
		}
	}
	skip_blanks(r);
	if (!is_array || r->at < r->len) {
		r->at = start;
		r->n = 0;
		return false;
	}
	r->in->is_exec = true;
	return true;
}

/* ---- pairs ---- */

/* NAME=VALUE, the value without its quotes and escapes. */
static struct dockerfile_pair pair_of(struct reader *r, size_t start, size_t end)
{
	const char *word = r->text + start, *equals = memchr(word, '=', end - start);
	struct dockerfile_pair pair = { .has_value = equals };
	size_t key_len = equals ? (size_t)(equals - word) : end - start;
	const char *key = word;
	char quote = 0, *value, *out;

	drop_quotes(&key, &key_len);
	pair.key = token(r, start, key, key_len);
	if (!equals) {
		pair.value = token(r, end, "", 0);
		return pair;
	}
	value = out = arena_take(r->p->arena, end - start + 1);
	for (const char *s = equals + 1; out && s < r->text + end; s++) {
		if (*s == r->escape && quote != '\'' && s + 1 < r->text + end && (s[1] == '"' || s[1] == r->escape || (!quote && s[1] == ' ')))
			*out++ = *++s;
		else if (quote ? *s == quote : *s == '"' || *s == '\'')
			quote = quote ? 0 : *s;
		else
			*out++ = *s;
	}
	pair.value = token(r, (size_t)(equals + 1 - r->text), value ? value : "", value ? (size_t)(out - value) : 0);
	return pair;
}

/* ENV and LABEL know "NAME all the rest", too. */
static bool read_old_pair(struct reader *r, struct dockerfile_pair *pair)
{
	size_t start = r->at, end;
	const char *value;
	size_t len;

	skip_word(r);
	end = r->at;
	if (memchr(r->text + start, '=', end - start)) {
		r->at = start;
		return false;
	}
	pair->key = token(r, start, r->text + start, end - start);
	skip_blanks(r);
	value = r->text + r->at;
	len = r->len - r->at;
	drop_quotes(&value, &len);
	pair->has_value = r->at < r->len;
	pair->value = token(r, r->at, value, len);
	r->at = r->len;
	return true;
}

static void read_pairs(struct reader *r)
{
	size_t room = 0, n = 0;
	struct dockerfile_pair *pairs = NULL, old = { .has_value = false };

	skip_blanks(r);
	if (r->in->keyword != DOCKERFILE_ARG && r->at < r->len && read_old_pair(r, &old)) {
		pairs = arena_take(r->p->arena, sizeof(*pairs));
		if (pairs)
			pairs[n++] = old;
		if (!old.has_value)
			dockerfile_complain(r->p, old.key.line, old.key.column, "expected NAME=VALUE");
	}
	for (skip_blanks(r); r->at < r->len && n < DOCKERFILE_WORDS_MAX; skip_blanks(r)) {
		size_t start = r->at;

		if (!skip_word(r))
			complain_at(r, start, "expected a closing quote");
		if (n == room) {
			struct dockerfile_pair *more = arena_take(r->p->arena, (room = room ? room * 2 : 8) * sizeof(*more));
			if (!more)
				break;
			if (n)
				memcpy(more, pairs, n * sizeof(*more));
			pairs = more;
		}
		pairs[n++] = pair_of(r, start, r->at);
	}
	r->in->pairs = pairs;
	r->in->n_pairs = n;
}

/* ---- instructions ---- */

static bool takes_json(enum dockerfile_keyword keyword)
{
	return keyword == DOCKERFILE_RUN || keyword == DOCKERFILE_CMD || keyword == DOCKERFILE_ENTRYPOINT || keyword == DOCKERFILE_COPY ||
		keyword == DOCKERFILE_ADD || keyword == DOCKERFILE_VOLUME || keyword == DOCKERFILE_SHELL || keyword == DOCKERFILE_HEALTHCHECK;
}

/* The whole rest is the argument, blanks and all. */
static bool is_one_argument(enum dockerfile_keyword keyword)
{
	return keyword == DOCKERFILE_MAINTAINER || keyword == DOCKERFILE_USER || keyword == DOCKERFILE_WORKDIR ||
		keyword == DOCKERFILE_STOPSIGNAL;
}

/* HEALTHCHECK [--flags] CMD command | NONE: the rest is the command, or NONE. */
static void enter_healthcheck(struct reader *r)
{
	size_t start = r->at;

	skip_word(r);
	if (r->at - start == 4 && strncasecmp(r->text + start, "NONE", 4) == 0) {
		r->at = start;
		return;
	}
	if (r->at - start != 3 || strncasecmp(r->text + start, "CMD", 3) != 0)
		complain_at(r, start, "expected CMD or NONE");
	skip_blanks(r);
}

static void read_rest(struct reader *r)
{
	size_t end = r->len;

	skip_blanks(r);
	if (r->in->keyword == DOCKERFILE_HEALTHCHECK && r->at < r->len)
		enter_healthcheck(r);
	while (end > r->at && (r->text[end - 1] == ' ' || r->text[end - 1] == '\t'))
		end--;
	r->len = end;
	r->in->rest = token(r, r->at, r->text + r->at, end - r->at);
	r->in->rest_offset = r->at;
	if (r->in->keyword == DOCKERFILE_ARG || r->in->keyword == DOCKERFILE_ENV || r->in->keyword == DOCKERFILE_LABEL) {
		read_pairs(r);
		return;
	}
	if (takes_json(r->in->keyword) && r->at < r->len && r->text[r->at] == '[' && read_json(r)) {
		r->in->words = take_tokens(r, &r->in->n_words);
		return;
	}
	if (is_one_argument(r->in->keyword) && r->at < r->len) {
		const char *text = r->text + r->at;
		size_t len = r->len - r->at;
		drop_quotes(&text, &len);
		add_token(r, token(r, r->at, text, len));
	} else if (r->in->keyword != DOCKERFILE_RUN && r->in->keyword != DOCKERFILE_CMD && r->in->keyword != DOCKERFILE_ENTRYPOINT &&
		   r->in->keyword != DOCKERFILE_HEALTHCHECK) {
		while (read_word(r))
			;
	}
	r->in->words = take_tokens(r, &r->in->n_words);
}

static void complain_of_keyword(struct reader *r, const struct dockerfile_token *name)
{
	struct suggestion near = SUGGESTION(name->text, name->len);
	char upper[16];
	size_t i = 0;

	for (; i < sizeof(upper) - 1 && name->text[i]; i++)
		upper[i] = name->text[i] >= 'a' && name->text[i] <= 'z' ? (char)(name->text[i] - 32) : name->text[i];
	upper[i] = '\0';
	near.word = upper;
	near.len = i;
	for (unsigned k = 1; k < DOCKERFILE_KEYWORD_MAX; k++)
		suggestion_offer(&near, names[k], strlen(names[k]));
	dockerfile_complain(r->p, name->line, name->column, near.best ? "expected an instruction, not '%.40s'; did you mean %s?" :
			    "expected an instruction, not '%.40s'", name->text, near.best);
}

static void check_arguments(struct reader *r)
{
	const struct dockerfile_instruction *in = r->in;

	if (in->rest.len == 0)
		dockerfile_complain(r->p, in->name.line, in->name.column, "expected an argument of %s", names[in->keyword]);
	else if (in->keyword == DOCKERFILE_SHELL && !in->is_exec)
		dockerfile_complain(r->p, in->rest.line, in->rest.column, "expected a list in JSON: SHELL [\"executable\", \"parameters\"]");
	else if ((in->keyword == DOCKERFILE_COPY || in->keyword == DOCKERFILE_ADD) && in->n_words < 2)
		dockerfile_complain(r->p, in->rest.line, in->rest.column, "expected a source and a destination");
	else if (in->keyword == DOCKERFILE_FROM && in->n_words != 1 && !(in->n_words == 3 && strcasecmp(in->words[1].text, "AS") == 0))
		dockerfile_complain(r->p, in->rest.line, in->rest.column, "expected FROM image, or FROM image AS name");
}

void dockerfile_parse_arguments(struct dockerfile_parser *p, struct dockerfile_instruction *in, size_t offset)
{
	struct reader r = { .p = p, .in = in, .text = in->source.text, .at = offset, .len = in->source.len, .escape = p->file->escape };
	size_t start;

	for (unsigned depth = 0; depth < 2; depth++) {
		skip_blanks(&r);
		start = r.at;
		while (r.at < r.len && r.text[r.at] != ' ' && r.text[r.at] != '\t')
			r.at++;
		in->name = token(&r, start, r.text + start, r.at - start);
		in->keyword = dockerfile_keyword_by_name(r.text + start, r.at - start);
		if (in->keyword != DOCKERFILE_ONBUILD || depth == 1)
			break;
		in->is_onbuild = true;
	}
	if (in->keyword == DOCKERFILE_UNKNOWN) {
		complain_of_keyword(&r, &in->name);
		return;
	}
	read_flags(&r);
	read_rest(&r);
	check_arguments(&r);
}
