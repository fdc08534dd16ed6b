/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_SENSOR_FILTER_H
#define PARKA_SENSOR_FILTER_H
/*
 * The filter in the kernel, from user space: from terms to tables, and the same question asked of a wire event.
 *
 *   rules --detect/demand.h--> struct sensor_filter_term[] --sensor_filter_build--> struct sensor_filter
 *         --sensor_filter_load (sensor/sensor.h)--> kernel
 *
 * The room knows nothing of rules: a term is a conjunction of demands, an event that satisfies no term is not reported.
 * Thread: building any; a built filter is constant.
 */
#include "model/event.h"
#include "sensor/bpf/filter.h"
#include "sensor/wire.h"

#include <stddef.h>

/* One of these texts; with none_of: a known text that is none of them. n = 0 and not none_of: no demand. */
struct sensor_filter_texts { const char *const *texts; size_t n; bool none_of; };

/* Demands on a path; lists are alternatives, an empty list is no demand. All absolute, without "//", "." and "..".
 * The path is the kernel's own (fd.name of a file that was opened), or another name that the file has by its place: from the task's
 * root, and on the host, when mounts are not looked at. What has further names (hard links) satisfies all demands. */
struct sensor_filter_paths {
	const char *const *exact; size_t n_exact;        /* /etc/shadow */
	const char *const *in; size_t n_in;              /* directly in this directory (fd.directory = X) */
	const char *const *below; size_t n_below;        /* in it, however deep, not itself ("/etc/" as a prefix) */
	const char *const *prefixes; size_t n_prefixes;  /* text the path starts with: /dev/sd */
};

struct sensor_filter_numbers { const uint32_t *numbers; size_t n; bool none_of; };
/* Addresses of one end: inside one of these, or with none_of outside all. An end without address satisfies neither, unless
 * `or_none`. Family: 4 or 6 decides how bytes are read; the prefix length counts in that family. */
struct sensor_filter_net { uint8_t family, bits; uint8_t bytes[16]; };
struct sensor_filter_nets { const struct sensor_filter_net *nets; size_t n; bool none_of, or_none; };

struct sensor_filter_term {
	struct model_event_set types;            /* all of one class: filter_class_of() */
	uint64_t kinds[FILTER_KINDS / 64];       /* bit per kind that satisfies; all 0: no demand */
	uint64_t results[(FILTER_RESULTS + 63) / 64];   /* the same of filter_result() */
	uint8_t fd_types;                        /* bits 1 << enum filter_fd_type; 0: no demand. UNKNOWN always satisfies */
	uint8_t wheres;                          /* bits 1 << enum filter_where; 0: no demand. UNKNOWN always satisfies */
	struct sensor_filter_texts comms;        /* at most 15 bytes each: longer ones satisfy nothing */
	struct sensor_filter_numbers euids;
	struct sensor_filter_paths exe;          /* the process's executable: exact and below only */
	/* OPEN: all of these */
	struct sensor_filter_paths paths;
	const char *const *names; size_t n_names;        /* last component */
	const char *const *suffixes; size_t n_suffixes;  /* or it ends so: names and suffixes are alternatives */
	const char *const *parts; size_t n_parts;        /* some component before the last */
	const char *const *needles; size_t n_needles;    /* a text without slash in some component; its first FILTER_NEEDLE_BYTES count */
	uint8_t texts;                           /* of the path as given: enum filter_text, all of these bits */
	/* NET */
	struct sensor_filter_numbers ports[FILTER_ENDS];
	bool port_or_none[FILTER_ENDS];          /* an end without address satisfies */
	struct sensor_filter_nets nets[FILTER_ENDS];
	bool foldable;                           /* OPEN: repeats satisfy the rule alike, whatever differs between them (bpf/fold.bpf.h) */
	uint32_t owner;                          /* the caller's: which rule it comes from */
};

/* The class of an event type; FILTER_ALWAYS for what the state cannot do without and for what is no system call. */
enum sensor_filter_class sensor_filter_class_of(enum model_event_type type);

struct sensor_filter_build;
/* Tables of all terms. `always`: further types that are never dropped. When there are more than 64 different terms of a class, or a
 * table is full, demands are given up (the filter lets more pass) until it fits: never the other way. Types of a class that no
 * term names are dropped altogether. */
struct sensor_filter_build *sensor_filter_build(const struct sensor_filter_term *terms, size_t n, const struct model_event_set *always);
struct sensor_filter_build *sensor_filter_build_free(struct sensor_filter_build *build);   /* NULL is fine; returns NULL */
/* Where the host has file systems mounted, or parts of them (`root`), as the state knows it (sensor/mounts.h). Without this call the host has none.
 * NULL: not known; what then may have another name satisfies all demands on paths. May be called again. */
struct sensor_filter_place { uint32_t dev; const char *root, *point; };
/* How many components a path has; of a root at most FILTER_MOUNT_DEPTH are looked at. */
static inline unsigned filter_depth(const char *path)
{
	unsigned n = 0;

	for (; *path; path++)
		n += *path == '/' && path[1] && path[1] != '/';
	return n;
}
void sensor_filter_places(struct sensor_filter_build *build, const struct sensor_filter_place *places, size_t n);
const struct filter_tables *sensor_filter_tables(const struct sensor_filter_build *build);
/* Which of the 64 of its class the i-th term became; terms may share one. */
uint64_t sensor_filter_bit(const struct sensor_filter_build *build, size_t i);
struct sensor_filter_stats { size_t n_terms[FILTER_CLASSES], n_given_up, n_nodes, n_names, n_comms, n_exes; };
void sensor_filter_stats(const struct sensor_filter_build *build, struct sensor_filter_stats *ret);

/* Directories below which runtimes keep the root file systems of containers; ends with NULL. On the host, what is in such a
 * container has a name that begins with one of them: of names that begin otherwise no file of the container can be. */
extern const char *const sensor_filter_usual_roots[];
/* `rootfs`: on the host; NULL: not known. CONTAINER or ELSEWHERE. */
enum filter_where sensor_filter_where_of_root(const char *rootfs);

/* What the kernel knows beside the event. */
struct sensor_filter_context {
	enum filter_where where;
	const char *leader_comm;                 /* of the process; NULL: that of the event */
	const struct filter_process *process;    /* NULL: not known */
};
/* The terms of the event's class that it satisfies, asked as the kernel asks. 0: the kernel would drop it. All ones when
 * its type is never dropped or the filter is not active. */
uint64_t sensor_filter_ask(const struct filter_tables *filter, const struct sensor_wire_view *view,
			   const struct sensor_filter_context *context);
/* What a process with this executable may satisfy; NULL: not known. */
void sensor_filter_exe(const struct filter_tables *filter, const char *path, uint64_t ret_exe[FILTER_CLASSES]);

#endif
