/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SSH server: one record of what holds for a connection that no Match block is about, and one for each block. Values are as
 * `sshd -T` prints them.
 */
#include "posture/host/sshd_config.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

enum value_type { TEXT, WORD, NUMBER, TIME, LIST, ALGORITHMS, STARTUPS };

/* Defaults of OpenSSH 9.2 (Debian 12; sshd_config(5), servconf.c, myproposal.h). Those of other versions differ in the lists of
 * algorithms; what is judged here has been refused by default in all since 8.8. */
static const struct keyword {
	const char *name;
	enum model_field_id field;
	enum value_type type;
	const char *def;
} keywords[] = {
	{ "permitrootlogin", MODEL_F_SSHD_PERMITROOTLOGIN, WORD, "prohibit-password" },
	{ "passwordauthentication", MODEL_F_SSHD_PASSWORDAUTHENTICATION, WORD, "yes" },
	{ "kbdinteractiveauthentication", MODEL_F_SSHD_KBDINTERACTIVEAUTHENTICATION, WORD, "yes" },
	{ "permitemptypasswords", MODEL_F_SSHD_PERMITEMPTYPASSWORDS, WORD, "no" },
	{ "pubkeyauthentication", MODEL_F_SSHD_PUBKEYAUTHENTICATION, WORD, "yes" },
	{ "hostbasedauthentication", MODEL_F_SSHD_HOSTBASEDAUTHENTICATION, WORD, "no" },
	{ "gssapiauthentication", MODEL_F_SSHD_GSSAPIAUTHENTICATION, WORD, "no" },
	{ "kerberosauthentication", MODEL_F_SSHD_KERBEROSAUTHENTICATION, WORD, "no" },
	{ "ignorerhosts", MODEL_F_SSHD_IGNORERHOSTS, WORD, "yes" },
	{ "ignoreuserknownhosts", MODEL_F_SSHD_IGNOREUSERKNOWNHOSTS, WORD, "no" },
	{ "usepam", MODEL_F_SSHD_USEPAM, WORD, "no" },
	{ "strictmodes", MODEL_F_SSHD_STRICTMODES, WORD, "yes" },
	{ "permituserenvironment", MODEL_F_SSHD_PERMITUSERENVIRONMENT, WORD, "no" },
	{ "permituserrc", MODEL_F_SSHD_PERMITUSERRC, WORD, "yes" },
	{ "x11forwarding", MODEL_F_SSHD_X11FORWARDING, WORD, "no" },
	{ "x11uselocalhost", MODEL_F_SSHD_X11USELOCALHOST, WORD, "yes" },
	{ "allowtcpforwarding", MODEL_F_SSHD_ALLOWTCPFORWARDING, WORD, "yes" },
	{ "allowagentforwarding", MODEL_F_SSHD_ALLOWAGENTFORWARDING, WORD, "yes" },
	{ "allowstreamlocalforwarding", MODEL_F_SSHD_ALLOWSTREAMLOCALFORWARDING, WORD, "yes" },
	{ "disableforwarding", MODEL_F_SSHD_DISABLEFORWARDING, WORD, "no" },
	{ "gatewayports", MODEL_F_SSHD_GATEWAYPORTS, WORD, "no" },
	{ "permittunnel", MODEL_F_SSHD_PERMITTUNNEL, WORD, "no" },
	{ "tcpkeepalive", MODEL_F_SSHD_TCPKEEPALIVE, WORD, "yes" },
	{ "compression", MODEL_F_SSHD_COMPRESSION, WORD, "yes" },
	{ "usedns", MODEL_F_SSHD_USEDNS, WORD, "no" },
	{ "printlastlog", MODEL_F_SSHD_PRINTLASTLOG, WORD, "yes" },
	{ "loglevel", MODEL_F_SSHD_LOGLEVEL, WORD, "INFO" },
	{ "banner", MODEL_F_SSHD_BANNER, TEXT, "none" },
	{ "forcecommand", MODEL_F_SSHD_FORCECOMMAND, TEXT, "none" },
	{ "chrootdirectory", MODEL_F_SSHD_CHROOTDIRECTORY, TEXT, "none" },
	{ "authorizedkeysfile", MODEL_F_SSHD_AUTHORIZEDKEYSFILE, LIST, ".ssh/authorized_keys .ssh/authorized_keys2" },
	{ "authorizedkeyscommand", MODEL_F_SSHD_AUTHORIZEDKEYSCOMMAND, TEXT, "none" },
	{ "authorizedkeyscommanduser", MODEL_F_SSHD_AUTHORIZEDKEYSCOMMANDUSER, TEXT, "none" },
	{ "authenticationmethods", MODEL_F_SSHD_AUTHENTICATIONMETHODS, LIST, "any" },
	{ "trustedusercakeys", MODEL_F_SSHD_TRUSTEDUSERCAKEYS, TEXT, "none" },
	{ "maxauthtries", MODEL_F_SSHD_MAXAUTHTRIES, NUMBER, "6" },
	{ "maxsessions", MODEL_F_SSHD_MAXSESSIONS, NUMBER, "10" },
	{ "maxstartups", MODEL_F_SSHD_MAXSTARTUPS, STARTUPS, "10:30:100" },
	{ "logingracetime", MODEL_F_SSHD_LOGINGRACETIME, TIME, "120" },
	{ "clientaliveinterval", MODEL_F_SSHD_CLIENTALIVEINTERVAL, TIME, "0" },
	{ "clientalivecountmax", MODEL_F_SSHD_CLIENTALIVECOUNTMAX, NUMBER, "3" },
	{ "port", MODEL_F_SSHD_PORT, LIST, "22" },
	{ "acceptenv", MODEL_F_SSHD_ACCEPTENV, LIST, "" },
	{ "allowusers", MODEL_F_SSHD_ALLOWUSERS, LIST, "" },
	{ "allowgroups", MODEL_F_SSHD_ALLOWGROUPS, LIST, "" },
	{ "denyusers", MODEL_F_SSHD_DENYUSERS, LIST, "" },
	{ "denygroups", MODEL_F_SSHD_DENYGROUPS, LIST, "" },
	{ "ciphers", MODEL_F_SSHD_CIPHERS, ALGORITHMS, "chacha20-poly1305@openssh.com,aes128-ctr,aes192-ctr,aes256-ctr,"
	  "aes128-gcm@openssh.com,aes256-gcm@openssh.com" },
	{ "macs", MODEL_F_SSHD_MACS, ALGORITHMS, "umac-64-etm@openssh.com,umac-128-etm@openssh.com,hmac-sha2-256-etm@openssh.com,"
	  "hmac-sha2-512-etm@openssh.com,hmac-sha1-etm@openssh.com,umac-64@openssh.com,umac-128@openssh.com,hmac-sha2-256,hmac-sha2-512,"
	  "hmac-sha1" },
	{ "kexalgorithms", MODEL_F_SSHD_KEXALGORITHMS, ALGORITHMS, "sntrup761x25519-sha512,sntrup761x25519-sha512@openssh.com,"
	  "curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,ecdh-sha2-nistp521,"
	  "diffie-hellman-group-exchange-sha256,diffie-hellman-group16-sha512,diffie-hellman-group18-sha512,diffie-hellman-group14-sha256" },
	{ "hostkeyalgorithms", MODEL_F_SSHD_HOSTKEYALGORITHMS, ALGORITHMS, "ssh-ed25519-cert-v01@openssh.com,"
	  "ecdsa-sha2-nistp256-cert-v01@openssh.com,ecdsa-sha2-nistp384-cert-v01@openssh.com,ecdsa-sha2-nistp521-cert-v01@openssh.com,"
	  "sk-ssh-ed25519-cert-v01@openssh.com,sk-ecdsa-sha2-nistp256-cert-v01@openssh.com,rsa-sha2-512-cert-v01@openssh.com,"
	  "rsa-sha2-256-cert-v01@openssh.com,ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,"
	  "sk-ssh-ed25519@openssh.com,sk-ecdsa-sha2-nistp256@openssh.com,rsa-sha2-512,rsa-sha2-256" },
};

