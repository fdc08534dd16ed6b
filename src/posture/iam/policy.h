/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_POSTURE_IAM_POLICY_H
#define PARKA_POSTURE_IAM_POLICY_H
/*
 * AWS IAM policy documents: what they allow after what they deny. Identity policies, permission boundaries and trust policies
 * (IAM JSON policy reference: Version, Statement, Effect, Action/NotAction, Resource/NotResource, Principal, Condition).
 *
 *     documents of a principal --\
 *     its permission boundary ----> iam_decide(action) -> NO, SOMETIMES, SOMEWHERE, EVERYWHERE
 *
 * What is decided is one action on no resource in particular: EVERYWHERE, the statement names "*"; SOMEWHERE, only some resources;
 * SOMETIMES, only under a condition (whose value nobody can know from the document). Deny statements win: without condition and on
 * all resources they take the action away; narrower ones leave something of it, and are not counted. Session policies, service
 * control policies and policies of resources are not part of these documents. Thread: one.
 */
#include "base/yaml.h"
#include "posture/record.h"

enum iam_reach { IAM_NO, IAM_SOMETIMES, IAM_SOMEWHERE, IAM_EVERYWHERE };   /* in this order: more is worse */

enum {
	IAM_STATEMENTS_MAX = 10000,      /* of one document; AWS allows 6,144 characters */
	IAM_DOCUMENTS_MAX = 4096,        /* of one principal */
};

struct iam_statement {
	bool allows;                     /* else denies */
	bool not_actions, not_resources; /* the lists say what is not meant */
	const char *const *actions, *const *resources;
	size_t n_actions, n_resources;
	const struct yaml_node *principal, *not_principal, *condition;   /* NULL without */
	const char *sid;                 /* NULL without */
	const struct yaml_node *node;
};

struct iam_document {
	const struct iam_statement *statements;
	size_t n;
	const char *file;
	const char *name;                /* of the policy; NULL */
};

/* A document as a tree. Errors: file, line, column, what was expected. */
int iam_document_read(struct posture_set *set, const char *file, const struct yaml_node *node, struct iam_document *ret_document,
		      struct err *err);

/* '*' and '?' as IAM has them; letters of any case. */
bool iam_glob(const char *pattern, const char *text);

/* How far documents let `action` ("iam:passrole") be done. boundary NULL: none. */
enum iam_reach iam_decide(const struct iam_document *const *documents, size_t n, const struct iam_document *boundary, const char *action);

/* A statement allows all actions of all services, or all of one ("s3:*"). */
bool iam_is_every_action(const char *action);
bool iam_is_every_action_of_a_service(const char *action);

#endif
