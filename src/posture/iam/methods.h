/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_POSTURE_IAM_METHODS_H
#define PARKA_POSTURE_IAM_METHODS_H
/*
 * The ways from some permissions to more: which actions together let a principal become another, or give itself more. Names of methods
 * follow cloudsplaining (salesforce/cloudsplaining, shared/constants.py) and, behind the stroke, pathfinding.cloud's ids.
 * Thread: any (constant data).
 */
#include <stddef.h>

enum iam_method_class {
	IAM_SELF,                /* give more to oneself */
	IAM_PRINCIPAL,           /* become another user or role */
	IAM_NEW_PASSROLE,        /* give a role to something new that runs one's code */
	IAM_EXISTING,            /* run code where a role is already */
	IAM_METHOD_CLASS_MAX
};

enum { IAM_METHOD_ACTIONS_MAX = 6 };
struct iam_method {
	const char *name;        /* "PassExistingRoleToNewLambdaThenInvoke/lambda-001" */
	enum iam_method_class class;
	const char *actions[IAM_METHOD_ACTIONS_MAX];   /* all of them; NULL-ended */
};
extern const struct iam_method iam_methods[];
extern const size_t iam_n_methods;

/* Actions that hand out credentials (cloudsplaining's list). NULL-ended. */
extern const char *const iam_credential_actions[];

#endif
