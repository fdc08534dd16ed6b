/* SPDX-License-Identifier: Apache-2.0 */
/* opencontainers/runtime-spec config.md, config-linux.md; moby api/types/container/hostconfig.go, container/container.go. */
#include "posture/containers/containers.h"

#include "posture/docker/env.h"

#include <stdlib.h>
#include <string.h>

/* What Docker and containerd give by default (moby oci/caps/defaults.go, containerd oci/spec.go). */
static const char *const default_caps[] = {
	"chown",   "dac_override",     "fowner",  "fsetid",	"kill",	 "setgid",	"setuid",
	"setpcap", "net_bind_service", "net_raw", "sys_chroot", "mknod", "audit_write", "setfcap",
};

/* moby oci/defaults.go: hidden, and read-only. Those that came later than the oldest runtime in use are left out
 * (/proc/interrupts, thermal). */
static const char *const default_masked[] = {
	"/proc/acpi",	 "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/sched_debug",
	"/sys/firmware", "/proc/bus",	"/proc/fs",   "/proc/irq",	     "/proc/sys",	 "/proc/sysrq-trigger",
};

static uint64_t bit_of(const char *name)
{
	if (strncasecmp(name, "CAP_", 4) == 0)
		name += 4;
	for (unsigned i = 0; runtime_capability_name(i); i++)
		if (strcasecmp(name, runtime_capability_name(i)) == 0)
			return 1ull << i;
	return 0;
}

uint64_t container_caps_default(void)
{
	uint64_t caps = 0;

	for (size_t i = 0; i < ARRAY_LEN(default_caps); i++)
		caps |= bit_of(default_caps[i]);
	return caps;
}

size_t container_caps_words(uint64_t caps, const char *ret[CONTAINER_CAPS])
{
	size_t n = 0;

	for (unsigned i = 0; i < CONTAINER_CAPS; i++)
		if (caps >> i & 1 && runtime_capability_name(i))
			ret[n++] = runtime_capability_name(i);
	return n;
}

static const char *copy(struct container *x, const char *text)
{
	return text ? posture_printf(x->set, "%s", text) : NULL;
}

/* A value, and the place of the document that said it. */
static void put(struct posture_value *v, const struct posture_place *place, const char *path)
{
	struct posture_place at = *place;

	at.path = path;
	posture_at(posture_said(v, POSTURE_FROM_FILE, path), at);
}

static void put_bool(struct container *x, const struct posture_place *place, enum model_field_id field, bool value,
		     const char *path)
{
	put(posture_set_bool(x->record, field, value), place, path);
}

static void put_int(struct container *x, const struct posture_place *place, enum model_field_id field, int64_t value,
		    const char *path)
{
	put(posture_set_int(x->record, field, value), place, path);
}

static void put_uint(struct container *x, const struct posture_place *place, enum model_field_id field, uint64_t value,
		     const char *path)
{
	put(posture_set_uint(x->record, field, value), place, path);
}

static void put_text(struct container *x, const struct posture_place *place, enum model_field_id field, const char *value,
		     const char *path)
{
	put(posture_set_text(x->record, field, value), place, path);
}

static void put_texts(struct container *x, const struct posture_place *place, enum model_field_id field,
		      const char *const *items, size_t n, const char *path)
{
	put(posture_set_texts(x->record, field, items, n), place, path);
}

static void set_caps(struct container *x, enum model_field_id field, uint64_t caps, const char *path)
{
	const char *words[CONTAINER_CAPS];

	put_texts(x, &x->oci_place, field, words, container_caps_words(caps, words), path);
}

static bool list_has(const json_t *list, const char *text)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *item = json_string_value(json_array_get(list, i));
		if (item && strcmp(item, text) == 0)
			return true;
	}
	return false;
}

/* ---- the bundle ---- */

