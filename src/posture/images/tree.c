/* SPDX-License-Identifier: Apache-2.0 */
/* What a container of the image would see. What is not found in a partial image is unknown, not absent. */
#include "posture/images/images.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A list of files or names, cut where nobody reads on: the last element says how many more there are. */
struct list {
	struct posture_record *record;
	const char **at;
	size_t n, n_more;
};

static void list_add(struct list *list, const char *text)
{
	if (!list->at)
		list->at = posture_alloc(list->record->set, (IMAGES_LIST_MAX + 1) * sizeof(*list->at));
	if (!list->at || !text)
		return;
	if (list->n < IMAGES_LIST_MAX)
		list->at[list->n++] = text;
	else
		list->n_more++;
}

/* Paths are the layer's, which does not live as long as the record. */
static void list_add_path(struct list *list, const char *path)
{
	list_add(list, list->n < IMAGES_LIST_MAX ? posture_printf(list->record->set, "%s", path) : "");
}

static void list_set(struct list *list, enum model_field_id field, const char *unknown)
{
	if (!list->n && unknown) {
		posture_set_unknown(list->record, field, unknown);
		return;
	}
	if (list->n_more)
		list->at[list->n++] = posture_printf(list->record->set, "and %zu more", list->n_more);
	posture_set_texts(list->record, field, list->at, list->n);
}

/* ---- modes ---- */

static bool is_program(const struct image_file *f)
{
	return f->kind == IMAGE_FILE || f->kind == IMAGE_HARDLINK;
}

static void set_modes(struct posture_record *r, const struct image *image, const char *unknown)
{
	struct list set_id = { r }, caps = { r }, writable = { r };

	for (size_t i = 0; i < image->n_nodes; i++) {
		const struct image_file *f = image->nodes[i].file;

		if (is_program(f) && f->mode & (S_ISUID | S_ISGID) && f->mode & 0111)
			list_add_path(&set_id, f->path);
		if (is_program(f) && f->has_caps)
			list_add_path(&caps, f->path);
		if ((is_program(f) && f->mode & S_IWOTH) || (f->kind == IMAGE_DIR && f->mode & S_IWOTH && !(f->mode & S_ISVTX)))
			list_add_path(&writable, f->path);
	}
	list_set(&set_id, MODEL_F_IMAGE_SET_ID_FILES, unknown);
	list_set(&caps, MODEL_F_IMAGE_CAPABILITY_FILES, unknown);
	list_set(&writable, MODEL_F_IMAGE_WORLD_WRITABLE, unknown);
}

/* ---- what is lying about ---- */

static const char *const sudo_paths[] = { "/usr/bin/sudo", "/bin/sudo", "/usr/local/bin/sudo", "/usr/bin/doas", "/usr/local/bin/doas" };

static void set_sudo(struct posture_record *r, const struct image *image, const char *unknown)
{
	struct list list = { r };

	for (size_t i = 0; i < ARRAY_LEN(sudo_paths); i++)
		if (image_find(image, sudo_paths[i]))
			list_add(&list, sudo_paths[i]);
	list_set(&list, MODEL_F_IMAGE_SUDO, unknown);
}

static const char *const cache_dirs[] = {
	"/var/lib/apt/lists", "/var/cache/apt/archives", "/var/cache/apk", "/var/cache/yum", "/var/cache/dnf", "/var/cache/libdnf5",
	"/var/cache/zypp", "/var/cache/pacman/pkg", "/root/.cache/pip", "/root/.npm/_cacache", "/usr/local/share/.cache/yarn",
};

/* A directory with more below it than the empty ones and locks that the package itself leaves. */
static bool has_files(const struct image *image, const char *dir)
{
	size_t len = strlen(dir), low = 0, high = image->n_nodes;

	while (low < high) {
		size_t middle = (low + high) / 2;
		if (image_path_compare(image->nodes[middle].file->path, dir) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < image->n_nodes; low++) {
		const struct image_file *f = image->nodes[low].file;

		if (strncmp(f->path, dir, len) != 0 || (f->path[len] && f->path[len] != '/'))
			return false;
		if (is_program(f) && f->size > 0)
			return true;
	}
	return false;
}

static void set_caches(struct posture_record *r, const struct image *image, const char *unknown)
{
	struct list list = { r };

	for (size_t i = 0; i < ARRAY_LEN(cache_dirs); i++)
		if (has_files(image, cache_dirs[i]))
			list_add(&list, cache_dirs[i]);
	list_set(&list, MODEL_F_IMAGE_PACKAGE_CACHES, unknown);
}

static const struct { const char *name; bool is_dir; } needless[] = {
	{ ".git", true }, { ".svn", true }, { ".hg", true }, { ".vscode", true }, { ".idea", true }, { "Dockerfile", false },
	{ "Containerfile", false }, { "docker-compose.yml", false }, { "docker-compose.yaml", false }, { "compose.yaml", false },
	{ ".dockerignore", false }, { ".DS_Store", false }, { ".bash_history", false },
};

static bool is_needless(const struct image_file *f)
{
	const char *name = strrchr(f->path, '/') + 1;

	if (strstr(f->path, "/node_modules/") || strncmp(f->path, "/usr/lib/", 9) == 0 || strncmp(f->path, "/usr/share/", 11) == 0 ||
	    strncmp(f->path, "/usr/local/lib/", 15) == 0)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(needless); i++)
		if (strcmp(name, needless[i].name) == 0 && (f->kind == IMAGE_DIR) == needless[i].is_dir)
			return true;
	return false;
}

