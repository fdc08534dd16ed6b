/* SPDX-License-Identifier: Apache-2.0 */
#include "posture/report_markup.h"

#include "base/text.h"

#include <string.h>

void posture_markup_add(struct strbuf *out, const char *text)
{
	_cleanup_strbuf_ struct strbuf safe;

	strbuf_init(&safe, out->max_bytes);
	text_add_safe(&safe, text, strlen(text));
	for (const char *p = safe.text; *p; p++) {
		switch (*p) {
		case '&': strbuf_adds(out, "&amp;"); break;
		case '<': strbuf_adds(out, "&lt;"); break;
		case '>': strbuf_adds(out, "&gt;"); break;
		case '"': strbuf_adds(out, "&quot;"); break;
		case '\'': strbuf_adds(out, "&#39;"); break;
		default: strbuf_addc(out, *p);
		}
	}
}