static void rights_read(struct container *x)
{
	static const char *const sets[] = { "bounding", "permitted", "effective", "inheritable", "ambient" };
	const json_t *caps = json_at(x->oci, "process", "capabilities", NULL);

	for (size_t s = 0; s < ARRAY_LEN(sets); s++) {
		const json_t *list = json_object_get(caps, sets[s]);
		for (size_t i = 0; i < json_array_size(list); i++) {
			const char *name = json_string_value(json_array_get(list, i));
			x->caps |= name ? bit_of(name) : 0;
		}
	}
	x->has_caps = true;
	set_caps(x, MODEL_F_CONTAINER_CAPS, x->caps, "process.capabilities");
	set_caps(x, MODEL_F_CONTAINER_CAPS_BEYOND_DEFAULT, x->caps & ~container_caps_default(), "process.capabilities");
	x->no_new_privs = json_is_true(json_at(x->oci, "process", "noNewPrivileges", NULL));
	put_bool(x, &x->oci_place, MODEL_F_CONTAINER_ALLOW_PRIVILEGE_ESCALATION, !x->no_new_privs, "process.noNewPrivileges");
}

static void user_read(struct container *x)
{
	const json_t *user = json_at(x->oci, "process", "user", NULL);
	int64_t uid = json_integer_value(json_object_get(user, "uid"));

	if (!json_is_object(user))
		return;
	x->has_user = true;
	x->is_root = uid == 0;
	put_int(x, &x->oci_place, MODEL_F_CONTAINER_RUN_AS_USER, uid, "process.user.uid");
	put_bool(x, &x->oci_place, MODEL_F_CONTAINER_RUNS_AS_ROOT, uid == 0, "process.user.uid");
}

static void seccomp_read(struct container *x)
{
	const json_t *filter = json_at(x->oci, "linux", "seccomp", NULL), *opts = json_at(x->docker_host, "SecurityOpt", NULL);
	const char *action = json_text(filter, "defaultAction", NULL), *kind = "RuntimeDefault";

	x->has_filter = json_is_object(filter) && action && strcmp(action, "SCMP_ACT_ALLOW") != 0;
	if (json_is_object(filter) && action && strcmp(action, "SCMP_ACT_ALLOW") == 0 &&
	    json_array_size(json_object_get(filter, "syscalls")))
		kind = "Localhost";                      /* a list of what is denied: no runtime's own */
	else if (!x->has_filter)
		kind = "Unconfined";
	for (size_t i = 0; i < json_array_size(opts) && x->has_filter; i++) {
		const char *opt = json_string_value(json_array_get(opts, i));
		if (opt && strncmp(opt, "seccomp", 7) == 0 && strcmp(opt, "seccomp=builtin") != 0)
			kind = "Localhost";
	}
	put_text(x, &x->oci_place, MODEL_F_CONTAINER_SECCOMP, kind, "linux.seccomp");
}

static void labels_read(struct container *x)
{
	const char *apparmor = json_text(x->oci, "process", "apparmorProfile", NULL),
		   *selinux = json_text(x->oci, "process", "selinuxLabel", NULL);
	const char *kind = !apparmor || !*apparmor || strcmp(apparmor, "unconfined") == 0 ? "Unconfined"
			   : strcmp(apparmor, "docker-default") == 0 || strncmp(apparmor, "cri-containerd", 14) == 0 ||
					   strncmp(apparmor, "containers-default", 18) == 0 ||
					   strncmp(apparmor, "crio-default", 12) == 0
				   ? "RuntimeDefault"
				   : "Localhost";
	bool is_free = !selinux || !*selinux || strstr(selinux, ":spc_t") || strstr(selinux, ":unconfined_t");

	if (x->host->has_apparmor)
		put_text(x, &x->oci_place, MODEL_F_CONTAINER_APPARMOR, kind, "process.apparmorProfile");
	if (x->host->has_selinux)
		put_text(x, &x->oci_place, MODEL_F_CONTAINER_SELINUX, is_free ? "unconfined" : copy(x, selinux),
			 "process.selinuxLabel");
}

