/* SPDX-License-Identifier: Apache-2.0 */
#include "act.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/io_uring.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

static int open_with(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static int act_open_read(int n, char **args)
{
	return open_with(args[0], O_RDONLY);
}

static int act_open_write(int n, char **args)
{
	return open_with(args[0], O_WRONLY);
}

static int act_create(int n, char **args)
{
	return open_with(args[0], O_WRONLY | O_CREAT);
}

/* Reads the path again and again: COUNT times, PAUSE_MS apart. */
static int act_read_often(int n, char **args)
{
	long count = act_number(args[1]), pause_ms = act_number(args[2]);
	int r = 0;

	for (long i = 0; i < count && r == 0; i++) {
		r = open_with(args[0], O_RDONLY);
		usleep((useconds_t)pause_ms * 1000);
	}
	return r;
}

/* Opens and closes a harmless file until it is killed. */
static int act_open_loop(int n, char **args)
{
	for (;;)
		open_with(args[0], O_RDONLY);
	return 0;
}

/* The comm is changed, then the file is read: the name of a trusted program. */
static int act_renamed_read(int n, char **args)
{
	if (prctl(PR_SET_NAME, args[0], 0, 0, 0) < 0)
		return errno;
	return open_with(args[1], O_RDONLY);
}

static int act_relative_read(int n, char **args)
{
	if (chdir(args[0]) < 0)
		return errno;
	return open_with(args[1], O_RDONLY);
}

struct uring {
	int fd;
	struct io_uring_params params;
	uint8_t *sq, *cq;
	struct io_uring_sqe *sqes;
};

static int uring_open(struct uring *ring)
{
	size_t sq_len, cq_len;

	memset(ring, 0, sizeof(*ring));
	ring->fd = (int)syscall(SYS_io_uring_setup, 4, &ring->params);
	if (ring->fd < 0)
		return errno;
	sq_len = ring->params.sq_off.array + ring->params.sq_entries * sizeof(uint32_t);
	cq_len = ring->params.cq_off.cqes + ring->params.cq_entries * sizeof(struct io_uring_cqe);
	ring->sq = mmap(NULL, sq_len, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, IORING_OFF_SQ_RING);
	ring->cq = mmap(NULL, cq_len, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, IORING_OFF_CQ_RING);
	ring->sqes = mmap(NULL, ring->params.sq_entries * sizeof(struct io_uring_sqe), PROT_READ | PROT_WRITE, MAP_SHARED,
			  ring->fd, IORING_OFF_SQES);
	return ring->sq == MAP_FAILED || ring->cq == MAP_FAILED || ring->sqes == MAP_FAILED ? errno : 0;
}

/* openat without the system call: io_uring's IORING_OP_OPENAT. */
static int act_uring_read(int n, char **args)
{
	struct uring ring;
	struct io_uring_sqe *sqe;
	struct io_uring_cqe *cqe;
	int r = uring_open(&ring);

	if (r != 0)
		return r;
	sqe = &ring.sqes[0];
	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = IORING_OP_OPENAT;
	sqe->fd = AT_FDCWD;
	sqe->addr = (uint64_t)(uintptr_t)args[0];
	sqe->open_flags = O_RDONLY;
	*(uint32_t *)(void *)(ring.sq + ring.params.sq_off.array) = 0;
	__atomic_store_n((uint32_t *)(void *)(ring.sq + ring.params.sq_off.tail), 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring.fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0)
		return errno;
	cqe = (struct io_uring_cqe *)(void *)(ring.cq + ring.params.cq_off.cqes);
	return cqe->res < 0 ? -cqe->res : 0;
}

static int act_uring_setup(int n, char **args)
{
	struct uring ring;

	return uring_open(&ring);
}

static int act_handle_read(int n, char **args)
{
	union {
		struct file_handle handle;
		char space[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	} h = { .handle.handle_bytes = MAX_HANDLE_SZ };
	int mount_id, dir = open(args[0], O_RDONLY | O_DIRECTORY), fd;

	if (dir < 0)
		return errno;
	if (name_to_handle_at(AT_FDCWD, args[1], &h.handle, &mount_id, 0) < 0) {
		if (errno != EPERM && errno != EOPNOTSUPP)
			return errno;
		h.handle.handle_bytes = 8;   /* the call is tried all the same: who lacks the right is refused before */
		h.handle.handle_type = 1;
	}
	fd = open_by_handle_at(dir, &h.handle, O_RDONLY);
	return fd < 0 ? errno : 0;
}

static int act_exchange(int n, char **args)
{
	return syscall(SYS_renameat2, AT_FDCWD, args[0], AT_FDCWD, args[1], RENAME_EXCHANGE) < 0 ? errno : 0;
}

static int act_mknod_block(int n, char **args)
{
	return mknod(args[0], S_IFBLK | 0600, makedev((unsigned)act_number(args[1]), (unsigned)act_number(args[2]))) < 0 ? errno : 0;
}

static int act_splice(int n, char **args)
{
	int fd = open(args[0], O_RDONLY), p[2];

	if (fd < 0 || pipe(p) < 0)
		return errno;
	return splice(fd, NULL, p[1], NULL, 1, 0) < 0 ? errno : 0;
}

static int act_file_capability(int n, char **args)
{
	struct vfs_cap_data caps = { .magic_etc = VFS_CAP_REVISION_2, .data[0].permitted = 1u << 13 };

	return setxattr(args[0], "security.capability", &caps, sizeof(caps), 0) < 0 ? errno : 0;
}

static int act_fd_chdir(int n, char **args)
{
	char path[64];
	int dir = open(args[0], O_RDONLY | O_DIRECTORY);

	if (dir < 0)
		return errno;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", dir);
	return chdir(path) < 0 ? errno : 0;
}

const struct act acts_file[] = {
	{ "open-read", "PATH", 1, act_open_read },
	{ "open-write", "PATH", 1, act_open_write },
	{ "create", "PATH", 1, act_create },
	{ "read-often", "PATH COUNT PAUSE_MS", 3, act_read_often },
	{ "open-loop", "PATH", 1, act_open_loop },
	{ "renamed-read", "COMM PATH", 2, act_renamed_read },
	{ "relative-read", "DIR PATH", 2, act_relative_read },
	{ "uring-read", "PATH", 1, act_uring_read },
	{ "uring-setup", "", 0, act_uring_setup },
	{ "handle-read", "DIR PATH", 2, act_handle_read },
	{ "exchange", "PATH PATH", 2, act_exchange },
	{ "mknod-block", "PATH MAJOR MINOR", 3, act_mknod_block },
	{ "splice", "PATH", 1, act_splice },
	{ "file-capability", "PATH", 1, act_file_capability },
	{ "fd-chdir", "DIR", 1, act_fd_chdir },
	{ NULL, NULL, 0, NULL },
};