/* Words that sshd prints by another name than some people write. */
static const struct { const char *written, *is; } same_words[] = {
	{ "without-password", "prohibit-password" }, { "true", "yes" }, { "false", "no" }, { "delayed", "yes" },
};

static const char *canonical(const struct keyword *k, const char *text)
{
	for (size_t i = 0; i < ARRAY_LEN(same_words) && k->type == WORD; i++)
		if (strcasecmp(text, same_words[i].written) == 0)
			return same_words[i].is;
	return text;
}

static bool is_in(const char *name, size_t len, const char *pattern_list)
{
	for (const char *p = pattern_list; *p; p += *p == ',') {
		size_t n = strcspn(p, ",");
		const char *star = memchr(p, '*', n);

		if (star ? len >= (size_t)(star - p) && strncmp(p, name, (size_t)(star - p)) == 0 : n == len && strncmp(p, name, n) == 0)
			return true;
		p += n;
	}
	return false;
}

static void add_names(struct posture_set *set, struct host_list_of_texts *out, const char *names, const char *except)
{
	for (const char *p = names; *p; p += *p == ',') {
		size_t n = strcspn(p, ",");

		if (n && !(except && is_in(p, n, except)))
			host_add(set, out, posture_printf(set, "%.*s", (int)n, p));
		p += n;
	}
}

