/* SPDX-License-Identifier: Apache-2.0 */
#include "model/event.h"
#include "model/field.h"
#include "model/priority.h"
#include "model/record.h"

#include <arpa/inet.h>
#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <string.h>
#include <strings.h>

static const struct model_event events[] = {
#define EVENT(id, name, category, flags, meaning) { name, MODEL_CATEGORY_##category, flags, meaning },
#include "model/events.def"
#undef EVENT
};

static const struct model_field fields[] = {
#define FIELD(id, name, type, flags, meaning, source) { name, MODEL_TYPE_##type, flags, meaning, source },
#include "model/fields.def"
#undef FIELD
};

static const struct model_missing_field missing[] = {
#define MISSING(name, reason) { name, reason },
#include "model/fields_missing.def"
#undef MISSING
};

static const char *const type_names[] = {
	"bool", "int", "uint", "port", "reltime", "abstime", "string", "path", "bytes", "ip", "net",
};
_Static_assert(ARRAY_LEN(type_names) == MODEL_TYPE_MAX, "a name for every type");

static const char *const priority_names[] = {
	"Emergency", "Alert", "Critical", "Error", "Warning", "Notice", "Informational", "Debug",
};
_Static_assert(ARRAY_LEN(priority_names) == MODEL_PRIORITY_MAX, "a name for every priority");

const struct model_event *model_event(enum model_event_type type)
{
	assert(type < MODEL_EVT_MAX);
	return &events[type];
}

enum model_event_type model_event_by_name(const char *name, size_t len)
{
	for (unsigned i = 1; i < ARRAY_LEN(events); i++)
		if (strlen(events[i].name) == len && memcmp(events[i].name, name, len) == 0)
			return i;
	return MODEL_EVT_MAX;
}

const struct model_field *model_field(enum model_field_id id)
{
	assert(id < MODEL_F_MAX);
	return &fields[id];
}

/* Names by hash: conditions by the hundred look them up when checks are loaded. */
enum { FIELD_SLOTS = 4096 };
_Static_assert(MODEL_F_MAX * 2 < FIELD_SLOTS, "half of the slots stay free");
static uint16_t field_slots[FIELD_SLOTS];   /* id + 1; 0: free */

static unsigned slot_of(const char *name, size_t len)
{
	uint32_t hash = 2166136261;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)name[i]) * 16777619;
	return (hash ^ hash >> 15) % FIELD_SLOTS;
}

static void fill_field_slots(void)
{
	for (unsigned i = 0; i < ARRAY_LEN(fields); i++) {
		unsigned slot = slot_of(fields[i].name, strlen(fields[i].name));

		while (field_slots[slot])
			slot = (slot + 1) % FIELD_SLOTS;
		field_slots[slot] = (uint16_t)(i + 1);
	}
}

enum model_field_id model_field_by_name(const char *name, size_t len)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, fill_field_slots);
	for (unsigned slot = slot_of(name, len); field_slots[slot]; slot = (slot + 1) % FIELD_SLOTS) {
		const char *known = fields[field_slots[slot] - 1].name;
		if (strncmp(known, name, len) == 0 && known[len] == '\0')
			return field_slots[slot] - 1;
	}
	return MODEL_F_MAX;
}

const char *model_field_missing(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(missing); i++)
		if (strlen(missing[i].name) == len && memcmp(missing[i].name, name, len) == 0)
			return missing[i].reason;
	return NULL;
}

const struct model_missing_field *model_missing_fields(size_t *ret_n)
{
	*ret_n = ARRAY_LEN(missing);
	return missing;
}

const char *model_type_name(enum model_type type)
{
	assert(type < MODEL_TYPE_MAX);
	return type_names[type];
}

bool model_type_is_number(enum model_type type)
{
	return type >= MODEL_TYPE_INT64 && type <= MODEL_TYPE_ABSTIME;
}

bool model_type_is_text(enum model_type type)
{
	return type == MODEL_TYPE_STRING || type == MODEL_TYPE_PATH;
}

const char *model_priority_name(enum model_priority priority)
{
	assert(priority < MODEL_PRIORITY_MAX);
	return priority_names[priority];
}

enum model_priority model_priority_by_name(const char *name)
{
	for (unsigned i = 0; i < MODEL_PRIORITY_MAX; i++)
		if (strcasecmp(priority_names[i], name) == 0)
			return i;
	return strcasecmp(name, "info") == 0 ? MODEL_PRIORITY_INFORMATIONAL : MODEL_PRIORITY_MAX;
}

bool model_ip_parse(const char *text, size_t len, struct model_ip *ret)
{
	char copy[INET6_ADDRSTRLEN + 1];
	struct model_ip ip = { 0 };

	if (len >= sizeof(copy) || memchr(text, '\0', len))
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	ip.family = strchr(copy, ':') ? 6 : 4;
	if (inet_pton(ip.family == 6 ? AF_INET6 : AF_INET, copy, ip.bytes) != 1)
		return false;
	*ret = ip;
	return true;
}

static void value_print_one(const struct model_value *value, enum model_type type, struct strbuf *out)
{
	char ip[INET6_ADDRSTRLEN];

	switch (type) {
	case MODEL_TYPE_BOOL:
		strbuf_adds(out, value->boolean ? "true" : "false");
		break;
	case MODEL_TYPE_INT64:
		strbuf_addf(out, "%" PRId64, value->i64);
		break;
	case MODEL_TYPE_UINT64:
	case MODEL_TYPE_PORT:
	case MODEL_TYPE_RELTIME:
	case MODEL_TYPE_ABSTIME:
		strbuf_addf(out, "%" PRIu64, value->u64);
		break;
	case MODEL_TYPE_STRING:
	case MODEL_TYPE_PATH:
	case MODEL_TYPE_BYTES:
		strbuf_add(out, value->text, value->len);
		break;
	case MODEL_TYPE_IP:
	case MODEL_TYPE_NET:
		if (inet_ntop(value->ip.family == 6 ? AF_INET6 : AF_INET, value->ip.bytes, ip, sizeof(ip)))
			strbuf_adds(out, ip);
		break;
	case MODEL_TYPE_MAX:
		break;
	}
}

void model_value_print(const struct model_value *value, enum model_type type, bool is_list, struct strbuf *out)
{
	if (!is_list) {
		value_print_one(value, type, out);
		return;
	}
	strbuf_addc(out, '(');
	for (size_t i = 0; i < value->n; i++) {
		if (i)
			strbuf_addc(out, ',');
		value_print_one(&value->list[i], type, out);
	}
	strbuf_addc(out, ')');
}
