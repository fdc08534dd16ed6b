/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_TESTS_RUNTIME_HELP_H
#define PARKA_TESTS_RUNTIME_HELP_H
/* State of container runtimes: a root directory that a test fills, and the recorded one (data/runtime/tree). */
#include "base/file.h"
#include "runtime/runtime_internal.h"
#include "data_dir.h"
#include "tap.h"

#include <ftw.h>
#include <sys/stat.h>

#define X "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define S "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
#define POD_UID "3f2a1b4c-5d6e-7f80-91a2-b3c4d5e6f708"
#define CONTAINERD "/run/containerd/io.containerd.runtime.v2.task"
#define STORAGE "/var/lib/containers/storage/overlay-containers"
#define T0 1700000000000000000ull

/* ---- a root of one's own ---- */

static char root[64];

__attribute__((unused)) static void root_make(void)
{
	snprintf(root, sizeof(root), "/tmp/parka-runtime-XXXXXX");
	CHECK(mkdtemp(root) != NULL);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

__attribute__((unused)) static void root_remove(void)
{
	nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

__attribute__((unused)) static void put(const char *path, const char *text)
{
	char full[1024], *slash;
	FILE *f;

	snprintf(full, sizeof(full), "%s%s", root, path);
	slash = strrchr(full, '/');
	*slash = '\0';
	CHECK_INT(file_make_dirs(full, 0755, NULL), 0);
	*slash = '/';
	f = fopen(full, "w");
	if (!CHECK(f != NULL))
		return;
	fputs(text, f);
	fclose(f);
}

__attribute__((unused)) static struct runtime *open_root(const char *path)
{
	return runtime_new(&(struct runtime_options){ .root = path });
}

__attribute__((unused)) static struct runtime *open_recorded(void)
{
	static char path[1024];

	snprintf(path, sizeof(path), "%s/runtime/tree", data_dir());
	return open_root(path);
}

__attribute__((unused)) static const struct runtime_container *ask(struct runtime *r, const char *path)
{
	return runtime_by_cgroup(r, 0, path, T0);
}

__attribute__((unused)) static const char *label(const struct runtime_container *c, const char *name)
{
	for (size_t i = 0; i < c->n_labels; i++)
		if (strcmp(c->labels[i].name, name) == 0)
			return c->labels[i].value;
	return NULL;
}

#endif
