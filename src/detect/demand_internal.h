/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_DETECT_DEMAND_INTERNAL_H
#define PARKA_DETECT_DEMAND_INTERNAL_H
/*
 * How demands are derived. Inside detect/ only.
 *
 *   tree --demand.c--> lists of cubes --demand.c--> terms
 *        check --demand_check.c, demand_path.c, demand_net.c, demand_eval.c--> cubes
 *        cubes --demand_cube.c--> AND, OR of lists, kept short
 *        what a cube holds --demand_set.c, demand_place.c--> intersect, unite, compare
 *
 * A cube is a conjunction: one set of values per dimension. Everything in it is immutable and lives in the maker's arena, so
 * cubes are copied freely. Each operation may make a cube larger (weaker), never smaller than what it stands for.
 */
#include "base/map.h"
#include "base/mem.h"
#include "detect/demand.h"

enum demand_dim {
	DEMAND_TYPES, DEMAND_KINDS, DEMAND_RESULTS, DEMAND_FD_TYPE, DEMAND_WHERE, DEMAND_COMM, DEMAND_UID, DEMAND_EXE, DEMAND_PATH,
	DEMAND_NAME, DEMAND_PART, DEMAND_NEEDLE, DEMAND_TEXT, DEMAND_REMOTE_PORT, DEMAND_LOCAL_PORT, DEMAND_REMOTE_NET,
	DEMAND_LOCAL_NET,
	DEMAND_DIMS,
	DEMAND_CONSTANT, DEMAND_UNKNOWN,   /* of fields: the same for all events of a group; not known to the kernel */
};

/* How one set is to another. */
enum demand_relation { DEMAND_EQUAL, DEMAND_INSIDE, DEMAND_AROUND, DEMAND_OTHER };

/* Numbers, or texts by their number in the maker's table. Sorted, unique. */
struct demand_set {
	const uint32_t *items;
	size_t n;
	bool is_set, none_of;
	bool or_none;                    /* or there is no value at all */
};

struct demand_nets {
	const struct sensor_filter_net *nets;
	size_t n;
	bool is_set, none_of, or_none;
};

/* A set of paths, or of last components (EXACT and SUFFIX only), or of components or texts in them (EXACT only). */
enum demand_place_kind { DEMAND_EXACT, DEMAND_IN, DEMAND_BELOW, DEMAND_PREFIX, DEMAND_SUFFIX };
struct demand_place { enum demand_place_kind kind; const char *text; size_t len; };
struct demand_places {
	const struct demand_place *places;
	size_t n;
	bool is_set;
};

enum { DEMAND_KIND_WORDS = FILTER_KINDS / 64, DEMAND_RESULT_WORDS = (FILTER_RESULTS + 63) / 64 };

struct demand_cube {
	struct model_event_set types;
	uint64_t kinds[DEMAND_KIND_WORDS], results[DEMAND_RESULT_WORDS];   /* all ones: no demand */
	uint8_t fd_types, wheres;        /* bits of what is known; that UNKNOWN always satisfies is the term's business */
	struct demand_set comm, uid, port[FILTER_ENDS];
	struct demand_nets net[FILTER_ENDS];
	struct demand_places exe, path, name, part, needle;   /* needle: in some component, also the last */
	uint8_t texts;                   /* enum filter_text: all of them */
	/* Of which text path, name, part and needle speak: a file may have several names, and what is asked of one does not hold for
	 * another. */
	enum demand_text { DEMAND_NO_TEXT, DEMAND_FILE_NAME, DEMAND_KERNEL_PATH } text;
};

enum {
	DEMAND_FILES = 1 << FILTER_FD_FILE | 1 << FILTER_FD_BLOCK | 1 << FILTER_FD_CHARACTER | 1 << FILTER_FD_PIPE,   /* to fd.type */
	DEMAND_ALL_FD_TYPES = (1 << FILTER_FD_UNKNOWN) - 1,
	DEMAND_IN_CONTAINER = 1 << FILTER_WHERE_CONTAINER | 1 << FILTER_WHERE_ELSEWHERE,
	DEMAND_ALL_WHERES = 1 << FILTER_WHERE_HOST | DEMAND_IN_CONTAINER,
};

/* Of sockets, a kind that no event has: the call was made on what is no socket. The filter lets such events pass if a term of their
 * type is left; so the demand must leave one. */
enum { DEMAND_NO_SOCKET = 16 };

/* A disjunction of cubes. */
enum { DEMAND_CUBES_MAX = 32 };
struct demand_list {
	struct demand_cube *cubes;
	size_t n, size;
};

/* Event types of one class in which fields mean the same. */
enum demand_role { DEMAND_ROLE_NONE, DEMAND_ROLE_CLIENT, DEMAND_ROLE_SERVER, DEMAND_ROLE_LISTENER };
struct demand_group {
	enum sensor_filter_class class;
	enum demand_role role;
	struct model_event_set types;
	uint64_t possible_kinds[DEMAND_KIND_WORDS];   /* the other bits stand for nothing */
};

struct demand_maker {
	struct arena arena;
	struct map text_ids;             /* text -> number + 1 */
	const char **texts;
	uint32_t n_texts, texts_size;
	struct map answers;              /* demand_eval.c */
	const struct demand_group *group;
	/* What became of the check looked at last. */
	bool is_exact, is_constant;
};

