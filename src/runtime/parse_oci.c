/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.json of an OCI bundle (opencontainers/runtime-spec, config.md and config-linux.md), and the annotations
 * that runtimes write into it:
 *   containerd CRI   io.kubernetes.cri.*            (containerd pkg/cri/annotations)
 *   CRI-O            io.kubernetes.cri-o.*          (cri-o internal annotations)
 *   podman           io.container.manager=libpod, io.podman.annotations.*
 *   nerdctl          nerdctl/...
 */
#include "runtime/runtime_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* In terms of what it can do, as no spec says "privileged": nothing of /proc masked, and the
 * capabilities that make the host one's own. Not all of them: the host may have dropped some. */
static const char *const privileged_capabilities[] = {
	"sys_admin", "sys_module", "sys_rawio", "sys_ptrace", "net_admin", "dac_read_search", "mknod", "syslog", "sys_boot",
};

static bool option_is(const json_t *options, const char *name)
{
	for (size_t i = 0; i < json_array_size(options); i++) {
		const char *text = json_string_value(json_array_get(options, i));
		if (text && strcmp(text, name) == 0)
			return true;
	}
	return false;
}

static bool is_below(const char *source, const char *parent, const char *id, const char *child)
{
	const char *at = strstr(source, parent);
	size_t n = id ? strlen(id) : 0;

	if (!at || !n || strstr(at, "/../"))
		return false;
	at += strlen(parent);
	return strncmp(at, id, n) == 0 && strncmp(at + n, child, strlen(child)) == 0;
}

/* What podman, CRI-O and containerd's CRI plug-in put in of their own: hosts, passwd, shm in the state directory of the container or
 * its pod. */
static bool is_plumbing(const char *source, const char *id, const char *sandbox_id)
{
	return is_below(source, "-containers/", id, "/userdata/") ||
		is_below(source, "/io.containerd.grpc.v1.cri/sandboxes/", sandbox_id, "/");
}

/* Only what comes from outside the container: proc, sysfs, devpts and the like say nothing. */
static void parse_mounts(const json_t *mounts, const char *sandbox_id, struct runtime_facts *facts)
{
	static const char *const propagations[] = { "rprivate", "private", "rshared", "shared", "rslave", "slave" };

	for (size_t i = 0; i < json_array_size(mounts); i++) {
		const json_t *m = json_array_get(mounts, i);
		const json_t *options = json_at(m, "options", NULL);
		const char *type = json_text(m, "type", NULL);
		struct runtime_mount mount = { .source = json_text(m, "source", NULL), .dest = json_text(m, "destination", NULL), .mode = "" };

		if (!mount.source || !mount.dest || is_plumbing(mount.source, facts->c.id, sandbox_id) ||
		    !((type && strcmp(type, "bind") == 0) || option_is(options, "bind") || option_is(options, "rbind")))
			continue;
		mount.rw = !option_is(options, "ro") && !option_is(options, "rro");
		for (size_t p = 0; p < ARRAY_LEN(propagations) && !mount.propagation; p++)
			if (option_is(options, propagations[p]))
				mount.propagation = propagations[p];
		runtime_facts_mount(facts, &mount);
	}
}

static uint64_t parse_caps(const json_t *list)
{
	uint64_t caps = 0;

	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *name = json_string_value(json_array_get(list, i));
		if (name)
			caps |= runtime_capability_bit(name);
	}
	return caps;
}

/* Without an entry the container stays in the runtime's own namespace: the host's. With a path it joins one, which
 * only the running system can tell from the host's (collect.c asks): not known here. */
static int namespace_is_host(const json_t *namespaces, const char *type, const char **ret_joined, struct runtime_facts *facts)
{
	for (size_t i = 0; i < json_array_size(namespaces); i++) {
		const json_t *n = json_array_get(namespaces, i);
		const char *t = json_text(n, "type", NULL), *path = json_text(n, "path", NULL);

		if (!t || strcmp(t, type) != 0)
			continue;
		if (!path || !path[0])
			return 0;
		runtime_facts_set(facts, ret_joined, path);
		return -1;
	}
	return 1;
}

