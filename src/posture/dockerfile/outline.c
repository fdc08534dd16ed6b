/* SPDX-License-Identifier: Apache-2.0 */
#include "posture/dockerfile/outline.h"

#include "posture/dockerfile/limits.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct posture_place outline_place(const struct outline *o, unsigned line, unsigned column)
{
	return (struct posture_place){ .file = o->path, .line = line, .column = column };
}

/* ---- variables ---- */

bool outline_is_defined(const struct outline *o, const struct outline_stage *stage, const char *name, size_t len)
{
	for (const struct outline_stage *s = stage; s; s = s->parent)
		if (map_get(&s->variables, name, len))
			return true;
	return map_get(&o->arguments, name, len);
}

static size_t name_len(const char *s)
{
	size_t n = 0;

	while (isalnum((unsigned char)s[n]) || s[n] == '_')
		n++;
	return n;
}

bool outline_uses_argument(const struct outline *o, const char *text)
{
	for (const char *s = strchr(text, '$'); s; s = strchr(s + 1, '$')) {
		const char *name = s + 1 + (s[1] == '{');
		if (map_get(&o->arguments, name, name_len(name)))
			return true;
	}
	return false;
}

/* $NAME or ${NAME} in a value of another pair. */
static bool uses(const char *value, const struct dockerfile_token *name)
{
	for (const char *s = strchr(value, '$'); s; s = strchr(s + 1, '$')) {
		bool braced = s[1] == '{';
		const char *at = s + 1 + braced;
		if (strncmp(at, name->text, name->len) == 0 &&
		    (braced ? at[name->len] == '}' : !isalnum((unsigned char)at[name->len]) && at[name->len] != '_'))
			return true;
	}
	return false;
}

static void find_self_references(struct outline *o, struct outline_item *item)
{
	const struct dockerfile_instruction *in = item->in;
	size_t n = in->n_pairs < OUTLINE_PAIRS_MAX ? in->n_pairs : OUTLINE_PAIRS_MAX;

	for (size_t i = 0; n > 1 && i < n; i++)
		for (size_t k = 0; k < n; k++) {
			if (i == k || !uses(in->pairs[k].value.text, &in->pairs[i].key) ||
			    map_get(&o->defined, in->pairs[i].key.text, in->pairs[i].key.len))
				continue;
			if (!item->self_references)
				item->self_references = posture_alloc(o->set, n * sizeof(*item->self_references));
			if (item->self_references)
				item->self_references[item->n_self_references++] = in->pairs[i].key.text;
			break;
		}
}

static void remember(struct outline *o, struct outline_stage *stage, const struct dockerfile_pair *pair, bool is_argument)
{
	struct map *map = is_argument ? &o->arguments : &stage->variables;
	/* Maps keep pointers: a text is one. */
	void *value = (void *)(uintptr_t)pair->value.text;

	map_put(map, pair->key.text, pair->key.len, value);
	map_put(&o->defined, pair->key.text, pair->key.len, value);
	if (!is_argument && strcmp(pair->key.text, "PIP_NO_CACHE_DIR") == 0)
		stage->pip_no_cache_dir = pair->value.text;
}

/* What FROM sees: ARGs before the first FROM, and, as some files rely on other builders, those of stages so far. */
static const char *argument_value(const struct outline *o, const char *name, size_t len)
{
	return map_get(&o->arguments, name, len);
}

/* ${NAME}, ${NAME:-word}, ${NAME:+word}, $NAME (reference: Environment replacement). */
static const char *expand(struct outline *o, const char *text)
{
	struct strbuf out;
	const char *kept;

	if (!strchr(text, '$'))
		return text;
	strbuf_init(&out, 16 * 1024);
	while (*text) {
		bool braced = text[0] == '$' && text[1] == '{';
		const char *name = text + 1 + braced, *value, *end;
		size_t len = name_len(name);

		if (*text != '$' || len == 0) {
			strbuf_addc(&out, *text++);
			continue;
		}
		value = argument_value(o, name, len);
		end = name + len;
		if (braced) {
			bool has_colon = *end == ':';
			char how = end[has_colon];
			const char *word = end + has_colon + (how == '-' || how == '+');
			size_t word_len = strcspn(word, "}");
			bool is_set = value && (!has_colon || *value);

			end = word + word_len + (word[word_len] == '}');
			if ((how == '-' && !is_set) || (how == '+' && is_set)) {
				strbuf_add(&out, word, word_len);
				value = NULL;
			} else if (how == '+') {
				value = NULL;
			}
		}
		if (value)
			strbuf_adds(&out, value);
		text = end;
	}
	kept = posture_printf(o->set, "%s", out.text);
	strbuf_done(&out);
	return kept;
}

