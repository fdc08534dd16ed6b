/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CRI-O (docs/crio.conf.5.md) and podman (containers-common docs/containers.conf.5.md), and what they share: registries.conf
 * (containers-registries.conf.5), policy.json (containers-policy.json.5).
 */
#include "posture/engines/engines.h"

#include "posture/containers/containers.h"
#include "posture/docker/docker.h"
#include "posture/process.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

struct found { unsigned pid; const char *comm; };

static bool is_there(struct posture_set *set, const char *path)
{
	_cleanup_close_ int fd = posture_open(set, path, O_PATH);

	return fd >= 0;
}

static void each_process(void *data, unsigned pid, const char *comm)
{
	struct found *f = data;

	if (!f->pid && strcmp(comm, f->comm) == 0)
		f->pid = pid;
}

static unsigned process_of(struct posture_set *set, const char *comm)
{
	struct found f = { .comm = comm };

	posture_processes(set, each_process, &f);
	return f.pid;
}

/* ---- registries and signatures ---- */

void engine_registries_read(struct engine_layers *engine)
{
	struct engine_layers l = { .set = engine->set, .record = engine->record };
	const char *items[ENGINE_LIST_MAX];
	size_t n = 0, layer;
	const json_t *old;

	engine_layers_add(&l, "/etc/containers/registries.conf");
	engine_layers_add_dir(&l, "/etc/containers/registries.conf.d", ".conf");
	for (size_t i = 0; i < l.n; i++) {               /* [[registry]] of each file counts */
		const json_t *list = json_object_get(l.docs[i], "registry");

		for (size_t k = 0; k < json_array_size(list) && n < ENGINE_LIST_MAX; k++) {
			const json_t *entry = json_array_get(list, k), *mirrors = json_object_get(entry, "mirror");
			const char *name = json_text(entry, "location", NULL) ? json_text(entry, "location", NULL)
									      : json_text(entry, "prefix", NULL);

			if (json_is_true(json_object_get(entry, "insecure")))
				items[n++] = posture_printf(l.set, "%s", name ? name : "?");
			for (size_t m = 0; m < json_array_size(mirrors) && n < ENGINE_LIST_MAX; m++)
				if (json_is_true(json_object_get(json_array_get(mirrors, m), "insecure")))
					items[n++] = posture_printf(l.set, "%s", json_text(json_array_get(mirrors, m), "location", NULL));
		}
	}
	old = engine_at(&l, "registries|insecure", "registries", &layer);      /* version 1 of the file */
	for (size_t i = 0; i < json_array_size(old) && n < ENGINE_LIST_MAX; i++)
		if (json_is_string(json_array_get(old, i)))
			items[n++] = posture_printf(l.set, "%s", json_string_value(json_array_get(old, i)));
	old = engine_at(engine, "crio|image", "insecure_registries", &layer);
	for (size_t i = 0; i < json_array_size(old) && n < ENGINE_LIST_MAX; i++)
		if (json_is_string(json_array_get(old, i)))
			items[n++] = posture_printf(l.set, "%s", json_string_value(json_array_get(old, i)));
	if (l.problem)
		posture_set_unknown(engine->record, MODEL_F_ENGINE_INSECURE_REGISTRIES, l.problem);
	else
		posture_said(posture_set_texts(engine->record, MODEL_F_ENGINE_INSECURE_REGISTRIES, items, n), POSTURE_FROM_FILE,
			     "registries.conf");
	engine_texts(&l, MODEL_F_ENGINE_SEARCH_REGISTRIES, "", "unqualified-search-registries");
	for (size_t i = 0; i < l.n; i++)
		runtime_file_record(l.set, l.paths[i], "containers-config");
	engine_layers_done(&l);
}

static void policy_read(struct engine_layers *l)
{
	static const char path[] = "/etc/containers/policy.json";
	_cleanup_json_ json_t *doc = NULL;
	struct err err = ERR_INIT;
	const char *type;
	char *text;
	size_t len;
	int r = posture_read(l->set, path, ENGINE_FILE_BYTES_MAX, &text, &len, &err);

	if (r == -ENOENT || r == -ENOTDIR)
		return;                                  /* nothing can be pulled then */
	if (r == 0)
		r = json_parse(text, len, path, &doc, &err);
	if (r < 0) {
		posture_set_unknown(l->record, MODEL_F_ENGINE_VERIFIES_IMAGES, posture_printf(l->set, "%s: %s", path, err.text));
		return;
	}
	type = json_text(json_array_get(json_object_get(doc, "default"), 0), "type", NULL);
	posture_at(posture_said(posture_set_bool(l->record, MODEL_F_ENGINE_VERIFIES_IMAGES,
						 type && strcmp(type, "insecureAcceptAnything") != 0),
				POSTURE_FROM_FILE, "default"),
		   (struct posture_place){ .file = path, .path = "default" });
	runtime_file_record(l->set, path, "containers-config");
}

