/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_MODEL_PRIORITY_H
#define PARKA_MODEL_PRIORITY_H
/* Severity of rules and findings: the eight of syslog (RFC 5424 6.2.1). Lower is worse. */
#include <stddef.h>

enum model_priority {
	MODEL_PRIORITY_EMERGENCY, MODEL_PRIORITY_ALERT, MODEL_PRIORITY_CRITICAL, MODEL_PRIORITY_ERROR,
	MODEL_PRIORITY_WARNING, MODEL_PRIORITY_NOTICE, MODEL_PRIORITY_INFORMATIONAL, MODEL_PRIORITY_DEBUG,
	MODEL_PRIORITY_MAX
};

/* "Emergency" .. "Debug", as Falco prints them. */
const char *model_priority_name(enum model_priority priority);
/* Any case; "info" is Informational. MODEL_PRIORITY_MAX when it is none. */
enum model_priority model_priority_by_name(const char *name);

#endif
