/* SPDX-License-Identifier: Apache-2.0 */
/* PAM: a record for each service, with what its stacks do. Options of modules may stand in their own files (pwquality.conf,
 * faillock.conf, pwhistory.conf); those in the stack come first. */
#include "posture/host/pam.h"
#include "posture/host/users_internal.h"

#include <string.h>

static const struct { const char *module, *name; } quality_modules[] = {
	{ "pam_pwquality", "pwquality" }, { "pam_cracklib", "cracklib" }, { "pam_passwdqc", "passwdqc" },
};
static const struct { const char *module, *name; } lockout_modules[] = { { "pam_faillock", "faillock" }, { "pam_tally2", "tally2" } };
static const char *const hashes[] = { "yescrypt", "gost_yescrypt", "blowfish", "sha512", "sha256", "md5", "bigcrypt" };

/* A value of "name = value", or "" of "name", in files of which the last counts. */
static const char *conf_value(struct posture_set *set, const char *const *files, size_t n, const char *name)
{
	const char *found = NULL;

	for (size_t i = 0; i < n; i++) {
		const char *why;
		char *text = host_read(set, files[i], HOST_FILE_BYTES_MAX, &why), *line, *key, *value;
		unsigned number = 0;

		while ((line = host_next_setting(&text, &number))) {
			if (!host_key_value(line, '=', &key, &value))
				key = line, value = "";
			if (strcmp(key, name) == 0)
				found = value;
		}
	}
	return found;
}

struct module { struct posture_record *r; const struct pam_line *line; const char *const *files; size_t n_files; };

static const char *option(const struct module *m, const char *name)
{
	const char *text = pam_argument(m->line, name);

	return text ? text : conf_value(m->r->set, m->files, m->n_files, name);
}

static void set_option(const struct module *m, enum model_field_id field, const char *name, int64_t def)
{
	const char *text = option(m, name);
	struct posture_value *v;
	int64_t number = def;

	if (text && !host_number(text, &number))
		posture_set_unknown(m->r, field, posture_printf(m->r->set, "%s=%s is no number", name, text));
	else {
		v = posture_said(posture_set_int(m->r, field, number), text ? POSTURE_FROM_FILE : POSTURE_FROM_DEFAULT, name);
		posture_at(v, m->line->place);
	}
}

static void quality(struct posture_record *r, const struct pam_stack *stack)
{
	struct host_names drop_ins = host_glob(r->set, "/etc/security/pwquality.conf.d/*.conf");
	struct host_list_of_texts files = { 0 };
	struct module m = { .r = r };
	const char *text;

	for (size_t i = 0; i < drop_ins.n; i++)
		host_add(r->set, &files, drop_ins.names[i]);
	host_add(r->set, &files, "/etc/security/pwquality.conf");
	for (size_t i = 0; i < ARRAY_LEN(quality_modules) && !m.line; i++) {
		m.line = pam_find(stack, PAM_PASSWORD, quality_modules[i].module);
		if (m.line)
			posture_at(posture_set_text(r, MODEL_F_PAM_QUALITY, quality_modules[i].name), m.line->place);
	}
	if (!m.line || strcmp(m.line->module, "pam_passwdqc") == 0)
		return;
	m.files = files.texts;
	m.n_files = strcmp(m.line->module, "pam_pwquality") == 0 ? files.n : 0;
	/* Defaults: pwquality.conf(5). */
	set_option(&m, MODEL_F_PAM_MIN_LENGTH, "minlen", 8);
	set_option(&m, MODEL_F_PAM_DIFOK, "difok", 1);
	set_option(&m, MODEL_F_PAM_MAX_REPEAT, "maxrepeat", 0);
	set_option(&m, MODEL_F_PAM_MAX_SEQUENCE, "maxsequence", 0);
	text = option(&m, "dictcheck");
	posture_set_bool(r, MODEL_F_PAM_DICTCHECK, !text || strcmp(text, "0") != 0);
	text = option(&m, "enforcing");
	posture_set_bool(r, MODEL_F_PAM_ENFORCING, !text || strcmp(text, "0") != 0);
	posture_set_bool(r, MODEL_F_PAM_ENFORCE_ROOT, option(&m, "enforce_for_root"));
}

static void lockout(struct posture_record *r, const struct pam_stack *stack)
{
	static const char *const files[] = { "/etc/security/faillock.conf" };
	struct module m = { .r = r, .files = files, .n_files = 1 };

	for (size_t i = 0; i < ARRAY_LEN(lockout_modules) && !m.line; i++) {
		m.line = pam_find(stack, PAM_AUTH, lockout_modules[i].module);
		if (m.line)
			posture_at(posture_set_text(r, MODEL_F_PAM_LOCKOUT, lockout_modules[i].name), m.line->place);
	}
	if (!m.line)
		return;
	m.n_files = strcmp(m.line->module, "pam_faillock") == 0;
	/* Defaults: faillock.conf(5). */
	set_option(&m, MODEL_F_PAM_DENY, "deny", 3);
	set_option(&m, MODEL_F_PAM_UNLOCK_TIME, "unlock_time", 600);
	posture_set_bool(r, MODEL_F_PAM_LOCKS_ROOT, option(&m, "even_deny_root"));
}

