/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_LANG_PROGRAM_INTERNAL_H
#define PARKA_LANG_PROGRAM_INTERNAL_H
/*
 * How a program is made. Inside lang/ only.
 *
 *   tree --spec.c--> specs --predicate.c--> predicates (one per different check)
 *        --dag.c--> nodes: AND, OR, literals (predicate or its negation), shared; merged sets
 *   seal: nodes --program.c--> per class of event types its rules, each with its instructions (codegen.c),
 *         predicates --matcher.c--> matchers (sets, tries, expressions)
 *         operands of rules --select.c--> per class what tells which rules can be true at all (index.h)
 *   record: run.c asks which rules can be true and executes their instructions; slot.c fetches each value once.
 *
 * Classes: all event types that give every event-type predicate the same answers are one class, for
 * which those predicates are constants.
 */
#include "lang/condition.h"
#include "lang/glob.h"
#include "lang/index.h"
#include "lang/limits.h"
#include "lang/sets.h"
#include "lang/types.h"

#include "base/map.h"
#include "base/regex.h"

#define LANG_NONE UINT32_MAX

/* A slot has an index for each way to look at a value, so that it is looked at only in the ways that rules still need. */
enum { LANG_INDEX_VALUES, LANG_INDEX_PATHS, LANG_INDEX_ENDS, LANG_INDEX_PARTS, LANG_INDEXES };

/* ---- slots: a value expression whose value is kept while a record is judged ---- */

struct lang_slot {
	int kind;                        /* LANG_VALUE_* */
	struct lang_type type;
	struct model_field_ref field;
	enum lang_transformer transformer;
	uint32_t *args;                  /* slots */
	size_t n_args;
	struct model_value literal;
	bool is_c_string;                /* one text, not bytes: ends at its first NUL */
	/* Of the keys that rules have of it; NULL: none. */
	struct lang_index *indexes[LANG_INDEXES];
};

struct lang_slot_value {
	struct model_value value;
	uint64_t hash;                   /* of a text, when `hashed` */
	uint32_t generation;             /* of the record it is from */
	int8_t state;                    /* MODEL_* */
	bool hashed;
};

/* ---- predicates ---- */

enum lang_family {
	LANG_FAMILY_EXISTS,
	LANG_FAMILY_TEXTS,               /* equal to one of the texts */
	LANG_FAMILY_NUMBERS,             /* texts: 8 bytes each */
	LANG_FAMILY_NETS,                /* texts: struct lang_net */
	LANG_FAMILY_PREFIX, LANG_FAMILY_SUFFIX,
	LANG_FAMILY_CONTAINS, LANG_FAMILY_ICONTAINS,
	LANG_FAMILY_PATHS,
	LANG_FAMILY_GLOB, LANG_FAMILY_IGLOB, LANG_FAMILY_REGEX,
	LANG_FAMILY_ORDER,               /* < <= > >=; one text, or 8 bytes */
	LANG_FAMILY_COUNT,               /* a quantifier that is no set: every text is one check */
	LANG_FAMILY_FIELD,               /* against another slot */
};

/* What is asked when a slot has many values. */
enum lang_mode {
	LANG_MODE_ONE,                   /* it has one */
	LANG_MODE_ANY,
	LANG_MODE_ALL,                   /* true of an empty list */
	LANG_MODE_ALL_SOME,              /* false of an empty list */
	LANG_MODE_SET,                   /* only whether it is set */
};

/* A check in canonical form: two with the same spec are one predicate. */
struct lang_spec {
	uint32_t slot, right;            /* right: LANG_NONE but for FIELD */
	uint8_t family, mode, op, quantifier;
	bool negate;                     /* not one of them (`!=`) */
	struct lang_bytes *texts;        /* sorted, unique (but for COUNT) */
	size_t n_texts;
};

struct lang_matcher {
	uint8_t family, op, quantifier;
	enum model_type type;
	bool negate;
	bool is_raw;                     /* ORDER of evt.rawarg: as numbers when both are */
	size_t n;
	union {
		struct lang_text_set *texts;
		struct lang_number_set *numbers;
		struct lang_net_set *nets;
		struct lang_affix_set *affixes;
		struct lang_path_set *paths;
		struct lang_glob **globs;
		struct regex **regexes;
		struct { struct lang_bytes text; uint64_t number; };   /* ORDER of texts, of numbers */
		struct { struct lang_bytes *needles; struct regex_literals *literals; };
		struct lang_matcher *parts;          /* COUNT */
	};
};

