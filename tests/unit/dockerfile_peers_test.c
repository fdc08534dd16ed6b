/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The peers' own test cases ($SHARED_DIR/data/posture) against our checks of Dockerfiles, and a table of how far they agree. Cases that
 * the peer decides wrongly, in our eyes, are listed with the reason.
 */
#include "base/file.h"
#include "base/json.h"
#include "posture/dockerfile/options.h"
#include "posture/judge.h"
#include "posture/lint.h"
#include "data_dir.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

static const struct { const char *check, *text, *reason; } judged_otherwise[] = {
	{ "DS-0010", "RUN RUN sudo", "the instruction runs a program called RUN: sudo is an argument" },
};

struct peer { const char *name; unsigned agree, otherwise, disagree, not_covered; };

static struct posture_checks *checks;
static struct arena arena;

static bool load_checks(void)
{
	struct err err = ERR_INIT;

	if (checks)
		return true;
	checks = posture_checks_new();
	return CHECK_MSG(posture_checks_load(checks, checks_dir(), &err) >= 0 && posture_checks_compile_all(checks, &err) >= 0, "%s",
			 err.text);
}

static bool is_covered(const char *ref)
{
	for (size_t i = 0; i < posture_checks_count(checks); i++)
		if (posture_check_is(posture_checks_at(checks, i), ref))
			return true;
	return false;
}

/* How many findings fail that stand for the peer's check. */
static unsigned count_failures(const char *text, const struct dockerfile_options *options, const char *ref)
{
	struct posture_set *set = posture_set_new(NULL);
	struct posture_options judging = { .only = &ref, .n_only = 1 };
	struct posture_results results = { 0 };
	struct err err = ERR_INIT;
	unsigned n = 0;

	set->dockerfile_options = options;
	posture_lint_text(set, "Dockerfile", text, strlen(text), "dockerfile");
	posture_lint_finish(set);
	if (posture_judge(set, checks, &judging, &results, &err) < 0)
		CHECK_STR(err.text, "");
	for (size_t i = 0; i < results.n; i++)
		n += results.findings[i].status == POSTURE_FAIL && posture_check_is(results.findings[i].check, ref);
	posture_results_done(&results);
	posture_set_free(set);
	return n;
}

static const char *reason_for(const char *ref, const char *text)
{
	for (size_t i = 0; i < ARRAY_LEN(judged_otherwise); i++)
		if (strcmp(judged_otherwise[i].check, ref) == 0 && strstr(text, judged_otherwise[i].text))
			return judged_otherwise[i].reason;
	return NULL;
}

static void judge(struct peer *peer, const char *ref, const char *text, const struct dockerfile_options *options, bool expected,
		  int expected_count)
{
	unsigned n;
	bool agree;
	const char *reason;

	if (!is_covered(ref)) {
		peer->not_covered++;
		return;
	}
	n = count_failures(text, options, ref);
	agree = expected_count >= 0 ? n == (unsigned)expected_count : (n > 0) == expected;
	reason = agree ? NULL : reason_for(ref, text);
	peer->agree += agree;
	peer->otherwise += reason != NULL;
	if (agree)
		return;
	if (reason) {
		printf("# %s judged otherwise, %s: %s\n", peer->name, ref, reason);
		return;
	}
	peer->disagree++;
	printf("# %s %s expects %d, is %u:\n", peer->name, ref, expected_count >= 0 ? expected_count : expected, n);
	for (const char *line = text; *line;) {
		size_t len = strcspn(line, "\n");
		printf("#     %.*s\n", (int)len, line);
		line += len + (line[len] == '\n');
	}
}

/* Each line of a file; NULL: it is not there. */
static char *read_rows(const char *name, size_t *ret_len)
{
	const char *dir = getenv("SHARED_DIR");
	struct err err = ERR_INIT;
	char *text = NULL;

	if (dir && file_read(arena_printf(&arena, "%s/data/posture/%s", dir, name), 64 << 20, &arena, &text, ret_len, &err) < 0)
		return NULL;
	return text;
}

#define EACH_ROW(row, text, len) \
	for (size_t at_ = 0, line_ = 0; at_ < (len) && (line_ = strcspn((text) + at_, "\n"), true); at_ += line_ + 1) \
		for (json_t *row = NULL, *once_ = NULL; !once_ && json_parse((text) + at_, line_, "row", &row, NULL) >= 0; \
		     once_ = row, json_decref(row))

static void say(const struct peer *p)
{
	unsigned judged = p->agree + p->otherwise + p->disagree;

	printf("# %-16s agree %u of %u (%.1f %%), judged otherwise on purpose %u, disagree %u, not covered %u\n", p->name, p->agree, judged,
	       judged ? 100.0 * p->agree / judged : 0, p->otherwise, p->disagree, p->not_covered);
}

/* ---- hadolint ---- */

