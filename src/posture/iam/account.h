/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_POSTURE_IAM_ACCOUNT_H
#define PARKA_POSTURE_IAM_ACCOUNT_H
/*
 * IAM files to records. Two shapes are known: what `aws iam get-account-authorization-details` writes (users, groups, roles, policies:
 * principals come out, with what they may do after groups, boundaries and denies), and one policy document. Documents may be
 * percent-encoded texts, as the API has them (RFC 3986). Thread: one.
 */
#include "posture/lint.h"

enum { IAM_PRINCIPALS_MAX = 100 * 1000 };

extern const struct posture_reader iam_reader;

#endif
