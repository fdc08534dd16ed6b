/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"
#include "base/json.h"
#include "cli/posture_run.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static const struct cli_option options[] = {
	{ 'c', "checks", "FILE|DIR", "Own checks beside those that ship; may be given many times.", CLI_COMPLETE_FILE, NULL },
	{ 0, "records", "FILE", "Records as JSON lines; - is standard input.", CLI_COMPLETE_FILE, NULL },
	{ .name = NULL },
};

static const struct cli_example examples[] = {
	{ "parka checks test -c my_checks.yaml", "whether the checks compile" },
	{ "echo '{\"kind\":\"container\",\"container.privileged\":true}' | parka checks test --records -", "which checks fail for a record" },
	{ NULL, NULL },
};

enum { RECORDS_BYTES_MAX = 256 << 20, LINE_OUT_MAX = 1 << 20 };

static int set_list(struct posture_record *record, enum model_field_id field, json_t *json)
{
	size_t n = json_array_size(json);
	bool is_text = model_type_is_text(model_field(field)->type);
	const char **texts = posture_alloc(record->set, (n + 1) * sizeof(*texts));
	uint64_t *numbers = posture_alloc(record->set, (n + 1) * sizeof(*numbers));

	if (!texts || !numbers)
		return -E2BIG;
	for (size_t i = 0; i < n; i++) {
		json_t *item = json_array_get(json, i);
		if (is_text ? !json_is_string(item) : !json_is_integer(item))
			return -EBADMSG;
		if (is_text)
			texts[i] = posture_printf(record->set, "%s", json_string_value(item));
		else
			numbers[i] = (uint64_t)json_integer_value(item);
	}
	if (is_text)
		posture_set_texts(record, field, texts, n);
	else
		posture_set_uints(record, field, numbers, n);
	return 0;
}

/* {"unknown": "why"} is a value that could not be read. */
static int set_value(struct posture_record *record, enum model_field_id field, json_t *json)
{
	const struct model_field *f = model_field(field);
	const char *why = json_text(json, "unknown", NULL);

	if (why)
		posture_set_unknown(record, field, posture_printf(record->set, "%s", why));
	else if (f->flags & MODEL_FIELD_LIST)
		return json_is_array(json) ? set_list(record, field, json) : -EBADMSG;
	else if (model_type_is_text(f->type) && json_is_string(json))
		posture_set_text(record, field, posture_printf(record->set, "%s", json_string_value(json)));
	else if (f->type == MODEL_TYPE_BOOL && json_is_boolean(json))
		posture_set_bool(record, field, json_is_true(json));
	else if (f->type == MODEL_TYPE_INT64 && json_is_integer(json))
		posture_set_int(record, field, json_integer_value(json));
	else if (model_type_is_number(f->type) && json_is_integer(json) && json_integer_value(json) >= 0)
		posture_set_uint(record, field, (uint64_t)json_integer_value(json));
	else
		return -EBADMSG;
	return 0;
}

static int add_record(struct posture_set *set, json_t *json, const char *file, unsigned line, struct err *err)
{
	const char *kind = json_text(json, "kind", NULL), *key;
	enum model_kind_id id = kind ? model_kind_by_name(kind, strlen(kind)) : MODEL_KIND_NONE;
	struct posture_record *record;
	json_t *value;

	if (id == MODEL_KIND_NONE)
		return err_set_at(err, -EBADMSG, file, line, 0, "expected \"kind\" with the name of a kind of record");
	record = posture_record_new(set, id, NULL, posture_printf(set, "%s %u", kind, line),
				    (struct posture_place){ .file = file, .line = line });
	json_object_foreach(json, key, value) {
		enum model_field_id field = model_field_by_name(key, strlen(key));

		if (strcmp(key, "kind") == 0)
			continue;
		if (field == MODEL_F_MAX || !model_kind_has_field(id, key))
			return err_set_at(err, -EBADMSG, file, line, 0, "records of kind '%s' have no field '%s'", kind, key);
		if (set_value(record, field, value) < 0)
			return err_set_at(err, -EBADMSG, file, line, 0, "'%s' is %s%s; this value is none", key,
					  model_type_name(model_field(field)->type), model_field(field)->flags & MODEL_FIELD_LIST ? " list" : "");
	}
	return 0;
}

