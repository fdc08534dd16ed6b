/* SPDX-License-Identifier: Apache-2.0 */
#include "posture/containers/containers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { DANGERS_MAX = 16, MOUNT_FIELDS_MAX = 64 };

enum reach {
	HERE = 1,        /* the path itself, and directories above it */
	BELOW = 2,       /* what is below it too */
};

/* What a container can do with a path of the host: escape-techniques of MITRE T1611 and the Kubernetes and CIS Docker (5.5)
 * benchmarks. */
static const struct { const char *path, *danger; unsigned reach; } places[] = {
	{ "/run/docker.sock", "runtime-socket", HERE },
	{ "/run/containerd/containerd.sock", "runtime-socket", HERE },
	{ "/run/docker/containerd/containerd.sock", "runtime-socket", HERE },
	{ "/run/k3s/containerd/containerd.sock", "runtime-socket", HERE },
	{ "/run/crio/crio.sock", "runtime-socket", HERE },
	{ "/run/podman/podman.sock", "runtime-socket", HERE },
	{ "/run/buildkit/buildkitd.sock", "runtime-socket", HERE },
	{ "/run/systemd/private", "runtime-socket", HERE },
	{ "/run/dbus/system_bus_socket", "runtime-socket", HERE },
	{ "/proc", "kernel-interface", HERE | BELOW },
	{ "/sys", "kernel-interface", HERE | BELOW },
	{ "/dev", "device", HERE | BELOW },
	{ "/boot", "system-directory", HERE | BELOW },
	{ "/etc", "system-directory", HERE },
	{ "/bin", "system-directory", HERE | BELOW },
	{ "/sbin", "system-directory", HERE | BELOW },
	{ "/lib", "system-directory", HERE | BELOW },
	{ "/lib64", "system-directory", HERE | BELOW },
	{ "/usr", "system-directory", HERE },
	{ "/usr/bin", "system-directory", HERE | BELOW },
	{ "/usr/sbin", "system-directory", HERE | BELOW },
	{ "/usr/lib", "system-directory", HERE | BELOW },
	{ "/usr/local/bin", "system-directory", HERE | BELOW },
	{ "/usr/local/sbin", "system-directory", HERE | BELOW },
	{ "/var/lib", "system-directory", HERE },
	{ "/etc/shadow", "credentials", HERE },
	{ "/etc/gshadow", "credentials", HERE },
	{ "/etc/ssh", "credentials", HERE | BELOW },
	{ "/etc/ssl/private", "credentials", HERE | BELOW },
	{ "/etc/kubernetes", "credentials", HERE | BELOW },
	{ "/etc/rancher", "credentials", HERE | BELOW },
	{ "/var/lib/kubelet", "credentials", HERE },
	{ "/var/lib/kubelet/pki", "credentials", HERE | BELOW },
	{ "/var/lib/etcd", "credentials", HERE | BELOW },
	{ "/var/lib/rancher", "credentials", HERE },
	{ "/root/.ssh", "credentials", HERE | BELOW },
	{ "/root/.aws", "credentials", HERE | BELOW },
	{ "/root/.kube", "credentials", HERE | BELOW },
	{ "/root/.docker", "credentials", HERE | BELOW },
	{ "/etc/passwd", "startup", HERE },
	{ "/etc/crontab", "startup", HERE },
	{ "/etc/cron.d", "startup", HERE | BELOW },
	{ "/etc/cron.hourly", "startup", HERE | BELOW },
	{ "/etc/cron.daily", "startup", HERE | BELOW },
	{ "/var/spool/cron", "startup", HERE | BELOW },
	{ "/etc/systemd", "startup", HERE | BELOW },
	{ "/run/systemd/system", "startup", HERE | BELOW },
	{ "/etc/init.d", "startup", HERE | BELOW },
	{ "/etc/ld.so.preload", "startup", HERE },
	{ "/etc/ld.so.conf.d", "startup", HERE | BELOW },
	{ "/etc/profile.d", "startup", HERE | BELOW },
	{ "/etc/sudoers", "startup", HERE },
	{ "/etc/sudoers.d", "startup", HERE | BELOW },
	{ "/etc/pam.d", "startup", HERE | BELOW },
	{ "/etc/udev", "startup", HERE | BELOW },
	{ "/etc/docker", "startup", HERE | BELOW },
	{ "/etc/kubernetes/manifests", "startup", HERE | BELOW },
	{ "/var/log", "logs", HERE },
	{ "/var/log/pods", "logs", HERE | BELOW },
	{ "/var/lib/docker", "runtime-state", HERE | BELOW },
	{ "/var/lib/containerd", "runtime-state", HERE | BELOW },
	{ "/var/lib/containers", "runtime-state", HERE | BELOW },
	{ "/run/containerd", "runtime-state", HERE | BELOW },
	{ "/run/docker", "runtime-state", HERE | BELOW },
	{ "/run/crio", "runtime-state", HERE | BELOW },
	{ "/root", "home", HERE },
	{ "/home", "home", HERE },
};

