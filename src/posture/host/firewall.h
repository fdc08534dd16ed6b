/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_POSTURE_HOST_FIREWALL_H
#define PARKA_POSTURE_HOST_FIREWALL_H
#include "posture/host/host.h"

/* What the firewall does: of this machine asked from nf_tables, of a directory read from its configuration. */
void host_firewall(struct posture_record *record);

/* A dump of chains (NFT_MSG_GETCHAIN), as the kernel answers. */
struct host_chains {
	bool has_input, has_forward, drops_input, drops_forward;     /* base chains of ip, inet; drops: by policy */
	unsigned n_chains;
};
/* Messages of one answer: true at its end (NLMSG_DONE or an error, *ret_error negative). */
bool host_chains_parse(struct host_chains *chains, const void *bytes, size_t len, int *ret_error);

#endif
