/* SPDX-License-Identifier: Apache-2.0 */
/* Outlines to records: the file, its stages, its instructions. */
#include "posture/dockerfile/outline.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- lists ---- */

struct list { const char **at; size_t n, room; };

static void add(struct outline *o, struct list *l, const char *text)
{
	if (l->n == l->room) {
		size_t room = l->room ? l->room * 2 : 8;
		const char **more = posture_alloc(o->set, room * sizeof(*more));
		if (!more)
			return;
		if (l->n)
			memcpy(more, l->at, l->n * sizeof(*more));
		l->at = more;
		l->room = room;
	}
	l->at[l->n++] = text;
}

/* Nothing is set for a list of nothing: checks ask len(x) > 0, which is false for what is unset. */
static struct posture_value *set_list(struct posture_record *r, enum model_field_id field, const struct list *l)
{
	return l->n ? posture_set_texts(r, field, l->at, l->n) : NULL;
}

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

static void check_image(struct outline *o, struct list *untrusted, const char *image, const struct outline_item *item)
{
	if (!is_trusted(o, image, item->stage))
		add(o, untrusted, image);
}

static void set_untrusted(struct outline *o, struct posture_record *r, const struct outline_item *item)
{
	const struct dockerfile_instruction *in = item->in;
	struct list untrusted = { .at = NULL };
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
	set_list(r, MODEL_F_INSTRUCTION_UNTRUSTED_IMAGES, &untrusted);
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
	struct list missing = { .at = NULL };

	for (size_t i = 0; i < o->options->n_labels; i++)
		if (outline_lacks_label(o, s, o->options->labels[i].name))
			add(o, &missing, o->options->labels[i].name);
	set_list(r, MODEL_F_INSTRUCTION_MISSING_LABELS, &missing);
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
	struct list plain = { .at = NULL }, remote = { .at = NULL }, outside = { .at = NULL };
	const char *from = dockerfile_flag(in, "from"), *target;

	if (from) {
		posture_set_text(r, MODEL_F_INSTRUCTION_FROM, from);
		posture_set_text(r, MODEL_F_INSTRUCTION_FROM_KIND, from_kind(o, item, from));
	}
	if (in->n_words < 2)
		return;
	target = in->words[in->n_words - 1].text;
	set_tokens(o, r, MODEL_F_INSTRUCTION_SOURCES, in->words, in->n_words - 1);
	set_word(o, r, MODEL_F_INSTRUCTION_DESTINATION, &in->words[in->n_words - 1]);
	posture_set_bool(r, MODEL_F_INSTRUCTION_IS_RELATIVE, !is_absolute(target));
	posture_set_bool(r, MODEL_F_INSTRUCTION_HAS_WORKDIR, item->has_workdir);
	for (size_t i = 0; i + 1 < in->n_words; i++) {
		const char *source = in->words[i].text;
		if (!from && (strncmp(source, "../", 3) == 0 || strcmp(source, "..") == 0))
			add(o, &outside, source);
		if (in->keyword == DOCKERFILE_COPY)
			continue;
		if (is_url(source))
			add(o, &remote, source);
		else if (!is_archive_name(source) && !is_git(source) && strncmp(source, "<<", 2) != 0)
			add(o, &plain, source);
	}
	set_list(r, MODEL_F_INSTRUCTION_PLAIN_SOURCES, &plain);
	set_list(r, MODEL_F_INSTRUCTION_REMOTE_SOURCES, &remote);
	set_list(r, MODEL_F_INSTRUCTION_OUTSIDE_SOURCES, &outside);
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
	struct list found = { .at = NULL };

	for (size_t i = 0; i < in->n_words; i++)
		for (const char *const *d = in->keyword == DOCKERFILE_VOLUME ? systems : kernels; *d; d++) {
			const char *rest = in->words[i].text + strlen(*d);
			/* Below /etc and /usr a volume is somebody's data; the directory itself is not. */
			bool may_be_below = strcmp(*d, "/etc") != 0 && strcmp(*d, "/usr") != 0 && strcmp(*d, "/lib") != 0;
			if (strncmp(in->words[i].text, *d, strlen(*d)) == 0 && (*rest == '\0' || (*rest == '/' && (may_be_below || !rest[1]))))
				add(o, &found, in->words[i].text);
		}
	set_list(r, MODEL_F_INSTRUCTION_SYSTEM_DIRECTORIES, &found);
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
	struct list ports = { .at = NULL }, invalid = { .at = NULL };

	for (size_t i = 0; i < in->n_words; i++) {
		const char *word = in->words[i].text;
		size_t len = strcspn(word, "/"), first = strspn(word, "0123456789");
		const char *port = posture_printf(o->set, "%.*s", (int)len, word);

		add(o, &ports, port);
		if (!is_port(word, first) || (word[first] == '-' && !is_port(word + first + 1, len - first - 1)))
			add(o, &invalid, port);
	}
	set_list(r, MODEL_F_INSTRUCTION_PORTS, &ports);
	set_list(r, MODEL_F_INSTRUCTION_INVALID_PORTS, &invalid);
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

/* ---- ENV and ARG ---- */

static bool is_among(const char *name, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcasecmp(list[i], name) == 0)
			return true;
	return false;
}