/* ---- images ---- */

/* Where the last `c` stands that is not within ${...}. */
static const char *last_outside(const char *text, char c)
{
	const char *found = NULL;
	unsigned depth = 0;

	for (const char *s = text; *s; s++) {
		if (*s == '{' && s > text && s[-1] == '$')
			depth++;
		else if (*s == '}' && depth)
			depth--;
		else if (*s == c && !depth)
			found = s;
	}
	return found;
}

struct outline_image outline_image_parse(struct posture_set *set, const char *text)
{
	struct outline_image image = { .text = text };
	const char *at = last_outside(text, '@'), *end = at ? at : text + strlen(text), *name = text, *slash, *colon;
	const char *rest = posture_printf(set, "%.*s", (int)(end - text), text);

	image.digest = at ? at + 1 : NULL;
	slash = last_outside(rest, '/');
	colon = last_outside(slash ? slash : rest, ':');
	if (colon)
		image.tag = colon + 1;
	name = colon ? posture_printf(set, "%.*s", (int)(colon - rest), rest) : rest;
	slash = strchr(name, '/');
	if (slash && slash > name && (memchr(name, '.', (size_t)(slash - name)) || memchr(name, ':', (size_t)(slash - name)) ||
				      strncmp(name, "localhost/", 10) == 0) && *name != '$') {
		image.registry = posture_printf(set, "%.*s", (int)(slash - name), name);
		name = slash + 1;
	}
	image.name = name;
	return image;
}

/* ---- stages ---- */

struct outline_stage *outline_stage_by_name(const struct outline *o, const char *name, const struct outline_stage *last)
{
	bool is_number = *name && name[strspn(name, "0123456789")] == '\0';
	unsigned long number = is_number ? strtoul(name, NULL, 10) : 0;
	struct outline_stage *found = NULL;

	for (struct outline_stage *s = o->stages; s; s = s->next) {
		if (s->from && ((s->alias && strcasecmp(s->alias, name) == 0) || (is_number && s->number == number)))
			found = s;
		if (s == last)
			break;
	}
	return found;
}

static struct outline_stage *add_stage(struct outline *o, struct outline_stage **last)
{
	struct outline_stage *s = posture_alloc(o->set, sizeof(*s));

	if (!s)
		return NULL;
	if (*last)
		(*last)->next = s;
	else
		o->stages = s;
	*last = s;
	return s;
}

static void begin_stage(struct outline *o, struct outline_stage *s, struct outline_item *item, struct outline_stage *before)
{
	const struct dockerfile_instruction *in = item->in;

	s->from = item;
	s->number = (unsigned)o->n_stages++;
	s->platform = dockerfile_flag(in, "platform");
	s->image = outline_image_parse(o->set, in->n_words ? in->words[0].text : "");
	s->resolved = outline_image_parse(o->set, expand(o, s->image.text));
	s->parent = outline_stage_by_name(o, s->resolved.text, before);
	if (s->parent && !s->parent->alias)
		s->parent = NULL;   /* FROM 0 is an image of that name */
	if (in->n_words == 3) {
		s->alias = in->words[2].text;
		s->sees_alias_twice = outline_stage_by_name(o, s->alias, before) && s->alias[strspn(s->alias, "0123456789")];
	}
	if (s->parent) {
		s->parent->is_base = true;
		s->pip_no_cache_dir = s->parent->pip_no_cache_dir;
		s->has_workdir = s->parent->has_workdir;
		s->shell = s->parent->shell;
	} else {
		s->shell = o->stages->shell;
	}
}

bool outline_has_label(const struct outline_stage *stage, const char *label)
{
	for (const struct outline_item *i = stage->from ? stage->from : NULL; i && i->stage == stage; i = i->next)
		for (size_t k = 0; i->in->keyword == DOCKERFILE_LABEL && !i->in->is_onbuild && k < i->in->n_pairs; k++)
			if (strcmp(i->in->pairs[k].key.text, label) == 0)
				return true;
	return false;
}

bool outline_lacks_label(const struct outline *o, const struct outline_stage *stage, const char *label)
{
	if (stage->is_copied)
		return false;
	for (const struct outline_stage *s = stage; s; s = s->parent)
		if (outline_has_label(s, label))
			return false;
	for (const struct outline_stage *s = o->stages; s; s = s->next)
		if (s->parent == stage && outline_has_label(s, label))
			return false;
	return true;
}

