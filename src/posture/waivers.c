/* SPDX-License-Identifier: Apache-2.0 */
#include "posture/waivers.h"

#include "base/file.h"
#include "posture/posture_internal.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct waiver {
	const char *const *checks, *const *evidence;   /* evidence: n 0 = any */
	size_t n_checks, n_evidence;
	const char *on, *reason, *owner, *expires;
	unsigned line;
};

struct posture_waivers {
	struct arena arena;
	const char *file;
	struct waiver *at;
	size_t n;
};

struct reader {
	struct posture_waivers *waivers;
	const struct yaml_file *file;
	struct err *err;
};

static bool is_date(const char *text)
{
	static const char shape[] = "dddd-dd-dd";

	if (strlen(text) != sizeof(shape) - 1)
		return false;
	for (size_t i = 0; shape[i]; i++)
		if (shape[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != shape[i])
			return false;
	return memcmp(text + 5, "01", 2) >= 0 && memcmp(text + 5, "12", 2) <= 0 && memcmp(text + 8, "01", 2) >= 0 &&
	       memcmp(text + 8, "31", 2) <= 0;
}

/* One text or a list of them. */
static int read_texts(const struct reader *r, const struct yaml_node *node, const char *const **ret_texts, size_t *ret_n)
{
	size_t n = node->kind == YAML_SEQUENCE ? node->n : 1;
	const char **texts = arena_alloc(&r->waivers->arena, (n ? n : 1) * sizeof(*texts));

	for (size_t i = 0; i < n; i++) {
		const struct yaml_node *item = node->kind == YAML_SEQUENCE ? node->items[i] : node;

		texts[i] = yaml_text(item);
		if (!texts[i] || !*texts[i])
			return posture_err_at(r->err, r->file, item, 0, "expected a text or a list of texts");
	}
	if (!n)
		return posture_err_at(r->err, r->file, node, 0, "the list is empty");
	*ret_texts = texts;
	*ret_n = n;
	return 0;
}

static bool is_hash(const char *text)
{
	return strlen(text) == 16 && strspn(text, "0123456789abcdef") == 16;
}

static int read_evidence(const struct reader *r, const struct yaml_node *node, struct waiver *w)
{
	int code;

	if (yaml_is(node, "any"))
		return 0;
	code = read_texts(r, node, &w->evidence, &w->n_evidence);
	for (size_t i = 0; code >= 0 && i < w->n_evidence; i++)
		if (!is_hash(w->evidence[i]))
			return posture_err_at(r->err, r->file, node, 0, "expected 'any' or the finding's evidence_hash (16 hex digits), not '%s'",
					      w->evidence[i]);
	return code;
}

static int read_key(const struct reader *r, const struct yaml_pair *pair, struct waiver *w)
{
	static const struct { const char *name; size_t offset; } texts[] = {
		{ "on", offsetof(struct waiver, on) }, { "reason", offsetof(struct waiver, reason) },
		{ "owner", offsetof(struct waiver, owner) }, { "expires", offsetof(struct waiver, expires) },
	};
	const char *text = yaml_text(pair->value);

	if (yaml_is(pair->key, "waive"))
		return read_texts(r, pair->value, &w->checks, &w->n_checks);
	if (yaml_is(pair->key, "evidence"))
		return read_evidence(r, pair->value, w);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		if (!yaml_is(pair->key, texts[i].name))
			continue;
		if (!text || !*text)
			return posture_err_at(r->err, r->file, pair->value, 0, "expected a text for '%s'", texts[i].name);
		if (strcmp(texts[i].name, "expires") == 0 && !is_date(text))
			return posture_err_at(r->err, r->file, pair->value, 0, "expected a day as YYYY-MM-DD, not '%s'", text);
		memcpy((char *)w + texts[i].offset, &text, sizeof(text));
		return 0;
	}
	return posture_err_at(r->err, r->file, pair->key, 0, "expected waive, on, reason, owner, expires or evidence");
}

static int read_waiver(const struct reader *r, const struct yaml_node *item)
{
	static const char *const required[] = { "waive", "reason", "owner", "expires", "evidence" };
	struct posture_waivers *waivers = r->waivers;
	struct waiver w = { .on = "*", .line = item->line };

	if (item->kind != YAML_MAPPING)
		return posture_err_at(r->err, r->file, item, 0, "expected a waiver: waive, reason, owner, expires, evidence");
	for (size_t i = 0; i < item->n; i++) {
		int code = read_key(r, &item->pairs[i], &w);
		if (code < 0)
			return code;
	}
	for (size_t i = 0; i < ARRAY_LEN(required); i++)
		if (!yaml_get(item, required[i]))
			return posture_err_at(r->err, r->file, item, 0, "the waiver has no '%s'", required[i]);
	if (waivers->n == POSTURE_WAIVERS_MAX)
		return posture_err_at(r->err, r->file, item, 0, "more than %d waivers", POSTURE_WAIVERS_MAX);
	waivers->at = mem_grow(waivers->at, waivers->n + 1, sizeof(*waivers->at));
	waivers->at[waivers->n++] = w;
	return 0;
}

