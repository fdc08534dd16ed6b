/* SPDX-License-Identifier: Apache-2.0 */
/* Predicates: one per different check, evaluated at most once per record. */
#include "lang/program_internal.h"

#include <stdlib.h>
#include <string.h>

/* ---- guesses for ordering: what costs little and is mostly false comes first ---- */

static bool has_text(const struct lang_spec *s, const char *text, size_t len)
{
	for (size_t i = 0; i < s->n_texts; i++)
		if (s->texts[i].len == len && memcmp(s->texts[i].text, text, len) == 0)
			return true;
	return false;
}

static bool has_number(const struct lang_spec *s, uint64_t number)
{
	return has_text(s, (const char *)&number, sizeof(number));
}

/* How often a yes-or-no field is yes; negative: not known. */
static float bool_chance(enum model_field_id id)
{
	switch (id) {
	case MODEL_F_EVT_FAILED: return 0.3f;
	case MODEL_F_EVT_IS_OPEN_READ: return 0.9f;
	case MODEL_F_EVT_IS_OPEN_WRITE: return 0.1f;
	case MODEL_F_EVT_IS_OPEN_EXEC: return 0.02f;
	case MODEL_F_PROC_IS_EXE_UPPER_LAYER: case MODEL_F_CONTAINER_PRIVILEGED: case MODEL_F_CONTAINER_HOST_PID: return 0.1f;
	case MODEL_F_PROC_IS_EXE_FROM_MEMFD: case MODEL_F_PROC_IS_EXE_DELETED: case MODEL_F_PROC_IS_EXE_SETID: return 0.01f;
	default: return -1;
	}
}

/* Where the field says more than the kind of check does: of most hosts. Negative: it does not. */
static float field_chance(enum model_field_id id, const struct lang_spec *s)
{
	float yes = s->family == LANG_FAMILY_NUMBERS ? bool_chance(id) : -1;

	if (yes >= 0)
		return has_number(s, 1) == has_number(s, 0) ? 0.5f : has_number(s, 1) ? yes : 1 - yes;
	switch (id) {
	case MODEL_F_EVT_NUM: return s->family == LANG_FAMILY_NUMBERS ? 0.001f : -1;
	case MODEL_F_FD_NUM: return s->family == LANG_FAMILY_ORDER ? 0.6f : 0.3f;
	case MODEL_F_FD_TYPECHAR: return has_text(s, "f", 1) ? 0.7f : 0.1f;
	case MODEL_F_FD_TYPE: return has_text(s, "file", 4) ? 0.7f : 0.1f;
	case MODEL_F_CONTAINER_ID: return s->family == LANG_FAMILY_TEXTS && has_text(s, "host", 4) ? 0.5f : 0.05f;
	case MODEL_F_CONTAINER_IMAGE: case MODEL_F_CONTAINER_IMAGE_REPOSITORY: return 0.05f;
	case MODEL_F_PROC_TTY: return s->family == LANG_FAMILY_NUMBERS && has_number(s, 0) ? 0.7f : -1;
	case MODEL_F_PROC_VPID: return s->family == LANG_FAMILY_NUMBERS && has_number(s, 1) ? 0.05f : -1;
	default: return -1;
	}
}

