/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/bolt.h"
#include "runtime/limits.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum {
	PAGE_HEADER = 16, ELEMENT = 16, META_SIZE = 64, META_CHECKED = 56, BUCKET_HEADER = 16,
	FLAG_BRANCH = 1, FLAG_LEAF = 2, FLAG_META = 4,
	LEAF_BUCKET = 1,
	VERSION = 2,
};
#define MAGIC 0xED0CDAEDu

/* A page of elements, wherever it lies. */
struct node { const uint8_t *bytes; size_t len; unsigned count; bool is_leaf; };
struct element { const uint8_t *key, *value; size_t key_len, value_len; bool is_bucket; uint64_t child; };

static uint64_t u64_at(const uint8_t *p) { uint64_t v; memcpy(&v, p, sizeof(v)); return v; }
static uint32_t u32_at(const uint8_t *p) { uint32_t v; memcpy(&v, p, sizeof(v)); return v; }
static uint16_t u16_at(const uint8_t *p) { uint16_t v; memcpy(&v, p, sizeof(v)); return v; }

/* ---- pages ---- */

static int read_at(int fd, void *to, size_t size, uint64_t offset)
{
	for (size_t done = 0; done < size; ) {
		ssize_t n = pread(fd, (char *)to + done, size - done, (off_t)(offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EBADMSG;    /* shorter than its meta page says */
		done += (size_t)n;
	}
	return 0;
}

/* FNV-1a, 64 bits. */
uint64_t runtime_bolt_checksum(const uint8_t *meta)
{
	uint64_t sum = 0xcbf29ce484222325ull;

	for (size_t i = 0; i < META_CHECKED; i++)
		sum = (sum ^ meta[i]) * 0x100000001b3ull;
	return sum;
}

static bool page_size_is_valid(uint32_t bytes)
{
	return bytes >= LIMIT_RUNTIME_BOLT_PAGE_MIN && bytes <= LIMIT_RUNTIME_BOLT_PAGE_MAX && (bytes & (bytes - 1)) == 0;
}

/* The meta page at `offset`; false when it is none, or torn. */
static bool meta_read(int fd, uint64_t offset, struct runtime_bolt *ret)
{
	uint8_t page[PAGE_HEADER + META_SIZE];
	const uint8_t *meta = page + PAGE_HEADER;

	if (read_at(fd, page, sizeof(page), offset) < 0 || !(u16_at(page + 8) & FLAG_META) || u32_at(meta) != MAGIC ||
	    u32_at(meta + 4) != VERSION || u64_at(meta + META_CHECKED) != runtime_bolt_checksum(meta) || !page_size_is_valid(u32_at(meta + 8)))
		return false;
	ret->page_bytes = u32_at(meta + 8);
	ret->root = (struct runtime_bolt_bucket){ .root = u64_at(meta + 16) };
	ret->n_pages = u64_at(meta + 40);
	ret->txid = u64_at(meta + 48);
	return true;
}

/* The newer of the two. Where the first is torn, the second is looked for at each size that a page may have. */
static bool newest_meta(int fd, struct runtime_bolt *ret)
{
	struct runtime_bolt first = { 0 }, second = { 0 };
	bool has_first = meta_read(fd, 0, &first), has_second = false;

	if (has_first)
		has_second = meta_read(fd, first.page_bytes, &second);
	for (uint32_t size = LIMIT_RUNTIME_BOLT_PAGE_MIN; !has_first && !has_second && size <= LIMIT_RUNTIME_BOLT_PAGE_MAX; size *= 2)
		has_second = meta_read(fd, size, &second) && second.page_bytes == size;
	if (!has_first && !has_second)
		return false;
	*ret = has_second && (!has_first || second.txid > first.txid) ? second : first;
	return true;
}

int runtime_bolt_begin(int fd, struct arena *arena, struct runtime_bolt *ret_bolt, struct err *err)
{
	struct runtime_bolt bolt = { 0 };

	if (!newest_meta(fd, &bolt))
		return err_set(err, -EBADMSG, "not a bbolt file, or both of its meta pages are damaged");
	bolt.fd = fd;
	bolt.arena = arena;
	*ret_bolt = bolt;
	return 0;
}

bool runtime_bolt_is_same(const struct runtime_bolt *bolt)
{
	struct runtime_bolt now = { 0 };

	return newest_meta(bolt->fd, &now) && now.txid == bolt->txid && now.root.root == bolt->root.root;
}

static int damaged(struct err *err, uint64_t page)
{
	return err_set(err, -EBADMSG, "page %llu is damaged", (unsigned long long)page);
}

static int node_of_bytes(const uint8_t *bytes, size_t len, uint64_t page, struct node *ret, struct err *err)
{
	unsigned flags, count;

	if (len < PAGE_HEADER)
		return damaged(err, page);
	flags = u16_at(bytes + 8);
	count = u16_at(bytes + 10);
	if ((flags != FLAG_LEAF && flags != FLAG_BRANCH) || (size_t)count * ELEMENT > len - PAGE_HEADER)
		return damaged(err, page);
	*ret = (struct node){ bytes, len, count, flags == FLAG_LEAF };
	return 0;
}

/* A page and what overflows from it, into the arena. The first page of it alone is read first: mostly it is all. */
static int page_read(struct runtime_bolt *bolt, uint64_t page, struct runtime_bolt_node *ret, struct err *err)
{
	uint8_t *bytes = arena_take(bolt->arena, bolt->page_bytes), *all;
	uint64_t pages, offset = page * bolt->page_bytes;
	int r = bytes ? read_at(bolt->fd, bytes, bolt->page_bytes, offset) : -E2BIG;

	if (r < 0)
		return err_set_os(err, r, "page %llu", (unsigned long long)page);
	pages = (uint64_t)u32_at(bytes + 12) + 1;
	if (u64_at(bytes) != page || pages > bolt->n_pages - page)
		return damaged(err, page);
	if (pages * bolt->page_bytes > LIMIT_RUNTIME_BOLT_NODE_BYTES)
		return err_set(err, -E2BIG, "page %llu is larger than %d bytes", (unsigned long long)page, LIMIT_RUNTIME_BOLT_NODE_BYTES);
	bolt->n_bytes += pages * bolt->page_bytes;
	if (bolt->n_bytes > LIMIT_RUNTIME_BOLT_BYTES)
		return err_set(err, -E2BIG, "more than %d bytes to read", LIMIT_RUNTIME_BOLT_BYTES);
	all = pages > 1 ? arena_take(bolt->arena, pages * bolt->page_bytes) : bytes;
	if (all && pages > 1) {
		memcpy(all, bytes, bolt->page_bytes);
		r = read_at(bolt->fd, all + bolt->page_bytes, (pages - 1) * bolt->page_bytes, offset + bolt->page_bytes);
	}
	if (r < 0 || !all)
		return err_set_os(err, all ? r : -E2BIG, "page %llu", (unsigned long long)page);
	*ret = (struct runtime_bolt_node){ page, all, pages * bolt->page_bytes };
	return 0;
}

static int node_read(struct runtime_bolt *bolt, uint64_t page, struct node *ret, struct err *err)
{
	struct runtime_bolt_node node;
	int r;

	if (bolt->n_nodes++ >= LIMIT_RUNTIME_BOLT_NODES)
		return err_set(err, -E2BIG, "more than %d pages to read", LIMIT_RUNTIME_BOLT_NODES);
	if (page < 2 || page >= bolt->n_pages || page > INT64_MAX / LIMIT_RUNTIME_BOLT_PAGE_MAX / 2)
		return damaged(err, page);
	for (unsigned i = 0; i < bolt->n_kept; i++)
		if (bolt->kept[i].page == page)
			return node_of_bytes(bolt->kept[i].bytes, bolt->kept[i].len, page, ret, err);
	r = page_read(bolt, page, &node, err);
	if (r < 0)
		return r;
	if (bolt->n_kept < RUNTIME_BOLT_KEPT)
		bolt->kept[bolt->n_kept++] = node;
	return node_of_bytes(node.bytes, node.len, page, ret, err);
}

static int bucket_node(struct runtime_bolt *bolt, const struct runtime_bolt_bucket *bucket, struct node *ret, struct err *err)
{
	return bucket->root ? node_read(bolt, bucket->root, ret, err) : node_of_bytes(bucket->page, bucket->page_len, 0, ret, err);
}

/* ---- elements ---- */

/* Positions count from the element itself. */
static bool element_at(const struct node *node, unsigned i, struct element *ret)
{
	size_t at = PAGE_HEADER + (size_t)i * ELEMENT;
	const uint8_t *e = node->bytes + at;
	uint64_t start = at + u32_at(e + (node->is_leaf ? 4 : 0)), key_len = u32_at(e + (node->is_leaf ? 8 : 4));
	uint64_t value_len = node->is_leaf ? u32_at(e + 12) : 0;

	if (start + key_len + value_len > node->len)
		return false;
	ret->key = node->bytes + start;
	ret->key_len = key_len;
	ret->value = ret->key + key_len;
	ret->value_len = value_len;
	ret->is_bucket = node->is_leaf && (u32_at(e) & LEAF_BUCKET);
	ret->child = node->is_leaf ? 0 : u64_at(e + 8);
	return true;
}

static int key_compare(const struct element *e, const char *key, size_t len)
{
	int r = memcmp(e->key, key, e->key_len < len ? e->key_len : len);

	return r ? r : (e->key_len > len) - (e->key_len < len);
}

/* The last element whose key is not after `key`, or the first; -EBADMSG also when there is none. */
static int node_search(const struct node *node, const char *key, size_t len, struct element *ret, struct err *err)
{
	unsigned low = 0, high = node->count;

	while (low < high) {
		unsigned middle = low + (high - low) / 2;

		if (!element_at(node, middle, ret))
			return damaged(err, u64_at(node->bytes));
		if (key_compare(ret, key, len) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return node->count && element_at(node, low ? low - 1 : 0, ret) ? 0 : damaged(err, u64_at(node->bytes));
}

static int find(struct runtime_bolt *bolt, const struct runtime_bolt_bucket *bucket, const char *key, struct element *ret, struct err *err)
{
	size_t len = strlen(key);
	struct node node;
	int r = bucket_node(bolt, bucket ? bucket : &bolt->root, &node, err);

	for (unsigned depth = 0; r == 0 && !node.is_leaf; depth++) {
		if (depth == LIMIT_RUNTIME_BOLT_DEPTH)
			return err_set(err, -E2BIG, "a tree of more than %d levels", LIMIT_RUNTIME_BOLT_DEPTH);
		r = node_search(&node, key, len, ret, err);
		if (r == 0)
			r = node_read(bolt, ret->child, &node, err);
	}
	if (r < 0)
		return r;
	if (!node.count)
		return err_set(err, -ENOENT, "no %s", key);
	r = node_search(&node, key, len, ret, err);
	if (r == 0 && key_compare(ret, key, len) != 0)
		return err_set(err, -ENOENT, "no %s", key);
	return r;
}

int runtime_bolt_bucket(struct runtime_bolt *bolt, const struct runtime_bolt_bucket *parent, const char *key,
			struct runtime_bolt_bucket *ret_bucket, struct err *err)
{
	struct element e;
	int r = find(bolt, parent, key, &e, err);

	if (r < 0)
		return r;
	if (!e.is_bucket)
		return err_set(err, -ENOENT, "%s is no bucket", key);
	if (e.value_len < BUCKET_HEADER)
		return err_set(err, -EBADMSG, "bucket %s is damaged", key);
	*ret_bucket = (struct runtime_bolt_bucket){ u64_at(e.value), e.value + BUCKET_HEADER, e.value_len - BUCKET_HEADER };
	return 0;
}

int runtime_bolt_get(struct runtime_bolt *bolt, const struct runtime_bolt_bucket *bucket, const char *key,
		     struct runtime_bolt_text *ret_value, struct err *err)
{
	struct element e;
	int r = find(bolt, bucket, key, &e, err);

	if (r < 0)
		return r;
	if (e.is_bucket)
		return err_set(err, -ENOENT, "%s is a bucket", key);
	*ret_value = (struct runtime_bolt_text){ (const char *)e.value, e.value_len };
	return 0;
}

struct walk {
	struct runtime_bolt *bolt;
	void (*each)(void *data, struct runtime_bolt_text key, struct runtime_bolt_text value);
	void *data;
};

static int walk_node(struct walk *w, const struct node *node, unsigned depth, struct err *err)
{
	struct element e;

	for (unsigned i = 0; i < node->count; i++) {
		struct node child;
		int r;

		if (!element_at(node, i, &e))
			return damaged(err, u64_at(node->bytes));
		if (node->is_leaf) {
			if (!e.is_bucket)
				w->each(w->data, (struct runtime_bolt_text){ (const char *)e.key, e.key_len },
					(struct runtime_bolt_text){ (const char *)e.value, e.value_len });
			continue;
		}
		if (depth == LIMIT_RUNTIME_BOLT_DEPTH)
			return err_set(err, -E2BIG, "a tree of more than %d levels", LIMIT_RUNTIME_BOLT_DEPTH);
		r = node_read(w->bolt, e.child, &child, err);
		if (r == 0)
			r = walk_node(w, &child, depth + 1, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int runtime_bolt_each(struct runtime_bolt *bolt, const struct runtime_bolt_bucket *bucket,
		      void (*each)(void *data, struct runtime_bolt_text key, struct runtime_bolt_text value), void *data, struct err *err)
{
	struct walk w = { bolt, each, data };
	struct node node;
	int r = bucket_node(bolt, bucket ? bucket : &bolt->root, &node, err);

	return r < 0 ? r : walk_node(&w, &node, 0, err);
}

int runtime_bolt_read(int fd, struct arena *arena, runtime_bolt_read_fn read, void *data, struct err *err)
{
	struct arena_mark mark = arena_mark(arena);
	struct err problem = ERR_INIT;
	int r = -EAGAIN;

	for (unsigned i = 0; i < LIMIT_RUNTIME_BOLT_TRIES; i++) {
		struct runtime_bolt bolt;

		arena_rewind(arena, mark);
		r = runtime_bolt_begin(fd, arena, &bolt, &problem);
		if (r < 0)                   /* both torn: only for a moment, if the daemon is writing */
			continue;
		r = read(&bolt, data, &problem);
		if (runtime_bolt_is_same(&bolt))
			return r < 0 ? err_set(err, r, "%s", problem.text) : r;
		r = -EAGAIN;
	}
	return err_set(err, r, "%s", r == -EAGAIN ? "it changed each time it was read" : problem.text);
}
