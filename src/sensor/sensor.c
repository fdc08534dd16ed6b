/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/sensor_internal.h"

#include "base/mem.h"
#include "sensor.skel.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { HOLD_NS = 300000, UP_MS = 2, DESCRIPTORS_WANTED = 8192 };

static enum sensor_compat compat_from_environment(void)
{
	const char *text = getenv("PARKA_SENSOR_COMPAT");

	if (text && strcmp(text, "always") == 0)
		return SENSOR_COMPAT_ALWAYS;
	return text && strcmp(text, "never") == 0 ? SENSOR_COMPAT_NEVER : SENSOR_COMPAT_AUTO;
}

static int open_rings(struct sensor *sensor, struct err *err)
{
	int fds[SENSOR_LANE_MAX] = {
		bpf_map__fd(sensor->bpf->maps.ring_lifecycle),
		bpf_map__fd(sensor->bpf->maps.ring_file),
		bpf_map__fd(sensor->bpf->maps.ring_net),
	};

	sensor->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (sensor->epoll_fd < 0)
		return err_set_os(err, -errno, "create an epoll descriptor");
	for (int i = 0; i < SENSOR_LANE_MAX; i++) {
		struct epoll_event event = { .events = EPOLLIN, .data.u32 = (uint32_t)i };
		int r = sensor_ring_open(&sensor->rings[i], fds[i], sensor->options.ring_bytes[i], err);
		if (r < 0)
			return r;
		if (epoll_ctl(sensor->epoll_fd, EPOLL_CTL_ADD, fds[i], &event) < 0)
			return err_set_os(err, -errno, "watch a ring");
	}
	sensor->merge = (struct sensor_merge){
		.rings = sensor->rings, .n = SENSOR_LANE_MAX, .hold_ns = HOLD_NS, .urgent = &sensor->rings[SENSOR_LANE_LIFECYCLE],
	};
	return 0;
}

static int check_kernel(const struct sensor_options *options, struct err *err)
{
	for (int i = 0; i < SENSOR_LANE_MAX; i++) {
		uint64_t bytes = options->ring_bytes[i];
		if (bytes && (bytes & (bytes - 1) || bytes < 4096 || bytes > 1U << 30))
			return err_set(err, -EINVAL, "a ring's size must be a power of two from 4096 bytes to 1 GiB");
	}
	if (access("/sys/kernel/btf/vmlinux", R_OK) != 0)
		return err_set(err, -ENOSYS, "this kernel does not describe itself (/sys/kernel/btf/vmlinux is missing): parka needs "
			       "Linux 5.8 or later built with CONFIG_DEBUG_INFO_BTF");
	return 0;
}

/* Events that are made of others: a question to DNS is what a call sends. */
static void add_sources(struct model_event_set *wanted)
{
	static const enum model_event_type sends[] = { MODEL_EVT_SENDTO, MODEL_EVT_SENDMSG, MODEL_EVT_SENDMMSG };

	for (size_t i = 0; i < sizeof(sends) / sizeof(sends[0]) && model_event_set_has(wanted, MODEL_EVT_DNS); i++)
		model_event_set_add(wanted, sends[i]);
}

/* Every program, link and map is a descriptor, several hundred in all where each call has a hook of its own; the usual
 * soft limit of 1,024 leaves no room for what is loaded later. */
static void allow_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= DESCRIPTORS_WANTED)
		return;
	limit.rlim_cur = limit.rlim_max < DESCRIPTORS_WANTED ? limit.rlim_max : DESCRIPTORS_WANTED;
	setrlimit(RLIMIT_NOFILE, &limit);   /* without it: loading says "Too many open files" */
}

int sensor_open(const struct sensor_options *options, struct sensor **ret_sensor, struct err *err)
{
	struct sensor *sensor;
	int r = check_kernel(options, err);

	if (r < 0)
		return r;
	allow_descriptors();
	sensor = mem_alloc(sizeof(*sensor));
	sensor->options = *options;
	add_sources(&sensor->options.wanted);
	sensor->epoll_fd = -1;
	sensor->tracefs_fd = sensor_tracefs_open();
	sensor->compat = compat_from_environment();
	r = sensor_load(sensor, err);
	if (r == 0)
		r = open_rings(sensor, err);
	if (r == 0)
		r = sensor_attach(sensor, err);
	if (r < 0) {
		sensor_close(sensor);
		return r;
	}
	*ret_sensor = sensor;
	return 0;
}

struct sensor *sensor_close(struct sensor *sensor)
{
	if (!sensor)
		return NULL;
	sensor_unload(sensor);
	for (int i = 0; i < SENSOR_LANE_MAX; i++)
		sensor_ring_close(&sensor->rings[i]);
	if (sensor->epoll_fd >= 0)
		close(sensor->epoll_fd);
	if (sensor->tracefs_fd >= 0)
		close(sensor->tracefs_fd);
	free(sensor->shown);
	map_done(&sensor->compat_set.pids);
	free(sensor);
	return NULL;
}

