/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_POSTURE_RECORD_H
#define PARKA_POSTURE_RECORD_H
/*
 * Records of configuration: what collectors turn the world into, and what checks are asked about.
 *
 *     set
 *      +- record (kind, name, key, place) -- parent --> record -- parent --> ...
 *           +- values: field, state, value, where it comes from, its place
 *
 * A field is looked for in the record, then in its parents. Its state there is one of
 *   MODEL_SET      a value was read (or is the default that holds: origin says which of them won);
 *   MODEL_UNSET    there is none by nature: also what nobody set;
 *   MODEL_UNKNOWN  it could not be read; the note says why. A check that needs it is unknown then, never passed.
 *
 * Memory: records, values and everything that they point to live in the set's arena, or longer than the set
 * (constants). Nothing is copied by the setters. -E2BIG never comes from here: what is sized by input is bounded by
 * whoever parses it; past POSTURE_SET_BYTES_MAX posture_alloc() returns NULL and the set is marked truncated.
 *
 * Who calls it: collectors (write), posture/judge.h (reads). Thread: one.
 */
#include "model/kind.h"
#include "model/record.h"

/* Where something was written. Line and column count from 1; 0: the whole file. file NULL: no file at all. */
struct posture_place {
	const char *file;
	unsigned line, column;
	unsigned end_line;           /* last line of what is meant; 0: same line */
	const char *path;            /* of the field within the document: "spec.containers[0].image"; NULL */
};

/* Which of the places that can say a value said this one. */
enum posture_origin {
	POSTURE_FROM_UNSAID,         /* only one place could */
	POSTURE_FROM_FLAG, POSTURE_FROM_FILE, POSTURE_FROM_ENVIRONMENT, POSTURE_FROM_DEFAULT,
	POSTURE_FROM_API, POSTURE_FROM_KERNEL,
	POSTURE_FROM_COMPUTED,       /* follows from several records */
	POSTURE_ORIGIN_MAX
};
const char *posture_origin_name(enum posture_origin origin);   /* "flag", "file", ...; "" for UNSAID */

struct posture_value {
	struct posture_value *next;
	uint16_t field;              /* enum model_field_id */
	int8_t state;                /* MODEL_SET, MODEL_UNSET, MODEL_UNKNOWN */
	uint8_t origin;              /* enum posture_origin */
	struct model_value value;
	const char *note;            /* UNKNOWN: why ("open /etc/shadow: Permission denied"). Else what said it ("--icc=false"); NULL */
	struct posture_place place;  /* file NULL: the record's */
};

/* A waiver written where the thing itself is: a pragma, an annotation. Holds for the record and those below it. */
struct posture_waiver {
	struct posture_waiver *next;
	const char *check;           /* parka's id or any ref ("DL3008", "KSV-0001"); "*" all */
	const char *reason;          /* NULL when none was given */
	struct posture_place place;
};

struct posture_set;
struct posture_record {
	struct model_record record;  /* what conditions are asked about */
	struct posture_record *next; /* in the order they were made */
	struct posture_set *set;
	const struct posture_record *parent;   /* NULL at the top */
	enum model_kind_id kind;
	const char *name;            /* as people call it: "container web-1", "Deployment shop/cart", "sysctl kernel.kptr_restrict" */
	const char *key;             /* what stays the same from run to run; NULL: the name */
	struct posture_place place;
	struct posture_value *values;
	struct posture_waiver *waivers;
	/* Fields with an argument (dockerfile.arg[NAME]); NULL: it has none. The value, with its origin and place, of the record or in the
	 * scratch arena; NULL: unset here, parents are asked. */
	const struct posture_value *(*keyed)(const struct posture_record *record, const struct model_field_ref *field, struct arena *scratch);
	const void *own;             /* of the collector that made it, for `keyed` and patches */
};

/* What a collector could not do as a whole: a file that does not parse, a socket that refuses. It makes the run incomplete:
 * shown, counted as unknown, never passed over. */
