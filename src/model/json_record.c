/* SPDX-License-Identifier: Apache-2.0 */
#include "model/json_record.h"
#include "base/json.h"
#include "base/map.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_TEXT_MAX = 512 };

/* What is known of a JSON key, by its text; found once, then remembered. */
struct key {
	const char *text;
	enum model_field_id id;          /* MODEL_F_MAX: no field */
	unsigned ancestor;               /* N of proc.aname[N]; 0 */
	bool told;
	struct key *next_notice;
};

struct model_json_reader {
	struct model_record record;
	json_t *json;
	struct arena arena;              /* keys */
	struct map keys;
	struct map events;               /* name to its number */
	unsigned max_ancestor;           /* in this record */
	struct key *notices, **last_notice;
	struct strbuf notice;
};

/* ---- keys ---- */

/* The field a key names: whole, before [argument], or before .argument. */
static enum model_field_id field_of(const char *text, unsigned *ret_ancestor)
{
	size_t len = strcspn(text, "[");
	enum model_field_id id = model_field_by_name(text, len);
	const unsigned takes = MODEL_FIELD_ARG_INDEX | MODEL_FIELD_ARG_KEY;

	if (text[len] == '[') {
		if (id == MODEL_F_MAX || !(model_field(id)->flags & takes) || text[strlen(text) - 1] != ']')
			return MODEL_F_MAX;
		if (model_field(id)->flags & MODEL_FIELD_ANCESTOR)
			*ret_ancestor = (unsigned)strtoul(text + len + 1, NULL, 10);
		return id;
	}
	for (size_t n = len; id == MODEL_F_MAX && n > 0; n--) {
		if (text[n - 1] != '.')
			continue;
		id = model_field_by_name(text, n - 1);
		if (id != MODEL_F_MAX && !(model_field(id)->flags & MODEL_FIELD_ARG_KEY))
			return MODEL_F_MAX;
	}
	return id;
}

static void notice(struct model_json_reader *reader, struct key *key)
{
	if (key->told)
		return;
	key->told = true;
	*reader->last_notice = key;
	reader->last_notice = &key->next_notice;
}

static struct key *key_of(struct model_json_reader *reader, const char *text)
{
	size_t len = strlen(text);
	struct key *key = map_get(&reader->keys, text, len);

	if (key || reader->keys.n >= MODEL_JSON_KEYS_MAX)
		return key;
	key = arena_alloc(&reader->arena, sizeof(*key));
	key->text = arena_strndup(&reader->arena, text, len);
	key->id = field_of(text, &key->ancestor);
	if (key->ancestor > MODEL_JSON_ANCESTORS_MAX)
		key->ancestor = MODEL_JSON_ANCESTORS_MAX;
	map_put(&reader->keys, key->text, len, key);
	return key;
}

/* ---- values by type ---- */

static bool read_i64(const json_t *json, int64_t *ret)
{
	const char *text = json_string_value(json);
	long long n;
	char *end;

	if (json_is_integer(json)) {
		*ret = json_integer_value(json);
		return true;
	}
	if (json_is_real(json)) {
		double d = json_real_value(json);
		if (d != floor(d) || d < -9.2e18 || d > 9.2e18)
			return false;
		*ret = (int64_t)d;
		return true;
	}
	if (!text || !strchr("+-0123456789", text[0]) || !text[0])
		return false;
	errno = 0;
	n = strtoll(text, &end, text[0] == '0' && (text[1] == 'x' || text[1] == 'X') ? 16 : 10);
	if (errno || *end || end == text)
		return false;
	*ret = n;
	return true;
}

