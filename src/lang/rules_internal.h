/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_LANG_RULES_INTERNAL_H
#define PARKA_LANG_RULES_INTERNAL_H
/*
 * Inside of rule files. Four steps, a file or two each:
 *
 *   collect    YAML items become lists, macros, rules; overrides and appends are applied
 *   expand     a condition's pieces, exceptions and lists become one text (struct rules_text)
 *   resolve    the text is parsed and macros are put in place as trees
 *   compile    types, event types, outputs, the program
 *
 * Places: every byte of a struct rules_text has a spot, (origin, offset). An origin is a scalar in
 * a file; so whatever a parser says about an offset can be shown where a person wrote it.
 */
#include "base/map.h"
#include "base/yaml.h"
#include "lang/rules.h"
#include "lang/rules_limits.h"

/* A scalar that somebody wrote. node NULL: the file is plain text. */
struct rules_origin {
	const struct yaml_file *file;
	const struct yaml_node *node;
	const char *list;                    /* an item of this list; NULL */
};

struct rules_spot { uint32_t origin, offset; };

/* The bytes from `at` on, up to the next run, were written at `first`: one after the other, or all of them at that one spot. */
struct rules_run { uint32_t at; struct rules_spot first; bool counts_on; };

/* Text that knows where each byte was written. Heap-owned while it is being built. */
struct rules_text {
	char *text;
	struct rules_run *runs;              /* ascending */
	size_t len, size, n_runs, runs_size;
	bool too_long;
	const char *item;                    /* "rule 'x'", "macro 'y'" */
	const char *macro;                   /* name, when it is a macro's */
};

struct rules_piece { const char *text; size_t len; uint32_t origin, offset; };

struct rules_pieces { struct rules_piece *at; size_t n, size; };

struct rules_list {
	const char *name;
	uint32_t origin;                     /* of its name */
	uint32_t index, visibility;
	struct rules_pieces items, flat;     /* as written; lists in it put in place */
	size_t order;                        /* position in rules->lists */
	bool odd;                            /* its name holds delimiters: no token can be it */
	bool used, broken;
};

enum rules_state { RULES_NEW, RULES_PARSED, RULES_BROKEN, RULES_UNKNOWN_FIELD };

struct rules_macro {
	const char *name;
	uint32_t origin;
	uint32_t index, visibility;
	struct rules_pieces condition;
	bool used, broken;
	enum rules_state state;
	bool resolved;
	uint32_t text;                       /* in rules->texts */
	struct lang_node *tree;
	uint64_t weight;                     /* nodes of the resolved tree, shared ones counted each time */
	uint32_t height;
	const char *unknown;                 /* UNKNOWN_FIELD: the message, and where in unknown_in's text */
	uint32_t unknown_offset;
	const struct rules_macro *unknown_in;
};

struct rules_entry {                         /* of an exception: a scalar or a list */
	bool is_set, is_list;
	struct rules_piece piece;
	struct rules_entry *items;
	size_t n;
};

struct rules_exception {
	const char *name;
	uint32_t origin;
	struct rules_entry fields, comps;
	struct rules_entry *values;
	size_t n_values;
	struct rules_exception *next;
};

struct rules_rule {
	struct lang_rule pub;                /* first: lang_rules_at() hands it out */
	uint32_t origin;
	uint32_t index;
	struct rules_pieces condition, output, desc;
	struct rules_exception *exceptions;
	const char **tags;
	bool warn_evttypes, skip_if_unknown_filter, unknown_source, needs_plugin;
	bool changed;                        /* pub's texts are to be joined again */
	uint32_t text;
	struct lang_node *tree;
	struct lang_format *format;
};

struct rules_lists { struct rules_list **at; size_t n, size; struct map by_name; };
struct rules_macros { struct rules_macro **at; size_t n, size; struct map by_name; };

