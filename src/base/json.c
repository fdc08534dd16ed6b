/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <errno.h>
#include <math.h>
#include <string.h>

int json_parse(const char *text, size_t len, const char *input, json_t **ret_json, struct err *err)
{
	json_error_t e;
	json_t *json = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &e);

	if (!json)
		return err_set_at(err, -EBADMSG, input, (unsigned)e.line, (unsigned)e.column, "not valid JSON: %s", e.text);
	*ret_json = json;
	return 0;
}

void json_unref_at(json_t **json)
{
	json_decref(*json);
}

static json_t *json_at_list(const json_t *json, const char *key, va_list keys)
{
	while (key && json) {
		json = json_object_get(json, key);
		key = va_arg(keys, const char *);
	}
	return (json_t *)json;
}

json_t *json_at(const json_t *json, const char *key, ...)
{
	va_list keys;
	json_t *found;

	va_start(keys, key);
	found = json_at_list(json, key, keys);
	va_end(keys);
	return found;
}

const char *json_text(const json_t *json, const char *key, ...)
{
	va_list keys;
	json_t *found;

	va_start(keys, key);
	found = json_at_list(json, key, keys);
	va_end(keys);
	return json_string_value(found);
}

struct json_writer json_writer(struct strbuf *out)
{
	return (struct json_writer){ .out = out };
}

/* Length of the valid UTF-8 sequence at p, or 0 (RFC 3629: no overlong, no surrogates). */
static size_t utf8_len(const unsigned char *p, size_t left)
{
	unsigned c = p[0];
	size_t n = c < 0x80 ? 1 : c >= 0xc2 && c <= 0xdf ? 2 : (c & 0xf0) == 0xe0 ? 3 : c >= 0xf0 && c <= 0xf4 ? 4 : 0;

	if (n == 0 || n > left)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((c == 0xe0 && p[1] < 0xa0) || (c == 0xed && p[1] > 0x9f) ||
	    (c == 0xf0 && p[1] < 0x90) || (c == 0xf4 && p[1] > 0x8f))
		return 0;
	return n;
}

static void json_add_quoted(struct strbuf *out, const char *text, size_t len)
{
	static const char escapes[] = "\"\"\\\\\bb\ff\nn\rr\tt";
	const unsigned char *p = (const unsigned char *)text;

	strbuf_addc(out, '"');
	for (size_t i = 0; i < len;) {
		const char *e = p[i] && p[i] < 0x80 ? strchr(escapes, p[i]) : NULL;
		size_t n = utf8_len(p + i, len - i);

		if (e && (e - escapes) % 2 == 0) {
			strbuf_addc(out, '\\');
			strbuf_addc(out, e[1]);
			i++;
		} else if (n == 0 || p[i] < 0x20 || p[i] == 0x7f) {
			strbuf_addf(out, "\\u%04x", p[i]);
			i++;
		} else {
			strbuf_add(out, text + i, n);
			i += n;
		}
	}
	strbuf_addc(out, '"');
}

static void json_key(struct json_writer *w, const char *key)
{
	if (w->need_comma)
		strbuf_addc(w->out, ',');
	w->need_comma = true;
	if (key) {
		json_add_quoted(w->out, key, strlen(key));
		strbuf_addc(w->out, ':');
	}
}

static void json_open(struct json_writer *w, const char *key, char c)
{
	json_key(w, key);
	strbuf_addc(w->out, c);
	w->need_comma = false;
}

static void json_close(struct json_writer *w, char c)
{
	strbuf_addc(w->out, c);
	w->need_comma = true;
}

void json_object_begin(struct json_writer *w, const char *key)
{
	json_open(w, key, '{');
}

void json_object_end(struct json_writer *w)
{
	json_close(w, '}');
}

void json_array_begin(struct json_writer *w, const char *key)
{
	json_open(w, key, '[');
}

void json_array_end(struct json_writer *w)
{
	json_close(w, ']');
}

void json_put_text(struct json_writer *w, const char *key, const char *text, size_t len)
{
	json_key(w, key);
	json_add_quoted(w->out, text, len);
}

void json_put_str(struct json_writer *w, const char *key, const char *text)
{
	if (text)
		json_put_text(w, key, text, strlen(text));
	else
		json_put_null(w, key);
}

void json_put_int(struct json_writer *w, const char *key, int64_t value)
{
	json_key(w, key);
	strbuf_addf(w->out, "%lld", (long long)value);
}

void json_put_uint(struct json_writer *w, const char *key, uint64_t value)
{
	json_key(w, key);
	strbuf_addf(w->out, "%llu", (unsigned long long)value);
}

void json_put_double(struct json_writer *w, const char *key, double value)
{
	json_key(w, key);
	if (isfinite(value))
		strbuf_addf(w->out, "%.17g", value);
	else
		strbuf_adds(w->out, "null");
}

void json_put_bool(struct json_writer *w, const char *key, bool value)
{
	json_key(w, key);
	strbuf_adds(w->out, value ? "true" : "false");
}

void json_put_null(struct json_writer *w, const char *key)
{
	json_key(w, key);
	strbuf_adds(w->out, "null");
}

void json_put_raw(struct json_writer *w, const char *key, const char *json)
{
	json_key(w, key);
	strbuf_adds(w->out, json);
}
