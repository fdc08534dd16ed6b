/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/args.h"
#include "base/mem.h"
#include "base/suggest.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const struct cli_option cli_common_options[] = {
	{ 0, "format", "FORMAT", "Output format: text, json, or what the command names.", CLI_COMPLETE_WORDS, "text json" },
	{ 0, "json", NULL, "Short for --format json.", CLI_COMPLETE_NONE, NULL },
	{ 0, "state", "DIR", "Where parka keeps things ($PARKA_STATE, else /var/lib/parka).", CLI_COMPLETE_DIR, NULL },
	{ 'q', "quiet", NULL, "Say only what was asked for.", CLI_COMPLETE_NONE, NULL },
	{ 'v', "verbose", NULL, "Say more; twice for even more.", CLI_COMPLETE_NONE, NULL },
	{ 'h', "help", NULL, "Show this help.", CLI_COMPLETE_NONE, NULL },
	{ .name = NULL },
};

static const struct cli_option *option_in(const struct cli_option *options, char letter, const char *name, size_t len)
{
	for (const struct cli_option *o = options; o && o->name; o++)
		if (letter ? o->letter == letter : strlen(o->name) == len && memcmp(o->name, name, len) == 0)
			return o;
	return NULL;
}

static const struct cli_option *option_find(const struct cli_command *command, char letter, const char *name, size_t len)
{
	const struct cli_option *o = option_in(command->options, letter, name, len);

	return o ? o : option_in(cli_common_options, letter, name, len);
}

static int unknown_option(const struct cli_args *args, const char *word, const char *name)
{
	struct suggestion s = SUGGESTION(name, name ? strlen(name) : 0);

	for (const struct cli_option *o = args->command->options; o && o->name; o++)
		suggestion_offer(&s, o->name, strlen(o->name));
	for (const struct cli_option *o = cli_common_options; o->name; o++)
		suggestion_offer(&s, o->name, strlen(o->name));
	if (s.best)
		return cli_usage_error(args, "unknown option %s: did you mean --%s?", word, s.best);
	return cli_usage_error(args, "unknown option %s", word);
}

static int give(struct cli_args *args, const struct cli_option *option, const char *value)
{
	if (args->n_given == CLI_GIVEN_MAX)
		return cli_usage_error(args, "more than %d options", CLI_GIVEN_MAX);
	args->given[args->n_given++] = (struct cli_given){ option, value };
	return CLI_OK;
}

/* --name, --name=value, --name value. Returns CLI_OK and advances *i past a separate value. */
static int parse_long(struct cli_args *args, int argc, char **argv, int *i)
{
	const char *name = argv[*i] + 2, *equals = strchr(name, '=');
	size_t len = equals ? (size_t)(equals - name) : strlen(name);
	const struct cli_option *o = option_find(args->command, 0, name, len);

	if (!o) {
		_cleanup_free_ char *bare = mem_strndup(name, len);
		return unknown_option(args, argv[*i], bare);
	}
	if (!o->value)
		return equals ? cli_usage_error(args, "--%s takes no value", o->name) : give(args, o, NULL);
	if (equals)
		return give(args, o, equals + 1);
	if (*i + 1 >= argc)
		return cli_usage_error(args, "--%s needs a value: %s", o->name, o->value);
	return give(args, o, argv[++*i]);
}

static int parse_short(struct cli_args *args, int argc, char **argv, int *i)
{
	for (const char *p = argv[*i] + 1; *p; p++) {
		const struct cli_option *o = option_find(args->command, *p, NULL, 0);
		int r;

		if (!o)
			return unknown_option(args, argv[*i], NULL);
		if (!o->value) {
			r = give(args, o, NULL);
			if (r)
				return r;
			continue;
		}
		if (p[1])
			return give(args, o, p + 1);
		if (*i + 1 >= argc)
			return cli_usage_error(args, "-%c needs a value: %s", o->letter, o->value);
		return give(args, o, argv[++*i]);
	}
	return CLI_OK;
}

int cli_parse(struct cli_args *args, const struct cli_command *command, int argc, char **argv)
{
	bool only_operands = false;

	args->command = command;
	args->operands = (const char **)argv;
	for (int i = 0; i < argc; i++) {
		const char *word = argv[i];
		int r = CLI_OK;

		if (!only_operands && strcmp(word, "--") == 0) {
			only_operands = true;
		} else if (!only_operands && word[0] == '-' && word[1] == '-') {
			r = parse_long(args, argc, argv, &i);
		} else if (!only_operands && word[0] == '-' && word[1]) {
			r = parse_short(args, argc, argv, &i);
		} else {
			/* There is room: of argv's first i words at most i were operands. */
			args->operands[args->n_operands++] = word;
		}
		if (r)
			return r;
	}
	return CLI_OK;
}

bool cli_has(const struct cli_args *args, const char *option)
{
	for (size_t i = 0; i < args->n_given; i++)
		if (strcmp(args->given[i].option->name, option) == 0)
			return true;
	return false;
}

