/* SPDX-License-Identifier: Apache-2.0 */
/* What this kernel has: tracepoints, program types, cgroup hierarchies. */
#include "sensor/sensor_internal.h"

#include "base/file.h"
#include "base/mem.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

/* The hierarchy with the number `id` or controller `name`, from /proc/self/cgroup ("4:memory:/a/b"). */
static int hierarchy_of(const char *controller)
{
	_cleanup_(arena_done) struct arena arena;
	char *text;
	size_t len;

	arena_init(&arena, 1 << 20);
	if (file_read("/proc/self/cgroup", 1 << 16, &arena, &text, &len, NULL) < 0)
		return 0;
	for (char *line = text; *line; ) {
		size_t line_len = strcspn(line, "\n");
		char *end, *names;
		long id = strtol(line, &end, 10);
		size_t n = strlen(controller);

		for (names = end + 1; *end == ':' && names < line + line_len && *names != ':'; names++)
			if (strncmp(names, controller, n) == 0 && (names[n] == ':' || names[n] == ',') && (names[-1] == ':' || names[-1] == ','))
				return (int)id;
		line += line_len + (line[line_len] == '\n');
	}
	return 0;
}

static int subsys_index(const struct btf *btf, const char *controller)
{
	const struct btf_type *type;
	const struct btf_enum *item;
	char name[40];
	int id, index = -1;

	snprintf(name, sizeof(name), "%s_cgrp_id", controller);
	id = btf__find_by_name_kind(btf, "cgroup_subsys_id", BTF_KIND_ENUM);
	type = id > 0 ? btf__type_by_id(btf, (uint32_t)id) : NULL;
	item = type ? btf_enum(type) : NULL;
	for (int i = 0; type && i < btf_vlen(type); i++)
		if (strcmp(btf__name_by_offset(btf, item[i].name_off), name) == 0)
			index = item[i].val;
	return index;
}

/* On a host with only the unified hierarchy, that one. With v1 hierarchies, runtimes put containers into all of
 * the v1 controllers and not always into the unified tree: the first of the usual ones that is mounted. */
static void choose_cgroup(const struct btf *btf, struct sensor_cgroup_choice *ret)
{
	static const char *const controllers[] = { "memory", "pids", "devices", "cpu", "freezer" };

	*ret = (struct sensor_cgroup_choice){ .subsys = -1, .hierarchy = 0, .mode = SENSOR_CGROUP_V2 };
	for (size_t i = 0; i < ARRAY_LEN(controllers); i++) {
		int hierarchy = hierarchy_of(controllers[i]);
		int index = hierarchy > 0 ? subsys_index(btf, controllers[i]) : -1;
		if (index < 0 || index > 15)
			continue;
		ret->subsys = index;
		ret->hierarchy = hierarchy;
		ret->mode = access("/sys/fs/cgroup/unified/cgroup.procs", F_OK) == 0 ? SENSOR_CGROUP_HYBRID : SENSOR_CGROUP_V1;
		return;
	}
}

/* The prototype of a tracepoint: a typedef of a pointer to it; NULL when there is none of that name. */
static const struct btf_type *tracepoint_proto(const struct btf *btf, const char *name)
{
	const struct btf_type *type;
	char typedef_name[80];
	int id;

	snprintf(typedef_name, sizeof(typedef_name), "btf_trace_%s", name);
	id = btf__find_by_name_kind(btf, typedef_name, BTF_KIND_TYPEDEF);
	type = id > 0 ? btf__type_by_id(btf, (uint32_t)id) : NULL;
	type = type ? btf__type_by_id(btf, type->type) : NULL;
	type = type && btf_is_ptr(type) ? btf__type_by_id(btf, type->type) : NULL;
	return type && btf_is_func_proto(type) ? type : NULL;
}

bool sensor_facts_has_tracepoint(const struct sensor_facts *facts, const char *name)
{
	return tracepoint_proto(facts->btf, name) != NULL;
}

bool sensor_facts_has_function(const struct sensor_facts *facts, const char *name)
{
	return btf__find_by_name_kind(facts->btf, name, BTF_KIND_FUNC) > 0;
}

static bool argument_is_pointer(const struct btf *btf, const struct btf_type *proto, unsigned n)
{
	/* The first parameter is the tracepoint's own. */
	return proto && btf_vlen(proto) > n + 1 && btf_is_ptr(btf__type_by_id(btf, btf_params(proto)[n + 1].type));
}

/* io_uring's tracepoints changed their arguments several times: see bpf/uring.bpf.h. */
static void find_uring(struct sensor_facts *facts)
{
	const struct btf_type *submit = tracepoint_proto(facts->btf, "io_uring_submit_req");
	const struct btf_type *complete = tracepoint_proto(facts->btf, "io_uring_complete");

	facts->uring_request = -1;
	if (submit) {
		facts->uring_request = 0;
	} else {
		submit = tracepoint_proto(facts->btf, "io_uring_submit_sqe");
		if (submit && btf_vlen(submit) == 3)
			facts->uring_request = 0;
		else if (argument_is_pointer(facts->btf, submit, 1))
			facts->uring_request = 1;
	}
	facts->uring_result = SENSOR_URING_NO_REQUEST;
	if (complete && btf_vlen(complete) == 4 && argument_is_pointer(facts->btf, complete, 2))
		facts->uring_result = SENSOR_URING_CQE;
	else if (argument_is_pointer(facts->btf, complete, 1))
		facts->uring_result = SENSOR_URING_NUMBER;
}

/* PARKA_SENSOR_READS=helper: for tests. */
static bool may_cast(void)
{
	const char *choice = getenv("PARKA_SENSOR_READS");

	return !choice || strcmp(choice, "helper") != 0;
}

