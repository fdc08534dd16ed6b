/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_POSTURE_REPORT_MARKUP_H
#define PARKA_POSTURE_REPORT_MARKUP_H
/* Text in XML and HTML: what the file says must not become markup. Private to the room. */
#include "base/strbuf.h"

/* &, <, >, quotes as entities; controls and what is no UTF-8 as text_add_safe() shows them (XML 1.0 2.2 allows none of them). */
void posture_markup_add(struct strbuf *out, const char *text);

#endif
