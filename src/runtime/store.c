/* SPDX-License-Identifier: Apache-2.0 */
/* Where runtimes keep their state by default, and reading below it without being led astray. */
#include "base/file.h"
#include "runtime/runtime_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Kept also while they do not exist: a runtime may be started after parka. */
static const struct { enum runtime_layout layout; const char *path, *data; } defaults[] = {
	{ RUNTIME_LAYOUT_BUNDLES, "/run/containerd", "/var/lib/containerd" },
	{ RUNTIME_LAYOUT_BUNDLES, "/run/docker/containerd/daemon", "/var/lib/docker/containerd/daemon" },
	{ RUNTIME_LAYOUT_BUNDLES, "/run/k3s/containerd", "/var/lib/rancher/k3s/agent/containerd" },
	{ RUNTIME_LAYOUT_BUNDLES, "/run/k0s/containerd", "/var/lib/k0s/containerd" },
	{ RUNTIME_LAYOUT_BUNDLES, "/var/snap/microk8s/common/run/containerd", "/var/snap/microk8s/common/var/lib/containerd" },
	{ RUNTIME_LAYOUT_STORAGE, "/var/lib/containers/storage", NULL },
	{ RUNTIME_LAYOUT_STORAGE, "/run/containers/storage", NULL },
	{ RUNTIME_LAYOUT_RUNC, "/run/runc", NULL },
	{ RUNTIME_LAYOUT_RUNC_NAMESPACES, "/run/containerd/runc", NULL },
	{ RUNTIME_LAYOUT_RUNC_NAMESPACES, "/run/docker/runtime-runc", NULL },
	{ RUNTIME_LAYOUT_RUNC_NAMESPACES, "/run/k3s/containerd/runc", NULL },
	{ RUNTIME_LAYOUT_CRUN, "/run/crun", NULL },
	{ RUNTIME_LAYOUT_DOCKER, "/var/lib/docker", NULL },
	{ RUNTIME_LAYOUT_DOCKER, "/var/snap/docker/common/var-lib-docker", NULL },
};

void runtime_stores_init(struct runtime_stores *stores, const char *root)
{
	*stores = (struct runtime_stores){ .root = root };
	for (size_t i = 0; i < ARRAY_LEN(defaults); i++) {
		runtime_stores_add(stores, defaults[i].layout, 0, "%s", defaults[i].path);
		if (defaults[i].data)
			runtime_stores_set_data(stores, defaults[i].path, defaults[i].data);
	}
}

void runtime_stores_set_data(struct runtime_stores *stores, const char *path, const char *data)
{
	for (size_t i = 0; i < stores->n; i++) {
		struct runtime_store *store = &stores->at[i];

		if (store->layout != RUNTIME_LAYOUT_BUNDLES || strcmp(store->path, path) != 0)
			continue;
		free(store->data);
		store->data = strlen(data) < LIMIT_RUNTIME_TEXT_BYTES && data[0] == '/' ? mem_strdup(data) : NULL;
	}
}

void runtime_stores_done(struct runtime_stores *stores)
{
	for (size_t i = 0; i < stores->n; i++) {
		free(stores->at[i].path);
		free(stores->at[i].data);
	}
	stores->n = 0;
}

void runtime_stores_add(struct runtime_stores *stores, enum runtime_layout layout, uid_t owner, const char *format, ...)
{
	_cleanup_strbuf_ struct strbuf path;
	va_list args;

	strbuf_init(&path, LIMIT_RUNTIME_TEXT_BYTES);
	va_start(args, format);
	strbuf_vaddf(&path, format, args);
	va_end(args);
	while (path.len > 1 && path.text[path.len - 1] == '/')
		path.text[--path.len] = '\0';
	if (strncmp(path.text, "/var/run/", 9) == 0)      /* the old name of /run */
		memmove(path.text, path.text + 4, path.len - 4 + 1);
	if (path.truncated || path.text[0] != '/' || stores->n == LIMIT_RUNTIME_STORES)
		return;
	for (size_t i = 0; i < stores->n; i++)
		if (stores->at[i].layout == layout && strcmp(stores->at[i].path, path.text) == 0)
			return;
	stores->at[stores->n++] = (struct runtime_store){ layout, owner, mem_strdup(path.text), NULL };
}

const char *runtime_host_path(const struct runtime_stores *stores, struct arena *arena, const char *path)
{
	return arena_printf(arena, "%s%s", stores->root, path);
}

int runtime_open_dir(const struct runtime_stores *stores, const char *path)
{
	_cleanup_strbuf_ struct strbuf full;
	int fd;

	if (!path)                       /* made in an arena that had no room for it */
		return -E2BIG;
	strbuf_init(&full, 2 * LIMIT_RUNTIME_TEXT_BYTES);
	strbuf_addf(&full, "%s%s", stores->root, path);
	if (full.truncated)
		return -ENAMETOOLONG;
	fd = open(full.text, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Component by component with O_NOFOLLOW: what openat2(RESOLVE_NO_SYMLINKS|RESOLVE_BENEATH) does, on each kernel
 * and under each seccomp filter. */
int runtime_open_below(int dir_fd, const char *path, int flags)
{
	_cleanup_close_ int at = -1;

	if (!path)
		return -E2BIG;
	while (*path) {
		char name[256];
		size_t len = strcspn(path, "/");
		bool is_last = path[len] == '\0';
		int fd;

		if (len == 0 || len >= sizeof(name))
			return -EINVAL;
		memcpy(name, path, len);
		name[len] = '\0';
		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
			return -EINVAL;
		fd = openat(at >= 0 ? at : dir_fd, name, (is_last ? flags : O_PATH | O_DIRECTORY) | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			return -errno;
		fd_close_at(&at);
		at = fd;
		path += len + !is_last;
	}
	return at >= 0 ? take_fd(at) : -EINVAL;
}

int runtime_read_below(int dir_fd, const char *path, size_t max_bytes, uid_t owner, struct arena *arena,
		       char **ret_text, size_t *ret_len, struct err *err)
{
	_cleanup_close_ int fd = runtime_open_below(dir_fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0)
		return err_set_os(err, fd, "open %s", path);
	if (fstat(fd, &st) < 0)
		return err_set_os(err, -errno, "stat %s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, -EINVAL, "%s is not a regular file", path);
	if (owner && st.st_uid != owner)
		return err_set(err, -EPERM, "%s is not its user's own file", path);
	if ((uint64_t)st.st_size > max_bytes)
		return err_set(err, -E2BIG, "%s is larger than %zu bytes", path, max_bytes);
	return file_read_fd(fd, path, max_bytes, arena, ret_text, ret_len, err);
}

void runtime_each_entry(int dir_fd, void (*each)(void *data, const char *name), void *data)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;
	unsigned n = 0;

	if (!dir) {
		fd_close_at(&fd);
		return;
	}
	while ((entry = readdir(dir)) && n++ < LIMIT_RUNTIME_DIR_ENTRIES)
		if (runtime_id_is_valid(entry->d_name))
			each(data, entry->d_name);
	closedir(dir);
}
