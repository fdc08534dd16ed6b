/* SPDX-License-Identifier: Apache-2.0 */
/*
 * containerd: docs/man/containerd-config.toml.5.md, docs/cri/config.md, docs/hosts.md of containerd 1.6 and 2.0. The CRI plugin
 * is called "cri" in version 1 of the file, "io.containerd.grpc.v1.cri" in 2, and two plugins, io.containerd.cri.v1.runtime and
 * .images, in 3.
 */
#include "posture/engines/engines.h"

#include "base/toml.h"
#include "posture/docker/docker.h"
#include "posture/process.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DAEMONS_MAX = 32 };

struct found { struct posture_set *set; unsigned pids[DAEMONS_MAX]; size_t n; };

static void each_process(void *data, unsigned pid, const char *comm)
{
	struct found *f = data;

	if (strcmp(comm, "containerd") == 0 && f->n < DAEMONS_MAX)
		f->pids[f->n++] = pid;
}

static const char *flag(const char *const *argv, size_t argc, const char *name, const char *letter)
{
	size_t len = strlen(name);

	for (size_t i = 1; i < argc; i++) {
		if (strncmp(argv[i], name, len) == 0 && argv[i][len] == '=')
			return argv[i] + len + 1;
		if ((strcmp(argv[i], name) == 0 || (letter && strcmp(argv[i], letter) == 0)) && i + 1 < argc)
			return argv[i + 1];
	}
	return NULL;
}

/* imports = [...]: names, or patterns with a star at the beginning of their last part ("conf.d/" and all that ends in .toml).
 * Imported files win. */
static void imports_add(struct engine_layers *l)
{
	size_t layer;
	const json_t *imports = engine_at(l, "", "imports", &layer);

	for (size_t i = 0; i < json_array_size(imports); i++) {
		const char *pattern = json_string_value(json_array_get(imports, i)), *star = pattern ? strchr(pattern, '*') : NULL;
		const char *slash = pattern ? strrchr(pattern, '/') : NULL;

		if (!pattern || pattern[0] != '/')
			continue;
		if (!star)
			engine_layers_add(l, pattern);
		else if (slash && star == slash + 1)
			engine_layers_add_dir(l, posture_printf(l->set, "%.*s", (int)(slash - pattern), pattern), star + 1);
	}
}

/* ---- registries ---- */

static size_t insecure_of_configs(struct engine_layers *l, const char *table, const char **items, size_t n)
{
	size_t layer;
	json_t *configs = (json_t *)engine_at(l, table, "configs", &layer),
	       *mirrors = (json_t *)engine_at(l, table, "mirrors", &layer), *entry;
	const char *host;

	json_object_foreach(configs, host, entry)
		if (json_is_true(json_at(entry, "tls", "insecure_skip_verify", NULL)) && n < ENGINE_LIST_MAX)
			items[n++] = posture_printf(l->set, "%s", host);
	json_object_foreach(mirrors, host, entry) {
		const json_t *endpoints = json_object_get(entry, "endpoint");

		for (size_t i = 0; i < json_array_size(endpoints) && n < ENGINE_LIST_MAX; i++) {
			const char *text = json_string_value(json_array_get(endpoints, i));
			if (text && strncmp(text, "http://", 7) == 0)
				items[n++] = posture_printf(l->set, "%s", text);
		}
	}
	return n;
}

/* CONFIG_PATH/HOST/hosts.toml: server = "http://...", [host."..."] skip_verify = true */
static size_t insecure_of_hosts(struct engine_layers *l, const char *path, const char *name, const char **items, size_t n)
{
	struct engine_layers file = { .set = l->set, .record = l->record };
	const char *server, *host;
	json_t *entry, *hosts;
	size_t layer;

	engine_layers_add(&file, path);
	if (!file.n)
		return n;
	server = json_string_value(engine_at(&file, "", "server", &layer));
	if (((server && strncmp(server, "http://", 7) == 0) || json_is_true(engine_at(&file, "", "skip_verify", &layer))) &&
	    n < ENGINE_LIST_MAX)
		items[n++] = posture_printf(l->set, "%s", server ? server : name);
	hosts = (json_t *)engine_at(&file, "", "host", &layer);
	json_object_foreach(hosts, host, entry)
		if ((json_is_true(json_object_get(entry, "skip_verify")) || strncmp(host, "http://", 7) == 0) && n < ENGINE_LIST_MAX)
			items[n++] = posture_printf(l->set, "%s", host);
	engine_layers_done(&file);
	return n;
}

