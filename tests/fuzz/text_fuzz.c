/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever bytes come: what is shown has no control sequence, is UTF-8, and a cut one fits its columns. */
#include "base/text.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_strbuf_ struct strbuf safe, cut;
	size_t columns = size ? data[0] % 64 : 0;

	strbuf_init(&safe, 1 << 20);
	strbuf_init(&cut, 1 << 20);
	text_add_safe(&safe, (const char *)data, size);
	for (size_t i = 0, n; i < safe.len; i += n) {
		uint32_t rune = text_decode(safe.text + i, safe.len - i, &n);
		if (!safe.truncated && (rune == UINT32_MAX || rune < 0x20 || (rune >= 0x7f && rune < 0xa0)))
			abort();
	}
	text_add_padded(&cut, safe.text, safe.len, columns);
	if (!safe.truncated && text_width(cut.text, cut.len) != columns)
		abort();
	/* Also bytes that nobody made safe. */
	strbuf_reset(&cut);
	if (text_add_cut(&cut, (const char *)data, size, columns) > columns)
		abort();
	return 0;
}