static const struct { const char *name; enum dockerfile_label_type type; } label_types[] = {
	{ "RawText", DOCKERFILE_LABEL_TEXT }, { "Url", DOCKERFILE_LABEL_URL }, { "Rfc3339", DOCKERFILE_LABEL_RFC3339 },
	{ "Spdx", DOCKERFILE_LABEL_SPDX }, { "GitHash", DOCKERFILE_LABEL_GIT_HASH }, { "SemVer", DOCKERFILE_LABEL_SEMVER },
	{ "Email", DOCKERFILE_LABEL_EMAIL },
};

/* def { labelSchema = Map.fromList [("foo", Rule.RawText)], allowedRegistries = ["x.com"], strictLabels = True } */
static void read_config(const char *config, struct dockerfile_options *ret)
{
	struct dockerfile_label *labels = arena_alloc(&arena, 20 * sizeof(*labels));
	const char **registries = arena_alloc(&arena, 20 * sizeof(*registries));
	const char *allowed = strstr(config, "allowedRegistries"), *end = allowed ? strchr(allowed, ']') : NULL;

	/* Where the data has the first line of a longer configuration only, strictLabels was on the second (DL3050Spec.hs). */
	*ret = (struct dockerfile_options){ .directory = "", .labels = labels, .registries = registries,
					    .strict_labels = strstr(config, "strictLabels = True") || config[strlen(config) - 1] == ',' };
	for (const char *s = strstr(config, "(\""); s && ret->n_labels < 20; s = strstr(s + 1, "(\"")) {
		size_t len = strcspn(s + 2, "\"");
		const char *type = s + 2 + len;
		labels[ret->n_labels].name = arena_strndup(&arena, s + 2, len);
		type += strspn(type, "\", ");
		type += strncmp(type, "Rule.", 5) == 0 ? 5 : 0;
		for (size_t i = 0; i < ARRAY_LEN(label_types); i++)
			if (strncmp(type, label_types[i].name, strlen(label_types[i].name)) == 0)
				labels[ret->n_labels++].type = label_types[i].type;
	}
	for (const char *s = allowed ? strchr(allowed, '"') : NULL; s && s < end && ret->n_registries < 20;) {
		size_t len = strcspn(s + 1, "\"");
		registries[ret->n_registries++] = arena_strndup(&arena, s + 1, len);
		s = strchr(s + len + 2, '"');
	}
}

/* ONBUILD before each instruction that it may trigger: what hadolint's onBuildRuleCatches does. */
static const char *with_onbuild(const char *text)
{
	struct strbuf out;
	bool continues = false;
	const char *kept;

	strbuf_init(&out, 1 << 20);
	for (const char *line = text; *line;) {
		size_t len = strcspn(line, "\n");
		if (!continues && len && *line != '#' && strncmp(line, "FROM", 4) != 0 && strncmp(line, "ONBUILD", 7) != 0)
			strbuf_adds(&out, "ONBUILD ");
		strbuf_add(&out, line, len);
		strbuf_addc(&out, '\n');
		continues = len && line[len - 1] == '\\';
		line += len + (line[len] == '\n');
	}
	kept = arena_strdup(&arena, out.text);
	strbuf_done(&out);
	return kept;
}

TEST(every_case_of_hadolint_is_decided_as_hadolint_does)
{
	struct peer peer = { .name = "hadolint" };
	size_t len = 0;
	char *text = read_rows("hadolint.jsonl", &len);

	if (!text)
		SKIP("no hadolint.jsonl in SHARED_DIR");
	if (!load_checks())
		return;
	EACH_ROW(row, text, len) {
		const char *rule = json_text(row, "rule", NULL), *dockerfile = json_text(row, "dockerfile", NULL);
		json_t *count = json_object_get(row, "count");
		struct dockerfile_options options;

		read_config(json_text(row, "config", NULL), &options);
		if (json_is_true(json_object_get(row, "onbuild")))
			dockerfile = with_onbuild(dockerfile);
		judge(&peer, rule, dockerfile, &options, json_is_true(json_object_get(row, "expect")),
		      count ? (int)json_integer_value(count) : -1);
	}
	say(&peer);
	CHECK_INT(peer.disagree, 0);
	CHECK_MSG(peer.agree > 600, "only %u cases agree", peer.agree);
}

/* ---- Trivy ---- */

TEST(the_examples_of_trivy_are_decided_as_trivy_does)
{
	struct peer peer = { .name = "trivy-examples" };
	size_t len = 0;
	char *text = read_rows("trivy-examples.jsonl", &len);

	if (!text)
		SKIP("no trivy-examples.jsonl in SHARED_DIR");
	if (!load_checks())
		return;
	EACH_ROW(row, text, len) {
		const char *check = json_text(row, "check", NULL), *expect = json_text(row, "expect", NULL);
		if (check && strncmp(check, "DS-", 3) == 0)
			judge(&peer, check, json_text(row, "input", NULL), NULL, strcmp(expect, "fail") == 0, -1);
	}
	say(&peer);
	CHECK_INT(peer.disagree, 0);
	CHECK_MSG(peer.agree > 40, "only %u cases agree", peer.agree);
}

