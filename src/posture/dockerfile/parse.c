/* SPDX-License-Identifier: Apache-2.0 */
#include "posture/dockerfile/parse.h"

#include "posture/dockerfile/limits.h"

#include "base/strbuf.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

void dockerfile_complain(struct dockerfile_parser *p, unsigned line, unsigned column, const char *format, ...)
{
	struct dockerfile_problem *problem;
	char text[256];
	va_list args;

	if (p->file->n_problems >= DOCKERFILE_PROBLEMS_MAX)
		return;
	problem = arena_alloc(p->arena, sizeof(*problem));
	if (!problem)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	*problem = (struct dockerfile_problem){ .line = line, .column = column, .what = arena_strdup(p->arena, text) };
	*p->last_problem = problem;
	p->last_problem = &problem->next;
	p->file->n_problems++;
}

void dockerfile_place(const struct dockerfile_source *source, size_t offset, unsigned *ret_line, unsigned *ret_column)
{
	size_t low = 0, high = source->n_pieces;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (source->pieces[middle].offset <= offset)
			low = middle;
		else
			high = middle;
	}
	*ret_line = source->n_pieces ? source->pieces[low].line : 0;
	*ret_column = source->n_pieces ? source->pieces[low].column + (unsigned)(offset - source->pieces[low].offset) : 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* ---- physical lines ---- */

struct line { const char *text; size_t len, skipped; unsigned number; };   /* without its end; skipped: blanks in front */

static bool next_line(struct dockerfile_parser *p, struct line *ret)
{
	const char *end;

	if (p->at >= p->len)
		return false;
	ret->text = p->text + p->at;
	end = memchr(ret->text, '\n', p->len - p->at);
	ret->len = end ? (size_t)(end - ret->text) : p->len - p->at;
	p->at += ret->len + (end ? 1 : 0);
	if (ret->len && ret->text[ret->len - 1] == '\r')
		ret->len--;
	ret->number = p->line++;
	ret->skipped = 0;
	while (ret->skipped < ret->len && is_blank(ret->text[ret->skipped]))
		ret->skipped++;
	return true;
}

static bool is_empty(const struct line *l)
{
	return l->skipped == l->len;
}

static bool is_comment(const struct line *l)
{
	return !is_empty(l) && l->text[l->skipped] == '#';
}

/* Without the escape character at its end, if it has one. */
static bool continues(struct line *l, char escape)
{
	size_t end = l->len;

	while (end > 0 && is_blank(l->text[end - 1]))
		end--;
	if (end == 0 || l->text[end - 1] != escape)
		return false;
	l->len = end - 1;
	return true;
}

/* ---- comments and directives ---- */

/* "# NAME = VALUE" (reference: Parser directives). */
static bool is_directive(struct dockerfile_parser *p, const struct line *l, const char *name, const char **ret_value)
{
	const char *s = l->text + l->skipped + 1, *end = l->text + l->len;
	size_t len = strlen(name);

	while (s < end && is_blank(*s))
		s++;
	if ((size_t)(end - s) < len || strncasecmp(s, name, len) != 0)
		return false;
	for (s += len; s < end && is_blank(*s); s++)
		;
	if (s == end || *s != '=')
		return false;
	for (s++; s < end && is_blank(*s); s++)
		;
	while (end > s && is_blank(end[-1]))
		end--;
	*ret_value = arena_strndup(p->arena, s, (size_t)(end - s));
	return *ret_value;
}

static bool take_directive(struct dockerfile_parser *p, const struct line *l)
{
	const char *escape = NULL;

	if (is_directive(p, l, "syntax", &p->file->syntax) || is_directive(p, l, "check", &p->file->check))
		return true;
	if (!is_directive(p, l, "escape", &escape))
		return false;
	if (strcmp(escape, "\\") == 0 || strcmp(escape, "`") == 0)
		p->file->escape = escape[0];
	else
		dockerfile_complain(p, l->number, 1, "expected \\ or ` as escape character, not '%.20s'", escape);
	return true;
}

static void add_comment(struct dockerfile_parser *p, const struct line *l)
{
	struct dockerfile_comment *comment = arena_alloc(p->arena, sizeof(*comment));
	size_t from = l->skipped + 1;

	if (!comment)
		return;
	comment->text = (struct dockerfile_token){ .text = arena_strndup(p->arena, l->text + from, l->len - from), .len = l->len - from,
						   .line = l->number, .column = (unsigned)l->skipped + 1 };
	if (!comment->text.text)
		return;
	*p->last_comment = comment;
	p->last_comment = &comment->next;
}

/* ---- joined lines ---- */

