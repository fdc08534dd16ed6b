/* SPDX-License-Identifier: Apache-2.0 */
#include "posture/docker/env.h"

#include "base/mem.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum { NAME_MAX_BYTES = 256, SECRET_MIN_BYTES = 3, AWS_KEY_BYTES = 20 };

static bool name_says_so(const char *name, size_t len)
{
	static const char *const words[] = { "PASSWORD",    "PASSWD",	  "PASSPHRASE", "SECRET",      "TOKEN",
					     "APIKEY",	    "API_KEY",	  "ACCESS_KEY", "PRIVATE_KEY", "ENCRYPTION_KEY",
					     "SIGNING_KEY", "CREDENTIAL", "AUTH_KEY" };
	/* what is about a secret, not the secret: where it is, how long, which */
	static const char *const not_ends[] = { "_FILE",    "_PATH", "_DIR",	"_NAME",   "_ID",      "_TTL",
						"_LENGTH",  "_URL",  "_URI",	"_HOST",   "_PORT",    "_POLICY",
						"_ENABLED", "_TYPE", "_HEADER", "_EXPIRY", "_TIMEOUT", "_ISSUER" };
	char upper[NAME_MAX_BYTES];

	if (len >= sizeof(upper))
		len = sizeof(upper) - 1;
	for (size_t i = 0; i < len; i++)
		upper[i] = (char)toupper((unsigned char)name[i]);
	upper[len] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(not_ends); i++)
		if (len >= strlen(not_ends[i]) && strcmp(upper + len - strlen(not_ends[i]), not_ends[i]) == 0)
			return false;
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strstr(upper, words[i]))
			return true;
	return false;
}

static bool is_word(const char *value)
{
	static const char *const words[] = { "true", "false", "yes",	 "no",	     "on",     "off",
					     "none", "null",  "default", "disabled", "enabled" };

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcasecmp(value, words[i]) == 0)
			return true;
	return false;
}

/* scheme://user:password@host */
static bool has_password_in_url(const char *value)
{
	const char *at = strstr(value, "://"), *end, *colon;

	if (!at)
		return false;
	at += 3;
	end = at + strcspn(at, "@/ ");
	colon = memchr(at, ':', (size_t)(end - at));
	return *end == '@' && colon && colon + 1 < end;
}

static bool value_looks_so(const char *value)
{
	static const char *const starts[] = { "ghp_",  "gho_",	"ghs_",	    "github_pat_", "glpat-",
					      "xoxb-", "xoxp-", "sk_live_", "rk_live_",	   "-----BEGIN " };

	for (size_t i = 0; i < ARRAY_LEN(starts); i++)
		if (strncmp(value, starts[i], strlen(starts[i])) == 0)
			return i + 1 < ARRAY_LEN(starts) || strstr(value, "PRIVATE KEY");
	if (strlen(value) == AWS_KEY_BYTES && (strncmp(value, "AKIA", 4) == 0 || strncmp(value, "ASIA", 4) == 0))
		return strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == AWS_KEY_BYTES;
	return has_password_in_url(value);
}

bool posture_env_is_secret(const char *pair)
{
	const char *equals = strchr(pair, '='), *value = equals ? equals + 1 : NULL;

	if (!value || strlen(value) < SECRET_MIN_BYTES)
		return false;
	if (value_looks_so(value))
		return true;
	if (equals - pair < 4)
		return false;
	if (!name_says_so(pair, (size_t)(equals - pair)) || value[0] == '/' || is_word(value))
		return false;
	/* MAX_TOKENS=4096 is none, PASSWORD=123456 is one */
	return strspn(value, "0123456789") != strlen(value) || strncasecmp(equals - 4, "WORD", 4) == 0;
}
