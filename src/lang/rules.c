/* SPDX-License-Identifier: Apache-2.0 */
/* A rule set: its memory, its files, and what may be asked of it. */
#include "base/file.h"
#include "lang/rules_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct lang_rules *lang_rules_new(void)
{
	struct lang_rules *rules = mem_alloc(sizeof(*rules));

	arena_init(&rules->arena, RULES_MEMORY_MAX);
	rules->formats = lang_formats_new();
	return rules;
}

static void free_formats(struct lang_rules *rules)
{
	for (size_t i = 0; i < rules->n_rules; i++)
		lang_format_free(rules->rules[i]->format);
	lang_formats_free(rules->formats);
}

static void free_pieces(struct rules_pieces *pieces)
{
	free(pieces->at);
}

static void free_items(struct lang_rules *rules)
{
	for (size_t i = 0; i < rules->lists.n; i++) {
		free_pieces(&rules->lists.at[i]->items);
		free_pieces(&rules->lists.at[i]->flat);
	}
	for (size_t i = 0; i < rules->macros.n; i++)
		free_pieces(&rules->macros.at[i]->condition);
	for (size_t i = 0; i < rules->n_rules; i++) {
		free_pieces(&rules->rules[i]->condition);
		free_pieces(&rules->rules[i]->output);
		free_pieces(&rules->rules[i]->desc);
		free(rules->rules[i]->tags);
	}
}

void rules_done(struct lang_rules *rules)
{
	lang_program_free(rules->program);
	free_formats(rules);
	free_items(rules);
	for (size_t i = 0; i < rules->n_texts; i++)
		rules_text_done(&rules->texts[i]);
	free(rules->texts);
	free(rules->origins);
	free(rules->lists.at);
	free(rules->macros.at);
	free(rules->rules);
	free(rules->diags);
	free(rules->by_program);
	map_done(&rules->lists.by_name);
	map_done(&rules->macros.by_name);
	map_done(&rules->rule_by_name);
	map_done(&rules->diag_seen);
	map_done(&rules->plugins_missing);
	arena_done(&rules->arena);
}

struct lang_rules *lang_rules_free(struct lang_rules *rules)
{
	if (!rules)
		return NULL;
	rules_done(rules);
	free(rules);
	return NULL;
}

void *rules_alloc(struct lang_rules *rules, size_t size)
{
	void *p = arena_alloc(&rules->arena, size);
	size_t limit;

	if (p)
		return p;
	/* Past the limit only this call goes on; whoever loops looks at out_of_memory. */
	rules->out_of_memory = true;
	limit = rules->arena.max_bytes;
	rules->arena.max_bytes = 0;
	p = arena_alloc(&rules->arena, size);
	rules->arena.max_bytes = rules->arena.used_bytes > limit ? rules->arena.used_bytes : limit;
	return p;
}

const char *rules_strndup(struct lang_rules *rules, const char *text, size_t len)
{
	char *copy = rules_alloc(rules, len + 1);

	if (len)
		memcpy(copy, text, len);
	return copy;
}

const char *rules_printf(struct lang_rules *rules, const char *format, ...)
{
	_cleanup_strbuf_ struct strbuf sb;
	va_list args;

	strbuf_init(&sb, 1 << 16);
	va_start(args, format);
	strbuf_vaddf(&sb, format, args);
	va_end(args);
	return rules_strndup(rules, sb.text, sb.len);
}

uint32_t rules_origin_add(struct lang_rules *rules, const struct yaml_file *file, const struct yaml_node *node, const char *list)
{
	if (rules->n_origins == rules->origins_size) {
		rules->origins_size = rules->origins_size ? rules->origins_size * 2 : 256;
		rules->origins = mem_grow(rules->origins, rules->origins_size, sizeof(*rules->origins));
	}
	rules->origins[rules->n_origins] = (struct rules_origin){ file, node, list };
	return (uint32_t)rules->n_origins++;
}

void rules_pieces_add(struct lang_rules *rules, struct rules_pieces *pieces, struct rules_piece piece)
{
	(void)rules;
	if (pieces->n == pieces->size) {
		pieces->size = pieces->size ? pieces->size * 2 : 4;
		pieces->at = mem_grow(pieces->at, pieces->size, sizeof(*pieces->at));
	}
	pieces->at[pieces->n++] = piece;
}

/* ---- loading ---- */

static int result(struct lang_rules *rules, size_t errors_before, const char *name, struct err *err)
{
	if (rules->out_of_memory)
		return err_set(err, -E2BIG, "%s: the rules need more than %d MiB of memory", name, RULES_MEMORY_MAX >> 20);
	if (rules->n_errors > errors_before)
		return err_set(err, -EBADMSG, "%s: %zu error%s", name, rules->n_errors - errors_before,
			       rules->n_errors - errors_before == 1 ? "" : "s");
	return 0;
}

int lang_rules_load_text(struct lang_rules *rules, const char *name, const char *text, size_t len, struct err *err)
{
	struct err yaml_err = ERR_INIT;
	struct yaml_file *file;
	size_t before = rules->n_errors;
	int r;

	if (rules->compiled)
		return err_set(err, -EINVAL, "%s: the rule set is compiled already", name);
	if (++rules->n_files > RULES_FILES_MAX)
		return err_set(err, -E2BIG, "more than %d rule files", RULES_FILES_MAX);
	r = yaml_parse(&rules->arena, text, len, name, &file, &yaml_err);
	if (r < 0) {
		struct yaml_file *plain = NULL;
		if (yaml_plain_file(&rules->arena, text, len, name, &plain, NULL) < 0)
			plain = NULL;
		rules_diag_file(rules, "LOAD_ERR_YAML_PARSE", name, yaml_err.line, yaml_err.column, plain, yaml_err.text);
		return result(rules, before, name, err);
	}
	rules->file = file;
	rules->file_needs_plugin = false;
	rules_collect_file(rules, file);
	rules_rules_refresh(rules);
	rules->file = NULL;
	rules->item = NULL;
	return result(rules, before, name, err);
}

