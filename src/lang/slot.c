/* SPDX-License-Identifier: Apache-2.0 */
/* Slots: value expressions, each fetched or computed at most once per record. */
#include "lang/condition_internal.h"
#include "lang/program_internal.h"

#include <string.h>

static bool slot_args(struct lang_program *p, const struct lang_value_expr *e, struct lang_slot *s)
{
	s->args = arena_alloc(&p->arena, (e->n_args ? e->n_args : 1) * sizeof(*s->args));
	if (!s->args)
		return false;
	s->n_args = e->n_args;
	for (size_t i = 0; i < e->n_args; i++) {
		s->args[i] = lang_slot_of(p, e->args[i]);
		if (s->args[i] == LANG_NONE)
			return false;
	}
	return true;
}

static bool slot_field(struct lang_program *p, const struct model_field_ref *ref, struct lang_slot *s)
{
	s->field = *ref;
	s->field.text = arena_strdup(&p->arena, ref->text);
	if (ref->key)
		s->field.key = arena_strdup(&p->arena, ref->key);
	return s->field.text && (!ref->key || s->field.key);
}

static bool slot_fill(struct lang_program *p, const struct lang_value_expr *e, struct lang_slot *s)
{
	struct lang_fault ignored = { 0 };

	s->kind = e->kind;
	if (lang_expr_type(e, &s->type, &ignored) < 0)
		return false;
	s->is_c_string = s->type.many == LANG_ONE && model_type_is_text(s->type.type);
	switch (e->kind) {
	case LANG_VALUE_FIELD:
		return slot_field(p, &e->field, s);
	case LANG_VALUE_LITERAL:
		s->literal.text = arena_strndup(&p->arena, e->literal, e->literal_len);
		s->literal.len = e->literal_len;
		return s->literal.text != NULL;
	case LANG_VALUE_TRANSFORMER:
		s->transformer = e->transformer;
		return slot_args(p, e, s);
	case LANG_VALUE_LIST:
		return slot_args(p, e, s);
	}
	return false;
}

uint32_t lang_slot_of(struct lang_program *p, const struct lang_value_expr *e)
{
	struct lang_slot slot = { 0 };
	struct strbuf sb;
	void *known;
	char *key;
	uint32_t id;

	strbuf_init(&sb, LANG_CONDITION_BYTES_MAX);
	lang_value_expr_print(e, &sb);
	known = map_get(&p->slot_ids, sb.text, sb.len);
	key = known ? NULL : arena_strndup(&p->arena, sb.text, sb.len);
	id = (uint32_t)sb.len;
	strbuf_done(&sb);
	if (known)
		return (uint32_t)(uintptr_t)known - 1;
	if (!key || !slot_fill(p, e, &slot))
		return LANG_NONE;
	LANG_RESERVE(p->slots, p->n_slots, p->slots_size);
	slot.field.slot = p->n_slots;
	p->slots[p->n_slots] = slot;
	map_put(&p->slot_ids, key, id, (void *)(uintptr_t)(p->n_slots + 1));
	return p->n_slots++;
}

static int literal_list(struct lang_scratch *s, const struct lang_slot *slot, struct model_value *ret)
{
	struct model_value *items = arena_alloc(s->arena, (slot->n_args ? slot->n_args : 1) * sizeof(*items));
	int state = MODEL_SET;

	if (!items)
		return MODEL_UNSET;
	for (size_t i = 0; i < slot->n_args; i++) {
		const struct lang_slot_value *v = lang_slot_fetch(s, slot->args[i]);
		const struct lang_slot *arg = &s->program->slots[slot->args[i]];
		struct strbuf sb;

		if (v->state == MODEL_UNSET)
			return MODEL_UNSET;
		if (v->state == MODEL_UNKNOWN) {
			state = MODEL_UNKNOWN;
			continue;
		}
		if (model_type_is_text(arg->type.type)) {
			items[i] = v->value;
			continue;
		}
		strbuf_init(&sb, LANG_TRANSFORM_BYTES_MAX);
		model_value_print(&v->value, arg->type.type, false, &sb);
		items[i].text = arena_strndup(s->arena, sb.text, sb.len);
		items[i].len = sb.len;
		strbuf_done(&sb);
		if (!items[i].text)
			return MODEL_UNSET;
	}
	ret->list = items;
	ret->n = slot->n_args;
	return state;
}

static int slot_compute(struct lang_scratch *s, const struct lang_slot *slot, struct model_value *ret)
{
	int state;

	switch (slot->kind) {
	case LANG_VALUE_LITERAL:
		*ret = slot->literal;
		return MODEL_SET;
	case LANG_VALUE_LIST:
		return literal_list(s, slot, ret);
	case LANG_VALUE_TRANSFORMER:
		state = lang_transform(s, slot, ret);
		break;
	default:
		state = model_record_get(s->record, &slot->field, s->arena, ret);
	}
	/* Texts are C strings: they end at their first NUL. */
	if (state == MODEL_SET && slot->is_c_string) {
		if (!ret->text)
			*ret = (struct model_value){ .text = "", .len = 0 };
		else
			ret->len = strnlen(ret->text, ret->len);
	}
	return state;
}

void lang_slot_fill(struct lang_scratch *s, uint32_t id)
{
	const struct lang_slot *slot = &s->program->slots[id];
	const struct model_record_ops *ops = s->record->ops;
	struct lang_slot_value *v = &s->values[id];

	v->generation = s->generation;
	v->hashed = false;
	v->state = (int8_t)(slot->kind == LANG_VALUE_FIELD && ops->texts_are_clean ? ops->get(s->record, &slot->field, s->arena, &v->value) :
			    slot_compute(s, slot, &v->value));
}

uint64_t lang_slot_hash(struct lang_scratch *s, uint32_t slot)
{
	struct lang_slot_value *v = &s->values[slot];

	if (!v->hashed) {
		v->hash = hash_bytes(v->value.text, v->value.len);
		v->hashed = true;
	}
	return v->hash;
}
