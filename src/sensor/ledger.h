/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_SENSOR_LEDGER_H
#define PARKA_SENSOR_LEDGER_H
/*
 * The credential ledger: what each task was allowed when last seen, and whether what it is allowed now has a lawful cause.
 *
 * A gain is: a user id that becomes 0; a permitted capability that was not there; the host's user namespace instead of
 * another. Lawful causes are events: exec of a set-id program or one with file capabilities, or by root; set*id where the
 * task had CAP_SETUID or a saved id of 0; capset within what is permitted; a new user namespace. A gain
 * that shows in an event that is none of these is the mark of a kernel exploit.
 *
 * Says nothing: about losses, about a changed cred pointer alone (keyrings and security modules do that), about tasks first
 * seen, after lost lifecycle events until the task is seen again, and about io_uring work (which may run with credentials
 * that were registered while they were held).
 *
 * Thread: one.
 */
#include "sensor/process.h"

struct sensor_thread {
	struct sensor_thread *next;          /* of its process */
	struct sensor_process *process;
	uint32_t tid;
	struct sensor_creds creds;
};

struct sensor_ledger {
	struct map threads;                  /* by tid; main threads are in their process's row */
	uint32_t generation;                 /* raised when lifecycle events were lost */
	uint64_t n_refused;
};

void sensor_ledger_init(struct sensor_ledger *ledger);
void sensor_ledger_done(struct sensor_ledger *ledger);

/* Look at the credentials an event shows and remember them. The reason ("uid", "capabilities", "user namespace"), with what was
 * known before, when they hold a gain without cause; NULL otherwise. */
const char *sensor_ledger_check(struct sensor_ledger *ledger, struct sensor_process *process,
				const struct sensor_wire_view *view, struct sensor_creds *ret_before,
				struct sensor_creds *ret_after);
/* A new task begins with what its maker has, or with a CRED the event gives. */
void sensor_ledger_fork(struct sensor_ledger *ledger, struct sensor_process *parent, struct sensor_process *child,
			const struct sensor_wire_view *view);
/* One thread ended. */
void sensor_ledger_exit(struct sensor_ledger *ledger, struct sensor_process *process, uint32_t tid);
void sensor_ledger_process_gone(struct sensor_ledger *ledger, struct sensor_process *process);
/* Events that change credentials were lost: nothing known counts until it is seen again. */
void sensor_ledger_lost(struct sensor_ledger *ledger, unsigned type);

#endif