static void guess(const struct lang_program *p, struct lang_predicate *pred)
{
	static const struct { float cost, chance; } guesses[] = {
		[LANG_FAMILY_EXISTS] = { 1, 0.7f }, [LANG_FAMILY_TEXTS] = { 6, 0.1f }, [LANG_FAMILY_NUMBERS] = { 2, 0.3f },
		[LANG_FAMILY_NETS] = { 15, 0.2f }, [LANG_FAMILY_PREFIX] = { 8, 0.1f }, [LANG_FAMILY_SUFFIX] = { 8, 0.1f },
		[LANG_FAMILY_CONTAINS] = { 30, 0.1f }, [LANG_FAMILY_ICONTAINS] = { 60, 0.1f }, [LANG_FAMILY_PATHS] = { 40, 0.2f },
		[LANG_FAMILY_GLOB] = { 50, 0.2f }, [LANG_FAMILY_IGLOB] = { 50, 0.2f }, [LANG_FAMILY_REGEX] = { 250, 0.2f },
		[LANG_FAMILY_ORDER] = { 2, 0.7f }, [LANG_FAMILY_COUNT] = { 60, 0.3f }, [LANG_FAMILY_FIELD] = { 20, 0.2f },
	};
	const struct lang_spec *s = &pred->spec;
	bool searched = s->family == LANG_FAMILY_CONTAINS || s->family == LANG_FAMILY_ICONTAINS ||
			s->family == LANG_FAMILY_GLOB || s->family == LANG_FAMILY_REGEX || s->family == LANG_FAMILY_COUNT;

	pred->cost = 4 + guesses[s->family].cost;
	pred->chance = guesses[s->family].chance;
	if (searched && s->n_texts > 1)
		pred->cost *= s->n_texts < 8 ? (float)s->n_texts : 8;
	if (s->mode != LANG_MODE_ONE) {
		pred->cost *= 6;
		pred->chance = 0.5f;
	}
	if (p->slots[s->slot].kind != LANG_VALUE_FIELD)
		pred->cost += 60;
	else if (s->mode == LANG_MODE_ONE && field_chance(p->slots[s->slot].field.id, s) >= 0)
		pred->chance = field_chance(p->slots[s->slot].field.id, s);
	if (s->negate)
		pred->chance = 1 - pred->chance;
}

static char *spec_key(struct lang_program *p, const struct lang_spec *s, size_t *ret_len)
{
	size_t len = 2 * sizeof(uint32_t) + 5, at;
	char *key;

	for (size_t i = 0; i < s->n_texts; i++)
		len += sizeof(uint32_t) + s->texts[i].len;
	key = arena_alloc(&p->build, len);
	if (!key)
		return NULL;
	memcpy(key, &s->slot, 4);
	memcpy(key + 4, &s->right, 4);
	key[8] = (char)s->family;
	key[9] = (char)s->mode;
	key[10] = (char)s->op;
	key[11] = (char)s->quantifier;
	key[12] = s->negate;
	at = 13;
	for (size_t i = 0; i < s->n_texts; i++) {
		uint32_t n = (uint32_t)s->texts[i].len;
		memcpy(key + at, &n, 4);
		memcpy(key + at + 4, s->texts[i].text, n);
		at += 4 + n;
	}
	*ret_len = len;
	return key;
}

uint32_t lang_predicate_of(struct lang_program *p, const struct lang_spec *spec)
{
	struct lang_predicate pred = { .spec = *spec };
	const struct lang_slot *slot = &p->slots[spec->slot];
	size_t len;
	char *key = spec_key(p, spec, &len);
	void *known = key ? map_get(&p->predicate_ids, key, len) : NULL;

	if (!key || (!known && p->n_predicates == LANG_PREDICATES_MAX))
		return LANG_NONE;
	if (known)
		return (uint32_t)(uintptr_t)known - 1;
	pred.is_event = slot->kind == LANG_VALUE_FIELD && spec->family != LANG_FAMILY_FIELD &&
			slot->field.id == MODEL_F_EVT_TYPE;
	guess(p, &pred);
	LANG_RESERVE(p->predicates, p->n_predicates, p->predicates_size);
	p->predicates[p->n_predicates] = pred;
	map_put(&p->predicate_ids, key, len, (void *)(uintptr_t)(p->n_predicates + 1));
	return p->n_predicates++;
}