static size_t insecure_of_path(struct engine_layers *l, const char *config_path, const char **items, size_t n)
{
	int fd = posture_open(l->set, config_path, O_RDONLY | O_DIRECTORY);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;
	unsigned seen = 0;

	if (!dir)
		fd_close_at(&fd);
	while (dir && (entry = readdir(dir)) && seen++ < ENGINE_DIRECTORIES_MAX)
		if (entry->d_name[0] != '.')
			n = insecure_of_hosts(l, posture_printf(l->set, "%s/%s/hosts.toml", config_path, entry->d_name),
					      entry->d_name, items, n);
	if (dir)
		closedir(dir);
	return n;
}

static void registries_read(struct engine_layers *l, const char *table)
{
	const char *items[ENGINE_LIST_MAX], *path, *colon;
	size_t n = insecure_of_configs(l, table, items, 0), layer;

	path = json_string_value(engine_at(l, table, "config_path", &layer));
	while (path && *path) {                          /* directories, separated by colons */
		colon = strchrnul(path, ':');
		n = insecure_of_path(l, posture_printf(l->set, "%.*s", (int)(colon - path), path), items, n);
		path = *colon ? colon + 1 : NULL;
	}
	if (l->problem)
		posture_set_unknown(l->record, MODEL_F_ENGINE_INSECURE_REGISTRIES, l->problem);
	else
		posture_set_texts(l->record, MODEL_F_ENGINE_INSECURE_REGISTRIES, items, n);
}

/* ---- the CRI plugin ---- */

static const char *joined(struct engine_layers *l, const char *table, const char *more)
{
	return posture_printf(l->set, "%s|%s", table, more);
}

/* Does some runtime say so? */
static bool a_runtime_says(struct engine_layers *l, const char *table, const char *key, const char *below, bool expected,
			   size_t *ret_layer)
{
	json_t *runtimes = (json_t *)engine_at(l, joined(l, table, "containerd"), "runtimes", ret_layer), *runtime;
	const char *name;

	json_object_foreach(runtimes, name, runtime) {
		const json_t *v = below ? json_at(runtime, below, key, NULL) : json_object_get(runtime, key);

		if (json_is_boolean(v) && json_is_true(v) == expected)
			return true;
	}
	return false;
}

static void seccomp_read(struct engine_layers *l, const char *table)
{
	size_t layer;
	const char *profile = json_string_value(engine_at(l, table, "unset_seccomp_profile", &layer));

	if (!profile && l->problem)
		posture_set_unknown(l->record, MODEL_F_ENGINE_SECCOMP, l->problem);
	else
		engine_said(l,
			    posture_set_text(l->record, MODEL_F_ENGINE_SECCOMP,
					     !profile || !*profile || strcmp(profile, "unconfined") == 0 ? "Unconfined"
					     : strcmp(profile, "runtime/default") == 0			 ? "RuntimeDefault"
													 : "Localhost"),
			    layer, "unset_seccomp_profile");
}

static void streaming_read(struct engine_layers *l, const char *table, uint64_t version)
{
	/* version 3 moved the server into a plugin of its own; CRI still reads the old names */
	size_t layer;
	const char *where = version >= 3 && engine_at(l, "plugins|io.containerd.grpc.v1.cri", "stream_server_address", &layer) ?
		"plugins|io.containerd.grpc.v1.cri" : table;

	engine_text(l, MODEL_F_ENGINE_STREAMING_ADDRESS, where, "stream_server_address", "127.0.0.1");
	engine_bool(l, MODEL_F_ENGINE_STREAMING_TLS, where, "enable_tls_streaming", false);
}

static void cri_read(struct engine_layers *l, uint64_t version)
{
	const char *table = version >= 3   ? "plugins|io.containerd.cri.v1.runtime"
			    : version == 2 ? "plugins|io.containerd.grpc.v1.cri"
					   : "plugins|cri";
	const char *images = version >= 3 ? "plugins|io.containerd.cri.v1.images|registry" : joined(l, table, "registry");
	size_t layer;
	bool no_pivot;

	seccomp_read(l, table);
	engine_bool(l, MODEL_F_ENGINE_APPARMOR_DISABLED, table, "disable_apparmor", false);
	engine_bool(l, MODEL_F_ENGINE_SELINUX_ENABLED, table, "enable_selinux", false);
	streaming_read(l, table, version);
	registries_read(l, images);
	if (l->problem)
		return;
	no_pivot = a_runtime_says(l, table, "NoPivotRoot", "options", true, &layer) ||
		   json_is_true(engine_at(l, joined(l, table, "containerd"), "no_pivot", &layer));
	posture_set_bool(l->record, MODEL_F_ENGINE_NO_PIVOT, no_pivot);
	posture_set_bool(l->record, MODEL_F_ENGINE_PRIVILEGED_DEVICES,
			 !a_runtime_says(l, table, "privileged_without_host_devices", NULL, true, &layer));
}