static bool read_u64(const json_t *json, uint64_t *ret)
{
	const char *text = json_string_value(json);
	unsigned long long n;
	int64_t i;
	char *end;

	if (read_i64(json, &i)) {
		*ret = (uint64_t)i;
		return i >= 0;
	}
	if (json_is_real(json)) {
		double d = json_real_value(json);
		if (d < 0 || d != floor(d) || d > 1.8446744073709550e19)
			return false;
		*ret = (uint64_t)d;
		return true;
	}
	if (!text || text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	n = strtoull(text, &end, text[0] == '0' && (text[1] == 'x' || text[1] == 'X') ? 16 : 10);
	*ret = n;
	return !errno && !*end;
}

static bool read_bool(const json_t *json, bool *ret)
{
	const char *text = json_string_value(json);

	if (json_is_boolean(json)) {
		*ret = json_is_true(json);
		return true;
	}
	if (!text || (strcmp(text, "true") != 0 && strcmp(text, "false") != 0))
		return false;
	*ret = text[0] == 't';
	return true;
}

static bool read_text(const json_t *json, bool bytes, struct arena *scratch, struct model_value *ret)
{
	if (json_is_string(json)) {
		ret->text = json_string_value(json);
		ret->len = bytes ? json_string_length(json) : strlen(ret->text);
		return true;
	}
	if (json_is_integer(json))
		ret->text = arena_printf(scratch, "%" JSON_INTEGER_FORMAT, json_integer_value(json));
	else if (json_is_real(json))
		ret->text = arena_printf(scratch, "%.17g", json_real_value(json));
	else if (json_is_boolean(json))
		ret->text = json_is_true(json) ? "true" : "false";
	else
		return false;
	if (!ret->text)
		return false;
	ret->len = strlen(ret->text);
	return true;
}

static bool read_one(const json_t *json, enum model_type type, struct arena *scratch, struct model_value *ret)
{
	uint64_t port;

	switch (type) {
	case MODEL_TYPE_BOOL:
		return read_bool(json, &ret->boolean);
	case MODEL_TYPE_INT64:
		return read_i64(json, &ret->i64);
	case MODEL_TYPE_UINT64:
	case MODEL_TYPE_RELTIME:
	case MODEL_TYPE_ABSTIME:
		return read_u64(json, &ret->u64);
	case MODEL_TYPE_PORT:
		if (!read_u64(json, &port) || port > UINT16_MAX)
			return false;
		ret->u64 = port;
		return true;
	case MODEL_TYPE_STRING:
	case MODEL_TYPE_PATH:
		return read_text(json, false, scratch, ret);
	case MODEL_TYPE_BYTES:
		return read_text(json, true, scratch, ret);
	case MODEL_TYPE_IP:
	case MODEL_TYPE_NET:
		return json_is_string(json) && model_ip_parse(json_string_value(json), json_string_length(json), &ret->ip);
	case MODEL_TYPE_MAX:
		break;
	}
	return false;
}

static bool read_list(const json_t *json, enum model_type type, struct arena *scratch, struct model_value *ret)
{
	size_t n = json_is_array(json) ? json_array_size(json) : 1;
	struct model_value *list;

	if (n > MODEL_JSON_LIST_MAX)
		n = MODEL_JSON_LIST_MAX;
	list = arena_alloc(scratch, (n ? n : 1) * sizeof(*list));
	if (!list)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!read_one(json_is_array(json) ? json_array_get(json, i) : json, type, scratch, &list[i]))
			return false;
	ret->list = list;
	ret->n = n;
	return true;
}

/* ---- fields ---- */

static const json_t *present(const json_t *object, const char *key)
{
	const json_t *v = json_object_get(object, key);

	return json_is_null(v) ? NULL : v;
}

/* By its canonical text, else name[key], else name.key. */
static const json_t *value_of(const struct model_json_reader *reader, const struct model_field_ref *field, const char **ret_key)
{
	static _Thread_local char key[KEY_TEXT_MAX];
	const char *name = model_field(field->id)->name;
	const char *first = field->text ? field->text : name;
	const json_t *v = present(reader->json, first);

	*ret_key = first;
	if (v || !field->has_arg || !field->key)
		return v;
	for (int i = 0; i < 3; i++) {
		int len = i == 0 ? snprintf(key, sizeof(key), "%s[%s]", name, field->key) :
			  i == 1 ? snprintf(key, sizeof(key), "%s.%s", name, field->key) :
				   snprintf(key, sizeof(key), "%s[\"%s\"]", name, field->key);
		if (len < 0 || (size_t)len >= sizeof(key))
			continue;
		v = present(reader->json, key);
		*ret_key = key;
		if (v)
			return v;
	}
	return NULL;
}

static int bad_value(const struct model_json_reader *reader, const char *text)
{
	/* Notices are the reader's memory, not the record's contents. */
	struct model_json_reader *r = (struct model_json_reader *)reader;
	struct key *key = key_of(r, text);

	if (key)
		notice(r, key);
	return MODEL_UNKNOWN;
}

