/* SPDX-License-Identifier: Apache-2.0 */
/* What RUN does, and what COPY brings in for it. */
#include "posture/dockerfile/outline.h"

#include "posture/dockerfile/limits.h"

#include <string.h>

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

/* The shell's text with the places that it has in the instruction. */
static const struct dockerfile_source *rest_of(struct outline *o, const struct dockerfile_instruction *in, struct dockerfile_source *ret)
{
	struct dockerfile_piece *pieces = posture_alloc(o->set, (in->source.n_pieces + 1) * sizeof(*pieces));
	size_t n = 0;

	for (size_t i = 0; pieces && i < in->source.n_pieces; i++) {
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
	*ret = (struct dockerfile_source){ .text = in->rest.text, .len = in->rest.len, .pieces = pieces, .n_pieces = n };
	return ret;
}

static void parse_run(struct outline *o, struct outline_item *item)
{
	const struct dockerfile_instruction *in = item->in;
	struct dockerfile_source rest;
	struct shell_script more;

	if (in->is_exec) {
		item->script = posture_alloc(o->set, sizeof(*item->script));
		if (item->script)
			shell_parse_exec(&o->set->arena, in->words, in->n_words, item->script);
		return;
	}
	if (item->stage->shell == OUTLINE_NO_POSIX || !(item->script = posture_alloc(o->set, sizeof(*item->script))))
		return;
	shell_parse(&o->set->arena, rest_of(o, in, &rest), item->script);
	for (size_t i = 0; is_script(in) && i < in->n_heredocs; i++) {
		shell_parse(&o->set->arena, &in->heredocs[i].body, &more);
		append(item->script, &more);
	}
	o->n_commands += item->script->n;
	if (o->n_commands > OUTLINE_COMMANDS_MAX) {
		posture_problem(o->set, MODEL_LAYER_IMAGES, outline_place(o, in->line, in->column),
				"more than %d commands in the file; these are not judged", OUTLINE_COMMANDS_MAX);
		o->n_commands -= item->script->n;
		item->script = NULL;
		return;
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

/* Archives that a COPY brings into the stage. */
void outline_note_archives(struct outline *o, struct outline_item *copy)
{
	const struct dockerfile_instruction *in = copy->in;
	struct outline_stage *stage = copy->stage;
	const char *target = in->n_words > 1 ? in->words[in->n_words - 1].text : "";
	bool is_named = is_archive(target);

	for (size_t i = 0; i + 1 < in->n_words && stage->n_archives < OUTLINE_ARCHIVES_MAX; i++) {
		const char *name = last_part(is_named ? target : in->words[i].text);

		if (!is_archive(name))
			continue;
		if (!stage->archives)
			stage->archives = posture_alloc(o->set, OUTLINE_ARCHIVES_MAX * sizeof(*stage->archives));
		if (stage->archives)
			stage->archives[stage->n_archives++] = (struct outline_archive){ .name = name, .copy = copy };
	}
}

static void note_extracted(struct outline *o, const struct outline_archive *archive)
{
	struct outline_item *copy = archive->copy;

	for (size_t i = 0; i < copy->n_extracted; i++)
		if (strcmp(copy->extracted[i], archive->name) == 0)
			return;
	if (!copy->extracted)
		copy->extracted = posture_alloc(o->set, OUTLINE_ARCHIVES_MAX * sizeof(*copy->extracted));
	if (copy->extracted)
		copy->extracted[copy->n_extracted++] = archive->name;
}

static void match_unpacking(struct outline *o, const struct outline_item *run)
{
	const struct outline_stage *stage = run->stage;

	for (const struct shell_command *c = stage->n_archives && run->script ? run->script->first : NULL; c; c = c->next) {
		if (!unpacks(c))
			continue;
		for (size_t k = 0; k < c->n_words; k++)
			for (size_t i = 0; c->words[k].text[0] != '-' && i < stage->n_archives; i++)
				if (strcmp(last_part(c->words[k].text), stage->archives[i].name) == 0)
					note_extracted(o, &stage->archives[i]);
	}
}

void outline_visit_run(struct outline *o, struct outline_item *item, const struct outline_item *before)
{
	item->shell = item->stage->shell;
	parse_run(o, item);
	note_downloaders(item);
	match_unpacking(o, item);
	if (before && before->in->keyword == DOCKERFILE_RUN && before->in->is_onbuild == item->in->is_onbuild &&
	    before->stage == item->stage && item->script && before->script)
		item->follows_run = have_equal_flags(before->in, item->in) && item->script->n_counted <= 1 && before->script->n_counted <= 1;
}
