/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_CLI_TOP_ACCOUNT_H
#define PARKA_CLI_TOP_ACCOUNT_H
/*
 * The account of an agent that runs already, for `parka top`: no second sensor is loaded. The agent writes its account once a
 * second, and has the kernel count by container, while somebody asks (agent_day_ask()).
 */
#include "agent/costs.h"

struct top_account {
	const char *dir;
	struct agent_day day;
	int timing_fd;           /* while it is open the kernel times programs, the agent's too; -1 */
};

/* 1: an agent keeps its account in `dir`, which was read; 0: none does; -errno. _done is due after 1 only. */
int top_account_open(struct top_account *account, const char *dir, bool kernel_time, struct err *err);
void top_account_done(struct top_account *account);
/* The account anew. -ESRCH when the agent has ended. */
int top_account_read(struct top_account *account, struct err *err);

#endif
