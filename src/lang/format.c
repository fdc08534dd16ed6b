/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Output formats: text with %fields in it. The longest name that is a field is taken:
 * "%proc.name.x" is proc.name and ".x", "%proc.names" is proc.name and "s".
 */
#include "lang/condition_internal.h"
#include "lang/program_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct token {
	const char *text;        /* plain text, or the field as written */
	size_t len;
	uint32_t slot;           /* LANG_NONE for plain text */
	size_t width;            /* 0: as long as it is */
};

struct lang_format {
	struct lang_program *slots;      /* only its slots are used */
	struct token *tokens;
	uint32_t n_tokens, size;
	uint32_t *fields;                /* tokens that are fields */
	uint32_t n_fields, fields_size;
};

struct lang_format *lang_format_free(struct lang_format *f)
{
	if (!f)
		return NULL;
	lang_program_free(f->slots);
	free(f->tokens);
	free(f->fields);
	free(f);
	return NULL;
}

static void add_token(struct lang_format *f, const char *text, size_t len, uint32_t slot, size_t width)
{
	if (len == 0)
		return;
	LANG_RESERVE(f->tokens, f->n_tokens, f->size);
	f->tokens[f->n_tokens] = (struct token){ text, len, slot, width };
	if (slot != LANG_NONE) {
		LANG_RESERVE(f->fields, f->n_fields, f->fields_size);
		f->fields[f->n_fields++] = f->n_tokens;
	}
	f->n_tokens++;
}

/* A field of exactly the first `len` bytes at the cursor, with its argument if it takes one. */
static bool try_field(struct lang_reader *r, size_t len, struct model_field_ref *ret)
{
	struct lang_reader part = *r;
	enum model_field_id id = model_field_by_name(r->text + r->pos, len);
	bool bracket = r->pos + len < r->len && r->text[r->pos + len] == '[';

	part.err = NULL;
	if (bracket && id != MODEL_F_MAX && model_field(id)->flags & (MODEL_FIELD_ARG_INDEX | MODEL_FIELD_ARG_KEY) &&
	    lang_read_field(&part, ret) == 0) {
		r->pos = part.pos;
		return true;
	}
	part = *r;
	part.err = NULL;
	part.len = r->pos + len;
	if (lang_lex_field_name(&part) != len || lang_read_field(&part, ret) < 0)
		return false;
	r->pos = part.pos;
	return true;
}

static int fail_token(struct lang_reader *r)
{
	char here[64];

	return lang_reader_fail(r, r->pos, -EBADMSG, "expected a field or a transformer after '%%', found %s",
				lang_lex_here(r, here));
}

static int read_expr(struct lang_reader *r, struct lang_value_expr **ret)
{
	struct lang_value_expr *e;
	size_t len = lang_lex_field_name(r);
	int k;

	if (!len) {
		k = lang_read_value_expr(r, ret);
		return k ? (k < 0 ? k : 0) : fail_token(r);
	}
	e = arena_alloc(r->arena, sizeof(*e));
	if (!e)
		return lang_reader_no_memory(r, r->pos);
	e->kind = LANG_VALUE_FIELD;
	e->offset = (uint32_t)r->pos;
	*ret = e;
	for (size_t n = len; n; n--)
		if (try_field(r, n, &e->field))
			return 0;
	k = lang_read_field(r, &e->field);   /* for its message */
	return k < 0 ? k : fail_token(r);
}

static int check_expr(struct lang_reader *r, const struct lang_value_expr *e, uint32_t *ret_offset)
{
	struct lang_fault fault = { .err = r->err };
	struct lang_type ignored;
	int k;

	if (e->kind == LANG_VALUE_FIELD && model_field(e->field.id)->flags & MODEL_FIELD_FILTER_ONLY) {
		*ret_offset = e->offset;
		return lang_reader_fail(r, e->offset, -EBADMSG, "field '%s' is for conditions only", e->field.text);
	}
	k = lang_expr_type(e, &ignored, &fault);
	if (k < 0)
		*ret_offset = fault.offset;
	return k;
}

/* Digits at the cursor; negative error when they are no width. */
static int64_t read_width(struct lang_reader *r)
{
	size_t start = r->pos;
	int64_t width = 0;

	for (; r->pos < r->len && r->text[r->pos] >= '0' && r->text[r->pos] <= '9'; r->pos++)
		if (width <= LANG_FORMAT_WIDTH_MAX)
			width = width * 10 + (r->text[r->pos] - '0');
	if (width > LANG_FORMAT_WIDTH_MAX)
		return lang_reader_fail(r, start, -EBADMSG, "a width of more than %d columns", LANG_FORMAT_WIDTH_MAX);
	return width;
}

/* The cursor is behind '%'. */
static int parse_field(struct lang_reader *r, struct lang_format *f, uint32_t *ret_offset)
{
	static const char removed[] = "container.info";
	struct lang_value_expr *expr;
	const char *text;
	int64_t width;
	size_t start;
	uint32_t slot;
	int k;

	if (lang_lex_take(r, removed))
		return 0;
	*ret_offset = (uint32_t)r->pos;
	width = read_width(r);
	if (width < 0)
		return (int)width;
	*ret_offset = (uint32_t)r->pos;
	start = r->pos;
	k = read_expr(r, &expr);
	if (k == 0)
		k = check_expr(r, expr, ret_offset);
	if (k < 0)
		return k;
	slot = lang_slot_of(f->slots, expr);
	text = arena_strndup(r->arena, r->text + start, r->pos - start);
	if (slot == LANG_NONE || !text)
		return lang_reader_no_memory(r, start);
	add_token(f, text, r->pos - start, slot, (size_t)width);
	return 0;
}

