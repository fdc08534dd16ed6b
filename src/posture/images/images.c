/* SPDX-License-Identifier: Apache-2.0 */
/* Where images are: Docker's stores of this machine, files and directories that are linted. */
#include "posture/images/images.h"

#include "base/json.h"
#include "base/file.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct image_options options = { .wants = images_wants };

/* ---- audit ---- */

enum { ROOTS_MAX = 16, SETTINGS_MAX = 1 << 20, COMMAND_LINE_MAX = 64 * 1024 };
struct roots { const char *at[ROOTS_MAX]; size_t n; };

static void add_root(struct roots *roots, const char *path)
{
	if (!path || path[0] != '/')
		return;
	for (size_t i = 0; i < roots->n; i++)
		if (strcmp(roots->at[i], path) == 0)
			return;
	if (roots->n < ROOTS_MAX)
		roots->at[roots->n++] = path;
}

static const char *root_in_settings(struct posture_set *set, const char *path)
{
	_cleanup_json_ json_t *doc = NULL;
	const char *root;
	char *text;
	size_t len;

	if (posture_read(set, path, SETTINGS_MAX, &text, &len, NULL) < 0 || json_parse(text, len, path, &doc, NULL) < 0)
		return NULL;
	root = json_text(doc, "data-root", NULL) ? json_text(doc, "data-root", NULL) : json_text(doc, "graph", NULL);
	return root ? posture_printf(set, "%s", root) : NULL;
}

/* The value of an option in a command line of words that end in NUL. */
static const char *option(const char *words, size_t len, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = words; p < words + len; p += strlen(p) + 1) {
		if (strncmp(p, name, n) == 0 && p[n] == '=')
			return p + n + 1;
		if (strcmp(p, name) == 0 && p + n + 1 < words + len)
			return p + n + 1;
	}
	return NULL;
}

/* A daemon that root started: others are not believed where root should look. */
static void learn_process(struct posture_set *set, const char *pid, struct roots *roots)
{
	const char *root, *settings;
	_cleanup_close_ int fd = -1;
	char *text;
	struct stat st;
	size_t len;

	if (posture_read(set, posture_printf(set, "/proc/%s/comm", pid), 64, &text, &len, NULL) < 0 || strcmp(text, "dockerd\n") != 0)
		return;
	fd = posture_open(set, posture_printf(set, "/proc/%s/cmdline", pid), O_RDONLY);
	if (fd < 0 || fstat(fd, &st) < 0 || st.st_uid != 0 ||
	    file_read_fd(fd, "cmdline", COMMAND_LINE_MAX, &set->arena, &text, &len, NULL) < 0)
		return;
	root = option(text, len, "--data-root");
	root = root ? root : option(text, len, "-g");
	settings = option(text, len, "--config-file");
	add_root(roots, root ? root : settings ? root_in_settings(set, settings) : NULL);
}

static void find_roots(struct posture_set *set, struct roots *roots)
{
	int fd = posture_open(set, "/proc", O_RDONLY | O_DIRECTORY);
	DIR *proc = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *e;
	struct arena_mark mark;
	size_t before;

	add_root(roots, "/var/lib/docker");
	add_root(roots, root_in_settings(set, "/etc/docker/daemon.json"));
	while (proc && (e = readdir(proc))) {
		mark = arena_mark(&set->arena);
		before = roots->n;
		if (isdigit((unsigned char)e->d_name[0]))
			learn_process(set, e->d_name, roots);
		if (roots->n == before)
			arena_rewind(&set->arena, mark);
	}
	if (proc)
		closedir(proc);
	else if (fd >= 0)
		close(fd);
}

static void collect_root(struct posture_set *set, const char *path)
{
	struct posture_place place = { .file = path };
	int fd = posture_open(set, path, O_RDONLY | O_DIRECTORY), r;
	struct image_source *source = NULL;
	struct err err = ERR_INIT;

	if (fd == -ENOENT || fd == -ENOTDIR)
		return;
	r = fd < 0 ? err_set_os(&err, fd, "open %s", path) : image_source_open_docker(fd, path, &options, &source, &err);
	if (r == -ENOENT)
		return;
	if (r < 0) {
		posture_problem(set, MODEL_LAYER_IMAGES, place, "images are not read: %s", err.text);
		return;
	}
	images_records(set, source, place);
	image_source_free(source);
}

static void collect(struct posture_set *set, const struct posture_audit_options *audit)
{
	struct roots roots = { 0 };

	find_roots(set, &roots);
	for (size_t i = 0; i < roots.n; i++)
		collect_root(set, roots.at[i]);
}

const struct posture_collector images_collector = {
	.name = "images",
	.layer = MODEL_LAYER_IMAGES,
	.meaning = "images in the stores of this machine's Docker daemons: configuration, history, files of all layers",
	.collect = collect,
};

/* ---- lint ---- */

static bool may_hold_images(int fd, const char *path, bool was_named)
{
	size_t len = strlen(path);
	char head[512];
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) < 0)
		return false;
	if (S_ISDIR(st.st_mode))
		return faccessat(fd, "index.json", F_OK, 0) == 0 && (faccessat(fd, "oci-layout", F_OK, 0) == 0 || faccessat(fd, "blobs", F_OK, 0) == 0);
	if (!S_ISREG(st.st_mode) || (!was_named && (len < 4 || strcmp(path + len - 4, ".tar") != 0)))
		return false;
	n = pread(fd, head, sizeof(head), 0);
	return n > 0 && image_may_be_archive(head, (size_t)n);
}

static bool open_images(struct posture_set *set, const char *path, int fd, bool was_named)
{
	struct posture_place place = { .file = path };
	struct image_source *source;
	struct err err = ERR_INIT;
	int copy, r;

	if (!may_hold_images(fd, path, was_named))
		return false;
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	r = copy < 0 ? err_set_os(&err, -errno, "open %s", path) : image_source_open_fd(copy, path, &options, &source, &err);
	if (r == -EINVAL && !was_named)
		return false;            /* a tar of something else */
	if (r < 0) {
		posture_problem(set, MODEL_LAYER_IMAGES, place, "%s", err.text);
		return true;
	}
	images_records(set, source, place);
	image_source_free(source);
	return true;
}

static bool is_mine(struct posture_set *set, struct posture_file *file)
{
	return false;
}

static void read_text(struct posture_set *set, struct posture_file *file)
{
	posture_problem(set, MODEL_LAYER_IMAGES, (struct posture_place){ .file = file->path },
			"expected an archive of docker save or an OCI layout");
}

const struct posture_reader images_reader = {
	.name = "image",
	.meaning = "archives of docker save (.tar, when named also compressed) and OCI layouts",
	.open = open_images,
	.is_mine = is_mine,
	.read = read_text,
};