/* ---- what both have under other tables ---- */

static void caps_read(struct engine_layers *l, const char *table)
{
	size_t layer, n = 0;
	const json_t *list = engine_at(l, table, "default_capabilities", &layer);
	const char *beyond[ENGINE_LIST_MAX], *words[CONTAINER_CAPS];
	size_t n_default = container_caps_words(container_caps_default(), words);

	for (size_t i = 0; i < json_array_size(list) && n < ENGINE_LIST_MAX; i++) {
		const char *name = json_string_value(json_array_get(list, i));
		bool is_default = !name;

		if (name && strncasecmp(name, "CAP_", 4) == 0)
			name += 4;
		for (size_t k = 0; k < n_default && !is_default; k++)
			is_default = strcasecmp(words[k], name) == 0;
		if (is_default)
			continue;
		beyond[n] = posture_printf(l->set, "%s", name);
		for (char *c = (char *)beyond[n]; *c; c++)
			*c = (char)(*c >= 'A' && *c <= 'Z' ? *c + 32 : *c);
		n++;
	}
	if (!list && l->problem)
		posture_set_unknown(l->record, MODEL_F_ENGINE_CAPS_BEYOND_DEFAULT, l->problem);
	else
		engine_said(l, posture_set_texts(l->record, MODEL_F_ENGINE_CAPS_BEYOND_DEFAULT, beyond, n), layer,
			    "default_capabilities");
}

static void profiles_read(struct engine_layers *l, const char *table)
{
	size_t layer;
	const char *seccomp = json_string_value(engine_at(l, table, "seccomp_profile", &layer)), *apparmor;

	if (!seccomp && l->problem)
		posture_set_unknown(l->record, MODEL_F_ENGINE_SECCOMP, l->problem);
	else
		engine_said(l,
			    posture_set_text(l->record, MODEL_F_ENGINE_SECCOMP,
					     !seccomp || !*seccomp || strcmp(seccomp, "/usr/share/containers/seccomp.json") == 0
						     ? "RuntimeDefault"
					     : strcmp(seccomp, "unconfined") == 0 ? "Unconfined"
										  : "Localhost"),
			    layer, "seccomp_profile");
	apparmor = json_string_value(engine_at(l, table, "apparmor_profile", &layer));
	if (!apparmor && l->problem)
		posture_set_unknown(l->record, MODEL_F_ENGINE_APPARMOR_DISABLED, l->problem);
	else
		engine_said(l,
			    posture_set_bool(l->record, MODEL_F_ENGINE_APPARMOR_DISABLED,
					     apparmor && strcmp(apparmor, "unconfined") == 0),
			    layer, "apparmor_profile");
}

static void pids_read(struct engine_layers *l, const char *table, int64_t fallback)
{
	size_t layer;
	const json_t *v = engine_at(l, table, "pids_limit", &layer);
	int64_t limit = json_is_integer(v) ? json_integer_value(v) : fallback;

	if (!v && l->problem)
		posture_set_unknown(l->record, MODEL_F_ENGINE_PIDS_LIMIT, l->problem);
	else
		engine_said(l, limit > 0 ? posture_set_int(l->record, MODEL_F_ENGINE_PIDS_LIMIT, limit) :
			    posture_set_unset(l->record, MODEL_F_ENGINE_PIDS_LIMIT), layer, "pids_limit");
}

/* ---- CRI-O ---- */

static void crio_collect(struct posture_set *set, const struct posture_audit_options *options)
{
	unsigned pid = process_of(set, "crio");
	struct engine_layers l = { 0 };
	const char *listen;
	size_t layer;

	(void)options;
	if (!pid && !is_there(set, "/etc/crio/crio.conf") && !is_there(set, "/etc/crio/crio.conf.d"))
		return;
	engine_record(&l, set, "cri-o", "CRI-O");
	engine_layers_add(&l, "/etc/crio/crio.conf");
	engine_layers_add_dir(&l, "/etc/crio/crio.conf.d", "");
	engine_files_told(&l, "crio-config");
	posture_set_bool(l.record, MODEL_F_ENGINE_RUNNING, pid != 0);
	posture_set_bool(l.record, MODEL_F_ENGINE_HAS_CRI, true);
	if (pid)
		posture_set_uint(l.record, MODEL_F_ENGINE_PID, pid);
	posture_set_texts(l.record, MODEL_F_ENGINE_TCP_ADDRESSES, NULL, 0);      /* its API only listens on a Unix socket */
	listen = json_string_value(engine_at(&l, "crio|api", "listen", &layer));
	runtime_file_record(set, listen && *listen == '/' ? posture_printf(set, "%s", listen) : "/run/crio/crio.sock",
			    "crio-socket");
	engine_text(&l, MODEL_F_ENGINE_STREAMING_ADDRESS, "crio|api", "stream_address", "127.0.0.1");
	engine_bool(&l, MODEL_F_ENGINE_STREAMING_TLS, "crio|api", "stream_enable_tls", false);
	engine_bool(&l, MODEL_F_ENGINE_SELINUX_ENABLED, "crio|runtime", "selinux", false);
	engine_bool(&l, MODEL_F_ENGINE_NO_PIVOT, "crio|runtime", "no_pivot", false);
	engine_texts(&l, MODEL_F_ENGINE_DEFAULT_DEVICES, "crio|runtime", "additional_devices");
	engine_texts(&l, MODEL_F_ENGINE_DEFAULT_MOUNTS, "crio|runtime", "default_mounts");
	profiles_read(&l, "crio|runtime");
	caps_read(&l, "crio|runtime");
	pids_read(&l, "crio|runtime", 0);
	engine_registries_read(&l);
	policy_read(&l);
	engine_layers_done(&l);
}

