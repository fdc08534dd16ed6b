/* SPDX-License-Identifier: Apache-2.0 */
#include "posture/docker/docker.h"

#include "posture/process.h"

#include <string.h>

enum kind { BOOL, TEXT, LIST, PAIRS };

/* Names: moby cmd/dockerd/config.go and config_unix.go (flags), daemon/config/config.go ("json:" tags). Defaults: the same. */
static const struct setting {
	enum model_field_id field;
	enum kind kind;
	const char *key, *old_key, *flag;
	char letter;
	const char *fallback;            /* the default; NULL: none */
} settings[] = {
	{ MODEL_F_DOCKER_ALLOW_NONDISTRIBUTABLE, LIST, "allow-nondistributable-artifacts", NULL,
	  "allow-nondistributable-artifacts", 0, NULL },
	{ MODEL_F_DOCKER_API_CORS_HEADER, TEXT, "api-cors-header", NULL, "api-cors-header", 0, NULL },
	{ MODEL_F_DOCKER_AUTHORIZATION_PLUGINS, LIST, "authorization-plugins", NULL, "authorization-plugin", 0, NULL },
	{ MODEL_F_DOCKER_BRIDGE, TEXT, "bridge", NULL, "bridge", 'b', "docker0" },
	{ MODEL_F_DOCKER_CGROUP_PARENT, TEXT, "cgroup-parent", NULL, "cgroup-parent", 0, NULL },
	{ MODEL_F_DOCKER_DATA_ROOT, TEXT, "data-root", "graph", "data-root", 0, "/var/lib/docker" },
	{ MODEL_F_DOCKER_DEBUG, BOOL, "debug", NULL, "debug", 'D', "false" },
	{ MODEL_F_DOCKER_DEFAULT_RUNTIME, TEXT, "default-runtime", NULL, "default-runtime", 0, "runc" },
	{ MODEL_F_DOCKER_DEFAULT_ULIMITS, PAIRS, "default-ulimits", NULL, "default-ulimit", 0, NULL },
	{ MODEL_F_DOCKER_EXEC_ROOT, TEXT, "exec-root", NULL, "exec-root", 0, "/var/run/docker" },
	{ MODEL_F_DOCKER_EXPERIMENTAL, BOOL, "experimental", NULL, "experimental", 0, "false" },
	{ MODEL_F_DOCKER_GROUP, TEXT, "group", NULL, "group", 'G', "docker" },
	{ MODEL_F_DOCKER_HOSTS, LIST, "hosts", NULL, "host", 'H', "unix:///var/run/docker.sock" },
	{ MODEL_F_DOCKER_ICC, BOOL, "icc", NULL, "icc", 0, "true" },
	{ MODEL_F_DOCKER_INIT, BOOL, "init", NULL, "init", 0, "false" },
	{ MODEL_F_DOCKER_INSECURE_REGISTRIES, LIST, "insecure-registries", NULL, "insecure-registry", 0, NULL },
	{ MODEL_F_DOCKER_IP, TEXT, "ip", NULL, "ip", 0, "0.0.0.0" },
	{ MODEL_F_DOCKER_IPTABLES, BOOL, "iptables", NULL, "iptables", 0, "true" },
	{ MODEL_F_DOCKER_LIVE_RESTORE, BOOL, "live-restore", NULL, "live-restore", 0, "false" },
	{ MODEL_F_DOCKER_LOG_DRIVER, TEXT, "log-driver", NULL, "log-driver", 0, "json-file" },
	{ MODEL_F_DOCKER_LOG_LEVEL, TEXT, "log-level", NULL, "log-level", 'l', "info" },
	{ MODEL_F_DOCKER_LOG_OPTS, PAIRS, "log-opts", NULL, "log-opt", 0, NULL },
	{ MODEL_F_DOCKER_METRICS_ADDRESS, TEXT, "metrics-addr", NULL, "metrics-addr", 0, NULL },
	{ MODEL_F_DOCKER_NO_NEW_PRIVILEGES, BOOL, "no-new-privileges", NULL, "no-new-privileges", 0, "false" },
	{ MODEL_F_DOCKER_REGISTRY_MIRRORS, LIST, "registry-mirrors", NULL, "registry-mirror", 0, NULL },
	{ MODEL_F_DOCKER_SECCOMP_PROFILE, TEXT, "seccomp-profile", NULL, "seccomp-profile", 0, "default" },
	{ MODEL_F_DOCKER_SELINUX_ENABLED, BOOL, "selinux-enabled", NULL, "selinux-enabled", 0, "false" },
	{ MODEL_F_DOCKER_STORAGE_DRIVER, TEXT, "storage-driver", NULL, "storage-driver", 's', NULL },
	{ MODEL_F_DOCKER_STORAGE_OPTS, LIST, "storage-opts", NULL, "storage-opt", 0, NULL },
	{ MODEL_F_DOCKER_TLS, BOOL, "tls", NULL, "tls", 0, "false" },
	{ MODEL_F_DOCKER_TLS_CA, TEXT, "tlscacert", NULL, "tlscacert", 0, NULL },
	{ MODEL_F_DOCKER_TLS_CERT, TEXT, "tlscert", NULL, "tlscert", 0, NULL },
	{ MODEL_F_DOCKER_TLS_KEY, TEXT, "tlskey", NULL, "tlskey", 0, NULL },
	{ MODEL_F_DOCKER_TLS_VERIFY, BOOL, "tlsverify", NULL, "tlsverify", 0, "false" },
	{ MODEL_F_DOCKER_USERLAND_PROXY, BOOL, "userland-proxy", NULL, "userland-proxy", 0, "true" },
	{ MODEL_F_DOCKER_USERNS_REMAP, TEXT, "userns-remap", NULL, "userns-remap", 0, NULL },
};

