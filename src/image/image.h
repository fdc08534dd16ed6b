/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_IMAGE_IMAGE_H
#define PARKA_IMAGE_IMAGE_H
/*
 * Container images where they lie: what they are made of, and every file in them. Nothing is unpacked, run, fetched or changed.
 *
 *     source ---- image (configuration, history, names)        from JSON only: cheap
 *       |           +- layers[0..n) --\
 *       |           +- nodes (merged)   \                       after image_load()
 *       +-- layer (files as they were put in, whiteouts) <--/   read once, shared by the images that have it
 *
 * Sources:
 *   IMAGE_FROM_ARCHIVE   a file of `docker save` (manifest.json) or an OCI layout as tar (index.json); plain, gzip or zstd
 *   IMAGE_FROM_LAYOUT    an OCI layout as a directory
 *   IMAGE_FROM_DOCKER    the Docker daemon's own store below its data-root: image/overlay2, overlay2
 *
 * A layer's files are in path order ('/' before every other byte, so that what is below a directory follows it), each path
 * once: where a layer has a path twice, the last one counts, as unpacking would have it. Paths begin with '/', have no empty component, no "."
 * and no "..". Names that would lead outside ("../x", NUL) are refused and make the layer partial. Links lead wherever they say;
 * nothing here follows them, except that a hard link has the size, mode and content of its target in the same layer.
 *
 * Merged files follow the OCI image specification (layer.md): ".wh.NAME" takes NAME of lower layers away, ".wh..wh..opq" all that lower
 * layers have in the directory, anything but a directory takes away what was below the path. A file below what lower layers have as a
 * link or file makes it a directory, as Docker's overlay2 driver unpacks it. In stores of overlay2, character devices 0:0 and the
 * attribute overlay.opaque say the same.
 *
 * Partial: an image or layer that could not be read whole (a limit, a broken archive, no permission) has `problem`, and what was read
 * up to there. What is not found in it is not known not to be there.
 *
 * Digests are as the source tells them. They are not verified: this room says what an image holds, not whose it is.
 *
 * Content: options.wants is asked of each regular file while its layer is read, whether and how much of its beginning to keep. It is the only
 * way to contents; a hard link has its target's if that was kept; a sparse file has none.
 *
 * Memory: a file costs about 100 bytes and its path. image_load() makes the image's layers and nodes, which live until
 * image_unload(); layers stay as long as an image needs them, and after it up to IMAGE_CACHE_BYTES_MAX. Everything else lives as long as the
 * source. Cost: plain archives and stores are read once, of archives without wants only the headers; compressed ones twice (table of contents,
 * layers) and more often where layers are not in the archive's order.
 *
 * Limits: limits.h. Who calls it: posture, the scanner. Thread: one.
 * Facts: OCI image specification 1.1 (layer.md, config.md, image-layout.md), moby image/spec/v1.2.md, moby daemon/graphdriver/overlay2.
 */
#include "base/err.h"
#include "image/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum image_kind { IMAGE_FROM_ARCHIVE, IMAGE_FROM_LAYOUT, IMAGE_FROM_DOCKER };
const char *image_kind_name(enum image_kind kind);   /* "archive", "layout", "docker" */

enum image_file_kind {
	IMAGE_FILE, IMAGE_DIR, IMAGE_SYMLINK, IMAGE_HARDLINK, IMAGE_SPECIAL /* devices, FIFOs, sockets */,
	IMAGE_WHITEOUT, IMAGE_OPAQUE,        /* only in layers: path is what they take away */
};

struct image_file {
	const char *path;                /* "/usr/bin/sudo" */
	const char *link;                /* SYMLINK: as written; HARDLINK: a path as above; else NULL */
	const char *content;             /* NUL-terminated; NULL: not kept */
	size_t content_len;              /* less than size: cut */
	uint64_t size;
	int64_t mtime;                   /* seconds since the epoch */
	uint32_t uid, gid;
	uint16_t mode;                   /* permissions, set-id and sticky bits: 07777 */
	uint8_t kind;                    /* enum image_file_kind */
	bool has_caps;                   /* file capabilities (security.capability) */
};

struct image_layer {
	const char *diff_id;             /* "sha256:..." of the plain tar; NULL: not told */
	const char *digest;              /* of the blob, where the source has blobs; NULL */
	const char *name;                /* where it lies in the source: "blobs/sha256/...", "overlay2/.../diff" */
	/* After image_load(): */
	const struct image_file *files;
	size_t n_files;
	uint64_t size;                   /* of its regular files */
	const char *problem;             /* partial: why; else NULL */
};

