/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_BASE_TOML_H
#define PARKA_BASE_TOML_H
/*
 * TOML 1.0 (toml.io/en/v1.0.0), for reading settings of container runtimes. A text becomes a tree of JSON values: tables are
 * objects, arrays arrays, integers and floats numbers, dates and times strings as they were written.
 *
 * What is no TOML is refused with line and column; a key that is given twice too, as the specification has it, apart from one
 * thing: which tables may be reopened is judged a little more leniently (a dotted key may add to a table of its own file).
 * Integers beyond 64 bits are refused. Texts hold no NUL; `text` is NUL-terminated at len.
 *
 * Not a library because what Debian has (toml11) is C++ that throws and recurses without a limit. Thread: any.
 */
#include "base/json.h"

enum {
	TOML_BYTES_MAX = 1 << 20,
	TOML_DEPTH_MAX = 32,         /* nesting: tables, arrays, inline tables together */
	TOML_VALUES_MAX = 100 * 1000,
};

/* *ret_json is an object; json_decref() it. -EBADMSG: no TOML; -E2BIG: past a limit. `input` names it in errors. */
int toml_parse(const char *text, size_t len, const char *input, json_t **ret_json, struct err *err);

#endif