static const char *const harmless[] = { "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom",
					"/dev/shm",  "/dev/log",  "/dev/pts",  "/dev/mqueue", "/dev/hugepages" };
static const char *const socket_names[] = { "/docker.sock", "/containerd.sock", "/crio.sock",
					    "/podman.sock", "/buildkitd.sock",	"/cri-dockerd.sock" };
static const char *const secret_dirs[] = { "/.ssh", "/.aws", "/.kube", "/.docker", "/.gnupg", "/.azure", "/.config/gcloud" };

static bool is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	if (n == 1)
		return path[0] == '/';
	return strncmp(path, dir, n) == 0 && (path[n] == '/' || !path[n]);
}

static size_t add_danger(const char **ret, size_t n, const char *danger)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(ret[i], danger) == 0)
			return n;
	if (n < DANGERS_MAX)
		ret[n++] = danger;
	return n;
}

static bool has_end(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && strcmp(text + n - m, end) == 0;
}

size_t container_path_dangers(const char *path, const char *ret[16])
{
	size_t n = 0;

	if (path[0] != '/')
		return 0;
	if (strncmp(path, "/var/run", 8) == 0 && (path[8] == '/' || !path[8]))
		path += 4;                               /* the old name of /run */
	if (strstr(path, "/volumes/") && has_end(path, "/_data"))
		return 0;                                /* a named volume, wherever the runtime keeps it */
	for (size_t i = 0; i < ARRAY_LEN(harmless); i++)
		if (is_below(path, harmless[i]))
			return 0;
	if (strcmp(path, "/") == 0)
		n = add_danger(ret, n, "host-root");
	for (size_t i = 0; i < ARRAY_LEN(socket_names); i++)
		if (has_end(path, socket_names[i]))
			n = add_danger(ret, n, "runtime-socket");
	for (size_t i = 0; i < ARRAY_LEN(secret_dirs); i++) {
		const char *at = strstr(path, secret_dirs[i]);
		if (at && (at[strlen(secret_dirs[i])] == '/' || !at[strlen(secret_dirs[i])]))
			n = add_danger(ret, n, "credentials");
	}
	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		if (is_below(places[i].path, path) || (places[i].reach & BELOW && is_below(path, places[i].path)))
			n = add_danger(ret, n, places[i].danger);
	if (is_below(path, "/home") && strcmp(path, "/home") != 0 && !strchr(path + 6, '/'))
		n = add_danger(ret, n, "home");
	return n;
}

/* ---- /proc/PID/mountinfo ---- */

/* "\040" to " ", in place. */
static void unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++, to++) {
		if (from[0] == '\\' && from[1] >= '0' && from[1] <= '3' && from[2] >= '0' && from[2] <= '7' && from[3] >= '0' &&
		    from[3] <= '7') {
			*to = (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + (from[3] - '0'));
			from += 3;
		} else {
			*to = *from;
		}
	}
	*to = '\0';
}

static bool option_is(const char *options, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = options; *p; p += strcspn(p, ","), p += *p == ',')
		if (strncmp(p, name, n) == 0 && (p[n] == ',' || !p[n]))
			return true;
	return false;
}

