/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_IMAGE_LIMITS_H
#define PARKA_IMAGE_LIMITS_H
/* What the room refuses to swallow: what is past a limit makes the layer or the image partial, with the limit in the reason. Each has a test. */
#include <stdint.h>

enum {
	IMAGE_IMAGES_MAX = 10000,                      /* images of one source */
	IMAGE_LAYERS_MAX = 512,                        /* layers of one image (overlayfs takes 500, Docker 127) */
	IMAGE_STEPS_MAX = 2048,                        /* lines of history of one image */
	IMAGE_TEXTS_MAX = 10000,                       /* variables, labels, ports, tags of one image, of each kind */
	IMAGE_JSON_BYTES_MAX = 4 << 20,                /* one document: index, manifest, configuration */
	IMAGE_JSON_BYTES_ALL_MAX = 64 << 20,           /* documents of one archive that are kept while it is open */
	IMAGE_INDEX_DEPTH_MAX = 4,                     /* indexes in indexes */
	IMAGE_ARCHIVE_FILES_MAX = 100 * 1000,          /* files of an archive of images: manifests, layers */
	IMAGE_ARCHIVE_LINKS_MAX = 8,                   /* links from file to file within it */
	IMAGE_LAYER_FILES_MAX = 1000 * 1000,           /* files of one layer */
	IMAGE_FILES_MAX = 4 * 1000 * 1000,             /* files of all layers of one image */
	IMAGE_PATH_BYTES_MAX = 4096,                   /* a file's path, a link's target (PATH_MAX) */
	IMAGE_DEPTH_MAX = 256,                         /* directories in directories, of layers on disk */
	IMAGE_PAX_BYTES_MAX = 1 << 20,                 /* one extended header of a tar file */
	IMAGE_TAR_HEADERS_MAX = 64,                    /* extended headers before one file */
	IMAGE_SPARSE_BLOCKS_MAX = 4096,                /* header blocks of a sparse file's map */
	IMAGE_STORE_LAYERS_MAX = 100 * 1000,           /* layers in a daemon's store */
	IMAGE_INFLATE_RATIO_MAX = 250,                 /* out per byte in, past IMAGE_INFLATE_FREE_BYTES (an archive bomb) */
};
static const uint64_t IMAGE_INFLATE_FREE_BYTES = 256ULL << 20;
static const uint64_t IMAGE_LAYER_BYTES_MAX = 64ULL << 30;      /* what may come out of one compressed layer */
static const uint64_t IMAGE_NAMES_BYTES_MAX = 1ULL << 30;       /* names and kept contents of one layer in memory */
static const uint64_t IMAGE_CACHE_BYTES_MAX = 128ULL << 20;     /* layers that no image needs just now, kept for the next one */

#endif
