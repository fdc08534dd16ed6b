/* SPDX-License-Identifier: Apache-2.0 */
/* Outlines to records: the file, its stages, its instructions. */
#include "posture/dockerfile/records.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- lists ---- */

static void set_tokens(struct outline *o, struct posture_record *r, enum model_field_id field, const struct dockerfile_token *tokens,
		       size_t n)
{
	const char **texts = n ? posture_alloc(o->set, n * sizeof(*texts)) : NULL;

	for (size_t i = 0; texts && i < n; i++)
		texts[i] = tokens[i].text;
	if (texts)
		posture_at(posture_set_texts(r, field, texts, n), outline_place(o, tokens[0].line, tokens[0].column));
}

static struct posture_value *set_word(struct outline *o, struct posture_record *r, enum model_field_id field,
				      const struct dockerfile_token *token)
{
	return posture_at(posture_set_text(r, field, token->text), outline_place(o, token->line, token->column));
}

/* ---- FROM ---- */

static bool is_trusted(struct outline *o, const char *text, const struct outline_stage *stage)
{
	struct outline_image image = outline_image_parse(o->set, text);

	if (o->options->n_registries == 0 || strcmp(image.name, "scratch") == 0 || outline_stage_by_name(o, text, stage))
		return true;
	if (image.registry)
		return dockerfile_registry_is_trusted(o->options, image.registry);
	return dockerfile_registry_is_trusted(o->options, "docker.io") || dockerfile_registry_is_trusted(o->options, "hub.docker.com");
}

static void check_image(struct outline *o, struct records_list *untrusted, const char *image, const struct outline_item *item)
{
	if (!is_trusted(o, image, item->stage))
		records_add(o, untrusted, image);
}

static void set_untrusted(struct outline *o, struct posture_record *r, const struct outline_item *item)
{
	const struct dockerfile_instruction *in = item->in;
	struct records_list untrusted = { .at = NULL };
	const char *from = dockerfile_flag(in, "from"), *comma;

	if (o->options->n_registries == 0)
		return;
	if (in->keyword == DOCKERFILE_FROM && in->n_words && !(item->stage && item->stage->parent))
		check_image(o, &untrusted, in->words[0].text, item);
	if (in->keyword == DOCKERFILE_COPY && from)
		check_image(o, &untrusted, from, item);
	for (size_t i = 0; in->keyword == DOCKERFILE_RUN && i < in->n_flags; i++) {
		const char *mount = in->flags[i].text;
		if (strncmp(mount, "--mount=", 8) != 0)
			continue;
		for (const char *part = mount + 8; *part; part = *comma ? comma + 1 : comma) {
			comma = part + strcspn(part, ",");
			if (strncmp(part, "from=", 5) == 0)
				check_image(o, &untrusted, posture_printf(o->set, "%.*s", (int)(comma - part - 5), part + 5), item);
		}
	}
	records_set_list(r, MODEL_F_INSTRUCTION_UNTRUSTED_IMAGES, &untrusted);
}

static bool becomes_latest(const struct outline_stage *s)
{
	const struct outline_image *image = &s->resolved;

	if (s->parent || image->digest || image->text[0] == '\0' || strcmp(image->name, "scratch") == 0)
		return false;
	return image->tag ? strcmp(image->tag, "latest") == 0 : true;
}

static void set_missing_labels(struct outline *o, struct posture_record *r, const struct outline_stage *s)
{
	struct records_list missing = { .at = NULL };

	for (size_t i = 0; i < o->options->n_labels; i++)
		if (outline_lacks_label(o, s, o->options->labels[i].name))
			records_add(o, &missing, o->options->labels[i].name);
	records_set_list(r, MODEL_F_INSTRUCTION_MISSING_LABELS, &missing);
}

static void set_from(struct outline *o, struct posture_record *r, const struct outline_item *item)
{
	const struct outline_stage *s = item->stage;
	const struct dockerfile_instruction *in = item->in;

	if (in->is_onbuild || s->from != item || in->n_words == 0)
		return;
	set_word(o, r, MODEL_F_INSTRUCTION_IMAGE, &in->words[0]);
	posture_set_text(r, MODEL_F_INSTRUCTION_IMAGE_NAME, s->image.name);
	if (s->image.tag)
		posture_set_text(r, MODEL_F_INSTRUCTION_IMAGE_TAG, s->image.tag);
	if (s->image.digest)
		posture_set_text(r, MODEL_F_INSTRUCTION_IMAGE_DIGEST, s->image.digest);
	posture_set_bool(r, MODEL_F_INSTRUCTION_IMAGE_IS_UNTAGGED, !s->image.tag && !s->image.digest && !s->parent &&
			 s->image.name[0] != '$' && strcmp(s->image.name, "scratch") != 0);
	posture_set_bool(r, MODEL_F_INSTRUCTION_IMAGE_BECOMES_LATEST, becomes_latest(s));
	if (s->platform)
		posture_set_text(r, MODEL_F_INSTRUCTION_PLATFORM, s->platform);
	if (s->alias) {
		set_word(o, r, MODEL_F_INSTRUCTION_ALIAS, &in->words[2]);
		posture_set_bool(r, MODEL_F_INSTRUCTION_ALIAS_IS_REPEATED, s->sees_alias_twice);
	}
	set_missing_labels(o, r, s);
}

