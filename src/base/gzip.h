/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_BASE_GZIP_H
#define PARKA_BASE_GZIP_H
/* Unpacking gzip (RFC 1952) in memory, with a limit: base/decompress.h for those who have it all. Thread: any. */
#include "base/err.h"
#include "base/mem.h"

/* The text of `bytes`, NUL-terminated in the arena. -E2BIG past max_bytes, -EBADMSG when it is damaged, cut off, or no gzip. */
int gzip_unpack(const void *bytes, size_t len, size_t max_bytes, struct arena *arena, char **ret_text, size_t *ret_len,
		struct err *err);

#endif
