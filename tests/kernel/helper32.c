/* SPDX-License-Identifier: Apache-2.0 */
/* A 32-bit program for tests: waits a moment (the sensor looks at 32-bit calls from when it learns of the first
 * 32-bit program), then opens its argument; given a number of seconds, lives so long. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	if (argc > 2)
		sleep((unsigned)strtoul(argv[2], NULL, 10));
	usleep(500000);
	return argc > 1 && open(argv[1], O_RDONLY) >= 0 ? 0 : 1;
}
