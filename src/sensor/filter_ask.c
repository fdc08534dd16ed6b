/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's question asked of a wire event, with the kernel's tables: what the BPF programs compute, here from what the
 * event says. Where the event does not say what the kernel knows, the demand counts as satisfied. */
#include "sensor/fdtrack.h"
#include "sensor/filter_internal.h"
#include "sensor/path.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

struct question {
	const struct filter_tables *t;
	const struct sensor_wire_view *view;
	const struct sensor_filter_context *context;
	unsigned class;
	const struct filter_dimensions *of;
};

/* ---- everybody ---- */

static uint64_t ask_comm_text(const struct question *q, const char *comm)
{
	const struct filter_entry *at = FILTER_LOOK(filter_find_entry, q->t->comm, filter_comm_hash(comm));

	return q->of->comm_free | (at ? at->mask[q->class] : q->of->comm_other);
}

static uint64_t ask_comm(const struct question *q)
{
	uint64_t mask = ask_comm_text(q, q->view->event->comm);

	return q->context->leader_comm ? mask | ask_comm_text(q, q->context->leader_comm) : mask;
}

static uint64_t ask_uid(const struct question *q)
{
	const struct filter_entry *at = FILTER_LOOK(filter_find_entry, q->t->uid, filter_uid_key(q->view->event->euid));

	return q->of->uid_free | (at ? at->mask[q->class] : q->of->uid_other);
}

static uint64_t ask_process(const struct question *q)
{
	uint64_t mask = q->of->where[q->context->where] & ask_comm(q) & ask_uid(q);

	return q->context->process ? mask & q->context->process->exe[q->class] : mask;
}

void sensor_filter_exe(const struct filter_tables *t, const char *path, uint64_t ret_exe[FILTER_CLASSES])
{
	const struct filter_entry *found[FILTER_COMPONENTS + 1];
	size_t len = path ? strlen(path) : 0, n = 0;
	uint64_t hash;

	for (unsigned class = 0; class < FILTER_CLASSES; class++)
		ret_exe[class] = path ? t->of[class].exe_free : UINT64_MAX;
	if (!path)
		return;
	if (!filter_path_hash(path, len, &hash))
		return;                          /* memfd:x is no path of a rule's */
	found[n++] = FILTER_LOOK(filter_find_entry, t->exe, hash);
	for (const char *slash = memrchr(path, '/', len); slash && n < ARRAY_LEN(found); ) {
		size_t dir = (size_t)(slash - path);
		if (filter_path_hash(path, dir ? dir : 1, &hash))
			found[n++] = FILTER_LOOK(filter_find_entry, t->exe_below, hash);
		slash = dir ? memrchr(path, '/', dir) : NULL;
	}
	for (size_t i = 0; i < n; i++)
		for (unsigned class = 0; found[i] && class < FILTER_CLASSES; class++)
			ret_exe[class] |= found[i]->mask[class];
}

/* ---- opens ---- */

static uint64_t ask_kind(const struct question *q)
{
	const struct sensor_wire_file *file = sensor_wire_struct(q->view, SENSOR_P_FILE, sizeof(*file));
	uint64_t flags;

	if (!sensor_wire_u64(q->view, SENSOR_P_FLAGS, &flags))
		return UINT64_MAX;
	return q->of->kind[filter_open_kind(flags, file && file->flags & SENSOR_FILE_CREATED)];
}

static uint64_t ask_fd_type(const struct question *q, const struct sensor_wire_file *file, const struct sensor_path *path)
{
	enum filter_fd_type type;

	if (q->view->event->ret < 0)
		type = sensor_wire_u64_or(q->view, SENSOR_P_FLAGS, 0) & 0200000 ? FILTER_FD_DIRECTORY : FILTER_FD_FILE;
	else if (!file || !path || path->head->flags & SENSOR_PATH_ANON)
		type = FILTER_FD_UNKNOWN;
	else
		type = filter_fd_type_of(file->mode);
	return q->of->fd_type[type];
}

static uint64_t ask_name(const struct filter_tables *t, const char *name, size_t len)
{
	const struct filter_name *at = FILTER_LOOK(filter_find_name, t->names, filter_name_hash(name, len));
	uint64_t mask = at ? at->mask : 0;

	for (unsigned n = 1; n <= 8 && n <= len; n++) {
		if (!(t->suffixes >> (n - 1) & 1))
			continue;
		at = FILTER_LOOK(filter_find_name, t->names, filter_suffix_key(filter_word(name + len - n, n), n));
		mask |= at ? at->mask : 0;
	}
	return mask;
}

