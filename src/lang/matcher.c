/* SPDX-License-Identifier: Apache-2.0 */
/* From canonical checks to what answers them. */
#include "lang/program_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* From this many on, one pass of an automaton beats one search each. */
enum { LITERALS_MIN = 8 };

static int no_memory(struct err *err)
{
	return err_set(err, -E2BIG, "the program needs more than %d bytes", LANG_PROGRAM_BYTES_MAX);
}

static int build_regexes(struct lang_program *p, const struct lang_spec *spec, struct lang_matcher *m, struct err *err)
{
	m->regexes = arena_alloc(&p->arena, (spec->n_texts ? spec->n_texts : 1) * sizeof(*m->regexes));
	if (!m->regexes)
		return no_memory(err);
	for (size_t i = 0; i < spec->n_texts; i++) {
		struct regex *regex = NULL;
		int k = regex_compile(spec->texts[i].text, spec->texts[i].len, LANG_REGEX_MEMORY_MAX, &regex, err);

		if (k < 0)
			return k;
		LANG_RESERVE(p->regexes, p->n_regexes, p->regexes_size);
		p->regexes[p->n_regexes++] = regex;
		m->regexes[i] = regex;
	}
	return 0;
}

static int build_globs(struct lang_program *p, const struct lang_spec *spec, struct lang_matcher *m, struct err *err)
{
	m->globs = arena_alloc(&p->arena, (spec->n_texts ? spec->n_texts : 1) * sizeof(*m->globs));
	if (!m->globs)
		return no_memory(err);
	for (size_t i = 0; i < spec->n_texts; i++) {
		m->globs[i] = lang_glob_new(&p->arena, spec->texts[i].text, spec->texts[i].len, spec->family == LANG_FAMILY_IGLOB);
		if (!m->globs[i])
			return no_memory(err);
	}
	return 0;
}

/* The automaton is an extra: without it (too much memory) each needle is searched for. */
static int build_needles(struct lang_program *p, const struct lang_spec *spec, struct lang_matcher *m)
{
	const char **texts;
	size_t *lens;

	m->needles = spec->texts;
	if (spec->n_texts < LITERALS_MIN)
		return 0;
	texts = mem_array(spec->n_texts, sizeof(*texts));
	lens = mem_array(spec->n_texts, sizeof(*lens));
	for (size_t i = 0; i < spec->n_texts; i++) {
		texts[i] = spec->texts[i].text;
		lens[i] = spec->texts[i].len;
	}
	if (regex_literals_compile(texts, lens, spec->n_texts, spec->family == LANG_FAMILY_ICONTAINS, LANG_LITERALS_MEMORY_MAX,
				   &m->literals, NULL) == 0) {
		LANG_RESERVE(p->literals, p->n_literals, p->literals_size);
		p->literals[p->n_literals++] = m->literals;
	}
	free(texts);
	free(lens);
	return 0;
}

static int build_numbers(struct lang_program *p, const struct lang_spec *spec, struct lang_matcher *m, struct err *err)
{
	uint64_t *numbers = mem_array(spec->n_texts, sizeof(*numbers));

	for (size_t i = 0; i < spec->n_texts; i++)
		memcpy(&numbers[i], spec->texts[i].text, sizeof(*numbers));
	m->numbers = lang_number_set_new(&p->arena, numbers, spec->n_texts);
	free(numbers);
	p->n_sets++;
	return m->numbers ? 0 : no_memory(err);
}

static int build_nets(struct lang_program *p, const struct lang_spec *spec, struct lang_matcher *m, struct err *err)
{
	struct lang_net *nets = mem_array(spec->n_texts, sizeof(*nets));

	for (size_t i = 0; i < spec->n_texts; i++)
		memcpy(&nets[i], spec->texts[i].text, sizeof(*nets));
	m->nets = lang_net_set_new(&p->arena, nets, spec->n_texts);
	free(nets);
	p->n_sets++;
	return m->nets ? 0 : no_memory(err);
}

static int build_order(const struct lang_program *p, const struct lang_spec *spec, struct lang_matcher *m)
{
	const struct lang_slot *slot = &p->slots[spec->slot];
	struct lang_literal literal;

	if (!model_type_is_text(m->type)) {
		memcpy(&m->number, spec->texts[0].text, sizeof(m->number));
		return 0;
	}
	m->text = spec->texts[0];
	if (slot->kind == LANG_VALUE_FIELD && slot->field.id == MODEL_F_EVT_RAWARG &&
	    lang_literal_parse(MODEL_TYPE_INT64, m->text.text, m->text.len, &literal, NULL) == 0) {
		m->is_raw = true;
		m->number = literal.u64;
	}
	return 0;
}

