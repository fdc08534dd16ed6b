/* SPDX-License-Identifier: Apache-2.0 */
/* Loading check files: YAML to struct posture_check. Conditions are compiled later, by kind (compile.c). */
#include "posture/posture_internal.h"

#include "base/file.h"
#include "base/suggest.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

static const char *const severities[] = { "critical", "high", "medium", "low", "info" };
_Static_assert(ARRAY_LEN(severities) == POSTURE_SEVERITY_MAX, "a name for every severity");

const char *posture_severity_name(enum posture_severity severity)
{
	assert(severity < POSTURE_SEVERITY_MAX);
	return severities[severity];
}

enum posture_severity posture_severity_by_name(const char *name)
{
	for (unsigned i = 0; i < POSTURE_SEVERITY_MAX; i++)
		if (strcasecmp(severities[i], name) == 0)
			return i;
	return POSTURE_SEVERITY_MAX;
}

int posture_err_at(struct err *err, const struct yaml_file *file, const struct yaml_node *node, size_t offset,
		   const char *format, ...)
{
	unsigned line = node->line, column = node->column;
	char text[ERR_TEXT_MAX];
	va_list args;

	if (node->kind == YAML_SCALAR && offset <= node->len)
		yaml_place(file, node, offset, &line, &column);
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return err_set_at(err, -EBADMSG, file->name, line, column, "%s", text);
}

/* ---- what a check may say ---- */

enum key {
	KEY_CHECK, KEY_TITLE, KEY_OF, KEY_SEVERITY, KEY_WHEN, KEY_FAILS, KEY_OUTPUT, KEY_EVIDENCE, KEY_AT, KEY_WHY, KEY_FIX,
	KEY_COMMAND, KEY_PATCH, KEY_REFS, KEY_LAYER, KEY_PROFILES, KEY_MAX
};
enum shape { TEXT, TEXTS, ANY };

static const struct { const char *name; enum shape shape; bool required; size_t offset; } keys[] = {
	[KEY_CHECK] = { "check", TEXT, true, offsetof(struct posture_check, id) },
	[KEY_TITLE] = { "title", TEXT, true, offsetof(struct posture_check, title) },
	[KEY_OF] = { "of", TEXT, true, 0 },
	[KEY_SEVERITY] = { "severity", TEXT, true, 0 },
	[KEY_WHEN] = { "when", TEXT, false, offsetof(struct posture_check, when) },
	[KEY_FAILS] = { "fails", TEXT, true, offsetof(struct posture_check, fails) },
	[KEY_OUTPUT] = { "output", TEXT, true, offsetof(struct posture_check, output) },
	[KEY_EVIDENCE] = { "evidence", TEXTS, false, 0 },
	[KEY_AT] = { "at", TEXT, false, offsetof(struct posture_check, at) },
	[KEY_WHY] = { "why", TEXT, true, offsetof(struct posture_check, why) },
	[KEY_FIX] = { "fix", TEXT, true, offsetof(struct posture_check, fix) },
	[KEY_COMMAND] = { "command", TEXT, false, offsetof(struct posture_check, command) },
	[KEY_PATCH] = { "patch", ANY, false, 0 },
	[KEY_REFS] = { "refs", TEXTS, false, 0 },
	[KEY_LAYER] = { "layer", TEXT, false, 0 },
	[KEY_PROFILES] = { "profiles", TEXTS, false, 0 },
};
_Static_assert(ARRAY_LEN(keys) == KEY_MAX, "a row for every key");

struct loader {
	struct posture_checks *checks;
	const struct yaml_file *file;
	struct err *err;
};

static int wrong(const struct loader *l, const struct yaml_node *node, const char *what, const char *is, const char *near)
{
	return posture_err_at(l->err, l->file, node, 0, near ? "%s '%s'; did you mean '%s'?" : "%s '%s'", what, is, near);
}

static enum key key_of(const struct yaml_node *node)
{
	for (unsigned i = 0; i < KEY_MAX; i++)
		if (yaml_is(node, keys[i].name))
			return i;
	return KEY_MAX;
}

