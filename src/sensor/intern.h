/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_SENSOR_INTERN_H
#define PARKA_SENSOR_INTERN_H
/* Texts that many rows share (program paths, directories, unit names), each kept once and counted. Thread: one. */
#include "base/map.h"

struct sensor_text {
	uint32_t refs;
	uint32_t len;
	char text[];             /* NUL-terminated */
};

struct sensor_texts {
	struct map map;
	uint64_t n_bytes;
	uint64_t n_refused;      /* past LIMIT_SENSOR_TEXTS or too long */
};

void sensor_texts_done(struct sensor_texts *texts);
/* One reference for the caller; NULL when the table is full or the text longer than LIMIT_SENSOR_PATH_BYTES. */
struct sensor_text *sensor_text_get(struct sensor_texts *texts, const char *text, size_t len);
static inline struct sensor_text *sensor_text_ref(struct sensor_text *text)
{
	if (text)
		text->refs++;
	return text;
}
/* NULL is fine; returns NULL. */
struct sensor_text *sensor_text_unref(struct sensor_texts *texts, struct sensor_text *text);
/* *slot = text, with the reference that comes with it; the old one is given up. */
void sensor_text_set(struct sensor_texts *texts, struct sensor_text **slot, struct sensor_text *text);

#endif