static void history(struct posture_record *r, const struct pam_stack *stack)
{
	static const char *const files[] = { "/etc/security/pwhistory.conf" };
	struct module m = { .r = r, .line = pam_find(stack, PAM_PASSWORD, "pam_pwhistory"), .files = files, .n_files = 1 };

	if (!m.line)
		return;
	set_option(&m, MODEL_F_PAM_HISTORY, "remember", 10);     /* pam_pwhistory(8) */
	posture_set_bool(r, MODEL_F_PAM_HISTORY_ENFORCE_ROOT, option(&m, "enforce_for_root"));
	posture_set_bool(r, MODEL_F_PAM_HISTORY_USE_AUTHTOK, option(&m, "use_authtok"));
}

static void unix_module(struct posture_record *r, const struct pam_stack *stack)
{
	const struct pam_line *password = pam_find(stack, PAM_PASSWORD, "pam_unix");
	const char *rounds = pam_argument(password, "rounds");
	bool nullok = false;
	int64_t number;

	for (const struct pam_line *l = stack->lines; l; l = l->next)
		if (strcmp(l->module, "pam_unix") == 0 && l->type == PAM_AUTH && (pam_argument(l, "nullok") || pam_argument(l, "nullok_secure"))) {
			posture_at(posture_set_bool(r, MODEL_F_PAM_NULLOK, true), l->place);
			nullok = true;
		}
	if (!nullok)
		posture_set_bool(r, MODEL_F_PAM_NULLOK, false);
	if (!password)
		return;
	for (size_t i = 0; i < ARRAY_LEN(hashes); i++)
		if (pam_argument(password, hashes[i]))
			posture_at(posture_set_text(r, MODEL_F_PAM_HASH, hashes[i]), password->place);
	if (rounds && host_number(rounds, &number))
		posture_set_int(r, MODEL_F_PAM_HASH_ROUNDS, number);
	posture_at(posture_set_bool(r, MODEL_F_PAM_UNIX_REMEMBER, pam_argument(password, "remember")), password->place);
	posture_at(posture_set_bool(r, MODEL_F_PAM_UNIX_USE_AUTHTOK, pam_argument(password, "use_authtok")), password->place);
}

/* su and the like: pam_wheel that must hold, of uid or of a group; trust lets its members in without a password. */
static void wheel(struct posture_record *r, const struct pam_stack *stack)
{
	const struct pam_line *l = pam_find(stack, PAM_AUTH, "pam_wheel");
	bool must = l && (strcmp(l->control, "required") == 0 || strcmp(l->control, "requisite") == 0) && !pam_argument(l, "deny");

	posture_set_bool(r, MODEL_F_PAM_WHEEL, must);
	posture_set_bool(r, MODEL_F_PAM_WHEEL_TRUSTS, pam_argument(l, "trust"));
	if (l)
		posture_set_text(r, MODEL_F_PAM_WHEEL_GROUP, pam_argument(l, "group") ? pam_argument(l, "group") : "wheel");
}

/* pam_permit that decides before anything has asked: sufficient, or first without any other that could refuse. */
static bool permits_first(const struct pam_stack *stack)
{
	static const char *const asks[] = { "pam_unix", "pam_sss", "pam_ldap", "pam_krb5", "pam_wheel", "pam_rootok", "pam_deny", "pam_winbind",
					    "pam_google_authenticator", "pam_u2f", "pam_systemd_home" };

	for (const struct pam_line *l = stack->lines; l; l = l->next) {
		if (l->type != PAM_AUTH)
			continue;
		if (strcmp(l->module, "pam_permit") == 0)
			return strcmp(l->control, "optional") != 0;
		for (size_t i = 0; i < ARRAY_LEN(asks); i++)
			if (strcmp(l->module, asks[i]) == 0)
				return false;
	}
	return false;
}

static void service_record(struct posture_set *set, const char *service)
{
	static const enum model_field_id fields[] = { MODEL_F_PAM_AUTH, MODEL_F_PAM_ACCOUNT, MODEL_F_PAM_PASSWORD, MODEL_F_PAM_SESSION };
	struct pam_stack stack = { .set = set };
	const char *why, *path = posture_printf(set, "/etc/pam.d/%s", service);
	struct posture_record *r;

	if (!pam_stack_read(&stack, service, &why)) {
		if (why)
			posture_problem(set, MODEL_LAYER_IDENTITY, (struct posture_place){ .file = path }, "%s", why);
		return;
	}
	r = posture_record_new(set, MODEL_KIND_PAM_SERVICE, NULL, posture_printf(set, "PAM service %s", service),
			       (struct posture_place){ .file = path });
	posture_set_text(r, MODEL_F_PAM_SERVICE, service);
	for (int type = 0; type < PAM_TYPE_MAX; type++) {
		struct host_list_of_texts modules = { 0 };

		for (const struct pam_line *l = stack.lines; l; l = l->next)
			if ((int)l->type == type)
				host_add(set, &modules, l->module);
		host_set_list(r, fields[type], &modules);
	}
	posture_set_bool(r, MODEL_F_PAM_PERMITS_FIRST, permits_first(&stack));
	unix_module(r, &stack);
	quality(r, &stack);
	lockout(r, &stack);
	history(r, &stack);
	wheel(r, &stack);
}

void host_pam(struct host_users *users)
{
	struct host_names names = host_list(users->set, "/etc/pam.d");

	for (size_t i = 0; i < names.n; i++)
		if (strncmp(names.names[i], "common-", 7) != 0 && !strchr(names.names[i], '.') && !strchr(names.names[i], '~'))
			service_record(users->set, names.names[i]);
}
