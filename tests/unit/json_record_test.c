/* SPDX-License-Identifier: Apache-2.0 */
#include "model/json_record.h"
#include "tap.h"

#include <errno.h>

static struct model_json_reader *reader;
static const struct model_record *record;
static struct arena scratch;
static struct model_value value;
static struct err err;

static int read_json(const char *json)
{
	if (!reader)
		reader = model_json_reader_new();
	arena_reset(&scratch);
	err = ERR_INIT;
	return model_json_reader_read(reader, json, strlen(json), "in", 7, &record, &err);
}

static int get(enum model_field_id id)
{
	struct model_field_ref f = { .id = id, .index = -1, .text = model_field(id)->name };

	return model_record_get(record, &f, &scratch, &value);
}

static int get_arg(enum model_field_id id, const char *key, const char *text)
{
	struct model_field_ref f = { .id = id, .has_arg = true, .index = -1, .key = key, .text = text };

	return model_record_get(record, &f, &scratch, &value);
}

TEST(a_missing_key_and_null_are_unset)
{
	read_json("{\"proc.name\":null}");
	CHECK_INT(get(MODEL_F_PROC_NAME), MODEL_UNSET);
	CHECK_INT(get(MODEL_F_FD_NAME), MODEL_UNSET);
}

TEST(numbers_may_be_numbers_or_texts)
{
	read_json("{\"proc.pid\":-5,\"user.uid\":\"1000\",\"fd.num\":\"0x10\",\"proc.duration\":18446744073709551615,\"evt.num\":3.0}");
	CHECK(get(MODEL_F_PROC_PID) == MODEL_SET && value.i64 == -5);
	CHECK(get(MODEL_F_USER_UID) == MODEL_SET && value.u64 == 1000);
	CHECK(get(MODEL_F_FD_NUM) == MODEL_SET && value.i64 == 16);
	CHECK(get(MODEL_F_EVT_NUM) == MODEL_SET && value.u64 == 3);
}

TEST(booleans_may_be_booleans_or_texts)
{
	read_json("{\"fd.connected\":\"true\",\"fd.name_changed\":false}");
	CHECK(get(MODEL_F_FD_CONNECTED) == MODEL_SET && value.boolean);
	CHECK(get(MODEL_F_FD_NAME_CHANGED) == MODEL_SET && !value.boolean);
}

TEST(texts_may_be_numbers_and_end_at_a_nul_but_bytes_do_not)
{
	read_json("{\"proc.name\":12,\"fd.name\":\"/a\\u0000b\",\"evt.buffer\":\"x\\u0000y\"}");
	CHECK(get(MODEL_F_PROC_NAME) == MODEL_SET && strcmp(value.text, "12") == 0);
	CHECK(get(MODEL_F_FD_NAME) == MODEL_SET && value.len == 2);
	CHECK(get(MODEL_F_EVT_BUFFER) == MODEL_SET && value.len == 3 && memcmp(value.text, "x\0y", 3) == 0);
}

TEST(addresses_are_read_from_text)
{
	read_json("{\"fd.cip\":\"10.0.0.1\",\"fd.sip\":\"::1\"}");
	CHECK(get(MODEL_F_FD_CIP) == MODEL_SET && value.ip.family == 4 && value.ip.bytes[0] == 10);
	CHECK(get(MODEL_F_FD_SIP) == MODEL_SET && value.ip.family == 6);
}

TEST(arrays_are_lists_and_one_value_is_a_list_of_one)
{
	read_json("{\"container.caps\":[\"a\",\"b\"],\"proc.aname\":\"x\",\"fd.ip\":[\"1.1.1.1\",\"2.2.2.2\"]}");
	CHECK(get(MODEL_F_CONTAINER_CAPS) == MODEL_SET && value.n == 2 && strcmp(value.list[1].text, "b") == 0);
	CHECK(get(MODEL_F_PROC_ANAME) == MODEL_SET && value.n == 1 && strcmp(value.list[0].text, "x") == 0);
	CHECK(get(MODEL_F_FD_IP) == MODEL_SET && value.n == 2);
}

TEST(one_of_a_list_comes_from_its_own_key_or_the_whole_list)
{
	struct model_field_ref f = { .id = MODEL_F_FD_TYPES, .has_arg = true, .index = 1, .key = "1", .text = "fd.types[1]" };

	read_json("{\"fd.types\":[\"file\",\"ipv4\"]}");
	CHECK(model_record_get(record, &f, &scratch, &value) == MODEL_SET && value.n == 1 && strcmp(value.list[0].text, "ipv4") == 0);
	read_json("{\"fd.types[1]\":\"pipe\"}");
	CHECK(model_record_get(record, &f, &scratch, &value) == MODEL_SET && value.n == 1 && strcmp(value.list[0].text, "pipe") == 0);
	read_json("{\"fd.types\":[\"file\"]}");
	CHECK_INT(model_record_get(record, &f, &scratch, &value), MODEL_UNSET);
}

