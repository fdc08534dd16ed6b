/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_LANG_TYPES_H
#define PARKA_LANG_TYPES_H
/* The types of value expressions, and literals read as a type. Inside lang/ only. */
#include "lang/condition.h"

/* How many values an expression has, and what a check on many means. */
enum lang_many {
	LANG_ONE,            /* one value */
	LANG_LIST,           /* a list: `in` = all of them, `intersects` = one of them */
	LANG_ANCESTORS,      /* true if any matches */
	LANG_BOTH_ENDS,      /* true if either matches, but `!=` only if both do */
};

struct lang_type {
	enum model_type type;
	enum lang_many many;
};

/* Where checking failed; the first failure wins. */
struct lang_fault {
	uint32_t offset, source;
	struct err *err;
};

int lang_fault_set(struct lang_fault *fault, uint32_t offset, int code, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

int lang_expr_type(const struct lang_value_expr *expr, struct lang_type *ret, struct lang_fault *fault);

/* A literal as a value of a type. NET: `ip` is the network, masked, with prefix_len. */
struct lang_literal {
	union {
		uint64_t u64;
		int64_t i64;
	};
	struct model_ip ip;
	unsigned prefix_len;
};

/* Numbers, BOOL, IP, NET; texts and bytes are their own value. The message has no place. */
int lang_literal_parse(enum model_type type, const char *text, size_t len, struct lang_literal *ret, struct err *err);
/* Two hexadecimal digits per byte, at least one byte. */
bool lang_hex_is(const char *text, size_t len);
/* Such a text to its len / 2 bytes, in the arena. NULL only when that is full. */
char *lang_hex_parse(struct arena *arena, const char *text, size_t len);

/* Whether the operator exists for a type. */
bool lang_op_allowed(enum lang_op op, struct lang_type type);

/* Check one node of kind CHECK. */
int lang_check_node(const struct lang_node *node, struct lang_fault *fault);

#endif
