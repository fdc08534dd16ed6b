/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_LANG_RULES_LIMITS_H
#define PARKA_LANG_RULES_LIMITS_H
/* What rule files may cost. Far above any real rule set; a test for each. */

enum {
	RULES_FILE_BYTES_MAX = 16 * 1024 * 1024,    /* one file */
	RULES_MEMORY_MAX = 512 * 1024 * 1024,       /* everything read, in one rule set */
	RULES_FILES_MAX = 10 * 1000,                /* files in one rule set */
	RULES_ITEMS_MAX = 100 * 1000,               /* rules, macros and lists together */
	RULES_PATHS_MAX = 4096,                        /* of files that rules name, in a settled set */
	RULES_TEXT_MAX = 4 * 1024 * 1024,              /* one condition, lists expanded */
	RULES_NODES_MAX = 200 * 1000,               /* checks and operators of one condition, macros put in place */
	RULES_DIAGS_MAX = 10 * 1000,                /* problems kept; later ones are only counted */
	RULES_SNIPPET_MAX = 4096,                   /* bytes of a source line kept to show */
	RULES_LIST_ITEMS_MAX = 2 * 1000 * 1000,     /* items of all lists, lists in lists put in place */
	RULES_EXPAND_BYTES_MAX = 512 * 1024 * 1024, /* text gone through to put lists in place, in one rule set */
	RULES_EXCEPTIONS_MAX = 5000,                /* exceptions of one rule */
	RULES_TAGS_MAX = 1000,                      /* tags of one rule */
	RULES_SUGGESTIONS_MAX = 1000,               /* "did you mean" in one rule set: each looks at all names */
	RULES_NAME_MAX = 1000,                      /* bytes in the name of a rule, macro or list */
};

#endif
