/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/rules_internal.h"
#include "tap.h"

#include <errno.h>
#include <unistd.h>

static struct lang_rules *rules;
static int load_result, compile_result;

static void begin(void)
{
	lang_rules_free(rules);
	rules = lang_rules_new();
	load_result = 0;
}

static void file(const char *name, const char *text)
{
	int r = lang_rules_load_text(rules, name, text, strlen(text), NULL);

	if (r < 0)
		load_result = r;
}

static void compile(void)
{
	compile_result = lang_rules_compile(rules, NULL);
}

static void load(const char *text)
{
	begin();
	file("t.yaml", text);
	compile();
}

#define RULE(name, condition) "- rule: " name "\n  desc: d\n  condition: " condition "\n  output: out\n  priority: INFO\n"

static const struct lang_diag *diag(const char *code)
{
	const struct lang_diag *diags;
	size_t n = lang_rules_diags(rules, &diags);

	for (size_t i = 0; i < n; i++)
		if (strcmp(diags[i].code, code) == 0)
			return &diags[i];
	return NULL;
}

static void print_diags(void)
{
	const struct lang_diag *diags;
	size_t n = lang_rules_diags(rules, &diags);

	for (size_t i = 0; i < n; i++)
		printf("# have %s:%u:%u %s %s\n", diags[i].file, diags[i].line, diags[i].column, diags[i].code, diags[i].message);
}

/* The only diag, with this code, at this place, these words in its message. */
static void check_only(int line, const char *code, unsigned at_line, unsigned at_column, const char *words)
{
	const struct lang_diag *diags;
	size_t n = lang_rules_diags(rules, &diags);
	bool ok = n == 1 && strcmp(diags[0].code, code) == 0 && diags[0].line == at_line && diags[0].column == at_column &&
		  strstr(diags[0].message, words);

	if (!ok)
		print_diags();
	CHECK_MSG(ok, "line %d: expected only %s at %u:%u with \"%s\"", line, code, at_line, at_column, words);
}
#define ONLY(code, at_line, at_column, words) check_only(__LINE__, code, at_line, at_column, words)

static void check_clean(int line)
{
	const struct lang_diag *diags;

	if (!CHECK_MSG(lang_rules_diags(rules, &diags) == 0, "line %d: expected no problem", line))
		print_diags();
	CHECK_INT(load_result, 0);
	CHECK_INT(compile_result, 0);
}
#define CLEAN() check_clean(__LINE__)

/* Valid until it is asked for again. */
static const char *expanded_of(const struct lang_rule *rule)
{
	static char text[65536];
	const struct lang_node *tree = lang_rules_tree(rules, rule);
	struct strbuf sb;

	if (!tree)
		return "(no tree)";
	strbuf_init(&sb, sizeof(text) - 1);
	lang_node_print(tree, &sb);
	memcpy(text, sb.text, sb.len + 1);
	strbuf_done(&sb);
	return text;
}

static const char *expanded(const char *name)
{
	const struct lang_rule *rule = lang_rules_by_name(rules, name);

	return rule ? expanded_of(rule) : "(no rule)";
}

/* ---- file level ---- */

TEST(a_key_given_twice_is_told_and_the_first_one_counts)
{
	const struct lang_diag *d;

	load("- rule: R\n  desc: d\n  condition: evt.type=open\n  output: o\n  priority: INFO\n  condition: evt.type=close\n");
	d = diag("LINT_KEY_TWICE");
	if (!CHECK(d))
		return;
	CHECK_INT(d->level, LANG_DIAG_WARNING);
	CHECK_INT(d->line, 6);
	CHECK_INT(d->column, 3);
	CHECK_STR(lang_rules_at(rules, 0)->condition, "evt.type=open");
	load("- &d\n  macro: m\n  condition: proc.pid=1\n- <<: *d\n  macro: k\n");
	CHECK(!diag("LINT_KEY_TWICE"));
}

TEST(empty_documents_and_null_items_are_skipped)
{
	load("---\n---\n-\n- ~\n---\n" RULE("r", "evt.type=open"));
	CLEAN();
	CHECK_INT(lang_rules_count(rules), 1);
}

TEST(a_document_must_be_a_sequence)
{
	load("rule: x\n");
	ONLY("LOAD_ERR_YAML_VALIDATE", 1, 1, "Rules content is not yaml array of objects");
	CHECK_INT(load_result, -EBADMSG);
	load("text\n");
	ONLY("LOAD_ERR_YAML_VALIDATE", 1, 1, "Rules content is not yaml");
	load("- text\n");
	ONLY("LOAD_ERR_YAML_VALIDATE", 1, 3, "Each element should be a yaml associative array");
}

TEST(broken_yaml_names_its_place)
{
	load("- rule: x\n  desc: [a\n  output: b\n");
	CHECK(diag("LOAD_ERR_YAML_PARSE"));
	CHECK_INT(diag("LOAD_ERR_YAML_PARSE")->line, 3);
	CHECK_STR(diag("LOAD_ERR_YAML_PARSE")->snippet, "  output: b");
}

TEST(an_unknown_item_is_a_warning_with_a_suggestion)
{
	load("- marco: x\n  condition: y\n");
	ONLY("LOAD_UNKNOWN_ITEM", 1, 3, "did you mean 'macro'?");
	CHECK_INT(compile_result, 0);
}

TEST(an_unknown_key_is_a_warning_with_a_suggestion)
{
	load(RULE("r", "evt.type=open") "  tagz: [a]\n");
	ONLY("LOAD_UNKNOWN_KEY", 6, 3, "did you mean 'tags'?");
	CHECK_INT(compile_result, 0);
	CHECK_INT(lang_rules_count(rules), 1);
}

TEST(the_first_known_key_decides_what_an_item_is)
{
	load("- rule: r\n  macro: m\n  condition: evt.type=open\n" RULE("r2", "m"));
	ONLY("LOAD_UNKNOWN_KEY", 1, 3, "'rule' in a macro");
	CHECK_INT(lang_rules_count(rules), 1);
}

TEST(values_must_be_there_scalar_and_not_empty)
{
	load("- macro: m\n" RULE("r", "evt.type=open"));
	ONLY("LOAD_ERR_YAML_VALIDATE", 1, 3, "Item has no mapping for key 'condition'");
	load("- macro: m\n  condition:\n");
	ONLY("LOAD_ERR_YAML_VALIDATE", 2, 3, "Mapping for key 'condition' is empty");
	load("- macro: m\n  condition: [a]\n");
	ONLY("LOAD_ERR_YAML_VALIDATE", 2, 14, "Value is not a scalar value");
	load("- macro: m\n  condition: ''\n");
	ONLY("LOAD_ERR_YAML_VALIDATE", 2, 14, "Value must be non-empty");
	load(RULE("r", "evt.type=open") "  enabled: maybe\n");
	ONLY("LOAD_ERR_YAML_VALIDATE", 6, 12, "Can't decode YAML scalar value 'maybe'");
}

TEST(all_problems_of_a_file_are_told_and_the_good_rest_loads)
{
	struct lang_rules_counts c;

	load("- rule: r1\n  desc: d\n- list: l\n- rule: r2\n  desc: d\n  output: o\n  priority: loud\n  condition: evt.type=open\n"
	     RULE("good", "evt.type=open"));
	lang_rules_counts(rules, &c);
	CHECK_INT(c.n_broken, 2);
	CHECK_INT(c.n_enabled, 1);
	CHECK_INT(c.n_errors, 5);   /* r1: three keys; l: items; r2: priority */
	CHECK_INT(compile_result, -EBADMSG);
	CHECK_INT(lang_rules_by_name(rules, "good")->program_index, 0);
	CHECK(lang_rules_by_name(rules, "r2")->broken);
}

/* ---- versions ---- */