static bool is_from(json_t *command)
{
	const char *name = json_text(command, "Cmd", NULL);

	return name && strcmp(name, "from") == 0;
}

static void add_json(struct strbuf *out, json_t *value)
{
	struct json_writer w = json_writer(out);
	size_t i;
	json_t *item;

	json_array_begin(&w, NULL);
	json_array_foreach(value, i, item)
		json_put_str(&w, NULL, json_string_value(item));
	json_array_end(&w);
}

/* A command of Trivy's parsed input as the line it was. */
static void add_command(struct strbuf *out, json_t *command)
{
	const char *name = json_text(command, "Cmd", NULL);
	json_t *value = json_object_get(command, "Value"), *item;
	bool is_list = json_array_size(value) > 1 && (strcmp(name, "run") == 0 || strcmp(name, "cmd") == 0 || strcmp(name, "entrypoint") == 0);
	bool is_pair = strcmp(name, "env") == 0 && json_array_size(value) > 1;
	size_t i;

	for (const char *s = strcmp(name, "comment") == 0 ? "#" : name; *s; s++)
		strbuf_addc(out, *s >= 'a' && *s <= 'z' ? (char)(*s - 32) : *s);
	json_array_foreach(json_object_get(command, "Flags"), i, item)
		strbuf_addf(out, " %s", json_string_value(item));
	if (is_list) {
		strbuf_addc(out, ' ');
		add_json(out, value);
	} else {
		json_array_foreach(value, i, item)
			if (!(is_pair && i == 2))
				strbuf_addf(out, "%s%s", is_pair && i == 1 ? "=" : " ", json_string_value(item));
	}
	strbuf_addc(out, '\n');
}

static const char *text_of_stages(json_t *stages)
{
	json_t *stage, *command;
	struct strbuf out;
	const char *kept;
	size_t i, k;

	strbuf_init(&out, 1 << 20);
	json_array_foreach(stages, i, stage) {
		const char *name = json_text(stage, "Name", NULL);
		json_t *commands = json_object_get(stage, "Commands");
		bool has_from = false;

		json_array_foreach(commands, k, command)
			has_from |= is_from(command);
		/* Trivy's tests are written by hand: where FROM and the stage's name differ, its checks look at the name. */
		bool is_renamed = name && strstr(name, " as ");
		if ((!has_from && name && *name) || is_renamed)
			strbuf_addf(&out, "FROM %s\n", name);
		json_array_foreach(commands, k, command)
			if (!is_renamed || !is_from(command))
				add_command(&out, command);
	}
	kept = arena_strdup(&arena, out.text);
	strbuf_done(&out);
	return kept;
}

TEST(the_unit_tests_of_trivy_are_decided_as_trivy_does)
{
	struct peer peer = { .name = "trivy-rego" };
	size_t len = 0;
	char *text = read_rows("trivy-rego.jsonl", &len);

	if (!text)
		SKIP("no trivy-rego.jsonl in SHARED_DIR");
	if (!load_checks())
		return;
	EACH_ROW(row, text, len) {
		const char *check = json_text(row, "check", NULL), *op = json_text(row, "op", NULL);
		bool fails = json_integer_value(json_object_get(row, "count")) > 0 || strcmp(op, ">") == 0;
		if (check && strncmp(check, "DS-", 3) == 0)
			judge(&peer, check, text_of_stages(json_at(row, "input", "Stages", NULL)), NULL, fails, -1);
	}
	say(&peer);
	CHECK_INT(peer.disagree, 0);
	CHECK_MSG(peer.agree > 70, "only %u cases agree", peer.agree);
}

/* ---- Checkov ---- */

/* "/failure/Dockerfile.ADD" is about failure/Dockerfile. */
static bool names(json_t *list, const char *path)
{
	json_t *item;
	size_t i, len = strlen(path);

	json_array_foreach(list, i, item)
		if (strncmp(json_string_value(item) + 1, path, len) == 0)
			return true;
	return false;
}

TEST(the_tests_of_checkov_are_decided_as_checkov_does)
{
	struct peer peer = { .name = "checkov" };
	size_t len = 0;
	char *text = read_rows("checkov.jsonl", &len);

	if (!text)
		SKIP("no checkov.jsonl in SHARED_DIR");
	if (!load_checks())
		return;
	EACH_ROW(row, text, len) {
		const char *check = json_text(row, "check", NULL), *path;
		json_t *content, *failing = json_object_get(row, "failing"), *passing = json_object_get(row, "passing");

		if (!check || !strstr(check, "DOCKER"))
			continue;
		json_object_foreach(json_object_get(row, "inputs"), path, content)
			if (names(failing, path) || names(passing, path))
				judge(&peer, check, json_string_value(content), NULL, names(failing, path), -1);
	}
	say(&peer);
	CHECK_INT(peer.disagree, 0);
	CHECK_MSG(peer.agree > 5, "only %u cases agree", peer.agree);
}

TAP_MAIN()
