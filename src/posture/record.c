/* SPDX-License-Identifier: Apache-2.0 */
#include "posture/record.h"

#include "base/file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *const origins[] = { "", "flag", "file", "environment", "default", "api", "kernel", "computed" };
_Static_assert(ARRAY_LEN(origins) == POSTURE_ORIGIN_MAX, "a name for every origin");

const char *posture_origin_name(enum posture_origin origin)
{
	assert(origin < POSTURE_ORIGIN_MAX);
	return origins[origin];
}

struct posture_set *posture_set_new(const char *root)
{
	struct posture_set *set = mem_alloc(sizeof(*set));

	arena_init(&set->arena, POSTURE_SET_BYTES_MAX);
	set->root = arena_strdup(&set->arena, root ? root : "");
	return set;
}

struct posture_set *posture_set_free(struct posture_set *set)
{
	if (set) {
		arena_done(&set->arena);
		free(set);
	}
	return NULL;
}

void *posture_alloc(struct posture_set *set, size_t size)
{
	void *p = arena_alloc(&set->arena, size);

	set->is_truncated |= !p;
	return p;
}

const char *posture_printf(struct posture_set *set, const char *format, ...)
{
	char *text = NULL;
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	text = len < 0 ? NULL : posture_alloc(set, (size_t)len + 1);
	if (!text)
		return "";
	va_start(args, format);
	vsnprintf(text, (size_t)len + 1, format, args);
	va_end(args);
	return text;
}

const struct posture_value *posture_value_of(const struct posture_record *record, enum model_field_id field)
{
	for (; record; record = record->parent)
		for (const struct posture_value *v = record->values; v; v = v->next)
			if (v->field == field)
				return v;
	return NULL;
}

struct posture_place posture_place_of(const struct posture_record *record)
{
	while (record->parent && !record->place.file)
		record = record->parent;
	return record->place;
}

const struct posture_value *posture_value_at(const struct posture_record *record, const struct model_field_ref *ref, struct arena *scratch)
{
	const struct posture_value *v = NULL;

	if (!ref->has_arg)
		return posture_value_of(record, ref->id);
	for (; record && !v; record = record->parent)
		v = record->keyed ? record->keyed(record, ref, scratch) : NULL;
	return v;
}

static int get(const struct model_record *base, const struct model_field_ref *ref, struct arena *scratch, struct model_value *ret)
{
	const struct posture_record *record = container_of(base, struct posture_record, record);
	const struct posture_value *v = posture_value_at(record, ref, scratch);

	if (!v)
		return MODEL_UNSET;
	if (v->state == MODEL_SET)
		*ret = v->value;
	return v->state;
}

static const struct model_record_ops ops = { .get = get };

/* What a set past its limit writes to: nobody reads it, the set says that it is truncated. */
static struct posture_record *nobody(struct posture_set *set)
{
	static _Thread_local struct posture_record record;

	record = (struct posture_record){ .record = { .ops = &ops }, .set = set, .name = "" };
	return &record;
}

struct posture_record *posture_record_new(struct posture_set *set, enum model_kind_id kind, const struct posture_record *parent,
					  const char *name, struct posture_place place)
{
	struct posture_record *record = posture_alloc(set, sizeof(*record));

	assert(kind != MODEL_KIND_NONE && kind < MODEL_KIND_MAX);
	if (!record)
		return nobody(set);
	*record = (struct posture_record){ .record = { .ops = &ops }, .set = set, .parent = parent, .kind = kind, .name = name,
					   .place = place };
	if (set->last[kind])
		set->last[kind]->next = record;
	else
		set->first[kind] = record;
	set->last[kind] = record;
	set->n_records++;
	return record;
}

static struct posture_value *add(struct posture_record *record, enum model_field_id field, int state)
{
	static _Thread_local struct posture_value none;
	struct posture_value *v = posture_alloc(record->set, sizeof(*v));

	assert(field < MODEL_F_MAX);
	if (!v) {
		none = (struct posture_value){ 0 };
		return &none;
	}
	v->field = (uint16_t)field;
	v->state = (int8_t)state;
	v->next = record->values;
	record->values = v;
	return v;
}

static void assert_type(enum model_field_id field, bool is_list, bool fits)
{
	assert(fits && is_list == !!(model_field(field)->flags & MODEL_FIELD_LIST));
}

struct posture_value *posture_set_text_len(struct posture_record *record, enum model_field_id field, const char *text, size_t len)
{
	struct posture_value *v = add(record, field, text ? MODEL_SET : MODEL_UNSET);

	assert_type(field, false, model_type_is_text(model_field(field)->type));
	v->value.text = text;
	v->value.len = len;
	return v;
}

struct posture_value *posture_set_text(struct posture_record *record, enum model_field_id field, const char *text)
{
	return posture_set_text_len(record, field, text, text ? strlen(text) : 0);
}