const struct posture_collector posture_crio = {
	.name = "crio", .layer = MODEL_LAYER_RUNTIME,
	.meaning = "CRI-O: configuration, registries, socket",
	.collect = crio_collect,
};

/* ---- podman ---- */

static void namespaces_read(struct engine_layers *l)
{
	static const char *const keys[] = { "netns", "pidns", "ipcns", "utsns", "cgroupns" };
	const char *items[ARRAY_LEN(keys)];
	size_t n = 0, layer = 0, said = l->n;

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		const char *text = json_string_value(engine_at(l, "containers", keys[i], &layer));

		if (text && strcmp(text, "host") == 0) {
			items[n++] = keys[i];
			said = layer;
		}
	}
	if (l->problem)
		posture_set_unknown(l->record, MODEL_F_ENGINE_HOST_NAMESPACES, l->problem);
	else
		engine_said(l, posture_set_texts(l->record, MODEL_F_ENGINE_HOST_NAMESPACES, items, n), said, n ? items[0] : NULL);
}

/* podman system service [--time N] tcp://0.0.0.0:8888 */
static void service_read(struct engine_layers *l, unsigned pid)
{
	const char *const *argv;
	const char *items[ENGINE_LIST_MAX];
	size_t argc = 0, n = 0;
	struct posture_process_status status;

	if (pid && posture_process_command(l->set, pid, &argv, &argc, NULL) >= 0)
		for (size_t i = 1; i < argc && n < ENGINE_LIST_MAX; i++)
			if (strncmp(argv[i], "tcp://", 6) == 0 || strncmp(argv[i], "tcp:", 4) == 0)
				items[n++] = argv[i];
	posture_said(posture_set_texts(l->record, MODEL_F_ENGINE_TCP_ADDRESSES, items, n), POSTURE_FROM_FLAG,
		     n ? items[0] : NULL);
	posture_set_bool(l->record, MODEL_F_ENGINE_RUNNING, pid != 0);
	if (pid && posture_process_status(l->set, pid, &status, NULL) >= 0) {
		posture_set_uint(l->record, MODEL_F_ENGINE_PID, pid);
		posture_set_uint(l->record, MODEL_F_ENGINE_USER_ID, status.uid);
	}
}

static void podman_collect(struct posture_set *set, const struct posture_audit_options *options)
{
	unsigned pid = process_of(set, "podman");
	struct engine_layers l = { 0 };

	(void)options;
	if (!pid && !is_there(set, "/usr/bin/podman") && !is_there(set, "/etc/containers/containers.conf"))
		return;
	engine_record(&l, set, "podman", "podman");
	engine_layers_add(&l, "/usr/share/containers/containers.conf");
	engine_layers_add(&l, "/etc/containers/containers.conf");
	engine_layers_add_dir(&l, "/etc/containers/containers.conf.d", ".conf");
	engine_files_told(&l, "containers-config");
	runtime_file_record(set, "/run/podman/podman.sock", "podman-socket");
	service_read(&l, pid);
	profiles_read(&l, "containers");
	caps_read(&l, "containers");
	pids_read(&l, "containers", 2048);
	namespaces_read(&l);
	engine_bool(&l, MODEL_F_ENGINE_SELINUX_ENABLED, "containers", "label", true);
	engine_bool(&l, MODEL_F_ENGINE_ENV_HOST, "containers", "env_host", false);
	engine_bool(&l, MODEL_F_ENGINE_NO_PIVOT, "engine", "no_pivot_root", false);
	engine_texts(&l, MODEL_F_ENGINE_DEFAULT_MOUNTS, "containers", "volumes");
	engine_texts(&l, MODEL_F_ENGINE_DEFAULT_DEVICES, "containers", "devices");
	engine_registries_read(&l);
	policy_read(&l);
	engine_layers_done(&l);
}

const struct posture_collector posture_podman = {
	.name = "podman", .layer = MODEL_LAYER_RUNTIME,
	.meaning = "podman: containers.conf, registries.conf, policy.json, its API service and socket",
	.collect = podman_collect,
};