static int unknown_key(const struct loader *l, const struct yaml_node *name)
{
	struct suggestion near = SUGGESTION(name->text, name->len);

	for (unsigned i = 0; i < KEY_MAX; i++)
		suggestion_offer(&near, keys[i].name, strlen(keys[i].name));
	return wrong(l, name, "unknown key of a check", name->text, near.best);
}

static int read_texts(const struct loader *l, const struct yaml_node *node, const char *const **ret_texts, size_t *ret_n)
{
	const char **texts;

	if (node->kind != YAML_SEQUENCE || node->n > POSTURE_CHECK_LIST_MAX)
		return posture_err_at(l->err, l->file, node, 0, "expected a list of at most %d texts", POSTURE_CHECK_LIST_MAX);
	texts = arena_alloc(&l->checks->arena, (node->n ? node->n : 1) * sizeof(*texts));
	for (size_t i = 0; i < node->n; i++) {
		texts[i] = yaml_text(node->items[i]);
		if (!texts[i] || !*texts[i])
			return posture_err_at(l->err, l->file, node->items[i], 0, "expected a text");
	}
	*ret_texts = texts;
	*ret_n = node->n;
	return 0;
}

static int read_kind(const struct loader *l, const struct yaml_node *node, struct posture_check *c)
{
	struct suggestion near = SUGGESTION(node->text, node->len);

	c->of = model_kind_by_name(node->text, node->len);
	for (unsigned i = 1; i < MODEL_KIND_MAX && c->of == MODEL_KIND_NONE; i++)
		suggestion_offer(&near, model_kind(i)->name, strlen(model_kind(i)->name));
	return c->of == MODEL_KIND_NONE ? wrong(l, node, "unknown kind of record", node->text, near.best) : 0;
}

static int read_severity(const struct loader *l, const struct yaml_node *node, struct posture_check *c)
{
	c->severity = posture_severity_by_name(node->text);
	if (c->severity == POSTURE_SEVERITY_MAX)
		return posture_err_at(l->err, l->file, node, 0, "expected critical, high, medium, low or info, not '%s'", node->text);
	return 0;
}

static int read_layer(const struct loader *l, const struct yaml_node *node, struct posture_check *c)
{
	c->layer = model_layer_by_name(node->text);
	if (c->layer == MODEL_LAYER_MAX)
		return posture_err_at(l->err, l->file, node, 0, "expected kernel, runtime, images, containers, orchestrator or identity, "
				      "not '%s'", node->text);
	return 0;
}

