/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_POSTURE_LINT_H
#define PARKA_POSTURE_LINT_H
/*
 * Files to records: `parka lint`. Paths are files, directories (walked, in name order) or "-" for standard input. Each
 * file is read once and offered to the readers in table order (lint.c); the first that recognises it by name or content
 * turns it into records. What nobody recognises is passed over in a directory, and a problem when it was named.
 *
 * What a linted tree may hold and what becomes of it: symbolic links are followed when named, not below directories;
 * FIFOs, sockets and devices are passed over; files past POSTURE_LINT_FILE_BYTES_MAX are problems where their name says that they
 * are of a kind (*.yaml, Dockerfile), and so are unreadable ones; what vanishes meanwhile and what is binary (a NUL byte) is
 * passed over. Directories named .git, node_modules, .terraform are not entered.
 *
 * Thread: one.
 */
#include "posture/record.h"

enum {
	POSTURE_LINT_FILE_BYTES_MAX = 8 << 20,
	POSTURE_LINT_FILES_MAX = 200 * 1000,
	POSTURE_LINT_DEPTH_MAX = 64,
};

struct yaml_file;
struct posture_file {
	const char *path;            /* as people see it; "-" is standard input */
	const char *name;            /* its last component */
	const char *text;            /* NUL-terminated, in the set's arena */
	size_t len;
	struct yaml_file *yaml;      /* parsed when a reader asks: posture_file_yaml() */
	struct err *yaml_err;        /* why it is none */
	bool was_named;              /* on the command line, not found in a directory */
};

/* The file as YAML (JSON is YAML too), parsed once; NULL when it is none: file->yaml_err says why. */
struct yaml_file *posture_file_yaml(struct posture_set *set, struct posture_file *file);

struct posture_reader {
	const char *name;            /* "dockerfile": --as takes it */
	const char *meaning;         /* "Dockerfiles and Containerfiles" */
	/* By name and content; cheap. May parse the file as YAML. */
	bool (*is_mine)(struct posture_set *set, struct posture_file *file);
	/* Make records. Errors in the file are problems of the set (posture_problem); what is good of it is kept. */
	void (*read)(struct posture_set *set, struct posture_file *file);
	/* After the last file: what needs several records (RBAC, coverage of network policies). May be NULL. */
	void (*finish)(struct posture_set *set);
	/* Asked first: what is no text to be read whole, files and directories: true when it took it. The descriptor stays the caller's. May be NULL. */
	bool (*open)(struct posture_set *set, const char *path, int fd, bool was_named);
};
extern const struct posture_reader *const posture_readers[];   /* NULL-ended, in lint.c */

struct posture_lint_options {
	const char *as;              /* name of the reader for all files that are named; NULL: recognise */
	bool are_found;              /* the paths were found, not named: files that nobody recognises are passed over */
};

/* -errno only for what makes the whole run pointless (unknown reader); everything else is a problem of the set. */
int posture_lint(struct posture_set *set, const char *const *paths, size_t n_paths, const struct posture_lint_options *options,
		 struct err *err);
/* One text, as if it were a file of that name: tests and standard input. */
void posture_lint_text(struct posture_set *set, const char *path, const char *text, size_t len, const char *as);
/* The readers' finish, once after all texts. posture_lint() does it. */
void posture_lint_finish(struct posture_set *set);

#endif
