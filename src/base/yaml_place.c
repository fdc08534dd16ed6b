/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looking into a YAML tree, and from a scalar's text back to the file.
 *
 * The way back needs no copy of libyaml's rules for folding and indentation: characters that are
 * not blank come out of a scalar in the order in which they were written, so the written text is
 * walked beside the value; only escapes of quoted scalars need to be known.
 */
#include "base/yaml.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const struct yaml_pair *yaml_pair(const struct yaml_node *node, const char *key)
{
	if (!node || node->kind != YAML_MAPPING)
		return NULL;
	for (size_t i = 0; i < node->n; i++)
		if (yaml_is(node->pairs[i].key, key))
			return &node->pairs[i];
	return NULL;
}

struct yaml_node *yaml_get(const struct yaml_node *node, const char *key)
{
	const struct yaml_pair *pair = yaml_pair(node, key);

	return pair ? pair->value : NULL;
}

static bool is_any(const struct yaml_node *node, const char *const *words)
{
	for (; *words; words++)
		if (yaml_is(node, *words))
			return true;
	return false;
}

bool yaml_is(const struct yaml_node *node, const char *text)
{
	return node && node->kind == YAML_SCALAR && node->len == strlen(text) && memcmp(node->text, text, node->len) == 0;
}

bool yaml_is_null(const struct yaml_node *node)
{
	static const char *const words[] = { "", "~", "null", "Null", "NULL", NULL };

	return node && node->kind == YAML_SCALAR && node->style == YAML_PLAIN && !node->tag && is_any(node, words);
}

const char *yaml_text(const struct yaml_node *node)
{
	return node && node->kind == YAML_SCALAR ? node->text : NULL;
}

bool yaml_bool(const struct yaml_node *node, bool *ret)
{
	static const char *const yes[] = { "true", "True", "TRUE", NULL };
	static const char *const no[] = { "false", "False", "FALSE", NULL };

	if (!node || node->style != YAML_PLAIN || (!is_any(node, yes) && !is_any(node, no)))
		return false;
	*ret = is_any(node, yes);
	return true;
}

bool yaml_int(const struct yaml_node *node, int64_t *ret)
{
	int base = 10;
	const char *p;
	long long n;
	char *end;

	if (!node || node->kind != YAML_SCALAR || node->style != YAML_PLAIN || strlen(node->text) != node->len)
		return false;
	p = node->text;
	if (p[0] == '0' && (p[1] == 'x' || p[1] == 'o')) {
		base = p[1] == 'x' ? 16 : 8;
		p += 2;
	}
	/* strtoll takes blanks, and a sign or another 0x behind 0x, which the schema does not. */
	if (!strchr(base == 10 ? "+-0123456789" : "0123456789abcdefABCDEF", p[0]) || (base == 16 && p[0] == '0' && (p[1] == 'x' || p[1] == 'X')))
		return false;
	errno = 0;
	n = strtoll(p, &end, base);
	if (errno || end == p || *end)
		return false;
	*ret = n;
	return true;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

const char *yaml_line(const struct yaml_file *file, unsigned line, size_t *ret_len)
{
	size_t start, end;

	if (line == 0 || line > file->n_lines) {
		*ret_len = 0;
		return "";
	}
	start = file->lines[line - 1];
	end = line < file->n_lines ? file->lines[line] : file->len;
	while (end > start && (file->text[end - 1] == '\n' || file->text[end - 1] == '\r'))
		end--;
	*ret_len = end - start;
	return file->text + start;
}

static size_t offset_of(const struct yaml_file *file, unsigned line, unsigned column)
{
	size_t at, left = column - 1;

	if (line == 0 || line > file->n_lines)
		return file->len;
	at = file->lines[line - 1];
	while (at < file->len && left > 0) {
		at++;
		while (at < file->len && ((unsigned char)file->text[at] & 0xc0) == 0x80)
			at++;
		left--;
	}
	return at;
}

static void place_of(const struct yaml_file *file, size_t at, unsigned *ret_line, unsigned *ret_column)
{
	size_t low = 0, high = file->n_lines, start;
	unsigned column = 1;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (file->lines[middle] <= at)
			low = middle;
		else
			high = middle;
	}
	start = file->lines[low];
	if (start == 0 && at >= 3 && memcmp(file->text, "\xef\xbb\xbf", 3) == 0)
		start = 3;
	for (size_t i = start; i < at; i++)
		column += ((unsigned char)file->text[i] & 0xc0) != 0x80;
	*ret_line = (unsigned)low + 1;
	*ret_column = column;
}

