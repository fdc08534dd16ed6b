/* SPDX-License-Identifier: Apache-2.0 */
/* Transformers (Falco: sinsp_filter_transformers.cpp, sinsp_filtercheck_multivalue_transformer.cpp). */
#include "lang/program_internal.h"

#include <string.h>

struct out {
	char *text;
	size_t len;
};

static bool out_new(struct out *o, struct arena *arena, size_t max)
{
	*o = (struct out){ 0 };
	if (max <= LANG_TRANSFORM_BYTES_MAX)
		o->text = arena_alloc(arena, max + 1);
	return o->text != NULL;
}

static void out_add(struct out *o, const char *text, size_t len)
{
	if (len)
		memcpy(o->text + o->len, text, len);
	o->len += len;
}

static struct model_value text_value(const char *text, size_t len)
{
	return (struct model_value){ .text = text, .len = len };
}

static struct model_value c_string(const struct model_value *v)
{
	return v->text ? text_value(v->text, strnlen(v->text, v->len)) : text_value("", 0);
}

static int base64_digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* With or without padding; anything else that is no base64 makes it unset. */
static bool base64_decode(struct arena *arena, const struct model_value *in, struct model_value *ret)
{
	size_t len = in->len;
	unsigned bits = 0, n_bits = 0;
	struct out o;

	for (int i = 0; i < 2 && len && in->text[len - 1] == '='; i++)
		len--;
	if (len % 4 == 1 || !out_new(&o, arena, len))
		return false;
	for (size_t i = 0; i < len; i++) {
		int digit = base64_digit(in->text[i]);

		if (digit < 0)
			return false;
		bits = bits << 6 | (unsigned)digit;
		n_bits += 6;
		if (n_bits >= 8) {
			n_bits -= 8;
			o.text[o.len++] = (char)(bits >> n_bits & 0xff);
		}
	}
	*ret = text_value(o.text, o.len);
	return true;
}

static bool change_case(struct arena *arena, const struct model_value *in, bool upper, struct model_value *ret)
{
	struct out o;

	if (!out_new(&o, arena, in->len))
		return false;
	for (size_t i = 0; i < in->len; i++) {
		char c = in->text[i];
		if (upper ? c >= 'a' && c <= 'z' : c >= 'A' && c <= 'Z')
			c ^= 0x20;
		o.text[o.len++] = c;
	}
	*ret = text_value(o.text, o.len);
	return true;
}

static bool transform_one(struct arena *arena, enum lang_transformer transformer, const struct model_value *in,
			  struct model_value *ret)
{
	const char *slash;

	switch (transformer) {
	case LANG_TOLOWER:
	case LANG_TOUPPER:
		return change_case(arena, in, transformer == LANG_TOUPPER, ret);
	case LANG_B64:
		return base64_decode(arena, in, ret);
	case LANG_BASENAME:
		slash = memrchr(in->text, '/', in->len);
		*ret = slash ? text_value(slash + 1, in->len - (size_t)(slash + 1 - in->text)) : *in;
		return true;
	default:
		return false;
	}
}

static int transform_list(struct lang_scratch *s, const struct lang_slot *slot, const struct model_value *in,
			  struct model_value *ret)
{
	struct model_value *items = arena_alloc(s->arena, (in->n ? in->n : 1) * sizeof(*items));

	for (size_t i = 0; items && i < in->n; i++) {
		struct model_value one = c_string(&in->list[i]);
		if (!transform_one(s->arena, slot->transformer, &one, &items[i]))
			return MODEL_UNSET;
	}
	if (!items)
		return MODEL_UNSET;
	ret->list = items;
	ret->n = in->n;
	return MODEL_SET;
}

static int transform_single(struct lang_scratch *s, const struct lang_slot *slot, struct model_value *ret)
{
	const struct lang_slot_value *arg = lang_slot_fetch(s, slot->args[0]);
	const struct lang_type type = s->program->slots[slot->args[0]].type;

	if (arg->state != MODEL_SET)
		return arg->state;
	if (slot->transformer == LANG_LEN) {
		*ret = (struct model_value){ .u64 = type.many == LANG_LIST ? arg->value.n : arg->value.len };
		return MODEL_SET;
	}
	if (type.many == LANG_LIST)
		return transform_list(s, slot, &arg->value, ret);
	return transform_one(s->arena, slot->transformer, &arg->value, ret) ? MODEL_SET : MODEL_UNSET;
}

