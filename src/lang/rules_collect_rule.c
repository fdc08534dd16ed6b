/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules: definition, redefinition, append, override, and the old forms of append and enable. The values of
 * an item are read first, all of them, so that all its faults are told; then they are applied.
 */
#include "lang/rules_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum key {
	KEY_CONDITION, KEY_OUTPUT, KEY_DESC, KEY_TAGS, KEY_EXCEPTIONS, KEY_PRIORITY, KEY_CAPTURE, KEY_CAPTURE_DURATION,
	KEY_ENABLED, KEY_WARN_EVTTYPES, KEY_SKIP_IF_UNKNOWN, KEY_MAX
};
#define BIT(key) (UINT32_C(1) << (key))

static const struct rules_override_key keys[KEY_MAX] = {
	[KEY_CONDITION] = { "condition", true, true }, [KEY_OUTPUT] = { "output", true, true },
	[KEY_DESC] = { "desc", true, true }, [KEY_TAGS] = { "tags", true, true },
	[KEY_EXCEPTIONS] = { "exceptions", true, true }, [KEY_PRIORITY] = { "priority", false, true },
	[KEY_CAPTURE] = { "capture", false, true }, [KEY_CAPTURE_DURATION] = { "capture_duration", false, true },
	[KEY_ENABLED] = { "enabled", false, true }, [KEY_WARN_EVTTYPES] = { "warn_evttypes", false, true },
	[KEY_SKIP_IF_UNKNOWN] = { "skip-if-unknown-filter", false, true },
};

enum { REQUIRED = BIT(KEY_CONDITION) | BIT(KEY_OUTPUT) | BIT(KEY_DESC) | BIT(KEY_PRIORITY) };

struct values {
	uint32_t given;
	struct rules_piece text[KEY_DESC + 1];
	const struct yaml_node *tags;
	struct rules_exception *exceptions;
	enum model_priority priority;
	bool capture, enabled, warn_evttypes, skip_if_unknown_filter;
	int64_t capture_duration_ms;
};

static int read_priority(struct lang_rules *rules, const struct yaml_node *item, enum model_priority *ret)
{
	const char *names[MODEL_PRIORITY_MAX + 1] = { NULL };
	struct rules_piece piece;
	int r = rules_read_text(rules, item, "priority", RULES_REQUIRED, &piece);

	if (r < 0)
		return r;
	*ret = model_priority_by_name(piece.text);
	if (*ret != MODEL_PRIORITY_MAX)
		return 1;
	for (unsigned i = 0; i < MODEL_PRIORITY_MAX; i++)
		names[i] = model_priority_name(i);
	return rules_diag_node(rules, LANG_DIAG_ERROR, "LOAD_ERR_YAML_VALIDATE", yaml_get(item, "priority"),
			       "Invalid priority '%s': expected Emergency, Alert, Critical, Error, Warning, Notice, Informational or Debug%s",
			       piece.text, rules_did_you_mean(rules, piece.text, names));
}

static int read_duration(struct lang_rules *rules, const struct yaml_node *item, int64_t *ret_ms)
{
	struct rules_piece piece;
	int r = rules_read_text(rules, item, "capture_duration", RULES_REQUIRED, &piece);

	if (r < 0)
		return r;
	if (!yaml_int(yaml_get(item, "capture_duration"), ret_ms) || *ret_ms < 0 || *ret_ms > UINT32_MAX)
		return rules_diag_node(rules, LANG_DIAG_ERROR, "LOAD_ERR_YAML_VALIDATE", yaml_get(item, "capture_duration"),
				       "Can't decode YAML scalar value '%s': expected a number of milliseconds", piece.text);
	return 1;
}

