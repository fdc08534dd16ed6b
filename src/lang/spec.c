/* SPDX-License-Identifier: Apache-2.0 */
/* Checks in canonical form. `a = x`, `a in (x)` and `a == anyof (x)` are the same question. */
#include "lang/program_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int compare_texts(const void *a, const void *b)
{
	return lang_bytes_compare(a, b);
}

static void sort_unique(struct lang_spec *s)
{
	size_t n = 0;

	qsort(s->texts, s->n_texts, sizeof(*s->texts), compare_texts);
	for (size_t i = 0; i < s->n_texts; i++)
		if (!n || lang_bytes_compare(&s->texts[n - 1], &s->texts[i]) != 0)
			s->texts[n++] = s->texts[i];
	s->n_texts = n;
}

static enum lang_family equality_family(enum model_type type)
{
	if (type == MODEL_TYPE_IP || type == MODEL_TYPE_NET)
		return LANG_FAMILY_NETS;
	return model_type_is_text(type) || type == MODEL_TYPE_BYTES ? LANG_FAMILY_TEXTS : LANG_FAMILY_NUMBERS;
}

enum lang_family lang_family_of(enum lang_op op, enum model_type type)
{
	switch (op) {
	case LANG_OP_EXISTS:
		return LANG_FAMILY_EXISTS;
	case LANG_OP_LT:
	case LANG_OP_LE:
	case LANG_OP_GT:
	case LANG_OP_GE:
		return LANG_FAMILY_ORDER;
	case LANG_OP_CONTAINS:
	case LANG_OP_BCONTAINS:
		return LANG_FAMILY_CONTAINS;
	case LANG_OP_ICONTAINS:
		return LANG_FAMILY_ICONTAINS;
	case LANG_OP_STARTSWITH:
	case LANG_OP_BSTARTSWITH:
		return LANG_FAMILY_PREFIX;
	case LANG_OP_ENDSWITH:
		return LANG_FAMILY_SUFFIX;
	case LANG_OP_GLOB:
		return LANG_FAMILY_GLOB;
	case LANG_OP_IGLOB:
		return LANG_FAMILY_IGLOB;
	case LANG_OP_REGEX:
		return LANG_FAMILY_REGEX;
	case LANG_OP_PMATCH:
		return LANG_FAMILY_PATHS;
	default:
		return equality_family(type);
	}
}

static enum lang_mode mode_of(enum lang_op op, enum lang_many many)
{
	switch (many) {
	case LANG_ONE:
		return LANG_MODE_ONE;
	case LANG_LIST:
		return op == LANG_OP_EXISTS ? LANG_MODE_SET : op == LANG_OP_IN ? LANG_MODE_ALL : LANG_MODE_ANY;
	case LANG_BOTH_ENDS:
		return op == LANG_OP_NE ? LANG_MODE_ALL_SOME : LANG_MODE_ANY;
	case LANG_ANCESTORS:
		break;
	}
	return LANG_MODE_ANY;
}

/* One literal as the family keeps it. */
static int spec_text(struct lang_program *p, enum model_type type, enum lang_op op, const struct lang_text *v,
		     struct lang_bytes *ret)
{
	enum lang_family family = lang_family_of(op, type);
	bool number = family == LANG_FAMILY_NUMBERS || (family == LANG_FAMILY_ORDER && !model_type_is_text(type));
	struct lang_literal literal = { .u64 = 0 };
	struct lang_net net = { 0 };
	const char *bytes = v->text;
	size_t len = v->len;

	if (op == LANG_OP_BCONTAINS || op == LANG_OP_BSTARTSWITH) {
		bytes = lang_hex_parse(&p->build, v->text, v->len);
		*ret = (struct lang_bytes){ bytes, v->len / 2 };
		return bytes ? 0 : -ENOMEM;
	}
	if (family == LANG_FAMILY_PATHS)
		return lang_path_canonical(&p->build, v->text, v->len, ret);
	if (number || family == LANG_FAMILY_NETS) {
		if (lang_literal_parse(type, v->text, v->len, &literal, NULL) < 0)
			return -EBADMSG;
		net.family = literal.ip.family;
		net.prefix_len = (uint8_t)literal.prefix_len;
		memcpy(net.bytes, literal.ip.bytes, sizeof(net.bytes));
		bytes = number ? (const char *)&literal.u64 : (const char *)&net;
		len = number ? sizeof(literal.u64) : sizeof(net);
	}
	*ret = (struct lang_bytes){ arena_strndup(&p->build, bytes, len), len };
	return ret->text ? 0 : -ENOMEM;
}

