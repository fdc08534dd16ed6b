/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a rule file: no crash, every diag printable, every enabled rule in the program. */
#include "lang/rules.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lang_rules *rules = lang_rules_new();
	const struct lang_diag *diags;
	struct strbuf text;
	size_t n;

	strbuf_init(&text, 1 << 20);
	lang_rules_load_text(rules, "fuzz", (const char *)data, size, NULL);
	lang_rules_compile(rules, NULL);
	lang_rules_lint(rules);
	n = lang_rules_diags(rules, &diags);
	for (size_t i = 0; i < n; i++)
		lang_diag_print(&diags[i], i % 2, &text);
	for (size_t i = 0; i < lang_rules_count(rules); i++) {
		const struct lang_rule *rule = lang_rules_at(rules, i);
		bool runs = rule->enabled && !rule->skipped && !rule->broken;
		if (runs != (rule->program_index != UINT32_MAX))
			abort();
	}
	strbuf_done(&text);
	lang_rules_free(rules);
	return 0;
}
