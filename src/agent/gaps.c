/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/gaps.h"
#include "agent/agent.h"

#include <string.h>
#include <time.h>

#define SECOND_NS UINT64_C(1000000000)
#define GAP_NS (5 * SECOND_NS)
enum { GAP_TYPES_NAMED = 32, GAP_TEXT_MAX = 1024 };   /* a flood of one type must not hide what else was lost */

static const char *const cause_names[] = { "ring-full", "path-unresolved", "too-long", "table-full", "nested", "unwritten" };
_Static_assert(ARRAY_LEN(cause_names) == SENSOR_LOST_MAX, "a name for every cause");

const char *agent_lost_name(enum sensor_lost cause)
{
	return cause < SENSOR_LOST_MAX ? cause_names[cause] : "unknown";
}

struct gap_record { struct model_record record; uint64_t count, epoch_ns, begin_ns, end_ns; const char *types, *causes, *hostname; };

static int give_text(const char *text, struct model_value *ret)
{
	if (!text)
		return MODEL_UNSET;
	*ret = (struct model_value){ .text = text, .len = strlen(text) };
	return MODEL_SET;
}

static int gap_get(const struct model_record *record, const struct model_field_ref *field, struct arena *scratch,
		   struct model_value *ret)
{
	const struct gap_record *gap = container_of(record, struct gap_record, record);

	(void)scratch;
	switch (field->id) {
	case MODEL_F_LOST_COUNT:
		*ret = (struct model_value){ .u64 = gap->count };
		return MODEL_SET;
	case MODEL_F_LOST_BEGIN:
		*ret = (struct model_value){ .u64 = gap->begin_ns };
		return MODEL_SET;
	case MODEL_F_LOST_END:
		*ret = (struct model_value){ .u64 = gap->end_ns };
		return MODEL_SET;
	case MODEL_F_LOST_TYPE:
		return give_text(gap->types, ret);
	case MODEL_F_LOST_CAUSE:
		return give_text(gap->causes, ret);
	case MODEL_F_EVT_TYPE:
		return give_text("lost", ret);
	case MODEL_F_EVT_HOSTNAME:
		return give_text(gap->hostname, ret);
	case MODEL_F_CONTAINER_ID:
	case MODEL_F_CONTAINER_NAME:
		return give_text("host", ret);
	case MODEL_F_EVT_RAWTIME:
		*ret = (struct model_value){ .u64 = gap->epoch_ns };
		return MODEL_SET;
	default:
		return MODEL_UNSET;
	}
}

void agent_gaps_init(struct agent_gaps *g, const char *hostname)
{
	*g = (struct agent_gaps){ .hostname = hostname };
	(void)lang_format_parse("%lost.count %lost.type %lost.cause %lost.begin %lost.end", &g->format, NULL, NULL);
}

void agent_gaps_done(struct agent_gaps *g)
{
	g->format = lang_format_free(g->format);
}

void agent_gaps_add(struct agent_gaps *g, const struct agent_gap_loss *loss)
{
	if (loss->type >= MODEL_EVT_MAX || loss->cause >= SENSOR_LOST_MAX || !loss->n)
		return;
	if (!g->n_pending) {
		g->first_ns = loss->end_ns;
		g->begin_ns = loss->begin_ns;
	}
	if (loss->begin_ns < g->begin_ns)
		g->begin_ns = loss->begin_ns;
	g->end_ns = loss->end_ns;
	g->pending[loss->type][loss->cause] += loss->n;
	g->n_pending += loss->n;
	g->by_cause[loss->cause] += loss->n;
	g->total += loss->n;
}

static uint64_t of_type(const struct agent_gaps *g, unsigned type)
{
	uint64_t n = 0;

	for (unsigned cause = 0; cause < SENSOR_LOST_MAX; cause++)
		n += g->pending[type][cause];
	return n;
}

/* "openat 1200, connect 34 and 3 more types": most first. */
static void name_types(struct agent_gaps *g, struct strbuf *out)
{
	uint64_t before = UINT64_MAX;
	unsigned before_type = 0, n_types = 0, n_named = 0;

	for (unsigned t = 0; t < MODEL_EVT_MAX; t++)
		n_types += of_type(g, t) > 0;
	while (n_named < n_types && n_named < GAP_TYPES_NAMED) {
		unsigned best = MODEL_EVT_MAX;
		uint64_t best_n = 0;
		for (unsigned t = 0; t < MODEL_EVT_MAX; t++) {
			uint64_t n = of_type(g, t);
			if (n > best_n && (n < before || (n == before && t > before_type))) {
				best = t;
				best_n = n;
			}
		}
		strbuf_addf(out, "%s%s %llu", n_named ? ", " : "", best ? model_event(best)->name : "unknown", (unsigned long long)best_n);
		before = best_n;
		before_type = best;
		n_named++;
	}
	if (n_types > n_named)
		strbuf_addf(out, " and %u more types", n_types - n_named);
}

static void name_causes(struct agent_gaps *g, struct strbuf *out)
{
	for (unsigned cause = 0; cause < SENSOR_LOST_MAX; cause++) {
		uint64_t n = 0;
		for (unsigned t = 0; t < MODEL_EVT_MAX; t++)
			n += g->pending[t][cause];
		if (n)
			strbuf_addf(out, "%s%s %llu", out->len ? ", " : "", cause_names[cause], (unsigned long long)n);
	}
}

/* "22:13:20.500": of the day in UTC, so that a replay elsewhere says the same. */
static void name_time(uint64_t epoch_ns, struct strbuf *out)
{
	time_t seconds = (time_t)(epoch_ns / SECOND_NS);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strbuf_addf(out, "%02d:%02d:%02d.%03u", tm.tm_hour, tm.tm_min, tm.tm_sec, (unsigned)(epoch_ns % SECOND_NS / 1000000));
}

static void name_gap(const struct agent_gaps *g, const char *types, const char *causes, struct strbuf *out)
{
	strbuf_addf(out, "parka lost %llu events from ", (unsigned long long)g->n_pending);
	name_time(g->begin_ns, out);
	strbuf_addf(out, " to ");
	name_time(g->end_ns, out);
	strbuf_addf(out, " UTC: %s (%s)", types, causes);
}

void agent_gaps_tell(struct agent_gaps *g, struct detect_engine *engine, uint64_t epoch_ns)
{
	_cleanup_strbuf_ struct strbuf types, causes, text;
	struct lang_rule rule = {
		.name = "parka telemetry gap", .source = "internal", .priority = MODEL_PRIORITY_WARNING, .format = g->format,
		.desc = "Events were lost: what they would have shown was not judged.",
	};
	static const struct model_record_ops ops = { gap_get };
	struct gap_record gap;

	strbuf_init(&types, GAP_TEXT_MAX);
	strbuf_init(&causes, GAP_TEXT_MAX);
	strbuf_init(&text, 2 * GAP_TEXT_MAX);
	if (!g->n_pending || (epoch_ns != UINT64_MAX && epoch_ns < g->first_ns + GAP_NS))
		return;
	name_types(g, &types);
	name_causes(g, &causes);
	name_gap(g, types.text, causes.text, &text);
	gap = (struct gap_record){
		.record = { &ops, MODEL_EVT_LOST }, .count = g->n_pending, .epoch_ns = g->first_ns, .begin_ns = g->begin_ns,
		.end_ns = g->end_ns, .types = types.text, .causes = causes.text, .hostname = g->hostname,
	};
	detect_engine_report(engine, &rule, &gap.record, g->first_ns, text.text);
	memset(g->pending, 0, sizeof(g->pending));
	g->n_pending = 0;
}
