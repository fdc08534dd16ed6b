/* SPDX-License-Identifier: Apache-2.0 */
#include "model/event.h"
#include "model/field.h"
#include "model/priority.h"
#include "model/record.h"
#include "tap.h"

TEST(every_field_is_found_by_its_name_and_has_a_meaning)
{
	for (unsigned i = 0; i < MODEL_F_MAX; i++) {
		const struct model_field *f = model_field(i);
		CHECK_MSG(model_field_by_name(f->name, strlen(f->name)) == i, "%s is declared twice", f->name);
		CHECK(f->meaning[0] && f->source[0]);
	}
}

TEST(no_field_is_both_there_and_missing)
{
	size_t n;
	const struct model_missing_field *m = model_missing_fields(&n);

	for (size_t i = 0; i < n; i++)
		CHECK_MSG(model_field_by_name(m[i].name, strlen(m[i].name)) == MODEL_F_MAX, "%s", m[i].name);
}

TEST(every_event_is_found_by_its_name)
{
	for (unsigned i = 1; i < MODEL_EVT_MAX; i++) {
		const char *name = model_event(i)->name;
		CHECK_MSG(model_event_by_name(name, strlen(name)) == i, "%s is declared twice", name);
	}
}

TEST(priorities_are_read_in_any_case_and_info_is_informational)
{
	CHECK_INT(model_priority_by_name("WARNING"), MODEL_PRIORITY_WARNING);
	CHECK_INT(model_priority_by_name("info"), MODEL_PRIORITY_INFORMATIONAL);
	CHECK_INT(model_priority_by_name("bad"), MODEL_PRIORITY_MAX);
}

TEST(addresses_are_parsed_and_printed)
{
	struct model_ip ip;
	struct model_value v;
	struct strbuf sb;

	strbuf_init(&sb, 100);
	CHECK(model_ip_parse("10.0.0.1", 8, &ip));
	v.ip = ip;
	model_value_print(&v, MODEL_TYPE_IP, false, &sb);
	CHECK_STR(sb.text, "10.0.0.1");
	CHECK(!model_ip_parse("10.0.0", 6, &ip));
	strbuf_done(&sb);
}

TAP_MAIN()
