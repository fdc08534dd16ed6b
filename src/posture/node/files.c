/* SPDX-License-Identifier: Apache-2.0 */
/* Files that components trust, with the permissions that CIS Kubernetes 1.1 and 4.1 leave them. */
#include "posture/node/node.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { PKI_FILES_MAX = 500 };

struct wanted { const char *role, *component, *path; unsigned mode; };

/* Where kubeadm puts them; what a command line names comes besides. */
static const struct wanted fixed[] = {
	{ "pod-spec", "kube-apiserver", "/etc/kubernetes/manifests/kube-apiserver.yaml", 0600 },
	{ "pod-spec", "kube-controller-manager", "/etc/kubernetes/manifests/kube-controller-manager.yaml", 0600 },
	{ "pod-spec", "kube-scheduler", "/etc/kubernetes/manifests/kube-scheduler.yaml", 0600 },
	{ "pod-spec", "etcd", "/etc/kubernetes/manifests/etcd.yaml", 0600 },
	{ "admin-kubeconfig", "kube-apiserver", "/etc/kubernetes/admin.conf", 0600 },
	{ "admin-kubeconfig", "kube-apiserver", "/etc/kubernetes/super-admin.conf", 0600 },
	{ "component-kubeconfig", "kube-scheduler", "/etc/kubernetes/scheduler.conf", 0600 },
	{ "component-kubeconfig", "kube-controller-manager", "/etc/kubernetes/controller-manager.conf", 0600 },
	{ "kubelet-service", "kubelet", "/etc/systemd/system/kubelet.service.d/10-kubeadm.conf", 0600 },
	{ "kubelet-service", "kubelet", "/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf", 0644 },
	{ "kubelet-service", "kubelet", "/etc/systemd/system/kubelet.service", 0600 },
	{ "kubelet-kubeconfig", "kubelet", "/etc/kubernetes/kubelet.conf", 0600 },
	{ "kubelet-config", "kubelet", "/var/lib/kubelet/config.yaml", 0600 },
	{ "client-ca", "kubelet", "/etc/kubernetes/pki/ca.crt", 0644 },
};

/* Flags that name a file. */
static const struct { const char *role, *component, *flag; unsigned mode; } flags[] = {
	{ "kubelet-kubeconfig", "kubelet", "kubeconfig", 0600 },
	{ "kubelet-config", "kubelet", "config", 0600 },
	{ "client-ca", "kubelet", "client-ca-file", 0644 },
	{ "proxy-kubeconfig", "kube-proxy", "kubeconfig", 0600 },
	{ "component-kubeconfig", "kube-scheduler", "kubeconfig", 0600 },
	{ "component-kubeconfig", "kube-controller-manager", "kubeconfig", 0600 },
	{ "etcd-data", "etcd", "data-dir", 0700 },
};

/* The name of an id in /etc/passwd or /etc/group below the set's root: "name:x:ID:". NULL when it has none. */
static const char *name_of(struct posture_set *set, const char *file, unsigned id)
{
	size_t len;
	char *text, *line;

	if (posture_read(set, file, 4 << 20, &text, &len, NULL) < 0)
		return NULL;
	while ((line = strsep(&text, "\n"))) {
		char *name = strsep(&line, ":"), *number;

		strsep(&line, ":");
		number = line ? strsep(&line, ":") : NULL;
		if (number && *number && strtoul(number, NULL, 10) == id)
			return name;
	}
	return NULL;
}

static const char *owner_of(struct posture_set *set, const struct stat *st)
{
	const char *user = name_of(set, "/etc/passwd", st->st_uid), *group = name_of(set, "/etc/group", st->st_gid);

	user = user ? user : posture_printf(set, "%u", st->st_uid);
	group = group ? group : posture_printf(set, "%u", st->st_gid);
	return posture_printf(set, "%s:%s", user, group);
}

static bool is_there(const struct posture_set *set, const char *path)
{
	for (const struct posture_record *r = set->first[MODEL_KIND_NODE_FILE]; r; r = r->next)
		if (strcmp(posture_value_of(r, MODEL_F_NODEFILE_PATH)->value.text, path) == 0)
			return true;
	return false;
}

