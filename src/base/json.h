/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_BASE_JSON_H
#define PARKA_BASE_JSON_H
/*
 * JSON: reading through jansson (this header is its seam: others may use the json_*
 * calls of <jansson.h>, which it includes), writing with a small streaming writer.
 *
 * Reading has limits: bytes (the caller's), depth (jansson's 2048). Errors carry line
 * and column. Duplicate keys are refused.
 *
 * Writing keeps the order of the calls, so the same calls give the same bytes. Strings
 * that are not UTF-8 are written with each bad byte as \u00XX (Latin-1 reading):
 * nothing an attacker names a file breaks the line.
 */
#include "base/err.h"
#include "base/strbuf.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* Parse one document. `input` names it in errors. Free with json_decref(). */
int json_parse(const char *text, size_t len, const char *input, json_t **ret_json, struct err *err);
void json_unref_at(json_t **json);
#define _cleanup_json_ __attribute__((cleanup(json_unref_at)))

/* NULL-tolerant getters: NULL (or 0, false) when the object or key is not there or has
 * another type. Dotted look-up walks nested objects: json_text(doc, "Config", "User", NULL). */
json_t *json_at(const json_t *json, const char *key, ...) __attribute__((sentinel));
const char *json_text(const json_t *json, const char *key, ...) __attribute__((sentinel));

/* ---- writing ---- */
struct json_writer {
	struct strbuf *out;
	bool need_comma;
};

struct json_writer json_writer(struct strbuf *out);
void json_object_begin(struct json_writer *w, const char *key);   /* key NULL inside arrays and at the top */
void json_object_end(struct json_writer *w);
void json_array_begin(struct json_writer *w, const char *key);
void json_array_end(struct json_writer *w);
void json_put_text(struct json_writer *w, const char *key, const char *text, size_t len);
void json_put_str(struct json_writer *w, const char *key, const char *text);   /* NULL writes null */
void json_put_int(struct json_writer *w, const char *key, int64_t value);
void json_put_uint(struct json_writer *w, const char *key, uint64_t value);
void json_put_double(struct json_writer *w, const char *key, double value);
void json_put_bool(struct json_writer *w, const char *key, bool value);
void json_put_null(struct json_writer *w, const char *key);
void json_put_raw(struct json_writer *w, const char *key, const char *json);   /* already JSON */

#endif
