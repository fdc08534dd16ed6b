/* SPDX-License-Identifier: Apache-2.0 */
/* Parsers of the host's configuration: sshd_config, sudoers, PAM. */
#include "posture/host/pam.h"
#include "posture/host/sshd_config.h"
#include "posture/host/sudoers.h"
#include "tap.h"

#include "base/gzip.h"

#include <errno.h>

static struct posture_set *set;

static void start(void)
{
	set = posture_set_free(set);
	set = posture_set_new("/nonexistent");
}

static char *copy(const char *text)
{
	return arena_printf(&set->arena, "%s", text);
}

static const char *joined(const struct host_list_of_texts *list)
{
	const char *text = "";

	for (size_t i = 0; i < list->n; i++)
		text = posture_printf(set, "%s%s%s", text, i ? "," : "", list->texts[i]);
	return text;
}

/* ---- sshd ---- */
static struct sshd_config sshd(const char *text)
{
	struct sshd_config config;

	start();
	config = (struct sshd_config){ .set = set };
	sshd_config_parse(&config, "sshd_config", copy(text));
	return config;
}

TEST(the_first_value_of_a_keyword_counts_whatever_its_case_and_form)
{
	static const struct { const char *text, *keyword, *value; unsigned line; } cases[] = {
		{ "PermitRootLogin no\nPermitRootLogin yes\n", "permitrootlogin", "no", 1 },
		{ "permitROOTlogin=no\n", "permitrootlogin", "no", 1 },
		{ "PermitRootLogin = no\n", "permitrootlogin", "no", 1 },
		{ "\t PermitRootLogin\tno # why\n", "permitrootlogin", "no", 1 },
		{ "#PermitRootLogin no\n\nPermitRootLogin \"yes\"\n", "permitrootlogin", "yes", 3 },
		{ "ChallengeResponseAuthentication no\n", "kbdinteractiveauthentication", "no", 1 },
		{ "PubkeyAcceptedKeyTypes +ssh-rsa\n", "pubkeyacceptedalgorithms", "+ssh-rsa", 1 },
		{ "Banner \"/etc/my issue\"\n", "banner", "/etc/my issue", 1 },
		{ "Banner /etc/my\\ issue\n", "banner", "/etc/my issue", 1 },
		{ "Match user bob\nPermitRootLogin yes\n", "permitrootlogin", NULL, 0 },
		{ "PermitRootLogin no\nMatch all\nPermitRootLogin yes\n", "permitrootlogin", "yes", 3 },
		{ "Match user bob\nX11Forwarding yes\nMatch all\nPermitRootLogin yes\n", "permitrootlogin", "yes", 4 },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct sshd_config config = sshd(cases[i].text);
		const struct sshd_setting *s = sshd_config_effective(&config, NULL, cases[i].keyword);

		CHECK_STR(s ? s->words[0] : NULL, cases[i].value);
		CHECK_INT(s ? s->place.line : 0, cases[i].line);
		CHECK_INT(set->n_problems, 0);
	}
}

TEST(what_a_match_block_says_comes_before_the_global_part_and_the_first_block_before_later_ones)
{
	struct sshd_config config = sshd("PasswordAuthentication no\nAllowUsers a b\nAllowUsers c\n"
					 "Match User bob Address 10.0.0.0/8\n  PasswordAuthentication yes\n"
					 "Match Group wheel\n  X11Forwarding no\n  AllowUsers d\n"
					 "Match all\n  X11Forwarding yes\n");
	struct host_list_of_texts users = { 0 }, wheel = { 0 };

	if (!CHECK_INT(config.n_matches, 3))
		return;
	CHECK_STR(config.matches[0]->criteria, "User bob Address 10.0.0.0/8");
	CHECK_STR(sshd_config_effective(&config, NULL, "passwordauthentication")->words[0], "no");
	CHECK_STR(sshd_config_effective(&config, config.matches[0], "passwordauthentication")->words[0], "yes");
	CHECK_STR(sshd_config_effective(&config, config.matches[1], "x11forwarding")->words[0], "no");
	CHECK_STR(sshd_config_effective(&config, NULL, "x11forwarding")->words[0], "yes");
	CHECK(!sshd_config_effective(&config, NULL, "usepam"));
	sshd_config_effective_all(&config, NULL, "allowusers", &users);
	CHECK_STR(joined(&users), "a,b,c");
	sshd_config_effective_all(&config, config.matches[1], "allowusers", &wheel);
	CHECK_STR(joined(&wheel), "d");
}