static bool is_id(const char *id)
{
	return *id >= 'a' && *id <= 'z' && id[strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-.")] == '\0';
}

static int read_value(const struct loader *l, enum key key, const struct yaml_node *node, struct posture_check *c)
{
	if (keys[key].shape == TEXT && (node->kind != YAML_SCALAR || !node->len || node->len > POSTURE_CHECK_TEXT_MAX))
		return posture_err_at(l->err, l->file, node, 0, "expected a text of at most %d bytes for '%s'", POSTURE_CHECK_TEXT_MAX,
				      keys[key].name);
	switch (key) {
	case KEY_CHECK:
		if (!is_id(node->text))
			return posture_err_at(l->err, l->file, node, 0, "an id is of lower-case letters, digits, '-' and '.', not '%s'",
					      node->text);
		break;
	case KEY_OF: return read_kind(l, node, c);
	case KEY_SEVERITY: return read_severity(l, node, c);
	case KEY_LAYER: return read_layer(l, node, c);
	case KEY_EVIDENCE: return read_texts(l, node, &c->evidence, &c->n_evidence);
	case KEY_REFS: return read_texts(l, node, &c->refs, &c->n_refs);
	case KEY_PROFILES: return read_texts(l, node, &c->profiles, &c->n_profiles);
	case KEY_PATCH: c->patch = node; return 0;
	default: break;
	}
	memcpy((char *)c + keys[key].offset, &node->text, sizeof(node->text));
	return 0;
}

static int read_keys(const struct loader *l, const struct yaml_node *item, struct posture_check *c)
{
	unsigned seen = 0;

	for (size_t i = 0; i < item->n; i++) {
		const struct yaml_node *name = item->pairs[i].key;
		enum key key = key_of(name);
		int r;

		if (key == KEY_MAX)
			return unknown_key(l, name);
		if (seen & 1u << key)
			return posture_err_at(l->err, l->file, name, 0, "'%s' is there twice", name->text);
		seen |= 1u << key;
		r = read_value(l, key, item->pairs[i].value, c);
		if (r < 0)
			return r;
	}
	for (unsigned i = 0; i < KEY_MAX; i++)
		if (keys[i].required && !(seen & 1u << i))
			return posture_err_at(l->err, l->file, item, 0, "the check has no '%s'", keys[i].name);
	if (!(seen & 1u << KEY_LAYER))
		c->layer = model_kind(c->of)->layer;
	return 0;
}

static int add_check(const struct loader *l, const struct yaml_node *item)
{
	struct posture_checks *checks = l->checks;
	struct posture_source *s = arena_alloc(&checks->arena, sizeof(*s)), *known;
	struct posture_check *c = &s->check;
	int r;

	if (checks->n == POSTURE_CHECKS_MAX)
		return posture_err_at(l->err, l->file, item, 0, "more than %d checks", POSTURE_CHECKS_MAX);
	s->file = l->file;
	s->item = item;
	r = read_keys(l, item, c);
	if (r < 0)
		return r;
	known = map_get(&checks->by_id, c->id, strlen(c->id));
	if (known)
		return posture_err_at(l->err, l->file, item, 0, "check '%s' is there already: %s:%u", c->id, known->check.file,
				      known->check.line);
	c->file = l->file->name;
	c->line = item->line;
	c->index = (uint32_t)checks->n;
	map_put(&checks->by_id, c->id, strlen(c->id), s);
	checks->at = mem_grow(checks->at, checks->n + 1, sizeof(*checks->at));
	checks->at[checks->n++] = s;
	if (checks->last_of[c->of])
		checks->last_of[c->of]->next_of_kind = s;
	else
		checks->first_of[c->of] = s;
	checks->last_of[c->of] = s;
	return 0;
}

static int add_items(const struct loader *l, const struct yaml_node *doc, bool *has_words)
{
	if (yaml_is_null(doc))
		return 0;
	if (doc->kind != YAML_SEQUENCE)
		return posture_err_at(l->err, l->file, doc, 0, "expected a list of checks");
	for (size_t i = 0; i < doc->n; i++) {
		const struct yaml_node *item = doc->items[i];
		int r;

		if (yaml_get(item, "list") || yaml_get(item, "macro")) {
			*has_words = true;
			continue;
		}
		if (!yaml_get(item, "check"))
			return posture_err_at(l->err, l->file, item, 0, "expected an item with 'check', 'list' or 'macro'");
		r = add_check(l, item);
		if (r < 0)
			return r;
	}
	return 0;
}

int posture_words_error(const struct lang_rules *rules, struct err *err)
{
	const struct lang_diag *diags;
	size_t n = lang_rules_diags(rules, &diags);

	for (size_t i = 0; i < n; i++)
		if (diags[i].level == LANG_DIAG_ERROR)
			return err_set_at(err, -EBADMSG, diags[i].file, diags[i].line, diags[i].column, "%s", diags[i].message);
	return err_set(err, -EBADMSG, "a list or macro has an error");
}

/* Whether a file may hold checks of a wanted kind, without parsing it: every item says "check:" and "of: KIND" on lines of their own,
 * or the file is parsed. */
static bool is_wanted(const struct posture_checks *checks, const char *text, size_t len)
{
	size_t n_checks = 0, n_kinds = 0;

	if (!checks->wanted)
		return true;
	for (const char *line = text, *end = text + len; line < end;) {
		const char *next = memchr(line, '\n', (size_t)(end - line));
		size_t n = (size_t)((next ? next : end) - line);
		enum model_kind_id kind;

		if (n > 9 && memcmp(line, "- check: ", 9) == 0) {
			n_checks++;
		} else if (n > 6 && memcmp(line, "  of: ", 6) == 0) {
			kind = model_kind_by_name(line + 6, n - 6);
			if (kind == MODEL_KIND_NONE || checks->wanted[kind])
				return true;
			n_kinds++;
		} else if (n > 1 && line[0] == '-' && (n < 8 || (memcmp(line, "- list: ", 8) != 0 && memcmp(line, "- macro: ", 8) != 0))) {
			return true;
		}
		line = next ? next + 1 : end;
	}
	return n_checks != n_kinds;
}

int posture_checks_load_text(struct posture_checks *checks, const char *name, const char *text, size_t len, struct err *err)
{
	struct loader l = { .checks = checks, .err = err };
	struct yaml_file *file;
	bool has_words = false;
	int r;

	assert(!checks->is_compiled);
	if (len > POSTURE_CHECK_FILE_BYTES_MAX)
		return err_set(err, -E2BIG, "%s is larger than %d bytes", name, POSTURE_CHECK_FILE_BYTES_MAX);
	if (!is_wanted(checks, text, len))
		return 0;
	r = yaml_parse(&checks->arena, text, len, name, &file, err);
	if (r < 0)
		return r;
	l.file = file;
	for (size_t i = 0; i < file->n_docs && r >= 0; i++)
		r = add_items(&l, file->docs[i], &has_words);
	if (r >= 0 && has_words && lang_rules_load_text(checks->words, name, text, len, NULL) < 0)
		r = posture_words_error(checks->words, err);
	return r < 0 ? r : 0;
}

static int load_file(struct posture_checks *checks, const char *path, struct err *err)
{
	struct arena arena;
	size_t len;
	char *text;
	int r;

	arena_init(&arena, 0);
	r = file_read(path, POSTURE_CHECK_FILE_BYTES_MAX, &arena, &text, &len, err);
	if (r >= 0)
		r = posture_checks_load_text(checks, path, text, len, err);
	arena_done(&arena);
	return r;
}

static int is_yaml(const struct dirent *d)
{
	const char *dot = strrchr(d->d_name, '.');

	return d->d_name[0] != '.' && dot && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0);
}