/* hadolint DL3064: names that are known, and what others contain. */
static bool is_sensitive(const char *name)
{
	static const char *const known[] = {
		"ACCESS_TOKEN", "APPLICATION_KEY", "APP_SECRET", "AUTH_TOKEN", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
		"BITTREX_API_KEY", "BITTREX_API_SECRET", "CF_PASSWORD", "CF_USERNAME", "CIRCLE_TOKEN", "CI_DEPLOY_PASSWORD",
		"CI_DEPLOY_USER", "DOCKERHUB_PASSWORD", "DOCKER_EMAIL", "DOCKER_PASSWORD", "DOCKER_USERNAME", "FACEBOOK_ACCESS_TOKEN",
		"FACEBOOK_APP_ID", "FACEBOOK_APP_SECRET", "FIREBASE_API_TOKEN", "FIREBASE_TOKEN", "FOSSA_API_KEY",
		"GH_ENTERPRISE_TOKEN", "GH_TOKEN", "GITHUB_ENTERPRISE_TOKEN", "GITHUB_TOKEN", "HEROKU_API_KEY", "HEROKU_API_USER",
		"NPM_AUTH_TOKEN", "NPM_TOKEN", "OKTA_AUTHN_GROUPID", "OKTA_CLIENT_ORGURL", "OKTA_CLIENT_TOKEN",
		"OKTA_OAUTH2_CLIENTID", "OKTA_OAUTH2_CLIENTSECRET", "OPENAI_API_KEY", "OS_PASSWORD", "OS_USERNAME",
		"POSTGRES_PASSWORD", "SLACK_TOKEN", "STRIPE_API_KEY", "STRIPE_DEVICE_NAME", "TRAVIS_OS_NAME",
		"TRAVIS_SECURE_ENV_VARS", "TRAVIS_SUDO", "VAULT_CLIENT_KEY", "VAULT_TOKEN",
	};
	static const char *const parts[] = { "api_key", "client_key", "password", "private", "secret", "token", "username" };

	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (strcasestr(name, parts[i]))
			return true;
	return is_among(name, known, ARRAY_LEN(known));
}

/* Trivy DS-0031: variables that hold credentials because the software that reads them says so. */
static bool is_secret(const char *name)
{
	static const char *const known[] = { "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AZURE_CLIENT_ID",
					     "AZURE_CLIENT_SECRET", "GITHUB_TOKEN", "OPENAI_API_KEY", "HF_TOKEN" };

	if (strncmp(name, "VITE_", 5) == 0)
		name += 5;
	else if (strncmp(name, "REACT_APP_", 10) == 0)
		name += 10;
	return is_among(name, known, ARRAY_LEN(known));
}

static bool is_secret_file(const char *name)
{
	static const char *const known[] = { "AWS_CONFIG_FILE", "HF_TOKEN_PATH", "GOOGLE_APPLICATION_CREDENTIALS" };

	return is_among(name, known, ARRAY_LEN(known));
}

static const char *without_here(const char *path)
{
	while (strncmp(path, "./", 2) == 0)
		path += 2;
	return strcmp(path, ".") == 0 ? "" : *path == '/' ? path + 1 : path;
}

/* Whether some COPY of the stage brings in what holds `path`. */
static bool is_copied(const struct outline_item *item, const char *path)
{
	path = without_here(path);
	if (!*path)
		return false;
	for (const struct outline_item *i = item->stage->from; i && i->stage == item->stage; i = i->next) {
		const char *target;
		size_t len;

		if (i->in->keyword != DOCKERFILE_COPY || i->in->n_words < 2)
			continue;
		target = without_here(i->in->words[i->in->n_words - 1].text);
		len = strlen(target);
		if (strncmp(path, target, len) == 0 && (len == 0 || path[len] == '/' || path[len] == '\0' || target[len - 1] == '/'))
			return true;
	}
	return false;
}

/* $NAME or ${NAME} in a value of another pair. */
static bool uses(const char *value, const char *name)
{
	size_t len = strlen(name);

	for (const char *s = strchr(value, '$'); s; s = strchr(s + 1, '$')) {
		bool braced = s[1] == '{';
		const char *at = s + 1 + braced;
		if (strncmp(at, name, len) == 0 && (braced ? at[len] == '}' : !isalnum((unsigned char)at[len]) && at[len] != '_'))
			return true;
	}
	return false;
}