static void set_stat(struct posture_record *r, const struct stat *st, unsigned mode)
{
	struct posture_set *set = r->set;
	unsigned open_bits = st->st_mode & 07777 & ~mode;
	time_t now = time(NULL);

	posture_said(posture_set_text(r, MODEL_F_NODEFILE_MODE, posture_printf(set, "%o", st->st_mode & 07777)), POSTURE_FROM_KERNEL, NULL);
	if (open_bits)
		posture_set_text(r, MODEL_F_NODEFILE_OPEN_BITS, posture_printf(set, "%o", open_bits));
	posture_said(posture_set_text(r, MODEL_F_NODEFILE_OWNER, owner_of(set, st)), POSTURE_FROM_KERNEL, NULL);
	posture_set_uint(r, MODEL_F_NODEFILE_AGE_DAYS, now > st->st_mtime ? (uint64_t)(now - st->st_mtime) / 86400 : 0);
}

static void add_file(struct posture_set *set, struct wanted w, const char *real)
{
	_cleanup_close_ int fd = -1;
	struct posture_record *r;
	struct stat st;

	if (is_there(set, w.path))
		return;
	fd = posture_open(set, real, O_PATH);
	if (fd == -ENOENT || fd == -ENOTDIR)
		return;
	r = posture_record_new(set, MODEL_KIND_NODE_FILE, NULL, w.path, (struct posture_place){ .file = w.path });
	posture_set_text(r, MODEL_F_NODEFILE_ROLE, w.role);
	posture_set_text(r, MODEL_F_NODEFILE_COMPONENT, w.component);
	posture_set_text(r, MODEL_F_NODEFILE_PATH, w.path);
	if (fd < 0 || fstat(fd, &st) < 0) {
		const char *why = posture_printf(set, "stat %s: %s", w.path, strerror(fd < 0 ? -fd : errno));

		posture_set_unknown(r, MODEL_F_NODEFILE_MODE, why);
		posture_set_unknown(r, MODEL_F_NODEFILE_OPEN_BITS, why);
		posture_set_unknown(r, MODEL_F_NODEFILE_OWNER, why);
		posture_set_unknown(r, MODEL_F_NODEFILE_AGE_DAYS, why);
		return;
	}
	set_stat(r, &st, w.mode);
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), n = strlen(end);

	return len >= n && strcmp(text + len - n, end) == 0;
}

static void add_dir(struct posture_set *set, const char *dir, const char *role, unsigned mode, unsigned depth, size_t *left)
{
	_cleanup_close_ int fd = posture_open(set, dir, O_RDONLY | O_DIRECTORY);
	struct dirent **names;
	int n = fd < 0 ? fd : scandirat(fd, ".", &names, NULL, alphasort);

	if (fd == -ENOENT || fd == -ENOTDIR)
		return;
	if (n < 0) {
		posture_problem(set, MODEL_LAYER_ORCHESTRATOR, (struct posture_place){ .file = dir }, "not read: %s",
				strerror(fd < 0 ? -fd : errno));
		return;
	}
	for (int i = 0; i < n; i++) {
		const char *name = names[i]->d_name, *path = posture_printf(set, "%s/%s", dir, name);
		bool is_pki = strcmp(role, "pki") == 0;
		struct wanted w = { role, "kubernetes", path, mode };

		if (is_pki && ends_with(name, ".key"))
			w = (struct wanted){ "pki-key", "kubernetes", path, 0600 };
		else if (is_pki && ends_with(name, ".crt"))
			w = (struct wanted){ "pki-cert", "kubernetes", path, 0644 };
		if (*name != '.' && *left > 0) {
			--*left;
			if (names[i]->d_type == DT_DIR && depth)
				add_dir(set, path, role, mode, depth - 1, left);
			else if (names[i]->d_type != DT_DIR)
				add_file(set, w, path);
		}
		free(names[i]);
	}
	free(names);
}

void node_files_collect(struct posture_set *set, const struct node_component *components, size_t n)
{
	size_t left = PKI_FILES_MAX;

	for (size_t i = 0; i < ARRAY_LEN(fixed); i++)
		add_file(set, fixed[i], fixed[i].path);
	for (size_t i = 0; i < n; i++)
		for (size_t f = 0; f < ARRAY_LEN(flags); f++) {
			const struct posture_value *v = strcmp(flags[f].component, components[i].name) == 0 ?
				node_option(&components[i], flags[f].flag, &set->arena) : NULL;

			if (v && v->state == MODEL_SET && *v->value.text == '/')
				add_file(set, (struct wanted){ flags[f].role, flags[f].component, v->value.text, flags[f].mode },
					 node_path(set, &components[i], v->value.text));
		}
	add_file(set, (struct wanted){ "pki", "kubernetes", "/etc/kubernetes/pki", 0755 }, "/etc/kubernetes/pki");
	add_dir(set, "/etc/kubernetes/pki", "pki", 0644, 2, &left);
	add_dir(set, "/etc/cni/net.d", "cni", 0600, 0, &left);
}
