/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_POSTURE_DOCKER_H
#define PARKA_POSTURE_DOCKER_H
/*
 * The Docker daemon: every dockerd that runs, told apart by its process, or the one that is configured when none runs.
 *
 *   settings.c   command line > daemon.json > environment > defaults (moby cmd/dockerd/config.go, daemon.go), each value with
 * its origin daemon.c     finding daemons; what follows from settings and process api.c        what only the API tells:
 * versions, what is in force, swarm, networks files.c      files, directories and sockets: owners, modes, whether the kernel's
 * audit watches them
 *
 * dockerd itself refuses a setting that is given twice, so which of flag and file wins is only a question of what to show. A
 * daemon in a mount namespace of its own (rootless, or in a container) has its files read below /proc/PID/root.
 *
 * Limits: below. Thread: one.
 */
#include "base/json.h"
#include "posture/audit.h"

enum {
	DOCKER_DAEMONS_MAX = 64,
	DOCKER_FILE_BYTES_MAX = 1 << 20,         /* daemon.json and other settings */
	DOCKER_LIST_MAX = 256,                   /* of one list setting */
	DOCKER_NETWORKS_MAX = 1024,
	DOCKER_SERVICES_MAX = 4096,
	DOCKER_CERTIFICATES_MAX = 1024,          /* below /etc/docker/certs.d */
};

extern const struct posture_collector posture_docker;

struct docker_daemon {
	struct posture_set *set;
	struct posture_record *record;
	unsigned pid;                            /* 0: does not run */
	const char *const *argv;
	size_t argc;
	const char *below;                       /* "" or "/proc/PID/root": where its files are */
	const char *config_file;                 /* without `below` */
	const char *api_socket;                  /* NULL: none that can be asked; with the set's root and `below` */
	json_t *config;                          /* daemon.json; NULL: none, or unreadable */
	const char *config_problem;              /* why it is unreadable; NULL */
	uint64_t user_id;
};

/* ---- settings.c ---- */
void docker_settings_read(struct docker_daemon *daemon);
/* The text, list or truth of a setting as it was merged; NULL, empty, false when unset or unknown. */
const char *docker_setting_text(const struct docker_daemon *daemon, enum model_field_id field);
bool docker_setting_bool(const struct docker_daemon *daemon, enum model_field_id field);
const struct model_value *docker_setting_list(const struct docker_daemon *daemon, enum model_field_id field, size_t *ret_n);
/* The word behind a flag on the command line ("--config-file"), NULL. `letter`: its short form, 0 for none. */
const char *docker_flag(const struct docker_daemon *daemon, const char *name, char letter, size_t which);

/* ---- api.c ---- */
void docker_api_read(struct docker_daemon *daemon);

/* ---- files.c ---- */
void docker_files_read(struct posture_set *set, const struct docker_daemon *daemons, size_t n);
/* Paths that a text of audit rules watches, behind the `n` that are there; the new count, at most `max`. */
size_t docker_audit_paths(struct posture_set *set, const char *text, const char **ret, size_t n, size_t max);
/* A record of the file when it is there: the one there was for the same path and role, else a new one. */
struct posture_record *runtime_file_record(struct posture_set *set, const char *path, const char *role);

#endif
