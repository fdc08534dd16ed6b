/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_POSTURE_HOST_USERS_INTERNAL_H
#define PARKA_POSTURE_HOST_USERS_INTERNAL_H
/* What the files of the users' collector share: accounts.c, logins.c, sudo.c, pam.c. */
#include "posture/host/sudoers.h"

/* Who becomes root by sudo: each entry "user", "%group", "#uid" or "ALL", with the grant that says so. */
struct host_root_grant {
	struct host_root_grant *next;
	const char *who;
	const char *what;            /* "sudo ALL", "sudo vi without a password" */
};

struct host_users {
	struct posture_set *set;
	struct host_root_grant *root_grants;
	const char *why_no_sudoers;  /* NULL: sudoers were read, or there are none */
};

void host_sudo(struct host_users *users);
void host_accounts(struct host_users *users);
void host_logins(struct host_users *users);
void host_pam(struct host_users *users);
/* A value of /etc/login.defs; NULL: not set. */
const char *host_login_def(struct posture_set *set, const char *name, struct posture_place *ret_place);

#endif
