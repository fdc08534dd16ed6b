/* SPDX-License-Identifier: Apache-2.0 */
#include "posture/lint.h"

#include "base/file.h"
#include "base/suggest.h"
#include "base/yaml.h"
#include "posture/compose/compose.h"
#include "posture/dockerfile/dockerfile.h"
#include "posture/iam/account.h"
#include "posture/images/images.h"
#include "posture/kubernetes/manifest.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

const struct posture_reader *const posture_readers[] = {
	&dockerfile_reader,
	&iam_reader,
	&images_reader,
	&kubernetes_reader,
	&compose_reader,
	NULL,
};

static const char *const passed_over[] = { ".git", ".hg", ".svn", "node_modules", ".terraform", NULL };

struct walk {
	struct posture_set *set;
	const struct posture_reader *as;
	size_t n_files;
	unsigned depth;
	bool are_found;
};

static void problem(struct posture_set *set, const char *path, const struct err *err)
{
	struct posture_place place = { .file = path, .line = err->line, .column = err->column };

	size_t len = strlen(path);
	bool repeats = strncmp(err->text, path, len) == 0 && err->text[len] == ' ';

	posture_problem(set, MODEL_LAYER_IMAGES, place, "%s", repeats ? err->text + len + 1 : err->text);
}

struct yaml_file *posture_file_yaml(struct posture_set *set, struct posture_file *file)
{
	struct err err = ERR_INIT;

	if (file->yaml || file->yaml_err)
		return file->yaml;
	if (yaml_parse(&set->arena, file->text, file->len, file->path, &file->yaml, &err) >= 0)
		return file->yaml;
	file->yaml = NULL;
	file->yaml_err = posture_alloc(set, sizeof(err));
	if (file->yaml_err)
		*file->yaml_err = err;
	return NULL;
}

static void read_text(struct walk *w, struct posture_file *file)
{
	const struct posture_reader *const *r = posture_readers;

	if (memchr(file->text, '\0', file->len)) {
		if (file->was_named)
			posture_problem(w->set, MODEL_LAYER_IMAGES, (struct posture_place){ .file = file->path }, "is binary, not text");
		return;
	}
	if (w->as && file->was_named) {
		w->as->read(w->set, file);
		return;
	}
	while (*r && !(*r)->is_mine(w->set, file))
		r++;
	if (*r)
		(*r)->read(w->set, file);
	else if (file->was_named)
		posture_problem(w->set, MODEL_LAYER_IMAGES, (struct posture_place){ .file = file->path },
				"is of no kind that is known here; --as says what it is");
}

/* Names of files that are text of a kind that some reader knows; others are looked into, too, but may be large or binary. */
static bool has_known_name(const char *name)
{
	static const char *const ends[] = { ".yaml", ".yml", ".json", ".dockerfile", NULL };
	size_t len = strlen(name);

	for (const char *const *end = ends; *end; end++)
		if (len >= strlen(*end) && strcasecmp(name + len - strlen(*end), *end) == 0)
			return true;
	return strcasestr(name, "dockerfile") || strcasestr(name, "containerfile");
}

/* In a directory: whether a file is worth reading whole. */
static bool is_worth_reading(const char *name, int fd)
{
	char head[4096];
	struct stat st;
	ssize_t n;

	if (has_known_name(name))
		return true;
	if (fstat(fd, &st) < 0 || st.st_size > POSTURE_LINT_FILE_BYTES_MAX)
		return false;
	n = pread(fd, head, sizeof(head), 0);
	return n > 0 && !memchr(head, '\0', (size_t)n);
}

static void read_file(struct walk *w, const char *path, int fd, bool was_named)
{
	struct posture_file file = { .path = path, .was_named = was_named };
	const char *slash = strrchr(path, '/');
	struct err err = ERR_INIT;
	char *text;
	int r;

	if (w->n_files++ >= POSTURE_LINT_FILES_MAX) {
		if (w->n_files == POSTURE_LINT_FILES_MAX + 1)
			posture_problem(w->set, MODEL_LAYER_IMAGES, (struct posture_place){ .file = path },
					"more than %d files; the rest is not read", POSTURE_LINT_FILES_MAX);
		return;
	}
	r = fd == STDIN_FILENO ? file_read_fd(fd, path, POSTURE_LINT_FILE_BYTES_MAX, &w->set->arena, &text, &file.len, &err) :
	    file_read_regular(fd, path, POSTURE_LINT_FILE_BYTES_MAX, &w->set->arena, &text, &file.len, &err);
	if (r < 0) {
		problem(w->set, path, &err);
		return;
	}
	file.name = slash ? slash + 1 : path;
	file.text = text;
	read_text(w, &file);
}