TEST(all_ancestors_are_collected_from_the_indexed_keys_in_order)
{
	read_json("{\"proc.aname[3]\":\"c\",\"proc.aname[1]\":\"a\",\"proc.aname[0]\":\"self\"}");
	CHECK(get(MODEL_F_PROC_ANAME) == MODEL_SET && value.n == 2);
	CHECK_STR(value.list[0].text, "a");
	CHECK_STR(value.list[1].text, "c");
	CHECK(get_arg(MODEL_F_PROC_ANAME, "3", "proc.aname[3]") == MODEL_SET && strcmp(value.text, "c") == 0);
	read_json("{\"proc.aname[0]\":\"self\"}");
	CHECK_INT(get(MODEL_F_PROC_ANAME), MODEL_UNSET);
}

TEST(both_ends_come_from_client_and_server_else_local_and_remote)
{
	read_json("{\"fd.cip\":\"1.1.1.1\",\"fd.sip\":\"2.2.2.2\",\"fd.lip\":\"3.3.3.3\",\"fd.lport\":80,\"fd.rport\":\"81\",\"fd.sproto\":\"http\"}");
	CHECK(get(MODEL_F_FD_IP) == MODEL_SET && value.n == 2 && value.list[1].ip.bytes[0] == 2);
	CHECK(get(MODEL_F_FD_NET) == MODEL_SET && value.n == 2 && value.list[0].ip.bytes[0] == 1);
	CHECK(get(MODEL_F_FD_PORT) == MODEL_SET && value.n == 2 && value.list[1].u64 == 81);
	CHECK(get(MODEL_F_FD_PROTO) == MODEL_SET && value.n == 1 && strcmp(value.list[0].text, "http") == 0);
	read_json("{\"fd.ip\":\"9.9.9.9\"}");
	CHECK(get(MODEL_F_FD_NET) == MODEL_SET && value.n == 1 && value.list[0].ip.bytes[0] == 9);
	read_json("{\"fd.name\":\"/x\"}");
	CHECK_INT(get(MODEL_F_FD_IP), MODEL_UNSET);
	CHECK_INT(get(MODEL_F_FD_NET), MODEL_UNSET);
}

TEST(networks_of_one_end_take_its_address)
{
	read_json("{\"fd.sip\":\"2.2.2.2\",\"fd.rip\":\"4.4.4.4\"}");
	CHECK(get(MODEL_F_FD_SNET) == MODEL_SET && value.ip.bytes[0] == 2);
	CHECK(get(MODEL_F_FD_RNET) == MODEL_SET && value.ip.bytes[0] == 4);
	CHECK_INT(get(MODEL_F_FD_CNET), MODEL_UNSET);
}

TEST(arguments_of_events_have_two_spellings)
{
	read_json("{\"evt.arg[flags]\":\"O_RDONLY\"}");
	CHECK(get_arg(MODEL_F_EVT_ARG, "flags", "evt.arg.flags") == MODEL_SET && strcmp(value.text, "O_RDONLY") == 0);
	read_json("{\"evt.arg.flags\":\"O_RDWR\"}");
	CHECK(get_arg(MODEL_F_EVT_ARG, "flags", "evt.arg[flags]") == MODEL_SET && strcmp(value.text, "O_RDWR") == 0);
	CHECK_INT(get_arg(MODEL_F_EVT_ARG, "mode", "evt.arg.mode"), MODEL_UNSET);
}

TEST(the_event_type_comes_from_evt_type_alone)
{
	read_json("{\"evt.type\":\"openat\"}");
	CHECK_INT(record->event, MODEL_EVT_OPENAT);
	CHECK_INT(get(MODEL_F_SYSCALL_TYPE), MODEL_UNSET);
	read_json("{\"syscall.type\":\"open\"}");
	CHECK_INT(record->event, MODEL_EVT_NONE);
	CHECK_INT(get(MODEL_F_EVT_TYPE), MODEL_UNSET);
	read_json("{\"evt.type\":\"frobnicate\"}");
	CHECK_INT(record->event, MODEL_EVT_NONE);
	CHECK(get(MODEL_F_EVT_TYPE) == MODEL_SET && strcmp(value.text, "frobnicate") == 0);
	read_json("{}");
	CHECK_INT(record->event, MODEL_EVT_NONE);
}

