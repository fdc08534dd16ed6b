/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The filter in the kernel: tables written and swapped, what is known of cgroups and processes told, counters read.
 * The other half is bpf/filter.bpf.h.
 */
#include "sensor/sensor_internal.h"

#include "base/mem.h"
#include "sensor.skel.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* ---- tables ---- */

/* One of the two sets of tables, through a mapping that lives as long as the writing. */
static int write_tables(int fd, uint32_t at, const struct filter_tables *tables, struct err *err)
{
	/* The values of an array follow each other at multiples of 8 bytes. */
	size_t one = (sizeof(*tables) + 7) & ~(size_t)7, page = (size_t)sysconf(_SC_PAGESIZE);
	size_t all = (2 * one + page - 1) & ~(page - 1);
	char *map = mmap(NULL, all, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (map == MAP_FAILED)
		return err_set_os(err, -errno, "map the filter's tables");
	memcpy(map + at * one, tables, sizeof(*tables));
	munmap(map, all);
	return 0;
}

/*
 * Wait until no program runs any more that may have read the version before. An update of a map of maps by user space does
 * that, so that who updates may free what was in it (1ae80cf31938, "bpf: wait for running BPF programs when updating
 * map-in-map", 4.18): it is synchronize_rcu(), and all our programs run inside of RCU's read sides. membarrier(2) would do the
 * same, but refuses where CPUs run without ticks (nohz_full).
 */
static int wait_for_programs(struct err *err)
{
	_cleanup_close_ int inner = bpf_map_create(BPF_MAP_TYPE_ARRAY, "parka_grace", 4, 4, 1, NULL);
	LIBBPF_OPTS(bpf_map_create_opts, options, .inner_map_fd = (uint32_t)inner);
	_cleanup_close_ int outer = inner < 0 ? -1 : bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, "parka_grace", 4, 4, 1, &options);
	uint32_t zero = 0;

	if (outer < 0 || bpf_map_update_elem(outer, &zero, &inner, BPF_ANY) < 0)
		return err_set_os(err, -errno, "wait for the BPF programs that use the old filter");
	return 0;
}

/* Entries of other versions say nothing: they only are in the way of sensor_filter_process(). One that is written anew
 * between the look and the removal is lost: then that process is unknown, which is allowed. */
static void forget_processes(int fd, uint32_t version)
{
	struct filter_process process;
	uint32_t key, next, *from = NULL;
	bool more = bpf_map_get_next_key(fd, from, &next) == 0;

	while (more) {
		key = next;
		more = bpf_map_get_next_key(fd, &key, &next) == 0;
		if (bpf_map_lookup_elem(fd, &key, &process) == 0 && process.version != version)
			bpf_map_delete_elem(fd, &key);
	}
}

int sensor_set_filter(struct sensor *sensor, const struct filter_tables *filter, struct err *err)
{
	struct sensor_control *control = &sensor->bpf->bss->control;
	uint32_t version = control->filter_version + 1;
	_cleanup_free_ struct filter_tables *none = NULL;
	int r;

	if (!filter)
		filter = none = mem_alloc(sizeof(*none));
	r = write_tables(bpf_map__fd(sensor->bpf->maps.filters), version & 1, filter, err);
	if (r < 0)
		return r;
	__atomic_store_n(&control->filter_version, version, __ATOMIC_RELEASE);
	r = wait_for_programs(err);
	sensor->filter_since = sensor_boot_ns();
	forget_processes(bpf_map__fd(sensor->bpf->maps.processes), version);
	return r;
}

uint64_t sensor_filter_since(const struct sensor *sensor)
{
	return sensor->filter_since;
}

/* ---- what is known ---- */

int sensor_filter_where(struct sensor *sensor, uint64_t cgroup_id, enum filter_where where, struct err *err)
{
	int fd = bpf_map__fd(sensor->bpf->maps.wheres);
	uint32_t value = where;

	if (where == FILTER_WHERE_UNKNOWN) {
		bpf_map_delete_elem(fd, &cgroup_id);
		return 0;
	}
	if (bpf_map_update_elem(fd, &cgroup_id, &value, BPF_ANY) < 0)
		return err_set_os(err, -errno, "tell the filter of a control group");
	return 0;
}