int lang_predicate_build(struct lang_program *p, uint32_t id, struct err *err)
{
	struct lang_predicate *pred = &p->predicates[id];
	const struct lang_spec *s = &pred->spec;
	int k = lang_matcher_build(p, s, &pred->matcher, err);

	if (k == 0 && s->family == LANG_FAMILY_TEXTS && s->mode == LANG_MODE_ONE && s->n_texts == 1)
		pred->shortcut = LANG_SHORTCUT_TEXT;
	if (k == 0 && s->family == LANG_FAMILY_NUMBERS && s->mode == LANG_MODE_ONE && s->n_texts == 1) {
		memcpy(&pred->number, s->texts[0].text, sizeof(pred->number));
		pred->shortcut = p->slots[s->slot].type.type == MODEL_TYPE_BOOL ? LANG_SHORTCUT_BOOL : LANG_SHORTCUT_NUMBER;
	}
	return k;
}

/* ---- evaluation ---- */

struct model_value lang_item_value(const struct model_value *item, enum model_type type)
{
	struct model_value v = *item;

	if (!model_type_is_text(type))
		return v;
	if (!v.text)
		return (struct model_value){ .text = "", .len = 0 };
	v.len = strnlen(v.text, v.len);
	return v;
}

static bool eval_many(struct lang_scratch *s, const struct lang_predicate *pred, const struct model_value *list)
{
	enum model_type type = s->program->slots[pred->spec.slot].type.type;
	bool all = pred->spec.mode == LANG_MODE_ALL || pred->spec.mode == LANG_MODE_ALL_SOME;

	if (pred->spec.mode == LANG_MODE_SET)
		return true;
	for (size_t i = 0; i < list->n; i++) {
		struct model_value v = lang_item_value(&list->list[i], type);
		if (lang_matcher_match(&pred->matcher, &v, NULL, s->arena) != all)
			return !all;
	}
	return all && (list->n > 0 || pred->spec.mode == LANG_MODE_ALL);
}

static int compare_texts(const struct model_value *a, const struct model_value *b)
{
	return lang_bytes_compare(&(struct lang_bytes){ a->text, a->len }, &(struct lang_bytes){ b->text, b->len });
}

static bool ip_equal(const struct model_ip *a, const struct model_ip *b)
{
	return a->family == b->family && memcmp(a->bytes, b->bytes, a->family == 6 ? 16 : 4) == 0;
}

static bool values_equal(enum model_type type, const struct model_value *a, const struct model_value *b)
{
	if (model_type_is_text(type) || type == MODEL_TYPE_BYTES)
		return a->len == b->len && compare_texts(a, b) == 0;
	if (type == MODEL_TYPE_IP || type == MODEL_TYPE_NET)
		return ip_equal(&a->ip, &b->ip);
	return type == MODEL_TYPE_BOOL ? a->boolean == b->boolean : a->u64 == b->u64;
}

static bool in_list(enum model_type type, const struct model_value *v, const struct model_value *list)
{
	for (size_t i = 0; i < list->n; i++) {
		struct model_value item = lang_item_value(&list->list[i], type);
		if (values_equal(type, v, &item))
			return true;
	}
	return false;
}

static bool lists_hold(enum lang_op op, enum model_type type, const struct model_value *left, const struct model_value *right)
{
	for (size_t i = 0; i < left->n; i++) {
		struct model_value item = lang_item_value(&left->list[i], type);
		if (in_list(type, &item, right) != (op == LANG_OP_IN))
			return op != LANG_OP_IN;
	}
	return op == LANG_OP_IN;
}

static bool order_holds(enum lang_op op, enum model_type type, const struct model_value *a, const struct model_value *b)
{
	int c = model_type_is_text(type) ? compare_texts(a, b) :
		type == MODEL_TYPE_INT64 ? (a->i64 > b->i64) - (a->i64 < b->i64) : (a->u64 > b->u64) - (a->u64 < b->u64);

	return lang_order_holds(op, c);
}