/* Set before this instruction, in this stage or those it is made from, or as ARG. */
static bool was_defined(const struct outline *o, const struct outline_item *item, const char *name)
{
	for (const struct outline_item *i = o->items; i && i != item; i = i->next)
		for (size_t k = 0; (i->in->keyword == DOCKERFILE_ENV || i->in->keyword == DOCKERFILE_ARG) && k < i->in->n_pairs; k++)
			if (strcmp(i->in->pairs[k].key.text, name) == 0)
				return true;
	return false;
}

static void set_self_references(struct outline *o, struct posture_record *r, const struct outline_item *item)
{
	const struct dockerfile_instruction *in = item->in;
	struct list names = { .at = NULL };

	/* As many as are compared with each other; nobody writes more. */
	for (size_t i = 0; in->n_pairs > 1 && i < in->n_pairs && i < 200; i++)
		for (size_t k = 0; k < in->n_pairs && k < 200; k++)
			if (i != k && strchr(in->pairs[k].value.text, '$') && uses(in->pairs[k].value.text, in->pairs[i].key.text) &&
			    !was_defined(o, item, in->pairs[i].key.text)) {
				add(o, &names, in->pairs[i].key.text);
				break;
			}
	set_list(r, MODEL_F_INSTRUCTION_SELF_REFERENCES, &names);
}

static void set_variables(struct outline *o, struct posture_record *r, const struct outline_item *item)
{
	const struct dockerfile_instruction *in = item->in;
	struct list names = { .at = NULL }, sensitive = { .at = NULL }, secret = { .at = NULL };

	for (size_t i = 0; i < in->n_pairs; i++) {
		const char *name = in->pairs[i].key.text;

		add(o, &names, name);
		if (is_sensitive(name))
			add(o, &sensitive, name);
		if (is_secret(name) || (is_secret_file(name) && is_copied(item, in->pairs[i].value.text)))
			add(o, &secret, name);
	}
	set_list(r, MODEL_F_INSTRUCTION_VARIABLES, &names);
	set_list(r, MODEL_F_INSTRUCTION_SENSITIVE_VARIABLES, &sensitive);
	set_list(r, MODEL_F_INSTRUCTION_SECRET_VARIABLES, &secret);
	if (in->keyword == DOCKERFILE_ENV)
		set_self_references(o, r, item);
}

/* instruction.env[NAME] */
static const char *assigned(const struct outline_item *item, const char *name)
{
	const struct dockerfile_instruction *in = item->in;
	size_t len = strlen(name);

	for (size_t i = 0; (in->keyword == DOCKERFILE_ENV || in->keyword == DOCKERFILE_ARG) && i < in->n_pairs; i++)
		if (strcmp(in->pairs[i].key.text, name) == 0)
			return in->pairs[i].value.text;
	for (const struct shell_command *c = item->script ? item->script->first : NULL; c; c = c->next) {
		for (size_t i = 0; i < c->n_assignments; i++)
			if (strcmp(c->assignments[i].name, name) == 0)
				return c->assignments[i].value;
		for (size_t i = 0; (strcmp(c->name, "export") == 0 || strcmp(c->name, "env") == 0) && i < c->n_words; i++)
			if (strncmp(c->words[i].text, name, len) == 0 && c->words[i].text[len] == '=')
				return c->words[i].text + len + 1;
	}
	return NULL;
}

static const struct posture_value *keyed(const struct posture_record *record, const struct model_field_ref *field, struct arena *scratch)
{
	const struct outline_item *item = record->own;
	struct posture_value *value;
	const char *text;

	if (field->id != MODEL_F_INSTRUCTION_ENV || !field->key || !(text = assigned(item, field->key)))
		return NULL;
	value = arena_alloc(scratch, sizeof(*value));
	if (!value)
		return NULL;
	value->field = (uint16_t)field->id;
	value->state = MODEL_SET;
	value->value.text = text;
	value->value.len = strlen(text);
	value->place = record->place;
	return value;
}

/* ---- LABEL ---- */

/* docs.docker.com "Docker object labels": guidelines for keys; hadolint allows '_' and '/' besides. */
static bool is_valid_label(const char *key)
{
	size_t len = strlen(key);

	if (len == 0 || !islower((unsigned char)key[0]) || !(islower((unsigned char)key[len - 1]) || isdigit((unsigned char)key[len - 1])))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!islower((unsigned char)key[i]) && !isdigit((unsigned char)key[i]) && !strchr(".-_/", key[i]))
			return false;
	return strncmp(key, "com.docker.", 11) != 0 && strncmp(key, "io.docker.", 10) != 0 && strncmp(key, "org.dockerproject.", 18) != 0 &&
		!strstr(key, "..") && !strstr(key, "--");
}

