/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/cgroup_fs.h"
#include "base/file.h"
#include "sensor/limits.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool id_is(const char *mount, const char *path, uint64_t id)
{
	char full[LIMIT_SENSOR_PATH_BYTES];
	struct stat st;

	if ((size_t)snprintf(full, sizeof(full), "%s%s", mount, path) >= sizeof(full))
		return false;
	return stat(full, &st) == 0 && st.st_ino == id;
}

/* Calls `try` with each path of /proc/PID/cgroup ("4:memory:/docker/x") until it says yes. */
static bool each_path(uint32_t pid, bool (*try)(void *data, const char *path), void *data)
{
	char name[64];
	struct arena arena;
	char *text, *line, *next;
	size_t len;
	bool found = false;

	arena_init(&arena, 256 * 1024);
	snprintf(name, sizeof(name), "/proc/%u/cgroup", pid);
	if (file_read(name, 64 * 1024, &arena, &text, &len, NULL) == 0) {
		for (line = text; !found && line && *line; line = next) {
			char *path = strchr(line, ':');
			next = strchr(line, '\n');
			if (next)
				*next++ = '\0';
			path = path ? strchr(path + 1, ':') : NULL;
			if (path)
				found = try(data, path + 1);
		}
	}
	arena_done(&arena);
	return found;
}

struct search { uint64_t id; const char *mount; sensor_cgroup_found_fn found; void *data; char *ret_mount; size_t size; };

/* Is it this path, below one of the usual mount points? */
static bool try_mounts(void *data, const char *path)
{
	struct search *s = data;
	DIR *dir = opendir("/sys/fs/cgroup");
	struct dirent *d;
	bool found = false;

	if (!dir)
		return false;
	if (id_is("/sys/fs/cgroup", path, s->id)) {
		snprintf(s->ret_mount, s->size, "/sys/fs/cgroup");
		found = true;
	}
	while (!found && (d = readdir(dir))) {
		char mount[PATH_MAX];
		if (d->d_name[0] == '.' || d->d_type != DT_DIR)
			continue;
		snprintf(mount, sizeof(mount), "/sys/fs/cgroup/%s", d->d_name);
		if (strlen(mount) < s->size && id_is(mount, path, s->id)) {
			memcpy(s->ret_mount, mount, strlen(mount) + 1);
			found = true;
		}
	}
	closedir(dir);
	return found;
}

bool sensor_cgroup_fs_find(uint32_t pid, uint64_t id, char *ret_mount, size_t size)
{
	struct search s = { .id = id, .ret_mount = ret_mount, .size = size };

	return each_path(pid, try_mounts, &s);
}

static bool try_path(void *data, const char *path)
{
	struct search *s = data;

	if (!id_is(s->mount, path, s->id))
		return false;
	s->found(s->data, s->id, path, strlen(path));
	return true;
}

void sensor_cgroup_fs_of_pid(const char *mount, uint32_t pid, uint64_t id, sensor_cgroup_found_fn found, void *data)
{
	struct search s = { .id = id, .mount = mount, .found = found, .data = data };

	each_path(pid, try_path, &s);
}

struct walk { sensor_cgroup_found_fn found; void *data; char path[LIMIT_SENSOR_PATH_BYTES]; size_t n; };

/* Takes over `fd`. w->path[0..len) is the path of that directory. */
static void walk_dir(struct walk *w, int fd, size_t len, unsigned depth)
{
	DIR *dir = fdopendir(fd);
	struct dirent *d;
	struct stat st;

	if (!dir) {
		close(fd);
		return;
	}
	if (fstat(fd, &st) == 0 && w->n++ < LIMIT_SENSOR_CGROUPS)
		w->found(w->data, st.st_ino, len ? w->path : "/", len ? len : 1);
	while (depth < LIMIT_SENSOR_CGROUP_DEPTH && w->n < LIMIT_SENSOR_CGROUPS && (d = readdir(dir))) {
		size_t name_len = strlen(d->d_name);
		int child;
		if (d->d_type != DT_DIR || d->d_name[0] == '.' || len + name_len + 2 > sizeof(w->path))
			continue;
		child = openat(fd, d->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		if (child < 0)
			continue;
		w->path[len] = '/';
		memcpy(w->path + len + 1, d->d_name, name_len + 1);
		walk_dir(w, child, len + 1 + name_len, depth + 1);
		w->path[len] = '\0';
	}
	closedir(dir);
}

void sensor_cgroup_fs_scan(const char *mount, sensor_cgroup_found_fn found, void *data)
{
	struct walk w = { .found = found, .data = data };
	int fd = open(mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0)
		walk_dir(&w, fd, 0, 0);
}
