/* SPDX-License-Identifier: Apache-2.0 */
#include "act.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Writes into memory, as a packer does, and makes it executable. */
static int act_unpack(int n, char **args)
{
	char *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return errno;
	memory[0] = (char)0xc3;   /* ret */
	return mprotect(memory, 4096, PROT_READ | PROT_EXEC) < 0 ? errno : 0;
}

static int act_userfaultfd(int n, char **args)
{
	return syscall(SYS_userfaultfd, O_CLOEXEC) < 0 ? errno : 0;
}

/* "r0 = 0; exit" as a socket filter: loaded, never attached. */
static int act_bpf_load(int n, char **args)
{
	struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	attr.insns = (uint64_t)(uintptr_t)code;
	attr.insn_cnt = 2;
	attr.license = (uint64_t)(uintptr_t)"Apache-2.0";
	return syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr)) < 0 ? errno : 0;
}

/* Attaches "let all pass" to a control group that nobody is in, and detaches it. */
static int act_bpf_detach(int n, char **args)
{
	struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 1 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr;
	int group = open(args[0], O_RDONLY | O_DIRECTORY), program;

	if (group < 0)
		return errno;
	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_CGROUP_SKB;
	attr.insns = (uint64_t)(uintptr_t)code;
	attr.insn_cnt = 2;
	attr.license = (uint64_t)(uintptr_t)"Apache-2.0";
	program = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	if (program < 0)
		return errno;
	memset(&attr, 0, sizeof(attr));
	attr.target_fd = (uint32_t)group;
	attr.attach_bpf_fd = (uint32_t)program;
	attr.attach_type = BPF_CGROUP_INET_EGRESS;
	if (syscall(SYS_bpf, BPF_PROG_ATTACH, &attr, sizeof(attr)) < 0)
		return errno;
	return syscall(SYS_bpf, BPF_PROG_DETACH, &attr, sizeof(attr)) < 0 ? errno : 0;
}

/* A descriptor that is no module: no kernel takes it, whoever asks. */
static int act_module_load(int n, char **args)
{
	int fd = open(args[0], O_RDONLY);

	if (fd < 0)
		return errno;
	return syscall(SYS_finit_module, fd, "", 0) < 0 ? errno : 0;
}

/* Flags that no kernel knows: refused even where the right is there. */
static int act_kexec(int n, char **args)
{
	return syscall(SYS_kexec_load, 0UL, 0UL, NULL, 0xfff0UL) < 0 ? errno : 0;
}

static int act_mount(int n, char **args)
{
	return mount(args[0], args[1], args[2], 0, n > 3 ? args[3] : NULL) < 0 ? errno : 0;
}

/* fsopen alone: nothing is mounted. */
static int act_fsopen(int n, char **args)
{
	return syscall(SYS_fsopen, args[0], 0) < 0 ? errno : 0;
}

const struct act acts_kernel[] = {
	{ "unpack", "", 0, act_unpack },
	{ "userfaultfd", "", 0, act_userfaultfd },
	{ "bpf-load", "", 0, act_bpf_load },
	{ "bpf-detach", "CGROUP_DIR", 1, act_bpf_detach },
	{ "module-load", "PATH", 1, act_module_load },
	{ "kexec", "", 0, act_kexec },
	{ "mount", "SOURCE TARGET TYPE [OPTIONS]", 3, act_mount },
	{ "fsopen", "TYPE", 1, act_fsopen },
	{ NULL, NULL, 0, NULL },
};