static void parse_security(const json_t *spec, struct runtime_facts *facts)
{
	const json_t *process = json_at(spec, "process", NULL), *linux_part = json_at(spec, "linux", NULL);
	const char *apparmor = json_text(process, "apparmorProfile", NULL), *selinux = json_text(process, "selinuxLabel", NULL);
	const char *seccomp = json_text(linux_part, "seccomp", "defaultAction", NULL);

	if (json_is_true(json_at(process, "noNewPrivileges", NULL)))
		runtime_facts_security_opt(facts, "no-new-privileges");
	if (apparmor && apparmor[0])
		runtime_facts_security_opt(facts, arena_printf(facts->arena, "apparmor=%.256s", apparmor));
	if (selinux && selinux[0])
		runtime_facts_security_opt(facts, arena_printf(facts->arena, "label=%.256s", selinux));
	if (json_is_object(linux_part) && (!seccomp || strcmp(seccomp, "SCMP_ACT_ALLOW") == 0))
		runtime_facts_security_opt(facts, "seccomp=unconfined");
}

static void parse_privileged(const json_t *spec, struct runtime_facts *facts)
{
	uint64_t need = 0;

	for (size_t i = 0; i < ARRAY_LEN(privileged_capabilities); i++)
		need |= runtime_capability_bit(privileged_capabilities[i]);
	facts->c.privileged = json_array_size(json_at(spec, "linux", "maskedPaths", NULL)) == 0 &&
		json_array_size(json_at(spec, "linux", "readonlyPaths", NULL)) == 0 && (facts->c.caps_bounding & need) == need;
}

static bool text_is(const char *text, const char *expected)
{
	return text && strcasecmp(text, expected) == 0;
}

/* A JSON object inside an annotation's text (CRI-O's labels). */
static void parse_embedded_labels(const char *text, struct runtime_facts *facts, void (*put)(struct runtime_facts *, const char *, const char *))
{
	_cleanup_json_ json_t *labels = NULL;
	const char *key;
	json_t *value;

	if (!text || json_parse(text, strlen(text), "labels", &labels, NULL) < 0)
		return;
	json_object_foreach(labels, key, value)
		if (json_is_string(value))
			put(facts, key, json_string_value(value));
}

/* CRI-O gives all annotations of the pod to each of its containers. */
static void parse_probes(const json_t *a, struct runtime_facts *facts)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)a, key, value)
		if (json_is_string(value) && runtime_is_applied_pod(key))
			runtime_facts_probes(facts, facts->c.pod_container_name, json_string_value(value), json_string_length(value));
}

/* The name that was asked for may be an id; some name of the image may be missing. */
static void parse_crio_image(const json_t *a, struct runtime_facts *facts)
{
	const char *asked = json_text(a, "io.kubernetes.cri-o.Image", NULL), *some = json_text(a, "io.kubernetes.cri-o.ImageName", NULL);
	const char *id = NULL;

	runtime_facts_set(facts, &id, json_text(a, "io.kubernetes.cri-o.ImageRef", NULL));
	runtime_image_split(facts, some && some[0] ? some : asked && runtime_id_is_hex64(asked) ? NULL : asked, NULL);
	if (id && strchr(id, '@'))       /* before CRI-O 1.28 repository@sha256:digest, where there was one */
		runtime_facts_set(facts, &facts->c.image_digest, strchr(id, '@') + 1);
	else
		facts->c.image_id = runtime_hex_of_digest(id);
}

