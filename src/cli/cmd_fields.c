/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "model/field.h"
#include "model/kind.h"

#include <string.h>

static const struct cli_option options[] = {
	{ 0, "missing", NULL, "List Falco's fields that parka does not have, with the reason.", CLI_COMPLETE_NONE, NULL },
	{ 0, "kinds", NULL, "List the kinds of records that checks are about, with the beginnings of their fields.", CLI_COMPLETE_NONE, NULL },
	{ .name = NULL },
};

static const struct cli_example examples[] = {
	{ "parka fields container.", "the fields of containers" },
	{ "parka fields --format markdown", "the field reference as a page" },
	{ NULL, NULL },
};

static const struct { unsigned flag; const char *name; } flag_names[] = {
	{ MODEL_FIELD_LIST, "list" }, { MODEL_FIELD_ARG_INDEX, "[N]" }, { MODEL_FIELD_ARG_KEY, "[name]" },
	{ MODEL_FIELD_ARG_OPTIONAL, "argument optional" }, { MODEL_FIELD_ANCESTOR, "any ancestor" },
	{ MODEL_FIELD_BOTH_ENDS, "either end" }, { MODEL_FIELD_NO_RHS, "not in val()" },
	{ MODEL_FIELD_NO_TRANSFORM, "no transformer" }, { MODEL_FIELD_FILTER_ONLY, "not in output" },
};

static void add_flags(const struct model_field *f, const char *separator, struct strbuf *out)
{
	size_t start = out->len;

	for (size_t i = 0; i < ARRAY_LEN(flag_names); i++)
		if (f->flags & flag_names[i].flag)
			strbuf_addf(out, "%s%s", out->len > start ? separator : "", flag_names[i].name);
}

static void print_json(const struct model_field *f)
{
	_cleanup_strbuf_ struct strbuf out, flags;
	struct json_writer w;

	strbuf_init(&out, 1 << 16);
	strbuf_init(&flags, 1024);
	add_flags(f, ", ", &flags);
	w = json_writer(&out);
	json_object_begin(&w, NULL);
	json_put_str(&w, "name", f->name);
	json_put_str(&w, "type", model_type_name(f->type));
	json_put_bool(&w, "list", f->flags & MODEL_FIELD_LIST);
	json_put_str(&w, "notes", flags.text);
	json_put_str(&w, "meaning", f->meaning);
	json_put_str(&w, "source", f->source);
	json_object_end(&w);
	puts(out.text);
}

static void print_one(const struct cli_args *args, const struct model_field *f)
{
	_cleanup_strbuf_ struct strbuf flags;

	if (cli_json(args)) {
		print_json(f);
		return;
	}
	strbuf_init(&flags, 1024);
	add_flags(f, ", ", &flags);
	if (strcmp(cli_format(args), "markdown") == 0)
		printf("| `%s` | %s | %s | %s | %s |\n", f->name, model_type_name(f->type), flags.text, f->meaning, f->source);
	else if (strcmp(cli_format(args), "names") == 0)
		puts(f->name);
	else
		printf("%-42s %-8s %s%s%s%s\n", f->name, model_type_name(f->type), f->meaning,
		       flags.len ? " (" : "", flags.text, flags.len ? ")" : "");
}

static void print_missing(const struct cli_args *args)
{
	size_t n;
	const struct model_missing_field *m = model_missing_fields(&n);

	if (strcmp(cli_format(args), "markdown") == 0)
		puts("| field | why parka does not have it |\n| --- | --- |");
	for (size_t i = 0; i < n; i++) {
		if (cli_json(args))
			printf("{\"name\":\"%s\",\"reason\":\"%s\"}\n", m[i].name, m[i].reason);
		else
			printf(strcmp(cli_format(args), "markdown") == 0 ? "| `%s` | %s |\n" : "%-42s %s\n", m[i].name, m[i].reason);
	}
}

static void print_kinds(const struct cli_args *args)
{
	bool markdown = strcmp(cli_format(args), "markdown") == 0;

	if (markdown)
		puts("| kind | below | layer | fields | meaning |\n| --- | --- | --- | --- | --- |");
	for (unsigned id = 1; id < MODEL_KIND_MAX; id++) {
		const struct model_kind *k = model_kind(id);
		const char *parent = k->parent == MODEL_KIND_NONE ? "" : model_kind(k->parent)->name;

		if (cli_json(args))
			printf("{\"kind\":\"%s\",\"below\":\"%s\",\"layer\":\"%s\",\"fields\":\"%s\",\"meaning\":\"%s\"}\n", k->name, parent,
			       model_layer_name(k->layer), k->prefixes, k->meaning);
		else
			printf(markdown ? "| `%s` | %s | %s | %s | %s |\n" : "%-24s %-24s %-13s %-28s %s\n", k->name, parent,
			       model_layer_name(k->layer), k->prefixes, k->meaning);
	}
}

static int run(struct cli_args *args)
{
	const char *const *prefixes;
	size_t n = cli_operands(args, &prefixes), n_shown = 0;

	if (cli_has(args, "missing")) {
		print_missing(args);
		return CLI_OK;
	}
	if (cli_has(args, "kinds")) {
		print_kinds(args);
		return CLI_OK;
	}
	if (strcmp(cli_format(args), "markdown") == 0)
		puts("| field | type | notes | meaning | source |\n| --- | --- | --- | --- | --- |");
	for (unsigned id = 0; id < MODEL_F_MAX; id++) {
		const struct model_field *f = model_field(id);
		bool wanted = n == 0;

		for (size_t i = 0; i < n; i++)
			wanted |= strncmp(f->name, prefixes[i], strlen(prefixes[i])) == 0;
		if (wanted) {
			print_one(args, f);
			n_shown++;
		}
	}
	if (!n_shown)
		return cli_usage_error(args, "no field begins with '%s'", prefixes[0]);
	return CLI_OK;
}

const struct cli_command cmd_fields = {
	.name = "fields",
	.summary = "list the fields that conditions and outputs can use",
	.usage = "[PREFIX...]",
	.description = "Prints every field with its type, meaning and where its value comes from; with PREFIX "
		"only those that begin with it. Formats: text, json (one object per line), markdown, names.",
	.options = options,
	.examples = examples,
	.operands = CLI_COMPLETE_FIELD,
	.run = run,
};