static int check_tags(struct lang_rules *rules, const struct yaml_node *tags)
{
	if (tags->kind != YAML_SEQUENCE)
		return rules_invalid(rules, tags, "Value is not a sequence: 'tags' takes a list of texts");
	if (tags->n > RULES_TAGS_MAX)
		return rules_diag_node(rules, LANG_DIAG_ERROR, "LOAD_ERR_VALIDATE", tags, "more than %d tags", RULES_TAGS_MAX);
	for (size_t i = 0; i < tags->n; i++)
		if (tags->items[i]->kind != YAML_SCALAR)
			return rules_invalid(rules, tags->items[i], "sequence value is not scalar: a tag is a text");
	return 1;
}

static int read_value(struct lang_rules *rules, const struct yaml_node *item, enum key key, bool append, struct values *v)
{
	switch (key) {
	case KEY_CONDITION:
	case KEY_OUTPUT:
	case KEY_DESC:
		return rules_read_text(rules, item, keys[key].key, RULES_REQUIRED, &v->text[key]);
	case KEY_TAGS:
		v->tags = yaml_get(item, "tags");
		return check_tags(rules, v->tags);
	case KEY_EXCEPTIONS:
		return rules_read_exceptions(rules, item, append, &v->exceptions);
	case KEY_PRIORITY:
		return read_priority(rules, item, &v->priority);
	case KEY_CAPTURE:
		return rules_read_bool(rules, item, keys[key].key, RULES_REQUIRED, &v->capture);
	case KEY_CAPTURE_DURATION:
		return read_duration(rules, item, &v->capture_duration_ms);
	case KEY_ENABLED:
		return rules_read_bool(rules, item, keys[key].key, RULES_REQUIRED, &v->enabled);
	case KEY_WARN_EVTTYPES:
		return rules_read_bool(rules, item, keys[key].key, RULES_REQUIRED, &v->warn_evttypes);
	case KEY_SKIP_IF_UNKNOWN:
		return rules_read_bool(rules, item, keys[key].key, RULES_REQUIRED, &v->skip_if_unknown_filter);
	case KEY_MAX:
		break;
	}
	return 0;
}

/* The values of the keys in `wanted`; those in `required` must be there. */
static int read_values(struct lang_rules *rules, const struct yaml_node *item, uint32_t wanted, uint32_t required,
		       bool append, struct values *v)
{
	int result = 0;

	for (enum key key = 0; key < KEY_MAX; key++) {
		int r;
		if (!(wanted & BIT(key)) || (!(required & BIT(key)) && !yaml_pair(item, keys[key].key)))
			continue;
		r = read_value(rules, item, key, append, v);
		if (r < 0)
			result = r;
		else
			v->given |= BIT(key);
	}
	return result;
}

/* ---- putting values into a rule ---- */

static void add_tags(struct rules_rule *rule, const struct yaml_node *tags)
{
	for (size_t i = 0; i < tags->n; i++) {
		const char *tag = tags->items[i]->text;
		size_t k = 0;
		while (k < rule->pub.n_tags && strcmp(rule->tags[k], tag) != 0)
			k++;
		if (k < rule->pub.n_tags || k == RULES_TAGS_MAX)
			continue;
		rule->tags = mem_grow(rule->tags, rule->pub.n_tags + 1, sizeof(*rule->tags));
		rule->tags[rule->pub.n_tags++] = tag;
	}
	rule->pub.tags = rule->tags;
}

static struct rules_piece trimmed(struct rules_piece p)
{
	static const char blanks[] = " \t\n\r\v\f";

	while (p.len > 0 && strchr(blanks, p.text[p.len - 1]))
		p.len--;
	while (p.len > 0 && strchr(blanks, p.text[0])) {
		p.text++;
		p.len--;
		p.offset++;
	}
	return p;
}

static struct rules_pieces *pieces_of(struct rules_rule *rule, enum key key)
{
	return key == KEY_CONDITION ? &rule->condition : key == KEY_OUTPUT ? &rule->output : &rule->desc;
}

