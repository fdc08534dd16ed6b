/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_BASE_DECOMPRESS_H
#define PARKA_BASE_DECOMPRESS_H
/*
 * Gzip (zlib) and zstd, undone as a stream. The seam to zlib. Several members or frames in a row are one text, as gzip -d and zstd -d
 * have it. How much may come out is the caller's to limit. zstd windows past 128 MiB are refused (-EBADMSG).
 * Thread: one per object.
 */
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum decompress_format { DECOMPRESS_NONE, DECOMPRESS_GZIP, DECOMPRESS_ZSTD, DECOMPRESS_XZ, DECOMPRESS_BZIP2 };
enum { DECOMPRESS_HEAD_BYTES = 6 };

/* By the first bytes (RFC 1952; RFC 8878; the xz and bzip2 formats, which are only told apart, not undone). */
enum decompress_format decompress_format_of(const void *head, size_t len);
const char *decompress_format_name(enum decompress_format format);   /* "gzip" */

struct decompress;
/* NULL: the format is not one that is undone here. */
struct decompress *decompress_new(enum decompress_format format);
struct decompress *decompress_free(struct decompress *d);            /* NULL is fine; returns NULL */

/* Takes bytes from *in, up to in_len, and moves both along; puts up to out_len bytes to out. Returns how many; 0: wants more input, or is
 * at the end (decompress_is_at_end: the text may end here). -EBADMSG: broken. */
ssize_t decompress_run(struct decompress *d, const unsigned char **in, size_t *in_len, void *out, size_t out_len, struct err *err);
bool decompress_is_at_end(const struct decompress *d);

#endif