TEST(an_engine_version_up_to_0_62_0_is_fine)
{
	load("- required_engine_version: 62\n- required_engine_version: 0.57.0\n- required_engine_version: 0.62.0\n");
	CLEAN();
}

TEST(a_newer_engine_version_is_an_error)
{
	load("- required_engine_version: 63\n");
	ONLY("LOAD_ERR_VALIDATE", 1, 28, "Rules require engine version 0.63.0, but engine version is 0.62.0");
	load("- required_engine_version: 1.0.0\n");
	ONLY("LOAD_ERR_VALIDATE", 1, 28, "1.0.0");
	load("- required_engine_version: 0.57\n");
	ONLY("LOAD_ERR_YAML_VALIDATE", 1, 28, "as a semver string");
}

TEST(the_container_plugin_is_built_in)
{
	struct lang_rules_counts c;

	load("- required_plugin_versions:\n  - name: container\n    version: 0.4.0\n");
	CLEAN();
	lang_rules_counts(rules, &c);
	CHECK_INT(c.n_plugins_missing, 0);
}

TEST(another_plugin_is_counted_and_no_error)
{
	const char *names[4];

	load("- required_plugin_versions:\n  - name: json\n    version: 0.7.0\n  - name: k8saudit\n    version: 0.1.0\n"
	     "    alternatives: [{name: k8saudit-eks, version: 0.1.0}]\n"
	     "  - name: other\n    version: 1.0.0\n    alternatives: [{name: container, version: 0.1.0}]\n");
	CLEAN();
	CHECK_INT(lang_rules_plugins_missing(rules, names, 4), 2);
	CHECK_STR(names[0], "json");
	CHECK_STR(names[1], "k8saudit");
}

TEST(plugin_requirements_are_checked)
{
	load("- required_plugin_versions: text\n");
	ONLY("LOAD_ERR_YAML_VALIDATE", 1, 29, "must be a sequence");
	load("- required_plugin_versions:\n  - name: a\n    version: 1\n");
	ONLY("LOAD_ERR_VALIDATE", 3, 14, "Invalid required version '1' for plugin 'a'");
	load("- required_plugin_versions:\n  - name: a\n    version: 1.0.0\n    alternatives: [{name: a, version: 1.0.0}]\n");
	ONLY("LOAD_ERR_VALIDATE", 4, 27, "multiple alternative version requirements for plugin 'a'");
	load("- required_plugin_versions:\n  - version: 1.0.0\n");
	ONLY("LOAD_ERR_YAML_VALIDATE", 2, 5, "no mapping for key 'name'");
}

/* ---- lists ---- */

TEST(a_list_is_put_in_place_as_text)
{
	load("- list: l\n  items: [open, openat]\n" RULE("r", "evt.type in (l)") RULE("s", "evt.type in (creat, l, mkdir)"));
	CLEAN();
	CHECK_STR(expanded("r"), "evt.type in (open, openat)");
	CHECK_STR(expanded("s"), "evt.type in (creat, open, openat, mkdir)");
}

TEST(items_with_blanks_are_quoted_and_quoted_ones_are_not_quoted_again)
{
	load("- list: l\n  items: [a b, '\"c d\"', \"'e f'\", g]\n" RULE("r", "evt.type=open and proc.name in (l)"));
	CLEAN();
	CHECK(strstr(expanded("r"), "in (\"a b\", \"c d\", \"e f\", g)"));
}

TEST(an_empty_list_takes_a_comma_with_it)
{
	load("- list: e\n  items: []\n" RULE("a", "evt.type=open and proc.name in (x, e)") RULE("b", "evt.type=open and proc.name in (e, x)")
	     RULE("c", "evt.type=open and proc.name in (e)") RULE("d", "evt.type=open and proc.name in (x, e, y)"));
	CLEAN();
	CHECK(strstr(expanded("a"), "in (x)"));
	CHECK(strstr(expanded("b"), "in (x)"));
	CHECK(strstr(expanded("c"), "in ()"));
	CHECK(strstr(expanded("d"), "in (x, y)"));
}

TEST(a_list_name_counts_only_between_delimiters)
{
	load("- list: cat\n  items: [dog]\n" RULE("r", "evt.type=open and proc.name in (cats, my-cat, cat) and proc.exe = cat"));
	CLEAN();
	CHECK(strstr(expanded("r"), "in (cats, my-cat, dog) and proc.exe = dog"));
}

TEST(a_list_in_a_list_is_put_in_place_one_level_deep)
{
	load("- list: a\n  items: [x]\n- list: b\n  items: [a, y]\n- list: c\n  items: [b, z]\n"
	     RULE("r", "evt.type=open and proc.name in (b)") RULE("s", "evt.type=open and proc.name in (c)"));
	CHECK(strstr(expanded("r"), "in (x, y)"));
	CHECK(strstr(expanded("s"), "in (a, y, z)"));   /* Falco: items of b as written */
}

TEST(a_list_sees_only_lists_before_it)
{
	load("- list: a\n  items: [b]\n- list: b\n  items: [x]\n- macro: m\n  condition: proc.exe in (b)\n"
	     RULE("r", "m and evt.type=open and proc.name in (a)"));
	/* not flattened, but the text is expanded with b after a, as Falco does */
	CHECK(strstr(expanded("r"), "proc.name in (x)"));
	load("- list: b\n  items: [x]\n- list: a\n  items: [b]\n- list: b\n  items: [q]\n" RULE("r", "evt.type=open and proc.name in (a)"));
	CHECK(strstr(expanded("r"), "proc.name in (q)"));
}

TEST(a_list_redefined_keeps_its_place_and_takes_new_items)
{
	load("- list: l\n  items: [a]\n- list: l\n  items: [b]\n" RULE("r", "evt.type=open and proc.name in (l)"));
	CLEAN();
	CHECK(strstr(expanded("r"), "in (b)"));
}

TEST(a_list_is_appended_to_in_both_ways)
{
	load("- list: l\n  items: [a]\n- list: l\n  items: [b]\n  override: {items: append}\n" RULE("r", "evt.type=open and proc.name in (l)"));
	CLEAN();
	CHECK(strstr(expanded("r"), "in (a, b)"));
	load("- list: l\n  items: [a]\n- list: l\n  items: [b]\n  append: yes\n" RULE("r", "evt.type=open and proc.name in (l)"));
	ONLY("LOAD_DEPRECATED_ITEM", 5, 3, "'append' key is deprecated");
	CHECK(strstr(expanded("r"), "in (a, b)"));
	load("- list: l\n  items: [a]\n- list: l\n  items: [b]\n  override: {items: replace}\n" RULE("r", "evt.type=open and proc.name in (l)"));
	CHECK(strstr(expanded("r"), "in (b)"));
}

TEST(appending_to_a_list_that_is_not_there_is_an_error)
{
	load("- list: shells\n  items: [a]\n- list: shell\n  items: [b]\n  override: {items: append}\n" RULE("r", "evt.type=open and proc.name in (shells)"));
	ONLY("LOAD_ERR_VALIDATE", 3, 9, "no list by that name already exists; did you mean 'shells'?");
}

TEST(list_items_must_be_a_sequence_of_scalars)
{
	load("- list: l\n  items: a\n");
	ONLY("LOAD_ERR_YAML_VALIDATE", 2, 10, "Value is not a sequence");
	load("- list: l\n  items: [a, [b]]\n");
	ONLY("LOAD_ERR_YAML_VALIDATE", 2, 14, "sequence value is not scalar");
	load("- list: l\n");
	ONLY("LOAD_ERR_YAML_VALIDATE", 1, 3, "no mapping for key 'items'");
}

TEST(odd_names_of_lists_and_macros_are_warnings)
{
	load("- list: my list\n  items: [a]\n");
	CHECK(diag("LOAD_INVALID_LIST_NAME"));
	load("- macro: 1st\n  condition: evt.type=open\n");
	CHECK(diag("LOAD_INVALID_MACRO_NAME"));
	CHECK_INT(compile_result, 0);
}

