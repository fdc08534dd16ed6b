/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_LANG_CONDITION_INTERNAL_H
#define PARKA_LANG_CONDITION_INTERNAL_H
/* The reader of conditions: a cursor over the text, and the tokens it can take. Also read by
 * output formats, which name fields the same way. Not for other rooms. */
#include "lang/condition.h"
#include "lang/limits.h"

struct lang_reader {
	struct arena *arena;
	const char *text;
	size_t len, pos;
	uint32_t source;
	unsigned depth;
	struct err *err;
};

/* Fail at a byte offset: the error gets its line and column. Returns `code`. */
int lang_reader_fail(struct lang_reader *r, size_t offset, int code, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
int lang_reader_no_memory(struct lang_reader *r, size_t offset);

/* Tokens. The length of the token at the cursor, 0 when there is none; nothing is consumed. */
size_t lang_lex_identifier(const struct lang_reader *r);
size_t lang_lex_field_name(const struct lang_reader *r);   /* at least one dot */
size_t lang_lex_bare(const struct lang_reader *r);
size_t lang_lex_number(const struct lang_reader *r);       /* hexadecimal too */
bool lang_lex_blank(struct lang_reader *r);                /* consumes; true when there was any */
bool lang_lex_take(struct lang_reader *r, const char *word);   /* consumes the word when it is next */
/* A quoted string: 1 taken, 0 not at a quote, negative error. The text is unescaped. */
int lang_lex_quoted(struct lang_reader *r, struct lang_text *ret);
/* The transformer whose name and '(' are next, both consumed. */
bool lang_lex_transformer(struct lang_reader *r, enum lang_transformer *ret);
/* The operator at the cursor, consumed; negative error when there is none ("after" names what it follows). */
int lang_lex_operator(struct lang_reader *r, size_t left_offset, enum lang_op *ret);
/* `oneof`, `anyof`, `allof` before a parenthesis, consumed (not the parenthesis). */
enum lang_quantifier lang_lex_quantifier(struct lang_reader *r);

/* What is at the cursor, for messages: "'foo'" or "the end". Valid until the next call. */
const char *lang_lex_here(const struct lang_reader *r, char buffer[64]);

bool lang_op_takes_list(enum lang_op op);
const char *lang_transformer_name(enum lang_transformer transformer);
const char *lang_quantifier_name(enum lang_quantifier quantifier);

/* A field with its argument at the cursor (a field name must be there). */
int lang_read_field(struct lang_reader *r, struct model_field_ref *ret);
/* A field, or a transformer over fields, at the cursor; 0 when neither is there. */
int lang_read_value_expr(struct lang_reader *r, struct lang_value_expr **ret);

/* As text, the way it is parsed. */
void lang_value_expr_print(const struct lang_value_expr *expr, struct strbuf *out);
void lang_text_print(const char *text, size_t len, bool quoted, struct strbuf *out);

#endif
