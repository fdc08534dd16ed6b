/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_TESTS_LANG_FAKE_H
#define PARKA_TESTS_LANG_FAKE_H
/*
 * A rule set without a language: a rule matches a record when the record's event type is in the rule's
 * set. Tests of what comes after a match need nothing more, and say exactly which rule matches.
 */
#include "lang/rules.h"

enum { FAKE_RULES_MAX = 8, FAKE_FIELDS_MAX = 8, FAKE_VALUES_MAX = 48 };

struct lang_format { const char *text; enum model_field_id fields[FAKE_FIELDS_MAX]; size_t n; };
struct lang_rules { struct lang_rule rules[FAKE_RULES_MAX]; size_t n; unsigned *n_freed; };

/* A record that answers from a table; anything else is unset. */
struct fake_value { enum model_field_id field; int64_t index; struct model_value value; };
struct fake_record { struct model_record record; struct fake_value values[FAKE_VALUES_MAX]; size_t n; };

void fake_record_init(struct fake_record *r, enum model_event_type event);
void fake_record_text(struct fake_record *r, enum model_field_id field, int64_t index, const char *text);
void fake_record_int(struct fake_record *r, enum model_field_id field, int64_t index, int64_t number);
void fake_record_list(struct fake_record *r, enum model_field_id field, const struct model_value *items, size_t n);

#endif