/* ---- macros ---- */

TEST(a_macro_is_an_atom)
{
	load("- macro: m\n  condition: proc.name=a or proc.name=b\n" RULE("r", "evt.type=open and m and not m"));
	CLEAN();
	CHECK_STR(expanded("r"), "evt.type = open and (proc.name = a or proc.name = b) and not (proc.name = a or proc.name = b)");
}

TEST(an_undefined_macro_is_an_error_with_a_suggestion)
{
	load("- macro: open_read\n  condition: evt.type=open\n" RULE("r", "open_red or open_read"));
	ONLY("LOAD_ERR_VALIDATE", 5, 14, "Undefined macro 'open_red' used in filter; did you mean 'open_read'?");
	CHECK_INT(diag("LOAD_ERR_VALIDATE")->caret_len, 8);
	CHECK_STR(diag("LOAD_ERR_VALIDATE")->item, "rule 'r'");
}

TEST(a_macro_sees_only_macros_before_it_and_rules_see_all)
{
	load(RULE("r", "m") "- macro: m\n  condition: evt.type=open\n");
	CLEAN();
	load("- macro: a\n  condition: b\n- macro: b\n  condition: evt.type=open\n" RULE("r", "a"));
	ONLY("LOAD_ERR_VALIDATE", 2, 14, "it is defined only later");
	/* redefined behind b, a sees b */
	load("- macro: a\n  condition: evt.type=creat\n- macro: b\n  condition: evt.type=open\n- macro: a\n  condition: b\n" RULE("r", "a"));
	CLEAN();
	CHECK_STR(expanded("r"), "evt.type = open");
}

TEST(a_loop_of_macros_is_an_error)
{
	load("- macro: a\n  condition: evt.type=open\n- macro: a\n  condition: a or evt.type=creat\n" RULE("r", "a"));
	ONLY("LOAD_ERR_VALIDATE", 4, 14, "reference loop in macro 'a'");
	load("- macro: a\n  condition: evt.type=open\n- macro: b\n  condition: a\n- macro: a\n  condition: b\n" RULE("r", "b"));
	CHECK(diag("LOAD_ERR_VALIDATE"));
	CHECK(strstr(diag("LOAD_ERR_VALIDATE")->message, "reference loop"));
}

TEST(a_macro_is_appended_to_as_text)
{
	load("- macro: m\n  condition: evt.type=open\n- macro: m\n  condition: or evt.type=creat\n  override: {condition: append}\n" RULE("r", "m"));
	CLEAN();
	CHECK_STR(expanded("r"), "evt.type = open or evt.type = creat");
	load("- macro: m\n  condition: evt.type=open\n- macro: m\n  condition: or evt.type=creat\n  append: true\n" RULE("r", "m"));
	ONLY("LOAD_DEPRECATED_ITEM", 5, 3, "deprecated");
	load("- macro: m\n  condition: or x\n  override: {condition: append}\n");
	ONLY("LOAD_ERR_VALIDATE", 1, 10, "no macro by that name already exists");
}

TEST(a_fault_in_an_appended_part_points_into_that_part)
{
	begin();
	file("a.yaml", "- macro: m\n  condition: evt.type=open\n" RULE("r", "m"));
	file("b.yaml", "- macro: m\n  condition: or evt.tyep=creat\n  override: {condition: append}\n");
	compile();
	ONLY("LOAD_ERR_COMPILE_CONDITION", 2, 17, "did you mean 'evt.type'?");
	CHECK_STR(diag("LOAD_ERR_COMPILE_CONDITION")->file, "b.yaml");
	CHECK_STR(diag("LOAD_ERR_COMPILE_CONDITION")->item, "macro 'm'");
	CHECK(strstr(diag("LOAD_ERR_COMPILE_CONDITION")->message, "used in rule 'r'"));
}

TEST(unused_macros_and_lists_are_warnings)
{
	load("- macro: m\n  condition: proc.name in (l)\n- list: l\n  items: [a]\n- list: k\n  items: [b]\n");
	CHECK_INT(diag("LOAD_UNUSED_MACRO")->line, 1);
	CHECK_INT(diag("LOAD_UNUSED_LIST")->line, 5);
	CHECK_INT(compile_result, 0);
}

TEST(an_unknown_field_in_a_macro_is_no_error_until_a_rule_uses_it)
{
	load("- macro: m\n  condition: ka.verb=get\n- macro: n\n  condition: m or m\n");
	CHECK_INT(compile_result, 0);
	CHECK(!diag("LOAD_ERR_COMPILE_CONDITION"));
	load("- macro: m\n  condition: ka.verb=get\n- macro: n\n  condition: m or m\n" RULE("r", "n"));
	ONLY("LOAD_ERR_COMPILE_CONDITION", 2, 14, "ka.verb");
	CHECK_STR(diag("LOAD_ERR_COMPILE_CONDITION")->item, "macro 'm'");
}

TEST(a_bomb_of_macros_is_refused)
{
	struct strbuf sb;

	strbuf_init(&sb, 1 << 20);
	strbuf_adds(&sb, "- macro: m0\n  condition: evt.type=open\n");
	for (int i = 1; i < 64; i++)
		strbuf_addf(&sb, "- macro: m%d\n  condition: m%d or m%d\n", i, i - 1, i - 1);
	strbuf_adds(&sb, RULE("r", "m63"));
	load(sb.text);
	CHECK(diag("LOAD_ERR_COMPILE_CONDITION"));
	CHECK(strstr(diag("LOAD_ERR_COMPILE_CONDITION")->message, "too many checks"));
	strbuf_reset(&sb);
	strbuf_adds(&sb, "- macro: m0\n  condition: evt.type=open\n");
	for (int i = 1; i < 6000; i++)
		strbuf_addf(&sb, "- macro: m%d\n  condition: not m%d\n", i, i - 1);
	strbuf_adds(&sb, RULE("r", "m5999"));
	load(sb.text);
	CHECK(diag("LOAD_ERR_COMPILE_CONDITION"));
	strbuf_done(&sb);
}

/* ---- rules ---- */

TEST(a_rule_has_its_defaults)
{
	const struct lang_rule *r;

	load("- rule: r\n  desc: d\n  condition: evt.type=open\n  output: '  two  words '\n  priority: INFO\n");
	CLEAN();
	r = lang_rules_by_name(rules, "r");
	CHECK_STR(r->source, "syscall");
	CHECK_STR(r->output, "two  words");
	CHECK(r->enabled && !r->skipped);
	CHECK_INT(r->priority, MODEL_PRIORITY_INFORMATIONAL);
	CHECK_INT(r->line, 1);
	CHECK_INT(r->n_tags, 0);
	CHECK(model_event_set_has(&r->events, MODEL_EVT_OPEN));
}

TEST(tags_capture_and_the_other_keys_are_read)
{
	const struct lang_rule *r;

	load(RULE("r", "evt.type=open") "  tags: [a, b, a]\n  capture: true\n  capture_duration: 5000\n  enabled: false\n  warn_evttypes: false\n  skip-if-unknown-filter: true\n");
	CLEAN();
	r = lang_rules_by_name(rules, "r");
	CHECK_INT(r->n_tags, 2);
	CHECK(r->capture);
	CHECK_INT(r->capture_duration_ms, 5000);
	CHECK(!r->enabled);
	CHECK_INT(r->program_index, UINT32_MAX);
	load(RULE("r", "evt.type=open") "  tags: a\n");
	ONLY("LOAD_ERR_YAML_VALIDATE", 6, 9, "Value is not a sequence");
}

TEST(a_bad_priority_is_an_error_with_a_suggestion)
{
	load("- rule: r\n  desc: d\n  condition: evt.type=open\n  output: o\n  priority: Warnign\n");
	ONLY("LOAD_ERR_YAML_VALIDATE", 5, 13, "did you mean 'Warning'?");
}

