/* SPDX-License-Identifier: Apache-2.0 */
/* Commands of RUN to records. */
#include "posture/dockerfile/outline.h"
#include "posture/dockerfile/packages.h"

#include <string.h>

enum { FLAGS_MAX = 256 };

struct context { const struct outline *o; const struct outline_stage *stage; };

static bool is_defined(const void *of, const char *name, size_t len)
{
	const struct context *c = of;

	return outline_is_defined(c->o, c->stage, name, len);
}

static const char *value_of(const void *of, const char *name)
{
	const struct context *c = of;

	return strcmp(name, "PIP_NO_CACHE_DIR") == 0 ? c->stage->pip_no_cache_dir : NULL;
}

static void set_words(struct outline *o, struct posture_record *r, const struct shell_command *c)
{
	const char **texts = c->n_words ? posture_alloc(o->set, c->n_words * sizeof(*texts)) : NULL;
	const char *flags[FLAGS_MAX], **kept;
	size_t n;

	if (!texts)
		return;
	for (size_t i = 0; i < c->n_words; i++)
		texts[i] = c->words[i].text;
	n = packages_flags(&o->set->arena, c, flags, FLAGS_MAX);
	kept = n ? posture_alloc(o->set, n * sizeof(*kept)) : NULL;
	if (kept) {
		memcpy(kept, flags, n * sizeof(*kept));
		posture_set_texts(r, MODEL_F_COMMAND_FLAGS, kept, n);
	}
	posture_at(posture_set_texts(r, MODEL_F_COMMAND_ARGS, texts, c->n_words), outline_place(o, c->words[0].line, c->words[0].column));
}

/* Who wrote what it reads: the pipeline, and commands in its words. */
static void set_sources(struct outline *o, struct posture_record *r, const struct outline_item *item, const struct shell_command *c)
{
	const char *names[32], **kept;
	size_t n = 0;

	for (const struct shell_command *from = c->piped_from; from && n < ARRAY_LEN(names); from = from->piped_from)
		names[n++] = from->name;
	/* sudo bash reads what sudo reads. */
	for (const struct shell_command *by = c->is_inner ? c->inside : NULL; by && n < ARRAY_LEN(names); by = by->is_inner ? by->inside : NULL)
		for (const struct shell_command *from = by->piped_from; from && n < ARRAY_LEN(names); from = from->piped_from)
			names[n++] = from->name;
	for (const struct shell_command *other = c->has_inside ? item->script->first : NULL; other && n < ARRAY_LEN(names); other = other->next)
		if (other->inside == c && !other->is_inner && other != c)
			names[n++] = other->name;
	kept = n ? posture_alloc(o->set, n * sizeof(*kept)) : NULL;
	if (!kept)
		return;
	memcpy(kept, names, n * sizeof(*kept));
	posture_set_texts(r, MODEL_F_COMMAND_PIPED_FROM, kept, n);
}

static void set_use(struct posture_record *r, const struct packages_use *use)
{
	if (use->n_unpinned)
		posture_set_texts(r, MODEL_F_COMMAND_UNPINNED, use->unpinned, use->n_unpinned);
	if (use->asks)
		posture_set_bool(r, MODEL_F_COMMAND_ASKS, true);
	if (use->leaves_cache)
		posture_set_bool(r, MODEL_F_COMMAND_LEAVES_CACHE, true);
	if (use->is_lone_update)
		posture_set_bool(r, MODEL_F_COMMAND_IS_LONE_UPDATE, true);
}

static void command_record(struct outline *o, const struct outline_item *item, const struct shell_command *c,
			   const struct packages_context *packages)
{
	struct posture_record *r = posture_record_new(o->set, MODEL_KIND_DOCKERFILE_COMMAND, item->record, c->text,
						      outline_place(o, c->line, c->column));
	const char *uid = strcmp(c->name, "useradd") == 0 ? packages_flag_value(c, 'u', "uid") : NULL;
	struct packages_use use;

	packages_use(packages, c, &use);
	set_use(r, &use);
	if (uid)
		posture_set_text(r, MODEL_F_COMMAND_UID, uid);
	if (c->is_inner)
		posture_set_bool(r, MODEL_F_COMMAND_IS_INNER, true);
	set_sources(o, r, item, c);
	posture_set_text(r, MODEL_F_COMMAND_TEXT, c->text);
	set_words(o, r, c);
	posture_set_text(r, MODEL_F_COMMAND_NAME, c->name);
}

void outline_commands(struct outline *o, struct outline_item *item)
{
	struct context context = { .o = o, .stage = item->stage };
	struct packages_context packages = { .arena = &o->set->arena, .script = item->script, .run = item->in, .is_defined = is_defined,
					     .value_of = value_of, .of = &context };

	for (const struct shell_command *c = item->script ? item->script->first : NULL; c; c = c->next)
		if (c->name[0])
			command_record(o, item, c, &packages);
}
