/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the kernel has two of its locks, whose counters tell bpf/memo.bpf.h that files or mounts moved. Reading /proc/kallsyms for that would
 * cost a tenth of a second; a program of the type that runs when user space says so asks the kernel's own table
 * (bpf_kallsyms_lookup_name(), d6aef08a872b, 5.16). Whoever is not to know addresses is told none.
 */
#include "sensor/sensor_internal.h"

#include "base/mem.h"
#include "sensor.skel.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <string.h>

enum { NAME_BYTES = 16 };

/* The program's context is the address that it finds: 0 to begin with. */
static int load_finder(const char *name)
{
	uint64_t words[NAME_BYTES / 8] = { 0 };
	LIBBPF_OPTS(bpf_prog_load_opts, options, .prog_flags = BPF_F_SLEEPABLE);
	int32_t size = (int32_t)strlen(name) + 1;

	memcpy(words, name, (size_t)size);
	struct bpf_insn program[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = BPF_REG_6, .src_reg = BPF_REG_1 },
		{ .code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = BPF_REG_1, .imm = (int32_t)words[0] }, { .imm = (int32_t)(words[0] >> 32) },
		{ .code = BPF_STX | BPF_MEM | BPF_DW, .dst_reg = BPF_REG_10, .src_reg = BPF_REG_1, .off = -16 },
		{ .code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = BPF_REG_1, .imm = (int32_t)words[1] }, { .imm = (int32_t)(words[1] >> 32) },
		{ .code = BPF_STX | BPF_MEM | BPF_DW, .dst_reg = BPF_REG_10, .src_reg = BPF_REG_1, .off = -8 },
		{ .code = BPF_ST | BPF_MEM | BPF_DW, .dst_reg = BPF_REG_10, .off = -24, .imm = 0 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = BPF_REG_1, .src_reg = BPF_REG_10 },
		{ .code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = BPF_REG_1, .imm = -16 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_2, .imm = size },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_3, .imm = 0 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = BPF_REG_4, .src_reg = BPF_REG_10 },
		{ .code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = BPF_REG_4, .imm = -24 },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_kallsyms_lookup_name },
		{ .code = BPF_LDX | BPF_MEM | BPF_DW, .dst_reg = BPF_REG_1, .src_reg = BPF_REG_10, .off = -24 },
		{ .code = BPF_STX | BPF_MEM | BPF_DW, .dst_reg = BPF_REG_6, .src_reg = BPF_REG_1, .off = 0 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return bpf_prog_load(BPF_PROG_TYPE_SYSCALL, "parka_locks", "GPL", program, ARRAY_LEN(program), &options);
}

static uint64_t address_of(const char *name)
{
	uint64_t address = 0;
	LIBBPF_OPTS(bpf_test_run_opts, run, .ctx_in = &address, .ctx_size_in = sizeof(address));
	_cleanup_close_ int fd = load_finder(name);

	return fd >= 0 && bpf_prog_test_run_opts(fd, &run) == 0 ? address : 0;
}

void sensor_find_locks(struct sensor *sensor)
{
	struct sensor_control *control = &sensor->bpf->bss->control;
	uint64_t rename_lock = address_of("rename_lock"), mount_lock = rename_lock ? address_of("mount_lock") : 0;

	control->rename_lock = mount_lock ? rename_lock : 0;
	control->mount_lock = mount_lock;
}
