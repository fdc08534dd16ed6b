/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "cli/events_input.h"
#include "cli/rules_load.h"

#include <errno.h>
#include <string.h>

static const struct cli_option options[] = {
	{ 'r', "rules", "FILE|DIR", "Take macros and lists from these rule files; may be given many times.", CLI_COMPLETE_FILE, NULL },
	{ 'e', "events", "FILE", "Events as JSON lines; - is standard input, as is leaving it out.", CLI_COMPLETE_FILE, NULL },
	{ .name = NULL },
};

static const struct cli_example examples[] = {
	{ "parka rules eval 'evt.type=open and fd.name startswith /etc' < events.jsonl", "true or false for each event" },
	{ "parka rules eval -r falco_rules.yaml 'open_read and container' < events.jsonl", "with macros of a rule file" },
	{ NULL, NULL },
};

static void print_answer(bool match, const char *error)
{
	_cleanup_strbuf_ struct strbuf out;
	struct json_writer w;

	if (!error) {
		fputs(match ? "{\"match\":true}\n" : "{\"match\":false}\n", stdout);
		return;
	}
	strbuf_init(&out, 8 * ERR_TEXT_MAX);
	w = json_writer(&out);
	json_object_begin(&w, NULL);
	json_put_bool(&w, "match", false);
	json_put_str(&w, "error", error);
	json_object_end(&w);
	puts(out.text);
}

static int eval_events(struct cli_args *args, const struct lang_program *program, struct cli_events *events)
{
	struct lang_scratch *scratch = lang_scratch_new(program);
	int result = CLI_OK;

	for (;;) {
		const struct model_record *record = NULL;
		struct err err = ERR_INIT;
		uint32_t index;
		int r = cli_events_next(events, &record, &err);
		bool bad = r == -EBADMSG || r == -E2BIG;

		if (r < 0)
			result = cli_fail(args, &err);
		if (r == 0 || (r < 0 && !bad))
			break;
		print_answer(!bad && lang_program_match(program, scratch, record, &index, 1) > 0, bad ? err.text : NULL);
	}
	lang_scratch_free(scratch);
	return result;
}

static int compile(struct cli_args *args, struct lang_rules *rules, const char *condition, struct lang_program *program)
{
	const struct lang_node *tree;
	struct err err = ERR_INIT;
	uint32_t index, offset = 0, source = 0;
	int r = lang_rules_condition(rules, "condition", condition, strlen(condition), &tree, &err);

	if (r == -EBADMSG) {
		cli_rules_print_diags(args, rules, CLI_DIAGS_ERRORS, stderr);
		return CLI_FOUND;
	}
	if (r >= 0)
		r = lang_program_add(program, tree, &index, &offset, &source, &err);
	if (r >= 0)
		r = lang_program_seal(program, &err);
	return r < 0 ? cli_fail(args, &err) : CLI_OK;
}

static int run(struct cli_args *args)
{
	_cleanup_rules_ struct lang_rules *rules = NULL;
	struct lang_program *program;
	struct cli_events *events = NULL;
	const char *const *paths, *const *operands;
	const char *path = cli_value(args, "events");
	size_t n = cli_values(args, "rules", &paths);
	int r;

	if (cli_operands(args, &operands) != 1)
		return cli_usage_error(args, "give one condition, in quotes: 'evt.type=open and fd.name=/etc/shadow'");
	r = cli_rules_load_clean(args, paths, n, &rules);
	if (r != CLI_OK)
		return r;
	program = lang_program_new();
	r = compile(args, rules, operands[0], program);
	if (r == CLI_OK)
		r = cli_events_open(args, path ? path : "-", &events);
	if (r == CLI_OK)
		r = eval_events(args, program, events);
	fflush(stdout);
	cli_events_free(events);
	lang_program_free(program);
	return r;
}

const struct cli_command cmd_rules_eval = {
	.name = "rules eval",
	.summary = "try one condition on events written as JSON lines",
	.usage = "[OPTIONS] CONDITION",
	.description = "Reads one JSON object per line, its keys being fields, and prints {\"match\":true} or {\"match\":false} for each. A "
		"condition that is wrong is told with a caret under the place, exit status 1. A line that is not a JSON object "
		"gives {\"match\":false,\"error\":...}, exit status 3 in the end.",
	.options = options,
	.examples = examples,
	.run = run,
};
