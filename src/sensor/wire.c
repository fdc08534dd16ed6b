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
