/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_TESTS_LANG_RECORD_H
#define PARKA_TESTS_LANG_RECORD_H
/*
 * A record made of text: "proc.name=cat;fd.num=3;container.caps=A,B;user.name=?". A field that is
 * not named is unset; the value "?" is unknown; many values are separated by commas ("-" none).
 * evt.type also sets the record's event type.
 */
#include "lang/condition.h"

#include <stdlib.h>
#include <string.h>

enum { TEST_FIELDS_MAX = 48, TEST_ITEMS_MAX = 16 };

struct test_field {
	char name[64];
	char text[256];
};

struct test_record {
	struct model_record record;
	struct test_field fields[TEST_FIELDS_MAX];
	size_t n;
	unsigned n_gets;
};

static inline struct model_value test_value(enum model_type type, const char *text, size_t len, struct arena *arena)
{
	struct model_value v = { .u64 = 0 };
	char *copy = arena_strndup(arena, text, len);

	switch (type) {
	case MODEL_TYPE_BOOL:
		v.boolean = strcmp(copy, "true") == 0;
		break;
	case MODEL_TYPE_INT64:
		v.i64 = strtoll(copy, NULL, 0);
		break;
	case MODEL_TYPE_STRING:
	case MODEL_TYPE_PATH:
	case MODEL_TYPE_BYTES:
		v.text = copy;
		v.len = len;
		break;
	case MODEL_TYPE_IP:
	case MODEL_TYPE_NET:
		if (!model_ip_parse(copy, len, &v.ip))
			abort();
		break;
	default:
		v.u64 = strtoull(copy, NULL, 0);
	}
	return v;
}

static inline bool test_is_many(const struct model_field_ref *ref)
{
	unsigned flags = model_field(ref->id)->flags;

	return flags & MODEL_FIELD_LIST || (!ref->has_arg && flags & (MODEL_FIELD_ANCESTOR | MODEL_FIELD_BOTH_ENDS));
}

static inline struct model_value test_list(enum model_type type, const char *text, struct arena *arena)
{
	struct model_value *items = arena_alloc(arena, TEST_ITEMS_MAX * sizeof(*items)), v = { .list = items, .n = 0 };

	while (strcmp(text, "-") != 0 && v.n < TEST_ITEMS_MAX) {
		size_t len = strcspn(text, ",");
		items[v.n++] = test_value(type, text, len, arena);
		if (!text[len])
			break;
		text += len + 1;
	}
	return v;
}

static inline int test_record_get(const struct model_record *record, const struct model_field_ref *ref, struct arena *arena,
				  struct model_value *ret)
{
	struct test_record *r = container_of(record, struct test_record, record);
	enum model_type type = model_field(ref->id)->type;

	r->n_gets++;
	for (size_t i = 0; i < r->n; i++) {
		const struct test_field *f = &r->fields[i];

		if (strcmp(f->name, ref->text) != 0)
			continue;
		if (strcmp(f->text, "?") == 0)
			return MODEL_UNKNOWN;
		*ret = test_is_many(ref) ? test_list(type, f->text, arena) : test_value(type, f->text, strlen(f->text), arena);
		return MODEL_SET;
	}
	return MODEL_UNSET;
}

static inline void test_record_add(struct test_record *r, const char *name, size_t name_len, const char *text, size_t len)
{
	struct test_field *f = &r->fields[r->n++];

	if (r->n > TEST_FIELDS_MAX || name_len >= sizeof(f->name) || len >= sizeof(f->text))
		abort();
	memcpy(f->name, name, name_len);
	f->name[name_len] = '\0';
	memcpy(f->text, text, len);
	f->text[len] = '\0';
	if (strcmp(f->name, "evt.type") == 0) {
		enum model_event_type t = model_event_by_name(text, len);
		r->record.event = t < MODEL_EVT_MAX ? t : MODEL_EVT_NONE;
	}
}

static inline void test_record_set(struct test_record *r, const char *text)
{
	static const struct model_record_ops ops = { .get = test_record_get };

	r->record = (struct model_record){ .ops = &ops };
	r->n = 0;
	r->n_gets = 0;
	while (*text) {
		size_t name_len = strcspn(text, "="), len = strcspn(text + name_len + 1, ";");

		test_record_add(r, text, name_len, text + name_len + 1, len);
		text += name_len + 1 + len;
		text += *text == ';';
	}
}

#endif
