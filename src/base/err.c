/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

__attribute__((format(printf, 3, 0)))
static void err_fill(struct err *err, int code, const char *format, va_list args)
{
	err->code = code;
	err->line = 0;
	err->column = 0;
	err->input[0] = '\0';
	vsnprintf(err->text, sizeof(err->text), format, args);
}

int err_set(struct err *err, int code, const char *format, ...)
{
	va_list args;

	assert(code < 0);
	if (!err)
		return code;
	va_start(args, format);
	err_fill(err, code, format, args);
	va_end(args);
	return code;
}

int err_set_os(struct err *err, int code, const char *format, ...)
{
	va_list args;
	size_t len;

	assert(code < 0);
	if (!err)
		return code;
	va_start(args, format);
	err_fill(err, code, format, args);
	va_end(args);
	len = strlen(err->text);
	snprintf(err->text + len, sizeof(err->text) - len, ": %s", strerror(-code));
	return code;
}

int err_set_at(struct err *err, int code, const char *input, unsigned line, unsigned column,
	       const char *format, ...)
{
	va_list args;

	assert(code < 0);
	if (!err)
		return code;
	va_start(args, format);
	err_fill(err, code, format, args);
	va_end(args);
	err->line = line;
	err->column = column;
	if (input)
		snprintf(err->input, sizeof(err->input), "%s", input);
	return code;
}

int err_wrap(struct err *err, const char *format, ...)
{
	char old[ERR_TEXT_MAX];
	va_list args;
	size_t len;

	if (!err)
		return -1;
	memcpy(old, err->text, sizeof(old));
	va_start(args, format);
	vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	len = strlen(err->text);
	snprintf(err->text + len, sizeof(err->text) - len, ": %s", old);
	return err->code;
}
