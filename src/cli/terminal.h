/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_CLI_TERMINAL_H
#define PARKA_CLI_TERMINAL_H
/* The terminal that keys are read from, and the size of the one that is written to. Thread: one. */
#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

struct cli_terminal {
	int key_fd;              /* -1: no keys */
	bool is_raw;             /* its settings are ours; `before` holds what to put back */
	struct termios before;
};

/* Keys come one by one and are not echoed; Ctrl-C and Ctrl-Z stay signals. A background job leaves the terminal alone: it would
 * be stopped. Both may be called again. */
void cli_terminal_take(struct cli_terminal *terminal);
void cli_terminal_give_back(struct cli_terminal *terminal);
/* False when `fd` is no terminal; 80 and 24 when it does not say. */
bool cli_terminal_size(int fd, size_t *ret_columns, size_t *ret_rows);

#endif
