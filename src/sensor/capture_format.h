/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_SENSOR_CAPTURE_FORMAT_H
#define PARKA_SENSOR_CAPTURE_FORMAT_H
/* Captures at rest: what writer and reader share. docs/capture-format.md says it for people. */
#include "sensor/capture.h"
#include "sensor/limits.h"

#include <stdint.h>

enum { CAPTURE_VERSION = 1, CAPTURE_LEVEL = 3 };
#define CAPTURE_MAGIC "parkacap"

/* At the start of the file; `header_len` bytes of JSON follow. */
struct capture_file_header {
	char magic[8];
	uint32_t version, header_len;
	uint64_t header_hash;                /* XXH3 of the JSON */
};

enum { CAPTURE_BLOCK_MAGIC = 0x6b6c6270 /* "pblk" */, CAPTURE_END_MAGIC = 0x646e6570 /* "pend" */ };
/* Before each compressed block; alone, as the end: then the lengths are 0 and the hash is that of nothing. */
struct capture_block_header {
	uint32_t magic, n_records;
	uint32_t packed_len, len;            /* zstd frame, and what is in it */
	uint64_t hash;                       /* XXH3 of the zstd frame, seeded with the offset of this header */
};

/* Before each record in a block; the record is padded to a multiple of 8. */
struct capture_record_header { uint32_t kind, len; };

_Static_assert(sizeof(struct capture_file_header) == 24, "no padding");
_Static_assert(sizeof(struct capture_block_header) == 24, "no padding");

#endif
