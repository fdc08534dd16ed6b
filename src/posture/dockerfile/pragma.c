/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Comments that mean something:
 *
 *     # parka: ignore=ID[,ID] reason               the next instruction
 *     # parka: ignore-stage=ID[,ID] reason         the stage that begins next, or this one
 *     # parka: ignore-file=ID[,ID] reason
 *     # hadolint ignore=DL3006,DL3008 [# reason]   the instruction right below (hadolint/hadolint README, "Inline ignores")
 *     # hadolint stage ignore=..., # hadolint global ignore=..., # hadolint shell=/bin/bash
 *     # trivy:ignore:DS-0002                       the instruction right below (trivy.dev, "Inline ignores")
 *     # checkov:skip=CKV_DOCKER_3:reason           the file (checkov.io, "Suppressing checks")
 */
#include "posture/dockerfile/limits.h"
#include "posture/dockerfile/outline.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum { IGNORES_MAX = 200 };   /* ids of one comment */

enum scope { NOBODY, INSTRUCTION, STAGE, FILE_SCOPE };

struct pragma {
	enum scope scope;
	const char *ids;             /* up to where they end */
	const char *reason;          /* "" without */
	bool is_parka, is_hadolint;
};

static const char *skip_blanks(const char *s)
{
	while (*s == ' ' || *s == '\t')
		s++;
	return s;
}

static bool take(const char **s, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(*s, word, len) != 0)
		return false;
	*s = skip_blanks(*s + len);
	return true;
}

static bool is_id_char(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '_' || c == '.' || c == '*';
}

/* What follows the list of ids: "ID, ID and so on". */
static const char *after_ids(const char *s)
{
	for (;;) {
		while (is_id_char(*s))
			s++;
		const char *next = skip_blanks(s);
		if (*next != ',')
			return next;
		s = skip_blanks(next + 1);
	}
}

static bool read_hadolint(const char *s, struct pragma *ret)
{
	ret->is_hadolint = true;
	ret->scope = take(&s, "global") ? FILE_SCOPE : take(&s, "stage") ? STAGE : INSTRUCTION;
	if (!take(&s, "ignore") || !take(&s, "="))
		return false;
	ret->ids = s;
	/* One id that is none of hadolint's or ShellCheck's, and hadolint takes the whole for a mere comment. */
	while (*s && *s != '#') {
		if (!strchr("DLSC0123456789, \t", *s))
			return false;
		s++;
	}
	ret->reason = *s ? skip_blanks(s + 1) : "";
	return ret->ids[0] != '#' && ret->ids[0] != '\0';
}

static bool read_parka(const char *s, struct pragma *ret)
{
	ret->is_parka = true;
	ret->scope = take(&s, "ignore-file") ? FILE_SCOPE : take(&s, "ignore-stage") ? STAGE : take(&s, "ignore") ? INSTRUCTION : NOBODY;
	if (ret->scope == NOBODY || !take(&s, "="))
		return false;
	ret->ids = s;
	ret->reason = after_ids(s);
	return true;
}

static bool read_pragma(const char *comment, struct pragma *ret)
{
	const char *s = skip_blanks(comment);

	*ret = (struct pragma){ .scope = NOBODY, .reason = "" };
	if (take(&s, "parka:"))
		return read_parka(s, ret);
	if (strncmp(s, "hadolint", 8) == 0 && (s[8] == ' ' || s[8] == '\t'))
		return read_hadolint(skip_blanks(s + 8), ret);
	if (take(&s, "trivy:ignore:")) {
		ret->scope = INSTRUCTION;
		ret->ids = s;
		return true;
	}
	if (take(&s, "checkov:skip=")) {
		ret->scope = FILE_SCOPE;
		ret->ids = s;
		s = after_ids(s);
		ret->reason = *s == ':' ? skip_blanks(s + 1) : s;
		return true;
	}
	return false;
}

static void waive(struct outline *o, struct posture_record *record, const struct pragma *p, const struct dockerfile_comment *comment)
{
	const char *s = p->ids, *reason = *p->reason ? p->reason : NULL;

	for (unsigned i = 0; record && i < IGNORES_MAX && is_id_char(*s); i++) {
		const char *start = s;
		while (is_id_char(*s))
			s++;
		posture_waive(record, posture_printf(o->set, "%.*s", (int)(s - start), start), reason,
			      outline_place(o, comment->text.line, comment->text.column));
		s = skip_blanks(s);
		s = *s == ',' ? skip_blanks(s + 1) : "";
	}
}

/* The first instruction below. Without `may_be_far` only comments stand between. */
static struct outline_item *item_below(const struct outline *o, const struct dockerfile_comment *comment, bool may_be_far)
{
	unsigned line = comment->text.line + 1;

	for (const struct dockerfile_comment *c = comment->next; c && c->text.line == line; c = c->next)
		line++;
	for (struct outline_item *i = o->items; i; i = i->next)
		if (i->in->line >= line)
			return i->in->line == line || may_be_far ? i : NULL;
	return NULL;
}

/* Of the stage that begins next, when nothing but comments stands before it; else of the one around. */
static struct posture_record *stage_around(const struct outline *o, const struct dockerfile_comment *comment)
{
	const struct outline_item *below = item_below(o, comment, true), *above = NULL;

	if (below && below->stage->from == below)
		return below->stage->record;
	for (const struct outline_item *i = o->items; i && i->in->line < comment->text.line; i = i->next)
		above = i;
	return above ? above->stage->record : NULL;
}

void outline_waive(struct outline *o, struct posture_record *file)
{
	const char **inline_ones = posture_alloc(o->set, IGNORES_MAX * sizeof(*inline_ones));
	size_t n = 0, n_read = 0;

	for (size_t i = 0; i < o->options->n_ignored; i++)
		posture_waive(file, o->options->ignored[i], "ignored by the project's hadolint configuration", file->place);
	for (const struct dockerfile_comment *c = o->file->comments; c; c = c->next) {
		struct outline_item *item;
		struct pragma p;

		if (!read_pragma(c->text.text, &p))
			continue;
		if (++n_read > OUTLINE_PRAGMAS_MAX) {
			posture_problem(o->set, MODEL_LAYER_IMAGES, outline_place(o, c->text.line, c->text.column),
					"more than %d comments that waive something; the rest is not read", OUTLINE_PRAGMAS_MAX);
			break;
		}
		if (p.is_hadolint && p.scope == INSTRUCTION && inline_ones && n < IGNORES_MAX)
			inline_ones[n++] = c->text.text;
		item = p.scope == INSTRUCTION ? item_below(o, c, p.is_parka) : NULL;
		waive(o, p.scope == FILE_SCOPE ? file : p.scope == STAGE ? stage_around(o, c) : item ? item->record : NULL, &p, c);
	}
	if (n)
		posture_set_texts(file, MODEL_F_DOCKERFILE_INLINE_IGNORES, inline_ones, n);
}

/* # hadolint shell=...: the shell of all RUN, unless SHELL says another. */
void outline_pragmas(struct outline *o)
{
	static const char *const others[] = { "pwsh", "powershell", "cmd" };

	for (const struct dockerfile_comment *c = o->file->comments; c; c = c->next) {
		const char *s = skip_blanks(c->text.text);

		if (!take(&s, "hadolint ") || !take(&s, "shell") || !take(&s, "="))
			continue;
		for (size_t i = 0; i < ARRAY_LEN(others); i++)
			if (strncasecmp(shell_basename(s), others[i], strlen(others[i])) == 0)
				o->stages->shell = OUTLINE_NO_POSIX;
	}
}