/* "+a" adds to the default, "-a" takes from it, "^a" puts first (kex_assemble_names() in kex.c). */
static void algorithms(struct posture_set *set, const char *value, const char *def, struct host_list_of_texts *out)
{
	if (*value == '+') {
		add_names(set, out, def, NULL);
		add_names(set, out, value + 1, def);
	} else if (*value == '-') {
		add_names(set, out, def, value + 1);
	} else if (*value == '^') {
		add_names(set, out, value + 1, NULL);
		add_names(set, out, def, value + 1);
	} else {
		add_names(set, out, value, NULL);
	}
}

static struct posture_value *set_list(struct posture_record *r, const struct sshd_config *config, const struct sshd_match *match,
				      const struct keyword *k, const struct sshd_setting *s)
{
	struct host_list_of_texts list = { 0 };
	size_t n;

	if (k->type == ALGORITHMS)
		algorithms(r->set, s ? s->words[0] : k->def, k->def, &list);
	else if (s && (strcmp(k->name, "authorizedkeysfile") == 0 || strcmp(k->name, "authenticationmethods") == 0))
		return posture_set_texts(r, k->field, s->words, s->n_words);
	else if (s)
		sshd_config_effective_all(config, match, k->name, &list);
	else
		list.texts = host_words(r->set, arena_printf(&r->set->arena, "%s", k->def), &n), list.n = n;
	return host_set_list(r, k->field, &list);
}

static struct posture_value *bad_number(struct posture_record *r, const struct keyword *k, const struct sshd_setting *s)
{
	posture_problem(r->set, MODEL_LAYER_IDENTITY, s->place, "expected a number for '%s', not '%s'", k->name, s->words[0]);
	return posture_set_unknown(r, k->field, posture_printf(r->set, "'%s' is no number", s->words[0]));
}

/* begin:rate:full, or one number that is begin and full. */
static void startups(struct posture_record *r, const char *text)
{
	char *copy = arena_printf(&r->set->arena, "%s", text);
	int64_t begin, full;
	size_t n;
	const char **parts = host_split(r->set, copy, ':', &n);

	if (n == 0 || !host_number(parts[0], &begin) || !host_number(parts[n - 1], &full))
		return;
	posture_set_int(r, MODEL_F_SSHD_MAXSTARTUPS_BEGIN, begin);
	posture_set_int(r, MODEL_F_SSHD_MAXSTARTUPS_FULL, full);
}

static struct posture_value *set_value(struct posture_record *r, const struct keyword *k, const struct sshd_setting *s)
{
	const char *text = canonical(k, s ? s->words[0] : k->def);
	int64_t number;

	switch (k->type) {
	case NUMBER:
		return host_number(text, &number) ? posture_set_int(r, k->field, number) : bad_number(r, k, s);
	case TIME:
		number = sshd_config_time(text);
		return number >= 0 ? posture_set_int(r, k->field, number) : bad_number(r, k, s);
	case STARTUPS:
		startups(r, text);
		return posture_set_text(r, k->field, text);
	default:
		for (size_t i = 1; s && i < s->n_words && k->type == TEXT; i++)
			text = posture_printf(r->set, "%s %s", text, s->words[i]);
		return posture_set_text(r, k->field, text);
	}
}

