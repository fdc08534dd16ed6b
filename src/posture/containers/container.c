/* SPDX-License-Identifier: Apache-2.0 */
#include "posture/containers/containers.h"

#include "base/map.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CGROUP_BYTES_MAX = 8192, SHORT_ID = 12 };

const char *const container_ns_names[NS_MAX] = { "mnt", "pid", "net", "ipc", "uts", "cgroup", "user" };

struct finder {
	struct posture_set *set;
	struct container *containers;
	size_t n;
	size_t n_processes;
	struct map by_path;                      /* path of a control group -> container, or `nobody` */
};

static struct container nobody;

/* ---- which process belongs to which container ---- */

static bool is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return n > 1 && strncmp(path, dir, n) == 0 && (path[n] == '/' || !path[n]);
}

static size_t fit_of(const struct container *x, const char *path)
{
	const char *own = x->c->cgroup_path, *at;

	if (own && is_below(path, own))
		return strlen(own);
	at = strlen(x->c->id) == 64 ? strstr(path, x->c->id) : NULL;
	return at ? (size_t)(at - path) + 64 : 0;
}

/* The innermost one: containers in containers have the outer one's path before theirs. */
static struct container *container_of_path(struct finder *f, const char *path)
{
	struct container *best = map_get(&f->by_path, path, strlen(path));
	size_t best_fit = 0;
	const char *key;

	if (best)
		return best == &nobody ? NULL : best;
	for (size_t i = 0; i < f->n; i++) {
		size_t fit = fit_of(&f->containers[i], path);
		if (fit > best_fit) {
			best = &f->containers[i];
			best_fit = fit;
		}
	}
	key = posture_printf(f->set, "%s", path);
	map_put(&f->by_path, key, strlen(key), best ? best : &nobody);
	return best;
}

/* Lines "ID:CONTROLLERS:PATH". */
static struct container *container_of_process(struct finder *f, unsigned pid)
{
	char path[64], text[CGROUP_BYTES_MAX];
	_cleanup_close_ int fd = -1;
	struct container *found = NULL;
	ssize_t n;

	for (size_t i = 0; i < f->n; i++)
		if (f->containers[i].c->init_pid == pid)
			return &f->containers[i];
	snprintf(path, sizeof(path), "/proc/%u/cgroup", pid);
	fd = posture_open(f->set, path, O_RDONLY | O_NONBLOCK);
	n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;
	if (n <= 0)
		return NULL;
	text[n] = '\0';
	for (char *line = text, *next; line && *line && !found; line = next) {
		char *colon = strchr(line, ':'), *at = colon ? strchr(colon + 1, ':') : NULL;

		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (at && strcmp(at + 1, "/") != 0)
			found = container_of_path(f, at + 1);
	}
	return found;
}

static void each_process(void *data, unsigned pid, const char *comm)
{
	struct finder *f = data;
	struct container *x = f->n_processes < CONTAINER_PROCESSES_MAX ? container_of_process(f, pid) : NULL;
	struct container_process p = { .pid = pid };

	if (!x || posture_process_status(f->set, pid, &p.status, NULL) < 0)
		return;
	snprintf(p.comm, sizeof(p.comm), "%.15s", comm);
	for (unsigned ns = 0; ns < NS_MAX; ns++)
		posture_process_namespace(f->set, pid, container_ns_names[ns], &p.ns[ns]);
	if ((x->n_processes & (x->n_processes + 1)) == 0)        /* room for 1, 3, 7, ... */
		x->processes = mem_grow(x->processes, 2 * x->n_processes + 1, sizeof(*x->processes));
	x->processes[x->n_processes++] = p;
	f->n_processes++;
}

/* The container's own first process in front. */
static void first_process_first(struct container *x)
{
	for (size_t i = 1; i < x->n_processes; i++)
		if (x->processes[i].pid == x->c->init_pid) {
			struct container_process first = x->processes[i];
			x->processes[i] = x->processes[0];
			x->processes[0] = first;
		}
}

/* ---- the host ---- */

static bool file_says(struct posture_set *set, const char *path, const char *text)
{
	char *read_text;
	size_t len;

	return posture_read(set, path, 4096, &read_text, &len, NULL) == 0 && strncmp(read_text, text, strlen(text)) == 0;
}

