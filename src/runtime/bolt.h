/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_RUNTIME_BOLT_H
#define PARKA_RUNTIME_BOLT_H
/*
 * Reading bbolt files: the key-value store that containerd and podman keep what they know of containers in. Read only, by pread,
 * beside the daemon that has the file open and locked: no lock is taken, none is waited for.
 *
 * The file (go.etcd.io/bbolt, internal/common: page.go, meta.go, bucket.go, inode.go; numbers in the machine's byte order):
 *
 *   page      id u64 | flags u16 | count u16 | overflow u32 | count elements | keys and values    (overflow: pages that follow)
 *   meta      pages 0 and 1 in turns: magic, version, page size, flags, root bucket, freelist, end, transaction, FNV-1a checksum
 *   branch    element: pos u32 | key bytes u32 | page u64
 *   leaf      element: flags u32 (1: the value is a bucket) | pos u32 | key bytes u32 | value bytes u32
 *   bucket    root page u64 | sequence u64; root 0: its only page follows in the value itself
 *
 * Why it is safe without the lock: a transaction writes its pages to free places, then one of the two meta pages. What
 * transaction T reads is written over by T+2 at the earliest. So what was read from T's root is of one piece if T is still the
 * newest once the reading is done: runtime_bolt_is_same(). A meta page that is being written has a wrong checksum; the other one counts.
 *
 * All of it may be hostile or torn: nothing is believed that does not fit into its page, depth and number of pages are limited.
 */
#include "base/err.h"
#include "base/mem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct runtime_bolt_bucket {
	uint64_t root;                   /* 0: `page` is the bucket */
	const uint8_t *page;
	size_t page_len;
};

enum { RUNTIME_BOLT_KEPT = 16 };
struct runtime_bolt_node { uint64_t page; const uint8_t *bytes; size_t len; };

struct runtime_bolt {
	int fd;                          /* the caller's */
	struct arena *arena;
	uint32_t page_bytes;
	unsigned n_nodes;                /* read since runtime_bolt_begin() */
	size_t n_bytes;
	struct runtime_bolt_node kept[RUNTIME_BOLT_KEPT];   /* read already: neighbouring keys share their way from the root */
	unsigned n_kept;
	uint64_t txid, n_pages;
	struct runtime_bolt_bucket root;
};

/* Calls `read` with the newest state until what it read is of one piece, at most LIMIT_RUNTIME_BOLT_TRIES times; each call starts anew,
 * the arena where it was. Returns what the last call returned; -EAGAIN: the daemon wrote all the while; -EBADMSG: not a bbolt file. */
typedef int (*runtime_bolt_read_fn)(struct runtime_bolt *bolt, void *data, struct err *err);
int runtime_bolt_read(int fd, struct arena *arena, runtime_bolt_read_fn read, void *data, struct err *err);

/* In the arena; not terminated. */
struct runtime_bolt_text { const char *text; size_t len; };

/* The newest state of the file. -EBADMSG: no meta page is valid. */
int runtime_bolt_begin(int fd, struct arena *arena, struct runtime_bolt *ret_bolt, struct err *err);
/* Has nothing been committed since? False: what was read may be of two states, begin anew. */
bool runtime_bolt_is_same(const struct runtime_bolt *bolt);

/* -ENOENT: no such key, or it holds the other kind; -EBADMSG, -E2BIG: the file is damaged, or was written to meanwhile. */
int runtime_bolt_bucket(struct runtime_bolt *bolt, const struct runtime_bolt_bucket *parent, const char *key,
			struct runtime_bolt_bucket *ret_bucket, struct err *err);
int runtime_bolt_get(struct runtime_bolt *bolt, const struct runtime_bolt_bucket *bucket, const char *key,
		     struct runtime_bolt_text *ret_value, struct err *err);
/* All keys with values, in order. */
int runtime_bolt_each(struct runtime_bolt *bolt, const struct runtime_bolt_bucket *bucket,
		      void (*each)(void *data, struct runtime_bolt_text key, struct runtime_bolt_text value), void *data, struct err *err);

/* The checksum of a meta page's first 56 bytes: for tests that write such files. */
uint64_t runtime_bolt_checksum(const uint8_t *meta);

#endif
