/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_POSTURE_COMPOSE_COMPOSE_H
#define PARKA_POSTURE_COMPOSE_COMPOSE_H
/*
 * Compose files to records (compose-spec/compose-spec): a `compose` for the file, a `compose.service` for each service, with the same
 * container.* fields as running containers and those of Kubernetes have.
 *
 *     anchors, merge keys, x-* extensions     as YAML has them; what begins with x- is nobody's
 *     extends: { service: base }              of the same file; lists are joined, the rest is the service's first
 *     ${NAME}, ${NAME:-default}, $NAME        the default where there is one; else the value is unknown: it is the environment's
 *
 * Comments `parka: ignore=ID reason` hold for the service that they stand in. Thread: one.
 */
#include "posture/lint.h"

enum { COMPOSE_EXTENDS_MAX = 8, COMPOSE_SERVICES_MAX = 10 * 1000, COMPOSE_COMMENTS_MAX = 200 };

extern const struct posture_reader compose_reader;

/* ---- for the files of this folder ---- */
struct yaml_node;
struct compose_service {
	struct posture_set *set;
	struct posture_record *record;
	const char *file, *name, *path;
	const struct yaml_node *nodes[COMPOSE_EXTENDS_MAX];   /* the service, then what it extends */
	size_t n_nodes;
};

/* The nearest value of a key (or path), with its path; NULL. */
const struct yaml_node *compose_get(const struct compose_service *service, const char *path);
/* A text with its variables replaced. *ret_unknown: what is missing, when something is. */
const char *compose_interpolate(struct posture_set *set, const char *text, const char **ret_unknown);
struct posture_place compose_place(const struct compose_service *service, const struct yaml_node *node, const char *path);

void compose_read_container(const struct compose_service *service);      /* container.c */
void compose_read_mounts(const struct compose_service *service);         /* mounts.c: volumes, ports, devices */

#endif
