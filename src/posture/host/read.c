/* SPDX-License-Identifier: Apache-2.0 */
#include "posture/host/host.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char *host_read(struct posture_set *set, const char *path, size_t max_bytes, const char **ret_why)
{
	struct err err = ERR_INIT;
	char *text = NULL;
	size_t len = 0;
	int r = posture_read(set, path, max_bytes, &text, &len, &err);

	*ret_why = NULL;
	if (r >= 0) {
		/* Texts end at a NUL here: what comes after it was not judged, and that is told. */
		if (strlen(text) != len)
			posture_problem(set, MODEL_LAYER_KERNEL, (struct posture_place){ .file = path }, "a NUL byte: what follows it was not looked at");
		return text;
	}
	if (r != -ENOENT && r != -ENOTDIR)
		*ret_why = posture_printf(set, "%s", err.text);
	return NULL;
}

static char *trim(char *text)
{
	size_t len;

	while (*text && isspace((unsigned char)*text))
		text++;
	len = strlen(text);
	while (len && isspace((unsigned char)text[len - 1]))
		text[--len] = '\0';
	return text;
}

char *host_next_line(char **cursor)
{
	char *line = *cursor, *end;

	if (!line || !*line)
		return NULL;
	end = strchr(line, '\n');
	if (end)
		*end = '\0';
	*cursor = end ? end + 1 : line + strlen(line);
	return trim(line);
}

const char *host_read_line(struct posture_set *set, const char *path, const char **ret_why)
{
	char *text = host_read(set, path, HOST_FILE_BYTES_MAX, ret_why), *line;

	line = text ? host_next_line(&text) : NULL;
	return line ? line : text ? "" : NULL;
}

char *host_next_setting(char **cursor, unsigned *number)
{
	char *line;

	while ((line = host_next_line(cursor))) {
		char *comment = strchr(line, '#');

		(*number)++;
		if (comment)
			*comment = '\0';
		line = trim(line);
		if (*line)
			return line;
	}
	return NULL;
}

void host_add(struct posture_set *set, struct host_list_of_texts *list, const char *text)
{
	if (list->n == list->size) {
		size_t size = list->size ? list->size * 2 : 8;
		const char **grown = posture_alloc(set, size * sizeof(*grown));

		if (!grown)
			return;
		if (list->n)
			memcpy(grown, list->texts, list->n * sizeof(*grown));
		list->texts = grown;
		list->size = size;
	}
	list->texts[list->n++] = text;
}

const char **host_words(struct posture_set *set, char *line, size_t *ret_n)
{
	struct host_list_of_texts words = { 0 };

	while (words.n < HOST_WORDS_MAX) {
		while (*line && isspace((unsigned char)*line))
			line++;
		if (!*line)
			break;
		host_add(set, &words, line);
		while (*line && !isspace((unsigned char)*line))
			line++;
		if (*line)
			*line++ = '\0';
	}
	*ret_n = words.n;
	return words.texts;
}

const char **host_split(struct posture_set *set, char *text, char separator, size_t *ret_n)
{
	struct host_list_of_texts items = { 0 };

	while (text && items.n < HOST_LINES_MAX) {
		char *end = strchr(text, separator), *item;

		if (end)
			*end++ = '\0';
		item = trim(text);
		if (*item)
			host_add(set, &items, item);
		text = end;
	}
	*ret_n = items.n;
	return items.texts;
}

bool host_key_value(char *line, char separator, char **ret_key, char **ret_value)
{
	char *end = strchr(line, separator);

	if (!end)
		return false;
	*end = '\0';
	*ret_key = trim(line);
	*ret_value = trim(end + 1);
	return true;
}

