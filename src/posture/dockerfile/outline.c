/* SPDX-License-Identifier: Apache-2.0 */
#include "posture/dockerfile/outline.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct posture_place outline_place(const struct outline *o, unsigned line, unsigned column)
{
	return (struct posture_place){ .file = o->path, .line = line, .column = column };
}

/* ---- variables ---- */

static bool is_named(const struct outline_variable *v, const char *name, size_t len)
{
	return strlen(v->name) == len && memcmp(v->name, name, len) == 0;
}

const char *outline_env(const struct outline_stage *stage, const char *name)
{
	for (; stage; stage = stage->parent)
		for (const struct outline_variable *v = stage->variables; v; v = v->next)
			if (!v->is_argument && is_named(v, name, strlen(name)))
				return v->value;
	return NULL;
}

static bool is_argument(const struct outline *o, const char *name, size_t len)
{
	for (const struct outline_stage *s = o->stages; s; s = s->next)
		for (const struct outline_variable *v = s->variables; v; v = v->next)
			if (v->is_argument && is_named(v, name, len))
				return true;
	return false;
}

bool outline_is_defined(const struct outline *o, const struct outline_stage *stage, const char *name, size_t len)
{
	for (const struct outline_stage *s = stage; s; s = s->parent)
		for (const struct outline_variable *v = s->variables; v; v = v->next)
			if (!v->is_argument && is_named(v, name, len))
				return true;
	return is_argument(o, name, len);
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
		if (is_argument(o, name, name_len(name)))
			return true;
	}
	return false;
}

static void remember(struct outline *o, struct outline_stage *stage, const struct dockerfile_pair *pair, bool is_arg)
{
	struct outline_variable *v = posture_alloc(o->set, sizeof(*v));

	if (!v)
		return;
	*v = (struct outline_variable){ .next = stage->variables, .name = pair->key.text, .value = pair->value.text, .is_argument = is_arg };
	stage->variables = v;
}

