/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From an id to facts. When which file exists (each checked with the real runtime):
 *
 *   docker      config.v2.json, hostconfig.json at "create"; bundle before runc; runc's cgroup; state.json; exec
 *   containerd  bundle config.json before runc; runc's cgroup; state.json; exec
 *   podman      containers.json and userdata/config.json before conmon starts the OCI runtime
 *   runc alone  cgroup; state.json; exec of the user's program. Between the first two only the runc process itself
 *               knows: runtime_collect_starting() asks its command line for the bundle.
 *   crun alone  cgroup; then status; exec
 *
 * Ids of 64 hex digits are unique, so what all stores know about one is put together (Docker's files on top of the
 * bundle). Other ids are only unique within one store, so the first whose cgroup fits is taken.
 */
#include "base/file.h"
#include "runtime/runtime_internal.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct collector {
	const struct runtime_stores *stores;
	const struct runtime_store *store;
	const char *id, *path;
	struct runtime_facts *facts;
	bool is_unique_id;
	bool is_done;            /* a fitting container that is not to be mixed with others */
	int dir_fd;
};

typedef int (*parse_fn)(const char *text, size_t len, const char *input, struct runtime_facts *facts, struct err *err);

/* Read and parse; a file that is there but cannot be used costs details, not identity. */
static int parse_below(int dir_fd, const char *path, size_t max, uid_t owner, parse_fn parse, struct runtime_facts *facts)
{
	char *text;
	size_t len;
	int r = runtime_read_below(dir_fd, path, max, owner, facts->arena, &text, &len, NULL);

	if (r == 0)
		r = parse(text, len, path, facts, NULL);
	if (r < 0 && r != -ENOENT && r != -ENOTDIR)
		facts->n_problems++;
	return r;
}

/* The first namespaces have these inode numbers (include/linux/proc_ns.h: PROC_PID_INIT_INO and its like); that of the network only in
 * newer kernels. */
static const struct { const char *name; ino_t first; bool always; } namespaces[] = {
	{ "pid", 0xEFFFFFFC, true }, { "net", 0xEFFFFFF9, false }, { "ipc", 0xEFFFFFFF, true },
};

/* For who may not look at process 1: a service that does not hold all capabilities. */
static int is_first_namespace(size_t i, const struct stat *joined)
{
	struct stat own;

	if (joined->st_ino == namespaces[i].first)
		return 1;
	if (namespaces[i].always || (stat("/proc/self/ns/net", &own) == 0 && own.st_ino == namespaces[i].first))
		return 0;
	return -1;
}

static void namespaces_resolve(const struct runtime_stores *stores, struct runtime_facts *facts)
{
	int *members[] = { &facts->c.host_pid, &facts->c.host_network, &facts->c.host_ipc };

	for (size_t i = 0; i < ARRAY_LEN(namespaces); i++) {
		const char *host = runtime_host_path(stores, facts->arena, arena_printf(facts->arena, "/proc/1/ns/%s", namespaces[i].name));
		struct stat a, b;

		if (*members[i] != -1 || !facts->joined[i] || !host ||
		    stat(runtime_host_path(stores, facts->arena, facts->joined[i]), &b) < 0)
			continue;
		if (stat(host, &a) == 0)
			*members[i] = a.st_ino == b.st_ino && a.st_dev == b.st_dev;
		else if (errno == EACCES)
			*members[i] = is_first_namespace(i, &b);
	}
}

static bool fits(const struct collector *c)
{
	return !c->path || runtime_cgroup_fits(c->facts->cgroup_paths, c->facts->n_cgroup_paths, c->facts->cgroups_path, c->id,
					       c->facts->owner != 0, c->path);
}

static void start_over(struct collector *c)
{
	runtime_facts_init(c->facts, c->facts->arena);
	c->facts->c.id = c->id;
}

/* One store has told all it knows. */
static void settle(struct collector *c)
{
	if (c->is_unique_id || !c->facts->is_known)
		return;
	if (fits(c))
		c->is_done = true;
	else
		start_over(c);
}

