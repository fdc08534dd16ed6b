/* SPDX-License-Identifier: Apache-2.0 */
/* fd.* of files, fs.path.* */
#include "sensor/record.h"

#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>

/* Has the event a descriptor? Calls that take paths only have fs.path.*, as in Falco. */
static bool has_fd(const struct sensor_record *r)
{
	enum model_event_type type = r->record.event;

	return sensor_type_is_open(type) || sensor_wire_has(r->view, SENSOR_P_FD) || sensor_wire_has(r->view, SENSOR_P_SOCKET) ||
	       type == MODEL_EVT_IO_URING_OP || type == MODEL_EVT_MMAP || type == MODEL_EVT_MPROTECT ||
	       type == MODEL_EVT_PKEY_MPROTECT || type == MODEL_EVT_SOCKET || type == MODEL_EVT_MEMFD_CREATE;
}

static bool makes_fd(enum model_event_type type)
{
	return sensor_type_is_open(type) || type == MODEL_EVT_SOCKET || type == MODEL_EVT_ACCEPT || type == MODEL_EVT_ACCEPT4 ||
	       type == MODEL_EVT_DUP || type == MODEL_EVT_DUP2 || type == MODEL_EVT_DUP3 || type == MODEL_EVT_MEMFD_CREATE ||
	       type == MODEL_EVT_FSOPEN || type == MODEL_EVT_FSMOUNT || type == MODEL_EVT_OPEN_TREE || type == MODEL_EVT_BPF ||
	       type == MODEL_EVT_PERF_EVENT_OPEN || type == MODEL_EVT_USERFAULTFD || type == MODEL_EVT_IO_URING_SETUP;
}

static enum sensor_fd_type type_of(const struct sensor_record *r)
{
	enum sensor_fd_type type = sensor_fd_type_of(r->view);

	if (type == SENSOR_FD_NONE && sensor_type_is_open(r->record.event))
		return sensor_wire_u64_or(r->view, SENSOR_P_FLAGS, 0) & O_DIRECTORY ? SENSOR_FD_DIRECTORY : SENSOR_FD_FILE;
	if (type == SENSOR_FD_NONE && r->record.event == MODEL_EVT_SOCKET)
		return sensor_fd_type_of_family((unsigned)sensor_wire_u64_or(r->view, SENSOR_P_REQUEST, 0));
	return type;
}

static bool is_socket(const struct sensor_record *r)
{
	return sensor_wire_has(r->view, SENSOR_P_SOCKET) || sensor_wire_has(r->view, SENSOR_P_SOCKADDR_REMOTE) ||
	       sensor_wire_has(r->view, SENSOR_P_SOCKADDR_LOCAL);
}

static const char *fd_name(const struct sensor_record *r, struct arena *scratch, size_t *ret_len)
{
	if (!has_fd(r))
		return NULL;
	if (is_socket(r))
		return sensor_socket_name(r, scratch, ret_len);
	return sensor_record_name(r, ret_len);
}

/* "/etc" of "/etc/shadow", "/" of "/shadow" and "/". */
static int directory(const char *path, size_t len, struct arena *scratch, struct model_value *ret)
{
	const char *base = sensor_path_basename(path, len);
	size_t n = (size_t)(base - path);

	if (n == 0)
		return MODEL_UNSET;
	n = n > 1 ? n - 1 : 1;
	return value_text(ret, arena_strndup(scratch, path, n), n);
}

static int with_container(const struct sensor_record *r, const char *text, size_t len, struct arena *scratch, struct model_value *ret)
{
	const char *id = r->container && r->container->id ? r->container->id : "host";

	return text ? value_str(ret, arena_printf(scratch, "%.12s:%.*s", id, (int)len, text)) : MODEL_UNSET;
}