/* ---- COPY and ADD ---- */

/* The ending says that ADD would unpack it, or that somebody does. */
static bool is_archive_name(const char *path)
{
	static const char *const ends[] = { ".tar", ".Z", ".bz2", ".gz", ".lz", ".lzma", ".tZ", ".tb2", ".tbz", ".tbz2", ".tgz", ".tlz", ".tpz",
					    ".txz", ".xz", ".zst", ".tzst" };
	size_t len = strlen(path);

	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		if (len >= strlen(ends[i]) && strcmp(path + len - strlen(ends[i]), ends[i]) == 0)
			return true;
	return false;
}

static bool is_git(const char *source)
{
	size_t len = strcspn(source, "#?");

	return strncmp(source, "git@", 4) == 0 || strncmp(source, "git://", 6) == 0 || strncmp(source, "ssh://", 6) == 0 ||
		(strstr(source, "://") && len > 4 && strncmp(source + len - 4, ".git", 4) == 0);
}

static bool is_url(const char *source)
{
	return strncmp(source, "http://", 7) == 0 || strncmp(source, "https://", 8) == 0;
}

static bool is_absolute(const char *path)
{
	return *path == '/' || *path == '$' || (isalpha((unsigned char)*path) && path[1] == ':');
}

/* "file:DIGEST in /target": what the history of an image says of COPY and ADD, where somebody made a Dockerfile of it. */
static bool is_history(const struct dockerfile_instruction *in)
{
	static const char *const starts[] = { "file:", "multi:", "dir:" };

	for (size_t i = 0; in->n_words && i < ARRAY_LEN(starts); i++)
		if (strncmp(in->words[0].text, starts[i], strlen(starts[i])) == 0)
			return in->n_words == 2 || (in->n_words == 3 && strcmp(in->words[1].text, "in") == 0);
	return false;
}

static const char *from_kind(const struct outline *o, const struct outline_item *item, const char *from)
{
	const struct outline_stage *s = outline_stage_by_name(o, from, item->stage);

	if (s && s == item->stage)
		return "self";
	if (s)
		return "stage";
	return strchr(from, ':') || strchr(from, '@') ? "image" : "unknown";
}

static void set_copy(struct outline *o, struct posture_record *r, const struct outline_item *item)
{
	const struct dockerfile_instruction *in = item->in;
	struct records_list plain = { .at = NULL }, remote = { .at = NULL }, outside = { .at = NULL };
	const char *from = dockerfile_flag(in, "from"), *target;

	if (from) {
		posture_set_text(r, MODEL_F_INSTRUCTION_FROM, from);
		posture_set_text(r, MODEL_F_INSTRUCTION_FROM_KIND, from_kind(o, item, from));
	}
	if (in->n_words < 2)
		return;
	target = in->words[in->n_words - 1].text;
	set_tokens(o, r, MODEL_F_INSTRUCTION_SOURCES, in->words, is_history(in) ? 1 : in->n_words - 1);
	set_word(o, r, MODEL_F_INSTRUCTION_DESTINATION, &in->words[in->n_words - 1]);
	posture_set_bool(r, MODEL_F_INSTRUCTION_IS_RELATIVE, !is_absolute(target));
	posture_set_bool(r, MODEL_F_INSTRUCTION_HAS_WORKDIR, item->has_workdir);
	for (size_t i = 0; i + 1 < in->n_words && !is_history(in); i++) {
		const char *source = in->words[i].text;
		if (!from && (strncmp(source, "../", 3) == 0 || strcmp(source, "..") == 0))
			records_add(o, &outside, source);
		if (in->keyword == DOCKERFILE_COPY)
			continue;
		if (is_url(source))
			records_add(o, &remote, source);
		else if (!is_archive_name(source) && !is_git(source) && strncmp(source, "<<", 2) != 0)
			records_add(o, &plain, source);
	}
	records_set_list(r, MODEL_F_INSTRUCTION_PLAIN_SOURCES, &plain);
	records_set_list(r, MODEL_F_INSTRUCTION_REMOTE_SOURCES, &remote);
	records_set_list(r, MODEL_F_INSTRUCTION_OUTSIDE_SOURCES, &outside);
	if (item->n_extracted)
		posture_set_texts(r, MODEL_F_INSTRUCTION_EXTRACTED, item->extracted, item->n_extracted);
}

