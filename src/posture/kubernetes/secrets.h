/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_POSTURE_KUBERNETES_SECRETS_H
#define PARKA_POSTURE_KUBERNETES_SECRETS_H
/*
 * Whether a name or a value looks like a secret. Names: words that people give to passwords, tokens and keys, as whole words of the name
 * (DB_PASSWORD, apiKey), so that MONKEY is no key. Values: shapes of known tokens and private keys. A value that names where the secret
 * is (a path, a $(VARIABLE), a placeholder) is none. Thread: any.
 */
#include <stdbool.h>
#include <stddef.h>

bool secrets_name_is_sensitive(const char *name);
bool secrets_value_is_token(const char *value, size_t len);       /* a known shape: AKIA..., ghp_..., BEGIN PRIVATE KEY */
bool secrets_value_is_reference(const char *value, size_t len);   /* empty, true, a path, a variable, a placeholder */
/* A name that speaks of a secret with a value that may be one, or a value that is one. */
bool secrets_is_plain(const char *name, const char *value, size_t len);

#endif
