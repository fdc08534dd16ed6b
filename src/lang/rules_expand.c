/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts that know where each byte was written, and lists put in place in them.
 *
 * Lists are expanded as text, before parsing, as Falco does it (falco-language 3.2): a list's name
 * between delimiters is replaced, with the blanks around it, by " items " joined with ", "; an
 * empty list takes one neighbouring comma with it. One list after the other, in the order in
 * which they were defined, each over the whole text: so a list whose item names a later list is
 * expanded further here.
 */
#include "lang/rules_internal.h"

#include <stdlib.h>
#include <string.h>

void rules_text_init(struct rules_text *text)
{
	*text = (struct rules_text){ 0 };
}

void rules_text_done(struct rules_text *text)
{
	free(text->text);
	free(text->runs);
	rules_text_init(text);
}

static char *grow(struct rules_text *text, size_t more)
{
	size_t need = text->len + more + 1, size = text->size ? text->size : 256;

	if (more > RULES_TEXT_MAX || text->len + more > RULES_TEXT_MAX) {
		text->too_long = true;
		return NULL;
	}
	while (size < need)
		size *= 2;
	if (size != text->size) {
		text->text = mem_grow(text->text, size, 1);
		text->size = size;
	}
	return text->text + text->len;
}

/* The last run that begins at or before `at`. */
static size_t run_of(const struct rules_text *text, size_t at)
{
	size_t low = 0, high = text->n_runs;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (text->runs[middle].at <= at)
			low = middle;
		else
			high = middle;
	}
	return low;
}

struct rules_spot rules_text_spot(const struct rules_text *text, size_t at)
{
	const struct rules_run *run = &text->runs[run_of(text, at)];
	struct rules_spot spot = run->first;

	if (run->counts_on)
		spot.offset += (uint32_t)(at - run->at);
	return spot;
}

/* What is added at the end of the text is from `first`. */
static void add_run(struct rules_text *text, struct rules_spot first, bool counts_on)
{
	/* Blanks at the end may have been taken back since. */
	while (text->n_runs && text->runs[text->n_runs - 1].at >= text->len)
		text->n_runs--;
	if (text->n_runs == text->runs_size) {
		text->runs_size = text->runs_size ? text->runs_size * 2 : 4;
		text->runs = mem_grow(text->runs, text->runs_size, sizeof(*text->runs));
	}
	text->runs[text->n_runs++] = (struct rules_run){ (uint32_t)text->len, first, counts_on };
}

static void add(struct rules_text *text, const char *bytes, size_t len, struct rules_spot spot, bool counts_on)
{
	char *to = grow(text, len);

	if (!to)
		return;
	if (len)
		add_run(text, spot, counts_on);
	memcpy(to, bytes, len);
	text->len += len;
	text->text[text->len] = '\0';
}

void rules_text_add(struct rules_text *text, const char *bytes, size_t len, struct rules_spot spot)
{
	add(text, bytes, len, spot, true);
}

void rules_text_put(struct rules_text *text, const char *bytes, struct rules_spot spot)
{
	add(text, bytes, strlen(bytes), spot, false);
}

void rules_text_quoted(struct rules_text *text, const struct rules_piece *p)
{
	bool quote = memchr(p->text, ' ', p->len) && p->text[0] != '"' && p->text[0] != '\'';
	struct rules_spot spot = { p->origin, p->offset };

	if (quote)
		rules_text_put(text, "\"", spot);
	rules_text_add(text, p->text, p->len, spot);
	if (quote)
		rules_text_put(text, "\"", spot);
}

void rules_text_pieces(struct rules_text *text, const struct rules_pieces *pieces)
{
	for (size_t i = 0; i < pieces->n; i++) {
		const struct rules_piece *p = &pieces->at[i];
		struct rules_spot spot = { p->origin, p->offset };
		if (i)
			rules_text_put(text, " ", spot);
		rules_text_add(text, p->text, p->len, spot);
	}
}

static void copy_range(struct rules_text *out, const struct rules_text *in, size_t from, size_t to)
{
	if (!grow(out, to - from))
		return;
	for (size_t i = run_of(in, from); from < to && i < in->n_runs && in->runs[i].at < to; i++) {
		size_t at = in->runs[i].at > from ? in->runs[i].at : from;
		size_t end = i + 1 < in->n_runs && in->runs[i + 1].at < to ? in->runs[i + 1].at : to;

		add_run(out, rules_text_spot(in, at), in->runs[i].counts_on);
		memcpy(out->text + out->len, in->text + at, end - at);
		out->len += end - at;
	}
	out->text[out->len] = '\0';
}

void rules_text_cut(struct rules_text *text, size_t at, size_t len)
{
	struct rules_text out;

	rules_text_init(&out);
	copy_range(&out, text, 0, at);
	copy_range(&out, text, at + len, text->len);
	rules_text_done(text);
	*text = out;
}

uint32_t rules_text_keep(struct lang_rules *rules, struct rules_text *text, const char *item, const char *macro)
{
	if (rules->n_texts == rules->texts_size) {
		rules->texts_size = rules->texts_size ? rules->texts_size * 2 : 64;
		rules->texts = mem_grow(rules->texts, rules->texts_size, sizeof(*rules->texts));
	}
	if (text->text) {
		text->text = mem_grow(text->text, text->size = text->len + 1, 1);
		text->runs = mem_grow(text->runs, text->runs_size = text->n_runs, sizeof(*text->runs));
	}
	text->item = item;
	text->macro = macro;
	rules->texts[rules->n_texts] = *text;
	rules_text_init(text);
	return (uint32_t)rules->n_texts++;
}

