/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_TESTS_CHECKS_DIR_H
#define PARKA_TESTS_CHECKS_DIR_H
/* The checks that ship: $CHECKS_DIR, else below the directory that tests are run from. */
#include <stdlib.h>

static inline const char *checks_dir(void)
{
	const char *dir = getenv("CHECKS_DIR");

	return dir ? dir : "content/checks";
}

#endif
