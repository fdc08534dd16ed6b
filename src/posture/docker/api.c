/* SPDX-License-Identifier: Apache-2.0 */
/* What only the API tells (moby api/swagger.yaml, 1.41): GET /version, /info, /networks, and of a swarm's manager /swarm,
 * /services, /secrets. */
#include "posture/docker/docker.h"

#include "posture/process.h"
#include "posture/docker/env.h"
#include "runtime/runtime.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LISTENS_MAX = 256, DAY_S = 86400, SWARM_ENV_MAX = 256 };

static json_t *get(struct docker_daemon *d, const char *path, const char **ret_why)
{
	struct err err = ERR_INIT;
	json_t *json = NULL;
	int status = 0, r = runtime_api_get(d->api_socket, path, &status, &json, &err);

	if (r == 0 && status == 200 && json)
		return json;
	*ret_why = r < 0 ? posture_printf(d->set, "%s", err.text)
			 : posture_printf(d->set, "%s: GET %s: status %d", d->api_socket, path, status);
	json_decref(json);
	return NULL;
}

static const char *copy(struct docker_daemon *d, const char *text)
{
	return text ? posture_printf(d->set, "%s", text) : NULL;
}

static void said(struct posture_value *v, const char *path)
{
	posture_said(v, POSTURE_FROM_API, path);
}

static void version_read(struct docker_daemon *d, const json_t *version)
{
	const char *text = json_text(version, "Version", NULL);
	const json_t *parts = json_at(version, "Components", NULL);

	said(posture_set_text(d->record, MODEL_F_DOCKER_VERSION, copy(d, text)), "GET /version");
	if (text)
		said(posture_set_uint(d->record, MODEL_F_DOCKER_VERSION_MAJOR, strtoull(text, NULL, 10)), "GET /version");
	for (size_t i = 0; i < json_array_size(parts); i++) {
		const json_t *part = json_array_get(parts, i);
		const char *name = json_text(part, "Name", NULL);

		if (name && (strcmp(name, "containerd") == 0 || strcmp(name, "runc") == 0))
			said(posture_set_text(d->record, name[0] == 'r' ? MODEL_F_DOCKER_RUNC_VERSION : MODEL_F_DOCKER_CONTAINERD_VERSION,
					      copy(d, json_text(part, "Version", NULL))), "GET /version");
	}
}

/* What is in force replaces what was configured where the two differ (a reload since, a default of this version). */
static void settle_text(struct docker_daemon *d, enum model_field_id field, const char *text)
{
	const char *had = docker_setting_text(d, field);

	if (text && *text && (!had || strcmp(had, text) != 0))
		said(posture_set_text(d->record, field, copy(d, text)), "GET /info");
}

static void settle_bool(struct docker_daemon *d, enum model_field_id field, const json_t *json)
{
	const struct posture_value *had = posture_value_of(d->record, field);

	if (json_is_boolean(json) && (had->state != MODEL_SET || had->value.boolean != json_is_true(json)))
		said(posture_set_bool(d->record, field, json_is_true(json)), "GET /info");
}

/* "name=seccomp,profile=default" (moby daemon/info.go, fillSecurityOptions) */
static void security_options_read(struct docker_daemon *d, const json_t *options)
{
	const char *names[DOCKER_LIST_MAX];
	size_t n = 0;

	for (size_t i = 0; i < json_array_size(options) && n < DOCKER_LIST_MAX; i++) {
		const char *text = json_string_value(json_array_get(options, i)), *profile;

		if (!text || strncmp(text, "name=", 5) != 0)
			continue;
		names[n] = posture_printf(d->set, "%.*s", (int)strcspn(text + 5, ","), text + 5);
		profile = strstr(text, ",profile=");
		if (strcmp(names[n], "seccomp") == 0 && profile) {
			const char *had = docker_setting_text(d, MODEL_F_DOCKER_SECCOMP_PROFILE);
			bool is_same = had && (strcmp(had, profile + 9) == 0 ||
					       (strcmp(profile + 9, "builtin") == 0 && strcmp(had, "default") == 0) ||
					       (strcmp(profile + 9, "default") == 0 && strcmp(had, "builtin") == 0));
			if (!is_same)
				settle_text(d, MODEL_F_DOCKER_SECCOMP_PROFILE, profile + 9);
		}
		n++;
	}
	said(posture_set_texts(d->record, MODEL_F_DOCKER_SECURITY_OPTIONS, names, n), "GET /info");
}