/* By another way than the kernel's. */
static uint64_t ask_needles(const struct filter_tables *t, const char *name, size_t len)
{
	uint64_t mask = 0;

	for (size_t i = 0; i < t->n_needles; i++) {
		char text[FILTER_NEEDLE_BYTES];
		size_t n = 0;
		for (; n < FILTER_NEEDLE_BYTES && t->needles[i].counts[n]; n++)
			text[n] = (char)(t->needles[i].bytes[n] & 0xff);
		if (memmem(name, len, text, n))
			mask |= t->needles[i].mask;
	}
	return mask;
}

/* Components from the root, or from the place of the mount that they are in, down. */
static uint64_t ask_components(const struct filter_tables *t, const struct filter_mount *from, const char *const *names, size_t n)
{
	uint64_t hash = from ? from->point : FILTER_ROOT, path = from ? from->path : 0, part = from ? from->part : 0;
	/* What stands before the place of a mount is not looked at for texts. */
	uint64_t needle = from && from->point != FILTER_ROOT ? UINT64_MAX : 0;
	const struct filter_node *at = FILTER_LOOK(filter_find_node, t->nodes, hash);

	for (size_t i = 0; i < n; i++) {
		bool is_last = i + 1 == n;
		uint64_t name_as_part = 0;

		path |= at && is_last ? at->child : 0;
		needle |= ask_needles(t, names[i], strlen(names[i]));
		hash = filter_below(t, hash, names[i], strlen(names[i]), &path, is_last ? &name_as_part : &part);
		at = FILTER_LOOK(filter_find_node, t->nodes, hash);
	}
	path |= at ? at->exact : 0;
	return (path | t->path_free) & (part | t->part_free) & (needle | t->needle_free) &
	       ((n ? ask_name(t, names[n - 1], strlen(names[n - 1])) : UINT64_MAX) | t->name_free);
}

/* The next component of a path, leaf first; NULL when the parameter ends before it does. */
static const char *next_name(const struct sensor_path *path, size_t *at)
{
	const char *name = path->components + *at;
	size_t left = path->len - *at, len = strnlen(name, left);

	if (len == left)
		return NULL;
	*at += len + 1;
	return name;
}

/* The n_first components next to the file and those up to the root of its file system, from the top down. */
static size_t names_in_fs(const struct sensor_path *path, const char **names)
{
	const struct sensor_wire_path *head = path->head;
	size_t n = (size_t)head->n_first_mount + head->n_bind, i = n, at = 0;

	if (n > FILTER_COMPONENTS || head->n_first_mount > head->n)
		return SIZE_MAX;
	for (size_t k = 0; k < (size_t)head->n + head->n_bind; k++) {
		const char *name = next_name(path, &at);
		if (!name)
			return SIZE_MAX;
		if (k < head->n_first_mount || k >= head->n)
			names[--i] = name;
	}
	return n;
}

/* From the root when mounts are not looked at. `n` names within the file system. */
static uint64_t ask_from_root(const struct filter_tables *t, const struct sensor_wire_path *head, const char *const *names, size_t n)
{
	size_t in_root = head->flags >> SENSOR_PATH_ROOT_SHIFT;

	if (!in_root || (head->n == head->n_first_mount && in_root == head->n + 1u))
		return 0;                        /* none, or the one by the mounts */
	if (in_root == 1 || in_root - 1 > n)
		return UINT64_MAX;
	return ask_components(t, NULL, names + n - (in_root - 1), in_root - 1);
}

/* The host's name. `above`: hash of the path of the file's mount. */
static uint64_t ask_on_host(const struct filter_tables *t, const struct sensor_wire_path *head, uint32_t dev, uint64_t above,
			    const char *const *names, size_t n)
{
	struct filter_place place;

	if (head->flags & SENSOR_PATH_LOOSE)
		return 0;
	if (!filter_place_of(t, dev, names, n, &place))
		return UINT64_MAX;
	if (!place.mount || (place.mount->point == above && place.n == head->n_first_mount))
		return 0;
	return place.n ? ask_components(t, place.mount, names + n - place.n, place.n) : UINT64_MAX;
}

/* Other names that the file has by its place, as sensor_names_of() and fd.hostpath have them. `seen`: the names of the path. */
static uint64_t ask_places(const struct filter_tables *t, const struct sensor_path *path, uint32_t dev, const char *const *seen)
{
	const char *names[FILTER_COMPONENTS];
	size_t n = names_in_fs(path, names);
	uint64_t above = FILTER_ROOT;

	if (n == SIZE_MAX)
		return UINT64_MAX;
	for (size_t i = 0; i + path->head->n_first_mount < path->head->n; i++)
		above = filter_mix(above, filter_name_hash(seen[i], strlen(seen[i])));
	return ask_from_root(t, path->head, names, n) | ask_on_host(t, path->head, dev, above, names, n);
}