static void host_read(struct posture_set *set, struct container_host *host)
{
	_cleanup_close_ int selinux = posture_open(set, "/sys/fs/selinux/enforce", O_PATH);
	_cleanup_close_ int v1 = posture_open(set, "/sys/fs/cgroup/memory", O_PATH),
			    v1_release = posture_open(set, "/sys/fs/cgroup/pids", O_PATH);

	/* where the first process may not be looked at, this one stands for it: it is no container's */
	for (unsigned ns = 0; ns < NS_MAX; ns++)
		if (posture_process_namespace(set, 1, container_ns_names[ns], &host->ns[ns]) < 0 && !*set->root)
			posture_process_namespace(set, (unsigned)getpid(), container_ns_names[ns], &host->ns[ns]);
	host->has_apparmor = file_says(set, "/sys/module/apparmor/parameters/enabled", "Y");
	host->has_selinux = selinux >= 0;
	host->cgroup_version = v1 >= 0 || v1_release >= 0 ? 1 : 2;
}

/* ---- records ---- */

static const char *copy(struct container *x, const char *text)
{
	return text ? posture_printf(x->set, "%s", text) : NULL;
}

/* source:dest:mode:rw:propagation, as Falco has it */
static const char *mounts_text(struct container *x)
{
	_cleanup_strbuf_ struct strbuf text;

	strbuf_init(&text, 1 << 20);
	for (size_t i = 0; i < x->c->n_mounts; i++) {
		const struct runtime_mount *m = &x->c->mounts[i];
		strbuf_addf(&text, "%s%s:%s:%s:%s:%s", i ? "," : "", m->source ? m->source : "", m->dest ? m->dest : "",
			    m->mode ? m->mode : "", m->rw ? "true" : "false", m->propagation ? m->propagation : "");
	}
	return posture_printf(x->set, "%s", text.text ? text.text : "");
}

