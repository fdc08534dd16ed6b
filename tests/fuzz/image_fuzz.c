/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as an archive of images, as one layer of one, and as a configuration: no crash, trees stay in order. */
#include "image/image.h"
#include "image/image_internal.h"
#include "base/file.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t wants(void *unused, const struct image_file *file)
{
	return file->size < 1000 ? 1000 : 10;
}

static const struct image_options options = { .wants = wants, .layer_files_max = 1000, .layer_bytes_max = 1 << 20, .names_bytes_max = 1 << 20 };

static int file_of(const uint8_t *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0 || fd_write_all(fd, data, size) < 0)
		abort();
	return fd;
}

static void check_order(const struct image *image)
{
	for (size_t i = 1; i < image->n_nodes; i++)
		if (image_path_compare(image->nodes[i - 1].file->path, image->nodes[i].file->path) >= 0)
			abort();
}

static void as_archive(const uint8_t *data, size_t size)
{
	struct image_source *source;

	if (image_source_open_fd(file_of(data, size), "fuzz", &options, &source, NULL) < 0)
		return;
	for (size_t i = 0; i < image_count(source) && i < 20; i++) {
		image_load(source, image_at(source, i));
		check_order(image_at(source, i));
		image_unload(source, image_at(source, i));
	}
	image_source_free(source);
}

/* Both halves are layers of one image. */
static void as_layers(const uint8_t *data, size_t size)
{
	struct image_source source = { .options = options, .root = -1, .blobs = { .fd = -1 } };
	struct image_slot slots[2] = { 0 }, *at[2] = { &slots[0], &slots[1] };
	struct image_own own = { .slots = at, .image = { .n_layers = 2 } };
	size_t half = size / 1024 * 512;
	int fd = file_of(data, size);

	for (int i = 0; i < 2; i++) {
		struct image_stream stream;
		struct err err = ERR_INIT;

		if (image_stream_open(&stream, fd, "fuzz", i ? half : 0, i ? size - half : half, 1 << 20, &err) < 0)
			continue;
		image_layer_from_tar(&source, &slots[i], &stream, &err);
		image_stream_close(&stream);
	}
	image_merge(&own);
	check_order(&own.image);
	free(own.nodes);
	for (int i = 0; i < 2; i++) {
		arena_done(&slots[i].arena);
		free(slots[i].files);
	}
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	as_archive(data, size);
	as_layers(data, size);
	return 0;
}