struct posture_value *posture_set_bool(struct posture_record *record, enum model_field_id field, bool value)
{
	struct posture_value *v = add(record, field, MODEL_SET);

	assert_type(field, false, model_field(field)->type == MODEL_TYPE_BOOL);
	v->value.boolean = value;
	return v;
}

struct posture_value *posture_set_int(struct posture_record *record, enum model_field_id field, int64_t value)
{
	struct posture_value *v = add(record, field, MODEL_SET);

	assert_type(field, false, model_field(field)->type == MODEL_TYPE_INT64);
	v->value.i64 = value;
	return v;
}

static bool is_unsigned(enum model_field_id field)
{
	enum model_type type = model_field(field)->type;

	return type >= MODEL_TYPE_UINT64 && type <= MODEL_TYPE_ABSTIME;
}

struct posture_value *posture_set_uint(struct posture_record *record, enum model_field_id field, uint64_t value)
{
	struct posture_value *v = add(record, field, MODEL_SET);

	assert_type(field, false, is_unsigned(field));
	v->value.u64 = value;
	return v;
}

struct posture_value *posture_set_ip(struct posture_record *record, enum model_field_id field, struct model_ip ip)
{
	struct posture_value *v = add(record, field, MODEL_SET);
	enum model_type type = model_field(field)->type;

	assert_type(field, false, type == MODEL_TYPE_IP || type == MODEL_TYPE_NET);
	v->value.ip = ip;
	return v;
}

static struct model_value *items(struct posture_value *v, struct posture_set *set, size_t n)
{
	struct model_value *list = posture_alloc(set, (n ? n : 1) * sizeof(*list));

	v->value.list = list;
	v->value.n = list ? n : 0;
	if (!list) {
		v->state = MODEL_UNKNOWN;
		v->note = "too much was read";
	}
	return list;
}

struct posture_value *posture_set_texts(struct posture_record *record, enum model_field_id field, const char *const *texts, size_t n)
{
	struct posture_value *v = add(record, field, MODEL_SET);
	struct model_value *list = items(v, record->set, n);

	assert_type(field, true, model_type_is_text(model_field(field)->type));
	for (size_t i = 0; list && i < n; i++) {
		list[i].text = texts[i];
		list[i].len = strlen(texts[i]);
	}
	return v;
}

struct posture_value *posture_set_uints(struct posture_record *record, enum model_field_id field, const uint64_t *numbers, size_t n)
{
	struct posture_value *v = add(record, field, MODEL_SET);
	struct model_value *list = items(v, record->set, n);

	assert_type(field, true, is_unsigned(field));
	for (size_t i = 0; list && i < n; i++)
		list[i].u64 = numbers[i];
	return v;
}

struct posture_value *posture_set_unknown(struct posture_record *record, enum model_field_id field, const char *why)
{
	struct posture_value *v = add(record, field, MODEL_UNKNOWN);

	assert(why);
	v->note = why;
	return v;
}

struct posture_value *posture_set_unset(struct posture_record *record, enum model_field_id field)
{
	return add(record, field, MODEL_UNSET);
}

struct posture_value *posture_said(struct posture_value *v, enum posture_origin origin, const char *note)
{
	v->origin = (uint8_t)origin;
	v->note = note;
	return v;
}

struct posture_value *posture_at(struct posture_value *v, struct posture_place place)
{
	v->place = place;
	return v;
}

void posture_waive(struct posture_record *record, const char *check, const char *reason, struct posture_place place)
{
	struct posture_waiver *w = posture_alloc(record->set, sizeof(*w));

	if (!w)
		return;
	*w = (struct posture_waiver){ .next = record->waivers, .check = check, .reason = reason, .place = place };
	record->waivers = w;
}

void posture_problem(struct posture_set *set, enum model_layer layer, struct posture_place place, const char *format, ...)
{
	struct posture_problem *p = posture_alloc(set, sizeof(*p));
	char text[1024];
	va_list args;

	set->n_problems++;
	if (!p)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	p->layer = layer;
	p->place = place;
	p->what = arena_strdup(&set->arena, text);
	if (set->last_problem)
		set->last_problem->next = p;
	else
		set->problems = p;
	set->last_problem = p;
}

int posture_open(const struct posture_set *set, const char *path, int flags)
{
	struct open_how how = { .flags = (uint64_t)flags | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT };
	_cleanup_close_ int root = -1;
	int fd;

	if (!*set->root) {
		fd = open(path, flags | O_CLOEXEC);
		return fd < 0 ? -errno : fd;
	}
	root = open(set->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return -errno;
	fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
	return fd < 0 ? -errno : fd;
}

int posture_read(struct posture_set *set, const char *path, size_t max_bytes, char **ret_text, size_t *ret_len, struct err *err)
{
	_cleanup_close_ int fd = posture_open(set, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return err_set_os(err, fd, "open %s", path);
	return file_read_regular(fd, path, max_bytes, &set->arena, ret_text, ret_len, err);
}