/* Past tags and anchors, an opening quote, the header line of a block scalar. */
static size_t skip_to_content(const struct yaml_file *file, const struct yaml_node *scalar, size_t at)
{
	const char *text = file->text;

	while (at < file->len && (text[at] == '!' || text[at] == '&')) {
		while (at < file->len && !is_blank(text[at]))
			at++;
		while (at < file->len && is_blank(text[at]))
			at++;
	}
	if (scalar->style == YAML_SINGLE_QUOTED || scalar->style == YAML_DOUBLE_QUOTED)
		return at < file->len ? at + 1 : at;
	if (scalar->style == YAML_LITERAL || scalar->style == YAML_FOLDED) {
		while (at < file->len && text[at] != '\n' && text[at] != '\r')
			at++;
	}
	return at;
}

/* How many bytes the escape at `p` (a backslash in double quotes) takes as written. 0: it stands for
 * nothing (a line joined to the next). */
static size_t escape_len(const char *p, size_t left)
{
	size_t len = left < 2 ? left : p[1] == 'x' ? 4 : p[1] == 'u' ? 6 : p[1] == 'U' ? 10 : 2;

	return len < left ? len : left;
}

static size_t utf8_bytes(unsigned char first)
{
	return first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

/* One step: the place of value byte `i`, and past it. Returns how many value bytes are done. */
static size_t walk(const struct yaml_file *file, const struct yaml_node *scalar, size_t i, size_t *at, size_t *ret_here)
{
	const char *text = file->text;
	char c = scalar->text[i];

	while (scalar->style == YAML_DOUBLE_QUOTED && *at + 1 < file->len && text[*at] == '\\' &&
	       (text[*at + 1] == '\n' || text[*at + 1] == '\r')) {
		*at += 2;
		while (*at < file->len && is_blank(text[*at]))
			(*at)++;
	}
	if (is_blank(c) && !(*at < file->len && text[*at] == '\\' && scalar->style == YAML_DOUBLE_QUOTED)) {
		*ret_here = *at;
		if (*at < file->len && text[*at] == c)
			(*at)++;
		return 1;
	}
	while (*at < file->len && is_blank(text[*at]))
		(*at)++;
	*ret_here = *at;
	if (scalar->style == YAML_DOUBLE_QUOTED && *at < file->len && text[*at] == '\\') {
		*at += escape_len(text + *at, file->len - *at);
		return utf8_bytes((unsigned char)c);
	}
	if (scalar->style == YAML_SINGLE_QUOTED && c == '\'' && *at + 1 < file->len && text[*at + 1] == '\'')
		(*at)++;
	if (*at < file->len)
		(*at)++;
	return 1;
}

void yaml_place(const struct yaml_file *file, const struct yaml_node *scalar, size_t offset,
		unsigned *ret_line, unsigned *ret_column)
{
	size_t at, end, here;

	if (!scalar) {
		place_of(file, offset < file->len ? offset : file->len, ret_line, ret_column);
		return;
	}
	at = offset_of(file, scalar->line, scalar->column);
	end = scalar->len;
	if (scalar->kind != YAML_SCALAR) {
		*ret_line = scalar->line;
		*ret_column = scalar->column;
		return;
	}
	at = skip_to_content(file, scalar, at);
	here = at;
	/* The end of the text, for a person, is just behind its last character that can be seen. */
	while (end > 0 && is_blank(scalar->text[end - 1]))
		end--;
	for (size_t i = 0; i < end && i <= offset;)
		i += walk(file, scalar, i, &at, &here);
	if (offset >= end)
		here = at;
	place_of(file, here < file->len ? here : file->len, ret_line, ret_column);
}