struct lang_rules {
	struct arena arena;
	struct rules_origin *origins;
	size_t n_origins, origins_size;
	struct rules_lists lists;
	struct rules_macros macros;
	struct rules_rule **rules;
	size_t n_rules, rules_size;
	struct map rule_by_name;
	uint32_t next_index;
	struct rules_text *texts;
	size_t n_texts, texts_size;
	struct lang_diag *diags;
	size_t n_diags, diags_size, n_errors, n_warnings;
	struct map diag_seen;
	struct map plugins_missing;
	struct lang_program *program;
	struct lang_formats *formats;        /* of all outputs */
	struct rules_rule **by_program;
	size_t n_program;
	size_t n_files, n_odd_lists, n_suggestions;
	uint64_t expanded_bytes;             /* gone through so far, for RULES_EXPAND_BYTES_MAX */
	bool compiled, settled, out_of_memory;
	struct lang_rules_counts counts;     /* when settled; */
	const char **paths;                  /* what lang_rules_paths() would say, in the arena */
	size_t n_paths;

	/* while a file is read */
	const struct yaml_file *file;
	bool file_needs_plugin;
	const char *item;                    /* "rule 'x'" */
};

/* ---- rules_diag.c ---- */
/* Add a problem at a byte of a scalar. len 0: underline the token there. Returns -EBADMSG for errors, 0
 * for warnings. */
int rules_diag_at(struct lang_rules *rules, enum lang_diag_level level, const char *code, const char *item,
		  uint32_t origin, size_t offset, size_t len, const char *format, ...) __attribute__((format(printf, 8, 9)));
/* At a node of the file being read. */
int rules_diag_node(struct lang_rules *rules, enum lang_diag_level level, const char *code,
		    const struct yaml_node *node, const char *format, ...) __attribute__((format(printf, 5, 6)));
/* At a byte of an expanded text. `used_in` (NULL: nobody) is told when the text is a macro's. */
int rules_diag_text(struct lang_rules *rules, enum lang_diag_level level, const char *code, uint32_t text,
		    size_t offset, size_t len, const char *used_in, const char *format, ...) __attribute__((format(printf, 8, 9)));
int rules_diag_file(struct lang_rules *rules, const char *code, const char *file, unsigned line, unsigned column,
		    const struct yaml_file *text, const char *message);
void rules_diags_sort(struct lang_rules *rules);
/* "; did you mean 'x'?" or "", for messages. Lives in the set's arena. */
const char *rules_did_you_mean(struct lang_rules *rules, const char *word, const char *const *known);
const char *rules_did_you_mean_in(struct lang_rules *rules, const char *word, const char *kind);   /* "list", "macro", "rule" */

/* ---- rules.c ---- */
void rules_done(struct lang_rules *rules);   /* everything it holds, not the structure */
uint32_t rules_origin_add(struct lang_rules *rules, const struct yaml_file *file, const struct yaml_node *node, const char *list);
/* Zeroed memory of the set. Past RULES_MEMORY_MAX the set is marked (out_of_memory, load and compile
 * fail) and the memory comes from beyond the limit: never NULL. */
void *rules_alloc(struct lang_rules *rules, size_t size);
const char *rules_strndup(struct lang_rules *rules, const char *text, size_t len);
const char *rules_printf(struct lang_rules *rules, const char *format, ...) __attribute__((format(printf, 2, 3)));
void rules_pieces_add(struct lang_rules *rules, struct rules_pieces *pieces, struct rules_piece piece);

/* ---- rules_collect.c, rules_collect_rule.c, rules_versions.c ---- */
int rules_collect_file(struct lang_rules *rules, const struct yaml_file *file);
int rules_collect_rule(struct lang_rules *rules, const struct yaml_node *item, const struct rules_piece *name);
void rules_rules_refresh(struct lang_rules *rules);   /* join the texts of changed rules */
int rules_collect_engine_version(struct lang_rules *rules, const struct yaml_node *item);
int rules_collect_plugin_versions(struct lang_rules *rules, const struct yaml_node *item);

