/* SPDX-License-Identifier: Apache-2.0 */
/* What a rule set keeps when it only judges: its program, and of each enabled rule what a finding says. */
#include "lang/rules_internal.h"

#include <stdlib.h>
#include <string.h>

static const char *copy(struct arena *arena, const char *text)
{
	return text ? arena_strdup(arena, text) : NULL;
}

static void copy_tags(struct arena *arena, struct rules_rule *to, const struct rules_rule *from)
{
	const char **tags = arena_alloc(arena, (from->pub.n_tags + 1) * sizeof(*tags));

	for (size_t i = 0; i < from->pub.n_tags; i++)
		tags[i] = copy(arena, from->pub.tags[i]);
	to->pub.tags = tags;
}

static struct rules_rule *settle_rule(struct arena *arena, struct rules_rule *from)
{
	struct rules_rule *to = arena_alloc(arena, sizeof(*to));

	to->pub = from->pub;
	to->pub.name = copy(arena, from->pub.name);
	to->pub.source = copy(arena, from->pub.source);
	to->pub.file = copy(arena, from->pub.file);
	to->pub.desc = to->pub.output = to->pub.condition = to->pub.skip_reason = NULL;
	copy_tags(arena, to, from);
	to->format = take_ptr(from->format);
	return to;
}

static void keep_paths(struct lang_rules *to, const struct lang_rules *from)
{
	const char **paths = mem_array(RULES_PATHS_MAX, sizeof(*paths));

	to->n_paths = lang_rules_paths(from, &to->arena, paths, RULES_PATHS_MAX);
	to->paths = arena_alloc(&to->arena, (to->n_paths + 1) * sizeof(*paths));
	memcpy(to->paths, paths, to->n_paths * sizeof(*paths));
	free(paths);
}

void lang_rules_settle(struct lang_rules *rules)
{
	struct lang_rules old = *rules;
	struct lang_rules_counts counts;

	if (!rules->program || rules->settled)
		return;
	lang_rules_counts(rules, &counts);
	*rules = (struct lang_rules){ .program = take_ptr(old.program), .formats = take_ptr(old.formats), .compiled = true,
				      .settled = true, .counts = counts, .n_program = old.n_program };
	arena_init(&rules->arena, 0);
	rules->by_program = mem_array(old.n_program, sizeof(*rules->by_program));
	rules->rules = mem_array(old.n_program, sizeof(*rules->rules));
	for (size_t i = 0; i < old.n_rules; i++) {
		struct rules_rule *from = old.rules[i];
		if (from->pub.program_index >= old.n_program || old.by_program[from->pub.program_index] != from)
			continue;
		rules->rules[rules->n_rules] = settle_rule(&rules->arena, from);
		rules->by_program[from->pub.program_index] = rules->rules[rules->n_rules++];
	}
	for (size_t i = 0; i < rules->n_rules; i++)
		map_put(&rules->rule_by_name, rules->rules[i]->pub.name, strlen(rules->rules[i]->pub.name), rules->rules[i]);
	keep_paths(rules, &old);
	rules_done(&old);
}
