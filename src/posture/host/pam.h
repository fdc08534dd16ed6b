/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_POSTURE_HOST_PAM_H
#define PARKA_POSTURE_HOST_PAM_H
/*
 * PAM services (pam.d(5)): the stack of each type, with include, substack and @include replaced by what they stand for.
 */
#include "posture/host/host.h"

enum pam_type { PAM_AUTH, PAM_ACCOUNT, PAM_PASSWORD, PAM_SESSION, PAM_TYPE_MAX };

struct pam_line {
	struct pam_line *next;
	enum pam_type type;
	const char *control;                 /* "required", "[success=1 default=ignore]" */
	const char *module;                  /* "pam_unix": without directory and .so */
	const char *const *arguments;
	size_t n_arguments;
	struct posture_place place;
};

struct pam_stack { struct posture_set *set; struct pam_line *lines, *last; unsigned n_lines; };

/* The service's file; what does not parse is a problem of the set. false: there is none, or it could not be read (*ret_why). */
bool pam_stack_read(struct pam_stack *stack, const char *service, const char **ret_why);
void pam_stack_parse(struct pam_stack *stack, const char *file, char *text);
/* The first line of the type that has the module; NULL. */
const struct pam_line *pam_find(const struct pam_stack *stack, enum pam_type type, const char *module);
/* Value of "name=value", "" of "name"; NULL: it is not there. */
const char *pam_argument(const struct pam_line *line, const char *name);

#endif
