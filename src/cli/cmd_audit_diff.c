/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"
#include "base/json.h"
#include "base/map.h"
#include "base/text.h"
#include "cli/cli.h"

#include <errno.h>
#include <string.h>

static const struct cli_option options[] = { { .name = NULL } };

static const struct cli_example examples[] = {
	{ "parka audit --json -o monday.json", "keep what is found today" },
	{ "parka audit --json | parka audit diff monday.json -", "what changed since" },
	{ "parka lint --json . | parka audit diff main.json -", "what a change brings" },
	{ NULL, NULL },
};

enum { REPORT_BYTES_MAX = 512 << 20, OUT_BYTES_MAX = 256 << 20 };

/* One report: its failed and unknown findings by fingerprint. */
struct run {
	const char *path;
	struct arena arena;
	json_t *json;
	struct map open;
};

struct diff {
	struct run before, now;
	json_t *appeared, *gone, *changed;
};

static bool is_open(const json_t *finding)
{
	const char *status = json_text(finding, "status", NULL);

	return status && (strcmp(status, "fail") == 0 || strcmp(status, "unknown") == 0);
}

static int read_run(struct run *run, const char *path, struct err *err)
{
	json_t *findings, *finding;
	const char *fingerprint;
	size_t len, i;
	char *text;
	int r;

	run->path = path;
	arena_init(&run->arena, 0);
	r = strcmp(path, "-") == 0 ? file_read_fd(0, "standard input", REPORT_BYTES_MAX, &run->arena, &text, &len, err) :
	    file_read(path, REPORT_BYTES_MAX, &run->arena, &text, &len, err);
	if (r >= 0)
		r = json_parse(text, len, path, &run->json, err);
	if (r < 0)
		return r;
	findings = json_object_get(run->json, "findings");
	if (!json_is_array(findings))
		return err_set_at(err, -EBADMSG, path, 0, 0, "expected a JSON report of parka audit or lint (no \"findings\")");
	json_array_foreach(findings, i, finding) {
		fingerprint = json_text(finding, "fingerprint", NULL);
		if (fingerprint && is_open(finding))
			map_put(&run->open, fingerprint, strlen(fingerprint), finding);
	}
	return 0;
}

static void free_run(struct run *run)
{
	map_done(&run->open);
	json_decref(run->json);
	arena_done(&run->arena);
}

static json_t *twin(const struct run *run, const json_t *finding)
{
	const char *fingerprint = json_text(finding, "fingerprint", NULL);

	return fingerprint ? map_get(&run->open, fingerprint, strlen(fingerprint)) : NULL;
}

static bool differ(const json_t *a, const json_t *b)
{
	static const char *const keys[] = { "status", "evidence_hash" };

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		const char *x = json_text(a, keys[i], NULL), *y = json_text(b, keys[i], NULL);
		if (!x || !y || strcmp(x, y) != 0)
			return true;
	}
	return false;
}

static void compare(struct diff *d)
{
	json_t *finding, *other;
	size_t i;

	json_array_foreach(json_object_get(d->now.json, "findings"), i, finding) {
		if (!is_open(finding))
			continue;
		other = twin(&d->before, finding);
		if (!other)
			json_array_append(d->appeared, finding);
		else if (differ(finding, other))
			json_array_append_new(d->changed, json_pack("{s:O,s:O}", "before", other, "now", finding));
	}
	json_array_foreach(json_object_get(d->before.json, "findings"), i, finding)
		if (is_open(finding) && !twin(&d->now, finding))
			json_array_append(d->gone, finding);
}

static void print_finding(const char *mark, const json_t *finding)
{
	static const char *const keys[] = { "severity", "check", "entity", "output" };
	_cleanup_strbuf_ struct strbuf out;

	strbuf_init(&out, OUT_BYTES_MAX);
	strbuf_adds(&out, mark);
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		const char *text = json_text(finding, keys[i], NULL);

		strbuf_adds(&out, "  ");
		text_add_safe(&out, text ? text : "", text ? strlen(text) : 0);
	}
	puts(out.text);
}

static void print_text(const struct diff *d)
{
	json_t *item;
	size_t i;

	json_array_foreach(d->appeared, i, item)
		print_finding("new    ", item);
	json_array_foreach(d->changed, i, item)
		print_finding("changed", json_object_get(item, "now"));
	json_array_foreach(d->gone, i, item)
		print_finding("gone   ", item);
	printf("%zu new, %zu changed, %zu gone\n", json_array_size(d->appeared), json_array_size(d->changed), json_array_size(d->gone));
}

static void print_json(const struct diff *d)
{
	_cleanup_json_ json_t *all = json_pack("{s:O,s:O,s:O}", "new", d->appeared, "changed", d->changed, "gone", d->gone);

	json_dumpf(all, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER);
	putchar('\n');
}

static int run(struct cli_args *args)
{
	struct diff d = { .appeared = json_array(), .gone = json_array(), .changed = json_array() };
	const char *const *paths;
	size_t n = cli_operands(args, &paths);
	struct err err = ERR_INIT;
	int r;

	if (n != 2)
		return cli_usage_error(args, "name two JSON reports: the earlier and the later one");
	if (read_run(&d.before, paths[0], &err) < 0 || read_run(&d.now, paths[1], &err) < 0) {
		r = cli_fail(args, &err);
	} else {
		compare(&d);
		if (cli_json(args))
			print_json(&d);
		else
			print_text(&d);
		r = json_array_size(d.appeared) || json_array_size(d.changed) ? CLI_FOUND : CLI_OK;
	}
	json_decref(d.appeared);
	json_decref(d.gone);
	json_decref(d.changed);
	free_run(&d.before);
	free_run(&d.now);
	return r;
}

const struct cli_command cmd_audit_diff = {
	.name = "audit diff",
	.summary = "say what is new, changed and gone between two JSON reports of audit or lint",
	.usage = "[OPTIONS] EARLIER LATER",
	.description = "Compares the failed and unknown findings of two reports by fingerprint. New: not in the earlier one. Changed: the same "
		"finding with another status or other evidence. Gone: no longer there. - is standard input. Exit code 1 when something is new or "
		"changed. Formats: text, json.",
	.options = options,
	.examples = examples,
	.operands = CLI_COMPLETE_FILE,
	.run = run,
};