/* demand_set.c: of texts, numbers and addresses. Intersect: false when nothing is left. */
uint32_t demand_text_id(struct demand_maker *maker, const char *text, size_t len);
struct demand_set demand_set_new(struct demand_maker *maker, uint32_t *items, size_t n, bool none_of, bool or_none);
bool demand_set_intersect(struct demand_maker *maker, struct demand_set *a, const struct demand_set *b);
enum demand_relation demand_set_compare(const struct demand_set *a, const struct demand_set *b);
void demand_set_unite(struct demand_maker *maker, struct demand_set *a, const struct demand_set *b);
bool demand_nets_intersect(struct demand_maker *maker, struct demand_nets *a, const struct demand_nets *b);
enum demand_relation demand_nets_compare(const struct demand_nets *a, const struct demand_nets *b);
void demand_nets_unite(struct demand_maker *maker, struct demand_nets *a, const struct demand_nets *b);

/* demand_place.c */
bool demand_places_intersect(struct demand_maker *maker, struct demand_places *a, const struct demand_places *b);
/* Of sets of which only one can be asked: keeps the smaller. */
void demand_parts_intersect(struct demand_places *a, const struct demand_places *b);
enum demand_relation demand_places_compare(const struct demand_places *a, const struct demand_places *b);
void demand_places_unite(struct demand_maker *maker, struct demand_places *a, const struct demand_places *b);
/* Room for n places, none in it yet; the set is still the caller's alone while it adds. */
struct demand_places demand_places_reserve(struct demand_maker *maker, size_t n);
void demand_places_add(struct demand_maker *maker, struct demand_places *set, enum demand_place_kind kind, const char *text, size_t len);

/* demand_cube.c */
struct demand_cube demand_cube_all(const struct demand_group *group);
bool demand_cube_is_free(const struct demand_cube *cube, enum demand_dim dim);
bool demand_cube_is_all(const struct demand_cube *cube, const struct demand_group *group);
/* What is in both; false when nothing can be. */
bool demand_cube_intersect(struct demand_maker *maker, struct demand_cube *a, const struct demand_cube *b);
void demand_list_add(struct demand_maker *maker, struct demand_list *list, const struct demand_cube *cube);
void demand_list_product(struct demand_maker *maker, struct demand_list *a, const struct demand_list *b);
void demand_list_done(struct demand_list *list);
/* All possible bits set: no demand. */
void demand_fill_up(uint64_t *words, size_t n, const uint64_t *possible);
extern const uint64_t demand_possible_results[DEMAND_RESULT_WORDS];

/* demand_check.c: cubes of one check, or of its negation. */
void demand_check(struct demand_maker *maker, const struct lang_node *check, bool negated, struct demand_list *out);
/* Adds a cube that demands nothing: the kernel cannot tell. */
void demand_undecided(struct demand_maker *maker, struct demand_list *out);

/* demand_path.c, demand_net.c: of checks on files' names and on addresses. False: not theirs. */
bool demand_check_path(struct demand_maker *maker, const struct lang_node *check, bool negated, struct demand_list *out);
bool demand_check_net(struct demand_maker *maker, const struct lang_node *check, bool negated, struct demand_list *out);

/*
 * demand_eval.c: the check itself asked, by the language, of a record that knows only what a point says; everything else is
 * unknown. So operators, quantifiers and transformers mean what they mean.
 */
enum demand_answer { DEMAND_FALSE, DEMAND_TRUE, DEMAND_MAYBE };
struct demand_point {
	enum model_event_type type;
	enum demand_dim dim;             /* what is known beside the constants of the group */
	uint64_t flags;                  /* KINDS of opens, as the kernel has them */
	bool created;
	int64_t ret;
	const char *fd_type, *fd_char, *sockfamily, *family, *l4proto;   /* NULL: unset */
	bool is_host;
	const char *text;                /* the field's value when dim is a text, number or end */
	uint64_t number;
	bool is_bool;                    /* evt.is_open_exec */
	bool has_mode;                   /* fd.mode is `number` */
	char flags_text[512], flags_raw[32];
};
struct demand_asker;
struct demand_asker *demand_asker_new(struct demand_maker *maker, const struct lang_node *check);
struct demand_asker *demand_asker_free(struct demand_asker *asker);
enum demand_answer demand_ask(struct demand_asker *asker, struct demand_point *point);
/* Which dimension decides a field in the maker's group. */
enum demand_dim demand_field_dim(const struct demand_maker *maker, const struct model_field_ref *field);

/* demand_fold.c: whether the condition cannot tell repeats of an open apart, as the kernel folds them (sensor/bpf/fold.bpf.h). */
bool demand_is_foldable(const struct lang_node *tree);

/* Literals of a check: those of its list, or the name that stayed one. */
size_t demand_literals(const struct lang_node *check, const struct lang_text **ret, struct lang_text *ret_name);
/* Whether the check compares a plain field with literals, whole: =, !=, in and their quantifiers. */
bool demand_is_comparison(const struct lang_node *check);
bool demand_parse_number(const struct lang_text *text, uint64_t *ret);
/* The values for which a comparison (or its negation) holds; false when it is none. Empty and positive: for none. */
bool demand_ask_values(struct demand_maker *maker, const struct lang_node *check, enum demand_dim dim, bool negated, struct demand_set *ret);

#endif
