/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_LANG_CONDITION_H
#define PARKA_LANG_CONDITION_H
/*
 * Conditions: text to syntax tree to program to true or false.
 *
 *   text --lang_parse--> struct lang_node --lang_program_add--> struct lang_program
 *                                                  record --lang_program_match--^--> rules
 *
 * The language is Falco's (grammar and semantics: docs/language.md). A program holds many
 * conditions; a predicate that several of them share is evaluated at most once per record,
 * and a field is fetched at most once.
 *
 * Semantics in one line: a check on an unset field is false for every operator, also for
 * `!=`; so `not a = b` is true and `a != b` is false when a is unset. Boolean operators
 * short-circuit in effect (evaluation has no side effects).
 *
 * Where Falco's texts leave a choice:
 * - a list that is set but empty is `in` every list (nothing of it is outside), intersects none;
 * - a quantifier over no elements is false, also allof;
 * - ancestors and both ends: the whole check, with its quantifier, is asked of each value;
 * - `a in NAME` with a NAME that stays unresolved compares with that one word;
 * - texts are C strings (they end at their first NUL), bytes are not; string and path are one type
 *   for val(); a byte that is no UTF-8 is U+FFFD for `regex`;
 * - evt.rawarg is ordered (< <= > >=) as a number when both sides are numbers;
 * - getopt() skips words that are no options and options it was not told of, up to "--".
 *
 * Limits: LANG_* in lang/limits.h. Thread: a program may be read by many threads, each with
 * its own struct lang_scratch.
 */
#include "base/err.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "model/event.h"
#include "model/field.h"
#include "model/record.h"

enum lang_op {
	LANG_OP_EXISTS,
	LANG_OP_EQ, LANG_OP_NE, LANG_OP_LT, LANG_OP_LE, LANG_OP_GT, LANG_OP_GE,
	LANG_OP_CONTAINS, LANG_OP_ICONTAINS, LANG_OP_BCONTAINS,
	LANG_OP_STARTSWITH, LANG_OP_BSTARTSWITH, LANG_OP_ENDSWITH,
	LANG_OP_GLOB, LANG_OP_IGLOB, LANG_OP_REGEX,
	LANG_OP_IN, LANG_OP_INTERSECTS, LANG_OP_PMATCH,
	LANG_OP_MAX
};
const char *lang_op_name(enum lang_op op);   /* as written: "=", "startswith" */

/* `op oneof (a, b)`: exactly one element matches; anyof: at least one; allof: all. */
enum lang_quantifier { LANG_ONE_VALUE, LANG_ONEOF, LANG_ANYOF, LANG_ALLOF };

enum lang_transformer {
	LANG_TOLOWER, LANG_TOUPPER, LANG_B64, LANG_BASENAME, LANG_LEN, LANG_JOIN, LANG_CONCAT, LANG_GETOPT,
};

/* A value expression: a field, a transformer over value expressions, or (as an argument of
 * join/concat/getopt) a literal or a list of them: join("-", (proc.name, "a")). */
struct lang_value_expr {
	enum { LANG_VALUE_FIELD, LANG_VALUE_TRANSFORMER, LANG_VALUE_LITERAL, LANG_VALUE_LIST } kind;
	uint32_t offset;                       /* byte offset in the parsed text */
	struct model_field_ref field;          /* FIELD */
	enum lang_transformer transformer;     /* TRANSFORMER */
	struct lang_value_expr **args;         /* TRANSFORMER, LIST */
	size_t n_args;
	const char *literal;                   /* LITERAL */
	size_t literal_len;
};

struct lang_text { const char *text; size_t len; uint32_t offset; bool quoted; };

enum lang_node_kind { LANG_NODE_AND, LANG_NODE_OR, LANG_NODE_NOT, LANG_NODE_CHECK, LANG_NODE_MACRO };

/* Syntax tree. Everything in it lives in the arena given to lang_parse(). `source` tells which
 * text `offset` counts in, after macros have been put in place: an opaque number of the caller. */
struct lang_node {
	enum lang_node_kind kind;
	uint32_t offset, end;                  /* byte range in the text */
	uint32_t source;
	struct lang_node **children;           /* AND, OR: n >= 2; NOT: 1 */
	size_t n_children;
	const char *name;                      /* MACRO: its name */
	/* CHECK */
	struct lang_value_expr *left;
	enum lang_op op;
	enum lang_quantifier quantifier;
	uint32_t op_offset;
	struct lang_value_expr *right;         /* val(field) or transformer; NULL when values */
	const char *right_name;                /* `in NAME`: an identifier instead of a list, unresolved */
	struct lang_text *values;              /* literals as written, unquoted and unescaped */
	size_t n_values;
};