/* All arguments: unset when one is, unknown when one is and none is unset. */
static int fetch_args(struct lang_scratch *s, const struct lang_slot *slot)
{
	int state = MODEL_SET;

	for (size_t i = 0; i < slot->n_args; i++) {
		const struct lang_slot_value *v = lang_slot_fetch(s, slot->args[i]);
		if (v->state == MODEL_UNSET)
			return MODEL_UNSET;
		if (v->state == MODEL_UNKNOWN)
			state = MODEL_UNKNOWN;
	}
	return state;
}

static int transform_join(struct lang_scratch *s, const struct lang_slot *slot, struct model_value *ret)
{
	const struct model_value *separator = &s->values[slot->args[0]].value;
	const struct model_value *list = &s->values[slot->args[1]].value;
	size_t max = 0;
	struct out o;

	for (size_t i = 0; i < list->n && max <= LANG_TRANSFORM_BYTES_MAX; i++)
		max += list->list[i].len + separator->len;
	if (!out_new(&o, s->arena, max))
		return MODEL_UNSET;
	for (size_t i = 0; i < list->n; i++) {
		struct model_value one = c_string(&list->list[i]);
		if (i)
			out_add(&o, separator->text, separator->len);
		out_add(&o, one.text, one.len);
	}
	*ret = text_value(o.text, o.len);
	return MODEL_SET;
}

static int transform_concat(struct lang_scratch *s, const struct lang_slot *slot, struct model_value *ret)
{
	size_t max = 0;
	struct out o;

	for (size_t i = 0; i < slot->n_args && max <= LANG_TRANSFORM_BYTES_MAX; i++)
		max += s->values[slot->args[i]].value.len;
	if (!out_new(&o, s->arena, max))
		return MODEL_UNSET;
	for (size_t i = 0; i < slot->n_args; i++)
		out_add(&o, s->values[slot->args[i]].value.text, s->values[slot->args[i]].value.len);
	*ret = text_value(o.text, o.len);
	return MODEL_SET;
}

struct getopt {
	bool known[256], takes_value[256];
	struct model_value *items;
	size_t n;
};

static void getopt_options(struct getopt *g, const struct model_value *options)
{
	for (size_t i = 0; i < options->len; i++) {
		uint8_t c = (uint8_t)options->text[i];

		if (c == ':')
			continue;
		g->known[c] = true;
		if (i + 1 < options->len && options->text[i + 1] == ':')
			g->takes_value[c] = true;
	}
}

static bool is_option_letter(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* One word "-abVALUE". Returns how many further words it used up (0 or 1). */
static size_t getopt_word(struct getopt *g, const struct model_value *word, const struct model_value *next)
{
	for (size_t i = 1; i < word->len; i++) {
		uint8_t c = (uint8_t)word->text[i];

		if (!is_option_letter(c) || !g->known[c])
			continue;
		g->items[g->n++] = text_value(word->text + i, 1);
		if (!g->takes_value[c])
			continue;
		if (i + 1 < word->len) {
			g->items[g->n++] = text_value(word->text + i + 1, word->len - i - 1);
			return 0;
		}
		g->items[g->n++] = next ? c_string(next) : text_value("", 0);
		return next ? 1 : 0;
	}
	return 0;
}

/* Options and their values in order, words that are no options skipped, up to "--". */
static int transform_getopt(struct lang_scratch *s, const struct lang_slot *slot, struct model_value *ret)
{
	const struct model_value *words = &s->values[slot->args[0]].value;
	struct getopt g = { 0 };
	size_t max = 2;

	for (size_t i = 0; i < words->n; i++)
		max += 2 * words->list[i].len + 1;
	if (max > LANG_TRANSFORM_BYTES_MAX)
		return MODEL_UNSET;
	g.items = arena_alloc(s->arena, max * sizeof(*g.items));
	if (!g.items)
		return MODEL_UNSET;
	getopt_options(&g, &s->values[slot->args[1]].value);
	for (size_t i = 0; i < words->n; i++) {
		struct model_value word = c_string(&words->list[i]);

		if (word.len == 2 && memcmp(word.text, "--", 2) == 0)
			break;
		if (word.len >= 2 && word.text[0] == '-')
			i += getopt_word(&g, &word, i + 1 < words->n ? &words->list[i + 1] : NULL);
	}
	ret->list = g.items;
	ret->n = g.n;
	return MODEL_SET;
}

int lang_transform(struct lang_scratch *s, const struct lang_slot *slot, struct model_value *ret)
{
	int state;

	if (slot->transformer < LANG_JOIN)
		return transform_single(s, slot, ret);
	state = fetch_args(s, slot);
	if (state != MODEL_SET)
		return state;
	if (slot->transformer == LANG_JOIN)
		return transform_join(s, slot, ret);
	return slot->transformer == LANG_CONCAT ? transform_concat(s, slot, ret) : transform_getopt(s, slot, ret);
}
