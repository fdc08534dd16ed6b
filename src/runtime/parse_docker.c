/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Docker's own files: containers/ID/config.v2.json and hostconfig.json (both written when the container is
 * created, before anything runs; config.v2.json again at each change) and image/DRIVER/repositories.json.
 * moby: container/container.go (type Container, "json:" tags), api/types/container/hostconfig.go.
 */
#include "runtime/runtime_internal.h"

#include <errno.h>
#include <string.h>

/* Replaces the bundle's: these are the ones that the user gave, without Docker's own hosts and resolv.conf. */
static void parse_mount_points(json_t *points, struct runtime_facts *facts)
{
	const char *dest;
	json_t *point;

	facts->c.n_mounts = 0;
	facts->c.mounts = NULL;
	json_object_foreach(points, dest, point) {
		const char *mode = json_text(point, "Relabel", NULL);
		struct runtime_mount mount = {
			.source = json_text(point, "Source", NULL), .dest = dest, .mode = mode ? mode : "",
			.propagation = json_text(point, "Propagation", NULL), .rw = json_is_true(json_at(point, "RW", NULL)),
		};
		runtime_facts_mount(facts, &mount);
	}
}

static void parse_network(const json_t *settings, struct runtime_facts *facts)
{
	json_t *networks = json_at(settings, "Networks", NULL);
	const char *name;
	json_t *network;

	json_object_foreach(networks, name, network) {
		const char *ip = json_text(network, "IPAddress", NULL);
		if (ip && ip[0] && !facts->c.ip)
			runtime_facts_set(facts, &facts->c.ip, ip);
	}
}

static void parse_labels(json_t *labels, struct runtime_facts *facts)
{
	const char *key;
	json_t *value;

	/* The ones that identity hangs on first: a crowd of others cannot push them out. */
	json_object_foreach(labels, key, value)
		if (json_is_string(value) && strncmp(key, "io.kubernetes.", 14) == 0) {
			runtime_facts_label(facts, key, json_string_value(value));
			facts->is_image_label_risk = true;
		}
	json_object_foreach(labels, key, value)
		if (json_is_string(value) && strncmp(key, "io.kubernetes.", 14) != 0)
			runtime_facts_label(facts, key, json_string_value(value));
}

/* What dockershim and cri-dockerd make of the pod's annotations. Read here, not from the labels, which are cut: it is long. An image
 * may bring such a label, as it may bring a HEALTHCHECK. */
static void parse_probes(json_t *labels, struct runtime_facts *facts)
{
	const char *container = json_text(labels, "io.kubernetes.container.name", NULL), *key;
	json_t *value;

	json_object_foreach(labels, key, value)
		if (json_is_string(value) && runtime_is_applied_pod(key))
			runtime_facts_probes(facts, container, json_string_value(value), json_string_length(value));
}

int runtime_parse_docker_config(const char *text, size_t len, const char *input, struct runtime_facts *facts, struct err *err)
{
	_cleanup_json_ json_t *doc = NULL;
	const char *name, *image_id;
	int64_t pid;
	int r = json_parse(text, len, input, &doc, err);

	if (r < 0)
		return r;
	if (!json_is_object(doc) || runtime_json_is_deep(doc, LIMIT_RUNTIME_DEPTH))
		return err_set(err, -EBADMSG, "%s is not a Docker container", input);
	name = json_text(doc, "Name", NULL);
	runtime_facts_set(facts, &facts->c.name, name && name[0] == '/' ? name + 1 : name);
	image_id = runtime_facts_text(facts, json_text(doc, "Image", NULL));
	runtime_facts_set(facts, &facts->c.image_id, runtime_hex_of_digest(image_id));
	runtime_image_split(facts, json_text(doc, "Config", "Image", NULL), "latest");
	runtime_facts_set(facts, &facts->c.user, json_text(doc, "Config", "User", NULL));
	runtime_facts_healthcheck(facts, json_at(doc, "Config", "Healthcheck", "Test", NULL), json_at(doc, "Config", "Shell", NULL));
	if (json_is_object(json_at(doc, "MountPoints", NULL)))
		parse_mount_points(json_at(doc, "MountPoints", NULL), facts);
	parse_labels(json_at(doc, "Config", "Labels", NULL), facts);
	parse_probes(json_at(doc, "Config", "Labels", NULL), facts);
	parse_network(json_at(doc, "NetworkSettings", NULL), facts);
	facts->c.created_ns = runtime_time_parse(json_text(doc, "Created", NULL));
	facts->is_docker_running = json_is_true(json_at(doc, "State", "Running", NULL));
	pid = json_integer_value(json_at(doc, "State", "Pid", NULL));
	if (facts->is_docker_running && pid > 0 && pid <= INT32_MAX) {
		facts->c.init_pid = facts->c.init_pid ? facts->c.init_pid : (uint32_t)pid;
		facts->c.started_ns = runtime_time_parse(json_text(doc, "State", "StartedAt", NULL));
	}
	runtime_facts_set(facts, &facts->docker_driver, json_text(doc, "Driver", NULL));
	return 0;
}

/* "host"; "container:ID" joins another's, which the bundle tells better; anything else is the container's own. */
static void mode_to_host(const char *mode, int *member)
{
	if (!mode)
		return;
	if (strcmp(mode, "host") == 0)
		*member = 1;
	else if (strncmp(mode, "container:", 10) != 0)
		*member = 0;
}

