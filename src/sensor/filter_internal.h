/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_SENSOR_FILTER_INTERNAL_H
#define PARKA_SENSOR_FILTER_INTERNAL_H
/* Between the files that build the filter: filter_build.c makes groups of terms, filter_fill.c tables of groups. */
#include "sensor/filter.h"

/* Terms of a class that share a bit. A group demands of each dimension what any of its terms demands. */
struct filter_group {
	uint32_t *members;               /* indexes of terms */
	size_t n;
};

/* Dimensions that may be given up, one at a time, where a table is full. */
enum filter_dimension {
	FILTER_DIM_TYPES, FILTER_DIM_KINDS, FILTER_DIM_RESULTS, FILTER_DIM_FD_TYPE, FILTER_DIM_WHERE, FILTER_DIM_COMM, FILTER_DIM_UID,
	FILTER_DIM_EXE, FILTER_DIM_PATH, FILTER_DIM_NAME, FILTER_DIM_PART, FILTER_DIM_NEEDLE, FILTER_DIM_TEXT,
	FILTER_DIM_REMOTE_PORT, FILTER_DIM_LOCAL_PORT, FILTER_DIM_REMOTE_NET, FILTER_DIM_LOCAL_NET, FILTER_DIM_MAX
};

struct sensor_filter_build {
	struct filter_tables *tables;
	const struct sensor_filter_term *terms;   /* during building only */
	size_t n_terms;
	uint8_t *bit_of;                 /* per term: its group's number; FILTER_NO_BIT: it can never be satisfied */
	uint8_t *class_of;               /* per term */
	struct filter_group groups[FILTER_CLASSES][64];
	size_t n_groups[FILTER_CLASSES];
	/* Bits of terms whose demands in a dimension were given up. */
	uint64_t given_up[FILTER_CLASSES][FILTER_DIM_MAX];
	struct sensor_filter_stats stats;
};
enum { FILTER_NO_BIT = 255 };

/* Whether the term demands nothing there. */
bool filter_is_free(const struct sensor_filter_term *term, enum filter_dimension dimension);

/* filter_fill.c: all tables of all groups. Gives up demands until everything has its place. */
void filter_fill(struct sensor_filter_build *build);

/* A place for the key in a table, or NULL when its neighbourhood is full. */
#define FILTER_PLACE(type, function, size) \
	static type *function(type *table, uint64_t key) \
	{ \
		for (uint32_t i = 0; i < FILTER_PROBES; i++) { \
			type *at = &table[(key + i) & ((size) - 1)]; \
			if (!at->key || at->key == key) { \
				at->key = key; \
				return at; \
			} \
		} \
		return NULL; \
	}
/* The tables are constant once made; the look-ups are shared with BPF, which knows no const. */
#define FILTER_LOOK(function, table, key) function((void *)(uintptr_t)(table), key)

/* One step down, from the directory `parent` (its hash, which is returned of what is found there): which terms want whatever is below
 * `parent` or the name, and whatever has the name as a part. */
uint64_t filter_below(const struct filter_tables *tables, uint64_t parent, const char *name, size_t len, uint64_t *path, uint64_t *part);

/* Where the host has what is at `names` (from the root of its file system down), and how many of the names remain below that.
 * mount NULL: nowhere. False: it is not known. */
struct filter_place { const struct filter_mount *mount; size_t n; };
bool filter_place_of(const struct filter_tables *tables, uint32_t dev, const char *const *names, size_t n, struct filter_place *ret);

/* The hash of a name or an absolute path as filter.h has it. filter_path_hash: false for what is no absolute path. */
uint64_t filter_name_hash(const char *name, size_t len);
bool filter_path_hash(const char *path, size_t len, uint64_t *ret_hash);
uint64_t filter_comm_hash(const char *comm);
/* Up to 8 bytes as a word, the first one lowest. */
uint64_t filter_word(const char *bytes, size_t len);
/* An address in the form that networks are compared in; returns the family, which is 4 for one mapped into IPv6. */
unsigned filter_address(unsigned family, const uint8_t *bytes, __u64 *ret_hi, __u64 *ret_lo);

#endif
