/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_IMAGE_INTERNAL_H
#define PARKA_IMAGE_INTERNAL_H
/* How images are read. Private to the room. */
#include "base/decompress.h"
#include "base/json.h"
#include "base/map.h"
#include "base/mem.h"
#include "image/image.h"

/* ---- bytes in a row: stream.c ---- */
enum { STREAM_BUFFER_BYTES = 256 * 1024 };

/* A part of a file or of another stream, decompressed when it is compressed. */
struct image_stream {
	int fd;                          /* borrowed; -1: parent */
	struct image_stream *parent;
	const char *name;                /* for messages */
	uint64_t offset, left;           /* of what is below: where in the file, and how many bytes still */
	struct decompress *decompress;   /* NULL: plain */
	unsigned char *in;               /* what was read from below */
	const unsigned char *in_at;
	size_t in_left;
	uint64_t taken;                  /* bytes that were read from below */
	uint64_t made, made_max;         /* bytes that were handed out, and how many may be */
};

/* Of bytes [offset, offset + size) of a file; of the next `size` bytes of another stream. made_max: how much may come out (-E2BIG past it). */
int image_stream_open(struct image_stream *s, int fd, const char *name, uint64_t offset, uint64_t size, uint64_t made_max, struct err *err);
int image_stream_open_in(struct image_stream *s, struct image_stream *parent, const char *name, uint64_t size, uint64_t made_max,
			 struct err *err);
void image_stream_close(struct image_stream *s);
/* Up to len bytes; 0 at the end. */
ssize_t image_stream_read(struct image_stream *s, void *bytes, size_t len, struct err *err);
/* Exactly len bytes: -EBADMSG when it ends before. */
int image_stream_read_all(struct image_stream *s, void *bytes, size_t len, struct err *err);
int image_stream_skip(struct image_stream *s, uint64_t len, struct err *err);

/* ---- tar: tar.c ---- */
struct tar_entry {
	char *path, *link;               /* as written; in the reader's memory until the next entry */
	char type;                       /* '0' file (also '\0', '7'), '1' hard link, '2' symbolic, '3' '4' '6' special, '5' directory */
	uint32_t mode, uid, gid;
	int64_t mtime;
	uint64_t size;                   /* of the file */
	uint64_t stored;                 /* bytes of it in the archive */
	uint64_t offset;                 /* of those, in the stream */
	bool is_sparse, has_caps;
};
struct tar_reader {
	struct image_stream *stream;
	uint64_t left, padding;          /* of the current entry */
	struct arena arena;
};
void tar_init(struct tar_reader *tar, struct image_stream *stream);
void tar_done(struct tar_reader *tar);
/* 1: an entry; 0: the end; -EBADMSG, -E2BIG. */
int tar_next(struct tar_reader *tar, struct tar_entry *entry, struct err *err);
/* Of the current entry's data. */
ssize_t tar_read(struct tar_reader *tar, void *bytes, size_t len, struct err *err);

/* ---- where blobs lie: blobs.c ---- */
struct image_blob {
	const char *name;                /* cleaned, without the first '/' */
	const char *link;                /* another name; NULL */
	uint64_t offset, size;           /* archives: of its bytes, as they come out of the archive */
	char *json;                      /* kept text; NULL */
};
struct image_blobs {
	int fd;                          /* of the archive, or the directory */
	const char *name;
	bool is_dir, is_compressed;
	uint64_t size;                   /* of the archive */
	struct image_blob **at;          /* archives */
	size_t n, n_size;
	struct map by_name;
	struct image_stream whole;       /* a compressed archive, as far as it was read (whole.made) */
	bool has_whole;
	size_t json_bytes;
};
/* Takes fd. Of an archive, the table of contents is made. */
int image_blobs_open(struct image_blobs *b, int fd, const char *name, struct arena *arena, struct err *err);
void image_blobs_close(struct image_blobs *b);
bool image_blobs_has(struct image_blobs *b, const char *name);
int image_blobs_json(struct image_blobs *b, const char *name, struct arena *arena, json_t **ret, struct err *err);
/* A blob's bytes, decompressed; the next call ends it. Close ret_stream, then *ret_fd (-1: none). */
int image_blobs_stream(struct image_blobs *b, const char *name, uint64_t made_max, struct image_stream *ret_stream, int *ret_fd,
		       struct err *err);
/* Where it lies in an archive: reading in this order is cheapest. 0 in directories. */
uint64_t image_blobs_offset(struct image_blobs *b, const char *name);

/* ---- layers ---- */
struct image_slot {                      /* a layer with what keeps it */
	struct image_layer layer;        /* first */
	struct arena arena;              /* of files */
	struct image_file *files;        /* the same as layer.files */
	char *reason;                    /* room for layer.problem, which may be that there is no more room */
	unsigned n_users;
	bool is_read;
};

struct image_own {                       /* an image with what keeps it */
	struct image image;              /* first */
	struct image_slot **slots;
	struct image_node *nodes;
	const char *first_problem;       /* without layers */
	bool is_loaded;
};

struct image_source {
	enum image_kind kind;
	struct image_options options;
	struct arena arena;
	struct image_blobs blobs;        /* archive, layout */
	int root;                        /* store */
	const char *name;
	struct image_own **images;
	size_t n_images, images_size;
	struct map slots;                /* by name */
	uint64_t cached_bytes;
	const char *problem;
};

/* files.c: collecting what a layer has. */
struct image_files {
	struct arena *arena;             /* of texts */
	struct image_file *at;
	size_t n, size;
	uint64_t max;
};
/* "a/./b/" to "/a/b" in the arena: 0; 1: the root itself; -EINVAL: leads outside; -E2BIG: too long, or no room. */
int image_path_clean(struct arena *arena, const char *path, char **ret_path, struct err *err);
/* A new file of a cleaned path (kept), whiteouts recognised by name. 1: ret_file; 0: passed over (what aufs leaves); -E2BIG. */
int image_files_add(struct image_files *files, char *path, struct image_file **ret_file, struct err *err);
/* Sorted, each path once, hard links resolved; the array is the slot's then. */
void image_files_settle(struct image_files *files, struct image_slot *slot);

void image_layer_from_tar(struct image_source *source, struct image_slot *slot, struct image_stream *stream, struct err *err);
void image_layer_from_dir(struct image_source *source, struct image_slot *slot, int fd, struct err *err);
void image_merge(struct image_own *own);

/* config.c */
int image_config_read(struct image_source *source, struct image *image, const json_t *config, const char *name, struct err *err);
struct image_texts image_texts_of(struct image_source *source, const json_t *list);
struct image_own *image_source_add(struct image_source *source, struct err *err);
struct image_slot *image_source_slot(struct image_source *source, const char *name);
/* manifest.c: what an archive or a layout says it holds. */
/* docker.c */
int image_store_read(struct image_source *source, struct err *err);
int image_manifests_read(struct image_source *source, struct err *err);

#endif
