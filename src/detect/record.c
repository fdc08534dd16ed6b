/* SPDX-License-Identifier: Apache-2.0 */
/* Asking a record for what findings say beyond the rule's output. */
#include "detect/detect.h"
#include "detect/detect_internal.h"

#include <string.h>

bool detect_record_value(const struct model_record *record, enum model_field_id field, int64_t index,
			 struct arena *scratch, struct model_value *ret)
{
	struct model_field_ref ref = { .id = field, .index = index, .text = model_field(field)->name };

	if (index >= 0) {
		ref.has_arg = true;
		ref.key = arena_printf(scratch, "%lld", (long long)index);
		ref.text = arena_printf(scratch, "%s[%lld]", model_field(field)->name, (long long)index);
		if (!ref.key || !ref.text)
			return false;
	}
	return model_record_get(record, &ref, scratch, ret) == MODEL_SET;
}

static const char *text_at(const struct model_record *record, enum model_field_id field, int64_t index,
			   struct arena *scratch)
{
	struct model_value value = { 0 };

	if (!model_type_is_text(model_field(field)->type) ||
	    !detect_record_value(record, field, index, scratch, &value))
		return NULL;
	return value.text;
}

const char *detect_record_text(const struct model_record *record, enum model_field_id field, struct arena *scratch)
{
	return text_at(record, field, -1, scratch);
}

/* At most `max` bytes, whole characters, "…" where it was cut: a chain of hostile command lines must stay readable. */
static const char *cut_at(const char *text, size_t max, struct arena *scratch)
{
	size_t len = text ? strnlen(text, max + 1) : 0;

	if (len <= max)
		return text;
	for (len = max; len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80; len--)
		;
	return arena_printf(scratch, "%.*s…", (int)len, text);
}

size_t detect_record_ancestors(const struct model_record *record, struct arena *scratch,
			       struct detect_ancestor ret[DETECT_ANCESTORS_MAX])
{
	size_t n;

	for (n = 0; n < DETECT_ANCESTORS_MAX; n++) {
		struct detect_ancestor a = { 0 };
		struct model_value pid = { 0 };

		if (detect_record_value(record, MODEL_F_PROC_APID, (int64_t)n, scratch, &pid))
			a.pid = pid.i64;
		a.name = text_at(record, MODEL_F_PROC_ANAME, (int64_t)n, scratch);
		if (!a.pid && !a.name)
			break;
		a.exepath = text_at(record, MODEL_F_PROC_AEXEPATH, (int64_t)n, scratch);
		a.cmdline = cut_at(text_at(record, MODEL_F_PROC_ACMDLINE, (int64_t)n, scratch), DETECT_CMDLINE_MAX, scratch);
		ret[n] = a;
	}
	return n;
}
