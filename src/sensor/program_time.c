/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/sensor.h"

#include <bpf/bpf.h>
#include <errno.h>

/* BPF_ENABLE_STATS: kernel commit d46edd671a14 (5.8). */
int sensor_time_programs(struct err *err)
{
	int fd = bpf_enable_stats(BPF_STATS_RUN_TIME);

	return fd < 0 ? err_set_os(err, -errno, "switch on run-time statistics of BPF programs") : fd;
}