TEST(a_rule_redefined_keeps_its_position)
{
	load(RULE("a", "evt.type=open") RULE("b", "evt.type=open") RULE("a", "evt.type=creat"));
	CLEAN();
	CHECK_INT(lang_rules_count(rules), 2);
	CHECK_STR(lang_rules_at(rules, 0)->name, "a");
	CHECK_STR(expanded_of(lang_rules_at(rules, 0)), "evt.type = creat");
	CHECK_INT(lang_rules_at(rules, 0)->line, 11);
}

TEST(a_rule_redefined_with_another_source_is_an_error)
{
	load(RULE("a", "evt.type=open") RULE("a", "ka.verb=get") "  source: k8s_audit\n");
	ONLY("LOAD_ERR_VALIDATE", 6, 9, "re-defined with a different source");
}

TEST(an_unknown_source_is_skipped_with_a_warning)
{
	struct lang_rules_counts c;

	load("- list: l\n  items: [a]\n- macro: m\n  condition: ka.x in (l)\n" RULE("r", "m and ka.verb=get") "  source: k8s_audit\n");
	ONLY("LOAD_UNKNOWN_SOURCE", 10, 11, "Unknown source k8s_audit, skipping");
	lang_rules_counts(rules, &c);
	CHECK_INT(c.n_skipped, 1);
	CHECK_INT(c.n_macros_skipped, 1);
	CHECK_INT(compile_result, 0);
	CHECK(lang_rules_by_name(rules, "r")->skipped);
}

TEST(enabled_alone_switches_an_earlier_rule)
{
	load(RULE("r", "evt.type=open") "- rule: r\n  enabled: false\n");
	ONLY("LOAD_DEPRECATED_ITEM", 7, 3, "standalone 'enabled'");
	CHECK(!lang_rules_by_name(rules, "r")->enabled);
	load("- rule: r\n  enabled: false\n");
	CHECK(diag("LOAD_ERR_VALIDATE"));
	CHECK(strstr(diag("LOAD_ERR_VALIDATE")->message, "no rule by that name"));
	load("- rule: r\n");
	ONLY("LOAD_ERR_YAML_VALIDATE", 1, 3, "no mapping for key 'enabled'");
}

TEST(append_true_adds_to_condition_and_exceptions_only)
{
	load(RULE("r", "evt.type=open") "- rule: r\n  condition: and proc.name=x\n  output: ignored\n  append: true\n");
	ONLY("LOAD_DEPRECATED_ITEM", 9, 3, "deprecated");
	CHECK_STR(expanded("r"), "evt.type = open and proc.name = x");
	CHECK_STR(lang_rules_by_name(rules, "r")->condition, "evt.type=open and proc.name=x");
	CHECK_STR(lang_rules_by_name(rules, "r")->output, "out");
	load(RULE("r", "evt.type=open") "- rule: r\n  output: x\n  append: true\n");
	CHECK(diag("LOAD_ERR_VALIDATE"));
	CHECK(strstr(diag("LOAD_ERR_VALIDATE")->message, "must have exceptions or condition"));
	load("- rule: r\n  condition: x\n  append: true\n");
	CHECK(strstr(diag("LOAD_ERR_VALIDATE")->message, "no rule by that name already exists"));
}

TEST(append_and_override_exclude_each_other)
{
	load(RULE("r", "evt.type=open") "- rule: r\n  condition: and proc.name=x\n  append: true\n  override: {condition: append}\n");
	CHECK(diag("LOAD_ERR_YAML_VALIDATE"));
	CHECK(strstr(diag("LOAD_ERR_YAML_VALIDATE")->message, "cannot be used together"));
	load("- list: l\n  items: [a]\n- list: l\n  items: [b]\n  append: true\n  override: {items: append}\n");
	CHECK(strstr(diag("LOAD_ERR_YAML_VALIDATE")->message, "cannot be used together"));
}

TEST(override_appends_what_can_be_appended_to)
{
	const struct lang_rule *r;

	load(RULE("r", "evt.type=open") "  tags: [a]\n- rule: r\n  condition: and proc.name=x\n  output: more\n  desc: e\n  tags: [b]\n"
	     "  override: {condition: append, output: append, desc: append, tags: append}\n");
	CLEAN();
	r = lang_rules_by_name(rules, "r");
	CHECK_STR(r->condition, "evt.type=open and proc.name=x");
	CHECK_STR(r->output, "out more");
	CHECK_STR(r->desc, "d e");
	CHECK_INT(r->n_tags, 2);
}

TEST(a_settled_set_keeps_what_findings_say_of_enabled_rules_and_the_counts)
{
	struct lang_rules_counts before, after;
	const struct lang_rule *r;
	const struct lang_node *node;
	const struct lang_diag *diags;

	load("- list: l\n  items: [a, b]\n" RULE("off", "evt.type=creat") "  enabled: false\n"
	     RULE("on", "evt.type=open and proc.name in (l)") "  tags: [x, y]\n" RULE("later", "evt.type=open"));
	CLEAN();
	lang_rules_counts(rules, &before);
	lang_rules_settle(rules);
	lang_rules_settle(rules);
	lang_rules_counts(rules, &after);
	CHECK(memcmp(&before, &after, sizeof(before)) == 0);
	CHECK_INT(lang_rules_count(rules), 2);
	CHECK(!lang_rules_by_name(rules, "off"));
	r = lang_rules_by_name(rules, "on");
	if (!CHECK(r && r == lang_rules_of_program(rules, r->program_index)))
		return;
	CHECK_STR(r->name, "on");
	CHECK_STR(r->file, "t.yaml");
	CHECK_STR(r->source, "syscall");
	CHECK_INT(r->n_tags, 2);
	CHECK_STR(r->tags[1], "y");
	CHECK(r->format && !r->desc && !r->output && !r->condition && !lang_rules_tree(rules, r));
	CHECK(model_event_set_has(&r->events, MODEL_EVT_OPEN));
	CHECK_INT(lang_rules_diags(rules, &diags), 0);
	CHECK_INT(lang_rules_condition(rules, "c", "evt.type=open", 13, &node, NULL), -EINVAL);
}

TEST(a_set_that_is_not_compiled_does_not_settle)
{
	begin();
	file("t.yaml", RULE("r", "evt.type=open"));
	lang_rules_settle(rules);
	compile();
	CLEAN();
	CHECK(lang_rules_tree(rules, lang_rules_by_name(rules, "r")));
}

TEST(override_replaces_what_can_be_replaced)
{
	const struct lang_rule *r;

	load(RULE("r", "evt.type=open") "  tags: [a]\n- rule: r\n  condition: evt.type=creat\n  output: new\n  desc: e\n  tags: [b]\n"
	     "  priority: ERROR\n  enabled: false\n  capture: true\n  capture_duration: 7\n  warn_evttypes: false\n  skip-if-unknown-filter: true\n"
	     "  override: {condition: replace, output: replace, desc: replace, tags: replace, priority: replace, enabled: replace,\n"
	     "    capture: replace, capture_duration: replace, warn_evttypes: replace, skip-if-unknown-filter: replace}\n");
	CLEAN();
	r = lang_rules_by_name(rules, "r");
	CHECK_STR(expanded_of(r), "evt.type = creat");
	CHECK_STR(r->output, "new");
	CHECK_STR(r->desc, "e");
	CHECK_STR(r->tags[0], "b");
	CHECK_INT(r->priority, MODEL_PRIORITY_ERROR);
	CHECK(!r->enabled && r->capture);
	CHECK_INT(r->capture_duration_ms, 7);
}

TEST(appends_come_before_replaces)
{
	load(RULE("r", "evt.type=open") "- rule: r\n  condition: and proc.name=x\n  enabled: no\n  override: {enabled: replace, condition: append}\n");
	CLEAN();
	CHECK(!lang_rules_by_name(rules, "r")->enabled);
	CHECK_STR(expanded("r"), "evt.type = open and proc.name = x");
}