static int get_ancestors(const struct model_json_reader *reader, const struct model_field *f, struct arena *scratch,
			 struct model_value *ret)
{
	struct model_value *list;
	size_t n = 0;

	if (!reader->max_ancestor)
		return MODEL_UNSET;
	list = arena_alloc(scratch, reader->max_ancestor * sizeof(*list));
	for (unsigned i = 1; list && i <= reader->max_ancestor; i++) {
		char key[KEY_TEXT_MAX];
		const json_t *v;
		snprintf(key, sizeof(key), "%s[%u]", f->name, i);
		v = present(reader->json, key);
		if (!v)
			continue;
		if (!read_one(v, f->type, scratch, &list[n]))
			return bad_value(reader, key);
		n++;
	}
	if (!n)
		return MODEL_UNSET;
	ret->list = list;
	ret->n = n;
	return MODEL_SET;
}

/* The keys that a field of both ends comes from: client and server, else local and remote. */
static const char *const (*ends_of(enum model_field_id id))[4]
{
	static const char *const ip[] = { "fd.cip", "fd.sip", "fd.lip", "fd.rip" };
	static const char *const port[] = { "fd.cport", "fd.sport", "fd.lport", "fd.rport" };
	static const char *const proto[] = { "fd.cproto", "fd.sproto", "fd.lproto", "fd.rproto" };

	return id == MODEL_F_FD_PORT ? &port : id == MODEL_F_FD_PROTO ? &proto : &ip;
}

static int get_both_ends(const struct model_json_reader *reader, const struct model_field_ref *field,
			 struct arena *scratch, struct model_value *ret)
{
	const struct model_field *f = model_field(field->id);
	const char *const *keys = *ends_of(field->id);
	const json_t *whole = field->id == MODEL_F_FD_NET ? present(reader->json, "fd.ip") : NULL;
	struct model_value *list = arena_alloc(scratch, 2 * sizeof(*list));
	size_t n = 0;

	if (whole)
		return read_list(whole, f->type, scratch, ret) ? MODEL_SET : bad_value(reader, "fd.ip");
	for (size_t i = 0; list && i < 4 && !(i == 2 && n); i++) {
		const json_t *v = present(reader->json, keys[i]);
		if (!v)
			continue;
		if (!read_one(v, f->type, scratch, &list[n]))
			return bad_value(reader, keys[i]);
		n++;
	}
	if (!n)
		return MODEL_UNSET;
	ret->list = list;
	ret->n = n;
	return MODEL_SET;
}

static int get_one_net(const struct model_json_reader *reader, const struct model_field_ref *field, struct model_value *ret)
{
	const char *key = field->id == MODEL_F_FD_CNET ? "fd.cip" : field->id == MODEL_F_FD_SNET ? "fd.sip" :
			  field->id == MODEL_F_FD_LNET ? "fd.lip" : field->id == MODEL_F_FD_RNET ? "fd.rip" : NULL;
	const json_t *v = key ? present(reader->json, key) : NULL;

	if (!v)
		return MODEL_UNSET;
	return read_one(v, MODEL_TYPE_NET, NULL, ret) ? MODEL_SET : bad_value(reader, key);
}

static int json_record_get(const struct model_record *record, const struct model_field_ref *field,
			   struct arena *scratch, struct model_value *ret)
{
	const struct model_json_reader *reader = container_of(record, const struct model_json_reader, record);
	const struct model_field *f = model_field(field->id);
	bool many = f->flags & (MODEL_FIELD_LIST | MODEL_FIELD_ANCESTOR | MODEL_FIELD_BOTH_ENDS);
	const char *key;
	const json_t *v = value_of(reader, field, &key);

	/* fd.types[0] is a list of one, and may come from the whole list; proc.aname[2] is one value. */
	if (field->has_arg && !(f->flags & MODEL_FIELD_LIST))
		many = false;
	if (!v && field->has_arg && many && field->index >= 0)
		v = json_array_get(present(reader->json, f->name), (size_t)field->index);
	if (json_is_null(v))
		v = NULL;
	if (!v && many && f->flags & MODEL_FIELD_ANCESTOR)
		return get_ancestors(reader, f, scratch, ret);
	if (!v && f->flags & MODEL_FIELD_BOTH_ENDS)
		return get_both_ends(reader, field, scratch, ret);
	if (!v && f->type == MODEL_TYPE_NET)
		return get_one_net(reader, field, ret);
	if (!v)
		return MODEL_UNSET;
	if (many ? read_list(v, f->type, scratch, ret) : read_one(v, f->type, scratch, ret))
		return MODEL_SET;
	return bad_value(reader, key);
}