struct lang_predicate {
	struct lang_spec spec;
	struct lang_matcher matcher;     /* built by seal */
	float cost, chance;              /* in nanoseconds; of being true: both guesses, for ordering */
	/* The matcher is: equal to `number`, to the only text. */
	enum { LANG_SHORTCUT_NONE, LANG_SHORTCUT_NUMBER, LANG_SHORTCUT_BOOL, LANG_SHORTCUT_TEXT } shortcut;
	uint64_t number;
	bool used;                       /* by a sealed condition */
	uint32_t n_uses;
	bool is_event;                   /* decided by the event type; the types for which it is true: */
	struct model_event_set events;
};

/* ---- nodes ---- */

enum lang_dag_kind { LANG_DAG_TRUE, LANG_DAG_FALSE, LANG_DAG_LITERAL, LANG_DAG_AND, LANG_DAG_OR };

struct lang_dag_node {
	uint8_t kind;
	bool negated;                    /* LITERAL */
	bool has_event;                  /* something in it is decided by the event type */
	uint32_t predicate;              /* LITERAL */
	uint32_t *children;
	uint32_t n_children;
	float cost, chance;
};

/* ---- code ---- */

/* JUMP_IF_*: test predicate `arg`, go to `target` when it is so, else on. MATCH: condition `arg`
 * is true, on. END. */
enum lang_opcode { LANG_CODE_JUMP_IF_FALSE, LANG_CODE_JUMP_IF_TRUE, LANG_CODE_MATCH, LANG_CODE_END };
struct lang_instruction {
	uint32_t opcode : 2, arg : 30;
	uint32_t target;
};

/* Three-valued, on a stack. SKIP_*: leave with the top when it decides. */
enum lang_kleene_opcode {
	LANG_KLEENE_PUSH, LANG_KLEENE_PUSH_NOT, LANG_KLEENE_CONSTANT,
	LANG_KLEENE_AND, LANG_KLEENE_OR, LANG_KLEENE_SKIP_IF_FALSE, LANG_KLEENE_SKIP_IF_TRUE, LANG_KLEENE_END,
};
struct lang_kleene_instruction {
	uint32_t opcode, arg;
};

/* ---- classes: see select.c ---- */

/* Sets of rules: bit i is rule i of the class. */
struct lang_gate {
	uint32_t predicate;
	bool negated;
	uint64_t *rules;                 /* which need it to be true (false when negated) */
};

struct lang_lookup {
	uint32_t slot, index;
	uint64_t *rules;                 /* which have a key of that slot in that index */
	uint32_t *first, *told;          /* struct lang_audience */
};

struct lang_class {
	uint32_t n_rules, n_words, n_gates, n_lookups;
	uint32_t *starts;                /* of each rule: its code */
	uint64_t *keyed;                 /* which rules have keys: one of them must hold */
	struct lang_gate *gates;         /* in order of asking */
	struct lang_lookup *lookups;
};

struct lang_program {
	struct arena arena;              /* slots, sets and what they point to */
	struct arena build;              /* specs, nodes, keys: until sealed (keep.c) */
	struct map kept_texts;
	bool sealed;

	struct lang_slot *slots;
	uint32_t n_slots, slots_size;
	struct map slot_ids;             /* printed expression -> id + 1 */

	struct lang_predicate *predicates;
	uint32_t n_predicates, predicates_size;
	struct map predicate_ids;        /* key of the spec -> id + 1 */

	struct lang_dag_node *nodes;
	uint32_t n_nodes, nodes_size;
	struct map node_ids;

	uint32_t *conditions;            /* root node of each */
	uint32_t n_conditions, conditions_size;

	struct lang_instruction *code;
	uint32_t n_code, code_size;
	struct map code_ids;             /* condition and node -> start + 1; until sealed */
	struct lang_class *common;       /* conditions that no event type decides; NULL: none */
	struct lang_class *classes[MODEL_EVT_MAX];
	uint32_t class_words;            /* of the biggest class */

	struct lang_kleene_instruction *kleene;
	uint32_t n_kleene, kleene_size;
	uint32_t *kleene_start;          /* of each condition */
	uint32_t kleene_stack;           /* the deepest stack any condition needs */

	struct regex **regexes;          /* to be freed with the program */
	struct regex_literals **literals;
	uint32_t n_regexes, regexes_size, n_literals, literals_size;
	uint32_t n_sets, n_tries;
};