/* ---- EXPOSE, USER, WORKDIR, VOLUME ---- */

/* Trivy DS-0030 for WORKDIR; dockle DKL-DI-0002 (and what hosts are run by) for VOLUME. */
static void set_system_directories(struct outline *o, struct posture_record *r, const struct dockerfile_instruction *in)
{
	static const char *const kernels[] = { "/proc", "/boot", "/dev", "/initrd", "/lost+found", "/sys", NULL };
	static const char *const systems[] = { "/proc", "/boot", "/dev", "/sys", "/etc", "/lib", "/usr", "/run/docker.sock",
					       "/var/run/docker.sock", NULL };
	struct records_list found = { .at = NULL };

	for (size_t i = 0; i < in->n_words; i++)
		for (const char *const *d = in->keyword == DOCKERFILE_VOLUME ? systems : kernels; *d; d++) {
			const char *rest = in->words[i].text + strlen(*d);
			/* Below /etc and /usr a volume is somebody's data; the directory itself is not. */
			bool may_be_below = strcmp(*d, "/etc") != 0 && strcmp(*d, "/usr") != 0 && strcmp(*d, "/lib") != 0;
			if (strncmp(in->words[i].text, *d, strlen(*d)) == 0 && (*rest == '\0' || (*rest == '/' && (may_be_below || !rest[1]))))
				records_add(o, &found, in->words[i].text);
		}
	records_set_list(r, MODEL_F_INSTRUCTION_SYSTEM_DIRECTORIES, &found);
}

static bool is_port(const char *s, size_t len)
{
	unsigned long port = 0;

	for (size_t i = 0; i < len && port <= 65535; i++) {
		if (!isdigit((unsigned char)s[i]))
			return true;   /* a variable, or a name: not known here */
		port = port * 10 + (unsigned long)(s[i] - '0');
	}
	return port <= 65535;
}

static void set_expose(struct outline *o, struct posture_record *r, const struct dockerfile_instruction *in)
{
	struct records_list ports = { .at = NULL }, invalid = { .at = NULL };

	for (size_t i = 0; i < in->n_words; i++) {
		const char *word = in->words[i].text;
		size_t len = strcspn(word, "/"), first = strspn(word, "0123456789");
		const char *port = posture_printf(o->set, "%.*s", (int)len, word);

		records_add(o, &ports, port);
		if (!is_port(word, first) || (word[first] == '-' && !is_port(word + first + 1, len - first - 1)))
			records_add(o, &invalid, port);
	}
	records_set_list(r, MODEL_F_INSTRUCTION_PORTS, &ports);
	records_set_list(r, MODEL_F_INSTRUCTION_INVALID_PORTS, &invalid);
}

static const char *user_of(struct outline *o, const struct dockerfile_instruction *in)
{
	const char *user = in->n_words ? in->words[0].text : NULL;
	size_t len = 0;

	if (!user || !*user)
		return NULL;
	/* ${UID:-1000}:${GID} */
	for (unsigned depth = 0; user[len] && (depth || user[len] != ':'); len++)
		depth += user[len] == '{' ? 1 : user[len] == '}' && depth ? -1u : 0;
	return posture_printf(o->set, "%.*s", (int)len, user);
}

static void set_user(struct outline *o, struct posture_record *r, const struct dockerfile_instruction *in)
{
	const char *user = user_of(o, in);

	if (!user)
		return;
	posture_at(posture_set_text(r, MODEL_F_INSTRUCTION_USER, user), outline_place(o, in->words[0].line, in->words[0].column));
	if (strchr(user, '$'))
		posture_set_bool(r, MODEL_F_INSTRUCTION_USER_IS_ARGUMENT, outline_uses_argument(o, user));
}

/* ---- RUN ---- */

