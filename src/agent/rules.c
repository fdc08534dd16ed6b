/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/agent.h"

#include <errno.h>
#include <string.h>

static int select_rules(struct lang_rules *rules, const struct agent_rule_source *source, struct err *err)
{
	for (size_t i = 0; i < source->n_selections; i++) {
		const struct agent_selection *s = &source->selections[i];
		bool by_tag = strncmp(s->what, "tag=", 4) == 0;

		if (!lang_rules_enable(rules, by_tag ? NULL : s->what, by_tag ? s->what + 4 : NULL, s->enable) &&
		    !lang_rules_by_name(rules, s->what) && strcmp(s->what, "*") != 0)
			return err_set(err, -ENOENT, "%s '%s': no rule %s", s->enable ? "enable" : "disable", s->what,
				       by_tag ? "changes by that tag" : "changes by that name");
	}
	return 0;
}

int agent_rules_load(const struct agent_rule_source *source, struct lang_rules **ret_rules, bool *ret_faulty, struct err *err)
{
	struct lang_rules *rules = lang_rules_new();
	int r = 0, bad = 0;

	for (size_t i = 0; i < source->n_paths && r == 0; i++) {
		r = lang_rules_load_path(rules, source->paths[i], err);
		if (r == -EBADMSG)   /* in the diags; the next files may have more */
			bad = 1, r = 0;
		else if (r > 0)
			r = 0;
	}
	if (r == 0 && !bad)
		r = select_rules(rules, source, err);
	if (r == 0) {
		r = lang_rules_compile(rules, err);
		if (r == -EBADMSG)
			bad = 1, r = 0;
	}
	if (r < 0) {
		lang_rules_free(rules);
		return r;
	}
	*ret_rules = rules;
	*ret_faulty = bad;
	return 0;
}
