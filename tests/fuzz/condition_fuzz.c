/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A condition from hostile text: parsed, printed, parsed again (equal print), checked, compiled,
 * asked about a record whose values come from the same bytes. The input is "condition\0values";
 * after the first NUL each byte decides about one field. The text is tried as an output format too.
 */
#include "lang/condition.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct fuzz_record {
	struct model_record record;
	const uint8_t *bytes;
	size_t n;
};

static int fuzz_get(const struct model_record *record, const struct model_field_ref *ref, struct arena *scratch,
		    struct model_value *ret)
{
	const struct fuzz_record *r = container_of(record, struct fuzz_record, record);
	const struct model_field *f = model_field(ref->id);
	uint8_t choice = r->n ? r->bytes[ref->id % r->n] : 1;
	struct model_value v = { .u64 = choice };

	if (choice % 8 == 0)
		return choice % 16 ? MODEL_UNKNOWN : MODEL_UNSET;
	if (model_type_is_text(f->type) || f->type == MODEL_TYPE_BYTES) {
		v.text = arena_strndup(scratch, (const char *)r->bytes, choice < r->n ? choice : r->n);
		v.len = choice < r->n ? choice : r->n;
	} else if (f->type == MODEL_TYPE_BOOL) {
		v.boolean = choice & 1;
	} else if (f->type == MODEL_TYPE_IP || f->type == MODEL_TYPE_NET) {
		v.ip = (struct model_ip){ .family = choice & 1 ? 4 : 6, .bytes = { choice, 1, 2, 3 } };
	}
	if (f->flags & MODEL_FIELD_LIST ||
	    (!ref->has_arg && f->flags & (MODEL_FIELD_ANCESTOR | MODEL_FIELD_BOTH_ENDS))) {
		struct model_value *items = arena_alloc(scratch, 3 * sizeof(*items));

		items[0] = items[1] = items[2] = v;
		v = (struct model_value){ .list = items, .n = choice % 4 };
	}
	*ret = v;
	return MODEL_SET;
}

static void print_again(struct arena *arena, const struct lang_node *node)
{
	struct lang_node *again;
	struct strbuf a, b;

	strbuf_init(&a, 1 << 24);
	strbuf_init(&b, 1 << 24);
	lang_node_print(node, &a);
	if (lang_parse(arena, a.text, a.len, 0, &again, NULL) < 0)
		abort();
	lang_node_print(again, &b);
	if (strcmp(a.text, b.text) != 0)
		abort();
	strbuf_done(&a);
	strbuf_done(&b);
}

static void judge(const struct lang_node *node, struct fuzz_record *r)
{
	struct lang_program *program = lang_program_new();
	struct lang_scratch *scratch;
	struct model_event_set types = lang_event_types(node, NULL);
	uint32_t index;

	if (lang_program_add(program, node, NULL, NULL, NULL, NULL) < 0 || lang_program_seal(program, NULL) < 0) {
		lang_program_free(program);
		return;
	}
	scratch = lang_scratch_new(program);
	for (unsigned t = 0; t < MODEL_EVT_MAX; t += 13) {
		r->record.event = t;
		if (lang_program_match(program, scratch, &r->record, &index, 1) && t && !model_event_set_has(&types, t))
			abort();
		lang_scratch_begin(scratch, &r->record);
		lang_program_eval(program, scratch, 0);
	}
	lang_scratch_free(scratch);
	lang_program_free(program);
}

static void try_format(const char *text, struct arena *arena, struct fuzz_record *r)
{
	struct lang_format *format;
	struct strbuf sb;

	if (lang_format_parse(text, &format, NULL, NULL) < 0)
		return;
	strbuf_init(&sb, 1 << 20);
	lang_format_print(format, &r->record, arena, &sb);
	strbuf_done(&sb);
	lang_format_free(format);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct model_record_ops ops = { .get = fuzz_get };
	size_t len = strnlen((const char *)data, size);
	struct fuzz_record r = { .record = { .ops = &ops }, .bytes = data + len, .n = size - len };
	char *text = malloc(len + 1);
	struct lang_node *node;
	struct arena arena;

	memcpy(text, data, len);
	text[len] = '\0';
	arena_init(&arena, 64 << 20);
	if (lang_parse(&arena, text, len, 0, &node, NULL) == 0) {
		print_again(&arena, node);
		if (lang_check_types(node, NULL, NULL, NULL) == 0)
			judge(node, &r);
	}
	try_format(text, &arena, &r);
	arena_done(&arena);
	free(text);
	return 0;
}
