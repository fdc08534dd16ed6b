/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wire events from hostile bytes through the state, and every field asked of every record. Input: events one after
 * another, each with its length in its header; the first byte of the input chooses seed or event for each in turn.
 */
#include "model/event.h"
#include "runtime/runtime.h"
#include "sensor/capture.h"
#include "sensor/filter.h"
#include "sensor/state.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const struct runtime_container *by_cgroup(void *data, uint64_t id, const char *path)
{
	(void)path;
	return id & 1 ? data : NULL;
}

static void ask(const struct model_record *record, struct arena *scratch)
{
	static const struct { bool has; int64_t index; const char *key; } args[] = {
		{ false, -1, NULL }, { true, 0, "0" }, { true, 3, "3" }, { true, 1 << 30, "1073741824" }, { true, -1, "flags" }, { true, -1, "*" },
	};

	for (unsigned f = 0; f < MODEL_F_MAX; f++) {
		for (size_t a = 0; a < ARRAY_LEN(args); a++) {
			struct model_field_ref ref = { .id = f, .has_arg = args[a].has, .index = args[a].index, .key = args[a].key };
			struct model_value value;
			enum model_type type = model_field(f)->type;

			if (model_record_get(record, &ref, scratch, &value) != MODEL_SET)
				continue;
			if (model_field(f)->flags & (MODEL_FIELD_LIST | MODEL_FIELD_BOTH_ENDS))
				continue;
			if ((model_field(f)->flags & MODEL_FIELD_ANCESTOR) && !ref.has_arg)
				continue;
			/* A text ends in NUL where it says. */
			if (model_type_is_text(type) && value.text[value.len] != '\0')
				abort();
		}
	}
	arena_reset(scratch);
}

/* With a term of each kind that looks at paths, and mounts of the devices that small numbers are. */
static struct sensor_filter_build *make_filter(void)
{
	static const char *const exact[] = { "/etc/shadow" }, *const parts[] = { "etc" };
	static const struct sensor_filter_place places[] = { { 0, "/", "/" }, { 1, "/a", "/etc" }, { 1, "/b/c", "/" } };
	struct sensor_filter_term terms[2] = { { .paths = { .exact = exact, .n_exact = 1 } }, { .parts = parts, .n_parts = 1 } };
	struct sensor_filter_build *build;

	model_event_set_add(&terms[0].types, MODEL_EVT_OPENAT);
	model_event_set_add(&terms[1].types, MODEL_EVT_OPENAT);
	build = sensor_filter_build(terms, 2, NULL);
	sensor_filter_places(build, places, 3);
	return build;
}

static void ask_filter(const struct sensor_filter_build *build, const struct sensor_wire *event)
{
	struct sensor_filter_context context = { .where = FILTER_WHERE_HOST };
	struct sensor_wire_view view;

	if (sensor_wire_decode(event, event->len, &view))
		(void)sensor_filter_ask(sensor_filter_tables(build), &view, &context);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct runtime_container box = { .id = "5be1f2a4c6d8", .name = "x", .privileged = -1 };
	struct sensor_state_options options = { .containers = { by_cgroup, &box }, .max_processes = 64 };
	static const char mounts[] = "{\"mounts\":[[0,\"/\"],[1,\"/etc\",\"/a\"],[1,\"/\",\"/b/c\"]]}";
	static struct sensor_filter_build *filter;
	struct sensor_state *state = sensor_state_new(&options);
	struct arena scratch;
	uint8_t choice = size ? data[0] : 0;
	size_t at = 1;

	if (!filter)
		filter = make_filter();
	sensor_state_adopt(state, CAPTURE_FACTS, mounts, sizeof(mounts) - 1, NULL);
	arena_init(&scratch, 16 << 20);
	for (unsigned i = 0; at + sizeof(struct sensor_wire) <= size && i < 64; i++) {
		struct model_record *records[SENSOR_RECORDS_MAX];
		struct sensor_wire head;
		struct sensor_wire *event;
		size_t len;

		memcpy(&head, data + at, sizeof(head));
		len = head.len % (size - at) & ~(size_t)7;
		if (len < sizeof(head))
			len = sizeof(head);
		event = malloc(len);
		memcpy(event, data + at, len);
		event->len = (uint32_t)len;
		event->type %= MODEL_EVT_MAX + 1;
		ask_filter(filter, event);
		if (choice >> (i % 8) & 1) {
			sensor_state_seed(state, event);
		} else {
			size_t n = sensor_state_apply(state, event, records);
			for (size_t r = 0; r < n; r++)
				ask(records[r], &scratch);
		}
		free(event);
		at += len;
	}
	arena_done(&scratch);
	sensor_state_free(state);
	return 0;
}
