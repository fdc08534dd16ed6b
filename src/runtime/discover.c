/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stores that are not where they are by default: those of rootless users (/run/user/UID, their homes), and those that
 * the daemons' command lines or settings name. Reads /proc and /etc: at start, in scans and now and then.
 */
#include "base/file.h"
#include "runtime/runtime_internal.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SETTINGS_MAX = 1 << 20, COMMAND_LINE_MAX = 16384, ARGUMENTS_MAX = 256 };

struct discovery { struct runtime_stores *stores; struct arena *arena; char *passwd; };

/* Home directory of a user in the host's passwd. */
static const char *home_of(struct discovery *d, const char *uid)
{
	for (const char *line = d->passwd; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		const char *end = strchrnul(line, '\n'), *field = line;
		const char *at[6] = { NULL };

		for (size_t i = 0; i < 6 && field; i++) {
			at[i] = field;
			field = memchr(field, ':', (size_t)(end - field));
			field = field ? field + 1 : NULL;
		}
		if (at[5] && strncmp(at[2], uid, strlen(uid)) == 0 && at[2][strlen(uid)] == ':' && field)
			return arena_strndup(d->arena, at[5], (size_t)(field - at[5]) - 1);
	}
	return NULL;
}

static void each_user(void *data, const char *name)
{
	struct discovery *d = data;
	uid_t uid = (uid_t)strtoul(name, NULL, 10);
	const char *home;

	if (!isdigit((unsigned char)name[0]) || uid == 0)
		return;
	runtime_stores_add(d->stores, RUNTIME_LAYOUT_RUNC, uid, "/run/user/%u/runc", uid);
	runtime_stores_add(d->stores, RUNTIME_LAYOUT_CRUN, uid, "/run/user/%u/crun", uid);
	runtime_stores_add(d->stores, RUNTIME_LAYOUT_STORAGE, uid, "/run/user/%u/containers", uid);
	runtime_stores_add(d->stores, RUNTIME_LAYOUT_BUNDLES, uid, "/run/user/%u/docker/containerd/daemon", uid);
	runtime_stores_add(d->stores, RUNTIME_LAYOUT_BUNDLES, uid, "/run/user/%u/containerd", uid);
	runtime_stores_add(d->stores, RUNTIME_LAYOUT_RUNC_NAMESPACES, uid, "/run/user/%u/docker/runtime-runc", uid);
	home = home_of(d, name);
	if (!home)
		return;
	runtime_stores_add(d->stores, RUNTIME_LAYOUT_STORAGE, uid, "%s/.local/share/containers/storage", home);
	runtime_stores_add(d->stores, RUNTIME_LAYOUT_DOCKER, uid, "%s/.local/share/docker", home);
	/* containerd-rootless.sh of nerdctl mounts these two over /run/containerd and /var/lib/containerd of its own namespace. */
	runtime_stores_set_data(d->stores, arena_printf(d->arena, "/run/user/%u/containerd", uid),
				arena_printf(d->arena, "%s/.local/share/containerd", home));
}

static char *read_settings(struct discovery *d, const char *path)
{
	char *text;
	size_t len;

	return file_read(runtime_host_path(d->stores, d->arena, path), SETTINGS_MAX, d->arena, &text, &len, NULL) < 0 ? NULL : text;
}

/* `key = "value"` at the start of a line: as much of TOML as these two settings need. */
static const char *toml_value(struct discovery *d, const char *text, const char *key)
{
	size_t n = strlen(key);

	for (const char *line = text; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		const char *p = line + strspn(line, " \t");
		const char *end;

		if (*p == '[' && strncmp(p, "[storage]", 9) != 0)
			return NULL;
		if (strncmp(p, key, n) != 0)
			continue;
		p += n + strspn(p + n, " \t");
		if (*p != '=')
			continue;
		p += 1 + strspn(p + 1, " \t");
		end = *p == '"' || *p == '\'' ? strchr(p + 1, *p) : NULL;
		if (end && end - p < LIMIT_RUNTIME_TEXT_BYTES)
			return arena_strndup(d->arena, p + 1, (size_t)(end - p) - 1);
	}
	return NULL;
}