TEST(override_faults_are_errors)
{
	load(RULE("r", "evt.type=open") "- rule: r\n  priority: ERROR\n  override: {priority: append}\n");
	ONLY("LOAD_ERR_YAML_VALIDATE", 8, 14, "Key 'priority' cannot be appended to, use 'replace' instead");
	load(RULE("r", "evt.type=open") "- rule: r\n  source: x\n  override: {source: replace}\n");
	ONLY("LOAD_ERR_YAML_VALIDATE", 8, 14, "Key 'source' cannot be replaced");
	load(RULE("r", "evt.type=open") "- rule: r\n  desc: x\n  override: {desc: add}\n");
	ONLY("LOAD_ERR_YAML_VALIDATE", 8, 20, "Invalid override operation for key 'desc': 'add'");
	load(RULE("r", "evt.type=open") "- rule: r\n  desc: x\n  output: y\n  override: {desc: append}\n");
	ONLY("LOAD_ERR_YAML_VALIDATE", 8, 3, "Unexpected key 'output': no corresponding entry under 'override'");
	load(RULE("r", "evt.type=open") "- rule: r\n  desc: x\n  override: {desc: append, output: append}\n");
	ONLY("LOAD_ERR_YAML_VALIDATE", 8, 28, "An append override for 'output' was specified but 'output' is not defined");
	load(RULE("read it", "evt.type=open") "- rule: read ot\n  desc: x\n  override: {desc: replace}\n");
	ONLY("LOAD_ERR_VALIDATE", 6, 9, "no rule by that name already exists; did you mean 'read it'?");
}

TEST(a_broken_rule_does_not_make_its_appends_fail_too)
{
	load("- rule: r\n  desc: d\n  condition: evt.type=open\n  output: o\n  priority: bad\n- rule: r\n  condition: and proc.name=x\n  override: {condition: append}\n");
	ONLY("LOAD_ERR_YAML_VALIDATE", 5, 13, "Invalid priority");
}

TEST(a_rule_for_too_many_events_is_a_warning_unless_switched_off)
{
	load(RULE("r", "proc.name=x"));
	ONLY("LOAD_NO_EVTTYPE", 1, 9, "too many evt.type values");
	load(RULE("r", "proc.name=x") "  warn_evttypes: false\n");
	CLEAN();
}

TEST(skip_if_unknown_filter_drops_the_rule_with_a_warning)
{
	load(RULE("r", "evt.type=open and proc.nam=x") "  skip-if-unknown-filter: true\n");
	ONLY("LOAD_UNKNOWN_FILTER", 3, 32, "proc.nam");
	CHECK(lang_rules_by_name(rules, "r")->skipped);
	CHECK_INT(compile_result, 0);
	load("- rule: r\n  desc: d\n  condition: evt.type=open\n  output: x %proc.nam\n  priority: INFO\n  skip-if-unknown-filter: true\n");
	CHECK(diag("LOAD_UNKNOWN_FILTER"));
	CHECK_INT(compile_result, 0);
}

TEST(an_unknown_field_in_a_file_with_a_missing_plugin_skips_the_rule)
{
	load("- required_plugin_versions: [{name: k8smeta, version: 0.1.0}]\n" RULE("r", "evt.type=open and k8smeta.ns.name=x"));
	ONLY("LOAD_UNKNOWN_FILTER", 4, 32, "k8smeta.ns.name");
	CHECK_INT(compile_result, 0);
}

TEST(an_unknown_output_field_is_an_error_at_its_place)
{
	load("- rule: r\n  desc: d\n  condition: evt.type=open\n  output: a file %fd.naem\n  priority: INFO\n");
	CHECK_INT(compile_result, -EBADMSG);
	if (!CHECK(diag("LOAD_ERR_COMPILE_OUTPUT")))
		return;
	CHECK_INT(diag("LOAD_ERR_COMPILE_OUTPUT")->line, 4);
	CHECK(diag("LOAD_ERR_COMPILE_OUTPUT")->column >= 18);
}

TEST(container_info_is_dropped_with_a_warning)
{
	load("- rule: r\n  desc: d\n  condition: evt.type=open\n  output: x %container.info y\n  priority: INFO\n");
	ONLY("LOAD_DEPRECATED_ITEM", 4, 13, "container.info");
	CHECK_STR(lang_rules_by_name(rules, "r")->output, "x  y");
}

TEST(evt_dir_is_a_deprecated_field)
{
	load(RULE("r", "evt.type=open and evt.dir=<"));
	ONLY("LOAD_DEPRECATED_ITEM", 3, 32, "evt.dir");
}

TEST(rules_are_switched_by_name_glob_and_tag)
{
	begin();
	file("t", RULE("read a", "evt.type=open") "  tags: [x]\n" RULE("read b", "evt.type=open") RULE("write", "evt.type=open") "  tags: [x]\n");
	CHECK_INT(lang_rules_enable(rules, "read*", NULL, false), 2);
	CHECK_INT(lang_rules_enable(rules, NULL, "x", true), 1);
	compile();
	CHECK(lang_rules_by_name(rules, "read a")->enabled);
	CHECK(!lang_rules_by_name(rules, "read b")->enabled);
	CHECK_STR(lang_rules_of_program(rules, 1)->name, "write");
}

/* ---- exceptions ---- */

TEST(exceptions_become_and_not_behind_the_condition)
{
	load(RULE("r", "evt.type=open or evt.type=creat") "  exceptions:\n  - name: e\n    fields: [proc.name, fd.name]\n    comps: [in, startswith]\n"
	     "    values:\n    - [[a, b c], /x]\n    - [d, /y z]\n  - name: f\n    fields: proc.exe\n    values: [q, r s]\n  - name: none\n    fields: [proc.pid]\n");
	CLEAN();
	CHECK_STR(expanded("r"), "(evt.type = open or evt.type = creat) and not (proc.name in (a, \"b c\") and fd.name startswith /x or "
		  "proc.name in (d) and fd.name startswith \"/y z\") and not proc.exe in (q, \"r s\")");
}

TEST(comps_default_to_equal_for_lists_and_in_for_one_field)
{
	load(RULE("r", "evt.type=open") "  exceptions:\n  - {name: e, fields: [proc.name], values: [[a]]}\n  - {name: f, fields: proc.exe, values: [b]}\n"
	     "  - {name: g, fields: fd.name, comps: startswith oneof, values: [/a, /b]}\n");
	CLEAN();
	CHECK(strstr(expanded("r"), "not proc.name = a and not proc.exe in (b)"));
	CHECK(strstr(expanded("r"), "startswith oneof (/a, /b)"));
}

TEST(exceptions_use_lists)
{
	load("- list: l\n  items: [x, y]\n" RULE("r", "evt.type=open") "  exceptions:\n  - {name: e, fields: [proc.name], comps: [in], values: [[l]]}\n");
	CLEAN();
	CHECK(strstr(expanded("r"), "proc.name in (x, y)"));
}

