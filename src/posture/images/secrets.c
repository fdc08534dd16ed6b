/* SPDX-License-Identifier: Apache-2.0 */
#include "posture/images/images.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* ---- variables ---- */

static const char *const secret_words[] = {
	"password", "passwd", "passphrase", "secret", "secrets", "token", "credential", "credentials", "apikey", "secretkey", "privatekey",
	"authtoken", "accesstoken", "dbpassword", NULL
};
/* KEY alone says nothing: GPG_KEY in Docker's official images is the name of a public one. */
static const char *const before_key[] = { "api", "access", "private", "secret", "encryption", "signing", "master", "auth", NULL };
/* A name that ends so tells of a secret, but is none. */
static const char *const not_itself[] = {
	"file", "path", "dir", "url", "uri", "endpoint", "name", "ttl", "expiry", "expiration", "length", "enabled", "timeout", "type", "issuer",
	"audience", "count", "version", "sha256", "header", "prefix", "id", "policy", "algorithm", "alg", "hash", NULL
};

static bool is_among(const char *word, size_t len, const char *const *list)
{
	for (; *list; list++)
		if (strlen(*list) == len && strncasecmp(word, *list, len) == 0)
			return true;
	return false;
}

static bool name_is_secret(const char *name, size_t len)
{
	const char *before = NULL, *word;
	size_t before_len = 0, word_len = 0;
	bool found = false;

	for (size_t i = 0; i < len; i += word_len + 1) {
		word = name + i;
		for (word_len = 0; i + word_len < len && isalnum((unsigned char)word[word_len]); )
			word_len++;
		found |= is_among(word, word_len, secret_words);
		found |= word_len == 3 && strncasecmp(word, "pwd", 3) == 0 && before;
		found |= before && word_len == 3 && strncasecmp(word, "key", 3) == 0 && is_among(before, before_len, before_key);
		if (i + word_len >= len && is_among(word, word_len, not_itself))
			return false;
		before = word;
		before_len = word_len;
	}
	return found;
}

/* Nothing, a reference, a path, a switch. */
static bool value_says_nothing(const char *value, size_t len)
{
	static const char *const nothing[] = { "true", "false", "yes", "no", "none", "null", "changeme", "***", "xxx", "\"\"", "''", NULL };

	return len < 3 || value[0] == '$' || value[0] == '/' || value[0] == '<' || is_among(value, len, nothing) ||
	       (len > 1 && (value[0] == '"' || value[0] == '\'') && (value[1] == '$' || value[1] == '/'));
}

/* How the tokens of services begin: AWS IAM user guide (identifiers), GitHub's and GitLab's token documentation, Slack, Stripe, Google. */
static const struct { const char *beginning; size_t len_min; } tokens[] = {
	{ "AKIA", 20 }, { "ASIA", 20 }, { "ghp_", 40 }, { "gho_", 40 }, { "ghs_", 40 }, { "github_pat_", 60 }, { "glpat-", 26 },
	{ "xoxb-", 30 }, { "xoxp-", 30 }, { "sk_live_", 30 }, { "rk_live_", 30 }, { "AIzaSy", 39 }, { "npm_", 40 },
};

/* scheme://user:password@host */
static bool is_url_with_password(const char *value, size_t len)
{
	const char *scheme = memmem(value, len, "://", 3), *at, *colon;
	size_t rest;

	if (!scheme)
		return false;
	rest = len - (size_t)(scheme + 3 - value);
	at = memchr(scheme + 3, '@', rest);
	if (!at || memchr(scheme + 3, '/', (size_t)(at - (scheme + 3))))
		return false;
	colon = memchr(scheme + 3, ':', (size_t)(at - (scheme + 3)));
	return colon && at > colon + 1 && colon[1] != '$' && colon[1] != '{';
}

bool images_is_secret(const char *name, size_t name_len, const char *value, size_t value_len)
{
	if (value_says_nothing(value, value_len))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(tokens); i++)
		if (value_len >= tokens[i].len_min && strncmp(value, tokens[i].beginning, strlen(tokens[i].beginning)) == 0)
			return true;
	return name_is_secret(name, name_len) || memmem(value, value_len, "PRIVATE KEY-----", 16) || is_url_with_password(value, value_len);
}

/* ---- files ---- */

enum { KEY_BEGINNING = 128, KEY_BYTES_MIN = 100, KEY_BYTES_MAX = 32 * 1024 };

static bool begins_private_key(const struct image_file *f)
{
	const char *line = memmem(f->content, f->content_len, "-----BEGIN ", 11), *end;
	size_t left;

	if (!line)
		return false;
	left = f->content_len - (size_t)(line - f->content);
	end = memchr(line, '\n', left);
	return memmem(line, end ? (size_t)(end - line) : left, "PRIVATE KEY", 11);
}

static bool has(const struct image_file *f, const char *text)
{
	return memmem(f->content, f->content_len, text, strlen(text));
}

static bool has_auth(const struct image_file *f)
{
	return has(f, "\"auth\"") || has(f, "\"identitytoken\"") || has(f, "\"registrytoken\"");
}

static bool has_npm_token(const struct image_file *f)
{
	for (const char *p = f->content; p && *p; p = strchr(p, '\n') ? strchr(p, '\n') + 1 : NULL) {
		size_t len = strcspn(p, "\n");
		const char *equals = memchr(p, '=', len);
		bool names = equals && *p != '#' && *p != ';' && (memmem(p, (size_t)(equals - p), "_auth", 5) || memmem(p, (size_t)(equals - p), "_password", 9));

		if (names && equals[1 + strspn(equals + 1, " \"")] != '$' && len > (size_t)(equals - p) + 3)
			return true;
	}
	return false;
}