static int apply_append(struct lang_rules *rules, struct rules_rule *rule, const struct values *v, uint32_t which)
{
	int r = 0;

	for (enum key key = KEY_CONDITION; key <= KEY_DESC; key++)
		if (which & BIT(key))
			rules_pieces_add(rules, pieces_of(rule, key), v->text[key]);
	if (which & BIT(KEY_TAGS))
		add_tags(rule, v->tags);
	if (which & BIT(KEY_EXCEPTIONS))
		r = rules_exceptions_append(rules, rule, v->exceptions);
	rule->changed = true;
	rules->next_index++;
	return r;
}

static int apply_replace(struct lang_rules *rules, struct rules_rule *rule, const struct values *v, uint32_t which)
{
	int r = 0;

	for (enum key key = KEY_CONDITION; key <= KEY_DESC; key++) {
		if (!(which & BIT(key)))
			continue;
		pieces_of(rule, key)->n = 0;
		rules_pieces_add(rules, pieces_of(rule, key), v->text[key]);
	}
	if (which & BIT(KEY_TAGS)) {
		rule->pub.n_tags = 0;
		add_tags(rule, v->tags);
	}
	if (which & BIT(KEY_EXCEPTIONS)) {
		r = rules_exceptions_define(rules, rule, v->exceptions);
		rule->exceptions = v->exceptions;
	}
	if (which & BIT(KEY_PRIORITY))
		rule->pub.priority = v->priority;
	if (which & BIT(KEY_CAPTURE))
		rule->pub.capture = v->capture;
	if (which & BIT(KEY_CAPTURE_DURATION))
		rule->pub.capture_duration_ms = v->capture_duration_ms;
	if (which & BIT(KEY_ENABLED))
		rule->pub.enabled = v->enabled;
	if (which & BIT(KEY_WARN_EVTTYPES))
		rule->warn_evttypes = v->warn_evttypes;
	if (which & BIT(KEY_SKIP_IF_UNKNOWN))
		rule->skip_if_unknown_filter = v->skip_if_unknown_filter;
	rule->changed = true;
	return r;
}

static const char *join(struct lang_rules *rules, const struct rules_pieces *pieces)
{
	size_t len = 0;
	char *text, *to;

	for (size_t i = 0; i < pieces->n; i++)
		len += pieces->at[i].len + (i > 0);
	to = text = rules_alloc(rules, len + 1);
	for (size_t i = 0; i < pieces->n; i++) {
		if (i)
			*to++ = ' ';
		memcpy(to, pieces->at[i].text, pieces->at[i].len);
		to += pieces->at[i].len;
	}
	return text;
}

void rules_rules_refresh(struct lang_rules *rules)
{
	for (size_t i = 0; i < rules->n_rules; i++) {
		struct rules_rule *rule = rules->rules[i];
		if (!rule->changed)
			continue;
		rule->pub.condition = join(rules, &rule->condition);
		rule->pub.output = join(rules, &rule->output);
		rule->pub.desc = join(rules, &rule->desc);
		rule->changed = false;
	}
}

/* ---- the forms of a rule item ---- */

static struct rules_rule *rule_new(struct lang_rules *rules, const struct rules_piece *name)
{
	struct rules_rule *rule = rules_alloc(rules, sizeof(*rule));

	if (rules->n_rules == rules->rules_size) {
		rules->rules_size = rules->rules_size ? rules->rules_size * 2 : 32;
		rules->rules = mem_grow(rules->rules, rules->rules_size, sizeof(*rules->rules));
	}
	rules->rules[rules->n_rules++] = rule;
	rule->pub.name = name->text;
	rule->pub.source = "syscall";
	rule->pub.program_index = UINT32_MAX;
	rule->index = rules->next_index;
	map_put(&rules->rule_by_name, rule->pub.name, strlen(rule->pub.name), rule);
	return rule;
}

