/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_TESTS_WIRE_TEXT_H
#define PARKA_TESTS_WIRE_TEXT_H
/* Wire events as text, for people and for tests. */
#include "base/strbuf.h"
#include "sensor/event.h"

const struct sensor_wire_param *wire_param(const struct sensor_wire *event, unsigned id);
/* "/etc/shadow" of a PATH parameter; with the part above a bind mount's root in front, as "/x//y", when `bind`. */
void wire_path_text(const struct sensor_wire_param *param, struct strbuf *out);
void wire_event_text(const struct sensor_wire *event, struct strbuf *out);

#endif
