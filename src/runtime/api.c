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
	static const char *const sockets[] = {
		[RUNTIME_DOCKER] = "/run/docker.sock", [RUNTIME_PODMAN] = "/run/podman/podman.sock"
	};
	const char *path;
	struct stat st;

	if (row->c.rootless || (row->c.kind != RUNTIME_DOCKER && row->c.kind != RUNTIME_PODMAN))
		return NULL;
	path = runtime_host_path(&runtime->stores, &runtime->scratch, sockets[row->c.kind]);
	return path && lstat(path, &st) == 0 && S_ISSOCK(st.st_mode) ? path : NULL;
}

static int api_send(const char *socket, const char *path, struct arena *arena, int *ret_status, struct strbuf *answer,
		    struct err *err)
{
	struct http_request request = { .timeout_ms = API_TIMEOUT_MS,
					.max_answer_bytes = LIMIT_RUNTIME_FILE_BYTES,
					.unix_socket = socket };
	int r;

	request.url = arena_printf(arena, "http://localhost%s", path);
	r = http_send(&request, ret_status, answer, err);
	return r < 0 ? err_wrap(err, "%s", socket) : 0;
}

int runtime_api_get(const char *socket, const char *path, int *ret_status, json_t **ret_json, struct err *err)
{
	_cleanup_strbuf_ struct strbuf answer;
	_cleanup_json_ json_t *json = NULL;
	struct arena arena;
	int status = 0, r;

	strbuf_init(&answer, LIMIT_RUNTIME_FILE_BYTES);
	arena_init(&arena, LIMIT_RUNTIME_TEXT_BYTES * 4);
	r = api_send(socket, path, &arena, &status, &answer, err);
	arena_done(&arena);
	if (r < 0)
		return r;
	r = json_parse(answer.text, answer.len, path, &json, status == 200 ? err : NULL);
	if (r < 0 && status == 200)
		return err_wrap(err, "%s", socket);
	if (r == 0 && runtime_json_is_deep(json, LIMIT_RUNTIME_DEPTH))
		return err_set(err, -EBADMSG, "%s: the answer to %s is nested too deeply", socket, path);
	*ret_status = status;
	*ret_json = take_ptr(json);
	return 0;
}

int runtime_api_ask(struct runtime *runtime, struct runtime_row *row, struct err *err)
{
	_cleanup_strbuf_ struct strbuf answer;
	struct runtime_facts facts;
	const char *socket;
	int status = 0, r;

	strbuf_init(&answer, LIMIT_RUNTIME_FILE_BYTES);
	arena_reset(&runtime->scratch);
	socket = socket_of(runtime, row);
	if (!socket)
		return -ENOENT;
	row->is_api_asked = true;
	r = api_send(socket, arena_printf(&runtime->scratch, "/containers/%s/json", row->c.id), &runtime->scratch, &status,
		     &answer, err);
	if (r < 0)
		return r;
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
