/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_BASE_MEM_H
#define PARKA_BASE_MEM_H
/*
 * Memory: the three owners of parka.
 *
 * 1. `struct arena`: everything of one unit of work (a rule file, an event, a
 *    request) dies together. arena_reset() keeps the blocks for the next round, so
 *    that a warm arena allocates nothing.
 * 2. Scope: _cleanup_free_, _cleanup_close_, handed over with take_ptr()/take_fd().
 * 3. Long-lived tables own their rows (see base/map.h).
 *
 * mem_* abort when the system has no memory left: for small fixed sizes only.
 * What is sized by input goes through an arena with a limit or a strbuf with a
 * maximum, which fail with -E2BIG / NULL instead.
 * Thread: an arena belongs to one thread.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

void *mem_alloc(size_t size);                       /* zeroed; aborts when out of memory */
void *mem_array(size_t n, size_t size);             /* zeroed; aborts also on overflow */
void *mem_grow(void *old, size_t n, size_t size);   /* realloc of an array; new part not zeroed */
char *mem_strdup(const char *text);
char *mem_strndup(const char *text, size_t len);

/* To be called first of all: what is large has pages of its own for good. Once something large was freed, glibc takes large things from the
 * heap too and keeps them: tables that were replaced and what is read at the start only would stay in memory, or leave holes. */
void mem_large_apart(void);

/* Free pages go back to the system: after something large is done with. About a millisecond. */
void mem_trim(void);

void mem_free_at(void *pointer_to_pointer);
void fd_close_at(int *fd);

#define _cleanup_(f) __attribute__((cleanup(f)))
#define _cleanup_free_ _cleanup_(mem_free_at)
#define _cleanup_close_ _cleanup_(fd_close_at)

#define take_ptr(p) ({ __auto_type taken_ = (p); (p) = NULL; taken_; })
#define take_fd(fd) ({ int taken_ = (fd); (fd) = -1; taken_; })
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, member) ((type *)((char *)(ptr) - offsetof(type, member)))

struct arena_block;
struct arena {
	struct arena_block *first, *current;
	size_t used_bytes;       /* handed out since the last reset */
	size_t max_bytes;        /* 0 = no limit; past it arena_alloc returns NULL */
};

void arena_init(struct arena *arena, size_t max_bytes);
void arena_reset(struct arena *arena);              /* all gone, blocks kept */
void arena_done(struct arena *arena);
/* A place to go back to: what is allocated after arena_mark() is gone with arena_rewind(), its blocks kept. */
struct arena_mark { struct arena_block *block; size_t used, used_bytes; };
struct arena_mark arena_mark(const struct arena *arena);
void arena_rewind(struct arena *arena, struct arena_mark mark);
/* Zeroed, 16-byte aligned. NULL only past max_bytes. */
void *arena_alloc(struct arena *arena, size_t size);
/* The same, not zeroed: for what is written at once. */
void *arena_take(struct arena *arena, size_t size);
/* Texts are not aligned: short ones lie side by side. */
char *arena_strndup(struct arena *arena, const char *text, size_t len);
char *arena_strdup(struct arena *arena, const char *text);
char *arena_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
