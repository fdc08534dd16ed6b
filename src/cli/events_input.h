/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_CLI_EVENTS_INPUT_H
#define PARKA_CLI_EVENTS_INPUT_H
/*
 * Events for `rules test` and `rules eval`: JSON lines from a file or standard input, or a capture of
 * parka record (told by its first bytes), one record after the other with flat memory. Standard output is flushed before waiting for more input, so that
 * whoever writes one line at a time reads the answer to it. Blank lines are passed over.
 */
#include "cli/cli.h"
#include "model/record.h"

struct cli_events;

/* `path` "-": standard input. CLI_OK or CLI_FAILED with the reason printed. */
int cli_events_open(struct cli_args *args, const char *path, struct cli_events **ret_events);
/* 1 with a record, valid until the next call; 0 at the end; -EBADMSG or -E2BIG: this line is bad (err says where), the
 * next call goes on behind it; another negative errno: reading failed. */
int cli_events_next(struct cli_events *events, const struct model_record **ret_record, struct err *err);
struct cli_events *cli_events_free(struct cli_events *events);

#endif
