/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "sensor/limits.h"
#include "sensor/wire.h"

#include <stdlib.h>
#include <string.h>

void sensor_wire_builder_reset(struct sensor_wire_builder *builder, unsigned type)
{
	memset(builder->event, 0, sizeof(*builder->event));
	builder->event->len = sizeof(*builder->event);
	builder->event->type = (uint16_t)type;
	builder->event->count = 1;
	builder->event->loginuid = builder->event->session = UINT32_MAX;
	builder->too_long = false;
}

void sensor_wire_builder_init(struct sensor_wire_builder *builder, unsigned type)
{
	builder->size = 1024;
	builder->event = mem_alloc(builder->size);
	sensor_wire_builder_reset(builder, type);
}

void sensor_wire_builder_done(struct sensor_wire_builder *builder)
{
	free(builder->event);
	*builder = (struct sensor_wire_builder){ 0 };
}

void sensor_wire_put(struct sensor_wire_builder *builder, enum sensor_param id, const void *bytes, size_t len)
{
	size_t old = builder->event->len, padded = (len + 7) & ~(size_t)7;
	struct sensor_wire_param *p;

	if (len > LIMIT_SENSOR_WIRE_BYTES || old + sizeof(*p) + padded > LIMIT_SENSOR_WIRE_BYTES ||
	    builder->event->n_params == LIMIT_SENSOR_WIRE_PARAMS) {
		builder->too_long = true;
		return;
	}
	while (builder->size < old + sizeof(*p) + padded)
		builder->size *= 2;
	builder->event = mem_grow(builder->event, builder->size, 1);
	p = (void *)((char *)builder->event + old);
	memset(p, 0, sizeof(*p) + padded);
	p->id = (uint16_t)id;
	p->len = (uint32_t)len;
	if (len)
		memcpy(p + 1, bytes, len);
	builder->event->len = (uint32_t)(old + sizeof(*p) + padded);
	builder->event->n_params++;
}

void sensor_wire_put_u64(struct sensor_wire_builder *builder, enum sensor_param id, uint64_t value)
{
	sensor_wire_put(builder, id, &value, sizeof(value));
}

void sensor_wire_put_text(struct sensor_wire_builder *builder, enum sensor_param id, const char *text)
{
	sensor_wire_put(builder, id, text, strlen(text));
}

/* Components of `path` from the leaf up, each with its NUL. Returns how many. */
static unsigned put_components(char *out, size_t *len, const char *path)
{
	const char *end = path + strlen(path);
	unsigned n = 0;

	while (end > path) {
		const char *start = end;
		while (start > path && start[-1] != '/')
			start--;
		if (start != end) {
			memcpy(out + *len, start, (size_t)(end - start));
			*len += (size_t)(end - start);
			out[(*len)++] = '\0';
			n++;
		}
		end = start > path ? start - 1 : path;
	}
	return n;
}

void sensor_wire_put_path(struct sensor_wire_builder *builder, enum sensor_param id, const char *path,
			  unsigned flags, const char *bind_root, unsigned n_first_mount)
{
	size_t size = sizeof(struct sensor_wire_path) + strlen(path) + 2 + (bind_root ? strlen(bind_root) + 2 : 0);
	_cleanup_free_ char *bytes = mem_alloc(size);
	struct sensor_wire_path *head = (void *)bytes;
	size_t len = sizeof(*head);

	head->flags = (uint16_t)(flags | (bind_root && bind_root[1] ? SENSOR_PATH_BIND : 0));
	if (flags & SENSOR_PATH_ANON) {
		memcpy(bytes + len, path, strlen(path) + 1);
		len += strlen(path) + 1;
		head->n = 1;
	} else {
		head->n = (uint16_t)put_components(bytes, &len, path);
	}
	head->n_first_mount = bind_root ? (uint16_t)n_first_mount : head->n;
	if (bind_root)
		head->n_bind = (uint16_t)put_components(bytes, &len, bind_root);
	sensor_wire_put(builder, id, bytes, len);
}
