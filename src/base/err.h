/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_BASE_ERR_H
#define PARKA_BASE_ERR_H
/*
 * Errors: one way for all of parka.
 *
 * A function that can fail returns 0 or a count on success and a negative errno
 * on failure, and takes a `struct err *` as its last argument. On success the
 * struct is untouched; on failure it holds the code, a message for a person, and,
 * where the failure is about some input, its name, line and column. `ret_*`
 * out-parameters are never written on failure.
 *
 *     return err_set(err, -errno, "open %s", path);        // "open /x: No such file"
 *     if (r < 0) return err_wrap(err, "loading %s", path); // "loading rules: open /x: ..."
 *
 * `err` may be NULL everywhere: the code still comes back, the text is dropped.
 * Not for warnings: those are collected by whoever produces many (lang_diag).
 * Thread: any; a struct err belongs to one thread.
 */
#include <stdarg.h>
#include <stddef.h>

enum { ERR_TEXT_MAX = 1024, ERR_INPUT_MAX = 256 };

struct err {
	int code;                    /* negative errno; 0 = no error */
	unsigned line, column;       /* 1-based place in the input; 0 = not known */
	char input[ERR_INPUT_MAX];   /* file name or other name of the input; "" = none */
	char text[ERR_TEXT_MAX];     /* one line, no trailing newline */
};

#define ERR_INIT ((struct err){ 0 })

/* Record a failure and return `code` (must be negative). When code is a plain
 * errno with an OS meaning (not -EINVAL, -E2BIG, -EBADMSG, -ENOENT by choice),
 * use err_set_os() to have strerror appended. */
int err_set(struct err *err, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
int err_set_os(struct err *err, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* As err_set, and where in the input it is. `input` may be NULL. */
int err_set_at(struct err *err, int code, const char *input, unsigned line, unsigned column,
	       const char *format, ...) __attribute__((format(printf, 6, 7)));

/* Put "context: " before the text that is there; returns the code that is there. */
int err_wrap(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
