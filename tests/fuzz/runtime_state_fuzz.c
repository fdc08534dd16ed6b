/* SPDX-License-Identifier: Apache-2.0 */
/* State files of runtimes. The first byte (a digit) chooses the parser, the rest is the file. */
#include "runtime/runtime_internal.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef int (*parse_fn)(const char *text, size_t len, const char *input, struct runtime_facts *facts, struct err *err);

static const parse_fn parsers[] = {
	runtime_parse_oci, runtime_parse_runc_state, runtime_parse_crun_status, runtime_parse_docker_config,
	runtime_parse_docker_host, runtime_parse_docker_repositories, runtime_parse_docker_image, runtime_parse_storage_index,
	runtime_parse_docker_api, runtime_parse_storage_images, runtime_parse_crio_sandbox,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena;
	struct runtime_facts facts;
	struct runtime_container *packed;
	struct err err = ERR_INIT;
	char *text;

	if (size < 1 || size > 1 << 16)
		return 0;
	arena_init(&arena, LIMIT_RUNTIME_SCRATCH_BYTES);
	runtime_facts_init(&facts, &arena);
	facts.c.id = "a";
	facts.c.image_id = "b";
	runtime_facts_label(&facts, "io.kubernetes.pod.name", "p");
	text = mem_strndup((const char *)data + 1, size - 1);
	parsers[(uint8_t)(data[0] - '0') % ARRAY_LEN(parsers)](text, size - 1, "fuzz", &facts, &err);
	runtime_facts_kubernetes(&facts);
	packed = runtime_container_pack(&facts.c);
	if (!runtime_container_same(packed, &facts.c) || facts.c.n_labels > LIMIT_RUNTIME_LABELS || facts.c.n_mounts > LIMIT_RUNTIME_MOUNTS)
		abort();
	free(packed);
	free(text);
	arena_done(&arena);
	return 0;
}
