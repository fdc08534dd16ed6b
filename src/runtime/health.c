/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands that runtimes run in a container to ask whether it is well. Sources, as Falco's container plug-in has them (falcosecurity/plugins,
 * plugins/container/go-worker/pkg/container: probes.go, docker.go):
 *
 *   Docker's HEALTHCHECK   Config.Healthcheck.Test: ["CMD", words...], ["CMD-SHELL", text], ["NONE"]; moby: daemon/health.go;
 *                          podman has the same: libpod/healthcheck.go
 *   kubelet's probes       no runtime is told of them; a pod that kubectl apply made carries its manifest as an annotation
 */
#include "runtime/runtime_internal.h"

#include <string.h>

void runtime_facts_command(struct runtime_facts *facts, const char **member, const json_t *array, size_t first)
{
	_cleanup_strbuf_ struct strbuf text;

	strbuf_init(&text, LIMIT_RUNTIME_TEXT_BYTES);
	for (size_t i = first; i < json_array_size(array); i++) {
		const char *word = json_string_value(json_array_get(array, i));

		if (word)
			strbuf_addf(&text, "%s%s", i > first ? " " : "", word);
	}
	if (!text.truncated)             /* half a command would match another */
		runtime_facts_set(facts, member, text.text);
}

void runtime_facts_healthcheck(struct runtime_facts *facts, const json_t *test, const json_t *shell)
{
	const char *kind = json_string_value(json_array_get(test, 0)), *text = json_string_value(json_array_get(test, 1));
	const char *with = NULL;

	if (kind && strcmp(kind, "NONE") == 0)
		runtime_facts_set(facts, &facts->c.healthcheck, kind);
	else if (kind && strcmp(kind, "CMD") == 0)
		runtime_facts_command(facts, &facts->c.healthcheck, test, 1);
	if (!kind || strcmp(kind, "CMD-SHELL") != 0 || !text || strlen(text) > LIMIT_RUNTIME_TEXT_BYTES / 2)
		return;
	runtime_facts_command(facts, &with, shell, 0);
	runtime_facts_set(facts, &facts->c.healthcheck, arena_printf(facts->arena, "%s %s", with ? with : "/bin/sh -c", text));
}

bool runtime_is_applied_pod(const char *name)
{
	static const char *const names[] = {
		"kubectl.kubernetes.io/last-applied-configuration",
		"annotation.kubectl.kubernetes.io/last-applied-configuration",   /* as dockershim wrote annotations of a pod */
		"io.kubernetes.container.last-applied-config",
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

/* Of the containers and, as those may stay and have probes too, of the init containers. */
static const json_t *container_of_pod(const json_t *spec, const char *name)
{
	static const char *const lists[] = { "containers", "initContainers" };

	if (!name)
		return json_array_get(json_at(spec, "containers", NULL), 0);
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		const json_t *list = json_at(spec, lists[i], NULL);

		for (size_t k = 0; k < json_array_size(list); k++) {
			const char *has = json_text(json_array_get(list, k), "name", NULL);

			if (has && strcmp(has, name) == 0)
				return json_array_get(list, k);
		}
	}
	return NULL;
}

void runtime_facts_probes(struct runtime_facts *facts, const char *container, const char *pod, size_t len)
{
	_cleanup_json_ json_t *doc = NULL;
	const json_t *found;

	if (len > LIMIT_RUNTIME_FILE_BYTES || json_parse(pod, len, "pod", &doc, NULL) < 0 || runtime_json_is_deep(doc, LIMIT_RUNTIME_DEPTH)) {
		facts->n_problems++;
		return;
	}
	found = container_of_pod(json_at(doc, "spec", NULL), container);
	runtime_facts_command(facts, &facts->c.liveness_probe, json_at(found, "livenessProbe", "exec", "command", NULL), 0);
	runtime_facts_command(facts, &facts->c.readiness_probe, json_at(found, "readinessProbe", "exec", "command", NULL), 0);
}