static int matcher_build(struct lang_program *p, const struct lang_spec *spec, struct lang_matcher *m, struct err *err);

static int build_parts(struct lang_program *p, const struct lang_spec *spec, struct lang_matcher *m, struct err *err)
{
	m->parts = arena_alloc(&p->arena, (spec->n_texts ? spec->n_texts : 1) * sizeof(*m->parts));
	if (!m->parts)
		return no_memory(err);
	for (size_t i = 0; i < spec->n_texts; i++) {
		struct lang_spec one = *spec;
		int k;

		one.texts = &spec->texts[i];
		one.n_texts = 1;
		one.family = (uint8_t)lang_family_of(spec->op, m->type);
		one.negate = spec->op == LANG_OP_NE;
		k = matcher_build(p, &one, &m->parts[i], err);
		if (k < 0)
			return k;
	}
	return 0;
}

static int matcher_build(struct lang_program *p, const struct lang_spec *spec, struct lang_matcher *m, struct err *err)
{
	*m = (struct lang_matcher){ .family = spec->family, .op = spec->op, .quantifier = spec->quantifier,
				    .type = p->slots[spec->slot].type.type, .negate = spec->negate, .n = spec->n_texts };
	switch ((enum lang_family)spec->family) {
	case LANG_FAMILY_TEXTS:
		m->texts = lang_text_set_new(&p->arena, spec->texts, spec->n_texts);
		p->n_sets++;
		return m->texts ? 0 : no_memory(err);
	case LANG_FAMILY_NUMBERS:
		return build_numbers(p, spec, m, err);
	case LANG_FAMILY_NETS:
		return build_nets(p, spec, m, err);
	case LANG_FAMILY_PREFIX:
	case LANG_FAMILY_SUFFIX:
		m->affixes = lang_affix_set_new(&p->arena, spec->texts, spec->n_texts, spec->family == LANG_FAMILY_SUFFIX);
		p->n_tries++;
		return m->affixes ? 0 : no_memory(err);
	case LANG_FAMILY_PATHS:
		m->paths = lang_path_set_new(&p->arena, spec->texts, spec->n_texts);
		p->n_tries++;
		return m->paths ? 0 : no_memory(err);
	case LANG_FAMILY_CONTAINS:
	case LANG_FAMILY_ICONTAINS:
		return build_needles(p, spec, m);
	case LANG_FAMILY_GLOB:
	case LANG_FAMILY_IGLOB:
		return build_globs(p, spec, m, err);
	case LANG_FAMILY_REGEX:
		return build_regexes(p, spec, m, err);
	case LANG_FAMILY_ORDER:
		return build_order(p, spec, m);
	case LANG_FAMILY_COUNT:
		return build_parts(p, spec, m, err);
	case LANG_FAMILY_EXISTS:
	case LANG_FAMILY_FIELD:
		break;
	}
	return 0;
}

int lang_matcher_build(struct lang_program *p, const struct lang_spec *spec, struct lang_matcher *ret, struct err *err)
{
	return matcher_build(p, spec, ret, err);
}

/* ---- matching ---- */

bool lang_order_holds(enum lang_op op, int c)
{
	switch (op) {
	case LANG_OP_LT: return c < 0;
	case LANG_OP_LE: return c <= 0;
	case LANG_OP_GT: return c > 0;
	default: return c >= 0;
	}
}

static int compare_number(enum model_type type, uint64_t a, uint64_t b)
{
	if (type == MODEL_TYPE_INT64)
		return ((int64_t)a > (int64_t)b) - ((int64_t)a < (int64_t)b);
	return (a > b) - (a < b);
}

static bool match_order(const struct lang_matcher *m, const struct model_value *v)
{
	struct lang_literal literal;

	if (!model_type_is_text(m->type))
		return lang_order_holds(m->op, compare_number(m->type, v->u64, m->number));
	if (m->is_raw && lang_literal_parse(MODEL_TYPE_INT64, v->text, v->len, &literal, NULL) == 0)
		return lang_order_holds(m->op, compare_number(MODEL_TYPE_INT64, literal.u64, m->number));
	return lang_order_holds(m->op, lang_bytes_compare(&(struct lang_bytes){ v->text, v->len }, &m->text));
}

static bool match_needles(const struct lang_matcher *m, const char *text, size_t len)
{
	if (m->literals)
		return regex_literals_in(m->literals, text, len);
	for (size_t i = 0; i < m->n; i++) {
		if (m->family == LANG_FAMILY_ICONTAINS ? strcasestr(text, m->needles[i].text) != NULL :
		    memmem(text, len, m->needles[i].text, m->needles[i].len) != NULL)
			return true;
	}
	return false;
}

