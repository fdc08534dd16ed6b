/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of Docker and containerd: what CIS Docker sections 1.1 and 3 name, wherever the daemons keep it, and a little more. A
 * file that is not there makes no record.
 *
 * Watched by the kernel's audit means: a line of /etc/audit/audit.rules or rules.d says so ("-w PATH", "-F path=", "-F dir=",
 * auditctl(8)), for the path or a directory above it.
 */
#include "posture/docker/docker.h"

#include "posture/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RULES_MAX = 4096, WORD_MAX = 4096, PERMISSIONS = 12 };

static const struct { const char *path, *role; } places[] = {
	{ "/etc/systemd/system/docker.service", "docker-service" },
	{ "/lib/systemd/system/docker.service", "docker-service" },
	{ "/usr/lib/systemd/system/docker.service", "docker-service" },
	{ "/etc/systemd/system/docker.socket", "docker-socket-unit" },
	{ "/lib/systemd/system/docker.socket", "docker-socket-unit" },
	{ "/usr/lib/systemd/system/docker.socket", "docker-socket-unit" },
	{ "/etc/docker", "docker-config-dir" },
	{ "/etc/default/docker", "docker-default" },
	{ "/etc/sysconfig/docker", "docker-sysconfig" },
	{ "/run/containerd", "containerd-run-dir" },
	{ "/run/containerd/containerd.sock", "containerd-socket" },
	{ "/etc/containerd/config.toml", "containerd-config" },
	{ "/usr/bin/dockerd", "dockerd-binary" },
	{ "/usr/sbin/dockerd", "dockerd-binary" },
	{ "/usr/bin/containerd", "containerd-binary" },
	{ "/usr/bin/containerd-shim", "containerd-shim-binary" },
	{ "/usr/bin/containerd-shim-runc-v1", "containerd-shim-runc-v1-binary" },
	{ "/usr/bin/containerd-shim-runc-v2", "containerd-shim-runc-v2-binary" },
	{ "/usr/bin/runc", "runc-binary" },
	{ "/usr/sbin/runc", "runc-binary" },
};

/* ---- audit rules ---- */

struct rules { const char *paths[RULES_MAX]; size_t n; const char *why_unknown; };

static size_t rule_line(struct posture_set *set, const char *line, size_t len, const char **ret, size_t n_paths, size_t max)
{
	for (size_t i = 0; i < len; ) {
		size_t start = i + strspn(line + i, " \t"), n = strcspn(line + start, " \t\n");
		const char *word = line + start, *path = NULL;

		if (start >= len || n == 0 || (i == 0 && *word == '#'))
			break;
		i = start + n;
		if (n == 2 && memcmp(word, "-w", 2) == 0) {
			path = line + i + strspn(line + i, " \t");
			n = strcspn(path, " \t\n");
		} else if (n > 5 && memcmp(word, "path=", 5) == 0) {
			path = word + 5;
			n -= 5;
		} else if (n > 4 && memcmp(word, "dir=", 4) == 0) {
			path = word + 4;
			n -= 4;
		}
		while (path && n > 1 && path[n - 1] == '/')
			n--;
		if (path && *path == '/' && n < WORD_MAX && n_paths < max)
			ret[n_paths++] = posture_printf(set, "%.*s", (int)n, path);
	}
	return n_paths;
}