int sensor_want(struct sensor *sensor, const struct model_event_set *wanted, struct err *err)
{
	sensor->options.wanted = *wanted;
	add_sources(&sensor->options.wanted);
	sensor->options.all_events = false;
	return sensor_attach(sensor, err);
}

int sensor_fd(const struct sensor *sensor)
{
	return sensor->epoll_fd;
}

uint64_t sensor_boot_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

int sensor_next(struct sensor *sensor, bool flush, const struct sensor_wire **ret_event, struct err *err)
{
	uint64_t now_ns = flush && !sensor->raw_link ? 0 : sensor_boot_ns();
	const struct sensor_wire *event = sensor_merge_next(&sensor->merge, now_ns, flush);
	int r;

	if (!event) {
		sensor_compat_rest(sensor, now_ns);
		return 0;
	}
	r = sensor_compat_see(sensor, event, err);
	if (r < 0)
		return r;
	*ret_event = event;
	return 1;
}

/* The last short sleep is with the flag taken back: a program that saw it set has sent its event by then. */
int sensor_sleep_ms(struct sensor *sensor)
{
	__u32 *is_up = &sensor->bpf->bss->control.reader_is_up;
	struct sensor_ring *lifecycle = &sensor->rings[SENSOR_LANE_LIFECYCLE];
	bool busy = lifecycle->n_events != sensor->n_slept_at || sensor_ring_peek(lifecycle), was_up = *is_up;

	sensor->n_slept_at = lifecycle->n_events;
	if (busy != was_up)
		__atomic_store_n(is_up, busy, __ATOMIC_RELAXED);
	return busy || was_up ? UP_MS : -1;
}

static bool program_info(int fd, struct bpf_prog_info *ret)
{
	uint32_t len = sizeof(*ret);

	*ret = (struct bpf_prog_info){ 0 };
	return fd > 0 && bpf_obj_get_info_by_fd(fd, ret, &len) == 0;
}

uint64_t sensor_stub_missed(int program_fd)
{
	struct bpf_prog_info info;

	return program_info(program_fd, &info) ? info.recursion_misses : 0;
}

/* A fexit program is not run while the same is under way on the CPU (preempted): an event that was not made. */
static void add_missed(struct sensor *sensor, struct sensor_stats *ret)
{
	for (size_t i = 0; i < sensor->plan.n; i++)
		ret->lost[sensor->plan.hooks[i].type][SENSOR_LOST_NESTED] += sensor_stub_missed(sensor->links[i].program_fd);
	for (size_t type = 0; type < MODEL_EVT_MAX; type++)
		ret->lost[type][SENSOR_LOST_NESTED] += sensor->missed[type];
}

void sensor_stats(struct sensor *sensor, struct sensor_stats *ret)
{
	const volatile __u64 *lost = sensor->bpf->bss->lost;

	*ret = (struct sensor_stats){ 0 };
	for (int i = 0; i < SENSOR_LANE_MAX; i++) {
		ret->n_events[i] = sensor->rings[i].n_events;
		ret->n_bytes[i] = sensor->rings[i].n_bytes;
	}
	for (size_t type = 0; type < MODEL_EVT_MAX; type++)
		for (size_t cause = 0; cause < SENSOR_LOST_MAX; cause++)
			ret->lost[type][cause] = lost[type * 8 + cause];
	add_missed(sensor, ret);
	for (size_t type = 0; type < MODEL_EVT_MAX; type++)
		for (size_t cause = 0; cause < SENSOR_LOST_MAX; cause++)
			ret->n_lost += ret->lost[type][cause];
}

void sensor_doze(struct sensor *sensor, bool dozes)
{
	__u32 *told = &sensor->bpf->bss->control.reader_dozes;

	if (*told != dozes)
		__atomic_store_n(told, dozes, __ATOMIC_SEQ_CST);
}

bool sensor_reads_directly(const struct sensor *sensor)
{
	return sensor->reads_directly;
}

bool sensor_sees_compat(const struct sensor *sensor)
{
	return !sensor->compat_wants_raw || sensor->raw_link;
}

size_t sensor_hooks(const struct sensor *sensor, const struct sensor_hook **ret_hooks)
{
	struct sensor *s = (struct sensor *)sensor;

	s->shown = mem_grow(s->shown, s->plan.n, sizeof(*s->shown));
	for (size_t i = 0; i < s->plan.n; i++)
		s->shown[i] = s->plan.hooks[i].hook;
	*ret_hooks = s->shown;
	return s->plan.n;
}
