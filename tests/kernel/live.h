/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_TESTS_LIVE_H
#define PARKA_TESTS_LIVE_H
/*
 * The live sensor for tests: acts are done in a child process and the child's events are kept.
 *
 *     struct live_events e = live_run(act, data);
 *     const struct sensor_wire *w = live_find(&e, MODEL_EVT_OPENAT, SENSOR_P_RAW, "/etc/hostname");
 */
#include "model/event.h"
#include "sensor/sensor.h"
#include "wire_text.h"

#include <sys/types.h>

struct live_events { struct sensor_wire **events; size_t n; pid_t pid; int status; };

/* NULL when the sensor runs; else why not. Opens it the first time. */
const char *live_unavailable(void);
struct sensor *live_sensor(void);
void live_stop(void);
/* Fork, run act in the child (its result is the exit status), collect what the child and its descendants did. */
struct live_events live_run(int (*act)(void *data), void *data);
/* Run helper32 until the sensor looks at 32-bit calls, however long loading takes; false: it does not within 60 s. */
bool live_start_compat(struct sensor *sensor, const char *program);
void live_free(struct live_events *events);
/* The nth event of a type; NULL. */
const struct sensor_wire *live_nth(const struct live_events *events, unsigned type, size_t n);
/* The first event of a type whose text parameter is `text`. */
const struct sensor_wire *live_find(const struct live_events *events, unsigned type, unsigned param, const char *text);
long long live_number(const struct sensor_wire *event, unsigned param);   /* -12345678 when absent */
/* The PATH parameter as text ("" when absent); valid until the next four calls. */
const char *live_path(const struct sensor_wire *event, unsigned param);
const char *live_text(const struct sensor_wire *event, unsigned param);
const void *live_struct(const struct sensor_wire *event, unsigned param, size_t size);
void live_show(const struct live_events *events);

#endif