/* Back to nothing but name and position: a redefinition replaces all of it. */
static void rule_clear(struct lang_rules *rules, struct rules_rule *rule, const struct yaml_node *item, const struct rules_piece *name)
{
	rule->condition.n = rule->output.n = rule->desc.n = 0;
	rule->exceptions = NULL;
	rule->pub.n_tags = 0;
	rule->pub.enabled = true;
	rule->pub.skipped = rule->pub.broken = rule->pub.capture = false;
	rule->pub.skip_reason = NULL;
	rule->pub.capture_duration_ms = 0;
	rule->warn_evttypes = true;
	rule->skip_if_unknown_filter = rule->unknown_source = false;
	rule->needs_plugin = rules->file_needs_plugin;
	rule->origin = name->origin;
	rule->pub.file = rules->file->name;
	rule->pub.line = yaml_pair(item, "rule")->key->line;
}

static void check_source(struct lang_rules *rules, struct rules_rule *rule, const struct yaml_node *item)
{
	static const char *const known[] = { "syscall", NULL };

	if (strcmp(rule->pub.source, "syscall") == 0)
		return;
	rule->unknown_source = rule->pub.skipped = true;
	rule->pub.skip_reason = rules_printf(rules, "unknown source %s", rule->pub.source);
	rules_diag_node(rules, LANG_DIAG_WARNING, "LOAD_UNKNOWN_SOURCE", yaml_get(item, "source"), "Unknown source %s, skipping%s",
			rule->pub.source, rules_did_you_mean(rules, rule->pub.source, known));
}

static int define(struct lang_rules *rules, const struct yaml_node *item, const struct rules_piece *name)
{
	struct rules_rule *rule = map_get(&rules->rule_by_name, name->text, name->len);
	struct rules_piece source = { .text = "syscall" };
	struct values v = { 0 };
	int r = read_values(rules, item, BIT(KEY_MAX) - 1, REQUIRED, false, &v), r2;

	r2 = rules_read_text(rules, item, "source", RULES_OPTIONAL, &source);
	r = r < 0 ? r : r2;
	if (rule && !rule->pub.broken && r2 >= 0 && strcmp(rule->pub.source, source.text) != 0)
		return rules_diag_node(rules, LANG_DIAG_ERROR, "LOAD_ERR_VALIDATE", yaml_get(item, "rule"),
				       "Rule has been re-defined with a different source: '%s', which was '%s'", source.text, rule->pub.source);
	if (!rule)
		rule = rule_new(rules, name);
	rule_clear(rules, rule, item, name);
	rule->pub.source = source.text;
	rules->next_index++;
	if (r < 0) {
		rule->pub.broken = true;
		return r;
	}
	check_source(rules, rule, item);
	v.text[KEY_OUTPUT] = trimmed(v.text[KEY_OUTPUT]);
	r = apply_replace(rules, rule, &v, v.given);
	rule->pub.broken = r < 0;
	return r;
}

/* Apply to a rule that must be there. */
static struct rules_rule *previous(struct lang_rules *rules, const struct yaml_node *item, const struct rules_piece *name,
				   const char *message)
{
	struct rules_rule *rule = map_get(&rules->rule_by_name, name->text, name->len);

	if (!rule)
		rules_diag_node(rules, LANG_DIAG_ERROR, "LOAD_ERR_VALIDATE", yaml_get(item, "rule"), "%s%s", message,
				rules_did_you_mean_in(rules, name->text, "rule"));
	return rule;
}

#define NO_RULE_TO_APPEND "Rule uses 'append' or 'override.<key>: append' but no rule by that name already exists"
#define NO_RULE_TO_REPLACE "An 'override.<key>: replace' to a rule was requested but no rule by that name already exists"
#define NO_RULE_TO_ENABLE "Rule has 'enabled' key but no rule by that name already exists"

static int append_flag(struct lang_rules *rules, const struct yaml_node *item, const struct rules_piece *name)
{
	struct rules_rule *rule = previous(rules, item, name, NO_RULE_TO_APPEND);
	struct values v = { 0 };
	int r = read_values(rules, item, BIT(KEY_CONDITION) | BIT(KEY_EXCEPTIONS), 0, true, &v);

	if (!rule || r < 0)
		return -EBADMSG;
	if (!v.given)
		return rules_diag_node(rules, LANG_DIAG_ERROR, "LOAD_ERR_VALIDATE", yaml_get(item, "rule"),
				       "Appended rule must have exceptions or condition property");
	r = apply_append(rules, rule, &v, v.given);
	rule->pub.broken |= r < 0;
	return r;
}

