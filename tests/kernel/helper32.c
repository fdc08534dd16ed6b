/* SPDX-License-Identifier: Apache-2.0 */
/* A 32-bit program for tests: waits a moment (the sensor looks at 32-bit calls from when it learns of the first
 * 32-bit program), then opens its argument. */
#include <fcntl.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	usleep(500000);
	return argc > 1 && open(argv[1], O_RDONLY) >= 0 ? 0 : 1;
}
