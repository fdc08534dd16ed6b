/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tracepoints by name. Where nobody has mounted tracefs (a small machine, a container without /sys/kernel/tracing), it is
 * mounted for us alone, nowhere: fsmount(2) gives a descriptor, and the machine stays as it is.
 */
#include "sensor/sensor_internal.h"

#include "base/mem.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

static int mount_for_us(void)
{
	_cleanup_close_ int fs = fsopen("tracefs", FSOPEN_CLOEXEC);

	if (fs < 0 || fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -1;
	return fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
}

int sensor_tracefs_open(void)
{
	static const char *const roots[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };

	for (size_t i = 0; i < ARRAY_LEN(roots); i++) {
		int fd = open(roots[i], O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (fd >= 0 && faccessat(fd, "events", F_OK, 0) == 0)
			return fd;
		if (fd >= 0)
			close(fd);
	}
	return mount_for_us();
}

static int tracepoint_id(int tracefs_fd, const char *event)
{
	_cleanup_close_ int fd = -1;
	char path[160], text[16];
	ssize_t n;

	snprintf(path, sizeof(path), "events/%s/id", event);
	fd = tracefs_fd >= 0 ? openat(tracefs_fd, path, O_RDONLY | O_CLOEXEC) : -1;
	n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;
	if (n <= 0)
		return -ENOENT;
	text[n] = '\0';
	return (int)strtol(text, NULL, 10);
}

bool sensor_tracefs_has(int tracefs_fd, const char *event)
{
	char path[160];

	snprintf(path, sizeof(path), "events/%s/id", event);
	return tracefs_fd >= 0 && faccessat(tracefs_fd, path, R_OK, 0) == 0;
}

struct bpf_link *sensor_tracepoint_attach(int tracefs_fd, const char *event, const struct bpf_program *program)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_TRACEPOINT, .size = sizeof(attr) };
	struct bpf_link *link;
	int id = tracepoint_id(tracefs_fd, event), fd;

	if (id <= 0) {
		errno = ENOENT;
		return NULL;
	}
	attr.config = (unsigned)id;
	/* Any CPU will do: programs of a tracepoint run on all. */
	fd = (int)syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0)
		return NULL;
	link = bpf_program__attach_perf_event(program, fd);
	if (!link)
		close(fd);
	return link;
}