/* Parse `text`. On failure err holds the message, and line/column within the text (1-based);
 * the message says what was expected and has "did you mean" for unknown fields and operators.
 * Fields are looked up here (an unknown field is an error of code -ENOENT; every other is -EBADMSG).
 * `source` is copied into every node. */
int lang_parse(struct arena *arena, const char *text, size_t len, uint32_t source,
	       struct lang_node **ret_node, struct err *err);

/* Write a tree back as text that parses to an equal tree. */
void lang_node_print(const struct lang_node *node, struct strbuf *out);

/* Check operators against types, values against types, regular expressions, ... MACRO nodes must be
 * gone. err line/column are not set; *ret_offset and *ret_source tell the place (both may be NULL).
 * -EBADMSG, but -ENOENT for an event type that does not exist ("unknown event type"). */
int lang_check_types(const struct lang_node *node, uint32_t *ret_offset, uint32_t *ret_source, struct err *err);

/* Event types for which the condition can be true at all (falco-language 3.6). */
struct model_event_set lang_event_types(const struct lang_node *node, bool *ret_all);

/* ---- programs ---- */
struct lang_program;
struct lang_scratch;

struct lang_program *lang_program_new(void);
struct lang_program *lang_program_free(struct lang_program *program);   /* NULL is fine; returns NULL */

/* Add one condition (types checked here too); it gets the next index, from 0. Conditions are matched
 * in index order. The tree is not needed afterwards. */
int lang_program_add(struct lang_program *program, const struct lang_node *node, uint32_t *ret_index,
		     uint32_t *ret_offset, uint32_t *ret_source, struct err *err);
/* Build the event index and the shared sets. After it nothing can be added. */
int lang_program_seal(struct lang_program *program, struct err *err);

struct lang_program_stats {
	uint32_t n_conditions, n_predicates, n_predicates_shared, n_fields, n_regexes, n_sets, n_tries;
	size_t memory_bytes;
};
void lang_program_stats(const struct lang_program *program, struct lang_program_stats *ret);

/* Reused from record to record; a warm one allocates nothing. */
struct lang_scratch *lang_scratch_new(const struct lang_program *program);
struct lang_scratch *lang_scratch_free(struct lang_scratch *scratch);
struct arena *lang_scratch_arena(struct lang_scratch *scratch);   /* reset by the next match */

/* Start on a new record: forget cached fields and predicates. */
void lang_scratch_begin(struct lang_scratch *scratch, const struct model_record *record);
/* All conditions that are true for the record, ascending, at most max; returns how many there are.
 * Includes lang_scratch_begin(). */
size_t lang_program_match(const struct lang_program *program, struct lang_scratch *scratch,
			  const struct model_record *record, uint32_t *ret_indexes, size_t max);
/* One condition by index (begin first). Three-valued for posture: MODEL_SET true, MODEL_UNSET
 * false, MODEL_UNKNOWN when a field it needs could not be read. */
int lang_program_eval(const struct lang_program *program, struct lang_scratch *scratch, uint32_t index);

/* ---- output formats: "text %field %proc.aname[2] %toupper(proc.name) %20proc.name" ----
 * The longest name that is a field is taken; "%%" is one '%'; %container.info is dropped. Errors:
 * -ENOENT for an unknown field, else -EBADMSG, with line and column in the text. */
struct lang_format;
int lang_format_parse(const char *text, struct lang_format **ret_format, uint32_t *ret_offset, struct err *err);
/* Formats of one set keep each field and its value once: hundreds of outputs name the same few dozen. NULL: a format on its
 * own. The set must outlive its formats, and they belong to one thread together. */
struct lang_formats;
struct lang_formats *lang_formats_new(void);
struct lang_formats *lang_formats_free(struct lang_formats *formats);
int lang_format_parse_in(struct lang_formats *formats, const char *text, struct lang_format **ret_format, uint32_t *ret_offset,
			 struct err *err);
struct lang_format *lang_format_free(struct lang_format *format);
/* Unset fields print <NA>. The scratch arena is used for values; it is not reset here. */
void lang_format_print(const struct lang_format *format, const struct model_record *record,
		       struct arena *scratch, struct strbuf *out);
/* The fields in it, in order, each as text and its value now: for JSON's output_fields. */
struct lang_format_field {
	const char *text;              /* "proc.aname[2]" */
	enum model_type type;
	bool is_list;
	int state;                     /* MODEL_SET / UNSET / UNKNOWN */
	struct model_value value;
};
size_t lang_format_fields(const struct lang_format *format);
void lang_format_field_get(const struct lang_format *format, size_t i, const struct model_record *record,
			   struct arena *scratch, struct lang_format_field *ret);

#endif
