/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/agent.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct agent_replay {
	struct capture_reader *reader;
	struct runtime *runtime;
	struct agent_stream *stream;
	uint64_t epoch_ns;           /* of the event that is applied */
};

static const struct runtime_container *by_cgroup(void *data, uint64_t cgroup_id, const char *path)
{
	struct agent_replay *r = data;

	return runtime_by_cgroup(r->runtime, cgroup_id, path, r->epoch_ns);
}

int agent_replay_open(const char *path, const struct agent_stream_options *options, struct lang_rules *rules,
		      struct agent_replay **ret_replay, struct err *err)
{
	/* Below a file there is no state of any runtime: only what the capture says counts. */
	static const struct runtime_options nowhere = { .root = "/dev/null", .grace_ns = UINT64_MAX / 4 };
	struct agent_replay *replay = mem_alloc(sizeof(*replay));
	struct agent_stream_options o = *options;
	const struct capture_info *info;
	int r = capture_open(path, &replay->reader, err);

	if (r < 0) {
		lang_rules_free(rules);
		free(replay);
		return r;
	}
	info = capture_reader_info(replay->reader);
	replay->runtime = runtime_new(&nowhere);
	o.detect.hostname = info->hostname;
	o.state = (struct sensor_state_options){
		.containers = { by_cgroup, replay },
		.hostname = info->hostname,
		.boot_to_epoch_ns = info->boot_to_epoch_ns,
	};
	replay->stream = agent_stream_new(&o, rules);
	*ret_replay = replay;
	return 0;
}

struct agent_replay *agent_replay_close(struct agent_replay *replay)
{
	if (!replay)
		return NULL;
	agent_stream_free(replay->stream);
	runtime_free(replay->runtime);
	capture_reader_close(replay->reader);
	free(replay);
	return NULL;
}

struct agent_stream *agent_replay_stream(struct agent_replay *replay)
{
	return replay->stream;
}

const struct capture_info *agent_replay_info(const struct agent_replay *replay)
{
	return capture_reader_info(replay->reader);
}

static int adopt(struct agent_replay *replay, enum capture_kind kind, const char *text, size_t len, struct err *err)
{
	_cleanup_json_ json_t *json = NULL;
	int r;

	if (kind != CAPTURE_CONTAINER)
		return sensor_state_adopt(agent_stream_state(replay->stream), kind, text, len, err);
	r = json_parse(text, len, "a container of the capture", &json, err);
	return r < 0 ? r : runtime_container_adopt(replay->runtime, json, err);
}

int agent_replay_next(struct agent_replay *replay, const struct sensor_wire **ret_event,
		      struct model_record *ret_records[SENSOR_RECORDS_MAX], size_t *ret_n, struct err *err)
{
	enum capture_kind kind;
	const void *bytes;
	size_t len;
	int r;

	while ((r = capture_next(replay->reader, &kind, &bytes, &len, err)) == 1) {
		const struct sensor_wire *event = bytes;

		if ((kind == CAPTURE_SEED || kind == CAPTURE_EVENT) && (len < sizeof(*event) || event->len != len))
			return err_set(err, -EBADMSG, "an event of %zu bytes says it has %u", len, len < sizeof(*event) ? 0 : event->len);
		if (kind == CAPTURE_SEED) {
			sensor_state_seed(agent_stream_state(replay->stream), event);
		} else if (kind == CAPTURE_EVENT) {
			replay->epoch_ns = event->ts_ns + (uint64_t)capture_reader_info(replay->reader)->boot_to_epoch_ns;
			*ret_n = agent_stream_apply(replay->stream, event, ret_records);
			*ret_event = event;
			return 1;
		} else {
			r = adopt(replay, kind, bytes, len, err);
			if (r < 0)
				return r;
		}
	}
	return r;
}

int agent_replay_run(struct agent_replay *replay, struct err *err)
{
	struct model_record *records[SENSOR_RECORDS_MAX];
	const struct sensor_wire *event;
	size_t n;
	int r;

	while ((r = agent_replay_next(replay, &event, records, &n, err)) == 1)
		agent_stream_judge(replay->stream, event, records, n);
	agent_stream_end(replay->stream);
	return r;
}
