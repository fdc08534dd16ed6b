/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_CLI_EXPLAIN_COSTS_H
#define PARKA_CLI_EXPLAIN_COSTS_H
/* What the account of a day says of one rule: for parka rules explain. Pure. */
#include "agent/costs.h"

/* "Today, since 09:12\n  of 1,204,311 open events the kernel removed 99.1 %; ...\n". `today`: the date now; another one is named. */
void explain_costs_text(const struct agent_day *day, const char *today, const struct lang_rule *rule, struct strbuf *out);
/* The same as an object. */
void explain_costs_json(const struct agent_day *day, const struct lang_rule *rule, struct json_writer *w, const char *key);

#endif