static void set_kind(struct runtime_facts *facts, enum runtime_kind kind)
{
	if (!facts->has_kind)
		facts->c.kind = kind;
	facts->has_kind = true;
}

/* config.json of a bundle; where = path of the bundle on the host. */
static bool collect_bundle(struct collector *c, int dir_fd, const char *relative, const char *where)
{
	const char *had = c->facts->c.bundle;
	int r;

	c->facts->c.bundle = where;
	r = parse_below(dir_fd, relative, LIMIT_RUNTIME_FILE_BYTES, c->store ? c->store->owner : 0, runtime_parse_oci, c->facts);
	if (r == -ENOENT || r == -ENOTDIR)
		c->facts->c.bundle = had;
	return r != -ENOENT && r != -ENOTDIR;
}

static void collect_bundle_at(struct collector *c, const char *where)
{
	_cleanup_close_ int fd = runtime_open_dir(c->stores, where);

	if (fd >= 0)
		collect_bundle(c, fd, "config.json", where);
}

static void state_read(struct collector *c, int dir_fd, const char *relative, parse_fn parse)
{
	bool had_bundle = c->facts->c.bundle != NULL;
	const char *rootfs;
	int r = parse_below(dir_fd, relative, LIMIT_RUNTIME_FILE_BYTES, c->store->owner, parse, c->facts);

	if (r == -ENOENT || r == -ENOTDIR)
		return;
	c->facts->is_known = c->facts->has_task = true;
	if (c->store->owner)
		c->facts->owner = c->store->owner;
	rootfs = c->facts->c.rootfs;
	if (!had_bundle && c->facts->c.bundle)
		collect_bundle_at(c, c->facts->c.bundle);
	runtime_facts_set(c->facts, &c->facts->c.rootfs, rootfs);
}

/* A database below a directory; -1 when there is none, or it is no file of the store's owner. */
static int open_database(struct collector *c, int dir, const char *path)
{
	_cleanup_close_ int fd = runtime_open_below(dir, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (!c->store->owner || st.st_uid == c->store->owner))
		return take_fd(fd);
	c->facts->n_problems++;
	return -1;
}

/* Docker keeps what it knows in files of its own (collect_docker): of "moby" its containerd knows nothing more. */
static void collect_metadata(struct collector *c, const char *space)
{
	_cleanup_close_ int dir = c->store->data && strcmp(space, "moby") != 0 ? runtime_open_dir(c->stores, c->store->data) : -1;
	_cleanup_close_ int fd = dir < 0 ? -1 : open_database(c, dir, "io.containerd.metadata.v1.bolt/meta.db");
	int r = fd < 0 ? 0 : runtime_metadata_read(fd, space, c->facts, NULL);

	c->facts->n_problems += r < 0 && r != -ENOENT;
}

static void collect_podman(struct collector *c, int dir)
{
	_cleanup_close_ int fd = open_database(c, dir, "libpod/bolt_state.db");
	int r = fd < 0 ? 0 : runtime_podman_read(fd, c->facts, NULL);

	c->facts->n_problems += r < 0 && r != -ENOENT;
}

/* containerd's shim has runc keep its state below /run/containerd/runc, wherever containerd's own state is (containerd:
 * pkg/process/init.go, RuncRoot), unless the container's options say otherwise, which settings put below that state. The state names
 * its bundle: one of another containerd is left alone. */
static void collect_shim_state(struct collector *c, const char *space, const char *bundle)
{
	const char *const roots[] = { arena_printf(c->facts->arena, "%s/runc", c->store->path), "/run/containerd/runc" };

	for (size_t i = 0; i < ARRAY_LEN(roots) && !c->facts->c.init_pid; i++) {
		struct runtime_facts before = *c->facts;
		_cleanup_close_ int fd = runtime_open_dir(c->stores, arena_printf(c->facts->arena, "%s/%s/%s", roots[i], space, c->id));

		if (fd < 0)
			continue;
		state_read(c, fd, "state.json", runtime_parse_runc_state);
		if (strcmp(c->facts->c.bundle, bundle) != 0)
			*c->facts = before;
	}
}

