/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_DETECT_DEMAND_H
#define PARKA_DETECT_DEMAND_H
/*
 * What the enabled rules of a set demand of events, as far as the kernel can decide it.
 *
 *   resolved tree of a rule --per event class, weakened--> terms (sensor/filter.h), a disjunction of conjunctions
 *
 * Weakest condition: each check of the tree that the kernel can decide becomes demands; one that it cannot becomes "may be
 * true", also under `not`. So whenever the rule is true of a record, one of its terms is satisfied by the event the record was
 * made of: that is all the filter needs, and what the property test proves.
 *
 * What makes a record's field (docs/fields.md) decides what may be demanded: fd.name of an open file is the kernel's path, and
 * other names of the same file are asked for by the filter itself; proc.name is the comm that the process had when it was
 * executed or forked (sensor/update.c: a process that renames itself keeps it, so the filter must not ask the current one);
 * user.uid is the effective uid; container.id is "host" outside containers. Names of users, command lines, ancestors, labels,
 * times and everything else stay in user space.
 *
 * Not filtered, and so no matter of terms: operations of io_uring, questions to DNS, types of FILTER_ALWAYS.
 *
 * Thread: one; the result is constant. Text in terms belongs to the demand.
 */
#include "lang/rules.h"
#include "sensor/filter.h"

struct detect_demand;
/* After lang_rules_compile(). Never fails: a rule of which nothing can be decided demands all events of its types. */
struct detect_demand *detect_demand_new(const struct lang_rules *rules);
/* Of one condition, for tests and `rules eval`: its terms' owner is 0. */
struct detect_demand *detect_demand_of_condition(const struct lang_node *tree);
struct detect_demand *detect_demand_free(struct detect_demand *demand);   /* NULL is fine; returns NULL */

/* The terms; `owner` is the rule's index in the program (struct lang_rule's program_index). */
size_t detect_demand_terms(const struct detect_demand *demand, const struct sensor_filter_term **ret_terms);
/* Types of events that are not filtered: rules want all of them, or want events that the sensor makes of others (`dns`). */
struct model_event_set detect_demand_always(const struct detect_demand *demand);

/* For people: what the kernel decides of a rule, one line per term ("open, openat for writing; below /etc/cron.d/; not in
 * comm (vi)"), and the checks that are left to user space. */
void detect_demand_print(const struct sensor_filter_term *term, struct strbuf *out);
/* Whether the kernel decides a check, or `not` over a check, exactly or weakened, or not at all. */
enum detect_decides { DETECT_KERNEL_NO, DETECT_KERNEL_PARTLY, DETECT_KERNEL_WHOLLY };
enum detect_decides detect_demand_decides(const struct lang_node *node);

#endif
