/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_BASE_STRBUF_H
#define PARKA_BASE_STRBUF_H
/*
 * A growing text buffer with a maximum.
 *
 * `text` is always NUL-terminated and valid (also when empty). Past `max_bytes`
 * the append is cut, `truncated` is set, and nothing fails: the caller that cares
 * looks at the flag. Reuse with strbuf_reset(): the memory stays.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct strbuf {
	char *text;
	size_t len, size, max_bytes;
	bool truncated;
};

void strbuf_init(struct strbuf *sb, size_t max_bytes);
void strbuf_done(struct strbuf *sb);
void strbuf_reset(struct strbuf *sb);
void strbuf_add(struct strbuf *sb, const char *text, size_t len);
void strbuf_adds(struct strbuf *sb, const char *text);
void strbuf_addc(struct strbuf *sb, char c);
void strbuf_addf(struct strbuf *sb, const char *format, ...) __attribute__((format(printf, 2, 3)));
void strbuf_vaddf(struct strbuf *sb, const char *format, va_list args) __attribute__((format(printf, 2, 0)));

#define _cleanup_strbuf_ __attribute__((cleanup(strbuf_done)))

#endif
