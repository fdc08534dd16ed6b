/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_POSTURE_DOCKERFILE_DOCKERFILE_H
#define PARKA_POSTURE_DOCKERFILE_DOCKERFILE_H
/*
 * The reader of Dockerfiles (`parka lint`):
 *
 *     parse.h --> shell.h --> outline.h --> records: dockerfile > dockerfile.stage > dockerfile.instruction > dockerfile.command
 *
 * Recognised by name (Dockerfile, Containerfile, Dockerfile.*, *.Dockerfile, letters of any case) and, where the name says nothing, by
 * content. Comments that waive checks, ours and the peers': pragma.c. What a project says in .hadolint.yaml: options.h.
 */
#include "posture/lint.h"

extern const struct posture_reader dockerfile_reader;

#endif
