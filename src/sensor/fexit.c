/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/fexit.h"

#include "base/mem.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct sensor_function *)a)->name, ((const struct sensor_function *)b)->name);
}

static struct sensor_function *find(const struct sensor_fexit *fexit, const char *name)
{
	struct sensor_function key;

	if (snprintf(key.name, sizeof(key.name), "%s", name) >= (int)sizeof(key.name))
		return NULL;
	return fexit->n ? bsearch(&key, fexit->functions, fexit->n, sizeof(key), by_name) : NULL;
}

const struct sensor_function *sensor_fexit_function(const struct sensor_fexit *fexit, const char *name)
{
	const struct sensor_function *f = fexit->n_groups ? find(fexit, name) : NULL;

	return f && f->btf_id ? f : NULL;
}

/* All the functions that any call may be implemented by. */
static void list_functions(struct sensor_fexit *fexit)
{
	char names[PLAN_FUNCTIONS][PLAN_FUNCTION_MAX];

	for (const struct plan_call *call = plan_calls; call->name; call++)
		for (int compat = 0; compat < 2; compat++) {
			size_t n = plan_call_functions(call, compat, names);
			fexit->functions = mem_grow(fexit->functions, fexit->n + n, sizeof(*fexit->functions));
			for (size_t i = 0; i < n; i++) {
				struct sensor_function *f = &fexit->functions[fexit->n++];
				*f = (struct sensor_function){ .group = -1 };
				memcpy(f->name, names[i], sizeof(f->name));
			}
		}
	qsort(fexit->functions, fexit->n, sizeof(*fexit->functions), by_name);
}

/* long (const struct pt_regs *): __do_sys_NAME of calls that have arguments takes these. */
static bool takes_registers(const struct btf *btf, const struct btf_type *proto)
{
	const struct btf_type *t;

	if (!proto || !btf_is_func_proto(proto) || btf_vlen(proto) != 1)
		return false;
	t = btf__type_by_id(btf, btf_params(proto)[0].type);
	if (!t || !btf_is_ptr(t))
		return false;
	for (t = btf__type_by_id(btf, t->type); t && btf_is_mod(t); t = btf__type_by_id(btf, t->type))
		;
	return t && (btf_is_struct(t) || btf_is_fwd(t)) && strcmp(btf__name_by_offset(btf, t->name_off), "pt_regs") == 0;
}

static void find_types(struct sensor_fexit *fexit, const struct btf *btf)
{
	uint32_t n = btf__type_cnt(btf);

	for (uint32_t id = 1; id < n; id++) {
		const struct btf_type *t = btf__type_by_id(btf, id);
		const char *name = btf_is_func(t) ? btf__name_by_offset(btf, t->name_off) : "";
		struct sensor_function *f;

		if (name[0] != '_' || name[1] != '_')
			continue;
		if (strcmp(name, "__secure_computing") == 0)
			fexit->seccomp_has_argument = btf_vlen(btf__type_by_id(btf, t->type)) == 1;
		f = find(fexit, name);
		if (!f || !takes_registers(btf, btf__type_by_id(btf, t->type)))
			continue;
		for (int i = 0; i < SENSOR_FEXIT_PROTOS; i++)
			if (!f->found[i].btf_id) {
				f->found[i].btf_id = id;
				f->found[i].proto = t->type;
				break;
			}
	}
}

static bool join(struct sensor_function *f, uint32_t proto, int group)
{
	for (int i = 0; i < SENSOR_FEXIT_PROTOS && !f->btf_id; i++)
		if (f->found[i].btf_id && f->found[i].proto == proto) {
			f->btf_id = f->found[i].btf_id;
			f->group = group;
		}
	return f->btf_id && f->group == group;
}

static size_t count_proto(const struct sensor_fexit *fexit, uint32_t proto)
{
	size_t count = 0;

	for (size_t i = 0; i < fexit->n; i++)
		for (int k = 0; k < SENSOR_FEXIT_PROTOS && !fexit->functions[i].btf_id; k++)
			count += fexit->functions[i].found[k].btf_id && fexit->functions[i].found[k].proto == proto;
	return count;
}

/* The prototype that most of the functions without a group have; 0 when there are none. */
static uint32_t commonest_proto(const struct sensor_fexit *fexit)
{
	uint32_t best = 0, last = 0;
	size_t best_count = 0, count;

	for (size_t i = 0; i < fexit->n; i++) {
		uint32_t proto = fexit->functions[i].found[0].proto;
		if (fexit->functions[i].btf_id || !proto || proto == last)
			continue;
		last = proto;
		count = count_proto(fexit, proto);
		if (count > best_count) {
			best = proto;
			best_count = count;
		}
	}
	return best;
}

static void make_groups(struct sensor_fexit *fexit)
{
	uint32_t proto;

	while (fexit->n_groups < SENSOR_FEXIT_GROUPS && (proto = commonest_proto(fexit))) {
		for (size_t i = 0; i < fexit->n; i++) {
			struct sensor_function *f = &fexit->functions[i];
			/* libbpf finds the program's function by name, that is the first of them. */
			if (join(f, proto, (int)fexit->n_groups) && f->found[0].proto == proto && !fexit->leaders[fexit->n_groups])
				fexit->leaders[fexit->n_groups] = f->name;
		}
		fexit->n_groups++;
	}
}

