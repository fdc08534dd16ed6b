/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container whose cgroup is there but whose state is not yet: runc and crun on their own write it after they made
 * the cgroup. The runtime's process is still at work then, and its command line names the container and the bundle:
 *     runc [--root DIR] create|run [--bundle DIR] ID         (bundle: its working directory when not given)
 */
#include "base/file.h"
#include "runtime/runtime_internal.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COMMAND_LINE_MAX = 16384, ARGUMENTS_MAX = 64 };

/* Options of the two that take a value in the next argument; the last operand is the id. */
static const char *const value_options[] = {
	"--log", "--log-format", "--root", "--criu", "--rootless", "--bundle", "-b", "--console-socket", "--pid-file",
	"--preserve-fds", "--cgroup-manager", "--config", "-f",
};

static const char *option_value(char **argv, size_t argc, const char *name, const char *letter)
{
	size_t n = strlen(name);

	for (size_t i = 1; i < argc; i++) {
		if (strncmp(argv[i], name, n) == 0 && argv[i][n] == '=')
			return argv[i] + n + 1;
		if ((strcmp(argv[i], name) == 0 || (letter && strcmp(argv[i], letter) == 0)) && i + 1 < argc)
			return argv[i + 1];
	}
	return NULL;
}

static bool takes_value(const char *option)
{
	for (size_t i = 0; i < ARRAY_LEN(value_options); i++)
		if (strcmp(option, value_options[i]) == 0)
			return true;
	return false;
}

/* The container that "runtime ... create|run ... ID" makes; NULL when this is not such a command. */
static const char *container_of_command(char **argv, size_t argc)
{
	const char *id = NULL;
	bool is_command = false;

	for (size_t i = 1; i < argc; i++) {
		if (argv[i][0] == '-') {
			i += takes_value(argv[i]);
		} else if (!is_command) {
			if (strcmp(argv[i], "create") != 0 && strcmp(argv[i], "run") != 0)
				return NULL;
			is_command = true;
		} else {
			id = argv[i];
		}
	}
	return id;
}

size_t runtime_split_command(char *text, size_t len, char **ret_argv, size_t max)
{
	size_t n = 0;

	for (size_t at = 0; at < len && n < max; at += strlen(text + at) + 1)
		ret_argv[n++] = text + at;
	return n;
}

struct starting { struct runtime_stores *stores; const char *path; struct runtime_facts *facts; bool is_found, any; };

static bool path_names(const char *path, const char *id)
{
	const char *last = strrchr(path, '/');
	char cut[LIMIT_RUNTIME_ID_BYTES + 1];

	last = last ? last + 1 : path;
	return strcmp(last, id) == 0 || (runtime_component_id(last, strlen(last), cut) && strcmp(cut, id) == 0);
}

static const char *bundle_of(struct starting *s, const char *proc_dir, char **argv, size_t argc)
{
	struct arena *arena = s->facts->arena;
	const char *bundle = option_value(argv, argc, "--bundle", "-b");
	char cwd[LIMIT_RUNTIME_TEXT_BYTES];
	ssize_t n;

	if (bundle && bundle[0] == '/')
		return runtime_facts_text(s->facts, bundle);
	n = readlink(arena_printf(arena, "%s/cwd", proc_dir), cwd, sizeof(cwd) - 1);
	if (n <= 0)
		return NULL;
	cwd[n] = '\0';
	return bundle && strcmp(bundle, ".") != 0 ? arena_printf(arena, "%s/%s", cwd, bundle) : arena_strdup(arena, cwd);
}

static bool try_command(struct starting *s, const char *proc_dir, char **argv, size_t argc)
{
	struct runtime_facts *facts = s->facts;
	const char *id = container_of_command(argv, argc), *root = option_value(argv, argc, "--root", NULL);
	const char *base = argc ? strrchr(argv[0], '/') : NULL;
	_cleanup_close_ int fd = -1;
	struct stat st = { 0 };
	char *text;
	size_t len;

	if (!id || !runtime_id_is_valid(id))
		return false;
	facts->c.id = runtime_facts_text(facts, id);
	facts->c.bundle = bundle_of(s, proc_dir, argv, argc);
	fd = facts->c.bundle ? runtime_open_dir(s->stores, facts->c.bundle) : -1;
	/* Only a user's own files speak for what that user's runtime does. */
	if (fd < 0 || stat(proc_dir, &st) < 0 ||
	    runtime_read_below(fd, "config.json", LIMIT_RUNTIME_FILE_BYTES, st.st_uid, facts->arena, &text, &len, NULL) < 0 ||
	    runtime_parse_oci(text, len, facts->c.bundle, facts, NULL) < 0)
		return false;
	facts->owner = st.st_uid;
	if (facts->cgroups_path ? !runtime_cgroup_fits(NULL, 0, facts->cgroups_path, id, facts->owner != 0, s->path) : !path_names(s->path, id))
		return false;
	if (root && root[0] == '/')
		runtime_stores_add(s->stores, base && strstr(base, "crun") ? RUNTIME_LAYOUT_CRUN : RUNTIME_LAYOUT_RUNC, st.st_uid, "%s", root);
	facts->is_known = true;
	runtime_facts_finish(s->stores, facts, s->path);
	return true;
}

bool runtime_is_oci_runtime(const char *comm)
{
	return strcmp(comm, "runc\n") == 0 || strcmp(comm, "crun\n") == 0;
}

static void each_process(void *data, const char *name)
{
	struct starting *s = data;
	struct arena *arena = s->facts->arena;
	const char *dir;
	char *argv[ARGUMENTS_MAX], *text;
	size_t len;

	if (s->is_found || !isdigit((unsigned char)name[0]))
		return;
	dir = runtime_host_path(s->stores, arena, arena_printf(arena, "/proc/%s", name));
	if (file_read(arena_printf(arena, "%s/comm", dir), 64, arena, &text, &len, NULL) < 0 || !runtime_is_oci_runtime(text))
		return;
	s->any = true;
	if (file_read(arena_printf(arena, "%s/cmdline", dir), COMMAND_LINE_MAX, arena, &text, &len, NULL) < 0)
		return;
	runtime_facts_init(s->facts, arena);
	s->is_found = try_command(s, dir, argv, runtime_split_command(text, len, argv, ARGUMENTS_MAX));
}

bool runtime_collect_starting(struct runtime_stores *stores, const char *path, struct runtime_facts *facts, bool *ret_any)
{
	struct starting s = { stores, path, facts, false, false };
	_cleanup_close_ int fd = runtime_open_dir(stores, "/proc");

	if (fd >= 0)
		runtime_each_entry(fd, each_process, &s);
	*ret_any = s.any;
	return s.is_found;
}
