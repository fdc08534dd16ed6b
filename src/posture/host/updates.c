/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the system is kept up to date: its release, apt's sources and settings, what waits for a restart. */
#include "posture/host/host.h"

#include <string.h>
#include <strings.h>
#include <time.h>

enum { SCOPES_MAX = 16 };

/* Last day of security updates that cost nothing: wiki.debian.org/LTS, ubuntu.com/about/release-cycle, endoflife.date (2026-11). */
static const struct { const char *id, *version, *until; } releases[] = {
	{ "debian", "9", "2022-06-30" }, { "debian", "10", "2024-06-30" }, { "debian", "11", "2026-08-31" }, { "debian", "12", "2028-06-30" },
	{ "debian", "13", "2030-06-30" }, { "ubuntu", "16.04", "2021-04-30" }, { "ubuntu", "18.04", "2023-05-31" },
	{ "ubuntu", "20.04", "2025-05-31" }, { "ubuntu", "22.04", "2027-04-30" }, { "ubuntu", "24.04", "2029-05-31" },
	{ "alpine", "3.19", "2025-11-01" }, { "alpine", "3.20", "2026-04-01" }, { "alpine", "3.21", "2026-11-01" },
};

static const char *unquoted(struct posture_set *set, const char *text)
{
	text += *text == '"' || *text == '\'';
	return posture_printf(set, "%.*s", (int)strcspn(text, "\"'"), text);
}

static void release(struct posture_record *r)
{
	struct posture_set *set = r->set;
	const char *why, *id = NULL, *version = NULL;
	char *text = host_read(set, "/etc/os-release", HOST_FILE_BYTES_MAX, &why), *line, *key, *value, today[16];
	time_t now = time(NULL);
	unsigned number = 0;
	struct tm tm;

	if (!text)
		text = host_read(set, "/usr/lib/os-release", HOST_FILE_BYTES_MAX, &why);
	while ((line = host_next_setting(&text, &number))) {
		if (!host_key_value(line, '=', &key, &value))
			continue;
		if (strcmp(key, "ID") == 0)
			id = unquoted(set, value);
		if (strcmp(key, "VERSION_ID") == 0)
			version = unquoted(set, value);
	}
	host_set_text_or(r, MODEL_F_UPDATES_SYSTEM, id, why);
	host_set_text_or(r, MODEL_F_UPDATES_RELEASE, version, why);
	gmtime_r(&now, &tm);
	strftime(today, sizeof(today), "%Y-%m-%d", &tm);
	for (size_t i = 0; i < ARRAY_LEN(releases) && id && version; i++)
		if (strcmp(releases[i].id, id) == 0 && strcmp(releases[i].version, version) == 0) {
			posture_set_text(r, MODEL_F_UPDATES_SUPPORTED_UNTIL, releases[i].until);
			posture_set_bool(r, MODEL_F_UPDATES_IS_UNSUPPORTED, strcmp(today, releases[i].until) > 0);
		}
}

/* ---- apt.conf(5): Name::Name "value"; Name { Name "value"; }; // # and C comments ---- */
struct apt_setting { struct apt_setting *next; const char *name, *value; struct posture_place place; };

static void skip_comments(char **at, unsigned *line)
{
	for (;;) {
		if (**at == '\n')
			++*line;
		if (**at && strchr(" \t\r\n", **at)) {
			++*at;
		} else if (strncmp(*at, "/*", 2) == 0) {
			while (**at && strncmp(*at, "*/", 2) != 0)
				*line += *(*at)++ == '\n';
			*at += **at ? 2 : 0;
		} else if (**at == '#' || strncmp(*at, "//", 2) == 0) {
			*at += strcspn(*at, "\n");
		} else {
			return;
		}
	}
}

static struct apt_setting *apt_parse(struct posture_set *set, struct apt_setting *list, const char *file, char *at)
{
	const char *scopes[SCOPES_MAX] = { "" };
	unsigned line = 1, depth = 0;

	for (skip_comments(&at, &line); *at; skip_comments(&at, &line)) {
		const char *name;
		struct apt_setting *s;

		if (*at == '}' || *at == ';') {
			depth -= *at == '}' && depth > 0;
			at++;
			continue;
		}
		name = posture_printf(set, "%s%.*s", scopes[depth], (int)strcspn(at, " \t\r\n\"{};"), at);
		at += strcspn(at, " \t\r\n\"{};");
		skip_comments(&at, &line);
		if (*at == '"') {
			char *end = strchr(at + 1, '"');

			s = posture_alloc(set, sizeof(*s));
			if (!end || !s)
				return list;
			*end = '\0';
			*s = (struct apt_setting){ .next = list, .name = name, .value = at + 1, .place = { .file = file, .line = line } };
			list = s;
			at = end + 1;
			skip_comments(&at, &line);
		}
		if (*at == '{') {
			if (depth + 1 >= SCOPES_MAX)
				return list;
			scopes[++depth] = posture_printf(set, "%s::", name);
			at++;
		}
	}
	return list;
}

static const struct apt_setting *apt_find(const struct apt_setting *list, const char *name)
{
	while (list && strcasecmp(list->name, name) != 0)
		list = list->next;
	return list;
}

static bool apt_is_on(const struct apt_setting *s)
{
	static const char *const off[] = { "0", "false", "no", "off", "without", "disable" };

	for (size_t i = 0; s && i < ARRAY_LEN(off); i++)
		if (strcasecmp(s->value, off[i]) == 0)
			return false;
	return s && *s->value;
}