struct joined {
	struct strbuf text;
	struct dockerfile_piece *pieces;
	size_t n, room;
};

static void join(struct joined *j, const struct line *l)
{
	if (j->n == j->room) {
		j->room = j->room ? j->room * 2 : 16;
		j->pieces = mem_grow(j->pieces, j->room, sizeof(*j->pieces));
	}
	j->pieces[j->n++] = (struct dockerfile_piece){ .offset = j->text.len, .line = l->number, .column = 1 };
	strbuf_add(&j->text, l->text, l->len);
}

/* The lines of an instruction, from `l` on; comments and blank lines between them fall out. Returns its last line. */
static unsigned join_lines(struct dockerfile_parser *p, struct line l, struct joined *j)
{
	unsigned last = l.number;
	bool more = continues(&l, p->file->escape);

	join(j, &l);
	while (more && next_line(p, &l)) {
		last = l.number;
		if (is_empty(&l) || is_comment(&l))
			continue;
		more = continues(&l, p->file->escape);
		join(j, &l);
	}
	return last;
}

static bool keep_source(struct dockerfile_parser *p, const struct joined *j, struct dockerfile_source *ret)
{
	struct dockerfile_piece *pieces = arena_take(p->arena, j->n * sizeof(*pieces));

	ret->text = arena_strndup(p->arena, j->text.text, j->text.len);
	ret->len = j->text.len;
	if (!pieces || !ret->text)
		return false;
	if (j->n)   /* an empty body has none */
		memcpy(pieces, j->pieces, j->n * sizeof(*pieces));
	ret->pieces = pieces;
	ret->n_pieces = j->n;
	return true;
}

/* ---- heredocs ---- */

struct marker { char name[64]; bool strips_tabs, expands; };

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
}

/* [digits]<<[-]NAME, the name bare or quoted. Returns where it ends, NULL when it is none. */
static const char *read_marker(const char *s, struct marker *ret)
{
	size_t len = 0;
	char quote = 0;

	while (*s >= '0' && *s <= '9')
		s++;
	if (s[0] != '<' || s[1] != '<' || s[2] == '<')
		return NULL;
	s += 2;
	ret->strips_tabs = *s == '-';
	s += ret->strips_tabs;
	if (*s == '"' || *s == '\'')
		quote = *s++;
	while (is_name_char(*s) && len < sizeof(ret->name) - 1)
		ret->name[len++] = *s++;
	ret->name[len] = '\0';
	ret->expands = !quote;
	if (len == 0 || is_name_char(*s) || (quote && *s++ != quote))
		return NULL;
	return s;
}

/* Heredocs that a line announces: at the beginning of a word, outside quotes. */
static size_t find_markers(const char *text, struct marker *markers, size_t max)
{
	bool at_word = true;
	char quote = 0;
	size_t n = 0;

	for (const char *s = text; *s && n < max;) {
		const char *end = !quote && at_word ? read_marker(s, &markers[n]) : NULL;
		if (end) {
			n++;
			s = end;
			at_word = false;
			continue;
		}
		if (quote)
			quote = *s == quote ? 0 : quote;
		else if (*s == '"' || *s == '\'')
			quote = *s;
		at_word = is_blank(*s) && !quote;
		s++;
	}
	return n;
}

static void read_heredoc(struct dockerfile_parser *p, const struct marker *m, struct dockerfile_instruction *in,
			 struct dockerfile_heredoc *ret)
{
	struct joined body = { .pieces = NULL };
	bool is_closed = false;
	struct line l;

	strbuf_init(&body.text, DOCKERFILE_INSTRUCTION_BYTES_MAX);
	while (!is_closed && next_line(p, &l)) {
		in->end_line = l.number;
		while (m->strips_tabs && l.len && *l.text == '\t') {
			l.text++;
			l.len--;
		}
		is_closed = l.len == strlen(m->name) && memcmp(l.text, m->name, l.len) == 0;
		if (is_closed)
			break;
		join(&body, &l);
		strbuf_addc(&body.text, '\n');
	}
	if (!is_closed)
		dockerfile_complain(p, in->line, in->column, "expected '%s' on a line of its own to end the heredoc", m->name);
	if (body.text.truncated)
		dockerfile_complain(p, in->line, in->column, "a heredoc longer than %d bytes", DOCKERFILE_INSTRUCTION_BYTES_MAX);
	ret->name = arena_strdup(p->arena, m->name);
	ret->expands = m->expands;
	if (!keep_source(p, &body, &ret->body))
		ret->body = (struct dockerfile_source){ .text = "" };
	strbuf_done(&body.text);
	mem_free_at(&body.pieces);
}

