/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Problems in rule files: from an offset to file, line, column and the line itself; told once, however
 * many rules use the faulty macro; printed with a caret.
 */
#include "lang/rules_internal.h"
#include "base/suggest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct place { const struct yaml_file *text; const char *file; unsigned line, column, len; };

/* The same problem at the same place is one problem. */
static bool seen_before(struct lang_rules *rules, const char *code, const struct place *at, const char *message)
{
	const char *key = rules_printf(rules, "%s\t%u\t%u\t%s\t%s", at->file, at->line, at->column, code, message);

	if (map_get(&rules->diag_seen, key, strlen(key)))
		return true;
	map_put(&rules->diag_seen, key, strlen(key), rules);
	return false;
}

static const char *snippet_of(struct lang_rules *rules, const struct place *at)
{
	size_t len;
	const char *line;

	if (!at->text || at->line == 0)
		return NULL;
	line = yaml_line(at->text, at->line, &len);
	if (len > RULES_SNIPPET_MAX) {
		if (at->column + at->len > RULES_SNIPPET_MAX / 4)
			return NULL;   /* a column is at most four bytes */
		len = RULES_SNIPPET_MAX;
		while (len > 0 && ((unsigned char)line[len] & 0xc0) == 0x80)
			len--;
	}
	if (memchr(line, '\0', len))
		return NULL;
	return rules_strndup(rules, line, len);
}

static int add(struct lang_rules *rules, enum lang_diag_level level, const char *code, const struct place *at,
	       const char *item, const char *message, const char *used_in)
{
	struct lang_diag *d;
	int result = level == LANG_DIAG_ERROR ? -EBADMSG : 0;

	if (seen_before(rules, code, at, message))
		return result;
	if (level == LANG_DIAG_ERROR)
		rules->n_errors++;
	else
		rules->n_warnings++;
	if (rules->n_diags == RULES_DIAGS_MAX)
		return result;
	if (rules->n_diags == rules->diags_size) {
		rules->diags_size = rules->diags_size ? rules->diags_size * 2 : 32;
		rules->diags = mem_grow(rules->diags, rules->diags_size, sizeof(*rules->diags));
	}
	d = &rules->diags[rules->n_diags++];
	*d = (struct lang_diag){
		.level = level, .code = code, .file = at->file, .line = at->line, .column = at->column,
		.message = used_in ? rules_printf(rules, "%s (used in %s)", message, used_in) : message,
		.snippet = snippet_of(rules, at), .caret_len = at->len ? at->len : 1, .item = item,
	};
	return result;
}

/* Bytes of the token at `offset` of a condition: a quoted string, a name with its [argument], an operator. */
static size_t token_len(const char *text, size_t len, size_t offset)
{
	size_t i = offset;

	if (i >= len)
		return 0;
	if (text[i] == '"' || text[i] == '\'') {
		for (i++; i < len && text[i] != text[offset]; i++)
			i += text[i] == '\\';
		return (i < len ? i + 1 : len) - offset;
	}
	if (strchr("=!<>", text[i])) {
		while (i < len && text[i] && strchr("=!<>", text[i]))
			i++;
		return i - offset;
	}
	while (i < len && !strchr(" \t\n\r(),=!<>\"'", text[i])) {
		if (text[i] == '[')
			while (i < len && text[i] != ']')
				i++;
		i += i < len;
	}
	return i > offset ? i - offset : 1;
}

static unsigned line_columns(const struct yaml_file *file, unsigned line)
{
	size_t len;
	const char *text = yaml_line(file, line, &len);
	unsigned n = 0;

	for (size_t i = 0; i < len; i++)
		n += ((unsigned char)text[i] & 0xc0) != 0x80;
	return n;
}

static struct place place_of(const struct rules_origin *origin, size_t from, size_t to)
{
	struct place at = { .text = origin->file, .file = origin->file->name };
	unsigned end_line, end_column;

	yaml_place(origin->file, origin->node, from, &at.line, &at.column);
	if (to <= from + 1)
		return at;
	yaml_place(origin->file, origin->node, to - 1, &end_line, &end_column);
	if (end_line != at.line)
		end_column = line_columns(origin->file, at.line);
	at.len = end_column >= at.column ? end_column - at.column + 1 : 1;
	return at;
}

