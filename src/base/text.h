/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_BASE_TEXT_H
#define PARKA_BASE_TEXT_H
/*
 * Text on a terminal: what may be shown, and how many columns it takes.
 *
 * File names, arguments and labels are an attacker's text. Nothing of them may reach a terminal as a
 * control sequence: C0, DEL and C1 controls, bytes that are not UTF-8, and the characters that turn
 * or hide text (bidirectional overrides, zero-width ones, line separators; Unicode TR 36 and 9)
 * are shown as \xNN or \u{NNNN}.
 *
 * Widths follow the usual terminals: combining marks 0, East Asian wide and emoji 2, the rest 1.
 * Thread: any.
 */
#include "base/strbuf.h"

#include <stddef.h>
#include <stdint.h>

/* The code point at p (1..4 bytes in *ret_len), or UINT32_MAX with *ret_len 1 for a bad byte. len > 0. */
uint32_t text_decode(const char *p, size_t len, size_t *ret_len);
/* Columns of a code point that is shown as it is. */
unsigned text_rune_width(uint32_t rune);

/* Append `text` with everything that is not plain text escaped. */
void text_add_safe(struct strbuf *out, const char *text, size_t len);
/* Columns of text that text_add_safe() made. */
size_t text_width(const char *text, size_t len);
/* Append at most `columns` columns of safe text; when it is cut, the last column is "…". Returns the
 * columns used. */
size_t text_add_cut(struct strbuf *out, const char *text, size_t len, size_t columns);
/* The same, padded with blanks on the right to exactly `columns`. */
void text_add_padded(struct strbuf *out, const char *text, size_t len, size_t columns);

/* 1234567 as 1,234,567. */
void text_add_number(struct strbuf *out, uint64_t number);

#endif