static void namespaces_read(struct container *x)
{
	static const char *const types[NS_MAX] = { "mount", "pid", "network", "ipc", "uts", "cgroup", "user" };
	const json_t *list = json_at(x->oci, "linux", "namespaces", NULL);

	for (unsigned ns = 0; ns < NS_MAX; ns++) {
		x->host_ns[ns] = true;
		for (size_t i = 0; i < json_array_size(list); i++) {
			const char *type = json_text(json_array_get(list, i), "type", NULL);
			if (type && strcmp(type, types[ns]) == 0)
				x->host_ns[ns] = false;
		}
	}
	if (x->c->host_pid > 0)                          /* joined by path, and that is the host's */
		x->host_ns[NS_PID] = true;
	if (x->c->host_network > 0)
		x->host_ns[NS_NET] = true;
	if (x->c->host_ipc > 0)
		x->host_ns[NS_IPC] = true;
	put_bool(x, &x->oci_place, MODEL_F_CONTAINER_HOST_PID, x->host_ns[NS_PID], "linux.namespaces");
	put_bool(x, &x->oci_place, MODEL_F_CONTAINER_HOST_NETWORK, x->host_ns[NS_NET], "linux.namespaces");
	put_bool(x, &x->oci_place, MODEL_F_CONTAINER_HOST_IPC, x->host_ns[NS_IPC], "linux.namespaces");
	put_bool(x, &x->oci_place, MODEL_F_CONTAINER_HOST_UTS, x->host_ns[NS_UTS], "linux.namespaces");
	put_bool(x, &x->oci_place, MODEL_F_CONTAINER_HOST_CGROUP, x->host_ns[NS_CGROUP], "linux.namespaces");
	put_bool(x, &x->oci_place, MODEL_F_CONTAINER_HOST_USERNS, x->host_ns[NS_USER], "linux.namespaces");
}

static void masks_read(struct container *x)
{
	const json_t *masked = json_at(x->oci, "linux", "maskedPaths", NULL),
		     *read_only = json_at(x->oci, "linux", "readonlyPaths", NULL);
	const char *open[ARRAY_LEN(default_masked)];
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(default_masked); i++)
		if (!list_has(masked, default_masked[i]) && !list_has(read_only, default_masked[i]))
			open[n++] = default_masked[i];
	put_texts(x, &x->oci_place, MODEL_F_CONTAINER_UNMASKED_PATHS, open, n, "linux.maskedPaths");
}

static int64_t number(const json_t *json)
{
	return json_is_integer(json) ? json_integer_value(json) : 0;
}

static void limits_read(struct container *x)
{
	const json_t *r = json_at(x->oci, "linux", "resources", NULL), *io = json_object_get(r, "blockIO"), *part;
	int64_t memory = number(json_at(r, "memory", "limit", NULL)), quota = number(json_at(r, "cpu", "quota", NULL));
	int64_t period = number(json_at(r, "cpu", "period", NULL)), shares = number(json_at(r, "cpu", "shares", NULL)),
		pids = number(json_at(r, "pids", "limit", NULL));
	const char *key;
	bool has_io = false;

	if (memory > 0)
		put_uint(x, &x->oci_place, MODEL_F_CONTAINER_MEMORY_BYTES, (uint64_t)memory, "linux.resources.memory.limit");
	if (quota > 0)
		put_uint(x, &x->oci_place, MODEL_F_CONTAINER_CPU_MILLIS,
			 (uint64_t)quota * 1000 / (uint64_t)(period > 0 ? period : 100000), "linux.resources.cpu.quota");
	if (shares > 0)
		put_uint(x, &x->oci_place, MODEL_F_CONTAINER_CPU_SHARES, (uint64_t)shares, "linux.resources.cpu.shares");
	if (pids > 0)
		put_int(x, &x->oci_place, MODEL_F_CONTAINER_PIDS_LIMIT, pids, "linux.resources.pids.limit");
	json_object_foreach((json_t *)io, key, part)
		has_io |= number(part) > 0 || json_array_size(part) > 0;
	put_bool(x, &x->oci_place, MODEL_F_CONTAINER_IO_LIMITED, has_io, "linux.resources.blockIO");
	put_int(x, &x->oci_place, MODEL_F_CONTAINER_OOM_SCORE_ADJ, number(json_at(x->oci, "process", "oomScoreAdj", NULL)),
		"process.oomScoreAdj");
	put_bool(x, &x->oci_place, MODEL_F_CONTAINER_OOM_KILL_DISABLED,
		 json_is_true(json_at(r, "memory", "disableOOMKiller", NULL)), "linux.resources.memory.disableOOMKiller");
}