__attribute__((format(printf, 2, 0)))
static const char *vprint(struct lang_rules *rules, const char *format, va_list args)
{
	struct strbuf sb;
	const char *copy;

	strbuf_init(&sb, ERR_TEXT_MAX);
	strbuf_vaddf(&sb, format, args);
	for (size_t i = 0; i < sb.len; i++)
		if (sb.text[i] == '\n' || sb.text[i] == '\r')
			sb.text[i] = ' ';
	copy = rules_strndup(rules, sb.text, sb.len);
	strbuf_done(&sb);
	return copy;
}

int rules_diag_at(struct lang_rules *rules, enum lang_diag_level level, const char *code, const char *item,
		  uint32_t origin, size_t offset, size_t len, const char *format, ...)
{
	const struct rules_origin *o = &rules->origins[origin];
	struct place at;
	va_list args;
	const char *message;

	if (!len && o->node)
		len = token_len(o->node->text, o->node->len, offset);
	at = place_of(o, offset, offset + len);
	va_start(args, format);
	message = vprint(rules, format, args);
	va_end(args);
	return add(rules, level, code, &at, item, message, NULL);
}

int rules_diag_node(struct lang_rules *rules, enum lang_diag_level level, const char *code,
		    const struct yaml_node *node, const char *format, ...)
{
	struct place at = { .text = rules->file, .file = rules->file->name, .line = node->line, .column = node->column };
	const char *message;
	va_list args;

	if (node->kind == YAML_SCALAR && node->style == YAML_PLAIN && node->len) {
		struct rules_origin o = { rules->file, node, NULL };
		at = place_of(&o, 0, node->len);
	}
	va_start(args, format);
	message = vprint(rules, format, args);
	va_end(args);
	return add(rules, level, code, &at, rules->item, message, NULL);
}

int rules_diag_text(struct lang_rules *rules, enum lang_diag_level level, const char *code, uint32_t text,
		    size_t offset, size_t len, const char *used_in, const char *format, ...)
{
	const struct rules_text *t = &rules->texts[text];
	struct rules_spot first, last;
	const char *message, *list;
	struct place at;
	va_list args;

	va_start(args, format);
	message = vprint(rules, format, args);
	va_end(args);
	if (!t->len)
		return rules_diag_file(rules, code, NULL, 0, 0, NULL, message);
	if (!len)
		len = token_len(t->text, t->len, offset);
	first = rules_text_spot(t, offset < t->len ? offset : t->len - 1);
	last = rules_text_spot(t, len && offset + len - 1 < t->len ? offset + len - 1 : t->len - 1);
	/* The end of the text is behind its last byte. */
	if (offset >= t->len)
		first.offset++;
	at = place_of(&rules->origins[first.origin], first.offset,
		      last.origin == first.origin && last.offset >= first.offset ? last.offset + 1 : first.offset + 1);
	list = rules->origins[first.origin].list;
	if (list)
		message = rules_printf(rules, "%s (an item of list '%s')", message, list);
	return add(rules, level, code, &at, t->item, message, t->macro || list ? used_in : NULL);
}

int rules_diag_file(struct lang_rules *rules, const char *code, const char *file, unsigned line, unsigned column,
		    const struct yaml_file *text, const char *message)
{
	struct place at = { .text = text, .file = file ? file : "", .line = line, .column = column };

	return add(rules, LANG_DIAG_ERROR, code, &at, rules->item, rules_printf(rules, "%s", message), NULL);
}

const char *rules_did_you_mean(struct lang_rules *rules, const char *word, const char *const *known)
{
	struct suggestion s = SUGGESTION(word, strlen(word));

	for (; *known; known++)
		suggestion_offer(&s, *known, strlen(*known));
	return s.best ? rules_printf(rules, "; did you mean '%s'?", s.best) : "";
}