/* A parent stands before its children. */
static void spread_healthchecks(struct outline *o)
{
	for (struct outline_stage *s = o->stages; s; s = s->next) {
		s->inherits_healthcheck = s->last[DOCKERFILE_HEALTHCHECK] || (s->parent && s->parent->inherits_healthcheck);
		for (struct outline_stage *up = s->last[DOCKERFILE_HEALTHCHECK] ? s : NULL; up && !up->leads_to_healthcheck; up = up->parent)
			up->leads_to_healthcheck = true;
	}
}

/* ---- shells ---- */

static enum outline_shell shell_of(const struct dockerfile_instruction *in)
{
	static const char *const others[] = { "pwsh", "powershell", "cmd" };
	static const char *const knowing[] = { "bash", "zsh", "ash" };
	const char *name = in->n_words ? in->words[0].text : "", *back = strrchr(name, '\\');
	bool has_pipefail = false, takes_options = false;

	name = shell_basename(back ? back + 1 : name);
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (strncasecmp(name, others[i], strlen(others[i])) == 0)
			return OUTLINE_NO_POSIX;
	for (size_t i = 1; i < in->n_words; i++) {
		has_pipefail |= strcmp(in->words[i].text, "pipefail") == 0;
		takes_options |= in->words[i].text[0] == '-' && strchr(in->words[i].text, 'o');
	}
	for (size_t i = 0; i < ARRAY_LEN(knowing); i++)
		if (strcmp(name, knowing[i]) == 0 && has_pipefail && takes_options)
			return OUTLINE_SH_PIPEFAIL;
	return OUTLINE_SH;
}

/* ---- the pass ---- */

static void visit_copy(struct outline *o, struct outline_item *item)
{
	const char *from = dockerfile_flag(item->in, "from");
	struct outline_stage *stage = from ? outline_stage_by_name(o, from, item->stage) : NULL;

	if (stage)
		stage->is_copied = true;
	if (!from)
		outline_note_archives(o, item);
}

static void visit(struct outline *o, struct outline_item *item, const struct outline_item *before)
{
	const struct dockerfile_instruction *in = item->in;
	struct outline_stage *stage = item->stage;

	item->has_workdir = stage->has_workdir;
	if (!in->is_onbuild) {
		item->is_repeated = stage->last[in->keyword];
		stage->last[in->keyword] = item;
	}
	switch (in->keyword) {
	case DOCKERFILE_ENV:
	case DOCKERFILE_ARG:
		if (in->keyword == DOCKERFILE_ENV)
			find_self_references(o, item);
		for (size_t i = 0; i < in->n_pairs; i++)
			remember(o, stage, &in->pairs[i], in->keyword == DOCKERFILE_ARG);
		break;
	case DOCKERFILE_WORKDIR:
		stage->has_workdir = true;
		break;
	case DOCKERFILE_SHELL:
		stage->shell = shell_of(in);
		break;
	case DOCKERFILE_COPY:
		visit_copy(o, item);
		break;
	case DOCKERFILE_RUN:
		outline_visit_run(o, item, before);
		break;
	default:
		break;
	}
}

void outline_make(struct posture_set *set, const char *path, const struct dockerfile *file, struct outline *ret)
{
	struct outline_stage *stage = NULL, *before;
	struct outline_item *last = NULL;

	*ret = (struct outline){ .set = set, .path = path, .file = file, .options = dockerfile_options_of(set, path) };
	if (!add_stage(ret, &stage))
		return;
	outline_pragmas(ret);
	for (const struct dockerfile_instruction *in = file->instructions; in; in = in->next) {
		struct outline_item *item = posture_alloc(set, sizeof(*item));

		if (!item)
			break;
		item->in = in;
		before = stage;
		if (in->keyword == DOCKERFILE_FROM && !in->is_onbuild && ret->n_stages == OUTLINE_STAGES_MAX) {
			posture_problem(set, MODEL_LAYER_IMAGES, outline_place(ret, in->line, in->column),
					"more than %d stages; the rest is not judged", OUTLINE_STAGES_MAX);
			break;
		}
		if (in->keyword == DOCKERFILE_FROM && !in->is_onbuild) {
			if (!add_stage(ret, &stage))
				break;
			begin_stage(ret, stage, item, before);
		}
		if (last)
			last->next = item;
		else
			ret->items = item;
		item->stage = stage;
		item->is_before_from = ret->n_stages == 0;
		visit(ret, item, last);
		last = item;
	}
	stage->is_final = true;
	spread_healthchecks(ret);
}

void outline_done(struct outline *o)
{
	for (struct outline_stage *s = o->stages; s; s = s->next)
		map_done(&s->variables);
	map_done(&o->arguments);
	map_done(&o->defined);
}
