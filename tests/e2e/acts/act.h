/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_TESTS_E2E_ACT_H
#define PARKA_TESTS_E2E_ACT_H
/*
 * One static program that does, for the end-to-end tests, the things that a shell cannot do: `act NAME ARGS`.
 * Each act does the real system call and nothing harmful: what is opened for writing is not
 * written. Exit status: 0 done; else the errno that the kernel gave (77: wrong usage).
 */
#include <stddef.h>

enum { ACT_USAGE = 77 };

struct act {
	const char *name;
	const char *usage;
	int n_args;                               /* at least */
	int (*run)(int n, char **args);           /* 0 or errno */
};

extern const struct act acts_file[], acts_net[], acts_process[], acts_kernel[], acts_stress[];

/* A decimal or 0x number; 0 when it is none. */
long act_number(const char *text);

#endif