static void values(struct posture_record *r, const struct sshd_config *config, const struct sshd_match *match)
{
	struct host_list_of_texts sets = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(keywords); i++) {
		const struct keyword *k = &keywords[i];
		const struct sshd_setting *s = sshd_config_effective(config, match, k->name);
		struct posture_value *v = k->type == LIST || k->type == ALGORITHMS ? set_list(r, config, match, k, s) : set_value(r, k, s);

		if (!s) {
			posture_said(v, POSTURE_FROM_DEFAULT, NULL);
			continue;
		}
		if (v->state == MODEL_SET)
			posture_said(v, strcmp(s->place.file, "/etc/default/ssh") == 0 ? POSTURE_FROM_FLAG : POSTURE_FROM_FILE,
				     posture_printf(r->set, "%s %s", k->name, s->words[0]));
		posture_at(v, s->place);
		if (match && s->match)
			host_add(r->set, &sets, k->name);
	}
	if (match)
		host_set_list(r, MODEL_F_SSHD_SETS, &sets);
}

/* sshd's options of Debian's service: SSHD_OPTS="-o X=y -p 22" in /etc/default/ssh. */
static const char *flags(struct sshd_config *config)
{
	static const char file[] = "/etc/default/ssh";
	const char *why, *path = "/etc/ssh/sshd_config";
	char *text = host_read(config->set, file, HOST_FILE_BYTES_MAX, &why), *line;
	unsigned number = 0;

	while ((line = host_next_setting(&text, &number))) {
		char *key, *value;
		const char **words;
		size_t n;

		if (!host_key_value(line, '=', &key, &value) || strcmp(key, "SSHD_OPTS") != 0)
			continue;
		for (char *p = value; *p; p++)
			*p = *p == '"' || *p == '\'' ? ' ' : *p;
		words = host_words(config->set, value, &n);
		for (size_t i = 0; i < n; i++) {
			struct posture_place place = { .file = file, .line = number };
			bool apart = words[i][0] == '-' && words[i][1] && !words[i][2] && i + 1 < n;
			const char *argument = apart ? words[i + 1] : words[i][0] == '-' && words[i][1] ? words[i] + 2 : "";

			if (words[i][0] != '-' || !*argument)
				continue;
			if (words[i][1] == 'o')
				sshd_config_add_option(config, arena_printf(&config->set->arena, "%s", argument), place);
			else if (words[i][1] == 'p')
				sshd_config_add_option(config, arena_printf(&config->set->arena, "port %s", argument), place);
			else if (words[i][1] == 'f')
				path = argument;
		}
	}
	return path;
}

static void set_unread(struct posture_set *set, const char *path, const char *why)
{
	struct posture_record *r = posture_record_new(set, MODEL_KIND_SSHD, NULL, "SSH server", (struct posture_place){ .file = path });

	for (size_t i = 0; i < ARRAY_LEN(keywords); i++)
		posture_set_unknown(r, keywords[i].field, why);
	posture_set_unknown(r, MODEL_F_SSHD_MAXSTARTUPS_BEGIN, why);
	posture_set_unknown(r, MODEL_F_SSHD_MAXSTARTUPS_FULL, why);
}

static void collect(struct posture_set *set, const struct posture_audit_options *options)
{
	struct sshd_config config = { .set = set };
	const char *path = flags(&config), *why;
	int r = sshd_config_read(&config, path, &why);

	(void)options;
	if (r < 0 && why) {
		set_unread(set, path, why);
		return;
	}
	if (r < 0 && !host_exists(set, "/usr/sbin/sshd"))
		return;
	values(posture_record_new(set, MODEL_KIND_SSHD, NULL, "SSH server", (struct posture_place){ .file = path }), &config, NULL);
	for (unsigned i = 0; i < config.n_matches; i++) {
		const struct sshd_match *m = config.matches[i];
		struct posture_record *record;

		if (m->is_all && !m->outer)
			continue;
		record = posture_record_new(set, MODEL_KIND_SSHD, NULL, posture_printf(set, "SSH server, Match %s", m->criteria), m->place);
		posture_set_text(record, MODEL_F_SSHD_MATCH, m->criteria);
		values(record, &config, m);
	}
}

const struct posture_collector host_ssh_collector = {
	.name = "ssh",
	.layer = MODEL_LAYER_IDENTITY,
	.meaning = "the SSH server: sshd_config with Include and Match resolved",
	.collect = collect,
};