static int load(const struct bpf_insn *program, size_t n, uint32_t btf_id)
{
	LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = BPF_TRACE_FEXIT, .attach_btf_id = btf_id);

	return bpf_prog_load(BPF_PROG_TYPE_TRACING, "parka_return", "Dual BSD/GPL", program, n, &options);
}

/* Slots are taken in turn: one comes again after so many stubs, long after the kernel has let go of its last. */
enum { SLOTS = 4096 };

/* Jump to the program in a slot of `jump`; to nowhere when there is none. */
static int load_stub(int jump, uint32_t slot, uint32_t btf_id)
{
	const struct bpf_insn program[] = {
		{ .code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = BPF_REG_2, .src_reg = BPF_PSEUDO_MAP_FD, .imm = jump },
		{ 0 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_3, .imm = (int)slot },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_tail_call },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return load(program, sizeof(program) / sizeof(program[0]), btf_id);
}

static int make_jump(void)
{
	return bpf_map_create(BPF_MAP_TYPE_PROG_ARRAY, "parka_jump", sizeof(uint32_t), sizeof(uint32_t), SLOTS, NULL);
}

/* Whether a program of one prototype may jump to where those of another do: the map belongs to the first. */
static bool groups_mix(const struct sensor_fexit *fexit)
{
	int jump = make_jump(), first = -1, second = 0;

	if (jump < 0)
		return false;
	first = load_stub(jump, 0, find(fexit, fexit->leaders[0])->btf_id);
	for (size_t i = 1; i < fexit->n_groups && first >= 0 && second >= 0; i++) {
		second = load_stub(jump, 0, find(fexit, fexit->leaders[i])->btf_id);
		if (second > 0)
			close(second);
	}
	if (first >= 0)
		close(first);
	close(jump);
	return first >= 0 && second >= 0;
}

static void use_one_group(struct sensor_fexit *fexit)
{
	for (size_t i = 0; i < fexit->n; i++)
		if (fexit->functions[i].btf_id)
			fexit->functions[i].group = 0;
	fexit->n_groups = 1;
}

void sensor_fexit_find(struct sensor_fexit *fexit, const struct btf *btf, bool works)
{
	*fexit = (struct sensor_fexit){ .jumps = { -1, -1, -1 } };
	fexit->why = "this kernel attaches no fexit programs";
	if (!works)
		return;
	/* Before e21aa341785c ("bpf: Fix fexit trampoline", 5.12 and stable kernels) a task that sleeps in a call could
	 * return to memory that is freed. */
	fexit->why = "this kernel's fexit programs are not safe on calls that sleep (before 5.12)";
	if (btf__find_by_name_kind(btf, "bpf_tramp_image", BTF_KIND_STRUCT) <= 0)
		return;
	list_functions(fexit);
	find_types(fexit, btf);
	make_groups(fexit);
	fexit->why = "this kernel's types do not tell of this function";
	for (size_t i = 0; i < fexit->n_groups; i++)
		if (!fexit->leaders[i])
			fexit->n_groups = i;   /* those behind it have other hooks */
	for (size_t i = 0; i < fexit->n; i++)
		if (fexit->functions[i].group >= (int)fexit->n_groups)
			fexit->functions[i].btf_id = 0;
	if (fexit->n_groups > 1 && groups_mix(fexit))
		use_one_group(fexit);
}

int sensor_fexit_set(struct sensor_fexit *fexit, size_t n, int program_fd)
{
	fexit->programs[n] = program_fd;
	fexit->jumps[n] = make_jump();
	return fexit->jumps[n] < 0 ? -errno : 0;
}

static int attach_stub(struct sensor_fexit *fexit, const struct sensor_function *f, uint32_t slot, int *ret_program, int *ret_link)
{
	int program, link;

	if (bpf_map_update_elem(fexit->jumps[f->group], &slot, &fexit->programs[f->group], BPF_ANY) < 0)
		return -errno;
	program = load_stub(fexit->jumps[f->group], slot, f->btf_id);
	if (program < 0)
		return program;
	link = bpf_raw_tracepoint_open(NULL, program);
	if (link < 0) {
		close(program);
		return link;
	}
	*ret_program = program;
	*ret_link = link;
	return 0;
}

int sensor_fexit_attach(struct sensor_fexit *fexit, const char *function, struct sensor_fexit_place *ret_place, int *ret_program, int *ret_link)
{
	const struct sensor_function *f = sensor_fexit_function(fexit, function);
	struct sensor_fexit_place place;
	int r;

	if (!f)
		return -ENOENT;
	place = (struct sensor_fexit_place){ f->group, fexit->next_slot };
	fexit->next_slot = (fexit->next_slot + 1) % SLOTS;
	r = attach_stub(fexit, f, place.slot, ret_program, ret_link);
	if (r < 0)
		sensor_fexit_silence(fexit, &place);
	else
		*ret_place = place;
	return r;
}

void sensor_fexit_silence(const struct sensor_fexit *fexit, const struct sensor_fexit_place *place)
{
	(void)bpf_map_delete_elem(fexit->jumps[place->group], &place->slot);
}

void sensor_fexit_done(struct sensor_fexit *fexit)
{
	for (size_t i = 0; i < fexit->n_groups; i++)
		if (fexit->jumps[i] >= 0)
			close(fexit->jumps[i]);
	free(fexit->functions);
	*fexit = (struct sensor_fexit){ 0 };
}
