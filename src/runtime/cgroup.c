/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cgroup paths. Shapes, by who writes them:
 *
 *   cgroupfs driver   /docker/ID  /libpod_parent/libpod-ID  /kubepods/burstable/podUID/ID  /NAMESPACE/ID  /ID
 *   systemd driver    /system.slice/docker-ID.scope  /machine.slice/libpod-ID.scope/container
 *                     /kubepods.slice/kubepods-podUID.slice/cri-containerd-ID.scope
 *   driver mismatch   /system.slice/containerd.service/kubepods-podUID.slice:cri-containerd:ID
 *
 * conmon has scopes of its own (libpod-conmon-ID.scope, crio-conmon-ID.scope): not the container.
 */
#include "runtime/runtime_internal.h"

#include <stdio.h>
#include <string.h>

static const struct { const char *prefix; enum runtime_kind kind; } prefixes[] = {
	{ "docker-", RUNTIME_DOCKER }, { "cri-containerd-", RUNTIME_CONTAINERD }, { "nerdctl-", RUNTIME_CONTAINERD },
	{ "crio-", RUNTIME_CRIO }, { "libpod-payload-", RUNTIME_PODMAN }, { "libpod-", RUNTIME_PODMAN }, { "runc-", RUNTIME_OCI }, { "crun-", RUNTIME_OCI },
};

static const struct { const char *parent; enum runtime_kind kind; } parents[] = {
	{ "docker", RUNTIME_DOCKER }, { "moby", RUNTIME_DOCKER }, { "default", RUNTIME_CONTAINERD },
	{ "k8s.io", RUNTIME_CONTAINERD }, { "libpod_parent", RUNTIME_PODMAN },
};