TEST(what_is_no_field_is_told_once)
{
	while (reader && model_json_reader_notice(reader))
		;
	read_json("{\"nosuch.field\":1,\"proc.name\":\"x\",\"proc.name[3]\":\"x\",\"evt.arg.anything\":1,\"container.mount.dest[/proc*]\":\"a\"}");
	CHECK_STR(model_json_reader_notice(reader), "'nosuch.field' is no field: ignored");
	CHECK_STR(model_json_reader_notice(reader), "'proc.name[3]' is no field: ignored");
	CHECK(!model_json_reader_notice(reader));
	read_json("{\"nosuch.field\":2}");
	CHECK(!model_json_reader_notice(reader));
}

TEST(a_value_of_the_wrong_type_is_unknown_and_told_once)
{
	while (model_json_reader_notice(reader))
		;
	read_json("{\"proc.pid\":\"abc\",\"user.uid\":-1,\"fd.sport\":70000,\"fd.sip\":\"nowhere\",\"fd.connected\":\"yes\",\"fd.name\":{},\"proc.ppid\":1.5}");
	CHECK_INT(get(MODEL_F_PROC_PID), MODEL_UNKNOWN);
	CHECK_INT(get(MODEL_F_PROC_PID), MODEL_UNKNOWN);
	CHECK_STR(model_json_reader_notice(reader), "the value of 'proc.pid' is not of its type (int): taken as unset");
	CHECK(!model_json_reader_notice(reader));
	CHECK_INT(get(MODEL_F_USER_UID), MODEL_UNKNOWN);
	CHECK_INT(get(MODEL_F_FD_SPORT), MODEL_UNKNOWN);
	CHECK_INT(get(MODEL_F_FD_SIP), MODEL_UNKNOWN);
	CHECK_INT(get(MODEL_F_FD_CONNECTED), MODEL_UNKNOWN);
	CHECK_INT(get(MODEL_F_FD_NAME), MODEL_UNKNOWN);
	CHECK_INT(get(MODEL_F_PROC_PPID), MODEL_UNKNOWN);
}

TEST(a_line_that_is_no_object_names_its_place)
{
	CHECK_INT(read_json("[1]"), -EBADMSG);
	CHECK_INT(err.line, 7);
	CHECK_INT(read_json("{\"a\":1,}"), -EBADMSG);
	CHECK(err.column > 1);
	CHECK_INT(read_json("{\"a\":1,\"a\":2}"), -EBADMSG);
	CHECK_INT(read_json(""), -EBADMSG);
	CHECK_INT(read_json("{} trailing"), -EBADMSG);
}

TEST(a_line_has_a_longest_length_and_a_list_a_largest_size)
{
	char *big = malloc(MODEL_JSON_LINE_MAX + 2);
	struct strbuf sb;

	memset(big, ' ', MODEL_JSON_LINE_MAX + 1);
	CHECK_INT(model_json_reader_read(reader, big, MODEL_JSON_LINE_MAX + 1, "in", 1, &record, &err), -E2BIG);
	free(big);
	strbuf_init(&sb, 1 << 20);
	strbuf_adds(&sb, "{\"container.caps\":[\"x\"");
	for (int i = 0; i < MODEL_JSON_LIST_MAX + 5; i++)
		strbuf_adds(&sb, ",\"x\"");
	strbuf_adds(&sb, "]}");
	read_json(sb.text);
	CHECK(get(MODEL_F_CONTAINER_CAPS) == MODEL_SET && value.n == MODEL_JSON_LIST_MAX);
	strbuf_done(&sb);
	read_json("{\"proc.aname[4000000000]\":\"x\",\"proc.aname[1]\":\"p\"}");
	CHECK(get(MODEL_F_PROC_ANAME) == MODEL_SET && value.n == 1);
}

TEST(the_number_of_keys_remembered_has_a_limit)
{
	size_t n = 0;

	for (int i = 0; i < 11; i++) {
		struct strbuf sb;
		strbuf_init(&sb, 1 << 20);
		strbuf_adds(&sb, "{\"proc.name\":\"x\"");
		for (int k = 0; k < MODEL_JSON_KEYS_MAX / 10; k++)
			strbuf_addf(&sb, ",\"k%d.%d\":1", i, k);
		strbuf_addc(&sb, '}');
		CHECK_INT(read_json(sb.text), 0);
		strbuf_done(&sb);
	}
	CHECK_INT(get(MODEL_F_PROC_NAME), MODEL_SET);
	while (model_json_reader_notice(reader))
		n++;
	CHECK(n > 0 && n <= MODEL_JSON_KEYS_MAX);
}

int main(int argc, char **argv)
{
	int r;

	arena_init(&scratch, 0);
	r = tap_main(argc, argv);
	model_json_reader_free(reader);
	arena_done(&scratch);
	return r;
}