static void registries_read(struct docker_daemon *d, const json_t *info)
{
	const json_t *cidrs = json_at(info, "RegistryConfig", "InsecureRegistryCIDRs", NULL);
	json_t *indexes = json_at(info, "RegistryConfig", "IndexConfigs", NULL), *index;
	const char *items[DOCKER_LIST_MAX], *name;
	size_t n = 0, n_had;

	for (size_t i = 0; i < json_array_size(cidrs) && n < DOCKER_LIST_MAX; i++) {
		const char *text = json_string_value(json_array_get(cidrs, i));

		if (text && strcmp(text, "127.0.0.0/8") != 0 && strcmp(text, "::1/128") != 0)
			items[n++] = copy(d, text);
	}
	json_object_foreach(indexes, name, index)
		if (json_is_false(json_object_get(index, "Secure")) && n < DOCKER_LIST_MAX)
			items[n++] = copy(d, name);
	docker_setting_list(d, MODEL_F_DOCKER_INSECURE_REGISTRIES, &n_had);
	if (n != n_had)
		said(posture_set_texts(d->record, MODEL_F_DOCKER_INSECURE_REGISTRIES, items, n), "GET /info");
}

static void info_read(struct docker_daemon *d, const json_t *info)
{
	static const struct { enum model_field_id field; const char *key;
	} counts[] = {
		{ MODEL_F_DOCKER_N_CONTAINERS, "Containers" },
		{ MODEL_F_DOCKER_N_RUNNING, "ContainersRunning" },
		{ MODEL_F_DOCKER_N_IMAGES, "Images" },
	};

	for (size_t i = 0; i < ARRAY_LEN(counts); i++)
		said(posture_set_uint(d->record, counts[i].field,
				      (uint64_t)json_integer_value(json_object_get(info, counts[i].key))),
		     "GET /info");
	settle_text(d, MODEL_F_DOCKER_STORAGE_DRIVER, json_text(info, "Driver", NULL));
	settle_text(d, MODEL_F_DOCKER_LOG_DRIVER, json_text(info, "LoggingDriver", NULL));
	settle_text(d, MODEL_F_DOCKER_DEFAULT_RUNTIME, json_text(info, "DefaultRuntime", NULL));
	settle_bool(d, MODEL_F_DOCKER_LIVE_RESTORE, json_object_get(info, "LiveRestoreEnabled"));
	settle_bool(d, MODEL_F_DOCKER_EXPERIMENTAL, json_object_get(info, "ExperimentalBuild"));
	settle_bool(d, MODEL_F_DOCKER_DEBUG, json_object_get(info, "Debug"));
	security_options_read(d, json_object_get(info, "SecurityOptions"));
	registries_read(d, info);
}

