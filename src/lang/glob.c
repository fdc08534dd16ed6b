/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pattern becomes tokens: a byte, any byte, a star, a set of bytes. A bracket becomes its set
 * by asking fnmatch() about each of the 255 bytes once, so that classes, ranges and folding are
 * the C library's own. A star remembers where it stands; on a mismatch the last star takes one
 * byte more: earlier stars never need to be tried again.
 */
#include "lang/glob.h"

#include <fnmatch.h>
#include <stdint.h>
#include <string.h>

enum token_kind { TOKEN_BYTE, TOKEN_ANY, TOKEN_STAR, TOKEN_SET };

struct token {
	uint8_t kind, byte;
	const uint64_t *set;     /* 256 bits */
};

struct lang_glob {
	bool fold_case, never;
	size_t n_tokens;
	struct token tokens[];
};

static uint8_t fold(bool fold_case, uint8_t c)
{
	return fold_case && c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

/* `p` is at '[' + kind, kind one of ".:=": the position behind kind + ']', NULL when it is none. */
static const char *skip_named(const char *p, const char *end)
{
	char kind = p[1];

	for (const char *q = p + 2; q + 1 < end; q++) {
		if (q[0] == kind && q[1] == ']')
			return q + 2;
		if (kind == ':' && (*q < 'a' || *q >= 'z'))
			return NULL;
	}
	return NULL;
}

/* Behind one byte of a bracket, which may be written \\x or [.x.]. */
static const char *skip_byte(const char *p, const char *end)
{
	const char *named = NULL;

	if (*p == '[' && p + 1 < end && p[1] == '.')
		named = skip_named(p, end);
	if (named)
		return named;
	return *p == '\\' ? p + 2 : p + 1;
}

/* `p` is behind '[': the position behind the closing ']', NULL when there is none. */
static const char *bracket_end(const char *p, const char *end)
{
	if (p < end && (*p == '!' || *p == '^'))
		p++;
	for (bool first = true; p < end; first = false) {
		const char *named;

		if (*p == ']' && !first)
			return p + 1;
		if (*p == '[' && p + 1 < end && strchr(":=", p[1]) && (named = skip_named(p, end))) {
			p = named;
			continue;
		}
		p = skip_byte(p, end);
		if (p + 1 < end && p[0] == '-' && p[1] != ']')   /* a range: its end is a byte, no class */
			p = skip_byte(p + 1, end);
	}
	return NULL;
}

/* The set of bytes that the bracket text[0..len) matches. */
static const uint64_t *bracket_set(struct arena *arena, const char *text, size_t len, bool fold_case)
{
	uint64_t *set = arena_alloc(arena, 4 * sizeof(*set));
	char *pattern = arena_strndup(arena, text, len);

	if (!set || !pattern)
		return NULL;
	for (unsigned b = 1; b < 256; b++) {
		const char one[2] = { (char)b, '\0' };
		if (fnmatch(pattern, one, fold_case ? FNM_CASEFOLD : 0) == 0)
			set[b / 64] |= UINT64_C(1) << (b % 64);
	}
	return set;
}

/* One token at p; the position behind it. NULL when the arena is full. */
static const char *compile_token(struct arena *arena, struct lang_glob *g, const char *p, const char *end)
{
	struct token *t = &g->tokens[g->n_tokens];
	const char *close = NULL;

	if (*p == '*') {
		t->kind = TOKEN_STAR;
		if (!g->n_tokens || t[-1].kind != TOKEN_STAR)
			g->n_tokens++;
		return p + 1;
	}
	g->n_tokens++;
	if (*p == '?') {
		t->kind = TOKEN_ANY;
		return p + 1;
	}
	if (*p == '[')
		close = bracket_end(p + 1, end);
	if (close) {
		t->kind = TOKEN_SET;
		t->set = bracket_set(arena, p, (size_t)(close - p), g->fold_case);
		return t->set ? close : NULL;
	}
	if (*p == '\\' && ++p == end) {
		g->never = true;     /* a backslash at the end matches nothing */
		return end;
	}
	t->kind = TOKEN_BYTE;
	t->byte = fold(g->fold_case, (uint8_t)*p);
	return p + 1;
}

struct lang_glob *lang_glob_new(struct arena *arena, const char *pattern, size_t len, bool fold_case)
{
	size_t n = strnlen(pattern, len);
	struct lang_glob *g = arena_alloc(arena, sizeof(*g) + n * sizeof(g->tokens[0]));
	const char *end = pattern + n;

	if (!g)
		return NULL;
	g->fold_case = fold_case;
	for (const char *p = pattern; p < end;) {
		p = compile_token(arena, g, p, end);
		if (!p)
			return NULL;
	}
	return g;
}

static bool token_matches(const struct lang_glob *g, const struct token *t, uint8_t c)
{
	switch (t->kind) {
	case TOKEN_BYTE:
		return t->byte == fold(g->fold_case, c);
	case TOKEN_SET:
		return t->set[c / 64] >> (c % 64) & 1;
	default:
		return true;
	}
}

bool lang_glob_match(const struct lang_glob *g, const char *text, size_t len)
{
	size_t t = 0, i = 0, star = SIZE_MAX, star_i = 0;

	if (g->never)
		return false;
	while (i < len) {
		if (t < g->n_tokens && g->tokens[t].kind == TOKEN_STAR) {
			star = t++;
			star_i = i;
			if (t == g->n_tokens)
				return true;
		} else if (t < g->n_tokens && token_matches(g, &g->tokens[t], (uint8_t)text[i])) {
			t++;
			i++;
		} else if (star != SIZE_MAX) {
			t = star + 1;
			i = ++star_i;
		} else {
			return false;
		}
	}
	while (t < g->n_tokens && g->tokens[t].kind == TOKEN_STAR)
		t++;
	return t == g->n_tokens;
}
