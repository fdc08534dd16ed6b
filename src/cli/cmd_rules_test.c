/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "cli/events_input.h"
#include "cli/rules_load.h"

#include <errno.h>
#include <stdlib.h>

static const struct cli_option options[] = {
	{ 'r', "rules", "FILE|DIR", "Rule file, or directory of them; may be given many times, read in order.", CLI_COMPLETE_FILE, NULL },
	{ 'e', "events", "FILE", "Events as JSON lines, or a capture of parka record; - is standard input, as is leaving it out.", CLI_COMPLETE_FILE, NULL },
	{ .name = NULL },
};

static const struct cli_example examples[] = {
	{ "parka rules test -r my_rules.yaml --events events.jsonl", "which rules match which event" },
	{ "parka rules test -r my_rules.yaml --events - --json", "one JSON answer per line of standard input" },
	{ "parka rules test -r my_rules.yaml --events test.parka", "which rules match which event of a recording" },
	{ NULL, NULL },
};

enum { OUT_MAX = 64 * 1024 * 1024 };

struct test {
	const struct lang_rules *rules;
	struct lang_scratch *scratch;
	uint32_t *matched;
	size_t n_matched;
	struct strbuf out, text;
	bool json;
	unsigned long number;
};

static const struct lang_rule *matched_rule(const struct test *t, size_t i)
{
	return lang_rules_of_program(t->rules, t->matched[i]);
}

static const char *output_of(struct test *t, const struct lang_rule *rule, const struct model_record *record)
{
	strbuf_reset(&t->text);
	lang_format_print(rule->format, record, lang_scratch_arena(t->scratch), &t->text);
	return t->text.text;
}

static void print_json(struct test *t, const struct model_record *record, const char *error)
{
	struct json_writer w;

	strbuf_reset(&t->out);
	w = json_writer(&t->out);
	json_object_begin(&w, NULL);
	json_array_begin(&w, "matched");
	for (size_t i = 0; i < t->n_matched; i++)
		json_put_str(&w, NULL, matched_rule(t, i)->name);
	json_array_end(&w);
	json_array_begin(&w, "output");
	for (size_t i = 0; i < t->n_matched; i++) {
		output_of(t, matched_rule(t, i), record);
		json_put_text(&w, NULL, t->text.text, t->text.len);
	}
	json_array_end(&w);
	if (error)
		json_put_str(&w, "error", error);
	json_object_end(&w);
	strbuf_addc(&t->out, '\n');
	fwrite(t->out.text, 1, t->out.len, stdout);
}

/* Control characters of what an attacker named must not reach a terminal. */
static void put_printable(const char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			printf("\\x%02x", (unsigned char)*text);
		else
			putchar(*text);
	}
	putchar('\n');
}

static void print_text(struct test *t, const struct model_record *record, const char *error)
{
	if (error || !t->n_matched)
		printf("%lu: %s\n", t->number, error ? error : "no rule matches");
	for (size_t i = 0; i < t->n_matched; i++) {
		const struct lang_rule *rule = matched_rule(t, i);
		printf("%lu: %s: %s: ", t->number, model_priority_name(rule->priority), rule->name);
		put_printable(output_of(t, rule, record));
	}
}

static int test_events(struct cli_args *args, struct test *t, struct cli_events *events, size_t max)
{
	const struct lang_program *program = lang_rules_program(t->rules);
	int result = CLI_OK;

	for (;;) {
		const struct model_record *record = NULL;
		struct err err = ERR_INIT;
		int r = cli_events_next(events, &record, &err);
		bool bad = r == -EBADMSG || r == -E2BIG;

		if (r == 0)
			return result;
		if (r < 0)
			result = cli_fail(args, &err);
		if (r < 0 && !bad)
			return result;
		t->number++;
		t->n_matched = bad ? 0 : lang_program_match(program, t->scratch, record, t->matched, max);
		if (t->json)
			print_json(t, record, bad ? err.text : NULL);
		else
			print_text(t, record, bad ? err.text : NULL);
	}
}

static int run(struct cli_args *args)
{
	_cleanup_rules_ struct lang_rules *rules = NULL;
	struct cli_events *events;
	struct test t = { .json = cli_json(args) };
	struct lang_rules_counts counts;
	const char *const *paths, *const *operands;
	const char *path = cli_value(args, "events");
	size_t n = cli_rule_paths(args, &paths);
	int r;

	if (cli_operands(args, &operands))
		return cli_usage_error(args, "'%s' is not expected here: name rules with -r and events with --events", operands[0]);
	r = cli_rules_load_clean(args, paths, n, &rules);
	if (r != CLI_OK)
		return r;
	r = cli_events_open(args, path ? path : "-", &events);
	if (r != CLI_OK)
		return r;
	lang_rules_counts(rules, &counts);
	t.rules = rules;
	t.scratch = lang_scratch_new(lang_rules_program(rules));
	t.matched = mem_array(counts.n_rules, sizeof(*t.matched));
	strbuf_init(&t.out, OUT_MAX);
	strbuf_init(&t.text, OUT_MAX / 8);
	r = test_events(args, &t, events, counts.n_rules);
	fflush(stdout);
	strbuf_done(&t.out);
	strbuf_done(&t.text);
	free(t.matched);
	lang_scratch_free(t.scratch);
	cli_events_free(events);
	return r;
}

const struct cli_command cmd_rules_test = {
	.name = "rules test",
	.summary = "match events written as JSON lines against rules",
	.usage = "[OPTIONS] [-r FILE|DIR]... [--events FILE]",
	.description = "Reads one JSON object per line, its keys being fields ({\"evt.type\":\"openat\",\"fd.name\":\"/etc/shadow\"}; a missing "
		"key is an unset field), and says for each which enabled rules match, all of them in file order, and the text each "
		"would print.\n\nWith --json there is one line per event: {\"matched\":[\"rule\",...],\"output\":[\"text\",...]}; a line that "
		"is not a JSON object gets an \"error\" beside empty lists, and the exit status is 3 in the end. Keys that are no "
		"fields are ignored with one warning each.",
	.options = options,
	.examples = examples,
	.run = run,
};