static void ulimits_read(struct container *x)
{
	const json_t *list = json_at(x->oci, "process", "rlimits", NULL);
	const char *items[CONTAINER_LIST_MAX];
	size_t n = 0;

	for (size_t i = 0; i < json_array_size(list) && n < CONTAINER_LIST_MAX; i++) {
		const json_t *limit = json_array_get(list, i);
		const char *type = json_text(limit, "type", NULL);

		if (!type)
			continue;
		items[n++] = posture_printf(x->set, "%s=%lld:%lld", strncmp(type, "RLIMIT_", 7) == 0 ? type + 7 : type,
					    (long long)number(json_object_get(limit, "soft")), (long long)number(json_object_get(limit, "hard")));
	}
	put_texts(x, &x->oci_place, MODEL_F_CONTAINER_ULIMITS, items, n, "process.rlimits");
}

static void devices_read(struct container *x)
{
	static const char *const everyones[] = { "/dev/null",	 "/dev/zero", "/dev/full", "/dev/random",
						 "/dev/urandom", "/dev/tty",  "/dev/ptmx", "/dev/console" };
	const json_t *list = json_at(x->oci, "linux", "devices", NULL),
		     *rules = json_at(x->oci, "linux", "resources", "devices", NULL);
	const char *all[CONTAINER_LIST_MAX], *blocks[CONTAINER_LIST_MAX];
	size_t n = 0, n_blocks = 0;
	bool is_all = false;

	for (size_t i = 0; i < json_array_size(list) && n < CONTAINER_LIST_MAX; i++) {
		const char *path = json_text(json_array_get(list, i), "path", NULL),
			   *type = json_text(json_array_get(list, i), "type", NULL);
		bool is_common = !path;

		for (size_t k = 0; k < ARRAY_LEN(everyones) && !is_common; k++)
			is_common = strcmp(path, everyones[k]) == 0;
		if (is_common)
			continue;
		all[n++] = copy(x, path);
		if (type && strcmp(type, "b") == 0)
			blocks[n_blocks++] = all[n - 1];
	}
	for (size_t i = 0; i < json_array_size(rules); i++) {
		const json_t *rule = json_array_get(rules, i);
		const char *type = json_text(rule, "type", NULL);
		bool is_any = (!type || strcmp(type, "a") == 0) && number(json_object_get(rule, "major")) <= 0 &&
			      number(json_object_get(rule, "minor")) <= 0;

		if (is_any)                              /* the last that is about everything counts */
			is_all = json_is_true(json_object_get(rule, "allow"));
	}
	put_texts(x, &x->oci_place, MODEL_F_CONTAINER_DEVICES, all, n, "linux.devices");
	put_texts(x, &x->oci_place, MODEL_F_CONTAINER_BLOCK_DEVICES, blocks, n_blocks, "linux.devices");
	put_bool(x, &x->oci_place, MODEL_F_CONTAINER_ALL_DEVICES, is_all, "linux.resources.devices");
}

static void env_read(struct container *x)
{
	const json_t *env = json_at(x->oci, "process", "env", NULL);
	json_t *sysctls = json_at(x->oci, "linux", "sysctl", NULL), *value;
	const char *items[CONTAINER_LIST_MAX], *settings[CONTAINER_LIST_MAX], *key;
	size_t n = 0, n_settings = 0;

	for (size_t i = 0; i < json_array_size(env) && n < CONTAINER_LIST_MAX; i++) {
		const char *pair = json_string_value(json_array_get(env, i));
		if (pair && posture_env_is_secret(pair))
			items[n++] = posture_printf(x->set, "%.*s", (int)strcspn(pair, "="), pair);
	}
	put_texts(x, &x->oci_place, MODEL_F_CONTAINER_ENV_PLAIN_SECRETS, items, n, "process.env");
	json_object_foreach(sysctls, key, value)
		if (json_is_string(value) && n_settings < CONTAINER_LIST_MAX)
			settings[n_settings++] = posture_printf(x->set, "%s=%s", key, json_string_value(value));
	put_texts(x, &x->oci_place, MODEL_F_CONTAINER_SYSCTLS, settings, n_settings, "linux.sysctl");
}

static void bundle_read(struct container *x)
{
	rights_read(x);
	user_read(x);
	seccomp_read(x);
	labels_read(x);
	namespaces_read(x);
	masks_read(x);
	limits_read(x);
	ulimits_read(x);
	devices_read(x);
	env_read(x);
	put_bool(x, &x->oci_place, MODEL_F_CONTAINER_READ_ONLY, json_is_true(json_at(x->oci, "root", "readonly", NULL)),
		 "root.readonly");
}