struct lang_scratch {
	const struct lang_program *program;
	const struct model_record *record;
	struct arena *arena;             /* its own, or a format's caller's */
	struct arena own_arena;
	uint32_t generation;
	uint32_t *memo;                  /* per predicate: generation << 2 | result */
	struct lang_slot_value *values;  /* per slot */
	uint64_t *left, *told;           /* rules of the class at hand: not excluded; with a key that holds */
	int8_t *stack;
};

/* Results of predicates. */
enum { LANG_FALSE = 0, LANG_TRUE = 1, LANG_UNKNOWN = 2 };

/* Make room for one more element in an array of the program. */
#define LANG_RESERVE(array, n, size) do { \
	if ((n) == (size)) { \
		(size) = (size) ? (size) * 2 : 16; \
		(array) = mem_grow((array), (size), sizeof(*(array))); \
	} \
} while (0)

/* slot.c: the slot of an expression (type-checked); LANG_NONE when memory is over */
uint32_t lang_slot_of(struct lang_program *program, const struct lang_value_expr *expr);
/* The slot's value for the scratch's record, fetched at most once. */
void lang_slot_fill(struct lang_scratch *scratch, uint32_t slot);
static inline const struct lang_slot_value *lang_slot_fetch(struct lang_scratch *scratch, uint32_t slot)
{
	if (scratch->values[slot].generation != scratch->generation)
		lang_slot_fill(scratch, slot);
	return &scratch->values[slot];
}
uint64_t lang_slot_hash(struct lang_scratch *scratch, uint32_t slot);
/* transform.c: the value of a transformer's slot */
int lang_transform(struct lang_scratch *scratch, const struct lang_slot *slot, struct model_value *ret);

/* spec.c: 0, -ENOMEM */
enum lang_family lang_family_of(enum lang_op op, enum model_type type);
int lang_spec_of(struct lang_program *program, const struct lang_node *check, struct lang_spec *ret);
/* Both as one spec that is true when either is; false when they cannot be one. */
bool lang_spec_can_merge(const struct lang_spec *a, const struct lang_spec *b);
int lang_spec_merge(struct lang_program *program, const struct lang_spec *const *specs, size_t n, struct lang_spec *ret);

/* keep.c: the spec's texts from `build` to where they stay; 0, -ENOMEM. And, at the end of sealing: all that was only needed to
 * make the program goes. */
int lang_spec_keep(struct lang_program *program, struct lang_spec *spec);
void lang_program_build_done(struct lang_program *program);

/* predicate.c: its id; LANG_NONE when memory or numbers are over */
uint32_t lang_predicate_of(struct lang_program *program, const struct lang_spec *spec);
int lang_predicate_build(struct lang_program *program, uint32_t predicate, struct err *err);   /* its matcher */
int lang_predicate_eval(struct lang_scratch *scratch, uint32_t predicate);
/* An element of a list as what one value would be. */
struct model_value lang_item_value(const struct model_value *item, enum model_type type);

/* matcher.c */
/* What an ordering operator makes of a comparison's sign. */
bool lang_order_holds(enum lang_op op, int c);
int lang_matcher_build(struct lang_program *program, const struct lang_spec *spec, struct lang_matcher *ret, struct err *err);
/* Whether one value matches. `slot_hash`: hash of the text when known, else NULL. */
bool lang_matcher_match(const struct lang_matcher *m, const struct model_value *value, const uint64_t *hash, struct arena *scratch);

/* dag.c: node ids; LANG_NONE when memory is over */
uint32_t lang_dag_of(struct lang_program *program, const struct lang_node *node);
uint32_t lang_dag_make(struct lang_program *program, enum lang_dag_kind kind, uint32_t *children, uint32_t n);
uint32_t lang_dag_literal(struct lang_program *program, uint32_t predicate, bool negated);
uint32_t lang_dag_constant(struct lang_program *program, bool value);

/* codegen.c: code for a condition that comes down to a node; its start, LANG_NONE when too long */
struct lang_rule_code { uint32_t condition, node; };
uint32_t lang_codegen(struct lang_program *program, const struct lang_rule_code *rule);
int lang_codegen_kleene(struct lang_program *program, uint32_t condition);

/* select.c: made while sealing, once all slots are known; _finish() when all classes are, before any is asked.
 * NULL, -1: memory is over. */
struct lang_select;
struct lang_select *lang_select_new(struct lang_program *program);
struct lang_class *lang_select_class(struct lang_select *select, const struct lang_rule_code *rules, uint32_t n);
int lang_select_finish(struct lang_select *select);
struct lang_select *lang_select_free(struct lang_select *select);   /* NULL is fine; returns NULL */

#endif
