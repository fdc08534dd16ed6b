/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_SENSOR_PLAN_H
#define PARKA_SENSOR_PLAN_H
/*
 * The hook plan: for each event, the hooks that can report it, best first. Data in plan_table.c; choosing in
 * plan.c, which asks a struct plan_kernel what loads and what exists, so that it can be tested without a
 * kernel. Private to the room.
 */
#include "model/event.h"
#include "sensor/bpf/row.h"
#include "sensor/sensor.h"

enum plan_kind {
	PLAN_BTF,                /* a BTF tracepoint, fentry or LSM program: its SEC says where it goes */
	PLAN_FEXIT,              /* the return of the function that implements the call */
	PLAN_CALL,               /* tracepoint syscalls/sys_exit_NAME */
	PLAN_TRACEPOINT,         /* the tracepoint of tracefs that `attach` names */
	PLAN_RAW,                /* served by the program on every exit */
};

enum { PLAN_CANDIDATES = 3, PLAN_ALSO = 3, PLAN_FUNCTIONS = 2, PLAN_FUNCTION_MAX = 48 };

/* One system call: its number in both tables (-1: not there) and what its arguments are. */
struct plan_call {
	const char *name;
	short nr64, nr32;
	struct sensor_row row;
};

struct plan_candidate {
	const char *program;     /* BPF program; NULL ends the list */
	const char *attach;
	enum plan_kind kind;
};

struct plan_row {
	const char *event;
	enum model_event_type type;
	bool always;             /* the state cannot do without it */
	const struct plan_call *call;    /* PLAN_CALL, PLAN_RAW */
	struct plan_candidate candidates[PLAN_CANDIDATES];
	const char *blinds;
	bool costly;             /* so frequent that even "everything" leaves it out: only when asked for by name */
	enum model_event_type also[PLAN_ALSO];   /* further events that it is part of; NONE ends the list */
	bool fallback;           /* only where the row before came down to a tracepoint: that sees one call, its better hooks see both */
};

/* Rows that are no system call, ended by event NULL; and the calls, ended by name NULL. */
extern const struct plan_row plan_events[];
extern const struct plan_call plan_calls[];
/* What the kernel's functions for the call are named after. */
const char *plan_call_function(const struct plan_call *call);

/* What this kernel can do. `why` gets a sentence that stays valid when the answer is no. */
struct plan_kernel {
	bool (*loads)(void *data, const char *program, const char **why);
	bool (*function_exists)(void *data, const char *function, const char **why);   /* and fexit programs attach to it */
	bool (*call_exists)(void *data, const char *call);   /* its tracepoint */
	bool functions_only;             /* nothing else may be used for system calls */
	bool has_tracepoints;            /* of system calls: else what call_exists() says means nothing */
	void *data;
};

struct plan_hook {
	struct sensor_hook hook;         /* what doctor shows */
	struct plan_candidate candidate;
	const struct plan_call *call;
	enum model_event_type type;
	const enum model_event_type *also;   /* PLAN_ALSO of them; NULL */
	char attach[64];                 /* text of hook.attach for calls */
	size_t instead;                  /* spare: 1 + index of the hook that is used */
	bool costly;
	bool compat;                     /* of the call's 32-bit form */
	bool fallen;                     /* could not be attached: the program on every exit does its work */
	bool always, usable;             /* usable: chosen, and this kernel has it */
};

struct plan {
	struct plan_hook *hooks;
	size_t n;
	bool compat_whole;               /* one hook sees all 32-bit calls and nothing else */
	bool compat_hooked;              /* that, or each 32-bit call has its own: none needs the program on every exit */
};

void plan_make(struct plan *plan, const struct plan_kernel *kernel);
void plan_done(struct plan *plan);
bool plan_is_wanted(const struct plan_hook *hook, const struct model_event_set *wanted, bool all);
/* The program of a family of calls. */
const char *plan_family_program(enum sensor_family family);
/* The functions of the kernel that may be the call's, best first: how many. */
size_t plan_call_functions(const struct plan_call *call, bool compat, char ret[PLAN_FUNCTIONS][PLAN_FUNCTION_MAX]);
/* The hook of its own that a call has, in its 64- or 32-bit form (a function may be both); NULL when there is none. */
struct plan_hook *plan_call_hook(const struct plan *plan, const struct plan_call *call, bool compat);
/* Whether the state cannot do without it. */
bool plan_call_is_needed(const struct plan_call *call);
/* Fill the rows of the BPF table (2 * SENSOR_ROW_CALLS). */
void plan_fill_rows(struct sensor_row *rows);

#endif