int runtime_parse_docker_host(const char *text, size_t len, const char *input, struct runtime_facts *facts, struct err *err)
{
	_cleanup_json_ json_t *doc = NULL;
	const json_t *opts;
	int r = json_parse(text, len, input, &doc, err);

	if (r < 0)
		return r;
	if (!json_is_object(doc) || runtime_json_is_deep(doc, LIMIT_RUNTIME_DEPTH))
		return err_set(err, -EBADMSG, "%s is not a Docker host configuration", input);
	if (json_is_boolean(json_at(doc, "Privileged", NULL)))
		facts->c.privileged = json_is_true(json_at(doc, "Privileged", NULL));
	if (json_is_boolean(json_at(doc, "ReadonlyRootfs", NULL)))
		facts->c.read_only = json_is_true(json_at(doc, "ReadonlyRootfs", NULL));
	mode_to_host(json_text(doc, "PidMode", NULL), &facts->c.host_pid);
	mode_to_host(json_text(doc, "NetworkMode", NULL), &facts->c.host_network);
	mode_to_host(json_text(doc, "IpcMode", NULL), &facts->c.host_ipc);
	opts = json_at(doc, "SecurityOpt", NULL);
	if (json_is_array(opts)) {
		facts->c.n_security_opts = 0;
		for (size_t i = 0; i < json_array_size(opts); i++)
			if (json_is_string(json_array_get(opts, i)))
				runtime_facts_security_opt(facts, json_string_value(json_array_get(opts, i)));
	}
	return 0;
}

static bool image_is_bare_id(const char *image, const char *image_id)
{
	const char *hex = runtime_hex_of_digest(image);
	size_t n = strlen(hex);

	return n >= 12 && strspn(hex, "0123456789abcdef") == n && strncmp(hex, image_id, n) == 0;
}

static bool repository_is(const char *reference, const char *repository)
{
	size_t n = strlen(repository);

	return strncmp(reference, repository, n) == 0 && reference[n] == '@';
}

int runtime_parse_docker_repositories(const char *text, size_t len, const char *input, struct runtime_facts *facts, struct err *err)
{
	_cleanup_json_ json_t *doc = NULL;
	const char *repository, *reference, *digest = NULL;
	json_t *references, *id, *repositories;
	bool needs_name;
	int r = json_parse(text, len, input, &doc, err);

	if (r < 0)
		return r;
	repositories = json_at(doc, "Repositories", NULL);
	if (!facts->c.image_id || runtime_json_is_deep(doc, LIMIT_RUNTIME_DEPTH))
		return 0;
	needs_name = !facts->c.image || image_is_bare_id(facts->c.image, facts->c.image_id);
	json_object_foreach(repositories, repository, references) {
		json_object_foreach(references, reference, id) {
			const char *hex = runtime_hex_of_digest(json_string_value(id));

			if (!hex || strcmp(hex, facts->c.image_id) != 0)
				continue;
			if (!strchr(reference, '@') && needs_name) {
				runtime_image_split(facts, reference, "latest");
				needs_name = false;
			} else if (strchr(reference, '@') && (!digest || (facts->c.image_repository && repository_is(reference, facts->c.image_repository)))) {
				digest = strchr(reference, '@') + 1;
			}
		}
	}
	if (!facts->c.image_digest)
		runtime_facts_set(facts, &facts->c.image_digest, digest);
	return 0;
}

/* An image may carry LABEL io.kubernetes.pod.name=...: the kubelet never does it that way, so a label that is the
 * image's own says nothing about a pod. */
int runtime_parse_docker_image(const char *text, size_t len, const char *input, struct runtime_facts *facts, struct err *err)
{
	_cleanup_json_ json_t *doc = NULL;
	size_t n = 0;
	int r = json_parse(text, len, input, &doc, err);

	if (r < 0)
		return r;
	if (runtime_json_is_deep(doc, LIMIT_RUNTIME_DEPTH))
		return err_set(err, -EBADMSG, "%s is nested too deeply", input);
	for (size_t i = 0; i < facts->c.n_labels; i++) {
		const char *own = json_text(doc, "config", "Labels", facts->labels[i].name, NULL);

		if (own && strncmp(facts->labels[i].name, "io.kubernetes.", 14) == 0 &&
		    strncmp(own, facts->labels[i].value, LIMIT_RUNTIME_LABEL_BYTES) == 0)
			continue;
		facts->labels[n++] = facts->labels[i];
	}
	facts->c.n_labels = n;
	return 0;
}

int runtime_parse_docker_api(const char *text, size_t len, const char *input, struct runtime_facts *facts, struct err *err)
{
	_cleanup_json_ json_t *doc = NULL;
	const char *name, *ip;
	int r = json_parse(text, len, input, &doc, err);

	if (r < 0)
		return r;
	if (!json_text(doc, "Id", NULL) || runtime_json_is_deep(doc, LIMIT_RUNTIME_DEPTH))
		return err_set(err, -EBADMSG, "%s is not a container", input);
	name = json_text(doc, "Name", NULL);
	runtime_facts_set(facts, &facts->c.name, name && name[0] == '/' ? name + 1 : name);
	runtime_facts_healthcheck(facts, json_at(doc, "Config", "Healthcheck", "Test", NULL), json_at(doc, "Config", "Shell", NULL));
	parse_labels(json_at(doc, "Config", "Labels", NULL), facts);
	parse_network(json_at(doc, "NetworkSettings", NULL), facts);
	ip = json_text(doc, "NetworkSettings", "IPAddress", NULL);
	if (!facts->c.ip)
		runtime_facts_set(facts, &facts->c.ip, ip);
	return 0;
}