static bool is_passed_over(const char *name)
{
	for (const char *const *p = passed_over; *p; p++)
		if (strcmp(*p, name) == 0)
			return true;
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Whether a reader takes it as it is: an archive, a directory that is one thing. */
static bool is_taken_open(struct walk *w, const char *path, int fd, bool was_named)
{
	for (const struct posture_reader *const *r = posture_readers; *r; r++)
		if ((*r)->open && (!w->as || !was_named || w->as == *r) && (*r)->open(w->set, path, fd, was_named))
			return true;
	return false;
}

static void walk_dir(struct walk *w, const char *path, int fd);

static const char *path_below(struct posture_set *set, const char *dir, const char *name)
{
	bool has_slash = dir[strlen(dir) - 1] == '/';

	return strcmp(dir, ".") == 0 ? posture_printf(set, "%s", name) : posture_printf(set, "%s%s%s", dir, has_slash ? "" : "/", name);
}

static void walk_entry(struct walk *w, const char *dir, int dir_fd, const char *name)
{
	const char *path = path_below(w->set, dir, name);
	struct stat st;
	int fd;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)))
		return;
	fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0) {
		struct err err = ERR_INIT;
		err_set_os(&err, -errno, "open %s", path);
		problem(w->set, path, &err);
	} else if (is_taken_open(w, path, fd, false)) {
		close(fd);
	} else if (S_ISDIR(st.st_mode)) {
		walk_dir(w, path, fd);
	} else {
		if (is_worth_reading(name, fd))
			read_file(w, path, fd, false);
		close(fd);
	}
}

/* Takes the descriptor. */
static void walk_dir(struct walk *w, const char *path, int fd)
{
	int copy = dup(fd), n;
	struct dirent **names;

	if (w->depth == POSTURE_LINT_DEPTH_MAX) {
		posture_problem(w->set, MODEL_LAYER_IMAGES, (struct posture_place){ .file = path },
				"directories nested deeper than %d", POSTURE_LINT_DEPTH_MAX);
		n = 0;
		names = NULL;
	} else {
		n = scandirat(copy, ".", &names, NULL, alphasort);
	}
	if (n < 0) {
		struct err err = ERR_INIT;
		err_set_os(&err, -errno, "read directory %s", path);
		problem(w->set, path, &err);
	}
	w->depth++;
	for (int i = 0; i < n; i++) {
		if (!is_passed_over(names[i]->d_name))
			walk_entry(w, path, fd, names[i]->d_name);
		free(names[i]);
	}
	w->depth--;
	if (n >= 0)
		free(names);
	close(copy);
	close(fd);
}

static void lint_path(struct walk *w, const char *path)
{
	_cleanup_close_ int fd = -1;
	struct err err = ERR_INIT;
	struct stat st;

	if (strcmp(path, "-") == 0) {
		read_file(w, path, STDIN_FILENO, true);
		return;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) < 0) {
		err_set_os(&err, -errno, "open %s", path);
		problem(w->set, path, &err);
	} else if (is_taken_open(w, path, fd, !w->are_found)) {
		return;
	} else if (S_ISDIR(st.st_mode)) {
		walk_dir(w, path, take_fd(fd));
	} else if (!w->are_found || is_worth_reading(path, fd)) {
		read_file(w, path, fd, !w->are_found);
	}
}

static int reader_by_name(const char *name, const struct posture_reader **ret_reader, struct err *err)
{
	struct suggestion near = SUGGESTION(name, strlen(name));

	for (const struct posture_reader *const *r = posture_readers; *r; r++) {
		if (strcmp((*r)->name, name) == 0) {
			*ret_reader = *r;
			return 0;
		}
		suggestion_offer(&near, (*r)->name, strlen((*r)->name));
	}
	return err_set(err, -ENOENT, near.best ? "there is no kind of file '%s'; did you mean '%s'?" : "there is no kind of file '%s'",
		       name, near.best);
}

int posture_lint(struct posture_set *set, const char *const *paths, size_t n_paths, const struct posture_lint_options *options,
		 struct err *err)
{
	struct walk w = { .set = set, .are_found = options && options->are_found };
	int r = options && options->as ? reader_by_name(options->as, &w.as, err) : 0;

	if (r < 0)
		return r;
	for (size_t i = 0; i < n_paths; i++)
		lint_path(&w, posture_printf(set, "%s", paths[i]));
	posture_lint_finish(set);
	return 0;
}

void posture_lint_text(struct posture_set *set, const char *path, const char *text, size_t len, const char *as)
{
	struct walk w = { .set = set };
	const char *slash = strrchr(path, '/');
	struct posture_file file = { .path = path, .name = slash ? slash + 1 : path, .text = text, .len = len, .was_named = true };

	if (as && reader_by_name(as, &w.as, NULL) < 0)
		return;
	read_text(&w, &file);
}

void posture_lint_finish(struct posture_set *set)
{
	for (const struct posture_reader *const *r = posture_readers; *r; r++)
		if ((*r)->finish)
			(*r)->finish(set);
}