static int parse_tokens(struct lang_reader *r, struct lang_format *f, uint32_t *ret_offset)
{
	size_t plain = 0;

	while (r->pos < r->len) {
		const char *percent = memchr(r->text + r->pos, '%', r->len - r->pos);
		int k;

		if (!percent)
			break;
		r->pos = (size_t)(percent - r->text) + 1;
		*ret_offset = (uint32_t)r->pos - 1;
		if (lang_lex_take(r, "%")) {   /* "%%": one of them is text */
			add_token(f, r->text + plain, r->pos - 1 - plain, LANG_NONE, 0);
			plain = r->pos;
			continue;
		}
		if (r->pos == r->len)
			return lang_reader_fail(r, r->pos - 1, -EBADMSG, "a format cannot end with '%%'");
		add_token(f, r->text + plain, r->pos - 1 - plain, LANG_NONE, 0);
		k = parse_field(r, f, ret_offset);
		if (k < 0)
			return k;
		plain = r->pos;
	}
	add_token(f, r->text + plain, r->len - plain, LANG_NONE, 0);
	return 0;
}

int lang_format_parse(const char *text, struct lang_format **ret_format, uint32_t *ret_offset, struct err *err)
{
	struct lang_format *f = mem_alloc(sizeof(*f));
	struct lang_reader r = { .err = err, .len = strlen(text) };
	uint32_t offset = 0;
	int k;

	f->slots = lang_program_new();
	r.arena = &f->slots->arena;
	if (r.len > LANG_FORMAT_BYTES_MAX) {
		r.text = "";
		r.len = 0;
		k = lang_reader_fail(&r, 0, -EBADMSG, "the format is longer than %d bytes", LANG_FORMAT_BYTES_MAX);
	} else {
		r.text = arena_strndup(r.arena, text, r.len);
		k = parse_tokens(&r, f, &offset);
	}
	if (k < 0) {
		if (ret_offset)
			*ret_offset = offset;
		lang_format_free(f);
		return k;
	}
	*ret_format = f;
	return 0;
}

/* ---- printing ---- */

static bool scratch_init(struct lang_scratch *s, const struct lang_format *f, const struct model_record *record,
			 struct arena *arena)
{
	*s = (struct lang_scratch){ .program = f->slots, .record = record, .arena = arena, .generation = 1 };
	s->values = arena_alloc(arena, (f->slots->n_slots ? f->slots->n_slots : 1) * sizeof(*s->values));
	return s->values != NULL;
}

static void pad(struct strbuf *out, const char *text, size_t len, size_t width)
{
	if (width && len > width)
		len = width;
	strbuf_add(out, text, len);
	for (; len < width; len++)
		strbuf_addc(out, ' ');
}

static void print_field(struct lang_scratch *s, const struct token *t, struct strbuf *out)
{
	const struct lang_slot_value *v = s->values ? lang_slot_fetch(s, t->slot) : NULL;
	struct lang_type type = s->program->slots[t->slot].type;
	struct strbuf sb;

	if (!v || v->state != MODEL_SET) {
		pad(out, "<NA>", 4, t->width);
		return;
	}
	if (!t->width) {
		model_value_print(&v->value, type.type, type.many != LANG_ONE, out);
		return;
	}
	strbuf_init(&sb, LANG_FORMAT_WIDTH_MAX);
	model_value_print(&v->value, type.type, type.many != LANG_ONE, &sb);
	pad(out, sb.text, sb.len, t->width);
	strbuf_done(&sb);
}

void lang_format_print(const struct lang_format *f, const struct model_record *record, struct arena *arena, struct strbuf *out)
{
	struct lang_scratch s;

	scratch_init(&s, f, record, arena);
	for (uint32_t i = 0; i < f->n_tokens; i++) {
		const struct token *t = &f->tokens[i];

		if (t->slot == LANG_NONE)
			strbuf_add(out, t->text, t->len);
		else
			print_field(&s, t, out);
	}
}

size_t lang_format_fields(const struct lang_format *f)
{
	return f->n_fields;
}

void lang_format_field_get(const struct lang_format *f, size_t i, const struct model_record *record, struct arena *arena,
			   struct lang_format_field *ret)
{
	const struct token *t = &f->tokens[f->fields[i]];
	struct lang_type type = f->slots->slots[t->slot].type;
	struct lang_format_field field = { .text = t->text, .type = type.type, .is_list = type.many != LANG_ONE, .state = MODEL_UNSET };
	struct lang_scratch s;

	if (scratch_init(&s, f, record, arena)) {
		const struct lang_slot_value *v = lang_slot_fetch(&s, t->slot);

		field.state = v->state;
		field.value = v->value;
	}
	*ret = field;
}
