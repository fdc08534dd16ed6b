/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/intern.h"
#include "base/mem.h"
#include "sensor/limits.h"

#include <stdlib.h>
#include <string.h>

void sensor_texts_done(struct sensor_texts *texts)
{
	size_t i = 0;
	struct sensor_text *t;

	while ((t = map_next(&texts->map, &i)))
		free(t);
	map_done(&texts->map);
	*texts = (struct sensor_texts){ 0 };
}

struct sensor_text *sensor_text_get(struct sensor_texts *texts, const char *text, size_t len)
{
	struct sensor_text *t = map_get(&texts->map, text, len);

	if (t)
		return sensor_text_ref(t);
	if (len > LIMIT_SENSOR_PATH_BYTES || texts->map.n >= LIMIT_SENSOR_TEXTS) {
		texts->n_refused++;
		return NULL;
	}
	t = mem_alloc(sizeof(*t) + len + 1);
	t->refs = 1;
	t->len = (uint32_t)len;
	memcpy(t->text, text, len);
	map_put(&texts->map, t->text, len, t);
	texts->n_bytes += sizeof(*t) + len + 1;
	return t;
}

struct sensor_text *sensor_text_unref(struct sensor_texts *texts, struct sensor_text *text)
{
	if (text && --text->refs == 0) {
		map_remove(&texts->map, text->text, text->len);
		texts->n_bytes -= sizeof(*text) + text->len + 1;
		free(text);
	}
	return NULL;
}

void sensor_text_set(struct sensor_texts *texts, struct sensor_text **slot, struct sensor_text *text)
{
	sensor_text_unref(texts, *slot);
	*slot = text;
}
