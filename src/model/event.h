/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_MODEL_EVENT_H
#define PARKA_MODEL_EVENT_H
/* Event types: the table of events.def as an enum and look-ups. Thread: any. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum model_event_category {
	MODEL_CATEGORY_OTHER, MODEL_CATEGORY_FILE, MODEL_CATEGORY_IO_READ, MODEL_CATEGORY_IO_WRITE,
	MODEL_CATEGORY_NET, MODEL_CATEGORY_PROCESS, MODEL_CATEGORY_USER, MODEL_CATEGORY_SIGNAL,
	MODEL_CATEGORY_MEMORY, MODEL_CATEGORY_KERNEL, MODEL_CATEGORY_WAIT,
};
enum { MODEL_EVENT_SYSCALL = 1 };

enum model_event_type {
#define EVENT(id, name, category, flags, meaning) MODEL_EVT_##id,
#include "model/events.def"
#undef EVENT
	MODEL_EVT_MAX
};

struct model_event {
	const char *name;
	enum model_event_category category;
	unsigned flags;
	const char *meaning;
};

/* Never NULL for type < MODEL_EVT_MAX. */
const struct model_event *model_event(enum model_event_type type);
/* MODEL_EVT_MAX when there is none of that name. `len` without NUL. */
enum model_event_type model_event_by_name(const char *name, size_t len);

/* A set of event types. */
struct model_event_set {
	uint64_t words[(MODEL_EVT_MAX + 63) / 64];
};

static inline void model_event_set_add(struct model_event_set *s, enum model_event_type t)
{
	s->words[t / 64] |= UINT64_C(1) << (t % 64);
}

static inline bool model_event_set_has(const struct model_event_set *s, enum model_event_type t)
{
	return s->words[t / 64] >> (t % 64) & 1;
}

#endif
