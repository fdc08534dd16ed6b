/* SPDX-License-Identifier: Apache-2.0 */
/* What values of labels look like. */
#include "posture/dockerfile/options.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static bool is_all(const char *s, size_t len, const char *beside)
{
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)s[i]) && !strchr(beside, s[i]))
			return false;
	return true;
}

/* RFC 3986 3: scheme ":" and characters that a URI may have; escapes are complete. */
static bool is_url(const char *s)
{
	size_t scheme = strcspn(s, ":");
	unsigned fragments = 0;

	if (s[scheme] != ':' || !isalpha((unsigned char)*s) || !is_all(s, scheme, "+-."))
		return false;
	for (s += scheme + 1; *s; s++) {
		if (*s == '%' && (!isxdigit((unsigned char)s[1]) || !isxdigit((unsigned char)s[2])))
			return false;
		if (!isalnum((unsigned char)*s) && !strchr("-._~:/?#[]@!$&'()*+,;=%", *s))
			return false;
		fragments += *s == '#';
	}
	return fragments <= 1;
}

static bool is_shaped(const char **s, const char *shape)
{
	for (; *shape; shape++, (*s)++)
		if (*shape == '0' ? !isdigit((unsigned char)**s) : **s != *shape)
			return false;
	return true;
}

static int number(const char *s, unsigned digits)
{
	int n = 0;

	while (digits--)
		n = n * 10 + (*s++ - '0');
	return n;
}

/* RFC 3339 5.6. */
static bool is_rfc3339(const char *s)
{
	static const int days[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	const char *start = s;
	int month, day;

	if (!is_shaped(&s, "0000-00-00"))
		return false;
	month = number(start + 5, 2);
	day = number(start + 8, 2);
	if (month < 1 || month > 12 || day < 1 || day > days[month - 1] || !*s || !strchr("Tt ", *s++))
		return false;
	start = s;
	if (!is_shaped(&s, "00:00:00") || number(start, 2) > 23 || number(start + 3, 2) > 59 || number(start + 6, 2) > 60)
		return false;
	if (*s == '.' && !isdigit((unsigned char)*++s))
		return false;
	while (isdigit((unsigned char)*s))
		s++;
	if (*s == 'Z' || *s == 'z')
		return s[1] == '\0';
	if (*s != '+' && *s != '-')
		return false;
	start = ++s;
	return is_shaped(&s, "00:00") && *s == '\0' && number(start, 2) < 24 && number(start + 3, 2) < 60;
}

static const char *const spdx_ids[] = {
#define SPDX(id) id,
#include "posture/dockerfile/spdx.def"
#undef SPDX
};

static int compare_ids(const void *key, const void *at)
{
	return strcmp(key, *(const char *const *)at);
}

static bool is_spdx(const char *s)
{
	return bsearch(s, spdx_ids, ARRAY_LEN(spdx_ids), sizeof(spdx_ids[0]), compare_ids);
}

static bool is_git_hash(const char *s)
{
	size_t len = strlen(s);

	return (len == 40 || len == 7) && strspn(s, "0123456789abcdef") == len;
}

/* Identifiers between full stops, up to one of `ends`. */
static const char *skip_identifiers(const char *s, const char *ends, bool is_prerelease)
{
	for (;;) {
		size_t len = 0;
		while (s[len] && s[len] != '.' && !strchr(ends, s[len]))
			len++;
		if (len == 0 || !is_all(s, len, "-"))
			return NULL;
		if (is_prerelease && len > 1 && *s == '0' && strspn(s, "0123456789") >= len)
			return NULL;
		s += len;
		if (*s != '.')
			return s;
		s++;
	}
}

/* semver.org 2.0.0 */
static bool is_semver(const char *s)
{
	for (unsigned i = 0; i < 3; i++) {
		size_t len = strspn(s, "0123456789");
		if (len == 0 || (len > 1 && *s == '0') || (i < 2 && s[len] != '.'))
			return false;
		s += len + (i < 2);
	}
	if (*s == '-' && !(s = skip_identifiers(s + 1, "+", true)))
		return false;
	if (*s == '+' && !(s = skip_identifiers(s + 1, "", false)))
		return false;
	return *s == '\0';
}

/* RFC 5322 3.4.1 addr-spec: dot-atom or quoted string, @, domain or literal; no comments, no folding. */
static bool is_email(const char *s)
{
	const char *at = strrchr(s, '@'), *domain;

	if (!at || at == s || !at[1])
		return false;
	if (!(*s == '"' && at - s >= 2 && at[-1] == '"')) {
		for (const char *part = s; part <= at; part++) {
			size_t len = strcspn(part, ".@");
			if (len == 0 || !is_all(part, len, "!#$%&'*+-/=?^_`{|}~"))
				return false;
			part += len;
		}
	}
	domain = at + 1;
	if (*domain == '[')
		return domain[strlen(domain) - 1] == ']';
	for (;;) {
		size_t len = strcspn(domain, ".");
		if (len == 0 || !is_all(domain, len, "-") || domain[0] == '-' || domain[len - 1] == '-')
			return false;
		if (!domain[len])
			return true;
		domain += len + 1;
	}
}

static const struct { const char *name; bool (*is_valid)(const char *value); } types[DOCKERFILE_LABEL_TYPE_MAX] = {
	[DOCKERFILE_LABEL_TEXT] = { "text", NULL }, [DOCKERFILE_LABEL_URL] = { "url", is_url },
	[DOCKERFILE_LABEL_RFC3339] = { "rfc3339", is_rfc3339 }, [DOCKERFILE_LABEL_SPDX] = { "spdx", is_spdx },
	[DOCKERFILE_LABEL_GIT_HASH] = { "hash", is_git_hash }, [DOCKERFILE_LABEL_SEMVER] = { "semver", is_semver },
	[DOCKERFILE_LABEL_EMAIL] = { "email", is_email },
};

bool dockerfile_label_is_valid(enum dockerfile_label_type type, const char *value)
{
	return !types[type].is_valid || types[type].is_valid(value);
}

enum dockerfile_label_type dockerfile_label_type_by_name(const char *name)
{
	for (unsigned i = 0; i < DOCKERFILE_LABEL_TYPE_MAX; i++)
		if (strcmp(types[i].name, name) == 0)
			return i;
	return strcmp(name, "rawtext") == 0 ? DOCKERFILE_LABEL_TEXT : DOCKERFILE_LABEL_TYPE_MAX;
}