static int enable(struct lang_rules *rules, const struct yaml_node *item, const struct rules_piece *name)
{
	struct rules_rule *rule;
	struct values v = { 0 };
	int r = read_values(rules, item, BIT(KEY_ENABLED), BIT(KEY_ENABLED), false, &v);

	if (r < 0)
		return r;
	rules_diag_node(rules, LANG_DIAG_WARNING, "LOAD_DEPRECATED_ITEM", yaml_pair(item, "enabled")->key,
			"The standalone 'enabled' key usage is deprecated. The correct approach requires also a 'replace' entry under the 'override' key (i.e. 'enabled: replace').");
	rule = previous(rules, item, name, NO_RULE_TO_ENABLE);
	if (!rule)
		return -EBADMSG;
	rule->pub.enabled = v.enabled;
	return 0;
}

/* Every key that can be overridden needs its entry, and every entry its key. */
static int check_override_keys(struct lang_rules *rules, const struct yaml_node *item, uint32_t append, uint32_t replace)
{
	int result = 0;

	for (enum key key = 0; key < KEY_MAX; key++) {
		const struct yaml_pair *pair = yaml_pair(item, keys[key].key);
		bool named = (append | replace) & BIT(key);
		if (pair && !named)
			result = rules_diag_node(rules, LANG_DIAG_ERROR, "LOAD_ERR_YAML_VALIDATE", pair->key,
						 "Unexpected key '%s': no corresponding entry under 'override' is defined.", keys[key].key);
		else if (!pair && named)
			result = rules_diag_node(rules, LANG_DIAG_ERROR, "LOAD_ERR_YAML_VALIDATE",
						 yaml_pair(yaml_get(item, "override"), keys[key].key)->key,
						 "An %s override for '%s' was specified but '%s' is not defined",
						 append & BIT(key) ? "append" : "replace", keys[key].key, keys[key].key);
	}
	return result;
}

static int override(struct lang_rules *rules, const struct yaml_node *item, const struct rules_piece *name,
		    uint32_t append, uint32_t replace)
{
	struct rules_rule *rule;
	struct values v = { 0 };
	int r = check_override_keys(rules, item, append, replace), r2;

	if (r < 0)
		return r;
	r = read_values(rules, item, append | replace, append | replace, true, &v);
	rule = previous(rules, item, name, append ? NO_RULE_TO_APPEND : NO_RULE_TO_REPLACE);
	if (!rule || r < 0)
		return -EBADMSG;
	r = append ? apply_append(rules, rule, &v, append) : 0;
	r2 = replace ? apply_replace(rules, rule, &v, replace) : 0;
	if (replace)
		rules->next_index++;
	rule->pub.broken |= r < 0 || r2 < 0;
	return r < 0 ? r : r2;
}

int rules_collect_rule(struct lang_rules *rules, const struct yaml_node *item, const struct rules_piece *name)
{
	static const char *const known[] = {
		"rule", "condition", "output", "desc", "priority", "source", "enabled", "tags", "exceptions", "warn_evttypes",
		"skip-if-unknown-filter", "capture", "capture_duration", "append", "override", NULL,
	};
	uint32_t append, replace;
	bool bare = true;
	int r;

	rules_check_keys(rules, item, known, "a rule");
	r = rules_read_overrides(rules, item, keys, KEY_MAX, &append, &replace);
	if (r < 0)
		return r;
	if (append || replace)
		return override(rules, item, name, append, replace);
	if (r > 0)
		return append_flag(rules, item, name);
	for (enum key key = 0; key < KEY_MAX; key++)
		bare &= !(REQUIRED & BIT(key)) || !yaml_pair(item, keys[key].key);
	return bare ? enable(rules, item, name) : define(rules, item, name);
}
