/* SPDX-License-Identifier: Apache-2.0 */
/* What holds for everybody who logs in: login.defs, shells' start files, limits, banners; and the collector of users. */
#include "posture/host/users_internal.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

const char *host_login_def(struct posture_set *set, const char *name, struct posture_place *ret_place)
{
	const char *why, *found = NULL;
	char *text = host_read(set, "/etc/login.defs", HOST_FILE_BYTES_MAX, &why), *line;
	unsigned number = 0;

	while ((line = host_next_setting(&text, &number))) {
		size_t n;
		const char **words = host_words(set, line, &n);

		if (n < 2 || strcmp(words[0], name) != 0)
			continue;
		found = words[1];
		if (ret_place)
			*ret_place = (struct posture_place){ .file = "/etc/login.defs", .line = number };
	}
	return found;
}

static void set_number(struct posture_record *r, enum model_field_id field, const char *name)
{
	struct posture_place place = { 0 };
	const char *text = host_login_def(r->set, name, &place);
	int64_t number;

	if (text && host_number(text, &number))
		posture_at(posture_said(posture_set_int(r, field, number), POSTURE_FROM_FILE, name), place);
}

struct shell_settings { const char *umask, *timeout; struct posture_place umask_place, timeout_place; };

/* "umask 027", "TMOUT=900", "readonly TMOUT=900 ; export TMOUT": what is said last counts. */
static void read_shell_file(struct posture_set *set, const char *file, struct shell_settings *s)
{
	const char *why;
	char *text = host_read(set, file, HOST_FILE_BYTES_MAX, &why), *line;
	unsigned number = 0;

	while ((line = host_next_setting(&text, &number))) {
		char *timeout = strstr(line, "TMOUT=");

		if (timeout && isdigit((unsigned char)timeout[6])) {
			s->timeout = posture_printf(set, "%.*s", (int)strspn(timeout + 6, "0123456789"), timeout + 6);
			s->timeout_place = (struct posture_place){ .file = file, .line = number };
		}
		if (strncmp(line, "umask", 5) == 0 && isspace((unsigned char)line[5])) {
			s->umask = posture_printf(set, "%.*s", (int)strspn(line + 6, "01234567"), line + 6);
			s->umask_place = (struct posture_place){ .file = file, .line = number };
		}
	}
}

static void set_umask(struct posture_record *r, const struct shell_settings *s)
{
	static const struct { unsigned bit; const char *name; } bits[] = {
		{ 020, "group-write" }, { 040, "group-read" }, { 04, "other-read" }, { 02, "other-write" }, { 01, "other-execute" },
	};
	struct posture_place place = s->umask_place;
	const char *text = s->umask && *s->umask ? s->umask : host_login_def(r->set, "UMASK", &place);
	struct host_list_of_texts allows = { 0 };
	unsigned long mask = text ? strtoul(text, NULL, 8) : 022;

	if (text)
		posture_at(posture_said(posture_set_text(r, MODEL_F_LOGINS_UMASK, text), POSTURE_FROM_FILE, place.file), place);
	else
		posture_said(posture_set_text(r, MODEL_F_LOGINS_UMASK, "022"), POSTURE_FROM_DEFAULT, NULL);
	for (size_t i = 0; i < ARRAY_LEN(bits); i++)
		if (!(mask & bits[i].bit))
			host_add(r->set, &allows, bits[i].name);
	posture_at(host_set_list(r, MODEL_F_LOGINS_UMASK_ALLOWS, &allows), place);
}

static void shells(struct posture_record *r)
{
	struct posture_set *set = r->set;
	struct host_names files = host_glob(set, "/etc/profile.d/*.sh");
	struct shell_settings s = { 0 };
	const char *why;
	char *listed = host_read(set, "/etc/shells", HOST_FILE_BYTES_MAX, &why);
	int64_t seconds;

	read_shell_file(set, "/etc/profile", &s);
	for (size_t i = 0; i < files.n; i++)
		read_shell_file(set, files.names[i], &s);
	read_shell_file(set, "/etc/bash.bashrc", &s);
	set_umask(r, &s);
	if (s.timeout && host_number(s.timeout, &seconds))
		posture_at(posture_set_int(r, MODEL_F_LOGINS_TIMEOUT, seconds), s.timeout_place);
	posture_set_bool(r, MODEL_F_LOGINS_NOLOGIN_IN_SHELLS, listed && strstr(listed, "nologin"));
}

/* limits.conf(5): "* hard core 0". */
static void core_limit(struct posture_record *r)
{
	struct host_names files = host_glob(r->set, "/etc/security/limits.d/*.conf");
	bool is_zero = false;

	for (size_t i = 0; i <= files.n; i++) {
		const char *why, *file = i < files.n ? files.names[i] : "/etc/security/limits.conf";
		char *text = host_read(r->set, file, HOST_FILE_BYTES_MAX, &why), *line;
		unsigned number = 0;

		while ((line = host_next_setting(&text, &number))) {
			size_t n;
			const char **w = host_words(r->set, line, &n);

			if (n == 4 && strcmp(w[0], "*") == 0 && strcmp(w[2], "core") == 0 && (strcmp(w[1], "hard") == 0 || strcmp(w[1], "-") == 0))
				is_zero = strcmp(w[3], "0") == 0;
		}
		if (why) {
			posture_set_unknown(r, MODEL_F_LOGINS_CORE_LIMIT_IS_ZERO, why);
			return;
		}
	}
	posture_set_bool(r, MODEL_F_LOGINS_CORE_LIMIT_IS_ZERO, is_zero);
}