static void read_heredocs(struct dockerfile_parser *p, struct dockerfile_instruction *in)
{
	struct marker markers[DOCKERFILE_HEREDOCS_MAX];
	struct dockerfile_heredoc *heredocs;
	size_t n;

	if (in->is_exec || (in->keyword != DOCKERFILE_RUN && in->keyword != DOCKERFILE_COPY && in->keyword != DOCKERFILE_ADD) ||
	    !strstr(in->rest.text, "<<"))
		return;
	n = find_markers(in->rest.text, markers, DOCKERFILE_HEREDOCS_MAX);
	heredocs = n ? arena_alloc(p->arena, n * sizeof(*heredocs)) : NULL;
	if (!heredocs)
		return;
	for (size_t i = 0; i < n; i++)
		read_heredoc(p, &markers[i], in, &heredocs[i]);
	in->heredocs = heredocs;
	in->n_heredocs = n;
}

/* ---- the file ---- */

static void read_instruction(struct dockerfile_parser *p, const struct line *l)
{
	struct dockerfile_instruction *in = arena_alloc(p->arena, sizeof(*in));
	struct joined j = { .pieces = NULL };

	if (!in)
		return;
	strbuf_init(&j.text, DOCKERFILE_INSTRUCTION_BYTES_MAX);
	in->line = l->number;
	in->column = (unsigned)l->skipped + 1;
	in->end_line = join_lines(p, *l, &j);
	if (j.text.truncated)
		dockerfile_complain(p, in->line, in->column, "an instruction longer than %d bytes", DOCKERFILE_INSTRUCTION_BYTES_MAX);
	if (keep_source(p, &j, &in->source)) {
		dockerfile_parse_arguments(p, in, l->skipped);
		if (in->rest.text)
			read_heredocs(p, in);
		if (in->keyword != DOCKERFILE_UNKNOWN) {
			*p->last_instruction = in;
			p->last_instruction = &in->next;
			p->file->n_instructions++;
		}
	}
	strbuf_done(&j.text);
	mem_free_at(&j.pieces);
}

void dockerfile_parse(struct arena *arena, const char *text, size_t len, struct dockerfile *ret)
{
	struct dockerfile_parser p = { .arena = arena, .text = text, .len = len, .line = 1, .file = ret };
	bool may_be_directive = true;
	struct line l;

	*ret = (struct dockerfile){ .escape = '\\' };
	p.last_instruction = &ret->instructions;
	p.last_comment = &ret->comments;
	p.last_problem = &ret->problems;
	if (len > DOCKERFILE_BYTES_MAX) {
		dockerfile_complain(&p, 0, 0, "larger than %d bytes", DOCKERFILE_BYTES_MAX);
		return;
	}
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)   /* byte order mark */
		p.at = 3;
	while (next_line(&p, &l)) {
		if (is_comment(&l)) {
			may_be_directive = may_be_directive && take_directive(&p, &l);
			if (!may_be_directive)
				add_comment(&p, &l);
			continue;
		}
		may_be_directive = false;
		if (is_empty(&l))
			continue;
		if (ret->n_instructions >= DOCKERFILE_INSTRUCTIONS_MAX) {
			dockerfile_complain(&p, l.number, 1, "more than %d instructions", DOCKERFILE_INSTRUCTIONS_MAX);
			return;
		}
		read_instruction(&p, &l);
	}
}

bool dockerfile_looks_like_one(const char *text, size_t len)
{
	struct dockerfile_parser p = { .text = text, .len = len };
	struct line l;

	while (next_line(&p, &l)) {
		const char *word = l.text + l.skipped;
		size_t n = 0, rest = l.len - l.skipped;
		enum dockerfile_keyword keyword;

		if (is_empty(&l) || is_comment(&l))
			continue;
		while (n < rest && !is_blank(word[n]))
			n++;
		/* In capitals: "from x import y" begins many a Python file. */
		keyword = n < rest ? dockerfile_keyword_by_name(word, n) : DOCKERFILE_UNKNOWN;
		if (keyword == DOCKERFILE_FROM && memcmp(word, "FROM", 4) == 0)
			return true;
		if (keyword != DOCKERFILE_ARG || memcmp(word, "ARG", 3) != 0)
			return false;
	}
	return false;
}

const char *dockerfile_flag(const struct dockerfile_instruction *instruction, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < instruction->n_flags; i++) {
		const char *flag = instruction->flags[i].text + 2;
		if (strncmp(flag, name, len) == 0 && (flag[len] == '=' || flag[len] == '\0'))
			return flag[len] ? flag + len + 1 : "";
	}
	return NULL;
}