const char *rules_did_you_mean_in(struct lang_rules *rules, const char *word, const char *kind)
{
	struct suggestion s = SUGGESTION(word, strlen(word));

	if (++rules->n_suggestions > RULES_SUGGESTIONS_MAX)
		return "";
	for (size_t i = 0; kind[0] == 'l' && i < rules->lists.n; i++)
		suggestion_offer(&s, rules->lists.at[i]->name, strlen(rules->lists.at[i]->name));
	for (size_t i = 0; kind[0] == 'm' && i < rules->macros.n; i++)
		suggestion_offer(&s, rules->macros.at[i]->name, strlen(rules->macros.at[i]->name));
	for (size_t i = 0; kind[0] == 'r' && i < rules->n_rules; i++)
		suggestion_offer(&s, rules->rules[i]->pub.name, strlen(rules->rules[i]->pub.name));
	return s.best ? rules_printf(rules, "; did you mean '%s'?", s.best) : "";
}

size_t lang_rules_diags(const struct lang_rules *rules, const struct lang_diag **ret_diags)
{
	*ret_diags = rules->diags;
	return rules->n_diags;
}

/* ---- order: files as they were read, then lines ---- */

struct order { struct lang_diag diag; size_t file, number; };

static int by_place(const void *a, const void *b)
{
	const struct order *x = a, *y = b;

	if (x->file != y->file)
		return x->file < y->file ? -1 : 1;
	if (x->diag.line != y->diag.line)
		return x->diag.line < y->diag.line ? -1 : 1;
	if (x->diag.column != y->diag.column)
		return x->diag.column < y->diag.column ? -1 : 1;
	return x->number < y->number ? -1 : 1;
}

void rules_diags_sort(struct lang_rules *rules)
{
	struct order *order = mem_array(rules->n_diags, sizeof(*order));
	struct map files = MAP_INIT;
	size_t n_files = 0;

	for (size_t i = 0; i < rules->n_diags; i++) {
		const char *file = rules->diags[i].file;
		uintptr_t number = (uintptr_t)map_get(&files, file, strlen(file));
		if (!number) {
			number = ++n_files;
			map_put(&files, file, strlen(file), (void *)number);
		}
		order[i] = (struct order){ rules->diags[i], number, i };
	}
	qsort(order, rules->n_diags, sizeof(*order), by_place);
	for (size_t i = 0; i < rules->n_diags; i++)
		rules->diags[i] = order[i].diag;
	map_done(&files);
	free(order);
}

/* ---- for people ---- */

enum { SHOW_COLUMNS = 120, SHOW_BEFORE = 40 };

/* Columns `from` to `to` of a UTF-8 line; control characters as blanks so that the caret stays true. */
static void add_columns(const char *line, unsigned from, unsigned to, struct strbuf *out)
{
	unsigned column = 0;

	for (const char *p = line; *p; p++) {
		column += ((unsigned char)*p & 0xc0) != 0x80;
		if (column >= from && column < to)
			strbuf_addc(out, (unsigned char)*p < 0x20 || *p == 0x7f ? ' ' : *p);
	}
}

static void print_snippet(const struct lang_diag *d, bool color, struct strbuf *out)
{
	unsigned from = d->column > SHOW_COLUMNS - 20 ? d->column - SHOW_BEFORE : 1;
	unsigned to = from + SHOW_COLUMNS, carets = d->caret_len;

	if (d->column + carets > to)
		carets = to > d->column ? to - d->column : 1;
	strbuf_addf(out, "%6u | %s", d->line, from > 1 ? "..." : "");
	add_columns(d->snippet, from, to, out);
	strbuf_addf(out, "\n       | %*s%s", (int)(d->column - from) + (from > 1 ? 3 : 0), "", color ? "\033[1;32m" : "");
	for (unsigned i = 0; i < carets; i++)
		strbuf_addc(out, '^');
	strbuf_addf(out, "%s\n", color ? "\033[0m" : "");
}

void lang_diag_print(const struct lang_diag *d, bool color, struct strbuf *out)
{
	bool error = d->level == LANG_DIAG_ERROR;

	if (d->file[0])
		strbuf_adds(out, d->file);
	if (d->line)
		strbuf_addf(out, ":%u:%u", d->line, d->column);
	strbuf_addf(out, "%s%s%s%s: ", d->file[0] ? ": " : "", color ? error ? "\033[1;31m" : "\033[1;33m" : "",
		    error ? "error" : "warning", color ? "\033[0m" : "");
	if (d->item)
		strbuf_addf(out, "%s: ", d->item);
	strbuf_addf(out, "%s [%s]\n", d->message, d->code);
	if (d->snippet && d->line && d->column)
		print_snippet(d, color, out);
}
