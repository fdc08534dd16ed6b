/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_POSTURE_IMAGES_H
#define PARKA_POSTURE_IMAGES_H
/*
 * Images to records (kinds image, image.step, image.file). `parka audit images` reads the store of the Docker daemons of this machine;
 * `parka lint` takes archives of docker save and OCI layouts.
 *
 * Secrets: looked for in every layer, also where a later one removed the file; by name and, for private keys, by how small files begin.
 * Not looked into for keys: what packages brought (/usr/lib, /usr/share, node_modules, ...), whose tests are full of them. The value of a secret is
 * never put into a record.
 */
#include "image/image.h"
#include "posture/audit.h"
#include "posture/lint.h"

enum {
	IMAGES_LIST_MAX = 100,                   /* of files in one field; what is more is counted in its last element */
	IMAGES_SECRETS_MAX = 1000,               /* image.file records of one image */
	IMAGES_ACCOUNTS_BYTES_MAX = 256 * 1024,  /* of /etc/passwd, group, shadow */
	IMAGES_SECRET_BYTES_MAX = 64 * 1024,     /* of a file that may hold a secret */
};

extern const struct posture_collector images_collector;
extern const struct posture_reader images_reader;

/* All images of a source but steps of builds, which the images built from them stand for; loaded and unloaded one by one. place: of the source. */
void images_records(struct posture_set *set, struct image_source *source, struct posture_place place);
/* What of contents that needs; for image_options.wants. */
size_t images_wants(void *data, const struct image_file *file);

/* ---- within the folder ---- */
/* secrets.c */
/* Whether a variable holds a secret: by the words of its name, or by what its value looks like. */
bool images_is_secret(const char *name, size_t name_len, const char *value, size_t value_len);
/* What a file holds that should not be in an image, or NULL. */
const char *images_secret_in(const struct image_file *file);
/* How much of a file that needs. */
size_t images_secret_wants(const struct image_file *file);

/* step.c */
struct images_step { const char *instruction, *text; const char **secrets; size_t n_secrets; };
struct images_step images_step(struct posture_set *set, const struct image_step *step);

/* tree.c: fields of the merged tree. */
void images_tree_fields(struct posture_record *r, const struct image *image);
/* The user id of a name in the image's /etc/passwd; -1: none. */
int64_t images_uid_of(const struct image *image, const char *name, size_t len);

#endif