static void apt_flag(struct posture_record *r, enum model_field_id field, const struct apt_setting *list, const char *name)
{
	const struct apt_setting *s = apt_find(list, name);
	struct posture_value *v = posture_said(posture_set_bool(r, field, apt_is_on(s)), s ? POSTURE_FROM_FILE : POSTURE_FROM_DEFAULT, name);

	if (s)
		posture_at(v, s->place);
}

/* ---- sources.list(5), one-line and deb822 ---- */
struct sources { struct host_list_of_texts unencrypted, unsigned_ones; bool has_security; size_t n; };

static void look_at_source(struct posture_set *set, struct sources *s, const char *file, unsigned line, const char *text, bool is_uri)
{
	const char *uri = strstr(text, "http://");

	s->has_security |= strstr(text, "-security") || strstr(text, "security.debian.org") || strstr(text, "/updates ");
	if (is_uri)
		s->n++;
	if (uri && is_uri)
		host_add(set, &s->unencrypted, posture_printf(set, "%.*s", (int)strcspn(uri, " \t"), uri));
	if (strstr(text, "trusted=yes") || strstr(text, "allow-insecure=yes") || strncasecmp(text, "Trusted: yes", 12) == 0 ||
	    strncasecmp(text, "Allow-Insecure: yes", 19) == 0)
		host_add(set, &s->unsigned_ones, posture_printf(set, "%s:%u", file, line));
}

static void sources(struct posture_record *r)
{
	static const char *const patterns[] = { "/etc/apt/sources.list", "/etc/apt/sources.list.d/*.list", "/etc/apt/sources.list.d/*.sources" };
	struct posture_set *set = r->set;
	struct sources s = { 0 };

	for (size_t p = 0; p < ARRAY_LEN(patterns); p++) {
		struct host_names files = host_glob(set, patterns[p]);

		for (size_t i = 0; i < files.n; i++) {
			const char *why;
			char *text = host_read(set, files.names[i], HOST_FILE_BYTES_MAX, &why), *line;
			unsigned number = 0;

			while ((line = host_next_setting(&text, &number)))
				look_at_source(set, &s, files.names[i], number, line,
					       strncmp(line, "deb", 3) == 0 || strncasecmp(line, "URIs:", 5) == 0);
		}
	}
	posture_set_uint(r, MODEL_F_UPDATES_N_SOURCES, s.n);
	host_set_list(r, MODEL_F_UPDATES_UNENCRYPTED_SOURCES, &s.unencrypted);
	host_set_list(r, MODEL_F_UPDATES_UNSIGNED_SOURCES, &s.unsigned_ones);
	posture_set_bool(r, MODEL_F_UPDATES_HAS_SECURITY_SOURCE, s.has_security);
}

static void apt(struct posture_record *r)
{
	struct posture_set *set = r->set;
	struct host_names files = host_list(set, "/etc/apt/apt.conf.d");
	struct host_packages packages;
	struct apt_setting *list = NULL;
	const char *why;
	char *text;

	for (size_t i = 0; i < files.n; i++) {
		const char *path = posture_printf(set, "/etc/apt/apt.conf.d/%s", files.names[i]), *dot = strrchr(files.names[i], '.');

		if (dot && strcmp(dot, ".conf") != 0)
			continue;
		text = host_read(set, path, HOST_FILE_BYTES_MAX, &why);
		list = text ? apt_parse(set, list, path, text) : list;
	}
	text = host_read(set, "/etc/apt/apt.conf", HOST_FILE_BYTES_MAX, &why);
	list = text ? apt_parse(set, list, "/etc/apt/apt.conf", text) : list;
	host_packages_read(set, &packages);
	posture_set_bool(r, MODEL_F_UPDATES_HAS_UNATTENDED, host_package_version(&packages, "unattended-upgrades"));
	host_packages_done(&packages);
	apt_flag(r, MODEL_F_UPDATES_UPGRADES, list, "APT::Periodic::Unattended-Upgrade");
	apt_flag(r, MODEL_F_UPDATES_REFRESHES, list, "APT::Periodic::Update-Package-Lists");
	apt_flag(r, MODEL_F_UPDATES_UNAUTHENTICATED, list, "APT::Get::AllowUnauthenticated");
	apt_flag(r, MODEL_F_UPDATES_INSECURE_REPOSITORIES, list, "Acquire::AllowInsecureRepositories");
	sources(r);
}

static void collect(struct posture_set *set, const struct posture_audit_options *options)
{
	struct posture_record *r = posture_record_new(set, MODEL_KIND_HOST_UPDATES, NULL, "updates", (struct posture_place){ .file = "/etc/os-release" });

	(void)options;
	release(r);
	posture_set_bool(r, MODEL_F_UPDATES_HAS_APT, host_exists(set, "/etc/apt"));
	posture_set_bool(r, MODEL_F_UPDATES_NEEDS_REBOOT, host_exists(set, "/run/reboot-required") || host_exists(set, "/var/run/reboot-required"));
	if (host_exists(set, "/etc/apt"))
		apt(r);
}

const struct posture_collector host_updates_collector = {
	.name = "updates",
	.layer = MODEL_LAYER_KERNEL,
	.meaning = "the release and its support, apt's sources and settings, pending restarts",
	.collect = collect,
};