int posture_checks_load(struct posture_checks *checks, const char *path, struct err *err)
{
	struct dirent **names;
	struct stat st;
	int n, r = 0;

	if (stat(path, &st) < 0)
		return err_set_os(err, -errno, "open %s", path);
	if (!S_ISDIR(st.st_mode))
		return load_file(checks, path, err);
	n = scandir(path, &names, is_yaml, alphasort);
	if (n < 0)
		return err_set_os(err, -errno, "open %s", path);
	for (int i = 0; i < n; i++) {
		if (r >= 0)
			r = load_file(checks, arena_printf(&checks->arena, "%s/%s", path, names[i]->d_name), err);
		free(names[i]);
	}
	free(names);
	return r < 0 ? r : 0;
}

struct posture_checks *posture_checks_new(void)
{
	struct posture_checks *checks = mem_alloc(sizeof(*checks));

	arena_init(&checks->arena, 0);
	checks->words = lang_rules_new();
	checks->formats = lang_formats_new();
	return checks;
}

void posture_checks_want(struct posture_checks *checks, const bool *kinds)
{
	checks->wanted = kinds;
}

size_t posture_checks_count(const struct posture_checks *checks)
{
	return checks->n;
}

const struct posture_check *posture_checks_at(const struct posture_checks *checks, size_t i)
{
	assert(i < checks->n);
	return &checks->at[i]->check;
}

const struct posture_check *posture_checks_by_id(const struct posture_checks *checks, const char *id)
{
	struct posture_source *s = map_get(&checks->by_id, id, strlen(id));

	return s ? &s->check : NULL;
}

bool posture_check_is(const struct posture_check *check, const char *ref)
{
	if (strcasecmp(check->id, ref) == 0)
		return true;
	for (size_t i = 0; i < check->n_refs; i++)
		if (strcasecmp(check->refs[i], ref) == 0)
			return true;
	return false;
}
