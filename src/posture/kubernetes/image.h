/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_POSTURE_KUBERNETES_IMAGE_H
#define PARKA_POSTURE_KUBERNETES_IMAGE_H
/* Names of images, as container.image* fields (grammar: distribution/reference). Thread: one. */
#include "posture/record.h"

/* Sets container.image, .repository, .registry, .tag and .digest; `value` place is `place`. */
void image_set(struct posture_record *record, const char *image, struct posture_place place);

#endif
