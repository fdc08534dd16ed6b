/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_POSTURE_DOCKER_ENV_H
#define PARKA_POSTURE_DOCKER_ENV_H
/* Environment variables of containers and services. Values are looked at, never kept. Thread: any. */
#include <stdbool.h>

/* "NAME=VALUE": whether it looks like a secret written out, by its name or by the shape of its value. A path, a flag, an empty
 * value and NAME_FILE (the convention for secrets in files) are none. */
bool posture_env_is_secret(const char *pair);

#endif
