/* SPDX-License-Identifier: Apache-2.0 */
/* A hostile capture: read to its end, its events and facts given to the state. */
#include "sensor/capture.h"
#include "sensor/state.h"

#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sensor_state_options options = { .max_processes = 64 };
	struct sensor_state *state;
	struct capture_reader *reader;
	enum capture_kind kind;
	const void *bytes;
	size_t len;
	char path[64];
	int fd = memfd_create("capture", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		return 0;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (capture_open(path, &reader, NULL) == 0) {
		state = sensor_state_new(&options);
		while (capture_next(reader, &kind, &bytes, &len, NULL) > 0) {
			struct model_record *records[SENSOR_RECORDS_MAX];
			if (kind == CAPTURE_EVENT)
				sensor_state_apply(state, bytes, records);
			else if (kind == CAPTURE_SEED)
				sensor_state_seed(state, bytes);
			else
				sensor_state_adopt(state, kind, bytes, len, NULL);
		}
		sensor_state_free(state);
		capture_reader_close(reader);
	}
	close(fd);
	return 0;
}
