/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_TESTS_BOLT_FILE_H
#define PARKA_TESTS_BOLT_FILE_H
/* bbolt files made by hand, page by page (the format: src/runtime/bolt.h), in memory and as a file without a name. */
#include "runtime/bolt.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { BOLT_FILE_PAGE = 4096, BOLT_FILE_PAGES = 64 };

struct bolt_file { uint8_t bytes[BOLT_FILE_PAGES * BOLT_FILE_PAGE]; };
struct bolt_item { const char *key; const void *value; size_t len; bool is_bucket; uint64_t child; };

static void bolt_put(uint8_t *at, uint64_t value, unsigned bytes)
{
	memcpy(at, &value, bytes);
}

static void bolt_meta(struct bolt_file *f, unsigned page, uint64_t txid, uint64_t root)
{
	uint8_t *p = f->bytes + page * BOLT_FILE_PAGE;

	memset(p, 0, BOLT_FILE_PAGE);
	bolt_put(p, page, 8);
	bolt_put(p + 8, 4, 2);
	bolt_put(p + 16, 0xED0CDAED, 4);
	bolt_put(p + 20, 2, 4);
	bolt_put(p + 24, BOLT_FILE_PAGE, 4);
	bolt_put(p + 32, root, 8);
	bolt_put(p + 56, BOLT_FILE_PAGES, 8);
	bolt_put(p + 64, txid, 8);
	bolt_put(p + 72, runtime_bolt_checksum(p + 16), 8);
}

/* The items as a page's elements at `to`; returns the bytes taken. flags 1: branch, 2: leaf. */
static size_t bolt_elements(uint8_t *to, uint64_t id, unsigned flags, unsigned overflow, const struct bolt_item *items, unsigned n)
{
	size_t at = 16 + n * 16ul;

	bolt_put(to, id, 8);
	bolt_put(to + 8, flags, 2);
	bolt_put(to + 10, n, 2);
	bolt_put(to + 12, overflow, 4);
	for (unsigned i = 0; i < n; i++) {
		uint8_t *e = to + 16 + i * 16ul;
		size_t key_len = strlen(items[i].key);

		if (flags == 2) {
			bolt_put(e, items[i].is_bucket, 4);
			bolt_put(e + 4, at - (size_t)(e - to), 4);
			bolt_put(e + 8, key_len, 4);
			bolt_put(e + 12, items[i].len, 4);
		} else {
			bolt_put(e, at - (size_t)(e - to), 4);
			bolt_put(e + 4, key_len, 4);
			bolt_put(e + 8, items[i].child, 8);
		}
		memcpy(to + at, items[i].key, key_len);
		at += key_len;
		if (items[i].len)
			memcpy(to + at, items[i].value, items[i].len);
		at += items[i].len;
	}
	return at;
}

static void bolt_page(struct bolt_file *f, uint64_t page, unsigned flags, unsigned overflow, const struct bolt_item *items, unsigned n)
{
	memset(f->bytes + page * BOLT_FILE_PAGE, 0, (overflow + 1ul) * BOLT_FILE_PAGE);
	bolt_elements(f->bytes + page * BOLT_FILE_PAGE, page, flags, overflow, items, n);
}

/* The value of a bucket with a page of its own, and of one that holds its only page itself. */
static struct bolt_item bolt_bucket_at(const char *key, uint8_t value[16], uint64_t root)
{
	memset(value, 0, 16);
	bolt_put(value, root, 8);
	return (struct bolt_item){ key, value, 16, true, 0 };
}

static struct bolt_item bolt_bucket_inline(const char *key, uint8_t *value, const struct bolt_item *items, unsigned n)
{
	memset(value, 0, 16);
	return (struct bolt_item){ key, value, 16 + bolt_elements(value + 16, 0, 2, 0, items, n), true, 0 };
}

static struct bolt_item bolt_text(const char *key, const char *value)
{
	return (struct bolt_item){ key, value, strlen(value), false, 0 };
}

static void bolt_write(int fd, const struct bolt_file *f)
{
	ssize_t n = pwrite(fd, f->bytes, sizeof(f->bytes), 0);

	(void)n;
}

__attribute__((unused)) static int bolt_open(const struct bolt_file *f)
{
	int fd = memfd_create("bolt", MFD_CLOEXEC);

	bolt_write(fd, f);
	return fd;
}

#endif
