/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

void cli_terminal_take(struct cli_terminal *t)
{
	struct termios settings;

	if (t->key_fd < 0 || t->is_raw || tcgetpgrp(t->key_fd) != getpgrp() || tcgetattr(t->key_fd, &settings) < 0)
		return;
	t->before = settings;
	settings.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	settings.c_cc[VMIN] = 1;
	settings.c_cc[VTIME] = 0;
	t->is_raw = tcsetattr(t->key_fd, TCSANOW, &settings) == 0;
}

void cli_terminal_give_back(struct cli_terminal *t)
{
	if (t->is_raw)
		(void)tcsetattr(t->key_fd, TCSANOW, &t->before);
	t->is_raw = false;
}

bool cli_terminal_size(int fd, size_t *ret_columns, size_t *ret_rows)
{
	struct winsize size = { 0 };

	if (!isatty(fd))
		return false;
	(void)ioctl(fd, TIOCGWINSZ, &size);
	*ret_columns = size.ws_col ? size.ws_col : 80;
	*ret_rows = size.ws_row ? size.ws_row : 24;
	return true;
}