/* The same file as the host names it: through the host's own mount of its file system, or below the container's root. */
static int host_path(const struct sensor_record *r, struct arena *scratch, struct model_value *ret)
{
	const struct sensor_wire_file *file = sensor_wire_struct(r->view, SENSOR_P_FILE, sizeof(*file));
	struct sensor_path path;
	bool is_whole = false;
	size_t len;
	const char *text;

	if (!file || !sensor_path_of(r->view, SENSOR_P_PATH, &path) || (path.head->flags & SENSOR_PATH_ANON))
		return MODEL_UNSET;
	text = sensor_path_in_fs(&path, scratch, &len);
	text = text ? sensor_mounts_name(r->state->names.mounts, file->dev, text, len, scratch, &len) : NULL;
	if (text)
		return value_text(ret, text, len);
	if (path.head->flags & SENSOR_PATH_CUT)
		return MODEL_UNSET;
	if (r->state->has_host_task && r->view->event->mnt_ns == r->state->host_task.mnt_ns &&
	    !(path.head->flags & SENSOR_PATH_DETACHED)) {
		text = sensor_path_text(&path, scratch, &len);
		return value_text(ret, text, len);
	}
	if (!r->container || !r->container->rootfs)
		return MODEL_UNSET;
	if (!sensor_path_has_places(path.head))
		text = sensor_path_text(&path, scratch, &len);
	else if (!(text = sensor_path_in_root(&path, scratch, &len, &is_whole)) || !is_whole)
		return MODEL_UNSET;
	return text ? value_str(ret, arena_printf(scratch, "%s%s", r->container->rootfs, text)) : MODEL_UNSET;
}

/* /proc/PID/root/..., cwd, fd/N, exe: links that the kernel jumps through. */
static bool via_magic_link(const struct sensor_record *r)
{
	static const char *const links[] = { "root", "cwd", "exe", "fd", "map_files", "ns" };
	const struct sensor_wire_path *path = sensor_wire_struct(r->view, SENSOR_P_PATH, sizeof(*path));
	size_t len;
	const char *text;

	if (path && (path->flags & SENSOR_PATH_MAGIC))
		return true;
	text = sensor_record_joined(r, SENSOR_P_RAW, SENSOR_P_DIR_PATH, &r->state->scratch, &len);
	if (!text || strncmp(text, "/proc/", 6) != 0 || !(text = strchr(text + 6, '/')))
		return false;
	if (strncmp(text, "/task/", 6) == 0 && !(text = strchr(text + 6, '/')))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(links); i++) {
		size_t n = strlen(links[i]);
		if (strncmp(text + 1, links[i], n) == 0 && (text[1 + n] == '/' || text[1 + n] == '\0'))
			/* The directories fd, map_files and ns are none themselves, only what is in them. */
			return i < 3 || text[1 + n] == '/';
	}
	return false;
}

static int file_value(const struct sensor_record *r, enum model_field_id id, struct model_value *ret)
{
	const struct sensor_wire_file *file = sensor_wire_struct(r->view, SENSOR_P_FILE, sizeof(*file));

	if (!file || !has_fd(r))
		return MODEL_UNSET;
	switch (id) {
	case MODEL_F_FD_DEV: return value_i64(ret, (int64_t)makedev(file->dev >> 20, file->dev & 0xfffff));
	case MODEL_F_FD_DEV_MAJOR: return value_i64(ret, file->dev >> 20);
	case MODEL_F_FD_DEV_MINOR: return value_i64(ret, file->dev & 0xfffff);
	case MODEL_F_FD_INO: return value_i64(ret, (int64_t)file->ino);
	case MODEL_F_FD_NLINK: return value_u64(ret, file->nlink);
	case MODEL_F_FD_UID: return value_u64(ret, file->uid);
	case MODEL_F_FD_MODE: return value_u64(ret, file->mode);
	case MODEL_F_FD_IS_UPPER_LAYER: return value_bool(ret, file->flags & SENSOR_FILE_UPPER);
	case MODEL_F_FD_IS_LOWER_LAYER: return value_bool(ret, file->flags & SENSOR_FILE_LOWER);
	default: return MODEL_UNSET;
	}
}

