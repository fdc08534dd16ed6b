/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_POSTURE_HOST_MOUNTS_H
#define PARKA_POSTURE_HOST_MOUNTS_H
#include "posture/host/host.h"

/* A record for each file system that benchmarks ask about, mounted or not, and for network and removable ones. */
void host_mounts(struct posture_set *set);

#endif
