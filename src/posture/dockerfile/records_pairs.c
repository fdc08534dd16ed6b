/* SPDX-License-Identifier: Apache-2.0 */
/* Records of ENV, ARG and LABEL: variables, secrets, labels. */
#include "posture/dockerfile/records.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* ---- lists ---- */

void records_add(struct outline *o, struct records_list *l, const char *text)
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
struct posture_value *records_set_list(struct posture_record *r, enum model_field_id field, const struct records_list *l)
{
	return l->n ? posture_set_texts(r, field, l->at, l->n) : NULL;
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

void records_set_variables(struct outline *o, struct posture_record *r, const struct outline_item *item)
{
	const struct dockerfile_instruction *in = item->in;
	struct records_list names = { .at = NULL }, sensitive = { .at = NULL }, secret = { .at = NULL };

	for (size_t i = 0; i < in->n_pairs; i++) {
		const char *name = in->pairs[i].key.text;

		records_add(o, &names, name);
		if (is_sensitive(name))
			records_add(o, &sensitive, name);
		if (is_secret(name) || (is_secret_file(name) && is_copied(item, in->pairs[i].value.text)))
			records_add(o, &secret, name);
	}
	records_set_list(r, MODEL_F_INSTRUCTION_VARIABLES, &names);
	records_set_list(r, MODEL_F_INSTRUCTION_SENSITIVE_VARIABLES, &sensitive);
	records_set_list(r, MODEL_F_INSTRUCTION_SECRET_VARIABLES, &secret);
	if (item->n_self_references)
		posture_set_texts(r, MODEL_F_INSTRUCTION_SELF_REFERENCES, item->self_references, item->n_self_references);
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

const struct posture_value *records_keyed(const struct posture_record *record, const struct model_field_ref *field, struct arena *scratch)
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

static void check_schema(struct outline *o, const struct dockerfile_pair *pair, struct records_list *superfluous, struct records_list *empty,
			 struct records_list bad[DOCKERFILE_LABEL_TYPE_MAX])
{
	bool is_known = false;

	for (size_t i = 0; i < o->options->n_labels; i++) {
		const struct dockerfile_label *label = &o->options->labels[i];
		if (strcmp(label->name, pair->key.text) != 0)
			continue;
		is_known = true;
		if (pair->value.len == 0)
			records_add(o, empty, label->name);
		if (!dockerfile_label_is_valid(label->type, pair->value.text))
			records_add(o, &bad[label->type], label->name);
	}
	if (!is_known && o->options->strict_labels)
		records_add(o, superfluous, pair->key.text);
}

void records_set_labels(struct outline *o, struct posture_record *r, const struct dockerfile_instruction *in)
{
	static const enum model_field_id fields[DOCKERFILE_LABEL_TYPE_MAX] = {
		[DOCKERFILE_LABEL_URL] = MODEL_F_INSTRUCTION_LABELS_NO_URL, [DOCKERFILE_LABEL_RFC3339] = MODEL_F_INSTRUCTION_LABELS_NO_TIME,
		[DOCKERFILE_LABEL_SPDX] = MODEL_F_INSTRUCTION_LABELS_NO_LICENSE, [DOCKERFILE_LABEL_GIT_HASH] = MODEL_F_INSTRUCTION_LABELS_NO_HASH,
		[DOCKERFILE_LABEL_SEMVER] = MODEL_F_INSTRUCTION_LABELS_NO_VERSION, [DOCKERFILE_LABEL_EMAIL] = MODEL_F_INSTRUCTION_LABELS_NO_EMAIL,
	};
	struct records_list keys = { .at = NULL }, invalid = { .at = NULL }, superfluous = { .at = NULL }, empty = { .at = NULL };
	struct records_list bad[DOCKERFILE_LABEL_TYPE_MAX] = { 0 };

	for (size_t i = 0; i < in->n_pairs; i++) {
		records_add(o, &keys, in->pairs[i].key.text);
		if (!is_valid_label(in->pairs[i].key.text))
			records_add(o, &invalid, in->pairs[i].key.text);
		check_schema(o, &in->pairs[i], &superfluous, &empty, bad);
	}
	records_set_list(r, MODEL_F_INSTRUCTION_LABELS, &keys);
	records_set_list(r, MODEL_F_INSTRUCTION_INVALID_LABELS, &invalid);
	records_set_list(r, MODEL_F_INSTRUCTION_SUPERFLUOUS_LABELS, &superfluous);
	records_set_list(r, MODEL_F_INSTRUCTION_EMPTY_LABELS, &empty);
	for (unsigned t = DOCKERFILE_LABEL_TEXT + 1; t < DOCKERFILE_LABEL_TYPE_MAX; t++)
		records_set_list(r, fields[t], &bad[t]);
}
