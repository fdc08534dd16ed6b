/* SPDX-License-Identifier: Apache-2.0 */
#include "lang_fake.h"

#include <string.h>

const struct lang_program *lang_rules_program(const struct lang_rules *rules)
{
	return (const struct lang_program *)rules;
}

const struct lang_rule *lang_rules_of_program(const struct lang_rules *rules, uint32_t index)
{
	return &rules->rules[index];
}

struct lang_rules *lang_rules_free(struct lang_rules *rules)
{
	if (rules && rules->n_freed)
		++*rules->n_freed;
	return NULL;
}

struct lang_scratch *lang_scratch_new(const struct lang_program *program)
{
	return (struct lang_scratch *)program;
}

struct lang_scratch *lang_scratch_free(struct lang_scratch *scratch)
{
	(void)scratch;
	return NULL;
}

size_t lang_program_match(const struct lang_program *program, struct lang_scratch *scratch,
			  const struct model_record *record, uint32_t *ret_indexes, size_t max)
{
	const struct lang_rules *rules = (const struct lang_rules *)program;
	size_t n = 0;

	(void)scratch;
	for (size_t i = 0; i < rules->n; i++)
		if (model_event_set_has(&rules->rules[i].events, record->event)) {
			if (n < max)
				ret_indexes[n] = (uint32_t)i;
			n++;
		}
	return n;
}

static int get(const struct model_record *record, enum model_field_id id, struct arena *scratch, struct model_value *v)
{
	struct model_field_ref ref = { .id = id, .index = -1, .text = model_field(id)->name };

	return model_record_get(record, &ref, scratch, v);
}

void lang_format_print(const struct lang_format *format, const struct model_record *record,
		       struct arena *scratch, struct strbuf *out)
{
	strbuf_adds(out, format->text);
	for (size_t i = 0; i < format->n; i++) {
		struct model_value v = { 0 };
		const struct model_field *f = model_field(format->fields[i]);
		if (!model_type_is_text(f->type) || f->flags & MODEL_FIELD_LIST)
			continue;
		strbuf_addf(out, " %s=%s", f->name, get(record, format->fields[i], scratch, &v) == MODEL_SET ? v.text : "<NA>");
	}
}

size_t lang_format_fields(const struct lang_format *format)
{
	return format->n;
}

void lang_format_field_get(const struct lang_format *format, size_t i, const struct model_record *record,
			   struct arena *scratch, struct lang_format_field *ret)
{
	const struct model_field *f = model_field(format->fields[i]);

	*ret = (struct lang_format_field){ .text = f->name, .type = f->type, .is_list = f->flags & MODEL_FIELD_LIST };
	ret->state = get(record, format->fields[i], scratch, &ret->value);
}

static int fake_get(const struct model_record *record, const struct model_field_ref *field, struct arena *scratch,
		    struct model_value *ret)
{
	const struct fake_record *r = container_of(record, struct fake_record, record);

	(void)scratch;
	for (size_t i = 0; i < r->n; i++)
		if (r->values[i].field == field->id && r->values[i].index == field->index) {
			*ret = r->values[i].value;
			return MODEL_SET;
		}
	return MODEL_UNSET;
}

void fake_record_init(struct fake_record *r, enum model_event_type event)
{
	static const struct model_record_ops ops = { fake_get };

	*r = (struct fake_record){ .record = { &ops, event } };
}

void fake_record_text(struct fake_record *r, enum model_field_id field, int64_t index, const char *text)
{
	r->values[r->n++] = (struct fake_value){ field, index, { .text = text, .len = strlen(text) } };
}

void fake_record_int(struct fake_record *r, enum model_field_id field, int64_t index, int64_t number)
{
	r->values[r->n++] = (struct fake_value){ field, index, { .i64 = number } };
}

void fake_record_list(struct fake_record *r, enum model_field_id field, const struct model_value *items, size_t n)
{
	r->values[r->n++] = (struct fake_value){ field, -1, { .list = items, .n = n } };
}