/* One level: an item that names a list defined before this one was last changed is that list's items,
 * as written there (falco-language 3.2). */
static void flatten(struct lang_rules *rules, struct rules_list *list, size_t *n_items)
{
	for (size_t k = 0; k < list->items.n; k++) {
		const struct rules_piece *item = &list->items.at[k];
		struct rules_list *ref = map_get(&rules->lists.by_name, item->text, item->len);
		bool in_place = ref && ref->index < list->visibility;

		*n_items += in_place ? ref->items.n : 1;
		if (*n_items > RULES_LIST_ITEMS_MAX) {
			rules_diag_at(rules, LANG_DIAG_ERROR, "LOAD_ERR_VALIDATE", rules_item_name(rules, "list", list->name), item->origin, 0,
				      item->len, "the lists have more than %d items with the lists in them put in place", RULES_LIST_ITEMS_MAX);
			return;
		}
		if (!in_place) {
			rules_pieces_add(rules, &list->flat, *item);
			continue;
		}
		ref->used = true;
		for (size_t m = 0; m < ref->items.n; m++)
			rules_pieces_add(rules, &list->flat, ref->items.at[m]);
	}
}

void rules_flatten_lists(struct lang_rules *rules)
{
	size_t n_items = 0;

	for (size_t i = 0; i < rules->lists.n && n_items <= RULES_LIST_ITEMS_MAX; i++)
		flatten(rules, rules->lists.at[i], &n_items);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_delimiter(char c)
{
	return is_blank(c) || c == '(' || c == ')' || c == ',' || c == '=';
}

static void add_items(struct rules_text *out, const struct rules_list *list, struct rules_spot spot)
{
	bool any = false;

	for (size_t i = 0; i < list->flat.n; i++) {
		const struct rules_piece *item = &list->flat.at[i];

		if (any)
			rules_text_put(out, ", ", spot);
		rules_text_quoted(out, item);
		any |= item->len > 0;
	}
}

/* A list of empty texts counts as empty. */
static bool is_empty(const struct rules_list *list)
{
	for (size_t i = 0; i < list->flat.n; i++)
		if (list->flat.at[i].len)
			return false;
	return true;
}

/* The list's name stands at `at` of `in`: put the items into `out`; returns where `in` goes on. */
static size_t replace_name(struct rules_text *out, const struct rules_text *in, size_t at, const struct rules_list *list)
{
	size_t end = at + strlen(list->name);
	struct rules_spot spot = rules_text_spot(in, at);

	while (out->len > 0 && is_blank(out->text[out->len - 1]))
		out->len--;
	while (end < in->len && is_blank(in->text[end]))
		end++;
	if (is_empty(list)) {
		if (out->len > 0 && out->text[out->len - 1] == ',')
			out->len--;
		else if (end < in->len && in->text[end] == ',')
			end++;
	}
	if (out->len > 0)
		rules_text_put(out, " ", spot);
	add_items(out, list, spot);
	rules_text_put(out, " ", spot);
	return end;
}

static bool expand_list(struct rules_text *text, const struct rules_list *list)
{
	size_t len = strlen(list->name), at = 0, done = 0;
	struct rules_text out;
	const char *hit;
	bool used = false;

	if (len == 0 || !text->len || !memmem(text->text, text->len, list->name, len))
		return false;
	rules_text_init(&out);
	while (at < text->len && (hit = memmem(text->text + at, text->len - at, list->name, len)) != NULL && !out.too_long) {
		size_t start = (size_t)(hit - text->text), end = start + len;
		copy_range(&out, text, done, start);
		done = start;
		at = start + 1;
		if ((out.len > 0 && !is_delimiter(out.text[out.len - 1])) || (end < text->len && !is_delimiter(text->text[end])))
			continue;
		at = done = replace_name(&out, text, start, list);
		used = true;
	}
	copy_range(&out, text, done, text->len);
	if (used || out.too_long) {
		rules_text_done(text);
		*text = out;
	} else {
		rules_text_done(&out);
	}
	return used;
}

/* The first list, at or behind `order`, whose name stands somewhere in the text. */
static struct rules_list *next_list(const struct lang_rules *rules, const struct rules_text *text, size_t order)
{
	struct rules_list *best = NULL;

	for (size_t i = 0; i < text->len;) {
		size_t start = i;
		struct rules_list *list;

		while (i < text->len && !is_delimiter(text->text[i]))
			i++;
		list = i > start ? map_get(&rules->lists.by_name, text->text + start, i - start) : NULL;
		if (list && list->order >= order && (!best || list->order < best->order))
			best = list;
		i += i == start;
	}
	for (size_t i = order; rules->n_odd_lists && i < rules->lists.n && (!best || i < best->order); i++)
		if (rules->lists.at[i]->odd)
			return rules->lists.at[i];
	return best;
}

void rules_expand_lists(struct lang_rules *rules, struct rules_text *text)
{
	struct rules_list *list;
	size_t order = 0;

	while (!text->too_long && (list = next_list(rules, text, order)) != NULL) {
		rules->expanded_bytes += text->len + 1;
		if (rules->expanded_bytes > RULES_EXPAND_BYTES_MAX)
			text->too_long = true;
		else if (expand_list(text, list))
			list->used = true;
		order = list->order + 1;
	}
}
