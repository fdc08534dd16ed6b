/* SPDX-License-Identifier: Apache-2.0 */
/* costs.json: what can be read can be written, and reads back as the same. */
#include "agent/costs.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct agent_day day, back;
	struct strbuf text, again;
	struct err err = ERR_INIT;

	if (size > 1 << 16)
		return 0;
	agent_day_init(&day);
	agent_day_init(&back);
	strbuf_init(&text, AGENT_DAY_BYTES_MAX);
	strbuf_init(&again, AGENT_DAY_BYTES_MAX);
	if (agent_day_parse(&day, (const char *)data, size, "fuzz", &err) == 0) {
		agent_day_write(&day, &text);
		if (agent_day_parse(&back, text.text, text.len, "fuzz", &err) < 0)
			abort();
		agent_day_write(&back, &again);
		if (text.len != again.len || memcmp(text.text, again.text, text.len) != 0)
			abort();
	}
	agent_day_done(&day);
	agent_day_done(&back);
	strbuf_done(&text);
	strbuf_done(&again);
	return 0;
}