static uint64_t ask_path(const struct question *q, const struct sensor_wire_file *file, const struct sensor_path *path)
{
	enum { UNSURE = SENSOR_PATH_CUT | SENSOR_PATH_DETACHED | SENSOR_PATH_DELETED | SENSOR_PATH_ANON | SENSOR_PATH_OUTSIDE_ROOT };
	const char *names[FILTER_COMPONENTS];
	size_t n, at = 0;

	/* A failed open has the program's text for a name; hard links of the same file are known to the state only. */
	if (!path || !file || path->head->flags & UNSURE || (file->nlink > 1 && !S_ISDIR(file->mode)))
		return UINT64_MAX;
	n = path->head->n;
	if (n > FILTER_COMPONENTS)
		return UINT64_MAX;
	for (size_t i = n; i-- > 0; )
		if (!(names[i] = next_name(path, &at)))
			return UINT64_MAX;
	return ask_components(q->t, NULL, names, n) | ask_places(q->t, path, file->dev, names);
}

static uint64_t ask_text(const struct question *q)
{
	const struct sensor_wire_param *raw = sensor_wire_param(q->view, SENSOR_P_RAW);
	uint64_t mask = UINT64_MAX;
	size_t len;
	const char *text = sensor_wire_text(q->view, SENSOR_P_RAW, &len);

	if (!raw || !text)
		return UINT64_MAX;
	if (!(raw->flags & SENSOR_PARAM_TRUNCATED) && !memmem(text, len, "..", 2))
		mask &= q->t->no_dots;
	if (len < 6 || memcmp(text, "/proc/", 6) != 0)
		mask &= q->t->no_proc;
	return mask;
}

static uint64_t ask_open(const struct question *q)
{
	const struct sensor_wire_file *file = sensor_wire_struct(q->view, SENSOR_P_FILE, sizeof(*file));
	struct sensor_path path;
	bool has_path = sensor_path_of(q->view, SENSOR_P_PATH, &path);

	return ask_kind(q) & ask_fd_type(q, file, has_path ? &path : NULL) & ask_path(q, file, has_path ? &path : NULL) & ask_text(q);
}

/* ---- sockets ---- */

static uint64_t ask_end(const struct filter_tables *t, unsigned end, const struct sensor_endpoint *address)
{
	uint64_t ports, nets, refuted = 0;
	__u64 hi, lo;
	const struct filter_name *at;
	unsigned family;

	if (!address)
		return (t->port_free[end] | t->port_none[end]) & (t->cidr_free[end] | t->cidr_none[end]);
	at = FILTER_LOOK(filter_find_name, t->ports, filter_port_key(end, address->port));
	ports = t->port_free[end] | (at ? at->mask : t->port_other[end]);
	family = filter_address(address->family, address->ip, &hi, &lo);
	nets = t->cidr_free[end];
	for (unsigned i = 0; i < t->n_cidrs; i++) {
		if (!filter_inside(&t->cidrs[i], end, family, hi, lo))
			continue;
		nets |= t->cidrs[i].inside;
		refuted |= t->cidrs[i].refutes;
	}
	return ports & (nets | (t->cidr_other[end] & ~refuted));
}

static uint64_t ask_net(const struct question *q)
{
	const struct sensor_wire_socket *socket = sensor_wire_struct(q->view, SENSOR_P_SOCKET, sizeof(*socket));
	struct sensor_endpoint remote, local;
	unsigned type = q->view->event->type;
	bool has_remote, has_local;

	if (!socket || sensor_is_dns(q->view))
		return UINT64_MAX;               /* names that were asked for are the state's */
	has_remote = type != MODEL_EVT_LISTEN && type != MODEL_EVT_BIND &&
		     sensor_endpoint_of(q->view, SENSOR_P_SOCKADDR_REMOTE, &remote);
	has_local = sensor_endpoint_of(q->view, SENSOR_P_SOCKADDR_LOCAL, &local);
	return q->of->kind[filter_net_kind(socket->family, socket->type, socket->protocol)] &
	       ask_end(q->t, FILTER_REMOTE, has_remote ? &remote : NULL) & ask_end(q->t, FILTER_LOCAL, has_local ? &local : NULL);
}

/* ---- all ---- */

uint64_t sensor_filter_ask(const struct filter_tables *t, const struct sensor_wire_view *view, const struct sensor_filter_context *context)
{
	struct question q = { .t = t, .view = view, .context = context };
	const struct sensor_wire *event = view->event;
	uint64_t mask;

	if (!t->is_active || event->type >= FILTER_TYPES || t->class_of[event->type] >= FILTER_CLASSES ||
	    event->flags & SENSOR_WIRE_IO_URING)
		return UINT64_MAX;
	q.class = t->class_of[event->type];
	q.of = &t->of[q.class];
	mask = t->types[event->type] & q.of->result[filter_result(event->ret)];
	if (mask && q.class == FILTER_OPEN)
		mask &= ask_open(&q);
	else if (mask && q.class == FILTER_NET)
		mask &= ask_net(&q);
	return mask ? mask & ask_process(&q) : 0;
}