TEST(exception_faults_are_errors)
{
	load(RULE("r", "evt.type=open") "  exceptions: x\n");
	ONLY("LOAD_ERR_YAML_VALIDATE", 6, 3, "Rule exceptions must be a sequence");
	load(RULE("r", "evt.type=open") "  exceptions:\n  - x\n");
	ONLY("LOAD_ERR_YAML_VALIDATE", 7, 5, "Rule exception must be a mapping");
	load(RULE("r", "evt.type=open") "  exceptions:\n  - fields: [proc.name]\n");
	ONLY("LOAD_ERR_YAML_VALIDATE", 7, 5, "no mapping for key 'name'");
	load(RULE("r", "evt.type=open") "  exceptions:\n  - name: e\n");
	ONLY("LOAD_ERR_YAML_VALIDATE", 7, 11, "no mapping for key 'fields'");
	load(RULE("r", "evt.type=open") "  exceptions:\n  - {name: e, fields: [proc.name, fd.name], comps: [in]}\n");
	ONLY("LOAD_ERR_VALIDATE", 7, 12, "Fields and comps lists must have equal length");
	load(RULE("r", "evt.type=open") "  exceptions:\n  - {name: e, fields: [proc.name], comps: [statswith]}\n");
	ONLY("LOAD_ERR_VALIDATE", 7, 44, "'statswith' is not a supported comparison operator; did you mean 'startswith'?");
	load(RULE("r", "evt.type=open") "  exceptions:\n  - {name: e, fields: [proc.nme]}\n");
	ONLY("LOAD_ERR_VALIDATE", 7, 24, "'proc.nme' is not a supported filter field");
	load(RULE("r", "evt.type=open") "  exceptions:\n  - {name: e, fields: proc.name, comps: [in]}\n");
	ONLY("LOAD_ERR_VALIDATE", 7, 12, "Fields and comps must both be strings");
	load(RULE("r", "evt.type=open") "  exceptions:\n  - {name: e, fields: proc.name, comps: '='}\n");
	CHECK(strstr(diag("LOAD_ERR_VALIDATE")->message, "comps must be one of (in, pmatch, intersects)"));
	load(RULE("r", "evt.type=open") "  exceptions:\n  - {name: e, fields: [proc.name, fd.name], values: [[a]]}\n");
	ONLY("LOAD_ERR_VALIDATE", 7, 12, "Fields and values lists must have equal length");
	load(RULE("r", "evt.type=open") "  exceptions:\n  - {name: e, fields: proc.name, values: [[a]]}\n");
	ONLY("LOAD_ERR_VALIDATE", 7, 12, "Expected values array to contain a list of strings");
	load(RULE("r", "evt.type=open") "  exceptions:\n  - {name: e, fields: proc.name, values: a}\n");
	CHECK(strstr(diag("LOAD_ERR_YAML_VALIDATE")->message, "Rule exception values must be a sequence"));
	load(RULE("r", "evt.type=open") "  exceptions:\n  - {name: e, fields: proc.name, valus: [a]}\n");
	ONLY("LOAD_UNKNOWN_KEY", 7, 34, "did you mean 'values'?");
}

TEST(a_rule_with_a_faulty_exception_is_left_out)
{
	load(RULE("r", "evt.type=open") "  exceptions:\n  - {name: e, fields: [proc.name, ''], values: [[a, b]]}\n");
	CHECK(lang_rules_by_name(rules, "r")->broken);
	load(RULE("r", "evt.type=open") "  exceptions:\n  - {name: e, fields: [proc.name, ~], comps: [in, ~], values: [[a, b]]}\n");
	ONLY("LOAD_ERR_VALIDATE", 7, 12, "must be lists of texts");
	CHECK(lang_rules_by_name(rules, "r")->broken);
	load(RULE("r", "evt.type=open") "- rule: r\n  exceptions: [{name: e, fields: [proc.name], comps: [], values: [[a]]}]\n  override: {exceptions: replace}\n");
	ONLY("LOAD_ERR_VALIDATE", 7, 23, "equal length");
	CHECK(lang_rules_by_name(rules, "r")->broken);
}

TEST(two_exceptions_of_one_name_are_a_warning)
{
	load(RULE("r", "evt.type=open") "  exceptions:\n  - {name: e, fields: proc.name}\n  - {name: e, fields: proc.exe}\n");
	ONLY("LOAD_EXCEPTION_NAME_NOT_UNIQUE", 8, 12, "Multiple definitions of exception 'e'");
}

#define WITH_EXCEPTION RULE("r", "evt.type=open") "  exceptions:\n  - {name: e, fields: proc.name, values: [a]}\n"

TEST(exceptions_are_appended_to)
{
	load(WITH_EXCEPTION "- rule: r\n  exceptions:\n  - {name: e, values: [b]}\n  - {name: n, fields: proc.exe, values: [x]}\n  override: {exceptions: append}\n");
	CLEAN();
	CHECK(strstr(expanded("r"), "proc.name in (a, b) and not proc.exe in (x)"));
}

TEST(appending_an_exception_carries_values_only)
{
	load(WITH_EXCEPTION "- rule: r\n  exceptions: [{name: e, fields: proc.name, values: [b]}]\n  override: {exceptions: append}\n");
	CHECK(strstr(diag("LOAD_ERR_VALIDATE")->message, "Can not append exception fields to existing exception"));
	load(WITH_EXCEPTION "- rule: r\n  exceptions: [{name: e, comps: in, values: [b]}]\n  override: {exceptions: append}\n");
	CHECK(strstr(diag("LOAD_ERR_VALIDATE")->message, "Can not append exception comps to existing exception"));
	load(WITH_EXCEPTION "- rule: r\n  exceptions: [{name: n, values: [b]}]\n  override: {exceptions: append}\n");
	CHECK(strstr(diag("LOAD_ERR_VALIDATE")->message, "Rule exception must have fields property"));
	load(WITH_EXCEPTION "- rule: r\n  exceptions: [{name: n, fields: proc.exe, values: []}]\n  override: {exceptions: append}\n");
	CHECK(strstr(diag("LOAD_ERR_VALIDATE")->message, "Rule exception must have values property"));
	load(WITH_EXCEPTION "- rule: r\n  exceptions: [{name: e}]\n  override: {exceptions: append}\n");
	ONLY("LOAD_APPEND_NO_VALUES", 9, 16, "no values");
}

TEST(exceptions_are_replaced)
{
	load(WITH_EXCEPTION "- rule: r\n  exceptions: [{name: n, fields: proc.exe, values: [x]}]\n  override: {exceptions: replace}\n");
	CLEAN();
	CHECK_STR(expanded("r"), "evt.type = open and not proc.exe in (x)");
}

TEST(a_fault_in_an_exceptions_value_points_at_the_value)
{
	load(RULE("r", "evt.type=open") "  exceptions:\n  - name: e\n    fields: [proc.pid]\n    values:\n    - [12]\n    - [abc]\n");
	ONLY("LOAD_ERR_COMPILE_CONDITION", 11, 8, "abc");
}

/* ---- places ---- */

TEST(a_fault_in_a_folded_condition_points_at_its_line_and_column)
{
	load("- rule: r\n  desc: d\n  condition: >\n    evt.type=open and\n    (proc.name=a or\n     proc.nmae=b)\n  output: o\n  priority: INFO\n");
	ONLY("LOAD_ERR_COMPILE_CONDITION", 6, 6, "did you mean 'proc.name'?");
	CHECK_INT(diag("LOAD_ERR_COMPILE_CONDITION")->caret_len, 9);
	CHECK_STR(diag("LOAD_ERR_COMPILE_CONDITION")->snippet, "     proc.nmae=b)");
}

TEST(a_fault_behind_an_expanded_list_keeps_its_column)
{
	load("- list: l\n  items: [aaaaaaaaaaaaaaaaa, bbbbbbbbbbbbbbbbbbbbbb, cccccccccccc]\n"
	     RULE("r", "evt.type=open and proc.name in (l) and proc.nmae=b"));
	ONLY("LOAD_ERR_COMPILE_CONDITION", 5, 53, "proc.nmae");
}

TEST(a_fault_in_a_list_item_points_at_the_item_and_names_list_and_rule)
{
	load("- list: l\n  items:\n  - 12\n  - abc\n" RULE("r", "evt.type=open and proc.pid in (l)"));
	ONLY("LOAD_ERR_COMPILE_CONDITION", 4, 5, "an item of list 'l'");
	CHECK(strstr(diag("LOAD_ERR_COMPILE_CONDITION")->message, "used in rule 'r'"));
}