static int spec_texts(struct lang_program *p, const struct lang_node *n, enum model_type type, struct lang_spec *s)
{
	struct lang_text name = { .text = n->right_name, .len = n->right_name ? strlen(n->right_name) : 0 };
	const struct lang_text *values = n->right_name ? &name : n->values;
	size_t count = n->right_name ? 1 : n->n_values;

	s->texts = arena_alloc(&p->build, (count ? count : 1) * sizeof(*s->texts));
	if (!s->texts)
		return -ENOMEM;
	s->n_texts = count;
	for (size_t i = 0; i < count; i++) {
		int k = spec_text(p, type, n->op, &values[i], &s->texts[i]);
		if (k < 0)
			return k;
	}
	return 0;
}

int lang_spec_of(struct lang_program *p, const struct lang_node *n, struct lang_spec *ret)
{
	struct lang_spec s = { .right = LANG_NONE, .op = n->op, .quantifier = n->quantifier };
	struct lang_type type;
	int k;

	s.slot = lang_slot_of(p, n->left);
	if (s.slot == LANG_NONE)
		return -ENOMEM;
	type = p->slots[s.slot].type;
	s.mode = mode_of(n->op, type.many);
	s.family = lang_family_of(n->op, type.type);
	if (n->right) {
		s.family = LANG_FAMILY_FIELD;
		s.right = lang_slot_of(p, n->right);
		*ret = s;
		return s.right == LANG_NONE ? -ENOMEM : 0;
	}
	k = spec_texts(p, n, type.type, &s);
	if (k < 0)
		return k;
	s.negate = n->op == LANG_OP_NE;
	/* `= oneof`, `!= anyof`, ... are no sets; nor is any quantifier over nothing, which is false. */
	if (s.quantifier != LANG_ONE_VALUE && s.quantifier != (s.negate ? LANG_ALLOF : LANG_ANYOF)) {
		s.family = LANG_FAMILY_COUNT;
		s.negate = false;
		*ret = s;
		return 0;
	}
	if (s.quantifier != LANG_ONE_VALUE && s.n_texts == 0)
		s.negate = false;
	s.quantifier = LANG_ONE_VALUE;
	if (s.family != LANG_FAMILY_ORDER)
		s.op = LANG_OP_IN;
	sort_unique(&s);
	*ret = s;
	return 0;
}

bool lang_spec_can_merge(const struct lang_spec *a, const struct lang_spec *b)
{
	bool mode = a->mode == LANG_MODE_ONE || a->mode == (a->negate ? LANG_MODE_ALL_SOME : LANG_MODE_ANY);

	return a->slot == b->slot && a->family == b->family && a->mode == b->mode && a->negate == b->negate && mode &&
	       a->family != LANG_FAMILY_EXISTS && a->family < LANG_FAMILY_ORDER && (!a->negate || (a->n_texts && b->n_texts));
}

int lang_spec_merge(struct lang_program *p, const struct lang_spec *const *specs, size_t n, struct lang_spec *ret)
{
	struct lang_spec s = *specs[0];
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += specs[i]->n_texts;
	s.texts = arena_alloc(&p->build, (count ? count : 1) * sizeof(*s.texts));
	if (!s.texts)
		return -ENOMEM;
	s.n_texts = 0;
	for (size_t i = 0; i < n; i++) {
		memcpy(s.texts + s.n_texts, specs[i]->texts, specs[i]->n_texts * sizeof(*s.texts));
		s.n_texts += specs[i]->n_texts;
	}
	sort_unique(&s);
	*ret = s;
	return 0;
}