static void collect_namespace(void *data, const char *name)
{
	struct collector *c = data;
	struct arena *arena = c->facts->arena;
	const char *bundle;

	if (c->is_done || (c->is_unique_id && c->facts->c.bundle))
		return;
	bundle = arena_printf(arena, "%s/io.containerd.runtime.v2.task/%s/%s", c->store->path, name, c->id);
	if (!collect_bundle(c, c->dir_fd, arena_printf(arena, "%s/%s/config.json", name, c->id), bundle))
		return;
	c->facts->is_known = c->facts->has_task = true;
	c->facts->owner = c->store->owner;
	set_kind(c->facts, strcmp(name, "moby") == 0 ? RUNTIME_DOCKER : RUNTIME_CONTAINERD);
	runtime_facts_set(c->facts, &c->facts->c.runtime_namespace, name);
	collect_shim_state(c, name, bundle);
	if (fits(c))
		collect_metadata(c, name);
	settle(c);
}

static void collect_bundles(struct collector *c, int fd)
{
	_cleanup_close_ int tasks = runtime_open_below(fd, "io.containerd.runtime.v2.task", O_RDONLY | O_DIRECTORY);

	c->dir_fd = tasks;
	if (tasks >= 0)
		runtime_each_entry(tasks, collect_namespace, c);
}

