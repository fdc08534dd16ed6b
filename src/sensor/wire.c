/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/wire.h"
#include "sensor/limits.h"

#include <string.h>

_Static_assert(LIMIT_SENSOR_WIRE_BYTES / 8 <= UINT16_MAX, "offsets fit");

/* Room for one parameter with its padding at `offset`? Returns the offset behind it, or 0. */
static size_t param_end(const struct sensor_wire *event, size_t offset)
{
	const struct sensor_wire_param *p = (const void *)((const char *)event + offset);
	size_t left = event->len - offset, padded;

	if (left < sizeof(*p) || p->len > left - sizeof(*p))
		return 0;
	padded = ((size_t)p->len + 7) & ~(size_t)7;
	if (padded > left - sizeof(*p))
		return 0;
	return offset + sizeof(*p) + padded;
}

bool sensor_wire_decode(const void *bytes, size_t max_len, struct sensor_wire_view *ret_view)
{
	const struct sensor_wire *event = bytes;
	size_t offset = sizeof(*event);

	if (max_len < sizeof(*event) || event->len < sizeof(*event) || event->len > max_len || event->len % 8 ||
	    event->len > LIMIT_SENSOR_WIRE_BYTES || event->n_params > LIMIT_SENSOR_WIRE_PARAMS)
		return false;
	memset(ret_view, 0, sizeof(*ret_view));
	ret_view->event = event;
	for (unsigned i = 0; i < event->n_params; i++) {
		const struct sensor_wire_param *p = (const void *)((const char *)event + offset);
		size_t end = param_end(event, offset);
		if (!end)
			return false;
		if (p->id < SENSOR_P_MAX && !ret_view->at[p->id])
			ret_view->at[p->id] = (uint16_t)(offset / 8);
		offset = end;
	}
	return true;
}

const void *sensor_wire_bytes(const struct sensor_wire_view *view, enum sensor_param id, size_t *ret_len)
{
	const struct sensor_wire_param *p = sensor_wire_param(view, id);

	if (!p)
		return NULL;
	*ret_len = p->len;
	return p + 1;
}

const char *sensor_wire_text(const struct sensor_wire_view *view, enum sensor_param id, size_t *ret_len)
{
	size_t len;
	const char *text = sensor_wire_bytes(view, id, &len);

	if (text)
		*ret_len = strnlen(text, len);
	return text;
}

const void *sensor_wire_struct(const struct sensor_wire_view *view, enum sensor_param id, size_t size)
{
	const struct sensor_wire_param *p = sensor_wire_param(view, id);

	return p && p->len >= size ? p + 1 : NULL;
}

bool sensor_wire_u64(const struct sensor_wire_view *view, enum sensor_param id, uint64_t *ret)
{
	const uint64_t *value = sensor_wire_struct(view, id, sizeof(*value));

	if (value)
		*ret = *value;
	return value != NULL;
}

uint64_t sensor_wire_u64_or(const struct sensor_wire_view *view, enum sensor_param id, uint64_t otherwise)
{
	sensor_wire_u64(view, id, &otherwise);
	return otherwise;
}
