/* SPDX-License-Identifier: Apache-2.0 */
/* Finding components: processes by their program's name, static pods by the command of their containers. */
#include "posture/node/component.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const names[] = {
	"kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy", "etcd", NULL,
};

static const char manifests[] = "/etc/kubernetes/manifests";

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static const char *known_name(const char *program)
{
	for (const char *const *n = names; *n; n++)
		if (strcmp(base_of(program), *n) == 0)
			return *n;
	return NULL;
}

const char *node_path(struct posture_set *set, const struct node_component *c, const char *path)
{
	return *c->root ? posture_printf(set, "%s%s%s", c->root, *path == '/' ? "" : "/", path) : path;
}

/* ---- processes ---- */

static void split(struct posture_set *set, struct node_component *c, char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len && n < NODE_ARGS_MAX; i += strlen(text + i) + 1)
		n++;
	c->words = posture_alloc(set, (n + 1) * sizeof(*c->words));
	for (size_t i = 0; c->words && c->n_words < n; i += strlen(text + i) + 1)
		c->words[c->n_words++].text = text + i;
}

static bool read_process(struct posture_set *set, const char *pid, struct node_component *c)
{
	const char *dir = posture_printf(set, "/proc/%s", pid), *root = posture_printf(set, "%s/root", dir);
	struct err err = ERR_INIT;
	_cleanup_close_ int fd = -1;
	size_t len;
	char *text;

	if (posture_read(set, posture_printf(set, "%s/cmdline", dir), 1 << 20, &text, &len, NULL) < 0 || !len)
		return false;
	*c = (struct node_component){ .name = known_name(text), .root = "" };
	if (!c->name)
		return false;
	c->pid = (unsigned)strtoul(pid, NULL, 10);
	fd = posture_open(set, root, O_PATH | O_DIRECTORY);
	if (fd >= 0)
		c->root = root;
	split(set, c, text, len);
	if (posture_read(set, posture_printf(set, "%s/environ", dir), 1 << 20, &text, &len, &err) >= 0)
		c->environment = text;
	else
		c->environment_error = posture_printf(set, "%s", err.text);
	return true;
}

static int is_number(const struct dirent *d)
{
	return d->d_name[0] >= '1' && d->d_name[0] <= '9' && strspn(d->d_name, "0123456789") == strlen(d->d_name);
}

static int by_number(const struct dirent **a, const struct dirent **b)
{
	unsigned long x = strtoul((*a)->d_name, NULL, 10), y = strtoul((*b)->d_name, NULL, 10);

	return x < y ? -1 : x > y;
}

static int list_dir(const struct posture_set *set, const char *path, int (*wanted)(const struct dirent *),
		    int (*order)(const struct dirent **, const struct dirent **), struct dirent ***ret_names)
{
	_cleanup_close_ int fd = posture_open(set, path, O_RDONLY | O_DIRECTORY);

	return fd < 0 ? fd : scandirat(fd, ".", ret_names, wanted, order);
}

static size_t find_processes(struct posture_set *set, struct node_component *components, size_t max)
{
	struct dirent **pids;
	int n = list_dir(set, "/proc", is_number, by_number, &pids);
	size_t n_found = 0;

	for (int i = 0; i < n; i++) {
		struct arena_mark mark = arena_mark(&set->arena);

		if (n_found < max && read_process(set, pids[i]->d_name, &components[n_found]))
			n_found++;
		else
			arena_rewind(&set->arena, mark);   /* other people's command lines */
		free(pids[i]);
	}
	if (n >= 0)
		free(pids);
	return n_found;
}

/* ---- static pods ---- */

static void add_words(struct posture_set *set, struct node_component *c, const struct yaml_node *list, const char *file)
{
	struct node_word *more;

	if (!list || list->kind != YAML_SEQUENCE || c->n_words + list->n > NODE_ARGS_MAX)
		return;
	more = posture_alloc(set, (c->n_words + list->n + 1) * sizeof(*more));
	if (!more)
		return;
	if (c->n_words)
		memcpy(more, c->words, c->n_words * sizeof(*more));
	c->words = more;
	for (size_t i = 0; i < list->n; i++)
		if (yaml_text(list->items[i]))
			more[c->n_words++] = (struct node_word){ yaml_text(list->items[i]), { .file = file, .line = list->items[i]->line,
								 .column = list->items[i]->column } };
}

bool node_component_of_container(struct posture_set *set, const struct yaml_node *container, const char *path,
				 struct node_component *ret_component)
{
	struct node_component c = { .root = "", .manifest = path };

	add_words(set, &c, yaml_get(container, "command"), path);
	add_words(set, &c, yaml_get(container, "args"), path);
	c.name = c.n_words ? known_name(c.words[0].text) : NULL;
	c.environment = "\0";
	if (c.name)
		*ret_component = c;
	return c.name;
}