int sensor_filter_process(struct sensor *sensor, uint32_t pid, uint64_t start_ns, const uint64_t *exe, struct err *err)
{
	volatile struct sensor_control *control = &sensor->bpf->bss->control;
	struct filter_process process = { .start_ns = start_ns, .version = control->filter_version };
	int fd = bpf_map__fd(sensor->bpf->maps.processes);

	memcpy(process.exe, exe, sizeof(process.exe));
	if (control->processes_full == process.version)
		return 0;
	if (bpf_map_update_elem(fd, &pid, &process, BPF_NOEXIST) < 0)
		return errno == EEXIST || errno == E2BIG ? 0 : err_set_os(err, -errno, "tell the filter of a process");
	/* A program that found no place while we looked: see process_write(). */
	if (control->processes_full == process.version)
		bpf_map_delete_elem(fd, &pid);
	return 0;
}

/* ---- counters ---- */

static struct sensor_counts sum_counts(const struct sensor_counts *each, int n)
{
	struct sensor_counts sum = { 0 };

	for (int i = 0; i < n; i++) {
		sum.dropped += each[i].dropped;
		sum.folded += each[i].folded;
		sum.ended += each[i].ended;
	}
	return sum;
}

void sensor_type_counts(struct sensor *sensor, struct sensor_type_counts ret[MODEL_EVT_MAX])
{
	int n = libbpf_num_possible_cpus(), fd = bpf_map__fd(sensor->bpf->maps.counts);
	_cleanup_free_ struct sensor_counts *each = mem_array(n > 0 ? (size_t)n : 1, sizeof(*each));

	_Static_assert((int)MODEL_EVT_MAX <= (int)SENSOR_COUNT_TYPES, "each type is counted");
	for (uint32_t type = 0; type < MODEL_EVT_MAX; type++) {
		struct sensor_counts sum;
		ret[type] = (struct sensor_type_counts){ 0 };
		if (n <= 0 || bpf_map_lookup_elem(fd, &type, each) < 0)
			continue;
		sum = sum_counts(each, n);
		ret[type] = (struct sensor_type_counts){ sum.dropped + sum.folded + sum.ended, sum.dropped, sum.folded };
	}
}

void sensor_count_cgroups(struct sensor *sensor, bool on)
{
	__atomic_store_n(&sensor->bpf->bss->control.count_cgroups, on, __ATOMIC_RELAXED);
}

size_t sensor_cgroup_counts(struct sensor *sensor, struct sensor_cgroup_counts *ret, size_t max)
{
	int n = libbpf_num_possible_cpus(), fd = bpf_map__fd(sensor->bpf->maps.cgroup_counts);
	_cleanup_free_ struct sensor_counts *each = mem_array(n > 0 ? (size_t)n : 1, sizeof(*each));
	uint64_t key, *from = NULL;
	size_t found = 0;

	/* Looking up moves what is found to the young end of the map's list: no key is met twice, but more may be met. */
	for (size_t i = 0; i < SENSOR_COUNT_CGROUPS && found < max && n > 0 && bpf_map_get_next_key(fd, from, &key) == 0; i++) {
		struct sensor_counts sum;
		from = &key;
		if (bpf_map_lookup_elem(fd, &key, each) < 0)
			continue;
		sum = sum_counts(each, n);
		ret[found++] = (struct sensor_cgroup_counts){ key, sum.dropped + sum.folded + sum.ended, sum.dropped, sum.folded };
	}
	return found;
}

static size_t add_costs(const struct sensor_bpf *bpf, struct sensor_program_cost *ret, size_t n, size_t max)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, bpf->obj) {
		struct bpf_prog_info info = { 0 };
		uint32_t len = sizeof(info);
		int fd = bpf_program__fd(program);
		if (n == max)
			break;
		if (fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &len) == 0)
			ret[n++] = (struct sensor_program_cost){ bpf_program__name(program), info.run_cnt, info.run_time_ns };
	}
	return n;
}

size_t sensor_program_costs(struct sensor *sensor, struct sensor_program_cost *ret, size_t max)
{
	size_t n = add_costs(sensor->bpf, ret, 0, max);

	for (size_t i = 0; i < sensor->n_late; i++)
		n = add_costs(sensor->late[i], ret, n, max);
	return n;
}