static void add_docker_settings(struct discovery *d, const char *path)
{
	_cleanup_json_ json_t *doc = NULL;
	char *text = read_settings(d, path);
	const char *data, *exec;

	if (!text || json_parse(text, strlen(text), path, &doc, NULL) < 0)
		return;
	data = json_text(doc, "data-root", NULL) ? json_text(doc, "data-root", NULL) : json_text(doc, "graph", NULL);
	exec = json_text(doc, "exec-root", NULL);
	if (data)
		runtime_stores_add(d->stores, RUNTIME_LAYOUT_DOCKER, 0, "%s", data);
	if (exec) {
		runtime_stores_add(d->stores, RUNTIME_LAYOUT_BUNDLES, 0, "%s/containerd/daemon", exec);
		runtime_stores_add(d->stores, RUNTIME_LAYOUT_RUNC_NAMESPACES, 0, "%s/runtime-runc", exec);
	}
}

/* What neither settings nor command line say is where containerd has it by default. */
static void add_containerd(struct discovery *d, const char *state, const char *data)
{
	if (!state && !data)
		return;
	state = state ? state : "/run/containerd";
	runtime_stores_add(d->stores, RUNTIME_LAYOUT_BUNDLES, 0, "%s", state);
	runtime_stores_add(d->stores, RUNTIME_LAYOUT_RUNC_NAMESPACES, 0, "%s/runc", state);
	runtime_stores_set_data(d->stores, state, data ? data : "/var/lib/containerd");
}

static void add_containerd_settings(struct discovery *d, const char *path)
{
	char *text = read_settings(d, path);

	add_containerd(d, toml_value(d, text, "state"), toml_value(d, text, "root"));
}

static void add_storage_settings(struct discovery *d, const char *path)
{
	char *text = read_settings(d, path);
	const char *graph = toml_value(d, text, "graphroot"), *run = toml_value(d, text, "runroot");

	if (graph)
		runtime_stores_add(d->stores, RUNTIME_LAYOUT_STORAGE, 0, "%s", graph);
	if (run)
		runtime_stores_add(d->stores, RUNTIME_LAYOUT_STORAGE, 0, "%s", run);
}

static const char *value_of(char **argv, size_t argc, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 1; i < argc; i++) {
		if (strncmp(argv[i], name, n) == 0 && argv[i][n] == '=')
			return argv[i] + n + 1;
		if (strcmp(argv[i], name) == 0 && i + 1 < argc)
			return argv[i + 1];
	}
	return NULL;
}

static void learn_dockerd(struct discovery *d, char **argv, size_t argc)
{
	const char *data = value_of(argv, argc, "--data-root"), *exec = value_of(argv, argc, "--exec-root");
	const char *settings = value_of(argv, argc, "--config-file");

	if (data)
		runtime_stores_add(d->stores, RUNTIME_LAYOUT_DOCKER, 0, "%s", data);
	if (exec) {
		runtime_stores_add(d->stores, RUNTIME_LAYOUT_BUNDLES, 0, "%s/containerd/daemon", exec);
		runtime_stores_add(d->stores, RUNTIME_LAYOUT_RUNC_NAMESPACES, 0, "%s/runtime-runc", exec);
	}
	if (settings)
		add_docker_settings(d, settings);
}

static void learn_containerd(struct discovery *d, char **argv, size_t argc)
{
	const char *state = value_of(argv, argc, "--state"), *data = value_of(argv, argc, "--root");
	const char *settings = value_of(argv, argc, "--config");
	char *text;

	settings = settings ? settings : value_of(argv, argc, "-c");
	text = settings && settings[0] == '/' ? read_settings(d, settings) : NULL;
	add_containerd(d, state ? state : toml_value(d, text, "state"), data ? data : toml_value(d, text, "root"));
}