static int read_records(struct posture_set *set, const char *path, struct err *err)
{
	unsigned number = 1;
	char *text, *line;
	size_t len;
	int r = strcmp(path, "-") == 0 ? file_read_fd(STDIN_FILENO, path, RECORDS_BYTES_MAX, &set->arena, &text, &len, err) :
		file_read(path, RECORDS_BYTES_MAX, &set->arena, &text, &len, err);

	for (; r >= 0 && (line = strsep(&text, "\n")); number++) {
		_cleanup_json_ json_t *json = NULL;
		size_t n = strlen(line);

		if (!n)
			continue;
		r = json_parse(line, n, path, &json, err);
		if (r >= 0)
			r = add_record(set, json, path, number, err);
	}
	return r;
}

/* One line per record: {"pass": [...], "fail": [...], "unknown": [...]} */
static void print_record(const struct posture_results *results, const struct posture_record *record)
{
	static const enum posture_status told[] = { POSTURE_FAIL, POSTURE_UNKNOWN, POSTURE_PASS };
	_cleanup_strbuf_ struct strbuf out;
	struct json_writer w;

	strbuf_init(&out, LINE_OUT_MAX);
	w = json_writer(&out);
	json_object_begin(&w, NULL);
	json_put_str(&w, "record", record->name);
	for (size_t s = 0; s < ARRAY_LEN(told); s++) {
		json_array_begin(&w, posture_status_name(told[s]));
		for (size_t i = 0; i < results->n; i++)
			if (results->findings[i].record == record && results->findings[i].status == told[s])
				json_put_str(&w, NULL, results->findings[i].check->id);
		json_array_end(&w);
	}
	json_object_end(&w);
	puts(out.text);
}

static int test(struct cli_args *args, struct posture_checks *checks, const char *path)
{
	_cleanup_set_ struct posture_set *set = posture_set_new(NULL);
	struct posture_options all = { .keep_passes = true };
	struct posture_results results = { 0 };
	struct err err = ERR_INIT;

	if (read_records(set, path, &err) < 0 || posture_judge(set, checks, &all, &results, &err) < 0)
		return cli_fail(args, &err);
	for (unsigned kind = 1; kind < MODEL_KIND_MAX; kind++)
		for (const struct posture_record *r = set->first[kind]; r; r = r->next)
			print_record(&results, r);
	posture_results_done(&results);
	return CLI_OK;
}

static int run(struct cli_args *args)
{
	_cleanup_checks_ struct posture_checks *checks = NULL;
	const char *path = cli_value(args, "records");
	struct err err = ERR_INIT;
	int r = cli_checks_load(args, NULL, &checks);

	if (r != CLI_OK)
		return r;
	if (posture_checks_compile_all(checks, &err) < 0) {
		cli_fail(args, &err);
		return CLI_FOUND;
	}
	if (path)
		return test(args, checks, path);
	if (!cli_quiet(args))
		printf("%zu checks, no error\n", posture_checks_count(checks));
	return CLI_OK;
}

const struct cli_command cmd_checks_test = {
	.name = "checks test",
	.summary = "compile all checks, and ask them about records written as JSON",
	.usage = "[OPTIONS]",
	.description = "Without --records: whether every check compiles (exit code 1 with the place of the first error). With it: one JSON "
		"object per line in, its \"kind\" and fields by name ({\"unknown\": \"why\"} for a value that could not be read), and one line "
		"out, with the checks that fail, are unknown and pass.",
	.options = options,
	.examples = examples,
	.run = run,
};