bool host_number(const char *text, int64_t *ret)
{
	char *end;
	long long number;

	errno = 0;
	number = strtoll(text, &end, 0);
	if (errno || end == text || *end)
		return false;
	*ret = number;
	return true;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void sort_names(struct host_list_of_texts *list)
{
	if (list->n)
		qsort(list->texts, list->n, sizeof(*list->texts), by_name);
}

struct host_names host_list(struct posture_set *set, const char *dir)
{
	int fd = posture_open(set, dir, O_RDONLY | O_DIRECTORY);
	struct host_list_of_texts names = { 0 };
	struct dirent *entry;
	DIR *stream;

	if (fd == -ENOENT || fd == -ENOTDIR)
		return (struct host_names){ 0 };
	if (fd < 0)
		return (struct host_names){ .why = posture_printf(set, "open %s: %s", dir, strerror(-fd)) };
	stream = fdopendir(fd);
	if (!stream) {
		close(fd);
		return (struct host_names){ .why = posture_printf(set, "read %s: %s", dir, strerror(errno)) };
	}
	while (names.n < HOST_DIR_ENTRIES_MAX && (entry = readdir(stream)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			host_add(set, &names, arena_strdup(&set->arena, entry->d_name));
	if (names.n == HOST_DIR_ENTRIES_MAX)
		posture_problem(set, MODEL_LAYER_KERNEL, (struct posture_place){ .file = dir },
				"only the first %d names were looked at", HOST_DIR_ENTRIES_MAX);
	closedir(stream);
	sort_names(&names);
	return (struct host_names){ .names = names.texts, .n = names.n };
}

/* Below `done`, which has no pattern in it; `rest` is what is left of the pattern. */
static void glob_below(struct posture_set *set, const char *done, const char *rest, unsigned depth, struct host_list_of_texts *out)
{
	const char *slash, *component;
	struct host_names names;

	while (*rest == '/')
		rest++;
	if (!*rest) {
		if (host_exists(set, done))
			host_add(set, out, done);
		return;
	}
	slash = strchrnul(rest, '/');
	component = posture_printf(set, "%.*s", (int)(slash - rest), rest);
	if (!strpbrk(component, "*?[")) {
		glob_below(set, posture_printf(set, "%s/%s", done, component), slash, depth, out);
		return;
	}
	if (depth >= HOST_INCLUDES_MAX)
		return;
	names = host_list(set, *done ? done : "/");
	for (size_t i = 0; i < names.n && out->n < HOST_DIR_ENTRIES_MAX; i++)
		if (fnmatch(component, names.names[i], FNM_PERIOD) == 0)
			glob_below(set, posture_printf(set, "%s/%s", done, names.names[i]), slash, depth + 1, out);
}

struct host_names host_glob(struct posture_set *set, const char *pattern)
{
	struct host_list_of_texts out = { 0 };

	glob_below(set, "", pattern, 0, &out);
	sort_names(&out);
	return (struct host_names){ .names = out.texts, .n = out.n };
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int by_base(const void *a, const void *b)
{
	return strcmp(base_of(*(const char *const *)a), base_of(*(const char *const *)b));
}

struct host_names host_drop_ins(struct posture_set *set, const char *const *dirs, size_t n_dirs, const char *suffix)
{
	struct host_list_of_texts out = { 0 };

	for (size_t d = 0; d < n_dirs; d++) {
		struct host_names names = host_list(set, dirs[d]);
		size_t before = out.n;

		for (size_t i = 0; i < names.n; i++) {
			bool shadowed = !ends_with(names.names[i], suffix);

			for (size_t k = 0; k < before && !shadowed; k++)
				shadowed = strcmp(base_of(out.texts[k]), names.names[i]) == 0;
			if (!shadowed)
				host_add(set, &out, posture_printf(set, "%s/%s", dirs[d], names.names[i]));
		}
	}
	if (out.n)
		qsort(out.texts, out.n, sizeof(*out.texts), by_base);
	return (struct host_names){ .names = out.texts, .n = out.n };
}

/* Who stands for root: the owner of the root directory. */
static void root_owner(const struct posture_set *set, struct stat *ret)
{
	if (!*set->root || stat(set->root, ret) < 0)
		*ret = (struct stat){ 0 };
}

struct host_stat host_fstat(const struct posture_set *set, int fd)
{
	struct stat st, root;

	if (fstat(fd, &st) < 0)
		return (struct host_stat){ .error = -errno };
	root_owner(set, &root);
	return (struct host_stat){ .mode = st.st_mode, .uid = st.st_uid == root.st_uid ? 0 : st.st_uid,
				   .gid = st.st_gid == root.st_gid ? 0 : st.st_gid, .inode = st.st_ino, .is_link = S_ISLNK(st.st_mode) };
}

struct host_stat host_stat(const struct posture_set *set, const char *path, bool follow)
{
	_cleanup_close_ int fd = posture_open(set, path, O_PATH | (follow ? 0 : O_NOFOLLOW));

	if (fd < 0)
		return (struct host_stat){ .error = take_fd(fd) };
	return host_fstat(set, fd);
}

bool host_exists(const struct posture_set *set, const char *path)
{
	_cleanup_close_ int fd = posture_open(set, path, O_PATH | O_NOFOLLOW);
	bool there = fd >= 0;

	if (!there)
		fd = -1;
	return there;
}

static const char *who_writes(struct posture_set *set, const char *path, const struct host_stat *st, bool is_parent)
{
	if (st->uid != 0)
		return posture_printf(set, "%s (owner %u)", path, st->uid);
	if (is_parent && (st->mode & S_ISVTX))
		return NULL;
	if (st->mode & S_IWOTH)
		return posture_printf(set, "%s (mode %04o)", path, st->mode & 07777);
	if ((st->mode & S_IWGRP) && st->gid != 0)
		return posture_printf(set, "%s (mode %04o, group %u)", path, st->mode & 07777, st->gid);
	return NULL;
}

const char *host_writable_by_others(struct posture_set *set, const char *path)
{
	char *copy = arena_strdup(&set->arena, path), *end = copy ? copy + strlen(copy) : NULL;
	bool is_parent = false;

	for (; copy && *copy; is_parent = true) {
		struct host_stat st = host_stat(set, copy, true);
		const char *who = st.error ? NULL : who_writes(set, posture_printf(set, "%s", copy), &st, is_parent);

		if (who)
			return who;
		while (end > copy && *end != '/')
			end--;
		*end = '\0';
	}
	return NULL;
}

struct posture_value *host_set_list(struct posture_record *record, enum model_field_id field, const struct host_list_of_texts *list)
{
	return posture_set_texts(record, field, list->texts, list->n);
}

struct posture_value *host_set_text_or(struct posture_record *record, enum model_field_id field, const char *text, const char *why)
{
	return !text && why ? posture_set_unknown(record, field, why) : posture_set_text(record, field, text);
}
