/* SPDX-License-Identifier: Apache-2.0 */
#include "base/strbuf.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char empty_text[1] = "";

void strbuf_init(struct strbuf *sb, size_t max_bytes)
{
	*sb = (struct strbuf){ .text = empty_text, .max_bytes = max_bytes };
}

void strbuf_done(struct strbuf *sb)
{
	if (sb->size)
		free(sb->text);
	strbuf_init(sb, sb->max_bytes);
}

void strbuf_reset(struct strbuf *sb)
{
	sb->len = 0;
	sb->truncated = false;
	if (sb->size)
		sb->text[0] = '\0';
}

/* Make room for `more` bytes and the NUL; returns how many of them fit. */
static size_t strbuf_room(struct strbuf *sb, size_t more)
{
	size_t need, size;

	if (more > sb->max_bytes - sb->len) {
		sb->truncated = true;
		more = sb->max_bytes - sb->len;
	}
	need = sb->len + more + 1;
	if (need <= sb->size)
		return more;
	size = sb->size ? sb->size : 64;
	while (size < need)
		size *= 2;
	sb->text = mem_grow(sb->size ? sb->text : NULL, size, 1);
	sb->size = size;
	return more;
}

void strbuf_add(struct strbuf *sb, const char *text, size_t len)
{
	len = strbuf_room(sb, len);
	if (len)
		memcpy(sb->text + sb->len, text, len);
	sb->len += len;
	sb->text[sb->len] = '\0';
}

void strbuf_adds(struct strbuf *sb, const char *text)
{
	strbuf_add(sb, text, strlen(text));
}

void strbuf_addc(struct strbuf *sb, char c)
{
	strbuf_add(sb, &c, 1);
}

void strbuf_vaddf(struct strbuf *sb, const char *format, va_list args)
{
	va_list again;
	char small[256];
	int len;

	va_copy(again, args);
	len = vsnprintf(small, sizeof(small), format, args);
	if (len >= 0 && (size_t)len < sizeof(small)) {
		strbuf_add(sb, small, (size_t)len);
	} else if (len >= 0) {
		_cleanup_free_ char *big = mem_alloc((size_t)len + 1);
		vsnprintf(big, (size_t)len + 1, format, again);
		strbuf_add(sb, big, (size_t)len);
	}
	va_end(again);
}

void strbuf_addf(struct strbuf *sb, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	strbuf_vaddf(sb, format, args);
	va_end(args);
}