/* A word of a group of short flags: "-H", "-Hunix://x", "-H=x", "-DH". Only -D takes no value. *ret_value: "" when it is the
 * next word. */
static bool short_flag(const char *word, char letter, const char **ret_value)
{
	const char *p = word + 1;

	while (*p == 'D' && letter != 'D')
		p++;
	if (*p != letter)
		return false;
	p++;
	*ret_value = letter == 'D' ? (*p == '=' ? p + 1 : "true") : *p == '=' ? p + 1 : p;
	return true;
}

static const char *flag_word(const struct docker_daemon *d, const char *name, char letter, bool is_bool, size_t which,
			     const char **ret_note)
{
	size_t n = strlen(name);

	for (size_t i = 1; i < d->argc; i++) {
		const char *word = d->argv[i], *value = NULL;
		size_t at = i;

		if (word[0] != '-' || !word[1])
			continue;
		if (word[1] != '-') {
			if (!letter || !short_flag(word, letter, &value))
				continue;
		} else if (strncmp(word + 2, name, n) == 0 && (word[n + 2] == '=' || !word[n + 2])) {
			value = word[n + 2] ? word + n + 3 : is_bool ? "true" : "";
		} else {
			continue;
		}
		if (!*value && !strchr(word, '=') && i + 1 < d->argc)
			value = d->argv[++i];
		if (which-- > 0)
			continue;
		if (ret_note)
			*ret_note = at == i ? word : posture_printf(d->set, "%s %s", word, value);
		return value;
	}
	return NULL;
}

const char *docker_flag(const struct docker_daemon *d, const char *name, char letter, size_t which)
{
	return flag_word(d, name, letter, false, which, NULL);
}

/* Go's strconv.ParseBool, which pflag uses. */
static bool truth(const char *text)
{
	return strcmp(text, "1") == 0 || strcasecmp(text, "t") == 0 || strcasecmp(text, "true") == 0;
}

static struct posture_place key_place(const struct docker_daemon *d, const char *key)
{
	return (struct posture_place){ .file = posture_printf(d->set, "%s%s", d->below, d->config_file), .path = key };
}

static struct posture_value *set_word(struct docker_daemon *d, const struct setting *s, const char *word)
{
	return s->kind == BOOL ? posture_set_bool(d->record, s->field, truth(word))
			       : posture_set_text(d->record, s->field, *word ? word : NULL);
}

/* "nofile": {"Name": "nofile", "Hard": 64000, "Soft": 64000} or "max-size": "10m" */
static const char *pair_text(struct docker_daemon *d, const char *name, const json_t *value)
{
	if (json_is_string(value))
		return posture_printf(d->set, "%s=%s", name, json_string_value(value));
	if (json_is_object(value))
		return posture_printf(d->set, "%s=%lld:%lld", name, (long long)json_integer_value(json_object_get(value, "Soft")),
				      (long long)json_integer_value(json_object_get(value, "Hard")));
	return posture_printf(d->set, "%s", name);
}

