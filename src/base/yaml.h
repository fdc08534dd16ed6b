/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_BASE_YAML_H
#define PARKA_BASE_YAML_H
/*
 * YAML: the seam to libyaml. A text becomes a tree of nodes in an arena, each with the place
 * where it was written, so that whoever finds fault with a value can point at it.
 *
 *     file -> docs[] -> mapping { pairs[] { key, value } } | sequence { items[] } | scalar { text }
 *
 * What a scalar means is the reader's business: nothing here turns `yes` into true or `0.57`
 * into a number; yaml_is_null(), yaml_bool() and yaml_int() read YAML's core schema (1.2,
 * chapter 10.3) when asked. An alias is the node it names, shared. A merge key (`<<`, plain) adds
 * the pairs of the mappings it names behind the mapping's own. When a key occurs twice the
 * first one counts, as yaml-cpp's operator[] (which Falco uses) has it, and a mapping's own
 * keys come before merged ones.
 *
 * Input is UTF-8 (a byte order mark is skipped). Lines and columns count from 1; columns count
 * characters, not bytes. Limits: the enum below; past one the parse fails with -E2BIG. Aliases
 * are counted as if they were written out (a "billion laughs" is refused), and an alias inside
 * what it names is an error.
 *
 * Thread: any; a tree is constant once it is there.
 */
#include "base/err.h"
#include "base/mem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	YAML_BYTES_MAX = 16 * 1024 * 1024,   /* of one text */
	YAML_DEPTH_MAX = 100,                /* nesting, through aliases too */
	YAML_NODES_MAX = 1000 * 1000,        /* in one text */
	YAML_WEIGHT_MAX = 4 * 1000 * 1000,   /* nodes of one document with aliases written out */
	YAML_ANCHORS_MAX = 10 * 1000,        /* names at one time in one document */
};

enum yaml_kind { YAML_SCALAR, YAML_SEQUENCE, YAML_MAPPING };
enum yaml_style { YAML_PLAIN, YAML_SINGLE_QUOTED, YAML_DOUBLE_QUOTED, YAML_LITERAL, YAML_FOLDED, YAML_BLOCK, YAML_FLOW };

struct yaml_node;
struct yaml_pair {
	struct yaml_node *key, *value;
	bool merged;                 /* came through a merge key */
};

struct yaml_node {
	enum yaml_kind kind;
	enum yaml_style style;
	const char *tag;             /* as written; NULL without */
	unsigned line, column;       /* where it begins (its tag or anchor, if it has one) */
	const char *text;            /* SCALAR: NUL-terminated; may hold NULs */
	size_t len;
	struct yaml_node **items;    /* SEQUENCE */
	struct yaml_pair *pairs;     /* MAPPING */
	size_t n;                    /* how many items or pairs */
	uint32_t weight, height;     /* nodes below and levels below, itself included */
};

struct yaml_file {
	const char *name;            /* as given */
	const char *text;
	size_t len;
	struct yaml_node **docs;     /* an empty document is a null scalar */
	size_t n_docs;
	const uint32_t *lines;       /* byte offset of each line's start */
	size_t n_lines;
};

/* Text, name and tree live in the arena (the text is copied). Errors carry input, line, column:
 * -EBADMSG not YAML, -E2BIG past a limit or the arena's. */
int yaml_parse(struct arena *arena, const char *text, size_t len, const char *input,
	       struct yaml_file **ret_file, struct err *err);

/* NULL when it is no mapping or has no such key. */
const struct yaml_pair *yaml_pair(const struct yaml_node *node, const char *key);
struct yaml_node *yaml_get(const struct yaml_node *node, const char *key);
bool yaml_is_null(const struct yaml_node *node);              /* plain: nothing, ~, null, Null, NULL */
const char *yaml_text(const struct yaml_node *node);          /* NULL unless a scalar; nulls are "" or their text */
bool yaml_is(const struct yaml_node *node, const char *text); /* a scalar with this text */

/* Core schema, plain scalars only. false: it is none, *ret is not written. */
bool yaml_bool(const struct yaml_node *node, bool *ret);      /* true True TRUE false False FALSE */
bool yaml_int(const struct yaml_node *node, int64_t *ret);    /* -1, +2, 0x1f, 0o17 */

/* Text that is no YAML, with lines to point into: a file without documents. */
int yaml_plain_file(struct arena *arena, const char *text, size_t len, const char *input,
		    struct yaml_file **ret_file, struct err *err);

/* Where byte `offset` of a scalar's text was written: follows block scalars, folded lines and
 * escapes back into the file. With scalar NULL the offset counts in the file itself. Linear in the
 * scalar's length. */
void yaml_place(const struct yaml_file *file, const struct yaml_node *scalar, size_t offset,
		unsigned *ret_line, unsigned *ret_column);
/* A line of the file without its line break; "" past the end. Not NUL-terminated. */
const char *yaml_line(const struct yaml_file *file, unsigned line, size_t *ret_len);

#endif