/* ---- Docker's own files ---- */

static void words_read(struct container *x, enum model_field_id field, const char *key)
{
	const json_t *list = json_object_get(x->docker_host, key);
	const char *items[CONTAINER_LIST_MAX];
	size_t n = 0;

	for (size_t i = 0; i < json_array_size(list) && n < CONTAINER_LIST_MAX; i++)
		if (json_is_string(json_array_get(list, i)))
			items[n++] = copy(x, json_string_value(json_array_get(list, i)));
	put_texts(x, &x->host_place, field, items, n, key);
}

static void text_read(struct container *x, enum model_field_id field, const char *text, const char *path)
{
	if (text && *text)
		put_text(x, &x->host_place, field, copy(x, text), path);
}

static void docker_host_read(struct container *x)
{
	const char *network = json_text(x->docker_host, "NetworkMode", NULL),
		   *userns = json_text(x->docker_host, "UsernsMode", NULL);
	const char *restart = json_text(x->docker_host, "RestartPolicy", "Name", NULL);
	int64_t most = number(json_at(x->docker_host, "RestartPolicy", "MaximumRetryCount", NULL));

	words_read(x, MODEL_F_CONTAINER_CAPS_ADD, "CapAdd");
	words_read(x, MODEL_F_CONTAINER_CAPS_DROP, "CapDrop");
	words_read(x, MODEL_F_CONTAINER_SECURITY_OPT, "SecurityOpt");
	text_read(x, MODEL_F_CONTAINER_NETWORK, network, "NetworkMode");
	text_read(x, MODEL_F_CONTAINER_CGROUP_PARENT, json_text(x->docker_host, "CgroupParent", NULL), "CgroupParent");
	text_read(x, MODEL_F_CONTAINER_LOG_DRIVER, json_text(x->docker_host, "LogConfig", "Type", NULL), "LogConfig.Type");
	text_read(x, MODEL_F_CONTAINER_RESTART_POLICY, restart && *restart ? restart : "no", "RestartPolicy.Name");
	put_uint(x, &x->host_place, MODEL_F_CONTAINER_RESTART_MAX, most > 0 ? (uint64_t)most : 0,
		 "RestartPolicy.MaximumRetryCount");
	put_bool(x, &x->host_place, MODEL_F_CONTAINER_USERNS_OVERRIDE, userns && strcmp(userns, "host") == 0, "UsernsMode");
	put_bool(x, &x->host_place, MODEL_F_CONTAINER_ON_DEFAULT_BRIDGE,
		 network && (strcmp(network, "default") == 0 || strcmp(network, "bridge") == 0), "NetworkMode");
}

static void port_add(struct container *x, const char *spec, const json_t *binding, const char *path)
{
	const char *ip = json_text(binding, "HostIp", NULL), *port = json_text(binding, "HostPort", NULL),
		   *slash = strchr(spec, '/');
	bool is_all = !ip || !*ip || strcmp(ip, "0.0.0.0") == 0 || strcmp(ip, "::") == 0;
	struct posture_record *r;

	r = posture_record_new(
		x->set, MODEL_KIND_CONTAINER_PORT, x->record,
		posture_printf(x->set, "%s: port %s:%s -> %s", x->record->name, is_all ? "*" : ip, port ? port : "?", spec),
		x->docker_place);
	put(posture_set_text(r, MODEL_F_PORT_HOST_IP, is_all ? (ip && *ip ? copy(x, ip) : "0.0.0.0") : copy(x, ip)),
	    &x->docker_place, path);
	put(posture_set_uint(r, MODEL_F_PORT_HOST, port ? strtoull(port, NULL, 10) : 0), &x->docker_place, path);
	put(posture_set_uint(r, MODEL_F_PORT_CONTAINER, strtoull(spec, NULL, 10)), &x->docker_place, path);
	put(posture_set_text(r, MODEL_F_PORT_PROTOCOL, slash ? copy(x, slash + 1) : "tcp"), &x->docker_place, path);
	put(posture_set_bool(r, MODEL_F_PORT_ON_ALL_ADDRESSES, is_all), &x->docker_place, path);
}