/* conmon -b .../overlay-containers/ID/userdata -r RUNTIME [--runtime-arg --root=DIR] */
static void learn_conmon(struct discovery *d, char **argv, size_t argc, uid_t owner)
{
	const char *bundle = value_of(argv, argc, "-b"), *runtime = value_of(argv, argc, "-r");
	const char *tail = bundle ? strstr(bundle, "-containers/") : NULL;
	const char *slash = tail ? memrchr(bundle, '/', (size_t)(tail - bundle)) : NULL;

	if (slash && slash > bundle)
		runtime_stores_add(d->stores, RUNTIME_LAYOUT_STORAGE, owner, "%.*s", (int)(slash - bundle), bundle);
	for (size_t i = 1; i < argc; i++) {
		const char *arg = strncmp(argv[i], "--runtime-arg=", 14) == 0 ? argv[i] + 14 : argv[i];
		if (strncmp(arg, "--root=/", 8) == 0 && runtime)
			runtime_stores_add(d->stores, strstr(runtime, "crun") ? RUNTIME_LAYOUT_CRUN : RUNTIME_LAYOUT_RUNC, owner, "%s", arg + 7);
	}
}

static uid_t owner_of(struct discovery *d, const char *dir)
{
	char *text, *uid;
	size_t len;

	if (file_read(arena_printf(d->arena, "%s/status", dir), 65536, d->arena, &text, &len, NULL) < 0)
		return (uid_t)-1;
	uid = strstr(text, "\nUid:");
	return uid ? (uid_t)strtoul(uid + 5, NULL, 10) : (uid_t)-1;
}

static void each_process(void *data, const char *name)
{
	struct discovery *d = data;
	const char *dir;
	char *argv[ARGUMENTS_MAX], *text, *comm;
	size_t len, argc;
	uid_t owner;

	if (!isdigit((unsigned char)name[0]))
		return;
	dir = runtime_host_path(d->stores, d->arena, arena_printf(d->arena, "/proc/%s", name));
	if (file_read(arena_printf(d->arena, "%s/comm", dir), 64, d->arena, &comm, &len, NULL) < 0)
		return;
	comm[strcspn(comm, "\n")] = '\0';
	if (strcmp(comm, "dockerd") != 0 && strcmp(comm, "containerd") != 0 && strcmp(comm, "conmon") != 0 && strcmp(comm, "runc") != 0 &&
	    strcmp(comm, "crun") != 0)
		return;
	if (file_read(arena_printf(d->arena, "%s/cmdline", dir), COMMAND_LINE_MAX, d->arena, &text, &len, NULL) < 0)
		return;
	argc = runtime_split_command(text, len, argv, ARGUMENTS_MAX);
	owner = owner_of(d, dir);
	if (owner == (uid_t)-1)
		return;
	if (strcmp(comm, "conmon") == 0)
		learn_conmon(d, argv, argc, owner);
	else if (comm[0] != 'r' && comm[1] != 'r' && owner != 0)
		return;              /* a rootless daemon is known by its user's directories */
	else if (strcmp(comm, "dockerd") == 0)
		learn_dockerd(d, argv, argc);
	else if (strcmp(comm, "containerd") == 0)
		learn_containerd(d, argv, argc);
	else if (value_of(argv, argc, "--root"))
		runtime_stores_add(d->stores, comm[0] == 'c' ? RUNTIME_LAYOUT_CRUN : RUNTIME_LAYOUT_RUNC, owner, "%s", value_of(argv, argc, "--root"));
}

void runtime_stores_discover(struct runtime_stores *stores)
{
	struct arena arena;
	struct discovery d = { .stores = stores, .arena = &arena };
	int fd;

	arena_init(&arena, LIMIT_RUNTIME_SCRATCH_BYTES);
	add_docker_settings(&d, "/etc/docker/daemon.json");
	add_containerd_settings(&d, "/etc/containerd/config.toml");
	add_storage_settings(&d, "/etc/containers/storage.conf");
	d.passwd = read_settings(&d, "/etc/passwd");
	fd = runtime_open_dir(stores, "/run/user");
	if (fd >= 0)
		runtime_each_entry(fd, each_user, &d);
	fd_close_at(&fd);
	fd = runtime_open_dir(stores, "/proc");
	if (fd >= 0)
		runtime_each_entry(fd, each_process, &d);
	fd_close_at(&fd);
	arena_done(&arena);
}
