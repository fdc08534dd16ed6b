/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/posture_run.h"

#include "base/file.h"
#include "posture/report.h"
#include "posture/waivers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { NEVER = -1 };

void cli_checks_free_at(struct posture_checks **checks)
{
	*checks = posture_checks_free(*checks);
}

void cli_set_free_at(struct posture_set **set)
{
	*set = posture_set_free(*set);
}

int cli_checks_load(struct cli_args *args, const struct posture_set *set, struct posture_checks **ret_checks)
{
	_cleanup_checks_ struct posture_checks *checks = posture_checks_new();
	_cleanup_free_ char *shipped = NULL;
	const char *const *own;
	size_t n = cli_values(args, "checks", &own);
	bool kinds[MODEL_KIND_MAX] = { false };
	struct err err = ERR_INIT;
	int r;

	for (unsigned kind = 0; set && kind < MODEL_KIND_MAX; kind++)
		kinds[kind] = set->first[kind];
	if (asprintf(&shipped, "%s/checks", cli_content_dir()) < 0)
		return CLI_FAILED;
	posture_checks_want(checks, set ? kinds : NULL);
	r = posture_checks_load(checks, shipped, &err);
	posture_checks_want(checks, NULL);
	for (size_t i = 0; i < n && r >= 0; i++)
		r = posture_checks_load(checks, own[i], &err);
	if (r < 0)
		return cli_fail(args, &err);
	*ret_checks = take_ptr(checks);
	return CLI_OK;
}

static int fail_on(struct cli_args *args, int *ret_severity)
{
	const char *text = cli_value(args, "fail-on");

	*ret_severity = text && strcmp(text, "none") == 0 ? NEVER : text ? (int)posture_severity_by_name(text) : POSTURE_LOW;
	if (*ret_severity == POSTURE_SEVERITY_MAX)
		return cli_usage_error(args, "--fail-on: expected critical, high, medium, low, info or none, not '%s'", text);
	return CLI_OK;
}

static bool is_failed(const struct posture_set *set, const struct posture_results *results, int severity)
{
	if (severity == NEVER)
		return false;
	for (size_t i = 0; i < results->n; i++) {
		const struct posture_finding *f = &results->findings[i];
		bool bad = f->status == POSTURE_FAIL || f->status == POSTURE_UNKNOWN;
		if (bad && (int)f->check->severity <= severity)
			return true;
	}
	return set->n_problems || set->is_truncated;
}

static int waive(struct cli_args *args, struct posture_waivers **ret_waivers, struct posture_results *results)
{
	const char *path = cli_value(args, "waivers");
	struct err err = ERR_INIT;
	time_t now = time(NULL);
	char today[16];
	struct tm tm;

	if (!path)
		return CLI_OK;
	if (posture_waivers_read(path, ret_waivers, &err) < 0)
		return cli_fail(args, &err);
	gmtime_r(&now, &tm);
	strftime(today, sizeof(today), "%Y-%m-%d", &tm);
	posture_waivers_apply(*ret_waivers, today, results);
	return CLI_OK;
}

static int write_out(struct cli_args *args, const struct strbuf *out)
{
	const char *path = cli_value(args, "output");
	_cleanup_close_ int fd = -1;
	struct err err = ERR_INIT;
	int r;

	if (path)
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0666);
	if (path && fd < 0) {
		err_set_os(&err, -errno, "write %s", path);
		return cli_fail(args, &err);
	}
	fflush(stdout);
	r = fd_write_all(path ? fd : STDOUT_FILENO, out->text, out->len);
	if (r < 0 && r != -EPIPE) {
		err_set_os(&err, r, "write %s", path ? path : "standard output");
		return cli_fail(args, &err);
	}
	if (out->truncated) {
		err_set(&err, -E2BIG, "the report is larger than %d bytes and was cut", POSTURE_REPORT_BYTES_MAX);
		return cli_fail(args, &err);
	}
	return CLI_OK;
}

static int print_report(struct cli_args *args, const struct posture_report_format *format, struct posture_report *report)
{
	_cleanup_strbuf_ struct strbuf out;
	time_t now = time(NULL);
	char text[32];
	struct tm tm;

	strbuf_init(&out, POSTURE_REPORT_BYTES_MAX);
	gmtime_r(&now, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	report->time = text;
	report->color = !cli_value(args, "output") && cli_color(args, stdout);
	report->verbose = (unsigned)cli_verbose(args);
	format->write(report, &out);
	return write_out(args, &out);
}

static void options_of(struct cli_args *args, struct posture_options *o)
{
	const char *const *values;
	size_t n;

	/* cli_values() has one scratch array: each is copied before the next is asked for. */
	static const struct { const char *option; size_t list, n; } lists[] = {
		{ "refs", offsetof(struct posture_options, only), offsetof(struct posture_options, n_only) },
		{ "skip", offsetof(struct posture_options, except), offsetof(struct posture_options, n_except) },
		{ "profile", offsetof(struct posture_options, profiles), offsetof(struct posture_options, n_profiles) },
	};
	*o = (struct posture_options){ .keep_passes = cli_has(args, "all") };
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		const char **copy;

		n = cli_values(args, lists[i].option, &values);
		copy = mem_array(n + 1, sizeof(*copy));
		memcpy(copy, values, n * sizeof(*copy));
		memcpy((char *)o + lists[i].list, &copy, sizeof(copy));
		memcpy((char *)o + lists[i].n, &n, sizeof(n));
	}
}

static void options_free(struct posture_options *o)
{
	free((void *)o->only);
	free((void *)o->except);
	free((void *)o->profiles);
}

int cli_posture_judge(struct cli_args *args, struct posture_set *set, struct posture_checks *checks, struct cli_judged *ret_judged)
{
	struct posture_options options;
	struct err err = ERR_INIT;
	int r;

	*ret_judged = (struct cli_judged){ .waivers = NULL };
	options_of(args, &options);
	r = posture_judge(set, checks, &options, &ret_judged->results, &err) < 0 ? cli_fail(args, &err) :
	    waive(args, &ret_judged->waivers, &ret_judged->results);
	options_free(&options);
	return r;
}

void cli_judged_done(struct cli_judged *judged)
{
	posture_results_done(&judged->results);
	judged->waivers = posture_waivers_free(judged->waivers);
}

int cli_posture_finish(struct cli_args *args, struct posture_set *set, struct posture_checks *checks, const char *title,
		       const char *subject)
{
	const struct posture_report_format *format = posture_report_format(cli_format(args));
	struct cli_judged judged;
	int severity, r;

	if (!format)
		return cli_usage_error(args, "--format: expected text, json, sarif, junit, markdown or html, not '%s'", cli_format(args));
	if (fail_on(args, &severity))
		return CLI_USAGE;
	r = cli_posture_judge(args, set, checks, &judged);
	if (r == CLI_OK) {
		struct posture_report report = { .set = set, .checks = checks, .results = &judged.results, .title = title,
						 .subject = subject };

		r = print_report(args, format, &report);
	}
	if (r == CLI_OK && is_failed(set, &judged.results, severity))
		r = CLI_FOUND;
	cli_judged_done(&judged);
	return r;
}