static void collect_storage_index(struct collector *c, int fd)
{
	static const char *const names[] = { "containers.json", "volatile-containers.json" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (!c->facts->c.name || !c->facts->c.image_id)
			parse_below(fd, names[i], LIMIT_RUNTIME_INDEX_BYTES, c->store->owner, runtime_parse_storage_index, c->facts);
}

/* What is known of its image and, with CRI-O, of its pod. */
static void collect_storage_more(struct collector *c, int fd, int dir, const char *driver)
{
	struct runtime_facts *facts = c->facts;
	const char *pod = facts->c.pod_sandbox_id;

	collect_storage_index(c, dir);
	if (facts->c.kind == RUNTIME_PODMAN)
		collect_podman(c, fd);
	if (facts->c.image_id && !facts->c.image_digest)
		parse_below(fd, arena_printf(facts->arena, "%s-images/images.json", driver), LIMIT_RUNTIME_INDEX_BYTES, c->store->owner,
			    runtime_parse_storage_images, facts);
	if (facts->c.kind == RUNTIME_CRIO && pod && runtime_id_is_hex64(pod) && !facts->c.is_sandbox && !facts->c.n_pod_labels)
		parse_below(dir, arena_printf(facts->arena, "%s/userdata/config.json", pod), LIMIT_RUNTIME_FILE_BYTES, c->store->owner,
			    runtime_parse_crio_sandbox, facts);
}

static void collect_storage(struct collector *c, int fd)
{
	static const char *const drivers[] = { "overlay", "vfs", "btrfs", "zfs" };
	struct arena *arena = c->facts->arena;

	for (size_t i = 0; i < ARRAY_LEN(drivers); i++) {
		const char *containers = arena_printf(arena, "%s-containers", drivers[i]);
		_cleanup_close_ int dir = runtime_open_below(fd, containers, O_RDONLY | O_DIRECTORY);
		const char *where = arena_printf(arena, "%s/%s/%s/userdata", c->store->path, containers, c->id);

		if (dir < 0)
			continue;
		if (!c->facts->c.bundle && collect_bundle(c, dir, arena_printf(arena, "%s/userdata/config.json", c->id), where)) {
			c->facts->is_known = true;
			c->facts->owner = c->store->owner;
			set_kind(c->facts, RUNTIME_PODMAN);
		}
		if (c->facts->is_known)
			collect_storage_more(c, fd, dir, drivers[i]);
	}
}

static void collect_docker_image(struct collector *c, int fd)
{
	struct runtime_facts *facts = c->facts;
	struct arena *arena = facts->arena;
	const char *driver = facts->docker_driver;

	if (!driver || !runtime_id_is_valid(driver))
		return;
	parse_below(fd, arena_printf(arena, "image/%s/repositories.json", driver), LIMIT_RUNTIME_INDEX_BYTES, c->store->owner,
		    runtime_parse_docker_repositories, facts);
	if (facts->is_image_label_risk && facts->c.image_id && runtime_id_is_hex64(facts->c.image_id))
		parse_below(fd, arena_printf(arena, "image/%s/imagedb/content/sha256/%s", driver, facts->c.image_id),
			    LIMIT_RUNTIME_FILE_BYTES, c->store->owner, runtime_parse_docker_image, facts);
}

static void collect_docker(struct collector *c, int fd)
{
	struct arena *arena = c->facts->arena;
	int r;

	if (!c->is_unique_id)
		return;
	r = parse_below(fd, arena_printf(arena, "containers/%s/config.v2.json", c->id), LIMIT_RUNTIME_FILE_BYTES, c->store->owner,
			runtime_parse_docker_config, c->facts);
	if (r == -ENOENT || r == -ENOTDIR)
		return;
	parse_below(fd, arena_printf(arena, "containers/%s/hostconfig.json", c->id), LIMIT_RUNTIME_FILE_BYTES, c->store->owner,
		    runtime_parse_docker_host, c->facts);
	c->facts->is_known = true;
	c->facts->owner = c->store->owner;
	c->facts->c.kind = RUNTIME_DOCKER;
	c->facts->has_kind = true;
	collect_docker_image(c, fd);
}

static void collect_runc_namespace(void *data, const char *name)
{
	struct collector *c = data;

	if (!c->is_done)
		state_read(c, c->dir_fd, arena_printf(c->facts->arena, "%s/%s/state.json", name, c->id), runtime_parse_runc_state);
	settle(c);
}

static void collect_store(struct collector *c)
{
	_cleanup_close_ int fd = runtime_open_dir(c->stores, c->store->path);

	if (fd < 0)
		return;
	switch (c->store->layout) {
	case RUNTIME_LAYOUT_BUNDLES:
		collect_bundles(c, fd);
		break;
	case RUNTIME_LAYOUT_STORAGE:
		collect_storage(c, fd);
		break;
	case RUNTIME_LAYOUT_RUNC:
		state_read(c, fd, arena_printf(c->facts->arena, "%s/state.json", c->id), runtime_parse_runc_state);
		break;
	case RUNTIME_LAYOUT_RUNC_NAMESPACES:
		c->dir_fd = fd;
		runtime_each_entry(fd, collect_runc_namespace, c);
		break;
	case RUNTIME_LAYOUT_CRUN:
		state_read(c, fd, arena_printf(c->facts->arena, "%s/status", c->id), runtime_parse_crun_status);
		break;
	case RUNTIME_LAYOUT_DOCKER:
		collect_docker(c, fd);
		break;
	}
	settle(c);
}

void runtime_facts_finish(const struct runtime_stores *stores, struct runtime_facts *facts, const char *path)
{
	char uid[64];

	runtime_facts_kubernetes(facts);
	namespaces_resolve(stores, facts);
	facts->c.rootless = facts->owner != 0;
	if (facts->n_cgroup_paths)
		facts->c.cgroup_path = facts->cgroup_paths[0];
	else if (facts->cgroups_path && facts->cgroups_path[0] == '/')
		facts->c.cgroup_path = facts->cgroups_path;
	else if (path)
		runtime_facts_set(facts, &facts->c.cgroup_path, path);
	if (path && runtime_cgroup_pod_uid(path, uid, sizeof(uid)))
		runtime_facts_set(facts, &facts->c.pod_uid, uid);
	if (!facts->c.name && facts->c.kind != RUNTIME_DOCKER)   /* runc, crun and ctr know a container by its id alone */
		facts->c.name = facts->c.id;
}

bool runtime_collect(const struct runtime_stores *stores, const char *id, const char *path, struct runtime_facts *facts)
{
	static const enum runtime_layout order[] = {
		RUNTIME_LAYOUT_BUNDLES, RUNTIME_LAYOUT_STORAGE, RUNTIME_LAYOUT_RUNC, RUNTIME_LAYOUT_RUNC_NAMESPACES,
		RUNTIME_LAYOUT_CRUN, RUNTIME_LAYOUT_DOCKER,
	};
	struct collector c = { .stores = stores, .id = id, .path = path, .facts = facts, .is_unique_id = runtime_id_is_hex64(id) };

	if (!runtime_id_is_valid(id))
		return false;
	id = c.id = arena_strdup(facts->arena, id);
	if (!id)
		return false;
	start_over(&c);
	for (size_t o = 0; o < ARRAY_LEN(order); o++)
		for (size_t i = 0; i < stores->n && !c.is_done; i++) {
			c.store = &stores->at[i];
			if (c.store->layout == order[o])
				collect_store(&c);
		}
	if (!facts->is_known || !fits(&c))
		return false;
	runtime_facts_finish(stores, facts, path);
	return true;
}

/* ---- all ids ---- */

struct id_walk { void (*each)(void *data, const char *id); void *data; int dir_fd; };

static void walk_namespace(void *data, const char *name)
{
	struct id_walk *w = data;
	_cleanup_close_ int fd = runtime_open_below(w->dir_fd, name, O_RDONLY | O_DIRECTORY);

	if (fd >= 0)
		runtime_each_entry(fd, w->each, w->data);
}

static void walk_below(struct id_walk *w, int dir_fd, const char *name, bool has_namespaces)
{
	_cleanup_close_ int fd = name ? runtime_open_below(dir_fd, name, O_RDONLY | O_DIRECTORY) : dup(dir_fd);

	if (fd < 0)
		return;
	w->dir_fd = fd;
	runtime_each_entry(fd, has_namespaces ? walk_namespace : w->each, has_namespaces ? w : w->data);
}

void runtime_each_known_id(const struct runtime_stores *stores, void (*each)(void *data, const char *id), void *data)
{
	struct id_walk w = { each, data, -1 };

	for (size_t i = 0; i < stores->n; i++) {
		_cleanup_close_ int fd = runtime_open_dir(stores, stores->at[i].path);

		if (fd < 0)
			continue;
		switch (stores->at[i].layout) {
		case RUNTIME_LAYOUT_BUNDLES:
			walk_below(&w, fd, "io.containerd.runtime.v2.task", true);
			break;
		case RUNTIME_LAYOUT_STORAGE:
			walk_below(&w, fd, "overlay-containers", false);
			walk_below(&w, fd, "vfs-containers", false);
			break;
		case RUNTIME_LAYOUT_RUNC_NAMESPACES:
			walk_below(&w, fd, NULL, true);
			break;
		case RUNTIME_LAYOUT_RUNC:
		case RUNTIME_LAYOUT_CRUN:
			walk_below(&w, fd, NULL, false);
			break;
		case RUNTIME_LAYOUT_DOCKER:
			walk_below(&w, fd, "containers", false);
			break;
		}
	}
}

/* ---- its first process ---- */

/* Field 22 of /proc/PID/stat, counted after the name's closing parenthesis: the name may hold anything. */
static uint64_t start_ticks_of(const char *stat_text)
{
	const char *p = strrchr(stat_text, ')');

	for (unsigned field = 2; p && field < 22; field++) {
		p = strchr(p, ' ');
		p = p ? p + 1 : NULL;
	}
	return p ? strtoull(p, NULL, 10) : 0;
}

bool runtime_is_alive(const struct runtime_stores *stores, uint32_t pid, uint64_t start_ticks)
{
	struct arena arena;
	char *text;
	size_t len;
	bool alive = true;
	int r;

	arena_init(&arena, 1 << 16);
	if (access(runtime_host_path(stores, &arena, "/proc/1"), F_OK) == 0 && pid) {
		r = file_read(runtime_host_path(stores, &arena, arena_printf(&arena, "/proc/%u/stat", pid)), 4096, &arena, &text, &len, NULL);
		alive = r == 0 && (!start_ticks || start_ticks_of(text) == start_ticks);
	}
	arena_done(&arena);
	return alive;
}