static int fd_number(const struct sensor_record *r, struct model_value *ret)
{
	uint64_t fd;

	if (makes_fd(r->record.event))
		return value_i64(ret, r->view->event->ret);
	return sensor_wire_u64(r->view, SENSOR_P_FD, &fd) ? value_i64(ret, (int64_t)fd) : MODEL_UNSET;
}

static int fd_list(const struct sensor_record *r, const struct model_field_ref *f, struct arena *scratch, struct model_value *ret)
{
	const char *name = sensor_fd_type_name(type_of(r));
	struct model_value *list;

	if (!name || !has_fd(r) || (f->has_arg && f->index > 0))
		return MODEL_UNSET;
	list = arena_alloc(scratch, sizeof(*list));
	if (!list)
		return MODEL_UNSET;
	value_str(list, name);
	ret->list = list;
	ret->n = 1;
	return MODEL_SET;
}

static int name_value(const struct sensor_record *r, enum model_field_id id, struct arena *scratch, struct model_value *ret)
{
	size_t len = 0;
	const char *text = fd_name(r, scratch, &len), *base;
	bool is_path = text && !is_socket(r) && len;
	struct model_value dir;

	switch (id) {
	case MODEL_F_FD_NAME: return value_text(ret, text, len);
	case MODEL_F_FD_DIRECTORY: return is_path ? directory(text, len, scratch, ret) : MODEL_UNSET;
	case MODEL_F_FD_FILENAME:
		base = is_path ? sensor_path_basename(text, len) : NULL;
		return base ? value_text(ret, base, (size_t)(text + len - base)) : MODEL_UNSET;
	case MODEL_F_FD_CONTAINERNAME: return with_container(r, text, len, scratch, ret);
	default:
		if (!is_path || directory(text, len, scratch, &dir) != MODEL_SET)
			return MODEL_UNSET;
		return with_container(r, dir.text, dir.len, scratch, ret);
	}
}

int sensor_fields_fd(const struct sensor_record *r, const struct model_field_ref *f, struct arena *scratch, struct model_value *ret)
{
	const struct sensor_wire_socket *socket = sensor_wire_struct(r->view, SENSOR_P_SOCKET, sizeof(*socket));
	size_t len = 0;
	const char *text;

	if (!r->process)
		return MODEL_UNSET;
	switch (f->id) {
	case MODEL_F_FD_NUM: return fd_number(r, ret);
	case MODEL_F_FD_TYPE: return has_fd(r) ? value_str(ret, sensor_fd_type_name(type_of(r))) : MODEL_UNSET;
	case MODEL_F_FD_TYPECHAR: return has_fd(r) ? value_str(ret, sensor_fd_type_char(type_of(r))) : MODEL_UNSET;
	case MODEL_F_FD_NAME: case MODEL_F_FD_DIRECTORY ... MODEL_F_FD_CONTAINERDIRECTORY: return name_value(r, f->id, scratch, ret);
	case MODEL_F_FD_NAMERAW: return has_fd(r) ? value_param(r, SENSOR_P_RAW, scratch, ret) : MODEL_UNSET;
	case MODEL_F_FD_PATH:
		text = has_fd(r) ? sensor_record_path(r, SENSOR_P_PATH, scratch, &len) : NULL;
		return value_text(ret, text, len);
	case MODEL_F_FD_HOSTPATH: return has_fd(r) ? host_path(r, scratch, ret) : MODEL_UNSET;
	case MODEL_F_FD_VIA_MAGIC_LINK: return has_fd(r) && !is_socket(r) ? value_bool(ret, via_magic_link(r)) : MODEL_UNSET;
	case MODEL_F_FD_NAME_CHANGED:
		if (!socket)
			return MODEL_UNSET;
		return value_bool(ret, (socket->flags & 1) || r->record.event == MODEL_EVT_CONNECT);
	case MODEL_F_FD_UID_KEY:
		if (fd_number(r, ret) != MODEL_SET || ret->i64 < 0)
			return MODEL_UNSET;
		return value_str(ret, arena_printf(scratch, "%u%lld", r->view->event->tid, (long long)ret->i64));
	case MODEL_F_FD_COOKIE: return socket && socket->cookie ? value_u64(ret, socket->cookie) : MODEL_UNSET;
	case MODEL_F_FD_TYPES: return fd_list(r, f, scratch, ret);
	default: return file_value(r, f->id, ret);
	}
}