static void set_run(struct outline *o, struct posture_record *r, const struct outline_item *item)
{
	static const char *const tools[] = { "curl", "wget" };
	struct records_list used = { .at = NULL };

	for (unsigned i = 0; i < ARRAY_LEN(tools); i++)
		if (item->downloaders & 1u << i)
			records_add(o, &used, tools[i]);
	records_set_list(r, MODEL_F_INSTRUCTION_DOWNLOADERS, &used);
	if (item->script)
		posture_set_bool(r, MODEL_F_INSTRUCTION_HAS_PIPE, item->script->has_pipe &&
				 (item->in->is_exec || item->shell == OUTLINE_SH));
	posture_set_bool(r, MODEL_F_INSTRUCTION_FOLLOWS_RUN, item->follows_run);
}

/* ---- instructions ---- */

static bool has_form(const struct dockerfile_instruction *in)
{
	switch (in->keyword) {
	case DOCKERFILE_HEALTHCHECK:
		return !(in->n_words == 0 && strcasecmp(in->rest.text, "NONE") == 0);
	case DOCKERFILE_RUN: case DOCKERFILE_CMD: case DOCKERFILE_ENTRYPOINT: case DOCKERFILE_COPY: case DOCKERFILE_ADD:
	case DOCKERFILE_VOLUME: case DOCKERFILE_SHELL:
		return true;
	default:
		return false;
	}
}

static void set_flags(struct outline *o, struct posture_record *r, const struct dockerfile_instruction *in)
{
	struct records_list names = { .at = NULL }, mounts = { .at = NULL };

	for (size_t i = 0; i < in->n_flags; i++) {
		const char *flag = in->flags[i].text, *type = strstr(flag, "type=");

		records_add(o, &names, posture_printf(o->set, "%.*s", (int)strcspn(flag, "="), flag));
		if (strncmp(flag, "--mount=", 8) == 0)   /* bind is the default */
			records_add(o, &mounts, type ? posture_printf(o->set, "%.*s", (int)strcspn(type + 5, ","), type + 5) : "bind");
	}
	set_tokens(o, r, MODEL_F_INSTRUCTION_FLAGS, in->flags, in->n_flags);
	records_set_list(r, MODEL_F_INSTRUCTION_FLAG_NAMES, &names);
	records_set_list(r, MODEL_F_INSTRUCTION_MOUNTS, &mounts);
}

static void set_common(struct outline *o, struct posture_record *r, const struct outline_item *item)
{
	const struct dockerfile_instruction *in = item->in;

	posture_set_text(r, MODEL_F_INSTRUCTION_TEXT, in->rest.text ? in->rest.text : "");
	if (in->name.len && islower((unsigned char)in->name.text[0]))
		posture_set_text_len(r, MODEL_F_INSTRUCTION_KEYWORD, in->name.text, in->name.len);
	if (in->n_flags)
		set_flags(o, r, in);
	if (in->n_words)
		set_tokens(o, r, MODEL_F_INSTRUCTION_ARGUMENTS, in->words, in->n_words);
	if (has_form(in))
		posture_set_text(r, MODEL_F_INSTRUCTION_FORM, in->is_exec ? "exec" : "shell");
	if (item->is_repeated)
		posture_set_bool(r, MODEL_F_INSTRUCTION_IS_REPEATED, true);
	if (!in->is_onbuild && item->stage->last[in->keyword] == item)
		posture_set_bool(r, MODEL_F_INSTRUCTION_IS_LAST, true);
	if (item->is_before_from && in->keyword != DOCKERFILE_FROM && in->keyword != DOCKERFILE_ARG)
		posture_set_bool(r, MODEL_F_INSTRUCTION_IS_BEFORE_FROM, true);
	set_untrusted(o, r, item);
}

static void set_own(struct outline *o, struct posture_record *r, const struct outline_item *item)
{
	const struct dockerfile_instruction *in = item->in;

	switch (in->keyword) {
	case DOCKERFILE_FROM:
		set_from(o, r, item);
		break;
	case DOCKERFILE_COPY:
	case DOCKERFILE_ADD:
		set_copy(o, r, item);
		break;
	case DOCKERFILE_EXPOSE:
		set_expose(o, r, in);
		break;
	case DOCKERFILE_USER:
		set_user(o, r, in);
		break;
	case DOCKERFILE_WORKDIR:
		if (in->n_words)
			posture_set_bool(r, MODEL_F_INSTRUCTION_IS_RELATIVE, !is_absolute(in->words[0].text));
		set_system_directories(o, r, in);
		break;
	case DOCKERFILE_VOLUME:
		set_system_directories(o, r, in);
		break;
	case DOCKERFILE_ENV:
	case DOCKERFILE_ARG:
		records_set_variables(o, r, item);
		break;
	case DOCKERFILE_LABEL:
		records_set_labels(o, r, in);
		break;
	case DOCKERFILE_RUN:
		set_run(o, r, item);
		break;
	default:
		break;
	}
}