TEST(a_type_error_inside_a_macro_names_the_macro_once)
{
	load("- macro: m\n  condition: proc.pid startswith 1\n" RULE("r", "evt.type=open and m") RULE("s", "evt.type=open and m"));
	ONLY("LOAD_ERR_COMPILE_CONDITION", 2, 23, "used in rule 'r'");
	CHECK_STR(diag("LOAD_ERR_COMPILE_CONDITION")->item, "macro 'm'");
}

TEST(a_condition_that_ends_too_early_points_behind_its_end)
{
	load("- rule: r\n  desc: d\n  condition: >\n    evt.type=open and\n\n  output: o\n  priority: INFO\n");
	CHECK_INT(diag("LOAD_ERR_COMPILE_CONDITION")->line, 4);
	CHECK(diag("LOAD_ERR_COMPILE_CONDITION")->column >= 21);
}

TEST(a_diag_is_printed_with_its_line_and_a_caret_run)
{
	struct strbuf sb;

	strbuf_init(&sb, 10000);
	load(RULE("r", "evt.type=open and proc.nmae=b"));
	lang_diag_print(diag("LOAD_ERR_COMPILE_CONDITION"), false, &sb);
	CHECK(strstr(sb.text, "t.yaml:3:32: error: rule 'r': nonexistent field 'proc.nmae'; did you mean 'proc.name'? [LOAD_ERR_COMPILE_CONDITION]\n"
			      "     3 |   condition: evt.type=open and proc.nmae=b\n"
			      "       |                                ^^^^^^^^^\n"));
	strbuf_done(&sb);
}

TEST(diags_come_in_the_order_of_files_and_lines)
{
	const struct lang_diag *d;
	size_t n;

	begin();
	file("z.yaml", "- macro: unused\n  condition: evt.type=open\n" RULE("r", "nothing"));
	file("a.yaml", RULE("s", "nothing2"));
	compile();
	n = lang_rules_diags(rules, &d);
	CHECK_INT(n, 3);
	CHECK_STR(d[0].code, "LOAD_UNUSED_MACRO");
	CHECK_STR(d[2].file, "a.yaml");
}

/* ---- limits ---- */

TEST(a_condition_that_grows_past_the_limit_is_refused)
{
	struct strbuf sb;

	strbuf_init(&sb, 1 << 20);
	strbuf_adds(&sb, "- list: l\n  items: [");
	for (int i = 0; i < 3000; i++)
		strbuf_addf(&sb, "%sa%d", i ? "," : "", i);
	strbuf_adds(&sb, "]\n- list: k\n  items: [x");
	for (int i = 0; i < 3000; i++)
		strbuf_adds(&sb, ", l");
	strbuf_adds(&sb, "]\n" RULE("r", "evt.type=open and proc.name in (k)"));
	load(sb.text);
	CHECK(diag("LOAD_ERR_COMPILE_CONDITION"));
	CHECK(strstr(diag("LOAD_ERR_COMPILE_CONDITION")->message, "longer than"));
	strbuf_done(&sb);
}

TEST(a_name_has_a_longest_length)
{
	struct strbuf sb;

	strbuf_init(&sb, 1 << 20);
	strbuf_adds(&sb, "- list: ");
	for (int i = 0; i <= RULES_NAME_MAX; i++)
		strbuf_addc(&sb, 'a');
	strbuf_adds(&sb, "\n  items: [a]\n");
	load(sb.text);
	CHECK(strstr(diag("LOAD_ERR_YAML_VALIDATE")->message, "longer than 1000 bytes"));
	strbuf_done(&sb);
}

TEST(problems_past_the_limit_are_counted_not_kept)
{
	struct lang_rules_counts c;
	const struct lang_diag *d;
	struct strbuf sb;

	strbuf_init(&sb, 1 << 20);
	for (int i = 0; i < RULES_DIAGS_MAX + 10; i++)
		strbuf_adds(&sb, "- x: y\n");
	load(sb.text);
	lang_rules_counts(rules, &c);
	CHECK_INT(lang_rules_diags(rules, &d), RULES_DIAGS_MAX);
	CHECK_INT(c.n_warnings, RULES_DIAGS_MAX + 10);
	strbuf_done(&sb);
}

/* An item n times, its '#' a number, between two texts. */
static void load_many(const char *before, const char *item, int n, const char *after)
{
	struct strbuf sb;

	strbuf_init(&sb, 64 << 20);
	strbuf_adds(&sb, before);
	for (int i = 0; i < n; i++)
		strbuf_addf(&sb, "%.*s%d%s", (int)strcspn(item, "#"), item, i, strchr(item, '#') + 1);
	strbuf_adds(&sb, after);
	load(sb.text);
	strbuf_done(&sb);
}

TEST(tags_and_exceptions_of_a_rule_have_limits)
{
	load_many(RULE("r", "evt.type=open") "  tags: [", "t#,", RULES_TAGS_MAX + 1, "]\n");
	ONLY("LOAD_ERR_VALIDATE", 6, 9, "more than 1000 tags");
	load_many(RULE("r", "evt.type=open") "  exceptions:\n", "  - {name: e#, fields: proc.name}\n", RULES_EXCEPTIONS_MAX + 1, "");
	ONLY("LOAD_ERR_VALIDATE", 6, 3, "more than 5000 exceptions");
}

TEST(a_settled_set_knows_so_many_paths)
{
	const char **paths = mem_array(RULES_PATHS_MAX + 2, sizeof(*paths));
	struct arena arena;

	arena_init(&arena, 0);
	load_many("- rule: r\n  desc: d\n  output: o\n  priority: INFO\n  condition: evt.type = open and fd.name in (", "/f#,", RULES_PATHS_MAX + 1, "/last)\n");
	CLEAN();
	CHECK_INT(lang_rules_paths(rules, &arena, paths, RULES_PATHS_MAX + 2), RULES_PATHS_MAX + 2);
	lang_rules_settle(rules);
	CHECK_INT(lang_rules_paths(rules, &arena, paths, RULES_PATHS_MAX + 2), RULES_PATHS_MAX);
	arena_done(&arena);
	free(paths);
}

TEST(lists_in_lists_have_a_limit)
{
	struct strbuf sb;

	strbuf_init(&sb, 16 << 20);
	strbuf_adds(&sb, "- list: a\n  items: [");
	for (int i = 0; i < 2000; i++)
		strbuf_adds(&sb, "x,");
	strbuf_adds(&sb, "]\n- list: b\n  items: [");
	for (int i = 0; i < 1001; i++)
		strbuf_adds(&sb, "a,");
	strbuf_adds(&sb, "]\n");
	load(sb.text);
	CHECK(diag("LOAD_ERR_VALIDATE"));
	CHECK(strstr(diag("LOAD_ERR_VALIDATE")->message, "more than 2000000 items"));
	strbuf_done(&sb);
}

TEST(items_and_files_of_a_set_have_limits)
{
	load_many("", "- list: l#\n  items: []\n", RULES_ITEMS_MAX + 1, "");
	CHECK(diag("LOAD_ERR_VALIDATE"));
	CHECK(strstr(diag("LOAD_ERR_VALIDATE")->message, "more than 100000 rules, macros and lists"));
	begin();
	for (int i = 0; i < RULES_FILES_MAX; i++)
		CHECK_INT(lang_rules_load_text(rules, "f", "", 0, NULL), 0);
	CHECK_INT(lang_rules_load_text(rules, "f", "", 0, NULL), -E2BIG);
}

TEST(a_file_and_a_set_have_a_largest_size)
{
	char name[] = "/tmp/parka-rules-XXXXXX";
	int fd = mkstemp(name);

	CHECK(fd >= 0 && ftruncate(fd, RULES_FILE_BYTES_MAX + 1) == 0);
	close(fd);
	begin();
	CHECK_INT(lang_rules_load_path(rules, name, NULL), -EBADMSG);
	CHECK(diag("LOAD_ERR_FILE_READ") && strstr(diag("LOAD_ERR_FILE_READ")->message, "larger than"));
	unlink(name);
	begin();
	rules->arena.max_bytes = 3000;
	CHECK_INT(lang_rules_load_text(rules, "t", RULE("r", "evt.type=open"), strlen(RULE("r", "evt.type=open")), NULL), 0);
	rules->arena.max_bytes = rules->arena.used_bytes + 64;
	CHECK_INT(lang_rules_compile(rules, NULL), -E2BIG);
}