TEST(errors_of_sshd_config_are_told_with_their_line)
{
	static const struct { const char *text; unsigned line; const char *what; } cases[] = {
		{ "Port 22\nBanner \"x\n", 2, "expected a closing quote" },
		{ "UsePAM\n", 1, "expected a value after 'usepam'" },
		{ "Match\n", 1, "expected a value after 'match'" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		sshd(cases[i].text);
		if (!CHECK_INT(set->n_problems, 1))
			continue;
		CHECK_INT(set->problems->place.line, cases[i].line);
		CHECK_STR(set->problems->what, cases[i].what);
	}
}

TEST(times_of_sshd_are_in_seconds)
{
	static const struct { const char *text; int64_t seconds; } cases[] = {
		{ "120", 120 }, { "1m30s", 90 }, { "2h", 7200 }, { "1D", 86400 }, { "1w", 604800 }, { "0", 0 }, { "none", 0 },
		{ "", -1 }, { "x", -1 }, { "1x", -1 }, { "-1", -1 }, { "99999999999999999999", -1 }, { "9999999w", -1 },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		CHECK_MSG(sshd_config_time(cases[i].text) == cases[i].seconds, "%s", cases[i].text);
}

/* ---- sudoers ---- */
static struct sudoers sudoers(const char *text)
{
	struct sudoers s;

	start();
	s = (struct sudoers){ .set = set };
	sudoers_parse(&s, "/etc/sudoers", copy(text));
	return s;
}

static const char *grant_text(const struct sudoers *s, const struct sudoers_grant *g)
{
	struct host_list_of_texts lists[4] = { { 0 } };

	sudoers_resolve(s, SUDOERS_USERS, &g->users, &lists[0]);
	sudoers_resolve(s, SUDOERS_HOSTS, &g->hosts, &lists[1]);
	sudoers_resolve(s, SUDOERS_RUNAS, &g->run_as, &lists[2]);
	sudoers_resolve(s, SUDOERS_COMMANDS, &g->commands, &lists[3]);
	return posture_printf(set, "%s @%s (%s:%s)%s%s %s", joined(&lists[0]), joined(&lists[1]), joined(&lists[2]), joined(&g->run_as_groups),
			      g->asks_password < 0 ? " NOPASSWD" : g->asks_password > 0 ? " PASSWD" : "", g->sets_environment ? " SETENV" : "",
			      joined(&lists[3]));
}

TEST(grants_are_read_with_aliases_tags_and_runas_that_hold_for_what_follows)
{
	static const struct { const char *text, *grants[3]; } cases[] = {
		{ "root ALL=(ALL:ALL) ALL\n", { "root @ALL (ALL:ALL) ALL" } },
		{ "%sudo\tALL=(ALL:ALL) ALL", { "%sudo @ALL (ALL:ALL) ALL" } },
		{ "ann, bob web1, web2 = /bin/a, /bin/b", { "ann,bob @web1,web2 (:) /bin/a,/bin/b" } },
		{ "ann ALL = NOPASSWD: /bin/a, PASSWD: /bin/b", { "ann @ALL (:) NOPASSWD /bin/a", "ann @ALL (:) PASSWD /bin/b" } },
		{ "ann ALL = (bob) NOPASSWD: SETENV: /bin/a x y, /bin/b", { "ann @ALL (bob:) NOPASSWD SETENV /bin/a x y,/bin/b" } },
		{ "ann ALL = (bob) /bin/a, (root) /bin/b", { "ann @ALL (bob:) /bin/a", "ann @ALL (root:) /bin/b" } },
		{ "ann ALL = (:adm) /bin/a", { "ann @ALL (:adm) /bin/a" } },
		{ "ann ALL = ALL, !/bin/su", { "ann @ALL (:) ALL,!/bin/su" } },
		{ "ann A = /bin/a : B = /bin/b", { "ann @A (:) /bin/a", "ann @B (:) /bin/b" } },
		{ "#1000 ALL = /bin/a # a comment", { "#1000 @ALL (:) /bin/a" } },
		{ "ann ALL = /bin/a b\\=c\\, d\\:e", { "ann @ALL (:) /bin/a b=c, d:e" } },
		{ "ann ALL = \\\n\t/bin/a, \\\n\t/bin/b\n", { "ann @ALL (:) /bin/a,/bin/b" } },
		{ "\"domain user\" ALL = /bin/a", { "domain user @ALL (:) /bin/a" } },
		{ "ann ALL = sha224:0123abcd /bin/a, /bin/b", { "ann @ALL (:) /bin/a,/bin/b" } },
		{ "ann ALL = CWD=/x NOEXEC: /bin/a", { "ann @ALL (:) /bin/a" } },
		{ "User_Alias U = ann, bob : V = %v, U\nCmnd_Alias C = /bin/a, /bin/b x\nHost_Alias H = h1\nRunas_Alias R = r1, r2\n"
		  "V H = (R) NOPASSWD: C\n", { "%v,ann,bob @h1 (r1,r2:) NOPASSWD /bin/a,/bin/b x" } },
		{ "Cmnd_Alias S = /bin/su, /bin/sh\nann ALL = ALL, !S\n", { "ann @ALL (:) ALL,!/bin/su,!/bin/sh" } },
		{ "User_Alias A = B\nUser_Alias B = A\nA ALL = ALL\n", { " @ALL (:) ALL" } },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct sudoers s = sudoers(cases[i].text);
		const struct sudoers_grant *g = s.grants;

		CHECK_MSG(set->n_problems == 0, "%s: %s", cases[i].text, set->problems ? set->problems->what : "");
		for (size_t k = 0; k < 3 && cases[i].grants[k]; k++, g = g ? g->next : NULL)
			CHECK_STR(g ? grant_text(&s, g) : NULL, cases[i].grants[k]);
		CHECK_MSG(!g, "%s: one grant too many: %s", cases[i].text, grant_text(&s, g));
	}
}

TEST(defaults_are_read_with_scope_operator_and_value)
{
	struct sudoers s = sudoers("Defaults env_reset, !use_pty, timestamp_timeout=5\nDefaults secure_path=\"/a:/b\"\nDefaults env_keep += \"A B\"\n"
				   "Defaults:ann !authenticate\nDefaults>bob set_home\nDefaults!/bin/a noexec\n");
	static const struct { char scope; const char *name; char op; const char *value; } expected[] = {
		{ 0, "env_reset", 0, NULL }, { 0, "use_pty", '!', NULL }, { 0, "timestamp_timeout", '=', "5" }, { 0, "secure_path", '=', "/a:/b" },
		{ 0, "env_keep", '+', "A B" }, { ':', "authenticate", '!', NULL }, { '>', "set_home", 0, NULL }, { '!', "noexec", 0, NULL },
	};
	const struct sudoers_default *d = s.defaults;

	CHECK_INT(set->n_problems, 0);
	for (size_t i = 0; i < ARRAY_LEN(expected); i++, d = d->next) {
		if (!CHECK(d))
			return;
		CHECK_INT(d->scope, expected[i].scope);
		CHECK_STR(d->name, expected[i].name);
		CHECK_INT(d->op, expected[i].op);
		CHECK_STR(d->value, expected[i].value);
	}
	CHECK(!d);
}

TEST(errors_of_sudoers_are_told_with_their_line)
{
	static const struct { const char *text; unsigned line; const char *what; } cases[] = {
		{ "\nann ALL\n", 2, "expected 'user host = command'" },
		{ "ann ALL =\n", 1, "expected a command after '='" },
		{ "ann ALL = (root /bin/a\n", 1, "expected ')'" },
		{ "User_Alias A\n", 1, "expected NAME = item, item" },
		{ "Defaults x=\"y\n", 1, "expected a closing quote" },
		{ "@include /etc/not-there\n", 1, "/etc/not-there is not there" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		sudoers(cases[i].text);
		if (!CHECK_MSG(set->n_problems > 0, "%s: no problem", cases[i].text))
			continue;
		CHECK_INT(set->problems->place.line, cases[i].line);
		CHECK_STR(set->problems->what, cases[i].what);
	}
}

/* ---- PAM ---- */
TEST(pam_lines_have_controls_in_brackets_and_modules_without_their_directory)
{
	struct pam_stack stack;
	const struct pam_line *l;

	start();
	stack = (struct pam_stack){ .set = set };
	pam_stack_parse(&stack, "x", copy("# c\nauth [success=1 default=ignore] /lib/security/pam_unix.so nullok \\\n try_first_pass\n"
					  "-session optional pam_systemd.so\npassword requisite pam_pwquality.so retry=3 minlen=14\n"));
	CHECK_INT(set->n_problems, 0);
	l = pam_find(&stack, PAM_AUTH, "pam_unix");
	if (!CHECK(l))
		return;
	CHECK_STR(l->control, "[success=1 default=ignore]");
	CHECK_STR(pam_argument(l, "nullok"), "");
	CHECK_STR(pam_argument(l, "try_first_pass"), "");
	CHECK_STR(pam_argument(l, "nul"), NULL);
	CHECK(pam_find(&stack, PAM_SESSION, "pam_systemd"));
	CHECK_STR(pam_argument(pam_find(&stack, PAM_PASSWORD, "pam_pwquality"), "minlen"), "14");
	pam_stack_parse(&stack, "x", copy("auth required\nnonsense\n"));
	CHECK_INT(set->n_problems, 2);
}

/* ---- limits ---- */
static char *repeated(const char *line, size_t n)
{
	size_t len = strlen(line);
	char *text = arena_alloc(&set->arena, n * len + 1);

	for (size_t i = 0; text && i < n; i++)
		memcpy(text + i * len, line, len);
	return text;
}

TEST(more_lines_than_the_limit_are_told_and_not_looked_at)
{
	struct sshd_config config;
	struct pam_stack stack;
	struct sudoers s;

	start();
	stack = (struct pam_stack){ .set = set };
	pam_stack_parse(&stack, "big", repeated("auth a b\n", HOST_LINES_MAX + 1));
	CHECK_INT(set->n_problems, 1);
	CHECK_STR(set->problems->what, "too many lines: the rest was not looked at");
	start();
	config = (struct sshd_config){ .set = set };
	sshd_config_parse(&config, "big", repeated("Port 1\n", HOST_LINES_MAX + 1));
	CHECK_INT(set->n_problems, 1);
	CHECK_STR(set->problems->what, "too many lines: the rest was not looked at");
	start();
	s = (struct sudoers){ .set = set };
	sudoers_parse(&s, "big", repeated("a b=c\n", HOST_LINES_MAX + 1));
	CHECK_INT(set->n_problems, 1);
	CHECK_STR(set->problems->what, "too many lines: the rest was not looked at");
}

TEST(more_match_blocks_and_words_than_the_limits_are_told)
{
	struct sshd_config config;
	size_t n;

	start();
	config = (struct sshd_config){ .set = set };
	sshd_config_parse(&config, "big", repeated("Match user a\n", 1001));
	CHECK_INT(config.n_matches, 1000);
	CHECK_INT(set->n_problems, 1);
	host_words(set, repeated("a ", HOST_WORDS_MAX + 5), &n);
	CHECK_INT(n, HOST_WORDS_MAX);
}

/* ---- gzip ---- */
TEST(gzip_is_unpacked_up_to_a_limit_and_damaged_bytes_are_an_error)
{
	/* printf 'CONFIG_A=y\n' | gzip -n */
	static const unsigned char packed[] = { 0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0x73, 0xf6, 0xf7, 0x73, 0xf3, 0x74,
						0x8f, 0x77, 0xb4, 0xad, 0xe4, 0x02, 0x00, 0x8e, 0xb1, 0x80, 0xda, 0x0b, 0x00, 0x00, 0x00 };
	struct err err = ERR_INIT;
	char *text = NULL;
	size_t len = 0;

	start();
	CHECK_INT(gzip_unpack(packed, sizeof(packed), 100, &set->arena, &text, &len, &err), 0);
	CHECK_STR(text, "CONFIG_A=y\n");
	CHECK_INT(gzip_unpack(packed, sizeof(packed), 10, &set->arena, &text, &len, &err), -E2BIG);
	CHECK_INT(gzip_unpack(packed, 20, 100, &set->arena, &text, &len, &err), -EBADMSG);
	CHECK_INT(gzip_unpack("not gzip", 8, 100, &set->arena, &text, &len, &err), -EBADMSG);
}

TAP_MAIN()