/* What is in force (NetworkSettings.Ports), else what was asked for (PortBindings: the network may lack a bridge). */
static void ports_read(struct container *x)
{
	json_t *ports = json_at(x->docker_config, "NetworkSettings", "Ports", NULL), *list;
	const char *path = "NetworkSettings.Ports", *spec;
	size_t n = 0;

	if (json_object_size(ports) == 0) {
		ports = json_at(x->docker_host, "PortBindings", NULL);
		path = "PortBindings";
	}
	json_object_foreach(ports, spec, list)
		for (size_t i = 0; i < json_array_size(list) && n < CONTAINER_PORTS_MAX; i++, n++)
			port_add(x, spec, json_array_get(list, i), path);
}

static void docker_config_read(struct container *x)
{
	const char *image = json_text(x->docker_config, "Config", "Image", NULL),
		   *test = json_string_value(
			   json_array_get(json_at(x->docker_config, "Config", "Healthcheck", "Test", NULL), 0));

	put_bool(x, &x->docker_place, MODEL_F_CONTAINER_HAS_HEALTHCHECK, test && strcmp(test, "NONE") != 0,
		 "Config.Healthcheck");
	if (image)
		put_bool(x, &x->docker_place, MODEL_F_CONTAINER_BY_DIGEST,
			 strstr(image, "@sha256:") || strncmp(image, "sha256:", 7) == 0, "Config.Image");
	ports_read(x);
}

/* Without the bundle nothing of it can be judged, and nothing may pass. */
static void bundle_unknown(struct container *x)
{
	static const enum model_field_id fields[] = {
		MODEL_F_CONTAINER_CAPS,
		MODEL_F_CONTAINER_CAPS_BEYOND_DEFAULT,
		MODEL_F_CONTAINER_ALLOW_PRIVILEGE_ESCALATION,
		MODEL_F_CONTAINER_RUN_AS_USER,
		MODEL_F_CONTAINER_RUNS_AS_ROOT,
		MODEL_F_CONTAINER_SECCOMP,
		MODEL_F_CONTAINER_APPARMOR,
		MODEL_F_CONTAINER_SELINUX,
		MODEL_F_CONTAINER_HOST_PID,
		MODEL_F_CONTAINER_HOST_NETWORK,
		MODEL_F_CONTAINER_HOST_IPC,
		MODEL_F_CONTAINER_HOST_UTS,
		MODEL_F_CONTAINER_HOST_CGROUP,
		MODEL_F_CONTAINER_HOST_USERNS,
		MODEL_F_CONTAINER_UNMASKED_PATHS,
		MODEL_F_CONTAINER_MEMORY_BYTES,
		MODEL_F_CONTAINER_CPU_MILLIS,
		MODEL_F_CONTAINER_CPU_SHARES,
		MODEL_F_CONTAINER_PIDS_LIMIT,
		MODEL_F_CONTAINER_IO_LIMITED,
		MODEL_F_CONTAINER_ULIMITS,
		MODEL_F_CONTAINER_DEVICES,
		MODEL_F_CONTAINER_BLOCK_DEVICES,
		MODEL_F_CONTAINER_ALL_DEVICES,
		MODEL_F_CONTAINER_ENV_PLAIN_SECRETS,
		MODEL_F_CONTAINER_READ_ONLY,
		MODEL_F_CONTAINER_OOM_SCORE_ADJ,
		MODEL_F_CONTAINER_OOM_KILL_DISABLED,
		MODEL_F_CONTAINER_SYSCTLS,
	};

	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		posture_set_unknown(x->record, fields[i], "the OCI bundle (config.json) of the container cannot be read");
}

void container_declared_read(struct container *x)
{
	const struct runtime_container *c = x->c;

	if (x->oci)
		bundle_read(x);
	else
		bundle_unknown(x);
	if (x->docker_host)
		docker_host_read(x);
	if (x->docker_config)
		docker_config_read(x);
	else if (c->image)
		posture_set_bool(x->record, MODEL_F_CONTAINER_BY_DIGEST, strstr(c->image, "@sha256:") != NULL);
	if (c->privileged >= 0)
		put(posture_set_bool(x->record, MODEL_F_CONTAINER_PRIVILEGED, c->privileged),
		    x->docker_host ? &x->host_place : &x->oci_place, x->docker_host ? "Privileged" : NULL);
	else
		posture_set_unknown(x->record, MODEL_F_CONTAINER_PRIVILEGED, "neither the runtime nor the bundle tells");
}