static void root_path(struct posture_record *r)
{
	struct posture_set *set = r->set;
	const char *text = host_login_def(set, "ENV_SUPATH", NULL);
	struct host_list_of_texts problems = { 0 };
	char *path = arena_printf(&set->arena, "%s", text ? text : "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	size_t n;
	const char **dirs;

	if (!path)
		return;
	path += strncmp(path, "PATH=", 5) == 0 ? 5 : 0;
	if (strstr(path, "::") || *path == ':' || (*path && path[strlen(path) - 1] == ':'))
		host_add(set, &problems, "an empty entry: the current directory");
	dirs = host_split(set, path, ':', &n);
	for (size_t i = 0; i < n; i++) {
		const char *who = *dirs[i] == '/' ? host_writable_by_others(set, dirs[i]) : NULL;

		if (*dirs[i] != '/')
			host_add(set, &problems, posture_printf(set, "%s: not an absolute path", dirs[i]));
		if (who)
			host_add(set, &problems, who);
	}
	host_set_list(r, MODEL_F_LOGINS_ROOT_PATH_PROBLEMS, &problems);
}

static void banners(struct posture_record *r)
{
	static const char *const files[] = { "/etc/issue", "/etc/issue.net", "/etc/motd" };
	struct host_list_of_texts leaks = { 0 }, empty = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		const char *why;
		char *text = host_read(r->set, files[i], HOST_FILE_BYTES_MAX, &why);

		if (text && (strstr(text, "\\m") || strstr(text, "\\r") || strstr(text, "\\s") || strstr(text, "\\v") || strstr(text, "Debian") ||
			     strstr(text, "Ubuntu")))
			host_add(r->set, &leaks, files[i]);
		if (i < 2 && (!text || !text[strspn(text, " \t\r\n")]))
			host_add(r->set, &empty, files[i]);
	}
	host_set_list(r, MODEL_F_LOGINS_BANNER_LEAKS, &leaks);
	host_set_list(r, MODEL_F_LOGINS_BANNERS_EMPTY, &empty);
}

/* GRUB: superusers with a password (info grub, "Security"). */
static void boot_loader(struct posture_record *r)
{
	static const char *const files[] = { "/boot/grub/grub.cfg", "/boot/grub2/grub.cfg" };
	const char *why = NULL, *first_why = NULL;
	char *text = NULL;

	for (size_t i = 0; i < ARRAY_LEN(files) && !text; i++) {
		text = host_read(r->set, files[i], HOST_FILE_BYTES_MAX, &why);
		first_why = first_why ? first_why : why;
	}
	if (text)
		posture_set_bool(r, MODEL_F_LOGINS_BOOT_PASSWORD, strstr(text, "set superusers") && strstr(text, "password"));
	else if (first_why)
		posture_set_unknown(r, MODEL_F_LOGINS_BOOT_PASSWORD, first_why);
}

static void inactive(struct posture_record *r)
{
	const char *why;
	char *text = host_read(r->set, "/etc/default/useradd", HOST_FILE_BYTES_MAX, &why), *line, *key, *value;
	unsigned number = 0;
	int64_t days = -1;

	while ((line = host_next_setting(&text, &number)))
		if (host_key_value(line, '=', &key, &value) && strcmp(key, "INACTIVE") == 0 && !host_number(value, &days))
			days = -1;
	posture_set_int(r, MODEL_F_LOGINS_INACTIVE_DAYS, days);
}

void host_logins(struct host_users *users)
{
	struct posture_record *r;
	struct posture_place place = { 0 };
	const char *hash, *logs;

	if (!host_exists(users->set, "/etc/passwd"))
		return;
	r = posture_record_new(users->set, MODEL_KIND_HOST_LOGINS, NULL, "logins", (struct posture_place){ .file = "/etc/login.defs" });
	hash = host_login_def(users->set, "ENCRYPT_METHOD", &place);
	logs = host_login_def(users->set, "LOG_UNKFAIL_ENAB", NULL);
	set_number(r, MODEL_F_LOGINS_MAX_DAYS, "PASS_MAX_DAYS");
	set_number(r, MODEL_F_LOGINS_MIN_DAYS, "PASS_MIN_DAYS");
	set_number(r, MODEL_F_LOGINS_WARN_DAYS, "PASS_WARN_AGE");
	/* login.defs(5): DES without ENCRYPT_METHOD. */
	posture_at(posture_said(posture_set_text(r, MODEL_F_LOGINS_HASH, hash ? hash : "DES"), hash ? POSTURE_FROM_FILE : POSTURE_FROM_DEFAULT, NULL),
		   place);
	hash = host_login_def(users->set, "FAILLOG_ENAB", NULL);
	posture_set_bool(r, MODEL_F_LOGINS_LOGS_FAILURES, (hash && strcmp(hash, "yes") == 0) || (logs && strcmp(logs, "yes") == 0));
	boot_loader(r);
	inactive(r);
	shells(r);
	core_limit(r);
	root_path(r);
	banners(r);
}

static void collect(struct posture_set *set, const struct posture_audit_options *options)
{
	struct host_users users = { .set = set };

	(void)options;
	host_sudo(&users);
	host_accounts(&users);
	host_logins(&users);
	host_pam(&users);
}

const struct posture_collector host_users_collector = {
	.name = "users",
	.layer = MODEL_LAYER_IDENTITY,
	.meaning = "accounts, groups, passwords, sudo, PAM, and who can become root",
	.collect = collect,
};