size_t docker_audit_paths(struct posture_set *set, const char *text, const char **ret, size_t n, size_t max)
{
	for (const char *line = text; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		n = rule_line(set, line, strcspn(line, "\n"), ret, n, max);
	return n;
}

static int rules_file(struct posture_set *set, struct rules *rules, const char *path)
{
	struct err err = ERR_INIT;
	char *text;
	size_t len;
	int r = posture_read(set, path, DOCKER_FILE_BYTES_MAX, &text, &len, &err);

	if (r < 0 && r != -ENOENT && r != -ENOTDIR)
		rules->why_unknown = posture_printf(set, "%s", err.text);
	if (r < 0)
		return r;
	rules->n = docker_audit_paths(set, text, rules->paths, rules->n, RULES_MAX);
	return 0;
}

static bool has_end(const char *name, const char *end)
{
	size_t n = strlen(name), m = strlen(end);

	return n > m && strcmp(name + n - m, end) == 0;
}

static void rules_read(struct posture_set *set, struct rules *rules)
{
	int fd = posture_open(set, "/etc/audit/rules.d", O_RDONLY | O_DIRECTORY);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;

	rules->n = 0;
	rules->why_unknown = NULL;
	rules_file(set, rules, "/etc/audit/audit.rules");
	while (dir && (entry = readdir(dir)))
		if (has_end(entry->d_name, ".rules"))
			rules_file(set, rules, posture_printf(set, "/etc/audit/rules.d/%s", entry->d_name));
	if (dir)
		closedir(dir);
	else
		fd_close_at(&fd);
}

static bool is_watched(const struct rules *rules, const char *path)
{
	for (size_t i = 0; i < rules->n; i++) {
		size_t n = strlen(rules->paths[i]);

		if (strncmp(path, rules->paths[i], n) == 0 && (path[n] == '/' || !path[n] || n == 1))
			return true;
	}
	return false;
}

/* ---- owners ---- */

/* Name of a user or group id in /etc/passwd or /etc/group; the number when there is none. */
static const char *name_of(struct posture_set *set, const char *file, unsigned id)
{
	char number[16];
	char *text;
	size_t len;

	snprintf(number, sizeof(number), "%u", id);
	if (posture_read(set, file, DOCKER_FILE_BYTES_MAX, &text, &len, NULL) == 0)
		for (const char *line = text; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
			size_t name_len = strcspn(line, ":\n"), skip;
			const char *field = line + name_len;

			if (*field != ':')
				continue;
			skip = strcspn(field + 1, ":\n");
			field += 1 + skip;
			if (*field == ':' && strncmp(field + 1, number, strlen(number)) == 0 && strchr(":\n", field[1 + strlen(number)]))
				return posture_printf(set, "%.*s", (int)name_len, line);
		}
	return posture_printf(set, "%u", id);
}

static void mode_set(struct posture_record *r, unsigned mode)
{
	static const struct { unsigned bit; const char *word; } words[PERMISSIONS] = {
		{ 0400, "user-read" }, { 0200, "user-write" }, { 0100, "user-exec" }, { 0040, "group-read" }, { 0020, "group-write" },
		{ 0010, "group-exec" }, { 0004, "other-read" }, { 0002, "other-write" }, { 0001, "other-exec" }, { 04000, "setuid" },
		{ 02000, "setgid" }, { 01000, "sticky" },
	};
	const char *items[PERMISSIONS];
	size_t n = 0;

	for (size_t i = 0; i < PERMISSIONS; i++)
		if (mode & words[i].bit)
			items[n++] = words[i].word;
	posture_set_texts(r, MODEL_F_RUNTIME_FILE_PERMISSIONS, items, n);
	posture_set_text(r, MODEL_F_RUNTIME_FILE_MODE, posture_printf(r->set, "%04o", mode & 07777));
}

static const char *type_of(mode_t mode)
{
	return S_ISREG(mode) ? "file" : S_ISDIR(mode) ? "directory" : S_ISSOCK(mode) ? "socket" : "other";
}

static struct posture_record *known(struct posture_set *set, const char *path, const char *role)
{
	for (struct posture_record *r = set->first[MODEL_KIND_RUNTIME_FILE]; r; r = r->next) {
		const struct posture_value *p = posture_value_of(r, MODEL_F_RUNTIME_FILE_PATH),
					   *o = posture_value_of(r, MODEL_F_RUNTIME_FILE_ROLE);

		if (p && o && strcmp(p->value.text, path) == 0 && strcmp(o->value.text, role) == 0)
			return r;
	}
	return NULL;
}

static bool is_link(struct posture_set *set, const char *path)
{
	_cleanup_close_ int fd = posture_open(set, path, O_PATH | O_NOFOLLOW);
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISLNK(st.st_mode);
}

struct posture_record *runtime_file_record(struct posture_set *set, const char *path, const char *role)
{
	_cleanup_close_ int fd = posture_open(set, path, O_PATH);
	struct posture_record *r = known(set, path, role);
	struct stat st;

	if (r || fd == -ENOENT || fd == -ENOTDIR)
		return r;
	r = posture_record_new(set, MODEL_KIND_RUNTIME_FILE, NULL, posture_printf(set, "%s", path),
			       (struct posture_place){ .file = posture_printf(set, "%s", path) });
	r->key = posture_printf(set, "%s %s", role, path);
	posture_set_text(r, MODEL_F_RUNTIME_FILE_PATH, r->name);
	posture_set_text(r, MODEL_F_RUNTIME_FILE_ROLE, role);
	if (fd < 0 || fstat(fd, &st) < 0) {
		static const enum model_field_id fields[] = { MODEL_F_RUNTIME_FILE_TYPE, MODEL_F_RUNTIME_FILE_OWNER,
							      MODEL_F_RUNTIME_FILE_GROUP, MODEL_F_RUNTIME_FILE_MODE,
							      MODEL_F_RUNTIME_FILE_PERMISSIONS };
		const char *why = posture_printf(set, "open %s: %s", path, strerror(fd < 0 ? -fd : errno));

		for (size_t i = 0; i < ARRAY_LEN(fields); i++)
			posture_set_unknown(r, fields[i], why);
		return r;
	}
	posture_set_text(r, MODEL_F_RUNTIME_FILE_TYPE, type_of(st.st_mode));
	posture_set_text(r, MODEL_F_RUNTIME_FILE_OWNER, name_of(set, "/etc/passwd", st.st_uid));
	posture_set_text(r, MODEL_F_RUNTIME_FILE_GROUP, name_of(set, "/etc/group", st.st_gid));
	posture_set_bool(r, MODEL_F_RUNTIME_FILE_IS_LINK, is_link(set, path));
	mode_set(r, st.st_mode);
	return r;
}

/* ---- which files ---- */

static void add(struct posture_set *set, const struct rules *rules, const char *path, const char *role)
{
	struct posture_record *r = runtime_file_record(set, path, role);

	if (!r || posture_value_of(r, MODEL_F_RUNTIME_FILE_IS_AUDITED))
		return;
	if (rules->why_unknown && !is_watched(rules, path))
		posture_set_unknown(r, MODEL_F_RUNTIME_FILE_IS_AUDITED, rules->why_unknown);
	else
		posture_set_bool(r, MODEL_F_RUNTIME_FILE_IS_AUDITED, is_watched(rules, path));
}

/* /etc/docker/certs.d/REGISTRY/FILE */
static void certificates_add(struct posture_set *set, const struct rules *rules)
{
	static const char top[] = "/etc/docker/certs.d";
	int fd = posture_open(set, top, O_RDONLY | O_DIRECTORY);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *registry, *file;
	size_t n = 0;

	if (!dir)
		fd_close_at(&fd);
	while (dir && (registry = readdir(dir))) {
		int sub_fd = registry->d_name[0] == '.'
				     ? -1
				     : openat(dirfd(dir), registry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		DIR *sub = sub_fd >= 0 ? fdopendir(sub_fd) : NULL;

		while (sub && (file = readdir(sub)) && n++ < DOCKER_CERTIFICATES_MAX)
			if (file->d_name[0] != '.')
				add(set, rules, posture_printf(set, "%s/%s/%s", top, registry->d_name, file->d_name),
				    has_end(file->d_name, ".key") ? "registry-key" : "registry-certificate");
		if (sub)
			closedir(sub);
		else
			fd_close_at(&sub_fd);
	}
	if (dir)
		closedir(dir);
}

static void daemon_files_add(const struct docker_daemon *d, const struct rules *rules)
{
	static const struct { enum model_field_id field; const char *role;
	} settings[] = {
		{ MODEL_F_DOCKER_TLS_CA, "tls-ca" },
		{ MODEL_F_DOCKER_TLS_CERT, "tls-certificate" },
		{ MODEL_F_DOCKER_TLS_KEY, "tls-key" },
		{ MODEL_F_DOCKER_DATA_ROOT, "docker-data-root" },
	};
	size_t n;
	const struct model_value *hosts = docker_setting_list(d, MODEL_F_DOCKER_HOSTS, &n);
	const char *exec_root = docker_setting_text(d, MODEL_F_DOCKER_EXEC_ROOT),
		   *containerd = docker_flag(d, "containerd", 0, 0);

	add(d->set, rules, posture_printf(d->set, "%s%s", d->below, d->config_file), "docker-daemon-json");
	for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
		const char *path = docker_setting_text(d, settings[i].field);
		if (path && *path == '/')
			add(d->set, rules, posture_printf(d->set, "%s%s", d->below, path), settings[i].role);
	}
	for (size_t i = 0; i < n; i++) {
		const char *path = strncmp(hosts[i].text, "unix://", 7) == 0 ? hosts[i].text + 7
				   : strncmp(hosts[i].text, "fd://", 5) == 0 ? "/run/docker.sock"
									     : NULL;

		if (path && *path == '/')
			add(d->set, rules,
			    posture_printf(d->set, "%s%s", d->below, strncmp(path, "/var/run/", 9) == 0 ? path + 4 : path),
			    "docker-socket");
	}
	if (containerd && *containerd == '/')
		add(d->set, rules, posture_printf(d->set, "%s%s", d->below, containerd), "containerd-socket");
	else if (exec_root)
		add(d->set, rules, posture_printf(d->set, "%s%s/containerd/containerd.sock", d->below,
						  strncmp(exec_root, "/var/run/", 9) == 0 ? exec_root + 4 : exec_root), "containerd-socket");
}

/* /lib is /usr/lib on most machines: the same file is not told twice. */
static bool is_same_as_other(struct posture_set *set, const char *path)
{
	_cleanup_close_ int lib = posture_open(set, "/lib", O_PATH), usr = posture_open(set, "/usr/lib", O_PATH);
	struct stat a, b;

	return strncmp(path, "/lib/", 5) == 0 && lib >= 0 && usr >= 0 && fstat(lib, &a) == 0 && fstat(usr, &b) == 0 &&
	       a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

void docker_files_read(struct posture_set *set, const struct docker_daemon *daemons, size_t n)
{
	struct rules *rules = mem_alloc(sizeof(*rules));

	rules_read(set, rules);
	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		if (!is_same_as_other(set, places[i].path))
			add(set, rules, places[i].path, places[i].role);
	certificates_add(set, rules);
	for (size_t i = 0; i < n; i++)
		daemon_files_add(&daemons[i], rules);
	free(rules);
}
