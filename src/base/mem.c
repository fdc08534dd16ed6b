/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ARENA_BLOCK_BYTES = 16 * 1024, ARENA_FIRST_BYTES = 2 * 1024, ARENA_ALIGN = 16 };

struct arena_block {
	struct arena_block *next;
	size_t size, used;
	_Alignas(ARENA_ALIGN) char bytes[];
};

static void *or_abort(void *p)
{
	if (!p) {
		static const char text[] = "parka: out of memory\n";
		ssize_t ignored = write(STDERR_FILENO, text, sizeof(text) - 1);
		(void)ignored;
		abort();
	}
	return p;
}

void *mem_alloc(size_t size)
{
	return or_abort(calloc(1, size ? size : 1));
}

void *mem_array(size_t n, size_t size)
{
	return or_abort(calloc(n ? n : 1, size ? size : 1));
}

void *mem_grow(void *old, size_t n, size_t size)
{
	return or_abort(reallocarray(old, n ? n : 1, size ? size : 1));
}

char *mem_strdup(const char *text)
{
	return or_abort(strdup(text));
}

char *mem_strndup(const char *text, size_t len)
{
	char *copy = or_abort(malloc(len + 1));

	if (len)
		memcpy(copy, text, len);
	copy[len] = '\0';
	return copy;
}

void mem_large_apart(void)
{
	mallopt(M_MMAP_THRESHOLD, 256 * 1024);
}

void mem_trim(void)
{
	(void)malloc_trim(0);
}

void mem_free_at(void *pointer_to_pointer)
{
	free(*(void **)pointer_to_pointer);
}

void fd_close_at(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

void arena_init(struct arena *arena, size_t max_bytes)
{
	*arena = (struct arena){ .max_bytes = max_bytes };
}

void arena_reset(struct arena *arena)
{
	for (struct arena_block *b = arena->first; b; b = b->next)
		b->used = 0;
	arena->current = arena->first;
	arena->used_bytes = 0;
}

void arena_done(struct arena *arena)
{
	struct arena_block *b = arena->first;

	while (b) {
		struct arena_block *next = b->next;
		free(b);
		b = next;
	}
	*arena = (struct arena){ .max_bytes = arena->max_bytes };
}

struct arena_mark arena_mark(const struct arena *arena)
{
	return (struct arena_mark){ arena->current, arena->current ? arena->current->used : 0, arena->used_bytes };
}

void arena_rewind(struct arena *arena, struct arena_mark mark)
{
	for (struct arena_block *b = mark.block ? mark.block->next : arena->first; b; b = b->next)
		b->used = 0;
	if (mark.block)
		mark.block->used = mark.used;
	arena->current = mark.block ? mark.block : arena->first;
	arena->used_bytes = mark.used_bytes;
}

/* Bytes to skip in the block so that what follows is aligned (a power of two). */
static size_t padding(const struct arena_block *b, size_t align)
{
	return -b->used & (align - 1);
}

static struct arena_block *arena_block_for(struct arena *arena, size_t size, size_t align)
{
	struct arena_block *b = arena->current;
	size_t least = arena->first ? ARENA_BLOCK_BYTES : ARENA_FIRST_BYTES, block_size = size > least ? size : least;

	while (b && b->size - b->used < size + padding(b, align))
		b = b->next;
	if (b) {
		arena->current = b;
		return b;
	}
	b = or_abort(malloc(sizeof(*b) + block_size));
	b->size = block_size;
	b->used = 0;
	/* New blocks go right behind the current one: what follows stays reusable. */
	if (arena->current) {
		b->next = arena->current->next;
		arena->current->next = b;
	} else {
		b->next = NULL;
		arena->first = b;
	}
	arena->current = b;
	return b;
}

static void *take(struct arena *arena, size_t size, size_t align)
{
	struct arena_block *b = arena->current;
	void *p;

	if (size > SIZE_MAX / 2 || (arena->max_bytes && size > arena->max_bytes - arena->used_bytes))
		return NULL;
	if (!b || b->size - b->used < size + align)
		b = arena_block_for(arena, size, align);
	b->used += padding(b, align);
	p = b->bytes + b->used;
	b->used += size;
	arena->used_bytes += size;
	return p;
}

void *arena_take(struct arena *arena, size_t size)
{
	return take(arena, size, ARENA_ALIGN);
}

void *arena_alloc(struct arena *arena, size_t size)
{
	void *p = take(arena, size, ARENA_ALIGN);

	return p ? memset(p, 0, size) : NULL;
}

char *arena_strndup(struct arena *arena, const char *text, size_t len)
{
	char *copy = len < SIZE_MAX ? take(arena, len + 1, 1) : NULL;

	if (!copy)
		return NULL;
	if (len)
		memcpy(copy, text, len);
	copy[len] = '\0';
	return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
	return arena_strndup(arena, text, strlen(text));
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list args;
	char *copy;
	int len;

	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	copy = arena_alloc(arena, (size_t)len + 1);
	if (!copy)
		return NULL;
	va_start(args, format);
	vsnprintf(copy, (size_t)len + 1, format, args);
	va_end(args);
	return copy;
}