int posture_waivers_parse(const char *name, const char *text, size_t len, struct posture_waivers **ret, struct err *err)
{
	struct posture_waivers *waivers = mem_alloc(sizeof(*waivers));
	struct yaml_file *file;
	struct reader r = { .waivers = waivers, .err = err };
	int code;

	arena_init(&waivers->arena, 0);
	waivers->file = arena_strdup(&waivers->arena, name);
	code = yaml_parse(&waivers->arena, text, len, name, &file, err);
	for (size_t i = 0; code >= 0 && i < file->n_docs; i++) {
		r.file = file;
		if (yaml_is_null(file->docs[i]))
			continue;
		if (file->docs[i]->kind != YAML_SEQUENCE)
			code = posture_err_at(err, file, file->docs[i], 0, "expected a list of waivers");
		for (size_t k = 0; code >= 0 && k < file->docs[i]->n; k++)
			code = read_waiver(&r, file->docs[i]->items[k]);
	}
	if (code < 0) {
		posture_waivers_free(waivers);
		return code;
	}
	*ret = waivers;
	return 0;
}

int posture_waivers_read(const char *path, struct posture_waivers **ret, struct err *err)
{
	struct arena arena;
	size_t len;
	char *text;
	int code;

	arena_init(&arena, 0);
	code = file_read(path, POSTURE_WAIVER_FILE_BYTES_MAX, &arena, &text, &len, err);
	if (code >= 0)
		code = posture_waivers_parse(path, text, len, ret, err);
	arena_done(&arena);
	return code;
}

struct posture_waivers *posture_waivers_free(struct posture_waivers *waivers)
{
	if (!waivers)
		return NULL;
	free(waivers->at);
	arena_done(&waivers->arena);
	free(waivers);
	return NULL;
}

static bool is_about(const struct waiver *w, const struct posture_finding *f)
{
	bool named = false;

	for (size_t i = 0; i < w->n_checks && !named; i++)
		named = posture_check_is(f->check, w->checks[i]);
	return named && (fnmatch(w->on, f->record->name, 0) == 0 || (f->place.file && fnmatch(w->on, f->place.file, 0) == 0));
}

static bool has_evidence(const struct waiver *w, const struct posture_finding *f)
{
	char hash[17];

	snprintf(hash, sizeof(hash), "%016llx", (unsigned long long)f->evidence_hash);
	for (size_t i = 0; i < w->n_evidence; i++)
		if (strcmp(w->evidence[i], hash) == 0)
			return true;
	return w->n_evidence == 0;
}

static bool try_waive(const struct posture_waivers *waivers, const struct waiver *w, const char *today, struct posture_results *results,
		      struct posture_finding *f)
{
	if (strcmp(today, w->expires) > 0) {
		f->waiver_void = arena_printf(&results->arena, "waiver of %s at %s:%u expired on %s", w->owner, waivers->file, w->line,
					      w->expires);
		return false;
	}
	if (!has_evidence(w, f)) {
		f->waiver_void = arena_printf(&results->arena, "waiver of %s at %s:%u is void: the evidence is not the one it was given for",
					      w->owner, waivers->file, w->line);
		return false;
	}
	for (struct posture_count *c = &results->per_check[f->check->index];; c = &results->all) {
		c->n[f->status]--;
		c->n[POSTURE_WAIVED]++;
		if (c == &results->all)
			break;
	}
	f->status = POSTURE_WAIVED;
	f->reason = arena_printf(&results->arena, "%s (%s, until %s)", w->reason, w->owner, w->expires);
	f->waiver_void = NULL;
	return true;
}

size_t posture_waivers_apply(const struct posture_waivers *waivers, const char *today, struct posture_results *results)
{
	size_t n = 0;

	for (size_t i = 0; i < results->n; i++) {
		struct posture_finding *f = &results->findings[i];

		for (size_t k = 0; k < waivers->n && (f->status == POSTURE_FAIL || f->status == POSTURE_UNKNOWN); k++)
			if (is_about(&waivers->at[k], f))
				n += try_waive(waivers, &waivers->at[k], today, results, f);
	}
	return n;
}
