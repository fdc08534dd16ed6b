/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_POSTURE_DOCKERFILE_OPTIONS_H
#define PARKA_POSTURE_DOCKERFILE_OPTIONS_H
/*
 * What a project says about its Dockerfiles: trusted registries and the labels that images have. Read from hadolint's
 * configuration (.hadolint.yaml, hadolint/hadolint README "Configure"), so that nobody writes it twice:
 *
 *     trustedRegistries: [docker.io, "*.example.com"]
 *     label-schema: { author: text, contact: email, created: rfc3339, version: semver }
 *     strict-labels: true
 *     ignored: [DL3008]
 */
#include "posture/lint.h"

enum dockerfile_label_type {
	DOCKERFILE_LABEL_TEXT, DOCKERFILE_LABEL_URL, DOCKERFILE_LABEL_RFC3339, DOCKERFILE_LABEL_SPDX, DOCKERFILE_LABEL_GIT_HASH,
	DOCKERFILE_LABEL_SEMVER, DOCKERFILE_LABEL_EMAIL, DOCKERFILE_LABEL_TYPE_MAX
};

enum { DOCKERFILE_OPTIONS_MAX = 1000 };   /* of each list */

struct dockerfile_label { const char *name; enum dockerfile_label_type type; };

struct dockerfile_options {
	const char *const *registries;       /* trusted; n 0: all */
	size_t n_registries;
	const struct dockerfile_label *labels;
	size_t n_labels;
	bool strict_labels;                  /* others are superfluous */
	const char *const *ignored;          /* checks that are waived everywhere */
	size_t n_ignored;
	const char *directory;               /* they hold for Dockerfiles in it and below; "" all */
};

/* Whether the value is of the type; DOCKERFILE_LABEL_TEXT always is. */
bool dockerfile_label_is_valid(enum dockerfile_label_type type, const char *value);
/* "text", "url", "rfc3339", "spdx", "hash", "semver", "email". */
enum dockerfile_label_type dockerfile_label_type_by_name(const char *name);   /* DOCKERFILE_LABEL_TYPE_MAX when it is none */

bool dockerfile_registry_is_trusted(const struct dockerfile_options *options, const char *registry);

/* Options of a set and file, or none (never NULL). */
const struct dockerfile_options *dockerfile_options_of(const struct posture_set *set, const char *path);
bool dockerfile_options_is_mine(const struct posture_file *file);
/* A configuration file: kept in the set; a problem when it does not parse. */
void dockerfile_options_read(struct posture_set *set, struct posture_file *file);

#endif