static void check_schema(struct outline *o, const struct dockerfile_pair *pair, struct list *superfluous, struct list *empty,
			 struct list bad[DOCKERFILE_LABEL_TYPE_MAX])
{
	bool is_known = false;

	for (size_t i = 0; i < o->options->n_labels; i++) {
		const struct dockerfile_label *label = &o->options->labels[i];
		if (strcmp(label->name, pair->key.text) != 0)
			continue;
		is_known = true;
		if (pair->value.len == 0)
			add(o, empty, label->name);
		if (!dockerfile_label_is_valid(label->type, pair->value.text))
			add(o, &bad[label->type], label->name);
	}
	if (!is_known && o->options->strict_labels)
		add(o, superfluous, pair->key.text);
}

static void set_labels(struct outline *o, struct posture_record *r, const struct dockerfile_instruction *in)
{
	static const enum model_field_id fields[DOCKERFILE_LABEL_TYPE_MAX] = {
		[DOCKERFILE_LABEL_URL] = MODEL_F_INSTRUCTION_LABELS_NO_URL, [DOCKERFILE_LABEL_RFC3339] = MODEL_F_INSTRUCTION_LABELS_NO_TIME,
		[DOCKERFILE_LABEL_SPDX] = MODEL_F_INSTRUCTION_LABELS_NO_LICENSE, [DOCKERFILE_LABEL_GIT_HASH] = MODEL_F_INSTRUCTION_LABELS_NO_HASH,
		[DOCKERFILE_LABEL_SEMVER] = MODEL_F_INSTRUCTION_LABELS_NO_VERSION, [DOCKERFILE_LABEL_EMAIL] = MODEL_F_INSTRUCTION_LABELS_NO_EMAIL,
	};
	struct list keys = { .at = NULL }, invalid = { .at = NULL }, superfluous = { .at = NULL }, empty = { .at = NULL };
	struct list bad[DOCKERFILE_LABEL_TYPE_MAX] = { 0 };

	for (size_t i = 0; i < in->n_pairs; i++) {
		add(o, &keys, in->pairs[i].key.text);
		if (!is_valid_label(in->pairs[i].key.text))
			add(o, &invalid, in->pairs[i].key.text);
		check_schema(o, &in->pairs[i], &superfluous, &empty, bad);
	}
	set_list(r, MODEL_F_INSTRUCTION_LABELS, &keys);
	set_list(r, MODEL_F_INSTRUCTION_INVALID_LABELS, &invalid);
	set_list(r, MODEL_F_INSTRUCTION_SUPERFLUOUS_LABELS, &superfluous);
	set_list(r, MODEL_F_INSTRUCTION_EMPTY_LABELS, &empty);
	for (unsigned t = DOCKERFILE_LABEL_TEXT + 1; t < DOCKERFILE_LABEL_TYPE_MAX; t++)
		set_list(r, fields[t], &bad[t]);
}

/* ---- RUN ---- */

static void set_run(struct outline *o, struct posture_record *r, const struct outline_item *item)
{
	static const char *const tools[] = { "curl", "wget" };
	struct list used = { .at = NULL };

	for (unsigned i = 0; i < ARRAY_LEN(tools); i++)
		if (item->downloaders & 1u << i)
			add(o, &used, tools[i]);
	set_list(r, MODEL_F_INSTRUCTION_DOWNLOADERS, &used);
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
	struct list names = { .at = NULL }, mounts = { .at = NULL };

	for (size_t i = 0; i < in->n_flags; i++) {
		const char *flag = in->flags[i].text, *type = strstr(flag, "type=");

		add(o, &names, posture_printf(o->set, "%.*s", (int)strcspn(flag, "="), flag));
		if (strncmp(flag, "--mount=", 8) == 0)   /* bind is the default */
			add(o, &mounts, type ? posture_printf(o->set, "%.*s", (int)strcspn(type + 5, ","), type + 5) : "bind");
	}
	set_tokens(o, r, MODEL_F_INSTRUCTION_FLAGS, in->flags, in->n_flags);
	set_list(r, MODEL_F_INSTRUCTION_FLAG_NAMES, &names);
	set_list(r, MODEL_F_INSTRUCTION_MOUNTS, &mounts);
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
		set_variables(o, r, item);
		break;
	case DOCKERFILE_LABEL:
		set_labels(o, r, in);
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
	r->keyed = keyed;
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
	posture_set_bool(r, MODEL_F_STAGE_HAS_HEALTHCHECK, outline_has_healthcheck(o, s));
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