static bool has_two_paths(enum model_event_type type)
{
	switch (type) {
	case MODEL_EVT_RENAME: case MODEL_EVT_RENAMEAT: case MODEL_EVT_RENAMEAT2: case MODEL_EVT_LINK: case MODEL_EVT_LINKAT:
	case MODEL_EVT_SYMLINK: case MODEL_EVT_SYMLINKAT: case MODEL_EVT_MOUNT: case MODEL_EVT_MOVE_MOUNT: case MODEL_EVT_PIVOT_ROOT:
		return true;
	default:
		return false;
	}
}

/* Of mount the raw target is in RAW and the source in RAW2: the other way round than of rename. A symlink's
 * target text stays as it was given. */
static int two_paths(const struct sensor_record *r, bool source, bool raw, struct arena *scratch, struct model_value *ret)
{
	enum model_event_type type = r->record.event;
	bool is_mount = type == MODEL_EVT_MOUNT || type == MODEL_EVT_MOVE_MOUNT;
	bool is_symlink = type == MODEL_EVT_SYMLINK || type == MODEL_EVT_SYMLINKAT;
	bool first = is_mount ? !source : source;
	size_t len = 0;
	const char *text = NULL;

	if (raw || (is_symlink && first) || (type == MODEL_EVT_MOUNT && source))
		return value_param(r, first ? SENSOR_P_RAW : SENSOR_P_RAW2, scratch, ret);
	text = sensor_record_path(r, first ? SENSOR_P_PATH : SENSOR_P_PATH2, scratch, &len);
	if (!text)
		text = sensor_record_joined(r, first ? SENSOR_P_RAW : SENSOR_P_RAW2,
					    first ? SENSOR_P_DIR_PATH : SENSOR_P_DIR_PATH2, scratch, &len);
	return value_text(ret, text, len);
}

int sensor_fields_path(const struct sensor_record *r, const struct model_field_ref *f, struct arena *scratch, struct model_value *ret)
{
	bool two = has_two_paths(r->record.event);
	size_t len = 0;
	const char *text;

	if (!r->process || sensor_type_is_exec(r->record.event) || is_socket(r))
		return MODEL_UNSET;
	switch (f->id) {
	case MODEL_F_FS_PATH_NAME:
		if (r->record.event == MODEL_EVT_SYMLINK || r->record.event == MODEL_EVT_SYMLINKAT)
			return two_paths(r, false, false, scratch, ret);
		text = sensor_record_name(r, &len);
		return value_text(ret, text, len);
	case MODEL_F_FS_PATH_NAMERAW: return value_param(r, SENSOR_P_RAW, scratch, ret);
	case MODEL_F_FS_PATH_SOURCE: return two ? two_paths(r, true, false, scratch, ret) : MODEL_UNSET;
	case MODEL_F_FS_PATH_SOURCERAW: return two ? two_paths(r, true, true, scratch, ret) : MODEL_UNSET;
	case MODEL_F_FS_PATH_TARGET: return two ? two_paths(r, false, false, scratch, ret) : MODEL_UNSET;
	case MODEL_F_FS_PATH_TARGETRAW: return two ? two_paths(r, false, true, scratch, ret) : MODEL_UNSET;
	default: return MODEL_UNSET;
	}
}