static void parse_cri_containerd(const json_t *a, struct runtime_facts *facts)
{
	const struct { const char *key; const char **member; } known[] = {
		{ "io.kubernetes.cri.container-name", &facts->c.pod_container_name },
		{ "io.kubernetes.cri.sandbox-id", &facts->c.pod_sandbox_id },
		{ "io.kubernetes.cri.sandbox-name", &facts->c.pod_name },
		{ "io.kubernetes.cri.sandbox-namespace", &facts->c.pod_namespace },
		{ "io.kubernetes.cri.sandbox-uid", &facts->c.pod_uid },
	};

	if (!json_text(a, "io.kubernetes.cri.container-type", NULL))
		return;
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		runtime_facts_set(facts, known[i].member, json_text(a, known[i].key, NULL));
	facts->c.is_sandbox = text_is(json_text(a, "io.kubernetes.cri.container-type", NULL), "sandbox");
	facts->c.name = facts->c.is_sandbox ? facts->c.pod_name : facts->c.pod_container_name;
	runtime_image_split(facts, json_text(a, "io.kubernetes.cri.image-name", NULL), NULL);
	facts->c.kind = RUNTIME_CONTAINERD;
	facts->has_kind = true;
}

static void parse_crio(const json_t *a, struct runtime_facts *facts)
{
	const struct { const char *key; const char **member; } known[] = {
		{ "io.kubernetes.container.name", &facts->c.pod_container_name },
		{ "io.kubernetes.cri-o.SandboxID", &facts->c.pod_sandbox_id },
		{ "io.kubernetes.pod.name", &facts->c.pod_name },
		{ "io.kubernetes.pod.namespace", &facts->c.pod_namespace },
		{ "io.kubernetes.pod.uid", &facts->c.pod_uid },
		{ "io.kubernetes.cri-o.IP", &facts->c.ip },
		{ "io.kubernetes.cri-o.IP.0", &facts->c.ip },
	};
	const char *labels = json_text(a, "io.kubernetes.cri-o.Labels", NULL);

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		runtime_facts_set(facts, known[i].member, json_text(a, known[i].key, NULL));
	facts->c.is_sandbox = text_is(json_text(a, "io.kubernetes.cri-o.ContainerType", NULL), "sandbox");
	runtime_facts_set(facts, &facts->c.name, facts->c.is_sandbox ? facts->c.pod_name : facts->c.pod_container_name);
	if (!facts->c.name)
		runtime_facts_set(facts, &facts->c.name, json_text(a, "io.kubernetes.cri-o.Name", NULL));
	parse_crio_image(a, facts);
	parse_embedded_labels(labels, facts, runtime_facts_label);
	if (facts->c.is_sandbox)
		parse_embedded_labels(labels, facts, runtime_facts_pod_label);
	else
		parse_probes(a, facts);
	facts->c.created_ns = runtime_time_parse(json_text(a, "io.kubernetes.cri-o.Created", NULL));
	/* Of a sandbox it says that its containers may be. */
	if (!facts->c.is_sandbox && text_is(json_text(a, "io.kubernetes.cri-o.PrivilegedRuntime", NULL), "true"))
		facts->c.privileged = 1;
	facts->c.kind = RUNTIME_CRIO;
	facts->has_kind = true;
}

static void parse_annotations(const json_t *a, struct runtime_facts *facts)
{
	const char *manager = json_text(a, "io.container.manager", NULL);
	const char *privileged = json_text(a, "io.podman.annotations.privileged", NULL);
	const char *key;
	json_t *value;

	if (text_is(manager, "libpod")) {
		facts->c.kind = RUNTIME_PODMAN;
		facts->has_kind = true;
		facts->c.created_ns = runtime_time_parse(json_text(a, "io.kubernetes.cri-o.Created", NULL));
		if (privileged)
			facts->c.privileged = text_is(privileged, "TRUE");
	} else if (text_is(manager, "cri-o") || json_text(a, "io.kubernetes.cri-o.ContainerType", NULL)) {
		parse_crio(a, facts);
		return;
	}
	parse_cri_containerd(a, facts);
	runtime_facts_set(facts, &facts->c.name, json_text(a, "nerdctl/name", NULL));
	json_object_foreach((json_t *)a, key, value)
		if (json_is_string(value) && strncmp(key, "io.kubernetes.cri", 17) != 0 && strncmp(key, "io.podman.annotations", 21) != 0)
			runtime_facts_label(facts, key, json_string_value(value));
}