/* A file of the image as a container sees it. */
struct image_node {
	const struct image_file *file;
	uint32_t layer;                  /* index of the layer that it comes from */
};

struct image_step {
	const char *created_by, *comment, *created;   /* NULL: not told */
	int layer;                       /* the layer it made; -1: none */
};

struct image_pair { const char *name, *value; };
struct image_texts { const char *const *at; size_t n; };

struct image {
	const char *id;                  /* "sha256:..." of the configuration */
	const char *digest;              /* of the manifest; NULL: not told */
	struct image_texts tags;         /* "nginx:1.25", as the source names them */
	struct image_texts digests;      /* "nginx@sha256:..." */
	const char *created, *author, *os, *architecture;   /* NULL: not told; created: RFC 3339 */
	const char *user;                /* "" when not set */
	const char *workdir;
	const char *stop_signal;
	struct image_texts env;          /* "NAME=value" */
	struct image_texts cmd, entrypoint, ports /* "22/tcp" */, volumes, onbuild;
	struct image_texts healthcheck;  /* Test; n 0: none; "NONE" first: switched off */
	const struct image_pair *labels;
	size_t n_labels;
	const struct image_step *steps;  /* history, oldest first */
	size_t n_steps;
	struct image_layer *const *layers;              /* lowest first */
	size_t n_layers;
	bool is_intermediate;            /* Docker's store: a step of a build, without a name, that another image was built from */
	bool has_signature;              /* the layout holds a signature of it (cosign's sha256-DIGEST.sig, a referrer) */
	const char *problem;             /* partial: why (also the first layer's reason, after loading); else NULL */
	/* After image_load(): */
	const struct image_node *nodes;  /* merged, in path order */
	size_t n_nodes;
};

struct image_options {
	/* How many bytes from the beginning to keep; 0: none. file->content is not set yet. May be NULL. */
	size_t (*wants)(void *data, const struct image_file *file);
	void *data;
	/* 0: those of limits.h. Lower ones, for tests and for callers with less time. */
	uint64_t layer_files_max, layer_bytes_max, names_bytes_max;
};

struct image_source;

/* A file or a directory; it is recognised by content. -ENOENT, -EACCES, ...; -EINVAL: it holds no images, or is compressed in a way that is not
 * undone here (xz, bzip2); -EBADMSG: it is broken, with what was expected. options are copied. */
int image_source_open(const char *path, const struct image_options *options, struct image_source **ret_source, struct err *err);
/* The same from a descriptor of a regular file or a directory, which is taken (also on failure); `name` is for messages. */
int image_source_open_fd(int fd, const char *name, const struct image_options *options, struct image_source **ret_source, struct err *err);
/* Docker's store; fd: its data-root, taken. -ENOENT: there is no store; -EOPNOTSUPP: it is of a driver that is not read. */
int image_source_open_docker(int fd, const char *name, const struct image_options *options, struct image_source **ret_source,
			     struct err *err);
struct image_source *image_source_free(struct image_source *source);   /* NULL is fine; returns NULL */

/* Whether a file's beginning may be that of an archive of images: tar, or something compressed. 512 bytes are enough. */
bool image_may_be_archive(const void *head, size_t len);

enum image_kind image_source_kind(const struct image_source *source);
size_t image_count(const struct image_source *source);
const struct image *image_at(const struct image_source *source, size_t i);     /* in the source's order; stores: by id */
/* What of the source could not be read, apart from single images; NULL. */
const char *image_source_problem(const struct image_source *source);

/* Read its layers and merge them. What is broken is told in problem of layer and image; always succeeds otherwise. Twice is fine. */
void image_load(struct image_source *source, const struct image *image);
void image_unload(struct image_source *source, const struct image *image);

/* By path, after loading; NULL. Links on the way are not followed. O(log n). */
const struct image_node *image_find(const struct image *image, const char *path);
/* The same in one layer, whiteouts included. */
const struct image_file *image_layer_find(const struct image_layer *layer, const char *path);
/* The order of paths: like strcmp, '/' lowest. */
int image_path_compare(const char *a, const char *b);
/* The history line that made a layer; NULL: not told. */
const struct image_step *image_step_of(const struct image *image, uint32_t layer);

#endif
