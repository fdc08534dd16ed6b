/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_AGENT_GAPS_H
#define PARKA_AGENT_GAPS_H
/* Lost events as findings of parka's own. Private to the room. */
#include "detect/detect.h"
#include "model/event.h"
#include "sensor/event.h"

/* What one look at the counters found: lost after begin_ns and not later than end_ns (since the epoch). */
struct agent_gap_loss { uint64_t type, cause, n, begin_ns, end_ns; };

struct agent_gaps {
	uint64_t pending[MODEL_EVT_MAX][SENSOR_LOST_MAX];
	uint64_t n_pending, first_ns, begin_ns, end_ns;
	uint64_t by_cause[SENSOR_LOST_MAX], total;   /* of the run */
	struct lang_format *format;
	const char *hostname;
};

void agent_gaps_init(struct agent_gaps *gaps, const char *hostname);
void agent_gaps_done(struct agent_gaps *gaps);
void agent_gaps_add(struct agent_gaps *gaps, const struct agent_gap_loss *loss);
/* Tell what is pending for five seconds or more; all of it with UINT64_MAX. */
void agent_gaps_tell(struct agent_gaps *gaps, struct detect_engine *engine, uint64_t epoch_ns);

#endif