static const struct model_record_ops json_record_ops = { .get = json_record_get };

/* ---- reading ---- */

struct model_json_reader *model_json_reader_new(void)
{
	struct model_json_reader *reader = mem_alloc(sizeof(*reader));

	reader->record.ops = &json_record_ops;
	arena_init(&reader->arena, 0);
	reader->last_notice = &reader->notices;
	strbuf_init(&reader->notice, 4096);
	for (uintptr_t i = 1; i < MODEL_EVT_MAX; i++) {
		const char *name = model_event((enum model_event_type)i)->name;
		map_put(&reader->events, name, strlen(name), (void *)i);
	}
	return reader;
}

struct model_json_reader *model_json_reader_free(struct model_json_reader *reader)
{
	if (!reader)
		return NULL;
	json_decref(reader->json);
	map_done(&reader->keys);
	map_done(&reader->events);
	arena_done(&reader->arena);
	strbuf_done(&reader->notice);
	free(reader);
	return NULL;
}

static enum model_event_type event_of(const struct model_json_reader *reader)
{
	const char *name = json_string_value(present(reader->json, "evt.type"));

	return name ? (enum model_event_type)(uintptr_t)map_get(&reader->events, name, strlen(name)) : MODEL_EVT_NONE;
}

static void look_at_keys(struct model_json_reader *reader)
{
	const char *text;
	json_t *value;

	reader->max_ancestor = 0;
	json_object_foreach(reader->json, text, value) {
		struct key *key = key_of(reader, text);
		if (!key)
			continue;
		if (key->id == MODEL_F_MAX)
			notice(reader, key);
		if (key->ancestor > reader->max_ancestor)
			reader->max_ancestor = key->ancestor;
	}
}

/* Integers past 64 bits signed are read as floating point rather than refused. */
static json_t *load(const char *text, size_t len, json_error_t *error)
{
	size_t flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL;
	json_t *json = json_loadb(text, len, flags, error);

	if (!json && json_error_code(error) == json_error_numeric_overflow)
		json = json_loadb(text, len, flags | JSON_DECODE_INT_AS_REAL, error);
	return json;
}

int model_json_reader_read(struct model_json_reader *reader, const char *text, size_t len, const char *input,
			   unsigned line, const struct model_record **ret_record, struct err *err)
{
	json_error_t error;
	json_t *json;

	if (len > MODEL_JSON_LINE_MAX)
		return err_set_at(err, -E2BIG, input, line, 1, "the line is longer than %d bytes", MODEL_JSON_LINE_MAX);
	json = load(text, len, &error);
	if (!json)
		return err_set_at(err, -EBADMSG, input, line, error.column > 0 ? (unsigned)error.column : 1,
				  "not valid JSON: %s", error.text);
	if (!json_is_object(json)) {
		json_decref(json);
		return err_set_at(err, -EBADMSG, input, line, 1, "expected a JSON object of fields, {\"evt.type\": ...}");
	}
	json_decref(reader->json);
	reader->json = json;
	reader->record.event = event_of(reader);
	look_at_keys(reader);
	*ret_record = &reader->record;
	return 0;
}

const char *model_json_reader_notice(struct model_json_reader *reader)
{
	struct key *key = reader->notices;

	if (!key)
		return NULL;
	reader->notices = key->next_notice;
	if (!reader->notices)
		reader->last_notice = &reader->notices;
	key->next_notice = NULL;
	strbuf_reset(&reader->notice);
	if (key->id == MODEL_F_MAX)
		strbuf_addf(&reader->notice, "'%s' is no field: ignored", key->text);
	else
		strbuf_addf(&reader->notice, "the value of '%s' is not of its type (%s): taken as unset", key->text,
			    model_type_name(model_field(key->id)->type));
	return reader->notice.text;
}