/* The manifest of a component that runs tells only where it is written; of one that does not, everything. */
static size_t add_manifest(struct posture_set *set, struct node_component *components, size_t n, size_t max, const char *path,
			   const struct yaml_node *container)
{
	struct node_component c;

	if (!node_component_of_container(set, container, path, &c))
		return n;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(components[i].name, c.name) != 0 || components[i].manifest)
			continue;
		components[i].manifest = path;
		return n;
	}
	if (n < max)
		components[n++] = c;
	return n;
}

static size_t read_manifest(struct posture_set *set, const char *path, struct node_component *components, size_t n, size_t max)
{
	const struct yaml_node *containers;
	struct err err = ERR_INIT;
	struct yaml_file *file;
	size_t len;
	char *text;

	if (posture_read(set, path, NODE_FILE_BYTES_MAX, &text, &len, &err) < 0 ||
	    yaml_parse(&set->arena, text, len, path, &file, &err) < 0) {
		posture_problem(set, MODEL_LAYER_ORCHESTRATOR, (struct posture_place){ .file = path, .line = err.line, .column = err.column },
				"%s", err.text);
		return n;
	}
	for (size_t d = 0; d < file->n_docs; d++) {
		containers = yaml_get(yaml_get(file->docs[d], "spec"), "containers");
		for (size_t i = 0; containers && containers->kind == YAML_SEQUENCE && i < containers->n; i++)
			n = add_manifest(set, components, n, max, path, containers->items[i]);
	}
	return n;
}

static int is_manifest(const struct dirent *d)
{
	const char *dot = strrchr(d->d_name, '.');

	return d->d_name[0] != '.' && dot && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0 || strcmp(dot, ".json") == 0);
}

static size_t find_manifests(struct posture_set *set, struct node_component *components, size_t n, size_t max)
{
	struct dirent **files;
	int n_files = list_dir(set, manifests, is_manifest, alphasort, &files);

	for (int i = 0; i < n_files; i++) {
		n = read_manifest(set, posture_printf(set, "%s/%s", manifests, files[i]->d_name), components, n, max);
		free(files[i]);
	}
	if (n_files >= 0)
		free(files);
	else if (n_files != -ENOENT && n_files != -ENOTDIR)
		posture_problem(set, MODEL_LAYER_ORCHESTRATOR, (struct posture_place){ .file = manifests }, "not read: %s", strerror(-n_files));
	return n;
}

/* ---- configuration files ---- */

static void read_config(struct posture_set *set, struct node_component *c, const char *path)
{
	const char *full = node_path(set, c, path);
	struct err err = ERR_INIT;
	struct yaml_file *file;
	size_t len;
	char *text;

	if (posture_read(set, full, NODE_FILE_BYTES_MAX, &text, &len, &err) < 0 || yaml_parse(&set->arena, text, len, path, &file, &err) < 0) {
		c->config_error = posture_printf(set, "%s", err.text);
		posture_problem(set, MODEL_LAYER_ORCHESTRATOR, (struct posture_place){ .file = path, .line = err.line, .column = err.column },
				"%s", err.text);
		return;
	}
	if (file->n_docs && c->n_configs < ARRAY_LEN(c->configs))
		c->configs[c->n_configs++] = (struct node_config){ file->docs[0], path };
}

static int is_drop_in(const struct dirent *d)
{
	const char *dot = strrchr(d->d_name, '.');

	return dot && strcmp(dot, ".conf") == 0;
}

/* KEP-3983: *.conf of --config-dir in name order, over the file of --config. */
static void read_drop_ins(struct posture_set *set, struct node_component *c, const char *dir)
{
	struct dirent **files;
	int n = list_dir(set, node_path(set, c, dir), is_drop_in, alphasort, &files);

	for (int i = 0; i < n; i++) {
		read_config(set, c, posture_printf(set, "%s/%s", dir, files[i]->d_name));
		free(files[i]);
	}
	if (n >= 0)
		free(files);
}

static void read_configs(struct posture_set *set, struct node_component *c)
{
	const char *path = NULL, *dir = NULL;
	bool is_etcd = strcmp(c->name, "etcd") == 0;

	node_flag(c, is_etcd ? "config-file" : "config", &path);
	if (path && *path) {
		c->config_path = path;
		read_config(set, c, path);
	}
	if (!is_etcd && node_flag(c, "config-dir", &dir) && *dir)
		read_drop_ins(set, c, dir);
}

size_t node_components_find(struct posture_set *set, struct node_component *components, size_t max)
{
	size_t n = find_processes(set, components, max);

	n = find_manifests(set, components, n, max);
	for (size_t i = 0; i < n; i++)
		read_configs(set, &components[i]);
	return n;
}
