/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/run_options.h"
#include "cli/args.h"
#include "cli/rules_load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int cli_run_rules(struct cli_args *args, struct cli_run *run)
{
	const char *const *paths;
	size_t n = cli_rule_paths(args, &paths), n_selections = 0;

	if (n > AGENT_RULE_PATHS_MAX)
		return cli_usage_error(args, "at most %d -r", AGENT_RULE_PATHS_MAX);
	memcpy(run->paths, paths, n * sizeof(*paths));
	/* Their order among each other counts, so they are not asked for by name. */
	for (size_t i = 0; i < args->n_given; i++) {
		bool enable = strcmp(args->given[i].option->name, "enable") == 0;
		if (!enable && strcmp(args->given[i].option->name, "disable") != 0)
			continue;
		if (n_selections == AGENT_SELECTIONS_MAX)
			return cli_usage_error(args, "at most %d --enable and --disable", AGENT_SELECTIONS_MAX);
		run->selections[n_selections++] = (struct agent_selection){ enable, args->given[i].value };
	}
	run->source = (struct agent_rule_source){ run->paths, n, run->selections, n_selections };
	return CLI_OK;
}

int cli_run_load(struct cli_args *args, const struct cli_run *run, struct lang_rules **ret_rules)
{
	struct lang_rules *rules;
	struct err err = ERR_INIT;
	bool faulty;
	int r = agent_rules_load(&run->source, &rules, &faulty, &err);

	if (r < 0)
		return cli_fail(args, &err);
	if (faulty || cli_verbose(args) > 1)
		cli_rules_print_diags(args, rules, faulty ? CLI_DIAGS_ERRORS : CLI_DIAGS_ALL, stderr);
	if (faulty) {
		lang_rules_free(rules);
		return CLI_FOUND;
	}
	*ret_rules = rules;
	return CLI_OK;
}

static bool parse_throttle(const char *text, struct detect_options *options)
{
	char *end;
	double rate = strtod(text, &end);
	unsigned long burst = 10;

	if (end == text || !(rate >= 0 && rate <= 1e6))
		return false;
	if (*end == ',') {
		const char *number = end + 1;
		burst = strtoul(number, &end, 10);
		if (end == number || number[0] == '-' || burst < 1 || burst > 1000000)
			return false;
	}
	options->throttle_per_s = rate;
	options->throttle_burst = (uint32_t)burst;
	return *end == '\0';
}

int cli_run_detect(struct cli_args *args, const char *throttle, struct detect_options *ret_options)
{
	const char *priority = cli_value(args, "priority"), *given = cli_value(args, "throttle");
	struct detect_options options = { .min_priority = MODEL_PRIORITY_DEBUG };

	if (priority)
		options.min_priority = model_priority_by_name(priority);
	if (options.min_priority == MODEL_PRIORITY_MAX)
		return cli_usage_error(args, "--priority: '%s' is none of emergency, alert, critical, error, warning, notice, "
				       "informational, debug", priority);
	if (!parse_throttle(given ? given : throttle, &options))
		return cli_usage_error(args, "--throttle: '%s' is not RATE[,BURST], such as 1,10 or 0.5", given);
	options.first_match_only = cli_has(args, "first-match");
	*ret_options = options;
	return CLI_OK;
}

int cli_run_sinks(struct cli_args *args, struct cli_run *run)
{
	const char *const *specs;
	size_t n = cli_values(args, "sink", &specs);
	struct err err = ERR_INIT;

	if (n > CLI_SINKS_MAX)
		return cli_usage_error(args, "at most %d --sink", CLI_SINKS_MAX);
	for (size_t i = 0; i < n; i++) {
		int r = detect_sink_new(specs[i], &run->sinks[run->n_sinks], &err);
		if (r < 0) {
			cli_fail(args, &err);
			return r == -EINVAL ? CLI_USAGE : CLI_FAILED;
		}
		run->n_sinks++;
	}
	return CLI_OK;
}

int cli_run_duration(struct cli_args *args, unsigned long long *ret_seconds)
{
	return cli_number(args, "duration", 0, 1, 100ull * 365 * 86400, ret_seconds) < 0 ? CLI_USAGE : CLI_OK;
}

void cli_run_tell(struct cli_run *run, const struct detect_finding *finding)
{
	for (size_t i = 0; i < run->n_sinks; i++)
		detect_sink_tell(run->sinks[i], finding);
}

void cli_run_flush(struct cli_run *run)
{
	for (size_t i = 0; i < run->n_sinks; i++)
		detect_sink_flush(run->sinks[i]);
}

void cli_run_finish(struct cli_run *run)
{
	for (size_t i = 0; i < run->n_sinks; i++)
		detect_sink_finish(run->sinks[i]);
}

uint64_t cli_run_undelivered(struct cli_run *run)
{
	uint64_t n = 0;

	for (size_t i = 0; i < run->n_sinks; i++) {
		struct detect_sink_counts c;
		detect_sink_counts(run->sinks[i], &c);
		n += c.n_dropped + c.n_failed;
	}
	return n;
}

void cli_run_done(struct cli_run *run)
{
	for (size_t i = 0; i < run->n_sinks; i++)
		run->sinks[i] = detect_sink_free(run->sinks[i]);
	run->n_sinks = 0;
}

uint64_t cli_rss_bytes(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	unsigned long long pages = 0;

	if (f && fscanf(f, "%*u %llu", &pages) != 1)
		pages = 0;
	if (f)
		fclose(f);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

uint64_t cli_clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}
