/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_RUNTIME_LIMITS_H
#define PARKA_RUNTIME_LIMITS_H
/*
 * What is read of a runtime's state, at most. A container's labels, environment and mounts are an
 * attacker's text: past a limit the rest is left out, but the container stays a container (a file that is
 * too big to read costs its details, never its identity).
 */
enum {
	LIMIT_RUNTIME_FILE_BYTES = 4 << 20,       /* one state file of one container */
	LIMIT_RUNTIME_INDEX_BYTES = 16 << 20,     /* a file about all containers or images */
	LIMIT_RUNTIME_SCRATCH_BYTES = 64 << 20,   /* all texts of one look-up together */
	LIMIT_RUNTIME_DEPTH = 64,                 /* nesting of a state file */
	LIMIT_RUNTIME_TEXT_BYTES = 4096,          /* one text; longer ones are cut */
	LIMIT_RUNTIME_LABEL_BYTES = 1024,         /* one label's value */
	LIMIT_RUNTIME_LABELS = 128,
	LIMIT_RUNTIME_LABELS_BYTES = 16 << 10,    /* all labels of one container */
	LIMIT_RUNTIME_MOUNTS = 256,
	LIMIT_RUNTIME_SECURITY_OPTS = 32,
	LIMIT_RUNTIME_ID_BYTES = 255,
	LIMIT_RUNTIME_CGROUP_BYTES = 4096,        /* path of a cgroup */
	LIMIT_RUNTIME_CGROUP_PATHS = 4,           /* different paths of one container (v1 hierarchies) */
	LIMIT_RUNTIME_CGROUP_DEPTH = 8,           /* components looked at, from the innermost */
	LIMIT_RUNTIME_CONTAINERS = 8192,
	LIMIT_RUNTIME_CGROUPS = 32768,            /* cgroups remembered, containers or not */
	LIMIT_RUNTIME_STORES = 64,                /* directories of runtimes */
	LIMIT_RUNTIME_NAMESPACES = 64,            /* of one containerd */
	LIMIT_RUNTIME_DIR_ENTRIES = 16384,
	LIMIT_RUNTIME_BOLT_PAGE_MIN = 1024,       /* page size of a bbolt file: the machine's, so 4 to 64 KiB */
	LIMIT_RUNTIME_BOLT_PAGE_MAX = 65536,
	LIMIT_RUNTIME_BOLT_NODE_BYTES = 4 << 20,  /* one page of it with what overflows */
	LIMIT_RUNTIME_BOLT_NODES = 512,           /* pages read of it in one look-up */
	LIMIT_RUNTIME_BOLT_BYTES = 16 << 20,      /* and what they take together */
	LIMIT_RUNTIME_BOLT_DEPTH = 16,            /* levels of one of its trees */
	LIMIT_RUNTIME_BOLT_TRIES = 4,             /* readings while the daemon writes */
	LIMIT_RUNTIME_PROCESSES = 32768,          /* of /proc looked at */
};
#endif