static size_t list_of_json(struct docker_daemon *d, const json_t *json, const char **items)
{
	size_t n = 0;

	if (json_is_array(json)) {
		for (size_t i = 0; i < json_array_size(json) && n < DOCKER_LIST_MAX; i++)
			if (json_is_string(json_array_get(json, i)))
				items[n++] = posture_printf(d->set, "%s", json_string_value(json_array_get(json, i)));
	} else if (json_is_object(json)) {
		const char *key;
		json_t *value;

		json_object_foreach((json_t *)json, key, value)
			if (n < DOCKER_LIST_MAX)
				items[n++] = pair_text(d, key, value);
	}
	return n;
}

static const json_t *key_of(const struct docker_daemon *d, const struct setting *s)
{
	const json_t *json = json_object_get(d->config, s->key);

	return !json && s->old_key ? json_object_get(d->config, s->old_key) : json;
}

static bool from_file(struct docker_daemon *d, const struct setting *s)
{
	const json_t *json = key_of(d, s);
	const char *items[DOCKER_LIST_MAX];
	struct posture_value *v;

	if (!json || json_is_null(json))
		return false;
	if (s->kind == LIST || s->kind == PAIRS)
		v = posture_set_texts(d->record, s->field, items, list_of_json(d, json, items));
	else if (s->kind == BOOL && json_is_boolean(json))
		v = posture_set_bool(d->record, s->field, json_is_true(json));
	else if (s->kind == TEXT && json_is_string(json))
		v = set_word(d, s, posture_printf(d->set, "%s", json_string_value(json)));
	else
		v = posture_set_unknown(d->record, s->field,
					posture_printf(d->set, "%s%s: '%s' is of another type than dockerd takes", d->below,
						       d->config_file, s->key));
	posture_at(posture_said(v, POSTURE_FROM_FILE, s->key), key_place(d, s->key));
	return true;
}

static bool from_flags(struct docker_daemon *d, const struct setting *s)
{
	const char *items[DOCKER_LIST_MAX], *note = NULL, *word = flag_word(d, s->flag, s->letter, s->kind == BOOL, 0, &note);
	size_t n = 0;

	if (!word && s->field == MODEL_F_DOCKER_DATA_ROOT)
		word = flag_word(d, "graph", 'g', false, 0, &note);
	if (!word)
		return false;
	if (s->kind != LIST && s->kind != PAIRS) {
		for (size_t i = 1; n < DOCKER_LIST_MAX; i++, n++) {     /* the last one counts */
			const char *next_note = NULL, *next = flag_word(d, s->flag, s->letter, s->kind == BOOL, i, &next_note);
			if (!next)
				break;
			word = next;
			note = next_note;
		}
		posture_said(set_word(d, s, word), POSTURE_FROM_FLAG, note);
		return true;
	}
	for (; word && n < DOCKER_LIST_MAX; word = flag_word(d, s->flag, s->letter, false, n, NULL))
		items[n++] = word;
	posture_said(posture_set_texts(d->record, s->field, items, n), POSTURE_FROM_FLAG, note);
	return true;
}

static void from_default(struct docker_daemon *d, const struct setting *s)
{
	struct posture_value *v;

	if (d->config_problem) {
		posture_set_unknown(d->record, s->field, d->config_problem);
		return;
	}
	if (s->kind == LIST || s->kind == PAIRS)
		v = posture_set_texts(d->record, s->field, &s->fallback, s->fallback ? 1 : 0);
	else if (s->fallback)
		v = set_word(d, s, s->fallback);
	else
		v = posture_set_unset(d->record, s->field);
	posture_said(v, POSTURE_FROM_DEFAULT, NULL);
}

const char *docker_setting_text(const struct docker_daemon *d, enum model_field_id field)
{
	const struct posture_value *v = posture_value_of(d->record, field);

	return v && v->state == MODEL_SET ? v->value.text : NULL;
}

bool docker_setting_bool(const struct docker_daemon *d, enum model_field_id field)
{
	const struct posture_value *v = posture_value_of(d->record, field);

	return v && v->state == MODEL_SET && v->value.boolean;
}