int sensor_facts_load(struct sensor_facts *facts, struct err *err)
{
	*facts = (struct sensor_facts){ .btf = btf__load_vmlinux_btf() };
	if (!facts->btf)
		return err_set_os(err, -errno, "read the kernel's types from /sys/kernel/btf/vmlinux");
	choose_cgroup(facts->btf, &facts->cgroup);
	facts->oom_gives_task = argument_is_pointer(facts->btf, tracepoint_proto(facts->btf, "mark_victim"), 0);
	facts->can_cast = may_cast() && btf__find_by_name_kind(facts->btf, "bpf_rdonly_cast", BTF_KIND_FUNC) > 0;
	find_uring(facts);
	return 0;
}

void sensor_facts_done(struct sensor_facts *facts)
{
	btf__free(facts->btf);
	facts->btf = NULL;
}

/* The type that a program is attached to; 0 when there is none. Not by libbpf_find_vmlinux_btf_id(): that reads all of the kernel's
 * types, 5 to 10 MB, for each question. */
static uint32_t attach_type_id(const struct btf *btf, enum bpf_attach_type attach, const char *target)
{
	char name[128];
	int id;

	snprintf(name, sizeof(name), "%s%s", attach == BPF_TRACE_RAW_TP ? "btf_trace_" : attach == BPF_LSM_MAC ? "bpf_lsm_" :
		 attach == BPF_TRACE_ITER ? "bpf_iter_" : "", target);
	id = btf__find_by_name_kind(btf, name, attach == BPF_TRACE_RAW_TP ? BTF_KIND_TYPEDEF : BTF_KIND_FUNC);
	return id > 0 ? (uint32_t)id : 0;
}

/* "return 0" as a program of the given kind on the kernel function or tracepoint `target`. */
static bool trivial_loads(const struct btf *btf, enum bpf_prog_type type, enum bpf_attach_type attach, const char *target)
{
	struct bpf_insn program[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = attach);
	int fd, link;

	options.attach_btf_id = attach_type_id(btf, attach, target);
	if (!options.attach_btf_id)
		return false;
	fd = bpf_prog_load(type, "parka_probe", "Dual BSD/GPL", program, ARRAY_LEN(program), &options);
	if (fd < 0)
		return false;
	/* fentry programs load where they cannot be attached: the trampoline is only made then. */
	link = attach == BPF_TRACE_ITER ? 0 : bpf_raw_tracepoint_open(NULL, fd);
	if (link > 0)
		close(link);
	close(fd);
	return link >= 0;
}

/* LSM programs attach also where nobody calls them: "bpf" must be among the security modules in use. */
static bool bpf_lsm_runs(void)
{
	_cleanup_(arena_done) struct arena arena;
	const char *at;
	char *text;
	size_t len;

	arena_init(&arena, 1 << 16);
	if (file_read("/sys/kernel/security/lsm", 4096, &arena, &text, &len, NULL) < 0)
		return false;
	for (at = text; (at = strstr(at, "bpf")); at += 3)
		if ((at == text || at[-1] == ',') && (at[3] == ',' || at[3] == '\0' || at[3] == '\n'))
			return true;
	return false;
}

/* PARKA_SENSOR_NAMES=fentry, lsm or none: for tests. */
void sensor_facts_find_programs(struct sensor_facts *facts)
{
	const char *choice = getenv("PARKA_SENSOR_NAMES");

	facts->trampolines = trivial_loads(facts->btf, BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY, "security_path_rename");
	facts->fentry = facts->trampolines && (!choice || strcmp(choice, "fentry") == 0);
	facts->lsm = !facts->fentry && (!choice || strcmp(choice, "lsm") == 0) && bpf_lsm_runs() &&
		     trivial_loads(facts->btf, BPF_PROG_TYPE_LSM, BPF_LSM_MAC, "path_rename");
}

static bool tracepoint_loads(const struct btf *btf, const char *target)
{
	return trivial_loads(btf, BPF_PROG_TYPE_TRACING, BPF_TRACE_RAW_TP, target);
}

static bool has_ring_buffer(void)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "parka_probe", 0, 0, 4096, NULL);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

void sensor_kernel(struct sensor_kernel *ret)
{
	libbpf_print_fn_t before = libbpf_set_print(NULL);
	struct sensor_facts facts;
	struct utsname names;

	*ret = (struct sensor_kernel){ 0 };
	if (uname(&names) == 0)
		snprintf(ret->release, sizeof(ret->release), "%s", names.release);
	ret->btf = access("/sys/kernel/btf/vmlinux", R_OK) == 0;
	ret->ringbuf = has_ring_buffer();
	ret->ia32 = access("/proc/sys/abi/vsyscall32", F_OK) == 0;
	if (sensor_facts_load(&facts, NULL) == 0) {
		ret->cgroup = facts.cgroup.mode;
		ret->fentry = trivial_loads(facts.btf, BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY, "security_file_open");
		ret->lsm = trivial_loads(facts.btf, BPF_PROG_TYPE_LSM, BPF_LSM_MAC, "bprm_check_security");
		ret->task_iter = trivial_loads(facts.btf, BPF_PROG_TYPE_TRACING, BPF_TRACE_ITER, "task");
		ret->io_uring_tracepoint = tracepoint_loads(facts.btf, "io_uring_submit_req") || tracepoint_loads(facts.btf, "io_uring_submit_sqe");
		ret->cap_tracepoint = tracepoint_loads(facts.btf, "cap_capable");
		sensor_facts_done(&facts);
	}
	libbpf_set_print(before);
}