static bool glob_holds(struct lang_scratch *s, const struct model_value *a, const struct model_value *b, bool fold_case)
{
	struct lang_glob *glob = lang_glob_new(s->arena, b->text, b->len, fold_case);

	return glob && lang_glob_match(glob, a->text, a->len);
}

static bool fields_hold(struct lang_scratch *s, enum lang_op op, enum model_type type, const struct model_value *a,
			const struct model_value *b)
{
	switch (op) {
	case LANG_OP_EQ:
	case LANG_OP_IN:
	case LANG_OP_INTERSECTS:
		return values_equal(type, a, b);
	case LANG_OP_NE:
		return !values_equal(type, a, b);
	case LANG_OP_LT:
	case LANG_OP_LE:
	case LANG_OP_GT:
	case LANG_OP_GE:
		return order_holds(op, type, a, b);
	case LANG_OP_CONTAINS:
	case LANG_OP_BCONTAINS:
		return memmem(a->text, a->len, b->text, b->len) != NULL;
	case LANG_OP_ICONTAINS:
		return strcasestr(a->text, b->text) != NULL;
	case LANG_OP_STARTSWITH:
	case LANG_OP_BSTARTSWITH:
		return a->len >= b->len && memcmp(a->text, b->text, b->len) == 0;
	case LANG_OP_ENDSWITH:
		return a->len >= b->len && memcmp(a->text + a->len - b->len, b->text, b->len) == 0;
	case LANG_OP_GLOB:
	case LANG_OP_IGLOB:
		return glob_holds(s, a, b, op == LANG_OP_IGLOB);
	default:
		return false;
	}
}

static int eval_fields(struct lang_scratch *s, const struct lang_predicate *pred)
{
	const struct lang_slot_value *left = lang_slot_fetch(s, pred->spec.slot);
	const struct lang_slot_value *right = lang_slot_fetch(s, pred->spec.right);
	struct lang_type type = s->program->slots[pred->spec.slot].type;

	if (left->state == MODEL_UNSET || right->state == MODEL_UNSET)
		return LANG_FALSE;
	if (left->state != MODEL_SET || right->state != MODEL_SET)
		return LANG_UNKNOWN;
	if (type.many == LANG_LIST)
		return lists_hold(pred->spec.op, type.type, &left->value, &right->value);
	return fields_hold(s, pred->spec.op, type.type, &left->value, &right->value);
}

static inline bool is_the_one(const struct lang_predicate *pred, const struct model_value *v)
{
	if (pred->shortcut == LANG_SHORTCUT_BOOL)
		return v->boolean == pred->number;
	if (pred->shortcut == LANG_SHORTCUT_NUMBER)
		return v->u64 == pred->number;
	return v->len == pred->spec.texts->len && memcmp(v->text, pred->spec.texts->text, v->len) == 0;
}

int lang_predicate_eval(struct lang_scratch *s, uint32_t id)
{
	const struct lang_predicate *pred = &s->program->predicates[id];
	const struct lang_slot_value *v;

	if (pred->spec.family == LANG_FAMILY_FIELD)
		return eval_fields(s, pred);
	v = lang_slot_fetch(s, pred->spec.slot);
	if (v->state != MODEL_SET)
		return v->state == MODEL_UNSET ? LANG_FALSE : LANG_UNKNOWN;
	if (pred->spec.mode != LANG_MODE_ONE)
		return eval_many(s, pred, &v->value);
	if (pred->shortcut != LANG_SHORTCUT_NONE)
		return is_the_one(pred, &v->value) != pred->matcher.negate;
	if (pred->matcher.family != LANG_FAMILY_TEXTS)
		return lang_matcher_match(&pred->matcher, &v->value, NULL, s->arena);
	if (!lang_text_set_has_length(pred->matcher.texts, v->value.len))
		return pred->matcher.negate;
	return lang_text_set_has(pred->matcher.texts, v->value.text, v->value.len, lang_slot_hash(s, pred->spec.slot)) !=
	       pred->matcher.negate;
}
