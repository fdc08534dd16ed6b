/* SPDX-License-Identifier: Apache-2.0 */
/* containerd's and podman's databases: the input is a bbolt file, whose meta pages get the right checksum, or nothing behind them would be reached. */
#include "runtime/bolt.h"
#include "runtime/runtime_internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { META_AT = 16, META_BYTES = 64, CHECKED_BYTES = 56, INPUT_MAX = 1 << 16 };

static void sign(uint8_t *file, size_t size, size_t page)
{
	uint64_t sum;

	if (page + META_AT + META_BYTES > size)
		return;
	sum = runtime_bolt_checksum(file + page + META_AT);
	memcpy(file + page + META_AT + CHECKED_BYTES, &sum, sizeof(sum));
}

static void each(void *data, struct runtime_bolt_text key, struct runtime_bolt_text value)
{
	size_t *sum = data;

	for (size_t i = 0; i < key.len; i++)
		*sum += (uint8_t)key.text[i];
	for (size_t i = 0; i < value.len; i++)
		*sum += (uint8_t)value.text[i];
}

static void read_container(int fd, struct arena *arena, bool podman)
{
	struct runtime_container *packed;
	struct runtime_facts facts;

	runtime_facts_init(&facts, arena);
	facts.c.id = "c";
	facts.c.pod_sandbox_id = "p";
	facts.c.pod_container_name = "web";
	if (podman)
		(void)runtime_podman_read(fd, &facts, NULL);
	else
		(void)runtime_metadata_read(fd, "default", &facts, NULL);
	runtime_facts_kubernetes(&facts);
	packed = runtime_container_pack(&facts.c);
	if (!runtime_container_same(packed, &facts.c) || facts.c.n_labels > LIMIT_RUNTIME_LABELS || facts.c.n_pod_labels > LIMIT_RUNTIME_LABELS)
		abort();
	free(packed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	static uint8_t file[INPUT_MAX];
	struct runtime_bolt_bucket v1;
	struct runtime_bolt bolt;
	struct arena arena;
	size_t sum = 0;

	if (size > sizeof(file))
		return 0;
	if (fd < 0)
		fd = memfd_create("database", MFD_CLOEXEC);
	memcpy(file, data, size);
	for (size_t page = 0; page <= 4096; page = page ? page * 2 : 1024)
		sign(file, size, page);
	if (ftruncate(fd, 0) < 0 || pwrite(fd, file, size, 0) != (ssize_t)size)
		return 0;
	arena_init(&arena, LIMIT_RUNTIME_SCRATCH_BYTES);
	if (runtime_bolt_begin(fd, &arena, &bolt, NULL) == 0) {
		(void)runtime_bolt_each(&bolt, NULL, each, &sum, NULL);
		if (runtime_bolt_bucket(&bolt, NULL, "v1", &v1, NULL) == 0)
			(void)runtime_bolt_each(&bolt, &v1, each, &sum, NULL);
		if (!runtime_bolt_is_same(&bolt) || bolt.n_bytes > LIMIT_RUNTIME_BOLT_BYTES + LIMIT_RUNTIME_BOLT_NODE_BYTES)
			abort();
	}
	arena_done(&arena);
	for (int podman = 0; podman < 2; podman++) {
		arena_init(&arena, LIMIT_RUNTIME_SCRATCH_BYTES);
		read_container(fd, &arena, podman);
		arena_done(&arena);
	}
	return 0;
}
