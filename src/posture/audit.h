/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_POSTURE_AUDIT_H
#define PARKA_POSTURE_AUDIT_H
/*
 * This machine to records: `parka audit`. Each collector looks at one part of it and makes records; none starts a
 * program, none changes anything, none reaches beyond this machine. What is not there makes no record; what is there but
 * cannot be read makes values unknown (posture_set_unknown) or, as a whole, a problem (posture_problem).
 *
 * Collectors read files below the set's root only through posture_open() and posture_read(), so that a directory can stand
 * for a machine (tests, a mounted disk). Thread: one.
 */
#include "posture/record.h"

struct posture_audit_options {
	bool probe_etcd;             /* try what etcd lets a stranger do: only on request */
};

struct posture_collector {
	const char *name;            /* "docker": what `parka audit docker` takes, beside names of layers */
	enum model_layer layer;
	const char *meaning;         /* "the Docker daemon: configuration, sockets, files" */
	void (*collect)(struct posture_set *set, const struct posture_audit_options *options);
};
extern const struct posture_collector *const posture_collectors[];   /* NULL-ended, in audit.c */

/* All collectors, or those whose name or layer is among `wanted` (-ENOENT: there is none of that name). */
int posture_audit(struct posture_set *set, const char *const *wanted, size_t n_wanted, const struct posture_audit_options *options,
		  struct err *err);

#endif