static void parse_process(const json_t *spec, struct runtime_facts *facts)
{
	const json_t *user = json_at(spec, "process", "user", NULL);
	const char *name = json_text(user, "username", NULL);
	const char *rootfs = json_text(spec, "root", "path", NULL);
	const json_t *bounding = json_at(spec, "process", "capabilities", "bounding", NULL);

	if (name && name[0])
		runtime_facts_set(facts, &facts->c.user, name);
	else if (json_is_object(user))
		facts->c.user = arena_printf(facts->arena, "%lld:%lld", (long long)json_integer_value(json_at(user, "uid", NULL)),
					     (long long)json_integer_value(json_at(user, "gid", NULL)));
	facts->c.caps_bounding = parse_caps(bounding);
	facts->c.read_only = json_is_true(json_at(spec, "root", "readonly", NULL));
	if (rootfs && rootfs[0] != '/' && facts->c.bundle)
		facts->c.rootfs = arena_printf(facts->arena, "%s/%.*s", facts->c.bundle, LIMIT_RUNTIME_TEXT_BYTES, rootfs);
	else
		runtime_facts_set(facts, &facts->c.rootfs, rootfs);
}

int runtime_parse_oci(const char *text, size_t len, const char *input, struct runtime_facts *facts, struct err *err)
{
	_cleanup_json_ json_t *spec = NULL;
	const json_t *namespaces;
	int r = json_parse(text, len, input, &spec, err);

	if (r < 0)
		return r;
	if (!json_is_object(spec) || runtime_json_is_deep(spec, LIMIT_RUNTIME_DEPTH))
		return err_set(err, -EBADMSG, "%s is not an OCI configuration", input);
	namespaces = json_at(spec, "linux", "namespaces", NULL);
	facts->c.host_pid = namespace_is_host(namespaces, "pid", &facts->joined[0], facts);
	facts->c.host_network = namespace_is_host(namespaces, "network", &facts->joined[1], facts);
	facts->c.host_ipc = namespace_is_host(namespaces, "ipc", &facts->joined[2], facts);
	runtime_facts_set(facts, &facts->cgroups_path, json_text(spec, "linux", "cgroupsPath", NULL));
	parse_process(spec, facts);
	parse_mounts(json_at(spec, "mounts", NULL), json_text(spec, "annotations", "io.kubernetes.cri.sandbox-id", NULL), facts);
	parse_security(spec, facts);
	parse_privileged(spec, facts);
	parse_annotations(json_at(spec, "annotations", NULL), facts);
	return 0;
}

int runtime_parse_crio_sandbox(const char *text, size_t len, const char *input, struct runtime_facts *facts, struct err *err)
{
	_cleanup_json_ json_t *spec = NULL;
	const json_t *a;
	int r = json_parse(text, len, input, &spec, err);

	if (r < 0)
		return r;
	a = json_at(spec, "annotations", NULL);
	if (!text_is(json_text(a, "io.kubernetes.cri-o.ContainerType", NULL), "sandbox") || runtime_json_is_deep(spec, LIMIT_RUNTIME_DEPTH))
		return err_set(err, -EBADMSG, "%s is not a pod's", input);
	parse_embedded_labels(json_text(a, "io.kubernetes.cri-o.Labels", NULL), facts, runtime_facts_pod_label);
	if (!facts->c.ip)
		runtime_facts_set(facts, &facts->c.ip, json_text(a, "io.kubernetes.cri-o.IP.0", NULL));
	return 0;
}