/* NAME=value lines. */
static bool has_secret_variable(const struct image_file *f)
{
	for (const char *p = f->content; p && *p; p = strchr(p, '\n') ? strchr(p, '\n') + 1 : NULL) {
		size_t len = strcspn(p, "\r\n");
		const char *equals = memchr(p, '=', len);

		if (equals && *p != '#' && images_is_secret(p, (size_t)(equals - p), equals + 1, len - (size_t)(equals - p) - 1))
			return true;
	}
	return false;
}

static bool has_password(const struct image_file *f) { return has(f, "password"); }
static bool has_aws_key(const struct image_file *f) { return has(f, "aws_secret_access_key"); }
static bool has_url_password(const struct image_file *f) { return is_url_with_password(f->content, f->content_len); }
static bool has_kube_user(const struct image_file *f) { return has(f, "token:") || has(f, "client-key-data:") || has(f, "password:"); }
static bool has_google_key(const struct image_file *f) { return has(f, "\"private_key\"") || has(f, "\"refresh_token\""); }
static bool has_putty_key(const struct image_file *f) { return has(f, "PuTTY-User-Key-File"); }
static bool has_colon(const struct image_file *f) { return has(f, ":"); }
static bool is_there(const struct image_file *f) { return f->size > 0; }

/* By the end of the path ("/.npmrc") or of the name ("*.ppk"). */
static const struct named {
	const char *end, *what;
	bool (*holds)(const struct image_file *f);
} named[] = {
	{ "/.npmrc", "npm token", has_npm_token },
	{ "/.netrc", "passwords of .netrc", has_password },
	{ "/.aws/credentials", "AWS credentials", has_aws_key },
	{ "/.aws/config", "AWS credentials", has_aws_key },
	{ "/.docker/config.json", "registry credentials", has_auth },
	{ "/.dockercfg", "registry credentials", has_auth },
	{ "/.git-credentials", "git credentials", has_url_password },
	{ "/.pypirc", "PyPI password", has_password },
	{ "/.pgpass", "PostgreSQL passwords", has_colon },
	{ "/.my.cnf", "MySQL password", has_password },
	{ "/.kube/config", "Kubernetes credentials", has_kube_user },
	{ "/.htpasswd", "password hashes", has_colon },
	{ "/.env", "secrets in .env", has_secret_variable },
	{ "/application_default_credentials.json", "Google Cloud credentials", has_google_key },
	{ "/service-account.json", "Google Cloud credentials", has_google_key },
	{ "/service_account.json", "Google Cloud credentials", has_google_key },
	{ "/.vault-token", "Vault token", is_there },
	{ "/.azure/accessTokens.json", "Azure credentials", is_there },
	{ "/id_rsa", "private key", begins_private_key },
	{ "/id_dsa", "private key", begins_private_key },
	{ "/id_ecdsa", "private key", begins_private_key },
	{ "/id_ed25519", "private key", begins_private_key },
	{ ".pem", "private key", begins_private_key },
	{ ".key", "private key", begins_private_key },
	{ ".ppk", "private key", has_putty_key },
};

/* Where packages put their own: examples and tests of keys are no secrets. */
static const char *const of_packages[] = {
	"/usr/lib/", "/usr/lib64/", "/usr/libexec/", "/usr/share/", "/usr/include/", "/usr/bin/", "/usr/sbin/", "/lib/", "/lib64/", "/bin/", "/sbin/",
	"/usr/local/lib/", "/usr/local/share/", "/usr/local/go/", "/usr/local/include/", "/var/lib/dpkg/", "/var/lib/apt/", "/var/lib/rpm/",
	"/var/cache/", "/etc/ssl/certs/", "/proc/", "/sys/", "/nix/store/", NULL
};
static const char *const package_dirs[] = { "/node_modules/", "/site-packages/", "/dist-packages/", "/vendor/", "/gems/", "/pkg/mod/", NULL };

static bool is_of_package(const char *path)
{
	for (const char *const *p = of_packages; *p; p++)
		if (strncmp(path, *p, strlen(*p)) == 0)
			return true;
	for (const char *const *p = package_dirs; *p; p++)
		if (strstr(path, *p))
			return true;
	return false;
}

static const struct named *by_name(const char *path)
{
	size_t len = strlen(path);

	for (size_t i = 0; i < ARRAY_LEN(named); i++) {
		size_t n = strlen(named[i].end);
		if (len >= n && strcmp(path + len - n, named[i].end) == 0)
			return &named[i];
	}
	return NULL;
}

size_t images_secret_wants(const struct image_file *f)
{
	if (!f->size || is_of_package(f->path))
		return 0;
	if (by_name(f->path))
		return IMAGES_SECRET_BYTES_MAX;
	return f->size >= KEY_BYTES_MIN && f->size <= KEY_BYTES_MAX ? KEY_BEGINNING : 0;
}

const char *images_secret_in(const struct image_file *f)
{
	const struct named *n;

	if (!f->content || (f->kind != IMAGE_FILE && f->kind != IMAGE_HARDLINK) || is_of_package(f->path))
		return NULL;
	n = by_name(f->path);
	if (n && n->holds(f))
		return n->what;
	return begins_private_key(f) ? "private key" : NULL;
}