enum rules_presence { RULES_REQUIRED, RULES_OPTIONAL };
/* A scalar value of a key as a piece. 1 there, 0 not there (optional), -EBADMSG with the problem noted. */
int rules_read_text(struct lang_rules *rules, const struct yaml_node *item, const char *key,
		    enum rules_presence presence, struct rules_piece *ret_piece);
int rules_read_bool(struct lang_rules *rules, const struct yaml_node *item, const char *key,
		    enum rules_presence presence, bool *ret);
/* An error of code LOAD_ERR_YAML_VALIDATE at a node. Returns -EBADMSG. */
int rules_invalid(struct lang_rules *rules, const struct yaml_node *at, const char *message);
/* Tells of keys that are not in `known` (NULL-terminated, at most 32), and of those given twice. */
void rules_check_keys(struct lang_rules *rules, const struct yaml_node *item, const char *const *known, const char *what);
/* The `override` mapping: which keys are appended to, which replaced (bits by position in `keys`). */
struct rules_override_key { const char *key; bool can_append, can_replace; };
int rules_read_overrides(struct lang_rules *rules, const struct yaml_node *item, const struct rules_override_key *keys,
			 size_t n_keys, uint32_t *ret_append, uint32_t *ret_replace);
const char *rules_item_name(struct lang_rules *rules, const char *kind, const char *name);

/* ---- rules_exceptions.c ---- */
int rules_read_exceptions(struct lang_rules *rules, const struct yaml_node *item, bool append,
			  struct rules_exception **ret_first);
int rules_exceptions_define(struct lang_rules *rules, const struct rules_rule *rule, struct rules_exception *first);
int rules_exceptions_append(struct lang_rules *rules, struct rules_rule *rule, struct rules_exception *more);
int rules_exceptions_text(struct lang_rules *rules, const struct rules_rule *rule, struct rules_text *text);

/* ---- rules_expand.c ---- */
void rules_text_init(struct rules_text *text);
void rules_text_done(struct rules_text *text);
void rules_text_add(struct rules_text *text, const char *bytes, size_t len, struct rules_spot spot);   /* spots count on */
void rules_text_put(struct rules_text *text, const char *bytes, struct rules_spot spot);   /* all at one spot */
/* Falco's quoting of an item: in double quotes when it holds a blank and does not begin with a quote. */
void rules_text_quoted(struct rules_text *text, const struct rules_piece *piece);
void rules_text_pieces(struct rules_text *text, const struct rules_pieces *pieces);
void rules_text_cut(struct rules_text *text, size_t at, size_t len);                       /* these bytes go */
struct rules_spot rules_text_spot(const struct rules_text *text, size_t at);               /* at < len */
void rules_flatten_lists(struct lang_rules *rules);
/* Put every list in place, in order. */
void rules_expand_lists(struct lang_rules *rules, struct rules_text *text);
/* Keep the text in the set; returns its number. */
uint32_t rules_text_keep(struct lang_rules *rules, struct rules_text *text, const char *item, const char *macro);

/* ---- rules_resolve.c ---- */
enum { RULES_SEE_ALL = UINT32_MAX };
/* lang_parse() with problems noted. 0, -ENOENT for an unknown field (not noted; message and offset in
 * *ret_unknown), -EBADMSG. */
int rules_parse(struct lang_rules *rules, uint32_t text, struct lang_node **ret_node, const char **ret_unknown,
		uint32_t *ret_offset);
void rules_resolve_macros(struct lang_rules *rules);
/* Macros of `node` put in place. `who` is told in problems ("rule 'x'"). 0; -EBADMSG with the problem noted, here or
 * with a macro used; -ENOENT when a macro with an unknown field is used: then *ret_macro is the one it is in. */
int rules_resolve(struct lang_rules *rules, struct lang_node *node, uint32_t visibility, const char *who,
		  struct lang_node **ret_node, const struct rules_macro **ret_macro);
/* Mark what a text that is not compiled (a skipped rule's) uses. */
void rules_mark_used(struct lang_rules *rules, const char *text, size_t len);
/* Where in a text an error of lang_parse() is. */
size_t rules_error_offset(const struct rules_text *text, const struct err *err);

#endif