const char *cli_value(const struct cli_args *args, const char *option)
{
	const char *value = NULL;

	for (size_t i = 0; i < args->n_given; i++)
		if (strcmp(args->given[i].option->name, option) == 0)
			value = args->given[i].value;
	return value;
}

size_t cli_values(const struct cli_args *args, const char *option, const char *const **ret)
{
	const char **values = ((struct cli_args *)args)->values;
	size_t n = 0;

	for (size_t i = 0; i < args->n_given; i++)
		if (strcmp(args->given[i].option->name, option) == 0)
			values[n++] = args->given[i].value;
	*ret = values;
	return n;
}

int cli_number(const struct cli_args *args, const char *option, unsigned long long fallback,
	       unsigned long long min, unsigned long long max, unsigned long long *ret)
{
	const char *text = cli_value(args, option);
	unsigned long long n, scale = 1;
	char *end;

	if (!text) {
		*ret = fallback;
		return 0;
	}
	errno = 0;
	n = strtoull(text, &end, 0);
	if (*end == 'k' || *end == 'K')
		scale = 1024;
	else if (*end == 'm' || *end == 'M')
		scale = 1024 * 1024;
	else if (*end == 'g' || *end == 'G')
		scale = 1024ull * 1024 * 1024;
	if (end == text || errno || text[0] == '-' || (scale > 1 ? end[1] : *end) ||
	    __builtin_mul_overflow(n, scale, &n) || n < min || n > max) {
		cli_usage_error(args, "--%s: '%s' is not a number from %llu to %llu", option, text, min, max);
		return -EINVAL;
	}
	*ret = n;
	return 0;
}

size_t cli_operands(const struct cli_args *args, const char *const **ret)
{
	*ret = args->operands;
	return args->n_operands;
}

const char *cli_format(const struct cli_args *args)
{
	const char *format = "text";

	for (size_t i = 0; i < args->n_given; i++) {
		if (strcmp(args->given[i].option->name, "format") == 0)
			format = args->given[i].value;
		else if (strcmp(args->given[i].option->name, "json") == 0)
			format = "json";
	}
	return format;
}

bool cli_json(const struct cli_args *args)
{
	return strcmp(cli_format(args), "json") == 0;
}

bool cli_quiet(const struct cli_args *args)
{
	return cli_has(args, "quiet");
}

int cli_verbose(const struct cli_args *args)
{
	int n = 0;

	for (size_t i = 0; i < args->n_given; i++)
		n += strcmp(args->given[i].option->name, "verbose") == 0;
	return n;
}

bool cli_color(const struct cli_args *args, FILE *to)
{
	const char *none = getenv("NO_COLOR"), *term = getenv("TERM");

	(void)args;
	return (!none || !none[0]) && isatty(fileno(to)) && (!term || strcmp(term, "dumb") != 0);
}

const char *cli_state_dir(const struct cli_args *args)
{
	const char *dir = cli_value(args, "state");

	if (!dir)
		dir = getenv("PARKA_STATE");
	return dir && dir[0] ? dir : "/var/lib/parka";
}

const char *cli_content_dir(void)
{
	static char path[4096 + sizeof("/content")];
	const char *dir = getenv("PARKA_CONTENT");
	struct stat st;
	ssize_t len;

	if (dir && dir[0])
		return dir;
	/* In a build tree the binary is build/src/cli/parka: the content is three folders up. */
	len = readlink("/proc/self/exe", path, 4096);
	if (len > 0) {
		path[len] = '\0';
		for (int i = 0; i < 4; i++) {
			char *slash = strrchr(path, '/');
			if (slash)
				*slash = '\0';
		}
		memcpy(path + strlen(path), "/content", sizeof("/content"));
		if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
			return path;
	}
	return PARKA_CONTENT_DIR;
}

size_t cli_rule_paths(const struct cli_args *args, const char *const **ret)
{
	static char shipped[4200];
	static const char *one[] = { shipped };
	size_t n = cli_values(args, "rules", ret);

	if (n)
		return n;
	snprintf(shipped, sizeof(shipped), "%s/rules", cli_content_dir());
	*ret = one;
	return 1;
}

int cli_fail(const struct cli_args *args, const struct err *err)
{
	(void)args;
	if (err->input[0] && err->line)
		fprintf(stderr, "parka: %s:%u:%u: %s\n", err->input, err->line, err->column, err->text);
	else
		fprintf(stderr, "parka: %s\n", err->text);
	return CLI_FAILED;
}

int cli_usage_error(const struct cli_args *args, const char *format, ...)
{
	va_list list;

	fprintf(stderr, "parka %s: ", args->command->name);
	va_start(list, format);
	vfprintf(stderr, format, list);
	va_end(list);
	fprintf(stderr, "\nparka %s --help says what it takes.\n", args->command->name);
	return CLI_USAGE;
}
