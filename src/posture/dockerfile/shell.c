/* SPDX-License-Identifier: Apache-2.0 */
#include "posture/dockerfile/shell_parser.h"

#include "posture/dockerfile/limits.h"

#include "base/strbuf.h"

#include <string.h>

enum { TEXT_MAX = 400 };

const char *shell_basename(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

bool shell_has_word(const struct shell_command *command, const char *word)
{
	for (size_t i = 0; i < command->n_words; i++)
		if (strcmp(command->words[i].text, word) == 0)
			return true;
	return false;
}

/* ---- simple commands ---- */

struct building {
	struct dockerfile_token *words;
	struct shell_assignment *assignments;
	size_t n_words, room_words, n_assignments, room_assignments;
};

static bool is_assignment(const char *s, size_t len)
{
	size_t i = 0;

	while (i < len && ((s[i] >= 'a' && s[i] <= 'z') || (s[i] >= 'A' && s[i] <= 'Z') || s[i] == '_' || (i && s[i] >= '0' && s[i] <= '9')))
		i++;
	return i > 0 && i < len && (s[i] == '=' || (s[i] == '+' && i + 1 < len && s[i + 1] == '='));
}

static void *grown(struct shell_parser *p, void *old, size_t n, size_t *room, size_t size)
{
	void *more;

	if (n < *room)
		return old;
	more = arena_take(p->arena, (*room ? *room * 2 : 8) * size);
	if (!more)
		return NULL;
	if (n)
		memcpy(more, old, n * size);
	*room = *room ? *room * 2 : 8;
	return more;
}

static void add_word(struct shell_parser *p, struct building *b, struct dockerfile_token word)
{
	void *more = b->n_words < SHELL_WORDS_MAX ? grown(p, b->words, b->n_words, &b->room_words, sizeof(*b->words)) : NULL;

	if (!more) {
		p->script->is_truncated = true;
		return;
	}
	b->words = more;
	b->words[b->n_words++] = word;
}

static void add_assignment(struct shell_parser *p, struct building *b, const char *word)
{
	void *more = b->n_assignments < SHELL_WORDS_MAX ?
		grown(p, b->assignments, b->n_assignments, &b->room_assignments, sizeof(*b->assignments)) : NULL;
	const char *equals = strchr(word, '=');

	if (!more || !equals)
		return;
	b->assignments = more;
	b->assignments[b->n_assignments++] = (struct shell_assignment){ arena_strndup(p->arena, word, (size_t)(equals - word)), equals + 1 };
}

struct shell_command *shell_add(struct shell_parser *p)
{
	struct shell_command *c;

	if (p->script->n >= SHELL_COMMANDS_MAX || !(c = arena_alloc(p->arena, sizeof(*c)))) {
		p->script->is_truncated = true;
		return NULL;
	}
	c->index = p->script->n++;
	c->name = "";
	c->text = "";
	if (p->script->last)
		p->script->last->next = c;
	else
		p->script->first = c;
	p->script->last = c;
	return c;
}

static void note_pipefail(struct shell_script *script, const struct shell_command *c)
{
	if (strcmp(c->name, "set") == 0 && shell_has_word(c, "pipefail"))
		script->sets_pipefail = true;
}

/* Commands that were added since `before` and belong to nobody are in this one's words. */
static void adopt(struct shell_script *script, const struct shell_command *before, struct shell_command *c)
{
	for (struct shell_command *child = before ? before->next : script->first; child && child != c; child = child->next)
		if (!child->inside) {
			child->inside = c;
			c->has_inside = true;
		}
}

static struct shell_command *finish_command(struct shell_parser *p, struct building *b, size_t start, const struct shell_command *before)
{
	struct shell_command *c;
	size_t end = p->at;

	if (b->n_words == 0 && b->n_assignments == 0)
		return NULL;
	c = shell_add(p);
	if (!c)
		return NULL;
	while (end > start && shell_is_blank(p->text[end - 1]))
		end--;
	c->text = arena_strndup(p->arena, p->text + start, end - start > TEXT_MAX ? TEXT_MAX : end - start);
	c->text = c->text ? c->text : "";
	dockerfile_place(p->source, start, &c->line, &c->column);
	if (b->n_words) {
		c->name = shell_basename(b->words[0].text);
		c->words = b->words + 1;
		c->n_words = b->n_words - 1;
		p->script->n_counted++;
	}
	c->assignments = b->assignments;
	c->n_assignments = b->n_assignments;
	adopt(p->script, before, c);
	note_pipefail(p->script, c);
	shell_unwrap(p, c);
	return c;
}

static struct shell_command *parse_simple(struct shell_parser *p)
{
	const struct shell_command *before = p->script->last;
	struct building b = { .words = NULL };
	size_t start = p->at;

	for (shell_skip_blanks(p); p->at < p->len; shell_skip_blanks(p)) {
		char c = p->text[p->at];
		size_t word_start = p->at;
		struct dockerfile_token word;

		if (shell_take_redirection(p))
			continue;
		if ((c == '<' || c == '>') && p->text[p->at + 1] == '(') {
			p->at += 2;
			shell_parse_nested(p, ')');
			continue;
		}
		if (c == '#' || shell_ends_word(c))
			break;
		word = shell_read_word(p);
		if (b.n_words == 0 && is_assignment(p->text + word_start, p->at - word_start)) {
			add_assignment(p, &b, word.text);
			if (p->text[p->at] == '(' && p->text[p->at - 1] == '=') {   /* an array */
				p->at++;
				shell_parse_nested(p, ')');
			}
			continue;
		}
		add_word(p, &b, word);
	}
	return finish_command(p, &b, start, before);
}

/* ---- lists ---- */

static size_t word_len(const struct shell_parser *p)
{
	size_t end = p->at;

	while (end < p->len && shell_is_plain(p->text[end]))
		end++;
	return end < p->len && !shell_ends_word(p->text[end]) ? 0 : end - p->at;
}

static bool is_word(const struct shell_parser *p, size_t len, const char *word)
{
	return strlen(word) == len && memcmp(p->text + p->at, word, len) == 0;
}

static bool is_one_of(const struct shell_parser *p, size_t len, const char *const *words)
{
	for (; *words; words++)
		if (is_word(p, len, *words))
			return true;
	return false;
}

/* for NAME in WORDS, case WORD in: up to what is run. */
static void skip_head(struct shell_parser *p, bool is_case)
{
	while (p->at < p->len) {
		size_t len;
		shell_skip_blanks(p);
		len = word_len(p);
		if (p->at >= p->len || (!is_case && (p->text[p->at] == ';' || p->text[p->at] == '\n')))
			return;
		if (len && is_word(p, len, is_case ? "in" : "do")) {
			if (is_case)
				p->at += len;
			return;
		}
		if (p->text[p->at] == '\n' || shell_ends_word(p->text[p->at]))
			p->at++;
		else
			shell_read_word(p);
	}
}

/* "(a|b)" before the commands of a case; esac ends it. True when there was a pattern. */
static bool skip_pattern(struct shell_parser *p)
{
	size_t len;

	while (p->at < p->len && (shell_is_blank(p->text[p->at]) || p->text[p->at] == '\n' || p->text[p->at] == ';'))
		p->at++;
	len = word_len(p);
	if (p->at >= p->len || (len && is_word(p, len, "esac")))
		return false;
	if (p->text[p->at] == '(')
		p->at++;
	while (p->at < p->len && p->text[p->at] != ')') {
		if (shell_ends_word(p->text[p->at]))
			p->at++;
		else
			shell_read_word(p);
	}
	if (p->at < p->len)
		p->at++;
	return true;
}

struct list {
	char close;
	unsigned cases;                      /* case ... esac around here */
	struct shell_command *left;          /* of the pipe before */
};

/* Reserved words where a command begins. True when one was there. */
static bool take_reserved(struct shell_parser *p, struct list *l)
{
	static const char *const skipped[] = { "if", "then", "else", "elif", "fi", "while", "until", "do", "done", "!", "{", "}", "time",
					       "coproc", NULL };
	size_t len = word_len(p);

	if (len == 0)
		return false;
	if (is_one_of(p, len, skipped)) {
		p->at += len;
		return true;
	}
	if (is_word(p, len, "for") || is_word(p, len, "select") || is_word(p, len, "case")) {
		bool is_case = is_word(p, len, "case");
		p->at += len;
		skip_head(p, is_case);
		if (is_case) {
			l->cases++;
			skip_pattern(p);
		}
		return true;
	}
	if (is_word(p, len, "esac") && l->cases) {
		p->at += len;
		l->cases--;
		return true;
	}
	if (is_word(p, len, "function")) {
		p->at += len;
		shell_skip_blanks(p);
		p->at += word_len(p);
		return true;
	}
	return false;
}

/* ;, &, &&, ||, |, newline. */
static void take_operator(struct shell_parser *p, struct list *l, struct shell_command *last)
{
	char c = p->text[p->at], next = p->at + 1 < p->len ? p->text[p->at + 1] : '\0';

	l->left = NULL;
	if (c == '|' && next != '|') {
		p->script->has_pipe |= !p->script->sets_pipefail;
		l->left = last;
		p->at += next == '&' ? 2 : 1;
	} else if (c == ';' && next == ';') {
		p->at += 2;
		if (p->at < p->len && p->text[p->at] == '&')
			p->at++;
		if (l->cases)
			skip_pattern(p);
	} else if (c == '\n') {
		p->at++;
		shell_skip_bodies(p);
	} else {
		p->at += c == next && (c == '&' || c == '|') ? 2 : 1;
	}
}

static void parse_list(struct shell_parser *p, char close)
{
	struct list l = { .close = close };
	struct shell_command *last = NULL, *command;

	while (p->at < p->len && !p->script->is_truncated) {
		char c;
		size_t before;

		shell_skip_blanks(p);
		if (p->at >= p->len)
			return;
		c = p->text[p->at];
		before = p->at;
		if (c == '#') {
			shell_skip_line(p);
			continue;
		}
		if (c == ')' && close == ')')
			return;
		if (c == '(') {
			p->at++;
			if (p->at < p->len && p->text[p->at] == ')')   /* name() of a function */
				p->at++;
			else
				shell_parse_nested(p, ')');
			last = p->script->last;
			continue;
		}
		if (strchr(";&|\n", c) && !(c == '&' && p->text[p->at + 1] == '>')) {
			take_operator(p, &l, last);
			continue;
		}
		if (take_reserved(p, &l))
			continue;
		command = parse_simple(p);
		if (command) {
			command->piped_from = l.left;
			last = command;
		}
		if (p->at == before)
			p->at++;   /* a stray ')' or the like */
	}
}

/* Commands whose words hold the text up to `close` are inside nobody yet: the command around them is made later. */
void shell_parse_nested(struct shell_parser *p, char close)
{
	if (p->depth >= SHELL_DEPTH_MAX) {
		p->script->is_truncated = true;
		p->at = p->len;
		return;
	}
	p->depth++;
	parse_list(p, close);
	p->depth--;
	if (p->at < p->len && p->text[p->at] == close)
		p->at++;
}

void shell_parse(struct arena *arena, const struct dockerfile_source *source, struct shell_script *ret)
{
	struct shell_parser p = { .arena = arena, .source = source, .text = source->text, .len = source->len, .script = ret };

	*ret = (struct shell_script){ .first = NULL };
	parse_list(&p, '\0');
}

void shell_parse_inner(struct shell_parser *p, const struct dockerfile_token *text, struct shell_command *by)
{
	struct dockerfile_piece piece = { .line = text->line, .column = text->column };
	struct dockerfile_source source = { .text = text->text, .len = text->len, .pieces = &piece, .n_pieces = 1 };
	struct shell_parser inner = { .arena = p->arena, .source = &source, .text = text->text, .len = text->len, .script = p->script,
				      .depth = p->depth + 1 };
	struct shell_command *before = p->script->last;
	unsigned counted = p->script->n_counted;

	if (p->depth >= SHELL_DEPTH_MAX) {
		p->script->is_truncated = true;
		return;
	}
	parse_list(&inner, '\0');
	if (!by)
		return;
	p->script->n_counted = counted;
	for (struct shell_command *c = before ? before->next : p->script->first; c; c = c->next) {
		c->has_sudo |= by->has_sudo;
		c->is_inner = true;
		if (!c->inside && c != by)
			c->inside = by;
	}
}

void shell_parse_exec(struct arena *arena, const struct dockerfile_token *words, size_t n, struct shell_script *ret)
{
	struct dockerfile_piece piece = { .line = n ? words->line : 0, .column = n ? words->column : 0 };
	struct dockerfile_source source = { .text = "", .pieces = &piece, .n_pieces = 1 };
	struct shell_parser p = { .arena = arena, .source = &source, .text = "", .script = ret };
	struct shell_command *c;
	struct strbuf text;

	*ret = (struct shell_script){ .first = NULL };
	if (n == 0 || !(c = shell_add(&p)))
		return;
	strbuf_init(&text, TEXT_MAX);
	for (size_t i = 0; i < n && i < SHELL_WORDS_MAX; i++)
		strbuf_addf(&text, "%s%s", i ? " " : "", words[i].text);
	c->text = arena_strndup(arena, text.text, text.len);
	c->text = c->text ? c->text : "";
	strbuf_done(&text);
	c->name = shell_basename(words[0].text);
	c->line = words[0].line;
	c->column = words[0].column;
	c->words = words + 1;
	c->n_words = n - 1;
	ret->n_counted = 1;
	shell_unwrap(&p, c);
}
