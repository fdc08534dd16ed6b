/* SPDX-License-Identifier: Apache-2.0 */
/* The runtimes' own APIs: never on the look-up path, only for what no file tells (podman's labels and addresses are in
 * its database; an address that Docker gave after the last writing of config.v2.json). */
#include "base/http.h"
#include "runtime/runtime_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { API_TIMEOUT_MS = 1000 };

void runtime_facts_fill(struct runtime_facts *facts, const struct runtime_container *from)
{
	for (const struct runtime_member *m = runtime_text_members; m->name; m++) {
		const char **to = (const char **)(void *)((char *)&facts->c + m->offset);
		const char *text = *(const char *const *)(const void *)((const char *)from + m->offset);

		if (!*to)
			*to = runtime_facts_text(facts, text);
	}
	for (size_t i = 0; i < from->n_labels; i++) {
		bool is_there = false;

		for (size_t k = 0; k < facts->c.n_labels && !is_there; k++)
			is_there = strcmp(facts->labels[k].name, from->labels[i].name) == 0;
		if (!is_there)
			runtime_facts_label(facts, from->labels[i].name, from->labels[i].value);
	}
}

static const char *socket_of(struct runtime *runtime, const struct runtime_row *row)
{
	static const char *const sockets[] = { [RUNTIME_DOCKER] = "/run/docker.sock", [RUNTIME_PODMAN] = "/run/podman/podman.sock" };
	const char *path;
	struct stat st;

	if (row->c.rootless || (row->c.kind != RUNTIME_DOCKER && row->c.kind != RUNTIME_PODMAN))
		return NULL;
	path = runtime_host_path(&runtime->stores, &runtime->scratch, sockets[row->c.kind]);
	return path && lstat(path, &st) == 0 && S_ISSOCK(st.st_mode) ? path : NULL;
}

int runtime_api_ask(struct runtime *runtime, struct runtime_row *row, struct err *err)
{
	_cleanup_strbuf_ struct strbuf answer;
	struct http_request request = { .timeout_ms = API_TIMEOUT_MS, .max_answer_bytes = LIMIT_RUNTIME_FILE_BYTES };
	struct runtime_facts facts;
	int status = 0, r;

	strbuf_init(&answer, LIMIT_RUNTIME_FILE_BYTES);
	arena_reset(&runtime->scratch);
	request.unix_socket = socket_of(runtime, row);
	if (!request.unix_socket)
		return -ENOENT;
	request.url = arena_printf(&runtime->scratch, "http://localhost/containers/%s/json", row->c.id);
	row->is_api_asked = true;
	r = http_send(&request, &status, &answer, err);
	if (r < 0)
		return err_wrap(err, "%s", request.unix_socket);
	if (status != 200)
		return 0;
	runtime_facts_init(&facts, &runtime->scratch);
	r = runtime_parse_docker_api(answer.text, answer.len, "container", &facts, err);
	if (r < 0)
		return r;
	free(row->told);
	row->told = runtime_container_pack(&facts.c);
	row->check_at_ns = 0;            /* read the state again, with this under it */
	return 0;
}