static int load_file(struct lang_rules *rules, const char *path, struct err *err)
{
	struct err read_err = ERR_INIT;
	struct arena arena;
	size_t len, before = rules->n_errors;
	char *text;
	int r;

	arena_init(&arena, 0);
	r = file_read(path, RULES_FILE_BYTES_MAX, &arena, &text, &len, &read_err);
	if (r < 0) {
		rules_diag_file(rules, "LOAD_ERR_FILE_READ", path, 0, 0, NULL, read_err.text);
		r = result(rules, before, path, err);
	} else {
		r = lang_rules_load_text(rules, path, text, len, err);
	}
	arena_done(&arena);
	return r;
}

static int is_rule_file(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return entry->d_name[0] != '.' && dot && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int load_directory(struct lang_rules *rules, const char *path, struct err *err)
{
	struct dirent **entries;
	int n = scandir(path, &entries, is_rule_file, by_name), r = 0;

	if (n < 0) {
		rules_diag_file(rules, "LOAD_ERR_FILE_READ", path, 0, 0, NULL, strerror(errno));
		return err_set_os(err, -EBADMSG, "%s", path);
	}
	for (int i = 0; i < n; i++) {
		_cleanup_strbuf_ struct strbuf name;
		int one;

		strbuf_init(&name, 8192);
		strbuf_addf(&name, "%s%s%s", path, path[strlen(path) - 1] == '/' ? "" : "/", entries[i]->d_name);
		one = load_file(rules, name.text, r < 0 ? NULL : err);
		r = r < 0 ? r : one;
		free(entries[i]);
	}
	free(entries);
	return r;
}

int lang_rules_load_path(struct lang_rules *rules, const char *path, struct err *err)
{
	struct stat st;

	if (path[0] && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return load_directory(rules, path, err);
	return load_file(rules, path, err);
}

/* ---- asking ---- */

static bool has_tag(const struct lang_rule *rule, const char *tag)
{
	for (size_t i = 0; i < rule->n_tags; i++)
		if (strcmp(rule->tags[i], tag) == 0)
			return true;
	return false;
}

size_t lang_rules_enable(struct lang_rules *rules, const char *name_glob, const char *tag, bool enable)
{
	size_t n = 0;

	for (size_t i = 0; i < rules->n_rules; i++) {
		struct lang_rule *rule = &rules->rules[i]->pub;
		if (name_glob && fnmatch(name_glob, rule->name, 0) != 0)
			continue;
		if ((tag && !has_tag(rule, tag)) || rule->enabled == enable)
			continue;
		rule->enabled = enable;
		n++;
	}
	return n;
}

size_t lang_rules_count(const struct lang_rules *rules)
{
	return rules->n_rules;
}

const struct lang_rule *lang_rules_at(const struct lang_rules *rules, size_t i)
{
	return i < rules->n_rules ? &rules->rules[i]->pub : NULL;
}

const struct lang_rule *lang_rules_by_name(const struct lang_rules *rules, const char *name)
{
	const struct rules_rule *rule = map_get(&rules->rule_by_name, name, strlen(name));

	return rule ? &rule->pub : NULL;
}

const struct lang_program *lang_rules_program(const struct lang_rules *rules)
{
	return rules->program;
}

const struct lang_rule *lang_rules_of_program(const struct lang_rules *rules, uint32_t program_index)
{
	return program_index < rules->n_program ? &rules->by_program[program_index]->pub : NULL;
}

struct model_event_set lang_rules_events(const struct lang_rules *rules)
{
	struct model_event_set set = { 0 };

	for (size_t i = 0; i < rules->n_program; i++)
		for (size_t w = 0; w < ARRAY_LEN(set.words); w++)
			set.words[w] |= rules->by_program[i]->pub.events.words[w];
	return set;
}

void lang_rules_counts(const struct lang_rules *rules, struct lang_rules_counts *ret)
{
	struct lang_rules_counts c = {
		.n_rules = rules->n_rules, .n_macros = rules->macros.n, .n_lists = rules->lists.n,
		.n_errors = rules->n_errors, .n_warnings = rules->n_warnings, .n_plugins_missing = rules->plugins_missing.n,
	};

	if (rules->settled) {
		*ret = rules->counts;
		return;
	}
	for (size_t i = 0; i < rules->n_rules; i++) {
		const struct lang_rule *rule = &rules->rules[i]->pub;
		c.n_skipped += rule->skipped;
		c.n_broken += !rule->skipped && rule->broken;
		c.n_enabled += !rule->skipped && !rule->broken && rule->enabled;
		c.n_disabled += !rule->skipped && !rule->broken && !rule->enabled;
	}
	for (size_t i = 0; i < rules->macros.n; i++)
		c.n_macros_skipped += rules->macros.at[i]->state == RULES_UNKNOWN_FIELD;
	*ret = c;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

size_t lang_rules_plugins_missing(const struct lang_rules *rules, const char **ret_names, size_t max)
{
	size_t position = 0, n = 0;
	char *name;

	while (n < max && (name = map_next(&rules->plugins_missing, &position)) != NULL)
		ret_names[n++] = name;
	qsort(ret_names, n, sizeof(*ret_names), by_text);
	return n;
}
