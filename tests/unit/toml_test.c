/* SPDX-License-Identifier: Apache-2.0 */
#include "base/toml.h"
#include "tap.h"

#include <errno.h>

static struct err err;

static json_t *parse(const char *text)
{
	json_t *json = NULL;

	err = ERR_INIT;
	toml_parse(text, strlen(text), "t.toml", &json, &err);
	return json;
}

TEST(toml_becomes_the_json_that_it_means)
{
	static const struct { const char *toml, *json; } cases[] = {
		{ "", "{}" },
		{ "# nothing\n\n", "{}" },
		{ "a = 1\nb = -2\nc = +3\nd = 1_000\ne = 0xff\nf = 0o17\ng = 0b11\n", "{\"a\":1,\"b\":-2,\"c\":3,\"d\":1000,\"e\":255,\"f\":15,\"g\":3}" },
		{ "a = true\nb = false # no\n", "{\"a\":true,\"b\":false}" },
		{ "a = 1.5\nb = -2e3", "{\"a\":1.5,\"b\":-2000.0}" },
		{ "a = \"x\\ty\\u00e9\\\"\"\nb = 'c:\\d'", "{\"a\":\"x\\ty\u00e9\\\"\",\"b\":\"c:\\\\d\"}" },
		{ "a = \"\"\"\none\ntwo\\\n   three\"\"\"\n", "{\"a\":\"one\\ntwothree\"}" },
		{ "a = '''\n'x\\'''' # '\n", "{\"a\":\"'x\\\\'\"}" },
		{ "a = [1, 2, # two\n 3,\n]", "{\"a\":[1,2,3]}" },
		{ "a = []\nb = [[1], [\"x\"]]", "{\"a\":[],\"b\":[[1],[\"x\"]]}" },
		{ "a = { b = 1, c.d = \"x\" }\nb = {}", "{\"a\":{\"b\":1,\"c\":{\"d\":\"x\"}},\"b\":{}}" },
		{ "[a]\nb = 1\n[a.c]\nd = 2\n[e]", "{\"a\":{\"b\":1,\"c\":{\"d\":2}},\"e\":{}}" },
		{ "[plugins.\"io.containerd.grpc.v1.cri\".registry]\nconfig_path = \"/x\"", "{\"plugins\":{\"io.containerd.grpc.v1.cri\":{\"registry\":{\"config_path\":\"/x\"}}}}" },
		{ "[[r]]\nl = 1\n[r.s]\nt = 2\n[[r]]\nl = 3", "{\"r\":[{\"l\":1,\"s\":{\"t\":2}},{\"l\":3}]}" },
		{ "a.b.c = 1\na.b.d = 2\n", "{\"a\":{\"b\":{\"c\":1,\"d\":2}}}" },
		{ "a = 1979-05-27T07:32:00Z\nb = 1979-05-27 07:32:00\nc = 07:32:00", "{\"a\":\"1979-05-27T07:32:00Z\",\"b\":\"1979-05-27 07:32:00\",\"c\":\"07:32:00\"}" },
		{ "a = 1\r\n[b]\r\nc = 2\r\n", "{\"a\":1,\"b\":{\"c\":2}}" },
		{ "\"\" = 1\n'q.r' = 2", "{\"\":1,\"q.r\":2}" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *json = parse(cases[i].toml);
		char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

		CHECK_MSG(text && strcmp(text, cases[i].json) == 0, "%s: %s %s", cases[i].toml, text ? text : "", err.text);
		free(text);
		json_decref(json);
	}
}

TEST(what_is_no_toml_is_refused_where_it_goes_wrong)
{
	static const struct { const char *toml; unsigned line, column; } cases[] = {
		{ "a", 1, 2 }, { "a =", 1, 4 }, { "a = 1 b", 1, 7 }, { "x = 1\na = [1 2]", 2, 8 }, { "a = \"x", 1, 7 }, { "a = \"x\ny\"", 1, 7 },
		{ "a = 1\na = 2", 2, 5 }, { "a = 1\n[a]", 2, 4 }, { "[a\n", 1, 3 }, { "[[a]\n", 1, 4 }, { "a = tru", 1, 8 }, { "a = \"\\q\"", 1, 7 },
		{ "a = { b = 1", 1, 12 }, { "= 1", 1, 1 }, { "a = 99999999999999999999", 1, 25 }, { "a = \"\x01\"", 1, 6 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *json = parse(cases[i].toml);

		CHECK_MSG(!json && err.code == -EBADMSG && err.line == cases[i].line && err.column == cases[i].column, "%s: %d at %u:%u %s", cases[i].toml,
			  err.code, err.line, err.column, err.text);
		json_decref(json);
	}
}

TEST(toml_that_is_too_deep_too_long_or_too_much_is_refused)
{
	size_t len = TOML_BYTES_MAX + 1;
	char *text = malloc(len + 1);
	json_t *json = NULL;

	memset(text, '[', len);
	memcpy(text, "a = ", 4);
	CHECK_INT(toml_parse(text, 1000, "t", &json, &err), -E2BIG);
	CHECK_INT(toml_parse(text, len, "t", &json, &err), -E2BIG);
	memset(text + 4, ' ', len - 4);
	text[4] = '[';
	for (size_t i = 5; i + 2 < len - 1; i += 2)
		memcpy(text + i, "1,", 2);
	CHECK_INT(toml_parse(text, 600000, "t", &json, &err), -E2BIG);
	for (size_t i = 0; i < 100; i++)
		memcpy(text + i * 2, "a.", 2);
	memcpy(text + 200, "b=1", 3);
	CHECK_INT(toml_parse(text, 203, "t", &json, &err), -E2BIG);
	free(text);
}

TAP_MAIN()