static void identity_read(struct container *x)
{
	const struct runtime_container *c = x->c;
	const struct { enum model_field_id field; const char *text;
	} texts[] = {
		{ MODEL_F_CONTAINER_FULL_ID, c->id },
		{ MODEL_F_CONTAINER_NAME, c->name },
		{ MODEL_F_CONTAINER_TYPE, runtime_kind_name(c->kind) },
		{ MODEL_F_CONTAINER_RUNTIME, runtime_kind_name(c->kind) },
		{ MODEL_F_CONTAINER_IMAGE, c->image },
		{ MODEL_F_CONTAINER_IMAGE_REPOSITORY, c->image_repository },
		{ MODEL_F_CONTAINER_IMAGE_TAG, c->image_tag },
		{ MODEL_F_CONTAINER_IMAGE_DIGEST, c->image_digest },
		{ MODEL_F_CONTAINER_USER, c->user },
		{ MODEL_F_CONTAINER_HEALTHCHECK, c->healthcheck },
		{ MODEL_F_CONTAINER_IP, c->ip },
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		posture_set_text(x->record, texts[i].field, copy(x, texts[i].text));
	posture_set_text(x->record, MODEL_F_CONTAINER_ID, posture_printf(x->set, "%.*s", SHORT_ID, c->id));
	if (c->image_id)
		posture_set_text(x->record, MODEL_F_CONTAINER_IMAGE_ID, posture_printf(x->set, "%.*s", SHORT_ID, c->image_id));
	posture_set_text(x->record, MODEL_F_CONTAINER_MOUNTS, mounts_text(x));
	posture_set_bool(x->record, MODEL_F_CONTAINER_ROOTLESS, c->rootless);
	posture_set_uint(x->record, MODEL_F_CONTAINER_CGROUP_VERSION, x->host->cgroup_version);
}

static void document_read(struct container *x, struct runtime *runtime, enum runtime_document which, json_t **ret,
			  struct posture_place *ret_place)
{
	struct err err = ERR_INIT;
	const char *path = NULL;
	int r = runtime_document(runtime, x->c, which, &x->set->arena, ret, &path, &err);

	ret_place->file = r == 0 ? path : NULL;
	if (r < 0 && (which == RUNTIME_DOCUMENT_OCI || x->c->kind == RUNTIME_DOCKER))
		posture_problem(x->set, MODEL_LAYER_CONTAINERS, (struct posture_place){ 0 }, "container %s: %s",
				x->c->name ? x->c->name : x->c->id, err.text);
}

static void container_read(struct container *x, struct runtime *runtime)
{
	const struct runtime_container *c = x->c;

	document_read(x, runtime, RUNTIME_DOCUMENT_OCI, &x->oci, &x->oci_place);
	if (c->kind == RUNTIME_DOCKER) {
		document_read(x, runtime, RUNTIME_DOCUMENT_DOCKER_CONFIG, &x->docker_config, &x->docker_place);
		document_read(x, runtime, RUNTIME_DOCUMENT_DOCKER_HOST, &x->docker_host, &x->host_place);
	}
	x->record = posture_record_new(x->set, MODEL_KIND_CONTAINER, NULL,
				       posture_printf(x->set, "container %s", c->name ? c->name : c->id), x->oci_place);
	identity_read(x);
	container_declared_read(x);
	first_process_first(x);
	container_real_read(x);
	if (x->n_processes == 0)
		container_mounts_read(x, NULL, 0);
}

/* ---- what two containers share ---- */

static void shared_read(struct container *containers, size_t n, struct container *x)
{
	const char *items[CONTAINER_LIST_MAX];
	size_t n_items = 0;

	if (x->n_processes == 0)
		return;
	for (unsigned ns = NS_MNT; ns < NS_USER; ns++)
		for (size_t i = 0; i < n && n_items < CONTAINER_LIST_MAX; i++) {
			const struct container *other = &containers[i];
			uint64_t ours = x->processes[0].ns[ns];

			if (other != x && other->n_processes && ours && ours != x->host->ns[ns] && other->processes[0].ns[ns] == ours)
				items[n_items++] = posture_printf(x->set, "%s:%s", container_ns_names[ns],
								  other->c->name ? other->c->name : other->c->id);
		}
	posture_said(posture_set_texts(x->record, MODEL_F_CONTAINER_SHARED_NAMESPACES, items, n_items), POSTURE_FROM_KERNEL,
		     "/proc/PID/ns");
}

/* A container runs when it has a process; on a disk that stands for a machine, when its runtime's files say so. */
static bool runs(const struct container *x)
{
	return x->n_processes > 0;
}

static void containers_read(struct finder *f, struct runtime *runtime, const struct container_host *host)
{
	const struct runtime_container **list = mem_array(CONTAINERS_MAX, sizeof(*list));
	size_t n = runtime_containers(runtime, list, CONTAINERS_MAX), n_running = 0;

	f->containers = mem_array(n ? n : 1, sizeof(*f->containers));
	for (size_t i = 0; i < n; i++)
		f->containers[f->n++] = (struct container){ .set = f->set, .c = list[i], .host = host };
	posture_processes(f->set, each_process, f);
	for (size_t i = 0; i < f->n; i++)
		if (runs(&f->containers[i]))
			f->containers[n_running++] = f->containers[i];
	f->n = n_running;
	for (size_t i = 0; i < f->n; i++)
		container_read(&f->containers[i], runtime);
	for (size_t i = 0; i < f->n; i++)
		shared_read(f->containers, f->n, &f->containers[i]);
	free(list);
}

/* Without the right to look where runtimes keep their state, no container is known: that must not look like none. */
static void blindness_told(struct posture_set *set)
{
	static const char *const places[] = { "/run/docker/containerd/daemon",
					      "/run/containerd/io.containerd.runtime.v2.task",
					      "/var/lib/docker/containers",
					      "/var/lib/containers/storage",
					      "/run/runc",
					      "/run/crun" };

	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		_cleanup_close_ int fd = posture_open(set, places[i], O_RDONLY | O_DIRECTORY);

		if (fd == -EACCES || fd == -EPERM)
			posture_problem(set, MODEL_LAYER_CONTAINERS, (struct posture_place){ .file = places[i] },
					"not read: %s; containers that are kept there are not known", strerror(-fd));
	}
}

static void collect(struct posture_set *set, const struct posture_audit_options *options)
{
	struct runtime_options runtime_options = { .root = set->root };
	struct runtime *runtime = runtime_new(&runtime_options);
	struct finder f = { .set = set, .by_path = MAP_INIT };
	struct container_host host = { 0 };
	struct err err = ERR_INIT;

	(void)options;
	host_read(set, &host);
	blindness_told(set);
	if (runtime_scan(runtime, &err) < 0)
		posture_problem(set, MODEL_LAYER_CONTAINERS, (struct posture_place){ 0 }, "%s", err.text);
	containers_read(&f, runtime, &host);
	for (size_t i = 0; i < f.n; i++) {
		json_decref(f.containers[i].oci);
		json_decref(f.containers[i].docker_config);
		json_decref(f.containers[i].docker_host);
		free(f.containers[i].processes);
	}
	free(f.containers);
	map_done(&f.by_path);
	runtime_free(runtime);
}

const struct posture_collector posture_containers = {
	.name = "containers", .layer = MODEL_LAYER_CONTAINERS,
	.meaning = "running containers of all runtimes: as declared, and as the kernel has them",
	.collect = collect,
};