static void networks_read(struct docker_daemon *d)
{
	const char *why = NULL;
	_cleanup_json_ json_t *networks = get(d, "/networks", &why);

	if (!networks) {
		posture_problem(d->set, MODEL_LAYER_RUNTIME, (struct posture_place){ 0 }, "%s", why);
		return;
	}
	for (size_t i = 0; i < json_array_size(networks) && i < DOCKER_NETWORKS_MAX; i++) {
		const json_t *n = json_array_get(networks, i), *options = json_at(n, "Options", NULL);
		const char *name = copy(d, json_text(n, "Name", NULL)), *driver = copy(d, json_text(n, "Driver", NULL));
		struct posture_record *r;

		if (!name || !driver)
			continue;
		r = posture_record_new(d->set, MODEL_KIND_DOCKER_NETWORK, d->record, posture_printf(d->set, "network %s", name),
				       (struct posture_place){ 0 });
		said(posture_set_text(r, MODEL_F_NETWORK_NAME, name), "GET /networks");
		said(posture_set_text(r, MODEL_F_NETWORK_DRIVER, driver), "GET /networks");
		said(posture_set_text(r, MODEL_F_NETWORK_SCOPE, copy(d, json_text(n, "Scope", NULL))), "GET /networks");
		if (strcmp(driver, "overlay") == 0)
			said(posture_set_bool(r, MODEL_F_NETWORK_IS_ENCRYPTED, json_object_get(options, "encrypted") != NULL),
			     "GET /networks");
		if (strcmp(driver, "bridge") == 0) {
			const char *icc = json_text(options, "com.docker.network.bridge.enable_icc", NULL);
			said(posture_set_bool(r, MODEL_F_NETWORK_ICC, !icc || strcmp(icc, "false") != 0), "GET /networks");
		}
	}
}

/* ---- swarm ---- */

/* Its port: what other managers know this one by, which is where it listens. 2377 unless told otherwise (`docker swarm init`).
 */
static const char *swarm_port(struct docker_daemon *d, const json_t *swarm)
{
	const json_t *managers = json_object_get(swarm, "RemoteManagers");
	const char *node = json_text(swarm, "NodeID", NULL);

	for (size_t i = 0; i < json_array_size(managers); i++) {
		const char *id = json_text(json_array_get(managers, i), "NodeID", NULL),
			   *addr = json_text(json_array_get(managers, i), "Addr", NULL);
		const char *colon = addr ? strrchr(addr, ':') : NULL;

		if (colon && id && node && strcmp(id, node) == 0)
			return posture_printf(d->set, "%s", colon);
	}
	return ":2377";
}

static void swarm_listens_read(struct docker_daemon *d, struct posture_record *r, const char *port)
{
	const char *listens[LISTENS_MAX], *at[LISTENS_MAX];
	size_t n = posture_process_listens(d->set, d->pid, listens, LISTENS_MAX), n_at = 0;
	bool everywhere = false;

	for (size_t i = 0; i < n; i++) {
		const char *colon = strrchr(listens[i], ':');

		if (strcmp(colon, port) != 0)
			continue;
		at[n_at++] = listens[i];
		everywhere |= strncmp(listens[i], "0.0.0.0:", 8) == 0 || strncmp(listens[i], "[::]:", 5) == 0;
	}
	posture_said(posture_set_texts(r, MODEL_F_SWARM_LISTEN_ADDRESSES, at, n_at), POSTURE_FROM_KERNEL, "/proc/PID/net/tcp");
	posture_said(posture_set_bool(r, MODEL_F_SWARM_LISTENS_EVERYWHERE, everywhere), POSTURE_FROM_KERNEL,
		     "/proc/PID/net/tcp");
}

static void count_read(struct docker_daemon *d, struct posture_record *r, enum model_field_id field, const char *path)
{
	const char *why = NULL;
	_cleanup_json_ json_t *list = get(d, path, &why);

	if (list)
		said(posture_set_uint(r, field, json_array_size(list)), posture_printf(d->set, "GET %s", path));
	else
		posture_set_unknown(r, field, why);
}

static size_t service_env_read(struct docker_daemon *d, const json_t *service, const char **ret, size_t n)
{
	const char *name = json_text(service, "Spec", "Name", NULL);
	const json_t *env = json_at(service, "Spec", "TaskTemplate", "ContainerSpec", "Env", NULL);

	for (size_t i = 0; i < json_array_size(env) && n < SWARM_ENV_MAX; i++) {
		const char *text = json_string_value(json_array_get(env, i));

		if (text && posture_env_is_secret(text))
			ret[n++] = posture_printf(d->set, "%s:%.*s", name ? name : "?", (int)strcspn(text, "="), text);
	}
	return n;
}