static void instruction_record(struct outline *o, struct outline_item *item, const struct posture_record *file)
{
	const struct dockerfile_instruction *in = item->in;
	const char *keyword = dockerfile_keyword_name(in->keyword);
	struct posture_place place = outline_place(o, in->line, in->column);
	struct posture_record *r;

	place.end_line = in->end_line;
	r = posture_record_new(o->set, MODEL_KIND_DOCKERFILE_INSTRUCTION, item->stage->record ? item->stage->record : file, keyword, place);
	/* The text stays when lines move; the same text twice is one finding. */
	r->key = posture_printf(o->set, "%s%s %.200s", in->is_onbuild ? "ONBUILD " : "", keyword, in->rest.text ? in->rest.text : "");
	r->name = posture_printf(o->set, "%s%s %.60s", in->is_onbuild ? "ONBUILD " : "", keyword, in->rest.text ? in->rest.text : "");
	r->keyed = records_keyed;
	r->own = item;
	item->record = r;
	set_common(o, r, item);
	set_own(o, r, item);
	/* What nearly every check asks for comes last: it is found first. */
	posture_set_bool(r, MODEL_F_INSTRUCTION_IS_ONBUILD, in->is_onbuild);
	posture_set_text(r, MODEL_F_INSTRUCTION_NAME, keyword);
	if (in->keyword == DOCKERFILE_RUN)
		outline_commands(o, item);
}

/* ---- stages, the file ---- */

static void stage_record(struct outline *o, struct outline_stage *s, const struct posture_record *file)
{
	const struct dockerfile_instruction *in = s->from->in;
	const char *name = s->alias ? s->alias : posture_printf(o->set, "%u", s->number);
	struct posture_record *r = posture_record_new(o->set, MODEL_KIND_DOCKERFILE_STAGE, file, posture_printf(o->set, "stage %s", name),
						      outline_place(o, in->line, in->column));

	s->record = r;
	if (s->alias)
		posture_set_text(r, MODEL_F_STAGE_NAME, s->alias);
	posture_set_bool(r, MODEL_F_STAGE_IS_FINAL, s->is_final);
	posture_set_bool(r, MODEL_F_STAGE_IS_USED, s->is_final || s->is_base);
	posture_set_bool(r, MODEL_F_STAGE_HAS_HEALTHCHECK, s->inherits_healthcheck || s->leads_to_healthcheck);
	if (s->last[DOCKERFILE_USER])
		posture_set_text(r, MODEL_F_STAGE_USER, user_of(o, s->last[DOCKERFILE_USER]->in));
	for (const struct outline_stage *at = s; at; at = at->parent) {
		const struct outline_item *user = at->last[DOCKERFILE_USER];
		if (!user)
			continue;
		posture_at(posture_set_text(r, MODEL_F_STAGE_RUNS_AS, user_of(o, user->in)),
			   outline_place(o, user->in->line, user->in->column));
		break;
	}
}

static void set_file(struct outline *o, struct posture_record *file)
{
	const struct dockerfile_instruction *user = NULL;
	bool has_healthcheck = false;

	for (const struct outline_item *i = o->items; i; i = i->next) {
		if (i->in->keyword == DOCKERFILE_USER && user_of(o, i->in))
			user = i->in;
		has_healthcheck |= i->in->keyword == DOCKERFILE_HEALTHCHECK;
	}
	posture_set_uint(file, MODEL_F_DOCKERFILE_STAGES, o->n_stages);
	posture_set_bool(file, MODEL_F_DOCKERFILE_HAS_HEALTHCHECK, has_healthcheck);
	posture_set_bool(file, MODEL_F_DOCKERFILE_HAS_USER, user);
	if (user)
		posture_at(posture_set_text(file, MODEL_F_DOCKERFILE_LAST_USER, user_of(o, user)),
			   outline_place(o, user->line, user->column));
}

void outline_records(struct outline *o)
{
	struct posture_record *file = posture_record_new(o->set, MODEL_KIND_DOCKERFILE, NULL, posture_printf(o->set, "Dockerfile %s", o->path),
							 outline_place(o, 0, 0));

	set_file(o, file);
	for (struct outline_stage *s = o->stages; s; s = s->next)
		if (s->from)
			stage_record(o, s, file);
	for (struct outline_item *i = o->items; i; i = i->next)
		instruction_record(o, i, file);
	outline_waive(o, file);
}