TEST(suggestions_and_expansion_stop_at_their_limits)
{
	const struct lang_diag *d;
	size_t n;

	load_many("- macro: macro_one\n  condition: evt.type=open\n", "- rule: r#\n  desc: d\n  condition: macro_one or macro_onee\n  output: o\n  priority: INFO\n",
		  RULES_SUGGESTIONS_MAX + 1, "");
	n = lang_rules_diags(rules, &d);
	CHECK_INT(n, RULES_SUGGESTIONS_MAX + 1);
	CHECK(strstr(d[0].message, "did you mean") && !strstr(d[n - 1].message, "did you mean"));
	begin();
	rules->expanded_bytes = RULES_EXPAND_BYTES_MAX;
	file("t", "- list: l\n  items: [a]\n" RULE("r", "evt.type=open and proc.name in (l)"));
	compile();
	CHECK(diag("LOAD_ERR_COMPILE_CONDITION") && strstr(diag("LOAD_ERR_COMPILE_CONDITION")->message, "takes too long"));
}

TEST(a_very_long_line_is_shown_around_the_fault_or_not_at_all)
{
	struct strbuf sb, out;

	strbuf_init(&sb, 1 << 20);
	strbuf_init(&out, 1 << 20);
	strbuf_adds(&sb, "- rule: r\n  desc: d\n  output: o\n  priority: INFO\n  condition: ");
	for (int i = 0; i < 30; i++)
		strbuf_adds(&sb, "evt.type=open or ");
	strbuf_adds(&sb, "proc.nmae=x");
	load(sb.text);
	lang_diag_print(diag("LOAD_ERR_COMPILE_CONDITION"), false, &out);
	CHECK(strstr(out.text, "| ...") && strstr(out.text, "proc.nmae=x\n") && out.len < 600);
	for (int i = 0; i < 1000; i++)
		strbuf_adds(&sb, " or evt.type=open");
	strbuf_adds(&sb, " or proc.nmae=x");
	load(sb.text);
	CHECK(diag("LOAD_ERR_COMPILE_CONDITION")->snippet);
	strbuf_reset(&sb);
	strbuf_adds(&sb, "- macro: m\n  condition: ");
	for (int i = 0; i < 1000; i++)
		strbuf_adds(&sb, "evt.type=open or ");
	strbuf_adds(&sb, "(");
	load(sb.text);
	CHECK(!diag("LOAD_ERR_COMPILE_CONDITION")->snippet);
	CHECK(diag("LOAD_ERR_COMPILE_CONDITION")->column > RULES_SNIPPET_MAX);
	strbuf_done(&sb);
	strbuf_done(&out);
}

TEST(a_nul_in_a_value_is_refused)
{
	load("- macro: m\n  condition: \"evt.type=open\\0\"\n");
	ONLY("LOAD_ERR_YAML_VALIDATE", 2, 14, "NUL");
}

TEST(a_file_that_cannot_be_read_is_an_error)
{
	begin();
	CHECK_INT(lang_rules_load_path(rules, "/nowhere/rules.yaml", NULL), -EBADMSG);
	CHECK(diag("LOAD_ERR_FILE_READ"));
}

/* ---- conditions by themselves ---- */

TEST(a_condition_may_use_the_macros_and_lists_of_a_set)
{
	const struct lang_node *node;
	struct strbuf sb;

	strbuf_init(&sb, 1000);
	load("- list: l\n  items: [a]\n- macro: m\n  condition: proc.name in (l)\n" RULE("r", "evt.type=open and m"));
	CHECK_INT(lang_rules_condition(rules, "c", "m and proc.exe in (l)", 21, &node, NULL), 0);
	lang_node_print(node, &sb);
	CHECK_STR(sb.text, "proc.name in (a) and proc.exe in (a)");
	CHECK_INT(lang_rules_condition(rules, "c", "mm", 2, &node, NULL), -EBADMSG);
	CHECK_INT(lang_rules_condition(rules, "c", "", 0, &node, NULL), -EBADMSG);
	strbuf_done(&sb);
}

/* ---- lints ---- */

static void lint(const char *text)
{
	load(text);
	lang_rules_lint(rules);
}

TEST(lint_tells_of_an_unset_field_under_not)
{
	lint(RULE("r", "evt.type=execve and not container.mount.dest[/proc*] in (a, b)"));
	ONLY("LINT_UNSET_UNDER_NOT", 3, 38, "container.mount.dest[/proc*]");
	lint(RULE("r", "evt.type=execve and container.mount.dest[/x] exists and not container.mount.dest[/x] in (a, b)"));
	CLEAN();
	lint(RULE("r", "evt.type=execve and not not container.mount.dest[/x] in (a, b)"));
	CLEAN();
}

TEST(lint_tells_of_unequal_where_it_surprises)
{
	lint(RULE("r", "evt.type=execve and container.mount.dest[/x] != a"));
	ONLY("LINT_UNSET_NOT_EQUAL", 3, 34, "false when container.mount.dest[/x] is not there");
	lint(RULE("r", "evt.type=execve and container.mount.dest[/x] exists and container.mount.dest[/x] != a"));
	CLEAN();
	lint(RULE("r", "evt.type=execve and proc.aname != sshd"));
	ONLY("LINT_ANY_ANCESTOR", 3, 34, "'not proc.aname = ...'");
	lint(RULE("r", "evt.type=execve and proc.aname[2] != sshd and proc.name != x and not proc.aname = y"));
	CLEAN();
}

TEST(lint_tells_of_a_regex_that_matches_nothing)
{
	lint(RULE("r", "evt.type=open and proc.name regex 'a^b'"));
	ONLY("LINT_REGEX_NEVER", 3, 48, "matches nothing");
	lint(RULE("r", "evt.type=open and proc.name regex 'a$b'"));
	CHECK(diag("LINT_REGEX_NEVER"));
	lint(RULE("r", "evt.type=open and proc.name regex '^a*[$^]b$'"));
	CLEAN();
	lint(RULE("r", "evt.type=open and proc.name regex 'a*^b'"));
	CLEAN();
}

TEST(lint_tells_of_a_rule_that_no_event_reaches)
{
	lint(RULE("r", "evt.type=open and evt.type=creat") "  warn_evttypes: false\n");
	CHECK(diag("LINT_NEVER"));
	lint(RULE("r", "evt.type=open and proc.name=a and (proc.name in (b, c) and proc.exe=x)"));
	ONLY("LINT_NEVER", 3, 49, "proc.name");
	lint(RULE("r", "evt.type=open and evt.num=0"));
	CHECK(diag("LINT_NEVER"));
	lint(RULE("r", "evt.type=open and proc.name=a and (proc.name=a or proc.name=b)"));
	CLEAN();
	lint(RULE("r", "evt.type=open and proc.aname=a and proc.aname=b"));
	CLEAN();
	lint(RULE("r", "evt.type=open and proc.pid=1 and proc.pid=0x1"));
	CLEAN();
}

TEST(lint_tells_of_a_list_that_is_not_put_in_place)
{
	lint("- list: a\n  items: [x]\n- list: b\n  items: [a]\n- list: c\n  items: [b]\n"
	     RULE("r", "evt.type=open and proc.name in (a, b, c)"));
	ONLY("LINT_LIST_IN_LIST", 6, 11, "only one level");
}

int main(int argc, char **argv)
{
	int r = tap_main(argc, argv);

	lang_rules_free(rules);
	return r;
}
