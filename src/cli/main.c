/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <malloc.h>

int main(int argc, char **argv)
{
	/* Once something large was freed, glibc takes large things from the heap too and keeps them: the kernel's types, which
	 * are read at start only, would stay in memory for good. */
	mallopt(M_MMAP_THRESHOLD, 256 * 1024);
	return cli_main(argc, argv);
}