static void services_read(struct docker_daemon *d, struct posture_record *r)
{
	const char *why = NULL, *env[SWARM_ENV_MAX];
	_cleanup_json_ json_t *services = get(d, "/services", &why);
	size_t n = 0;

	if (!services) {
		posture_set_unknown(r, MODEL_F_SWARM_N_SERVICES, why);
		posture_set_unknown(r, MODEL_F_SWARM_SECRET_ENV, why);
		return;
	}
	for (size_t i = 0; i < json_array_size(services) && i < DOCKER_SERVICES_MAX; i++)
		n = service_env_read(d, json_array_get(services, i), env, n);
	said(posture_set_uint(r, MODEL_F_SWARM_N_SERVICES, json_array_size(services)), "GET /services");
	said(posture_set_texts(r, MODEL_F_SWARM_SECRET_ENV, env, n), "GET /services");
}

static void age_read(struct posture_record *r, const char *updated)
{
	struct tm tm = { 0 };
	time_t then;

	if (!updated || !strptime(updated, "%Y-%m-%dT%H:%M:%S", &tm))
		return;
	then = timegm(&tm);
	if (then >= 0 && then <= time(NULL))
		said(posture_set_uint(r, MODEL_F_SWARM_CA_AGE_DAYS, (uint64_t)(time(NULL) - then) / DAY_S), "GET /swarm");
}

static void manager_read(struct docker_daemon *d, struct posture_record *r)
{
	static const enum model_field_id fields[] = { MODEL_F_SWARM_AUTOLOCK, MODEL_F_SWARM_CERTIFICATE_DAYS,
						      MODEL_F_SWARM_CA_AGE_DAYS, MODEL_F_SWARM_EXTERNAL_CA };
	const char *why = NULL;
	_cleanup_json_ json_t *swarm = get(d, "/swarm", &why);

	for (size_t i = 0; i < ARRAY_LEN(fields) && !swarm; i++)
		posture_set_unknown(r, fields[i], why);
	if (swarm) {
		said(posture_set_bool(r, MODEL_F_SWARM_AUTOLOCK,
				      json_is_true(json_at(swarm, "Spec", "EncryptionConfig", "AutoLockManagers", NULL))),
		     "GET /swarm");
		said(posture_set_uint(
			     r, MODEL_F_SWARM_CERTIFICATE_DAYS,
			     (uint64_t)(json_integer_value(json_at(swarm, "Spec", "CAConfig", "NodeCertExpiry", NULL)) /
					1000000000ll) /
				     DAY_S),
		     "GET /swarm");
		said(posture_set_bool(r, MODEL_F_SWARM_EXTERNAL_CA,
				      json_array_size(json_at(swarm, "Spec", "CAConfig", "ExternalCAs", NULL)) > 0),
		     "GET /swarm");
		age_read(r, json_text(swarm, "UpdatedAt", NULL));
	}
	count_read(d, r, MODEL_F_SWARM_N_SECRETS, "/secrets");
	services_read(d, r);
}

/* What no API tells: the addresses that the node was started with (moby daemon/cluster/cluster.go, type nodeStartConfig). */
static void data_path_read(struct docker_daemon *d, struct posture_record *r)
{
	const char *root = docker_setting_text(d, MODEL_F_DOCKER_DATA_ROOT), *path, *advertise, *data;
	_cleanup_json_ json_t *state = NULL;
	struct err err = ERR_INIT;
	struct posture_value *v;
	size_t len;
	char *text;

	path = posture_printf(d->set, "%s%s/swarm/docker-state.json", d->below, root ? root : "/var/lib/docker");
	if (posture_read(d->set, path, DOCKER_FILE_BYTES_MAX, &text, &len, &err) < 0 ||
	    json_parse(text, len, path, &state, &err) < 0) {
		posture_set_unknown(r, MODEL_F_SWARM_DATA_PATH_IS_SEPARATE, posture_printf(d->set, "%s: %s", path, err.text));
		return;
	}
	advertise = json_text(state, "AdvertiseAddr", NULL);
	data = json_text(state, "DataPathAddr", NULL);
	len = data ? strlen(data) : 0;
	v = posture_set_bool(r, MODEL_F_SWARM_DATA_PATH_IS_SEPARATE,
			     len > 0 && !(advertise && strncmp(advertise, data, len) == 0 && (!advertise[len] || advertise[len] == ':')));
	posture_at(posture_said(v, POSTURE_FROM_FILE, "DataPathAddr"),
		   (struct posture_place){ .file = path, .path = "DataPathAddr" });
}

