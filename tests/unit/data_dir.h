/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_TESTS_DATA_DIR_H
#define PARKA_TESTS_DATA_DIR_H
/* Where tests find their data and the checks that ship: what meson says, else below the directory that they are run from. */
#include <stdlib.h>

static inline const char *data_dir(void)
{
	const char *dir = getenv("TEST_DATA");

	return dir ? dir : "tests/unit/data";
}

static inline const char *checks_dir(void)
{
	const char *dir = getenv("CHECKS_DIR");

	return dir ? dir : "content/checks";
}

#endif
