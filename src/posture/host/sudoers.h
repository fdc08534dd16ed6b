/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_POSTURE_HOST_SUDOERS_H
#define PARKA_POSTURE_HOST_SUDOERS_H
/*
 * sudoers(5): aliases, Defaults, user specifications with runas, options and tags; @include and @includedir (also #include).
 * What is kept is what was written; sudoers_resolve() replaces aliases by what they stand for.
 */
#include "posture/host/host.h"

enum sudoers_list { SUDOERS_USERS, SUDOERS_RUNAS, SUDOERS_HOSTS, SUDOERS_COMMANDS, SUDOERS_LIST_MAX };

struct sudoers_alias {
	struct sudoers_alias *next;
	enum sudoers_list of;
	const char *name;
	struct host_list_of_texts members;
	struct posture_place place;
};

struct sudoers_default {
	struct sudoers_default *next;
	char scope;                          /* '\0' everybody, '@' hosts, ':' users, '>' runas, '!' commands */
	const char *who;                     /* of the scope, as written */
	const char *name, *value;            /* value NULL: a flag */
	char op;                             /* '=', '+', '-', '!' (off), '\0' (on) */
	struct posture_place place;
};

/* Commands of a user specification that are run alike. */
struct sudoers_grant {
	struct sudoers_grant *next;
	struct host_list_of_texts users, hosts, run_as, run_as_groups, commands;
	bool has_run_as;                     /* (...) was written */
	int8_t asks_password;                /* 1 PASSWD, -1 NOPASSWD, 0 unsaid */
	bool sets_environment;
	struct posture_place place;
};

struct sudoers {
	struct posture_set *set;
	struct sudoers_alias *aliases, *last_alias;
	struct sudoers_default *defaults, *last_default;
	struct sudoers_grant *grants, *last_grant;
	struct host_list_of_texts files;     /* that were read */
	unsigned n_lines;
};

/* Problems go to the set. 0, or -ENOENT (there is none), or -EACCES with *ret_why. */
int sudoers_read(struct sudoers *sudoers, const char *path, const char **ret_why);
/* The same of a text, which is cut up. */
void sudoers_parse(struct sudoers *sudoers, const char *file, char *text);

/* Aliases replaced, to any depth; what a ! takes away keeps it. */
void sudoers_resolve(const struct sudoers *sudoers, enum sudoers_list of, const struct host_list_of_texts *list,
		     struct host_list_of_texts *ret);

#endif