/* 36 35 98:0 /root /point rw,noatime master:1 - ext3 /dev/root rw,errors=continue */
static bool mount_line(char *line, struct container_mount *ret)
{
	char *fields[MOUNT_FIELDS_MAX];
	size_t n = 0, dash = 0;

	for (char *p = line; n < MOUNT_FIELDS_MAX; n++) {
		fields[n] = p;
		if (n >= 6 && !dash && strncmp(p, "- ", 2) == 0)
			dash = n;
		p = strchr(p, ' ');
		if (!p) {
			n++;
			break;
		}
		*p++ = '\0';
	}
	if (!dash || n < dash + 4)
		return false;
	*ret = (struct container_mount){ .major = (unsigned)strtoul(fields[2], NULL, 10),
					 .root = fields[3],
					 .point = fields[4],
					 .type = fields[dash + 1],
					 .source = fields[dash + 2],
					 .writable = option_is(fields[5], "rw") && !option_is(fields[dash + 3], "ro") };
	unescape(fields[3]);
	unescape(fields[4]);
	unescape(fields[dash + 2]);
	return true;
}

int container_mountinfo(struct posture_set *set, const char *text, struct container_mount *ret, size_t max, size_t *ret_n)
{
	size_t n = 0;

	while (*text) {
		size_t len = strcspn(text, "\n");
		char *line = posture_alloc(set, len + 1);

		if (!line || n == max) {
			*ret_n = n;
			return -E2BIG;
		}
		memcpy(line, text, len);
		line[len] = '\0';
		n += mount_line(line, &ret[n]);
		text += len + (text[len] == '\n');
	}
	*ret_n = n;
	return 0;
}

static const struct container_mount *mount_at(const struct container_mount *mounts, size_t n, const char *point)
{
	while (n-- > 0)                                  /* the last one made there covers the others */
		if (strcmp(mounts[n].point, point) == 0)
			return &mounts[n];
	return NULL;
}

void container_mounts_read(struct container *x, const struct container_mount *mounts, size_t n)
{
	const struct posture_place place = x->docker_config ? x->docker_place : x->oci_place;

	for (size_t i = 0; i < x->c->n_mounts; i++) {
		const struct runtime_mount *m = &x->c->mounts[i];
		const char *dangers[DANGERS_MAX], *source = m->source && *m->source ? m->source : NULL;
		const struct container_mount *real = m->dest ? mount_at(mounts, n, m->dest) : NULL;
		struct posture_record *r;

		if (!m->dest || !source)
			continue;
		r = posture_record_new(x->set, MODEL_KIND_CONTAINER_MOUNT, x->record,
				       posture_printf(x->set, "%s: mount %s -> %s", x->record->name, source, m->dest), place);
		r->key = posture_printf(x->set, "%s %s", x->record->key ? x->record->key : x->record->name, m->dest);
		posture_set_text(r, MODEL_F_MOUNT_SOURCE, posture_printf(x->set, "%s", source));
		posture_set_text(r, MODEL_F_MOUNT_DEST, posture_printf(x->set, "%s", m->dest));
		posture_set_text(r, MODEL_F_MOUNT_TYPE, strstr(source, "/volumes/") && has_end(source, "/_data") ? "volume" : "bind");
		posture_set_bool(r, MODEL_F_MOUNT_WRITABLE, m->rw);
		posture_set_text(r, MODEL_F_MOUNT_PROPAGATION,
				 m->propagation && *m->propagation ? posture_printf(x->set, "%s", m->propagation) : "rprivate");
		posture_set_texts(r, MODEL_F_MOUNT_DANGERS, dangers, container_path_dangers(source, dangers));
		if (!real)
			continue;
		posture_said(posture_set_bool(r, MODEL_F_MOUNT_REAL_WRITABLE, real->writable), POSTURE_FROM_KERNEL,
			     "/proc/PID/mountinfo");
		if (real->writable && !m->rw)
			container_differs(x, "%s is declared read-only and mounted writable", m->dest);
	}
}