/* The length of the UTF-8 sequence at text, 0 when it is none. */
static size_t utf8_len(const uint8_t *text, size_t len)
{
	size_t n = text[0] < 0x80 ? 1 : text[0] < 0xc2 ? 0 : text[0] < 0xe0 ? 2 : text[0] < 0xf0 ? 3 : text[0] < 0xf5 ? 4 : 0;

	if (n > len)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	if ((text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xed && text[1] > 0x9f) || (text[0] == 0xf0 && text[1] < 0x90) ||
	    (text[0] == 0xf4 && text[1] > 0x8f))
		return 0;
	return n;
}

/* A byte that is no UTF-8 would match nothing, not even '.': a file named with one would slip
 * past every expression. It is read as U+FFFD instead, as Falco does. */
static struct lang_bytes to_utf8(const char *text, size_t len, struct arena *scratch)
{
	size_t i = 0, n = 0, step;
	char *out;

	while (i < len && (step = utf8_len((const uint8_t *)text + i, len - i)))
		i += step;
	if (i == len)
		return (struct lang_bytes){ text, len };
	out = arena_alloc(scratch, 3 * len + 1);
	if (!out)
		return (struct lang_bytes){ text, len };
	for (i = 0; i < len; i += step ? step : 1) {
		step = utf8_len((const uint8_t *)text + i, len - i);
		memcpy(out + n, step ? text + i : "\xef\xbf\xbd", step ? step : 3);
		n += step ? step : 3;
	}
	return (struct lang_bytes){ out, n };
}

static bool match_regexes(const struct lang_matcher *m, const char *text, size_t len, struct arena *scratch)
{
	struct lang_bytes utf8 = to_utf8(text, len, scratch);

	for (size_t i = 0; i < m->n; i++)
		if (regex_match_all(m->regexes[i], utf8.text, utf8.len))
			return true;
	return false;
}

static bool match_globs(const struct lang_matcher *m, const char *text, size_t len)
{
	for (size_t i = 0; i < m->n; i++)
		if (lang_glob_match(m->globs[i], text, len))
			return true;
	return false;
}

static bool match_texts(const struct lang_matcher *m, const char *text, size_t len, const uint64_t *hash)
{
	return lang_text_set_has_length(m->texts, len) &&
	       lang_text_set_has(m->texts, text, len, hash ? *hash : hash_bytes(text, len));
}

static bool match_parts(const struct lang_matcher *m, const struct model_value *v, const uint64_t *hash, struct arena *scratch)
{
	size_t n = 0;

	for (size_t i = 0; i < m->n; i++)
		n += lang_matcher_match(&m->parts[i], v, hash, scratch);
	return m->n && (m->quantifier == LANG_ALLOF ? n == m->n : m->quantifier == LANG_ANYOF ? n > 0 : n == 1);
}

static bool match_value(const struct lang_matcher *m, const struct model_value *v, const uint64_t *hash, struct arena *scratch)
{
	switch ((enum lang_family)m->family) {
	case LANG_FAMILY_EXISTS:
		return true;
	case LANG_FAMILY_TEXTS:
		return match_texts(m, v->text, v->len, hash);
	case LANG_FAMILY_NUMBERS:
		return lang_number_set_has(m->numbers, m->type == MODEL_TYPE_BOOL ? v->boolean : v->u64);
	case LANG_FAMILY_NETS:
		return lang_net_set_has(m->nets, &v->ip);
	case LANG_FAMILY_PREFIX:
	case LANG_FAMILY_SUFFIX:
		return lang_affix_set_match(m->affixes, v->text, v->len);
	case LANG_FAMILY_PATHS:
		return lang_path_set_match(m->paths, v->text, v->len);
	case LANG_FAMILY_CONTAINS:
	case LANG_FAMILY_ICONTAINS:
		return match_needles(m, v->text, v->len);
	case LANG_FAMILY_GLOB:
	case LANG_FAMILY_IGLOB:
		return match_globs(m, v->text, v->len);
	case LANG_FAMILY_REGEX:
		return match_regexes(m, v->text, v->len, scratch);
	case LANG_FAMILY_ORDER:
		return match_order(m, v);
	case LANG_FAMILY_COUNT:
		return match_parts(m, v, hash, scratch);
	case LANG_FAMILY_FIELD:
		break;
	}
	return false;
}

bool lang_matcher_match(const struct lang_matcher *m, const struct model_value *v, const uint64_t *hash, struct arena *scratch)
{
	return match_value(m, v, hash, scratch) != m->negate;
}
