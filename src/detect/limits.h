/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_DETECT_LIMITS_H
#define PARKA_DETECT_LIMITS_H
/* Every limit of the room, with what happens past it. */
enum {
	DETECT_MATCHES_MAX = 256,              /* rules told of one record; more are counted, not told */
	DETECT_OUTPUT_MAX = 32 * 1024,         /* bytes of a formatted output; cut */
	DETECT_LINE_MAX = 256 * 1024,          /* bytes of a JSON line; see json.c: fields are left out */
	DETECT_SCRATCH_MAX = 4 * 1024 * 1024,  /* bytes of field values of one finding; then unset */
	DETECT_BUCKETS_MAX = 8192,             /* (rule, container) pairs of the throttle; the oldest is summed up and dropped */
	DETECT_SAVED_MAX = 512,                /* bytes of an output kept for a summary; cut */
	DETECT_QUEUE_MESSAGES = 4096,          /* findings that wait for a slow sink; newer ones are dropped and counted */
	DETECT_QUEUE_BYTES = 16 * 1024 * 1024,
	DETECT_CMDLINE_MAX = 512,              /* bytes of the command line of a process of the chain; cut with … */
	DETECT_SYSLOG_MAX = 8192,              /* bytes of a syslog message; cut at a character */
	DETECT_TRIES_MAX = 6,                  /* deliveries tried before a finding counts as failed */
	DETECT_BACKOFF_FIRST_MS = 100,
	DETECT_BACKOFF_LAST_MS = 10000,
	DETECT_TIMEOUT_MS = 5000,              /* of one delivery */
	DETECT_DRAIN_MS = 3000,                /* how long a closing sink may still deliver */
	DETECT_FILES_KEPT_MAX = 100,
};
#endif
