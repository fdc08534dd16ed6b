/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_SENSOR_FEXIT_H
#define PARKA_SENSOR_FEXIT_H
/*
 * System calls hooked at the return of the functions that implement them. A fexit program belongs to one function for
 * life, and the program that makes the events takes a hundredth of a second to verify: so each function gets a stub of five
 * instructions that jumps to one big program (bpf/fexit.bpf.h). The kernel may demand that programs which jump have
 * the prototype of their functions in common: functions are grouped by it, each group has its own copy.
 *
 * Private to the room.
 */
#include "sensor/plan.h"

struct btf;
struct bpf_program;

enum { SENSOR_FEXIT_GROUPS = 3, SENSOR_FEXIT_PROTOS = 2 };

struct sensor_function {
	char name[PLAN_FUNCTION_MAX];
	struct { uint32_t btf_id, proto; } found[SENSOR_FEXIT_PROTOS];   /* a weak definition may differ from the strong one */
	uint32_t btf_id;                 /* the one used; 0: none */
	int group;
};

/* Where a stub finds the program it jumps to. */
struct sensor_fexit_place { int group; uint32_t slot; };

struct sensor_fexit {
	struct sensor_function *functions;   /* by name */
	size_t n;
	size_t n_groups;                 /* 0: cannot be used, `why` says why */
	const char *leaders[SENSOR_FEXIT_GROUPS];   /* a function of each group */
	int jumps[SENSOR_FEXIT_GROUPS];  /* maps of the group's program, in the slots of stubs that are to be heard; -1 */
	int programs[SENSOR_FEXIT_GROUPS];   /* not ours */
	uint32_t next_slot;
	const char *why;
	bool seccomp_has_argument;       /* of __secure_computing() */
};

/* Find the functions in the kernel's types, group them. `works`: programs at functions can be attached at all. */
void sensor_fexit_find(struct sensor_fexit *fexit, const struct btf *btf, bool works);
const struct sensor_function *sensor_fexit_function(const struct sensor_fexit *fexit, const char *name);
/* Give group `n` its program. */
int sensor_fexit_set(struct sensor_fexit *fexit, size_t n, int program_fd);
/* Make a stub for the function and attach it: two descriptors, the caller's. */
int sensor_fexit_attach(struct sensor_fexit *fexit, const char *function, struct sensor_fexit_place *ret_place, int *ret_program, int *ret_link);
/* The stub of that place does nothing from now on. The kernel lets go of it seconds after its descriptors are closed: another stub of
 * the same function may be heard meanwhile. */
void sensor_fexit_silence(const struct sensor_fexit *fexit, const struct sensor_fexit_place *place);
void sensor_fexit_done(struct sensor_fexit *fexit);

#endif