static bool has_cri(struct engine_layers *l)
{
	size_t layer;
	const json_t *disabled = engine_at(l, "", "disabled_plugins", &layer);

	for (size_t i = 0; i < json_array_size(disabled); i++) {
		const char *name = json_string_value(json_array_get(disabled, i));
		if (name && (strcmp(name, "cri") == 0 || strstr(name, "v1.cri") || strstr(name, "cri.v1")))
			return false;
	}
	return true;
}

static void daemon_read(struct posture_set *set, unsigned pid, const char *const *argv, size_t argc)
{
	struct engine_layers l = { 0 };
	const char *config = argc ? flag(argv, argc, "--config", "-c") : NULL, *address, *items[1];
	uint64_t version;
	size_t layer;
	const json_t *v;

	config = config ? config : "/etc/containerd/config.toml";
	engine_record(&l, set, "containerd", "containerd");
	engine_layers_add(&l, config);
	imports_add(&l);
	engine_files_told(&l, "containerd-config");
	posture_set_bool(l.record, MODEL_F_ENGINE_RUNNING, pid != 0);
	v = engine_at(&l, "", "version", &layer);
	version = json_is_integer(v) && json_integer_value(v) > 0 ? (uint64_t)json_integer_value(v) : l.n ? 1 : 2;
	engine_said(&l, posture_set_uint(l.record, MODEL_F_ENGINE_CONFIG_VERSION, version), layer, "version");
	address = argc ? flag(argv, argc, "--address", "-a") : NULL;
	if (!address)
		address = json_string_value(engine_at(&l, "grpc", "address", &layer));
	address = posture_printf(set, "%s", address && *address ? address : "/run/containerd/containerd.sock");
	if (*address == '/')
		runtime_file_record(set, address, "containerd-socket");
	if (pid)
		l.record->name = posture_printf(set, "containerd at %s", address);
	items[0] = json_string_value(engine_at(&l, "grpc", "tcp_address", &layer));
	items[0] = items[0] && *items[0] ? posture_printf(set, "%s", items[0]) : NULL;
	if (l.problem)
		posture_set_unknown(l.record, MODEL_F_ENGINE_TCP_ADDRESSES, l.problem);
	else
		engine_said(&l, posture_set_texts(l.record, MODEL_F_ENGINE_TCP_ADDRESSES, items, items[0] ? 1 : 0), layer,
			    "grpc.tcp_address");
	engine_text(&l, MODEL_F_ENGINE_METRICS_ADDRESS, "metrics", "address", NULL);
	if (l.problem)
		posture_set_unknown(l.record, MODEL_F_ENGINE_HAS_CRI, l.problem);
	else
		posture_set_bool(l.record, MODEL_F_ENGINE_HAS_CRI, has_cri(&l));
	cri_read(&l, version);
	if (pid)
		posture_set_uint(l.record, MODEL_F_ENGINE_PID, pid);
	engine_layers_done(&l);
}

static bool is_there(struct posture_set *set, const char *path)
{
	_cleanup_close_ int fd = posture_open(set, path, O_PATH);

	return fd >= 0;
}

static void collect(struct posture_set *set, const struct posture_audit_options *options)
{
	struct found f = { .set = set };
	const char *const *argv;
	size_t argc, n = 0;

	(void)options;
	posture_processes(set, each_process, &f);
	for (size_t i = 0; i < f.n; i++)
		if (posture_process_command(set, f.pids[i], &argv, &argc, NULL) >= 0) {
			daemon_read(set, f.pids[i], argv, argc);
			n++;
		}
	if (n == 0 && (is_there(set, "/etc/containerd/config.toml") || is_there(set, "/usr/bin/containerd")))
		daemon_read(set, 0, NULL, 0);
}

const struct posture_collector posture_containerd = {
	.name = "containerd", .layer = MODEL_LAYER_RUNTIME,
	.meaning = "containerd: configuration of versions 1 to 3, registries, sockets",
	.collect = collect,
};
