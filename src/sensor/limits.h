/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_SENSOR_LIMITS_H
#define PARKA_SENSOR_LIMITS_H
/* Every bound of the sensor's user-space half. What goes past one is counted, never grown. */

enum {
	LIMIT_SENSOR_WIRE_BYTES = 256 * 1024,        /* one event */
	LIMIT_SENSOR_WIRE_PARAMS = 256,              /* parameters of one event */
	LIMIT_SENSOR_PROCESSES = 128 * 1024,         /* default of max_processes */
	LIMIT_SENSOR_EXITED = 4096,                  /* ended processes kept, however short ago they ended */
	LIMIT_SENSOR_THREADS = 64 * 1024,            /* threads the credential ledger follows */
	LIMIT_SENSOR_CGROUPS = 64 * 1024,
	LIMIT_SENSOR_CGROUP_DEPTH = 32,              /* of the scan at start */
	LIMIT_SENSOR_TEXTS = 512 * 1024,             /* interned texts */
	LIMIT_SENSOR_ARGV_BYTES = 32 * 1024,         /* kept per program */
	LIMIT_SENSOR_ENV_BYTES = 4 * 1024,
	LIMIT_SENSOR_PATH_BYTES = 16 * 1024,
	LIMIT_SENSOR_PATH_DEPTH = 4096,              /* components */
	LIMIT_SENSOR_NAMES_PER_FILE = 4,             /* records of one event */
	LIMIT_SENSOR_LINKED_FILES = 4096,            /* inodes with several names */
	LIMIT_SENSOR_ALIASES = 1024,                 /* hard links known by path */
	LIMIT_SENSOR_ALIAS_PATH = 4096,              /* bytes of such a path */
	LIMIT_SENSOR_WATCH_PATHS = 4096,
	LIMIT_SENSOR_MOUNTS = 1024,                  /* devices whose mount point is known */
	LIMIT_SENSOR_MOUNTS_PER_DEVICE = 8,          /* of which only parts are mounted */
	LIMIT_SENSOR_NAMESPACES = 4096,              /* mount namespaces remembered */
	LIMIT_SENSOR_ANCESTORS = 128,                /* of one walk */
	LIMIT_SENSOR_ANCESTRY_BYTES = 2048,
	LIMIT_SENSOR_USERS = 64 * 1024,              /* names of one passwd or group file */
	LIMIT_SENSOR_USERS_BYTES = 4 * 1024 * 1024,
	LIMIT_SENSOR_USER_TABLES = 1024,             /* containers whose passwd is kept */
	LIMIT_SENSOR_DNS_QUESTIONS = 1024,           /* kept for fd.*ip.name */
	LIMIT_SENSOR_SCRATCH_BYTES = 1024 * 1024,    /* texts of one event */
	LIMIT_SENSOR_MOUNTINFO_BYTES = 1024 * 1024,
	LIMIT_CAPTURE_BLOCK_BYTES = 1024 * 1024,     /* of records, before compression */
	LIMIT_CAPTURE_WAITING_BYTES = 32 * 1024 * 1024,  /* that wait for the writing thread: then events are dropped */
	LIMIT_CAPTURE_QUEUE_BYTES = 48 * 1024 * 1024,    /* the same, with what a replay cannot do without */
	LIMIT_CAPTURE_RECORD_BYTES = 512 * 1024,
	LIMIT_CAPTURE_HEADER_BYTES = 64 * 1024,
};

#define LIMIT_SENSOR_GRACE_NS (UINT64_C(30) * 1000000000)
#define LIMIT_SENSOR_DNS_NS (UINT64_C(60) * 1000000000)
#define LIMIT_SENSOR_USERS_RECHECK_NS (UINT64_C(5) * 1000000000)
#define LIMIT_SENSOR_USERS_MISS_NS UINT64_C(1000000000)     /* for a number without a name: it may be new */

#endif
