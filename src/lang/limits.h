/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_LANG_LIMITS_H
#define PARKA_LANG_LIMITS_H
/* What the language refuses to swallow. Each has a test. */

enum {
	LANG_CONDITION_BYTES_MAX = 16 * 1024 * 1024,   /* one condition, lists expanded */
	LANG_DEPTH_MAX = 1000,                         /* nesting in one text (Falco's own limit) */
	LANG_TREE_DEPTH_MAX = 2000,                    /* nesting of a tree after macros are in place */
	LANG_VALUES_MAX = 1024 * 1024,                 /* elements of one list */
	LANG_CHILDREN_MAX = 1024 * 1024,               /* operands of one and/or */
	LANG_ARGS_MAX = 1024,                          /* arguments of one transformer */
	LANG_FIELD_ARG_MAX = 4096,                     /* bytes of a field's argument */
	LANG_PATH_COMPONENTS_MAX = 2048,               /* of one path of pmatch */
	LANG_REGEX_BYTES_MAX = 64 * 1024,              /* one regular expression, as written */
	LANG_REGEX_MEMORY_MAX = 8 * 1024 * 1024,       /* one compiled regular expression */
	LANG_LITERALS_MEMORY_MAX = 32 * 1024 * 1024,   /* one automaton of many literals */
	LANG_CONDITIONS_MAX = 256 * 1024,              /* conditions of one program */
	LANG_PREDICATES_MAX = 1024 * 1024,             /* different checks of one program */
	LANG_CODE_MAX = 16 * 1024 * 1024,              /* instructions of one program */
	LANG_PROGRAM_BYTES_MAX = 1024 * 1024 * 1024,   /* what one program keeps */
	LANG_SCRATCH_BYTES_MAX = 64 * 1024 * 1024,     /* what judging one record may take */
	LANG_TRANSFORM_BYTES_MAX = 1024 * 1024,        /* a text that a transformer makes */
	LANG_FORMAT_BYTES_MAX = 64 * 1024,             /* an output format */
	LANG_FORMAT_WIDTH_MAX = 4096,                  /* %N of one */
};

#endif