/* What FROM sees: ARGs before the first FROM, and, as some files rely on other builders, those of stages so far. */
static const char *argument_value(const struct outline *o, const char *name, size_t len)
{
	for (const struct outline_stage *s = o->stages; s; s = s->next)
		for (const struct outline_variable *v = s->variables; v; v = v->next)
			if (v->is_argument && is_named(v, name, len))
				return v->value;
	return NULL;
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

static bool is_made_from(const struct outline_stage *stage, const struct outline_stage *base)
{
	while (stage && stage != base)
		stage = stage->parent;
	return stage;
}

bool outline_has_healthcheck(const struct outline *o, const struct outline_stage *stage)
{
	for (const struct outline_stage *s = o->stages; s; s = s->next)
		if (s->last[DOCKERFILE_HEALTHCHECK] && (is_made_from(stage, s) || is_made_from(s, stage)))
			return true;
	return false;
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

/* ---- RUN ---- */

/* A heredoc that is the script: RUN <<EOF, or handed to a shell. */
static bool is_script(const struct dockerfile_instruction *in)
{
	const char *s = in->rest.text;

	if (in->n_heredocs == 0)
		return false;
	if (strncmp(in->heredocs[0].body.text, "#!", 2) == 0) {
		size_t len = strcspn(in->heredocs[0].body.text, "\n");
		const char *sh = strstr(in->heredocs[0].body.text, "sh");
		if (!sh || sh > in->heredocs[0].body.text + len)
			return false;
	}
	if (strncmp(s, "<<", 2) == 0)
		return !strpbrk(s, " \t;&|") || in->n_heredocs > 1;
	for (size_t i = 0; *s && i < 6; i++)
		if (strncmp(s, (const char *const[]){ "sh ", "bash ", "ash ", "/bin/sh ", "/bin/bash ", "dash " }[i], strcspn(s, " ") + 1) == 0)
			return true;
	return false;
}

static void append(struct shell_script *to, const struct shell_script *from)
{
	for (struct shell_command *c = from->first; c; c = c->next)
		c->index += to->n;
	if (to->last)
		to->last->next = from->first;
	else
		to->first = from->first;
	to->last = from->last ? from->last : to->last;
	to->n += from->n;
	to->n_counted += from->n_counted;
	to->has_pipe |= from->has_pipe;
	to->is_truncated |= from->is_truncated;
}

static void parse_run(struct outline *o, struct outline_item *item)
{
	const struct dockerfile_instruction *in = item->in;
	struct shell_script more;

	if (in->is_exec) {
		item->script = posture_alloc(o->set, sizeof(*item->script));
		if (item->script)
			shell_parse_exec(&o->set->arena, in->words, in->n_words, item->script);
		return;
	}
	if (item->stage->shell == OUTLINE_NO_POSIX || !(item->script = posture_alloc(o->set, sizeof(*item->script))))
		return;
	{
		/* Blanks out what stands before the shell's text, so that places stay. */
		struct dockerfile_source source = in->source;
		struct dockerfile_piece *pieces = posture_alloc(o->set, (in->source.n_pieces + 1) * sizeof(*pieces));
		size_t n = 0;

		if (!pieces)
			return;
		for (size_t i = 0; i < in->source.n_pieces; i++) {
			size_t end = i + 1 < in->source.n_pieces ? in->source.pieces[i + 1].offset : in->source.len + 1;
			if (end <= in->rest_offset)
				continue;
			pieces[n] = in->source.pieces[i];
			if (pieces[n].offset < in->rest_offset) {
				pieces[n].column += (unsigned)(in->rest_offset - pieces[n].offset);
				pieces[n].offset = in->rest_offset;
			}
			pieces[n++].offset -= in->rest_offset;
		}
		source.text = in->rest.text;
		source.len = in->rest.len;
		source.pieces = pieces;
		source.n_pieces = n;
		shell_parse(&o->set->arena, &source, item->script);
	}
	for (size_t i = 0; is_script(in) && i < in->n_heredocs; i++) {
		shell_parse(&o->set->arena, &in->heredocs[i].body, &more);
		append(item->script, &more);
	}
	if (item->script->is_truncated)
		posture_problem(o->set, MODEL_LAYER_IMAGES, outline_place(o, in->line, in->column),
				"more commands, or nested deeper, than are read; the rest of the instruction is not judged");
}

static void note_downloaders(struct outline_item *item)
{
	unsigned used = 0;

	for (const struct shell_command *c = item->script ? item->script->first : NULL; c; c = c->next)
		used |= strcmp(c->name, "curl") == 0 ? 1 : strcmp(c->name, "wget") == 0 ? 2 : 0;
	item->stage->downloaders |= used;
	item->downloaders = used ? item->stage->downloaders : 0;
}

static bool have_equal_flags(const struct dockerfile_instruction *a, const struct dockerfile_instruction *b)
{
	if (a->n_flags != b->n_flags)
		return false;
	for (size_t i = 0; i < a->n_flags; i++)
		if (strcmp(a->flags[i].text, b->flags[i].text) != 0)
			return false;
	return true;
}

/* ---- archives ---- */

/* What ADD would unpack, or somebody would: hadolint's list of endings. */
static bool is_archive(const char *path)
{
	static const char *const ends[] = { ".tar", ".Z", ".bz2", ".gz", ".lz", ".lzma", ".tZ", ".tb2", ".tbz", ".tbz2", ".tgz", ".tlz", ".tpz",
					    ".txz", ".xz", ".zst", ".tzst" };
	size_t len = strlen(path);

	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		if (len > strlen(ends[i]) && strcmp(path + len - strlen(ends[i]), ends[i]) == 0)
			return true;
	return false;
}

static const char *last_part(const char *path)
{
	const char *part = path;

	for (; *path; path++)
		if (*path == '/' || *path == '\\')
			part = path + 1;
	return part;
}

static bool unpacks(const struct shell_command *c)
{
	static const char *const tools[] = { "unzip", "gunzip", "bunzip2", "unlzma", "unxz", "zgz", "uncompress", "zcat", "gzcat" };

	for (size_t i = 0; i < ARRAY_LEN(tools); i++)
		if (strcmp(tools[i], c->name) == 0)
			return true;
	if (strcmp(c->name, "tar") != 0)
		return false;
	if (c->n_words && c->words[0].text[0] != '-' && strchr(c->words[0].text, 'x') && !strchr(c->words[0].text, '.'))
		return true;   /* tar xzf */
	for (size_t i = 0; i < c->n_words; i++) {
		const char *word = c->words[i].text;
		if (strcmp(word, "--extract") == 0 || strcmp(word, "--get") == 0 || (word[0] == '-' && word[1] != '-' && strchr(word, 'x')))
			return true;
	}
	return false;
}

static void note_extracted(struct outline *o, struct outline_item *copy, const char *archive)
{
	for (size_t i = 0; i < copy->n_extracted; i++)
		if (strcmp(copy->extracted[i], archive) == 0)
			return;
	if (!copy->extracted) {
		copy->room_extracted = copy->in->n_words;
		copy->extracted = posture_alloc(o->set, copy->room_extracted * sizeof(*copy->extracted));
	}
	if (copy->extracted && copy->n_extracted < copy->room_extracted)
		copy->extracted[copy->n_extracted++] = archive;
}

/* Archives of a COPY, and whether the command unpacks one. */
static void match_archives(struct outline *o, struct outline_item *copy, const struct shell_command *c)
{
	const struct dockerfile_instruction *in = copy->in;
	const char *target = in->words[in->n_words - 1].text;
	bool is_named = is_archive(target);

	for (size_t i = 0; i + 1 < in->n_words; i++) {
		const char *archive = last_part(is_named ? target : in->words[i].text);
		if (!is_archive(archive))
			continue;
		for (size_t k = 0; k < c->n_words; k++)
			if (c->words[k].text[0] != '-' && strcmp(last_part(c->words[k].text), archive) == 0)
				note_extracted(o, copy, archive);
	}
}

static void match_unpacking(struct outline *o, const struct outline_item *run)
{
	for (const struct shell_command *c = run->script ? run->script->first : NULL; c; c = c->next) {
		if (!unpacks(c))
			continue;
		for (struct outline_item *i = run->stage->from ? run->stage->from : o->items; i && i != run; i = i->next)
			if (i->in->keyword == DOCKERFILE_COPY && i->in->n_words > 1 && !dockerfile_flag(i->in, "from"))
				match_archives(o, i, c);
	}
}

/* ---- the pass ---- */

static void visit_run(struct outline *o, struct outline_item *item, const struct outline_item *before)
{
	item->shell = item->stage->shell;
	parse_run(o, item);
	note_downloaders(item);
	match_unpacking(o, item);
	if (before && before->in->keyword == DOCKERFILE_RUN && before->in->is_onbuild == item->in->is_onbuild &&
	    before->stage == item->stage && item->script && before->script)
		item->follows_run = have_equal_flags(before->in, item->in) && item->script->n_counted <= 1 && before->script->n_counted <= 1;
}

static void visit_copy(struct outline *o, struct outline_item *item)
{
	const char *from = dockerfile_flag(item->in, "from");
	struct outline_stage *stage = from ? outline_stage_by_name(o, from, item->stage) : NULL;

	if (stage)
		stage->is_copied = true;
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
		visit_run(o, item, before);
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
			return;
		item->in = in;
		if (last)
			last->next = item;
		else
			ret->items = item;
		before = stage;
		if (in->keyword == DOCKERFILE_FROM && !in->is_onbuild) {
			if (!add_stage(ret, &stage))
				return;
			begin_stage(ret, stage, item, before);
		}
		item->stage = stage;
		item->is_before_from = ret->n_stages == 0;
		visit(ret, item, last);
		last = item;
	}
	stage->is_final = true;
}
