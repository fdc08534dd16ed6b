/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/rules_load.h"
#include "base/json.h"

#include <errno.h>
#include <string.h>

int cli_rules_load(struct cli_args *args, const char *const *paths, size_t n_paths, struct lang_rules **ret_rules, bool *ret_faulty)
{
	struct lang_rules *rules = lang_rules_new();
	struct err err = ERR_INIT;
	int r = 0;

	for (size_t i = 0; i < n_paths && (r >= 0 || r == -EBADMSG); i++)
		r = lang_rules_load_path(rules, paths[i], &err);
	if (r >= 0 || r == -EBADMSG)
		r = lang_rules_compile(rules, &err);
	if (r < 0 && r != -EBADMSG) {
		lang_rules_free(rules);
		return cli_fail(args, &err);
	}
	*ret_rules = rules;
	*ret_faulty = r < 0;
	return CLI_OK;
}

void cli_rules_free_at(struct lang_rules **rules)
{
	lang_rules_free(*rules);
}

void cli_rules_print_diags(struct cli_args *args, const struct lang_rules *rules, enum cli_diags which, FILE *to)
{
	const struct lang_diag *diags;
	size_t n = lang_rules_diags(rules, &diags);
	bool color = cli_color(args, to);

	for (size_t i = 0; i < n; i++) {
		_cleanup_strbuf_ struct strbuf text;
		if (which == CLI_DIAGS_ERRORS && diags[i].level != LANG_DIAG_ERROR)
			continue;
		strbuf_init(&text, 1 << 16);
		lang_diag_print(&diags[i], color, &text);
		fwrite(text.text, 1, text.len, to);
	}
}

int cli_rules_load_clean(struct cli_args *args, const char *const *paths, size_t n_paths, struct lang_rules **ret_rules)
{
	bool faulty;
	int r = cli_rules_load(args, paths, n_paths, ret_rules, &faulty);

	if (r != CLI_OK)
		return r;
	if (faulty || cli_verbose(args))
		cli_rules_print_diags(args, *ret_rules, cli_verbose(args) ? CLI_DIAGS_ALL : CLI_DIAGS_ERRORS, stderr);
	return faulty ? CLI_FOUND : CLI_OK;
}

bool cli_rules_is_mitre(const char *tag)
{
	size_t digits = tag[0] == 'T' ? strspn(tag + 1, "0123456789") : 0;

	if (strncmp(tag, "mitre_", 6) == 0)
		return true;
	return digits == 4 && (!tag[5] || (tag[5] == '.' && tag[6] && !tag[6 + strspn(tag + 6, "0123456789")]));
}

void cli_rules_put_texts(struct json_writer *w, const char *key, const char *const *texts, size_t n, bool (*wanted)(const char *))
{
	json_array_begin(w, key);
	for (size_t i = 0; i < n; i++)
		if (!wanted || wanted(texts[i]))
			json_put_str(w, NULL, texts[i]);
	json_array_end(w);
}
