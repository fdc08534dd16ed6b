/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_SENSOR_WIRE_H
#define PARKA_SENSOR_WIRE_H
/*
 * Reading and building wire events (sensor/event.h). A capture may be hostile: nothing outside the event
 * is read, whatever its lengths say. Built events are what tests, captures and the seeding from /proc use.
 *
 * Thread: any, one per object.
 */
#include "base/err.h"
#include "sensor/event.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* An event and where its parameters are: offsets in units of 8 bytes, 0 = not there. */
struct sensor_wire_view {
	const struct sensor_wire *event;
	uint16_t at[SENSOR_P_MAX];
};

/* `max_len` bytes may be read. False when the event is damaged: too short or long, a length that is no
 * multiple of 8, a parameter that does not fit. The first of several equal parameters counts. */
bool sensor_wire_decode(const void *bytes, size_t max_len, struct sensor_wire_view *ret_view);

static inline bool sensor_wire_has(const struct sensor_wire_view *view, enum sensor_param id)
{
	return view->at[id] != 0;
}

static inline const struct sensor_wire_param *sensor_wire_param(const struct sensor_wire_view *view, enum sensor_param id)
{
	return view->at[id] ? (const void *)((const char *)view->event + (size_t)view->at[id] * 8) : NULL;
}

/* The bytes of a parameter, or NULL. */
static inline const void *sensor_wire_bytes(const struct sensor_wire_view *view, enum sensor_param id, size_t *ret_len)
{
	const struct sensor_wire_param *p = sensor_wire_param(view, id);

	if (!p)
		return NULL;
	*ret_len = p->len;
	return p + 1;
}

/* Text up to its length or first NUL; not NUL-terminated. NULL when it is not there. */
static inline const char *sensor_wire_text(const struct sensor_wire_view *view, enum sensor_param id, size_t *ret_len)
{
	size_t len;
	const char *text = sensor_wire_bytes(view, id, &len);

	if (text)
		*ret_len = strnlen(text, len);
	return text;
}

/* A parameter that is a struct of `size` bytes or a newer, longer one; NULL when absent or too short. */
static inline const void *sensor_wire_struct(const struct sensor_wire_view *view, enum sensor_param id, size_t size)
{
	const struct sensor_wire_param *p = sensor_wire_param(view, id);

	return p && p->len >= size ? p + 1 : NULL;
}

static inline bool sensor_wire_u64(const struct sensor_wire_view *view, enum sensor_param id, uint64_t *ret)
{
	const uint64_t *value = sensor_wire_struct(view, id, sizeof(*value));

	if (value)
		*ret = *value;
	return value != NULL;
}

/* The same, with a value for "not there". */
static inline uint64_t sensor_wire_u64_or(const struct sensor_wire_view *view, enum sensor_param id, uint64_t otherwise)
{
	sensor_wire_u64(view, id, &otherwise);
	return otherwise;
}

/* ---- building ---- */
struct sensor_wire_builder {
	struct sensor_wire *event;   /* header to fill in; moves when parameters are added */
	size_t size;
	bool too_long;               /* a parameter did not fit in LIMIT_SENSOR_WIRE_BYTES and was left out */
};

void sensor_wire_builder_init(struct sensor_wire_builder *builder, unsigned type);
void sensor_wire_builder_done(struct sensor_wire_builder *builder);
/* Empty again, memory and nothing else kept. */
void sensor_wire_builder_reset(struct sensor_wire_builder *builder, unsigned type);
void sensor_wire_put(struct sensor_wire_builder *builder, enum sensor_param id, const void *bytes, size_t len);
void sensor_wire_put_u64(struct sensor_wire_builder *builder, enum sensor_param id, uint64_t value);
void sensor_wire_put_text(struct sensor_wire_builder *builder, enum sensor_param id, const char *text);
/* "/etc/shadow" as components. `bind_root`: the directory of the file system that the mount shows ("/": all of it, else
 * SENSOR_PATH_BIND), of a mount that holds the last `n_first_mount` components; NULL when the whole path is one plain mount. */
void sensor_wire_put_path(struct sensor_wire_builder *builder, enum sensor_param id, const char *path,
			  unsigned flags, const char *bind_root, unsigned n_first_mount);

#endif
