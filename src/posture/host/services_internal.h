/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_POSTURE_HOST_SERVICES_INTERNAL_H
#define PARKA_POSTURE_HOST_SERVICES_INTERNAL_H
#include "posture/host/host.h"

void host_units(struct posture_set *set);
void host_jobs(struct posture_set *set);

#endif
