/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_POSTURE_DOCKERFILE_RECORDS_H
#define PARKA_POSTURE_DOCKERFILE_RECORDS_H
/* Between records.c and records_pairs.c; nobody else's. */
#include "posture/dockerfile/outline.h"

struct records_list { const char **at; size_t n, room; };
void records_add(struct outline *o, struct records_list *l, const char *text);
/* Nothing is set for a list of nothing: checks ask len(x) > 0, which is false for what is unset. NULL then. */
struct posture_value *records_set_list(struct posture_record *r, enum model_field_id field, const struct records_list *l);

void records_set_variables(struct outline *o, struct posture_record *r, const struct outline_item *item);   /* ENV, ARG */
void records_set_labels(struct outline *o, struct posture_record *r, const struct dockerfile_instruction *in);
/* instruction.env[NAME]; the record's own is its item. */
const struct posture_value *records_keyed(const struct posture_record *record, const struct model_field_ref *field,
					  struct arena *scratch);

#endif