static void swarm_read(struct docker_daemon *d, const json_t *info)
{
	const json_t *swarm = json_at(info, "Swarm", NULL);
	const char *state = copy(d, json_text(swarm, "LocalNodeState", NULL));
	bool is_manager = json_is_true(json_object_get(swarm, "ControlAvailable"));
	struct posture_record *r =
		posture_record_new(d->set, MODEL_KIND_DOCKER_SWARM, d->record,
				   posture_printf(d->set, "swarm of %s", d->record->name), (struct posture_place){ 0 });

	said(posture_set_bool(d->record, MODEL_F_DOCKER_SWARM_IS_ACTIVE, state && strcmp(state, "active") == 0), "GET /info");
	said(posture_set_text(r, MODEL_F_SWARM_STATE, state && *state ? state : "inactive"), "GET /info");
	said(posture_set_bool(r, MODEL_F_SWARM_IS_MANAGER, is_manager), "GET /info");
	if (!state || strcmp(state, "active") != 0)
		return;
	swarm_listens_read(d, r, swarm_port(d, swarm));
	data_path_read(d, r);
	if (!is_manager)
		return;
	said(posture_set_uint(r, MODEL_F_SWARM_N_MANAGERS, (uint64_t)json_integer_value(json_object_get(swarm, "Managers"))),
	     "GET /info");
	said(posture_set_uint(r, MODEL_F_SWARM_N_NODES, (uint64_t)json_integer_value(json_object_get(swarm, "Nodes"))),
	     "GET /info");
	manager_read(d, r);
}

/* Nobody can be asked: what only the answer tells is unknown, not left out. */
static void unanswered(struct docker_daemon *d, const char *why)
{
	static const enum model_field_id fields[] = { MODEL_F_DOCKER_VERSION, MODEL_F_DOCKER_VERSION_MAJOR,
						      MODEL_F_DOCKER_SECURITY_OPTIONS };
	struct posture_record *swarm;

	posture_problem(d->set, MODEL_LAYER_RUNTIME, (struct posture_place){ 0 }, "%s: %s", d->record->name, why);
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		posture_set_unknown(d->record, fields[i], why);
	if (!docker_setting_text(d, MODEL_F_DOCKER_STORAGE_DRIVER))
		posture_set_unknown(d->record, MODEL_F_DOCKER_STORAGE_DRIVER, why);
	swarm = posture_record_new(d->set, MODEL_KIND_DOCKER_SWARM, d->record,
				   posture_printf(d->set, "swarm of %s", d->record->name), (struct posture_place){ 0 });
	posture_set_unknown(swarm, MODEL_F_SWARM_STATE, why);
}

void docker_api_read(struct docker_daemon *d)
{
	const char *why = "no Unix socket of its API is there";
	_cleanup_json_ json_t *version = NULL, *info = NULL;

	if (!d->pid)
		return;
	if (d->api_socket)
		info = get(d, "/info", &why);
	if (!info) {
		unanswered(d, why);
		return;
	}
	version = get(d, "/version", &why);
	if (version)
		version_read(d, version);
	info_read(d, info);
	networks_read(d);
	swarm_read(d, info);
}
