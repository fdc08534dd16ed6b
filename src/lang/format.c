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
	uint32_t at, len;        /* in the format's texts: plain text, or the field as written, with a NUL */
	uint32_t slot;           /* LANG_NONE for plain text */
	uint32_t width;          /* 0: as long as it is */
};

struct lang_formats {
	struct lang_program *program;    /* only its slots are used */
	struct lang_slot_value *values;
	uint32_t n_values, generation;   /* one per printing */
};

struct lang_format {
	struct lang_formats *shared, *own;   /* own: made for this format alone */
	struct token *tokens;
	uint32_t n_tokens, size;
	uint32_t *fields;                /* tokens that are fields */
	uint32_t n_fields, fields_size;
	char *texts;                     /* the format, then the fields as written */
	uint32_t texts_len;
};

struct lang_formats *lang_formats_new(void)
{
	struct lang_formats *formats = mem_alloc(sizeof(*formats));

	formats->program = lang_program_new();
	return formats;
}

struct lang_formats *lang_formats_free(struct lang_formats *formats)
{
	if (!formats)
		return NULL;
	lang_program_free(formats->program);
	free(formats->values);
	free(formats);
	return NULL;
}

struct lang_format *lang_format_free(struct lang_format *f)
{
	if (!f)
		return NULL;
	lang_formats_free(f->own);
	free(f->tokens);
	free(f->fields);
	free(f->texts);
	free(f);
	return NULL;
}

static void add_token(struct lang_format *f, size_t at, size_t len, uint32_t slot, size_t width)
{
	if (len == 0)
		return;
	LANG_RESERVE(f->tokens, f->n_tokens, f->size);
	f->tokens[f->n_tokens] = (struct token){ (uint32_t)at, (uint32_t)len, slot, (uint32_t)width };
	if (slot != LANG_NONE) {
		LANG_RESERVE(f->fields, f->n_fields, f->fields_size);
		f->fields[f->n_fields++] = f->n_tokens;
	}
	f->n_tokens++;
}

/* Copied behind what is there, with a NUL; its place. There is room: see lang_format_parse_in(). */
static uint32_t add_text(struct lang_format *f, const char *text, size_t len)
{
	uint32_t at = f->texts_len;

	memcpy(f->texts + at, text, len);
	f->texts[at + len] = '\0';
	f->texts_len += (uint32_t)len + 1;
	return at;
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
	slot = lang_slot_of(f->shared->program, expr);
	if (slot == LANG_NONE)
		return lang_reader_no_memory(r, start);
	add_token(f, add_text(f, r->text + start, r->pos - start), r->pos - start, slot, (size_t)width);
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
			add_token(f, plain, r->pos - 1 - plain, LANG_NONE, 0);
			plain = r->pos;
			continue;
		}
		if (r->pos == r->len)
			return lang_reader_fail(r, r->pos - 1, -EBADMSG, "a format cannot end with '%%'");
		add_token(f, plain, r->pos - 1 - plain, LANG_NONE, 0);
		k = parse_field(r, f, ret_offset);
		if (k < 0)
			return k;
		plain = r->pos;
	}
	add_token(f, plain, r->len - plain, LANG_NONE, 0);
	return 0;
}

static void shrink(struct lang_format *f)
{
	f->tokens = mem_grow(f->tokens, f->n_tokens, sizeof(*f->tokens));
	f->fields = mem_grow(f->fields, f->n_fields, sizeof(*f->fields));
	f->texts = mem_grow(f->texts, f->texts_len, 1);
}

int lang_format_parse_in(struct lang_formats *formats, const char *text, struct lang_format **ret_format, uint32_t *ret_offset,
			 struct err *err)
{
	struct lang_format *f = mem_alloc(sizeof(*f));
	struct lang_reader r = { .err = err, .len = strlen(text) };
	struct arena arena;
	uint32_t offset = 0;
	int k;

	arena_init(&arena, LANG_PROGRAM_BYTES_MAX);
	r.arena = &arena;
	f->own = formats ? NULL : lang_formats_new();
	f->shared = formats ? formats : f->own;
	if (r.len > LANG_FORMAT_BYTES_MAX) {
		r.text = "";
		r.len = 0;
		k = lang_reader_fail(&r, 0, -EBADMSG, "the format is longer than %d bytes", LANG_FORMAT_BYTES_MAX);
	} else {
		/* A field takes a '%' and a byte at least: with its NUL it is no longer than it stands there. */
		f->texts = mem_array(2 * r.len + 2, 1);
		add_text(f, text, r.len);
		r.text = f->texts;
		k = parse_tokens(&r, f, &offset);
	}
	arena_done(&arena);
	if (k < 0) {
		if (ret_offset)
			*ret_offset = offset;
		lang_format_free(f);
		return k;
	}
	shrink(f);
	*ret_format = f;
	return 0;
}

int lang_format_parse(const char *text, struct lang_format **ret_format, uint32_t *ret_offset, struct err *err)
{
	return lang_format_parse_in(NULL, text, ret_format, ret_offset, err);
}

/* ---- printing ---- */

/* Values of earlier printings are of an earlier generation. */
static struct lang_scratch scratch_of(struct lang_formats *formats, const struct model_record *record, struct arena *arena)
{
	uint32_t n = formats->program->n_slots;

	if (formats->n_values < n || formats->generation == UINT32_MAX) {
		formats->values = mem_grow(formats->values, n, sizeof(*formats->values));
		memset(formats->values, 0, n * sizeof(*formats->values));
		formats->n_values = n;
		formats->generation = 0;
	}
	return (struct lang_scratch){ .program = formats->program, .record = record, .arena = arena, .values = formats->values,
				      .generation = ++formats->generation };
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
	const struct lang_slot_value *v = lang_slot_fetch(s, t->slot);
	struct lang_type type = s->program->slots[t->slot].type;
	struct strbuf sb;

	if (v->state != MODEL_SET) {
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
	struct lang_scratch s = scratch_of(f->shared, record, arena);

	for (uint32_t i = 0; i < f->n_tokens; i++) {
		const struct token *t = &f->tokens[i];

		if (t->slot == LANG_NONE)
			strbuf_add(out, f->texts + t->at, t->len);
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
	struct lang_type type = f->shared->program->slots[t->slot].type;
	struct lang_scratch s = scratch_of(f->shared, record, arena);
	const struct lang_slot_value *v = lang_slot_fetch(&s, t->slot);

	*ret = (struct lang_format_field){ .text = f->texts + t->at, .type = type.type, .is_list = type.many != LANG_ONE,
					   .state = v->state, .value = v->value };
}