const struct model_value *docker_setting_list(const struct docker_daemon *d, enum model_field_id field, size_t *ret_n)
{
	const struct posture_value *v = posture_value_of(d->record, field);
	bool is_set = v && v->state == MODEL_SET;

	*ret_n = is_set ? v->value.n : 0;
	return is_set ? v->value.list : NULL;
}

/* --tlsverify, however set, means --tls (daemon.go, loadDaemonCliConfig); DOCKER_TLS_VERIFY is its default (options.go). */
static void settle_tls(struct docker_daemon *d)
{
	static const struct { enum model_field_id field; const char *name; } files[] = {
		{ MODEL_F_DOCKER_TLS_CA, "ca.pem" }, { MODEL_F_DOCKER_TLS_CERT, "cert.pem" }, { MODEL_F_DOCKER_TLS_KEY, "key.pem" },
	};
	const struct posture_value *verify = posture_value_of(d->record, MODEL_F_DOCKER_TLS_VERIFY);
	const char *env = d->pid ? posture_process_env(d->set, d->pid, "DOCKER_TLS_VERIFY") : NULL, *dir, *home;

	if (verify->origin == POSTURE_FROM_DEFAULT && env && *env)
		verify = posture_said(posture_set_bool(d->record, MODEL_F_DOCKER_TLS_VERIFY, true), POSTURE_FROM_ENVIRONMENT,
				      "DOCKER_TLS_VERIFY");
	if (verify->state == MODEL_SET && (verify->origin != POSTURE_FROM_DEFAULT || verify->value.boolean))
		posture_said(posture_set_bool(d->record, MODEL_F_DOCKER_TLS, true), POSTURE_FROM_COMPUTED, "tlsverify");
	if (!docker_setting_bool(d, MODEL_F_DOCKER_TLS))
		return;
	dir = d->pid ? posture_process_env(d->set, d->pid, "DOCKER_CERT_PATH") : NULL;
	home = d->pid ? posture_process_env(d->set, d->pid, "HOME") : NULL;
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		if (!docker_setting_text(d, files[i].field))
			posture_said(posture_set_text(d->record, files[i].field,
						      dir && *dir ? posture_printf(d->set, "%s/%s", dir, files[i].name)
								  : posture_printf(d->set, "%s/.docker/%s",
										   home ? home : "/root", files[i].name)),
				     dir && *dir ? POSTURE_FROM_ENVIRONMENT : POSTURE_FROM_DEFAULT, NULL);
}

/* Where a rootless daemon keeps things (moby pkg/rootless, cmd/dockerd/config_unix.go). */
static void settle_rootless(struct docker_daemon *d)
{
	static const enum model_field_id fields[] = { MODEL_F_DOCKER_DATA_ROOT, MODEL_F_DOCKER_EXEC_ROOT, MODEL_F_DOCKER_HOSTS };
	const char *home, *run, *data;

	if (!d->pid || d->user_id == 0)
		return;
	home = posture_process_env(d->set, d->pid, "HOME");
	run = posture_process_env(d->set, d->pid, "XDG_RUNTIME_DIR");
	data = posture_process_env(d->set, d->pid, "XDG_DATA_HOME");
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		const char *text = NULL;

		if (posture_value_of(d->record, fields[i])->origin != POSTURE_FROM_DEFAULT)
			continue;
		if (i == 0 && (data || home))
			text = data ? posture_printf(d->set, "%s/docker", data) : posture_printf(d->set, "%s/.local/share/docker", home);
		else if (i > 0 && run)
			text = posture_printf(d->set, i == 1 ? "%s/docker" : "unix://%s/docker.sock", run);
		if (text)
			posture_said(i == 2 ? posture_set_texts(d->record, fields[i], &text, 1) : posture_set_text(d->record, fields[i], text),
				     POSTURE_FROM_DEFAULT, "rootless");
	}
}

void docker_settings_read(struct docker_daemon *d)
{
	for (size_t i = 0; i < ARRAY_LEN(settings); i++)
		if (!from_flags(d, &settings[i]) && !from_file(d, &settings[i]))
			from_default(d, &settings[i]);
	settle_tls(d);
	settle_rootless(d);
}
