/* SPDX-License-Identifier: Apache-2.0 */
#include "posture/kubernetes/secrets.h"

#include "base/mem.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* Words of a name, lower case, as runs of letters: DB_PASSWORD, dbPassword and db-password all have the word "password". */
static const char *const sensitive_words[] = {
	"password", "passwd", "passphrase", "pass", "pwd", "secret", "secrets", "token", "apikey", "credential", "credentials", "bearer",
	"privatekey", "accesskey", "secretkey", "authtoken", "jwt", "pswd", "dbpassword", "rootpassword", "userpassword", "clientsecret",
};
/* Two words in a row. */
static const char *const sensitive_pairs[][2] = {
	{ "api", "key" }, { "access", "key" }, { "private", "key" }, { "secret", "key" }, { "encryption", "key" }, { "signing", "key" },
	{ "auth", "key" }, { "ssh", "key" }, { "account", "key" }, { "shared", "key" }, { "client", "key" }, { "master", "key" },
};
/* The last word of a name that says where a secret is, or how it is handled, but not what it is. */
static const char *const harmless_ends[] = {
	"file", "path", "dir", "name", "names", "url", "uri", "endpoint", "ttl", "expiry", "expiration", "length", "enabled", "policy", "type",
	"ref", "id", "mount", "provider", "issuer", "audience", "timeout", "duration", "header", "rotation", "count", "limit", "host", "port",
};

enum { WORDS_MAX = 12, WORD_MAX = 32 };

static size_t split(const char *name, char words[WORDS_MAX][WORD_MAX])
{
	size_t n = 0, len = 0;

	for (const char *p = name; n < WORDS_MAX; p++) {
		bool is_letter = isalpha((unsigned char)*p);
		bool begins = is_letter && p > name && isupper((unsigned char)*p) && islower((unsigned char)p[-1]);

		if (len > 0 && (!is_letter || begins)) {
			words[n++][len] = '\0';
			len = 0;
		}
		if (is_letter && n < WORDS_MAX && len < WORD_MAX - 1)
			words[n][len++] = (char)tolower((unsigned char)*p);
		if (!*p)
			break;
	}
	return n;
}

static bool is_one_of(const char *word, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i], word) == 0)
			return true;
	return false;
}

bool secrets_name_is_sensitive(const char *name)
{
	char words[WORDS_MAX][WORD_MAX];
	size_t n = split(name, words);

	if (n == 0 || (n > 1 && is_one_of(words[n - 1], harmless_ends, ARRAY_LEN(harmless_ends))))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (is_one_of(words[i], sensitive_words, ARRAY_LEN(sensitive_words)))
			return true;
		for (size_t k = 0; i + 1 < n && k < ARRAY_LEN(sensitive_pairs); k++)
			if (strcmp(words[i], sensitive_pairs[k][0]) == 0 && strcmp(words[i + 1], sensitive_pairs[k][1]) == 0)
				return true;
	}
	return false;
}

/* Prefixes that services give to their tokens (documented by GitHub, GitLab, AWS, Slack, Google, Stripe, npm), and how long a run of
 * token characters follows at least. */
static const struct { const char *prefix; size_t least; } token_shapes[] = {
	{ "AKIA", 16 }, { "ASIA", 16 }, { "ghp_", 36 }, { "gho_", 36 }, { "ghu_", 36 }, { "ghs_", 36 }, { "github_pat_", 50 },
	{ "glpat-", 20 }, { "xoxb-", 20 }, { "xoxp-", 20 }, { "xoxa-", 20 }, { "AIza", 35 }, { "sk_live_", 20 }, { "rk_live_", 20 },
	{ "npm_", 36 }, { "eyJhbGciOi", 40 }, { "SG.", 60 }, { "dop_v1_", 60 },
};

static size_t token_run(const char *p, const char *end)
{
	const char *start = p;

	while (p < end && (isalnum((unsigned char)*p) || strchr("_-.", *p)) && *p)
		p++;
	return (size_t)(p - start);
}

bool secrets_value_is_token(const char *value, size_t len)
{
	const char *end = value + len;

	if (memmem(value, len, "PRIVATE KEY-----", 16))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(token_shapes); i++) {
		size_t n = strlen(token_shapes[i].prefix);
		const char *p = value;

		while ((p = memmem(p, (size_t)(end - p), token_shapes[i].prefix, n)) != NULL) {
			if ((p == value || !isalnum((unsigned char)p[-1])) && token_run(p + n, end) >= token_shapes[i].least)
				return true;
			p += n;
		}
	}
	return false;
}

bool secrets_value_is_reference(const char *value, size_t len)
{
	static const char *const words[] = { "true", "false", "yes", "no", "none", "null", "changeme-not-set", "optional", "required" };

	if (len == 0 || *value == '/' || *value == '$' || *value == '<' || (len > 2 && memcmp(value, "./", 2) == 0) ||
	    memmem(value, len, "{{", 2) || memmem(value, len, "://", 3))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strlen(words[i]) == len && strncasecmp(words[i], value, len) == 0)
			return true;
	return false;
}

bool secrets_is_plain(const char *name, const char *value, size_t len)
{
	return secrets_value_is_token(value, len) || (secrets_name_is_sensitive(name) && !secrets_value_is_reference(value, len));
}