struct posture_problem {
	struct posture_problem *next;
	enum model_layer layer;
	struct posture_place place;
	const char *what;            /* one line: "not read: expected ':' after a key" */
};

enum { POSTURE_SET_BYTES_MAX = 1 << 30 };

struct dockerfile_options;
struct posture_set {
	struct arena arena;
	const char *root;            /* "" for this machine; else the directory that stands for / (tests, a mounted disk) */
	unsigned kubernetes_minor;   /* N of v1.N that manifests are judged for; 0: the latest known here */
	struct posture_record *first[MODEL_KIND_MAX], *last[MODEL_KIND_MAX];
	size_t n_records;
	struct posture_problem *problems, *last_problem;
	size_t n_problems;
	bool is_truncated;
	const struct dockerfile_options *dockerfile_options;   /* posture/dockerfile/options.h; NULL: none */
};

struct posture_set *posture_set_new(const char *root);            /* root is copied; NULL: "" */
struct posture_set *posture_set_free(struct posture_set *set);    /* NULL is fine; returns NULL */

/* ---- writing ---- */
struct posture_record *posture_record_new(struct posture_set *set, enum model_kind_id kind, const struct posture_record *parent,
					  const char *name, struct posture_place place);

/* Each adds a value and returns it, so that the caller can add origin, note and place. The field must be of the value's type
 * (an assert) and belong to the record's kind. The last one set counts. */
struct posture_value *posture_set_text(struct posture_record *record, enum model_field_id field, const char *text);   /* NULL: unset */
struct posture_value *posture_set_text_len(struct posture_record *record, enum model_field_id field, const char *text, size_t len);
struct posture_value *posture_set_bool(struct posture_record *record, enum model_field_id field, bool value);
struct posture_value *posture_set_int(struct posture_record *record, enum model_field_id field, int64_t value);    /* INT64 */
struct posture_value *posture_set_uint(struct posture_record *record, enum model_field_id field, uint64_t value);  /* the unsigned ones */
struct posture_value *posture_set_ip(struct posture_record *record, enum model_field_id field, struct model_ip ip);
/* List fields of texts or numbers. An empty list is set, and empty. */
struct posture_value *posture_set_texts(struct posture_record *record, enum model_field_id field, const char *const *texts, size_t n);
struct posture_value *posture_set_uints(struct posture_record *record, enum model_field_id field, const uint64_t *numbers, size_t n);
struct posture_value *posture_set_unknown(struct posture_record *record, enum model_field_id field, const char *why);
struct posture_value *posture_set_unset(struct posture_record *record, enum model_field_id field);
/* The same value with its origin: posture_said(posture_set_bool(...), POSTURE_FROM_FLAG, "--icc=false"). */
struct posture_value *posture_said(struct posture_value *value, enum posture_origin origin, const char *note);
struct posture_value *posture_at(struct posture_value *value, struct posture_place place);

void posture_waive(struct posture_record *record, const char *check, const char *reason, struct posture_place place);
void posture_problem(struct posture_set *set, enum model_layer layer, struct posture_place place, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* In the set's arena. NULL past its limit: the set is truncated then. */
void *posture_alloc(struct posture_set *set, size_t size);
const char *posture_printf(struct posture_set *set, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Read a file below the set's root (symbolic links stay below it) into its arena. Errors as file_read(). */
int posture_read(struct posture_set *set, const char *path, size_t max_bytes, char **ret_text, size_t *ret_len, struct err *err);
/* A descriptor below the root, with openat2(RESOLVE_IN_ROOT); negative errno. */
int posture_open(const struct posture_set *set, const char *path, int flags);

/* ---- reading ---- */
/* The value that counts, here or in a parent; NULL: unset. */
const struct posture_value *posture_value_of(const struct posture_record *record, enum model_field_id field);
/* The same of a field as it is written, with its argument. */
const struct posture_value *posture_value_at(const struct posture_record *record, const struct model_field_ref *field, struct arena *scratch);
/* The record's nearest place: its own or a parent's. */
struct posture_place posture_place_of(const struct posture_record *record);

#endif