static bool is_hex64(const char *text, size_t len)
{
	if (len != 64)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!((text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f')))
			return false;
	return true;
}

static bool has_prefix(const char *text, size_t len, const char *prefix)
{
	size_t n = strlen(prefix);

	return len > n && memcmp(text, prefix, n) == 0;
}

static bool has_suffix(const char *text, size_t len, const char *suffix)
{
	size_t n = strlen(suffix);

	return len > n && memcmp(text + len - n, suffix, n) == 0;
}

/* Cut a component down to what may be the id; the kind it tells, or -1. False for conmon's own. */
static bool component_cut(const char **text, size_t *len, int *ret_kind)
{
	const char *colon = memrchr(*text, ':', *len);

	*ret_kind = -1;
	if (has_suffix(*text, *len, ".scope"))
		*len -= strlen(".scope");
	if (colon) {
		size_t before = (size_t)(colon - *text);
		*ret_kind = has_suffix(*text, before, ":cri-containerd") ? RUNTIME_CONTAINERD :
			has_suffix(*text, before, ":crio") ? RUNTIME_CRIO :
			has_suffix(*text, before, ":docker") ? RUNTIME_DOCKER : -1;
		*len = (size_t)(*text + *len - colon) - 1;
		*text = colon + 1;
	}
	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
		if (!has_prefix(*text, *len, prefixes[i].prefix))
			continue;
		*text += strlen(prefixes[i].prefix);
		*len -= strlen(prefixes[i].prefix);
		*ret_kind = (int)prefixes[i].kind;
		break;
	}
	return !has_prefix(*text, *len, "conmon-");
}

/* Whole components only: a bare runc container may be called "runc-1", so the caller tries the text as it is first. */
bool runtime_component_id(const char *component, size_t len, char ret_id[LIMIT_RUNTIME_ID_BYTES + 1])
{
	int kind;

	if (!component_cut(&component, &len, &kind) || len == 0 || len > LIMIT_RUNTIME_ID_BYTES)
		return false;
	memcpy(ret_id, component, len);
	ret_id[len] = '\0';
	return runtime_id_is_valid(ret_id);
}

static enum runtime_kind kind_of_parent(const char *path, const char *component)
{
	size_t before = (size_t)(component - path);

	if (memmem(path, before, "/kubepods", strlen("/kubepods")))
		return RUNTIME_CONTAINERD;
	for (size_t i = 0; i < ARRAY_LEN(parents); i++) {
		size_t n = strlen(parents[i].parent);
		if (before >= n + 2 && component[-1] == '/' && memcmp(component - 1 - n, parents[i].parent, n) == 0 &&
		    component[-2 - (ptrdiff_t)n] == '/')
			return parents[i].kind;
	}
	return RUNTIME_OCI;
}

bool runtime_id_of_cgroup(const char *path, char ret_id[65], enum runtime_kind *ret_kind)
{
	size_t end = path ? strnlen(path, LIMIT_RUNTIME_CGROUP_BYTES) : 0;

	while (end > 0) {
		size_t start = end;
		const char *text;
		size_t len;
		int kind;

		while (start > 0 && path[start - 1] != '/')
			start--;
		text = path + start;
		len = end - start;
		if (component_cut(&text, &len, &kind) && is_hex64(text, len)) {
			memcpy(ret_id, text, len);
			ret_id[len] = '\0';
			*ret_kind = kind >= 0 ? (enum runtime_kind)kind : kind_of_parent(path, path + start);
			return true;
		}
		end = start ? start - 1 : 0;
	}
	return false;
}

/* `path` is `top` or lies below it. */
static bool is_in(const char *path, const char *top)
{
	size_t n = strlen(top);

	while (n > 1 && top[n - 1] == '/')
		n--;
	return n > 1 && strncmp(path, top, n) == 0 && (path[n] == '\0' || path[n] == '/');
}

/* "slice:prefix:name" (systemd driver) to the two last components; cgroupfs paths as they are. */
static bool expected_tail(const char *cgroups_path, char *ret, size_t size)
{
	const char *first = strchr(cgroups_path, ':');
	const char *second = first ? strchr(first + 1, ':') : NULL;
	int n;

	if (!second)
		n = snprintf(ret, size, "%s%s", cgroups_path[0] == '/' ? "" : "/", cgroups_path);
	else
		n = snprintf(ret, size, "%s%.*s/%.*s%s%s.scope", first > cgroups_path ? "/" : "", (int)(first - cgroups_path), cgroups_path,
			     (int)(second - first - 1), first + 1, second > first + 1 ? "-" : "", second + 1);
	return n > 1 && (size_t)n < size;
}

/* A runtime's own cgroup may be in front (a daemon in a container or service), so the tail decides; but a user
 * who has a delegated subtree cannot pass for root's container with it. */
static bool tail_fits(const char *cgroups_path, bool rootless, const char *path)
{
	char tail[LIMIT_RUNTIME_CGROUP_BYTES];
	size_t n;

	if (!expected_tail(cgroups_path, tail, sizeof(tail)))
		return false;
	if (is_in(path, tail))
		return true;
	if (!rootless && strncmp(path, "/user.slice/", strlen("/user.slice/")) == 0)
		return false;
	n = strlen(tail);
	for (const char *at = strstr(path, tail); at; at = strstr(at + 1, tail))
		if (at[n] == '\0' || at[n] == '/')
			return true;
	return false;
}

bool runtime_cgroup_fits(const char *const *cgroup_paths, size_t n, const char *cgroups_path, const char *id, bool rootless, const char *path)
{
	for (size_t i = 0; i < n; i++)
		if (is_in(path, cgroup_paths[i]))
			return true;
	if (cgroups_path && cgroups_path[0])
		return tail_fits(cgroups_path, rootless, path);
	return n == 0 && runtime_id_is_hex64(id);
}

const char *runtime_cgroup_strip_mount(const char *controller, const char *path)
{
	static const char mount[] = "/sys/fs/cgroup";
	const char *rest;

	if (strncmp(path, mount, strlen(mount)) != 0 || path[strlen(mount)] != '/')
		return NULL;
	rest = path + strlen(mount);
	if (controller[0] == '\0')
		return strncmp(rest, "/unified/", 9) == 0 ? rest + 8 : rest;
	rest = strchr(rest + 1, '/');
	return rest ? rest : "/";
}

bool runtime_cgroup_pod_uid(const char *path, char *ret, size_t size)
{
	const char *kube = strstr(path, "/kubepods");
	const char *last = NULL;
	size_t len;

	if (!kube)
		return false;
	for (const char *at = strstr(kube, "pod"); at; at = strstr(at + 1, "pod"))
		if ((at[-1] == '/' || at[-1] == '-') && strspn(at + 3, "0123456789abcdef-_") >= 32)
			last = at + 3;
	if (!last)
		return false;
	len = strspn(last, "0123456789abcdef-_");
	if (len >= size)
		return false;
	for (size_t i = 0; i < len; i++)
		ret[i] = last[i] == '_' ? '-' : last[i];
	ret[len] = '\0';
	return true;
}
