/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The processes that live now, as events. The BPF task iterator tells what the kernel knows; the
 * arguments are added from /proc, because the iterator cannot read another task's memory before 5.18.
 */
#include "sensor/sensor_internal.h"

#include "base/file.h"
#include "base/mem.h"
#include "sensor.skel.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SEED_ARGV_MAX = 8192, SEED_BYTES_MAX = 512 << 20 };

struct seeds {
	uint8_t *bytes;
	size_t len, size;
	struct { uint64_t start_ns; size_t at; } *order;
	size_t n, n_size;
};

static int read_all(struct seeds *seeds, int fd, struct err *err)
{
	for (;;) {
		ssize_t n;

		if (seeds->size - seeds->len < 65536) {
			if (seeds->size >= SEED_BYTES_MAX)
				return err_set(err, -E2BIG, "more than %d bytes of processes", SEED_BYTES_MAX);
			seeds->size = seeds->size ? seeds->size * 2 : 262144;
			seeds->bytes = mem_grow(seeds->bytes, seeds->size, 1);
		}
		n = read(fd, seeds->bytes + seeds->len, seeds->size - seeds->len);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0)
			return err_set_os(err, -errno, "read the task iterator");
		if (n == 0)
			return 0;
		seeds->len += (size_t)n;
	}
}

static int split(struct seeds *seeds, struct err *err)
{
	for (size_t at = 0; at < seeds->len; ) {
		const struct sensor_wire *event = (const struct sensor_wire *)(seeds->bytes + at);

		if (seeds->len - at < sizeof(*event) || event->len < sizeof(*event) || event->len > seeds->len - at || event->len % 8)
			return err_set(err, -EBADMSG, "the task iterator gave a damaged record at byte %zu", at);
		if (seeds->n == seeds->n_size) {
			seeds->n_size = seeds->n_size ? seeds->n_size * 2 : 512;
			seeds->order = mem_grow(seeds->order, seeds->n_size, sizeof(*seeds->order));
		}
		seeds->order[seeds->n].start_ns = event->start_ns;
		seeds->order[seeds->n++].at = at;
		at += event->len;
	}
	return 0;
}

static int by_start(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return x[0] != y[0] ? (x[0] < y[0] ? -1 : 1) : (x[1] < y[1] ? -1 : x[1] > y[1]);
}

/* ARGV after the other parameters; `out` has room for it. */
static void add_argv(struct sensor_wire *out)
{
	struct sensor_wire_param *p = (struct sensor_wire_param *)((uint8_t *)out + out->len);
	char path[40];
	_cleanup_close_ int fd = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%u/cmdline", out->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, p + 1, SEED_ARGV_MAX);
	if (n <= 0)
		return;
	*p = (struct sensor_wire_param){ .id = SENSOR_P_ARGV, .len = (uint32_t)n,
					 .flags = SENSOR_PARAM_FROM_USER | (n == SEED_ARGV_MAX ? SENSOR_PARAM_TRUNCATED : 0) };
	memset((uint8_t *)(p + 1) + n, 0, (size_t)(-n & 7));
	out->len += (uint32_t)(sizeof(*p) + (((size_t)n + 7) & ~(size_t)7));
	out->n_params++;
}

static int iterate(struct sensor *sensor, struct seeds *seeds, struct err *err)
{
	struct bpf_link *link = bpf_program__attach_iter(sensor->bpf->progs.seed_tasks, NULL);
	_cleanup_close_ int fd = -1;
	int r;

	if (!link)
		return err_set_os(err, -errno, "attach the task iterator");
	fd = bpf_iter_create(bpf_link__fd(link));
	r = fd < 0 ? err_set_os(err, -errno, "start the task iterator") : read_all(seeds, fd, err);
	bpf_link__destroy(link);
	return r;
}

static const struct sensor_wire_task *task_of(const struct sensor_wire *event)
{
	const uint8_t *at = (const uint8_t *)(event + 1), *end = (const uint8_t *)event + event->len;

	while (at + sizeof(struct sensor_wire_param) <= end) {
		const struct sensor_wire_param *p = (const struct sensor_wire_param *)at;
		if (p->id == SENSOR_P_TASK && p->len >= sizeof(struct sensor_wire_task))
			return (const struct sensor_wire_task *)(p + 1);
		at += sizeof(*p) + ((p->len + 7) & ~7U);
	}
	return NULL;
}

static int compare_u32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* When a process started, as its children know it; 0. */
static uint64_t start_by_children(const struct seeds *seeds, uint32_t pid)
{
	for (size_t at = 0; at < seeds->len; ) {
		const struct sensor_wire *event = (const struct sensor_wire *)(seeds->bytes + at);
		const struct sensor_wire_task *task = task_of(event);
		if (task && task->ppid == pid)
			return task->parent_start_ns;
		at += event->len;
	}
	return 0;
}

/* Processes in /proc that the iterator did not give: some kernels leave out the first one. */
static void add_missing(struct seeds *seeds)
{
	_cleanup_free_ uint32_t *pids = mem_array(seeds->n + 1, sizeof(*pids));
	_cleanup_free_ struct sensor_wire *out = mem_alloc(65536);
	size_t n = 0, end = seeds->len;
	struct dirent *entry;
	DIR *proc = opendir("/proc");

	for (size_t at = 0; at < end; at += ((const struct sensor_wire *)(seeds->bytes + at))->len)
		pids[n++] = ((const struct sensor_wire *)(seeds->bytes + at))->pid;
	qsort(pids, n, sizeof(*pids), compare_u32);
	while (proc && (entry = readdir(proc)) != NULL) {
		char *rest;
		uint32_t pid = (uint32_t)strtoul(entry->d_name, &rest, 10);
		if (*rest || !pid || bsearch(&pid, pids, n, sizeof(*pids), compare_u32))
			continue;
		if (!sensor_seed_from_proc(pid, start_by_children(seeds, pid), out) || seeds->size + out->len > SEED_BYTES_MAX)
			continue;
		if (seeds->size - seeds->len < out->len) {
			seeds->size += 262144;
			seeds->bytes = mem_grow(seeds->bytes, seeds->size, 1);
		}
		memcpy(seeds->bytes + seeds->len, out, out->len);
		seeds->len += out->len;
	}
	if (proc)
		closedir(proc);
}

int sensor_seed(struct sensor *sensor, void (*emit)(const struct sensor_wire *event, void *data), void *data, struct err *err)
{
	_cleanup_free_ struct sensor_wire *out = NULL;
	struct seeds seeds = { 0 };
	int r = 0;

	if (bpf_program__fd(sensor->bpf->progs.seed_tasks) >= 0)
		r = iterate(sensor, &seeds, err);
	if (r == 0)
		r = split(&seeds, err);      /* checks the records; the order is made again below */
	if (r == 0) {
		add_missing(&seeds);
		seeds.n = 0;
		r = split(&seeds, err);
	}
	if (r == 0 && seeds.n) {
		/* Who is older cannot be the child: parents come first. */
		qsort(seeds.order, seeds.n, sizeof(*seeds.order), by_start);
		out = mem_alloc(65536 + SEED_ARGV_MAX);
		for (size_t i = 0; i < seeds.n; i++) {
			const struct sensor_wire *event = (const struct sensor_wire *)(seeds.bytes + seeds.order[i].at);
			if (event->len > 65536 - 64)
				continue;
			memcpy(out, event, event->len);
			add_argv(out);
			emit(out, data);
		}
	}
	free(seeds.bytes);
	free(seeds.order);
	return r;
}
