/* SPDX-License-Identifier: Apache-2.0 */
/* Fields with their arguments: `proc.name`, `proc.aname[2]`, `evt.arg.flags`, `container.mount.dest[/etc*]`. */
#include "lang/condition_internal.h"
#include "base/suggest.h"

#include <errno.h>
#include <string.h>

/* Fields whose argument may also follow a dot, as Falco allows it. Not all that take a key: a
 * misspelt container.mount.dset would become the mount "dset". */
static const enum model_field_id dotted_key_fields[] = {
	MODEL_F_EVT_ARG, MODEL_F_EVT_RAWARG, MODEL_F_EVT_TYPE_IS, MODEL_F_THREAD_CGROUP,
	MODEL_F_CONTAINER_LABEL, MODEL_F_K8S_POD_LABEL,
};

static bool takes_dotted_key(enum model_field_id id)
{
	for (size_t i = 0; i < ARRAY_LEN(dotted_key_fields); i++)
		if (dotted_key_fields[i] == id)
			return true;
	return false;
}

static int fail_unknown(struct lang_reader *r, size_t offset, size_t len)
{
	const char *name = r->text + offset;
	struct suggestion s = SUGGESTION(name, len);
	const char *reason = model_field_missing(name, len);
	int shown = len > 120 ? 120 : (int)len;

	if (reason)
		return lang_reader_fail(r, offset, -ENOENT, "nonexistent field '%.*s': parka does not have this field of Falco's: %s",
					shown, name, reason);
	for (unsigned i = 0; i < MODEL_F_MAX; i++)
		suggestion_offer(&s, model_field(i)->name, strlen(model_field(i)->name));
	if (s.best)
		return lang_reader_fail(r, offset, -ENOENT, "nonexistent field '%.*s'; did you mean '%s'?", shown, name, s.best);
	return lang_reader_fail(r, offset, -ENOENT, "nonexistent field '%.*s' (`parka fields` lists them)", shown, name);
}

/* The longest known field that `name` starts with, at a dot; *ret_rest is its key, NULL without. */
static enum model_field_id find_field(const char *name, size_t len, const char **ret_rest)
{
	enum model_field_id id = model_field_by_name(name, len);

	*ret_rest = NULL;
	for (size_t n = len; id == MODEL_F_MAX && n > 0; n--) {
		if (name[n - 1] != '.')
			continue;
		id = model_field_by_name(name, n - 1);
		if (id != MODEL_F_MAX && !takes_dotted_key(id))
			return MODEL_F_MAX;
		*ret_rest = name + n;
	}
	return id;
}

static int read_bracket(struct lang_reader *r, struct lang_text *ret)
{
	size_t start = r->pos;
	int k = lang_lex_quoted(r, ret);

	if (k < 0)
		return k;
	if (k == 0) {
		while (r->pos < r->len && (unsigned char)r->text[r->pos] > ' ' && !strchr("[]\"'", r->text[r->pos]))
			r->pos++;
		if (r->pos == start) {
			char here[64];
			return lang_reader_fail(r, r->pos, -EBADMSG, "expected the argument of the field, "
						"plain or quoted, found %s", lang_lex_here(r, here));
		}
		*ret = (struct lang_text){ r->text + start, r->pos - start, (uint32_t)start, false };
	}
	if (!lang_lex_take(r, "]"))
		return lang_reader_fail(r, r->pos, -EBADMSG, "expected ']' after the argument of the field");
	if (ret->len > LANG_FIELD_ARG_MAX)
		return lang_reader_fail(r, start, -EBADMSG, "the argument of the field is longer than %d bytes", LANG_FIELD_ARG_MAX);
	return 0;
}

/* -1 when the text is no plain decimal number. */
static int64_t parse_index(const char *text, size_t len)
{
	int64_t n = 0;

	if (len == 0 || len > 9)
		return -1;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		n = n * 10 + (text[i] - '0');
	}
	return n;
}

static bool is_plain_key(const char *key, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (key[i] <= ' ' || strchr("[]\"'\\", key[i]))
			return false;
	return len > 0;
}

static bool is_dot_key(const char *key, size_t len)
{
	struct lang_reader r = { .text = key, .len = len };

	return len > 0 && lang_lex_identifier(&r) == len;
}

/* One spelling per field and argument: evt.arg[flags] and evt.arg.flags are one field. */
static const char *canonical_text(struct lang_reader *r, const struct model_field *f, enum model_field_id id,
				  const char *key, size_t len)
{
	struct strbuf sb;
	char *text;

	strbuf_init(&sb, 2 * LANG_FIELD_ARG_MAX + 256);
	strbuf_adds(&sb, f->name);
	if (key && takes_dotted_key(id) && is_dot_key(key, len)) {
		strbuf_addc(&sb, '.');
		strbuf_add(&sb, key, len);
	} else if (key) {
		strbuf_addc(&sb, '[');
		lang_text_print(key, len, !is_plain_key(key, len), &sb);
		strbuf_addc(&sb, ']');
	}
	text = arena_strndup(r->arena, sb.text, sb.len);
	strbuf_done(&sb);
	return text;
}

static int check_arg(struct lang_reader *r, size_t offset, const struct model_field *f, bool has_arg, int64_t index)
{
	const unsigned takes = MODEL_FIELD_ARG_INDEX | MODEL_FIELD_ARG_KEY;

	if (has_arg && !(f->flags & takes))
		return lang_reader_fail(r, offset, -EBADMSG, "field '%s' takes no argument", f->name);
	if (!has_arg && (f->flags & takes) && !(f->flags & MODEL_FIELD_ARG_OPTIONAL))
		return lang_reader_fail(r, offset, -EBADMSG, "field '%s' needs an argument: %s[%s]", f->name, f->name,
					f->flags & MODEL_FIELD_ARG_KEY ? "name" : "number");
	if (has_arg && index < 0 && !(f->flags & MODEL_FIELD_ARG_KEY))
		return lang_reader_fail(r, offset, -EBADMSG, "the argument of field '%s' must be a number: %s[2]", f->name, f->name);
	return 0;
}

int lang_read_field(struct lang_reader *r, struct model_field_ref *ret)
{
	size_t offset = r->pos, len = lang_lex_field_name(r);
	const char *rest, *key = NULL, *text;
	bool has_arg = false;
	size_t key_len = 0;
	enum model_field_id id = find_field(r->text + offset, len, &rest);
	struct lang_text arg;
	int64_t index;
	int k;

	if (id == MODEL_F_MAX)
		return fail_unknown(r, offset, len);
	r->pos += len;
	if (rest) {
		has_arg = true;
		key_len = (size_t)(r->text + r->pos - rest);
		key = arena_strndup(r->arena, rest, key_len);
	} else if (lang_lex_take(r, "[")) {
		has_arg = true;
		k = read_bracket(r, &arg);
		if (k < 0)
			return k;
		key_len = arg.len;
		key = arena_strndup(r->arena, arg.text, arg.len);
	}
	if (has_arg && !key)
		return lang_reader_no_memory(r, offset);
	index = key && !rest && model_field(id)->flags & MODEL_FIELD_ARG_INDEX ? parse_index(key, key_len) : -1;
	k = check_arg(r, offset, model_field(id), has_arg, index);
	if (k < 0)
		return k;
	text = canonical_text(r, model_field(id), id, key, key_len);
	if (!text)
		return lang_reader_no_memory(r, offset);
	*ret = (struct model_field_ref){ .id = id, .has_arg = has_arg, .index = index, .key = key, .text = text };
	return 0;
}