static void set_needless(struct posture_record *r, const struct image *image, const char *unknown)
{
	struct list list = { r };

	for (size_t i = 0; i < image->n_nodes; i++)
		if (is_needless(image->nodes[i].file))
			list_add_path(&list, image->nodes[i].file->path);
	list_set(&list, MODEL_F_IMAGE_NEEDLESS_FILES, unknown);
}

/* ---- accounts: passwd(5), shadow(5), group(5) ---- */

enum { ACCOUNTS_MAX = 4096 };
struct account { const char *name, *password, *id; size_t name_len, password_len, id_len; };

/* Name, password and third field of a line; returns the next line. */
static const char *next_account(const char *p, struct account *ret)
{
	const char *end = p + strcspn(p, "\n"), *field[4] = { p };
	size_t n = 1;

	*ret = (struct account){ 0 };
	for (const char *c = p; c < end && n < 4; c++)
		if (*c == ':')
			field[n++] = c + 1;
	if (n >= 3 && *p != '#')
		*ret = (struct account){ p, field[1], field[2], (size_t)(field[1] - p) - 1, (size_t)(field[2] - field[1]) - 1,
			n == 4 ? (size_t)(field[3] - field[2]) - 1 : (size_t)(end - field[2]) };
	return *end ? end + 1 : end;
}

/* The text of a file, or NULL; *ret_unknown: why it is not known. A link is not followed: an account file that is one is said. */
static const char *account_file(const struct image *image, const char *path, const char *partial, const char **ret_unknown)
{
	const struct image_node *node = image_find(image, path);

	*ret_unknown = NULL;
	if (!node) {
		*ret_unknown = partial;
		return NULL;
	}
	if (!node->file->content || node->file->content_len < node->file->size) {
		if (node->file->size || !is_program(node->file))
			*ret_unknown = is_program(node->file) ? "too large to be read" : "is no regular file";
		return NULL;
	}
	return node->file->content;
}

static bool is_same(const char *a, size_t a_len, const char *b, size_t b_len)
{
	return a_len == b_len && memcmp(a, b, a_len) == 0;
}

static void find_duplicates(struct list *list, const char *text, const char *what)
{
	struct account *seen;
	size_t n = 0;

	if (!text)
		return;
	seen = mem_array(ACCOUNTS_MAX, sizeof(*seen));
	while (*text && n < ACCOUNTS_MAX) {
		struct account *a = &seen[n];

		text = next_account(text, a);
		if (!a->name)
			continue;
		for (size_t i = 0; i < n; i++)
			if (is_same(a->id, a->id_len, seen[i].id, seen[i].id_len) || is_same(a->name, a->name_len, seen[i].name, seen[i].name_len)) {
				list_add(list, posture_printf(list->record->set, "%s %.*s: %.*s", what, (int)a->name_len, a->name, (int)a->id_len, a->id));
				break;
			}
		n++;
	}
	free(seen);
}

static void find_passwords(struct list *empty, struct list *hashes, const char *text)
{
	struct account a;

	while (text && *text) {
		text = next_account(text, &a);
		if (a.name && !a.password_len)
			list_add(empty, posture_printf(empty->record->set, "%.*s", (int)a.name_len, a.name));
		else if (a.name && a.password[0] == '$' && a.password_len > 3)
			list_add(hashes, posture_printf(empty->record->set, "%.*s", (int)a.name_len, a.name));
	}
}

static void set_accounts(struct posture_record *r, const struct image *image, const char *partial)
{
	struct list empty = { r }, hashes = { r }, twice = { r };
	const char *why_passwd, *why_shadow, *why_group;
	const char *passwd = account_file(image, "/etc/passwd", partial, &why_passwd);
	const char *shadow = account_file(image, "/etc/shadow", partial, &why_shadow);
	const char *group = account_file(image, "/etc/group", partial, &why_group);

	find_passwords(&empty, &hashes, passwd);
	find_passwords(&empty, &hashes, shadow);
	find_duplicates(&twice, passwd, "user");
	find_duplicates(&twice, group, "group");
	list_set(&empty, MODEL_F_IMAGE_EMPTY_PASSWORDS, why_shadow ? posture_printf(r->set, "/etc/shadow: %s", why_shadow) : NULL);
	list_set(&hashes, MODEL_F_IMAGE_PASSWORD_HASHES, why_shadow ? posture_printf(r->set, "/etc/shadow: %s", why_shadow) : NULL);
	list_set(&twice, MODEL_F_IMAGE_DUPLICATE_IDS, why_passwd ? posture_printf(r->set, "/etc/passwd: %s", why_passwd) : NULL);
}

int64_t images_uid_of(const struct image *image, const char *name, size_t len)
{
	const char *why, *text = account_file(image, "/etc/passwd", NULL, &why);
	struct account a;

	while (text && *text) {
		text = next_account(text, &a);
		if (a.name && is_same(a.name, a.name_len, name, len))
			return strtoll(a.id, NULL, 10);
	}
	return -1;
}

void images_tree_fields(struct posture_record *r, const struct image *image)
{
	const char *unknown = image->problem ? posture_printf(r->set, "%s", image->problem) : NULL;

	set_modes(r, image, unknown);
	set_sudo(r, image, unknown);
	set_caches(r, image, unknown);
	set_needless(r, image, unknown);
	set_accounts(r, image, unknown);
}
